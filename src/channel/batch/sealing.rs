//! Frames of a batch on their way out.

use std::sync::Arc;

use arrayvec::ArrayVec;

use super::{BatchFrame, EncryptJob, ShortAad, cipher_failed, packet, short_aad};
use crate::channel::encryptor::{Ready, put_header};
use crate::cipher::Nonce;
use crate::cipher::mac_batch::{MAX_PACKETS, tags};
use crate::format::sframe::packet_nonce;
use crate::keys::key::SendKey;

/// A frame with its key stream added, whose tag is still to be computed.
pub(super) struct Sealing {
    job: usize,
    at: usize,
    key: Arc<SendKey>,
    ready: Ready,
    nonce: Nonce,
    aad: ShortAad,
}

/// Seals a frame, or begins to if its tag is better computed beside others.
pub(super) fn begin_sealing(
    jobs: &mut [EncryptJob<'_, '_>],
    job: usize,
    at: usize,
) -> Option<Sealing> {
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
        && let Some(aad) = short_aad(
            &ready.header.octets()[..ready.header.len()],
            info.metadata_octets(),
        )
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

/// Computes the tags of the frames that wait, and ends them.
pub(super) fn finish_sealing(
    jobs: &mut [EncryptJob<'_, '_>],
    waiting: &mut ArrayVec<Sealing, MAX_PACKETS>,
) {
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
        let header_len = header.len();
        let (payload_len, len) = (payload.len(), header_len + payload.len() + tag_len);
        frame.grow(header_len, tag_len);
        let (kid, ctr) = (sealing.key.kid(), sealing.ready.ctr);
        *result = Some(Ok(encryptor.sealed(kid, ctr, info, payload_len, len)));
    }
}
