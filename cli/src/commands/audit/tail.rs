//! `mediaseal audit tail`.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io::Write;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use clap::Args;
use mediaseal::vault::audit::{AuditRecord, checkpoints, read_records, to_ocsf};
use mediaseal::vault::transparency::Checkpoint;

use super::{failed, origin};
use crate::outcome::{Failure, Verdict};
use crate::outlines::utc;
use crate::table::plain;

/// How often a log that is followed is looked at.
const LOOK: Duration = Duration::from_millis(250);

const EXAMPLES: &str = "\
Examples:
  mediaseal audit tail log                                the last ten records
  mediaseal audit tail log -n 100 --follow                and what comes, until you stop it
  mediaseal audit tail log -n 0 --follow --json | jq      the stored lines, each a JSON object
  mediaseal audit tail log -n 1000000 --ocsf > events     events of OCSF 1.5.0, a line each

It reads, and verifies nothing: mediaseal audit verify does.";

/// Show the last records of an audit log
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The log
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// How many of the last records
    #[arg(short = 'n', long, value_name = "NUMBER", default_value_t = 10)]
    lines: usize,
    /// Go on with what is written from now on
    #[arg(short = 'f', long)]
    follow: bool,
    /// Print the lines as they are stored
    #[arg(long, conflicts_with = "ocsf")]
    json: bool,
    /// Print events of OCSF 1.5.0, class Entity Management
    #[arg(long)]
    ocsf: bool,
}

impl Arguments {
    pub(super) fn run(&self, out: &mut dyn Write) -> Result<Verdict, Failure> {
        let log = if self.ocsf {
            origin(&self.folder)?
        } else {
            String::new()
        };
        let size = self.index_len();
        let mut last = VecDeque::new();
        let mut next = 0;
        let mut read = Ok(());
        // A start that a checkpoint lied about has no records behind it: then all of them are read.
        for from in [self.start(), 0] {
            last.clear();
            read = read_records(&self.folder, from, &mut |record, line| {
                next = record.number.saturating_add(1);
                last.push_back((record.clone(), line.to_owned()));
                if last.len() > self.lines {
                    last.pop_front();
                }
                true
            });
            if next > 0 {
                break;
            }
        }
        // What stands before a record that was altered is shown all the same.
        for (record, line) in last {
            self.print(out, &record, &line, &log)?;
        }
        read.map_err(|error| failed(&self.folder, &error))?;
        if self.follow {
            self.follow(out, next, size, &log)?;
        }
        Ok(Verdict::Well)
    }

    /// Prints what comes, until who reads has enough or the process is stopped.
    fn follow(
        &self,
        out: &mut dyn Write,
        mut next: u64,
        mut size: Option<u64>,
        log: &str,
    ) -> Result<(), Failure> {
        loop {
            out.flush()?;
            thread::sleep(LOOK);
            let now = self.index_len();
            if now == size && now.is_some() {
                continue;
            }
            size = now;
            let mut written = Ok(());
            let read = read_records(&self.folder, next, &mut |record, line| {
                next = record.number.saturating_add(1);
                written = self.print(out, record, line, log);
                written.is_ok()
            });
            written?;
            read.map_err(|error| failed(&self.folder, &error))?;
        }
    }

    /// From where on reading leads to enough records: the newest checkpoint says about how many there are.
    fn start(&self) -> u64 {
        let notes = checkpoints(&self.folder).unwrap_or_default();
        let newest = notes
            .last()
            .and_then(|note| Checkpoint::read_unverified(note.as_bytes()).ok());
        // With one more than asked for there is always one to be seen.
        let lines = u64::try_from(self.lines).unwrap_or(u64::MAX);
        newest.map_or(0, |checkpoint| {
            checkpoint.size.saturating_sub(lines.saturating_add(1))
        })
    }

    /// Octets of the index, which grows with each record (docs/formats/audit.md).
    fn index_len(&self) -> Option<u64> {
        let index = std::fs::metadata(self.folder.join("index"));
        index.ok().map(|index| index.len())
    }

    fn print(
        &self,
        out: &mut dyn Write,
        record: &AuditRecord,
        line: &str,
        log: &str,
    ) -> Result<(), Failure> {
        if self.json {
            writeln!(out, "{line}")?;
        } else if self.ocsf {
            writeln!(out, "{}", to_ocsf(record, log))?;
        } else {
            writeln!(out, "{}", text(record))?;
        }
        Ok(())
    }
}

/// A record on one line, for people.
pub(super) fn text(record: &AuditRecord) -> String {
    let event = &record.event;
    let mut text = format!(
        "{} {} {} {} {} {}",
        record.number,
        utc(event.unix_micros),
        plain(&event.actor),
        plain(&event.action),
        plain(&event.resource),
        event.outcome.name()
    );
    // Writing to a string does not fail.
    if !event.reason.is_empty() {
        write!(text, ": {}", plain(&event.reason)).ok();
    }
    let attributes: Vec<_> = event
        .attributes
        .iter()
        .map(|(name, value)| format!("{}={}", plain(name), plain(value)))
        .collect();
    if !attributes.is_empty() {
        write!(text, " [{}]", attributes.join(", ")).ok();
    }
    text
}
