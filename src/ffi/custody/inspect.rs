//! What a store of custody says of itself: histories, tombstones, whether it is whole; and the one way that leaves no copy of a DEK that opens.

use core::ffi::{c_char, c_void};
use core::ops::ControlFlow;
use std::ffi::CString;

use super::hooks::size_of_struct;
use super::keks::told_of_sweep;
use super::store::mediaseal_custody;
use super::{access_of, kek_of};
use crate::ffi::boundary::CallbackScope;
use crate::ffi::convert::{Out, SizedOut, octets, text};
use crate::ffi::handle::shared;
use crate::ffi::numbers::{
    MEDIASEAL_CHANGE_ARCHIVED, MEDIASEAL_CHANGE_RESTORED, MEDIASEAL_CHANGE_STATE,
    MEDIASEAL_DEK_ID_LEN,
};
use crate::ffi::status::{
    Fault, MEDIASEAL_ERR_KEY_NOT_FOUND, MEDIASEAL_ERR_LENGTH, MEDIASEAL_ERR_NULL_POINTER,
    mediaseal_status,
};
use crate::ffi::vault_types::{
    mediaseal_access, mediaseal_kek_change, mediaseal_kek_change_callback,
    mediaseal_sweep_callback, mediaseal_tombstone, mediaseal_verified,
};
use crate::vault::custody::DekId;

/// Tells `hear` of every change of one version of a KEK, the oldest first: its states with their times, who changed them, and why. Each link is checked first.
///
/// Borrows `access`, `kek_id` and `user_data`. `hear` must not call the library.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_KEY_NOT_FOUND, MEDIASEAL_ERR_VAULT_DAMAGED if a link is missing or altered, or a state was skipped, and what mediaseal_custody_create_kek returns for every call. Any threads at
/// once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_custody_history(
    custody: *const mediaseal_custody,
    access: *const mediaseal_access,
    kek_id: *const c_char,
    version: u32,
    hear: mediaseal_kek_change_callback,
    user_data: *mut c_void,
) -> mediaseal_status {
    shared(custody, |custody| {
        let access = access_of(access)?;
        let kek = kek_of(kek_id, version)?;
        let hear = hear.ok_or(Fault(MEDIASEAL_ERR_NULL_POINTER))?;
        // All texts first: a history is told whole or not at all.
        let mut changes = Vec::new();
        for change in custody.history(&access, &kek)? {
            // A reason that Rust gave may have a zero octet, where C would see its end: the rest must not be hidden by it.
            let c = |text: &str| CString::new(text.replace('\0', "\u{fffd}")).unwrap_or_default();
            let (actor, reason) = (c(&change.actor), c(&change.reason));
            changes.push((change, actor, reason));
        }
        for (change, actor, reason) in &changes {
            let told = mediaseal_kek_change {
                struct_size: size_of_struct::<mediaseal_kek_change>(),
                kind: match change.archived {
                    None => MEDIASEAL_CHANGE_STATE,
                    Some(true) => MEDIASEAL_CHANGE_ARCHIVED,
                    Some(false) => MEDIASEAL_CHANGE_RESTORED,
                },
                state: change.state as u32,
                reserved: 0,
                unix_micros: change.unix_micros,
                actor: actor.as_ptr(),
                reason: reason.as_ptr(),
            };
            let _scope = CallbackScope::enter();
            // SAFETY: the function is what the header asks for, and reads the struct until it returns.
            unsafe { hear(user_data, &raw const told) };
        }
        Ok(())
    })
}

/// Writes what is left of a destroyed version of a KEK to `out_tombstone`: for one that a provider could not be asked for at once, when it is gone there.
///
/// Borrows `access` and `kek_id`.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_KEY_NOT_FOUND also for one that is not destroyed, and what mediaseal_custody_create_kek returns for every call. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_custody_tombstone(
    custody: *const mediaseal_custody,
    access: *const mediaseal_access,
    kek_id: *const c_char,
    version: u32,
    out_tombstone: *mut mediaseal_tombstone,
) -> mediaseal_status {
    let out = SizedOut::new(out_tombstone);
    shared(custody, |custody| {
        let out = out?;
        let kek = kek_of(kek_id, version)?;
        let found = custody.tombstone(&access_of(access)?, &kek)?;
        let found = found.ok_or(Fault(MEDIASEAL_ERR_KEY_NOT_FOUND))?;
        out.write(&mediaseal_tombstone::of(&found));
        Ok(())
    })
}

/// Looks at every page, row and link of the store: digests match, no state was skipped, no version is missing, every destroyed KEK has its tombstone. Opens no key. A DEK whose row is gone without a trace
/// leaves nothing to be missed by.
///
/// Borrows `access`. Writes how much it found whole to `out_verified`, which may be NULL.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_VAULT_DAMAGED, and what mediaseal_custody_create_kek returns for every call. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_custody_verify(
    custody: *const mediaseal_custody,
    access: *const mediaseal_access,
    out_verified: *mut mediaseal_verified,
) -> mediaseal_status {
    let out = SizedOut::optional(out_verified);
    shared(custody, |custody| {
        let out = out?;
        let found = custody.verify(&access_of(access)?)?;
        if let Some(out) = out {
            out.write(&mediaseal_verified {
                struct_size: 0,
                reserved: 0,
                keks: found.keks,
                deks: found.deks,
                tombstones: found.tombstones,
            });
        }
        Ok(())
    })
}

/// Destroys DEKs of one KEK so that no backup brings them back: they are removed, the KEK gets a next version, all other DEKs of the store move to it, and the former versions are destroyed at their provider.
/// Cut short, it is called again with the same ones.
///
/// Borrows `access`, the texts, `user_data`, and `dek_count` ids at `dek_ids`, MEDIASEAL_DEK_ID_LEN octets each, one behind the other. `hear`, which may be NULL, hears how far the sweep is, may stop it, and must not call the
/// library. Writes how many versions were destroyed to `out_destroyed`, which may be NULL; mediaseal_custody_tombstone says of each when it is gone. Wrapped keys that are not of the store, such as those of recordings,
/// are lost with the former versions unless they were wrapped anew before.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_VAULT_ARGUMENT if there is none, if one is under another KEK, or is destroyed and not known to have been under this one, and MEDIASEAL_ERR_KEY_NOT_FOUND if there is none such, before anything is destroyed; MEDIASEAL_ERR_KEY_STATE if others could not be moved,
/// before a version is destroyed; MEDIASEAL_ERR_STOPPED, and what mediaseal_custody_destroy_kek and mediaseal_custody_sweep return. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_custody_shred(
    custody: *const mediaseal_custody,
    access: *const mediaseal_access,
    kek_id: *const c_char,
    dek_ids: *const u8,
    dek_count: usize,
    reason: *const c_char,
    hear: mediaseal_sweep_callback,
    user_data: *mut c_void,
    out_destroyed: *mut u32,
) -> mediaseal_status {
    let out = (!out_destroyed.is_null()).then(|| Out::new(out_destroyed, 0));
    shared(custody, |custody| {
        let out = out.transpose()?;
        let access = access_of(access)?;
        let len = dek_count
            .checked_mul(MEDIASEAL_DEK_ID_LEN)
            .ok_or(Fault(MEDIASEAL_ERR_LENGTH))?;
        let (ids, _) = octets(dek_ids, len)?.as_chunks::<MEDIASEAL_DEK_ID_LEN>();
        let victims: Vec<_> = ids.iter().map(|id| DekId::from_bytes(*id)).collect();
        let (kek_id, reason) = (text(kek_id)?, text(reason)?);
        let destroyed = custody.shred(
            &access,
            kek_id,
            &victims,
            reason,
            &mut |progress| match hear {
                Some(hear) => told_of_sweep(hear, user_data, progress),
                None => ControlFlow::Continue(()),
            },
        )?;
        if let Some(out) = out {
            out.write(u32::try_from(destroyed.len()).unwrap_or(u32::MAX));
        }
        Ok(())
    })
}
