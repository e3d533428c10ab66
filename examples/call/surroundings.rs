//! What the relay shares with the other threads of the call.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::clock::Clock;
use crate::gate::Gate;
use crate::script::{ENDS, Stage};
use crate::watch::Watch;

/// After so long, a relay that has ended is not waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// A participant, as the relay knows it.
#[derive(Clone, Copy)]
pub(crate) struct Side<'a> {
    /// Where its datagrams come from and go to.
    pub(crate) address: SocketAddr,
    /// Backpressure towards it.
    pub(crate) gate: &'a Gate,
}

/// What the relay shares with the other threads of the call.
#[derive(Clone, Copy)]
pub(crate) struct Surroundings<'a> {
    /// Backpressure towards the relay.
    pub(crate) incoming: &'a Gate,
    /// By participant.
    pub(crate) sides: [Side<'a>; 3],
    pub(crate) clock: &'a Clock,
    pub(crate) stage: &'a Stage,
    /// Up to which time, in milliseconds, the relay has played its part.
    pub(crate) played: &'a AtomicU64,
    pub(crate) watch: &'a Watch,
}

impl Surroundings<'_> {
    /// Where the clock runs ahead of the network, waits twice a second until all datagrams have arrived, so that none falls into a
    /// later part of the script.
    pub(crate) fn settle(&self, at: Duration) {
        let is_between =
            at > Duration::ZERO && at <= ENDS && at.subsec_millis().is_multiple_of(500);
        if !self.clock.is_fast() || !is_between {
            return;
        }
        let (start, now) = (Instant::now(), self.clock.time().as_millis());
        while u128::from(self.played.load(Ordering::Acquire)) < now && start.elapsed() < PATIENCE {
            thread::sleep(Duration::from_millis(1));
        }
        self.incoming.wait_until_empty();
        for side in &self.sides {
            side.gate.wait_until_empty();
        }
    }
}
