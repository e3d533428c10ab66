//! H.264 byte stream (ITU-T H.264 Annex B), split into access units.

use std::time::Duration;

use super::{Fault, Frame, check_frame_len};

/// Tells whether a file starts with zero octets and a start code.
pub(super) fn starts_with_start_code(file: &[u8]) -> bool {
    let zeros = file.iter().take_while(|octet| **octet == 0).count();
    zeros >= 2 && file.get(zeros) == Some(&1)
}

/// One NAL unit: where its start code begins, and its first two octets.
struct Nal {
    start: usize,
    header: u8,
    next: Option<u8>,
}

impl Nal {
    fn kind(&self) -> u8 {
        self.header & 0x1F
    }

    /// A coded slice, or partition A of one.
    fn is_slice(&self) -> bool {
        matches!(self.kind(), 1 | 2 | 5)
    }

    /// `first_mb_in_slice` is the first field of a slice; as ue(v), zero is a single 1 bit.
    fn starts_picture(&self) -> bool {
        self.is_slice() && self.next.is_some_and(|octet| octet & 0x80 != 0)
    }

    /// What may come between two pictures and then belongs to the second one (7.4.1.2.3).
    fn precedes_picture(&self) -> bool {
        matches!(self.kind(), 6..=9 | 14..=18)
    }
}

/// Finds the NAL units; a fourth octet of a start code belongs to its NAL unit.
fn nal_units(file: &[u8]) -> impl Iterator<Item = Nal> {
    let codes = file.windows(4).enumerate();
    let mut codes = codes.filter(|(_, octets)| octets.starts_with(&[0, 0, 1]));
    std::iter::from_fn(move || {
        let (at, octets) = codes.next()?;
        let start = if at > 0 && file[at - 1] == 0 {
            at - 1
        } else {
            at
        };
        Some(Nal {
            start,
            header: octets[3],
            next: file.get(at + 4).copied(),
        })
    })
}

/// Splits a file into access units. Each keeps its start codes: together they are the file again.
pub(super) fn parse(file: &[u8], fps: u32) -> Result<Vec<Frame>, Fault> {
    let mut cuts = vec![0];
    let mut has_picture = false;
    let mut has_parameters = false;
    for nal in nal_units(file) {
        if nal.header & 0x80 != 0 {
            let at = nal.start;
            return Err(
                format!("not H.264: the NAL unit at octet {at} has its forbidden bit set").into(),
            );
        }
        has_parameters |= nal.kind() == 7;
        if has_picture && (nal.precedes_picture() || nal.starts_picture()) {
            cuts.push(nal.start);
            has_picture = false;
        }
        if nal.is_slice() {
            if !has_parameters {
                return Err("not playable H.264: a picture comes before any SPS".into());
            }
            has_picture = true;
        }
    }
    if !has_picture {
        // Trailing delimiters and parameter sets belong to the last picture, if there is one.
        cuts.pop();
        if cuts.is_empty() {
            return Err("H.264 without a picture".into());
        }
    }
    cuts.push(file.len());

    let mut frames = Vec::with_capacity(cuts.len());
    for (number, ends) in cuts.windows(2).enumerate() {
        let octets = &file[ends[0]..ends[1]];
        check_frame_len(number, octets.len())?;
        let count = u64::try_from(number)?;
        frames.push(Frame {
            octets: octets.to_vec(),
            due: Duration::from_nanos(count * 1_000_000_000 / u64::from(fps)),
            timestamp: count,
        });
    }
    Ok(frames)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPS: &[u8] = &[0, 0, 0, 1, 0x67, 66];
    const AUD: &[u8] = &[0, 0, 0, 1, 9, 0x10];
    const FIRST_SLICE: &[u8] = &[0, 0, 1, 0x65, 0x88, 7];
    const SECOND_SLICE: &[u8] = &[0, 0, 1, 0x65, 0x08, 7];

    fn lengths(parts: &[&[u8]]) -> Result<Vec<usize>, Fault> {
        let frames = parse(&parts.concat(), 30)?;
        Ok(frames.iter().map(|frame| frame.octets.len()).collect())
    }

    #[test]
    fn slices_of_one_picture_stay_together() -> Result<(), Fault> {
        let parts = [SPS, FIRST_SLICE, SECOND_SLICE, FIRST_SLICE, SECOND_SLICE];
        assert_eq!(lengths(&parts)?, [18, 12]);
        Ok(())
    }

    #[test]
    fn a_delimiter_starts_an_access_unit() -> Result<(), Fault> {
        let parts = [AUD, SPS, FIRST_SLICE, AUD, FIRST_SLICE, AUD];
        assert_eq!(lengths(&parts)?, [18, 18]);
        Ok(())
    }

    #[test]
    fn a_picture_needs_parameters() {
        assert!(lengths(&[FIRST_SLICE]).is_err());
        assert!(lengths(&[SPS, AUD]).is_err());
    }
}
