//! After a crash: what was committed is closed where it ends, and the rest is taken away.

use sha2::{Digest, Sha256};

use super::envelope::{ENVELOPE_LOCK, granted_kid, is_new_envelope};
use super::error::{Place, RecordingError, io_at};
use super::header::Header;
use super::index::{MAX_TRACKS, Segment, Status, file_len, segment_name, tail_file_len, tail_name};
use super::manifest::{
    CHECKPOINTS, Checkpoints, ENVELOPE, HEADER, MANIFEST, Manifest, NEW, PIECE, Roots, read_header,
    verifier_key,
};
use super::record::{DIGEST, RECORD_LEN, Record, State};
use super::storage::Storage;
use crate::vault::grant::Signer;
use crate::vault::transparency::Checkpoint;

/// What a crash can leave behind the last whole record: the records of one commit, one a track and one for each new track.
const MAX_TORN: u64 = (2 * MAX_TRACKS * RECORD_LEN) as u64;

/// What a recovery did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recovery {
    /// Segments that had no end, and end now at their last commit.
    pub closed_segments: u64,
    /// Octets of files that were never committed and are gone now.
    pub discarded: u64,
    /// Segments that records named which nobody signed, and that nobody began who has the recording's key: somebody else can write its files. They are no
    /// longer part of it, and lie below `aside/`. [`recover`] has no key, and finds none.
    pub set_aside: u64,
}

/// Closes a recording's segments where their last commits are, after a crash of its writer. It needs no key, and so signs nothing: what no checkpoint
/// covers anybody may have written. The next writer signs it, who can open it ([`Writer::resume`](super::Writer::resume)).
///
/// It believes the last whole record; a final record that no checkpoint covers counts as not written. A crash in the
/// middle of it does no harm; running it on a recording that is whole does nothing.
///
/// # Errors
/// [`RecordingError::Damaged`] if more is missing than a crash can take: records under a signed checkpoint, or octets under a commit. Nothing was
/// changed then. [`RecordingError::Busy`] if a writer is at work.
pub fn recover(storage: &dyn Storage) -> Result<Recovery, RecordingError> {
    let header = read_header(storage)?;
    let _lock = lock(storage)?;
    recover_locked(storage, &header).map(|recovered| recovered.recovery)
}

/// Keeps other writers out.
pub(super) fn lock(storage: &dyn Storage) -> Result<Box<dyn Send>, RecordingError> {
    storage.lock().map_err(|error| {
        if error.kind() == std::io::ErrorKind::WouldBlock {
            RecordingError::Busy
        } else {
            io_at("lock")(error)
        }
    })
}

/// A recording that was recovered.
pub(super) struct Recovered {
    pub(super) manifest: Manifest,
    /// Records that a checkpoint covers.
    pub(super) signed: u64,
    pub(super) recovery: Recovery,
}

/// The records of a recording whose writer is gone.
pub(super) struct Believed {
    pub(super) manifest: Manifest,
    pub(super) checkpoints: Checkpoints,
    /// Octets behind the records.
    pub(super) torn: u64,
}

/// Reads the records, and insists that no more is missing than a crash can take.
pub(super) fn believed(storage: &dyn Storage, header: &Header) -> Result<Believed, RecordingError> {
    let key = verifier_key(header, header.signer())?;
    let checkpoints = Checkpoints::read(storage, &key)?;
    let mut manifest = Manifest::of(header);
    let mut roots = Roots::new(&checkpoints);
    let rest = manifest.read_on(storage, |tree| roots.compare(tree))?;
    let (record, torn) = (manifest.chain.records(), rest.len());
    if checkpoints.size() > record || torn > MAX_TORN {
        return Err(RecordingError::Damaged(Place::Manifest { record }));
    }
    if let Some(place) = roots.wrong() {
        return Err(RecordingError::Damaged(place));
    }
    Ok(Believed {
        manifest,
        checkpoints,
        torn,
    })
}

/// Recovers, and signs nothing.
pub(super) fn recover_locked(
    storage: &dyn Storage,
    header: &Header,
) -> Result<Recovered, RecordingError> {
    let Believed {
        mut manifest,
        checkpoints,
        mut torn,
    } = believed(storage, header)?;
    if manifest.index.is_final && checkpoints.size() < manifest.chain.records() {
        // Its checkpoint was not written, or who cannot sign wrote it: it counts as not written.
        let (len, records) = (manifest.len, manifest.chain.records());
        manifest = Manifest::of(header);
        manifest.read_until(storage, records - 1)?;
        torn += len - manifest.len;
    }
    let mut recovery = Recovery::default();
    let open: Vec<&Segment> = manifest
        .index
        .tracks
        .values()
        .filter_map(|track| track.open())
        .collect();
    // Everything is looked at before anything is changed.
    let ends = open
        .iter()
        .map(|segment| last_commit(storage, segment))
        .collect::<Result<Vec<State>, _>>()?;
    let foreign = foreign(storage, &manifest)?;
    if torn > 0 {
        recovery.discarded += torn;
        shorten(storage, MANIFEST, manifest.len)?;
    }
    if checkpoints.rest > 0 {
        recovery.discarded += checkpoints.rest;
        shorten(storage, CHECKPOINTS, checkpoints.len)?;
    }
    for end in &ends {
        let name = segment_name(end.segment);
        let kept = file_len(end, Status::Recovered);
        let len = storage.len(&name).map_err(io_at(&name))?;
        if len > kept {
            recovery.discarded += len - kept;
            shorten(storage, &name, kept)?;
        }
    }
    for name in foreign {
        match storage.len(&name) {
            Ok(len) => recovery.discarded += len,
            // An unfinished file that was written anew above.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(io_at(&name)(error)),
        }
        storage.delete(&name).map_err(io_at(&name))?;
    }
    storage.sync_names().map_err(io_at("."))?;
    if !ends.is_empty() {
        let mut octets = Vec::new();
        for end in ends {
            recovery.closed_segments += 1;
            let place = Place::Segment {
                segment: end.segment,
            };
            let record = Record::Recovered(end);
            manifest
                .index
                .apply(&record)
                .ok_or(RecordingError::Damaged(place))?;
            manifest.append(&record, &mut octets);
        }
        storage.append(MANIFEST, &octets).map_err(io_at(MANIFEST))?;
        storage.sync(MANIFEST).map_err(io_at(MANIFEST))?;
    }
    Ok(Recovered {
        manifest,
        signed: checkpoints.size(),
        recovery,
    })
}

/// Adds a checkpoint of what the manifest is.
pub(super) fn sign(
    storage: &dyn Storage,
    header: &Header,
    manifest: &Manifest,
    signer: &Signer,
) -> Result<(), RecordingError> {
    let checkpoint = Checkpoint::of(&header.origin(), &manifest.tree);
    let note = checkpoint.sign(signer)?;
    storage
        .append(CHECKPOINTS, note.as_bytes())
        .map_err(io_at(CHECKPOINTS))?;
    storage.sync(CHECKPOINTS).map_err(io_at(CHECKPOINTS))
}

/// The last commit of a segment. Its files were durable before its record was, so no crash leaves them otherwise, and an earlier one is not believed.
fn last_commit(storage: &dyn Storage, segment: &Segment) -> Result<State, RecordingError> {
    let (name, state) = (segment_name(segment.number), &segment.state);
    let is_there = digest(storage, &name, segment.file_len())? == Some(state.digest)
        && match segment.tail {
            Some(commit) => tail_matches(storage, state, commit)?,
            None => true,
        };
    if is_there {
        return Ok(state.clone());
    }
    Err(RecordingError::Damaged(Place::Segment {
        segment: segment.number,
    }))
}

/// Whether the tail of a commit is as it was written.
pub(super) fn tail_matches(
    storage: &dyn Storage,
    state: &State,
    commit: u32,
) -> Result<bool, RecordingError> {
    if state.tail_len == 0 {
        return Ok(true);
    }
    let name = tail_name(state.segment, commit);
    let len = tail_file_len(state.tail_len);
    let is_longer = match storage.len(&name) {
        Ok(there) => there > len,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(io_at(&name)(error)),
    };
    Ok(!is_longer && digest(storage, &name, len)? == Some(state.tail_digest))
}

/// SHA-256 of the first `len` octets of a file; nothing if it is not there or shorter.
pub(super) fn digest(
    storage: &dyn Storage,
    name: &str,
    len: u64,
) -> Result<Option<[u8; DIGEST]>, RecordingError> {
    let mut hash = Sha256::new();
    let mut at = 0;
    while at < len {
        let piece = usize::try_from(len - at).unwrap_or(PIECE).min(PIECE);
        let octets = match storage.read(name, at, piece) {
            Ok(octets) => octets,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io_at(name)(error)),
        };
        if octets.is_empty() {
            return Ok(None);
        }
        hash.update(&octets);
        at += octets.len() as u64;
    }
    Ok(Some(hash.finalize().into()))
}

/// Files that no record names: segments and tails that were never committed, tails that are spent, files that were not finished.
fn foreign(storage: &dyn Storage, manifest: &Manifest) -> Result<Vec<String>, RecordingError> {
    let mut kept = names(manifest);
    kept.sort_unstable();
    let mut foreign = storage.list().map_err(io_at("."))?;
    foreign.retain(|name| {
        is_ours(name)
            && !is_new_envelope(name)
            && kept
                .binary_search_by(|kept| kept.as_str().cmp(name))
                .is_err()
    });
    Ok(foreign)
}

/// Whether a recorder gives files such names, besides those that every recording has. Names that are not just as it writes them are somebody else's.
pub(super) fn is_ours(name: &str) -> bool {
    let is_segment = |text: &str| {
        let number = text.parse();
        number.is_ok_and(|number| segment_name(number) == format!("{text}.seg"))
    };
    let parts: Vec<&str> = name.split('.').collect();
    match parts.as_slice() {
        [number, "seg"] | [number, "seg", "new"] => is_segment(number),
        [number, commit, "tail"] => match (number.parse(), commit.parse()) {
            (Ok(number), Ok(commit)) => tail_name(number, commit) == name,
            _ => false,
        },
        [MANIFEST | CHECKPOINTS, "new"] => true,
        [ENVELOPE, _, "new"] => is_new_envelope(name),
        [grant, "new"] => granted_kid(grant).is_some(),
        _ => false,
    }
}

/// The files that the manifest names.
pub(super) fn names(manifest: &Manifest) -> Vec<String> {
    let mut names = Vec::new();
    for segment in manifest.index.segments() {
        names.push(segment_name(segment.number));
        if let Some(tail) = segment.tail {
            names.push(tail_name(segment.number, tail));
        }
    }
    names
}

/// Whether every recording has a file of this name, or may have.
pub(super) fn is_common(name: &str) -> bool {
    [
        HEADER,
        ENVELOPE,
        MANIFEST,
        CHECKPOINTS,
        ENVELOPE_LOCK,
        "lock",
    ]
    .contains(&name)
        || granted_kid(name).is_some()
}

/// Leaves the first `len` octets of a file, in one step.
fn shorten(storage: &dyn Storage, name: &str, len: u64) -> Result<(), RecordingError> {
    replace_behind(storage, name, len, &[])
}

/// Puts `more` in the place of what stands behind the first `len` octets of a file, in one step.
pub(super) fn replace_behind(
    storage: &dyn Storage,
    name: &str,
    len: u64,
    more: &[u8],
) -> Result<(), RecordingError> {
    let new = format!("{name}{NEW}");
    match storage.delete(&new) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(io_at(&new)(error));
        }
        _ => storage.create_new(&new, &[]).map_err(io_at(&new))?,
    }
    let mut at = 0;
    while at < len {
        let piece = usize::try_from(len - at).unwrap_or(PIECE).min(PIECE);
        let octets = storage.read(name, at, piece).map_err(io_at(name))?;
        if octets.is_empty() {
            return Err(io_at(name)(std::io::ErrorKind::UnexpectedEof.into()));
        }
        storage.append(&new, &octets).map_err(io_at(&new))?;
        at += octets.len() as u64;
    }
    if !more.is_empty() {
        storage.append(&new, more).map_err(io_at(&new))?;
    }
    storage.sync(&new).map_err(io_at(&new))?;
    storage.rename(&new, name).map_err(io_at(name))
}
