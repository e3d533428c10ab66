//! DEKs: made, wrapped, opened, destroyed. A DEK is handed out only after it, or its row, is on disk.

use crate::vault::wrapped::{Dek, WrapContext, WrappedKey};

use super::access::{Access, Action};
use super::core::{Custody, Inner, Subject, said};
use super::database;
use super::dek_id::{DekId, not_stored};
use super::destroy::Tombstone;
use super::error::{CustodyError, ProviderError};
use super::lifecycle::{check_reason, forbids};
use super::policy::is_within;
use super::provider::{KekRef, KekSpec};
use super::state::{KeyState, UnwrapStates};
use super::store::{DekRow, KekRow, TombstoneRow};

/// Most DEKs that are made, or wrapped anew, in one transaction.
pub(super) const MAX_BATCH: u32 = 10_000;

/// Rotations in a row that wrapping a key follows.
const ROTATIONS: usize = 8;

impl Custody {
    /// Makes a DEK under the current version of a KEK. It is in the store when this returns.
    ///
    /// # Errors
    /// [`CustodyError::StateForbids`] if no version of the KEK is active; what policy, authorizer and provider say.
    pub fn new_dek(&self, access: &Access, kek_id: &str) -> Result<(DekId, Dek), CustodyError> {
        let id = DekId::new(self.inner.now())?;
        let mut made = self.make_deks(access, kek_id, &[id], &resource(&id))?;
        made.pop()
            .ok_or_else(|| CustodyError::NotFound(format!("data key {id}")))
    }

    /// Makes up to 10,000 DEKs in one transaction: all of them are in the store when this returns, or none is.
    ///
    /// # Errors
    /// As [`Self::new_dek`]; [`CustodyError::Invalid`] for more.
    pub fn new_deks(
        &self,
        access: &Access,
        kek_id: &str,
        count: u32,
    ) -> Result<Vec<(DekId, Dek)>, CustodyError> {
        if count > MAX_BATCH {
            return Err(CustodyError::Invalid("at most 10,000 keys at once".into()));
        }
        let now = self.inner.now();
        let ids = (0..count).map(|_| DekId::new(now));
        let mut ids = ids.collect::<Result<Vec<_>, _>>()?;
        ids.sort_unstable();
        self.make_deks(access, kek_id, &ids, &format!("dek/{count} at once"))
    }

    fn make_deks(
        &self,
        access: &Access,
        kek_id: &str,
        ids: &[DekId],
        resource: &str,
    ) -> Result<Vec<(DekId, Dek)>, CustodyError> {
        let inner = &self.inner;
        let spec = inner.latest(kek_id)?.spec;
        let subject = Subject::of(&spec, resource);
        inner.act(access, (Action::Wrap, "dek.create"), subject, || {
            inner.under_current(kek_id, |row| {
                let provider = inner.provider_of(row)?;
                let mut made = Vec::with_capacity(ids.len());
                let mut wrapped = Vec::with_capacity(ids.len());
                for id in ids {
                    let dek = provider.new_dek().map_err(said)?;
                    let context = id.context(&row.spec.region);
                    let kek = &row.spec.kek;
                    let octets = provider.wrap(kek, &dek, &context).map_err(said)?;
                    wrapped.push(as_asked(octets, row, &context).map_err(said)?);
                    made.push((*id, dek));
                }
                inner.write(|db| {
                    let now = inner.in_store(db, &row.spec.kek)?;
                    if !now.state.may_wrap() {
                        return Err(forbids(&now, "wrap"));
                    }
                    for ((id, _), wrapped) in made.iter().zip(&wrapped) {
                        DekRow::insert(db, id.as_bytes(), wrapped)?;
                    }
                    Ok(())
                })?;
                Ok(made)
            })
        })
    }

    /// Opens a DEK of the store. If its KEK has a newer version it is wrapped anew under that one on the way, where the policy has it so.
    ///
    /// # Errors
    /// [`CustodyError::KeyDestroyed`] if it or its KEK was destroyed; [`CustodyError::StateForbids`], [`CustodyError::Archived`],
    /// [`CustodyError::NotAuthorized`], [`CustodyError::RegionForbidden`]; [`CustodyError::Damaged`] if its row was altered.
    pub fn open_dek(&self, access: &Access, id: &DekId) -> Result<Dek, CustodyError> {
        let inner = &self.inner;
        let resource = resource(id);
        let (row, kek) = inner.sought(access, "dek.open", &resource, inner.dek(id))?;
        let subject = Subject::of(&kek.spec, &resource);
        let action = unwrapping(&kek, access, "dek.open");
        inner.act(access, action, subject, || {
            let context = id.context(&kek.spec.region);
            let dek = inner.unwrap_with(access, &kek, &row.wrapped, &context)?;
            inner.rewrap_on_access(access, &row, &kek, &dek, id);
            // Nobody destroyed it meanwhile.
            inner.dek(id)?;
            Ok(dek)
        })
    }

    /// Destroys a DEK of the store: its row is overwritten and a tombstone is left. That is logical: a backup of the store undoes it as long as
    /// its KEK is there ([`Self::shred`] ends that too).
    ///
    /// # Errors
    /// [`CustodyError::NotFound`]; [`CustodyError::KeyDestroyed`] if it was destroyed before.
    pub fn destroy_dek(
        &self,
        access: &Access,
        id: &DekId,
        reason: &str,
    ) -> Result<Tombstone, CustodyError> {
        check_reason(reason)?;
        let inner = &self.inner;
        let spec = inner.spec_of(id)?;
        let resource = resource(id);
        let subject = Subject::of(&spec, &resource);
        inner.act(access, (Action::Destroy, "dek.destroy"), subject, || {
            let tombstone = TombstoneRow {
                at: inner.now(),
                actor: access.principal.clone(),
                reason: reason.to_owned(),
                effective: false,
                gone: None,
            };
            inner.write(|db| {
                if TombstoneRow::load(db, &resource)?.is_some() {
                    return Err(inner.no_dek(db, id)?);
                }
                tombstone.put(db, &resource)?;
                // Whose it was: a shredding that goes on asks for it.
                tombstone.put(db, &TombstoneRow::of_dek(id, &spec.kek.id))?;
                Ok(DekRow::delete(db, id.as_bytes())?)
            })?;
            database::checkpoint(&*inner.db()?).ok();
            Ok(tombstone.into())
        })
    }

    /// Wraps a key of the caller's for `context` under the current version of a KEK. The store keeps nothing of it.
    ///
    /// # Errors
    /// As [`Self::new_dek`]; [`CustodyError::RegionForbidden`] if `context` is elsewhere than the KEK may be used.
    pub fn wrap(
        &self,
        access: &Access,
        kek_id: &str,
        dek: &Dek,
        context: &WrapContext,
    ) -> Result<WrappedKey, CustodyError> {
        not_stored(context)?;
        let inner = &self.inner;
        let spec = inner.latest(kek_id)?.spec;
        let resource = super::lifecycle::resource(&spec.kek);
        let subject = Subject {
            region: &context.region,
            ..Subject::of(&spec, &resource)
        };
        inner.act(access, (Action::Wrap, "dek.wrap"), subject, || {
            inner.under_current(kek_id, |row| inner.wrap_under(row, dek, context))
        })
    }

    /// Opens a key that [`Self::wrap`] wrapped for `context`.
    ///
    /// # Errors
    /// As [`Self::open_dek`].
    pub fn unwrap(
        &self,
        access: &Access,
        wrapped: &WrappedKey,
        context: &WrapContext,
    ) -> Result<Dek, CustodyError> {
        not_stored(context)?;
        let inner = &self.inner;
        let kek = inner.kek_of(wrapped);
        let kek = inner.sought(access, "dek.unwrap", &wrapped.kek_id, kek)?;
        let resource = super::lifecycle::resource(&kek.spec.kek);
        let subject = Subject {
            region: &context.region,
            ..Subject::of(&kek.spec, &resource)
        };
        let action = unwrapping(&kek, access, "dek.unwrap");
        inner.act(access, action, subject, || {
            inner.unwrap_with(access, &kek, wrapped, context)
        })
    }

    /// Wraps a key that [`Self::wrap`] wrapped anew under the current version of its KEK, without handing it out.
    ///
    /// # Errors
    /// As [`Self::wrap`] and [`Self::unwrap`].
    pub fn rewrap(
        &self,
        access: &Access,
        wrapped: &WrappedKey,
        context: &WrapContext,
    ) -> Result<WrappedKey, CustodyError> {
        not_stored(context)?;
        let inner = &self.inner;
        let kek = inner.kek_of(wrapped)?;
        let resource = super::lifecycle::resource(&kek.spec.kek);
        let subject = Subject {
            region: &context.region,
            ..Subject::of(&kek.spec, &resource)
        };
        inner.act(access, (Action::Rewrap, "dek.rewrap"), subject, || {
            let dek = inner.unwrap_with(access, &kek, wrapped, context)?;
            let id = &kek.spec.kek.id;
            inner.under_current(id, |row| inner.wrap_under(row, &dek, context))
        })
    }
}

impl Inner {
    /// A DEK's row and the KEK that wraps it.
    pub(super) fn dek(&self, id: &DekId) -> Result<(DekRow, KekRow), CustodyError> {
        let db = self.db()?;
        let Some(row) = DekRow::load(&db, id.as_bytes())? else {
            return Err(self.no_dek(&db, id)?);
        };
        let kek = KekRef {
            id: row.wrapped.kek_id.clone(),
            version: row.wrapped.kek_version,
        };
        let kek = self.in_store(&db, &kek)?;
        Ok((row, kek))
    }

    /// What the KEK of a DEK is for, destroyed or not.
    pub(super) fn spec_of(&self, id: &DekId) -> Result<KekSpec, CustodyError> {
        let row = {
            let db = self.db()?;
            match DekRow::load(&db, id.as_bytes())? {
                Some(row) => row,
                None => return Err(self.no_dek(&db, id)?),
            }
        };
        let kek = KekRef {
            id: row.wrapped.kek_id,
            version: row.wrapped.kek_version,
        };
        Ok(self.find(&kek)?.spec)
    }

    /// What is said of a DEK that the store has not: its tombstone, if there is one.
    fn no_dek(&self, db: &rusqlite::Connection, id: &DekId) -> Result<CustodyError, CustodyError> {
        let tombstone = TombstoneRow::load(db, &resource(id))?;
        Ok(match tombstone {
            Some(tombstone) => CustodyError::KeyDestroyed {
                kek: KekRef {
                    id: id.to_string(),
                    version: 0,
                },
                unix_micros: tombstone.at,
                reason: tombstone.reason,
            },
            None => CustodyError::NotFound(format!("data key {id}")),
        })
    }

    /// The KEK of a wrapped key of the caller's.
    fn kek_of(&self, wrapped: &WrappedKey) -> Result<KekRow, CustodyError> {
        self.load(&KekRef {
            id: wrapped.kek_id.clone(),
            version: wrapped.kek_version,
        })
    }

    /// Works under the current version of a KEK, and again under the next one if it was rotated meanwhile.
    fn under_current<T>(
        &self,
        kek_id: &str,
        work: impl Fn(&KekRow) -> Result<T, CustodyError>,
    ) -> Result<T, CustodyError> {
        let mut row = self.current(kek_id)?;
        for _ in 0..ROTATIONS {
            let refused = match work(&row) {
                Err(
                    error @ (CustodyError::StateForbids { .. }
                    | CustodyError::KeyDestroyed { .. }
                    | CustodyError::Provider(
                        ProviderError::Refused { .. } | ProviderError::KekDestroyed(_),
                    )),
                ) => error,
                done => return done,
            };
            let now = self.current(kek_id)?;
            if now.spec.kek == row.spec.kek {
                return Err(refused);
            }
            row = now;
        }
        Err(CustodyError::Busy)
    }

    /// Wraps under a KEK that was found to be current, and looks once more that it still wraps.
    pub(super) fn wrap_under(
        &self,
        row: &KekRow,
        dek: &Dek,
        context: &WrapContext,
    ) -> Result<WrappedKey, CustodyError> {
        if !row.state.may_wrap() {
            return Err(forbids(row, "wrap"));
        }
        // The pin covers the key itself too: one of everywhere, or of more than is pinned, is none of the region.
        self.region("key", &row.spec.region)?;
        in_region(row, &context.region)?;
        let provider = self.provider_of(row)?;
        let wrapped = provider.wrap(&row.spec.kek, dek, context).map_err(said)?;
        let wrapped = as_asked(wrapped, row, context).map_err(said)?;
        let now = self.load(&row.spec.kek)?;
        if !now.state.may_wrap() {
            return Err(forbids(&now, "wrap"));
        }
        Ok(wrapped)
    }

    /// Unwraps under a KEK, if its state, the policy and who asks let it.
    pub(super) fn unwrap_with(
        &self,
        access: &Access,
        kek: &KekRow,
        wrapped: &WrappedKey,
        context: &WrapContext,
    ) -> Result<Dek, CustodyError> {
        self.still_unwraps(access, kek)?;
        self.region("key", &kek.spec.region)?;
        in_region(kek, &context.region)?;
        if wrapped.provider != kek.provider.0 {
            return Err(said(ProviderError::DoesNotAuthenticate));
        }
        let provider = self.provider_of(kek)?;
        let dek = provider.unwrap(wrapped, context).map_err(said)?;
        self.still_unwraps(access, kek)?;
        Ok(dek)
    }

    /// Refuses a KEK that may not unwrap as it is now. `asked` is its row as it was when authorizer and audit log were asked: another process may
    /// have changed it since, and what became compromised only then nobody was asked about.
    pub(super) fn still_unwraps(
        &self,
        access: &Access,
        asked: &KekRow,
    ) -> Result<(), CustodyError> {
        let now = self.load(&asked.spec.kek)?;
        let allowed = UnwrapStates {
            suspended: self.policy.unwraps_suspended(),
            compromised: access.accept_compromised && asked.state == KeyState::Compromised,
        };
        if now.archived {
            return Err(CustodyError::Archived(now.spec.kek));
        }
        if !now.state.may_unwrap(allowed) {
            return Err(forbids(&now, "unwrap"));
        }
        Ok(())
    }

    /// Wraps a DEK that was just opened under the current version of its KEK, if that is another one. It is opened in any case, so what fails
    /// here is only noted; the row changes only if it still is as it was read.
    pub(super) fn rewrap_on_access(
        &self,
        access: &Access,
        row: &DekRow,
        kek: &KekRow,
        dek: &Dek,
        id: &DekId,
    ) {
        if !self.policy.is_lazy() {
            return;
        }
        let rewrap = || -> Result<(), CustodyError> {
            let current = match self.current(&kek.spec.kek.id) {
                Ok(current) if current.spec.kek != kek.spec.kek => current,
                // There is no newer one.
                Ok(_) | Err(CustodyError::StateForbids { .. }) => return Ok(()),
                Err(error) => return Err(error),
            };
            let wrapped = self.wrap_under(&current, dek, &id.context(&kek.spec.region))?;
            self.replace(row, &wrapped)?;
            Ok(())
        };
        if let Err(error) = rewrap() {
            use crate::vault::audit::Outcome::Failed;
            let resource = resource(id);
            let subject = Subject::of(&kek.spec, &resource);
            self.note(access, "dek.rewrap", subject, Failed, &error.to_string());
        }
    }

    /// Puts a new wrapping in a row's place, unless its KEK stopped wrapping or the row changed meanwhile. Whether it did.
    fn replace(&self, row: &DekRow, wrapped: &WrappedKey) -> Result<bool, CustodyError> {
        let kek = KekRef {
            id: wrapped.kek_id.clone(),
            version: wrapped.kek_version,
        };
        self.write(|db| {
            let now = self.in_store(db, &kek)?;
            if now.state.may_wrap() {
                Ok(row.replace(db, wrapped)?)
            } else {
                Err(forbids(&now, "wrap"))
            }
        })
    }
}

pub(super) fn resource(id: &DekId) -> String {
    format!("dek/{id}")
}

/// What a provider wrapped, if it says of it what it was asked for: else nobody would find the way back to the key.
pub(super) fn as_asked(
    wrapped: WrappedKey,
    row: &KekRow,
    context: &WrapContext,
) -> Result<WrappedKey, ProviderError> {
    let kek = &row.spec.kek;
    let is_under = wrapped.kek_id == kek.id && wrapped.kek_version == kek.version;
    if is_under && wrapped.provider == row.provider.0 && wrapped.is_for(context).is_ok() {
        return Ok(wrapped);
    }
    Err(ProviderError::Failed(
        "it wrapped under another key or for another context than it was asked to".into(),
    ))
}

/// The action of opening under this KEK, and its name in the audit log.
pub(super) fn unwrapping(
    kek: &KekRow,
    access: &Access,
    name: &'static str,
) -> (Action, &'static str) {
    if kek.state == KeyState::Compromised && access.accept_compromised {
        (Action::UnwrapCompromised, "dek.unwrap-compromised")
    } else {
        (Action::Unwrap, name)
    }
}

/// Refuses a key of elsewhere than the KEK may be used.
fn in_region(kek: &KekRow, region: &str) -> Result<(), CustodyError> {
    let area = &kek.spec.region;
    if area.is_empty() || is_within(region, area) {
        return Ok(());
    }
    Err(CustodyError::RegionForbidden {
        pinned: area.clone(),
        region: region.to_owned(),
        what: "key",
    })
}
