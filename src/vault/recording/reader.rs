//! Reads a recording: its frames in order, from any time on, or any octets of a track.

use std::fmt;
use std::sync::Arc;

use zeroize::{Zeroize, Zeroizing};

use super::chunks::Opened;
use super::cobblestone::{CHUNK_LEN, Opener};
use super::error::{Place, RecordingError};
use super::frame::{FRAME_HEAD, RecordedFrame, TrackFormat, parse};
use super::header::{Header, InputKey};
use super::index::{Segment, Status, Track};
use super::manifest::{Manifest, Rest, read_header};
use super::outline;
use super::storage::Storage;
use crate::id::SenderId;
use crate::vault::Dek;

const CHUNK: u64 = CHUNK_LEN as u64;

/// What a track has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TrackInfo {
    /// Its number.
    pub track: u16,
    /// What its frames are.
    pub format: TrackFormat,
    /// Its frames.
    pub frames: u64,
    /// Octets of its frames with their heads: what [`Reader::read_at`] counts.
    pub octets: u64,
    /// The smallest and largest time of a frame in microseconds; nothing without frames.
    pub micros: Option<(u64, u64)>,
}

/// Where reading goes on in a track. It stays good while the recording grows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    track: u16,
    /// Which of the track's segments, and which octet of it.
    segment: usize,
    pub(super) offset: u64,
    sender: SenderId,
}

/// Reads a recording, closed or growing.
///
/// It believes the manifest as far as its chain holds, and every octet that it gives out authenticated under the recording's key. Whether the recorder
/// wrote it, and all of it, is what [`verify`](super::verify()) says.
pub struct Reader {
    pub(super) storage: Arc<dyn Storage>,
    pub(super) header: Header,
    pub(super) key: InputKey,
    pub(super) manifest: Manifest,
    pub(super) rest: Rest,
    /// Octets of the manifest of which [`refresh`](Self::refresh) told.
    told: u64,
    pub(super) openers: Vec<(u64, Opener)>,
    pub(super) opened: Option<Opened>,
    /// Chunks that were opened, tails included.
    pub(super) chunks_opened: u64,
}

impl Reader {
    /// Opens the recording in `storage` with its DEK, which [`envelope`](super::envelope()) gives to its owners.
    ///
    /// # Errors
    /// [`RecordingError::WrongKey`] if it is another's, or the header was altered; [`RecordingError::NotThere`], [`RecordingError::Unsupported`], and what the
    /// storage says.
    pub fn open(storage: Arc<dyn Storage>, dek: &Dek) -> Result<Self, RecordingError> {
        let header = read_header(&*storage)?;
        header.check(dek)?;
        let key = header.input_key(dek)?;
        let manifest = Manifest::of(&header);
        let mut reader = Self::of(storage, header, key, manifest);
        reader.refresh()?;
        Ok(reader)
    }

    /// Reads what a manifest says that was read.
    pub(super) const fn of(
        storage: Arc<dyn Storage>,
        header: Header,
        key: InputKey,
        manifest: Manifest,
    ) -> Self {
        Self {
            told: manifest.len,
            manifest,
            storage,
            header,
            key,
            rest: Rest::Nothing,
            openers: Vec::new(),
            opened: None,
            chunks_opened: 0,
        }
    }

    /// Reads what the manifest got since, and tells whether there is anything new since it told that last. A recording that grows is followed by calling this once in
    /// a while.
    ///
    /// # Errors
    /// [`RecordingError::Unsupported`] for a record that a newer version wrote; what the storage says.
    pub fn refresh(&mut self) -> Result<bool, RecordingError> {
        self.read_on()?;
        let is_new = self.manifest.len > self.told;
        self.told = self.manifest.len;
        Ok(is_new)
    }

    /// The same for readers within a call; tells whether the manifest was longer now.
    pub(super) fn read_on(&mut self) -> Result<bool, RecordingError> {
        let before = self.manifest.len;
        self.rest = self.manifest.read_on(&*self.storage, |_| ())?;
        Ok(self.manifest.len > before)
    }

    /// What the recording says of itself.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// Whether its recorder closed it.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        self.manifest.index.is_final
    }

    /// Where the manifest is no longer a chain. What comes after is not read.
    #[must_use]
    pub fn damage(&self) -> Option<Place> {
        let record = self.manifest.chain.records();
        matches!(self.rest, Rest::Broken(_)).then_some(Place::Manifest { record })
    }

    /// The tracks, by number.
    pub fn tracks(&self) -> impl Iterator<Item = TrackInfo> {
        outline::tracks(&self.manifest.index)
    }

    /// How many chunks were opened so far: what reading costs.
    #[must_use]
    pub const fn chunks_opened(&self) -> u64 {
        self.chunks_opened
    }

    /// A cursor before the first frame of a track.
    ///
    /// # Errors
    /// [`RecordingError::Track`] if there is no such track.
    pub fn start_of(&self, track: u16) -> Result<Cursor, RecordingError> {
        self.track(track).map(|_| Cursor::at(track, 0, 0))
    }

    /// A cursor at most a second, or 256 KiB, before the first frame whose time is `micros` or later; at the end of what is committed so far if all are earlier. It
    /// reads no chunk.
    ///
    /// # Errors
    /// [`RecordingError::Track`] if there is no such track.
    pub fn seek(&self, track: u16, micros: u64) -> Result<Cursor, RecordingError> {
        let segments = &self.track(track)?.segments;
        let at = segments.partition_point(|segment| segment.state.last < micros);
        let Some(segment) = segments.get(at) else {
            // What comes next belongs to a segment that is open.
            return Ok(match segments.last() {
                Some(last) if last.status == Status::Open => {
                    Cursor::at(track, segments.len() - 1, last.len())
                }
                _ => Cursor::at(track, segments.len(), 0),
            });
        };
        let point = segment.points.partition_point(|point| point.last < micros);
        let offset = point
            .checked_sub(1)
            .and_then(|before| segment.points.get(before))
            .map_or(0, |point| point.end);
        Ok(Cursor::at(track, at, offset))
    }

    /// A cursor at the beginning of a segment whose first frame is not behind `micros`, or of the first one; at the end of what is committed so far if all frames are
    /// earlier. Segments begin with a key frame where the stream has one at least every five seconds, and is below 13 Mbit/s; where the first frame is none, the
    /// segment before begins before that frame's time. It reads no chunk.
    ///
    /// # Errors
    /// [`RecordingError::Track`] if there is no such track.
    pub fn seek_segment(&self, track: u16, micros: u64) -> Result<Cursor, RecordingError> {
        let segments = &self.track(track)?.segments;
        let at = segments.partition_point(|segment| segment.state.last < micros);
        let Some(segment) = segments.get(at) else {
            return self.seek(track, micros);
        };
        let is_behind = segment.state.first > micros;
        Ok(Cursor::at(
            track,
            at.saturating_sub(usize::from(is_behind)),
            0,
        ))
    }

    /// The next frame, or nothing at the end of what is committed so far.
    ///
    /// # Errors
    /// [`RecordingError::Damaged`] if what comes next does not authenticate: the cursor is then behind it, at the next place where a frame is known to begin.
    /// [`RecordingError::Track`]; what the storage says.
    pub fn next_frame(
        &mut self,
        cursor: &mut Cursor,
    ) -> Result<Option<RecordedFrame>, RecordingError> {
        loop {
            let track = self.track(cursor.track)?;
            let Some(segment) = track.segments.get(cursor.segment) else {
                return Ok(None);
            };
            if cursor.offset < segment.len() {
                break;
            }
            if segment.status == Status::Open {
                return Ok(None);
            }
            *cursor = Cursor::at(cursor.track, cursor.segment + 1, 0);
        }
        match self.frame_at(cursor) {
            Err(RecordingError::Damaged(place)) => {
                self.skip(cursor, &place)?;
                Err(RecordingError::Damaged(place))
            }
            read => read.map(Some),
        }
    }

    /// The frames of a track from a cursor on, to the end of what is committed so far.
    pub fn frames(&mut self, cursor: Cursor) -> Frames<'_> {
        Frames {
            reader: self,
            cursor,
            failed: false,
        }
    }

    /// Reads octets of a track, from `offset` on: its frames with their heads, one after another (docs/formats/recording.md).
    ///
    /// # Errors
    /// [`RecordingError::OutOfRange`] if `out` reaches behind what is committed; [`RecordingError::Damaged`] if a chunk does not authenticate: `out` is then wiped.
    /// [`RecordingError::Track`]; what the storage says.
    pub fn read_at(
        &mut self,
        track: u16,
        offset: u64,
        out: &mut [u8],
    ) -> Result<(), RecordingError> {
        let done = self.fill(track, offset, out);
        if done.is_err() {
            out.zeroize();
        }
        done
    }

    fn fill(&mut self, track: u16, offset: u64, out: &mut [u8]) -> Result<(), RecordingError> {
        let end = offset.checked_add(out.len() as u64);
        if end.is_none_or(|end| end > self.tracks_len(track)) {
            self.track(track)?;
            return Err(RecordingError::OutOfRange);
        }
        let (mut at, mut done) = (offset, 0);
        while done < out.len() {
            let segments = &self.track(track)?.segments;
            let place = segments.partition_point(|segment| segment.start <= at);
            let place = place.checked_sub(1).ok_or(RecordingError::OutOfRange)?;
            let segment = segments.get(place).ok_or(RecordingError::OutOfRange)?;
            let (within, left) = (at - segment.start, segment.len());
            let left = left.checked_sub(within).ok_or(RecordingError::OutOfRange)?;
            let len = usize::try_from(left)
                .unwrap_or(usize::MAX)
                .min(out.len() - done);
            self.segment_octets(track, place, within, &mut out[done..done + len])?;
            done += len;
            at += len as u64;
        }
        Ok(())
    }

    fn tracks_len(&self, track: u16) -> u64 {
        self.manifest.index.tracks.get(&track).map_or(0, Track::len)
    }

    pub(super) fn track(&self, track: u16) -> Result<&Track, RecordingError> {
        self.manifest
            .index
            .tracks
            .get(&track)
            .ok_or(RecordingError::Track { track })
    }

    pub(super) fn format_of(&self, track: u16) -> Result<TrackFormat, RecordingError> {
        Ok(TrackFormat::from_value(self.track(track)?.codec))
    }

    pub(super) fn segment(&self, track: u16, place: usize) -> Result<&Segment, RecordingError> {
        self.track(track)?
            .segments
            .get(place)
            .ok_or(RecordingError::OutOfRange)
    }

    /// Reads the frame at a cursor that is not at the end, and moves the cursor behind it.
    pub(super) fn frame_at(
        &mut self,
        cursor: &mut Cursor,
    ) -> Result<RecordedFrame, RecordingError> {
        let (track, place) = (cursor.track, cursor.segment);
        let segment = self.segment(track, place)?;
        let (number, end) = (segment.number, segment.len());
        let damaged = || RecordingError::Damaged(Place::Segment { segment: number });
        let after_len = cursor.offset + 4;
        if after_len > end {
            return Err(damaged());
        }
        let mut len = [0; 4];
        self.segment_octets(track, place, cursor.offset, &mut len)?;
        let len = u64::from(u32::from_be_bytes(len));
        let after = after_len + len;
        if after > end || len < FRAME_HEAD as u64 - 4 {
            return Err(damaged());
        }
        // At most a segment, which was committed with this length.
        let mut content = Zeroizing::new(vec![0; usize::try_from(len).map_err(|_| damaged())?]);
        self.segment_octets(track, place, after_len, &mut content)?;
        let parsed = parse(&content).ok_or_else(damaged)?;
        if let Some(sender) = parsed.sender {
            cursor.sender = sender;
        }
        let frame = RecordedFrame {
            track,
            format: self.format_of(track)?,
            sender: cursor.sender.clone(),
            micros: parsed.micros,
            key_frame: parsed.key_frame,
            metadata: parsed.metadata.to_vec(),
            octets: parsed.octets.to_vec(),
        };
        cursor.offset = after;
        Ok(frame)
    }

    /// Moves a cursor behind damage.
    fn skip(&self, cursor: &mut Cursor, place: &Place) -> Result<(), RecordingError> {
        let segment = self.segment(cursor.track, cursor.segment)?;
        let point = match place {
            Place::Chunk { chunk, .. } => {
                let behind = chunk.saturating_add(1).saturating_mul(CHUNK);
                segment
                    .points
                    .iter()
                    .find(|point| point.end >= behind && point.end > cursor.offset)
            }
            _ => None,
        };
        *cursor = match point {
            Some(point) => Cursor::at(cursor.track, cursor.segment, point.end),
            None => Cursor::at(cursor.track, cursor.segment, segment.len()),
        };
        Ok(())
    }
}

impl Cursor {
    pub(super) fn at(track: u16, segment: usize, offset: u64) -> Self {
        Self {
            track,
            segment,
            offset,
            sender: SenderId::default(),
        }
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader")
            .field("header", &self.header)
            .finish_non_exhaustive()
    }
}

/// The frames of a track. After [`RecordingError::Damaged`] it goes on behind the damage; after any other error it ends.
#[derive(Debug)]
pub struct Frames<'a> {
    reader: &'a mut Reader,
    cursor: Cursor,
    failed: bool,
}

impl Iterator for Frames<'_> {
    type Item = Result<RecordedFrame, RecordingError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let next = self.reader.next_frame(&mut self.cursor).transpose();
        self.failed =
            matches!(&next, Some(Err(error)) if !matches!(error, RecordingError::Damaged(_)));
        next
    }
}
