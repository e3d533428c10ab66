//! HKDF extract and expand (RFC 5869) over the hash of a suite.

use hkdf::{GenericHkdf, GenericHkdfExtract, HmacImpl};
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

/// HKDF with an empty salt, whose two hash blocks are computed once, for the many sessions that a decryptor may have to try.
pub(crate) enum UnsaltedHkdf {
    Sha256(GenericHkdfExtract<Hmac<Sha256>>),
    Sha512(GenericHkdfExtract<Hmac<Sha512>>),
    Sm3(GenericHkdfExtract<Hmac<Sm3>>),
}

impl UnsaltedHkdf {
    pub(crate) fn new(hash: Hash) -> Self {
        match hash {
            Hash::Sha256 => Self::Sha256(GenericHkdfExtract::new(Some(b""))),
            Hash::Sha512 => Self::Sha512(GenericHkdfExtract::new(Some(b""))),
            Hash::Sm3 => Self::Sm3(GenericHkdfExtract::new(Some(b""))),
        }
    }

    pub(crate) fn hash(&self) -> Hash {
        match self {
            Self::Sha256(_) => Hash::Sha256,
            Self::Sha512(_) => Hash::Sha512,
            Self::Sm3(_) => Hash::Sm3,
        }
    }

    /// Extracts from `ikm` and expands twice. Tells whether it could: no output is longer than 255 Nh octets.
    #[must_use]
    pub(crate) fn derive(&self, ikm: &[u8], outputs: [(&[&[u8]], &mut [u8]); 2]) -> bool {
        match self {
            Self::Sha256(extract) => derive_with(extract, ikm, outputs),
            Self::Sha512(extract) => derive_with(extract, ikm, outputs),
            Self::Sm3(extract) => derive_with(extract, ikm, outputs),
        }
    }
}

fn derive_with<M: HmacImpl + Clone>(
    extract: &GenericHkdfExtract<M>,
    ikm: &[u8],
    outputs: [(&[&[u8]], &mut [u8]); 2],
) -> bool {
    let mut extract = extract.clone();
    extract.input_ikm(ikm);
    let (mut prk, hkdf) = extract.finalize();
    prk.as_mut_slice().zeroize();
    outputs
        .into_iter()
        .all(|(info, okm)| hkdf.expand_multi_info(info, okm).is_ok())
}

/// A pseudorandom key of HKDF-SHA256, ready to expand: its two hash blocks are computed once.
pub(crate) struct Expander(GenericHkdf<Hmac<Sha256>>);

impl Expander {
    pub(crate) fn new(prk: &[u8; 32]) -> Option<Self> {
        GenericHkdf::from_prk(prk).ok().map(Self)
    }

    /// Expands, if `okm` has at most 255 times 32 octets.
    #[must_use]
    pub(crate) fn expand(&self, info: &[&[u8]], okm: &mut [u8]) -> bool {
        self.0.expand_multi_info(info, okm).is_ok()
    }
}
