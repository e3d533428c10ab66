//! Three participants in an encrypted call, over UDP and through a relay that nobody trusts.
//!
//! ```text
//!     camera, screen, speech, messages                            camera, speech, messages
//!  A  encrypt ─► cut ─► RTP ──►┐                              ┌─► RTP ─► reassemble ─► decrypt  B
//!                              ├─► relay: look, lose, alter, ─┤                          │
//!                              │   delay, repeat, replay,     │                          ▼
//!     (and from B to A)        │   reflect                    │        compare, write a playable file
//!                              └──────────────────────────────┴─► C, who joins late and leaves early
//! ```
//!
//! A and B share one channel key. Each has a control thread that tells its channel the time, brings C in and keeps C out again:
//! [`script`] says what happens when.
//!
//! Run it with `cargo run --release --example call`; `-- --help` lists the options.

mod ciphers;
mod clock;
mod cost;
mod events;
mod gate;
mod hint;
mod impairments;
mod media;
mod member;
mod options;
mod passing;
mod pieces;
mod progress;
mod receiver;
mod recorder;
mod refusal;
mod relay;
mod report;
mod rtp;
mod script;
mod sender;
#[path = "../sm4_gcm/mod.rs"]
mod sm4_gcm;
mod stream;
mod surroundings;
mod talk;
mod timeline;
mod watch;
mod wire;

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::process::ExitCode;

use mediaseal::{ChannelKey, Media as Kind};

use crate::events::Story;
use crate::media::Media;
use crate::options::{Command, Options};
use crate::report::{Report, Row};
use crate::rtp::Session;
use crate::stream::{Participant, Stream};
use crate::talk::{Outcome, Plan};
use crate::watch::Watch;

type Failure = Box<dyn Error + Send + Sync>;

/// The media of A and B: what `examples/media/make.sh` made.
const BUILT_IN: [(Participant, Kind, &str, &[u8]); 5] = [
    (
        Participant::A,
        Kind::AUDIO,
        "speech",
        include_bytes!("../media/speech.ogg"),
    ),
    (
        Participant::A,
        Kind::VIDEO,
        "camera-h264",
        include_bytes!("../media/camera-h264.h264"),
    ),
    (
        Participant::A,
        Kind::SCREEN,
        "screen-av1",
        include_bytes!("../media/screen-av1.ivf"),
    ),
    (
        Participant::B,
        Kind::AUDIO,
        "speech2",
        include_bytes!("../media/speech2.ogg"),
    ),
    (
        Participant::B,
        Kind::VIDEO,
        "camera-vp8",
        include_bytes!("../media/camera-vp8.ivf"),
    ),
];

fn main() -> ExitCode {
    let options = match options::parse(std::env::args_os().skip(1)) {
        Ok(Command::Call(options)) => options,
        Ok(Command::Help(help)) => {
            return print(&help).map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS);
        }
        Err(error) => return refuse(&format!("{error} (--help lists the options)")),
    };
    let streams = match streams(&options) {
        Ok(streams) => streams,
        Err(error) => return refuse(&error.to_string()),
    };
    match call(*options, &streams) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            complain(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

/// Reads the media of A and B, and makes their messages: the streams of A, then those of B.
fn streams(options: &Options) -> Result<Vec<Stream>, Failure> {
    let mut all = Vec::new();
    for path in &options.inputs {
        let media = Media::open(path, options.fps)?;
        all.push((Participant::A, media.kind(), media));
    }
    for (sender, kind, name, file) in BUILT_IN {
        if sender == Participant::B || options.inputs.is_empty() {
            all.push((sender, kind, Media::parse(name, file, 30)?));
        }
    }
    if let Some(seconds) = options.seconds {
        for (.., media) in &mut all {
            media.cut_at(seconds);
        }
    }
    let ends = all.iter().map(|(.., media)| media.duration());
    let end = ends.max().unwrap_or_default();
    // Media first: their numbers are in the names of files.
    for sender in Participant::SENDERS {
        let media = Media::messages(sender.name(), end);
        all.push((sender, media.kind(), media));
    }
    let mut streams = Vec::new();
    for ((sender, kind, media), number) in all.into_iter().zip(1..) {
        streams.push(Stream {
            sender,
            number,
            kind,
            rtp: Session::new(number, &media)?,
            media,
        });
    }
    streams.sort_by_key(|stream| (stream.sender as usize, stream.number));
    Ok(streams)
}

/// Makes the call, writes what is left of it, and tells whether it was good.
fn call(options: Options, streams: &[Stream]) -> Result<bool, Failure> {
    fs::create_dir_all(&options.out)
        .map_err(|error| format!("{}: {error}", options.out.display()))?;
    let wire = options.wire;
    let frames = streams.iter().flat_map(|stream| {
        let codec = wire.codec_of(stream);
        let frames = stream.media.frames.iter().map(|frame| &frame.octets[..]);
        frames.map(move |frame| {
            let shown = codec.map(|codec| hint::shown(codec, frame));
            (frame, shown.unwrap_or_default())
        })
    });
    let watch = Watch::new(frames.clone())?;
    let hidden = frames.map(|(frame, shown)| &frame[shown.last().map_or(0, |part| part.end)..]);
    let longest = hidden.max_by_key(|octets| octets.len()).unwrap_or_default();
    let self_check = watch::check(&watch, longest)?;

    let (cipher_name, cipher) = match &options.cipher_library {
        Some(library) => ("a loaded cipher", ciphers::loaded(library)?),
        None => (options.cipher.name(), options.cipher.checked()?),
    };
    let recording = options.record.as_deref();
    let recording = recording.map(|folder| recorder::begin(&options, folder, streams));
    let recording = recording.transpose()?;
    let mut keys = options.keys.into_iter();
    let mut next_key = || keys.next().map_or_else(ChannelKey::generate, Ok);
    let plan = Plan {
        streams,
        cipher: &cipher,
        watch: &watch,
        impairments: options.impairments,
        fast: options.fast,
        wire,
    };
    let outcome = talk::talk(&plan, [next_key()?, next_key()?], recording)?;

    let (rows, rows_to_c) = rows(streams, &outcome);
    let story = Story {
        members: &outcome.members,
        receipts: &outcome.receipts,
        rows: &rows,
        rows_to_c: &rows_to_c,
        last_turn: outcome.last_turn,
        wire,
    };
    let events = story.tell();
    let report = Report {
        cipher: cipher_name,
        wire,
        rows,
        rows_to_c,
        events: &events,
        receipts: &outcome.receipts,
        relay: outcome.relay,
        lost_elsewhere: outcome.lost_elsewhere,
        self_check,
        watch: &watch,
    };

    let mut text = String::new();
    report.write(&mut text)?;
    writeln!(text, "\nReceived:")?;
    for Row {
        stream, received, ..
    } in &report.rows
    {
        let path = options.out.join(stream.file_name());
        fs::write(&path, stream.media.write(&received.frames)?)?;
        writeln!(text, "  {}", path.display())?;
    }
    let path = options.out.join("timeline.svg");
    fs::write(&path, timeline::draw(&report)?)?;
    writeln!(text, "Picture of the call:\n  {}\n", path.display())?;

    let mut faults = report.faults();
    match &outcome.recorded {
        Some(Ok(recorded)) => {
            let (frames, segments) = (recorded.frames, recorded.closed.segments);
            let folder = recorded.folder.display();
            writeln!(
                text,
                "Recorded, without a key of the call:\n  {folder}: {frames} frames, {segments} segments, closed\n"
            )?;
            faults.extend(recorded.faults());
        }
        Some(Err(error)) => faults.push(format!("recording: {error}")),
        None => {}
    }
    for fault in &faults {
        writeln!(text, "FAILED: {fault}")?;
    }
    writeln!(text, "{}", report.summary())?;
    print(&text)?;
    Ok(faults.is_empty())
}

/// Brings together what was sent and what was received: between A and B, and by C, who was to get what was sealed at step 1.
fn rows<'a>(streams: &'a [Stream], outcome: &'a Outcome) -> (Vec<Row<'a>>, Vec<Row<'a>>) {
    let (mut rows, mut rows_to_c) = (Vec::new(), Vec::new());
    for (at, (stream, sent)) in streams.iter().zip(&outcome.sent).enumerate() {
        let received = |to: Participant| &outcome.receipts[to as usize].streams[at];
        let to = stream.listener();
        rows.push(Row::new(stream, to, sent, received(to), |_| true));

        let sender = &outcome.members[stream.sender as usize];
        let is_for_c = |frame: usize| {
            let session = sent.sessions.get(frame);
            session.and_then(|kid| sender.epoch_of(*kid)) == Some((1, 1))
        };
        let to = Participant::C;
        rows_to_c.push(Row::new(stream, to, sent, received(to), is_for_c));
    }
    (rows, rows_to_c)
}

/// Prints to standard output; unlike `print!`, a closed pipe is an error and no panic.
fn print(text: &str) -> io::Result<()> {
    io::stdout().lock().write_all(text.as_bytes())
}

/// Ends a program that was not called well.
fn refuse(text: &str) -> ExitCode {
    complain(text);
    ExitCode::from(2)
}

/// Prints an error; if even that fails, the exit status has to do.
fn complain(text: &str) {
    writeln!(io::stderr(), "call: {text}").ok();
}
