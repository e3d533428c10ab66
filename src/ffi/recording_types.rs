//! Structs of recordings, and whom keys are sealed to. They are part of every header.

#![cfg_attr(
    not(feature = "recording"),
    allow(dead_code, reason = "callbacks that no function of this library takes")
)]

use core::ffi::{c_char, c_void};

use super::cipher::mediaseal_cipher;
use super::convert::Sized32;
use super::status::mediaseal_status;
use super::types::sized;

/// The public half of somebody whom a key is sealed to.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mediaseal_recipient {
    /// The octets, as mediaseal_identity_recipient wrote them.
    pub octets: *const u8,
    /// Their number.
    pub len: usize,
}

/// A recording that begins. Initialize with MEDIASEAL_RECORDING_OPTIONS_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mediaseal_recording_options {
    /// Octets of this struct.
    pub struct_size: u32,
    /// One of `MEDIASEAL_PROFILE_…`.
    pub profile: u32,
    /// Whom the recording's key is sealed to: who opens it later. At least one.
    pub owners: *const mediaseal_recipient,
    /// Their number.
    pub owner_count: usize,
    /// Where its key may be used; NULL where it is nowhere bound.
    pub region: *const c_char,
}

/// A frame to be recorded. Initialize with MEDIASEAL_RECORDED_FRAME_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mediaseal_recorded_frame {
    /// Octets of this struct.
    pub struct_size: u32,
    /// Any of `MEDIASEAL_RECORDED_…`.
    pub flags: u32,
    /// The track, which mediaseal_recorder_add_track named.
    pub track: u32,
    /// Zero.
    pub reserved: u32,
    /// Its time in microseconds, on a clock that all tracks share.
    pub micros: u64,
    /// Who sent it, as far as the recorder knows, 0 to 255 octets.
    pub sender: *const u8,
    /// Their number.
    pub sender_len: usize,
    /// The frame: its ciphertext as it came, in the profile MEDIASEAL_PROFILE_FRAMES.
    pub octets: *const u8,
    /// Their number.
    pub len: usize,
    /// What its sender bound to it and did not send with it, `metadata` of mediaseal_frame_info: without the same octets nobody opens such a frame again.
    pub metadata: *const u8,
    /// Their number, 0 to 65,535.
    pub metadata_len: usize,
}

/// What a recorded frame asks for. Initialize with MEDIASEAL_WRITTEN_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mediaseal_written {
    /// Octets of this struct.
    pub struct_size: u32,
    /// 1 if it is the first frame of a session whose key no owner was granted: ask its sender for mediaseal_channel_session_grant now, or nobody will open its frames.
    pub misses_grant: u32,
    /// The KID of that session.
    pub kid: u64,
}

/// What a recording is at its close. Initialize with MEDIASEAL_RECORDING_CLOSED_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mediaseal_recording_closed {
    /// Octets of this struct.
    pub struct_size: u32,
    /// 1 if there were more sessions than a recorder remembers: then more grants may be missing.
    pub too_many_sessions: u32,
    /// Segments.
    pub segments: u64,
    /// Sessions of which there are frames and no grant: nobody can open them.
    pub missing_grants: u64,
    /// Frames in which no KID could be read: they are no SFrame ciphertext of their track's form.
    pub frames_without_kid: u64,
}

/// What is found in a recording without any key of it. Initialize with MEDIASEAL_RECORDING_FOUND_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mediaseal_recording_found {
    /// Octets of this struct.
    pub struct_size: u32,
    /// One of `MEDIASEAL_RECORDING_…`.
    pub verdict: u32,
    /// Records of its manifest that were believed.
    pub records: u64,
    /// Of these, records that the last signed checkpoint covers.
    pub signed_records: u64,
    /// Segments.
    pub segments: u64,
    /// Frames in them.
    pub frames: u64,
    /// Octets of frames, with their heads.
    pub octets: u64,
    /// For MEDIASEAL_RECORDING_INCOMPLETE, octets of files behind what was committed.
    pub discarded: u64,
    /// For MEDIASEAL_RECORDING_TAMPERED, the part that was found first, in English; zero octets follow it.
    pub place: [c_char; 256],
    /// Files below `aside/`, which a recorder that went on set aside: they are no part of the recording, and somebody else could write its files.
    pub set_aside: u64,
}

/// What was cut back after a crash. Initialize with MEDIASEAL_RECOVERED_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mediaseal_recovered {
    /// Octets of this struct.
    pub struct_size: u32,
    /// Zero.
    pub reserved: u32,
    /// Segments that had no end, and end now at their last commit.
    pub closed_segments: u64,
    /// Octets of files that were never committed and are gone now.
    pub discarded: u64,
    /// Segments that records named and nobody began who has the recording's key: somebody else could write its files. They lie below `aside/` now. Only mediaseal_recorder_resume, which has the key, finds any; otherwise 0.
    pub set_aside: u64,
}

/// How far an export is. Initialize with MEDIASEAL_EXPORT_PROGRESS_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mediaseal_export_progress {
    /// Octets of this struct.
    pub struct_size: u32,
    /// Zero.
    pub reserved: u32,
    /// Frames that were read.
    pub frames: u64,
    /// Frames that there are.
    pub of: u64,
}

/// Hears how far an export is, every 256 frames; 0 lets it go on, everything else stops it.
pub type mediaseal_export_callback = Option<
    unsafe extern "C" fn(user_data: *mut c_void, progress: *const mediaseal_export_progress) -> u32,
>;

/// What an export opens a recording with. Initialize with MEDIASEAL_EXPORT_OPTIONS_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mediaseal_export_options {
    /// Octets of this struct.
    pub struct_size: u32,
    /// Zero.
    pub reserved: u32,
    /// The public half of the recorder's signer, MEDIASEAL_SIGNER_PUBLIC_LEN octets, which gave the owner the recording's key.
    pub recorder: *const u8,
    /// The public halves of the senders' signers, MEDIASEAL_SIGNER_PUBLIC_LEN octets each, one behind the other: whose grants of session keys are believed.
    pub senders: *const u8,
    /// Their number.
    pub sender_count: usize,
    /// Ciphers for sessions of custom suites; NULL if there are none.
    pub ciphers: *const *const mediaseal_cipher,
    /// Their number.
    pub cipher_count: usize,
    /// Hears how far it is; NULL if nobody needs to.
    pub progress: mediaseal_export_callback,
    /// What `progress` works on.
    pub progress_user_data: *mut c_void,
}

/// What an export did. Initialize with MEDIASEAL_EXPORT_REPORT_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mediaseal_export_report {
    /// Octets of this struct.
    pub struct_size: u32,
    /// Zero.
    pub reserved: u32,
    /// Files, one for each track and sender, or more where a stream changes.
    pub files: u64,
    /// Frames that are in them.
    pub frames: u64,
    /// Frames that are in none: no key, not authentic, or nothing that a file takes.
    pub frames_left_out: u64,
    /// Places where the recording is damaged: whatever was there is missing.
    pub damaged: u64,
    /// Sessions whose grant did not open: for others, by an unknown signer, or damaged.
    pub grants_refused: u64,
}

/// What a player opens a recording with. Initialize with MEDIASEAL_PLAYER_OPTIONS_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mediaseal_player_options {
    /// Octets of this struct.
    pub struct_size: u32,
    /// Zero.
    pub reserved: u32,
    /// The public half of the recorder's signer, MEDIASEAL_SIGNER_PUBLIC_LEN octets, which gave the owner the recording's key.
    pub recorder: *const u8,
    /// The public halves of the senders' signers, MEDIASEAL_SIGNER_PUBLIC_LEN octets each, one behind the other: whose grants of session keys are believed.
    pub senders: *const u8,
    /// Their number.
    pub sender_count: usize,
    /// Ciphers for sessions of custom suites; NULL if there are none.
    pub ciphers: *const *const mediaseal_cipher,
    /// Their number.
    pub cipher_count: usize,
}

/// What a player has before it. Initialize with MEDIASEAL_PLAYER_STATE_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mediaseal_player_state {
    /// Octets of this struct.
    pub struct_size: u32,
    /// 1 if there is something new since the last look.
    pub is_new: u32,
    /// 1 if the recorder closed the recording: nothing more comes than can be read now.
    pub is_closed: u32,
    /// 1 if the list of what was recorded is broken: what came behind is not played.
    pub is_damaged: u32,
    /// Tracks.
    pub tracks: u64,
    /// Sessions whose grant did not open: for others, by an unknown signer, or damaged.
    pub grants_refused: u64,
}

/// A track of a recording. Initialize with MEDIASEAL_RECORDED_TRACK_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mediaseal_recorded_track {
    /// Octets of this struct.
    pub struct_size: u32,
    /// Its number.
    pub track: u32,
    /// A MEDIASEAL_CODEC_ number; also 7 for AAC, 8 for PCM, and 128 to 255 for what the application says.
    pub codec: u32,
    /// How its NAL units lie, a MEDIASEAL_NAL_ number.
    pub nal_format: u32,
    /// Any of `MEDIASEAL_TRACK_…`: how its frames were recorded. What is played is bare media.
    pub flags: u32,
    /// Zero.
    pub reserved: u32,
    /// Its frames.
    pub frames: u64,
    /// Their octets, with their heads.
    pub octets: u64,
    /// The smallest time of a frame in microseconds; 0 without frames.
    pub first_micros: u64,
    /// The largest time of a frame; 0 without frames.
    pub last_micros: u64,
}

/// A frame to be played. Initialize with MEDIASEAL_PLAYED_FRAME_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mediaseal_played_frame {
    /// Octets of this struct.
    pub struct_size: u32,
    /// MEDIASEAL_OK; or why it did not open, and then there are neither octets nor a sender: MEDIASEAL_ERR_MISSING_KEY if its session was not granted so far, MEDIASEAL_ERR_GRANT_DOES_NOT_OPEN, MEDIASEAL_ERR_UNSUPPORTED_SUITE for a cipher that
    /// was not handed over, MEDIASEAL_ERR_AUTHENTICATION_FAILED, MEDIASEAL_ERR_DUPLICATE, MEDIASEAL_ERR_TRUNCATED, MEDIASEAL_ERR_CIPHER_FAILED; MEDIASEAL_ERR_NOT_BEGUN if there is no frame.
    pub status: mediaseal_status,
    /// The track.
    pub track: u32,
    /// Any of `MEDIASEAL_RECORDED_…`.
    pub flags: u32,
    /// 1 if the frame is encrypted and names a session. Nobody vouches for that where it did not open.
    pub has_kid: u32,
    /// Zero.
    pub reserved: u32,
    /// The KID of that session.
    pub kid: u64,
    /// Its time in microseconds, on the clock of all tracks.
    pub micros: u64,
    /// Who sent it: in whose name the key was granted that opened it; in the profile MEDIASEAL_PROFILE_MEDIA whom the recorder named.
    pub sender: *const u8,
    /// Their number.
    pub sender_len: usize,
    /// What the encoder gave.
    pub octets: *const u8,
    /// Their number.
    pub len: usize,
}

sized! {
    mediaseal_player_options mediaseal_player_state mediaseal_recorded_track mediaseal_played_frame
    mediaseal_recording_options mediaseal_recorded_frame mediaseal_written mediaseal_recording_closed mediaseal_recording_found mediaseal_recovered
    mediaseal_export_progress mediaseal_export_options mediaseal_export_report
}
