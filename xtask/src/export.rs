//! Exports of recordings against ffmpeg and Chromium: what ffmpeg decodes of them is what it decodes of the encoders' own files, and Chromium plays them.

use std::path::Path;

use crate::{
    browser,
    cargo_test::Tally,
    command::{Invocation, cargo},
    packages::{self, Program},
    parts::{Campaign, Halt},
    recorded_call,
};

/// The tests, which need ffmpeg with libx264, libx265 and libvpx, as Debian has it.
const TEST: &str = "export";

/// How the names of tests begin that run in this part alone.
pub(crate) const TESTS: &str = "ffmpeg_";

/// What drives Chromium.
const PLAYER: &str = "tests/export/player/run.mjs";

/// Files that the tests leave, below `tmp/export` of the target folder, and whether each has a licence beside it.
const PLAYED: [(&str, bool); 11] = [
    ("media/alice.0.mp4", false),
    ("media/alice.2.webm", false),
    ("media/alice.3.mp4", false),
    ("media/alice.4.mp4", false),
    ("media/alice.5.ogg", false),
    ("media/alice.6.mp4", false),
    ("cenc/alice.0.mp4", true),
    ("cenc/alice.3.mp4", true),
    ("cenc/alice.4.mp4", true),
    ("cenc/alice.5.mp4", true),
    ("cenc/alice.6.mp4", true),
];

/// Runs the tests of exports, and has Chromium play what they made.
///
/// # Errors
/// Skipped if ffmpeg or Chromium is not there and cannot be installed; failed if a test fails or a file does not play.
pub(crate) fn run(campaign: &mut Campaign) -> Result<String, Halt> {
    let ffmpeg = [Program {
        name: "ffmpeg",
        package: "ffmpeg",
    }];
    packages::ensure(campaign, &ffmpeg, "decoding exports")?;
    let root = campaign.workspace.root.clone();
    let finished = cargo(&root)
        .args(["test", "--release", "--package", "mediaseal"])
        .args(["--no-fail-fast", "--test", TEST])
        .args(["--", "--show-output"])
        .run(&mut campaign.transcript)?;
    let mut tally = Tally::default();
    tally.read(&finished.stdout);
    if !tally.failures.is_empty() {
        return Err(Halt::Failed(tally.failures.join(", ")));
    }
    finished.successful()?;
    if tally.passed == 0 || tally.ignored > 0 {
        let (passed, ignored) = (tally.passed, tally.ignored);
        return Err(Halt::Failed(format!(
            "{passed} tests were run, {ignored} ignored"
        )));
    }
    let played = play(campaign)?;
    let exact = recorded_call::run(campaign)?;
    Ok(format!(
        "{} tests, ffmpeg decodes what was sent; Chromium plays {played} files; {exact} frames of recorded calls bit-exact",
        tally.passed
    ))
}

/// Has Chromium play files, five of them under common encryption. Returns how many.
fn play(campaign: &mut Campaign) -> Result<usize, Halt> {
    packages::ensure(campaign, &browser::PROGRAMS, "playing exports")?;
    let output = campaign.workspace.target.join("player");
    browser::install_driver(campaign, &output)?;
    let made = campaign.workspace.target.join("tmp/export");
    let mut player = Invocation::new("node", &output).args([campaign.workspace.root.join(PLAYER)]);
    for (name, is_encrypted) in PLAYED {
        player = player.args([argument(&made.join(name), is_encrypted)]);
    }
    let finished = player.run(&mut campaign.transcript)?.successful()?;
    let last = finished.stdout.lines().last().unwrap_or_default();
    if last != all_played(PLAYED.len()) {
        return Err(Halt::Failed(format!("Chromium reports: {last}")));
    }
    Ok(PLAYED.len())
}

/// A file, with its licence behind `=`.
fn argument(file: &Path, is_encrypted: bool) -> String {
    let licence = file.with_extension("json");
    match is_encrypted {
        true => format!("{}={}", file.display(), licence.display()),
        false => file.display().to_string(),
    }
}

fn all_played(count: usize) -> String {
    format!("player: {count} of {count} files played")
}
