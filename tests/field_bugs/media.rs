//! Frames of real encoders, and the parts of them that nobody on the way may read.

use std::collections::HashSet;
use std::io::Cursor;

use mediaseal::{Codec, Mode, NalFormat};
use ogg::PacketReader;

use crate::common::{GCM, Pair};

pub(crate) const H264: Codec = Codec::H264(NalFormat::AnnexB);
pub(crate) const H265: Codec = Codec::H265(NalFormat::AnnexB);
/// An access unit delimiter of H.264, with which each access unit of the file begins.
const DELIMITER: [u8; 5] = [0, 0, 0, 1, 9];

/// A stream as an encoder gave it, frame by frame.
#[derive(Clone)]
pub(crate) struct Stream {
    pub(crate) codec: Codec,
    pub(crate) frames: Vec<Vec<u8>>,
}

/// Two sides that hold the same key and have set the same codec.
pub(crate) fn pair(codec: Codec) -> Pair {
    let mut pair = Pair::new(GCM, Mode::Frame, 0);
    pair.encryptor.set_default_codec(Some(codec)).unwrap();
    pair.decryptor.set_default_codec(Some(codec)).unwrap();
    pair
}

pub(crate) fn h264() -> Stream {
    let file = include_bytes!("../../examples/media/camera-h264.h264");
    let mut starts: Vec<usize> = (0..file.len() - DELIMITER.len())
        .filter(|&at| file[at..].starts_with(&DELIMITER))
        .collect();
    assert_eq!(starts[0], 0);
    starts.push(file.len());
    let units = starts.windows(2);
    let frames = units.map(|ends| file[ends[0]..ends[1]].to_vec()).collect();
    let codec = H264;
    Stream { codec, frames }
}

pub(crate) fn vp8() -> Stream {
    ivf(
        Codec::Vp8,
        include_bytes!("../../examples/media/camera-vp8.ivf"),
    )
}

pub(crate) fn av1() -> Stream {
    ivf(
        Codec::Av1,
        include_bytes!("../../examples/media/screen-av1.ivf"),
    )
}

fn ivf(codec: Codec, file: &[u8]) -> Stream {
    let (mut rest, mut frames) = (&file[32..], Vec::new());
    while let Some((len, after)) = rest.split_first_chunk::<4>() {
        let len = usize::try_from(u32::from_le_bytes(*len)).unwrap();
        frames.push(after[8..8 + len].to_vec());
        rest = &after[8 + len..];
    }
    Stream { codec, frames }
}

pub(crate) fn opus() -> Stream {
    let file = include_bytes!("../../examples/media/speech.ogg");
    let mut reader = PacketReader::new(Cursor::new(&file[..]));
    let mut frames = Vec::new();
    while let Some(packet) = reader.read_packet().unwrap() {
        frames.push(packet.data);
    }
    // OpusHead and OpusTags.
    frames.drain(..2);
    let codec = Codec::Opus;
    Stream { codec, frames }
}

/// Frames in the form of H.265, since no encoder of it made a file here: parameter sets and slices with headers that can be read.
pub(crate) fn h265() -> Stream {
    let sets: [&[u8]; 3] = [
        &[0x40, 1, 0x0C, 1, 0xFF, 0xFF],
        &[0x42, 1, 1, 1, 0x60],
        &[0x44, 1, 0xC1, 0x72, 0xB4],
    ];
    let frames = (0..120_usize).map(|number| {
        let is_key = number % 30 == 0;
        let head: &[u8] = if is_key {
            &[0x26, 1, 0xAF]
        } else {
            &[0x02, 1, 0xD0]
        };
        let slice = body(head, number, 300 + 37 * number);
        let mut nals = if is_key { sets.to_vec() } else { Vec::new() };
        nals.push(&slice);
        join(&nals)
    });
    let (codec, frames) = (H265, frames.collect());
    Stream { codec, frames }
}

/// Frames in the form of VP9, likewise.
pub(crate) fn vp9() -> Stream {
    let frames = (0..120_usize).map(|number| {
        let head: &[u8] = if number % 30 == 0 {
            &[0x82, 0x49, 0x83, 0x42, 0, 0x27, 0xF0, 0x16, 0x70, 0]
        } else {
            &[0x86]
        };
        body(head, number, 300 + 37 * number)
    });
    let (codec, frames) = (Codec::Vp9, frames.collect());
    Stream { codec, frames }
}

/// A head, and octets of which no four are zero: what an entropy coder leaves.
fn body(head: &[u8], number: usize, len: usize) -> Vec<u8> {
    let mut dice = crate::common::Dice(number as u64);
    let octets = (0..len).map(|_| u8::try_from(1 + dice.roll(255)).unwrap());
    head.iter().copied().chain(octets).collect()
}

/// One stream of each codec, of real encoders where there are files.
pub(crate) fn streams() -> Vec<Stream> {
    vec![h264(), h265(), vp8(), vp9(), av1(), opus()]
}

/// NAL units, each behind a start code of four octets.
pub(crate) fn join(nals: &[&[u8]]) -> Vec<u8> {
    let parts = nals.iter().map(|nal| [&[0, 0, 0, 1], *nal].concat());
    parts.collect::<Vec<_>>().concat()
}

/// The NAL units between start codes, found as depacketizers and decoders find them (H.264 section B.2).
pub(crate) fn nal_units(octets: &[u8]) -> Vec<&[u8]> {
    let starts: Vec<usize> = (3..=octets.len())
        .filter(|&at| octets[at - 3..at] == [0, 0, 1])
        .collect();
    let ends = starts.iter().skip(1).map(|start| start - 3);
    let ranges = starts.iter().zip(ends.chain([octets.len()]));
    ranges
        .map(|(&start, end)| {
            let nal = &octets[start..end];
            let zeros = nal.iter().rev().take_while(|&&octet| octet == 0).count();
            &nal[..nal.len() - zeros]
        })
        .collect()
}

/// What nobody on the way may read of a frame: all but what the page on codecs shows.
pub(crate) fn hidden(codec: Codec, frame: &[u8]) -> Vec<&[u8]> {
    let from = |at: usize| vec![frame.get(at..).unwrap_or_default()];
    match codec {
        Codec::H264(_) => nal_units(frame)
            .into_iter()
            .filter(|nal| !matches!(nal[0] & 0x1F, 7 | 8 | 13 | 15))
            .filter_map(|nal| nal.get(8..))
            .collect(),
        Codec::H265(_) => nal_units(frame)
            .into_iter()
            .filter(|nal| !matches!(nal[0] >> 1 & 0x3F, 32..=34))
            .filter_map(|nal| nal.get(8..))
            .collect(),
        Codec::Vp8 | Codec::Vp9 => from(10),
        // Behind temporal delimiter and sequence header.
        Codec::Av1 => from(32),
        _ => from(0),
    }
}

/// How many runs of eight octets of the hidden parts can be read in `octets`.
pub(crate) fn readable(octets: &[u8], hidden: &[&[u8]]) -> usize {
    let runs: HashSet<&[u8]> = hidden
        .iter()
        .flat_map(|part| part.chunks_exact(8))
        .collect();
    octets.windows(8).filter(|run| runs.contains(run)).count()
}
