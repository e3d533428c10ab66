//! Why a frame does not open, and what octets look like.

use core::fmt::Display;

use super::boundary::contain;
use super::channel::mediaseal_channel;
use super::codec::{nal_number_of, number_of};
use super::convert::Sized32;
use super::convert::{SizedOut, items, octets, sized_or_default};
use super::decryptor::{mediaseal_decryptor, pairs_of};
use super::encryptor::Info;
use super::events::name;
use super::handle::{exclusive, share_of};
use super::numbers::*;
use super::status::{
    Fault, MEDIASEAL_ERR_INDEX, MEDIASEAL_ERR_UNKNOWN_VALUE, MEDIASEAL_OK, mediaseal_status,
};
use super::types::{mediaseal_expected, mediaseal_frame_info, sized};
use crate::channel::{Diagnosis, Reason, Suspects};
use crate::error::Error;
use crate::format::codec::Codec;
use crate::format::looks::{Look, looks};
use crate::id::{Counter, KeyId};
use crate::keys::channel::Channel;

/// Metadata that a frame may have been sealed with.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mediaseal_metadata {
    /// The octets; NULL for none.
    pub octets: *const u8,
    /// Their number.
    pub len: usize,
}

/// What a frame may be of that the decryptor does not expect: the more is named, the more can be told apart. Initialize with MEDIASEAL_SUSPECTS_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mediaseal_suspects {
    /// Octets of this struct.
    pub struct_size: u32,
    /// Zero.
    pub reserved: u32,
    /// Senders, and what they send; NULL for none.
    pub senders: *const mediaseal_expected,
    /// Their number.
    pub sender_count: usize,
    /// Other channels; NULL for none.
    pub channels: *const *const mediaseal_channel,
    /// Their number.
    pub channel_count: usize,
    /// Other metadata; NULL for none. No metadata at all is always tried.
    pub metadata: *const mediaseal_metadata,
    /// Their number.
    pub metadata_count: usize,
}

/// What a frame turned out to be. Initialize with MEDIASEAL_DIAGNOSIS_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mediaseal_diagnosis {
    /// Octets of this struct.
    pub struct_size: u32,
    /// Why it does not open: one of `MEDIASEAL_REASON_…`.
    pub reason: u32,
    /// Any of `MEDIASEAL_DIAGNOSIS_…`.
    pub flags: u32,
    /// The stream that was named.
    pub ssrc: u32,
    /// KID that its header claims.
    pub kid: u64,
    /// CTR that its header claims.
    pub ctr: u64,
    /// Octets before or behind it that are not its own.
    pub octets: u64,
    /// The number, from 0, of the channel or metadata in mediaseal_suspects.
    pub suspect: u64,
    /// For MEDIASEAL_REASON_NOT_ENCRYPTED and MEDIASEAL_REASON_OTHER_CODEC, one of `MEDIASEAL_CODEC_…`.
    pub codec: u32,
    /// With it, one of `MEDIASEAL_NAL_…`.
    pub nal_format: u32,
    /// For MEDIASEAL_REASON_OTHER_SENDER, one of `MEDIASEAL_MEDIA_…`.
    pub media: u32,
    /// For MEDIASEAL_REASON_MALFORMED, how it breaks the format; else MEDIASEAL_OK.
    pub status: mediaseal_status,
    /// Zero.
    pub reserved: u32,
    /// Octets of the sender's name.
    pub sender_len: u32,
    /// Whose key opened it, or would have; zero octets follow the name.
    pub sender: [u8; 256],
    /// The same in English, for a log or a support engineer; it ends with a zero octet.
    pub text: [u8; 384],
}

/// Something that octets look like. Initialize with MEDIASEAL_LOOK_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mediaseal_look {
    /// Octets of this struct.
    pub struct_size: u32,
    /// One of `MEDIASEAL_LOOK_…`.
    pub kind: u32,
    /// One of `MEDIASEAL_CODEC_…`.
    pub codec: u32,
    /// SSRC of an RTP packet.
    pub ssrc: u32,
    /// KID in the header.
    pub kid: u64,
    /// CTR in the header.
    pub ctr: u64,
    /// What the kind says.
    pub number: u64,
    /// The same in English; it ends with a zero octet.
    pub text: [u8; 128],
}

sized! { mediaseal_suspects mediaseal_diagnosis mediaseal_look }

/// Tells why a frame does not open, or that it does, and writes it to `out_diagnosis`.
///
/// Borrows `octets`, `info` (NULL for the defaults) and `suspects` (NULL for none) until return. Nothing changes: no counter, no replay window, no session. No plaintext leaves. It takes as
/// long as hundreds of frames for each sender that is expected, and allocates: it is for support, off the media threads.
///
/// Returns MEDIASEAL_OK whatever the frame is; MEDIASEAL_ERR_UNKNOWN_VALUE, MEDIASEAL_ERR_SENDER_ID_TOO_LONG, MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_BAD_HANDLE,
/// MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_STRUCT_SIZE, MEDIASEAL_ERR_LENGTH. Exclusive use of `decryptor`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_decryptor_explain(
    decryptor: *mut mediaseal_decryptor,
    info: *const mediaseal_frame_info,
    octets: *const u8,
    len: usize,
    suspects: *const mediaseal_suspects,
    out_diagnosis: *mut mediaseal_diagnosis,
) -> mediaseal_status {
    let out = SizedOut::new(out_diagnosis);
    exclusive(decryptor, |opener| {
        let out = out?;
        let info = Info::new(info, core::ptr::null(), 0)?;
        let octets = self::octets(octets, len)?;
        let suspects = sized_or_default(suspects)?;
        if suspects.reserved != 0 {
            return Err(Fault(MEDIASEAL_ERR_UNKNOWN_VALUE));
        }
        let senders = pairs_of(suspects.senders, suspects.sender_count)?;
        let channels = items(suspects.channels, suspects.channel_count)?
            .iter()
            .map(|channel| share_of::<mediaseal_channel>(*channel))
            .collect::<Result<Vec<Channel>, Fault>>()?;
        let metadata = items(suspects.metadata, suspects.metadata_count)?
            .iter()
            .map(|metadata: &mediaseal_metadata| self::octets(metadata.octets, metadata.len))
            .collect::<Result<Vec<&[u8]>, Fault>>()?;
        let suspects = Suspects::new()
            .senders(&senders)
            .channels(&channels)
            .metadata(&metadata);
        let diagnosis = opener.decryptor.explain(&info.frame, octets, &suspects);
        out.write(&mediaseal_diagnosis::of(&diagnosis));
        Ok(())
    })
}

/// Writes to `out_look` what octets look like to somebody who has no key: number `index`, from 0, of the answers, the likeliest first.
///
/// Borrows `octets`. Nothing of it is proof: a ciphertext looks like anything now and then.
///
/// Returns MEDIASEAL_OK; MEDIASEAL_ERR_INDEX behind the last answer; MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_STRUCT_SIZE, MEDIASEAL_ERR_LENGTH. Any thread, also in callbacks. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_look_at(
    octets: *const u8,
    len: usize,
    index: usize,
    out_look: *mut mediaseal_look,
) -> mediaseal_status {
    let out = SizedOut::new(out_look);
    contain(|| {
        let out = out?;
        let looks = looks(self::octets(octets, len)?);
        let look = looks.get(index).ok_or(Fault(MEDIASEAL_ERR_INDEX))?;
        out.write(&mediaseal_look::of(look));
        Ok(())
    })
}

/// A sentence in its field, with a zero octet at its end.
fn sentence<const N: usize>(words: &impl Display) -> [u8; N] {
    let words = words.to_string();
    let mut end = words.len().min(N - 1);
    while !words.is_char_boundary(end) {
        end -= 1;
    }
    let mut field = [0; N];
    field[..end].copy_from_slice(&words.as_bytes()[..end]);
    field
}

fn number_of_reason(reason: &Reason) -> u32 {
    match reason {
        Reason::Opens => MEDIASEAL_REASON_OPENS,
        Reason::Empty => MEDIASEAL_REASON_EMPTY,
        Reason::NotEncrypted { .. } => MEDIASEAL_REASON_NOT_ENCRYPTED,
        Reason::EncryptedTwice => MEDIASEAL_REASON_ENCRYPTED_TWICE,
        Reason::Truncated => MEDIASEAL_REASON_TRUNCATED,
        Reason::Malformed(_) => MEDIASEAL_REASON_MALFORMED,
        Reason::NoSuchKey => MEDIASEAL_REASON_NO_SUCH_KEY,
        Reason::Retired => MEDIASEAL_REASON_RETIRED,
        Reason::NotYetActive => MEDIASEAL_REASON_NOT_YET_ACTIVE,
        Reason::Reflected => MEDIASEAL_REASON_REFLECTED,
        Reason::StaleSession => MEDIASEAL_REASON_STALE_SESSION,
        Reason::ClockMismatch => MEDIASEAL_REASON_CLOCK_MISMATCH,
        Reason::IntegrityLimit => MEDIASEAL_REASON_INTEGRITY_LIMIT,
        Reason::Duplicate => MEDIASEAL_REASON_DUPLICATE,
        Reason::TooOld => MEDIASEAL_REASON_TOO_OLD,
        Reason::Replayed => MEDIASEAL_REASON_REPLAYED,
        Reason::TrailingOctets { .. } => MEDIASEAL_REASON_TRAILING_OCTETS,
        Reason::LeadingOctets { .. } => MEDIASEAL_REASON_LEADING_OCTETS,
        Reason::OtherCodec { .. } => MEDIASEAL_REASON_OTHER_CODEC,
        Reason::OtherMetadata { .. } => MEDIASEAL_REASON_OTHER_METADATA,
        Reason::OtherSender { .. } => MEDIASEAL_REASON_OTHER_SENDER,
        Reason::OtherChannel { .. } => MEDIASEAL_REASON_OTHER_CHANNEL,
        Reason::Altered => MEDIASEAL_REASON_ALTERED,
        Reason::WrongKey => MEDIASEAL_REASON_WRONG_KEY,
        Reason::CipherFailed => MEDIASEAL_REASON_CIPHER_FAILED,
        Reason::NoCodec => MEDIASEAL_REASON_NO_CODEC,
    }
}

impl mediaseal_diagnosis {
    /// The same, as C has it.
    fn of(diagnosis: &Diagnosis) -> Self {
        let flag = |is_set, flag| if is_set { flag } else { 0 };
        let codec = match diagnosis.reason {
            Reason::NotEncrypted { codec } => codec,
            Reason::OtherCodec { sender } => sender.unwrap_or(Codec::Opaque),
            _ => Codec::Opaque,
        };
        let (octets, is_padding) = match diagnosis.reason {
            Reason::TrailingOctets {
                len,
                is_rtp_padding,
            } => (len, is_rtp_padding),
            Reason::LeadingOctets { len } => (len, false),
            _ => (0, false),
        };
        let suspect = match diagnosis.reason {
            Reason::OtherMetadata { suspect } => suspect,
            Reason::OtherChannel { suspect } => Some(suspect),
            _ => None,
        };
        let (sender, sender_len) = match (&diagnosis.reason, &diagnosis.sender) {
            (Reason::OtherSender { sender, .. }, _) | (_, Some(sender)) => name(sender),
            _ => ([0; 256], 0),
        };
        let (kid, ctr) = diagnosis.header.unzip();
        Self {
            struct_size: 0,
            reason: number_of_reason(&diagnosis.reason),
            flags: flag(kid.is_some(), MEDIASEAL_DIAGNOSIS_HAS_HEADER)
                | flag(is_padding, MEDIASEAL_DIAGNOSIS_RTP_PADDING)
                | flag(suspect.is_some(), MEDIASEAL_DIAGNOSIS_HAS_SUSPECT),
            ssrc: diagnosis.stream.value(),
            kid: kid.map_or(0, KeyId::value),
            ctr: ctr.map_or(0, Counter::value),
            octets: octets as u64,
            suspect: suspect.unwrap_or(0) as u64,
            codec: number_of(codec),
            nal_format: nal_number_of(codec),
            media: match diagnosis.reason {
                Reason::OtherSender { media, .. } => media.value().into(),
                _ => 0,
            },
            status: match diagnosis.reason {
                Reason::Malformed(malformed) => Fault::from(Error::from(malformed)).0,
                _ => MEDIASEAL_OK,
            },
            reserved: 0,
            sender_len,
            sender,
            text: sentence(&diagnosis.reason),
        }
    }
}

impl mediaseal_look {
    /// The same, as C has it.
    fn of(look: &Look) -> Self {
        let nothing = Self {
            struct_size: 0,
            kind: MEDIASEAL_LOOK_EMPTY,
            codec: MEDIASEAL_CODEC_OPAQUE,
            ssrc: 0,
            kid: 0,
            ctr: 0,
            number: 0,
            text: sentence(look),
        };
        match *look {
            Look::Empty => nothing,
            Look::Sframe { kid, ctr, .. } => Self {
                kind: MEDIASEAL_LOOK_SFRAME,
                kid: kid.value(),
                ctr: ctr.value(),
                ..nothing
            },
            Look::CodecAware { codec, kid, ctr } => Self {
                kind: MEDIASEAL_LOOK_CODEC_AWARE,
                codec: number_of(codec),
                kid: kid.value(),
                ctr: ctr.value(),
                ..nothing
            },
            Look::Plaintext { codec } => Self {
                kind: MEDIASEAL_LOOK_PLAINTEXT,
                codec: number_of(codec),
                ..nothing
            },
            Look::RtpPacket {
                payload_type, ssrc, ..
            } => Self {
                kind: MEDIASEAL_LOOK_RTP_PACKET,
                ssrc,
                number: payload_type.into(),
                ..nothing
            },
            Look::RtpFragment { is_first, is_last } => Self {
                kind: MEDIASEAL_LOOK_RTP_FRAGMENT,
                number: u64::from(is_first) | u64::from(is_last) << 1,
                ..nothing
            },
            Look::RtpPadding { len } => Self {
                kind: MEDIASEAL_LOOK_RTP_PADDING,
                number: len.into(),
                ..nothing
            },
            Look::FrameCryptor { key_index } => Self {
                kind: MEDIASEAL_LOOK_FRAME_CRYPTOR,
                number: key_index.into(),
                ..nothing
            },
            Look::Dave { footer_len } => Self {
                kind: MEDIASEAL_LOOK_DAVE,
                number: footer_len.into(),
                ..nothing
            },
        }
    }
}
