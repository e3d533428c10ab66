//! What happens in the call besides media, and when, in time of the media.
//!
//! ```text
//!  0 s        3 s           4 s       6 s          7 s               8 s        9 s             10 s        10.5 s
//!  A, B talk  A's own       C joins   A restarts   A's sessions of   C leaves   frames that     old keys    frames of the old
//!             frames back   (step 1)  its speech   before replayed   (gen. 2)   came late open  are wiped   generation again
//! ```

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// How often each participant's control thread acts.
pub(crate) const TURN: Duration = Duration::from_millis(250);
/// The relay sends A's newest frames back to A.
pub(crate) const REFLECTS: Duration = Duration::from_secs(3);
/// A and B advance to step 1, and C gets its secret.
pub(crate) const JOINS: Duration = Duration::from_secs(4);
/// A makes a new encryptor for its first stream.
pub(crate) const RESTARTS: Duration = Duration::from_secs(6);
/// The relay replays what A's first stream sent before the restart.
pub(crate) const REPLAYS: Duration = Duration::from_secs(7);
/// From here on the relay holds A's first stream back, until C leaves.
pub(crate) const HOLDS_BACK: Duration = Duration::from_millis(7500);
/// A and B activate generation 2, which C does not get.
pub(crate) const LEAVES: Duration = Duration::from_secs(8);
/// The relay delivers what it held back: late, and within grace.
pub(crate) const DELIVERS: Duration = Duration::from_secs(9);
/// The relay sends that once more, after grace.
pub(crate) const DELIVERS_AGAIN: Duration = Duration::from_millis(10_500);
/// Nothing happens later.
pub(crate) const ENDS: Duration = Duration::from_secs(11);

/// How long the old keys still open after a change.
pub(crate) const GRACE_SECONDS: u64 = 2;
/// The time at which every call begins, in seconds since 1970: the clock of the call is that of its media, so that `--fast` changes nothing.
pub(crate) const STARTED: u64 = 1_800_000_000;

/// Frames that the relay sends back to their sender.
pub(crate) const REFLECTED: usize = 25;
/// Number of the stream that restarts and that the relay keeps: A's first.
pub(crate) const STREAM: u32 = 1;

/// What the relay does with the frames that it is sending now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// Its ordinary work.
    Relay,
    /// Sends frames to their sender.
    Reflect,
    /// Sends frames of step 0 to C, who has step 1.
    ShowThePast,
    /// Sends all frames of A's first sessions to B once more.
    Replay,
    /// Sends frames of the former generation within grace.
    DeliverLate,
    /// Sends frames of the former generation after grace.
    DeliverTooLate,
}

impl Act {
    /// How many there are.
    pub(crate) const COUNT: usize = 6;
    const ALL: [Self; Self::COUNT] = [
        Self::Relay,
        Self::Reflect,
        Self::ShowThePast,
        Self::Replay,
        Self::DeliverLate,
        Self::DeliverTooLate,
    ];
    /// The relay's part, in order.
    pub(crate) const SCHEDULE: [(Duration, Self); 5] = [
        (REFLECTS, Self::Reflect),
        (JOINS, Self::ShowThePast),
        (REPLAYS, Self::Replay),
        (DELIVERS, Self::DeliverLate),
        (DELIVERS_AGAIN, Self::DeliverTooLate),
    ];

    /// Tells whether its frames are those that the receiver is waiting for.
    pub(crate) fn is_delivery(self) -> bool {
        matches!(self, Self::Relay | Self::DeliverLate)
    }
}

/// What the relay is doing, for the receivers' book-keeping alone: with it they tell a replayed frame from one that came late.
#[derive(Default)]
pub(crate) struct Stage(AtomicUsize);

impl Stage {
    /// Begins an act.
    pub(crate) fn set(&self, act: Act) {
        self.0.store(act as usize, Ordering::Release);
    }

    /// Returns what is going on.
    pub(crate) fn act(&self) -> Act {
        let at = self.0.load(Ordering::Acquire);
        Act::ALL.get(at).copied().unwrap_or(Act::Relay)
    }
}
