//! What a writer does with frames: segments, commits, records, checkpoints.
//!
//! ```text
//!  frame ──► segment in memory ──► whole chunks ──► NNNNNNNNNN.seg
//!                       │
//!  commit: 1 sync the segments   2 what fills no chunk, as tails, synced   3 sync names   4 records, synced   5 delete spent tails
//! ```
//!
//! Each step is durable before the next begins, so a record never says more than the files hold.

use super::error::{RecordingError, io_at};
use super::frame::{Frame, head};
use super::manifest::MANIFEST;
use super::record::Record;
use super::recover::sign;
use super::segment::OpenSegment;
use super::writer::Writer;
use crate::id::SenderId;

/// Microseconds after which a segment ends at a key frame, and at any frame.
const SEGMENT_AFTER: u64 = 5_000_000;
const SEGMENT_AT_MOST: u64 = 10_000_000;
/// Microseconds between two checkpoints at most.
const CHECKPOINT_AFTER: u64 = 10_000_000;

impl Writer {
    /// Records a frame that has at most `longest` octets with its head.
    pub(super) fn record(
        &mut self,
        frame: &Frame<'_>,
        longest: usize,
    ) -> Result<(), RecordingError> {
        let now = self.clock.unix_micros();
        let len = longest as u64;
        let uncommitted = self.uncommitted();
        if uncommitted > 0 && uncommitted.saturating_add(len) > self.pace.octets {
            self.commit(now)?;
        }
        self.make_room(frame, len, now)?;
        self.put(frame, now)?;
        self.commit_if_due(now)
    }

    /// Commits and signs what has waited long enough.
    pub(super) fn on_tick(&mut self) -> Result<(), RecordingError> {
        let now = self.clock.unix_micros();
        self.commit_if_due(now)?;
        let has_news = self.manifest.tree.size() > self.checkpointed;
        if has_news && now.abs_diff(self.last_checkpoint) >= CHECKPOINT_AFTER {
            self.write_records()?;
            self.checkpoint(now)?;
        }
        Ok(())
    }

    /// Ends all segments, and says so.
    pub(super) fn close(&mut self) -> Result<(), RecordingError> {
        let now = self.clock.unix_micros();
        let tracks: Vec<u16> = self.tracks.keys().copied().collect();
        self.end_segments(&tracks)?;
        // So that no tail is left when the recording says that it is whole.
        self.storage.sync_names().map_err(io_at("."))?;
        let segments = self.segments;
        self.manifest
            .append(&Record::Final { segments }, &mut self.records);
        self.write_records()?;
        self.checkpoint(now)
    }

    /// Ends the segment that the frame cannot or shall not go to, and begins one if there is none.
    fn make_room(&mut self, frame: &Frame<'_>, len: u64, now: u64) -> Result<(), RecordingError> {
        let number = frame.track;
        let no_track = RecordingError::Track { track: number };
        let track = self.tracks.get(&number).ok_or(no_track)?;
        let must_end = track.open.as_ref().is_some_and(|open| {
            let age = now.abs_diff(open.begun);
            // "As before" cannot say that nobody is named again.
            let is_unnamed = frame.sender.as_bytes().is_empty() && *frame.sender != open.sender;
            !open.has_room(len)
                || is_unnamed
                || age >= SEGMENT_AT_MOST
                || (age >= SEGMENT_AFTER && frame.key_frame)
        });
        if must_end {
            self.end_segments(&[number])?;
            self.checkpoint(now)?;
        }
        let no_track = RecordingError::Track { track: number };
        let is_open = self
            .tracks
            .get(&number)
            .is_some_and(|track| track.open.is_some());
        let segment = if is_open {
            None
        } else {
            Some(self.take_number()?)
        };
        let track = self.tracks.get_mut(&number).ok_or(no_track)?;
        if let Some(segment) = segment {
            track.open = Some(OpenSegment::create(
                &*self.storage,
                &self.header,
                &self.key,
                segment,
                number,
                track.format.value(),
                &track.previous,
                now,
            )?);
            self.segments += 1;
        }
        Ok(())
    }

    fn put(&mut self, frame: &Frame<'_>, now: u64) -> Result<(), RecordingError> {
        let no_track = RecordingError::Track { track: frame.track };
        let open = self
            .tracks
            .get_mut(&frame.track)
            .and_then(|track| track.open.as_mut())
            .ok_or(no_track)?;
        let is_known = !open.says_sender && open.sender == *frame.sender;
        let sender: &[u8] = if is_known {
            &[]
        } else {
            frame.sender.as_bytes()
        };
        let head = head(frame, sender)?;
        open.write(&*self.storage, frame.micros, [&head, frame.octets])?;
        if !is_known {
            open.sender = SenderId::clone(frame.sender);
            open.says_sender = false;
        }
        self.uncommitted_since.get_or_insert(now);
        Ok(())
    }

    fn uncommitted(&self) -> u64 {
        self.tracks
            .values()
            .filter_map(|track| track.open.as_ref())
            .map(|open| open.uncommitted)
            .sum()
    }

    fn commit_if_due(&mut self, now: u64) -> Result<(), RecordingError> {
        let is_old = self
            .uncommitted_since
            .is_some_and(|since| now.abs_diff(since) >= self.pace.micros);
        if is_old || self.uncommitted() >= self.pace.octets {
            self.commit(now)?;
        }
        Ok(())
    }

    /// Commits all tracks: files first, then names, then the records, then what is spent.
    pub(super) fn commit(&mut self, now: u64) -> Result<(), RecordingError> {
        if self.pace.ends_segments {
            return self.commit_segments(now);
        }
        let mut committed = Vec::new();
        for track in self.tracks.values_mut() {
            if let Some(open) = track.open.as_mut().filter(|open| open.uncommitted > 0) {
                committed.push(open.commit(&*self.storage, &self.header, &self.key)?);
            }
        }
        if !committed.is_empty() {
            self.storage.sync_names().map_err(io_at("."))?;
        }
        let mut spent = Vec::new();
        for one in committed {
            self.manifest
                .append(&Record::Commit(one.state), &mut self.records);
            spent.extend(one.spent);
        }
        self.write_records()?;
        self.delete(&spent)?;
        self.uncommitted_since = None;
        if now.abs_diff(self.last_checkpoint) >= CHECKPOINT_AFTER {
            self.checkpoint(now)?;
        }
        Ok(())
    }

    /// Ends every segment with frames that no commit covers.
    fn commit_segments(&mut self, now: u64) -> Result<(), RecordingError> {
        let is_waiting = |open: &OpenSegment| open.uncommitted > 0;
        let tracks = self.tracks.iter();
        let tracks: Vec<u16> = tracks
            .filter(|(_, track)| track.open.as_ref().is_some_and(is_waiting))
            .map(|(number, _)| *number)
            .collect();
        self.end_segments(&tracks)?;
        if !tracks.is_empty() {
            self.checkpoint(now)?;
        }
        Ok(())
    }

    /// Ends the open segments of some tracks.
    fn end_segments(&mut self, tracks: &[u16]) -> Result<(), RecordingError> {
        let mut spent = Vec::new();
        let mut ended = Vec::new();
        for number in tracks {
            let track = self.tracks.get_mut(number);
            let Some((track, open)) =
                track.and_then(|track| track.open.take().map(|open| (track, open)))
            else {
                continue;
            };
            let end = open.end(&*self.storage)?;
            track.previous = end.state.digest;
            spent.extend(end.spent);
            ended.push(end.state);
        }
        if !ended.is_empty() {
            self.storage.sync_names().map_err(io_at("."))?;
        }
        for state in ended {
            self.manifest.append(&Record::End(state), &mut self.records);
        }
        self.write_records()?;
        self.delete(&spent)?;
        if self.uncommitted() == 0 {
            self.uncommitted_since = None;
        }
        Ok(())
    }

    fn write_records(&mut self) -> Result<(), RecordingError> {
        if !self.records.is_empty() {
            self.storage
                .append(MANIFEST, &self.records)
                .map_err(io_at(MANIFEST))?;
            self.storage.sync(MANIFEST).map_err(io_at(MANIFEST))?;
            self.records.clear();
        }
        Ok(())
    }

    fn delete(&self, names: &[String]) -> Result<(), RecordingError> {
        names
            .iter()
            .try_for_each(|name| self.storage.delete(name).map_err(io_at(name)))
    }

    fn checkpoint(&mut self, now: u64) -> Result<(), RecordingError> {
        sign(&*self.storage, &self.header, &self.manifest, &self.signer)?;
        self.last_checkpoint = now;
        self.checkpointed = self.manifest.tree.size();
        Ok(())
    }
}
