//! What can go wrong, and what to do about it.
//!
//! [`Error`] is `Copy`, holds no secret and sorts into four [`Class`]es. Each variant's
//! documentation starts with the reaction.

use thiserror::Error as ThisError;

use crate::id::{Counter, InvalidId, KeyId};

/// The reaction that an [`Error`] asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// The calling code must change: wrong argument, wrong order, wrong object.
    FixTheCall,
    /// A key is missing, spent or not open yet: bring one through the control plane.
    FetchAKey,
    /// The frame is not good. Drop it and go on; nothing but counters has changed.
    DropThePacket,
    /// A cipher, a disk or the system failed. Report it; do not send or play the frame.
    ReportABug,
}

/// Why a call was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum Error {
    /// Fix the call: see [`Misuse`].
    #[error("{0}")]
    Misuse(#[from] Misuse),
    /// Ask for the key of this KID; the frame may be kept and tried again.
    #[error("no key is known for KID {kid}")]
    MissingKey {
        /// KID of the frame.
        kid: KeyId,
    },
    /// Drop the frame: its key was retired. A stream of them means a sender that missed a change.
    #[error("the key of KID {kid} was retired")]
    RetiredKey {
        /// KID of the frame.
        kid: KeyId,
    },
    /// Keep or drop the frame: its key is staged and opens at a later tick.
    #[error("the key of KID {kid} is not active yet")]
    NotYetActive {
        /// KID of the frame.
        kid: KeyId,
    },
    /// Drop the frame: this store itself seals under that KID, a relay sent its frame back.
    #[error("a frame of this store's own send key (KID {kid}) came back")]
    Reflected {
        /// KID of the frame.
        kid: KeyId,
    },
    /// Drop the frame: wrong key, altered octets or other metadata than the sender's.
    #[error("authentication failed (KID {kid}, CTR {ctr})")]
    AuthenticationFailed {
        /// KID of the frame.
        kid: KeyId,
        /// CTR that the header claims.
        ctr: Counter,
    },
    /// Drop the frame: it was opened before. Happens in healthy calls (retransmission).
    #[error("duplicate of a frame already opened (KID {kid}, CTR {ctr})")]
    Duplicate {
        /// KID of the frame.
        kid: KeyId,
        /// CTR of the frame.
        ctr: Counter,
    },
    /// Drop the frame: it belongs to what this key had opened before it was retired.
    #[error("replay of a frame from before the key was last retired (KID {kid}, CTR {ctr})")]
    Replayed {
        /// KID of the frame.
        kid: KeyId,
        /// CTR of the frame.
        ctr: Counter,
    },
    /// Drop the frame: it is older than the replay window reaches.
    #[error("older than the replay window (KID {kid}, CTR {ctr})")]
    TooOld {
        /// KID of the frame.
        kid: KeyId,
        /// CTR of the frame.
        ctr: Counter,
    },
    /// Drop the frame: its session belongs to an hour long past or far ahead.
    #[error("the session of KID {kid} is of another time")]
    StaleSession {
        /// KID of the frame.
        kid: KeyId,
    },
    /// Drop the frame, and see that all members use the channel with a clock or all without: this one's KID has a time.
    #[error("KID {kid} has a time, and this channel no clock")]
    ClockMismatch {
        /// KID of the frame.
        kid: KeyId,
    },
    /// Drop the frame: see [`Malformed`].
    #[error("malformed frame: {0}")]
    Malformed(#[from] Malformed),
    /// Drop the frame: it ends before its header or its tag does.
    #[error("truncated frame: {len} octets where at least {needed} are needed")]
    Truncated {
        /// Octets that came.
        len: usize,
        /// Least octets that a frame with this beginning has.
        needed: usize,
    },
    /// Drop the frame: another decryptor held this KID's replay window through 64 tries.
    #[error("the replay window of KID {kid} is busy in another decryptor")]
    Contended {
        /// KID of the frame.
        kid: KeyId,
    },
    /// Send a payload that is `by` octets shorter; nothing was sealed and no counter spent.
    #[error("the packet would be {by} octets over its maximum")]
    PacketTooLong {
        /// Octets over the maximum.
        by: usize,
    },
    /// Give a larger buffer; nothing was written and no counter spent.
    #[error("the buffer has {available} octets where {needed} are needed")]
    BufferTooSmall {
        /// Octets needed.
        needed: usize,
        /// Octets given.
        available: usize,
    },
    /// See [`Unsupported`]. Nothing was sealed, and nothing goes in clear.
    #[error("codec-aware form: {0}")]
    Unsupported(#[from] Unsupported),
    /// Activate a send key: the store has none, so nothing can be sealed (and nothing goes in clear).
    #[error("no send key is active")]
    NoActiveKey,
    /// Add and activate a fresh send key: this one reached its usage limit for ever.
    #[error("the send key of KID {kid} is exhausted")]
    KeyExhausted {
        /// KID of the send key.
        kid: KeyId,
    },
    /// Bring a fresh key: under this one so many frames failed authentication that, by the policy chosen, it opens nothing more.
    #[error("too many frames failed authentication under the key of KID {kid}")]
    IntegrityLimit {
        /// KID of the frame.
        kid: KeyId,
    },
    /// Make new keys in this process: it is a fork of the one that added the key.
    #[error("the process was forked after the send key was added; add fresh keys here")]
    Forked,
    /// Report it: the cipher failed to seal. The output was wiped and one counter value is spent.
    #[error("cipher suite {suite:#06x} failed")]
    CipherFailed {
        /// Suite number.
        suite: u16,
    },
    /// Report it: see [`StoreFault`].
    #[error("counter store: {0}")]
    CounterStore(#[from] StoreFault),
    /// Report it, or choose a lower cost: the system has not the memory that the parameters of a passphrase ask for.
    #[error("the system has not the memory that a passphrase's parameters ask for")]
    OutOfMemory,
    /// Report it: the operating system gave no random octets.
    #[error("the operating system gave no random octets")]
    EntropyUnavailable,
}

impl From<InvalidId> for Error {
    fn from(invalid: InvalidId) -> Self {
        Self::Misuse(invalid.into())
    }
}

impl Error {
    /// Returns the reaction that this error asks for.
    #[must_use]
    pub const fn class(&self) -> Class {
        match self {
            Self::Misuse(_)
            | Self::PacketTooLong { .. }
            | Self::BufferTooSmall { .. }
            | Self::Unsupported(_)
            | Self::CounterStore(
                StoreFault::NotThere
                | StoreFault::AlreadyThere
                | StoreFault::Locked
                | StoreFault::KeyInUse,
            ) => Class::FixTheCall,
            Self::MissingKey { .. }
            | Self::NotYetActive { .. }
            | Self::NoActiveKey
            | Self::KeyExhausted { .. }
            | Self::IntegrityLimit { .. }
            | Self::Forked => Class::FetchAKey,
            Self::RetiredKey { .. }
            | Self::Reflected { .. }
            | Self::AuthenticationFailed { .. }
            | Self::Duplicate { .. }
            | Self::Replayed { .. }
            | Self::TooOld { .. }
            | Self::StaleSession { .. }
            | Self::ClockMismatch { .. }
            | Self::Malformed(_)
            | Self::Truncated { .. }
            | Self::Contended { .. } => Class::DropThePacket,
            Self::CipherFailed { .. }
            | Self::CounterStore(_)
            | Self::OutOfMemory
            | Self::EntropyUnavailable => Class::ReportABug,
        }
    }
}

/// How a call was wrong. The message says what to change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum Misuse {
    /// Use a suite of RFC 9605 or register the custom cipher first.
    #[error("cipher suite {suite:#06x} is not available")]
    UnsupportedSuite {
        /// Suite number.
        suite: u16,
    },
    /// Build mediaseal with the feature that this needs, or do without.
    #[error("this build of mediaseal does not have it")]
    NotInThisBuild,
    /// Opt in with `CheckedCipher::allow_short_tags`, or choose a suite with a longer tag.
    #[error("tags of {tag_len} octets need an explicit opt-in")]
    ShortTag {
        /// Octets of tag.
        tag_len: usize,
    },
    /// Give a base key of 16 to 64 octets.
    #[error("a base key has 16 to 64 octets, not {len}")]
    BaseKeyLength {
        /// Octets given.
        len: usize,
    },
    /// Give the key as an even number of hexadecimal digits and nothing else.
    #[error("key text has characters or a length that its form does not have")]
    KeyText,
    /// Fix the call: see [`InvalidId`].
    #[error("{0}")]
    Id(#[from] InvalidId),
    /// Retire the key of that KID first, or choose another KID.
    #[error("KID {kid} is already in use in this store")]
    KidInUse {
        /// The KID.
        kid: KeyId,
    },
    /// Never seal twice from one (base key, KID): use a fresh base key or another KID.
    #[error("this base key was already held for sending under KID {kid}")]
    KeyReused {
        /// The KID.
        kid: KeyId,
    },
    /// RFC 9605 section 4.4.1: a base key serves one direction under a KID, never both.
    #[error("this base key is already held for the other direction under KID {kid}")]
    SendAndReceive {
        /// The KID.
        kid: KeyId,
    },
    /// Add the send key before activating or retiring it.
    #[error("this store has no send key with KID {kid}")]
    UnknownSendKey {
        /// The KID.
        kid: KeyId,
    },
    /// Add the receive key before retiring it.
    #[error("this store has no receive key with KID {kid}")]
    UnknownReceiveKey {
        /// The KID.
        kid: KeyId,
    },
    /// Pass seconds since 1970; a value under 3600 is a clock that was never set.
    #[error("the clock is unset ({unix_seconds} s since 1970)")]
    ClockUnset {
        /// The value given.
        unix_seconds: u64,
    },
    /// Split the frame: one seal takes at most `max` octets.
    #[error("a frame of {len} octets is longer than {max}")]
    FrameTooLong {
        /// Octets of the frame.
        len: usize,
        /// Most octets allowed.
        max: usize,
    },
    /// Pass less metadata.
    #[error("metadata of {len} octets is longer than {max}")]
    MetadataTooLong {
        /// Octets of metadata.
        len: usize,
        /// Most octets allowed.
        max: usize,
    },
    /// Leave more room in front of the payload (`FrameBuf::HEADROOM` is always enough).
    #[error("{available} octets of headroom where {needed} are needed")]
    Headroom {
        /// Octets needed.
        needed: usize,
        /// Octets there.
        available: usize,
    },
    /// Leave more room behind the payload (`FrameBuf::TAILROOM` is always enough).
    #[error("{available} octets of tailroom where {needed} are needed")]
    Tailroom {
        /// Octets needed.
        needed: usize,
        /// Octets there.
        available: usize,
    },
    /// Keep offset + length inside the storage.
    #[error("the payload range does not lie inside the storage")]
    RangeOutsideStorage,
    /// The compact profile needs suite 0x0001 and a send key with KID 0 to 7.
    #[error("the compact profile needs suite 0x0001 and a KID of 0 to 7")]
    CompactProfile,
    /// Set a codec in mode [`Frame`](crate::Mode::Frame) alone: a packet is nobody's frame.
    #[error("packets have no codec-aware form")]
    CodecOfPackets,
    /// Set the stream's codec, or [`Codec::Opaque`](crate::Codec::Opaque), as was demanded.
    #[error("the stream has no codec")]
    NoCodec,
    /// Set codecs for at most `max` streams.
    #[error("more than {max} streams with a codec")]
    CodecStreams {
        /// Most streams.
        max: usize,
    },
    /// Keep 2 to 32,768 packets.
    #[error("a reassembler keeps 2 to 32768 packets, not {packets}")]
    ReassemblyPackets {
        /// Packets given.
        packets: usize,
    },
    /// Give a channel key of 16 to 64 octets.
    #[error("a channel key has 16 to 64 octets, not {len}")]
    ChannelKeyLength {
        /// Octets given.
        len: usize,
    },
    /// Give a KDF salt of 16 to 64 octets, or none.
    #[error("a KDF salt has 16 to 64 octets, not {len}")]
    KdfSaltLength {
        /// Octets given.
        len: usize,
    },
    /// Give a channel id of 1 to 255 octets, an instance of at most 255.
    #[error("a channel id has 1 to 255 octets and an instance 0 to 255, not {len}")]
    ChannelName {
        /// Octets given.
        len: usize,
    },
    /// Give a passphrase of 1 to 1024 octets.
    #[error("a passphrase has 1 to 1024 octets, not {len}")]
    PassphraseLength {
        /// Octets given.
        len: usize,
    },
    /// Give a PHC string of Argon2id, version 19, within the bounds of `PassphraseParams`.
    #[error("these are no acceptable Argon2id parameters")]
    PassphraseParams,
    /// Give the text as it was made: "mediaseal-epoch-1" and base32 in lower case.
    #[error("this is no epoch secret text, or was mistyped")]
    EpochText,
    /// Use a version of mediaseal that reads this format.
    #[error("epoch secret format {format} is not known")]
    EpochFormat {
        /// Format number found.
        format: u8,
    },
    /// Give the octets as they were made.
    #[error("these octets are no epoch secret")]
    EpochOctets,
    /// Join the channel, instance and clock that the secret was made for, with its cipher.
    #[error("the epoch secret is of another channel, instance, clock or suite")]
    EpochMismatch,
    /// Use the handle of the channel that is open.
    #[error("a channel with this id and instance is open in this store")]
    ChannelOpen,
    /// Use a key of its own for each channel, or say `NewGeneration::share_key`.
    #[error("this channel key is staged under another channel id of this store")]
    ChannelKeyReused,
    /// Stage the generation first; it may have been retired.
    #[error("this generation is not held")]
    UnknownGeneration,
    /// Ask for a step that is held, at most the latest.
    #[error("this step is not held")]
    UnknownStep,
    /// Use a number that was not used before: what this generation had opened would open again.
    #[error("this generation was retired and is not staged again")]
    GenerationRetired,
    /// Retire the generation whose number has the same low 4 bits first.
    #[error("a held generation has the same low 4 bits")]
    GenerationSlotBusy,
    /// Find out which of two secrets is right: they claim the same generation and step.
    #[error("the generation is held with another secret")]
    GenerationConflict,
    /// Wait for the end of grace: the step is more than 7 above the lowest that still opens.
    #[error("grace is open, the step is too far ahead")]
    GraceOpen,
    /// Wait for the time at which the generation opens.
    #[error("the generation is not open yet")]
    NotOpenYet,
    /// Expect at most 16 pairs of sender and media, at least one; announce more by `expect_session`.
    #[error("a decryptor expects 1 to 16 pairs of sender and media, not {count}")]
    ExpectedSenders {
        /// Pairs given.
        count: usize,
    },
    /// Give what `replay_state` returned for this channel and instance.
    #[error("this is no replay state of this channel")]
    ReplayState,
    /// Give a packet maximum that holds at least the overhead and one octet.
    #[error("a packet maximum of {max_len} octets holds no payload; give at least {needed}")]
    PacketMaximum {
        /// Maximum given.
        max_len: usize,
        /// Least maximum.
        needed: usize,
    },
}

/// How the octets of a frame break the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum Malformed {
    /// The KID or CTR is written with more octets than it needs, which RFC 9605 forbids senders.
    #[error("the header is not minimally encoded")]
    NotMinimal,
    /// The frame is longer than any sender may seal.
    #[error("the frame is longer than 2^30 octets and its overhead")]
    TooLong,
    /// Of a codec-aware frame only what stands around the ciphertext came, or the two sides set different codecs.
    #[error("the frame has no part that carries ciphertext in its codec's form")]
    NoCarrier,
    /// A codec-aware frame of H.264 or H.265 has one slice; who adds others is not the sender.
    #[error("the frame has two parts that could carry its ciphertext")]
    SecondCarrier,
    /// A packetizer changed what carries the ciphertext, or the two sides set different codecs.
    #[error("what carries the ciphertext is not as it was sent")]
    Carrier,
}

/// What of a frame its codec-aware form cannot carry. Seal such streams with [`Codec::Opaque`](crate::Codec::Opaque), or change the encoder's settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum Unsupported {
    /// Set the form of NAL units that the encoder gives, with start codes or lengths.
    #[error("the frame does not have NAL units in the form that was set")]
    NalFormat,
    /// Data partitions, layers of SVC, MVC and their like, or parameter sets that cannot be such: perhaps the frame is of another codec than was set.
    #[error(
        "the frame has NAL units of data partitions, of layers above the base, or of another codec"
    )]
    NalType,
    /// The header of the first slice cannot be read, or its numbers are out of range.
    #[error("the header of the first slice cannot be read")]
    SliceHeader,
    /// The frame is not a row of OBUs, or these are in the form of AV1's Annex B.
    #[error("the frame is not a row of OBUs")]
    Obu,
    /// Seal each spatial layer by a call of its own (RFC 9605 section 6.1.3).
    #[error("the frame has more than one spatial layer")]
    SpatialLayers,
    /// Use longer lengths before NAL units, or start codes.
    #[error("the carrier is too long for the length before it")]
    CarrierTooLong,
}

/// How a counter store failed. A send key that lives in it does not seal until it works again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum StoreFault {
    /// Make the store first, or mend the path or mount: a store that is lost took its counters with it.
    #[error("there is no counter store in this folder")]
    NotThere,
    /// Open the store in place of making it.
    #[error("the folder holds a counter store already")]
    AlreadyThere,
    /// Another process, or another store of this process, holds the folder.
    #[error("the folder is locked by another store")]
    Locked,
    /// This (base key, KID) is already held through this store.
    #[error("the key is already in use through this store")]
    KeyInUse,
    /// A record cannot be read; use a fresh key, its counter is not known any more.
    #[error("the record is damaged")]
    Damaged,
    /// A record is not the one written last; use a fresh key, the folder was rolled back.
    #[error("the record was changed behind the store's back (rolled back or restored)")]
    RolledBack,
    /// The system refused a read or a write.
    #[error("{0}")]
    Io(std::io::ErrorKind),
}
