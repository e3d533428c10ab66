//! Every tier gives the octets that the standards and other libraries give, and touches nothing else.

#![cfg(test)]
#![allow(unsafe_code, reason = "memory that is looked at after a drop")]

mod carries;
mod lengths;
mod products;
mod random;
mod vectors;
mod wiping;

use mediaseal::test_hooks::Tier;
use ring::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

/// Reports that `tier` ran `count` cases of `corpus`, of which there must be `expected`.
#[track_caller]
fn report(corpus: &str, tier: Tier, count: u64, expected: u64) {
    assert_eq!(count, expected, "{corpus}, {tier}");
    println!("vectors: {corpus}, {tier}: {count}");
}

/// AES-GCM by ring, the second other library.
struct Ring(LessSafeKey);

impl Ring {
    fn new(key: &[u8]) -> Self {
        let algorithm = if key.len() == 16 {
            &AES_128_GCM
        } else {
            &AES_256_GCM
        };
        Self(LessSafeKey::new(UnboundKey::new(algorithm, key).unwrap()))
    }

    fn seal(&self, nonce: &[u8; 12], aad: &[u8], text: &mut [u8]) -> [u8; 16] {
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let tag = self
            .0
            .seal_in_place_separate_tag(nonce, Aad::from(aad), text)
            .unwrap();
        tag.as_ref().try_into().unwrap()
    }
}
