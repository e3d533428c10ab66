//! What was seen of the octets that leave, shared by the thread that looks and those that ask.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, TryLockError, Weak};

use zeroize::Zeroize;

use crate::channel::SCRATCH_LEN;
use crate::event::{Event, EventQueue, Leak, ProofState};
use crate::format::sframe::{self, FrameContext, Header};
use crate::frame::FrameInfo;
use crate::keys::key::SendKey;

/// Frames in a row that are as they should be, before a degraded stream counts as encrypted again.
const RECOVERED: u64 = 256;
/// Octets of a frame that can be opened again; longer ones are looked at, and the next that fits is opened in their place.
const SLOT_LEN: usize = 1 << 16;
/// Octets of metadata that a slot takes.
const SLOT_METADATA_LEN: usize = 1 << 10;

/// What a [`Sentinel`](super::Sentinel) has seen, for any other thread. Clones share.
#[derive(Clone)]
pub struct Proof {
    pub(super) shared: Arc<Shared>,
}

/// The states, as the low bits of a word whose others count faults: its epoch.
const SEALING: u64 = 0;
const ENCRYPTED: u64 = 1;
const DEGRADED: u64 = 2;
pub(super) const STATE_BITS: u32 = 2;

pub(super) struct Shared {
    pub(super) word: AtomicU64,
    since: AtomicU64,
    /// Frames that were as they should be in this epoch; the sentinel alone writes it.
    pub(super) frames: AtomicU64,
    /// The low half of the sentinel's epoch, and its run, for others.
    pub(super) run: AtomicU64,
    /// The last epoch of which a frame was opened again, and one more.
    opened: AtomicU64,
    leak: Mutex<Leak>,
    slot: Mutex<Slot>,
    events: Arc<EventQueue>,
}

/// What became of a frame that is to be opened again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    Yes,
    TooLong,
    AnotherWaits,
}

/// A frame that waits to be opened again.
#[derive(Default)]
struct Slot {
    /// The key, while there is a frame; it may be retired meanwhile.
    key: Option<Weak<SendKey>>,
    epoch: u64,
    header_len: usize,
    header: Option<Header>,
    octets: Vec<u8>,
    metadata: Vec<u8>,
    scratch: Vec<u8>,
}

impl Shared {
    /// Nothing seen so far.
    pub(super) fn new(events: Arc<EventQueue>) -> Self {
        let slot = Slot {
            octets: Vec::with_capacity(SLOT_LEN),
            metadata: Vec::with_capacity(SLOT_METADATA_LEN),
            scratch: Vec::with_capacity(SCRATCH_LEN + SLOT_METADATA_LEN),
            ..Slot::default()
        };
        Self {
            word: AtomicU64::new(SEALING),
            since: AtomicU64::new(0),
            frames: AtomicU64::new(0),
            run: AtomicU64::new(0),
            opened: AtomicU64::new(0),
            leak: Mutex::new(Leak::NotSealed),
            slot: Mutex::new(slot),
            events,
        }
    }

    /// Copies a frame to be opened again.
    #[cold]
    pub(super) fn take(
        &self,
        key: &Arc<SendKey>,
        info: &FrameInfo<'_>,
        (header, header_len, epoch): (Header, usize, u64),
        len: usize,
        copy: impl FnOnce(&mut Vec<u8>),
    ) -> Taken {
        let metadata = info.metadata_octets();
        if len > SLOT_LEN || metadata.len() > SLOT_METADATA_LEN {
            return Taken::TooLong;
        }
        let mut slot = match self.slot.try_lock() {
            Ok(slot) => slot,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            // Whoever opens the one before has it: nobody waits.
            Err(TryLockError::WouldBlock) => return Taken::AnotherWaits,
        };
        if slot.key.is_some() && slot.epoch == epoch {
            return Taken::AnotherWaits;
        }
        slot.octets.clear();
        copy(&mut slot.octets);
        slot.metadata.clear();
        slot.metadata.extend_from_slice(metadata);
        slot.header = Some(header);
        slot.header_len = header_len;
        slot.epoch = epoch;
        slot.key = Some(Arc::downgrade(key));
        Taken::Yes
    }

    /// Opens the frame that waits, if one does, and returns its epoch.
    fn open(&self) -> Result<Option<u64>, Leak> {
        let mut slot = self.slot.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = &mut *slot;
        let (Some(key), Some(header)) = (slot.key.take(), slot.header.take()) else {
            return Ok(None);
        };
        // Retired since.
        let Some(key) = key.upgrade() else {
            return Ok(None);
        };
        let tag_len = key.params().tag_len;
        let (front, rest) = slot.octets.split_at_mut(slot.header_len);
        let (data, tag) = rest.split_at_mut(rest.len() - tag_len);
        let context = FrameContext {
            key: key.cipher_key(),
            salt: key.salt(),
            ctr: header.ctr(),
            metadata: &slot.metadata,
            scratch: &mut slot.scratch,
        };
        let opened = sframe::open(context, front, data, tag);
        slot.octets.zeroize();
        match opened {
            Ok(()) => Ok(Some(slot.epoch)),
            Err(_) => Err(Leak::DoesNotOpen {
                kid: header.kid(),
                ctr: header.ctr(),
            }),
        }
    }

    /// Says that something left which is not what it should be, and returns the epoch that begins with it.
    #[cold]
    pub(super) fn degrade(&self, leak: Leak) -> u64 {
        *self.leak.lock().unwrap_or_else(PoisonError::into_inner) = leak;
        let after = |word: u64| ((word >> STATE_BITS) + 1) << STATE_BITS | DEGRADED;
        let mut word = self.word.load(Ordering::Acquire);
        while let Err(now) =
            self.word
                .compare_exchange(word, after(word), Ordering::AcqRel, Ordering::Acquire)
        {
            word = now;
        }
        if word & !(u64::MAX << STATE_BITS) != DEGRADED {
            let state = ProofState::Degraded { reason: leak };
            self.events.push(Event::ProofChanged { state });
        }
        after(word) >> STATE_BITS
    }

    pub(super) fn state(&self) -> ProofState {
        match self.word.load(Ordering::Acquire) & !(u64::MAX << STATE_BITS) {
            ENCRYPTED => ProofState::Encrypted {
                since: self.since.load(Ordering::Relaxed),
                frames: self.frames.load(Ordering::Relaxed),
            },
            DEGRADED => ProofState::Degraded {
                reason: *self.leak.lock().unwrap_or_else(PoisonError::into_inner),
            },
            _ => ProofState::Sealing,
        }
    }
}

impl Proof {
    /// Opens the frame that waits for it, and returns how things stand. `unix_seconds` is the time now, in seconds since 1970.
    ///
    /// Call it about once a second, off the media threads. [`ProofState::Encrypted`] is said once a frame was opened, and after a fault once 256 frames in a row were as they
    /// should be and one of them was opened. Each change is also an event of the store.
    pub fn check(&self, unix_seconds: u64) -> ProofState {
        let shared = &self.shared;
        match shared.open() {
            Ok(Some(epoch)) => {
                shared.opened.fetch_max(epoch + 1, Ordering::AcqRel);
            }
            Ok(None) => {}
            Err(leak) => {
                shared.degrade(leak);
            }
        }
        let word = shared.word.load(Ordering::Acquire);
        let epoch = word >> STATE_BITS;
        let needed = match word & !(u64::MAX << STATE_BITS) {
            SEALING => 1,
            DEGRADED => RECOVERED,
            _ => return shared.state(),
        };
        let run = shared.run.load(Ordering::Acquire);
        let is_of_epoch = run >> 32 == epoch & u64::from(u32::MAX);
        let is_proven = is_of_epoch
            && run & u64::from(u32::MAX) >= needed
            && shared.opened.load(Ordering::Acquire) == epoch + 1;
        if is_proven {
            shared.since.store(unix_seconds, Ordering::Relaxed);
            let encrypted = epoch << STATE_BITS | ENCRYPTED;
            // A fault meanwhile begins another epoch, and then this fails.
            let changed =
                shared
                    .word
                    .compare_exchange(word, encrypted, Ordering::AcqRel, Ordering::Relaxed);
            if changed.is_ok() {
                let state = shared.state();
                shared.events.push(Event::ProofChanged { state });
            }
        }
        shared.state()
    }

    /// Returns how things stood at the last [`check`](Self::check), or what went wrong since.
    #[must_use]
    pub fn state(&self) -> ProofState {
        self.shared.state()
    }
}

impl std::fmt::Debug for Proof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proof")
            .field("state", &self.shared.state())
            .finish_non_exhaustive()
    }
}
