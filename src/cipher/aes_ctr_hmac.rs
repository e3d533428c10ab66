//! AES-CTR with a truncated HMAC, suites 0x0001 to 0x0003 and 0x0006 to 0x0008 (RFC 9605 section 4.5.1).

use subtle::ConstantTimeEq;

use super::backend::hmac::{Message, Midstates};
use super::backend::sha::{Sha2, Sha256, Sha512};
use super::backend::{Ctr128, Ctr256, Keystream, Nonce};
use super::packet_key::PacketKey;
use super::suite::{CipherSuite, Hash, Params};
use super::{Cipher, CipherError, CipherKey, KnownAnswer};

pub(super) struct AesCtrHmac {
    suite: CipherSuite,
    is_256: bool,
    tag_len: usize,
}

impl AesCtrHmac {
    pub(super) fn new(suite: CipherSuite) -> Option<Self> {
        let (is_256, tag_len) = match suite {
            CipherSuite::AES_128_CTR_HMAC_SHA256_80 => (false, 10),
            CipherSuite::AES_128_CTR_HMAC_SHA256_64 => (false, 8),
            CipherSuite::AES_128_CTR_HMAC_SHA256_32 => (false, 4),
            CipherSuite::AES_256_CTR_HMAC_SHA512_80 => (true, 10),
            CipherSuite::AES_256_CTR_HMAC_SHA512_64 => (true, 8),
            CipherSuite::AES_256_CTR_HMAC_SHA512_32 => (true, 4),
            _ => return None,
        };
        Some(Self {
            suite,
            is_256,
            tag_len,
        })
    }
}

impl Cipher for AesCtrHmac {
    fn suite(&self) -> CipherSuite {
        self.suite
    }

    fn params(&self) -> Params {
        if self.is_256 {
            Params::new(32 + 64, 12, self.tag_len, Hash::Sha512)
        } else {
            Params::new(16 + 32, 12, self.tag_len, Hash::Sha256)
        }
    }

    fn new_key(&self, key: &[u8]) -> Result<Box<dyn CipherKey>, CipherError> {
        if key.len() != self.params().key_len {
            return Err(CipherError::BadKeyLength);
        }
        let key = if self.is_256 {
            PacketKey::CtrHmac256(CtrHmac256::new(key, 32, self.tag_len)?)
        } else {
            PacketKey::CtrHmac128(CtrHmac128::new(key, 16, self.tag_len)?)
        };
        Ok(Box::new(key))
    }

    fn known_answers(&self) -> Vec<KnownAnswer<'_>> {
        let index = match self.suite {
            CipherSuite::AES_128_CTR_HMAC_SHA256_80 => 0,
            CipherSuite::AES_128_CTR_HMAC_SHA256_64 => 1,
            CipherSuite::AES_128_CTR_HMAC_SHA256_32 => 2,
            CipherSuite::AES_256_CTR_HMAC_SHA512_80 => 3,
            CipherSuite::AES_256_CTR_HMAC_SHA512_64 => 4,
            _ => 5,
        };
        vec![KNOWN[index]]
    }
}

/// Both keys, scheduled: a frame copies what HMAC is after its two key blocks, and never rekeys.
pub(crate) struct Key<C: Keystream, H: Sha2> {
    ctr: C,
    midstates: Midstates<H>,
    tag_len: usize,
}

pub(crate) type CtrHmac128 = Key<Ctr128, Sha256>;
pub(crate) type CtrHmac256 = Key<Ctr256, Sha512>;

impl<C: Keystream, H: Sha2> Key<C, H> {
    /// Splits `key` in enc_key (`enc_len` octets) ‖ auth_key.
    pub(crate) fn new(key: &[u8], enc_len: usize, tag_len: usize) -> Result<Self, CipherError> {
        let (enc_key, auth_key) = key.split_at(enc_len);
        Ok(Self {
            ctr: C::new(enc_key)?,
            midstates: Midstates::new(auth_key),
            tag_len,
        })
    }

    /// Seals `data` in place.
    pub(crate) fn seal(
        &self,
        nonce: Nonce,
        aad: &[u8],
        data: &mut [u8],
        tag: &mut [u8],
    ) -> Result<(), CipherError> {
        if tag.len() != self.tag_len {
            return Err(CipherError::BadTagLength);
        }
        self.ctr.apply_keystream(nonce, data)?;
        let computed = self.full_tag(nonce, aad, data);
        tag.copy_from_slice(&computed.as_ref()[..self.tag_len]);
        Ok(())
    }

    /// Leaves `data` as it came on error; the caller wipes.
    pub(crate) fn open(
        &self,
        nonce: Nonce,
        aad: &[u8],
        data: &mut [u8],
        tag: &[u8],
    ) -> Result<(), CipherError> {
        if tag.len() != self.tag_len {
            return Err(CipherError::BadTagLength);
        }
        let expected = self.full_tag(nonce, aad, data);
        if !bool::from(expected.as_ref()[..self.tag_len].ct_eq(tag)) {
            return Err(CipherError::AuthenticationFailed);
        }
        self.ctr.apply_keystream(nonce, data)
    }

    /// Adds the key stream to `data`.
    pub(crate) fn apply_keystream(&self, nonce: Nonce, data: &mut [u8]) -> Result<(), CipherError> {
        self.ctr.apply_keystream(nonce, data)
    }

    pub(crate) fn midstates(&self) -> &Midstates<H> {
        &self.midstates
    }

    pub(crate) fn tag_len(&self) -> usize {
        self.tag_len
    }

    /// The tag before it is cut to its length, RFC 9605 section 4.5.1.
    fn full_tag(&self, nonce: Nonce, aad: &[u8], ciphertext: &[u8]) -> H::Digest {
        let message = Message::frame(self.tag_len, &nonce.octets(), aad, ciphertext);
        self.midstates.mac(&message)
    }
}

/// The key octets 0, 1, 2 … 95 of the published vectors.
static KEY_0_TO_95: [u8; 96] = {
    let mut key = [0; 96];
    let mut octet = 0u8;
    while octet < 96 {
        key[octet as usize] = octet;
        octet += 1;
    }
    key
};

/// Known answers. The suites of one key length share all but the tag.
static KNOWN: [KnownAnswer<'static>; 6] = [
    KnownAnswer {
        name: "RFC 9605 C.2, cipher suite 0x0001",
        key: KEY_0_TO_95.split_at(48).0,
        nonce: &[
            0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b,
        ],
        aad: b"IETF SFrame WG",
        plaintext: b"draft-ietf-sframe-enc",
        ciphertext: &[
            0x63, 0x39, 0xaf, 0x04, 0xad, 0xa1, 0xd0, 0x64, 0x68, 0x8a, 0x44, 0x2b, 0x8d, 0xc6,
            0x9d, 0x5b, 0x6b, 0xfa, 0x40, 0xf4, 0xbe,
        ],
        tag: &[0xf0, 0x58, 0x3e, 0x80, 0x81, 0x06, 0x9c, 0xc6, 0x07, 0x05],
    },
    KnownAnswer {
        name: "RFC 9605 C.2, cipher suite 0x0002",
        key: KEY_0_TO_95.split_at(48).0,
        nonce: &[
            0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b,
        ],
        aad: b"IETF SFrame WG",
        plaintext: b"draft-ietf-sframe-enc",
        ciphertext: &[
            0x63, 0x39, 0xaf, 0x04, 0xad, 0xa1, 0xd0, 0x64, 0x68, 0x8a, 0x44, 0x2b, 0x8d, 0xc6,
            0x9d, 0x5b, 0x6b, 0xfa, 0x40, 0xf4, 0xbe,
        ],
        tag: &[0x6e, 0x93, 0xb7, 0xda, 0x07, 0x69, 0x27, 0xbb],
    },
    KnownAnswer {
        name: "RFC 9605 C.2, cipher suite 0x0003",
        key: KEY_0_TO_95.split_at(48).0,
        nonce: &[
            0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b,
        ],
        aad: b"IETF SFrame WG",
        plaintext: b"draft-ietf-sframe-enc",
        ciphertext: &[
            0x63, 0x39, 0xaf, 0x04, 0xad, 0xa1, 0xd0, 0x64, 0x68, 0x8a, 0x44, 0x2b, 0x8d, 0xc6,
            0x9d, 0x5b, 0x6b, 0xfa, 0x40, 0xf4, 0xbe,
        ],
        tag: &[0x09, 0x48, 0x05, 0x09],
    },
    KnownAnswer {
        name: "SFrame working group test vectors, cipher suite 0x0006",
        key: KEY_0_TO_95.split_at(96).0,
        nonce: &[
            0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b,
        ],
        aad: b"IETF SFrame WG",
        plaintext: b"draft-ietf-sframe-enc",
        ciphertext: &[
            0xf8, 0x61, 0x83, 0x14, 0x90, 0xfa, 0x37, 0xf8, 0xe2, 0x84, 0xa1, 0x99, 0x40, 0x21,
            0x58, 0x95, 0x64, 0xa2, 0x3b, 0xf3, 0x05,
        ],
        tag: &[0x0e, 0xb0, 0xe0, 0xac, 0xe4, 0x59, 0x30, 0xd5, 0x3a, 0x7f],
    },
    KnownAnswer {
        name: "SFrame working group test vectors, cipher suite 0x0007",
        key: KEY_0_TO_95.split_at(96).0,
        nonce: &[
            0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b,
        ],
        aad: b"IETF SFrame WG",
        plaintext: b"draft-ietf-sframe-enc",
        ciphertext: &[
            0xf8, 0x61, 0x83, 0x14, 0x90, 0xfa, 0x37, 0xf8, 0xe2, 0x84, 0xa1, 0x99, 0x40, 0x21,
            0x58, 0x95, 0x64, 0xa2, 0x3b, 0xf3, 0x05,
        ],
        tag: &[0x08, 0xee, 0x5f, 0xb6, 0x1b, 0x88, 0xf8, 0x89],
    },
    KnownAnswer {
        name: "SFrame working group test vectors, cipher suite 0x0008",
        key: KEY_0_TO_95.split_at(96).0,
        nonce: &[
            0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b,
        ],
        aad: b"IETF SFrame WG",
        plaintext: b"draft-ietf-sframe-enc",
        ciphertext: &[
            0xf8, 0x61, 0x83, 0x14, 0x90, 0xfa, 0x37, 0xf8, 0xe2, 0x84, 0xa1, 0x99, 0x40, 0x21,
            0x58, 0x95, 0x64, 0xa2, 0x3b, 0xf3, 0x05,
        ],
        tag: &[0x13, 0x1a, 0x97, 0x9b],
    },
];
