//! The edge: the functions of `include/mediaseal.h`. No cryptographic decision is taken here, no default and no format rule.
//!
//! A function is five moves in one order: guard (panic, callback, handle), convert inputs, decide overlap, call Rust, write outputs. Comments of
//! public items are the header's text, and the header's manual page is in `cbindgen.toml`.
//!
//! ```text
//!  boundary   panics and callbacks stop        convert   pointers ⇄ slices, structs of any version
//!  handle     what a pointer leads to          status    errors ⇄ numbers
//! ```

#![allow(
    unsafe_code,
    reason = "pointers of the caller; each block states what the header asks of him"
)]
#![allow(non_camel_case_types, reason = "the names are C's")]
#![allow(unreachable_pub, reason = "the functions are public in C")]
#![allow(
    clippy::missing_safety_doc,
    reason = "the comments are the header's; its manual page states the rules for all pointers"
)]
#![allow(
    clippy::too_many_arguments,
    reason = "buffers are pointer and length in C"
)]
#![allow(
    clippy::multiple_unsafe_ops_per_block,
    reason = "a field behind a raw pointer counts as two"
)]

mod batch;
mod batch_jobs;
mod boundary;
mod channel;
mod channel_store;
mod cipher;
mod codec;
mod constants;
mod convert;
mod counter_store;
#[cfg(feature = "custody")]
mod custody;
mod decryptor;
mod diagnosis;
mod encryptor;
mod events;
mod explain;
mod failure;
mod foreign_cipher;
mod general;
#[cfg(feature = "recording")]
mod grants;
mod handle;
mod key_store;
#[cfg(feature = "recording")]
mod locked;
mod numbers;
#[cfg(feature = "recording")]
mod player;
mod proof;
mod properties;
mod provider_types;
mod recording_types;
#[cfg(feature = "recording")]
mod recordings;
mod rtp;
mod statistics;
mod status;
mod types;
#[cfg(feature = "recording")]
mod vault_faults;
mod vault_types;

pub use foreign_cipher::LoadError;

// Panics are injected inside of the crate; all else is tested from C.
#[cfg(test)]
#[path = "../../tests/in_crate/ffi.rs"]
mod tests;
