//! A frame of a batch on its way out.

use std::sync::Arc;

use super::{Begun, ShortAad, cipher_failed, packet, short_aad};
use crate::channel::encryptor::Ready;
use crate::channel::{ChannelEncryptor, Sealed};
use crate::cipher::Nonce;
use crate::cipher::mac_batch::{MAX_TAG_LEN, Packet};
use crate::format::sframe::packet_nonce;
use crate::frame::{FrameBuf, FrameInfo};
use crate::keys::key::SendKey;

/// A frame with its key stream added, whose tag is still to be computed.
pub(crate) struct Sealing {
    key: Arc<SendKey>,
    ready: Ready,
    nonce: Nonce,
    aad: ShortAad,
}

impl Sealing {
    /// Seals a frame whose CTR was taken last, or begins to if its tag is better computed beside others.
    pub(crate) fn begin(
        encryptor: &mut ChannelEncryptor,
        ready: Ready,
        info: &FrameInfo<'_>,
        frame: &mut FrameBuf<'_>,
    ) -> Begun<Sealed, Self> {
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
                return Begun::Ended(Err(encryptor.cipher_failed(key.suite(), info)));
            }
            return Begun::Waits(Self {
                key,
                ready,
                nonce,
                aad,
            });
        }
        Begun::Ended(encryptor.seal_in_place(&ready, info, frame))
    }

    /// What is to be authenticated, with the ciphertext at hand.
    pub(crate) fn packet<'a>(&'a self, ciphertext: &'a [u8]) -> Option<Packet<'a>> {
        packet(self.key.cipher_key(), self.nonce, &self.aad, ciphertext)
    }

    /// Ends a frame whose tag is computed.
    pub(crate) fn finish(
        self,
        encryptor: &mut ChannelEncryptor,
        tag: &[u8; MAX_TAG_LEN],
        info: &FrameInfo<'_>,
        frame: &mut FrameBuf<'_>,
    ) -> Sealed {
        let (tag_len, header) = (self.key.params().tag_len, &self.ready.header);
        let (head, payload, tail) = frame.parts();
        tail[..tag_len].copy_from_slice(&tag[..tag_len]);
        header.write_to_end(head);
        let header_len = header.len();
        let (payload_len, len) = (payload.len(), header_len + payload.len() + tag_len);
        frame.grow(header_len, tag_len);
        encryptor.sealed(self.key.kid(), self.ready.ctr, info, payload_len, len)
    }
}
