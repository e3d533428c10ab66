//! SFrame ciphertexts in, frames and their senders out.

mod accept;

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use zeroize::Zeroize;

use super::codecs::Codecs;
use super::course::{Courses, Failure, NeedKeyFrame};
use super::receive_keys::{FoundKey, ReceiveKeys, SealedFrame};
use super::statistics::{ErrorCounts, Statistics, StreamStatistics};
use super::{MAX_METADATA_LEN, Mode, SCRATCH_LEN};
use crate::cipher::wipe_text;
use crate::error::{Error, Malformed, Misuse};
use crate::format::sframe::Header;
use crate::frame::{FrameBuf, FrameInfo};
use crate::id::{Counter, KeyId, Media, SenderId};
use crate::keys::KeyStore;
use crate::keys::channel::Channel;
use crate::keys::recv_key::RecvKey;
use crate::keys::replay::Verdict;
use crate::keys::secret::wipe_stack;

/// Opens the frames of one thread's streams, of any number of senders.
///
/// `Send` and not `Sync`: one thread at a time. Several decryptors may share a store; the replay window of a KID is one for all of them.
/// In the steady state a frame allocates nothing, takes no lock and makes no system call, good or bad (but for the result of
/// [`decrypt_to_vec`](Self::decrypt_to_vec)). Outside it are the first frame of a stream or session, the first with longer metadata than
/// before, and the first after a change of keys.
pub struct ChannelDecryptor {
    pub(super) keys: ReceiveKeys,
    pub(super) mode: Mode,
    pub(super) codecs: Codecs,
    scratch: Vec<u8>,
    statistics: Statistics,
    courses: Courses,
    /// The key that opened the last frame, from which its sender is borrowed.
    last: Option<Arc<RecvKey>>,
    not_sync: PhantomData<Cell<()>>,
}

/// What an opened frame turned out to be: all of it authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Opened<'a> {
    /// KID in its header.
    pub kid: KeyId,
    /// CTR in its header.
    pub ctr: Counter,
    /// Whose key opened it.
    pub sender: &'a SenderId,
    /// What the session carries; unspecified for raw keys.
    pub media: Media,
    /// Generation and step of the channel; nothing for raw keys.
    pub epoch: Option<(u64, u32)>,
    /// Octets of plaintext.
    pub len: usize,
}

/// A frame whose header was read, and where its parts lie.
pub(crate) struct Candidate {
    pub(super) key: FoundKey,
    pub(super) header: Header,
    pub(crate) header_len: usize,
    pub(crate) plaintext_len: usize,
}

impl ChannelDecryptor {
    /// Makes a decryptor for the raw keys of `store`. The mode sets how far the replay window reaches back; a packet maximum is the sender's
    /// matter and not looked at.
    ///
    /// # Errors
    /// None today; the result leaves room for modes that a store cannot serve.
    pub fn new(store: &KeyStore, mode: Mode) -> Result<Self, Error> {
        Ok(Self::with_keys(ReceiveKeys::raw(store), mode))
    }

    /// Makes a decryptor for what the `expected` pairs of sender and media send in `channel`: 1 to 16 pairs. More senders are announced by
    /// [`Channel::expect_session`].
    ///
    /// # Errors
    /// [`Misuse::ExpectedSenders`] for no pair or more than 16.
    pub fn for_channel(
        channel: &Channel,
        expected: &[(SenderId, Media)],
        mode: Mode,
    ) -> Result<Self, Error> {
        Ok(Self::with_keys(
            ReceiveKeys::channel(channel, expected)?,
            mode,
        ))
    }

    fn with_keys(keys: ReceiveKeys, mode: Mode) -> Self {
        Self {
            keys,
            mode,
            codecs: Codecs::default(),
            scratch: Vec::with_capacity(SCRATCH_LEN),
            statistics: Statistics::default(),
            courses: Courses::default(),
            last: None,
            not_sync: PhantomData,
        }
    }

    /// Takes over changes of the keys now, so that a retired key is wiped though no frame comes.
    pub fn refresh(&mut self) {
        if self.keys.refresh() {
            self.last = None;
            wipe_stack();
        }
    }

    /// Opens a frame where it lies.
    ///
    /// On entry `frame` holds header, ciphertext and tag. On success it holds the plaintext, where the ciphertext was. If its
    /// key is missing or not open yet, if it is malformed or truncated, `frame` is unchanged, and it may be tried again when its key has
    /// come. On other errors its ciphertext may be zeroed or spoilt, and never holds plaintext. Until it returns, the storage may hold what has not
    /// authenticated: it must not be memory that somebody else reads meanwhile.
    ///
    /// # Errors
    /// [`Error::MissingKey`], [`Error::NotYetActive`]: fetch the key, keep the frame if you like. [`Error::RetiredKey`],
    /// [`Error::Reflected`], [`Error::AuthenticationFailed`], [`Error::Duplicate`], [`Error::Replayed`], [`Error::TooOld`],
    /// [`Error::Malformed`], [`Error::Truncated`], [`Error::Contended`]: drop the frame. [`Misuse::MetadataTooLong`], [`Misuse::NoCodec`]: fix the call.
    /// [`Error::CipherFailed`]: report it.
    /// After any of them nothing has changed but counters.
    pub fn decrypt_in_place(
        &mut self,
        info: &FrameInfo<'_>,
        frame: &mut FrameBuf<'_>,
    ) -> Result<Opened<'_>, Error> {
        if self.codecs.are_set()
            && let Some(codec) = self.codec_aware(info)?
        {
            return self.decrypt_carried(codec, info, frame);
        }
        let candidate = self.candidate(info, frame.as_slice())?;
        self.open_in_place(candidate, info, frame)
    }

    /// Opens a frame whose key was found.
    #[inline(always)]
    pub(super) fn open_in_place(
        &mut self,
        candidate: Candidate,
        info: &FrameInfo<'_>,
        frame: &mut FrameBuf<'_>,
    ) -> Result<Opened<'_>, Error> {
        let (header, rest) = frame.as_mut_slice().split_at_mut(candidate.header_len);
        let (data, tag) = rest.split_at_mut(candidate.plaintext_len);
        let (header_len, tag_len) = (header.len(), tag.len());
        let parsed = self.open(candidate, info, header, data, tag)?;
        let len = data.len();
        frame.shrink(header_len, tag_len);
        self.opened(parsed, len)
    }

    /// Opens a frame into another buffer. The plaintext is [`Opened::len`] octets at its front.
    ///
    /// `ciphertext` holds header, ciphertext and tag and stays as it is. On error `out` is unchanged, or zeroed where it was
    /// written to.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`] with the exact octets needed, before anything is spent on the frame; the others as
    /// [`decrypt_in_place`](Self::decrypt_in_place).
    pub fn decrypt_into(
        &mut self,
        info: &FrameInfo<'_>,
        ciphertext: &[u8],
        out: &mut [u8],
    ) -> Result<Opened<'_>, Error> {
        if self.codecs.are_set()
            && let Some(codec) = self.codec_aware(info)?
        {
            return self.decrypt_carried_into(codec, info, ciphertext, out);
        }
        let candidate = self.candidate(info, ciphertext)?;
        self.open_into(candidate, info, ciphertext, out)
    }

    /// Opens a frame whose key was found into another buffer.
    #[inline(always)]
    pub(crate) fn open_into(
        &mut self,
        candidate: Candidate,
        info: &FrameInfo<'_>,
        ciphertext: &[u8],
        out: &mut [u8],
    ) -> Result<Opened<'_>, Error> {
        let (header, rest) = ciphertext.split_at(candidate.header_len);
        let (ciphertext, tag) = rest.split_at(candidate.plaintext_len);
        let available = out.len();
        let Some(data) = out.get_mut(..ciphertext.len()) else {
            let needed = ciphertext.len();
            let error = Error::BufferTooSmall { needed, available };
            return Err(self.refuse_read(&candidate, info, error));
        };
        data.copy_from_slice(ciphertext);
        let parsed = self.open(candidate, info, header, data, tag)?;
        self.opened(parsed, ciphertext.len())
    }

    /// Opens the frame that lies in the first `len` octets of `buffer`, and leaves the plaintext at the front: it moves by the header's length.
    ///
    /// Otherwise as [`decrypt_in_place`](Self::decrypt_in_place).
    ///
    /// # Errors
    /// [`Misuse::RangeOutsideStorage`] if the buffer has no `len` octets; the others as [`decrypt_in_place`](Self::decrypt_in_place).
    pub fn decrypt_at_front(
        &mut self,
        info: &FrameInfo<'_>,
        buffer: &mut [u8],
        len: usize,
    ) -> Result<Opened<'_>, Error> {
        let mut frame = FrameBuf::new(buffer, 0, len)?;
        if self.codecs.are_set() {
            let opened = self.decrypt_in_place(info, &mut frame)?;
            let (offset, len) = (frame.offset(), frame.len());
            to_front(buffer, offset, len);
            return Ok(opened);
        }
        let candidate = self.candidate(info, frame.as_slice())?;
        self.open_at_front(candidate, info, buffer, len)
    }

    /// Opens a frame whose key was found, and moves it to the front.
    #[inline(always)]
    pub(crate) fn open_at_front(
        &mut self,
        candidate: Candidate,
        info: &FrameInfo<'_>,
        buffer: &mut [u8],
        len: usize,
    ) -> Result<Opened<'_>, Error> {
        let mut frame = FrameBuf::new(buffer, 0, len)?;
        let opened = self.open_in_place(candidate, info, &mut frame)?;
        let (offset, len) = (frame.offset(), frame.len());
        to_front(buffer, offset, len);
        Ok(opened)
    }

    /// Opens a frame into a new vector.
    ///
    /// # Errors
    /// As [`decrypt_in_place`](Self::decrypt_in_place).
    pub fn decrypt_to_vec(
        &mut self,
        info: &FrameInfo<'_>,
        ciphertext: &[u8],
    ) -> Result<Vec<u8>, Error> {
        if self.codecs.are_set()
            && let Some(codec) = self.codec_aware(info)?
        {
            return self.decrypt_carried_to_vec(codec, info, ciphertext);
        }
        // Made only once a key is found: an unauthenticated sender does not make us allocate for unknown KIDs.
        let candidate = self.candidate(info, ciphertext)?;
        let (header, rest) = ciphertext.split_at(candidate.header_len);
        let (ciphertext, tag) = rest.split_at(candidate.plaintext_len);
        let mut data = ciphertext.to_vec();
        self.open(candidate, info, header, &mut data, tag)?;
        Ok(data)
    }

    /// Returns counters by sender and stream, in the order in which their first authentic frames came.
    pub fn statistics(&self) -> impl ExactSizeIterator<Item = &StreamStatistics> {
        self.statistics.streams().iter()
    }

    /// Returns counters over all senders and streams, refusals that belong to none of them included.
    #[must_use]
    pub fn totals(&self) -> &StreamStatistics {
        self.statistics.totals()
    }

    /// Returns the refusals that belong to no stream in [`statistics`](Self::statistics): no key, no header, or no authentic frame so far.
    #[must_use]
    pub fn unattributed(&self) -> &ErrorCounts {
        self.statistics.unattributed()
    }

    /// Returns why the last frame was refused, and whose it was.
    #[must_use]
    pub fn last_failure(&self) -> Option<&Failure> {
        self.courses.last_failure()
    }

    /// Returns a stream whose decoder cannot go on without a key frame: its first frame was none, or frames before this one were refused. Call it until it returns nothing, after a
    /// frame or some times a second, with milliseconds of any clock that does not jump: a stream is named at most every 500 ms.
    ///
    /// A stream stays in need until a key frame of it opens, which is told by the octets of codecs that [`set_codec`](Self::set_codec) names and of most others; where nobody can
    /// tell it is named once. Streams are those of video: by their codec, or by the media that their sender's session carries.
    pub fn need_key_frame(&mut self, now_ms: u64) -> Option<NeedKeyFrame> {
        self.courses.need_key_frame(now_ms, &self.statistics)
    }

    /// Parses, finds the key and looks at the window. Changes nothing but counters.
    #[inline(always)]
    pub(crate) fn candidate(
        &mut self,
        info: &FrameInfo<'_>,
        frame: &[u8],
    ) -> Result<Candidate, Error> {
        self.candidate_of(info, frame, frame.len())
    }

    /// Does so for a frame of `frame_len` octets that begins with `frame`, which need not have more than a header.
    #[inline(always)]
    pub(super) fn candidate_of(
        &mut self,
        info: &FrameInfo<'_>,
        frame: &[u8],
        frame_len: usize,
    ) -> Result<Candidate, Error> {
        self.refresh();
        let len = info.metadata_octets().len();
        if len > MAX_METADATA_LEN {
            let max = MAX_METADATA_LEN;
            return Err(self.count(
                None,
                None,
                info,
                Misuse::MetadataTooLong { len, max }.into(),
            ));
        }
        let (header, header_len) =
            Header::parse(frame).map_err(|error| self.count(None, None, info, error))?;
        let found = self
            .keys
            .find(header.kid(), &mut self.last)
            .map_err(|error| self.count(None, Some(header), info, error))?;
        let needed = header_len + found.tag_len;
        let Some(plaintext_len) = frame_len.checked_sub(needed) else {
            let error = Error::Truncated {
                len: frame_len,
                needed,
            };
            return Err(self.count(found.key.sender(), Some(header), info, error));
        };
        if plaintext_len > found.max_frame_len {
            let error = Malformed::TooLong.into();
            return Err(self.count(found.key.sender(), Some(header), info, error));
        }
        if let FoundKey::Known(key) = &found.key {
            // A replay is opened all the same, so that only the real sender's frames raise its alarm.
            match key.window().look(header.ctr(), self.mode.window()) {
                Verdict::Fresh | Verdict::Replayed => {}
                verdict => return Err(self.refuse(key, info, header, verdict)),
            }
        }
        Ok(Candidate {
            key: found.key,
            header,
            header_len,
            plaintext_len,
        })
    }

    /// Opens `data`, then looks again and marks the window; only then is the frame the caller's. The key stays in `last`.
    #[inline(always)]
    pub(super) fn open(
        &mut self,
        candidate: Candidate,
        info: &FrameInfo<'_>,
        header_octets: &[u8],
        data: &mut [u8],
        tag: &[u8],
    ) -> Result<Header, Error> {
        let header = candidate.header;
        let sealed = SealedFrame {
            header,
            header_octets,
            metadata: info.metadata_octets(),
            tag,
        };
        let opened = self
            .keys
            .open(&candidate.key, &sealed, data, &mut self.scratch);
        let key = match (opened, candidate.key) {
            (Ok(Some(key)), _) | (Ok(None), FoundKey::Known(key)) => key,
            (Ok(None), FoundKey::Unheard) => {
                data.zeroize();
                let kid = header.kid();
                return Err(self.count(None, Some(header), info, Error::MissingKey { kid }));
            }
            (Err(error), key) => {
                // Ciphers wipe by contract; a custom one that does not must not hand out what it made.
                wipe_text(data);
                return Err(self.count(key.sender(), Some(header), info, error));
            }
        };
        self.accept(key, info, header, data)?;
        Ok(header)
    }

    /// Asks the cache for what counting the next frame will touch.
    pub(super) fn prefetch_statistics(&self) {
        self.statistics.prefetch();
    }

    /// The key of the frame before, probably that of the next.
    pub(super) fn last_key(&self) -> Option<&Arc<RecvKey>> {
        self.last.as_ref()
    }

    /// The frame that the last key has just opened.
    #[inline(always)]
    pub(crate) fn opened(&self, header: Header, len: usize) -> Result<Opened<'_>, Error> {
        let kid = header.kid();
        let key = self.last.as_deref().ok_or(Error::MissingKey { kid })?;
        let session = key.session();
        Ok(Opened {
            kid,
            ctr: header.ctr(),
            sender: key.sender(),
            media: session.map_or(Media::UNSPECIFIED, |session| session.media),
            epoch: session.map(|session| (session.generation, session.step)),
            len,
        })
    }

    /// Counts a frame whose key was found, and that was not tried.
    pub(super) fn refuse_read(
        &mut self,
        candidate: &Candidate,
        info: &FrameInfo<'_>,
        error: Error,
    ) -> Error {
        self.count(candidate.key.sender(), Some(candidate.header), info, error)
    }

    /// Counts a refusal, of the sender whose key was found, and of a header that was read.
    pub(super) fn count(
        &mut self,
        sender: Option<&SenderId>,
        header: Option<Header>,
        info: &FrameInfo<'_>,
        error: Error,
    ) -> Error {
        self.statistics.count_error(sender, info.ssrc(), &error);
        let failure = Failure {
            error,
            stream: info.ssrc(),
            kid: header.map(|header| header.kid()),
            ctr: header.map(|header| header.ctr()),
            sender: sender.cloned(),
            conceal: false,
        };
        let codec = self.codecs.of(info.ssrc()).ok().flatten();
        let events = self.keys.events();
        self.courses
            .refused(failure, codec, &self.statistics, events);
        error
    }
}

/// Moves plaintext to the front of its buffer, where the ciphertext began.
#[inline]
fn to_front(buffer: &mut [u8], offset: usize, len: usize) {
    buffer.copy_within(offset..offset + len, 0);
    // The frame's end stands there twice.
    buffer[len..offset + len].zeroize();
}

impl Drop for ChannelDecryptor {
    fn drop(&mut self) {
        wipe_stack();
    }
}

impl fmt::Debug for ChannelDecryptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChannelDecryptor")
            .field("mode", &self.mode)
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}
