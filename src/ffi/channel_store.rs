//! The channels of an application: its clock and its events.

use core::ffi::c_void;
use core::ptr::null_mut;

use super::boundary::enter;
use super::convert::{Out, Sized32, SizedOut};
use super::events::{Callback, Listener};
use super::handle::{Object, close_shared, free_shared, new_shared, shared};
use super::status::{Fault, MEDIASEAL_ERR_NULL_POINTER, mediaseal_status};
use super::types::{mediaseal_destructor, mediaseal_event, mediaseal_event_callback};
use crate::keys::ChannelStore;

/// The channels of an application, with their keys.
pub struct mediaseal_channel_store {
    _opaque: (),
}

/// A channel store, and who hears its events.
#[derive(Clone)]
pub(super) struct Channels {
    pub(super) store: ChannelStore,
    listener: Listener,
}

impl Object for mediaseal_channel_store {
    type Value = Channels;
    const TAG: u32 = 0x6d73_0004;
}

/// Makes a store without channels.
///
/// Writes a new object to `out_store`, which the caller ends with mediaseal_channel_store_free.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_ENTROPY, MEDIASEAL_ERR_NULL_POINTER. Any thread. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_channel_store_new(
    out_store: *mut *mut mediaseal_channel_store,
) -> mediaseal_status {
    let out = Out::new(out_store, null_mut());
    enter(|| {
        let out = out?;
        out.write(new_shared(Channels {
            store: ChannelStore::new()?,
            listener: Listener::default(),
        }));
        Ok(())
    })
}

/// Tells the time, in seconds since 1970, to every channel, and then the events that wait to the callback, if there is one.
///
/// Call it at least once a minute, off the media threads: it opens what waits for its time, ends grace, and prepares the next sessions of encryptors, so that
/// no frame has to.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_CLOCK_UNSET under 3600; MEDIASEAL_ERR_ENTROPY, MEDIASEAL_ERR_FORKED, MEDIASEAL_ERR_CIPHER_FAILED if a next session cannot be made
/// (its encryptor tries again); MEDIASEAL_ERR_CLOSED,
/// MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_channel_store_tick(
    store: *const mediaseal_channel_store,
    unix_seconds: u64,
) -> mediaseal_status {
    shared(store, |channels| {
        let ticked = channels.store.tick(unix_seconds);
        channels.listener.tell(|| channels.store.poll_event());
        Ok(ticked?)
    })
}

/// Makes every encryptor begin a new session with its next frame.
///
/// Call it when the process image may run twice: after a virtual machine was resumed from a snapshot, or a container from a checkpoint.
///
/// Returns MEDIASEAL_OK; MEDIASEAL_ERR_ENTROPY, MEDIASEAL_ERR_FORKED, MEDIASEAL_ERR_CIPHER_FAILED if a session cannot be made (its encryptor tries again at its next
/// frame); MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_channel_store_renew_sessions(
    store: *const mediaseal_channel_store,
) -> mediaseal_status {
    shared(store, |channels| Ok(channels.store.renew_sessions()?))
}

/// Takes the oldest event, if there is one: `type` is MEDIASEAL_EVENT_NONE if there is none.
///
/// The queue has room for 256; MEDIASEAL_EVENT_EVENTS_LOST comes first where any were dropped. A store with a callback tells it at each tick; who polls, sets none.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_STRUCT_SIZE. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_channel_store_poll_event(
    store: *const mediaseal_channel_store,
    out_event: *mut mediaseal_event,
) -> mediaseal_status {
    shared(store, |channels| {
        let out = SizedOut::new(out_event)?;
        let event = channels.store.poll_event();
        out.write(&event.map_or_else(mediaseal_event::zeroed, |event| mediaseal_event::of(&event)));
        Ok(())
    })
}

/// Sets who hears the events of a store: `callback` runs inside of mediaseal_channel_store_tick and mediaseal_channel_store_deliver_events, in their thread, one event at a time.
///
/// `callback` NULL unsets it; when this returns, no former callback is running or will run again. `destroy`, which may be NULL, is called exactly once with `user_data`,
/// when the callback is replaced or unset, or the store is closed or freed. Consumes `user_data`.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER (also for `user_data` or `destroy` without `callback`). Any threads at once, not in a callback. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_channel_store_set_event_callback(
    store: *const mediaseal_channel_store,
    callback: mediaseal_event_callback,
    user_data: *mut c_void,
    destroy: mediaseal_destructor,
) -> mediaseal_status {
    shared(store, |channels| {
        if callback.is_none() && (destroy.is_some() || !user_data.is_null()) {
            return Err(Fault(MEDIASEAL_ERR_NULL_POINTER));
        }
        channels.listener.set(callback.map(|hear| Callback {
            hear,
            user_data,
            destroy,
        }));
        Ok(())
    })
}

/// Tells the events that wait to the callback now.
///
/// Returns MEDIASEAL_OK, also if there is no callback (the events then stay for mediaseal_channel_store_poll_event), MEDIASEAL_ERR_CLOSED,
/// MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_channel_store_deliver_events(
    store: *const mediaseal_channel_store,
) -> mediaseal_status {
    shared(store, |channels| {
        channels.listener.tell(|| channels.store.poll_event());
        Ok(())
    })
}

/// Ends the use of a store: later calls with it return MEDIASEAL_ERR_CLOSED. Its channels, encryptors and decryptors go on; they are ticked no more.
///
/// Returns MEDIASEAL_OK, also if it is closed already; MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_BAD_HANDLE. Any thread, at any time. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_channel_store_close(
    store: *mut mediaseal_channel_store,
) -> mediaseal_status {
    close_shared(store)
}

/// Frees a store, the last use of it. NULL is accepted; its channels may be freed before or after. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_channel_store_free(store: *mut mediaseal_channel_store) {
    free_shared(store);
}
