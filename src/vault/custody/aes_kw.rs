//! AES key wrap: RFC 3394 (KW) and RFC 5649 (KWP), as NIST SP 800-38F has them.
//!
//! Hardware that only wraps does it by these. They bind no context, so a [`Dek`] is wrapped together with a digest of what it
//! is for; with that, whoever has the key encryption key's octets, as an escrow may, opens here what such
//! hardware wrapped.

use aes_kw::{AesKw, AesKwp, KeyInit};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::keys::secret::{Secret, with_wiped_stack};
use crate::vault::Dek;

/// Most octets of a key that is wrapped here: keys are short, and nobody makes us allocate more.
pub const MAX_LEN: usize = 4096;

/// Octets of a data encryption key with the digest of its context.
pub(crate) const BOUND_LEN: usize = 64;
/// Octets of that, wrapped.
pub(crate) const WRAPPED_LEN: usize = BOUND_LEN + SEMIBLOCK;

/// Octets of half a block, the unit of key wrap.
const SEMIBLOCK: usize = 8;

/// Why a key was not wrapped or unwrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KeyWrapError {
    /// Fix the call: a key encryption key has 16, 24 or 32 octets.
    #[error("a key encryption key of AES has 16, 24 or 32 octets")]
    KekLength,
    /// Fix the call, or give up what came: this many octets are never wrapped, or no wrapped key.
    #[error("no key, or no wrapped key, has this many octets")]
    DataLength,
    /// Another key encryption key wrapped it, or it was altered; no octet of it is given.
    #[error("the wrapped key was altered, or wrapped by another key encryption key")]
    DoesNotAuthenticate,
}

/// Wraps `key`, 16 to [`MAX_LEN`] octets in multiples of 8, under `kek` (RFC 3394): 8 octets longer.
///
/// # Errors
/// [`KeyWrapError::KekLength`], [`KeyWrapError::DataLength`].
pub fn wrap(kek: &[u8], key: &[u8]) -> Result<Vec<u8>, KeyWrapError> {
    if key.len() < 2 * SEMIBLOCK || key.len() > MAX_LEN || !key.len().is_multiple_of(SEMIBLOCK) {
        return Err(KeyWrapError::DataLength);
    }
    let mut wrapped = vec![0; key.len() + SEMIBLOCK];
    with_wiped_stack(|| match kek.len() {
        16 => AesKw::<aes::Aes128>::new_from_slice(kek)
            .map(|kw| kw.wrap_key(key, &mut wrapped).map(drop)),
        24 => AesKw::<aes::Aes192>::new_from_slice(kek)
            .map(|kw| kw.wrap_key(key, &mut wrapped).map(drop)),
        _ => AesKw::<aes::Aes256>::new_from_slice(kek)
            .map(|kw| kw.wrap_key(key, &mut wrapped).map(drop)),
    })
    .map_err(|_| KeyWrapError::KekLength)?
    .map_err(of_crate)?;
    Ok(wrapped)
}

/// Unwraps what [`wrap`] made.
///
/// # Errors
/// [`KeyWrapError::KekLength`], [`KeyWrapError::DataLength`], [`KeyWrapError::DoesNotAuthenticate`].
pub fn unwrap(kek: &[u8], wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyWrapError> {
    let len = unwrapped_len(wrapped, 2)?;
    let mut key = Zeroizing::new(vec![0; len]);
    with_wiped_stack(|| match kek.len() {
        16 => AesKw::<aes::Aes128>::new_from_slice(kek)
            .map(|kw| kw.unwrap_key(wrapped, &mut key).map(drop)),
        24 => AesKw::<aes::Aes192>::new_from_slice(kek)
            .map(|kw| kw.unwrap_key(wrapped, &mut key).map(drop)),
        _ => AesKw::<aes::Aes256>::new_from_slice(kek)
            .map(|kw| kw.unwrap_key(wrapped, &mut key).map(drop)),
    })
    .map_err(|_| KeyWrapError::KekLength)?
    .map_err(of_crate)?;
    Ok(key)
}

/// Wraps `key`, 1 to [`MAX_LEN`] octets, under `kek` (RFC 5649): padded to a multiple of 8, and 8 octets longer.
///
/// # Errors
/// [`KeyWrapError::KekLength`], [`KeyWrapError::DataLength`].
pub fn wrap_padded(kek: &[u8], key: &[u8]) -> Result<Vec<u8>, KeyWrapError> {
    if key.is_empty() || key.len() > MAX_LEN {
        return Err(KeyWrapError::DataLength);
    }
    let mut wrapped = vec![0; key.len().next_multiple_of(SEMIBLOCK) + SEMIBLOCK];
    with_wiped_stack(|| match kek.len() {
        16 => AesKwp::<aes::Aes128>::new_from_slice(kek)
            .map(|kw| kw.wrap_key(key, &mut wrapped).map(drop)),
        24 => AesKwp::<aes::Aes192>::new_from_slice(kek)
            .map(|kw| kw.wrap_key(key, &mut wrapped).map(drop)),
        _ => AesKwp::<aes::Aes256>::new_from_slice(kek)
            .map(|kw| kw.wrap_key(key, &mut wrapped).map(drop)),
    })
    .map_err(|_| KeyWrapError::KekLength)?
    .map_err(of_crate)?;
    Ok(wrapped)
}

/// Unwraps what [`wrap_padded`] made.
///
/// # Errors
/// [`KeyWrapError::KekLength`], [`KeyWrapError::DataLength`], [`KeyWrapError::DoesNotAuthenticate`].
pub fn unwrap_padded(kek: &[u8], wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyWrapError> {
    let len = unwrapped_len(wrapped, 1)?;
    let mut key = Zeroizing::new(vec![0; len]);
    let len = with_wiped_stack(|| match kek.len() {
        16 => AesKwp::<aes::Aes128>::new_from_slice(kek)
            .map(|kw| kw.unwrap_key(wrapped, &mut key).map(<[u8]>::len)),
        24 => AesKwp::<aes::Aes192>::new_from_slice(kek)
            .map(|kw| kw.unwrap_key(wrapped, &mut key).map(<[u8]>::len)),
        _ => AesKwp::<aes::Aes256>::new_from_slice(kek)
            .map(|kw| kw.unwrap_key(wrapped, &mut key).map(<[u8]>::len)),
    })
    .map_err(|_| KeyWrapError::KekLength)?
    .map_err(of_crate)?;
    key.truncate(len);
    Ok(key)
}

/// What is wrapped in place of `dek` where key wrap is all there is: `DEK(32) ‖ SHA-256(context)(32)`.
///
/// SP 800-38F authenticates the whole of it with 64 bits, so who opens it and compares the digest knows that the key was
/// wrapped for that context.
pub(crate) fn bind(dek: &Dek, context: &[u8]) -> Secret<BOUND_LEN> {
    let mut bound = Secret::zeroed();
    let (key, digest) = bound.expose_mut().split_at_mut(Dek::LEN);
    key.copy_from_slice(dek.expose());
    digest.copy_from_slice(&Sha256::digest(context));
    bound
}

/// The key in what [`bind`] made, if it was made for `context`.
///
/// # Errors
/// [`KeyWrapError::DoesNotAuthenticate`] for another context, [`KeyWrapError::DataLength`] if this was never made by `bind`.
pub(crate) fn unbind(bound: &[u8], context: &[u8]) -> Result<Dek, KeyWrapError> {
    let (key, digest) = bound
        .split_first_chunk::<{ Dek::LEN }>()
        .ok_or(KeyWrapError::DataLength)?;
    if digest.len() != BOUND_LEN - Dek::LEN {
        return Err(KeyWrapError::DataLength);
    }
    if bool::from(Sha256::digest(context).as_slice().ct_eq(digest)) {
        Ok(Dek::from_bytes(key))
    } else {
        Err(KeyWrapError::DoesNotAuthenticate)
    }
}

/// Octets in `wrapped`, of which there are at least `least` semiblocks.
fn unwrapped_len(wrapped: &[u8], least: usize) -> Result<usize, KeyWrapError> {
    let len = wrapped
        .len()
        .checked_sub(SEMIBLOCK)
        .ok_or(KeyWrapError::DataLength)?;
    if len < least * SEMIBLOCK || len > MAX_LEN || !len.is_multiple_of(SEMIBLOCK) {
        return Err(KeyWrapError::DataLength);
    }
    Ok(len)
}

#[allow(
    clippy::needless_pass_by_value,
    reason = "called by `map_err`, which passes values"
)]
fn of_crate(error: aes_kw::Error) -> KeyWrapError {
    match error {
        aes_kw::Error::IntegrityCheckFailed => KeyWrapError::DoesNotAuthenticate,
        _ => KeyWrapError::DataLength,
    }
}

#[cfg(test)]
mod tests {
    use super::{BOUND_LEN, Dek, KeyWrapError, WRAPPED_LEN, bind, unbind, unwrap, wrap};

    #[test]
    fn a_key_that_was_wrapped_for_one_place_opens_in_no_other() {
        let dek = Dek::from_bytes(&[7; 32]);
        let wrapped = wrap(&[9; 32], bind(&dek, b"here").expose()).unwrap();
        assert_eq!(wrapped.len(), WRAPPED_LEN);
        let bound = unwrap(&[9; 32], &wrapped).unwrap();
        assert_eq!(unbind(&bound, b"here").unwrap().expose(), dek.expose());
        assert_eq!(
            unbind(&bound, b"there").unwrap_err(),
            KeyWrapError::DoesNotAuthenticate
        );
        for at in 0..BOUND_LEN {
            assert_eq!(
                unbind(&bound[..at], b"here").unwrap_err(),
                KeyWrapError::DataLength
            );
        }
        for at in 0..WRAPPED_LEN {
            let mut altered = wrapped.clone();
            altered[at] ^= 1;
            assert_eq!(
                unwrap(&[9; 32], &altered).unwrap_err(),
                KeyWrapError::DoesNotAuthenticate
            );
        }
    }
}
