//! Wrapped DEKs in the store, and what is left of destroyed keys.

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::vault::wrapped::WrappedKey;

use super::super::database::{self, Fault, digest};
use super::super::dek_id::DekId;
use super::super::names::hex;
use super::super::provider::KekRef;
use super::{damaged, unsigned, unsigned_if_there};

/// A wrapped DEK.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct DekRow {
    pub(in super::super) id: [u8; 16],
    pub(in super::super) wrapped: WrappedKey,
    /// The digest of the row, by which a change by somebody else is seen.
    pub(in super::super) digest: [u8; 32],
}

/// What is left of a destroyed key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct TombstoneRow {
    pub(in super::super) at: u64,
    pub(in super::super) actor: String,
    pub(in super::super) reason: String,
    pub(in super::super) effective: bool,
    /// When it is gone at its provider; none while the provider is still to be asked.
    pub(in super::super) gone: Option<u64>,
}

impl DekRow {
    fn digest(id: &[u8; 16], wrapped: &[u8]) -> [u8; 32] {
        digest("mediaseal v1 dek row", &[id, wrapped])
    }

    fn octets(wrapped: &WrappedKey) -> Result<Vec<u8>, Fault> {
        let octets = wrapped.to_bytes();
        octets.map_err(|error| Fault::Refused(error.to_string()))
    }

    /// Writes a new row.
    pub(in super::super) fn insert(
        db: &Connection,
        id: &[u8; 16],
        wrapped: &WrappedKey,
    ) -> Result<(), Fault> {
        let octets = Self::octets(wrapped)?;
        db.prepare_cached("INSERT INTO dek VALUES (?, ?, ?, ?, ?)")?
            .execute(params![
                id,
                wrapped.kek_id,
                wrapped.kek_version,
                octets,
                Self::digest(id, &octets),
            ])?;
        Ok(())
    }

    /// Puts another wrapping of the same key in place of this one. Whether it was still there as it was read.
    pub(in super::super) fn replace(
        &self,
        db: &Connection,
        wrapped: &WrappedKey,
    ) -> Result<bool, Fault> {
        let octets = Self::octets(wrapped)?;
        let changed = db
            .prepare_cached(
                "UPDATE dek SET kek = ?, version = ?, wrapped = ?, digest = ? WHERE id = ? AND digest = ?",
            )?
            .execute(params![
                wrapped.kek_id,
                wrapped.kek_version,
                octets,
                Self::digest(&self.id, &octets),
                self.id,
                self.digest,
            ])?;
        Ok(changed == 1)
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<RawDek> {
        let kek = KekRef {
            id: row.get(1)?,
            version: row.get(2)?,
        };
        Ok((row.get(0)?, kek, row.get(3)?, row.get(4)?))
    }

    fn checked((id, kek, octets, digest): RawDek) -> Result<Self, Fault> {
        let wrapped = WrappedKey::from_bytes(&octets)
            .ok()
            .filter(|wrapped| wrapped.kek_id == kek.id && wrapped.kek_version == kek.version)
            .filter(|_| Self::digest(&id, &octets) == digest)
            .ok_or_else(|| damaged(format!("data key {}", hex(&id))))?;
        Ok(Self {
            id,
            wrapped,
            digest,
        })
    }

    pub(in super::super) fn load(db: &Connection, id: &[u8; 16]) -> Result<Option<Self>, Fault> {
        let mut statement = db.prepare_cached("SELECT * FROM dek WHERE id = ?")?;
        let row = statement.query_row(params![id], Self::read).optional()?;
        row.map(Self::checked).transpose()
    }

    /// Removes the row; `secure_delete` overwrites it.
    pub(in super::super) fn delete(db: &Connection, id: &[u8; 16]) -> Result<(), Fault> {
        db.prepare_cached("DELETE FROM dek WHERE id = ?")?
            .execute(params![id])?;
        Ok(())
    }

    /// How many DEKs one version of a KEK wraps.
    pub(in super::super) fn count(db: &Connection, kek: &KekRef) -> Result<u64, Fault> {
        let count: i64 = db
            .prepare_cached("SELECT count(*) FROM dek WHERE kek = ? AND version = ?")?
            .query_row(params![kek.id, kek.version], |row| row.get(0))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// How many DEKs there are.
    pub(in super::super) fn all(db: &Connection) -> Result<u64, Fault> {
        let count: i64 = db.query_row("SELECT count(*) FROM dek", [], |row| row.get(0))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Up to `most` DEKs under one version of a KEK, in the order of their ids, from the one after `after` on. A damaged row is an answer too.
    pub(in super::super) fn scan(
        db: &Connection,
        kek: &KekRef,
        after: &[u8],
        most: u32,
    ) -> Result<Vec<ScannedDek>, Fault> {
        let mut statement = db.prepare_cached(
            "SELECT id, kek, version, wrapped, digest FROM dek
             WHERE kek = ? AND version = ? AND id > ? ORDER BY id LIMIT ?",
        )?;
        let rows = statement.query_map(params![kek.id, kek.version, after, most], |row| {
            let id: Vec<u8> = row.get(0)?;
            Ok((id, Self::read(row)))
        })?;
        rows.map(|row| {
            let (id, read) = row?;
            let row = match read {
                Ok(raw) => Self::checked(raw),
                Err(error) => Err(error.into()),
            };
            Ok(ScannedDek { id, row })
        })
        .collect()
    }
}

/// A row that a scan came upon: its id as it stands there, and what it holds if it is whole.
pub(in super::super) struct ScannedDek {
    pub(in super::super) id: Vec<u8>,
    pub(in super::super) row: Result<DekRow, Fault>,
}

impl TombstoneRow {
    fn digest(&self, key: &str) -> [u8; 32] {
        digest(
            "mediaseal v1 tombstone",
            &[
                key.as_bytes(),
                &self.at.to_be_bytes(),
                self.actor.as_bytes(),
                self.reason.as_bytes(),
                &[u8::from(self.effective)],
                &super::optional(self.gone),
            ],
        )
    }

    /// The key of the second tombstone of a DEK, which says what KEK it was under.
    pub(in super::super) fn of_dek(id: &DekId, kek_id: &str) -> String {
        format!("dek/{id}/{kek_id}")
    }

    /// Sets the tombstone of `key` (`kek/ID/VERSION`, `dek/ID`, `dek/ID/KEK`), in place of the one that was there.
    pub(in super::super) fn put(&self, db: &Connection, key: &str) -> Result<(), Fault> {
        db.prepare_cached("INSERT OR REPLACE INTO tombstone VALUES (?, ?, ?, ?, ?, ?, ?)")?
            .execute(params![
                key,
                database::number(self.at)?,
                self.actor,
                self.reason,
                self.effective,
                self.gone.map(database::number).transpose()?,
                self.digest(key),
            ])?;
        Ok(())
    }

    pub(in super::super) fn load(db: &Connection, key: &str) -> Result<Option<Self>, Fault> {
        let mut statement = db.prepare_cached(
            "SELECT at, actor, reason, effective, gone, digest FROM tombstone WHERE key = ?",
        )?;
        let row = statement
            .query_row(params![key], |row| {
                let tombstone = Self {
                    at: unsigned(row, 0)?,
                    actor: row.get(1)?,
                    reason: row.get(2)?,
                    effective: row.get(3)?,
                    gone: unsigned_if_there(row, 4)?,
                };
                Ok((tombstone, row.get::<_, [u8; 32]>(5)?))
            })
            .optional()?;
        match row {
            Some((tombstone, digest)) if tombstone.digest(key) != digest => {
                Err(damaged(format!("the tombstone of {key}")))
            }
            row => Ok(row.map(|(tombstone, _)| tombstone)),
        }
    }

    /// Every tombstone's key, for a check of the whole store.
    pub(in super::super) fn keys(db: &Connection) -> Result<Vec<String>, Fault> {
        let mut statement = db.prepare("SELECT key FROM tombstone")?;
        let keys = statement.query_map([], |row| row.get(0))?;
        Ok(keys.collect::<Result<_, _>>()?)
    }
}

/// A row of DEKs before it is believed.
type RawDek = ([u8; 16], KekRef, Vec<u8>, [u8; 32]);
