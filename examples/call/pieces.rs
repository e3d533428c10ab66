//! Frames in packet mode: each is cut into pieces, and each piece is sealed as the payload of one packet.
//!
//! ```text
//!  0       2       4
//!  | index | count | piece of a frame |   sealed by mediaseal, and the timestamp with it
//! ```
//!
//! This header is the example's own, where an application has the payload format of its codec. It is sealed too, so that nobody on the
//! way puts pieces into another order.

use mediaseal::FrameBuf;
use mediaseal::format::rtp::DESCRIPTOR_LEN;

use crate::rtp::MAX_PAYLOAD;

/// Octets of header in front of each piece of a frame.
pub(crate) const HEADER_LEN: usize = 4;

/// Octets of a frame in one packet: with header and seal they are one RTP payload, whatever the cipher.
pub(crate) const MAX_PIECE: usize =
    MAX_PAYLOAD - DESCRIPTOR_LEN - FrameBuf::HEADROOM - FrameBuf::TAILROOM - HEADER_LEN;

/// Frames in the making that a receiver keeps a stream; beyond, the one idle for longest gives way.
const MAX_PARTIAL: usize = 32;

/// The header of a piece, big-endian on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// Number of this piece in its frame.
    pub(crate) index: u16,
    /// Pieces of the frame.
    pub(crate) count: u16,
}

impl Header {
    /// Splits what was opened into header and piece, or nothing if no sender makes such a piece.
    fn parse(octets: &[u8]) -> Option<(Self, &[u8])> {
        let (index, rest) = octets.split_first_chunk()?;
        let (count, piece) = rest.split_first_chunk()?;
        let header = Self {
            index: u16::from_be_bytes(*index),
            count: u16::from_be_bytes(*count),
        };
        (header.index < header.count).then_some((header, piece))
    }
}

/// Cuts a frame into pieces; an empty one has one.
///
/// # Errors
/// If they are more than 65,535.
pub(crate) fn cut(
    frame: &[u8],
) -> Result<impl Iterator<Item = (Header, &[u8])>, std::num::TryFromIntError> {
    let count = u16::try_from(frame.len().div_ceil(MAX_PIECE).max(1))?;
    let piece = move |index: u16| {
        let start = usize::from(index) * MAX_PIECE;
        let end = frame.len().min(start + MAX_PIECE);
        (Header { index, count }, &frame[start..end])
    };
    Ok((0..count).map(piece))
}

/// Writes header and piece to the front of `out`, which has room for them, and returns their length.
pub(crate) fn write((header, piece): (Header, &[u8]), out: &mut [u8]) -> usize {
    let len = HEADER_LEN + piece.len();
    out[..2].copy_from_slice(&header.index.to_be_bytes());
    out[2..HEADER_LEN].copy_from_slice(&header.count.to_be_bytes());
    out[HEADER_LEN..len].copy_from_slice(piece);
    len
}

/// A frame of which some pieces came.
#[derive(Default)]
struct Partial {
    timestamp: u32,
    count: u16,
    /// One flag a piece.
    came: Vec<bool>,
    missing: u16,
    /// All pieces but the last are of one length, so each has its place from the start.
    octets: Vec<u8>,
    len: usize,
    touched: u64,
}

/// Puts the frames of one stream together again, in bounded memory.
pub(crate) struct Assembler {
    max_count: u16,
    partial: Vec<Partial>,
    spare: Vec<Partial>,
    clock: u64,
}

/// A complete frame; give it back to [`Assembler::recycle`].
pub(crate) struct Whole(Partial);

impl Whole {
    /// The frame.
    pub(crate) fn octets(&self) -> &[u8] {
        &self.0.octets[..self.0.len]
    }
}

impl Assembler {
    /// Makes one for frames of at most `max_len` octets.
    pub(crate) fn new(max_len: usize) -> Self {
        Self {
            max_count: u16::try_from(max_len.div_ceil(MAX_PIECE).max(1)).unwrap_or(u16::MAX),
            partial: Vec::with_capacity(MAX_PARTIAL),
            spare: Vec::new(),
            clock: 0,
        }
    }

    /// Takes a piece that was opened, of the frame with this timestamp; returns the frame if it was the last one missing.
    ///
    /// What fits no frame is left out: only a member of the channel can have sealed it.
    pub(crate) fn accept(&mut self, timestamp: u32, opened: &[u8]) -> Option<Whole> {
        let (header, piece) = Header::parse(opened)?;
        let is_last = header.index + 1 == header.count;
        let fits = if is_last {
            piece.len() <= MAX_PIECE
        } else {
            piece.len() == MAX_PIECE
        };
        if header.count > self.max_count || !fits {
            return None;
        }
        self.clock += 1;
        let at = self.find_or_start(timestamp, header.count);
        let partial = &mut self.partial[at];
        let index = usize::from(header.index);
        if partial.count != header.count || std::mem::replace(&mut partial.came[index], true) {
            return None;
        }
        let start = index * MAX_PIECE;
        let end = start + piece.len();
        if partial.octets.len() < end {
            partial.octets.resize(end, 0);
        }
        partial.octets[start..end].copy_from_slice(piece);
        partial.touched = self.clock;
        partial.missing -= 1;
        if is_last {
            partial.len = end;
        }
        (partial.missing == 0).then(|| Whole(self.partial.swap_remove(at)))
    }

    /// Takes the memory of a frame back.
    pub(crate) fn recycle(&mut self, whole: Whole) {
        if self.spare.len() < MAX_PARTIAL {
            self.spare.push(whole.0);
        }
    }

    /// Returns the place of a frame in the making.
    fn find_or_start(&mut self, timestamp: u32, count: u16) -> usize {
        let known = |partial: &Partial| partial.timestamp == timestamp;
        if let Some(at) = self.partial.iter().position(known) {
            return at;
        }
        if self.partial.len() == MAX_PARTIAL {
            let places = self.partial.iter().enumerate();
            if let Some((idle, _)) = places.min_by_key(|(_, partial)| partial.touched) {
                let given_up = self.partial.swap_remove(idle);
                self.spare.push(given_up);
            }
        }
        let mut partial = self.spare.pop().unwrap_or_default();
        partial.timestamp = timestamp;
        partial.count = count;
        partial.missing = count;
        partial.came.clear();
        partial.came.resize(usize::from(count), false);
        self.partial.push(partial);
        self.partial.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(octets: &[u8]) -> Vec<Vec<u8>> {
        let written = |piece: (Header, &[u8])| {
            let mut out = vec![0; HEADER_LEN + piece.1.len()];
            assert_eq!(write(piece, &mut out), out.len());
            out
        };
        cut(octets).expect("few pieces").map(written).collect()
    }

    fn accept(assembler: &mut Assembler, timestamp: u32, piece: &[u8]) -> Option<Vec<u8>> {
        let whole = assembler.accept(timestamp, piece)?;
        let octets = whole.octets().to_vec();
        assembler.recycle(whole);
        Some(octets)
    }

    fn sample(len: usize) -> Vec<u8> {
        (0..=250).cycle().take(len).collect()
    }

    #[test]
    fn a_frame_comes_out_whole_in_any_order() {
        for len in [0, 1, MAX_PIECE, MAX_PIECE + 1, 5 * MAX_PIECE] {
            let mut assembler = Assembler::new(len);
            let mut pieces = pieces(&sample(len));
            pieces.reverse();
            let frames = pieces.iter().filter_map(|p| accept(&mut assembler, 7, p));
            assert_eq!(frames.collect::<Vec<_>>(), [sample(len)]);
        }
    }

    #[test]
    fn a_piece_that_came_is_taken_once() {
        let mut assembler = Assembler::new(9000);
        let pieces = pieces(&sample(2500));
        let order = [0, 1, 1, 0, 2].map(|at| accept(&mut assembler, 7, &pieces[at]));
        assert_eq!(order.iter().flatten().count(), 1);
        assert_eq!(order[4].as_deref(), Some(&sample(2500)[..]));
    }

    #[test]
    fn memory_stays_bounded() {
        let mut assembler = Assembler::new(9000);
        let pieces = pieces(&sample(2000));
        for timestamp in 0..10_000 {
            assert!(accept(&mut assembler, timestamp, &pieces[0]).is_none());
        }
        assert_eq!(assembler.partial.len(), MAX_PARTIAL);
        assert!(assembler.spare.len() <= MAX_PARTIAL);
    }

    #[test]
    fn what_no_sender_makes_is_left_out() {
        let mut assembler = Assembler::new(2 * MAX_PIECE);
        let full = [0; HEADER_LEN + MAX_PIECE];
        let with = |index: u16, count: u16, len: usize| {
            let mut piece = full[..HEADER_LEN + len].to_vec();
            piece[..2].copy_from_slice(&index.to_be_bytes());
            piece[2..4].copy_from_slice(&count.to_be_bytes());
            piece
        };
        for piece in [
            vec![0; HEADER_LEN - 1],
            with(0, 0, 5),
            with(2, 2, 5),
            with(0, 3, MAX_PIECE),
            with(0, 2, 5),
        ] {
            assert!(accept(&mut assembler, 7, &piece).is_none());
        }
        assert!(assembler.partial.is_empty());
    }
}
