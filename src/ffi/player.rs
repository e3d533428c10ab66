//! Recordings played frame by frame.

use core::ffi::c_char;
use core::mem;
use core::ptr::{null, null_mut};
use std::sync::Arc;

use super::codec::nal_number_of;
use super::convert::{Out, SizedOut, sized};
use super::grants::mediaseal_identity;
use super::handle::{Object, close_exclusive, exclusive, free_exclusive, new_exclusive, shared};
use super::numbers::{
    MEDIASEAL_NAL_ANNEX_B, MEDIASEAL_RECORDED_KEY_FRAME, MEDIASEAL_TRACK_CODEC_AWARE,
};
use super::recording_types::{
    mediaseal_played_frame, mediaseal_player_options, mediaseal_player_state,
    mediaseal_recorded_track,
};
use super::recordings::{opened_for, signers_of, track_of};
use super::status::{
    Fault, MEDIASEAL_ERR_AUTHENTICATION_FAILED, MEDIASEAL_ERR_CIPHER_FAILED,
    MEDIASEAL_ERR_DUPLICATE, MEDIASEAL_ERR_GRANT_DOES_NOT_OPEN, MEDIASEAL_ERR_INDEX,
    MEDIASEAL_ERR_MISSING_KEY, MEDIASEAL_ERR_NOT_BEGUN, MEDIASEAL_ERR_RECORDING_DAMAGED,
    MEDIASEAL_ERR_TRUNCATED, MEDIASEAL_ERR_UNKNOWN_VALUE, MEDIASEAL_ERR_UNSUPPORTED_SUITE,
    MEDIASEAL_OK, Outcome, mediaseal_status,
};
use crate::id::KeyId;
use crate::vault::grant::{Identity, SignerPublic};
use crate::vault::recording::export::Reason;
use crate::vault::recording::{PlayedFrame, Player, RecordingError, TrackInfo};

/// Plays a recording. One thread at a time.
pub struct mediaseal_player {
    _opaque: (),
}

/// A player, what opens its grants, and the frame that it lent to the caller.
pub(super) struct Playing {
    player: Player,
    identity: Arc<Identity>,
    senders: Vec<SignerPublic>,
    lent: Option<PlayedFrame>,
    /// Whether there is anything new that the caller was not told of.
    is_new: bool,
}

impl Object for mediaseal_player {
    type Value = Playing;
    const TAG: u32 = 0x6d73_0010;
}

/// Runs `call` on a player, to which the caller gives back what he was lent.
fn with_player(
    player: *mut mediaseal_player,
    call: impl FnOnce(&mut Playing) -> Outcome,
) -> mediaseal_status {
    exclusive(player, |playing| {
        playing.lent = None;
        call(playing)
    })
}

/// Opens the recording in `folder`, of either profile, closed or growing, to be played from the first frame of each track on.
///
/// Borrows `folder`; copies what `options` holds, and shares its ciphers and `identity`, which is an owner's. Frames of the profile MEDIASEAL_PROFILE_FRAMES are opened by the grants of those senders whose signers `options` names, under built-in suites and
/// the ciphers that it has. All that is played is authentic; whether it is all there is what mediaseal_recording_verify says. Writes a new object to `out_player`, which the caller ends with mediaseal_player_free.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_GRANT_NO_STANZA for an identity that is no owner's, MEDIASEAL_ERR_GRANT_SIGNATURE for another recorder's, MEDIASEAL_ERR_RECORDING_KEY, MEDIASEAL_ERR_RECORDING_NOT_THERE, MEDIASEAL_ERR_RECORDING_DAMAGED,
/// MEDIASEAL_ERR_RECORDING_VERSION, MEDIASEAL_ERR_RECORDING_IO, MEDIASEAL_ERR_GRANT_KEY, MEDIASEAL_ERR_GRANT_DOES_NOT_OPEN, MEDIASEAL_ERR_GRANT_PAYLOAD, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_UNKNOWN_VALUE, MEDIASEAL_ERR_LENGTH, MEDIASEAL_ERR_NOT_UTF8, MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_STRUCT_SIZE. Any
/// thread. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_player_new(
    folder: *const c_char,
    identity: *const mediaseal_identity,
    options: *const mediaseal_player_options,
    out_player: *mut *mut mediaseal_player,
) -> mediaseal_status {
    let out = Out::new(out_player, null_mut());
    shared(identity, |identity| {
        let out = out?;
        let given = sized(options)?;
        if given.reserved != 0 {
            return Err(Fault(MEDIASEAL_ERR_UNKNOWN_VALUE));
        }
        let senders = signers_of(given.senders, given.sender_count)?;
        let (ciphers, count) = (given.ciphers, given.cipher_count);
        let (reader, keys) = opened_for(identity, folder, given.recorder, ciphers, count)?;
        let mut player = Player::new(reader, keys);
        player.open_grants(identity, &senders)?;
        out.write(new_exclusive(Playing {
            player,
            identity: Arc::clone(identity),
            senders,
            lent: None,
            is_new: false,
        }));
        Ok(())
    })
}

/// Reads what was recorded and granted since, and writes what there is to `out_state`. A recording that grows is followed by calling this once in a while, and each track is then read to MEDIASEAL_ERR_INDEX: also the last time, when it is closed. Grants that
/// did not open are not tried again: who becomes an owner later makes another player.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_RECORDING_VERSION for something that a newer library wrote, MEDIASEAL_ERR_RECORDING_NOT_THERE, MEDIASEAL_ERR_RECORDING_IO, MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_STRUCT_SIZE. Exclusive use of `player`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_player_refresh(
    player: *mut mediaseal_player,
    out_state: *mut mediaseal_player_state,
) -> mediaseal_status {
    let out = SizedOut::new(out_state);
    with_player(player, |playing| {
        let out = out?;
        let player = &mut playing.player;
        playing.is_new |= player.refresh()?;
        player.open_new_grants(&playing.identity, &playing.senders)?;
        let reader = player.reader();
        let count = |len: usize| u64::try_from(len).unwrap_or(u64::MAX);
        out.write(&mediaseal_player_state {
            struct_size: 0,
            is_new: mem::take(&mut playing.is_new).into(),
            is_closed: reader.is_closed().into(),
            is_damaged: reader.damage().is_some().into(),
            tracks: count(reader.tracks().count()),
            grants_refused: count(player.keys().refused().len()),
        });
        Ok(())
    })
}

/// Writes a track to `out_track`: number `index`, from 0, in the order of their numbers.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_INDEX behind the last track, MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_STRUCT_SIZE. Exclusive use of `player`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_player_track(
    player: *mut mediaseal_player,
    index: usize,
    out_track: *mut mediaseal_recorded_track,
) -> mediaseal_status {
    let out = SizedOut::new(out_track);
    with_player(player, |playing| {
        let out = out?;
        let track = playing.player.reader().tracks().nth(index);
        out.write(&told(track.ok_or(Fault(MEDIASEAL_ERR_INDEX))?));
        Ok(())
    })
}

fn told(info: TrackInfo) -> mediaseal_recorded_track {
    let nal_format = info
        .format
        .codec()
        .map_or(MEDIASEAL_NAL_ANNEX_B, nal_number_of);
    let (first_micros, last_micros) = info.micros.unwrap_or_default();
    mediaseal_recorded_track {
        struct_size: 0,
        track: info.track.into(),
        codec: info.format.codec_number().into(),
        nal_format,
        flags: match info.format.is_codec_aware() {
            true => MEDIASEAL_TRACK_CODEC_AWARE,
            false => 0,
        },
        reserved: 0,
        frames: info.frames,
        octets: info.octets,
        first_micros,
        last_micros,
    }
}

/// Goes to where a segment of the track begins at or before `micros`, or to the first one; to the end of what is recorded so far if all frames are earlier. Frames before `micros` come first: a decoder needs them, nobody need see them. A segment begins with a
/// key frame where the stream has one at least every five seconds, and is below 13 Mbit/s: if its first frame is none, seek to a microsecond before that. What was opened before opens again.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_RECORDING_TRACK if there is no such track, MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Exclusive use of `player`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_player_seek(
    player: *mut mediaseal_player,
    track: u32,
    micros: u64,
) -> mediaseal_status {
    with_player(player, |playing| {
        Ok(playing.player.seek(track_of(track)?, micros)?)
    })
}

/// Writes the next frame of a track to `out_frame`, which lends it: sender and octets live until the next call with this object but mediaseal_player_close, or mediaseal_player_free, and the octets are wiped then. Each track has a place of its own. A frame whose session was not granted so far is passed: seek back once
/// mediaseal_player_refresh found its grant.
///
/// Returns MEDIASEAL_OK, also for a frame that did not open: `status` of the frame says why; MEDIASEAL_ERR_INDEX at the end of what is recorded so far; MEDIASEAL_ERR_RECORDING_DAMAGED if what comes next is not as it was recorded: the next call goes on
/// behind it; MEDIASEAL_ERR_RECORDING_TRACK if there is no such track, MEDIASEAL_ERR_RECORDING_VERSION, MEDIASEAL_ERR_RECORDING_NOT_THERE, MEDIASEAL_ERR_RECORDING_IO, MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_STRUCT_SIZE.
/// The frame's own `status` is MEDIASEAL_ERR_NOT_BEGUN then. Exclusive use of `player`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_player_next_frame(
    player: *mut mediaseal_player,
    track: u32,
    out_frame: *mut mediaseal_played_frame,
) -> mediaseal_status {
    // Whoever looks at the frame's status alone is not told that it opened.
    let out = SizedOut::new(out_frame).inspect(|out| out.write(&NO_FRAME));
    with_player(player, |playing| {
        let out = out?;
        let read = playing.player.next_frame(track_of(track)?);
        let frame = read.map_err(|error| match error {
            // Its number says the end to the caller.
            RecordingError::OutOfRange => Fault(MEDIASEAL_ERR_RECORDING_DAMAGED),
            error => error.into(),
        })?;
        let frame = playing
            .lent
            .insert(frame.ok_or(Fault(MEDIASEAL_ERR_INDEX))?);
        let (status, octets, len) = match &frame.octets {
            Ok(octets) => (MEDIASEAL_OK, octets.as_ptr(), octets.len()),
            Err(reason) => (status_of(*reason), null(), 0),
        };
        let sender = frame.sender.as_bytes();
        let kid = frame.kid.map(KeyId::value);
        out.write(&mediaseal_played_frame {
            struct_size: 0,
            status,
            track,
            flags: match frame.key_frame {
                true => MEDIASEAL_RECORDED_KEY_FRAME,
                false => 0,
            },
            has_kid: kid.is_some().into(),
            reserved: 0,
            kid: kid.unwrap_or(0),
            micros: frame.micros,
            sender: if sender.is_empty() {
                null()
            } else {
                sender.as_ptr()
            },
            sender_len: sender.len(),
            octets,
            len,
        });
        Ok(())
    })
}

const NO_FRAME: mediaseal_played_frame = mediaseal_played_frame {
    struct_size: 0,
    status: MEDIASEAL_ERR_NOT_BEGUN,
    track: 0,
    flags: 0,
    has_kid: 0,
    reserved: 0,
    kid: 0,
    micros: 0,
    sender: null(),
    sender_len: 0,
    octets: null(),
    len: 0,
};

const fn status_of(reason: Reason) -> mediaseal_status {
    match reason {
        Reason::NoGrant => MEDIASEAL_ERR_MISSING_KEY,
        Reason::GrantRefused => MEDIASEAL_ERR_GRANT_DOES_NOT_OPEN,
        Reason::UnknownSuite => MEDIASEAL_ERR_UNSUPPORTED_SUITE,
        Reason::NotAuthentic => MEDIASEAL_ERR_AUTHENTICATION_FAILED,
        Reason::Duplicate => MEDIASEAL_ERR_DUPLICATE,
        Reason::Malformed => MEDIASEAL_ERR_TRUNCATED,
        // The others are of files.
        _ => MEDIASEAL_ERR_CIPHER_FAILED,
    }
}

/// Ends the use of a player: calls that begin later return MEDIASEAL_ERR_CLOSED, and the first of them, or mediaseal_player_free, wipes its keys.
///
/// Returns MEDIASEAL_OK, also if it is closed already; MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_BAD_HANDLE. Any thread, at any time. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_player_close(player: *mut mediaseal_player) -> mediaseal_status {
    close_exclusive(player)
}

/// Frees a player, the last use of it and of what it lent. NULL is accepted. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_player_free(player: *mut mediaseal_player) {
    free_exclusive(player);
}
