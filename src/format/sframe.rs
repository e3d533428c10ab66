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

use crate::cipher::{CipherError, CipherKey, InlineKey, Params};
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
    octets: [u8; Header::MAX_LEN],
    len: usize,
}

impl EncodedHeader {
    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.octets[..self.len]
    }
}

impl Header {
    /// Octets of the longest header.
    pub const MAX_LEN: usize = 17;

    pub(crate) const fn new(kid: KeyId, ctr: Counter) -> Self {
        Self { kid, ctr }
    }

    /// Reads the header at the front of `frame` and returns it with its length in octets.
    ///
    /// # Errors
    /// [`Error::Truncated`] if `frame` ends before the header does; [`Malformed::NotMinimal`] if KID or CTR have octets they do not
    /// need. Drop the frame in both cases.
    pub fn parse(frame: &[u8]) -> Result<(Self, usize), Error> {
        let Some((&config, rest)) = frame.split_first() else {
            return Err(Error::Truncated { len: 0, needed: 1 });
        };
        let (kid_len, ctr_len) = (field_len(config >> 4), field_len(config & 0xF));
        let needed = 1 + kid_len + ctr_len;
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
    pub const fn kid(&self) -> KeyId {
        self.kid
    }

    /// Returns the counter.
    #[must_use]
    pub const fn ctr(&self) -> Counter {
        self.ctr
    }

    /// Returns the octets of the encoded header, 1 to 17.
    #[must_use]
    pub const fn encoded_len(&self) -> usize {
        1 + value_len(self.kid.value()) + value_len(self.ctr.value())
    }

    /// Writes the header to the front of `out` and returns its length in octets.
    pub fn encode(&self, out: &mut [u8; Self::MAX_LEN]) -> usize {
        let encoded = self.encoded();
        *out = encoded.octets;
        encoded.len
    }

    pub(crate) fn encoded(&self) -> EncodedHeader {
        let mut octets = [0; Self::MAX_LEN];
        let (kid, ctr) = (self.kid.value(), self.ctr.value());
        let (kid_len, ctr_len) = (value_len(kid), value_len(ctr));
        octets[0] = (nibble(kid, kid_len) << 4) | nibble(ctr, ctr_len);
        octets[1..=kid_len].copy_from_slice(&kid.to_be_bytes()[8 - kid_len..]);
        let len = 1 + kid_len + ctr_len;
        octets[1 + kid_len..len].copy_from_slice(&ctr.to_be_bytes()[8 - ctr_len..]);
        EncodedHeader { octets, len }
    }
}

/// Octets that a nibble of the config octet announces.
const fn field_len(nibble: u8) -> usize {
    if nibble & 8 == 0 {
        0
    } else {
        (nibble & 7) as usize + 1
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
const fn nibble(value: u64, len: usize) -> u8 {
    if len == 0 {
        value as u8
    } else {
        8 | (len - 1) as u8
    }
}

/// The nonce of a frame, formed in one piece.
struct Nonce {
    octets: [u8; Params::MAX_NONCE_LEN],
    len: usize,
}

impl Nonce {
    /// `salt` has 8 to 32 octets.
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

    fn as_slice(&self) -> &[u8] {
        &self.octets[..self.len]
    }
}

/// Joins header and metadata: in `scratch`, or not at all where there is no metadata.
fn aad<'a>(header: &'a [u8], metadata: &[u8], scratch: &'a mut Vec<u8>) -> &'a [u8] {
    if metadata.is_empty() {
        return header;
    }
    scratch.clear();
    scratch.extend_from_slice(header);
    scratch.extend_from_slice(metadata);
    scratch
}

/// What one seal or open works with besides the octets of the frame.
pub(crate) struct FrameContext<'a> {
    pub(crate) key: &'a dyn CipherKey,
    pub(crate) salt: &'a [u8],
    pub(crate) ctr: Counter,
    /// The encoded header.
    pub(crate) header: &'a [u8],
    pub(crate) metadata: &'a [u8],
    /// Room to join header and metadata; it grows to the longest metadata and stays.
    pub(crate) scratch: &'a mut Vec<u8>,
}

/// Seals `data` in place: RFC 9605 section 4.4.3.
pub(crate) fn seal(
    frame: FrameContext<'_>,
    data: &mut [u8],
    tag: &mut [u8],
) -> Result<(), CipherError> {
    let nonce = Nonce::new(frame.salt, frame.ctr);
    let aad = aad(frame.header, frame.metadata, frame.scratch);
    frame.key.seal_in_place(nonce.as_slice(), aad, data, tag)
}

/// Opens `data` in place: RFC 9605 section 4.4.4.
pub(crate) fn open(
    frame: FrameContext<'_>,
    data: &mut [u8],
    tag: &[u8],
) -> Result<(), CipherError> {
    let nonce = Nonce::new(frame.salt, frame.ctr);
    let aad = aad(frame.header, frame.metadata, frame.scratch);
    frame.key.open_in_place(nonce.as_slice(), aad, data, tag)
}

/// Opens `data` in place with a key that leaves it as it came on error.
#[allow(clippy::too_many_arguments, reason = "the parts of a frame")]
pub(crate) fn try_open(
    key: &InlineKey,
    salt: &[u8],
    ctr: Counter,
    header: &[u8],
    metadata: &[u8],
    scratch: &mut Vec<u8>,
    data: &mut [u8],
    tag: &[u8],
) -> Result<(), CipherError> {
    let nonce = Nonce::new(salt, ctr);
    let aad = aad(header, metadata, scratch);
    key.try_open(nonce.as_slice(), aad, data, tag)
}
