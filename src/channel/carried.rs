//! Frames in their codec-aware form, on the way in.

use super::decryptor::{Candidate, ChannelDecryptor, Opened};
use crate::error::{Error, Malformed};
use crate::format::codec::{Codec, Located, locate};
use crate::format::sframe::Header;
use crate::frame::{FrameBuf, FrameInfo};
use crate::id::Ssrc;

/// A codec-aware frame whose key was found.
struct Found {
    located: Located,
    candidate: Candidate,
}

impl ChannelDecryptor {
    /// Sets the codec of a stream, as its sender did with [`ChannelEncryptor::set_codec`](super::ChannelEncryptor::set_codec). A frame whose sender set another is refused.
    ///
    /// # Errors
    /// [`Misuse::CodecOfPackets`](crate::Misuse::CodecOfPackets) in another mode than [`Mode::Frame`](super::Mode::Frame); [`Misuse::CodecStreams`](crate::Misuse::CodecStreams) for more
    /// than 1,024 streams.
    pub fn set_codec(&mut self, ssrc: Ssrc, codec: Codec) -> Result<(), Error> {
        self.codecs.set(self.mode, ssrc, codec)
    }

    /// Sets the codec of streams for which none is set: [`Codec::Opaque`] at first. With nothing their frames are refused.
    ///
    /// # Errors
    /// [`Misuse::CodecOfPackets`](crate::Misuse::CodecOfPackets) in another mode than [`Mode::Frame`](super::Mode::Frame).
    pub fn set_default_codec(&mut self, codec: Option<Codec>) -> Result<(), Error> {
        self.codecs.set_default(self.mode, codec)
    }

    /// Tells whether frames may have another form than the opaque one.
    pub(crate) fn has_codecs(&self) -> bool {
        self.codecs.are_set()
    }

    /// The codec of the frame's stream; nothing if it is opaque.
    #[inline(never)]
    pub(super) fn codec_aware(&mut self, info: &FrameInfo<'_>) -> Result<Option<Codec>, Error> {
        self.codecs
            .of(info.ssrc())
            .map_err(|error| self.count(None, None, info, error))
    }

    /// Opens a codec-aware frame where it lies.
    #[inline(never)]
    pub(super) fn decrypt_carried(
        &mut self,
        codec: Codec,
        info: &FrameInfo<'_>,
        frame: &mut FrameBuf<'_>,
    ) -> Result<Opened<'_>, Error> {
        let whole = frame.len();
        let (header, len) = self.with_metadata(codec, info, |decryptor, info| {
            let Found { located, candidate } = decryptor.found(codec, info, frame.as_slice())?;
            let range = located.unescape(frame.as_mut_slice());
            let (before, behind) = (range.start, whole - range.end);
            let (header_len, len) = (candidate.header_len, candidate.plaintext_len);
            let octets = &mut frame.as_mut_slice()[range];
            let (header, rest) = octets
                .split_at_mut_checked(header_len)
                .ok_or(Malformed::Carrier)?;
            let (data, tag) = rest.split_at_mut_checked(len).ok_or(Malformed::Carrier)?;
            let behind = behind + tag.len();
            let parsed = decryptor.open(candidate, info, header, data, tag)?;
            frame.shrink(before + header_len, behind);
            Ok((parsed, len))
        })?;
        self.opened(header, len)
    }

    /// Opens a codec-aware frame into another buffer.
    #[inline(never)]
    pub(super) fn decrypt_carried_into(
        &mut self,
        codec: Codec,
        info: &FrameInfo<'_>,
        octets: &[u8],
        out: &mut [u8],
    ) -> Result<Opened<'_>, Error> {
        let (header, len) = self.with_metadata(codec, info, |decryptor, info| {
            let found = decryptor.found(codec, info, octets)?;
            let (needed, available) = (found.candidate.plaintext_len, out.len());
            let Some(data) = out.get_mut(..needed) else {
                let error = Error::BufferTooSmall { needed, available };
                return Err(decryptor.refuse_read(&found.candidate, info, error));
            };
            Ok((decryptor.open_copy(found, info, octets, data)?, needed))
        })?;
        self.opened(header, len)
    }

    /// Opens a codec-aware frame into a new vector.
    #[inline(never)]
    pub(super) fn decrypt_carried_to_vec(
        &mut self,
        codec: Codec,
        info: &FrameInfo<'_>,
        octets: &[u8],
    ) -> Result<Vec<u8>, Error> {
        self.with_metadata(codec, info, |decryptor, info| {
            let found = decryptor.found(codec, info, octets)?;
            let mut data = vec![0; found.candidate.plaintext_len];
            decryptor.open_copy(found, info, octets, &mut data)?;
            Ok(data)
        })
    }

    /// Runs `job` with what the codec and the application authenticate beside the frame.
    fn with_metadata<T>(
        &mut self,
        codec: Codec,
        info: &FrameInfo<'_>,
        job: impl FnOnce(&mut Self, &FrameInfo<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let metadata = match self.codecs.lend_metadata(codec, info) {
            Ok(metadata) => metadata,
            Err(error) => return Err(self.count(None, None, info, error)),
        };
        let joined = FrameInfo::new(info.ssrc()).metadata(&metadata);
        let result = job(self, &joined);
        self.codecs.give_back(metadata);
        result
    }

    /// Finds the ciphertext in a frame, and its key. Changes nothing but counters.
    fn found(&mut self, codec: Codec, info: &FrameInfo<'_>, octets: &[u8]) -> Result<Found, Error> {
        let located =
            locate(codec, octets).map_err(|error| self.count(None, None, info, error.into()))?;
        let mut front = [0; Header::MAX_LEN];
        let front_len = located.copy(octets, 0, &mut front);
        let candidate = self.candidate_of(info, &front[..front_len], located.len())?;
        Ok(Found { located, candidate })
    }

    /// Opens a frame whose key was found into `data`, which is as long as its plaintext.
    fn open_copy(
        &mut self,
        found: Found,
        info: &FrameInfo<'_>,
        octets: &[u8],
        data: &mut [u8],
    ) -> Result<Header, Error> {
        let Found { located, candidate } = found;
        let mut header = [0; Header::MAX_LEN];
        let mut tag = [0; crate::cipher::Params::MAX_TAG_LEN];
        let header_len = candidate.header_len;
        let tag_len = located.len() - header_len - data.len();
        let (header, tag) = (&mut header[..header_len], &mut tag[..tag_len]);
        located.copy(octets, 0, header);
        located.copy(octets, header_len, data);
        located.copy(octets, header_len + data.len(), tag);
        self.open(candidate, info, header, data, tag)
    }
}
