//! FFmpeg: encodes pictures, and decodes what arrived.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::Fault;

/// Pictures of a stream.
pub(crate) const PICTURES: usize = 90;
/// Two sources with a cut between them.
const SOURCE: &str =
    "testsrc2=s=320x180:r=30:d=1.5[a];mandelbrot=s=320x180:r=30,trim=duration=1.5[b];[a][b]concat";

/// Writes the pictures that all encoders get into `folder`.
///
/// # Errors
/// What FFmpeg says.
pub(crate) fn draw(folder: &Path) -> Result<PathBuf, Fault> {
    fs::create_dir_all(folder)?;
    let pictures = folder.join("pictures.y4m");
    run(Command::new("ffmpeg")
        .args(["-nostdin", "-hide_banner", "-loglevel", "error", "-y"])
        .args(["-f", "lavfi", "-i", SOURCE, "-pix_fmt", "yuv420p"])
        .arg(&pictures))?;
    Ok(pictures)
}

/// How often an encoder looks at the pictures.
#[derive(Clone, Copy)]
pub(crate) enum Passes {
    /// Once, as in a call.
    One,
    /// Twice, without which libvpx makes no hidden frames.
    Two,
}

/// Encodes `pictures` into `file`.
///
/// # Errors
/// What FFmpeg says.
pub(crate) fn encode(
    pictures: &Path,
    arguments: &str,
    passes: Passes,
    file: &Path,
) -> Result<(), Fault> {
    let notes = file.with_extension("log");
    let ffmpeg = |pass: Option<&str>| {
        let mut command = Command::new("ffmpeg");
        command
            .args(["-nostdin", "-hide_banner", "-loglevel", "error", "-y", "-i"])
            .arg(pictures)
            .args(arguments.split_whitespace())
            // SVT-AV1 tells about itself otherwise.
            .env("SVT_LOG", "1");
        if let Some(pass) = pass {
            command.args(["-pass", pass, "-passlogfile"]).arg(&notes);
        }
        run(command.arg(file)).map(drop)
    };
    match passes {
        Passes::One => ffmpeg(None),
        Passes::Two => ffmpeg(Some("1")).and_then(|()| ffmpeg(Some("2"))),
    }
}

/// A digest of each picture in `file`.
///
/// # Errors
/// What the decoder complains of.
pub(crate) fn decode(file: &Path) -> Result<Vec<String>, Fault> {
    let listed = run(Command::new("ffmpeg")
        .args(["-nostdin", "-hide_banner", "-loglevel", "error", "-i"])
        .arg(file)
        .args(["-fps_mode", "passthrough", "-f", "framemd5", "-"]))?;
    let lines = listed.lines().filter(|line| !line.starts_with('#'));
    let digests = lines.filter_map(|line| line.rsplit(',').next());
    Ok(digests.map(|digest| digest.trim().to_owned()).collect())
}

/// Runs a command that is to print nothing on standard error, and returns what it prints.
fn run(command: &mut Command) -> Result<String, Fault> {
    let done = command.stdin(Stdio::null()).output()?;
    if done.status.success() && done.stderr.is_empty() {
        Ok(String::from_utf8(done.stdout)?)
    } else {
        let said = String::from_utf8_lossy(&done.stderr);
        let said = said.lines().next().unwrap_or_default();
        Err(format!("ffmpeg: {}, {said}", done.status).into())
    }
}
