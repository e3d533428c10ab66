//! A recorder at the relay. It has no key of the call: it keeps every sender's frames as they came, and the senders grant the keys of their sessions to the owners.
//!
//! ```text
//!  A, B ──► relay ──► packets, before anything befalls them ──►┐
//!    └───── grants: a session's key, sealed to the owners ────►┴► reassemble ──► DIR, sealed for the owners
//! ```

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::time::Duration;

use mediaseal::format::codec::Codec;
use mediaseal::format::rtp::{Progress, Reassembler};
use mediaseal::vault::grant::{
    GrantError, Identity, Kem, Recipient, SessionGrant, Signer, session_grant,
};
use mediaseal::vault::recording::{
    Closed, Cobblestone, Frame, LocalStorage, NewRecording, Profile, TrackFormat, Writer,
};
use mediaseal::vault::{Clock as _, SystemClock};
use mediaseal::{Channel, KeyId, SenderId};

use crate::Failure;
use crate::hint;
use crate::options::Options;
use crate::receiver::packets_of;
use crate::rtp::{self, Header, MAX_PAYLOAD};
use crate::stream::{Participant, Stream};
use crate::wire::{self, Wire};

/// How often the recorder commits, whether packets come or not.
const TURN: Duration = Duration::from_millis(100);
/// Packets that wait for the disk before the relay does.
const MAX_WAITING: usize = 1024;

/// What is handed to the recorder.
pub(crate) enum Handed {
    /// The key of a session, before its first frame.
    Grant(SessionGrant),
    /// A packet of the stream at this place of the list, at this time of the call.
    Packet(usize, Duration, Vec<u8>),
}

/// Grants a sender's sessions to the owners.
pub(crate) struct Granting {
    owners: Vec<Recipient>,
    signer: Signer,
    path: SyncSender<Handed>,
}

impl Granting {
    /// Hands the recorder the key of a session, which the owners alone can open.
    ///
    /// # Errors
    /// If the channel does not give it.
    pub(crate) fn grant(&self, channel: &Channel, kid: KeyId) -> Result<(), GrantError> {
        let grant = session_grant(channel, kid, &self.owners, &self.signer)?;
        // A recorder that failed says so itself; the call goes on.
        self.path.send(Handed::Grant(grant)).ok();
        Ok(())
    }
}

/// A recording that has begun, and what its parties need.
pub(crate) struct Recording {
    pub(crate) recorder: Recorder,
    /// For A and for B.
    pub(crate) granting: [Granting; 2],
    /// For the relay.
    pub(crate) path: SyncSender<Handed>,
}

/// The recorder.
pub(crate) struct Recorder {
    folder: PathBuf,
    writer: Writer,
    tracks: Vec<Track>,
    inbox: Receiver<Handed>,
    /// Microseconds since 1970 at which the call began.
    began: u64,
    frames: u64,
}

/// A stream on its way into the recording: what signalling says of it, and no key.
struct Track {
    number: u16,
    sender: SenderId,
    format: TrackFormat,
    codec: Option<Codec>,
    is_audio: bool,
    clock_rate: u32,
    reassembler: Reassembler,
    /// The newest RTP timestamp, and its time in ticks since the first.
    newest: Option<(u32, i64)>,
    /// When the first packet came, in microseconds of the call.
    first: u64,
}

/// What a recording came to.
pub(crate) struct Recorded {
    pub(crate) folder: PathBuf,
    pub(crate) frames: u64,
    pub(crate) closed: Closed,
}

/// Begins the recording that the options ask for, and writes the public keys of all who vouch for it beside it.
///
/// # Errors
/// If something is there already, or a key file is none.
pub(crate) fn begin(
    options: &Options,
    folder: &Path,
    streams: &[Stream],
) -> Result<Recording, Failure> {
    let files = [".pub", ".senders", ".owner.key", ".owner.pub"].map(|end| beside(folder, end));
    let [of_recorder, of_senders, owner_key, owner_pub] = &files;
    let makes_owner = options.owners.is_empty();
    let needed = files.iter().take(if makes_owner { 4 } else { 2 });
    for path in [folder].into_iter().chain(needed.map(PathBuf::as_path)) {
        if fs::symlink_metadata(path).is_ok() {
            let what = "is there already; a recording begins in a new folder";
            return Err(format!("{} {what}", path.display()).into());
        }
    }
    let mut owners = Vec::new();
    for path in &options.owners {
        owners.extend(recipients(path)?);
    }
    if makes_owner {
        let owner = Identity::generate(Kem::X25519)?;
        write_new(owner_key, true, owner.to_text().as_str())?;
        write_new(owner_pub, false, &owner.recipient().to_string())?;
        owners.push(owner.recipient().clone());
        tell(&format!(
            "the recording's owner has {}, made for it: who has this file plays it; {} is its public half",
            owner_key.display(),
            owner_pub.display()
        ));
    }
    let recorder = Arc::new(Signer::generate()?);
    write_new(of_recorder, false, &recorder.public().to_string())?;
    let signers = [Signer::generate()?, Signer::generate()?];
    let lines = Participant::SENDERS.iter().zip(&signers);
    let lines = lines.map(|(sender, signer)| format!("# {}\n{}", sender.name(), signer.public()));
    write_new(of_senders, false, &lines.collect::<Vec<_>>().join("\n"))?;

    let clock = Arc::new(SystemClock);
    let aead = Cobblestone::default();
    let mut new = NewRecording::draw(Profile::Frames, aead, "", recorder, &*clock)?;
    for owner in &owners {
        new.add_recipient(owner)?;
    }
    let storage =
        LocalStorage::create(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut writer = new.start(Arc::new(storage), clock)?;
    let mut tracks = Vec::new();
    for stream in streams {
        let track = Track::new(stream, options.wire)?;
        writer.add_track(track.number, track.format)?;
        tracks.push(track);
    }
    let (path, inbox) = mpsc::sync_channel(MAX_WAITING);
    let recorder = Recorder {
        folder: folder.to_path_buf(),
        writer,
        tracks,
        inbox,
        began: SystemClock.unix_micros(),
        frames: 0,
    };
    let granting = signers.map(|signer| Granting {
        owners: owners.clone(),
        signer,
        path: path.clone(),
    });
    Ok(Recording {
        recorder,
        granting,
        path,
    })
}

impl Recorder {
    /// Records until the relay is done and all that it handed over is kept, and closes the recording.
    ///
    /// # Errors
    /// If the disk fails; what was committed is there.
    pub(crate) fn run(mut self, relay_done: &AtomicBool) -> Result<Recorded, Failure> {
        loop {
            // Asked first: afterwards nothing more is handed over.
            let is_over = relay_done.load(Ordering::Acquire);
            match self.inbox.recv_timeout(TURN) {
                Ok(Handed::Grant(grant)) => self.writer.add_grant(&grant)?,
                Ok(Handed::Packet(track, at, datagram)) => self.take(track, at, &datagram)?,
                Err(RecvTimeoutError::Timeout) if !is_over => {}
                Err(_) => break,
            }
            self.writer.tick()?;
        }
        Ok(Recorded {
            folder: self.folder,
            frames: self.frames,
            closed: self.writer.finish()?,
        })
    }

    /// Takes a packet, and records the frame that is complete with it.
    fn take(&mut self, track: usize, at: Duration, datagram: &[u8]) -> Result<(), Failure> {
        let (Some(track), Some((header, payload))) =
            (self.tracks.get_mut(track), Header::parse(datagram))
        else {
            return Ok(());
        };
        let micros = self.began.saturating_add(track.micros(header, at));
        let Progress::Complete(complete) = track.reassembler.push(header.info(), payload) else {
            return Ok(());
        };
        let octets = &*complete.ciphertext;
        let metadata = rtp::metadata(header.ssrc, header.timestamp);
        let shows_key_frame = |codec| hint::is_key_frame(codec, octets);
        let written = self.writer.write_frame(&Frame {
            track: track.number,
            sender: &track.sender,
            micros,
            key_frame: track.is_audio || track.codec.is_some_and(shows_key_frame),
            metadata: &metadata,
            octets,
        })?;
        self.frames += 1;
        if let Some(kid) = written.missing_grant {
            tell(&format!(
                "no owner was granted session {kid} of {}: nobody will open its frames",
                track.sender
            ));
        }
        Ok(())
    }
}

impl Track {
    fn new(stream: &Stream, wire: Wire) -> Result<Self, Failure> {
        let codec = wire.codec_of(stream);
        let format = match codec {
            Some(codec) => TrackFormat::codec_aware(codec),
            None => TrackFormat::of(wire::codec_of(stream).unwrap_or(Codec::Opaque)),
        };
        Ok(Self {
            number: u16::try_from(stream.number)?,
            sender: SenderId::new(stream.sender.name())?,
            format,
            codec,
            is_audio: stream.media.codec() == "Opus",
            clock_rate: stream.media.clock_rate(),
            reassembler: Reassembler::new(packets_of(stream), MAX_PAYLOAD)?,
            newest: None,
            first: 0,
        })
    }

    /// The time of a packet in microseconds of the call: the first one's is when it came, the others' follow from RTP timestamps.
    fn micros(&mut self, header: Header, at: Duration) -> u64 {
        let ticks = match self.newest {
            None => {
                self.first = u64::try_from(at.as_micros()).unwrap_or(u64::MAX);
                0
            }
            Some((newest, ticks)) => {
                let step = header.timestamp.wrapping_sub(newest).cast_signed();
                ticks.saturating_add(step.into())
            }
        };
        self.newest = Some((header.timestamp, ticks));
        let micros = i128::from(ticks) * 1_000_000 / i128::from(self.clock_rate.max(1));
        let micros = i64::try_from(micros).unwrap_or_default();
        self.first.saturating_add_signed(micros)
    }
}

impl Recorded {
    /// Returns what is wrong with the recording, one sentence each.
    pub(crate) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for kid in &self.closed.missing_grants {
            faults.push(format!("recording: nobody can open session {kid}"));
        }
        if self.closed.frames_without_kid > 0 {
            let frames = self.closed.frames_without_kid;
            faults.push(format!("recording: {frames} frames are no ciphertext"));
        }
        faults
    }
}

/// A file beside the folder: its name with an ending more.
fn beside(folder: &Path, end: &str) -> PathBuf {
    // Without the slash that people may put behind a folder.
    let mut name: std::ffi::OsString = folder.components().as_path().into();
    name.push(end);
    name.into()
}

/// Reads the public keys of owners, one a line.
fn recipients(path: &Path) -> Result<Vec<Recipient>, Failure> {
    let fault = |what: &str| Failure::from(format!("{}: {what}", path.display()));
    let text = fs::read_to_string(path).map_err(|error| fault(&error.to_string()))?;
    let lines = text.lines().map(str::trim);
    let keys = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    let keys = keys.map(str::parse).collect::<Result<Vec<_>, _>>();
    match keys {
        Ok(keys) if !keys.is_empty() => Ok(keys),
        // What it is instead is not said: it may be a secret key.
        _ => Err(fault(
            "no public keys of owners, mediaseal-pub-1…, one a line",
        )),
    }
}

/// Writes a file that is not there yet; a secret is for this user alone.
fn write_new(path: &Path, is_secret: bool, text: &str) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if is_secret {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    let write = |mut file: File| {
        file.write_all(text.as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()
    };
    let written = options.open(path).and_then(write);
    written.map_err(|error| format!("{}: {error}", path.display()).into())
}

/// Says something of the recording; if even that fails, the call goes on.
fn tell(text: &str) {
    writeln!(io::stderr(), "call: {text}").ok();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::Media;
    use crate::options::{self, Command};
    use crate::rtp::Session;
    use mediaseal::format::rtp::{Content, Fragments};

    fn track() -> Result<Track, Failure> {
        let media = Media::messages("A", Duration::from_secs(1));
        let stream = Stream {
            sender: Participant::A,
            number: 3,
            kind: media.kind(),
            rtp: Session::new(3, &media)?,
            media,
        };
        Track::new(&stream, Wire::Frames)
    }

    #[test]
    fn times_follow_timestamps_over_their_end_and_back() -> Result<(), Failure> {
        let mut track = track()?;
        let mut micros = |timestamp| {
            let header = Header {
                ssrc: 0,
                sequence: 0,
                timestamp,
                payload_type: 96,
                marker: true,
            };
            track.micros(header, Duration::from_millis(250))
        };
        let first = u32::MAX - 499;
        assert_eq!(micros(first), 250_000);
        assert_eq!(micros(first.wrapping_add(500)), 750_000);
        assert_eq!(micros(first.wrapping_add(1000)), 1_250_000);
        assert_eq!(micros(first.wrapping_add(500)), 750_000);
        Ok(())
    }

    #[test]
    fn a_session_that_nobody_was_granted_is_said() -> Result<(), Failure> {
        let name = format!("mediaseal-call-{}", std::process::id());
        let place = std::env::temp_dir().join(name);
        fs::create_dir_all(&place)?;
        let folder = place.join("recording");
        let args = ["--record".into(), folder.clone().into_os_string()];
        let Ok(Command::Call(options)) = options::parse(args) else {
            return Err("the options are good".into());
        };
        let media = Media::messages("A", Duration::from_secs(1));
        let streams = [Stream {
            sender: Participant::A,
            number: 3,
            kind: media.kind(),
            rtp: Session::new(3, &media)?,
            media,
        }];
        let recording = begin(&options, &folder, &streams)?;
        assert!(begin(&options, &folder, &streams).is_err(), "it is there");

        // KID 1 and CTR 0, and what might be a ciphertext.
        let sealed = [[0x10].as_slice(), &[7; 40]].concat();
        let header = Header {
            ssrc: 0,
            sequence: 1,
            timestamp: 0,
            payload_type: 96,
            marker: true,
        };
        let mut datagram = vec![0; MAX_PAYLOAD];
        let front = header.write_to(&mut datagram)?;
        for fragment in Fragments::new(&sealed, Content::Frame, MAX_PAYLOAD)? {
            let len = fragment.write_to(&mut datagram[front..])?;
            let packet = datagram[..front + len].to_vec();
            let packet = Handed::Packet(0, Duration::ZERO, packet);
            assert!(recording.path.send(packet).is_ok());
        }
        let recorded = recording.recorder.run(&AtomicBool::new(true))?;
        assert_eq!(recorded.frames, 1);
        assert_eq!(recorded.closed.missing_grants, [KeyId::new(1)]);
        assert_eq!(recorded.faults().len(), 1);
        fs::remove_dir_all(place)?;
        Ok(())
    }

    #[test]
    fn names_of_files_stand_beside_the_folder() {
        assert_eq!(beside(Path::new("a/b/"), ".pub"), Path::new("a/b.pub"));
        assert_eq!(
            beside(Path::new("b"), ".owner.key"),
            Path::new("b.owner.key")
        );
    }
}
