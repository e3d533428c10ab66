//! Up to 16 octets between memory and a register, for tiers without masks. Which octets are touched depends on their number alone.

/// The first `len` octets at `at` (at most 16), and zeros above.
///
/// # Safety
/// `at` is valid for reads of `len` octets.
#[inline]
pub(super) unsafe fn read(at: *const u8, len: usize) -> u128 {
    match len {
        0 => 0,
        1..4 => {
            // SAFETY: the first octet of at least one.
            let first = unsafe { at.read() };
            // SAFETY: len / 2 < len.
            let middle = unsafe { at.wrapping_add(len / 2).read() };
            // SAFETY: the last octet.
            let last = unsafe { at.wrapping_add(len - 1).read() };
            let at_middle = u32::from(middle) << (8 * (len / 2));
            let at_last = u32::from(last) << (8 * (len - 1));
            u128::from(u32::from(first) | at_middle | at_last)
        }
        4..8 => {
            // SAFETY: the first four octets of at least four.
            let low = unsafe { at.cast::<u32>().read_unaligned() };
            // SAFETY: the last four octets.
            let high = unsafe { at.wrapping_add(len - 4).cast::<u32>().read_unaligned() };
            u128::from(u64::from(low.to_le()) | u64::from(high.to_le()) << (8 * (len - 4)))
        }
        8..16 => {
            // SAFETY: the first eight octets of at least eight.
            let low = unsafe { at.cast::<u64>().read_unaligned() };
            // SAFETY: the last eight octets.
            let high = unsafe { at.wrapping_add(len - 8).cast::<u64>().read_unaligned() };
            u128::from(low.to_le()) | u128::from(high.to_le()) << (8 * (len - 8))
        }
        _ => {
            // SAFETY: `len` is at least 16.
            u128::from_le_bytes(unsafe { at.cast::<[u8; 16]>().read() })
        }
    }
}

/// Writes the low `len` octets of `value` (at most 16) to `at`.
///
/// # Safety
/// `at` is valid for writes of `len` octets.
#[inline]
#[allow(clippy::cast_possible_truncation, reason = "the octets meant")]
pub(super) unsafe fn write(at: *mut u8, len: usize, value: u128) {
    match len {
        0 => {}
        1..4 => {
            // SAFETY: the first octet of at least one.
            unsafe { at.write(value as u8) };
            let middle = (value >> (8 * (len / 2))) as u8;
            // SAFETY: len / 2 < len.
            unsafe { at.wrapping_add(len / 2).write(middle) };
            let last = (value >> (8 * (len - 1))) as u8;
            // SAFETY: the last octet.
            unsafe { at.wrapping_add(len - 1).write(last) };
        }
        4..8 => {
            // SAFETY: the first four octets of at least four.
            unsafe { at.cast::<u32>().write_unaligned((value as u32).to_le()) };
            let last = ((value as u64 >> (8 * (len - 4))) as u32).to_le();
            // SAFETY: the last four octets.
            unsafe { at.wrapping_add(len - 4).cast::<u32>().write_unaligned(last) };
        }
        8..16 => {
            // SAFETY: the first eight octets of at least eight.
            unsafe { at.cast::<u64>().write_unaligned((value as u64).to_le()) };
            let last = ((value >> (8 * (len - 8))) as u64).to_le();
            // SAFETY: the last eight octets.
            unsafe { at.wrapping_add(len - 8).cast::<u64>().write_unaligned(last) };
        }
        _ => {
            // SAFETY: `len` is at least 16.
            unsafe { at.cast::<[u8; 16]>().write(value.to_le_bytes()) };
        }
    }
}

/// Writes the low octets of `value` over `out`, which has at most 16.
#[inline]
pub(crate) fn put(out: &mut [u8], value: u128) {
    let len = out.len().min(16);
    // SAFETY: the slice has that many octets.
    unsafe { write(out.as_mut_ptr(), len, value) };
}

/// Zeros all but the low `len` octets (at most 16).
#[inline]
pub(super) fn keep(value: u128, len: usize) -> u128 {
    if len >= 16 {
        value
    } else {
        value & ((1 << (8 * len)) - 1)
    }
}
