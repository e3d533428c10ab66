//! Decodes what the receivers of a call wrote, with a decoder that is not ours.

use std::path::{Path, PathBuf};

use crate::{
    command::Invocation,
    examples::{exact_frames, example},
    packages::{self, Program},
    parts::{Campaign, Halt},
    workspace,
};

/// The media of a call: the file below `examples/media`, and how many frames decode from it.
const SENT: [(&str, usize); 5] = [
    ("speech.ogg", 601),
    ("camera-h264.h264", 360),
    ("screen-av1.ivf", 300),
    ("speech2.ogg", 601),
    ("camera-vp8.ivf", 360),
];

/// Makes a call without loss, and has ffmpeg decode each file that was received.
///
/// # Errors
/// Skipped if ffmpeg is not to be had; failed if a file is missing, if the decoder complains,
/// or if its pictures and sounds are not, frame by frame, those of the file that was sent.
pub(crate) fn run(campaign: &mut Campaign) -> Result<String, Halt> {
    let ffmpeg = [Program {
        name: "ffmpeg",
        package: "ffmpeg",
    }];
    packages::ensure(campaign, &ffmpeg, "decoding what a call received")?;

    let out = campaign.workspace.call_output().join("lossless");
    let call = example(campaign, "call")
        .args(["--fast", "--loss", "0", "--tamper", "0", "--out"])
        .args([&out])
        .run(&mut campaign.transcript)?
        .successful()?;
    let exact = exact_frames(&call)?;
    let sent: usize = SENT.iter().map(|(_, frames)| frames).sum();
    if usize::try_from(exact) != Ok(sent) {
        return Err(Halt::Failed(format!(
            "{exact} frames arrived of {sent} that were sent without loss"
        )));
    }
    for (name, frames) in SENT {
        let original = campaign.workspace.root.join("examples/media").join(name);
        let received = received(&out, name)?;
        let expected = decode(campaign, &original)?;
        if expected.len() != frames {
            return Err(Halt::Failed(format!(
                "{name} itself decodes to {} frames, not {frames}",
                expected.len()
            )));
        }
        if decode(campaign, &received)? != expected {
            return Err(Halt::Failed(format!(
                "{} does not decode to the frames of {name}",
                received.display()
            )));
        }
    }
    Ok(format!("{sent} frames of 5 files decode as those sent"))
}

/// The file below `out` that holds what was received of the file `name`.
fn received(out: &Path, name: &str) -> Result<PathBuf, Halt> {
    let is_it = |file: &PathBuf| {
        file.file_name()
            .and_then(|file| file.to_str())
            .is_some_and(|file| file.ends_with(&format!("-{name}")))
    };
    workspace::files_below(out)?
        .into_iter()
        .find(is_it)
        .ok_or_else(|| Halt::Failed(format!("nothing was received of {name}")))
}

/// A digest of each picture or sound in `file`.
fn decode(campaign: &mut Campaign, file: &Path) -> Result<Vec<String>, Halt> {
    let decoded = Invocation::new("ffmpeg", &campaign.workspace.root)
        .args(["-nostdin", "-hide_banner", "-loglevel", "error", "-i"])
        .args([file])
        .args(["-f", "framemd5", "-"])
        .run_silently()?
        .successful()?;
    if !decoded.stderr.is_empty() {
        return Err(Halt::Failed(format!(
            "`{}` complains: {}",
            decoded.line,
            decoded.stderr.trim()
        )));
    }
    Ok(decoded
        .stdout
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(str::to_owned)
        .collect())
}
