//! Key octets of a length known at run time, and how key text is read.

use core::fmt;

use subtle::{ConditionallySelectable, ConstantTimeGreater, ConstantTimeLess};

use crate::error::{Error, Misuse};

use super::secret::Secret;

const MAX_LEN: usize = 64;

/// Up to 64 secret octets.
pub(crate) struct KeyOctets {
    octets: Secret<MAX_LEN>,
    len: usize,
}

impl KeyOctets {
    /// Most octets of a key.
    pub(crate) const MAX_LEN: usize = MAX_LEN;

    /// Makes `len` zeros, to be filled in place; `len` is at most 64.
    pub(crate) fn zeroed(len: usize) -> Self {
        assert!(len <= MAX_LEN, "checked by the callers");
        Self {
            octets: Secret::zeroed(),
            len,
        }
    }

    pub(crate) fn expose(&self) -> &[u8] {
        &self.octets.expose()[..self.len]
    }

    pub(crate) fn expose_mut(&mut self) -> &mut [u8] {
        &mut self.octets.expose_mut()[..self.len]
    }

    pub(crate) fn duplicate(&self) -> Self {
        let mut copy = Self::zeroed(self.len);
        copy.expose_mut().copy_from_slice(self.expose());
        copy
    }
}

impl PartialEq for KeyOctets {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.octets == other.octets
    }
}

impl Eq for KeyOctets {}

impl fmt::Debug for KeyOctets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyOctets([redacted; {}])", self.len)
    }
}

/// Reads hexadecimal digits of either case, two for each octet of `octets`.
pub(crate) fn parse_hex(digits: &[u8], octets: &mut [u8]) -> Result<(), Error> {
    debug_assert_eq!(digits.len(), octets.len() * 2);
    let mut invalid = 0;
    for (octet, pair) in octets.iter_mut().zip(digits.chunks(2)) {
        let (high, bad_high) = hex_value(pair[0]);
        let (low, bad_low) = hex_value(pair[1]);
        *octet = (high << 4) | low;
        invalid |= bad_high | bad_low;
    }
    if invalid == 0 {
        Ok(())
    } else {
        Err(Misuse::KeyText.into())
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
    use super::hex_value;

    #[test]
    fn every_octet_as_a_hex_digit() {
        for digit in 0..=255u8 {
            let expected = char::from(digit)
                .to_digit(16)
                .map_or((0, 1), |value| (u8::try_from(value).unwrap(), 0));
            assert_eq!(hex_value(digit), expected, "{digit:#04x}");
        }
    }
}
