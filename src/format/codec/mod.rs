//! Codec-aware frames: ciphertext that packetizers and relays take for a frame of its codec.
//!
//! ```text
//!  |<---- hint ---->|<------------ carrier ------------->|
//!  | copies of what | head | SFrame ciphertext of the    |
//!  | a relay reads  |      | whole frame (H.26x: escaped)|
//! ```
//!
//! The hint is not trusted and never given to the decoder, which gets the encoder's frame bit by bit. `docs/formats/codecs.md` has the form of each codec.

pub(crate) mod av1;
pub(crate) mod bits;
pub(crate) mod emulation;
mod h26x;
pub(crate) mod nal;
mod recognise;
mod vpx;

use core::fmt;
use core::ops::Range;
use core::str::FromStr;

use crate::error::{Malformed, Unsupported};
use h26x::Standard;

/// What a stream's frames are, for those on the way who look into them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Codec {
    /// Octets that nobody looks into: the SFrame ciphertext and nothing else.
    Opaque,
    /// H.264 (ITU-T H.264), the NAL units of one access unit.
    H264(NalFormat),
    /// H.265 (ITU-T H.265), the NAL units of one access unit.
    H265(NalFormat),
    /// VP8 (RFC 6386).
    Vp8,
    /// VP9, one spatial layer a frame.
    Vp9,
    /// AV1, the OBUs of one temporal unit, one spatial layer a frame.
    Av1,
    /// Opus (RFC 6716).
    Opus,
}

/// What stands before each NAL unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NalFormat {
    /// Start codes of 3 or 4 octets (H.264 Annex B): what encoders and RTP stacks exchange.
    AnnexB,
    /// A length of 1 octet (ISO/IEC 14496-15).
    Length1,
    /// A length of 2 octets.
    Length2,
    /// A length of 4 octets: what MP4 files and hardware encoders use.
    Length4,
}

/// The name of a codec that has no codec-aware form here. Choose [`Codec::Opaque`] or refuse the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownCodec;

impl fmt::Display for UnknownCodec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this codec has no codec-aware form")
    }
}

impl std::error::Error for UnknownCodec {}

impl FromStr for Codec {
    type Err = UnknownCodec;

    /// Reads the name of an RTP payload format ("H264", "H265", "VP8", "VP9", "AV1", "opus") or of its media type ("video/H264"), in any case. NAL units
    /// have start codes.
    fn from_str(name: &str) -> Result<Self, UnknownCodec> {
        let name = ["video/", "audio/"]
            .iter()
            .find_map(|kind| {
                let (front, rest) = name.split_at_checked(kind.len())?;
                front.eq_ignore_ascii_case(kind).then_some(rest)
            })
            .unwrap_or(name);
        [
            Self::H264(NalFormat::AnnexB),
            Self::H265(NalFormat::AnnexB),
            Self::Vp8,
            Self::Vp9,
            Self::Av1,
            Self::Opus,
        ]
        .into_iter()
        .find(|codec| codec.name().eq_ignore_ascii_case(name))
        .ok_or(UnknownCodec)
    }
}

pub(crate) use recognise::reads_as;

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Codec {
    /// Returns the name of the RTP payload format.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Opaque => "opaque",
            Self::H264(_) => "H264",
            Self::H265(_) => "H265",
            Self::Vp8 => "VP8",
            Self::Vp9 => "VP9",
            Self::Av1 => "AV1",
            Self::Opus => "opus",
        }
    }

    /// Tells whether a frame of this codec is a key frame, from which on a decoder needs nothing earlier: an IDR picture of H.264, a random access point of H.265, a key
    /// frame of VP8, VP9 and AV1. It is read from the octets alone. Nothing for audio, for opaque frames, and where no picture is in the frame.
    #[must_use]
    pub fn is_key_frame(self, frame: &[u8]) -> Option<bool> {
        match self {
            Self::H264(format) => h26x::is_key_frame(Standard::H264, format, frame),
            Self::H265(format) => h26x::is_key_frame(Standard::H265, format, frame),
            Self::Vp8 => frame.first().map(|first| vpx::is_vp8_key(*first)),
            Self::Vp9 => frame.first().map(|first| vpx::is_vp9_key(*first)),
            Self::Av1 => av1::is_key_frame(frame),
            Self::Opaque | Self::Opus => None,
        }
    }

    /// The number that is authenticated with each frame.
    const fn number(self) -> u8 {
        match self {
            Self::Opaque => 0,
            Self::H264(_) => 1,
            Self::H265(_) => 2,
            Self::Vp8 => 3,
            Self::Vp9 => 4,
            Self::Av1 => 5,
            Self::Opus => 6,
        }
    }

    /// What stands before the application's metadata.
    pub(crate) const fn metadata(self) -> [u8; METADATA_LEN] {
        let [m, s, version] = *b"ms1";
        [m, s, version, self.number()]
    }

    /// The most octets that a frame of `len` octets becomes, if header and tag add at most `overhead`.
    pub(crate) fn bound(self, len: usize, overhead: usize) -> usize {
        let sframe = len.saturating_add(overhead);
        match self {
            Self::Opaque | Self::Opus => sframe,
            Self::Vp8 => sframe.saturating_add(13),
            Self::Vp9 => sframe.saturating_add(10),
            Self::Av1 => sframe.saturating_add(av1::most_before(len)),
            Self::H264(_) | Self::H265(_) => {
                // Each copied NAL unit had three octets before it and has four.
                let hint = len.saturating_add(len.div_ceil(3));
                let carrier = sframe.saturating_add(1 + bits::MAX_HEAD + 4);
                hint.saturating_add(carrier).saturating_add(carrier / 2)
            }
        }
    }
}

/// Octets before the application's metadata.
pub(crate) const METADATA_LEN: usize = 4;

/// What stands around the SFrame ciphertext of one frame.
#[derive(Debug)]
pub(crate) struct Plan(Form);

#[derive(Debug)]
enum Form {
    Bare,
    Vpx(vpx::Hint),
    Av1(av1::Plan),
    H26x(h26x::Plan),
}

impl Plan {
    /// Looks at a frame that is to be sealed.
    ///
    /// # Errors
    /// What of the frame cannot be carried.
    pub(crate) fn of(codec: Codec, frame: &[u8]) -> Result<Self, Unsupported> {
        Ok(Self(match codec {
            Codec::Opaque | Codec::Opus => Form::Bare,
            Codec::Vp8 => Form::Vpx(vpx::vp8_hint(frame)),
            Codec::Vp9 => Form::Vpx(vpx::vp9_hint(frame)),
            Codec::Av1 => Form::Av1(av1::Plan::of(frame)?),
            Codec::H264(format) => Form::H26x(h26x::Plan::of(Standard::H264, format, frame)?),
            Codec::H265(format) => Form::H26x(h26x::Plan::of(Standard::H265, format, frame)?),
        }))
    }

    /// Octets before an SFrame ciphertext of `sframe_len` octets.
    pub(crate) fn front_len(&self, sframe_len: usize) -> usize {
        match &self.0 {
            Form::Bare => 0,
            Form::Vpx(hint) => hint.len(),
            Form::Av1(plan) => plan.front_len(sframe_len),
            Form::H26x(plan) => plan.front_len(),
        }
    }

    /// The most octets that stand behind it.
    pub(crate) const fn most_behind(&self, sframe_len: usize) -> usize {
        match &self.0 {
            Form::H26x(_) => h26x::Plan::most_behind(sframe_len),
            _ => 0,
        }
    }

    /// Sees that an SFrame ciphertext of so many octets can be carried.
    ///
    /// # Errors
    /// [`Unsupported::CarrierTooLong`].
    pub(crate) fn check(&self, sframe_len: usize) -> Result<(), Unsupported> {
        match &self.0 {
            Form::H26x(plan) => plan.check(sframe_len),
            _ => Ok(()),
        }
    }

    /// Writes what stands before an SFrame ciphertext of `sframe_len` octets: [`front_len`](Self::front_len) octets.
    pub(crate) fn write_front(&self, frame: &[u8], front: &mut [u8], sframe_len: usize) {
        match &self.0 {
            Form::Bare => {}
            Form::Vpx(hint) => {
                let (copied, fixed) = front.split_at_mut(hint.copied);
                copied.copy_from_slice(&frame[..hint.copied]);
                fixed.copy_from_slice(hint.fixed);
            }
            Form::Av1(plan) => plan.write_front(frame, front, sframe_len),
            Form::H26x(plan) => plan.write_front(frame, front),
        }
    }

    /// Ends what begins `buffer`: front and SFrame ciphertext, `len` octets together. Returns how many octets there are then.
    ///
    /// # Errors
    /// [`Unsupported::CarrierTooLong`], if only escapes made it so.
    pub(crate) fn finish(&self, buffer: &mut [u8], len: usize) -> Result<usize, Unsupported> {
        match &self.0 {
            Form::H26x(plan) => plan.finish(buffer, len),
            _ => Ok(len),
        }
    }
}

/// Where an SFrame ciphertext lies in a codec-aware frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Located {
    pub(crate) range: Range<usize>,
    /// Escapes in that range.
    pub(crate) escapes: usize,
}

impl Located {
    /// Octets of the ciphertext.
    pub(crate) fn len(&self) -> usize {
        self.range.len() - self.escapes
    }

    /// Copies the ciphertext from its octet number `skipped` on, as much of it as `out` has room for, and returns how much that was.
    pub(crate) fn copy(&self, octets: &[u8], skipped: usize, out: &mut [u8]) -> usize {
        let sframe = &octets[self.range.clone()];
        if self.escapes > 0 {
            return emulation::copy_without(sframe, skipped, out);
        }
        let rest = sframe.get(skipped..).unwrap_or(&[]);
        let len = rest.len().min(out.len());
        out[..len].copy_from_slice(&rest[..len]);
        len
    }

    /// Takes the escapes out where the ciphertext lies, and returns where it lies then.
    pub(crate) fn unescape(&self, octets: &mut [u8]) -> Range<usize> {
        if self.escapes == 0 {
            return self.range.clone();
        }
        let len = emulation::remove(&mut octets[self.range.clone()]);
        self.range.start..self.range.start + len
    }
}

/// Finds the SFrame ciphertext in a codec-aware frame.
///
/// # Errors
/// [`Malformed::NoCarrier`], [`Malformed::SecondCarrier`], [`Malformed::Carrier`].
pub(crate) fn locate(codec: Codec, octets: &[u8]) -> Result<Located, Malformed> {
    let behind = |hint_len: usize| {
        if hint_len < octets.len() {
            Ok(Located {
                range: hint_len..octets.len(),
                escapes: 0,
            })
        } else {
            Err(Malformed::NoCarrier)
        }
    };
    let first = octets.first().copied().ok_or(Malformed::NoCarrier)?;
    match codec {
        Codec::Opaque | Codec::Opus => behind(0),
        Codec::Vp8 => behind(vpx::vp8_hint_len(first)),
        Codec::Vp9 => behind(vpx::vp9_hint_len(first)),
        Codec::Av1 => av1::locate(octets),
        Codec::H264(format) => h26x::locate(Standard::H264, format, octets),
        Codec::H265(format) => h26x::locate(Standard::H265, format, octets),
    }
}

/// Tells whether a codec-aware frame has nothing but hint and carrier, as it leaves the encryptor.
pub(crate) fn is_bare(codec: Codec, octets: &[u8], located: &Located) -> bool {
    match codec {
        Codec::Opaque | Codec::Opus | Codec::Vp8 | Codec::Vp9 => true,
        Codec::Av1 => av1::is_bare(octets, &located.range),
        Codec::H264(format) => h26x::is_bare(Standard::H264, format, octets),
        Codec::H265(format) => h26x::is_bare(Standard::H265, format, octets),
    }
}

/// Copies the first octets of the ciphertext in a codec-aware frame that may have lost its end, and returns how many those are.
pub(crate) fn front_of_damaged(codec: Codec, octets: &[u8], out: &mut [u8]) -> Option<usize> {
    let start = match codec {
        Codec::H264(format) => h26x::locate_front(Standard::H264, format, octets)?,
        Codec::H265(format) => h26x::locate_front(Standard::H265, format, octets)?,
        _ => locate(codec, octets).ok()?.range.start,
    };
    Some(emulation::copy_without(octets.get(start..)?, 0, out))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_frames_are_told_by_their_octets() {
        let annex_b = NalFormat::AnnexB;
        for (codec, frame, expected) in [
            (
                Codec::H264(annex_b),
                &[0, 0, 0, 1, 0x67, 1, 0, 0, 1, 0x65, 0x88][..],
                Some(true),
            ),
            (
                Codec::H264(annex_b),
                &[0, 0, 0, 1, 0x41, 0x9a, 1],
                Some(false),
            ),
            (Codec::H264(annex_b), &[0, 0, 0, 1, 0x06, 5, 1], None),
            (
                Codec::H264(NalFormat::Length2),
                &[0, 2, 0x65, 0x88],
                Some(true),
            ),
            (Codec::H264(NalFormat::Length2), &[0, 9, 0x65, 0x88], None),
            (
                Codec::H265(annex_b),
                &[0, 0, 0, 1, 0x26, 1, 0xaf],
                Some(true),
            ),
            (
                Codec::H265(annex_b),
                &[0, 0, 0, 1, 0x02, 1, 0xd0],
                Some(false),
            ),
            (Codec::Vp8, &[0x10, 2, 0, 0x9d, 1, 0x2a], Some(true)),
            (Codec::Vp8, &[0x11, 2, 0], Some(false)),
            (Codec::Vp9, &[0x82, 0x49, 0x83, 0x42], Some(true)),
            (Codec::Vp9, &[0x86, 0], Some(false)),
            // A temporal delimiter, a sequence header, a frame that is shown: key frame, then an inter frame.
            (
                Codec::Av1,
                &[0x12, 0, 0x0a, 1, 0, 0x32, 2, 0x10, 0],
                Some(true),
            ),
            (Codec::Av1, &[0x12, 0, 0x32, 2, 0x30, 0], Some(false)),
            // It shows a frame that was there.
            (Codec::Av1, &[0x12, 0, 0x1a, 1, 0x80], Some(false)),
            (Codec::Av1, &[0x12, 0], None),
            (Codec::Opus, &[0xfc, 0xff], None),
            (Codec::Opaque, &[0x10], None),
        ] {
            assert_eq!(codec.is_key_frame(frame), expected, "{codec} {frame:x?}");
        }
        assert_eq!(Codec::Vp8.is_key_frame(&[]), None);
    }

    #[test]
    fn names_are_those_of_payload_formats() {
        for name in [
            "h264",
            "video/H264",
            "H265",
            "vp8",
            "VIDEO/vp9",
            "AV1",
            "audio/opus",
        ] {
            let codec: Codec = name.parse().unwrap();
            assert!(
                name.to_ascii_lowercase()
                    .ends_with(&codec.name().to_ascii_lowercase())
            );
        }
        for name in ["", "video/", "opaque", "VP10", "video/video/VP8", "PCMU"] {
            assert_eq!(name.parse::<Codec>(), Err(UnknownCodec), "{name}");
        }
    }
}
