//! Asking the cache for memory that the next frames need.

/// Octets of a cache line on the CPUs of today.
const LINE: usize = 64;

/// Asks for the memory of `value`, at most its first 704 octets: a context and what stands around it.
#[inline]
pub(crate) fn prefetch<T: ?Sized>(value: &T) {
    prefetch_at(core::ptr::from_ref(value).cast(), size_of_val(value));
}

/// Asks for `len` octets, at most 704, at an address that may be any.
#[inline]
pub(crate) fn prefetch_at(start: *const u8, len: usize) {
    let len = len.min(11 * LINE);
    let mut offset = 0;
    while offset < len {
        prefetch_line(start.wrapping_add(offset));
        offset += LINE;
    }
}

#[cfg(target_arch = "x86_64")]
#[inline]
fn prefetch_line(line: *const u8) {
    use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    // SAFETY: a hint that reads nothing and cannot fault.
    unsafe { _mm_prefetch(line.cast(), _MM_HINT_T0) };
}

#[cfg(target_arch = "aarch64")]
#[inline]
fn prefetch_line(line: *const u8) {
    // SAFETY: a hint that reads nothing and cannot fault.
    unsafe {
        core::arch::asm!("prfm pldl1keep, [{}]", in(reg) line, options(nostack, preserves_flags, readonly));
    }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
#[inline]
fn prefetch_line(_line: *const u8) {}
