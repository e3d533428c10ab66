//! What a base key becomes under a KID, for sending or receiving.

use crate::cipher::{CheckedCipher, CipherKey, Params};
use crate::error::Error;
use crate::id::KeyId;

use super::base_key::BaseKey;
use super::schedule::SframeSecrets;
use super::secret::{Secret, with_wiped_stack};

/// The cipher and the two secrets that a base key becomes under a KID.
pub(super) struct Material {
    pub(super) kid: KeyId,
    pub(super) suite: u16,
    pub(super) cipher_key: Box<dyn CipherKey>,
    pub(super) salt: Secret<{ Params::MAX_NONCE_LEN }>,
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
            let cipher_key =
                cipher
                    .cipher()
                    .new_key(secrets.key())
                    .map_err(|_| Error::CipherFailed {
                        suite: suite.value(),
                    })?;
            Ok::<_, Error>((cipher_key, secrets.into_salt()))
        })?;
        Ok(Self {
            kid,
            suite: suite.value(),
            cipher_key,
            salt,
            params,
        })
    }

    pub(super) fn salt(&self) -> &[u8] {
        &self.salt.expose()[..self.params.nonce_len]
    }
}
