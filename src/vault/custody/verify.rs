//! Is the store whole? Asked of it all at once.

use super::access::{Access, Action};
use super::core::{Custody, Subject};
use super::database;
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
    /// Looks at every page, row and link of the store: digests match, no state was skipped, every destroyed key has its tombstone. Opens no key.
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
            for kek in KekRow::all(&db)? {
                let name = &kek.spec.kek;
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
            if DekRow::all(&db)? != verified.deks {
                return Err(CustodyError::Damaged(
                    "a data key is under a key that the store has not".into(),
                ));
            }
            for key in TombstoneRow::keys(&db)? {
                TombstoneRow::load(&db, &key)?;
                verified.tombstones += 1;
            }
            Ok(verified)
        })
    }
}
