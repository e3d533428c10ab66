//! Key text: a prefix that says what it is, and base32 (RFC 4648, lower case, no padding) of the octets and a checksum.

use base32ct::{Base32Unpadded, Encoding};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::error::GrantError;

const CHECKSUM_LEN: usize = 4;

/// One kind of key text.
pub(in crate::vault) struct Kind {
    /// Before the base32.
    pub(in crate::vault) prefix: &'static str,
    /// Before the octets in the checksum.
    pub(in crate::vault) label: &'static str,
    /// Most octets, without the checksum.
    pub(in crate::vault) max_len: usize,
}

/// Writes key text: the prefix, and base32 of the octets and the first 4 of SHA-256(label ‖ octets).
pub(in crate::vault) fn encode(kind: &Kind, octets: &[u8]) -> Zeroizing<String> {
    let mut all = Zeroizing::new(Vec::with_capacity(octets.len() + CHECKSUM_LEN));
    all.extend_from_slice(octets);
    all.extend_from_slice(&checksum(kind, octets));
    let digits = Zeroizing::new(Base32Unpadded::encode_string(&all));
    let mut text = Zeroizing::new(String::with_capacity(kind.prefix.len() + digits.len()));
    text.push_str(kind.prefix);
    text.push_str(&digits);
    text
}

/// Reads key text, in time that depends on its length alone.
pub(in crate::vault) fn decode(kind: &Kind, text: &str) -> Result<Zeroizing<Vec<u8>>, GrantError> {
    let digits = text.strip_prefix(kind.prefix).ok_or(GrantError::Text)?;
    if digits.len() > (kind.max_len + CHECKSUM_LEN).div_ceil(5) * 8 {
        return Err(GrantError::Text);
    }
    let mut octets = Zeroizing::new(vec![0; kind.max_len + CHECKSUM_LEN + 16]);
    let len = Base32Unpadded::decode(digits, &mut octets)
        .map_err(|_| GrantError::Text)?
        .len();
    octets.truncate(len);
    let (key, sum) = octets
        .split_last_chunk::<CHECKSUM_LEN>()
        .ok_or(GrantError::Text)?;
    let is_right = bool::from(checksum(kind, key).ct_eq(sum));
    // Digits whose spare bits are not zero read the same: one text for one key.
    let is_canonical = bool::from(encode(kind, key).as_bytes().ct_eq(text.as_bytes()));
    if !is_right || !is_canonical {
        return Err(GrantError::Text);
    }
    octets.truncate(len - CHECKSUM_LEN);
    Ok(octets)
}

fn checksum(kind: &Kind, octets: &[u8]) -> [u8; CHECKSUM_LEN] {
    let digest = Sha256::new()
        .chain_update(kind.label)
        .chain_update(octets)
        .finalize();
    let mut checksum = [0; CHECKSUM_LEN];
    checksum.copy_from_slice(&digest[..CHECKSUM_LEN]);
    checksum
}
