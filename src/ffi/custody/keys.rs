//! Data encryption keys and records: made, wrapped, opened, destroyed.

use core::ffi::c_char;

use super::access_of;
use super::store::mediaseal_custody;
use super::text_or_empty;
use crate::ffi::convert::{OctetsOut, SizedOut, array, octets, octets_mut, sized, text};
use crate::ffi::handle::shared;
use crate::ffi::numbers::{
    MEDIASEAL_DEK_ID_LEN, MEDIASEAL_DEK_LEN, MEDIASEAL_RECORD_MAX_LEN, MEDIASEAL_RECORD_OVERHEAD,
};
use crate::ffi::status::{
    Fault, MEDIASEAL_ERR_BUFFER_TOO_SMALL, MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_UNKNOWN_VALUE,
    MEDIASEAL_ERR_VAULT_ARGUMENT, Outcome, mediaseal_status,
};
use crate::ffi::vault_types::{
    mediaseal_access, mediaseal_record_place, mediaseal_tombstone, mediaseal_wrap_context,
};
use crate::vault::custody::{DekId, RecordPlace};
use crate::vault::{Dek, WrapContext, WrappedKey};

/// Room for the octets of a key or its id, zeroed until there are some.
struct Fixed(*mut u8, usize);

impl Fixed {
    fn new(pointer: *mut u8, len: usize) -> Result<Self, Fault> {
        octets_mut(pointer, len)?.fill(0);
        Ok(Self(pointer, len))
    }

    fn write(&self, octets: &[u8]) -> Outcome {
        octets_mut(self.0, self.1)?.copy_from_slice(octets);
        Ok(())
    }
}

/// What a key is bound to.
fn context_of(context: *const mediaseal_wrap_context) -> Result<WrapContext, Fault> {
    let given = sized(context)?;
    if given.reserved != 0 {
        return Err(Fault(MEDIASEAL_ERR_UNKNOWN_VALUE));
    }
    Ok(WrapContext {
        purpose: octets(given.purpose, given.purpose_len)?.to_vec(),
        region: text_or_empty(given.region)?.to_owned(),
    })
}

/// Refuses room that is too small for what will be written, before anything is done for it.
fn has_room(out: *mut u8, capacity: usize, needed: usize) -> Result<(), Fault> {
    if !out.is_null() && capacity < needed {
        return Err(Fault(MEDIASEAL_ERR_BUFFER_TOO_SMALL));
    }
    if out.is_null() && needed > 0 {
        return Err(Fault(MEDIASEAL_ERR_NULL_POINTER));
    }
    Ok(())
}

/// Makes a DEK under the current version of a KEK. It is in the store when this returns, and opened again by mediaseal_custody_open_dek.
///
/// Borrows `access` and `kek_id`. Writes MEDIASEAL_DEK_ID_LEN octets to `out_dek_id` and MEDIASEAL_DEK_LEN octets to `out_dek`, which the caller wipes by mediaseal_wipe when he needs the key no more.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_KEY_NOT_FOUND, MEDIASEAL_ERR_KEY_STATE if no version of the KEK is active, MEDIASEAL_ERR_REGION_FORBIDDEN, what the provider says, and what mediaseal_custody_create_kek returns for every call.
/// Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_custody_new_dek(
    custody: *const mediaseal_custody,
    access: *const mediaseal_access,
    kek_id: *const c_char,
    out_dek_id: *mut u8,
    out_dek: *mut u8,
) -> mediaseal_status {
    let out_id = Fixed::new(out_dek_id, MEDIASEAL_DEK_ID_LEN);
    let out = Fixed::new(out_dek, MEDIASEAL_DEK_LEN);
    shared(custody, |custody| {
        let (out_id, out) = (out_id?, out?);
        let (id, dek) = custody.new_dek(&access_of(access)?, text(kek_id)?)?;
        out_id.write(id.as_bytes())?;
        out.write(dek.expose())
    })
}

/// Opens a DEK of the store. If its KEK has a newer version it is wrapped anew under that one on the way, unless MEDIASEAL_CUSTODY_NO_LAZY_REWRAP.
///
/// Borrows `access` and the MEDIASEAL_DEK_ID_LEN octets at `dek_id`. Writes MEDIASEAL_DEK_LEN octets to `out_dek`, which the caller wipes.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_KEY_NOT_FOUND, MEDIASEAL_ERR_KEY_DESTROYED, MEDIASEAL_ERR_KEY_STATE, MEDIASEAL_ERR_KEY_ARCHIVED, and what mediaseal_custody_new_dek returns. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_custody_open_dek(
    custody: *const mediaseal_custody,
    access: *const mediaseal_access,
    dek_id: *const u8,
    out_dek: *mut u8,
) -> mediaseal_status {
    let id = array(dek_id).map(|id| DekId::from_bytes(*id));
    let out = Fixed::new(out_dek, MEDIASEAL_DEK_LEN);
    shared(custody, |custody| {
        let (id, out) = (id?, out?);
        let dek = custody.open_dek(&access_of(access)?, &id)?;
        out.write(dek.expose())
    })
}

/// Destroys a DEK of the store: its row is overwritten and a tombstone is left. That is logical: a backup of the store undoes it as long as its KEK is there.
///
/// Borrows `access`, the MEDIASEAL_DEK_ID_LEN octets at `dek_id`, and `reason`. Writes what is left to `out_tombstone`, which may be NULL.
///
/// Returns what mediaseal_custody_open_dek returns. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_custody_destroy_dek(
    custody: *const mediaseal_custody,
    access: *const mediaseal_access,
    dek_id: *const u8,
    reason: *const c_char,
    out_tombstone: *mut mediaseal_tombstone,
) -> mediaseal_status {
    let out = SizedOut::optional(out_tombstone);
    shared(custody, |custody| {
        let out = out?;
        let id = DekId::from_bytes(*array(dek_id)?);
        let tombstone = custody.destroy_dek(&access_of(access)?, &id, text(reason)?)?;
        if let Some(out) = out {
            out.write(&mediaseal_tombstone::of(&tombstone));
        }
        Ok(())
    })
}

/// Wraps a key of the caller's, MEDIASEAL_DEK_LEN octets, for `context` under the current version of a KEK. The store keeps nothing of it.
///
/// Borrows `access`, `kek_id`, `dek` and `context`. Writes the wrapped key to `out` and its octets to `out_len`; MEDIASEAL_WRAPPED_KEY_MAX_LEN octets of room are always enough. To ask for the length is to wrap once, and is recorded.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_BUFFER_TOO_SMALL, MEDIASEAL_ERR_WRAPPED_KEY_FORM for a context that is too long, and what mediaseal_custody_new_dek returns. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_custody_wrap(
    custody: *const mediaseal_custody,
    access: *const mediaseal_access,
    kek_id: *const c_char,
    dek: *const u8,
    context: *const mediaseal_wrap_context,
    out: *mut u8,
    capacity: usize,
    out_len: *mut usize,
) -> mediaseal_status {
    let out = OctetsOut::new(out, capacity, out_len);
    shared(custody, |custody| {
        let out = out?;
        let access = access_of(access)?;
        let dek = Dek::from_bytes(array(dek)?);
        let wrapped = custody.wrap(&access, text(kek_id)?, &dek, &context_of(context)?)?;
        out.write(&wrapped.to_bytes()?)
    })
}

/// Opens a key that mediaseal_custody_wrap wrapped for `context`.
///
/// Borrows `access`, `wrapped` and `context`. Writes MEDIASEAL_DEK_LEN octets to `out_dek`, which the caller wipes; nothing of it before it authenticates.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_WRAPPED_KEY for another context or altered octets, MEDIASEAL_ERR_WRAPPED_KEY_FORM, and what mediaseal_custody_open_dek returns. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_custody_unwrap(
    custody: *const mediaseal_custody,
    access: *const mediaseal_access,
    wrapped: *const u8,
    wrapped_len: usize,
    context: *const mediaseal_wrap_context,
    out_dek: *mut u8,
) -> mediaseal_status {
    // What lies where the key goes is read before it is zeroed.
    let key = read_wrapped(wrapped, wrapped_len);
    let out = Fixed::new(out_dek, MEDIASEAL_DEK_LEN);
    shared(custody, |custody| {
        let (key, out) = (key?, out?);
        let dek = custody.unwrap(&access_of(access)?, &key, &context_of(context)?)?;
        out.write(dek.expose())
    })
}

fn read_wrapped(wrapped: *const u8, len: usize) -> Result<WrappedKey, Fault> {
    Ok(WrappedKey::from_bytes(octets(wrapped, len)?)?)
}

/// Wraps a key that mediaseal_custody_wrap wrapped anew under the current version of its KEK, without handing it out.
///
/// Borrows `access`, `wrapped` and `context`. Writes the wrapped key to `out` and its octets to `out_len`, as mediaseal_custody_wrap does.
///
/// Returns what mediaseal_custody_wrap and mediaseal_custody_unwrap return. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_custody_rewrap(
    custody: *const mediaseal_custody,
    access: *const mediaseal_access,
    wrapped: *const u8,
    wrapped_len: usize,
    context: *const mediaseal_wrap_context,
    out: *mut u8,
    capacity: usize,
    out_len: *mut usize,
) -> mediaseal_status {
    let out = OctetsOut::new(out, capacity, out_len);
    shared(custody, |custody| {
        let out = out?;
        let key = read_wrapped(wrapped, wrapped_len)?;
        let wrapped = custody.rewrap(&access_of(access)?, &key, &context_of(context)?)?;
        out.write(&wrapped.to_bytes()?)
    })
}

/// Seals a field of a database for one place, under a DEK of the store: a record has MEDIASEAL_RECORD_OVERHEAD octets more than its plaintext, which has at most MEDIASEAL_RECORD_MAX_LEN.
///
/// Borrows `access`, `dek_id` (MEDIASEAL_DEK_ID_LEN octets), `place` and `plaintext`. Writes the record to `out`, which lies apart from them, and its octets to `out_len`.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_BUFFER_TOO_SMALL before anything is done, MEDIASEAL_ERR_VAULT_ARGUMENT for one that is too long, and what mediaseal_custody_open_dek returns. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_custody_seal_record(
    custody: *const mediaseal_custody,
    access: *const mediaseal_access,
    dek_id: *const u8,
    place: *const mediaseal_record_place,
    plaintext: *const u8,
    len: usize,
    out: *mut u8,
    capacity: usize,
    out_len: *mut usize,
) -> mediaseal_status {
    let told = OctetsOut::new(out, capacity, out_len);
    shared(custody, |custody| {
        let told = told?;
        if len > MEDIASEAL_RECORD_MAX_LEN {
            return Err(Fault(MEDIASEAL_ERR_VAULT_ARGUMENT));
        }
        has_room(out, capacity, len + MEDIASEAL_RECORD_OVERHEAD)?;
        let id = DekId::from_bytes(*array(dek_id)?);
        let place = place_of(place)?;
        let plaintext = octets(plaintext, len)?;
        let access = access_of(access)?;
        let record = custody.seal_record(&access, &id, &place, plaintext)?;
        told.write(&record)
    })
}

fn place_of<'a>(place: *const mediaseal_record_place) -> Result<RecordPlace<'a>, Fault> {
    let given = sized(place)?;
    if given.reserved != 0 {
        return Err(Fault(MEDIASEAL_ERR_UNKNOWN_VALUE));
    }
    Ok(RecordPlace {
        table: text(given.table)?,
        column: text(given.column)?,
        row_id: octets(given.row_id, given.row_id_len)?,
    })
}

/// Opens a record of one place. Nothing of it leaves before it authenticates.
///
/// Borrows `access`, `place` and `record`. Writes the plaintext to `out`, which lies apart from them, and its octets to `out_len`: MEDIASEAL_RECORD_OVERHEAD less than the record has. The caller wipes it.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_BUFFER_TOO_SMALL before anything is done, MEDIASEAL_ERR_WRAPPED_KEY if it stands in another place than it was sealed for or was altered, MEDIASEAL_ERR_VAULT_ARGUMENT if it is no record, and what
/// mediaseal_custody_open_dek returns. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_custody_open_record(
    custody: *const mediaseal_custody,
    access: *const mediaseal_access,
    place: *const mediaseal_record_place,
    record: *const u8,
    len: usize,
    out: *mut u8,
    capacity: usize,
    out_len: *mut usize,
) -> mediaseal_status {
    let told = OctetsOut::new(out, capacity, out_len);
    shared(custody, |custody| {
        let told = told?;
        let needed = len
            .checked_sub(MEDIASEAL_RECORD_OVERHEAD)
            .ok_or(Fault(MEDIASEAL_ERR_VAULT_ARGUMENT))?;
        has_room(out, capacity, needed)?;
        let place = place_of(place)?;
        let record = octets(record, len)?;
        let access = access_of(access)?;
        let plaintext = custody.open_record(&access, &place, record)?;
        told.write(&plaintext)
    })
}
