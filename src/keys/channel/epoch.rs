//! What a joiner gets: the secret of one step of one generation, as octets or as key text.

use core::fmt;

use base32ct::{Base32Unpadded, Encoding};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::config::{ChannelConfig, MAX_NAME};
use crate::cipher::CipherSuite;
use crate::error::{Error, Misuse};
use crate::keys::schedule::EPOCH_TEXT;
use crate::keys::secret::Secret;

/// Before the base32 of a key text.
const PREFIX: &str = "mediaseal-epoch-1";
const CHECKSUM_LEN: usize = 4;
const FORMAT: u8 = 1;
/// Octets of the longest form: two names, and 52 octets besides.
const MAX_LEN: usize = 52 + 2 * MAX_NAME;

/// The secret of one step of a channel's generation: opens and seals frames of this step and later ones, not of earlier ones.
///
/// ```text
/// u8(1) ‖ u16(suite) ‖ u8(clock) ‖ lp(channel_id) ‖ lp(instance) ‖ u64(g) ‖ u32(s) ‖ secret(32)
/// ```
///
/// Zeroed on drop and redacted in `Debug`. Hand it to a joiner over a channel that only he can read.
pub struct EpochSecret {
    pub(super) suite: CipherSuite,
    pub(super) clock: bool,
    pub(super) channel_id: Vec<u8>,
    pub(super) instance: Vec<u8>,
    pub(super) generation: u64,
    pub(super) step: u32,
    pub(super) secret: Secret<32>,
}

impl EpochSecret {
    /// Returns the octets, 53 to 562 of them, wiped when dropped.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut octets = Zeroizing::new(Vec::with_capacity(MAX_LEN + CHECKSUM_LEN));
        octets.push(FORMAT);
        octets.extend_from_slice(&self.suite.value().to_be_bytes());
        octets.push(u8::from(self.clock));
        for name in [&self.channel_id, &self.instance] {
            octets.extend_from_slice(&lp_len(name));
            octets.extend_from_slice(name);
        }
        octets.extend_from_slice(&self.generation.to_be_bytes());
        octets.extend_from_slice(&self.step.to_be_bytes());
        octets.extend_from_slice(self.secret.expose());
        octets
    }

    /// Reads the octets.
    ///
    /// # Errors
    /// [`Misuse::EpochFormat`] for another format number; [`Misuse::EpochOctets`] if they are cut short, too many or out of range.
    pub fn from_bytes(octets: &[u8]) -> Result<Self, Error> {
        let mut rest = octets;
        let [format] = *take(&mut rest)?;
        if format != FORMAT {
            return Err(Misuse::EpochFormat { format }.into());
        }
        let suite = CipherSuite::new(u16::from_be_bytes(*take(&mut rest)?));
        let clock = match take(&mut rest)? {
            [0] => false,
            [1] => true,
            _ => return Err(Misuse::EpochOctets.into()),
        };
        let channel_id = take_name(&mut rest)?;
        let instance = take_name(&mut rest)?;
        let generation = u64::from_be_bytes(*take(&mut rest)?);
        let step = u32::from_be_bytes(*take(&mut rest)?);
        let mut secret = Secret::zeroed();
        *secret.expose_mut() = *take(&mut rest)?;
        if !rest.is_empty() || channel_id.is_empty() {
            return Err(Misuse::EpochOctets.into());
        }
        Ok(Self {
            suite,
            clock,
            channel_id,
            instance,
            generation,
            step,
            secret,
        })
    }

    /// Returns the key text, wiped when dropped: "mediaseal-epoch-1" and the base32 (RFC 4648, lower case, no padding) of the octets and the first 4 of
    /// SHA-256("mediaseal v1 epoch text" ‖ octets).
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut octets = self.to_bytes();
        let checksum = checksum(&octets);
        octets.extend_from_slice(&checksum);
        let digits = Zeroizing::new(Base32Unpadded::encode_string(&octets));
        let mut text = Zeroizing::new(String::with_capacity(PREFIX.len() + digits.len()));
        text.push_str(PREFIX);
        text.push_str(&digits);
        text
    }

    /// Reads a key text, in time that depends on its length alone.
    ///
    /// # Errors
    /// [`Misuse::EpochText`] if it does not begin with "mediaseal-epoch-1", is no base32 in lower case or has a wrong checksum; else as
    /// [`from_bytes`](Self::from_bytes).
    pub fn from_text(text: &str) -> Result<Self, Error> {
        let refused = || Error::from(Misuse::EpochText);
        let digits = text.strip_prefix(PREFIX).ok_or_else(refused)?;
        if digits.len() > (MAX_LEN + CHECKSUM_LEN).div_ceil(5) * 8 {
            return Err(refused());
        }
        let mut octets = Zeroizing::new(vec![0; MAX_LEN + 16]);
        let octets = Base32Unpadded::decode(digits, &mut octets).map_err(|_| refused())?;
        let (octets, sum) = octets
            .split_last_chunk::<CHECKSUM_LEN>()
            .ok_or_else(refused)?;
        if checksum(octets) != *sum {
            return Err(refused());
        }
        let epoch = Self::from_bytes(octets)?;
        // Digits whose spare bits are not zero read the same: one text for one secret.
        if *epoch.to_text() == *text {
            Ok(epoch)
        } else {
            Err(refused())
        }
    }

    /// Returns the channel that the secret is of: its id, instance and clock, all else as by default.
    #[must_use]
    pub fn config(&self) -> ChannelConfig {
        ChannelConfig::of(&self.channel_id, &self.instance, self.clock)
    }

    /// Returns the id of the channel, 1 to 255 octets: what to open it under.
    #[must_use]
    pub fn channel_id(&self) -> &[u8] {
        &self.channel_id
    }

    /// Returns the instance, 0 to 255 octets.
    #[must_use]
    pub fn instance(&self) -> &[u8] {
        &self.instance
    }

    /// Tells whether the channel is used with a clock.
    #[must_use]
    pub const fn has_clock(&self) -> bool {
        self.clock
    }

    /// Returns the suite.
    #[must_use]
    pub const fn suite(&self) -> CipherSuite {
        self.suite
    }

    /// Returns the generation, g.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// Returns the step, s.
    #[must_use]
    pub const fn step(&self) -> u32 {
        self.step
    }
}

impl fmt::Debug for EpochSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EpochSecret")
            .field("suite", &self.suite)
            .field("generation", &self.generation)
            .field("step", &self.step)
            .finish_non_exhaustive()
    }
}

/// The u16 length in front of a name of at most 255 octets.
pub(super) fn lp_len(name: &[u8]) -> [u8; 2] {
    u16::try_from(name.len()).unwrap_or(u16::MAX).to_be_bytes()
}

fn checksum(octets: &[u8]) -> [u8; CHECKSUM_LEN] {
    let digest = Sha256::new()
        .chain_update(EPOCH_TEXT)
        .chain_update(octets)
        .finalize();
    let mut checksum = [0; CHECKSUM_LEN];
    checksum.copy_from_slice(&digest[..CHECKSUM_LEN]);
    checksum
}

fn take<'a, const N: usize>(rest: &mut &'a [u8]) -> Result<&'a [u8; N], Error> {
    let (octets, behind) = rest
        .split_first_chunk()
        .ok_or(Error::Misuse(Misuse::EpochOctets))?;
    *rest = behind;
    Ok(octets)
}

fn take_name(rest: &mut &[u8]) -> Result<Vec<u8>, Error> {
    let len = usize::from(u16::from_be_bytes(*take(rest)?));
    if len > MAX_NAME || len > rest.len() {
        return Err(Misuse::EpochOctets.into());
    }
    let (name, behind) = rest.split_at(len);
    *rest = behind;
    Ok(name.to_vec())
}
