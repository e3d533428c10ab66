//! A stream as the relay sees it pass: which packet of which frame it is, and the sequence numbers towards each listener.
//!
//! The relay gives what it sends again new sequence numbers, as relays do that leave out or switch layers: else the receivers'
//! reassembly would throw it away as repeated, and the decryptors would not be tried.

use mediaseal::format::codec::Codec;
use mediaseal::format::rtp::DESCRIPTOR_LEN;

use crate::hint;
use crate::impairments::Place;
use crate::rtp::Header;
use crate::stream::{Participant, Stream};

/// How far sequence numbers towards each participant are from those of the sender.
pub(crate) type Shifts = [u16; Participant::ALL.len()];

/// The bit of a payload descriptor that says that a frame begins.
const START: u8 = 0x80;

/// A stream on its way through the relay.
pub(crate) struct Passing {
    /// By signalling, like the codec.
    ssrc: u32,
    codec: Option<Codec>,
    number: u32,
    /// Frames a second.
    pub(crate) rate: u32,
    /// The packet that came last.
    newest: Option<(Header, Place)>,
    shifts: Shifts,
}

impl Passing {
    /// Begins with nothing seen; the codec is that which the relay can look into.
    pub(crate) fn new(stream: &Stream, codec: Option<Codec>) -> Self {
        Self {
            ssrc: stream.rtp.ssrc,
            codec,
            number: stream.number,
            rate: u32::try_from(stream.media.frames_a_second()).unwrap_or(u32::MAX),
            newest: None,
            shifts: Shifts::default(),
        }
    }

    /// Tells whether a packet is of this stream.
    pub(crate) fn is_of(&self, header: Header) -> bool {
        self.ssrc == header.ssrc
    }

    /// Returns the place of the sender's next packet: senders send in order.
    pub(crate) fn place(&self, header: Header) -> Place {
        match self.newest {
            Some((before, place)) if before.timestamp == header.timestamp => Place {
                index: place.index.saturating_add(1),
                ..place
            },
            Some((_, place)) => Place {
                frame: place.frame.saturating_add(1),
                index: 0,
                ..place
            },
            None => Place {
                stream: self.number,
                frame: 0,
                index: 0,
            },
        }
    }

    /// Takes that packet and returns the shifts for it.
    pub(crate) fn pass(&mut self, header: Header) -> Shifts {
        self.newest = Some((header, self.place(header)));
        self.shifts
    }

    /// Makes room for a packet more towards a participant, behind all that came, and returns the shift for it.
    pub(crate) fn insert(&mut self, to: Participant, header: Header) -> u16 {
        let newest = self.newest.map_or(header, |(newest, _)| newest);
        let shift = &mut self.shifts[to as usize];
        *shift = shift.wrapping_add(1);
        newest
            .sequence
            .wrapping_add(*shift)
            .wrapping_sub(header.sequence)
    }

    /// Tells whether a frame begins with this payload that the relay takes for a key frame.
    pub(crate) fn shows_key_frame(&self, payload: &[u8]) -> bool {
        let Some(((descriptor, piece), codec)) = payload.split_first().zip(self.codec) else {
            return false;
        };
        const { assert!(DESCRIPTOR_LEN == 1) };
        descriptor & START != 0 && hint::is_key_frame(codec, piece)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::Media;
    use crate::rtp::Session;
    use std::time::Duration;

    fn header(sequence: u16, timestamp: u32) -> Header {
        Header {
            ssrc: 0,
            sequence,
            timestamp,
            payload_type: 96,
            marker: false,
        }
    }

    #[test]
    fn what_is_inserted_leaves_no_gap_and_hits_nothing() -> Result<(), getrandom::Error> {
        let media = Media::messages("A", Duration::from_secs(1));
        let stream = Stream {
            sender: Participant::A,
            number: 3,
            kind: media.kind(),
            rtp: Session::new(3, &media)?,
            media,
        };
        let mut passing = Passing::new(&stream, None);
        let b = Participant::B as usize;
        let mut sent = Vec::new();
        for (sequence, timestamp) in [(65_533, 10), (65_534, 10), (65_535, 20)] {
            let shifts = passing.pass(header(sequence, timestamp));
            sent.push(sequence.wrapping_add(shifts[b]));
        }
        // Two packets of before once more.
        for sequence in [65_533_u16, 65_534] {
            let shift = passing.insert(Participant::B, header(sequence, 10));
            sent.push(sequence.wrapping_add(shift));
        }
        let place = passing.place(header(0, 20));
        let shifts = passing.pass(header(0, 20));
        sent.push(shifts[b]);
        assert_eq!(sent, [65_533, 65_534, 65_535, 0, 1, 2]);
        assert_eq!((place.frame, place.index, place.stream), (1, 1, 3));
        assert_eq!(shifts[Participant::C as usize], 0);
        Ok(())
    }
}
