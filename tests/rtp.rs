//! RTP payloads of SFrame ciphertexts: what is cut comes together again, whatever is lost, late, twice or in another order.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::collections::BTreeMap;

use common::Dice;
use mediaseal::Misuse;
use mediaseal::format::rtp::{
    Complete, Content, Fragments, Progress, Reassembler, RtpInfo, payload_count,
};

fn info(sequence: u16) -> RtpInfo {
    RtpInfo {
        sequence,
        timestamp: 0,
        payload_type: 96,
        marker: false,
    }
}

fn payloads(ciphertext: &[u8], content: Content, max_len: usize) -> Vec<Vec<u8>> {
    Fragments::new(ciphertext, content, max_len)
        .unwrap()
        .map(|fragment| {
            let mut payload = vec![0xEE; fragment.payload_len()];
            assert_eq!(fragment.write_to(&mut payload), Ok(payload.len()));
            payload
        })
        .collect()
}

#[test]
fn pieces_are_few_and_of_one_length() {
    for len in 0..400_usize {
        let ciphertext: Vec<u8> = (0..=255).cycle().take(len).collect();
        for max_len in [2, 3, 10, 100, 399, 400, 401] {
            let payloads = payloads(&ciphertext, Content::Frame, max_len);
            assert_eq!(payloads.len(), len.div_ceil(max_len - 1).max(1));
            assert_eq!(payload_count(len, max_len), Ok(payloads.len()));
            let fragments = Fragments::new(&ciphertext, Content::Frame, max_len).unwrap();
            assert_eq!(fragments.len(), payloads.len());
            for index in (0..payloads.len() + 2).step_by(1 + len / 7) {
                let mut rest = fragments.clone();
                let nth = rest.nth(index).map(|fragment| fragment.payload_len());
                assert_eq!(nth, payloads.get(index).map(Vec::len));
                assert_eq!(rest.len(), payloads.len().saturating_sub(index + 1));
            }
            let lengths = payloads.iter().map(Vec::len);
            assert!(lengths.clone().max().unwrap() <= max_len);
            let others = lengths.clone().take(payloads.len() - 1);
            assert!(others.clone().all(|len| len == payloads[0].len()));
            let joined: Vec<u8> = payloads
                .iter()
                .flat_map(|payload| payload[1..].to_vec())
                .collect();
            assert_eq!(joined, ciphertext);
            for (index, payload) in payloads.iter().enumerate() {
                let start = if index == 0 { 0x80 } else { 0 };
                let end = if index + 1 == payloads.len() { 0x40 } else { 0 };
                assert_eq!(payload[0], start | end);
            }
        }
    }
    assert_eq!(payloads(b"x", Content::Packet, 10), [[0xE0, b'x']]);
    let refused = Fragments::new(b"x", Content::Frame, 1).err();
    assert_eq!(
        refused,
        Some(Misuse::PacketMaximum {
            max_len: 1,
            needed: 2
        })
    );
    let fragment = Fragments::new(b"xy", Content::Frame, 10)
        .unwrap()
        .next()
        .unwrap();
    assert_eq!(
        fragment.write_to(&mut [0; 2]),
        Err(Misuse::RangeOutsideStorage)
    );
}

/// A network: what is late by less than the ring comes together, each frame at most once, and none is wrong.
#[test]
fn frames_come_together_through_a_bad_network() {
    for seed in 0..20 {
        let dice = &mut Dice(seed);
        let loss = [0, 0, 2, 10, 30][dice.index(5)];
        let frames: Vec<Vec<u8>> = (0_u32..2000)
            .map(|number| {
                let len = 4 + dice.index(900);
                number.to_be_bytes().into_iter().cycle().take(len).collect()
            })
            .collect();
        let mut sequence = u16::try_from(dice.roll(65_536)).unwrap();
        let mut sent: BTreeMap<u64, (u16, usize, Vec<u8>)> = BTreeMap::new();
        let mut is_whole = vec![true; frames.len()];
        for (number, frame) in frames.iter().enumerate() {
            for payload in payloads(frame, Content::Frame, 101) {
                if dice.roll(100) < loss {
                    is_whole[number] = false;
                } else {
                    // Overtaken by up to 60 others, and sometimes sent twice.
                    for _ in 0..=dice.roll(20) / 19 {
                        let time = sent.len() as u64 + dice.roll(60);
                        sent.insert(
                            time << 20 | dice.roll(1 << 20),
                            (sequence, number, payload.clone()),
                        );
                    }
                }
                sequence = sequence.wrapping_add(1);
            }
        }
        let mut reassembler = Reassembler::new(200, 101).unwrap();
        let mut came = vec![0; frames.len()];
        for (sequence, _, payload) in sent.values() {
            if let Progress::Complete(Complete {
                ciphertext,
                content,
                ..
            }) = reassembler.push(info(*sequence), payload)
            {
                let number = u32::from_be_bytes(*ciphertext.first_chunk().unwrap());
                assert_eq!(ciphertext, frames[number as usize]);
                assert_eq!(content, Content::Frame);
                came[number as usize] += 1;
            }
        }
        for (number, count) in came.iter().enumerate() {
            assert_eq!(
                *count,
                u32::from(is_whole[number]),
                "seed {seed}, frame {number}"
            );
        }
    }
}

#[test]
fn what_is_twice_or_too_old_is_said_to_be() {
    let mut reassembler = Reassembler::new(8, 100).unwrap();
    let whole = payloads(b"ciphertext", Content::Packet, 100);
    for sequence in [65_530_u16, 65_535, 0, 1] {
        let progress = reassembler.push(info(sequence), &whole[0]);
        let Progress::Complete(complete) = progress else {
            panic!("{progress:?}");
        };
        assert_eq!(complete.ciphertext, b"ciphertext");
        assert_eq!(
            (complete.content, complete.last),
            (Content::Packet, info(sequence))
        );
    }
    assert_eq!(reassembler.push(info(0), &whole[0]), Progress::Duplicate);
    assert_eq!(
        reassembler.push(info(65_530), &whole[0]),
        Progress::Duplicate
    );
    assert_eq!(
        reassembler.push(info(65_529), &whole[0]),
        Progress::OutOfRange
    );
    assert!(matches!(
        reassembler.push(info(65_534), &whole[0]),
        Progress::Complete(_)
    ));
}

#[test]
fn a_stray_number_changes_nothing_and_two_in_a_row_start_anew() {
    let whole = &payloads(&[7; 50], Content::Frame, 100)[0];
    let halves = payloads(&[8; 100], Content::Frame, 60);
    let mut reassembler = Reassembler::new(64, 100).expect("sizes are in range");
    let mut push = |sequence: u16, payload: &[u8]| match reassembler.push(info(sequence), payload) {
        Progress::Complete(_) => "complete",
        Progress::Waiting => "waiting",
        Progress::OutOfRange => "out of range",
        Progress::Duplicate | Progress::Refused => "other",
    };
    assert_eq!(push(1000, &halves[0]), "waiting");
    // A bit flipped on the way.
    assert_eq!(push(1001 ^ 0x8000, whole), "out of range");
    assert_eq!(push(1001, &halves[1]), "complete");
    // As far as half of the ring it is a loss.
    assert_eq!(push(1033, whole), "complete");
    assert_eq!(push(1066, whole), "out of range");
    assert_eq!(push(7000, whole), "out of range");
    assert_eq!(push(7002, whole), "out of range");
    assert_eq!(push(7001, whole), "out of range");
    assert_eq!(push(1034, whole), "complete");
    // The one before does not count any more.
    assert_eq!(push(7002, whole), "out of range");

    for start in [20_000, 40_000_u16, 36_000, 65_535] {
        assert_eq!(push(start, whole), "out of range");
        assert_eq!(push(start.wrapping_add(1), &halves[0]), "waiting");
        assert_eq!(push(start.wrapping_add(2), &halves[1]), "complete");
        assert_eq!(push(start.wrapping_add(1), &halves[0]), "other");
    }
}

/// Pushes packets of one frame each and returns how many of them came out.
fn whole_of(reassembler: &mut Reassembler, sequences: impl IntoIterator<Item = u16>) -> usize {
    let whole = &payloads(&[7; 50], Content::Frame, 100)[0];
    let mut complete = 0;
    for sequence in sequences {
        let progress = reassembler.push(info(sequence), whole);
        complete += usize::from(matches!(progress, Progress::Complete(_)));
    }
    complete
}

#[test]
fn a_number_altered_on_the_way_costs_its_packet_and_the_one_whose_place_it_took() {
    for ring in [2, 16, 64, 512, 32_768] {
        for bit in 0..16 {
            let mut reassembler = Reassembler::new(ring, 100).unwrap();
            assert_eq!(whole_of(&mut reassembler, 65_000..65_200), 200);
            whole_of(&mut reassembler, [65_200 ^ 1 << bit]);
            let after = whole_of(
                &mut reassembler,
                (201..1000).map(|at| 65_000_u16.wrapping_add(at)),
            );
            // A ring of fewer than 32 packets has no half that is more than a step.
            let lost = if ring < 32 { 16 } else { 1 };
            assert!(
                after >= 799 - lost,
                "{ring} packets, bit {bit}: {after} of 799"
            );
        }
    }
}

#[test]
fn a_loss_of_more_than_half_of_the_ring_costs_one_packet_more() {
    for lost in [33, 64, 500, 2_900] {
        let mut reassembler = Reassembler::new(64, 100).unwrap();
        whole_of(&mut reassembler, 0..100);
        let first = 100 + lost;
        assert_eq!(whole_of(&mut reassembler, first..first + 100), 99, "{lost}");
    }
}

#[test]
fn a_ring_that_is_ahead_of_the_sender_goes_back_to_him() {
    let mut reassembler = Reassembler::new(64, 100).unwrap();
    whole_of(&mut reassembler, 0..100);
    // Two strays, one behind the other, and the sender goes on.
    assert_eq!(whole_of(&mut reassembler, [1_500, 1_501]), 1);
    let after = whole_of(&mut reassembler, (100..400).filter(|at| at % 7 != 3));
    assert!(after >= 257 - 16, "{after}");
}

#[test]
fn a_stray_right_after_a_jump_is_not_waited_for() {
    for bit in 4..12 {
        for at in 0..3 {
            let mut reassembler = Reassembler::new(4096, 100).unwrap();
            whole_of(&mut reassembler, 100..1100);
            let mut sent: Vec<u16> = (21_100..22_000).collect();
            sent[at] ^= 1 << bit;
            let whole = whole_of(&mut reassembler, sent);
            // So near it may be the order of packets, and the sender is there soon.
            let lost = if bit == 4 { 18 } else { 4 };
            assert!(
                whole >= 900 - lost,
                "bit {bit} of packet {at}: {whole} of 900"
            );
        }
    }
    // The same while it goes back to a sender that it is ahead of.
    let mut reassembler = Reassembler::new(512, 100).unwrap();
    whole_of(
        &mut reassembler,
        (0..500).chain([2000, 2001, 500, 501, 502 + 128]),
    );
    assert!(whole_of(&mut reassembler, 503..703) >= 200 - 16);
}

#[test]
fn a_jump_is_followed_between_packets_that_are_sent_again() {
    let mut reassembler = Reassembler::new(64, 100).unwrap();
    whole_of(&mut reassembler, 0..500);
    let again = (0..60).flat_map(|at| [600 + at, 500 + at]);
    let whole = whole_of(&mut reassembler, again);
    assert!(whole >= 59, "{whole}");
}

#[test]
fn runs_that_do_not_belong_together_are_refused() {
    let halves = payloads(b"ciphertext", Content::Frame, 6);
    let others = payloads(b"ciphertext", Content::Packet, 6);
    assert_eq!((halves.len(), others.len()), (2, 2));
    let mut reassembler = Reassembler::new(16, 100).unwrap();
    // Another content.
    assert_eq!(reassembler.push(info(1), &halves[0]), Progress::Waiting);
    assert_eq!(reassembler.push(info(2), &others[1]), Progress::Refused);
    // Another payload type.
    assert_eq!(reassembler.push(info(3), &halves[0]), Progress::Waiting);
    let other = RtpInfo {
        payload_type: 97,
        ..info(4)
    };
    assert_eq!(reassembler.push(other, &halves[1]), Progress::Refused);
    // A start within, an end within: each run stands for itself.
    assert_eq!(reassembler.push(info(5), &halves[0]), Progress::Waiting);
    assert_eq!(reassembler.push(info(6), &halves[0]), Progress::Waiting);
    assert!(matches!(
        reassembler.push(info(7), &halves[1]),
        Progress::Complete(_)
    ));
    assert_eq!(reassembler.push(info(8), &halves[1]), Progress::Waiting);
    assert_eq!(reassembler.push(info(9), &[]), Progress::Refused);
    assert_eq!(reassembler.push(info(9), &[0x80; 101]), Progress::Refused);
}

#[test]
fn sizes_that_make_no_sense_are_refused() {
    for packets in [0, 1, 32_769, usize::MAX] {
        let refused = Reassembler::new(packets, 1200).err();
        assert_eq!(refused, Some(Misuse::ReassemblyPackets { packets }));
    }
    for max_len in [0, 1, 65_536, usize::MAX] {
        let refused = Reassembler::new(10, max_len).err();
        assert_eq!(refused, Some(Misuse::PacketMaximum { max_len, needed: 2 }));
    }
}
