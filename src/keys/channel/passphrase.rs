//! Channel keys from passphrases: Argon2id (RFC 9106), with its parameters as a PHC string.

use core::fmt;
use core::str::FromStr;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use base64ct::{Base64Unpadded, Encoding};
use zeroize::Zeroizing;

use super::channel_key::ChannelKey;
use crate::error::{Error, Misuse};
use crate::keys::key_octets::KeyOctets;
use crate::keys::secret::wipe_stack;

const MAX_SALT: usize = 64;

/// Cost and salt of a passphrase: what travels beside a channel, as the PHC string
/// `$argon2id$v=19$m=65536,t=3,p=4$<salt in base64 without padding>`.
///
/// Everybody who types the passphrase needs the same string. It is no secret, and who has it and a `confirm` value of the channel can
/// try passphrases at the price of one Argon2id each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassphraseParams {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: Vec<u8>,
}

impl PassphraseParams {
    /// Makes the default parameters (64 MiB, 3 passes, 4 lanes; RFC 9106 section 4) with a fresh salt of 16 octets.
    ///
    /// # Errors
    /// [`Error::EntropyUnavailable`] if the system gives no random octets.
    pub fn generate() -> Result<Self, Error> {
        let mut salt = vec![0; 16];
        getrandom::fill(&mut salt).map_err(|_| Error::EntropyUnavailable)?;
        Ok(Self {
            memory_kib: 65_536,
            passes: 3,
            lanes: 4,
            salt,
        })
    }
}

impl FromStr for PassphraseParams {
    type Err = Error;

    /// Reads a PHC string. What is read may come from a stranger, so its cost has bounds: 8 p ≤ m ≤ 2^20 KiB, t and p at most 16, a salt of
    /// 16 to 64 octets.
    fn from_str(text: &str) -> Result<Self, Error> {
        let refused = || Error::from(Misuse::PassphraseParams);
        let fields = text.strip_prefix("$argon2id$v=19$").ok_or_else(refused)?;
        let (costs, salt) = fields.split_once('$').ok_or_else(refused)?;
        let mut costs = costs.split(',');
        let mut cost = |name: &str| -> Result<u32, Error> {
            let digits = costs
                .next()
                .and_then(|cost| cost.strip_prefix(name))
                .ok_or_else(refused)?;
            let canonical = !digits.starts_with('0') && digits.bytes().all(|d| d.is_ascii_digit());
            digits
                .parse()
                .ok()
                .filter(|_| canonical)
                .ok_or_else(refused)
        };
        let (memory_kib, passes, lanes) = (cost("m=")?, cost("t=")?, cost("p=")?);
        if costs.next().is_some() {
            return Err(refused());
        }
        let mut octets = [0; MAX_SALT];
        let salt = Base64Unpadded::decode(salt, &mut octets).map_err(|_| refused())?;
        let in_bounds = (1..=16).contains(&lanes)
            && (1..=16).contains(&passes)
            && (8 * lanes..=1 << 20).contains(&memory_kib)
            && (16..=MAX_SALT).contains(&salt.len());
        if !in_bounds {
            return Err(refused());
        }
        Ok(Self {
            memory_kib,
            passes,
            lanes,
            salt: salt.to_vec(),
        })
    }
}

impl fmt::Display for PassphraseParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "$argon2id$v=19$m={},t={},p={}${}",
            self.memory_kib,
            self.passes,
            self.lanes,
            Base64Unpadded::encode_string(&self.salt)
        )
    }
}

impl PassphraseParams {
    /// Derives `key` from a passphrase of 1 to 1024 octets, taken as they are. Takes the memory and time that the parameters say.
    pub(crate) fn derive_into(&self, passphrase: &str, key: &mut [u8]) -> Result<(), Error> {
        let len = passphrase.len();
        if !(1..=1024).contains(&len) {
            return Err(Misuse::PassphraseLength { len }.into());
        }
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(key.len()))
            .map_err(|_| Misuse::PassphraseParams)?;
        // Memory of our own, to wipe: its last blocks are worth the key.
        let mut memory = Zeroizing::new(Vec::new());
        let blocks = params.block_count();
        memory
            .try_reserve_exact(blocks)
            .map_err(|_| Error::OutOfMemory)?;
        memory.resize(blocks, Block::default());
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into_with_memory(passphrase.as_bytes(), &self.salt, key, &mut *memory)
            .map_err(|_| Misuse::PassphraseParams)?;
        wipe_stack();
        Ok(())
    }
}

impl ChannelKey {
    /// Derives a key of 32 octets from a passphrase of 1 to 1024 octets, taken as they are. Takes the memory and time that `params` say
    /// (64 MiB and some 0.2 s by default): not for a media thread.
    ///
    /// # Errors
    /// [`Misuse::PassphraseLength`] for other lengths; [`Error::OutOfMemory`] if the system has not the memory that `params` ask for.
    pub fn from_passphrase(passphrase: &str, params: &PassphraseParams) -> Result<Self, Error> {
        let mut octets = KeyOctets::zeroed(32);
        params.derive_into(passphrase, octets.expose_mut())?;
        Ok(Self::without_salt(octets))
    }
}
