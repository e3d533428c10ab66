//! Custody itself: what it is opened with, and the one way that every action takes.
//!
//! ```text
//!  who asks ──► policy: region ──► authorizer ──► audit: "allowed" ──► state of the key ──► provider ──► store
//!                   │ refused        │ refused       │ not written            │
//!                   └────────────────┴───────────────┴── nothing is done ─────┘
//! ```

use std::borrow::Cow;
use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::error::Error;
use crate::os::ForkGuard;
use crate::vault::audit::{AuditEvent, AuditSink, Outcome};
use crate::vault::clock::{Clock, SystemClock};

use super::access::{Access, AccessRequest, Action, Authorizer};
use super::database::{self, Fault};
use super::error::{CustodyError, ProviderError};
use super::policy::Policy;
use super::provider::{KekSpec, KeyProvider, ProviderInfo};
use super::store::{KIND, KekRow};

/// What a store of custody is opened with.
#[derive(Clone)]
pub struct CustodyOptions {
    providers: Vec<Arc<dyn KeyProvider>>,
    authorizer: Arc<dyn Authorizer>,
    audit: Arc<dyn AuditSink>,
    clock: Arc<dyn Clock>,
    policy: Policy,
}

impl CustodyOptions {
    /// Options with the provider that new KEKs are made at, who decides what is allowed, and where it is written down; the system's clock and the
    /// default policy.
    #[must_use]
    pub fn new(
        provider: Arc<dyn KeyProvider>,
        authorizer: Arc<dyn Authorizer>,
        audit: Arc<dyn AuditSink>,
    ) -> Self {
        Self {
            providers: vec![provider],
            authorizer,
            audit,
            clock: Arc::new(SystemClock),
            policy: Policy::default(),
        }
    }

    /// A further provider, whose keys can be used and moved to.
    #[must_use]
    pub fn with_provider(mut self, provider: Arc<dyn KeyProvider>) -> Self {
        self.providers.push(provider);
        self
    }

    /// The policy.
    #[must_use]
    pub fn with_policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// The clock.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }
}

/// Keys in custody: KEKs of tenants, regions and purposes, DEKs under them, and who may use them. Cloning shares it.
///
/// A store may be open in several processes; each sees what the others have committed. A forked process opens its own.
#[derive(Clone)]
pub struct Custody {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    db: Mutex<Connection>,
    providers: Vec<Known>,
    authorizer: Arc<dyn Authorizer>,
    audit: Arc<dyn AuditSink>,
    clock: Arc<dyn Clock>,
    pub(super) policy: Policy,
    unrecorded: AtomicU64,
    fork: ForkGuard,
}

/// A provider, and what it said of itself when custody was opened.
type Known = (ProviderInfo, Arc<dyn KeyProvider>);

/// What an action is about, as authorizer and audit log see it.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) resource: &'a str,
    pub(super) tenant: &'a str,
    pub(super) region: &'a str,
    pub(super) purpose: &'a str,
}

impl<'a> Subject<'a> {
    pub(super) fn of(spec: &'a KekSpec, resource: &'a str) -> Self {
        Self {
            resource,
            tenant: &spec.tenant,
            region: &spec.region,
            purpose: &spec.purpose,
        }
    }
}

impl Custody {
    /// Makes a store in the file `path`, for this user alone on Unix, and opens it.
    ///
    /// # Errors
    /// [`CustodyError::Invalid`] if there is a store already, or two providers are the same; [`CustodyError::DiskFull`], [`CustodyError::Store`].
    pub fn create(path: impl AsRef<Path>, options: CustodyOptions) -> Result<Self, CustodyError> {
        let providers = described(&options.providers)?;
        let db = database::create(path.as_ref(), &KIND, |_| Ok::<_, CustodyError>(()))?;
        Ok(Self::with(db, providers, options))
    }

    /// Opens the store in the file `path`. It makes none: a wrong path must not look like a store without keys.
    ///
    /// # Errors
    /// [`CustodyError::NotFound`] if there is none; [`CustodyError::Damaged`], [`CustodyError::Store`].
    pub fn open(path: impl AsRef<Path>, options: CustodyOptions) -> Result<Self, CustodyError> {
        let providers = described(&options.providers)?;
        let db = database::open(path.as_ref(), &KIND)?;
        Ok(Self::with(db, providers, options))
    }

    fn with(db: Connection, providers: Vec<Known>, options: CustodyOptions) -> Self {
        Self {
            inner: Arc::new(Inner {
                db: Mutex::new(db),
                providers,
                authorizer: options.authorizer,
                audit: options.audit,
                clock: options.clock,
                policy: options.policy,
                unrecorded: AtomicU64::new(0),
                fork: ForkGuard::new(),
            }),
        }
    }

    /// What the providers say of themselves; the first is the one that new KEKs are made at.
    #[must_use]
    pub fn providers(&self) -> Vec<ProviderInfo> {
        let providers = self.inner.providers.iter();
        providers.map(|(info, _)| info.clone()).collect()
    }

    /// How many events could not be written down and were not needed to be: what the policy lets pass, and refusals.
    #[must_use]
    pub fn unrecorded(&self) -> u64 {
        self.inner.unrecorded.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for Custody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Custody")
            .field("providers", &self.providers())
            .field("policy", &self.inner.policy)
            .finish_non_exhaustive()
    }
}

fn described(providers: &[Arc<dyn KeyProvider>]) -> Result<Vec<Known>, CustodyError> {
    let mut known: Vec<Known> = Vec::new();
    for provider in providers {
        let info = provider.describe();
        let name = (&info.scheme, &info.id);
        if known
            .iter()
            .any(|(other, _)| (&other.scheme, &other.id) == name)
        {
            return Err(CustodyError::Invalid(format!(
                "the provider {}:{} is given twice",
                info.scheme, info.id
            )));
        }
        known.push((info, Arc::clone(provider)));
    }
    Ok(known)
}

impl Inner {
    pub(super) fn now(&self) -> u64 {
        self.clock.unix_micros()
    }

    /// The store's database. Nothing that waits for somebody else is done while it is held.
    pub(super) fn db(&self) -> Result<MutexGuard<'_, Connection>, CustodyError> {
        if !self.fork.is_this_process() {
            return Err(Error::Forked.into());
        }
        Ok(self.db.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads or writes in one transaction, which nobody else writes in.
    pub(super) fn write<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, CustodyError>,
    ) -> Result<T, CustodyError> {
        let mut db = self.db()?;
        let transaction = db
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(Fault::from)?;
        let done = work(&transaction)?;
        transaction.commit().map_err(Fault::from)?;
        Ok(done)
    }

    /// The provider of a scheme and id.
    pub(super) fn provider(
        &self,
        (scheme, id): (&str, &str),
    ) -> Result<(&ProviderInfo, &dyn KeyProvider), CustodyError> {
        let found = self
            .providers
            .iter()
            .find(|(info, _)| (info.scheme.as_str(), info.id.as_str()) == (scheme, id));
        found
            .map(|(info, provider)| (info, provider.as_ref()))
            .ok_or_else(|| CustodyError::NotFound(format!("provider {scheme}:{id}")))
    }

    /// The provider that new KEKs are made at.
    pub(super) fn first_provider(&self) -> Result<&ProviderInfo, CustodyError> {
        let first = self.providers.first();
        first
            .map(|(info, _)| info)
            .ok_or_else(|| CustodyError::NotFound("provider".into()))
    }

    /// The provider of a KEK, if the policy lets it be used.
    pub(super) fn provider_of(&self, row: &KekRow) -> Result<&dyn KeyProvider, CustodyError> {
        let (info, provider) = self.provider((&row.provider.0, &row.provider.1))?;
        self.region("provider", &info.region)?;
        Ok(provider)
    }

    pub(super) fn region(&self, what: &'static str, region: &str) -> Result<(), CustodyError> {
        match self.policy.pinned() {
            Some(pinned) if !self.policy.allows(region) => Err(CustodyError::RegionForbidden {
                pinned: pinned.to_owned(),
                region: region.to_owned(),
                what,
            }),
            _ => Ok(()),
        }
    }

    /// Does an action that somebody asked for: policy, authorizer and audit first, then `work`. What `work` fails with is recorded too.
    pub(super) fn act<T>(
        &self,
        access: &Access,
        (action, name): (Action, &'static str),
        subject: Subject<'_>,
        work: impl FnOnce() -> Result<T, CustodyError>,
    ) -> Result<T, CustodyError> {
        // Octets that a name has no room for are refused before anything is written with them.
        for (what, name) in [
            ("a principal", access.principal.as_str()),
            ("an address", access.address.as_str()),
            ("a region", subject.region),
        ] {
            if name.len() > super::names::MAX_NAME {
                return Err(CustodyError::Invalid(format!(
                    "{what} has at most 255 octets"
                )));
            }
        }
        let permitted = self
            .region("key", subject.region)
            .and_then(|()| self.authorized(access, action, subject));
        if let Err(refused) = permitted {
            self.note(
                access,
                name,
                subject,
                Outcome::Refused,
                &refused.to_string(),
            );
            return Err(refused);
        }
        self.record_allowed(access, name, subject, "")?;
        let done = work();
        if let Err(error) = &done {
            let outcome = match error {
                CustodyError::StateForbids { .. }
                | CustodyError::NoSuchTransition { .. }
                | CustodyError::KeyDestroyed { .. }
                | CustodyError::Archived(_)
                | CustodyError::RegionForbidden { .. } => Outcome::Refused,
                _ => Outcome::Failed,
            };
            self.note(access, name, subject, outcome, &error.to_string());
        }
        done
    }

    /// Records that something is about to be done. Without that it is not done, unless the policy lets it pass.
    pub(super) fn record_allowed(
        &self,
        access: &Access,
        name: &'static str,
        subject: Subject<'_>,
        reason: &str,
    ) -> Result<(), CustodyError> {
        let event = self.event(access, name, subject, Outcome::Allowed, reason);
        if let Err(error) = self.audit.record(&event) {
            if self.policy.is_fail_closed() {
                return Err(error.into());
            }
            self.unrecorded.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    fn authorized(
        &self,
        access: &Access,
        action: Action,
        subject: Subject<'_>,
    ) -> Result<(), CustodyError> {
        let hour = self.now() / 3_600_000_000 % 24;
        let request = AccessRequest {
            access,
            action,
            resource: subject.resource,
            tenant: subject.tenant,
            region: subject.region,
            purpose: subject.purpose,
            hour: u8::try_from(hour).unwrap_or(0),
        };
        self.authorizer
            .authorize(&request)
            .map_err(|denied| CustodyError::NotAuthorized(denied.0))
    }

    /// Records that somebody asked for a key that is destroyed: that is found out before anybody can say what the key was for.
    pub(super) fn sought<T>(
        &self,
        access: &Access,
        name: &'static str,
        resource: &str,
        found: Result<T, CustodyError>,
    ) -> Result<T, CustodyError> {
        if let Err(error @ CustodyError::KeyDestroyed { .. }) = &found {
            let subject = Subject {
                resource,
                tenant: "",
                region: "",
                purpose: "",
            };
            self.note(access, name, subject, Outcome::Refused, &error.to_string());
        }
        found
    }

    /// Records what needs no record to be allowed: refusals, failures, what came of an action.
    pub(super) fn note(
        &self,
        access: &Access,
        name: &'static str,
        subject: Subject<'_>,
        outcome: Outcome,
        reason: &str,
    ) {
        let event = self.event(access, name, subject, outcome, reason);
        if self.audit.record(&event).is_err() {
            self.unrecorded.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn event(
        &self,
        access: &Access,
        name: &'static str,
        subject: Subject<'_>,
        outcome: Outcome,
        reason: &str,
    ) -> AuditEvent {
        let mut attributes: Vec<(Cow<'static, str>, String)> = Vec::new();
        for (name, value) in [
            ("tenant", subject.tenant),
            ("region", subject.region),
            ("purpose", subject.purpose),
            ("address", &access.address),
        ] {
            if !value.is_empty() {
                attributes.push((name.into(), value.to_owned()));
            }
        }
        attributes.push(("mfa".into(), access.mfa.to_string()));
        if access.accept_compromised {
            attributes.push(("accepts-compromised".into(), "true".to_owned()));
        }
        AuditEvent {
            unix_micros: self.now(),
            actor: access.principal.clone(),
            action: name.into(),
            resource: subject.resource.to_owned(),
            outcome,
            reason: reason.to_owned(),
            attributes,
        }
    }
}

/// Reads a provider's error about a key of ours as custody's.
pub(super) fn said(error: ProviderError) -> CustodyError {
    CustodyError::Provider(error)
}
