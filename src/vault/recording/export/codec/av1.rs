//! AV1: the sequence header ("AV1 Codec ISO Media File Format Binding" section 2.3), OBUs as samples have them.

use zeroize::Zeroizing;

use super::{Bad, Config, Shape, Unit};
use crate::format::codec::av1::{Obu, write_header};
use crate::format::codec::bits::Bits;
use crate::vault::recording::export::boxes::Boxes;

const SEQUENCE_HEADER: u8 = 1;
const TEMPORAL_DELIMITER: u8 = 2;
const PADDING: u8 = 15;

/// obu_has_size_field.
const HAS_SIZE: u8 = 0x02;
/// Octets of the longest header that is written: with extension and size.
const MAX_OBU_HEADER: usize = 2 + 10;
/// Octets of the longest sequence header: those of encoders have a dozen.
const MAX_SEQUENCE_HEADER: usize = 1024;

#[derive(Default)]
pub(in crate::vault::recording::export) struct Av1Stream {
    sequence_header: Vec<u8>,
}

impl Av1Stream {
    pub(super) fn take(&mut self, frame: &[u8], key: bool) -> Result<Option<Unit>, Bad> {
        let mut octets = Zeroizing::new(Vec::with_capacity(frame.len() + MAX_OBU_HEADER));
        let (mut at, mut config) = (0, None);
        while at < frame.len() {
            let obu = Obu::read(frame, at).ok_or(Bad)?;
            at = obu.payload.end;
            let payload = &frame[obu.payload.clone()];
            match obu.kind() {
                TEMPORAL_DELIMITER | PADDING => continue,
                SEQUENCE_HEADER if payload.len() > MAX_SEQUENCE_HEADER => return Err(Bad),
                SEQUENCE_HEADER if self.sequence_header != payload => {
                    config = Some(config_of(payload).ok_or(Bad)?);
                    self.sequence_header = payload.to_vec();
                }
                _ => {}
            }
            push_obu(obu.header, obu.extension, payload, &mut octets);
        }
        Ok((!octets.is_empty()).then_some(Unit {
            config,
            octets,
            key,
            ticks: None,
            protected: None,
        }))
    }
}

/// Writes an OBU with its size.
fn push_obu(header: u8, extension: Option<u8>, payload: &[u8], out: &mut Vec<u8>) {
    let mut front = [0; MAX_OBU_HEADER];
    let len = write_header(header | HAS_SIZE, extension, payload.len(), &mut front);
    out.extend_from_slice(&front[..len]);
    out.extend_from_slice(payload);
}

struct Sequence {
    profile: u8,
    level: u8,
    tier: u8,
    width: u32,
    height: u32,
    colour: Colour,
}

struct Colour {
    high_depth: bool,
    twelve: bool,
    mono: bool,
    across: bool,
    down: bool,
    position: u8,
}

/// Section 5.5.1 of the bitstream's specification.
fn sequence(payload: &[u8]) -> Option<Sequence> {
    let mut bits = Bits::new(payload);
    let profile = bits.u8(3)?;
    bits.skip(1)?;
    let reduced = bits.bit()?;
    let (level, tier) = if reduced {
        (bits.u8(5)?, 0)
    } else {
        operating_points(&mut bits)?
    };
    let (width_bits, height_bits) = (bits.u(4)? + 1, bits.u(4)? + 1);
    let width = bits.u(width_bits)?.checked_add(1)?;
    let height = bits.u(height_bits)?.checked_add(1)?;
    if !reduced && bits.bit()? {
        bits.skip(4 + 3)?;
    }
    bits.skip(3)?;
    if !reduced {
        tools(&mut bits)?;
    }
    bits.skip(3)?;
    Some(Sequence {
        profile,
        level,
        tier,
        width,
        height,
        colour: colour(&mut bits, profile)?,
    })
}

/// Timing and operating points; level and tier of the first.
fn operating_points(bits: &mut Bits<'_>) -> Option<(u8, u8)> {
    let mut delay_len = None;
    if bits.bit()? {
        bits.skip(64)?;
        if bits.bit()? {
            bits.ue()?;
        }
        if bits.bit()? {
            delay_len = Some(bits.u(5)? + 1);
            bits.skip(32 + 5 + 5)?;
        }
    }
    let has_delay = bits.bit()?;
    let mut first = None;
    for _ in 0..=bits.u(5)? {
        bits.skip(12)?;
        let level = bits.u8(5)?;
        let tier = if level > 7 { bits.u8(1)? } else { 0 };
        if let Some(len) = delay_len
            && bits.bit()?
        {
            bits.skip(2 * len + 1)?;
        }
        if has_delay && bits.bit()? {
            bits.skip(4)?;
        }
        first.get_or_insert((level, tier));
    }
    first
}

/// From enable_interintra_compound to order_hint_bits.
fn tools(bits: &mut Bits<'_>) -> Option<()> {
    bits.skip(4)?;
    let has_order_hint = bits.bit()?;
    if has_order_hint {
        bits.skip(2)?;
    }
    let chooses_screen = bits.bit()?;
    let has_screen = chooses_screen || bits.bit()?;
    // seq_choose_integer_mv, and the choice if it is none.
    if has_screen && !bits.bit()? {
        bits.skip(1)?;
    }
    if has_order_hint {
        bits.skip(3)?;
    }
    Some(())
}

/// Section 5.5.2.
fn colour(bits: &mut Bits<'_>, profile: u8) -> Option<Colour> {
    let high_depth = bits.bit()?;
    let twelve = profile == 2 && high_depth && bits.bit()?;
    let mono = profile != 1 && bits.bit()?;
    let mut described = [2; 3];
    if bits.bit()? {
        described = [bits.u8(8)?, bits.u8(8)?, bits.u8(8)?];
    }
    let mut colour = Colour {
        high_depth,
        twelve,
        mono,
        across: true,
        down: true,
        position: 0,
    };
    if mono {
        bits.skip(1)?;
        return Some(colour);
    }
    // sRGB: BT.709 primaries, its transfer, identity.
    let is_rgb = described == [1, 13, 0];
    if !is_rgb {
        bits.skip(1)?;
    }
    (colour.across, colour.down) = match profile {
        _ if is_rgb => (false, false),
        0 => (true, true),
        1 => (false, false),
        2 if twelve => {
            let across = bits.bit()?;
            (across, across && bits.bit()?)
        }
        2 => (true, false),
        _ => return None,
    };
    if colour.across && colour.down {
        colour.position = bits.u8(2)?;
    }
    Some(colour)
}

/// `av1C` and the size of the picture.
fn config_of(payload: &[u8]) -> Option<Config> {
    let sequence = sequence(payload)?;
    let colour = &sequence.colour;
    let flags = [
        colour.high_depth,
        colour.twelve,
        colour.mono,
        colour.across,
        colour.down,
    ];
    let flags = flags
        .iter()
        .fold(0, |flags, flag| flags << 1 | u8::from(*flag));
    let mut obu = Vec::with_capacity(payload.len() + MAX_OBU_HEADER);
    push_obu(SEQUENCE_HEADER << 3, None, payload, &mut obu);
    let mut boxes = Boxes::default();
    boxes.boxed(b"av1C", |av1c| {
        av1c.put(&[0x81, sequence.profile << 5 | sequence.level]);
        av1c.put(&[sequence.tier << 7 | flags << 2 | colour.position, 0]);
        av1c.put(&obu);
    });
    Some(Config {
        entry: *b"av01",
        shape: Shape::Video {
            width: u16::try_from(sequence.width).ok()?,
            height: u16::try_from(sequence.height).ok()?,
        },
        boxes: boxes.0,
    })
}

#[cfg(test)]
mod tests {
    use super::{Av1Stream, sequence};

    #[test]
    fn sequence_headers_cut_or_bent_are_refused_or_read() {
        // The example's screen: a temporal delimiter, then a sequence header.
        let file = include_bytes!("../../../../../examples/media/screen-av1.ivf");
        let frame = &file[44..];
        assert_eq!(frame[..3], [0x12, 0, 0x0a]);
        let payload = &frame[4..4 + usize::from(frame[3])];
        let whole = sequence(payload).unwrap();
        assert_eq!((whole.width, whole.height, whole.profile), (640, 360, 0));
        for len in 0..payload.len() {
            sequence(&payload[..len]);
            for bit in 0..8 {
                let mut bent = payload.to_vec();
                bent[len] ^= 1 << bit;
                sequence(&bent);
            }
        }
        assert!(sequence(&[]).is_none() && sequence(&payload[..4]).is_none());
    }

    #[test]
    fn obus_get_their_sizes_and_delimiters_go() {
        // A delimiter, a frame without a size.
        let unit = Av1Stream::default().take(&[0x12, 0, 0x30, 0x30, 7, 7], false);
        assert_eq!(*unit.unwrap().unwrap().octets, [0x32, 3, 0x30, 7, 7]);
        let none = Av1Stream::default().take(&[0x12, 0], false);
        assert!(none.unwrap().is_none());
        assert!(Av1Stream::default().take(&[0x12, 9], false).is_err());
    }
}
