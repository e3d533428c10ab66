//! What a base key becomes under a KID, for sending or receiving.

use crate::cipher::{CheckedCipher, PacketKey, Params, Wiped};
use crate::error::Error;
use crate::id::KeyId;

use super::base_key::BaseKey;
use super::schedule::SframeSecrets;
use super::secret::with_wiped_stack;
use zeroize::Zeroize;

/// `sframe_salt`, where its owner lies: a frame reads it beside the key. Wiped on drop.
pub(super) struct Salt {
    octets: [u8; Params::MAX_NONCE_LEN],
    len: usize,
}

impl Salt {
    /// Copies `salt`, of at most 32 octets.
    pub(super) fn new(salt: &[u8]) -> Self {
        let mut octets = [0; Params::MAX_NONCE_LEN];
        octets[..salt.len()].copy_from_slice(salt);
        let len = salt.len();
        Self { octets, len }
    }

    #[inline]
    fn octets(&self) -> &[u8] {
        &self.octets[..self.len]
    }
}

impl Drop for Salt {
    fn drop(&mut self) {
        self.octets.zeroize();
    }
}

/// The cipher and the two secrets that a base key becomes under a KID.
pub(super) struct Material {
    pub(super) kid: KeyId,
    pub(super) suite: u16,
    /// On its own: beside other fields, the gaps that its alignment makes would be filled with what the stack held.
    pub(super) cipher_key: Box<Wiped<PacketKey>>,
    pub(super) salt: Salt,
    pub(super) params: Params,
}

impl Material {
    pub(super) fn new(
        cipher: &CheckedCipher,
        base_key: &BaseKey,
        kid: KeyId,
    ) -> Result<Self, Error> {
        let (suite, params) = (cipher.suite(), cipher.params());
        let (cipher_key, salt) = with_wiped_stack(|| {
            let mut secrets = SframeSecrets::new();
            secrets.derive(base_key.expose(), kid, suite, &params);
            let suite = suite.value();
            let cipher_key =
                PacketKey::new(cipher, secrets.key()).map_err(|_| Error::CipherFailed { suite })?;
            Ok::<_, Error>((Box::new(Wiped::new(cipher_key)), Salt::new(secrets.salt())))
        })?;
        Ok(Self {
            kid,
            suite: suite.value(),
            cipher_key,
            salt,
            params,
        })
    }

    #[inline]
    pub(super) fn salt(&self) -> &[u8] {
        self.salt.octets()
    }
}
