//! The secret that the customer owns: one key a channel.

use core::fmt;

use base64ct::{Base64Unpadded, Encoding};
use rand_core::{TryCryptoRng, TryRng};
use zeroize::Zeroizing;

use crate::error::{Error, Misuse};
use crate::keys::key_octets::{KeyOctets, parse_hex};

/// A channel key: 16 to 64 uniformly random octets, from which every sender's keys of one generation derive.
///
/// It is the root: who has it has every step of its generation. Zeroed on drop, redacted in `Debug`, compared in constant time. A password is
/// none; see [`from_passphrase`](Self::from_passphrase).
#[derive(PartialEq, Eq)]
pub struct ChannelKey {
    pub(super) octets: KeyOctets,
    pub(super) kdf_salt: KeyOctets,
}

impl ChannelKey {
    /// Fewest octets.
    pub const MIN_LEN: usize = 16;
    /// Most octets.
    pub const MAX_LEN: usize = KeyOctets::MAX_LEN;

    /// Makes a key of 32 octets from the operating system's generator.
    ///
    /// # Errors
    /// [`Error::EntropyUnavailable`] if the system gives none.
    pub fn generate() -> Result<Self, Error> {
        Self::generate_with(&mut getrandom::SysRng)
    }

    /// Makes a key of 32 octets from `rng`.
    ///
    /// # Errors
    /// [`Error::EntropyUnavailable`] if `rng` fails.
    pub fn generate_with<R: TryCryptoRng + ?Sized>(rng: &mut R) -> Result<Self, Error> {
        let mut octets = KeyOctets::zeroed(32);
        TryRng::try_fill_bytes(rng, octets.expose_mut()).map_err(|_| Error::EntropyUnavailable)?;
        Ok(Self::without_salt(octets))
    }

    /// Copies a key from its raw octets. The caller wipes his own copy.
    ///
    /// # Errors
    /// [`Misuse::ChannelKeyLength`] unless there are 16 to 64.
    pub fn from_slice(octets: &[u8]) -> Result<Self, Error> {
        let mut key = Self::with_len(octets.len())?;
        key.octets.expose_mut().copy_from_slice(octets);
        Ok(key)
    }

    /// Reads a key from 32 to 128 hexadecimal digits of either case, in time that depends on their number alone.
    ///
    /// # Errors
    /// [`Misuse::KeyText`] for any other character or an odd number of digits; [`Misuse::ChannelKeyLength`] for too few or too
    /// many.
    pub fn from_hex(text: &str) -> Result<Self, Error> {
        if !text.len().is_multiple_of(2) {
            return Err(Misuse::KeyText.into());
        }
        let mut key = Self::with_len(text.len() / 2)?;
        parse_hex(text.as_bytes(), key.octets.expose_mut())?;
        Ok(key)
    }

    /// Reads a key from base64 (RFC 4648 section 4, with or without padding), in time that depends on its length alone.
    ///
    /// # Errors
    /// [`Misuse::KeyText`] if it is none, or not in the canonical form; [`Misuse::ChannelKeyLength`] for a wrong length.
    pub fn from_base64(text: &str) -> Result<Self, Error> {
        let digits = text.trim_end_matches('=');
        let padding = text.len() - digits.len();
        let is_whole = padding == 0 || (padding <= 2 && text.len().is_multiple_of(4));
        if !is_whole || digits.len() % 4 == 1 {
            return Err(Misuse::KeyText.into());
        }
        let mut key = Self::with_len(digits.len() * 3 / 4)?;
        Base64Unpadded::decode(digits, key.octets.expose_mut()).map_err(|_| Misuse::KeyText)?;
        Ok(key)
    }

    /// Sets the salt of the first extraction: 16 to 64 octets that need not be secret, such as a tenant's.
    ///
    /// # Errors
    /// [`Misuse::KdfSaltLength`] for any other length.
    pub fn with_kdf_salt(mut self, salt: &[u8]) -> Result<Self, Error> {
        if !(16..=64).contains(&salt.len()) {
            return Err(Misuse::KdfSaltLength { len: salt.len() }.into());
        }
        self.kdf_salt = KeyOctets::zeroed(salt.len());
        self.kdf_salt.expose_mut().copy_from_slice(salt);
        Ok(self)
    }

    /// Returns the octets, without the KDF salt, wiped when dropped.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.octets.expose().to_vec())
    }

    /// Makes a second copy of the key.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self {
            octets: self.octets.duplicate(),
            kdf_salt: self.kdf_salt.duplicate(),
        }
    }

    pub(super) fn without_salt(octets: KeyOctets) -> Self {
        Self {
            octets,
            kdf_salt: KeyOctets::zeroed(0),
        }
    }

    fn with_len(len: usize) -> Result<Self, Error> {
        if !(Self::MIN_LEN..=Self::MAX_LEN).contains(&len) {
            return Err(Misuse::ChannelKeyLength { len }.into());
        }
        Ok(Self::without_salt(KeyOctets::zeroed(len)))
    }
}

impl fmt::Debug for ChannelKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChannelKey([redacted; {}])", self.octets.expose().len())
    }
}
