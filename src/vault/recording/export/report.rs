//! What an export says of itself.

use std::fmt;
use std::io;

use thiserror::Error;

use super::cenc::ClearKey;
use crate::error::Error as CoreError;
use crate::id::{KeyId, SenderId};
use crate::vault::recording::{RecordingError, TrackFormat};

/// A file that an export writes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileInfo {
    /// The track.
    pub track: u16,
    /// What the track's frames are.
    pub format: TrackFormat,
    /// Whose frames are in it. In the profile `Frames` it is whose key opened them; in the profile `Media` whom the recorder named.
    pub sender: SenderId,
    /// 1 for the first file of this sender and track. Another begins where the stream changes in a way that the file's front cannot say.
    pub part: u32,
    /// How names of such files end: `mp4`, `webm` or `ogg`.
    pub extension: &'static str,
}

impl FileInfo {
    /// A name for the file: the sender with all but letters, digits, `-` and `_` as `%` and two digits, track, part if there are several, extension.
    #[must_use]
    pub fn name(&self) -> String {
        let mut name = String::new();
        for octet in self.sender.as_bytes() {
            let character = char::from(*octet);
            if character.is_ascii_alphanumeric() || matches!(character, '-' | '_') {
                name.push(character);
            } else {
                name.push_str(&format!("%{octet:02x}"));
            }
            // What systems take for a name is shorter than the longest sender written so.
            if name.len() > 180 {
                break;
            }
        }
        name.push_str(&format!(".{}", self.track));
        if self.part > 1 {
            name.push_str(&format!(".{}", self.part));
        }
        format!("{name}.{}", self.extension)
    }
}

/// A file that was written.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ExportedFile {
    /// What it is.
    pub info: FileInfo,
    /// Frames of the recording in it.
    pub frames: u64,
    /// Its octets.
    pub octets: u64,
    /// The smallest and largest time of a frame in microseconds, as recorded.
    pub micros: (u64, u64),
    /// The key that plays it, if it is under common encryption.
    pub key: Option<ClearKey>,
}

/// Why frames are in no file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Reason {
    /// Ask the sender for a grant: nobody gave one for this session.
    NoGrant,
    /// Bring another identity, or the sender's public key: the session's grant is not for this one, or of a signer who is not known, or damaged.
    GrantRefused,
    /// Bring the cipher: the session's suite is no built-in one.
    UnknownSuite,
    /// Find out who altered it: the frame's tag is wrong under the session's key.
    NotAuthentic,
    /// Nothing to do: the frame was recorded twice.
    Duplicate,
    /// Nothing to do: it is no encrypted frame.
    Malformed,
    /// Report it: the cipher did not work.
    CipherFailed,
    /// Name the codec when recording: no file takes the track's.
    Codec,
    /// Look at the encoder: the octets are no frame of the track's codec, or a key frame lacks what a file must say.
    Bitstream,
    /// Nothing to do: no decoder can begin before the first key frame.
    BeforeKeyFrame,
    /// Export it without encryption: common encryption is not written for this codec, or not for a frame of so many parts, or whose headers are not understood.
    NotProtectable,
    /// Export fewer tracks at once: there are more senders than files may be open.
    TooManyFiles,
}

impl Reason {
    const fn text(self) -> &'static str {
        match self {
            Self::NoGrant => "no grant for the session",
            Self::GrantRefused => {
                "the session's grant is for others, or by somebody who is not known"
            }
            Self::UnknownSuite => "the cipher was not registered",
            Self::NotAuthentic => "not authentic under the session's key",
            Self::Duplicate => "recorded twice",
            Self::Malformed => "no encrypted frame",
            Self::CipherFailed => "the cipher failed",
            Self::Codec => "no file takes this codec",
            Self::Bitstream => "no frame of the track's codec",
            Self::BeforeKeyFrame => "before the first key frame",
            Self::NotProtectable => "common encryption is not written for it",
            Self::TooManyFiles => "too many senders at once",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

/// Frames that are in no file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LeftOut {
    /// The track.
    pub track: u16,
    /// Who sent them, if that is known.
    pub sender: Option<SenderId>,
    /// The session, if one can be read. Nobody vouches for it where the frame did not open.
    pub kid: Option<KeyId>,
    /// Why.
    pub reason: Reason,
    /// How many.
    pub frames: u64,
}

/// What an export did.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Report {
    /// The files, in the order in which they were finished.
    pub files: Vec<ExportedFile>,
    /// Frames that are in none, by track, session and reason. Behind 10,000 lines of a track sessions are no longer told apart.
    pub left_out: Vec<LeftOut>,
    /// Places where the recording is damaged: whatever was there is missing. One of them is the manifest, if it is no chain to its end
    /// ([`Reader::damage`](crate::vault::recording::Reader::damage)): then nobody knows what there was behind it.
    pub damaged: u64,
    /// Whether the recorder had closed the recording. Of one that is still written, that a crash ended or that somebody cut, the end is missing.
    pub is_closed: bool,
}

impl Report {
    /// What everyone who gets an export must know.
    pub const NOTICE: &'static str = "exports are plain copies: nobody can verify them any more; keep the recording, and verify that";

    /// Frames that are in files.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.files.iter().map(|file| file.frames).sum()
    }

    /// Frames that are in none.
    #[must_use]
    pub fn frames_left_out(&self) -> u64 {
        self.left_out.iter().map(|left| left.frames).sum()
    }
}

/// A table of files and of what was left out, then [`NOTICE`](Report::NOTICE).
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for file in &self.files {
            let (name, frames) = (file.info.name(), file.frames);
            writeln!(f, "{name}: {frames} frames, {} octets", file.octets)?;
        }
        for left in &self.left_out {
            write!(f, "left out: track {}", left.track)?;
            if let Some(kid) = left.kid {
                write!(f, ", session {kid}")?;
            }
            writeln!(f, ": {} frames: {}", left.frames, left.reason)?;
        }
        if self.damaged > 0 {
            writeln!(f, "damaged: {} places of the recording", self.damaged)?;
        }
        if !self.is_closed {
            writeln!(f, "not closed: the recording's end is missing")?;
        }
        f.write_str(Self::NOTICE)
    }
}

/// Why an export ended early. Files that were begun are incomplete: remove them.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ExportError {
    /// React as the recording asks.
    #[error(transparent)]
    Recording(#[from] RecordingError),
    /// Report it: a file could not be made or written.
    #[error("{name}: {source}")]
    File {
        /// Its name, as [`FileInfo::name`] gives it.
        name: String,
        /// What the system says.
        source: io::Error,
    },
    /// Nothing to do: the caller stopped it.
    #[error("the export was stopped")]
    Stopped,
    /// React as the core asks.
    #[error(transparent)]
    Core(#[from] CoreError),
}
