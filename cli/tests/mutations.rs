//! Captures that are damaged, or made to do harm: the command never panics, and its memory and time have bounds.
#![cfg(all(test, target_os = "linux"))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::path::Path;
use std::process::{Command, Stdio};

use common::{Datagrams, KEY, Link, Member, file, seal, speech};
use mediaseal::Media;
use pcap_file::Endianness;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

/// A small call of everything that the command takes apart.
fn call() -> Datagrams {
    let alice = Member::new("standup", KEY, 1);
    let frames = &speech()[..12];
    let mut call = Datagrams::default();
    call.stream(
        1,
        &seal(&mut alice.encryptor("alice", Media::AUDIO), frames),
    );
    call.others();
    for (number, frame) in (0..).zip(frames) {
        call.rtp(2, number, u32::from(number) * 960, false, frame);
    }
    let nal = [&[0x67, 0x42, 0xc0, 0x1f][..], &[0x55; 60]].concat();
    for number in 0..6 {
        call.rtp(3, number * 3, u32::from(number) * 3_000, false, &nal);
        call.rtp(
            3,
            number * 3 + 1,
            u32::from(number) * 3_000,
            false,
            &[&[0x7c, 0x85][..], &nal].concat(),
        );
        call.rtp(
            3,
            number * 3 + 2,
            u32::from(number) * 3_000,
            true,
            &[&[0x7c, 0x45][..], &nal].concat(),
        );
    }
    for number in 0..6 {
        let piece = [
            &[0x90, 0x80, 0x81, 2, 0x10, 0, 0, 0x9d, 0x01, 0x2a][..],
            &nal,
        ]
        .concat();
        call.rtp(4, number, u32::from(number) * 3_000, true, &piece);
    }
    // Through a TURN relay.
    let inside = call.0[0].clone();
    let len = u16::try_from(inside.len()).unwrap().to_be_bytes();
    call.0
        .push([&[0x40, 0, len[0], len[1]][..], &inside].concat());
    call
}

/// Runs the command in an address space of 1 GiB and 60 seconds of processor time; returns its exit status, or nothing if it did not end by itself.
fn status(path: &Path, keys: &Path) -> Option<i32> {
    let mut command = Command::new("sh");
    let limited = r#"ulimit -v 1048576 -t 60; exec "$0" explain --key-file "$1" --sender alice --each --json "$2""#;
    let command = command
        .args(["-c", limited, env!("CARGO_BIN_EXE_mediaseal")])
        .args([keys, path]);
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap()
        .code()
}

#[test]
fn mutated_captures_never_end_it() {
    let call = call();
    let originals: Vec<_> = [Link::Ethernet, Link::Cooked2, Link::Ipv6]
        .into_iter()
        .flat_map(|link| {
            [
                call.pcap(link, Endianness::Little),
                call.pcapng(link, Endianness::Big),
            ]
        })
        .collect();
    let keys = file(
        "mutations.keys",
        format!("channel=standup {KEY}\n0x1={KEY}\n").as_bytes(),
    );
    for original in &originals {
        let path = file("mutations.pcap", original);
        assert_eq!(
            status(&path, &keys),
            Some(1),
            "the original: something is in clear"
        );
    }
    let which = 0..originals.len();
    // Octets that are changed, a range that is taken out or doubled, an end.
    let change = (
        any::<prop::sample::Index>(),
        prop_oneof![any::<u8>(), Just(0), Just(0xff)],
    );
    let changes = prop::collection::vec(change, 0..24);
    let cut = prop::option::of((any::<prop::sample::Index>(), 0..200_usize, any::<bool>()));
    let end = prop::option::of(any::<prop::sample::Index>());
    let mut runner = TestRunner::new(Config {
        cases: 300,
        failure_persistence: None,
        ..Config::default()
    });
    let path = file("mutated.pcap", b"");
    runner
        .run(&(which, changes, cut, end), |(which, changes, cut, end)| {
            let mut octets = originals[which].clone();
            for (at, octet) in changes {
                let at = at.index(octets.len());
                octets[at] = octet;
            }
            if let Some((at, len, doubled)) = cut {
                let at = at.index(octets.len());
                let until = (at + len).min(octets.len());
                let range = octets[at..until].to_vec();
                let put = if doubled {
                    [&range[..], &range].concat()
                } else {
                    Vec::new()
                };
                octets.splice(at..until, put);
            }
            if let Some(end) = end {
                octets.truncate(end.index(octets.len()));
            }
            std::fs::write(&path, &octets).unwrap();
            let status = status(&path, &keys);
            prop_assert!(matches!(status, Some(0 | 1 | 3)), "{status:?}");
            Ok(())
        })
        .unwrap();
}

#[test]
fn many_streams_and_long_packets_take_bounded_memory() {
    // Each packet a stream of its own; then a stream of the largest packets.
    let mut call = Datagrams::default();
    for ssrc in 0..20_000_u32 {
        let octets = ssrc.wrapping_mul(0x9e37_79b9).to_be_bytes().repeat(16);
        call.rtp(ssrc, 1, 1, true, &[&[0xc0][..], &octets].concat());
    }
    for number in 0..400_u16 {
        let large = vec![0x80 | 0x40; 60_000];
        call.rtp(
            u32::MAX - u32::from(number % 100),
            number / 100,
            7,
            true,
            &large,
        );
    }
    let path = file("many.pcap", &call.pcap(Link::Ethernet, Endianness::Little));
    let keys = file("many.keys", format!("channel=standup {KEY}\n").as_bytes());
    assert!(
        matches!(status(&path, &keys), Some(0 | 1)),
        "{:?}",
        status(&path, &keys)
    );
}

#[test]
fn frames_that_fail_in_many_ways_take_bounded_time() {
    // Each frame of a session of its own, of a generation that there is a key for: none of them is like another.
    let mut call = Datagrams::default();
    let mut sequence = 0;
    for number in 0..40_000_u64 {
        let kid = (number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1 << 63) & !0x3ff | 0x10;
        let header = [&[0xf0][..], &kid.to_be_bytes()].concat();
        let frame = [&header[..], &[0x5a; 600]].concat();
        call.rtp(7, sequence, 7, true, &[&[0xc0][..], &frame].concat());
        sequence = sequence.wrapping_add(1);
    }
    let path = file("ways.pcap", &call.pcap(Link::Ethernet, Endianness::Little));
    let keys = file("ways.keys", format!("channel=standup {KEY}\n").as_bytes());
    let status = status(&path, &keys);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(status, Some(1));
}

#[test]
fn a_block_that_says_it_is_huge_is_damage() {
    let mut octets = call().pcapng(Link::Ethernet, Endianness::Little);
    octets.extend([6, 0, 0, 0, 0xfc, 0xff, 0xff, 0xff]);
    octets.resize(octets.len() + (20 << 20), 0);
    let keys = file("huge.keys", format!("channel=standup {KEY}\n").as_bytes());
    assert_eq!(status(&file("huge.pcapng", &octets), &keys), Some(3));
    // Interfaces without end.
    let section = Datagrams::default().pcapng(Link::Ethernet, Endianness::Little);
    let interface = section[section.len() - 20..].to_vec();
    assert_eq!(interface[0], 1);
    let octets = [&section[..], &interface.repeat(200_000)].concat();
    assert_eq!(status(&file("interfaces.pcapng", &octets), &keys), Some(3));
}
