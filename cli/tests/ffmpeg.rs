//! Streams that ffmpeg sends: a call that somebody forgot to encrypt.
#![cfg(test)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::net::UdpSocket;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::{Datagrams, KEY, Link, Member, failed, file, json, media, seal, speech, stream};
use mediaseal::{Codec, FrameInfo, Media, NalFormat, Ssrc};
use pcap_file::Endianness;

/// What ffmpeg sends of a file in RTP packets of at most 1200 octets, without encoding it anew.
fn sent(input: &str, ssrc: u32) -> Vec<Vec<u8>> {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket
        .set_read_timeout(Some(Duration::from_millis(500)))
        .unwrap();
    let to = format!(
        "rtp://127.0.0.1:{}?pkt_size=1200",
        socket.local_addr().unwrap().port()
    );
    let mut child = Command::new("ffmpeg")
        .args([
            "-nostdin",
            "-loglevel",
            "error",
            "-readrate",
            "8",
            "-t",
            "4",
        ])
        .arg("-i")
        .arg(media(input))
        .args(["-c", "copy", "-ssrc", &ssrc.to_string(), "-f", "rtp", &to])
        .stdout(Stdio::null())
        .spawn()
        .expect("ffmpeg is installed: cargo xtask test sees to it");
    let mut datagrams = Vec::new();
    let mut datagram = [0; 2048];
    loop {
        match socket.recv(&mut datagram) {
            Ok(len) => datagrams.push(datagram[..len].to_vec()),
            Err(_) if child.try_wait().unwrap().is_some() => break,
            Err(_) => {}
        }
    }
    assert!(child.wait().unwrap().success());
    datagrams
}

/// RTP payloads of H.264 (RFC 6184), as packetizers make them: parameter sets aggregated, large NAL units cut.
fn packetize(call: &mut Datagrams, ssrc: u32, first: u16, timestamp: u32, frame: &[u8]) -> u16 {
    const MAX_LEN: usize = 1000;
    let starts: Vec<_> = (0..frame.len().saturating_sub(3))
        .filter(|at| frame[*at..].starts_with(&[0, 0, 1]))
        .collect();
    let ends = starts
        .iter()
        .skip(1)
        .map(|next| {
            if frame[next - 1] == 0 {
                next - 1
            } else {
                *next
            }
        })
        .chain([frame.len()]);
    let nals: Vec<_> = starts
        .iter()
        .zip(ends)
        .map(|(start, end)| &frame[start + 3..end])
        .collect();
    let mut sequence = first;
    for (number, nal) in nals.iter().enumerate() {
        let is_last = number + 1 == nals.len();
        let (&header, body) = nal.split_first().unwrap();
        // A piece that is both the first and the last is none.
        if body.len() <= MAX_LEN {
            call.rtp(ssrc, sequence, timestamp, is_last, nal);
            sequence = sequence.wrapping_add(1);
            continue;
        }
        let pieces: Vec<_> = body.chunks(MAX_LEN).collect();
        for (at, piece) in pieces.iter().enumerate() {
            let (begins, ends) = (at == 0, at + 1 == pieces.len());
            let indicator = header & 0x1f | u8::from(begins) << 7 | u8::from(ends) << 6;
            let payload = [&[header & 0xe0 | 28, indicator][..], piece].concat();
            call.rtp(ssrc, sequence, timestamp, is_last && ends, &payload);
            sequence = sequence.wrapping_add(1);
        }
    }
    sequence
}

/// Frames of an Annex-B file, by its access unit delimiters.
fn pictures(name: &str) -> Vec<Vec<u8>> {
    let octets = std::fs::read(media(name)).unwrap();
    let delimiter = [0, 0, 0, 1, 9];
    let starts: Vec<_> = (0..octets.len() - 5)
        .filter(|at| octets[*at..].starts_with(&delimiter))
        .collect();
    let ends = starts.iter().skip(1).copied().chain([octets.len()]);
    starts
        .iter()
        .zip(ends)
        .map(|(start, end)| octets[*start..end].to_vec())
        .collect()
}

#[test]
fn streams_in_clear_are_told_from_sealed_ones() {
    let alice = Member::new("standup", KEY, 1);
    let mut call = Datagrams::default();
    for (input, ssrc) in [
        ("camera-h264.h264", 1),
        ("camera-vp8.ivf", 2),
        ("speech.ogg", 3),
    ] {
        let packets = sent(input, ssrc);
        assert!(packets.len() > 50, "{input}: {} packets", packets.len());
        call.0.extend(packets);
    }
    call.stream(
        4,
        &seal(&mut alice.encryptor("alice", Media::AUDIO), &speech()[..40]),
    );
    // The same pictures, sealed so that a packetizer can read them.
    let mut encryptor = alice.encryptor("alice", Media::VIDEO);
    encryptor
        .set_codec(Ssrc::new(0), Codec::H264(NalFormat::AnnexB))
        .unwrap();
    let mut sequence = 7;
    for (timestamp, picture) in (0..).step_by(3000).zip(&pictures("camera-h264.h264")[..90]) {
        let sealed = encryptor
            .encrypt_to_vec(&FrameInfo::default(), picture)
            .unwrap();
        sequence = packetize(&mut call, 5, sequence, timestamp, &sealed);
    }
    let path = file(
        "clear.pcapng",
        &call.pcapng(Link::Ethernet, Endianness::Little),
    )
    .display()
    .to_string();
    let keys = file("clear.keys", format!("channel=standup {KEY}\n").as_bytes())
        .display()
        .to_string();

    let (status, report) = json(&["explain", &path]);
    assert_eq!(status, 1);
    for (ssrc, codec) in [(1, "H264"), (2, "VP8"), (3, "opus")] {
        let stream = stream(&report, ssrc);
        assert_eq!(
            (&stream["state"], &stream["codec"]),
            (&"in_clear".into(), &codec.into()),
            "{stream:#}"
        );
    }
    assert_eq!(stream(&report, 4)["state"], "sframe");
    let aware = stream(&report, 5);
    assert_eq!(
        (&aware["state"], &aware["codec"], &aware["wire"]),
        (&"sframe".into(), &"H264".into(), &"h264".into()),
        "{aware:#}"
    );
    let faults = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["severity"] == "fault");
    assert_eq!(
        faults
            .map(|finding| finding["code"].as_str().unwrap())
            .collect::<Vec<_>>(),
        ["not_encrypted"; 3]
    );

    let (status, report) = json(&["explain", &path, "--key-file", &keys, "--sender", "alice"]);
    assert_eq!(status, 1);
    for ssrc in [1, 2, 3] {
        let stream = stream(&report, ssrc);
        let reasons: Vec<_> = failed(stream).iter().map(|(reason, _)| *reason).collect();
        assert_eq!(reasons, ["not_encrypted"], "{stream:#}");
        assert_eq!(stream["opened"], 0);
    }
    assert_eq!(stream(&report, 4)["opened"], 40);
    assert_eq!(
        (&stream(&report, 5)["opened"], failed(stream(&report, 5))),
        (&90.into(), vec![]),
        "{:#}",
        stream(&report, 5)
    );
}
