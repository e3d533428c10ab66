//! `mediaseal explain` on captures with everything in them: each fault is named in its stream's row and in the JSON.
#![cfg(test)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::sync::OnceLock;

use common::{
    Datagrams, KEY, Link, Member, NOW, OTHER_KEY, failed, file, json, media, mediaseal, seal,
    speech, stream, with_input,
};
use mediaseal::{
    BaseKey, ChannelConfig, ChannelEncryptor, CipherSuite, Codec, CounterOrigin, FrameInfo, KeyId,
    KeyStore, Media, Mode, NalFormat, Ssrc,
};
use pcap_file::Endianness;
use serde_json::{Value, json};

const GOOD: u32 = 0x0100_0001;
const WRONG_KEY: u32 = 0x0100_0002;
const NO_SUCH_KEY: u32 = 0x0100_0003;
const CLEAR: u32 = 0x0100_0004;
const PADDED: u32 = 0x0100_0005;
const TWICE: u32 = 0x0100_0006;
const TRUNCATED: u32 = 0x0100_0007;
const OTHER_CHANNEL: u32 = 0x0100_0008;
const REPLAYED: u32 = 0x0100_0009;
const CRYPTOR: u32 = 0x0100_000a;
const OTHER_SENDER: u32 = 0x0100_000b;
const BY_PACKET: u32 = 0x0100_000c;
const ALTERED: u32 = 0x0100_000d;
const LARGE: u32 = 0x0100_000e;

/// A call with every fault, one a stream of 40 frames.
fn mixed() -> Datagrams {
    let frames = &speech()[..40];
    let alice = Member::new("standup", KEY, 1);
    let mut call = Datagrams::default();
    let sealed = seal(&mut alice.encryptor("alice", Media::AUDIO), frames);
    call.stream(GOOD, &sealed);
    call.others();

    let wrong = Member::new("standup", OTHER_KEY, 1);
    call.stream(
        WRONG_KEY,
        &seal(&mut wrong.encryptor("alice", Media::AUDIO), frames),
    );
    let next = Member::new("standup", KEY, 2);
    call.stream(
        NO_SUCH_KEY,
        &seal(&mut next.encryptor("alice", Media::AUDIO), frames),
    );
    for (number, frame) in (0..).zip(frames) {
        call.rtp(CLEAR, number, u32::from(number) * 960, false, frame);
    }
    let padded = seal(&mut alice.encryptor("alice", Media::AUDIO), frames);
    let padded: Vec<_> = padded
        .into_iter()
        .map(|frame| [&frame[..], &[0, 0, 0, 4]].concat())
        .collect();
    call.stream(PADDED, &padded);
    let mut inner = alice.encryptor("alice", Media::AUDIO);
    let mut outer = alice.encryptor("alice", Media::AUDIO);
    call.stream(TWICE, &seal(&mut outer, &seal(&mut inner, frames)));
    // So short that an end is missing for certain.
    let empty = seal(
        &mut alice.encryptor("alice", Media::AUDIO),
        &vec![Vec::new(); 40],
    );
    let cut: Vec<_> = empty
        .iter()
        .map(|frame| frame[..frame.len() - 5].to_vec())
        .collect();
    call.stream(TRUNCATED, &cut);
    let lunch = Member::new("lunch", OTHER_KEY, 1);
    call.stream(
        OTHER_CHANNEL,
        &seal(&mut lunch.encryptor("alice", Media::AUDIO), frames),
    );
    call.stream(REPLAYED, &sealed);
    for (number, frame) in (0..).zip(&sealed) {
        // What LiveKit's cryptor does with Opus: an octet in clear, ciphertext, IV, its length, key index.
        let iv = &frame[..12];
        let payload = [&frames[0][..1], frame, iv, &[12, 0]].concat();
        call.rtp(CRYPTOR, number, u32::from(number) * 960, false, &payload);
    }
    call.stream(
        OTHER_SENDER,
        &seal(&mut alice.encryptor("carol", Media::AUDIO), frames),
    );
    let by_packet = seal(&mut alice.encryptor("alice", Media::DATA), frames);
    for (number, frame) in (0..).zip(&by_packet) {
        call.rtp(BY_PACKET, number, u32::from(number) * 960, true, frame);
    }
    let mut altered = seal(&mut alice.encryptor("alice", Media::AUDIO), frames);
    for frame in altered.iter_mut().skip(1).step_by(4) {
        let middle = frame.len() / 2;
        frame[middle] ^= 0x40;
    }
    call.stream(ALTERED, &altered);
    // Frames of many packets, one of which is missing and one of which comes again.
    let pictures: Vec<_> = (0..10).map(|n: u8| vec![n; 3_000]).collect();
    let start = call.0.len();
    call.stream(
        LARGE,
        &seal(&mut alice.encryptor("alice", Media::VIDEO), &pictures),
    );
    call.0.remove(start + 13);
    let again = call.0[start + 20].clone();
    call.0.insert(start + 22, again);
    call
}

/// Written once: tests run side by side.
fn keys() -> String {
    static PATH: OnceLock<String> = OnceLock::new();
    let path = PATH.get_or_init(|| {
        let text =
            format!("# the call of Monday\nchannel=standup {KEY}\nchannel=lunch key={OTHER_KEY}\n");
        file("mixed.keys", text.as_bytes()).display().to_string()
    });
    path.clone()
}

#[test]
fn every_fault_of_a_mixed_capture_is_named() {
    let call = mixed();
    let path = file(
        "mixed.pcapng",
        &call.pcapng(Link::Ethernet, Endianness::Little),
    );
    let path = path.display().to_string();
    let keys = keys();
    let args = [
        "explain",
        &path,
        "--key-file",
        &keys,
        "--sender",
        "alice",
        "--suspect",
        "carol",
    ];
    let (status, report) = json(&args);
    assert_eq!(status, 1);
    assert_eq!(report["verdict"], "faults");
    assert_eq!(report["inputs"][0]["packets"], call.0.len());
    assert_eq!(report["inputs"][0]["format"], "pcapng");

    for (ssrc, opened, expected) in [
        (GOOD, 40, &[][..]),
        (WRONG_KEY, 0, &[("wrong_key", 40)]),
        (NO_SUCH_KEY, 0, &[("no_such_key", 40)]),
        (CLEAR, 0, &[("not_encrypted", 40)]),
        (PADDED, 0, &[("rtp_padding", 40)]),
        (TWICE, 0, &[("encrypted_twice", 40)]),
        (TRUNCATED, 0, &[("truncated", 40)]),
        (OTHER_CHANNEL, 0, &[("other_channel", 40)]),
        (REPLAYED, 0, &[("duplicate", 40)]),
        (OTHER_SENDER, 0, &[("other_sender", 40)]),
        (CRYPTOR, 0, &[("frame_cryptor", 40)]),
        (BY_PACKET, 40, &[]),
        (ALTERED, 30, &[("altered", 10)]),
        (LARGE, 9, &[]),
    ] {
        let stream = stream(&report, ssrc);
        assert_eq!(failed(stream), expected, "{stream:#}");
        assert_eq!(stream["opened"], opened, "{stream:#}");
        let fault = expected.first().map(|(reason, _)| *reason);
        let number = report["streams"]
            .as_array()
            .unwrap()
            .iter()
            .position(|other| other == stream)
            .unwrap();
        let found = report["findings"].as_array().unwrap().iter();
        let found: Vec<_> = found
            .filter(|finding| finding["stream"] == number && finding["severity"] == "fault")
            .collect();
        assert_eq!(
            found
                .iter()
                .map(|finding| finding["code"].as_str().unwrap())
                .next(),
            fault,
            "{found:?}"
        );
        assert!(
            found
                .iter()
                .all(|finding| finding["do"].as_str().unwrap().len() > 20)
        );
    }
    assert_eq!(stream(&report, CRYPTOR)["state"], "frame_cryptor");
    assert_eq!(stream(&report, CLEAR)["state"], "in_clear");
    assert_eq!(stream(&report, CLEAR)["codec"], "opus");
    assert_eq!(stream(&report, GOOD)["senders"], json!({"alice/audio": 40}));
    assert_eq!(stream(&report, BY_PACKET)["wire"], "packets");
    assert_eq!(
        stream(&report, OTHER_CHANNEL)["failed"][0]["text"],
        "it is of channel \"lunch\""
    );

    let large = stream(&report, LARGE);
    assert_eq!(large["wire"], "fragments");
    assert_eq!(
        [
            &large["lost"],
            &large["repeated"],
            &large["frames_incomplete"]
        ],
        [1, 1, 1],
        "{large:#}"
    );
    for (kind, count) in [
        ("stun", 1),
        ("rtcp", 1),
        ("dtls", 1),
        ("other_udp", 1),
        ("not_udp", 0),
    ] {
        assert_eq!(report["apart"][kind], count, "{kind}");
    }
    // KID and CTR of a session: without a clock it begins anywhere, and goes up by one.
    let kid = &stream(&report, GOOD)["kids"][0];
    let [first, last] =
        ["first_ctr", "last_ctr"].map(|name| kid[name].as_str().unwrap().parse::<u64>().unwrap());
    assert_eq!(last - first, 39);
    assert_eq!(kid["channel"]["generation_mod_16"], 1);
    assert_eq!(
        stream(&report, NO_SUCH_KEY)["kids"][0]["channel"]["generation_mod_16"],
        2
    );

    // The same for people.
    let output = mediaseal(&args);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    let row = |ssrc: u32| {
        let name = format!("{ssrc:#010x}");
        let line = text
            .lines()
            .find(|line| line.starts_with(&name))
            .unwrap_or_else(|| panic!("{text}"));
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert!(
        row(GOOD).starts_with("0x01000001 96 40 0 40 SFrame, in fragments 40 0x"),
        "{text}"
    );
    assert!(
        row(WRONG_KEY).contains(" SFrame, in fragments 0 wrong_key 40 0x"),
        "{text}"
    );
    assert!(
        row(CLEAR).contains(" opus IN CLEAR 0 not_encrypted 40"),
        "{text}"
    );
    assert!(row(ALTERED).contains(" 30 altered 10 "), "{text}");
    assert!(
        row(CRYPTOR).contains(" LiveKit/Jitsi frame cryptor "),
        "{text}"
    );
    assert!(
        text.contains("apart from that: 1 STUN, 1 DTLS, 1 RTCP, 1 other UDP"),
        "{text}"
    );
    assert!(
        text.contains(
            "- SSRC 0x01000006, PT 96: 40 of 40 frames: it is encrypted twice [encrypted_twice]"
        ),
        "{text}"
    );
}

#[test]
fn without_a_key_it_tells_what_can_be_seen() {
    let call = mixed();
    let path = file("nokey.pcap", &call.pcap(Link::Ethernet, Endianness::Big))
        .display()
        .to_string();
    let (status, report) = json(&["explain", &path]);
    assert_eq!(status, 1, "something goes in clear");
    assert_eq!(report["has_keys"], false);
    let all = report["streams"].as_array().unwrap().iter();
    assert!(all.clone().all(|stream| stream["tried"] == 0));
    let codes: Vec<_> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["severity"] == "fault")
        .collect();
    let of = |ssrc| {
        all.clone()
            .position(|stream| stream["ssrc"] == format!("{ssrc:#010x}"))
            .unwrap()
    };
    let faults: Vec<_> = codes
        .iter()
        .map(|finding| {
            (
                finding["stream"].as_u64().unwrap(),
                finding["code"].as_str().unwrap(),
            )
        })
        .collect();
    let number = |ssrc| u64::try_from(of(ssrc)).unwrap();
    assert_eq!(
        faults,
        [
            (number(CLEAR), "not_encrypted"),
            (number(PADDED), "rtp_padding")
        ]
    );
    for ssrc in [
        GOOD,
        WRONG_KEY,
        NO_SUCH_KEY,
        PADDED,
        TWICE,
        OTHER_CHANNEL,
        REPLAYED,
        OTHER_SENDER,
        BY_PACKET,
    ] {
        assert_eq!(stream(&report, ssrc)["state"], "sframe", "{ssrc:#x}");
    }
}

#[test]
fn a_call_without_faults_ends_with_0() {
    let alice = Member::new("standup", KEY, 1);
    let mut call = Datagrams::default();
    let sealed = seal(
        &mut alice.encryptor("alice", Media::AUDIO),
        &speech()[..100],
    );
    call.stream(GOOD, &sealed);
    // A relay that repeats a few.
    for frame in &sealed[50..54] {
        call.rtp(GOOD, 3_000, 1, true, &[&[0xc0][..], frame].concat());
    }
    let keys = keys();
    for (name, octets) in [
        (
            "ethernet.pcap",
            call.pcap(Link::Ethernet, Endianness::Little),
        ),
        (
            "ethernet.pcapng",
            call.pcapng(Link::Ethernet, Endianness::Big),
        ),
        ("raw.pcap", call.pcap(Link::Raw, Endianness::Big)),
        (
            "cooked.pcapng",
            call.pcapng(Link::Cooked, Endianness::Little),
        ),
        ("cooked2.pcap", call.pcap(Link::Cooked2, Endianness::Little)),
        ("ipv6.pcapng", call.pcapng(Link::Ipv6, Endianness::Little)),
    ] {
        let path = file(&format!("well-{name}"), &octets).display().to_string();
        let (status, report) = json(&["explain", &path, "--key-file", &keys, "--sender", "alice"]);
        assert_eq!(
            (status, &report["verdict"]),
            (0, &json!("well")),
            "{name}: {report:#}"
        );
        assert_eq!(stream(&report, GOOD)["opened"], 100, "{name}");
    }
}

#[test]
fn captures_come_by_standard_input_too_and_say_when_they_are_damaged() {
    let call = mixed();
    let octets = call.pcapng(Link::Ethernet, Endianness::Little);
    let output = with_input(&["explain", "-", "--json"], &octets);
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["inputs"][0]["packets"], call.0.len());

    let output = with_input(&["explain", "-", "--json"], &octets[..octets.len() - 7]);
    assert_eq!(output.status.code(), Some(3));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        report["inputs"][0]["packets"],
        call.0.len() - 1,
        "what comes before is looked at"
    );
    assert!(
        report["inputs"][0]["damaged"]
            .as_str()
            .unwrap()
            .contains("ends within a packet")
    );
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .starts_with("mediaseal: -: it ends within a packet")
    );

    for (input, format) in [
        (&octets[..10], "capture"),
        (b"not hex", "hex"),
        (b"!", "base64"),
    ] {
        let output = with_input(&["explain", "-", "--format", format], input);
        assert_eq!(output.status.code(), Some(3), "{format}");
    }
    assert_eq!(
        mediaseal(&["explain", "/no/such/file"]).status.code(),
        Some(3)
    );
}

#[test]
fn frames_from_files_are_explained() {
    let alice = Member::new("standup", KEY, 1);
    let frame = &speech()[7];
    let sealed = seal(
        &mut alice.encryptor("alice", Media::AUDIO),
        std::slice::from_ref(frame),
    )
    .remove(0);
    let keys = keys();
    let run = |name: &str, octets: &[u8], format: &str| {
        let path = file(name, octets).display().to_string();
        json(&[
            "explain",
            &path,
            "--format",
            format,
            "--key-file",
            &keys,
            "--sender",
            "alice/audio",
            "--each",
        ])
    };
    let hex = data_encoding::HEXLOWER.encode(&sealed);
    let (upper, lower) = hex.split_at((hex.len() / 2) & !1);
    let base64 = data_encoding::BASE64.encode(&sealed);
    for (name, octets, format) in [
        ("frame.bin", sealed.clone(), "raw"),
        ("frame.auto", sealed.clone(), "auto"),
        (
            "frame.hex",
            format!("{}\n {lower}\n\n", upper.to_uppercase()).into_bytes(),
            "hex",
        ),
        ("frame.b64", base64.into_bytes(), "base64"),
    ] {
        let (status, report) = run(name, &octets, format);
        assert_eq!(
            (status, &report["frames"][0]["reason"]),
            (0, &json!("opens")),
            "{name}: {report:#}"
        );
        assert_eq!(report["frames"][0]["octets"], sealed.len());
    }
    let mut altered = sealed.clone();
    altered[30] ^= 1;
    let padded = [&sealed[..], &[0, 0, 3]].concat();
    let rtp = [&[0x80, 96, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3][..], &sealed].concat();
    for (name, octets, reason) in [
        ("altered.bin", &altered, "wrong_key"),
        ("padded.bin", &padded, "rtp_padding"),
        ("rtp.bin", &rtp, "leading_octets"),
        ("empty.bin", &Vec::new(), "empty"),
    ] {
        let (status, report) = run(name, octets, "raw");
        assert_eq!(report["frames"][0]["reason"], reason, "{report:#}");
        assert_eq!(status, i32::from(reason != "empty"));
    }
    // Several of one session, and one of them again.
    let of_all = file("x", b"");
    let folder = of_all.parent().unwrap();
    let path = |name: &str| folder.join(name).display().to_string();
    let (status, report) = json(&[
        "explain",
        &path("frame.bin"),
        &path("altered.bin"),
        &path("frame.bin"),
        "--key-file",
        &keys,
        "--sender",
        "alice",
        "--each",
    ]);
    let reasons: Vec<_> = report["frames"]
        .as_array()
        .unwrap()
        .iter()
        .map(|frame| frame["reason"].as_str().unwrap())
        .collect();
    assert_eq!(
        (status, reasons),
        (1, vec!["opens", "altered", "duplicate"])
    );
}

#[test]
fn codec_aware_frames_and_raw_keys_and_metadata() {
    // H.264 as an encoder gives it, in frames of their own files.
    let mut encryptor = Member::new("standup", KEY, 1).encryptor("alice", Media::VIDEO);
    encryptor
        .set_codec(Ssrc::new(0), Codec::H264(NalFormat::AnnexB))
        .unwrap();
    let picture = [
        &[
            0, 0, 0, 1, 0x67, 0x42, 0xC0, 0x1F, 0, 0, 0, 1, 0x68, 0xCE, 0x3C, 0x80, 0, 0, 0, 1,
            0x65, 0x88, 0x84,
        ][..],
        &[0x55; 300],
    ]
    .concat();
    let sealed = encryptor
        .encrypt_to_vec(&FrameInfo::default().metadata(b"call 7"), &picture)
        .unwrap();
    let path = file("aware.bin", &sealed).display().to_string();
    let keys = keys();
    let base = [
        "explain",
        &path,
        "--key-file",
        &keys,
        "--sender",
        "alice",
        "--each",
    ];
    let (status, report) = json(&[&base[..], &["--metadata", "text:call 7"]].concat());
    assert_eq!(
        (status, &report["frames"][0]["reason"]),
        (0, &json!("opens")),
        "{report:#}"
    );
    assert_eq!(report["frames"][0]["look"], "codec_aware");
    let (_, report) = json(
        &[
            &base[..],
            &["--metadata", "text:call 7", "--codec", "opaque"],
        ]
        .concat(),
    );
    assert_eq!(report["frames"][0]["reason"], "other_codec");
    let (_, report) = json(
        &[
            &base[..],
            &[
                "--metadata",
                "text:call 8",
                "--suspect-metadata",
                "ssrc",
                "--suspect-metadata",
                "hex:63616c6c2037",
            ],
        ]
        .concat(),
    );
    assert_eq!(
        report["frames"][0]["text"],
        "its sender passed other metadata: the second suspected"
    );

    // Raw keys under short KIDs, whose frames begin like anything.
    let store = KeyStore::raw(CipherSuite::AES_256_GCM_SHA512_128).unwrap();
    for kid in [3, 5] {
        store
            .add_send(
                BaseKey::from_hex(KEY).unwrap(),
                KeyId::new(kid),
                CounterOrigin::FreshKey,
            )
            .unwrap();
    }
    let mut call = Datagrams::default();
    for (kid, ssrc) in [(3, 1), (5, 2)] {
        store.activate(KeyId::new(kid)).unwrap();
        let mut encryptor = ChannelEncryptor::new(&store, Mode::Frame).unwrap();
        let mut sequence = 0;
        for (timestamp, frame) in (0..).step_by(960).zip(&speech()[..20]) {
            let metadata = [u32::to_be_bytes(ssrc), u32::to_be_bytes(timestamp)].concat();
            let sealed = encryptor
                .encrypt_to_vec(&FrameInfo::default().metadata(&metadata), frame)
                .unwrap();
            sequence = call.fragments(ssrc, sequence, timestamp, &sealed);
        }
    }
    let path = file(
        "raw.pcapng",
        &call.pcapng(Link::Ethernet, Endianness::Little),
    )
    .display()
    .to_string();
    let raw = file(
        "raw.keys",
        format!("0x3={KEY} suite=aes-256-gcm sender=bob\n").as_bytes(),
    )
    .display()
    .to_string();
    let (status, report) = json(&[
        "explain",
        &path,
        "--key-file",
        &raw,
        "--metadata",
        "ssrc+timestamp",
    ]);
    assert_eq!(status, 1);
    assert_eq!(
        (&stream(&report, 1)["opened"], failed(stream(&report, 1))),
        (&json!(20), vec![]),
        "{report:#}"
    );
    assert_eq!(stream(&report, 1)["senders"], json!({"bob": 20}));
    assert_eq!(failed(stream(&report, 2)), [("no_such_key", 20)]);
    let (_, report) = json(&["explain", &path, "--key-file", &raw]);
    assert_eq!(
        failed(stream(&report, 1)),
        [("wrong_key", 20)],
        "without the metadata nothing tells"
    );
}

#[test]
fn epoch_secrets_and_the_clock() {
    let config = ChannelConfig::new("night shift").unwrap();
    let config = config.instance("i1").unwrap().with_clock();
    let alice = Member::with(config, KEY, 7);
    let mut call = Datagrams::default();
    const HOURS: [(u32, u64); 4] = [(GOOD, 0), (1, 1), (2, 2), (3, 3)];
    for (ssrc, hours) in HOURS {
        alice.store.tick(NOW + hours * 3600).unwrap();
        let mut encryptor = alice.encryptor("alice", Media::AUDIO);
        call.stream(ssrc, &seal(&mut encryptor, &speech()[..20]));
    }
    let path = file("clock.pcap", &call.pcap(Link::Ethernet, Endianness::Little));
    let path = path.display().to_string();
    let text = alice.channel.epoch_secret(7, 0).unwrap().to_text();
    let keys = file("epoch.keys", text.as_bytes()).display().to_string();
    let args = [
        "explain",
        &path,
        "--key-file",
        &keys,
        "--sender",
        "alice/audio",
    ];
    let (status, report) = json(&args);
    assert_eq!(status, 1);
    // The hour itself and its neighbour; two hours ahead; three hours ahead have the bits of one hour back.
    let expected = [&[][..], &[], &[("stale_session", 20)], &[("wrong_key", 20)]];
    for ((ssrc, _), expected) in HOURS.into_iter().zip(expected) {
        assert_eq!(failed(stream(&report, ssrc)), expected, "{report:#}");
    }
    assert_eq!(stream(&report, GOOD)["kids"][0]["first_ctr"], "0");
    // The same key without the clock: hours other than 0 modulo 4 give it away.
    let (_, report) = json(&[
        "explain",
        &path,
        "--key",
        KEY,
        "--visible-key",
        "--channel",
        "night shift",
        "--instance",
        "i1",
        "--generation",
        "7",
        "--sender",
        "alice/audio",
    ]);
    assert_eq!(failed(stream(&report, GOOD)), [("wrong_key", 20)]);
    assert_eq!(failed(stream(&report, 1)), [("clock_mismatch", 20)]);
}

/// Frames of an IVF file.
fn pictures(name: &str) -> Vec<Vec<u8>> {
    let octets = std::fs::read(media(name)).unwrap();
    let mut rest = &octets[32..];
    let mut frames = Vec::new();
    while let Some((header, behind)) = rest.split_first_chunk::<12>() {
        let len = u32::from_le_bytes(header[..4].try_into().unwrap()) as usize;
        let (frame, behind) = behind.split_at(len);
        frames.push(frame.to_vec());
        rest = behind;
    }
    frames
}

#[test]
fn codec_aware_frames_are_taken_out_of_the_payload_format_of_vp8() {
    let alice = Member::new("standup", KEY, 1);
    let mut encryptor = alice.encryptor("alice", Media::VIDEO);
    encryptor.set_codec(Ssrc::new(0), Codec::Vp8).unwrap();
    let mut call = Datagrams::default();
    let mut sequence = 0;
    for (timestamp, picture) in (0..).step_by(3_000).zip(&pictures("camera-vp8.ivf")[..60]) {
        let sealed = encryptor
            .encrypt_to_vec(&FrameInfo::default(), picture)
            .unwrap();
        let pieces: Vec<_> = sealed.chunks(1_100).collect();
        for (at, piece) in pieces.iter().enumerate() {
            // RFC 7741 section 4.2: begins a partition, and a picture id of 15 bits.
            let start = if at == 0 { 0x90 } else { 0x80 };
            let payload = [&[start, 0x80, 0x81, 0x23][..], piece].concat();
            call.rtp(GOOD, sequence, timestamp, at + 1 == pieces.len(), &payload);
            sequence += 1;
        }
    }
    let path = file(
        "vp8.pcapng",
        &call.pcapng(Link::Ethernet, Endianness::Little),
    );
    let path = path.display().to_string();
    let (status, report) = json(&["explain", &path]);
    assert_eq!(status, 0);
    let row = stream(&report, GOOD);
    assert_eq!(
        (&row["state"], &row["wire"], &row["codec"]),
        (&json!("sframe"), &json!("vp8"), &json!("VP8")),
        "{row:#}"
    );
    let (status, report) = json(&[
        "explain",
        &path,
        "--key-file",
        &keys(),
        "--sender",
        "alice/video",
    ]);
    let row = stream(&report, GOOD);
    assert_eq!(
        (status, &row["opened"], failed(row)),
        (0, &json!(60), vec![]),
        "{row:#}"
    );
}

#[test]
fn packets_that_come_again_are_told_from_retransmission() {
    let alice = Member::new("standup", KEY, 1);
    let sealed = seal(&mut alice.encryptor("alice", Media::AUDIO), &speech()[..40]);
    let mut call = Datagrams::default();
    call.stream(1, &sealed);
    let first = call.0.clone();
    // Both interfaces of a bridge.
    call.0 = call
        .0
        .iter()
        .flat_map(|packet| [packet.clone(), packet.clone()])
        .collect();
    let well = file("twice.pcap", &call.pcap(Link::Ethernet, Endianness::Little));
    let (status, report) = json(&["explain", &well.display().to_string()]);
    let codes = |report: &Value| {
        let findings = report["findings"].as_array().unwrap().iter();
        findings
            .map(|finding| finding["code"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        (status, codes(&report)),
        (0, vec!["repeated".to_owned()]),
        "{report:#}"
    );
    assert_eq!(stream(&report, 1)["repeated"], 40);
    // The same packets, a second and a half later.
    call.0.clone_from(&first);
    call.0.extend(vec![vec![0xff; 9]; 1_500]);
    call.0.extend(first);
    let replayed = file(
        "later.pcapng",
        &call.pcapng(Link::Ethernet, Endianness::Little),
    );
    let (status, report) = json(&["explain", &replayed.display().to_string()]);
    assert_eq!(
        (status, codes(&report)),
        (1, vec!["repeated_late".to_owned()]),
        "{report:#}"
    );
    assert_eq!(stream(&report, 1)["repeated_late"], 40);
}

#[test]
fn what_is_under_srtp_or_of_others_is_not_taken_for_ours() {
    let alice = Member::new("standup", KEY, 1);
    let sealed = seal(&mut alice.encryptor("alice", Media::AUDIO), &speech()[..60]);
    let mut call = Datagrams::default();
    call.others();
    for (number, frame) in (0..).zip(&sealed) {
        let timestamp = u32::from(number) * 960;
        // Ciphertext without a header: what SRTP leaves of a payload.
        call.rtp(1, number, timestamp, false, &frame[20..]);
        // The end of a frame of DAVE: a tag, a nonce, the footer's length and its mark.
        let dave = [&frame[..], &[number.to_be_bytes()[1], 12, 0xfa, 0xfa]].concat();
        call.rtp(2, number, timestamp, false, &dave[20..]);
    }
    let path = file(
        "others.pcapng",
        &call.pcapng(Link::Ethernet, Endianness::Little),
    );
    let path = path.display().to_string();
    let (status, report) = json(&["explain", &path]);
    assert_eq!(
        (status, &stream(&report, 1)["state"]),
        (0, &json!("not_recognised")),
        "{report:#}"
    );
    assert_eq!(stream(&report, 2)["state"], "dave");
    let codes: Vec<_> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["code"].as_str().unwrap())
        .collect();
    assert_eq!(codes, ["not_recognised", "dave", "srtp"]);
    let (status, report) = json(&["explain", &path, "--key-file", &keys(), "--sender", "alice"]);
    assert_eq!(status, 1, "nothing of it opens");
    assert_eq!(failed(stream(&report, 1)), [("not_recognised", 60)]);
    assert_eq!(failed(stream(&report, 2)), [("dave", 60)]);
    assert_eq!(stream(&report, 1)["kids"], json!([]));
}

#[test]
fn keys_are_not_taken_from_the_command_line_unless_asked_twice() {
    let path = file("any.bin", b"any").display().to_string();
    for (args, says) in [
        (&["--key", KEY][..], "--visible-key"),
        (&["--key", KEY, "--visible-key"], "of which channel"),
        (&["--key", "00ff", "--visible-key", "--channel", "a"], "key"),
        (&["--key-file", &path], "line 1"),
        (&["--sender", &"x".repeat(300)], "255"),
        (&["--codec", "h266"], "codec"),
        (&["--metadata", "nothing"], "parts are"),
        (&["--suite", "rot13"], "suite"),
        (
            &["--cipher-library", "/no/such/library"],
            "/no/such/library",
        ),
    ] {
        let output = mediaseal(&[&["explain", &path][..], args].concat());
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {said}");
        assert!(said.contains(says), "{args:?}: {said}");
    }
    assert_eq!(mediaseal(&["explain"]).status.code(), Some(2));
    assert_eq!(mediaseal(&[]).status.code(), Some(2));
}

#[test]
fn help_completions_and_manual_pages() {
    let help = String::from_utf8(mediaseal(&["explain", "--help"]).stdout).unwrap();
    assert!(
        help.contains("mediaseal explain call.pcapng") && help.contains("Exit status: 0"),
        "{help}"
    );
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = mediaseal(&["completions", shell]);
        assert!(
            output.status.success()
                && String::from_utf8(output.stdout)
                    .unwrap()
                    .contains("suspect-metadata"),
            "{shell}"
        );
    }
    let page = String::from_utf8(mediaseal(&["man", "explain"]).stdout).unwrap();
    assert!(
        page.contains(".TH") && page.contains("suspect\\-metadata"),
        "{page}"
    );
    assert!(
        String::from_utf8(mediaseal(&["man"]).stdout)
            .unwrap()
            .contains("mediaseal")
    );
    assert_eq!(mediaseal(&["man", "nothing"]).status.code(), Some(2));
}
