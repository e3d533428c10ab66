//! The crate `sframe` behind four C functions: one sender and one receiver that share a key.

use sframe::{
    CipherSuite,
    frame::{
        EncryptedFrameView, MediaFrameView, MonotonicCounter,
        validation::{ReplayAttackProtection, Tolerance},
    },
    key::{DecryptionKey, EncryptionKey},
};

/// The key ID that frames carry: one octet of header, as with the other libraries.
const KID: u64 = 7;
/// Frames that may come late.
const WINDOW: usize = 128;

/// Both ends of a stream.
pub struct Pair {
    sender: EncryptionKey,
    receiver: DecryptionKey,
    counter: MonotonicCounter,
    window: ReplayAttackProtection,
    sealed: Vec<u8>,
    opened: Vec<u8>,
}

impl Pair {
    fn new(key: &[u8]) -> sframe::error::Result<Self> {
        let suite = CipherSuite::AesGcm128Sha256;
        Ok(Self {
            sender: EncryptionKey::derive_from(suite, KID, key)?,
            receiver: DecryptionKey::derive_from(suite, KID, key)?,
            counter: MonotonicCounter::default(),
            window: ReplayAttackProtection::new(KID, Tolerance::new(WINDOW)),
            sealed: Vec::new(),
            opened: Vec::new(),
        })
    }
}

/// Makes a pair with a key of 16 octets; NULL if the crate refuses.
///
/// # Safety
/// `key` points to 16 octets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bench_sframe_new(key: *const u8) -> *mut Pair {
    // SAFETY: the caller's promise.
    let key = unsafe { std::slice::from_raw_parts(key, 16) };
    Pair::new(key).map_or(std::ptr::null_mut(), |pair| Box::into_raw(Box::new(pair)))
}

/// Seals a payload into the pair's own buffer, gives its place and returns its length, 0 on failure.
///
/// # Safety
/// `pair` comes from [`bench_sframe_new`]; `payload` points to `len` octets; `frame` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bench_sframe_encrypt(
    pair: *mut Pair,
    payload: *const u8,
    len: usize,
    frame: *mut *const u8,
) -> usize {
    // SAFETY: the caller's promise.
    let pair = unsafe { &mut *pair };
    // SAFETY: the caller's promise.
    let payload = unsafe { std::slice::from_raw_parts(payload, len) };
    let sealed = MediaFrameView::try_new(&mut pair.counter, payload).and_then(|view| {
        view.encrypt_into(&pair.sender, &mut pair.sealed)
            .map(|_| ())
    });
    if sealed.is_err() {
        return 0;
    }
    // SAFETY: the caller's promise.
    unsafe { *frame = pair.sealed.as_ptr() };
    pair.sealed.len()
}

/// Opens a frame into the pair's own buffer, past its replay window, and returns the octets of plaintext, 0 on failure.
///
/// # Safety
/// `pair` comes from [`bench_sframe_new`]; `frame` points to `len` octets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bench_sframe_decrypt(
    pair: *mut Pair,
    frame: *const u8,
    len: usize,
) -> usize {
    // SAFETY: the caller's promise.
    let pair = unsafe { &mut *pair };
    // SAFETY: the caller's promise.
    let frame = unsafe { std::slice::from_raw_parts(frame, len) };
    let opened = EncryptedFrameView::try_new(frame).and_then(|view| {
        view.validated_decrypt_into(&pair.receiver, &mut pair.opened, &mut pair.window)
            .map(|view| view.payload().len())
    });
    opened.unwrap_or(0)
}

/// Ends a pair.
///
/// # Safety
/// `pair` comes from [`bench_sframe_new`] and is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bench_sframe_free(pair: *mut Pair) {
    // SAFETY: the caller's promise.
    drop(unsafe { Box::from_raw(pair) });
}
