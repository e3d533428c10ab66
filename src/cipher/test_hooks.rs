//! Bare kernels, for the project's own tests and benchmarks.
//!
//! Not part of the API and not for products: whoever gives a nonce twice has lost the key.

use aes::{Aes128, Aes256};

use super::aes_ctr_hmac::CtrHmac128;
pub use super::backend::Tier;
use super::backend::{self, Aad, CtrContext, GcmContext, Kernel, Nonce, portable};

/// The tiers that this CPU has, the fastest first.
#[must_use]
pub fn tiers() -> Vec<Tier> {
    Tier::ALL
        .into_iter()
        .filter(|&tier| tier == Tier::Portable || Kernel::of(tier).is_ok())
        .collect()
}

/// Lets new keys of this process use no faster tier than this. False if there has been a key, or another call.
#[must_use]
pub fn force_tier(tier: Tier) -> bool {
    backend::force(tier)
}

/// An AES-GCM key of one tier.
pub struct Gcm(GcmState);

enum GcmState {
    Kernel128(GcmContext<11>),
    Kernel256(GcmContext<15>),
    Portable128(portable::Gcm<Aes128>),
    Portable256(portable::Gcm<Aes256>),
}

impl Gcm {
    /// Schedules a key of 16 or 32 octets; nothing for another length or a tier that this CPU does not have.
    #[must_use]
    pub fn new(tier: Tier, key: &[u8]) -> Option<Self> {
        let state = match (Kernel::of(tier), key.len()) {
            (Ok(kernel), 16) => {
                GcmState::Kernel128(GcmContext::new_128(kernel, key.try_into().ok()?))
            }
            (Ok(kernel), 32) => {
                GcmState::Kernel256(GcmContext::new_256(kernel, key.try_into().ok()?))
            }
            (Err(_), 16) if tier == Tier::Portable => {
                GcmState::Portable128(portable::Gcm::new(key).ok()?)
            }
            (Err(_), 32) if tier == Tier::Portable => {
                GcmState::Portable256(portable::Gcm::new(key).ok()?)
            }
            _ => return None,
        };
        Some(Self(state))
    }

    /// Seals `data` in place.
    #[inline]
    pub fn seal(&self, nonce: &[u8; 12], aad: &[u8], data: &mut [u8], tag: &mut [u8; 16]) {
        match &self.0 {
            GcmState::Kernel128(key) => *tag = key.seal(Nonce::new(nonce), Aad::new(aad), data),
            GcmState::Kernel256(key) => *tag = key.seal(Nonce::new(nonce), Aad::new(aad), data),
            GcmState::Portable128(key) => {
                key.seal(nonce, aad, data, tag)
                    .unwrap_or_else(|_| tag.fill(0));
            }
            GcmState::Portable256(key) => {
                key.seal(nonce, aad, data, tag)
                    .unwrap_or_else(|_| tag.fill(0));
            }
        }
    }

    /// Opens `data` in place and zeros it if `tag` is wrong.
    #[inline]
    #[must_use]
    pub fn open(&self, nonce: &[u8; 12], aad: &[u8], data: &mut [u8], tag: &[u8; 16]) -> bool {
        let is_right = match &self.0 {
            GcmState::Kernel128(key) => key.open(Nonce::new(nonce), Aad::new(aad), data, tag),
            GcmState::Kernel256(key) => key.open(Nonce::new(nonce), Aad::new(aad), data, tag),
            GcmState::Portable128(key) => key.open(nonce, aad, data, tag).is_ok(),
            GcmState::Portable256(key) => key.open(nonce, aad, data, tag).is_ok(),
        };
        if !is_right {
            data.fill(0);
        }
        is_right
    }

    /// Octets of the key's state.
    #[must_use]
    pub fn context_len(&self) -> usize {
        match &self.0 {
            GcmState::Kernel128(key) => size_of_val(key),
            GcmState::Kernel256(key) => size_of_val(key),
            GcmState::Portable128(key) => size_of_val(key),
            GcmState::Portable256(key) => size_of_val(key),
        }
    }
}

/// An AES-GCM key of a kernel and nothing else: its memory is that of the context, to its last octet.
#[repr(transparent)]
pub struct Bare<const RK: usize>(GcmContext<RK>);

impl Bare<11> {
    /// Schedules a key of AES-128; nothing for a tier without a kernel here.
    #[must_use]
    pub fn new_128(tier: Tier, key: &[u8; 16]) -> Option<Self> {
        let kernel = Kernel::of(tier).ok()?;
        Some(Self(GcmContext::new_128(kernel, key)))
    }
}

impl Bare<15> {
    /// Schedules a key of AES-256; nothing for a tier without a kernel here.
    #[must_use]
    pub fn new_256(tier: Tier, key: &[u8; 32]) -> Option<Self> {
        let kernel = Kernel::of(tier).ok()?;
        Some(Self(GcmContext::new_256(kernel, key)))
    }
}

impl<const RK: usize> Bare<RK> {
    /// Seals `data` in place and returns the tag.
    #[inline]
    pub fn seal(&self, nonce: &[u8; 12], aad: &[u8], data: &mut [u8]) -> [u8; 16] {
        self.0.seal(Nonce::new(nonce), Aad::new(aad), data)
    }

    /// Opens `data` in place; if `tag` is wrong, `data` holds what nobody may see.
    #[inline]
    #[must_use]
    pub fn open(&self, nonce: &[u8; 12], aad: &[u8], data: &mut [u8], tag: &[u8; 16]) -> bool {
        self.0.open(Nonce::new(nonce), Aad::new(aad), data, tag)
    }

    /// Undoes an `open` that failed.
    pub fn undo_open(&self, nonce: &[u8; 12], data: &mut [u8]) {
        self.0.undo_open(Nonce::new(nonce), data);
    }
}

/// An AES-CTR key of one tier.
pub struct Ctr(CtrState);

enum CtrState {
    Kernel128(CtrContext<11>),
    Kernel256(CtrContext<15>),
    Portable128(portable::Ctr<Aes128>),
    Portable256(portable::Ctr<Aes256>),
}

impl Ctr {
    /// Schedules a key of 16 or 32 octets; nothing for another length or a tier that this CPU does not have.
    #[must_use]
    pub fn new(tier: Tier, key: &[u8]) -> Option<Self> {
        let state = match (Kernel::of(tier), key.len()) {
            (Ok(kernel), 16) => {
                CtrState::Kernel128(CtrContext::new_128(kernel, key.try_into().ok()?))
            }
            (Ok(kernel), 32) => {
                CtrState::Kernel256(CtrContext::new_256(kernel, key.try_into().ok()?))
            }
            (Err(_), 16) if tier == Tier::Portable => {
                CtrState::Portable128(portable::Ctr::new(key).ok()?)
            }
            (Err(_), 32) if tier == Tier::Portable => {
                CtrState::Portable256(portable::Ctr::new(key).ok()?)
            }
            _ => return None,
        };
        Some(Self(state))
    }

    /// Adds the key stream whose first block is `nonce` ‖ u32 zero.
    pub fn apply_keystream(&self, nonce: &[u8; 12], data: &mut [u8]) {
        match &self.0 {
            CtrState::Kernel128(key) => key.apply_keystream(Nonce::new(nonce), data),
            CtrState::Kernel256(key) => key.apply_keystream(Nonce::new(nonce), data),
            CtrState::Portable128(key) => {
                key.apply_keystream(nonce, data)
                    .unwrap_or_else(|_| data.fill(0));
            }
            CtrState::Portable256(key) => {
                key.apply_keystream(nonce, data)
                    .unwrap_or_else(|_| data.fill(0));
            }
        }
    }
}

/// An AES-CTR key of a kernel and nothing else.
#[repr(transparent)]
pub struct BareCtr<const RK: usize>(CtrContext<RK>);

impl BareCtr<11> {
    /// Schedules a key of AES-128; nothing for a tier without a kernel here.
    #[must_use]
    pub fn new_128(tier: Tier, key: &[u8; 16]) -> Option<Self> {
        let kernel = Kernel::of(tier).ok()?;
        Some(Self(CtrContext::new_128(kernel, key)))
    }
}

impl BareCtr<15> {
    /// Schedules a key of AES-256; nothing for a tier without a kernel here.
    #[must_use]
    pub fn new_256(tier: Tier, key: &[u8; 32]) -> Option<Self> {
        let kernel = Kernel::of(tier).ok()?;
        Some(Self(CtrContext::new_256(kernel, key)))
    }
}

/// A key of AES-128-CTR with HMAC-SHA-256, RFC 9605 section 4.5.1, of the tier that the library uses.
pub struct CtrHmac(CtrHmac128);

impl CtrHmac {
    /// Schedules 16 octets for the cipher and 32 for the HMAC; nothing for another length of key, or if tags have more than 32 octets.
    #[must_use]
    pub fn new(key: &[u8], tag_len: usize) -> Option<Self> {
        if key.len() != 48 || tag_len > 32 {
            return None;
        }
        CtrHmac128::new(key, 16, tag_len).ok().map(Self)
    }

    /// Seals `data` in place; false if `tag` has another length than tags of this key.
    #[inline]
    #[must_use]
    pub fn seal(&self, nonce: &[u8; 12], aad: &[u8], data: &mut [u8], tag: &mut [u8]) -> bool {
        self.0.seal(Nonce::new(nonce), aad, data, tag).is_ok()
    }
}
