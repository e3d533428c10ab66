//! The sentinel: what leaves is ciphertext of this store, or it is said that it is not.

#![allow(clippy::unwrap_used, reason = "tests")]
#![cfg(test)]

use mediaseal::{
    BaseKey, Channel, ChannelConfig, ChannelEncryptor, ChannelKey, ChannelStore, CipherSuite,
    Codec, CounterOrigin, Event, FrameInfo, KeyId, KeyStore, Leak, Media, Mode, NalFormat,
    NewGeneration, Proof, ProofState, SenderId, Sentinel, Ssrc,
};

const NOW: u64 = 1_800_000_000;

fn raw() -> KeyStore {
    let store = KeyStore::raw(CipherSuite::AES_128_GCM_SHA256_128).unwrap();
    add(&store, 7, 1);
    store.activate(KeyId::new(7)).unwrap();
    store
}

fn add(store: &KeyStore, kid: u64, octet: u8) {
    let key = BaseKey::from_slice(&[octet; 32]).unwrap();
    store
        .add_send(key, KeyId::new(kid), CounterOrigin::FreshKey)
        .unwrap();
}

fn channel() -> (ChannelStore, Channel) {
    let store = ChannelStore::new().unwrap();
    let channel = store.channel(ChannelConfig::new("proof").unwrap()).unwrap();
    let key = ChannelKey::from_slice(&[9; 32]).unwrap();
    channel.stage(NewGeneration::new(1, key)).unwrap();
    channel.activate(1).unwrap();
    (store, channel)
}

fn encryptor(channel: &Channel, name: &str) -> ChannelEncryptor {
    let sender = SenderId::new(name).unwrap();
    ChannelEncryptor::for_channel(channel, sender, Media::VIDEO, Mode::Frame).unwrap()
}

fn info() -> FrameInfo<'static> {
    FrameInfo::new(Ssrc::new(5))
}

/// The changes that a store has told.
fn changes(poll: impl FnMut() -> Option<Event>) -> Vec<ProofState> {
    std::iter::from_fn(poll)
        .filter_map(|event| match event {
            Event::ProofChanged { state } => Some(state),
            _ => None,
        })
        .collect()
}

/// Seals `frames` frames and shows them to the sentinel.
fn send(encryptor: &mut ChannelEncryptor, sentinel: &mut Sentinel, frames: usize) {
    for frame in 0..frames {
        let sealed = encryptor
            .encrypt_to_vec(&info(), &vec![7; frame % 300])
            .unwrap();
        sentinel.observe_sent(&info(), &sealed);
    }
}

fn is_degraded(proof: &Proof, reason: Leak) -> bool {
    proof.state() == ProofState::Degraded { reason }
}

/// Tells whether a frame of KID 7 with this CTR was the reason.
fn does_not_open(proof: &Proof, expected: u64) -> bool {
    match proof.state() {
        ProofState::Degraded {
            reason: Leak::DoesNotOpen { kid, ctr },
        } => (kid.value(), ctr.value()) == (7, expected),
        _ => false,
    }
}

#[test]
fn what_is_sealed_is_proven_and_told_once() {
    let store = raw();
    let mut encryptor = ChannelEncryptor::new(&store, Mode::Frame).unwrap();
    let mut sentinel = Sentinel::new(&store);
    let proof = sentinel.proof();
    assert_eq!(proof.check(NOW), ProofState::Sealing);
    send(&mut encryptor, &mut sentinel, 1);
    assert_eq!(proof.state(), ProofState::Sealing, "nothing was opened yet");
    let first = ProofState::Encrypted {
        since: NOW + 1,
        frames: 1,
    };
    assert_eq!(proof.check(NOW + 1), first);
    send(&mut encryptor, &mut sentinel, 1000);
    let later = ProofState::Encrypted {
        since: NOW + 1,
        frames: 1001,
    };
    assert_eq!(proof.check(NOW + 9), later);
    assert_eq!(changes(|| store.poll_event()), [first]);
}

#[test]
fn plaintext_is_seen_at_once() {
    let (store, channel) = channel();
    let mut encryptor = encryptor(&channel, "alice");
    let mut sentinel = Sentinel::for_channel(&channel);
    let proof = sentinel.proof();
    send(&mut encryptor, &mut sentinel, 10);
    proof.check(NOW);
    assert!(matches!(proof.state(), ProofState::Encrypted { .. }));

    // A key frame of H.264 that went around the encryptor.
    sentinel.observe_sent(
        &info(),
        &[0, 0, 0, 1, 0x65, 0x88, 0x84, 0x21, 0xA0, 1, 2, 3],
    );
    assert!(is_degraded(&proof, Leak::UnknownKey { kid: KeyId::new(0) }));
    for octets in [&[][..], &[0x80], &[0xF0, 1, 2, 3]] {
        sentinel.observe_sent(&info(), octets);
        assert!(is_degraded(&proof, Leak::NotSealed), "{octets:?}");
    }

    // It takes 256 frames in a row, one of them opened again, to believe it again.
    send(&mut encryptor, &mut sentinel, 255);
    assert!(matches!(proof.check(NOW + 1), ProofState::Degraded { .. }));
    send(&mut encryptor, &mut sentinel, 1);
    assert!(matches!(
        proof.check(NOW + 2),
        ProofState::Encrypted { since, .. } if since == NOW + 2
    ));
    let told = changes(|| store.poll_event());
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(matches!(told[1], ProofState::Degraded { .. }));
}

#[test]
fn a_bad_frame_among_good_ones_starts_the_count_anew() {
    let store = raw();
    let mut encryptor = ChannelEncryptor::new(&store, Mode::Frame).unwrap();
    let mut sentinel = Sentinel::new(&store);
    let proof = sentinel.proof();
    for _ in 0..5 {
        send(&mut encryptor, &mut sentinel, 200);
        sentinel.observe_sent(&info(), b"plaintext");
        assert!(matches!(proof.check(NOW), ProofState::Degraded { .. }));
    }
}

#[test]
fn what_was_changed_after_it_was_sealed_does_not_open() {
    let store = raw();
    let mut encryptor = ChannelEncryptor::new(&store, Mode::PACKET_1200).unwrap();
    let mut sentinel = Sentinel::new(&store);
    let proof = sentinel.proof();
    let mut sealed = encryptor.encrypt_to_vec(&info(), b"frame").unwrap();
    *sealed.last_mut().unwrap() ^= 1;
    sentinel.observe_sent(&info(), &sealed);
    proof.check(NOW);
    assert!(does_not_open(&proof, 0));
    // Plaintext that begins like a header of the store is found by opening it.
    let mut sentinel = Sentinel::new(&store);
    let proof = sentinel.proof();
    sentinel.observe_sent(&info(), &[0x70; 100]);
    proof.check(NOW);
    assert!(does_not_open(&proof, 0));
}

#[test]
fn other_metadata_than_what_was_sealed_does_not_open() {
    let store = raw();
    let mut encryptor = ChannelEncryptor::new(&store, Mode::Frame).unwrap();
    let mut sentinel = Sentinel::new(&store);
    let sealed = encryptor
        .encrypt_to_vec(&info().metadata(b"frame 1"), b"frame")
        .unwrap();
    sentinel.observe_sent(&info().metadata(b"frame 2"), &sealed);
    let state = sentinel.proof().check(NOW);
    assert!(matches!(
        state,
        ProofState::Degraded {
            reason: Leak::DoesNotOpen { .. }
        }
    ));
}

#[test]
fn a_counter_that_was_never_given_out_is_not_ours() {
    let store = raw();
    let mut sentinel = Sentinel::new(&store);
    // KID 7, CTR 3, and nothing was sealed so far.
    sentinel.observe_sent(&info(), &[0x73; 40]);
    assert!(is_degraded(&sentinel.proof(), Leak::NotSealed));
}

/// Sends frames of two streams in turn, those of the second changed, and returns which were found out.
fn found(frames: u64, is_changed: impl Fn(u64) -> bool) -> Vec<u64> {
    let store = raw();
    let mut encryptor = ChannelEncryptor::new(&store, Mode::Frame).unwrap();
    let mut sentinel = Sentinel::new(&store);
    let proof = sentinel.proof();
    let mut seen = Vec::new();
    for frame in 0..frames {
        let mut sealed = encryptor.encrypt_to_vec(&info(), b"frame").unwrap();
        if is_changed(frame) {
            *sealed.last_mut().unwrap() ^= 1;
        }
        sentinel.observe_sent(&info(), &sealed);
        proof.check(NOW);
        if let ProofState::Degraded {
            reason: Leak::DoesNotOpen { ctr, .. },
        } = proof.state()
            && seen.last() != Some(&ctr.value())
        {
            assert_eq!(ctr.value(), frame);
            seen.push(ctr.value());
        }
    }
    seen
}

#[test]
fn about_one_frame_in_256_is_opened_again() {
    // The one after a fault is opened too, so the fault is the one frame there is.
    for first in [0, 1, 1000, 30_000] {
        let seen = found(first + 400, |frame| frame >= first);
        assert!(seen[0] - first < 384, "{seen:?}");
    }
}

#[test]
fn streams_that_take_turns_are_all_met() {
    for layers in [2, 4, 8] {
        let seen = found(20_000, |frame| frame % layers == layers - 1);
        assert!(!seen.is_empty(), "{layers} layers");
    }
}

#[test]
fn a_frame_from_before_a_fault_proves_nothing_after_it() {
    let store = raw();
    let mut encryptor = ChannelEncryptor::new(&store, Mode::Frame).unwrap();
    let mut sentinel = Sentinel::new(&store);
    let proof = sentinel.proof();
    send(&mut encryptor, &mut sentinel, 1);
    sentinel.observe_sent(&info(), b"plaintext");
    for _ in 0..300 {
        let sealed = encryptor.encrypt_to_vec(&info(), b"frame").unwrap();
        sentinel.observe_sent(&info().metadata(b"other"), &sealed);
    }
    for _ in 0..3 {
        assert!(matches!(proof.check(NOW), ProofState::Degraded { .. }));
    }
}

#[test]
fn plaintext_with_a_short_kid_is_seen_at_the_next_check() {
    let store = raw();
    add(&store, 0, 9);
    store.activate(KeyId::new(0)).unwrap();
    let mut encryptor = ChannelEncryptor::new(&store, Mode::Frame).unwrap();
    let mut sentinel = Sentinel::new(&store);
    let proof = sentinel.proof();
    send(&mut encryptor, &mut sentinel, 1000);
    assert!(matches!(proof.check(NOW), ProofState::Encrypted { .. }));
    // It reads as KID 0, CTR 0.
    let frame = [&[0, 0, 0, 1, 0x65, 0x88][..], &[0x55; 100]].concat();
    sentinel.observe_sent(&info(), &frame);
    assert!(matches!(proof.check(NOW), ProofState::Degraded { .. }));
}

#[test]
fn what_stands_beside_a_carrier_is_seen() {
    let store = raw();
    let ssrc = Ssrc::new(5);
    let obu = |kind: u8, octets: &[u8]| {
        [
            &[kind << 3 | 2, u8::try_from(octets.len()).unwrap()],
            octets,
        ]
        .concat()
    };
    let av1 = [obu(2, &[]), obu(1, &[1; 11]), obu(6, &[0x55; 100])].concat();
    let h264 = [
        &[
            0, 0, 0, 1, 0x67, 1, 2, 3, 0, 0, 0, 1, 0x68, 4, 5, 0, 0, 0, 1, 0x65, 0x88, 0x84,
        ][..],
        &[0x55; 100],
    ]
    .concat();
    let message = [&[0, 0, 0, 1, 6][..], &[0x55; 100]].concat();
    for (codec, frame, around) in [
        (Codec::Av1, av1, obu(6, &[0x55; 100])),
        (Codec::H264(NalFormat::AnnexB), h264, message),
    ] {
        let mut encryptor = ChannelEncryptor::new(&store, Mode::Frame).unwrap();
        encryptor.set_codec(ssrc, codec).unwrap();
        let sealed = encryptor.encrypt_to_vec(&info(), &frame).unwrap();
        let watch = |octets: &[u8]| {
            let mut sentinel = Sentinel::new(&store);
            sentinel.set_codec(ssrc, codec).unwrap();
            sentinel.observe_sent(&info(), octets);
            sentinel.proof().check(NOW)
        };
        assert!(matches!(watch(&sealed), ProofState::Encrypted { .. }));
        for octets in [
            [&sealed[..], &around].concat(),
            [&around[..], &sealed].concat(),
            [&[9, 9, 9][..], &sealed].concat(),
        ] {
            let state = watch(&octets);
            let is_seen = matches!(
                state,
                ProofState::Degraded {
                    reason: Leak::NotSealed | Leak::UnknownKey { .. }
                }
            );
            assert!(is_seen, "{codec}: {state:?}");
        }
    }
}

#[test]
fn a_sentinel_that_is_refreshed_holds_no_retired_key() {
    let store = raw();
    let mut encryptor = ChannelEncryptor::new(&store, Mode::Frame).unwrap();
    let mut sentinel = Sentinel::new(&store);
    let proof = sentinel.proof();
    send(&mut encryptor, &mut sentinel, 1);
    store.retire_send(KeyId::new(7)).unwrap();
    drop(encryptor);
    sentinel.refresh();
    // Nobody has the key any more, so what waits is not opened.
    assert_eq!(proof.check(NOW), ProofState::Sealing);
}

#[test]
fn all_encryptors_of_a_channel_and_all_their_sessions_are_known() {
    let (store, channel) = channel();
    let mut encryptors: Vec<_> = ["a", "b", "c"].map(|name| encryptor(&channel, name)).into();
    let mut sentinel = Sentinel::for_channel(&channel);
    let proof = sentinel.proof();
    let mut late = Vec::new();
    for round in 0..20 {
        for encryptor in &mut encryptors {
            send(encryptor, &mut sentinel, 3);
            late.push(encryptor.encrypt_to_vec(&info(), b"late").unwrap());
        }
        assert!(matches!(proof.check(NOW), ProofState::Encrypted { .. }));
        match round % 3 {
            0 => store.renew_sessions().unwrap(),
            1 => channel.advance_to(1, round / 3 + 1).unwrap(),
            _ => encryptors[0] = encryptor(&channel, "a"),
        }
        // Sealed in a session that is over, sent after.
        for sealed in late.drain(..) {
            sentinel.observe_sent(&info(), &sealed);
        }
        assert!(matches!(proof.check(NOW), ProofState::Encrypted { .. }));
    }
    let (_other_store, other) = self::channel();
    let foreign = encryptor(&other, "a")
        .encrypt_to_vec(&info(), b"x")
        .unwrap();
    sentinel.observe_sent(&info(), &foreign);
    assert!(matches!(
        proof.state(),
        ProofState::Degraded {
            reason: Leak::UnknownKey { .. }
        }
    ));
}

#[test]
fn a_retired_key_is_still_this_stores() {
    let store = raw();
    let mut encryptor = ChannelEncryptor::new(&store, Mode::Frame).unwrap();
    let mut sentinel = Sentinel::new(&store);
    send(&mut encryptor, &mut sentinel, 1);
    let proof = sentinel.proof();
    proof.check(NOW);
    let late: Vec<_> = (0..100)
        .map(|_| encryptor.encrypt_to_vec(&info(), b"late").unwrap())
        .collect();
    add(&store, 8, 2);
    store.activate(KeyId::new(8)).unwrap();
    store.retire_send(KeyId::new(7)).unwrap();
    send(&mut encryptor, &mut sentinel, 5);
    for sealed in &late[..64] {
        sentinel.observe_sent(&info(), sealed);
    }
    assert!(matches!(
        proof.check(NOW),
        ProofState::Encrypted { frames: 70, .. }
    ));
    // Nothing is so long on its way: that is something else with the same first octets.
    sentinel.observe_sent(&info(), &late[64]);
    let kid = KeyId::new(7);
    assert!(is_degraded(&proof, Leak::UnknownKey { kid }));
}

#[test]
fn plaintext_that_begins_like_a_retired_key_is_seen() {
    let store = KeyStore::raw(CipherSuite::AES_128_GCM_SHA256_128).unwrap();
    add(&store, 0, 1);
    store.activate(KeyId::new(0)).unwrap();
    let mut encryptor = ChannelEncryptor::new(&store, Mode::Frame).unwrap();
    let mut sentinel = Sentinel::new(&store);
    let proof = sentinel.proof();
    send(&mut encryptor, &mut sentinel, 10);
    store.retire_send(KeyId::new(0)).unwrap();
    for _ in 0..65 {
        sentinel.observe_sent(
            &info(),
            &[0, 0, 0, 1, 0x65, 0x88, 0x84, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9],
        );
    }
    assert!(matches!(proof.check(NOW), ProofState::Degraded { .. }));
    // And a single octet at once.
    let mut sentinel = Sentinel::new(&store);
    sentinel.observe_sent(&info(), &[7]);
    assert!(matches!(
        sentinel.proof().check(NOW),
        ProofState::Degraded { .. }
    ));
}

#[test]
fn codec_aware_frames_are_looked_into() {
    let store = raw();
    let codec = Codec::H264(NalFormat::AnnexB);
    let mut encryptor = ChannelEncryptor::new(&store, Mode::Frame).unwrap();
    encryptor.set_codec(Ssrc::new(5), codec).unwrap();
    let mut sentinel = Sentinel::new(&store);
    let proof = sentinel.proof();
    sentinel.set_codec(Ssrc::new(5), codec).unwrap();
    let frame = [
        &[
            0, 0, 0, 1, 0x67, 1, 2, 3, 0, 0, 0, 1, 0x68, 4, 5, 0, 0, 0, 1, 0x65, 0x88, 0x84,
        ][..],
        &[0x55; 500],
    ]
    .concat();
    let metadata = info().metadata(b"number");
    for _ in 0..300 {
        let sealed = encryptor.encrypt_to_vec(&metadata, &frame).unwrap();
        sentinel.observe_sent(&metadata, &sealed);
    }
    assert!(matches!(
        proof.check(NOW),
        ProofState::Encrypted { frames: 300, .. }
    ));
    sentinel.observe_sent(&metadata, &frame);
    assert!(matches!(proof.state(), ProofState::Degraded { .. }));
    // Of a codec that the sentinel was not told, nothing is sealed.
    let mut untold = Sentinel::new(&store);
    untold.observe_sent(
        &metadata,
        &encryptor.encrypt_to_vec(&metadata, &frame).unwrap(),
    );
    assert!(matches!(
        untold.proof().state(),
        ProofState::Degraded { .. }
    ));
}

#[test]
fn a_frame_that_is_too_long_leaves_its_turn_to_the_next() {
    let store = raw();
    let mut encryptor = ChannelEncryptor::new(&store, Mode::Frame).unwrap();
    let mut sentinel = Sentinel::new(&store);
    let proof = sentinel.proof();
    let long = encryptor.encrypt_to_vec(&info(), &vec![1; 70_000]).unwrap();
    sentinel.observe_sent(&info(), &long);
    assert_eq!(proof.check(NOW), ProofState::Sealing);
    send(&mut encryptor, &mut sentinel, 1);
    assert!(matches!(
        proof.check(NOW),
        ProofState::Encrypted { frames: 2, .. }
    ));
}
