//! Ciphers: built in, from C, from a loaded library.

use core::ffi::{c_char, c_void};
use core::mem::size_of;

use super::boundary::enter;
use super::convert::{Out, Sized32, SizedOut, sized, text};
use super::foreign_cipher::{self, Foreign, Library};
use super::handle::{Object, close_shared, free_shared, new_shared, shared};
use super::numbers::{
    MEDIASEAL_CIPHER_ALLOW_SHORT_TAGS, MEDIASEAL_CIPHER_OVER_AWS_LC, MEDIASEAL_COST_FAST,
    MEDIASEAL_COST_SLOW, MEDIASEAL_HASH_SHA256, MEDIASEAL_HASH_SHA512, MEDIASEAL_HASH_SM3,
};
use super::status::{Fault, MEDIASEAL_ERR_UNKNOWN_VALUE, Outcome, mediaseal_status};
use super::types::{
    mediaseal_cipher_params, mediaseal_destructor, mediaseal_known_answer, mediaseal_refusal,
};
use crate::cipher::{CheckedCipher, CipherSuite, CostClass, Hash, Provider, Refusal};

/// A cipher that stores and generations may use: built in, or a custom one that passed the conformance check.
pub struct mediaseal_cipher {
    _opaque: (),
}

impl Object for mediaseal_cipher {
    type Value = CheckedCipher;
    const TAG: u32 = 0x6d73_0001;
}

/// A custom cipher: an AEAD whose ciphertext is as long as its plaintext, with a tag apart. Initialize with MEDIASEAL_CIPHER_VTABLE_INIT.
///
/// The library supplies nonces, AAD, headers, replay protection, rotation, limits and statistics; the cipher transforms octets. Every function may run in
/// any thread, several at once with one key. It must not call the library (MEDIASEAL_ERR_REENTRANT), nor wait for a thread that does, as locks of the library may be
/// held; and it lets no exception out. It returns MEDIASEAL_OK, or
/// anything else if it failed.
///
/// Lengths are always those stated here, so the functions need not check them, and the library zeroes `data` when open fails. What a cipher writes beyond its
/// buffers is noticed where that is possible, and fails the frame, as does a seal that leaves tag or data as they were.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mediaseal_cipher_vtable {
    /// Octets of this struct.
    pub struct_size: u32,
    /// Suite number, MEDIASEAL_SUITE_PRIVATE_FIRST to MEDIASEAL_SUITE_PRIVATE_LAST.
    pub suite: u32,
    /// Octets of key (Nk), 1 to 128.
    pub key_len: u32,
    /// Octets of nonce (Nn), 8 to 32.
    pub nonce_len: u32,
    /// Octets of tag (Nt), 4 to 32; under 16 needs MEDIASEAL_CIPHER_ALLOW_SHORT_TAGS.
    pub tag_len: u32,
    /// Hash of the key schedule, one of `MEDIASEAL_HASH_…`.
    pub hash: u32,
    /// One of `MEDIASEAL_COST_…`.
    pub cost: u32,
    /// Zero.
    pub reserved: u32,
    /// Octets of plaintext in one seal, 1200 to 2^30; 0 means 2^30.
    pub max_frame_len: u64,
    /// Seals under one key; 0 means 2^64 - 1.
    pub max_seals: u64,
    /// Blocks of 16 octets under one key, AAD and one block a frame included, at most 2^36; 0 means 2^36.
    pub max_blocks: u64,
    /// Authentication failures under one key after which an event advises a fresh key, at most 2^12; 0 means 2^12.
    pub max_open_failures: u64,
    /// Known answers, at least one; they are used during registration alone.
    pub known_answers: *const mediaseal_known_answer,
    /// Their number.
    pub known_answers_count: usize,
    /// Passed to every function.
    pub user_data: *mut c_void,
    /// Called exactly once when no key of the cipher is left, if the cipher was accepted; NULL if there is nothing to end.
    pub destroy: mediaseal_destructor,
    /// Runs the key schedule over `key`, which it copies what it needs of, and puts a pointer other than NULL into `out_key`.
    pub key_new: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            key: *const u8,
            key_len: usize,
            out_key: *mut *mut c_void,
        ) -> mediaseal_status,
    >,
    /// Wipes and frees a key.
    pub key_free: Option<unsafe extern "C" fn(user_data: *mut c_void, key: *mut c_void)>,
    /// Encrypts `data` in place and writes the tag over `nonce`, `aad` and the ciphertext.
    pub seal: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            key: *const c_void,
            nonce: *const u8,
            nonce_len: usize,
            aad: *const u8,
            aad_len: usize,
            data: *mut u8,
            data_len: usize,
            tag: *mut u8,
            tag_len: usize,
        ) -> mediaseal_status,
    >,
    /// Compares the tag in constant time and decrypts `data` in place; MEDIASEAL_ERR_AUTHENTICATION_FAILED if the tag is wrong.
    pub open: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            key: *const c_void,
            nonce: *const u8,
            nonce_len: usize,
            aad: *const u8,
            aad_len: usize,
            data: *mut u8,
            data_len: usize,
            tag: *const u8,
            tag_len: usize,
        ) -> mediaseal_status,
    >,
}

// SAFETY: `repr(C)`, `struct_size` first, and made of numbers, pointers and optional functions, of which zero octets are values.
unsafe impl Sized32 for mediaseal_cipher_vtable {
    const FIRST_SIZE: usize = size_of::<Self>();
}

/// What a loadable cipher exports under the name `mediaseal_cipher_library_v1`: it returns the vtable of its cipher for MEDIASEAL_ABI_VERSION `abi_version`, or NULL
/// if it does not serve that version. The vtable and what it points to live as long as the library stays loaded.
pub type mediaseal_cipher_library =
    Option<unsafe extern "C" fn(abi_version: u32) -> *const mediaseal_cipher_vtable>;

/// Makes a built-in cipher, one of `MEDIASEAL_SUITE_…`.
///
/// `flags` is 0, or MEDIASEAL_CIPHER_ALLOW_SHORT_TAGS and MEDIASEAL_CIPHER_OVER_AWS_LC, added where both are meant. Writes a new object to `out_cipher`, which the
/// caller ends with mediaseal_cipher_free; stores and generations keep what they need of it.
///
/// Over AWS-LC a frame of a session that was never heard costs some allocations and a copy for each expected sender.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_UNSUPPORTED_SUITE, MEDIASEAL_ERR_NOT_IN_THIS_BUILD for MEDIASEAL_CIPHER_OVER_AWS_LC in a library without it,
/// MEDIASEAL_ERR_UNKNOWN_VALUE for other flags, MEDIASEAL_ERR_NULL_POINTER. Any thread. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_cipher_builtin(
    suite: u32,
    flags: u32,
    out_cipher: *mut *mut mediaseal_cipher,
) -> mediaseal_status {
    let out = Out::new(out_cipher, core::ptr::null_mut());
    enter(|| {
        let out = out?;
        check_flags(
            flags,
            MEDIASEAL_CIPHER_ALLOW_SHORT_TAGS | MEDIASEAL_CIPHER_OVER_AWS_LC,
        )?;
        let provider = if flags & MEDIASEAL_CIPHER_OVER_AWS_LC == 0 {
            Provider::Mediaseal
        } else {
            Provider::AwsLc
        };
        let cipher = CheckedCipher::builtin_over(suite_of(suite)?, provider)?;
        out.write(new_shared(with_flags(cipher, flags)));
        Ok(())
    })
}

/// Registers a custom cipher. Runs the conformance check, which takes from milliseconds to about a second with the cipher's speed: once, off the media threads.
///
/// The check shows plumbing, not strength: that lengths are kept, that what is sealed opens, that key, nonce, AAD and data reach ciphertext and tag. It cannot show that the
/// cipher is confidential, runs in constant time, wipes its keys or has no back door.
///
/// Copies `vtable`; `known_answers` are borrowed until return. Consumes `user_data`: on success alone. `flags` is 0 or MEDIASEAL_CIPHER_ALLOW_SHORT_TAGS. Writes a
/// new object to `out_cipher`; with MEDIASEAL_ERR_CIPHER_REFUSED the property that does not hold to `out_refusal`, which may be NULL.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_CIPHER_REFUSED, MEDIASEAL_ERR_UNKNOWN_VALUE for an unknown hash, cost or flag, MEDIASEAL_ERR_NULL_POINTER (also for a function
/// that is missing), MEDIASEAL_ERR_STRUCT_SIZE, MEDIASEAL_ERR_LENGTH. Any thread. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_cipher_register(
    vtable: *const mediaseal_cipher_vtable,
    flags: u32,
    out_refusal: *mut mediaseal_refusal,
    out_cipher: *mut *mut mediaseal_cipher,
) -> mediaseal_status {
    let out = Out::new(out_cipher, core::ptr::null_mut());
    enter(|| {
        let out = out?;
        let refusal = RefusalOut::new(out_refusal)?;
        check_flags(flags, MEDIASEAL_CIPHER_ALLOW_SHORT_TAGS)?;
        let foreign = Foreign::new(&sized(vtable)?, None)?;
        let cipher = refusal.told(foreign_cipher::register(foreign))?;
        out.write(new_shared(with_flags(cipher, flags)));
        Ok(())
    })
}

/// Loads a custom cipher from the shared library at `path`, which exports `mediaseal_cipher_library_v1`, and registers it.
///
/// The path comes from the application or its command line, never from the contents of a file: loading runs the library's code. It is made absolute first, so nothing is
/// searched for. Borrows `path`, UTF-8 with a zero octet at its end. The library stays loaded as long as a key of the cipher lives. `flags`, `out_refusal` and
/// `out_cipher` as for mediaseal_cipher_register.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_CIPHER_LIBRARY, and what mediaseal_cipher_register returns. Any thread. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_cipher_load(
    path: *const c_char,
    flags: u32,
    out_refusal: *mut mediaseal_refusal,
    out_cipher: *mut *mut mediaseal_cipher,
) -> mediaseal_status {
    let out = Out::new(out_cipher, core::ptr::null_mut());
    enter(|| {
        let out = out?;
        let refusal = RefusalOut::new(out_refusal)?;
        check_flags(flags, MEDIASEAL_CIPHER_ALLOW_SHORT_TAGS)?;
        let foreign = Library::load(text(path)?.as_ref())?;
        let cipher = refusal.told(foreign_cipher::register(foreign))?;
        out.write(new_shared(with_flags(cipher, flags)));
        Ok(())
    })
}

/// Writes suite, lengths and limits of a cipher to `out_params`.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_STRUCT_SIZE. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_cipher_describe(
    cipher: *const mediaseal_cipher,
    out_params: *mut mediaseal_cipher_params,
) -> mediaseal_status {
    shared(cipher, |cipher| {
        let out = SizedOut::new(out_params)?;
        let params = cipher.params();
        let small = |len: usize| u32::try_from(len).map_err(|_| Fault(MEDIASEAL_ERR_UNKNOWN_VALUE));
        out.write(&mediaseal_cipher_params {
            struct_size: 0,
            suite: cipher.suite().value().into(),
            key_len: small(params.key_len)?,
            nonce_len: small(params.nonce_len)?,
            tag_len: small(params.tag_len)?,
            hash: match params.hash {
                Hash::Sha256 => MEDIASEAL_HASH_SHA256,
                Hash::Sha512 => MEDIASEAL_HASH_SHA512,
                Hash::Sm3 => MEDIASEAL_HASH_SM3,
            },
            cost: match params.cost {
                CostClass::Fast => MEDIASEAL_COST_FAST,
                CostClass::Slow => MEDIASEAL_COST_SLOW,
            },
            reserved: 0,
            max_frame_len: params.limits.max_frame_len as u64,
            max_seals: params.limits.max_seals,
            max_blocks: params.limits.max_blocks,
            max_open_failures: params.limits.max_open_failures,
        });
        Ok(())
    })
}

/// Ends the use of a cipher: later calls with it return MEDIASEAL_ERR_CLOSED. Stores and generations that were made with it go on.
///
/// Returns MEDIASEAL_OK, also if it is closed already; MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_BAD_HANDLE. Any thread, at any time. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_cipher_close(cipher: *mut mediaseal_cipher) -> mediaseal_status {
    close_shared(cipher)
}

/// Frees a cipher, the last use of it. NULL is accepted. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_cipher_free(cipher: *mut mediaseal_cipher) {
    free_shared(cipher);
}

/// The suite of a number that came in.
pub(super) fn suite_of(number: u32) -> Result<CipherSuite, Fault> {
    match u16::try_from(number) {
        Ok(number) => Ok(CipherSuite::new(number)),
        Err(_) => Err(Fault(super::status::MEDIASEAL_ERR_UNSUPPORTED_SUITE)),
    }
}

fn with_flags(cipher: CheckedCipher, flags: u32) -> CheckedCipher {
    if flags & MEDIASEAL_CIPHER_ALLOW_SHORT_TAGS == 0 {
        cipher
    } else {
        cipher.allow_short_tags()
    }
}

/// Where the name of a missing property goes.
struct RefusalOut(Option<SizedOut<mediaseal_refusal>>);

impl RefusalOut {
    fn new(pointer: *mut mediaseal_refusal) -> Result<Self, Fault> {
        let out = SizedOut::optional(pointer)?;
        if let Some(out) = &out {
            out.write(&mediaseal_refusal::zeroed());
        }
        Ok(Self(out))
    }

    /// Tells of a refusal on its way.
    fn told<T>(&self, result: Result<T, Refusal>) -> Result<T, Fault> {
        result.map_err(|refusal| {
            if let Some(out) = &self.0 {
                let (name, text) = super::properties::explain(refusal.property());
                out.write(&mediaseal_refusal {
                    struct_size: 0,
                    at: u32::try_from(refusal.at()).unwrap_or(u32::MAX),
                    property: name.as_ptr(),
                    text: text.as_ptr(),
                });
            }
            refusal.into()
        })
    }
}

/// Refuses flags beyond `known`.
pub(super) fn check_flags(flags: u32, known: u32) -> Outcome {
    if flags & !known == 0 {
        Ok(())
    } else {
        Err(Fault(MEDIASEAL_ERR_UNKNOWN_VALUE))
    }
}
