//! Memory that is wiped to its last octet when its value is dropped.

use core::mem::ManuallyDrop;
use core::ops::Deref;
use core::sync::atomic::{self, Ordering};

/// A value whose memory is zeroed after its drop, with what lies between and behind its fields.
///
/// A variant that is smaller than its enum leaves octets unused, and a move fills them with whatever the stack held: key material, when the value is a key.
pub(crate) struct Wiped<T>(ManuallyDrop<T>);

impl<T> Wiped<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(ManuallyDrop::new(value))
    }
}

impl<T> Deref for Wiped<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> Drop for Wiped<T> {
    fn drop(&mut self) {
        /// Wipes when it goes, also when the value's own drop panics.
        struct Wipe(*mut u8, usize);

        impl Drop for Wipe {
            fn drop(&mut self) {
                for at in 0..self.1 {
                    // SAFETY: within the memory of a value that is gone, and that nobody uses before it is given back.
                    unsafe { self.0.wrapping_add(at).write_volatile(0) };
                }
                atomic::compiler_fence(Ordering::SeqCst);
            }
        }

        let _wipe = Wipe((&raw mut self.0).cast(), size_of::<T>());
        // SAFETY: it is dropped once, here, and not used again.
        unsafe { ManuallyDrop::drop(&mut self.0) };
    }
}

#[cfg(test)]
mod tests {
    use super::Wiped;
    use std::mem::MaybeUninit;

    #[test]
    fn the_whole_memory_is_wiped_behind_the_value() {
        enum Key {
            Small(Box<u8>),
            #[allow(dead_code, reason = "it makes the enum large")]
            Large([u8; 200]),
        }
        let mut place = MaybeUninit::<Wiped<Key>>::uninit();
        let octets = place.as_mut_ptr().cast::<u8>();
        let len = size_of::<Wiped<Key>>();
        // SAFETY: the place has that many octets.
        unsafe { octets.write_bytes(0xAA, len) };
        place.write(Wiped::new(Key::Small(Box::new(7))));
        // SAFETY: written above.
        let key = unsafe { place.assume_init_ref() };
        let Key::Small(value) = &**key else {
            panic!("it is a small one");
        };
        assert_eq!(**value, 7);
        // SAFETY: written above and dropped once.
        unsafe { place.assume_init_drop() };
        for at in 0..len {
            // SAFETY: within the place, all of which was written.
            assert_eq!(unsafe { octets.wrapping_add(at).read_volatile() }, 0);
        }
    }
}
