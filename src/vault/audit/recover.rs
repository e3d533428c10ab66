//! Takes up a log where its last writer left it, a killed one too.
//!
//! A writer that dies leaves one of these, in this order: part of a line; a line without entry; an entry without MAC (0); a whole record whose
//! key is still in `state`; part of a checkpoint. The first three did not come to stand and are cut; the fourth stands, its MAC verifies
//! under the key that is there, and the key is advanced past it.

use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use super::error::AuditLogError;
use super::files::{
    CHECKPOINTS, ENTRY_LEN, Entry, HEADER, INDEX, RECORDS, read_state, write_state,
};
use super::log::{CHECKPOINT_RECORDS, Files, Start, entry_at};
use super::record::{MAX_LINE, is_bound_to};
use crate::vault::transparency::{Checkpoint, Tree, VerifierKey, leaf_hash};

/// What was found unfinished.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Octets that were cut at the end of the records: what a writer that died had begun and nobody was told was written.
    pub cut_octets: u64,
    /// Records at the end that stand, though nobody was told so any more.
    pub caught_up: u64,
}

/// Finds the end of the log, cuts what is beyond, and advances the key past what stands.
pub(super) fn recover(
    folder: &Path,
    files: &mut Files,
    key: &VerifierKey,
    header: &[u8; 32],
) -> Result<Start, AuditLogError> {
    let mut chain = read_state(folder)?;
    let (checkpoint, checkpoints_end) = last_checkpoint(files, key)?;
    let standing = chain.step();
    let records_len = files.records.metadata()?.len();
    let mut records = BufReader::new(files.records.try_clone()?);
    let mut index = BufReader::new(files.index.try_clone()?);
    records.seek(SeekFrom::Start(0))?;
    index.seek(SeekFrom::Start(0))?;
    let (mut tree, mut end) = (Tree::new(), 0);
    while let Some(entry) = next_entry(&mut index)? {
        let number = tree.size();
        let len = entry.end.checked_sub(end).filter(|len| is_line_len(*len));
        if number < standing {
            if entry.end > records_len {
                break;
            }
            len.ok_or(AuditLogError::Damaged(INDEX))?;
        } else {
            // Nobody was told of it: whatever is wrong with it, it did not come to stand.
            let Some(len) = len.filter(|_| entry.end <= records_len && !entry.is_unfinished())
            else {
                break;
            };
            let Some(line) = line_at(&mut records, end, len)? else {
                break;
            };
            if leaf_hash(&[&line]) != entry.leaf || !chain.verifies(&entry.leaf, &entry.mac) {
                break;
            }
            chain.advance();
        }
        if number == 0 {
            let line = line_at(&mut records, 0, entry.end)?;
            if !line.is_some_and(|line| is_bound_to(&line, header)) {
                return Err(AuditLogError::Damaged(HEADER));
            }
        }
        tree.push(&entry.leaf);
        end = entry.end;
        if checkpoint
            .as_ref()
            .is_some_and(|last| last.size == tree.size() && last.root != tree.root())
        {
            return Err(AuditLogError::Damaged(INDEX));
        }
    }
    let size = tree.size();
    let checkpointed = checkpoint.map_or(0, |last| last.size);
    let expected = standing.max(checkpointed);
    if size < expected {
        return Err(AuditLogError::Cut {
            records: size,
            expected,
        });
    }
    if size - checkpointed > CHECKPOINT_RECORDS {
        return Err(AuditLogError::Damaged(CHECKPOINTS));
    }
    let recovered = Recovered {
        cut_octets: records_len - end,
        caught_up: size - standing,
    };
    // A writer that died had begun one record or checkpoint at most. More is not cut, whatever it is.
    if recovered.cut_octets > 0 && !is_line_len(recovered.cut_octets.max(2)) {
        return Err(AuditLogError::Damaged(RECORDS));
    }
    let index_len = files.index.metadata()?.len();
    if index_len.saturating_sub(entry_at(size)) >= entry_at(2) {
        return Err(AuditLogError::Damaged(INDEX));
    }
    let checkpoints_len = files.checkpoints.metadata()?.len();
    if checkpoints_len.saturating_sub(checkpoints_end) >= MAX_NOTE {
        return Err(AuditLogError::Damaged(CHECKPOINTS));
    }
    // What the key goes past is durable before the key is: the writer that died may not have synced it.
    files.records.sync_data()?;
    files.index.sync_data()?;
    write_state(&mut files.state, &chain)?;
    files.state.sync_data()?;
    files.records.set_len(end)?;
    files.index.set_len(entry_at(size))?;
    files.checkpoints.set_len(checkpoints_end)?;
    Ok(Start {
        chain,
        tree,
        end,
        checkpoints_end,
        checkpointed,
        recovered,
    })
}

/// The last checkpoint that was written to its end, and where it ends.
fn last_checkpoint(
    files: &mut Files,
    key: &VerifierKey,
) -> Result<(Option<Checkpoint>, u64), AuditLogError> {
    let mut file = BufReader::new(files.checkpoints.try_clone()?);
    file.seek(SeekFrom::Start(0))?;
    let (mut last, mut end) = (None, 0);
    while let Some(note) = next_note(&mut file)? {
        end += u64::try_from(note.len()).unwrap_or_default();
        last = Some(note);
    }
    let opened = last.map(|note| Checkpoint::open(&note, key)).transpose();
    Ok((
        opened.map_err(|_| AuditLogError::Damaged(CHECKPOINTS))?,
        end,
    ))
}

/// Octets of the longest note that a log writes: three lines of text, none, and one with a signature.
pub(super) const MAX_NOTE: u64 = 1024;

/// Reads the next checkpoint of a file; none at the end, or if what is left is no whole one.
pub(super) fn next_note(file: &mut impl io::BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut note = Vec::new();
    let mut left = file.take(MAX_NOTE);
    for _ in 0..5 {
        io::BufRead::read_until(&mut left, b'\n', &mut note)?;
        if note.last() != Some(&b'\n') {
            return Ok(None);
        }
    }
    Ok((note.iter().filter(|octet| **octet == b'\n').count() == 5).then_some(note))
}

/// Reads the next entry of the index; none at the end, or if what is left is no whole one.
pub(super) fn next_entry(index: &mut impl Read) -> io::Result<Option<Entry>> {
    let mut octets = [0; ENTRY_LEN];
    match index.read_exact(&mut octets) {
        Ok(()) => Ok(Some(Entry::decode(&octets))),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether a line may have so many octets, its newline included.
pub(super) fn is_line_len(len: u64) -> bool {
    usize::try_from(len).is_ok_and(|len| (2..=MAX_LINE + 1).contains(&len))
}

/// Reads the line of `len` octets at `at`, without its newline; none if there is no such line.
pub(super) fn line_at(
    records: &mut (impl Read + Seek),
    at: u64,
    len: u64,
) -> io::Result<Option<Vec<u8>>> {
    records.seek(SeekFrom::Start(at))?;
    read_line(records, len)
}

/// Reads the line of `len` octets that is next, without its newline; none if there is no such line.
pub(super) fn read_line(records: &mut impl Read, len: u64) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let read = records.take(len).read_to_end(&mut line)?;
    let is_whole = u64::try_from(read).is_ok_and(|read| read == len);
    Ok((is_whole && line.pop() == Some(b'\n') && !line.contains(&b'\n')).then_some(line))
}
