//! Recordings in an object store: what every storage must do, what comes back of a recording, what each failing request costs, who writes.
//!
//! The same tests run over a folder, memory, `object_store`'s store in memory, and S3 as moto plays it.

#![cfg(feature = "s3")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

#[path = "object_storage/conformance.rs"]
mod conformance;
#[path = "object_storage/failing.rs"]
mod failing;
#[path = "custody/moto.rs"]
mod moto;
#[path = "object_storage/recordings.rs"]
mod recordings;
#[path = "object_storage/s3.rs"]
mod s3;
#[path = "object_storage/server.rs"]
mod server;
#[allow(dead_code, reason = "the tests of recordings need more of it")]
#[path = "recording/support.rs"]
mod support;
#[path = "object_storage/takeover.rs"]
mod takeover;
