//! H.264 and H.265: copies of the parameter sets, then one NAL unit that looks like a slice to whoever reads no further than its header.
//!
//! ```text
//!  00 00 00 01 SPS  00 00 00 01 PPS  00 00 00 01 | NAL header | slice header | SFrame, escaped | 80 |
//!  |<------------- hint ----------->|<------------------------- carrier -------------------------->|
//! ```

use core::ops::Range;

use super::bits::{BitWriter, Bits, Head};
use super::emulation;
use super::nal::{Nals, is_in_form};
use super::{Located, NalFormat};
use crate::error::{Malformed, Unsupported};

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standard {
    H264,
    H265,
}

/// What a NAL unit is to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Slice,
    ParameterSet,
    /// It makes frames that one carrier cannot stand for.
    Unsupported,
    Other,
}

/// Octets in which a slice header says what is read of it, escapes included.
const SLICE_HEADER: usize = 24;
/// Octets of the longest parameter set that is shown. Those of encoders have some dozens, with all scaling lists under 2,000; a longer one is a slice of another codec than was set.
const MAX_PARAMETER_SET: usize = 4096;

impl Standard {
    const fn header_len(self) -> usize {
        match self {
            Self::H264 => 1,
            Self::H265 => 2,
        }
    }

    /// What begins like `nal` is. Headers that no unit of the standard has are another codec's, which would be shown in clear if it passed for a parameter set.
    fn role(self, nal: &[u8]) -> Role {
        if nal.first().is_some_and(|first| first & 0x80 != 0) {
            return Role::Unsupported;
        }
        match (self, nal) {
            (Self::H264, [first, ..]) => match first & 0x1F {
                1 | 5 => Role::Slice,
                // nal_ref_idc is not 0 (section 7.4.1).
                7 | 8 | 13 | 15 if first >> 5 != 0 => Role::ParameterSet,
                // Data partitions; prefixes and slices of SVC, MVC and 3D.
                2..=4 | 7 | 8 | 13..=15 | 20 | 21 => Role::Unsupported,
                _ => Role::Other,
            },
            (Self::H265, [first, second, ..]) => {
                // nuh_layer_id, six bits.
                let is_base = first & 1 == 0 && second >> 3 == 0;
                match first >> 1 & 0x3F {
                    0..=34 if !is_base => Role::Unsupported,
                    0..=31 => Role::Slice,
                    32..=34 => Role::ParameterSet,
                    _ => Role::Other,
                }
            }
            _ => Role::Other,
        }
    }

    /// Tells a set that says what a sequence of pictures has in common from one of single pictures.
    fn is_sequence_set(self, nal: &[u8]) -> bool {
        match (self, nal) {
            (Self::H264, [first, ..]) => matches!(first & 0x1F, 7 | 15),
            (Self::H265, [first, ..]) => matches!(first >> 1 & 0x3F, 32 | 33),
            _ => false,
        }
    }

    /// NAL header and slice header of the carrier of a frame whose first slice is `slice`.
    fn head(self, slice: &[u8]) -> Result<Head, Unsupported> {
        let (header, rest) = slice
            .split_at_checked(self.header_len())
            .ok_or(Unsupported::SliceHeader)?;
        let mut octets = [0; SLICE_HEADER];
        let raw = &rest[..rest.len().min(SLICE_HEADER)];
        let len = emulation::copy_without(raw, 0, &mut octets);
        self.read(header, &octets[..len])
            .ok_or(Unsupported::SliceHeader)
    }

    fn read(self, header: &[u8], slice: &[u8]) -> Option<Head> {
        let mut bits = Bits::new(slice);
        let out = BitWriter::behind(header);
        match self {
            Self::H264 => {
                let _first_macroblock = bits.number()?;
                let slice_type = bits.number().filter(|&slice_type| slice_type <= 9)?;
                let parameters = bits.number().filter(|&id| id <= 255)?;
                Some(out.number(0).number(slice_type).number(parameters).stop())
            }
            Self::H265 => {
                let _is_first = bits.bit()?;
                let mut out = out.bit(true);
                if is_random_access(header) {
                    out = out.bit(bits.bit()?);
                }
                let parameters = bits.number().filter(|&id| id <= 63)?;
                Some(out.number(parameters).stop())
            }
        }
    }

    /// The head of the carrier of a frame without slices.
    fn head_without_slice(self) -> Head {
        match self {
            Self::H264 => BitWriter::behind(&[1]).number(0).number(5).number(0).stop(),
            Self::H265 => BitWriter::behind(&[2, 1]).bit(true).number(0).stop(),
        }
    }

    /// Reads the head of a carrier and returns its length.
    fn head_len(self, nal: &[u8]) -> Option<usize> {
        let (header, rest) = nal.split_at_checked(self.header_len())?;
        let mut bits = Bits::new(rest);
        match self {
            Self::H264 => {
                for _ in 0..3 {
                    bits.number()?;
                }
            }
            Self::H265 => {
                bits.bit()?;
                if is_random_access(header) {
                    bits.bit()?;
                }
                bits.number()?;
            }
        }
        Some(header.len() + bits.stop()?)
    }
}

/// Types 16 to 23 of H.265, whose slice headers have a bit more.
fn is_random_access(header: &[u8]) -> bool {
    header
        .first()
        .is_some_and(|first| matches!(first >> 1 & 0x3F, 16..=23))
}

/// Tells whether the first slice of a frame is of a picture from which decoding can begin; nothing if it has no slice.
pub(super) fn is_key_frame(standard: Standard, format: NalFormat, frame: &[u8]) -> Option<bool> {
    let mut nals = Nals::new(frame, format);
    while let Ok(Some(start)) = nals.next_start() {
        let nal = &frame[start..nals.known_end()];
        if standard.role(nal) == Role::Slice {
            return Some(match standard {
                Standard::H264 => nal.first().is_some_and(|first| first & 0x1F == 5),
                Standard::H265 => is_random_access(nal),
            });
        }
    }
    None
}

/// Room for escapes in a carrier with a length before it: more than any ciphertext of so few octets ever needs.
const FEW_ESCAPES: usize = 16;

/// What a NAL unit says of itself: its first octets, up to the next start code.
fn beginning(frame: &[u8], nal: Range<usize>) -> &[u8] {
    let octets = &frame[nal];
    let octets = &octets[..octets.len().min(2 + SLICE_HEADER)];
    let end = octets
        .windows(3)
        .position(|octets| matches!(octets, [0, 0, 0..=2]));
    &octets[..end.unwrap_or(octets.len())]
}

/// What stands around the SFrame ciphertext of a frame.
#[derive(Debug)]
pub(super) struct Plan {
    standard: Standard,
    format: NalFormat,
    hint_len: usize,
    head: Head,
}

impl Plan {
    pub(super) fn of(
        standard: Standard,
        format: NalFormat,
        frame: &[u8],
    ) -> Result<Self, Unsupported> {
        if !is_in_form(frame, format) {
            return Err(Unsupported::NalFormat);
        }
        let mut nals = Nals::new(frame, format);
        let mut plan = Self {
            standard,
            format,
            hint_len: 0,
            head: standard.head_without_slice(),
        };
        let (mut has_slice, mut has_sequence_set) = (false, false);
        while let Some(start) = nals.next_start().map_err(|_| Unsupported::NalFormat)? {
            let beginning = beginning(frame, start..nals.known_end());
            match standard.role(beginning) {
                Role::Slice => {
                    plan.head = standard.head(beginning)?;
                    has_slice = true;
                    break;
                }
                Role::ParameterSet => {
                    let len = nals.current().len();
                    if len > MAX_PARAMETER_SET {
                        return Err(Unsupported::NalType);
                    }
                    plan.hint_len += format.prefix_len() + len;
                    has_sequence_set |= standard.is_sequence_set(beginning);
                }
                Role::Unsupported => return Err(Unsupported::NalType),
                Role::Other => {}
            }
        }
        // Pictures' sets alone: in H.264 so begin key frames of H.265 without sets (IDR_N_LP, 28).
        if plan.hint_len > 0 && !has_slice && !has_sequence_set {
            return Err(Unsupported::NalType);
        }
        Ok(plan)
    }

    pub(super) fn front_len(&self) -> usize {
        self.hint_len + self.format.prefix_len() + self.head.len()
    }

    /// The most octets behind the SFrame ciphertext, what escapes add to it included.
    pub(super) const fn most_behind(sframe_len: usize) -> usize {
        1 + emulation::most_due(sframe_len + 1)
    }

    /// Sees that the carrier is not too long for its length field.
    pub(super) fn check(&self, sframe_len: usize) -> Result<(), Unsupported> {
        let most = self.format.max_len() - FEW_ESCAPES;
        if self.head.len() + sframe_len + 1 > most {
            return Err(Unsupported::CarrierTooLong);
        }
        Ok(())
    }

    /// Writes hint and head of the carrier, [`front_len`](Self::front_len) octets.
    pub(super) fn write_front(&self, frame: &[u8], front: &mut [u8]) {
        let prefix_len = self.format.prefix_len();
        let mut nals = Nals::new(frame, self.format);
        let mut at = 0;
        while at < self.hint_len
            && let Ok(Some(start)) = nals.next_start()
        {
            // Exactly what `of` looked at.
            let beginning = beginning(frame, start..nals.known_end());
            if self.standard.role(beginning) != Role::ParameterSet {
                continue;
            }
            let nal = &frame[nals.current()];
            let (prefix, rest) = front[at..].split_at_mut(prefix_len);
            self.format.write_prefix(nal.len(), prefix);
            rest[..nal.len()].copy_from_slice(nal);
            at += prefix_len + nal.len();
        }
        front[at + prefix_len..].copy_from_slice(&self.head);
    }

    /// Ends the carrier whose front and SFrame ciphertext are the first `len` octets of `buffer`; returns how many octets there are then.
    pub(super) fn finish(&self, buffer: &mut [u8], len: usize) -> Result<usize, Unsupported> {
        let (front, rest) = buffer.split_at_mut(self.front_len());
        let sframe_len = len - front.len();
        rest[sframe_len] = 0x80;
        // The head ends in a one, so no zero of it counts.
        let escaped = emulation::insert(rest, sframe_len + 1);
        let nal_len = self.head.len() + escaped;
        if nal_len > self.format.max_len() {
            return Err(Unsupported::CarrierTooLong);
        }
        let prefix = &mut front[self.hint_len..][..self.format.prefix_len()];
        self.format.write_prefix(nal_len, prefix);
        Ok(self.front_len() + escaped)
    }
}

/// Tells whether octets are parameter sets and, last, one slice.
pub(super) fn is_bare(standard: Standard, format: NalFormat, octets: &[u8]) -> bool {
    let mut nals = Nals::new(octets, format);
    let mut has_slice = false;
    while let Ok(Some(nal)) = nals.next_nal() {
        let is_hint = standard.role(&octets[nal.clone()]) == Role::ParameterSet
            && nal.len() <= MAX_PARAMETER_SET;
        match standard.role(&octets[nal]) {
            _ if has_slice => return false,
            Role::Slice => has_slice = true,
            _ if is_hint => {}
            _ => return false,
        }
    }
    has_slice && is_in_form(octets, format)
}

/// Where the ciphertext of a carrier begins that may have lost its end.
pub(super) fn locate_front(standard: Standard, format: NalFormat, octets: &[u8]) -> Option<usize> {
    let mut nals = Nals::new(octets, format);
    loop {
        let start = nals.next_start().ok()??;
        let rest = &octets[start..];
        if standard.role(rest) == Role::Slice {
            return Some(start + standard.head_len(rest)?);
        }
    }
}

/// Finds the SFrame ciphertext in what a packetizer gave back.
pub(super) fn locate(
    standard: Standard,
    format: NalFormat,
    octets: &[u8],
) -> Result<Located, Malformed> {
    let mut nals = Nals::new(octets, format);
    let mut carrier: Option<Range<usize>> = None;
    while let Some(nal) = nals.next_nal().map_err(|_| Malformed::Carrier)? {
        if standard.role(&octets[nal.clone()]) != Role::Slice {
            continue;
        }
        if carrier.replace(nal).is_some() {
            return Err(Malformed::SecondCarrier);
        }
    }
    let carrier = carrier.ok_or(Malformed::NoCarrier)?;
    let nal = &octets[carrier.clone()];
    let [.., 0x80] = nal else {
        return Err(Malformed::Carrier);
    };
    let head_len = standard.head_len(nal).ok_or(Malformed::Carrier)?;
    let sframe = carrier.start + head_len..carrier.end - 1;
    if sframe.is_empty() {
        return Err(Malformed::Carrier);
    }
    // With the octet that ends the carrier: nothing may stand between escapes and it.
    let escapes = emulation::count(&octets[sframe.start..carrier.end])?;
    Ok(Located {
        range: sframe,
        escapes,
    })
}
