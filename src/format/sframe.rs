//! SFrame ciphertexts, RFC 9605 sections 4.3 and 4.4.
//!
//! ```text
//!  0 1 2 3 4 5 6 7
//! +-+-+-+-+-+-+-+-+------------------+------------------+------------+-----+
//! |X|  K  |Y|  C  | KID (0 to 8)     | CTR (0 to 8)     | ciphertext | tag |
//! +-+-+-+-+-+-+-+-+------------------+------------------+------------+-----+
//! |<---------------------- header -------------------->|
//! ```
//!
//! X = 0: K is the KID, 0 to 7. X = 1: the KID follows in K + 1 octets, big-endian, without leading zeros.
//! Y and C say the same of CTR.
//!
//! nonce = `sframe_salt` XOR CTR (big-endian, right-aligned); AAD = header ‖ metadata.

use crate::cipher::Nonce as PacketNonce;
use crate::cipher::{Aad, CipherError, CustomKey, PacketKey, Params, put};
use crate::error::{Error, Malformed};
use crate::id::{Counter, KeyId};

/// An SFrame header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    kid: KeyId,
    ctr: Counter,
}

/// An encoded header: 1 to 17 octets.
#[derive(Clone, Copy)]
pub(crate) struct EncodedHeader {
    /// The first 16 octets, the first lowest: in registers they need not be waited for.
    short: u128,
    /// The 17th octet, if there is one.
    last: u8,
    len: u8,
}

impl EncodedHeader {
    #[inline]
    pub(crate) fn len(&self) -> usize {
        usize::from(self.len)
    }

    /// Writes the header to `out`, which has as many octets.
    #[inline]
    pub(crate) fn write_to(&self, out: &mut [u8]) {
        match out.split_at_mut_checked(16) {
            Some((first, rest)) => {
                put(first, self.short);
                rest.fill(self.last);
            }
            None => put(out, self.short),
        }
    }

    /// Writes the header to the end of `out`, which has at least as many octets.
    #[inline]
    pub(crate) fn write_to_end(&self, out: &mut [u8]) {
        let at = out.len() - self.len();
        self.write_to(&mut out[at..]);
    }

    /// The octets, behind which there is something else.
    #[inline]
    pub(crate) fn octets(&self) -> [u8; Header::MAX_LEN] {
        let mut octets = [0; Header::MAX_LEN];
        octets[..16].copy_from_slice(&self.short.to_le_bytes());
        octets[16] = self.last;
        octets
    }
}

impl Header {
    /// Octets of the longest header.
    pub const MAX_LEN: usize = 17;

    #[inline]
    pub(crate) const fn new(kid: KeyId, ctr: Counter) -> Self {
        Self { kid, ctr }
    }

    /// Reads the header at the front of `frame` and returns it with its length in octets.
    ///
    /// # Errors
    /// [`Error::Truncated`] if `frame` ends before the header does; [`Malformed::NotMinimal`] if KID or CTR have octets they do not
    /// need. Drop the frame in both cases.
    #[inline(always)]
    pub fn parse(frame: &[u8]) -> Result<(Self, usize), Error> {
        let Some((&config, rest)) = frame.split_first() else {
            return Err(Error::Truncated { len: 0, needed: 1 });
        };
        let (kid_len, ctr_len) = (field_len(config >> 4), field_len(config & 0xF));
        let needed = 1 + kid_len + ctr_len;
        // All but the shortest frames: both fields lie in the first 17 octets.
        if let Some(&octets) = frame.first_chunk::<{ Self::MAX_LEN }>() {
            let kid = field_in(config >> 4, kid_len, &octets, 1)?;
            let ctr = field_in(config & 0xF, ctr_len, &octets, 1 + kid_len)?;
            return Ok((Self::new(KeyId::new(kid), Counter::new(ctr)), needed));
        }
        if frame.len() < needed {
            return Err(Error::Truncated {
                len: frame.len(),
                needed,
            });
        }
        let (kid, rest) = rest.split_at(kid_len);
        let kid = field_value(config >> 4, kid)?;
        let ctr = field_value(config & 0xF, &rest[..ctr_len])?;
        Ok((Self::new(KeyId::new(kid), Counter::new(ctr)), needed))
    }

    /// Returns the key identifier.
    #[must_use]
    #[inline]
    pub const fn kid(&self) -> KeyId {
        self.kid
    }

    /// Returns the counter.
    #[must_use]
    #[inline]
    pub const fn ctr(&self) -> Counter {
        self.ctr
    }

    /// Returns the octets of the encoded header, 1 to 17.
    #[must_use]
    #[inline]
    pub const fn encoded_len(&self) -> usize {
        1 + value_len(self.kid.value()) + value_len(self.ctr.value())
    }

    /// Writes the header to the front of `out` and returns its length in octets.
    pub fn encode(&self, out: &mut [u8; Self::MAX_LEN]) -> usize {
        let encoded = self.encoded();
        let len = encoded.len();
        encoded.write_to(&mut out[..len]);
        len
    }

    #[inline]
    pub(crate) fn encoded(&self) -> EncodedHeader {
        let (kid, ctr) = (self.kid.value(), self.ctr.value());
        let (kid_len, ctr_len) = (value_len(kid), value_len(ctr));
        let config = (nibble(kid, kid_len) << 4) | nibble(ctr, ctr_len);
        let short = u128::from(config)
            | u128::from(field(kid, kid_len)) << 8
            | u128::from(field(ctr, ctr_len)) << (8 + 8 * kid_len);
        // The 17th octet is the last of CTR.
        EncodedHeader {
            short,
            last: ctr.to_le_bytes()[0],
            len: nibbles_len(kid_len, ctr_len),
        }
    }
}

/// The `len` octets of a value, big-endian, as a number whose lowest octet is the first.
#[inline]
const fn field(value: u64, len: usize) -> u64 {
    if len == 0 {
        0
    } else {
        (value << (64 - 8 * len)).swap_bytes()
    }
}

/// Octets of a header with fields of these lengths, at most 8 each.
#[allow(clippy::cast_possible_truncation, reason = "at most 17")]
const fn nibbles_len(kid_len: usize, ctr_len: usize) -> u8 {
    (1 + kid_len + ctr_len) as u8
}

/// Octets that a nibble of the config octet announces.
#[inline]
const fn field_len(nibble: u8) -> usize {
    if nibble & 8 == 0 {
        0
    } else {
        (nibble & 7) as usize + 1
    }
}

/// The value of a field whose `len` octets begin at `at`, at most 9.
#[inline]
fn field_in(
    nibble: u8,
    len: usize,
    octets: &[u8; Header::MAX_LEN],
    at: usize,
) -> Result<u64, Error> {
    if len == 0 {
        return Ok(u64::from(nibble & 7));
    }
    let mut eight = [0; 8];
    eight.copy_from_slice(&octets[at..at + 8]);
    let value = u64::from_be_bytes(eight) >> (64 - 8 * len);
    if value_len(value) == len {
        Ok(value)
    } else {
        Err(Malformed::NotMinimal.into())
    }
}

/// The value of a field whose nibble and octets are given.
fn field_value(nibble: u8, octets: &[u8]) -> Result<u64, Error> {
    if octets.is_empty() {
        return Ok(u64::from(nibble & 7));
    }
    let value = octets
        .iter()
        .fold(0, |value, &octet| (value << 8) | u64::from(octet));
    if value_len(value) == octets.len() {
        Ok(value)
    } else {
        Err(Malformed::NotMinimal.into())
    }
}

/// Octets that a value takes behind the config octet, 0 to 8.
#[inline]
const fn value_len(value: u64) -> usize {
    if value < 8 {
        0
    } else {
        8 - (value.leading_zeros() / 8) as usize
    }
}

/// The nibble of the config octet for a value of `len` octets.
#[allow(
    clippy::cast_possible_truncation,
    reason = "value < 8 where len is 0, and len - 1 < 8"
)]
#[inline]
const fn nibble(value: u64, len: usize) -> u8 {
    if len == 0 {
        value as u8
    } else {
        8 | (len - 1) as u8
    }
}

/// The nonce of a frame of a custom cipher.
struct Nonce {
    octets: [u8; Params::MAX_NONCE_LEN],
    len: usize,
}

impl Nonce {
    /// `salt` has 8 to 32 octets.
    #[inline]
    fn new(salt: &[u8], ctr: Counter) -> Self {
        let mut octets = [0; Params::MAX_NONCE_LEN];
        octets[..salt.len()].copy_from_slice(salt);
        let at = salt.len() - 8;
        for (octet, ctr) in octets[at..].iter_mut().zip(ctr.value().to_be_bytes()) {
            *octet ^= ctr;
        }
        Self {
            octets,
            len: salt.len(),
        }
    }

    #[inline]
    fn as_slice(&self) -> &[u8] {
        &self.octets[..self.len]
    }
}

/// Joins header and metadata: in `scratch`, or not at all where there is no metadata.
fn aad<'a>(header: &'a [u8], metadata: &[u8], scratch: &'a mut Vec<u8>) -> Aad<'a> {
    if metadata.is_empty() {
        return Aad::new(header);
    }
    scratch.clear();
    scratch.extend_from_slice(header);
    scratch.extend_from_slice(metadata);
    Aad::new(scratch)
}

/// What one seal or open works with besides the octets of the frame.
pub(crate) struct FrameContext<'a> {
    pub(crate) key: &'a PacketKey,
    pub(crate) salt: &'a [u8],
    pub(crate) ctr: Counter,
    pub(crate) metadata: &'a [u8],
    /// Room to join header and metadata; it grows to the longest metadata and stays.
    pub(crate) scratch: &'a mut Vec<u8>,
}

/// The nonce of a built-in cipher, RFC 9605 section 4.4.3, or nothing if the salt has another length.
#[inline]
pub(crate) fn packet_nonce(salt: &[u8], ctr: Counter) -> Option<PacketNonce> {
    let salt: &[u8; 12] = salt.try_into().ok()?;
    Some(PacketNonce::of_frame(PacketNonce::new(salt), ctr.value()))
}

/// Seals `data` in place: RFC 9605 section 4.4.3.
// Always inlined: what is passed by reference to the ordinary case would have to be waited for.
#[inline(always)]
pub(crate) fn seal(
    frame: FrameContext<'_>,
    header: &EncodedHeader,
    data: &mut [u8],
    tag: &mut [u8],
) -> Result<(), CipherError> {
    if frame.metadata.is_empty()
        && header.len() <= 16
        && frame.key.custom().is_none()
        && let Some(nonce) = packet_nonce(frame.salt, frame.ctr)
    {
        let octets = header.octets();
        let aad = Aad::with_short(header.short, &octets[..header.len()]);
        return frame.key.seal(nonce, aad, data, tag);
    }
    seal_otherwise(frame, header, data, tag)
}

/// With metadata, a custom cipher, or the longest header.
#[inline(never)]
fn seal_otherwise(
    frame: FrameContext<'_>,
    header: &EncodedHeader,
    data: &mut [u8],
    tag: &mut [u8],
) -> Result<(), CipherError> {
    let octets = header.octets();
    let aad = aad(&octets[..header.len()], frame.metadata, frame.scratch);
    match (frame.key.custom(), packet_nonce(frame.salt, frame.ctr)) {
        (None, Some(nonce)) => frame.key.seal(nonce, aad, data, tag),
        (None, None) => Err(CipherError::BadNonceLength),
        (Some(key), _) => {
            let nonce = Nonce::new(frame.salt, frame.ctr);
            key.seal(nonce.as_slice(), aad.octets(), data, tag)
        }
    }
}

/// Opens `data` in place: RFC 9605 section 4.4.4. On error `data` is zeroed.
#[inline(always)]
pub(crate) fn open(
    frame: FrameContext<'_>,
    header: &[u8],
    data: &mut [u8],
    tag: &[u8],
) -> Result<(), CipherError> {
    if frame.metadata.is_empty()
        && frame.key.custom().is_none()
        && let Some(nonce) = packet_nonce(frame.salt, frame.ctr)
    {
        return frame.key.open(nonce, Aad::new(header), data, tag);
    }
    open_otherwise(frame, header, data, tag)
}

/// With metadata or a custom cipher.
#[inline(never)]
fn open_otherwise(
    frame: FrameContext<'_>,
    header: &[u8],
    data: &mut [u8],
    tag: &[u8],
) -> Result<(), CipherError> {
    let aad = aad(header, frame.metadata, frame.scratch);
    match (frame.key.custom(), packet_nonce(frame.salt, frame.ctr)) {
        (None, Some(nonce)) => frame.key.open(nonce, aad, data, tag),
        (None, None) => Err(CipherError::BadNonceLength),
        (Some(key), _) => open_custom(key, frame.salt, frame.ctr, aad, data, tag),
    }
}

/// Opens `data` in place with a key that, if it is of a built-in cipher, leaves it as it came on error.
pub(crate) fn try_open(
    frame: FrameContext<'_>,
    header: &[u8],
    data: &mut [u8],
    tag: &[u8],
) -> Result<(), CipherError> {
    let aad = aad(header, frame.metadata, frame.scratch);
    match (frame.key.custom(), packet_nonce(frame.salt, frame.ctr)) {
        (None, Some(nonce)) => frame.key.try_open(nonce, aad, data, tag),
        (None, None) => Err(CipherError::BadNonceLength),
        (Some(key), _) => open_custom(key, frame.salt, frame.ctr, aad, data, tag),
    }
}

fn open_custom(
    key: &CustomKey,
    salt: &[u8],
    ctr: Counter,
    aad: Aad<'_>,
    data: &mut [u8],
    tag: &[u8],
) -> Result<(), CipherError> {
    let nonce = Nonce::new(salt, ctr);
    key.open(nonce.as_slice(), aad.octets(), data, tag)
}
