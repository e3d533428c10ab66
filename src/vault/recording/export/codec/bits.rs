//! Bits of parameter sets and sequence headers: readers besides those of the core.

use crate::format::codec::bits::Bits;

impl Bits<'_> {
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

#[cfg(test)]
mod tests {
    use super::Bits;

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
        assert_eq!(Bits::new(&[0xff]).u(9), None);
        assert_eq!(Bits::new(&[0xff]).skip(9), None);
    }
}
