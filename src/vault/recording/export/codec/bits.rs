//! Bits of parameter sets and sequence headers.

/// Reads bits, the highest of an octet first. Behind the end it gives nothing.
pub(super) struct Bits<'a> {
    octets: &'a [u8],
    at: usize,
}

impl<'a> Bits<'a> {
    pub(super) const fn new(octets: &'a [u8]) -> Self {
        Self { octets, at: 0 }
    }

    pub(super) fn bit(&mut self) -> Option<bool> {
        let octet = self.octets.get(self.at / 8)?;
        let bit = octet >> (7 - self.at % 8) & 1;
        self.at += 1;
        Some(bit == 1)
    }

    /// u(n), n at most 32.
    pub(super) fn u(&mut self, count: u32) -> Option<u32> {
        let mut value = 0_u32;
        for _ in 0..count {
            value = value << 1 | u32::from(self.bit()?);
        }
        Some(value)
    }

    /// u(n), n at most 8.
    pub(super) fn u8(&mut self, count: u32) -> Option<u8> {
        u8::try_from(self.u(count)?).ok()
    }

    pub(super) fn skip(&mut self, count: u32) -> Option<()> {
        for _ in 0..count {
            self.bit()?;
        }
        Some(())
    }

    /// ue(v) of H.264 section 9.1, and uvlc() of AV1: at most 2^32 - 2.
    pub(super) fn ue(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while !self.bit()? {
            zeros += 1;
            if zeros > 31 {
                return None;
            }
        }
        let rest = u64::from(self.u(zeros)?);
        u32::try_from((1_u64 << zeros) - 1 + rest).ok()
    }

    /// ue(v) of at most `most`.
    pub(super) fn ue_to(&mut self, most: u8) -> Option<u8> {
        u8::try_from(self.ue()?).ok().filter(|value| *value <= most)
    }

    /// se(v).
    pub(super) fn se(&mut self) -> Option<i64> {
        let code = i64::from(self.ue()?);
        Some(if code % 2 == 0 {
            -(code / 2)
        } else {
            code / 2 + 1
        })
    }
}

/// The payload of a NAL unit without its emulation prevention octets.
pub(super) fn rbsp(nal: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(nal.len());
    let mut zeros = 0;
    for &octet in nal {
        if zeros >= 2 && octet == 3 {
            zeros = 0;
            continue;
        }
        zeros = if octet == 0 { zeros + 1 } else { 0 };
        out.push(octet);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Bits, rbsp};

    #[test]
    fn numbers_of_the_standard() {
        // H.264 tables 9-2 and 9-3: 1, 010, 011, 00100, 00101 are ue 0 to 4 and se 0, 1, -1, 2, -2.
        let octets = [0b1010_0110, 0b0100_0010, 0b1000_0000];
        let mut bits = Bits::new(&octets);
        let ue: Vec<_> = (0..5).map(|_| bits.ue()).collect();
        assert_eq!(ue, [0, 1, 2, 3, 4].map(Some));
        let mut bits = Bits::new(&octets);
        let se: Vec<_> = (0..5).map(|_| bits.se()).collect();
        assert_eq!(se, [0, 1, -1, 2, -2].map(Some));
        assert_eq!(Bits::new(&[0; 9]).ue(), None);
        assert_eq!(Bits::new(&[0, 0]).ue(), None);
        assert_eq!(Bits::new(&[0xff]).u(9), None);
    }

    #[test]
    fn emulation_prevention_goes() {
        assert_eq!(rbsp(&[1, 0, 0, 3, 0, 0, 3, 1]), [1, 0, 0, 0, 0, 1]);
        assert_eq!(rbsp(&[0, 3, 0, 0, 3]), [0, 3, 0, 0]);
    }
}
