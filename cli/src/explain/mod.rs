//! Why frames do not open: from files and captures to a report.
//!
//! ```text
//!  capture ──► network ──► stream ──► frames ──► world (keys) ──► facts ──► findings ──► report
//!  packets     datagrams   RTP, by     │  what opens, and why     by       what to do   table, JSON
//!              told apart  SSRC        │  the rest does not       stream
//!  files ──────────────────────────────┘
//! ```

pub(crate) mod capture;
mod facts;
mod findings;
pub(crate) mod metadata;
pub(crate) mod network;
mod payload;
mod reason;
mod report;
pub(crate) mod stream;
mod text;
mod wire;
mod world;

use std::collections::HashMap;
use std::io::Read;

use mediaseal::format::looks::{Look, looks};
use mediaseal::{Codec, Mode, NalFormat};

use capture::{Capture, Captured};
use facts::{Facts, claimed};
use metadata::Metadata;
use network::{Flow, Protocol, protocol};
use report::{Apart, FrameRow, InputReport};
use stream::{Frame, Packet, Stream, StreamKey};
use world::World;

pub(crate) use report::Report;
pub(crate) use wire::Wire;
pub(crate) use world::{Keyring, Outcome};

/// Most streams that are looked at; the packets of others are counted.
const MOST_STREAMS: usize = 512;
/// Most flows that get a receiver of their own.
const MOST_WORLDS: usize = 256;
/// Most frames that are explained one by one, in all: who made the capture does not say how long it takes.
const MOST_EXPLAINED: u64 = 10_000;
/// Most rows of single frames.
const MOST_ROWS: usize = 100_000;

/// A codec, and the streams that it is set for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CodecOf {
    pub(crate) stream: StreamName,
    pub(crate) codec: Codec,
}

/// How the command line names streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StreamName {
    All,
    PayloadType(u8),
    Ssrc(u32),
}

/// What to look at, and how.
pub(crate) struct Options {
    pub(crate) keyring: Keyring,
    pub(crate) wire: Option<Wire>,
    pub(crate) codecs: Vec<CodecOf>,
    pub(crate) metadata: Metadata,
    pub(crate) other_metadata: Vec<Metadata>,
    /// The time of frames that have none, in seconds since 1970.
    pub(crate) now: u64,
    /// Whether rows of single frames are kept.
    pub(crate) each: bool,
}

impl Options {
    fn codec_of(&self, header: Option<&stream::Header>) -> Option<Codec> {
        codec_of(&self.codecs, header)
    }
}

/// The codec that was named for a stream.
pub(crate) fn codec_of(codecs: &[CodecOf], header: Option<&stream::Header>) -> Option<Codec> {
    let fits = |name: StreamName| match (name, header) {
        (StreamName::All, _) => true,
        (StreamName::PayloadType(wanted), Some(header)) => wanted == header.payload_type,
        (StreamName::Ssrc(wanted), Some(header)) => wanted == header.ssrc,
        (_, None) => false,
    };
    // The last one that fits, so that exceptions follow the rule.
    codecs
        .iter()
        .rev()
        .find(|of| fits(of.stream))
        .map(|of| of.codec)
}

/// A stream and what is known of it.
pub(super) struct Track {
    pub(super) file: usize,
    /// Nothing for frames from files.
    pub(super) stream: Option<Stream>,
    pub(super) facts: Facts,
    /// Whether its world was told of its codec.
    codec_set: bool,
}

/// Looks at inputs, one after the other.
pub(crate) struct Explainer<'a> {
    options: &'a Options,
    inputs: Vec<InputReport>,
    tracks: Vec<Track>,
    index: HashMap<(usize, StreamKey), usize>,
    worlds: HashMap<(usize, Option<Flow>, bool), World>,
    apart: Apart,
    rows: Vec<FrameRow>,
    rows_left_out: u64,
    budget: u64,
}

impl<'a> Explainer<'a> {
    pub(crate) fn new(options: &'a Options) -> Self {
        Self {
            options,
            inputs: Vec::new(),
            tracks: Vec::new(),
            index: HashMap::new(),
            worlds: HashMap::new(),
            apart: Apart::default(),
            rows: Vec::new(),
            rows_left_out: 0,
            budget: MOST_EXPLAINED,
        }
    }

    /// Makes a receiver once, so that keys that cannot be used are said before anything is read.
    ///
    /// # Errors
    /// A sentence about the key.
    pub(crate) fn check_keys(&self) -> Result<(), String> {
        World::new(&self.options.keyring, Mode::Frame).map(drop)
    }

    /// Looks at frames from a file.
    pub(crate) fn frames(&mut self, name: &str, frames: &[Vec<u8>]) -> Result<(), String> {
        let file = self.inputs.len();
        self.inputs.push(InputReport::frames(name, frames.len()));
        let track = self.tracks.len();
        self.tracks.push(Track {
            file,
            stream: None,
            facts: Facts::default(),
            codec_set: false,
        });
        for (number, octets) in (1..).zip(frames) {
            let frame = Frame {
                octets: octets.clone(),
                header: None,
                number,
                micros: None,
            };
            self.look_at(track, &frame)?;
        }
        Ok(())
    }

    /// Looks at a capture. What is damaged is noted; what comes before is looked at all the same.
    ///
    /// # Errors
    /// If keys cannot be used.
    pub(crate) fn capture<R: Read>(
        &mut self,
        name: &str,
        capture: &mut Capture<R>,
    ) -> Result<(), String> {
        let file = self.inputs.len();
        self.inputs
            .push(InputReport::capture(name, capture.format()));
        let mut packets = 0;
        let mut failed = Ok(());
        let damaged = capture.read(|captured| {
            packets += 1;
            if failed.is_ok() {
                failed = self.packet(file, packets, captured);
            }
        });
        failed?;
        for track in 0..self.tracks.len() {
            if self.tracks[track].file == file {
                self.finish(track)?;
            }
        }
        if let Some(input) = self.inputs.get_mut(file) {
            input.packets = packets;
            input.damaged = damaged.err();
        }
        Ok(())
    }

    fn packet(&mut self, file: usize, number: u64, captured: &Captured<'_>) -> Result<(), String> {
        let (flow, payload, is_whole) = match network::packet(captured) {
            network::Packet::Datagram {
                flow,
                payload,
                is_whole,
            } => (flow, payload, is_whole),
            network::Packet::IpFragment => {
                self.apart.ip_fragments += 1;
                return Ok(());
            }
            network::Packet::NotUdp => {
                self.apart.not_udp += 1;
                return Ok(());
            }
            network::Packet::UnknownLink => {
                self.apart.unknown_link += 1;
                return Ok(());
            }
        };
        let mut carried = protocol(payload);
        if let Protocol::TurnChannel(inside) = carried {
            self.apart.turn_channel += 1;
            carried = protocol(inside);
            if matches!(carried, Protocol::Rtp) {
                return self.rtp(file, flow, number, captured.micros, inside, is_whole);
            }
        }
        match carried {
            Protocol::Stun => self.apart.stun += 1,
            Protocol::Zrtp => self.apart.zrtp += 1,
            Protocol::Dtls => self.apart.dtls += 1,
            Protocol::Rtcp => self.apart.rtcp += 1,
            Protocol::TurnChannel(_) | Protocol::Other => self.apart.other_udp += 1,
            Protocol::Rtp => {
                return self.rtp(file, flow, number, captured.micros, payload, is_whole);
            }
        }
        Ok(())
    }

    fn rtp(
        &mut self,
        file: usize,
        flow: Flow,
        number: u64,
        micros: Option<u64>,
        datagram: &[u8],
        is_whole: bool,
    ) -> Result<(), String> {
        if !is_whole {
            self.apart.cut_by_capture += 1;
            return Ok(());
        }
        let Some(packet) = Packet::parse(datagram, number, micros) else {
            self.apart.malformed_rtp += 1;
            return Ok(());
        };
        let key = StreamKey {
            flow,
            ssrc: packet.header.ssrc,
            payload_type: packet.header.payload_type,
        };
        let track = match self.index.get(&(file, key)) {
            Some(track) => *track,
            None if self.tracks.len() >= MOST_STREAMS => {
                self.apart.streams_left_out += 1;
                return Ok(());
            }
            None => {
                let wire = self.options.wire;
                self.tracks.push(Track {
                    file,
                    stream: Some(Stream::new(key, wire)),
                    facts: Facts::default(),
                    codec_set: false,
                });
                let track = self.tracks.len() - 1;
                self.index.insert((file, key), track);
                track
            }
        };
        let keyring = &self.options.keyring;
        let mut frames = Vec::new();
        if let Some(stream) = &mut self.tracks[track].stream {
            stream.push(packet, &|kid| keyring.knows(kid), &mut frames);
        }
        frames
            .iter()
            .try_for_each(|frame| self.look_at(track, frame))
    }

    fn finish(&mut self, track: usize) -> Result<(), String> {
        let keyring = &self.options.keyring;
        let mut frames = Vec::new();
        if let Some(stream) = &mut self.tracks[track].stream {
            stream.finish(&|kid| keyring.knows(kid), &mut frames);
        }
        frames
            .iter()
            .try_for_each(|frame| self.look_at(track, frame))
    }

    fn look_at(&mut self, number: usize, frame: &Frame) -> Result<(), String> {
        let looks = looks(&frame.octets);
        let outcome = self.diagnose(number, frame, &looks)?;
        let track = &mut self.tracks[number];
        let wire = track.stream.as_ref().and_then(Stream::wire);
        let is_sframe = matches!(wire, Some(Wire::Fragments | Wire::Packets));
        let claimed = claimed(&frame.octets, &looks, is_sframe);
        track.facts.add(frame, &looks, claimed, &outcome);
        if self.options.each {
            if self.rows.len() < MOST_ROWS {
                self.rows
                    .push(FrameRow::new(number, frame, &looks, claimed, &outcome));
            } else {
                self.rows_left_out += 1;
            }
        }
        Ok(())
    }

    fn diagnose(
        &mut self,
        number: usize,
        frame: &Frame,
        looks: &[Look],
    ) -> Result<Outcome, String> {
        let keyring = &self.options.keyring;
        if keyring.keys.is_empty() {
            return Ok(Outcome::NotTried);
        }
        let track = &mut self.tracks[number];
        let flow = track.stream.as_ref().map(|stream| stream.key.flow);
        let wire = track.stream.as_ref().and_then(Stream::wire);
        let codec = self.options.codec_of(frame.header.as_ref());
        // A stream in a payload format is of its codec, unless it is said otherwise.
        let codec = codec.or(match wire {
            Some(Wire::H264) => Some(Codec::H264(NalFormat::AnnexB)),
            Some(Wire::Vp8) => Some(Codec::Vp8),
            _ => None,
        });
        let codec = codec.or_else(|| match looks.first() {
            // Frames from files say it themselves.
            Some(Look::CodecAware { codec, .. }) if wire.is_none() => Some(*codec),
            _ => None,
        });
        let is_packets = wire == Some(Wire::Packets) && codec.is_none();
        // Frames of all files are of one receiver.
        let file = if flow.is_some() {
            track.file
        } else {
            usize::MAX
        };
        let place = (file, flow, is_packets);
        if !self.worlds.contains_key(&place) {
            if self.worlds.len() >= MOST_WORLDS {
                self.apart.flows_without_keys += 1;
                return Ok(Outcome::NotTried);
            }
            let mode = if is_packets {
                Mode::PACKET_1200
            } else {
                Mode::Frame
            };
            self.worlds.insert(place, World::new(keyring, mode)?);
        }
        let Some(world) = self.worlds.get_mut(&place) else {
            return Ok(Outcome::NotTried);
        };
        let name = u32::try_from(number).unwrap_or(u32::MAX);
        if let Some(codec) = codec
            && !track.codec_set
        {
            track.codec_set = true;
            world
                .set_codec(name, codec)
                .map_err(|error| error.to_string())?;
        }
        world.tick(
            frame
                .micros
                .map_or(self.options.now, |micros| micros / 1_000_000),
        );
        let metadata = self.options.metadata.octets(frame.header.as_ref());
        let others: Vec<_> = self
            .options
            .other_metadata
            .iter()
            .map(|other| other.octets(frame.header.as_ref()))
            .collect();
        let others: Vec<_> = others.iter().map(Vec::as_slice).collect();
        Ok(world.diagnose(name, &frame.octets, &metadata, &others, &mut self.budget))
    }

    /// Ends, and reports.
    pub(crate) fn report(self) -> Report {
        Report::of(
            self.inputs,
            self.tracks,
            self.apart,
            self.rows,
            self.rows_left_out,
            !self.options.keyring.keys.is_empty(),
        )
    }
}
