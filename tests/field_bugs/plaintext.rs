//! Media left in clear.

use std::ops::RangeInclusive;

use mediaseal::{
    ChannelEncryptor, CipherSuite, Codec, CounterOrigin, Error, FrameInfo, KeyId, KeyStore, Leak,
    Misuse, Mode, ProofState, Sentinel, Ssrc, UnknownCodec,
};

use crate::common::{GCM, Pair, info, key_a, key_b, store};
use crate::forms::none_seals;
use crate::media::{H264, hidden, join, pair, readable, streams};
use crate::member::{Member, NOW};

const KID: KeyId = KeyId::new(0);

/// A store that must not seal, and why not.
fn keyless() -> [(&'static str, KeyStore); 3] {
    let staged = store(GCM);
    staged
        .add_send(key_a(), KID, CounterOrigin::FreshKey)
        .unwrap();
    let retired = store(GCM);
    retired
        .add_send(key_a(), KID, CounterOrigin::FreshKey)
        .unwrap();
    retired.activate(KID).unwrap();
    retired.retire_send(KID).unwrap();
    [
        ("no key", store(GCM)),
        ("key not active", staged),
        ("key retired", retired),
    ]
}

/// lib-jitsi-meet says of its encryptor that it sends unencrypted data when no key is configured. Here: every codec, every state without a key, every
/// form of call; all refuse.
#[test]
fn jitsi_sends_in_clear_when_no_key_is_configured() {
    for stream in streams() {
        for (state, store) in keyless() {
            let mut encryptor = ChannelEncryptor::new(&store, Mode::Frame).unwrap();
            for codec in [Codec::Opaque, stream.codec] {
                encryptor.set_default_codec(Some(codec)).unwrap();
                let refused = none_seals(&mut encryptor, &info(), &stream.frames[0]);
                assert_eq!(refused, Error::NoActiveKey, "{state}, {codec:?}");
            }
            assert_eq!(encryptor.totals().frames, 0);
            assert_eq!(encryptor.totals().errors.other, 10, "each was counted");
        }
        let member = Member::new();
        let mut encryptor = member.encryptor("alice");
        encryptor.set_default_codec(Some(stream.codec)).unwrap();
        let refused = none_seals(&mut encryptor, &info(), &stream.frames[0]);
        assert_eq!(refused, Error::NoActiveKey, "no generation");
        member.stage(1, 7);
        let refused = none_seals(&mut encryptor, &info(), &stream.frames[0]);
        assert_eq!(refused, Error::NoActiveKey, "generation not active");
        member.channel.activate(1).unwrap();
        encryptor
            .encrypt_to_vec(&info(), &stream.frames[0])
            .unwrap();
        member.channel.retire(1).unwrap();
        let refused = none_seals(&mut encryptor, &info(), &stream.frames[0]);
        assert_eq!(refused, Error::NoActiveKey, "generation retired");
    }
}

/// An application that overlooks such an error sends its buffer, which is still the frame (edumeet-client 321 and livekit-server-sdk-dotnet 97 heard of
/// theirs from users). Here: the sentinel that knows the stream's codec says so with the first octets that leave.
#[test]
fn edumeet_321_nobody_notices_that_a_sender_is_in_clear() {
    for stream in streams() {
        let pair = pair(stream.codec);
        let mut sentinel = Sentinel::new(&pair.send);
        sentinel.set_codec(Ssrc::new(1), stream.codec).unwrap();
        let proof = sentinel.proof();
        let mut encryptor = pair.encryptor;
        for frame in &stream.frames[..40] {
            let sealed = encryptor.encrypt_to_vec(&info(), frame).unwrap();
            sentinel.observe_sent(&info(), &sealed);
        }
        let state = proof.check(NOW);
        assert!(matches!(state, ProofState::Encrypted { frames: 40, .. }));

        pair.send.retire_send(KID).unwrap();
        let clear = &stream.frames[40..];
        let refused = encryptor.encrypt_to_vec(&info(), &clear[0]);
        assert_eq!(refused, Err(Error::NoActiveKey));
        // Nearly always the first frame is enough; by chance octets may look like a header of this store.
        let noticed = clear.iter().position(|frame| {
            sentinel.observe_sent(&info(), frame);
            matches!(proof.check(NOW + 1), ProofState::Degraded { .. })
        });
        assert!(
            noticed.is_some_and(|at| at < 3),
            "{:?}: {noticed:?}",
            stream.codec
        );
    }
}

/// The same with frames that look into nothing: those of H.264 begin with 00, as a header of KID 0 and CTR 0 does. Here that KID's key was retired,
/// which is why the application's encryptor refused, and what leaves in clear must not pass for what it sealed.
#[test]
fn edumeet_321_what_is_in_clear_passes_for_what_a_retired_key_sealed() {
    let mut pair = Pair::gcm();
    let mut sentinel = Sentinel::new(&pair.send);
    let proof = sentinel.proof();
    let frames = crate::media::h264().frames;
    for frame in &frames[..40] {
        let sealed = pair.encryptor.encrypt_to_vec(&info(), frame).unwrap();
        sentinel.observe_sent(&info(), &sealed);
    }
    let state = proof.check(NOW);
    assert!(matches!(state, ProofState::Encrypted { frames: 40, .. }));

    pair.send.retire_send(KID).unwrap();
    for frame in &frames[40..] {
        let refused = pair.encryptor.encrypt_to_vec(&info(), frame);
        assert_eq!(refused, Err(Error::NoActiveKey));
        sentinel.observe_sent(&info(), frame);
        proof.check(NOW + 1);
    }
    let state = proof.state();
    assert!(matches!(state, ProofState::Degraded { .. }), "{state:?}");
}

/// DAVE sends the Opus frame of silence, F8 FF FE, as it is, and takes it as it is. Here it is a frame like others, on both sides.
#[test]
fn dave_silence_frames_bypass_encryption_both_ways() {
    let silence = [0xF8, 0xFF, 0xFE];
    for codec in [Codec::Opus, Codec::Opaque] {
        let mut pair = pair(codec);
        for _ in 0..1000 {
            let sealed = pair.encryptor.encrypt_to_vec(&info(), &silence).unwrap();
            assert!(sealed.len() >= silence.len() + 17);
            assert_ne!(sealed[1..4], silence);
            assert_ne!(sealed[..3], silence);
            let opened = pair.decryptor.decrypt_to_vec(&info(), &sealed);
            assert_eq!(opened, Ok(silence.to_vec()));
        }
        let refused = crate::forms::none_opens(&mut pair.decryptor, &info(), &silence);
        assert!(matches!(refused, Error::Truncated { .. }), "{refused:?}");
    }
}

/// While a room changes its keys, DAVE lets frames pass in clear, and goes on to until a timeout. Here a change has no moment in which a frame leaves
/// in clear, or opens that came in clear.
#[test]
fn dave_frames_pass_in_clear_while_keys_change() {
    let (alice, bob) = (Member::sealing(), Member::sealing());
    let (mut encryptor, mut decryptor) = (alice.encryptor("alice"), bob.decryptor("alice"));
    let clear = [0x5A; 200];
    let mut turn = |now: u64| {
        let sealed = encryptor.encrypt_to_vec(&info(), &clear).unwrap();
        assert_eq!(readable(&sealed, &[&clear]), 0);
        assert_eq!(
            decryptor.decrypt_to_vec(&info(), &sealed),
            Ok(clear.to_vec())
        );
        crate::forms::none_opens(&mut decryptor, &info(), &clear);
        alice.store.tick(now).unwrap();
        bob.store.tick(now).unwrap();
    };
    turn(NOW);
    for member in [&bob, &alice] {
        member.stage(2, 9);
        turn(NOW);
    }
    alice.channel.activate(2).unwrap();
    // Through grace and beyond it, and over a full hour.
    for second in 0..40 {
        turn(NOW + second);
    }
    bob.channel.activate(2).unwrap();
    turn(NOW + 40);
    turn(NOW + 3640);
    alice.channel.advance_to(2, 1).unwrap();
    turn(NOW + 3641);
}

/// stream-video-js hands every frame of AV1 on as it came from the encoder, with encryption on. Here AV1 is sealed, set as codec or not.
#[test]
fn getstream_2198_av1_goes_out_in_clear() {
    nothing_is_readable(Codec::Av1);
}

/// client-sdk-flutter skipped encryption for VP9 and AV1 (953). Here: the frames of each encoder, under its own codec and as opaque ones.
#[test]
fn client_sdk_flutter_953_encryption_is_skipped_for_scalable_codecs() {
    for stream in streams() {
        nothing_is_readable(stream.codec);
    }
}

fn nothing_is_readable(codec: Codec) {
    let stream = streams()
        .into_iter()
        .find(|stream| stream.codec == codec)
        .unwrap();
    for set in [codec, Codec::Opaque] {
        let mut pair = pair(set);
        for frame in &stream.frames {
            let hidden = hidden(codec, frame);
            let sealed = pair.encryptor.encrypt_to_vec(&info(), frame).unwrap();
            assert_eq!(readable(&sealed, &hidden), 0, "{codec:?} as {set:?}");
            let opened = pair.decryptor.decrypt_to_vec(&info(), &sealed);
            assert_eq!(opened.as_ref(), Ok(frame));
        }
        let longest = stream.frames.iter().max_by_key(|frame| frame.len());
        let frame = longest.unwrap();
        assert!(readable(frame, &hidden(codec, frame)) > 10, "it finds them");
    }
}

/// client-sdk-js sent the backup codec's track, which came later, in clear beside the encrypted one. Here a stream for which nothing was set is
/// sealed too, or refused where codecs are demanded.
#[test]
fn livekit_836_943_the_backup_codecs_track_goes_out_in_clear() {
    let (main, backup) = (
        FrameInfo::new(Ssrc::new(1)),
        FrameInfo::new(Ssrc::new(0xBAC)),
    );
    let [av1, vp8] = [crate::media::av1(), crate::media::vp8()];
    let mut pair = Pair::gcm();
    for set in [
        pair.encryptor.set_codec(Ssrc::new(1), Codec::Av1),
        pair.decryptor.set_codec(Ssrc::new(1), Codec::Av1),
    ] {
        set.unwrap();
    }
    for (first, second) in av1.frames.iter().zip(&vp8.frames) {
        pair.encryptor.encrypt_to_vec(&main, first).unwrap();
        let sealed = pair.encryptor.encrypt_to_vec(&backup, second).unwrap();
        assert_eq!(readable(&sealed, &[second]), 0);
        let opened = pair.decryptor.decrypt_to_vec(&backup, &sealed);
        assert_eq!(opened.as_ref(), Ok(second));
    }
    pair.encryptor.set_default_codec(None).unwrap();
    let refused = none_seals(&mut pair.encryptor, &backup, &vp8.frames[0]);
    assert_eq!(refused, Misuse::NoCodec.into());
}

/// client-sdk-js treated a codec that it did not know as VP8, and left as many octets in clear. Here an unknown name is refused, and a stream without
/// codec shows not one octet.
#[test]
fn livekit_js_an_unknown_codec_is_treated_as_vp8() {
    for name in [
        "AV2",
        "H266",
        "video/VVC",
        "rtx",
        "red",
        "ulpfec",
        "VP8X",
        "",
        "video/",
        "H264 ",
    ] {
        assert_eq!(name.parse::<Codec>(), Err(UnknownCodec), "{name:?}");
    }
    assert_eq!("video/av1".parse(), Ok(Codec::Av1));
    let frame: Vec<u8> = (0x10..0xF0).collect();
    let mut pair = Pair::gcm();
    let sealed = pair.encryptor.encrypt_to_vec(&info(), &frame).unwrap();
    let runs = frame.windows(4).map(<[u8]>::to_vec);
    for run in runs {
        assert!(!sealed.windows(4).any(|octets| octets == run));
    }
    // The same octets as VP8 show their first ten.
    pair.encryptor.set_default_codec(Some(Codec::Vp8)).unwrap();
    let as_vp8 = pair.encryptor.encrypt_to_vec(&info(), &frame).unwrap();
    assert_eq!(as_vp8[..10], frame[..10]);
}

/// The frame cryptor of webrtc-sdk lets frames pass until it is ready, unless a flag says otherwise, which a copy of its options loses. Here nothing
/// leaves before a key is active, by any handle, and no frame from before comes out afterwards.
#[test]
fn webrtc_sdk_frames_pass_until_the_cryptor_is_ready() {
    let store = store(GCM);
    let copy = store.clone();
    let mut encryptors = [
        ChannelEncryptor::new(&store, Mode::Frame).unwrap(),
        ChannelEncryptor::new(&copy, Mode::Frame).unwrap(),
        ChannelEncryptor::new(&copy.clone(), Mode::PACKET_1200).unwrap(),
    ];
    let early = [0x45; 300];
    for _ in 0..200 {
        for encryptor in &mut encryptors {
            let refused = none_seals(encryptor, &info(), &early);
            assert_eq!(refused, Error::NoActiveKey);
        }
    }
    store
        .add_send(key_a(), KID, CounterOrigin::FreshKey)
        .unwrap();
    copy.activate(KID).unwrap();
    for encryptor in &mut encryptors {
        let sealed = encryptor.encrypt_to_vec(&info(), &[0x4C; 300]).unwrap();
        assert_eq!(readable(&sealed, &[&early, &[0x4C; 300]]), 0);
    }
    drop(encryptors);
}

/// The frame cryptor of webrtc-sdk counts the octets that it leaves in clear in one octet: with parameter sets and SEI beyond 253 octets the number
/// wraps. Here: every length around it; the slice and the SEI stay hidden and the frame comes out bit by bit.
#[test]
fn webrtc_sdk_headers_beyond_253_octets_wrap_the_count_of_clear_octets() {
    let slice: Vec<u8> = [&[0x65, 0x88, 0x84][..], &[0x5C; 400]].concat();
    let pps: &[u8] = &[0x68, 0xCE, 0x3C, 0x80];
    let mut pair = pair(H264);
    let lengths: [RangeInclusive<usize>; 3] = [0..=300, 500..=520, 1270..=1290];
    for len in lengths.into_iter().flatten() {
        let sps: Vec<u8> = [&[0x67, 0x42, 0xC0, 0x1F][..], &vec![0x8D; len]].concat();
        let sei: Vec<u8> = [&[6, 5, 0xFF][..], &vec![0xD5; len], &[0x80]].concat();
        let frame = join(&[&sps, pps, &sei, &slice]);
        let sealed = pair.encryptor.encrypt_to_vec(&info(), &frame).unwrap();
        assert_eq!(readable(&sealed, &[&slice[3..], &[0xD5; 8]]), 0, "{len}");
        let opened = pair.decryptor.decrypt_to_vec(&info(), &sealed);
        assert_eq!(opened, Ok(frame), "{len}");
    }
}

/// The H.264 samples of server-sdk-go that have no slice pass as they are. Here: SEI alone, and what a delimiter brings with it, is sealed.
#[test]
fn livekit_server_sdk_go_870_samples_without_a_slice_pass_as_they_are() {
    let sei: Vec<u8> = [
        &[6, 5, 60][..],
        b"a caption that was typed for this call alone",
        &[0x80],
    ]
    .concat();
    for frame in [join(&[&sei]), join(&[&[9, 0xF0], &sei, &sei])] {
        let mut pair = pair(H264);
        let sealed = pair.encryptor.encrypt_to_vec(&info(), &frame).unwrap();
        assert_eq!(readable(&sealed, &[&sei]), 0);
        let opened = pair.decryptor.decrypt_to_vec(&info(), &sealed);
        assert_eq!(opened, Ok(frame));
    }
}

/// Several SDKs had cipher modes without authentication, or ECB, in which a picture's flat areas can be seen (Agora's AES_128_ECB and SM4_128_ECB).
/// Here: no block comes twice, in any suite, and what does that is refused as a cipher.
#[test]
fn agora_ecb_modes_show_the_picture() {
    for suite in CipherSuite::BUILTIN {
        let mut pair = Pair::new(suite, Mode::Frame, 0);
        let mut blocks = std::collections::HashSet::new();
        for _ in 0..8 {
            let sealed = pair.encryptor.encrypt_to_vec(&info(), &[0; 4096]).unwrap();
            for block in sealed[1..4097].chunks_exact(16) {
                assert!(blocks.insert(block.to_vec()), "{suite:?}");
            }
        }
    }
    let refusal = mediaseal::CheckedCipher::register(crate::noise::Ecb).unwrap_err();
    assert_eq!(
        refusal.property(),
        mediaseal::cipher::Property::DataDependsOnNonce
    );
    let none = mediaseal::CheckedCipher::builtin(CipherSuite::new(0));
    assert_eq!(
        none.err(),
        Some(Misuse::UnsupportedSuite { suite: 0 }.into())
    );
}

/// pjproject: replays and errors made the policy invalid, and "mandatory" encryption was switched off (3330, 3331). Here: whatever comes, the sender
/// goes on sealing and the receiver goes on refusing what is in clear.
#[test]
fn pjproject_3330_replays_switch_mandatory_encryption_off() {
    let (mut alice, mut bob) = (Pair::gcm(), Pair::new(GCM, Mode::Frame, 0));
    let clear = [0x21; 120];
    let mut sentinel = Sentinel::new(&alice.send);
    let proof = sentinel.proof();
    let first = alice.encryptor.encrypt_to_vec(&info(), &clear).unwrap();
    bob.decryptor.decrypt_to_vec(&info(), &first).unwrap();
    for round in 0..3000_usize {
        let mut bad = first.clone();
        match round % 4 {
            0 => {}
            1 => bad[round % first.len()] ^= 1,
            2 => bad.truncate(round % first.len()),
            _ => bad
                .iter_mut()
                .for_each(|octet| *octet = octet.wrapping_mul(7)),
        }
        assert!(bob.decryptor.decrypt_to_vec(&info(), &bad).is_err());
        if round % 500 == 0 {
            // A restart of both, which there relaxed the policy.
            bob.decryptor = mediaseal::ChannelDecryptor::new(&bob.receive, Mode::Frame).unwrap();
            alice.encryptor = ChannelEncryptor::new(&alice.send, Mode::Frame).unwrap();
        }
        let sealed = alice.encryptor.encrypt_to_vec(&info(), &clear).unwrap();
        sentinel.observe_sent(&info(), &sealed);
        if round % 50 == 0 {
            crate::forms::none_opens(&mut bob.decryptor, &info(), &clear);
        }
        let opened = bob.decryptor.decrypt_to_vec(&info(), &sealed);
        assert_eq!(opened, Ok(clear.to_vec()));
    }
    let state = proof.check(NOW);
    assert!(matches!(state, ProofState::Encrypted { frames: 3000, .. }));
}

/// Tells whether it is the expected one.
type IsLeak = fn(&Leak) -> bool;

/// Applications shipped a sender whose encryption was never switched on, or only for one of two paths (connectedhomeip 42367, VideoUIKit-Flutter
/// 198). Here: each way around the encryptor is named by what leaves.
#[test]
fn connectedhomeip_42367_encryption_is_announced_and_not_on() {
    let mut pair = Pair::gcm();
    let other = store(GCM);
    let kid = KeyId::new(5);
    other
        .add_send(key_b(), kid, CounterOrigin::FreshKey)
        .unwrap();
    other.activate(kid).unwrap();
    let foreign = ChannelEncryptor::new(&other, Mode::Frame)
        .unwrap()
        .encrypt_to_vec(&info(), b"frame")
        .unwrap();
    let silence = [0xF8, 0xFF, 0xFE];
    let mut changed = pair.seal("changed on the way to the socket");
    *changed.last_mut().unwrap() ^= 1;
    let cases: [(&[u8], IsLeak); 4] = [
        (&silence, |leak| !matches!(leak, Leak::DoesNotOpen { .. })),
        (&[], |leak| *leak == Leak::NotSealed),
        (
            &foreign,
            |leak| matches!(leak, Leak::UnknownKey { kid } if kid.value() == 5),
        ),
        (&changed, |leak| matches!(leak, Leak::DoesNotOpen { .. })),
    ];
    for (octets, is_it) in cases {
        let mut sentinel = Sentinel::new(&pair.send);
        let proof = sentinel.proof();
        assert_eq!(proof.check(NOW), ProofState::Sealing);
        sentinel.observe_sent(&info(), octets);
        match proof.check(NOW) {
            ProofState::Degraded { reason } => assert!(is_it(&reason), "{reason:?}"),
            state => panic!("{octets:x?}: {state:?}"),
        }
    }
}
