//! From a codec's frames to samples of a file, and what the file says of the codec at its front.

mod aac;
mod av1;
mod av1_frame;
mod av1_params;
mod av1_sequence;
mod bits;
mod h264;
mod h265;
mod nal;
mod opus;
mod vp8;
mod vp9;

use zeroize::Zeroizing;

use super::ParameterSets;
use crate::format::codec::Codec;
use crate::vault::recording::TrackFormat;

/// Octets that are no frame of the codec, or lack what a file must say.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Bad;

/// What a sample is decoded to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Video {
        width: u16,
        height: u16,
    },
    Audio {
        rate: u32,
        channels: u8,
        /// Samples at the front that no one is to hear (Opus).
        pre_skip: u16,
    },
}

/// What a file says of the codec at its front.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Config {
    /// The name of an MP4 sample entry.
    pub(super) entry: [u8; 4],
    pub(super) shape: Shape,
    /// Boxes of the sample entry.
    pub(super) boxes: Vec<u8>,
}

/// What of a frame goes into the file.
pub(super) struct Unit {
    /// What the file says from here on, if that is not what it said before.
    pub(super) config: Option<Config>,
    pub(super) octets: Zeroizing<Vec<u8>>,
    /// Whether decoding can begin here.
    pub(super) key: bool,
    /// How long it sounds, in samples; nothing for pictures.
    pub(super) ticks: Option<u32>,
    /// What CENC encrypts: pairs of octets in clear and octets that are encrypted; all if there are none; nothing if this codec's form under CENC is
    /// not written here.
    pub(super) protected: Option<Vec<(usize, usize)>>,
}

/// Most pairs of a sample, whose table has at most 255 octets.
const MAX_PAIRS: usize = (255 - 8 - 2) / 6;
/// Most octets in clear that a pair says.
const MAX_CLEAR: usize = u16::MAX as usize;

/// Adds octets in clear and encrypted ones behind them to the pairs of a sample.
fn add_pair(pairs: &mut Vec<(usize, usize)>, mut clear: usize, secret: usize) {
    // Nothing of the one before is encrypted.
    if let Some((before, 0)) = pairs.last()
        && *before + clear <= MAX_CLEAR
    {
        clear += *before;
        pairs.pop();
    }
    while clear > MAX_CLEAR {
        pairs.push((MAX_CLEAR, 0));
        clear -= MAX_CLEAR;
    }
    if clear > 0 || secret > 0 {
        pairs.push((clear, secret));
    }
}

/// A stream of a codec on its way into a file.
pub(super) enum Stream {
    Nal(nal::NalStream),
    Vp8(vp8::Vp8Stream),
    Vp9(vp9::Vp9Stream),
    Av1(Box<av1::Av1Stream>),
    Opus(opus::OpusStream),
    Aac(aac::AacStream),
}

impl Stream {
    /// Begins a stream; nothing if no file takes this codec.
    pub(super) fn of(format: TrackFormat, sets: ParameterSets, aac: Option<&[u8]>) -> Option<Self> {
        if format.codec_number() == TrackFormat::AAC {
            return Some(Self::Aac(aac::AacStream::new(aac)));
        }
        let in_band = sets == ParameterSets::InBand;
        Some(match format.codec()? {
            Codec::H264(nal) => Self::Nal(nal::NalStream::new(false, nal, in_band)),
            Codec::H265(nal) => Self::Nal(nal::NalStream::new(true, nal, in_band)),
            Codec::Vp8 => Self::Vp8(vp8::Vp8Stream::default()),
            Codec::Vp9 => Self::Vp9(vp9::Vp9Stream::default()),
            Codec::Av1 => Self::Av1(Box::default()),
            Codec::Opus => Self::Opus(opus::OpusStream::default()),
            Codec::Opaque => return None,
        })
    }

    /// Takes a frame and tells what of it goes into the file, in order; `marked` is what the recording says of its being a key frame, where its octets do not.
    pub(super) fn take(
        &mut self,
        format: TrackFormat,
        frame: &[u8],
        marked: bool,
    ) -> Result<Vec<Unit>, Bad> {
        let key = format
            .codec()
            .and_then(|codec| codec.is_key_frame(frame))
            .unwrap_or(marked);
        match self {
            Self::Nal(stream) => Ok(stream.take(frame, key)?.into_iter().collect()),
            Self::Vp8(stream) => Ok(vec![stream.take(frame, key)?]),
            Self::Vp9(stream) => Ok(vec![stream.take(frame, key)?]),
            Self::Av1(stream) => Ok(stream.take(frame, key)?.into_iter().collect()),
            Self::Opus(stream) => Ok(stream.take(frame)?.into_iter().collect()),
            Self::Aac(stream) => stream.take(frame),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Stream;
    use crate::format::codec::{Codec, NalFormat};
    use crate::vault::recording::TrackFormat;
    use crate::vault::recording::export::ParameterSets;

    /// Numbers that look random (xorshift64).
    fn next(state: &mut u64) -> u64 {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        *state
    }

    #[test]
    fn garbage_is_refused_or_taken_and_never_more() {
        let formats = [
            TrackFormat::of(Codec::H264(NalFormat::AnnexB)),
            TrackFormat::of(Codec::H265(NalFormat::AnnexB)),
            TrackFormat::of(Codec::H264(NalFormat::Length1)),
            TrackFormat::of(Codec::Vp8),
            TrackFormat::of(Codec::Vp9),
            TrackFormat::of(Codec::Av1),
            TrackFormat::of(Codec::Opus),
            TrackFormat::numbered(TrackFormat::AAC),
        ];
        // What frames of each begin with, so that more than the first look is had.
        let fronts: [&[u8]; 8] = [
            &[0, 0, 0, 1, 0x67, 100, 0, 31],
            &[0, 0, 0, 1, 0x42, 1, 1, 1, 0x60],
            &[9, 0x67, 100],
            &[0x10, 0, 0, 0x9d, 1, 0x2a],
            &[0xa2, 0x49, 0x83, 0x42],
            &[0x12, 0, 0x0a, 11],
            b"OpusHead",
            &[0xff, 0xf1, 0x4c, 0x80],
        ];
        let mut state = 0x9e37_79b9_7f4a_7c15;
        for (format, front) in formats.into_iter().zip(fronts) {
            let mut stream = Stream::of(format, ParameterSets::Front, None).unwrap();
            let mut refused = 0;
            for round in 0..20_000 {
                let mut frame = front.to_vec();
                for _ in 0..next(&mut state) % 40 {
                    // Mostly small numbers, among them start codes.
                    let octet = (next(&mut state) >> 20).to_be_bytes()[7];
                    frame.push(if round % 2 == 0 { octet } else { octet % 4 });
                }
                match stream.take(format, &frame, round % 3 == 0) {
                    Ok(units) => {
                        for unit in units {
                            let pairs = unit.protected.unwrap_or_default();
                            let said: usize =
                                pairs.iter().map(|(clear, secret)| clear + secret).sum();
                            assert!(pairs.is_empty() || said == unit.octets.len());
                        }
                    }
                    Err(_) => refused += 1,
                }
            }
            assert!(refused > 0, "{format:?}");
        }
    }
}
