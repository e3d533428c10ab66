//! Where two zeros stand side by side: what start codes and their emulation prevention begin with (H.264 and H.265, Annex B).
//!
//! With AVX-512 and AVX2 a mask tells of each octet whether it is zero, and a pair is a mask and itself shifted by one. Elsewhere it is one loop that the compiler makes
//! vectors of.

#[cfg(target_arch = "x86_64")]
use core::arch::x86_64::{
    __m256i, _mm256_cmpeq_epi8, _mm256_loadu_si256, _mm256_movemask_epi8, _mm256_setzero_si256,
    _mm512_loadu_epi8, _mm512_mask_loadu_epi8, _mm512_set1_epi8, _mm512_testn_epi8_mask,
};

/// Octets that are looked at together: many, for putting a vector's octets together takes as long as looking at some hundreds.
const STEP: usize = 1024;
/// And where among so many there is something.
const SHORT_STEP: usize = 64;

/// The least `i` with `octets[i]` and `octets[i + 1]` both zero.
#[inline]
pub(crate) fn find_zero_pair(octets: &[u8]) -> Option<usize> {
    // Start codes follow one another, and frames begin with one.
    if let [0, 0, ..] = octets {
        return Some(0);
    }
    if octets.len() <= SHORT_STEP {
        return plainly(octets);
    }
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512bw") {
            // SAFETY: the CPU has it.
            return unsafe { with_avx512(octets) };
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the CPU has it.
            return unsafe { with_avx2(octets) };
        }
    }
    in_steps(octets)
}

/// Octets of a mask.
#[cfg(target_arch = "x86_64")]
const MASK: usize = 64;
/// Masks that are made before one is looked at.
#[cfg(target_arch = "x86_64")]
const MASKS: usize = 4;

/// Finds the first pair of a block, by its masks of zeros, and tells whether the block ends in a zero.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn first_pair(zeros: [u64; MASKS], ends_in_zero: &mut bool) -> Option<usize> {
    let mut before = u64::from(*ends_in_zero);
    // Where the second zero of a pair stands.
    let pairs = zeros.map(|zeros| {
        let pairs = zeros & (zeros << 1 | before);
        before = zeros >> 63;
        pairs
    });
    *ends_in_zero = before != 0;
    if pairs.into_iter().fold(0, |any, pairs| any | pairs) == 0 {
        return None;
    }
    let of_mask = pairs.into_iter().position(|pairs| pairs != 0)?;
    Some(of_mask * MASK + usize::try_from(pairs[of_mask].trailing_zeros()).ok()?)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512bw")]
fn with_avx512(octets: &[u8]) -> Option<usize> {
    let (mut at, mut ends_in_zero) = (0, false);
    let (blocks, rest) = octets.as_chunks::<{ MASK * MASKS }>();
    for block in blocks {
        let (parts, _) = block.as_chunks::<MASK>();
        let mut zeros = [0; MASKS];
        for (zeros, part) in zeros.iter_mut().zip(parts) {
            // SAFETY: `part` has 64 octets.
            let vector = unsafe { _mm512_loadu_epi8(part.as_ptr().cast()) };
            *zeros = _mm512_testn_epi8_mask(vector, vector);
        }
        if let Some(second) = first_pair(zeros, &mut ends_in_zero) {
            return Some(at + second - 1);
        }
        at += block.len();
    }
    let mut zeros = [0; MASKS];
    for (zeros, part) in zeros.iter_mut().zip(rest.chunks(MASK)) {
        let loaded = u64::MAX >> (MASK - part.len());
        let others = _mm512_set1_epi8(-1);
        // SAFETY: no more than the octets of `part` are loaded; it has one at least.
        let vector = unsafe { _mm512_mask_loadu_epi8(others, loaded, part.as_ptr().cast()) };
        *zeros = _mm512_testn_epi8_mask(vector, vector);
    }
    first_pair(zeros, &mut ends_in_zero).map(|second| at + second - 1)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn with_avx2(octets: &[u8]) -> Option<usize> {
    let (mut at, mut ends_in_zero) = (0, false);
    let (blocks, rest) = octets.as_chunks::<{ MASK * MASKS }>();
    let mut last = [u8::MAX; MASK * MASKS];
    last[..rest.len()].copy_from_slice(rest);
    for block in blocks.iter().chain([&last]) {
        let (parts, _) = block.as_chunks::<MASK>();
        let mut zeros = [0; MASKS];
        for (zeros, part) in zeros.iter_mut().zip(parts) {
            let [low, high] = [0, MASK / 2].map(|half| {
                let half: *const __m256i = part[half..].as_ptr().cast();
                // SAFETY: `part` has 32 octets from there on.
                let vector = unsafe { _mm256_loadu_si256(half) };
                let zeros = _mm256_cmpeq_epi8(vector, _mm256_setzero_si256());
                u64::from(_mm256_movemask_epi8(zeros).cast_unsigned())
            });
            *zeros = low | high << 32;
        }
        if let Some(second) = first_pair(zeros, &mut ends_in_zero) {
            return Some(at + second - 1);
        }
        at += block.len();
    }
    None
}

#[inline(always)]
fn in_steps(octets: &[u8]) -> Option<usize> {
    // What is near is found soon, however often there is something.
    if let Some(near) = octets.get(..=SHORT_STEP)
        && first_with_pair::<SHORT_STEP>(near) == 0
    {
        return plainly(octets);
    }
    let at = first_with_pair::<STEP>(octets);
    let short = at + first_with_pair::<SHORT_STEP>(&octets[at..]);
    plainly(&octets[short..]).map(|index| short + index)
}

/// Where the first `STEP` octets begin in which a pair begins, or too few octets for a step.
#[inline(always)]
fn first_with_pair<const STEP: usize>(octets: &[u8]) -> usize {
    let mut at = 0;
    while let (Some(firsts), Some(seconds)) =
        (octets.get(at..at + STEP), octets.get(at + 1..=at + STEP))
    {
        let least = firsts
            .iter()
            .zip(seconds)
            .fold(u8::MAX, |least, (first, second)| least.min(first | second));
        if least == 0 {
            break;
        }
        at += STEP;
    }
    at
}

fn plainly(octets: &[u8]) -> Option<usize> {
    octets.windows(2).position(|pair| pair == [0, 0])
}

#[cfg(test)]
mod tests {
    use super::find_zero_pair;

    /// Zeros in every place of texts around the steps, and none.
    #[test]
    fn every_place_is_found() {
        for len in (0..20)
            .chain(60..70)
            .chain(125..135)
            .chain(1020..1030)
            .chain([1100])
        {
            let mut octets = vec![7; len];
            assert_eq!(find_zero_pair(&octets), None);
            for place in 0..len.saturating_sub(1) {
                octets[place] = 0;
                assert_eq!(find_zero_pair(&octets), None, "one zero");
                octets[place + 1] = 0;
                assert_eq!(find_zero_pair(&octets), Some(place), "{len} octets");
                if place + 5 < len {
                    octets[place + 4..place + 6].fill(0);
                    assert_eq!(find_zero_pair(&octets), Some(place), "the first of two");
                }
                octets.fill(7);
            }
        }
    }

    #[test]
    fn all_ways_agree() {
        let mut octets = vec![1; 3000];
        for place in [
            0, 30, 31, 32, 62, 63, 64, 254, 255, 256, 511, 1023, 1024, 2815, 2816, 2900, 2998,
        ] {
            octets[place..place + 2].fill(0);
            for from in 0..=place.min(70) {
                let (octets, expected) = (&octets[from..], Some(place - from));
                assert_eq!(super::in_steps(octets), expected);
                #[cfg(target_arch = "x86_64")]
                if is_x86_feature_detected!("avx2") {
                    // SAFETY: the CPU has it.
                    assert_eq!(unsafe { super::with_avx2(octets) }, expected);
                }
                #[cfg(target_arch = "x86_64")]
                if is_x86_feature_detected!("avx512bw") {
                    // SAFETY: the CPU has it.
                    assert_eq!(unsafe { super::with_avx512(octets) }, expected);
                }
            }
            octets.fill(1);
        }
    }
}
