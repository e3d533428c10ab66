//! The rows of a `file:` store, and what they are authenticated with.

use rusqlite::{Connection, OptionalExtension, params};

use super::super::database::Fault;
use super::super::error::ProviderError;
use super::super::names;
use super::super::provider::{KekRef, KekSpec};
use super::super::software::SoftwareKey;
use super::super::state::KeyState;
use super::master_key;
use crate::keys::PassphraseParams;

/// What the store says of itself, authenticated by an empty message under its master key.
pub(super) struct Header {
    pub(super) id: [u8; 16],
    pub(super) region: String,
    pub(super) passphrase: String,
    pub(super) generation: i64,
}

impl Header {
    pub(super) fn authenticated(&self) -> Vec<u8> {
        names::joined(
            "mediaseal v1 file store",
            &[
                &self.id,
                self.region.as_bytes(),
                self.passphrase.as_bytes(),
                &self.generation.to_be_bytes(),
            ],
        )
    }
}

pub(super) fn unlock(
    db: &Connection,
    passphrase: &str,
) -> Result<(Header, SoftwareKey), ProviderError> {
    let (header, proof) = db
        .query_row(
            "SELECT id, region, passphrase, generation, proof FROM store",
            [],
            |row| {
                let header = Header {
                    id: row.get(0)?,
                    region: row.get(1)?,
                    passphrase: row.get(2)?,
                    generation: row.get(3)?,
                };
                Ok((header, row.get::<_, Vec<u8>>(4)?))
            },
        )
        .map_err(Fault::from)?;
    let params: PassphraseParams = header
        .passphrase
        .parse()
        .map_err(|_| ProviderError::Damaged("the parameters of its passphrase".into()))?;
    let master = master_key(passphrase, &params)?;
    if !master.open_into(&header.authenticated(), &proof, &mut []) {
        return Err(ProviderError::Denied("the passphrase is wrong".into()));
    }
    Ok((header, master))
}

/// One KEK as it is stored.
pub(super) struct Row {
    pub(super) spec: KekSpec,
    pub(super) state: KeyState,
    pub(super) sealed: Option<Vec<u8>>,
}

impl Row {
    pub(super) fn authenticated(&self, store: &[u8; 16]) -> Vec<u8> {
        names::joined(
            "mediaseal v1 file kek",
            &[
                store,
                self.spec.kek.id.as_bytes(),
                &self.spec.kek.version.to_be_bytes(),
                self.spec.tenant.as_bytes(),
                self.spec.region.as_bytes(),
                self.spec.purpose.as_bytes(),
                &[self.state as u8],
            ],
        )
    }

    pub(super) fn open(
        &self,
        master: &SoftwareKey,
        store: &[u8; 16],
    ) -> Result<SoftwareKey, ProviderError> {
        let aad = self.authenticated(store);
        let sealed = self.sealed.as_deref().unwrap_or_default();
        master.open_key(sealed, &aad).ok_or_else(|| {
            ProviderError::Damaged(format!(
                "the row of key {} does not authenticate",
                self.spec.kek
            ))
        })
    }
}

const COLUMNS: &str = "SELECT id, version, tenant, region, purpose, state, sealed FROM kek";

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    let state: u8 = row.get(5)?;
    Ok(Row {
        spec: KekSpec {
            kek: KekRef {
                id: row.get(0)?,
                version: row.get(1)?,
            },
            tenant: row.get(2)?,
            region: row.get(3)?,
            purpose: row.get(4)?,
        },
        state: KeyState::from_number(state)
            .ok_or(rusqlite::Error::IntegralValueOutOfRange(5, state.into()))?,
        sealed: row.get(6)?,
    })
}

pub(super) fn row(db: &Connection, kek: &KekRef) -> Result<Option<Row>, Fault> {
    let mut statement = db.prepare_cached(&format!("{COLUMNS} WHERE id = ? AND version = ?"))?;
    let row = statement.query_row(params![kek.id, kek.version], read);
    Ok(row.optional()?)
}

pub(super) fn all_rows(db: &Connection) -> Result<Vec<Row>, Fault> {
    let mut statement = db.prepare(COLUMNS)?;
    let rows = statement.query_map([], read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}
