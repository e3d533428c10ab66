//! `mediaseal rewrap`.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use data_encoding::HEXLOWER_PERMISSIVE;
use mediaseal::vault::grant::{Recipient, RecipientId};
use serde::Serialize;

use crate::key_files;
use crate::outcome::{Failure, Verdict, json};
use crate::recordings::{Keys, Recording, Trust};
use crate::sessions::{self, Senders};
use crate::sharing::{self, Shared, SharedBy};

const EXAMPLES: &str = "\
What is recorded stays as it is, and so does what `mediaseal verify` says of it. People are removed without any key of the recording; who comes in their place is
sealed the key by somebody who can open it, as with `mediaseal share`, and if a session cannot be shared with them nobody is removed. Under a key encryption
key of a provider, the provider wraps the key anew: under the current version, if the store of custody lets it (--store), and after the audit log has it.

Who was removed keeps what he opened or copied before: his part of the envelope too, if he has a copy of it. For that there is no remedy but to destroy
every copy.

Exit status: 0 done; 1 done, but for sessions that only those who were removed can open (--leave-sessions), or nobody was removed, as you cannot open some;
2 the command line is not good, or sessions would be left to nobody else; 3 it failed, and another try goes on where this one did.

Examples:
  mediaseal rewrap call-17 --remove alice.pub                                         Alice leaves
  mediaseal rewrap call-17 --remove alice.pub --with bob.pub -i me.key                and Bob comes in her place
  mediaseal rewrap call-17 --provider file:keks --passphrase-file p --store custody.db --audit log --audit-signer log.signer --to-version 2
                                                                                      the key encryption key was rotated";

/// Change who can open a recording: people, or the key encryption keys of providers
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The recording, whose recorder is done
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Who shall not open it any more: a file of public keys, or a recipient's id as `mediaseal info` has it; may be given several times
    #[arg(long, value_name = "FILE|ID")]
    remove: Vec<String>,
    /// Who shall open it from now on: a file of public keys; may be given several times, and needs a key that opens the recording
    #[arg(long, value_name = "FILE")]
    with: Vec<PathBuf>,
    /// The version of the key encryption key that --provider shall wrap it under
    #[arg(long, value_name = "NUMBER", requires = "url")]
    to_version: Option<u32>,
    /// The key encryption key that --provider shall wrap it under, if it is another than now
    #[arg(long, value_name = "ID", requires = "to_version")]
    to_kek: Option<String>,
    /// Remove people though sessions are left that they alone can open, and go on being able to
    #[arg(long, requires = "remove")]
    leave_sessions: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    trust: Trust,
    #[command(flatten)]
    senders: Senders,
    #[command(flatten)]
    by: SharedBy,
    #[command(flatten)]
    keys: Keys,
}

/// What was done, as JSON has it: names here are for ever.
#[derive(Serialize)]
struct Report {
    shared: Option<Shared>,
    /// Recipients that were in, and are not any more.
    removed: usize,
    /// Recipients that stay in, since sessions could not be shared with those who come in their place.
    not_removed: usize,
    /// Sessions that they alone can open.
    sessions_of_removed: usize,
    /// Keys that the provider wrapped anew.
    rewrapped: usize,
}

impl Arguments {
    pub(crate) fn run(&self, out: &mut dyn Write) -> Result<Verdict, Failure> {
        if self.remove.is_empty() && self.with.is_empty() && self.to_version.is_none() {
            let what = "there is nothing to do: --remove, --with or --to-version says what";
            return Err(Failure::Usage(what.to_owned()));
        }
        let recording = Recording::open(&self.folder)?;
        let mut gone = Vec::new();
        for who in &self.remove {
            gone.extend(ids(who)?);
        }
        let in_it = sharing::recipients(&recording)?;
        if let Some(stranger) = gone.iter().find(|id| !in_it.contains(id)) {
            return Err(Failure::Usage(format!(
                "{stranger} cannot open it anyway: it is for {}",
                recording.owners()
            )));
        }
        self.check(&recording, &gone)?;
        // Those who come first, so that somebody can open it at any time.
        let shared = if self.with.is_empty() {
            None
        } else {
            Some(self.share(&recording)?)
        };
        let rewrapped = match self.to_version {
            Some(version) => self.rewrap(&recording, version)?,
            None => 0,
        };
        // Who goes may be the last who can give the others what they do not have yet.
        let is_shared = |shared: &Shared| shared.sessions_not_shared.is_empty();
        let stays = !gone.is_empty() && !shared.as_ref().is_none_or(is_shared);
        let alone = if gone.is_empty() || stays {
            0
        } else {
            sharing::remove(&recording, &gone)?
        };
        let report = Report {
            shared,
            removed: if stays { 0 } else { gone.len() },
            not_removed: if stays { gone.len() } else { 0 },
            sessions_of_removed: alone,
            rewrapped,
        };
        if self.json {
            json(out, &report)?;
        } else {
            report.write_text(out)?;
        }
        let is_whole = report.shared.as_ref().is_none_or(is_shared) && alone == 0;
        Ok(if is_whole {
            Verdict::Well
        } else {
            Verdict::Faults
        })
    }

    /// Refuses what would leave sessions to nobody but those who go.
    fn check(&self, recording: &Recording, gone: &[RecipientId]) -> Result<(), Failure> {
        for path in &self.with {
            let recipients = key_files::recipients(path)?;
            let mut coming = recipients.iter().map(Recipient::id);
            if let Some(both) = coming.find(|id| gone.contains(id)) {
                return Err(Failure::Usage(format!(
                    "{both} is to come and to go: --with and --remove"
                )));
            }
        }
        // Those who come have every session, or nobody goes.
        if gone.is_empty() || !self.with.is_empty() || self.leave_sessions {
            return Ok(());
        }
        match sharing::alone(recording, gone)? {
            0 => Ok(()),
            alone => Err(Failure::Usage(format!(
                "{}: {alone} sessions can be opened by nobody else, and nobody was removed: --with names who comes in their place, \
                 --leave-sessions removes them from the rest",
                recording.path.display()
            ))),
        }
    }

    fn share(&self, recording: &Recording) -> Result<Shared, Failure> {
        let mut recipients = Vec::new();
        for path in &self.with {
            recipients.extend(key_files::recipients(path)?);
        }
        let dek = recording.dek(&self.keys, &self.trust)?;
        // Whose header it is was not authenticated before.
        drop(recording.reader(&dek)?);
        let identities = sessions::identities(&self.keys)?;
        let believed = self.senders.find(recording, &self.keys)?;
        let (signer, public) = self.by.signer(&self.keys)?;
        let signers = &believed.signers;
        let mut shared =
            sharing::share(recording, &dek, &identities, signers, &recipients, &signer)?;
        shared.signed_by_file = Some(public.display().to_string());
        Ok(shared)
    }

    #[cfg(not(feature = "custody"))]
    fn rewrap(&self, _: &Recording, _: u32) -> Result<usize, Failure> {
        // It says why there is none.
        self.keys.provider.open(None).map(|kek| match kek {})
    }

    /// Has the provider wrap each of its keys anew: it does not come out of it here.
    #[cfg(feature = "custody")]
    fn rewrap(&self, recording: &Recording, version: u32) -> Result<usize, Failure> {
        use mediaseal::vault::custody::KekRef;
        use mediaseal::vault::grant::Stanza;
        use mediaseal::vault::recording::{RecordingError, change_envelope, wrap_context};

        use crate::table::plain;

        /// Why the envelope stays as it is.
        enum Stop {
            Said(Failure),
            Recording(RecordingError),
        }

        impl From<RecordingError> for Stop {
            fn from(error: RecordingError) -> Self {
                Self::Recording(error)
            }
        }

        let context = wrap_context(&recording.header);
        let passphrase = self.keys.passphrase()?;
        let asked = self.keys.provider.ask(passphrase.as_ref())?;
        let changed = change_envelope(&*recording.storage, |there| {
            let of_provider = |stanza: &Stanza| match stanza {
                Stanza::Provider(wrapped) if asked.kek.is_of(wrapped) => Some(wrapped.clone()),
                _ => None,
            };
            let wrapped: Vec<_> = there.stanzas().iter().filter_map(of_provider).collect();
            if wrapped.is_empty() {
                return Err(Stop::Said(Failure::Usage(format!(
                    "the provider wrapped no key of it: it is for {}",
                    recording.owners()
                ))));
            }
            for old in &wrapped {
                let to = KekRef {
                    id: { &self.to_kek }
                        .clone()
                        .unwrap_or_else(|| old.kek_id.clone()),
                    version,
                };
                let new = asked.rewrap(&to, old, &context).map_err(|why| {
                    Stop::Said(Failure::Unreadable(format!(
                        "{}: the provider does not wrap it under {to}: {}",
                        recording.path.display(),
                        plain(&why)
                    )))
                })?;
                there.replace(old, new).map_err(RecordingError::from)?;
            }
            Ok(wrapped.len())
        });
        let closed = asked.close();
        let changed = changed.map_err(|stop| match stop {
            Stop::Said(failure) => failure,
            Stop::Recording(error) => sharing::explain(recording, &error),
        })?;
        closed.map(|()| changed)
    }
}

/// The recipients that a file or an id names.
fn ids(who: &str) -> Result<Vec<RecipientId>, Failure> {
    let octets = HEXLOWER_PERMISSIVE.decode(who.as_bytes()).ok();
    match octets.map(<[u8; 32]>::try_from) {
        Some(Ok(octets)) => Ok(vec![RecipientId::from_bytes(octets)]),
        _ => {
            let recipients = key_files::recipients(who.as_ref())?;
            Ok(recipients.iter().map(Recipient::id).collect())
        }
    }
}

impl Report {
    fn write_text(&self, out: &mut dyn Write) -> std::io::Result<()> {
        if let Some(shared) = &self.shared {
            shared.write_text(out)?;
        }
        if self.rewrapped > 0 {
            let keys = self.rewrapped;
            writeln!(
                out,
                "{keys} wrapped keys are under the new key encryption key; the old ones open copies until that is destroyed"
            )?;
        }
        if self.removed > 0 {
            let removed = self.removed;
            writeln!(
                out,
                "{removed} removed, who keep what they opened or copied before"
            )?;
        }
        if self.not_removed > 0 {
            writeln!(
                out,
                "nobody was removed: not every session could be shared with those who come"
            )?;
        }
        if self.sessions_of_removed > 0 {
            let sessions = self.sessions_of_removed;
            writeln!(
                out,
                "not changed: {sessions} sessions were granted to them alone"
            )?;
        }
        Ok(())
    }
}
