//! What the application hears of streams that fail, open again, or lack a key frame: one event, not a storm.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{GCM, Pair, alice, key_a, key_b, store};
use mediaseal::{
    ChannelConfig, ChannelDecryptor, ChannelEncryptor, ChannelKey, ChannelStore, Codec, Error,
    Event, FrameInfo, KeyId, KeyStore, Media, Misuse, Mode, NalFormat, NeedKeyFrame, NewGeneration,
    SenderId, Ssrc,
};

const NOW: u64 = 1_800_000_000;
const DELTA: [u8; 40] = [0x11; 40];
const KEY: [u8; 40] = {
    let mut frame = [0x10; 40];
    frame[3] = 0x9d;
    frame[4] = 0x01;
    frame[5] = 0x2a;
    frame
};

fn stream(ssrc: u32) -> FrameInfo<'static> {
    FrameInfo::new(Ssrc::new(ssrc))
}

fn events(poll: impl Fn() -> Option<Event>) -> Vec<Event> {
    std::iter::from_fn(poll).collect()
}

/// A pair whose stream 7 is VP8 and 8 Opus.
fn pair() -> Pair {
    let mut pair = Pair::gcm();
    for (ssrc, codec) in [(7, Codec::Vp8), (8, Codec::Opus)] {
        let ssrc = Ssrc::new(ssrc);
        pair.encryptor.set_codec(ssrc, codec).unwrap();
        pair.decryptor.set_codec(ssrc, codec).unwrap();
    }
    pair
}

impl Pair {
    fn send(&mut self, ssrc: u32, frame: &[u8]) -> Result<Vec<u8>, Error> {
        let sealed = self.encryptor.encrypt_to_vec(&stream(ssrc), frame).unwrap();
        self.decryptor.decrypt_to_vec(&stream(ssrc), &sealed)
    }

    fn send_altered(&mut self, ssrc: u32, frame: &[u8]) -> Error {
        let mut sealed = self.encryptor.encrypt_to_vec(&stream(ssrc), frame).unwrap();
        *sealed.last_mut().unwrap() ^= 1;
        self.decryptor
            .decrypt_to_vec(&stream(ssrc), &sealed)
            .unwrap_err()
    }

    fn heard(&self) -> Vec<Event> {
        events(|| self.receive.poll_event())
    }
}

#[test]
fn a_burst_is_one_event_and_its_end_another() {
    let mut pair = pair();
    pair.send(7, &KEY).unwrap();
    for bad in [4, 1, 3] {
        // A few bad packets are none.
        for _ in 0..bad {
            pair.send_altered(7, &DELTA);
        }
        pair.send(7, &DELTA).unwrap();
    }
    assert_eq!(pair.heard(), []);
    for _ in 0..1000 {
        pair.send_altered(7, &DELTA);
    }
    let failing = pair.heard();
    let [
        Event::StreamFailing {
            stream,
            sender,
            kid,
            reason: Error::AuthenticationFailed { .. },
        },
    ] = &failing[..]
    else {
        panic!("{failing:?}");
    };
    assert_eq!(
        (stream.value(), sender, kid),
        (7, &Some(alice()), &Some(KeyId::new(0)))
    );
    assert_eq!(
        failing[0].to_string(),
        "stream 0x00000007 of alice fails: authentication failed (KID 0x0, CTR 16)"
    );
    pair.send(7, &DELTA).unwrap();
    pair.send(7, &DELTA).unwrap();
    let recovered = pair.heard();
    assert_eq!(
        recovered,
        [Event::StreamRecovered {
            stream: Ssrc::new(7),
            sender: alice(),
            kid: KeyId::new(0),
            refused: 1000
        }]
    );
    assert_eq!(
        recovered[0].to_string(),
        "stream 0x00000007 of alice opens again, 1000 frames were refused"
    );
}

#[test]
fn healthy_calls_have_duplicates_and_padding_and_no_event() {
    let mut pair = pair();
    pair.send(7, &KEY).unwrap();
    let sealed = pair.encryptor.encrypt_to_vec(&stream(7), &DELTA).unwrap();
    pair.decryptor.decrypt_to_vec(&stream(7), &sealed).unwrap();
    for _ in 0..100 {
        assert!(matches!(
            pair.decryptor.decrypt_to_vec(&stream(7), &sealed),
            Err(Error::Duplicate { .. })
        ));
        assert!(pair.decryptor.decrypt_to_vec(&stream(1), &[]).is_err());
        let mut none = [0; 0];
        let small = pair.decryptor.decrypt_into(&stream(7), &sealed, &mut none);
        assert!(small.is_err());
    }
    assert_eq!(pair.heard(), []);
    assert_eq!(pair.decryptor.need_key_frame(0), None);
}

#[test]
fn a_stream_that_never_opened_is_said_to_fail_and_then_to_recover() {
    let mut pair = Pair::with_stores(store(GCM), KeyStore::raw(GCM).unwrap(), Mode::Frame, 3);
    let other = KeyStore::raw(GCM).unwrap();
    let mut opening = ChannelDecryptor::new(&other, Mode::Frame).unwrap();
    for _ in 0..50 {
        let sealed = pair.encryptor.encrypt_to_vec(&stream(9), b"frame").unwrap();
        let refused = opening.decrypt_to_vec(&stream(9), &sealed);
        assert!(matches!(refused, Err(Error::MissingKey { .. })));
    }
    let failing = events(|| other.poll_event());
    assert!(
        matches!(&failing[..], [Event::StreamFailing { sender: None, reason: Error::MissingKey { kid }, .. }] if kid.value() == 3),
        "{failing:?}"
    );
    assert!(
        failing[0]
            .to_string()
            .starts_with("stream 0x00000009 fails: no key is known")
    );
    other.add_receive(key_a(), KeyId::new(3), alice()).unwrap();
    let sealed = pair.encryptor.encrypt_to_vec(&stream(9), b"frame").unwrap();
    opening.decrypt_to_vec(&stream(9), &sealed).unwrap();
    let recovered = events(|| other.poll_event());
    assert!(
        matches!(&recovered[..], [Event::StreamRecovered { refused: 50, .. }]),
        "{recovered:?}"
    );
}

#[test]
fn who_floods_makes_no_storm() {
    let mut pair = pair();
    // Streams that nobody sends: each of the first 32 says so once, all further ones together now and then.
    for round in 0..10 {
        for ssrc in 0..10_000 {
            let refused = pair
                .decryptor
                .decrypt_to_vec(&stream(1000 + ssrc), &[0x20, 1, 2, round]);
            assert!(refused.is_err());
        }
    }
    let said = pair.heard().len();
    assert!((32..=32 + 17).contains(&said), "{said}");
    // One who forges between the frames of a good stream: 2,000 bursts.
    pair.send(7, &KEY).unwrap();
    let mut said = 0;
    for _ in 0..2000 {
        for _ in 0..5 {
            pair.send_altered(7, &DELTA);
        }
        pair.send(7, &DELTA).unwrap();
        let heard = pair.heard();
        let of_streams = |event: &&Event| {
            matches!(
                event,
                Event::StreamFailing { .. } | Event::StreamRecovered { .. }
            )
        };
        said += heard.iter().filter(of_streams).count();
    }
    // 1 to 8, then 16 to 1024, twice each.
    assert_eq!(said, 2 * (8 + 7));
}

#[test]
fn each_refusal_says_whose_it_was() {
    let mut pair = pair();
    assert_eq!(pair.decryptor.last_failure(), None);
    pair.send(7, &KEY).unwrap();
    pair.send_altered(7, &DELTA);
    let failure = pair.decryptor.last_failure().unwrap().clone();
    assert_eq!(failure.stream, Ssrc::new(7));
    assert_eq!(
        (failure.kid.unwrap().value(), failure.ctr.unwrap().value()),
        (0, 1)
    );
    assert_eq!(failure.sender, Some(alice()));
    assert!(matches!(failure.error, Error::AuthenticationFailed { .. }) && !failure.conceal);
    assert_eq!(
        failure.to_string(),
        "stream 0x00000007 of alice, KID 0x0, CTR 1: authentication failed (KID 0x0, CTR 1)"
    );
    // A header without a key, no header, a short frame, a small buffer.
    pair.decryptor
        .decrypt_to_vec(&stream(2), &[0x50, 1, 2])
        .unwrap_err();
    let failure = pair.decryptor.last_failure().unwrap();
    assert_eq!(
        (failure.stream, failure.kid, &failure.sender),
        (Ssrc::new(2), Some(KeyId::new(5)), &None)
    );
    pair.decryptor
        .decrypt_to_vec(&stream(3), &[0x88])
        .unwrap_err();
    let failure = pair.decryptor.last_failure().unwrap();
    assert_eq!(
        (failure.stream, failure.kid, failure.ctr),
        (Ssrc::new(3), None, None)
    );
    pair.decryptor
        .decrypt_to_vec(&stream(4), &[0x03, 1])
        .unwrap_err();
    let failure = pair.decryptor.last_failure().unwrap();
    assert!(matches!(failure.error, Error::Truncated { len: 2, .. }));
    assert_eq!(
        (failure.ctr.unwrap().value(), &failure.sender),
        (3, &Some(alice()))
    );
    let sealed = pair.encryptor.encrypt_to_vec(&stream(5), &DELTA).unwrap();
    pair.decryptor
        .decrypt_into(&stream(5), &sealed, &mut [])
        .unwrap_err();
    let failure = pair.decryptor.last_failure().unwrap();
    assert!(matches!(
        failure.error,
        Error::BufferTooSmall {
            needed: 40,
            available: 0
        }
    ));
    assert_eq!(failure.sender, Some(alice()));
    pair.decryptor.set_default_codec(None).unwrap();
    pair.decryptor
        .decrypt_to_vec(&stream(6), &sealed)
        .unwrap_err();
    let failure = pair.decryptor.last_failure().unwrap();
    assert_eq!(
        (failure.error, failure.stream),
        (Misuse::NoCodec.into(), Ssrc::new(6))
    );
}

#[test]
fn audio_that_is_missing_is_concealed() {
    let mut pair = pair();
    // By its codec, heard or not; by the media that its session carries.
    pair.send_altered(8, &[1, 2, 3]);
    assert!(pair.decryptor.last_failure().unwrap().conceal);
    pair.send(8, &[1, 2, 3]).unwrap();
    let sealed = pair.encryptor.encrypt_to_vec(&stream(8), &[4]).unwrap();
    pair.decryptor.decrypt_to_vec(&stream(8), &sealed).unwrap();
    pair.decryptor
        .decrypt_to_vec(&stream(8), &sealed)
        .unwrap_err();
    assert!(
        !pair.decryptor.last_failure().unwrap().conceal,
        "a duplicate was played"
    );
    pair.send_altered(7, &DELTA);
    assert!(!pair.decryptor.last_failure().unwrap().conceal, "video");
    assert_eq!(pair.decryptor.need_key_frame(0), None);

    let (mut sealing, mut opening, _store) = call(Media::AUDIO);
    let mut sealed = sealing.encrypt_to_vec(&stream(1), &[1; 30]).unwrap();
    opening.decrypt_to_vec(&stream(1), &sealed).unwrap();
    sealed = sealing.encrypt_to_vec(&stream(1), &[1; 30]).unwrap();
    sealed[20] ^= 1;
    opening.decrypt_to_vec(&stream(1), &sealed).unwrap_err();
    assert!(opening.last_failure().unwrap().conceal);
}

/// Both sides of a channel.
fn call(media: Media) -> (ChannelEncryptor, ChannelDecryptor, [ChannelStore; 2]) {
    let key = ChannelKey::from_slice(&[7; 32]).unwrap();
    let member = || {
        let store = ChannelStore::new().unwrap();
        let channel = store
            .channel(ChannelConfig::new("call").unwrap().with_clock())
            .unwrap();
        channel
            .stage(NewGeneration::new(1, key.duplicate()))
            .unwrap();
        store.tick(NOW).unwrap();
        channel.activate(1).unwrap();
        (store, channel)
    };
    let (alices, sending) = member();
    let (bobs, receiving) = member();
    let expected = [(alice(), media)];
    (
        ChannelEncryptor::for_channel(&sending, alice(), media, Mode::Frame).unwrap(),
        ChannelDecryptor::for_channel(&receiving, &expected, Mode::Frame).unwrap(),
        [alices, bobs],
    )
}

#[test]
fn who_joins_in_the_middle_needs_a_key_frame_twice_a_second_until_it_comes() {
    let mut pair = pair();
    for _ in 0..3 {
        pair.send(7, &DELTA).unwrap();
        pair.send(8, &DELTA).unwrap();
    }
    let mut asked = 0;
    for now_ms in 0..2000 {
        while let Some(NeedKeyFrame { sender, stream, .. }) = pair.decryptor.need_key_frame(now_ms)
        {
            assert_eq!((sender, stream), (alice(), Ssrc::new(7)));
            asked += 1;
        }
        pair.send(7, &DELTA).unwrap();
    }
    assert_eq!(asked, 4);
    pair.send(7, &KEY).unwrap();
    assert_eq!(pair.decryptor.need_key_frame(10_000), None);
    // A clock that went back asks no more often.
    pair.send_altered(7, &DELTA);
    pair.send(7, &DELTA).unwrap();
    assert!(pair.decryptor.need_key_frame(1_600).is_none());
    assert!(pair.decryptor.need_key_frame(500).is_some());
    assert!(pair.decryptor.need_key_frame(501).is_none());
}

#[test]
fn a_gap_needs_a_key_frame_and_forged_frames_alone_do_not() {
    let mut pair = pair();
    pair.send(7, &KEY).unwrap();
    // Who only injects takes no frame away: the next one follows.
    for _ in 0..10 {
        let sealed = pair.encryptor.encrypt_to_vec(&stream(7), &DELTA).unwrap();
        assert!(pair.decryptor.decrypt_to_vec(&stream(7), &sealed).is_ok());
        // What stands before the ciphertext, a header with a CTR that is far ahead, and anything.
        let forged = [&sealed[..6], &[0x09, 0x40, 0], &[0x2f; 60]].concat();
        let refused = pair.decryptor.decrypt_to_vec(&stream(7), &forged);
        assert!(matches!(refused, Err(Error::AuthenticationFailed { .. })));
    }
    pair.send(7, &DELTA).unwrap();
    assert_eq!(pair.decryptor.need_key_frame(0), None);
    // One that was altered is missing.
    pair.send_altered(7, &DELTA);
    assert_eq!(
        pair.decryptor.need_key_frame(0),
        None,
        "nothing to begin with yet"
    );
    pair.send(7, &DELTA).unwrap();
    assert!(pair.decryptor.need_key_frame(0).is_some());
    // A key frame itself opens after a gap.
    pair.send(7, &KEY).unwrap();
    pair.send_altered(7, &DELTA);
    pair.send(7, &KEY).unwrap();
    assert_eq!(pair.decryptor.need_key_frame(9999), None);
}

#[test]
fn opaque_video_is_known_by_its_media() {
    let h264 = [0, 0, 0, 1, 0x41, 0x9a, 1, 2, 3];
    let idr = [0, 0, 0, 1, 0x67, 1, 0, 0, 0, 1, 0x65, 0x88, 1];
    let unknown = [0x31_u8; 30];
    let (mut sealing, mut opening, _stores) = call(Media::VIDEO);
    let mut send = |frame: &[u8], opening: &mut ChannelDecryptor, good: bool| {
        let mut sealed = sealing.encrypt_to_vec(&stream(1), frame).unwrap();
        *sealed.last_mut().unwrap() ^= u8::from(!good);
        assert_eq!(opening.decrypt_to_vec(&stream(1), &sealed).is_ok(), good);
    };
    // A frame of H.264 that begins nothing.
    send(&h264, &mut opening, true);
    assert!(opening.need_key_frame(0).is_some());
    assert!(opening.need_key_frame(500).is_some());
    send(&idr, &mut opening, true);
    assert!(opening.need_key_frame(1000).is_none());
    // Where nobody can tell, it is asked once a gap.
    send(&unknown, &mut opening, false);
    send(&unknown, &mut opening, true);
    assert!(opening.need_key_frame(2000).is_some());
    send(&unknown, &mut opening, true);
    assert!(opening.need_key_frame(3000).is_none());
    send(&unknown, &mut opening, false);
    send(&unknown, &mut opening, true);
    assert!(opening.need_key_frame(4000).is_some());

    // A session that is heard from its first frame on begins with what its encoder begins with.
    let (mut sealing, mut opening, _stores) = call(Media::SCREEN);
    let sealed = sealing.encrypt_to_vec(&stream(1), &unknown).unwrap();
    opening.decrypt_to_vec(&stream(1), &sealed).unwrap();
    assert!(opening.need_key_frame(0).is_none());
    // And one that is not.
    let (mut sealing, mut opening, _stores) = call(Media::SCREEN);
    sealing.encrypt_to_vec(&stream(1), &unknown).unwrap();
    let sealed = sealing.encrypt_to_vec(&stream(1), &unknown).unwrap();
    opening.decrypt_to_vec(&stream(1), &sealed).unwrap();
    assert!(opening.need_key_frame(0).is_some());
}

#[test]
fn a_wrong_key_that_is_mended_brings_the_picture_back() {
    // Two members with one KID and different keys; then the right key comes.
    let mut pair = Pair::gcm();
    let other = KeyStore::raw(GCM).unwrap();
    other.add_receive(key_b(), KeyId::new(0), alice()).unwrap();
    let mut opening = ChannelDecryptor::new(&other, Mode::Frame).unwrap();
    let h265 = Codec::H265(NalFormat::AnnexB);
    pair.encryptor.set_codec(Ssrc::new(1), h265).unwrap();
    opening.set_codec(Ssrc::new(1), h265).unwrap();
    let frame = [0, 0, 0, 1, 0x02, 1, 0xd0, 9, 9, 9, 9, 9, 9];
    let mut seal = || pair.encryptor.encrypt_to_vec(&stream(1), &frame).unwrap();
    for _ in 0..30 {
        assert!(opening.decrypt_to_vec(&stream(1), &seal()).is_err());
    }
    other.retire_receive(KeyId::new(0)).unwrap();
    other
        .add_receive(key_a(), KeyId::new(0), SenderId::new("alice").unwrap())
        .unwrap();
    opening.decrypt_to_vec(&stream(1), &seal()).unwrap();
    let heard = events(|| other.poll_event());
    assert!(
        matches!(
            &heard[..],
            [
                Event::StreamFailing { .. },
                Event::StreamRecovered { refused: 30, .. }
            ]
        ),
        "{heard:?}"
    );
    assert!(opening.need_key_frame(0).is_some());
}
