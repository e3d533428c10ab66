//! What the records of a manifest say: tracks, their segments, and where frames begin in them.

use std::collections::BTreeMap;

use super::cobblestone::{CHUNK_LEN, SEALED_CHUNK_LEN, TAG_LEN, chunk_offset};
use super::record::{DIGEST, Record, State};

/// Most octets of plaintext in a segment.
pub(super) const MAX_SEGMENT: u64 = 8 << 20;
/// Most tracks of a recording.
pub(super) const MAX_TRACKS: usize = 1024;

const CHUNK: u64 = CHUNK_LEN as u64;

/// What became of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// It may grow.
    Open,
    /// A whole message.
    Ended,
    /// Cut by a crash: full chunks and a tail, no last chunk.
    Recovered,
}

/// A place in a segment at which a frame begins, or the segment ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    /// Octets of plaintext before it.
    pub(super) end: u64,
    /// Largest time of a frame before it, in microseconds.
    pub(super) last: u64,
}

/// One segment.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    pub(super) number: u64,
    pub(super) status: Status,
    /// As of its last record.
    pub(super) state: State,
    /// Number of its tail, if it has one.
    pub(super) tail: Option<u32>,
    /// Octets of plaintext of its track before it.
    pub(super) start: u64,
    /// SHA-256 of the segment before it in its track.
    pub(super) previous: [u8; DIGEST],
    /// Where its commits lie.
    pub(super) points: Vec<Point>,
    /// Number of its last record in the manifest.
    pub(super) record: u64,
    /// Its commits, as long as it is open.
    pub(super) commits: Vec<State>,
}

impl Segment {
    /// Octets of plaintext.
    pub(super) fn len(&self) -> u64 {
        plain_len(&self.state, self.status)
    }

    /// Chunks of full length that its file holds.
    pub(super) fn full_chunks(&self) -> u64 {
        match self.status {
            Status::Ended => self.state.chunks.saturating_sub(1),
            Status::Open | Status::Recovered => self.state.chunks,
        }
    }

    /// Octets of its file; of an open one at least as many.
    pub(super) fn file_len(&self) -> u64 {
        file_len(&self.state, self.status)
    }
}

/// Octets of the file of a segment in this state.
pub(super) fn file_len(state: &State, status: Status) -> u64 {
    match status {
        Status::Open | Status::Recovered => chunk_offset(state.chunks),
        Status::Ended => chunk_offset(state.chunks.saturating_sub(1))
            .saturating_add(u64::from(state.tail_len))
            .saturating_add(TAG_LEN as u64),
    }
}

fn plain_len(state: &State, status: Status) -> u64 {
    let chunks = match status {
        Status::Open | Status::Recovered => state.chunks,
        Status::Ended => state.chunks.saturating_sub(1),
    };
    chunks
        .saturating_mul(CHUNK)
        .saturating_add(u64::from(state.tail_len))
}

/// One track.
#[derive(Clone, Debug)]
pub(super) struct Track {
    pub(super) codec: u16,
    /// In the order in which they were begun. All but the last are closed.
    pub(super) segments: Vec<Segment>,
}

impl Track {
    /// Octets of plaintext.
    pub(super) fn len(&self) -> u64 {
        self.segments
            .last()
            .map_or(0, |segment| segment.start.saturating_add(segment.len()))
    }

    /// The hash that the next segment's context has.
    pub(super) fn last_digest(&self) -> [u8; DIGEST] {
        self.segments
            .last()
            .map_or([0; DIGEST], |segment| segment.state.digest)
    }

    /// The segment that may grow.
    pub(super) fn open(&self) -> Option<&Segment> {
        self.segments
            .last()
            .filter(|segment| segment.status == Status::Open)
    }
}

/// What all records so far say.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    pub(super) tracks: BTreeMap<u16, Track>,
    /// Track and place of each segment, by number.
    pub(super) numbers: BTreeMap<u64, (u16, usize)>,
    pub(super) is_final: bool,
    /// Records so far.
    records: u64,
}

impl Index {
    /// Adds what a record says. Nothing if no recorder writes it here; then it changes nothing.
    pub(super) fn apply(&mut self, record: &Record) -> Option<()> {
        if self.is_final {
            return None;
        }
        match record {
            Record::Track { track, codec } => {
                if self.tracks.contains_key(track) || self.tracks.len() >= MAX_TRACKS {
                    return None;
                }
                let codec = *codec;
                let segments = Vec::new();
                self.tracks.insert(*track, Track { codec, segments });
            }
            Record::Commit(state) => self.state(state, Status::Open)?,
            Record::End(state) => self.state(state, Status::Ended)?,
            Record::Recovered(state) => self.recovered(state)?,
            Record::Final { segments } => {
                if *segments != self.numbers.len() as u64
                    || self.tracks.values().any(|track| track.open().is_some())
                {
                    return None;
                }
                self.is_final = true;
            }
        }
        self.records += 1;
        Some(())
    }

    fn state(&mut self, state: &State, status: Status) -> Option<()> {
        let has_tail = status == Status::Open && state.tail_len > 0;
        if u64::from(state.tail_len) >= CHUNK
            || plain_len(state, status) > MAX_SEGMENT
            || has_tail == (state.tail_digest == [0; DIGEST])
            || (status == Status::Ended && state.chunks == 0)
            || state.first > state.last
        {
            return None;
        }
        let end_of_numbers = self.end_of_numbers();
        let track = self.tracks.get_mut(&state.track)?;
        let end = plain_len(state, status);
        if track.open().is_none() {
            if self.numbers.contains_key(&state.segment) || state.segment >= end_of_numbers {
                return None;
            }
            let place = (state.track, track.segments.len());
            let segment = Segment {
                number: state.segment,
                status,
                state: state.clone(),
                tail: None,
                start: track.len(),
                previous: track.last_digest(),
                points: Vec::new(),
                record: self.records,
                commits: Vec::new(),
            };
            track.segments.push(segment);
            self.numbers.insert(state.segment, place);
        }
        let segment = track.segments.last_mut()?;
        if segment.number != state.segment
            || end < segment.points.last().map_or(0, |point| point.end)
            || state.frames < segment.commits.last().map_or(0, |commit| commit.frames)
        {
            return None;
        }
        segment.status = status;
        segment.record = self.records;
        segment.state = state.clone();
        segment.points.push(Point {
            end,
            last: state.last,
        });
        segment.tail = None;
        if status == Status::Open {
            segment.tail = u32::try_from(segment.commits.len())
                .ok()
                .filter(|_| has_tail);
            segment.commits.push(state.clone());
        } else {
            segment.commits = Vec::new();
        }
        Some(())
    }

    /// A segment ends at the last of its commits.
    fn recovered(&mut self, state: &State) -> Option<()> {
        let track = self.tracks.get_mut(&state.track)?;
        track.open()?;
        let segment = track.segments.last_mut()?;
        if segment.state != *state {
            return None;
        }
        segment.status = Status::Recovered;
        segment.record = self.records;
        segment.commits = Vec::new();
        Some(())
    }

    /// No recorder has come so far: it numbers on, and has at most one segment a track without a record. So numbers do not run out.
    fn end_of_numbers(&self) -> u64 {
        let last = self.numbers.last_key_value();
        last.map_or(0, |(number, _)| number.saturating_add(1))
            .saturating_add(MAX_TRACKS as u64)
    }

    pub(super) fn segment(&self, number: u64) -> Option<&Segment> {
        let (track, at) = self.numbers.get(&number)?;
        self.tracks.get(track)?.segments.get(*at)
    }

    /// All segments, by number.
    pub(super) fn segments(&self) -> impl Iterator<Item = &Segment> {
        self.numbers
            .keys()
            .filter_map(|number| self.segment(*number))
    }

    /// Frames of all segments.
    pub(super) fn frames(&self) -> u64 {
        self.segments()
            .map(|segment| u64::from(segment.state.frames))
            .sum()
    }

    /// Octets of plaintext of all tracks.
    pub(super) fn octets(&self) -> u64 {
        self.tracks.values().map(Track::len).sum()
    }
}

/// The file of a segment.
pub(super) fn segment_name(segment: u64) -> String {
    format!("{segment:010}.seg")
}

/// The file of a segment's tail: `commit` counts the segment's commits from 0.
pub(super) fn tail_name(segment: u64, commit: u32) -> String {
    format!("{segment:010}.{commit:06}.tail")
}

/// Octets of the file of a tail.
pub(super) fn tail_file_len(tail_len: u32) -> u64 {
    chunk_offset(0) + u64::from(tail_len) + TAG_LEN as u64
}

const _: () = assert!(SEALED_CHUNK_LEN == CHUNK_LEN + TAG_LEN);
