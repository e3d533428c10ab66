//! RTP payloads of H.264 (RFC 6184) and VP8 (RFC 7741), put together to the frames that an encoder gives: as far as is needed to look at them.
//!
//! Packets have to come in order here; a frame of which one is missing or late is left out. Other payload formats are not taken apart.

use super::stream::Packet;

/// Octets of the largest frame.
const MAX_FRAME: usize = 8 << 20;
const START_CODE: [u8; 4] = [0, 0, 0, 1];

/// Puts frames of H.264 together, in Annex-B form.
#[derive(Debug, Default)]
pub(crate) struct H264(Gathering);

/// Puts frames of VP8 together.
#[derive(Debug, Default)]
pub(crate) struct Vp8(Gathering);

/// A frame in the making.
#[derive(Debug, Default)]
struct Gathering {
    octets: Vec<u8>,
    timestamp: Option<u32>,
    next: Option<u16>,
    is_broken: bool,
    /// Whether anything came of the frame, and not padding alone.
    has_payload: bool,
    /// Whether a frame came before: of the first one it is no loss where the beginning was before the recording's.
    is_past_first: bool,
    /// Frames of which pieces are missing.
    lost: u64,
}

impl Gathering {
    /// Begins a frame if the packet has another timestamp, and notes what is missing.
    fn begin(&mut self, packet: &Packet) -> bool {
        let header = packet.header;
        let follows = self.next.is_none_or(|next| next == header.sequence);
        let begins = self.timestamp != Some(header.timestamp);
        if begins {
            if self.timestamp.is_some() {
                self.lose();
            }
            self.octets = Vec::new();
            self.timestamp = Some(header.timestamp);
            self.is_broken = false;
            self.has_payload = false;
        }
        self.has_payload |= !packet.payload.is_empty();
        // What is missing before a frame may have been its beginning: the formats tell.
        self.is_broken |= !follows && !begins;
        self.next = Some(header.sequence.wrapping_add(1));
        begins
    }

    fn add(&mut self, octets: &[u8]) {
        if self.octets.len() + octets.len() > MAX_FRAME {
            self.is_broken = true;
        } else if !self.is_broken {
            self.octets.extend_from_slice(octets);
        }
    }

    /// Counts a frame that never became whole.
    fn lose(&mut self) {
        self.lost += u64::from(self.has_payload && self.is_past_first);
        self.is_past_first = true;
    }

    /// Gives up the frame in the making.
    fn give_up(&mut self) {
        self.is_broken = true;
        self.octets = Vec::new();
    }

    /// The frame, if the packet ends it.
    fn end(&mut self, packet: &Packet) -> Option<Vec<u8>> {
        if self.is_broken {
            // What never becomes whole takes no room.
            self.octets = Vec::new();
        }
        if !packet.header.marker {
            return None;
        }
        self.timestamp = None;
        let octets = std::mem::take(&mut self.octets);
        if self.is_broken || octets.is_empty() {
            self.lose();
            return None;
        }
        self.is_past_first = true;
        Some(octets)
    }
}

/// What the recorder asks of a frame in the making.
macro_rules! of_gathering {
    ($($assembler:ty),*) => {$(
        impl $assembler {
            /// Octets that it takes.
            pub(crate) fn held(&self) -> usize {
                self.0.octets.capacity()
            }

            /// Frames of which pieces are missing, but for the first and the last.
            pub(crate) const fn lost(&self) -> u64 {
                self.0.lost
            }

            /// Gives up the frame in the making.
            pub(crate) fn give_up(&mut self) {
                self.0.give_up();
            }
        }
    )*};
}
of_gathering!(H264, Vp8);

impl H264 {
    /// Takes a packet; returns the frame that it ends.
    pub(crate) fn push(&mut self, packet: &Packet) -> Option<Vec<u8>> {
        let frame = &mut self.0;
        frame.begin(packet);
        match nal_units(&packet.payload) {
            Some(Units::Single(nal)) => {
                frame.add(&START_CODE);
                frame.add(nal);
            }
            Some(Units::Aggregate(mut rest)) => {
                while let Some((nal, behind)) = aggregated(rest) {
                    frame.add(&START_CODE);
                    frame.add(nal);
                    rest = behind;
                }
                frame.is_broken |= !rest.is_empty();
            }
            Some(Units::Piece {
                header,
                is_first,
                piece,
            }) => {
                if is_first {
                    frame.add(&START_CODE);
                    frame.add(&[header]);
                } else {
                    frame.is_broken |= frame.octets.is_empty();
                }
                frame.add(piece);
            }
            None => frame.is_broken = true,
        }
        frame.end(packet)
    }
}

/// What a payload of H.264 holds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Units<'a> {
    Single(&'a [u8]),
    Aggregate(&'a [u8]),
    Piece {
        header: u8,
        is_first: bool,
        piece: &'a [u8],
    },
}

/// Reads a payload of H.264, or nothing if it is none: single NAL units, STAP-A and FU-A.
pub(crate) fn nal_units(payload: &[u8]) -> Option<Units<'_>> {
    let (&first, rest) = payload.split_first()?;
    if first & 0x80 != 0 {
        return None;
    }
    match first & 0x1f {
        1..=12 if !rest.is_empty() => Some(Units::Single(payload)),
        24 => aggregated(rest).map(|_| Units::Aggregate(rest)),
        28 => {
            let (&indicator, piece) = rest.split_first()?;
            let (is_first, is_last) = (indicator & 0x80 != 0, indicator & 0x40 != 0);
            let kind = indicator & 0x1f;
            let is_piece =
                !(is_first && is_last) && indicator & 0x20 == 0 && (1..=12).contains(&kind);
            is_piece.then_some(Units::Piece {
                header: first & 0xe0 | kind,
                is_first,
                piece,
            })
        }
        _ => None,
    }
}

/// The first NAL unit of an aggregate, and what is behind it.
pub(crate) fn aggregated(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = rest.split_first_chunk()?;
    let len = usize::from(u16::from_be_bytes(*len));
    (len > 0).then(|| rest.split_at_checked(len)).flatten()
}

impl Vp8 {
    /// Takes a packet; returns the frame that it ends.
    pub(crate) fn push(&mut self, packet: &Packet) -> Option<Vec<u8>> {
        let frame = &mut self.0;
        let begins = frame.begin(packet);
        match vp8(&packet.payload) {
            Some((is_first, piece)) => {
                frame.is_broken |= begins && !is_first;
                frame.add(piece);
            }
            None => frame.is_broken = true,
        }
        frame.end(packet)
    }
}

/// Reads a payload of VP8: whether a frame begins, and what is behind the descriptor. Nothing if it is none.
pub(crate) fn vp8(payload: &[u8]) -> Option<(bool, &[u8])> {
    let (&first, mut rest) = payload.split_first()?;
    // Reserved bits.
    if first & 0x48 != 0 {
        return None;
    }
    if first & 0x80 != 0 {
        let (&extension, behind) = rest.split_first()?;
        if extension & 0x0f != 0 {
            return None;
        }
        rest = behind;
        if extension & 0x80 != 0 {
            let is_long = rest.first()? & 0x80 != 0;
            rest = rest.get(if is_long { 2 } else { 1 }..)?;
        }
        let octets = usize::from(extension & 0x40 != 0) + usize::from(extension & 0x30 != 0);
        rest = rest.get(octets..)?;
    }
    (!rest.is_empty()).then_some((first & 0x17 == 0x10, rest))
}

#[cfg(test)]
mod tests {
    use super::super::stream::Header;
    use super::*;

    fn packet(sequence: u16, timestamp: u32, marker: bool, payload: &[u8]) -> Packet {
        Packet {
            header: Header {
                ssrc: 1,
                payload_type: 96,
                sequence,
                timestamp,
                marker,
            },
            payload: payload.to_vec(),
            number: 1,
            micros: None,
        }
    }

    #[test]
    fn frames_of_h264_are_put_together() {
        let mut frames = H264::default();
        let aggregate = [24, 0, 2, 0x67, 1, 0, 2, 0x68, 2];
        assert_eq!(frames.push(&packet(1, 9, false, &aggregate)), None);
        assert_eq!(frames.push(&packet(2, 9, false, &[0x7c, 0x85, 3, 4])), None);
        let whole = [
            0, 0, 0, 1, 0x67, 1, 0, 0, 0, 1, 0x68, 2, 0, 0, 0, 1, 0x65, 3, 4, 5,
        ];
        assert_eq!(
            frames.push(&packet(3, 9, true, &[0x7c, 0x45, 5])),
            Some(whole.to_vec())
        );
        assert_eq!(
            frames.push(&packet(4, 10, true, &[0x41, 6])),
            Some(vec![0, 0, 0, 1, 0x41, 6])
        );
        // One is missing.
        assert_eq!(frames.push(&packet(5, 11, false, &[0x7c, 0x81, 3])), None);
        assert_eq!(frames.push(&packet(7, 11, true, &[0x7c, 0x41, 3])), None);
        assert_eq!(frames.push(&packet(9, 12, true, &[0x7c, 0x41, 3])), None);
        for none in [
            &[][..],
            &[0x80, 1],
            &[0x41],
            &[24, 0, 9, 1],
            &[0x7c, 0xc5, 1],
            &[30, 1],
        ] {
            assert_eq!(nal_units(none), None, "{none:?}");
        }
    }

    #[test]
    fn frames_of_vp8_are_put_together() {
        let mut frames = Vp8::default();
        assert_eq!(
            frames.push(&packet(1, 9, false, &[0x90, 0x80, 0x81, 2, 7, 8])),
            None
        );
        assert_eq!(
            frames.push(&packet(2, 9, true, &[0x80, 0x80, 0x81, 2, 9])),
            Some(vec![7, 8, 9])
        );
        assert_eq!(
            frames.push(&packet(4, 10, true, &[0x00, 9])),
            None,
            "without its beginning"
        );
        assert_eq!(frames.push(&packet(5, 11, true, &[0x10, 9])), Some(vec![9]));
        for none in [
            &[][..],
            &[0x50, 1],
            &[0x10],
            &[0x90, 0x80],
            &[0x90, 0x80, 0x81, 2],
        ] {
            assert_eq!(vp8(none), None, "{none:?}");
        }
    }
}
