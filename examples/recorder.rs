//! A recorder that may be killed at any moment, and goes on where it was.
//!
//! ```text
//! cargo run --release --example recorder -- FOLDER            records made-up frames until it is killed
//! cargo run --release --example recorder -- FOLDER --finish   closes the recording and verifies it
//! ```
//!
//! The owner's key is kept in FOLDER.owner and the recorder's in FOLDER.recorder, readable for this user alone. Each start reads all that is there
//! and compares it with what must be. It says `there N` (frames that were found), `sent N` (frames given to the writer) and `safe N` (frames that
//! survive whatever comes). `cargo xtask crash` kills it some thousand times and tells it, by `--sent N --safe N`, what it had said before.

use std::error::Error;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use mediaseal::vault::grant::{Identity, Kem, Signer};
use mediaseal::vault::recording::{
    Cobblestone, Cursor, Frame, LocalStorage, MAX_UNCOMMITTED, NewRecording, Profile, Reader,
    TrackFormat, Verdict, Writer, envelope, header, recover, verify, wrap_context,
};
use mediaseal::vault::{Dek, SystemClock};
use mediaseal::{Codec, SenderId};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

struct Options {
    folder: PathBuf,
    finish: bool,
    sent: u64,
    safe: u64,
    pause: Duration,
}

fn main() -> Result<()> {
    let options = options()?;
    let owner = Identity::from_text(&key(&options.folder, "owner", || {
        Ok(Identity::generate(Kem::X25519)?.to_text().to_string())
    })?)?;
    let recorder = Arc::new(Signer::from_text(&key(
        &options.folder,
        "recorder",
        || Ok(Signer::generate()?.to_text().to_string()),
    )?)?);
    let storage = Arc::new(LocalStorage::create(&options.folder)?);
    let mut out = io::stdout().lock();

    let clock = Arc::new(SystemClock);
    let mut writer = if options.folder.join("header").is_file() {
        // What a recorder's operator does, who has no key of the recording, and then its owner.
        recover(&*storage)?;
        let found = verify(&*storage, Some(recorder.public()))?;
        if let Verdict::Tampered { place } = found.verdict {
            return Err(format!("wrong: {place}").into());
        }
        let context = wrap_context(&header(&*storage)?);
        let dek = envelope(&*storage)?.open_by_identity(&owner, &[*recorder.public()], &context)?;
        let there = check(&storage, &dek)?;
        writeln!(out, "there {there}")?;
        let lost: u64 = (there..options.sent)
            .map(|index| made_up(index).len() as u64)
            .sum();
        if there < options.safe || lost > MAX_UNCOMMITTED {
            let (sent, safe) = (options.sent, options.safe);
            return Err(
                format!("lost: {there} frames are there of {sent}, {safe} were safe").into(),
            );
        }
        let writer = Writer::resume(storage.clone(), &dek, Arc::clone(&recorder), clock)?;
        (writer, there)
    } else {
        let mut new = NewRecording::draw(
            Profile::Media,
            Cobblestone::default(),
            "",
            Arc::clone(&recorder),
            &SystemClock,
        )?;
        new.add_recipient(owner.recipient())?;
        (new.start(storage.clone(), clock)?, 0)
    };
    if options.finish {
        writer.0.finish()?;
        let found = verify(&*storage, Some(recorder.public()))?;
        if found.verdict != Verdict::Complete {
            return Err(format!("wrong: closed, and {:?}", found.verdict).into());
        }
        writeln!(
            out,
            "{} frames, {} segments, complete",
            found.frames, found.segments
        )?;
        return Ok(());
    }
    if writer.0.tracks().next().is_none() {
        writer.0.add_track(0, TrackFormat::of(Codec::Opus))?;
        writer.0.add_track(1, TrackFormat::of(Codec::Vp8))?;
    }
    record(&mut writer.0, writer.1, options.pause, &mut out)
}

/// Records frames from number `first` on, for ever.
fn record(writer: &mut Writer, first: u64, pause: Duration, out: &mut impl Write) -> Result<()> {
    let sender = SenderId::new("camera 1")?;
    for index in first.. {
        let octets = made_up(index);
        writer.write_frame(&Frame {
            track: track(index),
            sender: &sender,
            micros: index * 1_000,
            key_frame: index % 100 < 2,
            metadata: &[],
            octets: &octets,
        })?;
        writeln!(out, "sent {}", index + 1)?;
        out.flush()?;
        if index % 37 == 36 {
            writer.flush()?;
            writeln!(out, "safe {}", index + 1)?;
            out.flush()?;
        }
        std::thread::sleep(pause);
    }
    Ok(())
}

/// Reads everything, insists that it is the beginning of what was sent, and returns how many frames that is.
fn check(storage: &Arc<LocalStorage>, dek: &Dek) -> Result<u64> {
    let mut reader = Reader::open(storage.clone(), dek)?;
    let mut cursors: Vec<Cursor> = (0..2)
        .filter_map(|track| reader.start_of(track).ok())
        .collect();
    let mut index = 0;
    // Frames of both tracks were sent in turn, and both tracks are committed together.
    while let Some(cursor) = cursors.get_mut(usize::from(track(index))) {
        let Some(frame) = reader.next_frame(cursor)? else {
            break;
        };
        if frame.octets != made_up(index) || frame.micros != index * 1_000 {
            return Err(format!("wrong: frame {index} is another").into());
        }
        index += 1;
    }
    for cursor in &mut cursors {
        if reader.next_frame(cursor)?.is_some() {
            return Err(format!("wrong: a frame is missing before {index}").into());
        }
    }
    Ok(index)
}

fn track(index: u64) -> u16 {
    u16::from(index % 2 == 1)
}

/// Frame number `index`: 100 to 8,291 octets that are the same every time.
fn made_up(index: u64) -> Vec<u8> {
    let mut state = index.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        state.wrapping_mul(0x2545_f491_4f6c_dd1d)
    };
    let words = 13 + next() % 1024;
    (0..words).flat_map(|_| next().to_le_bytes()).collect()
}

/// Reads a key text from beside the folder, or makes one.
fn key(folder: &Path, name: &str, make: impl FnOnce() -> Result<String>) -> Result<String> {
    let mut path = folder.as_os_str().to_owned();
    path.push(format!(".{name}"));
    let path = PathBuf::from(path);
    if path.is_file() {
        return Ok(fs::read_to_string(path)?.trim().to_owned());
    }
    let text = make()?;
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let beside = path.with_extension("new");
    let mut file = options.open(&beside)?;
    writeln!(file, "{text}")?;
    file.sync_all()?;
    fs::rename(beside, &path)?;
    Ok(text)
}

fn options() -> Result<Options> {
    let mut options = Options {
        folder: PathBuf::new(),
        finish: false,
        sent: 0,
        safe: 0,
        pause: Duration::ZERO,
    };
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        use lexopt::prelude::{Long, Value, ValueExt};
        match argument {
            Long("finish") => options.finish = true,
            Long("sent") => options.sent = arguments.value()?.parse()?,
            Long("safe") => options.safe = arguments.value()?.parse()?,
            Long("pause") => {
                options.pause = Duration::from_micros(arguments.value()?.parse()?);
            }
            Value(folder) if options.folder.as_os_str().is_empty() => {
                options.folder = folder.into();
            }
            other => return Err(other.unexpected().into()),
        }
    }
    if options.folder.as_os_str().is_empty() {
        return Err("recorder FOLDER [--finish] [--pause MICROSECONDS]".into());
    }
    Ok(options)
}
