//! Backpressure, which UDP lacks: a loopback socket throws away what its buffer cannot hold, and here
//! the relay shall be the only one that loses datagrams.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Datagrams on their way to one socket; small enough for the default buffers of common systems.
const MAX_IN_FLIGHT: u64 = 40;
/// After so long without progress, what is under way counts as lost.
const PATIENCE: Duration = Duration::from_secs(1);

/// Counts the datagrams between senders and the one socket that reads them.
#[derive(Default)]
pub(crate) struct Gate {
    in_flight: Mutex<u64>,
    progress: Condvar,
    given_up: AtomicU64,
}

impl Gate {
    /// Waits for room and counts one datagram that is about to be sent.
    pub(crate) fn enter(&self) {
        let full = |in_flight: &mut u64| *in_flight >= MAX_IN_FLIGHT;
        let (mut in_flight, waited) = self
            .progress
            .wait_timeout_while(self.lock(), PATIENCE, full)
            .unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            self.given_up.fetch_add(*in_flight, Ordering::Relaxed);
            *in_flight = 0;
        }
        *in_flight += 1;
    }

    /// Counts one datagram that was read and done with.
    pub(crate) fn leave(&self) {
        let mut in_flight = self.lock();
        *in_flight = in_flight.saturating_sub(1);
        drop(in_flight);
        self.progress.notify_all();
    }

    /// Tells whether all datagrams were read.
    pub(crate) fn is_empty(&self) -> bool {
        *self.lock() == 0
    }

    /// Waits until all datagrams were read, or no more of them are.
    pub(crate) fn wait_until_empty(&self) {
        let waits = |in_flight: &mut u64| *in_flight > 0;
        // What is not read in this time, the operating system lost.
        drop(
            self.progress
                .wait_timeout_while(self.lock(), PATIENCE, waits),
        );
    }

    /// Returns how many datagrams were never read; the operating system lost them.
    pub(crate) fn given_up(&self) -> u64 {
        self.given_up.load(Ordering::Relaxed) + *self.lock()
    }

    fn lock(&self) -> MutexGuard<'_, u64> {
        self.in_flight
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
