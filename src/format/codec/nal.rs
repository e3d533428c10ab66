//! NAL units and what stands between them: H.264 Annex B, or lengths before them (ISO/IEC 14496-15).

use core::ops::Range;

use super::NalFormat;
use crate::cipher::find_zero_pair;

/// Octets that are no NAL units in the form that was said.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Broken;

impl NalFormat {
    /// Octets before each NAL unit that we write.
    pub(super) const fn prefix_len(self) -> usize {
        match self {
            Self::AnnexB | Self::Length4 => 4,
            Self::Length2 => 2,
            Self::Length1 => 1,
        }
    }

    /// The most octets of a NAL unit.
    pub(super) const fn max_len(self) -> usize {
        match self {
            Self::AnnexB => usize::MAX,
            Self::Length1 => u8::MAX as usize,
            Self::Length2 => u16::MAX as usize,
            Self::Length4 => u32::MAX as usize,
        }
    }

    /// Writes what stands before a NAL unit of `len` octets, which is at most [`max_len`](Self::max_len).
    pub(super) fn write_prefix(self, len: usize, prefix: &mut [u8]) {
        let octets = match self {
            Self::AnnexB => [0, 0, 0, 1],
            // More does not get here.
            _ => u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes(),
        };
        prefix.copy_from_slice(&octets[4 - prefix.len()..]);
    }
}

/// Goes through the NAL units of a frame.
pub(crate) struct Nals<'a> {
    octets: &'a [u8],
    format: NalFormat,
    /// Behind what was read.
    at: usize,
    /// Where the NAL unit ends whose start was told last; with start codes not known yet.
    end: Option<usize>,
}

impl<'a> Nals<'a> {
    pub(crate) fn new(octets: &'a [u8], format: NalFormat) -> Self {
        Self {
            octets,
            format,
            at: 0,
            end: Some(0),
        }
    }

    /// Where the next NAL unit starts.
    pub(super) fn next_start(&mut self) -> Result<Option<usize>, Broken> {
        if let Some(end) = self.end {
            self.at = end;
        }
        if self.format == NalFormat::AnnexB {
            let start = self.start_code(self.at).map(|(_, start)| start);
            if let Some(start) = start {
                self.at = start;
            }
            self.end = None;
            return Ok(start);
        }
        let prefix_len = self.format.prefix_len();
        let rest = &self.octets[self.at..];
        if rest.is_empty() {
            return Ok(None);
        }
        let prefix = rest.get(..prefix_len).ok_or(Broken)?;
        let len = prefix
            .iter()
            .fold(0, |len, &octet| len << 8 | usize::from(octet));
        if len > rest.len() - prefix_len {
            return Err(Broken);
        }
        let start = self.at + prefix_len;
        self.end = Some(start + len);
        Ok(Some(start))
    }

    /// Behind the NAL unit whose start was told last, or behind everything if only a start code will tell.
    pub(super) fn known_end(&self) -> usize {
        self.end.unwrap_or(self.octets.len())
    }

    /// The NAL unit whose start was told last, without zeros behind it.
    pub(super) fn current(&mut self) -> Range<usize> {
        let start = match self.format {
            NalFormat::AnnexB => self.at,
            _ => self.at + self.format.prefix_len(),
        };
        let limit = self.end.unwrap_or_else(|| {
            self.start_code(start)
                .map_or(self.octets.len(), |(zeros, _)| zeros)
        });
        self.end = Some(limit);
        let zeros = self.octets[start..limit]
            .iter()
            .rev()
            .take_while(|&&octet| octet == 0);
        start..limit - zeros.count()
    }

    /// The next NAL unit, with its whole extent.
    pub(crate) fn next_nal(&mut self) -> Result<Option<Range<usize>>, Broken> {
        Ok(self.next_start()?.map(|_| self.current()))
    }

    /// The next start code from `at` on: where its zeros begin, and what it is the start of.
    fn start_code(&self, mut at: usize) -> Option<(usize, usize)> {
        loop {
            let zeros = at + find_zero_pair(&self.octets[at..])?;
            let rest = &self.octets[zeros + 2..];
            let one = zeros + 2 + rest.iter().position(|&octet| octet != 0)?;
            at = one + 1;
            if self.octets[one] == 1 {
                return Some((zeros, at));
            }
        }
    }
}

/// Tells whether octets are NAL units of this form, or none. Lengths must sum up; the first start code has four octets (H.264 section B.1.2), and so is no
/// length of 256 octets or more.
pub(super) fn is_in_form(octets: &[u8], format: NalFormat) -> bool {
    if format == NalFormat::AnnexB {
        let zeros = octets.iter().take_while(|&&octet| octet == 0).count();
        return octets.is_empty() || (zeros >= 3 && octets.get(zeros).is_none_or(|&one| one == 1));
    }
    let mut nals = Nals::new(octets, format);
    loop {
        match nals.next_start() {
            Ok(Some(_)) => {}
            end => return end == Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(octets: &[u8], format: NalFormat) -> Result<Vec<Vec<u8>>, Broken> {
        let (mut nals, mut found) = (Nals::new(octets, format), Vec::new());
        while let Some(range) = nals.next_nal()? {
            found.push(octets[range].to_vec());
        }
        Ok(found)
    }

    fn starts(octets: &[u8], format: NalFormat) -> Vec<usize> {
        let (mut nals, mut found) = (Nals::new(octets, format), Vec::new());
        while let Ok(Some(start)) = nals.next_start() {
            found.push(start);
        }
        found
    }

    #[test]
    fn start_codes_of_three_and_four_octets() {
        let octets = [
            0, 0, 0, 1, 7, 9, 0, 0, 1, 8, 0, 0, 3, 1, 0, 0, 0, 0, 1, 5, 0x80, 0, 0, 0,
        ];
        let found = all(&octets, NalFormat::AnnexB).unwrap();
        assert_eq!(found, [&[7, 9][..], &[8, 0, 0, 3, 1], &[5, 0x80]]);
        assert_eq!(starts(&octets, NalFormat::AnnexB), [4, 9, 19]);
    }

    #[test]
    fn lengths_of_each_size() {
        for (format, octets) in [
            (NalFormat::Length1, &[2, 7, 9, 1, 8, 3, 5, 1, 0][..]),
            (NalFormat::Length2, &[0, 2, 7, 9, 0, 1, 8, 0, 3, 5, 1, 0]),
            (
                NalFormat::Length4,
                &[0, 0, 0, 2, 7, 9, 0, 0, 0, 1, 8, 0, 0, 0, 3, 5, 1, 0],
            ),
        ] {
            let found = all(octets, format).unwrap();
            assert_eq!(found, [&[7, 9][..], &[8], &[5, 1]]);
            assert_eq!(starts(octets, format).len(), 3);
            for len in 1..octets.len() {
                let whole = all(&octets[..len], format);
                // The lengths say 2, 1 and 3.
                let sums_up = [2, 3].map(|sum| sum + format.prefix_len() * (sum - 1));
                let sums_up = sums_up.contains(&len);
                assert_eq!(whole.is_ok(), sums_up, "{format:?}, {len} octets");
            }
        }
    }

    #[test]
    fn nothing_is_found_in_nothing() {
        for octets in [&[][..], &[0, 0], &[0, 0, 0, 0], &[1, 2, 3], &[0, 0, 2]] {
            assert_eq!(all(octets, NalFormat::AnnexB), Ok(vec![]));
        }
        assert_eq!(all(&[0, 0, 1], NalFormat::AnnexB), Ok(vec![vec![]]));
        assert_eq!(all(&[], NalFormat::Length4), Ok(vec![]));
    }
}
