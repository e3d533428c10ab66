//! SFrame ciphertexts in RTP payloads, draft-ietf-avtcore-rtp-sframe-02: cut, and put together again under loss and reordering.
//!
//! ```text
//!   0 1 2 3 4 5 6 7
//!  +-+-+-+-+-+-+-+-+------------------------------+
//!  |S|E|T| reserved|  piece of the ciphertext     |   one RTP payload
//!  +-+-+-+-+-+-+-+-+------------------------------+
//! ```
//!
//! S: the first piece. E: the last one. T: what is sealed is an RTP payload of the codec (1) or a whole frame (0). The draft may still change; this module has its version in
//! [`DRAFT`].

use crate::error::Misuse;

/// The version of draft-ietf-avtcore-rtp-sframe that is spoken here.
pub const DRAFT: u32 = 2;

/// Octets before each piece.
pub const DESCRIPTOR_LEN: usize = 1;

const START: u8 = 0x80;
const END: u8 = 0x40;
const PACKETIZED: u8 = 0x20;

/// What an SFrame ciphertext is of: the T bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Content {
    /// A whole frame as the encoder gave it.
    Frame,
    /// One RTP payload, as the codec's packetizer made it.
    Packet,
}

/// One RTP payload: a descriptor and a piece of the ciphertext.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fragment<'a> {
    descriptor: u8,
    piece: &'a [u8],
}

impl Fragment<'_> {
    /// Returns the octets of the payload.
    #[must_use]
    pub const fn payload_len(&self) -> usize {
        DESCRIPTOR_LEN + self.piece.len()
    }

    /// Tells whether it is the last. The RTP packet's marker bit is that of the frame then, and 0 before.
    #[must_use]
    pub const fn is_last(&self) -> bool {
        self.descriptor & END != 0
    }

    /// Writes the payload to the front of `payload` and returns its length.
    ///
    /// # Errors
    /// [`Misuse::RangeOutsideStorage`] if there is no room for it.
    pub fn write_to(&self, payload: &mut [u8]) -> Result<usize, Misuse> {
        let len = self.payload_len();
        let (descriptor, piece) = payload
            .get_mut(..len)
            .and_then(<[u8]>::split_first_mut)
            .ok_or(Misuse::RangeOutsideStorage)?;
        *descriptor = self.descriptor;
        piece.copy_from_slice(self.piece);
        Ok(len)
    }
}

/// Returns how many payloads of at most `max_len` octets carry a ciphertext of `len` octets.
///
/// # Errors
/// [`Misuse::PacketMaximum`] if `max_len` is below 2.
pub const fn payload_count(len: usize, max_len: usize) -> Result<usize, Misuse> {
    let needed = DESCRIPTOR_LEN + 1;
    if max_len < needed {
        return Err(Misuse::PacketMaximum { max_len, needed });
    }
    let count = len.div_ceil(max_len - DESCRIPTOR_LEN);
    // An empty one is a payload too.
    Ok(if count == 0 { 1 } else { count })
}

/// The payloads of one ciphertext, in their order.
#[derive(Clone, Debug)]
pub struct Fragments<'a> {
    rest: &'a [u8],
    piece_len: usize,
    flags: u8,
}

impl<'a> Fragments<'a> {
    /// Cuts an SFrame ciphertext into payloads of at most `max_len` octets, as few as possible and of about one length.
    ///
    /// # Errors
    /// [`Misuse::PacketMaximum`] if `max_len` is below 2.
    pub fn new(ciphertext: &'a [u8], content: Content, max_len: usize) -> Result<Self, Misuse> {
        let count = payload_count(ciphertext.len(), max_len)?;
        let content = match content {
            Content::Frame => 0,
            Content::Packet => PACKETIZED,
        };
        Ok(Self {
            rest: ciphertext,
            piece_len: ciphertext.len().div_ceil(count),
            flags: START | content,
        })
    }
}

impl ExactSizeIterator for Fragments<'_> {}

impl<'a> Iterator for Fragments<'a> {
    type Item = Fragment<'a>;

    fn size_hint(&self) -> (usize, Option<usize>) {
        // The first piece is there even if it is empty.
        let first = usize::from(self.flags & START != 0);
        let left = self.rest.len().div_ceil(self.piece_len.max(1)).max(first);
        (left, Some(left))
    }

    fn nth(&mut self, n: usize) -> Option<Self::Item> {
        if n > 0 {
            let skipped = n.saturating_mul(self.piece_len).min(self.rest.len());
            self.rest = &self.rest[skipped..];
            self.flags &= !START;
        }
        self.next()
    }

    fn next(&mut self) -> Option<Fragment<'a>> {
        if self.rest.is_empty() && self.flags & START == 0 {
            return None;
        }
        let (piece, rest) = self.rest.split_at(self.piece_len.min(self.rest.len()));
        let end = if rest.is_empty() { END } else { 0 };
        let descriptor = self.flags | end;
        self.rest = rest;
        self.flags &= !START;
        Some(Fragment { descriptor, piece })
    }
}

/// What an RTP header says of a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RtpInfo {
    /// Sequence number.
    pub sequence: u16,
    /// Timestamp.
    pub timestamp: u32,
    /// Payload type.
    pub payload_type: u8,
    /// Marker bit.
    pub marker: bool,
}

/// What became of a payload.
#[derive(Debug, PartialEq, Eq)]
pub enum Progress<'a> {
    /// With it a ciphertext is complete.
    Complete(Complete<'a>),
    /// It waits for others.
    Waiting,
    /// It came before. Retransmission and redundancy do that.
    Duplicate,
    /// Its number is older than all that are kept, or far ahead: by more than half of the ring (at least 16 packets) or 3,000. One altered header does not move the ring so.
    /// The ring follows if the next packet out of range is the one behind it (RFC 3550 appendix A.1), or, to older numbers too, if 16 such packets go on from one another with
    /// none in range between them.
    OutOfRange,
    /// It is padding alone, is longer than was agreed, or its run is of different payload types or contents.
    Refused,
}

/// A ciphertext that is complete, and what is known of it. Nothing of it is authenticated before it was opened.
#[derive(Debug, PartialEq, Eq)]
pub struct Complete<'a> {
    /// Header, ciphertext and tag of SFrame.
    pub ciphertext: &'a mut [u8],
    /// What it is of.
    pub content: Content,
    /// What the header of its last packet said.
    pub last: RtpInfo,
}

/// What a place of the ring holds.
#[derive(Clone, Copy)]
struct Slot {
    /// The number that it is of, extended to 64 bits; 0 before the first.
    number: u64,
    /// Whether its frame is still to be completed.
    waits: bool,
    descriptor: u8,
    len: usize,
    info: RtpInfo,
}

const EMPTY: Slot = Slot {
    number: 0,
    waits: false,
    descriptor: 0,
    len: 0,
    info: RtpInfo {
        sequence: 0,
        timestamp: 0,
        payload_type: 0,
        marker: false,
    },
};

/// Puts the payloads of one stream together again, whatever was lost or came in another order. All memory is taken when it is made: `packets` × `max_len` octets, twice.
///
/// Frames come out as they become complete, each once; what is late or never complete falls out of the ring.
pub struct Reassembler {
    slots: Box<[Slot]>,
    pieces: Box<[u8]>,
    whole: Box<[u8]>,
    max_piece: usize,
    /// The highest number that came, extended; nothing before the first.
    newest: Option<u64>,
    /// Packets out of range since the last in range: the number of the newest of them, and how many went on from one another.
    strays: Option<(u16, u8)>,
}

/// The number of the first packet: so that those before it have numbers too.
const FIRST: u64 = 1 << 32;
/// A step of so many packets is a stray or a new start: MAX_DROPOUT of RFC 3550 appendix A.1.
const MAX_DROPOUT: u64 = 3_000;
/// A step of so many packets is none, in the smallest ring.
const MIN_REACH: u64 = 16;
/// So many packets in a row that are too old are not late: the ring is ahead of the sender.
const TOO_OLD_IN_A_ROW: u8 = 16;
/// Fewest and most packets that are kept.
const PACKETS: core::ops::RangeInclusive<usize> = 2..=32_768;

impl Reassembler {
    /// Keeps the last `packets` packets, 2 to 32,768, whose payloads have at most `max_len` octets. The largest frame must fit, and what may come between its first and its last packet.
    /// What comes later than 2,999 others is out of range in any ring. After a loss of more than half of the ring the first packet that comes is lost too.
    ///
    /// # Errors
    /// [`Misuse::PacketMaximum`] if `max_len` is below 2 or above 65,535; [`Misuse::ReassemblyPackets`] for other numbers of packets.
    pub fn new(packets: usize, max_len: usize) -> Result<Self, Misuse> {
        if !PACKETS.contains(&packets) {
            return Err(Misuse::ReassemblyPackets { packets });
        }
        let needed = DESCRIPTOR_LEN + 1;
        if !(needed..=usize::from(u16::MAX)).contains(&max_len) {
            return Err(Misuse::PacketMaximum { max_len, needed });
        }
        let max_piece = max_len - DESCRIPTOR_LEN;
        Ok(Self {
            slots: vec![EMPTY; packets].into(),
            pieces: vec![0; packets * max_piece].into(),
            whole: vec![0; packets * max_piece].into(),
            max_piece,
            newest: None,
            strays: None,
        })
    }

    /// Takes a payload without its RTP padding. Packets of padding alone are pushed too, as payloads of no octets: their numbers count.
    pub fn push(&mut self, info: RtpInfo, payload: &[u8]) -> Progress<'_> {
        let Some(number) = self.number_of(info.sequence) else {
            return Progress::OutOfRange;
        };
        self.newest = self.newest.max(Some(number));
        let Some((&descriptor, piece)) = payload.split_first() else {
            return Progress::Refused;
        };
        if piece.len() > self.max_piece {
            return Progress::Refused;
        }
        let place = self.place(number);
        if self.slots[place].number == number {
            return Progress::Duplicate;
        }
        self.slots[place] = Slot {
            number,
            waits: true,
            descriptor,
            len: piece.len(),
            info,
        };
        self.pieces[place * self.max_piece..][..piece.len()].copy_from_slice(piece);
        match self.run_of(number) {
            Some((first, last)) => self.complete(first, last),
            None => Progress::Waiting,
        }
    }

    /// The 64-bit number that a sequence number stands for: the nearest to the newest, if that is in range; after a new start one above all before.
    fn number_of(&mut self, sequence: u16) -> Option<u64> {
        let Some(newest) = self.newest else {
            return Some(FIRST | u64::from(sequence));
        };
        let slots = self.slots.len() as u64;
        let ahead = distance(low_half(newest), sequence);
        let number = newest.wrapping_add_signed(ahead.into());
        // What is behind half a ring stays in it when a stray moves it: so far a single packet may go.
        let reach = (slots / 2).clamp(MIN_REACH, MAX_DROPOUT - 1);
        let is_in_range = if number > newest {
            number - newest <= reach
        } else {
            newest - number < MAX_DROPOUT.min(slots)
        };
        if is_in_range {
            self.strays = self.strays.and_then(|(last, _)| {
                // Between packets that are sent again a jump ahead still waits for its second one; what is behind was late.
                let ahead = distance(low_half(newest.max(number)), last);
                (ahead > 0 && i64::from(ahead) < MAX_DROPOUT.cast_signed()).then_some((last, 1))
            });
            return Some(number);
        }
        let is_near = number.abs_diff(newest) < MAX_DROPOUT;
        if !self.goes_on(sequence, reach, is_near && number < newest) {
            return None;
        }
        self.strays = None;
        if is_near && number > newest {
            return Some(number);
        }
        // A full turn above, so that nothing kept is near.
        Some((newest | 0xffff) + 0x1_0001 + u64::from(sequence))
    }

    /// Whether a packet out of range and those before it show where the sender is. Packets can be late, but not many in a row with none in time between.
    fn goes_on(&mut self, sequence: u16, reach: u64, may_be_late: bool) -> bool {
        let Some((last, count)) = self.strays else {
            self.strays = Some((sequence, 1));
            return false;
        };
        let step = i64::from(distance(last, sequence));
        if step.unsigned_abs() > reach {
            self.strays = Some((sequence, 1));
            return false;
        }
        if step < 1 {
            // A stray ahead of the others is not waited for.
            if step < -MIN_REACH.cast_signed() {
                self.strays = Some((sequence, count));
            }
            return false;
        }
        let count = count.saturating_add(1);
        self.strays = Some((sequence, count));
        count >= TOO_OLD_IN_A_ROW || (step == 1 && !may_be_late)
    }

    fn place(&self, number: u64) -> usize {
        // Below the number of slots, so nothing is lost.
        usize::try_from(number % self.slots.len() as u64).unwrap_or_default()
    }

    /// What waits under a number.
    fn waiting(&self, number: u64) -> Option<&Slot> {
        let slot = &self.slots[self.place(number)];
        (slot.number == number && slot.waits).then_some(slot)
    }

    /// The first and the last number of the run that `number` belongs to, if all of it is there.
    fn run_of(&self, number: u64) -> Option<(u64, u64)> {
        let mut first = number;
        while self.waiting(first)?.descriptor & START == 0 {
            first -= 1;
            if self.waiting(first)?.descriptor & END != 0 {
                return None;
            }
        }
        let mut last = number;
        while self.waiting(last)?.descriptor & END == 0 {
            last += 1;
            if self.waiting(last)?.descriptor & START != 0 {
                return None;
            }
        }
        Some((first, last))
    }

    /// Takes a run out of the ring.
    fn complete(&mut self, first: u64, last: u64) -> Progress<'_> {
        let Slot {
            descriptor, info, ..
        } = self.slots[self.place(last)];
        let mut is_one = true;
        let mut len = 0;
        for number in first..=last {
            let place = self.place(number);
            let slot = &mut self.slots[place];
            slot.waits = false;
            is_one &= (slot.descriptor ^ descriptor) & PACKETIZED == 0
                && slot.info.payload_type == info.payload_type;
            let piece = &self.pieces[place * self.max_piece..][..slot.len];
            self.whole[len..len + piece.len()].copy_from_slice(piece);
            len += piece.len();
        }
        if !is_one {
            return Progress::Refused;
        }
        Progress::Complete(Complete {
            ciphertext: &mut self.whole[..len],
            content: if descriptor & PACKETIZED == 0 {
                Content::Frame
            } else {
                Content::Packet
            },
            last: info,
        })
    }
}

/// The sequence number of an extended one.
const fn low_half(number: u64) -> u16 {
    let [.., high, low] = number.to_be_bytes();
    u16::from_be_bytes([high, low])
}

/// How far the second sequence number is ahead of the first.
const fn distance(from: u16, to: u16) -> i16 {
    to.wrapping_sub(from).cast_signed()
}

impl core::fmt::Debug for Reassembler {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Reassembler")
            .field("packets", &self.slots.len())
            .field("max_len", &(self.max_piece + DESCRIPTOR_LEN))
            .finish_non_exhaustive()
    }
}
