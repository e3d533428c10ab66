//! Changes of a KEK's state, its archive, its destruction, and what happens to it by time.
//!
//! What takes a key out of use is committed here first and told to the provider afterwards, what brings it into use the other way round: whatever
//! stops the process in between, the stricter of both sides holds, and [`Custody::tick`] goes on from there.

use crate::vault::audit::Outcome;

use super::access::{Access, Action};
use super::core::{Custody, Inner, Subject, said};
use super::destroy::destroyed;
use super::error::{CustodyError, ProviderError};
use super::provider::{Enforcement, KekRef};
use super::state::KeyState;
use super::store::{ChangeRow, KekRow, TombstoneRow, What};

/// Most octets of a reason.
const MAX_REASON: usize = 1_024;

/// Whether the provider knows of a change. Here it holds in either case.
#[derive(Debug)]
pub enum Told {
    /// It does, and enforces it or not.
    Provider(Enforcement),
    /// It could not be told; [`Custody::tick`] tries again.
    Later(ProviderError),
}

/// What [`Custody::tick`] did and could not do.
#[derive(Debug, Default)]
pub struct TickReport {
    /// Keys that took another state by time.
    pub changed: Vec<(KekRef, KeyState)>,
    /// Keys whose provider now knows what it did not before.
    pub told: Vec<KekRef>,
    /// What failed, to be tried again at the next tick.
    pub failed: Vec<(KekRef, CustodyError)>,
}

impl Custody {
    /// Gives a KEK another state, for a reason that its history keeps.
    ///
    /// # Errors
    /// [`CustodyError::NoSuchTransition`] if the table of states does not have it; [`CustodyError::Invalid`] for [`KeyState::Destroyed`], which is
    /// [`Self::destroy_kek`]'s. If a provider cannot be told to activate a key, its error, and the state is as before.
    pub fn set_state(
        &self,
        access: &Access,
        kek: &KekRef,
        state: KeyState,
        reason: &str,
    ) -> Result<Told, CustodyError> {
        if state == KeyState::Destroyed {
            return Err(CustodyError::Invalid(
                "a key is destroyed by `destroy_kek`".into(),
            ));
        }
        check_reason(reason)?;
        let row = self.inner.load(kek)?;
        let resource = resource(kek);
        let subject = Subject::of(&row.spec, &resource);
        let action = (Action::ChangeState, "kek.state");
        self.inner.act(access, action, subject, || {
            let told = self
                .inner
                .enter(kek, None, state, &access.principal, reason)?;
            let what = format!("{state}: {reason}");
            let inner = &self.inner;
            inner.note(access, "kek.state", subject, Outcome::Done, &what);
            Ok(told)
        })
    }

    /// Puts a deactivated or compromised KEK into the archive: it opens nothing until it is restored.
    ///
    /// # Errors
    /// [`CustodyError::StateForbids`] in other states.
    pub fn archive(&self, access: &Access, kek: &KekRef, reason: &str) -> Result<(), CustodyError> {
        self.put_away(access, kek, reason, What::Archived)
    }

    /// Takes a KEK out of the archive, in the state that it went in with.
    ///
    /// # Errors
    /// [`CustodyError::Invalid`] if it is not archived.
    pub fn restore(&self, access: &Access, kek: &KekRef, reason: &str) -> Result<(), CustodyError> {
        self.put_away(access, kek, reason, What::Restored)
    }

    fn put_away(
        &self,
        access: &Access,
        kek: &KekRef,
        reason: &str,
        what: What,
    ) -> Result<(), CustodyError> {
        check_reason(reason)?;
        let row = self.inner.load(kek)?;
        let resource = resource(kek);
        let subject = Subject::of(&row.spec, &resource);
        let name = if what == What::Archived {
            "kek.archive"
        } else {
            "kek.restore"
        };
        let inner = &self.inner;
        inner.act(access, (Action::ChangeState, name), subject, || {
            inner.write(|db| {
                let mut row = inner.in_store(db, kek)?;
                let rests = matches!(row.state, KeyState::Deactivated | KeyState::Compromised);
                if !rests {
                    return Err(forbids(&row, "go into the archive"));
                }
                if row.archived == (what == What::Archived) {
                    return Err(CustodyError::Invalid(format!(
                        "key {kek} is already where it shall go"
                    )));
                }
                let change = ChangeRow {
                    what,
                    state: row.state,
                    at: inner.now(),
                    actor: access.principal.clone(),
                    reason: reason.to_owned(),
                };
                Ok(row.change(db, &change)?)
            })
        })
    }

    /// Does what time asks for: activates keys whose time has come, deactivates those whose cryptoperiod is over, and tells providers what they
    /// could not be told before. To be called once a minute or so; a key whose period is over wraps nothing even if nobody called.
    ///
    /// # Errors
    /// [`CustodyError::Damaged`], [`CustodyError::Store`] if the list of keys cannot be read. What fails for one key is in the report.
    pub fn tick(&self) -> Result<TickReport, CustodyError> {
        let inner = &self.inner;
        let mut report = TickReport::default();
        let rows = KekRow::all(&*inner.db()?)?;
        for row in rows {
            let kek = row.spec.kek.clone();
            match inner.advance(&row) {
                Ok(changes) => {
                    let changes = changes.into_iter().map(|state| (kek.clone(), state));
                    report.changed.extend(changes);
                }
                Err(error) => {
                    report.failed.push((kek, error));
                    continue;
                }
            }
            match inner.settle(&kek) {
                Ok(true) => report.told.push(kek),
                Ok(false) => {}
                Err(error) => report.failed.push((kek, error)),
            }
        }
        Ok(report)
    }
}

impl Inner {
    /// A KEK that is not destroyed.
    pub(super) fn load(&self, kek: &KekRef) -> Result<KekRow, CustodyError> {
        let db = self.db()?;
        self.in_store(&db, kek)
    }

    /// A KEK, destroyed or not.
    pub(super) fn find(&self, kek: &KekRef) -> Result<KekRow, CustodyError> {
        let row = KekRow::load(&*self.db()?, kek)?;
        row.ok_or_else(|| CustodyError::NotFound(format!("key {kek}")))
    }

    pub(super) fn in_store(
        &self,
        db: &rusqlite::Connection,
        kek: &KekRef,
    ) -> Result<KekRow, CustodyError> {
        let row =
            KekRow::load(db, kek)?.ok_or_else(|| CustodyError::NotFound(format!("key {kek}")))?;
        if row.state == KeyState::Destroyed {
            return Err(destroyed(db, kek)?);
        }
        Ok(row)
    }

    /// Takes a new version into use, unless another process has done that meanwhile.
    pub(super) fn bring_into_use(
        &self,
        kek: &KekRef,
        actor: &str,
        reason: &str,
    ) -> Result<(), CustodyError> {
        let new = Some(KeyState::PreActivation);
        match self.enter(kek, new, KeyState::Active, actor, reason) {
            Ok(_)
            | Err(CustodyError::NoSuchTransition {
                from: KeyState::Active,
                ..
            }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Takes a KEK to another state; only out of `from`, if that is given: what somebody else has done since is not undone.
    pub(super) fn enter(
        &self,
        kek: &KekRef,
        from: Option<KeyState>,
        to: KeyState,
        actor: &str,
        reason: &str,
    ) -> Result<Told, CustodyError> {
        let may_enter = |row: &KekRow| {
            if from.is_some_and(|from| from != row.state) {
                return Err(no_such_transition(row, to));
            }
            may_become(row, to)
        };
        let row = self.load(kek)?;
        may_enter(&row)?;
        let enforcement = if to == KeyState::Active {
            Some(self.activate_at_provider(&row)?)
        } else {
            None
        };
        let now = self.now();
        let entered = self.write(|db| {
            let mut row = self.in_store(db, kek)?;
            may_enter(&row)?;
            let mut former = Vec::new();
            if to == KeyState::Active {
                former = retire_former(db, &row, now, actor)?;
                row.told = Some(to);
                row.activate = None;
                row.expire = row
                    .expire
                    .or_else(|| row.period.map(|period| now.saturating_add(period)));
            }
            let change = ChangeRow {
                what: What::State,
                state: to,
                at: now,
                actor: actor.to_owned(),
                reason: reason.to_owned(),
            };
            row.change(db, &change)?;
            Ok((row, former))
        });
        if let (Err(CustodyError::NoSuchTransition { .. }), Some(_)) = (&entered, enforcement) {
            self.tell_after(row, to)?;
        }
        let (row, former) = entered?;
        for row in former {
            self.tell(&row);
        }
        Ok(match enforcement {
            Some(enforcement) => Told::Provider(enforcement),
            None => self.tell(&row),
        })
    }

    /// Makes the KEK at its provider if that was not finished, and activates it there.
    pub(super) fn activate_at_provider(&self, row: &KekRow) -> Result<Enforcement, CustodyError> {
        let provider = self.provider_of(row)?;
        if row.told.is_none() {
            match provider.create_kek(&row.spec) {
                // A former try got as far as that: nobody else makes keys under an id of ours.
                Ok(()) | Err(ProviderError::KekExists(_)) => {}
                Err(error) => return Err(said(error)),
            }
        }
        let kek = &row.spec.kek;
        provider.set_state(kek, KeyState::Active).map_err(said)
    }

    /// Tells the provider the state of a KEK.
    fn tell(&self, row: &KekRow) -> Told {
        let told = || -> Result<Enforcement, CustodyError> {
            // What the provider never made it needs to know nothing about.
            if row.told.is_none() {
                return Ok(Enforcement::ByCustodyOnly);
            }
            let (_, provider) = self.provider((&row.provider.0, &row.provider.1))?;
            let enforcement = provider.set_state(&row.spec.kek, row.state).map_err(said)?;
            self.mark_told(row)?;
            Ok(enforcement)
        };
        match told() {
            Ok(enforcement) => Told::Provider(enforcement),
            Err(CustodyError::Provider(error)) => Told::Later(error),
            Err(error) => Told::Later(ProviderError::Unavailable(error.to_string())),
        }
    }

    /// The provider was told a state that did not come to be, as another process was faster: now, or by the next tick, it is told the one that is.
    fn tell_after(&self, mut row: KekRow, told: KeyState) -> Result<(), CustodyError> {
        row.state = told;
        self.mark_told(&row)?;
        self.tell(&self.load(&row.spec.kek)?);
        Ok(())
    }

    pub(super) fn mark_told(&self, row: &KekRow) -> Result<(), CustodyError> {
        self.write(|db| {
            // What it was told last, even if the state is another one by now: then `tick` tells it that. A destroyed key is buried, not told.
            if let Some(mut now) = KekRow::load(db, &row.spec.kek)?
                && (now.state == row.state || now.state != KeyState::Destroyed)
            {
                now.told = Some(row.state);
                now.put(db)?;
            }
            Ok(())
        })
    }

    /// Takes a KEK through the changes that time asks for.
    pub(super) fn advance(&self, row: &KekRow) -> Result<Vec<KeyState>, CustodyError> {
        let mut changes = Vec::new();
        let mut row = row.clone();
        while let Some((state, reason)) = row.due(self.now()) {
            let resource = resource(&row.spec.kek);
            let subject = Subject::of(&row.spec, &resource);
            let system = Access::of("system");
            // What brings a key into use is recorded first, as when somebody asks for it. What takes it out of use waits for nothing.
            if state == KeyState::Active {
                self.record_allowed(&system, "kek.state", subject, reason)?;
            }
            match self.enter(&row.spec.kek, Some(row.state), state, "system", reason) {
                Ok(_) => {
                    self.note(&system, "kek.state", subject, Outcome::Done, reason);
                    changes.push(state);
                }
                // Another process was faster.
                Err(CustodyError::NoSuchTransition { .. }) => {}
                Err(error) => {
                    let why = error.to_string();
                    self.note(&system, "kek.state", subject, Outcome::Failed, &why);
                    return Err(error);
                }
            }
            row = self.load(&row.spec.kek)?;
        }
        Ok(changes)
    }

    /// Tells the provider what it could not be told before. Whether there was something.
    fn settle(&self, kek: &KekRef) -> Result<bool, CustodyError> {
        let row = self.find(kek)?;
        if row.state == KeyState::Destroyed {
            let tombstone = TombstoneRow::load(&*self.db()?, &resource(kek))?;
            if tombstone.is_none_or(|row| !row.effective || row.gone.is_some()) {
                return Ok(false);
            }
            self.bury(&row)?;
            let resource = resource(kek);
            let subject = Subject::of(&row.spec, &resource);
            let (system, why) = (Access::of("system"), "gone at its provider");
            self.note(&system, "kek.destroy", subject, Outcome::Done, why);
            return Ok(true);
        }
        if row.told.is_none() || row.told == Some(row.state) {
            return Ok(false);
        }
        match self.tell(&row) {
            Told::Provider(_) => Ok(true),
            Told::Later(error) => Err(said(error)),
        }
    }
}

/// Deactivates the versions before one that becomes active, in the same transaction: there is one that wraps.
fn retire_former(
    db: &rusqlite::Connection,
    next: &KekRow,
    now: u64,
    actor: &str,
) -> Result<Vec<KekRow>, CustodyError> {
    let version = next.spec.kek.version;
    let mut former = KekRow::versions(db, &next.spec.kek.id)?;
    former.retain(|row| {
        row.spec.kek.version < version
            && matches!(row.state, KeyState::Active | KeyState::Suspended)
    });
    for row in &mut former {
        let change = ChangeRow {
            what: What::State,
            state: KeyState::Deactivated,
            at: now,
            actor: actor.to_owned(),
            reason: format!("version {version} follows"),
        };
        row.change(db, &change)?;
    }
    Ok(former)
}

impl KekRow {
    /// The change that is due by time, and why.
    pub(super) fn due(&self, now: u64) -> Option<(KeyState, &'static str)> {
        let has_come = |time: Option<u64>| time.is_some_and(|time| time <= now);
        match self.state {
            KeyState::PreActivation if has_come(self.activate) => {
                Some((KeyState::Active, "its time of activation has come"))
            }
            KeyState::Active | KeyState::Suspended if has_come(self.expire) => {
                Some((KeyState::Deactivated, "its cryptoperiod is over"))
            }
            _ => None,
        }
    }
}

pub(super) fn resource(kek: &KekRef) -> String {
    format!("kek/{}/{}", kek.id, kek.version)
}

pub(super) fn may_become(row: &KekRow, to: KeyState) -> Result<(), CustodyError> {
    if row.state.may_become(to) {
        return Ok(());
    }
    Err(no_such_transition(row, to))
}

fn no_such_transition(row: &KekRow, to: KeyState) -> CustodyError {
    CustodyError::NoSuchTransition {
        kek: row.spec.kek.clone(),
        from: row.state,
        to,
    }
}

pub(super) fn forbids(row: &KekRow, action: &'static str) -> CustodyError {
    CustodyError::StateForbids {
        kek: row.spec.kek.clone(),
        state: row.state,
        action,
    }
}

pub(super) fn check_reason(reason: &str) -> Result<(), CustodyError> {
    if reason.len() > MAX_REASON {
        return Err(CustodyError::Invalid(
            "a reason has at most 1,024 octets".into(),
        ));
    }
    Ok(())
}
