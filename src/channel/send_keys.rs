//! Where an encryptor finds the key to seal with: in a store of raw keys, or in the sessions of a channel.

use std::sync::Arc;

use crate::error::Error;
use crate::keys::channel::{Channel, Sender};
use crate::keys::key::SendKey;
use crate::keys::{KeyStore, Snapshot};

/// The send keys of an encryptor.
pub(super) enum SendKeys {
    Raw {
        store: KeyStore,
        snapshot: Arc<Snapshot>,
    },
    Channel {
        channel: Channel,
        sender: Arc<Sender>,
        /// The version of the channel that the held session is of.
        version: Option<u64>,
    },
}

/// What became of the key that an encryptor holds.
pub(super) enum Change {
    None,
    To(Option<Arc<SendKey>>),
}

impl SendKeys {
    /// Looks whether `held` is still the key to seal with. One load where nothing has changed.
    #[inline]
    pub(super) fn now(&mut self, held: Option<&Arc<SendKey>>) -> Result<Change, Error> {
        match self {
            Self::Raw { store, snapshot } => {
                let is_adopted = held.is_some() == snapshot.send.is_some();
                if store.version() == snapshot.version && is_adopted {
                    return Ok(Change::None);
                }
                *snapshot = store.snapshot();
                Ok(Change::To(snapshot.send.clone()))
            }
            Self::Channel {
                channel,
                sender,
                version,
            } => {
                let now = channel.version();
                if *version == Some(now) && held.is_some_and(|key| !key.is_exhausted()) {
                    return Ok(Change::None);
                }
                // Read before the session is asked for: a change that comes between is seen at the next frame.
                *version = Some(now);
                Ok(Change::To(Some(channel.session(sender)?)))
            }
        }
    }
}
