//! `mediaseal doctor`.

use std::io::Write;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;
use mediaseal::cipher::Verdict as TierVerdict;
use mediaseal::{
    BaseKey, ChannelDecryptor, ChannelEncryptor, CheckedCipher, CipherSuite, CounterOrigin, Error,
    FrameInfo, KeyId, KeyStore, Mode, SenderId,
};
use serde::Serialize;

use crate::input;
use crate::keyring::{self, Defaults};
use crate::outcome::{Failure, Verdict, json};
use crate::table::Table;

/// Look at this machine: processor, entropy, cipher suites, memory limits, clock; and at key files
///
/// Exit status: 0 nothing is wrong, 1 something is, 2 usage.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Look at this key file too: whether it can be read, and by whom
    #[arg(long, value_name = "FILE")]
    key_file: Vec<PathBuf>,

    /// The channel of keys that do not name theirs
    #[arg(long, value_name = "ID")]
    channel: Option<String>,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What was looked at; names here are for ever.
#[derive(Debug, Serialize)]
struct Report {
    version: &'static str,
    architecture: &'static str,
    system: &'static str,
    checks: Vec<Check>,
    verdict: &'static str,
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Good,
    /// Good to know; nothing is broken.
    Note,
    Fault,
}

/// Something that was looked at.
#[derive(Debug, Serialize)]
struct Check {
    name: String,
    state: State,
    what: String,
}

impl Check {
    fn new(name: &str, state: State, what: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            state,
            what: what.into(),
        }
    }
}

impl Arguments {
    pub(crate) fn run(&self, out: &mut dyn Write) -> Result<Verdict, Failure> {
        let mut checks = processor();
        checks.push(entropy());
        checks.extend(suites());
        checks.extend(limits());
        checks.push(clock());
        for path in &self.key_file {
            checks.extend(self.key_file(path));
        }
        let has_faults = checks.iter().any(|check| check.state == State::Fault);
        let report = Report {
            version: env!("CARGO_PKG_VERSION"),
            architecture: std::env::consts::ARCH,
            system: std::env::consts::OS,
            checks,
            verdict: if has_faults { "faults" } else { "well" },
        };
        if self.json {
            json(out, &report)?;
        } else {
            report.write_text(out)?;
        }
        Ok(if has_faults {
            Verdict::Faults
        } else {
            Verdict::Well
        })
    }

    fn key_file(&self, path: &std::path::Path) -> Vec<Check> {
        let name = format!("key file {}", path.display());
        let defaults = Defaults {
            channel: self.channel.clone(),
            generation: 1,
            ..Defaults::default()
        };
        let read = input::read_key_file(path).map_err(|failure| failure.to_string());
        let keys =
            read.and_then(|text| keyring::parse(&path.display().to_string(), &text, &defaults));
        let mut checks = vec![match keys {
            Ok(keys) => Check::new(
                &name,
                State::Good,
                format!("{} keys, all of which can be read", keys.len()),
            ),
            Err(why) => Check::new(&name, State::Fault, why),
        }];
        checks.extend(permissions(&name, path));
        checks
    }
}

/// Who else may read a key file.
#[cfg(unix)]
fn permissions(name: &str, path: &std::path::Path) -> Option<Check> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path).ok()?.permissions().mode();
    (mode & 0o077 != 0).then(|| {
        let what = format!(
            "others may read or change it (mode {:03o}): chmod 600",
            mode & 0o777
        );
        Check::new(name, State::Fault, what)
    })
}

#[cfg(not(unix))]
fn permissions(_: &str, _: &std::path::Path) -> Option<Check> {
    None
}

/// Which kernels compute AES here.
fn processor() -> Vec<Check> {
    let cpu = mediaseal::cpu();
    let is_slow = cpu.tier() == mediaseal::Tier::Portable;
    let what = if is_slow {
        "portable: no instructions for AES were found, so it is slow"
    } else {
        cpu.tier().name()
    };
    let mut checks = vec![Check::new(
        "AES",
        if is_slow { State::Note } else { State::Good },
        what,
    )];
    for candidate in cpu.candidates() {
        if candidate.verdict == TierVerdict::SelfTestFailed {
            let what = format!(
                "{}: {}. Report it: the processor, the compiler or this build is at fault",
                candidate.tier,
                candidate.verdict.text()
            );
            checks.push(Check::new("AES", State::Fault, what));
        }
    }
    checks
}

/// Whether the operating system gives random octets, and not the same ones twice.
fn entropy() -> Check {
    match (BaseKey::generate(), BaseKey::generate()) {
        (Ok(one), Ok(other)) if one != other => Check::new(
            "entropy",
            State::Good,
            "the operating system gives random octets",
        ),
        (Ok(_), Ok(_)) => Check::new(
            "entropy",
            State::Fault,
            "the operating system gave the same random octets twice: make no keys here",
        ),
        (Err(error), _) | (_, Err(error)) => Check::new("entropy", State::Fault, error.to_string()),
    }
}

/// Seals and opens a frame with each suite.
fn suites() -> Vec<Check> {
    let tried = CipherSuite::BUILTIN
        .into_iter()
        .map(|suite| (suite, seal_and_open(suite)));
    let (good, bad): (Vec<_>, Vec<_>) = tried.partition(|(_, tried)| tried.is_ok());
    let mut checks = Vec::new();
    if !good.is_empty() {
        checks.push(Check::new(
            "cipher suites",
            State::Good,
            format!(
                "{} of {} seal and open",
                good.len(),
                CipherSuite::BUILTIN.len()
            ),
        ));
    }
    for (suite, tried) in bad {
        let why = tried.err().map_or(String::new(), |error| error.to_string());
        checks.push(Check::new(
            "cipher suites",
            State::Fault,
            format!("{suite}: {why}"),
        ));
    }
    checks
}

fn seal_and_open(suite: CipherSuite) -> Result<(), Error> {
    const FRAME: &[u8] = b"a frame of this machine's own";
    let cipher = CheckedCipher::builtin(suite)?.allow_short_tags();
    let (kid, key) = (KeyId::new(1), BaseKey::generate()?);
    let sending = KeyStore::raw_with(&cipher)?;
    sending.add_send(key.duplicate(), kid, CounterOrigin::FreshKey)?;
    sending.activate(kid)?;
    let receiving = KeyStore::raw_with(&cipher)?;
    receiving.add_receive(key, kid, SenderId::default())?;
    let sealed = ChannelEncryptor::new(&sending, Mode::Frame)?
        .encrypt_to_vec(&FrameInfo::default(), FRAME)?;
    let mut decryptor = ChannelDecryptor::new(&receiving, Mode::Frame)?;
    // What was altered is refused, and what was not opens.
    let mut altered = sealed.clone();
    if let Some(last) = altered.last_mut() {
        *last ^= 1;
    }
    let refused = decryptor.decrypt_to_vec(&FrameInfo::default(), &altered);
    let opened = decryptor.decrypt_to_vec(&FrameInfo::default(), &sealed)?;
    if matches!(refused, Err(Error::AuthenticationFailed { .. })) && opened == FRAME {
        Ok(())
    } else {
        let suite = suite.value();
        Err(Error::CipherFailed { suite })
    }
}

/// What the system lets a process lock, and where its memory may end up.
#[cfg(unix)]
fn limits() -> Vec<Check> {
    use rustix::process::{Resource, getrlimit};
    let limit = |resource| getrlimit(resource).current;
    let locked = limit(Resource::Memlock).map_or("without a limit".to_owned(), |octets| {
        format!("{} KiB", octets >> 10)
    });
    let mut checks = vec![Check::new(
        "locked memory",
        State::Note,
        format!("{locked} may be locked; mediaseal locks none itself, it wipes keys"),
    )];
    checks.push(match limit(Resource::Core) {
        Some(0) => Check::new(
            "core files",
            State::Good,
            "a process that crashes leaves no memory behind",
        ),
        _ => Check::new(
            "core files",
            State::Note,
            "a process that crashes may leave its memory in a file, keys included: ulimit -c 0",
        ),
    });
    // The first line names the columns.
    let swap = std::fs::read_to_string("/proc/swaps")
        .ok()
        .map(|text| text.lines().count() > 1);
    match swap {
        Some(true) => checks.push(Check::new(
            "swap",
            State::Note,
            "memory may be written to disk, keys included: encrypt the swap",
        )),
        Some(false) => checks.push(Check::new("swap", State::Good, "there is none")),
        None => {}
    }
    checks
}

#[cfg(not(unix))]
fn limits() -> Vec<Check> {
    Vec::new()
}

/// Channels with a clock want one that is right to some minutes; what is before this code was written is surely wrong.
fn clock() -> Check {
    const WRITTEN: u64 = 1_790_000_000;
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    if now < WRITTEN {
        let what = format!(
            "{now} seconds since 1970 is before this program was made: channels with a clock do not open"
        );
        return Check::new("clock", State::Fault, what);
    }
    Check::new(
        "clock",
        State::Good,
        format!(
            "{now} seconds since 1970, hour {} of channels with a clock",
            now / 3600
        ),
    )
}

impl Report {
    fn write_text(&self, out: &mut dyn Write) -> std::io::Result<()> {
        writeln!(
            out,
            "mediaseal {}, {}, {}\n",
            self.version, self.architecture, self.system
        )?;
        let mut table = Table::new(&["", "what", ""]);
        for check in &self.checks {
            let state = match check.state {
                State::Good => "good",
                State::Note => "note",
                State::Fault => "FAULT",
            };
            table.row(vec![
                state.to_owned(),
                check.name.clone(),
                check.what.clone(),
            ]);
        }
        write!(out, "{}", table.text())
    }
}
