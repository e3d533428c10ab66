//! One block a vector: AES-NI and PCLMULQDQ, with AVX for its three operands.

use core::arch::x86_64::*;

use super::super::context::{Block, FIRST_COUNTER, GcmContext, POWERS, REDUCTION};
use super::super::kernel::gcm_kernel;
use super::super::partial;
use super::{from_u128, to_u128};

type Vector = __m128i;

const LANES: usize = 1;
/// A round of AES ends with its key.
const EARLY_KEYS: usize = 0;
/// Vectors of a pass.
const PASS: usize = 8;
/// Blocks that are finished in one pass.
const FINISH_BLOCKS: usize = 10;
/// Vectors that AES takes at once when it finishes.
const BATCH: usize = 10;

macro_rules! primitives {
    ($features:literal) => {
        #[inline]
        #[target_feature(enable = $features)]
        fn zero() -> Vector {
            _mm_setzero_si128()
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn xor(a: Vector, b: Vector) -> Vector {
            _mm_xor_si128(a, b)
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn xor3(a: Vector, b: Vector, c: Vector) -> Vector {
            _mm_xor_si128(a, _mm_xor_si128(b, c))
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn aes_round(block: Vector, key: Vector) -> Vector {
            _mm_aesenc_si128(block, key)
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn aes_last_round(block: Vector, (_, key): (Vector, Vector)) -> Vector {
            _mm_aesenclast_si128(block, key)
        }

        // Products of 64 by 64 bits: the half of the first factor, then that of the second.
        #[inline]
        #[target_feature(enable = $features)]
        fn multiply_low_low(a: Vector, b: Vector) -> Vector {
            _mm_clmulepi64_si128(a, b, 0x00)
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn multiply_high_low(a: Vector, b: Vector) -> Vector {
            _mm_clmulepi64_si128(a, b, 0x01)
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn multiply_low_high(a: Vector, b: Vector) -> Vector {
            _mm_clmulepi64_si128(a, b, 0x10)
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn multiply_high_high(a: Vector, b: Vector) -> Vector {
            _mm_clmulepi64_si128(a, b, 0x11)
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn swap_halves(a: Vector) -> Vector {
            _mm_shuffle_epi32(a, 0x4E)
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn reverse_octets(a: Vector) -> Vector {
            let order = _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
            _mm_shuffle_epi8(a, order)
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn broadcast(block: &Block) -> Vector {
            // SAFETY: a reference to 16 octets.
            unsafe { _mm_loadu_si128(block.as_ptr().cast()) }
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn broadcast_value(value: u128) -> Vector {
            from_u128(value)
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn from_value(value: u128) -> Vector {
            from_u128(value)
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn first_block(a: Vector) -> Block {
            let mut block = [0; 16];
            // SAFETY: a reference to 16 octets.
            unsafe { _mm_storeu_si128(block.as_mut_ptr().cast(), a) };
            block
        }

        /// The sum of the lanes.
        #[inline]
        #[target_feature(enable = $features)]
        fn fold(a: Vector) -> Vector {
            a
        }

        /// The u32 counter `first`, big-endian, in the last octets.
        #[inline]
        #[target_feature(enable = $features)]
        #[allow(clippy::cast_possible_wrap, reason = "bit by bit")]
        fn counters(first: u32) -> Vector {
            _mm_set_epi32(first.swap_bytes() as i32, 0, 0, 0)
        }

        /// Counts on by one; nothing is carried out of the last octet.
        #[inline]
        #[target_feature(enable = $features)]
        fn add_to_last_octet(a: Vector) -> Vector {
            _mm_add_epi32(a, _mm_set_epi32(1 << 24, 0, 0, 0))
        }

        /// A block of two u64, the low one first.
        #[inline]
        #[target_feature(enable = $features)]
        #[allow(clippy::cast_possible_wrap, reason = "bit by bit")]
        fn in_lane((low, high): (u64, u64), _lane: usize) -> Vector {
            _mm_set_epi64x(high as i64, low as i64)
        }

        /// `a` with lane `lane` of `b`.
        #[inline]
        #[target_feature(enable = $features)]
        fn replace_lane(_a: Vector, _lane: usize, b: Vector) -> Vector {
            b
        }

        /// Lane `lane` of `a`, zeros in the others.
        #[inline]
        #[target_feature(enable = $features)]
        fn only_lane(a: Vector, _lane: usize) -> Vector {
            a
        }

        /// # Safety
        /// 16 octets can be read at `at`.
        #[inline]
        #[target_feature(enable = $features)]
        unsafe fn load(at: *const u8) -> Vector {
            // SAFETY: the caller's promise.
            unsafe { _mm_loadu_si128(at.cast()) }
        }

        /// # Safety
        /// 16 octets can be written at `at`.
        #[inline]
        #[target_feature(enable = $features)]
        unsafe fn store(at: *mut u8, a: Vector) {
            // SAFETY: the caller's promise.
            unsafe { _mm_storeu_si128(at.cast(), a) };
        }

        /// # Safety
        /// `len` octets, at most 16, can be read at `at`.
        #[inline]
        #[target_feature(enable = $features)]
        unsafe fn load_part(at: *const u8, len: usize) -> Vector {
            // SAFETY: the caller's promise.
            from_u128(unsafe { partial::read(at, len) })
        }

        /// # Safety
        /// `len` octets, at most 16, can be written at `at`.
        #[inline]
        #[target_feature(enable = $features)]
        unsafe fn store_part(at: *mut u8, len: usize, a: Vector) {
            // SAFETY: the caller's promise.
            unsafe { partial::write(at, len, to_u128(a)) };
        }

        /// Zeros all but the first `len` octets (at most 16).
        #[inline]
        #[target_feature(enable = $features)]
        fn keep(a: Vector, len: usize) -> Vector {
            from_u128(partial::keep(to_u128(a), len))
        }

        // The first vector of a packet has no text.

        /// # Safety
        /// None is needed; other tiers do.
        #[inline]
        #[target_feature(enable = $features)]
        unsafe fn load_behind_first(_at: *const u8, _len: usize) -> Vector {
            zero()
        }

        /// # Safety
        /// None is needed; other tiers do.
        #[inline]
        #[target_feature(enable = $features)]
        unsafe fn store_behind_first(_at: *mut u8, _len: usize, _a: Vector) {}

        #[inline]
        #[target_feature(enable = $features)]
        fn keep_behind_first(_a: Vector, _len: usize) -> Vector {
            zero()
        }
    };
}

primitives!("avx,aes,pclmulqdq,ssse3,sse4.1");
gcm_kernel!(
    "avx,aes,pclmulqdq,ssse3,sse4.1",
    [1, 2, 3, 4, 5, 6, 7, 8, 9],
    10
);
