//! The writer of an audit log.

use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::chain::{Chain, MAC_LEN};
use super::error::AuditLogError;
use super::files::{
    CHECKPOINTS, ENTRY_LEN, Entry, HEADER, Header, INDEX, LOCK, MAC_AT, RECORDS, STATE, hex,
    open_file, write_at, write_state,
};
use super::record::line;
use super::recover::{Recovered, recover};
use super::sink::{AuditError, AuditEvent, AuditSink, Outcome};
use crate::error::Error;
use crate::keys::secret::with_wiped_stack;
use crate::os::ForkGuard;
use crate::vault::grant::{Payload, Recipient, Signer};
use crate::vault::transparency::{Checkpoint, Tree, VerifierKey, leaf_hash};
use crate::vault::{Clock, Dek, SystemClock, folder};

/// Most records between two checkpoints.
pub(super) const CHECKPOINT_RECORDS: u64 = 256;
/// Microseconds after which records get a checkpoint, if the log is called.
const CHECKPOINT_MICROS: u64 = 60_000_000;

/// When a record counts as written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Durability {
    /// When it is synced to disk, and the key of its MAC is overwritten there: no record that was acknowledged is lost, whatever happens.
    #[default]
    Synced,
    /// When the system has it: no record is lost if the process dies. If the system goes down, records at the end may be, which looks
    /// just as if someone had cut them off; the log cannot be gone on with then.
    System,
}

/// What is told each checkpoint, the signed note.
pub type OnCheckpoint = Box<dyn Fn(&str) + Send + Sync>;

/// How a log is written.
pub struct AuditLogOptions {
    /// When a record counts as written.
    pub durability: Durability,
    /// What time it is, for checkpoints and the log's own records.
    pub clock: Arc<dyn Clock>,
    /// Is told each checkpoint as it is signed. Whoever keeps it elsewhere can tell later that the log was cut or rewritten. It is called within
    /// [`AuditLog::record`] and must not call the log.
    pub on_checkpoint: Option<OnCheckpoint>,
}

impl Default for AuditLogOptions {
    /// Synced, by the system's clock, and telling nobody.
    fn default() -> Self {
        Self {
            durability: Durability::default(),
            clock: Arc::new(SystemClock),
            on_checkpoint: None,
        }
    }
}

impl fmt::Debug for AuditLogOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditLogOptions")
            .field("durability", &self.durability)
            .finish_non_exhaustive()
    }
}

/// An audit log in a folder, open to be written. One object at a time has it, in this process and in others.
///
/// It is a sink: [`AuditSink::record`]. A checkpoint is signed after 256 records or, if the log is called ([`Self::tick`] will do), 60 seconds.
/// Dropping it writes nothing; [`Self::close`] signs what is there.
pub struct AuditLog {
    writer: Mutex<Writer>,
    key: VerifierKey,
    recovered: Recovered,
}

impl AuditLog {
    /// Makes a log in `folder`, which is made too if it is not there (for this user only, on Unix). The first key of its MAC chain is sealed to
    /// `auditors`, one to sixteen of them, and kept nowhere.
    ///
    /// # Errors
    /// [`AuditLogError::AlreadyThere`] if the folder has a log, or records of one without its header; [`AuditLogError::Auditors`] for none or too many;
    /// [`AuditLogError::Locked`], [`AuditLogError::Io`] and others as they say.
    pub fn create(
        folder: impl AsRef<Path>,
        auditors: &[Recipient],
        signer: Signer,
        options: AuditLogOptions,
    ) -> Result<Self, AuditLogError> {
        let folder = folder.as_ref();
        folder::make(folder)?;
        let lock = lock(folder, true)?;
        // A log whose header is lost is no reason to wipe its records: one that was never begun has none.
        let has_some =
            |name: &&str| fs::metadata(folder.join(name)).is_ok_and(|file| file.len() > 0);
        if folder.join(HEADER).exists() || [RECORDS, INDEX, CHECKPOINTS].iter().any(has_some) {
            return Err(AuditLogError::AlreadyThere);
        }
        let created = options.clock.unix_micros();
        let (chain, id) = with_wiped_stack(|| {
            let chain = Chain::generate()?;
            let id = chain.log_id();
            Ok::<_, Error>((chain, id))
        })?;
        let first = Payload::Dek(Dek::from_bytes(chain.key()));
        let (header, octets) = Header::new(id, created, &first, auditors, &signer)?;
        drop(first);
        let mut files = Files::open(folder, true)?;
        write_state(&mut files.state, &chain)?;
        files.state.sync_all()?;
        // The header comes last and under its name only when it is whole: with it the log is there.
        let beside = "header.new";
        let mut file = open_file(folder, beside, true)?;
        write_at(&mut file, 0, &octets)?;
        file.sync_all()?;
        fs::rename(folder.join(beside), folder.join(HEADER))?;
        folder::sync(folder)?;
        folder::sync(folder::parent(folder))?;
        let recovered = Recovered::default();
        let start = Start {
            chain,
            tree: Tree::new(),
            end: 0,
            checkpoints_end: 0,
            checkpointed: 0,
            recovered,
        };
        Self::start(folder, lock, files, &header, signer, options, start)
    }

    /// Opens the log in `folder` to go on with it. What a killed process left unfinished is cut, and the log's first record says so
    /// ([`Self::recovered`] too).
    ///
    /// The index and the last checkpoint are looked at, and what was written since the key on disk was advanced; [`verify`](super::verify) looks at all.
    ///
    /// # Errors
    /// [`AuditLogError::NotThere`] and [`AuditLogError::Locked`]; [`AuditLogError::OtherSigner`] if it was made with another key pair;
    /// [`AuditLogError::Cut`], [`AuditLogError::Tampered`] and [`AuditLogError::Damaged`] if it is not as it was left: it is not gone on with then.
    pub fn open(
        folder: impl AsRef<Path>,
        signer: Signer,
        options: AuditLogOptions,
    ) -> Result<Self, AuditLogError> {
        let folder = folder.as_ref();
        let header = Header::read(folder)?;
        if header.signer != *signer.public() {
            return Err(AuditLogError::OtherSigner);
        }
        let lock = lock(folder, false)?;
        let mut files = Files::open(folder, false)?;
        let key = header.verifier_key(signer.public())?;
        let start = with_wiped_stack(|| recover(folder, &mut files, &key, &header.hash))?;
        Self::start(folder, lock, files, &header, signer, options, start)
    }

    fn start(
        folder: &Path,
        lock: File,
        files: Files,
        header: &Header,
        signer: Signer,
        options: AuditLogOptions,
        start: Start,
    ) -> Result<Self, AuditLogError> {
        let now = options.clock.unix_micros();
        let recovered = start.recovered;
        let key = header.verifier_key(signer.public())?;
        let log = Self {
            writer: Mutex::new(Writer {
                folder: folder.to_path_buf(),
                lock,
                fork: ForkGuard::new(),
                files,
                origin: header.origin(),
                signer,
                options,
                chain: start.chain,
                tree: start.tree,
                end: start.end,
                checkpoints_end: start.checkpoints_end,
                checkpointed: start.checkpointed,
                checkpointed_at: now,
                is_broken: false,
            }),
            key,
            recovered,
        };
        let mut attributes = vec![(HEADER.into(), hex(&header.hash))];
        if recovered != Recovered::default() {
            attributes.push(("cut_octets".into(), recovered.cut_octets.to_string()));
            attributes.push(("caught_up".into(), recovered.caught_up.to_string()));
        }
        log.own_record("audit.start", attributes)?;
        Ok(log)
    }

    /// What was found unfinished when the log was opened.
    #[must_use]
    pub fn recovered(&self) -> Recovered {
        self.recovered
    }

    /// By which anybody verifies the log's checkpoints and proofs.
    #[must_use]
    pub fn verifier_key(&self) -> &VerifierKey {
        &self.key
    }

    /// Records so far.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.writer().tree.size()
    }

    /// Signs a checkpoint if one is due: records older than 60 seconds have none. To be called from time to time when nothing is recorded.
    ///
    /// # Errors
    /// [`AuditError::Unavailable`] if it cannot be written.
    pub fn tick(&self) -> Result<(), AuditError> {
        let mut writer = self.writer();
        writer.check()?;
        writer.checkpoint_if_due()
    }

    /// Signs a checkpoint of what is there and returns the signed note: to be kept where the log's writer cannot reach it.
    ///
    /// # Errors
    /// [`AuditError::Unavailable`] if it cannot be written.
    pub fn checkpoint(&self) -> Result<String, AuditError> {
        let mut writer = self.writer();
        writer.check()?;
        writer.checkpoint()
    }

    /// Records that the log is closed, and returns the signed note of its last checkpoint.
    ///
    /// # Errors
    /// [`AuditError::Unavailable`] if one of them cannot be written.
    pub fn close(self) -> Result<String, AuditError> {
        self.own_record("audit.stop", Vec::new())?;
        self.checkpoint()
    }

    fn own_record(
        &self,
        action: &'static str,
        attributes: Vec<(std::borrow::Cow<'static, str>, String)>,
    ) -> Result<(), AuditError> {
        let mut writer = self.writer();
        let event = AuditEvent {
            unix_micros: writer.options.clock.unix_micros(),
            actor: "system".to_owned(),
            action: action.into(),
            resource: writer.origin.clone(),
            outcome: Outcome::Done,
            reason: String::new(),
            attributes,
        };
        writer.append(&event)
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AuditSink for AuditLog {
    fn record(&self, event: &AuditEvent) -> Result<(), AuditError> {
        self.writer().append(event)
    }
}

impl fmt::Debug for AuditLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditLog")
            .field("folder", &self.writer().folder)
            .field("key", &self.key.to_string())
            .finish_non_exhaustive()
    }
}

/// The files that are written.
pub(super) struct Files {
    pub(super) records: File,
    pub(super) index: File,
    pub(super) checkpoints: File,
    pub(super) state: File,
}

impl Files {
    fn open(folder: &Path, is_new: bool) -> io::Result<Self> {
        Ok(Self {
            records: open_file(folder, RECORDS, is_new)?,
            index: open_file(folder, INDEX, is_new)?,
            checkpoints: open_file(folder, CHECKPOINTS, is_new)?,
            state: open_file(folder, STATE, is_new)?,
        })
    }
}

/// Where a log is gone on with.
pub(super) struct Start {
    pub(super) chain: Chain,
    pub(super) tree: Tree,
    /// Octets of `records` and of `checkpoints`.
    pub(super) end: u64,
    pub(super) checkpoints_end: u64,
    /// Records under the last checkpoint.
    pub(super) checkpointed: u64,
    pub(super) recovered: Recovered,
}

struct Writer {
    folder: PathBuf,
    lock: File,
    fork: ForkGuard,
    files: Files,
    origin: String,
    signer: Signer,
    options: AuditLogOptions,
    chain: Chain,
    tree: Tree,
    end: u64,
    checkpoints_end: u64,
    checkpointed: u64,
    checkpointed_at: u64,
    /// A write failed half-way: nothing is written before the log was opened anew, which looks at what is there.
    is_broken: bool,
}

impl Writer {
    fn check(&self) -> Result<(), AuditError> {
        if !self.fork.is_this_process() {
            return Err(unavailable("it was opened by the process that forked this"));
        }
        if self.is_broken {
            return Err(unavailable("a write failed: open it anew"));
        }
        Ok(())
    }

    /// Writes a record so that at every moment a killed process leaves either no record or a whole one, and the key of no record that stands.
    fn append(&mut self, event: &AuditEvent) -> Result<(), AuditError> {
        self.check()?;
        // First, so that no more than so many records ever are without one.
        self.checkpoint_if_due()?;
        let number = self.tree.size();
        let mut octets = line(number, event)?.into_bytes();
        let leaf = leaf_hash(&[&octets]);
        octets.push(b'\n');
        let len = u64::try_from(octets.len()).map_err(|_| AuditError::TooLarge)?;
        let end = self.end + len;
        let mut entry = Entry {
            end,
            leaf,
            mac: [0; MAC_LEN],
        };
        let at = entry_at(number);
        // All the room that is needed, before a MAC is made: what fails here is taken back.
        if let Err(error) = write_at(&mut self.files.records, self.end, &octets)
            .and_then(|()| write_at(&mut self.files.index, at, &entry.encode()))
        {
            let taken_back = self.files.records.set_len(self.end);
            let taken_back = taken_back.and_then(|()| self.files.index.set_len(at));
            self.is_broken = taken_back.is_err();
            return Err(unavailable(&error.to_string()));
        }
        // Broken unless all of it is done: what a MAC was made for is not taken back, or its key would serve twice.
        self.is_broken = true;
        let Self { chain, files, .. } = self;
        with_wiped_stack(|| {
            entry.mac = chain.mac(&leaf);
            chain.advance();
        });
        let is_synced = self.options.durability == Durability::Synced;
        let mac_at = at + u64::try_from(MAC_AT).unwrap_or_default();
        write_at(&mut files.index, mac_at, &entry.mac)
            .and_then(|()| {
                if is_synced {
                    files.records.sync_data()?;
                    files.index.sync_data()?;
                }
                // The key of this record is overwritten.
                write_state(&mut files.state, chain)?;
                if is_synced {
                    files.state.sync_data()?;
                }
                Ok(())
            })
            .map_err(|error| unavailable(&error.to_string()))?;
        self.is_broken = false;
        self.end = end;
        self.tree.push(&leaf);
        Ok(())
    }

    fn checkpoint_if_due(&mut self) -> Result<(), AuditError> {
        let size = self.tree.size();
        if size == self.checkpointed {
            return Ok(());
        }
        let now = self.options.clock.unix_micros();
        // A clock that was set back is no reason to wait.
        let is_late = now.abs_diff(self.checkpointed_at) >= CHECKPOINT_MICROS;
        if is_late || size - self.checkpointed >= CHECKPOINT_RECORDS {
            self.checkpoint()?;
        }
        Ok(())
    }

    fn checkpoint(&mut self) -> Result<String, AuditError> {
        let note = Checkpoint::of(&self.origin, &self.tree)
            .sign(&self.signer)
            .map_err(|error| unavailable(&error.to_string()))?;
        let files = &mut self.files;
        let written = write_at(
            &mut files.checkpoints,
            self.checkpoints_end,
            note.as_bytes(),
        );
        let synced = written.and_then(|()| match self.options.durability {
            Durability::Synced => files.checkpoints.sync_data(),
            Durability::System => Ok(()),
        });
        if let Err(error) = synced {
            // What is left of it is cut when the log is opened, if it cannot be now.
            self.is_broken = files.checkpoints.set_len(self.checkpoints_end).is_err();
            return Err(unavailable(&error.to_string()));
        }
        self.checkpoints_end += u64::try_from(note.len()).unwrap_or_default();
        self.checkpointed = self.tree.size();
        self.checkpointed_at = self.options.clock.unix_micros();
        if let Some(on_checkpoint) = &self.options.on_checkpoint {
            on_checkpoint(&note);
        }
        Ok(note)
    }
}

impl Drop for Writer {
    /// As of a `CounterStore`: closing does not always unlock, and a forked process must not.
    fn drop(&mut self) {
        if self.fork.is_this_process() {
            self.lock.unlock().ok();
        }
    }
}

/// Where the entry of a record begins in the index.
pub(super) fn entry_at(number: u64) -> u64 {
    number.saturating_mul(u64::try_from(ENTRY_LEN).unwrap_or(u64::MAX))
}

fn unavailable(why: &str) -> AuditError {
    AuditError::Unavailable(why.to_owned())
}

/// Locks the log for this object.
fn lock(folder: &Path, is_new: bool) -> Result<File, AuditLogError> {
    let mut options = fs::OpenOptions::new();
    let opened = options
        .write(true)
        .create(is_new)
        .truncate(false)
        .open(folder.join(LOCK));
    let lock = opened.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => AuditLogError::NotThere,
        _ => error.into(),
    })?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(AuditLogError::Locked),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}
