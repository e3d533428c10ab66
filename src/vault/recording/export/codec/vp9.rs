//! VP9 (bitstream section 6.2, "VP Codec ISO Media File Format Binding").

use zeroize::Zeroizing;

use super::{Bad, Config, Shape, Unit, add_pair};
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

/// Octets of a cipher's block.
const BLOCK: usize = 16;
/// Columns of superblocks of a tile, at least and at most.
const MIN_TILE: u32 = 4;
const MAX_TILE: u32 = 64;

#[derive(Default)]
pub(in crate::vault::recording::export) struct Vp9Stream {
    config: Option<Config>,
    /// Width and height of the pictures that others refer to.
    sizes: [Option<(u32, u32)>; 8],
}

impl Vp9Stream {
    pub(super) fn take(&mut self, frame: &[u8], key: bool) -> Result<Unit, Bad> {
        let protected = self.pairs(frame);
        let config = if key {
            Some(config(frame).ok_or(Bad)?)
        } else {
            None
        };
        // Sizes may change at any key frame and the file go on: its front says the first.
        let is_first = self.config.is_none();
        if is_first {
            self.config.clone_from(&config);
        }
        Ok(Unit {
            config: config.filter(|_| is_first),
            octets: Zeroizing::new(frame.to_vec()),
            key,
            ticks: None,
            protected,
        })
    }

    /// What CENC encrypts: of each frame whole blocks at its end, but nothing of its uncompressed header, nor of what says where the frames of a superframe end
    /// (Binding, "Sample Encryption"). Nothing if the frame is not to be understood.
    fn pairs(&mut self, sample: &[u8]) -> Option<Vec<(usize, usize)>> {
        let pairs = self.read_pairs(sample);
        if pairs.is_none() {
            // Which pictures it took the place of is not known: up to the next key frame none is.
            self.sizes = [None; 8];
        }
        pairs
    }

    fn read_pairs(&mut self, sample: &[u8]) -> Option<Vec<(usize, usize)>> {
        let mut pairs = Vec::new();
        let mut rest = sample;
        for len in frames_of(sample)? {
            let (frame, behind) = rest.split_at_checked(len)?;
            let header = self.header(frame)?;
            let secret = frame.len().checked_sub(header)? / BLOCK * BLOCK;
            add_pair(&mut pairs, frame.len() - secret, secret);
            rest = behind;
        }
        add_pair(&mut pairs, rest.len(), 0);
        Some(pairs).filter(|pairs| !pairs.is_empty())
    }

    /// Octets of a frame's uncompressed header; of one that shows another all it has.
    fn header(&mut self, frame: &[u8]) -> Option<usize> {
        let mut bits = Bits::new(frame);
        let Some(header) = Header::read(&mut bits, &self.sizes)? else {
            return Some(frame.len());
        };
        for (index, size) in self.sizes.iter_mut().enumerate() {
            if header.refresh >> index & 1 == 1 {
                *size = Some(header.size);
            }
        }
        Some(bits.octets_read())
    }
}

/// Lengths of the frames of a superframe (Annex B); of anything else its own.
fn frames_of(sample: &[u8]) -> Option<Vec<usize>> {
    let last = usize::from(*sample.last()?);
    let (count, octets) = ((last & 7) + 1, (last >> 3 & 3) + 1);
    let index = sample.len().checked_sub(2 + count * octets);
    let index = index.and_then(|start| sample.get(start..));
    let Some([first, lens @ .., _]) = index.filter(|_| last >> 5 == 6) else {
        return Some(vec![sample.len()]);
    };
    if usize::from(*first) != last {
        return Some(vec![sample.len()]);
    }
    let little = |len: &[u8]| {
        let octets = len.iter().rev();
        octets.fold(0, |value, octet| value << 8 | usize::from(*octet))
    };
    Some(lens.chunks_exact(octets).map(little).collect())
}

/// What of an uncompressed header is needed to go on.
struct Header {
    /// The pictures that this one takes the place of.
    refresh: u8,
    size: (u32, u32),
}

impl Header {
    /// Reads a header to its end; nothing in it if the frame only shows one of before.
    fn read(bits: &mut Bits<'_>, sizes: &[Option<(u32, u32)>; 8]) -> Option<Option<Self>> {
        let profile = profile(bits)?;
        if bits.bit()? {
            return Some(None);
        }
        let is_inter = bits.bit()?;
        let is_shown = bits.bit()?;
        let resilient = bits.bit()?;
        let mut refresh = 0xff;
        let size;
        if !is_inter {
            sync_code(bits)?;
            Colour::read(bits, profile)?;
            size = frame_size(bits)?;
            render_size(bits)?;
        } else {
            let intra_only = !is_shown && bits.bit()?;
            if !resilient {
                bits.skip(2)?;
            }
            if intra_only {
                sync_code(bits)?;
                if profile > 0 {
                    Colour::read(bits, profile)?;
                }
                refresh = bits.u8(8)?;
                size = frame_size(bits)?;
                render_size(bits)?;
            } else {
                refresh = bits.u8(8)?;
                size = size_with_refs(bits, sizes)?;
                bits.skip(1)?;
                if !bits.bit()? {
                    bits.skip(2)?;
                }
            }
        }
        if !resilient {
            bits.skip(2)?;
        }
        bits.skip(2)?;
        loop_filter(bits)?;
        // base_q_idx and three differences.
        bits.skip(8)?;
        for _ in 0..3 {
            skip_if(bits, 5)?;
        }
        segmentation(bits)?;
        tiles(bits, size.0)?;
        // Octets of the compressed header, which every such frame has.
        (bits.u(16)? > 0).then_some(Some(Self { refresh, size }))
    }
}

/// frame_marker and the profile.
fn profile(bits: &mut Bits<'_>) -> Option<u8> {
    if bits.u(2)? != 2 {
        return None;
    }
    let profile = bits.u8(1)? | bits.u8(1)? << 1;
    if profile == 3 {
        bits.skip(1)?;
    }
    Some(profile)
}

fn sync_code(bits: &mut Bits<'_>) -> Option<()> {
    (bits.u(24)? == 0x49_8342).then_some(())
}

fn frame_size(bits: &mut Bits<'_>) -> Option<(u32, u32)> {
    Some((bits.u(16)? + 1, bits.u(16)? + 1))
}

fn render_size(bits: &mut Bits<'_>) -> Option<()> {
    skip_if(bits, 32)
}

/// A bit, and if it is set so many more.
fn skip_if(bits: &mut Bits<'_>, count: u32) -> Option<()> {
    if bits.bit()? {
        bits.skip(count)
    } else {
        Some(())
    }
}

/// The pictures that are referred to, and the size that is that of one of them or said.
fn size_with_refs(bits: &mut Bits<'_>, sizes: &[Option<(u32, u32)>; 8]) -> Option<(u32, u32)> {
    let mut refs = [0; 3];
    for index in &mut refs {
        *index = usize::from(bits.u8(3)?);
        bits.skip(1)?;
    }
    let mut found = None;
    for index in refs {
        if bits.bit()? {
            found = Some((*sizes.get(index)?)?);
            break;
        }
    }
    let size = match found {
        Some(size) => size,
        None => frame_size(bits)?,
    };
    render_size(bits)?;
    Some(size)
}

fn loop_filter(bits: &mut Bits<'_>) -> Option<()> {
    bits.skip(6 + 3)?;
    if bits.bit()? && bits.bit()? {
        for _ in 0..4 + 2 {
            skip_if(bits, 7)?;
        }
    }
    Some(())
}

fn segmentation(bits: &mut Bits<'_>) -> Option<()> {
    if !bits.bit()? {
        return Some(());
    }
    if bits.bit()? {
        for _ in 0..7 {
            skip_if(bits, 8)?;
        }
        if bits.bit()? {
            for _ in 0..3 {
                skip_if(bits, 8)?;
            }
        }
    }
    if bits.bit()? {
        bits.skip(1)?;
        for _ in 0..8 {
            // Values with their signs, where they have one.
            for len in [8 + 1, 6 + 1, 2, 0] {
                skip_if(bits, len)?;
            }
        }
    }
    Some(())
}

fn tiles(bits: &mut Bits<'_>, width: u32) -> Option<()> {
    let columns = width.div_ceil(8).div_ceil(8);
    let (mut least, mut most) = (0, 1);
    while MAX_TILE << least < columns {
        least += 1;
    }
    while columns >> most >= MIN_TILE {
        most += 1;
    }
    for _ in least..most - 1 {
        if !bits.bit()? {
            break;
        }
    }
    skip_if(bits, 1)
}

/// How samples are coded, and what their colours are.
struct Colour {
    depth: u8,
    space: u32,
    full_range: bool,
    chroma: u8,
}

impl Colour {
    fn read(bits: &mut Bits<'_>, profile: u8) -> Option<Self> {
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
        Some(Self {
            depth,
            space,
            full_range,
            chroma,
        })
    }
}

/// `vpcC` and the size of the picture, from a key frame.
fn config(frame: &[u8]) -> Option<Config> {
    let mut bits = Bits::new(frame);
    let profile = profile(&mut bits)?;
    // Shows no frame of before; a key frame; show_frame, error_resilient_mode.
    if bits.u(2)? != 0 {
        return None;
    }
    bits.skip(2)?;
    sync_code(&mut bits)?;
    let colour = Colour::read(&mut bits, profile)?;
    let (width, height) = frame_size(&mut bits)?;
    let samples = width.checked_mul(height)?;
    let level = LEVELS
        .iter()
        .find(|(most, _)| samples <= *most)
        .map_or(60, |(_, level)| *level);
    // ISO/IEC 23001-8: primaries, transfer, matrix.
    let described = match colour.space {
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
            colour.depth << 4 | colour.chroma << 1 | u8::from(colour.full_range),
        ]);
        vpcc.put(&described);
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
    use super::{Vp9Stream, config, frames_of};
    use crate::vault::recording::export::codec::Shape;

    #[test]
    fn headers_cut_or_bent_are_refused_or_read() {
        // Profile 0, key frame, shown; BT.709; 320 by 180.
        let frame = [0x82, 0x49, 0x83, 0x42, 0x40, 0x13, 0xf0, 0x0b, 0x30, 0, 0];
        let found = config(&frame).unwrap();
        let shape = Shape::Video {
            width: 320,
            height: 180,
        };
        assert_eq!(found.shape, shape);
        assert!(found.boxes.ends_with(&[0, 11, 0x82, 1, 1, 1, 0, 0]));
        for len in 0..frame.len() {
            assert_eq!(config(&frame[..len]).is_some(), len >= 9);
            for bit in 0..8 {
                let mut bent = frame;
                bent[len] ^= 1 << bit;
                config(&bent);
            }
        }
    }

    #[test]
    fn frames_of_a_superframe_are_encrypted_apart() {
        // Two frames of 300 and 1 octets, lengths of two octets.
        let index = [0xc9, 44, 1, 1, 0, 0xc9];
        let sample = [&[7; 301][..], &index].concat();
        assert_eq!(frames_of(&sample), Some(vec![300, 1]));
        assert_eq!(frames_of(&sample[..306]), Some(vec![306]));
        assert_eq!(frames_of(&[]), None);
        // A key frame of 64 by 64; then one that shows it.
        let mut key = vec![0x82, 0x49, 0x83, 0x42, 0x20, 0x03, 0xf0, 0x03, 0xf0];
        // Nothing else, and five octets of the compressed header.
        key.extend_from_slice(&[0, 0, 0, 0, 5]);
        let mut stream = Vp9Stream::default();
        let header = stream.header(&key).unwrap();
        assert_eq!(header, key.len());
        assert_eq!(stream.sizes, [Some((64, 64)); 8]);
        let body = 100;
        key.resize(header + body, 0xaa);
        let len = key.len();
        let index = [0xc1, u8::try_from(len).unwrap(), 1, 0xc1];
        let sample = [&key[..], &[0x88], &index].concat();
        let pairs = stream.pairs(&sample).unwrap();
        assert_eq!(pairs, [(header + 4, 96), (5, 0)]);
        // What does not add up has no form.
        let index = [0xc1, 200, 1, 0xc1];
        let sample = [&key[..], &[0x88], &index].concat();
        assert_eq!(stream.pairs(&sample), None);
        // A picture whose size is that of one that nobody has seen.
        let mut inter = vec![0x86, 0, 0, 0x02];
        inter.resize(40, 0);
        // Octets of the compressed header.
        inter[9] = 0xff;
        assert_eq!(Vp9Stream::default().pairs(&inter), None);
        // Nor of one that somebody has seen, behind a header that was not understood.
        let key = &key[..];
        assert!(stream.pairs(key).is_some() && stream.pairs(&inter).is_some());
        assert!(stream.pairs(&[0xff; 20]).is_none());
        assert_eq!(stream.pairs(&inter), None);
        assert!(stream.pairs(key).is_some() && stream.pairs(&inter).is_some());
    }
}
