//! What came was taken for media without being opened.

use mediaseal::{
    ChannelDecryptor, Codec, EpochSecret, Error, FrameInfo, KeyId, Malformed, Misuse, Mode, Ssrc,
};

use crate::common::{GCM, Pair, alice, info, key_a, key_b, store};
use crate::forms::none_opens;
use crate::media::{H264, pair, streams};
use crate::member::Member;

/// The Android SDK of Stream hands on frames that have no trailer, as clear media, while its state goes on saying that encryption is on (1801). Here:
/// the clear frames of every encoder, to a receiver of each codec; all are refused and counted.
#[test]
fn getstream_1801_frames_without_a_trailer_are_played_as_clear() {
    for stream in streams() {
        for codec in [Codec::Opaque, stream.codec] {
            let mut pair = pair(codec);
            for frame in stream.frames.iter().step_by(20) {
                let refused = none_opens(&mut pair.decryptor, &info(), frame);
                assert!(
                    matches!(
                        refused,
                        Error::MissingKey { .. }
                            | Error::AuthenticationFailed { .. }
                            | Error::Malformed(_)
                            | Error::Truncated { .. }
                    ),
                    "{refused:?}"
                );
            }
            let counted = u64::try_from(5 * stream.frames.len().div_ceil(20)).unwrap();
            assert_eq!(pair.decryptor.totals().errors.total(), counted);
            assert_eq!(pair.decryptor.totals().frames, 0);
        }
    }
}

/// There, a trailer cut short was no trailer, and the frame was played as clear. Here: each sealed frame, cut at every length from either end.
#[test]
fn getstream_1801_a_trailer_cut_short_makes_a_frame_clear() {
    for stream in streams() {
        let mut pair = pair(stream.codec);
        let frame = stream
            .frames
            .iter()
            .min_by_key(|frame| frame.len())
            .unwrap();
        let sealed = pair.encryptor.encrypt_to_vec(&info(), frame).unwrap();
        let step = 1 + sealed.len() / 200;
        let ends = (0..40)
            .chain((40..sealed.len()).step_by(step))
            .chain(sealed.len().saturating_sub(40)..sealed.len());
        for end in ends.filter(|&end| end < sealed.len()) {
            none_opens(&mut pair.decryptor, &info(), &sealed[..end]);
            if end > 0 && stream.codec == Codec::Opus {
                none_opens(&mut pair.decryptor, &info(), &sealed[end..]);
            }
        }
        let opened = pair.decryptor.decrypt_to_vec(&info(), &sealed);
        assert_eq!(opened.as_ref(), Ok(frame), "the whole one opens");
    }
}

/// stream-video-js handed on as clear what had a version of its framing that it did not know. Here: frames of a later version of the codec-aware
/// form, of other suites, of secrets of a later format. All are refused; the same octets with our version open.
#[test]
fn getstream_2366_an_unknown_version_is_forwarded_as_clear() {
    let frame = [0x11; 120];
    let mut pair = pair(Codec::Vp8);
    pair.encryptor
        .set_default_codec(Some(Codec::Opaque))
        .unwrap();
    for (metadata, opens) in [
        (b"ms1\x03", true),
        (b"ms2\x03", false),
        (b"ms1\x07", false),
        (b"ms0\x03", false),
    ] {
        let later = FrameInfo::new(Ssrc::new(1)).metadata(metadata);
        let sframe = pair.encryptor.encrypt_to_vec(&later, &frame).unwrap();
        let sent = [&[0x11, 0x11, 0x11, 0, 0, 0][..], &sframe].concat();
        if opens {
            let opened = pair.decryptor.decrypt_to_vec(&info(), &sent);
            assert_eq!(opened, Ok(frame.to_vec()));
        } else {
            let refused = none_opens(&mut pair.decryptor, &info(), &sent);
            assert!(matches!(refused, Error::AuthenticationFailed { .. }));
        }
    }

    let member = Member::sealing();
    let mut octets = member.channel.epoch_secret(1, 0).unwrap().to_bytes();
    assert!(EpochSecret::from_bytes(&octets).is_ok());
    octets[0] += 1;
    let refused = EpochSecret::from_bytes(&octets).err();
    let format = octets[0];
    assert_eq!(refused, Some(Misuse::EpochFormat { format }.into()));

    for (sealed_by, opened_by) in [(4, 5), (5, 4), (1, 2), (4, 1)] {
        let suites = [sealed_by, opened_by].map(mediaseal::CipherSuite::new);
        let mut one = Pair::new(suites[0], Mode::Frame, 0);
        let mut other = Pair::new(suites[1], Mode::Frame, 0);
        none_opens(
            &mut other.decryptor,
            &info(),
            &one.seal("another suite, the same key"),
        );
    }
}

/// client-sdk-js and webrtc-sdk hand a frame to the decoder as it is if it ends in octets that the server chose, or is empty. Here no ending opens
/// anything: not behind clear media, not behind a sealed frame; and what is sealed may end so.
#[test]
fn livekit_812_a_frame_that_ends_in_the_servers_octets_skips_decryption() {
    for trailer in [&b"LKROCKS"[..], &[0xFA, 0xFA], &[0xDE, 0xAD, 0xBE, 0xEF]] {
        for codec in [Codec::Opaque, Codec::Opus, Codec::Vp8, H264] {
            let mut pair = pair(codec);
            let stream = streams()
                .into_iter()
                .find(|stream| stream.codec == codec)
                .unwrap_or_else(crate::media::opus);
            let clear = [&stream.frames[0][..], trailer].concat();
            none_opens(&mut pair.decryptor, &info(), &clear);
            none_opens(&mut pair.decryptor, &info(), trailer);
            none_opens(&mut pair.decryptor, &info(), &[]);

            let sealed = pair.encryptor.encrypt_to_vec(&info(), &clear).unwrap();
            let injected = [&sealed[..], trailer].concat();
            none_opens(&mut pair.decryptor, &info(), &injected);
            let opened = pair.decryptor.decrypt_to_vec(&info(), &sealed);
            assert_eq!(opened, Ok(clear));
        }
    }
    // An empty frame is sealed like others, and comes out empty.
    let mut pair = Pair::gcm();
    let sealed = pair.encryptor.encrypt_to_vec(&info(), &[]).unwrap();
    assert_eq!(sealed.len(), 17);
    let opened = pair.decryptor.decrypt_to_vec(&info(), &sealed);
    assert_eq!(opened, Ok(vec![]));
}

/// Early versions of webrtc-sdk passed a frame to the decoder although it had not been decrypted. Here: every reason for which a frame is refused, by
/// every form of call; none leaves a frame.
#[test]
fn webrtc_sdk_a_frame_that_was_not_decrypted_goes_to_the_decoder() {
    let mut pair = Pair::new(GCM, Mode::Frame, 3);
    let text = "this text came with each of them";
    let frames: Vec<_> = (0..2000).map(|_| pair.seal(text)).collect();
    let mut altered = frames[1].clone();
    altered[9] ^= 4;
    let refused = none_opens(&mut pair.decryptor, &info(), &altered);
    assert!(matches!(refused, Error::AuthenticationFailed { .. }));
    pair.decryptor.decrypt_to_vec(&info(), &frames[0]).unwrap();
    let refused = none_opens(&mut pair.decryptor, &info(), &frames[0]);
    assert!(matches!(refused, Error::Duplicate { .. }));
    pair.decryptor
        .decrypt_to_vec(&info(), &frames[1999])
        .unwrap();
    let refused = none_opens(&mut pair.decryptor, &info(), &frames[1]);
    assert!(matches!(refused, Error::TooOld { .. }));
    let refused = none_opens(&mut pair.decryptor, &info(), &frames[1998][..12]);
    assert!(matches!(refused, Error::Truncated { .. }));
    let not_minimal = [&[0x88, 3, 0][..], &frames[1998][2..]].concat();
    let refused = none_opens(&mut pair.decryptor, &info(), &not_minimal);
    assert_eq!(refused, Malformed::NotMinimal.into());

    let kid = KeyId::new(3);
    pair.receive.retire_receive(kid).unwrap();
    let refused = none_opens(&mut pair.decryptor, &info(), &frames[1998]);
    assert!(matches!(refused, Error::RetiredKey { .. }));
    pair.receive.add_receive(key_a(), kid, alice()).unwrap();
    let refused = none_opens(&mut pair.decryptor, &info(), &frames[1998]);
    assert!(matches!(refused, Error::Replayed { .. }));

    let mut own = ChannelDecryptor::new(&pair.send, Mode::Frame).unwrap();
    let refused = none_opens(&mut own, &info(), &frames[1998]);
    assert!(matches!(refused, Error::Reflected { .. }));
    let late = store(GCM);
    let mut decryptor = ChannelDecryptor::new(&late, Mode::Frame).unwrap();
    let refused = none_opens(&mut decryptor, &info(), &frames[1998]);
    assert!(matches!(refused, Error::MissingKey { .. }));
    late.add_receive_at(key_a(), kid, alice(), u64::MAX)
        .unwrap();
    let refused = none_opens(&mut decryptor, &info(), &frames[1998]);
    assert!(matches!(refused, Error::NotYetActive { .. }));
}

/// lib-jitsi-meet put `undefined` into the stream of frames where one was not decrypted (2376). Here a batch says of each frame what became of it,
/// and one bad frame spoils no other.
#[test]
fn jitsi_2376_a_frame_that_fails_puts_nothing_into_the_stream() {
    use mediaseal::{BatchFrame, DecryptJob, FrameBuf, decrypt_batch};
    let mut pair = Pair::gcm();
    let mut storages: Vec<Vec<u8>> = (0..64)
        .map(|number| {
            let mut sealed = pair.seal(&format!("frame number {number}"));
            if number % 3 == 0 {
                sealed[7] ^= 1;
            }
            sealed
        })
        .collect();
    let mut frames: Vec<_> = storages
        .iter_mut()
        .map(|storage| {
            let len = storage.len();
            BatchFrame::new(info(), FrameBuf::new(storage, 0, len).unwrap())
        })
        .collect();
    decrypt_batch(&mut [DecryptJob::new(&mut pair.decryptor, &mut frames)]);
    for (number, frame) in frames.iter().enumerate() {
        if number % 3 == 0 {
            assert!(matches!(
                frame.result(),
                Some(Err(Error::AuthenticationFailed { .. }))
            ));
        } else {
            assert!(matches!(frame.result(), Some(Ok(_))));
            let text = format!("frame number {number}");
            assert_eq!(frame.frame().as_slice(), text.as_bytes());
        }
    }
}

/// Members without encryption in a room with it were heard by some clients and not by others (client-sdk-android 787). Here one answer for all: what
/// is in clear is refused, counted apart, and those beside go on.
#[test]
fn livekit_android_787_a_member_without_encryption_is_heard_by_some() {
    let mut pair = Pair::gcm();
    let opus = crate::media::opus();
    let mut sealed_frames = 0;
    for frame in &opus.frames[..200] {
        let clear = pair
            .decryptor
            .decrypt_to_vec(&FrameInfo::new(Ssrc::new(77)), frame);
        assert!(clear.is_err());
        let sealed = pair.encryptor.encrypt_to_vec(&info(), frame).unwrap();
        let opened = pair.decryptor.decrypt_to_vec(&info(), &sealed);
        assert_eq!(opened.as_ref(), Ok(frame));
        sealed_frames += 1;
    }
    assert_eq!(pair.decryptor.totals().frames, sealed_frames);
    assert_eq!(pair.decryptor.unattributed().total(), 200);
    let mut rows = pair.decryptor.statistics();
    let row = rows.next().unwrap();
    assert_eq!((row.ssrc, row.errors.total()), (Ssrc::new(1), 0));
    assert!(rows.next().is_none(), "the member in clear has no row");
}

/// The aes-gcm crate left the plaintext in the buffer when the tag was wrong (RUSTSEC-2023-0096). Here: every suite, every codec, a bit of the tag
/// flipped, every form of call.
#[test]
fn rustsec_2023_0096_a_wrong_tag_leaves_the_plaintext_in_the_buffer() {
    for suite in mediaseal::CipherSuite::BUILTIN {
        for len in [1, 15, 16, 17, 64, 255, 1200, 20_000] {
            let mut pair = Pair::new(suite, Mode::Frame, 0);
            let mut sealed = pair
                .encryptor
                .encrypt_to_vec(&info(), &vec![0x77; len])
                .unwrap();
            *sealed.last_mut().unwrap() ^= 0x80;
            none_opens(&mut pair.decryptor, &info(), &sealed);
        }
    }
    for stream in streams() {
        let mut pair = pair(stream.codec);
        let mut sealed = pair
            .encryptor
            .encrypt_to_vec(&info(), &stream.frames[0])
            .unwrap();
        // In front of the octet that ends the carrier of H.264.
        let at = sealed.len() - 3;
        sealed[at] ^= 0x10;
        let refused = none_opens(&mut pair.decryptor, &info(), &sealed);
        assert!(matches!(refused, Error::AuthenticationFailed { .. }));
    }
}

/// In several products a frame sealed for one direction, or by another member, opened in the wrong place (matrix-sdk RUSTSEC-2025-0041). Here: one's
/// own frames that a relay sends back, and another's under one's name.
#[test]
fn rustsec_2025_0041_what_one_member_sent_passes_for_anothers() {
    let (here, there) = (Member::sealing(), Member::sealing());
    // As long as hers, so that it is the name that counts.
    let mut from_mallory = there.encryptor("malla");
    let mut to_bob = here.decryptor("alice");
    for _ in 0..50 {
        let sealed = from_mallory.encrypt_to_vec(&info(), b"I am alice").unwrap();
        let refused = none_opens(&mut to_bob, &info(), &sealed);
        assert!(matches!(refused, Error::AuthenticationFailed { .. }));
    }
    let mut own = here.encryptor("alice");
    let sealed = own.encrypt_to_vec(&info(), b"sent back").unwrap();
    let refused = none_opens(&mut to_bob, &info(), &sealed);
    assert!(matches!(refused, Error::Reflected { .. }));
    let raw = store(GCM);
    raw.add_receive(key_b(), KeyId::new(1), alice()).unwrap();
    let sent = raw.add_send(key_b(), KeyId::new(1), mediaseal::CounterOrigin::FreshKey);
    let kid = KeyId::new(1);
    assert_eq!(sent, Err(Misuse::SendAndReceive { kid }.into()));
}
