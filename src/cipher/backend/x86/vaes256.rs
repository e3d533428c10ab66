//! Two blocks a vector: AVX2 with VAES and VPCLMULQDQ, for CPUs without AVX-512.

use core::arch::x86_64::*;

use super::super::context::{Block, FIRST_COUNTER, GcmContext, POWERS, REDUCTION};
use super::super::kernel::gcm_kernel;
use super::super::partial;
use super::{from_u128, to_u128};

type Vector = __m256i;

const LANES: usize = 2;
/// A round of AES ends with its key.
const EARLY_KEYS: usize = 0;
/// Vectors of a pass.
const PASS: usize = 4;
/// Blocks that are finished in one pass.
const FINISH_BLOCKS: usize = 12;
/// Vectors that AES takes at once when it finishes.
const BATCH: usize = 6;

macro_rules! primitives {
    ($features:literal) => {
        #[inline]
        #[target_feature(enable = $features)]
        fn zero() -> Vector {
            _mm256_setzero_si256()
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn xor(a: Vector, b: Vector) -> Vector {
            _mm256_xor_si256(a, b)
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn xor3(a: Vector, b: Vector, c: Vector) -> Vector {
            _mm256_xor_si256(a, _mm256_xor_si256(b, c))
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn aes_round(block: Vector, key: Vector) -> Vector {
            _mm256_aesenc_epi128(block, key)
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn aes_last_round(block: Vector, (_, key): (Vector, Vector)) -> Vector {
            _mm256_aesenclast_epi128(block, key)
        }

        // Products of 64 by 64 bits: the half of the first factor, then that of the second.
        #[inline]
        #[target_feature(enable = $features)]
        fn multiply_low_low(a: Vector, b: Vector) -> Vector {
            _mm256_clmulepi64_epi128(a, b, 0x00)
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn multiply_high_low(a: Vector, b: Vector) -> Vector {
            _mm256_clmulepi64_epi128(a, b, 0x01)
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn multiply_low_high(a: Vector, b: Vector) -> Vector {
            _mm256_clmulepi64_epi128(a, b, 0x10)
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn multiply_high_high(a: Vector, b: Vector) -> Vector {
            _mm256_clmulepi64_epi128(a, b, 0x11)
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn swap_halves(a: Vector) -> Vector {
            _mm256_shuffle_epi32(a, 0x4E)
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn reverse_octets(a: Vector) -> Vector {
            let order = _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
            _mm256_shuffle_epi8(a, _mm256_broadcastsi128_si256(order))
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn broadcast(block: &Block) -> Vector {
            // SAFETY: a reference to 16 octets.
            let block = unsafe { _mm_loadu_si128(block.as_ptr().cast()) };
            _mm256_broadcastsi128_si256(block)
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn broadcast_value(value: u128) -> Vector {
            _mm256_broadcastsi128_si256(from_u128(value))
        }

        /// `value` in the first lane, zeros in the others.
        #[inline]
        #[target_feature(enable = $features)]
        fn from_value(value: u128) -> Vector {
            _mm256_zextsi128_si256(from_u128(value))
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn first_block(a: Vector) -> Block {
            let mut block = [0; 16];
            // SAFETY: a reference to 16 octets.
            unsafe { _mm_storeu_si128(block.as_mut_ptr().cast(), _mm256_castsi256_si128(a)) };
            block
        }

        /// The sum of the lanes, in the first; the other zero.
        #[inline]
        #[target_feature(enable = $features)]
        fn fold(a: Vector) -> Vector {
            let one = _mm_xor_si128(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
            _mm256_zextsi128_si256(one)
        }

        /// The u32 counters `first` and `first` + 1, big-endian, in the last octets of the lanes.
        #[inline]
        #[target_feature(enable = $features)]
        #[allow(clippy::cast_possible_wrap, reason = "bit by bit")]
        fn counters(first: u32) -> Vector {
            let number = |lane: u32| first.wrapping_add(lane).swap_bytes() as i32;
            _mm256_set_epi32(number(1), 0, 0, 0, number(0), 0, 0, 0)
        }

        /// Counts on by `LANES`; nothing is carried out of the last octet.
        #[inline]
        #[target_feature(enable = $features)]
        fn add_to_last_octet(a: Vector) -> Vector {
            let step = _mm_set_epi32(2 << 24, 0, 0, 0);
            _mm256_add_epi32(a, _mm256_broadcastsi128_si256(step))
        }

        /// A block of two u64, the low one first, in lane `lane`, and zeros in the other.
        #[inline]
        #[target_feature(enable = $features)]
        #[allow(clippy::cast_possible_wrap, reason = "bit by bit")]
        fn in_lane((low, high): (u64, u64), lane: usize) -> Vector {
            let block = _mm_set_epi64x(high as i64, low as i64);
            if lane == 0 {
                _mm256_zextsi128_si256(block)
            } else {
                _mm256_inserti128_si256(zero(), block, 1)
            }
        }

        /// `a` with lane `lane` of `b`.
        #[inline]
        #[target_feature(enable = $features)]
        fn replace_lane(a: Vector, lane: usize, b: Vector) -> Vector {
            if lane == 0 {
                _mm256_blend_epi32(a, b, 0x0F)
            } else {
                _mm256_blend_epi32(a, b, 0xF0)
            }
        }

        /// Lane `lane` of `a`, zeros in the others.
        #[inline]
        #[target_feature(enable = $features)]
        fn only_lane(a: Vector, lane: usize) -> Vector {
            replace_lane(a, 1 - lane, zero())
        }

        /// # Safety
        /// 32 octets can be read at `at`.
        #[inline]
        #[target_feature(enable = $features)]
        unsafe fn load(at: *const u8) -> Vector {
            // SAFETY: the caller's promise.
            unsafe { _mm256_loadu_si256(at.cast()) }
        }

        /// # Safety
        /// 32 octets can be written at `at`.
        #[inline]
        #[target_feature(enable = $features)]
        unsafe fn store(at: *mut u8, a: Vector) {
            // SAFETY: the caller's promise.
            unsafe { _mm256_storeu_si256(at.cast(), a) };
        }

        /// # Safety
        /// `len` octets, at most 32, can be read at `at`.
        #[inline]
        #[target_feature(enable = $features)]
        unsafe fn load_part(at: *const u8, len: usize) -> Vector {
            if len == WIDTH {
                // SAFETY: the caller's promise.
                return unsafe { load(at) };
            }
            if len <= 16 {
                // SAFETY: the caller's promise.
                return _mm256_zextsi128_si256(from_u128(unsafe { partial::read(at, len) }));
            }
            // SAFETY: the first 16 of more octets.
            let first = from_u128(unsafe { partial::read(at, 16) });
            // SAFETY: the octets behind the first 16.
            let second = from_u128(unsafe { partial::read(at.wrapping_add(16), len - 16) });
            _mm256_set_m128i(second, first)
        }

        /// # Safety
        /// `len` octets, at most 32, can be written at `at`.
        #[inline]
        #[target_feature(enable = $features)]
        unsafe fn store_part(at: *mut u8, len: usize, a: Vector) {
            if len == WIDTH {
                // SAFETY: the caller's promise.
                return unsafe { store(at, a) };
            }
            let first = to_u128(_mm256_castsi256_si128(a));
            // SAFETY: the caller's promise.
            unsafe { partial::write(at, len.min(16), first) };
            if len > 16 {
                let second = to_u128(_mm256_extracti128_si256(a, 1));
                // SAFETY: the octets behind the first 16.
                unsafe { partial::write(at.wrapping_add(16), len - 16, second) };
            }
        }

        /// Zeros all but the first `len` octets (at most 32).
        #[inline]
        #[target_feature(enable = $features)]
        fn keep(a: Vector, len: usize) -> Vector {
            // SAFETY: 32 octets from 32 - len on, of 64.
            let mask = unsafe { load(ONES_ZEROS.as_ptr().wrapping_add(WIDTH - len)) };
            _mm256_and_si256(a, mask)
        }

        // The first vector of a packet: no text in its first lane, whose place `at` is and may not be touched.

        /// # Safety
        /// `len` octets, at most 16, can be read one block behind `at`.
        #[inline]
        #[target_feature(enable = $features)]
        unsafe fn load_behind_first(at: *const u8, len: usize) -> Vector {
            // SAFETY: the caller's promise.
            let block = from_u128(unsafe { partial::read(at.wrapping_add(16), len) });
            _mm256_inserti128_si256(zero(), block, 1)
        }

        /// # Safety
        /// `len` octets, at most 16, can be written one block behind `at`.
        #[inline]
        #[target_feature(enable = $features)]
        unsafe fn store_behind_first(at: *mut u8, len: usize, a: Vector) {
            let block = to_u128(_mm256_extracti128_si256(a, 1));
            // SAFETY: the caller's promise.
            unsafe { partial::write(at.wrapping_add(16), len, block) };
        }

        /// Zeros the first lane and all but the first `len` octets (at most 16) behind it.
        #[inline]
        #[target_feature(enable = $features)]
        fn keep_behind_first(a: Vector, len: usize) -> Vector {
            let second = _mm256_inserti128_si256(zero(), _mm256_extracti128_si256(a, 1), 1);
            keep(second, 16 + len)
        }
    };
}

static ONES_ZEROS: [u8; 64] = {
    let mut mask = [0; 64];
    let mut at = 0;
    while at < 32 {
        mask[at] = 0xFF;
        at += 1;
    }
    mask
};

primitives!("avx2,aes,pclmulqdq,vaes,vpclmulqdq");
gcm_kernel!("avx2,aes,pclmulqdq,vaes,vpclmulqdq", [1, 2, 3, 4, 5], 6);
