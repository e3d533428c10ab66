//! What the application says of a channel and of a generation.

use core::fmt;

use super::channel_key::ChannelKey;
use crate::cipher::{CheckedCipher, CipherSuite};
use crate::error::{Error, Misuse};

/// Longest channel id and instance, in octets.
pub(super) const MAX_NAME: usize = 255;
/// Default grace, in seconds.
const GRACE_SECONDS: u64 = 10;
/// Default number of sessions heard that are kept, and of floors.
const MAX_SESSIONS: usize = 65_536;

/// A channel as all its members describe it: id, instance and clock are the same for all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelConfig {
    pub(super) id: Vec<u8>,
    pub(super) instance: Vec<u8>,
    pub(super) clock: bool,
    pub(super) grace_seconds: u64,
    pub(super) max_sessions: usize,
    pub(super) refuses_after_failures: bool,
}

impl ChannelConfig {
    /// Names a channel by 1 to 255 octets, usually text. Without clock and instance.
    ///
    /// # Errors
    /// [`Misuse::ChannelName`] for other lengths.
    pub fn new(id: impl AsRef<[u8]>) -> Result<Self, Error> {
        Ok(Self::of(&name(id.as_ref(), 1)?, &[], false))
    }

    /// The channel of names whose lengths were checked.
    pub(super) fn of(id: &[u8], instance: &[u8], clock: bool) -> Self {
        Self {
            id: id.to_vec(),
            instance: instance.to_vec(),
            clock,
            grace_seconds: GRACE_SECONDS,
            max_sessions: MAX_SESSIONS,
            refuses_after_failures: false,
        }
    }

    /// Names this call in the channel by up to 255 octets that never come again: with it a relay cannot replay an earlier call of the same
    /// key.
    ///
    /// # Errors
    /// [`Misuse::ChannelName`] for more octets.
    pub fn instance(self, instance: impl AsRef<[u8]>) -> Result<Self, Error> {
        Ok(Self {
            instance: name(instance.as_ref(), 0)?,
            ..self
        })
    }

    /// Binds sessions to the hour, as [`ChannelStore::tick`](super::ChannelStore::tick) tells it: a replay reaches two periods of an hour at most. All members
    /// need a clock that is right to some minutes, or none uses it.
    #[must_use]
    pub fn with_clock(self) -> Self {
        Self {
            clock: true,
            ..self
        }
    }

    /// Sets how long the old generation, or the old steps, still open after a change, in seconds from the first tick after it; 10 by
    /// default. Who ticks once a minute has up to two minutes more.
    #[must_use]
    pub fn grace_seconds(self, grace_seconds: u64) -> Self {
        Self {
            grace_seconds,
            ..self
        }
    }

    /// Opens nothing more under a generation once 4,096 frames failed authentication under it: [`Error::IntegrityLimit`]. Off by default, because
    /// so many junk packets would silence everybody until a fresh generation comes; for 32-bit tags it may be worth that.
    #[must_use]
    pub fn refuse_after_failures(self) -> Self {
        Self {
            refuses_after_failures: true,
            ..self
        }
    }

    /// Sets how many sessions heard are kept, and how many floors of those that made room; at least 1, 65,536 by default.
    #[must_use]
    pub fn max_sessions(self, max_sessions: usize) -> Self {
        Self {
            max_sessions: max_sessions.max(1),
            ..self
        }
    }
}

fn name(octets: &[u8], least: usize) -> Result<Vec<u8>, Error> {
    let len = octets.len();
    if (least..=MAX_NAME).contains(&len) {
        Ok(octets.to_vec())
    } else {
        Err(Misuse::ChannelName { len }.into())
    }
}

/// A generation to be staged: its number, its channel key, and what differs from the defaults.
pub struct NewGeneration {
    pub(super) number: u64,
    pub(super) key: ChannelKey,
    pub(super) cipher: Result<CheckedCipher, Error>,
    pub(super) opens_at: Option<u64>,
    pub(super) keeps_root: bool,
    pub(super) is_shared: bool,
}

impl NewGeneration {
    /// Takes generation `number` with its key, for AES-128-GCM, open from now on.
    #[must_use]
    pub fn new(number: u64, key: ChannelKey) -> Self {
        Self {
            number,
            key,
            cipher: CheckedCipher::builtin(CipherSuite::AES_128_GCM_SHA256_128),
            opens_at: None,
            keeps_root: false,
            is_shared: false,
        }
    }

    /// Sets the cipher: the suite belongs to the generation.
    #[must_use]
    pub fn cipher(self, cipher: &CheckedCipher) -> Self {
        Self {
            cipher: Ok(cipher.clone()),
            ..self
        }
    }

    /// Opens no frame before this time, in seconds since 1970.
    #[must_use]
    pub fn opens_at(self, unix_seconds: u64) -> Self {
        Self {
            opens_at: Some(unix_seconds),
            ..self
        }
    }

    /// Keeps the channel key as long as the generation. By default it is dropped after step 0, so that who takes the process over later has
    /// no earlier step.
    #[must_use]
    pub fn keep_root(self) -> Self {
        Self {
            keeps_root: true,
            ..self
        }
    }

    /// Allows the same channel key on several channel ids of one store.
    #[must_use]
    pub fn share_key(self) -> Self {
        Self {
            is_shared: true,
            ..self
        }
    }
}

impl fmt::Debug for NewGeneration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewGeneration")
            .field("number", &self.number)
            .field("opens_at", &self.opens_at)
            .finish_non_exhaustive()
    }
}
