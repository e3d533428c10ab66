//! The time of the call, in turns of a quarter of a second: senders and control threads meet at the start of each.
//!
//! With `--fast` a turn takes as long as sending its frames does, and everything still happens in the same order.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::script::TURN;

/// A party of the call ended early, which says itself why.
#[derive(Debug, thiserror::Error)]
#[error("another thread of the call ended early")]
pub(crate) struct Abandoned;

/// The time and the meetings of a call.
pub(crate) struct Clock {
    start: Instant,
    fast: bool,
    parties: usize,
    turns: u32,
    meeting: Mutex<Meeting>,
    changed: Condvar,
    /// Meetings held: two a turn, before and after the control threads act.
    held: AtomicU32,
}

#[derive(Default)]
struct Meeting {
    here: usize,
    abandoned: bool,
}

/// A party's word to come to every meeting; broken when dropped, so that no other party waits for ever.
pub(crate) struct Attendance<'a>(&'a Clock);

impl Clock {
    /// Starts a call of `parties` whose last frame is due at `last`.
    pub(crate) fn new(fast: bool, parties: usize, last: Duration) -> Self {
        let turns = last.as_millis() / TURN.as_millis() + 1;
        Self {
            start: Instant::now(),
            fast,
            parties,
            turns: u32::try_from(turns).unwrap_or(u32::MAX),
            meeting: Mutex::default(),
            changed: Condvar::new(),
            held: AtomicU32::new(0),
        }
    }

    /// Returns when each turn starts.
    pub(crate) fn turns(&self) -> impl Iterator<Item = Duration> + use<> {
        (0..self.turns).map(|turn| TURN * turn)
    }

    /// Tells whether time is that of the media alone.
    pub(crate) fn is_fast(&self) -> bool {
        self.fast
    }

    /// Returns when the newest turn started whose frames are sent.
    pub(crate) fn time(&self) -> Duration {
        let turns = self.held.load(Ordering::Acquire) / 2;
        TURN * turns.saturating_sub(1)
    }

    /// Waits until media of this time is due.
    pub(crate) fn sleep_until(&self, due: Duration) {
        if !self.fast {
            thread::sleep((self.start + due).saturating_duration_since(Instant::now()));
        }
    }

    /// Joins the parties.
    pub(crate) fn attend(&self) -> Attendance<'_> {
        Attendance(self)
    }

    fn lock(&self) -> MutexGuard<'_, Meeting> {
        self.meeting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attendance<'_> {
    /// Waits for all parties.
    ///
    /// # Errors
    /// If one of them will not come.
    pub(crate) fn meet(&self) -> Result<(), Abandoned> {
        let clock = self.0;
        let mut meeting = clock.lock();
        let number = clock.held.load(Ordering::Relaxed);
        let is_over = || clock.held.load(Ordering::Relaxed) != number;
        meeting.here += 1;
        if meeting.here == clock.parties {
            meeting.here = 0;
            clock.held.store(number + 1, Ordering::Release);
            clock.changed.notify_all();
        }
        let waits = |meeting: &mut Meeting| !is_over() && !meeting.abandoned;
        let _meeting = clock
            .changed
            .wait_while(meeting, waits)
            .unwrap_or_else(PoisonError::into_inner);
        if is_over() { Ok(()) } else { Err(Abandoned) }
    }
}

impl Drop for Attendance<'_> {
    fn drop(&mut self) {
        self.0.lock().abandoned = true;
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parties_meet_twice_a_turn() {
        let clock = Clock::new(true, 3, TURN * 9);
        let attend = || {
            let party = clock.attend();
            let times: Vec<_> = clock
                .turns()
                .map_while(|_| {
                    party.meet().ok()?;
                    party.meet().ok()?;
                    Some(clock.time())
                })
                .collect();
            times == clock.turns().collect::<Vec<_>>()
        };
        thread::scope(|scope| {
            let parties = [(); 3].map(|()| scope.spawn(attend));
            for party in parties {
                assert!(party.join().is_ok_and(|on_time| on_time));
            }
        });
    }

    #[test]
    fn nobody_waits_for_a_party_that_has_gone() {
        let clock = Clock::new(true, 2, TURN);
        thread::scope(|scope| {
            let waits = scope.spawn(|| clock.attend().meet());
            drop(clock.attend());
            assert!(waits.join().is_ok_and(|met| met.is_err()));
        });
    }
}
