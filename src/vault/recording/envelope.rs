//! The file `envelope`: who can open a recording.

use std::io::ErrorKind;

use super::error::{Place, RecordingError, io_at};
use super::header::Header;
use super::manifest::{ENVELOPE, NEW, read_header};
use super::recover::lock;
use super::storage::Storage;
use crate::error::Error;
use crate::id::KeyId;
use crate::vault::WrapContext;
use crate::vault::grant::{Envelope, GrantError, SessionGrant, Stanza};

/// Most octets of a session's grant.
const MAX_GRANT: usize = Envelope::MAX_LEN + 64;

/// Reads what a recording says of itself. Its MAC is checked by who has the key ([`Reader::open`](super::Reader::open)).
///
/// # Errors
/// [`RecordingError::NotThere`] if there is no recording; [`RecordingError::Damaged`], [`RecordingError::Unsupported`] if this is no header.
pub fn header(storage: &dyn Storage) -> Result<Header, RecordingError> {
    read_header(storage)
}

/// What the DEK of a recording is bound to where it is wrapped: the header's hash, and the region.
#[must_use]
pub fn wrap_context(header: &Header) -> WrapContext {
    WrapContext {
        purpose: header.digest().to_vec(),
        region: header.region().to_owned(),
    }
}

/// Reads who can open the recording.
///
/// # Errors
/// [`RecordingError::Damaged`] if it is no envelope.
pub fn envelope(storage: &dyn Storage) -> Result<Envelope, RecordingError> {
    let octets = storage
        .read(ENVELOPE, 0, Envelope::MAX_LEN + 1)
        .map_err(io_at(ENVELOPE))?;
    Envelope::from_bytes(&octets).map_err(|_| RecordingError::Damaged(Place::Envelope))
}

/// Puts another envelope in the place of the one that is there, in one step: owners come and go, KEKs change, and nothing else of the recording does.
/// A recorder at work need not stop.
///
/// # Errors
/// [`RecordingError::NoOwner`] if it has no stanza: then nobody could open the recording any more.
pub fn replace_envelope(storage: &dyn Storage, envelope: &Envelope) -> Result<(), RecordingError> {
    if envelope.stanzas().is_empty() {
        return Err(RecordingError::NoOwner);
    }
    let octets = envelope.to_bytes()?;
    // No lock is held: whoever does the same at once has a name of his own, and the last one stands.
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|_| Error::EntropyUnavailable)?;
    let new = format!("{ENVELOPE}.{:016x}{NEW}", u64::from_be_bytes(random));
    let done = put_by(storage, &new, ENVELOPE, &octets);
    if done.is_err() {
        // What is left of it is no part of a recording.
        storage.delete(&new).ok();
    }
    done
}

/// Whether a file is the beginning of a new envelope, whose writer may be at work.
pub(super) fn is_new_envelope(name: &str) -> bool {
    name.strip_prefix(ENVELOPE)
        .and_then(|rest| rest.strip_prefix('.'))
        .and_then(|rest| rest.strip_suffix(NEW))
        .is_some_and(|random| hex16(random).is_some())
}

/// Reads the grant of a session, if its sender handed one over.
///
/// # Errors
/// [`GrantError`] if it is none; what the storage says.
pub fn grant(storage: &dyn Storage, kid: KeyId) -> Result<Option<SessionGrant>, RecordingError> {
    let name = grant_name(kid);
    match storage.read(&name, 0, MAX_GRANT + 1) {
        Ok(octets) => {
            let grant = SessionGrant::from_bytes(&octets)?;
            if grant.kid() == kid {
                Ok(Some(grant))
            } else {
                Err(GrantError::Malformed.into())
            }
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io_at(&name)(error)),
    }
}

/// Puts another grant in the place of a session's that is there: owners of the recording came or went ([`SessionGrant::add_owner`],
/// [`SessionGrant::remove_owner`]). No recorder may be at work.
///
/// # Errors
/// [`RecordingError::NoOwner`] if it has no stanza: nobody could open the session any more; [`RecordingError::Busy`] if a recorder is at work.
pub fn replace_grant(storage: &dyn Storage, grant: &SessionGrant) -> Result<(), RecordingError> {
    if grant.envelope().stanzas().is_empty() {
        return Err(RecordingError::NoOwner);
    }
    let _lock = lock(storage)?;
    put(storage, &grant_name(grant.kid()), &grant.to_bytes()?)
}

/// What a [`shred`] took away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Shredded {
    /// The stanzas that were in the envelope. Whoever has a copy of one, and its key, still opens a copy of the recording.
    pub stanzas: Vec<Stanza>,
    /// Grants of sessions.
    pub grants: u64,
}

/// Takes away every key of a recording that lies with it: the stanzas of its envelope, then the grants. What is left is noise that still verifies.
///
/// That is `logical` destruction: it reaches neither backups, snapshots and copies of the folder, nor the blocks that a disk keeps of a file that was replaced.
/// It is `effective` where the only KEK of [`Shredded::stanzas`] is destroyed at its provider besides. An envelope that cannot be read is
/// replaced too.
///
/// # Errors
/// [`RecordingError::NotThere`] if there is no recording; [`RecordingError::Busy`] if a recorder is at work. Done again, it goes on where it failed.
pub fn shred(storage: &dyn Storage) -> Result<Shredded, RecordingError> {
    read_header(storage)?;
    let _lock = lock(storage)?;
    let mut shredded = Shredded::default();
    if let Ok(envelope) = envelope(storage) {
        shredded.stanzas = envelope.stanzas().to_vec();
    }
    put(storage, ENVELOPE, &Envelope::new().to_bytes()?)?;
    for name in storage.list().map_err(io_at("."))? {
        let is_grant = granted_kid(&name).is_some();
        if is_grant || is_new_grant(&name) || is_new_envelope(&name) {
            storage.delete(&name).map_err(io_at(&name))?;
            shredded.grants += u64::from(is_grant);
        }
    }
    storage.sync_names().map_err(io_at("grants"))?;
    Ok(shredded)
}

/// The KIDs of the sessions whose grants are there.
///
/// # Errors
/// What the storage says.
pub fn granted(storage: &dyn Storage) -> Result<Vec<KeyId>, RecordingError> {
    let names = storage.list().map_err(io_at("grants"))?;
    let mut kids: Vec<KeyId> = names.iter().filter_map(|name| granted_kid(name)).collect();
    kids.sort_unstable();
    Ok(kids)
}

/// Keeps a grant. One that is there is not replaced: the recorder cannot tell which is good.
pub(super) fn put_grant(storage: &dyn Storage, grant: &SessionGrant) -> Result<(), RecordingError> {
    let name = grant_name(grant.kid());
    let octets = grant.to_bytes()?;
    match storage.read(&name, 0, MAX_GRANT + 1) {
        Ok(there) if there == octets => Ok(()),
        Ok(_) => Err(RecordingError::AlreadyThere),
        Err(error) if error.kind() == ErrorKind::NotFound => put(storage, &name, &octets),
        Err(error) => Err(io_at(&name)(error)),
    }
}

/// Whether a file is a grant that a crash cut off.
fn is_new_grant(name: &str) -> bool {
    name.strip_suffix(NEW).and_then(granted_kid).is_some()
}

/// The KID whose grant a file of this name is.
pub(super) fn granted_kid(name: &str) -> Option<KeyId> {
    hex16(name.strip_prefix("grants/")?).map(KeyId::new)
}

fn grant_name(kid: KeyId) -> String {
    format!("grants/{:016x}", kid.value())
}

/// The number that 16 hexadecimal digits are, in the one form in which they are written.
fn hex16(digits: &str) -> Option<u64> {
    let number = u64::from_str_radix(digits, 16).ok()?;
    (format!("{number:016x}") == digits).then_some(number)
}

/// Writes a file beside, and gives it the name when it is whole and durable. The writer's lock is held.
pub(super) fn put(storage: &dyn Storage, name: &str, octets: &[u8]) -> Result<(), RecordingError> {
    let new = format!("{name}{NEW}");
    match storage.delete(&new) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(io_at(&new)(error)),
        _ => put_by(storage, &new, name, octets),
    }
}

fn put_by(
    storage: &dyn Storage,
    new: &str,
    name: &str,
    octets: &[u8],
) -> Result<(), RecordingError> {
    storage.create_new(new, octets).map_err(io_at(new))?;
    storage.sync(new).map_err(io_at(new))?;
    storage.rename(new, name).map_err(io_at(name))?;
    storage.sync_names().map_err(io_at(name))
}
