//! What a call of the library costs: time and allocations.

use std::time::{Duration, Instant};

/// The first calls on a stream or in a session set things up: they are timed, but their allocations are not counted.
const WARM_UP: usize = 3;

/// Times and allocations of one kind of call on one stream.
#[derive(Debug, Default)]
pub(crate) struct Cost {
    times: Vec<Duration>,
    /// Calls since something was set up.
    steady: usize,
    /// Allocations, and the calls in which they were counted.
    counted: (u64, u64),
}

impl Cost {
    /// Runs `call` and measures it; it tells whether it set something up.
    pub(crate) fn measure(&mut self, call: impl FnOnce() -> bool) {
        let (mut time, mut sets_up) = (Duration::ZERO, false);
        let counted = allocation_counter::measure(|| {
            let start = Instant::now();
            sets_up = call();
            time = start.elapsed();
        });
        self.steady = if sets_up { 1 } else { self.steady + 1 };
        if self.steady > WARM_UP {
            self.counted.0 += counted.count_total;
            self.counted.1 += 1;
        }
        self.times.push(time);
    }

    /// Returns the median time of a call.
    pub(crate) fn median(&self) -> Duration {
        let mut times = self.times.clone();
        times.sort_unstable();
        times.get(times.len() / 2).copied().unwrap_or_default()
    }

    /// Returns allocations and the calls in which they were counted.
    pub(crate) fn allocations(&self) -> (u64, u64) {
        self.counted
    }
}
