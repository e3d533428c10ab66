//! Streams of real encoders: recorded, exported, decoded.

use std::fs::{self, File};
use std::io::BufWriter;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mediaseal::vault::recording::export::{
    AudioFile, ClearKey, Options, ParameterSets, Protection, Report, SessionKeys, export,
};
use mediaseal::vault::recording::{Frame, Profile, Reader, TrackFormat};
use mediaseal::{CheckedCipher, CipherSuite, FrameInfo, SenderId};

use crate::media::{Stream, assert_same, folder, reordered, run, streams, with_lengths};
use crate::sender::Sender;
use crate::sm4_gcm::Sm4Gcm;
use crate::support::{Memory, People, TestClock};

/// When the first frame was recorded.
const BEGIN: u64 = 7_000_000;

/// Exports into files of `folder`, whose names are returned in the order of the report.
pub(crate) fn export_to(
    folder: &Path,
    reader: &mut Reader,
    keys: &SessionKeys,
    options: &Options,
) -> (Report, Vec<PathBuf>) {
    let report = export(
        reader,
        keys,
        options,
        &mut |info| {
            let file = File::create(folder.join(info.name()))?;
            Ok(Box::new(BufWriter::new(file)))
        },
        &mut |_| ControlFlow::Continue(()),
    )
    .unwrap();
    let paths: Vec<PathBuf> = report
        .files
        .iter()
        .map(|file| folder.join(file.info.name()))
        .collect();
    for (file, path) in report.files.iter().zip(&paths) {
        assert_eq!(fs::metadata(path).unwrap().len(), file.octets);
    }
    (report, paths)
}

/// Records streams as they are, one a track.
pub(crate) fn record_media(people: &People, streams: &[Stream]) -> Reader {
    let (storage, clock) = (Memory::new(), TestClock::new());
    let (mut writer, dek) = people.start(Profile::Media, &storage, &clock).unwrap();
    let alice = SenderId::new("alice").unwrap();
    for (track, stream) in (0..).zip(streams) {
        writer.add_track(track, stream.format).unwrap();
        for (octets, micros) in stream.frames.iter().zip(&stream.micros) {
            let frame = Frame {
                track,
                sender: &alice,
                micros: BEGIN + micros,
                key_frame: stream.is_audio(),
                metadata: &[],
                octets,
            };
            writer.write_frame(&frame).unwrap();
        }
    }
    writer.finish().unwrap();
    Reader::open(storage, &dek).unwrap()
}

#[test]
fn media_of_every_codec_decode_as_the_encoders_own_files() {
    let (people, folder) = (People::new(), folder("media"));
    let mut streams = streams();
    streams.push(reordered(&folder));
    streams.push(with_lengths(&streams[0]));
    streams.push(with_lengths(&streams[1]));
    let mut reader = record_media(&people, &streams);
    let keys = SessionKeys::new();
    let (report, paths) = export_to(&folder, &mut reader, &keys, &Options::new());
    assert_eq!(report.frames_left_out(), 0, "{report}");
    assert_eq!(paths.len(), streams.len(), "{report}");
    assert!(report.to_string().ends_with(Report::NOTICE));
    for (stream, path) in streams.iter().zip(&paths) {
        assert_same(stream, &[], path);
    }
    for (index, (kind, tag)) in [
        ("mp4", "avc1"),
        ("mp4", "hvc1"),
        ("webm", "[0][0][0][0]"),
        ("mp4", "vp09"),
        ("mp4", "av01"),
        ("ogg", "[0][0][0][0]"),
        ("mp4", "mp4a"),
    ]
    .into_iter()
    .enumerate()
    {
        let (file, end) = (&report.files[index], format!(".{index}.{kind}"));
        assert!(file.info.name().ends_with(&end), "{}", file.info.name());
        // The two headers of an Ogg file are no frames.
        let headers = if kind == "ogg" { 2 } else { 0 };
        assert_eq!(file.frames, streams[index].frames.len() as u64 - headers);
        let shown = run(
            "ffprobe",
            &[
                "-show_entries",
                "stream=codec_tag_string",
                "-of",
                "csv=p=0",
                paths[index].to_str().unwrap(),
            ],
        );
        assert_eq!(String::from_utf8_lossy(&shown).trim(), tag);
    }

    // The other forms.
    let options = Options::new()
        .tracks(&[0, 1, 5, 7])
        .parameter_sets(ParameterSets::InBand)
        .opus(AudioFile::Mp4);
    let (report, paths) = export_to(&folder, &mut reader, &keys, &options);
    assert_eq!(report.frames_left_out(), 0, "{report}");
    for (track, path) in [0, 1, 5, 7].into_iter().zip(&paths) {
        assert_same(&streams[track], &[], path);
    }
}

#[test]
fn a_stream_that_changes_goes_on_in_another_file() {
    let (people, folder) = (People::new(), folder("parts"));
    let (first, second) = (streams().swap_remove(0), reordered(&folder));
    let mut both = first.clone();
    both.frames.extend(second.frames.clone());
    let later = |micros: &u64| micros + 20_000_000;
    both.micros.extend(second.micros.iter().map(later));
    let mut reader = record_media(&people, &[both.clone()]);
    let keys = SessionKeys::new();
    let (report, paths) = export_to(&folder, &mut reader, &keys, &Options::new());
    let parts: Vec<u32> = report.files.iter().map(|file| file.info.part).collect();
    assert_eq!(
        (parts, report.frames_left_out()),
        (vec![1, 2], 0),
        "{report}"
    );
    assert_same(&first, &[], &paths[0]);
    assert_same(&second, &[], &paths[1]);
    let options = Options::new().parameter_sets(ParameterSets::InBand);
    let (report, _) = export_to(&folder, &mut reader, &keys, &options);
    assert_eq!(report.files.len(), 1, "{report}");
    assert_eq!(report.frames(), both.frames.len() as u64);
}

#[test]
fn times_are_those_of_the_recording() {
    let (people, folder) = (People::new(), folder("times"));
    let mut streams = streams();
    // Pictures at uneven times; of sound half a second is missing.
    let h264 = &mut streams[0];
    for (index, micros) in h264.micros.iter_mut().enumerate() {
        *micros += [0, 7_001, 15_000][index % 3];
    }
    let expected = h264.micros.clone();
    let opus = &mut streams[5];
    opus.frames.drain(202..227);
    opus.micros.drain(202..227);
    let mut reader = record_media(&people, &streams[..6]);
    let (_, paths) = export_to(&folder, &mut reader, &SessionKeys::new(), &Options::new());
    let times = |path: &Path| -> Vec<u64> {
        let printed = run(
            "ffprobe",
            &[
                "-show_entries",
                "packet=pts_time",
                "-of",
                "csv=p=0",
                path.to_str().unwrap(),
            ],
        );
        String::from_utf8(printed)
            .unwrap()
            .lines()
            .map(|line| line.trim_matches(','))
            .filter(|line| !line.is_empty())
            .map(|line| line.replacen('.', "", 1).parse().unwrap())
            .collect()
    };
    // ffprobe prints seconds with six digits behind the point.
    assert_eq!(times(&paths[0]), expected);
    let heard = times(&paths[5]);
    let pauses: Vec<u64> = heard.windows(2).map(|two| two[1] - two[0]).collect();
    let long: Vec<_> = pauses.iter().filter(|pause| **pause > 100_000).collect();
    assert_eq!(long.len(), 1, "{long:?}");
    assert!(long[0].abs_diff(520_000) < 30_000, "{long:?}");
}

#[test]
fn ciphertext_of_every_codec_opens_with_what_senders_granted() {
    let (people, folder) = (People::new(), folder("frames"));
    let ciphers = [
        CheckedCipher::builtin(CipherSuite::AES_256_GCM_SHA512_128).unwrap(),
        CheckedCipher::builtin(CipherSuite::AES_128_CTR_HMAC_SHA256_80).unwrap(),
        CheckedCipher::register(Sm4Gcm).unwrap(),
    ];
    let streams = streams();
    let (storage, clock) = (Memory::new(), TestClock::new());
    let (mut writer, dek) = people.start(Profile::Frames, &storage, &clock).unwrap();
    let mut keys = SessionKeys::new();
    keys.add_cipher(ciphers[2].clone());
    let mut signers = Vec::new();
    for (track, stream) in (0..).zip(&streams) {
        let cipher = &ciphers[usize::from(track) % 3];
        let codec = stream.format.codec();
        // Codec-aware, and bare.
        let is_aware = track % 2 == 0 && codec.is_some();
        let format = match codec {
            Some(codec) if is_aware => TrackFormat::codec_aware(codec),
            _ => stream.format,
        };
        writer.add_track(track, format).unwrap();
        // Two senders on each track, the second one frame later.
        for (index, name) in (0..).zip(["alice", "b/ob"]) {
            let mut sender = Sender::new(
                &people,
                cipher,
                0x1_0000 + u64::from(track) * 2 + index,
                name,
            );
            if let Some(codec) = codec
                && is_aware
            {
                sender.encryptor.set_default_codec(Some(codec)).unwrap();
            }
            writer.add_grant(&sender.grant).unwrap();
            signers.push(*sender.signer.public());
            for (octets, micros) in stream.frames.iter().zip(&stream.micros) {
                // What it is bound to, as an application may: its time, every second frame.
                let time = micros.to_be_bytes();
                let metadata = &time[..if micros % 2 == 0 { 8 } else { 0 }];
                let octets = sender
                    .encryptor
                    .encrypt_to_vec(&FrameInfo::default().metadata(metadata), octets)
                    .unwrap();
                let frame = Frame {
                    track,
                    sender: &sender.id,
                    micros: BEGIN + micros + index,
                    key_frame: stream.is_audio(),
                    metadata,
                    octets: &octets,
                };
                writer.write_frame(&frame).unwrap();
            }
        }
    }
    writer.finish().unwrap();
    let mut reader = Reader::open(Arc::<Memory>::clone(&storage), &dek).unwrap();
    let opened = keys.open_grants(&reader, &people.owner, &signers).unwrap();
    assert_eq!(opened, 2 * streams.len());
    let (report, paths) = export_to(&folder, &mut reader, &keys, &Options::new());
    assert_eq!(report.frames_left_out(), 0, "{report}");
    assert_eq!(paths.len(), 2 * streams.len());
    for (index, stream) in streams.iter().enumerate() {
        assert_same(stream, &[], &paths[2 * index]);
        assert_same(stream, &[], &paths[2 * index + 1]);
    }
    assert_eq!(report.files[1].info.name(), "b%2fob.0.mp4");
}

#[test]
fn files_under_common_encryption_need_their_keys() {
    let (people, folder) = (People::new(), folder("cenc"));
    let streams = streams();
    let mut reader = record_media(&people, &streams);
    let keys = SessionKeys::new();
    let given = ClearKey::new([0x11; 16], [0x22; 16]);
    for protection in [Protection::Generate, Protection::Key(given)] {
        let options = Options::new().protect(protection);
        let (report, paths) = export_to(&folder, &mut reader, &keys, &options);
        let mut found = Vec::new();
        for (file, path) in report.files.iter().zip(&paths) {
            let stream = &streams[usize::from(file.info.track)];
            found.push(stream.name);
            let key = file.key.as_ref().unwrap();
            let hex = data_encoding::HEXLOWER.encode(key.expose());
            // ffmpeg 5.1 gives packets the tables of another fragment where it may seek.
            let input = ["-seekable", "0", "-decryption_key", &hex];
            assert_same(stream, &input, path);
            // Nothing long of the stream stands in the file.
            let octets = fs::read(path).unwrap();
            let frame = stream
                .frames
                .iter()
                .max_by_key(|frame| frame.len())
                .unwrap();
            let part = &frame[frame.len() - 40..];
            assert!(!octets.windows(40).any(|window| window == part));
            let json: serde_json::Value = serde_json::from_str(&key.to_json()).unwrap();
            let encode = |octets: &[u8]| data_encoding::BASE64URL_NOPAD.encode(octets);
            assert_eq!(json["keys"][0]["kid"], encode(key.kid()));
            assert_eq!(json["keys"][0]["k"], encode(key.expose()));
            assert!(!format!("{key:?}").contains(&hex));
            // For Chromium, which `cargo xtask test export` has play it.
            fs::write(path.with_extension("json"), key.to_json().as_bytes()).unwrap();
        }
        assert_eq!(found, ["h264", "h265", "vp9", "av1", "opus", "aac"]);
        // VP8 is left out, not written in clear.
        let left = streams[2].frames.len() as u64;
        assert_eq!(report.frames_left_out(), left, "{report}");
        assert_eq!(report.left_out.len(), 1);
    }
    // Files under keys of their own have others.
    let options = Options::new().protect(Protection::Generate);
    let (report, _) = export_to(
        &crate::media::folder("cenc/own"),
        &mut reader,
        &keys,
        &options,
    );
    let mut kids: Vec<_> = report
        .files
        .iter()
        .map(|file| *file.key.as_ref().unwrap().kid())
        .collect();
    kids.sort_unstable();
    kids.dedup();
    assert_eq!(kids.len(), 6);
}
