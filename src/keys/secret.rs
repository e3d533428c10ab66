//! The only home of key octets.

use core::fmt;

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// `N` secret octets on the heap: zeroed on drop, never moved in memory, never printed, not cloned.
pub(crate) struct Secret<const N: usize>(Box<[u8; N]>);

impl<const N: usize> Secret<N> {
    /// Makes zeros, to be filled in place so that no copy stays on the stack.
    pub(crate) fn zeroed() -> Self {
        Self(Box::new([0; N]))
    }

    pub(crate) fn expose(&self) -> &[u8; N] {
        &self.0
    }

    pub(crate) fn expose_mut(&mut self) -> &mut [u8; N] {
        &mut self.0
    }
}

impl<const N: usize> Drop for Secret<N> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<const N: usize> ZeroizeOnDrop for Secret<N> {}

impl<const N: usize> PartialEq for Secret<N> {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&*other.0).into()
    }
}

impl<const N: usize> Eq for Secret<N> {}

/// Runs a key schedule and then overwrites the stack that it used.
///
/// Key schedules build round keys and hash states on the stack and move them out, and a move wipes nothing. Best effort: 16 KiB
/// are deeper than the built-in ones go; registers are out of reach.
pub(crate) fn with_wiped_stack<T>(schedule: impl FnOnce() -> T) -> T {
    #[inline(never)]
    fn apart<T>(schedule: impl FnOnce() -> T) -> T {
        schedule()
    }
    let result = apart(schedule);
    wipe_stack();
    result
}

/// Overwrites 16 KiB of stack below the caller: what key schedules leave there, and ciphers that spread round keys while they work.
pub(crate) fn wipe_stack() {
    zeroize::zeroize_stack::<{ 16 * 1024 }>();
}

impl<const N: usize> fmt::Debug for Secret<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret<{N}>([redacted])")
    }
}
