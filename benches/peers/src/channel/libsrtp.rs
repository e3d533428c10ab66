//! The system's libsrtp2, in place.

use std::{
    ffi::{c_char, c_int, c_uint, c_ulong, c_void},
    ptr::null_mut,
    sync::OnceLock,
};

use super::{
    Channel, KEY, SALT, Visitor,
    srtp::{HEADER, WINDOW, number, packet},
};
use crate::{aead::places, loaded};

const ANY_INBOUND: c_uint = 2;
const ANY_OUTBOUND: c_uint = 3;
/// Room behind a packet, as `SRTP_MAX_TRAILER_LEN` asks.
const TRAILER: usize = 144;

/// `srtp_crypto_policy_t`
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct CryptoPolicy {
    cipher_type: u32,
    cipher_key_len: c_int,
    auth_type: u32,
    auth_key_len: c_int,
    auth_tag_len: c_int,
    sec_serv: c_uint,
}

/// `srtp_policy_t`
#[repr(C)]
struct Policy {
    ssrc_type: c_uint,
    ssrc_value: c_uint,
    rtp: CryptoPolicy,
    rtcp: CryptoPolicy,
    key: *mut u8,
    keys: *mut c_void,
    num_master_keys: c_ulong,
    deprecated_ekt: *mut c_void,
    window_size: c_ulong,
    allow_repeat_tx: c_int,
    enc_xtn_hdr: *mut c_int,
    enc_xtn_hdr_count: c_int,
    next: *mut Policy,
}

type Protect = unsafe extern "C" fn(*mut c_void, *mut u8, *mut c_int) -> c_int;

struct Functions {
    set_aes_gcm: unsafe extern "C" fn(*mut CryptoPolicy),
    create: unsafe extern "C" fn(*mut *mut c_void, *const Policy) -> c_int,
    protect: Protect,
    unprotect: Protect,
    dealloc: unsafe extern "C" fn(*mut c_void) -> c_int,
    version: String,
}

impl Functions {
    fn load() -> Result<Self, String> {
        let library = loaded::load(&["libsrtp2.so.1"])?;
        // SAFETY: the types are those of srtp.h.
        unsafe {
            let init: unsafe extern "C" fn() -> c_int = loaded::function(library, "srtp_init")?;
            let version: unsafe extern "C" fn() -> *const c_char =
                loaded::function(library, "srtp_get_version_string")?;
            if init() != 0 {
                return Err("its self-test failed".to_owned());
            }
            Ok(Self {
                set_aes_gcm: loaded::function(
                    library,
                    "srtp_crypto_policy_set_aes_gcm_128_16_auth",
                )?,
                create: loaded::function(library, "srtp_create")?,
                protect: loaded::function(library, "srtp_protect")?,
                unprotect: loaded::function(library, "srtp_unprotect")?,
                dealloc: loaded::function(library, "srtp_dealloc")?,
                version: loaded::text(version()),
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
        Ok(functions) => visitor.visit("libsrtp", |len| LibSrtp::new(functions, len)),
        Err(why) => visitor.absent("libsrtp", why),
    }
}

pub(super) fn version() -> Option<(String, String)> {
    let version = &functions().ok()?.version;
    let number = version.trim_start_matches(|letter: char| !letter.is_ascii_digit());
    // "libsrtp2 2.5.0"
    let number = number.split(' ').next_back().unwrap_or(number);
    Some(("libsrtp".to_owned(), number.to_owned()))
}

struct LibSrtp {
    functions: &'static Functions,
    sender: *mut c_void,
    receiver: *mut c_void,
    len: usize,
    sequence: u16,
    /// Places that take turns, so that no packet lies where the last one was just written.
    packets: Vec<Vec<u8>>,
    frames: Vec<(Vec<u8>, c_int)>,
}

impl LibSrtp {
    fn new(functions: &'static Functions, len: usize) -> Self {
        let context = |ssrc_type| {
            let mut master: Vec<u8> = KEY.iter().chain(&SALT).copied().collect();
            let mut crypto = CryptoPolicy::default();
            // SAFETY: it fills the struct in.
            unsafe { (functions.set_aes_gcm)(&raw mut crypto) };
            let policy = Policy {
                ssrc_type,
                ssrc_value: 0,
                rtp: crypto,
                rtcp: crypto,
                key: master.as_mut_ptr(),
                keys: null_mut(),
                num_master_keys: 0,
                deprecated_ekt: null_mut(),
                window_size: WINDOW as c_ulong,
                allow_repeat_tx: 0,
                enc_xtn_hdr: null_mut(),
                enc_xtn_hdr_count: 0,
                next: null_mut(),
            };
            let mut context = null_mut();
            // SAFETY: the policy and its key are there for the call, which copies them.
            let status = unsafe { (functions.create)(&raw mut context, &raw const policy) };
            assert_eq!(status, 0, "srtp_create");
            context
        };
        let mut packet = packet(len);
        packet.resize(HEADER + len + TRAILER, 0);
        Self {
            functions,
            sender: context(ANY_OUTBOUND),
            receiver: context(ANY_INBOUND),
            len,
            sequence: 0,
            packets: vec![packet; places(len)],
            frames: Vec::new(),
        }
    }

    #[inline(always)]
    fn seal(&mut self) -> (&[u8], c_int) {
        self.sequence = self.sequence.wrapping_add(1);
        let turn = usize::from(self.sequence) & (self.packets.len() - 1);
        let packet = &mut self.packets[turn];
        number(packet, self.sequence);
        let mut len = (HEADER + self.len) as c_int;
        // SAFETY: the packet has room behind it.
        let status =
            unsafe { (self.functions.protect)(self.sender, packet.as_mut_ptr(), &raw mut len) };
        assert_eq!(status, 0, "srtp_protect");
        (packet, len)
    }
}

impl Drop for LibSrtp {
    fn drop(&mut self) {
        // SAFETY: both were made by this library and are not used again.
        unsafe {
            (self.functions.dealloc)(self.sender);
            (self.functions.dealloc)(self.receiver);
        }
    }
}

impl Channel for LibSrtp {
    #[inline(always)]
    fn encrypt(&mut self) {
        self.seal();
    }

    fn lay_out(&mut self, count: usize) {
        self.frames.clear();
        for _ in 0..count {
            let (packet, len) = self.seal();
            let packet = packet.to_vec();
            self.frames.push((packet, len));
        }
    }

    #[inline(always)]
    fn decrypt(&mut self, index: usize) -> bool {
        let (frame, len) = &mut self.frames[index];
        let mut len = *len;
        // SAFETY: the packet is as long as it is said to be.
        unsafe { (self.functions.unprotect)(self.receiver, frame.as_mut_ptr(), &raw mut len) == 0 }
    }
}
