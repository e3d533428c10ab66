//! Frames in, SFrame ciphertexts out.

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use zeroize::Zeroize;

use super::statistics::{Statistics, StreamStatistics};
use super::{MAX_METADATA_LEN, Mode, SCRATCH_LEN};
use crate::cipher::{CipherSuite, Params};
use crate::error::{Error, Misuse};
use crate::format::sframe::{self, EncodedHeader, FrameContext, Header};
use crate::frame::{FrameBuf, FrameInfo};
use crate::id::{Counter, KeyId, SenderId};
use crate::keys::key::{Allowance, SendKey};
use crate::keys::secret::wipe_stack;
use crate::keys::{KeyStore, Snapshot};

/// Seals the frames of one thread's streams under the store's active send key.
///
/// `Send` and not `Sync`: one thread at a time. Several encryptors may share a store and its key; CTR values are then dealt out among them.
/// In the steady state a frame allocates nothing, takes no lock and makes no system call.
pub struct ChannelEncryptor {
    store: KeyStore,
    snapshot: Arc<Snapshot>,
    mode: Mode,
    params: Params,
    allowance: Allowance,
    scratch: Vec<u8>,
    statistics: Statistics,
    /// The sender under which an encryptor counts: none, it is this side.
    nobody: SenderId,
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
    /// Octets of header, ciphertext and tag together.
    pub len: usize,
}

/// A CTR taken and all that is known before the octets are touched.
struct Ready {
    key: Arc<SendKey>,
    ctr: Counter,
    header: EncodedHeader,
}

impl ChannelEncryptor {
    /// Makes an encryptor for the keys of `store`.
    ///
    /// # Errors
    /// [`Misuse::PacketMaximum`] if the maximum holds no payload; [`Misuse::CompactProfile`] if the store's suite is not 0x0001 in that
    /// mode.
    pub fn new(store: &KeyStore, mode: Mode) -> Result<Self, Error> {
        let params = store.params();
        if matches!(mode, Mode::CompactPacket { .. })
            && store.suite() != CipherSuite::AES_128_CTR_HMAC_SHA256_80
        {
            return Err(Misuse::CompactProfile.into());
        }
        let mut encryptor = Self {
            store: store.clone(),
            snapshot: store.snapshot(),
            mode,
            params,
            allowance: Allowance::default(),
            scratch: Vec::with_capacity(SCRATCH_LEN),
            statistics: Statistics::default(),
            nobody: SenderId::default(),
            not_sync: PhantomData,
        };
        encryptor.adopt_key();
        let needed = encryptor.max_overhead() + 1;
        match mode.max_len() {
            Some(max_len) if max_len < needed => {
                Err(Misuse::PacketMaximum { max_len, needed }.into())
            }
            _ => Ok(encryptor),
        }
    }

    /// Returns the most octets that header and tag add to a frame, at any KID and CTR that the mode allows.
    #[must_use]
    pub fn max_overhead(&self) -> usize {
        // A seal takes a block at least, so CTR stays under 2^36 + what a CounterStore skips; 2^64 - 1 is never exceeded.
        let header = match self.mode {
            Mode::CompactPacket { .. } => Header::MAX_LEN - 8,
            Mode::Frame | Mode::Packet { .. } => Header::MAX_LEN,
        };
        header + self.params.tag_len
    }

    /// Returns the most octets that a frame of `len` octets becomes.
    #[must_use]
    pub fn encrypted_len_bound(&self, len: usize) -> usize {
        len.saturating_add(self.max_overhead())
    }

    /// Returns the exact octets that header and tag add to the next frame, if no other encryptor of the store is quicker.
    ///
    /// # Errors
    /// [`Error::NoActiveKey`] if there is none.
    pub fn next_overhead(&mut self) -> Result<usize, Error> {
        self.refresh();
        let key = self.snapshot.send.as_ref().ok_or(Error::NoActiveKey)?;
        let header = Header::new(key.kid(), key.peek_ctr());
        Ok(header.encoded_len() + self.params.tag_len)
    }

    /// Takes over changes of the KeyStore now, so that a retired key is wiped though no frame comes.
    pub fn refresh(&mut self) {
        if self.store.version() != self.snapshot.version {
            self.snapshot = self.store.snapshot();
            self.adopt_key();
            wipe_stack();
        }
    }

    /// Draws from the active key from now on; what was drawn from another goes back to it.
    fn adopt_key(&mut self) {
        let same = match (self.allowance.key(), &self.snapshot.send) {
            (Some(old), Some(new)) => Arc::ptr_eq(old, new),
            (old, new) => old.is_none() && new.is_none(),
        };
        if !same {
            self.allowance = self
                .snapshot
                .send
                .clone()
                .map_or_else(Allowance::default, Allowance::of);
        }
    }

    /// Seals a frame where it lies.
    ///
    /// On entry `frame` holds the plaintext, with headroom and tailroom ([`FrameBuf::HEADROOM`] and [`FrameBuf::TAILROOM`] are always
    /// enough). On success it holds header, ciphertext and tag. If the arguments are refused it is unchanged and no CTR is spent; if the
    /// cipher fails it is zeroed and one CTR value is spent.
    ///
    /// # Errors
    /// [`Misuse::Headroom`], [`Misuse::Tailroom`], [`Misuse::FrameTooLong`], [`Misuse::MetadataTooLong`],
    /// [`Misuse::CompactProfile`], [`Error::PacketTooLong`]: fix the call. [`Error::NoActiveKey`], [`Error::KeyExhausted`],
    /// [`Error::Forked`]: bring a key. [`Error::CounterStore`], [`Error::CipherFailed`]: report it. Nothing is ever sent in clear.
    pub fn encrypt_in_place(
        &mut self,
        info: &FrameInfo<'_>,
        frame: &mut FrameBuf<'_>,
    ) -> Result<Sealed, Error> {
        let len = frame.len();
        let (headroom, tailroom) = (frame.offset(), frame.tailroom());
        let tag_len = self.params.tag_len;
        let ready = self.ready(info, len, |header_len| {
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
        })?;
        let (head, payload, tail) = frame.parts();
        let sealed = self.seal(&ready, info, payload, &mut tail[..tag_len])?;
        let header = ready.header.as_slice();
        let at = head.len() - header.len();
        head[at..].copy_from_slice(header);
        frame.grow(header.len(), tag_len);
        Ok(sealed)
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
        let available = out.len();
        let tag_len = self.params.tag_len;
        let ready = self.ready(info, plaintext.len(), |header_len| {
            let needed = header_len + plaintext.len() + tag_len;
            if available < needed {
                return Err(Error::BufferTooSmall { needed, available });
            }
            Ok(())
        })?;
        let header = ready.header.as_slice();
        let (head, rest) = out.split_at_mut(header.len());
        let (payload, rest) = rest.split_at_mut(plaintext.len());
        payload.copy_from_slice(plaintext);
        let sealed = self.seal(&ready, info, payload, &mut rest[..tag_len])?;
        head.copy_from_slice(header);
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

    /// Checks everything that can be refused, then takes a CTR: a refused call costs nothing.
    fn ready(
        &mut self,
        info: &FrameInfo<'_>,
        len: usize,
        room: impl Fn(usize) -> Result<(), Error>,
    ) -> Result<Ready, Error> {
        self.refresh();
        let result = self.take(info, len, room);
        if let Err(error) = &result {
            self.statistics
                .count_error(Some(&self.nobody), info.ssrc(), error);
        }
        result
    }

    fn take(
        &mut self,
        info: &FrameInfo<'_>,
        len: usize,
        room: impl Fn(usize) -> Result<(), Error>,
    ) -> Result<Ready, Error> {
        let metadata_len = info.metadata_octets().len();
        if metadata_len > MAX_METADATA_LEN {
            let (len, max) = (metadata_len, MAX_METADATA_LEN);
            return Err(Misuse::MetadataTooLong { len, max }.into());
        }
        let max = self.params.limits.max_frame_len;
        if len > max {
            return Err(Misuse::FrameTooLong { len, max }.into());
        }
        let key = self.snapshot.send.as_ref().ok_or(Error::NoActiveKey)?;
        if matches!(self.mode, Mode::CompactPacket { .. }) && key.kid().value() > 7 {
            return Err(Misuse::CompactProfile.into());
        }
        loop {
            let ctr = key.peek_ctr();
            let header = Header::new(key.kid(), ctr).encoded();
            let header_len = header.as_slice().len();
            let sealed_len = header_len + len + self.params.tag_len;
            if let Some(max_len) = self.mode.max_len()
                && sealed_len > max_len
            {
                let by = sealed_len - max_len;
                return Err(Error::PacketTooLong { by });
            }
            room(header_len)?;
            let blocks = blocks(header_len + metadata_len) + blocks(len) + 1;
            if self.allowance.take_ctr(ctr, blocks)? {
                return Ok(Ready {
                    key: Arc::clone(key),
                    ctr,
                    header,
                });
            }
        }
    }

    fn seal(
        &mut self,
        ready: &Ready,
        info: &FrameInfo<'_>,
        payload: &mut [u8],
        tag: &mut [u8],
    ) -> Result<Sealed, Error> {
        let key = &ready.key;
        let header = ready.header.as_slice();
        let context = FrameContext {
            key: key.cipher_key(),
            salt: key.salt(),
            ctr: ready.ctr,
            header,
            metadata: info.metadata_octets(),
            scratch: &mut self.scratch,
        };
        if sframe::seal(context, payload, tag).is_err() {
            payload.zeroize();
            tag.zeroize();
            let error = Error::CipherFailed { suite: key.suite() };
            self.statistics
                .count_error(Some(&self.nobody), info.ssrc(), &error);
            return Err(error);
        }
        let (kid, ctr) = (key.kid(), ready.ctr);
        self.statistics
            .count_frame(&self.nobody, info.ssrc(), payload.len(), kid, Some(ctr));
        Ok(Sealed {
            kid,
            ctr,
            len: header.len() + payload.len() + tag.len(),
        })
    }
}

/// Blocks of 16 octets that `len` octets take.
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
            .field("suite", &self.store.suite())
            .finish_non_exhaustive()
    }
}
