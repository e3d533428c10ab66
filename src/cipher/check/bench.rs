//! The bench that a cipher is checked on: seals and opens between guards.

use sha2::{Digest, Sha256};

use super::Checked;
use crate::cipher::property::{Property, Refusal};
use crate::cipher::{Cipher, CipherError, CipherKey, Params};

/// Octets of guard in front of and behind every range that a cipher is given.
const GUARD: usize = 64;
const GUARD_OCTET: u8 = 0xA5;

/// Fails with `property` at `at` unless `holds`.
pub(super) fn require(holds: bool, property: Property, at: usize) -> Checked {
    if holds {
        Ok(())
    } else {
        Err(Refusal::new(property, at))
    }
}

/// `len` octets that look random and are the same at each run.
pub(super) fn octets(name: &str, len: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(len + 32);
    let mut block = 0u64;
    while out.len() < len {
        let digest = Sha256::new()
            .chain_update(name)
            .chain_update(block.to_be_bytes())
            .finalize();
        out.extend_from_slice(&digest);
        block += 1;
    }
    out.truncate(len);
    out
}

/// A sealed message.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Sealed {
    pub(super) data: Vec<u8>,
    pub(super) tag: Vec<u8>,
}

/// A range between guards, `shift` octets further into its storage than the guard's length.
struct Guarded {
    storage: Vec<u8>,
    start: usize,
    len: usize,
}

impl Guarded {
    fn new(content: &[u8], shift: usize) -> Self {
        let start = GUARD + shift;
        let mut storage = vec![GUARD_OCTET; start + content.len() + GUARD];
        storage[start..start + content.len()].copy_from_slice(content);
        Self {
            storage,
            start,
            len: content.len(),
        }
    }

    fn content(&mut self) -> &mut [u8] {
        &mut self.storage[self.start..self.start + self.len]
    }

    fn guards_hold(&self) -> bool {
        let behind = self.start + self.len;
        let is_guard = |octet: &u8| *octet == GUARD_OCTET;
        self.storage[..self.start].iter().all(is_guard)
            && self.storage[behind..].iter().all(is_guard)
    }
}

/// A cipher under check, with the key and nonce that most checks use.
pub(super) struct Bench<'a> {
    pub(super) cipher: &'a dyn Cipher,
    pub(super) params: Params,
    pub(super) key: Vec<u8>,
    pub(super) nonce: Vec<u8>,
}

impl Bench<'_> {
    pub(super) fn new_key(&self, key: &[u8]) -> Result<Box<dyn CipherKey>, Refusal> {
        self.cipher
            .new_key(key)
            .map_err(|_| Refusal::new(Property::RoundTrip, key.len()))
    }

    /// Seals `plaintext`, checking the guards. A failing seal is a failing round trip.
    pub(super) fn seal(
        &self,
        key: &dyn CipherKey,
        nonce: &[u8],
        aad: &[u8],
        plaintext: &[u8],
    ) -> Result<Sealed, Refusal> {
        self.seal_shifted(key, nonce, aad, plaintext, 0)
    }

    /// The same, `shift` octets further into memory.
    pub(super) fn seal_shifted(
        &self,
        key: &dyn CipherKey,
        nonce: &[u8],
        aad: &[u8],
        plaintext: &[u8],
        shift: usize,
    ) -> Result<Sealed, Refusal> {
        let mut data = Guarded::new(plaintext, shift);
        let mut tag = Guarded::new(&vec![0; self.params.tag_len], shift);
        key.seal_in_place(nonce, aad, data.content(), tag.content())
            .map_err(|_| Refusal::new(Property::RoundTrip, plaintext.len()))?;
        require(
            data.guards_hold() && tag.guards_hold(),
            Property::WritesInsideOnly,
            plaintext.len(),
        )?;
        Ok(Sealed {
            data: data.content().to_vec(),
            tag: tag.content().to_vec(),
        })
    }

    /// Opens and returns the result and the data as they are afterwards.
    pub(super) fn open(
        &self,
        key: &dyn CipherKey,
        nonce: &[u8],
        aad: &[u8],
        sealed: &Sealed,
        shift: usize,
    ) -> Result<(Result<(), CipherError>, Vec<u8>), Refusal> {
        let mut data = Guarded::new(&sealed.data, shift);
        let result = key.open_in_place(nonce, aad, data.content(), &sealed.tag);
        require(
            data.guards_hold(),
            Property::WritesInsideOnly,
            sealed.data.len(),
        )?;
        Ok((result, data.content().to_vec()))
    }

    /// Tells whether `sealed` opens to `plaintext`.
    pub(super) fn opens_to(
        &self,
        key: &dyn CipherKey,
        nonce: &[u8],
        aad: &[u8],
        sealed: &Sealed,
        plaintext: &[u8],
        shift: usize,
    ) -> Result<bool, Refusal> {
        let (opened, data) = self.open(key, nonce, aad, sealed, shift)?;
        Ok(opened.is_ok() && data == plaintext)
    }

    /// Expects that `sealed` does not open under the nonce of the bench, and that nothing is left of it.
    pub(super) fn refuse(
        &self,
        key: &dyn CipherKey,
        aad: &[u8],
        sealed: &Sealed,
        property: Property,
        at: usize,
    ) -> Checked {
        let (result, data) = self.open(key, &self.nonce, aad, sealed, 0)?;
        require(
            result == Err(CipherError::AuthenticationFailed),
            property,
            at,
        )?;
        require(
            data.iter().all(|&octet| octet == 0),
            Property::WipedOnFailure,
            data.len(),
        )
    }
}
