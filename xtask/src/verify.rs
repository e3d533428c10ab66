//! The parts of `cargo xtask verify`: campaigns that are too long for every change.

use std::fs;

use crate::{
    cargo_c,
    command::{Invocation, cargo},
    crash, kernels, mls,
    packages::{self, Program},
    parts::{Campaign, Halt, Part},
    tools::{self, CARGO_DENY, CARGO_FUZZ},
};

/// Every campaign.
pub(crate) const PARTS: &[Part] = &[
    Part {
        name: "deny",
        job: deny,
    },
    Part {
        name: "cargo-c",
        job: cargo_c::run,
    },
    Part {
        name: "kernels",
        job: kernels::run_long,
    },
    Part {
        name: "fuzz-header",
        job: |campaign| fuzz(campaign, "header"),
    },
    Part {
        name: "fuzz-decryptor",
        job: |campaign| fuzz(campaign, "decryptor"),
    },
    Part {
        name: "fuzz-keys",
        job: |campaign| fuzz(campaign, "keys"),
    },
    Part {
        name: "fuzz-grants",
        job: |campaign| fuzz(campaign, "grants"),
    },
    Part {
        name: "fuzz-codecs",
        job: |campaign| fuzz(campaign, "codecs"),
    },
    Part {
        name: "fuzz-rtp",
        job: |campaign| fuzz(campaign, "rtp"),
    },
    Part {
        name: "fuzz-recordings",
        job: |campaign| fuzz(campaign, "recordings"),
    },
    Part {
        name: "fuzz-records",
        job: |campaign| fuzz(campaign, "records"),
    },
    Part {
        name: "fuzz-custody",
        job: |campaign| fuzz(campaign, "custody"),
    },
    Part {
        name: "fuzz-export",
        job: |campaign| fuzz(campaign, "export"),
    },
    Part {
        name: "fuzz-c-boundary",
        job: |campaign| fuzz(campaign, "c_boundary"),
    },
    Part {
        name: "mls",
        job: mls::run,
    },
    Part {
        name: "recordings",
        job: recordings,
    },
    Part {
        name: "crash",
        job: crash::run_long,
    },
    Part {
        name: "custody-kills",
        job: custody_kills,
    },
];

/// The tests of recordings at their whole size, which `cargo xtask test` runs at a smaller one.
fn recordings(campaign: &mut Campaign) -> Result<String, Halt> {
    let output = cargo(&campaign.workspace.root)
        .env("MEDIASEAL_CRASH_STATES", "100000")
        .env("MEDIASEAL_FLIP_OCTETS", "1048576")
        .env("MEDIASEAL_RANDOM_READS", "1000000")
        .env("MEDIASEAL_SEEK_OCTETS", "10000000000")
        .args(["test", "--release", "--test", "recording", "--"])
        .args(["--nocapture"])
        .run(&mut campaign.transcript)?
        .successful()?
        .stdout;
    let said: Vec<&str> = [
        "crash states: ",
        "changed octets: ",
        "random reads: ",
        "seek in ",
    ]
    .iter()
    .filter_map(|what| {
        output
            .lines()
            .find_map(|line| Some(&line[line.find(what)?..]))
    })
    .collect();
    if said.len() == 4 {
        Ok(said.join("; "))
    } else {
        Err(Halt::Failed(format!("only this was said: {said:?}")))
    }
}

/// Kills what keeps keys, as often as nobody waits for at every change.
fn custody_kills(campaign: &mut Campaign) -> Result<String, Halt> {
    let output = cargo(&campaign.workspace.root)
        .args(["test", "--release", "--features", "custody"])
        .args(["--test", "custody_kill", "--", "--kills", "10000"])
        .run(&mut campaign.transcript)?
        .successful()?
        .stdout;
    let last = output.lines().rfind(|line| line.starts_with("custody: "));
    last.map(str::to_owned)
        .ok_or_else(|| Halt::Failed("the kills ended without a word".to_owned()))
}

/// Checks the licences and origins of all dependencies against `deny.toml`.
fn deny(campaign: &mut Campaign) -> Result<String, Halt> {
    tools::cargo_with(campaign, &CARGO_DENY)?
        .args(["deny", "--workspace", "check"])
        .args(["licenses", "bans", "sources"])
        .run(&mut campaign.transcript)?
        .successful()?;
    Ok("licences, bans and sources are as deny.toml wants them".to_owned())
}

/// Fuzzes `target` for as long as the campaign says.
fn fuzz(campaign: &mut Campaign, target: &str) -> Result<String, Halt> {
    let compiler = [Program {
        name: "c++",
        package: "g++",
    }];
    packages::ensure(campaign, &compiler, "libFuzzer")?;
    // libFuzzer writes what it discovers to the first folder it is given; the seeds,
    // which are checked in, come second and stay as they are.
    let discovered = campaign.workspace.target.join("fuzz-corpus").join(target);
    fs::create_dir_all(&discovered)
        .map_err(|error| Halt::Failed(format!("{}: {error}", discovered.display())))?;
    let build = campaign.workspace.target.join("fuzz");
    let triple = host_triple(campaign)?;
    let finished = tools::cargo_with(campaign, &CARGO_FUZZ)?
        // The sanitizers of the stable compiler answer to this variable only.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_DIR", build)
        .args(["fuzz", "run", "--target", &triple])
        // What brings more to build is built for the target that needs it alone.
        .args((target == "custody").then_some("--features=custody,pkcs11,awskms"))
        .args([target])
        .args([&discovered])
        .args([format!("fuzz/corpus/{target}")])
        .args(["--", "-print_final_stats=1"])
        .args([format!("-max_total_time={}", campaign.fuzz_seconds)])
        .run(&mut campaign.transcript)?
        .successful()?;
    let executions = finished
        .stderr
        .lines()
        .find_map(|line| line.strip_prefix("stat::number_of_executed_units:"))
        .and_then(|count| count.trim().parse::<u64>().ok())
        .filter(|count| *count > 0)
        .ok_or_else(|| Halt::Failed(format!("{target}: libFuzzer reports no execution")))?;
    Ok(format!("{executions} executions"))
}

/// The platform that rustc builds for here; that of a ready-built cargo-fuzz may differ.
fn host_triple(campaign: &Campaign) -> Result<String, Halt> {
    let finished = Invocation::new("rustc", &campaign.workspace.root)
        .args(["-vV"])
        .run_silently()?
        .successful()?;
    finished
        .stdout
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .map(str::to_owned)
        .ok_or_else(|| Halt::Failed("rustc -vV names no host".to_owned()))
}
