//! Common encryption, scheme `cenc` (ISO/IEC 23001-7): AES-128 in counter mode, and ClearKey (W3C Encrypted Media Extensions section 9.1).

use std::fmt;

use aes::Aes128;
use base64ct::{Base64UrlUnpadded, Encoding};
use ctr::Ctr64BE;
use ctr::cipher::{KeyIvInit, StreamCipher};
use zeroize::{Zeroize, Zeroizing};

use super::boxes::Boxes;
use super::mux::Sample;
use crate::error::Error;

/// The "common" system of ClearKey: `pssh` boxes that name keys and nothing else.
const COMMON_SYSTEM: [u8; 16] = [
    0x10, 0x77, 0xef, 0xec, 0xc0, 0xb2, 0x4d, 0x02, 0xac, 0xe3, 0x3c, 0x1e, 0x52, 0xe2, 0xfb, 0x4b,
];
const IV_LEN: usize = 8;

/// The key of an exported file under common encryption, with the id that the file names it by. Redacted in `Debug`, wiped on drop.
#[derive(Clone)]
pub struct ClearKey {
    kid: [u8; 16],
    key: Zeroizing<[u8; 16]>,
}

impl ClearKey {
    /// Draws a key and an id.
    ///
    /// # Errors
    /// [`Error::EntropyUnavailable`].
    pub fn generate() -> Result<Self, Error> {
        let (mut kid, mut key) = ([0; 16], Zeroizing::new([0; 16]));
        getrandom::fill(&mut kid).map_err(|_| Error::EntropyUnavailable)?;
        getrandom::fill(&mut *key).map_err(|_| Error::EntropyUnavailable)?;
        Ok(Self { kid, key })
    }

    /// Takes a key of the caller. Files under one key begin their initialization vectors at places that are drawn.
    #[must_use]
    pub fn new(kid: [u8; 16], mut key: [u8; 16]) -> Self {
        let held = Zeroizing::new(key);
        key.zeroize();
        Self { kid, key: held }
    }

    /// Returns the id.
    #[must_use]
    pub const fn kid(&self) -> &[u8; 16] {
        &self.kid
    }

    /// Returns the key. Whoever has it plays the file.
    #[must_use]
    pub fn expose(&self) -> &[u8; 16] {
        &self.key
    }

    /// Returns the licence that a player hands to `MediaKeySession.update()`: a JSON Web Key Set with the key in clear.
    #[must_use]
    pub fn to_json(&self) -> Zeroizing<String> {
        let encoded = |octets: &[u8; 16]| Zeroizing::new(Base64UrlUnpadded::encode_string(octets));
        let (kid, key) = (encoded(&self.kid), encoded(&self.key));
        // Long enough at once, so that no part is left behind in memory that was too small.
        let mut json = Zeroizing::new(String::with_capacity(160));
        for part in [
            r#"{"keys":[{"kty":"oct","kid":""#,
            &kid,
            r#"","k":""#,
            &key,
            r#""}],"type":"temporary"}"#,
        ] {
            json.push_str(part);
        }
        json
    }
}

impl fmt::Debug for ClearKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kid = u128::from_be_bytes(self.kid);
        f.debug_struct("ClearKey")
            .field("kid", &format_args!("{kid:032x}"))
            .finish_non_exhaustive()
    }
}

/// What a file says of an encrypted sample.
pub(super) struct Auxiliary {
    iv: [u8; IV_LEN],
    /// Octets in clear, octets encrypted; none if all is encrypted.
    subsamples: Vec<(u16, u32)>,
}

/// Encrypts the samples of a file.
pub(super) struct Cenc {
    key: ClearKey,
    iv: u64,
}

impl Cenc {
    pub(super) fn new(key: ClearKey) -> Result<Self, Error> {
        let mut iv = [0; IV_LEN];
        getrandom::fill(&mut iv).map_err(|_| Error::EntropyUnavailable)?;
        Ok(Self {
            key,
            iv: u64::from_be_bytes(iv),
        })
    }

    /// Encrypts a sample under the next initialization vector; its blocks count in the lower half.
    pub(super) fn encrypt(&mut self, sample: &mut Sample) -> Auxiliary {
        let iv = self.iv.to_be_bytes();
        self.iv = self.iv.wrapping_add(1);
        let mut counter = [0; 16];
        counter[..IV_LEN].copy_from_slice(&iv);
        let mut cipher = Ctr64BE::<Aes128>::new((&*self.key.key).into(), &counter.into());
        let ranges = sample.protected.take().unwrap_or_default();
        if ranges.is_empty() {
            cipher.apply_keystream(&mut sample.octets);
        }
        let mut subsamples: Vec<(u16, u32)> = Vec::with_capacity(ranges.len());
        let mut rest = &mut sample.octets[..];
        for (clear, secret) in ranges {
            let (_, behind) = rest.split_at_mut(clear.min(rest.len()));
            let (secret, behind) = behind.split_at_mut(secret.min(behind.len()));
            cipher.apply_keystream(secret);
            // A subsample says at most 65,535 octets in clear; these have a few dozen.
            let clear = u16::try_from(clear).unwrap_or(u16::MAX);
            subsamples.push((clear, u32::try_from(secret.len()).unwrap_or(u32::MAX)));
            rest = behind;
        }
        Auxiliary { iv, subsamples }
    }

    /// `saiz`, `saio`, `senc`. Returns where the offset of `saio` stands, and what it is.
    pub(super) fn tables(traf: &mut Boxes, samples: &[Auxiliary]) -> Option<(usize, usize)> {
        let has_subsamples = samples.iter().any(|sample| !sample.subsamples.is_empty());
        let count = u32::try_from(samples.len()).unwrap_or(u32::MAX);
        traf.full(b"saiz", 0, 0, |saiz| {
            saiz.u8(0);
            saiz.u32(count);
            for sample in samples {
                let subsamples = if has_subsamples {
                    2 + 6 * sample.subsamples.len()
                } else {
                    0
                };
                saiz.u8(u8::try_from(IV_LEN + subsamples).unwrap_or(u8::MAX));
            }
        });
        let mut place = None;
        traf.full(b"saio", 0, 0, |saio| {
            saio.u32(1);
            place = Some(saio.0.len());
            saio.u32(0);
        });
        let mut offset = 0;
        traf.full(b"senc", 0, if has_subsamples { 2 } else { 0 }, |senc| {
            senc.u32(count);
            offset = senc.0.len();
            for sample in samples {
                senc.put(&sample.iv);
                if has_subsamples {
                    senc.u16(u16::try_from(sample.subsamples.len()).unwrap_or(u16::MAX));
                    for (clear, secret) in &sample.subsamples {
                        senc.u16(*clear);
                        senc.u32(*secret);
                    }
                }
            }
        });
        // The fragment's box begins what is written, so places in it are offsets.
        place.map(|place| (place, offset))
    }

    /// `sinf`, in a sample entry.
    pub(super) fn scheme(&self, entry: &mut Boxes, original: [u8; 4]) {
        entry.boxed(b"sinf", |sinf| {
            sinf.boxed(b"frma", |frma| frma.put(&original));
            sinf.full(b"schm", 0, 0, |schm| {
                schm.put(b"cenc");
                schm.u32(0x1_0000);
            });
            sinf.boxed(b"schi", |schi| {
                schi.full(b"tenc", 0, 0, |tenc| {
                    tenc.put(&[0, 0, 1, 8]);
                    tenc.put(&self.key.kid);
                });
            });
        });
    }

    /// `pssh`, which names the key.
    pub(super) fn pssh(&self, moov: &mut Boxes) {
        moov.full(b"pssh", 1, 0, |pssh| {
            pssh.put(&COMMON_SYSTEM);
            pssh.u32(1);
            pssh.put(&self.key.kid);
            pssh.u32(0);
        });
    }
}
