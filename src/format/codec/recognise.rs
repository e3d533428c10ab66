//! Which codec's frame octets are, by marks that chance hardly makes.

use super::nal::{Nals, is_in_form};
use super::{Codec, NalFormat};

/// NAL units with a length of one that is no NAL unit's are not taken for a frame.
const LEAST_NAL: usize = 2;

/// The codec as whose frame octets read; nothing for those that could be anything, as audio and most VP8 and VP9 frames that are no key frames.
pub(crate) fn reads_as(octets: &[u8]) -> Option<Codec> {
    match octets {
        [0, 0, 1, header, next, ..] | [0, 0, 0, 1, header, next, ..] => {
            nal_codec(*header, *next, NalFormat::AnnexB)
        }
        // Frame tag, start code (RFC 6386 section 9.1).
        [tag, _, _, 0x9d, 0x01, 0x2a, ..] if tag & 1 == 0 => Some(Codec::Vp8),
        // Uncompressed header of a key frame, with its sync code.
        [first, 0x49, 0x83, 0x42, ..] if first >> 6 == 2 => Some(Codec::Vp9),
        // A temporal delimiter, and what follows it.
        [0x12, 0, next, ..] if next & 0x80 == 0 => Some(Codec::Av1),
        [0x0a, ..] if is_row_of_obus(octets) => Some(Codec::Av1),
        [_, _, _, _, header, next, ..] if sums_up(octets) => {
            nal_codec(*header, *next, NalFormat::Length4)
        }
        _ => None,
    }
}

/// The standard of a NAL unit that begins so.
fn nal_codec(header: u8, next: u8, format: NalFormat) -> Option<Codec> {
    // H.265: forbidden bit, six bits of type, layer 0, a temporal id.
    let is_h265 = header & 0x81 == 0
        && (1..=7).contains(&next)
        && matches!(header >> 1, 0..=9 | 16..=21 | 32..=40);
    if is_h265 {
        return Some(Codec::H265(format));
    }
    let kind = header & 0x1f;
    let is_reference = header >> 5 & 3 != 0;
    let is_h264 = header & 0x80 == 0
        && match kind {
            1 => true,
            5 | 7 | 8 => is_reference,
            6 | 9 => !is_reference,
            _ => false,
        };
    is_h264.then_some(Codec::H264(format))
}

/// Tells whether octets are NAL units behind lengths of four octets, that sum up.
fn sums_up(octets: &[u8]) -> bool {
    if !is_in_form(octets, NalFormat::Length4) {
        return false;
    }
    let mut nals = Nals::new(octets, NalFormat::Length4);
    while let Ok(Some(nal)) = nals.next_nal() {
        if nal.len() < LEAST_NAL {
            return false;
        }
    }
    true
}

fn is_row_of_obus(octets: &[u8]) -> bool {
    super::av1::Plan::of(octets).is_ok_and(|plan| plan.has_sequence_header())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_each_codec_are_told_apart() {
        for (octets, expected) in [
            (
                &[0, 0, 0, 1, 0x67, 0x42][..],
                Some(Codec::H264(NalFormat::AnnexB)),
            ),
            (&[0, 0, 1, 0x41, 0x9a], Some(Codec::H264(NalFormat::AnnexB))),
            (&[0, 0, 0, 1, 9, 0xf0], Some(Codec::H264(NalFormat::AnnexB))),
            (
                &[0, 0, 0, 1, 0x40, 1, 12],
                Some(Codec::H265(NalFormat::AnnexB)),
            ),
            (
                &[0, 0, 0, 1, 0x26, 1, 0xaf],
                Some(Codec::H265(NalFormat::AnnexB)),
            ),
            (
                &[0, 0, 0, 1, 2, 1, 0xd0],
                Some(Codec::H265(NalFormat::AnnexB)),
            ),
            (
                &[0, 0, 0, 2, 0x67, 0x42, 0, 0, 0, 3, 0x65, 0x88, 0x84],
                Some(Codec::H264(NalFormat::Length4)),
            ),
            (
                &[0, 0, 0, 2, 0x67, 0x42, 0, 0, 0, 9, 0x65, 0x88, 0x84],
                None,
            ),
            (&[0x50, 1, 2, 0x9d, 1, 0x2a, 0x80], Some(Codec::Vp8)),
            (&[0x51, 1, 2, 0x9d, 1, 0x2a, 0x80], None),
            (&[0x82, 0x49, 0x83, 0x42, 0], Some(Codec::Vp9)),
            (&[0x12, 0, 0x0a, 1, 7], Some(Codec::Av1)),
            (&[0x0a, 1, 7, 0x32, 1, 9], Some(Codec::Av1)),
            (&[0x0a, 9, 7, 0x32, 1, 9], None),
            (&[], None),
            (&[0; 40], None),
            (&[0xff; 40], None),
        ] {
            assert_eq!(reads_as(octets), expected, "{octets:02x?}");
        }
    }

    #[test]
    fn media_of_encoders_are_recognised() {
        let h264 = include_bytes!("../../../examples/media/camera-h264.h264");
        assert_eq!(reads_as(h264), Some(Codec::H264(NalFormat::AnnexB)));
        // The first frame of a file: behind headers of 32 and 12 octets.
        let vp8 = include_bytes!("../../../examples/media/camera-vp8.ivf");
        assert_eq!(reads_as(&vp8[44..]), Some(Codec::Vp8));
        let av1 = include_bytes!("../../../examples/media/screen-av1.ivf");
        assert_eq!(reads_as(&av1[44..]), Some(Codec::Av1));
    }
}
