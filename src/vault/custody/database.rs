//! SQLite as custody uses it: how a file is made and opened, what its faults mean, and the digests of rows.
//!
//! Write-ahead log with `synchronous=FULL`: a commit is one append that is synced before it is acknowledged, readers wait for no writer
//! (a sweep over a million keys stops no unwrapping), and after the last close one file is left. A rollback journal would need `EXTRA` to be
//! as durable, with a sync more. The log needs shared memory, so the file belongs on a local disk.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};
use sha2::{Digest, Sha256};

use super::error::{CustodyError, ProviderError};

/// How long a process waits for another one's transaction.
const PATIENCE: Duration = Duration::from_secs(10);
/// Version of the tables.
const VERSION: i64 = 1;
/// Statements that are kept prepared.
const STATEMENTS: usize = 64;

/// A kind of file.
pub(super) struct Kind {
    /// `application_id` of its header, by which one kind is not taken for another.
    pub(super) application_id: i64,
    /// What makes its tables.
    pub(super) schema: &'static str,
}

/// Why a database did not do it.
#[derive(Debug)]
pub(super) enum Fault {
    NotThere,
    AlreadyThere,
    Busy,
    Full,
    Damaged(String),
    Refused(String),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        match &error {
            rusqlite::Error::SqliteFailure(code, _) => match code.code {
                ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::Busy,
                ErrorCode::DiskFull => Self::Full,
                ErrorCode::DatabaseCorrupt
                | ErrorCode::NotADatabase
                | ErrorCode::ConstraintViolation => Self::Damaged(error.to_string()),
                _ => Self::Refused(error.to_string()),
            },
            // A value of a type or range that no row of ours has, or a row that must be there.
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::Utf8Error(..)
            | rusqlite::Error::QueryReturnedNoRows => Self::Damaged(error.to_string()),
            _ => Self::Refused(error.to_string()),
        }
    }
}

impl From<Fault> for ProviderError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::NotThere => Self::Invalid("there is no store in this place".into()),
            Fault::AlreadyThere => Self::Invalid("there is a store in this place already".into()),
            Fault::Busy => Self::Unavailable("the store is busy in another process".into()),
            Fault::Full => Self::Unavailable("the disk is full".into()),
            Fault::Damaged(what) => Self::Damaged(what),
            Fault::Refused(why) => Self::Failed(why),
        }
    }
}

impl From<Fault> for CustodyError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::NotThere => Self::NotFound("file in this place".into()),
            Fault::AlreadyThere => Self::Invalid("there is a store in this place already".into()),
            Fault::Busy => Self::Busy,
            Fault::Full => Self::DiskFull,
            Fault::Damaged(what) => Self::Damaged(what),
            Fault::Refused(why) => Self::Store(why),
        }
    }
}

/// Makes a file of this kind and lets `fill` write its first rows, all in one transaction.
pub(super) fn create<E: From<Fault>>(
    path: &Path,
    kind: &Kind,
    fill: impl FnOnce(&Connection) -> Result<(), E>,
) -> Result<Connection, E> {
    make_file(path).map_err(|error| Fault::Refused(error.to_string()))?;
    let mut connection = connect(path)?;
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(Fault::from)?;
    if !is_empty(&transaction)? {
        return Err(Fault::AlreadyThere.into());
    }
    transaction
        .execute_batch(kind.schema)
        .and_then(|()| transaction.pragma_update(None, "application_id", kind.application_id))
        .and_then(|()| transaction.pragma_update(None, "user_version", VERSION))
        .map_err(Fault::from)?;
    fill(&transaction)?;
    transaction.commit().map_err(Fault::from)?;
    Ok(connection)
}

/// Opens a file of this kind. It makes none: a wrong path must not look like a store without keys.
pub(super) fn open(path: &Path, kind: &Kind) -> Result<Connection, Fault> {
    match path.metadata() {
        Ok(file) if file.is_file() => {}
        Ok(_) => return Err(Fault::Refused("it is no file".into())),
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(Fault::NotThere),
        Err(error) => return Err(Fault::Refused(error.to_string())),
    }
    let connection = connect(path)?;
    if is_empty(&connection)? {
        return Err(Fault::Damaged(
            "the file is empty: it was never finished".into(),
        ));
    }
    let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    if number("application_id")? != kind.application_id {
        return Err(Fault::Damaged(
            "the file is a database of another kind".into(),
        ));
    }
    if number("user_version")? != VERSION {
        return Err(Fault::Refused(
            "the file is of a version that is not known here".into(),
        ));
    }
    Ok(connection)
}

/// An empty file for this user alone, if there is none.
fn make_file(path: &Path) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    // One that somebody else made may be open to others. A store that is there is left as it is: it is refused next.
    #[cfg(unix)]
    if file.metadata()?.len() == 0 {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        file.set_permissions(mode)?;
    }
    file.sync_all()?;
    #[cfg(unix)]
    std::fs::File::open(
        path.parent()
            .filter(|parent| !parent.as_os_str().is_empty())
            .unwrap_or(Path::new(".")),
    )?
    .sync_all()?;
    Ok(())
}

fn connect(path: &Path) -> Result<Connection, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode != "wal" {
        return Err(Fault::Refused(format!(
            "SQLite keeps journal mode {mode}: the file system must allow a write-ahead log"
        )));
    }
    // What is deleted is overwritten; nothing is kept in temporary files; a schema from elsewhere runs nothing.
    for (name, value) in [
        ("synchronous", "FULL"),
        ("secure_delete", "ON"),
        ("temp_store", "MEMORY"),
        ("trusted_schema", "OFF"),
        ("cell_size_check", "ON"),
    ] {
        connection.pragma_update(None, name, value)?;
    }
    Ok(connection)
}

fn is_empty(connection: &Connection) -> Result<bool, Fault> {
    let mut statement = connection.prepare("SELECT 1 FROM sqlite_schema LIMIT 1")?;
    Ok(!statement.exists([])?)
}

/// Writes the log into the file and empties it, so that what was deleted is overwritten there too.
///
/// # Errors
/// [`Fault::Busy`] if another process reads: SQLite says that in its answer, not as an error. It then happens when asked again, or at the last close.
pub(super) fn checkpoint(connection: &Connection) -> Result<(), Fault> {
    let busy: i64 =
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if busy == 0 { Ok(()) } else { Err(Fault::Busy) }
}

/// Looks whether the file is whole, page by page.
pub(super) fn check(connection: &Connection) -> Result<(), Fault> {
    let said: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if said == "ok" {
        Ok(())
    } else {
        Err(Fault::Damaged(said))
    }
}

/// A number of the database, which has 63 bits.
pub(super) fn number(value: u64) -> Result<i64, Fault> {
    i64::try_from(value).map_err(|_| Fault::Refused("a number over 2^63".into()))
}

/// The SHA-256 of a row: of a label, and each field with its length in 64 bits before it. It shows damage, not a forger.
pub(super) fn digest(label: &str, fields: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for field in std::iter::once(label.as_bytes()).chain(fields.iter().copied()) {
        hash.update((field.len() as u64).to_be_bytes());
        hash.update(field);
    }
    hash.finalize().into()
}
