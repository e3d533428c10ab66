//! Exports of recordings: files that players play.
//!
//! ```text
//!  Reader ──► frames ──► opened with the keys that senders granted ──► one stream a track and sender ──► MP4, WebM, Ogg ──► the caller's sinks
//!                              (profile Frames alone)                                                   (CENC with ClearKey)
//! ```
//!
//! An export is a copy that nobody can verify any more: [`Report::NOTICE`]. Times, and the order of frames, are what the recorder wrote; whose frames they are and
//! what they show is authenticated under the keys of their senders. The guide is `docs/export.md`.

mod boxes;
mod cenc;
mod codec;
mod file;
mod folder;
mod mp4;
mod mux;
mod ogg;
pub(super) mod open;
mod report;
mod webm;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io::{self, Write};
use std::ops::ControlFlow;

pub use cenc::ClearKey;
pub use folder::files_in;
pub use open::SessionKeys;
pub use report::{ExportError, ExportedFile, FileInfo, LeftOut, Reason, Report};

use super::error::RecordingError;
use super::header::Profile;
use super::reader::{Reader, TrackInfo};
use crate::id::{KeyId, SenderId};
use file::{Media, SenderFiles, Sinks};
use open::TrackOpener;

/// Senders of a track that may have a file open at once.
const MAX_SENDERS: usize = 256;
/// Lines of a report on what was left out.
const MAX_LINES: usize = 10_000;
/// Frames between two calls of the caller's progress.
const PROGRESS: u64 = 256;

/// Where H.264 and H.265 have their parameter sets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParameterSets {
    /// At the front (`avc1`, `hvc1`): what most players take. A stream that changes them goes on in another file.
    #[default]
    Front,
    /// With the key frames too (`avc3`, `hev1`): one file, whatever changes.
    InBand,
}

/// What Opus goes into.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum AudioFile {
    /// Ogg (RFC 7845).
    #[default]
    Ogg,
    /// Fragmented MP4.
    Mp4,
}

/// Under which key files are encrypted (common encryption, `cenc`).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Protection {
    /// Each under one that is drawn for it.
    Generate,
    /// All under this one.
    Key(ClearKey),
}

/// What is exported, and how.
#[derive(Clone, Debug, Default)]
pub struct Options {
    tracks: Option<Vec<u16>>,
    parameter_sets: ParameterSets,
    opus: AudioFile,
    protection: Option<Protection>,
    aac_config: Option<Vec<u8>>,
}

impl Options {
    /// All tracks, as files that most players take, in clear.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// These tracks alone.
    #[must_use]
    pub fn tracks(mut self, tracks: &[u16]) -> Self {
        self.tracks = Some(tracks.to_vec());
        self
    }

    /// Where H.264 and H.265 have their parameter sets.
    #[must_use]
    pub const fn parameter_sets(mut self, sets: ParameterSets) -> Self {
        self.parameter_sets = sets;
        self
    }

    /// What Opus goes into.
    #[must_use]
    pub const fn opus(mut self, file: AudioFile) -> Self {
        self.opus = file;
        self
    }

    /// Encrypts the files: H.264, H.265, VP9, AV1, Opus and AAC, in MP4. Frames of other codecs are left out, never written in clear.
    #[must_use]
    pub fn protect(mut self, protection: Protection) -> Self {
        self.protection = Some(protection);
        self
    }

    /// The AudioSpecificConfig (ISO/IEC 14496-3) of AAC frames that were recorded without ADTS headers.
    #[must_use]
    pub fn aac_config(mut self, specific: &[u8]) -> Self {
        self.aac_config = Some(specific.to_vec());
        self
    }

    fn wants(&self, track: u16) -> bool {
        self.tracks
            .as_ref()
            .is_none_or(|tracks| tracks.contains(&track))
    }
}

/// How far an export is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Frames that were read.
    pub frames: u64,
    /// Frames that there are.
    pub of: u64,
}

/// Exports what `reader` reads: for each track and sender one file, which `sinks` makes; buffer what it writes to.
///
/// Frames of the profile [`Profile::Frames`] are opened with `keys`; without a key they are left out, and the report says of which session. Of damage, the frames that
/// it touched are missing; of a manifest that is no chain to its end, or of a recording that was not closed, what is behind, which the report says too. Memory stays the same however long the recording is: some 8 MiB for each sender of a track.
///
/// `progress` is called every 256 frames and may stop the export.
///
/// # Errors
/// [`ExportError::File`] if a file cannot be made or written, [`ExportError::Stopped`], and what the storage says. Files are then incomplete.
///
/// # Examples
/// ```no_run
/// use std::fs::File;
/// use std::io::BufWriter;
/// use std::ops::ControlFlow;
/// use mediaseal::vault::grant::{Identity, SignerPublic};
/// use mediaseal::vault::recording::Reader;
/// use mediaseal::vault::recording::export::{Options, SessionKeys, export};
///
/// # fn all(mut reader: Reader, me: Identity, senders: &[SignerPublic]) -> Result<(), Box<dyn std::error::Error>> {
/// let mut keys = SessionKeys::new();
/// keys.open_grants(&reader, &me, senders)?;
/// let report = export(
///     &mut reader,
///     &keys,
///     &Options::new(),
///     &mut |file| Ok(Box::new(BufWriter::new(File::create_new(file.name())?))),
///     &mut |_| ControlFlow::Continue(()),
/// )?;
/// println!("{report}");
/// # Ok(())
/// # }
/// ```
pub fn export(
    reader: &mut Reader,
    keys: &SessionKeys,
    options: &Options,
    sinks: &mut dyn FnMut(&FileInfo) -> io::Result<Box<dyn Write>>,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Report, ExportError> {
    let wanted = |track: &TrackInfo| options.wants(track.track) && track.frames > 0;
    let tracks: Vec<TrackInfo> = reader.tracks().filter(wanted).collect();
    // One zero for all files, so that they can be played beside one another.
    let firsts = tracks.iter().filter_map(|track| track.micros);
    let origin = firsts.map(|(first, _)| first).min().unwrap_or(0);
    let mut counts = Progress {
        frames: 0,
        of: tracks.iter().map(|track| track.frames).sum(),
    };
    let mut report = Report {
        // What the manifest said behind such a place is in no file either.
        damaged: u64::from(reader.damage().is_some()),
        is_closed: reader.is_closed(),
        ..Report::default()
    };
    for track in tracks {
        let mut out = TrackExport {
            options,
            track,
            origin,
            files: BTreeMap::new(),
            left_out: BTreeMap::new(),
        };
        out.run(reader, keys, sinks, &mut report, &mut |read| {
            counts.frames += read;
            progress(counts)
        })?;
    }
    Ok(report)
}

type Line = (Option<KeyId>, Reason, Option<SenderId>);

/// A track on its way into files.
struct TrackExport<'a> {
    options: &'a Options,
    track: TrackInfo,
    origin: u64,
    files: BTreeMap<SenderId, SenderFiles<'a>>,
    left_out: BTreeMap<Line, u64>,
}

impl<'a> TrackExport<'a> {
    fn run(
        &mut self,
        reader: &mut Reader,
        keys: &SessionKeys,
        sinks: &mut Sinks<'_>,
        report: &mut Report,
        progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> Result<(), ExportError> {
        let format = self.track.format;
        let is_sealed = reader.header().profile() == Profile::Frames;
        let mut opener = TrackOpener::new(format);
        let mut cursor = reader.start_of(self.track.track)?;
        let mut read = 0;
        loop {
            let frame = match reader.next_frame(&mut cursor) {
                Ok(Some(frame)) => frame,
                Ok(None) => break,
                Err(RecordingError::Damaged(_)) => {
                    report.damaged += 1;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            read += 1;
            if read % PROGRESS == 0 && progress(PROGRESS).is_break() {
                return Err(ExportError::Stopped);
            }
            let (opened, kid);
            let (sender, octets) = if is_sealed {
                kid = frame.kid();
                opened = match opener.open(keys, &frame) {
                    Ok(opened) => opened,
                    Err(reason) => {
                        // The recorder's word alone says whose it is.
                        self.leave_out((kid, reason, None));
                        continue;
                    }
                };
                (&opened.sender, &opened.octets[..])
            } else {
                kid = None;
                (&frame.sender, &frame.octets[..])
            };
            let media = Media {
                octets,
                micros: frame.micros,
                key_frame: frame.key_frame,
                origin: self.origin,
            };
            let taken = match self.files_of(sender) {
                Ok(files) => files.take(media, sinks, &mut report.files)?,
                Err(reason) => Err(reason),
            };
            if let Err(reason) = taken {
                self.leave_out((kid, reason, Some(sender.clone())));
            }
        }
        for files in self.files.values_mut() {
            files.finish(&mut report.files)?;
        }
        for ((kid, reason, sender), frames) in std::mem::take(&mut self.left_out) {
            report.left_out.push(LeftOut {
                track: self.track.track,
                sender,
                kid,
                reason,
                frames,
            });
        }
        match progress(read % PROGRESS) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(ExportError::Stopped),
        }
    }

    fn files_of(&mut self, sender: &SenderId) -> Result<&mut SenderFiles<'a>, Reason> {
        let senders = self.files.len();
        match self.files.entry(sender.clone()) {
            Entry::Occupied(there) => Ok(there.into_mut()),
            Entry::Vacant(_) if senders >= MAX_SENDERS => Err(Reason::TooManyFiles),
            Entry::Vacant(place) => {
                let TrackInfo { track, format, .. } = self.track;
                let files = SenderFiles::new(self.options, track, format, sender.clone());
                Ok(place.insert(files.ok_or(Reason::Codec)?))
            }
        }
    }

    fn leave_out(&mut self, line: Line) {
        let is_full = self.left_out.len() >= MAX_LINES;
        // What nobody vouches for must not fill memory.
        let line = if is_full && !self.left_out.contains_key(&line) {
            (None, line.1, None)
        } else {
            line
        };
        *self.left_out.entry(line).or_default() += 1;
    }
}
