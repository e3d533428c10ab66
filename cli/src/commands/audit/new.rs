//! `mediaseal audit new`.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use mediaseal::vault::audit::{AuditLog, AuditLogOptions};

use super::failed;
use crate::key_files;
use crate::outcome::{Failure, Verdict};

const EXAMPLES: &str = "\
Examples:
  mediaseal key identity --out auditor.key > auditor.pub       on the auditor's machine: auditor.key stays there
  mediaseal key signer --out writer.key > writer.pub           on the machine that writes
  mediaseal audit new log --auditor auditor.pub --signer-key writer.key > log.vkey
  mediaseal key list … --audit log --audit-signer writer.key   from then on";

/// Make an audit log, and print the key that anybody verifies it by
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The folder that it is made in
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// The public key of an auditor (mediaseal-pub-1…), one to sixteen of them
    #[arg(long, value_name = "FILE", required = true)]
    auditor: Vec<PathBuf>,
    /// The secret key of who writes it (mediaseal-signer-1…)
    #[arg(long, value_name = "FILE")]
    signer_key: PathBuf,
    /// The passphrase of a locked signer key: the first line of this file
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

impl Arguments {
    pub(super) fn run(&self, out: &mut dyn Write) -> Result<Verdict, Failure> {
        let mut auditors = Vec::new();
        for path in &self.auditor {
            auditors.extend(key_files::recipients(path)?);
        }
        let passphrase = self.passphrase_file.as_deref();
        let passphrase = passphrase.map(key_files::passphrase).transpose()?;
        let passphrase = passphrase.as_ref().map(|text| text.as_str());
        let signer = key_files::signer(&self.signer_key, passphrase)?;
        let options = AuditLogOptions::default();
        let log = AuditLog::create(&self.folder, &auditors, signer, options)
            .map_err(|error| failed(&self.folder, &error))?;
        let key = log.verifier_key().to_string();
        log.close()
            .map_err(|error| failed(&self.folder, &error.into()))?;
        writeln!(out, "{key}")?;
        Ok(Verdict::Well)
    }
}
