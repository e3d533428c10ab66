//! The files `header`, `manifest` and `checkpoints`, as they are read.

use std::io::ErrorKind;

use super::error::{Place, RecordingError, io_at};
use super::header::{Header, MAX_HEADER};
use super::index::Index;
use super::record::{Chain, Next, Record};
use super::storage::Storage;
use crate::vault::grant::SignerPublic;
use crate::vault::transparency::{
    Checkpoint, TransparencyError, Tree, TreeHash, VerifierKey, split_checkpoints,
};

pub(super) const HEADER: &str = "header";
pub(super) const ENVELOPE: &str = "envelope";
pub(super) const MANIFEST: &str = "manifest";
pub(super) const CHECKPOINTS: &str = "checkpoints";
/// What a file is called until it is whole.
pub(super) const NEW: &str = ".new";

/// Octets that are read at once.
pub(super) const PIECE: usize = 1 << 18;

/// Reads the header.
pub(super) fn read_header(storage: &dyn Storage) -> Result<Header, RecordingError> {
    match storage.read(HEADER, 0, MAX_HEADER + 1) {
        Ok(octets) => Header::parse(&octets),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(RecordingError::NotThere),
        Err(error) => Err(io_at(HEADER)(error)),
    }
}

/// What follows the last record that was believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// Nothing.
    Nothing,
    /// The beginning of a record.
    Short(u64),
    /// Octets that are no record of this chain.
    Broken(u64),
}

impl Rest {
    /// Its octets.
    pub(super) const fn len(self) -> u64 {
        match self {
            Self::Nothing => 0,
            Self::Short(octets) | Self::Broken(octets) => octets,
        }
    }
}

/// A manifest as far as it was read.
#[derive(Clone)]
pub(super) struct Manifest {
    pub(super) chain: Chain,
    pub(super) index: Index,
    pub(super) tree: Tree,
    /// Octets of the records that were believed.
    pub(super) len: u64,
}

impl Manifest {
    /// One of which nothing was read.
    pub(super) fn of(header: &Header) -> Self {
        Self {
            chain: Chain::of_header(header.digest()),
            index: Index::default(),
            tree: Tree::new(),
            len: 0,
        }
    }

    /// Reads on to the last record that is whole, and shows the tree after each.
    pub(super) fn read_on(
        &mut self,
        storage: &dyn Storage,
        after_each: impl FnMut(&Tree),
    ) -> Result<Rest, RecordingError> {
        self.read(storage, u64::MAX, apply, after_each)
    }

    /// Reads on as long as `take` says that a record is one of the recorder's; what it does not add to the index is left away.
    pub(super) fn read_taking(
        &mut self,
        storage: &dyn Storage,
        take: impl FnMut(&mut Index, &Record) -> Result<bool, RecordingError>,
    ) -> Result<(), RecordingError> {
        self.read(storage, u64::MAX, take, |_| ()).map(|_| ())
    }

    /// Reads on until there are so many records.
    pub(super) fn read_until(
        &mut self,
        storage: &dyn Storage,
        records: u64,
    ) -> Result<(), RecordingError> {
        self.read(storage, records, apply, |_| ()).map(|_| ())
    }

    fn read(
        &mut self,
        storage: &dyn Storage,
        records: u64,
        mut take: impl FnMut(&mut Index, &Record) -> Result<bool, RecordingError>,
        mut after_each: impl FnMut(&Tree),
    ) -> Result<Rest, RecordingError> {
        let file_len = storage.len(MANIFEST).map_err(io_at(MANIFEST))?;
        let mut octets = Vec::new();
        let mut at = 0;
        loop {
            if self.chain.records() >= records {
                return Ok(Rest::Broken(file_len.saturating_sub(self.len)));
            }
            let mut chain = self.chain.clone();
            let next = chain.read(&octets[at..])?;
            let believed = match next {
                Next::Record(read) if take(&mut self.index, &read.record)? => Some(read),
                Next::Short => None,
                Next::Record(_) | Next::Broken => {
                    return Ok(Rest::Broken(file_len.saturating_sub(self.len)));
                }
            };
            if let Some(read) = believed {
                self.chain = chain;
                self.tree.push(&read.leaf);
                after_each(&self.tree);
                at += read.len;
                self.len += read.len as u64;
                continue;
            }
            let read_to = self.len + (octets.len() - at) as u64;
            let more = storage
                .read(MANIFEST, read_to, PIECE)
                .map_err(io_at(MANIFEST))?;
            if more.is_empty() {
                return Ok(match (octets.len() - at) as u64 {
                    0 => Rest::Nothing,
                    rest => Rest::Short(rest),
                });
            }
            octets.drain(..at);
            at = 0;
            octets.extend_from_slice(&more);
        }
    }

    /// Adds a record to the end of `out`, as the writer does.
    pub(super) fn append(&mut self, record: &Record, out: &mut Vec<u8>) {
        let start = out.len();
        let leaf = self.chain.append(record, out);
        self.tree.push(&leaf);
        self.len += (out.len() - start) as u64;
    }
}

/// Adds what a record says to the index.
fn apply(index: &mut Index, record: &Record) -> Result<bool, RecordingError> {
    Ok(index.apply(record).is_some())
}

/// The checkpoints that are there, each signed.
pub(super) struct Checkpoints {
    pub(super) signed: Vec<(u64, TreeHash)>,
    /// Octets of whole notes.
    pub(super) len: u64,
    /// Octets behind them.
    pub(super) rest: u64,
}

impl Checkpoints {
    /// Reads all, and insists on the signature of each note that is whole.
    ///
    /// The last one may be no note at all: a crash can leave zeros where octets were to be. Who takes a checkpoint away could do as much.
    pub(super) fn read(storage: &dyn Storage, key: &VerifierKey) -> Result<Self, RecordingError> {
        let mut read = Self {
            signed: Vec::new(),
            len: 0,
            rest: 0,
        };
        let mut octets: Vec<u8> = Vec::new();
        // Octets read, and whether what follows the last note is none.
        let (mut at, mut is_torn) = (0, false);
        loop {
            let more = storage
                .read(CHECKPOINTS, at, PIECE)
                .map_err(io_at(CHECKPOINTS))?;
            let index = read.signed.len() as u64;
            if more.is_empty() {
                read.rest = at - read.len;
                return Ok(read);
            }
            at += more.len() as u64;
            octets.extend_from_slice(&more);
            let (notes, rest) = split_checkpoints(&octets);
            let rest = rest.len();
            for note in notes {
                let index = read.signed.len() as u64;
                let damaged = || RecordingError::Damaged(Place::Checkpoint { index });
                if is_torn {
                    return Err(damaged());
                }
                match Checkpoint::open(note, key) {
                    Ok(checkpoint) if checkpoint.size >= read.size() => {
                        read.signed.push((checkpoint.size, checkpoint.root));
                        read.len += note.len() as u64;
                    }
                    Err(TransparencyError::Malformed(_)) => is_torn = true,
                    _ => return Err(damaged()),
                }
            }
            // What is no note is shorter than one; a file of anything else is not read into memory.
            if rest > PIECE {
                return Err(RecordingError::Damaged(Place::Checkpoint { index }));
            }
            octets.drain(..octets.len() - rest);
        }
    }

    /// Records that the last one covers.
    pub(super) fn size(&self) -> u64 {
        self.signed.last().map_or(0, |(size, _)| *size)
    }
}

/// Compares the roots of checkpoints with those of a tree that grows.
pub(super) struct Roots<'a> {
    signed: &'a [(u64, TreeHash)],
    next: usize,
    wrong: Option<u64>,
}

impl<'a> Roots<'a> {
    pub(super) fn new(checkpoints: &'a Checkpoints) -> Self {
        let mut roots = Self {
            signed: &checkpoints.signed,
            next: 0,
            wrong: None,
        };
        roots.compare(&Tree::new());
        roots
    }

    /// Compares those of the tree's size.
    pub(super) fn compare(&mut self, tree: &Tree) {
        while let Some((size, root)) = self.signed.get(self.next)
            && *size <= tree.size()
        {
            if (*size < tree.size() || *root != tree.root()) && self.wrong.is_none() {
                self.wrong = Some(self.next as u64);
            }
            self.next += 1;
        }
    }

    /// The first checkpoint that is of another tree.
    pub(super) fn wrong(&self) -> Option<Place> {
        self.wrong.map(|index| Place::Checkpoint { index })
    }
}

/// The key that the recording's checkpoints are signed under, by the recording's name.
pub(super) fn verifier_key(
    header: &Header,
    public: &[u8; 32],
) -> Result<VerifierKey, RecordingError> {
    let key =
        SignerPublic::from_bytes(public).map_err(|_| RecordingError::Damaged(Place::Header))?;
    Ok(VerifierKey::new(&header.origin(), &key)?)
}
