//! AV1: the sequence header if there is one, then one OBU of type frame.

use core::ops::Range;

use super::Located;
use crate::error::{Malformed, Unsupported};

const SEQUENCE_HEADER: u8 = 1;
const FRAME_HEADER: u8 = 3;
const FRAME: u8 = 6;

/// The bits of an OBU header, AV1 section 5.3.2.
const FORBIDDEN: u8 = 0x80;
const HAS_EXTENSION: u8 = 0x04;
const HAS_SIZE: u8 = 0x02;

/// Octets of the longest size field, which may be padded (section 4.10.5).
const MAX_SIZE_LEN: usize = 8;
/// Octets of the longest that we write.
const OWN_SIZE_LEN: usize = 5;
/// Octets of the longest sequence header that is shown. Those of encoders have a dozen; a longer one is a frame of another codec than was set.
const MAX_SEQUENCE_HEADER: usize = 1024;

/// An OBU where it lies.
#[derive(Clone, Debug)]
pub(crate) struct Obu {
    pub(crate) header: u8,
    pub(crate) extension: Option<u8>,
    pub(crate) payload: Range<usize>,
}

impl Obu {
    pub(crate) const fn kind(&self) -> u8 {
        self.header >> 3 & 0xF
    }

    fn spatial_id(&self) -> u8 {
        self.extension.map_or(0, |extension| extension >> 3 & 3)
    }

    /// Reads the OBU at `at`.
    pub(crate) fn read(octets: &[u8], at: usize) -> Option<Self> {
        let mut next = at;
        let mut take = || {
            let octet = octets.get(next).copied();
            next += 1;
            octet
        };
        let header = take().filter(|header| header & FORBIDDEN == 0)?;
        let extension = if header & HAS_EXTENSION == 0 {
            None
        } else {
            Some(take()?)
        };
        let mut size = None;
        if header & HAS_SIZE != 0 {
            let mut value = 0_u64;
            for place in 0..MAX_SIZE_LEN {
                let octet = take()?;
                value |= u64::from(octet & 0x7F) << (7 * place);
                if octet & 0x80 == 0 {
                    size = Some(value);
                    break;
                }
            }
            size?;
        }
        let rest = octets.len().checked_sub(next)?;
        let len = match size {
            Some(size) => usize::try_from(size).ok().filter(|&len| len <= rest)?,
            None => rest,
        };
        Some(Self {
            header,
            extension,
            payload: next..next + len,
        })
    }
}

/// Octets of a size field (leb128, AV1 section 4.10.5), minimal.
const fn size_len(size: usize) -> usize {
    let bits = usize::BITS - (size | 1).leading_zeros();
    bits.div_ceil(7) as usize
}

/// Writes an OBU header with its size and returns its length.
pub(crate) fn write_header(
    header: u8,
    extension: Option<u8>,
    size: usize,
    out: &mut [u8],
) -> usize {
    let mut at = 0;
    let mut put = |octet| {
        out[at] = octet;
        at += 1;
    };
    put(header);
    if let Some(extension) = extension {
        put(extension);
    }
    let mut left = size;
    loop {
        let [low, ..] = left.to_le_bytes();
        left >>= 7;
        if left == 0 {
            put(low);
            return at;
        }
        put(low | 0x80);
    }
}

/// Tells whether the first frame header is a key frame's; nothing if there is none.
pub(super) fn is_key_frame(frame: &[u8]) -> Option<bool> {
    let mut at = 0;
    while at < frame.len() {
        let obu = Obu::read(frame, at)?;
        at = obu.payload.end;
        if matches!(obu.kind(), FRAME | FRAME_HEADER) {
            // show_existing_frame, two bits of frame_type (section 5.9.2).
            return frame.get(obu.payload.start).map(|first| first & 0xE0 == 0);
        }
    }
    None
}

/// What stands before the SFrame ciphertext of a frame.
#[derive(Debug)]
pub(super) struct Plan {
    sequence_header: Option<Obu>,
    extension: Option<u8>,
}

impl Plan {
    pub(super) fn of(frame: &[u8]) -> Result<Self, Unsupported> {
        let mut plan = Self {
            sequence_header: None,
            extension: None,
        };
        let mut layer = None;
        let mut at = 0;
        while at < frame.len() {
            let obu = Obu::read(frame, at).ok_or(Unsupported::Obu)?;
            at = obu.payload.end;
            match obu.kind() {
                // Without a size it would be all that follows.
                SEQUENCE_HEADER
                    if obu.header & HAS_SIZE == 0 || obu.payload.len() > MAX_SEQUENCE_HEADER =>
                {
                    return Err(Unsupported::Obu);
                }
                SEQUENCE_HEADER if plan.sequence_header.is_none() => {
                    plan.sequence_header = Some(obu);
                }
                FRAME | FRAME_HEADER => match layer {
                    None => {
                        layer = Some(obu.spatial_id());
                        plan.extension = obu.extension;
                    }
                    Some(layer) if layer != obu.spatial_id() => {
                        return Err(Unsupported::SpatialLayers);
                    }
                    Some(_) => {}
                },
                _ => {}
            }
        }
        Ok(plan)
    }

    pub(super) fn has_sequence_header(&self) -> bool {
        self.sequence_header.is_some()
    }

    fn hint_len(&self) -> usize {
        self.sequence_header.as_ref().map_or(0, |obu| {
            let len = obu.payload.len();
            1 + usize::from(obu.extension.is_some()) + size_len(len) + len
        })
    }

    pub(super) fn front_len(&self, sframe_len: usize) -> usize {
        let carrier = 1 + usize::from(self.extension.is_some()) + size_len(sframe_len);
        self.hint_len() + carrier
    }

    pub(super) fn write_front(&self, frame: &[u8], front: &mut [u8], sframe_len: usize) {
        let mut at = 0;
        if let Some(obu) = &self.sequence_header {
            let payload = &frame[obu.payload.clone()];
            at = write_header(obu.header | HAS_SIZE, obu.extension, payload.len(), front);
            front[at..at + payload.len()].copy_from_slice(payload);
            at += payload.len();
        }
        let has_extension = self.extension.map_or(0, |_| HAS_EXTENSION);
        let header = FRAME << 3 | has_extension | HAS_SIZE;
        write_header(header, self.extension, sframe_len, &mut front[at..]);
    }
}

/// The most octets before the SFrame ciphertext of a frame of `len` octets.
pub(super) const fn most_before(len: usize) -> usize {
    // A size field more than the frame had, and the carrier's own header.
    len + OWN_SIZE_LEN + 2 + OWN_SIZE_LEN
}

/// Finds the SFrame ciphertext in what a packetizer gave back.
pub(super) fn locate(octets: &[u8]) -> Result<Located, Malformed> {
    let mut at = 0;
    while at < octets.len() {
        let obu = Obu::read(octets, at).ok_or(Malformed::Carrier)?;
        if obu.kind() == FRAME {
            return Ok(Located {
                range: obu.payload,
                escapes: 0,
            });
        }
        at = obu.payload.end;
    }
    Err(Malformed::NoCarrier)
}

/// Tells whether nothing stands around a ciphertext but its OBU and one sequence header.
pub(super) fn is_bare(octets: &[u8], carrier: &Range<usize>) -> bool {
    let Some(first) = Obu::read(octets, 0) else {
        return false;
    };
    let is_hint = first.kind() == SEQUENCE_HEADER && first.payload.len() <= MAX_SEQUENCE_HEADER;
    let second = match is_hint {
        true => Obu::read(octets, first.payload.end),
        false => Some(first),
    };
    carrier.end == octets.len() && second.is_some_and(|second| second.payload == *carrier)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_minimal_and_read_again() {
        for size in [
            0,
            1,
            127,
            128,
            16_383,
            16_384,
            2_097_151,
            2_097_152,
            1 << 29,
        ] {
            let mut out = [0; 8];
            let len = write_header(FRAME << 3 | HAS_SIZE, None, size, &mut out);
            assert_eq!(len, 1 + size_len(size), "{size}");
            let octets = [&out[..len], &[9; 200]].concat();
            let read = Obu::read(&octets, 0).map(|obu| obu.payload.len());
            assert_eq!(read, (size <= 200).then_some(size));
        }
    }

    #[test]
    fn what_is_no_obu_is_refused() {
        for octets in [
            &[0x80][..],
            &[0x36],
            &[0x32, 2, 0],
            &[0x32, 0x80],
            &[0x32, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x80],
        ] {
            assert!(Obu::read(octets, 0).is_none(), "{octets:?}");
            assert_eq!(Plan::of(octets).err(), Some(Unsupported::Obu));
        }
    }

    #[test]
    fn padded_sizes_are_read() {
        let obu = Obu::read(&[0x32, 0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0, 9], 0);
        assert_eq!(obu.map(|obu| obu.payload), Some(9..10));
    }

    #[test]
    fn what_would_be_shown_whole_is_refused() {
        let long = [
            &[SEQUENCE_HEADER << 3 | HAS_SIZE, 0x81, 0x08][..],
            &[7; 1025],
        ]
        .concat();
        for octets in [&[SEQUENCE_HEADER << 3, 1, 2, 3][..], &long] {
            assert_eq!(Plan::of(octets).err(), Some(Unsupported::Obu));
        }
    }

    #[test]
    fn two_spatial_layers_in_one_frame_are_refused() {
        let layer = |id: u8| [FRAME << 3 | HAS_EXTENSION | HAS_SIZE, id << 3, 1, 7];
        let two = [layer(0), layer(1)].concat();
        assert_eq!(Plan::of(&two).err(), Some(Unsupported::SpatialLayers));
        let one = [layer(1), layer(1)].concat();
        assert_eq!(Plan::of(&one).unwrap().extension, Some(1 << 3));
    }
}
