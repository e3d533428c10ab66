//! Libraries of the system, each in a name space of its own, so that their symbols meet nobody else's.

use std::ffi::{CStr, c_char};

use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};

/// Loads the first of `names` that there is.
///
/// # Errors
/// A sentence, if there is none.
pub fn load(names: &[&str]) -> Result<&'static Library, String> {
    for name in names {
        // SAFETY: what these libraries do when they are loaded is harmless.
        if let Ok(library) = unsafe { Library::open(Some(*name), flags()) } {
            // For the life of the program: its functions are kept in many places.
            return Ok(Box::leak(Box::new(library)));
        }
    }
    Err(format!("{} is not installed", names[0]))
}

#[cfg(target_env = "gnu")]
fn flags() -> i32 {
    RTLD_NOW | RTLD_LOCAL | libc::RTLD_DEEPBIND
}

#[cfg(not(target_env = "gnu"))]
fn flags() -> i32 {
    RTLD_NOW | RTLD_LOCAL
}

/// The function `name` of `library`.
///
/// # Errors
/// A sentence, if there is none.
///
/// # Safety
/// `F` is the type of that function.
pub unsafe fn function<F: Copy>(library: &'static Library, name: &str) -> Result<F, String> {
    // SAFETY: the caller's promise.
    unsafe { library.get::<F>(name.as_bytes()) }
        .map(|symbol| *symbol)
        .map_err(|_| format!("{name} is missing"))
}

/// What C calls a string; empty for NULL.
///
/// # Safety
/// `place` is NULL or a string that ends in 0.
#[must_use]
pub unsafe fn text(place: *const c_char) -> String {
    if place.is_null() {
        return String::new();
    }
    // SAFETY: the caller's promise.
    unsafe { CStr::from_ptr(place) }
        .to_string_lossy()
        .into_owned()
}
