//! Objects behind pointers: what a handle is checked for before anything inside it is touched.
//!
//! ```text
//!   pointer ──► NULL? aligned? ──► tag of this type? ──► idle? ──► the value
//!               101   102          103                  104 closed, 105 busy, 902 poisoned
//! ```
//!
//! An *exclusive* object (encryptor, decryptor) is used by one thread at a time, as the header asks. A call marks it busy by a load and a store, so that calls
//! from callbacks and nearly all misuse by two threads are seen; a compare-exchange would see all of it, and cost each frame more than all else here
//! together. Closing is a mark of its own, which any thread may set and the next call obeys. A *shared* object (stores, channels, ciphers) is used by any
//! threads at once: a call takes a share of it.

use core::cell::UnsafeCell;
use core::mem::align_of;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use super::boundary::{enter, release};
use super::status::{
    Fault, MEDIASEAL_ERR_BAD_HANDLE, MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED,
    MEDIASEAL_ERR_MISALIGNED, MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_POISONED, Outcome,
    mediaseal_status,
};

const IDLE: u32 = 0;
const BUSY: u32 = 1;
const POISONED: u32 = 2;
const CLOSED: u32 = 3;

/// In place of the tag of an object that was freed.
const FREED: u32 = 0;

/// A type of the C interface: an opaque name, and what stands behind it.
pub(super) trait Object {
    /// What the pointer leads to.
    type Value;
    /// Tells objects of this type from those of others.
    const TAG: u32;
}

/// Every handle begins with it, whatever its type.
#[repr(C)]
struct Head {
    tag: AtomicU32,
    state: AtomicU32,
    /// Whether an exclusive object was closed. It stands apart from `state`, which the thread that uses the object writes.
    closed: AtomicBool,
}

/// An object that one thread uses at a time.
#[repr(C)]
struct ExclusiveHandle<T> {
    head: Head,
    value: UnsafeCell<Option<T>>,
}

/// An object that any threads use at once: each call works on a clone, which shares.
#[repr(C)]
struct SharedHandle<T> {
    head: Head,
    value: Mutex<Option<T>>,
}

impl Head {
    const fn new(tag: u32) -> Self {
        Self {
            tag: AtomicU32::new(tag),
            state: AtomicU32::new(IDLE),
            closed: AtomicBool::new(false),
        }
    }

    /// The head of the object at `object`, if it is one with `tag` and its handle is aligned to `align`.
    fn at<'a>(object: *const (), tag: u32, align: usize) -> Result<&'a Self, Fault> {
        if object.is_null() {
            return Err(Fault(MEDIASEAL_ERR_NULL_POINTER));
        }
        if !object.addr().is_multiple_of(align) {
            return Err(Fault(MEDIASEAL_ERR_MISALIGNED));
        }
        // SAFETY: the caller passes a pointer that a `_new` function returned and that was not freed since, or one to readable
        // memory of that size; every handle begins with a `Head`, whose fields may be read while others write them.
        let head = unsafe { &*object.cast::<Self>() };
        if head.tag.load(Ordering::Relaxed) == tag {
            Ok(head)
        } else {
            Err(Fault(MEDIASEAL_ERR_BAD_HANDLE))
        }
    }

    /// Why the object cannot be used in `state`.
    const fn refusal(state: u32) -> Fault {
        Fault(match state {
            CLOSED => MEDIASEAL_ERR_CLOSED,
            POISONED => MEDIASEAL_ERR_POISONED,
            _ => MEDIASEAL_ERR_BUSY,
        })
    }

    /// Marks the object as in use by this thread.
    #[inline]
    fn claim(&self) -> Result<Turn<'_>, Fault> {
        match self.state.load(Ordering::Acquire) {
            IDLE => {
                self.state.store(BUSY, Ordering::Relaxed);
                Ok(Turn {
                    state: &self.state,
                    then: POISONED,
                })
            }
            state => Err(Self::refusal(state)),
        }
    }
}

/// The turn of one call at an object. Unless the call ends well, the object is poisoned.
struct Turn<'a> {
    state: &'a AtomicU32,
    then: u32,
}

impl Drop for Turn<'_> {
    #[inline]
    fn drop(&mut self) {
        self.state.store(self.then, Ordering::Release);
    }
}

/// Puts `value` behind a pointer for the caller to hold.
pub(super) fn new_exclusive<O: Object<Value: Send>>(value: O::Value) -> *mut O {
    Box::into_raw(Box::new(ExclusiveHandle {
        head: Head::new(O::TAG),
        value: UnsafeCell::new(Some(value)),
    }))
    .cast()
}

fn exclusive_at<'a, O: Object>(object: *const O) -> Result<&'a ExclusiveHandle<O::Value>, Fault> {
    Head::at(
        object.cast(),
        O::TAG,
        align_of::<ExclusiveHandle<O::Value>>(),
    )?;
    // SAFETY: the tag is that of `O`, so `new_exclusive` made it; only `free_exclusive` unmakes it, after it set another tag.
    Ok(unsafe { &*object.cast::<ExclusiveHandle<O::Value>>() })
}

/// Runs `call` on an exclusive object, as one whole call of the C interface.
#[inline]
pub(super) fn exclusive<O: Object>(
    object: *mut O,
    call: impl FnOnce(&mut O::Value) -> Outcome,
) -> mediaseal_status {
    enter(|| with_exclusive(object, call))
}

/// The same inside of a call.
#[inline]
pub(super) fn with_exclusive<O: Object>(
    object: *mut O,
    call: impl FnOnce(&mut O::Value) -> Outcome,
) -> Outcome {
    let handle = exclusive_at(object)?;
    let mut turn = handle.head.claim()?;
    // SAFETY: the caller uses the object in one thread at a time, and in this thread no other call has it: its turn would have refused this one.
    let value = unsafe { &mut *handle.value.get() };
    if handle.head.closed.load(Ordering::Acquire) {
        turn.then = IDLE;
        *value = None;
        return Err(Fault(MEDIASEAL_ERR_CLOSED));
    }
    #[cfg(test)]
    super::boundary::injected::panic_if_asked(super::boundary::injected::Place::Object);
    let outcome = match value {
        Some(value) => call(value),
        None => Err(Fault(MEDIASEAL_ERR_CLOSED)),
    };
    turn.then = IDLE;
    outcome
}

/// Looks at an object that this thread is about to use, to ask the cache for what it holds; nothing if it is none or is in use.
pub(super) fn peek_exclusive<'a, O: Object<Value: 'a>>(object: *const O) -> Option<&'a O::Value> {
    let handle = exclusive_at(object).ok()?;
    if handle.head.state.load(Ordering::Acquire) != IDLE {
        return None;
    }
    // SAFETY: the caller gives this thread the exclusive use of the object for the whole call, and the call does not use it now.
    unsafe { &*handle.value.get() }.as_ref()
}

/// Ends the use of an exclusive object: the next call, or freeing it, drops what it holds. Closing twice is no error.
pub(super) fn close_exclusive<O: Object>(object: *mut O) -> mediaseal_status {
    enter(|| {
        let handle = exclusive_at(object)?;
        if handle.head.state.load(Ordering::Acquire) == POISONED {
            return Err(Head::refusal(POISONED));
        }
        handle.head.closed.store(true, Ordering::Release);
        Ok(())
    })
}

/// Frees an exclusive object. What is no object of this type, is in use or is freed from a callback is left alone.
pub(super) fn free_exclusive<O: Object>(object: *mut O) {
    if object.is_null() {
        return;
    }
    release(|| {
        let Ok(handle) = exclusive_at(object) else {
            return;
        };
        // Whoever is in the middle of a call goes on with it: a leak is better than a use after free.
        if handle.head.state.load(Ordering::Acquire) == BUSY {
            return;
        }
        if handle.head.tag.swap(FREED, Ordering::AcqRel) != O::TAG {
            return;
        }
        // SAFETY: `new_exclusive` made it with `Box::into_raw`, nobody is using it, and the swap lets one thread alone come here.
        drop(unsafe { Box::from_raw(object.cast::<ExclusiveHandle<O::Value>>()) });
    });
}

/// Puts `value` behind a pointer for the caller to hold.
pub(super) fn new_shared<O: Object<Value: Send + Sync>>(value: O::Value) -> *mut O {
    Box::into_raw(Box::new(SharedHandle {
        head: Head::new(O::TAG),
        value: Mutex::new(Some(value)),
    }))
    .cast()
}

fn shared_at<'a, O: Object>(object: *const O) -> Result<&'a SharedHandle<O::Value>, Fault> {
    Head::at(object.cast(), O::TAG, align_of::<SharedHandle<O::Value>>())?;
    // SAFETY: the tag is that of `O`, so `new_shared` made it; only `free_shared` unmakes it, after it set another tag.
    Ok(unsafe { &*object.cast::<SharedHandle<O::Value>>() })
}

/// A share of a shared object, to be used inside of a call.
pub(super) fn share_of<O: Object<Value: Clone>>(object: *const O) -> Result<O::Value, Fault> {
    let handle = shared_at(object)?;
    match handle.head.state.load(Ordering::Acquire) {
        IDLE => {}
        state => return Err(Head::refusal(state)),
    }
    let value = handle.value.lock().unwrap_or_else(PoisonError::into_inner);
    value.clone().ok_or(Fault(MEDIASEAL_ERR_CLOSED))
}

/// Runs `call` on a share of a shared object, as one whole call of the C interface.
pub(super) fn shared<O: Object<Value: Clone>>(
    object: *const O,
    call: impl FnOnce(&O::Value) -> Outcome,
) -> mediaseal_status {
    /// Poisons the object unless the call ends.
    struct Poison<'a>(Option<&'a AtomicU32>);
    impl Drop for Poison<'_> {
        fn drop(&mut self) {
            if let Some(state) = self.0 {
                state.store(POISONED, Ordering::Release);
            }
        }
    }
    enter(|| {
        let value = share_of(object)?;
        let mut poison = Poison(Some(&shared_at(object)?.head.state));
        #[cfg(test)]
        super::boundary::injected::panic_if_asked(super::boundary::injected::Place::Object);
        let outcome = call(&value);
        poison.0 = None;
        outcome
    })
}

/// Ends the use of a shared object: later calls are refused, those that run end as they would. Closing twice is no error.
pub(super) fn close_shared<O: Object>(object: *mut O) -> mediaseal_status {
    enter(|| {
        let handle = shared_at(object)?;
        let was_idle =
            handle
                .head
                .state
                .compare_exchange(IDLE, CLOSED, Ordering::AcqRel, Ordering::Acquire);
        match was_idle {
            Ok(_) => {
                let value = handle
                    .value
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .take();
                drop(value);
                Ok(())
            }
            Err(CLOSED) => Ok(()),
            Err(state) => Err(Head::refusal(state)),
        }
    })
}

/// Frees a shared object. What is no object of this type or is freed from a callback is left alone.
pub(super) fn free_shared<O: Object>(object: *mut O) {
    if object.is_null() {
        return;
    }
    release(|| {
        let Ok(handle) = shared_at(object) else {
            return;
        };
        if handle.head.tag.swap(FREED, Ordering::AcqRel) != O::TAG {
            return;
        }
        // SAFETY: `new_shared` made it with `Box::into_raw`, and the swap lets one thread alone come here; the caller's last use of it.
        drop(unsafe { Box::from_raw(object.cast::<SharedHandle<O::Value>>()) });
    });
}
