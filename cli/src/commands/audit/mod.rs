//! `mediaseal audit`: making, reading, verifying and proving from audit logs.

mod new;
mod prove;
mod tail;
mod verify;

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use mediaseal::vault::audit::{AuditLogError, checkpoints, read_records};
use mediaseal::vault::transparency::{Checkpoint, VerifierKey};

use crate::input;
use crate::key_files;
use crate::outcome::{Failure, Verdict};
use crate::table::plain;

/// Most octets of a checkpoint or proof that is read.
const MAX_NOTE: u64 = 2 << 20;

const EXAMPLES: &str = "\
Examples:
  mediaseal audit new log --auditor auditor.pub --signer-key writer.key > log.vkey     an empty log, and the key that it is verified by
  mediaseal audit tail log --follow                                                    what happens, as it is written
  mediaseal audit verify log --key log.vkey --checkpoint kept.note                     is it what its writer wrote, and all of it?
  mediaseal audit prove log 17 --key log.vkey > proof                                  one record, for who shall not see the others
  mediaseal audit prove --check proof --key log.vkey                                   what he does with it

docs/audit.md says which key belongs where.";

/// Look at audit logs: what happened, whether it was altered or cut, and proofs of single records
#[derive(Args)]
#[command(after_help = EXAMPLES, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    New(new::Arguments),
    Tail(tail::Arguments),
    Verify(verify::Arguments),
    Prove(prove::Arguments),
}

impl Arguments {
    /// Whether it does nothing but give something out.
    pub(crate) const fn only_gives(&self) -> bool {
        matches!(self.action, Action::Tail(_))
    }

    pub(crate) fn run(self, out: &mut dyn Write) -> Result<Verdict, Failure> {
        match self.action {
            Action::New(arguments) => arguments.run(out),
            Action::Tail(arguments) => arguments.run(out),
            Action::Verify(arguments) => arguments.run(out),
            Action::Prove(arguments) => arguments.run(out),
        }
    }
}

/// Who is believed to have written a log.
#[derive(Args)]
struct Trust {
    /// The log's verifier key (mediaseal/audit/…+…), in a file
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// The public key of who signed it (mediaseal-signer-pub-1…), in a file: any log of this signer passes, whichever it is
    #[arg(long, value_name = "FILE", conflicts_with = "key")]
    signer: Option<PathBuf>,
}

impl Trust {
    /// The verifier key. With --signer the log's name is the one that `origin` finds, which nobody vouches for.
    fn verifier_key(
        &self,
        origin: impl FnOnce() -> Result<String, Failure>,
    ) -> Result<Option<VerifierKey>, Failure> {
        if let Some(path) = &self.key {
            let text = input::read_key_file(path)?;
            let key = text.trim().parse().map_err(|_| {
                let what = "this is no verifier key of a log (mediaseal/audit/…+…+…)";
                Failure::Usage(format!("{}: {what}", path.display()))
            })?;
            return Ok(Some(key));
        }
        let Some(path) = &self.signer else {
            return Ok(None);
        };
        let signer = key_files::signer_public(path)?;
        let key = VerifierKey::new(&origin()?, &signer)
            .map_err(|error| Failure::Unreadable(error.to_string()))?;
        Ok(Some(key))
    }
}

/// The name of the log in a folder, as its checkpoints have it, or else its first record. Nobody vouches for it.
fn origin(folder: &Path) -> Result<String, Failure> {
    let notes = checkpoints(folder).map_err(|error| failed(folder, &error))?;
    let named = notes
        .iter()
        .find_map(|note| Checkpoint::read_unverified(note.as_bytes()).ok());
    if let Some(checkpoint) = named {
        return Ok(checkpoint.origin);
    }
    let mut name = None;
    let read = read_records(folder, 0, &mut |record, _| {
        name = Some(record.event.resource.clone());
        false
    });
    read.map_err(|error| failed(folder, &error))?;
    name.ok_or_else(|| input::unreadable(folder, &"it does not say which log it is: --key does"))
}

fn failed(folder: &Path, error: &AuditLogError) -> Failure {
    let what = match error {
        // What the library says of a missing file reads as if there were a log.
        AuditLogError::Damaged(_) if !folder.join("header").exists() => {
            AuditLogError::NotThere.to_string()
        }
        error => error.to_string(),
    };
    input::unreadable(folder, &plain(&what))
}

/// Reads a file of text, in bounds.
fn read_text(path: &Path) -> Result<String, Failure> {
    let mut reader = input::open(path)?;
    let octets = input::read_bounded(&mut *reader, MAX_NOTE)
        .map_err(|error| input::unreadable(path, &error))?;
    String::from_utf8(octets).map_err(|_| input::unreadable(path, &"this is no text"))
}
