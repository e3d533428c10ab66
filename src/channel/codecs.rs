//! Which codec a stream's frames are of.

use crate::error::{Error, Misuse};
use crate::format::codec::{Codec, METADATA_LEN};
use crate::frame::FrameInfo;
use crate::id::Ssrc;

use super::{MAX_METADATA_LEN, Mode, SCRATCH_LEN};

/// Streams with a codec of their own.
const MAX_STREAMS: usize = 1024;

/// The codecs of an encryptor's or decryptor's streams: nothing as long as none was set, so that other frames wait for nothing.
#[derive(Default)]
pub(super) struct Codecs(Option<Box<Set>>);

struct Set {
    /// Of streams for which none was set; nothing refuses their frames.
    default: Option<Codec>,
    /// Sorted by stream.
    streams: Vec<(Ssrc, Codec)>,
    metadata: Vec<u8>,
}

impl Default for Set {
    fn default() -> Self {
        Self {
            default: Some(Codec::Opaque),
            streams: Vec::new(),
            metadata: Vec::with_capacity(SCRATCH_LEN),
        }
    }
}

impl Set {
    fn place(&self, ssrc: Ssrc) -> Result<usize, usize> {
        self.streams.binary_search_by_key(&ssrc, |&(ssrc, _)| ssrc)
    }
}

impl Codecs {
    /// Tells whether any was set.
    #[inline(always)]
    pub(super) fn are_set(&self) -> bool {
        self.0.is_some()
    }

    /// Sets the codec of a stream.
    pub(super) fn set(&mut self, mode: Mode, ssrc: Ssrc, codec: Codec) -> Result<(), Error> {
        frames_only(mode)?;
        let set = self.0.get_or_insert_default();
        match set.place(ssrc) {
            Ok(place) => set.streams[place].1 = codec,
            Err(_) if set.streams.len() >= MAX_STREAMS => {
                return Err(Misuse::CodecStreams { max: MAX_STREAMS }.into());
            }
            Err(place) => set.streams.insert(place, (ssrc, codec)),
        }
        Ok(())
    }

    /// Sets what streams have for which no codec was set.
    pub(super) fn set_default(&mut self, mode: Mode, codec: Option<Codec>) -> Result<(), Error> {
        frames_only(mode)?;
        self.0.get_or_insert_default().default = codec;
        Ok(())
    }

    /// The codec of a stream; nothing if it is opaque.
    pub(super) fn of(&self, ssrc: Ssrc) -> Result<Option<Codec>, Error> {
        let Some(set) = &self.0 else {
            return Ok(None);
        };
        let codec = match set.place(ssrc) {
            Ok(place) => set.streams[place].1,
            Err(_) => set.default.ok_or(Misuse::NoCodec)?,
        };
        Ok((codec != Codec::Opaque).then_some(codec))
    }

    /// The most octets that a frame of `len` octets becomes, of whichever stream, if header and tag add at most `overhead`.
    pub(super) fn bound(&self, len: usize, overhead: usize) -> usize {
        let set = self.0.iter().flat_map(|set| {
            let streams = set.streams.iter().map(|&(_, codec)| codec);
            streams.chain(set.default)
        });
        set.chain([Codec::Opaque])
            .map(|codec| codec.bound(len, overhead))
            .fold(0, usize::max)
    }

    /// Joins what a codec authenticates and the application's metadata. What is lent is given back by [`give_back`](Self::give_back), so that
    /// no frame allocates.
    pub(super) fn lend_metadata(
        &mut self,
        codec: Codec,
        info: &FrameInfo<'_>,
    ) -> Result<Vec<u8>, Error> {
        let application = info.metadata_octets();
        let (len, max) = (application.len(), MAX_METADATA_LEN - METADATA_LEN);
        if len > max {
            return Err(Misuse::MetadataTooLong { len, max }.into());
        }
        let set = self.0.get_or_insert_default();
        let mut joined = core::mem::take(&mut set.metadata);
        joined.clear();
        joined.extend_from_slice(&codec.metadata());
        joined.extend_from_slice(application);
        Ok(joined)
    }

    pub(super) fn give_back(&mut self, metadata: Vec<u8>) {
        if let Some(set) = &mut self.0 {
            set.metadata = metadata;
        }
    }
}

/// Packets are not looked into.
fn frames_only(mode: Mode) -> Result<(), Error> {
    match mode {
        Mode::Frame => Ok(()),
        Mode::Packet { .. } | Mode::CompactPacket { .. } => Err(Misuse::CodecOfPackets.into()),
    }
}
