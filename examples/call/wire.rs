//! How frames go on the wire.

use mediaseal::Mode;
use mediaseal::format::codec::{Codec, NalFormat};
use mediaseal::format::rtp::{Content, DESCRIPTOR_LEN};

use crate::rtp::MAX_PAYLOAD;
use crate::stream::Stream;

/// The three ways that this example knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wire {
    /// A frame is sealed whole; nobody on the way learns what it is.
    Frames,
    /// The same, with a copy in clear of what packetizers and relays read: where frames begin, which are key frames.
    CodecAware,
    /// A frame is cut first, and the payload of each packet is sealed.
    Packets,
}

impl Wire {
    /// In words.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Frames => "whole frames",
            Self::CodecAware => "codec-aware frames",
            Self::Packets => "packets",
        }
    }

    /// What is sealed at a time.
    pub(crate) fn unit(self) -> &'static str {
        match self {
            Self::Frames | Self::CodecAware => "frame",
            Self::Packets => "packet",
        }
    }

    /// Several of them.
    pub(crate) fn units(self) -> &'static str {
        match self {
            Self::Frames | Self::CodecAware => "frames",
            Self::Packets => "packets",
        }
    }

    /// What encryptors and decryptors are told.
    pub(crate) fn mode(self) -> Mode {
        match self {
            Self::Frames | Self::CodecAware => Mode::Frame,
            Self::Packets => Mode::Packet {
                max_len: MAX_PAYLOAD - DESCRIPTOR_LEN,
            },
        }
    }

    /// What the packets say of themselves.
    pub(crate) fn content(self) -> Content {
        match self {
            Self::Frames | Self::CodecAware => Content::Frame,
            Self::Packets => Content::Packet,
        }
    }

    /// The codec that both ends of a stream set, if they do.
    pub(crate) fn codec_of(self, stream: &Stream) -> Option<Codec> {
        if self != Self::CodecAware {
            return None;
        }
        codec_of(stream)
    }
}

/// The codec of a stream's frames; messages are of none.
pub(crate) fn codec_of(stream: &Stream) -> Option<Codec> {
    match stream.media.codec() {
        "H.264" => Some(Codec::H264(NalFormat::AnnexB)),
        "VP8" => Some(Codec::Vp8),
        "VP9" => Some(Codec::Vp9),
        "AV1" => Some(Codec::Av1),
        "Opus" => Some(Codec::Opus),
        _ => None,
    }
}
