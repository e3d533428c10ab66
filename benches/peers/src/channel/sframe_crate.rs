//! The crate sframe, once with each of its backends.

use std::path::PathBuf;

use super::{Channel, KEY, Visitor};
use crate::loaded;

/// The environment variable that names the folder of the libraries, each `libsframe-BACKEND.so`.
pub(super) const FOLDER: &str = "BENCH_SFRAME_FOLDER";

const BACKENDS: [(&str, &str); 3] = [
    ("sframe (ring)", "ring"),
    ("sframe (OpenSSL)", "openssl"),
    ("sframe (RustCrypto)", "rust-crypto"),
];

pub(super) fn visit(visitor: &mut impl Visitor) {
    for (who, backend) in BACKENDS {
        match Functions::load(backend) {
            Ok(functions) => visitor.visit(who, move |len| Sframe::new(functions, len)),
            Err(why) => visitor.absent(who, &why),
        }
    }
}

/// The functions of `benches/sframe`.
#[derive(Clone, Copy)]
struct Functions {
    new: unsafe extern "C" fn(*const u8) -> *mut u8,
    encrypt: unsafe extern "C" fn(*mut u8, *const u8, usize, *mut *const u8) -> usize,
    decrypt: unsafe extern "C" fn(*mut u8, *const u8, usize) -> usize,
    free: unsafe extern "C" fn(*mut u8),
}

impl Functions {
    fn load(backend: &str) -> Result<Self, String> {
        let folder = std::env::var_os(FOLDER).ok_or("it was not built")?;
        let path = PathBuf::from(folder).join(format!("libsframe-{backend}.so"));
        let path = path
            .to_str()
            .ok_or("it lies in a folder with a strange name")?;
        let library = loaded::load(&[path]).map_err(|_| "it was not built")?;
        // SAFETY: the types are those of `benches/sframe`.
        unsafe {
            Ok(Self {
                new: loaded::function(library, "bench_sframe_new")?,
                encrypt: loaded::function(library, "bench_sframe_encrypt")?,
                decrypt: loaded::function(library, "bench_sframe_decrypt")?,
                free: loaded::function(library, "bench_sframe_free")?,
            })
        }
    }
}

struct Sframe {
    functions: Functions,
    pair: *mut u8,
    payload: Vec<u8>,
    frames: Vec<Vec<u8>>,
}

impl Sframe {
    fn new(functions: Functions, len: usize) -> Self {
        // SAFETY: the key has 16 octets.
        let pair = unsafe { (functions.new)(KEY.as_ptr()) };
        assert!(!pair.is_null());
        Self {
            functions,
            pair,
            payload: vec![7; len],
            frames: Vec::new(),
        }
    }

    #[inline(always)]
    fn seal(&mut self) -> (*const u8, usize) {
        let mut frame = std::ptr::null();
        // SAFETY: the pair is ours, and the slice is what its pointer and length say.
        let len = unsafe {
            (self.functions.encrypt)(
                self.pair,
                self.payload.as_ptr(),
                self.payload.len(),
                &raw mut frame,
            )
        };
        assert!(len > 0);
        (frame, len)
    }
}

impl Drop for Sframe {
    fn drop(&mut self) {
        // SAFETY: the pair is ours and is not used again.
        unsafe { (self.functions.free)(self.pair) };
    }
}

impl Channel for Sframe {
    #[inline(always)]
    fn encrypt(&mut self) {
        self.seal();
    }

    fn lay_out(&mut self, count: usize) {
        self.frames.resize_with(count, Vec::new);
        for index in 0..count {
            let (frame, len) = self.seal();
            // SAFETY: the library says that its frame is there until the next one.
            let frame = unsafe { std::slice::from_raw_parts(frame, len) };
            self.frames[index].clear();
            self.frames[index].extend_from_slice(frame);
        }
    }

    #[inline(always)]
    fn decrypt(&mut self, index: usize) -> bool {
        let frame = &self.frames[index];
        // SAFETY: the pair is ours, and the slice is what its pointer and length say.
        unsafe {
            (self.functions.decrypt)(self.pair, frame.as_ptr(), frame.len()) == self.payload.len()
        }
    }
}
