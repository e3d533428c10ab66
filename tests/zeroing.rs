//! Every type that holds a secret wipes it on drop.
//!
//! The allocator of this test looks at each block that is freed. A secret has its home on the heap, so a type that forgot to
//! wipe frees a block with the secret in it. The secrets looked for are all that a key becomes: the base key, both HKDF outputs,
//! and what AES, GHASH and HMAC make of them first: round keys, powers of H, midstates.

#![allow(unsafe_code, reason = "a GlobalAlloc that looks at what is freed")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
#[path = "common/reference.rs"]
mod reference;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use common::{Pair, info, key_a, store};
use mediaseal::{
    BaseKey, ChannelConfig, ChannelDecryptor, ChannelEncryptor, ChannelKey, ChannelStore,
    CipherSuite, CounterOrigin, EpochSecret, KeyId, Media, Mode, NewGeneration, SenderId,
};
use sha2::{Digest, Sha256, Sha512};

/// XORed over the patterns, so that the list of what to look for is not found itself.
const MASK: u8 = 0x99;
const LEN: usize = 16;

static PATTERNS: OnceLock<Vec<[u8; LEN]>> = OnceLock::new();
static LOOKING: AtomicBool = AtomicBool::new(false);
static FOUND: AtomicUsize = AtomicUsize::new(0);
/// The tests of this file share the statics above.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

struct Looking;

// SAFETY: every call goes to the system's allocator as it came; `dealloc` reads the block before.
unsafe impl GlobalAlloc for Looking {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are passed on.
        // Zeroed, so that old secrets of somebody else's are not found in padding.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if LOOKING.load(Ordering::Relaxed) {
            // SAFETY: the block is the caller's, has `layout.size()` octets, and was zeroed when it was allocated.
            let octets = unsafe { std::slice::from_raw_parts(block, layout.size()) };
            FOUND.fetch_add(hits(octets), Ordering::Relaxed);
        }
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Looking = Looking;

fn hits(octets: &[u8]) -> usize {
    let Some(patterns) = PATTERNS.get() else {
        return 0;
    };
    octets
        .windows(LEN)
        .filter(|window| {
            patterns.iter().any(|pattern| {
                window
                    .iter()
                    .zip(pattern)
                    .all(|(octet, masked)| octet ^ MASK == *masked)
            })
        })
        .count()
}

/// Runs `work` and returns how many secrets lay in the blocks that it freed.
#[inline(never)]
fn secrets_freed(work: impl FnOnce()) -> usize {
    PATTERNS.get_or_init(patterns);
    FOUND.store(0, Ordering::Relaxed);
    LOOKING.store(true, Ordering::Relaxed);
    work();
    // The vector backends of `aes` spread round keys on the stack while they work on a frame. What is made next would carry
    // that residue into the padding of its boxes, where it is no secret that a type forgot.
    zeroize::zeroize_stack::<{ 64 * 1024 }>();
    LOOKING.store(false, Ordering::Relaxed);
    FOUND.load(Ordering::Relaxed)
}

const KID: u64 = 5;

/// Every run of 16 octets of the base key, of sframe_secret, sframe_key and sframe_salt in every suite, of the AES round keys,
/// the powers of H and the HMAC midstates, masked.
fn patterns() -> Vec<[u8; LEN]> {
    let base_key = data_encoding::HEXLOWER
        .decode(common::CANARY_A.as_bytes())
        .unwrap();
    let mut secrets = vec![base_key.clone()];
    for suite in CipherSuite::BUILTIN {
        let wide = matches!(suite.value(), 5..=8);
        let key_len = match suite.value() {
            1..=3 => 48,
            4 => 16,
            5 => 32,
            _ => 96,
        };
        let label = |text: &str| {
            [
                text.as_bytes(),
                &KID.to_be_bytes(),
                &suite.value().to_be_bytes(),
            ]
            .concat()
        };
        let (mut key, mut salt) = (vec![0; key_len], vec![0; 12]);
        let (key_label, salt_label) = (
            label("SFrame 1.0 Secret key "),
            label("SFrame 1.0 Secret salt "),
        );
        if wide {
            let (secret, hkdf) = hkdf::Hkdf::<Sha512>::extract(Some(b""), &base_key);
            hkdf.expand(&key_label, &mut key).unwrap();
            hkdf.expand(&salt_label, &mut salt).unwrap();
            secrets.push(secret.to_vec());
        } else {
            let (secret, hkdf) = hkdf::Hkdf::<Sha256>::extract(Some(b""), &base_key);
            hkdf.expand(&key_label, &mut key).unwrap();
            hkdf.expand(&salt_label, &mut salt).unwrap();
            secrets.push(secret.to_vec());
        }
        if key_len > 32 {
            // The midstates that a frame starts from, as the hash keeps them: words in the machine's order.
            let auth_key = &key[key_len / 3..];
            secrets.extend([0x36, 0x5C].map(|pad| midstate(auth_key, pad, wide)));
        }
        let cipher_key = if key_len > 32 {
            &key[..key_len / 3]
        } else {
            &key
        };
        let round_keys = reference::round_keys(cipher_key);
        secrets.extend(round_keys.iter().map(|round_key| round_key.to_vec()));
        if key_len <= 32 {
            secrets.extend(powers(cipher_key));
        }
        secrets.push(key);
        // 12 octets of salt: too short for a pattern of their own, so looked for with the zeros behind them.
        salt.resize(LEN, 0);
        secrets.push(salt);
    }
    secrets.extend(channel_secrets());
    let mut patterns: Vec<[u8; LEN]> = secrets
        .iter()
        .flat_map(|secret| secret.windows(LEN))
        .map(|window| {
            <[u8; LEN]>::try_from(window)
                .unwrap()
                .map(|octet| octet ^ MASK)
        })
        .collect();
    patterns.sort_unstable();
    patterns.dedup();
    patterns
}

/// The powers of H, and their D, as the contexts of the kernels keep them.
fn powers(key: &[u8]) -> Vec<Vec<u8>> {
    let h = reference::hash_key(key);
    let powers = std::iter::successors(Some(h), |&power| Some(reference::multiply(power, h)));
    let kept = powers.take(12).flat_map(reference::kept);
    kept.map(|octets| octets.to_vec()).collect()
}

/// A channel key and the secrets of its first eleven steps, as published in our vectors.
fn channel_secrets() -> Vec<Vec<u8>> {
    let file: serde_json::Value =
        serde_json::from_str(include_str!("vectors/mediaseal/channel-schedule.json")).unwrap();
    let case = &file["cases"][0];
    let secrets = case["secrets"].as_array().unwrap();
    std::iter::once(&case["channel_key"])
        .chain(secrets)
        .map(|hex| {
            data_encoding::HEXLOWER
                .decode(hex.as_str().unwrap().as_bytes())
                .unwrap()
        })
        .collect()
}

/// The state of the hash after one block of key XOR pad, by the crate's own serialisation.
fn midstate(key: &[u8], pad: u8, wide: bool) -> Vec<u8> {
    use sha2::digest::common::hazmat::SerializableState;
    let block = |len: usize| -> Vec<u8> {
        (0..len)
            .map(|at| key.get(at).copied().unwrap_or(0) ^ pad)
            .collect()
    };
    if wide {
        let mut hash = Sha512::new();
        hash.update(block(128));
        hash.serialize()[..64].to_vec()
    } else {
        let mut hash = Sha256::new();
        hash.update(block(64));
        hash.serialize()[..32].to_vec()
    }
}

#[test]
fn every_secret_is_wiped_before_its_memory_is_given_back() {
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    for suite in CipherSuite::BUILTIN {
        let found = secrets_freed(|| {
            let mut pair = Pair::new(suite, Mode::Frame, KID);
            for n in 0..50 {
                let sealed = pair.seal(&n.to_string());
                pair.decryptor.decrypt_to_vec(&info(), &sealed).unwrap();
            }
            drop(pair);
        });
        assert_eq!(found, 0, "{suite}: secrets in freed memory");
    }
}

#[test]
fn base_keys_wipe_themselves_on_every_way_out() {
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let found = secrets_freed(|| {
        drop(key_a());
        drop(key_a().duplicate());
        let mut bad_text = common::CANARY_A.to_owned();
        bad_text.replace_range(63.., "x");
        assert!(BaseKey::from_hex(&bad_text).is_err());
        // Refused calls wipe the key that they were handed.
        let store = store(common::GCM);
        let kid = KeyId::new(KID);
        store
            .add_send(key_a(), kid, CounterOrigin::FreshKey)
            .unwrap();
        assert!(
            store
                .add_send(key_a(), kid, CounterOrigin::FreshKey)
                .is_err()
        );
        assert!(store.add_receive(key_a(), kid, common::alice()).is_err());
    });
    assert_eq!(found, 0);
}

#[test]
fn a_retired_key_is_wiped_when_its_user_is_refreshed() {
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let pair = Pair::new(common::GCM, Mode::Frame, KID);
    let mut decryptor = ChannelDecryptor::new(&pair.receive, Mode::Frame).unwrap();
    let found = secrets_freed(|| {
        pair.receive.retire_receive(KeyId::new(KID)).unwrap();
        decryptor.refresh();
    });
    assert_eq!(found, 0);
}

#[test]
fn a_channel_wipes_its_key_its_steps_and_what_it_hands_over() {
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let channel_key = channel_secrets().remove(0);
    let alice = SenderId::new("alice").unwrap();
    let found = secrets_freed(|| {
        let store = ChannelStore::new().unwrap();
        let config = ChannelConfig::new("room-42").unwrap();
        let channel = store.channel(config.clone()).unwrap();
        let key = ChannelKey::from_slice(&channel_key).unwrap();
        channel.stage(NewGeneration::new(0, key)).unwrap();
        channel.activate(0).unwrap();
        let mut encryptor =
            ChannelEncryptor::for_channel(&channel, alice.clone(), Media::AUDIO, Mode::Frame)
                .unwrap();
        let other_store = ChannelStore::new().unwrap();
        let other = other_store.channel(config).unwrap();
        let text = channel.epoch_secret(0, 0).unwrap().to_text();
        other
            .join(EpochSecret::from_text(&text).unwrap(), None)
            .unwrap();
        drop(text);
        let mut decryptor =
            ChannelDecryptor::for_channel(&other, &[(alice.clone(), Media::AUDIO)], Mode::Frame)
                .unwrap();
        for step in 0..8 {
            channel.advance_to(0, step).unwrap();
            channel.end_grace();
            let frame = encryptor.encrypt_to_vec(&info(), b"frame").unwrap();
            decryptor.decrypt_to_vec(&info(), &frame).unwrap();
        }
        channel.safety_code().unwrap();
        channel.retire(0).unwrap();
        other.retire(0).unwrap();
    });
    assert_eq!(found, 0);
}

#[cfg(feature = "recording")]
#[test]
fn what_is_handed_over_leaves_nothing_behind() {
    use mediaseal::vault::Dek;
    use mediaseal::vault::grant::{
        Envelope, Grant, Identity, Kem, Payload, SessionGrant, SessionKey, Signer,
    };

    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let octets: [u8; 32] = data_encoding::HEXLOWER
        .decode(common::CANARY_A.as_bytes())
        .unwrap()
        .try_into()
        .unwrap();
    let context = mediaseal::vault::WrapContext {
        purpose: vec![1; 32],
        region: String::new(),
    };
    let params: mediaseal::PassphraseParams = "$argon2id$v=19$m=64,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg"
        .parse()
        .unwrap();
    let found = secrets_freed(|| {
        for kem in Kem::ALL {
            // The same octets as every kind of secret.
            let identity = Identity::from_bytes(kem, &octets).unwrap();
            let identity = Identity::from_text(&identity.to_text()).unwrap();
            let signer = Signer::from_text(&Signer::from_bytes(&octets).to_text()).unwrap();
            let dek = Payload::Dek(Dek::from_bytes(&octets));
            let grant = Grant::seal(&dek, identity.recipient(), &signer, b"").unwrap();
            drop(grant.open(&identity, signer.public(), b"").unwrap());
            let session = SessionKey::raw(
                common::GCM,
                KeyId::new(KID),
                common::alice(),
                Media::AUDIO,
                key_a(),
            );
            let owners = [identity.recipient().clone()];
            let grant = SessionGrant::seal(session, &owners, &signer).unwrap();
            drop(grant.open(&identity, &[*signer.public()]).unwrap());
            let mut envelope = Envelope::new();
            let dek = Dek::from_bytes(&octets);
            envelope
                .add_recipient(&dek, identity.recipient(), &signer, &context)
                .unwrap();
            envelope
                .add_passphrase(&dek, "words", params.clone(), &context)
                .unwrap();
            drop(envelope.open_by_passphrase("words", &context).unwrap());
            assert!(envelope.open_by_passphrase("word", &context).is_err());
        }
    });
    assert_eq!(found, 0);
}

/// The allocator would notice: secrets that are freed unwiped are found.
#[test]
fn the_search_finds_what_is_not_wiped() {
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let base_key = data_encoding::HEXLOWER
        .decode(common::CANARY_A.as_bytes())
        .unwrap();
    let unwiped = base_key.clone();
    assert!(secrets_freed(|| drop(unwiped)) > 0, "a base key");

    let (_, hkdf) = hkdf::Hkdf::<Sha256>::extract(Some(b""), &base_key);
    let label = [&b"SFrame 1.0 Secret key "[..], &KID.to_be_bytes(), &[0, 4]].concat();
    let mut key = vec![0; 16];
    hkdf.expand(&label, &mut key).unwrap();
    let last_round_key = reference::round_keys(&key).remove(10).to_vec();
    assert!(secrets_freed(|| drop(last_round_key)) > 0, "a round key");
    let last_power = powers(&key).remove(22);
    assert!(secrets_freed(|| drop(last_power)) > 0, "a power of H");
    assert!(
        secrets_freed(|| drop(key)) > 0,
        "an AES key, which is also its first round key"
    );

    let label = [&b"SFrame 1.0 Secret key "[..], &KID.to_be_bytes(), &[0, 1]].concat();
    let mut key = vec![0; 48];
    hkdf.expand(&label, &mut key).unwrap();
    let state = midstate(&key[16..], 0x36, false);
    assert!(secrets_freed(|| drop(state)) > 0, "an HMAC midstate");
}
