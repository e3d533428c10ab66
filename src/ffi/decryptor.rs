//! Ciphertexts in, frames and their senders out.

use core::ptr::null_mut;

use super::boundary::enter;
use super::channel::{media_of, mediaseal_channel};
use super::convert::{Io, Out, SizedOut, items, octets, octets_mut, sized, sized_or_default};
use super::encryptor::{Info, mode_of};
use super::failure::Refused;
use super::handle::{Object, close_exclusive, exclusive, free_exclusive, new_exclusive, share_of};
use super::key_store::mediaseal_key_store;
use super::numbers::{MEDIASEAL_EXPECTED_MAX, MEDIASEAL_HAS_EPOCH};
use super::statistics;
use super::status::{
    Fault, MEDIASEAL_ERR_EXPECTED_SENDERS, MEDIASEAL_ERR_UNKNOWN_VALUE, Outcome, mediaseal_status,
};
use super::types::{
    mediaseal_decryptor_config, mediaseal_expected, mediaseal_failure, mediaseal_frame_info,
    mediaseal_key_frame_request, mediaseal_opened, mediaseal_statistics,
};
use crate::channel::{ChannelDecryptor, NeedKeyFrame, Opened};
use crate::error::Error;
use crate::frame::FrameBuf;
use crate::id::{Media, SenderId};

/// Opens the frames of one thread's streams, of any number of senders.
pub struct mediaseal_decryptor {
    _opaque: (),
}

/// A decryptor, and why its last frame was refused.
pub(super) struct Opener {
    pub(super) decryptor: ChannelDecryptor,
    pub(super) last: Option<Refused>,
    /// The sender's name that was lent with it lives as long.
    asked: Option<NeedKeyFrame>,
}

impl Object for mediaseal_decryptor {
    type Value = Opener;
    const TAG: u32 = 0x6d73_0007;
}

/// Makes a decryptor for the raw keys of `store`.
///
/// Borrows `config`, or takes the defaults for NULL. Writes a new object to `out_decryptor`, which the caller ends with mediaseal_decryptor_free.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_UNKNOWN_VALUE for another mode or for expected senders with raw keys, MEDIASEAL_ERR_STRUCT_SIZE, MEDIASEAL_ERR_CLOSED,
/// MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_decryptor_new(
    store: *const mediaseal_key_store,
    config: *const mediaseal_decryptor_config,
    out_decryptor: *mut *mut mediaseal_decryptor,
) -> mediaseal_status {
    let out = Out::new(out_decryptor, null_mut());
    enter(|| {
        let out = out?;
        let keys = share_of(store)?;
        let config = sized_or_default(config)?;
        if config.expected_count != 0 {
            return Err(Fault(MEDIASEAL_ERR_UNKNOWN_VALUE));
        }
        let decryptor = ChannelDecryptor::new(&keys.store, mode_of(config.mode, 0)?)?;
        out.write(new_opener(decryptor));
        Ok(())
    })
}

/// Makes a decryptor for what the expected pairs of sender and media send in `channel`. More senders are announced by mediaseal_channel_expect_session.
///
/// Copies what `config` holds. Writes a new object to `out_decryptor`, which the caller ends with mediaseal_decryptor_free.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_EXPECTED_SENDERS, MEDIASEAL_ERR_UNKNOWN_VALUE for another mode or media, MEDIASEAL_ERR_SENDER_ID_TOO_LONG,
/// MEDIASEAL_ERR_STRUCT_SIZE, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_decryptor_new_for_channel(
    channel: *const mediaseal_channel,
    config: *const mediaseal_decryptor_config,
    out_decryptor: *mut *mut mediaseal_decryptor,
) -> mediaseal_status {
    let out = Out::new(out_decryptor, null_mut());
    enter(|| {
        let out = out?;
        let channel = share_of(channel)?;
        let config = sized(config)?;
        if config.expected_count > MEDIASEAL_EXPECTED_MAX {
            return Err(Fault(MEDIASEAL_ERR_EXPECTED_SENDERS));
        }
        let expected = pairs_of(config.expected, config.expected_count)?;
        let mode = mode_of(config.mode, 0)?;
        out.write(new_opener(ChannelDecryptor::for_channel(
            &channel, &expected, mode,
        )?));
        Ok(())
    })
}

/// Pairs of sender and media.
pub(super) fn pairs_of(
    pairs: *const mediaseal_expected,
    count: usize,
) -> Result<Vec<(SenderId, Media)>, Fault> {
    items(pairs, count)?
        .iter()
        .map(|expected| {
            if expected.reserved != 0 {
                return Err(Fault(MEDIASEAL_ERR_UNKNOWN_VALUE));
            }
            let sender = SenderId::new(octets(expected.sender, expected.sender_len)?)?;
            Ok((sender, media_of(expected.media)?))
        })
        .collect()
}

fn new_opener(decryptor: ChannelDecryptor) -> *mut mediaseal_decryptor {
    new_exclusive(Opener {
        decryptor,
        last: None,
        asked: None,
    })
}

/// Opens a frame into `out` and writes the octets of the plaintext to `out_len`.
///
/// Borrows `ciphertext` and `info` until return; `info` may be NULL. `out` equals `ciphertext`, which is then overwritten, or has no octet in common with it. `out_opened`
/// may be NULL; what it says is authenticated. If the frame is refused, `out` is unchanged or zeroed where it was written to, and never holds plaintext; until
/// return `out` may hold what has not been authenticated, and nobody else may read it. If its key is missing or not open yet, or the frame is malformed or truncated,
/// nothing has changed, and it may be tried again. Allocates nothing and takes no lock, but at the first frame of a
/// stream or session and after a change of keys.
///
/// Returns MEDIASEAL_OK; a `MEDIASEAL_ERR_…` of class MEDIASEAL_CLASS_DROP_THE_PACKET; MEDIASEAL_ERR_MISSING_KEY, MEDIASEAL_ERR_NOT_YET_ACTIVE,
/// MEDIASEAL_ERR_INTEGRITY_LIMIT; MEDIASEAL_ERR_BUFFER_TOO_SMALL (the length of the ciphertext is always enough), MEDIASEAL_ERR_METADATA_TOO_LONG,
/// MEDIASEAL_ERR_NO_CODEC, MEDIASEAL_ERR_OVERLAP; MEDIASEAL_ERR_CIPHER_FAILED; MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_STRUCT_SIZE,
/// MEDIASEAL_ERR_LENGTH. Exclusive use of `decryptor`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_decryptor_decrypt(
    decryptor: *mut mediaseal_decryptor,
    info: *const mediaseal_frame_info,
    ciphertext: *const u8,
    ciphertext_len: usize,
    out: *mut u8,
    out_capacity: usize,
    out_len: *mut usize,
    out_opened: *mut mediaseal_opened,
) -> mediaseal_status {
    let len = Out::new(out_len, 0);
    exclusive(decryptor, |opener| {
        let ciphertext = (ciphertext, ciphertext_len);
        opener.decrypt(info, ciphertext, (out, out_capacity), &len?, out_opened)
    })
}

impl Opener {
    // Always: the compiler shares it with the batch otherwise, which a single call pays for.
    #[inline(always)]
    fn decrypt(
        &mut self,
        info: *const mediaseal_frame_info,
        ciphertext: (*const u8, usize),
        out: (*mut u8, usize),
        len: &Out<usize>,
        out_opened: *mut mediaseal_opened,
    ) -> Outcome {
        let told = SizedOut::optional(out_opened)?;
        match self.open(info, ciphertext, out) {
            Ok(opened) => {
                len.write(opened.len);
                if let Some(told) = told {
                    told.write(&mediaseal_opened::of(&opened));
                }
                Ok(())
            }
            Err(refused) => {
                self.last = Some(refused);
                Err(refused.into())
            }
        }
    }

    #[inline(always)]
    pub(super) fn open(
        &mut self,
        info: *const mediaseal_frame_info,
        (ciphertext, ciphertext_len): (*const u8, usize),
        (out, out_capacity): (*mut u8, usize),
    ) -> Result<Opened<'_>, Refused> {
        let info = Info::new(info, out, out_capacity)?;
        let opened = match Io::new(ciphertext, ciphertext_len, out, out_capacity)? {
            Io::Apart(ciphertext, out) => {
                self.decryptor.decrypt_into(&info.frame, ciphertext, out)?
            }
            Io::Same(buffer) if buffer.len() < ciphertext_len => {
                let (needed, available) = (ciphertext_len, buffer.len());
                return Err(Error::BufferTooSmall { needed, available }.into());
            }
            Io::Same(buffer) => {
                self.decryptor
                    .decrypt_at_front(&info.frame, buffer, ciphertext_len)?
            }
        };
        Ok(opened)
    }

    /// Why the last frame was refused, and whose it was.
    pub(super) fn failure(&self) -> mediaseal_failure {
        mediaseal_failure::of_frame(self.last.as_ref(), self.decryptor.last_failure())
    }

    /// Opens where the frame lies; returns where the plaintext is then.
    fn open_in_place(
        &mut self,
        info: *const mediaseal_frame_info,
        (buffer, capacity): (*mut u8, usize),
        offset: usize,
        len: usize,
    ) -> Result<(usize, Opened<'_>), Refused> {
        let info = Info::new(info, buffer, capacity)?;
        let mut frame = FrameBuf::new(octets_mut(buffer, capacity)?, offset, len)?;
        let opened = self.decryptor.decrypt_in_place(&info.frame, &mut frame)?;
        Ok((frame.offset(), opened))
    }
}

/// Opens a frame where it lies: `len` octets at `buffer + offset`, so that nothing is moved.
///
/// On success `out_offset` and `out_len` tell where the plaintext lies in `buffer`. If the frame is refused it is unchanged, or its ciphertext is zeroed or spoilt. Otherwise as
/// mediaseal_decryptor_decrypt.
///
/// Returns what mediaseal_decryptor_decrypt returns, with MEDIASEAL_ERR_RANGE_OUTSIDE_BUFFER in place of MEDIASEAL_ERR_BUFFER_TOO_SMALL. Exclusive use of
/// `decryptor`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_decryptor_decrypt_in_place(
    decryptor: *mut mediaseal_decryptor,
    info: *const mediaseal_frame_info,
    buffer: *mut u8,
    capacity: usize,
    offset: usize,
    len: usize,
    out_offset: *mut usize,
    out_len: *mut usize,
    out_opened: *mut mediaseal_opened,
) -> mediaseal_status {
    let out_offset = Out::new(out_offset, 0);
    let out_len = Out::new(out_len, 0);
    exclusive(decryptor, |opener| {
        let (out_offset, out_len) = (out_offset?, out_len?);
        let told = SizedOut::optional(out_opened)?;
        match opener.open_in_place(info, (buffer, capacity), offset, len) {
            Ok((offset, opened)) => {
                out_offset.write(offset);
                out_len.write(opened.len);
                if let Some(told) = told {
                    told.write(&mediaseal_opened::of(&opened));
                }
                Ok(())
            }
            Err(refused) => {
                opener.last = Some(refused);
                Err(refused.into())
            }
        }
    })
}

impl mediaseal_opened {
    /// The same, as C has it.
    pub(super) fn of(opened: &Opened<'_>) -> Self {
        let (generation, step) = opened.epoch.unwrap_or_default();
        let sender = opened.sender.as_bytes();
        Self {
            struct_size: 0,
            flags: if opened.epoch.is_some() {
                MEDIASEAL_HAS_EPOCH
            } else {
                0
            },
            kid: opened.kid.value(),
            ctr: opened.ctr.value(),
            generation,
            step,
            media: opened.media.value().into(),
            sender: sender.as_ptr(),
            sender_len: sender.len(),
        }
    }
}

/// Takes over changes of the keys now, so that a retired key is wiped though no frame comes.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Exclusive use of `decryptor`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_decryptor_refresh(
    decryptor: *mut mediaseal_decryptor,
) -> mediaseal_status {
    exclusive(decryptor, |opener| {
        opener.decryptor.refresh();
        Ok(())
    })
}

/// Writes why the last refused frame was refused to `out_failure`: its stream, header and sender, and whether audio is missing that the decoder should conceal.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_STRUCT_SIZE. Exclusive use of `decryptor`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_decryptor_last_failure(
    decryptor: *mut mediaseal_decryptor,
    out_failure: *mut mediaseal_failure,
) -> mediaseal_status {
    exclusive(decryptor, |opener| {
        SizedOut::new(out_failure)?.write(&opener.failure());
        Ok(())
    })
}

/// Writes to `out_request` a stream whose decoder cannot go on without a key frame: its first frame was none, or frames before this one were refused. Ask its sender for one
/// (RTCP PLI, RFC 4585 section 6.3.1), and call again until there is none.
///
/// Call it after a frame or some times a second; `now_ms` are milliseconds of any clock that does not jump. A stream is named at most every 500 ms, until a key frame of it opens.
/// That is told by the octets of codecs that mediaseal_decryptor_set_codec names and of most others; where nobody can tell it is named once. Streams are those of video: by
/// their codec, or by the media that their sender's session carries. Allocates nothing and takes no lock.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_STRUCT_SIZE. Exclusive use of `decryptor`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_decryptor_need_key_frame(
    decryptor: *mut mediaseal_decryptor,
    now_ms: u64,
    out_request: *mut mediaseal_key_frame_request,
) -> mediaseal_status {
    let out = SizedOut::new(out_request);
    exclusive(decryptor, |opener| {
        let out = out?;
        opener.asked = opener.decryptor.need_key_frame(now_ms);
        if let Some(need) = &opener.asked {
            let sender = need.sender.as_bytes();
            out.write(&mediaseal_key_frame_request {
                struct_size: 0,
                is_needed: 1,
                ssrc: need.stream.value(),
                reserved: 0,
                sender: sender.as_ptr(),
                sender_len: sender.len(),
            });
        }
        Ok(())
    })
}

/// Writes how many streams are counted apart, at most 1,024, to `out_count`.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Exclusive use of `decryptor`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_decryptor_statistics_count(
    decryptor: *mut mediaseal_decryptor,
    out_count: *mut usize,
) -> mediaseal_status {
    let out = Out::new(out_count, 0);
    exclusive(decryptor, |opener| {
        out?.write(opener.decryptor.statistics().len());
        Ok(())
    })
}

/// Writes the counters of stream `index`, in the order in which their first authentic frames came, to `out_statistics`.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_INDEX, MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_STRUCT_SIZE. Exclusive use of
/// `decryptor`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_decryptor_statistics(
    decryptor: *mut mediaseal_decryptor,
    index: usize,
    out_statistics: *mut mediaseal_statistics,
) -> mediaseal_status {
    exclusive(decryptor, |opener| {
        statistics::stream(opener.decryptor.statistics(), index, out_statistics)
    })
}

/// Writes the counters over all senders and streams, refusals that belong to none of them included, to `out_statistics`.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_STRUCT_SIZE. Exclusive use of `decryptor`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_decryptor_totals(
    decryptor: *mut mediaseal_decryptor,
    out_statistics: *mut mediaseal_statistics,
) -> mediaseal_status {
    exclusive(decryptor, |opener| {
        statistics::totals(opener.decryptor.totals(), out_statistics)
    })
}

/// Writes the refusals that belong to no stream to `out_statistics`: no key, no header, or no authentic frame so far. All else in it is 0.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_STRUCT_SIZE. Exclusive use of `decryptor`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_decryptor_unattributed(
    decryptor: *mut mediaseal_decryptor,
    out_statistics: *mut mediaseal_statistics,
) -> mediaseal_status {
    exclusive(decryptor, |opener| {
        let refusals = mediaseal_statistics::of_errors(opener.decryptor.unattributed());
        SizedOut::new(out_statistics)?.write(&refusals);
        Ok(())
    })
}

/// Ends the use of a decryptor: calls that begin later return MEDIASEAL_ERR_CLOSED, and the first of them, or mediaseal_decryptor_free, wipes what it holds.
///
/// Returns MEDIASEAL_OK, also if it is closed already; MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_BAD_HANDLE. Any thread, at any time. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_decryptor_close(
    decryptor: *mut mediaseal_decryptor,
) -> mediaseal_status {
    close_exclusive(decryptor)
}

/// Frees a decryptor, the last use of it. NULL is accepted; store and channel may be freed before or after. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_decryptor_free(decryptor: *mut mediaseal_decryptor) {
    free_exclusive(decryptor);
}
