//! Making KEKs, new versions of them, and moving them to other providers.

use std::time::Duration;

use super::access::{Access, Action};
use super::core::{Custody, Inner, Subject, said};
use super::error::{CustodyError, ProviderError};
use super::lifecycle::{forbids, resource};
use super::names;
use super::policy::is_within;
use super::provider::{KekRef, KekSpec};
use super::state::KeyState;
use super::store::{ChangeRow, DekRow, KekRow, What};

/// When a new KEK becomes active.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Activation {
    /// At once.
    #[default]
    Now,
    /// At the first [`Custody::tick`] at or after this time.
    At {
        /// Microseconds since 1970.
        unix_micros: u64,
    },
    /// By [`Custody::set_state`].
    ByHand,
}

/// Names a provider: its scheme and id, as [`Custody::providers`] says them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ProviderName {
    /// The scheme.
    pub scheme: String,
    /// The id.
    pub id: String,
}

/// A KEK to be made: for a tenant × a region × a purpose, of which there is one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewKek {
    /// Whose keys it wraps.
    pub tenant: String,
    /// Where it may be used; empty where it is nowhere bound.
    pub region: String,
    /// What for.
    pub purpose: String,
    /// When it becomes active.
    pub activation: Activation,
    /// How long each version wraps once it is active; without end if none. It goes on to unwrap.
    pub cryptoperiod: Option<Duration>,
    /// Where it is made; at the first provider if none.
    pub provider: Option<ProviderName>,
}

impl NewKek {
    /// A KEK that is active at once, without end.
    #[must_use]
    pub fn new(tenant: &str, region: &str, purpose: &str) -> Self {
        Self {
            tenant: tenant.to_owned(),
            region: region.to_owned(),
            purpose: purpose.to_owned(),
            ..Self::default()
        }
    }
}

/// What is known of one version of a KEK.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KekInfo {
    /// What it is for.
    pub spec: KekSpec,
    /// Who holds it.
    pub provider: ProviderName,
    /// Its state.
    pub state: KeyState,
    /// Whether it is in the archive.
    pub archived: bool,
    /// When it becomes active by itself, in microseconds since 1970.
    pub activates_unix_micros: Option<u64>,
    /// When it stops wrapping by itself, in microseconds since 1970.
    pub expires_unix_micros: Option<u64>,
    /// DEKs of the store that it wraps.
    pub deks: u64,
}

/// One change of a key, as its history keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The state after it.
    pub state: KeyState,
    /// Whether the key went into the archive (`true`) or came out of it (`false`), the state staying as it was.
    pub archived: Option<bool>,
    /// When, in microseconds since 1970.
    pub unix_micros: u64,
    /// Who did it.
    pub actor: String,
    /// Why.
    pub reason: String,
}

impl Custody {
    /// Makes a KEK. If an earlier call for the same use was cut short, this one finishes it.
    ///
    /// # Errors
    /// [`CustodyError::Invalid`] if there is a KEK of that use which is not destroyed, or names that there cannot be;
    /// [`CustodyError::RegionForbidden`] if the provider is elsewhere than the key shall be. On a provider's error the key may have been left in
    /// pre-activation.
    pub fn create_kek(&self, access: &Access, new: &NewKek) -> Result<KekRef, CustodyError> {
        let inner = &self.inner;
        for (what, name) in [
            ("tenant", &new.tenant),
            ("region", &new.region),
            ("purpose", &new.purpose),
        ] {
            names::check(what, name).map_err(said)?;
        }
        let subject = Subject {
            resource: "kek/new",
            tenant: &new.tenant,
            region: &new.region,
            purpose: &new.purpose,
        };
        inner.act(access, (Action::ManageKek, "kek.create"), subject, || {
            let first = inner.first_provider()?;
            let provider = new.provider.clone().unwrap_or_else(|| ProviderName {
                scheme: first.scheme.clone(),
                id: first.id.clone(),
            });
            inner.suits(&provider, &new.region)?;
            let id = format!("kek-{}", names::hex(&names::new_id()?));
            let row = KekRow {
                spec: KekSpec {
                    kek: KekRef { id, version: 1 },
                    tenant: new.tenant.clone(),
                    region: new.region.clone(),
                    purpose: new.purpose.clone(),
                },
                provider: (provider.scheme, provider.id),
                state: KeyState::PreActivation,
                told: None,
                archived: false,
                activate: match new.activation {
                    Activation::At { unix_micros } => Some(unix_micros),
                    // Should this call be cut short, the next tick finishes it.
                    Activation::Now => Some(inner.now()),
                    Activation::ByHand => None,
                },
                period: new.cryptoperiod.map(micros).transpose()?,
                expire: None,
                changes: 0,
                head: [0; 32],
            };
            let row = inner.begin(row, &access.principal)?;
            let provider = inner.provider_of(&row)?;
            match provider.create_kek(&row.spec) {
                Ok(()) | Err(ProviderError::KekExists(_)) => inner.mark_told(&row)?,
                Err(error) => return Err(said(error)),
            }
            if new.activation == Activation::Now {
                let kek = &row.spec.kek;
                inner.bring_into_use(kek, &access.principal, "made")?;
            }
            Ok(row.spec.kek)
        })
    }

    /// Makes the next version of a KEK, active at once, and deactivates the one before. DEKs stay as they are and are wrapped anew when they are
    /// opened, or by [`Self::sweep`]. If an earlier call was cut short, this one finishes it.
    ///
    /// # Errors
    /// [`CustodyError::StateForbids`] if the first version is in pre-activation; [`CustodyError::KeyDestroyed`] if all are destroyed;
    /// [`CustodyError::Busy`] if another process has begun a version meanwhile; [`CustodyError::NoSuchTransition`] if one has taken this version out of use meanwhile.
    pub fn rotate_kek(&self, access: &Access, id: &str) -> Result<KekRef, CustodyError> {
        self.next_version(access, id, None, "kek.rotate")
    }

    /// Moves a KEK to another provider: the next version is made there. The keys under the former ones follow by [`Self::sweep`].
    ///
    /// # Errors
    /// As [`Self::rotate_kek`]; [`CustodyError::NotFound`] for a provider that custody was not opened with.
    pub fn move_kek(
        &self,
        access: &Access,
        id: &str,
        to: &ProviderName,
    ) -> Result<KekRef, CustodyError> {
        self.next_version(access, id, Some(to), "kek.move")
    }

    fn next_version(
        &self,
        access: &Access,
        id: &str,
        to: Option<&ProviderName>,
        name: &'static str,
    ) -> Result<KekRef, CustodyError> {
        let inner = &self.inner;
        let former = inner.latest(id)?;
        let resource = resource(&former.spec.kek);
        let subject = Subject::of(&former.spec, &resource);
        let who = &access.principal;
        inner.act(access, (Action::ManageKek, name), subject, || {
            let provider = to.cloned().unwrap_or_else(|| ProviderName {
                scheme: former.provider.0.clone(),
                id: former.provider.1.clone(),
            });
            inner.suits(&provider, &former.spec.region)?;
            let next = inner.begin_next(&former, provider, who)?;
            let kek = next.spec.kek.clone();
            if next.told.is_none() && former.told.is_some() && former.provider == next.provider {
                let holder = inner.provider_of(&next)?;
                match holder.rotate(&former.spec) {
                    Ok(made) if made == kek => {}
                    Ok(made) => {
                        return Err(said(ProviderError::Failed(format!(
                            "it made {made} where {kek} was asked for"
                        ))));
                    }
                    Err(ProviderError::KekExists(_)) => {}
                    Err(error) => return Err(said(error)),
                }
                inner.mark_told(&next)?;
            }
            inner.bring_into_use(&kek, who, "rotated")?;
            Ok(kek)
        })
    }

    /// All versions of all KEKs, the latest version of each first.
    ///
    /// # Errors
    /// [`CustodyError::NotAuthorized`], [`CustodyError::Damaged`].
    pub fn keks(&self, access: &Access) -> Result<Vec<KekInfo>, CustodyError> {
        let inner = &self.inner;
        let region = inner.policy.pinned().unwrap_or_default();
        let subject = Subject {
            resource: "kek/all",
            tenant: "",
            region,
            purpose: "",
        };
        inner.act(access, (Action::Inspect, "kek.inspect"), subject, || {
            let db = inner.db()?;
            let rows = KekRow::all(&db)?;
            rows.into_iter()
                .map(|row| {
                    Ok(KekInfo {
                        deks: DekRow::count(&db, &row.spec.kek)?,
                        spec: row.spec,
                        provider: ProviderName {
                            scheme: row.provider.0,
                            id: row.provider.1,
                        },
                        state: row.state,
                        archived: row.archived,
                        activates_unix_micros: row.activate,
                        expires_unix_micros: row.expire,
                    })
                })
                .collect()
        })
    }

    /// The history of one version of a KEK, the oldest change first, checked link by link.
    ///
    /// # Errors
    /// [`CustodyError::NotFound`]; [`CustodyError::Damaged`] if a link is missing, altered, or a state was skipped.
    pub fn history(&self, access: &Access, kek: &KekRef) -> Result<Vec<Change>, CustodyError> {
        let inner = &self.inner;
        let row = inner.find(kek)?;
        let resource = resource(kek);
        let subject = Subject::of(&row.spec, &resource);
        inner.act(access, (Action::Inspect, "kek.inspect"), subject, || {
            let changes = row.history(&*inner.db()?)?;
            let changes = changes.into_iter().map(|change| Change {
                state: change.state,
                archived: match change.what {
                    What::State => None,
                    What::Archived => Some(true),
                    What::Restored => Some(false),
                },
                unix_micros: change.at,
                actor: change.actor,
                reason: change.reason,
            });
            Ok(changes.collect())
        })
    }
}

impl Inner {
    /// Refuses a provider that custody has not, the policy does not allow, or that is elsewhere than the key shall be.
    fn suits(&self, provider: &ProviderName, region: &str) -> Result<(), CustodyError> {
        let (info, _) = self.provider((&provider.scheme, &provider.id))?;
        let is_elsewhere =
            !region.is_empty() && !info.region.is_empty() && !is_within(&info.region, region);
        let is_forbidden = !self.policy.allows(&info.region);
        if is_elsewhere || is_forbidden {
            let pinned = self.policy.pinned().filter(|_| is_forbidden);
            return Err(CustodyError::RegionForbidden {
                pinned: pinned.unwrap_or(region).to_owned(),
                region: info.region.clone(),
                what: "provider",
            });
        }
        Ok(())
    }

    /// Writes the row of a new KEK, or finds the one of a call that was cut short.
    fn begin(&self, mut new: KekRow, actor: &str) -> Result<KekRow, CustodyError> {
        self.write(|db| {
            let spec = &new.spec;
            let used = KekRow::of_use(db, (&spec.tenant, &spec.region, &spec.purpose))?;
            let mut left = used
                .into_iter()
                .filter(|row| row.state != KeyState::Destroyed);
            match left.next() {
                None => {}
                Some(row) if row.is_unfinished(self.now()) => return Ok(row),
                Some(row) => {
                    return Err(CustodyError::Invalid(format!(
                        "there is a key of this tenant, region and purpose: {}",
                        row.spec.kek
                    )));
                }
            }
            new.change(db, &self.made(actor, "made"))?;
            Ok(new)
        })
    }

    /// Writes the row of the next version of a KEK, or finds the one of a call that was cut short.
    fn begin_next(
        &self,
        former: &KekRow,
        provider: ProviderName,
        actor: &str,
    ) -> Result<KekRow, CustodyError> {
        let holder = (provider.scheme, provider.id);
        self.write(|db| {
            let versions = KekRow::versions(db, &former.spec.kek.id)?;
            let latest = versions
                .first()
                .ok_or_else(|| CustodyError::NotFound(format!("key {}", former.spec.kek)))?;
            match latest.state {
                // While an older version lives, one that was given up before it was active is followed by the next.
                KeyState::Destroyed
                    if versions.iter().all(|row| row.state == KeyState::Destroyed) =>
                {
                    return Err(super::destroy::destroyed(db, &latest.spec.kek)?);
                }
                KeyState::PreActivation if latest.spec.kek.version == 1 => {
                    return Err(forbids(latest, "rotate before it was ever active"));
                }
                KeyState::PreActivation if latest.provider == holder => {
                    // The provider is told which version it follows: that may be another by now.
                    let used = versions
                        .iter()
                        .find(|row| row.state != KeyState::PreActivation);
                    if used.is_none_or(|used| used.spec.kek != former.spec.kek) {
                        return Err(CustodyError::Busy);
                    }
                    return Ok(latest.clone());
                }
                KeyState::PreActivation => {
                    return Err(forbids(latest, "move while it is being made elsewhere"));
                }
                _ => {}
            }
            if latest.spec.kek != former.spec.kek {
                return Err(CustodyError::Busy);
            }
            let version = former.spec.kek.version.checked_add(1);
            let mut next = former.clone();
            next.spec.kek.version =
                version.ok_or_else(|| CustodyError::Invalid("2^32 versions of a key".into()))?;
            next.provider = holder;
            next.state = KeyState::PreActivation;
            (next.told, next.archived) = (None, false);
            (next.activate, next.expire) = (Some(self.now()), None);
            (next.changes, next.head) = (0, [0; 32]);
            next.change(db, &self.made(actor, "next version"))?;
            Ok(next)
        })
    }

    fn made(&self, actor: &str, reason: &str) -> ChangeRow {
        ChangeRow {
            what: What::State,
            state: KeyState::PreActivation,
            at: self.now(),
            actor: actor.to_owned(),
            reason: reason.to_owned(),
        }
    }

    /// The latest version of a KEK, whatever its state; of one cut short in rotation the one before.
    pub(super) fn latest(&self, id: &str) -> Result<KekRow, CustodyError> {
        let versions = KekRow::versions(&*self.db()?, id)?;
        let of_use = versions
            .iter()
            .find(|row| row.state != KeyState::PreActivation);
        of_use
            .or_else(|| versions.first())
            .cloned()
            .ok_or_else(|| CustodyError::NotFound(format!("key {id}")))
    }

    /// The version of a KEK that wraps now.
    pub(super) fn current(&self, id: &str) -> Result<KekRow, CustodyError> {
        let versions = KekRow::versions(&*self.db()?, id)?;
        let mut failed = None;
        for row in &versions {
            if row.due(self.now()).is_none() {
                if row.state == KeyState::Active {
                    return Ok(row.clone());
                }
                continue;
            }
            // Its time is over, or has come, and nobody called `tick`. If it cannot be activated the version before it goes on.
            match self.advance(row) {
                Ok(_) => {
                    let row = self.find(&row.spec.kek)?;
                    if row.state == KeyState::Active {
                        return Ok(row);
                    }
                }
                Err(error) => failed = Some(error),
            }
        }
        if let Some(error) = failed {
            return Err(error);
        }
        let latest = self.latest(id)?;
        if latest.state == KeyState::Destroyed {
            return Err(super::destroy::destroyed(&*self.db()?, &latest.spec.kek)?);
        }
        Err(forbids(&latest, "wrap"))
    }
}

impl KekRow {
    /// Whether the call that made it was cut short.
    fn is_unfinished(&self, now: u64) -> bool {
        let is_new = self.state == KeyState::PreActivation && self.spec.kek.version == 1;
        is_new && (self.told.is_none() || self.due(now).is_some())
    }
}

fn micros(period: Duration) -> Result<u64, CustodyError> {
    let micros = u64::try_from(period.as_micros()).ok();
    micros
        .filter(|micros| (1..=1 << 60).contains(micros))
        .ok_or_else(|| CustodyError::Invalid("a cryptoperiod of 1 µs to 36,000 years".into()))
}
