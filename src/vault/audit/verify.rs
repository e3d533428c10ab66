//! Verification of a log: is it what its writer wrote, all of it, and if not, from which record on?

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use super::chain::Chain;
use super::error::AuditLogError;
use super::files::{CHECKPOINTS, Entry, HEADER, Header, INDEX, RECORDS, read_state};
use super::log::CHECKPOINT_RECORDS;
use super::record::{is_bound_to, is_numbered};
use super::recover::{MAX_NOTE, is_line_len, next_entry, next_note, read_line};
use crate::keys::secret::with_wiped_stack;
use crate::vault::grant::{Identity, Payload};
use crate::vault::transparency::{Checkpoint, Tree, VerifierKey, leaf_hash};

/// What a verifier has that he trusts.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Trust<'a> {
    /// Nothing: the log is at best consistent.
    Nothing,
    /// The log's verifier key: records under a checkpoint are what the signer wrote, at the latest before he signed them. It names the log, so that no other of
    /// the same signer passes for it.
    Signer(&'a VerifierKey),
    /// An auditor's identity beside it: no record was changed or cut after it stood, not even by who took over the machine with all its keys.
    Auditor(&'a VerifierKey, &'a Identity),
}

/// What is wrong with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Its line is not the one that was written.
    Line,
    /// Its line is as long as no line is, or does not end where the index says.
    Index,
    /// Its line does not begin as a record of this number does.
    Form,
    /// Its MAC is not of the chain.
    Mac,
    /// It is the first of a run that a checkpoint covers and whose root is not the checkpoint's: one of them was changed, or more.
    Root {
        /// Records under the checkpoint.
        until: u64,
    },
    /// It is the first that is not covered by a checkpoint, and the next checkpoint was altered, is of another log or signer, or is missing.
    Checkpoint,
    /// It is the first that the header is bound to, and the header is another.
    Header,
    /// It is where the key of the chain stands on disk, and that is no key of the chain.
    State,
    /// It would be the next, and lines follow that the index does not know.
    Unindexed,
}

/// What the log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// What its signer wrote, and all of it: an auditor found the key on disk at its end, or a checkpoint that was held covers just these records.
    Intact,
    /// What is there is what its signer wrote. Whether records are missing at the end nothing tells: give a checkpoint that was kept elsewhere.
    IntactSoFar,
    /// At one with itself; nothing was trusted, so anybody may have written it.
    Consistent,
    /// Altered.
    Tampered {
        /// The first record that is not as it was written, counted from 0.
        record: u64,
        /// What is wrong with it.
        fault: Fault,
    },
    /// Records are missing at the end.
    Cut {
        /// Records that are there: the number of the first that is missing.
        records: u64,
        /// Records that there were, at least.
        expected: u64,
    },
}

/// What verification found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The verdict.
    pub verdict: Verdict,
    /// Records that were looked at and are as they should be.
    pub records: u64,
    /// How many of them are covered by a checkpoint of the log that was believed.
    pub covered: u64,
    /// Whether the MAC chain was verified too, which an auditor does.
    pub is_chained: bool,
    /// Whether it is known that no record is missing at the end ([`Verdict::Intact`]). The key on disk says so to an auditor alone: anybody else could
    /// not tell it from one that was made up.
    pub is_end_known: bool,
    /// Octets at the ends of the files that belong to nothing whole: what a killed writer had begun. It is cut when the log is opened.
    pub unfinished: u64,
}

/// Verifies the log in `folder`, which may be written meanwhile. Checkpoints that were kept elsewhere go into `held`: they tell a log that was cut, or
/// rewritten by its signer.
///
/// # Errors
/// [`AuditLogError::NotThere`]; [`AuditLogError::OtherSigner`] and [`AuditLogError::NotAnAuditor`] for keys of another log;
/// [`AuditLogError::Damaged`] if the header or the key's state cannot be read; [`AuditLogError::Transparency`] for a held checkpoint of another log;
/// [`AuditLogError::Io`].
pub fn verify(folder: &Path, trust: Trust<'_>, held: &[&str]) -> Result<Report, AuditLogError> {
    with_wiped_stack(|| Verifier::new(folder, trust, held)?.run(folder))
}

struct Verifier {
    header: Header,
    is_trusted: bool,
    /// The chain at the next record, for an auditor.
    chain: Option<Chain>,
    /// The key on disk, if it is there.
    state: Option<Chain>,
    /// Checkpoints by size, those that were held too.
    checkpoints: Vec<Checkpoint>,
    /// Records under the largest that was held.
    held: Option<u64>,
    /// The first record after the last good checkpoint of the log's own, and the first after the last of an unbroken row of them.
    covered: u64,
    bad_checkpoint: Option<u64>,
    unfinished: u64,
}

/// A verdict on the way, or none yet.
type Found = Result<(), Verdict>;

impl Verifier {
    /// Reads what is small, in the order in which a writer writes last what it is read first, so that a log may be written meanwhile.
    fn new(folder: &Path, trust: Trust<'_>, held: &[&str]) -> Result<Self, AuditLogError> {
        let header = Header::read(folder)?;
        let (signer, auditor) = match trust {
            Trust::Nothing => (None, None),
            Trust::Signer(signer) => (Some(signer), None),
            Trust::Auditor(signer, auditor) => (Some(signer), Some(auditor)),
        };
        let own = header.verifier_key(&header.signer)?;
        if signer.is_some_and(|signer| *signer != own) {
            return Err(AuditLogError::OtherSigner);
        }
        let chain = auditor
            .map(|auditor| first_key(&header, auditor))
            .transpose()?;
        let state = match read_state(folder) {
            // An auditor may have been given a copy, and the key of the next record is not for him.
            Err(AuditLogError::NotThere) => None,
            read => Some(read?),
        };
        let mut verifier = Self {
            is_trusted: signer.is_some(),
            chain,
            state,
            checkpoints: Vec::new(),
            held: None,
            covered: 0,
            bad_checkpoint: None,
            unfinished: 0,
            header,
        };
        verifier.read_checkpoints(folder)?;
        for note in held {
            let checkpoint = verifier.open(note.as_bytes())?;
            verifier.held = verifier.held.max(Some(checkpoint.size));
            verifier.checkpoints.push(checkpoint);
        }
        verifier
            .checkpoints
            .sort_by_key(|checkpoint| checkpoint.size);
        Ok(verifier)
    }

    /// Believes a checkpoint: signed by who is trusted, or of this log at least.
    fn open(&self, note: &[u8]) -> Result<Checkpoint, AuditLogError> {
        let key = self.header.verifier_key(&self.header.signer)?;
        Ok(Checkpoint::open(note, &key)?)
    }

    fn read_checkpoints(&mut self, folder: &Path) -> Result<(), AuditLogError> {
        let file = open(folder, CHECKPOINTS)?;
        let file_len = file.metadata()?.len();
        let mut file = BufReader::new(file);
        let (mut len, mut last) = (0, 0);
        while let Some(note) = next_note(&mut file)? {
            len += u64::try_from(note.len()).unwrap_or_default();
            let checkpoint = match self.open(&note) {
                Ok(checkpoint) => checkpoint,
                Err(_) => {
                    self.bad_checkpoint.get_or_insert(last);
                    continue;
                }
            };
            let is_due = checkpoint.size.checked_sub(last);
            if is_due.is_none_or(|records| records > CHECKPOINT_RECORDS) {
                self.bad_checkpoint.get_or_insert(last);
            }
            last = checkpoint.size;
            self.checkpoints.push(checkpoint);
        }
        self.covered = last;
        let over = file_len.saturating_sub(len);
        if over >= MAX_NOTE {
            self.bad_checkpoint.get_or_insert(last);
        }
        self.unfinished += over;
        Ok(())
    }

    fn run(mut self, folder: &Path) -> Result<Report, AuditLogError> {
        let mut tree = Tree::new();
        let found = self.records(folder, &mut tree)?;
        let records = tree.size();
        let found = found.and_then(|()| self.end(records));
        let is_end_known = found.is_ok() && self.is_end_known(records);
        let verdict = match found {
            Err(verdict) => verdict,
            Ok(()) if is_end_known => Verdict::Intact,
            Ok(()) if self.is_trusted => Verdict::IntactSoFar,
            Ok(()) => Verdict::Consistent,
        };
        Ok(Report {
            verdict,
            records,
            covered: self.covered.min(records),
            is_chained: self.chain.is_some(),
            is_end_known,
            unfinished: self.unfinished,
        })
    }

    /// Looks at each record; the tree has those that are good.
    fn records(&mut self, folder: &Path, tree: &mut Tree) -> Result<Found, AuditLogError> {
        let records = open(folder, RECORDS)?;
        let records_len = records.metadata()?.len();
        let mut records = BufReader::new(records);
        let index = open(folder, INDEX)?;
        let index_len = index.metadata()?.len();
        // What comes while this goes on is none of this.
        let mut index = BufReader::new(index).take(index_len);
        let mut end = 0;
        let mut next_checkpoint = 0;
        let mut index_read = 0;
        if let Err(verdict) = self.roots(tree, &mut next_checkpoint) {
            return Ok(Err(verdict));
        }
        while let Some(entry) = next_entry(&mut index)? {
            let number = tree.size();
            if entry.is_unfinished() {
                // The last may be so, unless somebody was told that it stands.
                let is_last = next_entry(&mut index)?.is_none();
                if is_last && !self.is_told(number) {
                    break;
                }
                return Ok(tampered(number, Fault::Mac));
            }
            if let Err(fault) = self.record(&mut records, &entry, end, number)? {
                return Ok(
                    fault.map_or_else(|| Err(self.cut(number)), |fault| tampered(number, fault))
                );
            }
            end = entry.end;
            index_read += entry.encode().len();
            tree.push(&entry.leaf);
            if let Err(verdict) = self.roots(tree, &mut next_checkpoint) {
                return Ok(Err(verdict));
            }
        }
        let over = records_len.saturating_sub(end);
        let index_read = u64::try_from(index_read).unwrap_or_default();
        self.unfinished += over + index_len.saturating_sub(index_read);
        if over > 0 && (!is_line_len(over.max(2)) || has_two_lines(folder, end, over)?) {
            return Ok(tampered(tree.size(), Fault::Unindexed));
        }
        Ok(Ok(()))
    }

    /// Looks at one record. `Err(None)`: its line, or part of it, is not there.
    fn record(
        &mut self,
        records: &mut BufReader<File>,
        entry: &Entry,
        end: u64,
        number: u64,
    ) -> Result<Result<(), Option<Fault>>, AuditLogError> {
        let Some(len) = entry.end.checked_sub(end).filter(|len| is_line_len(*len)) else {
            return Ok(Err(Some(Fault::Index)));
        };
        let Some(line) = read_line(records, len)? else {
            let is_missing = entry.end > records.get_ref().metadata()?.len();
            return Ok(Err((!is_missing).then_some(Fault::Index)));
        };
        let leaf = leaf_hash(&[&line]);
        if leaf != entry.leaf {
            return Ok(Err(Some(Fault::Line)));
        }
        if let Some(chain) = &mut self.chain {
            if self
                .state
                .as_ref()
                .is_some_and(|state| is_elsewhere(state, chain))
            {
                return Ok(Err(Some(Fault::State)));
            }
            if !chain.verifies(&leaf, &entry.mac) {
                return Ok(Err(Some(Fault::Mac)));
            }
            chain.advance();
        }
        let fault = if !is_numbered(&line, number) {
            Some(Fault::Form)
        } else if number == 0 && !is_bound_to(&line, &self.header.hash) {
            Some(Fault::Header)
        } else {
            None
        };
        Ok(fault.map_or(Ok(()), |fault| Err(Some(fault))))
    }

    /// Whether the key on disk or a checkpoint is past record `number`.
    fn is_told(&self, number: u64) -> bool {
        number < self.expected()
    }

    /// Compares the tree with the checkpoints of its size.
    fn roots(&self, tree: &Tree, next: &mut usize) -> Found {
        while let Some(checkpoint) = self.checkpoints.get(*next) {
            if checkpoint.size != tree.size() {
                break;
            }
            if checkpoint.root != tree.root() {
                let before = self.checkpoints[..*next].iter().rev();
                let record = before
                    .map(|before| before.size)
                    .find(|size| *size < checkpoint.size);
                return tampered(
                    record.unwrap_or(0),
                    Fault::Root {
                        until: checkpoint.size,
                    },
                );
            }
            *next += 1;
        }
        Ok(())
    }

    /// What remains when all records are good: are they all?
    fn end(&self, records: u64) -> Found {
        let expected = self.expected();
        if records < expected {
            return Err(Verdict::Cut { records, expected });
        }
        if let (Some(state), Some(chain)) = (&self.state, &self.chain)
            && is_elsewhere(state, chain)
        {
            return tampered(records, Fault::State);
        }
        if let Some(record) = self.bad_checkpoint {
            return tampered(record, Fault::Checkpoint);
        }
        // The files grow while they are read; one record may be on its way.
        if self.covered + CHECKPOINT_RECORDS < records && self.is_at_rest(records) {
            return tampered(self.covered, Fault::Checkpoint);
        }
        Ok(())
    }

    /// Whether there is proof that records which are all good are all. The key on disk was compared with the chain where it stands; a log that is being
    /// written has gone on since it was read.
    fn is_end_known(&self, records: u64) -> bool {
        let by_state = self.state.as_ref().is_some_and(|at| at.step() <= records);
        let by_chain = self.chain.is_some() && by_state;
        self.is_trusted && (by_chain || self.held == Some(records))
    }

    /// Whether nobody wrote since the key on disk was read.
    fn is_at_rest(&self, records: u64) -> bool {
        self.state
            .as_ref()
            .is_none_or(|state| records <= state.step() + 1)
    }

    /// Records that there were, by checkpoints and by the key on disk.
    fn expected(&self) -> u64 {
        let by_checkpoint = self.checkpoints.last().map_or(0, |last| last.size);
        let by_state = self.state.as_ref().map_or(0, Chain::step);
        by_checkpoint.max(by_state)
    }

    fn cut(&self, records: u64) -> Verdict {
        Verdict::Cut {
            records,
            expected: self.expected().max(records + 1),
        }
    }
}

/// Whether the key on disk claims to be the chain's at this step and is not.
fn is_elsewhere(state: &Chain, chain: &Chain) -> bool {
    state.step() == chain.step()
        && !bool::from(subtle::ConstantTimeEq::ct_eq(
            &state.key()[..],
            &chain.key()[..],
        ))
}

fn tampered(record: u64, fault: Fault) -> Found {
    Err(Verdict::Tampered { record, fault })
}

/// Opens the first key of the chain, and insists that it is the one that the log's id is of. The folder's own header is no proof of that: who holds the
/// signing key can seal the auditor another key, but not one of the same id.
fn first_key(header: &Header, auditor: &Identity) -> Result<Chain, AuditLogError> {
    let own = auditor.recipient().id();
    let grant = header
        .grants
        .iter()
        .find(|grant| grant.recipient() == own)
        .ok_or(AuditLogError::NotAnAuditor)?;
    match grant.open(auditor, &header.signer, &header.grant_context())? {
        Payload::Dek(first) => {
            let chain = Chain::at(0, first.expose());
            let is_own = subtle::ConstantTimeEq::ct_eq(&chain.log_id()[..], &header.id[..]);
            if bool::from(is_own) {
                Ok(chain)
            } else {
                Err(AuditLogError::Damaged(HEADER))
            }
        }
        _ => Err(AuditLogError::NotAnAuditor),
    }
}

/// Whether the `len` octets at `start` of the records are more than one line.
fn has_two_lines(folder: &Path, start: u64, len: u64) -> io::Result<bool> {
    let mut records = open_io(folder, RECORDS)?;
    records.seek(SeekFrom::Start(start))?;
    let mut octets = Vec::new();
    records
        .take(len.saturating_sub(1))
        .read_to_end(&mut octets)?;
    Ok(octets.contains(&b'\n'))
}

fn open_io(folder: &Path, name: &str) -> io::Result<File> {
    File::open(folder.join(name))
}

pub(super) fn open(folder: &Path, name: &'static str) -> Result<File, AuditLogError> {
    open_io(folder, name).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => AuditLogError::Damaged(name),
        _ => error.into(),
    })
}
