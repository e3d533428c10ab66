//! Encoded media: frames and what is needed to write them back as a playable file.
//!
//! ```text
//!  .ogg (Opus)  ─┐                                     ┌─► .ogg
//!  .ivf (VPx,AV1)┼─► read ──► Media ──► call ──► write ┼─► .ivf
//!  .h264        ─┘                                     └─► .h264
//! ```

mod annexb;
mod ivf;
mod ogg_opus;

use std::error::Error;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use mediaseal::Media as Kind;

/// Most octets of an input file.
const MAX_FILE: u64 = 1 << 30;
/// Most octets of one encoded frame: some 13,900 datagrams.
const MAX_FRAME: usize = 16 << 20;
/// Longest pause between two frames: more is a broken timestamp, and would stall the call.
const MAX_PAUSE: Duration = Duration::from_secs(60);
/// Time between two messages of one sender.
const MESSAGES_APART: Duration = Duration::from_millis(500);

/// What is wrong with a file, as a sentence that continues "FILE: ".
type Fault = Box<dyn Error + Send + Sync>;

/// One encoded frame: an Opus packet, a VP8/VP9/AV1 frame, an H.264 access unit, or a message.
#[derive(Debug)]
pub(crate) struct Frame {
    /// The frame as the encoder made it.
    pub(crate) octets: Vec<u8>,
    /// When it is sent, counted from the start of the call.
    pub(crate) due: Duration,
    /// Timestamp in the container's own unit.
    timestamp: u64,
}

/// What a container says besides its frames.
#[derive(Debug)]
enum Container {
    Ivf(ivf::Header),
    OggOpus(ogg_opus::Headers),
    AnnexB,
    /// No file: lines of text.
    Messages,
}

/// A stream of encoded frames.
#[derive(Debug)]
pub(crate) struct Media {
    /// Name for people: the file's name without its ending.
    pub(crate) name: String,
    /// The frames, in the order of sending.
    pub(crate) frames: Vec<Frame>,
    container: Container,
}

impl Media {
    /// Reads a file; `fps` is the frame rate of Annex-B, which carries none.
    ///
    /// # Errors
    /// One sentence that names the file and what is wrong with it.
    pub(crate) fn open(path: &Path, fps: u32) -> Result<Self, Fault> {
        let fault = |what: Fault| format!("{}: {what}", path.display());
        let octets = read_file(path).map_err(fault)?;
        let name = path
            .file_stem()
            .map_or("input".into(), |stem| stem.to_string_lossy());
        Self::parse(&name, &octets, fps).map_err(|what| fault(what).into())
    }

    /// Parses the octets of a file; the content decides what it is, not the name.
    ///
    /// # Errors
    /// One sentence that says what is wrong.
    pub(crate) fn parse(name: &str, octets: &[u8], fps: u32) -> Result<Self, Fault> {
        let (container, frames) = if octets.is_empty() {
            return Err("the file is empty".into());
        } else if octets.starts_with(ivf::MAGIC) {
            let (header, frames) = ivf::parse(octets)?;
            (Container::Ivf(header), frames)
        } else if octets.starts_with(ogg_opus::MAGIC) {
            let (headers, frames) = ogg_opus::parse(octets)?;
            (Container::OggOpus(headers), frames)
        } else if annexb::starts_with_start_code(octets) {
            (Container::AnnexB, annexb::parse(octets, fps)?)
        } else {
            return Err("this is neither IVF, Ogg Opus nor H.264 in Annex-B form".into());
        };
        if frames.is_empty() {
            return Err("the file holds no frame".into());
        }
        Ok(Self {
            name: plain_name(name),
            frames,
            container,
        })
    }

    /// Makes the messages that `sender` writes until `end`.
    pub(crate) fn messages(sender: &str, end: Duration) -> Self {
        let times = (0..).map(|number| MESSAGES_APART * number);
        let frames = times.take_while(|due| *due <= end).zip(1..);
        let frame = |(due, number): (Duration, u64)| Frame {
            octets: format!(
                "Message {number} of {sender}, for the members of the channel alone.\n"
            )
            .into_bytes(),
            due,
            timestamp: number,
        };
        Self {
            name: "messages".into(),
            frames: frames.map(frame).collect(),
            container: Container::Messages,
        }
    }

    /// Returns what the channel knows such media as.
    pub(crate) fn kind(&self) -> Kind {
        match self.container {
            Container::Ivf(_) | Container::AnnexB => Kind::VIDEO,
            Container::OggOpus(_) => Kind::AUDIO,
            Container::Messages => Kind::DATA,
        }
    }

    /// Keeps the frames that are due before `end`.
    pub(crate) fn cut_at(&mut self, end: Duration) {
        self.frames.retain(|frame| frame.due < end);
    }

    /// Returns how many frames the stream sends in about one second, at least one.
    pub(crate) fn frames_a_second(&self) -> usize {
        let within = |frame: &&Frame| frame.due < Duration::from_secs(1);
        self.frames.iter().take_while(within).count().max(1)
    }

    /// Returns when the last frame is due.
    pub(crate) fn duration(&self) -> Duration {
        self.frames.last().map_or(Duration::ZERO, |last| last.due)
    }

    /// Returns the octets of the longest frame.
    pub(crate) fn longest_frame(&self) -> usize {
        let lengths = self.frames.iter().map(|frame| frame.octets.len());
        lengths.max().unwrap_or(0)
    }

    /// Returns the ending of a file of this kind.
    pub(crate) fn extension(&self) -> &'static str {
        match self.container {
            Container::Ivf(_) => "ivf",
            Container::OggOpus(_) => "ogg",
            Container::AnnexB => "h264",
            Container::Messages => "txt",
        }
    }

    /// Returns the codec's name.
    pub(crate) fn codec(&self) -> &'static str {
        match &self.container {
            Container::Ivf(header) => header.codec(),
            Container::OggOpus(_) => "Opus",
            Container::AnnexB => "H.264",
            Container::Messages => "text",
        }
    }

    /// Returns the ticks a second of its RTP timestamps (RFC 3551, RFC 7587, RFC 4103).
    pub(crate) fn clock_rate(&self) -> u32 {
        match self.container {
            Container::OggOpus(_) => 48_000,
            Container::Messages => 1_000,
            Container::Ivf(_) | Container::AnnexB => 90_000,
        }
    }

    /// Makes a file of the frames that arrived; `arrived` has one element a frame of this stream.
    ///
    /// # Errors
    /// If a container cannot hold the frames.
    pub(crate) fn write(&self, arrived: &[Option<Vec<u8>>]) -> Result<Vec<u8>, Fault> {
        match &self.container {
            Container::Ivf(header) => ivf::write(header, &self.frames, arrived),
            Container::OggOpus(headers) => ogg_opus::write(headers, &self.frames, arrived),
            Container::AnnexB | Container::Messages => {
                Ok(arrived.iter().flatten().flatten().copied().collect())
            }
        }
    }
}

/// Reads a whole file of a sane size.
fn read_file(path: &Path) -> Result<Vec<u8>, Fault> {
    let mut octets = Vec::new();
    File::open(path)?
        .take(MAX_FILE + 1)
        .read_to_end(&mut octets)?;
    if octets.len() as u64 > MAX_FILE {
        return Err("the file is longer than 1 GiB".into());
    }
    Ok(octets)
}

/// Makes a name that is short and safe in a file name, a table and an SVG.
fn plain_name(name: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || "-_.".contains(c) {
            c
        } else {
            '-'
        }
    };
    let name: String = name.chars().map(plain).take(24).collect();
    if name.is_empty() {
        "input".into()
    } else {
        name
    }
}

/// Refuses a frame that is too long for the call.
fn check_frame_len(number: usize, len: usize) -> Result<(), Fault> {
    if len > MAX_FRAME {
        return Err(format!("frame {number} has {len} octets, more than {MAX_FRAME}").into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: [&[u8]; 5] = [
        include_bytes!("../media/speech.ogg"),
        include_bytes!("../media/speech2.ogg"),
        include_bytes!("../media/camera-h264.h264"),
        include_bytes!("../media/camera-vp8.ivf"),
        include_bytes!("../media/screen-av1.ivf"),
    ];

    fn all_arrived(media: &Media) -> Vec<Option<Vec<u8>>> {
        let frames = media.frames.iter();
        frames.map(|frame| Some(frame.octets.clone())).collect()
    }

    #[test]
    fn built_in_media_has_the_frames_its_encoders_made() -> Result<(), Fault> {
        let frames: Result<Vec<_>, Fault> = FILES
            .iter()
            .map(|file| Ok(Media::parse("x", file, 30)?.frames.len()))
            .collect();
        assert_eq!(frames?, [601, 601, 360, 360, 300]);
        Ok(())
    }

    #[test]
    fn a_written_file_holds_the_same_frames() -> Result<(), Fault> {
        for file in FILES {
            let media = Media::parse("x", file, 30)?;
            let written = media.write(&all_arrived(&media))?;
            let again = Media::parse("x", &written, 30)?;
            assert_eq!(media.frames.len(), again.frames.len());
            for (left, right) in media.frames.iter().zip(&again.frames) {
                assert_eq!(left.octets, right.octets);
                assert_eq!(left.due, right.due);
            }
        }
        Ok(())
    }

    #[test]
    fn truncated_files_never_panic() {
        for file in FILES {
            for len in (0..file.len().min(4000)).chain((4000..file.len()).step_by(997)) {
                if let Ok(media) = Media::parse("x", &file[..len], 30) {
                    assert!(!media.frames.is_empty());
                }
            }
        }
    }

    #[test]
    fn altered_files_never_panic() {
        let mut state = 1_u64;
        for file in FILES {
            for _ in 0..300 {
                let mut file = file[..file.len().min(6000)].to_vec();
                for _ in 0..4 {
                    state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
                    let [a, b, c, ..] = state.to_be_bytes();
                    let at = usize::from(u16::from_be_bytes([a, b])) % file.len();
                    file[at] = c;
                }
                if let Ok(media) = Media::parse("x", &file, 30) {
                    assert!(media.write(&all_arrived(&media)).is_ok());
                }
            }
        }
    }

    #[test]
    fn rubbish_is_refused_with_a_sentence() {
        for (octets, words) in [
            (&b""[..], "empty"),
            (b"hello, world", "neither"),
            (b"DKIF", "header"),
            (b"OggS", "Ogg"),
            (b"\0\0\0\x01\x09\x10", "picture"),
        ] {
            let message = Media::parse("x", octets, 30).err().map(|e| e.to_string());
            assert!(message.is_some_and(|m| m.contains(words)), "{words}");
        }
    }
}
