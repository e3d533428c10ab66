//! The system's OpenSSL, by its EVP functions: one context a key and direction, which gets a new nonce a packet.

use std::{
    ffi::{c_char, c_int, c_void},
    ptr::{null, null_mut},
    sync::OnceLock,
};

use super::{Aead, TAG, Visitor};
use crate::loaded;

const GET_TAG: c_int = 0x10;
const SET_TAG: c_int = 0x11;

type Init =
    unsafe extern "C" fn(*mut c_void, *const c_void, *const c_void, *const u8, *const u8) -> c_int;
type Update = unsafe extern "C" fn(*mut c_void, *mut u8, *mut c_int, *const u8, c_int) -> c_int;
type Final = unsafe extern "C" fn(*mut c_void, *mut u8, *mut c_int) -> c_int;

/// What is used of the library.
struct Functions {
    new: unsafe extern "C" fn() -> *mut c_void,
    free: unsafe extern "C" fn(*mut c_void),
    aes_128: *const c_void,
    aes_256: *const c_void,
    encrypt_init: Init,
    encrypt_update: Update,
    encrypt_final: Final,
    decrypt_init: Init,
    decrypt_update: Update,
    decrypt_final: Final,
    control: unsafe extern "C" fn(*mut c_void, c_int, c_int, *mut c_void) -> c_int,
    version: String,
}

// SAFETY: functions, and descriptions of ciphers that nobody changes.
unsafe impl Send for Functions {}
// SAFETY: as above.
unsafe impl Sync for Functions {}

impl Functions {
    fn load() -> Result<Self, String> {
        let library = loaded::load(&["libcrypto.so.3"])?;
        // SAFETY: the types are those of OpenSSL's headers.
        unsafe {
            let aes_128: unsafe extern "C" fn() -> *const c_void =
                loaded::function(library, "EVP_aes_128_gcm")?;
            let aes_256: unsafe extern "C" fn() -> *const c_void =
                loaded::function(library, "EVP_aes_256_gcm")?;
            let version: unsafe extern "C" fn(c_int) -> *const c_char =
                loaded::function(library, "OpenSSL_version")?;
            Ok(Self {
                new: loaded::function(library, "EVP_CIPHER_CTX_new")?,
                free: loaded::function(library, "EVP_CIPHER_CTX_free")?,
                aes_128: aes_128(),
                aes_256: aes_256(),
                encrypt_init: loaded::function(library, "EVP_EncryptInit_ex")?,
                encrypt_update: loaded::function(library, "EVP_EncryptUpdate")?,
                encrypt_final: loaded::function(library, "EVP_EncryptFinal_ex")?,
                decrypt_init: loaded::function(library, "EVP_DecryptInit_ex")?,
                decrypt_update: loaded::function(library, "EVP_DecryptUpdate")?,
                decrypt_final: loaded::function(library, "EVP_DecryptFinal_ex")?,
                control: loaded::function(library, "EVP_CIPHER_CTX_ctrl")?,
                version: loaded::text(version(0)),
            })
        }
    }
}

fn functions() -> Result<&'static Functions, &'static str> {
    static FUNCTIONS: OnceLock<Result<Functions, String>> = OnceLock::new();
    FUNCTIONS
        .get_or_init(Functions::load)
        .as_ref()
        .map_err(String::as_str)
}

pub(super) fn visit(visitor: &mut impl Visitor) {
    match functions() {
        Ok(functions) => visitor.visit("OpenSSL", move |key| OpenSsl::new(functions, key)),
        Err(why) => visitor.absent("OpenSSL", why),
    }
}

pub(super) fn version() -> Option<(String, String)> {
    let functions = functions().ok()?;
    // "OpenSSL 3.0.19 27 Jan 2026"
    let number = functions.version.split(' ').nth(1)?;
    Some(("OpenSSL".to_owned(), number.to_owned()))
}

/// A context for each direction, as EVP wants it.
struct OpenSsl {
    functions: &'static Functions,
    sealing: *mut c_void,
    opening: *mut c_void,
}

// SAFETY: nobody else has these contexts.
unsafe impl Send for OpenSsl {}

impl OpenSsl {
    fn new(functions: &'static Functions, key: &[u8]) -> Self {
        let cipher = if key.len() == 16 {
            functions.aes_128
        } else {
            functions.aes_256
        };
        // SAFETY: as the manual has it; the key is as long as the cipher's.
        unsafe {
            let (sealing, opening) = ((functions.new)(), (functions.new)());
            assert_eq!(
                (functions.encrypt_init)(sealing, cipher, null(), key.as_ptr(), null()),
                1
            );
            assert_eq!(
                (functions.decrypt_init)(opening, cipher, null(), key.as_ptr(), null()),
                1
            );
            Self {
                functions,
                sealing,
                opening,
            }
        }
    }
}

impl Drop for OpenSsl {
    fn drop(&mut self) {
        // SAFETY: both were made by this library and are not used again.
        unsafe {
            (self.functions.free)(self.sealing);
            (self.functions.free)(self.opening);
        }
    }
}

impl Aead for OpenSsl {
    #[inline(always)]
    fn seal(&mut self, nonce: &[u8; 12], aad: &[u8], data: &mut [u8], tag: &mut [u8; TAG]) {
        let (f, context) = (self.functions, self.sealing);
        let mut len = 0;
        // SAFETY: pointers and lengths are those of the slices; sealing in place is allowed.
        let done = unsafe {
            (f.encrypt_init)(context, null(), null(), null(), nonce.as_ptr())
                & (f.encrypt_update)(
                    context,
                    null_mut(),
                    &raw mut len,
                    aad.as_ptr(),
                    aad.len() as c_int,
                )
                & (f.encrypt_update)(
                    context,
                    data.as_mut_ptr(),
                    &raw mut len,
                    data.as_ptr(),
                    data.len() as c_int,
                )
                & (f.encrypt_final)(context, tag.as_mut_ptr(), &raw mut len)
                & (f.control)(context, GET_TAG, TAG as c_int, tag.as_mut_ptr().cast())
        };
        assert_eq!(done, 1);
    }

    #[inline(always)]
    fn open(&mut self, nonce: &[u8; 12], aad: &[u8], frame: &mut [u8]) -> bool {
        let (f, context) = (self.functions, self.opening);
        let (data, tag) = frame.split_at_mut(frame.len() - TAG);
        let mut len = 0;
        // SAFETY: pointers and lengths are those of the slices; opening in place is allowed.
        unsafe {
            let ready = (f.decrypt_init)(context, null(), null(), null(), nonce.as_ptr())
                & (f.decrypt_update)(
                    context,
                    null_mut(),
                    &raw mut len,
                    aad.as_ptr(),
                    aad.len() as c_int,
                )
                & (f.decrypt_update)(
                    context,
                    data.as_mut_ptr(),
                    &raw mut len,
                    data.as_ptr(),
                    data.len() as c_int,
                )
                & (f.control)(context, SET_TAG, TAG as c_int, tag.as_mut_ptr().cast());
            ready == 1 && (f.decrypt_final)(context, tag.as_mut_ptr(), &raw mut len) > 0
        }
    }
}
