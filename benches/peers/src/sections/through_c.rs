//! The C interface beside the Rust one: single calls, and batches.
//!
//! Where a key lies in memory, and where on the stack a cipher has its blocks, makes more difference than the interface does:
//! each path has several encryptors and depths of the stack, which take turns.

use std::{
    ffi::c_void,
    hint::black_box,
    ptr::{null, null_mut},
    time::{Duration, Instant},
};

use mediaseal::CipherSuite;

use crate::{
    channel::{Channel, FRAMES_IN_A_ROW, KEY, Ours, Through},
    results::Results,
    rounds::{Contender, Label, Plan, interleave},
};

/// Encryptors of each path.
const OBJECTS: usize = 21;
/// Depths of the stack, 16 octets or more apart.
const DEPTHS: usize = 16;
/// The number of AES-128-GCM in C and in RFC 9605.
const GCM: u32 = 4;
/// The number of AES-128-CTR with HMAC-SHA-256 and tags of 80 bits.
pub(super) const CTR_HMAC: u32 = 1;
/// The key ID of all frames.
const KID: u64 = 7;

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
    fn mediaseal_key_store_free(store: *mut c_void);
    fn mediaseal_cipher_free(cipher: *mut c_void);
    fn mediaseal_encryptor_new(
        store: *const c_void,
        config: *const c_void,
        out: *mut *mut c_void,
    ) -> i32;
    fn mediaseal_encryptor_free(encryptor: *mut c_void);
    fn mediaseal_encryptor_encrypt(
        encryptor: *mut c_void,
        info: *const c_void,
        plaintext: *const u8,
        len: usize,
        out: *mut u8,
        capacity: usize,
        out_len: *mut usize,
    ) -> i32;
    fn mediaseal_decryptor_new(
        store: *const c_void,
        config: *const c_void,
        out: *mut *mut c_void,
    ) -> i32;
    fn mediaseal_decryptor_free(decryptor: *mut c_void);
    fn mediaseal_decryptor_decrypt(
        decryptor: *mut c_void,
        info: *const c_void,
        ciphertext: *const u8,
        len: usize,
        out: *mut u8,
        capacity: usize,
        out_len: *mut usize,
        opened: *mut c_void,
    ) -> i32;
    fn mediaseal_encrypt_batch(jobs: *mut EncryptJob, count: usize) -> i32;
}

/// `mediaseal_encrypt_job`
#[repr(C)]
#[derive(Clone)]
struct EncryptJob {
    struct_size: u32,
    status: i32,
    encryptor: *mut c_void,
    info: *const c_void,
    plaintext: *const u8,
    plaintext_len: usize,
    out: *mut u8,
    out_capacity: usize,
    out_len: usize,
}

pub(super) fn run(results: &mut Results, plan: Plan) {
    for octets in [80, 1200] {
        for op in ["encrypt", "decrypt"] {
            let seals = op == "encrypt";
            let contenders = vec![
                in_turn(
                    "Rust",
                    || Ours::with(CipherSuite::AES_128_GCM_SHA256_128, octets, Through::Into),
                    seals,
                ),
                in_turn("C", || InC::new(octets), seals),
            ];
            // Each pair of object and depth has its turn several times.
            let plan = plan.at_least(OBJECTS * DEPTHS);
            let label = Label {
                bench: "c",
                op,
                octets,
                count: 1,
            };
            let rounds = interleave(results, plan, label, contenders);
            rounds.add_difference(
                results,
                Label {
                    bench: "added by C",
                    ..label
                },
                "C",
                "Rust",
            );
        }
    }
}

/// A contender whose turns go round its objects and the depths of the stack.
fn in_turn<C: Channel + 'static>(
    who: &str,
    new: impl Fn() -> C,
    seals: bool,
) -> Contender<'static> {
    let mut objects: Vec<C> = (0..OBJECTS).map(|_| new()).collect();
    Contender::by_round(who, move |calls, turn| {
        let object = &mut objects[turn % OBJECTS];
        if seals {
            return at_depth(turn % DEPTHS, &mut || {
                let began = Instant::now();
                for _ in 0..calls {
                    object.encrypt();
                }
                began.elapsed()
            });
        }
        let mut left = calls as usize;
        let mut took = Duration::ZERO;
        while left > 0 {
            let now = left.min(FRAMES_IN_A_ROW);
            object.lay_out(now);
            took += at_depth(turn % DEPTHS, &mut || {
                let began = Instant::now();
                for index in 0..now {
                    assert!(object.decrypt(index));
                }
                began.elapsed()
            });
            left -= now;
        }
        took
    })
}

/// Calls `job` `depth` frames further down the stack.
#[inline(never)]
fn at_depth(depth: usize, job: &mut dyn FnMut() -> Duration) -> Duration {
    if depth > 0 {
        let frame = black_box([depth as u8; 16]);
        let took = at_depth(depth - 1, job);
        black_box(frame);
        return took;
    }
    job()
}

/// A store, and what is used of it.
struct Objects {
    cipher: *mut c_void,
    store: *mut c_void,
    user: *mut c_void,
    free: unsafe extern "C" fn(*mut c_void),
}

impl Objects {
    fn store(suite: u32) -> (*mut c_void, *mut c_void) {
        let (mut cipher, mut store) = (null_mut(), null_mut());
        // SAFETY: as include/mediaseal.h asks: every pointer is to a local or was made by the call before.
        unsafe {
            assert_eq!(mediaseal_cipher_builtin(suite, 0, &raw mut cipher), 0);
            assert_eq!(mediaseal_key_store_new(cipher, &raw mut store), 0);
        }
        (cipher, store)
    }

    fn sender(suite: u32, key: &[u8; 16]) -> Self {
        let (cipher, store) = Self::store(suite);
        let mut user = null_mut();
        // SAFETY: as above.
        unsafe {
            assert_eq!(
                mediaseal_key_store_add_send(store, key.as_ptr(), key.len(), KID, 1, null()),
                0
            );
            assert_eq!(mediaseal_key_store_activate(store, KID), 0);
            assert_eq!(mediaseal_encryptor_new(store, null(), &raw mut user), 0);
        }
        Self {
            cipher,
            store,
            user,
            free: mediaseal_encryptor_free,
        }
    }

    fn receiver(suite: u32, key: &[u8; 16]) -> Self {
        let (cipher, store) = Self::store(suite);
        let mut user = null_mut();
        let sender = b"alice";
        // SAFETY: as above.
        unsafe {
            let status = mediaseal_key_store_add_receive(
                store,
                key.as_ptr(),
                key.len(),
                KID,
                sender.as_ptr(),
                sender.len(),
                0,
            );
            assert_eq!(status, 0);
            assert_eq!(mediaseal_decryptor_new(store, null(), &raw mut user), 0);
        }
        Self {
            cipher,
            store,
            user,
            free: mediaseal_decryptor_free,
        }
    }
}

impl Drop for Objects {
    fn drop(&mut self) {
        // SAFETY: all three were made by the library and are not used again.
        unsafe {
            (self.free)(self.user);
            mediaseal_key_store_free(self.store);
            mediaseal_cipher_free(self.cipher);
        }
    }
}

/// What a sender keeps; for counting its memory.
pub(super) fn sender() -> impl Drop {
    Objects::sender(GCM, &KEY)
}

/// A stream behind the C interface.
struct InC {
    sender: Objects,
    receiver: Objects,
    payload: Vec<u8>,
    out: Vec<u8>,
    frames: Vec<Vec<u8>>,
}

impl InC {
    fn new(octets: usize) -> Self {
        Self {
            sender: Objects::sender(GCM, &KEY),
            receiver: Objects::receiver(GCM, &KEY),
            payload: vec![7; octets],
            out: vec![0; octets + 64],
            frames: Vec::new(),
        }
    }

    #[inline(always)]
    fn seal(&mut self) -> usize {
        let mut len = 0;
        // SAFETY: the slices are what their pointers and lengths say.
        let status = unsafe {
            mediaseal_encryptor_encrypt(
                self.sender.user,
                null(),
                black_box(self.payload.as_ptr()),
                self.payload.len(),
                black_box(self.out.as_mut_ptr()),
                self.out.len(),
                &raw mut len,
            )
        };
        assert_eq!(status, 0);
        len
    }
}

impl Channel for InC {
    #[inline(always)]
    fn encrypt(&mut self) {
        self.seal();
    }

    fn lay_out(&mut self, count: usize) {
        self.frames.resize_with(count, Vec::new);
        for index in 0..count {
            let len = self.seal();
            self.frames[index].clear();
            self.frames[index].extend_from_slice(&self.out[..len]);
        }
    }

    #[inline(always)]
    fn decrypt(&mut self, index: usize) -> bool {
        let frame = &self.frames[index];
        let mut len = 0;
        // SAFETY: the slices are what their pointers and lengths say.
        unsafe {
            mediaseal_decryptor_decrypt(
                self.receiver.user,
                null(),
                black_box(frame.as_ptr()),
                frame.len(),
                black_box(self.out.as_mut_ptr()),
                self.out.len(),
                &raw mut len,
                null_mut(),
            ) == 0
        }
    }
}

/// Many senders whose frames are sealed by batch calls.
pub(super) struct Batch {
    _senders: Vec<Objects>,
    jobs: Vec<EncryptJob>,
    _payload: Vec<u8>,
    _out: Vec<u8>,
}

impl Batch {
    /// `count` senders with a key each, whose frames have `octets` octets.
    pub(super) fn new(suite: u32, count: usize, octets: usize) -> Self {
        let senders: Vec<_> = (0..count)
            .map(|index| {
                let mut key = KEY;
                key[..8].copy_from_slice(&index.to_le_bytes());
                Objects::sender(suite, &key)
            })
            .collect();
        let payload = vec![7; octets];
        let room = octets + 64;
        let mut out = vec![0; room * count];
        let jobs = out
            .chunks_exact_mut(room)
            .zip(&senders)
            .map(|(out, sender): (_, &Objects)| EncryptJob {
                struct_size: size_of::<EncryptJob>() as u32,
                status: 0,
                encryptor: sender.user,
                info: null(),
                plaintext: payload.as_ptr(),
                plaintext_len: octets,
                out: out.as_mut_ptr(),
                out_capacity: room,
                out_len: 0,
            })
            .collect();
        Self {
            _senders: senders,
            jobs,
            _payload: payload,
            _out: out,
        }
    }

    /// Seals a frame of each sender.
    #[inline(always)]
    pub(super) fn seal(&mut self) {
        // SAFETY: the jobs' buffers belong to this batch, and no two share one.
        let status = unsafe { mediaseal_encrypt_batch(self.jobs.as_mut_ptr(), self.jobs.len()) };
        assert_eq!(status, 0);
    }
}
