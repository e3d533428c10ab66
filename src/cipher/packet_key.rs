//! A scheduled key as the frame path has it: built-in ciphers inline, custom ones and those of other providers behind a pointer.

use aes::{Aes128, Aes256};

use super::aes_ctr_hmac::{CtrHmac128, CtrHmac256};
use super::backend::{self, Aad, GcmContext, Nonce, portable};
use super::mac_batch::CtrHmac;
use super::{CheckedCipher, CipherError, CipherKey, Provider};

/// A key that seals and opens packets. Contexts of built-in ciphers lie inline, so that a session that has not authenticated makes nobody allocate;
/// one that is kept gets an allocation of its own, which is wiped whole.
#[allow(
    clippy::large_enum_variant,
    reason = "the large ones are the usual ones"
)]
pub(crate) enum PacketKey {
    Gcm128(GcmContext<11>),
    Gcm256(GcmContext<15>),
    PortableGcm128(portable::Gcm<Aes128>),
    PortableGcm256(portable::Gcm<Aes256>),
    CtrHmac128(CtrHmac128),
    CtrHmac256(CtrHmac256),
    Custom(CustomKey),
}

/// Octets that one nonce serves, SP 800-38D section 5.2.1.1.
const MAX_TEXT: u64 = (1 << 36) - 32;

impl PacketKey {
    /// Schedules a key of any cipher.
    ///
    /// # Errors
    /// [`CipherError::BadKeyLength`], or what a custom cipher says.
    pub(crate) fn new(cipher: &CheckedCipher, key: &[u8]) -> Result<Self, CipherError> {
        match Self::builtin(cipher, key) {
            Some(key) => key,
            None => cipher
                .cipher()
                .new_key(key)
                .map(CustomKey::new)
                .map(Self::Custom),
        }
    }

    /// Schedules a key of a built-in suite, without allocating; nothing for custom ciphers and other providers.
    pub(crate) fn builtin(cipher: &CheckedCipher, key: &[u8]) -> Option<Result<Self, CipherError>> {
        if cipher.provider() != Some(Provider::Mediaseal) {
            return None;
        }
        let tag_len = cipher.params().tag_len;
        Some(match cipher.suite().value() {
            1..=3 => CtrHmac128::new(key, 16, tag_len).map(Self::CtrHmac128),
            4 => Self::gcm_128(key),
            5 => Self::gcm_256(key),
            6..=8 => CtrHmac256::new(key, 32, tag_len).map(Self::CtrHmac256),
            _ => return None,
        })
    }

    /// Schedules a key of AES-128-GCM.
    pub(super) fn gcm_128(key: &[u8]) -> Result<Self, CipherError> {
        let key: &[u8; 16] = key.try_into().map_err(|_| CipherError::BadKeyLength)?;
        match backend::selected() {
            Some(kernel) => Ok(Self::Gcm128(GcmContext::new_128(kernel, key))),
            None => portable::Gcm::new(key).map(Self::PortableGcm128),
        }
    }

    /// Schedules a key of AES-256-GCM.
    pub(super) fn gcm_256(key: &[u8]) -> Result<Self, CipherError> {
        let key: &[u8; 32] = key.try_into().map_err(|_| CipherError::BadKeyLength)?;
        match backend::selected() {
            Some(kernel) => Ok(Self::Gcm256(GcmContext::new_256(kernel, key))),
            None => portable::Gcm::new(key).map(Self::PortableGcm256),
        }
    }

    /// The key of a custom cipher, which has a nonce of its own length.
    #[inline]
    pub(crate) fn custom(&self) -> Option<&CustomKey> {
        match self {
            Self::Custom(key) => Some(key),
            _ => None,
        }
    }

    /// The key, if it is of a suite whose packets gain from being authenticated side by side.
    #[inline]
    pub(crate) fn ctr_hmac(&self) -> Option<CtrHmac<'_>> {
        match self {
            Self::CtrHmac128(key) => Some(CtrHmac::Sha256(key)),
            Self::CtrHmac256(key) => Some(CtrHmac::Sha512(key)),
            _ => None,
        }
    }

    /// Encrypts `data` in place and writes the tag. A built-in cipher alone takes this nonce.
    #[inline(always)]
    pub(crate) fn seal(
        &self,
        nonce: Nonce,
        aad: Aad<'_>,
        data: &mut [u8],
        tag: &mut [u8],
    ) -> Result<(), CipherError> {
        debug_assert!(
            data.len() as u64 <= MAX_TEXT,
            "frames have at most 2^30 octets"
        );
        match self {
            Self::Gcm128(key) => write_tag(tag, || key.seal(nonce, aad, data)),
            Self::Gcm256(key) => write_tag(tag, || key.seal(nonce, aad, data)),
            _ => self.seal_otherwise(nonce, aad, data, tag),
        }
    }

    /// What has no kernel of its own, out of the way of what has.
    #[inline(never)]
    fn seal_otherwise(
        &self,
        nonce: Nonce,
        aad: Aad<'_>,
        data: &mut [u8],
        tag: &mut [u8],
    ) -> Result<(), CipherError> {
        match self {
            Self::Gcm128(key) => write_tag(tag, || key.seal(nonce, aad, data)),
            Self::Gcm256(key) => write_tag(tag, || key.seal(nonce, aad, data)),
            Self::PortableGcm128(key) => key.seal(&nonce.octets(), aad.octets(), data, tag),
            Self::PortableGcm256(key) => key.seal(&nonce.octets(), aad.octets(), data, tag),
            Self::CtrHmac128(key) => key.seal(nonce, aad.octets(), data, tag),
            Self::CtrHmac256(key) => key.seal(nonce, aad.octets(), data, tag),
            Self::Custom(key) => key.seal(&nonce.octets(), aad.octets(), data, tag),
        }
    }

    /// Decrypts `data` in place and checks the tag in constant time. On error `data` is zeroed; until it returns, it may hold what has not authenticated.
    #[inline(always)]
    pub(crate) fn open(
        &self,
        nonce: Nonce,
        aad: Aad<'_>,
        data: &mut [u8],
        tag: &[u8],
    ) -> Result<(), CipherError> {
        let opened = self.open_unwiped(nonce, aad, data, tag);
        if opened.is_err() {
            wipe_text(data);
        }
        opened
    }

    /// Opens like [`open`](Self::open), but leaves `data` as it came on error, for the next candidate. For built-in ciphers.
    pub(crate) fn try_open(
        &self,
        nonce: Nonce,
        aad: Aad<'_>,
        data: &mut [u8],
        tag: &[u8],
    ) -> Result<(), CipherError> {
        let opened = self.open_unwiped(nonce, aad, data, tag);
        if opened == Err(CipherError::AuthenticationFailed) {
            match self {
                Self::Gcm128(key) => key.undo_open(nonce, data),
                Self::Gcm256(key) => key.undo_open(nonce, data),
                // These look at the tag first.
                Self::PortableGcm128(_)
                | Self::PortableGcm256(_)
                | Self::CtrHmac128(_)
                | Self::CtrHmac256(_) => {}
                // What it left was not known, and is wiped.
                Self::Custom(_) => {}
            }
        }
        opened
    }

    #[inline(always)]
    fn open_unwiped(
        &self,
        nonce: Nonce,
        aad: Aad<'_>,
        data: &mut [u8],
        tag: &[u8],
    ) -> Result<(), CipherError> {
        match self {
            Self::Gcm128(key) => check_tag(tag, |tag| key.open(nonce, aad, data, tag)),
            Self::Gcm256(key) => check_tag(tag, |tag| key.open(nonce, aad, data, tag)),
            _ => self.open_otherwise(nonce, aad, data, tag),
        }
    }

    /// What has no kernel of its own, out of the way of what has.
    #[inline(never)]
    fn open_otherwise(
        &self,
        nonce: Nonce,
        aad: Aad<'_>,
        data: &mut [u8],
        tag: &[u8],
    ) -> Result<(), CipherError> {
        match self {
            Self::Gcm128(key) => check_tag(tag, |tag| key.open(nonce, aad, data, tag)),
            Self::Gcm256(key) => check_tag(tag, |tag| key.open(nonce, aad, data, tag)),
            Self::PortableGcm128(key) => key.open(&nonce.octets(), aad.octets(), data, tag),
            Self::PortableGcm256(key) => key.open(&nonce.octets(), aad.octets(), data, tag),
            Self::CtrHmac128(key) => key.open(nonce, aad.octets(), data, tag),
            Self::CtrHmac256(key) => key.open(nonce, aad.octets(), data, tag),
            Self::Custom(key) => key.open(&nonce.octets(), aad.octets(), data, tag),
        }
    }
}

/// A key of somebody else's cipher. Unless it returns with success, the text that it worked on is zeroed, even if it panics.
pub(crate) struct CustomKey(Box<dyn CipherKey>);

impl CustomKey {
    pub(crate) fn new(key: Box<dyn CipherKey>) -> Self {
        Self(key)
    }

    /// Encrypts `data` in place and writes the tag.
    pub(crate) fn seal(
        &self,
        nonce: &[u8],
        aad: &[u8],
        data: &mut [u8],
        tag: &mut [u8],
    ) -> Result<(), CipherError> {
        let guarded = WipedUnlessKept(data);
        self.0.seal_in_place(nonce, aad, guarded.0, tag)?;
        guarded.keep();
        Ok(())
    }

    /// Decrypts `data` in place and checks the tag.
    pub(crate) fn open(
        &self,
        nonce: &[u8],
        aad: &[u8],
        data: &mut [u8],
        tag: &[u8],
    ) -> Result<(), CipherError> {
        let guarded = WipedUnlessKept(data);
        self.0.open_in_place(nonce, aad, guarded.0, tag)?;
        guarded.keep();
        Ok(())
    }
}

struct WipedUnlessKept<'a>(&'a mut [u8]);

impl WipedUnlessKept<'_> {
    fn keep(self) {
        core::mem::forget(self);
    }
}

impl Drop for WipedUnlessKept<'_> {
    fn drop(&mut self) {
        wipe_text(self.0);
    }
}

/// Zeros text that must not be seen. A plain loop of volatile stores would cost more than the frame.
#[inline]
pub(crate) fn wipe_text(data: &mut [u8]) {
    data.fill(0);
    zeroize::optimization_barrier(data);
}

#[inline]
fn write_tag(tag: &mut [u8], seal: impl FnOnce() -> [u8; 16]) -> Result<(), CipherError> {
    let tag: &mut [u8; 16] = tag.try_into().map_err(|_| CipherError::BadTagLength)?;
    *tag = seal();
    Ok(())
}

#[inline]
fn check_tag(tag: &[u8], open: impl FnOnce(&[u8; 16]) -> bool) -> Result<(), CipherError> {
    let tag = tag.try_into().map_err(|_| CipherError::BadTagLength)?;
    if open(tag) {
        Ok(())
    } else {
        Err(CipherError::AuthenticationFailed)
    }
}

/// The seam of custom ciphers, over a built-in one: for conformance tests, and for ciphers that are built on it.
impl CipherKey for PacketKey {
    fn seal_in_place(
        &self,
        nonce: &[u8],
        aad: &[u8],
        data: &mut [u8],
        tag: &mut [u8],
    ) -> Result<(), CipherError> {
        let nonce = nonce.try_into().map_err(|_| CipherError::BadNonceLength)?;
        if data.len() as u64 > MAX_TEXT {
            return Err(CipherError::TooLong);
        }
        self.seal(Nonce::new(nonce), Aad::new(aad), data, tag)
    }

    fn open_in_place(
        &self,
        nonce: &[u8],
        aad: &[u8],
        data: &mut [u8],
        tag: &[u8],
    ) -> Result<(), CipherError> {
        let Ok(nonce) = nonce.try_into() else {
            wipe_text(data);
            return Err(CipherError::BadNonceLength);
        };
        self.open(Nonce::new(nonce), Aad::new(aad), data, tag)
    }
}
