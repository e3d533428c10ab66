//! AES-GCM of everyone, behind one trait.

#[cfg(feature = "boring")]
mod boringssl;
mod ipsec_mb;
mod openssl;
mod ours;
mod rust;

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

pub use ours::{Kernel, best_kernel, kernels};
pub use rust::RustCrypto;

use crate::{nonces::Nonces, results::Results};

/// As many octets of associated data as an SFrame header has at most without its longest counters.
pub const AAD: [u8; 12] = [0xA5; 12];
/// Octets of a tag.
pub const TAG: usize = 16;

/// AES-GCM under one key, used in the way that is fastest for it.
pub trait Aead {
    /// Seals `data` where it lies.
    fn seal(&mut self, nonce: &[u8; 12], aad: &[u8], data: &mut [u8], tag: &mut [u8; TAG]);

    /// Opens `frame`, ciphertext and tag, where it lies, and says whether it was genuine.
    fn open(&mut self, nonce: &[u8; 12], aad: &[u8], frame: &mut [u8]) -> bool;
}

/// What is done with each of the implementations.
pub trait Visitor {
    /// Meets an implementation, and how it takes a key of 16 or 32 octets.
    fn visit<A: Aead + Send + 'static>(
        &mut self,
        who: &str,
        new: impl Fn(&[u8]) -> A + Clone + Send + 'static,
    );

    /// Learns that one is missing.
    fn absent(&mut self, who: &str, why: &str);
}

/// Meets our best kernel and every peer.
pub fn everyone(visitor: &mut impl Visitor) {
    ours::visit(visitor, best_kernel());
    peers(visitor);
}

/// Meets the same with keys of 16 octets alone, so that none needs room for longer ones.
pub fn everyone_with_short_keys(visitor: &mut impl Visitor) {
    ours::visit_with_short_keys(visitor, best_kernel());
    peers(visitor);
}

/// Meets one of our kernels.
pub fn one_kernel(visitor: &mut impl Visitor, kernel: Kernel) {
    ours::visit(visitor, kernel);
}

/// Octets of our best kernel's context under a key of 16 octets.
#[must_use]
pub fn best_context_len() -> Option<usize> {
    ours::context_len(best_kernel())
}

/// Meets every peer.
pub fn peers(visitor: &mut impl Visitor) {
    rust::visit(visitor);
    #[cfg(feature = "boring")]
    boringssl::visit(visitor);
    #[cfg(not(feature = "boring"))]
    visitor.absent(
        "BoringSSL",
        "built without the feature `boring`, which needs cmake and libclang",
    );
    openssl::visit(visitor);
    ipsec_mb::visit(visitor, ipsec_mb::Generation::Best);
}

/// Meets those that an environment can hold to AES-NI and PCLMULQDQ, and our kernel of that kind.
pub fn same_tier(visitor: &mut impl Visitor) {
    for kernel in kernels() {
        if kernel.is_aes_ni() {
            ours::visit(visitor, kernel);
        }
    }
    rust::visit_aws_lc(visitor);
    #[cfg(feature = "boring")]
    boringssl::visit(visitor);
    openssl::visit(visitor);
    ipsec_mb::visit(visitor, ipsec_mb::Generation::AesNi);
}

/// The variable that takes VAES, VPCLMULQDQ and AVX-512 away from OpenSSL and those that descend from it.
pub const WITHOUT_VAES: (&str, &str) = ("OPENSSL_ia32cap", ":~0x642c0230000");

/// The versions of those that are loaded.
#[must_use]
pub fn loaded_versions() -> Vec<(String, String)> {
    openssl::version()
        .into_iter()
        .chain(ipsec_mb::version())
        .collect()
}

/// A buffer of `len` octets, aligned alike for everyone.
pub struct Buffer {
    storage: Vec<u8>,
    offset: usize,
    len: usize,
}

impl Buffer {
    /// All zeros.
    #[must_use]
    pub fn new(len: usize) -> Self {
        let storage = vec![0; len + 64];
        let offset = storage.as_ptr().align_offset(64);
        Self {
            storage,
            offset,
            len,
        }
    }

    /// The octets.
    #[inline(always)]
    pub fn octets(&mut self) -> &mut [u8] {
        &mut self.storage[self.offset..self.offset + self.len]
    }
}

/// Packets that take turns, each in a place of its own, so that no call reads what the last one has just written: a power of two.
#[must_use]
pub fn places(octets: usize) -> usize {
    1 << packets_in_a_row(octets).min(16).ilog2()
}

/// Seals packets of `octets` octets back to back.
pub fn sealing<A: Aead>(mut aead: A, octets: usize) -> impl FnMut(u32) -> Duration {
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
            aead.seal(nonces.fresh(), black_box(&AAD), black_box(data), &mut tag);
        }
        black_box(&tag);
        began.elapsed()
    }
}

/// Packets that are opened before the clock is stopped and they are laid anew.
fn packets_in_a_row(octets: usize) -> usize {
    // All within the first-level cache; the pristine ones are outside of it.
    (24 * 1024 / (octets + TAG)).clamp(1, 256)
}

/// Opens packets of `octets` octets back to back; laying out the ciphertexts is not in the time.
pub fn opening<A: Aead>(mut aead: A, octets: usize) -> impl FnMut(u32) -> Duration {
    let mut pristine = vec![0; octets + TAG];
    let mut nonces = Nonces::default();
    let nonce = *nonces.fresh();
    let (data, tag) = pristine.split_at_mut(octets);
    let tag = tag.first_chunk_mut().expect("the tag's octets");
    aead.seal(&nonce, &AAD, data, tag);
    let stride = (octets + TAG).next_multiple_of(64);
    let row = packets_in_a_row(octets);
    let mut buffer = Buffer::new(stride * row);
    move |calls| {
        let mut left = calls as usize;
        let mut took = Duration::ZERO;
        let mut genuine = true;
        while left > 0 {
            let now = left.min(row);
            let packets = buffer.octets();
            for packet in packets.chunks_exact_mut(stride).take(now) {
                packet[..octets + TAG].copy_from_slice(&pristine);
            }
            let began = Instant::now();
            for packet in packets.chunks_exact_mut(stride).take(now) {
                genuine &= aead.open(
                    black_box(&nonce),
                    black_box(&AAD),
                    black_box(&mut packet[..octets + TAG]),
                );
            }
            took += began.elapsed();
            left -= now;
        }
        assert!(genuine, "an honest packet was refused");
        took
    }
}

/// Sees that an implementation computes what RustCrypto computes, before anybody looks at its times.
///
/// # Panics
/// If it does not.
pub fn prove<A: Aead>(who: &str, new: &impl Fn(&[u8]) -> A) {
    for key_len in [16, 32] {
        let key = vec![0x3C; key_len];
        for octets in [0, 1, 16, 20, 80, 333, 1200, 5000] {
            let nonce = [9; 12];
            let mut expected = vec![0x77; octets];
            let mut expected_tag = [0; TAG];
            RustCrypto::new(&key).seal(&nonce, &AAD, &mut expected, &mut expected_tag);
            let mut data = vec![0x77; octets];
            let mut tag = [0; TAG];
            let mut aead = new(&key);
            aead.seal(&nonce, &AAD, &mut data, &mut tag);
            assert!(
                data == expected,
                "{who}: another ciphertext at {octets} octets"
            );
            assert!(tag == expected_tag, "{who}: another tag at {octets} octets");
            data.extend_from_slice(&tag);
            assert!(
                aead.open(&nonce, &AAD, &mut data),
                "{who}: does not open {octets} octets"
            );
            assert!(
                data[..octets].iter().all(|octet| *octet == 0x77),
                "{who}: opens to something else"
            );
            *data.last_mut().expect("there is a tag") ^= 1;
            data[..octets].copy_from_slice(&expected);
            assert!(
                !aead.open(&nonce, &AAD, &mut data),
                "{who}: opens a forgery"
            );
        }
    }
}

/// Proves everyone, and notes who is missing.
pub struct Prove<'a>(pub &'a mut Results);

impl Visitor for Prove<'_> {
    fn visit<A: Aead + Send + 'static>(
        &mut self,
        who: &str,
        new: impl Fn(&[u8]) -> A + Clone + Send + 'static,
    ) {
        prove(who, &new);
    }

    fn absent(&mut self, who: &str, why: &str) {
        self.0.is_absent(who, why);
    }
}
