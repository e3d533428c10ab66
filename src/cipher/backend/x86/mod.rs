//! The tiers of x86-64, and what they have in common: making a context takes AES-NI and PCLMULQDQ alone.

use core::arch::x86_64::*;

use super::context::{Block, GcmContext, POWERS, REDUCTION};

pub(super) mod aesni;
pub(super) mod vaes256;
pub(super) mod vaes512;

#[inline]
#[target_feature(enable = "sse4.1")]
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "two halves, bit by bit"
)]
fn from_u128(value: u128) -> __m128i {
    _mm_set_epi64x((value >> 64) as i64, value as i64)
}

#[inline]
#[target_feature(enable = "sse4.1")]
#[allow(clippy::cast_sign_loss, reason = "two halves, bit by bit")]
fn to_u128(value: __m128i) -> u128 {
    let (low, high) = (
        _mm_cvtsi128_si64(value) as u64,
        _mm_extract_epi64(value, 1) as u64,
    );
    u128::from(low) | u128::from(high) << 64
}

#[inline]
fn load(block: &Block) -> __m128i {
    // SAFETY: a reference to 16 octets.
    unsafe { _mm_loadu_si128(block.as_ptr().cast()) }
}

#[inline]
fn store(block: &mut Block, value: __m128i) {
    // SAFETY: a reference to 16 octets.
    unsafe { _mm_storeu_si128(block.as_mut_ptr().cast(), value) };
}

/// The sums of 1, 2, 3 and 4 words that the key schedule of FIPS 197 makes, with `word` in each.
#[inline]
#[target_feature(enable = "aes,sse4.1")]
fn next_round_key(mut key: __m128i, word: __m128i) -> __m128i {
    key = _mm_xor_si128(key, _mm_slli_si128(key, 4));
    key = _mm_xor_si128(key, _mm_slli_si128(key, 8));
    _mm_xor_si128(key, word)
}

/// Round keys of AES-128, FIPS 197 section 5.2.
#[target_feature(enable = "aes,sse4.1")]
pub(super) fn expand_128(key: &[u8; 16], round_keys: &mut [Block; 11]) {
    let mut last = load(key);
    store(&mut round_keys[0], last);
    macro_rules! rounds {
        ($($index:literal: $constant:literal),*) => {
            $(
                let word = _mm_shuffle_epi32(_mm_aeskeygenassist_si128(last, $constant), 0xFF);
                last = next_round_key(last, word);
                store(&mut round_keys[$index], last);
            )*
        };
    }
    rounds!(1: 0x01, 2: 0x02, 3: 0x04, 4: 0x08, 5: 0x10, 6: 0x20, 7: 0x40, 8: 0x80, 9: 0x1B, 10: 0x36);
}

/// Round keys of AES-256, FIPS 197 section 5.2.
#[target_feature(enable = "aes,sse4.1")]
pub(super) fn expand_256(key: &[u8; 32], round_keys: &mut [Block; 15]) {
    let (first, second) = key.split_at(16);
    round_keys[0].copy_from_slice(first);
    round_keys[1].copy_from_slice(second);
    let (mut even, mut odd) = (load(&round_keys[0]), load(&round_keys[1]));
    macro_rules! rounds {
        ($($index:literal: $constant:literal),*) => {
            $(
                let word = _mm_shuffle_epi32(_mm_aeskeygenassist_si128(odd, $constant), 0xFF);
                even = next_round_key(even, word);
                store(&mut round_keys[$index], even);
                if let Some(next) = round_keys.get_mut($index + 1) {
                    let word = _mm_shuffle_epi32(_mm_aeskeygenassist_si128(even, 0), 0xAA);
                    odd = next_round_key(odd, word);
                    store(next, odd);
                }
            )*
        };
    }
    rounds!(2: 0x01, 4: 0x02, 6: 0x04, 8: 0x08, 10: 0x10, 12: 0x20, 14: 0x40);
}

/// D = H·x^-64.
#[inline]
#[target_feature(enable = "pclmulqdq,sse4.1")]
fn shifted(h: __m128i) -> __m128i {
    _mm_xor_si128(
        _mm_shuffle_epi32(h, 0x4E),
        _mm_clmulepi64_si128(h, load(&REDUCTION), 0x00),
    )
}

/// a·b·x^-128, with D of b.
#[inline]
#[target_feature(enable = "pclmulqdq,sse4.1")]
fn multiply(a: __m128i, b: __m128i, d: __m128i) -> __m128i {
    let r = _mm_xor_si128(
        _mm_clmulepi64_si128(a, d, 0x10),
        _mm_clmulepi64_si128(a, b, 0x11),
    );
    let f = _mm_xor_si128(
        _mm_clmulepi64_si128(a, d, 0x00),
        _mm_clmulepi64_si128(a, b, 0x01),
    );
    let folded = _mm_clmulepi64_si128(f, load(&REDUCTION), 0x00);
    _mm_xor_si128(_mm_xor_si128(r, _mm_shuffle_epi32(f, 0x4E)), folded)
}

/// Fills in the powers of H, which the round keys give.
#[target_feature(enable = "aes,pclmulqdq,sse4.1,ssse3")]
pub(super) fn make_powers<const RK: usize>(context: &mut GcmContext<RK>) {
    let mut hash_key = load(&context.round_keys[0]);
    for round_key in &context.round_keys[1..RK - 1] {
        hash_key = _mm_aesenc_si128(hash_key, load(round_key));
    }
    hash_key = _mm_aesenclast_si128(hash_key, load(&context.round_keys[RK - 1]));
    let order = _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    let first = times_x(_mm_shuffle_epi8(hash_key, order));
    let square = multiply(first, first, shifted(first));
    let square_shifted = shifted(square);
    // Two chains of odd and even powers, for they do not wait for one another.
    let (mut odd, mut even) = (first, square);
    for pair in (0..POWERS / 2).rev() {
        store(&mut context.powers[2 * pair + 1], odd);
        store(&mut context.shifted[2 * pair + 1], shifted(odd));
        store(&mut context.powers[2 * pair], even);
        store(&mut context.shifted[2 * pair], shifted(even));
        odd = multiply(odd, square, square_shifted);
        even = multiply(even, square, square_shifted);
    }
}

/// h·x: what makes the reversed bit order of GHASH a plain product.
#[inline]
#[target_feature(enable = "sse4.1")]
fn times_x(h: __m128i) -> __m128i {
    let value = to_u128(h);
    let carry = 0u128.wrapping_sub(value >> 127);
    from_u128((value << 1) ^ (carry & 0xC200_0000_0000_0000_0000_0000_0000_0001))
}
