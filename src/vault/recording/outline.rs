//! What anybody can read of a recording, without a key of it: what its manifest says.

use super::error::{Place, RecordingError};
use super::frame::TrackFormat;
use super::header::Header;
use super::index::{Index, Segment, Status};
use super::manifest::{Checkpoints, Manifest, Rest, read_header, verifier_key};
use super::reader::TrackInfo;
use super::storage::Storage;

/// What the manifest of a recording says. It is read as far as its records chain, and no file is compared with it: that is what
/// [`verify`](super::verify()) does.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outline {
    /// What the recording says of itself.
    pub header: Header,
    /// The tracks, by number.
    pub tracks: Vec<TrackInfo>,
    /// The segments, by number.
    pub segments: Vec<SegmentInfo>,
    /// Records of the manifest.
    pub records: u64,
    /// How many records each checkpoint covers, as far as they are signed by the recorder that the header names.
    pub checkpoints: Vec<u64>,
    /// Whether its recorder closed it.
    pub is_closed: bool,
    /// Where the manifest or the checkpoints are no longer what a recorder wrote.
    pub damage: Option<Place>,
}

/// A part of a track, sealed under a key of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SegmentInfo {
    /// Its number in the recording.
    pub segment: u64,
    /// Its track.
    pub track: u16,
    /// What became of it.
    pub end: SegmentEnd,
    /// Its frames.
    pub frames: u32,
    /// Octets of its frames with their heads.
    pub octets: u64,
    /// Its commits: places from which reading can begin.
    pub commits: u64,
    /// The smallest and largest time of a frame in microseconds.
    pub micros: (u64, u64),
}

/// How a segment ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SegmentEnd {
    /// It may grow.
    Open,
    /// Its recorder ended it.
    Ended,
    /// A crash cut it, and a recovery ended it at its last commit.
    Recovered,
}

/// Reads what anybody can of a recording.
///
/// # Errors
/// [`RecordingError::NotThere`], [`RecordingError::Unsupported`], [`RecordingError::Damaged`] if there is no header to begin with; what the storage says.
pub fn outline(storage: &dyn Storage) -> Result<Outline, RecordingError> {
    let header = read_header(storage)?;
    let mut manifest = Manifest::of(&header);
    let rest = manifest.read_on(storage, |_| ())?;
    let record = manifest.chain.records();
    let mut damage = matches!(rest, Rest::Broken(_)).then_some(Place::Manifest { record });
    let checkpoints =
        verifier_key(&header, header.signer()).and_then(|key| Checkpoints::read(storage, &key));
    let checkpoints = match checkpoints {
        Ok(checkpoints) => checkpoints.signed.iter().map(|(size, _)| *size).collect(),
        Err(RecordingError::Damaged(place)) => {
            damage = damage.or(Some(place));
            Vec::new()
        }
        Err(error) => return Err(error),
    };
    let index = &manifest.index;
    let segments = index.tracks.iter().flat_map(|(number, track)| {
        let of = |segment| SegmentInfo::of(*number, segment);
        track.segments.iter().map(of)
    });
    let mut segments: Vec<SegmentInfo> = segments.collect();
    segments.sort_unstable_by_key(|segment| segment.segment);
    Ok(Outline {
        tracks: tracks(index).collect(),
        segments,
        records: record,
        checkpoints,
        is_closed: index.is_final,
        damage,
        header,
    })
}

/// The tracks, by number.
pub(super) fn tracks(index: &Index) -> impl Iterator<Item = TrackInfo> {
    index.tracks.iter().map(|(number, track)| {
        let states = || track.segments.iter().map(|segment| &segment.state);
        let first = states().map(|state| state.first).min();
        let last = states().map(|state| state.last).max();
        TrackInfo {
            track: *number,
            format: TrackFormat::from_value(track.codec),
            frames: states().map(|state| u64::from(state.frames)).sum(),
            octets: track.len(),
            micros: first.zip(last),
        }
    })
}

impl SegmentInfo {
    fn of(track: u16, segment: &Segment) -> Self {
        let state = &segment.state;
        Self {
            segment: segment.number,
            track,
            end: match segment.status {
                Status::Open => SegmentEnd::Open,
                Status::Ended => SegmentEnd::Ended,
                Status::Recovered => SegmentEnd::Recovered,
            },
            frames: state.frames,
            octets: segment.len(),
            commits: segment.points.len() as u64,
            micros: (state.first, state.last),
        }
    }
}
