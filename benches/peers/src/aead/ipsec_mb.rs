//! Intel's ipsec-mb, by its direct functions for one GCM packet, which the job manager would call as well.

use std::{
    alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error},
    ffi::c_char,
    sync::OnceLock,
};

use super::{Aead, TAG, Visitor};
use crate::loaded;

type Expand = unsafe extern "C" fn(*const u8, *mut u8);
type Crypt = unsafe extern "C" fn(
    *const u8,
    *mut u8,
    *mut u8,
    *const u8,
    u64,
    *const u8,
    *const u8,
    u64,
    *mut u8,
    u64,
);

/// Which of the library's kernels.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Generation {
    /// What its job manager picks on this processor.
    Best,
    /// AES-NI and PCLMULQDQ without VAES.
    AesNi,
}

/// One generation's functions, for a key of 16 and of 32 octets.
struct Functions {
    expand: [Expand; 2],
    encrypt: [Crypt; 2],
    decrypt: [Crypt; 2],
    version: String,
}

impl Functions {
    fn load(generation: Generation) -> Result<Self, String> {
        if !cfg!(target_arch = "x86_64") {
            return Err("it is for x86-64 only".to_owned());
        }
        let suffix = suffix(generation).ok_or("this processor has no AES-NI and AVX2")?;
        let library = loaded::load(&["libIPSec_MB.so.1"])?;
        let of = |what: &str, bits: u16| format!("aes_gcm_{what}_{bits}_{suffix}");
        // SAFETY: the types are those of intel-ipsec-mb.h.
        unsafe {
            let version: unsafe extern "C" fn() -> *const c_char =
                loaded::function(library, "imb_get_version_str")?;
            Ok(Self {
                expand: [
                    loaded::function(library, &of("pre", 128))?,
                    loaded::function(library, &of("pre", 256))?,
                ],
                encrypt: [
                    loaded::function(library, &of("enc", 128))?,
                    loaded::function(library, &of("enc", 256))?,
                ],
                decrypt: [
                    loaded::function(library, &of("dec", 128))?,
                    loaded::function(library, &of("dec", 256))?,
                ],
                version: loaded::text(version()),
            })
        }
    }
}

/// The ending of the names of the functions that suit this processor.
#[cfg(target_arch = "x86_64")]
fn suffix(generation: Generation) -> Option<&'static str> {
    let has_avx512 = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw");
    let has_vaes = is_x86_feature_detected!("vaes") && is_x86_feature_detected!("vpclmulqdq");
    if generation == Generation::Best && has_avx512 && has_vaes {
        Some("vaes_avx512")
    } else if is_x86_feature_detected!("aes") && is_x86_feature_detected!("avx2") {
        Some("avx_gen4")
    } else {
        None
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn suffix(_: Generation) -> Option<&'static str> {
    None
}

fn functions(generation: Generation) -> Result<&'static Functions, &'static str> {
    static BEST: OnceLock<Result<Functions, String>> = OnceLock::new();
    static AES_NI: OnceLock<Result<Functions, String>> = OnceLock::new();
    match generation {
        Generation::Best => &BEST,
        Generation::AesNi => &AES_NI,
    }
    .get_or_init(|| Functions::load(generation))
    .as_ref()
    .map_err(String::as_str)
}

pub(super) fn visit(visitor: &mut impl Visitor, generation: Generation) {
    match functions(generation) {
        Ok(functions) => visitor.visit("ipsec-mb", move |key| IpsecMb::new(functions, key)),
        Err(why) => visitor.absent("ipsec-mb", why),
    }
}

pub(super) fn version() -> Option<(String, String)> {
    let version = &functions(Generation::Best).ok()?.version;
    Some((
        "ipsec-mb".to_owned(),
        version.trim_start_matches('v').to_owned(),
    ))
}

/// What the library calls `gcm_key_data`, and after it `gcm_context_data`.
const KEY_OCTETS: usize = 1024;
const CONTEXT_OCTETS: usize = 256;

struct IpsecMb {
    functions: &'static Functions,
    is_256: bool,
    memory: *mut u8,
}

// SAFETY: nobody else has this memory.
unsafe impl Send for IpsecMb {}

impl IpsecMb {
    const LAYOUT: Layout = match Layout::from_size_align(KEY_OCTETS + CONTEXT_OCTETS, 64) {
        Ok(layout) => layout,
        Err(_) => panic!(),
    };

    fn new(functions: &'static Functions, key: &[u8]) -> Self {
        // SAFETY: the layout is not empty.
        let memory = unsafe { alloc_zeroed(Self::LAYOUT) };
        if memory.is_null() {
            handle_alloc_error(Self::LAYOUT);
        }
        let is_256 = key.len() == 32;
        // SAFETY: the memory is as large and as aligned as the library's struct.
        unsafe { (functions.expand[usize::from(is_256)])(key.as_ptr(), memory) };
        Self {
            functions,
            is_256,
            memory,
        }
    }

    #[inline(always)]
    fn crypt(
        &mut self,
        crypt: Crypt,
        nonce: &[u8; 12],
        aad: &[u8],
        data: &mut [u8],
        tag: &mut [u8; TAG],
    ) {
        // SAFETY: pointers and lengths are those of the slices; the context lies behind the key.
        unsafe {
            crypt(
                self.memory,
                self.memory.add(KEY_OCTETS),
                data.as_mut_ptr(),
                data.as_ptr(),
                data.len() as u64,
                nonce.as_ptr(),
                aad.as_ptr(),
                aad.len() as u64,
                tag.as_mut_ptr(),
                TAG as u64,
            );
        }
    }
}

impl Drop for IpsecMb {
    fn drop(&mut self) {
        // SAFETY: it was allocated with this layout and is not used again.
        unsafe { dealloc(self.memory, Self::LAYOUT) };
    }
}

impl Aead for IpsecMb {
    #[inline(always)]
    fn seal(&mut self, nonce: &[u8; 12], aad: &[u8], data: &mut [u8], tag: &mut [u8; TAG]) {
        self.crypt(
            self.functions.encrypt[usize::from(self.is_256)],
            nonce,
            aad,
            data,
            tag,
        );
    }

    /// The library returns the tag that it expects; comparing is the caller's.
    #[inline(always)]
    fn open(&mut self, nonce: &[u8; 12], aad: &[u8], frame: &mut [u8]) -> bool {
        let (data, tag) = frame.split_at_mut(frame.len() - TAG);
        let mut expected = [0; TAG];
        self.crypt(
            self.functions.decrypt[usize::from(self.is_256)],
            nonce,
            aad,
            data,
            &mut expected,
        );
        let tag: &[u8; TAG] = (&*tag).try_into().expect("the tag's octets");
        u128::from_ne_bytes(*tag) ^ u128::from_ne_bytes(expected) == 0
    }
}
