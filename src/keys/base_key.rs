//! The secret that the application brings: one base key a KID and direction.

use core::fmt;

use crate::error::{Error, Misuse};
use rand_core::{TryCryptoRng, TryRng};

use super::key_octets::{KeyOctets, parse_hex};

/// A `base_key` of RFC 9605 section 4.4.2: 16 to 64 uniformly random octets that the customer owns.
///
/// Zeroed on drop, redacted in `Debug`, compared in constant time. It is not `Clone`: [`duplicate`](Self::duplicate)
/// says so where a second copy is meant.
#[derive(PartialEq, Eq)]
pub struct BaseKey(KeyOctets);

impl BaseKey {
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
        let mut key = KeyOctets::zeroed(32);
        TryRng::try_fill_bytes(rng, key.expose_mut()).map_err(|_| Error::EntropyUnavailable)?;
        Ok(Self(key))
    }

    /// Copies a key from `octets`. The caller wipes his own copy.
    ///
    /// # Errors
    /// [`Misuse::BaseKeyLength`] unless there are 16 to 64.
    pub fn from_slice(octets: &[u8]) -> Result<Self, Error> {
        let mut key = Self::with_len(octets.len())?;
        key.0.expose_mut().copy_from_slice(octets);
        Ok(key)
    }

    /// Reads a key from 32 to 128 hexadecimal digits of either case, in time that depends on their number alone.
    ///
    /// # Errors
    /// [`Misuse::KeyText`] for any other character or an odd number of digits; [`Misuse::BaseKeyLength`] for too few or
    /// too many.
    pub fn from_hex(text: &str) -> Result<Self, Error> {
        if !text.len().is_multiple_of(2) {
            return Err(Misuse::KeyText.into());
        }
        let mut key = Self::with_len(text.len() / 2)?;
        parse_hex(text.as_bytes(), key.0.expose_mut())?;
        Ok(key)
    }

    /// Makes a second copy of the key, such as one to send with and one to hand to a recorder.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self(self.0.duplicate())
    }

    pub(crate) fn expose(&self) -> &[u8] {
        self.0.expose()
    }

    /// A base key that the channel schedule derived, 32 octets.
    pub(super) fn derived(octets: KeyOctets) -> Self {
        Self(octets)
    }

    fn with_len(len: usize) -> Result<Self, Error> {
        if !(Self::MIN_LEN..=Self::MAX_LEN).contains(&len) {
            return Err(Misuse::BaseKeyLength { len }.into());
        }
        Ok(Self(KeyOctets::zeroed(len)))
    }
}

impl fmt::Debug for BaseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BaseKey([redacted; {}])", self.expose().len())
    }
}

#[cfg(test)]
mod tests {
    use super::BaseKey;

    #[test]
    fn hex_text_is_read_and_refused() {
        let key = BaseKey::from_hex("000102030405060708090a0B0C0d0e0f").unwrap();
        assert_eq!(key.expose(), (0..16).collect::<Vec<u8>>());
        for text in [
            "",
            "00",
            "000102030405060708090a0b0c0d0e0",
            "000102030405060708090a0b0c0d0e0g",
            " 00102030405060708090a0b0c0d0e0f",
        ] {
            assert!(BaseKey::from_hex(text).is_err(), "{text:?}");
        }
        assert!(BaseKey::from_hex(&"00".repeat(65)).is_err());
    }
}
