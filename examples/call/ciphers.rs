//! Cipher suites by names for people, and the key stores of the two participants.

use std::error::Error;

use mediaseal::{BaseKey, CheckedCipher, CipherSuite, CounterOrigin, KeyId, KeyStore, SenderId};

use crate::sm4_gcm::Sm4Gcm;
use crate::stream::Participant;

/// The built-in suites that need no opt-in; those with tags of 32 bits do.
const BUILTIN: [(&str, CipherSuite); 6] = [
    ("aes-128-gcm", CipherSuite::AES_128_GCM_SHA256_128),
    ("aes-256-gcm", CipherSuite::AES_256_GCM_SHA512_128),
    (
        "aes-128-ctr-hmac-80",
        CipherSuite::AES_128_CTR_HMAC_SHA256_80,
    ),
    (
        "aes-128-ctr-hmac-64",
        CipherSuite::AES_128_CTR_HMAC_SHA256_64,
    ),
    (
        "aes-256-ctr-hmac-80",
        CipherSuite::AES_256_CTR_HMAC_SHA512_80,
    ),
    (
        "aes-256-ctr-hmac-64",
        CipherSuite::AES_256_CTR_HMAC_SHA512_64,
    ),
];
/// The custom cipher.
const SM4: &str = "sm4";

/// A cipher that the command line may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    name: &'static str,
    /// Nothing for the custom cipher.
    suite: Option<CipherSuite>,
}

impl Choice {
    /// Returns the choice of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::all().find(|choice| choice.name == name)
    }

    /// Returns all choices, the default first.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let builtin = BUILTIN.into_iter().map(|(name, suite)| Self {
            name,
            suite: Some(suite),
        });
        builtin.chain([Self {
            name: SM4,
            suite: None,
        }])
    }

    /// Returns the name.
    pub(crate) fn name(self) -> &'static str {
        self.name
    }

    fn checked(self) -> Result<CheckedCipher, Box<dyn Error + Send + Sync>> {
        Ok(match self.suite {
            Some(suite) => CheckedCipher::builtin(suite)?,
            None => CheckedCipher::register(Sm4Gcm)?,
        })
    }
}

/// Makes the key stores of A and B: each sends under a key of its own and receives under the other's.
///
/// `given` holds the customer's own base keys for A and then B; a random one replaces each that is not
/// there. How the keys travel between the participants is the application's business: here, in memory.
///
/// # Errors
/// If the cipher is refused or the system gives no random octets.
pub(crate) fn key_stores(
    choice: Choice,
    given: Vec<BaseKey>,
) -> Result<[KeyStore; 2], Box<dyn Error + Send + Sync>> {
    let cipher = choice.checked()?;
    let stores = [KeyStore::raw_with(&cipher)?, KeyStore::raw_with(&cipher)?];
    let mut given = given.into_iter();
    for (at, sender) in Participant::BOTH.into_iter().enumerate() {
        // One base key serves many calls if each has its own KID, which the key derivation takes in.
        // With a fresh base key, a short KID saves octets in each frame.
        let (key, kid) = match given.next() {
            Some(key) => (key, KeyId::new(getrandom::u64()?)),
            None => (BaseKey::generate()?, KeyId::new(at as u64)),
        };
        let [own, peer] = [&stores[at], &stores[1 - at]];
        peer.add_receive(key.duplicate(), kid, SenderId::new(sender.name())?)?;
        own.add_send(key, kid, CounterOrigin::FreshKey)?;
        own.activate(kid)?;
    }
    Ok(stores)
}
