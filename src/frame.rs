//! A frame on its way: the caller's storage and what the caller says about it.

use core::fmt;
use core::ops::Range;

use crate::error::{Error, Misuse};
use crate::id::Ssrc;

/// What the application knows of a frame besides its octets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FrameInfo<'a> {
    ssrc: Ssrc,
    metadata: &'a [u8],
}

impl<'a> FrameInfo<'a> {
    /// Names the stream that the frame belongs to. It separates statistics and is not authenticated.
    #[must_use]
    #[inline]
    pub const fn new(ssrc: Ssrc) -> Self {
        Self {
            ssrc,
            metadata: &[],
        }
    }

    /// Adds metadata (RFC 9605 section 4.4.3): authenticated with the frame and not sent with it, so both
    /// sides must pass the same octets, at most 65,535.
    #[must_use]
    pub const fn metadata(self, metadata: &'a [u8]) -> Self {
        Self { metadata, ..self }
    }

    #[inline]
    pub(crate) const fn ssrc(&self) -> Ssrc {
        self.ssrc
    }

    #[inline]
    pub(crate) const fn metadata_octets(&self) -> &'a [u8] {
        self.metadata
    }
}

/// The caller's storage with a payload in it, and room in front (header) and behind (tag),
/// so that sealing moves nothing.
///
/// ```text
/// storage  |<- headroom ->|<------ payload ------>|<- tailroom ->|
///                         offset                  offset + len
/// ```
pub struct FrameBuf<'a> {
    storage: &'a mut [u8],
    range: Range<usize>,
}

impl<'a> FrameBuf<'a> {
    /// Octets in front of the payload that are enough for every header (RFC 9605 section 4.3).
    pub const HEADROOM: usize = 17;
    /// Octets behind the payload that are enough for every tag.
    pub const TAILROOM: usize = 32;

    /// Borrows `storage`, whose octets `offset .. offset + len` are the payload.
    ///
    /// # Errors
    /// [`Misuse::RangeOutsideStorage`] if they do not lie inside.
    #[inline]
    pub fn new(storage: &'a mut [u8], offset: usize, len: usize) -> Result<Self, Error> {
        let end = offset
            .checked_add(len)
            .filter(|&end| end <= storage.len())
            .ok_or(Misuse::RangeOutsideStorage)?;
        Ok(Self {
            storage,
            range: offset..end,
        })
    }

    /// Returns the payload: the plaintext, or header, ciphertext and tag after sealing.
    #[must_use]
    #[inline]
    pub fn as_slice(&self) -> &[u8] {
        &self.storage[self.range.clone()]
    }

    /// Returns the payload for writing.
    #[inline]
    pub fn as_mut_slice(&mut self) -> &mut [u8] {
        &mut self.storage[self.range.clone()]
    }

    /// Returns where the payload begins in the storage, in octets.
    #[must_use]
    #[inline]
    pub const fn offset(&self) -> usize {
        self.range.start
    }

    /// Returns the payload's length in octets.
    #[must_use]
    #[inline]
    pub fn len(&self) -> usize {
        self.range.len()
    }

    /// Tells whether the payload has no octet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.range.is_empty()
    }

    /// Returns the free octets behind the payload.
    #[must_use]
    #[inline]
    pub fn tailroom(&self) -> usize {
        self.storage.len() - self.range.end
    }

    /// The room in front, the payload, and the room behind.
    #[inline]
    pub(crate) fn parts(&mut self) -> (&mut [u8], &mut [u8], &mut [u8]) {
        let (head, rest) = self.storage.split_at_mut(self.range.start);
        let (payload, tail) = rest.split_at_mut(self.range.len());
        (head, payload, tail)
    }

    /// Returns the octets of the whole storage.
    pub(crate) fn capacity(&self) -> usize {
        self.storage.len()
    }

    /// Moves the payload, if it must be, so that there are `front` free octets before it and `back` behind it. Nothing of it stays where it was.
    pub(crate) fn make_room(&mut self, front: usize, back: usize) -> Result<(), Error> {
        let needed = front + self.len() + back;
        let available = self.capacity();
        if available < needed {
            return Err(Error::BufferTooSmall { needed, available });
        }
        let old = self.range.clone();
        let start = old.start.clamp(front, available - back - old.len());
        let new = start..start + old.len();
        if new != old {
            self.storage.copy_within(old.clone(), start);
            self.range = new.clone();
            self.storage[old.start..old.end.min(new.start).max(old.start)].fill(0);
            self.storage[old.start.max(new.end).min(old.end)..old.end].fill(0);
        }
        Ok(())
    }

    /// Takes `front` octets of headroom and `back` octets of tailroom into the payload.
    #[inline]
    pub(crate) fn grow(&mut self, front: usize, back: usize) {
        debug_assert!(front <= self.range.start && back <= self.tailroom());
        self.range = self.range.start - front..self.range.end + back;
    }

    /// Gives `front` octets of the payload back to the headroom and `back` to the tailroom.
    #[inline]
    pub(crate) fn shrink(&mut self, front: usize, back: usize) {
        debug_assert!(front + back <= self.len());
        self.range = self.range.start + front..self.range.end - back;
    }
}

impl fmt::Debug for FrameBuf<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The octets may be plaintext: they are not printed.
        f.debug_struct("FrameBuf")
            .field("offset", &self.range.start)
            .field("len", &self.range.len())
            .field("storage_len", &self.storage.len())
            .finish()
    }
}
