//! The forward-secure MAC chain: each record has a key of its own, which is erased when the record stands.
//!
//! ```text
//! k[i+1] = HKDF-Expand(k[i], "mediaseal v1 audit", 32)
//! mac[i] = HMAC-SHA256(k[i], u64(i) ‖ leaf hash of record i)
//! id     = HKDF-Expand(k[0], "mediaseal v1 id of audit log", 16)
//! ```
//! The inputs of the HMACs under k[i] have 19, 40 and, under k[0], 29 octets, so none is ever taken for another.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::cipher::{Hash, kdf};
use crate::error::Error;
use crate::keys::schedule::{AUDIT, AUDIT_ID};
use crate::keys::secret::Secret;
use crate::vault::transparency::TreeHash;

/// Octets of a MAC.
pub(super) const MAC_LEN: usize = 32;

/// The key of the next record. Those before are gone.
///
/// Key schedules leave traces on the stack: who calls runs them in [`with_wiped_stack`](crate::keys::secret::with_wiped_stack).
pub(super) struct Chain {
    step: u64,
    key: Secret<32>,
}

impl Chain {
    /// Draws k[0].
    pub(super) fn generate() -> Result<Self, Error> {
        let mut key = Secret::zeroed();
        getrandom::fill(key.expose_mut()).map_err(|_| Error::EntropyUnavailable)?;
        Ok(Self { step: 0, key })
    }

    /// Goes on with k\[`step`\].
    pub(super) fn at(step: u64, key: &[u8; 32]) -> Self {
        let mut secret = Secret::zeroed();
        secret.expose_mut().copy_from_slice(key);
        Self { step, key: secret }
    }

    /// Number of the record that the key is for.
    pub(super) fn step(&self) -> u64 {
        self.step
    }

    pub(super) fn key(&self) -> &[u8; 32] {
        self.key.expose()
    }

    /// The id of the log whose first key this is: whoever has the id knows whether a key is its first.
    pub(super) fn log_id(&self) -> [u8; 16] {
        let mut id = [0; 16];
        let expanded = kdf::expand(
            Hash::Sha256,
            self.key.expose(),
            &[AUDIT_ID.as_bytes()],
            &mut id,
        );
        assert!(expanded, "HKDF gives 255 Nh octets, more than 16");
        id
    }

    /// The MAC of the record that the key is for.
    pub(super) fn mac(&self, leaf: &TreeHash) -> [u8; MAC_LEN] {
        self.hmac(leaf).finalize().into_bytes().into()
    }

    /// Whether `mac` is that of the record that the key is for, compared in constant time.
    pub(super) fn verifies(&self, leaf: &TreeHash, mac: &[u8; MAC_LEN]) -> bool {
        self.hmac(leaf).verify_slice(mac).is_ok()
    }

    fn hmac(&self, leaf: &TreeHash) -> Hmac<Sha256> {
        // HMAC fills a key up with zeros to a block (RFC 2104, section 2).
        let mut block = Zeroizing::new([0; 64]);
        block[..32].copy_from_slice(self.key.expose());
        <Hmac<Sha256> as KeyInit>::new((&*block).into())
            .chain_update(self.step.to_be_bytes())
            .chain_update(leaf)
    }

    /// Erases the key and goes on to the next.
    pub(super) fn advance(&mut self) {
        let mut next = Secret::zeroed();
        let expanded = kdf::expand(
            Hash::Sha256,
            self.key.expose(),
            &[AUDIT.as_bytes()],
            next.expose_mut(),
        );
        assert!(expanded, "HKDF gives 255 Nh octets, more than 32");
        // The one before is wiped as it is dropped.
        self.key = next;
        self.step += 1;
    }
}
