//! Memory with a page before and behind it that nobody may touch.

use std::ptr;

/// Pages between two that fault.
pub struct Guarded {
    /// The first guard page.
    base: *mut u8,
    page: usize,
    len: usize,
}

// SAFETY: the pages belong to this value alone.
unsafe impl Send for Guarded {}

impl Guarded {
    /// At least `len` octets of zeros.
    ///
    /// # Panics
    /// If the system has no memory.
    #[must_use]
    pub fn new(len: usize) -> Self {
        // SAFETY: a question without arguments in memory.
        let page = usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).expect("a page");
        let len = len.next_multiple_of(page).max(page);
        // SAFETY: new pages, which nobody else has.
        let base = unsafe {
            libc::mmap(
                ptr::null_mut(),
                len + 2 * page,
                libc::PROT_NONE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        assert_ne!(base, libc::MAP_FAILED, "mmap");
        let base = base.cast::<u8>();
        // SAFETY: the pages between the first and the last of those above.
        let changed = unsafe {
            libc::mprotect(
                base.wrapping_add(page).cast(),
                len,
                libc::PROT_READ | libc::PROT_WRITE,
            )
        };
        assert_eq!(changed, 0, "mprotect");
        Self { base, page, len }
    }

    /// Everything between the guards.
    pub fn all(&mut self) -> &mut [u8] {
        // SAFETY: pages that can be read and written, and are borrowed as long as `self`.
        unsafe { std::slice::from_raw_parts_mut(self.base.wrapping_add(self.page), self.len) }
    }

    /// Octets between the guards.
    #[must_use]
    pub fn size(&self) -> usize {
        self.len
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // SAFETY: the pages of `new`.
        let unmapped = unsafe { libc::munmap(self.base.cast(), self.len + 2 * self.page) };
        debug_assert_eq!(unmapped, 0);
    }
}
