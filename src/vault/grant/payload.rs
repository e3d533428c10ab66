//! What a grant hands over: an epoch secret, the base key of one session, or a DEK.

use core::fmt;

use zeroize::Zeroizing;

use super::error::GrantError;
use super::octets::{Reader, push_lp};
use crate::cipher::CipherSuite;
use crate::id::{KeyId, Media, SenderId};
use crate::keys::{BaseKey, EpochSecret};
use crate::vault::Dek;

const EPOCH: u8 = 1;
const SESSION: u8 = 2;
const DEK: u8 = 3;

/// A key on its way to somebody. Redacted in `Debug`.
#[derive(Debug)]
#[non_exhaustive]
pub enum Payload {
    /// The secret of a step of a channel's generation: opens and seals its frames from that step on.
    Epoch(EpochSecret),
    /// The base key of one session: opens what one sender sent under one KID, and nothing else.
    Session(SessionKey),
    /// A data encryption key: opens one recording.
    Dek(Dek),
}

impl Payload {
    /// `u8(kind) ‖ body`.
    pub(super) fn to_bytes(&self) -> Result<Zeroizing<Vec<u8>>, GrantError> {
        // Long enough for each, so that no part is left behind in memory that was too small.
        let mut out = Zeroizing::new(Vec::with_capacity(640));
        match self {
            Self::Epoch(epoch) => {
                out.push(EPOCH);
                out.extend_from_slice(&epoch.to_bytes());
            }
            Self::Session(session) => {
                out.push(SESSION);
                session.write(&mut out)?;
            }
            Self::Dek(dek) => {
                out.push(DEK);
                out.extend_from_slice(dek.expose());
            }
        }
        Ok(out)
    }

    pub(super) fn from_bytes(octets: &[u8]) -> Result<Self, GrantError> {
        let mut reader = Reader::new(octets);
        match reader.u8()? {
            EPOCH => Ok(Self::Epoch(EpochSecret::from_bytes(reader.rest())?)),
            SESSION => Ok(Self::Session(SessionKey::read(reader)?)),
            DEK => {
                let dek = Dek::from_bytes(reader.array()?);
                reader.end()?;
                Ok(Self::Dek(dek))
            }
            _ => Err(GrantError::Malformed),
        }
    }
}

/// The base key of one session, with all that is needed to open its frames (RFC 9605 section 4.4.2): who has it opens what one sender sent
/// under one KID in one direction, and no other session.
///
/// ```text
/// u16(suite) ‖ u64(KID) ‖ u8(media) ‖ u64(g) ‖ u32(s) ‖ u64(period) ‖ lp(sender) ‖ lp(base_key)
/// ```
///
/// Redacted in `Debug`. To open frames, give it to a [`KeyStore`](crate::KeyStore): [`receive_in`](Self::receive_in).
pub struct SessionKey {
    pub(super) suite: CipherSuite,
    pub(super) kid: KeyId,
    pub(super) sender: SenderId,
    pub(super) media: Media,
    pub(super) generation: u64,
    pub(super) step: u32,
    pub(super) period: u64,
    pub(super) base_key: BaseKey,
}

impl SessionKey {
    /// Takes a raw base key (RFC 9605 as it stands) that the application knows to be `sender`'s under `kid`. Sessions of channels come from
    /// [`session_grant`](super::session_grant).
    #[must_use]
    pub const fn raw(
        suite: CipherSuite,
        kid: KeyId,
        sender: SenderId,
        media: Media,
        base_key: BaseKey,
    ) -> Self {
        Self {
            suite,
            kid,
            sender,
            media,
            generation: 0,
            step: 0,
            period: 0,
            base_key,
        }
    }

    /// Returns the suite.
    #[must_use]
    pub const fn suite(&self) -> CipherSuite {
        self.suite
    }

    /// Returns the KID.
    #[must_use]
    pub const fn kid(&self) -> KeyId {
        self.kid
    }

    /// Returns who sends in this session.
    #[must_use]
    pub const fn sender(&self) -> &SenderId {
        &self.sender
    }

    /// Returns what the session carries.
    #[must_use]
    pub const fn media(&self) -> Media {
        self.media
    }

    /// Returns the generation, g; 0 for raw keys.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// Returns the step, s; 0 for raw keys.
    #[must_use]
    pub const fn step(&self) -> u32 {
        self.step
    }

    /// Returns the period: hours since 1970, or 0 without clock and for raw keys.
    #[must_use]
    pub const fn period(&self) -> u64 {
        self.period
    }

    /// Returns the base key.
    #[must_use]
    pub const fn base_key(&self) -> &BaseKey {
        &self.base_key
    }

    /// Adds the key to `store`, which is of the session's suite, for receiving.
    ///
    /// # Errors
    /// [`GrantError::OtherPayload`] if the store is of another suite; as [`KeyStore::add_receive`](crate::KeyStore::add_receive).
    pub fn receive_in(&self, store: &crate::keys::KeyStore) -> Result<(), GrantError> {
        if store.suite() != self.suite {
            return Err(GrantError::OtherPayload);
        }
        store.add_receive(self.base_key.duplicate(), self.kid, self.sender.clone())?;
        Ok(())
    }

    fn write(&self, out: &mut Vec<u8>) -> Result<(), GrantError> {
        out.extend_from_slice(&self.suite.value().to_be_bytes());
        out.extend_from_slice(&self.kid.value().to_be_bytes());
        out.push(self.media.value());
        out.extend_from_slice(&self.generation.to_be_bytes());
        out.extend_from_slice(&self.step.to_be_bytes());
        out.extend_from_slice(&self.period.to_be_bytes());
        push_lp(out, self.sender.as_bytes())?;
        push_lp(out, self.base_key.expose())
    }

    fn read(mut reader: Reader<'_>) -> Result<Self, GrantError> {
        let suite = CipherSuite::new(reader.u16()?);
        let kid = KeyId::new(reader.u64()?);
        let media = Media::from_value(reader.u8()?).ok_or(GrantError::Malformed)?;
        let generation = reader.u64()?;
        let step = reader.u32()?;
        let period = reader.u64()?;
        let sender = SenderId::new(reader.lp()?).map_err(|_| GrantError::Malformed)?;
        let base_key = BaseKey::from_slice(reader.lp()?).map_err(|_| GrantError::Malformed)?;
        reader.end()?;
        Ok(Self {
            suite,
            kid,
            sender,
            media,
            generation,
            step,
            period,
            base_key,
        })
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionKey")
            .field("suite", &self.suite)
            .field("kid", &self.kid)
            .field("sender", &self.sender)
            .field("media", &self.media)
            .field("generation", &self.generation)
            .field("step", &self.step)
            .field("period", &self.period)
            .finish_non_exhaustive()
    }
}
