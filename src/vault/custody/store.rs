//! The embedded store: KEKs with the history of their states, wrapped DEKs, tombstones.
//!
//! Every row has a digest over its fields, so that a damaged one is told from a good one before it is believed; changes of a key's state are
//! chained. A row that does not match is refused, and never mended by guessing.

mod deks;

pub(super) use deks::{DekRow, ScannedDek, TombstoneRow};

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::database::{self, Fault, Kind, digest};
use super::provider::{KekRef, KekSpec};
use super::state::KeyState;

pub(super) const KIND: Kind = Kind {
    // "MSKC"
    application_id: 0x4D53_4B43,
    schema: "
        CREATE TABLE kek (
            id TEXT NOT NULL,
            version INTEGER NOT NULL,
            tenant TEXT NOT NULL,
            region TEXT NOT NULL,
            purpose TEXT NOT NULL,
            scheme TEXT NOT NULL,
            provider TEXT NOT NULL,
            state INTEGER NOT NULL,
            told INTEGER NOT NULL,
            archived INTEGER NOT NULL,
            activate INTEGER,
            period INTEGER,
            expire INTEGER,
            changes INTEGER NOT NULL,
            head BLOB NOT NULL,
            digest BLOB NOT NULL,
            PRIMARY KEY (id, version)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX kek_by_use ON kek (tenant, region, purpose);
        CREATE TABLE change (
            id TEXT NOT NULL,
            version INTEGER NOT NULL,
            seq INTEGER NOT NULL,
            what INTEGER NOT NULL,
            state INTEGER NOT NULL,
            at INTEGER NOT NULL,
            actor TEXT NOT NULL,
            reason TEXT NOT NULL,
            digest BLOB NOT NULL,
            PRIMARY KEY (id, version, seq)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE dek (
            id BLOB NOT NULL PRIMARY KEY,
            kek TEXT NOT NULL,
            version INTEGER NOT NULL,
            wrapped BLOB NOT NULL,
            digest BLOB NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX dek_by_kek ON dek (kek, version);
        CREATE TABLE tombstone (
            key TEXT NOT NULL PRIMARY KEY,
            at INTEGER NOT NULL,
            actor TEXT NOT NULL,
            reason TEXT NOT NULL,
            effective INTEGER NOT NULL,
            gone INTEGER,
            digest BLOB NOT NULL
        ) STRICT, WITHOUT ROWID;",
};

/// A version of a KEK.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KekRow {
    pub(super) spec: KekSpec,
    /// Scheme and id of the provider that holds it.
    pub(super) provider: (String, String),
    pub(super) state: KeyState,
    /// The last state that the provider has taken; none before it made the key.
    pub(super) told: Option<KeyState>,
    pub(super) archived: bool,
    /// When it becomes active by itself, in microseconds since 1970.
    pub(super) activate: Option<u64>,
    /// How long it wraps once it is active, in microseconds, and when that ends.
    pub(super) period: Option<u64>,
    pub(super) expire: Option<u64>,
    /// How many changes it has had, and the digest of the last.
    pub(super) changes: u32,
    pub(super) head: [u8; 32],
}

/// What happened to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum What {
    State = 1,
    Archived = 2,
    Restored = 3,
}

/// One change of a key, as it stands in its history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ChangeRow {
    pub(super) what: What,
    pub(super) state: KeyState,
    pub(super) at: u64,
    pub(super) actor: String,
    pub(super) reason: String,
}

fn damaged(what: impl std::fmt::Display) -> Fault {
    Fault::Damaged(format!("the row of {what} does not match its digest"))
}

/// A number that may be missing, as octets: with a sign in front, so that none is not 0.
fn optional(value: Option<u64>) -> [u8; 9] {
    let mut octets = [0; 9];
    if let Some(value) = value {
        octets[0] = 1;
        octets[1..].copy_from_slice(&value.to_be_bytes());
    }
    octets
}

fn unsigned(row: &Row<'_>, at: usize) -> rusqlite::Result<u64> {
    let value: i64 = row.get(at)?;
    u64::try_from(value).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(at, value))
}

fn unsigned_if_there(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<u64>> {
    let value: Option<i64> = row.get(at)?;
    value.map(|_| unsigned(row, at)).transpose()
}

fn state(row: &Row<'_>, at: usize) -> rusqlite::Result<KeyState> {
    let number: u8 = row.get(at)?;
    KeyState::from_number(number).ok_or(rusqlite::Error::IntegralValueOutOfRange(at, number.into()))
}

fn numbers(values: [Option<u64>; 3]) -> Result<[Option<i64>; 3], Fault> {
    let mut out = [None; 3];
    for (out, value) in out.iter_mut().zip(values) {
        *out = value.map(database::number).transpose()?;
    }
    Ok(out)
}

impl KekRow {
    fn digest(&self) -> [u8; 32] {
        let spec = &self.spec;
        digest(
            "mediaseal v1 kek row",
            &[
                spec.kek.id.as_bytes(),
                &spec.kek.version.to_be_bytes(),
                spec.tenant.as_bytes(),
                spec.region.as_bytes(),
                spec.purpose.as_bytes(),
                self.provider.0.as_bytes(),
                self.provider.1.as_bytes(),
                &[
                    self.state as u8,
                    self.told.map_or(0, |told| told as u8),
                    u8::from(self.archived),
                ],
                &optional(self.activate),
                &optional(self.period),
                &optional(self.expire),
                &self.changes.to_be_bytes(),
                &self.head,
            ],
        )
    }

    /// Writes the row, in place of the one that was there.
    pub(super) fn put(&self, db: &Connection) -> Result<(), Fault> {
        let spec = &self.spec;
        let [activate, period, expire] = numbers([self.activate, self.period, self.expire])?;
        db.prepare_cached(
            "INSERT OR REPLACE INTO kek VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            spec.kek.id,
            spec.kek.version,
            spec.tenant,
            spec.region,
            spec.purpose,
            self.provider.0,
            self.provider.1,
            self.state as u8,
            self.told.map_or(0, |told| told as u8),
            self.archived,
            activate,
            period,
            expire,
            self.changes,
            self.head,
            self.digest(),
        ])?;
        Ok(())
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<(Self, [u8; 32])> {
        let told: u8 = row.get(8)?;
        let kek = Self {
            spec: KekSpec {
                kek: KekRef {
                    id: row.get(0)?,
                    version: row.get(1)?,
                },
                tenant: row.get(2)?,
                region: row.get(3)?,
                purpose: row.get(4)?,
            },
            provider: (row.get(5)?, row.get(6)?),
            state: state(row, 7)?,
            told: if told == 0 {
                None
            } else {
                Some(state(row, 8)?)
            },
            archived: row.get(9)?,
            activate: unsigned_if_there(row, 10)?,
            period: unsigned_if_there(row, 11)?,
            expire: unsigned_if_there(row, 12)?,
            changes: row.get(13)?,
            head: row.get(14)?,
        };
        Ok((kek, row.get(15)?))
    }

    fn checked((kek, digest): (Self, [u8; 32])) -> Result<Self, Fault> {
        if kek.digest() == digest {
            Ok(kek)
        } else {
            Err(damaged(format!("key {}", kek.spec.kek)))
        }
    }

    /// The row of one version.
    pub(super) fn load(db: &Connection, kek: &KekRef) -> Result<Option<Self>, Fault> {
        let mut statement = db.prepare_cached("SELECT * FROM kek WHERE id = ? AND version = ?")?;
        let row = statement.query_row(params![kek.id, kek.version], Self::read);
        row.optional()?.map(Self::checked).transpose()
    }

    /// All versions of one KEK, the latest first.
    pub(super) fn versions(db: &Connection, id: &str) -> Result<Vec<Self>, Fault> {
        let mut statement =
            db.prepare_cached("SELECT * FROM kek WHERE id = ? ORDER BY version DESC")?;
        let rows = statement.query_map(params![id], Self::read)?;
        rows.map(|row| Self::checked(row?)).collect()
    }

    /// All KEKs, or those of one use, the latest version first.
    pub(super) fn all(db: &Connection) -> Result<Vec<Self>, Fault> {
        let mut statement = db.prepare_cached("SELECT * FROM kek ORDER BY id, version DESC")?;
        let rows = statement.query_map([], Self::read)?;
        rows.map(|row| Self::checked(row?)).collect()
    }

    pub(super) fn of_use(
        db: &Connection,
        (tenant, region, purpose): (&str, &str, &str),
    ) -> Result<Vec<Self>, Fault> {
        let mut statement = db.prepare_cached(
            "SELECT * FROM kek WHERE tenant = ? AND region = ? AND purpose = ? ORDER BY id, version DESC",
        )?;
        let rows = statement.query_map(params![tenant, region, purpose], Self::read)?;
        rows.map(|row| Self::checked(row?)).collect()
    }

    /// How many changes all keys have had.
    pub(super) fn all_changes(db: &Connection) -> Result<u64, Fault> {
        let count: i64 = db.query_row("SELECT count(*) FROM change", [], |row| row.get(0))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Appends a change to the history and writes the row with it.
    pub(super) fn change(&mut self, db: &Connection, change: &ChangeRow) -> Result<(), Fault> {
        if self.changes > 0 {
            self.last_change(db)?;
        }
        let seq = self.changes;
        let digest = change.digest(&self.spec.kek, seq, &self.head);
        db.prepare_cached("INSERT INTO change VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")?
            .execute(params![
                self.spec.kek.id,
                self.spec.kek.version,
                seq,
                change.what as u8,
                change.state as u8,
                database::number(change.at)?,
                change.actor,
                change.reason,
                digest,
            ])?;
        self.changes = seq
            .checked_add(1)
            .ok_or_else(|| Fault::Refused("2^32 changes of a key".into()))?;
        self.head = digest;
        self.state = change.state;
        match change.what {
            What::State => {}
            What::Archived => self.archived = true,
            What::Restored => self.archived = false,
        }
        self.put(db)
    }

    /// Looks whether the last change is the one that the row names.
    fn last_change(&self, db: &Connection) -> Result<(), Fault> {
        let (state, digest): (u8, [u8; 32]) = db
            .prepare_cached(
                "SELECT state, digest FROM change WHERE id = ? AND version = ? AND seq = ?",
            )?
            .query_row(
                params![self.spec.kek.id, self.spec.kek.version, self.changes - 1],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )?;
        if digest == self.head && state == self.state as u8 {
            Ok(())
        } else {
            Err(damaged(format!("the last change of key {}", self.spec.kek)))
        }
    }

    /// The history, from the first change on, checked link by link: no state was skipped.
    pub(super) fn history(&self, db: &Connection) -> Result<Vec<ChangeRow>, Fault> {
        let mut statement = db.prepare_cached(
            "SELECT what, state, at, actor, reason, digest, seq FROM change
             WHERE id = ? AND version = ? ORDER BY seq",
        )?;
        let kek = &self.spec.kek;
        let rows = statement.query_map(params![kek.id, kek.version], |row| {
            let what: u8 = row.get(0)?;
            let change = ChangeRow {
                what: match what {
                    1 => What::State,
                    2 => What::Archived,
                    3 => What::Restored,
                    _ => return Err(rusqlite::Error::IntegralValueOutOfRange(0, what.into())),
                },
                state: state(row, 1)?,
                at: unsigned(row, 2)?,
                actor: row.get(3)?,
                reason: row.get(4)?,
            };
            Ok((change, row.get::<_, [u8; 32]>(5)?, row.get::<_, u32>(6)?))
        })?;
        let mut history: Vec<ChangeRow> = Vec::new();
        let mut head = [0; 32];
        for (seq, row) in (0_u32..).zip(rows) {
            let (change, digest, stands_at) = row?;
            let follows = match history.last() {
                None => change.state == KeyState::PreActivation,
                Some(last) if change.what == What::State => last.state.may_become(change.state),
                Some(last) => last.state == change.state,
            };
            if stands_at != seq || digest != change.digest(kek, seq, &head) || !follows {
                return Err(damaged(format!("change {seq} of key {kek}")));
            }
            head = digest;
            history.push(change);
        }
        let is_whole = usize::try_from(self.changes) == Ok(history.len())
            && head == self.head
            && history.last().map(|last| last.state) == Some(self.state);
        if is_whole {
            Ok(history)
        } else {
            Err(damaged(format!("the last change of key {kek}")))
        }
    }
}

impl ChangeRow {
    fn digest(&self, kek: &KekRef, seq: u32, before: &[u8; 32]) -> [u8; 32] {
        digest(
            "mediaseal v1 key change",
            &[
                before,
                kek.id.as_bytes(),
                &kek.version.to_be_bytes(),
                &seq.to_be_bytes(),
                &[self.what as u8, self.state as u8],
                &self.at.to_be_bytes(),
                self.actor.as_bytes(),
                self.reason.as_bytes(),
            ],
        )
    }
}
