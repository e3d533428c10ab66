//! From frames to datagrams and back. The header is this example's own; a real call uses RTP.
//!
//! ```text
//!  0      4      8       10      12
//!  | stream | frame | index | count | up to 1188 octets of one encrypted frame |
//! ```

/// Most octets of a datagram: safe on common paths without IP fragmentation.
pub(crate) const MAX_DATAGRAM: usize = 1200;
/// Octets of header in front of each piece of a frame.
pub(crate) const HEADER_LEN: usize = 12;
const MAX_PIECE: usize = MAX_DATAGRAM - HEADER_LEN;

/// Frames in the making that a receiver keeps a stream; beyond, the one idle for longest gives way.
const MAX_PARTIAL: usize = 32;

/// The header of a datagram, big-endian on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// Stream number, the same as the SSRC given to mediaseal.
    pub(crate) stream: u32,
    /// Number of the frame in its stream.
    pub(crate) frame: u32,
    /// Number of this piece in its frame.
    pub(crate) index: u16,
    /// Pieces of the frame.
    pub(crate) count: u16,
}

impl Header {
    /// Writes the header.
    pub(crate) fn to_octets(self) -> [u8; HEADER_LEN] {
        let mut octets = [0; HEADER_LEN];
        octets[..4].copy_from_slice(&self.stream.to_be_bytes());
        octets[4..8].copy_from_slice(&self.frame.to_be_bytes());
        octets[8..10].copy_from_slice(&self.index.to_be_bytes());
        octets[10..].copy_from_slice(&self.count.to_be_bytes());
        octets
    }

    /// Splits a datagram into header and piece, or nothing if no sender makes such a datagram.
    pub(crate) fn parse(datagram: &[u8]) -> Option<(Self, &[u8])> {
        let (stream, rest) = datagram.split_first_chunk()?;
        let (frame, rest) = rest.split_first_chunk()?;
        let (index, rest) = rest.split_first_chunk()?;
        let (count, piece) = rest.split_first_chunk()?;
        let header = Self {
            stream: u32::from_be_bytes(*stream),
            frame: u32::from_be_bytes(*frame),
            index: u16::from_be_bytes(*index),
            count: u16::from_be_bytes(*count),
        };
        (header.index < header.count && piece.len() <= MAX_PIECE).then_some((header, piece))
    }
}

/// What binds an encrypted frame to its place: mediaseal authenticates it and does not send it.
pub(crate) fn metadata(stream: u32, frame: u32) -> [u8; 8] {
    let mut octets = [0; 8];
    octets[..4].copy_from_slice(&stream.to_be_bytes());
    octets[4..].copy_from_slice(&frame.to_be_bytes());
    octets
}

/// Cuts an encrypted frame into datagrams and hands each to `send`.
///
/// # Errors
/// The first error of `send`, or a frame of more than 65,535 pieces.
pub(crate) fn cut<E>(
    stream: u32,
    frame: u32,
    encrypted: &[u8],
    mut send: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E>
where
    E: From<std::num::TryFromIntError>,
{
    let mut datagram = [0; MAX_DATAGRAM];
    let count = u16::try_from(pieces(encrypted.len()))?;
    for (index, piece) in (0..count).zip(encrypted.chunks(MAX_PIECE)) {
        let header = Header {
            stream,
            frame,
            index,
            count,
        };
        let len = HEADER_LEN + piece.len();
        datagram[..HEADER_LEN].copy_from_slice(&header.to_octets());
        datagram[HEADER_LEN..len].copy_from_slice(piece);
        send(&datagram[..len])?;
    }
    Ok(())
}

/// Returns how many datagrams carry so many octets.
fn pieces(len: usize) -> usize {
    len.div_ceil(MAX_PIECE)
}

/// A frame of which some pieces came.
#[derive(Default)]
struct Partial {
    frame: u32,
    count: u16,
    /// One flag a piece.
    came: Vec<bool>,
    missing: u16,
    /// All pieces but the last are full, so each has its place from the start.
    octets: Vec<u8>,
    len: usize,
    touched: u64,
}

/// Puts the frames of one stream together again, in bounded memory.
///
/// It knows nothing of what was delivered before: a repeated frame comes out again, because telling
/// repetitions apart is the decryptor's work, which alone can trust what it looks at.
pub(crate) struct Reassembler {
    max_count: u16,
    partial: Vec<Partial>,
    spare: Vec<Partial>,
    clock: u64,
    /// Datagrams that fit no frame.
    pub(crate) malformed: u64,
    /// Pieces that had come already.
    pub(crate) repeated: u64,
}

/// A complete encrypted frame; give it back to [`Reassembler::recycle`].
pub(crate) struct Whole(Partial);

impl Whole {
    /// The encrypted frame.
    pub(crate) fn octets(&mut self) -> &mut [u8] {
        &mut self.0.octets[..self.0.len]
    }
}

impl Reassembler {
    /// Makes one for encrypted frames of at most `max_len` octets.
    pub(crate) fn new(max_len: usize) -> Self {
        Self {
            max_count: u16::try_from(pieces(max_len)).unwrap_or(u16::MAX),
            partial: Vec::with_capacity(MAX_PARTIAL),
            spare: Vec::new(),
            clock: 0,
            malformed: 0,
            repeated: 0,
        }
    }

    /// Takes a piece; returns the frame if it was the last one missing.
    pub(crate) fn accept(&mut self, header: Header, piece: &[u8]) -> Option<Whole> {
        let is_last = header.index + 1 == header.count;
        if header.count > self.max_count || (!is_last && piece.len() != MAX_PIECE) {
            self.malformed += 1;
            return None;
        }
        self.clock += 1;
        let at = self.find_or_start(header);
        let partial = &mut self.partial[at];
        if partial.count != header.count {
            self.malformed += 1;
            return None;
        }
        let index = usize::from(header.index);
        if std::mem::replace(&mut partial.came[index], true) {
            self.repeated += 1;
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
    fn find_or_start(&mut self, header: Header) -> usize {
        let known = |partial: &Partial| partial.frame == header.frame;
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
        partial.frame = header.frame;
        partial.count = header.count;
        partial.missing = header.count;
        partial.came.clear();
        partial.came.resize(usize::from(header.count), false);
        self.partial.push(partial);
        self.partial.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Datagrams = Vec<Vec<u8>>;

    fn datagrams(frame: u32, octets: &[u8]) -> Datagrams {
        let mut all = Vec::new();
        let cut = cut(1, frame, octets, |datagram| {
            all.push(datagram.to_vec());
            Ok::<(), std::num::TryFromIntError>(())
        });
        assert!(cut.is_ok());
        all
    }

    fn accept(reassembler: &mut Reassembler, datagram: &[u8]) -> Option<Vec<u8>> {
        let (header, piece) = Header::parse(datagram)?;
        let mut whole = reassembler.accept(header, piece)?;
        let octets = whole.octets().to_vec();
        reassembler.recycle(whole);
        Some(octets)
    }

    fn sample(len: usize) -> Vec<u8> {
        (0..=250).cycle().take(len).collect()
    }

    #[test]
    fn a_frame_comes_out_whole_in_any_order() {
        for len in [1, MAX_PIECE, MAX_PIECE + 1, 5 * MAX_PIECE] {
            let mut reassembler = Reassembler::new(len);
            let mut pieces = datagrams(7, &sample(len));
            assert!(pieces.iter().all(|datagram| datagram.len() <= MAX_DATAGRAM));
            pieces.reverse();
            let frames: Vec<_> = pieces
                .iter()
                .filter_map(|d| accept(&mut reassembler, d))
                .collect();
            assert_eq!(frames, [sample(len)]);
        }
    }

    #[test]
    fn a_repeated_frame_comes_out_again() {
        let mut reassembler = Reassembler::new(9000);
        let pieces = datagrams(7, &sample(3000));
        let again = pieces.iter().chain(&pieces);
        assert_eq!(again.filter_map(|d| accept(&mut reassembler, d)).count(), 2);
    }

    #[test]
    fn a_late_piece_does_not_spoil_the_repeated_frame() {
        let mut reassembler = Reassembler::new(9000);
        let pieces = datagrams(7, &sample(3000));
        let order = [0, 1, 2, 1, 0, 1, 2].map(|at| &pieces[at]);
        let frames: Vec<_> = order
            .iter()
            .filter_map(|d| accept(&mut reassembler, d))
            .collect();
        assert_eq!(frames, [sample(3000), sample(3000)]);
        assert_eq!(reassembler.repeated, 1);
    }

    #[test]
    fn memory_stays_bounded() {
        let mut reassembler = Reassembler::new(9000);
        for frame in 0..10_000 {
            let pieces = datagrams(frame, &sample(2000));
            assert!(accept(&mut reassembler, &pieces[0]).is_none());
        }
        assert_eq!(reassembler.partial.len(), MAX_PARTIAL);
        assert!(reassembler.spare.len() <= MAX_PARTIAL);
    }

    #[test]
    fn what_no_sender_makes_is_refused() {
        let mut reassembler = Reassembler::new(2 * MAX_PIECE);
        assert!(Header::parse(&[0; HEADER_LEN - 1]).is_none());
        let valid = Header {
            stream: 1,
            frame: 1,
            index: 0,
            count: 3,
        };
        assert!(Header::parse(&Header { count: 0, ..valid }.to_octets()).is_none());
        assert!(Header::parse(&Header { index: 3, ..valid }.to_octets()).is_none());
        assert!(reassembler.accept(valid, &sample(MAX_PIECE)).is_none());
        assert!(
            reassembler
                .accept(Header { count: 2, ..valid }, b"short")
                .is_none()
        );
        assert_eq!(reassembler.malformed, 2);
    }
}
