//! Octets that were no part of a frame were taken for its end.

use mediaseal::format::rtp::{Complete, Content, Fragments, Progress, Reassembler, RtpInfo};
use mediaseal::{Codec, Error, Malformed};
use rtp_types::{RtpPacket, RtpPacketBuilder};

use crate::common::{Dice, Pair, info};
use crate::media::{H264, h264, nal_units, opus, pair};

/// One RTP packet with so many octets of padding (RFC 3550 section 5.1), with a header extension or without.
fn packet(sequence: u16, payload: &[u8], padding: u8, has_extension: bool) -> Vec<u8> {
    let mut builder = RtpPacketBuilder::<&[u8], &[u8]>::new()
        .ssrc(7)
        .sequence_number(sequence)
        .payload_type(111)
        .payload(payload);
    if padding > 0 {
        builder = builder.padding(padding);
    }
    if has_extension {
        builder = builder.extension(0xBEDE, &[0x10, 0x7F, 0, 0]);
    }
    builder.write_vec().unwrap()
}

fn rtp_info(packet: &RtpPacket<'_>) -> RtpInfo {
    RtpInfo {
        sequence: packet.sequence_number(),
        timestamp: packet.timestamp(),
        payload_type: packet.payload_type(),
        marker: packet.marker_bit(),
    }
}

/// The payload of a packet, and the payload with the padding that a careless receiver leaves behind it.
fn payload_and_padded<'a>(octets: &'a [u8], packet: &RtpPacket<'_>) -> (&'a [u8], &'a [u8]) {
    let (start, len) = (packet.payload_offset(), packet.payload_len());
    (&octets[start..start + len], &octets[start..])
}

/// Discord.Net, disgo, pycord and hermes-agent left the padding of RTP packets behind the payload; DAVE looks for its trailer at the end, found none,
/// and 3 to 15 % of the sound was lost. Here the header comes first: what the RTP stack strips opens, all of it; with its padding a frame is refused
/// under its own KID and CTR, spends nothing, and opens once the padding is off.
#[test]
fn discord_net_3262_rtp_padding_is_taken_for_the_trailer() {
    let mut pair = pair(Codec::Opus);
    let mut dice = Dice(3262);
    let mut padded_ones = 0;
    for (number, frame) in opus().frames.iter().enumerate() {
        let sealed = pair.encryptor.encrypt_to_vec(&info(), frame).unwrap();
        let padding = if dice.roll(100) < 15 {
            u8::try_from(1 + dice.roll(255)).unwrap()
        } else {
            0
        };
        let sequence = u16::try_from(number).unwrap();
        let octets = packet(sequence, &sealed, padding, number % 2 == 0);
        let packet = RtpPacket::parse(&octets).unwrap();
        let (payload, padded) = payload_and_padded(&octets, &packet);
        assert_eq!(payload, sealed);
        if padding > 0 {
            padded_ones += 1;
            let refused = crate::forms::none_opens(&mut pair.decryptor, &info(), padded);
            match refused {
                Error::AuthenticationFailed { kid, ctr } => {
                    assert_eq!((kid.value(), ctr.value()), (0, number as u64));
                }
                other => panic!("{other:?}"),
            }
        }
        let opened = pair.decryptor.decrypt_to_vec(&info(), payload);
        assert_eq!(opened.as_ref(), Ok(frame), "frame {number}");
    }
    assert!(padded_ones > 50);
    assert_eq!(pair.decryptor.totals().frames, 601);
}

/// A receiver of client-sdk-js read the number of a key in the last octet of what came, and missed the keys 241, 147 and 96 where there was only key
/// 0 (2103); davey took such frames for those of unknown members (15). Here no octet behind the header names a key.
#[test]
fn livekit_2103_the_last_octet_names_a_key_that_nobody_has() {
    let mut pair = Pair::gcm();
    for (number, last) in [241_u8, 147, 96, 0, 255].into_iter().enumerate() {
        let sealed = pair.seal("a frame");
        for behind in [
            vec![last],
            vec![0, 0, 0, last],
            vec![last; usize::from(last)],
        ] {
            let came = [&sealed[..], &behind].concat();
            if behind.is_empty() {
                continue;
            }
            let refused = crate::forms::none_opens(&mut pair.decryptor, &info(), &came);
            match refused {
                Error::AuthenticationFailed { kid, ctr } => {
                    assert_eq!((kid.value(), ctr.value()), (0, number as u64));
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(pair.decryptor.totals().errors.missing_key, 0);
        let opened = pair.decryptor.decrypt_to_vec(&info(), &sealed);
        assert_eq!(opened, Ok(b"a frame".to_vec()));
    }
}

/// Packets of nothing but padding, by which senders probe the bandwidth and keep streams alive, came in bursts of fifty and were taken for frames
/// (Discord.Net 3263). Here they are refused before anything else, between the pieces of a frame too, and no frame is lost.
#[test]
fn discord_net_3263_packets_of_padding_alone_are_taken_for_frames() {
    let mut pair = Pair::gcm();
    let mut reassembler = Reassembler::new(256, 1200).unwrap();
    let mut sequence = 65_000_u16;
    let mut opened = 0;
    let mut refused = 0;
    for number in 0..100_usize {
        let frame = vec![0x42; 100 + number * 50];
        let sealed = pair.encryptor.encrypt_to_vec(&info(), &frame).unwrap();
        let pieces = Fragments::new(&sealed, Content::Frame, 400).unwrap();
        for (index, fragment) in pieces.enumerate() {
            let mut payload = vec![0; fragment.payload_len()];
            fragment.write_to(&mut payload).unwrap();
            let mut sent = vec![packet(sequence, &payload, 0, false)];
            sequence = sequence.wrapping_add(1);
            // A stream that is filled up, and one whose probes have numbers of their own behind the frame.
            if index == 0 && number % 5 == 0 {
                let start = packet(sequence.wrapping_sub(1), &[], 255, true);
                sent.extend(vec![start; 50]);
            }
            for octets in sent {
                let packet = RtpPacket::parse(&octets).unwrap();
                let (payload, _) = payload_and_padded(&octets, &packet);
                match reassembler.push(rtp_info(&packet), payload) {
                    Progress::Complete(Complete { ciphertext, .. }) => {
                        let came = pair.decryptor.decrypt_to_vec(&info(), ciphertext);
                        assert_eq!(came.as_ref(), Ok(&frame));
                        opened += 1;
                    }
                    Progress::Waiting => {}
                    Progress::Refused => refused += 1,
                    other => panic!("{other:?}"),
                }
            }
        }
        // Probes between two frames.
        for _ in 0..3 {
            let octets = packet(sequence, &[], 200, false);
            sequence = sequence.wrapping_add(1);
            let packet = RtpPacket::parse(&octets).unwrap();
            let (payload, _) = payload_and_padded(&octets, &packet);
            let progress = reassembler.push(rtp_info(&packet), payload);
            assert_eq!(progress, Progress::Refused);
        }
    }
    assert_eq!((opened, refused), (100, 1000));
    assert_eq!(pair.decryptor.totals().errors.total(), 0);
}

/// A stream of RTP packets without their headers.
struct Sender {
    sequence: u16,
    pair: Pair,
    reassembler: Reassembler,
}

impl Sender {
    fn new() -> Self {
        Self {
            sequence: 10,
            pair: Pair::gcm(),
            reassembler: Reassembler::new(64, 1200).unwrap(),
        }
    }

    fn next(&mut self) -> RtpInfo {
        let sequence = self.sequence;
        self.sequence = sequence.wrapping_add(1);
        RtpInfo {
            sequence,
            timestamp: 0,
            payload_type: 96,
            marker: false,
        }
    }

    /// A packet of padding alone.
    fn probe(&mut self) {
        let info = self.next();
        assert_eq!(self.reassembler.push(info, &[]), Progress::Refused);
    }

    /// Sends a frame of so many octets and tells whether it opened.
    fn frame(&mut self, len: usize) -> bool {
        let frame = vec![7; len];
        let sealed = self.pair.encryptor.encrypt_to_vec(&info(), &frame).unwrap();
        let mut is_open = false;
        for fragment in Fragments::new(&sealed, Content::Frame, 1200).unwrap() {
            let mut payload = vec![0; fragment.payload_len()];
            fragment.write_to(&mut payload).unwrap();
            let info = self.next();
            if let Progress::Complete(Complete { ciphertext, .. }) =
                self.reassembler.push(info, &payload)
            {
                let opened = self
                    .pair
                    .decryptor
                    .decrypt_to_vec(&crate::common::info(), ciphertext);
                assert_eq!(opened.as_ref(), Ok(&frame));
                is_open = true;
            }
        }
        is_open
    }
}

/// The same through a pause in which a sender fills 3,000 packets: the key frame behind it is not lost.
#[test]
fn discord_net_3263_a_pause_of_padding_costs_the_frame_behind_it() {
    for probes in [100, 2_900, 2_999, 3_000, 10_000] {
        let mut sender = Sender::new();
        assert!(sender.frame(3000));
        for _ in 0..probes {
            sender.probe();
        }
        assert!(sender.frame(3000), "{probes} packets of padding");
    }
}

/// And with one such packet behind each frame: a sender that starts anew is followed.
#[test]
fn discord_net_3263_padding_behind_each_frame_hides_a_new_start() {
    let mut sender = Sender::new();
    let mut opened = 0;
    for number in 0..500 {
        if number == 100 {
            sender.sequence = 40_000;
        }
        opened += usize::from(sender.frame(100));
        sender.probe();
    }
    assert!(opened > 490, "{opened} of 500 frames");
}

/// disgo tested the wrong bit for padding (593), and pycord handed frames on untouched whose count of padding made no sense (3386). Here such a
/// packet is refused, by the RTP stack or with the frame, and nothing opens to other octets than were sealed.
#[test]
fn disgo_593_the_bit_for_padding_is_misread() {
    let mut pair = Pair::gcm();
    for count in 0..=255_u8 {
        let text = format!("frame {count} of those with a count of padding that lies");
        let sealed = pair.seal(&text);
        let mut octets = packet(u16::from(count), &sealed, 0, false);
        // The P bit is set on the way, and the last octet of the tag passes for a count.
        octets[0] |= 0x20;
        *octets.last_mut().unwrap() = count;
        if let Ok(packet) = RtpPacket::parse(&octets) {
            let (payload, _) = payload_and_padded(&octets, &packet);
            assert!(pair.decryptor.decrypt_to_vec(&info(), payload).is_err());
        }
        // And the other way: padding that the P bit does not tell of.
        let mut octets = packet(u16::from(count), &sealed, count.max(1), false);
        octets[0] &= !0x20;
        let packet = RtpPacket::parse(&octets).unwrap();
        let (payload, _) = payload_and_padded(&octets, &packet);
        assert_ne!(payload, sealed);
        assert!(pair.decryptor.decrypt_to_vec(&info(), payload).is_err());
        let opened = pair.decryptor.decrypt_to_vec(&info(), &sealed);
        assert_eq!(opened, Ok(text.into_bytes()));
    }
}

/// Packetizers cut the zeros at the end of a NAL unit (H.264 section 7.4.1), and depacketizers and muxers add some: with a trailer there, its last
/// octets go or move. Here no carrier ends in a zero, and zeros behind it are no part of it.
#[test]
fn h264_packetizers_cut_the_zeros_at_the_end_of_a_ciphertext() {
    let mut pair = pair(H264);
    let stream = h264();
    let mut ends_in_zero = 0;
    // Without the octet behind it, one ciphertext in 256 ends in a zero.
    for round in 0..4 {
        for frame in &stream.frames {
            let sealed = pair.encryptor.encrypt_to_vec(&info(), frame).unwrap();
            let carrier = *nal_units(&sealed).last().unwrap();
            assert_eq!(sealed[sealed.len() - carrier.len()..], *carrier, "cut");
            ends_in_zero += usize::from(carrier[carrier.len() - 2] == 0);
            let padded = [&sealed[..], &vec![0; round]].concat();
            let opened = pair.decryptor.decrypt_to_vec(&info(), &padded);
            assert_eq!(opened.as_ref(), Ok(frame));
        }
    }
    assert!(ends_in_zero > 0, "it happened");
}

/// And other octets behind the carrier, as a careless receiver leaves there: refused by name, not decrypted to something.
#[test]
fn h264_octets_behind_the_slice_are_taken_for_its_end() {
    let mut pair = pair(H264);
    for frame in &h264().frames[..50] {
        let sealed = pair.encryptor.encrypt_to_vec(&info(), frame).unwrap();
        for behind in [&[0, 0, 0, 4][..], &[1], &[0x41; 9]] {
            let padded = [&sealed[..], behind].concat();
            let refused = crate::forms::none_opens(&mut pair.decryptor, &info(), &padded);
            assert_eq!(refused, Malformed::Carrier.into());
        }
        let opened = pair.decryptor.decrypt_to_vec(&info(), &sealed);
        assert_eq!(opened.as_ref(), Ok(frame));
    }
}
