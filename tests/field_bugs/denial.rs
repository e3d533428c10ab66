//! A bad frame changed, cost or broke something.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use allocation_counter::measure;
use mediaseal::cipher::{Cipher, CipherError, CipherKey, CostClass, KnownAnswer, Params};
use mediaseal::format::sframe::Header;
use mediaseal::{
    ChannelConfig, ChannelDecryptor, ChannelEncryptor, ChannelKey, CheckedCipher, CipherSuite,
    Codec, CounterOrigin, Error, FrameBuf, FrameInfo, KeyId, KeyStore, Media, Mode, NalFormat,
    NewGeneration, SenderId, Ssrc,
};

use crate::common::{Dice, GCM, Pair, alice, info, key_a, store};
use crate::media::{H264, H265, pair};
use crate::member::Member;
use crate::sm4_gcm::Sm4Gcm;

const CODECS: [Codec; 9] = [
    Codec::Opaque,
    Codec::Opus,
    Codec::Vp8,
    Codec::Vp9,
    Codec::Av1,
    H264,
    H265,
    Codec::H264(NalFormat::Length2),
    Codec::H265(NalFormat::Length4),
];

/// The frame cryptor of webrtc-sdk reads the last two octets of a frame and subtracts lengths without looking how long it is; libsrtp, pjsip and
/// others fell over short packets. Here: every frame of up to 40 octets by its first octet, on both sides; an error or a frame, and never more than
/// that.
#[test]
fn webrtc_sdk_a_short_frame_underflows_a_length() {
    let mut dice = Dice(40);
    for codec in CODECS {
        let mut pair = pair(codec);
        let mut storage = [0; 512];
        for len in 0..=40 {
            for first in 0..=255 {
                let mut octets = [0; 40];
                let few = [0, 0, 1, 3, 0x65, 0x26, 0x32, 0xFF];
                octets.fill_with(|| few[dice.index(8)]);
                octets[0] = first;
                let octets = &octets[..len];
                assert!(pair.decryptor.decrypt_to_vec(&info(), octets).is_err());
                storage[..len].copy_from_slice(octets);
                let mut frame = FrameBuf::new(&mut storage, 0, len).unwrap();
                assert!(
                    pair.decryptor
                        .decrypt_in_place(&info(), &mut frame)
                        .is_err()
                );
                if let Ok(sealed) = pair.encryptor.encrypt_to_vec(&info(), octets) {
                    let opened = pair.decryptor.decrypt_to_vec(&info(), &sealed);
                    assert_eq!(opened.as_deref(), Ok(octets), "{codec:?}");
                }
            }
        }
        assert_eq!(pair.decryptor.totals().errors.total(), 2 * 41 * 256);
    }
}

/// Headers that name each generation, step and time that a KID of a channel has room for, before rubbish.
fn rubbish(number: u64, kid_of: u64) -> Vec<u8> {
    let mut dice = Dice(number);
    // The session's own KID with each bit of it changed, and any others.
    let kid = if number.is_multiple_of(2) {
        kid_of ^ 1 << (number / 2 % 64)
    } else {
        dice.roll(1 << 31) << 33 | dice.roll(1 << 31) << 2
    };
    let ctr = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    // RFC 9605 section 4.3: numbers below 8 in the first octet, others in as few as they need.
    let field = |value: u64| {
        let octets = value.to_be_bytes();
        let zeros = octets.iter().take_while(|&&octet| octet == 0).count();
        match u8::try_from(value) {
            Ok(few @ 0..8) => (few, Vec::new()),
            _ => (
                8 | u8::try_from(7 - zeros).unwrap(),
                octets[zeros..].to_vec(),
            ),
        }
    };
    let ((kid_bits, kid), (ctr_bits, ctr)) = (field(kid), field(ctr));
    let mut octets = vec![kid_bits << 4 | ctr_bits];
    octets.extend([kid, ctr].concat());
    octets.extend((0..40).map(|_| u8::try_from(dice.roll(256)).unwrap()));
    octets
}

/// Jitsi's receiver ratchets its key forward with each frame that fails and keeps what it has then; guardyn advances before it authenticates (106).
/// Here: 20,000 bad frames that claim every generation, step and time; the state is the same octet by octet, and the next good frame opens.
#[test]
fn jitsi_each_bad_frame_ratchets_the_key_forward() {
    let (sender, receiver) = (Member::sealing(), Member::sealing());
    let (mut encryptor, mut decryptor) = (sender.encryptor("alice"), receiver.decryptor("alice"));
    let first = encryptor.encrypt_to_vec(&info(), b"first").unwrap();
    decryptor.decrypt_to_vec(&info(), &first).unwrap();
    let late = encryptor.encrypt_to_vec(&info(), b"late").unwrap();
    let (header, _) = Header::parse(&first).unwrap();
    let state = || {
        (
            receiver.channel.replay_state(),
            receiver.channel.sending(),
            receiver.channel.safety_code(),
            format!("{:?}", receiver.channel),
        )
    };
    let before = state();
    let rows = |decryptor: &ChannelDecryptor| {
        let rows = decryptor.statistics();
        rows.map(|row| (row.frames, row.last_kid, row.window_head))
            .collect::<Vec<_>>()
    };
    let rows_before = rows(&decryptor);
    for number in 0..20_000 {
        let bad = rubbish(number, header.kid().value());
        let (claimed, _) = Header::parse(&bad).unwrap();
        let refused = decryptor.decrypt_to_vec(&info(), &bad);
        assert!(refused.is_err(), "{claimed:?}");
    }
    assert_eq!(state(), before);
    assert_eq!(rows(&decryptor), rows_before);
    let opened = decryptor.decrypt_to_vec(&info(), &late);
    assert_eq!(opened, Ok(b"late".to_vec()));
}

/// One frame that failed ended a session in quorum (235). Here: forgeries under the session's own KID, with the next CTR and with the highest of all,
/// before each good frame.
#[test]
fn quorum_235_a_frame_that_fails_ends_the_session() {
    let (sender, receiver) = (Member::sealing(), Member::sealing());
    let (mut encryptor, mut decryptor) = (sender.encryptor("alice"), receiver.decryptor("alice"));
    let mut raw = Pair::gcm();
    for number in 0..500_u32 {
        let sealed = encryptor
            .encrypt_to_vec(&info(), &number.to_be_bytes())
            .unwrap();
        let (_, header_len) = Header::parse(&sealed).unwrap();
        let mut forged = sealed.clone();
        *forged.last_mut().unwrap() ^= 1;
        let kid = &sealed[1..9];
        let far = [&[0xFF][..], kid, &[0xFF; 8], &sealed[header_len..]].concat();
        for bad in [&forged, &far] {
            let refused = decryptor.decrypt_to_vec(&info(), bad);
            assert!(refused.is_err(), "{refused:?}");
        }
        let opened = decryptor.decrypt_to_vec(&info(), &sealed);
        assert_eq!(opened, Ok(number.to_be_bytes().to_vec()));

        let sealed = raw.seal("raw");
        let far = [&[0x0F][..], &[0xFF; 8], &sealed[1..]].concat();
        assert!(raw.decryptor.decrypt_to_vec(&info(), &far).is_err());
        assert!(raw.decryptor.decrypt_to_vec(&info(), &sealed).is_ok());
    }
}

/// Each stream that had not authenticated cost 86 octets for ever in webrtc-srtp. Here: 50,000 frames of as many streams and KIDs, of channels and of
/// raw keys, and codec-aware; nothing is allocated, and no stream is listed.
#[test]
fn webrtc_srtp_each_unknown_stream_costs_memory_for_ever() {
    let receiver = Member::sealing();
    let raw = pair(Codec::Vp8);
    let bad: Vec<Vec<u8>> = (0..5000)
        .map(|number| [&[1, 0, 0, 0, 0, 0][..], &rubbish(number, 7)].concat())
        .collect();
    let mut decryptors = [receiver.decryptor("alice"), raw.decryptor];
    let mut storage = [0; 128];
    let mut round = |base: u32| {
        for decryptor in &mut decryptors {
            for (number, octets) in bad.iter().enumerate() {
                let ssrc = Ssrc::new(base + u32::try_from(number).unwrap());
                // Without the hint for the one that has no codec.
                for from in [0, 6] {
                    let octets = &octets[from..];
                    storage[..octets.len()].copy_from_slice(octets);
                    let mut frame = FrameBuf::new(&mut storage, 0, octets.len()).unwrap();
                    let refused = decryptor.decrypt_in_place(&FrameInfo::new(ssrc), &mut frame);
                    assert!(refused.is_err());
                }
            }
        }
    };
    // The first frames may allocate: scratch grows once.
    round(0);
    let allocations = measure(|| {
        for base in 1..6 {
            round(base * 10_000);
        }
    });
    assert_eq!(allocations.count_total, 0);
    for decryptor in &decryptors {
        assert_eq!(decryptor.statistics().len(), 0);
        assert_eq!(decryptor.unattributed().total(), 60_000);
    }
}

/// SM4-GCM that counts its key schedules.
struct Counting {
    cost: CostClass,
    keys: Arc<AtomicUsize>,
}

impl Cipher for Counting {
    fn suite(&self) -> CipherSuite {
        Sm4Gcm.suite()
    }
    fn params(&self) -> Params {
        Sm4Gcm.params().cost(self.cost)
    }
    fn new_key(&self, key: &[u8]) -> Result<Box<dyn CipherKey>, CipherError> {
        self.keys.fetch_add(1, Ordering::Relaxed);
        Sm4Gcm.new_key(key)
    }
    fn known_answers(&self) -> Vec<KnownAnswer<'_>> {
        Sm4Gcm.known_answers()
    }
}

/// For each bad frame webrtc-sdk runs PBKDF2 over 100,000 rounds, twice for each step of its window, and RingRTC up to 255 steps of five states.
/// Here: the key schedules that bad frames cause, counted: none under raw keys, none for ciphers that say they are slow, and at most one for each
/// expected sender for fast ones.
#[test]
fn webrtc_sdk_each_bad_frame_derives_keys_by_the_hundred() {
    for (cost, expected) in [
        (CostClass::Slow, 3),
        (CostClass::Fast, 1),
        (CostClass::Fast, 16),
    ] {
        let keys = Arc::new(AtomicUsize::new(0));
        let counting = Counting {
            cost,
            keys: Arc::clone(&keys),
        };
        let cipher = CheckedCipher::register(counting).unwrap();

        let [send, receive] = [(); 2].map(|()| KeyStore::raw_with(&cipher).unwrap());
        let mut raw = Pair::with_stores(send, receive, Mode::Frame, 7);
        raw.seal("makes what is made once");
        let before = keys.load(Ordering::Relaxed);
        for number in 0..2000 {
            let refused = raw.decryptor.decrypt_to_vec(&info(), &rubbish(number, 7));
            assert!(refused.is_err());
        }
        assert_eq!(keys.load(Ordering::Relaxed), before, "raw keys");

        let member = Member::of(ChannelConfig::new("room").unwrap().with_clock());
        let key = ChannelKey::from_slice(&[7; 32]).unwrap();
        let generation = NewGeneration::new(1, key).cipher(&cipher);
        member.channel.stage(generation).unwrap();
        member.channel.activate(1).unwrap();
        let senders: Vec<_> = (0..expected)
            .map(|n| (SenderId::new(format!("sender {n}")).unwrap(), Media::VIDEO))
            .collect();
        let mut decryptor =
            ChannelDecryptor::for_channel(&member.channel, &senders, Mode::Frame).unwrap();
        let session = member
            .encryptor("elsewhere")
            .encrypt_to_vec(&info(), b"x")
            .unwrap();
        let (header, _) = Header::parse(&session).unwrap();
        let mut most = 0;
        for number in 0..2000 {
            let before = keys.load(Ordering::Relaxed);
            let bad = rubbish(number, header.kid().value());
            assert!(decryptor.decrypt_to_vec(&info(), &bad).is_err());
            most = most.max(keys.load(Ordering::Relaxed) - before);
        }
        match cost {
            CostClass::Slow => assert_eq!(most, 0),
            CostClass::Fast => assert_eq!(most, expected),
        }
    }
}

/// The threads of this process.
#[cfg(target_os = "linux")]
fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

/// A thread for each track stayed for ever in webrtc-sdk (146). Here: a thousand streams there and back, and no thread is made for them (those that
/// come and go are the other tests').
#[test]
#[cfg(target_os = "linux")]
fn webrtc_sdk_146_a_thread_stays_for_each_track() {
    let before = threads();
    let member = Member::sealing();
    let streams: Vec<_> = (0..1000)
        .map(|_| {
            let mut encryptor = member.encryptor("alice");
            encryptor.encrypt_to_vec(&info(), b"frame").unwrap();
            (encryptor, member.decryptor("bob"))
        })
        .collect();
    assert!(threads() < before + 200);
    drop(streams);
}

/// In baresip a change of keys freed the key that the receiving thread was using. Here: a key is retired and added again while another thread opens
/// frames under it; each comes out whole or is refused, and none twice.
#[test]
fn baresip_a_change_of_keys_frees_what_a_frame_is_using() {
    let send = store(GCM);
    let kid = KeyId::new(0);
    send.add_send(key_a(), kid, CounterOrigin::FreshKey)
        .unwrap();
    send.activate(kid).unwrap();
    let mut encryptor = ChannelEncryptor::new(&send, Mode::Frame).unwrap();
    let receive = store(GCM);
    receive.add_receive(key_a(), kid, alice()).unwrap();
    let mut decryptor = ChannelDecryptor::new(&receive, Mode::Frame).unwrap();
    let (opened, refused) = thread::scope(|scope| {
        let frames = scope.spawn(move || {
            let (mut opened, mut refused) = (0, 0);
            for number in 0..40_000_u32 {
                let frame = [number.to_be_bytes(); 64].concat();
                let sealed = encryptor.encrypt_to_vec(&info(), &frame).unwrap();
                match decryptor.decrypt_to_vec(&info(), &sealed) {
                    Ok(came) => {
                        assert!(came == frame, "frame {number}");
                        opened += 1;
                        assert!(decryptor.decrypt_to_vec(&info(), &sealed).is_err());
                    }
                    Err(Error::RetiredKey { .. } | Error::Contended { .. }) => refused += 1,
                    Err(error) => panic!("{error}"),
                }
            }
            (opened, refused)
        });
        while !frames.is_finished() {
            receive.retire_receive(kid).unwrap();
            receive.add_receive(key_a(), kid, alice()).unwrap();
            thread::yield_now();
        }
        frames.join().unwrap()
    });
    assert!(opened > 1000, "{opened} opened, {refused} refused");
}
