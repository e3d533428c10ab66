//! What a codec-aware frame shows in clear by design, found without the library: parameter sets, sequence headers, and whether it is a key frame.

use std::ops::Range;

use mediaseal::format::codec::Codec;

/// Octets of a carrier's head that can be those of the frame: a start code, a NAL header and two octets of slice header; or an OBU header and size.
const HEAD: usize = 7;

/// Tells whether a frame is a key frame, by what relays look at; the same for an encoder's frame and for a codec-aware one.
pub(crate) fn is_key_frame(codec: Codec, octets: &[u8]) -> bool {
    match codec {
        Codec::H264(_) => nal_units(octets).any(|(kind, _)| matches!(kind, 5 | 7)),
        Codec::Vp8 => octets.first().is_some_and(|first| first & 1 == 0),
        Codec::Vp9 => octets.first().is_some_and(|first| {
            // Profile 3 has a reserved bit before the two that count.
            let bits = if first & 0x30 == 0x30 {
                first << 1
            } else {
                *first
            };
            first >> 6 == 2 && bits & 0x0c == 0
        }),
        Codec::Av1 => sequence_header(octets).is_some(),
        _ => false,
    }
}

/// Returns the parts of an encoder's frame that its codec-aware form shows.
pub(crate) fn shown(codec: Codec, frame: &[u8]) -> Vec<Range<usize>> {
    let longer = |end: usize| (end + HEAD).min(frame.len());
    match codec {
        Codec::H264(_) => {
            let mut parts: Vec<Range<usize>> = Vec::new();
            for (kind, place) in nal_units(frame) {
                match (kind, parts.last_mut()) {
                    (1 | 5, _) => break,
                    (7 | 8 | 13 | 15, Some(part)) if place.start < part.end => {
                        part.end = longer(place.end);
                    }
                    (7 | 8 | 13 | 15, _) => parts.push(place.start..longer(place.end)),
                    _ => {}
                }
            }
            parts
        }
        Codec::Av1 => {
            let part = sequence_header(frame);
            part.map(|part| part.start..longer(part.end))
                .into_iter()
                .collect()
        }
        _ => Vec::new(),
    }
}

/// The NAL units of a byte stream: type, and the place with its start code.
fn nal_units(octets: &[u8]) -> impl Iterator<Item = (u8, Range<usize>)> {
    let next = |from: usize| {
        let codes = octets.get(from..)?.windows(3);
        let at = from + { codes }.position(|octets| octets == [0, 0, 1])?;
        Some(if at > from && octets[at - 1] == 0 {
            at - 1
        } else {
            at
        })
    };
    let mut start = next(0);
    std::iter::from_fn(move || {
        let begin = start?;
        let code = if octets[begin + 2] == 1 { 3 } else { 4 };
        start = next(begin + code);
        let header = octets.get(begin + code)?;
        Some((header & 0x1f, begin..start.unwrap_or(octets.len())))
    })
}

/// Where the sequence header of a temporal unit stands, if it has one before its first frame.
fn sequence_header(octets: &[u8]) -> Option<Range<usize>> {
    let mut at = 0;
    loop {
        let header = *octets.get(at)?;
        let kind = header >> 3 & 15;
        let mut size_at = at + 1 + usize::from(header >> 2 & 1);
        if header & 2 == 0 || !matches!(kind, 1 | 2) {
            return None;
        }
        let mut size = 0;
        for shift in (0..28).step_by(7) {
            let octet = *octets.get(size_at)?;
            size_at += 1;
            size |= usize::from(octet & 0x7f) << shift;
            if octet & 0x80 == 0 {
                break;
            }
        }
        let end = size_at + size;
        if kind == 1 {
            return (end <= octets.len()).then_some(at..end);
        }
        at = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mediaseal::format::codec::NalFormat;

    const H264: Codec = Codec::H264(NalFormat::AnnexB);

    #[test]
    fn parameter_sets_are_shown_and_nothing_else() {
        let delimiter = [0, 0, 0, 1, 9, 0xf0];
        let sets = [0, 0, 0, 1, 0x67, 1, 2, 3, 0, 0, 0, 1, 0x68, 4, 5];
        let message = [0, 0, 1, 6, 5, 5, 5, 5, 5, 5, 5, 5];
        let slice = [0, 0, 1, 0x65, 0x88, 7, 7, 7, 7, 7, 7, 7];
        let frame = [&delimiter[..], &sets, &message, &slice].concat();
        let expected = 6..6 + 15 + HEAD;
        assert_eq!(
            shown(H264, &frame).as_slice(),
            std::slice::from_ref(&expected)
        );
        assert!(is_key_frame(H264, &frame));
        let apart = [&sets[..], &[0, 0, 1, 6], &[5; 20], &sets, &slice].concat();
        assert_eq!(shown(H264, &apart), [0..15 + HEAD, 39..39 + 15 + HEAD]);
        let delta = [&delimiter[..], &[0, 0, 1, 0x41, 0x9a, 1, 2, 3]].concat();
        assert!(shown(H264, &delta).is_empty() && !is_key_frame(H264, &delta));
        for odd in [&[][..], &[0, 0, 1], &[0, 0, 0, 1], &[1, 0, 0]] {
            assert!(shown(H264, odd).is_empty() && !is_key_frame(H264, odd));
        }
    }

    #[test]
    fn a_sequence_header_is_shown() {
        let frame = [
            0x12, 0, 0x0a, 3, 1, 2, 3, 0x32, 200, 1, 9, 9, 9, 9, 9, 9, 9, 9,
        ];
        let expected = 2..7 + HEAD;
        assert_eq!(
            shown(Codec::Av1, &frame).as_slice(),
            std::slice::from_ref(&expected)
        );
        assert!(is_key_frame(Codec::Av1, &frame));
        for odd in [
            &[][..],
            &[0x12],
            &[0x12, 0],
            &[0x0a, 9, 1],
            &[0x32, 1, 1],
            &[0x0a, 0x80, 0x80],
        ] {
            assert!(shown(Codec::Av1, odd).is_empty() && !is_key_frame(Codec::Av1, odd));
        }
    }

    #[test]
    fn key_frames_of_vp8_and_vp9_are_told_by_a_bit() {
        assert!(is_key_frame(Codec::Vp8, &[0x50]) && !is_key_frame(Codec::Vp8, &[0x51]));
        assert!(is_key_frame(Codec::Vp9, &[0x82]) && !is_key_frame(Codec::Vp9, &[0x86]));
        assert!(is_key_frame(Codec::Vp9, &[0xb0]) && !is_key_frame(Codec::Vp9, &[0xb2]));
        assert!(
            !is_key_frame(Codec::Vp9, &[0x8a]),
            "an old frame shown again"
        );
        assert!(!is_key_frame(Codec::Vp8, &[]) && !is_key_frame(Codec::Vp9, &[]));
    }
}
