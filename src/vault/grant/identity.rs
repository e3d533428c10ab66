//! Key pairs of people and recorders: who a key is sealed to.

use core::fmt;
use core::str::FromStr;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::error::GrantError;
use super::kem::{Kem, SECRET_LEN};
use super::text::{self, Kind};
use crate::error::Error;
use crate::keys::schedule::{IDENTITY_TEXT, RECIPIENT_ID, RECIPIENT_TEXT};
use crate::keys::secret::Secret;

const SECRET_TEXT: Kind = Kind {
    prefix: "mediaseal-id-1",
    label: IDENTITY_TEXT,
    max_len: 2 + SECRET_LEN,
};
const PUBLIC_TEXT: Kind = Kind {
    prefix: "mediaseal-pub-1",
    label: RECIPIENT_TEXT,
    max_len: 2 + 1216,
};

/// The secret half of a key pair: opens what was sealed to its [`Recipient`].
///
/// Zeroed on drop, redacted in `Debug`, not `Clone`.
pub struct Identity {
    secret: Secret<SECRET_LEN>,
    recipient: Recipient,
}

impl Identity {
    /// Octets of a secret key, of every KEM.
    pub const LEN: usize = SECRET_LEN;

    /// Draws a key pair from the operating system.
    ///
    /// # Errors
    /// [`Error::EntropyUnavailable`] if the system has no random octets.
    pub fn generate(kem: Kem) -> Result<Self, GrantError> {
        loop {
            let mut secret = Secret::zeroed();
            getrandom::fill(secret.expose_mut()).map_err(|_| Error::EntropyUnavailable)?;
            // One in 2^32 is out of the range of P-256.
            match Self::new(kem, secret) {
                Err(GrantError::Key) => {}
                made => return made,
            }
        }
    }

    /// Takes a secret key from its octets: SerializePrivateKey of RFC 9180, for X-Wing the seed. The caller wipes his own copy.
    ///
    /// # Errors
    /// [`GrantError::Key`] if it is out of range.
    pub fn from_bytes(kem: Kem, octets: &[u8; Self::LEN]) -> Result<Self, GrantError> {
        let mut secret = Secret::zeroed();
        secret.expose_mut().copy_from_slice(octets);
        Self::new(kem, secret)
    }

    fn new(kem: Kem, mut secret: Secret<SECRET_LEN>) -> Result<Self, GrantError> {
        let octets = kem.normalize(&mut secret)?;
        Ok(Self {
            secret,
            recipient: Recipient { kem, octets },
        })
    }

    /// Returns the public half.
    #[must_use]
    pub fn recipient(&self) -> &Recipient {
        &self.recipient
    }

    /// Returns its key encapsulation mechanism.
    #[must_use]
    pub fn kem(&self) -> Kem {
        self.recipient.kem
    }

    /// Returns the key text, wiped when dropped: "mediaseal-id-1" and base32 of u16(KEM) ‖ secret key ‖ checksum (docs/formats/grants.md).
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut octets = Zeroizing::new(Vec::with_capacity(2 + SECRET_LEN));
        octets.extend_from_slice(&self.kem().id().to_be_bytes());
        octets.extend_from_slice(self.secret.expose());
        text::encode(&SECRET_TEXT, &octets)
    }

    /// Reads a key text, in time that depends on its length and KEM alone.
    ///
    /// # Errors
    /// [`GrantError::Text`] if it is none; [`GrantError::UnknownKem`] for a KEM that is not offered; [`GrantError::Key`] if the key is out of
    /// range.
    pub fn from_text(text: &str) -> Result<Self, GrantError> {
        let octets = text::decode(&SECRET_TEXT, text)?;
        let (kem, octets) = octets.split_first_chunk().ok_or(GrantError::Text)?;
        let kem = Kem::from_id(u16::from_be_bytes(*kem))?;
        let octets: &[u8; SECRET_LEN] = octets.try_into().map_err(|_| GrantError::Text)?;
        let identity = Self::from_bytes(kem, octets)?;
        // X25519 ignores some bits: one text for one key.
        if bool::from(subtle::ConstantTimeEq::ct_eq(
            &identity.secret.expose()[..],
            &octets[..],
        )) {
            Ok(identity)
        } else {
            Err(GrantError::Text)
        }
    }

    pub(super) fn secret_octets(&self) -> &[u8; SECRET_LEN] {
        self.secret.expose()
    }

    pub(super) fn open(
        &self,
        enc: &[u8],
        info: &[u8],
        ciphertext: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, GrantError> {
        self.kem().open(&self.secret, enc, info, ciphertext)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("recipient", &self.recipient)
            .finish_non_exhaustive()
    }
}

/// The public half of a key pair: what a key is sealed to.
///
/// As text (`to_string`, `parse`) it is "mediaseal-pub-1" and base32 of u16(KEM) ‖ public key ‖ checksum.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Recipient {
    kem: Kem,
    octets: Vec<u8>,
}

impl Recipient {
    /// Takes a public key from its octets: SerializePublicKey of RFC 9180.
    ///
    /// # Errors
    /// [`GrantError::Key`] if it is none, or of low order.
    pub fn from_public_key(kem: Kem, octets: &[u8]) -> Result<Self, GrantError> {
        kem.check_public(octets)?;
        Ok(Self {
            kem,
            octets: octets.to_vec(),
        })
    }

    /// Returns its key encapsulation mechanism.
    #[must_use]
    pub const fn kem(&self) -> Kem {
        self.kem
    }

    /// Returns the public key: SerializePublicKey of RFC 9180.
    #[must_use]
    pub fn public_key(&self) -> &[u8] {
        &self.octets
    }

    /// Returns the recipient key as grants have it: u16(KEM) ‖ public key.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        [&self.kem.id().to_be_bytes()[..], &self.octets].concat()
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    /// [`GrantError::UnknownKem`] for a KEM that is not offered; [`GrantError::Key`] if it is no key of that KEM.
    pub fn from_bytes(octets: &[u8]) -> Result<Self, GrantError> {
        let (kem, octets) = octets.split_first_chunk().ok_or(GrantError::Key)?;
        Self::from_public_key(Kem::from_id(u16::from_be_bytes(*kem))?, octets)
    }

    /// Returns by what stanzas are told apart: SHA-256("mediaseal v1 recipient id" ‖ u16(KEM) ‖ public key).
    #[must_use]
    pub fn id(&self) -> RecipientId {
        let digest = Sha256::new()
            .chain_update(RECIPIENT_ID)
            .chain_update(self.to_bytes())
            .finalize();
        RecipientId(digest.into())
    }

    pub(super) fn seal(
        &self,
        info: &[u8],
        plaintext: &[u8],
    ) -> Result<(Vec<u8>, Vec<u8>), GrantError> {
        self.kem.seal(&self.octets, info, plaintext)
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text::encode(&PUBLIC_TEXT, &self.to_bytes()))
    }
}

impl FromStr for Recipient {
    type Err = GrantError;

    fn from_str(text: &str) -> Result<Self, GrantError> {
        Self::from_bytes(&text::decode(&PUBLIC_TEXT, text)?)
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recipient({:?}, {})", self.kem, self.id())
    }
}

/// Names a recipient by 32 octets, shown as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecipientId([u8; 32]);

impl RecipientId {
    /// Takes the octets of a name.
    #[must_use]
    pub const fn from_bytes(octets: [u8; 32]) -> Self {
        Self(octets)
    }

    /// Returns the octets.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for RecipientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl fmt::Debug for RecipientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecipientId({self})")
    }
}
