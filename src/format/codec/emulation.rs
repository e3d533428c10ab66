//! Emulation prevention, H.264 section 7.4.1: no two zeros are followed by an octet below 4 but by the 3 that was put there.

use crate::cipher::find_zero_pair;
use crate::error::Malformed;

/// The octet that is put between.
const ESCAPE: u8 = 3;

/// Where the next escape is due in `octets`, before which nothing stands that counts.
fn next_due(octets: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let third = at + find_zero_pair(&octets[at..])? + 2;
        if *octets.get(third)? <= ESCAPE {
            return Some(third);
        }
        at = third + 1;
    }
}

/// The number of octets that [`insert`] adds to `octets`.
pub(super) fn count_due(octets: &[u8]) -> usize {
    let (mut at, mut count) = (0, 0);
    while let Some(due) = next_due(&octets[at..]) {
        at += due;
        count += 1;
    }
    count
}

/// The most octets that [`insert`] adds to `len`.
pub(super) const fn most_due(len: usize) -> usize {
    len / 2
}

/// Escapes the first `len` octets of `buffer`, which has room for all that is due, and returns how many there are then. What stands before
/// the first escape is not moved.
pub(super) fn insert(buffer: &mut [u8], len: usize) -> usize {
    let Some(first) = next_due(&buffer[..len]) else {
        return len;
    };
    let count = count_due(&buffer[..len]);
    let end = len + count;
    buffer.copy_within(first..len, first + count);
    let (mut from, mut to) = (first + count, first);
    while to < from {
        buffer[to] = ESCAPE;
        to += 1;
        let run = next_due(&buffer[from..end]).unwrap_or(end - from);
        if to < from {
            buffer.copy_within(from..from + run, to);
        }
        from += run;
        to += run;
    }
    end
}

/// Where the next escape stands in `octets`.
///
/// # Errors
/// [`Malformed::Carrier`] if what should have been escaped was not, or what was should not have been.
fn next_escape(octets: &[u8]) -> Result<Option<usize>, Malformed> {
    let mut at = 0;
    loop {
        let Some(pair) = find_zero_pair(&octets[at..]) else {
            return Ok(None);
        };
        let third = at + pair + 2;
        match (octets.get(third), octets.get(third + 1)) {
            (Some(&ESCAPE), Some(0..=ESCAPE)) => return Ok(Some(third)),
            (Some(0..=ESCAPE), _) => return Err(Malformed::Carrier),
            (Some(_), _) => at = third + 1,
            (None, _) => return Ok(None),
        }
    }
}

/// The number of escapes in `octets`.
///
/// # Errors
/// [`Malformed::Carrier`] if [`insert`] would not have made these octets.
pub(super) fn count(octets: &[u8]) -> Result<usize, Malformed> {
    let (mut at, mut count) = (0, 0);
    while let Some(escape) = next_escape(&octets[at..])? {
        at += escape + 1;
        count += 1;
    }
    Ok(count)
}

/// Takes the escapes out of `octets`, which [`count`] has accepted, and returns how many octets are left.
pub(super) fn remove(octets: &mut [u8]) -> usize {
    let (mut from, mut to) = (0, 0);
    loop {
        let escape = next_escape(&octets[from..]).ok().flatten();
        let run = escape.unwrap_or(octets.len() - from);
        octets.copy_within(from..from + run, to);
        to += run;
        from += run + 1;
        if escape.is_none() {
            return to;
        }
    }
}

/// Copies `octets` without their escapes, from the octet on that is then number `skipped`, as many as `out` has room for; returns how many that are.
pub(super) fn copy_without(octets: &[u8], skipped: usize, out: &mut [u8]) -> usize {
    let (mut from, mut number, mut copied) = (0, 0, 0);
    loop {
        let escape = next_escape(&octets[from..]).ok().flatten();
        let run = &octets[from..][..escape.unwrap_or(octets.len() - from)];
        let wanted = run.get(skipped.saturating_sub(number)..).unwrap_or(&[]);
        let len = wanted.len().min(out.len() - copied);
        out[copied..copied + len].copy_from_slice(&wanted[..len]);
        copied += len;
        number += run.len();
        from += run.len() + 1;
        if escape.is_none() || copied == out.len() {
            return copied;
        }
    }
}

/// The payload of a NAL unit: `octets` without their escapes. What no escape is stays.
#[cfg(feature = "recording")]
pub(crate) fn without_escapes(octets: &[u8]) -> Vec<u8> {
    let mut out = vec![0; octets.len()];
    let len = copy_without(octets, 0, &mut out);
    out.truncate(len);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rule, octet by octet.
    fn escaped(octets: &[u8]) -> Vec<u8> {
        let (mut out, mut zeros) = (Vec::new(), 0);
        for &octet in octets {
            if zeros >= 2 && octet <= 3 {
                out.push(3);
                zeros = 0;
            }
            out.push(octet);
            zeros = if octet == 0 { zeros + 1 } else { 0 };
        }
        out
    }

    fn check(octets: &[u8]) {
        let expected = escaped(octets);
        assert_eq!(count_due(octets), expected.len() - octets.len());
        assert!(count_due(octets) <= most_due(octets.len()));
        let mut buffer = octets.to_vec();
        buffer.resize(octets.len() + most_due(octets.len()) + 1, 0xEE);
        let len = insert(&mut buffer, octets.len());
        assert_eq!(buffer[..len], expected);
        assert_eq!(buffer[len..].iter().find(|&&octet| octet != 0xEE), None);

        assert_eq!(count(&expected), Ok(expected.len() - octets.len()));
        for (skipped, room) in [(0, 0), (0, 2), (1, 1), (2, 5), (3, 17), (0, octets.len())] {
            let rest = &octets[skipped.min(octets.len())..];
            let mut out = vec![0; room.min(rest.len())];
            assert_eq!(copy_without(&expected, skipped, &mut out), out.len());
            assert_eq!(out, rest[..out.len()]);
        }
        #[cfg(feature = "recording")]
        assert_eq!(without_escapes(&expected), octets);
        let mut removed = expected.clone();
        let len = remove(&mut removed);
        assert_eq!(removed[..len], *octets);
    }

    /// Each word of up to nine of the octets that matter, always before the octet that ends a carrier.
    #[test]
    fn all_short_words() {
        const LETTERS: [u8; 5] = [0, 1, 2, 3, 4];
        for len in 0..=8 {
            for number in 0..5_usize.pow(len) {
                let mut word: Vec<u8> = (0..len)
                    .map(|place| LETTERS[number / 5_usize.pow(place) % 5])
                    .collect();
                word.push(0x80);
                check(&word);
            }
        }
    }

    #[test]
    fn long_runs_of_zeros_and_long_texts_between() {
        for len in [100, 255, 256, 257, 511, 512, 513, 1000] {
            let mut zeros = vec![0; len];
            zeros.push(0x80);
            check(&zeros);
            for place in (0..len - 3).step_by(7) {
                let mut text = vec![9; len];
                text[place..place + 3].fill(0);
                text[len - 1] = 0;
                text.push(0x80);
                check(&text);
            }
        }
    }

    #[test]
    fn what_insert_does_not_make_is_refused() {
        for octets in [
            &[0, 0, 0, 0x80][..],
            &[0, 0, 1, 0x80],
            &[0, 0, 2, 0x80],
            &[0, 0, 3, 4, 0x80],
            &[0, 0, 3, 0x80],
            &[0, 0, 3],
        ] {
            assert_eq!(count(octets), Err(Malformed::Carrier), "{octets:?}");
        }
    }
}
