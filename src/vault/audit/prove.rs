//! Reading a log, and proving from it.

use std::io::{BufReader, Read};
use std::path::Path;

use super::error::AuditLogError;
use super::files::{CHECKPOINTS, INDEX, RECORDS};
use super::log::entry_at;
use super::record::AuditRecord;
use super::recover::{is_line_len, line_at, next_entry, next_note, read_line};
use super::verify::open;
use crate::vault::transparency::{
    Checkpoint, InclusionProof, Prover, Tree, TreeHash, VerifierKey, leaf_hash,
};

/// A record with the proof that it is in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProvenRecord {
    /// The stored line, without its newline: its [`leaf_hash`] is what the proof is about.
    pub line: String,
    /// The proof. It has at most as many hashes as the checkpoint's size has bits: 20 up to a million records.
    pub proof: InclusionProof,
}

impl ProvenRecord {
    /// Verifies that the line stood in the log of `key` as the record of this number; returns the record and the checkpoint over it.
    ///
    /// # Errors
    /// [`AuditLogError::Transparency`] if the proof does not show it; [`AuditLogError::Tampered`] if the line is no record of this number.
    pub fn verify(&self, key: &VerifierKey) -> Result<(AuditRecord, Checkpoint), AuditLogError> {
        let line = self.line.as_bytes();
        let checkpoint = self.proof.verify(&leaf_hash(&[line]), key)?;
        let number = self.proof.index;
        AuditRecord::from_line(line)
            .ok()
            .filter(|record| record.number == number)
            .map(|record| (record, checkpoint))
            .ok_or(AuditLogError::Tampered { record: number })
    }
}

/// The signed notes of the log's checkpoints, oldest first, not verified. Whoever keeps one elsewhere can tell later whether the log was cut or rewritten.
///
/// # Errors
/// [`AuditLogError::Damaged`] if the file is not there or not text, [`AuditLogError::Io`].
pub fn checkpoints(folder: &Path) -> Result<Vec<String>, AuditLogError> {
    let mut file = BufReader::new(open(folder, CHECKPOINTS)?);
    let mut notes = Vec::new();
    while let Some(note) = next_note(&mut file)? {
        let note = String::from_utf8(note).map_err(|_| AuditLogError::Damaged(CHECKPOINTS))?;
        notes.push(note);
    }
    Ok(notes)
}

/// Proves record `number` under the newest checkpoint of the log, or under the one of `size` records.
///
/// # Errors
/// [`AuditLogError::NoCheckpoint`] if there is none over the record, or none of that size; [`AuditLogError::Transparency`] if it is not signed by `key`;
/// [`AuditLogError::Tampered`] if the log is not what it was signed for: nothing can be proven then, and [`verify`](super::verify) says more.
pub fn prove(
    folder: &Path,
    number: u64,
    size: Option<u64>,
    key: &VerifierKey,
) -> Result<ProvenRecord, AuditLogError> {
    let notes = checkpoints(folder)?;
    let mut found = None;
    for note in notes.into_iter().rev() {
        let checkpoint = Checkpoint::read_unverified(note.as_bytes())?;
        if checkpoint.size > number && size.is_none_or(|size| size == checkpoint.size) {
            found = Some(note);
            break;
        }
    }
    let note = found.ok_or(AuditLogError::NoCheckpoint)?;
    let checkpoint = Checkpoint::open(note.as_bytes(), key)?;
    let mut prover = Prover::inclusion(number, checkpoint.size)?;
    let mut tree = Tree::new();
    let mut place = None;
    let mut before = 0;
    each_entry(folder, checkpoint.size, |leaf, end| {
        if tree.size() == number {
            place = Some((before, end));
        }
        prover.push(leaf);
        tree.push(leaf);
        before = end;
    })?;
    let tampered = AuditLogError::Tampered { record: number };
    if tree.root() != checkpoint.root {
        return Err(tampered);
    }
    let (start, end) = place.ok_or(AuditLogError::NoCheckpoint)?;
    let mut records = open(folder, RECORDS)?;
    let len = end.checked_sub(start).filter(|len| is_line_len(*len));
    let line = len
        .map(|len| line_at(&mut records, start, len))
        .transpose()?
        .flatten()
        .and_then(|line| String::from_utf8(line).ok());
    let proven = ProvenRecord {
        line: line.ok_or(tampered)?,
        proof: InclusionProof {
            index: number,
            hashes: prover.finish()?,
            checkpoint: note,
        },
    };
    proven.verify(key)?;
    Ok(proven)
}

/// Proves that the log at `from` records is the beginning of that at `to` records: the hashes, for
/// [`verify_consistency`](crate::vault::transparency::verify_consistency) with the roots of two checkpoints.
///
/// # Errors
/// [`AuditLogError::Cut`] if the log has fewer records; [`AuditLogError::Transparency`] if `from` is larger than `to`.
pub fn prove_consistency(
    folder: &Path,
    from: u64,
    to: u64,
) -> Result<Vec<TreeHash>, AuditLogError> {
    let mut prover = Prover::consistency(from, to)?;
    each_entry(folder, to, |leaf, _| prover.push(leaf))?;
    Ok(prover.finish()?)
}

/// Runs over the first `size` entries of the index: leaf hash, and where the line ends.
fn each_entry(
    folder: &Path,
    size: u64,
    mut entry: impl FnMut(&TreeHash, u64),
) -> Result<(), AuditLogError> {
    let mut index = BufReader::new(open(folder, INDEX)?).take(entry_at(size));
    let mut records = 0;
    while let Some(next) = next_entry(&mut index)? {
        entry(&next.leaf, next.end);
        records += 1;
    }
    if records < size {
        return Err(AuditLogError::Cut {
            records,
            expected: size,
        });
    }
    Ok(())
}

/// Reads the records from number `from` on, each with its stored line, until `each` says `false` or there are no more. They are read, not verified.
///
/// # Errors
/// [`AuditLogError::Tampered`] for a line that is no record; [`AuditLogError::Io`].
pub fn read_records(
    folder: &Path,
    from: u64,
    each: &mut dyn FnMut(&AuditRecord, &str) -> bool,
) -> Result<(), AuditLogError> {
    let index = open(folder, INDEX)?;
    let len = index.metadata()?.len();
    let mut index = BufReader::new(index).take(len);
    let mut records = BufReader::new(open(folder, RECORDS)?);
    let (mut number, mut end) = (0, 0);
    while let Some(entry) = next_entry(&mut index)? {
        if entry.is_unfinished() {
            break;
        }
        let tampered = || AuditLogError::Tampered { record: number };
        let line_len = entry.end.checked_sub(end).filter(|len| is_line_len(*len));
        let line_len = line_len.ok_or_else(tampered)?;
        if number == from {
            std::io::Seek::seek(&mut records, std::io::SeekFrom::Start(end))?;
        }
        if number >= from {
            let line = read_line(&mut records, line_len)?.ok_or_else(tampered)?;
            let record = AuditRecord::from_line(&line).map_err(|_| tampered())?;
            let line = String::from_utf8(line).map_err(|_| tampered())?;
            if !each(&record, &line) {
                break;
            }
        }
        end = entry.end;
        number += 1;
    }
    Ok(())
}
