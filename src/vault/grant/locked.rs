//! Secret keys under a passphrase: what a key file holds that is not read by who finds it.
//!
//! ```text
//! locked = u16(KEM; 0 of a signer) ‖ passphrase stanza of the secret key, its purpose label ‖ u16(KEM), its region empty
//! ```

use super::error::GrantError;
use super::identity::Identity;
use super::kem::Kem;
use super::octets::Reader;
use super::passphrase::PassphraseStanza;
use super::signer::Signer;
use super::text::{self, Kind};
use crate::keys::PassphraseParams;
use crate::keys::schedule::{LOCKED_IDENTITY, LOCKED_SIGNER};
use crate::vault::{Dek, WrapContext};

/// A passphrase stanza with the longest PHC string: costs of 7 and 2 digits, a salt of 64 octets.
const MAX_LEN: usize = 2 + 1 + 2 + 128 + 32 + 24 + 48;

const IDENTITY: Kind = Kind {
    prefix: "mediaseal-locked-id-1",
    label: LOCKED_IDENTITY,
    max_len: MAX_LEN,
};
const SIGNER: Kind = Kind {
    prefix: "mediaseal-locked-signer-1",
    label: LOCKED_SIGNER,
    max_len: MAX_LEN,
};

impl Identity {
    /// Returns the key under a passphrase of 1 to 1024 octets, as text: "mediaseal-locked-id-1" and base32. Takes the memory and time that `params` say; take new
    /// ones for each ([`PassphraseParams::generate`]).
    ///
    /// # Errors
    /// As [`PassphraseStanza::seal`].
    pub fn lock(&self, passphrase: &str, params: PassphraseParams) -> Result<String, GrantError> {
        let key = Dek::from_bytes(self.secret_octets());
        lock(&IDENTITY, self.kem().id(), &key, passphrase, params)
    }

    /// Reads what [`lock`](Self::lock) wrote.
    ///
    /// # Errors
    /// [`GrantError::Text`] if it is none; [`GrantError::Passphrase`] if the passphrase is another; [`GrantError::UnknownKem`] for a KEM that is not
    /// offered.
    pub fn unlock(text: &str, passphrase: &str) -> Result<Self, GrantError> {
        let (kem, key) = unlock(&IDENTITY, text, passphrase)?;
        Self::from_bytes(Kem::from_id(kem)?, key.expose())
    }
}

impl Signer {
    /// Returns the key under a passphrase, as [`Identity::lock`] does: "mediaseal-locked-signer-1" and base32.
    ///
    /// # Errors
    /// As [`PassphraseStanza::seal`].
    pub fn lock(&self, passphrase: &str, params: PassphraseParams) -> Result<String, GrantError> {
        let key = Dek::from_bytes(self.secret_octets());
        lock(&SIGNER, 0, &key, passphrase, params)
    }

    /// Reads what [`lock`](Self::lock) wrote.
    ///
    /// # Errors
    /// [`GrantError::Text`] if it is none; [`GrantError::Passphrase`] if the passphrase is another.
    pub fn unlock(text: &str, passphrase: &str) -> Result<Self, GrantError> {
        match unlock(&SIGNER, text, passphrase)? {
            (0, key) => Ok(Self::from_bytes(key.expose())),
            _ => Err(GrantError::Text),
        }
    }
}

fn lock(
    kind: &Kind,
    kem: u16,
    key: &Dek,
    passphrase: &str,
    params: PassphraseParams,
) -> Result<String, GrantError> {
    let stanza = PassphraseStanza::seal(key, passphrase, params, &context(kind, kem))?;
    let octets = [&kem.to_be_bytes()[..], &stanza.to_bytes()?].concat();
    Ok(text::encode(kind, &octets).to_string())
}

fn unlock(kind: &Kind, text: &str, passphrase: &str) -> Result<(u16, Dek), GrantError> {
    let octets = text::decode(kind, text)?;
    let mut reader = Reader::new(&octets);
    let kem = reader.u16()?;
    let stanza = PassphraseStanza::from_bytes(reader.rest())?;
    Ok((kem, stanza.open(passphrase, &context(kind, kem))?))
}

fn context(kind: &Kind, kem: u16) -> WrapContext {
    WrapContext {
        purpose: [kind.label.as_bytes(), &kem.to_be_bytes()].concat(),
        region: String::new(),
    }
}
