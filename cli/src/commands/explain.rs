//! `mediaseal explain`.

use std::io::{Cursor, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use clap::{Args, ValueEnum};
use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};
use mediaseal::{CheckedCipher, CipherSuite, Media, SenderId};
use zeroize::Zeroizing;

use crate::explain::capture::{Capture, describe, is_capture};
use crate::explain::metadata::Metadata;
use crate::explain::{CodecOf, Explainer, Keyring, Options, Report, StreamName, Wire};
use crate::input::{self, MAX_FRAME};
use crate::keyring::{self, Defaults, Key};
use crate::outcome::{Failure, Verdict, json};
use crate::suites;

const EXAMPLES: &str = "\
Without a key it tells what frames look like, and reads their headers:
  mediaseal explain call.pcapng
  mediaseal explain --format hex frame.txt
  tcpdump -i any -w - udp | mediaseal explain -

With keys it tells which frames open, and why the others do not:
  mediaseal explain --key-file keys --channel standup --sender alice --sender bob/video call.pcapng

A key file has one key a line; lines that begin with # are comments:
  mediaseal-epoch-1...                              what a joiner gets; it names its channel itself
  channel=standup generation=2 key=0123...ef        a channel key, in hexadecimal digits or base64
  0x1=0123...ef                                     a raw base key under its KID
Further fields: instance=, clock=yes, suite=, salt= (hexadecimal) of channels; suite=, sender= of raw keys.
Frames should be of the channel that --channel names, else of the first one; those of the
others are recognised, and said to be of another channel.

A capture must be taken where RTP payloads are not under SRTP: in the application, on
the server's side, or from a browser's RTP dump. Frames are taken out of SFrame's own RTP
payloads (draft-ietf-avtcore-rtp-sframe), out of packets that are sealed one by one, and
out of the payload formats of H.264, VP8 and Opus. For VP9, AV1 and H.265 write frames to
files behind the depacketizer.

Exit status: 0 nothing is wrong, 1 faults were found, 2 usage, 3 an input cannot be read.";

/// Say why frames do not open, and what to do about it
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Frames, or captures (pcap, pcapng); - is standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// What the files are
    #[arg(long, value_enum, default_value_t = Format::Auto, help_heading = "Input")]
    format: Format,

    /// How packets carry frames, where it is guessed wrongly
    #[arg(long, value_enum, help_heading = "Input")]
    wire: Option<Wire>,

    /// Seconds since 1970 at which frames of files came, for channels with a clock; captures say it themselves [default: now]
    #[arg(long, value_name = "SECONDS", help_heading = "Input")]
    at: Option<u64>,

    /// Keys, one a line (see below); may be repeated
    #[arg(long, value_name = "FILE", help_heading = "Keys")]
    key_file: Vec<PathBuf>,

    /// A line of a key file. Others on this machine can read a command line: prefer --key-file
    #[arg(
        long,
        value_name = "LINE",
        requires = "visible_key",
        help_heading = "Keys"
    )]
    key: Vec<String>,

    /// Allow --key: the key is for tests, or nobody else is on this machine
    #[arg(long, help_heading = "Keys")]
    visible_key: bool,

    /// The channel, for keys that do not name theirs; and the one that frames should be of
    #[arg(long, value_name = "ID", help_heading = "Keys")]
    channel: Option<String>,

    /// The instance of the channel
    #[arg(
        long,
        value_name = "ID",
        default_value = "",
        hide_default_value = true,
        help_heading = "Keys"
    )]
    instance: String,

    /// The channel is used with a clock
    #[arg(long, help_heading = "Keys")]
    clock: bool,

    /// The generation of channel keys that do not name theirs
    #[arg(
        long,
        value_name = "NUMBER",
        default_value_t = 1,
        help_heading = "Keys"
    )]
    generation: u64,

    /// The cipher suite of keys that do not name theirs [default: aes-128-gcm]
    #[arg(long, value_parser = suites::suite, help_heading = "Keys")]
    suite: Option<CipherSuite>,

    /// A custom cipher from a shared library, whose code then runs here
    #[arg(long, value_name = "FILE", help_heading = "Keys")]
    cipher_library: Option<PathBuf>,

    /// A sender that frames are expected of, NAME or NAME/MEDIA (unspecified, audio, video, data, screen, screen-audio, 128 to 255); may be repeated
    #[arg(long, value_name = "NAME", help_heading = "Keys")]
    sender: Vec<String>,

    /// A sender that frames might be of though nobody expects him
    #[arg(long, value_name = "NAME", help_heading = "Keys")]
    suspect: Vec<String>,

    /// The codec set for a stream: h264, 96=vp8 (payload type) or 0x12345678=h264-length4 (SSRC); may be repeated
    #[arg(long, value_name = "[STREAM=]CODEC", value_parser = codec_of, help_heading = "Frames")]
    codec: Vec<CodecOf>,

    /// The metadata that goes with each frame: parts joined by +, of ssrc, timestamp, sequence, pt, text:..., hex:...
    #[arg(long, value_name = "PARTS", help_heading = "Frames")]
    metadata: Option<Metadata>,

    /// Metadata that the sender may have passed in its place
    #[arg(long, value_name = "PARTS", help_heading = "Frames")]
    suspect_metadata: Vec<Metadata>,

    /// Print a row for each frame too
    #[arg(long, help_heading = "Output")]
    each: bool,

    /// Print JSON
    #[arg(long, help_heading = "Output")]
    json: bool,
}

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A capture if it begins like one, else the octets of one frame
    Auto,
    /// pcap or pcapng
    Capture,
    /// The octets of one frame
    Raw,
    /// Hexadecimal digits; an empty line ends a frame
    Hex,
    /// Base64; an empty line ends a frame
    Base64,
}

impl Arguments {
    pub(crate) fn run(self, out: &mut dyn Write) -> Result<Verdict, Failure> {
        let options = self.options()?;
        let mut explainer = Explainer::new(&options);
        explainer.check_keys().map_err(Failure::Usage)?;
        for file in &self.files {
            self.look_at(file, &mut explainer)?;
        }
        let report = explainer.report();
        self.write(&report, out)?;
        if let Some((name, why)) = report.damaged().next() {
            out.flush()?;
            return Err(Failure::Unreadable(format!("{name}: {why}")));
        }
        Ok(if report.has_faults() {
            Verdict::Faults
        } else {
            Verdict::Well
        })
    }

    fn write(&self, report: &Report, out: &mut dyn Write) -> Result<(), Failure> {
        if self.json {
            json(out, report)?;
        } else {
            report.write_text(out)?;
        }
        Ok(())
    }

    fn look_at(&self, path: &Path, explainer: &mut Explainer<'_>) -> Result<(), Failure> {
        let unreadable = |why: &dyn std::fmt::Display| input::unreadable(path, why);
        let name = path.display().to_string();
        let mut reader = input::open(path)?;
        let mut front = Vec::new();
        let read = reader.by_ref().take(4).read_to_end(&mut front);
        read.map_err(|error| unreadable(&error))?;
        let is_capture = match self.format {
            Format::Capture => true,
            Format::Auto => is_capture(&front),
            Format::Raw | Format::Hex | Format::Base64 => false,
        };
        let mut whole = Cursor::new(front.clone()).chain(reader);
        if is_capture {
            let mut capture =
                Capture::new(&front, whole).map_err(|error| unreadable(&describe(&error)))?;
            return explainer
                .capture(&name, &mut capture)
                .map_err(Failure::Usage);
        }
        let octets =
            input::read_bounded(&mut whole, MAX_FRAME).map_err(|error| unreadable(&error))?;
        let frames = match self.format {
            Format::Hex => texts(&octets, |digits| HEXLOWER_PERMISSIVE.decode(digits).ok()),
            Format::Base64 => texts(&octets, |digits| BASE64.decode(digits).ok()),
            _ => Some(vec![octets]),
        };
        let frames = frames.ok_or_else(|| unreadable(&"it is not what --format says"))?;
        explainer.frames(&name, &frames).map_err(Failure::Usage)
    }

    fn options(&self) -> Result<Options, Failure> {
        let defaults = Defaults {
            channel: self.channel.clone(),
            instance: self.instance.clone(),
            clock: self.clock,
            generation: self.generation,
            suite: self.suite,
        };
        let mut keys = Vec::new();
        for path in &self.key_file {
            let text = input::read_key_file(path)?;
            let name = path.display().to_string();
            keys.extend(keyring::parse(&name, &text, &defaults).map_err(Failure::Usage)?);
        }
        for line in &self.key {
            let line = Zeroizing::new(line.clone());
            keys.extend(keyring::parse("--key", &line, &defaults).map_err(Failure::Usage)?);
        }
        let cipher = self.cipher_library.as_ref().map(|path| {
            CheckedCipher::load(path)
                .map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))
        });
        let pairs = |names: &[String]| {
            let pairs: Result<Vec<_>, _> = names.iter().map(|name| sender(name)).collect();
            pairs.map(|pairs| pairs.concat()).map_err(Failure::Usage)
        };
        let mut expected = pairs(&self.sender)?;
        let has_channel = keys.iter().any(|key| !matches!(key, Key::Raw { .. }));
        if expected.is_empty() && has_channel {
            // Whoever gave himself no name.
            expected = pairs(&[String::new()])?;
        }
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        Ok(Options {
            keyring: Keyring {
                keys,
                expected,
                suspects: pairs(&self.suspect)?,
                channel: self.channel.as_ref().map(|id| id.as_bytes().to_vec()),
                cipher: cipher.transpose()?,
            },
            wire: self.wire,
            codecs: self.codec.clone(),
            metadata: self.metadata.clone().unwrap_or_default(),
            other_metadata: self.suspect_metadata.clone(),
            now: self.at.unwrap_or(now),
            each: self.each,
        })
    }
}

/// Media by name.
const MEDIA: [(&str, Media); 6] = [
    ("unspecified", Media::UNSPECIFIED),
    ("audio", Media::AUDIO),
    ("video", Media::VIDEO),
    ("data", Media::DATA),
    ("screen", Media::SCREEN),
    ("screen-audio", Media::SCREEN_AUDIO),
];

/// A sender, with all kinds of media unless one is named.
fn sender(text: &str) -> Result<Vec<(SenderId, Media)>, String> {
    let named = text.rsplit_once('/').and_then(|(name, media)| {
        let known = MEDIA
            .iter()
            .find(|(known, _)| *known == media)
            .map(|(_, media)| *media);
        let number = || media.parse().ok().and_then(Media::application);
        known.or_else(number).map(|media| (name, vec![media]))
    });
    let (name, media) = named.unwrap_or_else(|| (text, MEDIA.map(|(_, media)| media).to_vec()));
    let sender = SenderId::new(name).map_err(|error| error.to_string())?;
    Ok(media
        .into_iter()
        .map(|media| (sender.clone(), media))
        .collect())
}

/// A codec, and which streams it is of.
pub(crate) fn codec_of(text: &str) -> Result<CodecOf, String> {
    let (stream, codec) = match text.split_once('=') {
        None => (StreamName::All, text),
        Some((name, codec)) => {
            let number = keyring::number(name).ok_or("a stream is a payload type or an SSRC")?;
            let stream = match (u8::try_from(number), u32::try_from(number)) {
                (Ok(payload_type), _) if !name.starts_with("0x") && payload_type < 128 => {
                    StreamName::PayloadType(payload_type)
                }
                (_, Ok(ssrc)) => StreamName::Ssrc(ssrc),
                _ => return Err("an SSRC has 32 bits".to_owned()),
            };
            (stream, codec)
        }
    };
    Ok(CodecOf {
        stream,
        codec: suites::codec(codec)?,
    })
}

/// Frames as text: white space is left out, and empty lines stand between frames.
fn texts(octets: &[u8], decode: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Option<Vec<Vec<u8>>> {
    let text = std::str::from_utf8(octets).ok()?;
    let mut frames = Vec::new();
    let mut digits = Vec::new();
    for line in text.lines().map(str::trim).chain([""]) {
        if line.is_empty() {
            if !digits.is_empty() {
                frames.push(decode(&digits)?);
                digits.clear();
            }
            continue;
        }
        digits.extend(
            line.bytes()
                .filter(|octet| !octet.is_ascii_whitespace() && *octet != b':'),
        );
    }
    Some(frames)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mediaseal::{Codec, NalFormat};

    #[test]
    fn senders_and_their_media() {
        let one = |name: &str, media| vec![(SenderId::new(name).unwrap(), media)];
        assert_eq!(sender("bob/video"), Ok(one("bob", Media::VIDEO)));
        assert_eq!(
            sender("a/b/screen-audio"),
            Ok(one("a/b", Media::SCREEN_AUDIO))
        );
        assert_eq!(
            sender("bob/200"),
            Ok(one("bob", Media::application(200).unwrap()))
        );
        assert_eq!(sender("bob").unwrap().len(), 6);
        assert_eq!(
            sender("bob/77").unwrap()[0].0.as_bytes(),
            b"bob/77",
            "no media: part of the name"
        );
        assert!(sender(&"x".repeat(256)).is_err());
    }

    #[test]
    fn codecs_and_their_streams() {
        let of = |stream, codec| Ok(CodecOf { stream, codec });
        assert_eq!(codec_of("vp8"), of(StreamName::All, Codec::Vp8));
        assert_eq!(
            codec_of("96=h264"),
            of(StreamName::PayloadType(96), Codec::H264(NalFormat::AnnexB))
        );
        assert_eq!(codec_of("0x60=vp9"), of(StreamName::Ssrc(0x60), Codec::Vp9));
        assert_eq!(
            codec_of("4000000000=av1"),
            of(StreamName::Ssrc(4_000_000_000), Codec::Av1)
        );
        assert!(
            codec_of("x=av1").is_err()
                && codec_of("0x100000000=av1").is_err()
                && codec_of("96=").is_err()
        );
    }

    #[test]
    fn frames_as_text() {
        let hex = |text: &str| {
            texts(text.as_bytes(), |digits| {
                HEXLOWER_PERMISSIVE.decode(digits).ok()
            })
        };
        assert_eq!(
            hex("0a:0B 0c\n0d\n\n\nff"),
            Some(vec![vec![10, 11, 12, 13], vec![255]])
        );
        assert_eq!(hex("0g"), None);
        assert_eq!(hex(""), Some(Vec::new()));
    }
}
