//! What a call of the library costs: time and allocations.

use std::time::{Duration, Instant};

/// The first calls on a stream set things up: they are timed, but their allocations are not counted.
const WARM_UP: usize = 3;

/// Times and allocations of one kind of call on one stream.
#[derive(Debug, Default)]
pub(crate) struct Cost {
    times: Vec<Duration>,
    allocations: u64,
}

impl Cost {
    /// Runs `call` and measures it.
    pub(crate) fn measure(&mut self, call: impl FnOnce()) {
        let mut time = Duration::ZERO;
        let counted = allocation_counter::measure(|| {
            let start = Instant::now();
            call();
            time = start.elapsed();
        });
        if self.times.len() >= WARM_UP {
            self.allocations += counted.count_total;
        }
        self.times.push(time);
    }

    /// Returns the median time of a call.
    pub(crate) fn median(&self) -> Duration {
        let mut times = self.times.clone();
        times.sort_unstable();
        times.get(times.len() / 2).copied().unwrap_or_default()
    }

    /// Returns allocations and calls after the first few.
    pub(crate) fn allocations(&self) -> (u64, u64) {
        let calls = self.times.len().saturating_sub(WARM_UP);
        (self.allocations, calls as u64)
    }
}
