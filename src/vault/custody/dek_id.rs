//! The names of DEKs in the store.

use std::fmt;
use std::str::FromStr;

use crate::vault::wrapped::WrapContext;

use super::error::CustodyError;
use super::names;

/// In front of a DEK's id in the context that it is wrapped for, so that no row's key opens as another row's, or as a recording's.
const STORED: &[u8] = b"mediaseal v1 stored dek";

/// Names a DEK of the store: a UUID of version 7 (RFC 9562), that is the millisecond of its making and 74 random bits, written as 32 hexadecimal
/// digits. In that order they stand in the store too, so that many are made and swept page after page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DekId([u8; 16]);

impl DekId {
    /// The id of these octets.
    #[must_use]
    pub const fn from_bytes(octets: [u8; 16]) -> Self {
        Self(octets)
    }

    /// A new id, of this time in microseconds since 1970.
    pub(super) fn new(now: u64) -> Result<Self, CustodyError> {
        let mut id = names::new_id()?;
        id[..6].copy_from_slice(&(now / 1_000).to_be_bytes()[2..]);
        id[6] = id[6] & 0x0F | 0x70;
        id[8] = id[8] & 0x3F | 0x80;
        Ok(Self(id))
    }

    /// Its octets.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    pub(super) fn context(&self, region: &str) -> WrapContext {
        WrapContext {
            purpose: [STORED, &self.0].concat(),
            region: region.to_owned(),
        }
    }
}

/// Refuses a caller's context that reads like that of a key of the store: a row's key is opened by its id alone, as what it is.
pub(super) fn not_stored(context: &WrapContext) -> Result<(), CustodyError> {
    if context.purpose.starts_with(STORED) {
        return Err(CustodyError::Invalid(
            "this context is that of keys of the store".into(),
        ));
    }
    Ok(())
}

impl fmt::Display for DekId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&names::hex(&self.0))
    }
}

impl FromStr for DekId {
    type Err = CustodyError;

    fn from_str(text: &str) -> Result<Self, CustodyError> {
        let mut id = [0; 16];
        let is_hex = text.len() == 32 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
        let read = is_hex
            .then(|| u128::from_str_radix(text, 16).ok())
            .flatten();
        let number = read.ok_or_else(|| {
            CustodyError::Invalid("a data key's id has 32 hexadecimal digits".into())
        })?;
        id.copy_from_slice(&number.to_be_bytes());
        Ok(Self(id))
    }
}
