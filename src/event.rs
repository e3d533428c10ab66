//! What the application should hear about: events in one bounded queue a KeyStore.

use core::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};

use crate::error::Error;
use crate::id::{Counter, KeyId, Media, SenderId, Ssrc};

/// Something that happened to keys or streams. State that must not be missed is also readable elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A send key has used 75 % of its limit: bring the next key now.
    KeyNearLimit {
        /// KID of the send key.
        kid: KeyId,
    },
    /// A send key reached its limit and seals no more.
    KeyExhausted {
        /// KID of the send key.
        kid: KeyId,
    },
    /// An authentic frame from before the key was last retired came again. Said at the 1st, 2nd, 4th, 8th … of a key.
    Replayed {
        /// KID of the frame.
        kid: KeyId,
        /// CTR of the frame.
        ctr: Counter,
        /// Such frames so far.
        count: u64,
    },
    /// So many frames under this KID failed authentication that a fresh key is advised.
    ManyAuthenticationFailures {
        /// KID of the receive key.
        kid: KeyId,
        /// Failures counted so far.
        failures: u64,
    },
    /// An encryptor of a channel begins a session, now or with one of its next frames. What it tells feeds
    /// [`Channel::expect_session`](crate::keys::Channel::expect_session) on the other side.
    SessionStarted {
        /// KID of the session.
        kid: KeyId,
        /// The encryptor's sender.
        sender: SenderId,
        /// What it carries.
        media: Media,
        /// Generation, g.
        generation: u64,
        /// Step, s.
        step: u32,
    },
    /// What is known of the octets that the application sends has changed: see [`Sentinel`](crate::Sentinel).
    ProofChanged {
        /// What it is now.
        state: ProofState,
    },
    /// Frames of a stream fail to open: 5 in a row so far. Said once, until one opens again.
    StreamFailing {
        /// The stream that the application named.
        stream: Ssrc,
        /// Who sends it; nothing if no frame of it has opened yet.
        sender: Option<SenderId>,
        /// KID in the header of the last of them; nothing if it could not be read.
        kid: Option<KeyId>,
        /// Why the last of them was refused, and what to do.
        reason: Error,
    },
    /// A stream that was said to fail opens again.
    StreamRecovered {
        /// The stream that the application named.
        stream: Ssrc,
        /// Who sends it.
        sender: SenderId,
        /// KID of the frame that opened.
        kid: KeyId,
        /// Frames of it that were refused meanwhile.
        refused: u64,
    },
    /// The list of replay floors was full and the oldest was dropped.
    ReplayHistoryLost,
    /// The queue was full and this many events were dropped.
    EventsLost {
        /// Events dropped since the last report.
        count: u64,
    },
}

/// What is known of the octets that an application sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProofState {
    /// Encryptors seal, and what is sent was not observed.
    Sealing,
    /// All that was observed is ciphertext of this store, and some of it was opened again.
    Encrypted {
        /// Since when, in seconds since 1970, as the application told the time.
        since: u64,
        /// Frames that were observed.
        frames: u64,
    },
    /// Something left that is no ciphertext of this store. Stop sending, and look for what goes around the encryptor.
    Degraded {
        /// What it was; the last such.
        reason: Leak,
    },
}

/// What is wrong with octets that were sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Leak {
    /// They are no ciphertext, as plaintext is none; or of a CTR that was never given out.
    NotSealed,
    /// They have a header, of a key that is not this store's.
    UnknownKey {
        /// KID in the header.
        kid: KeyId,
    },
    /// They have a header of this store's, and do not open: they were changed after they were sealed, or sealed with other metadata.
    DoesNotOpen {
        /// KID in the header.
        kid: KeyId,
        /// CTR in the header.
        ctr: Counter,
    },
}

impl fmt::Display for Leak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSealed => write!(f, "what is sent is not sealed"),
            Self::UnknownKey { kid } => {
                write!(f, "what is sent has KID {kid}, which is not of this store")
            }
            Self::DoesNotOpen { kid, ctr } => {
                write!(f, "what is sent (KID {kid}, CTR {ctr}) does not open")
            }
        }
    }
}

impl fmt::Display for ProofState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sealing => write!(f, "sealing, not observed"),
            Self::Encrypted { since, frames } => {
                write!(f, "encrypted, {frames} frames since {since}")
            }
            Self::Degraded { reason } => write!(f, "degraded: {reason}"),
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KeyNearLimit { kid } => write!(f, "send key {kid} has used 75 % of its limit"),
            Self::KeyExhausted { kid } => write!(f, "send key {kid} is exhausted"),
            Self::Replayed { kid, ctr, count } => {
                write!(f, "replayed frame (KID {kid}, CTR {ctr}), {count} so far")
            }
            Self::ManyAuthenticationFailures { kid, failures } => {
                write!(f, "{failures} frames failed authentication under KID {kid}")
            }
            Self::SessionStarted {
                kid,
                sender,
                media,
                generation,
                step,
            } => write!(
                f,
                "session {kid} of {sender}, {media}, begins (generation {generation}, step {step})"
            ),
            Self::ProofChanged { state } => write!(f, "proof: {state}"),
            Self::StreamFailing {
                stream,
                sender,
                reason,
                ..
            } => match sender {
                Some(sender) => write!(
                    f,
                    "stream {:#010x} of {sender} fails: {reason}",
                    stream.value()
                ),
                None => write!(f, "stream {:#010x} fails: {reason}", stream.value()),
            },
            Self::StreamRecovered {
                stream,
                sender,
                refused,
                ..
            } => write!(
                f,
                "stream {:#010x} of {sender} opens again, {refused} frames were refused",
                stream.value()
            ),
            Self::ReplayHistoryLost => write!(f, "the oldest replay floor was dropped"),
            Self::EventsLost { count } => write!(f, "{count} events were dropped"),
        }
    }
}

/// A bounded queue: any thread pushes without waiting or allocating, the application polls.
pub(crate) struct EventQueue {
    sender: SyncSender<Event>,
    receiver: Mutex<Receiver<Event>>,
    lost: AtomicU64,
}

impl EventQueue {
    pub(crate) const CAPACITY: usize = 256;

    pub(crate) fn new() -> Self {
        let (sender, receiver) = sync_channel(Self::CAPACITY);
        Self {
            sender,
            receiver: Mutex::new(receiver),
            lost: AtomicU64::new(0),
        }
    }

    /// Adds an event, or counts it as lost and returns false.
    pub(crate) fn push(&self, event: Event) -> bool {
        let kept = self.sender.try_send(event).is_ok();
        if !kept {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
        kept
    }

    pub(crate) fn poll(&self) -> Option<Event> {
        let count = self.lost.swap(0, Ordering::Relaxed);
        if count > 0 {
            return Some(Event::EventsLost { count });
        }
        self.receiver
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .try_recv()
            .ok()
    }
}
