//! Who hands keys out, and who signs what a recorder wrote: Ed25519 (RFC 8032).

use core::fmt;
use core::str::FromStr;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use zeroize::Zeroizing;

use super::error::GrantError;
use super::text::{self, Kind};
use crate::error::Error;
use crate::keys::schedule::{SIGNER_TEXT, VERIFIER_TEXT};
use crate::keys::secret::{Secret, with_wiped_stack};

const SECRET_TEXT: Kind = Kind {
    prefix: "mediaseal-signer-1",
    label: SIGNER_TEXT,
    max_len: Signer::LEN,
};
const PUBLIC_TEXT: Kind = Kind {
    prefix: "mediaseal-signer-pub-1",
    label: VERIFIER_TEXT,
    max_len: SignerPublic::LEN,
};

/// The secret half of a signing key pair.
///
/// Zeroed on drop, redacted in `Debug`, not `Clone`.
pub struct Signer {
    seed: Secret<{ Self::LEN }>,
    public: SignerPublic,
}

impl Signer {
    /// Octets of a secret key.
    pub const LEN: usize = 32;
    /// Octets of a signature.
    pub const SIGNATURE_LEN: usize = 64;

    /// Draws a key pair from the operating system.
    ///
    /// # Errors
    /// [`Error::EntropyUnavailable`] if the system has no random octets.
    pub fn generate() -> Result<Self, Error> {
        let mut seed = Secret::zeroed();
        getrandom::fill(seed.expose_mut()).map_err(|_| Error::EntropyUnavailable)?;
        Ok(Self::new(seed))
    }

    /// Takes a secret key (the seed of RFC 8032 section 5.1.5) from its octets. The caller wipes his own copy.
    #[must_use]
    pub fn from_bytes(octets: &[u8; Self::LEN]) -> Self {
        let mut seed = Secret::zeroed();
        seed.expose_mut().copy_from_slice(octets);
        Self::new(seed)
    }

    fn new(seed: Secret<{ Self::LEN }>) -> Self {
        let public = with_wiped_stack(|| {
            SignerPublic(SigningKey::from_bytes(seed.expose()).verifying_key())
        });
        Self { seed, public }
    }

    /// Returns the public half.
    #[must_use]
    pub const fn public(&self) -> &SignerPublic {
        &self.public
    }

    /// Signs `message` (RFC 8032, deterministic). What is signed begins with a text of its own for each purpose, so that no signature serves two.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; Self::SIGNATURE_LEN] {
        with_wiped_stack(|| {
            SigningKey::from_bytes(self.seed.expose())
                .sign(message)
                .to_bytes()
        })
    }

    /// Returns the key text, wiped when dropped: "mediaseal-signer-1" and base32 of the octets and a checksum (docs/formats/grants.md).
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        text::encode(&SECRET_TEXT, self.seed.expose())
    }

    pub(super) fn secret_octets(&self) -> &[u8; Self::LEN] {
        self.seed.expose()
    }

    /// Reads a key text, in time that depends on its length alone.
    ///
    /// # Errors
    /// [`GrantError::Text`] if it is none.
    pub fn from_text(text: &str) -> Result<Self, GrantError> {
        let octets = text::decode(&SECRET_TEXT, text)?;
        let octets = octets.as_slice().try_into().map_err(|_| GrantError::Text)?;
        Ok(Self::from_bytes(octets))
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer")
            .field("public", &self.public)
            .finish_non_exhaustive()
    }
}

/// The public half of a signing key pair. As text (`to_string`, `parse`) it is "mediaseal-signer-pub-1" and base32.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SignerPublic(VerifyingKey);

impl SignerPublic {
    /// Octets of a public key.
    pub const LEN: usize = 32;

    /// Takes a public key from its octets (RFC 8032 section 5.1.5).
    ///
    /// # Errors
    /// [`GrantError::Key`] if they are no point of the curve in its one form, or one of low order, under which anybody could sign.
    pub fn from_bytes(octets: &[u8; Self::LEN]) -> Result<Self, GrantError> {
        let key = VerifyingKey::from_bytes(octets).map_err(|_| GrantError::Key)?;
        let is_canonical = key.to_edwards().compress().as_bytes() == octets;
        if key.is_weak() || !is_canonical {
            return Err(GrantError::Key);
        }
        Ok(Self(key))
    }

    /// Returns the octets.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; Self::LEN] {
        self.0.as_bytes()
    }

    /// Verifies a signature of `message`, strictly: one signature has one form, and small components are refused.
    ///
    /// # Errors
    /// [`GrantError::Signature`] if it is not this signer's.
    pub fn verify(
        &self,
        message: &[u8],
        signature: &[u8; Signer::SIGNATURE_LEN],
    ) -> Result<(), GrantError> {
        self.0
            .verify_strict(message, &Signature::from_bytes(signature))
            .map_err(|_| GrantError::Signature)
    }
}

impl fmt::Display for SignerPublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text::encode(&PUBLIC_TEXT, self.as_bytes()))
    }
}

impl FromStr for SignerPublic {
    type Err = GrantError;

    fn from_str(text: &str) -> Result<Self, GrantError> {
        let octets = text::decode(&PUBLIC_TEXT, text)?;
        let octets = octets.as_slice().try_into().map_err(|_| GrantError::Text)?;
        Self::from_bytes(octets)
    }
}

impl fmt::Debug for SignerPublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignerPublic({self})")
    }
}
