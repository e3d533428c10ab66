//! A fresh nonce for every packet, made in the same way for everyone.

/// Counts nonces up.
///
/// Each is written to memory by one store of 16 octets. In two stores a load of the whole would wait for them, which costs more
/// than a small packet, and costs those most who load it at once.
#[derive(Default)]
pub struct Nonces {
    current: Nonce,
}

/// A nonce, where one store reaches it.
#[repr(align(16))]
#[derive(Clone, Copy, Default)]
struct Nonce([u8; 16]);

impl Nonces {
    /// The next nonce.
    #[inline(always)]
    pub fn fresh(&mut self) -> &[u8; 12] {
        self.count();
        self.current
            .0
            .first_chunk()
            .expect("16 octets are more than 12")
    }

    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    fn count(&mut self) {
        use std::arch::x86_64::{_mm_add_epi64, _mm_load_si128, _mm_set_epi64x, _mm_store_si128};

        let place = std::ptr::from_mut(&mut self.current).cast();
        // SAFETY: every x86-64 has SSE2, and the place is aligned to the 16 octets that are read and written.
        unsafe {
            let next = _mm_add_epi64(_mm_load_si128(place), _mm_set_epi64x(0, 1));
            _mm_store_si128(place, next);
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    #[inline(always)]
    fn count(&mut self) {
        let next = u128::from_le_bytes(self.current.0).wrapping_add(1);
        self.current.0 = next.to_le_bytes();
    }
}
