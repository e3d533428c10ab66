//! A key and nonce sealed two frames.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use mediaseal::cipher::{Cipher, CipherError, CipherKey, KnownAnswer, Limits, Params};
use mediaseal::format::sframe::Header;
use mediaseal::{
    ChannelConfig, ChannelEncryptor, ChannelKey, ChannelStore, CheckedCipher, CipherSuite,
    CounterOrigin, CounterStore, Error, Event, FrameInfo, KeyId, KeyStore, Media, Misuse, Mode,
    NewGeneration, PassphraseParams, SenderId, Ssrc, StoreFault,
};

use crate::common::{GCM, Pair, info, key_a, store};
use crate::member::{Member, NOW};
use crate::sm4_gcm::Sm4Gcm;

/// What stands for key and nonce: a session's key follows from its KID, all else being equal, and the nonce from CTR.
fn kid_and_ctr(sealed: &[u8]) -> (u64, u64) {
    let (header, _) = Header::parse(sealed).unwrap();
    (header.kid().value(), header.ctr().value())
}

/// The IV of Jitsi and LiveKit is made of SSRC, timestamp and a count that wraps, begun at random: it repeats where a timestamp stands still, an SSRC
/// is used again or a worker starts anew. Here: all of that, 100,000 times; no pair twice.
#[test]
fn jitsi_the_iv_repeats_when_the_timestamp_stands_still() {
    let mut seen = HashSet::new();
    let frozen = FrameInfo::new(Ssrc::new(0x1234_5678)).metadata(&[0x55; 4]);
    for _ in 0..20 {
        // A process that starts anew, with all the same: key, channel, sender, SSRC, timestamp, clock.
        let member = Member::sealing();
        let mut encryptors = [(); 5].map(|()| member.encryptor("alice"));
        for round in 0..1000 {
            for encryptor in &mut encryptors {
                let sealed = encryptor.encrypt_to_vec(&frozen, b"frozen").unwrap();
                assert!(seen.insert(kid_and_ctr(&sealed)));
            }
            // More frames a session than one octet can count; then the clock is set back, and on by an hour.
            if round % 500 == 499 {
                member.store.tick(NOW - 100_000).unwrap();
                member.store.tick(NOW + 3600).unwrap();
                member.store.renew_sessions().unwrap();
            }
        }
    }
    assert_eq!(seen.len(), 100_000);
}

/// In LiveKit a worker that starts again with the same passphrase has the same key and counts anew. Here a passphrase gives the same channel, and
/// each start another session.
#[test]
fn livekit_a_worker_restarts_with_the_same_passphrase_and_counts_anew() {
    let params: PassphraseParams = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA"
        .parse()
        .unwrap();
    let mut seen = HashSet::new();
    let mut codes = HashSet::new();
    for has_clock in [true, false] {
        for _ in 0..50 {
            let key = ChannelKey::from_passphrase("correct horse battery", &params).unwrap();
            let config = ChannelConfig::new("room").unwrap();
            let member = Member::of(if has_clock {
                config.with_clock()
            } else {
                config
            });
            member.channel.stage(NewGeneration::new(1, key)).unwrap();
            member.channel.activate(1).unwrap();
            codes.insert(member.channel.safety_code().unwrap());
            let mut encryptor = member.encryptor("alice");
            for _ in 0..100 {
                let sealed = encryptor.encrypt_to_vec(&info(), b"frame").unwrap();
                assert!(seen.insert(kid_and_ctr(&sealed)));
            }
        }
    }
    assert_eq!(seen.len(), 10_000);
    assert_eq!(codes.len(), 2, "the same keys, with a clock and without");
}

/// webrtc-sdk begins its counters with srand(time), Jitsi with `Math.random()`: who starts in the same second counts alike. Here: 2,000 starts in one
/// second of the clock, as one sender, and no session twice.
#[test]
fn webrtc_sdk_counters_that_begin_in_one_second_begin_alike() {
    let key = ChannelKey::from_slice(&[7; 32]).unwrap();
    let mut sessions = HashSet::new();
    let mut first = HashSet::new();
    for _ in 0..100 {
        let store = ChannelStore::new().unwrap();
        let channel = store.channel(ChannelConfig::new("room").unwrap()).unwrap();
        channel
            .stage(NewGeneration::new(1, key.duplicate()))
            .unwrap();
        store.tick(NOW).unwrap();
        channel.activate(1).unwrap();
        for _ in 0..20 {
            let sender = SenderId::new("alice").unwrap();
            let mut encryptor =
                ChannelEncryptor::for_channel(&channel, sender, Media::AUDIO, Mode::Frame).unwrap();
            let sealed = encryptor.encrypt_to_vec(&info(), b"first").unwrap();
            assert!(first.insert(kid_and_ctr(&sealed)));
            sessions.insert(kid_and_ctr(&sealed).0);
        }
    }
    assert_eq!(sessions.len(), 2000);
}

/// The `add_key` of one SFrame library sets the counter back to zero. Here a key that was ever there for sending does not come again, after it was
/// retired either, nor under a second name of the store.
#[test]
fn cisco_sframe_a_key_that_is_added_again_counts_from_zero() {
    let kid = KeyId::new(0);
    let mut pair = Pair::gcm();
    for _ in 0..10 {
        pair.seal("frame");
    }
    let in_use = Err(Misuse::KidInUse { kid }.into());
    let reused = Err(Misuse::KeyReused { kid }.into());
    let again = |store: &KeyStore| store.add_send(key_a(), kid, CounterOrigin::FreshKey);
    assert_eq!(again(&pair.send), in_use);
    pair.send.retire_send(kid).unwrap();
    for _ in 0..3 {
        assert_eq!(again(&pair.send.clone()), reused);
    }
    let other = KeyId::new(1);
    pair.send
        .add_send(crate::common::key_b(), other, CounterOrigin::FreshKey)
        .unwrap();
    pair.send.activate(other).unwrap();
    assert_eq!(again(&pair.send), reused);
    let sealed = pair.seal("another key begins at 0");
    assert_eq!(kid_and_ctr(&sealed), (1, 0));

    let member = Member::sealing();
    member.channel.retire(1).unwrap();
    let key = ChannelKey::from_slice(&[7; 32]).unwrap();
    let refused = member.channel.stage(NewGeneration::new(1, key));
    assert_eq!(refused, Err(Misuse::GenerationRetired.into()));
}

/// A folder of a test's own, removed when the test ends.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("mediaseal-field-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        drop(fs::remove_dir_all(&path));
        Self(path)
    }

    fn record(&self) -> PathBuf {
        let entries = fs::read_dir(&self.0).unwrap();
        entries
            .map(|entry| entry.unwrap().path())
            .find(|path| path.extension().is_some_and(|extension| extension == "ctr"))
            .unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

fn sender(folder: &Path) -> Result<(KeyStore, ChannelEncryptor), Error> {
    let counters = match CounterStore::open(folder) {
        Err(Error::CounterStore(StoreFault::NotThere)) => CounterStore::create(folder)?,
        opened => opened?,
    };
    let keys = store(GCM);
    let kid = KeyId::new(3);
    keys.add_send(key_a(), kid, CounterOrigin::Store(&counters))?;
    keys.activate(kid)?;
    let encryptor = ChannelEncryptor::new(&keys, Mode::Frame)?;
    Ok((keys, encryptor))
}

/// hyprstream had its counters in memory alone: no high-water mark, no lease for one writer, begun anew by restart, re-registration and failover
/// (1122). Here: a key that lives through restarts, a second writer at the same time, and a record that was put back.
#[test]
fn hyprstream_1122_counters_live_in_memory_alone() {
    let folder = Folder::new("1122");
    let mut seen = HashSet::new();
    for _ in 0..20 {
        let (_keys, mut encryptor) = sender(&folder.0).unwrap();
        for _ in 0..500 {
            let sealed = encryptor.encrypt_to_vec(&info(), b"frame").unwrap();
            assert!(seen.insert(kid_and_ctr(&sealed)));
        }
        let second = sender(&folder.0).err();
        assert_eq!(second, Some(StoreFault::Locked.into()));
    }
    assert_eq!(seen.len(), 10_000);

    let (keys, mut encryptor) = sender(&folder.0).unwrap();
    let old = fs::read(folder.record()).unwrap();
    for _ in 0..70_000 {
        let sealed = encryptor.encrypt_to_vec(&info(), b"").unwrap();
        assert!(seen.insert(kid_and_ctr(&sealed)));
    }
    fs::write(folder.record(), old).unwrap();
    assert_eq!(keys.tick(NOW), Err(StoreFault::RolledBack.into()));
}

/// The wrong layout of an IV gave overlapping key streams in medooze/sframe (5). Here: the key streams of frames whose CTR differ in every octet,
/// block by block, in every suite; no block comes twice.
#[test]
fn medooze_5_the_layout_of_the_iv_repeats_the_key_stream() {
    for suite in CipherSuite::BUILTIN {
        let mut pair = Pair::new(suite, Mode::Frame, 0);
        let mut blocks = HashSet::new();
        for ctr in 0..66_000_u32 {
            // All CTR that differ in low octets, and some across the carries of the others.
            let is_looked_at = ctr < 40 || (240..280).contains(&ctr) || ctr > 65_500;
            let len = if is_looked_at { 1024 } else { 0 };
            let sealed = pair
                .encryptor
                .encrypt_to_vec(&info(), &vec![0; len])
                .unwrap();
            let (_, header) = Header::parse(&sealed).unwrap();
            for block in sealed[header..header + len].chunks_exact(16) {
                assert!(
                    blocks.insert(u128::from_be_bytes(block.try_into().unwrap())),
                    "{suite:?}, CTR {ctr}"
                );
            }
        }
        assert!(blocks.len() > 30_000);
    }
}

/// SM4-GCM for a number of frames alone.
struct Limited(u64, Sm4Gcm);

impl Cipher for Limited {
    fn suite(&self) -> CipherSuite {
        Sm4Gcm.suite()
    }
    fn params(&self) -> Params {
        Sm4Gcm.params().limits(Limits::DEFAULT.max_seals(self.0))
    }
    fn new_key(&self, key: &[u8]) -> Result<Box<dyn CipherKey>, CipherError> {
        Sm4Gcm.new_key(key)
    }
    fn known_answers(&self) -> Vec<KnownAnswer<'_>> {
        self.1.known_answers()
    }
}

/// A number of 32 bits wraps silently in Wire's frames, in hpke-rs (RUSTSEC-2026-0071) and elsewhere. Here: a key ends at its limit exactly, for
/// ever, for all encryptors that share it, and says so before.
#[test]
fn wire_the_number_of_a_frame_wraps_silently() {
    let cipher = CheckedCipher::register(Limited(1000, Sm4Gcm)).unwrap();
    let [send, receive] = [(); 2].map(|()| KeyStore::raw_with(&cipher).unwrap());
    let mut pair = Pair::with_stores(send, receive, Mode::Frame, 0);
    let mut other = ChannelEncryptor::new(&pair.send, Mode::Frame).unwrap();
    let mut seen = HashSet::new();
    let mut sealed = 0;
    for turn in 0..5000 {
        let encryptor = if turn % 2 == 0 {
            &mut pair.encryptor
        } else {
            &mut other
        };
        match encryptor.encrypt_to_vec(&info(), b"frame") {
            Ok(frame) => {
                assert!(seen.insert(kid_and_ctr(&frame)));
                sealed += 1;
            }
            Err(error) => {
                let kid = KeyId::new(0);
                assert_eq!(error, Error::KeyExhausted { kid });
                assert!(turn >= 1000, "frame {turn}");
            }
        }
    }
    assert_eq!(sealed, 1000);
    let events: Vec<_> = std::iter::from_fn(|| pair.send.poll_event()).collect();
    let is_near = |event: &Event| matches!(event, Event::KeyNearLimit { .. });
    let is_over = |event: &Event| matches!(event, Event::KeyExhausted { .. });
    assert!(events.iter().position(is_near) < events.iter().position(is_over));
    assert!(events.iter().any(is_near));
}

/// And beyond 2^32: without a clock a session's CTR begins at a random multiple of 2^32, so its frames have numbers that 32 bits do not hold. They
/// open in order, late and once.
#[test]
fn hpke_rs_rustsec_2026_0071_numbers_beyond_32_bits_wrap() {
    let [alice, bob] = [(); 2].map(|()| {
        let member = Member::of(ChannelConfig::new("room").unwrap());
        member.stage(1, 7);
        member.channel.activate(1).unwrap();
        member
    });
    let mut decryptor = bob.decryptor("alice");
    let mut beyond = 0;
    for _ in 0..20 {
        let mut encryptor = alice.encryptor("alice");
        let frames: Vec<_> = (0..100_u8)
            .map(|n| encryptor.encrypt_to_vec(&info(), &[n; 50]).unwrap())
            .collect();
        beyond += usize::from(kid_and_ctr(&frames[0]).1 > u64::from(u32::MAX));
        for (n, frame) in frames.iter().enumerate().rev() {
            let expected = vec![u8::try_from(n).unwrap(); 50];
            // The window reaches 64 below the first that comes.
            if n >= 35 {
                assert_eq!(decryptor.decrypt_to_vec(&info(), frame), Ok(expected));
            }
            assert!(decryptor.decrypt_to_vec(&info(), frame).is_err());
        }
    }
    assert!(beyond >= 19, "{beyond}");
}

/// The text of the C header without its comments.
fn declarations() -> String {
    let mut rest = include_str!("../../include/mediaseal.h");
    let mut text = String::new();
    while let Some((code, after)) = rest.split_once("/*") {
        text.push_str(code);
        rest = after.split_once("*/").unwrap().1;
    }
    text + rest
}

/// In many products the application hands over the nonce, or where a counter starts. Here no function of the C header takes one, and no struct but
/// those of the seam for ciphers, which are given nonces and choose none.
#[test]
fn many_products_leave_the_nonce_to_the_caller() {
    let text = declarations();
    let is_of_nonces = |text: &str| {
        text.split(|letter: char| !letter.is_ascii_alphanumeric())
            .flat_map(|name| name.split('_'))
            .any(|word| matches!(word, "nonce" | "iv" | "counter" | "ctr"))
    };
    let (mut functions, mut structs) = (0, Vec::new());
    for item in text.split("\n\n").map(str::trim) {
        if let Some(body) = item.strip_prefix("typedef struct ") {
            let Some((name, fields)) = body.split_once('{') else {
                continue;
            };
            if is_of_nonces(fields) {
                structs.push(name.trim());
            }
        } else if let Some((name, parameters)) = item.split_once('(')
            && name.contains("mediaseal_")
            && !name.starts_with('#')
        {
            functions += 1;
            // A counter store is a folder that the library counts in.
            let parameters = parameters.replace("counter_store", "");
            assert!(!is_of_nonces(&parameters), "{name}({parameters}");
        }
    }
    assert!(functions > 90, "{functions} functions were looked at");
    let seam = ["known_answer", "cipher_vtable", "cipher_params"];
    // What is told afterwards: the CTR of a frame that came or went.
    let told = [
        "event",
        "failure",
        "opened",
        "diagnosis",
        "look",
        "proof_state",
    ];
    let expected: Vec<_> = { seam.iter().chain(&told) }
        .map(|name| format!("mediaseal_{name}"))
        .collect();
    assert_eq!(structs, expected);
}
