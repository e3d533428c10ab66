//! Segments of somebody who can write the files and has no key: their records leave the manifest, and they the recording, before anything is signed.
//!
//! Without a key nobody can tell them from the recorder's, so this is for who goes on with a recording, and has the DEK.

use std::collections::BTreeSet;
use std::io::ErrorKind;

use super::cobblestone::{CobblestoneError, Opener, PREAMBLE_LEN};
use super::error::{RecordingError, io_at};
use super::header::{Header, InputKey};
use super::index::{Index, segment_name};
use super::manifest::{MANIFEST, Manifest, NEW};
use super::record::{Record, State};
use super::recover::{Believed, believed, is_ours, replace_behind};
use super::storage::Storage;
use crate::error::Error;
use crate::vault::Dek;

/// Where what was set aside lies, under its name, a dot, and 16 digits that were drawn.
const ASIDE: &str = "aside/";
const DIGITS: usize = 16;

/// Whether a file was set aside: it is no part of the recording.
pub(super) fn is_set_aside(name: &str) -> bool {
    let is_digit = |octet: u8| matches!(octet, b'0'..=b'9' | b'a'..=b'f');
    name.strip_prefix(ASIDE)
        .and_then(|name| name.rsplit_once('.'))
        .is_some_and(|(name, digits)| {
            digits.len() == DIGITS
                && digits.bytes().all(is_digit)
                && (name.ends_with(".seg") || name.ends_with(".tail"))
                && is_ours(name)
        })
}

/// Sets aside each segment that only records name which no checkpoint covers, and whose first octets do not open under the recording's key in its place:
/// no writer with this key began it, so nothing that was committed is in it. Returns how many there were.
///
/// Records of other segments stay, chained anew. What the key did begin is not judged here.
///
/// # Errors
/// As [`recover`](super::recover()), if more is missing than a crash can take: nothing was changed then.
pub(super) fn set_aside(
    storage: &dyn Storage,
    header: &Header,
    dek: &Dek,
) -> Result<u64, RecordingError> {
    let Believed {
        manifest: all,
        checkpoints,
        torn,
    } = believed(storage, header)?;
    let signed = checkpoints.size();
    if all.chain.records() == signed && torn == 0 {
        return Ok(0);
    }
    let key = header.input_key(dek)?;
    let mut manifest = Manifest::of(header);
    manifest.read_until(storage, signed)?;
    let mut left = manifest.clone();
    let (mut foreign, mut kept) = (BTreeSet::new(), Vec::new());
    manifest.read_taking(storage, |index, record| {
        if let Record::Commit(state) | Record::End(state) | Record::Recovered(state) = record
            && !index.numbers.contains_key(&state.segment)
            && is_foreign(storage, header, &key, index, state)?
        {
            foreign.insert(state.segment);
            return Ok(true);
        }
        // A final record counts forged segments as well, and nobody signed it.
        let is_next = !matches!(record, Record::Final { .. }) && index.apply(record).is_some();
        if is_next {
            kept.push(record.clone());
        }
        Ok(is_next)
    })?;
    if foreign.is_empty() {
        return Ok(0);
    }
    // A record may have named one of the recorder's where it does not belong.
    foreign.retain(|number| !manifest.index.numbers.contains_key(number));
    let (len, mut octets) = (left.len, Vec::new());
    for record in &kept {
        left.append(record, &mut octets);
    }
    // First what names them, then they: cut short in between they are files that no record names, which a recovery takes away.
    replace_behind(storage, MANIFEST, len, &octets)?;
    storage.sync_names().map_err(io_at("."))?;
    let names = storage.list().map_err(io_at("."))?;
    for name in names.iter().filter(|name| is_ours(name)) {
        let number = name.split('.').next().and_then(|text| text.parse().ok());
        if number.is_some_and(|number| foreign.contains(&number)) && !name.ends_with(NEW) {
            let to = aside_name(name)?;
            storage.rename(name, &to).map_err(io_at(name))?;
        }
    }
    storage.sync_names().map_err(io_at("."))?;
    Ok(foreign.len() as u64)
}

/// Whether a segment that begins where `index` ends was begun under another key than the recording's, or belongs elsewhere.
fn is_foreign(
    storage: &dyn Storage,
    header: &Header,
    key: &InputKey,
    index: &Index,
    state: &State,
) -> Result<bool, RecordingError> {
    // A recorder names a track first, and ends its segment before it begins the next.
    let track = index.tracks.get(&state.track);
    let Some(track) = track.filter(|track| track.open().is_none()) else {
        return Ok(true);
    };
    let name = segment_name(state.segment);
    let preamble = match storage.read(&name, 0, PREAMBLE_LEN) {
        // Somebody took it away, which is for people to look at: it may have been the recorder's.
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        read => read.map_err(io_at(&name))?,
    };
    let previous = track.last_digest();
    let context = header.segment_context(state.segment, state.track, track.codec, &previous);
    match Opener::new(header.aead(), key.expose(), &context, &preamble) {
        Ok(_) => Ok(false),
        Err(CobblestoneError::Commitment | CobblestoneError::Truncated) => Ok(true),
        Err(error) => Err(error.into()),
    }
}

/// A name that no file has.
fn aside_name(name: &str) -> Result<String, RecordingError> {
    let mut drawn = [0; DIGITS / 2];
    getrandom::fill(&mut drawn).map_err(|_| Error::EntropyUnavailable)?;
    let digits = u64::from_be_bytes(drawn);
    Ok(format!("{ASIDE}{name}.{digits:0DIGITS$x}"))
}
