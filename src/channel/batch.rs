//! Many frames of many channels in one call.
//!
//! ```text
//!  job   n + 6      n + 4      n + 2          n
//!        ask for    ask for    ask for the    seal or open
//!        the stage  its key    key's context
//! ```
//!
//! With thousands of streams in turn each would wait for the cache; a batch asks for what the next ones need while it works on this one. Frames of the CTR-HMAC suites
//! are also authenticated side by side, up to 16 of them: one frame alone waits for its own chain of hashes.

use std::sync::Arc;

use arrayvec::ArrayVec;
use subtle::ConstantTimeEq;

use super::decryptor::{Candidate, ChannelDecryptor, Opened};
use super::encryptor::{ChannelEncryptor, Ready, Sealed, put_header};
use super::receive_keys::FoundKey;
use crate::cipher::mac_batch::{MAX_PACKETS, Packet, tags};
use crate::cipher::{Nonce, PacketKey, prefetch};
use crate::error::Error;
use crate::format::sframe::{Header, packet_nonce};
use crate::frame::{FrameBuf, FrameInfo};
use crate::id::{Counter, KeyId, Media, SenderId};
use crate::keys::key::SendKey;
use crate::keys::recv_key::RecvKey;

/// How many jobs ahead an encryptor or decryptor is asked for; its key and the key's context follow.
pub(crate) const STAGE_AHEAD: usize = 6;
pub(crate) const KEY_AHEAD: usize = 4;
pub(crate) const CONTEXT_AHEAD: usize = 2;

/// Longest AAD of a frame that is authenticated beside others; longer ones are authenticated alone.
const MAX_AAD: usize = 128;

/// A frame of a batch, and what became of it.
#[derive(Debug)]
pub struct BatchFrame<'f, T> {
    info: FrameInfo<'f>,
    frame: FrameBuf<'f>,
    result: Option<Result<T, Error>>,
}

impl<'f, T> BatchFrame<'f, T> {
    /// Takes a frame in its storage, as [`ChannelEncryptor::encrypt_in_place`] or [`ChannelDecryptor::decrypt_in_place`] does.
    #[must_use]
    pub fn new(info: FrameInfo<'f>, frame: FrameBuf<'f>) -> Self {
        Self {
            info,
            frame,
            result: None,
        }
    }

    /// Returns what became of the frame, or nothing before the batch was run.
    pub fn result(&self) -> Option<&Result<T, Error>> {
        self.result.as_ref()
    }

    /// Returns the frame: after success what it became.
    #[must_use]
    pub fn frame(&self) -> &FrameBuf<'f> {
        &self.frame
    }

    /// Gives the storage back, with what became of the frame.
    #[must_use]
    pub fn into_parts(self) -> (FrameBuf<'f>, Option<Result<T, Error>>) {
        (self.frame, self.result)
    }
}

/// Frames that one encryptor is to seal, in their order.
#[derive(Debug)]
pub struct EncryptJob<'a, 'f> {
    encryptor: &'a mut ChannelEncryptor,
    frames: &'a mut [BatchFrame<'f, Sealed>],
}

impl<'a, 'f> EncryptJob<'a, 'f> {
    /// Makes a job for [`encrypt_batch`].
    #[must_use]
    pub fn new(
        encryptor: &'a mut ChannelEncryptor,
        frames: &'a mut [BatchFrame<'f, Sealed>],
    ) -> Self {
        Self { encryptor, frames }
    }
}

/// Frames that one decryptor is to open, in their order.
#[derive(Debug)]
pub struct DecryptJob<'a, 'f> {
    decryptor: &'a mut ChannelDecryptor,
    frames: &'a mut [BatchFrame<'f, OpenedFrame>],
}

impl<'a, 'f> DecryptJob<'a, 'f> {
    /// Makes a job for [`decrypt_batch`].
    #[must_use]
    pub fn new(
        decryptor: &'a mut ChannelDecryptor,
        frames: &'a mut [BatchFrame<'f, OpenedFrame>],
    ) -> Self {
        Self { decryptor, frames }
    }
}

/// What an opened frame of a batch turned out to be: [`Opened`] with a sender of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenedFrame {
    /// KID in its header.
    pub kid: KeyId,
    /// CTR in its header.
    pub ctr: Counter,
    /// Whose key opened it.
    pub sender: SenderId,
    /// What the session carries; unspecified for raw keys.
    pub media: Media,
    /// Generation and step of the channel; nothing for raw keys.
    pub epoch: Option<(u64, u32)>,
    /// Octets of plaintext.
    pub len: usize,
}

impl From<Opened<'_>> for OpenedFrame {
    fn from(opened: Opened<'_>) -> Self {
        Self {
            kid: opened.kid,
            ctr: opened.ctr,
            sender: opened.sender.clone(),
            media: opened.media,
            epoch: opened.epoch,
            len: opened.len,
        }
    }
}

/// Seals the frames of all jobs where they lie. Each frame ends for itself, exactly as [`ChannelEncryptor::encrypt_in_place`] would
/// end it, and has its own result; frames of one encryptor get their CTR values in order.
///
/// In the steady state it allocates nothing, takes no lock and makes no system call.
pub fn encrypt_batch(jobs: &mut [EncryptJob<'_, '_>]) {
    let mut waiting = ArrayVec::<Sealing, MAX_PACKETS>::new();
    for index in 0..jobs.len() {
        look_ahead(jobs, index);
        for at in 0..jobs[index].frames.len() {
            if let Some(frame) = begin_sealing(jobs, index, at) {
                waiting.push(frame);
                if waiting.is_full() {
                    finish_sealing(jobs, &mut waiting);
                }
            }
        }
    }
    finish_sealing(jobs, &mut waiting);
}

/// Opens the frames of all jobs where they lie. Each frame ends for itself, as [`ChannelDecryptor::decrypt_in_place`] would end it, and has its
/// own result; only a forged frame that is too old as well may be called either.
///
/// In the steady state it allocates nothing, takes no lock and makes no system call.
pub fn decrypt_batch(jobs: &mut [DecryptJob<'_, '_>]) {
    let mut waiting = ArrayVec::<Opening, MAX_PACKETS>::new();
    for index in 0..jobs.len() {
        look_ahead(jobs, index);
        for at in 0..jobs[index].frames.len() {
            if let Some(frame) = begin_opening(jobs, index, at, &mut waiting) {
                waiting.push(frame);
                if waiting.is_full() {
                    finish_opening(jobs, &mut waiting);
                }
            }
        }
    }
    finish_opening(jobs, &mut waiting);
}

/// What can be asked for before a job's turn comes.
pub(crate) trait LookAhead {
    /// The stage itself.
    fn prefetch_stage(&self);
    /// The key that the stage used last, and its counters.
    fn prefetch_key(&self);
    /// What the cipher keeps of that key.
    fn prefetch_context(&self);
}

/// Asks for what the jobs behind `index` need.
pub(crate) fn look_ahead<T: LookAhead>(jobs: &[T], index: usize) {
    if let Some(job) = jobs.get(index + STAGE_AHEAD) {
        job.prefetch_stage();
    }
    if let Some(job) = jobs.get(index + KEY_AHEAD) {
        job.prefetch_key();
    }
    if let Some(job) = jobs.get(index + CONTEXT_AHEAD) {
        job.prefetch_context();
    }
}

impl LookAhead for ChannelEncryptor {
    fn prefetch_stage(&self) {
        prefetch(self);
    }

    fn prefetch_key(&self) {
        if let Some(key) = self.key() {
            prefetch(&**key);
        }
        self.prefetch_statistics();
    }

    fn prefetch_context(&self) {
        if let Some(key) = self.key() {
            prefetch(key.cipher_key());
        }
    }
}

impl LookAhead for ChannelDecryptor {
    fn prefetch_stage(&self) {
        prefetch(self);
    }

    fn prefetch_key(&self) {
        if let Some(key) = self.last_key() {
            prefetch(&**key);
        }
        self.prefetch_statistics();
    }

    fn prefetch_context(&self) {
        if let Some(key) = self.last_key() {
            prefetch(key.cipher_key());
        }
    }
}

impl LookAhead for EncryptJob<'_, '_> {
    fn prefetch_stage(&self) {
        self.encryptor.prefetch_stage();
        prefetch(self.frames);
    }

    fn prefetch_key(&self) {
        self.encryptor.prefetch_key();
    }

    fn prefetch_context(&self) {
        self.encryptor.prefetch_context();
        if let Some(first) = self.frames.first() {
            prefetch(first.frame.as_slice());
        }
    }
}

impl LookAhead for DecryptJob<'_, '_> {
    fn prefetch_stage(&self) {
        self.decryptor.prefetch_stage();
        prefetch(self.frames);
    }

    fn prefetch_key(&self) {
        self.decryptor.prefetch_key();
    }

    fn prefetch_context(&self) {
        self.decryptor.prefetch_context();
        if let Some(first) = self.frames.first() {
            prefetch(first.frame.as_slice());
        }
    }
}

/// Header and metadata of a frame that waits for others.
type ShortAad = ArrayVec<u8, MAX_AAD>;

/// Joins header and metadata, if there is room.
fn short_aad(header: &[u8], metadata: &[u8]) -> Option<ShortAad> {
    let mut aad = ShortAad::new();
    aad.try_extend_from_slice(header).ok()?;
    aad.try_extend_from_slice(metadata).ok()?;
    Some(aad)
}

/// A frame with its key stream added, whose tag is still to be computed.
struct Sealing {
    job: usize,
    at: usize,
    key: Arc<SendKey>,
    ready: Ready,
    nonce: Nonce,
    aad: ShortAad,
}

/// Seals a frame, or begins to if its tag is better computed beside others.
fn begin_sealing(jobs: &mut [EncryptJob<'_, '_>], job: usize, at: usize) -> Option<Sealing> {
    let EncryptJob { encryptor, frames } = &mut jobs[job];
    let BatchFrame {
        info,
        frame,
        result,
    } = &mut frames[at];
    let ready = match encryptor.ready_in_place(info, frame) {
        Ok(ready) => ready,
        Err(error) => {
            *result = Some(Err(error));
            return None;
        }
    };
    if let Some(key) = encryptor.key()
        && let Some(cipher) = key.cipher_key().ctr_hmac()
        && let Some(nonce) = packet_nonce(key.salt(), ready.ctr)
        && let Some(aad) = short_aad(ready.header.as_slice(), info.metadata_octets())
    {
        let key = Arc::clone(key);
        let (_, payload, _) = frame.parts();
        if cipher_failed(cipher.apply_keystream(nonce, payload), payload) {
            *result = Some(Err(encryptor.cipher_failed(key.suite(), info)));
            return None;
        }
        return Some(Sealing {
            job,
            at,
            key,
            ready,
            nonce,
            aad,
        });
    }
    *result = Some(encryptor.seal_in_place(&ready, info, frame));
    None
}

/// Tells whether a cipher failed, and wipes if so.
fn cipher_failed<E>(done: Result<(), E>, data: &mut [u8]) -> bool {
    if done.is_err() {
        data.fill(0);
    }
    done.is_err()
}

/// Computes the tags of the frames that wait, and ends them.
fn finish_sealing(jobs: &mut [EncryptJob<'_, '_>], waiting: &mut ArrayVec<Sealing, MAX_PACKETS>) {
    let packets = waiting
        .iter()
        .filter_map(|frame| {
            let text = jobs[frame.job].frames[frame.at].frame.as_slice();
            packet(frame.key.cipher_key(), frame.nonce, &frame.aad, text)
        })
        .collect();
    let tags = tags(packets);
    for (sealing, tag) in waiting.drain(..).zip(tags) {
        let EncryptJob { encryptor, frames } = &mut jobs[sealing.job];
        let BatchFrame {
            info,
            frame,
            result,
        } = &mut frames[sealing.at];
        let (tag_len, header) = (sealing.key.params().tag_len, &sealing.ready.header);
        let (head, payload, tail) = frame.parts();
        tail[..tag_len].copy_from_slice(&tag[..tag_len]);
        put_header(head, header);
        let header_len = header.as_slice().len();
        let (payload_len, len) = (payload.len(), header_len + payload.len() + tag_len);
        frame.grow(header_len, tag_len);
        let (kid, ctr) = (sealing.key.kid(), sealing.ready.ctr);
        *result = Some(Ok(encryptor.sealed(kid, ctr, info, payload_len, len)));
    }
}

/// What is to be authenticated of a frame that waits.
fn packet<'a>(
    key: &'a PacketKey,
    nonce: Nonce,
    aad: &'a [u8],
    ciphertext: &'a [u8],
) -> Option<Packet<'a>> {
    let key = key.ctr_hmac()?;
    Some(Packet {
        key,
        nonce,
        aad,
        ciphertext,
    })
}

/// A frame whose tag is still to be checked.
struct Opening {
    job: usize,
    at: usize,
    key: Arc<RecvKey>,
    header: Header,
    header_len: usize,
    plaintext_len: usize,
    nonce: Nonce,
    aad: ShortAad,
}

/// Opens a frame, or begins to if its tag is better computed beside others.
fn begin_opening(
    jobs: &mut [DecryptJob<'_, '_>],
    job: usize,
    at: usize,
    waiting: &mut ArrayVec<Opening, MAX_PACKETS>,
) -> Option<Opening> {
    // A duplicate is one when its original has been marked.
    if let Ok((header, _)) = Header::parse(jobs[job].frames[at].frame.as_slice())
        && waiting.iter().any(|before| before.header == header)
    {
        finish_opening(jobs, waiting);
    }
    let DecryptJob { decryptor, frames } = &mut jobs[job];
    let BatchFrame {
        info,
        frame,
        result,
    } = &mut frames[at];
    let candidate = match decryptor.candidate(info, frame.as_slice()) {
        Ok(candidate) => candidate,
        Err(error) => {
            *result = Some(Err(error));
            return None;
        }
    };
    let Candidate {
        key,
        header,
        header_len,
        plaintext_len,
    } = candidate;
    let header_octets = &frame.as_slice()[..header_len];
    if let FoundKey::Known(key) = &key
        && key.cipher_key().ctr_hmac().is_some()
        && let Some(nonce) = packet_nonce(key.salt(), header.ctr())
        && let Some(aad) = short_aad(header_octets, info.metadata_octets())
    {
        return Some(Opening {
            job,
            at,
            key: Arc::clone(key),
            header,
            header_len,
            plaintext_len,
            nonce,
            aad,
        });
    }
    let candidate = Candidate {
        key,
        header,
        header_len,
        plaintext_len,
    };
    let opened = decryptor.open_in_place(candidate, info, frame);
    *result = Some(opened.map(OpenedFrame::from));
    None
}

/// Checks the tags of the frames that wait, and ends them.
fn finish_opening(jobs: &mut [DecryptJob<'_, '_>], waiting: &mut ArrayVec<Opening, MAX_PACKETS>) {
    let packets = waiting
        .iter()
        .filter_map(|opening| {
            let octets = jobs[opening.job].frames[opening.at].frame.as_slice();
            let text = &octets[opening.header_len..][..opening.plaintext_len];
            packet(opening.key.cipher_key(), opening.nonce, &opening.aad, text)
        })
        .collect();
    let tags = tags(packets);
    for (opening, expected) in waiting.drain(..).zip(tags) {
        let DecryptJob { decryptor, frames } = &mut jobs[opening.job];
        let BatchFrame {
            info,
            frame,
            result,
        } = &mut frames[opening.at];
        let (_, rest) = frame.as_mut_slice().split_at_mut(opening.header_len);
        let (data, tag) = rest.split_at_mut(opening.plaintext_len);
        let (tag_len, len) = (tag.len(), data.len());
        let accepted = if bool::from(expected[..tag_len].ct_eq(tag)) {
            open_authentic(decryptor, &opening, info, data)
        } else {
            data.fill(0);
            Err(decryptor.refuse_tag(&opening.key, info, opening.header.ctr()))
        };
        *result = Some(accepted.and_then(|()| {
            frame.shrink(opening.header_len, tag_len);
            let opened = decryptor.opened(opening.header, len)?;
            Ok(OpenedFrame::from(opened))
        }));
    }
}

/// Decrypts a frame whose tag was right, and marks it.
fn open_authentic(
    decryptor: &mut ChannelDecryptor,
    opening: &Opening,
    info: &FrameInfo<'_>,
    data: &mut [u8],
) -> Result<(), Error> {
    let suite = opening.key.suite();
    let Some(cipher) = opening.key.cipher_key().ctr_hmac() else {
        data.fill(0);
        return Err(Error::CipherFailed { suite });
    };
    if cipher_failed(cipher.apply_keystream(opening.nonce, data), data) {
        return Err(Error::CipherFailed { suite });
    }
    decryptor.accept(Arc::clone(&opening.key), info, opening.header, data)
}
