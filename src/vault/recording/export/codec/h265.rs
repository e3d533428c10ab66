//! H.265: what of the parameter sets a file says outside the stream (ISO/IEC 14496-15 section 8.3.3).

use super::nal::{Kind, Sets};
use super::{Config, Shape};
use crate::format::codec::bits::Bits;
use crate::format::codec::emulation::without_escapes;
use crate::vault::recording::export::boxes::Boxes;

const VPS: u8 = 32;
const SPS: u8 = 33;
const PPS: u8 = 34;

/// Octets of profile, tier and level.
const GENERAL: usize = 12;

const fn nal_type(first: u8) -> u8 {
    first >> 1 & 0x3f
}

/// What a NAL unit is to a muxer.
pub(super) fn kind(nal: &[u8]) -> Kind {
    match nal.first().map(|first| nal_type(*first)) {
        Some(0..=31) => Kind::Picture,
        Some(VPS) => Kind::Set(0),
        Some(SPS) => Kind::Set(1),
        Some(PPS) => Kind::Set(2),
        _ => Kind::Other,
    }
}

/// The number of a parameter set.
pub(super) fn set_id(nal: &[u8]) -> Option<u8> {
    let rbsp = without_escapes(nal.get(2..)?);
    let mut bits = Bits::new(&rbsp);
    match nal_type(*nal.first()?) {
        VPS => bits.u8(4),
        SPS => {
            bits.skip(4)?;
            let layers = bits.u8(3)?;
            bits.skip(1)?;
            profile_tier_level(&mut bits, layers)?;
            bits.ue_to(15)
        }
        _ => bits.ue_to(63),
    }
}

/// Section 7.3.3.
fn profile_tier_level(bits: &mut Bits<'_>, layers: u8) -> Option<()> {
    bits.skip(8 * 12)?;
    let mut present = Vec::new();
    for _ in 0..layers {
        present.push((bits.bit()?, bits.bit()?));
    }
    if layers > 0 {
        bits.skip(2 * (8 - u32::from(layers)))?;
    }
    for (profile, level) in present {
        if profile {
            bits.skip(88)?;
        }
        if level {
            bits.skip(8)?;
        }
    }
    Some(())
}

struct Sps {
    general: [u8; GENERAL],
    layers: u8,
    nested: bool,
    chroma: u8,
    luma_depth: u8,
    chroma_depth: u8,
    width: u16,
    height: u16,
}

/// Section 7.3.2.2, up to the bit depths.
fn sps(nal: &[u8]) -> Option<Sps> {
    let rbsp = without_escapes(nal.get(2..)?);
    let general = rbsp.get(1..1 + GENERAL)?.try_into().ok()?;
    let mut bits = Bits::new(&rbsp);
    bits.skip(4)?;
    let layers = bits.u8(3)?;
    let nested = bits.bit()?;
    profile_tier_level(&mut bits, layers)?;
    bits.ue_to(15)?;
    let chroma = bits.ue_to(3)?;
    let planes = chroma == 3 && bits.bit()?;
    let (width, height) = (bits.ue()?, bits.ue()?);
    let (mut across, mut down) = (0, 0);
    if bits.bit()? {
        across = bits.ue()?.checked_add(bits.ue()?)?;
        down = bits.ue()?.checked_add(bits.ue()?)?;
    }
    let (unit_x, unit_y) = match chroma {
        _ if planes => (1, 1),
        1 => (2, 2),
        2 => (2, 1),
        _ => (1, 1),
    };
    let size = |full: u32, cropped: u32, unit: u32| {
        let size = full.checked_sub(cropped.checked_mul(unit)?)?;
        u16::try_from(size).ok().filter(|size| *size > 0)
    };
    Some(Sps {
        general,
        layers: layers + 1,
        nested,
        chroma,
        luma_depth: bits.ue_to(8)?,
        chroma_depth: bits.ue_to(8)?,
        width: size(width, across, unit_x)?,
        height: size(height, down, unit_y)?,
    })
}

/// `hvcC` and the size of the picture.
pub(super) fn config(sets: &Sets, in_band: bool) -> Option<Config> {
    let parsed = sps(sets.of(1).next()?)?;
    if (0..3).any(|class| sets.of(class).next().is_none()) {
        return None;
    }
    let mut boxes = Boxes::default();
    boxes.boxed(b"hvcC", |hvcc| {
        hvcc.u8(1);
        hvcc.put(&parsed.general);
        // No segmentation, no parallelism is said; frame rate unknown.
        hvcc.put(&[0xf0, 0, 0xfc, 0xfc | parsed.chroma]);
        hvcc.put(&[0xf8 | parsed.luma_depth, 0xf8 | parsed.chroma_depth, 0, 0]);
        // Lengths of four octets.
        hvcc.u8((parsed.layers & 7) << 3 | u8::from(parsed.nested) << 2 | 3);
        hvcc.u8(3);
        for (class, nal_type) in [(0, VPS), (1, SPS), (2, PPS)] {
            // Whether all there will be are here.
            hvcc.u8(u8::from(!in_band) << 7 | nal_type);
            hvcc.u16(u16::try_from(sets.of(class).count()).unwrap_or(u16::MAX));
            for set in sets.of(class) {
                hvcc.u16(u16::try_from(set.len()).unwrap_or(u16::MAX));
                hvcc.put(set);
            }
        }
    });
    Some(Config {
        entry: if in_band { *b"hev1" } else { *b"hvc1" },
        shape: Shape::Video {
            width: parsed.width,
            height: parsed.height,
        },
        boxes: boxes.0,
    })
}
