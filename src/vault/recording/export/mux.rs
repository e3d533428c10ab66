//! What muxers have in common.

use std::io::{self, Write};

use zeroize::Zeroizing;

/// A sample with its time.
pub(super) struct Sample {
    pub(super) octets: Zeroizing<Vec<u8>>,
    /// Microseconds since the recording's first frame.
    pub(super) micros: u64,
    pub(super) key: bool,
    /// How long it sounds, in samples.
    pub(super) ticks: Option<u32>,
    /// What CENC encrypts: see `Unit`.
    pub(super) protected: Option<Vec<(usize, usize)>>,
}

/// Writes samples into a file.
pub(super) trait Mux {
    /// Takes a sample, in the order in which it is decoded.
    fn write(&mut self, sample: Sample) -> io::Result<()>;

    /// Ends the file and returns how many octets it has.
    fn finish(&mut self) -> io::Result<u64>;
}

/// Where a file goes, and how much of it went.
pub(super) struct Sink {
    inner: Box<dyn Write>,
    len: u64,
}

impl Sink {
    pub(super) fn new(inner: Box<dyn Write>) -> Self {
        Self { inner, len: 0 }
    }

    pub(super) const fn len(&self) -> u64 {
        self.len
    }
}

impl Write for Sink {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let len = self.inner.write(octets)?;
        self.len = self.len.saturating_add(len as u64);
        Ok(len)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Later than where the sound before ends by so many microseconds, and it is a pause, not a clock that is not exact or a path with jitter.
const PAUSE: u64 = 60_000;

/// The place of sound on a scale of samples: without gaps as long as times are about what durations say.
pub(super) struct AudioClock {
    rate: u32,
    /// Where the next sample belongs; nothing before the first.
    next: Option<u64>,
}

impl AudioClock {
    pub(super) const fn new(rate: u32) -> Self {
        Self { rate, next: None }
    }

    fn ticks(&self, micros: u64) -> u64 {
        let ticks = u128::from(micros) * u128::from(self.rate) / 1_000_000;
        u64::try_from(ticks).unwrap_or(u64::MAX)
    }

    /// Where a sample of this time and duration begins, and whether there is a pause before it.
    pub(super) fn place(&mut self, micros: u64, duration: u32) -> (u64, bool) {
        let heard = self.ticks(micros);
        let (at, pauses) = match self.next {
            Some(next) if heard <= next.saturating_add(self.ticks(PAUSE)) => (next, false),
            Some(_) => (heard, true),
            None => (heard, false),
        };
        self.next = Some(at.saturating_add(duration.into()));
        (at, pauses)
    }
}

#[cfg(test)]
mod tests {
    use super::AudioClock;

    #[test]
    fn jitter_makes_no_gap_and_pauses_do() {
        let mut clock = AudioClock::new(48_000);
        assert_eq!(clock.place(1_000_000, 960), (48_000, false));
        assert_eq!(clock.place(1_050_000, 960), (48_960, false));
        assert_eq!(clock.place(1_030_000, 960), (49_920, false));
        assert_eq!(clock.place(2_000_000, 960), (96_000, true));
        assert_eq!(clock.place(2_020_000, 960), (96_960, false));
    }
}
