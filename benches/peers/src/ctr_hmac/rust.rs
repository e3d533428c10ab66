//! RustCrypto and aws-lc-rs.

use aes::Aes128;
use aws_lc_rs::{
    cipher::{AES_128, EncryptingKey, EncryptionContext, UnboundCipherKey},
    hmac as aws_hmac,
};
use ctr::cipher::{InnerIvInit as _, KeyInit as _, StreamCipher as _, StreamCipherCoreWrapper};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use super::{CIPHER_KEY, CtrHmac, KEYS, TAG, Visitor, first_block, lengths};

pub(super) fn visit(visitor: &mut impl Visitor) {
    visitor.visit("RustCrypto", RustCrypto::new());
    visitor.visit("aws-lc-rs", AwsLc::new());
}

/// The crates aes, ctr and hmac; a packet copies the keyed HMAC.
struct RustCrypto {
    cipher: Aes128,
    mac: Hmac<Sha256>,
}

impl RustCrypto {
    fn new() -> Self {
        let (cipher, mac) = KEYS.split_at(CIPHER_KEY);
        Self {
            cipher: Aes128::new_from_slice(cipher).expect("its length is right"),
            mac: Hmac::new_from_slice(mac).expect("its length is right"),
        }
    }
}

impl CtrHmac for RustCrypto {
    #[inline(always)]
    fn seal(&mut self, nonce: &[u8; 12], aad: &[u8], data: &mut [u8], tag: &mut [u8; TAG]) {
        let block = first_block(nonce);
        let core = ctr::CtrCore::<&Aes128, ctr::flavors::Ctr32BE>::inner_iv_init(
            &self.cipher,
            (&block).into(),
        );
        StreamCipherCoreWrapper::from_core(core).apply_keystream(data);
        let mut mac = self.mac.clone();
        mac.update(&lengths(aad, data));
        mac.update(nonce);
        mac.update(aad);
        mac.update(data);
        tag.copy_from_slice(&mac.finalize().into_bytes()[..TAG]);
    }
}

struct AwsLc {
    cipher: EncryptingKey,
    mac: aws_hmac::Key,
}

impl AwsLc {
    fn new() -> Self {
        let (cipher, mac) = KEYS.split_at(CIPHER_KEY);
        let cipher = UnboundCipherKey::new(&AES_128, cipher).expect("its length is right");
        Self {
            cipher: EncryptingKey::ctr(cipher).expect("the cipher has this mode"),
            mac: aws_hmac::Key::new(aws_hmac::HMAC_SHA256, mac),
        }
    }
}

impl CtrHmac for AwsLc {
    #[inline(always)]
    fn seal(&mut self, nonce: &[u8; 12], aad: &[u8], data: &mut [u8], tag: &mut [u8; TAG]) {
        let context = EncryptionContext::Iv128(first_block(nonce).into());
        let sealed = self.cipher.less_safe_encrypt(data, context);
        assert!(sealed.is_ok());
        let mut mac = aws_hmac::Context::with_key(&self.mac);
        mac.update(&lengths(aad, data));
        mac.update(nonce);
        mac.update(aad);
        mac.update(data);
        tag.copy_from_slice(&mac.sign().as_ref()[..TAG]);
    }
}
