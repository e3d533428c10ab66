//! Opening custody, its time, and its end.

use core::ffi::c_char;
use core::ptr::null_mut;
use std::sync::Arc;

use super::hooks::{ForeignAudit, ForeignAuthorizer, ForeignClock, Hook};
use super::text_or_empty;
use crate::ffi::boundary::enter;
use crate::ffi::convert::{Out, SizedOut, items, sized, text};
use crate::ffi::handle::{Object, close_shared, free_shared, new_shared, share_of, shared};
use crate::ffi::numbers::{
    MEDIASEAL_CUSTODY_EVERYBODY, MEDIASEAL_CUSTODY_NO_LAZY_REWRAP,
    MEDIASEAL_CUSTODY_UNWRAP_SUSPENDED, MEDIASEAL_ROLE_AUDITOR, MEDIASEAL_ROLE_KEY_ADMIN,
    MEDIASEAL_ROLE_RECORDER, MEDIASEAL_ROLE_VIEWER,
};
use crate::ffi::provider_types::mediaseal_provider;
use crate::ffi::status::{
    Fault, MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_UNKNOWN_VALUE, MEDIASEAL_ERR_VAULT_ARGUMENT,
    MEDIASEAL_OK, mediaseal_status,
};
use crate::ffi::vault_types::{
    mediaseal_custody_options, mediaseal_role_of, mediaseal_tick_report,
};
use crate::vault::custody::{
    Authorizer, Custody, CustodyError, CustodyOptions, Everybody, KeyProvider, Policy, Role, Roles,
};

/// Keys in custody: KEKs of tenants, regions and purposes, DEKs under them, and who may use them.
pub struct mediaseal_custody {
    _opaque: (),
}

impl Object for mediaseal_custody {
    type Value = Custody;
    const TAG: u32 = 0x6d73_000c;
}

/// Makes a store of custody in the file `path`, for this user alone on Unix, and opens it.
///
/// Borrows `path`; copies what `options` holds, shares its providers, and consumes the user_data of its callbacks, on success alone. Writes a new object to `out_custody`, which the caller ends with
/// mediaseal_custody_free. Time is the system's clock, unless `options` have another.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_VAULT_ARGUMENT if there is a store already, a provider is given twice or not at all, who decides is said not once, or roles do not go together,
/// MEDIASEAL_ERR_NULL_POINTER also without an audit callback, MEDIASEAL_ERR_UNKNOWN_VALUE, MEDIASEAL_ERR_DISK_FULL, MEDIASEAL_ERR_VAULT_STORE, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_STRUCT_SIZE,
/// MEDIASEAL_ERR_NOT_UTF8. Any thread. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_custody_create(
    path: *const c_char,
    options: *const mediaseal_custody_options,
    out_custody: *mut *mut mediaseal_custody,
) -> mediaseal_status {
    let out = Out::new(out_custody, null_mut());
    enter(|| {
        let out = out?;
        begin(path, options, &out, |path, options| {
            Custody::create(path, options)
        })
    })
}

/// Opens the store of custody in the file `path`. It makes none: a wrong path must not look like a store without keys.
///
/// The rest is as in mediaseal_custody_create. A store may be open in several processes; a forked process opens its own.
///
/// Returns what mediaseal_custody_create returns, MEDIASEAL_ERR_KEY_NOT_FOUND if there is no store, MEDIASEAL_ERR_VAULT_DAMAGED. Any thread. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_custody_open(
    path: *const c_char,
    options: *const mediaseal_custody_options,
    out_custody: *mut *mut mediaseal_custody,
) -> mediaseal_status {
    let out = Out::new(out_custody, null_mut());
    enter(|| {
        let out = out?;
        begin(path, options, &out, |path, options| {
            Custody::open(path, options)
        })
    })
}

fn begin(
    path: *const c_char,
    options: *const mediaseal_custody_options,
    out: &Out<*mut mediaseal_custody>,
    open: impl FnOnce(&str, CustodyOptions) -> Result<Custody, CustodyError>,
) -> Result<(), Fault> {
    let path = text(path)?;
    let given = sized(options)?;
    let known = MEDIASEAL_CUSTODY_UNWRAP_SUSPENDED
        | MEDIASEAL_CUSTODY_NO_LAZY_REWRAP
        | MEDIASEAL_CUSTODY_EVERYBODY;
    if given.flags & !known != 0 {
        return Err(Fault(MEDIASEAL_ERR_UNKNOWN_VALUE));
    }
    let has = |flag| given.flags & flag != 0;
    let wrong = Fault(MEDIASEAL_ERR_VAULT_ARGUMENT);
    let providers = items(given.providers, given.provider_count)?
        .iter()
        .map(|provider| Ok(share_of::<mediaseal_provider>(*provider)?.provider))
        .collect::<Result<Vec<Arc<dyn KeyProvider>>, Fault>>()?;
    let audit = given.audit.ok_or(Fault(MEDIASEAL_ERR_NULL_POINTER))?;
    let audit = Hook::new(audit, given.audit_user_data, given.audit_destroy);
    let decides = given.authorize.map(|call| {
        let destroy = given.authorize_destroy;
        Hook::new(call, given.authorize_user_data, destroy)
    });
    let roles: &[mediaseal_role_of] = items(given.roles, given.role_count)?;
    let everybody = has(MEDIASEAL_CUSTODY_EVERYBODY);
    let authorizer: Arc<dyn Authorizer> = match (&decides, roles, everybody) {
        (Some(hook), [], false) => Arc::new(ForeignAuthorizer(Arc::clone(hook))),
        (None, [_, ..], false) => Arc::new(roles_of(roles)?),
        (None, [], true) => Arc::new(Everybody),
        _ => return Err(wrong),
    };
    let mut policy = match text_or_empty(given.pinned_region)? {
        "" if !given.pinned_region.is_null() => return Err(wrong),
        "" => Policy::default(),
        region => Policy::pin(region),
    };
    if has(MEDIASEAL_CUSTODY_UNWRAP_SUSPENDED) {
        policy = policy.unwrapping_suspended();
    }
    if has(MEDIASEAL_CUSTODY_NO_LAZY_REWRAP) {
        policy = policy.without_lazy_rewrap();
    }
    let mut providers = providers.into_iter();
    let first = providers.next().ok_or(wrong)?;
    let sink = Arc::new(ForeignAudit(Arc::clone(&audit)));
    let options = CustodyOptions::new(first, authorizer, sink).with_policy(policy);
    let options = providers.fold(options, CustodyOptions::with_provider);
    let clock = given.clock.map(|call| {
        let destroy = given.clock_destroy;
        Hook::new(call, given.clock_user_data, destroy)
    });
    let options = match &clock {
        Some(hook) => options.with_clock(Arc::new(ForeignClock(Arc::clone(hook)))),
        None => options,
    };
    let custody = open(path, options)?;
    audit.take_over();
    if let Some(decides) = decides {
        decides.take_over();
    }
    if let Some(clock) = clock {
        clock.take_over();
    }
    out.write(new_shared(custody));
    Ok(())
}

fn roles_of(given: &[mediaseal_role_of]) -> Result<Roles, Fault> {
    given.iter().try_fold(Roles::new(), |roles, given| {
        let role = match given.role {
            MEDIASEAL_ROLE_VIEWER => Role::Viewer,
            MEDIASEAL_ROLE_RECORDER => Role::Recorder,
            MEDIASEAL_ROLE_KEY_ADMIN => Role::KeyAdmin,
            MEDIASEAL_ROLE_AUDITOR => Role::Auditor,
            _ => return Err(Fault(MEDIASEAL_ERR_UNKNOWN_VALUE)),
        };
        if given.reserved != 0 {
            return Err(Fault(MEDIASEAL_ERR_UNKNOWN_VALUE));
        }
        let tenant = (!given.tenant.is_null()).then(|| text(given.tenant));
        let tenant = tenant.transpose()?;
        roles
            .give(text(given.principal)?, role, tenant)
            .map_err(|_| Fault(MEDIASEAL_ERR_VAULT_ARGUMENT))
    })
}

/// Does what time asks for: activates keys whose time has come, deactivates those whose cryptoperiod is over, and tells providers what they could not be told before. Call it once a minute or so;
/// a key whose period is over wraps nothing even if nobody called.
///
/// Writes what it did to `out_report`, which may be NULL; what fails for one key is counted there and tried again at the next call.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_VAULT_DAMAGED, MEDIASEAL_ERR_VAULT_STORE, MEDIASEAL_ERR_VAULT_BUSY, MEDIASEAL_ERR_FORKED, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_STRUCT_SIZE.
/// Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_custody_tick(
    custody: *const mediaseal_custody,
    out_report: *mut mediaseal_tick_report,
) -> mediaseal_status {
    let out = SizedOut::optional(out_report);
    shared(custody, |custody| {
        let out = out?;
        let report = custody.tick()?;
        if let Some(out) = out {
            let count = |len: usize| u64::try_from(len).unwrap_or(u64::MAX);
            let first = report.failed.first();
            out.write(&mediaseal_tick_report {
                struct_size: 0,
                first_failure: first.map_or(MEDIASEAL_OK, |(_, error)| Fault::from(error).0),
                changed: count(report.changed.len()),
                told: count(report.told.len()),
                failed: count(report.failed.len()),
            });
        }
        Ok(())
    })
}

/// Writes to `out_count` how many events could not be written down and were not needed to be, such as refusals.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_custody_unrecorded(
    custody: *const mediaseal_custody,
    out_count: *mut u64,
) -> mediaseal_status {
    let out = Out::new(out_count, 0);
    shared(custody, |custody| {
        out?.write(custody.unrecorded());
        Ok(())
    })
}

/// Ends the use of custody: calls that begin later return MEDIASEAL_ERR_CLOSED.
///
/// Returns MEDIASEAL_OK, also if it is closed already; MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_BAD_HANDLE. Any thread, at any time. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_custody_close(
    custody: *mut mediaseal_custody,
) -> mediaseal_status {
    close_shared(custody)
}

/// Frees custody, the last use of it. NULL is accepted. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_custody_free(custody: *mut mediaseal_custody) {
    free_shared(custody);
}
