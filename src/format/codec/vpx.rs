//! VP8 and VP9: the first octets of the frame, which say whether it is a key frame and how large the picture is.

/// What VP8 packetizers take for the sizes of the first partition.
const VP8_FILL: &[u8] = &[0, 0, 0];

/// The hint: so many octets of the frame, then these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hint {
    pub(super) copied: usize,
    pub(super) fixed: &'static [u8],
}

impl Hint {
    pub(super) const fn len(self) -> usize {
        self.copied + self.fixed.len()
    }
}

/// Octets of a hint of VP8 by its first octet (RFC 6386 section 9.1): frame tag, and for a key frame start code and size.
const fn vp8_copied(first: u8) -> usize {
    if is_vp8_key(first) { 10 } else { 3 }
}

pub(super) const fn is_vp8_key(first: u8) -> bool {
    first & 1 == 0
}

/// Octets of a hint of VP9 by its first octet: uncompressed header up to the size of a key frame.
const fn vp9_copied(first: u8) -> usize {
    if is_vp9_key(first) { 10 } else { 1 }
}

pub(super) const fn is_vp9_key(first: u8) -> bool {
    // frame_marker, profile bits; profile 3 has a reserved bit; show_existing_frame, frame_type.
    let shift = if first >> 4 & 3 == 3 { 1 } else { 0 };
    first >> 6 == 2 && first >> (2 - shift) & 3 == 0
}

pub(super) fn vp8_hint(frame: &[u8]) -> Hint {
    match frame.first() {
        Some(&first) if frame.len() >= vp8_copied(first) => Hint {
            copied: vp8_copied(first),
            fixed: VP8_FILL,
        },
        _ => Hint {
            copied: 0,
            fixed: &[1, 0, 0, 0, 0, 0],
        },
    }
}

pub(super) fn vp9_hint(frame: &[u8]) -> Hint {
    match frame.first() {
        Some(&first) if frame.len() >= vp9_copied(first) => Hint {
            copied: vp9_copied(first),
            fixed: &[],
        },
        _ => Hint {
            copied: 0,
            fixed: &[0x86],
        },
    }
}

/// Octets of the hint that begins with `first`.
pub(super) const fn vp8_hint_len(first: u8) -> usize {
    vp8_copied(first) + VP8_FILL.len()
}

/// Octets of the hint that begins with `first`.
pub(super) const fn vp9_hint_len(first: u8) -> usize {
    vp9_copied(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_receiver_takes_as_many_octets_as_the_sender_wrote() {
        for first in 0..=u8::MAX {
            for len in 0..20 {
                let mut frame = vec![0xAA; len];
                if let Some(octet) = frame.first_mut() {
                    *octet = first;
                }
                for (hint, hint_len) in [
                    (vp8_hint(&frame), vp8_hint_len as fn(u8) -> usize),
                    (vp9_hint(&frame), vp9_hint_len),
                ] {
                    let octets = [&frame[..hint.copied], hint.fixed].concat();
                    assert_eq!(hint_len(octets[0]), hint.len(), "{first:#x}, {len} octets");
                }
            }
        }
    }

    #[test]
    fn key_frames_are_told_by_their_octets() {
        assert_eq!(vp8_hint(&[0x10; 30]).copied, 10);
        assert_eq!(vp8_hint(&[0x11; 30]).copied, 3);
        // Profile 0: 10 0 0 0 0 1 x (key), 10 0 0 0 1 (not), 10 0 0 1 (shows an existing frame).
        assert_eq!(vp9_hint(&[0b1000_0010; 30]).copied, 10);
        assert_eq!(vp9_hint(&[0b1000_0110; 30]).copied, 1);
        assert_eq!(vp9_hint(&[0b1000_1000; 30]).copied, 1);
        // Profile 3: 10 1 1 0 0 0 1 (key), 10 1 1 0 0 1 (not).
        assert_eq!(vp9_hint(&[0b1011_0001; 30]).copied, 10);
        assert_eq!(vp9_hint(&[0b1011_0010; 30]).copied, 1);
        // Another frame_marker.
        assert_eq!(vp9_hint(&[0b0100_0000; 30]).copied, 1);
    }
}
