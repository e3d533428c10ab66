//! The block-cipher work behind the suites: one kernel for several vector widths, and the portable ciphers of RustCrypto for every other CPU.
//!
//! `docs/kernels.md` derives the formulae and says how each claim is tested.
#![allow(
    unsafe_code,
    reason = "loads and stores at raw pointers, and calls of functions that need CPU features"
)]

#[cfg(all(target_arch = "aarch64", target_endian = "little"))]
mod aarch64;
mod context;
pub(super) mod hmac;
#[cfg(any(
    target_arch = "x86_64",
    all(target_arch = "aarch64", target_endian = "little")
))]
mod kernel;
mod partial;
pub(super) mod portable;
mod prefetch;
mod select;
mod self_test;
pub(super) mod sha;
mod wiped;
#[cfg(target_arch = "x86_64")]
mod x86;
mod zero_pairs;

pub(crate) use context::GcmContext;
pub(crate) use partial::put;
pub(crate) use prefetch::prefetch;
#[cfg(feature = "capi")]
pub(crate) use prefetch::prefetch_at;
#[cfg(feature = "test-hooks")]
pub(crate) use select::force;
pub use select::{Candidate, Cpu, Tier, Verdict, cpu};
pub(crate) use select::{Kernel, selected};
pub(crate) use wiped::Wiped;
pub(crate) use zero_pairs::find_zero_pair;

use aes::{Aes128, Aes256};
use context::Block;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::CipherError;

/// A nonce of 12 octets as a number, the first octet lowest, so that it travels in registers: formed in memory piece by piece it would have to be
/// waited for.
#[derive(Clone, Copy)]
pub(crate) struct Nonce(u128);

impl Nonce {
    #[inline]
    pub(crate) fn new(octets: &[u8; 12]) -> Self {
        let [a, b, c, d, e, f, g, h, i, j, k, l] = *octets;
        let low = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
        Self(u128::from(low) | u128::from(u32::from_le_bytes([i, j, k, l])) << 64)
    }

    /// The nonce of RFC 9605 section 4.4.3: `salt` XOR `ctr`, big-endian and right-aligned.
    #[inline]
    pub(crate) fn of_frame(salt: Self, ctr: u64) -> Self {
        Self(salt.0 ^ u128::from(ctr.swap_bytes()) << 32)
    }

    #[inline]
    pub(crate) fn octets(self) -> [u8; 12] {
        let mut octets = [0; 12];
        octets.copy_from_slice(&self.0.to_le_bytes()[..12]);
        octets
    }
}

/// Additional authenticated data. Up to 16 octets travel in registers, like the nonce.
#[derive(Clone, Copy)]
pub(crate) struct Aad<'a> {
    /// The octets, if there are at most 16; the first is lowest.
    short: u128,
    octets: &'a [u8],
}

impl<'a> Aad<'a> {
    #[inline]
    pub(crate) fn new(octets: &'a [u8]) -> Self {
        let short = if octets.len() <= 16 {
            // SAFETY: the slice has that many octets.
            unsafe { partial::read(octets.as_ptr(), octets.len()) }
        } else {
            0
        };
        Self { short, octets }
    }

    pub(crate) fn octets(self) -> &'a [u8] {
        self.octets
    }

    /// AAD whose octets, at most 16, are in `short` as well.
    #[inline]
    pub(crate) fn with_short(short: u128, octets: &'a [u8]) -> Self {
        debug_assert!(octets.len() <= 16);
        Self { short, octets }
    }
}

impl GcmContext<11> {
    /// Schedules a key of AES-128.
    pub(crate) fn new_128(kernel: Kernel, key: &[u8; 16]) -> Self {
        let mut context = Self::zeroed(kernel);
        kernel.expand_128(key, &mut context.round_keys);
        kernel.make_powers(&mut context);
        context
    }
}

impl GcmContext<15> {
    /// Schedules a key of AES-256.
    pub(crate) fn new_256(kernel: Kernel, key: &[u8; 32]) -> Self {
        let mut context = Self::zeroed(kernel);
        kernel.expand_256(key, &mut context.round_keys);
        kernel.make_powers(&mut context);
        context
    }
}

impl<const RK: usize> GcmContext<RK> {
    /// Encrypts `text` in place and returns the tag.
    #[inline]
    pub(crate) fn seal(&self, nonce: Nonce, aad: Aad<'_>, text: &mut [u8]) -> Block {
        self.kernel.seal(self, nonce.0, aad, text)
    }

    /// Decrypts `text` in place and tells, in constant time, whether `tag` is right. If not, `text` holds what nobody may see.
    #[inline]
    #[must_use]
    pub(crate) fn open(&self, nonce: Nonce, aad: Aad<'_>, text: &mut [u8], tag: &Block) -> bool {
        let expected = self.kernel.open(self, nonce.0, aad, text);
        u128::from_ne_bytes(expected)
            .ct_eq(&u128::from_ne_bytes(*tag))
            .into()
    }

    /// Undoes an `open` that failed: `text` is again what it was.
    #[cold]
    pub(crate) fn undo_open(&self, nonce: Nonce, text: &mut [u8]) {
        self.kernel
            .apply_keystream(&self.round_keys, nonce.0, 2, text);
    }
}

/// AES in counter mode, of whichever tier was selected when the key was made.
pub(crate) trait Keystream: Sized {
    /// Schedules a key.
    fn new(key: &[u8]) -> Result<Self, CipherError>;

    /// Adds the key stream whose first block is `nonce` ‖ u32 zero, RFC 9605 section 4.5.1.
    fn apply_keystream(&self, nonce: Nonce, text: &mut [u8]) -> Result<(), CipherError>;
}

/// A key of AES in counter mode.
pub(crate) enum Ctr<A: portable::Aes, const RK: usize> {
    Kernel(CtrContext<RK>),
    Portable(portable::Ctr<A>),
}

pub(crate) type Ctr128 = Ctr<Aes128, 11>;
pub(crate) type Ctr256 = Ctr<Aes256, 15>;

impl<A: portable::Aes, const RK: usize> Ctr<A, RK> {
    #[inline]
    fn apply(&self, nonce: Nonce, text: &mut [u8]) -> Result<(), CipherError> {
        match self {
            Self::Kernel(context) => {
                context.apply_keystream(nonce, text);
                Ok(())
            }
            Self::Portable(key) => key.apply_keystream(&nonce.octets(), text),
        }
    }
}

impl Keystream for Ctr128 {
    fn new(key: &[u8]) -> Result<Self, CipherError> {
        let octets = key.try_into().map_err(|_| CipherError::BadKeyLength)?;
        match selected() {
            Some(kernel) => Ok(Self::Kernel(CtrContext::new_128(kernel, octets))),
            None => portable::Ctr::new(key).map(Self::Portable),
        }
    }

    #[inline]
    fn apply_keystream(&self, nonce: Nonce, text: &mut [u8]) -> Result<(), CipherError> {
        self.apply(nonce, text)
    }
}

impl Keystream for Ctr256 {
    fn new(key: &[u8]) -> Result<Self, CipherError> {
        let octets = key.try_into().map_err(|_| CipherError::BadKeyLength)?;
        match selected() {
            Some(kernel) => Ok(Self::Kernel(CtrContext::new_256(kernel, octets))),
            None => portable::Ctr::new(key).map(Self::Portable),
        }
    }

    #[inline]
    fn apply_keystream(&self, nonce: Nonce, text: &mut [u8]) -> Result<(), CipherError> {
        self.apply(nonce, text)
    }
}

/// An AES key in counter mode, for the CTR-HMAC suites.
#[repr(C, align(16))]
pub(crate) struct CtrContext<const RK: usize> {
    round_keys: [Block; RK],
    kernel: Kernel,
}

impl CtrContext<11> {
    /// Schedules a key of AES-128.
    pub(crate) fn new_128(kernel: Kernel, key: &[u8; 16]) -> Self {
        let mut round_keys = [[0; 16]; 11];
        kernel.expand_128(key, &mut round_keys);
        Self { round_keys, kernel }
    }
}

impl CtrContext<15> {
    /// Schedules a key of AES-256.
    pub(crate) fn new_256(kernel: Kernel, key: &[u8; 32]) -> Self {
        let mut round_keys = [[0; 16]; 15];
        kernel.expand_256(key, &mut round_keys);
        Self { round_keys, kernel }
    }
}

impl<const RK: usize> CtrContext<RK> {
    /// Adds the key stream whose first block is `nonce` ‖ u32 zero, RFC 9605 section 4.5.1.
    #[inline]
    pub(crate) fn apply_keystream(&self, nonce: Nonce, text: &mut [u8]) {
        self.kernel
            .apply_keystream(&self.round_keys, nonce.0, 0, text);
    }
}

impl<const RK: usize> Drop for CtrContext<RK> {
    fn drop(&mut self) {
        self.round_keys.zeroize();
    }
}

impl<const RK: usize> ZeroizeOnDrop for CtrContext<RK> {}
