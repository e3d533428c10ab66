//! Where a recording lies: a folder, or whatever else has these few operations.

use std::collections::HashMap;
use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::envelope::ENVELOPE_LOCK;
use super::writer::MAX_UNCOMMITTED;
use crate::vault::folder;

/// Files that are kept open at once.
const OPEN_FILES: usize = 32;

/// Files by name. What is written is durable once [`sync`](Self::sync) has returned, and a name that was made, changed or
/// deleted once [`sync_names`](Self::sync_names) has.
///
/// Names are relative, of ASCII letters, digits, `.` and `-`, in at most two parts with `/` between. After an error a
/// recording's writer stops, so an operation that failed may have been done in part.
pub trait Storage: Send + Sync {
    /// Makes a file that holds `octets`.
    ///
    /// # Errors
    /// [`ErrorKind::AlreadyExists`] if there is one; else what the system says.
    fn create_new(&self, name: &str, octets: &[u8]) -> io::Result<()>;

    /// Adds `octets` to the end of a file.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] if there is none; else what the system says.
    fn append(&self, name: &str, octets: &[u8]) -> io::Result<()>;

    /// Makes a file's octets and length durable.
    ///
    /// # Errors
    /// What the system says.
    fn sync(&self, name: &str) -> io::Result<()>;

    /// Makes all names durable.
    ///
    /// # Errors
    /// What the system says.
    fn sync_names(&self) -> io::Result<()>;

    /// Gives a file another name, in place of the file that had it, in one step.
    ///
    /// # Errors
    /// What the system says.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Reads up to `len` octets from `offset` on; fewer only at the end of the file.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] if there is no such file; else what the system says.
    fn read(&self, name: &str, offset: u64, len: usize) -> io::Result<Vec<u8>>;

    /// The length of a file in octets.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] if there is no such file; else what the system says.
    fn len(&self, name: &str) -> io::Result<u64>;

    /// The names of all files, in any order.
    ///
    /// # Errors
    /// What the system says.
    fn list(&self) -> io::Result<Vec<String>>;

    /// Deletes a file.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] if there is none; else what the system says.
    fn delete(&self, name: &str) -> io::Result<()>;

    /// Keeps other writers out until what it returns is dropped. A file of the name `lock` may be made for it, and holds nothing.
    ///
    /// # Errors
    /// [`ErrorKind::WouldBlock`] if another writer is in.
    fn lock(&self) -> io::Result<Box<dyn Send>>;

    /// Keeps others from changing who can open the recording until what it returns is dropped; a recorder at work does not take it. It shall end with the process
    /// that took it. A file of the name `envelope.lock` may be made for it, and holds nothing. None where there is no such lock: then a file of that name, made by
    /// [`Self::create_new`], is the lock, which a crash leaves ([`break_envelope_lock`](super::break_envelope_lock)).
    ///
    /// # Errors
    /// [`ErrorKind::WouldBlock`] if somebody else has it.
    fn lock_envelope(&self) -> io::Result<Option<Box<dyn Send>>> {
        Ok(None)
    }

    /// How long frames may wait for their commit here.
    fn pace(&self) -> Pace {
        Pace::default()
    }
}

/// How long frames may wait in memory for their commit: what a crash may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Microseconds that the oldest may wait. A writer looks when it is called: see [`Writer::tick`](super::Writer::tick).
    pub micros: u64,
    /// Octets of frames that may wait.
    pub octets: u64,
    /// Whether a commit ends segments, in the place of writing what fills no chunk as a tail.
    pub ends_segments: bool,
}

impl Pace {
    /// Segments are what is committed, for storage where each commit costs: at most 10 s or 8 MiB apart.
    pub const SEGMENTS: Self = Self {
        micros: 10_000_000,
        octets: 8 << 20,
        ends_segments: true,
    };
}

impl Default for Pace {
    /// Half a second, so that a writer that is called twice a second loses at most one; and [`MAX_UNCOMMITTED`](super::MAX_UNCOMMITTED).
    fn default() -> Self {
        Self {
            micros: 500_000,
            octets: MAX_UNCOMMITTED,
            ends_segments: false,
        }
    }
}

/// A folder on this machine.
///
/// On Unix what is synced is synced through to the folder; elsewhere to the file alone.
pub struct LocalStorage {
    folder: PathBuf,
    open: Mutex<HashMap<String, File>>,
}

impl LocalStorage {
    /// Uses `folder`, which is made if it is not there (for this user only, on Unix).
    ///
    /// # Errors
    /// What the system says.
    pub fn create(folder: impl AsRef<Path>) -> io::Result<Self> {
        let folder = folder.as_ref();
        folder::make(folder)?;
        Self::open(folder)
    }

    /// Uses `folder`, which is there.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] if it is not.
    pub fn open(folder: impl AsRef<Path>) -> io::Result<Self> {
        let folder = folder.as_ref().to_path_buf();
        if folder.is_dir() {
            Ok(Self {
                folder,
                open: Mutex::default(),
            })
        } else {
            Err(ErrorKind::NotFound.into())
        }
    }

    /// The path of a name, which leads nowhere outside of the folder.
    fn path(&self, name: &str) -> io::Result<PathBuf> {
        let is_plain = |part: Component<'_>| matches!(part, Component::Normal(_));
        let is_letter =
            |letter: u8| letter.is_ascii_alphanumeric() || matches!(letter, b'.' | b'-' | b'/');
        let path = Path::new(name);
        if name.is_empty()
            || !name.bytes().all(is_letter)
            || !path.components().all(is_plain)
            || path.components().count() > 2
        {
            return Err(ErrorKind::InvalidInput.into());
        }
        Ok(self.folder.join(path))
    }

    /// Makes the folder that a file is to lie in.
    fn make_parent(&self, path: &Path) -> io::Result<()> {
        if let Some(folder) = path.parent().filter(|folder| !folder.is_dir()) {
            fs::create_dir(folder)?;
            folder::sync(&self.folder)?;
        }
        Ok(())
    }

    /// Locks a file, which is made for it; the system ends that with the process.
    fn lock_file(&self, name: &str) -> io::Result<Box<dyn Send>> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(self.path(name)?)?;
        match file.try_lock() {
            Ok(()) => Ok(Box::new(file)),
            Err(TryLockError::WouldBlock) => Err(ErrorKind::WouldBlock.into()),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn files(&self) -> MutexGuard<'_, HashMap<String, File>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does `work` with a file. Segments are kept open; what is replaced by renaming is opened each time, for another process may have
    /// replaced it.
    fn with<T>(&self, name: &str, work: impl FnOnce(&mut File) -> io::Result<T>) -> io::Result<T> {
        let mut files = self.files();
        if let Some(file) = files.get_mut(name) {
            return work(file);
        }
        let path = self.path(name)?;
        // A recording on a medium that is not writable can be read.
        let mut file = match OpenOptions::new().read(true).append(true).open(&path) {
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem
                ) =>
            {
                File::open(&path)?
            }
            opened => opened?,
        };
        let done = work(&mut file);
        keep(&mut files, name, file);
        done
    }
}

impl Storage for LocalStorage {
    fn create_new(&self, name: &str, octets: &[u8]) -> io::Result<()> {
        let path = self.path(name)?;
        self.make_parent(&path)?;
        let mut options = OpenOptions::new();
        options.read(true).append(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path)?;
        file.write_all(octets)?;
        keep(&mut self.files(), name, file);
        Ok(())
    }

    fn append(&self, name: &str, octets: &[u8]) -> io::Result<()> {
        self.with(name, |file| file.write_all(octets))
    }

    fn sync(&self, name: &str) -> io::Result<()> {
        self.with(name, |file| file.sync_data())
    }

    fn sync_names(&self) -> io::Result<()> {
        for inner in ["grants", "aside"] {
            let inner = self.folder.join(inner);
            if inner.is_dir() {
                folder::sync(&inner)?;
            }
        }
        folder::sync(&self.folder)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let (source, target) = (self.path(from)?, self.path(to)?);
        self.make_parent(&target)?;
        let mut files = self.files();
        files.remove(from);
        files.remove(to);
        fs::rename(source, target)
    }

    fn read(&self, name: &str, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        self.with(name, |file| {
            file.seek(SeekFrom::Start(offset))?;
            let mut octets = Vec::new();
            file.take(len as u64).read_to_end(&mut octets)?;
            Ok(octets)
        })
    }

    fn len(&self, name: &str) -> io::Result<u64> {
        Ok(fs::metadata(self.path(name)?)?.len())
    }

    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if entry.file_type()?.is_dir() {
                for inner in fs::read_dir(entry.path())? {
                    names.push(format!("{name}/{}", inner?.file_name().to_string_lossy()));
                }
            } else {
                names.push(name);
            }
        }
        Ok(names)
    }

    fn delete(&self, name: &str) -> io::Result<()> {
        let path = self.path(name)?;
        self.files().remove(name);
        fs::remove_file(path)
    }

    fn lock(&self) -> io::Result<Box<dyn Send>> {
        self.lock_file("lock")
    }

    fn lock_envelope(&self) -> io::Result<Option<Box<dyn Send>>> {
        self.lock_file(ENVELOPE_LOCK).map(Some)
    }
}

impl fmt::Debug for LocalStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalStorage")
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

fn keep(files: &mut HashMap<String, File>, name: &str, file: File) {
    if name.ends_with(".seg") {
        if files.len() >= OPEN_FILES {
            files.clear();
        }
        files.insert(name.to_owned(), file);
    }
}
