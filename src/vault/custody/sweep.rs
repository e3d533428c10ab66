//! Wrapping DEKs anew under the current version of their KEK, and shredding.
//!
//! A sweep remembers nothing: what is left to do is what still is under a former version. So it can be stopped, killed and begun again.

use std::ops::ControlFlow;

use super::access::{Access, Action};
use super::core::{Custody, Inner, Subject};
use super::dek_id::DekId;
use super::deks::{MAX_BATCH, as_asked};
use super::destroy::{DestroyMode, Survivors, Tombstone};
use super::error::CustodyError;
use super::lifecycle::{forbids, resource};
use super::names::hex;
use super::provider::{KekRef, KeyProvider, Rewrap};
use super::state::{KeyState, UnwrapStates};
use super::store::{DekRow, KekRow, ScannedDek, TombstoneRow};

/// How far a sweep is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SweepProgress {
    /// DEKs that were under former versions when it began.
    pub total: u64,
    /// Wrapped anew since.
    pub done: u64,
    /// Left as they are, because they failed.
    pub failed: u64,
}

/// What a sweep did.
#[derive(Debug, Default)]
pub struct SweepReport {
    /// How far it came.
    pub progress: SweepProgress,
    /// The first hundred that failed, by the ids that stand in their rows, and why.
    pub failures: Vec<(String, CustodyError)>,
    /// Former versions whose keys were left alone: suspended, compromised or archived ones, as policy and caller have it.
    pub skipped: Vec<KekRef>,
}

/// Failures that are told one by one.
const TOLD_FAILURES: usize = 100;

impl Custody {
    /// Wraps all DEKs of the store that are under former versions of a KEK anew under the current one, `batch` (1 to 10,000) in a transaction. The
    /// keys do not leave their providers' hands but to be wrapped. `progress` is called after each batch and may stop it.
    ///
    /// A row that is damaged or does not open is left as it is and told; those of compromised versions are taken along if `access` accepts that.
    ///
    /// # Errors
    /// [`CustodyError::Stopped`] if `progress` said so; [`CustodyError::StateForbids`] if no version is active (any more). What was done is kept.
    pub fn sweep(
        &self,
        access: &Access,
        kek_id: &str,
        batch: u32,
        progress: &mut dyn FnMut(&SweepProgress) -> ControlFlow<()>,
    ) -> Result<SweepReport, CustodyError> {
        if !(1..=MAX_BATCH).contains(&batch) {
            return Err(CustodyError::Invalid("a batch of 1 to 10,000 keys".into()));
        }
        let inner = &self.inner;
        let spec = inner.latest(kek_id)?.spec;
        let resource = resource(&spec.kek);
        let subject = Subject::of(&spec, &resource);
        inner.act(access, (Action::Rewrap, "dek.sweep"), subject, || {
            let current = inner.current(kek_id)?;
            let mut report = SweepReport::default();
            let mut former = Vec::new();
            {
                let db = inner.db()?;
                for row in KekRow::versions(&db, kek_id)? {
                    let count = DekRow::count(&db, &row.spec.kek)?;
                    let is_current = row.spec.kek == current.spec.kek;
                    if is_current || count == 0 || row.state == KeyState::Destroyed {
                        continue;
                    }
                    let allowed = UnwrapStates {
                        suspended: inner.policy.unwraps_suspended(),
                        compromised: access.accept_compromised,
                    };
                    if row.archived || !row.state.may_unwrap(allowed) {
                        report.skipped.push(row.spec.kek);
                        continue;
                    }
                    report.progress.total = report.progress.total.saturating_add(count);
                    former.push(row);
                }
            }
            for row in former {
                inner.sweep_version(access, &row, &current, batch, &mut report, progress)?;
            }
            Ok(report)
        })
    }

    /// Destroys DEKs so that no backup brings them back: they are removed, the KEK gets a next version, all other DEKs of the store move to it, and
    /// the former versions are destroyed at their provider, those included that were destroyed logically. Cut short, it is called again with the same `victims`.
    ///
    /// Keys outside of the store (envelopes of recordings) that former versions wrap are lost with them, unless they were wrapped anew before.
    ///
    /// # Errors
    /// [`CustodyError::Invalid`] if there is no victim, if one is under another KEK, or is destroyed and not known to have been under this one;
    /// [`CustodyError::NotFound`] if there is none such: nothing is destroyed then.
    /// As [`Self::destroy_dek`], [`Self::rotate_kek`], [`Self::sweep`], [`Self::destroy_kek`]; [`CustodyError::StateForbids`] if DEKs that are
    /// not to be destroyed could not be moved: then no version is destroyed.
    pub fn shred(
        &self,
        access: &Access,
        kek_id: &str,
        victims: &[DekId],
        reason: &str,
        progress: &mut dyn FnMut(&SweepProgress) -> ControlFlow<()>,
    ) -> Result<Vec<(KekRef, Tombstone)>, CustodyError> {
        if victims.is_empty() {
            return Err(CustodyError::Invalid("no data key to shred".into()));
        }
        for victim in victims {
            match self.inner.spec_of(victim) {
                Ok(spec) if spec.kek.id == kek_id => {}
                Ok(spec) => {
                    return Err(CustodyError::Invalid(format!(
                        "data key {victim} is under key {}, not under {kek_id}",
                        spec.kek
                    )));
                }
                // One that is destroyed was so before this call was cut short, if it was of this KEK.
                Err(CustodyError::KeyDestroyed { .. }) => {
                    let of = TombstoneRow::of_dek(victim, kek_id);
                    if TombstoneRow::load(&*self.inner.db()?, &of)?.is_none() {
                        return Err(CustodyError::Invalid(format!(
                            "data key {victim} is destroyed, and was not known to be under {kek_id}"
                        )));
                    }
                }
                Err(error) => return Err(error),
            }
        }
        for victim in victims {
            match self.destroy_dek(access, victim, reason) {
                Ok(_) | Err(CustodyError::KeyDestroyed { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let current = self.rotate_kek(access, kek_id)?;
        self.sweep(access, kek_id, 1_000, progress)?;
        let versions = {
            let db = self.inner.db()?;
            let versions = KekRow::versions(&db, kek_id)?;
            // All or none: a version that still wraps keys shows before another one is destroyed.
            for row in &versions {
                let goes = row.spec.kek != current && row.state != KeyState::Destroyed;
                if goes && DekRow::count(&db, &row.spec.kek)? > 0 {
                    return Err(forbids(row, "die while it wraps keys of the store"));
                }
            }
            versions
        };
        let mut destroyed = Vec::new();
        for row in versions {
            if row.spec.kek == current {
                continue;
            }
            if row.state == KeyState::Destroyed {
                // A version that only the store calls destroyed opens the victims in a backup all the same.
                if let Some(tombstone) = self.inner.destroy_for_good(access, &row, reason)? {
                    destroyed.push((row.spec.kek, tombstone));
                }
                continue;
            }
            let kek = row.spec.kek;
            let (mode, survivors) = (DestroyMode::Effective, Survivors::MustBeNone);
            let tombstone = self.destroy_kek(access, &kek, mode, survivors, reason)?;
            destroyed.push((kek, tombstone));
        }
        Ok(destroyed)
    }
}

impl Inner {
    /// Moves all DEKs of one former version.
    fn sweep_version(
        &self,
        access: &Access,
        former: &KekRow,
        current: &KekRow,
        batch: u32,
        report: &mut SweepReport,
        progress: &mut dyn FnMut(&SweepProgress) -> ControlFlow<()>,
    ) -> Result<(), CustodyError> {
        let (from, to) = (self.provider_of(former)?, self.provider_of(current)?);
        let is_same = former.provider == current.provider;
        let mut after = Vec::new();
        loop {
            let scanned = DekRow::scan(&*self.db()?, &former.spec.kek, &after, batch)?;
            let Some(last) = scanned.last() else {
                return Ok(());
            };
            after.clone_from(&last.id);
            // Somebody may have taken the version out of use since the last batch: the rest of it is left alone then.
            match self.still_unwraps(access, former) {
                Ok(()) => {}
                Err(
                    CustodyError::StateForbids { .. }
                    | CustodyError::Archived(_)
                    | CustodyError::KeyDestroyed { .. },
                ) => {
                    report.skipped.push(former.spec.kek.clone());
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
            let mut rows = Vec::with_capacity(scanned.len());
            for ScannedDek { id, row } in scanned {
                match row {
                    Ok(row) => rows.push(row),
                    Err(fault) => fail(report, hex(&id), fault.into()),
                }
            }
            let contexts: Vec<_> = rows
                .iter()
                .map(|row| DekId::from_bytes(row.id).context(&former.spec.region))
                .collect();
            let keys: Vec<_> = rows
                .iter()
                .zip(&contexts)
                .map(|(row, context)| Rewrap {
                    wrapped: &row.wrapped,
                    context,
                })
                .collect();
            let wrapped = if is_same {
                from.rewrap(&current.spec.kek, &keys)
            } else {
                across(from, to, &current.spec.kek, &keys)
            };
            if wrapped.len() != rows.len() {
                return Err(super::core::said(super::error::ProviderError::Failed(
                    "it gave another number of keys back than it was given".into(),
                )));
            }
            let mut new = Vec::with_capacity(rows.len());
            for ((row, context), wrapped) in rows.iter().zip(&contexts).zip(wrapped) {
                match wrapped.and_then(|wrapped| as_asked(wrapped, current, context)) {
                    Ok(wrapped) => new.push((row, wrapped)),
                    Err(error) => fail(report, hex(&row.id), error.into()),
                }
            }
            let done = self.write(|db| {
                let now = self.in_store(db, &current.spec.kek)?;
                if !now.state.may_wrap() {
                    return Err(forbids(&now, "wrap"));
                }
                for (row, wrapped) in &new {
                    // A row that somebody else changed meanwhile is not under this version any more, or comes up again.
                    row.replace(db, wrapped)?;
                }
                Ok(u64::try_from(new.len()).unwrap_or(u64::MAX))
            })?;
            report.progress.done = report.progress.done.saturating_add(done);
            if progress(&report.progress).is_break() {
                return Err(CustodyError::Stopped);
            }
        }
    }
}

/// From one provider to another: each key is unwrapped there and wrapped here.
fn across(
    from: &dyn KeyProvider,
    to: &dyn KeyProvider,
    kek: &KekRef,
    keys: &[Rewrap<'_>],
) -> Vec<Result<crate::vault::wrapped::WrappedKey, super::error::ProviderError>> {
    keys.iter()
        .map(|key| {
            let dek = from.unwrap(key.wrapped, key.context)?;
            to.wrap(kek, &dek, key.context)
        })
        .collect()
}

fn fail(report: &mut SweepReport, id: String, error: CustodyError) {
    report.progress.failed = report.progress.failed.saturating_add(1);
    if report.failures.len() < TOLD_FAILURES {
        report.failures.push((id, error));
    }
}
