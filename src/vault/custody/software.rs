//! Key encryption keys that this process computes with: XAES-256-GCM (C2SP), a nonce of 192 random bits in front.
//!
//! Random nonces of that length do not repeat in the life of a key (2^80 wraps for a chance of 2^-32), so nothing has to be counted.

use xaes_256_gcm::aead::{AeadInOut, KeyInit};
use xaes_256_gcm::{Key, Nonce, Tag, Xaes256Gcm};
use zeroize::Zeroize;

use crate::error::Error;
use crate::keys::secret::{Secret, with_wiped_stack};
use crate::vault::wrapped::{Dek, WrapAlgorithm, WrapContext, WrapError, WrappedKey};

use super::provider::KekRef;

const NONCE: usize = 24;
const TAG: usize = 16;

/// A key encryption key, or the master key over such, in the memory of this process.
pub(crate) struct SoftwareKey(Secret<32>);

impl SoftwareKey {
    /// Draws one from the operating system.
    pub(crate) fn generate() -> Result<Self, Error> {
        let mut key = Secret::zeroed();
        getrandom::fill(key.expose_mut()).map_err(|_| Error::EntropyUnavailable)?;
        Ok(Self(key))
    }

    pub(crate) fn from_secret(key: Secret<32>) -> Self {
        Self(key)
    }

    pub(crate) fn from_dek(dek: &Dek) -> Self {
        let mut key = Secret::zeroed();
        key.expose_mut().copy_from_slice(dek.expose());
        Self(key)
    }

    /// Seals another key under this one, bound to `aad`.
    pub(crate) fn seal_key(&self, other: &Self, aad: &[u8]) -> Result<Vec<u8>, WrapError> {
        self.seal(aad, other.0.expose())
    }

    /// Opens a key that [`Self::seal_key`] sealed; `None` if it does not authenticate.
    pub(crate) fn open_key(&self, sealed: &[u8], aad: &[u8]) -> Option<Self> {
        let mut key = Secret::zeroed();
        self.open_into(aad, sealed, key.expose_mut())
            .then_some(Self(key))
    }

    /// Wraps a DEK as the provider `scheme`, bound to its context.
    pub(crate) fn wrap(
        &self,
        scheme: &str,
        kek: &KekRef,
        dek: &Dek,
        context: &WrapContext,
    ) -> Result<WrappedKey, WrapError> {
        let aad = context.authenticated(&kek.id, kek.version)?;
        let octets = self.seal(&aad, dek.expose())?;
        let name = (kek.id.as_str(), kek.version);
        WrappedKey::new(scheme, name, WrapAlgorithm::XAes256Gcm, context, octets)
    }

    /// Opens a DEK that [`Self::wrap`] wrapped.
    pub(crate) fn unwrap(
        &self,
        wrapped: &WrappedKey,
        context: &WrapContext,
    ) -> Result<Dek, WrapError> {
        let aad = wrapped.is_for(context)?;
        if wrapped.algorithm != WrapAlgorithm::XAes256Gcm {
            return Err(WrapError::DoesNotAuthenticate);
        }
        let mut key = Secret::<32>::zeroed();
        if !self.open_into(&aad, &wrapped.octets, key.expose_mut()) {
            return Err(WrapError::DoesNotAuthenticate);
        }
        Ok(Dek::from_bytes(key.expose()))
    }

    /// Seals `plaintext`: nonce(24) ‖ ciphertext ‖ tag(16). The cipher refuses nothing but lengths of 64 GiB.
    pub(crate) fn seal(&self, aad: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, WrapError> {
        let mut nonce = Nonce::default();
        getrandom::fill(&mut nonce).map_err(|_| Error::EntropyUnavailable)?;
        // All of it at once: a vector that grows leaves the plaintext where it was.
        let mut sealed = Vec::with_capacity(NONCE + plaintext.len() + TAG);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plaintext);
        let body = &mut sealed[NONCE..];
        let tag = with_wiped_stack(|| {
            self.cipher()
                .encrypt_inout_detached(&nonce, aad, body.into())
        });
        let Ok(tag) = tag else {
            sealed.zeroize();
            return Err(WrapError::TooLong);
        };
        sealed.extend_from_slice(&tag);
        Ok(sealed)
    }

    /// Opens what [`Self::seal`] sealed, into a buffer as long as the plaintext. Whether it authenticates; if not, `plaintext` is zeros.
    pub(crate) fn open_into(&self, aad: &[u8], sealed: &[u8], plaintext: &mut [u8]) -> bool {
        plaintext.zeroize();
        let Some((nonce, rest)) = sealed.split_at_checked(NONCE) else {
            return false;
        };
        let Some((body, tag)) = rest.split_at_checked(plaintext.len()) else {
            return false;
        };
        let (Ok(nonce), Ok(tag)) = (Nonce::try_from(nonce), Tag::try_from(tag)) else {
            return false;
        };
        plaintext.copy_from_slice(body);
        let opened = with_wiped_stack(|| {
            self.cipher()
                .decrypt_inout_detached(&nonce, aad, (&mut *plaintext).into(), &tag)
                .is_ok()
        });
        if !opened {
            plaintext.zeroize();
        }
        opened
    }

    fn cipher(&self) -> Xaes256Gcm {
        let key: &Key<Xaes256Gcm> = self.0.expose().into();
        Xaes256Gcm::new(key)
    }
}

#[cfg(test)]
mod tests {
    use super::{Secret, SoftwareKey};

    /// The vectors of C2SP, XAES-256-GCM.md.
    #[test]
    fn the_vectors_of_c2sp_open() {
        for (octet, aad, sealed) in [
            (
                1,
                &b""[..],
                "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271",
            ),
            (
                3,
                b"c2sp.org/XAES-256-GCM",
                "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d",
            ),
        ] {
            let mut key = Secret::zeroed();
            key.expose_mut().fill(octet);
            let key = SoftwareKey::from_secret(key);
            let sealed = data_encoding::HEXLOWER.decode(sealed.as_bytes()).unwrap();
            let mut sealed = [b"ABCDEFGHIJKLMNOPQRSTUVWX", &sealed[..]].concat();
            let mut plaintext = [0; 12];
            assert!(key.open_into(aad, &sealed, &mut plaintext));
            assert_eq!(&plaintext, b"XAES-256-GCM");
            for at in 0..sealed.len() {
                sealed[at] ^= 1;
                assert!(!key.open_into(aad, &sealed, &mut plaintext), "octet {at}");
                assert_eq!(plaintext, [0; 12]);
                sealed[at] ^= 1;
            }
            for len in 0..sealed.len() {
                assert!(!key.open_into(aad, &sealed[..len], &mut plaintext));
            }
        }
    }
}
