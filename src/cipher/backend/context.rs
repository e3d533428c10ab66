//! What a kernel keeps of an AES-GCM key: round keys, and powers of H.

use core::mem::{offset_of, size_of};

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::Kernel;

/// A block of AES or GHASH.
pub(super) type Block = [u8; 16];

/// Powers of H in a context: blocks that one sum of products can have. Twelve are a packet of 160 octets, and the most that fits beside 15 round keys in 640 octets.
pub(super) const POWERS: usize = 12;

/// x^63 + x^62 + x^57, by which the low half of a sum is divided by x^64 (`docs/kernels.md`).
pub(super) const REDUCTION: Block = 0xC200_0000_0000_0000_u128.to_le_bytes();

/// The counter of J0, in its place behind the nonce.
pub(super) const FIRST_COUNTER: Block = (1u128 << 120).to_le_bytes();

/// An AES-GCM key for the kernels, with 11 round keys (AES-128) or 15 (AES-256).
///
/// In whole cache lines. One that moves leaves a copy on the stack, for `wipe_stack` of the key layer to overwrite.
#[repr(C, align(64))]
pub(crate) struct GcmContext<const RK: usize> {
    /// H^12 … H^1, so that consecutive blocks meet consecutive powers; each times x, in reversed bit order.
    pub(super) powers: [Block; POWERS],
    /// D = H·x^-64 of each.
    pub(super) shifted: [Block; POWERS],
    pub(super) round_keys: [Block; RK],
    pub(super) kernel: Kernel,
}

const _: () = assert!(size_of::<GcmContext<11>>() == 576);
const _: () = assert!(size_of::<GcmContext<15>>() == 640);

impl<const RK: usize> GcmContext<RK> {
    pub(super) const POWERS_AT: usize = offset_of!(Self, powers);
    pub(super) const SHIFTED_AT: usize = offset_of!(Self, shifted);

    pub(super) const fn zeroed(kernel: Kernel) -> Self {
        Self {
            powers: [[0; 16]; POWERS],
            shifted: [[0; 16]; POWERS],
            round_keys: [[0; 16]; RK],
            kernel,
        }
    }
}

impl<const RK: usize> Drop for GcmContext<RK> {
    fn drop(&mut self) {
        self.powers.zeroize();
        self.shifted.zeroize();
        self.round_keys.zeroize();
    }
}

impl<const RK: usize> ZeroizeOnDrop for GcmContext<RK> {}
