//! Holds the suites over AWS-LC to the vectors and to the built-in ciphers: the feature `aws-lc`.

use crate::{
    cargo_test::Tally,
    command::cargo,
    packages::{self, Program},
    parts::{Campaign, Halt},
};

/// What builds AWS-LC.
const COMPILER: [Program; 1] = [Program {
    name: "cc",
    package: "gcc",
}];

/// Lints the library with the feature, and runs the tests that are compiled into it.
///
/// # Errors
/// Skipped if there is no C compiler; failed if clippy has something to say or a test fails.
pub(crate) fn run(campaign: &mut Campaign) -> Result<String, Halt> {
    packages::ensure(campaign, &COMPILER, "building AWS-LC")?;
    let root = campaign.workspace.root.clone();
    // A folder of its own, as for `native::build`.
    let target = campaign.workspace.target.join("aws-lc");
    let command = |name: &str| {
        cargo(&root)
            .env("CARGO_TARGET_DIR", &target)
            .args([name, "--release", "--package", "mediaseal"])
            .args(["--features", "aws-lc"])
    };
    command("clippy")
        .args(["--tests", "--", "-D", "warnings"])
        .run(&mut campaign.transcript)?
        .successful()?;
    let finished = command("test")
        .args(["--lib", "--no-fail-fast", "--", "--show-output"])
        .run(&mut campaign.transcript)?;
    // Apart from the tally of all tests, which has these without the feature.
    let mut tally = Tally::default();
    tally.read(&finished.stdout);
    if !tally.failures.is_empty() {
        return Err(Halt::Failed(tally.failures.join(", ")));
    }
    finished.successful()?;
    let vectors: u64 = tally.vectors.values().sum();
    if vectors == 0 {
        return Err(Halt::Failed("no vector was run".to_owned()));
    }
    Ok(format!(
        "{} tests with {vectors} vectors, by both providers",
        tally.passed
    ))
}
