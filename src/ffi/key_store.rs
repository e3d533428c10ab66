//! Raw keys, as RFC 9605 has them.

use core::ffi::c_void;
use core::ptr::null_mut;

use super::boundary::enter;
use super::cipher::mediaseal_cipher;
use super::convert::{Out, Sized32, SizedOut, octets};
use super::counter_store::mediaseal_counter_store;
use super::events::{Callback, Listener};
use super::handle::{Object, close_shared, free_shared, new_shared, share_of, shared};
use super::numbers::{MEDIASEAL_ORIGIN_COUNTER_STORE, MEDIASEAL_ORIGIN_FRESH_KEY};
use super::status::{
    Fault, MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_UNKNOWN_VALUE, mediaseal_status,
};
use super::types::{mediaseal_destructor, mediaseal_event, mediaseal_event_callback};
use crate::id::{KeyId, SenderId};
use crate::keys::{BaseKey, CounterOrigin, KeyStore};

/// Raw keys: the application brings a base key for each KID, and vouches for both (RFC 9605).
pub struct mediaseal_key_store {
    _opaque: (),
}

/// A key store, and who hears its events.
#[derive(Clone)]
pub(super) struct Keys {
    pub(super) store: KeyStore,
    listener: Listener,
}

impl Object for mediaseal_key_store {
    type Value = Keys;
    const TAG: u32 = 0x6d73_0003;
}

/// Makes an empty store for raw keys of `cipher`.
///
/// Borrows `cipher`. Writes a new object to `out_store`, which the caller ends with mediaseal_key_store_free.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_SHORT_TAG without opt-in, MEDIASEAL_ERR_ENTROPY, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Any thread. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_key_store_new(
    cipher: *const mediaseal_cipher,
    out_store: *mut *mut mediaseal_key_store,
) -> mediaseal_status {
    let out = Out::new(out_store, null_mut());
    enter(|| {
        let out = out?;
        let store = KeyStore::raw_with(&share_of(cipher)?)?;
        out.write(new_shared(Keys {
            store,
            listener: Listener::default(),
        }));
        Ok(())
    })
}

/// Adds a key to seal with. It seals nothing before mediaseal_key_store_activate.
///
/// `origin` is MEDIASEAL_ORIGIN_FRESH_KEY, with `counter_store` NULL, or MEDIASEAL_ORIGIN_COUNTER_STORE. Copies `base_key`, MEDIASEAL_KEY_MIN_LEN to
/// MEDIASEAL_KEY_MAX_LEN octets; the caller wipes his own. With a counter store it writes a file: not for a media thread.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_KID_IN_USE, MEDIASEAL_ERR_KEY_REUSED, MEDIASEAL_ERR_SEND_AND_RECEIVE, MEDIASEAL_ERR_KEY_LENGTH,
/// MEDIASEAL_ERR_UNKNOWN_VALUE for another origin, `MEDIASEAL_ERR_COUNTER_STORE_…`, MEDIASEAL_ERR_CIPHER_FAILED, MEDIASEAL_ERR_CLOSED,
/// MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_key_store_add_send(
    store: *const mediaseal_key_store,
    base_key: *const u8,
    base_key_len: usize,
    kid: u64,
    origin: u32,
    counter_store: *const mediaseal_counter_store,
) -> mediaseal_status {
    shared(store, |keys| {
        let base_key = BaseKey::from_slice(octets(base_key, base_key_len)?)?;
        let kid = KeyId::new(kid);
        match origin {
            MEDIASEAL_ORIGIN_FRESH_KEY if counter_store.is_null() => {
                keys.store
                    .add_send(base_key, kid, CounterOrigin::FreshKey)?;
            }
            MEDIASEAL_ORIGIN_COUNTER_STORE => {
                let counters = share_of(counter_store)?;
                let origin = CounterOrigin::Store(&counters);
                keys.store.add_send(base_key, kid, origin)?;
            }
            _ => return Err(Fault(MEDIASEAL_ERR_UNKNOWN_VALUE)),
        }
        Ok(())
    })
}

/// Adds a key to open with, and names the sender whom the application knows to hold it.
///
/// `opens_at` is 0 for at once, or the seconds since 1970 from whose tick on it opens. Copies `base_key` and `sender`, which has at most
/// MEDIASEAL_SENDER_ID_MAX_LEN octets and may be empty.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_KID_IN_USE, MEDIASEAL_ERR_SEND_AND_RECEIVE, MEDIASEAL_ERR_KEY_LENGTH, MEDIASEAL_ERR_SENDER_ID_TOO_LONG,
/// MEDIASEAL_ERR_CIPHER_FAILED, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_key_store_add_receive(
    store: *const mediaseal_key_store,
    base_key: *const u8,
    base_key_len: usize,
    kid: u64,
    sender: *const u8,
    sender_len: usize,
    opens_at: u64,
) -> mediaseal_status {
    shared(store, |keys| {
        let base_key = BaseKey::from_slice(octets(base_key, base_key_len)?)?;
        let sender = SenderId::new(octets(sender, sender_len)?)?;
        let kid = KeyId::new(kid);
        match opens_at {
            0 => keys.store.add_receive(base_key, kid, sender)?,
            _ => keys.store.add_receive_at(base_key, kid, sender, opens_at)?,
        }
        Ok(())
    })
}

/// Makes a send key the one that seals, from the next frame of every encryptor on.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_UNKNOWN_SEND_KEY, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_key_store_activate(
    store: *const mediaseal_key_store,
    kid: u64,
) -> mediaseal_status {
    shared(store, |keys| Ok(keys.store.activate(KeyId::new(kid))?))
}

/// Retires a send key. It is wiped when the last encryptor that used it handles its next frame, is refreshed, closed or freed.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_UNKNOWN_SEND_KEY, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_key_store_retire_send(
    store: *const mediaseal_key_store,
    kid: u64,
) -> mediaseal_status {
    shared(store, |keys| Ok(keys.store.retire_send(KeyId::new(kid))?))
}

/// Retires a receive key: its frames are MEDIASEAL_ERR_RETIRED_KEY from now on. It is wiped like a send key; how far it had opened is remembered.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_UNKNOWN_RECEIVE_KEY, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_key_store_retire_receive(
    store: *const mediaseal_key_store,
    kid: u64,
) -> mediaseal_status {
    shared(store, |keys| {
        Ok(keys.store.retire_receive(KeyId::new(kid))?)
    })
}

/// Opens nothing more under a key once 4,096 frames failed authentication under it: MEDIASEAL_ERR_INTEGRITY_LIMIT.
///
/// Off by default, because so many junk packets would silence a sender until a fresh key comes; for 32-bit tags it may be worth that.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_key_store_refuse_after_failures(
    store: *const mediaseal_key_store,
) -> mediaseal_status {
    shared(store, |keys| {
        keys.store.refuse_after_failures();
        Ok(())
    })
}

/// Tells the time, in seconds since 1970, and then the events that wait to the callback, if there is one.
///
/// Call it at least once a minute, off the media threads: it opens the keys that were waiting for it, and reserves the next counters on disk.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_CLOCK_UNSET under 3600, `MEDIASEAL_ERR_COUNTER_STORE_…` if a reserve cannot be written, MEDIASEAL_ERR_FORKED,
/// MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_key_store_tick(
    store: *const mediaseal_key_store,
    unix_seconds: u64,
) -> mediaseal_status {
    shared(store, |keys| {
        let ticked = keys.store.tick(unix_seconds);
        keys.listener.tell(|| keys.store.poll_event());
        Ok(ticked?)
    })
}

/// Takes the oldest event, if there is one: `type` is MEDIASEAL_EVENT_NONE if there is none.
///
/// The queue has room for 256; MEDIASEAL_EVENT_EVENTS_LOST comes first where any were dropped. A store with a callback tells it at each tick; who polls, sets none.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_STRUCT_SIZE. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_key_store_poll_event(
    store: *const mediaseal_key_store,
    out_event: *mut mediaseal_event,
) -> mediaseal_status {
    shared(store, |keys| {
        let out = SizedOut::new(out_event)?;
        let event = keys.store.poll_event();
        out.write(&event.map_or_else(mediaseal_event::zeroed, |event| mediaseal_event::of(&event)));
        Ok(())
    })
}

/// Sets who hears the events of a store: `callback` runs inside of mediaseal_key_store_tick and mediaseal_key_store_deliver_events, in their thread, one event at a time.
///
/// `callback` NULL unsets it; when this returns, no former callback is running or will run again. `destroy`, which may be NULL, is called exactly once with `user_data`,
/// when the callback is replaced or unset, or the store is closed or freed. Consumes `user_data`.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER (also for `user_data` or `destroy` without `callback`). Any threads at once, not in a callback. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_key_store_set_event_callback(
    store: *const mediaseal_key_store,
    callback: mediaseal_event_callback,
    user_data: *mut c_void,
    destroy: mediaseal_destructor,
) -> mediaseal_status {
    shared(store, |keys| {
        if callback.is_none() && (destroy.is_some() || !user_data.is_null()) {
            return Err(Fault(MEDIASEAL_ERR_NULL_POINTER));
        }
        keys.listener.set(callback.map(|hear| Callback {
            hear,
            user_data,
            destroy,
        }));
        Ok(())
    })
}

/// Tells the events that wait to the callback now.
///
/// Returns MEDIASEAL_OK, also if there is no callback (the events then stay for mediaseal_key_store_poll_event), MEDIASEAL_ERR_CLOSED,
/// MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_key_store_deliver_events(
    store: *const mediaseal_key_store,
) -> mediaseal_status {
    shared(store, |keys| {
        keys.listener.tell(|| keys.store.poll_event());
        Ok(())
    })
}

/// Ends the use of a store: later calls with it return MEDIASEAL_ERR_CLOSED. Its encryptors and decryptors go on.
///
/// Returns MEDIASEAL_OK, also if it is closed already; MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_BAD_HANDLE. Any thread, at any time. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_key_store_close(
    store: *mut mediaseal_key_store,
) -> mediaseal_status {
    close_shared(store)
}

/// Frees a store, the last use of it. NULL is accepted; its encryptors and decryptors may be freed before or after. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_key_store_free(store: *mut mediaseal_key_store) {
    free_shared(store);
}
