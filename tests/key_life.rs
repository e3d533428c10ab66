//! Add, activate, retire: each refusal by name, and nothing that a wrong call changes.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{GCM, Pair, alice, info, key_a, key_b, store};
use mediaseal::{
    BaseKey, ChannelDecryptor, ChannelEncryptor, CheckedCipher, CipherSuite, Class, CounterOrigin,
    Error, Event, InvalidId, KeyId, KeyStore, Misuse, Mode, SenderId, Ssrc,
};

const KID: KeyId = KeyId::new(3);

fn fresh(store: &KeyStore, key: BaseKey, kid: KeyId) -> Result<(), Error> {
    store.add_send(key, kid, CounterOrigin::FreshKey)
}

#[test]
fn without_an_active_key_nothing_is_sealed() {
    let store = store(GCM);
    let mut encryptor = ChannelEncryptor::new(&store, Mode::Frame).unwrap();
    let mut out = [0xEE; 64];
    let refused = encryptor.encrypt_into(&info(), b"never in clear", &mut out);
    assert_eq!(refused, Err(Error::NoActiveKey));
    assert_eq!(out, [0xEE; 64]);

    fresh(&store, key_a(), KID).unwrap();
    let refused = encryptor.encrypt_into(&info(), b"never in clear", &mut out);
    assert_eq!(refused, Err(Error::NoActiveKey), "added is not activated");
    assert_eq!(
        store.activate(KeyId::new(4)),
        Err(Misuse::UnknownSendKey { kid: KeyId::new(4) }.into())
    );

    store.activate(KID).unwrap();
    assert!(encryptor.encrypt_into(&info(), b"now", &mut out).is_ok());
    store.retire_send(KID).unwrap();
    assert_eq!(
        encryptor.encrypt_into(&info(), b"no more", &mut out),
        Err(Error::NoActiveKey)
    );
    assert_eq!(
        store.retire_send(KID),
        Err(Misuse::UnknownSendKey { kid: KID }.into())
    );
}

#[test]
fn a_base_key_serves_one_direction_once() {
    let store = store(GCM);
    fresh(&store, key_a(), KID).unwrap();
    assert_eq!(
        fresh(&store, key_b(), KID),
        Err(Misuse::KidInUse { kid: KID }.into())
    );
    assert_eq!(
        store.add_receive(key_a(), KID, alice()),
        Err(Misuse::SendAndReceive { kid: KID }.into())
    );
    store.retire_send(KID).unwrap();
    assert_eq!(
        fresh(&store, key_a(), KID),
        Err(Misuse::KeyReused { kid: KID }.into())
    );
    assert_eq!(
        store.add_receive(key_a(), KID, alice()),
        Err(Misuse::SendAndReceive { kid: KID }.into()),
        "also after it was retired"
    );
    // Another key may take the KID over, and the same key another KID (RFC 9605 section 5.2).
    fresh(&store, key_b(), KID).unwrap();
    fresh(&store, key_a(), KeyId::new(4)).unwrap();

    store.add_receive(key_a(), KeyId::new(5), alice()).unwrap();
    assert_eq!(
        fresh(&store, key_a(), KeyId::new(5)),
        Err(Misuse::SendAndReceive { kid: KeyId::new(5) }.into())
    );
}

#[test]
fn each_key_state_has_its_error() {
    let mut pair = Pair::new(GCM, Mode::Frame, 3);
    let frame = pair.seal("one");
    let other = store(GCM);
    let mut decryptor = ChannelDecryptor::new(&other, Mode::Frame).unwrap();

    let missing = decryptor.decrypt_to_vec(&info(), &frame).unwrap_err();
    assert_eq!(missing, Error::MissingKey { kid: KID });
    assert_eq!(missing.class(), Class::FetchAKey);

    other.add_receive_at(key_a(), KID, alice(), 10_000).unwrap();
    let early = decryptor.decrypt_to_vec(&info(), &frame).unwrap_err();
    assert_eq!(early, Error::NotYetActive { kid: KID });
    other.tick(9_999).unwrap();
    assert!(decryptor.decrypt_to_vec(&info(), &frame).is_err());
    other.tick(10_000).unwrap();
    assert_eq!(decryptor.decrypt_to_vec(&info(), &frame).unwrap(), b"one");

    other.retire_receive(KID).unwrap();
    let retired = decryptor.decrypt_to_vec(&info(), &frame).unwrap_err();
    assert_eq!(retired, Error::RetiredKey { kid: KID });
    assert_eq!(retired.class(), Class::DropThePacket);

    let mut own = ChannelDecryptor::new(&pair.send, Mode::Frame).unwrap();
    let reflected = own.decrypt_to_vec(&info(), &frame).unwrap_err();
    assert_eq!(reflected, Error::Reflected { kid: KID });
    pair.send.retire_send(KID).unwrap();
    assert_eq!(
        own.decrypt_to_vec(&info(), &frame),
        Err(Error::Reflected { kid: KID }),
        "for ever"
    );

    let counts = decryptor.totals().errors;
    assert_eq!(
        (
            counts.missing_key,
            counts.not_yet_active,
            counts.retired_key
        ),
        (1, 2, 1)
    );
    assert_eq!(own.unattributed().reflected, 2);
}

#[test]
fn an_added_key_that_waits_for_the_clock_opens_at_once_if_it_is_late() {
    let store = store(GCM);
    store.tick(20_000).unwrap();
    store.add_receive_at(key_a(), KID, alice(), 10_000).unwrap();
    let mut pair = Pair::new(GCM, Mode::Frame, 3);
    let frame = pair.seal("late");
    let mut decryptor = ChannelDecryptor::new(&store, Mode::Frame).unwrap();
    assert_eq!(decryptor.decrypt_to_vec(&info(), &frame).unwrap(), b"late");
}

#[test]
fn a_clock_that_was_never_set_is_refused() {
    let store = store(GCM);
    for unix_seconds in [0, 1, 3599] {
        assert_eq!(
            store.tick(unix_seconds),
            Err(Misuse::ClockUnset { unix_seconds }.into())
        );
    }
    store.tick(3600).unwrap();
}

#[test]
fn a_receive_key_added_again_opens_nothing_that_it_opened_before() {
    let mut pair = Pair::new(GCM, Mode::Frame, 3);
    let frames: Vec<_> = (0..10).map(|n| pair.seal(&format!("frame {n}"))).collect();
    for frame in &frames[..=6] {
        pair.decryptor.decrypt_to_vec(&info(), frame).unwrap();
    }
    pair.receive.retire_receive(KID).unwrap();
    pair.receive.add_receive(key_a(), KID, alice()).unwrap();
    let mut forged = frames[6].clone();
    *forged.last_mut().unwrap() ^= 1;
    let refused = pair.decryptor.decrypt_to_vec(&info(), &forged);
    assert!(
        matches!(refused, Err(Error::AuthenticationFailed { .. })),
        "who cannot seal raises no alarm of replay"
    );
    for (n, frame) in frames.iter().enumerate() {
        let opened = pair.decryptor.decrypt_to_vec(&info(), frame);
        if n <= 6 {
            assert!(
                matches!(opened, Err(Error::Replayed { kid: KID, .. })),
                "frame {n}: {opened:?}"
            );
        } else {
            assert!(opened.is_ok(), "frame {n}");
        }
    }
    let said: Vec<u64> = std::iter::from_fn(|| pair.receive.poll_event())
        .map(|event| match event {
            Event::Replayed {
                kid: KID, count, ..
            } => count,
            other => panic!("{other}"),
        })
        .collect();
    assert_eq!(said, [1, 2, 4], "not once a frame");
    // A new decryptor of the same store knows the same window.
    let mut second = ChannelDecryptor::new(&pair.receive, Mode::Frame).unwrap();
    assert!(matches!(
        second.decrypt_to_vec(&info(), &frames[9]),
        Err(Error::Duplicate { .. })
    ));
    assert!(matches!(
        second.decrypt_to_vec(&info(), &frames[0]),
        Err(Error::Replayed { .. })
    ));
    // Another key under the same KID starts anew.
    pair.receive.retire_receive(KID).unwrap();
    pair.receive.add_receive(key_b(), KID, alice()).unwrap();
    assert!(matches!(
        second.decrypt_to_vec(&info(), &frames[0]),
        Err(Error::AuthenticationFailed { .. })
    ));
}

#[test]
fn rotation_loses_no_frame_and_the_old_key_ends_when_it_is_retired() {
    let mut pair = Pair::new(GCM, Mode::Frame, 3);
    let next = KeyId::new(4);
    let old = pair.seal("under the old key");
    let late = pair.seal("old and late");
    pair.receive.add_receive(key_b(), next, alice()).unwrap();
    fresh(&pair.send, key_b(), next).unwrap();
    assert_eq!(
        pair.encryptor.encrypt_to_vec(&info(), b"x").unwrap()[0] >> 4,
        3,
        "added, not active"
    );
    pair.send.activate(next).unwrap();
    let new = pair.seal("under the new key");
    assert_eq!(new[0] >> 4, 4);
    for frame in [&new, &old] {
        pair.decryptor.decrypt_to_vec(&info(), frame).unwrap();
    }
    pair.receive.retire_receive(KID).unwrap();
    assert_eq!(
        pair.decryptor.decrypt_to_vec(&info(), &late),
        Err(Error::RetiredKey { kid: KID })
    );
}

#[test]
fn suites_and_tags_are_chosen_knowingly() {
    for suite in [
        CipherSuite::AES_128_CTR_HMAC_SHA256_32,
        CipherSuite::AES_256_CTR_HMAC_SHA512_32,
    ] {
        assert_eq!(
            KeyStore::raw(suite).err(),
            Some(Misuse::ShortTag { tag_len: 4 }.into())
        );
        let opted_in = CheckedCipher::builtin(suite).unwrap().allow_short_tags();
        assert!(KeyStore::raw_with(&opted_in).is_ok());
    }
    for value in [0x0000, 0x0009, 0x00FF, 0xF000, 0xFFFF] {
        let refused = KeyStore::raw(CipherSuite::new(value)).err();
        assert_eq!(
            refused,
            Some(Misuse::UnsupportedSuite { suite: value }.into())
        );
    }
    assert_eq!(CipherSuite::private(0xEFFF), None);
}

#[test]
fn sizes_of_keys_and_names_are_checked() {
    for len in [0, 1, 15, 65, 1000] {
        let refused = BaseKey::from_slice(&vec![7; len]).err();
        assert_eq!(refused, Some(Misuse::BaseKeyLength { len }.into()));
    }
    for len in [16, 64] {
        assert!(BaseKey::from_slice(&vec![7; len]).is_ok());
    }
    assert!(SenderId::new([0; 255]).is_ok());
    assert_eq!(
        SenderId::new([0; 256]).err(),
        Some(InvalidId::SenderIdTooLong { len: 256 })
    );
    assert_ne!(BaseKey::generate().unwrap(), BaseKey::generate().unwrap());
}

#[test]
fn statistics_tell_senders_and_streams_apart() {
    let bob_kid = KeyId::new(9);
    let mut pair = Pair::new(GCM, Mode::Frame, 3);
    pair.receive
        .add_receive(key_b(), bob_kid, SenderId::new("bob").unwrap())
        .unwrap();
    let bob = store(GCM);
    fresh(&bob, key_b(), bob_kid).unwrap();
    bob.activate(bob_kid).unwrap();
    let mut bob = ChannelEncryptor::new(&bob, Mode::Frame).unwrap();

    let stream = |ssrc| mediaseal::FrameInfo::new(Ssrc::new(ssrc));
    let decryptor = &mut pair.decryptor;
    for (ssrc, text) in [(1, "audio"), (2, "video and more"), (1, "audio")] {
        let frame = pair
            .encryptor
            .encrypt_to_vec(&stream(ssrc), text.as_bytes())
            .unwrap();
        decryptor.decrypt_to_vec(&stream(ssrc), &frame).unwrap();
        assert!(decryptor.decrypt_to_vec(&stream(ssrc), &frame).is_err());
    }
    let mut frame = bob.encrypt_to_vec(&stream(1), b"hello").unwrap();
    let opened_by = decryptor.decrypt_to_vec(&stream(1), &frame);
    assert_eq!(opened_by.unwrap(), b"hello");
    frame[0] ^= 1; // CTR 1: a counter never used, so only the tag can refuse it
    assert!(matches!(
        decryptor.decrypt_to_vec(&stream(1), &frame),
        Err(Error::AuthenticationFailed { .. })
    ));

    let rows: Vec<_> = decryptor
        .statistics()
        .map(|row| {
            (
                row.sender.to_string(),
                row.ssrc.value(),
                row.frames,
                row.octets,
                row.errors.duplicate,
                row.errors.authentication_failed,
            )
        })
        .collect();
    assert_eq!(
        rows,
        [
            ("alice".into(), 1, 2, 10, 2, 0),
            ("alice".into(), 2, 1, 14, 1, 0),
            ("bob".into(), 1, 1, 5, 0, 1),
        ]
    );
    let first = decryptor.statistics().next().unwrap();
    assert_eq!(first.last_kid, Some(KID));
    assert_eq!(first.window_head.map(mediaseal::Counter::value), Some(2));
    assert_eq!(decryptor.totals().frames, 4);
    assert_eq!(decryptor.totals().errors.total(), 4);
    assert_eq!(decryptor.unattributed().total(), 0);
    let sent: Vec<_> = pair
        .encryptor
        .statistics()
        .map(|row| (row.ssrc.value(), row.frames, row.octets))
        .collect();
    assert_eq!(sent, [(1, 2, 10), (2, 1, 14)]);
}

#[test]
fn a_forger_makes_no_stream_entry() {
    let mut pair = Pair::new(GCM, Mode::Frame, 3);
    for ssrc in 0..1000 {
        let forged = [
            0x30, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17,
        ];
        let stream = mediaseal::FrameInfo::new(Ssrc::new(ssrc));
        assert!(pair.decryptor.decrypt_to_vec(&stream, &forged).is_err());
    }
    assert_eq!(pair.decryptor.statistics().len(), 0);
    assert_eq!(pair.decryptor.unattributed().authentication_failed, 1000);
}

#[test]
fn many_failures_make_one_event_that_advises_a_fresh_key() {
    let mut pair = Pair::new(GCM, Mode::Frame, 3);
    let forged = [0x30; 20];
    for _ in 0..4096 {
        assert!(pair.decryptor.decrypt_to_vec(&info(), &forged).is_err());
    }
    // That the stream fails was said long before.
    let failing = pair.receive.poll_event();
    assert!(matches!(failing, Some(Event::StreamFailing { .. })));
    let event = pair.receive.poll_event();
    assert_eq!(
        event,
        Some(Event::ManyAuthenticationFailures {
            kid: KID,
            failures: 4096
        })
    );
    assert_eq!(pair.receive.poll_event(), None);
    // Refusing further frames would let 4,096 junk packets silence a sender; who wants that says so.
    let good = pair.seal("still heard");
    assert_eq!(
        pair.decryptor.decrypt_to_vec(&info(), &good).unwrap(),
        b"still heard"
    );
    let later = pair.seal("not heard");
    pair.receive.refuse_after_failures();
    let refused = pair.decryptor.decrypt_to_vec(&info(), &later);
    assert_eq!(refused, Err(Error::IntegrityLimit { kid: KID }));
}

#[test]
fn lost_events_are_counted() {
    let store = store(GCM);
    for kid in (0..300).map(KeyId::new) {
        store.add_receive(key_a(), kid, alice()).unwrap();
    }
    let mut decryptor = ChannelDecryptor::new(&store, Mode::Frame).unwrap();
    for kid in 0..300u16 {
        // A header that names the KID, and a tag that is wrong.
        let mut forged = vec![0xEE; 40];
        match u8::try_from(kid) {
            Ok(kid @ 0..8) => forged[0] = kid << 4,
            Ok(kid) => forged[..2].copy_from_slice(&[0x80, kid]),
            Err(_) => forged[..3].copy_from_slice(&[&[0x90], &kid.to_be_bytes()[..]].concat()),
        }
        for _ in 0..4096 {
            let refused = decryptor.decrypt_into(&info(), &forged, &mut [0; 40]);
            assert!(matches!(refused, Err(Error::AuthenticationFailed { .. })));
        }
    }
    // One of each key, and one of the stream.
    assert_eq!(
        store.poll_event(),
        Some(Event::EventsLost { count: 301 - 256 })
    );
    let rest = std::iter::from_fn(|| store.poll_event()).count();
    assert_eq!(rest, 256);
}
