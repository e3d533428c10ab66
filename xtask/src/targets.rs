//! `cargo xtask targets`, and the part `targets` of `cargo xtask test`: what runs elsewhere than on this machine's processor.

use crate::{
    cross::{self, Runner, Selection, Target},
    kernels,
    parts::{Campaign, Halt, Outcome, Part},
    windows,
    workspace::Workspace,
};

const AARCH64: Target = Target {
    triple: "aarch64-unknown-linux-gnu",
    compiler: "aarch64-linux-gnu-gcc",
    packages: &[
        "qemu-user",
        "gcc-aarch64-linux-gnu",
        "libc6-dev-arm64-cross",
    ],
    runner: Runner::Emulator("qemu-aarch64", "/usr/aarch64-linux-gnu"),
};

/// 32-bit.
const I686: Target = Target {
    triple: "i686-unknown-linux-gnu",
    compiler: "i686-linux-gnu-gcc",
    packages: &["gcc-i686-linux-gnu", "libc6-dev-i386-cross"],
    runner: Runner::Loader("/usr/i686-linux-gnu/lib/ld-linux.so.2"),
};

/// Big-endian.
const S390X: Target = Target {
    triple: "s390x-unknown-linux-gnu",
    compiler: "s390x-linux-gnu-gcc",
    packages: &["qemu-user", "gcc-s390x-linux-gnu", "libc6-dev-s390x-cross"],
    runner: Runner::Emulator("qemu-s390x", "/usr/s390x-linux-gnu"),
};

/// 32-bit, strict about alignment.
const ARMV7: Target = Target {
    triple: "armv7-unknown-linux-gnueabihf",
    compiler: "arm-linux-gnueabihf-gcc",
    packages: &[
        "qemu-user",
        "gcc-arm-linux-gnueabihf",
        "libc6-dev-armhf-cross",
    ],
    runner: Runner::Emulator("qemu-arm", "/usr/arm-linux-gnueabihf"),
};

/// Systems that nothing here can run, whose code is type-checked.
const CHECKED: [Part; 4] = [
    Part {
        name: "android",
        job: |campaign| check(campaign, "aarch64-linux-android"),
    },
    Part {
        name: "ios",
        job: |campaign| check(campaign, "aarch64-apple-ios"),
    },
    Part {
        name: "macos",
        job: |campaign| check(campaign, "aarch64-apple-darwin"),
    },
    Part {
        name: "windows-msvc",
        job: |campaign| check(campaign, "x86_64-pc-windows-msvc"),
    },
];

/// Systems and processors on which tests run.
const RUN: [Part; 5] = [
    Part {
        name: "aarch64",
        job: |campaign| {
            let note = run_all(campaign, &AARCH64)?;
            let of_kernels = kernels::emulated(campaign, &AARCH64)?;
            Ok(format!("{note}, {of_kernels}"))
        },
    },
    Part {
        name: "i686",
        job: |campaign| run_all(campaign, &I686),
    },
    Part {
        name: "s390x",
        job: |campaign| run_all(campaign, &S390X),
    },
    Part {
        name: "armv7",
        job: |campaign| run_all(campaign, &ARMV7),
    },
    Part {
        name: "windows-gnu",
        job: windows::run,
    },
];

/// It starts itself as a child, which an emulator of one process does not emulate; on i686 it runs.
const NOT_EMULATED: &[&str] = &["a_process_killed_at_any_moment_repeats_no_counter"];

/// What every change is held to: vectors, wire format, keys, replay, counters, forks, threads, wiping.
const QUICK: Selection = Selection {
    tests: &[
        "c_abi",
        "channel_keys",
        "channel_vectors",
        "counter_store",
        "fork",
        "frames",
        "fuzz_corpus",
        "garbage",
        "key_life",
        "rotation",
        "secrets",
        "threads",
        "zeroing",
    ],
    not_emulated: NOT_EMULATED,
};

/// All but `architecture`, which reads sources, and `ledger`, whose ten million frames take an emulator half an hour.
const ALL: Selection = Selection {
    tests: &[
        "c_abi",
        "channel_keys",
        "channel_model",
        "channel_vectors",
        "counter_store",
        "custom_cipher",
        "fork",
        "frames",
        "fuzz_corpus",
        "garbage",
        "key_life",
        "no_alloc",
        "rotation",
        "secrets",
        "threads",
        "zeroing",
    ],
    not_emulated: NOT_EMULATED,
};

/// Runs the quick tests on 64-bit Arm and on a 32-bit processor.
///
/// # Errors
/// Failed, naming the tests; skipped, if this machine has no toolchain for them.
pub(crate) fn quick(campaign: &mut Campaign) -> Result<String, Halt> {
    let targets = [&AARCH64, &I686];
    let packages: Vec<_> = targets
        .iter()
        .flat_map(|target| target.packages.iter().copied())
        .collect();
    cross::ensure(campaign, &packages, "other processors need toolchains")?;
    cross::build(campaign, &targets, &QUICK)?;
    let notes: Result<Vec<_>, _> = targets
        .iter()
        .map(|target| cross::run(campaign, target, &QUICK))
        .collect();
    let of_kernels = kernels::emulated(campaign, &AARCH64)?;
    Ok(format!(
        "{}; {}: {of_kernels}",
        notes?.join("; "),
        AARCH64.triple
    ))
}

/// Runs everything on every target, or on those that `only` names.
///
/// # Errors
/// A sentence, if there is no such target or no checkout to work in.
pub(crate) fn command(only: &[String]) -> Result<bool, String> {
    let parts = || RUN.iter().chain(&CHECKED);
    if let Some(unknown) = only
        .iter()
        .find(|name| parts().all(|part| part.name != name.as_str()))
    {
        return Err(format!("there is no target {unknown}"));
    }
    let mut campaign = Campaign::new(Workspace::find()?, crate::FUZZ_SECONDS);
    for part in parts() {
        if only.is_empty() || only.iter().any(|name| name == part.name) {
            campaign.run(part);
        }
    }
    println!();
    for outcome in &campaign.outcomes {
        println!("{}", line(outcome));
    }
    println!(
        "no emulator or system here runs Android, iOS, macOS or MSVC's Windows: their code is type-checked"
    );
    println!("{}", closing_line(&campaign.outcomes));
    Ok(campaign.passed())
}

fn run_all(campaign: &mut Campaign, target: &Target) -> Result<String, Halt> {
    cross::ensure(
        campaign,
        target.packages,
        "another processor needs its toolchain",
    )?;
    cross::build(campaign, &[target], &ALL)?;
    cross::run(campaign, target, &ALL)
}

fn check(campaign: &mut Campaign, triple: &str) -> Result<String, Halt> {
    cross::ensure(campaign, &[], "another system needs Debian's toolchain")?;
    cross::cargo(campaign, "check", &[triple])
        .args(["--lib"])
        .run(&mut campaign.transcript)?
        .successful()?;
    Ok(format!("{triple}: type-checked, not run"))
}

fn line(outcome: &Outcome) -> String {
    let seconds = outcome.took.as_secs();
    match &outcome.verdict {
        Ok(note) => format!("{:<16}{seconds:>6} s  {note}", outcome.name),
        Err(Halt::Failed(reason)) => {
            format!("{:<16}{seconds:>6} s  FAILED: {reason}", outcome.name)
        }
        Err(Halt::Skipped(reason)) => {
            format!("{:<16}{seconds:>6} s  SKIPPED: {reason}", outcome.name)
        }
    }
}

/// `targets: N run, M type-checked, F failed`, and how many were skipped if any were.
fn closing_line(outcomes: &[Outcome]) -> String {
    let count = |is_counted: &dyn Fn(&Outcome) -> bool| {
        outcomes
            .iter()
            .filter(|outcome| is_counted(outcome))
            .count()
    };
    let is_checked = |outcome: &Outcome| CHECKED.iter().any(|part| part.name == outcome.name);
    let run = count(&|outcome| outcome.verdict.is_ok() && !is_checked(outcome));
    let checked = count(&|outcome| outcome.verdict.is_ok() && is_checked(outcome));
    let failed = count(&|outcome| matches!(outcome.verdict, Err(Halt::Failed(_))));
    let skipped = count(&|outcome| matches!(outcome.verdict, Err(Halt::Skipped(_))));
    let mut line = format!("targets: {run} run, {checked} type-checked, {failed} failed");
    if skipped > 0 {
        line.push_str(&format!(", {skipped} skipped"));
    }
    line
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::closing_line;
    use crate::parts::{Halt, Outcome};

    fn outcome(name: &'static str, verdict: Result<String, Halt>) -> Outcome {
        Outcome {
            name,
            took: Duration::ZERO,
            verdict,
            excerpt: String::new(),
            log: None,
        }
    }

    #[test]
    fn what_ran_what_was_checked_and_what_failed_are_counted_apart() {
        let fine = || Ok(String::new());
        let mut outcomes = vec![
            outcome("aarch64", fine()),
            outcome("i686", fine()),
            outcome("macos", fine()),
        ];
        assert_eq!(
            closing_line(&outcomes),
            "targets: 2 run, 1 type-checked, 0 failed"
        );
        outcomes.push(outcome("s390x", Err(Halt::Failed(String::new()))));
        outcomes.push(outcome("armv7", Err(Halt::Skipped(String::new()))));
        assert_eq!(
            closing_line(&outcomes),
            "targets: 2 run, 1 type-checked, 1 failed, 1 skipped"
        );
    }
}
