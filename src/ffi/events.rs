//! Events as structs, and the callback that hears them.

use core::ffi::c_void;
use std::sync::{Arc, Mutex, PoisonError};

use super::boundary::CallbackScope;
use super::convert::Sized32;
use super::numbers::{
    MEDIASEAL_EVENT_EVENTS_LOST, MEDIASEAL_EVENT_KEY_EXHAUSTED, MEDIASEAL_EVENT_KEY_NEAR_LIMIT,
    MEDIASEAL_EVENT_MANY_AUTHENTICATION_FAILURES, MEDIASEAL_EVENT_PROOF_CHANGED,
    MEDIASEAL_EVENT_REPLAY_HISTORY_LOST, MEDIASEAL_EVENT_REPLAYED, MEDIASEAL_EVENT_SESSION_STARTED,
    MEDIASEAL_EVENT_STREAM_FAILING, MEDIASEAL_EVENT_STREAM_RECOVERED, MEDIASEAL_HAS_EPOCH,
};
use super::proof::mediaseal_proof_state;
use super::status::Fault;
use super::types::{mediaseal_destructor, mediaseal_event};
use crate::event::Event;
use crate::id::{KeyId, SenderId};

impl mediaseal_event {
    /// The same event, as C has it.
    pub(super) fn of(event: &Event) -> Self {
        let nothing = Self {
            struct_size: u32::try_from(size_of::<Self>()).unwrap_or(0),
            ..Self::zeroed()
        };
        match event {
            Event::KeyNearLimit { kid } => Self {
                r#type: MEDIASEAL_EVENT_KEY_NEAR_LIMIT,
                kid: kid.value(),
                ..nothing
            },
            Event::KeyExhausted { kid } => Self {
                r#type: MEDIASEAL_EVENT_KEY_EXHAUSTED,
                kid: kid.value(),
                ..nothing
            },
            Event::Replayed { kid, ctr, count } => Self {
                r#type: MEDIASEAL_EVENT_REPLAYED,
                kid: kid.value(),
                ctr: ctr.value(),
                count: *count,
                ..nothing
            },
            Event::ManyAuthenticationFailures { kid, failures } => Self {
                r#type: MEDIASEAL_EVENT_MANY_AUTHENTICATION_FAILURES,
                kid: kid.value(),
                count: *failures,
                ..nothing
            },
            Event::SessionStarted {
                kid,
                sender,
                media,
                generation,
                step,
            } => {
                let (sender, sender_len) = name(sender);
                Self {
                    r#type: MEDIASEAL_EVENT_SESSION_STARTED,
                    kid: kid.value(),
                    generation: *generation,
                    step: *step,
                    media: media.value().into(),
                    flags: MEDIASEAL_HAS_EPOCH,
                    sender_len,
                    sender,
                    ..nothing
                }
            }
            Event::ProofChanged { state } => {
                let proof = mediaseal_proof_state::of(*state);
                Self {
                    r#type: MEDIASEAL_EVENT_PROOF_CHANGED,
                    kid: proof.kid,
                    ctr: proof.ctr,
                    count: proof.frames,
                    proof: proof.state,
                    leak: proof.leak,
                    ..nothing
                }
            }
            Event::StreamFailing {
                stream,
                sender,
                kid,
                reason,
            } => {
                let (sender, sender_len) = sender.as_ref().map_or(([0; 256], 0), name);
                Self {
                    r#type: MEDIASEAL_EVENT_STREAM_FAILING,
                    kid: kid.map_or(0, KeyId::value),
                    ssrc: stream.value(),
                    status: Fault::from(*reason).0,
                    sender_len,
                    sender,
                    ..nothing
                }
            }
            Event::StreamRecovered {
                stream,
                sender,
                kid,
                refused,
            } => {
                let (sender, sender_len) = name(sender);
                Self {
                    r#type: MEDIASEAL_EVENT_STREAM_RECOVERED,
                    kid: kid.value(),
                    ssrc: stream.value(),
                    count: *refused,
                    sender_len,
                    sender,
                    ..nothing
                }
            }
            Event::ReplayHistoryLost => Self {
                r#type: MEDIASEAL_EVENT_REPLAY_HISTORY_LOST,
                ..nothing
            },
            Event::EventsLost { count } => Self {
                r#type: MEDIASEAL_EVENT_EVENTS_LOST,
                count: *count,
                ..nothing
            },
        }
    }
}

/// A sender's name in its field, and its length.
pub(super) fn name(sender: &SenderId) -> ([u8; 256], u32) {
    let octets = sender.as_bytes();
    let mut field = [0; 256];
    field[..octets.len()].copy_from_slice(octets);
    (field, u32::try_from(octets.len()).unwrap_or(0))
}

/// Who hears the events of a store. Clones share.
#[derive(Clone, Default)]
pub(super) struct Listener(Arc<Mutex<Option<Callback>>>);

/// A function of the application, and what it works on.
pub(super) struct Callback {
    pub(super) hear: unsafe extern "C" fn(*mut c_void, *const mediaseal_event),
    pub(super) user_data: *mut c_void,
    pub(super) destroy: mediaseal_destructor,
}

// SAFETY: the header says that the callback and the destructor may run in any thread, one at a time; the mutex sees to that.
unsafe impl Send for Callback {}

impl Drop for Callback {
    fn drop(&mut self) {
        if let Some(destroy) = self.destroy {
            let _scope = CallbackScope::enter();
            // SAFETY: the library owns `user_data` since it took the callback, which nobody calls any more, and this runs once.
            unsafe { destroy(self.user_data) };
        }
    }
}

impl Listener {
    /// Sets who hears, or nobody. When it returns no former callback is running or will run again.
    pub(super) fn set(&self, callback: Option<Callback>) {
        let former = core::mem::replace(
            &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner),
            callback,
        );
        drop(former);
    }

    /// Tells all events that `next` has; leaves them where they are if nobody hears.
    pub(super) fn tell(&self, next: impl Fn() -> Option<Event>) {
        let callback = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(callback) = &*callback else {
            return;
        };
        while let Some(event) = next() {
            let event = mediaseal_event::of(&event);
            let _scope = CallbackScope::enter();
            // SAFETY: the function is what the header asks for, and reads the event until it returns.
            unsafe { (callback.hear)(callback.user_data, &raw const event) };
        }
    }
}
