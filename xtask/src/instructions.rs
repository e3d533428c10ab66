//! The part `instructions`: how many instructions a packet takes, held to `benches/instructions.toml`.
//!
//! Times depend on the machine and on who else is on it. Instructions depend on the code and the compiler, so they can be
//! a test: whoever makes a packet dearer learns it from there.

use std::{
    collections::BTreeMap,
    fs,
    num::NonZeroU32,
    path::{Path, PathBuf},
};

use crate::{
    command::{Invocation, cargo},
    packages::{self, Program},
    parts::{Campaign, Halt},
    workspace::Workspace,
};

/// Packets of a case of `benches/src/bin/instructions.rs`.
const PACKETS: f64 = 200.0;
/// How much more a packet may take, in percent.
const TOLERANCE: f64 = 3.0;
/// The same where another compiler made the code.
const OTHER_COMPILER: f64 = 10.0;
/// How the figures are brought up to date.
const UPDATE: &str = "cargo xtask bench --instructions --update";
const FILE: &str = "benches/instructions.toml";

/// Instructions a packet, by case, and the compiler that made the code.
#[derive(Debug, Default, PartialEq)]
struct Counts {
    rustc: String,
    cases: BTreeMap<String, f64>,
}

impl Counts {
    /// Reads what [`text`](Self::text) wrote.
    fn read(text: &str) -> Result<Self, String> {
        let mut counts = Self::default();
        for line in text.lines() {
            let Some((key, value)) = line.split_once(" = ") else {
                continue;
            };
            let (key, value) = (key.trim_matches('"'), value.trim().trim_matches('"'));
            if key == "rustc" {
                value.clone_into(&mut counts.rustc);
            } else {
                let count = value
                    .parse()
                    .map_err(|_| format!("{FILE}: {value} is no number"))?;
                counts.cases.insert(key.to_owned(), count);
            }
        }
        Ok(counts)
    }

    fn text(&self) -> String {
        let mut text = format!(
            "# Instructions a packet, counted by callgrind. `cargo xtask test instructions` allows {TOLERANCE} % more.\n\
             # Written by `{UPDATE}`.\nrustc = \"{}\"\n\n[packets]\n",
            self.rustc
        );
        for (case, count) in &self.cases {
            text.push_str(&format!("\"{case}\" = {count:.1}\n"));
        }
        text
    }

    /// What is worse than `recorded`, and what is better.
    fn compare(&self, recorded: &Self) -> (Vec<String>, Vec<String>) {
        let tolerance = if self.rustc == recorded.rustc {
            TOLERANCE
        } else {
            OTHER_COMPILER
        };
        let (mut worse, mut better) = (Vec::new(), Vec::new());
        for (case, was) in &recorded.cases {
            let Some(is) = self.cases.get(case) else {
                worse.push(format!("{case}: not counted"));
                continue;
            };
            let change = (is / was - 1.0) * 100.0;
            let line = format!("{case}: {was:.1} -> {is:.1} ({change:+.1} %)");
            if change > tolerance {
                worse.push(line);
            } else if change < -tolerance {
                better.push(line);
            }
        }
        let new = self
            .cases
            .keys()
            .filter(|case| !recorded.cases.contains_key(*case));
        worse.extend(new.map(|case| format!("{case}: not recorded, run `{UPDATE}`")));
        (worse, better)
    }
}

/// Counts, and fails if a packet takes more instructions than is recorded.
///
/// # Errors
/// Skipped if there is no valgrind or this is no x86-64; failed if a packet became dearer.
pub(crate) fn run(campaign: &mut Campaign) -> Result<String, Halt> {
    if !cfg!(target_arch = "x86_64") {
        return Err(Halt::Skipped("the figures are those of x86-64".to_owned()));
    }
    let counts = count(campaign)?;
    let file = campaign.workspace.root.join(FILE);
    let text =
        fs::read_to_string(&file).map_err(|error| Halt::Failed(format!("{FILE}: {error}")))?;
    let recorded = Counts::read(&text)?;
    let (worse, better) = counts.compare(&recorded);
    let compiler = if counts.rustc == recorded.rustc {
        String::new()
    } else {
        format!(
            "; {OTHER_COMPILER} % are allowed, since the figures are of rustc {} and this is {}",
            recorded.rustc, counts.rustc
        )
    };
    if !worse.is_empty() {
        return Err(Halt::Failed(format!(
            "more instructions a packet: {}{compiler}; if that is wanted: {UPDATE}",
            worse.join("; ")
        )));
    }
    let mut note = format!("{} cases{compiler}", counts.cases.len());
    if !better.is_empty() {
        note.push_str(&format!(
            "; better, write it down by `{UPDATE}`: {}",
            better.join("; ")
        ));
    }
    Ok(note)
}

/// `cargo xtask bench --instructions`: shows the figures, and records them if asked to.
///
/// # Errors
/// A sentence, if they cannot be counted or written.
pub(crate) fn command(update: bool) -> Result<bool, String> {
    let mut campaign = Campaign::new(Workspace::find()?, NonZeroU32::MIN);
    let counts = match count(&mut campaign) {
        Ok(counts) => counts,
        Err(Halt::Failed(reason) | Halt::Skipped(reason)) => return Err(reason),
    };
    let text = counts.text();
    print!("{text}");
    if update {
        fs::write(campaign.workspace.root.join(FILE), text)
            .map_err(|error| format!("{FILE}: {error}"))?;
    }
    Ok(true)
}

/// Builds the program and runs it under callgrind.
fn count(campaign: &mut Campaign) -> Result<Counts, Halt> {
    let valgrind = [Program {
        name: "valgrind",
        package: "valgrind",
    }];
    packages::ensure(campaign, &valgrind, "counting instructions")?;
    let root = campaign.workspace.root.clone();
    let target = campaign.workspace.target.join("instructions");
    cargo(&root)
        .env("CARGO_TARGET_DIR", &target)
        .args(["build", "--release", "--bin", "instructions"])
        .args(["--manifest-path", "benches/Cargo.toml"])
        .run(&mut campaign.transcript)?
        .successful()?;
    let dumps = target.join("dumps");
    let failed = |error: std::io::Error| Halt::Failed(format!("{}: {error}", dumps.display()));
    if dumps.exists() {
        fs::remove_dir_all(&dumps).map_err(failed)?;
    }
    fs::create_dir_all(&dumps).map_err(failed)?;
    let out = dumps.join("case");
    let finished = Invocation::new("valgrind", &root)
        .args([
            "--tool=callgrind",
            "--zero-before=count_begins",
            "--dump-before=count_ends",
        ])
        .args([format!("--callgrind-out-file={}", out.display())])
        .args([target.join("release/instructions")])
        .run(&mut campaign.transcript)?
        .successful()?;
    let mut counts = Counts {
        rustc: rustc(campaign)?,
        ..Counts::default()
    };
    for (index, case) in finished.stdout.lines().enumerate() {
        let dump = PathBuf::from(format!("{}.{}", out.display(), index + 1));
        counts
            .cases
            .insert(case.to_owned(), total(&dump)? / PACKETS);
    }
    if counts.cases.is_empty() {
        return Err(Halt::Failed("no case was counted".to_owned()));
    }
    Ok(counts)
}

/// The instructions of one dump.
fn total(dump: &Path) -> Result<f64, Halt> {
    let text = fs::read_to_string(dump)
        .map_err(|error| Halt::Failed(format!("{}: {error}", dump.display())))?;
    text.lines()
        .find_map(|line| {
            line.strip_prefix("totals: ")
                .or_else(|| line.strip_prefix("summary: "))
        })
        .and_then(|count| count.trim().parse().ok())
        .ok_or_else(|| Halt::Failed(format!("{}: no total", dump.display())))
}

/// "1.95.0"
fn rustc(campaign: &Campaign) -> Result<String, Halt> {
    let finished = Invocation::new("rustc", &campaign.workspace.root)
        .args(["--version"])
        .run_silently()?
        .successful()?;
    let version = finished.stdout.split(' ').nth(1);
    version
        .map(str::to_owned)
        .ok_or_else(|| Halt::Failed("rustc tells no version".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::Counts;

    fn counts(rustc: &str, cases: &[(&str, f64)]) -> Counts {
        Counts {
            rustc: rustc.to_owned(),
            cases: cases
                .iter()
                .map(|(case, count)| ((*case).to_owned(), *count))
                .collect(),
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let counts = counts(
            "1.95.0",
            &[("AES-NI seal 80", 210.5), ("channel encrypt 80", 400.0)],
        );
        assert_eq!(Counts::read(&counts.text()), Ok(counts));
    }

    #[test]
    fn four_percent_more_fail_and_four_percent_less_are_told() {
        let recorded = counts("1.95.0", &[("a", 100.0), ("b", 100.0), ("c", 100.0)]);
        let (worse, better) =
            counts("1.95.0", &[("a", 104.0), ("b", 96.0), ("c", 102.0)]).compare(&recorded);
        assert!(worse.len() == 1 && worse[0].starts_with("a: "), "{worse:?}");
        assert!(
            better.len() == 1 && better[0].starts_with("b: "),
            "{better:?}"
        );
    }

    #[test]
    fn another_compiler_gets_ten_percent() {
        let recorded = counts("1.95.0", &[("a", 100.0)]);
        let worse = |count| counts("1.96.0", &[("a", count)]).compare(&recorded).0.len();
        assert_eq!((worse(109.0), worse(111.0)), (0, 1));
    }

    #[test]
    fn a_case_that_is_gone_or_new_fails() {
        let recorded = counts("1.95.0", &[("a", 100.0)]);
        let (worse, _) = counts("1.95.0", &[("b", 1.0)]).compare(&recorded);
        assert_eq!(worse.len(), 2, "{worse:?}");
    }
}
