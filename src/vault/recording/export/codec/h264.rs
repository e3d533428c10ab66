//! H.264: what of a sequence parameter set a file says outside the stream (ISO/IEC 14496-15 section 5.3.3).

use super::nal::{Kind, Sets};
use super::{Config, Shape};
use crate::format::codec::bits::Bits;
use crate::format::codec::emulation::without_escapes;
use crate::vault::recording::export::boxes::Boxes;

const SPS: u8 = 7;
const PPS: u8 = 8;

/// Profiles whose parameter sets say chroma and depth.
const HIGH: [u8; 13] = [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135];

/// What a NAL unit is to a muxer.
pub(super) fn kind(nal: &[u8]) -> Kind {
    match nal.first().map(|first| first & 0x1f) {
        Some(1..=5) => Kind::Picture,
        Some(SPS) => Kind::Set(0),
        Some(PPS) => Kind::Set(1),
        _ => Kind::Other,
    }
}

/// The number of a parameter set.
pub(super) fn set_id(nal: &[u8]) -> Option<u8> {
    let rbsp = without_escapes(nal.get(1..)?);
    let mut bits = Bits::new(&rbsp);
    if nal.first()? & 0x1f == SPS {
        bits.skip(24)?;
        bits.ue_to(31)
    } else {
        bits.ue_to(255)
    }
}

struct Sps {
    chroma: u8,
    luma_depth: u8,
    chroma_depth: u8,
    width: u16,
    height: u16,
}

/// Section 7.3.2.1.1, up to the cropping.
fn sps(nal: &[u8]) -> Option<Sps> {
    let rbsp = without_escapes(nal.get(1..)?);
    let profile = *rbsp.first()?;
    let mut bits = Bits::new(&rbsp);
    bits.skip(24)?;
    bits.ue_to(31)?;
    let (mut chroma, mut luma_depth, mut chroma_depth, mut planes) = (1, 0, 0, false);
    if HIGH.contains(&profile) {
        chroma = bits.ue_to(3)?;
        planes = chroma == 3 && bits.bit()?;
        luma_depth = bits.ue_to(6)?;
        chroma_depth = bits.ue_to(6)?;
        bits.skip(1)?;
        if bits.bit()? {
            for list in 0..if chroma == 3 { 12 } else { 8 } {
                if bits.bit()? {
                    scaling_list(&mut bits, if list < 6 { 16 } else { 64 })?;
                }
            }
        }
    }
    bits.ue()?;
    match bits.ue()? {
        0 => {
            bits.ue()?;
        }
        1 => {
            bits.skip(1)?;
            bits.se()?;
            bits.se()?;
            for _ in 0..bits.ue_to(255)? {
                bits.se()?;
            }
        }
        2 => {}
        _ => return None,
    }
    bits.ue()?;
    bits.skip(1)?;
    let width_mbs = bits.ue()?.checked_add(1)?;
    let height_units = bits.ue()?.checked_add(1)?;
    let frames_only = bits.bit()?;
    if !frames_only {
        bits.skip(1)?;
    }
    bits.skip(1)?;
    let fields = if frames_only { 1 } else { 2 };
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
    let size = |units: u32, each: u32, cropped: u32, unit: u32| {
        let full = units.checked_mul(each)?;
        let size = full.checked_sub(cropped.checked_mul(unit)?)?;
        u16::try_from(size).ok().filter(|size| *size > 0)
    };
    Some(Sps {
        chroma,
        luma_depth,
        chroma_depth,
        width: size(width_mbs, 16, across, unit_x)?,
        height: size(height_units, 16 * fields, down, unit_y * fields)?,
    })
}

fn scaling_list(bits: &mut Bits<'_>, len: usize) -> Option<()> {
    let (mut last, mut next) = (8_i64, 8_i64);
    for _ in 0..len {
        if next != 0 {
            next = (last + bits.se()?).rem_euclid(256);
        }
        if next != 0 {
            last = next;
        }
    }
    Some(())
}

/// `avcC` and the size of the picture.
pub(super) fn config(sets: &Sets, in_band: bool) -> Option<Config> {
    let first = sets.of(0).next()?;
    let parsed = sps(first)?;
    let [profile, compatible, level] = first.get(1..4)?.try_into().ok()?;
    // Counts of five and eight bits.
    let counts = [sets.of(0).count(), sets.of(1).count()];
    if counts[0] > 31 || counts[1] > 255 || counts[1] == 0 {
        return None;
    }
    let mut boxes = Boxes::default();
    boxes.boxed(b"avcC", |avcc| {
        // Lengths of four octets.
        avcc.put(&[1, profile, compatible, level, 0xff]);
        for (class, mask) in [(0, 0xe0), (1, 0)] {
            avcc.u8(u8::try_from(counts[class]).unwrap_or(u8::MAX) | mask);
            for set in sets.of(class) {
                avcc.u16(u16::try_from(set.len()).unwrap_or(u16::MAX));
                avcc.put(set);
            }
        }
        if HIGH.contains(&profile) {
            avcc.put(&[
                0xfc | parsed.chroma,
                0xf8 | parsed.luma_depth,
                0xf8 | parsed.chroma_depth,
                0,
            ]);
        }
    });
    Some(Config {
        entry: if in_band { *b"avc3" } else { *b"avc1" },
        shape: Shape::Video {
            width: parsed.width,
            height: parsed.height,
        },
        boxes: boxes.0,
    })
}

#[cfg(test)]
mod tests {
    use super::sps;

    #[test]
    fn parameter_sets_cut_anywhere_are_refused_or_read() {
        // Main profile, 640x360, cropped from 368 rows: the example's camera.
        let file = include_bytes!("../../../../../examples/media/camera-h264.h264");
        let start = file.windows(4).position(|four| four == [0, 0, 1, 0x67]);
        let nal = &file[start.unwrap() + 3..];
        let len = nal.windows(3).position(|three| three == [0, 0, 1]).unwrap();
        let nal = &nal[..len];
        let whole = sps(nal).unwrap();
        assert_eq!((whole.width, whole.height, whole.chroma), (640, 360, 1));
        for len in 0..nal.len() {
            sps(&nal[..len]);
            for bit in 0..8 {
                let mut bent = nal.to_vec();
                bent[len] ^= 1 << bit;
                sps(&bent);
            }
        }
        assert!(sps(&[]).is_none() && sps(&nal[..6]).is_none());
    }
}
