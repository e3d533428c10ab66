//! Our own kernels, without the channel around them.

use mediaseal::test_hooks::{self, Tier};

use super::{Aead, TAG, Visitor};

/// One of our kernels.
#[derive(Clone, Copy)]
pub struct Kernel(Tier);

impl Kernel {
    /// Whether it uses AES-NI and PCLMULQDQ and nothing wider.
    #[must_use]
    pub fn is_aes_ni(self) -> bool {
        matches!(self.0, Tier::AesNi)
    }

    /// Its name among the contenders.
    #[must_use]
    pub fn name(self) -> String {
        format!("mediaseal {}", self.0)
    }
}

/// The kernels that run here, the best first.
#[must_use]
pub fn kernels() -> Vec<Kernel> {
    test_hooks::tiers().into_iter().map(Kernel).collect()
}

/// The kernel that the library takes.
///
/// # Panics
/// If there is none; the portable one runs everywhere.
#[must_use]
pub fn best_kernel() -> Kernel {
    *kernels()
        .first()
        .expect("the portable kernel runs everywhere")
}

pub(super) fn visit(visitor: &mut impl Visitor, kernel: Kernel) {
    visitor.visit(&kernel.name(), move |key| Ours::new(kernel, key));
}

/// A kernel's context and nothing else, as a stream has it; the portable one has no such.
pub(super) fn visit_with_short_keys(visitor: &mut impl Visitor, kernel: Kernel) {
    let new = move |key: &[u8]| {
        let key = key.first_chunk().expect("the key has 16 octets");
        test_hooks::Bare::new_128(kernel.0, key).map(Bare)
    };
    if new(&[0; 16]).is_none() {
        return visit(visitor, kernel);
    }
    visitor.visit(&kernel.name(), move |key| {
        new(key).expect("the kernel runs here")
    });
}

pub(super) fn context_len(kernel: Kernel) -> Option<usize> {
    test_hooks::Gcm::new(kernel.0, &[0; 16]).map(|context| context.context_len())
}

struct Ours(test_hooks::Gcm);

impl Ours {
    fn new(kernel: Kernel, key: &[u8]) -> Self {
        Self(test_hooks::Gcm::new(kernel.0, key).expect("the kernel runs here"))
    }
}

impl Aead for Ours {
    #[inline(always)]
    fn seal(&mut self, nonce: &[u8; 12], aad: &[u8], data: &mut [u8], tag: &mut [u8; TAG]) {
        self.0.seal(nonce, aad, data, tag);
    }

    #[inline(always)]
    fn open(&mut self, nonce: &[u8; 12], aad: &[u8], frame: &mut [u8]) -> bool {
        let (data, tag) = frame.split_at_mut(frame.len() - TAG);
        let tag: &[u8; TAG] = (&*tag).try_into().expect("the tag's octets");
        self.0.open(nonce, aad, data, tag)
    }
}

struct Bare(test_hooks::Bare<11>);

impl Aead for Bare {
    #[inline(always)]
    fn seal(&mut self, nonce: &[u8; 12], aad: &[u8], data: &mut [u8], tag: &mut [u8; TAG]) {
        *tag = self.0.seal(nonce, aad, data);
    }

    #[inline(always)]
    fn open(&mut self, nonce: &[u8; 12], aad: &[u8], frame: &mut [u8]) -> bool {
        let (data, tag) = frame.split_at_mut(frame.len() - TAG);
        let tag: &[u8; TAG] = (&*tag).try_into().expect("the tag's octets");
        self.0.open(nonce, aad, data, tag)
    }
}
