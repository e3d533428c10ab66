//! How the packets of a stream carry frames: guessed from the first few.
//!
//! A single packet looks like anything. What tells is what repeats: a KID of 54 random bits that comes again, counters that go up, beginnings and ends
//! that alternate as sequence numbers go up.

use clap::ValueEnum;
use mediaseal::KeyId;
use mediaseal::format::looks::{Look, looks};
use mediaseal::format::sframe::Header;
use serde::Serialize;

use super::payload::{Units, aggregated, nal_units, vp8};
use super::stream::Packet;

/// How packets carry frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Wire {
    /// Pieces of SFrame ciphertexts behind a descriptor (draft-ietf-avtcore-rtp-sframe)
    Fragments,
    /// One SFrame ciphertext a packet
    Packets,
    /// The payload format of H.264 (RFC 6184)
    H264,
    /// The payload format of VP8 (RFC 7741)
    Vp8,
    /// One Opus frame a packet (RFC 7587)
    Opus,
    /// Something else: each payload is looked at by itself
    Other,
}

/// The descriptor of fragments: first, last, and what must be zero.
const START: u8 = 0x80;
const END: u8 = 0x40;
const RESERVED: u8 = 0x1f;
/// KIDs above are hardly chance.
const LONG: u64 = 0xffff;
/// Frames of other streams under one key, between two of this one.
const MAX_STEP: u64 = 10_000;

/// Guesses from the first packets of a stream.
pub(crate) fn guess(packets: &[Packet], is_known: &dyn Fn(KeyId) -> bool) -> Wire {
    let packets: Vec<_> = packets
        .iter()
        .filter(|packet| !packet.payload.is_empty())
        .collect();
    if packets.is_empty() {
        return Wire::Other;
    }
    if are_fragments(&packets, is_known) {
        return Wire::Fragments;
    }
    if are_sframe(packets.iter().map(|packet| &packet.payload[..]), is_known) {
        return Wire::Packets;
    }
    let trailed = |packet: &&&Packet| {
        let looks = looks(&packet.payload);
        looks
            .iter()
            .any(|look| matches!(look, Look::FrameCryptor { .. } | Look::Dave { .. }))
    };
    let is_video = is_h264(&packets)
        .then_some(Wire::H264)
        .or_else(|| is_vp8(&packets).then_some(Wire::Vp8));
    if let Some(wire) = is_video {
        return wire;
    }
    if is_most(packets.iter().filter(trailed).count(), packets.len()) {
        return Wire::Other;
    }
    if is_opus(&packets) {
        Wire::Opus
    } else {
        Wire::Other
    }
}

const fn is_most(some: usize, all: usize) -> bool {
    some * 10 >= all * 8 && all > 0
}

fn are_fragments(packets: &[&Packet], is_known: &dyn Fn(KeyId) -> bool) -> bool {
    let descriptor = |packet: &Packet| packet.payload.first().copied().unwrap_or(0);
    let fits = packets
        .iter()
        .filter(|packet| descriptor(packet) & RESERVED == 0)
        .count();
    if fits * 20 < packets.len() * 19 {
        return false;
    }
    // Where one follows the other, a frame begins if and only if one ended.
    let next =
        |pair: &&[&Packet]| pair[1].header.sequence == pair[0].header.sequence.wrapping_add(1);
    let pairs: Vec<_> = packets.windows(2).filter(next).collect();
    let alternates =
        |pair: &&&[&Packet]| (descriptor(pair[0]) & END != 0) == (descriptor(pair[1]) & START != 0);
    if !pairs.is_empty() && pairs.iter().filter(alternates).count() * 10 < pairs.len() * 9 {
        return false;
    }
    let begins = packets
        .iter()
        .filter(|packet| descriptor(packet) & START != 0);
    let fronts: Vec<_> = begins.map(|packet| &packet.payload[1..]).collect();
    // In the middle of a large frame.
    let in_one = fronts.is_empty()
        && pairs.len() >= 8
        && packets
            .iter()
            .all(|packet| descriptor(packet) & !END & !0x20 == 0);
    in_one || are_sframe(fronts.into_iter(), is_known)
}

/// Tells whether payloads begin with headers of SFrame that belong together.
fn are_sframe<'a>(
    payloads: impl Iterator<Item = &'a [u8]>,
    is_known: &dyn Fn(KeyId) -> bool,
) -> bool {
    let (mut all, mut good, mut first_of_their_kid) = (0, 0, 0);
    let mut seen: Vec<(KeyId, u64)> = Vec::new();
    for payload in payloads {
        all += 1;
        let Ok((header, _)) = Header::parse(payload) else {
            continue;
        };
        let (kid, ctr) = (header.kid(), header.ctr().value());
        let before = seen.iter_mut().find(|(known, _)| *known == kid);
        match before {
            Some((_, last)) => {
                let goes_up = ctr > *last && ctr - *last <= MAX_STEP;
                *last = ctr;
                good += usize::from(goes_up || kid.value() > LONG || is_known(kid));
            }
            None => {
                seen.push((kid, ctr));
                // Alone it says nothing, unless there is a key for it.
                if is_known(kid) {
                    good += 1;
                } else {
                    first_of_their_kid += usize::from(kid.value() > LONG);
                }
            }
        }
    }
    // A few packets, each of a session: long KIDs speak for it, and nothing against.
    let are_few = all < 4 && first_of_their_kid + good == all;
    let unseen = seen.len().min(all / 4 + 1);
    all > 0 && (are_few || (all >= 4 && is_most(good, all.saturating_sub(unseen)) && good > 0))
}

fn is_h264(packets: &[&Packet]) -> bool {
    /// profile_idc of what encoders make (ITU-T H.264 annex A).
    const PROFILES: [u8; 7] = [66, 77, 88, 100, 110, 122, 244];
    let is_sps = |nal: &[u8]| matches!(nal, [header, profile, ..] if header & 0x1f == 7 && PROFILES.contains(profile));
    let mut has_sps = false;
    for packet in packets {
        match nal_units(&packet.payload) {
            None => return false,
            Some(Units::Single(nal)) => has_sps |= is_sps(nal),
            Some(Units::Aggregate(rest)) => {
                has_sps |= aggregated(rest).is_some_and(|(nal, _)| is_sps(nal));
            }
            Some(Units::Piece { .. }) => {}
        }
    }
    has_sps || packets.len() >= 8
}

fn is_vp8(packets: &[&Packet]) -> bool {
    let mut has_key_frame = false;
    let mut before: Option<&Packet> = None;
    for packet in packets {
        let Some((begins, piece)) = vp8(&packet.payload) else {
            return false;
        };
        // RFC 6386 section 9.1: the start code of a key frame.
        has_key_frame |=
            begins && matches!(piece, [tag, _, _, 0x9d, 0x01, 0x2a, ..] if tag & 1 == 0);
        if let Some(before) = before
            && packet.header.sequence == before.header.sequence.wrapping_add(1)
            && begins != (packet.header.timestamp != before.header.timestamp)
        {
            return false;
        }
        before = Some(packet);
    }
    has_key_frame || packets.len() >= 16
}

/// One configuration in every table-of-contents octet (RFC 6716 section 3.1), and steps of 2.5 ms at 48 kHz (RFC 7587 section 4.1).
fn is_opus(packets: &[&Packet]) -> bool {
    const STEP: i32 = 120;
    const MAX_LEN: usize = 1275 * 3;
    let config = |packet: &Packet| packet.payload.first().map(|toc| toc >> 3);
    let first = packets.first().and_then(|packet| config(packet));
    let timestamps: Vec<_> = packets
        .iter()
        .map(|packet| packet.header.timestamp)
        .collect();
    packets.len() >= 16
        && packets
            .iter()
            .all(|packet| config(packet) == first && packet.payload.len() <= MAX_LEN)
        && timestamps.windows(2).all(|pair| {
            pair[0] != pair[1] && pair[1].wrapping_sub(pair[0]).cast_signed() % STEP == 0
        })
}
