//! SFrame ciphertexts in RTP payloads.

use core::ptr::{null_mut, without_provenance};

use super::boundary::{contain, enter};
use super::convert::{Out, SizedOut, apart, octets, octets_mut, sized};
use super::handle::{Object, close_exclusive, exclusive, free_exclusive, new_exclusive};
use super::numbers::{
    MEDIASEAL_RTP_COMPLETE, MEDIASEAL_RTP_DUPLICATE, MEDIASEAL_RTP_FRAME,
    MEDIASEAL_RTP_OUT_OF_RANGE, MEDIASEAL_RTP_PACKET, MEDIASEAL_RTP_REFUSED, MEDIASEAL_RTP_WAITING,
};
use super::status::{
    Fault, MEDIASEAL_ERR_BUFFER_TOO_SMALL, MEDIASEAL_ERR_INDEX, MEDIASEAL_ERR_UNKNOWN_VALUE,
    mediaseal_status,
};
use super::types::{mediaseal_rtp_ciphertext, mediaseal_rtp_packet};
use crate::format::rtp::{
    Complete, Content, Fragments, Progress, Reassembler, RtpInfo, payload_count,
};

/// Puts the RTP payloads of one stream (SSRC) together again.
pub struct mediaseal_rtp_reassembler {
    _opaque: (),
}

/// A reassembler, and what it lent to the caller.
pub(super) struct Assembly {
    reassembler: Reassembler,
    /// Where it lies, and its most octets.
    lent: (usize, usize),
}

impl Object for mediaseal_rtp_reassembler {
    type Value = Assembly;
    const TAG: u32 = 0x6d73_0008;
}

/// Writes to `out_count` how many RTP payloads of at most `max_len` octets carry a ciphertext of `ciphertext_len` octets, after draft-ietf-avtcore-rtp-sframe-02.
///
/// `max_len` includes the descriptor of one octet with which each begins.
///
/// Returns MEDIASEAL_OK; MEDIASEAL_ERR_PACKET_MAXIMUM if `max_len` is below 2, MEDIASEAL_ERR_NULL_POINTER. Any thread, also in callbacks. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_rtp_payload_count(
    ciphertext_len: usize,
    max_len: usize,
    out_count: *mut usize,
) -> mediaseal_status {
    let out = Out::new(out_count, 0);
    contain(|| {
        let out = out?;
        out.write(payload_count(ciphertext_len, max_len)?);
        Ok(())
    })
}

/// Writes payload number `index`, from 0, of a ciphertext to `payload`, and its octets to `out_payload_len`.
///
/// Borrows `ciphertext`, what mediaseal_encryptor_encrypt made, of a whole frame (`content` MEDIASEAL_RTP_FRAME) or of one RTP payload of the codec
/// (MEDIASEAL_RTP_PACKET). `payload` has no octet in common with it. The RTP packets have consecutive sequence numbers, the timestamp of the frame, and the marker
/// bit at the last of them where the frame ends.
///
/// Returns MEDIASEAL_OK; MEDIASEAL_ERR_INDEX behind the last payload; MEDIASEAL_ERR_BUFFER_TOO_SMALL (`max_len` is always enough), MEDIASEAL_ERR_PACKET_MAXIMUM,
/// MEDIASEAL_ERR_UNKNOWN_VALUE, MEDIASEAL_ERR_OVERLAP, MEDIASEAL_ERR_LENGTH, MEDIASEAL_ERR_NULL_POINTER. Any thread, also in callbacks. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_rtp_payload(
    ciphertext: *const u8,
    ciphertext_len: usize,
    content: u32,
    max_len: usize,
    index: usize,
    payload: *mut u8,
    payload_capacity: usize,
    out_payload_len: *mut usize,
) -> mediaseal_status {
    let out = Out::new(out_payload_len, 0);
    contain(|| {
        let out = out?;
        apart(ciphertext, ciphertext_len, payload, payload_capacity)?;
        let ciphertext = octets(ciphertext, ciphertext_len)?;
        let payload = octets_mut(payload, payload_capacity)?;
        let mut fragments = Fragments::new(ciphertext, content_of(content)?, max_len)?;
        let fragment = fragments.nth(index).ok_or(Fault(MEDIASEAL_ERR_INDEX))?;
        let written = fragment.write_to(payload);
        out.write(written.map_err(|_| Fault(MEDIASEAL_ERR_BUFFER_TOO_SMALL))?);
        Ok(())
    })
}

/// Makes a reassembler that keeps the last `packets` RTP packets of a stream, whose payloads have at most `max_len` octets.
///
/// The largest frame must fit, and what may come between its first and its last packet: 512 packets do for a call. It takes twice `packets` times `max_len` octets of
/// memory now, and none later. Writes a new object to `out_reassembler`, which the caller ends with mediaseal_rtp_reassembler_free.
///
/// Returns MEDIASEAL_OK; MEDIASEAL_ERR_PACKET_MAXIMUM for `packets` below 2 or above 32,768, or `max_len` below 2 or above 65,535; MEDIASEAL_ERR_NULL_POINTER. Any
/// threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_rtp_reassembler_new(
    packets: usize,
    max_len: usize,
    out_reassembler: *mut *mut mediaseal_rtp_reassembler,
) -> mediaseal_status {
    let out = Out::new(out_reassembler, null_mut());
    enter(|| {
        let out = out?;
        out.write(new_exclusive(Assembly {
            reassembler: Reassembler::new(packets, max_len)?,
            lent: (0, 0),
        }));
        Ok(())
    })
}

/// Takes the payload of an RTP packet, and writes to `out_ciphertext` what became of it.
///
/// Borrows `packet` and its payload, without RTP padding; packets of padding alone are pushed too, as payloads of no octets, for their numbers count. With progress MEDIASEAL_RTP_COMPLETE `out_ciphertext` lends a ciphertext, which mediaseal_decryptor_decrypt
/// may open where it lies; it lives until the next call with this object. Nothing of it is authenticated before it was opened. Allocates nothing.
///
/// Returns MEDIASEAL_OK whatever the packet is: what fits nothing is MEDIASEAL_RTP_REFUSED; MEDIASEAL_ERR_UNKNOWN_VALUE for a marker above 1, MEDIASEAL_ERR_OVERLAP if the payload lies in what was lent,
/// MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_STRUCT_SIZE, MEDIASEAL_ERR_LENGTH. Exclusive use of `reassembler`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_rtp_reassembler_push(
    reassembler: *mut mediaseal_rtp_reassembler,
    packet: *const mediaseal_rtp_packet,
    out_ciphertext: *mut mediaseal_rtp_ciphertext,
) -> mediaseal_status {
    let out = SizedOut::new(out_ciphertext);
    exclusive(reassembler, |assembly| {
        let out = out?;
        let packet = sized(packet)?;
        if packet.reserved != 0 || packet.marker > 1 {
            return Err(Fault(MEDIASEAL_ERR_UNKNOWN_VALUE));
        }
        let (lent, lent_len) = assembly.lent;
        let lent = without_provenance(lent);
        apart(packet.payload, packet.payload_len, lent, lent_len)?;
        let payload = octets(packet.payload, packet.payload_len)?;
        let info = RtpInfo {
            sequence: packet.sequence,
            timestamp: packet.timestamp,
            payload_type: packet.payload_type,
            marker: packet.marker != 0,
        };
        let told = mediaseal_rtp_ciphertext::of(assembly.reassembler.push(info, payload));
        if !told.ciphertext.is_null() {
            // Each begins at the same octet.
            assembly.lent = (told.ciphertext.addr(), lent_len.max(told.ciphertext_len));
        }
        out.write(&told);
        Ok(())
    })
}

/// Ends the use of a reassembler: calls that begin later return MEDIASEAL_ERR_CLOSED, and the first of them, or mediaseal_rtp_reassembler_free, gives its memory back.
///
/// Returns MEDIASEAL_OK, also if it is closed already; MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_BAD_HANDLE. Any thread, at any time. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_rtp_reassembler_close(
    reassembler: *mut mediaseal_rtp_reassembler,
) -> mediaseal_status {
    close_exclusive(reassembler)
}

/// Frees a reassembler, the last use of it and of what it lent. NULL is accepted. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_rtp_reassembler_free(
    reassembler: *mut mediaseal_rtp_reassembler,
) {
    free_exclusive(reassembler);
}

fn content_of(number: u32) -> Result<Content, Fault> {
    match number {
        MEDIASEAL_RTP_FRAME => Ok(Content::Frame),
        MEDIASEAL_RTP_PACKET => Ok(Content::Packet),
        _ => Err(Fault(MEDIASEAL_ERR_UNKNOWN_VALUE)),
    }
}

impl mediaseal_rtp_ciphertext {
    fn of(progress: Progress<'_>) -> Self {
        let (progress, complete) = match progress {
            Progress::Complete(complete) => (MEDIASEAL_RTP_COMPLETE, Some(complete)),
            Progress::Waiting => (MEDIASEAL_RTP_WAITING, None),
            Progress::Duplicate => (MEDIASEAL_RTP_DUPLICATE, None),
            Progress::OutOfRange => (MEDIASEAL_RTP_OUT_OF_RANGE, None),
            Progress::Refused => (MEDIASEAL_RTP_REFUSED, None),
        };
        let mut told = Self {
            struct_size: 0,
            progress,
            content: MEDIASEAL_RTP_FRAME,
            timestamp: 0,
            sequence: 0,
            payload_type: 0,
            marker: 0,
            reserved: 0,
            ciphertext: null_mut(),
            ciphertext_len: 0,
        };
        if let Some(Complete {
            ciphertext,
            content,
            last,
        }) = complete
        {
            told.content = match content {
                Content::Frame => MEDIASEAL_RTP_FRAME,
                Content::Packet => MEDIASEAL_RTP_PACKET,
            };
            told.timestamp = last.timestamp;
            told.sequence = last.sequence;
            told.payload_type = last.payload_type;
            told.marker = u8::from(last.marker);
            told.ciphertext = ciphertext.as_mut_ptr();
            told.ciphertext_len = ciphertext.len();
        }
        told
    }
}
