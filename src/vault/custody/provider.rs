//! Who holds key encryption keys: the one trait that every provider implements, ours and the application's.
//!
//! ```text
//!  Custody: states, policy, authorizer, audit ──► KeyProvider: wrap, unwrap ──► file, HSM, KMS, keychain, yours
//! ```
//!
//! A provider holds KEKs by (id, version) and uses them. [`Custody`](super::Custody) picks ids, counts versions, and enforces states and
//! policy, in one place above all providers; a provider that can refuse by itself (a disabled KMS key) does so in addition.

use std::fmt;

use crate::vault::wrapped::{Dek, WrapContext, WrappedKey};

use super::error::ProviderError;
use super::state::KeyState;

/// Names one version of a key encryption key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KekRef {
    /// The id: 1 to 64 letters, digits, `-` or `_`. [`Custody`](super::Custody) makes it: `kek-` and 32 hexadecimal digits.
    pub id: String,
    /// The version, counted from 1.
    pub version: u32,
}

impl fmt::Display for KekRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} version {}", self.id, self.version)
    }
}

/// What a key encryption key is for: a tenant × a region × a purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KekSpec {
    /// Its id and version.
    pub kek: KekRef,
    /// Whose keys it wraps: at most 255 octets, may be empty.
    pub tenant: String,
    /// Where it may be used: at most 255 octets, empty where it is nowhere bound.
    pub region: String,
    /// What for, as the application calls it (`recordings`, a retention bucket): at most 255 octets.
    pub purpose: String,
}

/// By what a provider protects its keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Protection {
    /// This process computes with the keys.
    Software,
    /// A module computes with them, and they do not leave it.
    Hardware,
    /// A service elsewhere computes with them.
    Remote,
}

/// What a provider says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderInfo {
    /// The scheme of its URL, which [`WrappedKey::provider`] names: `file`, `pkcs11`, `awskms`, `keychain`, or an application's.
    pub scheme: String,
    /// This one of its kind, the same after each start: the id of a store, label and serial number of a token, account and endpoint.
    /// Not secret, at most 255 octets.
    pub id: String,
    /// Where it is, as policies name regions; empty where it does not say.
    pub region: String,
    /// By what keys are protected.
    pub protection: Protection,
    /// Whether a KEK can leave it in a form that others can use.
    pub exportable: bool,
}

/// Whether a provider keeps a key's state by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enforcement {
    /// It refuses by itself what the state does not allow.
    ByProvider,
    /// It cannot: the state is the custody store's alone.
    ByCustodyOnly,
}

/// When a destroyed key is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destruction {
    /// It is gone.
    Done,
    /// The provider keeps it, unusable, until then: microseconds since 1970.
    Scheduled {
        /// When it will be gone.
        unix_micros: u64,
    },
}

/// One key to be wrapped anew, and what it is bound to.
#[derive(Clone, Copy, Debug)]
pub struct Rewrap<'a> {
    /// The key, wrapped by this provider under any of its KEKs.
    pub wrapped: &'a WrappedKey,
    /// Its context: the same before and after.
    pub context: &'a WrapContext,
}

/// Holds key encryption keys and uses them.
///
/// What is wrapped is bound to [`WrapContext::authenticated`] of the KEK's id and version: as AAD, as a KMS encryption context, or by a key of
/// its own. [`WrappedKey::context_hash`] is its SHA-256 ([`WrappedKey::new`] computes it, [`WrappedKey::is_for`] compares it). Implementations
/// never log, print or put into an error what they are given to wrap.
pub trait KeyProvider: Send + Sync {
    /// What the provider is.
    fn describe(&self) -> ProviderInfo;

    /// Makes a KEK under the id and version of `spec`, in pre-activation where the provider keeps states: [`Self::set_state`] activates it. It is
    /// durable when this returns.
    ///
    /// # Errors
    /// [`ProviderError::KekExists`] if the provider has that id and version, or had it before it was destroyed; the key there stays as it is.
    fn create_kek(&self, spec: &KekSpec) -> Result<(), ProviderError>;

    /// Makes the version after that of `current`, which stays usable. By default [`Self::create_kek`] under the next number.
    ///
    /// # Errors
    /// As [`Self::create_kek`].
    fn rotate(&self, current: &KekSpec) -> Result<KekRef, ProviderError> {
        let version = current.kek.version.checked_add(1);
        let kek = KekRef {
            id: current.kek.id.clone(),
            version: version.ok_or(ProviderError::Unsupported("2^32 versions of a key"))?,
        };
        self.create_kek(&KekSpec {
            kek: kek.clone(),
            ..current.clone()
        })?;
        Ok(kek)
    }

    /// Draws a data encryption key: by default from the operating system.
    ///
    /// # Errors
    /// What the source of random octets says.
    fn new_dek(&self) -> Result<Dek, ProviderError> {
        Ok(Dek::generate()?)
    }

    /// Wraps `dek` under `kek` for `context`.
    ///
    /// # Errors
    /// [`ProviderError::NoSuchKek`], [`ProviderError::Refused`] if the provider keeps a state that forbids it,
    /// [`ProviderError::Unavailable`] if it may succeed later.
    fn wrap(
        &self,
        kek: &KekRef,
        dek: &Dek,
        context: &WrapContext,
    ) -> Result<WrappedKey, ProviderError>;

    /// Opens `wrapped`, if it was wrapped for `context`. Nothing of it leaves before it is authenticated.
    ///
    /// # Errors
    /// [`ProviderError::DoesNotAuthenticate`] if it was not, or was altered; else as [`Self::wrap`].
    fn unwrap(&self, wrapped: &WrappedKey, context: &WrapContext) -> Result<Dek, ProviderError>;

    /// Wraps keys anew under `to`, each for itself: one result a key, in their order.
    ///
    /// By default each is unwrapped and wrapped in this process; a service that can do it within itself (`ReEncrypt`) does so.
    fn rewrap(&self, to: &KekRef, keys: &[Rewrap<'_>]) -> Vec<Result<WrappedKey, ProviderError>> {
        keys.iter()
            .map(|key| {
                let dek = self.unwrap(key.wrapped, key.context)?;
                self.wrap(to, &dek, key.context)
            })
            .collect()
    }

    /// Tells the provider the new state of a KEK. [`Custody`](super::Custody) has checked that it may follow the last one; the same state may come
    /// twice. [`KeyState::Destroyed`] comes as [`Self::destroy_kek`] instead, or not at all, where destruction is logical.
    ///
    /// # Errors
    /// [`ProviderError::NoSuchKek`], [`ProviderError::Unavailable`]; the state is then as before.
    fn set_state(&self, kek: &KekRef, state: KeyState) -> Result<Enforcement, ProviderError>;

    /// Destroys one version of a KEK for good. For one that is gone already, the same answer once more.
    ///
    /// # Errors
    /// [`ProviderError::NoSuchKek`] if it was never there; [`ProviderError::Unsupported`] if the provider destroys nothing;
    /// [`ProviderError::Unavailable`].
    fn destroy_kek(&self, kek: &KekRef) -> Result<Destruction, ProviderError>;
}
