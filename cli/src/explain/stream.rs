//! RTP streams: packets by SSRC and payload type, counted, and put together to frames.
//!
//! ```text
//!  packets ──► the first few wait ──► guess ──► assemble ──► frames
//!              (wire.rs looks at them)          fragments, packets, H.264, VP8
//! ```

use std::collections::VecDeque;

use mediaseal::KeyId;
use mediaseal::format::rtp::{Progress, Reassembler, RtpInfo};
use rtp_types::RtpPacket;

use super::network::Flow;
use super::payload::{H264, Vp8};
use super::wire::{self, Wire};

/// What tells streams apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct StreamKey {
    pub(crate) flow: Flow,
    pub(crate) ssrc: u32,
    pub(crate) payload_type: u8,
}

/// What an RTP header says (RFC 3550 section 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) ssrc: u32,
    pub(crate) payload_type: u8,
    pub(crate) sequence: u16,
    pub(crate) timestamp: u32,
    pub(crate) marker: bool,
}

/// An RTP packet without its header and padding.
#[derive(Clone, Debug)]
pub(crate) struct Packet {
    pub(crate) header: Header,
    pub(crate) payload: Vec<u8>,
    /// Its number in the capture, from 1.
    pub(crate) number: u64,
    pub(crate) micros: Option<u64>,
}

impl Packet {
    /// Reads a packet, or nothing if it is no RTP.
    pub(crate) fn parse(datagram: &[u8], number: u64, micros: Option<u64>) -> Option<Self> {
        let packet = RtpPacket::parse(datagram).ok()?;
        let (start, len) = (packet.payload_offset(), packet.payload_len());
        let payload = datagram.get(start..)?.get(..len)?;
        Some(Self {
            header: Header {
                ssrc: packet.ssrc(),
                payload_type: packet.payload_type(),
                sequence: packet.sequence_number(),
                timestamp: packet.timestamp(),
                marker: packet.marker_bit(),
            },
            payload: payload.to_vec(),
            number,
            micros,
        })
    }
}

/// A frame, or what is sealed in its place, and where it came from.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) octets: Vec<u8>,
    /// The header of its last packet; nothing for frames from files.
    pub(crate) header: Option<Header>,
    /// The number of its last packet in the capture, or of the frame among the files.
    pub(crate) number: u64,
    pub(crate) micros: Option<u64>,
}

/// Sequence numbers of a stream: what came, came again, and is missing.
#[derive(Debug, Default)]
struct Sequence {
    first: u64,
    newest: Option<u64>,
    /// Different ones since `first`.
    came: u64,
    repeated: u64,
    /// Of them a second or more later.
    late: u64,
    /// Of what was before the sender began anew.
    lost_before: u64,
    /// Numbers, and when they came.
    recent: VecDeque<(u64, Option<u64>)>,
}

/// Numbers that are remembered, to tell repetitions.
const RECENT: usize = 512;
/// Microseconds after which no retransmission and no second interface explains a repetition.
const LATE: u64 = 1_000_000;
/// A step of so many is a new start: MAX_DROPOUT of RFC 3550 appendix A.1.
const MAX_DROPOUT: u64 = 3_000;

impl Sequence {
    /// Takes a number, and tells whether it is new.
    fn take(&mut self, sequence: u16, micros: Option<u64>) -> bool {
        let number = match self.newest {
            None => u64::from(sequence) | 1 << 32,
            Some(newest) => {
                let [.., high, low] = newest.to_be_bytes();
                let ahead = sequence
                    .wrapping_sub(u16::from_be_bytes([high, low]))
                    .cast_signed();
                newest.wrapping_add_signed(ahead.into())
            }
        };
        if let Some(newest) = self.newest
            && number.abs_diff(newest) < MAX_DROPOUT
        {
            if let Some((_, first)) = self.recent.iter().find(|(recent, _)| *recent == number) {
                let after = micros
                    .zip(*first)
                    .and_then(|(now, first)| now.checked_sub(first));
                self.late += u64::from(after.is_some_and(|after| after >= LATE));
                self.repeated += 1;
                return false;
            }
        } else {
            self.lost_before += self.missing();
            self.first = number;
            self.newest = None;
            self.came = 0;
            self.recent.clear();
        }
        self.newest = self.newest.max(Some(number));
        self.first = self.first.min(number);
        self.came += 1;
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back((number, micros));
        true
    }

    fn missing(&self) -> u64 {
        self.newest.map_or(0, |newest| {
            (newest - self.first + 1).saturating_sub(self.came)
        })
    }

    fn lost(&self) -> u64 {
        self.lost_before + self.missing()
    }
}

/// Packets that wait until there is enough to guess from, and their octets.
const MOST_WAITING: usize = 32;
const MOST_WAITING_OCTETS: usize = 64 << 10;
/// Octets of the ring that puts fragments together, which it takes twice: a key frame of a large picture fits.
const RING: usize = 1 << 20;

/// How payloads become frames.
enum Assembly {
    Guessing(Vec<Packet>),
    Fragments(Box<Fragments>),
    H264(H264),
    Vp8(Vp8),
    Whole,
}

struct Fragments {
    ring: Reassembler,
    max_len: usize,
    packets: usize,
}

impl Fragments {
    fn new(longest: usize) -> Option<Self> {
        let max_len = longest.clamp(1500, usize::from(u16::MAX));
        let packets = (RING / max_len).clamp(2, 1024);
        let ring = Reassembler::new(packets, max_len).ok()?;
        Some(Self {
            ring,
            max_len,
            packets,
        })
    }
}

/// A stream.
pub(crate) struct Stream {
    pub(crate) key: StreamKey,
    pub(crate) packets: u64,
    /// Of them without payload: padding alone, or probes.
    pub(crate) empty: u64,
    /// First packets of frames that came in pieces, to tell how many frames are not whole.
    begun: u64,
    /// Frames of those that became whole.
    whole: u64,
    wire: Option<Wire>,
    sequence: Sequence,
    assembly: Assembly,
}

impl Stream {
    /// Begins a stream; without `wire` it is guessed.
    pub(crate) fn new(key: StreamKey, wire: Option<Wire>) -> Self {
        Self {
            key,
            packets: 0,
            empty: 0,
            begun: 0,
            whole: 0,
            wire,
            sequence: Sequence::default(),
            assembly: Assembly::Guessing(Vec::new()),
        }
    }

    /// How its packets carry frames, once that is known.
    pub(crate) const fn wire(&self) -> Option<Wire> {
        self.wire
    }

    pub(crate) fn lost(&self) -> u64 {
        self.sequence.lost()
    }

    pub(crate) const fn repeated(&self) -> u64 {
        self.sequence.repeated
    }

    /// Packets that came again a second or more later.
    pub(crate) const fn late(&self) -> u64 {
        self.sequence.late
    }

    /// Frames that came in pieces and of which pieces are missing.
    pub(crate) const fn incomplete(&self) -> u64 {
        self.begun.saturating_sub(self.whole)
    }

    /// Frames of which pieces are missing, of all that are put together here; where it began and ends in one, that one is not counted.
    pub(crate) const fn lost_frames(&self) -> u64 {
        match &self.assembly {
            Assembly::H264(assembler) => assembler.lost(),
            Assembly::Vp8(assembler) => assembler.lost(),
            Assembly::Guessing(_) | Assembly::Fragments(_) | Assembly::Whole => self.incomplete(),
        }
    }

    /// Octets that wait in it.
    pub(crate) fn held(&self) -> usize {
        match &self.assembly {
            Assembly::Guessing(waiting) => {
                waiting.iter().map(|packet| packet.payload.capacity()).sum()
            }
            Assembly::Fragments(fragments) => 2 * fragments.packets * fragments.max_len,
            Assembly::H264(_) | Assembly::Vp8(_) => self.gathered(),
            Assembly::Whole => 0,
        }
    }

    /// Octets of them that [`Self::give_up`] frees.
    pub(crate) fn gathered(&self) -> usize {
        match &self.assembly {
            Assembly::H264(assembler) => assembler.held(),
            Assembly::Vp8(assembler) => assembler.held(),
            Assembly::Guessing(_) | Assembly::Fragments(_) | Assembly::Whole => 0,
        }
    }

    /// Gives up the frame in the making.
    pub(crate) fn give_up(&mut self) {
        match &mut self.assembly {
            Assembly::H264(assembler) => assembler.give_up(),
            Assembly::Vp8(assembler) => assembler.give_up(),
            Assembly::Guessing(_) | Assembly::Fragments(_) | Assembly::Whole => {}
        }
    }

    /// Takes a packet, and appends the frames that are whole with it. `is_known` tells which KIDs there is a key for.
    pub(crate) fn push(
        &mut self,
        packet: Packet,
        is_known: &dyn Fn(KeyId) -> bool,
        frames: &mut Vec<Frame>,
    ) {
        self.packets += 1;
        if !self.sequence.take(packet.header.sequence, packet.micros) {
            return;
        }
        if packet.payload.is_empty() {
            self.empty += 1;
        }
        if let Assembly::Guessing(waiting) = &mut self.assembly {
            waiting.push(packet);
            let octets: usize = waiting.iter().map(|packet| packet.payload.len()).sum();
            let is_enough = waiting.len() >= MOST_WAITING || octets >= MOST_WAITING_OCTETS;
            if is_enough || self.wire.is_some() {
                self.decide(is_known, frames);
            }
        } else {
            self.assemble(packet, frames);
        }
    }

    /// Ends the stream: what waited is guessed from now.
    pub(crate) fn finish(&mut self, is_known: &dyn Fn(KeyId) -> bool, frames: &mut Vec<Frame>) {
        self.decide(is_known, frames);
    }

    fn decide(&mut self, is_known: &dyn Fn(KeyId) -> bool, frames: &mut Vec<Frame>) {
        let Assembly::Guessing(waiting) = &mut self.assembly else {
            return;
        };
        let waiting = std::mem::take(waiting);
        let wire = self.wire.unwrap_or_else(|| wire::guess(&waiting, is_known));
        self.wire = Some(wire);
        let longest = waiting
            .iter()
            .map(|packet| packet.payload.len())
            .max()
            .unwrap_or(0);
        self.assembly = match wire {
            Wire::Fragments => Fragments::new(longest)
                .map_or(Assembly::Whole, |ring| Assembly::Fragments(Box::new(ring))),
            Wire::H264 => Assembly::H264(H264::default()),
            Wire::Vp8 => Assembly::Vp8(Vp8::default()),
            Wire::Packets | Wire::Opus | Wire::Other => Assembly::Whole,
        };
        for packet in waiting {
            self.assemble(packet, frames);
        }
    }

    fn assemble(&mut self, packet: Packet, frames: &mut Vec<Frame>) {
        let (header, number, micros) = (packet.header, packet.number, packet.micros);
        let octets = match &mut self.assembly {
            // Not before decide(); nothing is lost by waiting.
            Assembly::Guessing(waiting) => {
                waiting.push(packet);
                return;
            }
            Assembly::Whole => (!packet.payload.is_empty()).then_some(packet.payload),
            Assembly::H264(assembler) => assembler.push(&packet),
            Assembly::Vp8(assembler) => assembler.push(&packet),
            Assembly::Fragments(fragments) => {
                if packet
                    .payload
                    .first()
                    .is_some_and(|descriptor| descriptor & 0x80 != 0)
                {
                    self.begun += 1;
                }
                if packet.payload.len() > fragments.max_len
                    && let Some(larger) = Fragments::new(packet.payload.len())
                {
                    // What waited in the smaller ring is lost, once.
                    **fragments = larger;
                }
                let info = RtpInfo {
                    sequence: header.sequence,
                    timestamp: header.timestamp,
                    payload_type: header.payload_type,
                    marker: header.marker,
                };
                match fragments.ring.push(info, &packet.payload) {
                    Progress::Complete(complete) => {
                        self.whole += 1;
                        Some(complete.ciphertext.to_vec())
                    }
                    _ => None,
                }
            }
        };
        if let Some(octets) = octets {
            frames.push(Frame {
                octets,
                header: Some(header),
                number,
                micros,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Sequence;

    #[test]
    fn numbers_that_are_missing_and_that_come_again_are_counted() {
        let mut sequence = Sequence::default();
        let new: Vec<_> = [65_533, 65_535, 0, 65_534, 0, 3]
            .map(|number| sequence.take(number, None))
            .into();
        assert_eq!(new, [true, true, true, true, false, true]);
        assert_eq!(
            (sequence.lost(), sequence.repeated, sequence.came),
            (2, 1, 5)
        );
        // The sender begins anew.
        assert!(sequence.take(20_000, Some(7)) && sequence.take(20_002, Some(8)));
        assert_eq!((sequence.lost(), sequence.came), (3, 2));
        assert!(!sequence.take(20_000, Some(1_000_006)) && !sequence.take(20_002, Some(1_000_008)));
        assert_eq!((sequence.repeated, sequence.late), (3, 1));
    }
}
