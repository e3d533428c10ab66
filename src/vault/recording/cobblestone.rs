//! C2SP chunked encryption, version 1 (<https://c2sp.org/chunked-encryption>): Cobblestone-256 and Cobblestone-128.
//!
//! ```text
//!  message = salt(24) ‖ commitment(32) ‖ chunk 0 ‖ chunk 1 ‖ … ‖ last chunk
//!  key ‖ base nonce(12) ‖ commitment(32) = HKDF-Expand-SHA512(input key,
//!          "c2sp.org/chunked-encryption@v1+" ‖ AEAD name ‖ 00 ‖ salt ‖ context)
//!  chunk k = AES-GCM(key, nonce = base nonce XOR k, no AAD, 16,384 octets of plaintext) ‖ tag(16)
//! ```
//!
//! The last chunk is always shorter than the others, so a message that was cut at a chunk is seen. The salt is drawn here,
//! and each message has a key of its own: nobody gives a nonce.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha512;
use subtle::ConstantTimeEq;
use thiserror::Error;
use zeroize::Zeroize;

use crate::cipher::{Aad, CheckedCipher, CipherSuite, Nonce, PacketKey, Wiped};
use crate::error::Error as CoreError;
use crate::keys::schedule::COBBLESTONE;
use crate::keys::secret::{Secret, with_wiped_stack};

/// Octets of plaintext in every chunk but the last.
pub const CHUNK_LEN: usize = 16_384;
/// Octets of a tag.
pub const TAG_LEN: usize = 16;
/// Octets of every sealed chunk but the last.
pub const SEALED_CHUNK_LEN: usize = CHUNK_LEN + TAG_LEN;
/// Octets in front of the first chunk: salt and commitment.
pub const PREAMBLE_LEN: usize = SALT_LEN + COMMITMENT_LEN;

const SALT_LEN: usize = 24;
const COMMITMENT_LEN: usize = 32;
const NONCE_LEN: usize = 12;
/// Octets that are expanded at most: a key, a base nonce, a commitment.
const EXPANDED_LEN: usize = 32 + NONCE_LEN + COMMITMENT_LEN;

/// Which AEAD seals the chunks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Cobblestone {
    /// Cobblestone-128: AES-128-GCM, keys of 16 octets.
    Aes128 = 1,
    /// Cobblestone-256: AES-256-GCM, keys of 32 octets.
    #[default]
    Aes256 = 2,
}

impl Cobblestone {
    /// The AEAD with the number that stands in a recording's header.
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Aes128),
            2 => Some(Self::Aes256),
            _ => None,
        }
    }

    /// The number that stands in a recording's header.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Aes128 => 1,
            Self::Aes256 => 2,
        }
    }

    /// Octets of an input key.
    #[must_use]
    pub const fn key_len(self) -> usize {
        match self {
            Self::Aes128 => 16,
            Self::Aes256 => 32,
        }
    }

    const fn aead_name(self) -> &'static str {
        match self {
            Self::Aes128 => "AEAD_AES_128_GCM",
            Self::Aes256 => "AEAD_AES_256_GCM",
        }
    }

    const fn suite(self) -> CipherSuite {
        match self {
            Self::Aes128 => CipherSuite::AES_128_GCM_SHA256_128,
            Self::Aes256 => CipherSuite::AES_256_GCM_SHA512_128,
        }
    }
}

/// Why a message was not sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CobblestoneError {
    /// Fix the call: the input key has another length than [`Cobblestone::key_len`].
    #[error("the input key has a wrong length")]
    KeyLength,
    /// Fix the call: every chunk but the last has [`CHUNK_LEN`] octets, and the last one fewer.
    #[error("a chunk has a wrong length")]
    ChunkLength,
    /// The message ends where none can end: it was cut, or something was added.
    #[error("the message ends where none can end")]
    Truncated,
    /// Another key or another context: nothing of the message was opened.
    #[error("the message was sealed under another key or for another place")]
    Commitment,
    /// A chunk was altered, moved or cut. Nothing of it was given out.
    #[error("chunk {chunk} does not authenticate")]
    Authentication {
        /// The chunk, counted from 0.
        chunk: u64,
    },
    /// The library's core could not do it.
    #[error(transparent)]
    Core(#[from] CoreError),
}

/// The key of one message. Wiped on drop.
struct MessageKey {
    aead: Cobblestone,
    key: Box<Wiped<PacketKey>>,
    base_nonce: Secret<NONCE_LEN>,
}

impl MessageKey {
    /// Derives key and commitment.
    fn derive(
        aead: Cobblestone,
        input_key: &[u8],
        salt: &[u8],
        context: &[u8],
    ) -> Result<(Self, [u8; COMMITMENT_LEN]), CobblestoneError> {
        if input_key.len() != aead.key_len() {
            return Err(CobblestoneError::KeyLength);
        }
        let cipher = CheckedCipher::builtin(aead.suite())?;
        with_wiped_stack(|| {
            let info = [
                COBBLESTONE.as_bytes(),
                aead.aead_name().as_bytes(),
                &[0],
                salt,
                context,
            ];
            let mut expanded = Secret::<EXPANDED_LEN>::zeroed();
            expand(input_key, &info, expanded.expose_mut())?;
            let (key, rest) = expanded.expose().split_at(aead.key_len());
            let (nonce, rest) = rest.split_at(NONCE_LEN);
            let mut commitment = [0; COMMITMENT_LEN];
            commitment.copy_from_slice(&rest[..COMMITMENT_LEN]);
            let mut base_nonce = Secret::zeroed();
            base_nonce.expose_mut().copy_from_slice(nonce);
            let failed = CoreError::CipherFailed {
                suite: aead.suite().value(),
            };
            let key = PacketKey::new(&cipher, key).map_err(|_| failed)?;
            let key = Box::new(Wiped::new(key));
            let key = Self {
                aead,
                key,
                base_nonce,
            };
            Ok((key, commitment))
        })
    }

    #[inline]
    fn nonce(&self, chunk: u64) -> Nonce {
        Nonce::of_frame(Nonce::new(self.base_nonce.expose()), chunk)
    }

    /// Seals `data` in place; the tag comes back.
    fn seal(&self, chunk: u64, data: &mut [u8]) -> Result<[u8; TAG_LEN], CobblestoneError> {
        let mut tag = [0; TAG_LEN];
        match self
            .key
            .seal(self.nonce(chunk), Aad::new(&[]), data, &mut tag)
        {
            Ok(()) => Ok(tag),
            Err(_) => {
                data.zeroize();
                let suite = self.aead.suite().value();
                Err(CoreError::CipherFailed { suite }.into())
            }
        }
    }

    /// Opens a sealed chunk in place and returns how many octets it held.
    fn open(&self, chunk: u64, sealed: &mut [u8]) -> Result<usize, CobblestoneError> {
        let len = sealed
            .len()
            .checked_sub(TAG_LEN)
            .ok_or(CobblestoneError::Truncated)?;
        let (data, tag) = sealed.split_at_mut(len);
        self.key
            .open(self.nonce(chunk), Aad::new(&[]), data, tag)
            .map_err(|_| CobblestoneError::Authentication { chunk })?;
        Ok(len)
    }
}

/// HKDF-Expand-SHA512 (RFC 5869) with a pseudorandom key that may be shorter than a hash: the input key, as it is.
fn expand(key: &[u8], info: &[&[u8]], out: &mut [u8]) -> Result<(), CobblestoneError> {
    let mut previous = [0; 64];
    let mut previous_len = 0;
    for (index, block) in out.chunks_mut(64).enumerate() {
        let mut mac =
            Hmac::<Sha512>::new_from_slice(key).map_err(|_| CobblestoneError::KeyLength)?;
        mac.update(&previous[..previous_len]);
        for part in info {
            mac.update(part);
        }
        let number = u8::try_from(index + 1).map_err(|_| CobblestoneError::KeyLength)?;
        mac.update(&[number]);
        let mut digest = mac.finalize().into_bytes();
        previous.copy_from_slice(&digest);
        previous_len = previous.len();
        digest.as_mut_slice().zeroize();
        block.copy_from_slice(&previous[..block.len()]);
    }
    previous.zeroize();
    Ok(())
}

/// Seals one message, chunk after chunk, under a salt that it draws.
pub struct Sealer {
    key: MessageKey,
    preamble: [u8; PREAMBLE_LEN],
    chunk: u64,
    ended: bool,
}

impl Sealer {
    /// Begins a message.
    ///
    /// # Errors
    /// [`CobblestoneError::KeyLength`]; [`CoreError::EntropyUnavailable`] if the system has no random octets.
    pub fn new(
        aead: Cobblestone,
        input_key: &[u8],
        context: &[u8],
    ) -> Result<Self, CobblestoneError> {
        let mut preamble = [0; PREAMBLE_LEN];
        let (salt, commitment) = preamble.split_at_mut(SALT_LEN);
        getrandom::fill(salt).map_err(|_| CoreError::EntropyUnavailable)?;
        let (key, derived) = MessageKey::derive(aead, input_key, salt, context)?;
        commitment.copy_from_slice(&derived);
        Ok(Self {
            key,
            preamble,
            chunk: 0,
            ended: false,
        })
    }

    /// The octets in front of the first chunk: salt and commitment.
    #[must_use]
    pub const fn preamble(&self) -> &[u8; PREAMBLE_LEN] {
        &self.preamble
    }

    /// How many chunks were sealed.
    #[must_use]
    pub const fn chunks(&self) -> u64 {
        self.chunk
    }

    /// Seals the next chunk where it lies: [`CHUNK_LEN`] octets of `buffer`, which gets the tag behind them.
    ///
    /// # Errors
    /// [`CobblestoneError::ChunkLength`] if there are not that many, or the message has ended. If the cipher fails the buffer is wiped.
    pub fn seal_chunk(&mut self, buffer: &mut Vec<u8>) -> Result<(), CobblestoneError> {
        if buffer.len() != CHUNK_LEN || self.ended {
            return Err(CobblestoneError::ChunkLength);
        }
        self.seal_next(buffer)
    }

    /// Seals the last chunk where it lies: fewer than [`CHUNK_LEN`] octets, or none, to which the tag is added. It ends the message.
    ///
    /// # Errors
    /// As [`seal_chunk`](Self::seal_chunk).
    pub fn seal_last(&mut self, buffer: &mut Vec<u8>) -> Result<(), CobblestoneError> {
        if buffer.len() >= CHUNK_LEN || self.ended {
            return Err(CobblestoneError::ChunkLength);
        }
        self.ended = true;
        self.seal_next(buffer)
    }

    fn seal_next(&mut self, buffer: &mut Vec<u8>) -> Result<(), CobblestoneError> {
        let chunk = self.chunk;
        // Advanced first: whatever happens, no number seals twice.
        self.chunk = chunk.checked_add(1).ok_or(CobblestoneError::ChunkLength)?;
        let tag = self.key.seal(chunk, buffer)?;
        buffer.extend_from_slice(&tag);
        Ok(())
    }
}

/// Opens the chunks of one message, in any order.
pub struct Opener {
    key: MessageKey,
}

impl Opener {
    /// Derives the key of the message that begins with `preamble`, and compares the commitment before any chunk.
    ///
    /// # Errors
    /// [`CobblestoneError::KeyLength`]; [`CobblestoneError::Truncated`] if the preamble has not [`PREAMBLE_LEN`] octets;
    /// [`CobblestoneError::Commitment`] for another key or context.
    pub fn new(
        aead: Cobblestone,
        input_key: &[u8],
        context: &[u8],
        preamble: &[u8],
    ) -> Result<Self, CobblestoneError> {
        if input_key.len() != aead.key_len() {
            return Err(CobblestoneError::KeyLength);
        }
        if preamble.len() != PREAMBLE_LEN {
            return Err(CobblestoneError::Truncated);
        }
        let (salt, commitment) = preamble.split_at(SALT_LEN);
        let (key, derived) = MessageKey::derive(aead, input_key, salt, context)?;
        if bool::from(derived.ct_eq(commitment)) {
            Ok(Self { key })
        } else {
            Err(CobblestoneError::Commitment)
        }
    }

    /// Opens a chunk in place: `sealed` is a whole sealed chunk, and keeps the plaintext alone.
    ///
    /// Whether a chunk is the last one shows in its length alone; who reads from a file compares it with [`Layout`].
    ///
    /// # Errors
    /// [`CobblestoneError::Authentication`]; `sealed` is then empty.
    pub fn open_chunk(&self, chunk: u64, sealed: &mut Vec<u8>) -> Result<(), CobblestoneError> {
        let opened = if sealed.len() > SEALED_CHUNK_LEN {
            Err(CobblestoneError::ChunkLength)
        } else {
            self.key.open(chunk, sealed)
        };
        match opened {
            Ok(len) => {
                sealed.truncate(len);
                Ok(())
            }
            Err(error) => {
                sealed.clear();
                Err(error)
            }
        }
    }
}

/// Where the chunks of a message lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Chunks of full length.
    pub full_chunks: u64,
    /// Octets of plaintext in the last, shorter chunk.
    pub last_len: usize,
}

impl Layout {
    /// The layout of a message of `len` octets.
    ///
    /// # Errors
    /// [`CobblestoneError::Truncated`] if no message has this length.
    pub fn of_message(len: u64) -> Result<Self, CobblestoneError> {
        let body = len
            .checked_sub(PREAMBLE_LEN as u64)
            .ok_or(CobblestoneError::Truncated)?;
        let full_chunks = body / SEALED_CHUNK_LEN as u64;
        let last_len = usize::try_from(body % SEALED_CHUNK_LEN as u64)
            .ok()
            .and_then(|sealed| sealed.checked_sub(TAG_LEN))
            .ok_or(CobblestoneError::Truncated)?;
        Ok(Self {
            full_chunks,
            last_len,
        })
    }

    /// Octets of plaintext.
    #[must_use]
    pub const fn plaintext_len(&self) -> u64 {
        self.full_chunks
            .saturating_mul(CHUNK_LEN as u64)
            .saturating_add(self.last_len as u64)
    }
}

/// Where chunk `chunk` of a message begins, in octets.
#[must_use]
pub const fn chunk_offset(chunk: u64) -> u64 {
    (PREAMBLE_LEN as u64).saturating_add(chunk.saturating_mul(SEALED_CHUNK_LEN as u64))
}

/// Seals `plaintext` as one message.
///
/// # Errors
/// As [`Sealer::new`].
pub fn seal(
    aead: Cobblestone,
    input_key: &[u8],
    context: &[u8],
    plaintext: &[u8],
) -> Result<Vec<u8>, CobblestoneError> {
    let mut sealer = Sealer::new(aead, input_key, context)?;
    let chunks = plaintext.len() / CHUNK_LEN + 1;
    let mut message = Vec::with_capacity(PREAMBLE_LEN + plaintext.len() + chunks * TAG_LEN);
    message.extend_from_slice(sealer.preamble());
    let mut chunks = plaintext.chunks_exact(CHUNK_LEN);
    let mut buffer = Vec::with_capacity(SEALED_CHUNK_LEN);
    for chunk in &mut chunks {
        buffer.clear();
        buffer.extend_from_slice(chunk);
        sealer.seal_chunk(&mut buffer)?;
        message.extend_from_slice(&buffer);
    }
    buffer.clear();
    buffer.extend_from_slice(chunks.remainder());
    sealer.seal_last(&mut buffer)?;
    message.extend_from_slice(&buffer);
    Ok(message)
}

/// Opens a whole message. Nothing comes back unless all of it authenticates.
///
/// # Errors
/// What is wrong with it.
pub fn open(
    aead: Cobblestone,
    input_key: &[u8],
    context: &[u8],
    message: &[u8],
) -> Result<Vec<u8>, CobblestoneError> {
    let preamble = message
        .get(..PREAMBLE_LEN)
        .ok_or(CobblestoneError::Truncated)?;
    let opener = Opener::new(aead, input_key, context, preamble)?;
    Layout::of_message(message.len() as u64)?;
    let mut plaintext = Vec::with_capacity(message.len() - PREAMBLE_LEN);
    for (chunk, sealed) in message[PREAMBLE_LEN..].chunks(SEALED_CHUNK_LEN).enumerate() {
        let mut buffer = sealed.to_vec();
        if let Err(error) = opener.open_chunk(chunk as u64, &mut buffer) {
            plaintext.zeroize();
            return Err(error);
        }
        plaintext.extend_from_slice(&buffer);
        buffer.zeroize();
    }
    Ok(plaintext)
}
