//! Counters that survive a restart.

use core::ffi::c_char;

use super::boundary::enter;
use super::convert::{Out, text};
use super::handle::{Object, close_shared, free_shared, new_shared};
use super::status::mediaseal_status;
use crate::keys::CounterStore;

/// A folder of counters for raw keys that survive a restart, locked for this process.
pub struct mediaseal_counter_store {
    _opaque: (),
}

impl Object for mediaseal_counter_store {
    type Value = CounterStore;
    const TAG: u32 = 0x6d73_0002;
}

/// Makes a new counter store in the folder `path`, which is made too if it is not there, and opens it.
///
/// Borrows `path`, UTF-8 with a zero octet at its end. Writes a new object to `out_store`, which the caller ends with mediaseal_counter_store_free; the folder stays locked
/// until the last key store that uses it is freed as well. Reads and writes files: not for a media thread.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_COUNTER_STORE_ALREADY_THERE, MEDIASEAL_ERR_COUNTER_STORE_LOCKED, MEDIASEAL_ERR_COUNTER_STORE_IO, MEDIASEAL_ERR_NOT_UTF8,
/// MEDIASEAL_ERR_NULL_POINTER. Any thread. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_counter_store_create(
    path: *const c_char,
    out_store: *mut *mut mediaseal_counter_store,
) -> mediaseal_status {
    let out = Out::new(out_store, core::ptr::null_mut());
    enter(|| {
        let out = out?;
        out.write(new_shared(CounterStore::create(text(path)?)?));
        Ok(())
    })
}

/// Opens the counter store that is in the folder `path`. It makes none: a wrong path must not look like a store whose keys are all new.
///
/// Borrows `path`, UTF-8 with a zero octet at its end. Writes a new object to `out_store`, as mediaseal_counter_store_create does.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_COUNTER_STORE_NOT_THERE, MEDIASEAL_ERR_COUNTER_STORE_LOCKED, MEDIASEAL_ERR_COUNTER_STORE_IO, MEDIASEAL_ERR_NOT_UTF8,
/// MEDIASEAL_ERR_NULL_POINTER. Any thread. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_counter_store_open(
    path: *const c_char,
    out_store: *mut *mut mediaseal_counter_store,
) -> mediaseal_status {
    let out = Out::new(out_store, core::ptr::null_mut());
    enter(|| {
        let out = out?;
        out.write(new_shared(CounterStore::open(text(path)?)?));
        Ok(())
    })
}

/// Ends the use of a counter store: later calls with it return MEDIASEAL_ERR_CLOSED. Key stores that use it go on.
///
/// Returns MEDIASEAL_OK, also if it is closed already; MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_BAD_HANDLE. Any thread, at any time. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_counter_store_close(
    store: *mut mediaseal_counter_store,
) -> mediaseal_status {
    close_shared(store)
}

/// Frees a counter store, the last use of it. NULL is accepted. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_counter_store_free(store: *mut mediaseal_counter_store) {
    free_shared(store);
}
