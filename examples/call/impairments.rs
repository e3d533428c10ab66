//! What the relay does to datagrams. Each decision depends on the seed and the datagram's place alone,
//! so a seed names the same losses again, however the threads run.

/// A packet's place in its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Number of the stream.
    pub(crate) stream: u32,
    /// Number of the frame in its stream.
    pub(crate) frame: u32,
    /// Number of the packet in its frame.
    pub(crate) index: u16,
}

/// How often the relay does what, in percent, and the seed of its decisions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Impairments {
    /// Datagrams thrown away.
    pub(crate) loss: f64,
    /// Datagrams held back while others overtake them.
    pub(crate) reorder: f64,
    /// Datagrams sent twice.
    pub(crate) duplicate: f64,
    /// Whole frames sent again a second or more later.
    pub(crate) replay: f64,
    /// Datagrams with one bit flipped.
    pub(crate) tamper: f64,
    /// Start of all decisions.
    pub(crate) seed: u64,
}

/// Something that is decided by chance.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Chance {
    Loss = 1,
    Reorder,
    HoldBack,
    Duplicate,
    Replay,
    ReplayAge,
    Tamper,
    TamperedBit,
}

impl Impairments {
    /// Tells whether it happens to this datagram.
    pub(crate) fn happens(&self, chance: Chance, place: Place) -> bool {
        let percent = match chance {
            Chance::Loss => self.loss,
            Chance::Reorder => self.reorder,
            Chance::Duplicate => self.duplicate,
            Chance::Replay => self.replay,
            Chance::Tamper => self.tamper,
            Chance::HoldBack | Chance::ReplayAge | Chance::TamperedBit => 100.0,
        };
        f64::from(self.draw(chance, place)) * 100.0 < percent * f64::from(u32::MAX)
    }

    /// Draws a number below `end`, which must not be 0.
    pub(crate) fn below(&self, end: u32, chance: Chance, place: Place) -> u32 {
        self.draw(chance, place) % end
    }

    fn draw(&self, chance: Chance, place: Place) -> u32 {
        let frame = (u64::from(place.stream) << 32) | u64::from(place.frame);
        let piece = (u64::from(place.index) << 8) | chance as u64;
        let [a, b, c, d, ..] = mix(mix(mix(self.seed) ^ frame) ^ piece).to_be_bytes();
        u32::from_be_bytes([a, b, c, d])
    }
}

/// The output function of SplitMix64: each bit of `x` changes half of the result's.
fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

/// Octets without any pattern, the same at each run.
pub(crate) fn noise() -> impl Iterator<Item = u8> {
    (0..).flat_map(|number| mix(number).to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(loss: f64, seed: u64) -> usize {
        let impairments = Impairments {
            loss,
            reorder: 0.0,
            duplicate: 0.0,
            replay: 0.0,
            tamper: 0.0,
            seed,
        };
        let place = |frame| Place {
            stream: 1,
            frame,
            index: 0,
        };
        let lost = |frame: &u32| impairments.happens(Chance::Loss, place(*frame));
        (0..100_000).filter(lost).count()
    }

    #[test]
    fn it_happens_as_often_as_asked_for() {
        assert_eq!(count(0.0, 1), 0);
        assert_eq!(count(100.0, 1), 100_000);
        assert!((1900..2100).contains(&count(2.0, 1)));
    }

    #[test]
    fn a_seed_repeats_and_another_does_not() {
        assert_eq!(count(50.0, 7), count(50.0, 7));
        assert_ne!(count(50.0, 7), count(50.0, 8));
    }
}
