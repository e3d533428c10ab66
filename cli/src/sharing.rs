//! Letting somebody more open a recording: its key, and the keys of its sessions, are sealed to him and signed by who shares.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use mediaseal::vault::Dek;
use mediaseal::vault::grant::{
    GrantError, Identity, Recipient, RecipientId, SessionGrant, SessionKey, Signer, SignerPublic,
};
use mediaseal::vault::recording::{
    RecordingError, change_envelope, change_grant, envelope, grant, granted, wrap_context,
};
use serde::Serialize;

use crate::input;
use crate::key_files::{self, write_new};
use crate::outcome::{Failure, note};
use crate::recordings::{self, Keys, Recording};

/// Who signs what is shared.
#[derive(Args)]
#[command(next_help_heading = "Sharing")]
pub(crate) struct SharedBy {
    /// The secret key that signs what you share (mediaseal-signer-1…); made, with .pub beside, if it is not there
    /// [default: the first --identity with .signer for .key]
    #[arg(long, value_name = "FILE")]
    signing_key: Option<PathBuf>,
}

/// What came of sharing.
#[derive(Default, Serialize)]
pub(crate) struct Shared {
    /// The recipients' ids.
    pub(crate) with: Vec<String>,
    /// Those of others, whom it was given to before: what they have stays as it is.
    pub(crate) already: Vec<String>,
    /// The public key that signed.
    pub(crate) signed_by: Option<String>,
    /// Where that key is, to be given to them.
    pub(crate) signed_by_file: Option<String>,
    /// Sessions whose keys they have now.
    pub(crate) sessions: u64,
    /// Sessions whose keys nobody who was given here could open.
    pub(crate) sessions_not_shared: Vec<String>,
}

impl SharedBy {
    /// Reads the key that signs, or makes one. The other half is the file of its public key.
    pub(crate) fn signer(&self, keys: &Keys) -> Result<(Signer, PathBuf), Failure> {
        let path = match (&self.signing_key, keys.identities.first()) {
            (Some(path), _) => path.clone(),
            (None, Some(identity)) if identity.extension().is_some_and(|end| end == "key") => {
                identity.with_extension("signer")
            }
            (None, Some(identity)) => with_end(identity, ".signer"),
            (None, None) => {
                let what = "--signing-key names the key that signs what you share";
                return Err(Failure::Usage(what.to_owned()));
            }
        };
        let public = with_end(&path, ".pub");
        if path.exists() {
            let passphrase = keys.passphrase()?;
            let passphrase = passphrase.as_ref().map(|text| text.as_str());
            let signer = key_files::signer(&path, passphrase)?;
            if !public.exists() {
                // Whoever made the key did not come so far.
                write_new(
                    &public,
                    &[signer.public().to_string().as_bytes(), b"\n"],
                    false,
                )?;
            }
            return Ok((signer, public));
        }
        let signer = Signer::generate().map_err(|error| Failure::Unreadable(error.to_string()))?;
        write_new(&path, &[signer.to_text().as_bytes(), b"\n"], true)?;
        write_new(
            &public,
            &[signer.public().to_string().as_bytes(), b"\n"],
            false,
        )?;
        note(&format!(
            "made {}, which signs what you share; {} is its public half",
            path.display(),
            public.display()
        ));
        Ok((signer, public))
    }
}

/// Shares a recording with `recipients`: the keys of its sessions first, its own last, so that who can open it can open all that is shared.
pub(crate) fn share(
    recording: &Recording,
    dek: &Dek,
    identities: &[Identity],
    believed: &[SignerPublic],
    recipients: &[Recipient],
    signer: &Signer,
) -> Result<Shared, Failure> {
    let storage = &*recording.storage;
    let failed = |error: RecordingError| explain(recording, &error);
    let mut shared = Shared::default();
    for kid in granted(storage).map_err(failed)? {
        match grant(storage, kid) {
            Ok(Some(there)) if lacking(&there, recipients).is_empty() => continue,
            Ok(Some(_)) => {}
            Ok(None) => continue,
            Err(RecordingError::Grant(_)) => {
                shared.sessions_not_shared.push(kid.to_string());
                continue;
            }
            Err(error) => return Err(failed(error)),
        }
        // As it is then: others may have changed it.
        let changed = change_grant::<_, RecordingError>(storage, kid, |there| {
            let lacking = lacking(there, recipients);
            let open = || -> Option<SessionKey> {
                let opened = |identity| there.open(identity, believed).ok();
                identities.iter().find_map(opened)
            };
            // One for each: a key is not copied.
            let keys: Option<Vec<SessionKey>> = lacking.iter().map(|_| open()).collect();
            let Some(keys) = keys else {
                return Ok(None);
            };
            for (key, recipient) in keys.into_iter().zip(lacking) {
                there.add_owner(key, recipient, signer)?;
            }
            Ok(Some(()))
        });
        match changed.map_err(failed)? {
            Some(()) => shared.sessions += 1,
            None => shared.sessions_not_shared.push(kid.to_string()),
        }
    }
    let context = wrap_context(&recording.header);
    let changed = change_envelope::<_, RecordingError>(storage, |envelope| {
        for recipient in recipients {
            // Who has it from the recorder would then have it from somebody whom he need not know.
            if envelope.recipients().any(|id| id == recipient.id()) {
                shared.already.push(recipient.id().to_string());
                continue;
            }
            envelope.add_recipient(dek, recipient, signer, &context)?;
            shared.with.push(recipient.id().to_string());
        }
        Ok(())
    });
    changed.map_err(failed)?;
    shared.signed_by = Some(signer.public().to_string());
    Ok(shared)
}

impl Shared {
    /// Tells people what came of it.
    pub(crate) fn write_text(&self, out: &mut dyn Write) -> std::io::Result<()> {
        for recipient in &self.with {
            writeln!(out, "shared with {recipient}")?;
        }
        for recipient in &self.already {
            writeln!(
                out,
                "{recipient} could open it before, which stays as it is"
            )?;
        }
        let (sessions, by) = (self.sessions, self.signed_by_file.as_deref());
        if sessions > 0 || !self.with.is_empty() {
            writeln!(
                out,
                "with the keys of {sessions} sessions; who opens it says --shared-by {}",
                by.unwrap_or_default()
            )?;
        }
        for kid in &self.sessions_not_shared {
            writeln!(
                out,
                "not shared: session {kid}, which nothing that was given opens"
            )?;
        }
        Ok(())
    }
}

/// Those who can open the recording, or a session of it.
pub(crate) fn recipients(recording: &Recording) -> Result<BTreeSet<RecipientId>, Failure> {
    let storage = &*recording.storage;
    let failed = |error: RecordingError| explain(recording, &error);
    let mut all: BTreeSet<RecipientId> = recording.envelope.recipients().collect();
    for kid in granted(storage).map_err(failed)? {
        match grant(storage, kid) {
            Ok(Some(there)) => all.extend(there.envelope().recipients()),
            Ok(None) | Err(RecordingError::Grant(_)) => {}
            Err(error) => return Err(failed(error)),
        }
    }
    Ok(all)
}

/// How many sessions nobody but `gone` could open.
pub(crate) fn alone(recording: &Recording, gone: &[RecipientId]) -> Result<usize, Failure> {
    let storage = &*recording.storage;
    let failed = |error: RecordingError| explain(recording, &error);
    let mut alone = 0;
    for kid in granted(storage).map_err(failed)? {
        match grant(storage, kid) {
            Ok(Some(mut there)) => {
                let changes = gone.iter().filter(|id| there.remove_owner(id)).count();
                alone += usize::from(changes > 0 && there.envelope().stanzas().is_empty());
            }
            Ok(None) | Err(RecordingError::Grant(_)) => {}
            Err(error) => return Err(failed(error)),
        }
    }
    Ok(alone)
}

/// Takes owners out again, without any key of the recording: of the sessions, then of the envelope. Returns how many sessions they alone can open, which stay
/// theirs.
pub(crate) fn remove(recording: &Recording, gone: &[RecipientId]) -> Result<usize, Failure> {
    let storage = &*recording.storage;
    let failed = |error: RecordingError| explain(recording, &error);
    let mut before = envelope(storage).map_err(failed)?;
    let is_in = gone.iter().filter(|id| before.remove_recipient(id)).count() > 0;
    if before.stanzas().is_empty() {
        return Err(failed(RecordingError::NoOwner));
    }
    let mut alone = 0;
    for kid in granted(storage).map_err(failed)? {
        match grant(storage, kid) {
            // Nothing of it waits for a recorder.
            Ok(Some(there)) if !there.envelope().recipients().any(|id| gone.contains(&id)) => {
                continue;
            }
            Ok(Some(_)) => {}
            Ok(None) | Err(RecordingError::Grant(_)) => continue,
            Err(error) => return Err(failed(error)),
        }
        let changed = change_grant::<_, RecordingError>(storage, kid, |there| {
            let changes = gone.iter().filter(|id| there.remove_owner(id)).count();
            Ok((changes > 0).then_some(()))
        });
        match changed {
            Err(RecordingError::NoOwner) => alone += 1,
            changed => drop(changed.map_err(failed)?),
        }
    }
    if is_in {
        let changed = change_envelope::<_, RecordingError>(storage, |envelope| {
            for id in gone {
                envelope.remove_recipient(id);
            }
            Ok(())
        });
        changed.map_err(failed)?;
    }
    Ok(alone)
}

fn lacking<'a>(there: &SessionGrant, recipients: &'a [Recipient]) -> Vec<&'a Recipient> {
    let is_in = |to: &&Recipient| there.envelope().recipients().any(|id| id == to.id());
    recipients.iter().filter(|to| !is_in(to)).collect()
}

/// Says what the library says, so that one can act on it.
pub(crate) fn explain(recording: &Recording, error: &RecordingError) -> Failure {
    let path = &recording.path;
    match error {
        RecordingError::Busy => input::unreadable(
            path,
            &"a recorder is at work on it: this waits until it is closed",
        ),
        RecordingError::Changing => input::unreadable(
            path,
            &"somebody else is changing who can open it: try again",
        ),
        RecordingError::NoOwner => Failure::Usage(format!(
            "{}: nobody could open it then: `mediaseal shred` does that",
            path.display()
        )),
        RecordingError::Grant(GrantError::TooLong) => {
            input::unreadable(path, &"it has as many owners as a recording takes")
        }
        error => recordings::failed(path, error),
    }
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(end);
    path.into()
}
