//! How a recording begins: its key is drawn, its owners are named, its files are made.

use std::fmt;
use std::sync::Arc;

use super::cobblestone::Cobblestone;
use super::envelope::wrap_context;
use super::error::{RecordingError, io_at};
use super::header::{Header, Profile};
use super::manifest::{CHECKPOINTS, ENVELOPE, HEADER, MANIFEST, Manifest, NEW};
use super::recover::lock;
use super::storage::Storage;
use super::writer::Writer;
use crate::keys::PassphraseParams;
use crate::vault::grant::{Envelope, GrantError, Recipient, Signer};
use crate::vault::{Clock, Dek, KekWrapper};

/// A recording that is about to begin: its key was drawn, and its owners are named.
pub struct NewRecording {
    header: Header,
    dek: Dek,
    envelope: Envelope,
    signer: Arc<Signer>,
}

impl NewRecording {
    /// Draws the id and the DEK of a recording. `signer` is the recorder's: it signs the checkpoints. `region` says where the key may be used, and
    /// is empty where it is nowhere bound.
    ///
    /// # Errors
    /// [`Error::EntropyUnavailable`](crate::Error::EntropyUnavailable); [`RecordingError::Unsupported`] for a region of over
    /// [`Header::MAX_REGION`] octets.
    pub fn draw(
        profile: Profile,
        aead: Cobblestone,
        region: &str,
        signer: Arc<Signer>,
        clock: &dyn Clock,
    ) -> Result<Self, RecordingError> {
        let dek = Dek::generate()?;
        let signed_by = *signer.public().as_bytes();
        let header = Header::new(clock.unix_micros(), profile, aead, region, signed_by, &dek)?;
        Ok(Self {
            header,
            dek,
            envelope: Envelope::new(),
            signer,
        })
    }

    /// What the recording says of itself.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The key, for who wraps it in a way of his own.
    #[must_use]
    pub const fn dek(&self) -> &Dek {
        &self.dek
    }

    /// Adds an owner: the DEK is sealed to him, and signed by the recorder.
    ///
    /// # Errors
    /// As [`Envelope::add_recipient`].
    pub fn add_recipient(&mut self, owner: &Recipient) -> Result<(), GrantError> {
        let context = wrap_context(&self.header);
        self.envelope
            .add_recipient(&self.dek, owner, &self.signer, &context)
    }

    /// Adds a key encryption key: its provider wraps the DEK.
    ///
    /// # Errors
    /// As [`Envelope::add_provider`].
    pub fn add_provider(&mut self, wrapper: &dyn KekWrapper) -> Result<(), GrantError> {
        let context = wrap_context(&self.header);
        self.envelope.add_provider(&self.dek, wrapper, &context)
    }

    /// Adds a passphrase.
    ///
    /// # Errors
    /// As [`Envelope::add_passphrase`].
    pub fn add_passphrase(
        &mut self,
        passphrase: &str,
        params: PassphraseParams,
    ) -> Result<(), GrantError> {
        let context = wrap_context(&self.header);
        self.envelope
            .add_passphrase(&self.dek, passphrase, params, &context)
    }

    /// Begins it in `storage`, which holds no recording.
    ///
    /// # Errors
    /// [`RecordingError::NoOwner`] if nobody was added who could open it; [`RecordingError::AlreadyThere`] if there is a recording;
    /// [`RecordingError::Busy`] if one is being begun.
    pub fn start(
        self,
        storage: Arc<dyn Storage>,
        clock: Arc<dyn Clock>,
    ) -> Result<Writer, RecordingError> {
        if self.envelope.stanzas().is_empty() {
            return Err(RecordingError::NoOwner);
        }
        let envelope = self.envelope.to_bytes()?;
        let is_there = storage.list().map_err(io_at("."))?;
        if is_there.iter().any(|name| name == HEADER) {
            return Err(RecordingError::AlreadyThere);
        }
        let lock = lock(&*storage)?;
        // The header comes last: a recording that has one is whole.
        let new = format!("{HEADER}{NEW}");
        let files: [(&str, &[u8]); 4] = [
            (&new, self.header.octets()),
            (ENVELOPE, &envelope),
            (MANIFEST, &[]),
            (CHECKPOINTS, &[]),
        ];
        clear(&*storage, &files)?;
        for (name, octets) in files {
            storage.create_new(name, octets).map_err(io_at(name))?;
            storage.sync(name).map_err(io_at(name))?;
        }
        storage.sync_names().map_err(io_at("."))?;
        storage.rename(&new, HEADER).map_err(io_at(HEADER))?;
        storage.sync_names().map_err(io_at("."))?;
        let manifest = Manifest::of(&self.header);
        let key = self.header.input_key(&self.dek)?;
        Ok(Writer::new(
            storage,
            lock,
            clock,
            self.header,
            key,
            self.signer,
            manifest,
        ))
    }
}

impl fmt::Debug for NewRecording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewRecording")
            .field("header", &self.header)
            .finish_non_exhaustive()
    }
}

/// Takes away what is left of a recording whose beginning was cut short. Where anything was recorded there is a header.
fn clear(storage: &dyn Storage, files: &[(&str, &[u8])]) -> Result<(), RecordingError> {
    let names = storage.list().map_err(io_at("."))?;
    for name in &names {
        let is_recording = name == HEADER || name.ends_with(".seg");
        let must_be_empty = name == MANIFEST || name == CHECKPOINTS;
        if is_recording || (must_be_empty && storage.len(name).map_err(io_at(name))? > 0) {
            return Err(RecordingError::AlreadyThere);
        }
    }
    for (name, _) in files {
        if names.iter().any(|there| there == name) {
            storage.delete(name).map_err(io_at(name))?;
        }
    }
    Ok(())
}
