//! Frames in, ciphertexts out.

use core::ptr::null_mut;

use super::boundary::enter;
use super::channel::{media_of, mediaseal_channel};
use super::convert::{Io, Out, SizedOut, apart, octets, octets_mut, sized, sized_or_default};
use super::failure::Refused;
use super::handle::{Object, close_exclusive, exclusive, free_exclusive, new_exclusive, share_of};
use super::key_store::mediaseal_key_store;
use super::numbers::{
    MEDIASEAL_MODE_COMPACT_PACKET, MEDIASEAL_MODE_FRAME, MEDIASEAL_MODE_PACKET,
    MEDIASEAL_PACKET_MAX_LEN_DEFAULT,
};
use super::statistics;
use super::status::{Fault, MEDIASEAL_ERR_UNKNOWN_VALUE, Outcome, mediaseal_status};
use super::types::{
    mediaseal_encryptor_config, mediaseal_failure, mediaseal_frame_info, mediaseal_statistics,
};
use crate::channel::{ChannelEncryptor, Mode};
use crate::frame::{FrameBuf, FrameInfo};
use crate::id::{SenderId, Ssrc};

/// Seals the frames of one thread's streams.
pub struct mediaseal_encryptor {
    _opaque: (),
}

/// An encryptor, and why its last frame was refused.
pub(super) struct Sealer {
    pub(super) encryptor: ChannelEncryptor,
    last: Option<Refused>,
}

impl Object for mediaseal_encryptor {
    type Value = Sealer;
    const TAG: u32 = 0x6d73_0006;
}

/// Makes an encryptor for the raw keys of `store`.
///
/// Borrows `config`, or takes the defaults for NULL. Writes a new object to `out_encryptor`, which the caller ends with mediaseal_encryptor_free.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_PACKET_MAXIMUM, MEDIASEAL_ERR_COMPACT_PROFILE, MEDIASEAL_ERR_UNKNOWN_VALUE for another mode or for media or sender with raw
/// keys, MEDIASEAL_ERR_STRUCT_SIZE, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_encryptor_new(
    store: *const mediaseal_key_store,
    config: *const mediaseal_encryptor_config,
    out_encryptor: *mut *mut mediaseal_encryptor,
) -> mediaseal_status {
    let out = Out::new(out_encryptor, null_mut());
    enter(|| {
        let out = out?;
        let keys = share_of(store)?;
        let config = sized_or_default(config)?;
        if config.media != 0 || config.sender_len != 0 || config.reserved != 0 {
            return Err(Fault(MEDIASEAL_ERR_UNKNOWN_VALUE));
        }
        let mode = mode_of(config.mode, config.max_len)?;
        out.write(new_sealer(ChannelEncryptor::new(&keys.store, mode)?));
        Ok(())
    })
}

/// Makes an encryptor for what one sender sends of one kind of media in `channel`.
///
/// It seals in sessions of its own: as many encryptors as you like, of one sender or several, restarted as often as you like, repeat no nonce. Copies what `config`
/// holds. Writes a new object to `out_encryptor`, which the caller ends with mediaseal_encryptor_free.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_PACKET_MAXIMUM, MEDIASEAL_ERR_COMPACT_PROFILE for that mode, MEDIASEAL_ERR_UNKNOWN_VALUE for another mode or media,
/// MEDIASEAL_ERR_SENDER_ID_TOO_LONG, MEDIASEAL_ERR_STRUCT_SIZE, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_encryptor_new_for_channel(
    channel: *const mediaseal_channel,
    config: *const mediaseal_encryptor_config,
    out_encryptor: *mut *mut mediaseal_encryptor,
) -> mediaseal_status {
    let out = Out::new(out_encryptor, null_mut());
    enter(|| {
        let out = out?;
        let channel = share_of(channel)?;
        let config = sized(config)?;
        if config.reserved != 0 {
            return Err(Fault(MEDIASEAL_ERR_UNKNOWN_VALUE));
        }
        let sender = SenderId::new(octets(config.sender, config.sender_len)?)?;
        let media = media_of(config.media)?;
        let mode = mode_of(config.mode, config.max_len)?;
        let encryptor = ChannelEncryptor::for_channel(&channel, sender, media, mode)?;
        out.write(new_sealer(encryptor));
        Ok(())
    })
}

fn new_sealer(encryptor: ChannelEncryptor) -> *mut mediaseal_encryptor {
    new_exclusive(Sealer {
        encryptor,
        last: None,
    })
}

/// Seals a frame into `out` and writes the octets of the result to `out_len`.
///
/// Borrows `plaintext` and `info` until return; `info` may be NULL. `out` equals `plaintext`, which is then overwritten, or has no octet in common with it. On success
/// `out` begins with header, ciphertext and tag. If the arguments are refused it is unchanged and no counter is spent; if the cipher fails what was written is zeroed and one
/// counter is spent. Nothing ever goes out in clear. Allocates nothing and takes no lock, but at the first frame of a stream or session and after a change of keys.
///
/// Returns MEDIASEAL_OK; MEDIASEAL_ERR_BUFFER_TOO_SMALL (see mediaseal_encryptor_bound), MEDIASEAL_ERR_PACKET_TOO_LONG, MEDIASEAL_ERR_FRAME_TOO_LONG,
/// MEDIASEAL_ERR_METADATA_TOO_LONG, MEDIASEAL_ERR_OVERLAP, MEDIASEAL_ERR_CLOCK_UNSET, MEDIASEAL_ERR_COMPACT_PROFILE; of streams with a codec MEDIASEAL_ERR_NO_CODEC,
/// MEDIASEAL_ERR_NAL_FORMAT, MEDIASEAL_ERR_NAL_TYPE, MEDIASEAL_ERR_SLICE_HEADER, MEDIASEAL_ERR_OBU, MEDIASEAL_ERR_SPATIAL_LAYERS, MEDIASEAL_ERR_CARRIER_TOO_LONG; MEDIASEAL_ERR_NO_ACTIVE_KEY, MEDIASEAL_ERR_KEY_EXHAUSTED,
/// MEDIASEAL_ERR_FORKED; MEDIASEAL_ERR_CIPHER_FAILED, MEDIASEAL_ERR_ENTROPY, `MEDIASEAL_ERR_COUNTER_STORE_…`; MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER,
/// MEDIASEAL_ERR_STRUCT_SIZE, MEDIASEAL_ERR_LENGTH. Exclusive use of `encryptor`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_encryptor_encrypt(
    encryptor: *mut mediaseal_encryptor,
    info: *const mediaseal_frame_info,
    plaintext: *const u8,
    plaintext_len: usize,
    out: *mut u8,
    out_capacity: usize,
    out_len: *mut usize,
) -> mediaseal_status {
    let len = Out::new(out_len, 0);
    exclusive(encryptor, |sealer| {
        let plaintext = (plaintext, plaintext_len);
        sealer.encrypt(info, plaintext, (out, out_capacity), &len?)
    })
}

impl Sealer {
    // Always: the compiler shares it with the batch otherwise, which a single call pays for.
    #[inline(always)]
    fn encrypt(
        &mut self,
        info: *const mediaseal_frame_info,
        plaintext: (*const u8, usize),
        out: (*mut u8, usize),
        len: &Out<usize>,
    ) -> Outcome {
        let sealed = self.seal(info, plaintext, out);
        len.write(self.told(sealed)?);
        Ok(())
    }

    #[inline(always)]
    pub(super) fn seal(
        &mut self,
        info: *const mediaseal_frame_info,
        (plaintext, plaintext_len): (*const u8, usize),
        (out, out_capacity): (*mut u8, usize),
    ) -> Result<usize, Refused> {
        let info = Info::new(info, out, out_capacity)?;
        let sealed_len = match Io::new(plaintext, plaintext_len, out, out_capacity)? {
            Io::Apart(plaintext, out) => {
                self.encryptor.encrypt_into(&info.frame, plaintext, out)?
            }
            Io::Same(buffer) => {
                self.encryptor
                    .encrypt_at_front(&info.frame, buffer, plaintext_len)?
            }
        };
        Ok(sealed_len)
    }

    /// Seals where the frame lies; returns where that is then.
    fn seal_in_place(
        &mut self,
        info: *const mediaseal_frame_info,
        (buffer, capacity): (*mut u8, usize),
        offset: usize,
        len: usize,
    ) -> Result<(usize, usize), Refused> {
        let info = Info::new(info, buffer, capacity)?;
        let mut frame = FrameBuf::new(octets_mut(buffer, capacity)?, offset, len)?;
        let sealed = self.encryptor.encrypt_in_place(&info.frame, &mut frame)?;
        Ok((frame.offset(), sealed.len))
    }

    /// Remembers why a frame was refused.
    #[inline]
    pub(super) fn told<T>(&mut self, result: Result<T, Refused>) -> Result<T, Fault> {
        result.map_err(|refused| self.remember(refused))
    }

    #[cold]
    fn remember(&mut self, refused: Refused) -> Fault {
        self.last = Some(refused);
        refused.into()
    }
}

/// Seals a frame where it lies: `len` octets at `buffer + offset`, so that nothing is moved.
///
/// In front of the frame there is room for the header (MEDIASEAL_HEADROOM octets are always enough), behind it for the tag (MEDIASEAL_TAILROOM). On success
/// `out_offset` and `out_len` tell where header, ciphertext and tag lie in `buffer`. A frame of a stream with a codec is moved, if it must be, and needs a buffer of
/// mediaseal_encryptor_bound octets, else MEDIASEAL_ERR_BUFFER_TOO_SMALL. Otherwise as mediaseal_encryptor_encrypt; if the cipher fails, the frame is zeroed.
///
/// Returns what mediaseal_encryptor_encrypt returns, with MEDIASEAL_ERR_HEADROOM, MEDIASEAL_ERR_TAILROOM and MEDIASEAL_ERR_RANGE_OUTSIDE_BUFFER in place of
/// MEDIASEAL_ERR_BUFFER_TOO_SMALL. Exclusive use of `encryptor`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_encryptor_encrypt_in_place(
    encryptor: *mut mediaseal_encryptor,
    info: *const mediaseal_frame_info,
    buffer: *mut u8,
    capacity: usize,
    offset: usize,
    len: usize,
    out_offset: *mut usize,
    out_len: *mut usize,
) -> mediaseal_status {
    let out_offset = Out::new(out_offset, 0);
    let out_len = Out::new(out_len, 0);
    exclusive(encryptor, |sealer| {
        let (out_offset, out_len) = (out_offset?, out_len?);
        let sealed = sealer.seal_in_place(info, (buffer, capacity), offset, len);
        let (offset, len) = sealer.told(sealed)?;
        out_offset.write(offset);
        out_len.write(len);
        Ok(())
    })
}

/// Writes the most octets that a frame of `len` octets becomes to `out_bound`: the capacity to give.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Exclusive use of `encryptor`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_encryptor_bound(
    encryptor: *mut mediaseal_encryptor,
    len: usize,
    out_bound: *mut usize,
) -> mediaseal_status {
    let out = Out::new(out_bound, 0);
    exclusive(encryptor, |sealer| {
        let out = out?;
        // The cipher of a channel is known when a generation is active.
        sealer.encryptor.refresh();
        out.write(sealer.encryptor.encrypted_len_bound(len));
        Ok(())
    })
}

/// Writes the exact octets that header and tag add to the next frame to `out_overhead`, if no other encryptor of the store is quicker.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_NO_ACTIVE_KEY, MEDIASEAL_ERR_CLOCK_UNSET, MEDIASEAL_ERR_CIPHER_FAILED, MEDIASEAL_ERR_ENTROPY, MEDIASEAL_ERR_FORKED, MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Exclusive use
/// of `encryptor`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_encryptor_next_overhead(
    encryptor: *mut mediaseal_encryptor,
    out_overhead: *mut usize,
) -> mediaseal_status {
    let out = Out::new(out_overhead, 0);
    exclusive(encryptor, |sealer| {
        let out = out?;
        out.write(sealer.encryptor.next_overhead()?);
        Ok(())
    })
}

/// Takes over changes of the keys now, so that a retired key is wiped though no frame comes.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Exclusive use of `encryptor`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_encryptor_refresh(
    encryptor: *mut mediaseal_encryptor,
) -> mediaseal_status {
    exclusive(encryptor, |sealer| {
        sealer.encryptor.refresh();
        Ok(())
    })
}

/// Writes why the last refused frame was refused to `out_failure`, in numbers.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_STRUCT_SIZE. Exclusive use of `encryptor`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_encryptor_last_failure(
    encryptor: *mut mediaseal_encryptor,
    out_failure: *mut mediaseal_failure,
) -> mediaseal_status {
    exclusive(encryptor, |sealer| {
        SizedOut::new(out_failure)?.write(&mediaseal_failure::of(sealer.last.as_ref()));
        Ok(())
    })
}

/// Writes how many streams are counted apart, at most 1,024, to `out_count`.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Exclusive use of `encryptor`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_encryptor_statistics_count(
    encryptor: *mut mediaseal_encryptor,
    out_count: *mut usize,
) -> mediaseal_status {
    let out = Out::new(out_count, 0);
    exclusive(encryptor, |sealer| {
        out?.write(sealer.encryptor.statistics().len());
        Ok(())
    })
}

/// Writes the counters of stream `index`, in the order in which the streams began, to `out_statistics`.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_INDEX, MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_STRUCT_SIZE. Exclusive use of
/// `encryptor`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_encryptor_statistics(
    encryptor: *mut mediaseal_encryptor,
    index: usize,
    out_statistics: *mut mediaseal_statistics,
) -> mediaseal_status {
    exclusive(encryptor, |sealer| {
        statistics::stream(sealer.encryptor.statistics(), index, out_statistics)
    })
}

/// Writes the counters over all streams to `out_statistics`.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_STRUCT_SIZE. Exclusive use of `encryptor`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_encryptor_totals(
    encryptor: *mut mediaseal_encryptor,
    out_statistics: *mut mediaseal_statistics,
) -> mediaseal_status {
    exclusive(encryptor, |sealer| {
        statistics::totals(sealer.encryptor.totals(), out_statistics)
    })
}

/// Ends the use of an encryptor: calls that begin later return MEDIASEAL_ERR_CLOSED, and the first of them, or mediaseal_encryptor_free, wipes what it holds.
///
/// Returns MEDIASEAL_OK, also if it is closed already; MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_BAD_HANDLE. Any thread, at any time. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_encryptor_close(
    encryptor: *mut mediaseal_encryptor,
) -> mediaseal_status {
    close_exclusive(encryptor)
}

/// Frees an encryptor, the last use of it. NULL is accepted; store and channel may be freed before or after. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_encryptor_free(encryptor: *mut mediaseal_encryptor) {
    free_exclusive(encryptor);
}

/// The mode of a number that came in.
pub(super) fn mode_of(number: u32, max_len: usize) -> Result<Mode, Fault> {
    let max_len_or_default = match max_len {
        0 => MEDIASEAL_PACKET_MAX_LEN_DEFAULT,
        max_len => max_len,
    };
    match number {
        MEDIASEAL_MODE_FRAME if max_len == 0 => Ok(Mode::Frame),
        MEDIASEAL_MODE_PACKET => Ok(Mode::Packet {
            max_len: max_len_or_default,
        }),
        MEDIASEAL_MODE_COMPACT_PACKET => Ok(Mode::CompactPacket {
            max_len: max_len_or_default,
        }),
        _ => Err(Fault(MEDIASEAL_ERR_UNKNOWN_VALUE)),
    }
}

/// What the caller says of a frame, read once and seen to lie apart from the buffer that is written.
pub(super) struct Info<'a> {
    pub(super) frame: FrameInfo<'a>,
}

impl Info<'_> {
    #[inline]
    pub(super) fn new(
        info: *const mediaseal_frame_info,
        out: *const u8,
        capacity: usize,
    ) -> Result<Self, Fault> {
        if info.is_null() {
            let frame = FrameInfo::default();
            return Ok(Self { frame });
        }
        let info = sized(info)?;
        let frame = FrameInfo::new(Ssrc::new(info.ssrc));
        if info.metadata_len == 0 {
            return Ok(Self { frame });
        }
        let metadata = octets(info.metadata, info.metadata_len)?;
        apart(info.metadata, info.metadata_len, out, capacity)?;
        Ok(Self {
            frame: frame.metadata(metadata),
        })
    }
}
