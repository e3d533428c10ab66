//! Opens what a reader reads: chunks of segments, and tails.

use std::io::ErrorKind;

use zeroize::Zeroize;

use super::cobblestone::{
    self, CHUNK_LEN, CobblestoneError, Opener, PREAMBLE_LEN, SEALED_CHUNK_LEN, TAG_LEN,
    chunk_offset,
};
use super::error::{Place, RecordingError, io_at};
use super::header::tail_context;
use super::index::{Status, segment_name, tail_file_len, tail_name};
use super::reader::Reader;

/// Keys of segments that are kept, for tracks that are read in turn.
const OPENERS: usize = 8;
const CHUNK: u64 = CHUNK_LEN as u64;

/// A chunk that was opened last.
pub(super) struct Opened {
    pub(super) segment: u64,
    pub(super) chunk: u64,
    /// A tail grows into a chunk: it is known by its own number as well.
    pub(super) tail: Option<u32>,
    pub(super) octets: Vec<u8>,
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.octets.zeroize();
    }
}

impl Reader {
    /// Reads octets of a segment that it has.
    pub(super) fn segment_octets(
        &mut self,
        track: u16,
        place: usize,
        offset: u64,
        out: &mut [u8],
    ) -> Result<(), RecordingError> {
        let (mut at, mut done) = (offset, 0);
        while done < out.len() {
            let chunk = at / CHUNK;
            match self.open_at(track, place, chunk) {
                // The tail of a segment that grows may be spent by now.
                Err(RecordingError::Damaged(Place::Tail { .. })) if self.read_on()? => {
                    self.open_at(track, place, chunk)?;
                }
                opened => opened?,
            }
            let opened = self.opened.as_ref().ok_or(RecordingError::OutOfRange)?;
            let octets = &opened.octets;
            let from = usize::try_from(at % CHUNK).map_err(|_| RecordingError::OutOfRange)?;
            let there = octets.get(from..).ok_or(RecordingError::OutOfRange)?;
            let len = there.len().min(out.len() - done);
            if len == 0 {
                return Err(RecordingError::OutOfRange);
            }
            out[done..done + len].copy_from_slice(&there[..len]);
            done += len;
            at += len as u64;
        }
        Ok(())
    }

    /// Opens a chunk of a segment, or what fills no chunk, if it is not the one that was opened last.
    pub(super) fn open_at(
        &mut self,
        track: u16,
        place: usize,
        chunk: u64,
    ) -> Result<(), RecordingError> {
        let codec = self.track(track)?.codec;
        let segment = self.segment(track, place)?;
        let number = segment.number;
        let is_tail = segment.status != Status::Ended && chunk == segment.full_chunks();
        let tail = segment.tail.filter(|_| is_tail);
        let is_there = self.opened.as_ref().is_some_and(|opened| {
            (opened.segment, opened.chunk, opened.tail) == (number, chunk, tail)
        });
        if is_there {
            return Ok(());
        }
        let context = self
            .header
            .segment_context(number, track, codec, &segment.previous);
        let last_len = segment.state.tail_len;
        let is_full = chunk < segment.full_chunks();
        let octets = if is_tail {
            let tail = tail.ok_or(RecordingError::OutOfRange)?;
            self.open_tail(number, tail, last_len, chunk, &context)?
        } else {
            let len = if is_full {
                SEALED_CHUNK_LEN
            } else {
                usize::try_from(last_len).unwrap_or(CHUNK_LEN) + TAG_LEN
            };
            self.open_chunk(number, chunk, len, &context)?
        };
        self.chunks_opened += 1;
        self.opened = Some(Opened {
            segment: number,
            chunk,
            tail,
            octets,
        });
        Ok(())
    }

    fn open_tail(
        &self,
        segment: u64,
        tail: u32,
        len: u32,
        chunk: u64,
        context: &[u8],
    ) -> Result<Vec<u8>, RecordingError> {
        let name = tail_name(segment, tail);
        let damaged = RecordingError::Damaged(Place::Tail { segment });
        let file_len = usize::try_from(tail_file_len(len)).unwrap_or(SEALED_CHUNK_LEN);
        let message = match self.storage.read(&name, 0, file_len + 1) {
            Ok(message) if message.len() == file_len => message,
            Ok(_) => return Err(damaged),
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(damaged),
            Err(error) => return Err(io_at(&name)(error)),
        };
        let context = tail_context(context, chunk);
        cobblestone::open(self.header.aead(), self.key.expose(), &context, &message)
            .map_err(|error| as_damage(error, Place::Tail { segment }))
    }

    fn open_chunk(
        &mut self,
        segment: u64,
        chunk: u64,
        len: usize,
        context: &[u8],
    ) -> Result<Vec<u8>, RecordingError> {
        let name = segment_name(segment);
        let read = |offset, len: usize, place| match self.storage.read(&name, offset, len) {
            Ok(octets) if octets.len() == len => Ok(octets),
            Ok(_) => Err(RecordingError::Damaged(place)),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                Err(RecordingError::Damaged(Place::Segment { segment }))
            }
            Err(error) => Err(io_at(&name)(error)),
        };
        if !self.openers.iter().any(|(number, _)| *number == segment) {
            let preamble = read(0, PREAMBLE_LEN, Place::Segment { segment })?;
            let opener = Opener::new(self.header.aead(), self.key.expose(), context, &preamble)
                .map_err(|error| as_damage(error, Place::Segment { segment }))?;
            if self.openers.len() >= OPENERS {
                self.openers.remove(0);
            }
            self.openers.push((segment, opener));
        }
        let place = Place::Chunk { segment, chunk };
        let mut octets = read(chunk_offset(chunk), len, place.clone())?;
        let opener = self.openers.iter().find(|(number, _)| *number == segment);
        let (_, opener) = opener.ok_or(RecordingError::OutOfRange)?;
        opener
            .open_chunk(chunk, &mut octets)
            .map_err(|error| as_damage(error, place))?;
        Ok(octets)
    }
}

/// What does not authenticate was damaged; what the core could not do says so itself.
fn as_damage(error: CobblestoneError, place: Place) -> RecordingError {
    match error {
        CobblestoneError::Core(error) => error.into(),
        _ => RecordingError::Damaged(place),
    }
}
