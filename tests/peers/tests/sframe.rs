//! mediaseal against the crate `sframe`, both ways, in every suite that it has.
//!
//! Each side makes its own headers and counters; all that they share is a base key a KID.

#![cfg(test)]

use mediaseal::{
    BaseKey, ChannelDecryptor, ChannelEncryptor, CheckedCipher, CipherSuite, CounterOrigin,
    FrameInfo, KeyId, KeyStore, Mode, SenderId, Ssrc,
};
use sframe::{
    frame::{EncryptedFrame, MediaFrame, MonotonicCounter},
    key::{DecryptionKey, EncryptionKey},
};

/// Frames each way and suite.
const FRAMES: usize = 10_000;

/// How many frames are sent under one KID before the next one's turn.
const TURN: usize = 100;

/// Base keys in hexadecimal. After the tests all output is searched for them.
const BASE_KEYS: [&str; 2] = [
    "ca11ab1e5ca1ab1edeadfa11feedfacec0ffee00baddecafd15ea5e0b0a710ad",
    "5eedc0de0ddba11ad0d0cacafee1deadbeefcafe8badf00d1ceb00da0ff1ce5e",
];

/// Numbers that look random and are the same in each run (SplitMix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// A number below `end`.
    fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).expect("fits");
        usize::try_from(self.next() % end).expect("fits")
    }

    fn octets(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.next().to_be_bytes()[0]).collect()
    }

    /// A number of 0 to 64 significant bits, each count as likely, for each length of field.
    fn of_any_size(&mut self) -> u64 {
        let bits = self.below(65);
        let word = self.next();
        u32::try_from(bits)
            .ok()
            .and_then(|bits| word.checked_shr(64 - bits))
            .unwrap_or(0)
    }

    /// KIDs of every length of field, no two the same.
    fn kids(&mut self) -> Vec<u64> {
        let mut kids = vec![0, 7, 8, 255, 256, u64::MAX];
        kids.extend((0..18).map(|_| self.of_any_size()));
        kids.sort_unstable();
        kids.dedup();
        kids
    }

    /// A frame as encoders make them: mostly small, sometimes empty, sometimes a key frame.
    fn frame(&mut self) -> Vec<u8> {
        let len = match self.below(100) {
            0 => 0,
            1 => self.below(50_000),
            2..50 => self.below(200),
            _ => self.below(1_500),
        };
        self.octets(len)
    }

    /// Metadata, every other time none.
    fn metadata(&mut self) -> Vec<u8> {
        let len = self.below(2) * self.below(40);
        self.octets(len)
    }
}

/// The octets of a base key.
fn octets_of(base_key: &str) -> Vec<u8> {
    base_key
        .as_bytes()
        .chunks(2)
        .map(|digits| {
            let digits = std::str::from_utf8(digits).expect("ASCII");
            u8::from_str_radix(digits, 16).expect("hexadecimal")
        })
        .collect()
}

/// Both libraries with one suite and the same keys.
struct Pair {
    ours: CipherSuite,
    theirs: sframe::CipherSuite,
    kids: Vec<u64>,
    random: Random,
}

impl Pair {
    fn new(ours: CipherSuite, theirs: sframe::CipherSuite) -> Self {
        let mut random = Random(u64::from(ours.value()));
        Self {
            ours,
            theirs,
            kids: random.kids(),
            random,
        }
    }

    fn store(&self) -> KeyStore {
        let cipher = CheckedCipher::builtin(self.ours).expect("a suite of the RFC");
        KeyStore::raw_with(&cipher.allow_short_tags()).expect("a store")
    }

    /// Base keys for KID number `index`, ours and theirs.
    fn base_keys(index: usize) -> (BaseKey, Vec<u8>) {
        let text = BASE_KEYS[index % BASE_KEYS.len()];
        (BaseKey::from_hex(text).expect("a key"), octets_of(text))
    }

    /// Our encryptor, with a send key for each KID.
    fn encryptor(&self) -> (KeyStore, ChannelEncryptor) {
        let store = self.store();
        for (index, kid) in self.kids.iter().enumerate() {
            let (base_key, _) = Self::base_keys(index);
            store
                .add_send(base_key, KeyId::new(*kid), CounterOrigin::FreshKey)
                .expect("a new key");
        }
        let encryptor = ChannelEncryptor::new(&store, Mode::Frame).expect("an encryptor");
        (store, encryptor)
    }

    /// Our decryptor, with a receive key for each KID.
    fn decryptor(&self) -> ChannelDecryptor {
        let store = self.store();
        for (index, kid) in self.kids.iter().enumerate() {
            let (base_key, _) = Self::base_keys(index);
            let sender = SenderId::new(format!("peer {index}")).expect("short");
            store
                .add_receive(base_key, KeyId::new(*kid), sender)
                .expect("a new key");
        }
        ChannelDecryptor::new(&store, Mode::Frame).expect("a decryptor")
    }

    fn their_encryption_key(&self, index: usize) -> EncryptionKey {
        let (_, base_key) = Self::base_keys(index);
        EncryptionKey::derive_from(self.theirs, self.kids[index], base_key).expect("a key")
    }

    fn their_decryption_key(&self, index: usize) -> DecryptionKey {
        let (_, base_key) = Self::base_keys(index);
        DecryptionKey::derive_from(self.theirs, self.kids[index], base_key).expect("a key")
    }

    /// `sframe` opens what mediaseal seals, and nothing that was changed on the way.
    fn they_open_ours(mut self) {
        let (store, mut encryptor) = self.encryptor();
        for turn in 0..FRAMES / TURN {
            let index = turn % self.kids.len();
            store
                .activate(KeyId::new(self.kids[index]))
                .expect("was added");
            let key = self.their_decryption_key(index);
            for _ in 0..TURN {
                let (frame, metadata) = (self.random.frame(), self.random.metadata());
                let info = FrameInfo::new(Ssrc::new(1)).metadata(&metadata);
                let mut sealed = encryptor.encrypt_to_vec(&info, &frame).expect("sealed");
                let opened = their_open(&key, &sealed, &metadata);
                assert_eq!(opened.as_deref(), Some(&*frame), "KID {}", self.kids[index]);
                self.change(&mut sealed);
                assert_eq!(their_open(&key, &sealed, &metadata), None);
            }
        }
        println!("vectors: frames that crate sframe opened: {FRAMES}");
    }

    /// mediaseal opens what `sframe` seals, and nothing that was changed on the way.
    fn we_open_theirs(mut self) {
        let mut decryptor = self.decryptor();
        let mut counters: Vec<_> = (0..self.kids.len())
            .map(|_| MonotonicCounter::with_start_value(self.random.of_any_size() / 2, u64::MAX))
            .collect();
        for turn in 0..FRAMES / TURN {
            let index = turn % self.kids.len();
            let key = self.their_encryption_key(index);
            for _ in 0..TURN {
                let (frame, metadata) = (self.random.frame(), self.random.metadata());
                let sealed =
                    MediaFrame::try_with_meta_data(&mut counters[index], &frame, &metadata)
                        .and_then(|frame| frame.encrypt(&key))
                        .expect("sealed");
                let sealed = sealed.sframe_cipher_text();
                let info = FrameInfo::new(Ssrc::new(1)).metadata(&metadata);
                let mut changed = sealed.to_vec();
                self.change(&mut changed);
                assert!(decryptor.decrypt_to_vec(&info, &changed).is_err());
                let opened = decryptor.decrypt_to_vec(&info, sealed);
                assert_eq!(opened.as_deref(), Ok(&*frame), "KID {}", self.kids[index]);
            }
        }
        println!("vectors: frames of crate sframe that we opened: {FRAMES}");
    }

    /// Changes one bit.
    fn change(&mut self, frame: &mut [u8]) {
        let at = self.random.below(frame.len());
        frame[at] ^= 1 << self.random.below(8);
    }
}

/// What `sframe` finds in a frame, if it accepts it.
fn their_open(key: &DecryptionKey, sealed: &[u8], metadata: &[u8]) -> Option<Vec<u8>> {
    let frame = EncryptedFrame::try_with_meta_data(sealed, metadata).ok()?;
    Some(frame.decrypt(key).ok()?.payload().to_vec())
}

/// Makes the tests of one suite.
macro_rules! suites {
    ($($name:ident: $ours:ident = $theirs:ident;)*) => {$(
        mod $name {
            use super::{CipherSuite, Pair};

            fn pair() -> Pair {
                Pair::new(CipherSuite::$ours, sframe::CipherSuite::$theirs)
            }

            #[test]
            fn they_open_ours() {
                pair().they_open_ours();
            }

            #[test]
            fn we_open_theirs() {
                pair().we_open_theirs();
            }
        }
    )*};
}

suites! {
    suite_1: AES_128_CTR_HMAC_SHA256_80 = AesCtr128HmacSha256_80;
    suite_2: AES_128_CTR_HMAC_SHA256_64 = AesCtr128HmacSha256_64;
    suite_3: AES_128_CTR_HMAC_SHA256_32 = AesCtr128HmacSha256_32;
    suite_4: AES_128_GCM_SHA256_128 = AesGcm128Sha256;
    suite_5: AES_256_GCM_SHA512_128 = AesGcm256Sha512;
}
