//! A call from end to end: recorded without a key, verified, exported by the command, played by ffmpeg, and compared with the encoders' own files.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    command::{Invocation, cargo},
    examples, native,
    packages::{self, Program},
    parts::{Campaign, Halt},
};

const PURPOSE: &str = "exporting a recorded call";

/// The files of an export, those of `examples/media` that were sent, and what is taken off both so that frames compare: parameter sets and delimiters
/// stand elsewhere in MP4.
const SENT: [Sent; 5] = [
    Sent {
        exported: "A.1.ogg",
        from: "speech.ogg",
        filters: ["null", "null"],
    },
    Sent {
        exported: "A.2.mp4",
        from: "camera-h264.h264",
        filters: [
            "h264_mp4toannexb,filter_units=remove_types=7-9",
            "filter_units=remove_types=7-9",
        ],
    },
    Sent {
        exported: "A.3.mp4",
        from: "screen-av1.ivf",
        filters: ["av1_metadata=td=remove", "av1_metadata=td=remove"],
    },
    Sent {
        exported: "B.4.ogg",
        from: "speech2.ogg",
        filters: ["null", "null"],
    },
    Sent {
        exported: "B.5.webm",
        from: "camera-vp8.ivf",
        filters: ["null", "null"],
    },
];

struct Sent {
    exported: &'static str,
    from: &'static str,
    filters: [&'static str; 2],
}

/// Records two calls: one with a cipher that a shared library brings, and the first seconds of another in codec-aware frames for an owner who was named. Returns
/// how many frames came out of them as they had been sent.
///
/// # Errors
/// Failed, naming the command that did not end well or the file whose frames are others; skipped, if what builds the cipher is missing.
pub(crate) fn run(campaign: &mut Campaign) -> Result<usize, Halt> {
    let folder = prepare(campaign)?;
    let call = ["--fast", "--record", "call", "--cipher", "sm4"];
    record(campaign, &folder, &call)?;
    let cipher = ["--cipher-library", "./libsm4.so"];
    let whole = export(campaign, &folder, "call", &cipher)?;
    let start = [
        "--fast",
        "--seconds",
        "3",
        "--codec-aware",
        "--record",
        "start",
    ];
    let start = [&start[..], &["--owner", "call.owner.pub"]].concat();
    record(campaign, &folder, &start)?;
    let start = export(campaign, &folder, "start", &[])?;
    let media = campaign.workspace.root.join("examples/media");
    let mut exact = 0;
    for sent in &SENT {
        let of = hashes(campaign, &media.join(sent.from), sent.filters[1])?;
        let [whole, start] = [&whole, &start].map(|folder| folder.join(sent.exported));
        let of_whole = hashes(campaign, &whole, sent.filters[0])?;
        let of_start = hashes(campaign, &start, sent.filters[0])?;
        if of.is_empty() || of_whole != of {
            return Err(differs(sent, &of_whole, &of));
        }
        if of_start.is_empty() || !of.starts_with(&of_start) {
            return Err(differs(sent, &of_start, &of));
        }
        exact += of_whole.len() + of_start.len();
    }
    Ok(exact)
}

/// Builds the command, the example and the cipher, and returns an empty folder with the cipher in it.
fn prepare(campaign: &mut Campaign) -> Result<PathBuf, Halt> {
    native::ensure_compilers(campaign, PURPOSE)?;
    let pkg_config = [Program {
        name: "pkg-config",
        package: "pkg-config",
    }];
    packages::ensure(campaign, &pkg_config, PURPOSE)?;
    let root = campaign.workspace.root.clone();
    let libgcrypt = Invocation::new("pkg-config", &root).args(["--exists", "libgcrypt"]);
    if !libgcrypt.run_silently()?.status.success() {
        let need = format!("{PURPOSE} needs libgcrypt");
        packages::install(campaign, &["libgcrypt20-dev"], &need)?;
    }
    // As the tests of the workspace are built, so that nothing is built twice.
    cargo(&root)
        .args(["build", "--release", "--workspace"])
        .args(["--example", "call", "--bin", "mediaseal"])
        .run(&mut campaign.transcript)?
        .successful()?;
    let folder = campaign.workspace.target.join("recorded-call");
    let failed = |error| Halt::Failed(format!("{}: {error}", folder.display()));
    if folder.is_dir() {
        fs::remove_dir_all(&folder).map_err(failed)?;
    }
    fs::create_dir_all(&folder).map_err(failed)?;
    let (include, sources) = (root.join("include"), root.join("examples/c"));
    Invocation::new("sh", &folder)
        .args(["-c", r#"cc -std=c11 -O2 -shared -fPIC -o libsm4.so -I"$0" "$1/sm4_gcm_library.c" "$1/sm4_gcm.c" $(pkg-config --cflags --libs libgcrypt)"#])
        .args([include, sources])
        .run(&mut campaign.transcript)?
        .successful()?;
    Ok(folder)
}

fn record(campaign: &mut Campaign, folder: &Path, arguments: &[&str]) -> Result<(), Halt> {
    let call = Invocation::new(campaign.workspace.example("call"), folder);
    let call = call.args(arguments).args(["--out", "received"]);
    examples::exact_frames(&call.run(&mut campaign.transcript)?.successful()?)?;
    Ok(())
}

/// Verifies and exports a recording, has ffmpeg decode each file, and returns the folder of the files.
fn export(
    campaign: &mut Campaign,
    folder: &Path,
    name: &str,
    arguments: &[&str],
) -> Result<PathBuf, Halt> {
    let command = campaign.workspace.target.join("release/mediaseal");
    let verified = Invocation::new(&command, folder)
        .args(["verify", name, "--signer", &format!("{name}.pub")])
        .run(&mut campaign.transcript)?
        .successful()?;
    let verdict = verified.stdout.lines().last().unwrap_or_default();
    if !verdict.starts_with("Complete") {
        return Err(Halt::Failed(format!("mediaseal verify says {verdict:?}")));
    }
    let media = format!("{name}-media");
    Invocation::new(&command, folder)
        .args(["export", name, "--identity", "call.owner.key"])
        .args(arguments)
        .args(["--to", &media])
        .run(&mut campaign.transcript)?
        .successful()?;
    let media = folder.join(media);
    for sent in &SENT {
        let played = Invocation::new("ffmpeg", &media)
            .args(["-nostdin", "-v", "error", "-xerror", "-i", sent.exported])
            .args(["-f", "null", "-"])
            .run(&mut campaign.transcript)?
            .successful()?;
        if !played.stderr.is_empty() {
            return Err(Halt::Failed(format!(
                "ffmpeg plays {} with errors",
                sent.exported
            )));
        }
    }
    Ok(media)
}

/// The hash of each frame of a file, as the file has it and not decoded.
fn hashes(campaign: &mut Campaign, file: &Path, filter: &str) -> Result<Vec<String>, Halt> {
    let listed = Invocation::new("ffmpeg", &campaign.workspace.root)
        .args(["-nostdin", "-v", "error", "-i"])
        .args([file])
        .args(["-map", "0", "-c", "copy", "-bsf", filter])
        .args(["-f", "framehash", "-hash", "sha256", "-"])
        .run_silently()?
        .successful()?;
    let lines = listed.stdout.lines().filter(|line| !line.starts_with('#'));
    // Stream, times, duration, size, hash, and what some packets have beside their octets.
    let hash = |line: &str| line.split(',').nth(5).map(|hash| hash.trim().to_owned());
    Ok(lines.filter_map(hash).collect())
}

fn differs(sent: &Sent, found: &[String], of: &[String]) -> Halt {
    let same = found.iter().zip(of).take_while(|(found, of)| found == of);
    Halt::Failed(format!(
        "{}: of {} frames the first {} are those of {}, which has {}",
        sent.exported,
        found.len(),
        same.count(),
        sent.from,
        of.len()
    ))
}
