//! The keys of a recording's sessions: what its senders, or who shared it, granted to an owner.

use std::path::PathBuf;

use clap::Args;
use mediaseal::vault::grant::{Identity, SignerPublic};
use mediaseal::vault::recording::Profile;

use crate::key_files::{signer_public, signers_public};
use crate::outcome::{Failure, note};
use crate::recordings::{self, Keys, Recording};

/// Whose grants are believed.
#[derive(Args)]
#[command(next_help_heading = "Senders")]
pub(crate) struct Senders {
    /// A file of the senders' public keys (mediaseal-signer-pub-1…, one a line), whose grants are believed; may be given several times. Without it those in
    /// DIR.senders beside the recording are, where that file is; else none is, and no frame of a session opens
    #[arg(long = "sender-signer", value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// Who is believed, and why.
pub(crate) struct Believed {
    pub(crate) signers: Vec<SignerPublic>,
    /// The file beside the recording, if nobody was named.
    pub(crate) beside: Option<PathBuf>,
}

impl Senders {
    /// Finds the senders' keys, and says on standard error where they are from if nobody named them.
    pub(crate) fn find(&self, recording: &Recording, keys: &Keys) -> Result<Believed, Failure> {
        let mut files = self.files.clone();
        let mut beside = None;
        // Elsewhere there are no sessions.
        if files.is_empty() && recording.header.profile() == Profile::Frames {
            // In the folder itself whoever wrote the recording would name the senders: `.` has its name elsewhere.
            let path = recordings::beside(&recording.path, "senders").or_else(|| {
                let whole = recording.path.canonicalize().ok()?;
                recordings::beside(&whole, "senders")
            });
            if let Some(path) = path.filter(|path| path.is_file()) {
                note(&format!(
                    "the senders' keys are those in {}: whoever can write there says who sent; --sender-signer names those you trust",
                    path.display()
                ));
                files.push(path.clone());
                beside = Some(path);
            } else if keys.shared_by.is_empty() {
                note(
                    "no sender's public key is known, so no grant is believed: --sender-signer names them",
                );
            }
        }
        let mut signers = Vec::new();
        for file in &files {
            signers.extend(signers_public(file)?);
        }
        for file in &keys.shared_by {
            signers.push(signer_public(file)?);
        }
        Ok(Believed { signers, beside })
    }
}

/// Reads all identities that were given.
pub(crate) fn identities(keys: &Keys) -> Result<Vec<Identity>, Failure> {
    let passphrase = keys.passphrase()?;
    let mut all = Vec::new();
    for file in &keys.identities {
        all.extend(keys.identities_of(file, passphrase.as_ref())?);
    }
    Ok(all)
}
