//! What every command of a run printed, kept for the canary search; and where it is shown.

use std::{
    fs::File,
    io::{self, Write},
};

/// What one command printed on one of its streams.
pub(crate) struct Entry {
    /// The command line, and which of its streams.
    pub(crate) source: String,
    /// The octets as they came.
    pub(crate) octets: Vec<u8>,
}

/// What all commands of a run printed.
#[derive(Default)]
pub(crate) struct Transcript {
    entries: Vec<Entry>,
    log: Option<File>,
}

impl Transcript {
    /// From here on what commands print goes to `log` and is not shown; without one it is shown.
    pub(crate) fn log_to(&mut self, log: Option<File>) {
        self.log = log;
    }

    /// Where a command's output is to go as it comes, which is `shown` unless there is a log.
    pub(crate) fn sink(
        &self,
        shown: impl Write + Send + 'static,
    ) -> io::Result<Box<dyn Write + Send>> {
        Ok(match &self.log {
            Some(log) => Box::new(log.try_clone()?),
            None => Box::new(shown),
        })
    }

    /// Says in the log, if there is one, which command comes next.
    pub(crate) fn announce(&self, line: &str) -> io::Result<()> {
        self.log
            .as_ref()
            .map_or(Ok(()), |mut log| writeln!(log, "$ {line}"))
    }

    /// Keeps `octets`, which `source` printed.
    pub(crate) fn record(&mut self, source: String, octets: Vec<u8>) {
        self.entries.push(Entry { source, octets });
    }

    /// Everything kept so far.
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// How many octets are kept.
    pub(crate) fn len(&self) -> usize {
        self.entries.iter().map(|entry| entry.octets.len()).sum()
    }
}
