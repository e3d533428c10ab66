//! The end of a key: with a counter just below its limit, what still succeeds is counted.

use std::sync::Arc;

use crate::{
    channel::{ChannelEncryptor, Mode},
    cipher::{CheckedCipher, CipherSuite, Limits},
    error::Error,
    event::{Event, EventQueue},
    frame::FrameInfo,
    id::{KeyId, Ssrc},
    keys::{
        BaseKey, CounterOrigin, KeyStore,
        key::{Allowance, SendKey},
    },
};

const KID: KeyId = KeyId::new(3);

/// A fresh send key, and the queue of its events.
fn send_key() -> (SendKey, Arc<EventQueue>) {
    let cipher = CheckedCipher::builtin(CipherSuite::AES_128_GCM_SHA256_128).unwrap();
    let base_key = BaseKey::from_slice(&[7; 32]).unwrap();
    let events = Arc::new(EventQueue::new());
    let key = SendKey::new(&cipher, &base_key, KID, None, Arc::clone(&events)).unwrap();
    (key, events)
}

/// Takes counters for frames of `blocks` until the key refuses; returns those taken.
fn exhaust(key: &Arc<SendKey>, blocks: u64) -> Vec<u64> {
    let mut allowance = Allowance::of(Arc::clone(key));
    let mut taken = Vec::new();
    loop {
        let ctr = key.peek_ctr();
        match allowance.take_ctr(ctr, blocks) {
            Ok(is_taken) => {
                assert!(is_taken, "nobody else takes");
                taken.push(ctr.value());
            }
            Err(error) => {
                assert_eq!(error, Error::KeyExhausted { kid: KID });
                assert_eq!(key.peek_ctr(), ctr, "a refused call spends nothing");
                return taken;
            }
        }
    }
}

/// The events so far.
fn drain(events: &EventQueue) -> Vec<Event> {
    std::iter::from_fn(|| events.poll()).collect()
}

#[test]
fn the_last_counter_is_used_once_and_none_after_it() {
    let (key, events) = send_key();
    let limit = Limits::DEFAULT.max_seals;
    let key = Arc::new(key.with_counter_for_testing(limit - 2));
    assert_eq!(exhaust(&key, 1), [limit - 2, limit - 1]);
    for _ in 0..3 {
        assert!(exhaust(&key, 1).is_empty());
    }
    assert_eq!(
        drain(&events),
        [
            Event::KeyNearLimit { kid: KID },
            Event::KeyExhausted { kid: KID }
        ],
        "each is said once"
    );
}

#[test]
fn blocks_end_a_key_before_its_counter_does() {
    let (key, events) = send_key();
    let key = Arc::new(key.with_blocks_for_testing(Limits::DEFAULT.max_blocks - 8));
    assert_eq!(exhaust(&key, 3), [0, 1], "2 frames of 3 blocks fit in 8");
    assert_eq!(
        drain(&events),
        [
            Event::KeyNearLimit { kid: KID },
            Event::KeyExhausted { kid: KID }
        ]
    );
}

/// An encryptor whose key stands at `ctr` and has `blocks` behind it, and its store.
fn encryptor_at(ctr: u64, blocks: u64) -> (ChannelEncryptor, KeyStore) {
    let store = KeyStore::raw(CipherSuite::AES_128_GCM_SHA256_128).unwrap();
    let base_key = BaseKey::from_slice(&[7; 32]).unwrap();
    store
        .add_send_at_for_testing(&base_key, KID, ctr, blocks)
        .unwrap();
    let encryptor = ChannelEncryptor::new(&store, Mode::Frame).unwrap();
    (encryptor, store)
}

/// Encrypts frames of `len` octets until refused; returns how many there were.
fn encrypt_to_the_end(encryptor: &mut ChannelEncryptor, len: usize) -> u64 {
    let info = FrameInfo::new(Ssrc::new(1));
    let frame = vec![1; len];
    for count in 0.. {
        let mut out = vec![0xa5; len + 64];
        if let Err(error) = encryptor.encrypt_into(&info, &frame, &mut out) {
            assert_eq!(error, Error::KeyExhausted { kid: KID });
            assert_eq!(out, vec![0xa5; len + 64], "a refused call writes nothing");
            return count;
        }
    }
    unreachable!("every key ends")
}

#[test]
fn an_encryptor_stops_at_the_last_counter_and_goes_on_with_the_next_key() {
    let (mut encryptor, store) = encryptor_at(Limits::DEFAULT.max_seals - 2, 0);
    assert_eq!(encrypt_to_the_end(&mut encryptor, 100), 2);
    assert_eq!(encrypt_to_the_end(&mut encryptor, 0), 0);

    let (next, base_key) = (KeyId::new(4), BaseKey::from_slice(&[8; 32]).unwrap());
    store
        .add_send(base_key, next, CounterOrigin::FreshKey)
        .unwrap();
    store.activate(next).unwrap();
    let info = FrameInfo::new(Ssrc::new(1));
    assert!(encryptor.encrypt_to_vec(&info, b"a frame").is_ok());
}

#[test]
fn what_an_encryptor_drew_goes_back_when_it_is_dropped_or_the_key_changes() {
    // Room for 1000 frames of one octet: a block each for header, payload and tag.
    let limit = Limits::DEFAULT.max_blocks;
    let (first, store) = encryptor_at(0, limit - 3000);
    drop(first);
    for _ in 0..999 {
        let mut encryptor = ChannelEncryptor::new(&store, Mode::Frame).unwrap();
        encryptor
            .encrypt_to_vec(&FrameInfo::default(), b"f")
            .unwrap();
    }
    // Another key has its own limit: what is left of the first does not go to it, nor the other way round.
    let next = KeyId::new(4);
    let base_key = BaseKey::from_slice(&[8; 32]).unwrap();
    store
        .add_send_at_for_testing(&base_key, next, 0, limit - 6)
        .unwrap();
    let mut encryptor = ChannelEncryptor::new(&store, Mode::Frame).unwrap();
    let seal = |encryptor: &mut ChannelEncryptor| {
        encryptor
            .encrypt_to_vec(&FrameInfo::default(), b"f")
            .map(|frame| frame[0] >> 4)
    };
    assert_eq!(seal(&mut encryptor), Ok(4));
    store.activate(KID).unwrap();
    assert_eq!(seal(&mut encryptor), Ok(3));
    assert_eq!(
        seal(&mut encryptor),
        Err(Error::KeyExhausted { kid: KID }),
        "1000 frames"
    );
    store.activate(next).unwrap();
    assert_eq!(seal(&mut encryptor), Ok(4));
    assert_eq!(
        seal(&mut encryptor),
        Err(Error::KeyExhausted { kid: next }),
        "2 frames"
    );
}

#[test]
fn a_key_that_refused_once_is_exhausted_for_ever() {
    let (mut encryptor, store) = encryptor_at(0, Limits::DEFAULT.max_blocks - 30);
    let mut second = ChannelEncryptor::new(&store, Mode::Frame).unwrap();
    assert_eq!(encrypt_to_the_end(&mut encryptor, 4000), 0);
    assert_eq!(encrypt_to_the_end(&mut encryptor, 1), 0);
    assert_eq!(encrypt_to_the_end(&mut second, 1), 0);
}

#[test]
fn an_encryptor_stops_at_the_last_block() {
    // A frame of 100 octets: 7 blocks, 1 for its header, 1 for the tag.
    let (mut encryptor, _) = encryptor_at(0, Limits::DEFAULT.max_blocks - 30);
    assert_eq!(encrypt_to_the_end(&mut encryptor, 100), 3);
}
