//! `cargo xtask`: every test and every campaign of mediaseal, as one command.
//!
//! The same command runs on a developer's machine and in CI, so that "it passes
//! here" and "it passes there" mean the same thing.

mod aws_lc;
mod bench;
mod browser;
mod c_tests;
mod canary;
mod cargo_c;
mod cargo_test;
mod codecs;
mod command;
mod cpp;
mod crash;
mod cross;
mod custody;
mod elf;
mod examples;
mod examples_c;
mod excerpt;
mod export;
mod header;
mod header_compiles;
mod independent;
mod instructions;
mod kernels;
mod media;
mod mls;
mod native;
mod packages;
mod parts;
mod recorded_call;
mod report;
mod stage;
mod staged;
mod targets;
mod test;
mod tools;
mod transcript;
mod verify;
mod wasm;
mod windows;
mod workspace;

use std::{
    io::{self, IsTerminal},
    num::NonZeroU32,
    path::PathBuf,
    process::ExitCode,
};

use crate::{parts::Campaign, report::Report, workspace::Workspace};

/// What `cargo xtask --help` prints.
const HELP: &str = "\
usage: cargo xtask <command>

commands:
  test [--verbose] [PART]...        run every test, or the named parts of it:
                                    format lint docs header header-compiles tests aws-lc
                                    custody kernels c cpp independent crash examples
                                    examples-c packages targets media export codecs
                                    browser instructions canary
                                    where the output is no terminal, what commands print goes
                                    to target/logs/PART.log; --verbose shows it there too
  bench [--quick] [TABLE]...        measure mediaseal beside its peers, or the named tables of that:
                                    aead isolated same-tier channel c keys streams cores
                                    ctr-hmac costs codecs proof
                                    prints ratios and whether each target is met; a whole run
                                    without --quick writes docs/performance.md
  bench --again                     show the figures of the last run
  bench --instructions [--update]   count instructions a packet, and write them down
  bench --custody [--quick] [--pkcs11-module LIBRARY] [URL]...
                                    wraps a second of the embedded provider and of those named, and
                                    how long a million DEKs take to be re-wrapped
  browser [--measure]               make calls in headless Chromium with mediaseal as WebAssembly,
                                    and compare every frame that arrives; the page is then at
                                    target/browser/page.png. With --measure, time mediaseal
                                    beside WebCrypto and write that into docs/performance.md
  crash [--quick]                   kill a recorder 10,000 times (--quick: 500) at any moment, and insist that
                                    all that was committed is there and nothing else
  examples-c                        build and run the examples in C
  header                            write include/mediaseal.h from src/ffi/
  stage [--strip] PREFIX            build the library and write it below PREFIX as a package:
                                    include/, lib/, lib/pkgconfig/, lib/cmake/; with --strip
                                    without debug information, which distributions split off
                                    themselves
  targets [TARGET]...               run the tests for other processors and systems by
                                    emulators, and type-check those that nothing here runs:
                                    aarch64 i686 s390x armv7 windows-gnu
                                    android ios macos windows-msvc
  codecs [--markdown] [CODEC]...    send streams of real encoders through real packetizers, sealed, and
                                    compare what is opened with what the encoder gave:
                                    H264 H265 VP8 VP9 AV1 opus
                                    --markdown: as the tables of docs/codecs.md
  verify [--seconds N] [--verbose] [PART]...
                                    run the long campaigns, or the named ones:
                                    deny cargo-c kernels fuzz-header fuzz-decryptor fuzz-keys fuzz-grants
                                    fuzz-codecs fuzz-rtp fuzz-recordings fuzz-records fuzz-custody fuzz-export
                                    fuzz-c-boundary mls
                                    N: seconds of fuzzing a target (default 60)

Missing system packages (such as ffmpeg) are installed by apt-get on Debian
and Ubuntu if this user may do so; otherwise the parts that need them are skipped,
and said to be. With CI=true in the environment a skipped part is a failed part.
";

/// How long a target is fuzzed unless the command line says otherwise, in seconds.
const FUZZ_SECONDS: NonZeroU32 = NonZeroU32::new(60).unwrap();

/// A command line, understood.
enum Request {
    /// `cargo xtask --help`
    Help,
    /// `cargo xtask bench`
    Bench(bench::Request),
    /// `cargo xtask browser`
    Browser {
        /// Whether it measures.
        measures: bool,
    },
    /// `cargo xtask codecs`
    Codecs(codecs::Request),
    /// `cargo xtask crash`
    Crash(crash::Request),
    /// `cargo xtask test`
    Test {
        /// The parts to run; empty means all.
        only: Vec<String>,
        /// Whether output is shown where it is no terminal.
        verbose: bool,
    },
    /// `cargo xtask examples-c`
    ExamplesC,
    /// `cargo xtask header`
    Header,
    /// `cargo xtask stage`
    Stage {
        /// Where the package goes.
        prefix: PathBuf,
        /// Whether the libraries lose their debug information.
        strip: bool,
    },
    /// `cargo xtask targets`
    Targets {
        /// The targets; empty means all.
        only: Vec<String>,
    },
    /// `cargo xtask verify`
    Verify {
        /// Seconds of fuzzing a target.
        seconds: NonZeroU32,
        /// The parts to run; empty means all.
        only: Vec<String>,
        /// Whether output is shown where it is no terminal.
        verbose: bool,
    },
}

/// Reads the command line, without the program's own name.
fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Request, String> {
    let mut arguments = arguments.into_iter();
    let command = arguments.next();
    let mut only = Vec::new();
    let mut strip = false;
    let mut measures = false;
    let mut verbose = false;
    let mut seconds = FUZZ_SECONDS;
    let is_test = command.as_deref() == Some("test");
    let is_verify = command.as_deref() == Some("verify");
    let is_stage = command.as_deref() == Some("stage");
    let is_browser = command.as_deref() == Some("browser");
    let is_bench = command.as_deref() == Some("bench");
    let is_codecs = command.as_deref() == Some("codecs");
    let is_crash = command.as_deref() == Some("crash");
    let mut crash = crash::Request::default();
    let mut bench = bench::Request::default();
    let mut markdown = false;
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "-h" | "--help" => return Ok(Request::Help),
            "--verbose" if is_test || is_verify => verbose = true,
            "--strip" if is_stage => strip = true,
            "--measure" if is_browser => measures = true,
            "--markdown" if is_codecs => markdown = true,
            "--quick" if is_crash => crash.quick = true,
            "--quick" if is_bench => bench.quick = true,
            "--again" if is_bench => bench.again = true,
            "--instructions" if is_bench => bench.instructions = true,
            "--custody" if is_bench => bench.custody = true,
            "--pkcs11-module" if is_bench && bench.custody => {
                bench.module = Some(arguments.next().ok_or("--pkcs11-module needs a path")?);
            }
            "--update" if is_bench && bench.instructions => bench.update = true,
            "--seconds" if is_verify => {
                let value = arguments.next().ok_or("--seconds needs a number")?;
                seconds = value.parse().map_err(|_| {
                    format!("--seconds {value}: not a whole number of seconds above 0")
                })?;
            }
            option if option.starts_with('-') => return Err(format!("unknown option {option}")),
            _ => only.push(argument),
        }
    }
    match command.as_deref() {
        Some("test") => Ok(Request::Test { only, verbose }),
        Some("bench") => Ok(Request::Bench(bench::Request { only, ..bench })),
        Some("browser") => match only.first() {
            Some(unknown) => Err(format!("browser has no part {unknown}")),
            None => Ok(Request::Browser { measures }),
        },
        Some("codecs") => Ok(Request::Codecs(codecs::Request { markdown, only })),
        Some("crash") => match only.first() {
            Some(unknown) => Err(format!("crash has no part {unknown}")),
            None => Ok(Request::Crash(crash)),
        },
        Some("examples-c") => Ok(Request::ExamplesC),
        Some("header") => Ok(Request::Header),
        Some("stage") => match only.as_slice() {
            [prefix] => Ok(Request::Stage {
                prefix: PathBuf::from(prefix),
                strip,
            }),
            _ => Err("stage needs one PREFIX".to_owned()),
        },
        Some("targets") => Ok(Request::Targets { only }),
        Some("verify") => Ok(Request::Verify {
            seconds,
            only,
            verbose,
        }),
        None | Some("help" | "-h" | "--help") => Ok(Request::Help),
        Some(unknown) => Err(format!("unknown command {unknown}")),
    }
}

/// Runs `parts`, or those that `only` names, and reports on them.
fn run(
    title: &str,
    parts: &[parts::Part],
    only: &[String],
    fuzz_seconds: NonZeroU32,
    verbose: bool,
) -> Result<bool, String> {
    if let Some(unknown) = only
        .iter()
        .find(|name| parts.iter().all(|part| part.name != name.as_str()))
    {
        return Err(format!("{title} has no part {unknown}"));
    }
    let mut campaign = Campaign::new(Workspace::find()?, fuzz_seconds);
    campaign.is_quiet = !verbose && !io::stdout().is_terminal();
    for part in parts {
        if only.is_empty() || only.iter().any(|name| name == part.name) {
            campaign.run(part);
        }
    }
    let report = Report {
        title,
        campaign: &campaign,
    };
    println!("{report}");
    Ok(campaign.passed())
}

fn main() -> ExitCode {
    let verdict = match parse(std::env::args().skip(1)) {
        Ok(Request::Help) => {
            print!("{HELP}");
            Ok(true)
        }
        Ok(Request::Test { only, verbose }) => {
            run("test", test::PARTS, &only, FUZZ_SECONDS, verbose)
        }
        Ok(Request::Bench(request)) => bench::command(&request),
        Ok(Request::Browser { measures }) => browser::command(measures),
        Ok(Request::Codecs(request)) => codecs::command(&request),
        Ok(Request::Crash(request)) => crash::command(request),
        Ok(Request::ExamplesC) => examples_c::run_alone(),
        Ok(Request::Header) => header::write(),
        Ok(Request::Stage { prefix, strip }) => stage::command(&prefix, strip),
        Ok(Request::Targets { only }) => targets::command(&only),
        Ok(Request::Verify {
            seconds,
            only,
            verbose,
        }) => run("verify", verify::PARTS, &only, seconds, verbose),
        Err(error) => Err(format!("{error}; cargo xtask --help lists what there is")),
    };
    match verdict {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::from(2)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Request, parse};

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn verify_takes_seconds_and_parts() {
        let Ok(Request::Verify {
            seconds,
            only,
            verbose,
        }) = parse(words("verify --seconds 5 deny"))
        else {
            panic!("not understood");
        };
        assert_eq!(
            (seconds.get(), only, verbose),
            (5, vec!["deny".to_owned()], false)
        );
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        for (line, named) in [
            ("tset", "tset"),
            ("test --fast", "--fast"),
            ("test --seconds 5", "--seconds"),
            ("verify --seconds", "--seconds"),
            ("verify --seconds soon", "soon"),
            ("verify --seconds 0", "above 0"),
            ("bench --update", "--update"),
            ("test --custody", "--custody"),
            ("bench --pkcs11-module x", "--pkcs11-module"),
            ("stage", "PREFIX"),
            ("stage a b", "PREFIX"),
            ("test --strip", "--strip"),
            ("crash twice", "twice"),
            ("crash --fast", "--fast"),
            ("browser chrome", "chrome"),
            ("test --measure", "--measure"),
            ("test --markdown", "--markdown"),
            ("header --verbose", "--verbose"),
        ] {
            let error = parse(words(line)).err().unwrap_or_default();
            assert!(error.contains(named), "{line}: {error}");
        }
    }
}
