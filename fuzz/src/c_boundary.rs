//! Calls of the C interface with buffers that lie and overlap in every way inside one arena, and structs of every size.

#![allow(unsafe_code, reason = "calls C functions as a C program would")]
#![allow(
    clippy::multiple_unsafe_ops_per_block,
    reason = "one call after the other, all for the same reason sound"
)]

use core::ffi::c_void;
use core::ptr::{null, null_mut};

/// Octets of the memory that all pointers of a run lead into.
const ARENA: usize = 256;

const OK: i32 = 0;
const STRUCT_SIZE: i32 = 107;
const OVERLAP: i32 = 108;
const BUFFER_TOO_SMALL: i32 = 112;
const AUTHENTICATION_FAILED: i32 = 301;
const NOT_MINIMAL: i32 = 306;
/// What garbage in place of a frame may be refused with, besides.
const REFUSED: [i32; 6] = [201, 302, 304, 305, 309, NOT_MINIMAL];

/// `mediaseal_frame_info`.
#[repr(C)]
#[derive(Clone, Copy)]
struct FrameInfo {
    struct_size: u32,
    ssrc: u32,
    metadata: *const u8,
    metadata_len: usize,
    /// What a newer version may have.
    later: u64,
}

unsafe extern "C" {
    fn mediaseal_cipher_builtin(suite: u32, flags: u32, out: *mut *mut c_void) -> i32;
    fn mediaseal_cipher_free(cipher: *mut c_void);
    fn mediaseal_key_store_new(cipher: *const c_void, out: *mut *mut c_void) -> i32;
    fn mediaseal_key_store_free(store: *mut c_void);
    fn mediaseal_key_store_add_send(
        store: *const c_void,
        key: *const u8,
        len: usize,
        kid: u64,
        origin: u32,
        counters: *const c_void,
    ) -> i32;
    fn mediaseal_key_store_add_receive(
        store: *const c_void,
        key: *const u8,
        len: usize,
        kid: u64,
        sender: *const u8,
        sender_len: usize,
        opens_at: u64,
    ) -> i32;
    fn mediaseal_key_store_activate(store: *const c_void, kid: u64) -> i32;
    fn mediaseal_encryptor_new(
        store: *const c_void,
        config: *const c_void,
        out: *mut *mut c_void,
    ) -> i32;
    fn mediaseal_encryptor_free(encryptor: *mut c_void);
    fn mediaseal_decryptor_new(
        store: *const c_void,
        config: *const c_void,
        out: *mut *mut c_void,
    ) -> i32;
    fn mediaseal_decryptor_free(decryptor: *mut c_void);
    fn mediaseal_encryptor_encrypt(
        encryptor: *mut c_void,
        info: *const FrameInfo,
        plaintext: *const u8,
        len: usize,
        out: *mut u8,
        capacity: usize,
        out_len: *mut usize,
    ) -> i32;
    fn mediaseal_decryptor_decrypt(
        decryptor: *mut c_void,
        info: *const FrameInfo,
        ciphertext: *const u8,
        len: usize,
        out: *mut u8,
        capacity: usize,
        out_len: *mut usize,
        out_opened: *mut c_void,
    ) -> i32;
}

/// Where a buffer lies in the arena.
#[derive(Clone, Copy)]
struct Place {
    at: usize,
    len: usize,
}

impl Place {
    fn new(at: u8, len: u8) -> Self {
        let at = usize::from(at);
        Self {
            at,
            len: usize::from(len).min(ARENA - at),
        }
    }

    fn meets(self, other: Self) -> bool {
        self.len > 0
            && other.len > 0
            && self.at < other.at + other.len
            && other.at < self.at + self.len
    }
}

/// Runs the calls that `input` tells of, eight octets each.
///
/// # Panics
/// If a call does anything else than the header says.
pub fn c_boundary(input: &[u8]) {
    let key = [7; 32];
    let [
        mut cipher,
        mut sending,
        mut receiving,
        mut encryptor,
        mut decryptor,
    ] = [null_mut(); 5];
    // SAFETY: as the header asks: every pointer is to a local or was made by the call before.
    let made = unsafe {
        [
            mediaseal_cipher_builtin(4, 0, &raw mut cipher),
            mediaseal_key_store_new(cipher, &raw mut sending),
            mediaseal_key_store_new(cipher, &raw mut receiving),
            mediaseal_key_store_add_send(sending, key.as_ptr(), 32, 0, 1, null()),
            mediaseal_key_store_activate(sending, 0),
            mediaseal_key_store_add_receive(receiving, key.as_ptr(), 32, 0, null(), 0, 0),
            mediaseal_encryptor_new(sending, null(), &raw mut encryptor),
            mediaseal_decryptor_new(receiving, null(), &raw mut decryptor),
        ]
    };
    assert_eq!(made, [OK; 8]);
    let mut arena = [0; ARENA];
    for (octet, value) in arena.iter_mut().zip(0..=u8::MAX) {
        *octet = value.wrapping_mul(31);
    }
    for call in input.as_chunks::<8>().0 {
        run(call, &mut arena, encryptor, decryptor);
    }
    // SAFETY: made above, and this is their last use.
    unsafe {
        mediaseal_cipher_free(cipher);
        mediaseal_key_store_free(sending);
        mediaseal_key_store_free(receiving);
        mediaseal_encryptor_free(encryptor);
        mediaseal_decryptor_free(decryptor);
    }
}

fn run(call: &[u8; 8], arena: &mut [u8; ARENA], encryptor: *mut c_void, decryptor: *mut c_void) {
    let [
        kind,
        in_at,
        in_len,
        out_at,
        out_len,
        meta_at,
        meta_len,
        size,
    ] = *call;
    let (input, output) = (Place::new(in_at, in_len), Place::new(out_at, out_len));
    let metadata = Place::new(meta_at, meta_len % 32);
    let before = *arena;
    let base = arena.as_mut_ptr();
    let known = size_of::<FrameInfo>() - 8;
    let info = FrameInfo {
        // Its first size for most, and all others up to the octets that are there.
        struct_size: u32::from(size.checked_sub(200).map_or(24, |size| size.min(32))),
        ssrc: 1,
        metadata: base.wrapping_add(metadata.at),
        metadata_len: metadata.len,
        // Every octet of it, so that both byte orders see it in a struct that is cut.
        later: u64::from(kind & 2) * 0x0101_0101_0101_0101,
    };
    let mut len = 99;
    let is_sealing = kind & 1 == 0;
    // SAFETY: all places lie inside of the arena, which nobody else uses meanwhile.
    let status = unsafe {
        let (from, to) = (base.add(input.at), base.add(output.at));
        if is_sealing {
            mediaseal_encryptor_encrypt(
                encryptor,
                &info,
                from,
                input.len,
                to,
                output.len,
                &raw mut len,
            )
        } else {
            mediaseal_decryptor_decrypt(
                decryptor,
                &info,
                from,
                input.len,
                to,
                output.len,
                &raw mut len,
                null_mut(),
            )
        }
    };
    let outside = |place: usize| place < output.at || place >= output.at + output.len;
    for place in (0..ARENA).filter(|place| outside(*place)) {
        assert_eq!(arena[place], before[place], "written outside of the output");
    }
    let struct_size = usize::try_from(info.struct_size).unwrap_or(usize::MAX);
    // What is beyond the size that this version knows must be zero.
    let is_known_size = struct_size == known || (struct_size > known && info.later == 0);
    if usize::BITS == 64 && !is_known_size {
        assert_eq!(status, STRUCT_SIZE);
    }
    let is_same = input.len > 0 && input.at == output.at;
    if status == OK {
        assert!(len <= output.len);
        assert!(is_same || !input.meets(output), "overlap was not seen");
        assert!(!metadata.meets(output), "overlap was not seen");
        return;
    }
    assert_eq!(len, 0);
    match status {
        AUTHENTICATION_FAILED => {}
        STRUCT_SIZE | OVERLAP | BUFFER_TOO_SMALL => assert_eq!(*arena, before),
        _ => {
            assert!(!is_sealing && REFUSED.contains(&status), "status {status}");
        }
    }
}
