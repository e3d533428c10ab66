//! What a session that was not heard before leaves on the stack: nothing of its key, whether its frame opens or not.
#![allow(
    unsafe_code,
    reason = "it reads the stack below it, and the memory of a key"
)]

use std::hint::black_box;
use std::mem::MaybeUninit;

use super::{ChannelDecryptor, ChannelEncryptor, Mode};
use crate::frame::FrameInfo;
use crate::id::{Media, SenderId};
use crate::keys::{Channel, ChannelConfig, ChannelKey, ChannelStore, NewGeneration};

/// Octets of stack that are looked at.
const DEPTH: usize = 64 * 1024;
/// XORed over what is looked for, so that the list is not found itself.
const MASK: u8 = 0x5A;
const LEN: usize = 16;

/// Fills the stack below the caller with zeros.
#[inline(never)]
fn clear() {
    let mut octets = MaybeUninit::<[u8; DEPTH]>::uninit();
    let start = octets.as_mut_ptr().cast::<u8>();
    for at in 0..DEPTH {
        // SAFETY: within the array.
        unsafe { start.wrapping_add(at).write_volatile(0) };
    }
    black_box(&mut octets);
}

/// Counts the places of the stack below the caller where one of `patterns` stands.
#[inline(never)]
fn count(patterns: &[[u8; LEN]]) -> usize {
    let mut octets = MaybeUninit::<[u8; DEPTH]>::uninit();
    let start = black_box(octets.as_mut_ptr().cast::<u8>());
    let holds = |at: usize, pattern: &[u8; LEN]| {
        // SAFETY: within the array, which is ordinary memory of this thread, whatever it holds.
        let octet = |index: usize| unsafe { start.wrapping_add(at + index).read_volatile() };
        (0..LEN).all(|index| octet(index) ^ MASK == pattern[index])
    };
    (0..DEPTH - LEN)
        .filter(|&at| patterns.iter().any(|pattern| holds(at, pattern)))
        .count()
}

fn member(key: &ChannelKey) -> (ChannelStore, Channel) {
    let store = ChannelStore::new().unwrap();
    let config = ChannelConfig::new("stack").unwrap();
    let channel = store.channel(config).unwrap();
    channel
        .stage(NewGeneration::new(1, key.duplicate()))
        .unwrap();
    channel.activate(1).unwrap();
    (store, channel)
}

/// The pieces of the key that opened `decryptor`'s last frame, masked.
fn pieces(decryptor: &ChannelDecryptor) -> Vec<[u8; LEN]> {
    let key = decryptor.last_key().unwrap().cipher_key();
    let start = std::ptr::from_ref(key).cast::<u8>();
    (0..size_of_val(key) / LEN)
        .map(|piece| {
            // SAFETY: within the key's memory.
            std::array::from_fn(|index| unsafe {
                start.wrapping_add(LEN * piece + index).read_volatile()
            })
        })
        .filter(|piece: &[u8; LEN]| {
            piece
                .iter()
                .collect::<std::collections::BTreeSet<_>>()
                .len()
                > 8
        })
        .map(|piece| piece.map(|octet| octet ^ MASK))
        .collect()
}

/// Leaves an unmasked piece on the stack, deep enough not to lie where the search has its own frame.
#[inline(never)]
fn leave(pattern: &[u8; LEN]) {
    let mut octets = MaybeUninit::<[u8; DEPTH / 2]>::uninit();
    let start = octets.as_mut_ptr().cast::<u8>();
    for (at, octet) in pattern.iter().enumerate() {
        // Not where a function with a large frame touches each page before it uses it.
        let place = start.wrapping_add(1000 + at);
        // SAFETY: within the array.
        unsafe { place.write_volatile(octet ^ MASK) };
    }
    black_box(&mut octets);
}

#[test]
fn an_unheard_session_leaves_nothing_of_its_key_on_the_stack() {
    let key = ChannelKey::generate().unwrap();
    let ((_alices, alice), (_bobs, bob)) = (member(&key), member(&key));
    let name = SenderId::new("alice").unwrap();
    let info = FrameInfo::default();
    let mut encryptor =
        ChannelEncryptor::for_channel(&alice, name.clone(), Media::AUDIO, Mode::Frame).unwrap();
    let sealed: Vec<_> = (0..3)
        .map(|_| encryptor.encrypt_to_vec(&info, &[7; 100]).unwrap())
        .collect();
    let decryptor = || {
        ChannelDecryptor::for_channel(&bob, &[(name.clone(), Media::AUDIO)], Mode::Frame).unwrap()
    };
    let mut first = decryptor();
    first.decrypt_to_vec(&info, &sealed[0]).unwrap();
    let patterns = pieces(&first);
    assert!(patterns.len() > 10, "round keys at least");

    clear();
    leave(&patterns[0]);
    assert!(count(&patterns) > 0, "the search finds what is there");

    let mut out = [0; 200];
    let mut forged = sealed[1].clone();
    *forged.last_mut().unwrap() ^= 1;
    for (octets, opens) in [(&forged, false), (&sealed[2], true)] {
        let mut unheard = decryptor();
        clear();
        let opened = unheard.decrypt_into(&info, octets, &mut out).is_ok();
        let left = count(&patterns);
        assert_eq!(opened, opens);
        assert_eq!(left, 0, "a frame that opens: {opens}");
    }
}
