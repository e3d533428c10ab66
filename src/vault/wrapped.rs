//! Data encryption keys, and the form in which they are stored: wrapped under a key encryption key.

use std::fmt;

use thiserror::Error;

use crate::error::Error;
use crate::keys::secret::Secret;

/// A data encryption key: 32 octets that seal one recording or one record. Zeroed on drop, never printed.
pub struct Dek(Secret<32>);

impl Dek {
    /// Octets of a key.
    pub const LEN: usize = 32;

    /// Draws a key from the operating system.
    ///
    /// # Errors
    /// [`Error::EntropyUnavailable`] if the system has no random octets.
    pub fn generate() -> Result<Self, Error> {
        let mut key = Secret::zeroed();
        getrandom::fill(key.expose_mut()).map_err(|_| Error::EntropyUnavailable)?;
        Ok(Self(key))
    }

    /// Takes a key from its octets. The caller wipes his own copy.
    #[must_use]
    pub fn from_bytes(octets: &[u8; Self::LEN]) -> Self {
        let mut key = Secret::zeroed();
        key.expose_mut().copy_from_slice(octets);
        Self(key)
    }

    /// The octets, for a wrapper to wrap.
    #[must_use]
    pub fn expose(&self) -> &[u8; Self::LEN] {
        self.0.expose()
    }
}

impl fmt::Debug for Dek {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dek(redacted)")
    }
}

/// What a wrapped key is bound to, beside the KEK's id and version and the region that its wrapper adds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrapContext {
    /// What the key is for: of a recording SHA-256 of its header.
    pub purpose: Vec<u8>,
    /// Where the key may be used; empty where it is nowhere bound.
    pub region: String,
}

impl WrapContext {
    /// The octets that are authenticated with the key (docs/formats/custody.md):
    /// `lp(purpose) ‖ lp(kek id) ‖ u32(kek version) ‖ lp(region)`.
    ///
    /// # Errors
    /// [`WrapError::TooLong`] if a part has over 65,535 octets.
    pub fn authenticated(&self, kek_id: &str, kek_version: u32) -> Result<Vec<u8>, WrapError> {
        let mut octets = Vec::new();
        for (part, end) in [
            (self.purpose.as_slice(), &[][..]),
            (kek_id.as_bytes(), &kek_version.to_be_bytes()[..]),
            (self.region.as_bytes(), &[][..]),
        ] {
            let len = u16::try_from(part.len()).map_err(|_| WrapError::TooLong)?;
            octets.extend_from_slice(&len.to_be_bytes());
            octets.extend_from_slice(part);
            octets.extend_from_slice(end);
        }
        Ok(octets)
    }
}

/// By what a key was wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum WrapAlgorithm {
    /// AES-256-GCM with the context as AAD, a random 96-bit nonce in front.
    Aes256Gcm = 1,
    /// XAES-256-GCM (C2SP) with the context as AAD, a random 192-bit nonce in front.
    XAes256Gcm = 2,
    /// AES-KW (RFC 3394), for modules that only wrap; the context is bound by the key that is wrapped beside it.
    AesKw = 3,
    /// A key management service's own form, its encryption context made of the context.
    Kms = 4,
    /// What a provider of the application does.
    Foreign = 5,
}

/// A key as it is stored: wrapped, with everything that is needed to find who can unwrap it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedKey {
    /// The provider that wrapped it, by its name in URLs: `file`, `pkcs11`, `awskms`, `keychain`, or an application's.
    pub provider: String,
    /// The key encryption key's id there.
    pub kek_id: String,
    /// Its version.
    pub kek_version: u32,
    /// By what it was wrapped.
    pub algorithm: WrapAlgorithm,
    /// Where it may be used.
    pub region: String,
    /// SHA-256 of the authenticated context, to tell a key of elsewhere before anybody is asked.
    pub context_hash: [u8; 32],
    /// What the wrapper made.
    pub octets: Vec<u8>,
}

/// Why a key was not wrapped or unwrapped.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WrapError {
    /// A name or context is longer than its length field can say.
    #[error("a name or context has over 65,535 octets")]
    TooLong,
    /// The key was wrapped for another place, or by another key encryption key, or altered.
    #[error("the key was not wrapped for this place by this key encryption key, or was altered")]
    DoesNotAuthenticate,
    /// What shall be a wrapped key is none.
    #[error("no wrapped key: octet {at} does not belong there")]
    Malformed {
        /// Where it departs from the form, counted from 0.
        at: usize,
    },
    /// The wrapper could not do it: what it says is here.
    #[error("{0}")]
    Provider(Box<dyn std::error::Error + Send + Sync>),
    /// The library's core could not do it.
    #[error(transparent)]
    Core(#[from] Error),
}

/// One key encryption key of some provider, as recordings and records use it.
pub trait KekWrapper: Send + Sync {
    /// Wraps `dek` for `context`.
    ///
    /// # Errors
    /// What the provider says, a refusal by policy, state or authorizer included.
    fn wrap(&self, dek: &Dek, context: &WrapContext) -> Result<WrappedKey, WrapError>;

    /// Opens `wrapped`, if it was wrapped for `context`.
    ///
    /// # Errors
    /// [`WrapError::DoesNotAuthenticate`] if it was not; else what the provider says.
    fn unwrap(&self, wrapped: &WrappedKey, context: &WrapContext) -> Result<Dek, WrapError>;
}
