//! Sealed recordings: what comes back, what is seen of damage, what a crash costs.

#![cfg(feature = "recording")]

#[path = "recording/crash.rs"]
mod crash;
#[path = "recording/damage.rs"]
mod damage;
#[path = "recording/round_trip.rs"]
mod round_trip;
#[path = "recording/support.rs"]
mod support;
