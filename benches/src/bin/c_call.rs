//! What the C interface adds to a Rust call: `cargo run --release --manifest-path benches/Cargo.toml --bin c_call [PATH OF libmediaseal.so]`.
//!
//! The same frame is sealed by Rust, through the C function linked into this program, and, with a path, through the one of the shared library. They take
//! turns; the figures are medians of 303 rounds. Where a key lies in memory, and where on the stack a cipher has its blocks, makes more difference than the interface does: each path has 21 encryptors and 16 depths of
//! the stack, which take turns as well. The bound is 5 ns at 80 octets.

use std::{ffi::c_void, hint::black_box, time::Instant};

use mediaseal::{
    BaseKey, ChannelEncryptor, CipherSuite, CounterOrigin, FrameInfo, KeyId, KeyStore, Mode,
};

const ROUNDS: usize = 303;
const CALLS: u32 = 2_000;
/// Encryptors of each path.
const OBJECTS: usize = 21;

type New = unsafe extern "C" fn(*const c_void, *mut *mut c_void) -> i32;
type Builtin = unsafe extern "C" fn(u32, u32, *mut *mut c_void) -> i32;
type AddSend =
    unsafe extern "C" fn(*const c_void, *const u8, usize, u64, u32, *const c_void) -> i32;
type Activate = unsafe extern "C" fn(*const c_void, u64) -> i32;
type NewEncryptor = unsafe extern "C" fn(*const c_void, *const c_void, *mut *mut c_void) -> i32;
type Encrypt = unsafe extern "C" fn(
    *mut c_void,
    *const c_void,
    *const u8,
    usize,
    *mut u8,
    usize,
    *mut usize,
) -> i32;

unsafe extern "C" {
    fn mediaseal_cipher_builtin(suite: u32, flags: u32, out: *mut *mut c_void) -> i32;
    fn mediaseal_key_store_new(cipher: *const c_void, out: *mut *mut c_void) -> i32;
    fn mediaseal_key_store_add_send(
        store: *const c_void,
        key: *const u8,
        len: usize,
        kid: u64,
        origin: u32,
        counters: *const c_void,
    ) -> i32;
    fn mediaseal_key_store_activate(store: *const c_void, kid: u64) -> i32;
    fn mediaseal_encryptor_new(
        store: *const c_void,
        config: *const c_void,
        out: *mut *mut c_void,
    ) -> i32;
    fn mediaseal_encryptor_encrypt(
        encryptor: *mut c_void,
        info: *const c_void,
        plaintext: *const u8,
        len: usize,
        out: *mut u8,
        capacity: usize,
        out_len: *mut usize,
    ) -> i32;
}

/// An encryptor behind the C interface, and the function that it is used by.
#[derive(Clone)]
struct C {
    name: &'static str,
    encryptor: *mut c_void,
    encrypt: Encrypt,
}

impl C {
    fn new(
        name: &'static str,
        suite: u32,
        (builtin, new, add_send, activate, new_encryptor, encrypt): (
            Builtin,
            New,
            AddSend,
            Activate,
            NewEncryptor,
            Encrypt,
        ),
    ) -> Self {
        let mut objects = [std::ptr::null_mut(); 3];
        let [cipher, store, encryptor] = &mut objects;
        // SAFETY: as include/mediaseal.h asks: every pointer is to a local or was made by the call before.
        let statuses = unsafe {
            [
                builtin(suite, 0, cipher),
                new(*cipher, store),
                add_send(*store, [7; 32].as_ptr(), 32, 0, 1, std::ptr::null()),
                activate(*store, 0),
                new_encryptor(*store, std::ptr::null(), encryptor),
            ]
        };
        assert_eq!(statuses, [0; 5], "{name}");
        Self {
            name,
            encryptor: *encryptor,
            encrypt,
        }
    }

    fn call(&self, payload: &[u8], out: &mut [u8]) -> usize {
        let mut len = 0;
        // SAFETY: the slices are what their pointers and lengths say.
        let status = unsafe {
            (self.encrypt)(
                self.encryptor,
                std::ptr::null(),
                payload.as_ptr(),
                payload.len(),
                out.as_mut_ptr(),
                out.len(),
                &raw mut len,
            )
        };
        assert_eq!(status, 0);
        len
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let library = std::env::args_os()
        .nth(1)
        // SAFETY: the library is mediaseal's own.
        .map(|path| unsafe { libloading::Library::new(path) })
        .transpose()?;
    println!(
        "{:<8}{:>8}{:>28}{:>10}{:>10}",
        "suite", "octets", "path", "ns", "C - Rust"
    );
    for suite in [4, 1] {
        for len in [80, 1200] {
            measure(suite, len, library.as_ref())?;
        }
    }
    Ok(())
}

fn measure(
    suite: u16,
    len: usize,
    library: Option<&libloading::Library>,
) -> Result<(), Box<dyn std::error::Error>> {
    let linked = (
        mediaseal_cipher_builtin as Builtin,
        mediaseal_key_store_new as New,
        mediaseal_key_store_add_send as AddSend,
        mediaseal_key_store_activate as Activate,
        mediaseal_encryptor_new as NewEncryptor,
        mediaseal_encryptor_encrypt as Encrypt,
    );
    let loaded = library
        .map(|library| {
            // SAFETY: the header says which types these functions have.
            Ok::<_, libloading::Error>(unsafe {
                (
                    *library.get::<Builtin>(b"mediaseal_cipher_builtin")?,
                    *library.get::<New>(b"mediaseal_key_store_new")?,
                    *library.get::<AddSend>(b"mediaseal_key_store_add_send")?,
                    *library.get::<Activate>(b"mediaseal_key_store_activate")?,
                    *library.get::<NewEncryptor>(b"mediaseal_encryptor_new")?,
                    *library.get::<Encrypt>(b"mediaseal_encryptor_encrypt")?,
                )
            })
        })
        .transpose()?;
    let mut rust = Vec::new();
    let mut through_c = vec![Vec::new(); 1 + usize::from(loaded.is_some())];
    for _ in 0..OBJECTS {
        let store = KeyStore::raw(CipherSuite::new(suite))?;
        store.add_send(BaseKey::generate()?, KeyId::new(0), CounterOrigin::FreshKey)?;
        store.activate(KeyId::new(0))?;
        rust.push(ChannelEncryptor::new(&store, Mode::Frame)?);
        through_c[0].push(C::new("C, linked in", suite.into(), linked));
        if let Some(loaded) = loaded {
            through_c[1].push(C::new("C, shared library", suite.into(), loaded));
        }
    }
    let payload = vec![7; len];
    let mut out = vec![0; len + 64];
    let mut times = vec![Vec::with_capacity(ROUNDS); 1 + through_c.len()];
    let info = FrameInfo::default();
    for round in 0..ROUNDS {
        let object = round % OBJECTS;
        times[0].push(timed(round % DEPTHS, &mut || {
            rust[object]
                .encrypt_into(black_box(&info), black_box(&payload), &mut out)
                .unwrap_or(0)
        }));
        for (c, times) in through_c.iter().zip(&mut times[1..]) {
            times.push(timed(round % DEPTHS, &mut || {
                c[object].call(black_box(&payload), &mut out)
            }));
        }
    }
    let medians: Vec<f64> = times
        .into_iter()
        .map(|mut times| {
            times.sort_by(f64::total_cmp);
            times[ROUNDS / 2]
        })
        .collect();
    println!("{suite:<8}{len:>8}{:>28}{:>10.1}", "Rust", medians[0]);
    for (c, median) in through_c.iter().zip(&medians[1..]) {
        let added = median - medians[0];
        println!(
            "{suite:<8}{len:>8}{:>28}{median:>10.1}{added:>+10.1}",
            c[0].name
        );
    }
    Ok(())
}

/// Depths of the stack, 16 octets or more apart.
const DEPTHS: usize = 16;

/// Nanoseconds a call, `depth` frames further down the stack.
#[inline(never)]
fn timed(depth: usize, call: &mut dyn FnMut() -> usize) -> f64 {
    if depth > 0 {
        let frame = black_box([depth as u8; 16]);
        let time = timed(depth - 1, call);
        black_box(frame);
        return time;
    }
    let began = Instant::now();
    for _ in 0..CALLS {
        black_box(call());
    }
    began.elapsed().as_nanos() as f64 / f64::from(CALLS)
}
