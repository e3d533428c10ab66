//! Sending: an encryptor's sessions, one KID and one base key each.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[cfg(feature = "recording")]
use arrayvec::ArrayVec;

use super::generation::{Step, session_base_key};
use crate::cipher::CheckedCipher;
#[cfg(feature = "recording")]
use crate::cipher::CipherSuite;
use crate::error::Error;
use crate::event::EventQueue;
use crate::id::{KeyId, Media, SenderId};
use crate::keys::base_key::BaseKey;
use crate::keys::key::SendKey;
use crate::keys::key_octets::KeyOctets;

/// Sessions of an encryptor that are remembered when they are over.
#[cfg(feature = "recording")]
const MAX_FORMER: usize = 4;
/// Frames of one session.
const MAX_FRAMES: u64 = 1 << 32;

/// What a session is for. An encryptor changes over when this changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) generation: u64,
    pub(super) step: u32,
    pub(super) period: u64,
    /// Counts calls of `renew_sessions`.
    pub(super) renewal: u64,
}

/// An encryptor as the control plane sees it.
pub(crate) struct Sender {
    pub(super) id: SenderId,
    pub(super) media: Media,
    sessions: Mutex<Sessions>,
}

#[derive(Default)]
pub(super) struct Sessions {
    pub(super) current: Option<(Target, Arc<SendKey>)>,
    /// Prepared off the frame path; the encryptor changes over at its next frame.
    pub(super) next: Option<(Target, Arc<SendKey>)>,
    /// Those before, without their keys, the last one last: their grants may be asked for a little later.
    #[cfg(feature = "recording")]
    former: ArrayVec<(Target, KeyId), MAX_FORMER>,
}

impl Sessions {
    /// Begins a session.
    pub(super) fn begin(&mut self, target: Target, key: Arc<SendKey>) {
        let former = self.current.replace((target, key));
        #[cfg(feature = "recording")]
        if let Some((target, key)) = &former {
            if self.former.is_full() {
                self.former.remove(0);
            }
            self.former.push((*target, key.kid()));
        }
        drop(former);
    }

    /// Forgets the sessions of a generation that is gone.
    pub(super) fn forget(&mut self, generation: u64) {
        for session in [&mut self.current, &mut self.next] {
            if session
                .as_ref()
                .is_some_and(|(target, _)| target.generation == generation)
            {
                *session = None;
            }
        }
        #[cfg(feature = "recording")]
        self.former
            .retain(|(target, _)| target.generation != generation);
    }
}

#[cfg(feature = "recording")]
impl Sessions {
    /// What the session of a KID is for, if it is held or was among the last.
    pub(super) fn target(&self, kid: KeyId) -> Option<Target> {
        let held = [&self.current, &self.next];
        held.into_iter()
            .flatten()
            .map(|(target, key)| (*target, key.kid()))
            .chain(self.former.iter().copied())
            .find(|(_, held)| *held == kid)
            .map(|(target, _)| target)
    }
}

impl Sender {
    pub(super) fn new(id: SenderId, media: Media) -> Self {
        Self {
            id,
            media,
            sessions: Mutex::default(),
        }
    }

    pub(super) fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The fields of a session's KID, from the highest bits to the lowest:
/// session (54 bits) ‖ period mod 4 (2) ‖ g mod 16 (4) ‖ s mod 16 (4).
pub(super) fn kid(session: u64, target: &Target) -> KeyId {
    KeyId::new(
        (session << 10)
            | ((target.period & 3) << 8)
            | ((target.generation & 15) << 4)
            | u64::from(target.step & 15),
    )
}

/// Makes a session: a KID that is new, and the key of its first frame.
pub(super) fn start(
    cipher: &CheckedCipher,
    step: &Step,
    sender: &Sender,
    target: &Target,
    is_own: impl Fn(KeyId) -> bool,
    events: Arc<EventQueue>,
) -> Result<SendKey, Error> {
    let kid = loop {
        let kid = kid(random_bits(54)?, target);
        if !is_own(kid) {
            break kid;
        }
    };
    let base_key = base_key(step, sender, target, kid);
    // With a sender and a clock the base key itself is new; else a random start keeps two sessions of one KID apart.
    let start = if !sender.id.as_bytes().is_empty() && target.period > 0 {
        0
    } else {
        random_bits(24)? << 32
    };
    SendKey::for_session(cipher, &base_key, kid, start, start + MAX_FRAMES, events)
}

fn base_key(step: &Step, sender: &Sender, target: &Target, kid: KeyId) -> BaseKey {
    let mut base_key = KeyOctets::zeroed(32);
    session_base_key(
        step,
        &sender.id,
        sender.media,
        target.period,
        kid,
        base_key.expose_mut(),
    );
    BaseKey::derived(base_key)
}

/// What opens one session, and what it is.
#[cfg(feature = "recording")]
pub(crate) struct SessionSecret {
    pub(crate) suite: CipherSuite,
    pub(crate) sender: SenderId,
    pub(crate) media: Media,
    pub(crate) generation: u64,
    pub(crate) step: u32,
    pub(crate) period: u64,
    pub(crate) base_key: BaseKey,
}

/// Derives what opens the session `kid` of `sender`.
#[cfg(feature = "recording")]
pub(super) fn secret(
    step: &Step,
    suite: CipherSuite,
    sender: &Sender,
    target: &Target,
    kid: KeyId,
) -> SessionSecret {
    SessionSecret {
        suite,
        sender: sender.id.clone(),
        media: sender.media,
        generation: target.generation,
        step: target.step,
        period: target.period,
        base_key: base_key(step, sender, target, kid),
    }
}

fn random_bits(bits: u32) -> Result<u64, Error> {
    let mut octets = [0; 8];
    getrandom::fill(&mut octets).map_err(|_| Error::EntropyUnavailable)?;
    Ok(u64::from_be_bytes(octets) >> (64 - bits))
}
