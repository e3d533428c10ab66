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

mod opening;
mod sealing;

use arrayvec::ArrayVec;

use super::{ChannelDecryptor, ChannelEncryptor, Failure, Opened, Sealed};
use crate::cipher::mac_batch::{MAX_PACKETS, Packet, tags};
use crate::cipher::{Nonce, PacketKey, prefetch, wipe_text};
use crate::error::Error;
use crate::format::sframe::Header;
use crate::frame::{FrameBuf, FrameInfo};
use crate::id::{Counter, KeyId, Media, SenderId};

pub(crate) use opening::Opening;
pub(crate) use sealing::Sealing;

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
    failure: Option<Failure>,
}

impl<'f, T> BatchFrame<'f, T> {
    /// Takes a frame in its storage, as [`ChannelEncryptor::encrypt_in_place`] or [`ChannelDecryptor::decrypt_in_place`] does.
    #[must_use]
    pub fn new(info: FrameInfo<'f>, frame: FrameBuf<'f>) -> Self {
        Self {
            info,
            frame,
            result: None,
            failure: None,
        }
    }

    /// Returns what became of the frame, or nothing before the batch was run.
    pub fn result(&self) -> Option<&Result<T, Error>> {
        self.result.as_ref()
    }

    /// Returns whose frame it was that a decryptor refused, with all that is known of it.
    #[must_use]
    pub const fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
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
    let mut waiting = ArrayVec::<(usize, usize, Sealing), MAX_PACKETS>::new();
    for index in 0..jobs.len() {
        look_ahead(jobs, index);
        for at in 0..jobs[index].frames.len() {
            let EncryptJob { encryptor, frames } = &mut jobs[index];
            let BatchFrame {
                info,
                frame,
                result,
                ..
            } = &mut frames[at];
            if encryptor.has_codecs() {
                *result = Some(encryptor.encrypt_in_place(info, frame));
                continue;
            }
            let begun = match encryptor.ready_in_place(info, frame) {
                Ok(ready) => Sealing::begin(encryptor, ready, info, frame),
                Err(error) => Begun::Ended(Err(error)),
            };
            match begun {
                Begun::Ended(ended) => *result = Some(ended),
                Begun::Waits(sealing) => waiting.push((index, at, sealing)),
            }
            if waiting.is_full() {
                finish_sealing(jobs, &mut waiting);
            }
        }
    }
    finish_sealing(jobs, &mut waiting);
}

/// Computes the tags of the frames that wait, and ends them.
fn finish_sealing(
    jobs: &mut [EncryptJob<'_, '_>],
    waiting: &mut ArrayVec<(usize, usize, Sealing), MAX_PACKETS>,
) {
    let packets = waiting
        .iter()
        .filter_map(|(job, at, sealing)| sealing.packet(jobs[*job].frames[*at].frame.as_slice()))
        .collect();
    let tags = tags(packets);
    for ((job, at, sealing), tag) in waiting.drain(..).zip(&tags) {
        let EncryptJob { encryptor, frames } = &mut jobs[job];
        let BatchFrame {
            info,
            frame,
            result,
            ..
        } = &mut frames[at];
        *result = Some(Ok(sealing.finish(encryptor, tag, info, frame)));
    }
}

/// Opens the frames of all jobs where they lie. Each frame ends for itself, as [`ChannelDecryptor::decrypt_in_place`] would end it, and has its
/// own result; only a forged frame that is too old as well may be called either.
///
/// In the steady state it allocates nothing, takes no lock and makes no system call.
pub fn decrypt_batch(jobs: &mut [DecryptJob<'_, '_>]) {
    let mut waiting = ArrayVec::<Waiting, MAX_PACKETS>::new();
    for index in 0..jobs.len() {
        look_ahead(jobs, index);
        for at in 0..jobs[index].frames.len() {
            let octets = jobs[index].frames[at].frame.as_slice();
            // A duplicate is one when its original has been marked.
            if let Ok((header, _)) = Header::parse(octets)
                && waiting
                    .iter()
                    .any(|before| before.opening.header() == header)
            {
                finish_opening(jobs, &mut waiting);
            }
            begin_opening(jobs, index, at, &mut waiting);
            if waiting.is_full() {
                finish_opening(jobs, &mut waiting);
            }
        }
    }
    finish_opening(jobs, &mut waiting);
}

/// A frame whose tag is still to be checked, and where it is.
struct Waiting {
    job: usize,
    at: usize,
    header_len: usize,
    plaintext_len: usize,
    opening: Opening,
}

/// Opens a frame, or begins to.
fn begin_opening(
    jobs: &mut [DecryptJob<'_, '_>],
    job: usize,
    at: usize,
    waiting: &mut ArrayVec<Waiting, MAX_PACKETS>,
) {
    let DecryptJob { decryptor, frames } = &mut jobs[job];
    let BatchFrame { info, frame, .. } = &mut frames[at];
    if decryptor.has_codecs() {
        let opened = decryptor.decrypt_in_place(info, frame);
        let opened = opened.map(OpenedFrame::from);
        frames[at].ended(decryptor, opened);
        return;
    }
    let candidate = match decryptor.candidate(info, frame.as_slice()) {
        Ok(candidate) => candidate,
        Err(error) => {
            frames[at].ended(decryptor, Err(error));
            return;
        }
    };
    let (header_len, plaintext_len) = (candidate.header_len, candidate.plaintext_len);
    let (header, rest) = frame.as_slice().split_at(header_len);
    let tag = &rest[plaintext_len..];
    if let Some(opening) = Opening::begin(&candidate, info, header, tag) {
        waiting.push(Waiting {
            job,
            at,
            header_len,
            plaintext_len,
            opening,
        });
    } else {
        let opened = decryptor.open_in_place(candidate, info, frame);
        let opened = opened.map(OpenedFrame::from);
        frames[at].ended(decryptor, opened);
    }
}

impl BatchFrame<'_, OpenedFrame> {
    /// Notes what became of the frame, which was its decryptor's last.
    fn ended(&mut self, decryptor: &ChannelDecryptor, result: Result<OpenedFrame, Error>) {
        self.failure = match result {
            Ok(_) => None,
            Err(_) => decryptor.last_failure().cloned(),
        };
        self.result = Some(result);
    }
}

/// Checks the tags of the frames that wait, and ends them.
fn finish_opening(jobs: &mut [DecryptJob<'_, '_>], waiting: &mut ArrayVec<Waiting, MAX_PACKETS>) {
    let packets = waiting
        .iter()
        .filter_map(|frame| {
            let octets = jobs[frame.job].frames[frame.at].frame.as_slice();
            let text = &octets[frame.header_len..][..frame.plaintext_len];
            frame.opening.packet(text)
        })
        .collect();
    let tags = tags(packets);
    for (waited, expected) in waiting.drain(..).zip(&tags) {
        let DecryptJob { decryptor, frames } = &mut jobs[waited.job];
        let BatchFrame { info, frame, .. } = &mut frames[waited.at];
        let header = waited.opening.header();
        let (header_len, len) = (waited.header_len, waited.plaintext_len);
        let tag_len = frame.len() - header_len - len;
        let data = &mut frame.as_mut_slice()[header_len..][..len];
        let accepted = waited.opening.finish(decryptor, expected, info, data);
        let opened = accepted.and_then(|()| {
            frame.shrink(header_len, tag_len);
            decryptor.opened(header, len).map(OpenedFrame::from)
        });
        frames[waited.at].ended(decryptor, opened);
    }
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

/// What became of a frame at first: its end, or what it waits with.
pub(crate) enum Begun<T, W> {
    Ended(Result<T, Error>),
    Waits(W),
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

/// Tells whether a cipher failed, and wipes if so.
fn cipher_failed<E>(done: Result<(), E>, data: &mut [u8]) -> bool {
    if done.is_err() {
        wipe_text(data);
    }
    done.is_err()
}
