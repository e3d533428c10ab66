//! The built-in suites over AWS-LC (feature `aws-lc`): the octets of the built-in ciphers, computed by another library.
//!
//! A key runs behind [`CipherKey`], as those of custom ciphers do. `aws-lc-rs` wipes what it drops.

use std::sync::Arc;

use ::aws_lc_rs::cipher::{AES_128, AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use ::aws_lc_rs::{aead, cipher, error::Unspecified, hmac, iv::FixedLength};
use subtle::ConstantTimeEq;

use super::packet_key::wipe_text;
use super::{Cipher, CipherError, CipherKey, CipherSuite, KnownAnswer, Params, Wiped};

/// A suite over AWS-LC. What it says of itself is what the built-in cipher says.
pub(super) struct AwsLc(Arc<dyn Cipher>);

impl AwsLc {
    pub(super) fn new(builtin: Arc<dyn Cipher>) -> Self {
        Self(builtin)
    }
}

impl Cipher for AwsLc {
    fn suite(&self) -> CipherSuite {
        self.0.suite()
    }

    fn params(&self) -> Params {
        self.0.params()
    }

    fn new_key(&self, key: &[u8]) -> Result<Box<dyn CipherKey>, CipherError> {
        let Params {
            key_len, tag_len, ..
        } = self.params();
        if key.len() != key_len {
            return Err(CipherError::BadKeyLength);
        }
        let ctr_hmac = |cipher, enc_len, hash| CtrHmac::new(cipher, enc_len, hash, key, tag_len);
        Ok(match self.suite() {
            CipherSuite::AES_128_GCM_SHA256_128 => Box::new(Gcm::new(&aead::AES_128_GCM, key)?),
            CipherSuite::AES_256_GCM_SHA512_128 => Box::new(Gcm::new(&aead::AES_256_GCM, key)?),
            CipherSuite::AES_128_CTR_HMAC_SHA256_80
            | CipherSuite::AES_128_CTR_HMAC_SHA256_64
            | CipherSuite::AES_128_CTR_HMAC_SHA256_32 => {
                Box::new(ctr_hmac(&AES_128, 16, hmac::HMAC_SHA256)?)
            }
            _ => Box::new(ctr_hmac(&AES_256, 32, hmac::HMAC_SHA512)?),
        })
    }

    fn known_answers(&self) -> Vec<KnownAnswer<'_>> {
        self.0.known_answers()
    }
}

/// A key of AES-GCM.
struct Gcm(Wiped<aead::LessSafeKey>);

impl Gcm {
    fn new(algorithm: &'static aead::Algorithm, key: &[u8]) -> Result<Self, CipherError> {
        let key = aead::UnboundKey::new(algorithm, key).map_err(failed)?;
        Ok(Self(Wiped::new(aead::LessSafeKey::new(key))))
    }
}

impl CipherKey for Gcm {
    fn seal_in_place(
        &self,
        nonce: &[u8],
        aad: &[u8],
        data: &mut [u8],
        tag: &mut [u8],
    ) -> Result<(), CipherError> {
        let nonce = aead::Nonce::from(octets(nonce)?);
        let tag: &mut [u8; 16] = tag.try_into().map_err(|_| CipherError::BadTagLength)?;
        let sealed = self
            .0
            .seal_in_place_separate_tag(nonce, aead::Aad::from(aad), data)
            .map_err(failed)?;
        tag.copy_from_slice(sealed.as_ref());
        Ok(())
    }

    fn open_in_place(
        &self,
        nonce: &[u8],
        aad: &[u8],
        data: &mut [u8],
        tag: &[u8],
    ) -> Result<(), CipherError> {
        wiping(data, |data| {
            let nonce = aead::Nonce::from(octets(nonce)?);
            if tag.len() != 16 {
                return Err(CipherError::BadTagLength);
            }
            self.0
                .open_in_place_separate_tag(nonce, aead::Aad::from(aad), tag, data)
                .map(|_| ())
                .map_err(|Unspecified| CipherError::AuthenticationFailed)
        })
    }
}

/// A key of AES-CTR with HMAC, RFC 9605 section 4.5.1.
struct CtrHmac {
    ctr: Wiped<EncryptingKey>,
    hmac: Wiped<hmac::Key>,
    tag_len: usize,
}

impl CtrHmac {
    /// Splits `key` in enc_key (`enc_len` octets) ‖ auth_key.
    fn new(
        algorithm: &'static cipher::Algorithm,
        enc_len: usize,
        hash: hmac::Algorithm,
        key: &[u8],
        tag_len: usize,
    ) -> Result<Self, CipherError> {
        let (enc_key, auth_key) = key.split_at(enc_len);
        let enc_key = UnboundCipherKey::new(algorithm, enc_key).map_err(failed)?;
        Ok(Self {
            ctr: Wiped::new(EncryptingKey::ctr(enc_key).map_err(failed)?),
            hmac: Wiped::new(hmac::Key::new(hash, auth_key)),
            tag_len,
        })
    }

    /// Adds the key stream whose first block is `nonce` ‖ u32 zero.
    fn apply_keystream(&self, nonce: &[u8; 12], data: &mut [u8]) -> Result<(), CipherError> {
        let mut first = [0; 16];
        first[..12].copy_from_slice(nonce);
        let context = EncryptionContext::Iv128(FixedLength::from(first));
        self.ctr
            .less_safe_encrypt(data, context)
            .map(|_| ())
            .map_err(failed)
    }

    /// The tag before it is cut to its length.
    fn full_tag(&self, nonce: &[u8; 12], aad: &[u8], ciphertext: &[u8]) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.hmac);
        for len in [aad.len(), ciphertext.len(), self.tag_len] {
            context.update(&(len as u64).to_be_bytes());
        }
        context.update(nonce);
        context.update(aad);
        context.update(ciphertext);
        context.sign()
    }
}

impl CipherKey for CtrHmac {
    fn seal_in_place(
        &self,
        nonce: &[u8],
        aad: &[u8],
        data: &mut [u8],
        tag: &mut [u8],
    ) -> Result<(), CipherError> {
        let nonce = octets(nonce)?;
        if tag.len() != self.tag_len {
            return Err(CipherError::BadTagLength);
        }
        self.apply_keystream(nonce, data)?;
        let computed = self.full_tag(nonce, aad, data);
        tag.copy_from_slice(&computed.as_ref()[..self.tag_len]);
        Ok(())
    }

    fn open_in_place(
        &self,
        nonce: &[u8],
        aad: &[u8],
        data: &mut [u8],
        tag: &[u8],
    ) -> Result<(), CipherError> {
        wiping(data, |data| {
            let nonce = octets(nonce)?;
            if tag.len() != self.tag_len {
                return Err(CipherError::BadTagLength);
            }
            let expected = self.full_tag(nonce, aad, data);
            if !bool::from(expected.as_ref()[..self.tag_len].ct_eq(tag)) {
                return Err(CipherError::AuthenticationFailed);
            }
            self.apply_keystream(nonce, data)
        })
    }
}

/// Opens, and zeroes `data` on error.
fn wiping(
    data: &mut [u8],
    open: impl FnOnce(&mut [u8]) -> Result<(), CipherError>,
) -> Result<(), CipherError> {
    let opened = open(data);
    if opened.is_err() {
        wipe_text(data);
    }
    opened
}

fn octets(nonce: &[u8]) -> Result<&[u8; 12], CipherError> {
    nonce.try_into().map_err(|_| CipherError::BadNonceLength)
}

/// `aws-lc-rs` does not say what failed.
fn failed(_: Unspecified) -> CipherError {
    CipherError::Failed
}
