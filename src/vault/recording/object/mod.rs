//! Recordings in an object store: S3, and what speaks as it does.
//!
//! Files are made of objects that are never changed in a way that matters (`docs/formats/recording.md`). Everything rests on one operation that the store must have:
//! to make an object only if there is none of its name (`If-None-Match: *`).

mod file;
mod http;
mod layout;
mod lock;
mod objects;

use std::collections::HashMap;
use std::fmt;
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use object_store::ObjectStore;
use object_store::path::Path;

pub use http::Transport;
pub use object_store;

use super::manifest::NEW;
use super::storage::{Pace, Storage};
use file::File;
use layout::{Layout, parse_head, parse_move};
use objects::Objects;

/// Files of which much is remembered.
const REMEMBERED: usize = 64;
/// Octets of a lock: its token, and whose it is.
const TOKEN: usize = 16;
const MAX_LOCK: usize = 1024;
/// How often a file is looked for anew that changes while it is read.
const TRIES: u32 = 8;

/// A prefix of an object store.
///
/// Commits are as far apart as segments are long, so that there are few objects: a crash costs what came since, at most 10 seconds or 8 MiB
/// ([`pace`](Self::pace) changes it). Each call waits for the store, with the attempts and pauses that its `RetryConfig` allows; in asynchronous code call it by
/// `spawn_blocking`, or it refuses.
///
/// **The lock** of a writer is an object that it makes and deletes. It does not end by itself: no clock is right enough to tell that another writer is gone.
/// After a crash [`break_lock`](Self::break_lock) takes it away, or the same [`owner`](ObjectOptions::owner) goes on. A writer whose lock was
/// taken is told at its next commit, and what it writes from then on is refused; of what it wrote a moment before, the other
/// knows or neither does. A deletion cannot be made conditional here: one that was on its way when the lock was taken is still done. The next writer gives new names
/// to new segments, so that such a deletion finds nothing of his; his lock it can take away, if it was that of a writer that was just ending.
#[derive(Clone)]
pub struct ObjectStorage(Arc<Shared>);

struct Shared {
    objects: Objects,
    layout: Layout,
    owner: String,
    pace: Pace,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Files of this writer, and segments that were read.
    files: HashMap<String, File>,
    /// The token of the lock.
    held: Option<[u8; TOKEN]>,
    /// Whether another writer took it.
    is_lost: bool,
}

/// How a storage is used.
#[derive(Clone, Debug)]
pub struct ObjectOptions {
    owner: String,
    pace: Pace,
}

impl ObjectOptions {
    /// No owner, and segments for commits.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            owner: String::new(),
            pace: Pace::SEGMENTS,
        }
    }

    /// Whose the lock is, of at most 255 octets, and not empty: this owner takes over a lock of his own, as after a crash. Two writers at once must never have one
    /// owner's name: the later would put the earlier out.
    #[must_use]
    pub fn owner(mut self, owner: &str) -> Self {
        owner.clone_into(&mut self.owner);
        self
    }

    /// How long frames may wait for their commit. Each commit is two requests, and up to six a track.
    #[must_use]
    pub const fn pace(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }
}

impl Default for ObjectOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl ObjectStorage {
    /// Uses what is below `prefix` in `store`, which makes objects conditionally.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] for a prefix that is no path, or a long owner.
    pub fn new(
        store: Arc<dyn ObjectStore>,
        prefix: &str,
        options: &ObjectOptions,
    ) -> io::Result<Self> {
        let prefix =
            Path::parse(prefix).map_err(|error| io::Error::new(ErrorKind::InvalidInput, error))?;
        if options.owner.len() > u8::MAX.into() {
            return Err(ErrorKind::InvalidInput.into());
        }
        Ok(Self(Arc::new(Shared {
            objects: Objects::new(store)?,
            layout: Layout::new(prefix),
            owner: options.owner.clone(),
            pace: options.pace,
            state: Mutex::default(),
        })))
    }

    /// Takes away the lock of a writer that is known to be gone, and tells whether there was one. If it is not gone, it is told at its next commit.
    ///
    /// # Errors
    /// What the store says.
    pub fn break_lock(&self) -> io::Result<bool> {
        let path = self.0.layout.lock().ok_or(ErrorKind::InvalidInput)?;
        // Whatever it says: it may be damaged.
        let is_there = self.0.objects.version(&path)?.is_some();
        if is_there {
            self.0.objects.delete(&path)?;
        }
        Ok(is_there)
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state, for who changes something.
    fn writing(&self) -> io::Result<MutexGuard<'_, State>> {
        let state = self.state();
        if state.is_lost {
            return Err(lost());
        }
        Ok(state)
    }

    fn load(&self, name: &str) -> io::Result<File> {
        File::load(&self.objects, &self.layout, name)
    }

    /// A file that this storage writes to.
    fn written<'a>(&self, state: &'a mut State, name: &str) -> io::Result<&'a mut File> {
        if !state.files.contains_key(name) {
            let file = self.load(name)?;
            remember(state, name, file);
        }
        state
            .files
            .get_mut(name)
            .ok_or_else(|| ErrorKind::NotFound.into())
    }

    /// Whether a file was renamed, but for its old name, which is still there.
    fn is_moved(&self, name: &str, moving: &Path) -> io::Result<bool> {
        let Some(octets) = or_none(self.objects.get(moving, 0, MAX_LOCK))? else {
            return Ok(false);
        };
        let Some((generation, to)) = parse_move(&octets) else {
            return Ok(false);
        };
        Ok(self.has_generation(to, &generation)? && self.has_generation(name, &generation)?)
    }

    fn has_generation(&self, name: &str, generation: &[u8; 16]) -> io::Result<bool> {
        let path = self.layout.file(name).ok_or(ErrorKind::InvalidInput)?;
        let head = or_none(self.objects.get(&path, 0, layout::HEAD_LEN))?;
        let parsed = head.as_deref().map(parse_head).transpose()?.flatten();
        Ok(parsed.is_some_and(|(there, _)| there == *generation))
    }

    /// Names whose renaming was begun and not ended.
    fn moves(&self) -> io::Result<Vec<(String, Path)>> {
        let folder = self.layout.folder("moves").ok_or(ErrorKind::InvalidInput)?;
        let objects = self.objects.list(&folder)?.into_iter();
        let name = |path: &Path| self.layout.below("moves", path).map(str::to_owned);
        Ok(objects
            .filter_map(|object| Some((name(&object.location)?, object.location)))
            .filter(|(name, _)| layout::is_name(name))
            .collect())
    }

    /// Ends what was begun of renaming.
    fn settle(&self) -> io::Result<()> {
        for (name, moving) in self.moves()? {
            if self.is_moved(&name, &moving)? {
                let path = self.layout.file(&name).ok_or(ErrorKind::InvalidInput)?;
                self.objects.delete(&path)?;
            }
            self.objects.delete(&moving)?;
        }
        Ok(())
    }
}

impl Storage for ObjectStorage {
    fn create_new(&self, name: &str, octets: &[u8]) -> io::Result<()> {
        let shared = &*self.0;
        let mut state = shared.writing()?;
        shared.check_lock(&mut state)?;
        let file = File::create(&shared.objects, &shared.layout, name, octets)?;
        remember(&mut state, name, file);
        Ok(())
    }

    fn append(&self, name: &str, octets: &[u8]) -> io::Result<()> {
        let shared = &*self.0;
        let mut state = shared.writing()?;
        let file = shared.written(&mut state, name)?;
        file.append(&shared.objects, &shared.layout, octets)
    }

    fn sync(&self, name: &str) -> io::Result<()> {
        let shared = &*self.0;
        let mut state = shared.writing()?;
        if state.files.get(name).is_none_or(|file| !file.is_waiting()) {
            return Ok(());
        }
        shared.check_lock(&mut state)?;
        let file = shared.written(&mut state, name)?;
        file.flush(&shared.objects, &shared.layout)
    }

    fn sync_names(&self) -> io::Result<()> {
        // Each was durable when it was made.
        self.0.writing().map(|_| ())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let shared = &*self.0;
        let mut state = shared.writing()?;
        let target = shared.layout.file(to).ok_or(ErrorKind::InvalidInput)?;
        let source = shared.layout.file(from).ok_or(ErrorKind::InvalidInput)?;
        let moving = shared.layout.moving(from).ok_or(ErrorKind::InvalidInput)?;
        let file = shared.written(&mut state, from)?;
        file.flush(&shared.objects, &shared.layout)?;
        let (generation, head) = (*file.generation(), file.head());
        // The version first: whatever another writer does from here on, the head below is refused. What he did before is seen by what follows.
        let version = shared.objects.version(&target)?;
        let before = or_none(shared.load(to))?;
        shared.check_lock(&mut state)?;
        // What is damaged has none.
        let is_there =
            || io::Result::Ok(generation == [0; 16] || shared.has_generation(from, &generation)?);
        if !is_there()? {
            return Err(lost());
        }
        // What was begun is known, done in one step, and known to be done: cut short anywhere, it is either not done, or `settle` ends it.
        shared
            .objects
            .put(&moving, [&generation[..], to.as_bytes()].concat())?;
        shared.objects.swap(&target, version, head)?;
        // Another writer may have made his own by now.
        if is_there()? {
            shared.objects.delete(&source)?;
        }
        shared.objects.delete(&moving)?;
        if let Some(file) = state.files.remove(from) {
            state.files.insert(to.to_owned(), file);
        }
        match before.filter(|before| *before.generation() != generation) {
            Some(before) => before.delete_parts(&shared.objects, &shared.layout),
            None => Ok(()),
        }
    }

    fn read(&self, name: &str, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        let shared = &*self.0;
        let mut state = shared.state();
        let is_writer = state.held.is_some();
        let mut tries = 0;
        loop {
            let end = offset.saturating_add(len as u64);
            // Another process may have added to a file, or put another in its place.
            let known = state.files.get(name);
            let is_written =
                known.is_some_and(|file| file.is_waiting() || (is_writer && file.is_own()));
            let is_there = |file: &File| name.ends_with(".seg") && end <= file.len();
            if !is_written && (tries > 0 || !known.is_some_and(is_there)) {
                let file = shared.load(name)?;
                remember(&mut state, name, file);
            }
            let file = state.files.get_mut(name).ok_or(ErrorKind::NotFound)?;
            tries += 1;
            match file.read(&shared.objects, &shared.layout, offset, len) {
                // Parts became one, or the file another, since it was looked for.
                Err(error)
                    if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::UnexpectedEof)
                        && !is_written
                        && tries < TRIES => {}
                read => return read,
            }
        }
    }

    fn len(&self, name: &str) -> io::Result<u64> {
        let shared = &*self.0;
        let mut state = shared.state();
        let is_writer = state.held.is_some();
        let is_written = |file: &&File| file.is_waiting() || (is_writer && file.is_own());
        if let Some(file) = state.files.get(name).filter(is_written) {
            return Ok(file.len());
        }
        let file = shared.load(name)?;
        let len = file.len();
        remember(&mut state, name, file);
        Ok(len)
    }

    fn list(&self) -> io::Result<Vec<String>> {
        let shared = &*self.0;
        let folder = shared
            .layout
            .folder("files")
            .ok_or(ErrorKind::InvalidInput)?;
        let mut names = Vec::new();
        for object in shared.objects.list(&folder)? {
            if let Some(name) = shared.layout.below("files", &object.location) {
                names.push(name.to_owned());
            }
        }
        for (name, moving) in shared.moves()? {
            if shared.is_moved(&name, &moving)? {
                names.retain(|there| *there != name);
            }
        }
        Ok(names)
    }

    fn delete(&self, name: &str) -> io::Result<()> {
        let shared = &*self.0;
        let mut state = shared.writing()?;
        let path = shared.layout.file(name).ok_or(ErrorKind::InvalidInput)?;
        let is_writer = state.held.is_some();
        let file = match state.files.remove(name) {
            Some(file) if is_writer && file.is_own() => file,
            _ => shared.load(name)?,
        };
        // Only now, so that what was found is what is deleted: a writer who took the lock over may give the name to a file of his.
        shared.check_lock(&mut state)?;
        shared.objects.delete(&path)?;
        // What was on its way to another name may have got there since, or get there yet: then its parts are that file's.
        if !file.is_head_alone() && !name.ends_with(NEW) {
            file.delete_parts(&shared.objects, &shared.layout)?;
        }
        Ok(())
    }

    fn lock(&self) -> io::Result<Box<dyn Send>> {
        Ok(Box::new(Shared::lock(&self.0)?))
    }

    fn pace(&self) -> Pace {
        self.0.pace
    }
}

impl fmt::Debug for ObjectStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObjectStorage")
            .field("layout", &self.0.layout)
            .field("owner", &self.0.owner)
            .finish_non_exhaustive()
    }
}

/// Nothing in the place of an object that is not there.
fn or_none<T>(found: io::Result<T>) -> io::Result<Option<T>> {
    match found {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        found => found.map(Some),
    }
}

fn lost() -> io::Error {
    io::Error::other("another writer took the lock over")
}

/// Remembers a file, and forgets others that were only read.
fn remember(state: &mut State, name: &str, file: File) {
    if state.files.len() >= REMEMBERED {
        state.files.retain(|name, file| {
            file.is_waiting() || (file.is_growing() && !name.ends_with(".seg"))
        });
    }
    state.files.insert(name.to_owned(), file);
}
