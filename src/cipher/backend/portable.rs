//! RustCrypto: constant time on every CPU, with AES and carry-less-multiply instructions where it finds them.

use ::aes_gcm::aead::AeadInOut;
use ::aes_gcm::aead::consts::{U12, U16};
use ::aes_gcm::aead::inout::InOutBuf;
use aes::cipher::{
    BlockCipherEncrypt, BlockSizeUser, InnerIvInit, KeyInit, StreamCipherCore, StreamCipherError,
};
use aes::{Aes128, Aes256};
use ctr::{CtrCore, flavors::Ctr32BE};
use zeroize::ZeroizeOnDrop;

use crate::cipher::CipherError;

/// A scheduled AES key, wiped on drop.
pub(crate) trait Aes:
    BlockCipherEncrypt + BlockSizeUser<BlockSize = U16> + KeyInit + ZeroizeOnDrop + Send + Sync
{
}
impl Aes for Aes128 {}
impl Aes for Aes256 {}

/// AES-GCM (SP 800-38D) with a nonce of 12 and a tag of 16 octets.
pub(crate) struct Gcm<A: Aes>(::aes_gcm::AesGcm<A, U12>);

impl<A: Aes> Gcm<A> {
    pub(crate) fn new(key: &[u8]) -> Result<Self, CipherError> {
        ::aes_gcm::AesGcm::new_from_slice(key)
            .map(Self)
            .map_err(|_| CipherError::BadKeyLength)
    }

    pub(crate) fn seal(
        &self,
        nonce: &[u8],
        aad: &[u8],
        data: &mut [u8],
        tag: &mut [u8],
    ) -> Result<(), CipherError> {
        let nonce = nonce.try_into().map_err(|_| CipherError::BadNonceLength)?;
        if tag.len() != 16 {
            return Err(CipherError::BadTagLength);
        }
        let computed = self
            .0
            .encrypt_inout_detached(nonce, aad, InOutBuf::from(data))
            .map_err(|_| CipherError::TooLong)?;
        tag.copy_from_slice(&computed);
        Ok(())
    }

    /// Leaves `data` as it came on error; the caller wipes.
    pub(crate) fn open(
        &self,
        nonce: &[u8],
        aad: &[u8],
        data: &mut [u8],
        tag: &[u8],
    ) -> Result<(), CipherError> {
        let nonce = nonce.try_into().map_err(|_| CipherError::BadNonceLength)?;
        let tag = tag.try_into().map_err(|_| CipherError::BadTagLength)?;
        self.0
            .decrypt_inout_detached(nonce, aad, InOutBuf::from(data), tag)
            .map_err(|_| CipherError::AuthenticationFailed)
    }
}

/// AES in counter mode: the first block is nonce (12 octets) ‖ u32 zero, RFC 9605 section 4.5.1.
pub(crate) struct Ctr<A: Aes>(A);

impl<A: Aes> Ctr<A> {
    pub(crate) fn new(key: &[u8]) -> Result<Self, CipherError> {
        A::new_from_slice(key)
            .map(Self)
            .map_err(|_| CipherError::BadKeyLength)
    }

    pub(crate) fn apply_keystream(
        &self,
        nonce: &[u8; 12],
        data: &mut [u8],
    ) -> Result<(), CipherError> {
        let mut first = [0; 16];
        first[..12].copy_from_slice(nonce);
        CtrCore::<&A, Ctr32BE>::inner_iv_init(&self.0, &first.into())
            .try_apply_keystream_partial(InOutBuf::from(data))
            .map_err(|StreamCipherError| CipherError::TooLong)
    }
}
