//! Frames in their codec-aware form, on the way out.

use super::encryptor::Ready;
use super::{ChannelEncryptor, Sealed};
use crate::error::Error;
use crate::format::codec::{Codec, Plan};
use crate::frame::{FrameBuf, FrameInfo};
use crate::id::Ssrc;

impl ChannelEncryptor {
    /// Sets the codec of a stream, so that its frames pass those who look into them: packetizers, relays. Both sides set the same; it is
    /// authenticated with each frame. [`Codec::Opaque`] is what a stream has before.
    ///
    /// # Errors
    /// [`Misuse::CodecOfPackets`](crate::Misuse::CodecOfPackets) in another mode than [`Mode::Frame`](super::Mode::Frame); [`Misuse::CodecStreams`](crate::Misuse::CodecStreams) for more than 1,024 streams.
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

    /// Returns the most octets that a frame of `len` octets becomes, whichever of its streams it belongs to.
    #[must_use]
    pub fn encrypted_len_bound(&self, len: usize) -> usize {
        self.codecs.bound(len, self.max_overhead())
    }

    /// The codec of the frame's stream; nothing if it is opaque.
    #[inline(never)]
    pub(super) fn codec_aware(&mut self, info: &FrameInfo<'_>) -> Result<Option<Codec>, Error> {
        self.codecs
            .of(info.ssrc())
            .map_err(|error| self.count(info, error))
    }

    /// Seals a frame in the form of its codec, where it lies or, if there is too little room before or behind it, beside that.
    #[inline(never)]
    pub(super) fn encrypt_carried(
        &mut self,
        codec: Codec,
        info: &FrameInfo<'_>,
        frame: &mut FrameBuf<'_>,
    ) -> Result<Sealed, Error> {
        let capacity = frame.capacity();
        let (plan, metadata) = self.plan(codec, info, frame.as_slice())?;
        let joined = FrameInfo::new(info.ssrc()).metadata(&metadata);
        let sealed = self
            .ready_carried(&plan, &joined, frame.len(), capacity)
            .and_then(|ready| self.carry(&plan, &ready, &joined, frame));
        self.codecs.give_back(metadata);
        sealed
    }

    /// Seals a frame in the form of its codec into another buffer.
    #[inline(never)]
    pub(super) fn encrypt_carried_into(
        &mut self,
        codec: Codec,
        info: &FrameInfo<'_>,
        plaintext: &[u8],
        out: &mut [u8],
    ) -> Result<usize, Error> {
        let (plan, metadata) = self.plan(codec, info, plaintext)?;
        let joined = FrameInfo::new(info.ssrc()).metadata(&metadata);
        let sealed = self
            .ready_carried(&plan, &joined, plaintext.len(), out.len())
            .and_then(|ready| {
                let before = self.front_len(&plan, &ready, plaintext.len());
                out[before..before + plaintext.len()].copy_from_slice(plaintext);
                let mut frame = FrameBuf::new(out, before, plaintext.len())?;
                self.carry(&plan, &ready, &joined, &mut frame)
            });
        self.codecs.give_back(metadata);
        Ok(sealed?.len)
    }

    /// What stands around a frame, and what is authenticated with it.
    fn plan(
        &mut self,
        codec: Codec,
        info: &FrameInfo<'_>,
        plaintext: &[u8],
    ) -> Result<(Plan, Vec<u8>), Error> {
        let plan = Plan::of(codec, plaintext).map_err(|error| self.count(info, error.into()))?;
        let metadata = self
            .codecs
            .lend_metadata(codec, info)
            .map_err(|error| self.count(info, error))?;
        Ok((plan, metadata))
    }

    /// Checks all that can be refused, then takes a CTR.
    fn ready_carried(
        &mut self,
        plan: &Plan,
        info: &FrameInfo<'_>,
        len: usize,
        available: usize,
    ) -> Result<Ready, Error> {
        self.ready(info, len, |header_len, tag_len| {
            let sframe_len = header_len + len + tag_len;
            plan.check(sframe_len)?;
            let needed = plan.front_len(sframe_len) + sframe_len + plan.most_behind(sframe_len);
            if available < needed {
                return Err(Error::BufferTooSmall { needed, available });
            }
            Ok(())
        })
    }

    /// Octets before the ciphertext of a frame of `len` octets.
    fn front_len(&self, plan: &Plan, ready: &Ready, len: usize) -> usize {
        let header_len = ready.header.len();
        plan.front_len(header_len + len + self.params.tag_len) + header_len
    }

    /// Seals a frame whose CTR was taken last and that has room in its storage, if not where it is needed.
    fn carry(
        &mut self,
        plan: &Plan,
        ready: &Ready,
        info: &FrameInfo<'_>,
        frame: &mut FrameBuf<'_>,
    ) -> Result<Sealed, Error> {
        let (header_len, tag_len) = (ready.header.len(), self.params.tag_len);
        let sframe_len = header_len + frame.len() + tag_len;
        let (front_len, behind) = (plan.front_len(sframe_len), plan.most_behind(sframe_len));
        frame.make_room(front_len + header_len, tag_len + behind)?;
        let (head, payload, _) = frame.parts();
        let front_end = head.len() - header_len;
        let front = &mut head[front_end - front_len..front_end];
        plan.write_front(payload, front, sframe_len);
        let mut sealed = self.seal_in_place(ready, info, frame).inspect_err(|_| {
            let (head, _, _) = frame.parts();
            head[front_end - front_len..front_end].fill(0);
        })?;
        frame.grow(front_len, behind);
        let octets = frame.as_mut_slice();
        match plan.finish(octets, front_len + sframe_len) {
            Ok(len) => {
                let unused = octets.len() - len;
                frame.shrink(0, unused);
                sealed.len = len;
                Ok(sealed)
            }
            Err(error) => {
                octets.fill(0);
                Err(self.count(info, error.into()))
            }
        }
    }
}
