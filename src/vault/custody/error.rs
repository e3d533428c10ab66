//! What can go wrong in custody, and what to do about it.

use thiserror::Error as ThisError;

use crate::error::Error;
use crate::vault::audit::AuditError;
use crate::vault::wrapped::WrapError;

use super::provider::KekRef;
use super::state::KeyState;

/// Why a provider did not do it. Each variant's documentation starts with the reaction. No secret stands in any of them.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum ProviderError {
    /// Ask another provider: this one never had that key.
    #[error("the provider has no key {0}")]
    NoSuchKek(KekRef),
    /// Take another id or version: that one is taken, or was, by a key since destroyed.
    #[error("the provider has a key {0} already, or had one")]
    KekExists(KekRef),
    /// Give up what it wrapped: the key was destroyed.
    #[error("key {0} was destroyed")]
    KekDestroyed(KekRef),
    /// Change the key's state at the provider, which by itself refuses what was asked.
    #[error("the provider refuses key {kek}: {reason}")]
    Refused {
        /// The key.
        kek: KekRef,
        /// What the provider says: a state, a policy.
        reason: String,
    },
    /// Give up this wrapped key: it was wrapped for another place or by another key, or was altered.
    #[error("the key was not wrapped for this place by this key encryption key, or was altered")]
    DoesNotAuthenticate,
    /// Bring other credentials: passphrase, PIN or access were refused.
    #[error("the provider gives no access: {0}")]
    Denied(String),
    /// Try again later: the provider is away, busy, or throttles. Nothing has changed.
    #[error("the provider is not available: {0}")]
    Unavailable(String),
    /// Choose another provider or operation.
    #[error("the provider cannot do this: {0}")]
    Unsupported(&'static str),
    /// Restore the provider's store from a backup: it is damaged.
    #[error("the provider's store is damaged: {0}")]
    Damaged(String),
    /// Fix the call: a name, URL or length is not one that there can be.
    #[error("invalid: {0}")]
    Invalid(String),
    /// Report it: the provider failed in a way of its own.
    #[error("the provider failed: {0}")]
    Failed(String),
    /// React as to the error of the core.
    #[error(transparent)]
    Core(#[from] Error),
}

impl From<WrapError> for ProviderError {
    fn from(error: WrapError) -> Self {
        match error {
            WrapError::DoesNotAuthenticate => Self::DoesNotAuthenticate,
            WrapError::Core(error) => Self::Core(error),
            error @ (WrapError::TooLong | WrapError::Malformed { .. }) => {
                Self::Invalid(error.to_string())
            }
            WrapError::Provider(error) => Self::Failed(error.to_string()),
        }
    }
}

/// Why custody refused, or failed. Each variant's documentation starts with the reaction.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum CustodyError {
    /// Look for the key elsewhere: the store has no such KEK, DEK or provider.
    #[error("the store has no {0}")]
    NotFound(String),
    /// Give up what was wrapped: its key was destroyed, at the time and for the reason given.
    #[error("key {kek} was destroyed: {reason}")]
    KeyDestroyed {
        /// The KEK, or the id of the DEK as a KEK's with version 0.
        kek: KekRef,
        /// When, in microseconds since 1970.
        unix_micros: u64,
        /// Why.
        reason: String,
    },
    /// Change the key's state first, or use another key: in this state it does not do that.
    #[error("key {kek} is {state} and does not {action}")]
    StateForbids {
        /// The KEK.
        kek: KekRef,
        /// Its state.
        state: KeyState,
        /// What was asked.
        action: &'static str,
    },
    /// Go through the states in between: this one may not follow that one.
    #[error("key {kek} is {from} and may not become {to}")]
    NoSuchTransition {
        /// The KEK.
        kek: KekRef,
        /// Its state.
        from: KeyState,
        /// The state asked for.
        to: KeyState,
    },
    /// Restore the key from the archive first.
    #[error("key {0} is archived")]
    Archived(KekRef),
    /// Use a key of the pinned region: the policy refuses this one, and the refusal is recorded.
    #[error("the policy is pinned to region {pinned:?} and refuses {what} of region {region:?}")]
    RegionForbidden {
        /// Where the policy is pinned.
        pinned: String,
        /// Where the key or provider is.
        region: String,
        /// Which of them.
        what: &'static str,
    },
    /// Ask for the right: the authorizer refused, and the refusal is recorded.
    #[error("not authorized: {0}")]
    NotAuthorized(String),
    /// Mend the audit log: it could not be written, so nothing was done, as the policy asks.
    #[error("nothing is done without its record: {0}")]
    Audit(#[from] AuditError),
    /// React as to the provider's error.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// Try again: another process holds the store, or has begun the next version of this key meanwhile; whoever wanted a rotation looks first whether it was made.
    #[error("the store is busy in another process")]
    Busy,
    /// Make room: the disk is full. What was acknowledged before is there.
    #[error("the disk is full")]
    DiskFull,
    /// Restore the store from a backup: a row or the file is damaged.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// Look at the file: the system or SQLite refuses it.
    #[error("the store cannot be used: {0}")]
    Store(String),
    /// Fix the call: a name or argument is not one that there can be.
    #[error("invalid: {0}")]
    Invalid(String),
    /// Stop here, or go on later: the progress callback asked to stop. What was done is kept.
    #[error("stopped by the progress callback")]
    Stopped,
    /// React as to the error of the core.
    #[error(transparent)]
    Core(#[from] Error),
}

impl From<WrapError> for CustodyError {
    fn from(error: WrapError) -> Self {
        Self::Provider(error.into())
    }
}

impl From<CustodyError> for WrapError {
    fn from(error: CustodyError) -> Self {
        match error {
            CustodyError::Provider(ProviderError::DoesNotAuthenticate) => Self::DoesNotAuthenticate,
            CustodyError::Core(error) => Self::Core(error),
            error => Self::Provider(Box::new(error)),
        }
    }
}
