//! From pointers to slices and back: every pointer that comes in is checked here, and every result goes out from here.

use core::ffi::{CStr, c_char};
use core::mem::{MaybeUninit, align_of, size_of};
use core::{ptr, slice};

use super::status::{
    Fault, MEDIASEAL_ERR_BUFFER_TOO_SMALL, MEDIASEAL_ERR_LENGTH, MEDIASEAL_ERR_MISALIGNED,
    MEDIASEAL_ERR_NOT_UTF8, MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_OVERLAP,
    MEDIASEAL_ERR_STRUCT_SIZE, Outcome,
};

/// No struct of any version is larger: a `struct_size` beyond was never set.
const MAX_STRUCT_SIZE: usize = 4096;

/// A struct of the C interface whose first field is `uint32_t struct_size`.
///
/// # Safety
/// The type is `repr(C)`, begins with that field, and all its octets zero make a valid value.
pub(super) unsafe trait Sized32: Copy {
    /// Octets of the struct in the version that first had it.
    const FIRST_SIZE: usize;

    /// The struct with every field zero.
    fn zeroed() -> Self {
        // SAFETY: the trait asks that all octets zero are a valid value.
        unsafe { MaybeUninit::zeroed().assume_init() }
    }
}

/// Refuses NULL and pointers that are not aligned for `T`.
fn check<T>(pointer: *const T) -> Outcome {
    if pointer.is_null() {
        Err(Fault(MEDIASEAL_ERR_NULL_POINTER))
    } else if !pointer.addr().is_multiple_of(align_of::<T>()) {
        Err(Fault(MEDIASEAL_ERR_MISALIGNED))
    } else {
        Ok(())
    }
}

/// Refuses lengths that no buffer has.
#[inline(always)]
fn check_len(pointer: *const u8, len: usize) -> Outcome {
    if len == 0 {
        return Ok(());
    }
    check(pointer)?;
    let is_possible = isize::try_from(len).is_ok() && pointer.addr().checked_add(len - 1).is_some();
    if is_possible {
        Ok(())
    } else {
        Err(Fault(MEDIASEAL_ERR_LENGTH))
    }
}

/// The octets at `pointer`, which may be NULL if there are none.
#[inline(always)]
pub(super) fn octets<'a>(pointer: *const u8, len: usize) -> Result<&'a [u8], Fault> {
    check_len(pointer, len)?;
    Ok(checked(pointer, len))
}

/// Octets that `check_len` saw.
#[inline(always)]
fn checked<'a>(pointer: *const u8, len: usize) -> &'a [u8] {
    if len == 0 {
        return &[];
    }
    // SAFETY: not NULL and of a possible length; the caller lends `len` readable octets that nobody changes until the call returns.
    unsafe { slice::from_raw_parts(pointer, len) }
}

/// The octets at `pointer`, for writing; it may be NULL if there are none.
#[inline(always)]
pub(super) fn octets_mut<'a>(pointer: *mut u8, len: usize) -> Result<&'a mut [u8], Fault> {
    check_len(pointer, len)?;
    Ok(checked_mut(pointer, len))
}

/// Octets that `check_len` saw, for writing.
#[inline(always)]
fn checked_mut<'a>(pointer: *mut u8, len: usize) -> &'a mut [u8] {
    if len == 0 {
        return &mut [];
    }
    // SAFETY: not NULL and of a possible length; the caller lends `len` octets that nobody else uses until the call returns.
    unsafe { slice::from_raw_parts_mut(pointer, len) }
}

/// Exactly `N` octets at `pointer`.
pub(super) fn array<'a, const N: usize>(pointer: *const u8) -> Result<&'a [u8; N], Fault> {
    check(pointer)?;
    // SAFETY: not NULL; the caller lends `N` readable octets that nobody changes until the call returns.
    Ok(unsafe { &*pointer.cast::<[u8; N]>() })
}

/// The structs at `pointer`, which may be NULL if there are none.
pub(super) fn items<'a, T: Copy>(pointer: *const T, count: usize) -> Result<&'a [T], Fault> {
    if count == 0 {
        return Ok(&[]);
    }
    check(pointer)?;
    let len = count
        .checked_mul(size_of::<T>())
        .ok_or(Fault(MEDIASEAL_ERR_LENGTH))?;
    check_len(pointer.cast(), len)?;
    // SAFETY: not NULL, aligned and of a possible length; the caller lends `count` items that nobody changes until the call returns.
    Ok(unsafe { slice::from_raw_parts(pointer, count) })
}

/// The text at `pointer`, which ends with a zero octet.
pub(super) fn text<'a>(pointer: *const c_char) -> Result<&'a str, Fault> {
    check(pointer)?;
    // SAFETY: not NULL; the caller passes a text that ends with a zero octet and that nobody changes until the call returns.
    let text = unsafe { CStr::from_ptr(pointer) };
    text.to_str().map_err(|_| Fault(MEDIASEAL_ERR_NOT_UTF8))
}

/// A struct with `struct_size`, as far as the caller's version has it; further fields are zero.
pub(super) fn sized<T: Sized32>(pointer: *const T) -> Result<T, Fault> {
    let given = struct_size(pointer)?;
    let known = given.min(size_of::<T>());
    let unknown = octets(pointer.cast::<u8>().wrapping_add(known), given - known)?;
    if unknown.iter().any(|octet| *octet != 0) {
        return Err(Fault(MEDIASEAL_ERR_STRUCT_SIZE));
    }
    let mut value = T::zeroed();
    // SAFETY: `known` octets are readable by `struct_size`, and are not more than `T` has; the two do not overlap.
    unsafe {
        ptr::copy_nonoverlapping(
            pointer.cast::<u8>(),
            ptr::from_mut(&mut value).cast::<u8>(),
            known,
        );
    }
    Ok(value)
}

/// The same, where NULL stands for the defaults.
#[inline]
pub(super) fn sized_or_default<T: Sized32>(pointer: *const T) -> Result<T, Fault> {
    if pointer.is_null() {
        Ok(T::zeroed())
    } else {
        sized(pointer)
    }
}

/// What the struct at `pointer` says of its size.
pub(super) fn struct_size<T: Sized32>(pointer: *const T) -> Result<usize, Fault> {
    check(pointer)?;
    // SAFETY: not NULL and aligned; a `Sized32` begins with this field.
    let size = unsafe { ptr::read(pointer.cast::<u32>()) };
    usize::try_from(size)
        .ok()
        .filter(|size| (T::FIRST_SIZE..=MAX_STRUCT_SIZE).contains(size))
        .ok_or(Fault(MEDIASEAL_ERR_STRUCT_SIZE))
}

/// A place for one result, checked before the work and written after it.
pub(super) struct Out<T>(*mut T);

impl<T: Copy> Out<T> {
    /// Refuses NULL and misaligned pointers, and puts `nothing` there until there is something.
    pub(super) fn new(pointer: *mut T, nothing: T) -> Result<Self, Fault> {
        check(pointer)?;
        let out = Self(pointer);
        out.write(nothing);
        Ok(out)
    }

    pub(super) fn write(&self, value: T) {
        // SAFETY: `new` saw that it is not NULL and aligned; the caller lends room for one `T` until the call returns.
        unsafe { ptr::write(self.0, value) };
    }
}

/// A place for a struct with `struct_size`, checked before the work and written after it.
pub(super) struct SizedOut<T> {
    pointer: *mut T,
    size: usize,
}

impl<T: Sized32> SizedOut<T> {
    /// Refuses NULL, misaligned pointers and impossible sizes, and zeroes what is there.
    pub(super) fn new(pointer: *mut T) -> Result<Self, Fault> {
        let size = struct_size(pointer)?;
        check_len(pointer.cast(), size)?;
        let out = Self { pointer, size };
        out.write(&T::zeroed());
        Ok(out)
    }

    /// Nothing for NULL.
    pub(super) fn optional(pointer: *mut T) -> Result<Option<Self>, Fault> {
        if pointer.is_null() {
            Ok(None)
        } else {
            Self::new(pointer).map(Some)
        }
    }

    /// Writes all that the caller's version has room for; what it has beyond ours becomes zero. `struct_size` stays.
    pub(super) fn write(&self, value: &T) {
        let known = self.size.min(size_of::<T>());
        let field = size_of::<u32>();
        let from = ptr::from_ref(value).cast::<u8>().wrapping_add(field);
        let to = self.pointer.cast::<u8>();
        // SAFETY: `new` saw that the caller lends `size` octets; `known` is not more than either side has.
        unsafe { ptr::copy_nonoverlapping(from, to.wrapping_add(field), known - field) };
        // SAFETY: the rest of the octets that the caller lends.
        unsafe { ptr::write_bytes(to.wrapping_add(known), 0, self.size - known) };
    }
}

/// A place for octets whose number the caller may not know: `out` NULL and `capacity` 0 ask for it.
pub(super) struct OctetsOut {
    out: *mut u8,
    capacity: usize,
    len: Out<usize>,
}

impl OctetsOut {
    pub(super) fn new(out: *mut u8, capacity: usize, out_len: *mut usize) -> Result<Self, Fault> {
        let len = Out::new(out_len, 0)?;
        check_len(out, capacity)?;
        Ok(Self { out, capacity, len })
    }

    /// Writes all of `octets`, or nothing.
    pub(super) fn write(&self, octets: &[u8]) -> Outcome {
        self.write_with_end(octets, &[])
    }

    /// Writes a text and the zero octet behind it, which is not counted.
    pub(super) fn write_text(&self, text: &str) -> Outcome {
        self.write_with_end(text.as_bytes(), &[0])
    }

    fn write_with_end(&self, octets: &[u8], end: &[u8]) -> Outcome {
        let is_question = self.out.is_null() && self.capacity == 0;
        if !is_question {
            let room = octets_mut(self.out, self.capacity)?;
            let (front, back) = room
                .split_at_mut_checked(octets.len())
                .ok_or(Fault(MEDIASEAL_ERR_BUFFER_TOO_SMALL))?;
            let back = back
                .get_mut(..end.len())
                .ok_or(Fault(MEDIASEAL_ERR_BUFFER_TOO_SMALL))?;
            front.copy_from_slice(octets);
            back.copy_from_slice(end);
        }
        self.len.write(octets.len());
        Ok(())
    }
}

/// Input and output of a call, told apart or the same before any slice of them exists.
pub(super) enum Io<'a> {
    /// They begin at one address: the input lies at the front of this buffer, which may be too short for it.
    Same(&'a mut [u8]),
    /// They have no octet in common.
    Apart(&'a [u8], &'a mut [u8]),
}

impl<'a> Io<'a> {
    #[inline(always)]
    pub(super) fn new(
        input: *const u8,
        len: usize,
        out: *mut u8,
        capacity: usize,
    ) -> Result<Self, Fault> {
        check_len(input, len)?;
        check_len(out, capacity)?;
        if len > 0 && ptr::addr_eq(input, out) {
            return Ok(Io::Same(checked_mut(out, capacity)));
        }
        apart(input, len, out, capacity)?;
        Ok(Io::Apart(checked(input, len), checked_mut(out, capacity)))
    }
}

/// Refuses two buffers that have an octet in common.
#[inline(always)]
pub(super) fn apart(input: *const u8, len: usize, out: *const u8, capacity: usize) -> Outcome {
    let (input, out) = (input.addr(), out.addr());
    let meets = len > 0
        && capacity > 0
        && input <= out.wrapping_add(capacity - 1)
        && out <= input.wrapping_add(len - 1);
    if meets {
        Err(Fault(MEDIASEAL_ERR_OVERLAP))
    } else {
        Ok(())
    }
}
