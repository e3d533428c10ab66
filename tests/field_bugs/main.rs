//! What went wrong in other products that encrypt live media, built up here again: the octets, the states and the order of calls that
//! caused it there, against the real library. One test a bug; its name says where it was and what went wrong.
//!
//! | module | what went wrong there |
//! |---|---|
//! | `plaintext` | media left, or was played, in clear |
//! | `passing` | what came was taken for media without being opened |
//! | `padding` | octets that were no part of a frame were taken for its end |
//! | `nonces` | a key and nonce sealed two frames |
//! | `freezes` | the picture stood still although every key was right |
//! | `noise` | what did not open, or opened wrongly, was played |
//! | `denial` | a bad frame changed, cost or broke something |
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../../examples/sm4_gcm/mod.rs"]
mod sm4_gcm;

mod denial;
mod forms;
mod freezes;
mod media;
mod member;
mod noise;
mod nonces;
mod padding;
mod passing;
mod plaintext;
