//! `mediaseal key identity` and `signer`: key pairs of people and recorders.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use mediaseal::PassphraseParams;
use mediaseal::vault::grant::{GrantError, Identity, Kem, Signer};
use zeroize::Zeroizing;

use crate::key_files::{self, write_new};
use crate::outcome::Failure;

const IDENTITY_EXAMPLES: &str = "\
Examples:
  mediaseal key identity --out alice.key > alice.pub                             alice.pub goes to who gives alice keys; alice.key to nobody
  mediaseal key identity --kem xwing --out archive.key > archive.pub             for what is worth keeping until there are quantum computers
  mediaseal key identity --passphrase-file pass --out alice.key > alice.pub      the file opens with the passphrase alone";

const SIGNER_EXAMPLES: &str = "\
Examples:
  mediaseal key signer --out recorder.key > recorder.pub                         by recorder.pub anybody verifies what the recorder signed";

/// Make a key pair that keys are sealed to: the secret half into a file, the public one to standard output
#[derive(Args)]
#[command(after_help = IDENTITY_EXAMPLES)]
pub(super) struct NewIdentity {
    /// By what keys are sealed to it
    #[arg(long, value_enum, default_value_t = Mechanism::X25519)]
    kem: Mechanism,
    #[command(flatten)]
    out: SecretHalf,
}

/// Make a key pair that signs: the secret half into a file, the public one to standard output
#[derive(Args)]
#[command(after_help = SIGNER_EXAMPLES)]
pub(super) struct NewSigner {
    #[command(flatten)]
    out: SecretHalf,
}

/// Where the secret half goes.
#[derive(Args)]
struct SecretHalf {
    /// The file for the secret half: one that is not there yet, which only its owner can read
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Lock it under the passphrase in the first line of this file
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

/// Key encapsulation mechanisms (RFC 9180), by names for people.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Mechanism {
    /// Curve25519
    X25519,
    /// NIST's curve, for who must
    P256,
    /// X25519 and ML-KEM-768 at once: holds as long as one of them does
    Xwing,
}

impl NewIdentity {
    pub(super) fn run(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let kem = match self.kem {
            Mechanism::X25519 => Kem::X25519,
            Mechanism::P256 => Kem::P256,
            Mechanism::Xwing => Kem::XWing,
        };
        let identity = Identity::generate(kem).map_err(|error| failed(&error))?;
        self.out.write(
            || identity.to_text(),
            |passphrase, params| identity.lock(passphrase, params),
        )?;
        writeln!(out, "{}", identity.recipient())?;
        Ok(())
    }
}

impl NewSigner {
    pub(super) fn run(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let signer = Signer::generate().map_err(|error| failed(&error.into()))?;
        self.out.write(
            || signer.to_text(),
            |passphrase, params| signer.lock(passphrase, params),
        )?;
        writeln!(out, "{}", signer.public())?;
        Ok(())
    }
}

impl SecretHalf {
    fn write(
        &self,
        open: impl FnOnce() -> Zeroizing<String>,
        locked: impl FnOnce(&str, PassphraseParams) -> Result<String, GrantError>,
    ) -> Result<(), Failure> {
        let text = match &self.passphrase_file {
            None => open(),
            Some(path) => {
                let passphrase = key_files::passphrase(path)?;
                let params = PassphraseParams::generate().map_err(|error| failed(&error.into()))?;
                Zeroizing::new(locked(&passphrase, params).map_err(|error| failed(&error))?)
            }
        };
        // All room at once, so that no copy stays behind.
        let mut line = Zeroizing::new(Vec::with_capacity(text.len() + 1));
        line.extend_from_slice(text.as_bytes());
        line.push(b'\n');
        write_new(&self.out, &[&line], true)
    }
}

fn failed(error: &GrantError) -> Failure {
    Failure::Unreadable(error.to_string())
}
