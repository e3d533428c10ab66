//! A file of an object store: what of it is known, read and written.

use std::io::{self, ErrorKind};

use super::layout::{
    Generation, HEAD_LEN, Layout, MAX_INLINE, Part, chain, head, parse_head, part_at,
};
use super::objects::Objects;
use crate::error::Error;

/// Octets of a file that wait in memory until they are synced.
const PENDING: usize = 8 << 20;
/// So many parts in a row that are shorter than this together are made one.
const MERGED: usize = 64;
const MERGED_LEN: usize = 1 << 20;
/// Octets that are read at once where reading goes on.
const AHEAD: u64 = 256 << 10;

/// What is known of a file.
pub(super) struct File {
    generation: Generation,
    inline: Vec<u8>,
    parts: Vec<Part>,
    /// Octets that were added and are in no object yet.
    pending: Vec<u8>,
    /// The last parts, which may be made one: from which on, and their octets.
    tail: (usize, Vec<u8>),
    /// Octets that were read last, and where they begin.
    window: (u64, Vec<u8>),
    /// Where reading ended.
    read_to: u64,
    /// Whether this storage wrote to it.
    is_own: bool,
}

impl File {
    /// Makes a file.
    pub(super) fn create(
        objects: &Objects,
        layout: &Layout,
        name: &str,
        octets: &[u8],
    ) -> io::Result<Self> {
        let mut generation = [0; 16];
        getrandom::fill(&mut generation)
            .map_err(|_| io::Error::other(Error::EntropyUnavailable))?;
        let (inline, rest) = octets.split_at(octets.len().min(MAX_INLINE));
        let mut file = Self::of(generation, inline.to_vec());
        file.pending = rest.to_vec();
        file.is_own = true;
        file.flush(objects, layout)?;
        let path = layout.file(name).ok_or(ErrorKind::InvalidInput)?;
        objects.create(&path, file.head())?;
        Ok(file)
    }

    fn of(generation: Generation, inline: Vec<u8>) -> Self {
        let end = inline.len() as u64;
        Self {
            generation,
            inline,
            parts: Vec::new(),
            pending: Vec::new(),
            tail: (0, Vec::new()),
            window: (end, Vec::new()),
            read_to: 0,
            is_own: false,
        }
    }

    /// Looks for a file, and for what it has.
    pub(super) fn load(objects: &Objects, layout: &Layout, name: &str) -> io::Result<Self> {
        let path = layout.file(name).ok_or(ErrorKind::InvalidInput)?;
        let octets = objects.get(&path, 0, HEAD_LEN + MAX_INLINE + 1)?;
        // What is no head is a file without octets, so that it is told as damage in its place.
        let (generation, inline) = match parse_head(&octets)? {
            Some((generation, inline)) if inline.len() <= MAX_INLINE => (generation, inline),
            _ => return Ok(Self::of(Generation::default(), Vec::new())),
        };
        let mut file = Self::of(generation, inline.to_vec());
        let found = file.listed(objects, layout)?;
        file.parts = chain(found, file.inline.len() as u64);
        file.tail.0 = file.parts.len();
        Ok(file)
    }

    fn listed(&self, objects: &Objects, layout: &Layout) -> io::Result<Vec<Part>> {
        let folder = layout
            .parts(&self.generation)
            .ok_or(ErrorKind::InvalidInput)?;
        let listed = objects.list(&folder)?;
        let part = |object: object_store::ObjectMeta| {
            let at = part_at(object.location.filename()?)?;
            let len = object.size;
            Some(Part { at, len })
        };
        Ok(listed.into_iter().filter_map(part).collect())
    }

    pub(super) fn head(&self) -> Vec<u8> {
        head(&self.generation, &self.inline)
    }

    pub(super) const fn generation(&self) -> &Generation {
        &self.generation
    }

    /// Octets in objects.
    fn stored(&self) -> u64 {
        let inline = self.inline.len() as u64;
        self.parts.last().map_or(inline, |part| part.end())
    }

    pub(super) fn len(&self) -> u64 {
        self.stored().saturating_add(self.pending.len() as u64)
    }

    /// Whether octets wait to be synced.
    pub(super) const fn is_waiting(&self) -> bool {
        !self.pending.is_empty()
    }

    pub(super) fn append(
        &mut self,
        objects: &Objects,
        layout: &Layout,
        octets: &[u8],
    ) -> io::Result<()> {
        self.is_own = true;
        self.pending.extend_from_slice(octets);
        if self.pending.len() >= PENDING {
            self.flush(objects, layout)?;
        }
        Ok(())
    }

    /// Puts what waits into an object, which no other writer has made.
    pub(super) fn flush(&mut self, objects: &Objects, layout: &Layout) -> io::Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let part = Part {
            at: self.stored(),
            len: self.pending.len() as u64,
        };
        let path = layout.part(&self.generation, part.at);
        let path = path.ok_or(ErrorKind::InvalidInput)?;
        objects.create(&path, self.pending.clone())?;
        let written = std::mem::take(&mut self.pending);
        if self.tail.1.len() + written.len() > MERGED_LEN {
            self.tail = (self.parts.len(), Vec::new());
        }
        self.parts.push(part);
        if written.len() > MERGED_LEN {
            self.tail.0 = self.parts.len();
        } else {
            self.tail.1.extend_from_slice(&written);
        }
        self.merge(objects, layout)
    }

    /// Makes many short parts one. Cut short it leaves parts that lie in another, which reading passes over.
    fn merge(&mut self, objects: &Objects, layout: &Layout) -> io::Result<()> {
        let (first, octets) = (self.tail.0, &self.tail.1);
        if self.parts.len() - first < MERGED {
            return Ok(());
        }
        let Some(Part { at, .. }) = self.parts.get(first).copied() else {
            return Ok(());
        };
        let part = |at| layout.part(&self.generation, at);
        let path = part(at).ok_or(ErrorKind::InvalidInput)?;
        objects.put(&path, octets.clone())?;
        let spent = self.parts[first + 1..].iter();
        let spent = spent.filter_map(|spent| part(spent.at)).collect();
        let len = octets.len() as u64;
        self.parts.truncate(first);
        self.parts.push(Part { at, len });
        objects.delete_all(spent)
    }

    /// Reads from what is known.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] if an object is gone since.
    pub(super) fn read(
        &mut self,
        objects: &Objects,
        layout: &Layout,
        offset: u64,
        len: usize,
    ) -> io::Result<Vec<u8>> {
        let end = offset.saturating_add(len as u64).min(self.len());
        let mut octets = Vec::new();
        let mut at = offset;
        while at < end {
            let left = usize::try_from(end - at).unwrap_or(usize::MAX);
            let stored = self.stored();
            let piece = if let Some(piece) = behind(&self.inline, 0, at) {
                piece
            } else if let Some(piece) = behind(&self.pending, stored, at) {
                piece
            } else {
                self.fetch(objects, layout, at, end, offset == self.read_to)?;
                behind(&self.window.1, self.window.0, at).ok_or(ErrorKind::UnexpectedEof)?
            };
            let piece = &piece[..piece.len().min(left)];
            octets.extend_from_slice(piece);
            at += piece.len() as u64;
        }
        self.read_to = end;
        Ok(octets)
    }

    /// Sees that the window has the octet at `at`, and what follows up to `end`; more where reading goes on.
    fn fetch(
        &mut self,
        objects: &Objects,
        layout: &Layout,
        at: u64,
        end: u64,
        goes_on: bool,
    ) -> io::Result<()> {
        if behind(&self.window.1, self.window.0, at).is_some() {
            return Ok(());
        }
        let next = self.parts.partition_point(|part| part.at <= at);
        let part = next.checked_sub(1).and_then(|last| self.parts.get(last));
        let part = *part.ok_or(ErrorKind::UnexpectedEof)?;
        let to = if goes_on {
            end.max(at.saturating_add(AHEAD))
        } else {
            end
        };
        let most = to.min(part.end()).saturating_sub(at).min(PENDING as u64);
        let most = usize::try_from(most).map_err(io::Error::other)?;
        let path = layout.part(&self.generation, part.at);
        let path = path.ok_or(ErrorKind::InvalidInput)?;
        let octets = objects.get(&path, at - part.at, most)?;
        if octets.len() < most {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        self.window = (at, octets.to_vec());
        Ok(())
    }

    /// Deletes the objects of a file that has no name any more.
    pub(super) fn delete_parts(&self, objects: &Objects, layout: &Layout) -> io::Result<()> {
        let part = |part: Part| layout.part(&self.generation, part.at);
        let parts = self.listed(objects, layout)?;
        objects.delete_all(parts.into_iter().filter_map(part).collect())
    }

    /// Whether it is this storage's, and never had more than its head.
    pub(super) const fn is_head_alone(&self) -> bool {
        self.is_own && self.parts.is_empty()
    }

    pub(super) const fn is_own(&self) -> bool {
        self.is_own
    }

    /// Whether it has parts that may become one.
    pub(super) const fn is_growing(&self) -> bool {
        !self.tail.1.is_empty()
    }
}

/// What of `octets`, which begin at `start`, stands from `at` on, if anything.
fn behind(octets: &[u8], start: u64, at: u64) -> Option<&[u8]> {
    let skipped = usize::try_from(at.checked_sub(start)?).ok()?;
    octets.get(skipped..).filter(|rest| !rest.is_empty())
}
