//! The parts of a run: each has a name and ends in a verdict.

use std::{
    env,
    fs::{self, File},
    num::NonZeroU32,
    path::PathBuf,
    time::{Duration, Instant},
};

use crate::{cargo_test::Tally, excerpt, transcript::Transcript, workspace::Workspace};

/// Why a part did not pass.
#[derive(Debug)]
pub(crate) enum Halt {
    /// It ran, and found something wrong.
    Failed(String),
    /// It could not run on this machine.
    Skipped(String),
}

impl From<String> for Halt {
    fn from(reason: String) -> Self {
        Self::Failed(reason)
    }
}

/// One part of a run.
pub(crate) struct Part {
    /// Its name in the table and on the command line.
    pub(crate) name: &'static str,
    /// What it does; on success it says in a few words what it looked at.
    pub(crate) job: fn(&mut Campaign) -> Result<String, Halt>,
}

/// How one part ended.
pub(crate) struct Outcome {
    /// The part's name.
    pub(crate) name: &'static str,
    /// How long it took.
    pub(crate) took: Duration,
    /// What it looked at, or why it did not pass.
    pub(crate) verdict: Result<String, Halt>,
    /// If it failed: what its last command printed of that.
    pub(crate) excerpt: String,
    /// The file with all that its commands printed, if that was not shown.
    pub(crate) log: Option<PathBuf>,
}

/// A run of several parts, and what they leave to one another.
pub(crate) struct Campaign {
    /// Where the parts work.
    pub(crate) workspace: Workspace,
    /// What the commands of all parts printed so far.
    pub(crate) transcript: Transcript,
    /// What the tests counted.
    pub(crate) tally: Tally,
    /// How the parts ended, in the order in which they ran.
    pub(crate) outcomes: Vec<Outcome>,
    /// When the run began.
    pub(crate) began: Instant,
    /// How long to fuzz each target, in seconds.
    pub(crate) fuzz_seconds: NonZeroU32,
    /// Whether nothing may be left out: a part that cannot run has failed.
    pub(crate) must_run_all: bool,
    /// Whether what commands print goes to a file a part instead of being shown.
    pub(crate) is_quiet: bool,
}

impl Campaign {
    /// A run in `workspace` of which no part has run yet.
    pub(crate) fn new(workspace: Workspace, fuzz_seconds: NonZeroU32) -> Self {
        Self {
            workspace,
            transcript: Transcript::default(),
            tally: Tally::default(),
            outcomes: Vec::new(),
            began: Instant::now(),
            fuzz_seconds,
            must_run_all: env::var_os("CI").is_some_and(|value| value == "true"),
            is_quiet: false,
        }
    }

    /// Runs one part and notes how it ended.
    pub(crate) fn run(&mut self, part: &Part) {
        println!("== {}", part.name);
        let began = Instant::now();
        let printed = self.transcript.entries().len();
        let log = self.is_quiet.then(|| {
            let logs = self.workspace.target.join("logs");
            logs.join(part.name).with_extension("log")
        });
        let verdict = match self.open(log.as_ref()).and_then(|()| (part.job)(self)) {
            Err(Halt::Skipped(reason)) if self.must_run_all => Err(Halt::Failed(format!(
                "skipped although CI=true, where nothing may be: {reason}"
            ))),
            verdict => verdict,
        };
        match &verdict {
            Ok(note) => println!("== {}: passed: {note}", part.name),
            Err(Halt::Failed(reason)) => println!("== {}: FAILED: {reason}", part.name),
            Err(Halt::Skipped(reason)) => println!("== {}: SKIPPED: {reason}", part.name),
        }
        self.transcript.log_to(None);
        let printed = self.transcript.entries().get(printed..).unwrap_or_default();
        let excerpt = match verdict {
            Err(Halt::Failed(_)) => excerpt::of(printed),
            _ => String::new(),
        };
        self.outcomes.push(Outcome {
            name: part.name,
            took: began.elapsed(),
            verdict,
            excerpt,
            log,
        });
    }

    /// Begins the log of a part, if it has one.
    fn open(&mut self, log: Option<&PathBuf>) -> Result<(), Halt> {
        let Some(log) = log else {
            return Ok(());
        };
        let opened = log
            .parent()
            .map_or(Ok(()), fs::create_dir_all)
            .and_then(|()| File::create(log))
            .map_err(|error| format!("{}: {error}", log.display()))?;
        self.transcript.log_to(Some(opened));
        Ok(())
    }

    /// Whether nothing failed.
    pub(crate) fn passed(&self) -> bool {
        !self
            .outcomes
            .iter()
            .any(|outcome| matches!(outcome.verdict, Err(Halt::Failed(_))))
    }
}
