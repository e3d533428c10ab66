//! Proof in place of a promise: is what leaves a ciphertext of this store?
//!
//! ```text
//!  encryptor ──► application ──► network
//!                    │ the octets that it hands over
//!                    ▼
//!                Sentinel::observe_sent ──► header of a key of this store, a CTR that it gave out?
//!                    │ one frame in 256
//!                    ▼
//!                  slot ──► Proof::check ──► does it open?  ──►  Sealing │ Encrypted │ Degraded, and an event
//! ```
//!
//! Nothing here is on the path of a frame from encryptor to network: the sentinel stands beside it and looks.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use zeroize::Zeroize;

use super::codecs::Codecs;
use super::{Mode, SCRATCH_LEN};
use crate::error::Error;
use crate::event::{Event, EventQueue, Leak, ProofState};
use crate::format::codec::{Codec, locate};
use crate::format::sframe::{self, FrameContext, Header};
use crate::frame::FrameInfo;
use crate::id::{Counter, KeyId, Ssrc};
use crate::keys::KeyStore;
use crate::keys::channel::Channel;
use crate::keys::key::SendKey;

/// One frame in so many is opened again.
const SAMPLED: u64 = 256;
/// Frames in a row that are as they should be, before a degraded stream counts as encrypted again.
const RECOVERED: u64 = 256;
/// Keys that are remembered, each of an encryptor or a session.
const KEYS: usize = 16;
/// Frames that may be on their way from an encryptor when its key is retired.
const LATE: u32 = 64;
/// Octets of a frame that can be opened again; longer ones are looked at, and the next that fits is opened in their place.
const SLOT_LEN: usize = 1 << 16;
/// Octets of metadata that a slot takes.
const SLOT_METADATA_LEN: usize = 1 << 10;

/// Looks at what an application hands to the network: every octet of it must be a ciphertext of this store.
///
/// It is put where frames or payloads leave, behind all that could go wrong between encryptor and socket. `Send` and not `Sync`, as an encryptor is: each sending thread
/// has its own. In the steady state a look allocates nothing, takes no lock and makes no system call.
pub struct Sentinel {
    source: Source,
    /// The version of the store that `keys` were found in.
    version: u64,
    /// The keys that frames were sealed with last, and those of them that the store holds no more.
    keys: Vec<Arc<SendKey>>,
    former: VecDeque<Former>,
    codecs: Codecs,
    shared: Arc<Shared>,
    /// Frames in a row that were as they should be.
    run: u64,
    /// Until the next frame is opened again.
    until_sample: u64,
}

/// What is remembered of a key that the store holds no more: nothing secret.
struct Former {
    kid: KeyId,
    /// Where its CTR ended.
    end: Counter,
    tag_len: usize,
    /// Frames that may still come.
    left: u32,
}

/// What a [`Sentinel`] has seen, for any other thread. Clones share.
#[derive(Clone)]
pub struct Proof {
    shared: Arc<Shared>,
}

enum Source {
    Raw(KeyStore),
    Channel(Channel),
}

impl Source {
    fn version(&self) -> u64 {
        match self {
            Self::Raw(store) => store.version(),
            Self::Channel(channel) => channel.version(),
        }
    }

    fn send_key(&self, kid: KeyId) -> Option<Arc<SendKey>> {
        match self {
            Self::Raw(store) => store.send_key(kid),
            Self::Channel(channel) => channel.send_key(kid),
        }
    }
}

/// The states, as one octet.
const SEALING: u8 = 0;
const ENCRYPTED: u8 = 1;
const DEGRADED: u8 = 2;

struct Shared {
    state: AtomicU8,
    since: AtomicU64,
    /// Frames that were as they should be since the state is what it is; the sentinel alone writes it.
    frames: AtomicU64,
    /// [`Sentinel::run`], for others.
    run: AtomicU64,
    /// Frames that were opened again since the last fault.
    opened: AtomicU64,
    leak: Mutex<Leak>,
    slot: Mutex<Slot>,
    events: Arc<EventQueue>,
}

/// A frame that waits to be opened again.
#[derive(Default)]
struct Slot {
    /// The key, while there is a frame.
    key: Option<Arc<SendKey>>,
    header_len: usize,
    header: Option<Header>,
    octets: Vec<u8>,
    metadata: Vec<u8>,
    scratch: Vec<u8>,
}

impl Sentinel {
    /// Makes a sentinel for what encryptors of a store of raw keys seal.
    #[must_use]
    pub fn new(store: &KeyStore) -> Self {
        let events = Arc::clone(store.events());
        Self::with_source(Source::Raw(store.clone()), events)
    }

    /// Makes a sentinel for what encryptors of a channel seal.
    #[must_use]
    pub fn for_channel(channel: &Channel) -> Self {
        let events = Arc::clone(channel.events());
        Self::with_source(Source::Channel(channel.clone()), events)
    }

    fn with_source(source: Source, events: Arc<EventQueue>) -> Self {
        let slot = Slot {
            octets: Vec::with_capacity(SLOT_LEN),
            metadata: Vec::with_capacity(SLOT_METADATA_LEN),
            scratch: Vec::with_capacity(SCRATCH_LEN + SLOT_METADATA_LEN),
            ..Slot::default()
        };
        Self {
            version: source.version(),
            source,
            keys: Vec::with_capacity(KEYS),
            former: VecDeque::with_capacity(KEYS),
            codecs: Codecs::default(),
            shared: Arc::new(Shared {
                state: AtomicU8::new(SEALING),
                since: AtomicU64::new(0),
                frames: AtomicU64::new(0),
                run: AtomicU64::new(0),
                opened: AtomicU64::new(0),
                leak: Mutex::new(Leak::NotSealed),
                slot: Mutex::new(slot),
                events,
            }),
            run: 0,
            until_sample: 0,
        }
    }

    /// Sets the codec of a stream, as its encryptor has it.
    ///
    /// # Errors
    /// [`Misuse::CodecStreams`](crate::Misuse::CodecStreams) for more than 1,024 streams.
    pub fn set_codec(&mut self, ssrc: Ssrc, codec: Codec) -> Result<(), Error> {
        self.codecs.set(Mode::Frame, ssrc, codec)
    }

    /// Returns what other threads ask.
    #[must_use]
    pub fn proof(&self) -> Proof {
        Proof {
            shared: Arc::clone(&self.shared),
        }
    }

    /// Looks at a frame, or at an RTP payload in packet mode, which the application sends; `info` is what its encryptor was given.
    ///
    /// It must have the header of a key of this store and a CTR that the key has given out. The first, and one in 256, is copied to be opened again by
    /// [`Proof::check`]. The same octets may come twice, as retransmission sends them; of a key that was retired 64 frames may still come, if others of it came before.
    pub fn observe_sent(&mut self, info: &FrameInfo<'_>, octets: &[u8]) {
        match self.look(info, octets) {
            Ok(()) => {
                self.run += 1;
                self.shared.run.store(self.run, Ordering::Release);
                let frames = self.shared.frames.load(Ordering::Relaxed);
                self.shared.frames.store(frames + 1, Ordering::Relaxed);
            }
            Err(leak) => {
                self.run = 0;
                self.until_sample = 0;
                self.shared.run.store(0, Ordering::Release);
                self.shared.degrade(leak);
            }
        }
    }

    #[inline]
    fn look(&mut self, info: &FrameInfo<'_>, octets: &[u8]) -> Result<(), Leak> {
        let codec = match self.codecs.of(info.ssrc()) {
            Ok(codec) if self.codecs.are_set() => codec,
            _ => None,
        };
        if let Some(codec) = codec {
            return self.look_inside(codec, info, octets);
        }
        self.look_at(info, octets, octets.len(), |out| {
            out.extend_from_slice(octets);
        })
    }

    /// Looks at what a codec-aware frame carries.
    #[inline(never)]
    fn look_inside(
        &mut self,
        codec: Codec,
        info: &FrameInfo<'_>,
        octets: &[u8],
    ) -> Result<(), Leak> {
        let located = locate(codec, octets).map_err(|_| Leak::NotSealed)?;
        let metadata = self
            .codecs
            .lend_metadata(codec, info)
            .map_err(|_| Leak::NotSealed)?;
        let mut front = [0; Header::MAX_LEN];
        let len = located.copy(octets, 0, &mut front);
        let joined = FrameInfo::new(info.ssrc()).metadata(&metadata);
        let seen = self.look_at(&joined, &front[..len], located.len(), |out| {
            out.resize(located.len(), 0);
            located.copy(octets, 0, out);
        });
        self.codecs.give_back(metadata);
        seen
    }

    /// Looks at a ciphertext of `len` octets that begins with `front`; `copy` appends it to a slot.
    #[inline(always)]
    fn look_at(
        &mut self,
        info: &FrameInfo<'_>,
        front: &[u8],
        len: usize,
        copy: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(), Leak> {
        let (header, header_len) = Header::parse(front).map_err(|_| Leak::NotSealed)?;
        let version = self.source.version();
        if version != self.version {
            self.version = version;
            self.forget_keys();
        }
        let is_it = |key: &Arc<SendKey>| key.kid() == header.kid();
        let at = match self.keys.iter().position(is_it) {
            Some(at) => at,
            None => match self.find_key(header, len, header_len)? {
                Some(at) => at,
                None => return Ok(()),
            },
        };
        let key = &self.keys[at];
        if header.ctr() >= key.peek_ctr() || len < header_len + key.params().tag_len {
            return Err(Leak::NotSealed);
        }
        self.until_sample = match self.until_sample.checked_sub(1) {
            Some(left) => left,
            None if self.shared.take(key, info, header, header_len, len, copy) => SAMPLED - 1,
            // Another frame waits, or this one is too long: the next one then.
            None => 0,
        };
        Ok(())
    }
}

impl Sentinel {
    /// Forgets the keys that the store holds no more, so that they are wiped.
    #[cold]
    fn forget_keys(&mut self) {
        let (source, former) = (&self.source, &mut self.former);
        self.keys.retain(|key| {
            let held = source.send_key(key.kid());
            let is_held = held.is_some_and(|held| Arc::ptr_eq(&held, key));
            if !is_held {
                if former.len() == KEYS {
                    former.pop_front();
                }
                former.push_back(Former {
                    kid: key.kid(),
                    end: key.peek_ctr(),
                    tag_len: key.params().tag_len,
                    left: LATE,
                });
            }
            is_held
        });
    }

    /// Asks the store for a key, and returns its place; nothing for a frame that was sealed before its key was retired, and is sent after.
    #[cold]
    fn find_key(
        &mut self,
        header: Header,
        len: usize,
        header_len: usize,
    ) -> Result<Option<usize>, Leak> {
        let kid = header.kid();
        if let Some(key) = self.source.send_key(kid) {
            if self.keys.len() == KEYS {
                self.keys.remove(0);
            }
            self.keys.push(key);
            return Ok(Some(self.keys.len() - 1));
        }
        let late = self.former.iter_mut().find(|former| former.kid == kid);
        match late {
            Some(late)
                if late.left > 0 && header.ctr() < late.end && len >= header_len + late.tag_len =>
            {
                late.left -= 1;
                Ok(None)
            }
            _ => Err(Leak::UnknownKey { kid }),
        }
    }
}

impl Shared {
    /// Copies a frame to be opened again; false if there is no room.
    #[cold]
    fn take(
        &self,
        key: &Arc<SendKey>,
        info: &FrameInfo<'_>,
        header: Header,
        header_len: usize,
        len: usize,
        copy: impl FnOnce(&mut Vec<u8>),
    ) -> bool {
        // Whoever opens the one before has it: nobody waits.
        let Ok(mut slot) = self.slot.try_lock() else {
            return false;
        };
        let metadata = info.metadata_octets();
        if slot.key.is_some() || len > SLOT_LEN || metadata.len() > SLOT_METADATA_LEN {
            return false;
        }
        slot.octets.clear();
        copy(&mut slot.octets);
        slot.metadata.clear();
        slot.metadata.extend_from_slice(metadata);
        slot.header = Some(header);
        slot.header_len = header_len;
        slot.key = Some(Arc::clone(key));
        true
    }

    /// Opens the frame that waits, if one does.
    fn open(&self) -> Result<bool, Leak> {
        let mut slot = self.slot.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = &mut *slot;
        let (Some(key), Some(header)) = (slot.key.take(), slot.header.take()) else {
            return Ok(false);
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
        opened.map(|()| true).map_err(|_| Leak::DoesNotOpen {
            kid: header.kid(),
            ctr: header.ctr(),
        })
    }

    /// Says that something left which is not what it should be.
    #[cold]
    fn degrade(&self, leak: Leak) {
        self.opened.store(0, Ordering::Relaxed);
        *self.leak.lock().unwrap_or_else(PoisonError::into_inner) = leak;
        if self.state.swap(DEGRADED, Ordering::AcqRel) != DEGRADED {
            self.frames.store(0, Ordering::Relaxed);
            let state = ProofState::Degraded { reason: leak };
            self.events.push(Event::ProofChanged { state });
        }
    }

    fn state(&self) -> ProofState {
        match self.state.load(Ordering::Acquire) {
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
            Ok(opened) => {
                shared
                    .opened
                    .fetch_add(u64::from(opened), Ordering::Relaxed);
            }
            Err(leak) => shared.degrade(leak),
        }
        let state = shared.state.load(Ordering::Acquire);
        let needed = match state {
            SEALING => 1,
            DEGRADED => RECOVERED,
            _ => return shared.state(),
        };
        let is_proven = shared.opened.load(Ordering::Relaxed) > 0
            && shared.run.load(Ordering::Acquire) >= needed;
        if is_proven {
            shared.since.store(unix_seconds, Ordering::Relaxed);
            let changed = shared.state.compare_exchange(
                state,
                ENCRYPTED,
                Ordering::AcqRel,
                Ordering::Relaxed,
            );
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

impl std::fmt::Debug for Sentinel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sentinel")
            .field("state", &self.shared.state())
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Proof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proof")
            .field("state", &self.shared.state())
            .finish_non_exhaustive()
    }
}
