//! Writes a recording, so that what was committed survives whatever happens to the writer.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::aside::set_aside;
use super::envelope::{granted, put_grant};
use super::error::{RecordingError, io_at};
use super::frame::{Frame, TrackFormat, head};
use super::header::{Header, InputKey, Profile};
use super::index::{Index, MAX_TRACKS};
use super::manifest::{Manifest, read_header};
use super::reader::Reader;
use super::record::{DIGEST, Record};
use super::recover::{Recovered, Recovery, is_ours, lock, recover_locked, sign};
use super::segment::OpenSegment;
use super::storage::{Pace, Storage};
use crate::error::Error;
use crate::id::KeyId;
use crate::os::ForkGuard;
use crate::vault::grant::{SessionGrant, Signer};
use crate::vault::{Clock, Dek};

/// Octets of frames that a crash may cost at most, besides the frame that is being written, unless the storage has a [`Pace`] of its own.
pub const MAX_UNCOMMITTED: u64 = 256 << 10;
/// Most KIDs that a writer remembers. Who sends frames can name any.
const MAX_KIDS: usize = 65_536;

pub(super) struct WriterTrack {
    pub(super) format: TrackFormat,
    /// SHA-256 of its last segment that ended.
    pub(super) previous: [u8; DIGEST],
    pub(super) open: Option<OpenSegment>,
}

/// What became of a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Written {
    /// The first frame of a session whose key no owner was granted: ask its sender for
    /// [`session_grant`](crate::vault::grant::session_grant) now, or nobody will open its frames.
    pub missing_grant: Option<KeyId>,
}

/// What a recording is at its close.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Closed {
    /// Segments, those of earlier writers included.
    pub segments: u64,
    /// Sessions of which this writer saw frames, and no grant was handed over: nobody can open them.
    pub missing_grants: Vec<KeyId>,
    /// Frames in which no KID could be read: they are no SFrame ciphertext of their track's form.
    pub frames_without_kid: u64,
    /// Whether there were more sessions than a writer remembers (65,536): then some may be missing above.
    pub too_many_sessions: bool,
}

/// Writes a recording.
///
/// Call [`tick`](Self::tick) at least twice a second, whether frames come or not: then a crash, of the process or the machine, costs at most the last
/// second or 256 KiB. A writer that is dropped without [`finish`](Self::finish) leaves what a crash would.
///
/// After an error of the storage it stops for good, because nobody knows what was written: [`resume`](Self::resume) goes on in new segments.
/// In a forked process it refuses ([`Error::Forked`]).
pub struct Writer {
    pub(super) storage: Arc<dyn Storage>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) header: Header,
    pub(super) key: InputKey,
    pub(super) signer: Arc<Signer>,
    pub(super) manifest: Manifest,
    pub(super) tracks: BTreeMap<u16, WriterTrack>,
    /// Records that are in the chain and not yet in the file.
    pub(super) records: Vec<u8>,
    next_segment: u64,
    /// Numbers that were passed over, from the first that was free on.
    passed_over: Range<u64>,
    pub(super) segments: u64,
    /// When the oldest frame came that no commit covers.
    pub(super) uncommitted_since: Option<u64>,
    pub(super) last_checkpoint: u64,
    pub(super) checkpointed: u64,
    pub(super) granted: BTreeSet<KeyId>,
    pub(super) missing: BTreeSet<KeyId>,
    pub(super) frames_without_kid: u64,
    pub(super) too_many_sessions: bool,
    pub(super) stopped: bool,
    pub(super) pace: Pace,
    pub(super) fork: ForkGuard,
    pub(super) recovery: Option<Recovery>,
    /// Dropped last.
    _lock: Box<dyn Send>,
}

impl Writer {
    pub(super) fn new(
        storage: Arc<dyn Storage>,
        lock: Box<dyn Send>,
        clock: Arc<dyn Clock>,
        header: Header,
        key: InputKey,
        signer: Arc<Signer>,
        mut manifest: Manifest,
    ) -> Self {
        let index = std::mem::take(&mut manifest.index);
        let tracks = index
            .tracks
            .iter()
            .map(|(number, track)| {
                let track = WriterTrack {
                    format: TrackFormat::from_value(track.codec),
                    previous: track.last_digest(),
                    open: None,
                };
                (*number, track)
            })
            .collect();
        let last_checkpoint = clock.unix_micros();
        let pace = storage.pace();
        Self {
            storage,
            clock,
            header,
            key,
            signer,
            checkpointed: manifest.tree.size(),
            manifest,
            tracks,
            records: Vec::new(),
            next_segment: next_segment(&index),
            passed_over: 0..0,
            segments: index.numbers.len() as u64,
            uncommitted_since: None,
            last_checkpoint,
            granted: BTreeSet::new(),
            missing: BTreeSet::new(),
            frames_without_kid: 0,
            too_many_sessions: false,
            stopped: false,
            pace,
            fork: ForkGuard::new(),
            recovery: None,
            _lock: lock,
        }
    }

    /// Goes on with a recording whose writer is gone: recovers it, and continues in new segments. What no checkpoint covers is opened under the DEK, all
    /// of it, before it is signed.
    ///
    /// # Errors
    /// [`RecordingError::Closed`] if it was finished; [`RecordingError::Damaged`] if what no checkpoint covers is not what a writer with this key wrote:
    /// nothing was signed then; [`RecordingError::WrongKey`], [`RecordingError::WrongSigner`] if it is another recording's key or
    /// recorder; else as [`recover`](super::recover()).
    pub fn resume(
        storage: Arc<dyn Storage>,
        dek: &Dek,
        signer: Arc<Signer>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, RecordingError> {
        let header = read_header(&*storage)?;
        header.check(dek)?;
        if signer.public().as_bytes() != header.signer() {
            return Err(RecordingError::WrongSigner);
        }
        let lock = lock(&*storage)?;
        let there = segment_numbers(&*storage)?;
        let set_aside = set_aside(&*storage, &header, dek)?;
        let Recovered {
            manifest,
            signed,
            mut recovery,
        } = recover_locked(&*storage, &header)?;
        recovery.set_aside = set_aside;
        if manifest.index.is_final {
            return Err(RecordingError::Closed);
        }
        if manifest.tree.size() > signed {
            let key = header.input_key(dek)?;
            let mut reader =
                Reader::of(Arc::clone(&storage), header.clone(), key, manifest.clone());
            reader.check_since(signed)?;
            sign(&*storage, &header, &manifest, &signer)?;
        }
        let granted = granted(&*storage)?.into_iter().collect();
        let key = header.input_key(dek)?;
        let mut writer = Self::new(storage, lock, clock, header, key, signer, manifest);
        writer.pass_over(there);
        writer.granted = granted;
        writer.recovery = Some(recovery);
        Ok(writer)
    }

    /// Passes over numbers of files that were there: a writer that this one put out may be about to take away what a recovery took away, whoever has the name by then.
    fn pass_over(&mut self, there: Vec<u64>) {
        let first = self.next_segment;
        let end = first.saturating_add(MAX_TRACKS as u64);
        let behind = there
            .into_iter()
            .filter(|number| (first..end).contains(number));
        self.next_segment = behind.max().map_or(first, |last| last + 1);
        self.passed_over = first..self.next_segment;
    }

    /// The number of the next segment.
    pub(super) fn take_number(&mut self) -> Result<u64, RecordingError> {
        // So far no number may go without a record; then those that were passed over have their turn.
        let end = self.passed_over.start.saturating_add(MAX_TRACKS as u64);
        if self.next_segment == end
            && let Some(number) = self.passed_over.next_back()
        {
            return Ok(number);
        }
        let number = self.next_segment;
        self.next_segment = number.checked_add(1).ok_or(RecordingError::OutOfRange)?;
        Ok(number)
    }

    /// What the recording says of itself.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// What was recovered, if this writer goes on after another.
    #[must_use]
    pub const fn recovery(&self) -> Option<Recovery> {
        self.recovery
    }

    /// Names a track.
    ///
    /// # Errors
    /// [`RecordingError::Track`] if its number is taken, or 1,024 are.
    pub fn add_track(&mut self, track: u16, format: TrackFormat) -> Result<(), RecordingError> {
        self.check_running()?;
        if self.tracks.contains_key(&track) || self.tracks.len() >= MAX_TRACKS {
            return Err(RecordingError::Track { track });
        }
        let codec = format.value();
        self.manifest
            .append(&Record::Track { track, codec }, &mut self.records);
        let added = WriterTrack {
            format,
            previous: [0; DIGEST],
            open: None,
        };
        self.tracks.insert(track, added);
        Ok(())
    }

    /// The tracks that were named.
    pub fn tracks(&self) -> impl Iterator<Item = (u16, TrackFormat)> {
        self.tracks
            .iter()
            .map(|(track, added)| (*track, added.format))
    }

    /// Keeps the grant that a session's sender made for the owners. It may come before the first frame or after the last.
    ///
    /// # Errors
    /// [`RecordingError::AlreadyThere`] if another one was handed over for this KID, which is kept. The writer goes on in any case.
    pub fn add_grant(&mut self, grant: &SessionGrant) -> Result<(), RecordingError> {
        put_grant(&*self.storage, grant)?;
        self.missing.remove(&grant.kid());
        self.granted.insert(grant.kid());
        Ok(())
    }

    /// Sessions of which there are frames and no grant.
    pub fn missing_grants(&self) -> impl Iterator<Item = KeyId> {
        self.missing.iter().copied()
    }

    /// Records a frame.
    ///
    /// # Errors
    /// [`RecordingError::Track`] or [`RecordingError::FrameTooLong`]: drop the frame. After any other the writer has stopped.
    pub fn write_frame(&mut self, frame: &Frame<'_>) -> Result<Written, RecordingError> {
        self.check_running()?;
        let number = frame.track;
        let track = self
            .tracks
            .get(&number)
            .ok_or(RecordingError::Track { track: number })?;
        let format = track.format;
        // The longest that it can be: whether the sender must be said is known later.
        let longest = head(frame, frame.sender.as_bytes())?.len() + frame.octets.len();
        self.or_stop(|writer| writer.record(frame, longest))?;
        Ok(Written {
            missing_grant: self.note_session(format, frame.octets),
        })
    }

    /// Commits what has waited long enough. Call it at least twice a second.
    ///
    /// # Errors
    /// What the storage says; the writer has stopped then.
    pub fn tick(&mut self) -> Result<(), RecordingError> {
        self.check_running()?;
        self.or_stop(Self::on_tick)
    }

    /// Commits everything now: once it returns it survives a crash.
    ///
    /// # Errors
    /// What the storage says; the writer has stopped then.
    pub fn flush(&mut self) -> Result<(), RecordingError> {
        self.check_running()?;
        self.or_stop(|writer| {
            let now = writer.clock.unix_micros();
            writer.commit(now)
        })
    }

    /// Closes the recording: ends its segments, and signs the whole.
    ///
    /// # Errors
    /// What the storage says; what was committed is there, and [`resume`](Self::resume) may finish it.
    pub fn finish(mut self) -> Result<Closed, RecordingError> {
        self.check_running()?;
        self.close()?;
        Ok(Closed {
            segments: self.segments,
            missing_grants: self.missing.iter().copied().collect(),
            frames_without_kid: self.frames_without_kid,
            too_many_sessions: self.too_many_sessions,
        })
    }

    fn check_running(&self) -> Result<(), RecordingError> {
        if self.stopped {
            return Err(RecordingError::Stopped);
        }
        // Both processes would seal on under the same keys.
        if !self.fork.is_this_process() {
            return Err(Error::Forked.into());
        }
        Ok(())
    }

    /// Does `work`, and stops for good if it fails.
    fn or_stop<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, RecordingError>,
    ) -> Result<T, RecordingError> {
        self.stopped = true;
        let done = work(self)?;
        self.stopped = false;
        Ok(done)
    }

    /// Remembers a session that is new here, and tells if it has no grant.
    fn note_session(&mut self, format: TrackFormat, frame: &[u8]) -> Option<KeyId> {
        if self.header.profile() != Profile::Frames {
            return None;
        }
        let Some(kid) = format.kid(frame) else {
            self.frames_without_kid = self.frames_without_kid.saturating_add(1);
            return None;
        };
        if self.granted.contains(&kid) || self.missing.contains(&kid) {
            return None;
        }
        if self.missing.len() >= MAX_KIDS {
            self.too_many_sessions = true;
            return None;
        }
        self.missing.insert(kid);
        Some(kid)
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer")
            .field("header", &self.header)
            .field("segments", &self.segments)
            .field("stopped", &self.stopped)
            .finish_non_exhaustive()
    }
}

/// A number that no segment has.
fn next_segment(index: &Index) -> u64 {
    index
        .numbers
        .last_key_value()
        .map_or(0, |(number, _)| number.saturating_add(1))
}

/// The numbers of the files that are there.
fn segment_numbers(storage: &dyn Storage) -> Result<Vec<u64>, RecordingError> {
    let names = storage.list().map_err(io_at("."))?;
    let ours = names.iter().filter(|name| is_ours(name));
    Ok(ours
        .filter_map(|name| name.split('.').next()?.parse().ok())
        .collect())
}
