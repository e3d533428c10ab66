//! Receive keys. (Send keys are in `key.rs`: two types without a common trait, so that the wrong one is a compile error.)

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::cipher::{CheckedCipher, PacketKey, Params, Wiped};
use crate::error::Error;
use crate::event::{Event, EventQueue};
use crate::id::{Counter, KeyId, SenderId};

use super::base_key::BaseKey;
use super::channel::index::{Seen, SessionIndex};
use super::material::{Material, Salt};
use super::replay::ReplayWindow;

/// Where a receive key comes from, and who counts its failures.
enum Origin {
    /// Added by the application; `mark` is by what the store knows (base key, KID) again.
    Raw { mark: [u8; 32], failures: AtomicU64 },
    /// Derived for a session of a channel.
    Session {
        index: SessionIndex,
        seen: Arc<Seen>,
    },
}

/// A key that opens. It holds the replay window of its (base key, KID).
pub(crate) struct RecvKey {
    material: Material,
    sender: SenderId,
    origin: Origin,
    window: ReplayWindow,
    replays: AtomicU64,
    events: Arc<EventQueue>,
}

impl RecvKey {
    pub(crate) fn new(
        cipher: &CheckedCipher,
        base_key: &BaseKey,
        kid: KeyId,
        sender: SenderId,
        mark: [u8; 32],
        floor: Option<Counter>,
        events: Arc<EventQueue>,
    ) -> Result<Self, Error> {
        Ok(Self {
            material: Material::new(cipher, base_key, kid)?,
            sender,
            origin: Origin::Raw {
                mark,
                failures: AtomicU64::new(0),
            },
            window: ReplayWindow::new(floor),
            replays: AtomicU64::new(0),
            events,
        })
    }

    /// Keeps the key of a session that has just authenticated.
    pub(crate) fn of_session(
        cipher: &CheckedCipher,
        cipher_key: PacketKey,
        salt: &[u8],
        index: SessionIndex,
        seen: Arc<Seen>,
        floor: Option<Counter>,
        events: Arc<EventQueue>,
    ) -> Self {
        Self {
            material: Material {
                kid: index.kid,
                suite: cipher.suite().value(),
                cipher_key: Box::new(Wiped::new(cipher_key)),
                salt: Salt::new(salt),
                params: cipher.params(),
            },
            sender: index.sender.clone(),
            origin: Origin::Session { index, seen },
            window: ReplayWindow::new(floor),
            replays: AtomicU64::new(0),
            events,
        }
    }

    /// Which session it is of, in a channel.
    #[inline]
    pub(crate) fn session(&self) -> Option<&SessionIndex> {
        match &self.origin {
            Origin::Raw { .. } => None,
            Origin::Session { index, .. } => Some(index),
        }
    }

    #[inline]
    pub(crate) fn kid(&self) -> KeyId {
        self.material.kid
    }

    #[inline]
    pub(crate) fn suite(&self) -> u16 {
        self.material.suite
    }

    #[inline]
    pub(crate) fn params(&self) -> &Params {
        &self.material.params
    }

    #[inline]
    pub(crate) fn cipher_key(&self) -> &PacketKey {
        &self.material.cipher_key
    }

    #[inline]
    pub(crate) fn salt(&self) -> &[u8] {
        self.material.salt()
    }

    #[inline]
    pub(crate) fn sender(&self) -> &SenderId {
        &self.sender
    }

    /// The generation that its session is of.
    pub(crate) fn seen(&self) -> Option<&Arc<Seen>> {
        match &self.origin {
            Origin::Raw { .. } => None,
            Origin::Session { seen, .. } => Some(seen),
        }
    }

    pub(crate) fn mark(&self) -> Option<&[u8; 32]> {
        match &self.origin {
            Origin::Raw { mark, .. } => Some(mark),
            Origin::Session { .. } => None,
        }
    }

    #[inline]
    pub(crate) fn window(&self) -> &ReplayWindow {
        &self.window
    }

    /// Tells whether as many frames failed authentication as the cipher's limit says.
    #[inline]
    pub(crate) fn is_over_integrity_limit(&self) -> bool {
        let failures = match &self.origin {
            Origin::Raw { failures, .. } => failures.load(Ordering::Relaxed),
            Origin::Session { seen, .. } => seen.failures(),
        };
        failures >= self.params().limits.max_open_failures
    }

    /// Counts an authentic frame at or below the floor, and says so at each power of two.
    pub(crate) fn count_replay(&self, ctr: Counter) {
        let count = self
            .replays
            .fetch_add(1, Ordering::Relaxed)
            .saturating_add(1);
        if count.is_power_of_two() {
            let kid = self.kid();
            self.events.push(Event::Replayed { kid, ctr, count });
        }
    }

    /// Counts a frame that did not authenticate. In a channel all KIDs of a generation count together.
    pub(crate) fn count_failure(&self) {
        let failures = match &self.origin {
            Origin::Raw { failures, .. } => {
                failures.fetch_add(1, Ordering::Relaxed).saturating_add(1)
            }
            Origin::Session { seen, .. } => seen.failure(),
        };
        say_failures(&self.events, self.kid(), failures, &self.material.params);
    }
}

/// Says so at each multiple of the limit.
pub(crate) fn say_failures(events: &EventQueue, kid: KeyId, failures: u64, params: &Params) {
    if failures.is_multiple_of(params.limits.max_open_failures) {
        events.push(Event::ManyAuthenticationFailures { kid, failures });
    }
}
