//! What is shown of the AES kernels: `docs/kernels.md` says how each claim is known to hold.

use std::{env, path::PathBuf};

use crate::{
    cargo_test::Tally,
    command::{Invocation, cargo},
    cross::{self, Target},
    packages::{self, Program},
    parts::{Campaign, Halt},
};

/// The package of the tests, which is no member of the workspace.
pub(crate) const MANIFEST: &str = "tests/kernels/Cargo.toml";

/// The tests that compare octets.
const AGREEMENT: &str = "agreement";

/// Every test at the size for every change, and constant time by disassembly, single steps and memcheck.
///
/// # Errors
/// Failed, naming the tests; skipped, if a tool is missing that cannot be installed.
pub(crate) fn run(campaign: &mut Campaign) -> Result<String, Halt> {
    let finished = tests(campaign)
        .args(["--", "--show-output"])
        .run(&mut campaign.transcript)?;
    let (passed, vectors) = count(campaign, &finished.stdout)?;
    finished.successful()?;
    let mut note = format!("{passed} tests with {vectors} cases");
    if env::consts::ARCH != "x86_64" || env::consts::OS != "linux" {
        return Ok(format!(
            "{note}; constant time is looked at on x86-64 Linux alone"
        ));
    }
    let tools = ["valgrind", "objdump"].map(|name| Program {
        name,
        package: if name == "objdump" { "binutils" } else { name },
    });
    packages::ensure(campaign, &tools, "constant time")?;
    let program = own_target(campaign).join("release/constant_time");
    for look in ["disassembly", "steps"] {
        let root = campaign.workspace.root.clone();
        look_at(campaign, Invocation::new(&program, &root).args([look]))?;
    }
    let root = campaign.workspace.root.clone();
    let memcheck = Invocation::new("valgrind", &root)
        .args(["--quiet", "--error-limit=no"])
        .args([program.as_path()])
        .args(["secrets"]);
    look_at(campaign, memcheck)?;
    note.push_str("; constant time by disassembly, single steps and memcheck");
    Ok(note)
}

/// The campaigns that are too long for every change: 10^8 random packets, single steps of every kind of call, timing.
///
/// # Errors
/// Failed, saying what was found.
pub(crate) fn run_long(campaign: &mut Campaign) -> Result<String, Halt> {
    let finished = tests(campaign)
        .env("MEDIASEAL_KERNELS", "long")
        .args(["--", "--show-output"])
        .run(&mut campaign.transcript)?;
    let (passed, vectors) = count(campaign, &finished.stdout)?;
    finished.successful()?;
    let note = format!("{passed} tests with {vectors} cases");
    if env::consts::ARCH != "x86_64" || env::consts::OS != "linux" {
        return Ok(note);
    }
    let program = own_target(campaign).join("release/constant_time");
    for look in ["all-steps", "timing"] {
        let root = campaign.workspace.root.clone();
        look_at(campaign, Invocation::new(&program, &root).args([look]))?;
    }
    Ok(format!("{note}; all kinds of call by single steps; timing"))
}

/// The tests that compare octets, on another processor by its emulator.
///
/// # Errors
/// Failed, naming the tests.
pub(crate) fn emulated(campaign: &mut Campaign, target: &Target) -> Result<String, Halt> {
    let finished = cross::cargo_for(campaign, "test", &[target], ["--manifest-path", MANIFEST])
        .env("MEDIASEAL_KERNELS", "emulated")
        .args(["--test", AGREEMENT, "--", "--show-output"])
        .run(&mut campaign.transcript)?;
    let (passed, vectors) = count(campaign, &finished.stdout)?;
    finished.successful()?;
    Ok(format!(
        "{passed} tests of the kernels with {vectors} cases"
    ))
}

/// `cargo test` of the package.
fn tests(campaign: &Campaign) -> Invocation {
    cargo(&campaign.workspace.root)
        // A library that is a cdylib too has one file name whatever its features: in the workspace's folder this one would replace the one that tests link.
        .env("CARGO_TARGET_DIR", own_target(campaign))
        .args(["test", "--release", "--no-fail-fast"])
        .args(["--manifest-path", MANIFEST])
}

/// Where the package is built.
fn own_target(campaign: &Campaign) -> PathBuf {
    campaign.workspace.target.join("kernels")
}

/// Counts the tests and cases of a run, and adds them to those of the campaign.
fn count(campaign: &mut Campaign, stdout: &str) -> Result<(u64, u64), Halt> {
    let mut tally = Tally::default();
    tally.read(stdout);
    campaign.tally.read(stdout);
    if !tally.failures.is_empty() {
        return Err(Halt::Failed(tally.failures.join(", ")));
    }
    if tally.passed == 0 || tally.vectors.is_empty() || tally.ignored > 0 {
        return Err(Halt::Failed(format!(
            "{} tests passed, {} are ignored",
            tally.passed, tally.ignored
        )));
    }
    Ok((tally.passed, tally.vectors.values().sum()))
}

/// Runs `look` and counts what it reports.
fn look_at(campaign: &mut Campaign, look: Invocation) -> Result<(), Halt> {
    let finished = look.run(&mut campaign.transcript)?;
    campaign.tally.read(&finished.stdout);
    finished.successful()?;
    Ok(())
}
