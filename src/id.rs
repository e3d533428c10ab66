//! Names of things: key identifiers, counters, senders, streams, and the two
//! KID layouts that RFC 9605 section 5 defines.

use core::fmt;
use std::sync::Arc;

use thiserror::Error as ThisError;

/// Why a name or a number was refused. Fix the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum InvalidId {
    /// Shorten the sender's name.
    #[error("a sender id has at most 255 octets, not {len}")]
    SenderIdTooLong {
        /// Octets given.
        len: usize,
    },
    /// Choose bit widths that leave room for each field.
    #[error("these bit widths make no KID layout")]
    KidLayout,
    /// Use a number that fits its field.
    #[error("a field does not fit its bits of the KID")]
    KidOutOfRange,
}

/// Key identifier (KID): 64 bits in the clear header that say which key opens a frame.
///
/// RFC 9605 section 4.3. Values 0 to 7 cost no octet beyond the header's first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(u64);

impl KeyId {
    /// Makes a key identifier from its number.
    #[must_use]
    #[inline]
    pub const fn new(value: u64) -> Self {
        Self(value)
    }

    /// Returns the number.
    #[must_use]
    #[inline]
    pub const fn value(self) -> u64 {
        self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({:#x})", self.0)
    }
}

/// Frame counter (CTR): the number of a frame under one key, RFC 9605 section 4.3.
///
/// It is read from headers and reported; no public function accepts one for sealing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Counter(u64);

impl Counter {
    #[inline]
    pub(crate) const fn new(value: u64) -> Self {
        Self(value)
    }

    /// Returns the number.
    #[must_use]
    #[inline]
    pub const fn value(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Counter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Debug for Counter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Counter({})", self.0)
    }
}

/// Synchronisation source: the 32-bit number by which the application tells its streams apart
/// (RFC 3550 section 8). It separates statistics and is not authenticated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ssrc(u32);

impl Ssrc {
    /// Makes a stream number.
    #[must_use]
    #[inline]
    pub const fn new(value: u32) -> Self {
        Self(value)
    }

    /// Returns the number.
    #[must_use]
    #[inline]
    pub const fn value(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Ssrc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// MLS epoch, a 64-bit number (RFC 9420 section 8; used by [`MlsKid`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(u64);

impl Epoch {
    /// Makes an epoch from its number.
    #[must_use]
    #[inline]
    pub const fn new(value: u64) -> Self {
        Self(value)
    }

    /// Returns the number.
    #[must_use]
    #[inline]
    pub const fn value(self) -> u64 {
        self.0
    }
}

/// The application's name for a sender: 0 to 255 octets, usually UTF-8 text.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SenderId(Arc<[u8]>);

impl SenderId {
    /// Longest name, in octets.
    pub const MAX_LEN: usize = 255;

    /// Makes a name from text or octets.
    ///
    /// # Errors
    /// [`InvalidId::SenderIdTooLong`] if it has more than [`Self::MAX_LEN`] octets; shorten it.
    #[inline]
    pub fn new(name: impl AsRef<[u8]>) -> Result<Self, InvalidId> {
        let octets = name.as_ref();
        if octets.len() > Self::MAX_LEN {
            return Err(InvalidId::SenderIdTooLong { len: octets.len() });
        }
        Ok(Self(octets.into()))
    }

    /// Returns the octets.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for SenderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

impl fmt::Debug for SenderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SenderId(\"{}\")", self.0.escape_ascii())
    }
}

/// What a session carries, a number that is part of its key: one sender's audio does not pass for his screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Media(u8);

impl Media {
    /// Not said.
    pub const UNSPECIFIED: Self = Self(0);
    /// Audio of a microphone.
    pub const AUDIO: Self = Self(1);
    /// Video of a camera.
    pub const VIDEO: Self = Self(2);
    /// Messages of a data channel.
    pub const DATA: Self = Self(3);
    /// Video of a shared screen.
    pub const SCREEN: Self = Self(4);
    /// Audio of a shared screen.
    pub const SCREEN_AUDIO: Self = Self(5);

    /// Makes a kind of the application's own, 128 to 255, or nothing for other numbers.
    #[must_use]
    pub const fn application(value: u8) -> Option<Self> {
        if value >= 128 {
            Some(Self(value))
        } else {
            None
        }
    }

    /// Finds a kind by its number, or nothing for 6 to 127, which mean nothing yet.
    #[must_use]
    pub const fn from_value(value: u8) -> Option<Self> {
        if value <= 5 || value >= 128 {
            Some(Self(value))
        } else {
            None
        }
    }

    /// Returns the number.
    #[must_use]
    #[inline]
    pub const fn value(self) -> u8 {
        self.0
    }
}

impl fmt::Display for Media {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::UNSPECIFIED => f.write_str("unspecified"),
            Self::AUDIO => f.write_str("audio"),
            Self::VIDEO => f.write_str("video"),
            Self::DATA => f.write_str("data"),
            Self::SCREEN => f.write_str("screen"),
            Self::SCREEN_AUDIO => f.write_str("screen audio"),
            Self(value) => write!(f, "media {value}"),
        }
    }
}

/// KID layout for ratcheted sender keys, RFC 9605 section 5.1:
/// `key generation (64 - R bits) | ratchet step (R bits)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RatchetedKid {
    step_bits: u32,
}

impl RatchetedKid {
    /// Makes a layout with `step_bits` (R) low bits for the ratchet step, 1 to 63.
    ///
    /// # Errors
    /// [`InvalidId::KidLayout`] if R is outside that range.
    #[inline]
    pub const fn new(step_bits: u32) -> Result<Self, InvalidId> {
        if step_bits == 0 || step_bits > 63 {
            return Err(InvalidId::KidLayout);
        }
        Ok(Self { step_bits })
    }

    /// Returns the KID of a key generation at a ratchet step; the step is taken modulo 2^R.
    ///
    /// # Errors
    /// [`InvalidId::KidOutOfRange`] if the generation needs more than 64 - R bits.
    pub const fn kid(self, generation: u64, step: u64) -> Result<KeyId, InvalidId> {
        if generation >> (64 - self.step_bits) != 0 {
            return Err(InvalidId::KidOutOfRange);
        }
        Ok(KeyId(
            (generation << self.step_bits) | (step & low_bits(self.step_bits)),
        ))
    }

    /// Returns the key generation and the ratchet step (modulo 2^R) that a KID names.
    #[must_use]
    pub const fn split(self, kid: KeyId) -> (u64, u64) {
        (kid.0 >> self.step_bits, kid.0 & low_bits(self.step_bits))
    }
}

/// KID layout for MLS groups, RFC 9605 section 5.2:
/// `context (64 - S - E bits) | sender index (S bits) | epoch mod 2^E`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MlsKid {
    sender_bits: u32,
    epoch_bits: u32,
}

impl MlsKid {
    /// Makes a layout with S bits of sender index and E bits of epoch, each at least 1 and at
    /// most 63 together (so that a bit is left for the context).
    ///
    /// # Errors
    /// [`InvalidId::KidLayout`] if S or E is outside that range.
    #[inline]
    pub const fn new(sender_bits: u32, epoch_bits: u32) -> Result<Self, InvalidId> {
        if sender_bits == 0 || epoch_bits == 0 || sender_bits > 62 || epoch_bits > 62 {
            return Err(InvalidId::KidLayout);
        }
        if sender_bits + epoch_bits > 63 {
            return Err(InvalidId::KidLayout);
        }
        Ok(Self {
            sender_bits,
            epoch_bits,
        })
    }

    /// Returns the KID of a context, a sender's leaf index and an epoch.
    ///
    /// # Errors
    /// [`InvalidId::KidOutOfRange`] if the context or the sender index does not fit its bits.
    pub const fn kid(
        self,
        context: u64,
        sender_index: u32,
        epoch: Epoch,
    ) -> Result<KeyId, InvalidId> {
        let low = self.sender_bits + self.epoch_bits;
        let sender = sender_index as u64;
        if context >> (64 - low) != 0 || sender >> self.sender_bits != 0 {
            return Err(InvalidId::KidOutOfRange);
        }
        Ok(KeyId(
            (context << low) | (sender << self.epoch_bits) | (epoch.0 & low_bits(self.epoch_bits)),
        ))
    }

    /// Returns the context, the sender index and the epoch (modulo 2^E) that a KID names.
    #[must_use]
    pub const fn split(self, kid: KeyId) -> (u64, u64, u64) {
        (
            kid.0 >> (self.sender_bits + self.epoch_bits),
            (kid.0 >> self.epoch_bits) & low_bits(self.sender_bits),
            kid.0 & low_bits(self.epoch_bits),
        )
    }
}

/// The mask of the `bits` lowest bits, for 1 to 63 bits.
const fn low_bits(bits: u32) -> u64 {
    (1 << bits) - 1
}
