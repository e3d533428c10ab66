//! GHASH, completely: every place of a block in a packet, times every power of H that meets it.
//!
//! What a block adds to the tag is linear in the block and in the power of H it is multiplied by. So it is right for all if it is right for a basis
//! of blocks and for powers that span the field; that they do is asserted here, with arithmetic of its own. `docs/kernels.md` says more.

use mediaseal::test_hooks::{Gcm, Tier, tiers};
use mediaseal_kernel_tests::{
    Dice, in_shares, name_missing_tiers,
    reference::{hash_key, multiply, products, rank},
    scale::scale,
};

use crate::report;

/// Blocks of AAD or text: more than the first pass, a pass between and the last one of any tier.
const MOST: usize = 27;
/// Powers of H that meet a block of a packet with that many and one more of the other kind.
const POWERS: usize = MOST + 2;
const NONCE: [u8; 12] = [0x5A; 12];

/// Keys of both sizes, with H and its powers from H^0 on.
fn keys() -> Vec<(Vec<u8>, Vec<u128>)> {
    let key = |index: u64| {
        let key = Dice::new(5, index).octets(if index.is_multiple_of(2) { 16 } else { 32 });
        let h = hash_key(&key);
        let powers = std::iter::successors(Some(1 << 127), |&power| Some(multiply(power, h)));
        (key, powers.take(POWERS + 1).collect())
    };
    (0..scale().hash_keys).map(key).collect()
}

/// A packet of whole blocks in which single bits are changed.
struct Packet {
    key: Gcm,
    aad: Vec<u8>,
    text: Vec<u8>,
    sealed: Vec<u8>,
    tag: u128,
}

impl Packet {
    fn new(tier: Tier, key: &[u8], aad_blocks: usize, text_blocks: usize) -> Self {
        let key = Gcm::new(tier, key).unwrap();
        let mut dice = Dice::new(6, 7);
        let aad = dice.octets(16 * aad_blocks);
        let text = dice.octets(16 * text_blocks);
        let (mut sealed, mut tag) = (text.clone(), [0; 16]);
        key.seal(&NONCE, &aad, &mut sealed, &mut tag);
        let tag = u128::from_be_bytes(tag);
        Self {
            key,
            aad,
            text,
            sealed,
            tag,
        }
    }

    /// Changes each bit of `block` of AAD and ciphertext, seals and opens: the tag must change by the bit times H^`power`.
    fn check(&mut self, block: usize, power: u128, data: &mut Vec<u8>) -> bool {
        let of_aad = self.aad.len() / 16;
        products(power).iter().enumerate().all(|(bit, product)| {
            let expected = (self.tag ^ product).to_be_bytes();
            let (octet, mask) = (bit / 8, 0x80 >> (bit % 8));
            let in_text = block.checked_sub(of_aad).map(|block| 16 * block + octet);
            match in_text {
                Some(at) => self.text[at] ^= mask,
                None => self.aad[16 * block + octet] ^= mask,
            }
            let mut tag = [0; 16];
            data.clone_from(&self.text);
            self.key.seal(&NONCE, &self.aad, data, &mut tag);
            data.clone_from(&self.sealed);
            if let Some(at) = in_text {
                data[at] ^= mask;
            }
            let is_opened = self.key.open(&NONCE, &self.aad, data, &expected);
            match in_text {
                Some(at) => self.text[at] ^= mask,
                None => self.aad[16 * block + octet] ^= mask,
            }
            tag == expected && is_opened
        })
    }
}

#[test]
fn every_place_of_a_block_meets_the_right_power_of_h() {
    name_missing_tiers();
    let keys = keys();
    for power in 1..=POWERS {
        let powers: Vec<_> = keys.iter().map(|(_, powers)| powers[power]).collect();
        assert_eq!(rank(&powers), 128, "H^{power} span the field");
    }
    // Texts of every length with a block of AAD, and AAD of every length with a block of text.
    let lengths = || (0..=MOST).step_by(scale().product_step);
    let shapes: Vec<_> = lengths()
        .map(|text| (1, text))
        .chain(lengths().map(|aad| (aad, 1)))
        .collect();
    let places: usize = shapes.iter().map(|(aad, text)| aad + text).sum();
    for tier in tiers() {
        let count = in_shares(keys.len() as u64, |indices| {
            let (mut count, mut data) = (0, Vec::new());
            for index in indices {
                let (key, powers) = &keys[usize::try_from(index).unwrap()];
                for &(aad, text) in &shapes {
                    let mut packet = Packet::new(tier, key, aad, text);
                    for block in 0..aad + text {
                        // Behind the last block stands that of the lengths.
                        let power = aad + text + 1 - block;
                        assert!(
                            packet.check(block, powers[power], &mut data),
                            "{tier}: block {block} of {aad} + {text}"
                        );
                        count += 128;
                    }
                }
            }
            count
        });
        let expected = keys.len() as u64 * places as u64 * 128;
        report("GHASH products", tier, count, expected);
    }
}
