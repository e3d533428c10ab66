//! Codec-aware frames of real encoders through real packetizers: `docs/codecs.md` says what is compared.

use std::{num::NonZeroU32, path::PathBuf};

use crate::{
    command::{Finished, Invocation, cargo},
    native,
    packages::{self, Program},
    parts::{Campaign, Halt},
    workspace::Workspace,
};

/// The package of the program, which is no member of the workspace.
pub(crate) const MANIFEST: &str = "tests/packetizers/Cargo.toml";

const PURPOSE: &str = "sending codecs through packetizers";

/// What the command line asks for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Request {
    /// Tables for `docs/codecs.md`.
    pub(crate) markdown: bool,
    /// The codecs; empty means all.
    pub(crate) only: Vec<String>,
}

/// The programs that building and running need.
const PROGRAMS: [Program; 3] = [
    Program {
        name: "pkg-config",
        package: "pkg-config",
    },
    Program {
        name: "ffmpeg",
        package: "ffmpeg",
    },
    Program {
        name: "gst-inspect-1.0",
        package: "gstreamer1.0-tools",
    },
];

/// What pkg-config must know, and the Debian package that brings it.
const LIBRARIES: [(&str, &str); 4] = [
    ("gstreamer-1.0", "libgstreamer1.0-dev"),
    ("gstreamer-rtp-1.0", "libgstreamer-plugins-base1.0-dev"),
    ("gstreamer-video-1.0", "libgstreamer-plugins-base1.0-dev"),
    ("openssl", "libssl-dev"),
];

/// An element of each GStreamer package that pipelines use, and the package.
const ELEMENTS: [(&str, &str); 3] = [
    ("opusenc", "gstreamer1.0-plugins-base"),
    ("rtpjitterbuffer", "gstreamer1.0-plugins-good"),
    ("openh264enc", "gstreamer1.0-plugins-bad"),
];

/// Runs the matrix as a part of `cargo xtask test`.
///
/// # Errors
/// Failed, with the last line of the matrix; skipped, if something is missing that cannot be installed.
pub(crate) fn run(campaign: &mut Campaign) -> Result<String, Halt> {
    ensure(campaign)?;
    // That the program sees what is wrong.
    let tests = built(campaign, "test").run(&mut campaign.transcript)?;
    campaign.tally.read(&tests.stdout);
    tests.successful()?;
    let finished = matrix(campaign, &Request::default())?;
    let last = finished.stdout.lines().last().unwrap_or_default();
    let ok = last
        .strip_prefix("codecs: ")
        .and_then(|counts| counts.strip_suffix(" cells ok, 0 wrong"))
        .and_then(|cells| cells.parse::<NonZeroU32>().ok());
    match ok {
        Some(cells) if finished.status.success() => {
            Ok(format!("{cells} cells of codecs and packetizers"))
        }
        _ => Err(Halt::Failed(format!(
            "`{}`: {}, {last}",
            finished.line, finished.status
        ))),
    }
}

/// Runs the matrix as a command of its own; its last line is that of the program.
///
/// # Errors
/// A sentence, if there is no checkout, or if something is missing.
pub(crate) fn command(request: &Request) -> Result<bool, String> {
    let mut campaign = Campaign::new(Workspace::find()?, NonZeroU32::MIN);
    match matrix(&mut campaign, request) {
        Ok(finished) => Ok(finished.status.success()),
        Err(Halt::Failed(reason)) => Err(reason),
        Err(Halt::Skipped(reason)) => Err(format!("nothing was run: {reason}")),
    }
}

/// What cargo does with the package in release mode.
fn built(campaign: &Campaign, command: &str) -> Invocation {
    cargo(&campaign.workspace.root)
        // A library that is a cdylib too has one file name whatever its features: in the workspace's folder this one would replace the one that tests link.
        .env("CARGO_TARGET_DIR", own_target(campaign))
        .args([command, "--release", "--manifest-path", MANIFEST])
}

/// Where the package is built.
fn own_target(campaign: &Campaign) -> PathBuf {
    campaign.workspace.target.join("packetizers")
}

/// Builds the program and runs it.
fn matrix(campaign: &mut Campaign, request: &Request) -> Result<Finished, Halt> {
    ensure(campaign)?;
    built(campaign, "build")
        .run(&mut campaign.transcript)?
        .successful()?;
    let root = campaign.workspace.root.clone();
    let target = campaign.workspace.target.clone();
    Invocation::new(
        own_target(campaign).join("release/mediaseal-packetizers"),
        &root,
    )
    .args(request.markdown.then_some("--markdown"))
    .args(["--folder"])
    .args([target.join("codecs")])
    .args(&request.only)
    .run(&mut campaign.transcript)
}

/// Makes sure that the program can be built and run.
///
/// # Errors
/// Skipped, naming what is missing, if this machine or user has no way to install it; failed, if installing went wrong.
pub(crate) fn ensure(campaign: &mut Campaign) -> Result<(), Halt> {
    native::ensure_compilers(campaign, PURPOSE)?;
    packages::ensure(campaign, &PROGRAMS, PURPOSE)?;
    let root = campaign.workspace.root.clone();
    let succeeds = |program: &str, arguments: &[&str]| {
        let invocation = Invocation::new(program, &root).args(arguments);
        Ok::<_, Halt>(invocation.run_silently()?.status.success())
    };
    let mut missing = Vec::new();
    for (library, package) in LIBRARIES {
        if !succeeds("pkg-config", &["--exists", library])? {
            missing.push(package);
        }
    }
    for (element, package) in ELEMENTS {
        if !succeeds("gst-inspect-1.0", &["--exists", element])? {
            missing.push(package);
        }
    }
    missing.dedup();
    if missing.is_empty() {
        return Ok(());
    }
    let need = format!("{PURPOSE} needs {}", missing.join(" and "));
    packages::install(campaign, &missing, &need)
}

/// Looks at the package with clippy, with warnings as errors.
///
/// # Errors
/// Failed, if there is something to say; skipped, if libraries are missing that its dependencies are built with.
pub(crate) fn lint(campaign: &mut Campaign) -> Result<(), Halt> {
    ensure(campaign)?;
    built(campaign, "clippy")
        .args(["--all-targets", "--", "-D", "warnings"])
        .run(&mut campaign.transcript)?
        .successful()?;
    Ok(())
}
