//! Bits and Exp-Golomb numbers, H.264 section 9.1.

use arrayvec::ArrayVec;

/// Reads bits, the highest of an octet first. Behind the end it gives nothing.
pub(crate) struct Bits<'a> {
    octets: &'a [u8],
    at: usize,
}

impl<'a> Bits<'a> {
    pub(crate) const fn new(octets: &'a [u8]) -> Self {
        Self { octets, at: 0 }
    }

    /// u(1)
    pub(crate) fn bit(&mut self) -> Option<bool> {
        let octet = self.octets.get(self.at / 8)?;
        let bit = octet >> (7 - self.at % 8) & 1;
        self.at += 1;
        Some(bit == 1)
    }

    /// ue(v), and uvlc() of AV1: at most 2^32 - 2.
    pub(crate) fn ue(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while !self.bit()? {
            zeros += 1;
            if zeros > 31 {
                return None;
            }
        }
        let mut value = 1_u64;
        for _ in 0..zeros {
            value = value << 1 | u64::from(self.bit()?);
        }
        u32::try_from(value - 1).ok()
    }

    /// ue(v), at most 2^16 - 2.
    pub(super) fn number(&mut self) -> Option<u32> {
        self.ue().filter(|value| *value < u16::MAX.into())
    }

    /// Octets that were read, the last perhaps in part.
    pub(crate) const fn octets_read(&self) -> usize {
        self.at.div_ceil(8)
    }

    /// A one, then zeros to the end of the octet; returns how many octets were read.
    pub(super) fn stop(mut self) -> Option<usize> {
        if !self.bit()? {
            return None;
        }
        while !self.at.is_multiple_of(8) {
            if self.bit()? {
                return None;
            }
        }
        Some(self.octets_read())
    }
}

/// Octets of the longest head of a carrier.
pub(super) const MAX_HEAD: usize = 8;

/// The head of a carrier, octet for octet.
pub(super) type Head = ArrayVec<u8, MAX_HEAD>;

/// Writes bits.
pub(super) struct BitWriter {
    head: Head,
    bits: u8,
    count: u32,
}

impl BitWriter {
    /// Goes on behind whole octets.
    pub(super) fn behind(octets: &[u8]) -> Self {
        Self {
            head: octets.iter().copied().take(MAX_HEAD).collect(),
            bits: 0,
            count: 0,
        }
    }

    fn put(mut self, value: u32, count: u32) -> Self {
        for place in (0..count).rev() {
            self.bits = self.bits << 1 | u8::from(value >> place & 1 == 1);
            self.count += 1;
            if self.count == 8 {
                // The numbers that are written are small, `MAX_HEAD` octets hold them.
                self.head.try_push(self.bits).ok();
                (self.bits, self.count) = (0, 0);
            }
        }
        self
    }

    /// u(1)
    pub(super) fn bit(self, value: bool) -> Self {
        self.put(value.into(), 1)
    }

    /// ue(v)
    pub(super) fn number(self, value: u32) -> Self {
        let bits = (value + 1).ilog2();
        self.put(0, bits).put(value + 1, bits + 1)
    }

    /// A one, then zeros to the end of the octet.
    pub(super) fn stop(self) -> Head {
        let stopped = self.put(1, 1);
        let zeros = (8 - stopped.count) % 8;
        stopped.put(0, zeros).head
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_the_standard() {
        // H.264 table 9-2.
        for (value, octets) in [
            (0, &[0b1100_0000][..]),
            (1, &[0b0101_0000]),
            (2, &[0b0111_0000]),
            (3, &[0b0010_0100]),
            (7, &[0b0001_0001, 0b0000_0000][..1]),
        ] {
            let written = BitWriter::behind(&[]).number(value).stop();
            assert_eq!(written[..1], octets[..1], "ue({value})");
            assert_eq!(Bits::new(&written).number(), Some(value));
        }
    }

    #[test]
    fn what_is_written_is_read() {
        for value in (0..300).chain([65_533]) {
            let written = BitWriter::behind(&[0x65]).bit(true).number(value).stop();
            let mut bits = Bits::new(&written[1..]);
            assert_eq!(bits.bit(), Some(true));
            assert_eq!(bits.number(), Some(value));
            assert_eq!(bits.stop(), Some(written.len() - 1));
        }
    }

    #[test]
    fn what_is_cut_off_or_too_large_is_refused() {
        assert_eq!(Bits::new(&[]).bit(), None);
        assert_eq!(Bits::new(&[0, 1]).number(), None);
        assert_eq!(Bits::new(&[0, 0, 0x80, 0, 0]).number(), None);
        assert_eq!(Bits::new(&[0, 0, 0x80, 0, 0]).ue(), Some(0xffff));
        assert_eq!(Bits::new(&[0; 9]).ue(), None);
        assert_eq!(Bits::new(&[0x40]).stop(), None);
        assert_eq!(Bits::new(&[0x82]).stop(), None);
    }
}
