//! Every status that a function of the C interface returns, and which error becomes which.

use crate::cipher::Refusal;
use crate::error::{Error, Malformed, Misuse, StoreFault, Unsupported};
use crate::id::InvalidId;

/// What a function returns: 0 for success, else one of the `MEDIASEAL_ERR_…` numbers, which never change their meaning.
///
/// The hundreds digit is the reaction asked for: 1 fix the call, 2 fetch a key, 3 drop the packet, 4 see to the custody of keys, 9 report a bug. See mediaseal_status_class,
/// mediaseal_status_name and mediaseal_status_text.
pub type mediaseal_status = i32;

/// Success.
pub const MEDIASEAL_OK: mediaseal_status = 0;

/// Pass a pointer where this one is NULL.
pub const MEDIASEAL_ERR_NULL_POINTER: mediaseal_status = 101;
/// Align the pointer as its type asks.
pub const MEDIASEAL_ERR_MISALIGNED: mediaseal_status = 102;
/// Pass an object of the type that the function is for; this is another type's, or was freed.
pub const MEDIASEAL_ERR_BAD_HANDLE: mediaseal_status = 103;
/// The object was closed: make a new one.
pub const MEDIASEAL_ERR_CLOSED: mediaseal_status = 104;
/// Another thread is using this object now: give each thread its own, or take turns.
pub const MEDIASEAL_ERR_BUSY: mediaseal_status = 105;
/// Do not call the library from a callback of the library: note what to do and do it afterwards.
pub const MEDIASEAL_ERR_REENTRANT: mediaseal_status = 106;
/// Set struct_size with the struct's _INIT macro; or fields that this version does not know are not zero.
pub const MEDIASEAL_ERR_STRUCT_SIZE: mediaseal_status = 107;
/// Let input and output be one buffer or lie apart: these overlap in part.
pub const MEDIASEAL_ERR_OVERLAP: mediaseal_status = 108;
/// Pass a length that a buffer can have: this is over SIZE_MAX / 2, or runs past the end of memory.
pub const MEDIASEAL_ERR_LENGTH: mediaseal_status = 109;
/// Use a number that this enumeration or set of flags has.
pub const MEDIASEAL_ERR_UNKNOWN_VALUE: mediaseal_status = 110;
/// Pass text as UTF-8.
pub const MEDIASEAL_ERR_NOT_UTF8: mediaseal_status = 111;
/// Give a larger buffer; nothing was written and no counter spent.
pub const MEDIASEAL_ERR_BUFFER_TOO_SMALL: mediaseal_status = 112;
/// Send a shorter payload: the packet would be over its maximum. Nothing was sealed and no counter spent.
pub const MEDIASEAL_ERR_PACKET_TOO_LONG: mediaseal_status = 113;
/// Keep offset + length inside the buffer.
pub const MEDIASEAL_ERR_RANGE_OUTSIDE_BUFFER: mediaseal_status = 114;
/// Leave more room in front of the payload: MEDIASEAL_HEADROOM octets are always enough.
pub const MEDIASEAL_ERR_HEADROOM: mediaseal_status = 115;
/// Leave more room behind the payload: MEDIASEAL_TAILROOM octets are always enough.
pub const MEDIASEAL_ERR_TAILROOM: mediaseal_status = 116;
/// Split the frame: it is longer than one seal takes.
pub const MEDIASEAL_ERR_FRAME_TOO_LONG: mediaseal_status = 117;
/// Pass at most MEDIASEAL_METADATA_MAX_LEN octets of metadata.
pub const MEDIASEAL_ERR_METADATA_TOO_LONG: mediaseal_status = 118;
/// Shorten the sender's name to at most MEDIASEAL_SENDER_ID_MAX_LEN octets.
pub const MEDIASEAL_ERR_SENDER_ID_TOO_LONG: mediaseal_status = 119;
/// Choose bit widths that leave room for each field of the KID.
pub const MEDIASEAL_ERR_KID_LAYOUT: mediaseal_status = 120;
/// Use numbers that fit their fields of the KID.
pub const MEDIASEAL_ERR_KID_OUT_OF_RANGE: mediaseal_status = 121;
/// Use a suite of RFC 9605, or register the custom cipher and pass it.
pub const MEDIASEAL_ERR_UNSUPPORTED_SUITE: mediaseal_status = 122;
/// Opt in to short tags with MEDIASEAL_CIPHER_ALLOW_SHORT_TAGS, or choose a suite with a longer tag.
pub const MEDIASEAL_ERR_SHORT_TAG: mediaseal_status = 123;
/// Give a key of MEDIASEAL_KEY_MIN_LEN to MEDIASEAL_KEY_MAX_LEN octets.
pub const MEDIASEAL_ERR_KEY_LENGTH: mediaseal_status = 124;
/// The text is no key of this form.
pub const MEDIASEAL_ERR_KEY_TEXT: mediaseal_status = 125;
/// Give a KDF salt of 16 to 64 octets, or none.
pub const MEDIASEAL_ERR_KDF_SALT_LENGTH: mediaseal_status = 126;
/// Give a passphrase of 1 to 1024 octets.
pub const MEDIASEAL_ERR_PASSPHRASE_LENGTH: mediaseal_status = 127;
/// Give a PHC string of Argon2id as mediaseal_passphrase_params_generate made it.
pub const MEDIASEAL_ERR_PASSPHRASE_PARAMS: mediaseal_status = 128;
/// Retire the key of this KID first, or choose another KID.
pub const MEDIASEAL_ERR_KID_IN_USE: mediaseal_status = 129;
/// Use a fresh base key or another KID: this pair was already held for sending.
pub const MEDIASEAL_ERR_KEY_REUSED: mediaseal_status = 130;
/// Use one base key and KID in one direction only (RFC 9605 section 4.4.1).
pub const MEDIASEAL_ERR_SEND_AND_RECEIVE: mediaseal_status = 131;
/// Add the send key first.
pub const MEDIASEAL_ERR_UNKNOWN_SEND_KEY: mediaseal_status = 132;
/// Add the receive key first.
pub const MEDIASEAL_ERR_UNKNOWN_RECEIVE_KEY: mediaseal_status = 133;
/// Pass seconds since 1970, and tick a channel with a clock before it seals.
pub const MEDIASEAL_ERR_CLOCK_UNSET: mediaseal_status = 134;
/// The compact profile needs suite 0x0001 and a KID of 0 to 7.
pub const MEDIASEAL_ERR_COMPACT_PROFILE: mediaseal_status = 135;
/// Give a packet maximum that holds at least the overhead and one octet.
pub const MEDIASEAL_ERR_PACKET_MAXIMUM: mediaseal_status = 136;
/// Give a channel id of 1 to 255 octets, an instance of at most 255.
pub const MEDIASEAL_ERR_CHANNEL_NAME: mediaseal_status = 137;
/// Use the object of the channel that is open.
pub const MEDIASEAL_ERR_CHANNEL_OPEN: mediaseal_status = 138;
/// Use a key of its own for each channel, or MEDIASEAL_GENERATION_SHARE_KEY.
pub const MEDIASEAL_ERR_CHANNEL_KEY_REUSED: mediaseal_status = 139;
/// Stage the generation first; it may have been retired.
pub const MEDIASEAL_ERR_UNKNOWN_GENERATION: mediaseal_status = 140;
/// Ask for a step that is held.
pub const MEDIASEAL_ERR_UNKNOWN_STEP: mediaseal_status = 141;
/// Use a number that was not used before.
pub const MEDIASEAL_ERR_GENERATION_RETIRED: mediaseal_status = 142;
/// Retire the generation whose number has the same low 4 bits first.
pub const MEDIASEAL_ERR_GENERATION_SLOT_BUSY: mediaseal_status = 143;
/// Find out which of two secrets is right: they claim the same generation and step.
pub const MEDIASEAL_ERR_GENERATION_CONFLICT: mediaseal_status = 144;
/// Wait for the end of grace: the step is too far ahead.
pub const MEDIASEAL_ERR_GRACE_OPEN: mediaseal_status = 145;
/// Wait for the time at which the generation opens.
pub const MEDIASEAL_ERR_NOT_OPEN_YET: mediaseal_status = 146;
/// Expect 1 to 16 pairs of sender and media; announce more by mediaseal_channel_expect_session.
pub const MEDIASEAL_ERR_EXPECTED_SENDERS: mediaseal_status = 147;
/// Give what mediaseal_channel_replay_state returned for this channel and instance.
pub const MEDIASEAL_ERR_REPLAY_STATE: mediaseal_status = 148;
/// The text is no epoch secret, or was mistyped.
pub const MEDIASEAL_ERR_EPOCH_TEXT: mediaseal_status = 149;
/// Use a version of mediaseal that reads this format of epoch secrets.
pub const MEDIASEAL_ERR_EPOCH_FORMAT: mediaseal_status = 150;
/// The octets are no epoch secret.
pub const MEDIASEAL_ERR_EPOCH_OCTETS: mediaseal_status = 151;
/// Join the channel, instance and clock that the secret was made for, with its cipher.
pub const MEDIASEAL_ERR_EPOCH_MISMATCH: mediaseal_status = 152;
/// Do not use this cipher: it lacks the property that mediaseal_refusal names.
pub const MEDIASEAL_ERR_CIPHER_REFUSED: mediaseal_status = 153;
/// The file cannot be loaded, or exports no mediaseal_cipher_library_v1 for this ABI.
pub const MEDIASEAL_ERR_CIPHER_LIBRARY: mediaseal_status = 154;
/// Ask for an index below the count.
pub const MEDIASEAL_ERR_INDEX: mediaseal_status = 155;
/// Make the counter store first, or mend the path or mount.
pub const MEDIASEAL_ERR_COUNTER_STORE_NOT_THERE: mediaseal_status = 156;
/// Open the counter store in place of making it.
pub const MEDIASEAL_ERR_COUNTER_STORE_ALREADY_THERE: mediaseal_status = 157;
/// Another process, or another object of this process, holds the counter store.
pub const MEDIASEAL_ERR_COUNTER_STORE_LOCKED: mediaseal_status = 158;
/// This base key and KID are already held through this counter store.
pub const MEDIASEAL_ERR_COUNTER_STORE_KEY_IN_USE: mediaseal_status = 159;
/// Look at the status of the batch: it ended before this job was begun.
pub const MEDIASEAL_ERR_NOT_BEGUN: mediaseal_status = 160;
/// Build the library with the feature that this needs, or do without.
pub const MEDIASEAL_ERR_NOT_IN_THIS_BUILD: mediaseal_status = 161;
/// Set a codec in MEDIASEAL_MODE_FRAME alone: packets have no codec-aware form.
pub const MEDIASEAL_ERR_CODEC_OF_PACKETS: mediaseal_status = 162;
/// Set the stream's codec, or MEDIASEAL_CODEC_OPAQUE: streams without one are refused here.
pub const MEDIASEAL_ERR_NO_CODEC: mediaseal_status = 163;
/// Set codecs for at most 1,024 streams, or one for all.
pub const MEDIASEAL_ERR_CODEC_STREAMS: mediaseal_status = 164;
/// Set the form of NAL units that the encoder gives: the frame has another.
pub const MEDIASEAL_ERR_NAL_FORMAT: mediaseal_status = 165;
/// Seal this stream as opaque: it has data partitions, or layers above the base.
pub const MEDIASEAL_ERR_NAL_TYPE: mediaseal_status = 166;
/// Seal this stream as opaque: the header of the first slice cannot be read.
pub const MEDIASEAL_ERR_SLICE_HEADER: mediaseal_status = 167;
/// Give AV1 frames as a row of OBUs, not in the form of its Annex B.
pub const MEDIASEAL_ERR_OBU: mediaseal_status = 168;
/// Seal each spatial layer by a call of its own (RFC 9605 section 6.1.3).
pub const MEDIASEAL_ERR_SPATIAL_LAYERS: mediaseal_status = 169;
/// Use longer lengths before NAL units, or start codes: the carrier does not fit.
pub const MEDIASEAL_ERR_CARRIER_TOO_LONG: mediaseal_status = 170;

/// Ask for the key of this KID; the frame may be kept and tried again.
pub const MEDIASEAL_ERR_MISSING_KEY: mediaseal_status = 201;
/// Keep or drop the frame: its key opens at a later tick.
pub const MEDIASEAL_ERR_NOT_YET_ACTIVE: mediaseal_status = 202;
/// Activate a send key or a generation: nothing can be sealed, and nothing goes in clear.
pub const MEDIASEAL_ERR_NO_ACTIVE_KEY: mediaseal_status = 203;
/// Bring a fresh send key: this one reached its usage limit for ever.
pub const MEDIASEAL_ERR_KEY_EXHAUSTED: mediaseal_status = 204;
/// Bring a fresh key: too many frames failed authentication under this one.
pub const MEDIASEAL_ERR_INTEGRITY_LIMIT: mediaseal_status = 205;
/// Make new keys in this process: it is a fork of the one that added the key.
pub const MEDIASEAL_ERR_FORKED: mediaseal_status = 206;
/// The other side holds other keys, or answered for another sender: compare safety codes.
pub const MEDIASEAL_ERR_KEY_CHECK_FAILED: mediaseal_status = 207;
/// Stage with MEDIASEAL_GENERATION_KEEP_ROOT to be able to read the channel key back.
pub const MEDIASEAL_ERR_ROOT_NOT_KEPT: mediaseal_status = 208;

/// Drop the frame: wrong key, altered octets or other metadata than the sender's.
pub const MEDIASEAL_ERR_AUTHENTICATION_FAILED: mediaseal_status = 301;
/// Drop the frame: it was opened before. Happens in healthy calls (retransmission).
pub const MEDIASEAL_ERR_DUPLICATE: mediaseal_status = 302;
/// Drop the frame: it is from before the key was last retired.
pub const MEDIASEAL_ERR_REPLAYED: mediaseal_status = 303;
/// Drop the frame: it is older than the replay window reaches.
pub const MEDIASEAL_ERR_TOO_OLD: mediaseal_status = 304;
/// Drop the frame: it ends before its header or its tag does.
pub const MEDIASEAL_ERR_TRUNCATED: mediaseal_status = 305;
/// Drop the frame: its header is not minimally encoded.
pub const MEDIASEAL_ERR_NOT_MINIMAL: mediaseal_status = 306;
/// Drop the frame: it is longer than any sender may seal.
pub const MEDIASEAL_ERR_TOO_LONG: mediaseal_status = 307;
/// Drop the frame: its key was retired.
pub const MEDIASEAL_ERR_RETIRED_KEY: mediaseal_status = 308;
/// Drop the frame: this side sealed it, a relay sent it back.
pub const MEDIASEAL_ERR_REFLECTED: mediaseal_status = 309;
/// Drop the frame: its session belongs to an hour long past or far ahead.
pub const MEDIASEAL_ERR_STALE_SESSION: mediaseal_status = 310;
/// Drop the frame, and see that all members use the channel with a clock or all without.
pub const MEDIASEAL_ERR_CLOCK_MISMATCH: mediaseal_status = 311;
/// Drop the frame: another decryptor held the replay window of its KID for long.
pub const MEDIASEAL_ERR_CONTENDED: mediaseal_status = 312;
/// Drop the frame: no part of it carries ciphertext in the form of the codec that is set.
pub const MEDIASEAL_ERR_NO_CARRIER: mediaseal_status = 313;
/// Drop the frame: two parts of it could carry its ciphertext.
pub const MEDIASEAL_ERR_SECOND_CARRIER: mediaseal_status = 314;
/// Drop the frame: what carries its ciphertext is not as it was sent, or the sender set another codec.
pub const MEDIASEAL_ERR_CARRIER: mediaseal_status = 315;

/// Look for the key elsewhere: custody or the provider has no such key, or custody no such provider.
pub const MEDIASEAL_ERR_KEY_NOT_FOUND: mediaseal_status = 401;
/// Give up what this key wrapped: it was destroyed.
pub const MEDIASEAL_ERR_KEY_DESTROYED: mediaseal_status = 402;
/// Change the state of the key first, or use another: in this state it does not do that.
pub const MEDIASEAL_ERR_KEY_STATE: mediaseal_status = 403;
/// Go through the states in between: this state may not follow that one.
pub const MEDIASEAL_ERR_KEY_TRANSITION: mediaseal_status = 404;
/// Restore the key from the archive first.
pub const MEDIASEAL_ERR_KEY_ARCHIVED: mediaseal_status = 405;
/// Use another id or version: the provider has that key, or had it before it was destroyed.
pub const MEDIASEAL_ERR_KEY_EXISTS: mediaseal_status = 406;
/// Use a key and a provider of the pinned region: the policy refuses these, and the refusal is recorded.
pub const MEDIASEAL_ERR_REGION_FORBIDDEN: mediaseal_status = 407;
/// Ask for the right: the authorizer refused, and the refusal is recorded.
pub const MEDIASEAL_ERR_NOT_AUTHORIZED: mediaseal_status = 408;
/// Mend the audit log: it could not be written, so nothing was done.
pub const MEDIASEAL_ERR_AUDIT: mediaseal_status = 409;
/// Go on later by the same call: the progress callback stopped it. What was done is kept.
pub const MEDIASEAL_ERR_STOPPED: mediaseal_status = 410;
/// Try again: another process holds the store of keys.
pub const MEDIASEAL_ERR_VAULT_BUSY: mediaseal_status = 411;
/// Make room: the disk is full. What was acknowledged before is there.
pub const MEDIASEAL_ERR_DISK_FULL: mediaseal_status = 412;
/// Restore the store of keys from a backup: a row or the file is damaged.
pub const MEDIASEAL_ERR_VAULT_DAMAGED: mediaseal_status = 413;
/// Look at the file of the store of keys: the system or SQLite refuses it.
pub const MEDIASEAL_ERR_VAULT_STORE: mediaseal_status = 414;
/// Give a name, URL, length or time that there can be, and what is not there already.
pub const MEDIASEAL_ERR_VAULT_ARGUMENT: mediaseal_status = 415;
/// Change the state of the key at the provider, which by itself refuses this.
pub const MEDIASEAL_ERR_PROVIDER_REFUSED: mediaseal_status = 421;
/// Bring other credentials: the provider refused the passphrase, PIN or access key, or got none.
pub const MEDIASEAL_ERR_PROVIDER_ACCESS: mediaseal_status = 422;
/// Try again later: the provider is away, busy, or throttles. Nothing has changed.
pub const MEDIASEAL_ERR_PROVIDER_UNAVAILABLE: mediaseal_status = 423;
/// Choose another provider or operation: this one cannot do it.
pub const MEDIASEAL_ERR_PROVIDER_UNSUPPORTED: mediaseal_status = 424;
/// Report it to who makes the provider: it failed in a way of its own, or broke the rules of its vtable.
pub const MEDIASEAL_ERR_PROVIDER_FAILED: mediaseal_status = 425;
/// Give up this wrapped key or record: it was made for another place or by another key, or was altered.
pub const MEDIASEAL_ERR_WRAPPED_KEY: mediaseal_status = 431;
/// Give the octets as they were made: these are no wrapped key, or a part is too long for one.
pub const MEDIASEAL_ERR_WRAPPED_KEY_FORM: mediaseal_status = 432;
/// Give the key text as it was made: it is of another kind, or was mistyped.
pub const MEDIASEAL_ERR_GRANT_TEXT: mediaseal_status = 441;
/// Ask for another key: these octets are none of their kind.
pub const MEDIASEAL_ERR_GRANT_KEY: mediaseal_status = 442;
/// Use a version of mediaseal that reads this form of grants.
pub const MEDIASEAL_ERR_GRANT_VERSION: mediaseal_status = 443;
/// Use one of MEDIASEAL_KEM_...: this key encapsulation mechanism is not known.
pub const MEDIASEAL_ERR_GRANT_KEM: mediaseal_status = 444;
/// Ask for the grant again: it is cut short, too long or out of range.
pub const MEDIASEAL_ERR_GRANT_FORM: mediaseal_status = 445;
/// Shorten the context, or give fewer recipients.
pub const MEDIASEAL_ERR_GRANT_TOO_LONG: mediaseal_status = 446;
/// Ask for a grant of your own: this one is for another key.
pub const MEDIASEAL_ERR_GRANT_RECIPIENT: mediaseal_status = 447;
/// Do not use it: it is not signed by the signer that was given, for this recipient and context.
pub const MEDIASEAL_ERR_GRANT_SIGNATURE: mediaseal_status = 448;
/// Do not use it: it is signed, and was not sealed to this key for this context.
pub const MEDIASEAL_ERR_GRANT_DOES_NOT_OPEN: mediaseal_status = 449;
/// Ask for what is needed: another kind of key is sealed in it.
pub const MEDIASEAL_ERR_GRANT_PAYLOAD: mediaseal_status = 450;
/// Ask an owner to add you: nothing in it is for this key.
pub const MEDIASEAL_ERR_GRANT_NO_STANZA: mediaseal_status = 451;
/// Ask for the passphrase again: it is another, or what it sealed was altered.
pub const MEDIASEAL_ERR_GRANT_PASSPHRASE: mediaseal_status = 452;
/// Look at the folder of the recording, then resume: the system refused a read or a write. What was committed is there.
pub const MEDIASEAL_ERR_RECORDING_IO: mediaseal_status = 461;
/// Choose another place, or another session: a recording, a file or a grant is there already.
pub const MEDIASEAL_ERR_RECORDING_ALREADY_THERE: mediaseal_status = 462;
/// Look for the right place: no recording, or no folder, is there.
pub const MEDIASEAL_ERR_RECORDING_NOT_THERE: mediaseal_status = 463;
/// Name an owner first: nobody could open the recording.
pub const MEDIASEAL_ERR_RECORDING_NO_OWNER: mediaseal_status = 464;
/// Wait, or end the other: another recorder has the recording open.
pub const MEDIASEAL_ERR_RECORDING_BUSY: mediaseal_status = 465;
/// Recover the recording: the recorder stopped at an earlier error, and what came after the last commit is lost.
pub const MEDIASEAL_ERR_RECORDING_STOPPED: mediaseal_status = 466;
/// Begin a new recording: this one is closed.
pub const MEDIASEAL_ERR_RECORDING_CLOSED: mediaseal_status = 467;
/// Find out who altered it, or which disk fails: a part of the recording is not as it was written. Nothing of it was given out.
pub const MEDIASEAL_ERR_RECORDING_DAMAGED: mediaseal_status = 468;
/// Bring the right key: the recording was sealed under another one, or its header was altered.
pub const MEDIASEAL_ERR_RECORDING_KEY: mediaseal_status = 469;
/// Bring the signing key that the recording was begun with.
pub const MEDIASEAL_ERR_RECORDING_SIGNER: mediaseal_status = 470;
/// Read it with a newer version of mediaseal, or shorten the region: the recording has a number that this one does not know.
pub const MEDIASEAL_ERR_RECORDING_VERSION: mediaseal_status = 471;
/// Name each track once, from 0 to 65,535, at most 1,024, before its frames.
pub const MEDIASEAL_ERR_RECORDING_TRACK: mediaseal_status = 472;

/// Report it: the library failed inside. The object is of no use any more; free it and make a new one.
pub const MEDIASEAL_ERR_PANIC: mediaseal_status = 901;
/// Free the object and make a new one: an earlier call failed inside the library.
pub const MEDIASEAL_ERR_POISONED: mediaseal_status = 902;
/// Report it: the cipher failed, or made no key. What was written is zeroed, and a seal spent one counter value.
pub const MEDIASEAL_ERR_CIPHER_FAILED: mediaseal_status = 903;
/// Report it: the operating system gave no random octets.
pub const MEDIASEAL_ERR_ENTROPY: mediaseal_status = 904;
/// Report it, or choose a lower cost: the system has not the memory that the parameters of a passphrase ask for.
pub const MEDIASEAL_ERR_OUT_OF_MEMORY: mediaseal_status = 905;
/// Use a fresh key: the counter record cannot be read.
pub const MEDIASEAL_ERR_COUNTER_STORE_DAMAGED: mediaseal_status = 911;
/// Use a fresh key: the counter store was rolled back or restored.
pub const MEDIASEAL_ERR_COUNTER_STORE_ROLLED_BACK: mediaseal_status = 912;
/// Report it: the system refused a read or a write of the counter store.
pub const MEDIASEAL_ERR_COUNTER_STORE_IO: mediaseal_status = 913;

/// mediaseal_status_class: success.
pub const MEDIASEAL_CLASS_OK: u32 = 0;
/// mediaseal_status_class: the calling code must change.
pub const MEDIASEAL_CLASS_FIX_THE_CALL: u32 = 1;
/// mediaseal_status_class: a key is missing, spent or not open yet.
pub const MEDIASEAL_CLASS_FETCH_A_KEY: u32 = 2;
/// mediaseal_status_class: the frame is not good; drop it and go on.
pub const MEDIASEAL_CLASS_DROP_THE_PACKET: u32 = 3;
/// mediaseal_status_class: a key at rest is not there, not in use, not allowed or not reached; each status says what to do.
pub const MEDIASEAL_CLASS_SEE_TO_CUSTODY: u32 = 4;
/// mediaseal_status_class: a cipher, a disk, the system or the library failed.
pub const MEDIASEAL_CLASS_REPORT_A_BUG: u32 = 9;

/// A status other than `MEDIASEAL_OK`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault(pub(super) mediaseal_status);

/// What a call of the Rust side comes to.
pub(super) type Outcome = Result<(), Fault>;

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self(status_of(&error))
    }
}

impl From<Misuse> for Fault {
    fn from(misuse: Misuse) -> Self {
        Error::from(misuse).into()
    }
}

impl From<InvalidId> for Fault {
    fn from(invalid: InvalidId) -> Self {
        Error::from(invalid).into()
    }
}

impl From<Refusal> for Fault {
    fn from(_: Refusal) -> Self {
        Self(MEDIASEAL_ERR_CIPHER_REFUSED)
    }
}

/// The status of an error.
pub(super) const fn status_of(error: &Error) -> mediaseal_status {
    match error {
        Error::Misuse(misuse) => status_of_misuse(misuse),
        Error::MissingKey { .. } => MEDIASEAL_ERR_MISSING_KEY,
        Error::RetiredKey { .. } => MEDIASEAL_ERR_RETIRED_KEY,
        Error::NotYetActive { .. } => MEDIASEAL_ERR_NOT_YET_ACTIVE,
        Error::Reflected { .. } => MEDIASEAL_ERR_REFLECTED,
        Error::AuthenticationFailed { .. } => MEDIASEAL_ERR_AUTHENTICATION_FAILED,
        Error::Duplicate { .. } => MEDIASEAL_ERR_DUPLICATE,
        Error::Replayed { .. } => MEDIASEAL_ERR_REPLAYED,
        Error::TooOld { .. } => MEDIASEAL_ERR_TOO_OLD,
        Error::StaleSession { .. } => MEDIASEAL_ERR_STALE_SESSION,
        Error::ClockMismatch { .. } => MEDIASEAL_ERR_CLOCK_MISMATCH,
        Error::Malformed(Malformed::NotMinimal) => MEDIASEAL_ERR_NOT_MINIMAL,
        Error::Malformed(Malformed::TooLong) => MEDIASEAL_ERR_TOO_LONG,
        Error::Malformed(Malformed::NoCarrier) => MEDIASEAL_ERR_NO_CARRIER,
        Error::Malformed(Malformed::SecondCarrier) => MEDIASEAL_ERR_SECOND_CARRIER,
        Error::Malformed(Malformed::Carrier) => MEDIASEAL_ERR_CARRIER,
        Error::Unsupported(unsupported) => status_of_unsupported(unsupported),
        Error::Truncated { .. } => MEDIASEAL_ERR_TRUNCATED,
        Error::Contended { .. } => MEDIASEAL_ERR_CONTENDED,
        Error::PacketTooLong { .. } => MEDIASEAL_ERR_PACKET_TOO_LONG,
        Error::BufferTooSmall { .. } => MEDIASEAL_ERR_BUFFER_TOO_SMALL,
        Error::NoActiveKey => MEDIASEAL_ERR_NO_ACTIVE_KEY,
        Error::KeyExhausted { .. } => MEDIASEAL_ERR_KEY_EXHAUSTED,
        Error::IntegrityLimit { .. } => MEDIASEAL_ERR_INTEGRITY_LIMIT,
        Error::Forked => MEDIASEAL_ERR_FORKED,
        Error::CipherFailed { .. } => MEDIASEAL_ERR_CIPHER_FAILED,
        Error::CounterStore(fault) => status_of_store_fault(fault),
        Error::OutOfMemory => MEDIASEAL_ERR_OUT_OF_MEMORY,
        Error::EntropyUnavailable => MEDIASEAL_ERR_ENTROPY,
    }
}

const fn status_of_misuse(misuse: &Misuse) -> mediaseal_status {
    match misuse {
        Misuse::UnsupportedSuite { .. } => MEDIASEAL_ERR_UNSUPPORTED_SUITE,
        Misuse::NotInThisBuild => MEDIASEAL_ERR_NOT_IN_THIS_BUILD,
        Misuse::ShortTag { .. } => MEDIASEAL_ERR_SHORT_TAG,
        Misuse::BaseKeyLength { .. } | Misuse::ChannelKeyLength { .. } => MEDIASEAL_ERR_KEY_LENGTH,
        Misuse::KeyText => MEDIASEAL_ERR_KEY_TEXT,
        Misuse::Id(InvalidId::SenderIdTooLong { .. }) => MEDIASEAL_ERR_SENDER_ID_TOO_LONG,
        Misuse::Id(InvalidId::KidLayout) => MEDIASEAL_ERR_KID_LAYOUT,
        Misuse::Id(InvalidId::KidOutOfRange) => MEDIASEAL_ERR_KID_OUT_OF_RANGE,
        Misuse::KidInUse { .. } => MEDIASEAL_ERR_KID_IN_USE,
        Misuse::KeyReused { .. } => MEDIASEAL_ERR_KEY_REUSED,
        Misuse::SendAndReceive { .. } => MEDIASEAL_ERR_SEND_AND_RECEIVE,
        Misuse::UnknownSendKey { .. } => MEDIASEAL_ERR_UNKNOWN_SEND_KEY,
        Misuse::UnknownReceiveKey { .. } => MEDIASEAL_ERR_UNKNOWN_RECEIVE_KEY,
        Misuse::ClockUnset { .. } => MEDIASEAL_ERR_CLOCK_UNSET,
        Misuse::FrameTooLong { .. } => MEDIASEAL_ERR_FRAME_TOO_LONG,
        Misuse::MetadataTooLong { .. } => MEDIASEAL_ERR_METADATA_TOO_LONG,
        Misuse::Headroom { .. } => MEDIASEAL_ERR_HEADROOM,
        Misuse::Tailroom { .. } => MEDIASEAL_ERR_TAILROOM,
        Misuse::RangeOutsideStorage => MEDIASEAL_ERR_RANGE_OUTSIDE_BUFFER,
        Misuse::CompactProfile => MEDIASEAL_ERR_COMPACT_PROFILE,
        Misuse::CodecOfPackets => MEDIASEAL_ERR_CODEC_OF_PACKETS,
        Misuse::NoCodec => MEDIASEAL_ERR_NO_CODEC,
        Misuse::CodecStreams { .. } => MEDIASEAL_ERR_CODEC_STREAMS,
        Misuse::KdfSaltLength { .. } => MEDIASEAL_ERR_KDF_SALT_LENGTH,
        Misuse::ChannelName { .. } => MEDIASEAL_ERR_CHANNEL_NAME,
        Misuse::PassphraseLength { .. } => MEDIASEAL_ERR_PASSPHRASE_LENGTH,
        Misuse::PassphraseParams => MEDIASEAL_ERR_PASSPHRASE_PARAMS,
        Misuse::EpochText => MEDIASEAL_ERR_EPOCH_TEXT,
        Misuse::EpochFormat { .. } => MEDIASEAL_ERR_EPOCH_FORMAT,
        Misuse::EpochOctets => MEDIASEAL_ERR_EPOCH_OCTETS,
        Misuse::EpochMismatch => MEDIASEAL_ERR_EPOCH_MISMATCH,
        Misuse::ChannelOpen => MEDIASEAL_ERR_CHANNEL_OPEN,
        Misuse::ChannelKeyReused => MEDIASEAL_ERR_CHANNEL_KEY_REUSED,
        Misuse::UnknownGeneration => MEDIASEAL_ERR_UNKNOWN_GENERATION,
        Misuse::UnknownStep => MEDIASEAL_ERR_UNKNOWN_STEP,
        Misuse::GenerationRetired => MEDIASEAL_ERR_GENERATION_RETIRED,
        Misuse::GenerationSlotBusy => MEDIASEAL_ERR_GENERATION_SLOT_BUSY,
        Misuse::GenerationConflict => MEDIASEAL_ERR_GENERATION_CONFLICT,
        Misuse::GraceOpen => MEDIASEAL_ERR_GRACE_OPEN,
        Misuse::NotOpenYet => MEDIASEAL_ERR_NOT_OPEN_YET,
        Misuse::ExpectedSenders { .. } => MEDIASEAL_ERR_EXPECTED_SENDERS,
        Misuse::ReplayState => MEDIASEAL_ERR_REPLAY_STATE,
        // The functions of C have none to keep.
        Misuse::PacketMaximum { .. } | Misuse::ReassemblyPackets { .. } => {
            MEDIASEAL_ERR_PACKET_MAXIMUM
        }
    }
}

const fn status_of_unsupported(unsupported: &Unsupported) -> mediaseal_status {
    match unsupported {
        Unsupported::NalFormat => MEDIASEAL_ERR_NAL_FORMAT,
        Unsupported::NalType => MEDIASEAL_ERR_NAL_TYPE,
        Unsupported::SliceHeader => MEDIASEAL_ERR_SLICE_HEADER,
        Unsupported::Obu => MEDIASEAL_ERR_OBU,
        Unsupported::SpatialLayers => MEDIASEAL_ERR_SPATIAL_LAYERS,
        Unsupported::CarrierTooLong => MEDIASEAL_ERR_CARRIER_TOO_LONG,
    }
}

const fn status_of_store_fault(fault: &StoreFault) -> mediaseal_status {
    match fault {
        StoreFault::NotThere => MEDIASEAL_ERR_COUNTER_STORE_NOT_THERE,
        StoreFault::AlreadyThere => MEDIASEAL_ERR_COUNTER_STORE_ALREADY_THERE,
        StoreFault::Locked => MEDIASEAL_ERR_COUNTER_STORE_LOCKED,
        StoreFault::KeyInUse => MEDIASEAL_ERR_COUNTER_STORE_KEY_IN_USE,
        StoreFault::Damaged => MEDIASEAL_ERR_COUNTER_STORE_DAMAGED,
        StoreFault::RolledBack => MEDIASEAL_ERR_COUNTER_STORE_ROLLED_BACK,
        StoreFault::Io(_) => MEDIASEAL_ERR_COUNTER_STORE_IO,
    }
}

/// The class number of a status: that of its hundreds.
pub(super) const fn class_of(status: mediaseal_status) -> u32 {
    match status {
        MEDIASEAL_OK => MEDIASEAL_CLASS_OK,
        100..=199 => MEDIASEAL_CLASS_FIX_THE_CALL,
        200..=299 => MEDIASEAL_CLASS_FETCH_A_KEY,
        300..=399 => MEDIASEAL_CLASS_DROP_THE_PACKET,
        400..=499 => MEDIASEAL_CLASS_SEE_TO_CUSTODY,
        _ => MEDIASEAL_CLASS_REPORT_A_BUG,
    }
}
