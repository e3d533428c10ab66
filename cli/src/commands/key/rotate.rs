//! `mediaseal key rotate`: the next version of a key, and what is under the former ones.

use std::io::Write;
use std::ops::ControlFlow;

use clap::Args;
use mediaseal::vault::custody::{CustodyError, KekRef, SweepProgress, SweepReport};
use serde::Serialize;

use crate::custody::{KekName, Opened, Opening, failed};
use crate::outcome::{Failure, Verdict, json};
use crate::progress::Progress;
use crate::table::plain;

const ROTATE_EXAMPLES: &str = "\
Examples:
  mediaseal key rotate kek-0f… --provider file:keys.db --store custody.db --without-audit
  mediaseal key rotate kek-0f… … --sweep-only        go on with a sweep that was stopped, killed, or left keys behind

The former version wraps nothing more and goes on to unwrap. A sweep can be stopped at any time: what it did is kept. Keys outside of the store
(envelopes of recordings, output of mediaseal key wrap) stay under the former version: mediaseal rewrap, mediaseal key rewrap.

Exit status: 0 well, 1 keys of the store are left under former versions, and are named, or a new version was made and the sweep
ended (--sweep-only goes on), 2 usage, 3 it could not be done.";

/// Make the next version of a key, and wrap all data keys of the store anew under it
#[derive(Args)]
#[command(after_help = ROTATE_EXAMPLES)]
pub(super) struct Rotate {
    /// The key, by its id
    #[arg(value_name = "KEK")]
    kek: KekName,
    #[command(flatten)]
    opening: Opening,
    /// Make the next version alone; data keys are then wrapped anew as they are opened, or by --sweep-only
    #[arg(long, conflicts_with = "sweep_only")]
    no_sweep: bool,
    /// Make no version; wrap anew what still is under former ones
    #[arg(long)]
    sweep_only: bool,
    /// How many keys are wrapped anew in one transaction
    #[arg(long, value_name = "NUMBER", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    batch: u32,
    /// Take the keys of compromised versions along
    #[arg(long)]
    accept_compromised: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What a rotation did, as JSON has it.
#[derive(Serialize)]
struct RotateReport {
    kek: String,
    /// The version that wraps now; none where only a sweep was asked for.
    version: Option<u32>,
    /// Data keys that were wrapped anew, and those that are left under former versions because they failed.
    rewrapped: u64,
    failed: u64,
    failures: Vec<FailureReport>,
    /// Why the data keys are not (all) wrapped anew, though there is a new version: `--sweep-only` goes on.
    ended: Option<String>,
    /// Former versions whose keys were left alone, by their state.
    skipped: Vec<u32>,
}

/// Why a data key was left as it is.
#[derive(Serialize)]
struct FailureReport {
    data_key: String,
    why: String,
}

impl Rotate {
    pub(super) fn run(&self, out: &mut dyn Write) -> Result<Verdict, Failure> {
        if self.kek.version.is_some() {
            let what = "a key is rotated as a whole: say its id alone";
            return Err(Failure::Usage(what.to_owned()));
        }
        let opened = self.opening.open()?;
        let done = self.rotate(&opened);
        opened.close();
        let (kek, swept, ended) = done?;
        let is_clean = ended.is_none() && swept.progress.failed == 0 && swept.skipped.is_empty();
        let report = RotateReport {
            kek: self.kek.id.clone(),
            version: kek.map(|kek| kek.version),
            rewrapped: swept.progress.done,
            failed: swept.progress.failed,
            failures: swept
                .failures
                .iter()
                .map(|(id, error)| FailureReport {
                    data_key: id.clone(),
                    why: error.to_string(),
                })
                .collect(),
            ended: ended.map(|error| error.to_string()),
            skipped: swept.skipped.iter().map(|kek| kek.version).collect(),
        };
        if self.json {
            json(out, &report)?;
        } else {
            report.write_text(out)?;
        }
        Ok(if is_clean {
            Verdict::Well
        } else {
            Verdict::Faults
        })
    }

    /// The new version, what the sweep did, and what ended it after there was a new version.
    fn rotate(&self, opened: &Opened) -> Result<Rotated, Failure> {
        let id = &self.kek.id;
        let custody = &opened.custody;
        let access = if self.accept_compromised {
            opened.access.clone().accepting_compromised()
        } else {
            opened.access.clone()
        };
        let said = |error: CustodyError| failed(&error);
        let kek = if self.sweep_only {
            None
        } else {
            Some(custody.rotate_kek(&access, id).map_err(said)?)
        };
        if self.no_sweep {
            return Ok((kek, SweepReport::default(), None));
        }
        let mut bar = None;
        let mut shown = 0_u64;
        let mut progress = |so_far: &SweepProgress| {
            let bar = bar.get_or_insert_with(|| Progress::keys("wrapping anew", so_far.total));
            let seen = so_far.done.saturating_add(so_far.failed);
            bar.add(seen.saturating_sub(shown));
            shown = seen;
            ControlFlow::Continue(())
        };
        match custody.sweep(&access, id, self.batch, &mut progress) {
            Ok(report) => Ok((kek, report, None)),
            // What was made is not to be made again.
            Err(error) if kek.is_some() => Ok((kek, SweepReport::default(), Some(error))),
            Err(error) => Err(said(error)),
        }
    }
}

type Rotated = (Option<KekRef>, SweepReport, Option<CustodyError>);

impl RotateReport {
    fn write_text(&self, out: &mut dyn Write) -> Result<(), Failure> {
        if let Some(version) = self.version {
            writeln!(out, "version {version} of {} wraps from now on", self.kek)?;
        }
        if let Some(why) = &self.ended {
            writeln!(
                out,
                "not all data keys are wrapped anew: {}; --sweep-only goes on",
                plain(why)
            )?;
        } else {
            writeln!(out, "{} data keys wrapped anew", self.rewrapped)?;
        }
        for FailureReport { data_key, why } in &self.failures {
            writeln!(out, "left as it is: data key {data_key}: {}", plain(why))?;
        }
        let told = u64::try_from(self.failures.len()).unwrap_or(u64::MAX);
        if let Some(more @ 1..) = self.failed.checked_sub(told) {
            writeln!(out, "left as they are: {more} more")?;
        }
        for version in &self.skipped {
            writeln!(
                out,
                "left alone: data keys under version {version}, whose state does not let them be opened"
            )?;
        }
        Ok(())
    }
}
