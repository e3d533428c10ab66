//! Sealed recordings: what a call was, for those who own it, and nobody else.
//!
//! ```text
//!  frames ──► Writer ──► segments (sealed chunks) ──► manifest (chained records) ──► checkpoints (signed)
//!                            │                             │                             │
//!            Reader ◄────────┴── with the DEK ─────────────┤              verify ◄───────┴── without any key
//!                                                          │
//!                               recover ◄──────────────────┘
//! ```
//!
//! A recorder of the profile [`Profile::Frames`] has no key of the call: frames are recorded as they came, and each sender grants the keys of his sessions
//! to the owners. The format is `docs/formats/recording.md`.
//!
//! ```
//! use std::sync::Arc;
//! use mediaseal::SenderId;
//! use mediaseal::vault::SystemClock;
//! use mediaseal::vault::grant::{Identity, Kem, Signer};
//! use mediaseal::vault::recording::*;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = std::env::temp_dir().join(format!("mediaseal-doc-{}", std::process::id()));
//! let owner = Identity::generate(Kem::X25519)?;
//! let recorder = Arc::new(Signer::generate()?);
//! let storage = Arc::new(LocalStorage::create(&folder)?);
//! let clock = Arc::new(SystemClock);
//!
//! let mut new = NewRecording::draw(Profile::Media, Cobblestone::default(), "", Arc::clone(&recorder), &*clock)?;
//! new.add_recipient(owner.recipient())?;
//! let mut writer = new.start(storage.clone(), clock)?;
//! writer.add_track(0, TrackFormat::of(mediaseal::Codec::Opus))?;
//! let alice = SenderId::new("alice")?;
//! writer.write_frame(&Frame { track: 0, sender: &alice, micros: 0, key_frame: true, metadata: &[], octets: b"an Opus packet" })?;
//! writer.finish()?;
//!
//! // Anybody.
//! let found = verify(&*storage, Some(recorder.public()))?;
//! assert_eq!(found.verdict, Verdict::Complete);
//!
//! // An owner.
//! let context = wrap_context(&header(&*storage)?);
//! let dek = envelope(&*storage)?.open_by_identity(&owner, &[*recorder.public()], &context)?;
//! let mut reader = Reader::open(storage, &dek)?;
//! let start = reader.start_of(0)?;
//! for frame in reader.frames(start) {
//!     assert_eq!(frame?.octets, b"an Opus packet");
//! }
//! # std::fs::remove_dir_all(folder)?;
//! # Ok(())
//! # }
//! ```

mod aside;
mod begin;
mod chunks;
pub mod cobblestone;
mod commit;
mod envelope;
mod error;
pub mod export;
mod frame;
mod header;
mod index;
mod manifest;
#[cfg(feature = "s3")]
pub mod object;
mod outline;
mod player;
mod reader;
mod record;
mod recover;
mod segment;
mod storage;
mod verify;
mod vouch;
mod writer;

pub use begin::NewRecording;
pub use cobblestone::Cobblestone;
pub use envelope::{
    Shredded, break_envelope_lock, change_envelope, change_grant, envelope, grant, granted, header,
    replace_envelope, replace_grant, shred, wrap_context,
};
pub use error::{Place, RecordingError};
pub use frame::{Frame, RecordedFrame, TrackFormat};
pub use header::{Header, Profile};
pub use outline::{Outline, SegmentEnd, SegmentInfo, outline};
pub use player::{PlayedFrame, Player};
pub use reader::{Cursor, Frames, Reader, TrackInfo};
pub use recover::{Recovery, recover};
pub use storage::{LocalStorage, Pace, Storage};
pub use verify::{Verdict, Verification, verify};
pub use writer::{Closed, MAX_UNCOMMITTED, Writer, Written};
