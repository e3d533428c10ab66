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

/// The file that keeps others from changing who can open the recording.
pub(super) const ENVELOPE_LOCK: &str = "envelope.lock";

/// How often [`shred`] begins again where somebody who knows no lock brings keys back.
const SHRED_TRIES: usize = 16;

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

/// Changes who can open the recording: reads the envelope, has `change` change it, and puts it in the place of the one that is there, in one step.
/// Nobody else changes it meanwhile, [`shred`] included; a recorder at work need not stop. If `change` fails, nothing is changed.
///
/// # Errors
/// [`RecordingError::Changing`] if somebody else is at it; [`RecordingError::Destroyed`] if it was shredded; [`RecordingError::NoOwner`] if no stanza is left;
/// [`RecordingError::Damaged`] if it is no envelope; what `change` says.
pub fn change_envelope<T, E: From<RecordingError>>(
    storage: &dyn Storage,
    change: impl FnOnce(&mut Envelope) -> Result<T, E>,
) -> Result<T, E> {
    let _lock = EnvelopeLock::take(storage)?;
    let mut there = envelope(storage)?;
    if there.stanzas().is_empty() {
        return Err(RecordingError::Destroyed.into());
    }
    let changed = change(&mut there)?;
    write_envelope(storage, &there)?;
    Ok(changed)
}

/// Puts another envelope in the place of the one that is there, in one step, whatever is in that: what others changed since it was read is undone, so
/// [`change_envelope`] is for all but restoring. A recorder at work need not stop.
///
/// # Errors
/// [`RecordingError::NoOwner`] if it has no stanza: then nobody could open the recording any more; [`RecordingError::Changing`] if somebody else is changing it;
/// [`RecordingError::Destroyed`] if the recording was shredded.
pub fn replace_envelope(storage: &dyn Storage, envelope: &Envelope) -> Result<(), RecordingError> {
    let _lock = EnvelopeLock::take(storage)?;
    match self::envelope(storage) {
        Ok(there) if there.stanzas().is_empty() => return Err(RecordingError::Destroyed),
        Err(RecordingError::Io { source, name }) if source.kind() != ErrorKind::NotFound => {
            return Err(RecordingError::Io { name, source });
        }
        // One that is missing or damaged is what is restored.
        _ => {}
    }
    write_envelope(storage, envelope)
}

/// The lock of the envelope is held.
fn write_envelope(storage: &dyn Storage, envelope: &Envelope) -> Result<(), RecordingError> {
    if envelope.stanzas().is_empty() {
        return Err(RecordingError::NoOwner);
    }
    let octets = envelope.to_bytes()?;
    // A name of its own, for a recorder may be at work, and what a crash left may have another.
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

/// Breaks the lock of the envelope that a crash left, where the storage itself has none that ends with its process ([`Storage::lock_envelope`]): in object
/// storage, not in a folder. Whether there was one. Only who knows that nobody is at it may.
///
/// # Errors
/// What the storage says; [`RecordingError::Changing`] if the storage has a lock of its own, and somebody else has it.
pub fn break_envelope_lock(storage: &dyn Storage) -> Result<bool, RecordingError> {
    if lock_of(storage)?.is_some() {
        return Ok(false);
    }
    match storage.delete(ENVELOPE_LOCK) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(io_at(ENVELOPE_LOCK)(error)),
    }
}

/// Nobody else changes the envelope while this is there.
struct EnvelopeLock<'a> {
    storage: &'a dyn Storage,
    /// The storage's own; none if a file is the lock.
    own: Option<Box<dyn Send>>,
}

impl<'a> EnvelopeLock<'a> {
    fn take(storage: &'a dyn Storage) -> Result<Self, RecordingError> {
        let own = lock_of(storage)?;
        if own.is_none() {
            storage
                .create_new(ENVELOPE_LOCK, &[])
                .map_err(|error| match error.kind() {
                    ErrorKind::AlreadyExists => RecordingError::Changing,
                    _ => io_at(ENVELOPE_LOCK)(error),
                })?;
        }
        Ok(Self { storage, own })
    }
}

impl Drop for EnvelopeLock<'_> {
    fn drop(&mut self) {
        if self.own.is_none() {
            // If it stays, the next one is told, and it is broken.
            self.storage.delete(ENVELOPE_LOCK).ok();
        }
    }
}

fn lock_of(storage: &dyn Storage) -> Result<Option<Box<dyn Send>>, RecordingError> {
    storage.lock_envelope().map_err(|error| match error.kind() {
        ErrorKind::WouldBlock => RecordingError::Changing,
        _ => io_at(ENVELOPE_LOCK)(error),
    })
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

/// Changes who can open a session: reads its grant, has `change` change it ([`SessionGrant::add_owner`], [`SessionGrant::remove_owner`]), and puts it in
/// the place of the one that is there. Nobody else changes it meanwhile. If `change` fails or says `None`, nothing is changed. No recorder may be at work.
///
/// # Errors
/// [`RecordingError::Destroyed`] if the session has no grant (any more); [`RecordingError::NoOwner`] if no stanza is left; [`RecordingError::Busy`] if a
/// recorder, or somebody else who changes grants, is at work; [`GrantError`] if it is none; what `change` says.
pub fn change_grant<T, E: From<RecordingError>>(
    storage: &dyn Storage,
    kid: KeyId,
    change: impl FnOnce(&mut SessionGrant) -> Result<Option<T>, E>,
) -> Result<Option<T>, E> {
    let _lock = lock(storage)?;
    let mut there = grant(storage, kid)?.ok_or(RecordingError::Destroyed)?;
    let changed = change(&mut there)?;
    if changed.is_some() {
        write_grant(storage, &there)?;
    }
    Ok(changed)
}

/// Puts another grant in the place of a session's that is there, whatever is in that: [`change_grant`] undoes nothing that others did meanwhile. No
/// recorder may be at work.
///
/// # Errors
/// [`RecordingError::NoOwner`] if it has no stanza: nobody could open the session any more; [`RecordingError::Busy`] if a recorder is at work;
/// [`RecordingError::Destroyed`] if the session has no grant (any more).
pub fn replace_grant(storage: &dyn Storage, grant: &SessionGrant) -> Result<(), RecordingError> {
    let _lock = lock(storage)?;
    write_grant(storage, grant)
}

/// The writer's lock is held.
fn write_grant(storage: &dyn Storage, grant: &SessionGrant) -> Result<(), RecordingError> {
    if grant.envelope().stanzas().is_empty() {
        return Err(RecordingError::NoOwner);
    }
    let name = grant_name(grant.kid());
    match storage.len(&name) {
        Ok(_) => put(storage, &name, &grant.to_bytes()?),
        // It was shredded since it was read.
        Err(error) if error.kind() == ErrorKind::NotFound => Err(RecordingError::Destroyed),
        Err(error) => Err(io_at(&name)(error)),
    }
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
/// [`RecordingError::NotThere`] if there is no recording; [`RecordingError::Busy`] if a recorder is at work; [`RecordingError::Changing`] if somebody is
/// changing who can open it, or brings keys back again and again. Done again, it goes on where it failed.
pub fn shred(storage: &dyn Storage) -> Result<Shredded, RecordingError> {
    read_header(storage)?;
    let _lock = lock(storage)?;
    let _envelope = EnvelopeLock::take(storage)?;
    let mut shredded = Shredded::default();
    for _ in 0..SHRED_TRIES {
        if let Ok(envelope) = envelope(storage) {
            for stanza in envelope.stanzas() {
                if !shredded.stanzas.contains(stanza) {
                    shredded.stanzas.push(stanza.clone());
                }
            }
        }
        // First, so that a program that knows no lock has nothing to give the envelope's name any more.
        delete_if(storage, is_new)?;
        put(storage, ENVELOPE, &Envelope::new().to_bytes()?)?;
        delete_if(storage, is_new)?;
        let grants = delete_if(storage, |name| granted_kid(name).is_some())?;
        shredded.grants = shredded.grants.saturating_add(grants);
        storage.sync_names().map_err(io_at("grants"))?;
        if envelope(storage)?.stanzas().is_empty() && granted(storage)?.is_empty() {
            return Ok(shredded);
        }
    }
    Err(RecordingError::Changing)
}

/// Deletes the files whose names are such. How many there were.
fn delete_if(storage: &dyn Storage, is_such: impl Fn(&str) -> bool) -> Result<u64, RecordingError> {
    let mut deleted = 0;
    for name in storage.list().map_err(io_at("."))? {
        if is_such(&name) {
            match storage.delete(&name) {
                Ok(()) => deleted += 1,
                // It got its name meanwhile.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(io_at(&name)(error)),
            }
        }
    }
    Ok(deleted)
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

/// Whether a file is a key that got no name.
fn is_new(name: &str) -> bool {
    is_new_grant(name) || is_new_envelope(name)
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
