//! Codec-aware frames: what encoders gave comes out bit by bit, whatever packetizers do around the ciphertext, and nothing else does.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{GCM, Pair, info};
use mediaseal::{
    BatchFrame, Class, Codec, DecryptJob, EncryptJob, Error, FrameBuf, FrameInfo, Malformed,
    Misuse, Mode, NalFormat, Ssrc, Unsupported, decrypt_batch, encrypt_batch,
};

const FORMATS: [NalFormat; 4] = [
    NalFormat::AnnexB,
    NalFormat::Length1,
    NalFormat::Length2,
    NalFormat::Length4,
];

fn pair(codec: Codec) -> Pair {
    let mut pair = Pair::new(GCM, Mode::Frame, 0);
    pair.encryptor.set_default_codec(Some(codec)).unwrap();
    pair.decryptor.set_default_codec(Some(codec)).unwrap();
    pair
}

/// NAL units in a form.
fn join(format: NalFormat, nals: &[&[u8]]) -> Vec<u8> {
    let mut frame = Vec::new();
    for nal in nals {
        let len = u32::try_from(nal.len()).unwrap().to_be_bytes();
        frame.extend_from_slice(match format {
            NalFormat::AnnexB => &[0, 0, 0, 1],
            NalFormat::Length1 => &len[3..],
            NalFormat::Length2 => &len[2..],
            NalFormat::Length4 => &len,
        });
        frame.extend_from_slice(nal);
    }
    frame
}

/// The NAL units between start codes.
fn split(octets: &[u8]) -> Vec<&[u8]> {
    let starts: Vec<usize> = (3..=octets.len())
        .filter(|&at| octets[at - 3..at] == [0, 0, 1])
        .collect();
    let ends = starts.iter().skip(1).map(|start| start - 3);
    starts
        .iter()
        .zip(ends.chain([octets.len()]))
        .map(|(&start, end)| {
            let nal = &octets[start..end];
            let zeros = nal.iter().rev().take_while(|&&octet| octet == 0).count();
            &nal[..nal.len() - zeros]
        })
        .collect()
}

const SPS: &[u8] = &[0x67, 0x42, 0xC0, 0x1F, 0x8C, 0x8D, 0x40];
const PPS: &[u8] = &[0x68, 0xCE, 0x3C, 0x80];
const SEI: &[u8] = &[0x06, 5, 4, 1, 2, 3, 4, 0x80];
/// ue(0) ue(7) ue(0), and what a slice goes on with.
const IDR: &[u8] = &[0x65, 0x88, 0x84, 0, 0x10, 0xFF, 0xFE, 0xF6, 0xF0];
/// ue(0) ue(5) ue(0).
const SLICE: &[u8] = &[0x41, 0x9A, 0x21, 0x6C, 0x45, 0x7F];

/// The files of the examples, frame by frame.
fn h264_file() -> Vec<Vec<u8>> {
    let octets = include_bytes!("../examples/media/camera-h264.h264");
    let mut units: Vec<Vec<&[u8]>> = vec![Vec::new()];
    let mut has_slice = false;
    for nal in split(octets) {
        let is_slice = matches!(nal[0] & 0x1F, 1 | 5);
        // A slice whose first macroblock is the picture's, or what stands before one.
        if has_slice && (!is_slice || nal[1] & 0x80 != 0) {
            units.push(Vec::new());
            has_slice = false;
        }
        has_slice |= is_slice;
        units.last_mut().unwrap().push(nal);
    }
    let units = units.iter();
    units.map(|nals| join(NalFormat::AnnexB, nals)).collect()
}

fn ivf_file(octets: &[u8]) -> Vec<Vec<u8>> {
    let (mut rest, mut frames) = (&octets[32..], Vec::new());
    while let Some((len, after)) = rest.split_first_chunk::<4>() {
        let len = u32::from_le_bytes(*len) as usize;
        frames.push(after[8..8 + len].to_vec());
        rest = &after[8 + len..];
    }
    frames
}

fn files() -> Vec<(Codec, Vec<Vec<u8>>)> {
    vec![
        (Codec::H264(NalFormat::AnnexB), h264_file()),
        (
            Codec::Vp8,
            ivf_file(include_bytes!("../examples/media/camera-vp8.ivf")),
        ),
        (
            Codec::Av1,
            ivf_file(include_bytes!("../examples/media/screen-av1.ivf")),
        ),
    ]
}

/// Sends a frame by each form of call and back by each, and returns one of the sealed ones.
#[track_caller]
fn round_trip(pair: &mut Pair, frame: &[u8]) -> Vec<u8> {
    let bound = pair.encryptor.encrypted_len_bound(frame.len());
    let sealed = pair.encryptor.encrypt_to_vec(&info(), frame).unwrap();
    assert!(sealed.len() <= bound, "{} over {bound}", sealed.len());
    let opened = pair.decryptor.decrypt_to_vec(&info(), &sealed);
    assert_eq!(opened.as_deref(), Ok(frame));

    let mut out = vec![0xEE; bound];
    let len = pair
        .encryptor
        .encrypt_into(&info(), frame, &mut out)
        .unwrap();
    let mut opened = vec![0; frame.len()];
    let told = pair
        .decryptor
        .decrypt_into(&info(), &out[..len], &mut opened);
    assert_eq!(told.unwrap().len, frame.len());
    assert_eq!(opened, frame);

    for offset in [0, FrameBuf::HEADROOM, bound - frame.len()] {
        let mut storage = vec![0xEE; bound];
        storage[offset..offset + frame.len()].copy_from_slice(frame);
        let mut buffer = FrameBuf::new(&mut storage, offset, frame.len()).unwrap();
        let sealed = pair
            .encryptor
            .encrypt_in_place(&info(), &mut buffer)
            .unwrap();
        assert_eq!(sealed.len, buffer.len());
        let (start, len) = (buffer.offset(), buffer.len());
        // Nothing of the frame stays where it was.
        let around = storage[..start].iter().chain(&storage[start + len..]);
        assert!({ around }.all(|octet| matches!(octet, 0 | 0xEE)));
        let mut buffer = FrameBuf::new(&mut storage, start, len).unwrap();
        let told = pair
            .decryptor
            .decrypt_in_place(&info(), &mut buffer)
            .unwrap();
        assert_eq!(told.len, frame.len());
        assert_eq!(buffer.as_slice(), frame);
    }

    let mut buffer = vec![0xEE; bound];
    buffer[..frame.len()].copy_from_slice(frame);
    let len = pair
        .encryptor
        .encrypt_at_front(&info(), &mut buffer, frame.len())
        .unwrap();
    let told = pair.decryptor.decrypt_at_front(&info(), &mut buffer, len);
    assert_eq!(told.unwrap().len, frame.len());
    assert_eq!(buffer[..frame.len()], *frame);
    sealed
}

#[test]
fn files_of_real_encoders_come_out_bit_by_bit() {
    for (codec, frames) in files() {
        let mut pair = pair(codec);
        assert!(frames.len() > 100, "{codec:?}");
        for frame in &frames {
            round_trip(&mut pair, frame);
        }
    }
}

#[test]
fn frames_of_every_length_come_out_bit_by_bit() {
    for codec in [Codec::Opus, Codec::Vp8, Codec::Vp9] {
        let mut pair = pair(codec);
        for len in 0..300 {
            for first in [0x10, 0x11, 0x82, 0x86, 0xB1] {
                let mut frame = vec![first; len];
                if let Some(last) = frame.last_mut() {
                    *last = first;
                }
                round_trip(&mut pair, &frame);
            }
        }
    }
}

#[test]
fn a_key_frame_shows_what_relays_read_and_no_more() {
    let frame: Vec<u8> = (0x10..0x90).collect();
    let vp8 = round_trip(&mut pair(Codec::Vp8), &frame);
    assert_eq!(vp8[..13], [&frame[..10], &[0, 0, 0]].concat());
    let mut frame = frame;
    frame[0] = 0x82;
    let vp9 = round_trip(&mut pair(Codec::Vp9), &frame);
    assert_eq!(vp9[..10], frame[..10]);
    for (sealed, shown) in [(vp8, 13), (vp9, 10)] {
        let hidden = frame[10..].windows(4);
        assert!(
            hidden
                .clone()
                .all(|run| !sealed[shown..].windows(4).any(|octets| octets == run))
        );
    }

    let frame = join(NalFormat::AnnexB, &[SEI, SPS, PPS, IDR, IDR]);
    let sealed = round_trip(&mut pair(Codec::H264(NalFormat::AnnexB)), &frame);
    let nals = split(&sealed);
    assert_eq!(nals.len(), 3, "multi-slice frames have one carrier");
    assert_eq!(nals[..2], [SPS, PPS]);
    // NAL header; ue(0) ue(7) ue(0), stop bit.
    assert_eq!(nals[2][..3], [0x65, 0x88, 0xC0]);
    assert_eq!(nals[2].last(), Some(&0x80));
}

#[test]
fn nal_units_have_each_form() {
    for format in FORMATS {
        for (codec, frames) in [
            (
                Codec::H264(format),
                [
                    join(format, &[SPS, PPS, IDR]),
                    join(format, &[SLICE, SLICE]),
                    join(format, &[SPS, PPS]),
                    join(format, &[SEI]),
                    // An empty NAL unit before what looks like a parameter set if it is not seen to be empty.
                    join(format, &[&[], SPS, &[], &[0; 8], &[], PPS, IDR]),
                ],
            ),
            (
                Codec::H265(format),
                [
                    join(
                        format,
                        &[
                            &[0x40, 1, 2],
                            &[0x42, 1, 3],
                            &[0x44, 1, 0xC1],
                            &[0x26, 1, 0xAF, 9],
                        ],
                    ),
                    join(format, &[&[0x02, 1, 0xD0, 0x12, 0x34]]),
                    join(format, &[&[0x42, 1, 3]]),
                    join(format, &[&[0x4E, 1, 5, 0x80]]),
                    join(format, &[]),
                ],
            ),
        ] {
            let mut pair = pair(codec);
            for frame in frames {
                round_trip(&mut pair, &frame);
            }
        }
    }
}

/// Makes of NAL units what a packetizer does.
type Change = fn(&[&[u8]]) -> Vec<u8>;

/// What packetizers were seen to do.
#[test]
fn what_is_rewritten_around_the_carrier_does_no_harm() {
    let codec = Codec::H264(NalFormat::AnnexB);
    let mut pair = pair(codec);
    let frame = join(NalFormat::AnnexB, &[SPS, PPS, SEI, IDR, IDR]);
    let changes: [(&str, Change); 5] = [
        ("short start codes", |nals| {
            nals.iter()
                .flat_map(|nal| [&[0, 0, 1], *nal].concat())
                .collect()
        }),
        ("no parameter sets", |nals| {
            join(NalFormat::AnnexB, &nals[2..])
        }),
        ("others, and a delimiter", |nals| {
            join(
                NalFormat::AnnexB,
                &[&[9, 0xF0], &[0x67, 1, 2, 3], PPS, nals[2]],
            )
        }),
        ("zeros behind", |nals| {
            [&join(NalFormat::AnnexB, nals)[..], &[0, 0, 0]].concat()
        }),
        ("filler behind", |nals| {
            join(NalFormat::AnnexB, &[nals[2], &[12, 0xFF, 0x80]])
        }),
    ];
    for (what, change) in changes {
        let sealed = pair.encryptor.encrypt_to_vec(&info(), &frame).unwrap();
        let changed = change(&split(&sealed));
        let opened = pair.decryptor.decrypt_to_vec(&info(), &changed);
        assert_eq!(opened, Ok(frame.clone()), "{what}");
    }

    let mut pair = self::pair(Codec::Av1);
    let frame = [&[0x12, 0, 0x0A, 3, 1, 2, 3][..], &[0x32, 4, 9, 9, 9, 9]].concat();
    let sealed = pair.encryptor.encrypt_to_vec(&info(), &frame).unwrap();
    assert_eq!(sealed[..5], [0x0A, 3, 1, 2, 3], "the sequence header");
    // A depacketizer that puts a delimiter in front and leaves out the last size.
    let carrier = &sealed[5..];
    assert_eq!(carrier[0], 0x32);
    let changed = [&[0x12, 0][..], &sealed[..5], &[0x30], &carrier[2..]].concat();
    let opened = pair.decryptor.decrypt_to_vec(&info(), &changed);
    assert_eq!(opened, Ok(frame));
}

/// In 3,000 frames of 30,000 octets some ciphertexts need escapes.
#[test]
fn ciphertexts_that_need_escapes_come_out_bit_by_bit() {
    let mut pair = pair(Codec::H264(NalFormat::AnnexB));
    let slice = [IDR, &[0x5A; 30_000]].concat();
    let frame = join(NalFormat::AnnexB, &[&slice]);
    let mut storage = vec![0; pair.encryptor.encrypted_len_bound(frame.len())];
    let (mut escaped, mut opened) = (0, vec![0; frame.len()]);
    for _ in 0..3000 {
        let len = pair
            .encryptor
            .encrypt_into(&info(), &frame, &mut storage)
            .unwrap();
        let has_escape = storage[4..len].windows(3).any(|octets| octets == [0, 0, 3]);
        escaped += usize::from(has_escape);
        if has_escape && escaped % 2 == 0 {
            let mut buffer = FrameBuf::new(&mut storage, 0, len).unwrap();
            pair.decryptor
                .decrypt_in_place(&info(), &mut buffer)
                .unwrap();
            assert!(buffer.as_slice() == frame);
            continue;
        }
        let told = pair
            .decryptor
            .decrypt_into(&info(), &storage[..len], &mut opened);
        assert_eq!(told.unwrap().len, frame.len());
        assert!(opened == frame);
    }
    assert!(
        escaped > 3,
        "{escaped} escaped frames: by chance 20 were expected"
    );
}

#[test]
fn what_cannot_be_carried_is_refused_and_costs_nothing() {
    let h264 = Codec::H264(NalFormat::AnnexB);
    let two_layers = [[0x36, 0, 1, 7], [0x36, 8, 1, 7]].concat();
    for (codec, frame, unsupported) in [
        (h264, vec![1, 2, 3], Unsupported::NalFormat),
        (
            Codec::H264(NalFormat::Length4),
            join(NalFormat::AnnexB, &[IDR]),
            Unsupported::NalFormat,
        ),
        (
            h264,
            join(NalFormat::AnnexB, &[&[0x62, 1, 2]]),
            Unsupported::NalType,
        ),
        (
            h264,
            join(NalFormat::AnnexB, &[&[0x6E, 1, 2], IDR]),
            Unsupported::NalType,
        ),
        (
            h264,
            join(NalFormat::AnnexB, &[&[0x65, 0, 0]]),
            Unsupported::SliceHeader,
        ),
        (
            h264,
            join(NalFormat::AnnexB, &[&[0x65]]),
            Unsupported::SliceHeader,
        ),
        (
            Codec::H264(NalFormat::Length1),
            join(NalFormat::Length1, &[&[&IDR[..3], &[1; 240]].concat()]),
            Unsupported::CarrierTooLong,
        ),
        (h264, [&[0, 0, 1], IDR].concat(), Unsupported::NalFormat),
        (
            h264,
            [&[0, 0, 0, 1, 0x65, 0], &[0, 0, 1][..], &IDR[1..]].concat(),
            Unsupported::SliceHeader,
        ),
        (Codec::Av1, vec![0x80], Unsupported::Obu),
        (Codec::Av1, two_layers, Unsupported::SpatialLayers),
    ] {
        let mut pair = pair(codec);
        let refused = pair.encryptor.encrypt_to_vec(&info(), &frame);
        assert_eq!(refused, Err(unsupported.into()));
        assert_eq!(Error::from(unsupported).class(), Class::FixTheCall);
        let mut storage = [frame.clone(), vec![0xEE; 500]].concat();
        let before = storage.clone();
        let mut buffer = FrameBuf::new(&mut storage, 0, frame.len()).unwrap();
        let refused = pair.encryptor.encrypt_in_place(&info(), &mut buffer);
        assert_eq!(refused, Err(unsupported.into()));
        assert_eq!(storage, before);
        assert_eq!(pair.encryptor.totals().errors.total(), 2);
        pair.encryptor
            .set_default_codec(Some(Codec::Opaque))
            .unwrap();
        let sealed = pair.encryptor.encrypt_to_vec(&info(), &frame).unwrap();
        assert_eq!(sealed[0] & 0xF, 0, "CTR 0 is still there");
    }
}

#[test]
fn a_buffer_that_is_too_small_is_told_how_large_it_must_be() {
    let mut pair = pair(Codec::H264(NalFormat::AnnexB));
    let frame = join(NalFormat::AnnexB, &[SPS, PPS, IDR]);
    let Err(Error::BufferTooSmall {
        needed,
        available: 10,
    }) = pair.encryptor.encrypt_into(&info(), &frame, &mut [0; 10])
    else {
        panic!("it was not refused");
    };
    let mut out = vec![0; needed];
    let too_small = pair.encryptor.encrypt_into(&info(), &frame, &mut out[1..]);
    assert!(matches!(too_small, Err(Error::BufferTooSmall { .. })));
    let len = pair
        .encryptor
        .encrypt_into(&info(), &frame, &mut out)
        .unwrap();
    let mut opened = vec![0; frame.len()];
    let small = pair
        .decryptor
        .decrypt_into(&info(), &out[..len], &mut opened[1..]);
    let (needed, available) = (frame.len(), frame.len() - 1);
    assert_eq!(small, Err(Error::BufferTooSmall { needed, available }));
    assert!(
        pair.decryptor
            .decrypt_into(&info(), &out[..len], &mut opened)
            .is_ok()
    );
}

#[test]
fn what_is_no_carrier_is_refused() {
    let h264 = Codec::H264(NalFormat::AnnexB);
    let mut pair = pair(h264);
    let frame = join(NalFormat::AnnexB, &[SPS, PPS, IDR]);
    let sealed = pair.encryptor.encrypt_to_vec(&info(), &frame).unwrap();
    let carrier = split(&sealed)[2].to_vec();
    let cut = &carrier[..carrier.len() - 1];
    for (octets, malformed) in [
        (vec![], Malformed::NoCarrier),
        (join(NalFormat::AnnexB, &[SPS, PPS]), Malformed::NoCarrier),
        (
            join(NalFormat::AnnexB, &[&carrier, &carrier]),
            Malformed::SecondCarrier,
        ),
        (
            join(NalFormat::AnnexB, &[&[cut, &[1]].concat()]),
            Malformed::Carrier,
        ),
        (
            join(NalFormat::AnnexB, &[&carrier[..3]]),
            Malformed::Carrier,
        ),
    ] {
        let refused = pair.decryptor.decrypt_to_vec(&info(), &octets);
        assert_eq!(refused, Err(malformed.into()), "{octets:x?}");
    }
    let opened = pair.decryptor.decrypt_to_vec(&info(), &sealed);
    assert_eq!(opened, Ok(frame), "it was not spent");
}

/// Ciphertexts have escapes in H.264 and H.265 alone: elsewhere these octets are as good as any.
#[test]
fn octets_that_look_like_escapes_stay_where_there_are_none() {
    let garbage = [&[0x10][..], &[0, 0, 3].repeat(20)].concat();
    for codec in [Codec::Opus, Codec::Vp8, Codec::Vp9, Codec::Av1] {
        let mut pair = Pair::new(GCM, Mode::Frame, 1);
        pair.decryptor.set_default_codec(Some(codec)).unwrap();
        let octets = match codec {
            Codec::Opus => garbage.clone(),
            Codec::Vp8 => [&[1, 0, 0, 0, 0, 0], &garbage[..]].concat(),
            Codec::Vp9 => [&[0x86], &garbage[..]].concat(),
            _ => [&[0x32, 61], &garbage[..]].concat(),
        };
        let mut storage = octets.clone();
        let mut buffer = FrameBuf::new(&mut storage, 0, octets.len()).unwrap();
        let in_place = pair
            .decryptor
            .decrypt_in_place(&info(), &mut buffer)
            .map(|_| ());
        let into = pair
            .decryptor
            .decrypt_into(&info(), &octets, &mut [0; 100])
            .map(|_| ());
        for refused in [in_place, into] {
            let failed = matches!(refused, Err(Error::AuthenticationFailed { .. }));
            assert!(failed, "{codec:?}: {refused:?}");
        }
    }
}

/// A frame of another codec than was set must not pass for a parameter set, which is shown.
#[test]
fn a_wrong_codec_shows_no_slice() {
    let slice: Vec<u8> = [SLICE, &[0x5A; 300]].concat();
    // IDR_N_LP, which looks like a picture parameter set of H.264.
    let short: Vec<u8> = [&[0x28, 1][..], &[0xAF; 500]].concat();
    let long: Vec<u8> = [&[0x67, 1][..], &[0xAF; 5000]].concat();
    let h264 = Codec::H264(NalFormat::AnnexB);
    let h265 = Codec::H265(NalFormat::AnnexB);
    let of_lengths: Vec<u8> = [&[0x41, 0x9A][..], &[0x5A; 357]].concat();
    for (codec, frame) in [
        (h265, join(NalFormat::AnnexB, &[&slice])),
        (h265, join(NalFormat::AnnexB, &[IDR])),
        (h264, join(NalFormat::AnnexB, &[&[8, 1, 0xD0, 7, 7]])),
        (h264, join(NalFormat::AnnexB, &[&short])),
        (h264, join(NalFormat::AnnexB, &[&short, &short])),
        (h264, join(NalFormat::AnnexB, &[&long])),
        (h264, join(NalFormat::Length4, &[&of_lengths])),
        (Codec::Av1, vec![8; 60]),
    ] {
        let mut pair = pair(codec);
        match pair.encryptor.encrypt_to_vec(&info(), &frame) {
            Err(refused) => assert!(matches!(refused, Error::Unsupported(_)), "{refused}"),
            Ok(sealed) => {
                let mut shown = frame[4..]
                    .windows(4)
                    .filter(|run| sealed.windows(4).any(|octets| octets == *run));
                assert_eq!(shown.next(), None, "{codec:?}");
            }
        }
    }
}

#[test]
fn nothing_of_a_frame_is_left_where_it_was_moved_from() {
    for codec in [Codec::Opus, Codec::Vp8, Codec::Vp9] {
        let mut pair = pair(codec);
        let frame = [0x5B; 300];
        for offset in [0, 5, 17, 100, 400] {
            let mut storage = [0xEE; 700];
            storage[offset..offset + 300].copy_from_slice(&frame);
            let mut buffer = FrameBuf::new(&mut storage, offset, 300).unwrap();
            pair.encryptor
                .encrypt_in_place(&info(), &mut buffer)
                .unwrap();
            let left = storage.windows(4).filter(|octets| *octets == [0x5B; 4]);
            assert_eq!(left.count(), 0, "{codec:?} from {offset}");
        }
    }
}

#[test]
fn a_frame_whose_key_is_missing_stays_as_it_came() {
    let codec = Codec::H264(NalFormat::AnnexB);
    let mut pair = pair(codec);
    let mut stranger = Pair::new(GCM, Mode::Frame, 5);
    stranger.encryptor.set_default_codec(Some(codec)).unwrap();
    let frame = join(NalFormat::AnnexB, &[SPS, PPS, IDR]);
    let sealed = stranger.encryptor.encrypt_to_vec(&info(), &frame).unwrap();
    let mut storage = sealed.clone();
    let mut buffer = FrameBuf::new(&mut storage, 0, sealed.len()).unwrap();
    let refused = pair
        .decryptor
        .decrypt_in_place(&info(), &mut buffer)
        .map(|_| ());
    assert!(matches!(refused, Err(Error::MissingKey { .. })));
    assert_eq!(buffer.as_slice(), sealed);
}

/// The codec is authenticated: forms that look alike are still told apart.
#[test]
fn the_two_sides_must_set_the_same() {
    let codecs = [
        Codec::Opaque,
        Codec::Opus,
        Codec::Vp8,
        Codec::Vp9,
        Codec::Av1,
    ];
    for sent in codecs {
        for expected in codecs {
            let mut pair = pair(sent);
            pair.decryptor.set_default_codec(Some(expected)).unwrap();
            let frame = [0x32, 2, 7, 7];
            let sealed = pair.encryptor.encrypt_to_vec(&info(), &frame).unwrap();
            let opened = pair.decryptor.decrypt_to_vec(&info(), &sealed);
            assert_eq!(
                opened.is_ok(),
                sent == expected,
                "{sent:?} and {expected:?}"
            );
        }
    }
}

#[test]
fn metadata_of_the_application_is_authenticated_too() {
    let mut pair = pair(Codec::Vp8);
    let with = FrameInfo::default().metadata(b"layer 1");
    let sealed = pair.encryptor.encrypt_to_vec(&with, &[0x11; 50]).unwrap();
    assert!(matches!(
        pair.decryptor.decrypt_to_vec(&info(), &sealed),
        Err(Error::AuthenticationFailed { .. })
    ));
    assert!(pair.decryptor.decrypt_to_vec(&with, &sealed).is_ok());
    let long = vec![0; 65_532];
    let refused = pair
        .encryptor
        .encrypt_to_vec(&FrameInfo::default().metadata(&long), &[1]);
    let (len, max) = (65_532, 65_531);
    assert_eq!(refused, Err(Misuse::MetadataTooLong { len, max }.into()));
}

#[test]
fn each_stream_has_its_codec() {
    let mut pair = pair(Codec::Opaque);
    let (video, audio) = (Ssrc::new(1), Ssrc::new(2));
    for (ssrc, codec) in [(video, Codec::Vp8), (audio, Codec::Opus)] {
        pair.encryptor.set_codec(ssrc, codec).unwrap();
        pair.decryptor.set_codec(ssrc, codec).unwrap();
    }
    // Streams without a codec are sealed as if none had one.
    let (other, mut buffer) = (FrameInfo::new(Ssrc::new(9)), [7; 100]);
    let len = pair
        .encryptor
        .encrypt_at_front(&other, &mut buffer, 50)
        .unwrap();
    assert!(
        pair.decryptor
            .decrypt_at_front(&other, &mut buffer, len)
            .is_ok()
    );
    assert_eq!(buffer[..50], [7; 50]);
    pair.encryptor.set_default_codec(None).unwrap();
    let refused = pair
        .encryptor
        .encrypt_to_vec(&FrameInfo::new(Ssrc::new(9)), b"frame");
    assert_eq!(refused, Err(Misuse::NoCodec.into()));
    let frame = [0x11; 40];
    let sealed = pair
        .encryptor
        .encrypt_to_vec(&FrameInfo::new(video), &frame)
        .unwrap();
    assert_eq!(sealed[..6], [0x11, 0x11, 0x11, 0, 0, 0]);
    for (ssrc, opens) in [(audio, false), (Ssrc::new(3), false), (video, true)] {
        let opened = pair
            .decryptor
            .decrypt_to_vec(&FrameInfo::new(ssrc), &sealed);
        assert_eq!(opened.is_ok(), opens, "stream {ssrc}");
    }
    for number in 3..=1024 {
        pair.encryptor
            .set_codec(Ssrc::new(number), Codec::Opus)
            .unwrap();
    }
    let refused = pair.encryptor.set_codec(Ssrc::new(1025), Codec::Opus);
    assert_eq!(refused, Err(Misuse::CodecStreams { max: 1024 }.into()));
    pair.encryptor.set_codec(video, Codec::Opus).unwrap();
}

#[test]
fn packets_have_no_codec() {
    let mut pair = Pair::new(GCM, Mode::PACKET_1200, 0);
    let refused = Err(Misuse::CodecOfPackets.into());
    assert_eq!(pair.encryptor.set_codec(Ssrc::new(1), Codec::Vp8), refused);
    assert_eq!(pair.encryptor.set_default_codec(None), refused);
    assert_eq!(pair.decryptor.set_codec(Ssrc::new(1), Codec::Vp8), refused);
    assert_eq!(pair.decryptor.set_default_codec(None), refused);
}

#[test]
fn batches_have_the_same_form() {
    let mut pair = pair(Codec::Vp8);
    let text = [0x11; 60];
    let mut storages = vec![[0; 200]; 5];
    let mut frames: Vec<_> = storages
        .iter_mut()
        .map(|storage| {
            storage[40..100].copy_from_slice(&text);
            BatchFrame::new(
                FrameInfo::default(),
                FrameBuf::new(storage, 40, 60).unwrap(),
            )
        })
        .collect();
    encrypt_batch(&mut [EncryptJob::new(&mut pair.encryptor, &mut frames)]);
    let mut sealed: Vec<_> = frames
        .into_iter()
        .map(|frame| {
            let (frame, result) = frame.into_parts();
            assert_eq!(frame.as_slice()[..6], [0x11, 0x11, 0x11, 0, 0, 0]);
            assert!(matches!(result, Some(Ok(_))));
            BatchFrame::new(FrameInfo::default(), frame)
        })
        .collect();
    decrypt_batch(&mut [DecryptJob::new(&mut pair.decryptor, &mut sealed)]);
    for frame in sealed {
        assert!(matches!(frame.result(), Some(Ok(_))));
        assert_eq!(frame.frame().as_slice(), text);
    }
}
