//! Where two zeros stand side by side: what start codes and their emulation prevention begin with (H.264 and H.265, Annex B).
//!
//! One loop that the compiler makes vectors of, compiled for each width.

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

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512bw")]
fn with_avx512(octets: &[u8]) -> Option<usize> {
    in_steps(octets)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn with_avx2(octets: &[u8]) -> Option<usize> {
    in_steps(octets)
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
        for place in [0, 63, 64, 1023, 1024, 2900] {
            octets[place..place + 2].fill(0);
            let expected = Some(place);
            assert_eq!(super::in_steps(&octets), expected);
            #[cfg(target_arch = "x86_64")]
            if is_x86_feature_detected!("avx2") {
                // SAFETY: the CPU has it.
                assert_eq!(unsafe { super::with_avx2(&octets) }, expected);
            }
            octets.fill(1);
        }
    }
}
