//! Plays a recording: its frames one by one, opened with the keys that their senders granted.

use std::collections::BTreeMap;
use std::fmt;

use zeroize::Zeroizing;

use super::error::RecordingError;
use super::export::open::TrackOpener;
use super::export::{Reason, SessionKeys};
use super::frame::{RecordedFrame, TrackFormat};
use super::header::Profile;
use super::reader::{Cursor, Reader};
use crate::id::{KeyId, SenderId};
use crate::vault::grant::{Identity, SignerPublic};

/// Plays a recording of either profile, closed or growing, each track at a place of its own.
///
/// What it gives out is authentic: under the recording's key, and in the profile [`Profile::Frames`] also under a key that one of the signers granted who are
/// believed, in the name that he gave. Tracks, times and the order of frames are what the recorder wrote. Whether all of it is there is what
/// [`verify`](super::verify()) says.
///
/// # Examples
/// ```no_run
/// use mediaseal::vault::grant::{Identity, SignerPublic};
/// use mediaseal::vault::recording::{Player, Reader};
/// use mediaseal::vault::recording::export::SessionKeys;
///
/// # fn all(reader: Reader, me: Identity, senders: &[SignerPublic], mut decoder: impl FnMut(u64, &[u8])) -> Result<(), Box<dyn std::error::Error>> {
/// let mut player = Player::new(reader, SessionKeys::new());
/// player.open_grants(&me, senders)?;
/// player.seek(1, 30_000_000)?;
/// while let Some(frame) = player.next_frame(1)? {
///     match frame.octets {
///         Ok(octets) => decoder(frame.micros, &octets),
///         Err(reason) => eprintln!("left out: {reason}"),
///     }
/// }
/// # Ok(())
/// # }
/// ```
pub struct Player {
    reader: Reader,
    keys: SessionKeys,
    places: BTreeMap<u16, Place>,
}

/// Where a track is.
struct Place {
    cursor: Cursor,
    opener: TrackOpener,
}

/// A frame to be played. Its octets are wiped on drop.
#[non_exhaustive]
pub struct PlayedFrame {
    /// The track.
    pub track: u16,
    /// What its frames are. What is given out is bare media, also where the recorded ciphertext is codec-aware.
    pub format: TrackFormat,
    /// The session in the header of an encrypted frame, if one can be read there. Nobody vouches for it where the frame did not open.
    pub kid: Option<KeyId>,
    /// Who sent it: in the profile [`Profile::Frames`] whose key opened it, and nobody for what did not open; in the other one whom the recorder named.
    pub sender: SenderId,
    /// When, in microseconds on the clock of all tracks.
    pub micros: u64,
    /// Whether the recorder says that a decoder can begin with it.
    pub key_frame: bool,
    /// What the encoder gave; or why it did not open.
    pub octets: Result<Zeroizing<Vec<u8>>, Reason>,
}

impl Player {
    /// Begins at the first frame of each track. `keys` may still be empty: [`open_grants`](Self::open_grants) fills them.
    #[must_use]
    pub const fn new(reader: Reader, keys: SessionKeys) -> Self {
        Self {
            reader,
            keys,
            places: BTreeMap::new(),
        }
    }

    /// What is played: its tracks, and whether it is closed.
    #[must_use]
    pub const fn reader(&self) -> &Reader {
        &self.reader
    }

    /// What opens it.
    #[must_use]
    pub const fn keys(&self) -> &SessionKeys {
        &self.keys
    }

    /// Opens the recording's grants, as [`SessionKeys::open_grants`] does. While a recording grows more of them come: call it again when a frame has
    /// [`Reason::NoGrant`], and [`seek`](Self::seek) back to see what was passed without its key. It does nothing where frames are not encrypted
    /// ([`Profile::Media`]).
    ///
    /// # Errors
    /// What the storage says.
    pub fn open_grants(
        &mut self,
        identity: &Identity,
        signers: &[SignerPublic],
    ) -> Result<usize, RecordingError> {
        match self.reader.header().profile() {
            Profile::Frames => self.keys.open_grants(&self.reader, identity, signers),
            Profile::Media => Ok(0),
        }
    }

    /// The same of grants that it has not seen.
    #[cfg(feature = "capi")]
    pub(crate) fn open_new_grants(
        &mut self,
        identity: &Identity,
        signers: &[SignerPublic],
    ) -> Result<usize, RecordingError> {
        match self.reader.header().profile() {
            Profile::Frames => self.keys.open_new_grants(&self.reader, identity, signers),
            Profile::Media => Ok(0),
        }
    }

    /// Reads what was recorded since, and tells whether there is anything new, as [`Reader::refresh`] does.
    ///
    /// # Errors
    /// Those of [`Reader::refresh`].
    pub fn refresh(&mut self) -> Result<bool, RecordingError> {
        self.reader.refresh()
    }

    /// Goes to where a segment of the track begins at or before `micros`, or to the first one; to the end of what is committed so far if all frames are earlier. Frames
    /// before `micros` come first: a decoder needs them, nobody need see them. A segment begins with a key frame where the stream has one at least every five seconds,
    /// and is below 13 Mbit/s: if its first frame is none, seek to a microsecond before that. What was opened before opens again.
    ///
    /// # Errors
    /// [`RecordingError::Track`] if there is no such track.
    pub fn seek(&mut self, track: u16, micros: u64) -> Result<(), RecordingError> {
        let place = Place {
            cursor: self.reader.seek_segment(track, micros)?,
            opener: TrackOpener::new(self.reader.format_of(track)?),
        };
        self.places.insert(track, place);
        Ok(())
    }

    /// The next frame of a track, or nothing at the end of what is committed so far.
    ///
    /// # Errors
    /// [`RecordingError::Damaged`] if what comes next does not authenticate under the recording's key: the next call goes on behind it. [`RecordingError::Track`] if
    /// there is no such track; [`RecordingError::Unsupported`], and what the storage says.
    pub fn next_frame(&mut self, track: u16) -> Result<Option<PlayedFrame>, RecordingError> {
        if !self.places.contains_key(&track) {
            self.seek(track, 0)?;
        }
        let place = self.places.get_mut(&track);
        let place = place.ok_or(RecordingError::Track { track })?;
        let Some(mut frame) = self.reader.next_frame(&mut place.cursor)? else {
            return Ok(None);
        };
        let (kid, sender, octets) = match self.reader.header().profile() {
            Profile::Frames => match place.opener.open(&self.keys, &frame) {
                Ok(opened) => (frame.kid(), opened.sender, Ok(opened.octets)),
                // The recorder's word alone says whose it is.
                Err(reason) => (frame.kid(), SenderId::default(), Err(reason)),
            },
            Profile::Media => (
                None,
                std::mem::take(&mut frame.sender),
                Ok(Zeroizing::new(std::mem::take(&mut frame.octets))),
            ),
        };
        let RecordedFrame {
            track,
            format,
            micros,
            key_frame,
            ..
        } = frame;
        Ok(Some(PlayedFrame {
            track,
            format,
            kid,
            sender,
            micros,
            key_frame,
            octets,
        }))
    }
}

impl fmt::Debug for Player {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Player")
            .field("reader", &self.reader)
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}

/// Its octets are not shown.
impl fmt::Debug for PlayedFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlayedFrame")
            .field("track", &self.track)
            .field("sender", &self.sender)
            .field("micros", &self.micros)
            .field("key_frame", &self.key_frame)
            .field("octets", &self.octets.as_ref().map(|octets| octets.len()))
            .finish_non_exhaustive()
    }
}
