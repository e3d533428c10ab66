//! What octets look like, to somebody who has no key: the first question when video stays black.
//!
//! Nothing here is proof. A ciphertext looks like anything now and then; each answer says how much speaks for it.

use core::fmt;

use super::codec::{Codec, locate, reads_as};
use super::sframe::Header;
use crate::id::{Counter, KeyId};

/// Something that octets look like.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Look {
    /// No octets at all: a padding probe of libwebrtc, DTX, or a frame that got lost.
    Empty,
    /// An SFrame ciphertext (RFC 9605 section 4.3). Nearly all octets begin like one; a long KID speaks for it.
    Sframe {
        /// KID in the header.
        kid: KeyId,
        /// CTR in the header.
        ctr: Counter,
        /// Octets of the header.
        header_len: usize,
    },
    /// An SFrame ciphertext in the form of a codec: see [`codec`](super::codec).
    CodecAware {
        /// The codec.
        codec: Codec,
        /// KID in the header.
        kid: KeyId,
        /// CTR in the header.
        ctr: Counter,
    },
    /// A frame of a codec that nobody encrypted.
    Plaintext {
        /// The codec.
        codec: Codec,
    },
    /// An RTP packet with its header (RFC 3550 section 5.1): the payload alone is wanted.
    RtpPacket {
        /// Its payload type.
        payload_type: u8,
        /// Its SSRC.
        ssrc: u32,
        /// Where its payload begins.
        payload: usize,
    },
    /// An RTP payload that begins with a descriptor (draft-ietf-avtcore-rtp-sframe): it wants to be reassembled.
    RtpFragment {
        /// Whether it is the first piece.
        is_first: bool,
        /// Whether it is the last one.
        is_last: bool,
    },
    /// RTP padding that was left on (RFC 3550 section 5.1): zeros, and their number.
    RtpPadding {
        /// Octets of padding.
        len: u8,
    },
    /// A frame of LiveKit's or Jitsi's frame cryptor: clear octets, ciphertext, a 12-octet IV, its length, a key index.
    FrameCryptor {
        /// Index of the key.
        key_index: u8,
    },
    /// A frame of Discord's DAVE: a footer that ends in FA FA.
    Dave {
        /// Octets of the footer.
        footer_len: u8,
    },
}

impl fmt::Display for Look {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(f, "empty"),
            Self::Sframe { kid, ctr, .. } => write!(f, "SFrame (KID {kid}, CTR {ctr})"),
            Self::CodecAware { codec, kid, ctr } => {
                write!(f, "SFrame in a {codec} frame (KID {kid}, CTR {ctr})")
            }
            Self::Plaintext { codec } => write!(f, "{codec} in clear"),
            Self::RtpPacket {
                payload_type, ssrc, ..
            } => write!(
                f,
                "RTP packet (payload type {payload_type}, SSRC {ssrc:#010x})"
            ),
            Self::RtpFragment { is_first, is_last } => {
                let which = match (is_first, is_last) {
                    (true, true) => "whole",
                    (true, false) => "first piece",
                    (false, true) => "last piece",
                    (false, false) => "piece",
                };
                write!(f, "RTP payload of SFrame ({which})")
            }
            Self::RtpPadding { len } => write!(f, "{len} octets of RTP padding at the end"),
            Self::FrameCryptor { key_index } => {
                write!(f, "LiveKit or Jitsi frame (key index {key_index})")
            }
            Self::Dave { footer_len } => write!(f, "DAVE frame (footer of {footer_len} octets)"),
        }
    }
}

/// Least octets of what is sealed behind a header: the shortest tag.
const LEAST_SEALED: usize = 8;
/// Up to here KIDs are what plaintext has in their place; those of channels are longer.
pub(crate) const MAX_PLAIN_KID: u64 = 0xffff;
/// The highest key index that frame cryptors use.
const MAX_KEY_INDEX: u8 = 15;

/// Returns what octets look like, the likeliest first.
#[must_use]
pub fn looks(octets: &[u8]) -> Vec<Look> {
    let mut looks = Vec::new();
    if octets.is_empty() {
        return vec![Look::Empty];
    }
    // Marks that chance hardly makes.
    looks.extend(dave(octets));
    looks.extend(plaintext(octets));
    let is_plain = !looks.is_empty();
    looks.extend(codec_aware(octets).into_iter().filter(|_| !is_plain));
    looks.extend(rtp_packet(octets).into_iter().filter(|_| !is_plain));
    let sframe = sframe(octets);
    let is_long =
        |look: &Look| matches!(look, Look::Sframe { kid, .. } if kid.value() > MAX_PLAIN_KID);
    looks.extend(sframe.iter().filter(|look| is_long(look)).cloned());
    looks.extend(rtp_padding(octets));
    looks.extend(frame_cryptor(octets));
    looks.extend(rtp_fragment(octets).into_iter().filter(|_| !is_plain));
    looks.extend(sframe.into_iter().filter(|look| !is_long(look)));
    looks
}

fn sframe(octets: &[u8]) -> Option<Look> {
    let (header, header_len) = Header::parse(octets).ok()?;
    (octets.len() >= header_len + LEAST_SEALED).then_some(Look::Sframe {
        kid: header.kid(),
        ctr: header.ctr(),
        header_len,
    })
}

fn plaintext(octets: &[u8]) -> Option<Look> {
    let codec = reads_as(octets)?;
    carried(codec, octets)
        .is_none()
        .then_some(Look::Plaintext { codec })
}

fn codec_aware(octets: &[u8]) -> Option<Look> {
    // What a codec-aware frame begins with reads as a frame of its codec; AV1's without a sequence header begins with its carrier.
    let codec = reads_as(octets).or(match octets {
        [0x32 | 0x36, ..] => Some(Codec::Av1),
        _ => None,
    })?;
    let (kid, ctr) = carried(codec, octets)?;
    Some(Look::CodecAware { codec, kid, ctr })
}

/// KID and CTR of the ciphertext in a codec-aware frame.
fn carried(codec: Codec, octets: &[u8]) -> Option<(KeyId, Counter)> {
    let located = locate(codec, octets).ok()?;
    let mut front = [0; Header::MAX_LEN];
    let len = located.copy(octets, 0, &mut front);
    let (header, header_len) = Header::parse(&front[..len]).ok()?;
    let is_long = header.kid().value() > MAX_PLAIN_KID;
    let is_carrier = match codec {
        // Their carriers have an end that slices seldom have.
        Codec::H264(_) | Codec::H265(_) => true,
        Codec::Vp8 => is_long && octets.get(10..13) == Some(&[0; 3]),
        _ => is_long,
    };
    let is_whole = located.len() >= header_len + LEAST_SEALED;
    (is_carrier && is_whole).then(|| (header.kid(), header.ctr()))
}

fn rtp_packet(octets: &[u8]) -> Option<Look> {
    let fixed: &[u8; 12] = octets.first_chunk()?;
    let payload_type = fixed[1] & 0x7f;
    // 72 to 76 with their marker bit are RTCP.
    let is_rtp = fixed[0] >> 6 == 2 && !(64..=95).contains(&payload_type);
    let mut payload = 12 + 4 * usize::from(fixed[0] & 15);
    if fixed[0] & 0x10 != 0 {
        let words = octets.get(payload + 2..payload + 4)?;
        payload += 4 + 4 * usize::from(u16::from_be_bytes(words.try_into().ok()?));
    }
    (is_rtp && payload + LEAST_SEALED < octets.len()).then(|| Look::RtpPacket {
        payload_type,
        ssrc: u32::from_be_bytes([fixed[8], fixed[9], fixed[10], fixed[11]]),
        payload,
    })
}

fn rtp_fragment(octets: &[u8]) -> Option<Look> {
    let (&descriptor, rest) = octets.split_first()?;
    // Reserved bits are zero, and a first piece begins with a header.
    let is_first = descriptor & 0x80 != 0;
    let fits = descriptor & 0x1f == 0 && (!is_first || Header::parse(rest).is_ok());
    (fits && descriptor != 0).then_some(Look::RtpFragment {
        is_first,
        is_last: descriptor & 0x40 != 0,
    })
}

fn rtp_padding(octets: &[u8]) -> Option<Look> {
    let (&len, rest) = octets.split_last()?;
    let zeros = rest.len().checked_sub(usize::from(len).checked_sub(1)?)?;
    let is_padding = len >= 2 && rest[zeros..].iter().all(|octet| *octet == 0);
    is_padding.then_some(Look::RtpPadding { len })
}

fn frame_cryptor(octets: &[u8]) -> Option<Look> {
    const IV_LEN: usize = 12;
    let (rest, &[iv_len, key_index]) = octets.split_last_chunk()?;
    let fits = usize::from(iv_len) == IV_LEN
        && key_index <= MAX_KEY_INDEX
        && rest.len() >= IV_LEN + LEAST_SEALED;
    fits.then_some(Look::FrameCryptor { key_index })
}

fn dave(octets: &[u8]) -> Option<Look> {
    /// Tag, one octet of nonce, length and mark.
    const LEAST: usize = 8 + 1 + 1 + 2;
    let &[footer_len, 0xfa, 0xfa] = octets.last_chunk()? else {
        return None;
    };
    let fits = (LEAST..=octets.len()).contains(&usize::from(footer_len));
    fits.then_some(Look::Dave { footer_len })
}
