//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use lexopt::prelude::*;
use mediaseal::ChannelKey;

use crate::ciphers::Choice;
use crate::impairments::Impairments;
use crate::wire::Wire;

const HELP: &str = "\
Three participants in an encrypted call over UDP, through a relay that nobody trusts.

A sends speech, a camera and a screen; B sends speech and a camera; both send
messages. Each frame is encrypted and goes in RTP packets of at most 1200 octets. The
relay loses, delays, repeats, replays and alters packets, and looks for media in each.
What arrives is compared with what was sent, bit by bit, and written to files.

One key of the channel is all that A and B share. C joins after 4 seconds and gets a
secret that opens nothing earlier; A restarts a sender after 6; the relay sends a
whole session of before again after 7; C leaves after 8, and does not get the next
key. The relay goes on sending to C, and sends some frames back to A.

Usage: cargo run --release --example call -- [OPTIONS]

Media:
  --input FILE       send this file instead of A's built-in media; may be repeated:
                     IVF (VP8, VP9, AV1), Ogg Opus, or H.264 in Annex-B form
  --fps N            frames a second of Annex-B input, which does not say [30]
  --seconds N        send only the first N seconds
  --fast             send as fast as it goes instead of at the media's own pace

Wire:
  --codec-aware      seal frames so that packetizers and relays still read what they
                     need: where a frame begins, which are key frames (docs/codecs.md)
  --packet-mode      cut first, and seal the payload of each packet
                     [else whole frames are sealed, and show nothing]

Keys:
  --cipher NAME      CIPHERS
  --cipher-library FILE
                     a custom cipher from this shared library, whose code then runs
                     here: one that examples/c/README.md tells how to make
  --key HEX          use your own channel key, 32 to 128 hexadecimal digits; given
                     again, that of generation 2, which follows when C leaves. For
                     tests: others on this machine can read a command line. [random]

Relay, in percent:
  --loss P           packets lost [2]
  --reorder P        packets that others overtake [5]
  --duplicate P      packets sent twice [1]
  --replay P         frames sent again, a second or more later [2]
  --tamper P         packets with one bit flipped [0.5]
  --seed N           makes another choice of them [12]

Recording:
  --record DIR       a recorder at the relay, without any key of the call, keeps every
                     frame as it was sent in DIR, a new folder, for its owners; each
                     sender grants them the keys of its sessions (docs/recording.md);
                     not with --packet-mode
  --owner FILE       an owner's public key, mediaseal-pub-1...; may be repeated
                     [a pair is made: DIR.owner.key, DIR.owner.pub]

  Beside DIR are written DIR.pub, the recorder's public key, under which `mediaseal
  verify` verifies; and DIR.senders, those of A and B, who sign what they grant.

Result:
  --out DIR          where to write received media and timeline.svg [target/call]
  -h, --help         print this

The last line of the output sums up the media between A and B. Exit status: 0 if all is
well; 1 if a frame was wrong, the relay saw media, a stream did not arrive, something
opened that must not or did not open that must, the numbers do not add up, or nothing
could be recorded; 2 if an option or an input file is not good.
";

/// What the command line asks for. Holds keys, so it is not `Debug`.
pub(crate) struct Options {
    pub(crate) inputs: Vec<PathBuf>,
    pub(crate) fps: u32,
    pub(crate) seconds: Option<Duration>,
    pub(crate) fast: bool,
    pub(crate) wire: Wire,
    pub(crate) cipher: Choice,
    pub(crate) cipher_library: Option<PathBuf>,
    pub(crate) keys: Vec<ChannelKey>,
    pub(crate) impairments: Impairments,
    /// The folder of the recording, if one is made, and its owners' public keys.
    pub(crate) record: Option<PathBuf>,
    pub(crate) owners: Vec<PathBuf>,
    pub(crate) out: PathBuf,
}

/// What to do.
pub(crate) enum Command {
    Call(Box<Options>),
    /// Print this text.
    Help(String),
}

/// Reads the command line, without the program's name in front.
///
/// # Errors
/// A sentence that names the option and what is wrong with it, and never shows a key.
pub(crate) fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Command, lexopt::Error> {
    let mut parser = lexopt::Parser::from_args(args);
    let mut options = Options {
        inputs: Vec::new(),
        fps: 30,
        seconds: None,
        fast: false,
        wire: Wire::Frames,
        cipher: Choice::all().next().ok_or("no cipher is built in")?,
        cipher_library: None,
        keys: Vec::new(),
        impairments: Impairments {
            loss: 2.0,
            reorder: 5.0,
            duplicate: 1.0,
            replay: 2.0,
            tamper: 0.5,
            // With it the first key frames arrive, so that all files play from the start.
            seed: 12,
        },
        record: None,
        owners: Vec::new(),
        out: PathBuf::from("target/call"),
    };
    while let Some(arg) = parser.next()? {
        let harm = &mut options.impairments;
        match arg {
            Long("input") => options.inputs.push(parser.value()?.into()),
            Long("fps") => options.fps = value(&mut parser, "--fps", frame_rate)?,
            Long("seconds") => options.seconds = Some(value(&mut parser, "--seconds", seconds)?),
            Long("fast") => options.fast = true,
            Long(name @ ("codec-aware" | "packet-mode")) => {
                let wire = match name {
                    "packet-mode" => Wire::Packets,
                    _ => Wire::CodecAware,
                };
                if options.wire != Wire::Frames && options.wire != wire {
                    return Err("--codec-aware and --packet-mode exclude each other".into());
                }
                options.wire = wire;
            }
            Long("cipher") => options.cipher = value(&mut parser, "--cipher", cipher_named)?,
            Long("cipher-library") => options.cipher_library = Some(parser.value()?.into()),
            Long("key") => options.keys.push(channel_key(&parser.value()?)?),
            Long("loss") => harm.loss = value(&mut parser, "--loss", percent)?,
            Long("reorder") => harm.reorder = value(&mut parser, "--reorder", percent)?,
            Long("duplicate") => harm.duplicate = value(&mut parser, "--duplicate", percent)?,
            Long("replay") => harm.replay = value(&mut parser, "--replay", percent)?,
            Long("tamper") => harm.tamper = value(&mut parser, "--tamper", percent)?,
            Long("seed") => harm.seed = value(&mut parser, "--seed", seed)?,
            Long("record") => options.record = Some(parser.value()?.into()),
            Long("owner") => options.owners.push(parser.value()?.into()),
            Long("out") => options.out = parser.value()?.into(),
            Long("help") | Short('h') => return Ok(Command::Help(help())),
            // Not repeated in the message: it may be a key.
            Value(_) => return Err("an argument stands without an option in front".into()),
            _ => return Err(arg.unexpected()),
        }
    }
    if options.keys.len() > 2 {
        return Err("--key may be given twice, for generations 1 and 2".into());
    }
    if options.record.is_none() && !options.owners.is_empty() {
        return Err("--owner is of a recording, and wants --record".into());
    }
    if options.record.is_some() && options.wire == Wire::Packets {
        return Err("--record keeps frames, and --packet-mode seals packets".into());
    }
    Ok(Command::Call(Box::new(options)))
}

fn help() -> String {
    let names: Vec<_> = Choice::all().map(Choice::name).collect();
    let (first, second) = names.split_at(names.len().div_ceil(2));
    let default = names.first().copied().unwrap_or_default();
    let break_line = format!(",\n{:21}", "");
    let listed = [first.join(", "), second.join(", ")].join(&break_line);
    HELP.replace("CIPHERS", &format!("{listed} [{default}]"))
}

/// Reads the value of `option`; `parse` says what would be right.
fn value<T>(
    parser: &mut lexopt::Parser,
    option: &str,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<T, lexopt::Error> {
    let value = parser.value()?;
    let text = value.to_string_lossy();
    parse(&text).map_err(|needed| format!("{option} {text}: {needed}").into())
}

fn cipher_named(name: &str) -> Result<Choice, String> {
    let names = || Choice::all().map(Choice::name).collect::<Vec<_>>();
    Choice::named(name).ok_or_else(|| format!("the ciphers are {}", names().join(", ")))
}

fn percent(text: &str) -> Result<f64, String> {
    let percent = text.parse().ok();
    percent
        .filter(|percent| (0.0..=100.0).contains(percent))
        .ok_or_else(|| "a percentage from 0 to 100 is needed".into())
}

fn frame_rate(text: &str) -> Result<u32, String> {
    let rate = text.parse().ok();
    rate.filter(|rate| (1..=1000).contains(rate))
        .ok_or_else(|| "a whole number from 1 to 1000 is needed".into())
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok();
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .filter(|seconds| !seconds.is_zero())
        .ok_or_else(|| "a number of seconds above 0 is needed".into())
}

fn seed(text: &str) -> Result<u64, String> {
    text.parse()
        .map_err(|_| format!("a whole number from 0 to {} is needed", u64::MAX))
}

/// Reads a channel key; the error does not repeat what was given.
fn channel_key(value: &OsString) -> Result<ChannelKey, lexopt::Error> {
    let text = value.to_str().ok_or("--key: the key is not hexadecimal")?;
    ChannelKey::from_hex(text).map_err(|error| format!("--key: {error}").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(args: &[&str]) -> String {
        parse(args.iter().map(OsString::from))
            .err()
            .map_or(String::new(), |error| error.to_string())
    }

    #[test]
    fn bad_options_are_named() {
        for (args, word) in [
            (&["--lose", "1"][..], "--lose"),
            (&["--loss", "101"], "--loss 101: a percentage from 0 to 100"),
            (&["--loss", "nan"], "0 to 100"),
            (&["--loss"], "--loss"),
            (&["--fps", "0"], "1 to 1000"),
            (&["--seconds", "-1"], "above 0"),
            (&["--cipher", "rot13"], "aes-128-gcm"),
            (&["--codec-aware", "--packet-mode"], "exclude"),
            (&["--owner", "owner.pub"], "wants --record"),
            (&["--record", "r", "--packet-mode"], "keeps frames"),
            (&["stray"], "without an option"),
        ] {
            let message = error(args);
            assert!(message.contains(word), "{args:?}: {message}");
        }
    }

    #[test]
    fn no_error_shows_a_key() {
        for key in ["0123456789abcdefX123456789abcdef", "0123", "\u{fffd}"] {
            for args in [&["--key", key][..], &[key]] {
                let message = error(args);
                assert!(!message.is_empty() && !message.contains(key), "{message}");
            }
        }
    }
}
