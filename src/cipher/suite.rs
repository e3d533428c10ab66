//! Cipher suites by number, and what a cipher says of itself.

use core::fmt;

/// A cipher suite: a number of the IANA registry "SFrame Cipher Suites" (RFC 9605 section 8.1), or of its
/// private range 0xF000 to 0xFFFF. Suites never vanish by feature; an absent one is an error at run time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CipherSuite(u16);

impl CipherSuite {
    /// AES-128-CTR with HMAC-SHA-256, tag of 80 bits.
    pub const AES_128_CTR_HMAC_SHA256_80: Self = Self(0x0001);
    /// AES-128-CTR with HMAC-SHA-256, tag of 64 bits.
    pub const AES_128_CTR_HMAC_SHA256_64: Self = Self(0x0002);
    /// AES-128-CTR with HMAC-SHA-256, tag of 32 bits; needs an opt-in.
    pub const AES_128_CTR_HMAC_SHA256_32: Self = Self(0x0003);
    /// AES-128-GCM, tag of 128 bits. The default choice.
    pub const AES_128_GCM_SHA256_128: Self = Self(0x0004);
    /// AES-256-GCM, tag of 128 bits.
    pub const AES_256_GCM_SHA512_128: Self = Self(0x0005);
    /// AES-256-CTR with HMAC-SHA-512, tag of 80 bits.
    pub const AES_256_CTR_HMAC_SHA512_80: Self = Self(0x0006);
    /// AES-256-CTR with HMAC-SHA-512, tag of 64 bits.
    pub const AES_256_CTR_HMAC_SHA512_64: Self = Self(0x0007);
    /// AES-256-CTR with HMAC-SHA-512, tag of 32 bits; needs an opt-in.
    pub const AES_256_CTR_HMAC_SHA512_32: Self = Self(0x0008);

    /// The built-in suites, in the order of their numbers.
    pub const BUILTIN: [Self; 8] = [
        Self::AES_128_CTR_HMAC_SHA256_80,
        Self::AES_128_CTR_HMAC_SHA256_64,
        Self::AES_128_CTR_HMAC_SHA256_32,
        Self::AES_128_GCM_SHA256_128,
        Self::AES_256_GCM_SHA512_128,
        Self::AES_256_CTR_HMAC_SHA512_80,
        Self::AES_256_CTR_HMAC_SHA512_64,
        Self::AES_256_CTR_HMAC_SHA512_32,
    ];

    /// Makes a suite from its number, known or not.
    #[must_use]
    pub const fn new(value: u16) -> Self {
        Self(value)
    }

    /// Makes the suite of a custom cipher, or nothing if `value` is not in 0xF000 to 0xFFFF.
    #[must_use]
    pub const fn private(value: u16) -> Option<Self> {
        let suite = Self(value);
        if suite.is_private() {
            Some(suite)
        } else {
            None
        }
    }

    /// Returns the number.
    #[must_use]
    pub const fn value(self) -> u16 {
        self.0
    }

    /// Tells whether the number lies in the private range of custom ciphers.
    #[must_use]
    pub const fn is_private(self) -> bool {
        self.0 >= 0xF000
    }

    /// Returns the registered name, or nothing for a suite that is not built in.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::AES_128_CTR_HMAC_SHA256_80 => "AES_128_CTR_HMAC_SHA256_80",
            Self::AES_128_CTR_HMAC_SHA256_64 => "AES_128_CTR_HMAC_SHA256_64",
            Self::AES_128_CTR_HMAC_SHA256_32 => "AES_128_CTR_HMAC_SHA256_32",
            Self::AES_128_GCM_SHA256_128 => "AES_128_GCM_SHA256_128",
            Self::AES_256_GCM_SHA512_128 => "AES_256_GCM_SHA512_128",
            Self::AES_256_CTR_HMAC_SHA512_80 => "AES_256_CTR_HMAC_SHA512_80",
            Self::AES_256_CTR_HMAC_SHA512_64 => "AES_256_CTR_HMAC_SHA512_64",
            Self::AES_256_CTR_HMAC_SHA512_32 => "AES_256_CTR_HMAC_SHA512_32",
            _ => return None,
        })
    }
}

impl fmt::Display for CipherSuite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "{:#06x}", self.0),
        }
    }
}

impl fmt::Debug for CipherSuite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CipherSuite({self})")
    }
}

/// The hash of a suite's key schedule (HKDF).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Hash {
    /// SHA-256, Nh = 32 octets.
    Sha256,
    /// SHA-512, Nh = 64 octets.
    Sha512,
    /// SM3 (GB/T 32905), Nh = 32 octets.
    Sm3,
}

impl Hash {
    /// Returns Nh, the octets of one output.
    #[must_use]
    pub const fn output_len(self) -> usize {
        match self {
            Self::Sha256 | Self::Sm3 => 32,
            Self::Sha512 => 64,
        }
    }
}

/// How much may be done under one key. The defaults are also the most that is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Octets of plaintext in one seal, 1200 or more; 2^30 by default.
    pub max_frame_len: usize,
    /// Seals under one key; 2^64 - 1 by default.
    pub max_seals: u64,
    /// Blocks of 16 octets sealed under one key, AAD and one block a frame included; 2^36 by default.
    pub max_blocks: u64,
    /// Authentication failures under one key after which an event advises a fresh key; 2^12 by default.
    pub max_open_failures: u64,
}

impl Limits {
    /// The default limits.
    pub const DEFAULT: Self = Self {
        max_frame_len: 1 << 30,
        max_seals: u64::MAX,
        max_blocks: 1 << 36,
        max_open_failures: 1 << 12,
    };

    /// Sets the octets of plaintext in one seal.
    #[must_use]
    pub const fn max_frame_len(self, max_frame_len: usize) -> Self {
        Self {
            max_frame_len,
            ..self
        }
    }

    /// Sets the seals under one key.
    #[must_use]
    pub const fn max_seals(self, max_seals: u64) -> Self {
        Self { max_seals, ..self }
    }

    /// Sets the blocks of 16 octets under one key.
    #[must_use]
    pub const fn max_blocks(self, max_blocks: u64) -> Self {
        Self { max_blocks, ..self }
    }

    /// Sets the authentication failures that cause an event.
    #[must_use]
    pub const fn max_open_failures(self, max_open_failures: u64) -> Self {
        Self {
            max_open_failures,
            ..self
        }
    }

    /// Least octets that a cipher must take in one seal.
    pub(crate) const MIN_FRAME_LEN: usize = 1200;

    /// Tells whether each limit is at most the default, and a frame at least a packet.
    pub(crate) const fn are_sane(&self) -> bool {
        self.max_frame_len >= Self::MIN_FRAME_LEN
            && self.max_frame_len <= Self::DEFAULT.max_frame_len
            && self.max_seals >= 1
            && self.max_blocks >= 1
            && self.max_blocks <= Self::DEFAULT.max_blocks
            && self.max_open_failures >= 1
            && self.max_open_failures <= Self::DEFAULT.max_open_failures
    }
}

/// What making a key object costs, which decides who may cause it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CostClass {
    /// At most a few microseconds.
    Fast,
    /// More: no key object is ever made for a KID that has not authenticated.
    Slow,
}

/// What a cipher says of itself, as data. Letters as in RFC 9605 section 4.4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Params {
    /// Nk: octets of key, 1 to 128.
    pub key_len: usize,
    /// Nn: octets of nonce, 8 to 32.
    pub nonce_len: usize,
    /// Nt: octets of tag, 4 to 32.
    pub tag_len: usize,
    /// Hash of the key schedule.
    pub hash: Hash,
    /// Usage limits of one key.
    pub limits: Limits,
    /// What making a key object costs.
    pub cost: CostClass,
}

impl Params {
    /// Most octets of key.
    pub const MAX_KEY_LEN: usize = 128;
    /// Most octets of nonce.
    pub const MAX_NONCE_LEN: usize = 32;
    /// Most octets of tag.
    pub const MAX_TAG_LEN: usize = 32;

    /// Makes parameters with the default limits and [`CostClass::Fast`].
    #[must_use]
    pub const fn new(key_len: usize, nonce_len: usize, tag_len: usize, hash: Hash) -> Self {
        Self {
            key_len,
            nonce_len,
            tag_len,
            hash,
            limits: Limits::DEFAULT,
            cost: CostClass::Fast,
        }
    }

    /// Tells whether key, nonce and tag have lengths that are accepted.
    pub(crate) fn has_lengths_in_range(&self) -> bool {
        (1..=Self::MAX_KEY_LEN).contains(&self.key_len)
            && (8..=Self::MAX_NONCE_LEN).contains(&self.nonce_len)
            && (4..=Self::MAX_TAG_LEN).contains(&self.tag_len)
    }

    /// Sets the usage limits.
    #[must_use]
    pub const fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Sets the cost class.
    #[must_use]
    pub const fn cost(self, cost: CostClass) -> Self {
        Self { cost, ..self }
    }
}
