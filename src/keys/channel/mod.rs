//! Channel keys: the customer owns one key a channel, and there is no key signalling.
//!
//! ```text
//!  channel key ─► secret[g,0] ─► secret[g,1] ─► …          generations g, steps s
//!                     │
//!                     ├─► base key of (sender, media, period, KID) ─► RFC 9605 section 4.4.2
//!                     └─► confirm ─► safety code, key check
//! ```
//!
//! Every encryptor seals in sessions: a KID that is new for each encryptor, step and period names one base key, one sender, one
//! direction. Restarts and many senders repeat no nonce. `docs/formats/keys.md` specifies all of it.

mod channel_key;
mod config;
mod control;
mod epoch;
mod generation;
pub(super) mod index;
mod passphrase;
mod receive;
mod session;
mod state;
mod view;

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, Weak};

pub use channel_key::ChannelKey;
pub use config::{ChannelConfig, NewGeneration};
pub use epoch::EpochSecret;
pub use passphrase::PassphraseParams;

pub(crate) use generation::session_base_key;
pub(crate) use index::{Seen, SessionIndex};
pub(crate) use session::Sender;
pub(crate) use view::{ChannelView, Place};

use session::Target;
use state::State;

use crate::error::{Error, Misuse};
use crate::event::{Event, EventQueue};
use crate::id::{Counter, KeyId, Media, SenderId};
use crate::keys::key::SendKey;
use crate::keys::recv_key::RecvKey;
use crate::keys::secret::Secret;

/// KIDs that `expect_session` announced.
const MAX_ANNOUNCED: usize = 65_536;
/// Pairs of sender and media that a decryptor is made for.
pub(crate) const MAX_EXPECTED: usize = 16;
/// A clock below this was never set.
const MIN_UNIX_SECONDS: u64 = 3600;

/// The channels of an application, with their keys: the control plane. Clones share, from any thread.
#[derive(Clone)]
pub struct ChannelStore {
    inner: Arc<StoreInner>,
}

struct StoreInner {
    events: Arc<EventQueue>,
    channels: Mutex<Vec<Weak<ChannelInner>>>,
    /// Which channel each channel key was staged in, by salted hash.
    keys: Mutex<HashMap<[u8; 32], Vec<u8>>>,
    salt: Secret<32>,
}

/// One channel: stage → activate → grace → retire. Clones share, from any thread.
#[derive(Clone)]
pub struct Channel {
    inner: Arc<ChannelInner>,
}

pub(super) struct ChannelInner {
    config: ChannelConfig,
    store: Arc<StoreInner>,
    state: Mutex<State>,
    /// Read for KIDs that were not heard yet, alone.
    announced: RwLock<Announced>,
    /// Counts changes of `state` that the data plane must see.
    version: AtomicU64,
}

/// Who was announced for KIDs, the last ones alone.
#[derive(Default)]
struct Announced {
    senders: HashMap<KeyId, Vec<(SenderId, Media)>>,
    order: VecDeque<KeyId>,
}

impl ChannelStore {
    /// Makes a store without channels.
    ///
    /// # Errors
    /// [`Error::EntropyUnavailable`] if the system gives no random octets.
    pub fn new() -> Result<Self, Error> {
        let mut salt = Secret::zeroed();
        getrandom::fill(salt.expose_mut()).map_err(|_| Error::EntropyUnavailable)?;
        Ok(Self {
            inner: Arc::new(StoreInner {
                events: Arc::new(EventQueue::new()),
                channels: Mutex::default(),
                keys: Mutex::default(),
                salt,
            }),
        })
    }

    /// Opens a channel. It lives as long as its handles, encryptors and decryptors do.
    ///
    /// # Errors
    /// [`Misuse::ChannelOpen`] if a channel with this id and instance is open: use its handle.
    pub fn channel(&self, config: ChannelConfig) -> Result<Channel, Error> {
        let mut channels = lock(&self.inner.channels);
        channels.retain(|channel| channel.strong_count() > 0);
        let is_open = channels
            .iter()
            .filter_map(Weak::upgrade)
            .any(|open| open.config.id == config.id && open.config.instance == config.instance);
        if is_open {
            return Err(Misuse::ChannelOpen.into());
        }
        let inner = Arc::new(ChannelInner {
            store: Arc::clone(&self.inner),
            state: Mutex::new(State::new(&config)),
            announced: RwLock::default(),
            version: AtomicU64::new(0),
            config,
        });
        channels.push(Arc::downgrade(&inner));
        Ok(Channel { inner })
    }

    /// Tells the time, in seconds since 1970, to every channel. Call it at least once a minute, off the media threads: it opens what waits for
    /// its time, ends grace, and prepares the next sessions of encryptors, so that no frame has to. A clock that goes back does no harm.
    ///
    /// # Errors
    /// [`Misuse::ClockUnset`] under 3600; [`Error::EntropyUnavailable`], [`Error::Forked`] if a next session cannot be made (its encryptor
    /// tries again).
    pub fn tick(&self, unix_seconds: u64) -> Result<(), Error> {
        if unix_seconds < MIN_UNIX_SECONDS {
            return Err(Misuse::ClockUnset { unix_seconds }.into());
        }
        let mut first_fault = Ok(());
        for channel in self.open_channels() {
            first_fault = first_fault.and(channel.tick(unix_seconds));
        }
        first_fault
    }

    /// Makes every encryptor begin a new session with its next frame. Call it when the process image may run twice: after a virtual machine was
    /// resumed from a snapshot, or a container from a checkpoint.
    ///
    /// # Errors
    /// As [`tick`](Self::tick), without the clock.
    pub fn renew_sessions(&self) -> Result<(), Error> {
        let mut first_fault = Ok(());
        for channel in self.open_channels() {
            first_fault = first_fault.and(channel.renew_sessions());
        }
        first_fault
    }

    /// Takes the oldest event, if there is one. [`Event::EventsLost`] comes first where any were dropped.
    #[must_use]
    pub fn poll_event(&self) -> Option<Event> {
        self.inner.events.poll()
    }

    fn open_channels(&self) -> Vec<Channel> {
        lock(&self.inner.channels)
            .iter()
            .filter_map(Weak::upgrade)
            .map(|inner| Channel { inner })
            .collect()
    }
}

impl Channel {
    /// The number of the newest view: one load, for each frame.
    #[inline]
    pub(crate) fn version(&self) -> u64 {
        self.inner.version.load(Ordering::Acquire)
    }

    /// The newest view. Locks; called when the version has changed.
    pub(crate) fn view(&self) -> Arc<ChannelView> {
        Arc::clone(&self.lock().view)
    }

    pub(crate) fn events(&self) -> &Arc<EventQueue> {
        &self.inner.store.events
    }

    /// Registers an encryptor: its sessions are prepared at ticks.
    pub(crate) fn register(&self, id: SenderId, media: Media) -> Arc<Sender> {
        let sender = Arc::new(Sender::new(id, media));
        self.lock().senders.push(Arc::downgrade(&sender));
        sender
    }

    /// The key that an encryptor seals under now: its session's, the prepared one, or one made here and now.
    pub(crate) fn session(&self, sender: &Sender) -> Result<Arc<SendKey>, Error> {
        let mut state = self.lock();
        let mut sessions = sender.sessions();
        let target = state.target().inspect_err(|_| {
            // Keys of a generation that is gone are wiped, not kept for another day.
            *sessions = session::Sessions::default();
        })?;
        if sessions
            .next
            .as_ref()
            .is_some_and(|(next, _)| *next == target)
            && let Some((_, key)) = sessions.next.take()
        {
            sessions.begin(target, key);
        }
        sessions.next = None;
        if let Some((current, key)) = &sessions.current
            && *current == target
            && !key.is_exhausted()
        {
            return Ok(Arc::clone(key));
        }
        let key = self.start(&mut state, sender, target)?;
        sessions.begin(target, Arc::clone(&key));
        drop(sessions);
        self.publish(state);
        Ok(key)
    }

    /// The key of a session of this side that its encryptor holds or is about to. Locks.
    pub(crate) fn send_key(&self, kid: KeyId) -> Option<Arc<SendKey>> {
        let state = self.lock();
        state
            .senders
            .iter()
            .filter_map(Weak::upgrade)
            .find_map(|sender| {
                let sessions = sender.sessions();
                let held = [&sessions.current, &sessions.next];
                let held = held.into_iter().flatten();
                held.map(|(_, key)| key)
                    .find(|key| key.kid() == kid)
                    .map(Arc::clone)
            })
    }

    /// What opens a session of this side that its encryptor holds, is about to, or held a little before: for the owners of a recording. Locks.
    #[cfg(feature = "recording")]
    pub(crate) fn session_key(&self, kid: KeyId) -> Result<session::SessionSecret, Error> {
        let state = self.lock();
        let unknown = || Error::from(Misuse::UnknownSendKey { kid });
        let (sender, target) = state
            .senders
            .iter()
            .filter_map(Weak::upgrade)
            .find_map(|sender| {
                let target = sender.sessions().target(kid)?;
                Some((sender, target))
            })
            .ok_or_else(unknown)?;
        let generation = state.generation(target.generation)?;
        let step = generation.step(target.step).ok_or_else(unknown)?;
        let suite = generation.cipher.suite();
        Ok(session::secret(step, suite, &sender, &target, kid))
    }

    /// Makes a session and remembers its KID as this side's own.
    fn start(
        &self,
        state: &mut State,
        sender: &Sender,
        target: Target,
    ) -> Result<Arc<SendKey>, Error> {
        let generation = state.generation(target.generation)?;
        let step = generation
            .step(target.step)
            .ok_or(Misuse::UnknownGeneration)?;
        let own = &state.own;
        let key = session::start(
            &generation.cipher,
            step,
            sender,
            &target,
            |kid| own.contains(&kid),
            Arc::clone(self.events()),
        )?;
        let kid = key.kid();
        if state.remember_own(kid, target.generation, target.step) {
            self.events().push(Event::ReplayHistoryLost);
        }
        self.events().push(Event::SessionStarted {
            kid,
            sender: sender.id.clone(),
            media: sender.media,
            generation: target.generation,
            step: target.step,
        });
        Ok(Arc::new(key))
    }

    /// Keeps the receive key of a session of which frame `ctr` has just authenticated, or returns the one that another decryptor kept first.
    pub(crate) fn keep(
        &self,
        index: &SessionIndex,
        ctr: Counter,
        seen: &Arc<Seen>,
        make: impl FnOnce(Option<Counter>) -> RecvKey,
    ) -> Result<Arc<RecvKey>, Error> {
        let kid = index.kid;
        let mut state = self.lock();
        // The frame was opened with the secrets of a view that may be over by now.
        if !state.view.opens(index.generation, index.step, seen) {
            return Err(Error::RetiredKey { kid });
        }
        if let Some(kept) = state.heard.get(index) {
            return Ok(Arc::clone(kept));
        }
        let floor = state.heard.floor(kid);
        if floor.is_some_and(|floor| ctr <= floor) {
            // Nothing is kept, and so nothing evicted, for a frame that is refused.
            let count = state.heard.count_replay();
            if count.is_power_of_two() {
                self.events().push(Event::Replayed { kid, ctr, count });
            }
            return Err(Error::Replayed { kid, ctr });
        }
        let key = Arc::new(make(floor));
        if state.heard.insert(index.clone(), Arc::clone(&key)) {
            self.events().push(Event::ReplayHistoryLost);
        }
        Ok(key)
    }

    /// Tells whether a KID was announced.
    pub(crate) fn is_announced(&self, kid: KeyId) -> bool {
        self.read_announced().senders.contains_key(&kid)
    }

    /// Adds who was announced for a KID.
    pub(crate) fn announced(&self, kid: KeyId, candidates: &mut Vec<(SenderId, Media)>) {
        if let Some(senders) = self.read_announced().senders.get(&kid) {
            candidates.extend_from_slice(senders);
        }
    }

    fn read_announced(&self) -> RwLockReadGuard<'_, Announced> {
        self.inner
            .announced
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.inner.state)
    }

    /// Publishes a change to the data plane.
    fn publish(&self, mut state: MutexGuard<'_, State>) {
        let version = self.version() + 1;
        let view = state.view(version, &self.inner.config);
        let former = std::mem::replace(&mut state.view, Arc::new(view));
        self.inner.version.store(version, Ordering::Release);
        drop(state);
        // Its keys may be the last of a custom cipher, whose code must not run under the lock.
        drop(former);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for ChannelStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChannelStore")
            .field("channels", &self.open_channels())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        let generations: Vec<_> = state
            .generations
            .iter()
            .map(|held| (held.number, held.phase, held.base, held.send, held.head))
            .collect();
        f.debug_struct("Channel")
            .field("id", &self.inner.config.id.escape_ascii().to_string())
            .field("generations", &generations)
            .finish_non_exhaustive()
    }
}
