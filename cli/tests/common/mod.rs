//! Calls as captures have them: media of `examples/media`, sealed by the library, in real packets, written by the crate that others read captures with.
#![allow(dead_code, reason = "each test takes what it needs")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use etherparse::PacketBuilder;
use mediaseal::format::rtp::{Content, Fragments};
use mediaseal::{
    Channel, ChannelConfig, ChannelEncryptor, ChannelKey, ChannelStore, FrameInfo, Media, Mode,
    NewGeneration, SenderId,
};
use pcap_file::pcap::{PcapHeader, PcapPacket, PcapWriter};
use pcap_file::pcapng::PcapNgWriter;
use pcap_file::pcapng::blocks::enhanced_packet::EnhancedPacketBlock;
use pcap_file::pcapng::blocks::interface_description::InterfaceDescriptionBlock;
use pcap_file::{DataLink, Endianness};
use rtp_types::RtpPacketBuilder;
use serde_json::Value;

pub(crate) const NOW: u64 = 1_800_000_000;
/// Keys that are easily recognised where they must not be.
pub(crate) const KEY: &str = "c0ffee00c0ffee01c0ffee02c0ffee03c0ffee04c0ffee05c0ffee06c0ffee07";
pub(crate) const OTHER_KEY: &str =
    "deadbe00deadbe01deadbe02deadbe03deadbe04deadbe05deadbe06deadbe07";

/// A member of a channel who seals.
pub(crate) struct Member {
    pub(crate) store: ChannelStore,
    pub(crate) channel: Channel,
}

impl Member {
    pub(crate) fn new(id: &str, key: &str, generation: u64) -> Self {
        Self::with(ChannelConfig::new(id).unwrap(), key, generation)
    }

    pub(crate) fn with(config: ChannelConfig, key: &str, generation: u64) -> Self {
        let store = ChannelStore::new().unwrap();
        let channel = store.channel(config).unwrap();
        let key = ChannelKey::from_hex(key).unwrap();
        channel.stage(NewGeneration::new(generation, key)).unwrap();
        store.tick(NOW).unwrap();
        channel.activate(generation).unwrap();
        Self { store, channel }
    }

    pub(crate) fn encryptor(&self, sender: &str, media: Media) -> ChannelEncryptor {
        let sender = SenderId::new(sender).unwrap();
        ChannelEncryptor::for_channel(&self.channel, sender, media, Mode::Frame).unwrap()
    }
}

/// Frames of speech, as libopus made them.
pub(crate) fn speech() -> Vec<Vec<u8>> {
    let file = std::fs::File::open(media("speech.ogg")).unwrap();
    let mut reader = ogg::PacketReader::new(file);
    let mut frames = Vec::new();
    while let Some(packet) = reader.read_packet().unwrap() {
        frames.push(packet.data);
    }
    // Two headers come first.
    frames.split_off(2)
}

/// A file of `examples/media`.
pub(crate) fn media(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../examples/media")
        .join(name)
}

/// The link that a capture was taken on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    Ethernet,
    /// An interface that gives IP packets.
    Raw,
    /// "any" of older tcpdumps.
    Cooked,
    /// "any" of newer ones.
    Cooked2,
    /// IPv6 in Ethernet.
    Ipv6,
}

impl Link {
    fn kind(self) -> DataLink {
        match self {
            Self::Ethernet | Self::Ipv6 => DataLink::ETHERNET,
            Self::Raw => DataLink::RAW,
            Self::Cooked => DataLink::LINUX_SLL,
            Self::Cooked2 => DataLink::LINUX_SLL2,
        }
    }

    pub(crate) fn packet(self, payload: &[u8]) -> Vec<u8> {
        let mut octets = Vec::new();
        match self {
            Self::Ethernet => {
                let link = PacketBuilder::ethernet2([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]);
                let udp = link
                    .ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64)
                    .udp(40_000, 50_000);
                udp.write(&mut octets, payload).unwrap();
                // Short ones are filled up.
                octets.resize(octets.len().max(60), 0);
            }
            Self::Ipv6 => {
                let link = PacketBuilder::ethernet2([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]);
                let udp = link.ipv6([1; 16], [2; 16], 64).udp(40_000, 50_000);
                udp.write(&mut octets, payload).unwrap();
            }
            Self::Raw | Self::Cooked | Self::Cooked2 => {
                match self {
                    Self::Cooked => octets.extend([0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0]),
                    Self::Cooked2 => {
                        octets.extend([8, 0, 0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0]);
                    }
                    _ => {}
                }
                let udp = PacketBuilder::ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64).udp(40_000, 50_000);
                udp.write(&mut octets, payload).unwrap();
            }
        }
        octets
    }
}

/// Datagrams of a call, in their order.
#[derive(Default)]
pub(crate) struct Datagrams(pub(crate) Vec<Vec<u8>>);

impl Datagrams {
    /// Adds an RTP packet.
    pub(crate) fn rtp(
        &mut self,
        ssrc: u32,
        sequence: u16,
        timestamp: u32,
        marker: bool,
        payload: &[u8],
    ) {
        let mut datagram = vec![0; 12 + payload.len()];
        let packet = RtpPacketBuilder::<&[u8], &[u8]>::new()
            .ssrc(ssrc)
            .sequence_number(sequence)
            .timestamp(timestamp)
            .payload_type(96)
            .marker_bit(marker);
        packet.write_into(&mut datagram).unwrap();
        datagram[12..].copy_from_slice(payload);
        self.0.push(datagram);
    }

    /// Adds an SFrame ciphertext in payloads of at most 400 octets; `change` may spoil them. Returns the next sequence number.
    pub(crate) fn fragments(
        &mut self,
        ssrc: u32,
        sequence: u16,
        timestamp: u32,
        sealed: &[u8],
    ) -> u16 {
        let mut next = sequence;
        for fragment in Fragments::new(sealed, Content::Frame, 400).unwrap() {
            let mut payload = vec![0; fragment.payload_len()];
            fragment.write_to(&mut payload).unwrap();
            self.rtp(ssrc, next, timestamp, fragment.is_last(), &payload);
            next = next.wrapping_add(1);
        }
        next
    }

    /// Adds a stream of sealed frames, 20 ms each.
    pub(crate) fn stream(&mut self, ssrc: u32, sealed: &[Vec<u8>]) {
        let mut sequence = 65_530;
        for (timestamp, frame) in (0..).step_by(960).zip(sealed) {
            sequence = self.fragments(ssrc, sequence, timestamp, frame);
        }
    }

    /// What else is on the wire of a call.
    pub(crate) fn others(&mut self) {
        // A binding request, a sender report, a handshake, name lookup.
        self.0
            .push([&[0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42][..], &[7; 12]].concat());
        self.0.push([&[0x80, 200, 0, 6][..], &[1; 24]].concat());
        self.0
            .push([&[22, 0xfe, 0xfd, 0, 0][..], &[0; 40]].concat());
        self.0
            .push([&[0x12, 0x34, 1, 0, 0, 1][..], &[0; 20]].concat());
    }

    /// Writes them as pcap.
    pub(crate) fn pcap(&self, link: Link, endianness: Endianness) -> Vec<u8> {
        let header = PcapHeader {
            datalink: link.kind(),
            endianness,
            ..PcapHeader::default()
        };
        let mut writer = PcapWriter::with_header(Vec::new(), header).unwrap();
        for (number, datagram) in (0..).zip(&self.0) {
            let octets = link.packet(datagram);
            let time = Duration::from_secs(NOW) + Duration::from_millis(number);
            let len = u32::try_from(octets.len()).unwrap();
            writer
                .write_packet(&PcapPacket::new(time, len, &octets))
                .unwrap();
        }
        writer.into_writer()
    }

    /// Writes them as pcapng.
    pub(crate) fn pcapng(&self, link: Link, endianness: Endianness) -> Vec<u8> {
        let mut writer = PcapNgWriter::with_endianness(Vec::new(), endianness).unwrap();
        let interface = InterfaceDescriptionBlock::new(link.kind(), 0);
        writer.write_pcapng_block(interface).unwrap();
        for (number, datagram) in (0..).zip(&self.0) {
            let octets = link.packet(datagram);
            let micros = NOW * 1_000_000 + number * 1000;
            let block = EnhancedPacketBlock {
                interface_id: 0,
                // The crate writes these nanoseconds as the units of the interface, which are microseconds.
                timestamp: Duration::from_nanos(micros),
                original_len: u32::try_from(octets.len()).unwrap(),
                data: octets.into(),
                options: Vec::new(),
            };
            writer.write_pcapng_block(block).unwrap();
        }
        writer.into_inner()
    }
}

/// Seals frames, one after the other.
pub(crate) fn seal(encryptor: &mut ChannelEncryptor, frames: &[Vec<u8>]) -> Vec<Vec<u8>> {
    frames
        .iter()
        .map(|frame| {
            encryptor
                .encrypt_to_vec(&FrameInfo::default(), frame)
                .unwrap()
        })
        .collect()
}

/// A file below the folder for this.
pub(crate) fn file(name: &str, octets: &[u8]) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, octets).unwrap();
    path
}

/// Runs the command.
pub(crate) fn mediaseal(args: &[&str]) -> Output {
    with_input(args, &[])
}

/// Runs the command with octets on standard input.
pub(crate) fn with_input(args: &[&str], input: &[u8]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mediaseal"));
    let command = command
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || {
        // Who does not read it to its end had enough.
        let _written = stdin.write_all(&input);
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    for secret in [KEY, OTHER_KEY] {
        let all = [&output.stdout[..], &output.stderr].concat();
        let front = &secret.as_bytes()[..16];
        assert!(
            !all.windows(16)
                .any(|window| window.eq_ignore_ascii_case(front)),
            "a key was shown"
        );
    }
    output
}

/// The exit status and the JSON that it printed.
pub(crate) fn json(args: &[&str]) -> (i32, Value) {
    let output = mediaseal(&[args, &["--json"]].concat());
    let status = output.status.code().unwrap();
    let parsed = serde_json::from_slice(&output.stdout);
    (
        status,
        parsed
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr))),
    )
}

/// The stream of this SSRC.
#[track_caller]
pub(crate) fn stream(report: &Value, ssrc: u32) -> &Value {
    let name = format!("{ssrc:#010x}");
    let mut all = report["streams"].as_array().unwrap().iter();
    all.find(|stream| stream["ssrc"] == *name)
        .unwrap_or_else(|| panic!("no stream {name} in {report:#}"))
}

/// Reasons and how many frames each has.
pub(crate) fn failed(stream: &Value) -> Vec<(&str, u64)> {
    let failed = stream["failed"].as_array().unwrap().iter();
    failed
        .map(|failure| {
            (
                failure["reason"].as_str().unwrap(),
                failure["frames"].as_u64().unwrap(),
            )
        })
        .collect()
}
