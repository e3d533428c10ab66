//! At rest: keys in custody, keys sealed to people, recordings, the audit log.
//!
//! ```text
//!   master key (never leaves its provider) ──► KEK ──► DEK ──► recording, record        custody
//!   epoch secrets, session base keys, DEKs ──► people and recorders                     grant
//!   frames or media ──► segments ──► manifest ──► checkpoints                           recording
//!   what happened to keys and recordings ──► records ──► checkpoints                    audit
//! ```
//!
//! Live media never wait for anything in here.

pub mod audit;
mod clock;
#[cfg(feature = "custody")]
pub mod custody;
mod folder;
pub mod grant;
pub mod recording;
pub mod transparency;
mod wrapped;
mod wrapped_octets;

pub use clock::{Clock, SystemClock};
pub use wrapped::{Dek, KekWrapper, WrapAlgorithm, WrapContext, WrapError, WrappedKey};
