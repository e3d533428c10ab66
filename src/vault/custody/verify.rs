//! Is the store whole? Asked of it all at once.

use super::access::{Access, Action};
use super::core::{Custody, Subject};
use super::database;
use super::dek_id::DekId;
use super::error::CustodyError;
use super::lifecycle::resource;
use super::names::hex;
use super::state::KeyState;
use super::store::{DekRow, KekRow, TombstoneRow};

/// What [`Custody::verify`] found whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Versions of KEKs, each with its whole history.
    pub keks: u64,
    /// Rows of DEKs.
    pub deks: u64,
    /// Tombstones.
    pub tombstones: u64,
}

impl Custody {
    /// Looks at every page, row and link of the store: digests match, no state was skipped, no version is missing, every destroyed KEK has its tombstone. Opens no key. A DEK
    /// whose row is gone without a trace leaves nothing to be missed by.
    ///
    /// # Errors
    /// [`CustodyError::Damaged`] with the first thing that is not whole.
    pub fn verify(&self, access: &Access) -> Result<Verified, CustodyError> {
        let inner = &self.inner;
        let subject = Subject {
            resource: "store",
            tenant: "",
            region: inner.policy.pinned().unwrap_or_default(),
            purpose: "",
        };
        inner.act(access, (Action::Inspect, "store.verify"), subject, || {
            let db = inner.db()?;
            database::check(&db)?;
            let mut verified = Verified::default();
            let mut changes = 0_u64;
            let keks = KekRow::all(&db)?;
            for (at, kek) in keks.iter().enumerate() {
                let name = &kek.spec.kek;
                // The latest version comes first: the one below it must be the next row, down to the first.
                let below = keks.get(at + 1).map(|row| &row.spec.kek);
                let below = below.filter(|row| row.id == name.id);
                if below.map_or(1, |row| row.version.saturating_add(1)) != name.version {
                    let what = format!("the version before key {name} is missing");
                    return Err(CustodyError::Damaged(what));
                }
                changes = changes.saturating_add(kek.changes.into());
                kek.history(&db)?;
                let is_buried = TombstoneRow::load(&db, &resource(name))?.is_some();
                if is_buried != (kek.state == KeyState::Destroyed) {
                    let what = format!("key {name} and its tombstone do not agree");
                    return Err(CustodyError::Damaged(what));
                }
                verified.keks += 1;
                let mut after = Vec::new();
                loop {
                    let scanned = DekRow::scan(&db, name, &after, 1_000)?;
                    let Some(last) = scanned.last() else {
                        break;
                    };
                    after.clone_from(&last.id);
                    for scanned in scanned {
                        let dek = scanned.row?;
                        if dek.wrapped.region != kek.spec.region {
                            let what = format!("data key {} is of another region", hex(&dek.id));
                            return Err(CustodyError::Damaged(what));
                        }
                        verified.deks += 1;
                    }
                }
            }
            if KekRow::all_changes(&db)? != changes {
                return Err(CustodyError::Damaged(
                    "there are changes of a key that the store has not".into(),
                ));
            }
            if DekRow::all(&db)? != verified.deks {
                return Err(CustodyError::Damaged(
                    "a data key is under a key that the store has not".into(),
                ));
            }
            let mut buried = 0_u64;
            for key in TombstoneRow::keys(&db)? {
                TombstoneRow::load(&db, &key)?;
                let dek = key.strip_prefix("dek/");
                // The second one of a DEK, which says what KEK it was under.
                let of = dek.and_then(|dek| dek.split_once('/'));
                if let Some((id, _)) = of {
                    if TombstoneRow::load(&db, &format!("dek/{id}"))?.is_none() {
                        let what = format!("the tombstone of data key {id} is missing");
                        return Err(CustodyError::Damaged(what));
                    }
                    continue;
                }
                let id = dek.map(str::parse::<DekId>);
                if let Some(id) = id.transpose()?
                    && DekRow::load(&db, id.as_bytes())?.is_some()
                {
                    let what = format!("data key {id} is there and was destroyed");
                    return Err(CustodyError::Damaged(what));
                }
                verified.tombstones += 1;
                buried += u64::from(key.starts_with("kek/"));
            }
            let destroyed = keks.iter().filter(|kek| kek.state == KeyState::Destroyed);
            if u64::try_from(destroyed.count()) != Ok(buried) {
                return Err(CustodyError::Damaged(
                    "there is a tombstone of a key that the store has not".into(),
                ));
            }
            Ok(verified)
        })
    }
}
