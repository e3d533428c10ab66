//! The file `envelope`: who can open a recording.

use std::io::ErrorKind;

use super::error::{Place, RecordingError, io_at};
use super::header::Header;
use super::manifest::{ENVELOPE, NEW, read_header};
use super::storage::Storage;
use crate::id::KeyId;
use crate::vault::WrapContext;
use crate::vault::grant::{Envelope, GrantError, SessionGrant};

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
    put(storage, ENVELOPE, &octets)
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

/// The KIDs of the sessions whose grants are there.
///
/// # Errors
/// What the storage says.
pub fn granted(storage: &dyn Storage) -> Result<Vec<KeyId>, RecordingError> {
    let names = storage.list().map_err(io_at("grants"))?;
    let mut kids: Vec<KeyId> = names
        .iter()
        .filter_map(|name| name.strip_prefix("grants/"))
        .filter(|kid| kid.len() == 16)
        .filter_map(|kid| u64::from_str_radix(kid, 16).ok())
        .map(KeyId::new)
        .collect();
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

fn grant_name(kid: KeyId) -> String {
    format!("grants/{:016x}", kid.value())
}

/// Writes a file beside, and gives it the name when it is whole and durable.
pub(super) fn put(storage: &dyn Storage, name: &str, octets: &[u8]) -> Result<(), RecordingError> {
    let new = format!("{name}{NEW}");
    match storage.delete(&new) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(io_at(&new)(error)),
        _ => storage.create_new(&new, octets).map_err(io_at(&new))?,
    }
    storage.sync(&new).map_err(io_at(&new))?;
    storage.rename(&new, name).map_err(io_at(name))?;
    storage.sync_names().map_err(io_at(name))
}
