//! A DEK under a passphrase: Argon2id, then XAES-256-GCM.
//!
//! ```text
//! kek(32) ‖ commitment(32) = HKDF-Expand-SHA256(Argon2id(passphrase, PHC string), "mediaseal v1 passphrase stanza", 64)
//! stanza = u8(1) ‖ lp(PHC string) ‖ commitment(32) ‖ nonce(24) ‖ XAES-256-GCM(kek, nonce, AAD = context, DEK)(48)
//! ```
//!
//! The commitment keeps a stanza from being made that opens under several passphrases at once.

use core::fmt;

use subtle::ConstantTimeEq;
use xaes_256_gcm::aead::{AeadInOut, KeyInit};
use xaes_256_gcm::{Nonce, Tag, Xaes256Gcm};

use super::error::GrantError;
use super::octets::{Reader, push_lp};
use crate::cipher::Hash;
use crate::cipher::kdf;
use crate::error::{Error, Misuse};
use crate::keys::schedule::PASSPHRASE_STANZA;
use crate::keys::secret::{Secret, with_wiped_stack};
use crate::keys::{ChannelKey, PassphraseParams};
use crate::vault::{Dek, WrapContext};

const VERSION: u8 = 1;
const COMMITMENT_LEN: usize = 32;
const NONCE_LEN: usize = 24;
const TAG_LEN: usize = 16;

/// A DEK under a passphrase. What it costs to try one is said by its PHC string.
#[derive(Clone, PartialEq, Eq)]
pub struct PassphraseStanza {
    params: PassphraseParams,
    commitment: [u8; COMMITMENT_LEN],
    nonce: [u8; NONCE_LEN],
    sealed: [u8; Dek::LEN + TAG_LEN],
}

impl PassphraseStanza {
    /// Seals `dek` under a passphrase of 1 to 1024 octets. Takes the memory and time that `params` say, whose salt is new for each stanza.
    ///
    /// # Errors
    /// [`Misuse::PassphraseLength`] for other lengths; [`Error::OutOfMemory`], [`Error::EntropyUnavailable`] for what the system has not.
    pub fn seal(
        dek: &Dek,
        passphrase: &str,
        params: PassphraseParams,
        context: &WrapContext,
    ) -> Result<Self, GrantError> {
        let aad = authenticated(&params, context)?;
        let (kek, commitment) = derive(passphrase, &params)?;
        let mut nonce = [0; NONCE_LEN];
        getrandom::fill(&mut nonce).map_err(|_| Error::EntropyUnavailable)?;
        let mut key = Secret::<{ Dek::LEN }>::zeroed();
        key.expose_mut().copy_from_slice(dek.expose());
        let tag = with_wiped_stack(|| {
            cipher(&kek).encrypt_inout_detached(
                &Nonce::from(nonce),
                &aad,
                key.expose_mut().as_mut_slice().into(),
            )
        })
        .map_err(|_| GrantError::TooLong)?;
        let mut sealed = [0; Dek::LEN + TAG_LEN];
        sealed[..Dek::LEN].copy_from_slice(key.expose());
        sealed[Dek::LEN..].copy_from_slice(&tag);
        Ok(Self {
            params,
            commitment: *commitment.expose(),
            nonce,
            sealed,
        })
    }

    /// Opens it.
    ///
    /// # Errors
    /// [`GrantError::Passphrase`] if the passphrase is another, or the stanza was altered or is of another place; else as [`seal`](Self::seal).
    pub fn open(&self, passphrase: &str, context: &WrapContext) -> Result<Dek, GrantError> {
        let aad = authenticated(&self.params, context)?;
        let (kek, commitment) = derive(passphrase, &self.params)?;
        if !bool::from(commitment.expose().ct_eq(&self.commitment)) {
            return Err(GrantError::Passphrase);
        }
        let (sealed, tag) = self
            .sealed
            .split_first_chunk::<{ Dek::LEN }>()
            .ok_or(GrantError::Malformed)?;
        let tag = Tag::try_from(tag).map_err(|_| GrantError::Malformed)?;
        let mut key = Secret::<{ Dek::LEN }>::zeroed();
        key.expose_mut().copy_from_slice(sealed);
        with_wiped_stack(|| {
            cipher(&kek).decrypt_inout_detached(
                &Nonce::from(self.nonce),
                &aad,
                key.expose_mut().as_mut_slice().into(),
                &tag,
            )
        })
        .map_err(|_| GrantError::Passphrase)?;
        Ok(Dek::from_bytes(key.expose()))
    }

    /// Returns cost and salt.
    #[must_use]
    pub const fn params(&self) -> &PassphraseParams {
        &self.params
    }

    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, GrantError> {
        let mut out = vec![VERSION];
        push_lp(&mut out, self.params.to_string().as_bytes())?;
        out.extend_from_slice(&self.commitment);
        out.extend_from_slice(&self.nonce);
        out.extend_from_slice(&self.sealed);
        Ok(out)
    }

    pub(super) fn from_bytes(octets: &[u8]) -> Result<Self, GrantError> {
        let mut reader = Reader::new(octets);
        let version = reader.u8()?;
        if version != VERSION {
            return Err(GrantError::UnknownVersion { version });
        }
        let phc = reader.lp_text()?;
        let params: PassphraseParams = phc.parse().map_err(|_| GrantError::Malformed)?;
        // One form: what is authenticated is what was read.
        if params.to_string() != phc {
            return Err(GrantError::Malformed);
        }
        let stanza = Self {
            params,
            commitment: *reader.array()?,
            nonce: *reader.array()?,
            sealed: *reader.array()?,
        };
        reader.end()?;
        Ok(stanza)
    }
}

impl fmt::Debug for PassphraseStanza {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PassphraseStanza({})", self.params)
    }
}

/// The context of a passphrase stanza: its PHC string stands for the KEK's id, version 0.
fn authenticated(params: &PassphraseParams, context: &WrapContext) -> Result<Vec<u8>, GrantError> {
    Ok(context.authenticated(&params.to_string(), 0)?)
}

fn cipher(kek: &Secret<32>) -> Xaes256Gcm {
    Xaes256Gcm::new(kek.expose().into())
}

fn derive(
    passphrase: &str,
    params: &PassphraseParams,
) -> Result<(Secret<32>, Secret<COMMITMENT_LEN>), GrantError> {
    let stretched = ChannelKey::from_passphrase(passphrase, params)?.to_bytes();
    with_wiped_stack(|| {
        let mut both = Secret::<64>::zeroed();
        let label = [PASSPHRASE_STANZA.as_bytes()];
        if !kdf::expand(Hash::Sha256, &stretched, &label, both.expose_mut()) {
            return Err(Misuse::PassphraseParams.into());
        }
        let (mut kek, mut commitment) = (Secret::zeroed(), Secret::zeroed());
        kek.expose_mut().copy_from_slice(&both.expose()[..32]);
        commitment
            .expose_mut()
            .copy_from_slice(&both.expose()[32..]);
        Ok((kek, commitment))
    })
    .map_err(GrantError::Core)
}
