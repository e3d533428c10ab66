//! What a writer looks at before it signs what another left: the records that no checkpoint covers, which anybody can write who can write the files.

use super::error::{Place, RecordingError};
use super::index::Status;
use super::reader::{Cursor, Reader};

impl Reader {
    /// Opens, under the DEK, every chunk and tail of each segment that has a record numbered `signed` or later, and compares the frames in it with what
    /// its records say.
    ///
    /// # Errors
    /// [`RecordingError::Damaged`] if it is not what a writer with this key wrote; what the storage says.
    pub(super) fn check_since(&mut self, signed: u64) -> Result<(), RecordingError> {
        let numbers: Vec<u64> = self
            .manifest
            .index
            .segments()
            .filter(|segment| segment.record >= signed)
            .map(|segment| segment.number)
            .collect();
        numbers
            .into_iter()
            .try_for_each(|number| self.check_segment(number))
    }

    fn check_segment(&mut self, number: u64) -> Result<(), RecordingError> {
        let damaged = || RecordingError::Damaged(Place::Segment { segment: number });
        let places = &self.manifest.index.numbers;
        let (track, place) = *places.get(&number).ok_or_else(damaged)?;
        let segment = self.segment(track, place)?.clone();
        // A chunk of no plaintext, which no frame leads to.
        if segment.status == Status::Ended && segment.state.tail_len == 0 {
            self.open_at(track, place, segment.full_chunks())?;
        }
        let mut cursor = Cursor::at(track, place, 0);
        let mut points = segment.points.iter().peekable();
        let (mut first, mut last, mut frames) = (u64::MAX, 0, 0_u32);
        while cursor.offset < segment.len() {
            let frame = self.frame_at(&mut cursor)?;
            first = first.min(frame.micros);
            last = last.max(frame.micros);
            frames = frames.checked_add(1).ok_or_else(damaged)?;
            while points
                .next_if(|point| point.end == cursor.offset && point.last == last)
                .is_some()
            {}
        }
        let state = &segment.state;
        let is_so = points.peek().is_none()
            && (first, last, frames) == (state.first, state.last, state.frames);
        is_so.then_some(()).ok_or_else(damaged)
    }
}
