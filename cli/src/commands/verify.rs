//! `mediaseal verify`.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use data_encoding::HEXLOWER;
use mediaseal::vault::grant::SignerPublic;
use mediaseal::vault::recording::{
    Header, Place, Reader, RecordingError, Verdict as Found, Verification, verify,
};
use serde::Serialize;

use crate::key_files;
use crate::outcome::{Failure, Verdict, json};
use crate::progress::Watched;
use crate::recordings::{self, Keys, Recording, Trust};
use crate::table::plain;

const EXAMPLES: &str = "\
The first word of the last line says what it is:
  Complete    closed, and all of it signed by the recorder that --signer names    exit status 0
  Consistent  the same, but no --signer was given: nobody vouches for it          exit status 0
  Tampered    a part is not as the recorder wrote it, and is named                exit status 1
  Incomplete  not closed, or not all of it signed: still recorded, crashed, cut   exit status 2
Exit status 3: it cannot be read, or the command line is not good.

No key of the recording is needed. With one (--identity …) everything is opened too, so that what only owners can see is checked: that the frames
are what the recorder sealed. It does not show that the recorder left nothing out.

Examples:
  mediaseal verify call-17 --signer call-17.pub                     under the public key of the recorder, which you have from elsewhere
  mediaseal verify call-17 --signer call-17.pub -i me.key           and open every frame
  mediaseal verify call-17 --signer call-17.pub --json | jq .place  where it was tampered with";

/// Check that a recording is as its recorder wrote it, without any key of it
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
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What was found, as JSON has it: names here are for ever.
#[derive(Serialize)]
struct Report {
    /// complete, consistent, incomplete or tampered.
    verdict: &'static str,
    /// What was tampered with.
    place: Option<String>,
    /// Octets of frames that were committed, where it is incomplete.
    committed: Option<u64>,
    /// Octets of files behind them.
    discarded: Option<u64>,
    id: Option<String>,
    /// Microseconds since 1970.
    created: Option<u64>,
    /// The recorder that the recording names.
    recorder: Option<String>,
    records: u64,
    signed_records: u64,
    segments: u64,
    frames: u64,
    octets: u64,
    /// Files that a recorder who went on set aside: somebody without the key put them there, and they are no part of it.
    set_aside: u64,
    /// Frames that were opened with the key that was given.
    opened: Option<u64>,
}

impl Arguments {
    pub(crate) fn run(&self, out: &mut dyn Write) -> Result<Verdict, Failure> {
        // 2 says Incomplete here.
        self.look(out).map_err(|failure| match failure {
            Failure::Usage(what) => Failure::Unreadable(what),
            other => other,
        })
    }

    fn look(&self, out: &mut dyn Write) -> Result<Verdict, Failure> {
        let signer = self.trust.signer.as_deref();
        let signer = signer.map(key_files::signer_public).transpose()?;
        let storage = recordings::storage(&self.folder)?;
        let watched = Watched::new(Arc::clone(&storage) as _, "verifying", 1);
        let mut found = verify(&watched, signer.as_ref())
            .map_err(|error| recordings::failed(&self.folder, &error))?;
        drop(watched);
        let is_tampered = matches!(found.verdict, Found::Tampered { .. });
        let mut opened = None;
        if self.keys.are_given() && !is_tampered {
            match self.open()? {
                Ok(frames) => opened = Some(frames),
                Err(place) => found.verdict = Found::Tampered { place },
            }
        }
        if self.json {
            let report = Report::of(&found, opened);
            json(out, &report)?;
        } else {
            if let Some(frames) = opened {
                writeln!(out, "{frames} frames opened")?;
            }
            if found.set_aside > 0 {
                writeln!(out, "{}", aside(found.set_aside))?;
            }
            writeln!(out, "{}", sentence(&found, signer.as_ref()))?;
        }
        Ok(match found.verdict {
            Found::Complete | Found::Consistent => Verdict::Well,
            Found::Incomplete { .. } => Verdict::Incomplete,
            // What a later version of the library may say is no good news.
            _ => Verdict::Faults,
        })
    }

    /// Opens every frame, and returns how many there are, or the first place that does not open.
    fn open(&self) -> Result<Result<u64, Place>, Failure> {
        let recording = Recording::open(&self.folder)?;
        let dek = recording.dek(&self.keys, &self.trust)?;
        let failed = |error| recordings::failed(&self.folder, &error);
        let watched = Watched::new(Arc::clone(&recording.storage) as _, "opening", 1);
        let mut reader = Reader::open(Arc::new(watched), &dek).map_err(failed)?;
        // It may have been altered since it was verified.
        if let Some(place) = reader.damage() {
            return Ok(Err(place));
        }
        let tracks: Vec<u16> = reader.tracks().map(|track| track.track).collect();
        let mut frames = 0;
        for track in tracks {
            let mut cursor = reader.start_of(track).map_err(failed)?;
            loop {
                match reader.next_frame(&mut cursor) {
                    Ok(Some(_)) => frames += 1,
                    Ok(None) => break,
                    Err(RecordingError::Damaged(place)) => return Ok(Err(place)),
                    Err(error) => return Err(failed(error)),
                }
            }
        }
        Ok(Ok(frames))
    }
}

/// The last line.
fn sentence(found: &Verification, signer: Option<&SignerPublic>) -> String {
    let whole = format!(
        "{} segments, {} frames, {} octets",
        found.segments, found.frames, found.octets
    );
    let recorder = found.header.as_ref().and_then(recorder);
    match &found.verdict {
        Found::Complete => format!(
            "Complete: {whole}, all {} records signed by {}",
            found.records,
            signer.map_or(String::new(), ToString::to_string)
        ),
        Found::Consistent => format!(
            "Consistent: {whole}; nobody vouches for it until --signer names the recorder. It says it is {}",
            recorder.map_or(String::new(), |recorder| recorder.to_string())
        ),
        Found::Incomplete {
            committed,
            discarded,
        } => format!(
            "Incomplete: no signed end. {committed} octets of frames are there, {discarded} octets of files are behind them; {} of {} records are signed",
            found.signed_records, found.records
        ),
        Found::Tampered { place } => {
            let is_another = recorder
                .as_ref()
                .zip(signer)
                .is_some_and(|(recorder, signer)| recorder != signer);
            let why = match recorder.filter(|_| is_another) {
                Some(recorder) => {
                    format!("; it says it was recorded by {recorder}, not by who --signer names")
                }
                None => String::new(),
            };
            format!("Tampered: {}{why}", what(place))
        }
        other => format!("Unknown: {}", plain(&format!("{other:?}"))),
    }
}

/// What lies below aside/.
pub(crate) fn aside(files: u64) -> String {
    format!(
        "set aside: {files} files, below aside/, of segments that the recorder's key did not begin; they are no part of the recording, and somebody put them there"
    )
}

/// What is wrong with a part.
pub(crate) fn what(place: &Place) -> String {
    match place {
        Place::Missing { name } => format!("file {} is missing", name.escape_default()),
        Place::Foreign { name } => format!("file {} does not belong to it", name.escape_default()),
        place => format!("{place} is not as it was written"),
    }
}

fn recorder(header: &Header) -> Option<SignerPublic> {
    SignerPublic::from_bytes(header.signer()).ok()
}

impl Report {
    fn of(found: &Verification, opened: Option<u64>) -> Self {
        let header = found.header.as_ref();
        let (mut place, mut committed, mut discarded) = (None, None, None);
        let verdict = match &found.verdict {
            Found::Complete => "complete",
            Found::Consistent => "consistent",
            Found::Incomplete {
                committed: there,
                discarded: behind,
            } => {
                (committed, discarded) = (Some(*there), Some(*behind));
                "incomplete"
            }
            Found::Tampered { place: found } => {
                place = Some(what(found));
                "tampered"
            }
            _ => "unknown",
        };
        Self {
            verdict,
            place,
            committed,
            discarded,
            id: header.map(|header| HEXLOWER.encode(header.id())),
            created: header.map(Header::created),
            recorder: header
                .and_then(recorder)
                .map(|recorder| recorder.to_string()),
            records: found.records,
            signed_records: found.signed_records,
            segments: found.segments,
            frames: found.frames,
            octets: found.octets,
            set_aside: found.set_aside,
            opened,
        }
    }
}
