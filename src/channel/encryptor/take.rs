//! What is checked before a CTR is taken.

use super::{ChannelEncryptor, Ready, blocks};
use crate::channel::send_keys::SendKeys;
use crate::channel::{MAX_METADATA_LEN, Mode};
use crate::error::{Error, Misuse};
use crate::format::sframe::Header;
use crate::frame::{FrameBuf, FrameInfo};

impl ChannelEncryptor {
    /// Checks everything that can be refused, then takes a CTR: a refused call costs nothing.
    #[inline(always)]
    pub(in crate::channel) fn ready(
        &mut self,
        info: &FrameInfo<'_>,
        len: usize,
        room: impl Fn(usize, usize) -> Result<(), Error>,
    ) -> Result<Ready, Error> {
        self.take(info, len, room)
            .map_err(|error| self.count(info, error))
    }

    #[inline(always)]
    fn take(
        &mut self,
        info: &FrameInfo<'_>,
        len: usize,
        room: impl Fn(usize, usize) -> Result<(), Error>,
    ) -> Result<Ready, Error> {
        self.adopt_key()?;
        let metadata_len = info.metadata_octets().len();
        if metadata_len > MAX_METADATA_LEN {
            let (len, max) = (metadata_len, MAX_METADATA_LEN);
            return Err(Misuse::MetadataTooLong { len, max }.into());
        }
        let mut is_second_session = false;
        loop {
            let key = self.allowance.key().ok_or(Error::NoActiveKey)?;
            let max = self.params.limits.max_frame_len;
            if len > max {
                return Err(Misuse::FrameTooLong { len, max }.into());
            }
            if matches!(self.mode, Mode::CompactPacket { .. }) && key.kid().value() > 7 {
                return Err(Misuse::CompactProfile.into());
            }
            let ctr = key.peek_ctr();
            let header = Header::new(key.kid(), ctr).encoded();
            let header_len = header.len();
            let sealed_len = header_len + len + self.params.tag_len;
            if let Some(max_len) = self.mode.max_len()
                && sealed_len > max_len
            {
                let by = sealed_len - max_len;
                return Err(Error::PacketTooLong { by });
            }
            room(header_len, self.params.tag_len)?;
            let blocks = blocks(header_len + metadata_len) + blocks(len) + 1;
            if blocks > self.params.limits.max_blocks {
                // No key of this cipher could ever seal it.
                let most = self.params.limits.max_blocks.saturating_mul(16);
                let max = usize::try_from(most).unwrap_or(max).min(max);
                return Err(Misuse::FrameTooLong { len, max }.into());
            }
            match self.allowance.take_ctr(ctr, blocks) {
                Ok(true) => return Ok(Ready { ctr, header }),
                Ok(false) => {}
                // No tick prepared the next session of a channel in time: this frame begins it.
                Err(Error::KeyExhausted { .. })
                    if matches!(self.keys, SendKeys::Channel { .. }) && !is_second_session =>
                {
                    is_second_session = true;
                    self.adopt_key()?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Checks what can be refused of a frame in its own storage, then takes a CTR.
    #[inline(always)]
    pub(in crate::channel) fn ready_in_place(
        &mut self,
        info: &FrameInfo<'_>,
        frame: &FrameBuf<'_>,
    ) -> Result<Ready, Error> {
        let (headroom, tailroom) = (frame.offset(), frame.tailroom());
        self.ready(info, frame.len(), |header_len, tag_len| {
            if headroom < header_len {
                return Err(Misuse::Headroom {
                    needed: header_len,
                    available: headroom,
                }
                .into());
            }
            if tailroom < tag_len {
                return Err(Misuse::Tailroom {
                    needed: tag_len,
                    available: tailroom,
                }
                .into());
            }
            Ok(())
        })
    }

    /// Checks what can be refused of a frame of `len` octets that goes to the front of `available` octets, then takes a CTR.
    #[inline(always)]
    pub(crate) fn ready_into(
        &mut self,
        info: &FrameInfo<'_>,
        len: usize,
        available: usize,
    ) -> Result<Ready, Error> {
        self.ready(info, len, |header_len, tag_len| {
            let needed = header_len + len + tag_len;
            if available < needed {
                return Err(Error::BufferTooSmall { needed, available });
            }
            Ok(())
        })
    }
}
