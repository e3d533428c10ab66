//! From the packets of a call to the tracks of a recording.
//!
//! ```text
//!  datagrams ──► streams, by SSRC ──► frames put together ──► a track a stream ──► Writer
//! ```
//!
//! A stream becomes a track if its frames are of the recording's profile: ciphertext in `frames`, media in `media`. Others are left out, and said.

use std::collections::HashMap;

use mediaseal::format::looks::{Look, looks};
use mediaseal::vault::recording::{Closed, Frame, Profile, RecordingError, TrackFormat, Writer};
use mediaseal::{Codec, KeyId, NalFormat, SenderId};
use serde::Serialize;

use crate::explain::metadata::Metadata;
use crate::explain::network::{Flow, Protocol, protocol};
use crate::explain::stream::{self, Packet, Stream, StreamKey};
use crate::explain::{CodecOf, Wire, codec_of};

/// Most streams that are recorded: who sends packets can name any SSRC, and each may take 2 MiB to put frames together.
const MOST_STREAMS: usize = 256;

/// What the command line says of streams.
pub(crate) struct Settings {
    pub(crate) profile: Profile,
    pub(crate) wire: Option<Wire>,
    pub(crate) codecs: Vec<CodecOf>,
    /// Names of senders by SSRC.
    pub(crate) senders: HashMap<u32, SenderId>,
    /// What the senders bound each frame to.
    pub(crate) metadata: Metadata,
}

/// Records streams.
pub(crate) struct Recorder {
    writer: Writer,
    settings: Settings,
    streams: HashMap<StreamKey, Recorded>,
    tracks: u16,
    pub(crate) counts: Counts,
    /// Sessions that were seen since they were asked for last, and that nobody was granted.
    pub(crate) missing: Vec<KeyId>,
}

/// What was recorded and what was not.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Counts {
    pub(crate) frames: u64,
    pub(crate) octets: u64,
    /// Datagrams that were no RTP.
    pub(crate) other_datagrams: u64,
    /// Packets of streams that were one too many.
    pub(crate) streams_left_out: u64,
    /// Frames of streams that are not of the recording's profile.
    pub(crate) frames_left_out: u64,
    /// Frames that are longer than a recording takes.
    pub(crate) frames_too_long: u64,
    /// Packets that did not come.
    pub(crate) packets_lost: u64,
    /// Frames of which pieces did not come.
    pub(crate) frames_incomplete: u64,
}

struct Recorded {
    stream: Stream,
    track: Track,
}

#[derive(Clone)]
enum Track {
    /// Nothing came yet that would say.
    Unknown,
    Number {
        number: u16,
        sender: SenderId,
        format: TrackFormat,
    },
    LeftOut,
}

/// A track as it was recorded, or a stream that was not.
#[derive(Serialize)]
pub(crate) struct TrackReport {
    /// Nothing if the stream was left out.
    pub(crate) track: Option<u16>,
    pub(crate) ssrc: String,
    pub(crate) payload_type: u8,
    pub(crate) wire: Option<Wire>,
    pub(crate) codec: Option<String>,
    pub(crate) sender: Option<String>,
    pub(crate) packets: u64,
    pub(crate) packets_lost: u64,
    pub(crate) frames_incomplete: u64,
}

impl Recorder {
    pub(crate) fn new(writer: Writer, settings: Settings) -> Self {
        Self {
            writer,
            settings,
            streams: HashMap::new(),
            tracks: 0,
            counts: Counts::default(),
            missing: Vec::new(),
        }
    }

    /// Takes what came in a UDP datagram at a time, in microseconds since 1970.
    pub(crate) fn datagram(
        &mut self,
        flow: Flow,
        datagram: &[u8],
        micros: u64,
    ) -> Result<(), RecordingError> {
        let inside = match protocol(datagram) {
            Protocol::TurnChannel(inside) => inside,
            _ => datagram,
        };
        let packet = match protocol(inside) {
            Protocol::Rtp => Packet::parse(inside, 0, Some(micros)),
            _ => None,
        };
        let Some(packet) = packet else {
            self.counts.other_datagrams += 1;
            return Ok(());
        };
        let key = StreamKey {
            flow,
            ssrc: packet.header.ssrc,
            payload_type: packet.header.payload_type,
        };
        if !self.streams.contains_key(&key) && self.streams.len() >= MOST_STREAMS {
            self.counts.streams_left_out += 1;
            return Ok(());
        }
        let wire = self.settings.wire;
        let recorded = self.streams.entry(key).or_insert_with(|| Recorded {
            stream: Stream::new(key, wire),
            track: Track::Unknown,
        });
        let mut frames = Vec::new();
        recorded.stream.push(packet, &|_| false, &mut frames);
        self.frames(key, frames)
    }

    /// Commits what has waited long enough.
    pub(crate) fn tick(&mut self) -> Result<(), RecordingError> {
        self.writer.tick()
    }

    /// Ends all streams and closes the recording.
    pub(crate) fn finish(mut self) -> Result<(Closed, Counts, Vec<TrackReport>), RecordingError> {
        let mut keys: Vec<StreamKey> = self.streams.keys().copied().collect();
        keys.sort_unstable_by_key(|key| (key.ssrc, key.payload_type, key.flow));
        for key in &keys {
            let mut frames = Vec::new();
            if let Some(recorded) = self.streams.get_mut(key) {
                recorded.stream.finish(&|_| false, &mut frames);
            }
            self.frames(*key, frames)?;
        }
        let mut reports = Vec::new();
        for key in keys {
            if let Some(recorded) = self.streams.get(&key) {
                self.counts.packets_lost += recorded.stream.lost();
                self.counts.frames_incomplete += recorded.stream.incomplete();
                reports.push(TrackReport::of(recorded));
            }
        }
        reports.sort_by_key(|report| (report.track.is_none(), report.track));
        let closed = self.writer.finish()?;
        Ok((closed, self.counts, reports))
    }

    fn frames(&mut self, key: StreamKey, frames: Vec<stream::Frame>) -> Result<(), RecordingError> {
        for frame in frames {
            self.frame(key, &frame)?;
        }
        Ok(())
    }

    fn frame(&mut self, key: StreamKey, frame: &stream::Frame) -> Result<(), RecordingError> {
        let Some(recorded) = self.streams.get(&key) else {
            return Ok(());
        };
        let mut track = recorded.track.clone();
        if matches!(track, Track::Unknown) {
            let wire = recorded.stream.wire();
            track = self.begin(key, wire, frame)?;
            if let Some(recorded) = self.streams.get_mut(&key) {
                recorded.track = track.clone();
            }
        }
        let Track::Number {
            number,
            sender,
            format,
        } = &track
        else {
            self.counts.frames_left_out += 1;
            return Ok(());
        };
        let metadata = self.settings.metadata.octets(frame.header.as_ref());
        let written = self.writer.write_frame(&Frame {
            track: *number,
            sender,
            micros: frame.micros.unwrap_or(0),
            key_frame: is_key_frame(*format, &frame.octets),
            metadata: &metadata,
            octets: &frame.octets,
        });
        match written {
            Ok(written) => {
                self.counts.frames += 1;
                self.counts.octets += frame.octets.len() as u64;
                self.missing.extend(written.missing_grant);
                Ok(())
            }
            Err(RecordingError::FrameTooLong { .. }) => {
                self.counts.frames_too_long += 1;
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Makes a track of a stream, if its first frame is of the recording's profile.
    fn begin(
        &mut self,
        key: StreamKey,
        wire: Option<Wire>,
        frame: &stream::Frame,
    ) -> Result<Track, RecordingError> {
        let named = codec_of(&self.settings.codecs, frame.header.as_ref());
        let format =
            wire.and_then(|wire| format(self.settings.profile, wire, named, &frame.octets));
        let Some(format) = format else {
            return Ok(Track::LeftOut);
        };
        let number = self.tracks;
        self.writer.add_track(number, format)?;
        self.tracks += 1;
        let name = self.settings.senders.get(&key.ssrc).cloned();
        Ok(Track::Number {
            number,
            sender: name.unwrap_or_else(|| unnamed(key.ssrc)),
            format,
        })
    }
}

/// The sender of a stream that nobody named.
fn unnamed(ssrc: u32) -> SenderId {
    SenderId::new(format!("ssrc-{ssrc:08x}")).unwrap_or_default()
}

/// What a track of such frames is; nothing if they are not of the profile.
fn format(
    profile: Profile,
    wire: Wire,
    named: Option<Codec>,
    octets: &[u8],
) -> Option<TrackFormat> {
    let is_media = profile == Profile::Media;
    match wire {
        Wire::Fragments | Wire::Packets if is_media => None,
        Wire::Fragments | Wire::Packets => Some(TrackFormat::of(named.unwrap_or(Codec::Opaque))),
        Wire::H264 if is_media => Some(TrackFormat::of(Codec::H264(NalFormat::AnnexB))),
        Wire::Vp8 if is_media => Some(TrackFormat::of(Codec::Vp8)),
        Wire::Opus if is_media => Some(TrackFormat::of(Codec::Opus)),
        Wire::Other if is_media => named.map(TrackFormat::of),
        Wire::H264 | Wire::Vp8 | Wire::Opus | Wire::Other => {
            looks(octets).iter().find_map(|look| match look {
                Look::CodecAware { codec, .. } => Some(TrackFormat::codec_aware(*codec)),
                _ => None,
            })
        }
    }
}

/// Whether decoding can begin with a frame, as far as what is in clear of it says.
fn is_key_frame(format: TrackFormat, octets: &[u8]) -> bool {
    match format.codec() {
        // IDR pictures (ITU-T H.264 table 7-1).
        Some(Codec::H264(NalFormat::AnnexB)) => octets
            .windows(4)
            .any(|four| four[..3] == [0, 0, 1] && four[3] & 0x1f == 5),
        // RFC 6386 section 9.1.
        Some(Codec::Vp8) => octets.first().is_some_and(|tag| tag & 1 == 0),
        Some(Codec::Opus) => true,
        _ => false,
    }
}

impl TrackReport {
    fn of(recorded: &Recorded) -> Self {
        let stream = &recorded.stream;
        let (track, codec, sender) = match &recorded.track {
            Track::Number {
                number,
                sender,
                format,
            } => (
                Some(*number),
                Some(crate::recordings::codec_name(*format)),
                Some(sender.to_string()),
            ),
            _ => (None, None, None),
        };
        Self {
            track,
            ssrc: format!("{:#010x}", stream.key.ssrc),
            payload_type: stream.key.payload_type,
            wire: stream.wire(),
            codec,
            sender,
            packets: stream.packets,
            packets_lost: stream.lost(),
            frames_incomplete: stream.incomplete(),
        }
    }
}
