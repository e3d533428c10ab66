//! `mediaseal info`.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use mediaseal::KeyId;
use mediaseal::vault::recording::{Profile, Reader, RecordingError};
use serde::Serialize;

use crate::outcome::{Failure, Verdict, json};
use crate::outlines::{Owner, SegmentReport, Summary, length};
use crate::progress::Watched;
use crate::recordings::{self, Keys, Recording, Trust};
use crate::table::{Table, plain};

const EXAMPLES: &str = "\
Without a key it shows what anybody can read: when, how long, which tracks and codecs, who can open it. It checks nothing: mediaseal verify does.
With a key (--identity …) it reads the frames too: who sent them, and which sessions nobody was granted the keys of.

Examples:
  mediaseal info call-17
  mediaseal info call-17 --segments
  mediaseal info call-17 -i me.key
  mediaseal info call-17 --json | jq -r '.owners[].id'";

/// Show what a recording is, and who can open it
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The recording
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    #[command(flatten)]
    trust: Trust,
    #[command(flatten)]
    keys: Keys,
    /// List the segments too
    #[arg(long)]
    segments: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A recording as JSON has it.
#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    summary: Summary,
    /// Records that each checkpoint covers.
    checkpoints: Vec<u64>,
    segment_list: Vec<SegmentReport>,
    /// What only owners see.
    #[serde(skip_serializing_if = "Option::is_none")]
    opened: Option<Opened>,
}

#[derive(Default, Serialize)]
struct Opened {
    senders: Vec<Sender>,
    /// KIDs of sessions of which there are frames, and no grant.
    missing_grants: Vec<String>,
    frames_without_kid: u64,
    /// Places that are not as they were written.
    damaged: Vec<String>,
}

#[derive(Serialize)]
struct Sender {
    track: u16,
    sender: String,
    frames: u64,
    octets: u64,
}

/// Most senders and sessions that are told apart.
const MOST: usize = 10_000;

impl Arguments {
    pub(crate) fn run(&self, out: &mut dyn Write) -> Result<Verdict, Failure> {
        let (summary, outline) = Summary::read(&self.folder)?;
        let opened = match self.keys.are_given() {
            true => Some(self.open()?),
            false => None,
        };
        let report = Report {
            checkpoints: outline.checkpoints.clone(),
            segment_list: SegmentReport::all(&outline),
            summary,
            opened,
        };
        if self.json {
            json(out, &report)?;
        } else {
            report.write(self.segments, out)?;
        }
        Ok(Verdict::Well)
    }

    /// Reads all frames.
    fn open(&self) -> Result<Opened, Failure> {
        let recording = Recording::open(&self.folder)?;
        let dek = recording.dek(&self.keys, &self.trust)?;
        let failed = |error: RecordingError| recordings::failed(&self.folder, &error);
        let watched = Watched::new(Arc::clone(&recording.storage) as _, "reading", 1);
        let mut reader = Reader::open(Arc::new(watched), &dek).map_err(failed)?;
        let has_sessions = recording.header.profile() == Profile::Frames;
        let tracks: Vec<u16> = reader.tracks().map(|track| track.track).collect();
        let mut opened = Opened::default();
        let damage = reader.damage();
        opened.damaged.extend(damage.map(|place| place.to_string()));
        let mut kids: BTreeSet<KeyId> = BTreeSet::new();
        for track in tracks {
            let start = reader.start_of(track).map_err(failed)?;
            // Senders of the tracks before do not count.
            let before = opened.senders.len();
            for frame in reader.frames(start) {
                let frame = match frame {
                    Ok(frame) => frame,
                    Err(RecordingError::Damaged(place)) => {
                        opened.damaged.push(place.to_string());
                        continue;
                    }
                    Err(error) => return Err(failed(error)),
                };
                let name = frame.sender.to_string();
                let known = opened.senders[before..]
                    .iter()
                    .position(|sender| sender.sender == name);
                let place = known.map_or(opened.senders.len(), |place| before + place);
                if known.is_none() && place < MOST {
                    opened.senders.push(Sender {
                        track,
                        sender: name,
                        frames: 0,
                        octets: 0,
                    });
                }
                if let Some(sender) = opened.senders.get_mut(place) {
                    sender.frames += 1;
                    sender.octets += frame.octets.len() as u64;
                }
                if has_sessions {
                    match frame.kid() {
                        Some(kid) if kids.len() < MOST => {
                            kids.insert(kid);
                        }
                        Some(_) => {}
                        None => opened.frames_without_kid += 1,
                    }
                }
            }
        }
        let granted = mediaseal::vault::recording::granted(&*recording.storage).map_err(failed)?;
        opened.missing_grants = kids
            .iter()
            .filter(|kid| !granted.contains(kid))
            .map(|kid| format!("{:016x}", kid.value()))
            .collect();
        Ok(opened)
    }
}

impl Report {
    fn write(&self, segments: bool, out: &mut dyn Write) -> Result<(), Failure> {
        let summary = &self.summary;
        let region = match summary.region.as_str() {
            "" => String::new(),
            region => format!(", region {}", plain(region)),
        };
        writeln!(
            out,
            "{}: recording {}, profile {}, {}{region}",
            plain(&summary.recording),
            summary.id,
            summary.profile,
            summary.cipher
        )?;
        let long = match length(summary.length) {
            none if none.is_empty() => none,
            long => format!("{long} long, "),
        };
        writeln!(
            out,
            "begun {}, {}{} octets, {}",
            summary.begin, long, summary.size, summary.state
        )?;
        if let Some(damage) = &summary.damage {
            writeln!(out, "damaged or altered: {damage}")?;
        }
        writeln!(out, "recorder {} (as it says itself)", summary.recorder)?;
        writeln!(
            out,
            "{} records in {} segments, {} of them signed in {} checkpoints",
            summary.records,
            summary.segments,
            summary.signed_records,
            self.checkpoints.len()
        )?;
        writeln!(out)?;
        self.write_tracks(out)?;
        for owner in &summary.owners {
            writeln!(out, "owner: {}", owner_name(owner))?;
        }
        if summary.owners.is_empty() {
            writeln!(out, "owner: nobody")?;
        }
        for kid in &summary.grants {
            writeln!(out, "granted: session {kid}")?;
        }
        if let Some(opened) = &self.opened {
            for sender in &opened.senders {
                writeln!(
                    out,
                    "track {}, sender \"{}\": {} frames, {} octets",
                    sender.track,
                    plain(&sender.sender),
                    sender.frames,
                    sender.octets
                )?;
            }
            for kid in &opened.missing_grants {
                writeln!(
                    out,
                    "not granted: session {kid}, whose frames nobody can open"
                )?;
            }
            if opened.frames_without_kid > 0 {
                writeln!(
                    out,
                    "{} frames are no SFrame ciphertext of their track's form",
                    opened.frames_without_kid
                )?;
            }
            for place in &opened.damaged {
                writeln!(out, "damaged or altered: {place}")?;
            }
        }
        if segments {
            writeln!(out)?;
            let columns = [
                "segment", "track", "frames", "octets", "commits", "length", "end",
            ];
            let mut table = Table::new(&columns);
            for segment in &self.segment_list {
                table.row(vec![
                    segment.segment.to_string(),
                    segment.track.to_string(),
                    segment.frames.to_string(),
                    segment.octets.to_string(),
                    segment.commits.to_string(),
                    length(segment.last.saturating_sub(segment.first)),
                    segment.end.to_owned(),
                ]);
            }
            write!(out, "{}", table.text())?;
        }
        Ok(())
    }

    fn write_tracks(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let mut table = Table::new(&["track", "codec", "frames", "octets", "length"]);
        for track in &self.summary.tracks {
            let times = track.first.zip(track.last);
            table.row(vec![
                track.track.to_string(),
                track.codec.clone(),
                track.frames.to_string(),
                track.octets.to_string(),
                times.map_or(String::new(), |(first, last)| {
                    length(last.saturating_sub(first))
                }),
            ]);
        }
        writeln!(out, "{}", table.text())?;
        Ok(())
    }
}

fn owner_name(owner: &Owner) -> String {
    let id = plain(owner.id.as_deref().unwrap_or_default());
    match owner.kind {
        "recipient" => format!("recipient {id}"),
        "kek" => format!(
            "key encryption key {id} version {} of a provider {}:",
            owner.version.unwrap_or_default(),
            plain(owner.provider.as_deref().unwrap_or_default())
        ),
        "passphrase" => format!(
            "a passphrase ({})",
            owner.cost.as_deref().unwrap_or_default()
        ),
        _ => "somebody of a newer version".to_owned(),
    }
}
