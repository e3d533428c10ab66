//! `mediaseal audit verify`.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use mediaseal::vault::audit::{self, AuditLogError, Fault, Verdict as Found};
use serde::Serialize;

use super::{failed, origin, read_text};
use crate::key_files;
use crate::outcome::{Failure, Verdict, json};

const EXAMPLES: &str = "\
The first word of the last line says what it is:
  Intact       what its writer wrote, and all of it                                       exit status 0
  IntactSoFar  what is there is what its writer wrote; records may be missing at the end  exit status 0
  Consistent   the files agree, but no key was given: anybody may have written it         exit status 0
  Tampered     the record that is named, counted from 0, is the first that was altered    exit status 1
  Cut          records are missing at the end                                             exit status 2
Exit status 3: it cannot be read, a key is of another log, or the command line is not good.

The verifier key finds what somebody did who has not the writer's key. Against who has it, and against a cut end, it takes the auditor's identity, or
a checkpoint that was kept where the writer cannot change it.

Examples:
  mediaseal audit verify log --key log.vkey
  mediaseal audit verify log --key log.vkey --checkpoint kept-yesterday.note --checkpoint kept-today.note
  mediaseal audit verify log --key log.vkey --identity auditor.key                        on the auditor's machine, on a copy of the folder
  mediaseal audit verify log --key log.vkey --json | jq .record                           where it was tampered with";

/// Check that an audit log is what its writer wrote, and all of it
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The log
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    #[command(flatten)]
    trust: super::Trust,
    /// An auditor's identity (mediaseal-id-1…): no record was changed after it stood, not even by who has the writer's key
    #[arg(short = 'i', long, value_name = "FILE")]
    identity: Option<PathBuf>,
    /// The passphrase of a locked identity: the first line of this file
    #[arg(long, value_name = "FILE", requires = "identity")]
    passphrase_file: Option<PathBuf>,
    /// A checkpoint of this log that was kept elsewhere; may be given several times
    #[arg(long, value_name = "FILE")]
    checkpoint: Vec<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What was found, as JSON has it: names here are for ever.
#[derive(Serialize)]
struct Report {
    /// intact, intact_so_far, consistent, tampered or cut.
    verdict: &'static str,
    /// Records that are as they should be.
    records: u64,
    /// How many of them a checkpoint covers.
    covered: u64,
    /// The first record that was altered, or is missing, counted from 0.
    record: Option<u64>,
    /// What is wrong with it.
    fault: Option<&'static str>,
    /// Records that there were at least, where the log was cut.
    expected: Option<u64>,
    /// Whether the MAC chain was verified too.
    chained: bool,
    /// Octets that a killed writer had begun and nobody was told of.
    unfinished: u64,
}

impl Arguments {
    pub(super) fn run(&self, out: &mut dyn Write) -> Result<Verdict, Failure> {
        // 2 says that records are missing, so what is wrong with a key file is 3 here.
        self.verify(out).map_err(|failure| match failure {
            Failure::Usage(what) => Failure::Unreadable(what),
            other => other,
        })
    }

    fn verify(&self, out: &mut dyn Write) -> Result<Verdict, Failure> {
        let key = self.trust.verifier_key(|| origin(&self.folder))?;
        let passphrase = self.passphrase_file.as_deref();
        let passphrase = passphrase.map(key_files::passphrase).transpose()?;
        let passphrase = passphrase.as_ref().map(|text| text.as_str());
        let identities = match &self.identity {
            Some(path) => key_files::identities(path, passphrase)?,
            None => Vec::new(),
        };
        let mut held = Vec::new();
        for path in &self.checkpoint {
            held.push(read_text(path)?);
        }
        let held: Vec<_> = held.iter().map(String::as_str).collect();
        let verify = |trust| audit::verify(&self.folder, trust, &held);
        let found = match &key {
            None if !identities.is_empty() => {
                let what = "--identity alone says not whose log it is: give --key or --signer too";
                return Err(Failure::Usage(what.to_owned()));
            }
            None => verify(audit::Trust::Nothing),
            Some(key) if identities.is_empty() => verify(audit::Trust::Signer(key)),
            Some(key) => {
                // Of several identities the one that the log is sealed to counts.
                let mut found = Err(AuditLogError::NotAnAuditor);
                for identity in &identities {
                    found = verify(audit::Trust::Auditor(key, identity));
                    if !matches!(found, Err(AuditLogError::NotAnAuditor)) {
                        break;
                    }
                }
                found
            }
        };
        let found = found.map_err(|error| failed(&self.folder, &error))?;
        let report = Report::of(&found);
        if self.json {
            json(out, &report)?;
        } else {
            report.write_text(out, found.verdict)?;
        }
        Ok(match found.verdict {
            Found::Intact | Found::IntactSoFar | Found::Consistent => Verdict::Well,
            Found::Cut { .. } => Verdict::Incomplete,
            // What is not known here is not good.
            _ => Verdict::Faults,
        })
    }
}

impl Report {
    fn of(found: &audit::Report) -> Self {
        let (verdict, record, fault, expected) = match found.verdict {
            Found::Intact => ("intact", None, None, None),
            Found::IntactSoFar => ("intact_so_far", None, None, None),
            Found::Consistent => ("consistent", None, None, None),
            Found::Tampered { record, fault } => {
                ("tampered", Some(record), Some(name(fault).0), None)
            }
            Found::Cut { records, expected } => ("cut", Some(records), None, Some(expected)),
            _ => ("unknown", None, None, None),
        };
        Self {
            verdict,
            records: found.records,
            covered: found.covered,
            record,
            fault,
            expected,
            chained: found.is_chained,
            unfinished: found.unfinished,
        }
    }

    fn write_text(&self, out: &mut dyn Write, verdict: Found) -> Result<(), Failure> {
        let (records, covered) = (self.records, self.covered);
        writeln!(
            out,
            "{records} records are as they should be, {covered} of them under a checkpoint"
        )?;
        if self.chained {
            writeln!(out, "the MAC chain was verified by an auditor's key")?;
        }
        if self.unfinished > 0 {
            let octets = self.unfinished;
            writeln!(
                out,
                "{octets} octets at the end are of a record that was begun, and nobody was told that it stood"
            )?;
        }
        let what = match verdict {
            Found::Intact => {
                "Intact: it is what its writer wrote, and nothing is missing at the end".to_owned()
            }
            Found::IntactSoFar => {
                "IntactSoFar: what is there is what its writer wrote; whether records are missing at the end a --checkpoint tells that was kept"
                    .to_owned()
            }
            Found::Consistent => {
                "Consistent: the files agree, but no --key was given: nobody vouches for it".to_owned()
            }
            Found::Tampered { record, fault } => {
                format!("Tampered: record {record}: {}", name(fault).1)
            }
            Found::Cut { records, expected } => format!(
                "Cut: {records} records are left of at least {expected}; record {records} is the first that is missing"
            ),
            _ => "Unknown: a newer mediaseal knows what this is".to_owned(),
        };
        writeln!(out, "{what}")?;
        Ok(())
    }
}

/// What is wrong with a record: a name for programs, and words.
fn name(fault: Fault) -> (&'static str, &'static str) {
    match fault {
        Fault::Line => ("line", "its line is not the one that was written"),
        Fault::Index => ("index", "its line does not end where the index says"),
        Fault::Form => ("form", "it does not begin as a record of this number does"),
        Fault::Mac => ("mac", "its MAC is not of the chain"),
        Fault::Root { .. } => (
            "root",
            "from it to the next checkpoint one record or more is not what was signed",
        ),
        Fault::Checkpoint => (
            "checkpoint",
            "the next checkpoint was altered, is of another log or signer, or is missing",
        ),
        Fault::Header => (
            "header",
            "the header is not the one that it was written under",
        ),
        Fault::State => ("state", "the key on disk is no key of the chain"),
        Fault::Unindexed => ("unindexed", "lines follow that the index does not know"),
        _ => ("unknown", "a newer mediaseal knows what is wrong with it"),
    }
}
