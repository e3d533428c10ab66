//! What was recorded, in words and as JSON.

use std::io::Write;

use serde::Serialize;

use crate::outcome::{Failure, json};
use crate::recorder::{Counts, TrackReport};
use crate::table::{Table, plain};

/// What was recorded, as JSON has it: names here are for ever.
#[derive(Serialize)]
pub(super) struct Report {
    pub(super) recording: String,
    pub(super) id: String,
    pub(super) profile: &'static str,
    pub(super) recorder: String,
    pub(super) segments: u64,
    #[serde(flatten)]
    pub(super) counts: Counts,
    pub(super) tracks: Vec<TrackReport>,
    /// KIDs of sessions that nobody can open.
    pub(super) missing_grants: Vec<String>,
    pub(super) frames_without_kid: u64,
}

impl Report {
    pub(super) fn write(&self, is_json: bool, out: &mut dyn Write) -> Result<(), Failure> {
        if is_json {
            json(out, self)?;
            return Ok(());
        }
        if !self.tracks.is_empty() {
            let columns = ["track", "sender", "codec", "ssrc", "packets", "lost", "cut"];
            let mut table = Table::new(&columns);
            for track in &self.tracks {
                table.row(vec![
                    track
                        .track
                        .map_or("left out".to_owned(), |track| track.to_string()),
                    plain(track.sender.as_deref().unwrap_or_default()),
                    track.codec.clone().unwrap_or_default(),
                    track.ssrc.clone(),
                    track.packets.to_string(),
                    track.packets_lost.to_string(),
                    track.frames_incomplete.to_string(),
                ]);
            }
            write!(out, "{}", table.text())?;
        }
        let counts = &self.counts;
        if counts.frames_left_out > 0 {
            let other = if self.profile == "frames" {
                "are no SFrame ciphertext: --profile media records media"
            } else {
                "are ciphertext, or of a codec that --codec has to name"
            };
            writeln!(
                out,
                "{} frames were left out: they {other}",
                counts.frames_left_out
            )?;
        }
        if counts.frames_too_long > 0 {
            writeln!(out, "{} frames were too long", counts.frames_too_long)?;
        }
        if counts.streams_left_out > 0 {
            writeln!(
                out,
                "{} packets were of streams too many",
                counts.streams_left_out
            )?;
        }
        if counts.frames_incomplete > 0 {
            writeln!(
                out,
                "{} frames are missing: packets of them did not come",
                counts.frames_incomplete
            )?;
        }
        if counts.packets_truncated > 0 {
            writeln!(
                out,
                "{} packets are not all in the capture: cut off by it, or pieces of IP packets",
                counts.packets_truncated
            )?;
        }
        if counts.datagrams_dropped > 0 {
            writeln!(
                out,
                "{} datagrams came faster than they could be written, and are lost",
                counts.datagrams_dropped
            )?;
        }
        if counts.other_datagrams > 0 {
            writeln!(out, "{} packets were no RTP", counts.other_datagrams)?;
        }
        for kid in &self.missing_grants {
            writeln!(out, "session {kid} was not granted to the owners")?;
        }
        writeln!(
            out,
            "recorded {} frames, {} octets, in {}",
            counts.frames, counts.octets, self.recording
        )?;
        Ok(())
    }
}
