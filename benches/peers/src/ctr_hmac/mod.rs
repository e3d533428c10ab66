//! AES-128-CTR with HMAC-SHA-256, as suite 1 of RFC 9605 composes them.

mod evp;
mod ours;
mod rust;

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use crate::{
    aead::{AAD, Buffer, places},
    nonces::Nonces,
    results::Results,
};

/// Octets of the encryption key.
const CIPHER_KEY: usize = 16;
/// Octets of both keys: that of the cipher, then that of the HMAC.
pub const KEYS: [u8; 48] = [0x42; 48];
/// Octets of a tag.
pub const TAG: usize = 10;

/// The suite under one pair of keys, used in the way that is fastest for the library.
pub trait CtrHmac {
    /// Seals `data` where it lies.
    fn seal(&mut self, nonce: &[u8; 12], aad: &[u8], data: &mut [u8], tag: &mut [u8; TAG]);
}

/// The name of mediaseal's bare cipher among the contenders.
pub const BARE: &str = "mediaseal, bare";

/// What is done with each of the implementations.
pub trait Visitor {
    /// Meets an implementation.
    fn visit<C: CtrHmac + 'static>(&mut self, who: &str, cipher: C);

    /// Learns that one is missing.
    fn absent(&mut self, who: &str, why: &str);
}

/// Meets mediaseal's cipher without the frame around it, and every peer that has both parts.
pub fn everyone(visitor: &mut impl Visitor) {
    ours::visit(visitor);
    rust::visit(visitor);
    evp::visit(visitor);
    visitor.absent(
        "ring (CTR-HMAC)",
        "ring offers HMAC, but AES-CTR not by itself",
    );
    visitor.absent(
        "graviola (CTR-HMAC)",
        "graviola offers HMAC, but AES-CTR not by itself",
    );
}

/// The first counter block: the nonce, then zeros.
#[inline(always)]
fn first_block(nonce: &[u8; 12]) -> [u8; 16] {
    let mut block = [0; 16];
    block[..12].copy_from_slice(nonce);
    block
}

/// What the HMAC covers before the nonce: the octets of associated data, ciphertext and tag.
#[inline(always)]
fn lengths(aad: &[u8], data: &[u8]) -> [u8; 24] {
    let mut lengths = [0; 24];
    for (field, len) in lengths
        .chunks_exact_mut(8)
        .zip([aad.len(), data.len(), TAG])
    {
        field.copy_from_slice(&(len as u64).to_be_bytes());
    }
    lengths
}

/// Seals packets of `octets` octets back to back.
pub fn sealing<C: CtrHmac>(mut cipher: C, octets: usize) -> impl FnMut(u32) -> Duration {
    let places = places(octets);
    let stride = octets.next_multiple_of(64);
    let mut buffer = Buffer::new(stride * places);
    let mut nonces = Nonces::default();
    let mut tag = [0; TAG];
    move |calls| {
        let packets = buffer.octets();
        let began = Instant::now();
        for call in 0..calls as usize {
            let start = (call & (places - 1)) * stride;
            let data = &mut packets[start..start + octets];
            cipher.seal(nonces.fresh(), black_box(&AAD), black_box(data), &mut tag);
        }
        black_box(&tag);
        began.elapsed()
    }
}

/// Sees that everyone computes the same, and notes who is missing.
pub struct Prove<'a> {
    results: &'a mut Results,
    expected: Option<(Vec<u8>, [u8; TAG])>,
}

impl<'a> Prove<'a> {
    /// Before anyone was met.
    pub fn new(results: &'a mut Results) -> Self {
        Self {
            results,
            expected: None,
        }
    }
}

impl Visitor for Prove<'_> {
    fn visit<C: CtrHmac + 'static>(&mut self, who: &str, mut cipher: C) {
        let mut sealed = (vec![0x77; 333], [0; TAG]);
        cipher.seal(&[9; 12], &AAD, &mut sealed.0, &mut sealed.1);
        let expected = self.expected.get_or_insert_with(|| sealed.clone());
        assert!(*expected == sealed, "{who}: another frame");
    }

    fn absent(&mut self, who: &str, why: &str) {
        self.results.is_absent(who, why);
    }
}
