//! Exports of recordings: what ffmpeg decodes of them is what it decodes of the encoder's own file.

#![cfg(feature = "recording")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

#[path = "export/protected.rs"]
mod ffmpeg_protected;
#[path = "export/report.rs"]
mod ffmpeg_report;
#[path = "export/round_trip.rs"]
mod ffmpeg_round_trip;
#[path = "export/media.rs"]
mod media;
#[path = "recording/sender.rs"]
mod sender;
/// SM4-GCM of the example, as any application's own cipher.
#[path = "../examples/sm4_gcm/mod.rs"]
mod sm4_gcm;
#[allow(dead_code, reason = "the tests of recordings need more of it")]
#[path = "recording/support.rs"]
mod support;
