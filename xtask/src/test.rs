//! The parts of `cargo xtask test`.

use crate::{
    aws_lc, browser, c_tests, canary, codecs,
    command::cargo,
    cpp, crash, custody, examples, examples_c, export, header, header_compiles, independent,
    instructions, kernels, media, mls,
    packages::{self, Program},
    parts::{Campaign, Halt, Part},
    staged, targets, wasm,
};

/// Every part, cheap refusals first, the search through what the others printed last.
pub(crate) const PARTS: &[Part] = &[
    Part {
        name: "format",
        job: format,
    },
    Part {
        name: "lint",
        job: lint,
    },
    Part {
        name: "docs",
        job: docs,
    },
    Part {
        name: "header",
        job: header::check,
    },
    Part {
        name: "header-compiles",
        job: header_compiles::run,
    },
    Part {
        name: "tests",
        job: tests,
    },
    Part {
        name: "aws-lc",
        job: aws_lc::run,
    },
    Part {
        name: "custody",
        job: custody::run,
    },
    Part {
        name: "kernels",
        job: kernels::run,
    },
    Part {
        name: "c",
        job: c_tests::run,
    },
    Part {
        name: "independent",
        job: independent::run,
    },
    Part {
        name: "crash",
        job: crash::run,
    },
    Part {
        name: "cpp",
        job: cpp::run,
    },
    Part {
        name: "examples",
        job: examples::run,
    },
    Part {
        name: "examples-c",
        job: examples_c::run,
    },
    Part {
        name: "packages",
        job: staged::run,
    },
    Part {
        name: "targets",
        job: targets::quick,
    },
    Part {
        name: "browser",
        job: browser::run,
    },
    Part {
        name: "media",
        job: media::run,
    },
    Part {
        name: "export",
        job: export::run,
    },
    Part {
        name: "codecs",
        job: codecs::run,
    },
    Part {
        name: "instructions",
        job: instructions::run,
    },
    Part {
        name: "canary",
        job: canary::search,
    },
];

/// Checks the layout of the code, that of the fuzz targets and benchmarks included.
fn format(campaign: &mut Campaign) -> Result<String, Halt> {
    let root = campaign.workspace.root.clone();
    cargo(&root)
        .args(["fmt", "--all", "--check"])
        .run(&mut campaign.transcript)?
        .successful()?;
    for outside in [
        "fuzz/Cargo.toml",
        "benches/Cargo.toml",
        "benches/peers/Cargo.toml",
        "benches/sframe/Cargo.toml",
        kernels::MANIFEST,
        wasm::MANIFEST,
        codecs::MANIFEST,
        mls::MANIFEST,
    ] {
        cargo(&root)
            .args(["fmt", "--all", "--check", "--manifest-path", outside])
            .run(&mut campaign.transcript)?
            .successful()?;
    }
    Ok("rustfmt would change nothing".to_owned())
}

/// Runs clippy over everything, with warnings as errors.
fn lint(campaign: &mut Campaign) -> Result<String, Halt> {
    let root = campaign.workspace.root.clone();
    cargo(&root)
        .args(["clippy", "--release", "--workspace", "--all-targets"])
        .args(["--", "-D", "warnings"])
        .run(&mut campaign.transcript)?
        .successful()?;
    cargo(&root)
        .env("CARGO_TARGET_DIR", &campaign.workspace.target)
        .args(["clippy", "--release", "--all-targets"])
        .args(["--manifest-path", kernels::MANIFEST])
        .args(["--", "-D", "warnings"])
        .run(&mut campaign.transcript)?
        .successful()?;
    wasm::lint(campaign)?;
    codecs::lint(campaign)?;
    Ok("clippy has nothing to say".to_owned())
}

/// Builds the documentation, with warnings as errors.
fn docs(campaign: &mut Campaign) -> Result<String, Halt> {
    let root = campaign.workspace.root.clone();
    cargo(&root)
        .env("RUSTDOCFLAGS", "-D warnings")
        .args(["doc", "--release", "--workspace", "--no-deps"])
        .run(&mut campaign.transcript)?
        .successful()?;
    Ok("every link leads somewhere".to_owned())
}

/// Runs every test, and counts them and the vectors that they report.
fn tests(campaign: &mut Campaign) -> Result<String, Halt> {
    let root = campaign.workspace.root.clone();
    // One test looks at streams that ffmpeg sends.
    let ffmpeg = [Program {
        name: "ffmpeg",
        package: "ffmpeg",
    }];
    let (skipped, note): (&[&str], _) =
        match packages::ensure(campaign, &ffmpeg, "the test of the command") {
            Err(Halt::Skipped(_)) if !campaign.must_run_all => {
                let test = "streams_in_clear_are_told_from_sealed_ones";
                (&["--skip", test], ", none of ffmpeg's streams")
            }
            ensured => (ensured.map(|()| &[][..])?, ""),
        };
    // What passing tests print is shown too: the vector counts, and whatever the
    // search for keys must see.
    let finished = cargo(&root)
        .args(["test", "--release", "--workspace", "--no-fail-fast"])
        .args(["--", "--show-output", "--skip", export::TESTS])
        .args(skipped)
        .run(&mut campaign.transcript)?;
    campaign.tally.read(&finished.stdout);
    let tally = &campaign.tally;
    if !tally.failures.is_empty() {
        return Err(Halt::Failed(tally.failures.join(", ")));
    }
    finished.successful()?;
    if tally.ignored > 0 && campaign.must_run_all {
        return Err(Halt::Failed(format!(
            "{} tests are ignored although CI=true, where nothing may be skipped",
            tally.ignored
        )));
    }
    if tally.passed == 0 || tally.vectors.is_empty() {
        return Err(Halt::Failed("no test or no vector was run".to_owned()));
    }
    let vectors: u64 = tally.vectors.values().sum();
    Ok(format!(
        "{} tests with {vectors} vectors, {} ignored{note}",
        tally.passed, tally.ignored
    ))
}
