//! The name of each status and the sentence on it, which is also its comment in the header.

use core::ffi::CStr;

use super::status::*;
use crate::error::Error;

/// What is said of a number that is no status.
const UNKNOWN: &CStr = c"unknown status";

/// A status, its name, and what it asks for.
type Explanation = (mediaseal_status, &'static CStr, &'static CStr);

/// Every status, in the order of their numbers. `tests/c_abi.rs` holds that the header says the same.
#[rustfmt::skip]
const EXPLANATIONS: &[Explanation] = &[
    (MEDIASEAL_OK, c"MEDIASEAL_OK", c"Success."),
    (MEDIASEAL_ERR_NULL_POINTER, c"MEDIASEAL_ERR_NULL_POINTER", c"Pass a pointer where this one is NULL."),
    (MEDIASEAL_ERR_MISALIGNED, c"MEDIASEAL_ERR_MISALIGNED", c"Align the pointer as its type asks."),
    (MEDIASEAL_ERR_BAD_HANDLE, c"MEDIASEAL_ERR_BAD_HANDLE", c"Pass an object of the type that the function is for; this is another type's, or was freed."),
    (MEDIASEAL_ERR_CLOSED, c"MEDIASEAL_ERR_CLOSED", c"The object was closed: make a new one."),
    (MEDIASEAL_ERR_BUSY, c"MEDIASEAL_ERR_BUSY", c"Another thread is using this object now: give each thread its own, or take turns."),
    (MEDIASEAL_ERR_REENTRANT, c"MEDIASEAL_ERR_REENTRANT", c"Do not call the library from a callback of the library: note what to do and do it afterwards."),
    (MEDIASEAL_ERR_STRUCT_SIZE, c"MEDIASEAL_ERR_STRUCT_SIZE", c"Set struct_size with the struct's _INIT macro; or fields that this version does not know are not zero."),
    (MEDIASEAL_ERR_OVERLAP, c"MEDIASEAL_ERR_OVERLAP", c"Let input and output be one buffer or lie apart: these overlap in part."),
    (MEDIASEAL_ERR_LENGTH, c"MEDIASEAL_ERR_LENGTH", c"Pass a length that a buffer can have: this is over SIZE_MAX / 2, or runs past the end of memory."),
    (MEDIASEAL_ERR_UNKNOWN_VALUE, c"MEDIASEAL_ERR_UNKNOWN_VALUE", c"Use a number that this enumeration or set of flags has."),
    (MEDIASEAL_ERR_NOT_UTF8, c"MEDIASEAL_ERR_NOT_UTF8", c"Pass text as UTF-8."),
    (MEDIASEAL_ERR_BUFFER_TOO_SMALL, c"MEDIASEAL_ERR_BUFFER_TOO_SMALL", c"Give a larger buffer; nothing was written and no counter spent."),
    (MEDIASEAL_ERR_PACKET_TOO_LONG, c"MEDIASEAL_ERR_PACKET_TOO_LONG", c"Send a shorter payload: the packet would be over its maximum. Nothing was sealed and no counter spent."),
    (MEDIASEAL_ERR_RANGE_OUTSIDE_BUFFER, c"MEDIASEAL_ERR_RANGE_OUTSIDE_BUFFER", c"Keep offset + length inside the buffer."),
    (MEDIASEAL_ERR_HEADROOM, c"MEDIASEAL_ERR_HEADROOM", c"Leave more room in front of the payload: MEDIASEAL_HEADROOM octets are always enough."),
    (MEDIASEAL_ERR_TAILROOM, c"MEDIASEAL_ERR_TAILROOM", c"Leave more room behind the payload: MEDIASEAL_TAILROOM octets are always enough."),
    (MEDIASEAL_ERR_FRAME_TOO_LONG, c"MEDIASEAL_ERR_FRAME_TOO_LONG", c"Split the frame: it is longer than one seal takes."),
    (MEDIASEAL_ERR_METADATA_TOO_LONG, c"MEDIASEAL_ERR_METADATA_TOO_LONG", c"Pass at most MEDIASEAL_METADATA_MAX_LEN octets of metadata."),
    (MEDIASEAL_ERR_SENDER_ID_TOO_LONG, c"MEDIASEAL_ERR_SENDER_ID_TOO_LONG", c"Shorten the sender's name to at most MEDIASEAL_SENDER_ID_MAX_LEN octets."),
    (MEDIASEAL_ERR_KID_LAYOUT, c"MEDIASEAL_ERR_KID_LAYOUT", c"Choose bit widths that leave room for each field of the KID."),
    (MEDIASEAL_ERR_KID_OUT_OF_RANGE, c"MEDIASEAL_ERR_KID_OUT_OF_RANGE", c"Use numbers that fit their fields of the KID."),
    (MEDIASEAL_ERR_UNSUPPORTED_SUITE, c"MEDIASEAL_ERR_UNSUPPORTED_SUITE", c"Use a suite of RFC 9605, or register the custom cipher and pass it."),
    (MEDIASEAL_ERR_SHORT_TAG, c"MEDIASEAL_ERR_SHORT_TAG", c"Opt in to short tags with MEDIASEAL_CIPHER_ALLOW_SHORT_TAGS, or choose a suite with a longer tag."),
    (MEDIASEAL_ERR_KEY_LENGTH, c"MEDIASEAL_ERR_KEY_LENGTH", c"Give a key of MEDIASEAL_KEY_MIN_LEN to MEDIASEAL_KEY_MAX_LEN octets."),
    (MEDIASEAL_ERR_KEY_TEXT, c"MEDIASEAL_ERR_KEY_TEXT", c"The text is no key of this form."),
    (MEDIASEAL_ERR_KDF_SALT_LENGTH, c"MEDIASEAL_ERR_KDF_SALT_LENGTH", c"Give a KDF salt of 16 to 64 octets, or none."),
    (MEDIASEAL_ERR_PASSPHRASE_LENGTH, c"MEDIASEAL_ERR_PASSPHRASE_LENGTH", c"Give a passphrase of 1 to 1024 octets."),
    (MEDIASEAL_ERR_PASSPHRASE_PARAMS, c"MEDIASEAL_ERR_PASSPHRASE_PARAMS", c"Give a PHC string of Argon2id as mediaseal_passphrase_params_generate made it."),
    (MEDIASEAL_ERR_KID_IN_USE, c"MEDIASEAL_ERR_KID_IN_USE", c"Retire the key of this KID first, or choose another KID."),
    (MEDIASEAL_ERR_KEY_REUSED, c"MEDIASEAL_ERR_KEY_REUSED", c"Use a fresh base key or another KID: this pair was already held for sending."),
    (MEDIASEAL_ERR_SEND_AND_RECEIVE, c"MEDIASEAL_ERR_SEND_AND_RECEIVE", c"Use one base key and KID in one direction only (RFC 9605 section 4.4.1)."),
    (MEDIASEAL_ERR_UNKNOWN_SEND_KEY, c"MEDIASEAL_ERR_UNKNOWN_SEND_KEY", c"Add the send key first."),
    (MEDIASEAL_ERR_UNKNOWN_RECEIVE_KEY, c"MEDIASEAL_ERR_UNKNOWN_RECEIVE_KEY", c"Add the receive key first."),
    (MEDIASEAL_ERR_CLOCK_UNSET, c"MEDIASEAL_ERR_CLOCK_UNSET", c"Pass seconds since 1970, and tick a channel with a clock before it seals."),
    (MEDIASEAL_ERR_COMPACT_PROFILE, c"MEDIASEAL_ERR_COMPACT_PROFILE", c"The compact profile needs suite 0x0001 and a KID of 0 to 7."),
    (MEDIASEAL_ERR_PACKET_MAXIMUM, c"MEDIASEAL_ERR_PACKET_MAXIMUM", c"Give a packet maximum that holds at least the overhead and one octet."),
    (MEDIASEAL_ERR_CHANNEL_NAME, c"MEDIASEAL_ERR_CHANNEL_NAME", c"Give a channel id of 1 to 255 octets, an instance of at most 255."),
    (MEDIASEAL_ERR_CHANNEL_OPEN, c"MEDIASEAL_ERR_CHANNEL_OPEN", c"Use the object of the channel that is open."),
    (MEDIASEAL_ERR_CHANNEL_KEY_REUSED, c"MEDIASEAL_ERR_CHANNEL_KEY_REUSED", c"Use a key of its own for each channel, or MEDIASEAL_GENERATION_SHARE_KEY."),
    (MEDIASEAL_ERR_UNKNOWN_GENERATION, c"MEDIASEAL_ERR_UNKNOWN_GENERATION", c"Stage the generation first; it may have been retired."),
    (MEDIASEAL_ERR_UNKNOWN_STEP, c"MEDIASEAL_ERR_UNKNOWN_STEP", c"Ask for a step that is held."),
    (MEDIASEAL_ERR_GENERATION_RETIRED, c"MEDIASEAL_ERR_GENERATION_RETIRED", c"Use a number that was not used before."),
    (MEDIASEAL_ERR_GENERATION_SLOT_BUSY, c"MEDIASEAL_ERR_GENERATION_SLOT_BUSY", c"Retire the generation whose number has the same low 4 bits first."),
    (MEDIASEAL_ERR_GENERATION_CONFLICT, c"MEDIASEAL_ERR_GENERATION_CONFLICT", c"Find out which of two secrets is right: they claim the same generation and step."),
    (MEDIASEAL_ERR_GRACE_OPEN, c"MEDIASEAL_ERR_GRACE_OPEN", c"Wait for the end of grace: the step is too far ahead."),
    (MEDIASEAL_ERR_NOT_OPEN_YET, c"MEDIASEAL_ERR_NOT_OPEN_YET", c"Wait for the time at which the generation opens."),
    (MEDIASEAL_ERR_EXPECTED_SENDERS, c"MEDIASEAL_ERR_EXPECTED_SENDERS", c"Expect 1 to 16 pairs of sender and media; announce more by mediaseal_channel_expect_session."),
    (MEDIASEAL_ERR_REPLAY_STATE, c"MEDIASEAL_ERR_REPLAY_STATE", c"Give what mediaseal_channel_replay_state returned for this channel and instance."),
    (MEDIASEAL_ERR_EPOCH_TEXT, c"MEDIASEAL_ERR_EPOCH_TEXT", c"The text is no epoch secret, or was mistyped."),
    (MEDIASEAL_ERR_EPOCH_FORMAT, c"MEDIASEAL_ERR_EPOCH_FORMAT", c"Use a version of mediaseal that reads this format of epoch secrets."),
    (MEDIASEAL_ERR_EPOCH_OCTETS, c"MEDIASEAL_ERR_EPOCH_OCTETS", c"The octets are no epoch secret."),
    (MEDIASEAL_ERR_EPOCH_MISMATCH, c"MEDIASEAL_ERR_EPOCH_MISMATCH", c"Join the channel, instance and clock that the secret was made for, with its cipher."),
    (MEDIASEAL_ERR_CIPHER_REFUSED, c"MEDIASEAL_ERR_CIPHER_REFUSED", c"Do not use this cipher: it lacks the property that mediaseal_refusal names."),
    (MEDIASEAL_ERR_CIPHER_LIBRARY, c"MEDIASEAL_ERR_CIPHER_LIBRARY", c"The file cannot be loaded, or exports no mediaseal_cipher_library_v1 for this ABI."),
    (MEDIASEAL_ERR_INDEX, c"MEDIASEAL_ERR_INDEX", c"Ask for an index below the count."),
    (MEDIASEAL_ERR_COUNTER_STORE_NOT_THERE, c"MEDIASEAL_ERR_COUNTER_STORE_NOT_THERE", c"Make the counter store first, or mend the path or mount."),
    (MEDIASEAL_ERR_COUNTER_STORE_ALREADY_THERE, c"MEDIASEAL_ERR_COUNTER_STORE_ALREADY_THERE", c"Open the counter store in place of making it."),
    (MEDIASEAL_ERR_COUNTER_STORE_LOCKED, c"MEDIASEAL_ERR_COUNTER_STORE_LOCKED", c"Another process, or another object of this process, holds the counter store."),
    (MEDIASEAL_ERR_COUNTER_STORE_KEY_IN_USE, c"MEDIASEAL_ERR_COUNTER_STORE_KEY_IN_USE", c"This base key and KID are already held through this counter store."),
    (MEDIASEAL_ERR_NOT_BEGUN, c"MEDIASEAL_ERR_NOT_BEGUN", c"Look at the status of the batch: it ended before this job was begun."),
    (MEDIASEAL_ERR_NOT_IN_THIS_BUILD, c"MEDIASEAL_ERR_NOT_IN_THIS_BUILD", c"Build the library with the feature that this needs, or do without."),
    (MEDIASEAL_ERR_CODEC_OF_PACKETS, c"MEDIASEAL_ERR_CODEC_OF_PACKETS", c"Set a codec in MEDIASEAL_MODE_FRAME alone: packets have no codec-aware form."),
    (MEDIASEAL_ERR_NO_CODEC, c"MEDIASEAL_ERR_NO_CODEC", c"Set the stream's codec, or MEDIASEAL_CODEC_OPAQUE: streams without one are refused here."),
    (MEDIASEAL_ERR_CODEC_STREAMS, c"MEDIASEAL_ERR_CODEC_STREAMS", c"Set codecs for at most 1,024 streams, or one for all."),
    (MEDIASEAL_ERR_NAL_FORMAT, c"MEDIASEAL_ERR_NAL_FORMAT", c"Set the form of NAL units that the encoder gives: the frame has another."),
    (MEDIASEAL_ERR_NAL_TYPE, c"MEDIASEAL_ERR_NAL_TYPE", c"Seal this stream as opaque: it has data partitions, or layers above the base."),
    (MEDIASEAL_ERR_SLICE_HEADER, c"MEDIASEAL_ERR_SLICE_HEADER", c"Seal this stream as opaque: the header of the first slice cannot be read."),
    (MEDIASEAL_ERR_OBU, c"MEDIASEAL_ERR_OBU", c"Give AV1 frames as a row of OBUs, not in the form of its Annex B."),
    (MEDIASEAL_ERR_SPATIAL_LAYERS, c"MEDIASEAL_ERR_SPATIAL_LAYERS", c"Seal each spatial layer by a call of its own (RFC 9605 section 6.1.3)."),
    (MEDIASEAL_ERR_CARRIER_TOO_LONG, c"MEDIASEAL_ERR_CARRIER_TOO_LONG", c"Use longer lengths before NAL units, or start codes: the carrier does not fit."),
    (MEDIASEAL_ERR_MISSING_KEY, c"MEDIASEAL_ERR_MISSING_KEY", c"Ask for the key of this KID; the frame may be kept and tried again."),
    (MEDIASEAL_ERR_NOT_YET_ACTIVE, c"MEDIASEAL_ERR_NOT_YET_ACTIVE", c"Keep or drop the frame: its key opens at a later tick."),
    (MEDIASEAL_ERR_NO_ACTIVE_KEY, c"MEDIASEAL_ERR_NO_ACTIVE_KEY", c"Activate a send key or a generation: nothing can be sealed, and nothing goes in clear."),
    (MEDIASEAL_ERR_KEY_EXHAUSTED, c"MEDIASEAL_ERR_KEY_EXHAUSTED", c"Bring a fresh send key: this one reached its usage limit for ever."),
    (MEDIASEAL_ERR_INTEGRITY_LIMIT, c"MEDIASEAL_ERR_INTEGRITY_LIMIT", c"Bring a fresh key: too many frames failed authentication under this one."),
    (MEDIASEAL_ERR_FORKED, c"MEDIASEAL_ERR_FORKED", c"Make new keys in this process: it is a fork of the one that added the key."),
    (MEDIASEAL_ERR_KEY_CHECK_FAILED, c"MEDIASEAL_ERR_KEY_CHECK_FAILED", c"The other side holds other keys, or answered for another sender: compare safety codes."),
    (MEDIASEAL_ERR_ROOT_NOT_KEPT, c"MEDIASEAL_ERR_ROOT_NOT_KEPT", c"Stage with MEDIASEAL_GENERATION_KEEP_ROOT to be able to read the channel key back."),
    (MEDIASEAL_ERR_AUTHENTICATION_FAILED, c"MEDIASEAL_ERR_AUTHENTICATION_FAILED", c"Drop the frame: wrong key, altered octets or other metadata than the sender's."),
    (MEDIASEAL_ERR_DUPLICATE, c"MEDIASEAL_ERR_DUPLICATE", c"Drop the frame: it was opened before. Happens in healthy calls (retransmission)."),
    (MEDIASEAL_ERR_REPLAYED, c"MEDIASEAL_ERR_REPLAYED", c"Drop the frame: it is from before the key was last retired."),
    (MEDIASEAL_ERR_TOO_OLD, c"MEDIASEAL_ERR_TOO_OLD", c"Drop the frame: it is older than the replay window reaches."),
    (MEDIASEAL_ERR_TRUNCATED, c"MEDIASEAL_ERR_TRUNCATED", c"Drop the frame: it ends before its header or its tag does."),
    (MEDIASEAL_ERR_NOT_MINIMAL, c"MEDIASEAL_ERR_NOT_MINIMAL", c"Drop the frame: its header is not minimally encoded."),
    (MEDIASEAL_ERR_TOO_LONG, c"MEDIASEAL_ERR_TOO_LONG", c"Drop the frame: it is longer than any sender may seal."),
    (MEDIASEAL_ERR_RETIRED_KEY, c"MEDIASEAL_ERR_RETIRED_KEY", c"Drop the frame: its key was retired."),
    (MEDIASEAL_ERR_REFLECTED, c"MEDIASEAL_ERR_REFLECTED", c"Drop the frame: this side sealed it, a relay sent it back."),
    (MEDIASEAL_ERR_STALE_SESSION, c"MEDIASEAL_ERR_STALE_SESSION", c"Drop the frame: its session belongs to an hour long past or far ahead."),
    (MEDIASEAL_ERR_CLOCK_MISMATCH, c"MEDIASEAL_ERR_CLOCK_MISMATCH", c"Drop the frame, and see that all members use the channel with a clock or all without."),
    (MEDIASEAL_ERR_CONTENDED, c"MEDIASEAL_ERR_CONTENDED", c"Drop the frame: another decryptor held the replay window of its KID for long."),
    (MEDIASEAL_ERR_NO_CARRIER, c"MEDIASEAL_ERR_NO_CARRIER", c"Drop the frame: no part of it carries ciphertext in the form of the codec that is set."),
    (MEDIASEAL_ERR_SECOND_CARRIER, c"MEDIASEAL_ERR_SECOND_CARRIER", c"Drop the frame: two parts of it could carry its ciphertext."),
    (MEDIASEAL_ERR_CARRIER, c"MEDIASEAL_ERR_CARRIER", c"Drop the frame: what carries its ciphertext is not as it was sent, or the sender set another codec."),
    (MEDIASEAL_ERR_KEY_NOT_FOUND, c"MEDIASEAL_ERR_KEY_NOT_FOUND", c"Look for the key elsewhere: custody or the provider has no such key, or custody no such provider."),
    (MEDIASEAL_ERR_KEY_DESTROYED, c"MEDIASEAL_ERR_KEY_DESTROYED", c"Give up what this key wrapped: it was destroyed."),
    (MEDIASEAL_ERR_KEY_STATE, c"MEDIASEAL_ERR_KEY_STATE", c"Change the state of the key first, or use another: in this state it does not do that."),
    (MEDIASEAL_ERR_KEY_TRANSITION, c"MEDIASEAL_ERR_KEY_TRANSITION", c"Go through the states in between: this state may not follow that one."),
    (MEDIASEAL_ERR_KEY_ARCHIVED, c"MEDIASEAL_ERR_KEY_ARCHIVED", c"Restore the key from the archive first."),
    (MEDIASEAL_ERR_KEY_EXISTS, c"MEDIASEAL_ERR_KEY_EXISTS", c"Use another id or version: the provider has that key, or had it before it was destroyed."),
    (MEDIASEAL_ERR_REGION_FORBIDDEN, c"MEDIASEAL_ERR_REGION_FORBIDDEN", c"Use a key and a provider of the pinned region: the policy refuses these, and the refusal is recorded."),
    (MEDIASEAL_ERR_NOT_AUTHORIZED, c"MEDIASEAL_ERR_NOT_AUTHORIZED", c"Ask for the right: the authorizer refused, and the refusal is recorded."),
    (MEDIASEAL_ERR_AUDIT, c"MEDIASEAL_ERR_AUDIT", c"Mend the audit log: it could not be written, so nothing was done."),
    (MEDIASEAL_ERR_STOPPED, c"MEDIASEAL_ERR_STOPPED", c"Go on later by the same call: the progress callback stopped it. What was done is kept."),
    (MEDIASEAL_ERR_VAULT_BUSY, c"MEDIASEAL_ERR_VAULT_BUSY", c"Try again: another process holds the store of keys."),
    (MEDIASEAL_ERR_DISK_FULL, c"MEDIASEAL_ERR_DISK_FULL", c"Make room: the disk is full. What was acknowledged before is there."),
    (MEDIASEAL_ERR_VAULT_DAMAGED, c"MEDIASEAL_ERR_VAULT_DAMAGED", c"Restore the store of keys from a backup: a row or the file is damaged."),
    (MEDIASEAL_ERR_VAULT_STORE, c"MEDIASEAL_ERR_VAULT_STORE", c"Look at the file of the store of keys: the system or SQLite refuses it."),
    (MEDIASEAL_ERR_VAULT_ARGUMENT, c"MEDIASEAL_ERR_VAULT_ARGUMENT", c"Give a name, URL, length or time that there can be, and what is not there already."),
    (MEDIASEAL_ERR_PROVIDER_REFUSED, c"MEDIASEAL_ERR_PROVIDER_REFUSED", c"Change the state of the key at the provider, which by itself refuses this."),
    (MEDIASEAL_ERR_PROVIDER_ACCESS, c"MEDIASEAL_ERR_PROVIDER_ACCESS", c"Bring other credentials: the provider refused the passphrase, PIN or access key, or got none."),
    (MEDIASEAL_ERR_PROVIDER_UNAVAILABLE, c"MEDIASEAL_ERR_PROVIDER_UNAVAILABLE", c"Try again later: the provider is away, busy, or throttles. Nothing has changed."),
    (MEDIASEAL_ERR_PROVIDER_UNSUPPORTED, c"MEDIASEAL_ERR_PROVIDER_UNSUPPORTED", c"Choose another provider or operation: this one cannot do it."),
    (MEDIASEAL_ERR_PROVIDER_FAILED, c"MEDIASEAL_ERR_PROVIDER_FAILED", c"Report it to who makes the provider: it failed in a way of its own, or broke the rules of its vtable."),
    (MEDIASEAL_ERR_WRAPPED_KEY, c"MEDIASEAL_ERR_WRAPPED_KEY", c"Give up this wrapped key or record: it was made for another place or by another key, or was altered."),
    (MEDIASEAL_ERR_WRAPPED_KEY_FORM, c"MEDIASEAL_ERR_WRAPPED_KEY_FORM", c"Give the octets as they were made: these are no wrapped key, or a part is too long for one."),
    (MEDIASEAL_ERR_GRANT_TEXT, c"MEDIASEAL_ERR_GRANT_TEXT", c"Give the key text as it was made: it is of another kind, or was mistyped."),
    (MEDIASEAL_ERR_GRANT_KEY, c"MEDIASEAL_ERR_GRANT_KEY", c"Ask for another key: these octets are none of their kind."),
    (MEDIASEAL_ERR_GRANT_VERSION, c"MEDIASEAL_ERR_GRANT_VERSION", c"Use a version of mediaseal that reads this form of grants."),
    (MEDIASEAL_ERR_GRANT_KEM, c"MEDIASEAL_ERR_GRANT_KEM", c"Use one of MEDIASEAL_KEM_...: this key encapsulation mechanism is not known."),
    (MEDIASEAL_ERR_GRANT_FORM, c"MEDIASEAL_ERR_GRANT_FORM", c"Ask for the grant again: it is cut short, too long or out of range."),
    (MEDIASEAL_ERR_GRANT_TOO_LONG, c"MEDIASEAL_ERR_GRANT_TOO_LONG", c"Shorten the context, or give fewer recipients."),
    (MEDIASEAL_ERR_GRANT_RECIPIENT, c"MEDIASEAL_ERR_GRANT_RECIPIENT", c"Ask for a grant of your own: this one is for another key."),
    (MEDIASEAL_ERR_GRANT_SIGNATURE, c"MEDIASEAL_ERR_GRANT_SIGNATURE", c"Do not use it: it is not signed by the signer that was given, for this recipient and context."),
    (MEDIASEAL_ERR_GRANT_DOES_NOT_OPEN, c"MEDIASEAL_ERR_GRANT_DOES_NOT_OPEN", c"Do not use it: it is signed, and was not sealed to this key for this context."),
    (MEDIASEAL_ERR_GRANT_PAYLOAD, c"MEDIASEAL_ERR_GRANT_PAYLOAD", c"Ask for what is needed: another kind of key is sealed in it."),
    (MEDIASEAL_ERR_GRANT_NO_STANZA, c"MEDIASEAL_ERR_GRANT_NO_STANZA", c"Ask an owner to add you: nothing in it is for this key."),
    (MEDIASEAL_ERR_GRANT_PASSPHRASE, c"MEDIASEAL_ERR_GRANT_PASSPHRASE", c"Ask for the passphrase again: it is another, or what it sealed was altered."),
    (MEDIASEAL_ERR_RECORDING_IO, c"MEDIASEAL_ERR_RECORDING_IO", c"Look at the folder of the recording, then resume: the system refused a read or a write. What was committed is there."),
    (MEDIASEAL_ERR_RECORDING_ALREADY_THERE, c"MEDIASEAL_ERR_RECORDING_ALREADY_THERE", c"Choose another place, or another session: a recording, a file or a grant is there already."),
    (MEDIASEAL_ERR_RECORDING_NOT_THERE, c"MEDIASEAL_ERR_RECORDING_NOT_THERE", c"Look for the right place: no recording, or no folder, is there."),
    (MEDIASEAL_ERR_RECORDING_NO_OWNER, c"MEDIASEAL_ERR_RECORDING_NO_OWNER", c"Name an owner first: nobody could open the recording."),
    (MEDIASEAL_ERR_RECORDING_BUSY, c"MEDIASEAL_ERR_RECORDING_BUSY", c"Wait, or end the other: another recorder has the recording open."),
    (MEDIASEAL_ERR_RECORDING_STOPPED, c"MEDIASEAL_ERR_RECORDING_STOPPED", c"Recover the recording: the recorder stopped at an earlier error, and what came after the last commit is lost."),
    (MEDIASEAL_ERR_RECORDING_CLOSED, c"MEDIASEAL_ERR_RECORDING_CLOSED", c"Begin a new recording: this one is closed."),
    (MEDIASEAL_ERR_RECORDING_DAMAGED, c"MEDIASEAL_ERR_RECORDING_DAMAGED", c"Find out who altered it, or which disk fails: a part of the recording is not as it was written. Nothing of it was given out."),
    (MEDIASEAL_ERR_RECORDING_KEY, c"MEDIASEAL_ERR_RECORDING_KEY", c"Bring the right key: the recording was sealed under another one, or its header was altered."),
    (MEDIASEAL_ERR_RECORDING_SIGNER, c"MEDIASEAL_ERR_RECORDING_SIGNER", c"Bring the signing key that the recording was begun with."),
    (MEDIASEAL_ERR_RECORDING_VERSION, c"MEDIASEAL_ERR_RECORDING_VERSION", c"Read it with a newer version of mediaseal, or shorten the region: the recording has a number that this one does not know."),
    (MEDIASEAL_ERR_RECORDING_TRACK, c"MEDIASEAL_ERR_RECORDING_TRACK", c"Name each track once, from 0 to 65,535, at most 1,024, before its frames."),
    (MEDIASEAL_ERR_PANIC, c"MEDIASEAL_ERR_PANIC", c"Report it: the library failed inside. The object is of no use any more; free it and make a new one."),
    (MEDIASEAL_ERR_POISONED, c"MEDIASEAL_ERR_POISONED", c"Free the object and make a new one: an earlier call failed inside the library."),
    (MEDIASEAL_ERR_CIPHER_FAILED, c"MEDIASEAL_ERR_CIPHER_FAILED", c"Report it: the cipher failed, or made no key. What was written is zeroed, and a seal spent one counter value."),
    (MEDIASEAL_ERR_ENTROPY, c"MEDIASEAL_ERR_ENTROPY", c"Report it: the operating system gave no random octets."),
    (MEDIASEAL_ERR_OUT_OF_MEMORY, c"MEDIASEAL_ERR_OUT_OF_MEMORY", c"Report it, or choose a lower cost: the system has not the memory that the parameters of a passphrase ask for."),
    (MEDIASEAL_ERR_COUNTER_STORE_DAMAGED, c"MEDIASEAL_ERR_COUNTER_STORE_DAMAGED", c"Use a fresh key: the counter record cannot be read."),
    (MEDIASEAL_ERR_COUNTER_STORE_ROLLED_BACK, c"MEDIASEAL_ERR_COUNTER_STORE_ROLLED_BACK", c"Use a fresh key: the counter store was rolled back or restored."),
    (MEDIASEAL_ERR_COUNTER_STORE_IO, c"MEDIASEAL_ERR_COUNTER_STORE_IO", c"Report it: the system refused a read or a write of the counter store."),
];

fn find(status: mediaseal_status) -> Option<&'static Explanation> {
    let index = EXPLANATIONS
        .binary_search_by_key(&status, |(status, ..)| *status)
        .ok()?;
    EXPLANATIONS.get(index)
}

/// The name of a status.
pub(super) fn name_of(status: mediaseal_status) -> &'static CStr {
    find(status).map_or(UNKNOWN, |(_, name, _)| name)
}

/// The sentence on a status.
pub(super) fn text_of(status: mediaseal_status) -> &'static CStr {
    find(status).map_or(UNKNOWN, |(.., text)| text)
}

impl Error {
    /// Returns the name of this error's status in the C interface, which never changes its meaning. Bindings to other languages show it too.
    ///
    /// ```
    /// use mediaseal::{Error, Misuse};
    ///
    /// assert_eq!(Error::NoActiveKey.status_name(), "MEDIASEAL_ERR_NO_ACTIVE_KEY");
    /// assert_eq!(Error::from(Misuse::NoCodec).status_name(), "MEDIASEAL_ERR_NO_CODEC");
    /// ```
    #[must_use]
    pub fn status_name(&self) -> &'static str {
        // The names are ASCII.
        name_of(status_of(self)).to_str().unwrap_or_default()
    }
}
