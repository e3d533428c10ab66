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

mod evidence;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;

pub use evidence::Proof;
use evidence::{STATE_BITS, Shared, Taken};

use super::Mode;
use super::codecs::Codecs;
use crate::error::Error;
use crate::event::{EventQueue, Leak};
use crate::format::codec::{Codec, is_bare, locate};
use crate::format::sframe::Header;
use crate::frame::FrameInfo;
use crate::id::{Counter, KeyId, Ssrc};
use crate::keys::KeyStore;
use crate::keys::channel::Channel;
use crate::keys::key::SendKey;

/// One frame in so many is opened again: from half as many to half as many more after the last, so that streams which take turns are all met.
const SAMPLED: u64 = 256;
/// Frames until it is tried again to have one opened, while another waits: asking costs more than all else.
const BUSY: u64 = 32;
/// Keys that are remembered, each of an encryptor or a session.
const KEYS: usize = 64;
/// Frames that may be on their way from an encryptor when its key is retired.
const LATE: u32 = 64;
/// Looks at what an application hands to the network: every octet of it must be a ciphertext of this store.
///
/// It is put where frames or payloads leave, behind all that could go wrong between encryptor and socket. `Send` and not `Sync`, as an encryptor is: each sending thread
/// has its own. In the steady state a look allocates nothing, takes no lock and makes no system call.
pub struct Sentinel {
    source: Source,
    /// The version of the store that `keys` were found in.
    version: u64,
    /// The keys that frames were sealed with last, and those of them that the store holds no more.
    keys: Vec<Held>,
    former: VecDeque<Former>,
    codecs: Codecs,
    shared: Arc<Shared>,
    /// The faults so far that this knows of.
    epoch: u64,
    /// Frames in a row that were as they should be.
    run: u64,
    /// Until the next frame is opened again.
    until_sample: u64,
    /// Decides how long that is.
    dice: u64,
}

/// A key that frames are sealed with.
struct Held {
    /// At hand, as every frame asks for both.
    kid: KeyId,
    tag_len: usize,
    key: Arc<SendKey>,
    /// The highest CTR that was seen.
    highest: Option<Counter>,
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
        Self {
            version: source.version(),
            source,
            keys: Vec::with_capacity(KEYS),
            former: VecDeque::with_capacity(KEYS),
            codecs: Codecs::default(),
            shared: Arc::new(Shared::new(events)),
            epoch: 0,
            run: 0,
            until_sample: 0,
            dice: 1,
        }
    }

    /// Takes over changes of the keys now, so that a retired key is wiped though nothing is sent.
    pub fn refresh(&mut self) {
        self.version = self.source.version();
        self.forget_keys();
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
    /// It must have the header of a key of this store and a CTR that the key has given out. The first, about one in 256, and those whose CTR is no new one are copied, one
    /// at a time, to be opened again by [`Proof::check`]. The same octets may come twice, as retransmission sends them; of a key that was retired 64 frames may still come, if others of it came before.
    pub fn observe_sent(&mut self, info: &FrameInfo<'_>, octets: &[u8]) {
        let epoch = self.shared.word.load(Ordering::Acquire) >> STATE_BITS;
        if epoch != self.epoch {
            self.begin(epoch);
        }
        match self.look(info, octets) {
            Ok(()) => {
                self.run += 1;
                let run = self.run.min(u32::MAX.into());
                self.shared
                    .run
                    .store(self.epoch << 32 | run, Ordering::Release);
                self.shared.frames.store(self.run, Ordering::Relaxed);
            }
            Err(leak) => {
                let epoch = self.shared.degrade(leak);
                self.begin(epoch);
            }
        }
    }

    /// Begins to count anew, after a fault.
    #[cold]
    fn begin(&mut self, epoch: u64) {
        self.epoch = epoch;
        self.run = 0;
        self.until_sample = 0;
        self.shared.run.store(epoch << 32, Ordering::Release);
        self.shared.frames.store(0, Ordering::Relaxed);
    }

    #[inline]
    fn look(&mut self, info: &FrameInfo<'_>, octets: &[u8]) -> Result<(), Leak> {
        if self.codecs.are_set()
            && let Ok(Some(codec)) = self.codecs.of(info.ssrc())
        {
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
        if !is_bare(codec, octets, &located) {
            return Err(Leak::NotSealed);
        }
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
        let is_it = |held: &Held| held.kid == header.kid();
        let at = match self.keys.iter().position(is_it) {
            Some(at) => at,
            None => match self.find_key(header, len, header_len)? {
                Some(at) => at,
                None => return Ok(()),
            },
        };
        let Held {
            key,
            highest,
            tag_len,
            ..
        } = &mut self.keys[at];
        if header.ctr() >= key.peek_ctr() || len < header_len + *tag_len {
            return Err(Leak::NotSealed);
        }
        // Plaintext can have the short KID and the low CTR of a frame long gone; a retransmitted frame opens.
        let is_new = *highest < Some(header.ctr());
        *highest = (*highest).max(Some(header.ctr()));
        self.until_sample = match self.until_sample.checked_sub(1) {
            Some(left) if is_new => left,
            _ => {
                let frame = (header, header_len, self.epoch);
                match self.shared.take(key, info, frame, len, copy) {
                    Taken::Yes => {
                        self.dice = self.dice.wrapping_mul(0x5851_F42D_4C95_7F2D) | 1;
                        SAMPLED / 2 + (self.dice >> 56) % SAMPLED
                    }
                    Taken::TooLong => 0,
                    Taken::AnotherWaits => BUSY,
                }
            }
        };
        Ok(())
    }
}

impl Sentinel {
    /// Forgets the keys that the store holds no more, so that they are wiped.
    #[cold]
    fn forget_keys(&mut self) {
        let (source, former) = (&self.source, &mut self.former);
        self.keys.retain(|Held { key, .. }| {
            let held = source.send_key(key.kid());
            let is_held = held.is_some_and(|held| Arc::ptr_eq(&held, key));
            if !is_held {
                if former.len() == KEYS {
                    former.pop_back();
                }
                former.push_front(Former {
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
            // It may be the next of one that is over.
            self.forget_keys();
            if self.keys.len() == KEYS {
                self.keys.remove(0);
            }
            self.keys.push(Held {
                kid,
                tag_len: key.params().tag_len,
                key,
                highest: None,
            });
            return Ok(Some(self.keys.len() - 1));
        }
        let Some(late) = self.former.iter_mut().find(|former| former.kid == kid) else {
            return Err(Leak::UnknownKey { kid });
        };
        // An encryptor in another thread may have gone on a little.
        let is_given_out = header.ctr().value() < late.end.value().saturating_add(LATE.into());
        if late.left == 0 || !is_given_out || len < header_len + late.tag_len {
            return Err(Leak::UnknownKey { kid });
        }
        late.left -= 1;
        Ok(None)
    }
}

impl std::fmt::Debug for Sentinel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sentinel")
            .field("state", &self.shared.state())
            .finish_non_exhaustive()
    }
}
