//! A segment as it is written.

use sha2::{Digest, Sha256};
use zeroize::Zeroize;

use super::cobblestone::{CHUNK_LEN, SEALED_CHUNK_LEN, Sealer, seal};
use super::error::{RecordingError, io_at};
use super::header::{Header, InputKey, tail_context};
use super::index::{segment_name, tail_name};
use super::record::{DIGEST, State};
use super::storage::Storage;
use crate::id::SenderId;

/// Sealed octets that wait in memory until they are given to the storage.
const PENDING: usize = 4 * SEALED_CHUNK_LEN;

/// The segment that a track's frames go to.
pub(super) struct OpenSegment {
    pub(super) number: u64,
    pub(super) track: u16,
    name: String,
    context: Vec<u8>,
    sealer: Sealer,
    /// Of everything that the storage has or will have.
    hash: Sha256,
    /// Plaintext that fills no chunk yet.
    plain: Vec<u8>,
    pending: Vec<u8>,
    commits: u32,
    /// The tail of the last commit.
    tail: Option<String>,
    first: u64,
    last: u64,
    frames: u32,
    /// Octets of plaintext so far.
    pub(super) len: u64,
    /// Octets of plaintext that no commit covers.
    pub(super) uncommitted: u64,
    /// Who sent the last frame.
    pub(super) sender: SenderId,
    /// Whether the next frame must say its sender: one may begin to read there.
    pub(super) says_sender: bool,
    /// When it was begun, by the writer's clock, in microseconds.
    pub(super) begun: u64,
}

/// What a commit found.
pub(super) struct Committed {
    pub(super) state: State,
    /// A tail that nobody needs any more.
    pub(super) spent: Option<String>,
}

impl OpenSegment {
    /// Begins a segment under a salt of its own.
    #[allow(clippy::too_many_arguments, reason = "the parts of its context")]
    pub(super) fn create(
        storage: &dyn Storage,
        header: &Header,
        key: &InputKey,
        number: u64,
        track: u16,
        codec: u16,
        previous: &[u8; DIGEST],
        begun: u64,
    ) -> Result<Self, RecordingError> {
        let context = header.segment_context(number, track, codec, previous);
        let sealer = Sealer::new(header.aead(), key.expose(), &context)?;
        let name = segment_name(number);
        storage
            .create_new(&name, sealer.preamble())
            .map_err(io_at(&name))?;
        Ok(Self {
            number,
            track,
            name,
            context,
            hash: Sha256::new_with_prefix(sealer.preamble()),
            sealer,
            plain: Vec::with_capacity(SEALED_CHUNK_LEN),
            pending: Vec::with_capacity(PENDING),
            commits: 0,
            tail: None,
            first: u64::MAX,
            last: 0,
            frames: 0,
            len: 0,
            uncommitted: 0,
            sender: SenderId::default(),
            says_sender: true,
            begun,
        })
    }

    /// Adds a frame in its parts.
    pub(super) fn write(
        &mut self,
        storage: &dyn Storage,
        micros: u64,
        parts: [&[u8]; 2],
    ) -> Result<(), RecordingError> {
        for part in parts {
            let mut rest = part;
            while !rest.is_empty() {
                let room = CHUNK_LEN - self.plain.len();
                let (now, later) = rest.split_at(room.min(rest.len()));
                self.plain.extend_from_slice(now);
                rest = later;
                if self.plain.len() == CHUNK_LEN {
                    self.sealer.seal_chunk(&mut self.plain)?;
                    self.put(storage)?;
                }
            }
            self.len += part.len() as u64;
            self.uncommitted += part.len() as u64;
        }
        self.first = self.first.min(micros);
        self.last = self.last.max(micros);
        self.frames = self.frames.saturating_add(1);
        Ok(())
    }

    /// Whether another frame of so many octets has room.
    pub(super) fn has_room(&self, len: u64) -> bool {
        self.len.saturating_add(len) <= super::index::MAX_SEGMENT && self.frames < u32::MAX
    }

    /// Gives what was sealed in `plain` to the storage, sooner or later.
    fn put(&mut self, storage: &dyn Storage) -> Result<(), RecordingError> {
        self.hash.update(&self.plain);
        self.pending.extend_from_slice(&self.plain);
        self.plain.clear();
        if self.pending.len() >= PENDING {
            self.flush(storage)?;
        }
        Ok(())
    }

    fn flush(&mut self, storage: &dyn Storage) -> Result<(), RecordingError> {
        if !self.pending.is_empty() {
            storage
                .append(&self.name, &self.pending)
                .map_err(io_at(&self.name))?;
            self.pending.clear();
        }
        Ok(())
    }

    /// Makes everything durable but names: whole chunks in the segment, the rest in a tail of its own key.
    pub(super) fn commit(
        &mut self,
        storage: &dyn Storage,
        header: &Header,
        key: &InputKey,
    ) -> Result<Committed, RecordingError> {
        self.flush(storage)?;
        storage.sync(&self.name).map_err(io_at(&self.name))?;
        let mut tail_digest = [0; DIGEST];
        let spent = self.tail.take();
        if !self.plain.is_empty() {
            let context = tail_context(&self.context, self.sealer.chunks());
            let tail = seal(header.aead(), key.expose(), &context, &self.plain)?;
            let name = tail_name(self.number, self.commits);
            storage.create_new(&name, &tail).map_err(io_at(&name))?;
            storage.sync(&name).map_err(io_at(&name))?;
            tail_digest = Sha256::digest(&tail).into();
            self.tail = Some(name);
        }
        self.commits = self
            .commits
            .checked_add(1)
            .ok_or(RecordingError::OutOfRange)?;
        self.uncommitted = 0;
        self.says_sender = true;
        let state = self.state(self.sealer.chunks(), self.plain.len(), tail_digest)?;
        Ok(Committed { state, spent })
    }

    fn state(
        &self,
        chunks: u64,
        tail_len: usize,
        tail_digest: [u8; DIGEST],
    ) -> Result<State, RecordingError> {
        Ok(State {
            segment: self.number,
            track: self.track,
            chunks,
            tail_len: u32::try_from(tail_len).map_err(|_| RecordingError::OutOfRange)?,
            digest: self.hash.clone().finalize().into(),
            tail_digest,
            first: self.first,
            last: self.last,
            frames: self.frames,
        })
    }

    /// Seals the last chunk and makes the segment durable but for its name.
    pub(super) fn end(mut self, storage: &dyn Storage) -> Result<Committed, RecordingError> {
        self.flush(storage)?;
        let last_len = self.plain.len();
        let chunks = self.sealer.chunks() + 1;
        self.sealer.seal_last(&mut self.plain)?;
        self.hash.update(&self.plain);
        storage
            .append(&self.name, &self.plain)
            .map_err(io_at(&self.name))?;
        self.plain.clear();
        storage.sync(&self.name).map_err(io_at(&self.name))?;
        let spent = self.tail.take();
        let state = self.state(chunks, last_len, [0; DIGEST])?;
        Ok(Committed { state, spent })
    }
}

impl Drop for OpenSegment {
    fn drop(&mut self) {
        self.plain.zeroize();
    }
}
