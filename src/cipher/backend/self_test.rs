//! What a kernel must show before it gets a key: the octets of the portable tier.

use aes::{Aes128, Aes256};

use super::portable::{self, Aes};
use super::{Aad, CtrContext, GcmContext, Kernel, Nonce};

/// Lengths of text: around the blocks, vectors, passes and last octets of counters where kernels change their way.
const TEXTS: [usize; 15] = [
    0, 1, 15, 16, 17, 47, 64, 80, 113, 129, 160, 177, 401, 1200, 4200,
];
/// Lengths of AAD: around its one block, and one that takes more than the powers at hand.
const AADS: [usize; 6] = [0, 1, 12, 16, 17, 250];

/// Tells whether `kernel` gives the octets of the portable tier, and refuses a wrong tag.
pub(super) fn passes(kernel: Kernel) -> bool {
    let key = pattern::<32>(1);
    let (short, _) = key.split_first_chunk().unwrap_or((&[0; 16], &[]));
    gcm_passes::<Aes128, 11>(&GcmContext::new_128(kernel, short), short)
        && gcm_passes::<Aes256, 15>(&GcmContext::new_256(kernel, &key), &key)
        && ctr_passes::<Aes128, 11>(&CtrContext::new_128(kernel, short), short)
        && ctr_passes::<Aes256, 15>(&CtrContext::new_256(kernel, &key), &key)
}

fn gcm_passes<A: Aes, const RK: usize>(context: &GcmContext<RK>, key: &[u8]) -> bool {
    let Ok(reference) = portable::Gcm::<A>::new(key) else {
        return false;
    };
    let octets = pattern::<4200>(2);
    let case = |(aad, text): (usize, usize)| {
        let nonce = pattern::<12>(aad ^ text);
        let (aad, text) = (&octets[octets.len() - aad..], &octets[..text]);
        let (mut expected, mut expected_tag) = (text.to_vec(), [0; 16]);
        let sealed = reference.seal(&nonce, aad, &mut expected, &mut expected_tag);
        let nonce = Nonce::new(&nonce);
        let mut data = text.to_vec();
        let mut tag = context.seal(nonce, Aad::new(aad), &mut data);
        let is_sealed = sealed.is_ok() && data == expected && tag == expected_tag;
        let is_opened = context.open(nonce, Aad::new(aad), &mut data, &tag) && data == text;
        data.copy_from_slice(&expected);
        tag[text.len() % 16] ^= 1 << (text.len() % 8);
        let is_refused = !context.open(nonce, Aad::new(aad), &mut data, &tag);
        context.undo_open(nonce, &mut data);
        is_sealed && is_opened && is_refused && data == expected
    };
    // Every text with one AAD, and every AAD with one text.
    let texts = TEXTS.into_iter().map(|text| (12, text));
    let aads = AADS.into_iter().map(|aad| (aad, 80));
    texts.chain(aads).all(case)
}

fn ctr_passes<A: Aes, const RK: usize>(context: &CtrContext<RK>, key: &[u8]) -> bool {
    let Ok(reference) = portable::Ctr::<A>::new(key) else {
        return false;
    };
    TEXTS.into_iter().all(|len| {
        let nonce = pattern::<12>(len);
        let mut expected = pattern::<4200>(3);
        let mut data = expected;
        let applied = reference.apply_keystream(&nonce, &mut expected[..len]);
        context.apply_keystream(Nonce::new(&nonce), &mut data[..len]);
        applied.is_ok() && data == expected
    })
}

/// Octets without a pattern that a kernel could share.
#[allow(clippy::cast_possible_truncation, reason = "the octet meant")]
fn pattern<const N: usize>(seed: usize) -> [u8; N] {
    core::array::from_fn(|index| {
        let value =
            (index as u32 + 1).wrapping_mul(0x9E37_79B9) ^ (seed as u32).wrapping_mul(0x85EB_CA6B);
        (value >> 24) as u8 ^ (value >> 9) as u8
    })
}
