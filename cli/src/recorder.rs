//! From the packets of a call to the tracks of a recording.
//!
//! ```text
//!  datagrams ──► streams, by SSRC ──► frames put together ──► a track a stream ──► Writer
//! ```
//!
//! A stream becomes a track if its frames are of the recording's profile: ciphertext in `frames`, media in `media`. Others are left out, and said.

use std::cmp::Reverse;
use std::collections::HashMap;

use mediaseal::format::looks::{Look, looks};
use mediaseal::vault::recording::{Closed, Frame, Profile, RecordingError, TrackFormat, Writer};
use mediaseal::{Codec, KeyId, NalFormat, SenderId};
use serde::Serialize;

use crate::explain::metadata::Metadata;
use crate::explain::network::{Flow, Protocol, protocol};
use crate::explain::stream::{self, Packet, Stream, StreamKey};
use crate::explain::{CodecOf, Wire, codec_of};

/// Most streams that are recorded: who sends packets can name any SSRC.
const MOST_STREAMS: usize = 256;
/// Most octets that wait in all of them to become frames: as many as the rings take of that many streams, 2 MiB each.
const MOST_OCTETS: usize = MOST_STREAMS * (2 << 20);

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
    /// Streams that ever came.
    came: u64,
    /// Octets that wait in all streams.
    held: usize,
    /// Most of them.
    most: usize,
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
    /// Datagrams that came faster than they could be written.
    pub(crate) datagrams_dropped: u64,
    /// Packets that a capture has not all of: cut off by it, or pieces of IP packets.
    pub(crate) packets_truncated: u64,
    /// Packets of streams that were one too many, or made room for others before anything of them was recorded.
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

impl Counts {
    /// Whether all that came is recorded, as far as the recorder can know. Packets that did not come are not its loss where frames are whole without them.
    pub(crate) const fn is_all(&self) -> bool {
        self.datagrams_dropped == 0
            && self.packets_truncated == 0
            && self.streams_left_out == 0
            && self.frames_left_out == 0
            && self.frames_too_long == 0
            && self.frames_incomplete == 0
    }
}

struct Recorded {
    stream: Stream,
    track: Track,
    /// Which stream it was.
    came: u64,
    /// Octets that wait in it.
    held: usize,
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
            came: 0,
            held: 0,
            most: MOST_OCTETS,
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
        let is_full = self.streams.len() >= MOST_STREAMS && !self.streams.contains_key(&key);
        if is_full && !self.make_room() {
            self.counts.streams_left_out += 1;
            return Ok(());
        }
        let wire = self.settings.wire;
        let came = &mut self.came;
        let recorded = self.streams.entry(key).or_insert_with(|| {
            *came += 1;
            Recorded {
                stream: Stream::new(key, wire),
                track: Track::Unknown,
                came: *came,
                held: 0,
            }
        });
        let mut frames = Vec::new();
        recorded.stream.push(packet, &|_| false, &mut frames);
        let held = recorded.stream.held();
        self.held = self.held - recorded.held + held;
        recorded.held = held;
        self.give_up_frames();
        self.frames(key, frames)
    }

    /// Forgets a stream of which nothing is recorded: one that is left out, else the one that sent least, and of those the one that came first. So whoever
    /// makes up streams shuts nobody out who sends.
    fn make_room(&mut self) -> bool {
        let idle = self.streams.iter().filter_map(|(key, recorded)| {
            let is_unknown = match recorded.track {
                Track::Number { .. } => return None,
                Track::Unknown => true,
                Track::LeftOut => false,
            };
            Some((is_unknown, recorded.stream.packets, recorded.came, *key))
        });
        let least =
            idle.min_by_key(|(is_unknown, packets, came, _)| (*is_unknown, *packets, *came));
        let Some((is_unknown, packets, _, key)) = least else {
            return false;
        };
        if let Some(forgotten) = self.streams.remove(&key) {
            self.held -= forgotten.held;
        }
        if is_unknown {
            self.counts.streams_left_out += packets;
        }
        true
    }

    /// Gives up frames in the making, the largest first, until what waits is within bounds.
    fn give_up_frames(&mut self) {
        while self.held > self.most {
            let streams = self.streams.values_mut();
            let largest =
                streams.max_by_key(|recorded| (recorded.stream.gathered(), Reverse(recorded.came)));
            let Some(largest) = largest.filter(|recorded| recorded.stream.gathered() > 0) else {
                // Rings are within bounds, however many there are.
                break;
            };
            largest.stream.give_up();
            let held = largest.stream.held();
            self.held = self.held - largest.held + held;
            largest.held = held;
        }
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
                self.counts.frames_incomplete += recorded.stream.lost_frames();
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
            frames_incomplete: stream.lost_frames(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};
    use std::path::PathBuf;
    use std::sync::Arc;

    use mediaseal::vault::SystemClock;
    use mediaseal::vault::grant::{Identity, Kem, Signer};
    use mediaseal::vault::recording::{Cobblestone, LocalStorage, NewRecording};

    use super::*;

    /// A recorder of media into a folder that is gone afterwards.
    struct Recording {
        recorder: Recorder,
        folder: PathBuf,
    }

    impl Recording {
        fn new(name: &str, wire: Option<Wire>) -> Self {
            let name = format!("mediaseal-recorder-{name}-{}", std::process::id());
            let folder = std::env::temp_dir().join(name);
            let storage = Arc::new(LocalStorage::create(&folder).unwrap());
            let signer = Arc::new(Signer::generate().unwrap());
            let (profile, suite) = (Profile::Media, Cobblestone::default());
            let mut new = NewRecording::draw(profile, suite, "", signer, &SystemClock).unwrap();
            let owner = Identity::generate(Kem::X25519).unwrap();
            new.add_recipient(owner.recipient()).unwrap();
            let settings = Settings {
                profile,
                wire,
                codecs: Vec::new(),
                senders: HashMap::new(),
                metadata: Metadata::default(),
            };
            let writer = new.start(storage, Arc::new(SystemClock)).unwrap();
            Self {
                recorder: Recorder::new(writer, settings),
                folder,
            }
        }

        fn rtp(&mut self, ssrc: u32, sequence: u16, marker: bool, payload: &[u8]) {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 5_004));
            let flow = Flow {
                source: address,
                destination: address,
            };
            let mut packet = vec![0x80, 96 | u8::from(marker) << 7];
            packet.extend(sequence.to_be_bytes());
            packet.extend([0, 0, 0, 9]);
            packet.extend(ssrc.to_be_bytes());
            packet.extend(payload);
            self.recorder.datagram(flow, &packet, 0).unwrap();
        }
    }

    impl Drop for Recording {
        fn drop(&mut self) {
            std::fs::remove_dir_all(&self.folder).ok();
        }
    }

    #[test]
    fn whoever_makes_up_streams_shuts_nobody_out() {
        let mut recording = Recording::new("streams", Some(Wire::H264));
        for ssrc in 0..1_000 {
            // A piece of a frame that never ends.
            recording.rtp(ssrc, 1, false, &[0x7c, 0x85, 3, 4]);
        }
        recording.rtp(0xaaaa_0001, 1, true, &[0x65, 1, 2, 3]);
        recording.rtp(0xaaaa_0001, 2, true, &[0x65, 1, 2, 4]);
        assert_eq!(recording.recorder.counts.frames, 2);
        for ssrc in 1_000..2_000 {
            recording.rtp(ssrc, 1, false, &[0x7c, 0x85, 3, 4]);
        }
        // Who is recorded stays.
        recording.rtp(0xaaaa_0001, 3, true, &[0x65, 1, 2, 5]);
        let recorder = &recording.recorder;
        assert_eq!((recorder.counts.frames, recorder.tracks), (3, 1));
        assert_eq!(recorder.streams.len(), MOST_STREAMS);
        let left_out = recorder.counts.streams_left_out;
        assert_eq!(left_out, 2_001 - MOST_STREAMS as u64);
        assert!(!recorder.counts.is_all());
        let held: usize = { recorder.streams.values() }
            .map(|recorded| recorded.stream.held())
            .sum();
        assert_eq!(recorder.held, held);
    }

    #[test]
    fn frames_in_the_making_are_within_one_bound() {
        let mut recording = Recording::new("bound", Some(Wire::H264));
        recording.recorder.most = 1 << 20;
        let piece = [&[0x7c, 0x05][..], &[7; 1_000]].concat();
        for ssrc in 0..40 {
            recording.rtp(ssrc, 0, true, &[0x65, 1, 2, 3]);
            recording.rtp(ssrc, 1, false, &[0x7c, 0x85, 3, 4]);
            for sequence in 2..100 {
                recording.rtp(ssrc, sequence, false, &piece);
                assert!(recording.recorder.held <= 1 << 20);
            }
        }
        // The last one is whole; the others were larger when room was needed.
        recording.rtp(39, 100, true, &[0x7c, 0x45, 5]);
        assert_eq!(recording.recorder.counts.frames, 41);
        recording.rtp(0, 100, true, &[0x7c, 0x45, 5]);
        assert_eq!(recording.recorder.counts.frames, 41);
        let streams = recording.recorder.streams.values();
        let lost: u64 = streams.map(|recorded| recorded.stream.lost_frames()).sum();
        assert_eq!(lost, 1, "those that ended");
    }

    #[test]
    fn a_stream_takes_no_more_than_it_may() {
        let mut recording = Recording::new("ring", Some(Wire::Fragments));
        for (ssrc, len) in [(1, 100), (2, 9_000), (3, 65_000)] {
            recording.rtp(ssrc, 1, false, &vec![0xc0; len]);
        }
        let recorder = &recording.recorder;
        for recorded in recorder.streams.values() {
            let held = recorded.stream.held();
            assert!((1 << 20..=2 << 20).contains(&held), "{held}");
        }
        // A frame that cannot become whole takes nothing.
        let mut recording = Recording::new("broken", Some(Wire::Vp8));
        recording.rtp(1, 1, false, &[&[0x10][..], &[1; 60_000]].concat());
        assert!(recording.recorder.held >= 60_000);
        recording.rtp(1, 3, false, &[&[0x00][..], &[1; 60_000]].concat());
        assert_eq!(recording.recorder.held, 0);
    }

    #[test]
    fn nothing_that_is_missing_is_all() {
        let all = Counts {
            other_datagrams: 1,
            packets_lost: 1,
            ..Counts::default()
        };
        assert!(all.is_all());
        type Change = fn(&mut Counts) -> &mut u64;
        let changes: [Change; 6] = [
            |counts| &mut counts.datagrams_dropped,
            |counts| &mut counts.packets_truncated,
            |counts| &mut counts.streams_left_out,
            |counts| &mut counts.frames_left_out,
            |counts| &mut counts.frames_too_long,
            |counts| &mut counts.frames_incomplete,
        ];
        for change in changes {
            let mut counts = all;
            *change(&mut counts) = 1;
            assert!(!counts.is_all());
        }
    }
}
