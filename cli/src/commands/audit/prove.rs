//! `mediaseal audit prove`: a record and the proof that it stands in the log, in one text.
//!
//! ```text
//!  the record's line of JSON
//!  c2sp.org/tlog-proof@v1 …       (C2SP tlog-proof, to its end)
//! ```

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use mediaseal::vault::audit::{AuditLogError, AuditRecord, prove};
use mediaseal::vault::transparency::{Checkpoint, InclusionProof, VerifierKey, leaf_hash};
use serde::Serialize;

use super::{failed, origin, read_text, tail};
use crate::outcome::{Failure, Verdict, json};
use crate::table::plain;

const EXAMPLES: &str = "\
Examples:
  mediaseal audit prove log 17 --key log.vkey > proof           record 17 (as audit tail numbers them), and the way from it to a signed checkpoint
  mediaseal audit prove --check proof --key log.vkey            needs the proof and the key alone, and nothing of the log

The proof is text: the record's line, and a C2SP tlog-proof of at most 20 hashes for a million records. Of other records it shows hashes alone.

Exit status: 0 proven, 1 it is not (the log, or the proof, was altered), 2 usage, 3 it cannot be read.";

/// Prove that a record stands in an audit log, or check such a proof
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The log
    #[arg(
        value_name = "FOLDER",
        required_unless_present = "check",
        requires = "record"
    )]
    folder: Option<PathBuf>,
    /// The number of the record, counted from 0
    #[arg(value_name = "INDEX")]
    record: Option<u64>,
    /// Check the proof in this file; - is standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["folder", "record", "size"])]
    check: Option<PathBuf>,
    #[command(flatten)]
    trust: super::Trust,
    /// Prove it under the checkpoint of so many records [default: the newest]
    #[arg(long, value_name = "NUMBER")]
    size: Option<u64>,
    /// Print JSON (with --check)
    #[arg(long, requires = "check")]
    json: bool,
}

/// What a proof shows, as JSON has it.
#[derive(Serialize)]
struct Report {
    proven: bool,
    /// Why it is not.
    why: Option<String>,
    log: Option<String>,
    /// Records under the checkpoint that it leads to.
    size: Option<u64>,
    hashes: usize,
    /// The record, only if it is proven.
    record: Option<serde_json::Value>,
}

impl Arguments {
    pub(super) fn run(&self, out: &mut dyn Write) -> Result<Verdict, Failure> {
        match (&self.check, &self.folder, self.record) {
            (Some(path), ..) => self.check(path, out),
            (None, Some(folder), Some(record)) => self.prove(folder, record, out),
            _ => Err(Failure::Usage(
                "say the log and the number of a record, or --check".to_owned(),
            )),
        }
    }

    fn prove(&self, folder: &Path, record: u64, out: &mut dyn Write) -> Result<Verdict, Failure> {
        let key = self.trust.verifier_key(|| origin(folder))?;
        let proven = prove(folder, record, self.size, &key.ok_or_else(no_key)?);
        match proven {
            Ok(proven) => {
                writeln!(out, "{}", proven.line)?;
                write!(out, "{}", proven.proof.to_text())?;
                Ok(Verdict::Well)
            }
            Err(
                error @ (AuditLogError::Tampered { .. }
                | AuditLogError::Cut { .. }
                | AuditLogError::Transparency(_)),
            ) => {
                let name = plain(&folder.display().to_string());
                let why = plain(&error.to_string());
                // The proof would stand on standard output; this is in its place.
                drop(writeln!(
                    std::io::stderr(),
                    "mediaseal: {name}: nothing is proven: {why}"
                ));
                Ok(Verdict::Faults)
            }
            Err(error @ AuditLogError::NoCheckpoint) => Err(Failure::Usage(error.to_string())),
            Err(error) => Err(failed(folder, &error)),
        }
    }

    fn check(&self, path: &Path, out: &mut dyn Write) -> Result<Verdict, Failure> {
        let text = read_text(path)?;
        let none = || Failure::Usage(format!("{}: this is no proof of a record", path.display()));
        let (line, proof) = text.split_once('\n').ok_or_else(none)?;
        let proof = InclusionProof::from_text(proof).map_err(|_| none())?;
        let key = self.trust.verifier_key(|| {
            let note = Checkpoint::read_unverified(proof.checkpoint.as_bytes());
            note.map(|checkpoint| checkpoint.origin).map_err(|_| none())
        })?;
        let checked = verify(line, &proof, &key.ok_or_else(no_key)?);
        if self.json {
            let mut report = Report {
                proven: checked.is_ok(),
                why: None,
                log: None,
                size: None,
                hashes: proof.hashes.len(),
                record: None,
            };
            match &checked {
                Ok((_, checkpoint)) => {
                    report.log = Some(checkpoint.origin.clone());
                    report.size = Some(checkpoint.size);
                    report.record = serde_json::from_str(line).ok();
                }
                Err(why) => report.why = Some(why.clone()),
            }
            json(out, &report)?;
        } else {
            match &checked {
                Ok((record, checkpoint)) => {
                    writeln!(out, "{}", tail::text(record))?;
                    writeln!(
                        out,
                        "Proven: it is record {} of {}, under its checkpoint of {} records",
                        record.number,
                        plain(&checkpoint.origin),
                        checkpoint.size
                    )?;
                }
                Err(why) => writeln!(out, "Not proven: {}", plain(why))?,
            }
        }
        Ok(if checked.is_ok() {
            Verdict::Well
        } else {
            Verdict::Faults
        })
    }
}

/// Whether the line stood in the log of `key` as the record of the proof's number, or why that is not shown.
fn verify(
    line: &str,
    proof: &InclusionProof,
    key: &VerifierKey,
) -> Result<(AuditRecord, Checkpoint), String> {
    let checkpoint = proof
        .verify(&leaf_hash(&[line.as_bytes()]), key)
        .map_err(|error| error.to_string())?;
    let record = AuditRecord::from_line(line.as_bytes()).map_err(|error| error.to_string())?;
    if record.number == proof.index {
        Ok((record, checkpoint))
    } else {
        Err("the line is of a record of another number".to_owned())
    }
}

fn no_key() -> Failure {
    Failure::Usage("a proof is worth what its key is: --key or --signer".to_owned())
}
