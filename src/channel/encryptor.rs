//! Frames in, SFrame ciphertexts out.

mod take;

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use zeroize::Zeroize;

use super::codecs::Codecs;
use super::send_keys::{Change, SendKeys};
use super::statistics::{Statistics, StreamStatistics};
use super::{Mode, SCRATCH_LEN};
use crate::cipher::{CipherSuite, Hash, Params};
use crate::error::{Error, Misuse};
use crate::format::sframe::{self, EncodedHeader, FrameContext, Header};
use crate::frame::{FrameBuf, FrameInfo};
use crate::id::{Counter, KeyId, Media, SenderId};
use crate::keys::KeyStore;
use crate::keys::channel::Channel;
use crate::keys::key::{Allowance, SendKey};
use crate::keys::secret::wipe_stack;

/// Seals the frames of one thread's streams under the store's active send key.
///
/// `Send` and not `Sync`: one thread at a time. Several encryptors may share a store and its key; CTR values are then dealt out among them.
/// In the steady state a frame allocates nothing, takes no lock and makes no system call.
pub struct ChannelEncryptor {
    keys: SendKeys,
    pub(super) mode: Mode,
    pub(super) params: Params,
    pub(super) codecs: Codecs,
    allowance: Allowance,
    scratch: Vec<u8>,
    statistics: Statistics,
    /// The sender under which an encryptor counts: this side, nameless with raw keys.
    sender: SenderId,
    not_sync: PhantomData<Cell<()>>,
}

/// What a sealed frame was sealed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sealed {
    /// KID in its header.
    pub kid: KeyId,
    /// CTR in its header.
    pub ctr: Counter,
    /// Octets of header, ciphertext and tag together, and of what a codec has around them.
    pub len: usize,
}

/// A CTR taken from the active key, and all that is known before the octets are touched.
pub(crate) struct Ready {
    pub(super) ctr: Counter,
    pub(crate) header: EncodedHeader,
}

impl ChannelEncryptor {
    /// Makes an encryptor for the raw keys of `store`.
    ///
    /// # Errors
    /// [`Misuse::PacketMaximum`] if the maximum holds no payload; [`Misuse::CompactProfile`] if the store's suite is not 0x0001 in that
    /// mode.
    pub fn new(store: &KeyStore, mode: Mode) -> Result<Self, Error> {
        if matches!(mode, Mode::CompactPacket { .. })
            && store.suite() != CipherSuite::AES_128_CTR_HMAC_SHA256_80
        {
            return Err(Misuse::CompactProfile.into());
        }
        let keys = SendKeys::Raw {
            store: store.clone(),
            snapshot: store.snapshot(),
        };
        let mut encryptor = Self::with_keys(keys, SenderId::default(), mode, store.params())?;
        encryptor.adopt_key()?;
        Ok(encryptor)
    }

    /// Makes an encryptor for what `sender` sends of one kind of media in `channel`. It seals in sessions of its own: as many encryptors as you like, of
    /// one sender or several, restarted as often as you like, repeat no nonce. `sender` may be empty.
    ///
    /// # Errors
    /// [`Misuse::PacketMaximum`] if the maximum holds no payload; [`Misuse::CompactProfile`] for that mode: sessions have long KIDs.
    pub fn for_channel(
        channel: &Channel,
        sender: SenderId,
        media: Media,
        mode: Mode,
    ) -> Result<Self, Error> {
        if matches!(mode, Mode::CompactPacket { .. }) {
            return Err(Misuse::CompactProfile.into());
        }
        let keys = SendKeys::Channel {
            channel: channel.clone(),
            sender: channel.register(sender.clone(), media),
            version: None,
        };
        // Until a generation is active, lengths are those of the longest tag.
        let longest = Params::new(16, 12, Params::MAX_TAG_LEN, Hash::Sha256);
        Self::with_keys(keys, sender, mode, longest)
    }

    fn with_keys(
        keys: SendKeys,
        sender: SenderId,
        mode: Mode,
        params: Params,
    ) -> Result<Self, Error> {
        let encryptor = Self {
            keys,
            mode,
            params,
            codecs: Codecs::default(),
            allowance: Allowance::default(),
            scratch: Vec::with_capacity(SCRATCH_LEN),
            statistics: Statistics::default(),
            sender,
            not_sync: PhantomData,
        };
        let needed = encryptor.max_overhead() + 1;
        match mode.max_len() {
            Some(max_len) if max_len < needed => {
                Err(Misuse::PacketMaximum { max_len, needed }.into())
            }
            _ => Ok(encryptor),
        }
    }

    /// Returns the most octets that SFrame header and tag add to a frame, at any KID and CTR that the mode allows.
    #[must_use]
    pub fn max_overhead(&self) -> usize {
        // The compact profile has its KID in the first octet.
        let header = match self.mode {
            Mode::CompactPacket { .. } => Header::MAX_LEN - 8,
            Mode::Frame | Mode::Packet { .. } => Header::MAX_LEN,
        };
        header + self.params.tag_len
    }

    /// Returns the exact octets that header and tag add to the next frame, if no other encryptor of the store is quicker.
    ///
    /// # Errors
    /// [`Error::NoActiveKey`] if there is none.
    pub fn next_overhead(&mut self) -> Result<usize, Error> {
        self.adopt_key()?;
        let key = self.allowance.key().ok_or(Error::NoActiveKey)?;
        let header = Header::new(key.kid(), key.peek_ctr());
        Ok(header.encoded_len() + self.params.tag_len)
    }

    /// Takes over changes of the keys now, so that a retired key is wiped though no frame comes.
    pub fn refresh(&mut self) {
        // What is wrong is said when a frame comes.
        self.adopt_key().ok();
    }

    /// Draws from the key that is active now; what was drawn from another goes back to it.
    #[inline(always)]
    fn adopt_key(&mut self) -> Result<(), Error> {
        let key = match self.keys.now(self.allowance.key()) {
            Ok(Change::None) => return Ok(()),
            Ok(Change::To(key)) => key,
            Err(error) => {
                self.allowance = Allowance::default();
                return Err(error);
            }
        };
        let same = match (self.allowance.key(), &key) {
            (Some(old), Some(new)) => Arc::ptr_eq(old, new),
            (old, new) => old.is_none() && new.is_none(),
        };
        if !same {
            if let Some(key) = &key {
                self.params = *key.params();
            }
            self.allowance = key.map_or_else(Allowance::default, Allowance::of);
            wipe_stack();
        }
        Ok(())
    }

    /// Seals a frame where it lies.
    ///
    /// On entry `frame` holds the plaintext, with headroom and tailroom ([`FrameBuf::HEADROOM`] and [`FrameBuf::TAILROOM`] are always
    /// enough). On success it holds header, ciphertext and tag. If the arguments are refused it is unchanged and no CTR is spent; if the
    /// cipher fails it is zeroed and one CTR value is spent.
    ///
    /// A frame of a stream with a [codec](Self::set_codec) needs a storage of [`encrypted_len_bound`](Self::encrypted_len_bound) octets, wherever it lies there, and may be moved in it.
    ///
    /// # Errors
    /// [`Error::Unsupported`], [`Misuse::NoCodec`]: set another codec; [`Error::BufferTooSmall`]: give a larger storage to a stream with one. [`Misuse::Headroom`], [`Misuse::Tailroom`], [`Misuse::FrameTooLong`], [`Misuse::MetadataTooLong`],
    /// [`Misuse::CompactProfile`], [`Misuse::ClockUnset`], [`Error::PacketTooLong`]: fix the call. [`Error::NoActiveKey`], [`Error::KeyExhausted`],
    /// [`Error::Forked`]: bring a key. [`Error::CounterStore`], [`Error::CipherFailed`]: report it. Nothing is ever sent in clear.
    pub fn encrypt_in_place(
        &mut self,
        info: &FrameInfo<'_>,
        frame: &mut FrameBuf<'_>,
    ) -> Result<Sealed, Error> {
        if self.codecs.are_set()
            && let Some(codec) = self.codec_aware(info)?
        {
            return self.encrypt_carried(codec, info, frame);
        }
        let ready = self.ready_in_place(info, frame)?;
        self.seal_in_place(&ready, info, frame)
    }

    /// Seals a frame whose CTR was taken last.
    #[inline(always)]
    pub(super) fn seal_in_place(
        &mut self,
        ready: &Ready,
        info: &FrameInfo<'_>,
        frame: &mut FrameBuf<'_>,
    ) -> Result<Sealed, Error> {
        let tag_len = self.params.tag_len;
        let (head, payload, tail) = frame.parts();
        let sealed = self.seal(ready, info, payload, &mut tail[..tag_len])?;
        ready.header.write_to_end(head);
        frame.grow(ready.header.len(), tag_len);
        Ok(sealed)
    }

    /// The key that the last CTR was taken from.
    #[inline]
    pub(super) fn key(&self) -> Option<&Arc<SendKey>> {
        self.allowance.key()
    }

    /// Asks the cache for what counting the next frame will touch.
    pub(super) fn prefetch_statistics(&self) {
        self.statistics.prefetch();
    }

    /// Seals a frame into another buffer and returns the octets written to its front.
    ///
    /// On success `out` begins with header, ciphertext and tag. If the arguments are refused it is unchanged and no CTR is spent; if
    /// the cipher fails what was written is zeroed and one CTR value is spent.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`] with the exact octets needed; the others as [`encrypt_in_place`](Self::encrypt_in_place).
    pub fn encrypt_into(
        &mut self,
        info: &FrameInfo<'_>,
        plaintext: &[u8],
        out: &mut [u8],
    ) -> Result<usize, Error> {
        if self.codecs.are_set()
            && let Some(codec) = self.codec_aware(info)?
        {
            return self.encrypt_carried_into(codec, info, plaintext, out);
        }
        let ready = self.ready_into(info, plaintext.len(), out.len())?;
        let header = ready.header;
        let (head, rest) = out.split_at_mut(header.len());
        let (payload, rest) = rest.split_at_mut(plaintext.len());
        let tag_len = self.params.tag_len;
        payload.copy_from_slice(plaintext);
        let sealed = self.seal(&ready, info, payload, &mut rest[..tag_len])?;
        header.write_to(head);
        Ok(sealed.len)
    }

    /// Seals the frame that lies in the first `len` octets of `buffer`, and leaves the result there: the frame moves by the header's length.
    ///
    /// On success `buffer` begins with header, ciphertext and tag. If the arguments are refused it is unchanged and no CTR is spent; if
    /// the cipher fails what was written is zeroed and one CTR value is spent.
    ///
    /// # Errors
    /// As [`encrypt_into`](Self::encrypt_into).
    pub fn encrypt_at_front(
        &mut self,
        info: &FrameInfo<'_>,
        buffer: &mut [u8],
        len: usize,
    ) -> Result<usize, Error> {
        if self.codecs.are_set()
            && let Some(codec) = self.codec_aware(info)?
        {
            let available = buffer.len();
            if available < len {
                let needed = self.encrypted_len_bound(len);
                return Err(self.count(info, Error::BufferTooSmall { needed, available }));
            }
            // As there is no room in front, it begins where the buffer does.
            let mut frame = FrameBuf::new(buffer, 0, len)?;
            return Ok(self.encrypt_carried(codec, info, &mut frame)?.len);
        }
        let ready = self.ready_into(info, len, buffer.len())?;
        let header = ready.header;
        buffer.copy_within(..len, header.len());
        let (head, rest) = buffer.split_at_mut(header.len());
        // What is left of the frame in front of its new place must not outlive a failure.
        header.write_to(head);
        let (payload, rest) = rest.split_at_mut(len);
        let tag_len = self.params.tag_len;
        let sealed = self.seal(&ready, info, payload, &mut rest[..tag_len])?;
        Ok(sealed.len)
    }

    /// Seals a frame into a new vector.
    ///
    /// # Errors
    /// As [`encrypt_in_place`](Self::encrypt_in_place).
    pub fn encrypt_to_vec(
        &mut self,
        info: &FrameInfo<'_>,
        plaintext: &[u8],
    ) -> Result<Vec<u8>, Error> {
        self.refresh();
        let mut out = vec![0; self.encrypted_len_bound(plaintext.len())];
        let len = self.encrypt_into(info, plaintext, &mut out)?;
        out.truncate(len);
        Ok(out)
    }

    /// Returns counters by stream, in the order in which the streams began.
    pub fn statistics(&self) -> impl ExactSizeIterator<Item = &StreamStatistics> {
        self.statistics.streams().iter()
    }

    /// Returns counters over all streams.
    #[must_use]
    pub fn totals(&self) -> &StreamStatistics {
        self.statistics.totals()
    }

    /// Counts a frame that was refused.
    pub(super) fn count(&mut self, info: &FrameInfo<'_>, error: Error) -> Error {
        self.statistics
            .count_error(Some(&self.sender), info.ssrc(), &error);
        error
    }

    #[inline(always)]
    fn seal(
        &mut self,
        ready: &Ready,
        info: &FrameInfo<'_>,
        payload: &mut [u8],
        tag: &mut [u8],
    ) -> Result<Sealed, Error> {
        let key = self.allowance.key().ok_or(Error::NoActiveKey)?;
        let context = FrameContext {
            key: key.cipher_key(),
            salt: key.salt(),
            ctr: ready.ctr,
            metadata: info.metadata_octets(),
            scratch: &mut self.scratch,
        };
        let (kid, suite) = (key.kid(), key.suite());
        let sealed = sframe::seal(context, &ready.header, payload, tag).is_ok();
        let len = ready.header.len() + payload.len() + tag.len();
        if !sealed {
            payload.zeroize();
            tag.zeroize();
            return Err(self.cipher_failed(suite, info));
        }
        Ok(self.sealed(kid, ready.ctr, info, payload.len(), len))
    }

    /// Counts a cipher that failed.
    pub(super) fn cipher_failed(&mut self, suite: u16, info: &FrameInfo<'_>) -> Error {
        self.count(info, Error::CipherFailed { suite })
    }

    /// Counts a frame of `payload_len` octets that became `len`.
    #[inline(always)]
    pub(super) fn sealed(
        &mut self,
        kid: KeyId,
        ctr: Counter,
        info: &FrameInfo<'_>,
        payload_len: usize,
        len: usize,
    ) -> Sealed {
        self.statistics
            .count_frame(&self.sender, info.ssrc(), payload_len, kid, Some(ctr));
        Sealed { kid, ctr, len }
    }
}

/// Blocks of 16 octets that `len` octets take.
#[inline]
fn blocks(len: usize) -> u64 {
    (len as u64).div_ceil(16)
}

impl Drop for ChannelEncryptor {
    fn drop(&mut self) {
        wipe_stack();
    }
}

impl fmt::Debug for ChannelEncryptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChannelEncryptor")
            .field("mode", &self.mode)
            .field("sender", &self.sender)
            .finish_non_exhaustive()
    }
}
