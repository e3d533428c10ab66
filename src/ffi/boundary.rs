//! The edge itself: panics stop here, and a callback does not call back.

use core::cell::Cell;
use core::sync::atomic::{AtomicBool, Ordering};
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::status::{
    Fault, MEDIASEAL_ERR_PANIC, MEDIASEAL_ERR_REENTRANT, MEDIASEAL_OK, Outcome, mediaseal_status,
};

thread_local! {
    /// How many callbacks of the application this thread is inside of.
    static CALLBACKS: Cell<u32> = const { Cell::new(0) };
}

/// Whether any thread was ever inside of a callback. Where none was, a frame need not look its thread up, which in a shared library is a call.
static ANY_CALLBACK: AtomicBool = AtomicBool::new(false);

/// While it lives, this thread runs code of the application: calls into the library are refused, because the callback may hold what they would wait for.
pub(super) struct CallbackScope(());

impl CallbackScope {
    pub(super) fn enter() -> Self {
        // Loaded first, so that threads that run callbacks do not contend for it.
        if !ANY_CALLBACK.load(Ordering::Relaxed) {
            ANY_CALLBACK.store(true, Ordering::Relaxed);
        }
        CALLBACKS.set(CALLBACKS.get() + 1);
        Self(())
    }
}

impl Drop for CallbackScope {
    fn drop(&mut self) {
        CALLBACKS.set(CALLBACKS.get() - 1);
    }
}

/// Tells whether a callback of the application is running in this thread.
#[inline]
pub(super) fn is_in_callback() -> bool {
    // What this thread stored itself, it sees.
    ANY_CALLBACK.load(Ordering::Relaxed) && CALLBACKS.get() > 0
}

/// Runs one call: refused inside a callback, and a panic becomes a status.
#[inline]
pub(super) fn enter(call: impl FnOnce() -> Outcome) -> mediaseal_status {
    if is_in_callback() {
        return MEDIASEAL_ERR_REENTRANT;
    }
    contain(call)
}

/// Runs one call that no lock can hold up, so that callbacks may make it: a panic becomes a status.
#[inline]
pub(super) fn contain(call: impl FnOnce() -> Outcome) -> mediaseal_status {
    let caught = catch_unwind(AssertUnwindSafe(|| {
        #[cfg(test)]
        injected::panic_if_asked(injected::Place::Entry);
        call()
    }));
    match caught {
        Ok(Ok(())) => MEDIASEAL_OK,
        Ok(Err(Fault(status))) => status,
        Err(payload) => {
            // Dropping it could panic again.
            core::mem::forget(payload);
            MEDIASEAL_ERR_PANIC
        }
    }
}

/// Frees something whose destructor may run code of the application. A panic is held back: there is nobody to tell.
pub(super) fn release(free: impl FnOnce()) {
    let freed = enter(|| {
        free();
        Ok(())
    });
    debug_assert!(
        freed == MEDIASEAL_OK || freed == MEDIASEAL_ERR_PANIC || freed == MEDIASEAL_ERR_REENTRANT
    );
}

/// Panics on purpose, for the test that no entry lets one out.
#[cfg(test)]
pub(crate) mod injected {
    use core::cell::Cell;

    /// Where in a call.
    #[derive(Clone, Copy, PartialEq, Eq)]
    pub(crate) enum Place {
        /// Before anything else.
        Entry,
        /// While the call has its object.
        Object,
    }

    thread_local! {
        static ASKED: Cell<Option<Place>> = const { Cell::new(None) };
    }

    /// Makes the next call of this thread that comes to `place` panic there.
    pub(crate) fn ask(place: Place) {
        ASKED.set(Some(place));
    }

    pub(crate) fn panic_if_asked(place: Place) {
        if ASKED.get() == Some(place) {
            ASKED.set(None);
            panic!("a panic that a test asked for");
        }
    }
}
