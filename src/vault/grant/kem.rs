//! HPKE (RFC 9180) in base mode, by key encapsulation mechanism. All use HKDF-SHA256 and AES-256-GCM.

use core::convert::Infallible;
use core::fmt;
use core::str::FromStr;

use hpke::aead::AesGcm256;
use hpke::kdf::HkdfSha256;
use hpke::kem::{DhP256HkdfSha256, X25519HkdfSha256, XWing};
use hpke::{Deserializable, Kem as HpkeKem, OpModeR, OpModeS, Serializable};
use rand_core::{TryCryptoRng, TryRng};
use zeroize::Zeroizing;

use super::error::GrantError;
use crate::error::Error;
use crate::keys::secret::Secret;

/// Octets of a secret key, of every KEM here.
pub(crate) const SECRET_LEN: usize = 32;
/// Octets of a tag of AES-256-GCM.
pub(super) const TAG_LEN: usize = 16;
/// Octets that an encapsulation draws, at most.
pub(crate) const DRAWN_LEN: usize = 64;
/// Octets of an X25519 key.
const X25519_LEN: usize = 32;

/// A key encapsulation mechanism, by its number in IANA's registry "HPKE KEM Identifiers".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u16)]
#[non_exhaustive]
pub enum Kem {
    /// DHKEM(P-256, HKDF-SHA256), RFC 9180 section 7.1.
    P256 = 0x0010,
    /// DHKEM(X25519, HKDF-SHA256), RFC 9180 section 7.1.
    X25519 = 0x0020,
    /// X-Wing: X25519 and ML-KEM-768 (draft-connolly-cfrg-xwing-kem), for keys that must outlive quantum computers.
    XWing = 0x647a,
}

impl Kem {
    /// Every KEM that is offered.
    pub const ALL: [Self; 3] = [Self::P256, Self::X25519, Self::XWing];

    /// Returns its number.
    #[must_use]
    pub const fn id(self) -> u16 {
        match self {
            Self::P256 => 0x0010,
            Self::X25519 => 0x0020,
            Self::XWing => 0x647a,
        }
    }

    /// Finds it by its number.
    ///
    /// # Errors
    /// [`GrantError::UnknownKem`] if it is not offered.
    pub fn from_id(kem: u16) -> Result<Self, GrantError> {
        Self::ALL
            .into_iter()
            .find(|known| known.id() == kem)
            .ok_or(GrantError::UnknownKem { kem })
    }

    /// Returns its name: `p256`, `x25519`, `xwing`. [`str::parse`] reads it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::P256 => "p256",
            Self::X25519 => "x25519",
            Self::XWing => "xwing",
        }
    }

    /// Octets of a public key.
    #[must_use]
    pub const fn public_len(self) -> usize {
        match self {
            Self::P256 => 65,
            Self::X25519 => X25519_LEN,
            Self::XWing => 1216,
        }
    }

    /// Octets of an encapsulated key.
    #[must_use]
    pub const fn enc_len(self) -> usize {
        match self {
            Self::P256 => 65,
            Self::X25519 => X25519_LEN,
            Self::XWing => 1120,
        }
    }

    /// Writes a secret key in its one form, and returns its public key; refuses one that is out of range.
    pub(crate) fn normalize(self, secret: &mut Secret<SECRET_LEN>) -> Result<Vec<u8>, GrantError> {
        match self {
            Self::P256 => normalize::<DhP256HkdfSha256>(secret),
            Self::X25519 => normalize::<X25519HkdfSha256>(secret),
            Self::XWing => normalize::<XWing>(secret),
        }
    }

    /// Sees that a public key is one.
    pub(crate) fn check_public(self, public: &[u8]) -> Result<(), GrantError> {
        if public.len() != self.public_len() {
            return Err(GrantError::Key);
        }
        match self {
            Self::P256 => check::<DhP256HkdfSha256>(public)?,
            Self::X25519 => check::<X25519HkdfSha256>(public)?,
            Self::XWing => check::<XWing>(public)?,
        }
        self.check_order(public)
    }

    /// Refuses X25519 keys of low order, with which every secret key agrees on zeros (RFC 7748 section 6.1). P-256 has none.
    fn check_order(self, key: &[u8]) -> Result<(), GrantError> {
        let point = match self {
            Self::P256 => return Ok(()),
            // Of X-Wing the X25519 part comes last, in public and in encapsulated keys; X-Wing itself does not look at it.
            Self::X25519 | Self::XWing => key.last_chunk::<X25519_LEN>().ok_or(GrantError::Key)?,
        };
        // HPKE refuses a shared secret of zeros, and a clamped secret key gives zeros with exactly those of low order.
        let any = from_octets::<<X25519HkdfSha256 as HpkeKem>::PrivateKey>(&[1; SECRET_LEN])?;
        let point = from_octets(point)?;
        hpke::setup_receiver::<AesGcm256, HkdfSha256, X25519HkdfSha256>(
            &OpModeR::Base,
            &any,
            &point,
            &[],
        )
        .map(drop)
        .map_err(|_| GrantError::Key)
    }

    /// Seals `plaintext` to `public` with an ephemeral key of its own: returns the encapsulated key, and ciphertext with tag.
    pub(super) fn seal(
        self,
        public: &[u8],
        info: &[u8],
        plaintext: &[u8],
    ) -> Result<(Vec<u8>, Vec<u8>), GrantError> {
        let mut drawn = Secret::zeroed();
        getrandom::fill(drawn.expose_mut()).map_err(|_| Error::EntropyUnavailable)?;
        self.seal_with(public, info, plaintext, drawn)
    }

    /// As [`seal`](Self::seal), with the random octets given.
    pub(crate) fn seal_with(
        self,
        public: &[u8],
        info: &[u8],
        plaintext: &[u8],
        drawn: Secret<DRAWN_LEN>,
    ) -> Result<(Vec<u8>, Vec<u8>), GrantError> {
        let drawn = Drawn {
            octets: drawn,
            taken: 0,
        };
        match self {
            Self::P256 => seal::<DhP256HkdfSha256>(public, info, plaintext, drawn),
            Self::X25519 => seal::<X25519HkdfSha256>(public, info, plaintext, drawn),
            Self::XWing => seal::<XWing>(public, info, plaintext, drawn),
        }
    }

    /// Opens what was sealed to the public key of `secret`.
    pub(crate) fn open(
        self,
        secret: &Secret<SECRET_LEN>,
        enc: &[u8],
        info: &[u8],
        ciphertext: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, GrantError> {
        self.check_order(enc).map_err(|_| GrantError::DoesNotOpen)?;
        match self {
            Self::P256 => open::<DhP256HkdfSha256>(secret, enc, info, ciphertext),
            Self::X25519 => open::<X25519HkdfSha256>(secret, enc, info, ciphertext),
            Self::XWing => open::<XWing>(secret, enc, info, ciphertext),
        }
    }
}

impl fmt::Display for Kem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Kem {
    type Err = GrantError;

    fn from_str(name: &str) -> Result<Self, GrantError> {
        Self::ALL
            .into_iter()
            .find(|known| known.name() == name)
            .ok_or(GrantError::Text)
    }
}

fn from_octets<T: Deserializable>(octets: &[u8]) -> Result<T, GrantError> {
    T::from_bytes(octets).map_err(|_| GrantError::Key)
}

fn check<K: HpkeKem>(public: &[u8]) -> Result<(), GrantError> {
    let key = from_octets::<K::PublicKey>(public)?;
    // One form for one key: what is signed and shown are these octets.
    if *key.to_bytes() == *public {
        Ok(())
    } else {
        Err(GrantError::Key)
    }
}

fn normalize<K: HpkeKem>(secret: &mut Secret<SECRET_LEN>) -> Result<Vec<u8>, GrantError> {
    with_wiped_stack(|| {
        let key = from_octets::<K::PrivateKey>(secret.expose())?;
        key.write_exact(secret.expose_mut());
        Ok(K::sk_to_pk(&key).to_bytes().to_vec())
    })
}

fn seal<K: HpkeKem>(
    public: &[u8],
    info: &[u8],
    plaintext: &[u8],
    mut drawn: Drawn,
) -> Result<(Vec<u8>, Vec<u8>), GrantError> {
    let public = from_octets::<K::PublicKey>(public)?;
    with_wiped_stack(|| {
        let (enc, ciphertext) = hpke::single_shot_seal_with_rng::<AesGcm256, HkdfSha256, K>(
            &OpModeS::Base,
            &public,
            info,
            plaintext,
            &[],
            &mut drawn,
        )
        .map_err(|_| GrantError::Key)?;
        Ok((enc.to_bytes().to_vec(), ciphertext))
    })
}

fn open<K: HpkeKem>(
    secret: &Secret<SECRET_LEN>,
    enc: &[u8],
    info: &[u8],
    ciphertext: &[u8],
) -> Result<Zeroizing<Vec<u8>>, GrantError> {
    let enc = K::EncappedKey::from_bytes(enc).map_err(|_| GrantError::DoesNotOpen)?;
    with_wiped_stack(|| {
        let key = from_octets::<K::PrivateKey>(secret.expose())?;
        hpke::single_shot_open::<AesGcm256, HkdfSha256, K>(
            &OpModeR::Base,
            &key,
            &enc,
            info,
            ciphertext,
            &[],
        )
        .map(Zeroizing::new)
        .map_err(|_| GrantError::DoesNotOpen)
    })
}

/// Runs `agree` and overwrites the stack that it used: ML-KEM goes deeper than the key schedules of ciphers.
fn with_wiped_stack<T>(agree: impl FnOnce() -> T) -> T {
    #[inline(never)]
    fn apart<T>(agree: impl FnOnce() -> T) -> T {
        agree()
    }
    let result = apart(agree);
    zeroize::zeroize_stack::<{ 64 * 1024 }>();
    result
}

/// Random octets that were drawn before, so that a system without any is an error and no panic. Each is given once.
struct Drawn {
    octets: Secret<DRAWN_LEN>,
    taken: usize,
}

impl TryRng for Drawn {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut octets = [0; 4];
        self.try_fill_bytes(&mut octets)?;
        Ok(u32::from_be_bytes(octets))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut octets = [0; 8];
        self.try_fill_bytes(&mut octets)?;
        Ok(u64::from_be_bytes(octets))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        let left = &self.octets.expose()[self.taken..];
        assert!(
            out.len() <= left.len(),
            "an encapsulation draws 32 octets, or 64 for X-Wing"
        );
        out.copy_from_slice(&left[..out.len()]);
        self.taken += out.len();
        Ok(())
    }
}

impl TryCryptoRng for Drawn {}
