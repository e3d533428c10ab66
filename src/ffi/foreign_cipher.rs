//! Custom ciphers from C, given by the application or in a shared library: a vtable as a [`Cipher`], watched at every call.
//!
//! ```text
//!                 ┌──── guard ────┬── tag ──┬──── guard ────┐   the tag is lent in memory of ours, between two guards
//!   … data … ‖ where the tag goes: guard as well, if it follows the data
//! ```

use core::ffi::c_void;
use core::ptr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use zeroize::{Zeroize, Zeroizing};

use super::boundary::CallbackScope;
use super::cipher::{mediaseal_cipher_library, mediaseal_cipher_vtable, suite_of};
use super::convert::{items, octets, sized};
use super::numbers::{
    MEDIASEAL_ABI_VERSION, MEDIASEAL_COST_FAST, MEDIASEAL_COST_SLOW, MEDIASEAL_HASH_SHA256,
    MEDIASEAL_HASH_SHA512, MEDIASEAL_HASH_SM3,
};
use super::status::{
    Fault, MEDIASEAL_ERR_AUTHENTICATION_FAILED, MEDIASEAL_ERR_CIPHER_LIBRARY, MEDIASEAL_ERR_LENGTH,
    MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_UNKNOWN_VALUE, MEDIASEAL_OK, mediaseal_status,
};
use super::types::{mediaseal_destructor, mediaseal_known_answer};
use crate::cipher::{
    CheckedCipher, Cipher, CipherError, CipherKey, CipherSuite, CostClass, Hash, KnownAnswer,
    Limits, Params, Refusal,
};

/// Octets on each side of a tag that a cipher has no business with.
const GUARD_LEN: usize = 16;
const GUARD: u8 = 0xA5;

type KeyNew =
    unsafe extern "C" fn(*mut c_void, *const u8, usize, *mut *mut c_void) -> mediaseal_status;
type KeyFree = unsafe extern "C" fn(*mut c_void, *mut c_void);
type Seal = unsafe extern "C" fn(
    *mut c_void,
    *const c_void,
    *const u8,
    usize,
    *const u8,
    usize,
    *mut u8,
    usize,
    *mut u8,
    usize,
) -> mediaseal_status;
type Open = unsafe extern "C" fn(
    *mut c_void,
    *const c_void,
    *const u8,
    usize,
    *const u8,
    usize,
    *mut u8,
    usize,
    *const u8,
    usize,
) -> mediaseal_status;

/// A cipher that an application or a loaded library brought.
pub(super) struct Foreign {
    shared: Arc<Shared>,
    answers: Vec<OwnedAnswer>,
}

/// What the cipher and all its keys share; the last of them ends it.
struct Shared {
    suite: CipherSuite,
    params: Params,
    user_data: *mut c_void,
    key_new: KeyNew,
    key_free: KeyFree,
    seal: Seal,
    open: Open,
    destroy: mediaseal_destructor,
    /// Whether `user_data` was handed over: not before the cipher is accepted.
    is_owner: AtomicBool,
    /// The functions above are in it.
    library: Option<Library>,
}

// SAFETY: the header asks that every function may run in any thread, several at once; nothing else touches `user_data`.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

/// A key of a foreign cipher.
struct ForeignKey {
    shared: Arc<Shared>,
    key: *mut c_void,
}

// SAFETY: the header asks that a key may be used by several threads at once and freed by any.
unsafe impl Send for ForeignKey {}
// SAFETY: as above.
unsafe impl Sync for ForeignKey {}

/// A known answer, copied.
struct OwnedAnswer {
    key: Vec<u8>,
    nonce: Vec<u8>,
    aad: Vec<u8>,
    plaintext: Vec<u8>,
    ciphertext: Vec<u8>,
    tag: Vec<u8>,
}

/// A shared library that brought a cipher, loaded as long as this lives.
pub(super) struct Library {
    _library: libloading::Library,
}

impl Library {
    /// Loads the library at `path` and reads its vtable.
    pub(super) fn load(path: &Path) -> Result<Foreign, Fault> {
        let failed = Fault(MEDIASEAL_ERR_CIPHER_LIBRARY);
        // A name without a folder would be searched for, where somebody else may have put another file.
        let path = std::fs::canonicalize(path).map_err(|_| failed)?;
        let _scope = CallbackScope::enter();
        // SAFETY: loading runs the library's initialisers; the application named this file to have its code run.
        let library = unsafe { libloading::Library::new(path) }.map_err(|_| failed)?;
        // SAFETY: the header says which type a function of this name has.
        let entry =
            unsafe { library.get::<mediaseal_cipher_library>(b"mediaseal_cipher_library_v1\0") };
        let entry = entry.ok().and_then(|entry| *entry).ok_or(failed)?;
        // SAFETY: the library is loaded; the function is made for this call.
        let vtable = unsafe { entry(MEDIASEAL_ABI_VERSION) };
        if vtable.is_null() {
            return Err(failed);
        }
        Foreign::new(&sized(vtable)?, Some(Self { _library: library }))
    }
}

/// Why a cipher library was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The file is not there, is no shared library, exports no `mediaseal_cipher_library_v1`, or that serves another version of the interface.
    #[error("this file is no library with a cipher for this version of mediaseal")]
    NoCipherLibrary,
    /// The library describes its cipher wrongly: a function or number is missing or out of range.
    #[error("the library does not describe its cipher as the header asks")]
    Description,
    /// The cipher lacks a property.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

impl CheckedCipher {
    /// Loads a custom cipher from the shared library at `path`, which exports `mediaseal_cipher_library_v1` as `include/mediaseal.h` says, and registers it
    /// like [`register`](Self::register).
    ///
    /// The path comes from the application or its command line, never from the contents of a file: loading runs the library's code. It is made absolute first, so
    /// nothing is searched for. The library stays loaded as long as a key of the cipher lives.
    ///
    /// # Errors
    /// [`LoadError`] says what is wrong with the file or the cipher.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, LoadError> {
        let foreign = Library::load(path.as_ref()).map_err(|fault| match fault {
            Fault(MEDIASEAL_ERR_CIPHER_LIBRARY) => LoadError::NoCipherLibrary,
            _ => LoadError::Description,
        })?;
        Ok(register(foreign)?)
    }
}

/// Runs the conformance check; accepts the cipher, and with it its `user_data`, or neither.
pub(super) fn register(foreign: Foreign) -> Result<CheckedCipher, Refusal> {
    let shared = Arc::clone(&foreign.shared);
    let checked = CheckedCipher::register(foreign)?;
    shared.is_owner.store(true, Ordering::Release);
    Ok(checked)
}

impl Foreign {
    /// Takes over a vtable, if nothing is missing in it.
    pub(super) fn new(
        vtable: &mediaseal_cipher_vtable,
        library: Option<Library>,
    ) -> Result<Self, Fault> {
        let missing = Fault(MEDIASEAL_ERR_NULL_POINTER);
        let unknown = Fault(MEDIASEAL_ERR_UNKNOWN_VALUE);
        let hash = match vtable.hash {
            MEDIASEAL_HASH_SHA256 => Hash::Sha256,
            MEDIASEAL_HASH_SHA512 => Hash::Sha512,
            MEDIASEAL_HASH_SM3 => Hash::Sm3,
            _ => return Err(unknown),
        };
        let cost = match vtable.cost {
            MEDIASEAL_COST_FAST => CostClass::Fast,
            MEDIASEAL_COST_SLOW => CostClass::Slow,
            _ => return Err(unknown),
        };
        if vtable.reserved != 0 {
            return Err(unknown);
        }
        let params = Params::new(
            size(vtable.key_len.into())?,
            size(vtable.nonce_len.into())?,
            size(vtable.tag_len.into())?,
            hash,
        )
        .limits(limits(vtable)?)
        .cost(cost);
        // Lengths out of range are refused by name later; nothing is read by them.
        let answers = if params.has_lengths_in_range() {
            items(vtable.known_answers, vtable.known_answers_count)?
                .iter()
                .map(|answer| OwnedAnswer::new(answer, &params))
                .collect::<Result<_, _>>()?
        } else {
            Vec::new()
        };
        Ok(Self {
            shared: Arc::new(Shared {
                suite: suite_of(vtable.suite)?,
                params,
                user_data: vtable.user_data,
                key_new: vtable.key_new.ok_or(missing)?,
                key_free: vtable.key_free.ok_or(missing)?,
                seal: vtable.seal.ok_or(missing)?,
                open: vtable.open.ok_or(missing)?,
                destroy: vtable.destroy,
                is_owner: AtomicBool::new(false),
                library,
            }),
            answers,
        })
    }
}

fn size(len: u64) -> Result<usize, Fault> {
    usize::try_from(len).map_err(|_| Fault(MEDIASEAL_ERR_LENGTH))
}

/// The limits of a vtable, where 0 stands for the default.
fn limits(vtable: &mediaseal_cipher_vtable) -> Result<Limits, Fault> {
    let or = |value: u64, default: u64| if value == 0 { default } else { value };
    let default = Limits::DEFAULT;
    Ok(default
        .max_frame_len(size(or(
            vtable.max_frame_len,
            default.max_frame_len as u64,
        ))?)
        .max_seals(or(vtable.max_seals, default.max_seals))
        .max_blocks(or(vtable.max_blocks, default.max_blocks))
        .max_open_failures(or(vtable.max_open_failures, default.max_open_failures)))
}

impl OwnedAnswer {
    fn new(answer: &mediaseal_known_answer, params: &Params) -> Result<Self, Fault> {
        let copy = |pointer, len| octets(pointer, len).map(<[u8]>::to_vec);
        Ok(Self {
            key: copy(answer.key, params.key_len)?,
            nonce: copy(answer.nonce, params.nonce_len)?,
            aad: copy(answer.aad, answer.aad_len)?,
            plaintext: copy(answer.plaintext, answer.data_len)?,
            ciphertext: copy(answer.ciphertext, answer.data_len)?,
            tag: copy(answer.tag, params.tag_len)?,
        })
    }
}

impl Cipher for Foreign {
    fn suite(&self) -> CipherSuite {
        self.shared.suite
    }

    fn params(&self) -> Params {
        self.shared.params
    }

    fn new_key(&self, key: &[u8]) -> Result<Box<dyn CipherKey>, CipherError> {
        let shared = &self.shared;
        if key.len() != shared.params.key_len {
            return Err(CipherError::BadKeyLength);
        }
        let mut out = ptr::null_mut();
        let _scope = CallbackScope::enter();
        // SAFETY: the function is what the header asks for: it reads `key` and writes `out`, and keeps neither.
        let status =
            unsafe { (shared.key_new)(shared.user_data, key.as_ptr(), key.len(), &raw mut out) };
        if status != MEDIASEAL_OK || out.is_null() {
            return Err(CipherError::Failed);
        }
        Ok(Box::new(ForeignKey {
            shared: Arc::clone(shared),
            key: out,
        }))
    }

    fn known_answers(&self) -> Vec<KnownAnswer<'_>> {
        self.answers
            .iter()
            .map(|answer| KnownAnswer {
                name: "the application's",
                key: &answer.key,
                nonce: &answer.nonce,
                aad: &answer.aad,
                plaintext: &answer.plaintext,
                ciphertext: &answer.ciphertext,
                tag: &answer.tag,
            })
            .collect()
    }
}

/// A tag between two guards.
struct GuardedTag {
    octets: [u8; GUARD_LEN + Params::MAX_TAG_LEN + GUARD_LEN],
    len: usize,
}

impl GuardedTag {
    fn new(tag: &[u8]) -> Self {
        let mut octets = [GUARD; GUARD_LEN + Params::MAX_TAG_LEN + GUARD_LEN];
        octets[GUARD_LEN..GUARD_LEN + tag.len()].copy_from_slice(tag);
        Self {
            octets,
            len: tag.len(),
        }
    }

    fn tag(&self) -> &[u8] {
        &self.octets[GUARD_LEN..GUARD_LEN + self.len]
    }

    fn tag_mut(&mut self) -> &mut [u8] {
        &mut self.octets[GUARD_LEN..GUARD_LEN + self.len]
    }

    fn is_intact(&self) -> bool {
        let (before, rest) = self.octets.split_at(GUARD_LEN);
        let behind = &rest[self.len..];
        before.iter().chain(behind).all(|octet| *octet == GUARD)
    }
}

/// The first octets of a frame, to see that a cipher changed them.
struct Beginning {
    octets: Zeroizing<[u8; Self::MAX_LEN]>,
    len: usize,
}

impl Beginning {
    const MAX_LEN: usize = 32;
    /// Fewer octets may well stay the same by chance.
    const MIN_LEN: usize = 8;

    fn of(data: &[u8]) -> Self {
        let len = data.len().min(Self::MAX_LEN);
        let mut octets = Zeroizing::new([0; Self::MAX_LEN]);
        octets[..len].copy_from_slice(&data[..len]);
        Self { octets, len }
    }

    fn is_changed(&self, data: &[u8]) -> bool {
        self.len < Self::MIN_LEN || data[..self.len] != self.octets[..self.len]
    }
}

impl ForeignKey {
    fn check_lengths(&self, nonce: &[u8], tag: &[u8]) -> Result<(), CipherError> {
        let params = &self.shared.params;
        if nonce.len() != params.nonce_len {
            Err(CipherError::BadNonceLength)
        } else if tag.len() != params.tag_len {
            Err(CipherError::BadTagLength)
        } else {
            Ok(())
        }
    }
}

impl CipherKey for ForeignKey {
    fn seal_in_place(
        &self,
        nonce: &[u8],
        aad: &[u8],
        data: &mut [u8],
        tag: &mut [u8],
    ) -> Result<(), CipherError> {
        self.check_lengths(nonce, tag)?;
        // Where the tag follows the data, a cipher that writes too far is seen here.
        tag.fill(GUARD);
        let mut guarded = GuardedTag::new(tag);
        let (tag_at, tag_len) = (guarded.tag_mut().as_mut_ptr(), tag.len());
        let beginning = Beginning::of(data);
        let scope = CallbackScope::enter();
        // SAFETY: the function is what the header asks for: it reads `nonce` and `aad`, and writes `data` and the tag, within the lengths given.
        let status = unsafe {
            (self.shared.seal)(
                self.shared.user_data,
                self.key,
                nonce.as_ptr(),
                nonce.len(),
                aad.as_ptr(),
                aad.len(),
                data.as_mut_ptr(),
                data.len(),
                tag_at,
                tag_len,
            )
        };
        drop(scope);
        let is_intact = guarded.is_intact() && tag.iter().all(|octet| *octet == GUARD);
        // A cipher that says it worked and did nothing, such as a device that is gone, must not send a frame in clear.
        let is_done =
            guarded.tag().iter().any(|octet| *octet != GUARD) && beginning.is_changed(data);
        if status != MEDIASEAL_OK || !is_intact || !is_done {
            return Err(CipherError::Failed);
        }
        tag.copy_from_slice(guarded.tag());
        Ok(())
    }

    fn open_in_place(
        &self,
        nonce: &[u8],
        aad: &[u8],
        data: &mut [u8],
        tag: &[u8],
    ) -> Result<(), CipherError> {
        let checked = self.check_lengths(nonce, tag);
        let guarded = GuardedTag::new(if checked.is_ok() { tag } else { &[] });
        let (tag_at, tag_len) = (guarded.tag().as_ptr(), guarded.len);
        let result = checked.and_then(|()| {
            let scope = CallbackScope::enter();
            // SAFETY: the function is what the header asks for: it reads `nonce`, `aad` and the tag, and writes `data`, within the lengths given.
            let status = unsafe {
                (self.shared.open)(
                    self.shared.user_data,
                    self.key,
                    nonce.as_ptr(),
                    nonce.len(),
                    aad.as_ptr(),
                    aad.len(),
                    data.as_mut_ptr(),
                    data.len(),
                    tag_at,
                    tag_len,
                )
            };
            drop(scope);
            // The tag behind the data is that of the copy, or somebody wrote too far.
            let is_intact = guarded.is_intact() && guarded.tag() == tag;
            match status {
                MEDIASEAL_OK if is_intact => Ok(()),
                MEDIASEAL_ERR_AUTHENTICATION_FAILED => Err(CipherError::AuthenticationFailed),
                _ => Err(CipherError::Failed),
            }
        });
        if result.is_err() {
            data.zeroize();
        }
        result
    }
}

impl Drop for ForeignKey {
    fn drop(&mut self) {
        let _scope = CallbackScope::enter();
        // SAFETY: `key_new` made the key, and this is its last use.
        unsafe { (self.shared.key_free)(self.shared.user_data, self.key) };
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let _scope = CallbackScope::enter();
        if let Some(destroy) = self.destroy
            && self.is_owner.load(Ordering::Acquire)
        {
            // SAFETY: the cipher was accepted and so owns `user_data`; no key is left, and this runs once.
            unsafe { destroy(self.user_data) };
        }
        // Unloading runs code of the library as well.
        drop(self.library.take());
    }
}
