//! HKDF extract and expand (RFC 5869) over the hash of a suite.

use hkdf::{GenericHkdf, HmacImpl};
use hmac::Hmac;
use sha2::{Sha256, Sha512};
use sm3::Sm3;
use zeroize::Zeroize;

use super::Hash;

/// Most octets of one hash output.
pub(crate) const MAX_HASH_LEN: usize = 64;

/// HKDF-Extract: writes Nh octets to the front of `prk`.
pub(crate) fn extract(hash: Hash, salt: &[u8], ikm: &[u8], prk: &mut [u8; MAX_HASH_LEN]) {
    match hash {
        Hash::Sha256 => extract_with::<Hmac<Sha256>>(salt, ikm, prk),
        Hash::Sha512 => extract_with::<Hmac<Sha512>>(salt, ikm, prk),
        Hash::Sm3 => extract_with::<Hmac<Sm3>>(salt, ikm, prk),
    }
}

/// HKDF-Expand with `info` in parts. Tells whether it could: `prk` has Nh octets and `okm` at most 255 Nh.
#[must_use]
pub(crate) fn expand(hash: Hash, prk: &[u8], info: &[&[u8]], okm: &mut [u8]) -> bool {
    match hash {
        Hash::Sha256 => expand_with::<Hmac<Sha256>>(prk, info, okm),
        Hash::Sha512 => expand_with::<Hmac<Sha512>>(prk, info, okm),
        Hash::Sm3 => expand_with::<Hmac<Sm3>>(prk, info, okm),
    }
}

fn extract_with<M: HmacImpl>(salt: &[u8], ikm: &[u8], prk: &mut [u8; MAX_HASH_LEN]) {
    let (mut output, _) = GenericHkdf::<M>::extract(Some(salt), ikm);
    prk[..output.len()].copy_from_slice(&output);
    output.as_mut_slice().zeroize();
}

fn expand_with<M: HmacImpl>(prk: &[u8], info: &[&[u8]], okm: &mut [u8]) -> bool {
    GenericHkdf::<M>::from_prk(prk).is_ok_and(|hkdf| hkdf.expand_multi_info(info, okm).is_ok())
}
