//! Frames of a batch on their way in.

use std::sync::Arc;

use arrayvec::ArrayVec;
use subtle::ConstantTimeEq;

use super::{BatchFrame, DecryptJob, OpenedFrame, ShortAad, cipher_failed, packet, short_aad};
use crate::channel::ChannelDecryptor;
use crate::channel::decryptor::Candidate;
use crate::channel::receive_keys::FoundKey;
use crate::cipher::mac_batch::{MAX_PACKETS, tags};
use crate::cipher::{Nonce, wipe_text};
use crate::error::Error;
use crate::format::sframe::{Header, packet_nonce};
use crate::frame::FrameInfo;
use crate::keys::recv_key::RecvKey;

/// A frame whose tag is still to be checked.
pub(super) struct Opening {
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
pub(super) fn begin_opening(
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
pub(super) fn finish_opening(
    jobs: &mut [DecryptJob<'_, '_>],
    waiting: &mut ArrayVec<Opening, MAX_PACKETS>,
) {
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
            wipe_text(data);
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
    let Some(cipher) = opening.key.cipher_key().ctr_hmac() else {
        wipe_text(data);
        return Err(decryptor.cipher_failed(&opening.key, info));
    };
    if cipher_failed(cipher.apply_keystream(opening.nonce, data), data) {
        return Err(decryptor.cipher_failed(&opening.key, info));
    }
    decryptor.accept(Arc::clone(&opening.key), info, opening.header, data)
}
