//! `mediaseal serve`.

use std::io::{self, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clap::Args;
use data_encoding::HEXLOWER;
use mediaseal::vault::recording::{Reader, RecordingError};

use crate::http::{self, Octets, Resource};
use crate::input;
use crate::media::{self, TrackOctets};
use crate::outcome::{Failure, Verdict, note};
use crate::recordings::{self, Keys, Recording, Trust, codec_name};

const EXAMPLES: &str = "\
It serves the tracks of recordings of profile media that play as they are: files that were recorded, and H.264, H.265 and AAC in their byte streams.
Frames of VP8, VP9, AV1 and Opus play nowhere without a container, and those of profile frames are ciphertext: mediaseal export makes files of
both. Players seek by ranges of octets; each octet is authenticated before it leaves, and where something was altered the answer ends short.
A recording whose list of what was recorded (its manifest) was altered is not served; one that was not closed is, as far as it went, and that is said.

It listens on this machine alone, and the address that it prints holds 128 random bits, new for each start: nobody else on this machine can guess
it. Whoever is shown the address can play the recording until Ctrl-C.

Examples:
  mediaseal serve film -i me.key                          prints http://127.0.0.1:PORT/…/track-0.mp4
  ffplay http://127.0.0.1:PORT/…/track-0.mp4              in another terminal
  mediaseal serve call-18 -i me.key --track 1 --port 8080";

/// Let players on this machine play a recording, and seek in it
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The recording
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// The track [default: all that play]
    #[arg(long, value_name = "NUMBER")]
    track: Option<u16>,
    /// The port on 127.0.0.1 [default: one that is free]
    #[arg(
        long,
        value_name = "PORT",
        default_value_t = 0,
        hide_default_value = true
    )]
    port: u16,
    #[command(flatten)]
    trust: Trust,
    #[command(flatten)]
    keys: Keys,
}

/// Most connections at once; players take a few.
const MOST_CONNECTIONS: usize = 32;
/// How long a player may take nothing: paused ones do.
const REST: Duration = Duration::from_secs(600);
/// How long a connection may be without a request.
const IDLE: Duration = Duration::from_secs(30);
/// How often it is looked whether somebody interrupted.
const LOOK: Duration = Duration::from_millis(20);

/// Tracks, by the numbers of their resources.
struct Tracks(Vec<Mutex<TrackOctets>>);

impl Octets for &Tracks {
    fn read(&mut self, resource: usize, at: u64, out: &mut [u8]) -> io::Result<()> {
        let track = self.0.get(resource).ok_or(io::ErrorKind::NotFound)?;
        let mut track = track.lock().unwrap_or_else(PoisonError::into_inner);
        track.read(at, out).map_err(|error| {
            note(&format!("track {}: {error}", track.track.track));
            io::Error::other(error)
        })
    }
}

impl Arguments {
    pub(crate) fn run(&self, out: &mut dyn Write) -> Result<Verdict, Failure> {
        let recording = Recording::open(&self.folder)?;
        let dek = recording.dek(&self.keys, &self.trust)?;
        let failed = |error: RecordingError| recordings::failed(&self.folder, &error);
        let mut token = [0; 16];
        getrandom::fill(&mut token).map_err(|error| Failure::Unreadable(error.to_string()))?;
        let token = HEXLOWER.encode(&token);
        let first = recording.reader(&dek)?;
        // Players cannot be told that what they play is a part.
        let whole = |reader: Reader| match recording.damage(&reader) {
            Some(damage) => Err(Failure::Unreadable(format!(
                "{damage}: mediaseal cat gives out what is before it"
            ))),
            None => Ok(reader),
        };
        let first = whole(first)?;
        recording.note_open(&first);
        let tracks = match self.track {
            Some(_) => vec![media::choose(&recording, &first, self.track)?],
            None => first.tracks().collect(),
        };
        if tracks.is_empty()
            || recording.header.profile() != mediaseal::vault::recording::Profile::Media
        {
            media::choose(&recording, &first, self.track)?;
        }
        let (mut resources, mut served) = (Vec::new(), Vec::new());
        for track in tracks {
            let mut octets =
                TrackOctets::new(whole(recording.reader(&dek)?)?, track).map_err(failed)?;
            let Some((kind, end)) = media::kind(&mut octets).map_err(failed)? else {
                note(&format!(
                    "track {} is left out: frames of {} play nowhere without a container, which mediaseal export makes",
                    track.track,
                    codec_name(track.format)
                ));
                continue;
            };
            let id = HEXLOWER.encode(recording.header.id());
            resources.push(Resource {
                path: format!("/{token}/track-{}.{end}", track.track),
                kind,
                len: octets.len(),
                tag: format!("\"{id}-{}-{}\"", track.track, octets.len()),
            });
            served.push(Mutex::new(octets));
        }
        drop(dek);
        if resources.is_empty() {
            return Err(input::unreadable(
                &self.folder,
                &"there is no track that plays as it is: mediaseal export makes files",
            ));
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, self.port))
            .and_then(|listener| listener.set_nonblocking(true).map(|()| listener));
        let address = |error: io::Error| Failure::Usage(format!("--port {}: {error}", self.port));
        let listener = listener.map_err(address)?;
        let port = listener.local_addr().map_err(address)?.port();
        let stop = Arc::new(AtomicBool::new(false));
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
            signal_hook::flag::register(signal, Arc::clone(&stop))
                .map_err(|error| Failure::Unreadable(format!("Ctrl-C: {error}")))?;
        }
        for resource in &resources {
            writeln!(out, "http://127.0.0.1:{port}{}", resource.path)?;
        }
        out.flush()?;
        accept(&listener, &stop, &Arc::new((resources, Tracks(served))))?;
        Ok(Verdict::Well)
    }
}

type Served = Arc<(Vec<Resource>, Tracks)>;

/// Answers whoever connects, each in a thread of its own, until somebody interrupts.
fn accept(listener: &TcpListener, stop: &AtomicBool, served: &Served) -> Result<(), Failure> {
    let connections = Arc::new(AtomicUsize::new(0));
    while !stop.load(Ordering::Relaxed) {
        let connection = match listener.accept() {
            Ok((connection, _)) => connection,
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
                ) =>
            {
                std::thread::sleep(LOOK);
                continue;
            }
            // Who connected is gone again, or the system is short of something for now.
            Err(_) => {
                std::thread::sleep(LOOK);
                continue;
            }
        };
        if connections.load(Ordering::Relaxed) >= MOST_CONNECTIONS {
            continue;
        }
        connections.fetch_add(1, Ordering::Relaxed);
        let (served, counted) = (Arc::clone(served), Arc::clone(&connections));
        let started = std::thread::Builder::new().spawn(move || {
            // Players end connections as they like.
            answer(connection, &served).ok();
            counted.fetch_sub(1, Ordering::Relaxed);
        });
        if started.is_err() {
            connections.fetch_sub(1, Ordering::Relaxed);
        }
    }
    Ok(())
}

fn answer(mut connection: TcpStream, served: &Served) -> io::Result<()> {
    connection.set_nonblocking(false)?;
    connection.set_read_timeout(Some(IDLE))?;
    connection.set_write_timeout(Some(REST))?;
    connection.set_nodelay(true)?;
    let (resources, tracks) = &**served;
    http::serve(&mut connection, resources, &mut &*tracks)
}
