//! The records of a manifest, each with the hash of the one before.
//!
//! ```text
//!  record = u32(length of what follows) ‖ u8(type) ‖ body ‖ SHA-256(previous record; of the header for the first)
//!  body 1 track         u16(track) ‖ u16(codec)
//!  body 2 commit        u64(segment) ‖ u16(track) ‖ u64(chunks) ‖ u32(tail octets) ‖ SHA-256(segment so far) ‖
//!       3 segment end   SHA-256(tail file, zeros if none) ‖ u64(first µs) ‖ u64(last µs) ‖ u32(frames)
//!       4 recovered
//!  body 5 final         u64(segments)
//! ```

use sha2::{Digest, Sha256};

use super::error::RecordingError;
use crate::vault::transparency::{TreeHash, leaf_hash};

/// Octets of a hash.
pub(super) const DIGEST: usize = 32;
/// Octets of the body of a commit.
const STATE_LEN: usize = 8 + 2 + 8 + 4 + DIGEST + DIGEST + 8 + 8 + 4;
/// Most octets of a record, its length field included. Records of types to come may be longer than those of today.
pub(super) const MAX_RECORD: usize = 1024;
/// Octets of the longest record of today.
pub(super) const RECORD_LEN: usize = 4 + 1 + STATE_LEN + DIGEST;

/// What a segment is at a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct State {
    pub(super) segment: u64,
    pub(super) track: u16,
    /// Full chunks; at the end of a segment all chunks, the last and shorter one included.
    pub(super) chunks: u64,
    /// Octets of plaintext in the tail; at the end of a segment in its last chunk.
    pub(super) tail_len: u32,
    pub(super) digest: [u8; DIGEST],
    pub(super) tail_digest: [u8; DIGEST],
    /// Smallest and largest time of a frame, in microseconds.
    pub(super) first: u64,
    pub(super) last: u64,
    pub(super) frames: u32,
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Record {
    Track { track: u16, codec: u16 },
    Commit(State),
    End(State),
    Recovered(State),
    Final { segments: u64 },
}

impl Record {
    const fn number(&self) -> u8 {
        match self {
            Self::Track { .. } => 1,
            Self::Commit(_) => 2,
            Self::End(_) => 3,
            Self::Recovered(_) => 4,
            Self::Final { .. } => 5,
        }
    }

    fn parse(number: u8, body: &[u8]) -> Result<Option<Self>, RecordingError> {
        let mut rest = Fields(body);
        let record = match number {
            1 => rest
                .u16()
                .zip(rest.u16())
                .map(|(track, codec)| Self::Track { track, codec }),
            2 => rest.state().map(Self::Commit),
            3 => rest.state().map(Self::End),
            4 => rest.state().map(Self::Recovered),
            5 => rest.u64().map(|segments| Self::Final { segments }),
            other => {
                return Err(RecordingError::Unsupported {
                    what: "record of a manifest: type",
                    number: other.into(),
                });
            }
        };
        Ok(record.filter(|_| rest.0.is_empty()))
    }
}

/// Reads fields one after another.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*first)
    }

    pub(super) fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (first, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(first)
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_be_bytes)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    /// u16 length ‖ octets.
    pub(super) fn lp(&mut self) -> Option<&'a [u8]> {
        let len = self.u16()?;
        self.take(len.into())
    }

    fn state(&mut self) -> Option<State> {
        Some(State {
            segment: self.u64()?,
            track: self.u16()?,
            chunks: self.u64()?,
            tail_len: self.u32()?,
            digest: self.array()?,
            tail_digest: self.array()?,
            first: self.u64()?,
            last: self.u64()?,
            frames: self.u32()?,
        })
    }
}

/// Where a chain of records stands.
#[derive(Clone, Debug)]
pub(super) struct Chain {
    previous: [u8; DIGEST],
    records: u64,
}

/// A record as it was read.
pub(super) struct Read {
    pub(super) record: Record,
    pub(super) leaf: TreeHash,
    /// Octets that it takes.
    pub(super) len: usize,
}

/// What stands at the front of the octets of a manifest.
pub(super) enum Next {
    Record(Box<Read>),
    /// The octets end before the record does.
    Short,
    /// It is no record, or not the next of this chain.
    Broken,
}

impl Chain {
    /// The chain of a recording that has no record yet.
    pub(super) fn of_header(header_digest: &[u8; DIGEST]) -> Self {
        Self {
            previous: *header_digest,
            records: 0,
        }
    }

    /// How many records there are.
    pub(super) const fn records(&self) -> u64 {
        self.records
    }

    /// Adds a record to the end of `out`, and returns its leaf.
    pub(super) fn append(&mut self, record: &Record, out: &mut Vec<u8>) -> TreeHash {
        let start = out.len();
        out.extend_from_slice(&[0; 4]);
        out.push(record.number());
        match record {
            Record::Track { track, codec } => {
                out.extend_from_slice(&track.to_be_bytes());
                out.extend_from_slice(&codec.to_be_bytes());
            }
            Record::Commit(state) | Record::End(state) | Record::Recovered(state) => {
                out.extend_from_slice(&state.segment.to_be_bytes());
                out.extend_from_slice(&state.track.to_be_bytes());
                out.extend_from_slice(&state.chunks.to_be_bytes());
                out.extend_from_slice(&state.tail_len.to_be_bytes());
                out.extend_from_slice(&state.digest);
                out.extend_from_slice(&state.tail_digest);
                out.extend_from_slice(&state.first.to_be_bytes());
                out.extend_from_slice(&state.last.to_be_bytes());
                out.extend_from_slice(&state.frames.to_be_bytes());
            }
            Record::Final { segments } => out.extend_from_slice(&segments.to_be_bytes()),
        }
        out.extend_from_slice(&self.previous);
        #[allow(
            clippy::cast_possible_truncation,
            reason = "a record has some 150 octets"
        )]
        let len = (out.len() - start - 4) as u32;
        out[start..start + 4].copy_from_slice(&len.to_be_bytes());
        self.step(&out[start..])
    }

    /// Reads the record at the front of `octets`.
    ///
    /// # Errors
    /// [`RecordingError::Unsupported`] for a record that is the next of the chain, of a type that is not known.
    pub(super) fn read(&mut self, octets: &[u8]) -> Result<Next, RecordingError> {
        let Some((len, rest)) = octets.split_first_chunk() else {
            return Ok(Next::Short);
        };
        let len = u32::from_be_bytes(*len);
        let Some(len) = usize::try_from(len)
            .ok()
            .filter(|len| (1 + DIGEST..=MAX_RECORD - 4).contains(len))
        else {
            return Ok(Next::Broken);
        };
        let Some(content) = rest.get(..len) else {
            return Ok(Next::Short);
        };
        let (front, digest) = content.split_at(len - DIGEST);
        if digest != self.previous {
            return Ok(Next::Broken);
        }
        let Some(record) = Record::parse(front[0], &front[1..])? else {
            return Ok(Next::Broken);
        };
        let leaf = self.step(&octets[..4 + len]);
        Ok(Next::Record(Box::new(Read {
            record,
            leaf,
            len: 4 + len,
        })))
    }

    fn step(&mut self, record: &[u8]) -> TreeHash {
        self.previous = Sha256::digest(record).into();
        self.records += 1;
        leaf_hash(&[&record[4..]])
    }
}
