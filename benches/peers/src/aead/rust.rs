//! aws-lc-rs, ring, graviola and RustCrypto.

use aes_gcm::{AeadInOut, Aes128Gcm, Aes256Gcm, KeyInit};

use super::{Aead, TAG, Visitor};

/// Meets all four.
pub(super) fn visit(visitor: &mut impl Visitor) {
    visit_aws_lc(visitor);
    visitor.visit("ring", Ring::new);
    if cfg!(any(target_arch = "x86_64", target_arch = "aarch64")) {
        visitor.visit("graviola", Graviola::new);
    }
    visitor.visit("RustCrypto", RustCrypto::new);
}

/// Meets aws-lc-rs.
pub(super) fn visit_aws_lc(visitor: &mut impl Visitor) {
    visitor.visit("aws-lc-rs", AwsLc::new);
}

struct AwsLc(aws_lc_rs::aead::LessSafeKey);

impl AwsLc {
    fn new(key: &[u8]) -> Self {
        use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, LessSafeKey, UnboundKey};
        let algorithm = if key.len() == 16 {
            &AES_128_GCM
        } else {
            &AES_256_GCM
        };
        Self(LessSafeKey::new(
            UnboundKey::new(algorithm, key).expect("its length is right"),
        ))
    }
}

impl Aead for AwsLc {
    #[inline(always)]
    fn seal(&mut self, nonce: &[u8; 12], aad: &[u8], data: &mut [u8], tag: &mut [u8; TAG]) {
        use aws_lc_rs::aead::{Aad, Nonce};
        let sealed =
            self.0
                .seal_in_place_scatter(Nonce::from(nonce), Aad::from(aad), data, &[], tag);
        assert!(sealed.is_ok());
    }

    #[inline(always)]
    fn open(&mut self, nonce: &[u8; 12], aad: &[u8], frame: &mut [u8]) -> bool {
        use aws_lc_rs::aead::{Aad, Nonce};
        self.0
            .open_in_place(Nonce::from(nonce), Aad::from(aad), frame)
            .is_ok()
    }
}

struct Ring(ring::aead::LessSafeKey);

impl Ring {
    fn new(key: &[u8]) -> Self {
        use ring::aead::{AES_128_GCM, AES_256_GCM, LessSafeKey, UnboundKey};
        let algorithm = if key.len() == 16 {
            &AES_128_GCM
        } else {
            &AES_256_GCM
        };
        Self(LessSafeKey::new(
            UnboundKey::new(algorithm, key).expect("its length is right"),
        ))
    }
}

impl Aead for Ring {
    #[inline(always)]
    fn seal(&mut self, nonce: &[u8; 12], aad: &[u8], data: &mut [u8], tag: &mut [u8; TAG]) {
        use ring::aead::{Aad, Nonce};
        let sealed = self.0.seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(*nonce),
            Aad::from(aad),
            data,
        );
        tag.copy_from_slice(sealed.expect("sealing does not fail").as_ref());
    }

    #[inline(always)]
    fn open(&mut self, nonce: &[u8; 12], aad: &[u8], frame: &mut [u8]) -> bool {
        use ring::aead::{Aad, Nonce};
        self.0
            .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(aad), frame)
            .is_ok()
    }
}

struct Graviola(graviola::aead::AesGcm);

impl Graviola {
    fn new(key: &[u8]) -> Self {
        Self(graviola::aead::AesGcm::new(key))
    }
}

impl Aead for Graviola {
    #[inline(always)]
    fn seal(&mut self, nonce: &[u8; 12], aad: &[u8], data: &mut [u8], tag: &mut [u8; TAG]) {
        self.0.encrypt(nonce, aad, data, tag);
    }

    #[inline(always)]
    fn open(&mut self, nonce: &[u8; 12], aad: &[u8], frame: &mut [u8]) -> bool {
        let (data, tag) = frame.split_at_mut(frame.len() - TAG);
        self.0.decrypt(nonce, aad, data, tag).is_ok()
    }
}

/// The crate aes-gcm as it is built by default.
pub enum RustCrypto {
    /// With a key of 16 octets.
    Aes128(Aes128Gcm),
    /// With a key of 32 octets.
    Aes256(Aes256Gcm),
}

impl RustCrypto {
    /// Takes a key of 16 or 32 octets.
    ///
    /// # Panics
    /// If it has another length.
    #[must_use]
    pub fn new(key: &[u8]) -> Self {
        if key.len() == 16 {
            Self::Aes128(Aes128Gcm::new_from_slice(key).expect("its length is right"))
        } else {
            Self::Aes256(Aes256Gcm::new_from_slice(key).expect("its length is right"))
        }
    }
}

impl Aead for RustCrypto {
    #[inline(always)]
    fn seal(&mut self, nonce: &[u8; 12], aad: &[u8], data: &mut [u8], tag: &mut [u8; TAG]) {
        let sealed = match self {
            Self::Aes128(aead) => aead.encrypt_inout_detached(nonce.into(), aad, data.into()),
            Self::Aes256(aead) => aead.encrypt_inout_detached(nonce.into(), aad, data.into()),
        };
        tag.copy_from_slice(&sealed.expect("sealing does not fail"));
    }

    #[inline(always)]
    fn open(&mut self, nonce: &[u8; 12], aad: &[u8], frame: &mut [u8]) -> bool {
        let (data, tag) = frame.split_at_mut(frame.len() - TAG);
        let tag: &[u8; TAG] = (&*tag).try_into().expect("the tag's octets");
        match self {
            Self::Aes128(aead) => {
                aead.decrypt_inout_detached(nonce.into(), aad, data.into(), tag.into())
            }
            Self::Aes256(aead) => {
                aead.decrypt_inout_detached(nonce.into(), aad, data.into(), tag.into())
            }
        }
        .is_ok()
    }
}
