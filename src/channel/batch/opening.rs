//! A frame of a batch on its way in.

use std::sync::Arc;

use arrayvec::ArrayVec;
use subtle::ConstantTimeEq;

use super::{ShortAad, cipher_failed, packet, short_aad};
use crate::channel::ChannelDecryptor;
use crate::channel::decryptor::Candidate;
use crate::channel::receive_keys::FoundKey;
use crate::cipher::mac_batch::{MAX_TAG_LEN, Packet};
use crate::cipher::{Nonce, wipe_text};
use crate::error::Error;
use crate::format::sframe::{Header, packet_nonce};
use crate::frame::FrameInfo;
use crate::keys::recv_key::RecvKey;

/// A frame whose tag is still to be checked.
pub(crate) struct Opening {
    key: Arc<RecvKey>,
    header: Header,
    nonce: Nonce,
    aad: ShortAad,
    tag: ArrayVec<u8, MAX_TAG_LEN>,
}

impl Opening {
    /// Begins to open a frame whose key was found, if its tag is better computed beside others.
    pub(crate) fn begin(
        candidate: &Candidate,
        info: &FrameInfo<'_>,
        header_octets: &[u8],
        tag: &[u8],
    ) -> Option<Self> {
        let FoundKey::Known(key) = &candidate.key else {
            return None;
        };
        key.cipher_key().ctr_hmac()?;
        Some(Self {
            key: Arc::clone(key),
            header: candidate.header,
            nonce: packet_nonce(key.salt(), candidate.header.ctr())?,
            aad: short_aad(header_octets, info.metadata_octets())?,
            tag: ArrayVec::try_from(tag).ok()?,
        })
    }

    /// The header of the frame.
    pub(crate) fn header(&self) -> Header {
        self.header
    }

    /// What is to be authenticated, with the ciphertext at hand.
    pub(crate) fn packet<'a>(&'a self, ciphertext: &'a [u8]) -> Option<Packet<'a>> {
        packet(self.key.cipher_key(), self.nonce, &self.aad, ciphertext)
    }

    /// Ends a frame whose tag should be `expected`: decrypts `data` and marks it, or wipes it.
    pub(crate) fn finish(
        self,
        decryptor: &mut ChannelDecryptor,
        expected: &[u8; MAX_TAG_LEN],
        info: &FrameInfo<'_>,
        data: &mut [u8],
    ) -> Result<(), Error> {
        if !bool::from(expected[..self.tag.len()].ct_eq(&self.tag)) {
            wipe_text(data);
            return Err(decryptor.refuse_tag(&self.key, info, self.header));
        }
        let Some(cipher) = self.key.cipher_key().ctr_hmac() else {
            wipe_text(data);
            return Err(decryptor.cipher_failed(&self.key, info, self.header));
        };
        if cipher_failed(cipher.apply_keystream(self.nonce, data), data) {
            return Err(decryptor.cipher_failed(&self.key, info, self.header));
        }
        decryptor.accept(self.key, info, self.header, data)
    }
}
