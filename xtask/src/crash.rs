//! Kills a recorder again and again, at any moment, and looks at what is left.

use std::{
    collections::HashMap,
    fs,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use crate::{
    command::cargo,
    parts::{Campaign, Halt},
    workspace::Workspace,
};

/// Kills of a whole run, and of a quick one.
const KILLS: u64 = 10_000;
const QUICK_KILLS: u64 = 500;
/// Kills of one recording, until it is closed and another is begun.
const KILLS_OF_ONE: u64 = 12;

/// What `cargo xtask crash` was asked.
#[derive(Clone, Copy, Default)]
pub(crate) struct Request {
    /// Whether it is the quick run.
    pub(crate) quick: bool,
}

/// `cargo xtask crash`: prints the verdict as the last line.
///
/// # Errors
/// A sentence, if it could not run.
pub(crate) fn command(request: Request) -> Result<bool, String> {
    let mut campaign = Campaign::new(Workspace::find()?, crate::FUZZ_SECONDS);
    let kills = if request.quick { QUICK_KILLS } else { KILLS };
    match campaign_of(&mut campaign, kills) {
        Ok(verdict) => {
            println!("{verdict}");
            Ok(true)
        }
        Err(Halt::Failed(reason) | Halt::Skipped(reason)) => {
            println!("crash: FAILED: {reason}");
            Ok(false)
        }
    }
}

/// The quick run, as a part of `cargo xtask test`.
///
/// # Errors
/// Failed, if anything that was committed is lost or anything is wrong.
pub(crate) fn run(campaign: &mut Campaign) -> Result<String, Halt> {
    campaign_of(campaign, QUICK_KILLS)
}

/// The whole run, as a part of `cargo xtask verify`.
///
/// # Errors
/// As for [`run`].
pub(crate) fn run_long(campaign: &mut Campaign) -> Result<String, Halt> {
    campaign_of(campaign, KILLS)
}

fn campaign_of(campaign: &mut Campaign, kills: u64) -> Result<String, Halt> {
    let root = campaign.workspace.root.clone();
    cargo(&root)
        .args(["build", "--release", "--example", "recorder"])
        .run(&mut campaign.transcript)?
        .successful()?;
    let program = campaign.workspace.example("recorder");
    let folder = campaign.workspace.target.join("crash");
    let fault = |error: std::io::Error| Halt::Failed(format!("{}: {error}", folder.display()));
    if folder.is_dir() {
        fs::remove_dir_all(&folder).map_err(fault)?;
    }
    fs::create_dir_all(&folder).map_err(fault)?;
    let mut random = Random(0x5eed_0fc4_a54e);
    let mut salts = HashMap::new();
    let (mut killed, mut recordings) = (0, 0);
    let (mut frames, mut last_note) = (0, Instant::now());
    while killed < kills {
        let recording = folder.join(format!("rec{recordings}"));
        let mut said = Said::default();
        for _ in 0..KILLS_OF_ONE.min(kills - killed) {
            said = kill_once(&program, &recording, said, &mut random)?;
            note_salts(&recording, &mut salts)?;
            killed += 1;
            if last_note.elapsed() > Duration::from_secs(10) {
                eprintln!("crash: {killed} of {kills} kills, {recordings} recordings closed");
                last_note = Instant::now();
            }
        }
        frames += finish(&program, &recording, said)?;
        note_salts(&recording, &mut salts)?;
        recordings += 1;
        fs::remove_dir_all(&recording).map_err(fault)?;
    }
    eprintln!(
        "crash: {recordings} recordings with {frames} frames closed and complete, {} messages seen, each under a salt of its own",
        salts.len()
    );
    if killed == 0 || frames == 0 {
        return Err(Halt::Failed("nothing was recorded".to_owned()));
    }
    Ok(format!(
        "crash: {killed} kills, 0 lost beyond commit, 0 wrong octets"
    ))
}

/// What a recorder said last.
#[derive(Clone, Copy, Default)]
struct Said {
    sent: u64,
    safe: u64,
}

fn recorder(program: &Path, recording: &Path, said: Said) -> Command {
    let mut command = Command::new(program);
    command
        .arg(recording)
        .args(["--sent", &said.sent.to_string()])
        .args(["--safe", &said.safe.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Starts a recorder, which checks what is there, and kills it after a while: sometimes in the middle of its beginning, mostly while it records.
fn kill_once(
    program: &Path,
    recording: &Path,
    before: Said,
    random: &mut Random,
) -> Result<Said, Halt> {
    let started = |error| Halt::Failed(format!("{}: {error}", program.display()));
    let mut child = recorder(program, recording, before)
        .args(["--pause", &(random.next() % 60).to_string()])
        .spawn()
        .map_err(started)?;
    let output = child.stdout.take();
    let (says_something, speaks) = mpsc::channel();
    let reader = thread::spawn(move || {
        let mut said = Said::default();
        let lines = output
            .into_iter()
            .flat_map(|output| BufReader::new(output).lines());
        for line in lines.map_while(Result::ok) {
            // Nobody listens once it is to be killed.
            says_something.send(()).ok();
            let mut words = line.split(' ');
            let word = words.next();
            // A line that the kill cut is not believed.
            let number = words.next().and_then(|number| number.parse().ok());
            match (word, number) {
                (Some("there"), Some(number)) => {
                    said = Said {
                        sent: number,
                        safe: number,
                    }
                }
                (Some("sent"), Some(number)) => said.sent = said.sent.max(number),
                (Some("safe"), Some(number)) => said.safe = said.safe.max(number),
                _ => {}
            }
        }
        said
    });
    // After so many lines, however fast this machine is; sometimes in the middle of its beginning.
    match random.next() % 8 {
        0 => thread::sleep(Duration::from_micros(random.next() % 20_000)),
        _ => {
            for _ in 0..=random.next() % 150 {
                // It is silent only if something is wrong, which is looked at below.
                if speaks.recv_timeout(Duration::from_secs(30)).is_err() {
                    break;
                }
            }
            thread::sleep(Duration::from_micros(random.next() % 3_000));
        }
    }
    let ended = child.try_wait().map_err(started)?;
    child.kill().map_err(started)?;
    child.wait().map_err(started)?;
    let mut complaint = String::new();
    if let Some(mut errors) = child.stderr.take() {
        errors.read_to_string(&mut complaint).map_err(started)?;
    }
    let said = reader
        .join()
        .map_err(|_| Halt::Failed("the recorder's output could not be read".to_owned()))?;
    if ended.is_some() || !complaint.is_empty() {
        return Err(Halt::Failed(format!(
            "the recorder ended by itself: {complaint}"
        )));
    }
    // Killed before it said what is there: what was said before still holds.
    Ok(Said {
        sent: said.sent.max(before.safe),
        safe: said.safe.max(before.safe),
    })
}

/// Has the recorder close a recording, and returns its frames.
fn finish(program: &Path, recording: &Path, said: Said) -> Result<u64, Halt> {
    let done = recorder(program, recording, said)
        .arg("--finish")
        .output()
        .map_err(|error| Halt::Failed(format!("{}: {error}", program.display())))?;
    let output = String::from_utf8_lossy(&done.stdout);
    let frames = output
        .lines()
        .last()
        .and_then(|line| line.strip_suffix(" segments, complete"))
        .and_then(|line| line.split(' ').next()?.parse().ok());
    match frames {
        Some(frames) if done.status.success() => Ok(frames),
        _ => Err(Halt::Failed(format!(
            "a recording that was killed cannot be closed: {}",
            String::from_utf8_lossy(&done.stderr)
        ))),
    }
}

/// Notes the salt of every message that lies there: from it follow key and nonces. None may be another's.
fn note_salts(recording: &Path, salts: &mut HashMap<[u8; 24], PathBuf>) -> Result<(), Halt> {
    let Ok(entries) = fs::read_dir(recording) else {
        // Killed before it made the folder.
        return Ok(());
    };
    for entry in entries.filter_map(Result::ok) {
        let path = entry.path();
        let is_message = path
            .extension()
            .is_some_and(|extension| extension == "seg" || extension == "tail");
        let mut salt = [0; 24];
        let is_read = is_message
            && fs::File::open(&path)
                .and_then(|mut file| file.read_exact(&mut salt))
                .is_ok();
        if is_read
            && let Some(before) = salts.insert(salt, path.clone())
            && before != path
        {
            return Err(Halt::Failed(format!(
                "{} and {} have one salt",
                before.display(),
                path.display()
            )));
        }
    }
    Ok(())
}

/// Numbers that look random (xorshift64*).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }
}
