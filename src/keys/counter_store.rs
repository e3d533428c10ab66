//! Counters that survive a restart, for raw keys that do.
//!
//! A store is a folder with a lock file and one record a (base key, KID). A record holds ceilings: no value
//! below them may ever be used again, because some process may have used it. Ceilings are raised, written and synced
//! *before* the first value under them is used, so a crash skips values and repeats none.

use std::collections::HashSet;
use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

use crate::error::{Error, StoreFault};
use crate::id::KeyId;
use crate::os::ForkGuard;

use super::base_key::BaseKey;
use super::schedule::{COUNTER_RECORD, fingerprint};

/// The file that is locked, and by which a folder is known for a store.
const LOCK: &str = "lock";
/// Octets of a record: magic ‖ u64 CTR ceiling ‖ u64 block ceiling ‖ the first 8 octets of SHA-256 over all before.
const RECORD_LEN: usize = 32;
const MAGIC: &[u8; 8] = b"MSCTR\0\0\x01";

/// A folder of counter records, locked for this process while any clone or send key uses it.
///
/// The lock file refuses a second store on the same folder, in this process and in others, and a forked process gets
/// [`Error::Forked`]. What it cannot see: a folder that was lost, or restored from a backup, while no store had it open. Its
/// keys must be given up, because their counters begin again. (What changes behind an open store is noticed and refused.)
///
/// Each start of a key skips up to 2^16 counters and 2^22 blocks (64 MiB) of its limit of 2^36: some 16,000 starts end a key
/// that seals nothing. Bring a fresh key from time to time.
///
/// On Unix what is written is synced through to the folder; elsewhere to the file alone.
#[derive(Clone)]
pub struct CounterStore {
    inner: Arc<Inner>,
}

struct Inner {
    folder: PathBuf,
    /// Held open to sync renames: opening it anew could fail when it matters.
    #[cfg(unix)]
    folder_handle: File,
    lock: File,
    fork: ForkGuard,
    in_use: Mutex<HashSet<[u8; 32]>>,
}

/// Numbers below which nothing may be used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ceilings {
    pub(crate) ctr: u64,
    pub(crate) blocks: u64,
}

impl CounterStore {
    /// Makes a new store in `folder`, which is made too if it is not there (for this user only, on Unix), and opens it.
    ///
    /// # Errors
    /// [`StoreFault::AlreadyThere`] if the folder holds a store; [`StoreFault::Io`] if the system refuses.
    pub fn create(folder: impl AsRef<Path>) -> Result<Self, Error> {
        let folder = folder.as_ref();
        make_folder(folder).map_err(fault)?;
        match File::create_new(folder.join(LOCK)) {
            Ok(_) => Self::open(folder),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                Err(StoreFault::AlreadyThere.into())
            }
            Err(error) => Err(fault(error)),
        }
    }

    /// Opens the store that is in `folder`. It makes none: a wrong path, or a volume that was not mounted, must not look like a store
    /// whose keys are all new.
    ///
    /// # Errors
    /// [`StoreFault::NotThere`] if there is none; [`StoreFault::Locked`] if another store holds it; [`StoreFault::Io`] if the
    /// system refuses.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, Error> {
        let folder = folder.as_ref().to_path_buf();
        let lock = match OpenOptions::new().write(true).open(folder.join(LOCK)) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(StoreFault::NotThere.into());
            }
            opened => opened.map_err(fault)?,
        };
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreFault::Locked.into()),
            Err(TryLockError::Error(error)) => return Err(fault(error)),
        }
        Ok(Self {
            inner: Arc::new(Inner {
                #[cfg(unix)]
                folder_handle: File::open(&folder).map_err(fault)?,
                folder,
                lock,
                fork: ForkGuard::new(),
                in_use: Mutex::default(),
            }),
        })
    }

    /// Takes the record of a key, for one send key at a time.
    pub(crate) fn claim(&self, base_key: &BaseKey, kid: KeyId) -> Result<Record, Error> {
        self.inner.check_process()?;
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
            seen: None,
            attempted: None,
        };
        record.written = record.read()?;
        Ok(record)
    }
}

impl Inner {
    /// A forked process holds its parent's lock and a copy of what it knows: both would use the same counters.
    fn check_process(&self) -> Result<(), Error> {
        if self.fork.is_this_process() {
            Ok(())
        } else {
            Err(Error::Forked)
        }
    }
}

impl Drop for Inner {
    /// A process that is being started holds a copy of the file between fork and exec, so closing it does not always unlock it. A
    /// forked process must not unlock what its parent holds.
    fn drop(&mut self) {
        if self.fork.is_this_process() {
            self.lock.unlock().ok();
        }
    }
}

impl fmt::Debug for CounterStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CounterStore")
            .field("folder", &self.inner.folder)
            .finish_non_exhaustive()
    }
}

/// The record of one key, claimed until it is dropped.
pub(crate) struct Record {
    path: PathBuf,
    store: Arc<Inner>,
    name: [u8; 32],
    written: Option<Ceilings>,
    /// What failed writes left on disk: seen there since, and what the last one may have left.
    seen: Option<Ceilings>,
    attempted: Option<Ceilings>,
}

impl Record {
    /// The ceilings as written last, zero for a key that is new here.
    pub(crate) fn ceilings(&self) -> Ceilings {
        self.written.unwrap_or(Ceilings { ctr: 0, blocks: 0 })
    }

    /// Raises the ceilings; once it returns they are on disk.
    pub(crate) fn raise(&mut self, to: Ceilings) -> Result<(), Error> {
        self.store.check_process()?;
        let on_disk = self.read()?;
        let is_ours = on_disk == self.written
            || (on_disk.is_some() && (on_disk == self.seen || on_disk == self.attempted));
        if !is_ours {
            return Err(StoreFault::RolledBack.into());
        }
        self.seen = on_disk;
        self.attempted = Some(to);
        self.write(to).map_err(fault)?;
        self.written = Some(to);
        (self.seen, self.attempted) = (None, None);
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
        self.store.folder_handle.sync_all()?;
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

/// Makes a folder with all above it, each synced into the one that holds it.
fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
    {
        make_folder(parent)?;
    }
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    #[cfg(unix)]
    File::open(
        folder
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
            .unwrap_or(Path::new(".")),
    )?
    .sync_all()?;
    Ok(())
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
