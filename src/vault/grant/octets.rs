//! Octets, read with bounds: `lp(x)` is a u16 length and as many octets.

use super::error::GrantError;

/// What is left of octets that are being read.
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn new(octets: &'a [u8]) -> Self {
        Self(octets)
    }

    pub(super) fn take(&mut self, len: usize) -> Result<&'a [u8], GrantError> {
        let (octets, rest) = self.0.split_at_checked(len).ok_or(GrantError::Malformed)?;
        self.0 = rest;
        Ok(octets)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], GrantError> {
        let (octets, rest) = self.0.split_first_chunk().ok_or(GrantError::Malformed)?;
        self.0 = rest;
        Ok(octets)
    }

    pub(super) fn u8(&mut self) -> Result<u8, GrantError> {
        let [octet] = *self.array()?;
        Ok(octet)
    }

    pub(super) fn u16(&mut self) -> Result<u16, GrantError> {
        Ok(u16::from_be_bytes(*self.array()?))
    }

    pub(super) fn u32(&mut self) -> Result<u32, GrantError> {
        Ok(u32::from_be_bytes(*self.array()?))
    }

    pub(super) fn u64(&mut self) -> Result<u64, GrantError> {
        Ok(u64::from_be_bytes(*self.array()?))
    }

    /// Octets behind their u16 length.
    pub(super) fn lp(&mut self) -> Result<&'a [u8], GrantError> {
        let len = usize::from(self.u16()?);
        self.take(len)
    }

    /// Text in UTF-8 behind its u16 length.
    pub(super) fn lp_text(&mut self) -> Result<&'a str, GrantError> {
        core::str::from_utf8(self.lp()?).map_err(|_| GrantError::Malformed)
    }

    /// All that is left.
    pub(super) fn rest(self) -> &'a [u8] {
        self.0
    }

    /// Sees that nothing is left.
    pub(super) fn end(self) -> Result<(), GrantError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(GrantError::Malformed)
        }
    }
}

/// Appends a u16 length and the octets.
pub(super) fn push_lp(out: &mut Vec<u8>, octets: &[u8]) -> Result<(), GrantError> {
    let len = u16::try_from(octets.len()).map_err(|_| GrantError::TooLong)?;
    out.extend_from_slice(&len.to_be_bytes());
    out.extend_from_slice(octets);
    Ok(())
}
