//! The codec of a stream: which form its frames have.

use core::ffi::c_char;

use super::boundary::contain;
use super::convert::{Out, text};
use super::decryptor::mediaseal_decryptor;
use super::encryptor::mediaseal_encryptor;
use super::handle::exclusive;
use super::numbers::{
    MEDIASEAL_CODEC_AV1, MEDIASEAL_CODEC_H264, MEDIASEAL_CODEC_H265, MEDIASEAL_CODEC_OPAQUE,
    MEDIASEAL_CODEC_OPUS, MEDIASEAL_CODEC_REFUSED, MEDIASEAL_CODEC_VP8, MEDIASEAL_CODEC_VP9,
    MEDIASEAL_NAL_ANNEX_B, MEDIASEAL_NAL_LENGTH_1, MEDIASEAL_NAL_LENGTH_2, MEDIASEAL_NAL_LENGTH_4,
};
use super::status::{Fault, MEDIASEAL_ERR_UNKNOWN_VALUE, mediaseal_status};
use crate::format::codec::{Codec, NalFormat};
use crate::id::Ssrc;

/// Finds a codec by the name of its RTP payload format ("H264", "H265", "VP8", "VP9", "AV1", "opus") or its media type ("video/H264"), in any case, and writes its
/// MEDIASEAL_CODEC_ number to `out_codec`.
///
/// Borrows `name`, which ends with a zero octet.
///
/// Returns MEDIASEAL_OK; MEDIASEAL_ERR_UNKNOWN_VALUE for a codec without a codec-aware form: choose MEDIASEAL_CODEC_OPAQUE, or refuse the stream;
/// MEDIASEAL_ERR_NOT_UTF8, MEDIASEAL_ERR_NULL_POINTER. Any thread, also in callbacks. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_codec_from_name(
    name: *const c_char,
    out_codec: *mut u32,
) -> mediaseal_status {
    let out = Out::new(out_codec, MEDIASEAL_CODEC_REFUSED);
    contain(|| {
        let out = out?;
        let codec = text(name)?.parse();
        out.write(number_of(
            codec.map_err(|_| Fault(MEDIASEAL_ERR_UNKNOWN_VALUE))?,
        ));
        Ok(())
    })
}

/// Sets the codec of stream `ssrc`, so that its frames pass those who look into them: packetizers and relays. The other side sets the same; it is authenticated with
/// each frame.
///
/// `codec` is a MEDIASEAL_CODEC_ number, `nal_format` how the encoder gives NAL units, MEDIASEAL_NAL_ANNEX_B also for codecs that have none. Frames grow by more than
/// MEDIASEAL_HEADROOM and MEDIASEAL_TAILROOM then: mediaseal_encryptor_bound tells by how much at most, and a buffer of so many octets is enough wherever the
/// frame lies in it.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_CODEC_OF_PACKETS, MEDIASEAL_ERR_CODEC_STREAMS, MEDIASEAL_ERR_UNKNOWN_VALUE, MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED,
/// MEDIASEAL_ERR_NULL_POINTER. Exclusive use of `encryptor`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_encryptor_set_codec(
    encryptor: *mut mediaseal_encryptor,
    ssrc: u32,
    codec: u32,
    nal_format: u32,
) -> mediaseal_status {
    exclusive(encryptor, |sealer| {
        let codec = codec_of(codec, nal_format)?;
        Ok(sealer.encryptor.set_codec(Ssrc::new(ssrc), codec)?)
    })
}

/// Sets the codec of streams for which none is set: MEDIASEAL_CODEC_OPAQUE at first. With MEDIASEAL_CODEC_REFUSED their frames are refused.
///
/// Otherwise as mediaseal_encryptor_set_codec.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_CODEC_OF_PACKETS, MEDIASEAL_ERR_UNKNOWN_VALUE, MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Exclusive
/// use of `encryptor`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_encryptor_set_default_codec(
    encryptor: *mut mediaseal_encryptor,
    codec: u32,
    nal_format: u32,
) -> mediaseal_status {
    exclusive(encryptor, |sealer| {
        let codec = default_of(codec, nal_format)?;
        Ok(sealer.encryptor.set_default_codec(codec)?)
    })
}

/// Sets the codec of stream `ssrc`, as its sender did by mediaseal_encryptor_set_codec. A frame whose sender set another is refused.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_CODEC_OF_PACKETS, MEDIASEAL_ERR_CODEC_STREAMS, MEDIASEAL_ERR_UNKNOWN_VALUE, MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED,
/// MEDIASEAL_ERR_NULL_POINTER. Exclusive use of `decryptor`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_decryptor_set_codec(
    decryptor: *mut mediaseal_decryptor,
    ssrc: u32,
    codec: u32,
    nal_format: u32,
) -> mediaseal_status {
    exclusive(decryptor, |opener| {
        let codec = codec_of(codec, nal_format)?;
        Ok(opener.decryptor.set_codec(Ssrc::new(ssrc), codec)?)
    })
}

/// Sets the codec of streams for which none is set: MEDIASEAL_CODEC_OPAQUE at first. With MEDIASEAL_CODEC_REFUSED their frames are refused.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_CODEC_OF_PACKETS, MEDIASEAL_ERR_UNKNOWN_VALUE, MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Exclusive
/// use of `decryptor`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_decryptor_set_default_codec(
    decryptor: *mut mediaseal_decryptor,
    codec: u32,
    nal_format: u32,
) -> mediaseal_status {
    exclusive(decryptor, |opener| {
        let codec = default_of(codec, nal_format)?;
        Ok(opener.decryptor.set_default_codec(codec)?)
    })
}

fn default_of(codec: u32, nal_format: u32) -> Result<Option<Codec>, Fault> {
    if codec == MEDIASEAL_CODEC_REFUSED && nal_format == MEDIASEAL_NAL_ANNEX_B {
        return Ok(None);
    }
    codec_of(codec, nal_format).map(Some)
}

pub(super) fn codec_of(codec: u32, nal_format: u32) -> Result<Codec, Fault> {
    let format = match nal_format {
        MEDIASEAL_NAL_ANNEX_B => NalFormat::AnnexB,
        MEDIASEAL_NAL_LENGTH_1 => NalFormat::Length1,
        MEDIASEAL_NAL_LENGTH_2 => NalFormat::Length2,
        MEDIASEAL_NAL_LENGTH_4 => NalFormat::Length4,
        _ => return Err(Fault(MEDIASEAL_ERR_UNKNOWN_VALUE)),
    };
    match codec {
        MEDIASEAL_CODEC_H264 => Ok(Codec::H264(format)),
        MEDIASEAL_CODEC_H265 => Ok(Codec::H265(format)),
        _ if format != NalFormat::AnnexB => Err(Fault(MEDIASEAL_ERR_UNKNOWN_VALUE)),
        MEDIASEAL_CODEC_OPAQUE => Ok(Codec::Opaque),
        MEDIASEAL_CODEC_VP8 => Ok(Codec::Vp8),
        MEDIASEAL_CODEC_VP9 => Ok(Codec::Vp9),
        MEDIASEAL_CODEC_AV1 => Ok(Codec::Av1),
        MEDIASEAL_CODEC_OPUS => Ok(Codec::Opus),
        _ => Err(Fault(MEDIASEAL_ERR_UNKNOWN_VALUE)),
    }
}

/// The number of a codec's form of NAL units; that of start codes where it has none.
pub(super) const fn nal_number_of(codec: Codec) -> u32 {
    let (Codec::H264(format) | Codec::H265(format)) = codec else {
        return MEDIASEAL_NAL_ANNEX_B;
    };
    match format {
        NalFormat::AnnexB => MEDIASEAL_NAL_ANNEX_B,
        NalFormat::Length1 => MEDIASEAL_NAL_LENGTH_1,
        NalFormat::Length2 => MEDIASEAL_NAL_LENGTH_2,
        NalFormat::Length4 => MEDIASEAL_NAL_LENGTH_4,
    }
}

pub(super) const fn number_of(codec: Codec) -> u32 {
    match codec {
        Codec::Opaque => MEDIASEAL_CODEC_OPAQUE,
        Codec::H264(_) => MEDIASEAL_CODEC_H264,
        Codec::H265(_) => MEDIASEAL_CODEC_H265,
        Codec::Vp8 => MEDIASEAL_CODEC_VP8,
        Codec::Vp9 => MEDIASEAL_CODEC_VP9,
        Codec::Av1 => MEDIASEAL_CODEC_AV1,
        Codec::Opus => MEDIASEAL_CODEC_OPUS,
    }
}
