//! In the steady state a frame allocates nothing, whether it is good or bad.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use allocation_counter::measure;
use common::{Pair, info};
use mediaseal::{
    CipherSuite, Codec, FrameBuf, FrameInfo, Mode, NalFormat, ProofState, Sentinel, Ssrc,
};

const FRAMES: usize = 10_000;

#[test]
fn ten_thousand_frames_allocate_nothing() {
    for suite in CipherSuite::BUILTIN {
        for metadata in [&b""[..], b"codec=opus", &[7; 200]] {
            let mut pair = Pair::new(suite, Mode::Frame, 77);
            let info = FrameInfo::new(Ssrc::new(5)).metadata(metadata);
            let mut storage = vec![0; 1400];
            let mut copy = vec![0; 1400];
            let mut one_frame = |n: usize| {
                let len = n % 1200;
                let mut frame = FrameBuf::new(&mut storage, 17, len).unwrap();
                pair.encryptor.encrypt_in_place(&info, &mut frame).unwrap();
                // The same frame thrice: opened, duplicate, forged.
                let sealed = frame.as_slice();
                let opened = pair.decryptor.decrypt_into(&info, sealed, &mut copy);
                assert_eq!(opened.unwrap().len, len);
                assert!(
                    pair.decryptor
                        .decrypt_into(&info, sealed, &mut copy)
                        .is_err()
                );
                frame.as_mut_slice()[0] ^= 0x01;
                assert!(pair.decryptor.decrypt_in_place(&info, &mut frame).is_err());
            };
            // A session's first frame is outside the steady state.
            one_frame(0);
            let allocations = measure(|| (0..FRAMES).for_each(&mut one_frame));
            assert_eq!(
                allocations.count_total,
                0,
                "{suite} with {} octets of metadata",
                metadata.len()
            );
        }
    }
}

#[test]
fn streams_that_fail_and_open_again_allocate_nothing() {
    let mut pair = Pair::new(CipherSuite::AES_128_GCM_SHA256_128, Mode::Frame, 77);
    pair.decryptor.set_default_codec(Some(Codec::Vp8)).unwrap();
    pair.encryptor.set_default_codec(Some(Codec::Vp8)).unwrap();
    let (mut sealed, mut opened) = (vec![0; 200], vec![0; 200]);
    let (encryptor, decryptor) = (&mut pair.encryptor, &mut pair.decryptor);
    let mut one_frame = |n: u64| {
        // A picture that begins nothing, on two streams; every hundred frames twenty are altered.
        for ssrc in [5, 6].map(Ssrc::new) {
            let info = FrameInfo::new(ssrc);
            let len = encryptor
                .encrypt_into(&info, &[0x11; 100], &mut sealed)
                .unwrap();
            let is_bad = n % 100 >= 80;
            sealed[len - 1] ^= u8::from(is_bad);
            let told = decryptor.decrypt_into(&info, &sealed[..len], &mut opened);
            assert_eq!(told.is_err(), is_bad);
            assert_eq!(decryptor.last_failure().is_some(), n >= 80);
        }
        while decryptor.need_key_frame(33 * n).is_some() {}
    };
    one_frame(0);
    let allocations = measure(|| (1..10_000).for_each(&mut one_frame));
    assert_eq!(allocations.count_total, 0);
    assert!(pair.receive.poll_event().is_some());
}

#[test]
fn ten_thousand_codec_aware_frames_allocate_nothing() {
    let start = [
        0, 0, 0, 1, 0x67, 0x42, 0xC0, 0, 0, 1, 0x65, 0x88, 0x84, 0x21,
    ];
    for codec in [
        Codec::H264(NalFormat::AnnexB),
        Codec::Vp8,
        Codec::Vp9,
        Codec::Opus,
    ] {
        let mut pair = Pair::new(CipherSuite::AES_128_GCM_SHA256_128, Mode::Frame, 77);
        pair.encryptor.set_default_codec(Some(codec)).unwrap();
        pair.decryptor.set_default_codec(Some(codec)).unwrap();
        let info = FrameInfo::new(Ssrc::new(5)).metadata(b"layer=1");
        let mut plaintext = [7; 1400];
        plaintext[..start.len()].copy_from_slice(&start);
        let (mut sealed, mut opened) = (vec![0; 8000], vec![0; 1400]);
        let mut one_frame = |n: usize| {
            let frame = &plaintext[..start.len() + n % 1200];
            let len = pair
                .encryptor
                .encrypt_into(&info, frame, &mut sealed)
                .unwrap();
            let told = pair
                .decryptor
                .decrypt_into(&info, &sealed[..len], &mut opened);
            assert_eq!(told.unwrap().len, frame.len());
            // A duplicate, and a forged one.
            let mut frame = FrameBuf::new(&mut sealed, 0, len).unwrap();
            assert!(pair.decryptor.decrypt_in_place(&info, &mut frame).is_err());
            frame.as_mut_slice()[len - 2] ^= 0x55;
            assert!(pair.decryptor.decrypt_in_place(&info, &mut frame).is_err());
        };
        one_frame(0);
        let allocations = measure(|| (0..FRAMES).for_each(&mut one_frame));
        assert_eq!(allocations.count_total, 0, "{codec:?}");
    }
}

#[test]
fn ten_thousand_frames_that_are_looked_at_allocate_nothing() {
    for codec in [Codec::Opaque, Codec::H264(NalFormat::AnnexB)] {
        let mut pair = Pair::new(CipherSuite::AES_128_GCM_SHA256_128, Mode::Frame, 77);
        let mut sentinel = Sentinel::new(&pair.send);
        let proof = sentinel.proof();
        pair.encryptor.set_default_codec(Some(codec)).unwrap();
        sentinel.set_codec(Ssrc::new(5), codec).unwrap();
        let info = FrameInfo::new(Ssrc::new(5)).metadata(b"metadata");
        let frame = [&[0, 0, 0, 1, 0x65, 0x88, 0x84][..], &[7; 1000]].concat();
        let mut sealed = vec![0; 4000];
        let mut one_frame = |_| {
            let len = pair.encryptor.encrypt_into(&info, &frame, &mut sealed);
            sentinel.observe_sent(&info, &sealed[..len.unwrap()]);
            proof.check(1);
        };
        one_frame(0);
        let allocations = measure(|| (0..FRAMES).for_each(&mut one_frame));
        assert_eq!(allocations.count_total, 0, "{codec:?}");
        assert!(matches!(proof.state(), ProofState::Encrypted { .. }));
    }
}

#[test]
fn an_unknown_sender_allocates_nothing() {
    let mut pair = Pair::gcm();
    let mut octets = [0x7F; 300];
    let mut storage = [0; 300];
    let allocations = measure(|| {
        for n in 0..FRAMES {
            let [high, low, ..] = u32::try_from(n).unwrap().to_le_bytes();
            (octets[0], octets[1], octets[2]) = (0x90 | (high & 0x6F), high, low);
            assert!(
                pair.decryptor
                    .decrypt_into(&info(), &octets[..n % 300], &mut storage)
                    .is_err()
            );
        }
    });
    assert_eq!(allocations.count_total, 0);
}

/// The counter counts: it sees the one allocation of the convenient form.
#[test]
fn the_measurement_sees_an_allocation() {
    let mut pair = Pair::gcm();
    pair.seal("first");
    let allocations = measure(|| drop(pair.seal("second")));
    assert!(allocations.count_total > 0);
}

/// A session that nobody has heard is tried with sixteen senders, without allocating.
#[test]
fn an_unheard_session_allocates_nothing_before_it_authenticates() {
    use mediaseal::{
        ChannelConfig, ChannelDecryptor, ChannelKey, ChannelStore, CheckedCipher, Media,
        NewGeneration, SenderId,
    };
    for suite in CipherSuite::BUILTIN {
        let store = ChannelStore::new().unwrap();
        let channel = store.channel(ChannelConfig::new("room").unwrap()).unwrap();
        let cipher = CheckedCipher::builtin(suite).unwrap().allow_short_tags();
        let key = ChannelKey::generate().unwrap();
        channel
            .stage(NewGeneration::new(1, key).cipher(&cipher))
            .unwrap();
        let expected: Vec<_> = (0..16u8)
            .map(|n| (SenderId::new([n]).unwrap(), Media::AUDIO))
            .collect();
        let mut decryptor =
            ChannelDecryptor::for_channel(&channel, &expected, Mode::Frame).unwrap();
        let mut frame = [0x5A; 200];
        frame[0] = 0xF8;
        let mut out = [0; 200];
        let allocations = measure(|| {
            for kid in 0..2_000u64 {
                // Generation 1, step 0, another session each time.
                let kid = (1 << 63) | (kid << 10) | 0x10;
                frame[1..9].copy_from_slice(&kid.to_be_bytes());
                frame[9] = 9;
                let refused = decryptor.decrypt_into(&info(), &frame, &mut out);
                assert!(matches!(
                    refused,
                    Err(mediaseal::Error::AuthenticationFailed { .. })
                ));
            }
        });
        assert_eq!(allocations.count_total, 0, "{suite}");
        assert_eq!(decryptor.statistics().len(), 0);
    }
}
