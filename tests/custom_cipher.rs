//! The conformance check: a sound cipher passes, and each way of being unsound is refused by its name.
//!
//! (That a cipher writes outside its ranges cannot be shown here: safe Rust does not let it.)
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

use aes_gcm::aead::AeadInOut;
use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::{Aes128Gcm, KeyInit};
use common::{Pair, alice, info, key_a};
use mediaseal::cipher::{
    Cipher, CipherError, CipherKey, CostClass, Hash, KnownAnswer, Limits, Params, Property,
};
use mediaseal::{
    ChannelEncryptor, CheckedCipher, CipherSuite, CounterOrigin, Error, KeyId, KeyStore, Misuse,
    Mode,
};

/// What is wrong with a [`Custom`] cipher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    SuiteOfIana,
    NoKnownAnswer,
    KnownAnswerOfWrongLength,
    WrongKnownAnswer,
    NonceTooShort,
    TagTooLong,
    LimitsTooHigh,
    AnyKeyLength,
    AnyNonceLength,
    AnyTagLength,
    SealFailsAt(usize),
    WrongOctetAt(usize),
    NonceIgnored,
    LastNonceOctetIgnored,
    KeyIgnoredByData,
    BlocksRepeat,
    KeyIgnoredByTag,
    NonceIgnoredByTag,
    AadIgnored,
    AadEndIgnored,
    DataIgnored,
    DataEndIgnored,
    AadAndDataJoined,
    TagIgnored,
    LastTagBitIgnored,
    AlteredDataAccepted,
    AlteredAadAccepted,
    NotWiped,
    AddressMatters,
    KeysDiffer,
    ThreadMatters,
    KeystreamOfPeriod(usize),
    NonceReachesFirstBlockAlone,
    LowBitsOfNonceAlone,
    NonceFoldedToOneOctet,
    LowBitsOfKeyAlone,
    PartialBlockNotInTag,
    DataInTagUpTo(usize),
    TagUncheckedOver(usize),
    AadInTagUpTo(usize),
    AadPaddedWithoutLength,
}

/// Encrypt-then-MAC out of AES-128-GCM, with a fault.
struct Custom {
    fault: Fault,
    keys_made: AtomicUsize,
    answers: Vec<KnownAnswer<'static>>,
}

struct CustomKey {
    fault: Fault,
    number: usize,
    stream: Aes128Gcm,
    mac: Aes128Gcm,
}

thread_local! {
    static IS_TEST_THREAD: Cell<bool> = const { Cell::new(false) };
}

const KEY: [u8; 16] = [0x42; 16];
const NONCE: [u8; 12] = [0x24; 12];
const PLAINTEXT: &[u8] = b"vectors from the author's own hand";

impl Custom {
    /// The author of a faulty cipher makes his known answer with it, so that it shows nothing.
    fn new(fault: Fault) -> Self {
        let mut custom = Self {
            fault,
            keys_made: AtomicUsize::new(0),
            answers: Vec::new(),
        };
        let key = custom.new_key(&KEY).unwrap();
        let (mut data, mut tag) = (PLAINTEXT.to_vec(), vec![0; custom.params().tag_len]);
        let nonce = &NONCE[..custom.params().nonce_len];
        key.seal_in_place(nonce, b"aad", &mut data, &mut tag)
            .unwrap();
        match fault {
            Fault::WrongKnownAnswer => tag[3] ^= 1,
            Fault::KnownAnswerOfWrongLength => tag.truncate(15),
            Fault::NoKnownAnswer => return custom,
            _ => {}
        }
        custom.answers.push(KnownAnswer {
            name: "self-made",
            key: &KEY,
            nonce: &NONCE,
            aad: b"aad",
            plaintext: PLAINTEXT,
            ciphertext: data.leak(),
            tag: tag.leak(),
        });
        custom
    }
}

impl Cipher for Custom {
    fn suite(&self) -> CipherSuite {
        CipherSuite::new(if self.fault == Fault::SuiteOfIana {
            4
        } else {
            0xF0AA
        })
    }

    fn params(&self) -> Params {
        let (nonce_len, tag_len) = match self.fault {
            Fault::NonceTooShort => (7, 16),
            Fault::TagTooLong => (12, 33),
            _ => (12, 16),
        };
        let limits = match self.fault {
            Fault::LimitsTooHigh => Limits::DEFAULT.max_blocks(Limits::DEFAULT.max_blocks + 1),
            _ => Limits::DEFAULT,
        };
        Params::new(16, nonce_len, tag_len, Hash::Sm3)
            .limits(limits)
            .cost(CostClass::Slow)
    }

    fn new_key(&self, key: &[u8]) -> Result<Box<dyn CipherKey>, CipherError> {
        let key: [u8; 16] = if self.fault == Fault::AnyKeyLength {
            let mut padded = [0; 16];
            padded
                .iter_mut()
                .zip(key)
                .for_each(|(to, from)| *to = *from);
            padded
        } else {
            key.try_into().map_err(|_| CipherError::BadKeyLength)?
        };
        let key = if self.fault == Fault::LowBitsOfKeyAlone {
            key.map(|octet| octet & 1)
        } else {
            key
        };
        let constant = [7; 16];
        let stream = if self.fault == Fault::KeyIgnoredByData {
            constant
        } else {
            key
        };
        let mac = if self.fault == Fault::KeyIgnoredByTag {
            constant
        } else {
            key.map(|octet| octet ^ 0xFF)
        };
        Ok(Box::new(CustomKey {
            fault: self.fault,
            number: self.keys_made.fetch_add(1, Ordering::Relaxed),
            stream: Aes128Gcm::new(&stream.into()),
            mac: Aes128Gcm::new(&mac.into()),
        }))
    }

    fn known_answers(&self) -> Vec<KnownAnswer<'_>> {
        self.answers.clone()
    }
}

impl CustomKey {
    fn nonce(&self, nonce: &[u8]) -> Result<[u8; 12], CipherError> {
        let mut fixed = [0; 12];
        if nonce.len() != 12 && !matches!(self.fault, Fault::AnyNonceLength | Fault::NonceTooShort)
        {
            return Err(CipherError::BadNonceLength);
        }
        fixed
            .iter_mut()
            .zip(nonce)
            .for_each(|(to, from)| *to = *from);
        Ok(fixed)
    }

    fn apply_keystream(&self, nonce: &[u8; 12], data: &mut [u8]) {
        let mut nonce = *nonce;
        match self.fault {
            Fault::NonceIgnored => nonce = [1; 12],
            Fault::LastNonceOctetIgnored => nonce[11] = 0,
            Fault::LowBitsOfNonceAlone => nonce = nonce.map(|octet| octet & 1),
            Fault::NonceFoldedToOneOctet => {
                nonce = [nonce.iter().fold(0, |folded, octet| folded ^ octet); 12];
            }
            _ => {}
        }
        let address = data.as_ptr().addr();
        let mut keystream = vec![0; data.len()];
        self.stream
            .encrypt_inout_detached(&nonce.into(), b"", InOutBuf::from(&mut keystream[..]))
            .unwrap();
        let period = match self.fault {
            Fault::BlocksRepeat => 16,
            Fault::KeystreamOfPeriod(period) => period,
            _ => usize::MAX,
        };
        for at in period..keystream.len() {
            keystream[at] = keystream[at - period];
        }
        if self.fault == Fault::NonceReachesFirstBlockAlone && keystream.len() > 16 {
            self.stream
                .encrypt_inout_detached(&[5; 12].into(), b"", InOutBuf::from(&mut keystream[16..]))
                .unwrap();
            let mut unmasked = vec![0; keystream.len()];
            self.stream
                .encrypt_inout_detached(&nonce.into(), b"", InOutBuf::from(&mut unmasked[..]))
                .unwrap();
            for (octet, mask) in keystream[16..].iter_mut().zip(&unmasked[16..]) {
                *octet ^= mask;
            }
        }
        for (octet, key) in data.iter_mut().zip(keystream) {
            *octet ^= key;
        }
        if let (Fault::AddressMatters, [first, ..]) = (self.fault, data) {
            *first ^= u8::from(address % 16 == 5);
        }
    }

    fn tag(&self, nonce: &[u8; 12], aad: &[u8], ciphertext: &[u8]) -> [u8; 16] {
        let nonce = if self.fault == Fault::NonceIgnoredByTag {
            &[3; 12]
        } else {
            nonce
        };
        let (aad_end, data_end) = match self.fault {
            Fault::AadIgnored => (0, usize::MAX),
            Fault::AadEndIgnored => (20, usize::MAX),
            Fault::DataIgnored => (usize::MAX, 0),
            Fault::DataEndIgnored => (usize::MAX, 90),
            Fault::PartialBlockNotInTag if ciphertext.len() > 16 => {
                (usize::MAX, ciphertext.len() / 16 * 16)
            }
            Fault::DataInTagUpTo(len) => (usize::MAX, len),
            Fault::AadInTagUpTo(len) => (len, usize::MAX),
            _ => (usize::MAX, usize::MAX),
        };
        // Some faults forget octets and still count them.
        let lengths = match self.fault {
            Fault::AadEndIgnored | Fault::AadIgnored => [aad.len().min(aad_end), ciphertext.len()],
            Fault::DataIgnored | Fault::DataEndIgnored => {
                [aad.len(), ciphertext.len().min(data_end)]
            }
            Fault::AadPaddedWithoutLength => [0, ciphertext.len()],
            _ => [aad.len(), ciphertext.len()],
        };
        let mut authenticated = aad[..aad.len().min(aad_end)].to_vec();
        if self.fault == Fault::AadPaddedWithoutLength {
            authenticated.resize(authenticated.len().next_multiple_of(16), 0);
        }
        authenticated.extend(&ciphertext[..ciphertext.len().min(data_end)]);
        if self.fault != Fault::AadAndDataJoined {
            authenticated.extend(lengths.map(usize::to_be_bytes).as_flattened());
        }
        let mut tag: [u8; 16] = self
            .mac
            .encrypt_inout_detached(nonce.into(), &authenticated, InOutBuf::from(&mut [][..]))
            .unwrap()
            .into();
        match self.fault {
            // The keys made before are for the known answer, wrong lengths and the key under test.
            Fault::KeysDiffer => tag[0] ^= u8::from(self.number > 4),
            Fault::ThreadMatters => tag[0] ^= u8::from(IS_TEST_THREAD.get()),
            _ => {}
        }
        tag
    }

    fn accepts(&self, nonce: &[u8; 12], aad: &[u8], data: &[u8], tag: &[u8; 16]) -> bool {
        let expected = self.tag(nonce, aad, data);
        let flipped = |octets: &[u8]| {
            let mut octets = octets.to_vec();
            if let Some(first) = octets.first_mut() {
                *first ^= 1;
            }
            octets
        };
        match self.fault {
            Fault::TagIgnored => true,
            Fault::TagUncheckedOver(len) if data.len() > len => true,
            Fault::LastTagBitIgnored => {
                expected[..15] == tag[..15] && (expected[15] ^ tag[15]) & 0x7F == 0
            }
            Fault::AlteredDataAccepted => {
                expected == *tag || self.tag(nonce, aad, &flipped(data)) == *tag
            }
            Fault::AlteredAadAccepted => {
                expected == *tag || self.tag(nonce, &flipped(aad), data) == *tag
            }
            _ => expected == *tag,
        }
    }
}

impl CipherKey for CustomKey {
    fn seal_in_place(
        &self,
        nonce: &[u8],
        aad: &[u8],
        data: &mut [u8],
        tag: &mut [u8],
    ) -> Result<(), CipherError> {
        let nonce = self.nonce(nonce)?;
        if self.fault == Fault::SealFailsAt(data.len()) {
            return Err(CipherError::Failed);
        }
        if tag.len() != 16 && !matches!(self.fault, Fault::AnyTagLength | Fault::TagTooLong) {
            return Err(CipherError::BadTagLength);
        }
        self.apply_keystream(&nonce, data);
        let computed = self.tag(&nonce, aad, data);
        tag.iter_mut()
            .zip(computed)
            .for_each(|(to, from)| *to = from);
        Ok(())
    }

    fn open_in_place(
        &self,
        nonce: &[u8],
        aad: &[u8],
        data: &mut [u8],
        tag: &[u8],
    ) -> Result<(), CipherError> {
        let opened = self.nonce(nonce).and_then(|nonce| match tag.try_into() {
            Ok(tag) if self.accepts(&nonce, aad, data, tag) => Ok(nonce),
            Ok(_) => Err(CipherError::AuthenticationFailed),
            Err(_) if self.fault == Fault::AnyTagLength => Ok(nonce),
            Err(_) => Err(CipherError::BadTagLength),
        });
        match opened {
            Ok(nonce) => {
                self.apply_keystream(&nonce, data);
                if self.fault == Fault::WrongOctetAt(data.len()) {
                    data[0] ^= 1;
                }
                Ok(())
            }
            Err(error) => {
                if self.fault != Fault::NotWiped {
                    data.fill(0);
                }
                Err(error)
            }
        }
    }
}

#[test]
fn each_fault_is_refused_by_its_name() {
    IS_TEST_THREAD.set(true);
    let faults = [
        (Fault::SuiteOfIana, Property::SuiteIsPrivate, 4),
        (Fault::NoKnownAnswer, Property::HasKnownAnswer, 0),
        (Fault::KnownAnswerOfWrongLength, Property::HasKnownAnswer, 0),
        (Fault::WrongKnownAnswer, Property::KnownAnswer, 0),
        (Fault::NonceTooShort, Property::ParamsInRange, 0xF0AA),
        (Fault::TagTooLong, Property::ParamsInRange, 0xF0AA),
        (Fault::LimitsTooHigh, Property::ParamsInRange, 0xF0AA),
        (Fault::AnyKeyLength, Property::RefusesWrongLengths, 0),
        (Fault::AnyNonceLength, Property::RefusesWrongLengths, 0),
        (Fault::AnyTagLength, Property::RefusesWrongLengths, 0),
        (Fault::SealFailsAt(0), Property::RoundTrip, 0),
        (Fault::SealFailsAt(2048), Property::RoundTrip, 2048),
        (Fault::SealFailsAt(65_553), Property::RoundTrip, 65_553),
        (Fault::WrongOctetAt(1), Property::RoundTrip, 1),
        (
            Fault::WrongOctetAt(1_048_577),
            Property::RoundTrip,
            1_048_577,
        ),
        (Fault::NonceIgnored, Property::DataDependsOnNonce, 0),
        (
            Fault::LastNonceOctetIgnored,
            Property::DataDependsOnNonce,
            88,
        ),
        (Fault::KeyIgnoredByData, Property::DataDependsOnKey, 0),
        (Fault::BlocksRepeat, Property::NoRepeatedBlocks, 0),
        (Fault::KeyIgnoredByTag, Property::TagDependsOnKey, 0),
        (Fault::NonceIgnoredByTag, Property::TagDependsOnNonce, 0),
        (Fault::AadIgnored, Property::TagDependsOnAad, 0),
        (Fault::AadEndIgnored, Property::TagDependsOnAad, 20),
        (Fault::DataIgnored, Property::TagDependsOnData, 0),
        (Fault::DataEndIgnored, Property::TagDependsOnData, 90),
        (
            Fault::AadAndDataJoined,
            Property::TagSeparatesAadFromData,
            1,
        ),
        (Fault::TagIgnored, Property::EveryTagBit, 0),
        (Fault::LastTagBitIgnored, Property::EveryTagBit, 127),
        (Fault::AlteredDataAccepted, Property::AlteredData, 0),
        (Fault::AlteredAadAccepted, Property::AlteredAad, 0),
        (Fault::NotWiped, Property::WipedOnFailure, 1),
        (Fault::AddressMatters, Property::InPlaceAnywhere, 5),
        (Fault::KeysDiffer, Property::Deterministic, 0),
        (
            Fault::KeystreamOfPeriod(4096),
            Property::NoRepeatedBlocks,
            0,
        ),
        (
            Fault::KeystreamOfPeriod(1 << 20),
            Property::NoRepeatedBlocks,
            0,
        ),
        (Fault::KeystreamOfPeriod(257), Property::NoRepeatedBlocks, 0),
        (
            Fault::NonceReachesFirstBlockAlone,
            Property::DataDependsOnNonce,
            0,
        ),
        (Fault::LowBitsOfNonceAlone, Property::DataDependsOnNonce, 1),
        (
            Fault::NonceFoldedToOneOctet,
            Property::DataDependsOnNonce,
            256,
        ),
        (Fault::LowBitsOfKeyAlone, Property::TagDependsOnKey, 1),
        (Fault::PartialBlockNotInTag, Property::AlteredData, 129),
        (Fault::DataInTagUpTo(1500), Property::AlteredData, 12_003),
        (Fault::TagUncheckedOver(4096), Property::EveryTagBit, 0),
        (Fault::AadInTagUpTo(32), Property::AlteredAad, 32),
        (Fault::AadPaddedWithoutLength, Property::AlteredAad, 1),
        (Fault::ThreadMatters, Property::SameOnTwoThreads, 0),
    ];
    for (fault, property, at) in faults {
        let refusal = CheckedCipher::register(Custom::new(fault)).unwrap_err();
        assert_eq!(refusal.property(), property, "{fault:?}: {refusal}");
        // Where memory lies is the allocator's: it aligns to 8 octets on some processors, to 16 on others.
        if !matches!(
            property,
            Property::NoRepeatedBlocks | Property::SameOnTwoThreads | Property::InPlaceAnywhere
        ) {
            assert_eq!(refusal.at(), at, "{fault:?}: {refusal}");
        }
        let text = refusal.to_string();
        assert!(text.contains(&format!("{property:?}")) && text.contains(&property.to_string()));
    }
}

#[test]
fn a_sound_cipher_is_registered_and_used() {
    IS_TEST_THREAD.set(true);
    let cipher = CheckedCipher::register(Custom::new(Fault::None)).unwrap();
    assert_eq!(cipher.suite(), CipherSuite::private(0xF0AA).unwrap());
    let (send, receive) = (
        KeyStore::raw_with(&cipher).unwrap(),
        KeyStore::raw_with(&cipher).unwrap(),
    );
    let mut pair = Pair::with_stores(send, receive, Mode::Frame, 9);
    for n in 0..100 {
        let text = "frame ".repeat(n);
        let sealed = pair.seal(&text);
        let opened = pair.decryptor.decrypt_to_vec(&info(), &sealed);
        assert_eq!(opened.unwrap(), text.as_bytes());
    }
    // The suite is part of the key schedule: the same base key in another suite is another key.
    let other = common::store(common::GCM);
    other.add_receive(key_a(), KeyId::new(9), alice()).unwrap();
    let mut other = mediaseal::ChannelDecryptor::new(&other, Mode::Frame).unwrap();
    let refused = other.decrypt_to_vec(&info(), &pair.seal("frame"));
    assert!(matches!(refused, Err(Error::AuthenticationFailed { .. })));
}

/// The sample of a vendor's documentation: XOR with 0x55, no key, no nonce, no tag.
struct Xor55;

impl Cipher for Xor55 {
    fn suite(&self) -> CipherSuite {
        CipherSuite::new(0xF055)
    }
    fn params(&self) -> Params {
        Params::new(16, 12, 16, Hash::Sha256)
    }
    fn new_key(&self, key: &[u8]) -> Result<Box<dyn CipherKey>, CipherError> {
        if key.len() == 16 {
            Ok(Box::new(Self))
        } else {
            Err(CipherError::BadKeyLength)
        }
    }
    fn known_answers(&self) -> Vec<KnownAnswer<'_>> {
        vec![KnownAnswer {
            name: "0x00 becomes 0x55",
            key: &[0; 16],
            nonce: &[0; 12],
            aad: &[],
            plaintext: &[0],
            ciphertext: &[0x55],
            tag: &[0; 16],
        }]
    }
}

impl CipherKey for Xor55 {
    fn seal_in_place(
        &self,
        nonce: &[u8],
        _aad: &[u8],
        data: &mut [u8],
        tag: &mut [u8],
    ) -> Result<(), CipherError> {
        if nonce.len() != 12 || tag.len() != 16 {
            return Err(CipherError::BadNonceLength);
        }
        data.iter_mut().for_each(|octet| *octet ^= 0x55);
        Ok(())
    }
    fn open_in_place(
        &self,
        nonce: &[u8],
        aad: &[u8],
        data: &mut [u8],
        tag: &[u8],
    ) -> Result<(), CipherError> {
        self.seal_in_place(nonce, aad, data, &mut tag.to_vec())
    }
}

#[test]
fn xor_is_refused_because_it_ignores_the_nonce() {
    let refusal = CheckedCipher::register(Xor55).unwrap_err();
    assert_eq!(refusal.property(), Property::DataDependsOnNonce);
    assert!(refusal.to_string().contains("ignores"), "{refusal}");
}

/// A cipher that works until it is registered and fails afterwards breaks nothing but its own frames.
struct Turncoat(Custom);

struct TurncoatKey(Box<dyn CipherKey>);

/// What a [`Turncoat`] does once it is registered.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    None,
    Fails,
    Panics,
}

thread_local! {
    static TURNED: Cell<Turn> = const { Cell::new(Turn::None) };
}

impl Turn {
    /// Leaves `traces` in the text.
    fn take(text: &mut [u8], traces: u8) -> Result<(), CipherError> {
        let turn = TURNED.get();
        if turn == Self::None {
            return Ok(());
        }
        text[..4].fill(traces);
        assert!(turn == Self::Fails, "expected by this test");
        Err(CipherError::Failed)
    }
}

impl Cipher for Turncoat {
    fn suite(&self) -> CipherSuite {
        self.0.suite()
    }
    fn params(&self) -> Params {
        self.0.params()
    }
    fn new_key(&self, key: &[u8]) -> Result<Box<dyn CipherKey>, CipherError> {
        Ok(Box::new(TurncoatKey(self.0.new_key(key)?)))
    }
    fn known_answers(&self) -> Vec<KnownAnswer<'_>> {
        self.0.known_answers()
    }
}

impl CipherKey for TurncoatKey {
    fn seal_in_place(
        &self,
        nonce: &[u8],
        aad: &[u8],
        data: &mut [u8],
        tag: &mut [u8],
    ) -> Result<(), CipherError> {
        Turn::take(data, 0x11)?;
        self.0.seal_in_place(nonce, aad, data, tag)
    }
    fn open_in_place(
        &self,
        nonce: &[u8],
        aad: &[u8],
        data: &mut [u8],
        tag: &[u8],
    ) -> Result<(), CipherError> {
        Turn::take(data, 0x22)?;
        self.0.open_in_place(nonce, aad, data, tag)
    }
}

#[test]
fn a_cipher_that_fails_later_spends_a_counter_and_leaves_nothing() {
    IS_TEST_THREAD.set(true);
    let cipher = CheckedCipher::register(Turncoat(Custom::new(Fault::None))).unwrap();
    let (send, receive) = (
        KeyStore::raw_with(&cipher).unwrap(),
        KeyStore::raw_with(&cipher).unwrap(),
    );
    let mut pair = Pair::with_stores(send, receive, Mode::Frame, 1);
    let good = pair.seal("good");
    let (mut out, mut opened) = ([0xEE; 64], [0xEE; 64]);

    TURNED.set(Turn::Fails);
    let failed = pair.encryptor.encrypt_into(&info(), b"a frame", &mut out);
    assert_eq!(failed, Err(Error::CipherFailed { suite: 0xF0AA }));
    assert!(
        pair.decryptor
            .decrypt_into(&info(), &good, &mut opened)
            .is_err()
    );
    assert_nothing_of_the_text_in(&out, &opened);

    TURNED.set(Turn::Panics);
    (out, opened) = ([0xEE; 64], [0xEE; 64]);
    let sealing = AssertUnwindSafe(|| pair.encryptor.encrypt_into(&info(), b"a frame", &mut out));
    assert!(catch_unwind(sealing).is_err());
    let opening = AssertUnwindSafe(|| {
        let opened = pair.decryptor.decrypt_into(&info(), &good, &mut opened);
        opened.map(|_| ())
    });
    assert!(catch_unwind(opening).is_err());
    assert_nothing_of_the_text_in(&out, &opened);

    TURNED.set(Turn::None);
    let next = pair.seal("next");
    assert_eq!(
        (good[0] & 0xF, next[0] & 0xF),
        (0, 3),
        "CTR 1 and 2 were spent on the failures"
    );
    assert_eq!(
        pair.decryptor.decrypt_to_vec(&info(), &good).unwrap(),
        b"good"
    );
    assert_eq!(
        pair.decryptor.decrypt_to_vec(&info(), &next).unwrap(),
        b"next"
    );
}

fn assert_nothing_of_the_text_in(sealed: &[u8], opened: &[u8]) {
    let left = |run: &[u8]| sealed.windows(run.len()).any(|octets| octets == run);
    assert!(!left(&[0x11; 4]) && !left(b"me"), "{sealed:x?}");
    assert!(!opened.contains(&0x22), "{opened:x?}");
}

#[test]
fn short_custom_tags_need_the_opt_in() {
    struct Short(Custom);
    impl Cipher for Short {
        fn suite(&self) -> CipherSuite {
            self.0.suite()
        }
        fn params(&self) -> Params {
            let full = self.0.params();
            Params::new(full.key_len, full.nonce_len, 12, full.hash)
        }
        fn new_key(&self, key: &[u8]) -> Result<Box<dyn CipherKey>, CipherError> {
            Ok(Box::new(ShortKey(self.0.new_key(key)?)))
        }
        fn known_answers(&self) -> Vec<KnownAnswer<'_>> {
            self.0
                .answers
                .iter()
                .map(|answer| KnownAnswer {
                    tag: &answer.tag[..12],
                    ..*answer
                })
                .collect()
        }
    }
    struct ShortKey(Box<dyn CipherKey>);
    impl CipherKey for ShortKey {
        fn seal_in_place(
            &self,
            nonce: &[u8],
            aad: &[u8],
            data: &mut [u8],
            tag: &mut [u8],
        ) -> Result<(), CipherError> {
            let mut full = [0; 16];
            let tag: &mut [u8; 12] = tag.try_into().map_err(|_| CipherError::BadTagLength)?;
            self.0.seal_in_place(nonce, aad, data, &mut full)?;
            tag.copy_from_slice(&full[..12]);
            Ok(())
        }
        fn open_in_place(
            &self,
            nonce: &[u8],
            aad: &[u8],
            data: &mut [u8],
            tag: &[u8],
        ) -> Result<(), CipherError> {
            // Seals the plaintext again to compare: good enough for a test.
            let mut full = [0; 16];
            let ciphertext = data.to_vec();
            let sealed = self.0.seal_in_place(nonce, aad, data, &mut full);
            let mut again = data.to_vec();
            let compared = sealed.and_then(|()| {
                self.0.seal_in_place(nonce, aad, &mut again, &mut full)?;
                if again == ciphertext && full[..12] == *tag {
                    Ok(())
                } else {
                    Err(CipherError::AuthenticationFailed)
                }
            });
            compared.inspect_err(|_| data.fill(0))
        }
    }
    IS_TEST_THREAD.set(true);
    let short = CheckedCipher::register(Short(Custom::new(Fault::None))).unwrap();
    let refused = KeyStore::raw_with(&short).err();
    assert_eq!(refused, Some(Misuse::ShortTag { tag_len: 12 }.into()));
    let store = KeyStore::raw_with(&short.allow_short_tags()).unwrap();
    store
        .add_send(key_a(), KeyId::new(1), CounterOrigin::FreshKey)
        .unwrap();
    store.activate(KeyId::new(1)).unwrap();
    let mut encryptor = ChannelEncryptor::new(&store, Mode::Frame).unwrap();
    assert_eq!(
        encryptor.encrypt_to_vec(&info(), b"12345").unwrap().len(),
        1 + 5 + 12
    );
}
