//! OpenSSL and BoringSSL, by the functions that they have in common: contexts that keep their keys.

use std::{
    ffi::{c_int, c_uint, c_void},
    ptr::null,
};

use super::{CIPHER_KEY, CtrHmac, KEYS, TAG, Visitor, first_block, lengths};
use crate::loaded;

/// What is used of a library. Lengths of keys are `int` in one and `size_t` in the other; a register holds either.
#[derive(Clone, Copy)]
struct Functions {
    new_cipher: unsafe extern "C" fn() -> *mut c_void,
    aes_128_ctr: unsafe extern "C" fn() -> *const c_void,
    init_cipher: unsafe extern "C" fn(
        *mut c_void,
        *const c_void,
        *mut c_void,
        *const u8,
        *const u8,
    ) -> c_int,
    update_cipher:
        unsafe extern "C" fn(*mut c_void, *mut u8, *mut c_int, *const u8, c_int) -> c_int,
    new_mac: unsafe extern "C" fn() -> *mut c_void,
    sha_256: unsafe extern "C" fn() -> *const c_void,
    init_mac: unsafe extern "C" fn(
        *mut c_void,
        *const c_void,
        usize,
        *const c_void,
        *mut c_void,
    ) -> c_int,
    update_mac: unsafe extern "C" fn(*mut c_void, *const u8, usize) -> c_int,
    final_mac: unsafe extern "C" fn(*mut c_void, *mut u8, *mut c_uint) -> c_int,
}

impl Functions {
    fn openssl() -> Result<Self, String> {
        let library = loaded::load(&["libcrypto.so.3"])?;
        // SAFETY: the types are those of OpenSSL's headers, but for the length of a key, which is below 2^31.
        unsafe {
            Ok(Self {
                new_cipher: loaded::function(library, "EVP_CIPHER_CTX_new")?,
                aes_128_ctr: loaded::function(library, "EVP_aes_128_ctr")?,
                init_cipher: loaded::function(library, "EVP_EncryptInit_ex")?,
                update_cipher: loaded::function(library, "EVP_EncryptUpdate")?,
                new_mac: loaded::function(library, "HMAC_CTX_new")?,
                sha_256: loaded::function(library, "EVP_sha256")?,
                init_mac: loaded::function(library, "HMAC_Init_ex")?,
                update_mac: loaded::function(library, "HMAC_Update")?,
                final_mac: loaded::function(library, "HMAC_Final")?,
            })
        }
    }

    #[cfg(feature = "boring")]
    fn boringssl() -> Self {
        boring_sys::init();
        // SAFETY: the same functions; only the names of the types behind their pointers are gone.
        unsafe {
            Self {
                new_cipher: renamed(boring_sys::EVP_CIPHER_CTX_new as *const ()),
                aes_128_ctr: renamed(boring_sys::EVP_aes_128_ctr as *const ()),
                init_cipher: renamed(boring_sys::EVP_EncryptInit_ex as *const ()),
                update_cipher: renamed(boring_sys::EVP_EncryptUpdate as *const ()),
                new_mac: renamed(boring_sys::HMAC_CTX_new as *const ()),
                sha_256: renamed(boring_sys::EVP_sha256 as *const ()),
                init_mac: renamed(boring_sys::HMAC_Init_ex as *const ()),
                update_mac: renamed(boring_sys::HMAC_Update as *const ()),
                final_mac: renamed(boring_sys::HMAC_Final as *const ()),
            }
        }
    }
}

/// A function under the names that `F` has for its types.
///
/// # Safety
/// But for names, `F` is the type of the function.
#[cfg(feature = "boring")]
unsafe fn renamed<F: Copy>(function: *const ()) -> F {
    const { assert!(size_of::<F>() == size_of::<*const ()>()) };
    // SAFETY: the caller's promise; both are as large as a pointer.
    unsafe { std::mem::transmute_copy(&function) }
}

pub(super) fn visit(visitor: &mut impl Visitor) {
    match Functions::openssl() {
        Ok(functions) => visitor.visit("OpenSSL", Evp::new(functions)),
        Err(why) => visitor.absent("OpenSSL", &why),
    }
    #[cfg(feature = "boring")]
    visitor.visit("BoringSSL", Evp::new(Functions::boringssl()));
}

/// Contexts of a library; they last as long as the program.
struct Evp {
    functions: Functions,
    cipher: *mut c_void,
    mac: *mut c_void,
}

impl Evp {
    fn new(functions: Functions) -> Self {
        let (cipher_key, mac_key) = KEYS.split_at(CIPHER_KEY);
        // SAFETY: as the manual has it; the keys are as long as they are said to be.
        unsafe {
            let (cipher, mac) = ((functions.new_cipher)(), (functions.new_mac)());
            let none = std::ptr::null_mut();
            let done = (functions.init_cipher)(
                cipher,
                (functions.aes_128_ctr)(),
                none,
                cipher_key.as_ptr(),
                null(),
            ) & (functions.init_mac)(
                mac,
                mac_key.as_ptr().cast(),
                mac_key.len(),
                (functions.sha_256)(),
                none,
            );
            assert_eq!(done, 1);
            Self {
                functions,
                cipher,
                mac,
            }
        }
    }
}

impl CtrHmac for Evp {
    #[inline(always)]
    fn seal(&mut self, nonce: &[u8; 12], aad: &[u8], data: &mut [u8], tag: &mut [u8; TAG]) {
        let f = &self.functions;
        let none = std::ptr::null_mut();
        let block = first_block(nonce);
        let lengths = lengths(aad, data);
        let (mut len, mut mac_len) = (0, 0);
        let mut mac = [0; 32];
        // SAFETY: pointers and lengths are those of the slices; sealing in place is allowed.
        let done = unsafe {
            (f.init_cipher)(self.cipher, null(), none, null(), block.as_ptr())
                & (f.update_cipher)(
                    self.cipher,
                    data.as_mut_ptr(),
                    &raw mut len,
                    data.as_ptr(),
                    data.len() as c_int,
                )
                & (f.init_mac)(self.mac, null(), 0, null(), none)
                & (f.update_mac)(self.mac, lengths.as_ptr(), lengths.len())
                & (f.update_mac)(self.mac, nonce.as_ptr(), nonce.len())
                & (f.update_mac)(self.mac, aad.as_ptr(), aad.len())
                & (f.update_mac)(self.mac, data.as_ptr(), data.len())
                & (f.final_mac)(self.mac, mac.as_mut_ptr(), &raw mut mac_len)
        };
        assert_eq!(done, 1);
        tag.copy_from_slice(&mac[..TAG]);
    }
}
