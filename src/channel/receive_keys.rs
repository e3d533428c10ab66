//! Where a decryptor finds the key of a frame: in a store of raw keys, or by deriving the session of a channel.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use zeroize::Zeroize;

use crate::cipher::{CheckedCipher, CipherError, CostClass, PacketKey};
use crate::error::{Error, Misuse};
use crate::event::EventQueue;
use crate::format::sframe::{self, FrameContext, Header};
use crate::id::{KeyId, Media, SenderId};
use crate::keys::channel::{
    Channel, ChannelView, MAX_EXPECTED, Place, SessionIndex, session_base_key,
};
use crate::keys::recv_key::{RecvKey, say_failures};
use crate::keys::schedule::SframeSecrets;
use crate::keys::secret::{Secret, with_wiped_stack};
use crate::keys::{KeyStore, Snapshot};

/// Sessions that a decryptor keeps at hand; the store keeps all.
const MAX_AT_HAND: usize = 4096;

/// The receive keys of a decryptor.
pub(super) enum ReceiveKeys {
    Raw {
        store: KeyStore,
        snapshot: Arc<Snapshot>,
    },
    Channel(Box<ChannelKeys>),
}

/// Those of a channel.
pub(super) struct ChannelKeys {
    channel: Channel,
    view: Arc<ChannelView>,
    expected: Vec<(SenderId, Media)>,
    /// Sessions heard by this decryptor. One a KID: who else holds the channel key can take a KID over, and can forge as anyone.
    at_hand: HashMap<KeyId, Arc<RecvKey>>,
    /// Memory for sessions that have not authenticated: who may have sealed, and the secrets tried.
    candidates: Vec<(SenderId, Media)>,
    secrets: SframeSecrets,
    base_key: Secret<32>,
}

/// What a header's KID led to.
pub(super) struct Found {
    pub(super) key: FoundKey,
    /// Octets of tag.
    pub(super) tag_len: usize,
    /// Most octets of plaintext.
    pub(super) max_frame_len: usize,
}

pub(super) enum FoundKey {
    /// A key that has opened frames or was added.
    Known(Arc<RecvKey>),
    /// A session that has not been heard yet.
    Unheard,
}

impl FoundKey {
    pub(super) fn sender(&self) -> Option<&SenderId> {
        match self {
            Self::Known(key) => Some(key.sender()),
            Self::Unheard => None,
        }
    }
}

impl Found {
    #[inline(always)]
    fn known(key: Arc<RecvKey>) -> Self {
        let params = key.params();
        Self {
            tag_len: params.tag_len,
            max_frame_len: params.limits.max_frame_len,
            key: FoundKey::Known(key),
        }
    }
}

/// A frame to be opened, but for its ciphertext.
pub(super) struct SealedFrame<'a> {
    pub(super) header: Header,
    pub(super) header_octets: &'a [u8],
    pub(super) metadata: &'a [u8],
    pub(super) tag: &'a [u8],
}

impl SealedFrame<'_> {
    #[inline]
    pub(super) fn context<'a>(
        &'a self,
        key: &'a PacketKey,
        salt: &'a [u8],
        scratch: &'a mut Vec<u8>,
    ) -> FrameContext<'a> {
        FrameContext {
            key,
            salt,
            ctr: self.header.ctr(),
            metadata: self.metadata,
            scratch,
        }
    }
}

impl ReceiveKeys {
    pub(super) fn raw(store: &KeyStore) -> Self {
        Self::Raw {
            store: store.clone(),
            snapshot: store.snapshot(),
        }
    }

    pub(super) fn channel(
        channel: &Channel,
        expected: &[(SenderId, Media)],
    ) -> Result<Self, Error> {
        let count = expected.len();
        if !(1..=MAX_EXPECTED).contains(&count) {
            return Err(Misuse::ExpectedSenders { count }.into());
        }
        Ok(Self::Channel(Box::new(ChannelKeys {
            channel: channel.clone(),
            view: channel.view(),
            expected: expected.to_vec(),
            at_hand: HashMap::new(),
            candidates: Vec::with_capacity(2 * MAX_EXPECTED),
            secrets: SframeSecrets::new(),
            base_key: Secret::zeroed(),
        })))
    }

    /// Where the application hears of what happens.
    pub(super) fn events(&self) -> &EventQueue {
        match self {
            Self::Raw { store, .. } => store.events(),
            Self::Channel(keys) => keys.channel.events(),
        }
    }

    /// Takes over changes, if there are any.
    #[inline]
    pub(super) fn refresh(&mut self) -> bool {
        match self {
            Self::Raw { store, snapshot } => {
                let changed = store.version() != snapshot.version;
                if changed {
                    *snapshot = store.snapshot();
                }
                changed
            }
            Self::Channel(keys) => keys.refresh(),
        }
    }

    /// Finds what a KID leads to. `last` is the key of the frame before: mostly it is this one's too, and then nothing is looked up or counted.
    #[inline(always)]
    pub(super) fn find(&self, kid: KeyId, last: &mut Option<Arc<RecvKey>>) -> Result<Found, Error> {
        match self {
            Self::Raw { snapshot, .. } => {
                let key = snapshot.recv_key(kid)?;
                Ok(Found::known(
                    match last.take_if(|last| Arc::ptr_eq(last, key)) {
                        Some(last) => last,
                        None => Arc::clone(key),
                    },
                ))
            }
            Self::Channel(keys) => keys.find(kid, last),
        }
    }

    /// Opens `data`, and returns the key of a session that was not heard before. On error `data` may hold anything but plaintext that failed.
    #[inline(always)]
    pub(super) fn open(
        &mut self,
        key: &FoundKey,
        frame: &SealedFrame<'_>,
        data: &mut [u8],
        scratch: &mut Vec<u8>,
    ) -> Result<Option<Arc<RecvKey>>, Error> {
        let (kid, ctr) = (frame.header.kid(), frame.header.ctr());
        match (key, self) {
            (FoundKey::Known(key), _) => {
                let context = frame.context(key.cipher_key(), key.salt(), scratch);
                match sframe::open(context, frame.header_octets, data, frame.tag) {
                    Ok(()) => Ok(None),
                    Err(CipherError::AuthenticationFailed) => {
                        key.count_failure();
                        Err(Error::AuthenticationFailed { kid, ctr })
                    }
                    Err(_) => Err(Error::CipherFailed { suite: key.suite() }),
                }
            }
            (FoundKey::Unheard, Self::Channel(keys)) => {
                keys.open_unheard(frame, data, scratch).map(Some)
            }
            (FoundKey::Unheard, Self::Raw { .. }) => Err(Error::MissingKey { kid }),
        }
    }

    /// Who is expected, and others.
    pub(super) fn expected_with(&self, others: &[(SenderId, Media)]) -> Vec<(SenderId, Media)> {
        let expected = match self {
            Self::Raw { .. } => &[],
            Self::Channel(keys) => &keys.expected[..],
        };
        [expected, others].concat()
    }

    /// Forgets a key whose window was closed: the next frame asks the store.
    pub(super) fn forget(&mut self, key: &RecvKey) {
        if let Self::Channel(keys) = self {
            keys.at_hand.remove(&key.kid());
        }
    }
}

impl ChannelKeys {
    pub(super) fn view(&self) -> &Arc<ChannelView> {
        &self.view
    }

    /// Who may have sealed under a KID: those announced for it, and those expected.
    pub(super) fn candidates_of(&self, kid: KeyId, candidates: &mut Vec<(SenderId, Media)>) {
        self.channel.announced(kid, candidates);
        let is_fast = |place: Place<'_>| place.cipher.params().cost == CostClass::Fast;
        if self.view.place(kid).is_ok_and(is_fast) {
            candidates.extend_from_slice(&self.expected);
        }
    }

    /// Tells whether this decryptor has opened frames of a generation.
    pub(super) fn has_heard(&self, generation: u64) -> bool {
        let of_generation = |key: &Arc<RecvKey>| {
            key.session()
                .is_some_and(|session| session.generation == generation)
        };
        self.at_hand.values().any(of_generation)
    }

    #[inline(always)]
    fn find(&self, kid: KeyId, last: &mut Option<Arc<RecvKey>>) -> Result<Found, Error> {
        // A key that is dropped from those at hand is forgotten as the last one too.
        let known = match last.take_if(|last| last.kid() == kid) {
            Some(last) => Some(last),
            None => self.at_hand.get(&kid).map(Arc::clone),
        };
        if let Some(key) = known
            && !key.window().is_closed()
        {
            if self.view.refuses_after_failures && key.is_over_integrity_limit() {
                return Err(Error::IntegrityLimit { kid });
            }
            return Ok(Found::known(key));
        }
        if self.view.is_own(kid) {
            return Err(Error::Reflected { kid });
        }
        let place = self.view.place(kid)?;
        let params = place.cipher.params();
        if self.view.refuses_after_failures
            && place.seen.failures() >= params.limits.max_open_failures
        {
            return Err(Error::IntegrityLimit { kid });
        }
        if params.cost == CostClass::Slow && !self.channel.is_announced(kid) {
            return Err(Error::MissingKey { kid });
        }
        Ok(Found {
            key: FoundKey::Unheard,
            tag_len: params.tag_len,
            max_frame_len: params.limits.max_frame_len,
        })
    }

    #[inline]
    fn refresh(&mut self) -> bool {
        if self.channel.version() == self.view.version {
            return false;
        }
        self.view = self.channel.view();
        let view = &self.view;
        self.at_hand
            .retain(|_, key| match (key.session(), key.seen()) {
                (Some(session), Some(seen)) => view.opens(session.generation, session.step, seen),
                _ => false,
            });
        true
    }

    /// Tries a session that has not been heard with every sender who may have it. Nothing is kept, and for built-in ciphers nothing
    /// allocated, before the frame authenticates.
    fn open_unheard(
        &mut self,
        frame: &SealedFrame<'_>,
        data: &mut [u8],
        scratch: &mut Vec<u8>,
    ) -> Result<Arc<RecvKey>, Error> {
        // What was derived is wiped, whether it opened or not: here, and where it was moved about.
        let opened = with_wiped_stack(|| self.try_candidates(frame, data, scratch));
        self.secrets.wipe();
        self.base_key.expose_mut().zeroize();
        opened
    }

    fn try_candidates(
        &mut self,
        frame: &SealedFrame<'_>,
        data: &mut [u8],
        scratch: &mut Vec<u8>,
    ) -> Result<Arc<RecvKey>, Error> {
        let (kid, ctr) = (frame.header.kid(), frame.header.ctr());
        let view = Arc::clone(&self.view);
        let place = view.place(kid)?;
        let (suite, params) = (place.cipher.suite(), place.cipher.params());
        self.candidates.clear();
        self.channel.announced(kid, &mut self.candidates);
        if params.cost == CostClass::Fast {
            self.candidates.extend_from_slice(&self.expected);
        }
        let mut error = Error::AuthenticationFailed { kid, ctr };
        let mut failures = 0;
        for (sender, media) in &self.candidates {
            session_base_key(
                place.secrets,
                sender,
                *media,
                place.period,
                kid,
                self.base_key.expose_mut(),
            );
            self.secrets
                .derive(self.base_key.expose(), kid, suite, &params);
            let key = match try_open(place.cipher, &self.secrets, frame, data, scratch) {
                Ok(Some(key)) => key,
                Ok(None) => {
                    failures += 1;
                    continue;
                }
                Err(failed) => {
                    error = failed;
                    continue;
                }
            };
            let index = SessionIndex {
                generation: place.generation,
                step: place.step,
                period: place.period,
                sender: sender.clone(),
                media: *media,
                kid,
            };
            let salt = self.secrets.salt();
            let kept = self.channel.keep(&index, ctr, place.seen, |floor| {
                let seen = Arc::clone(place.seen);
                let events = Arc::clone(self.channel.events());
                RecvKey::of_session(place.cipher, key, salt, index.clone(), seen, floor, events)
            });
            let kept = kept?;
            place.seen.step(place.step);
            if self.at_hand.len() >= MAX_AT_HAND {
                self.at_hand.clear();
            }
            self.at_hand.insert(kid, Arc::clone(&kept));
            return Ok(kept);
        }
        // A frame that opens for nobody was as many tries at a tag as there are candidates.
        for _ in 0..failures {
            count_failure(&self.channel, &place, kid);
        }
        Err(error)
    }
}

fn count_failure(channel: &Channel, place: &Place<'_>, kid: KeyId) {
    let failures = place.seen.failure();
    say_failures(channel.events(), kid, failures, &place.cipher.params());
}

/// Opens `data` with the derived secrets, or leaves the ciphertext for the next candidate.
pub(super) fn try_open(
    cipher: &CheckedCipher,
    secrets: &SframeSecrets,
    frame: &SealedFrame<'_>,
    data: &mut [u8],
    scratch: &mut Vec<u8>,
) -> Result<Option<PacketKey>, Error> {
    let suite = cipher.suite().value();
    let failed = Error::CipherFailed { suite };
    let (header, tag) = (frame.header_octets, frame.tag);
    let (key, opened) = if let Some(key) = PacketKey::builtin(cipher, secrets.key()) {
        let key = key.map_err(|_| failed)?;
        let context = frame.context(&key, secrets.salt(), scratch);
        let opened = sframe::try_open(context, header, data, tag);
        (key, opened)
    } else {
        // A cipher behind a pointer wipes what it could not open: it gets a copy.
        let key = PacketKey::new(cipher, secrets.key()).map_err(|_| failed)?;
        let mut copy = data.to_vec();
        let context = frame.context(&key, secrets.salt(), scratch);
        let opened = sframe::open(context, header, &mut copy, tag);
        if opened.is_ok() {
            data.copy_from_slice(&copy);
        }
        copy.zeroize();
        (key, opened)
    };
    match opened {
        Ok(()) => Ok(Some(key)),
        Err(CipherError::AuthenticationFailed) => Ok(None),
        Err(_) => Err(failed),
    }
}

impl fmt::Debug for ReceiveKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Raw { store, .. } => store.fmt(f),
            Self::Channel(keys) => keys.channel.fmt(f),
        }
    }
}
