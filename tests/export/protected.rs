//! Common encryption of VP9 and AV1: what stays in clear is what ffmpeg reads as headers, octet for octet.

use std::fs;
use std::path::Path;
use std::process::Command;

use mediaseal::vault::recording::export::{Options, Protection, SessionKeys};

use crate::ffmpeg_round_trip::{export_to, record_media};
use crate::media::{Stream, assert_same, av1_of_all_kinds, folder, streams, vp9_of_profile_1};
use crate::support::People;

/// A field of a header: its name, its first bit, the bit behind it, its value.
type Field = (String, usize, usize, usize);

/// What ffmpeg reads of the headers of a stream, for each packet.
fn trace(file: &Path) -> Vec<Vec<Field>> {
    let output = Command::new("ffmpeg")
        .args([
            "-nostdin",
            "-hide_banner",
            "-nostats",
            "-loglevel",
            "info",
            "-i",
        ])
        .arg(file)
        .args(["-c", "copy", "-bsf:v", "trace_headers", "-f", "null", "-"])
        .output()
        .unwrap();
    let mut packets: Vec<Vec<Field>> = Vec::new();
    for line in String::from_utf8_lossy(&output.stderr).lines() {
        let Some((_, line)) = line.split_once("] ") else {
            continue;
        };
        if line.starts_with("Packet: ") {
            packets.push(Vec::new());
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        if let ([at, name, bits, "=", value], Some(fields)) = (&words[..], packets.last_mut())
            && let (Ok(at), Ok(value)) = (at.parse::<usize>(), value.parse())
        {
            fields.push(((*name).to_owned(), at, at + bits.len(), value));
        }
    }
    packets
}

/// Octets in clear and encrypted ones, of each sample of a file that we wrote.
fn subsamples(file: &[u8]) -> Vec<Vec<(usize, usize)>> {
    let mut samples = Vec::new();
    for at in 4..file.len() - 16 {
        if &file[at..at + 4] != b"senc" || file[at + 4..at + 8] != [0, 0, 0, 2] {
            continue;
        }
        let number = |at: usize, len: usize| {
            let octets = file[at..at + len].iter();
            octets.fold(0, |value, octet| value << 8 | usize::from(*octet))
        };
        let mut place = at + 12;
        for _ in 0..number(at + 8, 4) {
            // Behind its initialization vector.
            place += 8;
            let pairs = number(place, 2);
            place += 2;
            let pair = |index| {
                (
                    number(place + 6 * index, 2),
                    number(place + 6 * index + 2, 4),
                )
            };
            samples.push((0..pairs).map(pair).collect());
            place += 6 * pairs;
        }
        assert_eq!(place, at - 4 + number(at - 4, 4));
    }
    samples
}

/// Exports a stream under common encryption, insists that it decodes, and returns the pairs of each sample.
fn protect(stream: &Stream, folder: &Path) -> Vec<Vec<(usize, usize)>> {
    let (people, keys) = (People::new(), SessionKeys::new());
    let mut reader = record_media(&people, std::slice::from_ref(stream));
    let options = Options::new().protect(Protection::Generate);
    let (report, paths) = export_to(folder, &mut reader, &keys, &options);
    assert_eq!(report.frames_left_out(), 0, "{}: {report}", stream.name);
    let key = report.files[0].key.as_ref().unwrap();
    let hex = data_encoding::HEXLOWER.encode(key.expose());
    let input = ["-seekable", "0", "-decryption_key", &hex];
    assert_same(stream, &input, &paths[0]);
    let found = subsamples(&fs::read(&paths[0]).unwrap());
    assert_eq!(found.len(), stream.frames.len());
    found
}

#[test]
fn of_vp9_the_uncompressed_headers_stay_in_clear_and_nothing_else() {
    let folder = folder("vp9");
    let realtime = streams().into_iter().find(|stream| stream.name == "vp9");
    // The first has frames that are not shown, each in a superframe with one that is.
    let others = vp9_of_profile_1(&folder);
    for (stream, most) in [(realtime.unwrap(), 2), (others, 1)] {
        let found = protect(&stream, &folder);
        let (mut compared, mut longest) = (0, 0);
        let traced = trace(&stream.original);
        assert_eq!(traced.len(), stream.frames.len());
        for ((pairs, fields), frame) in found.iter().zip(traced).zip(&stream.frames) {
            let total: usize = pairs.iter().map(|(clear, secret)| clear + secret).sum();
            assert_eq!(total, frame.len());
            // The last field of an uncompressed header.
            let ends = fields
                .iter()
                .filter(|field| field.0 == "header_size_in_bytes");
            let headers: Vec<usize> = ends.map(|field| field.2.div_ceil(8)).collect();
            longest = longest.max(headers.len());
            let encrypted = pairs.iter().filter(|(_, secret)| *secret > 0);
            assert_eq!(encrypted.clone().count(), headers.len());
            for ((clear, secret), header) in encrypted.zip(headers) {
                assert!((header..header + 16).contains(clear), "{clear}, {header}");
                assert_eq!(secret % 16, 0);
                compared += 1;
            }
        }
        assert_eq!(longest, most, "{}", stream.name);
        assert!(compared >= stream.frames.len(), "{compared}");
    }
}

/// An OBU of a frame: its type, where it begins, octets before its payload, octets of that.
type Obu = (u8, usize, usize, usize);

/// The OBUs of a frame without delimiters and padding, as samples have them.
fn obus(frame: &[u8]) -> Vec<Obu> {
    let (mut found, mut at) = (Vec::new(), 0);
    while at < frame.len() {
        let kind = frame[at] >> 3 & 15;
        assert_eq!(frame[at] & 2, 2, "an encoder writes sizes");
        let mut front = 1 + usize::from(frame[at] >> 2 & 1);
        let (mut len, mut place) = (0, 0);
        loop {
            let octet = frame[at + front];
            front += 1;
            len |= usize::from(octet & 0x7f) << place;
            place += 7;
            if octet & 0x80 == 0 {
                break;
            }
        }
        if kind != 2 && kind != 15 {
            found.push((kind, at, front, len));
        }
        at += front + len;
    }
    found
}

/// Where whole blocks at the end of each tile of an OBU lie, by what ffmpeg reads of its header.
fn blocks_of_tiles(obu: &[u8], header: &[&Field]) -> Vec<(usize, usize)> {
    let value = |name: &str| {
        let field = header.iter().find(|field| field.0 == name);
        field.map_or(0, |field| field.3)
    };
    let tiles = 1 << (value("tile_cols_log2") + value("tile_rows_log2"));
    let size_octets = value("tile_size_bytes_minus1") + 1;
    // Behind the last field there are tiles, and before each but the last its size.
    let mut at = header
        .iter()
        .map(|field| field.2)
        .max()
        .unwrap()
        .div_ceil(8);
    let mut blocks = Vec::new();
    for tile in 0..tiles {
        let mut len = obu.len() - at;
        if tile + 1 < tiles {
            let size = obu[at..at + size_octets].iter().rev();
            len = size.fold(0, |len, octet| len << 8 | usize::from(*octet)) + 1;
            at += size_octets;
        }
        at += len;
        if len >= 16 {
            blocks.push((at - len / 16 * 16, at));
        }
    }
    assert_eq!(at, obu.len());
    blocks
}

#[test]
fn of_av1_the_tiles_are_encrypted_and_nothing_else() {
    let folder = folder("av1");
    let screen = streams().into_iter().find(|stream| stream.name == "av1");
    let mut streams = vec![(screen.unwrap(), 1)];
    streams.extend(av1_of_all_kinds(&folder));
    for (stream, most) in streams {
        let name = stream.name;
        let found = protect(&stream, &folder);
        let (mut compared, mut most_tiles) = (0, 0);
        let traced = trace(&stream.original);
        assert_eq!(traced.len(), stream.frames.len());
        for ((pairs, fields), frame) in found.iter().zip(traced).zip(&stream.frames) {
            // Where encrypted octets begin and end in the sample.
            let (mut at, mut spans) = (0, Vec::new());
            for (clear, secret) in pairs {
                if *secret > 0 {
                    spans.push((at + clear, at + clear + secret));
                }
                at += clear + secret;
            }
            // The fields of each OBU.
            let mut headers: Vec<Vec<&Field>> = Vec::new();
            for field in &fields {
                if field.0 == "obu_forbidden_bit" {
                    headers.push(Vec::new());
                }
                headers.last_mut().unwrap().push(field);
            }
            headers.retain(|header| {
                let kind = header.iter().find(|field| field.0 == "obu_type");
                !matches!(kind.unwrap().3, 2 | 15)
            });
            let obus = obus(frame);
            assert_eq!(obus.len(), headers.len(), "{name}");
            let (mut start, mut expected) = (0, Vec::new());
            for ((kind, from, front, len), header) in obus.into_iter().zip(headers) {
                if kind == 6 {
                    let blocks = blocks_of_tiles(&frame[from..from + front + len], &header);
                    most_tiles = most_tiles.max(blocks.len());
                    let inside = blocks.iter();
                    expected.extend(inside.map(|(from, to)| (start + from, start + to)));
                    compared += 1;
                }
                start += front + len;
            }
            assert_eq!((spans, at), (expected, start), "{name}");
        }
        assert_eq!(most_tiles, most, "{name}");
        assert!(compared > 20, "{name}: {compared}");
    }
}
