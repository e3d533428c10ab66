//! `mediaseal cat`.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use mediaseal::vault::recording::{Reader, RecordingError, TrackInfo};
use zeroize::Zeroizing;

use crate::media::{self, TrackOctets};
use crate::outcome::{Failure, Verdict};
use crate::recordings::{self, Keys, Recording, Trust};

const EXAMPLES: &str = "\
It is for recordings of profile media: the octets of a file that was recorded, or of a track's frames one behind the other. (Frames of a call of
profile frames are ciphertext: mediaseal export opens those.) Every octet that comes out was authenticated before. Where something was altered it
stops with exit status 3, and what came out before is authentic. A recording that was not closed is given out as far as it goes, and that is said.

A range is of octets, counted from 0, the last included; or of time, counted from the track's first frame, to the frames before its end.

Examples:
  mediaseal cat film -i me.key > film.mp4
  mediaseal cat film -i me.key --range 0-1023 | file -
  mediaseal cat film -i me.key --range -1000            the last thousand octets
  mediaseal cat call-18 -i me.key --track 1 --range 90s-120s > half-a-minute.h264";

/// Write what was recorded to standard output
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The recording
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Which octets: FROM-TO, FROM- or -LAST; or which time: 10s-20s, 10s-
    #[arg(long, value_name = "RANGE", value_parser = range, allow_hyphen_values = true)]
    range: Option<Range>,
    /// The track, if there are several
    #[arg(long, value_name = "NUMBER")]
    track: Option<u16>,
    #[command(flatten)]
    trust: Trust,
    #[command(flatten)]
    keys: Keys,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Range {
    /// From an octet to another one, which is in it.
    Octets(u64, Option<u64>),
    Last(u64),
    /// From a time to another one, in microseconds.
    Time(u64, Option<u64>),
}

/// Octets that are read at once.
const PIECE: usize = 64 << 10;

fn range(text: &str) -> Result<Range, String> {
    let wrong = || "a range is FROM-TO, FROM- or -LAST in octets, or as 10s-20s in time".to_owned();
    let (from, to) = text.split_once('-').ok_or_else(wrong)?;
    let octets = |text: &str| text.parse::<u64>().map_err(|_| wrong());
    let is_time = |text: &str| text.ends_with(|last: char| last.is_ascii_alphabetic());
    if is_time(from) || is_time(to) {
        let micros = |text: &str| {
            let time = super::record::duration(text)?;
            u64::try_from(time.as_micros()).map_err(|_| wrong())
        };
        let from = if from.is_empty() || from == "0" {
            0
        } else {
            micros(from)?
        };
        let to = if to.is_empty() {
            None
        } else {
            Some(micros(to)?)
        };
        if to.is_some_and(|to| to <= from) {
            return Err("it ends before it begins".to_owned());
        }
        return Ok(Range::Time(from, to));
    }
    let range = match (from, to) {
        ("", last) => Range::Last(octets(last)?),
        (from, "") => Range::Octets(octets(from)?, None),
        (from, to) => Range::Octets(octets(from)?, Some(octets(to)?)),
    };
    match range {
        Range::Octets(from, Some(to)) if to < from => Err("it ends before it begins".to_owned()),
        range => Ok(range),
    }
}

impl Arguments {
    pub(crate) fn run(&self, out: &mut dyn Write) -> Result<Verdict, Failure> {
        let recording = Recording::open(&self.folder)?;
        let dek = recording.dek(&self.keys, &self.trust)?;
        let reader = recording.reader(&dek)?;
        recording.note_open(&reader);
        let damage = recording.damage(&reader);
        let ended = self
            .give(&recording, reader, out)
            .and_then(|()| Ok(out.flush()?));
        match (damage, ended) {
            (None, ended) => ended.map(|()| Verdict::Well),
            // What is there came out, and is not all that was recorded.
            (Some(damage), Ok(())) => Err(damage),
            (Some(damage), Err(error)) if error.is_broken_pipe() => Err(damage),
            // A track or a range that may be there behind the damage.
            (Some(damage), Err(Failure::Usage(what))) => {
                Err(Failure::Unreadable(format!("{damage}\n{what}")))
            }
            (Some(_), Err(other)) => Err(other),
        }
    }

    /// Writes what was asked for.
    fn give(
        &self,
        recording: &Recording,
        reader: Reader,
        out: &mut dyn Write,
    ) -> Result<(), Failure> {
        let track = media::choose(recording, &reader, self.track)?;
        if let Some(Range::Time(from, to)) = self.range {
            return self.times(reader, &track, from, to, out);
        }
        let mut octets = TrackOctets::new(reader, track).map_err(|error| self.failed(&error))?;
        let len = octets.len();
        let (from, end) = match self.range {
            None => (0, len),
            Some(Range::Last(last)) => (len.saturating_sub(last), len),
            Some(Range::Octets(from, to)) => {
                let end = to.map_or(len, |to| to.saturating_add(1).min(len));
                if from >= len {
                    return Err(Failure::Usage(format!(
                        "{}: the track has {len} octets",
                        self.folder.display()
                    )));
                }
                (from, end)
            }
            Some(Range::Time(..)) => (0, 0),
        };
        let mut piece = Zeroizing::new(vec![0; PIECE]);
        let mut at = from;
        while at < end {
            let len = usize::try_from(end - at).unwrap_or(PIECE).min(PIECE);
            octets
                .read(at, &mut piece[..len])
                .map_err(|error| self.failed(&error))?;
            out.write_all(&piece[..len])?;
            at += len as u64;
        }
        Ok(())
    }

    /// Writes the frames of a time.
    fn times(
        &self,
        mut reader: Reader,
        track: &TrackInfo,
        from: u64,
        to: Option<u64>,
        out: &mut dyn Write,
    ) -> Result<(), Failure> {
        let Some((first, last)) = track.micros.filter(|(first, last)| first < last) else {
            return Err(Failure::Usage(format!(
                "{}: its frames have no times; a range of octets is FROM-TO",
                self.folder.display()
            )));
        };
        let from = first.saturating_add(from);
        if from > last {
            return Err(Failure::Usage(format!(
                "{}: the track is {} long",
                self.folder.display(),
                crate::outlines::length(last - first)
            )));
        }
        let end = to.map_or(u64::MAX, |to| first.saturating_add(to));
        let cursor = reader
            .seek(track.track, from)
            .map_err(|error| self.failed(&error))?;
        for frame in reader.frames(cursor) {
            let frame = frame.map_err(|error| self.failed(&error))?;
            if (from..end).contains(&frame.micros) {
                out.write_all(&frame.octets)?;
            }
            // Frames come in about the order of their times: none is a minute late.
            if frame.micros >= end.saturating_add(60_000_000) {
                break;
            }
        }
        Ok(())
    }

    fn failed(&self, error: &RecordingError) -> Failure {
        recordings::failed(&self.folder, error)
    }
}

#[cfg(test)]
mod tests {
    use super::{Range, range};

    #[test]
    fn ranges_are_read() {
        for (text, is) in [
            ("0-0", Range::Octets(0, Some(0))),
            ("5-", Range::Octets(5, None)),
            ("-7", Range::Last(7)),
            ("10s-2m", Range::Time(10_000_000, Some(120_000_000))),
            ("0-500ms", Range::Time(0, Some(500_000))),
            ("1h-", Range::Time(3_600_000_000, None)),
        ] {
            assert_eq!(range(text), Ok(is), "{text}");
        }
        for text in [
            "",
            "-",
            "5",
            "5-4",
            "20s-10s",
            "a-b",
            "1-2s",
            "5-18446744073709551616",
        ] {
            assert!(range(text).is_err(), "{text}");
        }
    }
}
