//! SHA-256 and SHA-512 (FIPS 180-4) below HMAC: one compression function after the other, and many side by side.
//!
//! ```text
//!  Sha2::compress   one state, its blocks where they lie      crate sha2: SHA-NI, AVX2, ARMv8, portable
//!  lanes            up to 16 states, each its own blocks      x86: AVX-512, AVX2, two streams of SHA-NI
//! ```

pub(in crate::cipher) mod lanes;
#[cfg(target_arch = "x86_64")]
mod x86;

use sha2::block_api::{compress256, compress512};
use zeroize::Zeroize;

/// A hash of the SHA-2 family, down to its blocks.
pub(crate) trait Sha2: Copy + Send + Sync + 'static {
    /// A word of the state: 4 octets for SHA-256, 8 for SHA-512.
    type Word: Copy + Default + Zeroize + Send + Sync + PartialEq;
    /// A block of a message: 64 octets, or 128.
    type Block: Copy + AsRef<[u8]> + AsMut<[u8]>;
    /// A digest: 32 octets, or 64.
    type Digest: Copy + AsRef<[u8]> + AsMut<[u8]>;

    /// The initial hash value, FIPS 180-4 sections 5.3.3 and 5.3.5.
    const INITIAL: [Self::Word; 8];
    /// A block of zeros.
    const ZEROS: Self::Block;
    /// A digest of zeros.
    const NO_DIGEST: Self::Digest;
    /// Octets of a block.
    const BLOCK_LEN: usize = size_of::<Self::Block>();
    /// Octets of the message length that ends a padded message, FIPS 180-4 section 5.1.
    const LENGTH_LEN: usize = Self::BLOCK_LEN / 8;

    /// Hashes whole blocks, FIPS 180-4 sections 6.2.2 and 6.4.2.
    fn compress(state: &mut [Self::Word; 8], blocks: &[Self::Block]);

    /// The whole blocks at the front of `octets`, where they lie, and the rest.
    fn blocks(octets: &[u8]) -> (&[Self::Block], &[u8]);

    /// The octets of `blocks`.
    fn octets(blocks: &mut [Self::Block]) -> &mut [u8];

    /// The state in the order of octets of a digest.
    fn digest(state: &[Self::Word; 8]) -> Self::Digest;
}

/// SHA-256.
#[derive(Clone, Copy)]
pub(crate) struct Sha256;

/// SHA-512.
#[derive(Clone, Copy)]
pub(crate) struct Sha512;

impl Sha2 for Sha256 {
    type Word = u32;
    type Block = [u8; 64];
    type Digest = [u8; 32];

    const INITIAL: [u32; 8] = [
        0x6a09_e667,
        0xbb67_ae85,
        0x3c6e_f372,
        0xa54f_f53a,
        0x510e_527f,
        0x9b05_688c,
        0x1f83_d9ab,
        0x5be0_cd19,
    ];
    const ZEROS: [u8; 64] = [0; 64];
    const NO_DIGEST: [u8; 32] = [0; 32];

    #[inline]
    fn compress(state: &mut [u32; 8], blocks: &[[u8; 64]]) {
        compress256(state, blocks);
    }

    #[inline]
    fn blocks(octets: &[u8]) -> (&[[u8; 64]], &[u8]) {
        octets.as_chunks()
    }

    #[inline]
    fn octets(blocks: &mut [[u8; 64]]) -> &mut [u8] {
        blocks.as_flattened_mut()
    }

    #[inline]
    fn digest(state: &[u32; 8]) -> [u8; 32] {
        let mut digest = [0; 32];
        for (octets, word) in digest.as_chunks_mut().0.iter_mut().zip(state) {
            *octets = word.to_be_bytes();
        }
        digest
    }
}

impl Sha2 for Sha512 {
    type Word = u64;
    type Block = [u8; 128];
    type Digest = [u8; 64];

    const INITIAL: [u64; 8] = [
        0x6a09_e667_f3bc_c908,
        0xbb67_ae85_84ca_a73b,
        0x3c6e_f372_fe94_f82b,
        0xa54f_f53a_5f1d_36f1,
        0x510e_527f_ade6_82d1,
        0x9b05_688c_2b3e_6c1f,
        0x1f83_d9ab_fb41_bd6b,
        0x5be0_cd19_137e_2179,
    ];
    const ZEROS: [u8; 128] = [0; 128];
    const NO_DIGEST: [u8; 64] = [0; 64];

    #[inline]
    fn compress(state: &mut [u64; 8], blocks: &[[u8; 128]]) {
        compress512(state, blocks);
    }

    #[inline]
    fn blocks(octets: &[u8]) -> (&[[u8; 128]], &[u8]) {
        octets.as_chunks()
    }

    #[inline]
    fn octets(blocks: &mut [[u8; 128]]) -> &mut [u8] {
        blocks.as_flattened_mut()
    }

    #[inline]
    fn digest(state: &[u64; 8]) -> [u8; 64] {
        let mut digest = [0; 64];
        for (octets, word) in digest.as_chunks_mut().0.iter_mut().zip(state) {
            *octets = word.to_be_bytes();
        }
        digest
    }
}
