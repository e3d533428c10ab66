//! A bar on standard error while work is long, where that is a terminal.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use mediaseal::vault::recording::Storage;

/// Work that is done by then needs no bar.
const SHORT: Duration = Duration::from_millis(400);

/// A bar that counts octets.
pub(crate) struct Progress {
    bar: ProgressBar,
    began: Instant,
}

impl Progress {
    /// Begins to count up to `octets`; `what` says what is being done.
    pub(crate) fn octets(what: &'static str, octets: u64) -> Self {
        let bar = ProgressBar::with_draw_target(Some(octets), ProgressDrawTarget::hidden());
        let form = "{prefix} {wide_bar} {bytes} of {total_bytes}, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(form) {
            bar.set_style(style);
        }
        bar.set_prefix(what);
        Self {
            bar,
            began: Instant::now(),
        }
    }

    /// Begins to count up to `keys`; `what` says what is being done.
    #[cfg(feature = "custody")]
    pub(crate) fn keys(what: &'static str, keys: u64) -> Self {
        let progress = Self::octets(what, keys);
        let form = "{prefix} {wide_bar} {human_pos} of {human_len} keys, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(form) {
            progress.bar.set_style(style);
        }
        progress
    }

    /// Counts on.
    pub(crate) fn add(&self, octets: u64) {
        // On anything but a terminal it draws nothing.
        if self.bar.is_hidden() && self.began.elapsed() > SHORT {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.inc(octets);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// A storage whose reading is watched.
pub(crate) struct Watched {
    storage: Arc<dyn Storage>,
    progress: Progress,
}

impl Watched {
    /// Watches how `times` times the segments and tails of a recording are read.
    pub(crate) fn new(storage: Arc<dyn Storage>, what: &'static str, times: u64) -> Self {
        let names = storage.list().unwrap_or_default();
        let media = names
            .iter()
            .filter(|name| name.ends_with(".seg") || name.ends_with(".tail"));
        let octets: u64 = media.filter_map(|name| storage.len(name).ok()).sum();
        Self {
            storage,
            progress: Progress::octets(what, octets.saturating_mul(times)),
        }
    }
}

impl Storage for Watched {
    fn create_new(&self, name: &str, octets: &[u8]) -> io::Result<()> {
        self.storage.create_new(name, octets)
    }

    fn append(&self, name: &str, octets: &[u8]) -> io::Result<()> {
        self.storage.append(name, octets)
    }

    fn sync(&self, name: &str) -> io::Result<()> {
        self.storage.sync(name)
    }

    fn sync_names(&self) -> io::Result<()> {
        self.storage.sync_names()
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.storage.rename(from, to)
    }

    fn read(&self, name: &str, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        let octets = self.storage.read(name, offset, len)?;
        if name.ends_with(".seg") || name.ends_with(".tail") {
            self.progress.add(octets.len() as u64);
        }
        Ok(octets)
    }

    fn len(&self, name: &str) -> io::Result<u64> {
        self.storage.len(name)
    }

    fn list(&self) -> io::Result<Vec<String>> {
        self.storage.list()
    }

    fn delete(&self, name: &str) -> io::Result<()> {
        self.storage.delete(name)
    }

    fn lock(&self) -> io::Result<Box<dyn Send>> {
        self.storage.lock()
    }

    fn lock_envelope(&self) -> io::Result<Option<Box<dyn Send>>> {
        self.storage.lock_envelope()
    }
}
