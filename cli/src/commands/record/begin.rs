//! What a recording begins with: its owners, the recorder's key, and the keys that are made where there are none.

use std::path::PathBuf;
use std::sync::Arc;

use mediaseal::vault::SystemClock;
use mediaseal::vault::grant::{Identity, Kem, Signer};
use mediaseal::vault::recording::{
    Cobblestone, LocalStorage, NewRecording, Profile, RecordingError, Writer,
};

use super::Arguments;
use crate::input;
use crate::key_files::{self, write_new};
use crate::outcome::{Failure, note};
use crate::recordings;

impl Arguments {
    /// Makes keys that are not there, and begins the recording.
    pub(super) fn begin(&self, profile: Profile) -> Result<Writer, Failure> {
        let is_used = std::fs::read_dir(&self.folder).is_ok_and(|mut dir| dir.next().is_some());
        if is_used || self.folder.is_file() {
            return Err(Failure::Usage(format!(
                "{}: something is there already; a recording begins in a folder of its own",
                self.folder.display()
            )));
        }
        let mut owners = Vec::new();
        for path in &self.owner {
            owners.extend(key_files::recipients(path)?);
        }
        let there = self.beside("owner.pub")?;
        if owners.is_empty() && there.exists() {
            return Err(Failure::Usage(format!(
                "{}: an owner of this name is there already; --owner {0} records to him",
                there.display()
            )));
        }
        let signer = Arc::new(self.signer()?);
        let public = self.beside("pub")?;
        let text = format!("{}\n", signer.public());
        // It may be there of an earlier recording of this name.
        if !std::fs::read_to_string(&public).is_ok_and(|there| there == text) {
            write_new(&public, &[text.as_bytes()], false)?;
        }
        if owners.is_empty() {
            owners.push(self.new_owner()?.recipient().clone());
        }
        let failed = |error: RecordingError| recordings::failed(&self.folder, &error);
        let mut new = NewRecording::draw(
            profile,
            Cobblestone::default(),
            &self.region,
            signer,
            &SystemClock,
        )
        .map_err(failed)?;
        for owner in &owners {
            new.add_recipient(owner)
                .map_err(|error| failed(error.into()))?;
        }
        let storage = LocalStorage::create(&self.folder)
            .map_err(|error| input::unreadable(&self.folder, &error))?;
        new.start(Arc::new(storage), Arc::new(SystemClock))
            .map_err(failed)
    }

    /// A file beside the recording, never in it: who gets the folder must not get its keys.
    fn beside(&self, end: &str) -> Result<PathBuf, Failure> {
        recordings::beside(&self.folder, end).ok_or_else(|| {
            Failure::Usage(format!(
                "{}: a recording has a name, because its keys lie beside its folder under that name; this path ends in none",
                self.folder.display()
            ))
        })
    }

    fn signer(&self) -> Result<Signer, Failure> {
        let path = match &self.signer_key {
            Some(path) => path.clone(),
            None => self.beside("signer.key")?,
        };
        if path.exists() {
            let passphrase = self.passphrase_file.as_deref();
            let passphrase = passphrase.map(key_files::passphrase).transpose()?;
            return key_files::signer(&path, passphrase.as_ref().map(|text| text.as_str()));
        }
        let signer = Signer::generate().map_err(|error| Failure::Unreadable(error.to_string()))?;
        let text = signer.to_text();
        write_new(&path, &[text.as_bytes(), b"\n"], true)?;
        note(&format!(
            "made a key for this recorder: {}; keep it, and use it again",
            path.display()
        ));
        Ok(signer)
    }

    fn new_owner(&self) -> Result<Identity, Failure> {
        let owner = Identity::generate(Kem::X25519)
            .map_err(|error| Failure::Unreadable(error.to_string()))?;
        let (key, public) = (self.beside("owner.key")?, self.beside("owner.pub")?);
        write_new(&key, &[owner.to_text().as_bytes(), b"\n"], true)?;
        let recipient = owner.recipient().to_string();
        write_new(&public, &[recipient.as_bytes(), b"\n"], false)?;
        note(&format!(
            "made a key pair for the owner: {} opens the recording, and nothing else does; {} is its public half",
            key.display(),
            public.display()
        ));
        Ok(owner)
    }
}
