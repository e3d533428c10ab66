//! `mediaseal key new`, `show` and `safety-code`: keys of calls in files.

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;
use data_encoding::HEXLOWER;
use mediaseal::{ChannelKey, CheckedCipher, CipherSuite, Error};
use serde::Serialize;
use zeroize::{Zeroize, Zeroizing};

use crate::input;
use crate::key_files::write_new;
use crate::keyring::{self, Defaults, Key};
use crate::outcome::{Failure, json};
use crate::suites;
use crate::table::plain;

const NEW_EXAMPLES: &str = "\
Examples:
  mediaseal key new --channel standup --out standup.key
  mediaseal key new --channel standup --generation 2 --suite aes-256-gcm --out standup-2.key
  mediaseal key new --kid 0x1f --out raw.key                  a raw base key (RFC 9605)
  mediaseal key new --channel standup --out - --visible-key   prints the key: asked for twice";

/// Make a fresh key from the operating system's generator, as a line of a key file
#[derive(Args)]
#[command(after_help = NEW_EXAMPLES)]
pub(super) struct New {
    /// The channel that it is for
    #[arg(
        long,
        value_name = "ID",
        required_unless_present = "kid",
        conflicts_with = "kid"
    )]
    channel: Option<String>,
    /// The instance of the channel
    #[arg(long, value_name = "ID", requires = "channel")]
    instance: Option<String>,
    /// The channel is used with a clock
    #[arg(long, requires = "channel")]
    clock: bool,
    /// The number of the generation
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    generation: u64,
    /// Make a raw base key under this KID (RFC 9605) instead
    #[arg(long, value_name = "KID", value_parser = kid)]
    kid: Option<u64>,
    /// The cipher suite
    #[arg(long, value_parser = suites::suite, default_value = "aes-128-gcm")]
    suite: CipherSuite,
    /// Where to write it: a file that is not there yet, which only its owner can read; - is standard output, and wants --visible-key too
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Allow to print the key
    #[arg(long)]
    visible_key: bool,
}

const SHOW_EXAMPLES: &str = "\
Examples:
  mediaseal key show standup.key
  mediaseal key show *.key --json
  mediaseal key show standup.key --secret --visible-key       prints the keys: asked for twice";

/// List the keys of key files: what they are of, not what they are
#[derive(Args)]
#[command(after_help = SHOW_EXAMPLES)]
pub(super) struct Show {
    /// Key files; - is standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    defaults: Named,
    /// Print the octets of the keys too; wants --visible-key
    #[arg(long, requires = "visible_key")]
    secret: bool,
    /// Allow --secret
    #[arg(long)]
    visible_key: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

const CODE_EXAMPLES: &str = "\
Examples:
  mediaseal key safety-code standup.key                       each member reads his to the others
  mediaseal key safety-code standup.key --cipher-library ./libsm4.so";

/// Print the safety codes of channel keys: members whose codes are equal have the same key, suite and clock
#[derive(Args)]
#[command(after_help = CODE_EXAMPLES)]
pub(super) struct SafetyCode {
    /// Key files; - is standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    defaults: Named,
    /// A custom cipher from a shared library, whose code then runs here
    #[arg(long, value_name = "FILE")]
    cipher_library: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What keys are of that do not say it themselves.
#[derive(Args)]
struct Named {
    /// The channel of keys that do not name theirs
    #[arg(long, value_name = "ID")]
    channel: Option<String>,
    /// The instance of the channel
    #[arg(long, value_name = "ID", default_value = "", hide_default_value = true)]
    instance: String,
    /// The channel is used with a clock
    #[arg(long)]
    clock: bool,
    /// The generation
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    generation: u64,
    /// The cipher suite [default: aes-128-gcm]
    #[arg(long, value_parser = suites::suite)]
    suite: Option<CipherSuite>,
}

fn kid(text: &str) -> Result<u64, String> {
    keyring::number(text).ok_or_else(|| "no number".to_owned())
}

impl Named {
    fn read(&self, files: &[PathBuf]) -> Result<Vec<Key>, Failure> {
        let defaults = Defaults {
            channel: self.channel.clone(),
            instance: self.instance.clone(),
            clock: self.clock,
            generation: self.generation,
            suite: self.suite,
        };
        let mut keys = Vec::new();
        for path in files {
            let text = input::read_key_file(path)?;
            let name = path.display().to_string();
            keys.extend(keyring::parse(&name, &text, &defaults).map_err(Failure::Usage)?);
        }
        Ok(keys)
    }
}

impl New {
    pub(super) fn run(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let is_printed = self.out.as_os_str() == "-";
        if is_printed && !self.visible_key {
            let what =
                "to print a key wants --visible-key too; or name a file that is not there yet";
            return Err(Failure::Usage(what.to_owned()));
        }
        let line = self.line()?;
        // Whatever is written can be read again: quotation marks and line breaks have no place in a name.
        let text = std::str::from_utf8(&line).unwrap_or_default();
        let keys =
            keyring::parse("the new key", text, &Defaults::default()).map_err(Failure::Usage)?;
        let is_same = keys.len() == 1
            && keys.iter().all(|key| {
                key.channel().map(|name| &name.id[..]) == self.channel.as_deref().map(str::as_bytes)
            });
        if !is_same {
            let what = "names in key files have neither quotation marks nor line breaks";
            return Err(Failure::Usage(what.to_owned()));
        }
        if is_printed {
            out.write_all(&line)?;
            return Ok(());
        }
        write_new(&self.out, &[&line], true)?;
        let named = keys.iter().filter_map(|key| code(key, None).transpose());
        for code in named {
            match code {
                Ok(code) => writeln!(out, "safety code: {code}")?,
                Err(error) => writeln!(out, "safety code: none without the cipher ({error})")?,
            }
        }
        Ok(())
    }

    fn line(&self) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let key = ChannelKey::generate().map_err(|error| Failure::Unreadable(error.to_string()))?;
        let octets = key.to_bytes();
        let mut digits = Zeroizing::new([0; 128]);
        let digits = &mut digits[..octets.len() * 2];
        HEXLOWER.encode_mut(&octets, digits);
        // All room at once, so that no copy stays behind.
        let mut line = Zeroizing::new(Vec::with_capacity(4_096));
        let suite = suites::name(self.suite);
        match (self.kid, &self.channel) {
            (Some(kid), _) => write!(line, "kid={kid:#x} suite={suite}")?,
            (None, Some(channel)) => {
                write!(line, "channel=\"{channel}\"")?;
                if let Some(instance) = &self.instance {
                    write!(line, " instance=\"{instance}\"")?;
                }
                if self.clock {
                    write!(line, " clock=yes")?;
                }
                write!(line, " generation={} suite={suite}", self.generation)?;
            }
            (None, None) => {}
        }
        line.extend_from_slice(b" key=");
        line.extend_from_slice(digits);
        line.push(b'\n');
        digits.zeroize();
        Ok(line)
    }
}

/// A key as JSON has it: names here are for ever.
#[derive(Serialize)]
struct KeyReport {
    /// channel, epoch or raw.
    kind: &'static str,
    channel: Option<String>,
    instance: Option<String>,
    clock: Option<bool>,
    generation: Option<u64>,
    step: Option<u32>,
    kid: Option<String>,
    sender: Option<String>,
    suite: String,
    safety_code: Option<String>,
}

impl KeyReport {
    fn of(key: &Key) -> Self {
        let channel = key.channel();
        let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
        let (kind, suite) = match key {
            Key::Channel { suite, .. } => ("channel", suite),
            Key::Epoch { suite, .. } => ("epoch", suite),
            Key::Raw { suite, .. } => ("raw", suite),
        };
        Self {
            kind,
            channel: channel.map(|name| text(&name.id)),
            instance: channel.map(|name| text(&name.instance)),
            clock: channel.map(|name| name.clock),
            generation: match key {
                Key::Channel { generation, .. } | Key::Epoch { generation, .. } => {
                    Some(*generation)
                }
                Key::Raw { .. } => None,
            },
            step: match key {
                Key::Epoch { step, .. } => Some(*step),
                _ => None,
            },
            kid: match key {
                Key::Raw { kid, .. } => Some(kid.to_string()),
                _ => None,
            },
            sender: match key {
                Key::Raw { sender, .. } => Some(sender.to_string()),
                _ => None,
            },
            suite: suite.to_string(),
            safety_code: code(key, None).ok().flatten(),
        }
    }

    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        let quoted = |text: &Option<String>| plain(text.as_deref().unwrap_or_default());
        match self.kind {
            "raw" => {
                let kid = self.kid.as_deref().unwrap_or_default();
                writeln!(
                    out,
                    "raw base key, KID {kid}, sender \"{}\", {}",
                    quoted(&self.sender),
                    self.suite
                )?;
            }
            kind => {
                let what = if kind == "epoch" {
                    "epoch secret"
                } else {
                    "channel key"
                };
                let step = self
                    .step
                    .map_or(String::new(), |step| format!(", step {step}"));
                let generation = self.generation.unwrap_or_default();
                write!(out, "{what}, channel \"{}\"", quoted(&self.channel))?;
                if self
                    .instance
                    .as_deref()
                    .is_some_and(|instance| !instance.is_empty())
                {
                    write!(out, ", instance \"{}\"", quoted(&self.instance))?;
                }
                let clock = if self.clock == Some(true) {
                    "with"
                } else {
                    "without"
                };
                writeln!(
                    out,
                    ", generation {generation}{step}, {clock} a clock, {}",
                    self.suite
                )?;
            }
        }
        if let Some(code) = &self.safety_code {
            writeln!(out, "  safety code: {code}")?;
        }
        Ok(())
    }
}

impl Show {
    pub(super) fn run(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let keys = self.defaults.read(&self.files)?;
        if self.secret && self.json {
            let what = "--secret prints text alone: JSON goes into logs";
            return Err(Failure::Usage(what.to_owned()));
        }
        let reports: Vec<_> = keys.iter().map(KeyReport::of).collect();
        if self.json {
            return json(out, &reports);
        }
        for (key, report) in keys.iter().zip(&reports) {
            report.write_text(out)?;
            if self.secret {
                match key {
                    Key::Channel { key, .. } => {
                        let octets = key.to_bytes();
                        let mut digits = Zeroizing::new([0; 128]);
                        let digits = &mut digits[..octets.len() * 2];
                        HEXLOWER.encode_mut(&octets, digits);
                        out.write_all(b"  key: ")?;
                        out.write_all(digits)?;
                        digits.zeroize();
                        writeln!(out)?;
                    }
                    Key::Epoch { text, .. } => writeln!(out, "  key: {}", text.as_str())?,
                    Key::Raw { .. } => {
                        writeln!(out, "  key: raw base keys are not shown; read the key file")?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// A safety code as JSON has it.
#[derive(Serialize)]
struct CodeReport {
    channel: String,
    generation: Option<u64>,
    step: Option<u32>,
    safety_code: String,
}

impl SafetyCode {
    pub(super) fn run(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let keys = self.defaults.read(&self.files)?;
        let custom = self.cipher_library.as_ref().map(|path| {
            CheckedCipher::load(path)
                .map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))
        });
        let custom = custom.transpose()?;
        let mut reports = Vec::new();
        for key in &keys {
            let code =
                code(key, custom.as_ref()).map_err(|error| Failure::Usage(error.to_string()))?;
            if let Some(safety_code) = code {
                let KeyReport {
                    channel,
                    generation,
                    step,
                    ..
                } = KeyReport::of(key);
                reports.push(CodeReport {
                    channel: channel.unwrap_or_default(),
                    generation,
                    step,
                    safety_code,
                });
            }
        }
        if reports.is_empty() {
            return Err(Failure::Usage(
                "there is no channel key: raw keys have no safety code".to_owned(),
            ));
        }
        if self.json {
            return json(out, &reports);
        }
        for report in &reports {
            let step = report
                .step
                .map_or(String::new(), |step| format!(", step {step}"));
            let generation = report.generation.unwrap_or_default();
            writeln!(
                out,
                "{}  {}, generation {generation}{step}",
                report.safety_code,
                plain(&report.channel)
            )?;
        }
        Ok(())
    }
}

/// The safety code of a key: of the step of an epoch secret, of step 0 of a channel key. Raw keys have none.
fn code(key: &Key, custom: Option<&CheckedCipher>) -> Result<Option<String>, Error> {
    let Some(name) = key.channel() else {
        return Ok(None);
    };
    let generation = match key {
        Key::Channel { generation, .. } | Key::Epoch { generation, .. } => *generation,
        Key::Raw { .. } => return Ok(None),
    };
    let (store, channel) = name.open()?;
    key.stage(&channel, |suite| keyring::cipher(suite, custom))?;
    // The code does not depend on the time; a channel with a clock wants one.
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    store.tick(now)?;
    channel.activate(generation)?;
    channel.safety_code().map(Some)
}
