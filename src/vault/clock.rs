//! What time it is: the vault asks its caller's clock.

use std::time::{SystemTime, UNIX_EPOCH};

/// A clock that the vault asks. Tests and hosts with a time source of their own bring one.
pub trait Clock: Send + Sync {
    /// Microseconds since 1970-01-01 00:00:00 UTC.
    fn unix_micros(&self) -> u64;

    /// Seconds since 1970-01-01 00:00:00 UTC.
    fn unix_seconds(&self) -> u64 {
        self.unix_micros() / 1_000_000
    }
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn unix_micros(&self) -> u64 {
        // A clock before 1970 is not set, and says so by 0.
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| {
                u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
            })
    }
}
