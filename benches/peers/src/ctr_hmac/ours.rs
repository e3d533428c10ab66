//! Our own suite 1, without the channel around it.

use mediaseal::test_hooks;

use super::{BARE, CtrHmac, KEYS, TAG, Visitor};

pub(super) fn visit(visitor: &mut impl Visitor) {
    let key = test_hooks::CtrHmac::new(&KEYS, TAG).expect("their lengths are right");
    visitor.visit(BARE, Ours(key));
}

struct Ours(test_hooks::CtrHmac);

impl CtrHmac for Ours {
    #[inline(always)]
    fn seal(&mut self, nonce: &[u8; 12], aad: &[u8], data: &mut [u8], tag: &mut [u8; TAG]) {
        assert!(self.0.seal(nonce, aad, data, tag));
    }
}
