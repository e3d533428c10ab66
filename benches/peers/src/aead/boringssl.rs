//! BoringSSL by the crate boring.

use boring::aead::{AeadCtx, Algorithm};

use super::{Aead, TAG, Visitor};

pub(super) fn visit(visitor: &mut impl Visitor) {
    visitor.visit("BoringSSL", BoringSsl::new);
}

struct BoringSsl(AeadCtx);

impl BoringSsl {
    fn new(key: &[u8]) -> Self {
        let algorithm = if key.len() == 16 {
            Algorithm::aes_128_gcm()
        } else {
            Algorithm::aes_256_gcm()
        };
        Self(AeadCtx::new_default_tag(&algorithm, key).expect("its length is right"))
    }
}

impl Aead for BoringSsl {
    #[inline(always)]
    fn seal(&mut self, nonce: &[u8; 12], aad: &[u8], data: &mut [u8], tag: &mut [u8; TAG]) {
        let sealed = self.0.seal_in_place_mut(nonce, data, tag, aad);
        assert!(sealed.is_ok());
    }

    #[inline(always)]
    fn open(&mut self, nonce: &[u8; 12], aad: &[u8], frame: &mut [u8]) -> bool {
        let (data, tag) = frame.split_at_mut(frame.len() - TAG);
        self.0.open_in_place_mut(nonce, data, tag, aad).is_ok()
    }
}
