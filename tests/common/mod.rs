//! What several tests need: two sides of one channel, and keys by which a leak would be recognised.

#![allow(dead_code, reason = "each test uses its part")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use mediaseal::{
    BaseKey, ChannelDecryptor, ChannelEncryptor, CheckedCipher, CipherSuite, CounterOrigin,
    FrameInfo, KeyId, KeyStore, Mode, SenderId, Ssrc,
};

/// The key that `cargo xtask test` looks for in all output of the run.
pub(crate) const CANARY_A: &str =
    "ca11ab1e5ca1ab1edeadfa11feedfacec0ffee00baddecafd15ea5e0b0a710ad";
/// A second one.
pub(crate) const CANARY_B: &str =
    "5eedc0de0ddba11ad0d0cacafee1deadbeefcafe8badf00d1ceb00da0ff1ce5e";

/// The suite that most tests use.
pub(crate) const GCM: CipherSuite = CipherSuite::AES_128_GCM_SHA256_128;

pub(crate) fn key_a() -> BaseKey {
    BaseKey::from_hex(CANARY_A).unwrap()
}

pub(crate) fn key_b() -> BaseKey {
    BaseKey::from_hex(CANARY_B).unwrap()
}

pub(crate) fn alice() -> SenderId {
    SenderId::new("alice").unwrap()
}

pub(crate) fn info() -> FrameInfo<'static> {
    FrameInfo::new(Ssrc::new(1))
}

/// A store for any built-in suite, those with 32-bit tags included.
pub(crate) fn store(suite: CipherSuite) -> KeyStore {
    KeyStore::raw_with(&CheckedCipher::builtin(suite).unwrap().allow_short_tags()).unwrap()
}

/// One sender and one receiver that hold the same key under `kid`.
pub(crate) struct Pair {
    pub(crate) send: KeyStore,
    pub(crate) receive: KeyStore,
    pub(crate) encryptor: ChannelEncryptor,
    pub(crate) decryptor: ChannelDecryptor,
}

impl Pair {
    pub(crate) fn new(suite: CipherSuite, mode: Mode, kid: u64) -> Self {
        Self::with_stores(store(suite), store(suite), mode, kid)
    }

    pub(crate) fn gcm() -> Self {
        Self::new(GCM, Mode::Frame, 0)
    }

    pub(crate) fn with_stores(send: KeyStore, receive: KeyStore, mode: Mode, kid: u64) -> Self {
        let kid = KeyId::new(kid);
        send.add_send(key_a(), kid, CounterOrigin::FreshKey)
            .unwrap();
        send.activate(kid).unwrap();
        receive.add_receive(key_a(), kid, alice()).unwrap();
        Self {
            encryptor: ChannelEncryptor::new(&send, mode).unwrap(),
            decryptor: ChannelDecryptor::new(&receive, mode).unwrap(),
            send,
            receive,
        }
    }

    /// Seals a frame that holds `text`.
    pub(crate) fn seal(&mut self, text: &str) -> Vec<u8> {
        self.encryptor
            .encrypt_to_vec(&info(), text.as_bytes())
            .unwrap()
    }
}

/// A generator that is the same at each run.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    pub(crate) fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.roll(len as u64)).unwrap()
    }
}
