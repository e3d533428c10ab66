//! `mediaseal recover`.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use mediaseal::vault::recording::{RecordingError, Storage, outline, recover};
use serde::Serialize;

use crate::outcome::{Failure, Verdict, json};
use crate::recordings;

const EXAMPLES: &str = "\
After a crash of its recorder a recording ends in what was never committed: at most the last second, or 256 KiB. This takes that away, and ends
each segment at its last commit. It takes no key and signs nothing, so mediaseal verify goes on to say Incomplete: what was signed is known to be
the recorder's, and the rest is what its files say. All that is left can be read, exported and shared.

It changes nothing where more is missing than a crash can take, or while a recorder is at work.

Examples:
  mediaseal recover call-17
  mediaseal verify call-17 --signer call-17.pub     Incomplete, with nothing discarded any more

Exit status: 0 recovered, or there was nothing to do; 1 more is missing than a crash can take, and nothing was changed; 2 usage; 3 it cannot be read, or a
recorder is at work.";

/// End a recording whose recorder crashed, at what was committed
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The recording
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What was done, as JSON has it: names here are for ever.
#[derive(Serialize)]
struct Report {
    /// Segments that had no end.
    closed_segments: u64,
    /// Octets of files that were never committed, and are gone.
    discarded: u64,
    /// Files that a recorder who went on set aside, before: it takes the key to tell them.
    set_aside: u64,
    /// Whether its recorder had closed it.
    is_closed: bool,
    segments: usize,
    frames: u64,
    /// Octets of frames with their heads.
    octets: u64,
    records: u64,
    signed_records: u64,
}

impl Arguments {
    pub(crate) fn run(&self, out: &mut dyn Write) -> Result<Verdict, Failure> {
        let storage = recordings::storage(&self.folder)?;
        let failed = |error: RecordingError| recordings::failed(&self.folder, &error);
        let recovery = match recover(&*storage) {
            Err(RecordingError::Damaged(place)) => {
                writeln!(
                    out,
                    "Tampered: {}; no crash does that, and nothing was changed",
                    super::verify::what(&place)
                )?;
                return Ok(Verdict::Faults);
            }
            Err(RecordingError::Busy) => {
                return Err(crate::input::unreadable(
                    &self.folder,
                    &"its recorder is at work; nothing was changed",
                ));
            }
            recovered => recovered.map_err(failed)?,
        };
        let outline = outline(&*storage).map_err(failed)?;
        let names = storage
            .list()
            .map_err(|error| crate::input::unreadable(&self.folder, &error))?;
        let aside = names.iter().filter(|name| name.starts_with("aside/"));
        let report = Report {
            closed_segments: recovery.closed_segments,
            discarded: recovery.discarded,
            set_aside: aside.count() as u64,
            is_closed: outline.is_closed,
            segments: outline.segments.len(),
            frames: outline.tracks.iter().map(|track| track.frames).sum(),
            octets: outline.tracks.iter().map(|track| track.octets).sum(),
            records: outline.records,
            signed_records: outline.checkpoints.last().copied().unwrap_or(0),
        };
        if self.json {
            json(out, &report)?;
            return Ok(Verdict::Well);
        }
        if report.closed_segments == 0 && report.discarded == 0 {
            let state = if report.is_closed {
                "its recorder closed it"
            } else {
                "it ends at its last commit"
            };
            writeln!(out, "nothing to recover: {state}")?;
        } else {
            writeln!(
                out,
                "cut back: {} octets that were never committed; {} segments ended",
                report.discarded, report.closed_segments
            )?;
        }
        if report.set_aside > 0 {
            writeln!(out, "{}", super::verify::aside(report.set_aside))?;
        }
        writeln!(
            out,
            "left: {} segments, {} frames, {} octets; {} of {} records are signed",
            report.segments, report.frames, report.octets, report.signed_records, report.records
        )?;
        Ok(Verdict::Well)
    }
}
