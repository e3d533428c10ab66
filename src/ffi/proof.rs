//! The sentinel, and what it has seen.

use core::ptr::{null, null_mut};

use super::boundary::enter;
use super::channel::mediaseal_channel;
use super::codec::codec_of;
use super::convert::{Out, Sized32, SizedOut, octets};
use super::encryptor::Info;
use super::handle::{
    Object, close_exclusive, close_shared, exclusive, free_exclusive, free_shared, new_exclusive,
    new_shared, share_of, shared,
};
use super::key_store::mediaseal_key_store;
use super::numbers::{
    MEDIASEAL_LEAK_DOES_NOT_OPEN, MEDIASEAL_LEAK_NONE, MEDIASEAL_LEAK_NOT_SEALED,
    MEDIASEAL_LEAK_UNKNOWN_KEY, MEDIASEAL_PROOF_DEGRADED, MEDIASEAL_PROOF_ENCRYPTED,
    MEDIASEAL_PROOF_SEALING,
};
use super::status::mediaseal_status;
use super::types::{mediaseal_frame_info, sized};
use crate::channel::{Proof, Sentinel};
use crate::event::{Leak, ProofState};
use crate::id::Ssrc;

/// What is known of the octets that an application sends. Initialize with MEDIASEAL_PROOF_STATE_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mediaseal_proof_state {
    /// Octets of this struct.
    pub struct_size: u32,
    /// One of `MEDIASEAL_PROOF_…`.
    pub state: u32,
    /// For MEDIASEAL_PROOF_DEGRADED, one of `MEDIASEAL_LEAK_…`.
    pub leak: u32,
    /// Zero.
    pub reserved: u32,
    /// For MEDIASEAL_PROOF_ENCRYPTED, since when, in seconds since 1970.
    pub since: u64,
    /// For MEDIASEAL_PROOF_ENCRYPTED, frames that were observed.
    pub frames: u64,
    /// For MEDIASEAL_LEAK_UNKNOWN_KEY and MEDIASEAL_LEAK_DOES_NOT_OPEN, the KID in the header.
    pub kid: u64,
    /// For MEDIASEAL_LEAK_DOES_NOT_OPEN, the CTR in the header.
    pub ctr: u64,
}

sized! { mediaseal_proof_state }

/// Looks at what one thread hands to the network.
pub struct mediaseal_sentinel {
    _opaque: (),
}

impl Object for mediaseal_sentinel {
    type Value = Sentinel;
    const TAG: u32 = 0x6d73_0009;
}

/// What a sentinel has seen, for any thread.
pub struct mediaseal_proof {
    _opaque: (),
}

impl Object for mediaseal_proof {
    type Value = Proof;
    const TAG: u32 = 0x6d73_000a;
}

/// Makes a sentinel for what encryptors of a store of raw keys seal.
///
/// Writes a new object to `out_sentinel`, which the caller ends with mediaseal_sentinel_free.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_sentinel_new(
    store: *const mediaseal_key_store,
    out_sentinel: *mut *mut mediaseal_sentinel,
) -> mediaseal_status {
    let out = Out::new(out_sentinel, null_mut());
    enter(|| {
        let out = out?;
        out.write(new_exclusive(Sentinel::new(&share_of(store)?.store)));
        Ok(())
    })
}

/// Makes a sentinel for what encryptors of a channel seal.
///
/// Writes a new object to `out_sentinel`, which the caller ends with mediaseal_sentinel_free.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_sentinel_new_for_channel(
    channel: *const mediaseal_channel,
    out_sentinel: *mut *mut mediaseal_sentinel,
) -> mediaseal_status {
    let out = Out::new(out_sentinel, null_mut());
    enter(|| {
        let out = out?;
        out.write(new_exclusive(Sentinel::for_channel(&share_of(channel)?)));
        Ok(())
    })
}

/// Sets the codec of stream `ssrc`, as by mediaseal_encryptor_set_codec.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_CODEC_STREAMS, MEDIASEAL_ERR_UNKNOWN_VALUE, MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Exclusive use of
/// `sentinel`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_sentinel_set_codec(
    sentinel: *mut mediaseal_sentinel,
    ssrc: u32,
    codec: u32,
    nal_format: u32,
) -> mediaseal_status {
    exclusive(sentinel, |sentinel| {
        let codec = codec_of(codec, nal_format)?;
        Ok(sentinel.set_codec(Ssrc::new(ssrc), codec)?)
    })
}

/// Looks at a frame, or at an RTP payload in packet mode, that the application hands to the network: it must be a ciphertext of this store.
///
/// Borrows `octets` and `info`, which is what the encryptor was given; it may be NULL. Call it where the octets leave, behind all that could go wrong between encryptor and
/// socket. It must have the header of a key of this store and a CTR that the key has given out; the first, about one in 256, and those whose CTR is no new
/// one are copied, one at a time, and opened again by mediaseal_proof_check. Allocates nothing and takes no lock, but at the first frame of a session and after a change of keys.
///
/// Returns MEDIASEAL_OK whatever the octets are: mediaseal_proof_check tells; MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER,
/// MEDIASEAL_ERR_STRUCT_SIZE, MEDIASEAL_ERR_LENGTH. Exclusive use of `sentinel`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_sentinel_observe_sent(
    sentinel: *mut mediaseal_sentinel,
    info: *const mediaseal_frame_info,
    octets: *const u8,
    len: usize,
) -> mediaseal_status {
    exclusive(sentinel, |sentinel| {
        let info = Info::new(info, null(), 0)?;
        sentinel.observe_sent(&info.frame, self::octets(octets, len)?);
        Ok(())
    })
}

/// Takes over changes of the keys now, so that a retired key is wiped though nothing is sent.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Exclusive use of `sentinel`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_sentinel_refresh(
    sentinel: *mut mediaseal_sentinel,
) -> mediaseal_status {
    exclusive(sentinel, |sentinel| {
        sentinel.refresh();
        Ok(())
    })
}

/// Makes an object by which any thread asks what `sentinel` has seen.
///
/// Writes a new object to `out_proof`, which the caller ends with mediaseal_proof_free; it may outlive the sentinel.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Exclusive use of `sentinel`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_sentinel_proof(
    sentinel: *mut mediaseal_sentinel,
    out_proof: *mut *mut mediaseal_proof,
) -> mediaseal_status {
    let out = Out::new(out_proof, null_mut());
    exclusive(sentinel, |sentinel| {
        out?.write(new_shared(sentinel.proof()));
        Ok(())
    })
}

/// Ends the use of a sentinel: calls that begin later return MEDIASEAL_ERR_CLOSED.
///
/// Returns MEDIASEAL_OK, also if it is closed already; MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_BAD_HANDLE. Any thread, at any time. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_sentinel_close(
    sentinel: *mut mediaseal_sentinel,
) -> mediaseal_status {
    close_exclusive(sentinel)
}

/// Frees a sentinel, the last use of it. NULL is accepted. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_sentinel_free(sentinel: *mut mediaseal_sentinel) {
    free_exclusive(sentinel);
}

/// Opens the frame that waits for it, and writes to `out_state` how things stand. `unix_seconds` is the time now, in seconds since 1970.
///
/// Call it about once a second, off the media threads. MEDIASEAL_PROOF_ENCRYPTED is said once a frame was opened; after a fault once 256 frames in a row were as they should be and
/// one of them was opened. Each change is also an event of the store, MEDIASEAL_EVENT_PROOF_CHANGED.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_STRUCT_SIZE. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_proof_check(
    proof: *const mediaseal_proof,
    unix_seconds: u64,
    out_state: *mut mediaseal_proof_state,
) -> mediaseal_status {
    let out = SizedOut::new(out_state);
    shared(proof, |proof| {
        out?.write(&mediaseal_proof_state::of(proof.check(unix_seconds)));
        Ok(())
    })
}

/// Ends the use of a proof: calls that begin later return MEDIASEAL_ERR_CLOSED.
///
/// Returns MEDIASEAL_OK, also if it is closed already; MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_BAD_HANDLE. Any thread, at any time. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_proof_close(proof: *mut mediaseal_proof) -> mediaseal_status {
    close_shared(proof)
}

/// Frees a proof, the last use of it. NULL is accepted. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_proof_free(proof: *mut mediaseal_proof) {
    free_shared(proof);
}

impl mediaseal_proof_state {
    /// A state in numbers.
    pub(super) fn of(state: ProofState) -> Self {
        let mut told = Self {
            struct_size: 0,
            state: MEDIASEAL_PROOF_SEALING,
            leak: MEDIASEAL_LEAK_NONE,
            reserved: 0,
            since: 0,
            frames: 0,
            kid: 0,
            ctr: 0,
        };
        match state {
            ProofState::Sealing => {}
            ProofState::Encrypted { since, frames } => {
                told.state = MEDIASEAL_PROOF_ENCRYPTED;
                told.since = since;
                told.frames = frames;
            }
            ProofState::Degraded { reason } => {
                told.state = MEDIASEAL_PROOF_DEGRADED;
                told.leak = match reason {
                    Leak::NotSealed => MEDIASEAL_LEAK_NOT_SEALED,
                    Leak::UnknownKey { kid } => {
                        told.kid = kid.value();
                        MEDIASEAL_LEAK_UNKNOWN_KEY
                    }
                    Leak::DoesNotOpen { kid, ctr } => {
                        told.kid = kid.value();
                        told.ctr = ctr.value();
                        MEDIASEAL_LEAK_DOES_NOT_OPEN
                    }
                };
            }
        }
        told
    }
}
