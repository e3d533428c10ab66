//! What anybody can check of a recording, without any key of it.

use std::io::ErrorKind;

use super::aside::is_set_aside;
use super::envelope::is_new_envelope;
use super::error::{Place, RecordingError, io_at};
use super::header::Header;
use super::index::{Segment, Status, segment_name};
use super::manifest::{
    Checkpoints, MANIFEST, Manifest, NEW, Rest, Roots, read_header, verifier_key,
};
use super::recover::{digest, is_common, is_ours, names, tail_matches};
use super::storage::Storage;
use crate::vault::grant::SignerPublic;

/// How often a recording that changes is looked at anew.
const TRIES: u32 = 64;

/// What a verification found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// It is whole and closed, and the signer that was given signed all of it.
    Complete,
    /// It is whole and closed, and agrees with the signer that it names itself: nobody vouches for it, because no signer was given.
    Consistent,
    /// What was committed is as it was written, but the recording was not closed: its writer is at work, or crashed.
    Incomplete {
        /// Octets of frames that were committed.
        committed: u64,
        /// Octets of files behind what was committed.
        discarded: u64,
    },
    /// This part is not as it was written. What a reader opens of the rest is still authentic.
    Tampered {
        /// The part that was found first.
        place: Place,
    },
}

/// What a verification found, and what it looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verification {
    /// What it found.
    pub verdict: Verdict,
    /// What the recording says of itself; nothing if even that cannot be read.
    pub header: Option<Header>,
    /// Records of the manifest that were believed.
    pub records: u64,
    /// Of these, records that the last checkpoint covers. Who has the recorder's key could write the others again, and so could anybody without.
    pub signed_records: u64,
    /// Segments.
    pub segments: u64,
    /// Frames in them.
    pub frames: u64,
    /// Octets of frames, with their heads.
    pub octets: u64,
    /// Files that a writer who went on set aside ([`Recovery::set_aside`](super::Recovery::set_aside)): they are no part of the recording.
    pub set_aside: u64,
}

/// Checks hashes, chain and signatures of a recording, without any key of it, under the public key of the recorder that the caller trusts.
///
/// It shows that the files are what the recorder wrote. It does not show that the media open, nor that what the recorder left out never was; and
/// what is younger than a checkpoint that is kept elsewhere can be rewritten by the recorder itself. The envelope and grants may change, and are
/// authenticated by whom they are for.
///
/// # Errors
/// [`RecordingError::NotThere`], [`RecordingError::Unsupported`], and what the storage says. What is wrong with the recording is no error but its verdict.
pub fn verify(
    storage: &dyn Storage,
    signer: Option<&SignerPublic>,
) -> Result<Verification, RecordingError> {
    let mut tries = 0;
    loop {
        let before = storage.len(MANIFEST).ok();
        let mut found = Verification {
            verdict: Verdict::Complete,
            header: None,
            records: 0,
            signed_records: 0,
            segments: 0,
            frames: 0,
            octets: 0,
            set_aside: 0,
        };
        let looked = look(storage, signer, &mut found);
        // A recorder at work takes tails away once their records are old: look again at what it is now.
        tries += 1;
        if looked.is_err() && tries < TRIES && storage.len(MANIFEST).ok() != before {
            continue;
        }
        found.verdict = match looked {
            Ok(verdict) => verdict,
            Err(RecordingError::Damaged(place)) => Verdict::Tampered { place },
            Err(RecordingError::Io { name, source })
                if source.kind() == ErrorKind::NotFound && is_common(&name) =>
            {
                let place = Place::Missing { name };
                Verdict::Tampered { place }
            }
            Err(error) => return Err(error),
        };
        return Ok(found);
    }
}

fn look(
    storage: &dyn Storage,
    signer: Option<&SignerPublic>,
    found: &mut Verification,
) -> Result<Verdict, RecordingError> {
    let header = read_header(storage)?;
    found.header = Some(header.clone());
    let public = signer.map_or(header.signer(), SignerPublic::as_bytes);
    let key = verifier_key(&header, public)?;
    let checkpoints = Checkpoints::read(storage, &key)?;
    let mut manifest = Manifest::of(&header);
    let mut roots = Roots::new(&checkpoints);
    let rest = manifest.read_on(storage, |tree| roots.compare(tree))?;
    let record = manifest.chain.records();
    let index = &manifest.index;
    found.records = record;
    found.signed_records = checkpoints.size().min(record);
    found.segments = index.numbers.len() as u64;
    (found.frames, found.octets) = (index.frames(), index.octets());
    if let Some(place) = roots.wrong() {
        return Err(RecordingError::Damaged(place));
    }
    // A crash takes no record that was signed, nor adds one behind the last.
    if checkpoints.size() > record || (index.is_final && rest != Rest::Nothing) {
        let place = if record == 0 {
            // The first record is chained to the header: whichever of the two was altered.
            Place::Header
        } else {
            Place::Manifest { record }
        };
        return Err(RecordingError::Damaged(place));
    }
    // Nobody but the recorder's key says that these are its records.
    let is_signed = index.is_final && checkpoints.size() == record;
    if is_signed && checkpoints.rest > 0 {
        let index = checkpoints.signed.len() as u64;
        return Err(RecordingError::Damaged(Place::Checkpoint { index }));
    }
    let mut discarded = rest.len() + checkpoints.rest;
    // What is missing is told before much is hashed.
    for segment in index.segments() {
        discarded += check_length(storage, segment)?;
    }
    for segment in index.segments() {
        check_octets(storage, segment)?;
    }
    discarded += check_names(storage, &manifest, &mut found.set_aside)?;
    Ok(match signer {
        Some(_) if is_signed => Verdict::Complete,
        None if is_signed => Verdict::Consistent,
        _ => Verdict::Incomplete {
            committed: index.octets(),
            discarded,
        },
    })
}

/// Compares the length of a segment's file with its last record, and returns how many octets are behind what that covers.
fn check_length(storage: &dyn Storage, segment: &Segment) -> Result<u64, RecordingError> {
    let number = segment.number;
    let name = segment_name(number);
    let damaged = || RecordingError::Damaged(Place::Segment { segment: number });
    let len = match storage.len(&name) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(damaged()),
        len => len.map_err(io_at(&name))?,
    };
    let behind = len.checked_sub(segment.file_len()).ok_or_else(damaged)?;
    if behind > 0 && segment.status != Status::Open {
        return Err(damaged());
    }
    Ok(behind)
}

/// Compares a segment's octets, and those of its tail, with its last record.
fn check_octets(storage: &dyn Storage, segment: &Segment) -> Result<(), RecordingError> {
    let number = segment.number;
    let found = digest(storage, &segment_name(number), segment.file_len())?;
    if found != Some(segment.state.digest) {
        return Err(RecordingError::Damaged(Place::Segment { segment: number }));
    }
    if let Some(tail) = segment.tail
        && !tail_matches(storage, &segment.state, tail)?
    {
        return Err(RecordingError::Damaged(Place::Tail { segment: number }));
    }
    Ok(())
}

/// Looks for files that do not belong here, and returns how many octets those have that a crash may leave.
fn check_names(
    storage: &dyn Storage,
    manifest: &Manifest,
    set_aside: &mut u64,
) -> Result<u64, RecordingError> {
    let mut known = names(manifest);
    known.sort_unstable();
    let mut discarded = 0;
    let mut there = storage.list().map_err(io_at("."))?;
    there.sort_unstable();
    for name in there {
        if is_common(&name) || is_new_envelope(&name) || known.binary_search(&name).is_ok() {
            continue;
        }
        if is_set_aside(&name) {
            *set_aside += 1;
            continue;
        }
        if manifest.index.is_final || !is_ours(&name) {
            // A grant that a crash cut off is no part of the recording.
            if name.ends_with(NEW) && is_ours(&name) && !name.contains(".seg") {
                continue;
            }
            return Err(RecordingError::Damaged(Place::Foreign { name }));
        }
        discarded += match storage.len(&name) {
            // Taken away since.
            Err(error) if error.kind() == ErrorKind::NotFound => 0,
            len => len.map_err(io_at(&name))?,
        };
    }
    Ok(discarded)
}
