//! Wrapped keys as octets (docs/formats/custody.md), and their making.
//!
//! ```text
//! "MSWK" ‖ u8(1) ‖ u8(algorithm) ‖ lp(provider) ‖ lp(kek id) ‖ u32(kek version) ‖ lp(region) ‖ context hash(32) ‖ lp(octets)
//! ```

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::keys::schedule::WRAPPED_TEXT;

use super::grant::text::{self, Kind};
use super::wrapped::{WrapAlgorithm, WrapContext, WrapError, WrappedKey};

/// In front of each wrapped key, with the version of the form.
const MAGIC: &[u8; 5] = b"MSWK\x01";
/// Most octets of a name in a wrapped key: provider, KEK id, region.
const MAX_NAME: usize = 255;
/// Most octets that a wrapper may make of a key: KMS ciphertexts are some 200.
const MAX_OCTETS: usize = 8_192;

/// Text of it: magic and algorithm, three names, the version, the context's hash and the octets are its longest.
const TEXT: Kind = Kind {
    prefix: "mediaseal-wrapped-1",
    label: WRAPPED_TEXT,
    max_len: 6 + 3 * (2 + MAX_NAME) + 4 + 32 + 2 + MAX_OCTETS,
};

impl WrapAlgorithm {
    /// The algorithm of a number of the form.
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            1 => Self::Aes256Gcm,
            2 => Self::XAes256Gcm,
            3 => Self::AesKw,
            4 => Self::Kms,
            5 => Self::Foreign,
            _ => return None,
        })
    }
}

impl WrappedKey {
    /// Puts together what a wrapper made: `octets`, authenticated with [`WrapContext::authenticated`] of this KEK.
    ///
    /// # Errors
    /// [`WrapError::TooLong`] if a name has over 255 octets, the purpose over 65,535, or `octets` are over 8,192.
    pub fn new(
        provider: &str,
        (kek_id, kek_version): (&str, u32),
        algorithm: WrapAlgorithm,
        context: &WrapContext,
        octets: Vec<u8>,
    ) -> Result<Self, WrapError> {
        let names = [provider, kek_id, &context.region];
        if names.iter().any(|name| name.len() > MAX_NAME) || octets.len() > MAX_OCTETS {
            return Err(WrapError::TooLong);
        }
        let authenticated = context.authenticated(kek_id, kek_version)?;
        Ok(Self {
            provider: provider.to_owned(),
            kek_id: kek_id.to_owned(),
            kek_version,
            algorithm,
            region: context.region.clone(),
            context_hash: Sha256::digest(authenticated).into(),
            octets,
        })
    }

    /// Returns the octets that are authenticated with this key, if `context` is the one that it says it was wrapped for. That alone proves
    /// nothing: who unwraps authenticates these octets.
    ///
    /// # Errors
    /// [`WrapError::DoesNotAuthenticate`] for another context; [`WrapError::TooLong`] for one that there cannot be.
    pub fn is_for(&self, context: &WrapContext) -> Result<Vec<u8>, WrapError> {
        let authenticated = context.authenticated(&self.kek_id, self.kek_version)?;
        let hash: [u8; 32] = Sha256::digest(&authenticated).into();
        let is_for = self.region == context.region && bool::from(hash.ct_eq(&self.context_hash));
        is_for
            .then_some(authenticated)
            .ok_or(WrapError::DoesNotAuthenticate)
    }

    /// Writes the key as octets.
    ///
    /// # Errors
    /// [`WrapError::TooLong`] if a name has over 255 octets or the wrapped octets are over 8,192.
    pub fn to_bytes(&self) -> Result<Vec<u8>, WrapError> {
        let mut out = Vec::with_capacity(64 + self.octets.len());
        out.extend_from_slice(MAGIC);
        out.push(self.algorithm as u8);
        put(&mut out, self.provider.as_bytes(), MAX_NAME)?;
        put(&mut out, self.kek_id.as_bytes(), MAX_NAME)?;
        out.extend_from_slice(&self.kek_version.to_be_bytes());
        put(&mut out, self.region.as_bytes(), MAX_NAME)?;
        out.extend_from_slice(&self.context_hash);
        put(&mut out, &self.octets, MAX_OCTETS)?;
        Ok(out)
    }

    /// Reads a key that fills `octets` to the last one.
    ///
    /// # Errors
    /// [`WrapError::Malformed`] with the place for anything that [`Self::to_bytes`] does not write.
    pub fn from_bytes(octets: &[u8]) -> Result<Self, WrapError> {
        let mut reader = Reader { octets, at: 0 };
        if reader.take(MAGIC.len())? != MAGIC {
            return Err(WrapError::Malformed { at: 0 });
        }
        let at = reader.at;
        let algorithm =
            WrapAlgorithm::from_number(reader.take(1)?[0]).ok_or(WrapError::Malformed { at })?;
        let provider = reader.name()?;
        let kek_id = reader.name()?;
        let kek_version = u32::from_be_bytes(reader.array()?);
        let region = reader.name()?;
        let context_hash = reader.array()?;
        let wrapped = reader.lp(MAX_OCTETS)?.to_vec();
        if reader.at != octets.len() {
            return Err(WrapError::Malformed { at: reader.at });
        }
        Ok(Self {
            provider,
            kek_id,
            kek_version,
            algorithm,
            region,
            context_hash,
            octets: wrapped,
        })
    }

    /// Writes the key as text: "mediaseal-wrapped-1" and base32 of [`Self::to_bytes`] and a checksum. It is no secret.
    ///
    /// # Errors
    /// As [`Self::to_bytes`].
    pub fn to_text(&self) -> Result<String, WrapError> {
        Ok(text::encode(&TEXT, &self.to_bytes()?).to_string())
    }

    /// Reads what [`Self::to_text`] writes.
    ///
    /// # Errors
    /// [`WrapError::Malformed`] for anything else.
    pub fn from_text(text: &str) -> Result<Self, WrapError> {
        let octets = text::decode(&TEXT, text).map_err(|_| WrapError::Malformed { at: 0 })?;
        Self::from_bytes(&octets)
    }
}

fn put(out: &mut Vec<u8>, part: &[u8], most: usize) -> Result<(), WrapError> {
    let len = u16::try_from(part.len()).map_err(|_| WrapError::TooLong)?;
    if part.len() > most {
        return Err(WrapError::TooLong);
    }
    out.extend_from_slice(&len.to_be_bytes());
    out.extend_from_slice(part);
    Ok(())
}

struct Reader<'a> {
    octets: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], WrapError> {
        let malformed = WrapError::Malformed { at: self.at };
        let end = self.at.checked_add(len);
        let taken = end.and_then(|end| self.octets.get(self.at..end));
        let taken = taken.ok_or(malformed)?;
        self.at += len;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], WrapError> {
        let at = self.at;
        self.take(N)?
            .try_into()
            .map_err(|_| WrapError::Malformed { at })
    }

    fn lp(&mut self, most: usize) -> Result<&'a [u8], WrapError> {
        let at = self.at;
        let len = usize::from(u16::from_be_bytes(self.array()?));
        if len > most {
            return Err(WrapError::Malformed { at });
        }
        self.take(len)
    }

    fn name(&mut self) -> Result<String, WrapError> {
        let at = self.at;
        let name = self.lp(MAX_NAME)?;
        let name = std::str::from_utf8(name).map_err(|_| WrapError::Malformed { at })?;
        Ok(name.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::{WrapAlgorithm, WrapContext, WrapError, WrappedKey};

    fn key() -> WrappedKey {
        let context = WrapContext {
            purpose: b"a recording".to_vec(),
            region: "eu".to_owned(),
        };
        WrappedKey::new(
            "file",
            ("kek-1", 7),
            WrapAlgorithm::XAes256Gcm,
            &context,
            vec![0xAB; 72],
        )
        .unwrap()
    }

    #[test]
    fn what_is_written_is_read_and_nothing_else() {
        let octets = key().to_bytes().unwrap();
        assert_eq!(WrappedKey::from_bytes(&octets).unwrap(), key());
        for len in 0..octets.len() {
            assert!(WrappedKey::from_bytes(&octets[..len]).is_err(), "{len}");
        }
        let longer = [&octets[..], &[0]].concat();
        assert!(matches!(
            WrappedKey::from_bytes(&longer),
            Err(WrapError::Malformed { at }) if at == octets.len()
        ));
        // Any changed octet is refused, or reads as another key that is written as it was read.
        for at in 0..octets.len() {
            for value in 0..=u8::MAX {
                let mut changed = octets.clone();
                changed[at] = value;
                if let Ok(read) = WrappedKey::from_bytes(&changed) {
                    assert_eq!(read.to_bytes().unwrap(), changed);
                    assert_eq!(read == key(), changed == octets);
                }
            }
        }
    }

    #[test]
    fn text_is_read_as_it_was_written_and_nothing_else_is() {
        let text = key().to_text().unwrap();
        assert!(text.starts_with("mediaseal-wrapped-1"));
        assert_eq!(WrappedKey::from_text(&text).unwrap(), key());
        for at in 0..text.len() {
            assert!(WrappedKey::from_text(&text[..at]).is_err(), "{at}");
            let mut other = text.clone().into_bytes();
            other[at] = if other[at] == b'a' { b'b' } else { b'a' };
            let other = String::from_utf8(other).unwrap();
            assert!(WrappedKey::from_text(&other).is_err(), "{at}");
        }
        // The longest that there can be.
        let mut longest = key();
        (longest.provider, longest.kek_id) = ("p".repeat(255), "k".repeat(255));
        (longest.region, longest.octets) = ("r".repeat(255), vec![7; 8192]);
        let text = longest.to_text().unwrap();
        assert_eq!(WrappedKey::from_text(&text).unwrap(), longest);
    }

    #[test]
    fn a_key_is_for_its_context_alone() {
        let context = |purpose: &str, region: &str| WrapContext {
            purpose: purpose.as_bytes().to_vec(),
            region: region.to_owned(),
        };
        assert!(key().is_for(&context("a recording", "eu")).is_ok());
        for other in [context("another", "eu"), context("a recording", "us")] {
            assert!(matches!(
                key().is_for(&other),
                Err(WrapError::DoesNotAuthenticate)
            ));
        }
        let mut other = key();
        other.kek_version = 8;
        assert!(other.is_for(&context("a recording", "eu")).is_err());
    }
}
