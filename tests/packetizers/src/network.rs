//! A network that loses, delays and reorders packets, the same at each run.

use std::time::Duration;

/// Between the packets of a frame.
pub(crate) const SPACING: Duration = Duration::from_micros(20);
/// The longest that a packet is late: eight others overtake it. When a stream begins, GStreamer's jitter buffer takes more than ten for another stream.
const JITTER: Duration = Duration::from_micros(160);

/// A network in one direction.
pub(crate) struct Network {
    dice: fastrand::Rng,
    /// Of a hundred packets, how many do not arrive.
    loss_percent: u8,
    last_frame: usize,
}

impl Network {
    /// A network that loses so many packets in a hundred of so many frames. What it does follows from `seed`.
    pub(crate) fn new(loss_percent: u8, frames: usize, seed: u64) -> Self {
        Self {
            dice: fastrand::Rng::with_seed(seed),
            loss_percent,
            last_frame: frames.saturating_sub(1),
        }
    }

    /// How long the next packet, which is of this frame, is on its way, if it arrives. The first frame arrives in its order and the last one whole: a receiver
    /// cannot know where a stream begins, nor ask for what nothing follows.
    pub(crate) fn delay(&mut self, frame: usize) -> Option<Duration> {
        if frame == 0 {
            return Some(Duration::ZERO);
        }
        // Both are always thrown, so that a lossless network delays likewise.
        let delay = JITTER.mul_f64(self.dice.f64());
        let is_lost = self.dice.u8(..100) < self.loss_percent;
        (!is_lost || frame == self.last_frame).then_some(delay)
    }
}
