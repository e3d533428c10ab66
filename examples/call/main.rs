//! Two participants in an encrypted call, over UDP and through a relay that nobody trusts.
//!
//! ```text
//!          camera, screen, speech                                      camera, speech
//!  A  encrypt ─► cut ─► UDP ──►┐                              ┌─► UDP ─► reassemble ─► decrypt  B
//!                              ├─► relay: look, lose, alter, ─┤                          │
//!                              │   delay, repeat, replay      │                          ▼
//!     (and from B to A)        └──────────────────────────────┘        compare, write a playable file
//! ```
//!
//! Run it with `cargo run --release --example call`; `-- --help` lists the options.

mod ciphers;
mod cost;
mod datagram;
mod gate;
mod impairments;
mod media;
mod options;
mod progress;
mod receiver;
mod relay;
mod report;
mod sender;
#[path = "../sm4_gcm/mod.rs"]
mod sm4_gcm;
mod stream;
mod timeline;
mod watch;

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::net::UdpSocket;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, ScopedJoinHandle};
use std::time::Instant;

use mediaseal::KeyStore;

use crate::gate::Gate;
use crate::impairments::Impairments;
use crate::media::Media;
use crate::options::{Command, Options};
use crate::progress::Progress;
use crate::receiver::{Receipt, Receiver};
use crate::relay::{Relay, Side, Tally};
use crate::report::{Report, Row};
use crate::sender::{Sender, Sent};
use crate::stream::{Participant, Stream};
use crate::watch::Watch;

type Failure = Box<dyn Error + Send + Sync>;

/// The media of A and B: what `examples/media/make.sh` made.
const BUILT_IN: [(Participant, &str, &[u8]); 5] = [
    (
        Participant::A,
        "speech",
        include_bytes!("../media/speech.ogg"),
    ),
    (
        Participant::A,
        "camera-h264",
        include_bytes!("../media/camera-h264.h264"),
    ),
    (
        Participant::A,
        "screen-av1",
        include_bytes!("../media/screen-av1.ivf"),
    ),
    (
        Participant::B,
        "speech2",
        include_bytes!("../media/speech2.ogg"),
    ),
    (
        Participant::B,
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

/// Reads the media of A and B.
fn streams(options: &Options) -> Result<[Vec<Stream>; 2], Failure> {
    let mut media = Vec::new();
    for path in &options.inputs {
        media.push((Participant::A, Media::open(path, options.fps)?));
    }
    for (sender, name, file) in BUILT_IN {
        if sender == Participant::B || options.inputs.is_empty() {
            media.push((sender, Media::parse(name, file, 30)?));
        }
    }
    let mut streams = [Vec::new(), Vec::new()];
    for ((sender, mut media), number) in media.into_iter().zip(1..) {
        if let Some(seconds) = options.seconds {
            media.cut_at(seconds);
        }
        streams[sender as usize].push(Stream {
            sender,
            number,
            media,
        });
    }
    Ok(streams)
}

/// Makes the call, writes what is left of it, and tells whether it was good.
fn call(options: Options, streams: &[Vec<Stream>; 2]) -> Result<bool, Failure> {
    fs::create_dir_all(&options.out)
        .map_err(|error| format!("{}: {error}", options.out.display()))?;
    let all = || streams.iter().flatten();
    let frames =
        || all().flat_map(|stream| stream.media.frames.iter().map(|frame| &frame.octets[..]));
    let watch = Watch::new(frames())?;
    let longest = frames().max_by_key(|frame| frame.len()).unwrap_or_default();
    let self_check = relay::check_watch(&watch, longest)?;

    let stores = ciphers::key_stores(options.cipher, options.keys)?;
    let outcome = talk(streams, &stores, &watch, options.impairments, options.fast)?;

    let mut sent = outcome.sent.iter().flatten();
    // B received what A sent.
    let mut received = outcome
        .receipts
        .iter()
        .rev()
        .flat_map(|receipt| &receipt.streams);
    let rows = all().map_while(|stream| {
        let (sent, received) = (sent.next()?, received.next()?);
        Some(Row {
            stream,
            sent,
            received,
        })
    });
    let report = Report {
        cipher: options.cipher.name(),
        rows: rows.collect(),
        receipts: &outcome.receipts,
        relay: outcome.relay,
        lost_elsewhere: outcome.lost_elsewhere,
        self_check,
        watch: &watch,
    };

    let mut text = String::new();
    report.write(&mut text)?;
    writeln!(text, "\nReceived media:")?;
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

    let faults = report.faults();
    for fault in &faults {
        writeln!(text, "FAILED: {fault}")?;
    }
    writeln!(text, "{}", report.summary())?;
    print(&text)?;
    Ok(faults.is_empty())
}

/// What a call leaves behind, by participant.
struct Outcome {
    sent: Vec<Vec<Sent>>,
    receipts: Vec<Receipt>,
    relay: Tally,
    /// Datagrams that were lost on their way to or from the relay.
    lost_elsewhere: u64,
}

/// Raises a flag however its thread ends, so that no other thread waits for ever.
struct RaiseOnDrop<'a>(&'a AtomicBool);

impl Drop for RaiseOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// Runs relay, senders and receivers until everything is sent and received.
fn talk(
    streams: &[Vec<Stream>; 2],
    stores: &[KeyStore; 2],
    watch: &Watch,
    impairments: Impairments,
    fast: bool,
) -> Result<Outcome, Failure> {
    let sockets = [bind()?, bind()?];
    let relay_socket = bind()?;
    for socket in &sockets {
        socket.connect(relay_socket.local_addr()?)?;
    }
    let (to_relay, to_a, to_b) = (Gate::default(), Gate::default(), Gate::default());
    let gates = [&to_a, &to_b];
    let [address_a, address_b] = [sockets[0].local_addr()?, sockets[1].local_addr()?];
    let sides = [
        Side {
            address: address_a,
            gate: &to_a,
        },
        Side {
            address: address_b,
            gate: &to_b,
        },
    ];
    let rate = |stream: &Stream| u32::try_from(stream.media.frames_a_second()).unwrap_or(u32::MAX);
    let rates = streams.iter().flatten().map(rate).collect();
    let relay = Relay::new(relay_socket, &to_relay, sides, watch, impairments, rates)?;
    let (senders_done, relay_done) = (AtomicBool::new(false), AtomicBool::new(false));
    let progress = Progress::new(streams);

    let start = Instant::now();
    thread::scope(|scope| {
        let relay = scope.spawn(|| {
            let _done = RaiseOnDrop(&relay_done);
            relay.run(&senders_done)
        });
        let at = |participant: Participant| participant as usize;
        let receivers = Participant::BOTH.map(|participant| {
            let receiver = Receiver {
                store: &stores[at(participant)],
                socket: &sockets[at(participant)],
                own: gates[at(participant)],
                relay_done: &relay_done,
                progress: [&progress.delivered, &progress.refused],
            };
            scope.spawn(move || receiver.run(&streams[at(participant.other())]))
        });
        let senders = Participant::BOTH.map(|participant| {
            let sender = Sender {
                store: &stores[at(participant)],
                socket: &sockets[at(participant)],
                relay: &to_relay,
                progress: &progress.sent,
            };
            scope.spawn(move || sender.run(&streams[at(participant)], fast, start))
        });
        let ticked = progress.watch(stores, || senders.iter().all(ScopedJoinHandle::is_finished));
        let sent = senders.map(join);
        senders_done.store(true, Ordering::Release);
        let relay = join(relay);
        let receipts = receivers.map(join);
        ticked?;
        Ok(Outcome {
            sent: sent.into_iter().collect::<Result<_, _>>()?,
            receipts: receipts.into_iter().collect::<Result<_, _>>()?,
            relay: relay?,
            lost_elsewhere: [&to_relay, &to_a, &to_b]
                .into_iter()
                .map(Gate::given_up)
                .sum(),
        })
    })
}

fn bind() -> io::Result<UdpSocket> {
    UdpSocket::bind("127.0.0.1:0")
}

/// Waits for a thread; a panic in it has been printed and ends the call.
fn join<T, E: Into<Failure>>(thread: ScopedJoinHandle<'_, Result<T, E>>) -> Result<T, Failure> {
    match thread.join() {
        Ok(result) => result.map_err(Into::into),
        Err(_) => Err("a thread of the call panicked".into()),
    }
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
