//! The life of keys: derivation, activation, limits, retirement. Nothing here sees a frame.
//!
//! ```text
//!  application ──► KeyStore ── add ─► activate ─► retire          control plane, any thread, may lock
//!                     │
//!                     │ publishes a snapshot and its version
//!                     ▼
//!         ChannelEncryptor, ChannelDecryptor                      data plane: one load a frame, no lock
//! ```
//!
//! Add a key on every side first, activate it for sending when the receivers have it, retire the old one when
//! its last frames have arrived.

mod base_key;
pub(crate) mod channel;
mod counter_store;
pub(crate) mod key;
mod key_octets;
mod material;
mod mls;
pub(crate) mod recv_key;
pub(crate) mod replay;
pub(crate) mod schedule;
pub(crate) mod secret;
mod snapshot;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use base_key::BaseKey;
pub use channel::{
    Channel, ChannelConfig, ChannelKey, ChannelStore, EpochSecret, NewGeneration, PassphraseParams,
};
pub use counter_store::CounterStore;
pub use mls::{MlsEpochs, MlsMember};
pub(crate) use snapshot::Snapshot;

use crate::cipher::{CheckedCipher, CipherSuite, Params};
use crate::error::{Error, Misuse};
use crate::event::{Event, EventQueue};
use crate::id::{Counter, KeyId, SenderId};

use key::SendKey;
use recv_key::RecvKey;
use schedule::{KEY_MARK, fingerprint};
use secret::Secret;
use snapshot::{Floors, Receive};

/// Retired KIDs whose frames are told from those of KIDs never known.
const MAX_RETIRED_KIDS: usize = 1024;
/// A clock below this was never set.
const MIN_UNIX_SECONDS: u64 = 3600;

/// What the application knows of a send key's counter. There is no default: a wrong answer repeats nonces.
#[derive(Clone, Copy, Debug)]
pub enum CounterOrigin<'a> {
    /// This (base key, KID) has sealed nothing, in this store, another store, this process or any other: only the application
    /// can know. CTR starts at 0.
    FreshKey,
    /// The key may live through restarts: CTR goes on from what the store reserved.
    Store(&'a CounterStore),
}

/// The keys of one channel: the control plane. Clones share, from any thread.
///
/// Keys in raw mode, as RFC 9605 section 4.4.2 has them: the application maps each KID to a base key and vouches for both.
#[derive(Clone)]
pub struct KeyStore {
    inner: Arc<Inner>,
}

struct Inner {
    cipher: CheckedCipher,
    events: Arc<EventQueue>,
    state: Mutex<State>,
    /// Counts changes of `state` that the data plane must see.
    version: AtomicU64,
}

struct State {
    send: BTreeMap<KeyId, Arc<SendKey>>,
    active: Option<KeyId>,
    /// KIDs that this store sends or ever sent under.
    own: BTreeSet<KeyId>,
    receive: BTreeMap<KeyId, Receive>,
    /// KIDs in the order in which their keys were retired; the last ones alone.
    retired: VecDeque<KeyId>,
    floors: Floors,
    marks: HashMap<[u8; 32], Direction>,
    /// Salts the marks, so that memory holds no hash of a key that can be tried against guesses.
    mark_salt: Secret<32>,
    now: Option<u64>,
    refuses_after_failures: bool,
    snapshot: Arc<Snapshot>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Send,
    Receive,
}

impl KeyStore {
    /// Makes an empty store for raw keys of a built-in suite.
    ///
    /// # Errors
    /// [`Misuse::UnsupportedSuite`] for other suites; [`Misuse::ShortTag`] for those with 32-bit tags;
    /// [`Error::EntropyUnavailable`] if the system gives no random octets.
    pub fn raw(suite: CipherSuite) -> Result<Self, Error> {
        Self::raw_with(&CheckedCipher::builtin(suite)?)
    }

    /// Makes an empty store for raw keys of a registered cipher.
    ///
    /// # Errors
    /// [`Misuse::ShortTag`] for a short tag without opt-in; [`Error::EntropyUnavailable`] as above.
    pub fn raw_with(cipher: &CheckedCipher) -> Result<Self, Error> {
        cipher.check_tag_policy()?;
        let mut mark_salt = Secret::zeroed();
        getrandom::fill(mark_salt.expose_mut()).map_err(|_| Error::EntropyUnavailable)?;
        Ok(Self {
            inner: Arc::new(Inner {
                cipher: cipher.clone(),
                events: Arc::new(EventQueue::new()),
                state: Mutex::new(State {
                    send: BTreeMap::new(),
                    active: None,
                    own: BTreeSet::new(),
                    receive: BTreeMap::new(),
                    retired: VecDeque::new(),
                    floors: Floors::default(),
                    marks: HashMap::new(),
                    mark_salt,
                    now: None,
                    refuses_after_failures: false,
                    snapshot: Arc::default(),
                }),
                version: AtomicU64::new(0),
            }),
        })
    }

    /// Returns the suite of every key in this store.
    #[must_use]
    pub fn suite(&self) -> CipherSuite {
        self.inner.cipher.suite()
    }

    /// Adds a key to seal with. It seals nothing before [`activate`](Self::activate).
    ///
    //= https://www.rfc-editor.org/rfc/rfc9605#section-4.4.1
    //# Implementations MUST mark each `base_key` as usable for encryption or decryption, never both.
    /// A (base key, KID) that was ever held for sending is refused for the life of the store, also after
    /// it was retired, because its counter would begin again.
    ///
    /// # Errors
    /// [`Misuse::KidInUse`] if a send key with this KID is held; [`Misuse::KeyReused`] and [`Misuse::SendAndReceive`] if this
    /// (base key, KID) was held before; [`Error::CounterStore`] if its record cannot be claimed or written.
    pub fn add_send(
        &self,
        base_key: BaseKey,
        kid: KeyId,
        origin: CounterOrigin<'_>,
    ) -> Result<(), Error> {
        let mark = self.lock().check_send(&base_key, kid)?;
        let record = match origin {
            CounterOrigin::FreshKey => None,
            CounterOrigin::Store(store) => Some(store.claim(&base_key, kid)?),
        };
        // Not under the lock, for which a media thread may wait: this may write to disk.
        let events = Arc::clone(&self.inner.events);
        let key = SendKey::new(&self.inner.cipher, &base_key, kid, record, events)?;
        let mut state = self.lock();
        state.check_send(&base_key, kid)?;
        state.marks.insert(mark, Direction::Send);
        state.own.insert(kid);
        state.send.insert(kid, Arc::new(key));
        self.publish(state);
        Ok(())
    }

    /// Adds a key to open with, at once, and names the sender whom the application knows to hold it.
    ///
    /// The replay window of a (base key, KID) outlives the key: added again after it was retired, the key opens only what is newer
    /// than all it had opened.
    ///
    /// # Errors
    /// [`Misuse::KidInUse`] if a receive key with this KID is held; [`Misuse::SendAndReceive`] if this (base key, KID) is or
    /// was a send key.
    pub fn add_receive(
        &self,
        base_key: BaseKey,
        kid: KeyId,
        sender: SenderId,
    ) -> Result<(), Error> {
        self.add_receive_key(base_key, kid, sender, None)
    }

    /// Adds a key that opens from the first [`tick`](Self::tick) at or after `opens_at` (seconds since 1970); frames that come before
    /// are [`Error::NotYetActive`].
    ///
    /// # Errors
    /// As [`add_receive`](Self::add_receive).
    pub fn add_receive_at(
        &self,
        base_key: BaseKey,
        kid: KeyId,
        sender: SenderId,
        opens_at: u64,
    ) -> Result<(), Error> {
        self.add_receive_key(base_key, kid, sender, Some(opens_at))
    }

    #[allow(
        clippy::needless_pass_by_value,
        reason = "a key handed over is wiped here"
    )]
    fn add_receive_key(
        &self,
        base_key: BaseKey,
        kid: KeyId,
        sender: SenderId,
        opens_at: Option<u64>,
    ) -> Result<(), Error> {
        let (mark, floor) = self.lock().check_receive(&base_key, kid)?;
        // Not under the lock, for which a media thread may wait: the key schedule of a custom cipher may be slow.
        let events = Arc::clone(&self.inner.events);
        let key = Arc::new(RecvKey::new(
            &self.inner.cipher,
            &base_key,
            kid,
            sender,
            mark,
            floor,
            events,
        )?);
        let mut state = self.lock();
        if state.check_receive(&base_key, kid)? != (mark, floor) {
            // Added and retired again meanwhile, by another thread: it holds the KID's fate.
            return Err(Misuse::KidInUse { kid }.into());
        }
        let receive = match opens_at {
            Some(at) if state.now.is_none_or(|now| now < at) => Receive::NotYet(key, at),
            _ => Receive::Open(key),
        };
        state.marks.insert(mark, Direction::Receive);
        state.receive.insert(kid, receive);
        self.publish(state);
        Ok(())
    }

    /// Makes a send key the one that seals, from the next frame of every encryptor on.
    ///
    /// # Errors
    /// [`Misuse::UnknownSendKey`] if it was not added, or was retired.
    pub fn activate(&self, kid: KeyId) -> Result<(), Error> {
        let mut state = self.lock();
        if !state.send.contains_key(&kid) {
            return Err(Misuse::UnknownSendKey { kid }.into());
        }
        state.active = Some(kid);
        self.publish(state);
        Ok(())
    }

    /// Retires a send key. It is wiped when the last encryptor that used it handles its next frame, is refreshed or dropped.
    ///
    /// # Errors
    /// [`Misuse::UnknownSendKey`] if it was not added, or was retired before.
    pub fn retire_send(&self, kid: KeyId) -> Result<(), Error> {
        let mut state = self.lock();
        // Dropped when the lock is open again: a custom cipher's key runs code of the application.
        let retired = state.send.remove(&kid);
        if retired.is_none() {
            return Err(Misuse::UnknownSendKey { kid }.into());
        }
        state.active = state.active.filter(|&active| active != kid);
        self.publish(state);
        Ok(())
    }

    /// Retires a receive key: its frames are [`Error::RetiredKey`] from now on. It is wiped like a send key; how far it had opened is
    /// remembered.
    ///
    /// # Errors
    /// [`Misuse::UnknownReceiveKey`] if it was not added, or was retired before.
    pub fn retire_receive(&self, kid: KeyId) -> Result<(), Error> {
        let mut state = self.lock();
        let Some(Receive::Open(key) | Receive::NotYet(key, _)) = state.receive.get(&kid).cloned()
        else {
            return Err(Misuse::UnknownReceiveKey { kid }.into());
        };
        state.receive.insert(kid, Receive::Retired);
        state.retired.push_back(kid);
        if state.retired.len() > MAX_RETIRED_KIDS
            && let Some(oldest) = state.retired.pop_front()
            && !state.retired.contains(&oldest)
            && matches!(state.receive.get(&oldest), Some(Receive::Retired))
        {
            state.receive.remove(&oldest);
        }
        // Closed first: a frame that is being opened is marked before its CTR is read, or not delivered.
        if let Some(highest) = key.window().close()
            && let Some(mark) = key.mark()
            && state.floors.insert(*mark, highest)
        {
            self.inner.events.push(Event::ReplayHistoryLost);
        }
        self.publish(state);
        Ok(())
    }

    /// Opens nothing more under a key once 4,096 frames failed authentication under it: [`Error::IntegrityLimit`]. Off by default, because so many
    /// junk packets would silence a sender until a fresh key comes; for 32-bit tags it may be worth that.
    pub fn refuse_after_failures(&self) {
        let mut state = self.lock();
        state.refuses_after_failures = true;
        self.publish(state);
    }

    /// Tells the time, in seconds since 1970. Call it at least once a minute, off the media threads: it opens the keys that were
    /// waiting for it, and reserves the next counters on disk. A clock that goes back closes nothing.
    ///
    /// # Errors
    /// [`Misuse::ClockUnset`] under 3600; [`Error::CounterStore`] if a reserve cannot be written (frames go on until what is reserved
    /// is used); [`Error::Forked`] in a forked process that still holds its parent's send keys.
    pub fn tick(&self, unix_seconds: u64) -> Result<(), Error> {
        if unix_seconds < MIN_UNIX_SECONDS {
            return Err(Misuse::ClockUnset { unix_seconds }.into());
        }
        let mut state = self.lock();
        state.now = Some(unix_seconds);
        let mut opened = false;
        for receive in state.receive.values_mut() {
            if let Receive::NotYet(key, opens_at) = receive
                && *opens_at <= unix_seconds
            {
                *receive = Receive::Open(Arc::clone(key));
                opened = true;
            }
        }
        let send: Vec<_> = state.send.values().cloned().collect();
        if opened {
            self.publish(state);
        } else {
            drop(state);
        }
        let mut first_fault = Ok(());
        for key in send {
            first_fault = first_fault.and(key.tick());
        }
        first_fault
    }

    /// Takes the oldest event, if there is one. [`Event::EventsLost`] comes first where any were dropped.
    #[must_use]
    pub fn poll_event(&self) -> Option<Event> {
        self.inner.events.poll()
    }

    pub(crate) fn params(&self) -> Params {
        self.inner.cipher.params()
    }

    /// The number of the newest snapshot: one load, for each frame.
    #[inline]
    pub(crate) fn version(&self) -> u64 {
        self.inner.version.load(Ordering::Acquire)
    }

    /// The newest snapshot. Locks, for as long as a control call takes; called when the version has changed.
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.lock().snapshot)
    }

    /// The send key of a KID, active or not. Locks.
    pub(crate) fn send_key(&self, kid: KeyId) -> Option<Arc<SendKey>> {
        self.lock().send.get(&kid).map(Arc::clone)
    }

    pub(crate) fn events(&self) -> &Arc<EventQueue> {
        &self.inner.events
    }

    /// Adds and activates a send key that stands at `ctr` and has drawn `blocks`.
    #[cfg(test)]
    pub(crate) fn add_send_at_for_testing(
        &self,
        base_key: &BaseKey,
        kid: KeyId,
        ctr: u64,
        blocks: u64,
    ) -> Result<(), Error> {
        let events = Arc::clone(&self.inner.events);
        let key = SendKey::new(&self.inner.cipher, base_key, kid, None, events)?
            .with_counter_for_testing(ctr)
            .with_blocks_for_testing(blocks);
        let mut state = self.lock();
        state.own.insert(kid);
        state.send.insert(kid, Arc::new(key));
        drop(state);
        self.activate(kid)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.inner
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Publishes a change to the data plane.
    fn publish(&self, mut state: MutexGuard<'_, State>) {
        let version = self.version() + 1;
        let snapshot = Arc::new(Snapshot {
            version,
            refuses_after_failures: state.refuses_after_failures,
            send: state
                .active
                .and_then(|kid| state.send.get(&kid))
                .map(Arc::clone),
            receive: state
                .receive
                .iter()
                .map(|(kid, receive)| (*kid, receive.clone()))
                .collect(),
            own: state.own.iter().copied().collect(),
        });
        let former = std::mem::replace(&mut state.snapshot, snapshot);
        self.inner.version.store(version, Ordering::Release);
        drop(state);
        // Its keys may be the last of a custom cipher, whose code must not run under the lock.
        drop(former);
    }
}

impl State {
    fn mark(&self, base_key: &BaseKey, kid: KeyId) -> [u8; 32] {
        fingerprint(KEY_MARK, self.mark_salt.expose(), base_key.expose(), kid)
    }

    /// Sees whether the key may be added for sending, and returns its mark.
    fn check_send(&self, base_key: &BaseKey, kid: KeyId) -> Result<[u8; 32], Error> {
        if self.send.contains_key(&kid) {
            return Err(Misuse::KidInUse { kid }.into());
        }
        let mark = self.mark(base_key, kid);
        match self.marks.get(&mark) {
            None => Ok(mark),
            Some(Direction::Send) => Err(Misuse::KeyReused { kid }.into()),
            Some(Direction::Receive) => Err(Misuse::SendAndReceive { kid }.into()),
        }
    }

    /// Sees whether the key may be added for receiving, and returns its mark and the floor it left when it was retired.
    fn check_receive(
        &self,
        base_key: &BaseKey,
        kid: KeyId,
    ) -> Result<([u8; 32], Option<Counter>), Error> {
        if let Some(Receive::Open(_) | Receive::NotYet(..)) = self.receive.get(&kid) {
            return Err(Misuse::KidInUse { kid }.into());
        }
        let mark = self.mark(base_key, kid);
        if self.marks.get(&mark) == Some(&Direction::Send) {
            return Err(Misuse::SendAndReceive { kid }.into());
        }
        Ok((mark, self.floors.highest.get(&mark).copied()))
    }
}

impl fmt::Debug for KeyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("KeyStore")
            .field("suite", &self.suite())
            .field("active", &state.active)
            .field("send", &state.send.keys())
            .field("receive", &state.receive.keys())
            .finish_non_exhaustive()
    }
}
