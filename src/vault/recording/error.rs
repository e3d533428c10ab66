//! Why a recording was not written or read.

use std::fmt;
use std::io;

use thiserror::Error;

use super::cobblestone::CobblestoneError;
use crate::error::Error as CoreError;
use crate::vault::grant::GrantError;
use crate::vault::transparency::TransparencyError;

/// A part of a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// The file `header`.
    Header,
    /// The file `envelope`.
    Envelope,
    /// A record of the file `manifest`, counted from 0.
    Manifest {
        /// Which.
        record: u64,
    },
    /// A note of the file `checkpoints`, counted from 0.
    Checkpoint {
        /// Which.
        index: u64,
    },
    /// A segment's file.
    Segment {
        /// Its number.
        segment: u64,
    },
    /// A chunk of a segment.
    Chunk {
        /// The segment's number.
        segment: u64,
        /// Which, counted from 0.
        chunk: u64,
    },
    /// The file with the octets of a segment that fill no chunk.
    Tail {
        /// The segment's number.
        segment: u64,
    },
    /// A file that every recording has, and this one has not.
    Missing {
        /// Its name.
        name: String,
    },
    /// A file that does not belong to the recording.
    Foreign {
        /// Its name.
        name: String,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header => f.write_str("header"),
            Self::Envelope => f.write_str("envelope"),
            Self::Manifest { record } => write!(f, "record {record} of the manifest"),
            Self::Checkpoint { index } => write!(f, "checkpoint {index}"),
            Self::Segment { segment } => write!(f, "segment {segment}"),
            Self::Chunk { segment, chunk } => write!(f, "chunk {chunk} of segment {segment}"),
            Self::Tail { segment } => write!(f, "tail of segment {segment}"),
            Self::Missing { name } => write!(f, "file {}, which is missing", name.escape_default()),
            Self::Foreign { name } => write!(f, "file {}", name.escape_default()),
        }
    }
}

/// Why a recording was not written or read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RecordingError {
    /// Report it: the storage refused. A writer stops with it; [`Writer::resume`](super::Writer::resume) goes on from the last commit.
    #[error("{name}: {source}")]
    Io {
        /// The file.
        name: String,
        /// What the storage says.
        source: io::Error,
    },
    /// Choose another place, or another KID: a recording, or another grant, is there.
    #[error("there is one already")]
    AlreadyThere,
    /// Look for the right place: no recording is there.
    #[error("there is no recording")]
    NotThere,
    /// Name an owner first: nobody could open the recording.
    #[error("nobody could open the recording")]
    NoOwner,
    /// Wait, or end the other: another writer has the recording open.
    #[error("another writer has the recording open")]
    Busy,
    /// Try again: somebody else is changing who can open the recording. If a crash left its lock where no operating system ends it,
    /// [`break_envelope_lock`](super::break_envelope_lock) does.
    #[error("somebody else is changing who can open the recording")]
    Changing,
    /// Do not bring it back: the keys of the recording, or the grant of the session, were destroyed meanwhile.
    #[error("its keys were destroyed, which is not undone")]
    Destroyed,
    /// Resume: the writer stopped at an earlier error, and what came after the last commit is lost.
    #[error("the writer stopped at an earlier error")]
    Stopped,
    /// Begin a new recording: this one is closed.
    #[error("the recording is closed")]
    Closed,
    /// Find out who altered it, or which disk fails: this part is not as it was written. Nothing of it was given out.
    #[error("damaged or altered: {0}")]
    Damaged(Place),
    /// Bring the right key: the recording was sealed under another one, or its header was altered.
    #[error("the key is not this recording's, or its header was altered")]
    WrongKey,
    /// Bring the signing key that the recording was begun with.
    #[error("the signing key is not the one in the recording's header")]
    WrongSigner,
    /// Read it with a newer version: it has a number that this one does not know.
    #[error("unknown {what} {number}")]
    Unsupported {
        /// What has the number.
        what: &'static str,
        /// The number.
        number: u32,
    },
    /// Fix the call: [`Writer::add_track`](super::Writer::add_track) names tracks, each once, at most 1,024.
    #[error("track {track} is not there, or there already, or one too many")]
    Track {
        /// The track.
        track: u16,
    },
    /// Drop the frame: it has more octets than a segment takes, or metadata of more than 65,535.
    #[error(
        "a frame of {len} octets with its metadata is longer than a segment, or its metadata longer than 65,535 octets"
    )]
    FrameTooLong {
        /// Its octets and its metadata's.
        len: usize,
    },
    /// Fix the call: what is asked for lies behind the end.
    #[error("behind the end of the track")]
    OutOfRange,
    /// What a message of a segment or tail says.
    #[error(transparent)]
    Cobblestone(#[from] CobblestoneError),
    /// What an envelope or a grant says.
    #[error(transparent)]
    Grant(#[from] GrantError),
    /// What a checkpoint says.
    #[error(transparent)]
    Transparency(#[from] TransparencyError),
    /// The library's core could not do it.
    #[error(transparent)]
    Core(#[from] CoreError),
}

/// Names the file in what a storage says.
pub(super) fn io_at(name: &str) -> impl FnOnce(io::Error) -> RecordingError {
    let name = name.to_owned();
    move |source| RecordingError::Io { name, source }
}
