//! RTP (RFC 3550): what is in clear on the way, and what two ends agree on beforehand.
//!
//! ```text
//!  0                        12           13
//!  | RTP header: sequence,  | descriptor | piece of an SFrame ciphertext |   at most 1200 octets
//!  | timestamp, SSRC, …     | S E T      |                               |
//! ```
//!
//! The descriptor is that of draft-ietf-avtcore-rtp-sframe: see [`mediaseal::format::rtp`].

use std::collections::HashMap;
use std::time::Duration;

use mediaseal::format::rtp::RtpInfo;
use rtp_types::{RtpPacket, RtpPacketBuilder, RtpWriteError};

use crate::media::Media;

/// Most octets of a datagram: safe on common paths without IP fragmentation.
pub(crate) const MAX_DATAGRAM: usize = 1200;
/// Octets of an RTP header without extensions.
pub(crate) const HEADER_LEN: usize = RtpPacket::MIN_RTP_PACKET_LEN;
/// Most octets of an RTP payload.
pub(crate) const MAX_PAYLOAD: usize = MAX_DATAGRAM - HEADER_LEN;
/// Where the sequence number stands, which a relay changes when it adds packets to a stream or leaves some out.
const SEQUENCE: std::ops::Range<usize> = 2..4;
/// The first payload type for which signalling says what it is (RFC 3551 section 3), and how many there are.
const DYNAMIC: (u8, u32) = (96, 32);

/// The header of an RTP packet, as far as this call uses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) ssrc: u32,
    pub(crate) sequence: u16,
    pub(crate) timestamp: u32,
    pub(crate) payload_type: u8,
    pub(crate) marker: bool,
}

impl Header {
    /// Splits a datagram into header and payload, or nothing if it is no RTP packet.
    pub(crate) fn parse(datagram: &[u8]) -> Option<(Self, &[u8])> {
        let packet = RtpPacket::parse(datagram).ok()?;
        let header = Self {
            ssrc: packet.ssrc(),
            sequence: packet.sequence_number(),
            timestamp: packet.timestamp(),
            payload_type: packet.payload_type(),
            marker: packet.marker_bit(),
        };
        let (start, len) = (packet.payload_offset(), packet.payload_len());
        Some((header, datagram.get(start..)?.get(..len)?))
    }

    /// Writes the header to the front of a datagram.
    ///
    /// # Errors
    /// If there is no room.
    pub(crate) fn write_to(self, datagram: &mut [u8]) -> Result<usize, RtpWriteError> {
        RtpPacketBuilder::<&[u8], &[u8]>::new()
            .ssrc(self.ssrc)
            .sequence_number(self.sequence)
            .timestamp(self.timestamp)
            .payload_type(self.payload_type)
            .marker_bit(self.marker)
            .write_into(datagram)
    }

    /// What the reassembly of fragments needs to know.
    pub(crate) fn info(self) -> RtpInfo {
        RtpInfo {
            sequence: self.sequence,
            timestamp: self.timestamp,
            payload_type: self.payload_type,
            marker: self.marker,
        }
    }
}

/// Moves the sequence number of a packet.
pub(crate) fn shift_sequence(datagram: &mut [u8], by: u16) {
    if let Some(octets) = datagram.get_mut(SEQUENCE)
        && let Ok(number) = <[u8; 2]>::try_from(&octets[..])
    {
        octets.copy_from_slice(&u16::from_be_bytes(number).wrapping_add(by).to_be_bytes());
    }
}

/// What binds a sealed frame or packet to its place: mediaseal authenticates it and does not send it a second time.
///
/// The sequence number is not in it, as relays change it.
pub(crate) fn metadata(ssrc: u32, timestamp: u32) -> [u8; 8] {
    let mut octets = [0; 8];
    octets[..4].copy_from_slice(&ssrc.to_be_bytes());
    octets[4..].copy_from_slice(&timestamp.to_be_bytes());
    octets
}

/// What both ends of a stream know of it, by signalling.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) ssrc: u32,
    pub(crate) payload_type: u8,
    /// By chance (RFC 3550 section 5.1), like the first timestamp.
    pub(crate) first_sequence: u16,
    /// By frame.
    timestamps: Vec<u32>,
    /// The other way round; a real receiver does without.
    frames: HashMap<u32, usize>,
}

impl Session {
    /// Agrees on a session for `media`, the stream of this number.
    ///
    /// # Errors
    /// If the system gives no random octets.
    pub(crate) fn new(number: u32, media: &Media) -> Result<Self, getrandom::Error> {
        let mut chance = [0; 10];
        getrandom::fill(&mut chance)?;
        let [a, b, c, d, e, f, g, h, high, low] = chance;
        let first = u32::from_be_bytes([e, f, g, h]);
        let mut timestamps = Vec::with_capacity(media.frames.len());
        let mut newest = 0;
        for frame in &media.frames {
            // Each frame has a timestamp of its own, even where a container gives two the same.
            newest = ticks(frame.due, media.clock_rate()).max(newest + 1);
            let [.., w, x, y, z] = newest.to_be_bytes();
            timestamps.push(first.wrapping_add(u32::from_be_bytes([w, x, y, z])));
        }
        let frames = timestamps.iter().zip(0..);
        let (first_type, types) = DYNAMIC;
        let [.., nth] = (number % types).to_be_bytes();
        Ok(Self {
            // The number makes it different from all others of the call.
            ssrc: u32::from_be_bytes([a, b, c, d]) & !0xffff | number & 0xffff,
            payload_type: first_type + nth,
            first_sequence: u16::from_be_bytes([high, low]),
            frames: frames.map(|(timestamp, at)| (*timestamp, at)).collect(),
            timestamps,
        })
    }

    /// The timestamp of a frame.
    pub(crate) fn timestamp(&self, frame: usize) -> u32 {
        self.timestamps.get(frame).copied().unwrap_or_default()
    }

    /// The frame of a timestamp.
    pub(crate) fn frame(&self, timestamp: u32) -> Option<usize> {
        self.frames.get(&timestamp).copied()
    }
}

/// A time in ticks of a clock.
fn ticks(time: Duration, clock_rate: u32) -> u64 {
    let ticks = time.as_nanos() * u128::from(clock_rate) / 1_000_000_000;
    u64::try_from(ticks).unwrap_or(u64::MAX >> 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: Header = Header {
        ssrc: 0x0102_0304,
        sequence: 65_535,
        timestamp: 0x0506_0708,
        payload_type: 97,
        marker: true,
    };

    #[test]
    fn a_header_comes_back_and_its_number_moves() {
        let mut datagram = [7; HEADER_LEN + 3];
        assert_eq!(HEADER.write_to(&mut datagram), Ok(HEADER_LEN));
        assert_eq!(Header::parse(&datagram), Some((HEADER, &[7; 3][..])));
        shift_sequence(&mut datagram, 3);
        let moved = Header {
            sequence: 2,
            ..HEADER
        };
        assert_eq!(Header::parse(&datagram), Some((moved, &[7; 3][..])));
    }

    #[test]
    fn what_is_no_rtp_is_nothing() {
        let mut datagram = [7; HEADER_LEN + 3];
        assert_eq!(Header::parse(&[]), None);
        assert_eq!(Header::parse(&datagram), None, "another version");
        assert!(HEADER.write_to(&mut datagram[..HEADER_LEN - 1]).is_err());
        assert!(HEADER.write_to(&mut datagram).is_ok());
        assert_eq!(Header::parse(&datagram[..HEADER_LEN - 1]), None);
        // Padding that is longer than the packet.
        datagram[0] |= 0x20;
        datagram[HEADER_LEN + 2] = 200;
        assert_eq!(Header::parse(&datagram), None);
    }

    #[test]
    fn each_frame_has_a_timestamp_of_its_own() -> Result<(), getrandom::Error> {
        let media = Media::messages("A", Duration::from_secs(5));
        let session = Session::new(3, &media)?;
        for frame in 0..media.frames.len() {
            assert_eq!(session.frame(session.timestamp(frame)), Some(frame));
        }
        let apart = session.timestamp(2).wrapping_sub(session.timestamp(1));
        assert_eq!(apart, 500, "half a second at 1 kHz");
        Ok(())
    }
}
