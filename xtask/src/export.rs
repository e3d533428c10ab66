//! Exports of recordings against ffmpeg: what it decodes of them is what it decodes of the encoders' own files.

use crate::{
    cargo_test::Tally,
    command::cargo,
    packages::{self, Program},
    parts::{Campaign, Halt},
};

/// The tests, which need ffmpeg with libx264, libx265 and libvpx, as Debian has it.
const TEST: &str = "export";

/// How the names of tests begin that run in this part alone.
pub(crate) const TESTS: &str = "ffmpeg_";

/// Runs the tests of exports.
///
/// # Errors
/// Skipped if ffmpeg is not there and cannot be installed; failed if a test fails.
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
    Ok(format!(
        "{} tests: what ffmpeg decodes is what was sent",
        tally.passed
    ))
}
