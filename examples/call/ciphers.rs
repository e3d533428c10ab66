//! Cipher suites by names for people.

use std::error::Error;
use std::path::Path;

use mediaseal::{CheckedCipher, CipherSuite};

use crate::sm4_gcm::Sm4Gcm;

/// The built-in suites that need no opt-in; those with tags of 32 bits do.
const BUILTIN: [(&str, CipherSuite); 6] = [
    ("aes-128-gcm", CipherSuite::AES_128_GCM_SHA256_128),
    ("aes-256-gcm", CipherSuite::AES_256_GCM_SHA512_128),
    (
        "aes-128-ctr-hmac-80",
        CipherSuite::AES_128_CTR_HMAC_SHA256_80,
    ),
    (
        "aes-128-ctr-hmac-64",
        CipherSuite::AES_128_CTR_HMAC_SHA256_64,
    ),
    (
        "aes-256-ctr-hmac-80",
        CipherSuite::AES_256_CTR_HMAC_SHA512_80,
    ),
    (
        "aes-256-ctr-hmac-64",
        CipherSuite::AES_256_CTR_HMAC_SHA512_64,
    ),
];
/// The custom cipher.
const SM4: &str = "sm4";

/// The custom cipher that a shared library brings.
///
/// # Errors
/// If the file is no such library, or its cipher is refused.
pub(crate) fn loaded(library: &Path) -> Result<CheckedCipher, Box<dyn Error + Send + Sync>> {
    CheckedCipher::load(library).map_err(|error| format!("{}: {error}", library.display()).into())
}

/// A cipher that the command line may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    name: &'static str,
    /// Nothing for the custom cipher.
    suite: Option<CipherSuite>,
}

impl Choice {
    /// Returns the choice of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::all().find(|choice| choice.name == name)
    }

    /// Returns all choices, the default first.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let builtin = BUILTIN.into_iter().map(|(name, suite)| Self {
            name,
            suite: Some(suite),
        });
        builtin.chain([Self {
            name: SM4,
            suite: None,
        }])
    }

    /// Returns the name.
    pub(crate) fn name(self) -> &'static str {
        self.name
    }

    /// Returns the cipher itself.
    ///
    /// # Errors
    /// If it is refused.
    pub(crate) fn checked(self) -> Result<CheckedCipher, Box<dyn Error + Send + Sync>> {
        Ok(match self.suite {
            Some(suite) => CheckedCipher::builtin(suite)?,
            None => CheckedCipher::register(Sm4Gcm)?,
        })
    }
}
