//! Recordings: written by who has no key of the call, verified by anybody, exported by owners.

use core::ffi::{c_char, c_void};
use core::mem::size_of;
use core::ops::ControlFlow;
use core::ptr::null_mut;
use std::sync::Arc;

use super::boundary::{CallbackScope, enter};
use super::cipher::mediaseal_cipher;
use super::codec::codec_of;
use super::convert::{Out, SizedOut, items, octets, sized, text};
use super::grants::{mediaseal_identity, mediaseal_signer, recipient_of, signer_of};
use super::handle::shared;
use super::handle::{Object, close_exclusive, exclusive, free_exclusive, new_exclusive, share_of};
use super::numbers::{
    MEDIASEAL_PROFILE_FRAMES, MEDIASEAL_PROFILE_MEDIA, MEDIASEAL_RECORDED_KEY_FRAME,
    MEDIASEAL_RECORDING_COMPLETE, MEDIASEAL_RECORDING_CONSISTENT, MEDIASEAL_RECORDING_INCOMPLETE,
    MEDIASEAL_RECORDING_TAMPERED, MEDIASEAL_TRACK_CODEC_AWARE,
};
use super::recording_types::{
    mediaseal_export_options, mediaseal_export_progress, mediaseal_export_report,
    mediaseal_recorded_frame, mediaseal_recording_closed, mediaseal_recording_found,
    mediaseal_recording_options, mediaseal_recovered, mediaseal_written,
};
use super::status::{
    Fault, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_LENGTH, MEDIASEAL_ERR_RECORDING_NO_OWNER,
    MEDIASEAL_ERR_RECORDING_SIGNER, MEDIASEAL_ERR_RECORDING_TRACK, MEDIASEAL_ERR_UNKNOWN_VALUE,
    mediaseal_status,
};
use super::vault_faults::of_io;
use crate::id::SenderId;
use crate::vault::grant::{Identity, SessionGrant, SignerPublic};
use crate::vault::recording::export::{Options, Progress, SessionKeys, export, files_in};
use crate::vault::recording::{
    Cobblestone, Frame, LocalStorage, NewRecording, Profile, Reader, Recovery, TrackFormat,
    Verdict, Writer, envelope, header, recover, verify, wrap_context,
};
use crate::vault::{Dek, SystemClock};

/// Writes a recording. One thread at a time.
pub struct mediaseal_recorder {
    _opaque: (),
}

impl Object for mediaseal_recorder {
    /// Nothing once it is finished.
    type Value = Option<Writer>;
    const TAG: u32 = 0x6d73_000f;
}

/// Begins a recording in `folder`, which is made for this user alone on Unix if it is not there and holds no recording yet.
///
/// Borrows `folder`; copies what `options` holds; shares `signer`, the recorder's, which signs what was recorded. In the profile MEDIASEAL_PROFILE_FRAMES the recorder needs no key of the call: frames are recorded as they
/// came. Writes a new object to `out_recorder`, which the caller ends with mediaseal_recorder_finish and mediaseal_recorder_free. Time is the system's clock.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_RECORDING_ALREADY_THERE, MEDIASEAL_ERR_RECORDING_NO_OWNER, MEDIASEAL_ERR_RECORDING_BUSY, MEDIASEAL_ERR_RECORDING_VERSION for a region that is too long, MEDIASEAL_ERR_GRANT_KEY, MEDIASEAL_ERR_GRANT_KEM,
/// MEDIASEAL_ERR_UNKNOWN_VALUE, MEDIASEAL_ERR_RECORDING_IO, MEDIASEAL_ERR_DISK_FULL, MEDIASEAL_ERR_ENTROPY, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NOT_UTF8, MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_STRUCT_SIZE. Any thread. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_recorder_new(
    folder: *const c_char,
    options: *const mediaseal_recording_options,
    signer: *const mediaseal_signer,
    out_recorder: *mut *mut mediaseal_recorder,
) -> mediaseal_status {
    let out = Out::new(out_recorder, null_mut());
    enter(|| {
        let out = out?;
        let folder = text(folder)?;
        let given = sized(options)?;
        let profile = match given.profile {
            MEDIASEAL_PROFILE_FRAMES => Profile::Frames,
            MEDIASEAL_PROFILE_MEDIA => Profile::Media,
            _ => return Err(Fault(MEDIASEAL_ERR_UNKNOWN_VALUE)),
        };
        let region = match given.region.is_null() {
            true => "",
            false => text(given.region)?,
        };
        let signer = share_of(signer)?;
        let clock = Arc::new(SystemClock);
        let aead = Cobblestone::default();
        let mut new = NewRecording::draw(profile, aead, region, signer, &*clock)?;
        for owner in items(given.owners, given.owner_count)? {
            new.add_recipient(&recipient_of(owner.octets, owner.len)?)?;
        }
        // Before a folder is made for it.
        if given.owner_count == 0 {
            return Err(Fault(MEDIASEAL_ERR_RECORDING_NO_OWNER));
        }
        let storage = LocalStorage::create(folder).map_err(|error| of_io(&error))?;
        let writer = new.start(Arc::new(storage), clock)?;
        out.write(new_exclusive(Some(writer)));
        Ok(())
    })
}

/// Goes on with the recording in `folder`, whose recorder is gone: recovers it, and continues in new segments. What no signature covers yet is opened first, all of it, and then signed.
///
/// Borrows `folder`; `identity` is an owner's; shares `signer`, which the recording was begun with. Tracks that were named are there. Writes a new object to `out_recorder`, as mediaseal_recorder_new does, and what was cut back or set aside to `out_recovered`,
/// which may be NULL.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_RECORDING_CLOSED if it was finished, MEDIASEAL_ERR_RECORDING_SIGNER for another signer, MEDIASEAL_ERR_RECORDING_DAMAGED: nothing was signed then; MEDIASEAL_ERR_GRANT_NO_STANZA for an identity that is no owner's,
/// MEDIASEAL_ERR_GRANT_SIGNATURE, MEDIASEAL_ERR_RECORDING_KEY, MEDIASEAL_ERR_RECORDING_BUSY, MEDIASEAL_ERR_RECORDING_NOT_THERE, MEDIASEAL_ERR_RECORDING_VERSION, MEDIASEAL_ERR_RECORDING_IO, MEDIASEAL_ERR_DISK_FULL, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NOT_UTF8,
/// MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_STRUCT_SIZE. Any thread. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_recorder_resume(
    folder: *const c_char,
    identity: *const mediaseal_identity,
    signer: *const mediaseal_signer,
    out_recorder: *mut *mut mediaseal_recorder,
    out_recovered: *mut mediaseal_recovered,
) -> mediaseal_status {
    let out = Out::new(out_recorder, null_mut());
    let recovered = SizedOut::optional(out_recovered);
    shared(identity, |identity| {
        let (out, recovered) = (out?, recovered?);
        let storage = Arc::new(storage_at(folder)?);
        let signer = share_of(signer)?;
        let header = header(&*storage)?;
        // Before the owner's key is looked for: another recorder's signer is another fault than another owner.
        if header.signer() != signer.public().as_bytes() {
            return Err(Fault(MEDIASEAL_ERR_RECORDING_SIGNER));
        }
        let dek = dek_of(&storage, identity, *signer.public())?;
        let writer = Writer::resume(storage, &dek, signer, Arc::new(SystemClock))?;
        if let Some(recovered) = recovered {
            recovered.write(&recovered_of(writer.recovery().unwrap_or_default()));
        }
        out.write(new_exclusive(Some(writer)));
        Ok(())
    })
}

/// The key of a recording, as an owner opens it who trusts its recorder.
fn dek_of(
    storage: &LocalStorage,
    identity: &Identity,
    recorder: SignerPublic,
) -> Result<Dek, Fault> {
    let context = wrap_context(&header(storage)?);
    Ok(envelope(storage)?.open_by_identity(identity, &[recorder], &context)?)
}

/// Opens a recording for an owner, with the ciphers of its sessions.
pub(super) fn opened_for(
    identity: &Identity,
    folder: *const c_char,
    recorder: *const u8,
    ciphers: *const *const mediaseal_cipher,
    cipher_count: usize,
) -> Result<(Reader, SessionKeys), Fault> {
    let storage = Arc::new(storage_at(folder)?);
    let recorder = signer_of(recorder)?;
    let mut keys = SessionKeys::new();
    for cipher in items(ciphers, cipher_count)? {
        keys.add_cipher(share_of(*cipher)?);
    }
    let dek = dek_of(&storage, identity, recorder)?;
    Ok((Reader::open(storage, &dek)?, keys))
}

/// Runs `call` on the writer of a recorder that is not finished.
fn with_writer(
    recorder: *mut mediaseal_recorder,
    call: impl FnOnce(&mut Writer) -> Result<(), Fault>,
) -> mediaseal_status {
    exclusive(recorder, |writer| {
        call(writer.as_mut().ok_or(Fault(MEDIASEAL_ERR_CLOSED))?)
    })
}

/// Names a track, of 0 to 65,535: what its frames are, by a MEDIASEAL_CODEC_ number and the form of its NAL units, MEDIASEAL_NAL_ANNEX_B also for codecs that have none. `flags` are any of `MEDIASEAL_TRACK_…`.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_RECORDING_TRACK if its number is taken, or 1,024 are, MEDIASEAL_ERR_UNKNOWN_VALUE, MEDIASEAL_ERR_RECORDING_STOPPED, MEDIASEAL_ERR_FORKED, MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED,
/// MEDIASEAL_ERR_NULL_POINTER. Exclusive use of `recorder`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_recorder_add_track(
    recorder: *mut mediaseal_recorder,
    track: u32,
    codec: u32,
    nal_format: u32,
    flags: u32,
) -> mediaseal_status {
    with_writer(recorder, |writer| {
        let codec = codec_of(codec, nal_format)?;
        let format = match flags {
            0 => TrackFormat::of(codec),
            MEDIASEAL_TRACK_CODEC_AWARE => TrackFormat::codec_aware(codec),
            _ => return Err(Fault(MEDIASEAL_ERR_UNKNOWN_VALUE)),
        };
        Ok(writer.add_track(track_of(track)?, format)?)
    })
}

pub(super) fn track_of(track: u32) -> Result<u16, Fault> {
    u16::try_from(track).map_err(|_| Fault(MEDIASEAL_ERR_RECORDING_TRACK))
}

/// Keeps what mediaseal_channel_session_grant made of a session's key for the owners. It may come before the first frame or after the last.
///
/// Borrows `session`.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_RECORDING_ALREADY_THERE if another one was handed over for this KID, which is kept; MEDIASEAL_ERR_GRANT_FORM, and what mediaseal_recorder_tick returns. Exclusive use of `recorder`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_recorder_add_grant(
    recorder: *mut mediaseal_recorder,
    session: *const u8,
    session_len: usize,
) -> mediaseal_status {
    with_writer(recorder, |writer| {
        let grant = SessionGrant::from_bytes(octets(session, session_len)?)?;
        Ok(writer.add_grant(&grant)?)
    })
}

/// Records a frame. It survives a crash once mediaseal_recorder_tick or mediaseal_recorder_flush has committed it.
///
/// Borrows `frame`. Writes to `out_written`, which may be NULL, whether its session's key is missing.
///
/// Returns MEDIASEAL_OK; MEDIASEAL_ERR_RECORDING_TRACK, MEDIASEAL_ERR_FRAME_TOO_LONG, MEDIASEAL_ERR_SENDER_ID_TOO_LONG, MEDIASEAL_ERR_UNKNOWN_VALUE: drop the frame; after any other status the recorder has stopped: what mediaseal_recorder_tick
/// returns. Exclusive use of `recorder`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_recorder_write_frame(
    recorder: *mut mediaseal_recorder,
    frame: *const mediaseal_recorded_frame,
    out_written: *mut mediaseal_written,
) -> mediaseal_status {
    let out = SizedOut::optional(out_written);
    with_writer(recorder, |writer| {
        let out = out?;
        let given = sized(frame)?;
        if given.flags & !MEDIASEAL_RECORDED_KEY_FRAME != 0 || given.reserved != 0 {
            return Err(Fault(MEDIASEAL_ERR_UNKNOWN_VALUE));
        }
        let sender = SenderId::new(octets(given.sender, given.sender_len)?)?;
        let written = writer.write_frame(&Frame {
            track: track_of(given.track)?,
            sender: &sender,
            micros: given.micros,
            key_frame: given.flags & MEDIASEAL_RECORDED_KEY_FRAME != 0,
            metadata: octets(given.metadata, given.metadata_len)?,
            octets: octets(given.octets, given.len)?,
        })?;
        if let (Some(out), Some(kid)) = (out, written.missing_grant) {
            out.write(&mediaseal_written {
                struct_size: 0,
                misses_grant: 1,
                kid: kid.value(),
            });
        }
        Ok(())
    })
}

/// Commits what has waited long enough. Call it at least twice a second, whether frames come or not: then a crash costs at most the last second or 256 KiB.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_RECORDING_IO, MEDIASEAL_ERR_DISK_FULL; after these MEDIASEAL_ERR_RECORDING_STOPPED; MEDIASEAL_ERR_FORKED, MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Exclusive use of `recorder`. Since
/// 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_recorder_tick(
    recorder: *mut mediaseal_recorder,
) -> mediaseal_status {
    with_writer(recorder, |writer| Ok(writer.tick()?))
}

/// Commits everything now: once it returns it survives a crash.
///
/// Returns what mediaseal_recorder_tick returns. Exclusive use of `recorder`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_recorder_flush(
    recorder: *mut mediaseal_recorder,
) -> mediaseal_status {
    with_writer(recorder, |writer| Ok(writer.flush()?))
}

/// Closes the recording: ends its segments and signs the whole. The recorder is of no use afterwards, whatever this returns: later calls return MEDIASEAL_ERR_CLOSED.
///
/// Writes what the recording is to `out_closed`, which may be NULL.
///
/// Returns what mediaseal_recorder_tick returns. Exclusive use of `recorder`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_recorder_finish(
    recorder: *mut mediaseal_recorder,
    out_closed: *mut mediaseal_recording_closed,
) -> mediaseal_status {
    let out = SizedOut::optional(out_closed);
    exclusive(recorder, |writer| {
        let out = out?;
        let closed = writer.take().ok_or(Fault(MEDIASEAL_ERR_CLOSED))?.finish()?;
        if let Some(out) = out {
            out.write(&mediaseal_recording_closed {
                struct_size: 0,
                too_many_sessions: closed.too_many_sessions.into(),
                segments: closed.segments,
                missing_grants: u64::try_from(closed.missing_grants.len()).unwrap_or(u64::MAX),
                frames_without_kid: closed.frames_without_kid,
            });
        }
        Ok(())
    })
}

/// Ends the use of a recorder. One that was not finished leaves what a crash would: everything that was committed.
///
/// Returns MEDIASEAL_OK, also if it is closed already; MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_BAD_HANDLE. Any thread, at any time. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_recorder_close(
    recorder: *mut mediaseal_recorder,
) -> mediaseal_status {
    close_exclusive(recorder)
}

/// Frees a recorder, the last use of it. NULL is accepted. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_recorder_free(recorder: *mut mediaseal_recorder) {
    free_exclusive(recorder);
}

fn storage_at(folder: *const c_char) -> Result<LocalStorage, Fault> {
    LocalStorage::open(text(folder)?).map_err(|error| of_io(&error))
}

/// Checks hashes, chain and signatures of the recording in `folder`, without any key of it. `recorder` is the public half of the signer that the caller trusts, MEDIASEAL_SIGNER_PUBLIC_LEN octets; NULL if he has none: then it is at best
/// MEDIASEAL_RECORDING_CONSISTENT.
///
/// Borrows all inputs. Writes what it found to `out_found`. It shows that the files are what the recorder wrote, not that the media open.
///
/// Returns MEDIASEAL_OK, whatever the verdict; MEDIASEAL_ERR_RECORDING_NOT_THERE, MEDIASEAL_ERR_RECORDING_VERSION, MEDIASEAL_ERR_RECORDING_IO, MEDIASEAL_ERR_GRANT_KEY, MEDIASEAL_ERR_NOT_UTF8, MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_STRUCT_SIZE. Any
/// thread. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_recording_verify(
    folder: *const c_char,
    recorder: *const u8,
    out_found: *mut mediaseal_recording_found,
) -> mediaseal_status {
    let out = SizedOut::new(out_found);
    enter(|| {
        let out = out?;
        let storage = storage_at(folder)?;
        let recorder = (!recorder.is_null()).then(|| signer_of(recorder));
        let recorder = recorder.transpose()?;
        let found = verify(&storage, recorder.as_ref())?;
        let (verdict, discarded, place) = match &found.verdict {
            Verdict::Complete => (MEDIASEAL_RECORDING_COMPLETE, 0, String::new()),
            Verdict::Consistent => (MEDIASEAL_RECORDING_CONSISTENT, 0, String::new()),
            Verdict::Incomplete { discarded, .. } => {
                (MEDIASEAL_RECORDING_INCOMPLETE, *discarded, String::new())
            }
            Verdict::Tampered { place } => (MEDIASEAL_RECORDING_TAMPERED, 0, place.to_string()),
        };
        out.write(&mediaseal_recording_found {
            struct_size: 0,
            verdict,
            records: found.records,
            signed_records: found.signed_records,
            segments: found.segments,
            frames: found.frames,
            octets: found.octets,
            discarded,
            place: field(&place),
            set_aside: found.set_aside,
        });
        Ok(())
    })
}

const fn recovered_of(recovery: Recovery) -> mediaseal_recovered {
    mediaseal_recovered {
        struct_size: 0,
        reserved: 0,
        closed_segments: recovery.closed_segments,
        discarded: recovery.discarded,
        set_aside: recovery.set_aside,
    }
}

/// As much of a text as its field has room for, and a zero octet: a file's name may be longer. Places are told in ASCII.
fn field<const N: usize>(text: &str) -> [c_char; N] {
    let mut field = [0; N];
    let kept = text.bytes().take(N.saturating_sub(1));
    for (place, octet) in field.iter_mut().zip(kept) {
        *place = c_char::from_ne_bytes([octet]);
    }
    field
}

/// Closes the segments of a recording where their last commits are, after a crash of its recorder. It needs no key. On a recording that is whole it does nothing.
///
/// Borrows `folder`. Writes what was cut back to `out_recovered`, which may be NULL.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_RECORDING_DAMAGED if more is missing than a crash can take: then nothing is changed; MEDIASEAL_ERR_RECORDING_BUSY while a recorder has it, MEDIASEAL_ERR_RECORDING_NOT_THERE, MEDIASEAL_ERR_RECORDING_VERSION,
/// MEDIASEAL_ERR_RECORDING_IO, MEDIASEAL_ERR_DISK_FULL, MEDIASEAL_ERR_NOT_UTF8, MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_STRUCT_SIZE. Any thread. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_recording_recover(
    folder: *const c_char,
    out_recovered: *mut mediaseal_recovered,
) -> mediaseal_status {
    let out = SizedOut::optional(out_recovered);
    enter(|| {
        let out = out?;
        let recovery = recover(&storage_at(folder)?)?;
        if let Some(out) = out {
            out.write(&recovered_of(recovery));
        }
        Ok(())
    })
}

/// Writes a file that players play for each track and sender of the recording in `folder` into the folder `to`, which is there: MP4, WebM or Ogg, for this user alone on Unix. Files that are there already are not written over.
///
/// Borrows all inputs; `identity` is an owner's. Frames of the profile MEDIASEAL_PROFILE_FRAMES are opened by the grants of those senders whose signers `options` names, under built-in suites and the ciphers that it has; what does not open is
/// left out and counted. An export is a plain copy that nobody can verify any more: keep the recording. Writes what it did to `out_report`, which may be NULL; with other statuses than MEDIASEAL_OK files may be there that are incomplete.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_GRANT_NO_STANZA for an identity that is no owner's, MEDIASEAL_ERR_GRANT_SIGNATURE for another recorder's, MEDIASEAL_ERR_RECORDING_KEY, MEDIASEAL_ERR_RECORDING_DAMAGED, MEDIASEAL_ERR_RECORDING_NOT_THERE also without the
/// folder `to`, MEDIASEAL_ERR_RECORDING_ALREADY_THERE for a file, MEDIASEAL_ERR_STOPPED, MEDIASEAL_ERR_RECORDING_IO, MEDIASEAL_ERR_DISK_FULL, MEDIASEAL_ERR_RECORDING_VERSION, MEDIASEAL_ERR_GRANT_KEY, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_UNKNOWN_VALUE,
/// MEDIASEAL_ERR_LENGTH, MEDIASEAL_ERR_NOT_UTF8, MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_STRUCT_SIZE. Any thread. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_recording_export(
    folder: *const c_char,
    to: *const c_char,
    identity: *const mediaseal_identity,
    options: *const mediaseal_export_options,
    out_report: *mut mediaseal_export_report,
) -> mediaseal_status {
    let out = SizedOut::optional(out_report);
    shared(identity, |identity| {
        let out = out?;
        let to = text(to)?;
        let given = sized(options)?;
        if given.reserved != 0 {
            return Err(Fault(MEDIASEAL_ERR_UNKNOWN_VALUE));
        }
        let senders = signers_of(given.senders, given.sender_count)?;
        let (ciphers, count) = (given.ciphers, given.cipher_count);
        let (mut reader, mut keys) = opened_for(identity, folder, given.recorder, ciphers, count)?;
        keys.open_grants(&reader, identity, &senders)?;
        let report = export(
            &mut reader,
            &keys,
            &Options::new(),
            &mut files_in(to),
            &mut |progress| told(&given, progress),
        )?;
        if let Some(out) = out {
            let count = |len: usize| u64::try_from(len).unwrap_or(u64::MAX);
            out.write(&mediaseal_export_report {
                struct_size: 0,
                reserved: 0,
                files: count(report.files.len()),
                frames: report.frames(),
                frames_left_out: report.frames_left_out(),
                damaged: report.damaged,
                grants_refused: count(keys.refused().len()),
            });
        }
        Ok(())
    })
}

/// The public halves of signers, one behind the other.
pub(super) fn signers_of(signers: *const u8, count: usize) -> Result<Vec<SignerPublic>, Fault> {
    let len = count.checked_mul(SignerPublic::LEN);
    octets(signers, len.ok_or(Fault(MEDIASEAL_ERR_LENGTH))?)?
        .chunks_exact(SignerPublic::LEN)
        .map(|signer| signer_of(signer.as_ptr()))
        .collect()
}

/// Tells the caller's function how far an export is, and hears whether it goes on.
fn told(options: &mediaseal_export_options, progress: Progress) -> ControlFlow<()> {
    let Some(hear) = options.progress else {
        return ControlFlow::Continue(());
    };
    let told = mediaseal_export_progress {
        struct_size: u32::try_from(size_of::<mediaseal_export_progress>()).unwrap_or(0),
        reserved: 0,
        frames: progress.frames,
        of: progress.of,
    };
    let user_data: *mut c_void = options.progress_user_data;
    let _scope = CallbackScope::enter();
    // SAFETY: the function is what the header asks for, and reads the struct until it returns.
    match unsafe { hear(user_data, &raw const told) } {
        0 => ControlFlow::Continue(()),
        _ => ControlFlow::Break(()),
    }
}
