//! The provider `file:`: KEKs in one SQLite file, each sealed under a master key that Argon2id makes of a passphrase.
//!
//! ```text
//!  passphrase ──Argon2id──► master key ──XAES-256-GCM(AAD: store, id, version, tenant, region, purpose, state)──► KEK
//! ```
//!
//! A KEK is sealed together with its state, so who can write the file and has not the passphrase can take a state back to an older one
//! only by putting the whole older row back. Nothing but sealed keys reaches SQLite.

mod rows;

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use crate::error::Error;
use crate::keys::PassphraseParams;
use crate::keys::secret::Secret;
use crate::os::ForkGuard;
use crate::vault::wrapped::{Dek, WrapContext, WrappedKey};

use super::database::{self, Fault, Kind};
use super::error::ProviderError;
use super::names;
use super::provider::{
    Destruction, Enforcement, KekRef, KekSpec, KeyProvider, Protection, ProviderInfo, Rewrap,
};
use super::software::SoftwareKey;
use super::state::KeyState;
use rows::{Header, Row, all_rows, row, unlock};

/// Scheme of its URLs.
pub(super) const SCHEME: &str = "file";

const KIND: Kind = Kind {
    // "MSKF"
    application_id: 0x4D53_4B46,
    schema: "
        CREATE TABLE store (
            one INTEGER PRIMARY KEY CHECK (one = 1),
            id BLOB NOT NULL,
            region TEXT NOT NULL,
            passphrase TEXT NOT NULL,
            generation INTEGER NOT NULL,
            proof BLOB NOT NULL
        ) STRICT;
        CREATE TABLE kek (
            id TEXT NOT NULL,
            version INTEGER NOT NULL,
            tenant TEXT NOT NULL,
            region TEXT NOT NULL,
            purpose TEXT NOT NULL,
            state INTEGER NOT NULL,
            sealed BLOB,
            PRIMARY KEY (id, version)
        ) STRICT, WITHOUT ROWID;",
};

/// Keys in a file: the embedded default. Each KEK is sealed under a master key that Argon2id makes of a passphrase.
pub struct FileProvider {
    inner: Mutex<Inner>,
    id: [u8; 16],
    region: String,
    fork: ForkGuard,
}

struct Inner {
    db: Connection,
    master: SoftwareKey,
    /// Counts the passphrases that the store has had.
    generation: i64,
}

impl FileProvider {
    /// Makes a store in the file `path`, for this user alone on Unix, and opens it. `region` is where it is, empty if it does not matter.
    ///
    /// # Errors
    /// [`ProviderError::Invalid`] if there is a store already, or for a region over 255 octets; [`ProviderError::Core`] for a passphrase that
    /// there cannot be; [`ProviderError::Unavailable`] if the disk is full.
    pub fn create(
        path: impl AsRef<Path>,
        region: &str,
        passphrase: &str,
        params: &PassphraseParams,
    ) -> Result<Self, ProviderError> {
        names::check("region", region)?;
        let master = master_key(passphrase, params)?;
        let mut id = [0; 16];
        getrandom::fill(&mut id).map_err(|_| Error::EntropyUnavailable)?;
        let header = Header {
            id,
            region: region.to_owned(),
            passphrase: params.to_string(),
            generation: 1,
        };
        let proof = master.seal(&header.authenticated(), &[])?;
        let db = database::create(path.as_ref(), &KIND, |db| {
            db.execute(
                "INSERT INTO store VALUES (1, ?, ?, ?, 1, ?)",
                params![id, region, header.passphrase, proof],
            )
            .map_err(Fault::from)?;
            Ok::<_, ProviderError>(())
        })?;
        Ok(Self {
            inner: Mutex::new(Inner {
                db,
                master,
                generation: 1,
            }),
            id,
            region: header.region,
            fork: ForkGuard::new(),
        })
    }

    /// Opens the store in the file `path`. It makes none.
    ///
    /// # Errors
    /// [`ProviderError::Denied`] for a wrong passphrase (or a store whose first row was altered, which looks the same);
    /// [`ProviderError::Invalid`] if there is no store; [`ProviderError::Damaged`].
    pub fn open(path: impl AsRef<Path>, passphrase: &str) -> Result<Self, ProviderError> {
        let db = database::open(path.as_ref(), &KIND)?;
        let (header, master) = unlock(&db, passphrase)?;
        Ok(Self {
            inner: Mutex::new(Inner {
                db,
                master,
                generation: header.generation,
            }),
            id: header.id,
            region: header.region,
            fork: ForkGuard::new(),
        })
    }

    /// Changes the passphrase: a new master key, under which all KEKs are sealed anew in one transaction, O(KEKs). What the KEKs wrapped stays
    /// as it is. Copies of the old file still open with the old passphrase.
    ///
    /// # Errors
    /// [`ProviderError::Denied`] if `old` is wrong; nothing is changed then, or on any other error.
    pub fn change_passphrase(
        &self,
        old: &str,
        new: &str,
        params: &PassphraseParams,
    ) -> Result<(), ProviderError> {
        self.change_passphrase_after(old, new, params, || Ok(()))
    }

    /// As [`Self::change_passphrase`]; `keep` is called once `old` is known to be right, before anything is sealed under `new`. What it fails
    /// with changes nothing. So a `new` that the store is sealed under already is never overwritten where it is kept.
    pub(super) fn change_passphrase_after(
        &self,
        old: &str,
        new: &str,
        params: &PassphraseParams,
        keep: impl FnOnce() -> Result<(), ProviderError>,
    ) -> Result<(), ProviderError> {
        let mut inner = self.lock()?;
        let fresh = master_key(new, params)?;
        let transaction = inner
            .db
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(Fault::from)?;
        let (mut header, master) = unlock(&transaction, old)?;
        keep()?;
        let rows = all_rows(&transaction)?;
        for row in rows.iter().filter(|row| row.sealed.is_some()) {
            let aad = row.authenticated(&self.id);
            let kek = row.open(&master, &self.id)?;
            let sealed = fresh.seal_key(&kek, &aad)?;
            transaction
                .execute(
                    "UPDATE kek SET sealed = ? WHERE id = ? AND version = ?",
                    params![sealed, row.spec.kek.id, row.spec.kek.version],
                )
                .map_err(Fault::from)?;
        }
        header.passphrase = params.to_string();
        header.generation = header
            .generation
            .checked_add(1)
            .ok_or(ProviderError::Unsupported("2^63 passphrases of a store"))?;
        let proof = fresh.seal(&header.authenticated(), &[])?;
        transaction
            .execute(
                "UPDATE store SET passphrase = ?, generation = ?, proof = ?",
                params![header.passphrase, header.generation, proof],
            )
            .map_err(Fault::from)?;
        transaction.commit().map_err(Fault::from)?;
        (inner.master, inner.generation) = (fresh, header.generation);
        // The old sealed keys leave the log, if nobody else reads just now.
        database::checkpoint(&inner.db).ok();
        Ok(())
    }

    /// Looks whether the file is whole, and every KEK in it opens.
    ///
    /// # Errors
    /// [`ProviderError::Damaged`] with the first thing that is not.
    pub fn verify(&self) -> Result<(), ProviderError> {
        let inner = self.lock()?;
        database::check(&inner.db)?;
        let rows = all_rows(&inner.db)?;
        same_passphrase(&inner.db, inner.generation)?;
        for row in rows {
            if row.state != KeyState::Destroyed {
                row.open(&inner.master, &self.id)?;
            }
        }
        Ok(())
    }

    fn lock(&self) -> Result<MutexGuard<'_, Inner>, ProviderError> {
        if !self.fork.is_this_process() {
            return Err(Error::Forked.into());
        }
        Ok(self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The KEK, opened, if it is one that `may` do what is asked.
    fn usable(
        &self,
        inner: &Inner,
        kek: &KekRef,
        may: impl Fn(KeyState) -> bool,
    ) -> Result<SoftwareKey, ProviderError> {
        let row = row(&inner.db, kek)?.ok_or_else(|| ProviderError::NoSuchKek(kek.clone()))?;
        if row.state == KeyState::Destroyed {
            return Err(ProviderError::KekDestroyed(kek.clone()));
        }
        if !may(row.state) {
            return Err(ProviderError::Refused {
                kek: kek.clone(),
                reason: format!("it is {}", row.state),
            });
        }
        same_passphrase(&inner.db, inner.generation)?;
        row.open(&inner.master, &self.id)
    }
}

impl Inner {
    /// Begins to write, if the passphrase is still the one that the store was opened with: nothing is sealed under a master key that another process
    /// has replaced.
    fn write(&mut self) -> Result<(Transaction<'_>, &SoftwareKey), ProviderError> {
        let transaction = self
            .db
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(Fault::from)?;
        same_passphrase(&transaction, self.generation)?;
        Ok((transaction, &self.master))
    }
}

/// Another process may have changed the passphrase: then this one's master key opens nothing, which must not look like damage. To be asked in the
/// same transaction as what is opened, or after it was read.
fn same_passphrase(db: &Connection, opened: i64) -> Result<(), ProviderError> {
    let generation: i64 = db
        .prepare_cached("SELECT generation FROM store")
        .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
        .map_err(Fault::from)?;
    if generation == opened {
        return Ok(());
    }
    Err(ProviderError::Denied(
        "the passphrase was changed: open the store anew".into(),
    ))
}

impl KeyProvider for FileProvider {
    fn describe(&self) -> ProviderInfo {
        ProviderInfo {
            scheme: SCHEME.to_owned(),
            id: names::hex(&self.id),
            region: self.region.clone(),
            protection: Protection::Software,
            exportable: true,
        }
    }

    fn create_kek(&self, spec: &KekSpec) -> Result<(), ProviderError> {
        names::check_spec(spec)?;
        let mut inner = self.lock()?;
        let (transaction, master) = inner.write()?;
        if row(&transaction, &spec.kek)?.is_some() {
            return Err(ProviderError::KekExists(spec.kek.clone()));
        }
        let mut new = Row {
            spec: spec.clone(),
            state: KeyState::PreActivation,
            sealed: None,
        };
        let kek = SoftwareKey::generate()?;
        new.sealed = Some(master.seal_key(&kek, &new.authenticated(&self.id))?);
        transaction
            .execute(
                "INSERT INTO kek VALUES (?, ?, ?, ?, ?, ?, ?)",
                params![
                    spec.kek.id,
                    spec.kek.version,
                    spec.tenant,
                    spec.region,
                    spec.purpose,
                    new.state as u8,
                    new.sealed
                ],
            )
            .map_err(Fault::from)?;
        transaction.commit().map_err(Fault::from)?;
        Ok(())
    }

    fn wrap(
        &self,
        kek: &KekRef,
        dek: &Dek,
        context: &WrapContext,
    ) -> Result<WrappedKey, ProviderError> {
        let inner = self.lock()?;
        let key = self.usable(&inner, kek, KeyState::may_wrap)?;
        drop(inner);
        Ok(key.wrap(SCHEME, kek, dek, context)?)
    }

    fn unwrap(&self, wrapped: &WrappedKey, context: &WrapContext) -> Result<Dek, ProviderError> {
        let inner = self.lock()?;
        let key = self.usable(&inner, &kek_of(wrapped)?, unwraps)?;
        drop(inner);
        Ok(key.unwrap(wrapped, context)?)
    }

    /// Opens each KEK once a batch.
    fn rewrap(&self, to: &KekRef, keys: &[Rewrap<'_>]) -> Vec<Result<WrappedKey, ProviderError>> {
        let mut opened: Vec<(KekRef, SoftwareKey)> = Vec::new();
        let rewrap_one = |opened: &mut Vec<(KekRef, SoftwareKey)>, key: &Rewrap<'_>| {
            let from = kek_of(key.wrapped)?;
            for (kek, is_to) in [(&from, false), (to, true)] {
                if opened.iter().any(|(known, _)| known == kek) {
                    continue;
                }
                let inner = self.lock()?;
                let may = if is_to { KeyState::may_wrap } else { unwraps };
                opened.push((kek.clone(), self.usable(&inner, kek, may)?));
            }
            let find = |kek: &KekRef| {
                let found = opened.iter().find(|(known, _)| known == kek);
                found.ok_or_else(|| ProviderError::NoSuchKek(kek.clone()))
            };
            let dek = find(&from)?.1.unwrap(key.wrapped, key.context)?;
            Ok(find(to)?.1.wrap(SCHEME, to, &dek, key.context)?)
        };
        keys.iter()
            .map(|key| rewrap_one(&mut opened, key))
            .collect()
    }

    fn set_state(&self, kek: &KekRef, state: KeyState) -> Result<Enforcement, ProviderError> {
        if state == KeyState::Destroyed {
            return Err(ProviderError::Unsupported("destruction as a mere state"));
        }
        let mut inner = self.lock()?;
        let (transaction, master) = inner.write()?;
        let mut row =
            row(&transaction, kek)?.ok_or_else(|| ProviderError::NoSuchKek(kek.clone()))?;
        if row.state == KeyState::Destroyed {
            return Err(ProviderError::KekDestroyed(kek.clone()));
        }
        let key = row.open(master, &self.id)?;
        if row.state != state {
            if !row.state.may_become(state) {
                return Err(ProviderError::Refused {
                    kek: kek.clone(),
                    reason: format!("it is {} and may not become {state}", row.state),
                });
            }
            row.state = state;
            let sealed = master.seal_key(&key, &row.authenticated(&self.id))?;
            transaction
                .execute(
                    "UPDATE kek SET state = ?, sealed = ? WHERE id = ? AND version = ?",
                    params![state as u8, sealed, kek.id, kek.version],
                )
                .map_err(Fault::from)?;
            transaction.commit().map_err(Fault::from)?;
        }
        Ok(Enforcement::ByProvider)
    }

    fn destroy_kek(&self, kek: &KekRef) -> Result<Destruction, ProviderError> {
        let mut inner = self.lock()?;
        let transaction = inner
            .db
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(Fault::from)?;
        row(&transaction, kek)?.ok_or_else(|| ProviderError::NoSuchKek(kek.clone()))?;
        transaction
            .execute(
                "UPDATE kek SET state = ?, sealed = NULL WHERE id = ? AND version = ?",
                params![KeyState::Destroyed as u8, kek.id, kek.version],
            )
            .map_err(Fault::from)?;
        transaction.commit().map_err(Fault::from)?;
        // The sealed key is overwritten in the file (`secure_delete`) once the log is written back. Until then it is not gone: whoever asked asks
        // again.
        database::checkpoint(&inner.db)?;
        Ok(Destruction::Done)
    }
}

/// Which states unwrap here. Whether suspended and compromised keys do is for the policy above to say.
fn unwraps(state: KeyState) -> bool {
    !matches!(state, KeyState::PreActivation | KeyState::Destroyed)
}

fn kek_of(wrapped: &WrappedKey) -> Result<KekRef, ProviderError> {
    if wrapped.provider != SCHEME {
        return Err(ProviderError::DoesNotAuthenticate);
    }
    Ok(KekRef {
        id: wrapped.kek_id.clone(),
        version: wrapped.kek_version,
    })
}

fn master_key(passphrase: &str, params: &PassphraseParams) -> Result<SoftwareKey, Error> {
    let mut key = Secret::zeroed();
    params.derive_into(passphrase, key.expose_mut())?;
    Ok(SoftwareKey::from_secret(key))
}
