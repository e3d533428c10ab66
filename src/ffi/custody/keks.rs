//! The life of key encryption keys.

use core::ffi::{c_char, c_void};
use core::ops::ControlFlow;
use core::time::Duration;

use super::hooks::{field, size_of_struct};
use super::store::mediaseal_custody;
use super::{access_of, kek_of, text_or_empty};
use crate::ffi::boundary::CallbackScope;
use crate::ffi::convert::{Out, SizedOut, sized, text};
use crate::ffi::handle::shared;
use crate::ffi::numbers::{
    MEDIASEAL_DESTROY_EFFECTIVE, MEDIASEAL_DESTROY_LOGICAL, MEDIASEAL_ENFORCED_BY_CUSTODY,
    MEDIASEAL_ENFORCED_BY_PROVIDER, MEDIASEAL_ENFORCED_LATER, MEDIASEAL_KEK_ARCHIVED,
    MEDIASEAL_NEW_KEK_ACTIVATE_BY_HAND, MEDIASEAL_SURVIVORS_ARE_LOST,
    MEDIASEAL_SURVIVORS_MUST_BE_NONE,
};
use crate::ffi::status::{
    Fault, MEDIASEAL_ERR_KEY_NOT_FOUND, MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_UNKNOWN_VALUE,
    mediaseal_status,
};
use crate::ffi::vault_types::{
    mediaseal_access, mediaseal_kek, mediaseal_kek_callback, mediaseal_kek_info, mediaseal_new_kek,
    mediaseal_sweep_callback, mediaseal_sweep_progress, mediaseal_tombstone,
};
use crate::vault::custody::{
    Activation, DestroyMode, Enforcement, KekInfo, KeyState, NewKek, ProviderName, Survivors,
    SweepProgress, Told, Tombstone,
};

/// Makes a KEK for a tenant, a region and a purpose, of which there is one. If an earlier call for the same was cut short, this one finishes it.
///
/// Borrows `access` and `new_kek`. Writes its id and version to `out_kek`.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_VAULT_ARGUMENT if there is one of that use or for names that there cannot be, MEDIASEAL_ERR_REGION_FORBIDDEN, MEDIASEAL_ERR_KEY_NOT_FOUND for another provider than custody
/// has, what the provider says (`MEDIASEAL_ERR_PROVIDER_…`), and what every call on behalf of somebody may: MEDIASEAL_ERR_NOT_AUTHORIZED, MEDIASEAL_ERR_AUDIT, MEDIASEAL_ERR_VAULT_BUSY, MEDIASEAL_ERR_DISK_FULL,
/// MEDIASEAL_ERR_VAULT_DAMAGED, MEDIASEAL_ERR_VAULT_STORE, MEDIASEAL_ERR_FORKED, MEDIASEAL_ERR_UNKNOWN_VALUE, MEDIASEAL_ERR_NOT_UTF8, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_STRUCT_SIZE.
/// Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_custody_create_kek(
    custody: *const mediaseal_custody,
    access: *const mediaseal_access,
    new_kek: *const mediaseal_new_kek,
    out_kek: *mut mediaseal_kek,
) -> mediaseal_status {
    let out = SizedOut::new(out_kek);
    shared(custody, |custody| {
        let out = out?;
        let access = access_of(access)?;
        let given = sized(new_kek)?;
        let is_by_hand = given.flags == MEDIASEAL_NEW_KEK_ACTIVATE_BY_HAND;
        if given.flags & !MEDIASEAL_NEW_KEK_ACTIVATE_BY_HAND != 0
            || (is_by_hand && given.activates_unix_micros != 0)
        {
            return Err(Fault(MEDIASEAL_ERR_UNKNOWN_VALUE));
        }
        let seconds = given.cryptoperiod_seconds;
        let new = NewKek {
            activation: match given.activates_unix_micros {
                0 if is_by_hand => Activation::ByHand,
                0 => Activation::Now,
                unix_micros => Activation::At { unix_micros },
            },
            cryptoperiod: (seconds > 0).then(|| Duration::from_secs(seconds)),
            provider: provider_of(given.provider_scheme, given.provider_id)?,
            ..NewKek::new(
                text_or_empty(given.tenant)?,
                text_or_empty(given.region)?,
                text_or_empty(given.purpose)?,
            )
        };
        let kek = custody.create_kek(&access, &new)?;
        out.write(&mediaseal_kek::of(&kek));
        Ok(())
    })
}

/// A provider by name; none if neither part is given.
fn provider_of(scheme: *const c_char, id: *const c_char) -> Result<Option<ProviderName>, Fault> {
    if scheme.is_null() && id.is_null() {
        return Ok(None);
    }
    Ok(Some(ProviderName {
        scheme: text(scheme)?.to_owned(),
        id: text(id)?.to_owned(),
    }))
}

/// Makes the next version of a KEK, active at once, and deactivates the one before. Keys under that are wrapped anew when they are opened, or by mediaseal_custody_sweep; data is not touched.
///
/// Borrows `access` and `kek_id`. Writes the new version to `out_kek`.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_KEY_NOT_FOUND, MEDIASEAL_ERR_KEY_STATE in pre-activation, MEDIASEAL_ERR_KEY_DESTROYED, and what mediaseal_custody_create_kek returns. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_custody_rotate_kek(
    custody: *const mediaseal_custody,
    access: *const mediaseal_access,
    kek_id: *const c_char,
    out_kek: *mut mediaseal_kek,
) -> mediaseal_status {
    let out = SizedOut::new(out_kek);
    shared(custody, |custody| {
        let out = out?;
        let kek = custody.rotate_kek(&access_of(access)?, text(kek_id)?)?;
        out.write(&mediaseal_kek::of(&kek));
        Ok(())
    })
}

/// Moves a KEK to another provider of custody, which mediaseal_provider_describe names: the next version is made there. The keys under the former ones follow by mediaseal_custody_sweep.
///
/// Borrows `access` and the texts. Writes the new version to `out_kek`.
///
/// Returns what mediaseal_custody_rotate_kek returns. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_custody_move_kek(
    custody: *const mediaseal_custody,
    access: *const mediaseal_access,
    kek_id: *const c_char,
    provider_scheme: *const c_char,
    provider_id: *const c_char,
    out_kek: *mut mediaseal_kek,
) -> mediaseal_status {
    let out = SizedOut::new(out_kek);
    shared(custody, |custody| {
        let out = out?;
        let access = access_of(access)?;
        let to = provider_of(provider_scheme, provider_id)?;
        let to = to.ok_or(Fault(MEDIASEAL_ERR_NULL_POINTER))?;
        let kek = custody.move_kek(&access, text(kek_id)?, &to)?;
        out.write(&mediaseal_kek::of(&kek));
        Ok(())
    })
}

/// Tells `hear` of all versions of all KEKs as they are at this moment, the latest version of each first.
///
/// Borrows `access` and `user_data`. `hear` must not call the library.
///
/// Returns MEDIASEAL_OK and what mediaseal_custody_create_kek returns for every call. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_custody_list_keks(
    custody: *const mediaseal_custody,
    access: *const mediaseal_access,
    hear: mediaseal_kek_callback,
    user_data: *mut c_void,
) -> mediaseal_status {
    shared(custody, |custody| {
        let access = access_of(access)?;
        let hear = hear.ok_or(Fault(MEDIASEAL_ERR_NULL_POINTER))?;
        for info in custody.keks(&access)? {
            let info = mediaseal_kek_info::of(&info);
            let _scope = CallbackScope::enter();
            // SAFETY: the function is what the header asks for, and reads the struct until it returns.
            unsafe { hear(user_data, &raw const info) };
        }
        Ok(())
    })
}

/// Writes what is known of one version of a KEK to `out_info`; version 0 stands for the latest.
///
/// Borrows `access` and `kek_id`.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_KEY_NOT_FOUND, and what mediaseal_custody_create_kek returns for every call. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_custody_describe_kek(
    custody: *const mediaseal_custody,
    access: *const mediaseal_access,
    kek_id: *const c_char,
    version: u32,
    out_info: *mut mediaseal_kek_info,
) -> mediaseal_status {
    let out = SizedOut::new(out_info);
    shared(custody, |custody| {
        let out = out?;
        let id = text(kek_id)?;
        let keks = custody.keks(&access_of(access)?)?;
        let found = keks.iter().find(|info| {
            info.spec.kek.id == id && (version == 0 || info.spec.kek.version == version)
        });
        let found = found.ok_or(Fault(MEDIASEAL_ERR_KEY_NOT_FOUND))?;
        out.write(&mediaseal_kek_info::of(found));
        Ok(())
    })
}

/// Gives one version of a KEK another state, for a reason that its history keeps. MEDIASEAL_KEY_STATE_DESTROYED is mediaseal_custody_destroy_kek's.
///
/// Borrows `access` and the texts. Writes to `out_enforced`, which may be NULL, who enforces the state: one of `MEDIASEAL_ENFORCED_…`.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_KEY_TRANSITION, MEDIASEAL_ERR_KEY_NOT_FOUND, MEDIASEAL_ERR_KEY_DESTROYED, and what mediaseal_custody_create_kek returns. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_custody_set_state(
    custody: *const mediaseal_custody,
    access: *const mediaseal_access,
    kek_id: *const c_char,
    version: u32,
    state: u32,
    reason: *const c_char,
    out_enforced: *mut u32,
) -> mediaseal_status {
    let out = (!out_enforced.is_null()).then(|| Out::new(out_enforced, 0));
    shared(custody, |custody| {
        let out = out.transpose()?;
        let access = access_of(access)?;
        let kek = kek_of(kek_id, version)?;
        let state = u8::try_from(state).ok().and_then(KeyState::from_number);
        let state = state.ok_or(Fault(MEDIASEAL_ERR_UNKNOWN_VALUE))?;
        let told = custody.set_state(&access, &kek, state, text(reason)?)?;
        if let Some(out) = out {
            out.write(match told {
                Told::Provider(Enforcement::ByProvider) => MEDIASEAL_ENFORCED_BY_PROVIDER,
                Told::Provider(Enforcement::ByCustodyOnly) => MEDIASEAL_ENFORCED_BY_CUSTODY,
                Told::Later(_) => MEDIASEAL_ENFORCED_LATER,
            });
        }
        Ok(())
    })
}

/// Puts a deactivated or compromised version of a KEK into the archive: it opens nothing until mediaseal_custody_restore_kek.
///
/// Borrows `access` and the texts.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_KEY_STATE in other states, and what mediaseal_custody_set_state returns. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_custody_archive_kek(
    custody: *const mediaseal_custody,
    access: *const mediaseal_access,
    kek_id: *const c_char,
    version: u32,
    reason: *const c_char,
) -> mediaseal_status {
    shared(custody, |custody| {
        let kek = kek_of(kek_id, version)?;
        Ok(custody.archive(&access_of(access)?, &kek, text(reason)?)?)
    })
}

/// Takes a version of a KEK out of the archive, in the state that it went in with.
///
/// Borrows `access` and the texts.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_VAULT_ARGUMENT if it is not archived, and what mediaseal_custody_set_state returns. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_custody_restore_kek(
    custody: *const mediaseal_custody,
    access: *const mediaseal_access,
    kek_id: *const c_char,
    version: u32,
    reason: *const c_char,
) -> mediaseal_status {
    shared(custody, |custody| {
        let kek = kek_of(kek_id, version)?;
        Ok(custody.restore(&access_of(access)?, &kek, text(reason)?)?)
    })
}

/// Destroys one version of a KEK, which is in pre-activation, deactivated or compromised, and leaves a tombstone. `mode` is one of `MEDIASEAL_DESTROY_…`, `survivors` one of `MEDIASEAL_SURVIVORS_…`.
///
/// Borrows `access` and the texts. Writes what is left to `out_tombstone`, which may be NULL. Where the provider cannot be reached, the key is out of use already and mediaseal_custody_tick asks again. Wrapped keys that are
/// not of the store, such as those of recordings, are the caller's to wrap anew before.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_KEY_TRANSITION in other states, MEDIASEAL_ERR_KEY_STATE if DEKs are left that must not be, MEDIASEAL_ERR_KEY_DESTROYED, and what mediaseal_custody_set_state returns. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_custody_destroy_kek(
    custody: *const mediaseal_custody,
    access: *const mediaseal_access,
    kek_id: *const c_char,
    version: u32,
    mode: u32,
    survivors: u32,
    reason: *const c_char,
    out_tombstone: *mut mediaseal_tombstone,
) -> mediaseal_status {
    let out = SizedOut::optional(out_tombstone);
    shared(custody, |custody| {
        let out = out?;
        let access = access_of(access)?;
        let kek = kek_of(kek_id, version)?;
        let mode = match mode {
            MEDIASEAL_DESTROY_LOGICAL => DestroyMode::Logical,
            MEDIASEAL_DESTROY_EFFECTIVE => DestroyMode::Effective,
            _ => return Err(Fault(MEDIASEAL_ERR_UNKNOWN_VALUE)),
        };
        let survivors = match survivors {
            MEDIASEAL_SURVIVORS_MUST_BE_NONE => Survivors::MustBeNone,
            MEDIASEAL_SURVIVORS_ARE_LOST => Survivors::AreLost,
            _ => return Err(Fault(MEDIASEAL_ERR_UNKNOWN_VALUE)),
        };
        let tombstone = custody.destroy_kek(&access, &kek, mode, survivors, text(reason)?)?;
        if let Some(out) = out {
            out.write(&mediaseal_tombstone::of(&tombstone));
        }
        Ok(())
    })
}

/// Wraps all DEKs of the store that are under former versions of a KEK anew under the current one, `batch` (1 to 10,000) in a transaction. It remembers nothing, and can be stopped, killed and begun again.
///
/// Borrows `access`, `kek_id` and `user_data`. `hear`, which may be NULL, hears of each batch, may stop it, and must not call the library. Writes how far it came to `out_progress`, which may be NULL; keys that failed are left as they are
/// and counted.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_STOPPED, MEDIASEAL_ERR_KEY_STATE if no version is active, and what mediaseal_custody_rotate_kek returns. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_custody_sweep(
    custody: *const mediaseal_custody,
    access: *const mediaseal_access,
    kek_id: *const c_char,
    batch: u32,
    hear: mediaseal_sweep_callback,
    user_data: *mut c_void,
    out_progress: *mut mediaseal_sweep_progress,
) -> mediaseal_status {
    let out = SizedOut::optional(out_progress);
    shared(custody, |custody| {
        let out = out?;
        let access = access_of(access)?;
        let mut last = mediaseal_sweep_progress::of(&SweepProgress::default(), 0);
        let swept = custody.sweep(&access, text(kek_id)?, batch, &mut |progress| {
            last = mediaseal_sweep_progress::of(progress, 0);
            match hear {
                Some(hear) => told_of_sweep(hear, user_data, progress),
                None => ControlFlow::Continue(()),
            }
        });
        if let Ok(report) = &swept {
            let skipped = u32::try_from(report.skipped.len()).unwrap_or(u32::MAX);
            last = mediaseal_sweep_progress::of(&report.progress, skipped);
        }
        if let Some(out) = out {
            out.write(&last);
        }
        Ok(swept.map(drop)?)
    })
}

/// Tells the caller's function how far a sweep is, and hears whether it goes on.
pub(super) fn told_of_sweep(
    hear: unsafe extern "C" fn(*mut c_void, *const mediaseal_sweep_progress) -> u32,
    user_data: *mut c_void,
    progress: &SweepProgress,
) -> ControlFlow<()> {
    let told = mediaseal_sweep_progress::of(progress, 0);
    let _scope = CallbackScope::enter();
    // SAFETY: the function is what the header asks for, and reads the struct until it returns.
    match unsafe { hear(user_data, &raw const told) } {
        0 => ControlFlow::Continue(()),
        _ => ControlFlow::Break(()),
    }
}

impl mediaseal_kek_info {
    fn of(info: &KekInfo) -> Self {
        Self {
            struct_size: size_of_struct::<Self>(),
            version: info.spec.kek.version,
            state: info.state as u32,
            flags: if info.archived {
                MEDIASEAL_KEK_ARCHIVED
            } else {
                0
            },
            activates_unix_micros: info.activates_unix_micros.unwrap_or(0),
            expires_unix_micros: info.expires_unix_micros.unwrap_or(0),
            deks: info.deks,
            id: field(&info.spec.kek.id),
            tenant: field(&info.spec.tenant),
            region: field(&info.spec.region),
            purpose: field(&info.spec.purpose),
            provider_scheme: field(&info.provider.scheme),
            provider_id: field(&info.provider.id),
        }
    }
}

impl mediaseal_tombstone {
    pub(super) fn of(tombstone: &Tombstone) -> Self {
        Self {
            struct_size: 0,
            mode: match tombstone.mode {
                DestroyMode::Logical => MEDIASEAL_DESTROY_LOGICAL,
                DestroyMode::Effective => MEDIASEAL_DESTROY_EFFECTIVE,
            },
            unix_micros: tombstone.unix_micros,
            gone_unix_micros: tombstone.gone_unix_micros.unwrap_or(0),
        }
    }
}

impl mediaseal_sweep_progress {
    fn of(progress: &SweepProgress, skipped: u32) -> Self {
        Self {
            struct_size: size_of_struct::<Self>(),
            skipped,
            total: progress.total,
            done: progress.done,
            failed: progress.failed,
        }
    }
}
