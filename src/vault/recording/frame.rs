//! Frames as they lie in a segment, and what tracks are.
//!
//! ```text
//!  frame = u32(length of what follows) ‖ u8(flags: 1 = key frame, 2 = has metadata) ‖ u64(µs) ‖ lp(sender, empty = as before)
//!          ‖ lp(metadata), if it has some ‖ octets
//! ```

use std::fmt;

use zeroize::Zeroize;

use super::error::RecordingError;
use super::record::Fields;
use crate::format::codec::{Codec, NalFormat, locate};
use crate::format::sframe;
use crate::id::{KeyId, SenderId};

/// Octets in front of a frame's sender.
pub(super) const FRAME_HEAD: usize = 4 + 1 + 8 + 2;
/// Most octets of a frame and its metadata: with its head and the longest sender it fits a segment.
pub(super) const MAX_FRAME: usize = (8 << 20) - 1024;

const KEY_FRAME: u8 = 1;
const HAS_METADATA: u8 = 2;
/// In a track's codec: frames are codec-aware, not bare ciphertext.
const CODEC_AWARE: u16 = 0x8000;

/// What the frames of a track are: a codec, and how they are laid out.
///
/// ```text
///  u16 = codec-aware(1 bit) ‖ 0(4 bits) ‖ octets of a NAL length (3 bits: 0 = start codes) ‖ codec(8 bits)
/// ```
///
/// Codecs: 0 unknown or opaque, 1 H.264, 2 H.265, 3 VP8, 4 VP9, 5 AV1, 6 Opus, 7 AAC, 8 PCM, 128 to 255 the application's.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TrackFormat(u16);

impl TrackFormat {
    /// AAC.
    pub const AAC: u8 = 7;
    /// PCM.
    pub const PCM: u8 = 8;

    /// Frames of a codec as an encoder gives them, or their bare ciphertext.
    #[must_use]
    pub const fn of(codec: Codec) -> Self {
        Self(match codec {
            Codec::Opaque => 0,
            Codec::H264(nal) => 1 | Self::nal(nal),
            Codec::H265(nal) => 2 | Self::nal(nal),
            Codec::Vp8 => 3,
            Codec::Vp9 => 4,
            Codec::Av1 => 5,
            Codec::Opus => 6,
        })
    }

    /// Ciphertext in codec-aware form (docs/formats/codecs.md).
    #[must_use]
    pub const fn codec_aware(codec: Codec) -> Self {
        Self(Self::of(codec).0 | CODEC_AWARE)
    }

    /// Frames of a codec by its number.
    #[must_use]
    pub const fn numbered(codec: u8) -> Self {
        Self(codec as u16)
    }

    /// As it stands in a manifest.
    #[must_use]
    pub const fn from_value(value: u16) -> Self {
        Self(value)
    }

    /// As it stands in a manifest.
    #[must_use]
    pub const fn value(self) -> u16 {
        self.0
    }

    /// The codec's number.
    #[must_use]
    pub const fn codec_number(self) -> u8 {
        self.0.to_be_bytes()[1]
    }

    /// Whether frames are in codec-aware form.
    #[must_use]
    pub const fn is_codec_aware(self) -> bool {
        self.0 & CODEC_AWARE != 0
    }

    /// The codec, if this version has a codec-aware form for it; [`Codec::Opaque`] for number 0.
    #[must_use]
    pub const fn codec(self) -> Option<Codec> {
        let nal = match (self.0 >> 8) & 7 {
            0 => NalFormat::AnnexB,
            1 => NalFormat::Length1,
            2 => NalFormat::Length2,
            4 => NalFormat::Length4,
            _ => return None,
        };
        match self.codec_number() {
            0 => Some(Codec::Opaque),
            1 => Some(Codec::H264(nal)),
            2 => Some(Codec::H265(nal)),
            3 => Some(Codec::Vp8),
            4 => Some(Codec::Vp9),
            5 => Some(Codec::Av1),
            6 => Some(Codec::Opus),
            _ => None,
        }
    }

    const fn nal(format: NalFormat) -> u16 {
        match format {
            NalFormat::AnnexB => 0,
            NalFormat::Length1 => 1 << 8,
            NalFormat::Length2 => 2 << 8,
            NalFormat::Length4 => 4 << 8,
        }
    }

    /// The KID in the header of an encrypted frame, if one can be read there. Nobody vouches for it.
    pub(super) fn kid(self, frame: &[u8]) -> Option<KeyId> {
        let mut head = [0; sframe::Header::MAX_LEN];
        let len = if self.is_codec_aware() {
            locate(self.codec()?, frame).ok()?.copy(frame, 0, &mut head)
        } else {
            let len = frame.len().min(head.len());
            head[..len].copy_from_slice(&frame[..len]);
            len
        };
        let (header, _) = sframe::Header::parse(&head[..len]).ok()?;
        Some(header.kid())
    }
}

impl fmt::Debug for TrackFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TrackFormat({:#06x})", self.0)
    }
}

/// A frame to be recorded.
#[derive(Clone, Copy)]
#[allow(
    clippy::exhaustive_structs,
    reason = "applications write it for every frame"
)]
pub struct Frame<'a> {
    /// The track.
    pub track: u16,
    /// Who sent it.
    pub sender: &'a SenderId,
    /// When it was captured or came, in microseconds, on one clock for all tracks.
    pub micros: u64,
    /// Whether decoding can begin with it.
    pub key_frame: bool,
    /// What its sender bound to it ([`FrameInfo::metadata`](crate::FrameInfo::metadata)), up to 65,535 octets: without it nobody opens such a frame again. Empty if nothing.
    pub metadata: &'a [u8],
    /// Its octets: ciphertext as it came ([`Profile::Frames`](super::Profile::Frames)), or encoded media.
    pub octets: &'a [u8],
}

/// A frame as it was recorded. Its octets are wiped on drop: they may be media.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordedFrame {
    /// The track.
    pub track: u16,
    /// What the track's frames are.
    pub format: TrackFormat,
    /// Who sent it.
    pub sender: SenderId,
    /// Its time in microseconds.
    pub micros: u64,
    /// Whether decoding can begin with it.
    pub key_frame: bool,
    /// What its sender bound to it.
    pub metadata: Vec<u8>,
    /// Its octets.
    pub octets: Vec<u8>,
}

impl RecordedFrame {
    /// The KID in the header of an encrypted frame, if one can be read there. Nobody vouches for it before the frame is opened.
    #[must_use]
    pub fn kid(&self) -> Option<KeyId> {
        self.format.kid(&self.octets)
    }
}

impl Drop for RecordedFrame {
    fn drop(&mut self) {
        self.octets.zeroize();
    }
}

impl fmt::Debug for RecordedFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordedFrame")
            .field("track", &self.track)
            .field("format", &self.format)
            .field("sender", &self.sender)
            .field("micros", &self.micros)
            .field("key_frame", &self.key_frame)
            .field("metadata_len", &self.metadata.len())
            .field("len", &self.octets.len())
            .finish_non_exhaustive()
    }
}

/// The octets in front of a frame's own, with `sender` where it is to be said.
pub(super) fn head(frame: &Frame<'_>, sender: &[u8]) -> Result<Vec<u8>, RecordingError> {
    let metadata = frame.metadata;
    let len = frame.octets.len().saturating_add(metadata.len());
    let too_long = || RecordingError::FrameTooLong { len };
    if len > MAX_FRAME {
        return Err(too_long());
    }
    let sender_len = u16::try_from(sender.len()).map_err(|_| too_long())?;
    let metadata_len = u16::try_from(metadata.len()).map_err(|_| too_long())?;
    let mut head = Vec::with_capacity(FRAME_HEAD + sender.len() + 2 + metadata.len());
    head.extend_from_slice(&[0; 4]);
    let flags = [
        (frame.key_frame, KEY_FRAME),
        (!metadata.is_empty(), HAS_METADATA),
    ];
    head.push(
        flags
            .iter()
            .map(|(is, flag)| if *is { *flag } else { 0 })
            .sum(),
    );
    head.extend_from_slice(&frame.micros.to_be_bytes());
    head.extend_from_slice(&sender_len.to_be_bytes());
    head.extend_from_slice(sender);
    if !metadata.is_empty() {
        head.extend_from_slice(&metadata_len.to_be_bytes());
        head.extend_from_slice(metadata);
    }
    let rest = u32::try_from(head.len() - 4 + frame.octets.len()).map_err(|_| too_long())?;
    head[..4].copy_from_slice(&rest.to_be_bytes());
    Ok(head)
}

/// A frame without its length field, as it was read.
pub(super) struct Parsed<'a> {
    pub(super) key_frame: bool,
    pub(super) micros: u64,
    /// Nothing if it is the sender of before.
    pub(super) sender: Option<SenderId>,
    pub(super) metadata: &'a [u8],
    pub(super) octets: &'a [u8],
}

/// Reads what stands behind a frame's length field.
pub(super) fn parse(content: &[u8]) -> Option<Parsed<'_>> {
    let mut rest = Fields(content);
    let flags = rest.u8()?;
    let micros = rest.u64()?;
    let sender = rest.lp()?;
    let sender = match sender {
        [] => None,
        name => Some(SenderId::new(name).ok()?),
    };
    let has_metadata = flags & HAS_METADATA != 0;
    let metadata = if has_metadata { rest.lp()? } else { &[] };
    // Each frame has one form: what is not there is not said to be.
    let is_whole = flags & !(KEY_FRAME | HAS_METADATA) == 0 && has_metadata != metadata.is_empty();
    is_whole.then_some(Parsed {
        key_frame: flags & KEY_FRAME != 0,
        micros,
        sender,
        metadata,
        octets: rest.0,
    })
}
