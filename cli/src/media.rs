//! The octets of a track, without the heads of its frames: what `mediaseal cat` writes and `mediaseal serve` serves.
//!
//! A file that was recorded lies in pieces of one length, so that any octet is found by counting. Frames of other recordings are as long as they are: they are
//! gone through once, and a place is remembered every now and then. That frames are of one length is taken from the first, the last and how many octets
//! there are in all; where the head of another does not bear it out, they are gone through as well.

use mediaseal::vault::recording::{
    Cursor, Profile, Reader, RecordedFrame, RecordingError, TrackInfo,
};

use crate::outcome::Failure;
use crate::recordings::{Recording, codec_name};

/// Octets in front of a frame of nobody: u32(length of what follows) ‖ u8(flags) ‖ u64(µs) ‖ u16(0).
const HEAD: u64 = 15;
/// Of them behind the length.
const HEAD_AFTER_LEN: u64 = HEAD - 4;
/// Octets between places that are remembered.
const STEP: u64 = 256 << 10;

/// The octets of a track, at any place. Each authenticated before it is given out.
pub(crate) struct TrackOctets {
    reader: Reader,
    pub(crate) track: TrackInfo,
    len: u64,
    map: Map,
}

enum Map {
    /// All frames but the last have so many octets, and name no sender.
    Pieces(u64),
    /// Places at which frames begin, and the frame that was read last.
    Places {
        places: Vec<Spot>,
        last: Option<(u64, RecordedFrame, Cursor)>,
    },
}

struct Spot {
    /// Octets before it.
    at: u64,
    cursor: Cursor,
}

/// The track that was named, or the only one there is.
pub(crate) fn choose(
    recording: &Recording,
    reader: &Reader,
    named: Option<u16>,
) -> Result<TrackInfo, Failure> {
    let name = recording.path.display();
    if recording.header.profile() != Profile::Media {
        return Err(Failure::Unreadable(format!(
            "{name}: its frames are ciphertext of the call, which mediaseal export opens with the keys that their senders granted"
        )));
    }
    let tracks: Vec<TrackInfo> = reader.tracks().collect();
    let list = || {
        let names = tracks
            .iter()
            .map(|track| format!("{} ({})", track.track, codec_name(track.format)));
        names.collect::<Vec<_>>().join(", ")
    };
    match (named, tracks.as_slice()) {
        (Some(named), tracks) => tracks
            .iter()
            .find(|track| track.track == named)
            .copied()
            .ok_or_else(|| {
                Failure::Usage(format!("{name}: there is no track {named}, but {}", list()))
            }),
        (None, [only]) => Ok(*only),
        (None, []) => Err(Failure::Unreadable(format!("{name}: it has no track"))),
        (None, _) => Err(Failure::Usage(format!(
            "{name}: --track says which: {}",
            list()
        ))),
    }
}

impl TrackOctets {
    /// Prepares to read a track as it is now.
    pub(crate) fn new(mut reader: Reader, track: TrackInfo) -> Result<Self, RecordingError> {
        if let Some((piece, len)) = pieces(&mut reader, &track)? {
            return Ok(Self {
                reader,
                track,
                len,
                map: Map::Pieces(piece),
            });
        }
        let (map, len) = places(&mut reader, track.track)?;
        Ok(Self {
            reader,
            track,
            len,
            map,
        })
    }

    /// How many there are.
    pub(crate) const fn len(&self) -> u64 {
        self.len
    }

    /// Reads octets from `at` on, all that `out` has room for.
    pub(crate) fn read(&mut self, at: u64, out: &mut [u8]) -> Result<(), RecordingError> {
        let end = at.checked_add(out.len() as u64);
        if end.is_none_or(|end| end > self.len) {
            return Err(RecordingError::OutOfRange);
        }
        let mut done = 0;
        while done < out.len() {
            let from = at + done as u64;
            let rest = &mut out[done..];
            done += match &mut self.map {
                Map::Pieces(piece) => {
                    let (reader, track) = (&mut self.reader, self.track.track);
                    match from_piece(reader, track, *piece, self.len, from, rest)? {
                        Some(read) => read,
                        // They are not of one length after all.
                        None => {
                            let (map, len) = places(reader, track)?;
                            self.map = map;
                            self.len = len;
                            0
                        }
                    }
                }
                Map::Places { places, last } => {
                    from_frame(&mut self.reader, places, last, from, rest)?
                }
            };
        }
        Ok(())
    }
}

/// Goes through the frames of a track; returns the places, and how many octets there are.
fn places(reader: &mut Reader, track: u16) -> Result<(Map, u64), RecordingError> {
    let mut cursor = reader.start_of(track)?;
    let (mut places, mut len, mut next) = (Vec::new(), 0_u64, 0);
    loop {
        let before = cursor.clone();
        let Some(frame) = reader.next_frame(&mut cursor)? else {
            break;
        };
        if len >= next {
            places.push(Spot {
                at: len,
                cursor: before,
            });
            next = len.saturating_add(STEP);
        }
        len = len.saturating_add(frame.octets.len() as u64);
    }
    Ok((Map::Places { places, last: None }, len))
}

/// How long the frames of a track are if they are of one length, and how many octets they have.
fn pieces(reader: &mut Reader, track: &TrackInfo) -> Result<Option<(u64, u64)>, RecordingError> {
    if track.format.codec_number() != 0 || track.frames == 0 || track.octets < HEAD {
        return Ok(None);
    }
    let Some(first) = head(reader, track.track, 0)? else {
        return Ok(None);
    };
    let all = |piece: u64, frames: u64| piece.checked_add(HEAD)?.checked_mul(frames);
    let before_last = all(first, track.frames - 1);
    let last = before_last
        .and_then(|before| track.octets.checked_sub(before))
        .and_then(|last| last.checked_sub(HEAD));
    let (Some(before_last), Some(last)) = (before_last, last) else {
        return Ok(None);
    };
    // The last one is where it is if those before are of one length, or as long in all.
    let is_so = first > 0
        && (1..=first).contains(&last)
        && head(reader, track.track, before_last)? == Some(last);
    Ok(is_so.then(|| (first, track.octets - HEAD * track.frames)))
}

/// The length of a frame whose head is at this place of the track, if that is the head of a frame of nobody.
fn head(reader: &mut Reader, track: u16, at: u64) -> Result<Option<u64>, RecordingError> {
    let mut head = [0; 15];
    reader.read_at(track, at, &mut head)?;
    let [a, b, c, d, flags, .., high, low] = head;
    let len = u64::from(u32::from_be_bytes([a, b, c, d]));
    let is_ours = flags <= 1 && high == 0 && low == 0;
    Ok(len.checked_sub(HEAD_AFTER_LEN).filter(|_| is_ours))
}

/// Reads from a piece; nothing if what is at its place is no piece of this length.
fn from_piece(
    reader: &mut Reader,
    track: u16,
    piece: u64,
    len: u64,
    at: u64,
    out: &mut [u8],
) -> Result<Option<usize>, RecordingError> {
    let (number, within) = (at / piece, at % piece);
    let begin = number * (piece + HEAD);
    let of_this = piece.min(len - number * piece);
    // What is at this place is the piece that was counted to, and no other.
    if head(reader, track, begin)? != Some(of_this) {
        return Ok(None);
    }
    let room = usize::try_from(of_this - within).unwrap_or(usize::MAX);
    let read = out.len().min(room);
    reader.read_at(track, begin + HEAD + within, &mut out[..read])?;
    Ok(Some(read))
}

fn from_frame(
    reader: &mut Reader,
    places: &[Spot],
    last: &mut Option<(u64, RecordedFrame, Cursor)>,
    at: u64,
    out: &mut [u8],
) -> Result<usize, RecordingError> {
    // Where the last frame ends, or the last place before.
    let place = places.partition_point(|place| place.at <= at);
    let place = place
        .checked_sub(1)
        .and_then(|place| places.get(place))
        .ok_or(RecordingError::OutOfRange)?;
    let (mut begin, mut cursor) = (place.at, place.cursor.clone());
    if let Some((start, frame, after)) = last {
        let end = *start + frame.octets.len() as u64;
        if *start <= at && at < end {
            return Ok(copy(frame, at - *start, out));
        }
        if end <= at && end > begin {
            (begin, cursor) = (end, after.clone());
        }
    }
    loop {
        let frame = reader
            .next_frame(&mut cursor)?
            .ok_or(RecordingError::OutOfRange)?;
        let end = begin + frame.octets.len() as u64;
        if at < end {
            let read = copy(&frame, at - begin, out);
            *last = Some((begin, frame, cursor));
            return Ok(read);
        }
        begin = end;
    }
}

/// Copies what a frame has from a place on.
fn copy(frame: &RecordedFrame, from: u64, out: &mut [u8]) -> usize {
    let from = usize::try_from(from).unwrap_or(usize::MAX);
    let octets = frame.octets.get(from..).unwrap_or_default();
    let len = octets.len().min(out.len());
    out[..len].copy_from_slice(&octets[..len]);
    len
}

/// The type of what a track holds (RFC 6838), and the usual end of a file's name. Nothing for frames that play nowhere without a container.
pub(crate) fn kind(
    track: &mut TrackOctets,
) -> Result<Option<(&'static str, &'static str)>, RecordingError> {
    let number = track.track.format.codec_number();
    if number != 0 {
        return Ok(match number {
            1 => Some(("video/H264", "h264")),
            2 => Some(("video/H265", "h265")),
            7 => Some(("audio/aac", "aac")),
            _ => None,
        });
    }
    let mut front = [0; 12];
    let len = usize::try_from(track.len())
        .unwrap_or(usize::MAX)
        .min(front.len());
    track.read(0, &mut front[..len])?;
    Ok(Some(match &front[..] {
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => ("video/mp4", "mp4"),
        [0x1a, 0x45, 0xdf, 0xa3, ..] => ("video/webm", "webm"),
        [b'O', b'g', b'g', b'S', ..] => ("audio/ogg", "ogg"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E'] => ("audio/wav", "wav"),
        [b'f', b'L', b'a', b'C', ..] => ("audio/flac", "flac"),
        [b'I', b'D', b'3', ..] | [0xff, 0xf2..=0xff, ..] => ("audio/mpeg", "mp3"),
        [0, 0, 0, 1, nal, ..] if nal & 0x80 == 0 => ("video/H264", "h264"),
        _ => ("application/octet-stream", "bin"),
    }))
}
