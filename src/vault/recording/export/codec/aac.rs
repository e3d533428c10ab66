//! AAC: ADTS headers (ISO/IEC 13818-7 section 6.2) go, and say what the file says (ISO/IEC 14496-3, 14496-14).

use zeroize::Zeroizing;

use super::{Bad, Config, Shape, Unit};
use crate::format::codec::bits::Bits;
use crate::vault::recording::export::boxes::Boxes;

/// Samples of a frame.
const TICKS: u32 = 1_024;

const RATES: [u32; 13] = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
    7_350,
];

pub(in crate::vault::recording::export) struct AacStream {
    /// For frames without headers, given by the caller.
    given: Option<Vec<u8>>,
    /// As the file says.
    written: Option<Vec<u8>>,
}

impl AacStream {
    pub(super) fn new(given: Option<&[u8]>) -> Self {
        Self {
            given: given.map(<[u8]>::to_vec),
            written: None,
        }
    }

    /// Takes one frame without a header, or any number with headers.
    pub(super) fn take(&mut self, mut octets: &[u8]) -> Result<Vec<Unit>, Bad> {
        if let Some(given) = &self.given {
            let given = given.clone();
            return Ok(vec![self.unit(given, octets)?]);
        }
        let before = self.written.clone();
        let mut units = Vec::new();
        while !octets.is_empty() {
            let unit = adts(octets).ok_or(Bad).and_then(|(specific, frame, rest)| {
                octets = rest;
                self.unit(specific, frame)
            });
            match unit {
                Ok(unit) => units.push(unit),
                Err(bad) => {
                    // None of them is taken, nor what they said.
                    self.written = before;
                    return Err(bad);
                }
            }
        }
        Ok(units)
    }

    fn unit(&mut self, specific: Vec<u8>, frame: &[u8]) -> Result<Unit, Bad> {
        let mut config = None;
        if self.written.as_ref() != Some(&specific) {
            config = Some(config_of(&specific).ok_or(Bad)?);
            self.written = Some(specific);
        }
        Ok(Unit {
            config,
            octets: Zeroizing::new(frame.to_vec()),
            key: true,
            ticks: Some(TICKS),
            protected: Some(Vec::new()),
        })
    }
}

/// The AudioSpecificConfig, one frame without its header, and what follows.
fn adts(octets: &[u8]) -> Option<(Vec<u8>, &[u8], &[u8])> {
    let mut bits = Bits::new(octets);
    if bits.u(12)? != 0xfff {
        return None;
    }
    bits.skip(1)?;
    if bits.u(2)? != 0 {
        return None;
    }
    let has_no_crc = bits.bit()?;
    let object = bits.u8(2)? + 1;
    let rate = bits.u8(4)?;
    bits.skip(1)?;
    let channels = bits.u8(3)?;
    bits.skip(4)?;
    let len = usize::try_from(bits.u(13)?).ok()?;
    bits.skip(11)?;
    // One raw data block a frame: more need a parser of their insides.
    if bits.u(2)? != 0 {
        return None;
    }
    let head = if has_no_crc { 7 } else { 9 };
    let frame = octets.get(head..len)?;
    let specific = vec![object << 3 | rate >> 1, rate << 7 | channels << 3];
    Some((specific, frame, octets.get(len..)?))
}

fn config_of(specific: &[u8]) -> Option<Config> {
    let mut bits = Bits::new(specific);
    if bits.u(5)? == 31 {
        bits.skip(6)?;
    }
    let rate = match bits.u(4)? {
        15 => bits.u(24)?,
        index => *RATES.get(usize::try_from(index).ok()?)?,
    };
    let channels = match bits.u8(4)? {
        // A program of its own describes them.
        0 => return None,
        7 => 8,
        channels @ 1..=6 => channels,
        _ => return None,
    };
    // Lengths of one octet each.
    let len = u8::try_from(specific.len()).ok().filter(|len| *len <= 64)?;
    let mut boxes = Boxes::default();
    boxes.full(b"esds", 0, 0, |esds| {
        // ES_Descriptor: no number, no flags.
        esds.put(&[3, 3 + 2 + 13 + 2 + len + 3, 0, 0, 0]);
        // DecoderConfigDescriptor: AAC, an audio stream; buffer and rates are not said.
        esds.put(&[4, 13 + 2 + len, 0x40, 0x15]);
        esds.zeros(3 + 4 + 4);
        esds.put(&[5, len]);
        esds.put(specific);
        // SLConfigDescriptor: as MP4 files have it.
        esds.put(&[6, 1, 2]);
    });
    Some(Config {
        entry: *b"mp4a",
        shape: Shape::Audio {
            rate,
            channels,
            pre_skip: 0,
        },
        boxes: boxes.0,
    })
}

#[cfg(test)]
mod tests {
    use super::{AacStream, adts};
    use crate::vault::recording::export::codec::Shape;

    #[test]
    fn headers_cut_are_refused() {
        // AAC LC, 48 kHz, stereo, a frame of 10 octets.
        let frame = [0xff, 0xf1, 0x4c, 0x80, 0x01, 0x5f, 0xfc, 1, 2, 3];
        let (specific, payload, rest) = adts(&frame).unwrap();
        assert_eq!(
            (&specific[..], payload),
            (&[0x11, 0x90][..], &[1, 2, 3][..])
        );
        assert!(rest.is_empty());
        for len in 1..frame.len() {
            assert!(AacStream::new(None).take(&frame[..len]).is_err());
        }
        let unit = AacStream::new(None).take(&frame).unwrap().remove(0);
        let shape = Shape::Audio {
            rate: 48_000,
            channels: 2,
            pre_skip: 0,
        };
        assert_eq!(unit.config.unwrap().shape, shape);
        // One that cannot be read takes the whole one before it away, and not what it said.
        let mut stream = AacStream::new(None);
        assert!(stream.take(&[&frame[..], &frame[..5]].concat()).is_err());
        assert!(stream.take(&frame).unwrap()[0].config.is_some());
    }
}
