//! What comes out, as JSON has it: names here are for ever.

use std::collections::BTreeMap;

use mediaseal::KeyId;
use mediaseal::format::looks::Look;
use serde::Serialize;

use super::Track;
use super::facts::look_name;
use super::findings::{self, Finding, Severity};
use super::stream::{Frame, Stream};
use super::wire::Wire;
use super::world::Outcome;

/// The version of the JSON.
const VERSION: u32 = 1;

/// Everything that was found.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    version: u32,
    pub(crate) inputs: Vec<InputReport>,
    pub(crate) apart: Apart,
    /// Whether there were keys.
    pub(crate) has_keys: bool,
    pub(crate) streams: Vec<StreamReport>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) frames: Vec<FrameRow>,
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) frames_left_out: u64,
    pub(crate) findings: Vec<Finding>,
    pub(crate) verdict: &'static str,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// An input.
#[derive(Debug, Serialize)]
pub(crate) struct InputReport {
    pub(crate) name: String,
    /// pcap, pcapng or frames.
    pub(crate) format: &'static str,
    /// Packets of a capture, or frames.
    pub(crate) packets: u64,
    /// Why it could not be read to its end.
    pub(crate) damaged: Option<String>,
}

impl InputReport {
    pub(crate) fn capture(name: &str, format: &'static str) -> Self {
        Self {
            name: name.to_owned(),
            format,
            packets: 0,
            damaged: None,
        }
    }

    pub(crate) fn frames(name: &str, frames: usize) -> Self {
        Self {
            name: name.to_owned(),
            format: "frames",
            packets: u64::try_from(frames).unwrap_or(u64::MAX),
            damaged: None,
        }
    }
}

/// Packets that are no RTP, or that cannot be looked at.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Apart {
    pub(crate) stun: u64,
    pub(crate) dtls: u64,
    pub(crate) zrtp: u64,
    pub(crate) rtcp: u64,
    /// Packets through a TURN relay; those with RTP inside are looked at.
    pub(crate) turn_channel: u64,
    pub(crate) other_udp: u64,
    pub(crate) not_udp: u64,
    pub(crate) ip_fragments: u64,
    pub(crate) cut_by_capture: u64,
    pub(crate) malformed_rtp: u64,
    pub(crate) unknown_link: u64,
    /// Packets of streams beyond those that are looked at.
    pub(crate) streams_left_out: u64,
    /// Frames of flows beyond those that keys are tried on.
    pub(crate) flows_without_keys: u64,
}

/// What the frames of a stream are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// No frame was seen whole.
    NoFrames,
    Sframe,
    InClear,
    /// The frame cryptor of LiveKit or Jitsi.
    FrameCryptor,
    Dave,
    /// RTP packets with their headers, in frame files.
    RtpPackets,
    /// RTP payloads with the descriptor of fragments, in frame files.
    RtpFragments,
    NotRecognised,
}

/// A stream, or frames from a file.
#[derive(Debug, Serialize)]
pub(crate) struct StreamReport {
    /// The number of its input, from 0.
    pub(crate) input: usize,
    pub(crate) source: Option<String>,
    pub(crate) destination: Option<String>,
    pub(crate) ssrc: Option<String>,
    pub(crate) payload_type: Option<u8>,
    pub(crate) packets: u64,
    pub(crate) lost: u64,
    pub(crate) repeated: u64,
    /// Of them a second or more later.
    pub(crate) repeated_late: u64,
    pub(crate) wire: Option<Wire>,
    pub(crate) state: State,
    /// The codec of frames in clear, or of codec-aware ones.
    pub(crate) codec: Option<&'static str>,
    pub(crate) frames: u64,
    pub(crate) frames_incomplete: u64,
    pub(crate) looks: BTreeMap<&'static str, u64>,
    /// Frames that end as RTP padding does.
    pub(crate) padded: u64,
    pub(crate) kids: Vec<KidReport>,
    pub(crate) frames_of_more_kids: u64,
    /// Frames that were tried with a key.
    pub(crate) tried: u64,
    pub(crate) opened: u64,
    pub(crate) senders: BTreeMap<String, u64>,
    pub(crate) failed: Vec<FailureReport>,
}

/// Frames of one KID.
#[derive(Debug, Serialize)]
pub(crate) struct KidReport {
    pub(crate) kid: String,
    pub(crate) frames: u64,
    /// Counters are text: they have up to 64 bits, and many readers of JSON have 53.
    pub(crate) first_ctr: String,
    pub(crate) last_ctr: String,
    pub(crate) opened: u64,
    /// Its parts, if it is of a channel.
    pub(crate) channel: Option<KidParts>,
}

/// The parts of a channel's KID: docs/formats/keys.md.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct KidParts {
    pub(crate) session: String,
    pub(crate) period_mod_4: u64,
    pub(crate) generation_mod_16: u64,
    pub(crate) step_mod_16: u64,
}

impl KidParts {
    /// Splits a KID, unless it is so short that chance hardly made its 54 bits.
    pub(crate) fn of(kid: KeyId) -> Option<Self> {
        let value = kid.value();
        (value >> 32 != 0).then(|| Self {
            session: format!("{:#x}", value >> 10),
            period_mod_4: value >> 8 & 3,
            generation_mod_16: value >> 4 & 15,
            step_mod_16: value & 15,
        })
    }
}

/// Frames that were refused.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct FailureReport {
    pub(crate) reason: &'static str,
    pub(crate) text: String,
    pub(crate) frames: u64,
    /// Of them looked at one by one; the others failed in the same way as many of these.
    pub(crate) explained: u64,
    pub(crate) first_packet: u64,
}

/// A frame.
#[derive(Debug, Serialize)]
pub(crate) struct FrameRow {
    pub(crate) stream: usize,
    /// Number of its last packet in the capture, or of the frame in the file.
    pub(crate) packet: u64,
    pub(crate) time_us: Option<u64>,
    pub(crate) sequence: Option<u16>,
    pub(crate) timestamp: Option<u32>,
    pub(crate) octets: usize,
    pub(crate) look: &'static str,
    pub(crate) look_text: String,
    pub(crate) kid: Option<String>,
    pub(crate) ctr: Option<String>,
    /// opens, a reason, or nothing without keys.
    pub(crate) reason: Option<&'static str>,
    pub(crate) text: Option<String>,
}

impl FrameRow {
    pub(crate) fn new(
        stream: usize,
        frame: &Frame,
        looks: &[Look],
        claimed: Option<(KeyId, u64)>,
        outcome: &Outcome,
    ) -> Self {
        let (reason, text) = match outcome {
            Outcome::NotTried => (None, None),
            Outcome::Opened { sender, epoch } => {
                let of = epoch.map_or(String::new(), |(g, s)| {
                    format!(", generation {g}, step {s}")
                });
                (Some("opens"), Some(format!("it opens: {sender}{of}")))
            }
            Outcome::Refused { reason, text, .. } => (Some(*reason), Some(text.clone())),
        };
        Self {
            stream,
            packet: frame.number,
            time_us: frame.micros,
            sequence: frame.header.map(|header| header.sequence),
            timestamp: frame.header.map(|header| header.timestamp),
            octets: frame.octets.len(),
            look: looks.first().map_or("unknown", look_name),
            look_text: looks
                .first()
                .map_or_else(|| "nothing known".to_owned(), ToString::to_string),
            kid: claimed.map(|(kid, _)| kid.to_string()),
            ctr: claimed.map(|(_, ctr)| ctr.to_string()),
            reason,
            text,
        }
    }
}

impl Report {
    pub(super) fn of(
        inputs: Vec<InputReport>,
        tracks: Vec<Track>,
        apart: Apart,
        frames: Vec<FrameRow>,
        frames_left_out: u64,
        has_keys: bool,
    ) -> Self {
        let streams: Vec<_> = tracks.into_iter().map(StreamReport::of).collect();
        let findings = findings::all(&streams, &apart, &inputs);
        let has_faults = findings
            .iter()
            .any(|finding| finding.severity == Severity::Fault);
        Self {
            version: VERSION,
            inputs,
            apart,
            has_keys,
            streams,
            frames,
            frames_left_out,
            findings,
            verdict: if has_faults { "faults" } else { "well" },
        }
    }

    /// Tells whether anything is wrong.
    pub(crate) fn has_faults(&self) -> bool {
        self.verdict == "faults"
    }

    /// The inputs that could not be read to their end.
    pub(crate) fn damaged(&self) -> impl Iterator<Item = (&str, &str)> {
        self.inputs
            .iter()
            .filter_map(|input| Some((input.name.as_str(), input.damaged.as_deref()?)))
    }
}

impl StreamReport {
    fn of(track: Track) -> Self {
        let wire = track.stream.as_ref().and_then(Stream::wire);
        let mut facts = track.facts;
        let state = state(wire, &facts);
        let codec = match state {
            State::InClear => facts
                .plaintext
                .or((wire == Some(Wire::Opus)).then_some("opus")),
            _ => facts.carried,
        };
        let others = match state {
            State::FrameCryptor => Some((
                "frame_cryptor",
                "it is of LiveKit's or Jitsi's frame cryptor",
            )),
            State::Dave => Some(("dave", "it is of Discord's DAVE")),
            State::NotRecognised => Some((
                "not_recognised",
                "it is neither SFrame nor of a codec that is known here",
            )),
            _ => None,
        };
        facts.settle(codec.filter(|_| state == State::InClear), others);
        let stream = track.stream.as_ref();
        let key = stream.map(|stream| stream.key);
        Self {
            input: track.file,
            source: key.map(|key| key.flow.source.to_string()),
            destination: key.map(|key| key.flow.destination.to_string()),
            ssrc: key.map(|key| format!("{:#010x}", key.ssrc)),
            payload_type: key.map(|key| key.payload_type),
            packets: stream.map_or(0, |stream| stream.packets),
            lost: stream.map_or(0, Stream::lost),
            repeated: stream.map_or(0, Stream::repeated),
            repeated_late: stream.map_or(0, Stream::late),
            wire,
            state,
            codec,
            frames: facts.frames,
            frames_incomplete: stream.map_or(0, Stream::incomplete),
            looks: facts.looks,
            padded: facts.padded,
            kids: facts
                .kids
                .iter()
                .map(|known| KidReport {
                    kid: known.kid.to_string(),
                    frames: known.frames,
                    first_ctr: known.first_ctr.to_string(),
                    last_ctr: known.last_ctr.to_string(),
                    opened: known.opened,
                    channel: KidParts::of(known.kid),
                })
                .collect(),
            frames_of_more_kids: facts.more_kids,
            tried: facts.tried,
            opened: facts.opened,
            senders: facts.senders,
            failed: facts
                .failures
                .iter()
                .map(|failure| FailureReport {
                    reason: failure.reason,
                    text: failure.text.clone(),
                    frames: failure.frames,
                    explained: failure.explained,
                    first_packet: failure.first,
                })
                .collect(),
        }
    }

    /// How people call it.
    pub(crate) fn name(&self) -> String {
        match (&self.ssrc, self.payload_type) {
            (Some(ssrc), Some(payload_type)) => format!("SSRC {ssrc}, PT {payload_type}"),
            _ => format!("input {}", self.input + 1),
        }
    }

    /// What it is, in a few words.
    pub(crate) fn what(&self) -> String {
        let codec = self.codec.unwrap_or("a codec");
        match (self.state, self.wire) {
            (State::NoFrames, _) => "no whole frame".to_owned(),
            (State::Sframe, Some(Wire::Fragments)) => "SFrame, in fragments".to_owned(),
            (State::Sframe, Some(Wire::Packets)) => "SFrame, by packet".to_owned(),
            (State::Sframe, _) if self.codec.is_some() => format!("SFrame in {codec} frames"),
            (State::Sframe, _) => "SFrame".to_owned(),
            (State::InClear, _) => format!("{codec} IN CLEAR"),
            (State::FrameCryptor, _) => "LiveKit/Jitsi frame cryptor".to_owned(),
            (State::Dave, _) => "Discord DAVE".to_owned(),
            (State::RtpPackets, _) => "RTP packet with its header".to_owned(),
            (State::RtpFragments, _) => "RTP payload of SFrame".to_owned(),
            (State::NotRecognised, Some(Wire::H264)) => "H264 payloads, not recognised".to_owned(),
            (State::NotRecognised, Some(Wire::Vp8)) => "VP8 payloads, not recognised".to_owned(),
            (State::NotRecognised, _) => "not recognised".to_owned(),
        }
    }
}

/// What most frames of a stream are.
fn state(wire: Option<Wire>, facts: &super::facts::Facts) -> State {
    let count = |look: &str| facts.looks.get(look).copied().unwrap_or(0);
    let is_most = |some: u64| some * 2 > facts.frames;
    if facts.frames == 0 {
        return State::NoFrames;
    }
    // Ciphertext of ours has random octets at its end; whose every frame ends so is somebody else's.
    if facts.opened == 0 && facts.is_cryptor() {
        return State::FrameCryptor;
    }
    if facts.opened == 0 && facts.is_dave() {
        return State::Dave;
    }
    match wire {
        Some(Wire::Fragments | Wire::Packets) => State::Sframe,
        Some(Wire::Opus) => State::InClear,
        // Delta frames of VP8 have no mark; their key frames speak for all.
        Some(Wire::Vp8) if facts.carried.is_some() => State::Sframe,
        Some(Wire::Vp8) if facts.plaintext.is_some() => State::InClear,
        _ if facts.opened > 0 || is_most(count("codec_aware")) => State::Sframe,
        _ if is_most(count("plaintext")) => State::InClear,
        // Behind no header that was recognised, any octets begin like SFrame.
        Some(_) => State::NotRecognised,
        None if is_most(count("rtp_packet")) => State::RtpPackets,
        None if is_most(count("rtp_fragment")) => State::RtpFragments,
        None if is_most(count("sframe")) || is_most(count("rtp_padding")) => State::Sframe,
        None => State::NotRecognised,
    }
}
