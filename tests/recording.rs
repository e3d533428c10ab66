//! Sealed recordings: what comes back, what is seen of damage, what a crash costs.

#![cfg(feature = "recording")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

#[path = "recording/crash.rs"]
mod crash;
#[path = "recording/damage.rs"]
mod damage;
#[path = "recording/forged.rs"]
mod forged;
#[path = "recording/large.rs"]
mod large;
#[path = "recording/player.rs"]
mod player;
#[path = "recording/round_trip.rs"]
mod round_trip;
#[path = "recording/sender.rs"]
mod sender;
#[path = "recording/sharing.rs"]
mod sharing;
/// SM4-GCM of the example, as any application's own cipher.
#[path = "../examples/sm4_gcm/mod.rs"]
mod sm4_gcm;
#[path = "recording/support.rs"]
mod support;
#[path = "recording/vectors.rs"]
mod vectors;
