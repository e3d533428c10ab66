//! Counters that survive a restart, for raw keys that do.
//!
//! A store is a folder with a lock file and one record a (base key, KID). A record holds ceilings: no value
//! below them may ever be used again, because some process may have used it. Ceilings are raised, written and synced
//! *before* the first value under them is used, so a crash skips values and repeats none.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

use crate::error::{Error, StoreFault};
use crate::id::KeyId;

use super::base_key::BaseKey;
use super::schedule::{COUNTER_RECORD, fingerprint};

/// Octets of a record: magic ‖ u64 CTR ceiling ‖ u64 block ceiling ‖ the first 8 octets of SHA-256 over all before.
const RECORD_LEN: usize = 32;
const MAGIC: &[u8; 8] = b"MSCTR\0\0\x01";

/// A folder of counter records, locked for this process while any clone or send key uses it.
///
/// The lock file refuses a second store on the same folder, in this process and in others. A folder restored
/// from a backup repeats counters: give its keys up and bring fresh ones. (What changes behind the store's back while it is open
/// is noticed and refused; a restored folder that is opened later looks like any other.)
#[derive(Clone, Debug)]
pub struct CounterStore {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    folder: PathBuf,
    /// Held open: the system drops the lock with it.
    _lock: File,
    in_use: Mutex<HashSet<[u8; 32]>>,
}

/// Numbers below which nothing may be used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ceilings {
    pub(crate) ctr: u64,
    pub(crate) blocks: u64,
}

impl CounterStore {
    /// Opens the store in `folder`, making it (for this user only, on Unix) if it is not there.
    ///
    /// # Errors
    /// [`StoreFault::Locked`] if another store holds it; [`StoreFault::Io`] if the system refuses.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, Error> {
        let folder = folder.as_ref().to_path_buf();
        make_folder(&folder).map_err(fault)?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(folder.join("lock"))
            .map_err(fault)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreFault::Locked.into()),
            Err(TryLockError::Error(error)) => return Err(fault(error)),
        }
        Ok(Self {
            inner: Arc::new(Inner {
                folder,
                _lock: lock,
                in_use: Mutex::default(),
            }),
        })
    }

    /// Takes the record of a key, for one send key at a time.
    pub(crate) fn claim(&self, base_key: &BaseKey, kid: KeyId) -> Result<Record, Error> {
        let name = fingerprint(COUNTER_RECORD, b"", base_key.expose(), kid);
        let mut in_use = self
            .inner
            .in_use
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if !in_use.insert(name) {
            return Err(StoreFault::KeyInUse.into());
        }
        drop(in_use);
        let mut record = Record {
            path: self.inner.folder.join(file_name(&name)),
            store: Arc::clone(&self.inner),
            name,
            written: None,
        };
        record.written = record.read()?;
        Ok(record)
    }
}

/// The record of one key, claimed until it is dropped.
#[derive(Debug)]
pub(crate) struct Record {
    path: PathBuf,
    store: Arc<Inner>,
    name: [u8; 32],
    written: Option<Ceilings>,
}

impl Record {
    /// The ceilings as written last, zero for a key that is new here.
    pub(crate) fn ceilings(&self) -> Ceilings {
        self.written.unwrap_or(Ceilings { ctr: 0, blocks: 0 })
    }

    /// Raises the ceilings; once it returns they are on disk.
    pub(crate) fn raise(&mut self, to: Ceilings) -> Result<(), Error> {
        if self.read()? != self.written {
            return Err(StoreFault::RolledBack.into());
        }
        self.write(to).map_err(fault)?;
        self.written = Some(to);
        Ok(())
    }

    fn read(&self) -> Result<Option<Ceilings>, Error> {
        let mut octets = Vec::new();
        match File::open(&self.path) {
            Ok(file) => file
                .take(RECORD_LEN as u64 + 1)
                .read_to_end(&mut octets)
                .map_err(fault)?,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(fault(error)),
        };
        decode(&octets)
            .map(Some)
            .ok_or_else(|| StoreFault::Damaged.into())
    }

    /// Writes beside, syncs, renames over, syncs the folder: a crash leaves the old record or the new one.
    fn write(&self, ceilings: Ceilings) -> io::Result<()> {
        let beside = self.path.with_extension("new");
        let mut file = File::create(&beside)?;
        file.write_all(&encode(ceilings))?;
        file.sync_all()?;
        drop(file);
        fs::rename(&beside, &self.path)?;
        #[cfg(unix)]
        File::open(&self.store.folder)?.sync_all()?;
        Ok(())
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        self.store
            .in_use
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.name);
    }
}

fn encode(ceilings: Ceilings) -> [u8; RECORD_LEN] {
    let mut octets = [0; RECORD_LEN];
    octets[..8].copy_from_slice(MAGIC);
    octets[8..16].copy_from_slice(&ceilings.ctr.to_be_bytes());
    octets[16..24].copy_from_slice(&ceilings.blocks.to_be_bytes());
    let digest = Sha256::digest(&octets[..24]);
    octets[24..].copy_from_slice(&digest[..8]);
    octets
}

fn decode(octets: &[u8]) -> Option<Ceilings> {
    let octets: &[u8; RECORD_LEN] = octets.try_into().ok()?;
    let number = |at: usize| Some(u64::from_be_bytes(octets[at..at + 8].try_into().ok()?));
    let ceilings = Ceilings {
        ctr: number(8)?,
        blocks: number(16)?,
    };
    (encode(ceilings) == *octets).then_some(ceilings)
}

/// The first 16 octets of a key's name in hexadecimal.
fn file_name(name: &[u8; 32]) -> String {
    let hex: String = name[..16]
        .iter()
        .map(|octet| format!("{octet:02x}"))
        .collect();
    hex + ".ctr"
}

fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[allow(
    clippy::needless_pass_by_value,
    reason = "called by `map_err`, which passes values"
)]
fn fault(error: io::Error) -> Error {
    StoreFault::Io(error.kind()).into()
}

#[cfg(test)]
mod tests {
    use super::{Ceilings, RECORD_LEN, decode, encode};

    #[test]
    fn a_record_with_any_octet_changed_is_damaged() {
        let ceilings = Ceilings {
            ctr: 0x0102_0304_0506_0708,
            blocks: 9,
        };
        let octets = encode(ceilings);
        assert_eq!(decode(&octets), Some(ceilings));
        for at in 0..RECORD_LEN {
            let mut changed = octets;
            changed[at] ^= 0x40;
            assert_eq!(decode(&changed), None, "octet {at}");
        }
        for len in 0..RECORD_LEN {
            assert_eq!(decode(&octets[..len]), None, "{len} octets");
        }
    }
}
