//! What every command of a run printed, kept for the canary search.

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
}

impl Transcript {
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
