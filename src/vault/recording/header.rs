//! The header of a recording, and the keys and contexts that follow from it.
//!
//! ```text
//!  header = "MSREC\0\0\1" ‖ id(16) ‖ u64(created, µs) ‖ u8(profile) ‖ u8(aead) ‖ lp(region) ‖ signer(32) ‖ MAC(32 over all before)
//! ```

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use super::cobblestone::Cobblestone;
use super::error::{Place, RecordingError};
use super::record::{DIGEST, Fields};
use crate::cipher::{Hash, kdf};
use crate::error::Error as CoreError;
use crate::keys::schedule::{RECORDING_HEADER, RECORDING_KEY_128, SEGMENT};
use crate::keys::secret::Secret;
use crate::vault::Dek;

const MAGIC: &[u8; 8] = b"MSREC\0\0\x01";
/// Most octets of a header.
pub(super) const MAX_HEADER: usize = 8 + 16 + 8 + 2 + 2 + Header::MAX_REGION + 32 + DIGEST;

/// What a recording holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum Profile {
    /// Frames as they came, still encrypted: the recorder has no key of theirs.
    Frames = 1,
    /// Encoded media of a recorder that is a member of the call.
    Media = 2,
}

/// What a recording says of itself. It never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    id: [u8; 16],
    created: u64,
    profile: Profile,
    aead: Cobblestone,
    region: String,
    signer: [u8; 32],
    octets: Vec<u8>,
    digest: [u8; DIGEST],
}

impl Header {
    /// Most octets of a region's name.
    pub const MAX_REGION: usize = 1024;

    /// The id, 16 random octets.
    #[must_use]
    pub const fn id(&self) -> &[u8; 16] {
        &self.id
    }

    /// When it was begun, in microseconds since 1970-01-01 00:00:00 UTC.
    #[must_use]
    pub const fn created(&self) -> u64 {
        self.created
    }

    /// What it holds.
    #[must_use]
    pub const fn profile(&self) -> Profile {
        self.profile
    }

    /// What seals it.
    #[must_use]
    pub const fn aead(&self) -> Cobblestone {
        self.aead
    }

    /// Where its key may be used; empty where it is nowhere bound.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The Ed25519 public key that its checkpoints are signed under. Who verifies brings the key that he trusts.
    #[must_use]
    pub const fn signer(&self) -> &[u8; 32] {
        &self.signer
    }

    /// SHA-256 of the header: the purpose for which its DEK is wrapped.
    #[must_use]
    pub const fn digest(&self) -> &[u8; DIGEST] {
        &self.digest
    }

    /// The name of the recording's log: `mediaseal/rec/` and the id in hexadecimal.
    #[must_use]
    pub fn origin(&self) -> String {
        use std::fmt::Write as _;
        let mut origin = String::from("mediaseal/rec/");
        for octet in self.id {
            // Writing to a string does not fail.
            write!(origin, "{octet:02x}").ok();
        }
        origin
    }

    /// Makes the header of a new recording.
    pub(super) fn new(
        created: u64,
        profile: Profile,
        aead: Cobblestone,
        region: &str,
        signer: [u8; 32],
        dek: &Dek,
    ) -> Result<Self, RecordingError> {
        let mut id = [0; 16];
        getrandom::fill(&mut id).map_err(|_| CoreError::EntropyUnavailable)?;
        let region_len = u16::try_from(region.len())
            .ok()
            .filter(|len| usize::from(*len) <= Self::MAX_REGION)
            .ok_or(RecordingError::Unsupported {
                what: "region: length",
                number: u32::try_from(region.len()).unwrap_or(u32::MAX),
            })?;
        let mut octets = MAGIC.to_vec();
        octets.extend_from_slice(&id);
        octets.extend_from_slice(&created.to_be_bytes());
        octets.push(profile as u8);
        octets.push(aead.number());
        octets.extend_from_slice(&region_len.to_be_bytes());
        octets.extend_from_slice(region.as_bytes());
        octets.extend_from_slice(&signer);
        let mac = mac(dek, &octets)?.finalize().into_bytes();
        octets.extend_from_slice(&mac);
        Self::parse(&octets)
    }

    /// Reads a header. Its MAC is checked by who has the key.
    pub(super) fn parse(octets: &[u8]) -> Result<Self, RecordingError> {
        let damaged = || RecordingError::Damaged(Place::Header);
        let mut rest = Fields(octets);
        if rest.array::<8>().as_ref() != Some(MAGIC) {
            return Err(damaged());
        }
        let id = rest.array().ok_or_else(damaged)?;
        let created = rest.u64().ok_or_else(damaged)?;
        let profile = match rest.u8().ok_or_else(damaged)? {
            1 => Profile::Frames,
            2 => Profile::Media,
            other => {
                return Err(RecordingError::Unsupported {
                    what: "profile",
                    number: other.into(),
                });
            }
        };
        let aead = rest.u8().ok_or_else(damaged)?;
        let aead = Cobblestone::from_number(aead).ok_or(RecordingError::Unsupported {
            what: "AEAD",
            number: aead.into(),
        })?;
        let region = rest.lp().ok_or_else(damaged)?;
        let region = std::str::from_utf8(region).map_err(|_| damaged())?;
        let signer = rest.array().ok_or_else(damaged)?;
        if rest.0.len() != DIGEST || region.len() > Self::MAX_REGION {
            return Err(damaged());
        }
        Ok(Self {
            id,
            created,
            profile,
            aead,
            region: region.to_owned(),
            signer,
            octets: octets.to_vec(),
            digest: Sha256::digest(octets).into(),
        })
    }

    /// The octets of the file.
    pub(super) fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// Checks that `dek` is the recording's and the header as it was written, in constant time.
    pub(super) fn check(&self, dek: &Dek) -> Result<(), RecordingError> {
        let (before, tag) = self.octets.split_at(self.octets.len() - DIGEST);
        mac(dek, before)?
            .verify_slice(tag)
            .map_err(|_| RecordingError::WrongKey)
    }

    /// The input key of segments and tails: the DEK, or of Cobblestone-128 a key of 16 octets derived from it.
    pub(super) fn input_key(&self, dek: &Dek) -> Result<InputKey, RecordingError> {
        let mut key = Secret::zeroed();
        match self.aead {
            Cobblestone::Aes256 => key.expose_mut().copy_from_slice(dek.expose()),
            Cobblestone::Aes128 => expand(dek, RECORDING_KEY_128, &mut key.expose_mut()[..16])?,
        }
        Ok(InputKey {
            key,
            len: self.aead.key_len(),
        })
    }

    /// The context of a segment:
    /// `"mediaseal v1 segment" ‖ SHA-256(header) ‖ u64(segment) ‖ u16(track) ‖ u16(codec) ‖ lp(region) ‖ SHA-256(previous segment)`.
    pub(super) fn segment_context(
        &self,
        segment: u64,
        track: u16,
        codec: u16,
        previous: &[u8; DIGEST],
    ) -> Vec<u8> {
        let mut context = SEGMENT.as_bytes().to_vec();
        context.extend_from_slice(&self.digest);
        context.extend_from_slice(&segment.to_be_bytes());
        context.extend_from_slice(&track.to_be_bytes());
        context.extend_from_slice(&codec.to_be_bytes());
        // As it stands in the header.
        context.extend_from_slice(&self.octets[34..36]);
        context.extend_from_slice(self.region.as_bytes());
        context.extend_from_slice(previous);
        context
    }
}

/// The context of a tail: its segment's, `"tail"` and the number of the chunk that it begins.
pub(super) fn tail_context(segment_context: &[u8], chunk: u64) -> Vec<u8> {
    let mut context = segment_context.to_vec();
    context.extend_from_slice(b"tail");
    context.extend_from_slice(&chunk.to_be_bytes());
    context
}

/// The input key of the messages of a recording.
pub(super) struct InputKey {
    key: Secret<32>,
    len: usize,
}

impl InputKey {
    pub(super) fn expose(&self) -> &[u8] {
        &self.key.expose()[..self.len]
    }
}

fn mac(dek: &Dek, octets: &[u8]) -> Result<Hmac<Sha256>, RecordingError> {
    let mut key = Secret::<32>::zeroed();
    expand(dek, RECORDING_HEADER, key.expose_mut())?;
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key.expose()).map_err(|_| RecordingError::WrongKey)?;
    mac.update(octets);
    Ok(mac)
}

fn expand(dek: &Dek, label: &str, out: &mut [u8]) -> Result<(), RecordingError> {
    if kdf::expand(Hash::Sha256, dek.expose(), &[label.as_bytes()], out) {
        Ok(())
    } else {
        Err(RecordingError::WrongKey)
    }
}
