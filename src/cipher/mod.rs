//! Mathematics: octets in, octets out. Nothing here knows a KID, a packet, a clock or a lock.
//!
//! ```text
//!  key ──► Cipher::new_key ──► CipherKey          once a key
//!                                 │
//!  nonce, aad, data ──────────────┼─► seal_in_place ──► data, tag
//!  nonce, aad, data, tag ─────────┴─► open_in_place ──► data | AuthenticationFailed, data zeroed
//! ```
//!
//! The two traits are the seam for custom ciphers: implement them, and let [`CheckedCipher::register`] run
//! [`check::conformance`] over the result. The nonce is always made by mediaseal, never by an application.

mod aes_ctr_hmac;
mod aes_gcm;
#[cfg(feature = "aws-lc")]
mod aws_lc;
mod backend;
pub mod check;
pub(crate) mod kdf;
pub(crate) mod mac_batch;
mod packet_key;
mod property;
mod suite;
#[cfg(feature = "test-hooks")]
#[doc(hidden)]
pub mod test_hooks;

use std::fmt;
use std::sync::Arc;

#[cfg(feature = "capi")]
pub(crate) use backend::prefetch_at;
pub(crate) use backend::{Aad, Nonce, Wiped, find_zero_pair, prefetch, put};
pub use backend::{Candidate, Cpu, Tier, Verdict, cpu};
pub(crate) use packet_key::{CustomKey, PacketKey, wipe_text};

#[cfg(test)]
pub(crate) use backend::{
    hmac::{Message, Midstates},
    sha::{Sha2, Sha256, Sha512},
};
pub use property::{Property, Refusal};
pub use suite::{CipherSuite, CostClass, Hash, Limits, Params};

use crate::error::{Error, Misuse};

/// Why a cipher did not do what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum CipherError {
    /// The tag is wrong. `data` is zeroed.
    #[error("authentication failed")]
    AuthenticationFailed,
    /// The key has not [`Params::key_len`] octets.
    #[error("wrong key length")]
    BadKeyLength,
    /// The nonce has not [`Params::nonce_len`] octets.
    #[error("wrong nonce length")]
    BadNonceLength,
    /// The tag has not [`Params::tag_len`] octets.
    #[error("wrong tag length")]
    BadTagLength,
    /// The data or the AAD is longer than the cipher can take.
    #[error("data too long")]
    TooLong,
    /// Anything else, such as a failing device.
    #[error("the cipher failed")]
    Failed,
}

/// An authenticated cipher (AEAD) whose ciphertext is as long as its plaintext, with a tag apart.
///
/// Custom ciphers implement it. Everything besides the transformation is mediaseal's work: nonces, headers,
/// replay, rotation, limits and statistics.
pub trait Cipher: Send + Sync + 'static {
    /// Returns the suite number: 0xF000 to 0xFFFF for a custom cipher ([`CipherSuite::private`]).
    fn suite(&self) -> CipherSuite;

    /// Returns lengths, limits and cost class. They never change.
    fn params(&self) -> Params;

    /// Runs the key schedule over `key`, which has [`Params::key_len`] octets.
    ///
    /// # Errors
    /// [`CipherError::BadKeyLength`] for any other length.
    fn new_key(&self, key: &[u8]) -> Result<Box<dyn CipherKey>, CipherError>;

    /// Returns known answers from a published document or an independent implementation; at least one.
    fn known_answers(&self) -> Vec<KnownAnswer<'_>>;
}

/// A key of a [`Cipher`], scheduled and ready. It must wipe itself on drop.
pub trait CipherKey: Send + Sync {
    /// Encrypts `data` in place and writes the tag over `nonce`, `aad` and the ciphertext.
    ///
    /// On entry `data` holds the plaintext (0 to 2^30 octets), `nonce` has [`Params::nonce_len`] octets and
    /// `tag` [`Params::tag_len`]. On success `data` holds the ciphertext and `tag` the tag. On error the
    /// caller discards both.
    ///
    /// # Errors
    /// A length error for wrong lengths, [`CipherError::Failed`] for anything else.
    fn seal_in_place(
        &self,
        nonce: &[u8],
        aad: &[u8],
        data: &mut [u8],
        tag: &mut [u8],
    ) -> Result<(), CipherError>;

    /// Checks the tag in constant time and decrypts `data` in place.
    ///
    /// On entry `data` holds the ciphertext. On success it holds the plaintext. On error it is zeroed.
    ///
    /// # Errors
    /// [`CipherError::AuthenticationFailed`] if the tag is wrong; a length error for wrong lengths.
    fn open_in_place(
        &self,
        nonce: &[u8],
        aad: &[u8],
        data: &mut [u8],
        tag: &[u8],
    ) -> Result<(), CipherError>;
}

/// One known answer of a cipher.
#[derive(Clone, Copy, Debug)]
#[allow(
    clippy::exhaustive_structs,
    reason = "custom ciphers write these as constants"
)]
pub struct KnownAnswer<'a> {
    /// Where it comes from, such as "RFC 8998 A.1".
    pub name: &'a str,
    /// Key, [`Params::key_len`] octets.
    pub key: &'a [u8],
    /// Nonce, [`Params::nonce_len`] octets.
    pub nonce: &'a [u8],
    /// Additional authenticated data.
    pub aad: &'a [u8],
    /// Plaintext.
    pub plaintext: &'a [u8],
    /// Ciphertext, as long as the plaintext.
    pub ciphertext: &'a [u8],
    /// Tag, [`Params::tag_len`] octets.
    pub tag: &'a [u8],
}

/// Who computes a built-in suite. Suite numbers, lengths, limits and every octet are the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Provider {
    /// mediaseal itself: see [`cpu`] for what works on this CPU.
    #[default]
    Mediaseal,
    /// [AWS-LC](https://github.com/aws/aws-lc) by `aws-lc-rs`, from which a FIPS 140-3 validated module is made. There if mediaseal was built with the
    /// feature `aws-lc`.
    ///
    /// A frame of a session that was never heard costs some allocations and a copy for each expected sender, as with a custom cipher. This is AWS-LC as it is developed, not
    /// the validated module; and that module approves of sealing by AES-GCM only where it makes the nonce itself, which SFrame rules out. Key schedule, keys at rest and
    /// random octets remain mediaseal's.
    AwsLc,
}

/// A cipher that a KeyStore may use: built in, or a custom one that passed [`check::conformance`].
#[derive(Clone)]
pub struct CheckedCipher {
    cipher: Arc<dyn Cipher>,
    /// As they were when the cipher was checked: it is not asked again.
    suite: CipherSuite,
    params: Params,
    /// Who computes it, if it is built in.
    provider: Option<Provider>,
    short_tags: bool,
}

impl CheckedCipher {
    /// Returns a built-in suite, computed by mediaseal itself.
    ///
    /// # Errors
    /// [`Misuse::UnsupportedSuite`] if `suite` is none of 0x0001 to 0x0008.
    pub fn builtin(suite: CipherSuite) -> Result<Self, Error> {
        Self::builtin_over(suite, Provider::Mediaseal)
    }

    /// Returns a built-in suite, computed by `provider`.
    ///
    /// # Errors
    /// [`Misuse::UnsupportedSuite`] as above; [`Misuse::NotInThisBuild`] if mediaseal was built without the feature that
    /// `provider` needs.
    pub fn builtin_over(suite: CipherSuite, provider: Provider) -> Result<Self, Error> {
        let own = builtin(suite).ok_or(Misuse::UnsupportedSuite {
            suite: suite.value(),
        })?;
        let cipher = match provider {
            Provider::Mediaseal => {
                // Here and not at the first key, which a frame of an unheard session may cause.
                backend::selected();
                mac_batch::select();
                own
            }
            #[cfg(feature = "aws-lc")]
            Provider::AwsLc => Arc::new(aws_lc::AwsLc::new(own)),
            #[cfg(not(feature = "aws-lc"))]
            Provider::AwsLc => return Err(Misuse::NotInThisBuild.into()),
        };
        Ok(Self {
            provider: Some(provider),
            ..Self::checked(cipher)
        })
    }

    /// Registers a custom cipher. Runs [`check::conformance`], which takes from milliseconds to about a
    /// second with the cipher's speed; do it once, off the media threads, and clone the result.
    ///
    /// # Errors
    /// A [`Refusal`] that names the property which does not hold.
    pub fn register(cipher: impl Cipher) -> Result<Self, Refusal> {
        let checked = Self::checked(Arc::new(cipher));
        if !checked.suite.is_private() {
            return Err(Refusal::new(
                Property::SuiteIsPrivate,
                usize::from(checked.suite.value()),
            ));
        }
        check::conformance_with(checked.cipher.as_ref(), checked.suite, checked.params)?;
        Ok(checked)
    }

    fn checked(cipher: Arc<dyn Cipher>) -> Self {
        let (suite, params) = (cipher.suite(), cipher.params());
        Self {
            cipher,
            suite,
            params,
            provider: None,
            short_tags: false,
        }
    }

    /// Accepts tags of 4 octets (built-in suites 0x0003 and 0x0008), or of 4 to 15 octets in a custom
    /// cipher. With a 32-bit tag one forgery in 2^32 tries succeeds: for audio only, with the replay window on
    /// and the authentication failures watched (RFC 9605 section 7.5).
    #[must_use]
    pub fn allow_short_tags(self) -> Self {
        Self {
            short_tags: true,
            ..self
        }
    }

    /// Returns the suite.
    #[must_use]
    pub fn suite(&self) -> CipherSuite {
        self.suite
    }

    /// Returns lengths, limits and cost class.
    #[must_use]
    pub fn params(&self) -> Params {
        self.params
    }

    /// Returns who computes it; nothing for a custom cipher.
    #[must_use]
    pub fn provider(&self) -> Option<Provider> {
        self.provider
    }

    pub(crate) fn cipher(&self) -> &Arc<dyn Cipher> {
        &self.cipher
    }

    /// Refuses a tag that is short and was not opted in to.
    pub(crate) fn check_tag_policy(&self) -> Result<(), Error> {
        let tag_len = self.params().tag_len;
        let least = if self.suite().is_private() { 16 } else { 8 };
        if tag_len < least && !self.short_tags {
            return Err(Misuse::ShortTag { tag_len }.into());
        }
        Ok(())
    }
}

impl fmt::Debug for CheckedCipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CheckedCipher")
            .field("suite", &self.suite())
            .field("provider", &self.provider)
            .finish_non_exhaustive()
    }
}

/// The built-in cipher of an IANA suite, if `suite` is one.
pub(crate) fn builtin(suite: CipherSuite) -> Option<Arc<dyn Cipher>> {
    aes_gcm::AesGcm::new(suite)
        .map(|cipher| Arc::new(cipher) as Arc<dyn Cipher>)
        .or_else(|| {
            aes_ctr_hmac::AesCtrHmac::new(suite).map(|cipher| Arc::new(cipher) as Arc<dyn Cipher>)
        })
}
