//! Fork guard: tells a process from the one that made a send key.
//!
//! A fork copies counters, and two processes that go on from one copy repeat nonces. The guard is one
//! page: fork wipes it (`MADV_WIPEONFORK`, Linux) and so does an atfork handler (every Unix), so a frame
//! costs one load and no system call. Two means, because raw `clone` runs no handler and because
//! emulators and old kernels do not honour the advice.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// Remembers the process that it was made in.
#[derive(Clone, Copy)]
pub(crate) struct ForkGuard {
    page: &'static AtomicU64,
    token: u64,
}

impl ForkGuard {
    /// Makes a guard for the process that is running now.
    pub(crate) fn new() -> Self {
        static PAGE: OnceLock<&'static AtomicU64> = OnceLock::new();
        // An ordinary static: a child inherits its value and so never draws a token of its parent.
        static NEXT: AtomicU64 = AtomicU64::new(1);

        let page = *PAGE.get_or_init(guard_page);
        let mut token = page.load(Ordering::Acquire);
        if token == 0 {
            let fresh = NEXT.fetch_add(1, Ordering::Relaxed);
            token = match page.compare_exchange(0, fresh, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => fresh,
                Err(of_another_thread) => of_another_thread,
            };
        }
        Self { page, token }
    }

    /// Tells whether this is still the process that made the guard.
    #[inline]
    pub(crate) fn is_this_process(self) -> bool {
        self.page.load(Ordering::Relaxed) == self.token
    }
}

#[cfg(unix)]
fn guard_page() -> &'static AtomicU64 {
    let page = wiped_page().unwrap_or_else(|| Box::leak(Box::new(AtomicU64::new(0))));
    IN_CHILD.store(std::ptr::from_ref(page).cast_mut(), Ordering::Release);
    // SAFETY: `wipe_in_child` is an `extern "C"` function that only stores to an atomic, which is
    // async-signal-safe, and stays loaded for as long as this code does.
    unsafe { libc::pthread_atfork(None, None, Some(wipe_in_child)) };
    page
}

#[cfg(not(unix))]
fn guard_page() -> &'static AtomicU64 {
    // There is no fork here.
    Box::leak(Box::new(AtomicU64::new(0)))
}

#[cfg(unix)]
static IN_CHILD: std::sync::atomic::AtomicPtr<AtomicU64> =
    std::sync::atomic::AtomicPtr::new(std::ptr::null_mut());

#[cfg(unix)]
extern "C" fn wipe_in_child() {
    let page = IN_CHILD.load(Ordering::Acquire);
    // SAFETY: the pointer is null or was made from a `&'static AtomicU64`.
    if let Some(page) = unsafe { page.as_ref() } {
        page.store(0, Ordering::Release);
    }
}

/// One page that the kernel zeroes in a forked child, or nothing where it cannot.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn wiped_page() -> Option<&'static AtomicU64> {
    // SAFETY: sysconf reads a system constant.
    let len = usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).ok()?;
    // SAFETY: a new anonymous private mapping at an address that the kernel chooses touches no existing memory.
    let page = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            len,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        )
    };
    if page == libc::MAP_FAILED {
        return None;
    }
    // SAFETY: `page` is a mapping of `len` octets made above and used by nobody else. That the advice is
    // refused is no failure: the atfork handler serves alone then.
    unsafe { libc::madvise(page, len, libc::MADV_WIPEONFORK) };
    // SAFETY: the mapping is zeroed, page-aligned, writable, never unmapped, and from here on reached only
    // through this atomic.
    Some(unsafe { &*page.cast::<AtomicU64>() })
}

#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
fn wiped_page() -> Option<&'static AtomicU64> {
    None
}
