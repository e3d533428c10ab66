//! VP8 (RFC 6386 section 9.1) and VP9 (bitstream section 6.2, "VP Codec ISO Media File Format Binding").

use zeroize::Zeroizing;

use super::{Bad, Config, Shape, Unit};
use crate::format::codec::bits::Bits;
use crate::vault::recording::export::boxes::Boxes;

/// Picture sizes up to which a level of VP9 reaches, in luma samples.
const LEVELS: [(u32, u8); 8] = [
    (36_864, 10),
    (73_728, 11),
    (122_880, 20),
    (245_760, 21),
    (552_960, 30),
    (983_040, 31),
    (2_228_224, 40),
    (8_912_896, 50),
];

#[derive(Default)]
pub(in crate::vault::recording::export) struct VpxStream(Option<Config>);

impl VpxStream {
    pub(super) fn take_vp8(&mut self, frame: &[u8], key: bool) -> Result<Unit, Bad> {
        // Frame tag, start code, sizes with their scaling.
        let config = match (key, frame) {
            (false, _) => None,
            (true, [_, _, _, 0x9d, 0x01, 0x2a, w0, w1, h0, h1, ..]) => {
                let size = |low, high| u16::from_le_bytes([low, high]) & 0x3fff;
                let (width, height) = (size(*w0, *w1), size(*h0, *h1));
                Some(Config {
                    entry: *b"vp08",
                    shape: Shape::Video { width, height },
                    boxes: Vec::new(),
                })
            }
            _ => return Err(Bad),
        };
        Ok(self.unit(frame, key, config))
    }

    pub(super) fn take_vp9(&mut self, frame: &[u8], key: bool) -> Result<Unit, Bad> {
        let config = if key {
            Some(vp9_config(frame).ok_or(Bad)?)
        } else {
            None
        };
        Ok(self.unit(frame, key, config))
    }

    /// Sizes may change at any key frame and the file go on: its front says the first.
    fn unit(&mut self, frame: &[u8], key: bool, config: Option<Config>) -> Unit {
        let is_first = self.0.is_none();
        if is_first {
            self.0.clone_from(&config);
        }
        Unit {
            config: config.filter(|_| is_first),
            octets: Zeroizing::new(frame.to_vec()),
            key,
            ticks: None,
            protected: None,
        }
    }
}

fn vp9_config(frame: &[u8]) -> Option<Config> {
    let mut bits = Bits::new(frame);
    if bits.u(2)? != 2 {
        return None;
    }
    let profile = bits.u8(1)? | bits.u8(1)? << 1;
    if profile == 3 {
        bits.skip(1)?;
    }
    // Shows no frame of before; a key frame; show_frame, error_resilient_mode; sync code.
    if bits.u(2)? != 0 {
        return None;
    }
    bits.skip(2)?;
    if bits.u(24)? != 0x49_8342 {
        return None;
    }
    let depth = match (profile >= 2, profile >= 2 && bits.bit()?) {
        (false, _) => 8,
        (true, false) => 10,
        (true, true) => 12,
    };
    let space = bits.u(3)?;
    let (mut full_range, mut chroma) = (true, 3);
    if space == 7 {
        if profile & 1 == 0 {
            return None;
        }
        bits.skip(1)?;
    } else {
        full_range = bits.bit()?;
        chroma = 1;
        if profile & 1 == 1 {
            chroma = match (bits.bit()?, bits.bit()?) {
                (true, false) => 2,
                (false, false) => 3,
                // 4:4:0 has no number.
                _ => return None,
            };
            bits.skip(1)?;
        }
    }
    let (width, height) = (bits.u(16)?, bits.u(16)?);
    let (width, height) = (width.checked_add(1)?, height.checked_add(1)?);
    let samples = width.checked_mul(height)?;
    let level = LEVELS
        .iter()
        .find(|(most, _)| samples <= *most)
        .map_or(60, |(_, level)| *level);
    // ISO/IEC 23001-8: primaries, transfer, matrix.
    let colour = match space {
        1 => [6, 6, 6],
        2 => [1, 1, 1],
        7 => [1, 13, 0],
        _ => [2, 2, 2],
    };
    let mut boxes = Boxes::default();
    boxes.full(b"vpcC", 1, 0, |vpcc| {
        vpcc.put(&[
            profile,
            level,
            depth << 4 | chroma << 1 | u8::from(full_range),
        ]);
        vpcc.put(&colour);
        vpcc.u16(0);
    });
    Some(Config {
        entry: *b"vp09",
        shape: Shape::Video {
            width: u16::try_from(width).ok()?,
            height: u16::try_from(height).ok()?,
        },
        boxes: boxes.0,
    })
}

#[cfg(test)]
mod tests {
    use super::{VpxStream, vp9_config};
    use crate::vault::recording::export::codec::Shape;

    #[test]
    fn headers_cut_or_bent_are_refused_or_read() {
        // Profile 0, key frame, shown; BT.709; 320 by 180.
        let frame = [0x82, 0x49, 0x83, 0x42, 0x40, 0x13, 0xf0, 0x0b, 0x30, 0, 0];
        let config = vp9_config(&frame).unwrap();
        let shape = Shape::Video {
            width: 320,
            height: 180,
        };
        assert_eq!(config.shape, shape);
        assert!(config.boxes.ends_with(&[0, 11, 0x82, 1, 1, 1, 0, 0]));
        for len in 0..frame.len() {
            assert_eq!(vp9_config(&frame[..len]).is_some(), len >= 9);
            for bit in 0..8 {
                let mut bent = frame;
                bent[len] ^= 1 << bit;
                vp9_config(&bent);
            }
        }
        let mut stream = VpxStream::default();
        assert!(stream.take_vp8(&[0; 9], true).is_err());
    }
}
