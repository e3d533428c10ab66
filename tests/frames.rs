//! One frame: bounds, modes, buffers, and what is left of it after each refusal.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{GCM, Pair, info, store};
use mediaseal::{
    ChannelEncryptor, CipherSuite, Class, Error, FrameBuf, FrameInfo, Malformed, Misuse, Mode, Ssrc,
};
use proptest::prelude::*;

const COMPACT: CipherSuite = CipherSuite::AES_128_CTR_HMAC_SHA256_80;

fn any_suite() -> impl Strategy<Value = CipherSuite> {
    proptest::sample::select(CipherSuite::BUILTIN.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_form_of_a_call_does_the_same(
        suite in any_suite(),
        kid: u64,
        plaintext in proptest::collection::vec(any::<u8>(), 0..3000),
        metadata in proptest::collection::vec(any::<u8>(), 0..600),
        headroom in 17..64usize,
        tailroom in 32..64usize,
    ) {
        let info = FrameInfo::new(Ssrc::new(7)).metadata(&metadata);
        // Four pairs of equal keys, so that CTR is 0 for each form.
        let [mut vec, mut into, mut in_place, mut at_front] = [(); 4].map(|()| Pair::new(suite, Mode::Frame, kid));
        let sealed = vec.encryptor.encrypt_to_vec(&info, &plaintext).unwrap();
        prop_assert!(sealed.len() <= vec.encryptor.encrypted_len_bound(plaintext.len()));

        let exact = plaintext.len() + into.encryptor.next_overhead().unwrap();
        prop_assert_eq!(exact, sealed.len());
        let mut out = vec![0; exact];
        let short = into.encryptor.encrypt_into(&info, &plaintext, &mut out[1..]);
        prop_assert_eq!(short, Err(Error::BufferTooSmall { needed: exact, available: exact - 1 }));
        prop_assert_eq!(into.encryptor.encrypt_into(&info, &plaintext, &mut out), Ok(exact));
        prop_assert_eq!(&out, &sealed);

        let mut storage = vec![0xEE; headroom + plaintext.len() + tailroom];
        storage[headroom..headroom + plaintext.len()].copy_from_slice(&plaintext);
        let mut frame = FrameBuf::new(&mut storage, headroom, plaintext.len()).unwrap();
        let report = in_place.encryptor.encrypt_in_place(&info, &mut frame).unwrap();
        prop_assert_eq!((report.kid.value(), report.ctr.value(), report.len), (kid, 0, exact));
        prop_assert_eq!(frame.as_slice(), &sealed[..]);

        let opened = in_place.decryptor.decrypt_in_place(&info, &mut frame).unwrap();
        prop_assert_eq!((opened.len, opened.sender.as_bytes()), (plaintext.len(), &b"alice"[..]));
        prop_assert_eq!(frame.as_slice(), &plaintext[..]);
        let mut front = plaintext.clone();
        front.resize(exact + 1, 0xEE);
        let short = at_front.encryptor.encrypt_at_front(&info, &mut front[..exact - 1], plaintext.len());
        prop_assert_eq!(short, Err(Error::BufferTooSmall { needed: exact, available: exact - 1 }));
        let beyond = at_front.encryptor.encrypt_at_front(&info, &mut front, exact + 2);
        prop_assert!(matches!(beyond, Err(Error::BufferTooSmall { .. })), "{:?}", beyond);
        prop_assert_eq!(at_front.encryptor.encrypt_at_front(&info, &mut front, plaintext.len()), Ok(exact));
        prop_assert_eq!((&front[..exact], front[exact]), (&sealed[..], 0xEE));
        let beyond = at_front.decryptor.decrypt_at_front(&info, &mut front, exact + 2);
        prop_assert_eq!(beyond, Err(Misuse::RangeOutsideStorage.into()));
        let len = at_front.decryptor.decrypt_at_front(&info, &mut front, exact).unwrap().len;
        prop_assert_eq!((&front[..len], front[exact]), (&plaintext[..], 0xEE));

        let mut out = vec![0xEE; plaintext.len() + 1];
        let len = into.decryptor.decrypt_into(&info, &sealed, &mut out).unwrap().len;
        prop_assert_eq!((&out[..len], out[len]), (&plaintext[..], 0xEE));
        prop_assert_eq!(vec.decryptor.decrypt_to_vec(&info, &sealed).unwrap(), plaintext);
    }

    #[test]
    fn an_altered_frame_is_refused_and_the_good_one_still_opens(
        suite in any_suite(),
        kid: u64,
        plaintext in proptest::collection::vec(any::<u8>(), 1..400),
        bit: prop::sample::Index,
    ) {
        let mut pair = Pair::new(suite, Mode::Frame, kid);
        let sealed = pair.encryptor.encrypt_to_vec(&info(), &plaintext).unwrap();
        let bit = bit.index(sealed.len() * 8);
        let mut altered = sealed.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        let mut out = vec![0; altered.len()];
        let refused = pair.decryptor.decrypt_into(&info(), &altered, &mut out);
        prop_assert!(refused.is_err(), "{refused:?}");
        prop_assert!(out.iter().all(|&octet| octet == 0));
        let mut frame = FrameBuf::new(&mut altered, 0, sealed.len()).unwrap();
        prop_assert!(pair.decryptor.decrypt_in_place(&info(), &mut frame).is_err());
        prop_assert_eq!(pair.decryptor.totals().errors.total(), 2);
        prop_assert_eq!(pair.decryptor.totals().frames, 0);
        prop_assert_eq!(pair.decryptor.decrypt_to_vec(&info(), &sealed).unwrap(), plaintext);
    }

    #[test]
    fn header_octets_parse_to_what_they_encode(octets in proptest::collection::vec(any::<u8>(), 0..20)) {
        use mediaseal::format::sframe::Header;
        if let Ok((header, len)) = Header::parse(&octets) {
            let mut encoded = [0; Header::MAX_LEN];
            prop_assert_eq!(header.encode(&mut encoded), len);
            prop_assert_eq!(header.encoded_len(), len);
            prop_assert_eq!(&encoded[..len], &octets[..len]);
        }
    }
}

#[test]
fn metadata_must_be_the_same_on_both_sides() {
    let mut pair = Pair::gcm();
    let with = |metadata| FrameInfo::new(Ssrc::new(1)).metadata(metadata);
    let sealed = pair
        .encryptor
        .encrypt_to_vec(&with(b"opus"), b"frame")
        .unwrap();
    for other in [&b""[..], b"opu", b"opus ", b"vp80"] {
        let refused = pair.decryptor.decrypt_to_vec(&with(other), &sealed);
        assert!(
            matches!(refused, Err(Error::AuthenticationFailed { .. })),
            "{other:?}"
        );
    }
    assert_eq!(
        pair.decryptor
            .decrypt_to_vec(&with(b"opus"), &sealed)
            .unwrap(),
        b"frame"
    );

    let long = vec![0; 65_536];
    let too_long = Err(Misuse::MetadataTooLong {
        len: 65_536,
        max: 65_535,
    }
    .into());
    assert_eq!(
        pair.encryptor.encrypt_to_vec(&with(&long), b"frame"),
        too_long
    );
    assert_eq!(
        pair.decryptor.decrypt_to_vec(&with(&long), &sealed),
        too_long
    );
    let sealed = pair
        .encryptor
        .encrypt_to_vec(&with(&long[1..]), b"frame")
        .unwrap();
    assert_eq!(
        pair.decryptor
            .decrypt_to_vec(&with(&long[1..]), &sealed)
            .unwrap(),
        b"frame"
    );
}

#[test]
fn a_refused_call_changes_nothing_and_costs_no_counter() {
    let mut pair = Pair::gcm();
    let mut storage = [7; 100];
    for (offset, len) in [(0, 50), (0, 84), (40, 60), (40, 45)] {
        let mut frame = FrameBuf::new(&mut storage, offset, len).unwrap();
        let refused = pair
            .encryptor
            .encrypt_in_place(&info(), &mut frame)
            .unwrap_err();
        assert_eq!(refused.class(), Class::FixTheCall);
        assert!(matches!(
            refused,
            Error::Misuse(Misuse::Headroom { .. } | Misuse::Tailroom { .. })
        ));
        assert_eq!((frame.offset(), frame.len()), (offset, len));
        assert_eq!(storage, [7; 100]);
    }
    let sealed = pair.encryptor.encrypt_to_vec(&info(), b"first").unwrap();
    assert_eq!(sealed[0], 0x00, "KID 0, CTR 0: no counter was spent");
    assert_eq!(pair.encryptor.totals().errors.other, 4);
    for (offset, len) in [
        (101, 0),
        (100, 1),
        (0, 101),
        (usize::MAX, 1),
        (1, usize::MAX),
    ] {
        let refused = FrameBuf::new(&mut storage, offset, len).err();
        assert_eq!(refused, Some(Misuse::RangeOutsideStorage.into()));
    }
}

#[test]
fn a_frame_refused_before_its_key_came_opens_afterwards() {
    let mut pair = Pair::gcm();
    let sealed = pair.seal("keep and retry");
    let late = store(GCM);
    let mut decryptor = mediaseal::ChannelDecryptor::new(&late, Mode::Frame).unwrap();
    let mut storage = sealed.clone();
    let mut frame = FrameBuf::new(&mut storage, 0, sealed.len()).unwrap();
    assert!(matches!(
        decryptor.decrypt_in_place(&info(), &mut frame),
        Err(Error::MissingKey { .. })
    ));
    assert_eq!(frame.as_slice(), sealed, "unchanged");
    late.add_receive(common::key_a(), mediaseal::KeyId::new(0), common::alice())
        .unwrap();
    decryptor.decrypt_in_place(&info(), &mut frame).unwrap();
    assert_eq!(frame.as_slice(), b"keep and retry");
}

#[test]
fn a_packet_over_its_maximum_is_refused_by_how_much() {
    let mut pair = Pair::new(GCM, Mode::PACKET_1200, 0);
    let fits = 1200 - pair.encryptor.next_overhead().unwrap();
    for by in [1, 2, 17, 5000] {
        let refused = pair.encryptor.encrypt_to_vec(&info(), &vec![0; fits + by]);
        assert_eq!(refused, Err(Error::PacketTooLong { by }));
    }
    let packet = pair
        .encryptor
        .encrypt_to_vec(&info(), &vec![0; fits])
        .unwrap();
    assert_eq!(
        (packet.len(), packet[0]),
        (1200, 0x00),
        "no counter was spent on the refused ones"
    );
    pair.decryptor.decrypt_to_vec(&info(), &packet).unwrap();
    for max_len in [0, 17, 33] {
        let refused = ChannelEncryptor::new(&pair.send, Mode::Packet { max_len }).err();
        assert_eq!(
            refused,
            Some(
                Misuse::PacketMaximum {
                    max_len,
                    needed: 34
                }
                .into()
            )
        );
    }
}

#[test]
fn the_compact_profile_adds_11_to_14_octets() {
    let mut pair = Pair::new(COMPACT, Mode::COMPACT_1200, 7);
    let mut overheads = std::collections::BTreeSet::new();
    for _ in 0..70_000 {
        let packet = pair.encryptor.encrypt_to_vec(&info(), b"p").unwrap();
        overheads.insert(packet.len() - 1);
        pair.decryptor.decrypt_to_vec(&info(), &packet).unwrap();
    }
    assert_eq!(Vec::from_iter(overheads), [11, 12, 13, 14]);

    let refused = ChannelEncryptor::new(&store(GCM), Mode::COMPACT_1200).err();
    assert_eq!(refused, Some(Misuse::CompactProfile.into()), "wrong suite");
    let mut wide = Pair::new(COMPACT, Mode::COMPACT_1200, 8);
    let refused = wide.encryptor.encrypt_to_vec(&info(), b"p");
    assert_eq!(refused, Err(Misuse::CompactProfile.into()), "wide KID");
}

#[test]
fn the_window_reaches_back_1024_frames_and_8192_packets() {
    for (mode, width) in [(Mode::Frame, 1024), (Mode::PACKET_1200, 8192)] {
        let mut pair = Pair::new(GCM, mode, 0);
        let frames: Vec<_> = (0..=width + 1).map(|_| pair.seal("f")).collect();
        let last = frames.len() - 1;
        pair.decryptor.decrypt_to_vec(&info(), &frames[0]).unwrap();
        pair.decryptor
            .decrypt_to_vec(&info(), &frames[last])
            .unwrap();
        let too_old = pair
            .decryptor
            .decrypt_to_vec(&info(), &frames[last - width]);
        assert!(matches!(too_old, Err(Error::TooOld { .. })), "{too_old:?}");
        pair.decryptor
            .decrypt_to_vec(&info(), &frames[last - width + 1])
            .unwrap();
        let again = pair
            .decryptor
            .decrypt_to_vec(&info(), &frames[last - width + 1]);
        assert!(matches!(again, Err(Error::Duplicate { .. })));
    }
}

#[test]
fn the_window_begins_64_below_the_first_frame() {
    let mut pair = Pair::gcm();
    let frames: Vec<_> = (0..200).map(|_| pair.seal("f")).collect();
    pair.decryptor
        .decrypt_to_vec(&info(), &frames[100])
        .unwrap();
    pair.decryptor.decrypt_to_vec(&info(), &frames[36]).unwrap();
    let before = pair.decryptor.decrypt_to_vec(&info(), &frames[35]);
    assert!(matches!(before, Err(Error::TooOld { .. })), "{before:?}");
}

#[test]
fn malformed_and_truncated_are_told_apart() {
    let mut pair = Pair::gcm();
    let mut expect = |octets: &[u8], error: Error| {
        assert_eq!(
            pair.decryptor.decrypt_to_vec(&info(), octets),
            Err(error),
            "{octets:02x?}"
        );
    };
    expect(&[], Error::Truncated { len: 0, needed: 1 });
    expect(&[0x08], Error::Truncated { len: 1, needed: 2 });
    expect(
        &[0xFF; 16],
        Error::Truncated {
            len: 16,
            needed: 17,
        },
    );
    expect(
        &[0x00; 16],
        Error::Truncated {
            len: 16,
            needed: 17,
        },
    );
    for not_minimal in [
        &[0x80, 7][..],
        &[0x08, 0],
        &[0x08, 7],
        &[0x90, 0, 9],
        &[0x09, 0, 255],
    ] {
        expect(not_minimal, Malformed::NotMinimal.into());
    }
}

#[test]
fn frames_of_every_size_class_round_trip_in_every_suite() {
    for suite in CipherSuite::BUILTIN {
        let mut pair = Pair::new(suite, Mode::Frame, u64::MAX);
        for len in [0, 1, 2, 15, 16, 17, 255, 256, 4095, 65_536, 1_000_003] {
            let frame = vec![0x5A; len];
            let sealed = pair.encryptor.encrypt_to_vec(&info(), &frame).unwrap();
            assert_eq!(
                pair.decryptor.decrypt_to_vec(&info(), &sealed).unwrap(),
                frame
            );
        }
    }
}
