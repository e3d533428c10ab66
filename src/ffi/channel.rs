//! One channel: its generations, steps and checks.

use core::ffi::c_char;
use core::ptr::null_mut;

use super::channel_store::mediaseal_channel_store;
use super::cipher::{check_flags, mediaseal_cipher};
use super::convert::{OctetsOut, Out, array, octets, octets_mut, sized, text};
use super::handle::{Object, close_shared, free_shared, new_shared, share_of, shared};
use super::numbers::{
    MEDIASEAL_CHANNEL_CLOCK, MEDIASEAL_CHANNEL_NO_GRACE, MEDIASEAL_CHANNEL_REFUSE_AFTER_FAILURES,
    MEDIASEAL_GENERATION_KEEP_ROOT, MEDIASEAL_GENERATION_SHARE_KEY, MEDIASEAL_KEY_CHECK_LEN,
};
use super::status::{
    Fault, MEDIASEAL_ERR_KEY_CHECK_FAILED, MEDIASEAL_ERR_NO_ACTIVE_KEY,
    MEDIASEAL_ERR_ROOT_NOT_KEPT, MEDIASEAL_ERR_UNKNOWN_VALUE, mediaseal_status,
};
use super::types::{mediaseal_channel_config, mediaseal_generation};
use crate::id::{KeyId, Media, SenderId};
use crate::keys::{Channel, ChannelConfig, ChannelKey, EpochSecret, NewGeneration};

/// One channel: stage a generation, activate it, and the former one is in grace and then retired.
pub struct mediaseal_channel {
    _opaque: (),
}

impl Object for mediaseal_channel {
    type Value = Channel;
    const TAG: u32 = 0x6d73_0005;
}

/// Opens a channel.
///
/// Copies what `config` holds. Writes a new object to `out_channel`, which the caller ends with mediaseal_channel_free; encryptors and decryptors keep the
/// channel open as well.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_CHANNEL_OPEN, MEDIASEAL_ERR_CHANNEL_NAME, MEDIASEAL_ERR_UNKNOWN_VALUE for other flags, MEDIASEAL_ERR_STRUCT_SIZE,
/// MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_channel_open(
    store: *const mediaseal_channel_store,
    config: *const mediaseal_channel_config,
    out_channel: *mut *mut mediaseal_channel,
) -> mediaseal_status {
    let out = Out::new(out_channel, null_mut());
    shared(store, |channels| {
        let out = out?;
        let config = sized(config)?;
        let known = MEDIASEAL_CHANNEL_CLOCK
            | MEDIASEAL_CHANNEL_REFUSE_AFTER_FAILURES
            | MEDIASEAL_CHANNEL_NO_GRACE;
        check_flags(config.flags, known)?;
        let has = |flag| config.flags & flag != 0;
        let mut channel = ChannelConfig::new(octets(config.id, config.id_len)?)?
            .instance(octets(config.instance, config.instance_len)?)?;
        if has(MEDIASEAL_CHANNEL_CLOCK) {
            channel = channel.with_clock();
        }
        if has(MEDIASEAL_CHANNEL_REFUSE_AFTER_FAILURES) {
            channel = channel.refuse_after_failures();
        }
        match (has(MEDIASEAL_CHANNEL_NO_GRACE), config.grace_seconds) {
            (true, 0) => channel = channel.grace_seconds(0),
            (true, _) => return Err(Fault(MEDIASEAL_ERR_UNKNOWN_VALUE)),
            (false, 0) => {}
            (false, seconds) => channel = channel.grace_seconds(seconds),
        }
        if config.max_sessions > 0 {
            let most = usize::try_from(config.max_sessions).unwrap_or(usize::MAX);
            channel = channel.max_sessions(most);
        }
        out.write(new_shared(channels.store.channel(channel)?));
        Ok(())
    })
}

/// Stages a generation: it opens frames, from `opens_at` on, and does not seal. Stage it on every side, then mediaseal_channel_activate.
///
/// Copies what `generation` holds; the caller wipes his own copy of the key.
///
/// Returns MEDIASEAL_OK (also for the same key again), MEDIASEAL_ERR_KEY_LENGTH, MEDIASEAL_ERR_KDF_SALT_LENGTH, MEDIASEAL_ERR_GENERATION_RETIRED,
/// MEDIASEAL_ERR_GENERATION_SLOT_BUSY, MEDIASEAL_ERR_GENERATION_CONFLICT, MEDIASEAL_ERR_UNKNOWN_STEP after an imported replay state, MEDIASEAL_ERR_CHANNEL_KEY_REUSED, MEDIASEAL_ERR_SHORT_TAG,
/// MEDIASEAL_ERR_UNKNOWN_VALUE for other flags, MEDIASEAL_ERR_STRUCT_SIZE, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_channel_stage(
    channel: *const mediaseal_channel,
    generation: *const mediaseal_generation,
) -> mediaseal_status {
    shared(channel, |channel| {
        let generation = sized(generation)?;
        let known = MEDIASEAL_GENERATION_KEEP_ROOT | MEDIASEAL_GENERATION_SHARE_KEY;
        check_flags(generation.flags, known)?;
        let mut key = ChannelKey::from_slice(octets(generation.key, generation.key_len)?)?;
        let kdf_salt = octets(generation.kdf_salt, generation.kdf_salt_len)?;
        if !kdf_salt.is_empty() {
            key = key.with_kdf_salt(kdf_salt)?;
        }
        let mut new = NewGeneration::new(generation.number, key);
        if !generation.cipher.is_null() {
            new = new.cipher(&share_of(generation.cipher)?);
        }
        if generation.opens_at > 0 {
            new = new.opens_at(generation.opens_at);
        }
        if generation.flags & MEDIASEAL_GENERATION_KEEP_ROOT != 0 {
            new = new.keep_root();
        }
        if generation.flags & MEDIASEAL_GENERATION_SHARE_KEY != 0 {
            new = new.share_key();
        }
        Ok(channel.stage(new)?)
    })
}

/// Stages a generation from the secret of one of its steps, which a member handed over as octets.
///
/// Borrows `epoch_secret`; the caller wipes it. `cipher` is NULL for a built-in suite, and the cipher for a custom one.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_EPOCH_OCTETS, MEDIASEAL_ERR_EPOCH_FORMAT, MEDIASEAL_ERR_EPOCH_MISMATCH, MEDIASEAL_ERR_UNSUPPORTED_SUITE, and what
/// mediaseal_channel_stage returns. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_channel_join(
    channel: *const mediaseal_channel,
    epoch_secret: *const u8,
    epoch_secret_len: usize,
    cipher: *const mediaseal_cipher,
) -> mediaseal_status {
    shared(channel, |channel| {
        let epoch = EpochSecret::from_bytes(octets(epoch_secret, epoch_secret_len)?)?;
        join(channel, epoch, cipher)
    })
}

/// The same with the secret as key text, "mediaseal-epoch-1…", which ends with a zero octet.
///
/// Returns what mediaseal_channel_join returns, and MEDIASEAL_ERR_EPOCH_TEXT, MEDIASEAL_ERR_NOT_UTF8. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_channel_join_text(
    channel: *const mediaseal_channel,
    epoch_text: *const c_char,
    cipher: *const mediaseal_cipher,
) -> mediaseal_status {
    shared(channel, |channel| {
        join(channel, EpochSecret::from_text(text(epoch_text)?)?, cipher)
    })
}

fn join(
    channel: &Channel,
    epoch: EpochSecret,
    cipher: *const mediaseal_cipher,
) -> super::status::Outcome {
    let cipher = if cipher.is_null() {
        None
    } else {
        Some(share_of(cipher)?)
    };
    Ok(channel.join(epoch, cipher.as_ref())?)
}

/// Makes a staged generation the one that seals, from the next frame of every encryptor on. The former one still opens, until grace ends.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_UNKNOWN_GENERATION, MEDIASEAL_ERR_NOT_OPEN_YET, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER; after the change has happened,
/// if a session of it cannot be made (its encryptor tries again at its next frame): MEDIASEAL_ERR_ENTROPY, MEDIASEAL_ERR_FORKED, MEDIASEAL_ERR_CIPHER_FAILED. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_channel_activate(
    channel: *const mediaseal_channel,
    generation: u64,
) -> mediaseal_status {
    shared(channel, |channel| Ok(channel.activate(generation)?))
}

/// Moves the sending step of a generation ahead, to `step`: who joins at it opens nothing earlier. Absolute, so saying it twice changes nothing.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_UNKNOWN_GENERATION, MEDIASEAL_ERR_GRACE_OPEN, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER; after the change has happened,
/// if a session of it cannot be made (its encryptor tries again at its next frame): MEDIASEAL_ERR_ENTROPY, MEDIASEAL_ERR_FORKED, MEDIASEAL_ERR_CIPHER_FAILED. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_channel_advance_to(
    channel: *const mediaseal_channel,
    generation: u64,
    step: u32,
) -> mediaseal_status {
    shared(channel, |channel| Ok(channel.advance_to(generation, step)?))
}

/// Writes the secret of a held step, which a joiner gets over a path that only he can read, to `out`.
///
/// MEDIASEAL_EPOCH_SECRET_MAX_LEN octets are enough; the caller wipes them after use.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_UNKNOWN_GENERATION, MEDIASEAL_ERR_UNKNOWN_STEP, MEDIASEAL_ERR_BUFFER_TOO_SMALL, MEDIASEAL_ERR_CLOSED,
/// MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_channel_epoch_secret(
    channel: *const mediaseal_channel,
    generation: u64,
    step: u32,
    out: *mut u8,
    capacity: usize,
    out_len: *mut usize,
) -> mediaseal_status {
    let out = OctetsOut::new(out, capacity, out_len);
    shared(channel, |channel| {
        let out = out?;
        out.write(&channel.epoch_secret(generation, step)?.to_bytes())
    })
}

/// Writes the same as key text, with a zero octet behind it that `out_len` does not count; MEDIASEAL_EPOCH_TEXT_MAX_LEN + 1 octets are enough.
///
/// Returns what mediaseal_channel_epoch_secret returns. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_channel_epoch_text(
    channel: *const mediaseal_channel,
    generation: u64,
    step: u32,
    out: *mut c_char,
    capacity: usize,
    out_len: *mut usize,
) -> mediaseal_status {
    let out = OctetsOut::new(out.cast(), capacity, out_len);
    shared(channel, |channel| {
        let out = out?;
        out.write_text(&channel.epoch_secret(generation, step)?.to_text())
    })
}

/// Writes the channel key of a generation that was staged with MEDIASEAL_GENERATION_KEEP_ROOT to `out`; MEDIASEAL_KEY_MAX_LEN octets are enough.
///
/// The caller wipes it after use.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_ROOT_NOT_KEPT, MEDIASEAL_ERR_BUFFER_TOO_SMALL, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_channel_key(
    channel: *const mediaseal_channel,
    generation: u64,
    out: *mut u8,
    capacity: usize,
    out_len: *mut usize,
) -> mediaseal_status {
    let out = OctetsOut::new(out, capacity, out_len);
    shared(channel, |channel| {
        let out = out?;
        let key = channel
            .channel_key(generation)
            .ok_or(Fault(MEDIASEAL_ERR_ROOT_NOT_KEPT))?;
        out.write(&key.to_bytes())
    })
}

/// Retires a generation at once: it opens and seals nothing more, and its number does not come again.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_UNKNOWN_GENERATION, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_channel_retire(
    channel: *const mediaseal_channel,
    generation: u64,
) -> mediaseal_status {
    shared(channel, |channel| Ok(channel.retire(generation)?))
}

/// Ends every grace now: the former generation is retired, and the steps below the sending ones are wiped.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_channel_end_grace(
    channel: *const mediaseal_channel,
) -> mediaseal_status {
    shared(channel, |channel| {
        channel.end_grace();
        Ok(())
    })
}

/// Writes the generation that seals and its step to `out_generation` and `out_step`.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_NO_ACTIVE_KEY, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_channel_sending(
    channel: *const mediaseal_channel,
    out_generation: *mut u64,
    out_step: *mut u32,
) -> mediaseal_status {
    let out_generation = Out::new(out_generation, 0);
    let out_step = Out::new(out_step, 0);
    shared(channel, |channel| {
        let out_generation = out_generation?;
        let out_step = out_step?;
        let (generation, step) = channel
            .sending()
            .ok_or(Fault(MEDIASEAL_ERR_NO_ACTIVE_KEY))?;
        out_generation.write(generation);
        out_step.write(step);
        Ok(())
    })
}

/// Announces who sends under a KID, as the sender's MEDIASEAL_EVENT_SESSION_STARTED told: decryptors then open it for this sender, whom they need not expect
/// otherwise. Ciphers of MEDIASEAL_COST_SLOW need it.
///
/// The announcement is not trusted: a frame opens for this sender or not at all. Copies `sender`.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_EXPECTED_SENDERS if 16 others were announced for this KID, MEDIASEAL_ERR_SENDER_ID_TOO_LONG,
/// MEDIASEAL_ERR_UNKNOWN_VALUE for other media, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_channel_expect_session(
    channel: *const mediaseal_channel,
    kid: u64,
    sender: *const u8,
    sender_len: usize,
    media: u32,
) -> mediaseal_status {
    shared(channel, |channel| {
        let sender = SenderId::new(octets(sender, sender_len)?)?;
        Ok(channel.expect_session(KeyId::new(kid), sender, media_of(media)?)?)
    })
}

/// Writes the safety code of the generation that seals to `out`: 12 groups of 5 digits, which members read to each other. Equal codes mean equal keys, suite and clock.
///
/// A zero octet stands behind it, which `out_len` does not count; MEDIASEAL_SAFETY_CODE_LEN + 1 octets are enough.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_NO_ACTIVE_KEY, MEDIASEAL_ERR_BUFFER_TOO_SMALL, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Any threads at once.
/// Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_channel_safety_code(
    channel: *const mediaseal_channel,
    out: *mut c_char,
    capacity: usize,
    out_len: *mut usize,
) -> mediaseal_status {
    let out = OctetsOut::new(out.cast(), capacity, out_len);
    shared(channel, |channel| {
        let out = out?;
        out.write_text(&channel.safety_code()?)
    })
}

/// Answers a key check, over any path and before any media: `sender` is this member's name, `challenge` the MEDIASEAL_KEY_CHECK_LEN octets that the asker chose at random.
///
/// Writes MEDIASEAL_KEY_CHECK_LEN octets to `out_answer`.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_NO_ACTIVE_KEY, MEDIASEAL_ERR_SENDER_ID_TOO_LONG, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Any threads at once.
/// Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_channel_key_check(
    channel: *const mediaseal_channel,
    sender: *const u8,
    sender_len: usize,
    challenge: *const u8,
    out_answer: *mut u8,
) -> mediaseal_status {
    shared(channel, |channel| {
        let sender = SenderId::new(octets(sender, sender_len)?)?;
        let challenge = *array::<MEDIASEAL_KEY_CHECK_LEN>(challenge)?;
        let out = octets_mut(out_answer, MEDIASEAL_KEY_CHECK_LEN)?;
        out.fill(0);
        out.copy_from_slice(&channel.key_check(&sender, &challenge)?);
        Ok(())
    })
}

/// Compares the answer to a key check with that of `sender` and the same keys, in constant time.
///
/// Borrows `sender`, and MEDIASEAL_KEY_CHECK_LEN octets each of `challenge` and `answer`.
///
/// Returns MEDIASEAL_OK if it is that answer, MEDIASEAL_ERR_KEY_CHECK_FAILED if it is another, MEDIASEAL_ERR_NO_ACTIVE_KEY, MEDIASEAL_ERR_SENDER_ID_TOO_LONG,
/// MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_channel_verify_key_check(
    channel: *const mediaseal_channel,
    sender: *const u8,
    sender_len: usize,
    challenge: *const u8,
    answer: *const u8,
) -> mediaseal_status {
    shared(channel, |channel| {
        let sender = SenderId::new(octets(sender, sender_len)?)?;
        let challenge = array::<MEDIASEAL_KEY_CHECK_LEN>(challenge)?;
        let answer = array::<MEDIASEAL_KEY_CHECK_LEN>(answer)?;
        if channel.verify_key_check(&sender, challenge, answer)? {
            Ok(())
        } else {
            Err(Fault(MEDIASEAL_ERR_KEY_CHECK_FAILED))
        }
    })
}

/// Writes what must outlive the process, so that nothing opened before opens again after a restart, to `out`.
///
/// It holds no secret; keep it where nobody else can change it. With `out` NULL and `capacity` 0 the octets needed are written to `out_len`; they may grow between
/// two calls.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_BUFFER_TOO_SMALL, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_channel_replay_state(
    channel: *const mediaseal_channel,
    out: *mut u8,
    capacity: usize,
    out_len: *mut usize,
) -> mediaseal_status {
    let out = OctetsOut::new(out, capacity, out_len);
    shared(channel, |channel| {
        let out = out?;
        out.write(&channel.replay_state())
    })
}

/// Takes over what mediaseal_channel_replay_state wrote, before generations are staged. Borrows `state`.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_REPLAY_STATE (nothing is taken over), MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_channel_import_replay_state(
    channel: *const mediaseal_channel,
    state: *const u8,
    state_len: usize,
) -> mediaseal_status {
    shared(channel, |channel| {
        Ok(channel.import_replay_state(octets(state, state_len)?)?)
    })
}

/// Ends the use of a channel object: later calls with it return MEDIASEAL_ERR_CLOSED. Its encryptors and decryptors go on.
///
/// Returns MEDIASEAL_OK, also if it is closed already; MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_BAD_HANDLE. Any thread, at any time. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_channel_close(
    channel: *mut mediaseal_channel,
) -> mediaseal_status {
    close_shared(channel)
}

/// Frees a channel object, the last use of it. NULL is accepted; the store, encryptors and decryptors may be freed before or after. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_channel_free(channel: *mut mediaseal_channel) {
    free_shared(channel);
}

/// The media of a number that came in.
pub(super) fn media_of(number: u32) -> Result<Media, Fault> {
    let known = [
        Media::UNSPECIFIED,
        Media::AUDIO,
        Media::VIDEO,
        Media::DATA,
        Media::SCREEN,
        Media::SCREEN_AUDIO,
    ];
    let number = u8::try_from(number).map_err(|_| Fault(MEDIASEAL_ERR_UNKNOWN_VALUE))?;
    known
        .into_iter()
        .find(|media| media.value() == number)
        .or_else(|| Media::application(number))
        .ok_or(Fault(MEDIASEAL_ERR_UNKNOWN_VALUE))
}
