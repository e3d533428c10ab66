//! The destruction of KEKs, logical or effective, and what is left of them.

use crate::vault::audit::Outcome;

use super::access::{Access, Action};
use super::core::{Custody, Inner, Subject, said};
use super::database;
use super::error::{CustodyError, ProviderError};
use super::lifecycle::{check_reason, forbids, may_become, resource};
use super::provider::{Destruction, KekRef};
use super::state::KeyState;
use super::store::{ChangeRow, DekRow, KekRow, TombstoneRow, What};

/// What [`Custody::destroy_kek`] does to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DestroyMode {
    /// The store says that it is destroyed. A backup of the store undoes it.
    Logical,
    /// The provider destroys it. What it alone wrapped is gone for good, backups of the store included.
    Effective,
}

/// What becomes of DEKs that the key still wraps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Survivors {
    /// There must be none in the store: else nothing is destroyed.
    MustBeNone,
    /// They are lost with it: that is the purpose.
    AreLost,
}

/// What is left of a destroyed key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tombstone {
    /// When it was destroyed, in microseconds since 1970.
    pub unix_micros: u64,
    /// Who destroyed it.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// How.
    pub mode: DestroyMode,
    /// When it is gone at its provider, in microseconds since 1970: of an effective destruction, once the provider has been reached.
    pub gone_unix_micros: Option<u64>,
}

impl From<TombstoneRow> for Tombstone {
    fn from(row: TombstoneRow) -> Self {
        Self {
            unix_micros: row.at,
            actor: row.actor,
            reason: row.reason,
            mode: if row.effective {
                DestroyMode::Effective
            } else {
                DestroyMode::Logical
            },
            gone_unix_micros: row.gone,
        }
    }
}

impl Custody {
    /// Destroys one version of a KEK, which must be in pre-activation, deactivated or compromised, and leaves a tombstone.
    ///
    /// With [`DestroyMode::Effective`] the store says so first and the provider is asked then: if it cannot be reached the key is out of use
    /// already, the tombstone has no time of its own yet, and [`Self::tick`] asks again. The store knows the DEKs that it holds; keys in the
    /// envelopes of recordings are the caller's to wrap anew before ([`Self::rewrap`]).
    ///
    /// # Errors
    /// [`CustodyError::NoSuchTransition`] in other states; [`CustodyError::StateForbids`] if DEKs are left that must not be;
    /// [`CustodyError::KeyDestroyed`] if it is destroyed already.
    pub fn destroy_kek(
        &self,
        access: &Access,
        kek: &KekRef,
        mode: DestroyMode,
        survivors: Survivors,
        reason: &str,
    ) -> Result<Tombstone, CustodyError> {
        check_reason(reason)?;
        let row = self.inner.load(kek)?;
        let resource = resource(kek);
        let subject = Subject::of(&row.spec, &resource);
        let inner = &self.inner;
        inner.act(access, (Action::Destroy, "kek.destroy"), subject, || {
            let mut tombstone = TombstoneRow {
                at: inner.now(),
                actor: access.principal.clone(),
                reason: reason.to_owned(),
                effective: mode == DestroyMode::Effective,
                gone: None,
            };
            let row = inner.write(|db| {
                let mut row = inner.in_store(db, kek)?;
                may_become(&row, KeyState::Destroyed)?;
                if survivors == Survivors::MustBeNone && DekRow::count(db, kek)? > 0 {
                    return Err(forbids(&row, "die while it wraps keys of the store"));
                }
                let change = ChangeRow {
                    what: What::State,
                    state: KeyState::Destroyed,
                    at: tombstone.at,
                    actor: tombstone.actor.clone(),
                    reason: reason.to_owned(),
                };
                row.change(db, &change)?;
                tombstone.put(db, &resource)?;
                Ok(row)
            })?;
            database::checkpoint(&*inner.db()?).ok();
            if tombstone.effective {
                tombstone.gone = inner.bury_now_or_later(access, &row, subject);
            }
            Ok(tombstone.into())
        })
    }

    /// What is left of a destroyed KEK; none if it is not destroyed.
    ///
    /// # Errors
    /// [`CustodyError::NotAuthorized`], [`CustodyError::Damaged`].
    pub fn tombstone(
        &self,
        access: &Access,
        kek: &KekRef,
    ) -> Result<Option<Tombstone>, CustodyError> {
        let resource = resource(kek);
        let row = self.inner.find(kek)?;
        let subject = Subject::of(&row.spec, &resource);
        let action = (Action::Inspect, "kek.inspect");
        self.inner.act(access, action, subject, || {
            let tombstone = TombstoneRow::load(&*self.inner.db()?, &resource)?;
            Ok(tombstone.map(Tombstone::from))
        })
    }
}

impl Inner {
    /// Has a KEK that only the store calls destroyed destroyed at its provider too. None if that was asked for before.
    pub(super) fn destroy_for_good(
        &self,
        access: &Access,
        row: &KekRow,
        reason: &str,
    ) -> Result<Option<Tombstone>, CustodyError> {
        let resource = resource(&row.spec.kek);
        let former = TombstoneRow::load(&*self.db()?, &resource)?;
        if former.is_some_and(|tombstone| tombstone.effective) {
            return Ok(None);
        }
        let subject = Subject::of(&row.spec, &resource);
        self.act(access, (Action::Destroy, "kek.destroy"), subject, || {
            let mut tombstone = self.write(|db| {
                let missing = || {
                    let kek = &row.spec.kek;
                    CustodyError::Damaged(format!("the tombstone of key {kek} is missing"))
                };
                let mut tombstone = TombstoneRow::load(db, &resource)?.ok_or_else(missing)?;
                tombstone.effective = true;
                tombstone.put(db, &resource)?;
                Ok(tombstone)
            })?;
            tombstone.gone = self.bury_now_or_later(access, row, subject);
            if tombstone.gone.is_some() {
                self.note(access, "kek.destroy", subject, Outcome::Done, reason);
            }
            Ok(Some(tombstone.into()))
        })
    }

    /// [`Self::bury`]; where the provider cannot be reached, `tick` asks again, and the audit log says so.
    fn bury_now_or_later(
        &self,
        access: &Access,
        row: &KekRow,
        subject: Subject<'_>,
    ) -> Option<u64> {
        match self.bury(row) {
            Ok(gone) => Some(gone),
            Err(error) => {
                let why = format!("the provider is asked again later: {error}");
                self.note(access, "kek.destroy", subject, Outcome::Failed, &why);
                None
            }
        }
    }

    /// Has the provider destroy a KEK that the store calls destroyed, and notes when it is gone.
    pub(super) fn bury(&self, row: &KekRow) -> Result<u64, CustodyError> {
        let kek = &row.spec.kek;
        let (_, provider) = self.provider((&row.provider.0, &row.provider.1))?;
        let gone = match provider.destroy_kek(kek) {
            Ok(Destruction::Done) => self.now(),
            Ok(Destruction::Scheduled { unix_micros }) => unix_micros,
            // It was never finished there.
            Err(ProviderError::NoSuchKek(_)) if row.told.is_none() => self.now(),
            Err(error) => return Err(said(error)),
        };
        self.write(|db| {
            let key = resource(kek);
            if let Some(mut tombstone) = TombstoneRow::load(db, &key)? {
                tombstone.gone = Some(gone);
                tombstone.put(db, &key)?;
            }
            Ok(())
        })?;
        self.mark_told(row)?;
        Ok(gone)
    }
}

/// What is said of a destroyed KEK: its tombstone.
pub(super) fn destroyed(
    db: &rusqlite::Connection,
    kek: &KekRef,
) -> Result<CustodyError, CustodyError> {
    let tombstone = TombstoneRow::load(db, &resource(kek))?
        .ok_or_else(|| CustodyError::Damaged(format!("the tombstone of key {kek} is missing")))?;
    Ok(CustodyError::KeyDestroyed {
        kek: kek.clone(),
        unix_micros: tombstone.at,
        reason: tombstone.reason,
    })
}
