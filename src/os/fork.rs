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
    /// The process id, to compare at each frame, where the system gave neither means.
    process: Option<u32>,
}

impl ForkGuard {
    /// Makes a guard for the process that is running now.
    pub(crate) fn new() -> Self {
        static PAGE: OnceLock<GuardPage> = OnceLock::new();
        // An ordinary static: a child inherits its value and so never draws a token of its parent.
        static NEXT: AtomicU64 = AtomicU64::new(1);

        let GuardPage { page, is_wiped } = *PAGE.get_or_init(guard_page);
        let mut token = page.load(Ordering::Acquire);
        if token == 0 {
            let fresh = NEXT.fetch_add(1, Ordering::Relaxed);
            token = match page.compare_exchange(0, fresh, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => fresh,
                Err(of_another_thread) => of_another_thread,
            };
        }
        Self {
            page,
            token,
            process: (!is_wiped).then(std::process::id),
        }
    }

    /// Tells whether this is still the process that made the guard.
    #[inline]
    pub(crate) fn is_this_process(self) -> bool {
        self.page.load(Ordering::Relaxed) == self.token
            && self
                .process
                .is_none_or(|process| process == std::process::id())
    }
}

/// The page, and whether anything wipes it in a forked child.
#[derive(Clone, Copy)]
struct GuardPage {
    page: &'static AtomicU64,
    is_wiped: bool,
}

#[cfg(unix)]
fn guard_page() -> GuardPage {
    let wiped_by_kernel = wiped_page();
    let page = wiped_by_kernel.unwrap_or_else(|| Box::leak(Box::new(AtomicU64::new(0))));
    IN_CHILD.store(std::ptr::from_ref(page).cast_mut(), Ordering::Release);
    // SAFETY: `wipe_in_child` is an `extern "C"` function that only stores to an atomic, which is async-signal-safe. Where
    // this code is in a shared library, the C library drops the handler when it is unloaded.
    let registered = unsafe { libc::pthread_atfork(None, None, Some(wipe_in_child)) } == 0;
    GuardPage {
        page,
        is_wiped: wiped_by_kernel.is_some() || registered,
    }
}

#[cfg(not(unix))]
fn guard_page() -> GuardPage {
    // There is no fork here.
    GuardPage {
        page: Box::leak(Box::new(AtomicU64::new(0))),
        is_wiped: true,
    }
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
    // SAFETY: `page` is a mapping of `len` octets made above and used by nobody else.
    if unsafe { libc::madvise(page, len, libc::MADV_WIPEONFORK) } != 0 {
        // SAFETY: the mapping made above, to which nothing points.
        unsafe { libc::munmap(page, len) };
        return None;
    }
    // SAFETY: the mapping is zeroed, page-aligned, writable, never unmapped, and from here on reached only
    // through this atomic.
    Some(unsafe { &*page.cast::<AtomicU64>() })
}

#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
fn wiped_page() -> Option<&'static AtomicU64> {
    None
}
