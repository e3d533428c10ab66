//! What receive keys know of the channel that they are of.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::id::{KeyId, Media, SenderId};

/// Which session a receive key is of: never the KID alone. (The suite goes with the generation.)
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SessionIndex {
    pub(crate) generation: u64,
    pub(crate) step: u32,
    pub(crate) period: u64,
    pub(crate) sender: SenderId,
    pub(crate) media: Media,
    pub(crate) kid: KeyId,
}

/// What decryptors report of a generation.
#[derive(Default)]
pub(crate) struct Seen {
    /// The latest step at which a frame authenticated.
    step: AtomicU32,
    /// Frames that failed authentication under any KID of the generation.
    failures: AtomicU64,
}

impl Seen {
    /// Notes a frame that authenticated at `step`.
    pub(crate) fn step(&self, step: u32) {
        if self.step.load(Ordering::Relaxed) < step {
            self.step.fetch_max(step, Ordering::Relaxed);
        }
    }

    /// The latest step noted.
    pub(super) fn latest_step(&self) -> u32 {
        self.step.load(Ordering::Relaxed)
    }

    /// How many failures were counted.
    pub(crate) fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// Counts a failure and returns how many there were.
    pub(crate) fn failure(&self) -> u64 {
        self.failures
            .fetch_add(1, Ordering::Relaxed)
            .saturating_add(1)
    }
}
