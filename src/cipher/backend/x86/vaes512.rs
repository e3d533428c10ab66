//! Four blocks a vector: AVX-512 with VAES and VPCLMULQDQ.

use core::arch::x86_64::*;

use super::super::context::{Block, FIRST_COUNTER, GcmContext, POWERS, REDUCTION};
use super::super::kernel::gcm_kernel;
use super::from_u128;

type Vector = __m512i;

const LANES: usize = 4;
/// A round of AES ends with its key.
const EARLY_KEYS: usize = 0;
/// Vectors of a pass.
const PASS: usize = 4;
/// Blocks that are finished in one pass.
const FINISH_BLOCKS: usize = 12;
/// Vectors that AES takes at once when it finishes.
const BATCH: usize = 3;

macro_rules! primitives {
    ($features:literal) => {
        #[inline]
        #[target_feature(enable = $features)]
        fn zero() -> Vector {
            _mm512_setzero_si512()
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn xor(a: Vector, b: Vector) -> Vector {
            _mm512_xor_si512(a, b)
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn xor3(a: Vector, b: Vector, c: Vector) -> Vector {
            _mm512_ternarylogic_epi64(a, b, c, 0x96)
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn aes_round(block: Vector, key: Vector) -> Vector {
            _mm512_aesenc_epi128(block, key)
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn aes_last_round(block: Vector, (_, key): (Vector, Vector)) -> Vector {
            _mm512_aesenclast_epi128(block, key)
        }

        // Products of 64 by 64 bits: the half of the first factor, then that of the second.
        #[inline]
        #[target_feature(enable = $features)]
        fn multiply_low_low(a: Vector, b: Vector) -> Vector {
            _mm512_clmulepi64_epi128(a, b, 0x00)
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn multiply_high_low(a: Vector, b: Vector) -> Vector {
            _mm512_clmulepi64_epi128(a, b, 0x01)
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn multiply_low_high(a: Vector, b: Vector) -> Vector {
            _mm512_clmulepi64_epi128(a, b, 0x10)
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn multiply_high_high(a: Vector, b: Vector) -> Vector {
            _mm512_clmulepi64_epi128(a, b, 0x11)
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn swap_halves(a: Vector) -> Vector {
            _mm512_shuffle_epi32(a, 0x4E)
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn reverse_octets(a: Vector) -> Vector {
            let order = _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
            _mm512_shuffle_epi8(a, _mm512_broadcast_i32x4(order))
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn broadcast(block: &Block) -> Vector {
            // SAFETY: a reference to 16 octets.
            let block = unsafe { _mm_loadu_si128(block.as_ptr().cast()) };
            _mm512_broadcast_i32x4(block)
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn broadcast_value(value: u128) -> Vector {
            _mm512_broadcast_i32x4(from_u128(value))
        }

        /// `value` in the first lane, zeros in the others.
        #[inline]
        #[target_feature(enable = $features)]
        fn from_value(value: u128) -> Vector {
            _mm512_zextsi128_si512(from_u128(value))
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn first_block(a: Vector) -> Block {
            let mut block = [0; 16];
            // SAFETY: a reference to 16 octets.
            unsafe { _mm_storeu_si128(block.as_mut_ptr().cast(), _mm512_castsi512_si128(a)) };
            block
        }

        /// The sum of the lanes, in the first; the others zero.
        #[inline]
        #[target_feature(enable = $features)]
        fn fold(a: Vector) -> Vector {
            let two = _mm256_xor_si256(_mm512_castsi512_si256(a), _mm512_extracti64x4_epi64(a, 1));
            let one = _mm_xor_si128(
                _mm256_castsi256_si128(two),
                _mm256_extracti128_si256(two, 1),
            );
            _mm512_zextsi128_si512(one)
        }

        /// The u32 counters `first`, `first` + 1 …, big-endian, in the last octets of the lanes.
        #[inline]
        #[target_feature(enable = $features)]
        #[allow(clippy::cast_possible_wrap, reason = "bit by bit")]
        fn counters(first: u32) -> Vector {
            let number = |lane: u32| first.wrapping_add(lane).swap_bytes() as i32;
            _mm512_set_epi32(
                number(3),
                0,
                0,
                0,
                number(2),
                0,
                0,
                0,
                number(1),
                0,
                0,
                0,
                number(0),
                0,
                0,
                0,
            )
        }

        /// Counts on by `LANES`; nothing is carried out of the last octet.
        #[inline]
        #[target_feature(enable = $features)]
        fn add_to_last_octet(a: Vector) -> Vector {
            let step = _mm_set_epi32(4 << 24, 0, 0, 0);
            _mm512_add_epi32(a, _mm512_broadcast_i32x4(step))
        }

        /// A block of two u64, the low one first, in lane `lane`, and zeros in the others.
        #[inline]
        #[target_feature(enable = $features)]
        #[allow(clippy::cast_possible_wrap, reason = "bit by bit")]
        fn in_lane((low, high): (u64, u64), lane: usize) -> Vector {
            let block = _mm_set_epi64x(high as i64, low as i64);
            _mm512_maskz_broadcast_i32x4(0xF << (4 * lane), block)
        }

        /// `a` with lane `lane` of `b`.
        #[inline]
        #[target_feature(enable = $features)]
        fn replace_lane(a: Vector, lane: usize, b: Vector) -> Vector {
            _mm512_mask_mov_epi32(a, 0xF << (4 * lane), b)
        }

        /// Lane `lane` of `a`, zeros in the others.
        #[inline]
        #[target_feature(enable = $features)]
        fn only_lane(a: Vector, lane: usize) -> Vector {
            _mm512_maskz_mov_epi32(0xF << (4 * lane), a)
        }

        /// # Safety
        /// 64 octets can be read at `at`.
        #[inline]
        #[target_feature(enable = $features)]
        unsafe fn load(at: *const u8) -> Vector {
            // SAFETY: the caller's promise.
            unsafe { _mm512_loadu_si512(at.cast()) }
        }

        /// # Safety
        /// 64 octets can be written at `at`.
        #[inline]
        #[target_feature(enable = $features)]
        unsafe fn store(at: *mut u8, a: Vector) {
            // SAFETY: the caller's promise.
            unsafe { _mm512_storeu_si512(at.cast(), a) };
        }

        /// `len` ones, `len` at most 64.
        #[inline]
        #[target_feature(enable = $features)]
        #[allow(clippy::cast_possible_truncation, reason = "at most 64")]
        fn mask(len: usize) -> u64 {
            _bzhi_u64(u64::MAX, len as u32)
        }

        /// # Safety
        /// `len` octets, at most 64, can be read at `at`.
        #[inline]
        #[target_feature(enable = $features)]
        unsafe fn load_part(at: *const u8, len: usize) -> Vector {
            // SAFETY: the caller's promise; masked octets are not touched.
            unsafe { _mm512_maskz_loadu_epi8(mask(len), at.cast()) }
        }

        /// # Safety
        /// `len` octets, at most 64, can be written at `at`.
        #[inline]
        #[target_feature(enable = $features)]
        unsafe fn store_part(at: *mut u8, len: usize, a: Vector) {
            // SAFETY: the caller's promise; masked octets are not touched.
            unsafe { _mm512_mask_storeu_epi8(at.cast(), mask(len), a) };
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn keep(a: Vector, len: usize) -> Vector {
            _mm512_maskz_mov_epi8(mask(len), a)
        }

        // The first vector of a packet: no text in its first lane, whose place `at` is and may not be touched.

        /// # Safety
        /// `len` octets, at most 48, can be read one block behind `at`.
        #[inline]
        #[target_feature(enable = $features)]
        unsafe fn load_behind_first(at: *const u8, len: usize) -> Vector {
            // SAFETY: the caller's promise; masked octets are not touched.
            unsafe { _mm512_maskz_loadu_epi8(mask(len) << 16, at.cast()) }
        }

        /// # Safety
        /// `len` octets, at most 48, can be written one block behind `at`.
        #[inline]
        #[target_feature(enable = $features)]
        unsafe fn store_behind_first(at: *mut u8, len: usize, a: Vector) {
            // SAFETY: the caller's promise; masked octets are not touched.
            unsafe { _mm512_mask_storeu_epi8(at.cast(), mask(len) << 16, a) };
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn keep_behind_first(a: Vector, len: usize) -> Vector {
            _mm512_maskz_mov_epi8(mask(len) << 16, a)
        }
    };
}

primitives!("avx512f,avx512bw,avx512vl,avx512dq,avx2,bmi2,aes,pclmulqdq,vaes,vpclmulqdq");
gcm_kernel!(
    "avx512f,avx512bw,avx512vl,avx512dq,avx2,bmi2,aes,pclmulqdq,vaes,vpclmulqdq",
    [1, 2],
    3
);
