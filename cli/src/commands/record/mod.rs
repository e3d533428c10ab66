//! `mediaseal record`.

mod begin;
mod report;
mod udp;

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use mediaseal::vault::grant::SessionGrant;
use mediaseal::vault::recording::{Closed, Frame, Profile, RecordingError, TrackFormat, Writer};
use mediaseal::{Codec, SenderId};
use zeroize::Zeroizing;

use self::report::Report;
use self::udp::{Receiver, TICK, WAITING, listen};
use crate::commands::explain;
use crate::explain::capture::{Capture, is_capture};
use crate::explain::metadata::Metadata;
use crate::explain::network;
use crate::explain::{CodecOf, Wire};
use crate::input;
use crate::keyring;
use crate::outcome::{Failure, Verdict, note};
use crate::progress::Progress;
use crate::recorder::{Counts, Recorder, Settings, TrackReport};
use crate::recordings;

const EXAMPLES: &str = "\
A recording of profile frames keeps SFrame ciphertext as it came: the recorder has no key of the call, and each sender grants the keys of his
sessions to the owners (--grant, docs/recording.md). One of profile media keeps media: of RTP in clear (H.264, VP8, Opus; others with --codec),
or the octets of a file. Both are sealed to the owners, and what was recorded survives a crash but for the last second or 256 KiB.

The recorder's secret key signs what it wrote, and is kept where it runs; its public key, DIR.pub, goes to those who verify.

Examples:
  mediaseal record call-17 --udp 5004 --owner owner.pub                      RTP to 127.0.0.1:5004, until Ctrl-C
  mediaseal record call-17 --udp 0.0.0.0:5004 --for 10m --owner owner.pub    from anywhere, for ten minutes
  mediaseal record call-17 --file call.pcapng --codec 111=opus -o owner.pub  the call in a capture
  mediaseal record film --file film.mp4                                      a file, to a new owner's key (film.owner.key)
  mediaseal verify call-17 --signer call-17.pub                              what became of it

Exit status: 0 recorded and closed; 1 recorded, but something was left out or can be opened by nobody; 2 usage; 3 it could not be recorded.";

/// Record a call, or a file, sealed to its owners
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The recording: a folder that is not there yet, or is empty
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Record RTP that comes to this UDP port; of the address 127.0.0.1 unless one is named
    #[arg(
        long,
        value_name = "[ADDRESS:]PORT",
        required_unless_present = "file",
        conflicts_with = "file"
    )]
    udp: Option<String>,
    /// Record a file: the RTP in a pcap or pcapng capture, or the octets of any other; - is standard input
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// How long: 500ms, 10s, 5m, 2h; without it until Ctrl-C
    #[arg(long = "for", value_name = "TIME", value_parser = duration, requires = "udp")]
    time: Option<Duration>,
    /// Whether frames are ciphertext or media [default: frames of RTP, media of other files]
    #[arg(long, value_enum)]
    profile: Option<ProfileName>,
    /// An owner's public key (mediaseal-pub-1…, one a line); may be given several times [default: a new pair, DIR.owner.key and DIR.owner.pub]
    #[arg(short, long, value_name = "FILE")]
    owner: Vec<PathBuf>,
    /// The recorder's secret key (mediaseal-signer-1…), which is made if the file is not there [default: DIR.signer.key]
    #[arg(long, value_name = "FILE")]
    signer_key: Option<PathBuf>,
    /// The passphrase of a signer key that is locked
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// Where the recording's key may be used
    #[arg(
        long,
        value_name = "NAME",
        default_value = "",
        hide_default_value = true
    )]
    region: String,
    /// A session's key, granted to the owners by its sender; may be given several times
    #[arg(long, value_name = "FILE")]
    grant: Vec<PathBuf>,
    /// How packets carry frames, where the guess is wrong
    #[arg(long, value_enum)]
    wire: Option<Wire>,
    /// The codec of a stream, which exports need: opus, 96=vp8 (payload type) or 0x12345678=h264 (SSRC); may be repeated
    #[arg(long, value_name = "[STREAM=]CODEC", value_parser = explain::codec_of)]
    codec: Vec<CodecOf>,
    /// The name of a stream's sender; may be repeated [default: ssrc- and the SSRC]
    #[arg(long, value_name = "SSRC=NAME", value_parser = sender)]
    sender: Vec<(u32, SenderId)>,
    /// What senders bound each frame to, without which nobody opens it again: parts joined by +, of ssrc, timestamp, sequence, pt, text:..., hex:...
    #[arg(long, value_name = "PARTS")]
    metadata: Option<Metadata>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ProfileName {
    /// SFrame ciphertext as it came
    Frames,
    /// Media
    Media,
}

/// Octets of a file that lie in one frame: with its head they fill a chunk, so that any of them costs one chunk to read.
const PIECE: usize = (16 << 10) - 15;
/// Sessions without a grant that are named on standard error.
const MOST_NAMED: usize = 64;

pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|letter: char| !letter.is_ascii_digit());
    let number: u64 = digits
        .parse()
        .map_err(|_| "a time is a number and ms, s, m or h".to_owned())?;
    let millis = match &text[digits.len()..] {
        "ms" => Some(number),
        "s" => number.checked_mul(1_000),
        "m" => number.checked_mul(60_000),
        "h" => number.checked_mul(3_600_000),
        _ => return Err("a time ends in ms, s, m or h".to_owned()),
    };
    millis
        .map(Duration::from_millis)
        .ok_or_else(|| "that is longer than anybody waits".to_owned())
}

fn sender(text: &str) -> Result<(u32, SenderId), String> {
    let (ssrc, name) = text.split_once('=').ok_or("it is SSRC=NAME")?;
    let ssrc = keyring::number(ssrc).and_then(|number| u32::try_from(number).ok());
    let ssrc = ssrc.ok_or("an SSRC is a number of 32 bits")?;
    Ok((
        ssrc,
        SenderId::new(name).map_err(|error| error.to_string())?,
    ))
}

impl Arguments {
    pub(crate) fn run(self, out: &mut dyn Write) -> Result<Verdict, Failure> {
        // What it reads is opened before anything is made.
        let source = match (&self.udp, &self.file) {
            (Some(address), _) => Source::Udp(listen(address)?),
            (None, Some(path)) => Source::open(path)?,
            (None, None) => return Err(Failure::Usage("--udp or --file".to_owned())),
        };
        let profile = match (self.profile, &source) {
            (Some(ProfileName::Media), _) | (None, Source::Octets(..)) => Profile::Media,
            (Some(ProfileName::Frames), Source::Octets(..)) => {
                let what = "a file that is no capture has octets, and no frames: --profile media";
                return Err(Failure::Usage(what.to_owned()));
            }
            _ => Profile::Frames,
        };
        let is_octets = matches!(source, Source::Octets(..));
        let mut writer = self.begin(profile)?;
        for path in &self.grant {
            let octets = input::read_bounded(&mut *input::open(path)?, MAX_GRANT)
                .map_err(|error| input::unreadable(path, &error))?;
            let grant = SessionGrant::from_bytes(&octets)
                .map_err(|error| input::unreadable(path, &error))?;
            writer
                .add_grant(&grant)
                .map_err(|error| input::unreadable(path, &error))?;
        }
        let id = data_encoding::HEXLOWER.encode(writer.header().id());
        let signed_by = *writer.header().signer();
        let (closed, counts, tracks) = match source {
            Source::Octets(path, front, reader) => self.octets(writer, &path, &front, reader)?,
            Source::Udp(socket) => self.udp(self.recorder(writer, profile), socket)?,
            Source::Capture(path, capture) => {
                self.capture(self.recorder(writer, profile), &path, *capture)?
            }
        };
        let signer = mediaseal::vault::grant::SignerPublic::from_bytes(&signed_by);
        let report = Report {
            recording: self.folder.display().to_string(),
            id,
            profile: recordings::profile_name(profile),
            recorder: signer.map_or(String::new(), |signer| signer.to_string()),
            segments: closed.segments,
            counts,
            tracks,
            missing_grants: closed
                .missing_grants
                .iter()
                .map(|kid| format!("{:016x}", kid.value()))
                .collect(),
            frames_without_kid: closed.frames_without_kid,
        };
        report.write(self.json, out)?;
        let is_all = report.missing_grants.is_empty()
            && counts.is_all()
            && report.frames_without_kid == 0
            // A file may be empty; a call of which nothing came is none.
            && (is_octets || counts.frames > 0);
        Ok(if is_all {
            Verdict::Well
        } else {
            Verdict::Faults
        })
    }

    fn recorder(&self, writer: Writer, profile: Profile) -> Recorder {
        let senders: HashMap<_, _> = self.sender.iter().cloned().collect();
        let settings = Settings {
            profile,
            wire: self.wire,
            codecs: self.codec.clone(),
            senders,
            metadata: self.metadata.clone().unwrap_or_default(),
        };
        Recorder::new(writer, settings)
    }

    /// Records what comes to a socket, until the time is over or somebody interrupts.
    fn udp(&self, mut recorder: Recorder, socket: UdpSocket) -> Result<Recorded, Failure> {
        let failed = |error: RecordingError| recordings::failed(&self.folder, &error);
        let stop = Arc::new(AtomicBool::new(false));
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
            signal_hook::flag::register(signal, Arc::clone(&stop))
                .map_err(|error| Failure::Unreadable(format!("Ctrl-C: {error}")))?;
        }
        let address = socket
            .local_addr()
            .map_err(|error| Failure::Unreadable(error.to_string()))?;
        note(&format!("recording what comes to {address}"));
        let (sender, datagrams) = mpsc::sync_channel(WAITING);
        let receiver = Receiver {
            socket,
            address,
            stop: Arc::clone(&stop),
            dropped: Arc::new(AtomicU64::new(0)),
            waiting: Arc::new(AtomicUsize::new(0)),
        };
        let dropped = Arc::clone(&receiver.dropped);
        let waiting = Arc::clone(&receiver.waiting);
        let receiving = std::thread::spawn(move || receiver.run(&sender));
        let end = self.time.and_then(|time| Instant::now().checked_add(time));
        let mut ticked = Instant::now();
        let (mut named, mut refused) = (0, None);
        loop {
            match datagrams.recv_timeout(TICK) {
                Ok((flow, octets, micros)) => {
                    waiting.fetch_sub(octets.len(), Ordering::Relaxed);
                    recorder.datagram(flow, &octets, micros).map_err(failed)?;
                }
                Err(RecvTimeoutError::Timeout) => {}
                // It has stopped, and all that it took was recorded.
                Err(RecvTimeoutError::Disconnected) => break,
            }
            name_missing(&mut recorder, &mut named);
            if ticked.elapsed() >= TICK {
                recorder.tick().map_err(failed)?;
                ticked = Instant::now();
            }
            if end.is_some_and(|end| Instant::now() >= end) {
                stop.store(true, Ordering::Relaxed);
            }
        }
        match receiving.join() {
            Ok(Ok(())) => {}
            Ok(Err(error)) => refused = Some(error),
            Err(_) => refused = Some(io::Error::other("the receiver failed")),
        }
        let dropped = dropped.load(Ordering::Relaxed);
        if dropped > 0 {
            note(&format!(
                "{dropped} datagrams came faster than they could be written, and are lost"
            ));
        }
        recorder.counts.datagrams_dropped = dropped;
        let done = recorder.finish().map_err(failed)?;
        match refused {
            None => Ok(done),
            Some(error) => Err(Failure::Unreadable(format!(
                "{address}: {error}; what came before is recorded"
            ))),
        }
    }

    /// Records the RTP of a capture.
    fn capture(
        &self,
        mut recorder: Recorder,
        path: &Path,
        mut capture: Capture<Box<dyn Read>>,
    ) -> Result<Recorded, Failure> {
        let (mut done, mut last, mut named) = (Ok(()), 0, 0);
        let read = capture.read(|captured| {
            if done.is_err() {
                return;
            }
            let micros = captured.micros.unwrap_or(last);
            last = micros;
            done = match network::packet(captured) {
                network::Packet::Datagram {
                    flow,
                    payload,
                    is_whole: true,
                } => recorder.datagram(flow, payload, micros),
                // Of what is no RTP by its beginning nothing is missed.
                network::Packet::Datagram { payload, .. } if !network::may_be_rtp(payload) => {
                    recorder.counts.other_datagrams += 1;
                    Ok(())
                }
                network::Packet::Datagram { .. } | network::Packet::IpFragment => {
                    recorder.counts.packets_truncated += 1;
                    Ok(())
                }
                _ => {
                    recorder.counts.other_datagrams += 1;
                    Ok(())
                }
            };
            name_missing(&mut recorder, &mut named);
        });
        done.map_err(|error| recordings::failed(&self.folder, &error))?;
        let recorded = recorder
            .finish()
            .map_err(|error| recordings::failed(&self.folder, &error))?;
        read.map_err(|why| {
            input::unreadable(path, &format!("{why}; what came before is recorded"))
        })?;
        Ok(recorded)
    }

    /// Records the octets of a file, in one track of pieces of one length.
    fn octets(
        &self,
        mut writer: Writer,
        path: &Path,
        front: &[u8],
        reader: Box<dyn Read>,
    ) -> Result<Recorded, Failure> {
        let failed = |error: RecordingError| recordings::failed(&self.folder, &error);
        let format = match self.codec.first() {
            Some(named) => TrackFormat::of(named.codec),
            None => TrackFormat::of(Codec::Opaque),
        };
        writer.add_track(0, format).map_err(failed)?;
        let of = std::fs::metadata(path).map_or(0, |file| file.len());
        let progress = Progress::octets("recording", of);
        let mut reader = front.chain(reader);
        let mut piece = Zeroizing::new(vec![0; PIECE]);
        let mut counts = Counts::default();
        loop {
            let len =
                fill(&mut reader, &mut piece).map_err(|error| input::unreadable(path, &error))?;
            if len == 0 {
                break;
            }
            writer
                .write_frame(&Frame {
                    track: 0,
                    sender: &SenderId::default(),
                    micros: 0,
                    key_frame: false,
                    metadata: &[],
                    octets: &piece[..len],
                })
                .map_err(failed)?;
            counts.frames += 1;
            counts.octets += len as u64;
            progress.add(len as u64);
            if len < PIECE {
                break;
            }
        }
        drop(progress);
        let closed = writer.finish().map_err(failed)?;
        Ok((closed, counts, Vec::new()))
    }
}

type Recorded = (Closed, Counts, Vec<TrackReport>);

/// Most octets of a session's grant.
const MAX_GRANT: u64 = (4 << 20) + 64;

/// Where it comes from.
enum Source {
    Udp(UdpSocket),
    Capture(PathBuf, Box<Capture<Box<dyn Read>>>),
    /// A file, and what it begins with.
    Octets(PathBuf, Vec<u8>, Box<dyn Read>),
}

impl Source {
    fn open(path: &Path) -> Result<Self, Failure> {
        let mut reader = input::open(path)?;
        let mut front = Vec::new();
        let read = reader.by_ref().take(4).read_to_end(&mut front);
        read.map_err(|error| input::unreadable(path, &error))?;
        if !is_capture(&front) {
            return Ok(Self::Octets(path.to_owned(), front, reader));
        }
        let whole: Box<dyn Read> = Box::new(io::Cursor::new(front.clone()).chain(reader));
        let capture =
            Capture::new(&front, whole).map_err(|error| input::unreadable(path, &error))?;
        Ok(Self::Capture(path.to_owned(), Box::new(capture)))
    }
}

/// Reads until `piece` is full or the end.
fn fill(reader: &mut impl Read, piece: &mut [u8]) -> io::Result<usize> {
    let mut len = 0;
    while len < piece.len() {
        match reader.read(&mut piece[len..]) {
            Ok(0) => break,
            Ok(read) => len += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(len)
}

/// Says which sessions no owner was granted, as soon as their frames come.
fn name_missing(recorder: &mut Recorder, named: &mut usize) {
    for kid in recorder.missing.drain(..) {
        *named += 1;
        if *named <= MOST_NAMED {
            note(&format!(
                "session {:016x} was not granted to the owners: nobody can open its frames until its sender does that",
                kid.value()
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("2h"), Ok(Duration::from_secs(7_200)));
        for wrong in [
            "",
            "5",
            "s",
            "5d",
            "-1s",
            "99999999999999999999s",
            "9999999999999999h",
        ] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
