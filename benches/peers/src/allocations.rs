//! How much memory things take, and how often it is asked for.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicU64, Ordering},
};

/// The system's allocator, counting.
pub struct Counting;

static COUNT: AtomicU64 = AtomicU64::new(0);

/// Allocations of this program so far; those of loaded libraries are not seen.
#[must_use]
pub fn count() -> u64 {
    COUNT.load(Ordering::Relaxed)
}

// SAFETY: every call goes to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(place, layout) }
    }
}

/// Octets of memory in use, in Rust, C and loaded libraries alike; `None` where the C library does not tell.
#[must_use]
pub fn in_use() -> Option<usize> {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        // SAFETY: it only reads the allocator's counters.
        let info = unsafe { libc::mallinfo2() };
        Some(info.uordblks + info.hblkhd)
    }
    #[cfg(not(all(target_os = "linux", target_env = "gnu")))]
    None
}

/// Octets that one of what `make` makes takes, its own size included.
pub fn octets_of<T>(mut make: impl FnMut() -> T) -> Option<f64> {
    const COUNT: usize = 1000;
    drop(make());
    let mut made = Vec::with_capacity(COUNT);
    let before = in_use()?;
    made.extend((0..COUNT).map(|_| make()));
    let grown = in_use()?.saturating_sub(before);
    Some(size_of::<T>() as f64 + grown as f64 / COUNT as f64)
}
