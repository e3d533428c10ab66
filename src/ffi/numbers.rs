//! The numbers of the C interface. None ever changes its meaning.

/// Version of this interface. It changes when a program built with an older header would not run any more.
pub const MEDIASEAL_ABI_VERSION: u32 = 1;

/// Version of the library that this header belongs to: the first number.
pub const MEDIASEAL_VERSION_MAJOR: u32 = 0;
/// The second number of the version.
pub const MEDIASEAL_VERSION_MINOR: u32 = 1;
/// The third number of the version.
pub const MEDIASEAL_VERSION_PATCH: u32 = 0;

/// Octets in front of a payload that are enough for every header.
pub const MEDIASEAL_HEADROOM: usize = 17;
/// Octets behind a payload that are enough for every tag.
pub const MEDIASEAL_TAILROOM: usize = 32;
/// Octets of a generated key.
pub const MEDIASEAL_KEY_LEN: usize = 32;
/// Fewest octets of a base key or channel key.
pub const MEDIASEAL_KEY_MIN_LEN: usize = 16;
/// Most octets of a base key or channel key.
pub const MEDIASEAL_KEY_MAX_LEN: usize = 64;
/// Most octets of a sender's name.
pub const MEDIASEAL_SENDER_ID_MAX_LEN: usize = 255;
/// Most octets of metadata.
pub const MEDIASEAL_METADATA_MAX_LEN: usize = 65535;
/// Characters of a safety code, without the zero octet behind it.
pub const MEDIASEAL_SAFETY_CODE_LEN: usize = 71;
/// Octets of a key check's challenge, and of its answer.
pub const MEDIASEAL_KEY_CHECK_LEN: usize = 16;
/// Most octets of an epoch secret.
pub const MEDIASEAL_EPOCH_SECRET_MAX_LEN: usize = 562;
/// Most characters of an epoch secret as text, without the zero octet behind it.
pub const MEDIASEAL_EPOCH_TEXT_MAX_LEN: usize = 923;
/// Most characters of passphrase parameters, without the zero octet behind them.
pub const MEDIASEAL_PASSPHRASE_PARAMS_MAX_LEN: usize = 127;
/// Pairs of sender and media that a decryptor expects at most.
pub const MEDIASEAL_EXPECTED_MAX: usize = 16;

/// Suite: AES-128-CTR with HMAC-SHA-256, tag of 80 bits (RFC 9605).
pub const MEDIASEAL_SUITE_AES_128_CTR_HMAC_SHA256_80: u32 = 1;
/// Suite: AES-128-CTR with HMAC-SHA-256, tag of 64 bits.
pub const MEDIASEAL_SUITE_AES_128_CTR_HMAC_SHA256_64: u32 = 2;
/// Suite: AES-128-CTR with HMAC-SHA-256, tag of 32 bits; needs MEDIASEAL_CIPHER_ALLOW_SHORT_TAGS.
pub const MEDIASEAL_SUITE_AES_128_CTR_HMAC_SHA256_32: u32 = 3;
/// Suite: AES-128-GCM, tag of 128 bits. The default choice.
pub const MEDIASEAL_SUITE_AES_128_GCM_SHA256_128: u32 = 4;
/// Suite: AES-256-GCM, tag of 128 bits.
pub const MEDIASEAL_SUITE_AES_256_GCM_SHA512_128: u32 = 5;
/// Suite: AES-256-CTR with HMAC-SHA-512, tag of 80 bits (IANA registry, as the next two).
pub const MEDIASEAL_SUITE_AES_256_CTR_HMAC_SHA512_80: u32 = 6;
/// Suite: AES-256-CTR with HMAC-SHA-512, tag of 64 bits.
pub const MEDIASEAL_SUITE_AES_256_CTR_HMAC_SHA512_64: u32 = 7;
/// Suite: AES-256-CTR with HMAC-SHA-512, tag of 32 bits; needs MEDIASEAL_CIPHER_ALLOW_SHORT_TAGS.
pub const MEDIASEAL_SUITE_AES_256_CTR_HMAC_SHA512_32: u32 = 8;
/// First suite number of custom ciphers.
pub const MEDIASEAL_SUITE_PRIVATE_FIRST: u32 = 0xF000;
/// Last suite number of custom ciphers.
pub const MEDIASEAL_SUITE_PRIVATE_LAST: u32 = 0xFFFF;

/// Codec: octets that nobody looks into; the SFrame ciphertext and nothing else.
pub const MEDIASEAL_CODEC_OPAQUE: u32 = 0;
/// Codec: H.264, the NAL units of one access unit.
pub const MEDIASEAL_CODEC_H264: u32 = 1;
/// Codec: H.265, the NAL units of one access unit.
pub const MEDIASEAL_CODEC_H265: u32 = 2;
/// Codec: VP8 (RFC 6386).
pub const MEDIASEAL_CODEC_VP8: u32 = 3;
/// Codec: VP9, one spatial layer a frame.
pub const MEDIASEAL_CODEC_VP9: u32 = 4;
/// Codec: AV1, the OBUs of one temporal unit, one spatial layer a frame.
pub const MEDIASEAL_CODEC_AV1: u32 = 5;
/// Codec: Opus (RFC 6716).
pub const MEDIASEAL_CODEC_OPUS: u32 = 6;
/// In place of a codec for streams that have none: refuse their frames.
pub const MEDIASEAL_CODEC_REFUSED: u32 = 255;
/// NAL units have start codes of 3 or 4 octets (H.264 Annex B), or the codec has none.
pub const MEDIASEAL_NAL_ANNEX_B: u32 = 0;
/// NAL units have lengths of 1 octet (ISO/IEC 14496-15).
pub const MEDIASEAL_NAL_LENGTH_1: u32 = 1;
/// NAL units have lengths of 2 octets.
pub const MEDIASEAL_NAL_LENGTH_2: u32 = 2;
/// NAL units have lengths of 4 octets, as in MP4 files and from many hardware encoders.
pub const MEDIASEAL_NAL_LENGTH_4: u32 = 4;

/// Hash of a key schedule: SHA-256.
pub const MEDIASEAL_HASH_SHA256: u32 = 1;
/// Hash of a key schedule: SHA-512.
pub const MEDIASEAL_HASH_SHA512: u32 = 2;
/// Hash of a key schedule: SM3 (GB/T 32905).
pub const MEDIASEAL_HASH_SM3: u32 = 3;

/// Cost class: a key object takes at most a few microseconds.
pub const MEDIASEAL_COST_FAST: u32 = 0;
/// Cost class: a key object takes longer, and is never made for a frame that has not authenticated; announce sessions by
/// mediaseal_channel_expect_session.
pub const MEDIASEAL_COST_SLOW: u32 = 1;

/// Flag of a cipher: accept tags under 8 octets (built-in suites), under 16 (custom ciphers). With a 32-bit tag one forgery in 2^32 tries succeeds: for audio
/// only (RFC 9605 section 7.5).
pub const MEDIASEAL_CIPHER_ALLOW_SHORT_TAGS: u32 = 1;
/// Flag of a built-in cipher: let AWS-LC compute it, in a library that was built with its feature `aws-lc`. Suite numbers, limits and every octet are the same.
pub const MEDIASEAL_CIPHER_OVER_AWS_LC: u32 = 2;

/// Tier: x86-64 with AVX-512, VAES and VPCLMULQDQ. All tiers give the same octets.
pub const MEDIASEAL_TIER_VAES_512: u32 = 1;
/// Tier: x86-64 with AVX2, VAES and VPCLMULQDQ.
pub const MEDIASEAL_TIER_VAES_256: u32 = 2;
/// Tier: x86-64 with AVX, AES-NI and PCLMULQDQ.
pub const MEDIASEAL_TIER_AES_NI: u32 = 3;
/// Tier: AArch64 with AES and PMULL.
pub const MEDIASEAL_TIER_AARCH64: u32 = 4;
/// Tier: every CPU; constant time also where it has no AES instructions.
pub const MEDIASEAL_TIER_PORTABLE: u32 = 5;
/// Verdict: the tier works, and all new keys use it.
pub const MEDIASEAL_VERDICT_SELECTED: u32 = 1;
/// Verdict: the tier was not looked at, because a faster one works.
pub const MEDIASEAL_VERDICT_NOT_NEEDED: u32 = 2;
/// Verdict: the CPU lacks the tier's instructions, or the operating system does not keep their registers.
pub const MEDIASEAL_VERDICT_NOT_ON_THIS_CPU: u32 = 3;
/// Verdict: the library was built for another architecture.
pub const MEDIASEAL_VERDICT_NOT_IN_THIS_BUILD: u32 = 4;
/// Verdict: the tier gave other octets than the portable one and is not used. Report it: the CPU, the compiler or the library is at fault.
pub const MEDIASEAL_VERDICT_SELF_TEST_FAILED: u32 = 5;
/// Most characters of what mediaseal_cpu_text writes, without the zero octet behind it.
pub const MEDIASEAL_CPU_TEXT_MAX_LEN: usize = 255;

/// Mode: whole encoded frames. The replay window reaches back 1,024 frames.
pub const MEDIASEAL_MODE_FRAME: u32 = 0;
/// Mode: payloads of one packet each, with a hard maximum. The replay window reaches back 8,192 packets.
pub const MEDIASEAL_MODE_PACKET: u32 = 1;
/// Mode: packets with the least overhead; raw keys of suite 0x0001 with KIDs of 0 to 7.
pub const MEDIASEAL_MODE_COMPACT_PACKET: u32 = 2;
/// The packet maximum that is used for 0: it passes through any path of the Internet whole.
pub const MEDIASEAL_PACKET_MAX_LEN_DEFAULT: usize = 1200;

/// RTP payloads carry a frame as the encoder gave it.
pub const MEDIASEAL_RTP_FRAME: u32 = 0;
/// RTP payloads carry an RTP payload, as the codec's packetizer made it.
pub const MEDIASEAL_RTP_PACKET: u32 = 1;
/// With the packet a ciphertext is complete.
pub const MEDIASEAL_RTP_COMPLETE: u32 = 1;
/// The packet waits for others.
pub const MEDIASEAL_RTP_WAITING: u32 = 2;
/// The packet came before; retransmission and redundancy do that.
pub const MEDIASEAL_RTP_DUPLICATE: u32 = 3;
/// The packet's sequence number is older than all that are kept, or far ahead: by more than half of what is kept, at least 16 packets. One altered header moves nothing so; the next packet that follows it does, or 16 in a row that are too old.
pub const MEDIASEAL_RTP_OUT_OF_RANGE: u32 = 4;
/// The packet is padding alone, is longer than was agreed, or its run is of different payload types or contents.
pub const MEDIASEAL_RTP_REFUSED: u32 = 5;

/// Media: not said.
pub const MEDIASEAL_MEDIA_UNSPECIFIED: u32 = 0;
/// Media: audio of a microphone.
pub const MEDIASEAL_MEDIA_AUDIO: u32 = 1;
/// Media: video of a camera.
pub const MEDIASEAL_MEDIA_VIDEO: u32 = 2;
/// Media: messages of a data channel.
pub const MEDIASEAL_MEDIA_DATA: u32 = 3;
/// Media: video of a shared screen.
pub const MEDIASEAL_MEDIA_SCREEN: u32 = 4;
/// Media: audio of a shared screen.
pub const MEDIASEAL_MEDIA_SCREEN_AUDIO: u32 = 5;
/// First number for media of the application's own.
pub const MEDIASEAL_MEDIA_APPLICATION_FIRST: u32 = 128;
/// Last number for media of the application's own.
pub const MEDIASEAL_MEDIA_APPLICATION_LAST: u32 = 255;

/// Origin of a send key's counter: this base key and KID have sealed nothing, here or anywhere. Only the application can know.
pub const MEDIASEAL_ORIGIN_FRESH_KEY: u32 = 1;
/// Origin of a send key's counter: the counter store knows, and keeps it over restarts.
pub const MEDIASEAL_ORIGIN_COUNTER_STORE: u32 = 2;

/// Flag of a channel: bind sessions to the hour that ticks tell. All members use it or none.
pub const MEDIASEAL_CHANNEL_CLOCK: u32 = 1;
/// Flag of a channel: open nothing more under a generation once 4,096 frames failed authentication under it.
pub const MEDIASEAL_CHANNEL_REFUSE_AFTER_FAILURES: u32 = 2;
/// Flag of a channel: grace ends at the first tick after a change; `grace_seconds` is 0 and means that.
pub const MEDIASEAL_CHANNEL_NO_GRACE: u32 = 4;

/// Flag of a generation: keep the channel key as long as the generation, for mediaseal_channel_key.
pub const MEDIASEAL_GENERATION_KEEP_ROOT: u32 = 1;
/// Flag of a generation: allow the same channel key on several channel ids of one store.
pub const MEDIASEAL_GENERATION_SHARE_KEY: u32 = 2;

/// Event: there is none.
pub const MEDIASEAL_EVENT_NONE: u32 = 0;
/// Event: the send key `kid` has used 75 % of its limit; bring the next key now.
pub const MEDIASEAL_EVENT_KEY_NEAR_LIMIT: u32 = 1;
/// Event: the send key `kid` reached its limit and seals no more.
pub const MEDIASEAL_EVENT_KEY_EXHAUSTED: u32 = 2;
/// Event: an authentic frame from before the key `kid` was last retired came again, for the `count`th time.
pub const MEDIASEAL_EVENT_REPLAYED: u32 = 3;
/// Event: `count` frames under `kid` failed authentication; a fresh key is advised.
pub const MEDIASEAL_EVENT_MANY_AUTHENTICATION_FAILURES: u32 = 4;
/// Event: an encryptor of a channel begins session `kid` of `sender` and `media` in `generation` at `step`. It feeds mediaseal_channel_expect_session on the
/// other side.
pub const MEDIASEAL_EVENT_SESSION_STARTED: u32 = 5;
/// Event: the list of replay floors was full and the oldest was dropped.
pub const MEDIASEAL_EVENT_REPLAY_HISTORY_LOST: u32 = 6;
/// Event: the queue was full and `count` events were dropped.
pub const MEDIASEAL_EVENT_EVENTS_LOST: u32 = 7;
/// Event: what a sentinel has seen of what is sent has changed: see `proof` and `leak`, with `kid`, `ctr` and `count` (frames) as in mediaseal_proof_state.
pub const MEDIASEAL_EVENT_PROOF_CHANGED: u32 = 8;
/// Event: frames of stream `ssrc` fail to open, 5 in a row so far. `status` is why the last of them was refused, `kid` is that of its header, or 0; `sender` is empty if none of the stream has opened yet. Said once, until one opens again.
pub const MEDIASEAL_EVENT_STREAM_FAILING: u32 = 9;
/// Event: stream `ssrc` of `sender` opens again, under `kid`, after `count` frames that were refused.
pub const MEDIASEAL_EVENT_STREAM_RECOVERED: u32 = 10;

/// Proof: encryptors seal, and what is sent was not observed.
pub const MEDIASEAL_PROOF_SEALING: u32 = 1;
/// Proof: all that was observed is ciphertext of the store, and some of it was opened again.
pub const MEDIASEAL_PROOF_ENCRYPTED: u32 = 2;
/// Proof: something left that is no ciphertext of the store. Stop sending, and look for what goes around the encryptor.
pub const MEDIASEAL_PROOF_DEGRADED: u32 = 3;

/// Leak: there is none.
pub const MEDIASEAL_LEAK_NONE: u32 = 0;
/// Leak: octets that are no ciphertext, as plaintext is none; or of a CTR that was never given out.
pub const MEDIASEAL_LEAK_NOT_SEALED: u32 = 1;
/// Leak: a header of a key, `kid`, that is not the store's.
pub const MEDIASEAL_LEAK_UNKNOWN_KEY: u32 = 2;
/// Leak: a header of the store's, `kid` and `ctr`, on what does not open: changed after it was sealed, or sealed with other metadata.
pub const MEDIASEAL_LEAK_DOES_NOT_OPEN: u32 = 3;

/// Flag of mediaseal_failure: `kid` and `ctr` are those of the frame's header.
pub const MEDIASEAL_FAILURE_HAS_HEADER: u32 = 1;
/// Flag of mediaseal_failure: audio is missing now; let the decoder conceal a frame in place of playing a gap. Never for duplicates.
pub const MEDIASEAL_FAILURE_CONCEAL: u32 = 2;
/// Reason: it opens.
pub const MEDIASEAL_REASON_OPENS: u32 = 1;
/// Reason: it has no octets: a padding probe, or DTX.
pub const MEDIASEAL_REASON_EMPTY: u32 = 2;
/// Reason: it is a frame of `codec`, in clear. Look for what goes around the sender's encryptor.
pub const MEDIASEAL_REASON_NOT_ENCRYPTED: u32 = 3;
/// Reason: it opens, and what comes out opens again: two encryptors seal it, one behind the other.
pub const MEDIASEAL_REASON_ENCRYPTED_TWICE: u32 = 4;
/// Reason: it ends before its tag does.
pub const MEDIASEAL_REASON_TRUNCATED: u32 = 5;
/// Reason: it cannot be read: see `status`.
pub const MEDIASEAL_REASON_MALFORMED: u32 = 6;
/// Reason: no key is known for its KID. Fetch it; or the sender uses another channel or suite.
pub const MEDIASEAL_REASON_NO_SUCH_KEY: u32 = 7;
/// Reason: its key was retired: the sender missed a change.
pub const MEDIASEAL_REASON_RETIRED: u32 = 8;
/// Reason: its key opens at a later tick.
pub const MEDIASEAL_REASON_NOT_YET_ACTIVE: u32 = 9;
/// Reason: this side sealed it: a relay sends frames back to their sender.
pub const MEDIASEAL_REASON_REFLECTED: u32 = 10;
/// Reason: its session is of another hour: a clock is wrong, or it is very old.
pub const MEDIASEAL_REASON_STALE_SESSION: u32 = 11;
/// Reason: one side uses the channel with a clock and the other without.
pub const MEDIASEAL_REASON_CLOCK_MISMATCH: u32 = 12;
/// Reason: so many frames failed under this key that, by the policy chosen, it opens nothing more.
pub const MEDIASEAL_REASON_INTEGRITY_LIMIT: u32 = 13;
/// Reason: it was opened before; retransmission does that.
pub const MEDIASEAL_REASON_DUPLICATE: u32 = 14;
/// Reason: it is older than the replay window reaches.
pub const MEDIASEAL_REASON_TOO_OLD: u32 = 15;
/// Reason: it is from before its key was last retired.
pub const MEDIASEAL_REASON_REPLAYED: u32 = 16;
/// Reason: `octets` octets stand behind it that are not its own; without them it opens.
pub const MEDIASEAL_REASON_TRAILING_OCTETS: u32 = 17;
/// Reason: `octets` octets stand before it that are not its own, such as an RTP header; without them it opens.
pub const MEDIASEAL_REASON_LEADING_OCTETS: u32 = 18;
/// Reason: the sender set `codec` for this stream, MEDIASEAL_CODEC_OPAQUE for none.
pub const MEDIASEAL_REASON_OTHER_CODEC: u32 = 19;
/// Reason: the sender passed other metadata: that of number `suspect`, or none at all.
pub const MEDIASEAL_REASON_OTHER_METADATA: u32 = 20;
/// Reason: it is of `sender` and `media`, which this decryptor does not expect.
pub const MEDIASEAL_REASON_OTHER_SENDER: u32 = 21;
/// Reason: it is of the channel of number `suspect`.
pub const MEDIASEAL_REASON_OTHER_CHANNEL: u32 = 22;
/// Reason: the key has opened others and not this one: it was altered, or sealed with metadata or as a sender that nobody suspects.
pub const MEDIASEAL_REASON_ALTERED: u32 = 23;
/// Reason: nothing was ever opened with this key, and this does not open either: the two sides have different keys.
pub const MEDIASEAL_REASON_WRONG_KEY: u32 = 24;
/// Reason: the cipher failed, which is no verdict on the frame. Report it with the cipher's version.
pub const MEDIASEAL_REASON_CIPHER_FAILED: u32 = 25;
/// Reason: the decryptor demands a codec for the stream, and none is set.
pub const MEDIASEAL_REASON_NO_CODEC: u32 = 26;
/// Flag of mediaseal_diagnosis: `kid` and `ctr` are set.
pub const MEDIASEAL_DIAGNOSIS_HAS_HEADER: u32 = 1;
/// Flag of mediaseal_diagnosis: the octets behind the frame are RTP padding (RFC 3550 section 5.1).
pub const MEDIASEAL_DIAGNOSIS_RTP_PADDING: u32 = 2;
/// Flag of mediaseal_diagnosis: `suspect` is set.
pub const MEDIASEAL_DIAGNOSIS_HAS_SUSPECT: u32 = 4;
/// Look: no octets at all: a padding probe, DTX, or a frame that got lost.
pub const MEDIASEAL_LOOK_EMPTY: u32 = 1;
/// Look: an SFrame ciphertext, with `kid` and `ctr`. Nearly all octets begin like one; a long KID speaks for it.
pub const MEDIASEAL_LOOK_SFRAME: u32 = 2;
/// Look: an SFrame ciphertext in the form of `codec`, with `kid` and `ctr`.
pub const MEDIASEAL_LOOK_CODEC_AWARE: u32 = 3;
/// Look: a frame of `codec` that nobody encrypted.
pub const MEDIASEAL_LOOK_PLAINTEXT: u32 = 4;
/// Look: an RTP packet with its header: `ssrc`, payload type `number`.
pub const MEDIASEAL_LOOK_RTP_PACKET: u32 = 5;
/// Look: an RTP payload of SFrame: it wants to be put together. `number` has bit 0 for the first piece, bit 1 for the last.
pub const MEDIASEAL_LOOK_RTP_FRAGMENT: u32 = 6;
/// Look: `number` octets of RTP padding at its end that were left on.
pub const MEDIASEAL_LOOK_RTP_PADDING: u32 = 7;
/// Look: a frame of LiveKit's or Jitsi's frame cryptor, key index `number`.
pub const MEDIASEAL_LOOK_FRAME_CRYPTOR: u32 = 8;
/// Look: a frame of Discord's DAVE, with a footer of `number` octets.
pub const MEDIASEAL_LOOK_DAVE: u32 = 9;

/// Flag of mediaseal_opened and of mediaseal_event: `generation` and `step` are those of a channel.
pub const MEDIASEAL_HAS_EPOCH: u32 = 1;

/// Flag of mediaseal_statistics: `last_kid` is set.
pub const MEDIASEAL_HAS_LAST_KID: u32 = 1;
/// Flag of mediaseal_statistics: `window_head` is set.
pub const MEDIASEAL_HAS_WINDOW_HEAD: u32 = 2;

/// Octets of a data encryption key.
pub const MEDIASEAL_DEK_LEN: usize = 32;
/// Octets of the id of a data encryption key in custody.
pub const MEDIASEAL_DEK_ID_LEN: usize = 16;
/// A buffer of so many octets holds any wrapped key.
pub const MEDIASEAL_WRAPPED_KEY_MAX_LEN: usize = 9216;
/// Octets that a sealed record has more than its plaintext.
pub const MEDIASEAL_RECORD_OVERHEAD: usize = 59;
/// Most octets of a record's plaintext.
pub const MEDIASEAL_RECORD_MAX_LEN: usize = 16_777_216;
/// Most characters of the id of a key encryption key, without the zero octet behind it.
pub const MEDIASEAL_KEK_ID_MAX_LEN: usize = 64;

/// State of a key (NIST SP 800-57): made, not used yet.
pub const MEDIASEAL_KEY_STATE_PRE_ACTIVATION: u32 = 1;
/// State of a key: wraps and unwraps.
pub const MEDIASEAL_KEY_STATE_ACTIVE: u32 = 2;
/// State of a key: wraps nothing; unwraps with MEDIASEAL_CUSTODY_UNWRAP_SUSPENDED. May become active again.
pub const MEDIASEAL_KEY_STATE_SUSPENDED: u32 = 3;
/// State of a key: wraps nothing more, unwraps what it wrapped.
pub const MEDIASEAL_KEY_STATE_DEACTIVATED: u32 = 4;
/// State of a key: may be known to others; unwraps for MEDIASEAL_ACCESS_ACCEPT_COMPROMISED alone.
pub const MEDIASEAL_KEY_STATE_COMPROMISED: u32 = 5;
/// State of a key: gone; a tombstone is left.
pub const MEDIASEAL_KEY_STATE_DESTROYED: u32 = 6;

/// Change of a key: it got another state.
pub const MEDIASEAL_CHANGE_STATE: u32 = 1;
/// Change of a key: it went into the archive, in the state that it has.
pub const MEDIASEAL_CHANGE_ARCHIVED: u32 = 2;
/// Change of a key: it came out of the archive.
pub const MEDIASEAL_CHANGE_RESTORED: u32 = 3;

/// Protection: this process computes with the keys.
pub const MEDIASEAL_PROTECTION_SOFTWARE: u32 = 1;
/// Protection: a module computes with them, and they do not leave it.
pub const MEDIASEAL_PROTECTION_HARDWARE: u32 = 2;
/// Protection: a service elsewhere computes with them.
pub const MEDIASEAL_PROTECTION_REMOTE: u32 = 3;
/// Flag of a provider: a key can leave it in a form that others can use.
pub const MEDIASEAL_PROVIDER_EXPORTABLE: u32 = 1;

/// Secret: the passphrase of a `file:` store.
pub const MEDIASEAL_SECRET_PASSPHRASE: u32 = 1;
/// Secret: the user PIN of a token.
pub const MEDIASEAL_SECRET_PIN: u32 = 2;
/// Secret: the access key id of a service.
pub const MEDIASEAL_SECRET_ACCESS_KEY_ID: u32 = 3;
/// Secret: the secret access key of a service.
pub const MEDIASEAL_SECRET_SECRET_ACCESS_KEY: u32 = 4;
/// Secret: the session token of temporary credentials; most have none.
pub const MEDIASEAL_SECRET_SESSION_TOKEN: u32 = 5;
/// Most octets of such a secret.
pub const MEDIASEAL_SECRET_MAX_LEN: usize = 8192;

/// Action: make a KEK, a new version of one, or move it to another provider.
pub const MEDIASEAL_ACTION_MANAGE_KEK: u32 = 1;
/// Action: change the state of a KEK, archive it, bring it back.
pub const MEDIASEAL_ACTION_CHANGE_STATE: u32 = 2;
/// Action: destroy a KEK or DEK.
pub const MEDIASEAL_ACTION_DESTROY: u32 = 3;
/// Action: wrap keys anew under the current version of their KEK; none is handed out.
pub const MEDIASEAL_ACTION_REWRAP: u32 = 4;
/// Action: make a DEK, wrap one, seal a record.
pub const MEDIASEAL_ACTION_WRAP: u32 = 5;
/// Action: open a DEK or a record.
pub const MEDIASEAL_ACTION_UNWRAP: u32 = 6;
/// Action: open a DEK or record whose KEK is compromised.
pub const MEDIASEAL_ACTION_UNWRAP_COMPROMISED: u32 = 7;
/// Action: look at states and counts; no key is handed out.
pub const MEDIASEAL_ACTION_INSPECT: u32 = 8;

/// Role: opens.
pub const MEDIASEAL_ROLE_VIEWER: u32 = 1;
/// Role: makes DEKs, wraps and seals; opens nothing.
pub const MEDIASEAL_ROLE_RECORDER: u32 = 2;
/// Role: makes, rotates, moves, suspends and destroys keys; opens and seals nothing.
pub const MEDIASEAL_ROLE_KEY_ADMIN: u32 = 3;
/// Role: looks at states.
pub const MEDIASEAL_ROLE_AUDITOR: u32 = 4;

/// Outcome: it was allowed and is done next. Recorded before the deed; if that fails, nothing is done.
pub const MEDIASEAL_OUTCOME_ALLOWED: u32 = 1;
/// Outcome: it was done.
pub const MEDIASEAL_OUTCOME_DONE: u32 = 2;
/// Outcome: a policy, a state or the authorizer refused it.
pub const MEDIASEAL_OUTCOME_REFUSED: u32 = 3;
/// Outcome: it was tried and failed.
pub const MEDIASEAL_OUTCOME_FAILED: u32 = 4;

/// Flag of an access: the principal proved himself by more than one factor.
pub const MEDIASEAL_ACCESS_MFA: u32 = 1;
/// Flag of an access: opens keys under compromised KEKs too; the audit log says so.
pub const MEDIASEAL_ACCESS_ACCEPT_COMPROMISED: u32 = 2;
/// Flag of custody: suspended keys unwrap all the same.
pub const MEDIASEAL_CUSTODY_UNWRAP_SUSPENDED: u32 = 1;
/// Flag of custody: a key that is opened stays wrapped as it was, until a sweep.
pub const MEDIASEAL_CUSTODY_NO_LAZY_REWRAP: u32 = 2;
/// Flag of custody: everybody may do everything, said in so many words; for programs of one user.
pub const MEDIASEAL_CUSTODY_EVERYBODY: u32 = 4;
/// Flag of a new KEK: it becomes active by mediaseal_custody_set_state.
pub const MEDIASEAL_NEW_KEK_ACTIVATE_BY_HAND: u32 = 1;
/// Flag of mediaseal_kek_info: the key is in the archive and opens nothing.
pub const MEDIASEAL_KEK_ARCHIVED: u32 = 1;

/// A state is enforced by custody and by the provider itself.
pub const MEDIASEAL_ENFORCED_BY_PROVIDER: u32 = 1;
/// A state is enforced by custody alone: the provider keeps none.
pub const MEDIASEAL_ENFORCED_BY_CUSTODY: u32 = 2;
/// A state is enforced by custody; the provider could not be told yet, and mediaseal_custody_tick tries again.
pub const MEDIASEAL_ENFORCED_LATER: u32 = 3;
/// Destruction: custody says that the key is destroyed. A backup of its store undoes it.
pub const MEDIASEAL_DESTROY_LOGICAL: u32 = 1;
/// Destruction: the provider destroys the key. What it alone wrapped is gone for good.
pub const MEDIASEAL_DESTROY_EFFECTIVE: u32 = 2;
/// DEKs of the store that the key wraps: there must be none, or nothing is destroyed.
pub const MEDIASEAL_SURVIVORS_MUST_BE_NONE: u32 = 1;
/// DEKs of the store that the key wraps: they are lost with it, which is the purpose.
pub const MEDIASEAL_SURVIVORS_ARE_LOST: u32 = 2;

/// Key encapsulation mechanism (RFC 9180): P-256.
pub const MEDIASEAL_KEM_P256: u32 = 16;
/// Key encapsulation mechanism: X25519.
pub const MEDIASEAL_KEM_X25519: u32 = 32;
/// Key encapsulation mechanism: X-Wing, X25519 and ML-KEM-768, for keys that must outlive quantum computers.
pub const MEDIASEAL_KEM_XWING: u32 = 25722;
/// Most octets of the public half of a recipient.
pub const MEDIASEAL_RECIPIENT_MAX_LEN: usize = 1218;
/// Octets of the public half of a signer.
pub const MEDIASEAL_SIGNER_PUBLIC_LEN: usize = 32;
/// Most octets of a grant to one recipient.
pub const MEDIASEAL_GRANT_MAX_LEN: usize = 2304;
/// Most characters of the text of an identity or a signer, without the zero octet behind it.
pub const MEDIASEAL_SECRET_KEY_TEXT_MAX_LEN: usize = 127;
/// Most characters of such a text under a passphrase, without the zero octet behind it.
pub const MEDIASEAL_LOCKED_KEY_TEXT_MAX_LEN: usize = 447;

/// Profile of a recording: frames as they came, still encrypted. The recorder has no key of theirs.
pub const MEDIASEAL_PROFILE_FRAMES: u32 = 1;
/// Profile of a recording: encoded media of a recorder that is a member of the call.
pub const MEDIASEAL_PROFILE_MEDIA: u32 = 2;
/// Flag of a track: its frames are ciphertext in the form of its codec, not bare.
pub const MEDIASEAL_TRACK_CODEC_AWARE: u32 = 1;
/// Flag of a recorded frame: a decoder can begin with it.
pub const MEDIASEAL_RECORDED_KEY_FRAME: u32 = 1;
/// Verdict on a recording: it is whole and closed, and the signer that was given signed all of it.
pub const MEDIASEAL_RECORDING_COMPLETE: u32 = 1;
/// Verdict on a recording: it is whole and closed, and agrees with the signer that it names itself. Nobody vouches for it, because no signer was given.
pub const MEDIASEAL_RECORDING_CONSISTENT: u32 = 2;
/// Verdict on a recording: what was committed is as it was written, but it was not closed: its recorder is at work, or crashed.
pub const MEDIASEAL_RECORDING_INCOMPLETE: u32 = 3;
/// Verdict on a recording: a part, `place`, is not as it was written.
pub const MEDIASEAL_RECORDING_TAMPERED: u32 = 4;
