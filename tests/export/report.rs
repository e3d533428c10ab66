//! What an export leaves out, and says so.

use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;

use mediaseal::vault::grant::{Identity, Kem};
use mediaseal::vault::recording::export::{
    ExportError, FileInfo, LeftOut, Options, Reason, SessionKeys, export,
};
use mediaseal::vault::recording::{Frame, Profile, Reader, TrackFormat, Writer};
use mediaseal::{CheckedCipher, CipherSuite, Codec, FrameInfo, KeyId, SenderId};

use crate::ffmpeg_round_trip::export_to;
use crate::media::{folder, streams};
use crate::sender::Sender;
use crate::sm4_gcm::Sm4Gcm;
use crate::support::{Memory, People, TestClock, noise};

fn write(writer: &mut Writer, track: u16, sender: &SenderId, micros: u64, octets: &[u8]) {
    writer
        .write_frame(&Frame {
            track,
            sender,
            micros,
            key_frame: false,
            metadata: &[],
            octets,
        })
        .unwrap();
}

fn seal(sender: &mut Sender, octets: &[u8]) -> Vec<u8> {
    let info = FrameInfo::default();
    sender.encryptor.encrypt_to_vec(&info, octets).unwrap()
}

fn lines(left_out: &[LeftOut]) -> Vec<(u64, Reason, u64)> {
    let kid = |left: &LeftOut| left.kid.map_or(0, KeyId::value);
    let mut lines: Vec<_> = left_out
        .iter()
        .map(|left| (kid(left), left.reason, left.frames))
        .collect();
    lines.sort_unstable();
    lines
}

#[test]
fn every_frame_is_in_a_file_or_left_out_for_a_reason() {
    let (people, folder) = (People::new(), folder("report"));
    let cipher = CheckedCipher::builtin(CipherSuite::AES_256_GCM_SHA512_128).unwrap();
    let sm4 = CheckedCipher::register(Sm4Gcm).unwrap();
    let vp8 = streams().swap_remove(2);
    let (storage, clock) = (Memory::new(), TestClock::new());
    let (mut writer, dek) = people.start(Profile::Frames, &storage, &clock).unwrap();
    writer.add_track(0, TrackFormat::of(Codec::Vp8)).unwrap();
    writer.add_track(1, TrackFormat::of(Codec::Opaque)).unwrap();
    let mut alice = Sender::new(&people, &cipher, 1_001, "alice");
    // Granted to nobody; by somebody who is not known; for others; of a cipher that is not there.
    let mut silent = Sender::new(&people, &cipher, 1_002, "silent");
    let mut unknown = Sender::new(&people, &cipher, 1_003, "unknown");
    let mut foreign = Sender::new(&People::new(), &cipher, 1_004, "foreign");
    let mut custom = Sender::new(&people, &sm4, 1_005, "custom");
    for sender in [&alice, &unknown, &foreign, &custom] {
        writer.add_grant(&sender.grant).unwrap();
    }
    let (mallory, frame) = (SenderId::new("mallory").unwrap(), &vp8.frames[0]);
    let mut first_sealed = Vec::new();
    for (index, octets) in (0..).zip(&vp8.frames[5..]) {
        // From its sixth frame on: no key frame comes before the 91st.
        let sealed = seal(&mut alice, octets);
        let sender = alice.id.clone();
        write(&mut writer, 0, &sender, index * 33_333, &sealed);
        first_sealed.push(sealed);
    }
    write(&mut writer, 0, &mallory, 0, &first_sealed[350]);
    let mut altered = seal(&mut alice, frame);
    *altered.last_mut().unwrap() ^= 1;
    write(&mut writer, 0, &mallory, 0, &altered);
    let noise = seal(&mut alice, &noise(1, 40).map_first(|first| first & 0xfe));
    write(&mut writer, 0, &mallory, 0, &noise);
    for sender in [&mut silent, &mut unknown, &mut foreign, &mut custom] {
        let sealed = seal(sender, frame);
        let id = sender.id.clone();
        write(&mut writer, 0, &id, 0, &sealed);
        write(&mut writer, 0, &id, 0, &sealed);
    }
    write(&mut writer, 0, &mallory, 0, &[0xff]);
    let opaque = seal(&mut alice, b"what is this");
    write(&mut writer, 1, &mallory, 0, &opaque);
    writer.finish().unwrap();

    let mut reader = Reader::open(Arc::<Memory>::clone(&storage), &dek).unwrap();
    let mut keys = SessionKeys::new();
    let signers = [&alice, &foreign, &custom].map(|sender| *sender.signer.public());
    let opened = keys.open_grants(&reader, &people.owner, &signers).unwrap();
    assert_eq!(opened, 2);
    let refused: Vec<u64> = keys.refused().iter().map(|(kid, _)| kid.value()).collect();
    assert_eq!(refused, [1_003, 1_004]);
    let (report, paths) = export_to(&folder, &mut reader, &keys, &Options::new());
    assert_eq!(
        lines(&report.left_out),
        [
            (0, Reason::Malformed, 1),
            (1_001, Reason::NotAuthentic, 1),
            (1_001, Reason::Duplicate, 1),
            (1_001, Reason::Codec, 1),
            (1_001, Reason::Bitstream, 1),
            (1_001, Reason::BeforeKeyFrame, 85),
            (1_002, Reason::NoGrant, 2),
            (1_003, Reason::GrantRefused, 2),
            (1_004, Reason::GrantRefused, 2),
            (1_005, Reason::UnknownSuite, 2),
        ]
    );
    // What mallory is said to have sent opened with alice's key, so it is hers.
    assert_eq!(paths.len(), 1);
    assert_eq!(report.files[0].info.sender, alice.id);
    assert_eq!(report.files[0].frames, 270);
    let text = report.to_string();
    for part in [
        "alice.0.webm: 270 frames",
        "no grant for the session",
        "verify them any more",
    ] {
        assert!(text.contains(part), "{text}");
    }

    // Somebody else's identity opens no grant, and nothing is written.
    let stranger = Identity::generate(Kem::X25519).unwrap();
    let mut none = SessionKeys::new();
    assert_eq!(none.open_grants(&reader, &stranger, &signers).unwrap(), 0);
    let (report, paths) = export_to(&folder, &mut reader, &none, &Options::new());
    assert!(paths.is_empty() && report.frames() == 0);
    let all: u64 = reader.tracks().map(|track| track.frames).sum();
    assert_eq!(report.frames_left_out(), all);
}

trait MapFirst {
    fn map_first(self, change: impl FnOnce(u8) -> u8) -> Self;
}

impl MapFirst for Vec<u8> {
    fn map_first(mut self, change: impl FnOnce(u8) -> u8) -> Self {
        self[0] = change(self[0]);
        self
    }
}

#[test]
fn sinks_that_fail_and_callers_who_stop_end_it() {
    let people = People::new();
    let vp8 = streams().swap_remove(2);
    let (storage, clock) = (Memory::new(), TestClock::new());
    let (mut writer, dek) = people.start(Profile::Media, &storage, &clock).unwrap();
    writer.add_track(3, vp8.format).unwrap();
    let alice = SenderId::new("alice").unwrap();
    for (octets, micros) in vp8.frames.iter().zip(&vp8.micros) {
        write(&mut writer, 3, &alice, *micros, octets);
    }
    writer.finish().unwrap();
    let mut reader = Reader::open(Arc::<Memory>::clone(&storage), &dek).unwrap();
    let (keys, options) = (SessionKeys::new(), Options::new());
    /// Takes so many octets.
    struct Full(usize);
    impl io::Write for Full {
        fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
            let len = octets.len().min(self.0);
            self.0 -= len;
            if len == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            Ok(len)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    for room in [0, 10, 5_000, 100_000] {
        let mut sinks =
            |_: &FileInfo| -> io::Result<Box<dyn io::Write>> { Ok(Box::new(Full(room))) };
        let ended = export(&mut reader, &keys, &options, &mut sinks, &mut |_| {
            ControlFlow::Continue(())
        });
        assert!(
            matches!(&ended, Err(ExportError::File { name, .. }) if name == "alice.3.webm"),
            "{ended:?}"
        );
    }
    let mut calls = Vec::new();
    let stopped = export(
        &mut reader,
        &keys,
        &options,
        &mut |_| Ok(Box::new(io::sink())),
        &mut |progress| {
            calls.push((progress.frames, progress.of));
            ControlFlow::Break(())
        },
    );
    assert!(matches!(stopped, Err(ExportError::Stopped)));
    assert_eq!(calls, [(256, 360)]);
}
