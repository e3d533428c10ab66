//! Secret keys under a passphrase: what a key file holds that is not read by who finds it.

use core::ffi::c_char;
use core::ptr::null_mut;
use std::sync::Arc;

use super::boundary::enter;
use super::convert::{OctetsOut, Out, octets, text};
use super::grants::{mediaseal_identity, mediaseal_signer};
use super::handle::{new_shared, shared};
use super::status::{Fault, MEDIASEAL_ERR_NOT_UTF8, mediaseal_status};
use crate::keys::PassphraseParams;
use crate::vault::grant::{Identity, Signer};

/// A passphrase of the caller's.
pub(super) fn passphrase<'a>(pointer: *const u8, len: usize) -> Result<&'a str, Fault> {
    core::str::from_utf8(octets(pointer, len)?).map_err(|_| Fault(MEDIASEAL_ERR_NOT_UTF8))
}

/// The cost and the salt that are made for a passphrase.
pub(super) fn params_of(params: *const c_char) -> Result<PassphraseParams, Fault> {
    Ok(text(params)?.parse()?)
}

/// Writes a secret key under a passphrase of 1 to 1024 octets of UTF-8, as text and a zero octet: "mediaseal-locked-id-1…".
///
/// Borrows `passphrase`, which the caller wipes, and `params`, which mediaseal_passphrase_params_generate made for this key alone. Writes at most MEDIASEAL_LOCKED_KEY_TEXT_MAX_LEN characters
/// and the zero octet; `out_len` is their number without that. Takes the memory and time that `params` say, also to ask for the length.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_PASSPHRASE_LENGTH, MEDIASEAL_ERR_PASSPHRASE_PARAMS, MEDIASEAL_ERR_BUFFER_TOO_SMALL, MEDIASEAL_ERR_OUT_OF_MEMORY, MEDIASEAL_ERR_ENTROPY, MEDIASEAL_ERR_NOT_UTF8, MEDIASEAL_ERR_CLOSED,
/// MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_identity_lock(
    identity: *const mediaseal_identity,
    passphrase: *const u8,
    passphrase_len: usize,
    params: *const c_char,
    out: *mut c_char,
    capacity: usize,
    out_len: *mut usize,
) -> mediaseal_status {
    let out = OctetsOut::new(out.cast(), capacity, out_len);
    shared(identity, |identity| {
        let out = out?;
        let passphrase = self::passphrase(passphrase, passphrase_len)?;
        out.write_text(&identity.lock(passphrase, params_of(params)?)?)
    })
}

/// Reads what mediaseal_identity_lock wrote.
///
/// Borrows `key_text` and `passphrase`, which the caller wipes. Writes a new object to `out_identity`, which the caller ends with mediaseal_identity_free. Takes the memory and time that the text says.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_GRANT_TEXT, MEDIASEAL_ERR_GRANT_PASSPHRASE for another passphrase, MEDIASEAL_ERR_PASSPHRASE_LENGTH, MEDIASEAL_ERR_GRANT_FORM, MEDIASEAL_ERR_GRANT_KEM, MEDIASEAL_ERR_OUT_OF_MEMORY,
/// MEDIASEAL_ERR_NOT_UTF8, MEDIASEAL_ERR_NULL_POINTER. Any thread. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_identity_unlock(
    key_text: *const c_char,
    passphrase: *const u8,
    passphrase_len: usize,
    out_identity: *mut *mut mediaseal_identity,
) -> mediaseal_status {
    let out = Out::new(out_identity, null_mut());
    enter(|| {
        let out = out?;
        let passphrase = self::passphrase(passphrase, passphrase_len)?;
        let identity = Identity::unlock(text(key_text)?, passphrase)?;
        out.write(new_shared(Arc::new(identity)));
        Ok(())
    })
}

/// Writes a secret signature key under a passphrase, as text and a zero octet: "mediaseal-locked-signer-1…". The rest is as in mediaseal_identity_lock.
///
/// Borrows `passphrase` and `params`.
///
/// Returns what mediaseal_identity_lock returns. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_signer_lock(
    signer: *const mediaseal_signer,
    passphrase: *const u8,
    passphrase_len: usize,
    params: *const c_char,
    out: *mut c_char,
    capacity: usize,
    out_len: *mut usize,
) -> mediaseal_status {
    let out = OctetsOut::new(out.cast(), capacity, out_len);
    shared(signer, |signer| {
        let out = out?;
        let passphrase = self::passphrase(passphrase, passphrase_len)?;
        out.write_text(&signer.lock(passphrase, params_of(params)?)?)
    })
}

/// Reads what mediaseal_signer_lock wrote.
///
/// Borrows `key_text` and `passphrase`. Writes a new object to `out_signer`, which the caller ends with mediaseal_signer_free.
///
/// Returns what mediaseal_identity_unlock returns. Any thread. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_signer_unlock(
    key_text: *const c_char,
    passphrase: *const u8,
    passphrase_len: usize,
    out_signer: *mut *mut mediaseal_signer,
) -> mediaseal_status {
    let out = Out::new(out_signer, null_mut());
    enter(|| {
        let out = out?;
        let passphrase = self::passphrase(passphrase, passphrase_len)?;
        let signer = Signer::unlock(text(key_text)?, passphrase)?;
        out.write(new_shared(Arc::new(signer)));
        Ok(())
    })
}
