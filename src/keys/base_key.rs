//! The secret that the application brings: one base key a KID and direction.

use core::fmt;

use rand_core::{TryCryptoRng, TryRng};
use subtle::{ConditionallySelectable, ConstantTimeGreater, ConstantTimeLess};

use crate::error::{Error, Misuse};

use super::secret::Secret;

const MAX_LEN: usize = 64;

/// A `base_key` of RFC 9605 section 4.4.2: 16 to 64 uniformly random octets that the customer owns.
///
/// Zeroed on drop, redacted in `Debug`, compared in constant time. It is not `Clone`: [`duplicate`](Self::duplicate)
/// says so where a second copy is meant.
#[derive(PartialEq, Eq)]
pub struct BaseKey {
    octets: Secret<MAX_LEN>,
    len: usize,
}

impl BaseKey {
    /// Fewest octets.
    pub const MIN_LEN: usize = 16;
    /// Most octets.
    pub const MAX_LEN: usize = MAX_LEN;

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
        let mut key = Self {
            octets: Secret::zeroed(),
            len: 32,
        };
        TryRng::try_fill_bytes(rng, &mut key.octets.expose_mut()[..32])
            .map_err(|_| Error::EntropyUnavailable)?;
        Ok(key)
    }

    /// Copies a key from `octets`. The caller wipes his own copy.
    ///
    /// # Errors
    /// [`Misuse::BaseKeyLength`] unless there are 16 to 64.
    pub fn from_slice(octets: &[u8]) -> Result<Self, Error> {
        let mut key = Self::with_len(octets.len())?;
        key.octets.expose_mut()[..octets.len()].copy_from_slice(octets);
        Ok(key)
    }

    /// Reads a key from 32 to 128 hexadecimal digits of either case, in time that depends on their number alone.
    ///
    /// # Errors
    /// [`Misuse::KeyText`] for any other character or an odd number of digits; [`Misuse::BaseKeyLength`] for too few or
    /// too many.
    pub fn from_hex(text: &str) -> Result<Self, Error> {
        let digits = text.as_bytes();
        if !digits.len().is_multiple_of(2) {
            return Err(Misuse::KeyText.into());
        }
        let mut key = Self::with_len(digits.len() / 2)?;
        let mut invalid = 0;
        for (octet, pair) in key.octets.expose_mut().iter_mut().zip(digits.chunks(2)) {
            let (high, bad_high) = hex_value(pair[0]);
            let (low, bad_low) = hex_value(pair[1]);
            *octet = (high << 4) | low;
            invalid |= bad_high | bad_low;
        }
        if invalid != 0 {
            return Err(Misuse::KeyText.into());
        }
        Ok(key)
    }

    /// Makes a second copy of the key, such as one to send with and one to hand to a recorder.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        let mut octets = Secret::zeroed();
        octets.expose_mut().copy_from_slice(self.octets.expose());
        Self {
            octets,
            len: self.len,
        }
    }

    pub(crate) fn expose(&self) -> &[u8] {
        &self.octets.expose()[..self.len]
    }

    fn with_len(len: usize) -> Result<Self, Error> {
        if !(Self::MIN_LEN..=Self::MAX_LEN).contains(&len) {
            return Err(Misuse::BaseKeyLength { len }.into());
        }
        Ok(Self {
            octets: Secret::zeroed(),
            len,
        })
    }
}

impl fmt::Debug for BaseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BaseKey([redacted; {}])", self.len)
    }
}

/// The value of a hexadecimal digit and 0, or 0 and 1; without a branch or a table index on the digit.
fn hex_value(digit: u8) -> (u8, u8) {
    let in_range = |low: u8, high: u8| !digit.ct_lt(&low) & !digit.ct_gt(&high);
    let (decimal, upper, lower) = (
        in_range(b'0', b'9'),
        in_range(b'A', b'F'),
        in_range(b'a', b'f'),
    );
    let mut value = 0;
    value.conditional_assign(&digit.wrapping_sub(b'0'), decimal);
    value.conditional_assign(&digit.wrapping_sub(b'A' - 10), upper);
    value.conditional_assign(&digit.wrapping_sub(b'a' - 10), lower);
    (value, (!(decimal | upper | lower)).unwrap_u8())
}

#[cfg(test)]
mod tests {
    use super::{BaseKey, hex_value};

    #[test]
    fn every_octet_as_a_hex_digit() {
        for digit in 0..=255u8 {
            let expected = char::from(digit)
                .to_digit(16)
                .map_or((0, 1), |value| (u8::try_from(value).unwrap(), 0));
            assert_eq!(hex_value(digit), expected, "{digit:#04x}");
        }
    }

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
