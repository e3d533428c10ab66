//! AV1: what a file says of it ("AV1 Codec ISO Media File Format Binding" section 2.3), OBUs as samples have them, and where their tiles are.

use zeroize::Zeroizing;

use super::av1_frame::{References, Tiles};
use super::av1_sequence::Sequence;
use super::{Bad, Config, MAX_PAIRS, Shape, Unit, add_pair};
use crate::format::codec::av1::{Obu, write_header};
use crate::format::codec::bits::Bits;
use crate::vault::recording::export::boxes::Boxes;

const SEQUENCE_HEADER: u8 = 1;
const TEMPORAL_DELIMITER: u8 = 2;
const FRAME_HEADER: u8 = 3;
const TILE_GROUP: u8 = 4;
const FRAME: u8 = 6;
const TILE_LIST: u8 = 8;
const PADDING: u8 = 15;

/// obu_has_size_field.
const HAS_SIZE: u8 = 0x02;
/// Octets of the longest header that is written: with extension and size.
const MAX_OBU_HEADER: usize = 2 + 10;
/// Octets of a cipher's block.
const BLOCK: usize = 16;
/// Octets of the longest sequence header: those of encoders have a dozen.
const MAX_SEQUENCE_HEADER: usize = 1024;

#[derive(Default)]
pub(in crate::vault::recording::export) struct Av1Stream {
    sequence_header: Vec<u8>,
    tiles: TileFinder,
}

impl Av1Stream {
    pub(super) fn take(&mut self, frame: &[u8], key: bool) -> Result<Option<Unit>, Bad> {
        if key {
            self.tiles.is_lost = false;
            self.tiles.open = None;
        }
        let taken = self.take_obus(frame, key);
        if taken.is_err() {
            // Which of its frames later ones refer to is not known.
            self.tiles.lose();
        }
        taken
    }

    fn take_obus(&mut self, frame: &[u8], key: bool) -> Result<Option<Unit>, Bad> {
        let mut octets = Zeroizing::new(Vec::with_capacity(frame.len() + MAX_OBU_HEADER));
        let (mut at, mut config) = (0, None);
        let mut pairs = Vec::new();
        let mut said: Option<Vec<u8>> = None;
        while at < frame.len() {
            let obu = Obu::read(frame, at).ok_or(Bad)?;
            at = obu.payload.end;
            let payload = &frame[obu.payload.clone()];
            match obu.kind() {
                TEMPORAL_DELIMITER | PADDING => continue,
                SEQUENCE_HEADER if payload.len() > MAX_SEQUENCE_HEADER => return Err(Bad),
                SEQUENCE_HEADER => {
                    let sequence = Sequence::read(payload).ok_or(Bad)?;
                    if said.as_ref().unwrap_or(&self.sequence_header) != payload {
                        config = Some(config_of(&sequence, payload).ok_or(Bad)?);
                        said = Some(payload.to_vec());
                    }
                    self.tiles.sequence = Some(sequence);
                }
                _ => {}
            }
            let before = octets.len();
            push_obu(obu.header, obu.extension, payload, &mut octets);
            add_pair(&mut pairs, octets.len() - before - payload.len(), 0);
            if self.tiles.pairs(&obu, payload, &mut pairs).is_none() {
                self.tiles.lose();
            }
        }
        // Only now: of a frame that cannot be read to its end nobody hears.
        if let Some(said) = said {
            self.sequence_header = said;
        }
        let is_found = !self.tiles.is_lost && pairs.len() <= MAX_PAIRS;
        Ok((!octets.is_empty()).then_some(Unit {
            config,
            octets,
            key,
            ticks: None,
            protected: is_found.then_some(pairs),
        }))
    }
}

/// Finds tiles: what CENC encrypts ("AV1 Codec ISO Media File Format Binding" section 4).
#[derive(Default)]
struct TileFinder {
    sequence: Option<Sequence>,
    references: References,
    /// Those of the frame whose tiles have not all come.
    open: Option<Tiles>,
    /// Whether a header was not understood: what refers to its frame is not either.
    is_lost: bool,
}

impl TileFinder {
    /// Gives up until the next key frame.
    fn lose(&mut self) {
        self.is_lost = true;
        self.open = None;
    }

    /// Adds the pairs of an OBU's payload: of each tile whole blocks at its end. Nothing if it is not understood.
    fn pairs(&mut self, obu: &Obu, payload: &[u8], pairs: &mut Vec<(usize, usize)>) -> Option<()> {
        match obu.kind() {
            FRAME | FRAME_HEADER if self.open.is_none() => {
                let mut bits = Bits::new(payload);
                let layers = obu
                    .extension
                    .map_or((0, 0), |layers| (layers >> 5, layers >> 3 & 3));
                let sequence = self.sequence.as_ref()?;
                self.open = self.references.read(&mut bits, sequence, layers)?;
                let front = bits.octets_read();
                if obu.kind() == FRAME {
                    add_pair(pairs, front, 0);
                    return self.group(payload.get(front..)?, pairs);
                }
            }
            TILE_GROUP => return self.group(payload, pairs),
            // What was to be a header of another frame, or has tiles of several.
            FRAME | TILE_LIST => return None,
            _ => {}
        }
        add_pair(pairs, payload.len(), 0);
        Some(())
    }

    /// tile_group_obu()
    fn group(&mut self, group: &[u8], pairs: &mut Vec<(usize, usize)>) -> Option<()> {
        let tiles = self.open?;
        let mut bits = Bits::new(group);
        let (mut first, mut last) = (0, tiles.count.checked_sub(1)?);
        if tiles.count > 1 && bits.bit()? {
            first = usize::try_from(bits.u(tiles.bits)?).ok()?;
            last = usize::try_from(bits.u(tiles.bits)?).ok()?;
        }
        if first > last || last >= tiles.count {
            return None;
        }
        let mut rest = group.get(bits.octets_read()..)?;
        let mut clear = bits.octets_read();
        for tile in first..=last {
            let mut len = rest.len();
            if tile < last {
                let (size, behind) = rest.split_at_checked(tiles.size_octets)?;
                // Little-endian, less one.
                let octets = size.iter().rev();
                len = octets
                    .fold(0, |len, octet| len << 8 | usize::from(*octet))
                    .checked_add(1)?;
                clear += tiles.size_octets;
                rest = behind;
            }
            let (tile, behind) = rest.split_at_checked(len)?;
            let secret = tile.len() / BLOCK * BLOCK;
            add_pair(pairs, clear + tile.len() - secret, secret);
            if pairs.len() > MAX_PAIRS {
                return None;
            }
            (rest, clear) = (behind, 0);
        }
        if last + 1 == tiles.count {
            self.open = None;
        }
        Some(())
    }
}

/// Writes an OBU with its size.
fn push_obu(header: u8, extension: Option<u8>, payload: &[u8], out: &mut Vec<u8>) {
    let mut front = [0; MAX_OBU_HEADER];
    let len = write_header(header | HAS_SIZE, extension, payload.len(), &mut front);
    out.extend_from_slice(&front[..len]);
    out.extend_from_slice(payload);
}

/// `av1C` and the size of the picture.
fn config_of(sequence: &Sequence, payload: &[u8]) -> Option<Config> {
    let flags = [
        sequence.high_depth,
        sequence.twelve,
        sequence.mono,
        sequence.subsampled.0,
        sequence.subsampled.1,
    ];
    let flags = flags
        .iter()
        .fold(0, |flags, flag| flags << 1 | u8::from(*flag));
    let mut obu = Vec::with_capacity(payload.len() + MAX_OBU_HEADER);
    push_obu(SEQUENCE_HEADER << 3, None, payload, &mut obu);
    let mut boxes = Boxes::default();
    boxes.boxed(b"av1C", |av1c| {
        av1c.put(&[0x81, sequence.profile << 5 | sequence.level]);
        av1c.put(&[sequence.tier << 7 | flags << 2 | sequence.position, 0]);
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
    use super::{Av1Stream, FRAME, FRAME_HEADER, Obu, Sequence};

    #[test]
    fn sequence_headers_cut_or_bent_are_refused_or_read() {
        // The example's screen: a temporal delimiter, then a sequence header.
        let file = include_bytes!("../../../../../examples/media/screen-av1.ivf");
        let frame = &file[44..];
        assert_eq!(frame[..3], [0x12, 0, 0x0a]);
        let payload = &frame[4..4 + usize::from(frame[3])];
        let whole = Sequence::read(payload).unwrap();
        assert_eq!((whole.width, whole.height, whole.profile), (640, 360, 0));
        for len in 0..payload.len() {
            Sequence::read(&payload[..len]);
            for bit in 0..8 {
                let mut bent = payload.to_vec();
                bent[len] ^= 1 << bit;
                Sequence::read(&bent);
            }
        }
        assert!(Sequence::read(&[]).is_none() && Sequence::read(&payload[..4]).is_none());
    }

    /// The frames of the example's screen.
    fn screen() -> Vec<&'static [u8]> {
        let mut file = &include_bytes!("../../../../../examples/media/screen-av1.ivf")[32..];
        let mut frames = Vec::new();
        while let Some((len, rest)) = file.split_first_chunk() {
            let (frame, rest) = rest[8..].split_at(u32::from_le_bytes(*len) as usize);
            frames.push(frame);
            file = rest;
        }
        frames
    }

    /// Where its first OBU of type 6 begins.
    fn frame_obu(frame: &[u8]) -> usize {
        let mut at = 0;
        loop {
            let obu = Obu::read(frame, at).unwrap();
            if obu.kind() == FRAME {
                return at;
            }
            at = obu.payload.end;
        }
    }

    #[test]
    fn what_is_lost_is_lost_up_to_the_next_key_frame() {
        let frames = screen();
        let (key, delta) = (frames[0], frames[1]);
        // A header whose tiles never come.
        let mut headless = delta.to_vec();
        let at = frame_obu(delta);
        headless[at] = headless[at] & 0x87 | FRAME_HEADER << 3;
        let mut stream = Av1Stream::default();
        let mut is_found = |frame: &[u8], key| {
            let unit = stream.take(frame, key);
            unit.unwrap().unwrap().protected.is_some()
        };
        assert!(is_found(key, true) && is_found(delta, false));
        is_found(&headless, false);
        assert!(!is_found(delta, false));
        assert!(is_found(key, true) && is_found(delta, false));
        // One that is cut off.
        assert!(stream.take(&delta[..delta.len() - 1], false).is_err());
        let unit = stream.take(delta, false).unwrap().unwrap();
        assert!(unit.protected.is_none());
        let unit = stream.take(key, true).unwrap().unwrap();
        assert!(unit.protected.is_some());
    }

    #[test]
    fn a_key_frame_that_is_refused_says_nothing() {
        let key = screen()[0];
        let mut stream = Av1Stream::default();
        assert!(stream.take(&key[..key.len() - 1], true).is_err());
        let unit = stream.take(key, true).unwrap().unwrap();
        assert!(unit.config.is_some());
        let unit = stream.take(key, true).unwrap().unwrap();
        assert!(unit.config.is_none());
    }

    #[test]
    fn frame_headers_cut_or_bent_are_refused_or_read() {
        let file = include_bytes!("../../../../../examples/media/screen-av1.ivf");
        let (mut rest, mut frames) = (&file[32..], Vec::new());
        while frames.len() < 4 {
            let len = u32::from_le_bytes(rest[..4].try_into().unwrap());
            let (frame, behind) = rest[12..].split_at(usize::try_from(len).unwrap());
            frames.push(frame);
            rest = behind;
        }
        for (index, frame) in frames.iter().enumerate() {
            let take = |bent: &[u8]| {
                let mut stream = Av1Stream::default();
                for (before, frame) in frames[..index].iter().enumerate() {
                    let unit = stream.take(frame, before == 0).unwrap().unwrap();
                    assert!(unit.protected.is_some());
                }
                let Ok(Some(unit)) = stream.take(bent, index == 0) else {
                    return false;
                };
                let Some(pairs) = unit.protected else {
                    return false;
                };
                let said: usize = pairs.iter().map(|(clear, secret)| clear + secret).sum();
                assert_eq!(said, unit.octets.len());
                true
            };
            assert!(take(frame));
            let mut refused = 0;
            for at in 0..frame.len().min(48) {
                refused += usize::from(!take(&frame[..at]));
                for bit in 0..8 {
                    let mut bent = frame.to_vec();
                    bent[at] ^= 1 << bit;
                    refused += usize::from(!take(&bent));
                }
            }
            assert!(refused > 20, "{refused}");
        }
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
