/*
 * mediaseal: media that no relay, cloud or recorder can read, alter or replay.
 *
 * Hook an encryptor between encoder and network, and a decryptor between network and decoder. The
 * customer owns the keys. The wire format is SFrame (RFC 9605).
 *
 *   capture -> encoder --> mediaseal_encryptor --> network --> mediaseal_decryptor --> decoder
 *                               |                                   |
 *                     mediaseal_channel: the customer's key, the same for all members
 *                               |
 *                     mediaseal_channel_store: ticked once a second, tells events
 *
 * THE WHOLE SEQUENCE
 *
 *   #include <mediaseal.h>
 *
 *   // Once a process: a store, and a timer that ticks it once a second or a minute.
 *   mediaseal_channel_store *store;
 *   mediaseal_channel_store_new(&store);
 *
 *   // A channel. Id, instance and flags are the same for all members.
 *   mediaseal_channel_config config = MEDIASEAL_CHANNEL_CONFIG_INIT;
 *   config.id = (const uint8_t *)"standup";
 *   config.id_len = 7;
 *   config.flags = MEDIASEAL_CHANNEL_CLOCK;
 *   mediaseal_channel *channel;
 *   mediaseal_channel_open(store, &config, &channel);
 *
 *   // Its key, which the application brings to every member; the number counts the keys.
 *   mediaseal_generation generation = MEDIASEAL_GENERATION_INIT;
 *   generation.number = 1;
 *   generation.key = key;
 *   generation.key_len = sizeof key;
 *   mediaseal_channel_stage(channel, &generation);
 *   mediaseal_channel_store_tick(store, (uint64_t)time(NULL));
 *   mediaseal_channel_activate(channel, 1);
 *
 *   // Who sends, in the thread that sends.
 *   mediaseal_encryptor_config sending = MEDIASEAL_ENCRYPTOR_CONFIG_INIT;
 *   sending.sender = (const uint8_t *)"alice";
 *   sending.sender_len = 5;
 *   sending.media = MEDIASEAL_MEDIA_VIDEO;
 *   mediaseal_encryptor *encryptor;
 *   mediaseal_encryptor_new_for_channel(channel, &sending, &encryptor);
 *
 *   size_t sealed_len;
 *   mediaseal_status status = mediaseal_encryptor_encrypt(encryptor, NULL, frame, frame_len,
 *                                                         sealed, sizeof sealed, &sealed_len);
 *   if (status != MEDIASEAL_OK)
 *       drop_the_frame(mediaseal_status_text(status));   // and never send `frame` in its place
 *
 *   // Who receives, in the thread that receives.
 *   mediaseal_expected alice = { (const uint8_t *)"alice", 5, MEDIASEAL_MEDIA_VIDEO, 0 };
 *   mediaseal_decryptor_config receiving = MEDIASEAL_DECRYPTOR_CONFIG_INIT;
 *   receiving.expected = &alice;
 *   receiving.expected_count = 1;
 *   mediaseal_decryptor *decryptor;
 *   mediaseal_decryptor_new_for_channel(channel, &receiving, &decryptor);
 *
 *   size_t opened_len;
 *   status = mediaseal_decryptor_decrypt(decryptor, NULL, sealed, sealed_len,
 *                                        opened, sizeof opened, &opened_len, NULL);
 *   switch (mediaseal_status_class(status)) {
 *   case MEDIASEAL_CLASS_OK:              play(opened, opened_len); break;
 *   case MEDIASEAL_CLASS_FETCH_A_KEY:     ask_for_a_key();          break;
 *   case MEDIASEAL_CLASS_DROP_THE_PACKET:                           break;
 *   default:                              report(mediaseal_status_text(status));
 *   }
 *
 *   // A new key: stage it on every side, then activate it. The old one still opens for ten seconds.
 *   generation.number = 2;
 *   generation.key = next_key;
 *   mediaseal_channel_stage(channel, &generation);
 *   mediaseal_channel_activate(channel, 2);
 *
 *   // The end, in any order.
 *   mediaseal_encryptor_free(encryptor);
 *   mediaseal_decryptor_free(decryptor);
 *   mediaseal_channel_free(channel);
 *   mediaseal_channel_store_free(store);
 *
 * Applications that bring a key for each sender use mediaseal_key_store with raw keys, as RFC 9605
 * has them, in place of store and channel.
 *
 * THE RULES
 *
 * Names      mediaseal_encryptor_* are the methods of mediaseal_encryptor: the object first, then
 *            inputs, then outputs.
 * Threads    `const T *object`: any threads may call at the same time. `T *object`: exclusive use,
 *            one thread at a time; a call that comes while another is under way is refused where it
 *            is seen (MEDIASEAL_ERR_BUSY). Objects may wander between threads. A function without
 *            an object runs in any.
 * Ownership  Three words. *Borrows*: read until the call returns. *Copies*: the caller may change
 *            or wipe his own afterwards. *Consumes*: the library takes over, on success alone. A
 *            mediaseal_..._new or _open gives an object to the caller, who ends it with its
 *            mediaseal_..._free.
 * Ends       mediaseal_..._close ends the use, from any thread and at any time: calls that begin
 *            later return MEDIASEAL_ERR_CLOSED. What the object holds is wiped then, for encryptors
 *            and decryptors at their next call or when they are freed. mediaseal_..._free gives the
 *            memory back: the last use, from one thread. The order of freeing does not matter.
 *            Freeing an object that is in use, or from a callback, leaves it as it is.
 * Status     0 is success. The hundreds say what to do: 1 fix the call, 2 fetch a key, 3 drop the
 *            packet, 4 see to the custody of keys, 9 report a bug. Numbers never change. Every function that returns a status may
 *            also return MEDIASEAL_ERR_BAD_HANDLE and MEDIASEAL_ERR_MISALIGNED for a pointer that
 *            is none of its type's, MEDIASEAL_ERR_REENTRANT inside a callback, and
 *            MEDIASEAL_ERR_PANIC or MEDIASEAL_ERR_POISONED after a fault inside the library.
 * Outputs    are written on success; until then lengths, numbers and structs are 0 and objects NULL,
 *            unless the object of the call was refused. Where a length may not be known in advance,
 *            `out` NULL with `capacity` 0 asks for it: nothing but `out_len` is written.
 * Buffers    Input and output are one buffer or have no octet in common (MEDIASEAL_ERR_OVERLAP);
 *            results such as `out_len` lie in neither. A pointer may be NULL where its length is 0.
 * Structs    Initialize with the struct's _INIT macro, which sets struct_size. Zero means default.
 *            Structs grow at the end: an older program runs with a newer library, and a newer
 *            program with an older one as long as the fields that this does not know are zero.
 * Text       Text that goes in is UTF-8 and ends with a zero octet. Names of channels and senders
 *            are octets with a length.
 * Callbacks  get `user_data` first, must not call the library (functions that say so may be called),
 *            and let no exception out.
 * Time       Media have no clock: time is what mediaseal_..._tick is told. Custody asks the system's,
 *            or one that it is given.
 *            The library has no threads but two while a custom cipher is registered, to compare what
 *            they get.
 * Features   Functions that a library has with the feature `custody` are declared with
 *            MEDIASEAL_CUSTODY defined before this file is included, those of `pkcs11` with
 *            MEDIASEAL_PKCS11 as well, those of `keychain` with MEDIASEAL_KEYCHAIN. Types and numbers
 *            are always here.
 * Forks      A forked process gets MEDIASEAL_ERR_FORKED for the keys of its parent and makes its
 *            own.
 * Secrets    No status, text, event or statistic holds a key or plaintext. There is no way to pass
 *            a frame in clear, and no nonce or counter to set.
 *
 * This file is made from src/ffi/ by cbindgen; do not edit.
 */


#ifndef MEDIASEAL_H
#define MEDIASEAL_H

#include <stddef.h>
#include <stdint.h>

/**
 * Tells whether this header is of that version or a later one.
 */
#define MEDIASEAL_VERSION_AT_LEAST(major, minor) \
    (MEDIASEAL_VERSION_MAJOR > (major) || (MEDIASEAL_VERSION_MAJOR == (major) && MEDIASEAL_VERSION_MINOR >= (minor)))


/**
 * mediaseal_status_class: success.
 */
#define MEDIASEAL_CLASS_OK 0

/**
 * mediaseal_status_class: the calling code must change.
 */
#define MEDIASEAL_CLASS_FIX_THE_CALL 1

/**
 * mediaseal_status_class: a key is missing, spent or not open yet.
 */
#define MEDIASEAL_CLASS_FETCH_A_KEY 2

/**
 * mediaseal_status_class: the frame is not good; drop it and go on.
 */
#define MEDIASEAL_CLASS_DROP_THE_PACKET 3

/**
 * mediaseal_status_class: a key at rest is not there, not in use, not allowed or not reached; each
 * status says what to do.
 */
#define MEDIASEAL_CLASS_SEE_TO_CUSTODY 4

/**
 * mediaseal_status_class: a cipher, a disk, the system or the library failed.
 */
#define MEDIASEAL_CLASS_REPORT_A_BUG 9

/**
 * Version of this interface. It changes when a program built with an older header would not run any
 * more.
 */
#define MEDIASEAL_ABI_VERSION 1

/**
 * Version of the library that this header belongs to: the first number.
 */
#define MEDIASEAL_VERSION_MAJOR 0

/**
 * The second number of the version.
 */
#define MEDIASEAL_VERSION_MINOR 1

/**
 * The third number of the version.
 */
#define MEDIASEAL_VERSION_PATCH 0

/**
 * Octets in front of a payload that are enough for every header.
 */
#define MEDIASEAL_HEADROOM 17

/**
 * Octets behind a payload that are enough for every tag.
 */
#define MEDIASEAL_TAILROOM 32

/**
 * Octets of a generated key.
 */
#define MEDIASEAL_KEY_LEN 32

/**
 * Fewest octets of a base key or channel key.
 */
#define MEDIASEAL_KEY_MIN_LEN 16

/**
 * Most octets of a base key or channel key.
 */
#define MEDIASEAL_KEY_MAX_LEN 64

/**
 * Most octets of a sender's name.
 */
#define MEDIASEAL_SENDER_ID_MAX_LEN 255

/**
 * Most octets of metadata.
 */
#define MEDIASEAL_METADATA_MAX_LEN 65535

/**
 * Characters of a safety code, without the zero octet behind it.
 */
#define MEDIASEAL_SAFETY_CODE_LEN 71

/**
 * Octets of a key check's challenge, and of its answer.
 */
#define MEDIASEAL_KEY_CHECK_LEN 16

/**
 * Most octets of an epoch secret.
 */
#define MEDIASEAL_EPOCH_SECRET_MAX_LEN 562

/**
 * Most characters of an epoch secret as text, without the zero octet behind it.
 */
#define MEDIASEAL_EPOCH_TEXT_MAX_LEN 923

/**
 * Most characters of passphrase parameters, without the zero octet behind them.
 */
#define MEDIASEAL_PASSPHRASE_PARAMS_MAX_LEN 127

/**
 * Pairs of sender and media that a decryptor expects at most.
 */
#define MEDIASEAL_EXPECTED_MAX 16

/**
 * Suite: AES-128-CTR with HMAC-SHA-256, tag of 80 bits (RFC 9605).
 */
#define MEDIASEAL_SUITE_AES_128_CTR_HMAC_SHA256_80 1

/**
 * Suite: AES-128-CTR with HMAC-SHA-256, tag of 64 bits.
 */
#define MEDIASEAL_SUITE_AES_128_CTR_HMAC_SHA256_64 2

/**
 * Suite: AES-128-CTR with HMAC-SHA-256, tag of 32 bits; needs MEDIASEAL_CIPHER_ALLOW_SHORT_TAGS.
 */
#define MEDIASEAL_SUITE_AES_128_CTR_HMAC_SHA256_32 3

/**
 * Suite: AES-128-GCM, tag of 128 bits. The default choice.
 */
#define MEDIASEAL_SUITE_AES_128_GCM_SHA256_128 4

/**
 * Suite: AES-256-GCM, tag of 128 bits.
 */
#define MEDIASEAL_SUITE_AES_256_GCM_SHA512_128 5

/**
 * Suite: AES-256-CTR with HMAC-SHA-512, tag of 80 bits (IANA registry, as the next two).
 */
#define MEDIASEAL_SUITE_AES_256_CTR_HMAC_SHA512_80 6

/**
 * Suite: AES-256-CTR with HMAC-SHA-512, tag of 64 bits.
 */
#define MEDIASEAL_SUITE_AES_256_CTR_HMAC_SHA512_64 7

/**
 * Suite: AES-256-CTR with HMAC-SHA-512, tag of 32 bits; needs MEDIASEAL_CIPHER_ALLOW_SHORT_TAGS.
 */
#define MEDIASEAL_SUITE_AES_256_CTR_HMAC_SHA512_32 8

/**
 * First suite number of custom ciphers.
 */
#define MEDIASEAL_SUITE_PRIVATE_FIRST 61440

/**
 * Last suite number of custom ciphers.
 */
#define MEDIASEAL_SUITE_PRIVATE_LAST 65535

/**
 * Codec: octets that nobody looks into; the SFrame ciphertext and nothing else.
 */
#define MEDIASEAL_CODEC_OPAQUE 0

/**
 * Codec: H.264, the NAL units of one access unit.
 */
#define MEDIASEAL_CODEC_H264 1

/**
 * Codec: H.265, the NAL units of one access unit.
 */
#define MEDIASEAL_CODEC_H265 2

/**
 * Codec: VP8 (RFC 6386).
 */
#define MEDIASEAL_CODEC_VP8 3

/**
 * Codec: VP9, one spatial layer a frame.
 */
#define MEDIASEAL_CODEC_VP9 4

/**
 * Codec: AV1, the OBUs of one temporal unit, one spatial layer a frame.
 */
#define MEDIASEAL_CODEC_AV1 5

/**
 * Codec: Opus (RFC 6716).
 */
#define MEDIASEAL_CODEC_OPUS 6

/**
 * In place of a codec for streams that have none: refuse their frames.
 */
#define MEDIASEAL_CODEC_REFUSED 255

/**
 * NAL units have start codes of 3 or 4 octets (H.264 Annex B), or the codec has none.
 */
#define MEDIASEAL_NAL_ANNEX_B 0

/**
 * NAL units have lengths of 1 octet (ISO/IEC 14496-15).
 */
#define MEDIASEAL_NAL_LENGTH_1 1

/**
 * NAL units have lengths of 2 octets.
 */
#define MEDIASEAL_NAL_LENGTH_2 2

/**
 * NAL units have lengths of 4 octets, as in MP4 files and from many hardware encoders.
 */
#define MEDIASEAL_NAL_LENGTH_4 4

/**
 * Hash of a key schedule: SHA-256.
 */
#define MEDIASEAL_HASH_SHA256 1

/**
 * Hash of a key schedule: SHA-512.
 */
#define MEDIASEAL_HASH_SHA512 2

/**
 * Hash of a key schedule: SM3 (GB/T 32905).
 */
#define MEDIASEAL_HASH_SM3 3

/**
 * Cost class: a key object takes at most a few microseconds.
 */
#define MEDIASEAL_COST_FAST 0

/**
 * Cost class: a key object takes longer, and is never made for a frame that has not authenticated;
 * announce sessions by mediaseal_channel_expect_session.
 */
#define MEDIASEAL_COST_SLOW 1

/**
 * Flag of a cipher: accept tags under 8 octets (built-in suites), under 16 (custom ciphers). With a
 * 32-bit tag one forgery in 2^32 tries succeeds: for audio only (RFC 9605 section 7.5).
 */
#define MEDIASEAL_CIPHER_ALLOW_SHORT_TAGS 1

/**
 * Flag of a built-in cipher: let AWS-LC compute it, in a library that was built with its feature
 * `aws-lc`. Suite numbers, limits and every octet are the same.
 */
#define MEDIASEAL_CIPHER_OVER_AWS_LC 2

/**
 * Tier: x86-64 with AVX-512, VAES and VPCLMULQDQ. All tiers give the same octets.
 */
#define MEDIASEAL_TIER_VAES_512 1

/**
 * Tier: x86-64 with AVX2, VAES and VPCLMULQDQ.
 */
#define MEDIASEAL_TIER_VAES_256 2

/**
 * Tier: x86-64 with AVX, AES-NI and PCLMULQDQ.
 */
#define MEDIASEAL_TIER_AES_NI 3

/**
 * Tier: AArch64 with AES and PMULL.
 */
#define MEDIASEAL_TIER_AARCH64 4

/**
 * Tier: every CPU; constant time also where it has no AES instructions.
 */
#define MEDIASEAL_TIER_PORTABLE 5

/**
 * Verdict: the tier works, and all new keys use it.
 */
#define MEDIASEAL_VERDICT_SELECTED 1

/**
 * Verdict: the tier was not looked at, because a faster one works.
 */
#define MEDIASEAL_VERDICT_NOT_NEEDED 2

/**
 * Verdict: the CPU lacks the tier's instructions, or the operating system does not keep their
 * registers.
 */
#define MEDIASEAL_VERDICT_NOT_ON_THIS_CPU 3

/**
 * Verdict: the library was built for another architecture.
 */
#define MEDIASEAL_VERDICT_NOT_IN_THIS_BUILD 4

/**
 * Verdict: the tier gave other octets than the portable one and is not used. Report it: the CPU,
 * the compiler or the library is at fault.
 */
#define MEDIASEAL_VERDICT_SELF_TEST_FAILED 5

/**
 * Most characters of what mediaseal_cpu_text writes, without the zero octet behind it.
 */
#define MEDIASEAL_CPU_TEXT_MAX_LEN 255

/**
 * Mode: whole encoded frames. The replay window reaches back 1,024 frames.
 */
#define MEDIASEAL_MODE_FRAME 0

/**
 * Mode: payloads of one packet each, with a hard maximum. The replay window reaches back 8,192
 * packets.
 */
#define MEDIASEAL_MODE_PACKET 1

/**
 * Mode: packets with the least overhead; raw keys of suite 0x0001 with KIDs of 0 to 7.
 */
#define MEDIASEAL_MODE_COMPACT_PACKET 2

/**
 * The packet maximum that is used for 0: it passes through any path of the Internet whole.
 */
#define MEDIASEAL_PACKET_MAX_LEN_DEFAULT 1200

/**
 * RTP payloads carry a frame as the encoder gave it.
 */
#define MEDIASEAL_RTP_FRAME 0

/**
 * RTP payloads carry an RTP payload, as the codec's packetizer made it.
 */
#define MEDIASEAL_RTP_PACKET 1

/**
 * With the packet a ciphertext is complete.
 */
#define MEDIASEAL_RTP_COMPLETE 1

/**
 * The packet waits for others.
 */
#define MEDIASEAL_RTP_WAITING 2

/**
 * The packet came before; retransmission and redundancy do that.
 */
#define MEDIASEAL_RTP_DUPLICATE 3

/**
 * The packet's sequence number is older than all that are kept, or far ahead: by more than half of
 * what is kept, at least 16 packets. One altered header moves nothing so; the next packet that
 * follows it does, or 16 in a row that are too old.
 */
#define MEDIASEAL_RTP_OUT_OF_RANGE 4

/**
 * The packet is padding alone, is longer than was agreed, or its run is of different payload types
 * or contents.
 */
#define MEDIASEAL_RTP_REFUSED 5

/**
 * Media: not said.
 */
#define MEDIASEAL_MEDIA_UNSPECIFIED 0

/**
 * Media: audio of a microphone.
 */
#define MEDIASEAL_MEDIA_AUDIO 1

/**
 * Media: video of a camera.
 */
#define MEDIASEAL_MEDIA_VIDEO 2

/**
 * Media: messages of a data channel.
 */
#define MEDIASEAL_MEDIA_DATA 3

/**
 * Media: video of a shared screen.
 */
#define MEDIASEAL_MEDIA_SCREEN 4

/**
 * Media: audio of a shared screen.
 */
#define MEDIASEAL_MEDIA_SCREEN_AUDIO 5

/**
 * First number for media of the application's own.
 */
#define MEDIASEAL_MEDIA_APPLICATION_FIRST 128

/**
 * Last number for media of the application's own.
 */
#define MEDIASEAL_MEDIA_APPLICATION_LAST 255

/**
 * Origin of a send key's counter: this base key and KID have sealed nothing, here or anywhere. Only
 * the application can know.
 */
#define MEDIASEAL_ORIGIN_FRESH_KEY 1

/**
 * Origin of a send key's counter: the counter store knows, and keeps it over restarts.
 */
#define MEDIASEAL_ORIGIN_COUNTER_STORE 2

/**
 * Flag of a channel: bind sessions to the hour that ticks tell. All members use it or none.
 */
#define MEDIASEAL_CHANNEL_CLOCK 1

/**
 * Flag of a channel: open nothing more under a generation once 4,096 frames failed authentication
 * under it.
 */
#define MEDIASEAL_CHANNEL_REFUSE_AFTER_FAILURES 2

/**
 * Flag of a channel: grace ends at the first tick after a change; `grace_seconds` is 0 and means
 * that.
 */
#define MEDIASEAL_CHANNEL_NO_GRACE 4

/**
 * Flag of a generation: keep the channel key as long as the generation, for mediaseal_channel_key.
 */
#define MEDIASEAL_GENERATION_KEEP_ROOT 1

/**
 * Flag of a generation: allow the same channel key on several channel ids of one store.
 */
#define MEDIASEAL_GENERATION_SHARE_KEY 2

/**
 * Event: there is none.
 */
#define MEDIASEAL_EVENT_NONE 0

/**
 * Event: the send key `kid` has used 75 % of its limit; bring the next key now.
 */
#define MEDIASEAL_EVENT_KEY_NEAR_LIMIT 1

/**
 * Event: the send key `kid` reached its limit and seals no more.
 */
#define MEDIASEAL_EVENT_KEY_EXHAUSTED 2

/**
 * Event: an authentic frame from before the key `kid` was last retired came again, for the
 * `count`th time.
 */
#define MEDIASEAL_EVENT_REPLAYED 3

/**
 * Event: `count` frames under `kid` failed authentication; a fresh key is advised.
 */
#define MEDIASEAL_EVENT_MANY_AUTHENTICATION_FAILURES 4

/**
 * Event: an encryptor of a channel begins session `kid` of `sender` and `media` in `generation` at
 * `step`. It feeds mediaseal_channel_expect_session on the other side.
 */
#define MEDIASEAL_EVENT_SESSION_STARTED 5

/**
 * Event: the list of replay floors was full and the oldest was dropped.
 */
#define MEDIASEAL_EVENT_REPLAY_HISTORY_LOST 6

/**
 * Event: the queue was full and `count` events were dropped.
 */
#define MEDIASEAL_EVENT_EVENTS_LOST 7

/**
 * Event: what a sentinel has seen of what is sent has changed: see `proof` and `leak`, with `kid`,
 * `ctr` and `count` (frames) as in mediaseal_proof_state.
 */
#define MEDIASEAL_EVENT_PROOF_CHANGED 8

/**
 * Event: frames of stream `ssrc` fail to open, 5 in a row so far. `status` is why the last of them
 * was refused, `kid` is that of its header, or 0; `sender` is empty if none of the stream has
 * opened yet. Said once, until one opens again.
 */
#define MEDIASEAL_EVENT_STREAM_FAILING 9

/**
 * Event: stream `ssrc` of `sender` opens again, under `kid`, after `count` frames that were
 * refused.
 */
#define MEDIASEAL_EVENT_STREAM_RECOVERED 10

/**
 * Proof: encryptors seal, and what is sent was not observed.
 */
#define MEDIASEAL_PROOF_SEALING 1

/**
 * Proof: all that was observed is ciphertext of the store, and some of it was opened again.
 */
#define MEDIASEAL_PROOF_ENCRYPTED 2

/**
 * Proof: something left that is no ciphertext of the store. Stop sending, and look for what goes
 * around the encryptor.
 */
#define MEDIASEAL_PROOF_DEGRADED 3

/**
 * Leak: there is none.
 */
#define MEDIASEAL_LEAK_NONE 0

/**
 * Leak: octets that are no ciphertext, as plaintext is none; or of a CTR that was never given out.
 */
#define MEDIASEAL_LEAK_NOT_SEALED 1

/**
 * Leak: a header of a key, `kid`, that is not the store's.
 */
#define MEDIASEAL_LEAK_UNKNOWN_KEY 2

/**
 * Leak: a header of the store's, `kid` and `ctr`, on what does not open: changed after it was
 * sealed, or sealed with other metadata.
 */
#define MEDIASEAL_LEAK_DOES_NOT_OPEN 3

/**
 * Flag of mediaseal_failure: `kid` and `ctr` are those of the frame's header.
 */
#define MEDIASEAL_FAILURE_HAS_HEADER 1

/**
 * Flag of mediaseal_failure: audio is missing now; let the decoder conceal a frame in place of
 * playing a gap. Never for duplicates.
 */
#define MEDIASEAL_FAILURE_CONCEAL 2

/**
 * Reason: it opens.
 */
#define MEDIASEAL_REASON_OPENS 1

/**
 * Reason: it has no octets: a padding probe, or DTX.
 */
#define MEDIASEAL_REASON_EMPTY 2

/**
 * Reason: it is a frame of `codec`, in clear. Look for what goes around the sender's encryptor.
 */
#define MEDIASEAL_REASON_NOT_ENCRYPTED 3

/**
 * Reason: it opens, and what comes out opens again: two encryptors seal it, one behind the other.
 */
#define MEDIASEAL_REASON_ENCRYPTED_TWICE 4

/**
 * Reason: it ends before its tag does.
 */
#define MEDIASEAL_REASON_TRUNCATED 5

/**
 * Reason: it cannot be read: see `status`.
 */
#define MEDIASEAL_REASON_MALFORMED 6

/**
 * Reason: no key is known for its KID. Fetch it; or the sender uses another channel or suite.
 */
#define MEDIASEAL_REASON_NO_SUCH_KEY 7

/**
 * Reason: its key was retired: the sender missed a change.
 */
#define MEDIASEAL_REASON_RETIRED 8

/**
 * Reason: its key opens at a later tick.
 */
#define MEDIASEAL_REASON_NOT_YET_ACTIVE 9

/**
 * Reason: this side sealed it: a relay sends frames back to their sender.
 */
#define MEDIASEAL_REASON_REFLECTED 10

/**
 * Reason: its session is of another hour: a clock is wrong, or it is very old.
 */
#define MEDIASEAL_REASON_STALE_SESSION 11

/**
 * Reason: one side uses the channel with a clock and the other without.
 */
#define MEDIASEAL_REASON_CLOCK_MISMATCH 12

/**
 * Reason: so many frames failed under this key that, by the policy chosen, it opens nothing more.
 */
#define MEDIASEAL_REASON_INTEGRITY_LIMIT 13

/**
 * Reason: it was opened before; retransmission does that.
 */
#define MEDIASEAL_REASON_DUPLICATE 14

/**
 * Reason: it is older than the replay window reaches.
 */
#define MEDIASEAL_REASON_TOO_OLD 15

/**
 * Reason: it is from before its key was last retired.
 */
#define MEDIASEAL_REASON_REPLAYED 16

/**
 * Reason: `octets` octets stand behind it that are not its own; without them it opens.
 */
#define MEDIASEAL_REASON_TRAILING_OCTETS 17

/**
 * Reason: `octets` octets stand before it that are not its own, such as an RTP header; without them
 * it opens.
 */
#define MEDIASEAL_REASON_LEADING_OCTETS 18

/**
 * Reason: the sender set `codec` for this stream, MEDIASEAL_CODEC_OPAQUE for none.
 */
#define MEDIASEAL_REASON_OTHER_CODEC 19

/**
 * Reason: the sender passed other metadata: that of number `suspect`, or none at all.
 */
#define MEDIASEAL_REASON_OTHER_METADATA 20

/**
 * Reason: it is of `sender` and `media`, which this decryptor does not expect.
 */
#define MEDIASEAL_REASON_OTHER_SENDER 21

/**
 * Reason: it is of the channel of number `suspect`.
 */
#define MEDIASEAL_REASON_OTHER_CHANNEL 22

/**
 * Reason: the key has opened others and not this one: it was altered, or sealed with metadata or as
 * a sender that nobody suspects.
 */
#define MEDIASEAL_REASON_ALTERED 23

/**
 * Reason: nothing was ever opened with this key, and this does not open either: the two sides have
 * different keys.
 */
#define MEDIASEAL_REASON_WRONG_KEY 24

/**
 * Reason: the cipher failed, which is no verdict on the frame. Report it with the cipher's version.
 */
#define MEDIASEAL_REASON_CIPHER_FAILED 25

/**
 * Reason: the decryptor demands a codec for the stream, and none is set.
 */
#define MEDIASEAL_REASON_NO_CODEC 26

/**
 * Flag of mediaseal_diagnosis: `kid` and `ctr` are set.
 */
#define MEDIASEAL_DIAGNOSIS_HAS_HEADER 1

/**
 * Flag of mediaseal_diagnosis: the octets behind the frame are RTP padding (RFC 3550 section 5.1).
 */
#define MEDIASEAL_DIAGNOSIS_RTP_PADDING 2

/**
 * Flag of mediaseal_diagnosis: `suspect` is set.
 */
#define MEDIASEAL_DIAGNOSIS_HAS_SUSPECT 4

/**
 * Look: no octets at all: a padding probe, DTX, or a frame that got lost.
 */
#define MEDIASEAL_LOOK_EMPTY 1

/**
 * Look: an SFrame ciphertext, with `kid` and `ctr`. Nearly all octets begin like one; a long KID
 * speaks for it.
 */
#define MEDIASEAL_LOOK_SFRAME 2

/**
 * Look: an SFrame ciphertext in the form of `codec`, with `kid` and `ctr`.
 */
#define MEDIASEAL_LOOK_CODEC_AWARE 3

/**
 * Look: a frame of `codec` that nobody encrypted.
 */
#define MEDIASEAL_LOOK_PLAINTEXT 4

/**
 * Look: an RTP packet with its header: `ssrc`, payload type `number`.
 */
#define MEDIASEAL_LOOK_RTP_PACKET 5

/**
 * Look: an RTP payload of SFrame: it wants to be put together. `number` has bit 0 for the first
 * piece, bit 1 for the last.
 */
#define MEDIASEAL_LOOK_RTP_FRAGMENT 6

/**
 * Look: `number` octets of RTP padding at its end that were left on.
 */
#define MEDIASEAL_LOOK_RTP_PADDING 7

/**
 * Look: a frame of LiveKit's or Jitsi's frame cryptor, key index `number`.
 */
#define MEDIASEAL_LOOK_FRAME_CRYPTOR 8

/**
 * Look: a frame of Discord's DAVE, with a footer of `number` octets.
 */
#define MEDIASEAL_LOOK_DAVE 9

/**
 * Flag of mediaseal_opened and of mediaseal_event: `generation` and `step` are those of a channel.
 */
#define MEDIASEAL_HAS_EPOCH 1

/**
 * Flag of mediaseal_statistics: `last_kid` is set.
 */
#define MEDIASEAL_HAS_LAST_KID 1

/**
 * Flag of mediaseal_statistics: `window_head` is set.
 */
#define MEDIASEAL_HAS_WINDOW_HEAD 2

/**
 * Octets of a data encryption key.
 */
#define MEDIASEAL_DEK_LEN 32

/**
 * Octets of the id of a data encryption key in custody.
 */
#define MEDIASEAL_DEK_ID_LEN 16

/**
 * A buffer of so many octets holds any wrapped key.
 */
#define MEDIASEAL_WRAPPED_KEY_MAX_LEN 9216

/**
 * Octets that a sealed record has more than its plaintext.
 */
#define MEDIASEAL_RECORD_OVERHEAD 59

/**
 * Most octets of a record's plaintext.
 */
#define MEDIASEAL_RECORD_MAX_LEN 16777216

/**
 * Most characters of the id of a key encryption key, without the zero octet behind it.
 */
#define MEDIASEAL_KEK_ID_MAX_LEN 64

/**
 * State of a key (NIST SP 800-57): made, not used yet.
 */
#define MEDIASEAL_KEY_STATE_PRE_ACTIVATION 1

/**
 * State of a key: wraps and unwraps.
 */
#define MEDIASEAL_KEY_STATE_ACTIVE 2

/**
 * State of a key: wraps nothing; unwraps with MEDIASEAL_CUSTODY_UNWRAP_SUSPENDED. May become active
 * again.
 */
#define MEDIASEAL_KEY_STATE_SUSPENDED 3

/**
 * State of a key: wraps nothing more, unwraps what it wrapped.
 */
#define MEDIASEAL_KEY_STATE_DEACTIVATED 4

/**
 * State of a key: may be known to others; unwraps for MEDIASEAL_ACCESS_ACCEPT_COMPROMISED alone.
 */
#define MEDIASEAL_KEY_STATE_COMPROMISED 5

/**
 * State of a key: gone; a tombstone is left.
 */
#define MEDIASEAL_KEY_STATE_DESTROYED 6

/**
 * Change of a key: it got another state.
 */
#define MEDIASEAL_CHANGE_STATE 1

/**
 * Change of a key: it went into the archive, in the state that it has.
 */
#define MEDIASEAL_CHANGE_ARCHIVED 2

/**
 * Change of a key: it came out of the archive.
 */
#define MEDIASEAL_CHANGE_RESTORED 3

/**
 * Protection: this process computes with the keys.
 */
#define MEDIASEAL_PROTECTION_SOFTWARE 1

/**
 * Protection: a module computes with them, and they do not leave it.
 */
#define MEDIASEAL_PROTECTION_HARDWARE 2

/**
 * Protection: a service elsewhere computes with them.
 */
#define MEDIASEAL_PROTECTION_REMOTE 3

/**
 * Flag of a provider: a key can leave it in a form that others can use.
 */
#define MEDIASEAL_PROVIDER_EXPORTABLE 1

/**
 * Secret: the passphrase of a `file:` store.
 */
#define MEDIASEAL_SECRET_PASSPHRASE 1

/**
 * Secret: the user PIN of a token.
 */
#define MEDIASEAL_SECRET_PIN 2

/**
 * Secret: the access key id of a service.
 */
#define MEDIASEAL_SECRET_ACCESS_KEY_ID 3

/**
 * Secret: the secret access key of a service.
 */
#define MEDIASEAL_SECRET_SECRET_ACCESS_KEY 4

/**
 * Secret: the session token of temporary credentials; most have none.
 */
#define MEDIASEAL_SECRET_SESSION_TOKEN 5

/**
 * Most octets of such a secret.
 */
#define MEDIASEAL_SECRET_MAX_LEN 8192

/**
 * Action: make a KEK, a new version of one, or move it to another provider.
 */
#define MEDIASEAL_ACTION_MANAGE_KEK 1

/**
 * Action: change the state of a KEK, archive it, bring it back.
 */
#define MEDIASEAL_ACTION_CHANGE_STATE 2

/**
 * Action: destroy a KEK or DEK.
 */
#define MEDIASEAL_ACTION_DESTROY 3

/**
 * Action: wrap keys anew under the current version of their KEK; none is handed out.
 */
#define MEDIASEAL_ACTION_REWRAP 4

/**
 * Action: make a DEK, wrap one, seal a record.
 */
#define MEDIASEAL_ACTION_WRAP 5

/**
 * Action: open a DEK or a record.
 */
#define MEDIASEAL_ACTION_UNWRAP 6

/**
 * Action: open a DEK or record whose KEK is compromised.
 */
#define MEDIASEAL_ACTION_UNWRAP_COMPROMISED 7

/**
 * Action: look at states and counts; no key is handed out.
 */
#define MEDIASEAL_ACTION_INSPECT 8

/**
 * Role: opens.
 */
#define MEDIASEAL_ROLE_VIEWER 1

/**
 * Role: makes DEKs, wraps and seals; opens nothing.
 */
#define MEDIASEAL_ROLE_RECORDER 2

/**
 * Role: makes, rotates, moves, suspends and destroys keys; opens and seals nothing.
 */
#define MEDIASEAL_ROLE_KEY_ADMIN 3

/**
 * Role: looks at states.
 */
#define MEDIASEAL_ROLE_AUDITOR 4

/**
 * Outcome: it was allowed and is done next. Recorded before the deed; if that fails, nothing is
 * done.
 */
#define MEDIASEAL_OUTCOME_ALLOWED 1

/**
 * Outcome: it was done.
 */
#define MEDIASEAL_OUTCOME_DONE 2

/**
 * Outcome: a policy, a state or the authorizer refused it.
 */
#define MEDIASEAL_OUTCOME_REFUSED 3

/**
 * Outcome: it was tried and failed.
 */
#define MEDIASEAL_OUTCOME_FAILED 4

/**
 * Flag of an access: the principal proved himself by more than one factor.
 */
#define MEDIASEAL_ACCESS_MFA 1

/**
 * Flag of an access: opens keys under compromised KEKs too; the audit log says so.
 */
#define MEDIASEAL_ACCESS_ACCEPT_COMPROMISED 2

/**
 * Flag of custody: suspended keys unwrap all the same.
 */
#define MEDIASEAL_CUSTODY_UNWRAP_SUSPENDED 1

/**
 * Flag of custody: a key that is opened stays wrapped as it was, until a sweep.
 */
#define MEDIASEAL_CUSTODY_NO_LAZY_REWRAP 2

/**
 * Flag of custody: everybody may do everything, said in so many words; for programs of one user.
 */
#define MEDIASEAL_CUSTODY_EVERYBODY 4

/**
 * Flag of a new KEK: it becomes active by mediaseal_custody_set_state.
 */
#define MEDIASEAL_NEW_KEK_ACTIVATE_BY_HAND 1

/**
 * Flag of mediaseal_kek_info: the key is in the archive and opens nothing.
 */
#define MEDIASEAL_KEK_ARCHIVED 1

/**
 * A state is enforced by custody and by the provider itself.
 */
#define MEDIASEAL_ENFORCED_BY_PROVIDER 1

/**
 * A state is enforced by custody alone: the provider keeps none.
 */
#define MEDIASEAL_ENFORCED_BY_CUSTODY 2

/**
 * A state is enforced by custody; the provider could not be told yet, and mediaseal_custody_tick
 * tries again.
 */
#define MEDIASEAL_ENFORCED_LATER 3

/**
 * Destruction: custody says that the key is destroyed. A backup of its store undoes it.
 */
#define MEDIASEAL_DESTROY_LOGICAL 1

/**
 * Destruction: the provider destroys the key. What it alone wrapped is gone for good.
 */
#define MEDIASEAL_DESTROY_EFFECTIVE 2

/**
 * DEKs of the store that the key wraps: there must be none, or nothing is destroyed.
 */
#define MEDIASEAL_SURVIVORS_MUST_BE_NONE 1

/**
 * DEKs of the store that the key wraps: they are lost with it, which is the purpose.
 */
#define MEDIASEAL_SURVIVORS_ARE_LOST 2

/**
 * Key encapsulation mechanism (RFC 9180): P-256.
 */
#define MEDIASEAL_KEM_P256 16

/**
 * Key encapsulation mechanism: X25519.
 */
#define MEDIASEAL_KEM_X25519 32

/**
 * Key encapsulation mechanism: X-Wing, X25519 and ML-KEM-768, for keys that must outlive quantum
 * computers.
 */
#define MEDIASEAL_KEM_XWING 25722

/**
 * Most octets of the public half of a recipient.
 */
#define MEDIASEAL_RECIPIENT_MAX_LEN 1218

/**
 * Octets of the public half of a signer.
 */
#define MEDIASEAL_SIGNER_PUBLIC_LEN 32

/**
 * Most octets of a grant to one recipient.
 */
#define MEDIASEAL_GRANT_MAX_LEN 2304

/**
 * Most characters of the text of an identity or a signer, without the zero octet behind it.
 */
#define MEDIASEAL_SECRET_KEY_TEXT_MAX_LEN 127

/**
 * Most characters of such a text under a passphrase, without the zero octet behind it.
 */
#define MEDIASEAL_LOCKED_KEY_TEXT_MAX_LEN 447

/**
 * Profile of a recording: frames as they came, still encrypted. The recorder has no key of theirs.
 */
#define MEDIASEAL_PROFILE_FRAMES 1

/**
 * Profile of a recording: encoded media of a recorder that is a member of the call.
 */
#define MEDIASEAL_PROFILE_MEDIA 2

/**
 * Flag of a track: its frames are ciphertext in the form of its codec, not bare.
 */
#define MEDIASEAL_TRACK_CODEC_AWARE 1

/**
 * Flag of a recorded frame: a decoder can begin with it.
 */
#define MEDIASEAL_RECORDED_KEY_FRAME 1

/**
 * Verdict on a recording: it is whole and closed, and the signer that was given signed all of it.
 */
#define MEDIASEAL_RECORDING_COMPLETE 1

/**
 * Verdict on a recording: it is whole and closed, and agrees with the signer that it names itself.
 * Nobody vouches for it, because no signer was given.
 */
#define MEDIASEAL_RECORDING_CONSISTENT 2

/**
 * Verdict on a recording: what was committed is as it was written, but it was not closed: its
 * recorder is at work, or crashed.
 */
#define MEDIASEAL_RECORDING_INCOMPLETE 3

/**
 * Verdict on a recording: a part, `place`, is not as it was written.
 */
#define MEDIASEAL_RECORDING_TAMPERED 4

/**
 * One channel: stage a generation, activate it, and the former one is in grace and then retired.
 */
typedef struct mediaseal_channel mediaseal_channel;

/**
 * The channels of an application, with their keys.
 */
typedef struct mediaseal_channel_store mediaseal_channel_store;

/**
 * A cipher that stores and generations may use: built in, or a custom one that passed the
 * conformance check.
 */
typedef struct mediaseal_cipher mediaseal_cipher;

/**
 * A folder of counters for raw keys that survive a restart, locked for this process.
 */
typedef struct mediaseal_counter_store mediaseal_counter_store;

#if defined(MEDIASEAL_CUSTODY)
/**
 * Keys in custody: KEKs of tenants, regions and purposes, DEKs under them, and who may use them.
 */
typedef struct mediaseal_custody mediaseal_custody;
#endif

/**
 * Opens the frames of one thread's streams, of any number of senders.
 */
typedef struct mediaseal_decryptor mediaseal_decryptor;

/**
 * Seals the frames of one thread's streams.
 */
typedef struct mediaseal_encryptor mediaseal_encryptor;

/**
 * The secret half of a key pair: opens what was sealed to its public one.
 */
typedef struct mediaseal_identity mediaseal_identity;

/**
 * Raw keys: the application brings a base key for each KID, and vouches for both (RFC 9605).
 */
typedef struct mediaseal_key_store mediaseal_key_store;

/**
 * Plays a recording. One thread at a time.
 */
typedef struct mediaseal_player mediaseal_player;

/**
 * What a sentinel has seen, for any thread.
 */
typedef struct mediaseal_proof mediaseal_proof;

/**
 * Holds KEKs and uses them: a file, a module, a service, or functions of the application.
 */
typedef struct mediaseal_provider mediaseal_provider;

/**
 * Writes a recording. One thread at a time.
 */
typedef struct mediaseal_recorder mediaseal_recorder;

/**
 * Puts the RTP payloads of one stream (SSRC) together again.
 */
typedef struct mediaseal_rtp_reassembler mediaseal_rtp_reassembler;

/**
 * Looks at what one thread hands to the network.
 */
typedef struct mediaseal_sentinel mediaseal_sentinel;

/**
 * The secret half of a signature key pair: says who gives a key.
 */
typedef struct mediaseal_signer mediaseal_signer;

/**
 * What a function returns: 0 for success, else one of the `MEDIASEAL_ERR_...` numbers, which never
 * change their meaning.
 *
 * The hundreds digit is the reaction asked for: 1 fix the call, 2 fetch a key, 3 drop the packet, 4
 * see to the custody of keys, 9 report a bug. See mediaseal_status_class, mediaseal_status_name and
 * mediaseal_status_text.
 */
typedef int32_t mediaseal_status;

/**
 * What an epoch secret says of itself: what to join, and with which cipher. Initialize with
 * MEDIASEAL_EPOCH_INIT.
 */
typedef struct mediaseal_epoch {
    /**
     * Octets of this struct.
     */
    uint32_t struct_size;
    /**
     * Suite number: that of the cipher to pass if it is a custom one.
     */
    uint32_t suite;
    /**
     * Generation, the one to activate.
     */
    uint64_t generation;
    /**
     * Step: what was sealed at an earlier one does not open.
     */
    uint32_t step;
    /**
     * Zero.
     */
    uint32_t reserved;
} mediaseal_epoch;

/**
 * A mediaseal_epoch with every default.
 */
#define MEDIASEAL_EPOCH_INIT \
    { (uint32_t)sizeof(mediaseal_epoch), 0, 0, 0, 0 }

/**
 * One known answer of a custom cipher, from a published document or an independent implementation.
 */
typedef struct mediaseal_known_answer {
    /**
     * Key, `key_len` octets of the vtable.
     */
    const uint8_t *key;
    /**
     * Nonce, `nonce_len` octets of the vtable.
     */
    const uint8_t *nonce;
    /**
     * Additional authenticated data.
     */
    const uint8_t *aad;
    /**
     * Octets of it.
     */
    size_t aad_len;
    /**
     * Plaintext, at least one octet.
     */
    const uint8_t *plaintext;
    /**
     * Ciphertext, as long as the plaintext.
     */
    const uint8_t *ciphertext;
    /**
     * Octets of either.
     */
    size_t data_len;
    /**
     * Tag, `tag_len` octets of the vtable.
     */
    const uint8_t *tag;
} mediaseal_known_answer;

/**
 * Ends the life of `user_data`: called exactly once, when the library needs it no more. It must not
 * call the library, so objects of the library that `user_data` has are freed elsewhere.
 */
typedef void (*mediaseal_destructor)(void *user_data);

/**
 * A custom cipher: an AEAD whose ciphertext is as long as its plaintext, with a tag apart.
 * Initialize with MEDIASEAL_CIPHER_VTABLE_INIT.
 *
 * The library supplies nonces, AAD, headers, replay protection, rotation, limits and statistics;
 * the cipher transforms octets. Every function may run in any thread, several at once with one key.
 * It must not call the library (MEDIASEAL_ERR_REENTRANT), nor wait for a thread that does, as locks
 * of the library may be held; and it lets no exception out. It returns MEDIASEAL_OK, or anything
 * else if it failed.
 *
 * Lengths are always those stated here, so the functions need not check them, and the library
 * zeroes `data` when open fails. What a cipher writes beyond its buffers is noticed where that is
 * possible, and fails the frame, as does a seal that leaves tag or data as they were.
 */
typedef struct mediaseal_cipher_vtable {
    /**
     * Octets of this struct.
     */
    uint32_t struct_size;
    /**
     * Suite number, MEDIASEAL_SUITE_PRIVATE_FIRST to MEDIASEAL_SUITE_PRIVATE_LAST.
     */
    uint32_t suite;
    /**
     * Octets of key (Nk), 1 to 128.
     */
    uint32_t key_len;
    /**
     * Octets of nonce (Nn), 8 to 32.
     */
    uint32_t nonce_len;
    /**
     * Octets of tag (Nt), 4 to 32; under 16 needs MEDIASEAL_CIPHER_ALLOW_SHORT_TAGS.
     */
    uint32_t tag_len;
    /**
     * Hash of the key schedule, one of `MEDIASEAL_HASH_...`.
     */
    uint32_t hash;
    /**
     * One of `MEDIASEAL_COST_...`.
     */
    uint32_t cost;
    /**
     * Zero.
     */
    uint32_t reserved;
    /**
     * Octets of plaintext in one seal, 1200 to 2^30; 0 means 2^30.
     */
    uint64_t max_frame_len;
    /**
     * Seals under one key; 0 means 2^64 - 1.
     */
    uint64_t max_seals;
    /**
     * Blocks of 16 octets under one key, AAD and one block a frame included, at most 2^36; 0 means
     * 2^36.
     */
    uint64_t max_blocks;
    /**
     * Authentication failures under one key after which an event advises a fresh key, at most 2^12;
     * 0 means 2^12.
     */
    uint64_t max_open_failures;
    /**
     * Known answers, at least one; they are used during registration alone.
     */
    const mediaseal_known_answer *known_answers;
    /**
     * Their number.
     */
    size_t known_answers_count;
    /**
     * Passed to every function.
     */
    void *user_data;
    /**
     * Called exactly once when no key of the cipher is left, if the cipher was accepted; NULL if
     * there is nothing to end.
     */
    mediaseal_destructor destroy;
    /**
     * Runs the key schedule over `key`, which it copies what it needs of, and puts a pointer other
     * than NULL into `out_key`.
     */
    mediaseal_status (*key_new)(void *user_data, const uint8_t *key, size_t key_len, void **out_key);
    /**
     * Wipes and frees a key.
     */
    void (*key_free)(void *user_data, void *key);
    /**
     * Encrypts `data` in place and writes the tag over `nonce`, `aad` and the ciphertext.
     */
    mediaseal_status (*seal)(void *user_data,
                             const void *key,
                             const uint8_t *nonce,
                             size_t nonce_len,
                             const uint8_t *aad,
                             size_t aad_len,
                             uint8_t *data,
                             size_t data_len,
                             uint8_t *tag,
                             size_t tag_len);
    /**
     * Compares the tag in constant time and decrypts `data` in place;
     * MEDIASEAL_ERR_AUTHENTICATION_FAILED if the tag is wrong.
     */
    mediaseal_status (*open)(void *user_data,
                             const void *key,
                             const uint8_t *nonce,
                             size_t nonce_len,
                             const uint8_t *aad,
                             size_t aad_len,
                             uint8_t *data,
                             size_t data_len,
                             const uint8_t *tag,
                             size_t tag_len);
} mediaseal_cipher_vtable;

/**
 * A mediaseal_cipher_vtable with every default.
 */
#define MEDIASEAL_CIPHER_VTABLE_INIT \
    { (uint32_t)sizeof(mediaseal_cipher_vtable), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL }

/**
 * What a custom cipher lacks. Initialize with MEDIASEAL_REFUSAL_INIT.
 */
typedef struct mediaseal_refusal {
    /**
     * Octets of this struct.
     */
    uint32_t struct_size;
    /**
     * Length of the data, number of the bit or index of the case at which it was seen.
     */
    uint32_t at;
    /**
     * Name of the property that does not hold, such as "DataDependsOnNonce"; NULL if none was
     * named. It lives as long as the library.
     */
    const char *property;
    /**
     * What should hold, in one sentence; NULL if none was named. It lives as long as the library.
     */
    const char *text;
} mediaseal_refusal;

/**
 * A mediaseal_refusal with every default.
 */
#define MEDIASEAL_REFUSAL_INIT \
    { (uint32_t)sizeof(mediaseal_refusal), 0, NULL, NULL }

/**
 * Lengths, limits and hash of a cipher. Initialize with MEDIASEAL_CIPHER_PARAMS_INIT.
 */
typedef struct mediaseal_cipher_params {
    /**
     * Octets of this struct.
     */
    uint32_t struct_size;
    /**
     * Suite number.
     */
    uint32_t suite;
    /**
     * Octets of key (Nk).
     */
    uint32_t key_len;
    /**
     * Octets of nonce (Nn).
     */
    uint32_t nonce_len;
    /**
     * Octets of tag (Nt).
     */
    uint32_t tag_len;
    /**
     * One of `MEDIASEAL_HASH_...`.
     */
    uint32_t hash;
    /**
     * One of `MEDIASEAL_COST_...`.
     */
    uint32_t cost;
    /**
     * Zero.
     */
    uint32_t reserved;
    /**
     * Octets of plaintext in one seal.
     */
    uint64_t max_frame_len;
    /**
     * Seals under one key.
     */
    uint64_t max_seals;
    /**
     * Blocks of 16 octets under one key, AAD and one block a frame included.
     */
    uint64_t max_blocks;
    /**
     * Authentication failures under one key after which an event advises a fresh key.
     */
    uint64_t max_open_failures;
} mediaseal_cipher_params;

/**
 * A mediaseal_cipher_params with every default.
 */
#define MEDIASEAL_CIPHER_PARAMS_INIT \
    { (uint32_t)sizeof(mediaseal_cipher_params), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }

/**
 * Something that happened to keys or streams. Initialize with MEDIASEAL_EVENT_INIT. Fields that the
 * type does not name are 0.
 */
typedef struct mediaseal_event {
    /**
     * Octets of this struct.
     */
    uint32_t struct_size;
    /**
     * One of `MEDIASEAL_EVENT_...`.
     */
    uint32_t type;
    /**
     * KID concerned.
     */
    uint64_t kid;
    /**
     * CTR concerned.
     */
    uint64_t ctr;
    /**
     * How many.
     */
    uint64_t count;
    /**
     * Generation of a session.
     */
    uint64_t generation;
    /**
     * Step of a session.
     */
    uint32_t step;
    /**
     * Media of a session.
     */
    uint32_t media;
    /**
     * MEDIASEAL_HAS_EPOCH, or 0.
     */
    uint32_t flags;
    /**
     * Octets of the sender's name.
     */
    uint32_t sender_len;
    /**
     * Sender of a session; zero octets follow the name.
     */
    uint8_t sender[256];
    /**
     * What a sentinel has seen: one of `MEDIASEAL_PROOF_...`.
     */
    uint32_t proof;
    /**
     * What was wrong: one of `MEDIASEAL_LEAK_...`.
     */
    uint32_t leak;
    /**
     * The stream that fails or opens again.
     */
    uint32_t ssrc;
    /**
     * Why it fails.
     */
    mediaseal_status status;
} mediaseal_event;

/**
 * A mediaseal_event with every default.
 */
#define MEDIASEAL_EVENT_INIT \
    { (uint32_t)sizeof(mediaseal_event), 0, 0, 0, 0, 0, 0, 0, 0, 0, { 0 }, 0, 0, 0, 0 }

/**
 * Hears of events, in the thread that delivers them. `event` is lent until it returns. It must not
 * call the library (MEDIASEAL_ERR_REENTRANT) and lets no exception out.
 */
typedef void (*mediaseal_event_callback)(void *user_data, const mediaseal_event *event);

/**
 * A channel as all its members describe it. Initialize with MEDIASEAL_CHANNEL_CONFIG_INIT.
 */
typedef struct mediaseal_channel_config {
    /**
     * Octets of this struct.
     */
    uint32_t struct_size;
    /**
     * Any of MEDIASEAL_CHANNEL_CLOCK, MEDIASEAL_CHANNEL_REFUSE_AFTER_FAILURES,
     * MEDIASEAL_CHANNEL_NO_GRACE.
     */
    uint32_t flags;
    /**
     * The channel's name, 1 to 255 octets, copied.
     */
    const uint8_t *id;
    /**
     * Octets of the name.
     */
    size_t id_len;
    /**
     * The application's name of this call, which never comes again; copied, NULL for none.
     */
    const uint8_t *instance;
    /**
     * Its octets, 0 to 255.
     */
    size_t instance_len;
    /**
     * How long the old generation or steps still open after a change, in seconds from the first
     * tick after it; 0 means 10.
     */
    uint64_t grace_seconds;
    /**
     * Sessions heard that are kept; 0 means 65,536.
     */
    uint64_t max_sessions;
} mediaseal_channel_config;

/**
 * A mediaseal_channel_config with every default.
 */
#define MEDIASEAL_CHANNEL_CONFIG_INIT \
    { (uint32_t)sizeof(mediaseal_channel_config), 0, NULL, 0, NULL, 0, 0, 0 }

/**
 * A generation to be staged. Initialize with MEDIASEAL_GENERATION_INIT.
 */
typedef struct mediaseal_generation {
    /**
     * Octets of this struct.
     */
    uint32_t struct_size;
    /**
     * Any of MEDIASEAL_GENERATION_KEEP_ROOT, MEDIASEAL_GENERATION_SHARE_KEY.
     */
    uint32_t flags;
    /**
     * Its number, never used before in this channel.
     */
    uint64_t number;
    /**
     * The channel key, MEDIASEAL_KEY_MIN_LEN to MEDIASEAL_KEY_MAX_LEN octets, copied; the caller
     * wipes his own.
     */
    const uint8_t *key;
    /**
     * Octets of the key.
     */
    size_t key_len;
    /**
     * The salt of the first extraction, 16 to 64 octets that need not be secret; NULL for none.
     */
    const uint8_t *kdf_salt;
    /**
     * Octets of the salt.
     */
    size_t kdf_salt_len;
    /**
     * The cipher; NULL for AES-128-GCM.
     */
    const mediaseal_cipher *cipher;
    /**
     * Open no frame before this time, in seconds since 1970; 0 for at once.
     */
    uint64_t opens_at;
} mediaseal_generation;

/**
 * A mediaseal_generation with every default.
 */
#define MEDIASEAL_GENERATION_INIT \
    { (uint32_t)sizeof(mediaseal_generation), 0, 0, NULL, 0, NULL, 0, NULL, 0 }

/**
 * What an encryptor is made for. Initialize with MEDIASEAL_ENCRYPTOR_CONFIG_INIT.
 */
typedef struct mediaseal_encryptor_config {
    /**
     * Octets of this struct.
     */
    uint32_t struct_size;
    /**
     * One of `MEDIASEAL_MODE_...`.
     */
    uint32_t mode;
    /**
     * In the packet modes: most octets of header, ciphertext and tag together; 0 means
     * MEDIASEAL_PACKET_MAX_LEN_DEFAULT.
     */
    size_t max_len;
    /**
     * In a channel: what is sent, one of `MEDIASEAL_MEDIA_...`. With raw keys 0.
     */
    uint32_t media;
    /**
     * Zero.
     */
    uint32_t reserved;
    /**
     * In a channel: the sender's name, copied; it may be empty. With raw keys NULL.
     */
    const uint8_t *sender;
    /**
     * Octets of the name, at most MEDIASEAL_SENDER_ID_MAX_LEN.
     */
    size_t sender_len;
} mediaseal_encryptor_config;

/**
 * A mediaseal_encryptor_config with every default.
 */
#define MEDIASEAL_ENCRYPTOR_CONFIG_INIT \
    { (uint32_t)sizeof(mediaseal_encryptor_config), 0, 0, 0, 0, NULL, 0 }

/**
 * What the application knows of a frame besides its octets. Initialize with
 * MEDIASEAL_FRAME_INFO_INIT; NULL in its place means the defaults.
 */
typedef struct mediaseal_frame_info {
    /**
     * Octets of this struct.
     */
    uint32_t struct_size;
    /**
     * The stream that the frame belongs to. It separates statistics and is not authenticated.
     */
    uint32_t ssrc;
    /**
     * Octets that are authenticated with the frame and not sent with it (RFC 9605 section 4.4.3):
     * both sides pass the same. NULL if there are none.
     */
    const uint8_t *metadata;
    /**
     * Their number, at most MEDIASEAL_METADATA_MAX_LEN.
     */
    size_t metadata_len;
} mediaseal_frame_info;

/**
 * A mediaseal_frame_info with every default.
 */
#define MEDIASEAL_FRAME_INFO_INIT \
    { (uint32_t)sizeof(mediaseal_frame_info), 0, NULL, 0 }

/**
 * Why the last frame of an encryptor or decryptor was refused. Initialize with
 * MEDIASEAL_FAILURE_INIT.
 */
typedef struct mediaseal_failure {
    /**
     * Octets of this struct.
     */
    uint32_t struct_size;
    /**
     * The status that was returned; MEDIASEAL_OK if no frame was refused so far.
     */
    mediaseal_status status;
    /**
     * KID concerned: at a decryptor that of the frame's header, else that of the status, if it has
     * one, else 0.
     */
    uint64_t kid;
    /**
     * CTR that the frame's header claims, else 0.
     */
    uint64_t ctr;
    /**
     * Octets needed, or the most allowed, if the status is about a length, else 0. For
     * MEDIASEAL_ERR_PACKET_TOO_LONG the octets over the maximum.
     */
    uint64_t needed;
    /**
     * Octets given, if the status is about a length, else 0.
     */
    uint64_t available;
    /**
     * The stream of the frame, as `info` named it.
     */
    uint32_t ssrc;
    /**
     * Any of `MEDIASEAL_FAILURE_...`.
     */
    uint32_t flags;
    /**
     * At a decryptor, who sends under the frame's KID, which nothing authenticates: lent until its
     * next call. NULL if nobody is known.
     */
    const uint8_t *sender;
    /**
     * Octets of the sender's name.
     */
    size_t sender_len;
} mediaseal_failure;

/**
 * A mediaseal_failure with every default.
 */
#define MEDIASEAL_FAILURE_INIT \
    { (uint32_t)sizeof(mediaseal_failure), 0, 0, 0, 0, 0, 0, 0, NULL, 0 }

/**
 * Counters of one sender and stream. Initialize with MEDIASEAL_STATISTICS_INIT.
 */
typedef struct mediaseal_statistics {
    /**
     * Octets of this struct.
     */
    uint32_t struct_size;
    /**
     * The stream that the application named; a relay can rename streams, it is not authenticated.
     */
    uint32_t ssrc;
    /**
     * MEDIASEAL_HAS_LAST_KID and MEDIASEAL_HAS_WINDOW_HEAD, as set.
     */
    uint32_t flags;
    /**
     * Octets of the sender's name.
     */
    uint32_t sender_len;
    /**
     * The authenticated sender, zero octets behind the name; empty for raw keys at an encryptor.
     */
    uint8_t sender[256];
    /**
     * Frames sealed or opened.
     */
    uint64_t frames;
    /**
     * Octets of payload in them, without header or tag.
     */
    uint64_t octets;
    /**
     * KID of the last frame sealed or opened.
     */
    uint64_t last_kid;
    /**
     * At an encryptor the last CTR sealed; at a decryptor the highest CTR opened under the last
     * KID.
     */
    uint64_t window_head;
    /**
     * Refused: MEDIASEAL_ERR_MISSING_KEY.
     */
    uint64_t missing_key;
    /**
     * Refused: MEDIASEAL_ERR_RETIRED_KEY.
     */
    uint64_t retired_key;
    /**
     * Refused: MEDIASEAL_ERR_NOT_YET_ACTIVE.
     */
    uint64_t not_yet_active;
    /**
     * Refused: MEDIASEAL_ERR_AUTHENTICATION_FAILED.
     */
    uint64_t authentication_failed;
    /**
     * Refused: MEDIASEAL_ERR_DUPLICATE.
     */
    uint64_t duplicate;
    /**
     * Refused: MEDIASEAL_ERR_REPLAYED.
     */
    uint64_t replayed;
    /**
     * Refused: MEDIASEAL_ERR_TOO_OLD.
     */
    uint64_t too_old;
    /**
     * Refused: MEDIASEAL_ERR_NOT_MINIMAL, MEDIASEAL_ERR_TOO_LONG, MEDIASEAL_ERR_NO_CARRIER,
     * MEDIASEAL_ERR_SECOND_CARRIER, MEDIASEAL_ERR_CARRIER.
     */
    uint64_t malformed;
    /**
     * Refused: MEDIASEAL_ERR_TRUNCATED.
     */
    uint64_t truncated;
    /**
     * Refused: MEDIASEAL_ERR_REFLECTED.
     */
    uint64_t reflected;
    /**
     * Refused: MEDIASEAL_ERR_STALE_SESSION.
     */
    uint64_t stale_session;
    /**
     * Refused: MEDIASEAL_ERR_CLOCK_MISMATCH.
     */
    uint64_t clock_mismatch;
    /**
     * Refused: MEDIASEAL_ERR_CONTENDED.
     */
    uint64_t contended;
    /**
     * Refused for any other reason: arguments, exhausted keys, failed ciphers.
     */
    uint64_t other;
} mediaseal_statistics;

/**
 * A mediaseal_statistics with every default.
 */
#define MEDIASEAL_STATISTICS_INIT \
    { (uint32_t)sizeof(mediaseal_statistics), 0, 0, 0, { 0 }, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }

/**
 * A sender and what he sends.
 */
typedef struct mediaseal_expected {
    /**
     * The sender's name; it may be empty.
     */
    const uint8_t *sender;
    /**
     * Octets of the name, at most MEDIASEAL_SENDER_ID_MAX_LEN.
     */
    size_t sender_len;
    /**
     * One of `MEDIASEAL_MEDIA_...`.
     */
    uint32_t media;
    /**
     * Zero.
     */
    uint32_t reserved;
} mediaseal_expected;

/**
 * What a decryptor is made for. Initialize with MEDIASEAL_DECRYPTOR_CONFIG_INIT.
 */
typedef struct mediaseal_decryptor_config {
    /**
     * Octets of this struct.
     */
    uint32_t struct_size;
    /**
     * One of `MEDIASEAL_MODE_...`; it sets how far the replay window reaches back.
     */
    uint32_t mode;
    /**
     * In a channel: who is expected, copied. With raw keys NULL.
     */
    const mediaseal_expected *expected;
    /**
     * Their number: 1 to MEDIASEAL_EXPECTED_MAX in a channel, 0 with raw keys.
     */
    size_t expected_count;
} mediaseal_decryptor_config;

/**
 * A mediaseal_decryptor_config with every default.
 */
#define MEDIASEAL_DECRYPTOR_CONFIG_INIT \
    { (uint32_t)sizeof(mediaseal_decryptor_config), 0, NULL, 0 }

/**
 * What an opened frame turned out to be: all of it authenticated. Initialize with
 * MEDIASEAL_OPENED_INIT.
 */
typedef struct mediaseal_opened {
    /**
     * Octets of this struct.
     */
    uint32_t struct_size;
    /**
     * MEDIASEAL_HAS_EPOCH, or 0 for raw keys.
     */
    uint32_t flags;
    /**
     * KID of the frame.
     */
    uint64_t kid;
    /**
     * CTR of the frame.
     */
    uint64_t ctr;
    /**
     * Generation of the channel.
     */
    uint64_t generation;
    /**
     * Step of the generation.
     */
    uint32_t step;
    /**
     * What the session carries, one of `MEDIASEAL_MEDIA_...`.
     */
    uint32_t media;
    /**
     * Whose key opened the frame; not ended by a zero octet. It lives until the next call with this
     * decryptor.
     */
    const uint8_t *sender;
    /**
     * Octets of the sender's name.
     */
    size_t sender_len;
} mediaseal_opened;

/**
 * A mediaseal_opened with every default.
 */
#define MEDIASEAL_OPENED_INIT \
    { (uint32_t)sizeof(mediaseal_opened), 0, 0, 0, 0, 0, 0, NULL, 0 }

/**
 * A stream whose decoder waits for a key frame. Initialize with MEDIASEAL_KEY_FRAME_REQUEST_INIT.
 */
typedef struct mediaseal_key_frame_request {
    /**
     * Octets of this struct.
     */
    uint32_t struct_size;
    /**
     * 1 if there is such a stream, else 0, and then all else is 0.
     */
    uint32_t is_needed;
    /**
     * The stream.
     */
    uint32_t ssrc;
    /**
     * Zero.
     */
    uint32_t reserved;
    /**
     * Who is to send it; lent until the next call with the decryptor.
     */
    const uint8_t *sender;
    /**
     * Octets of the sender's name.
     */
    size_t sender_len;
} mediaseal_key_frame_request;

/**
 * A mediaseal_key_frame_request with every default.
 */
#define MEDIASEAL_KEY_FRAME_REQUEST_INIT \
    { (uint32_t)sizeof(mediaseal_key_frame_request), 0, 0, 0, NULL, 0 }

/**
 * One frame to be sealed by mediaseal_encrypt_batch. Initialize with MEDIASEAL_ENCRYPT_JOB_INIT.
 */
typedef struct mediaseal_encrypt_job {
    /**
     * Octets of this struct.
     */
    uint32_t struct_size;
    /**
     * Written: how this job ended.
     */
    mediaseal_status status;
    /**
     * The encryptor; several jobs may name the same.
     */
    mediaseal_encryptor *encryptor;
    /**
     * As for mediaseal_encryptor_encrypt; NULL for the defaults.
     */
    const mediaseal_frame_info *info;
    /**
     * The frame.
     */
    const uint8_t *plaintext;
    /**
     * Its octets.
     */
    size_t plaintext_len;
    /**
     * Where header, ciphertext and tag go: equal to `plaintext` or apart from it.
     */
    uint8_t *out;
    /**
     * Octets there.
     */
    size_t out_capacity;
    /**
     * Written: octets of the result, 0 if the job failed.
     */
    size_t out_len;
} mediaseal_encrypt_job;

/**
 * A mediaseal_encrypt_job with every default.
 */
#define MEDIASEAL_ENCRYPT_JOB_INIT \
    { (uint32_t)sizeof(mediaseal_encrypt_job), 0, NULL, NULL, NULL, 0, NULL, 0, 0 }

/**
 * One frame to be opened by mediaseal_decrypt_batch. Initialize with MEDIASEAL_DECRYPT_JOB_INIT.
 */
typedef struct mediaseal_decrypt_job {
    /**
     * Octets of this struct.
     */
    uint32_t struct_size;
    /**
     * Written: how this job ended.
     */
    mediaseal_status status;
    /**
     * The decryptor; several jobs may name the same.
     */
    mediaseal_decryptor *decryptor;
    /**
     * As for mediaseal_decryptor_decrypt; NULL for the defaults.
     */
    const mediaseal_frame_info *info;
    /**
     * Header, ciphertext and tag.
     */
    const uint8_t *ciphertext;
    /**
     * Their octets.
     */
    size_t ciphertext_len;
    /**
     * Where the frame goes: equal to `ciphertext` or apart from it.
     */
    uint8_t *out;
    /**
     * Octets there.
     */
    size_t out_capacity;
    /**
     * Written: octets of the frame, 0 if the job failed.
     */
    size_t out_len;
    /**
     * Written on success if not NULL. Its `sender` lives until the decryptor's next job.
     */
    mediaseal_opened *opened;
    /**
     * Written if the frame was refused, if not NULL: whose it was and why. Its `sender` lives until
     * the decryptor's next job.
     */
    mediaseal_failure *failure;
} mediaseal_decrypt_job;

/**
 * A mediaseal_decrypt_job with every default.
 */
#define MEDIASEAL_DECRYPT_JOB_INIT \
    { (uint32_t)sizeof(mediaseal_decrypt_job), 0, NULL, NULL, NULL, 0, NULL, 0, 0, NULL, NULL }

/**
 * An RTP packet that came. Initialize with MEDIASEAL_RTP_PACKET_INIT.
 */
typedef struct mediaseal_rtp_packet {
    /**
     * Octets of this struct.
     */
    uint32_t struct_size;
    /**
     * Timestamp.
     */
    uint32_t timestamp;
    /**
     * Sequence number.
     */
    uint16_t sequence;
    /**
     * Payload type.
     */
    uint8_t payload_type;
    /**
     * Marker bit: 0 or 1.
     */
    uint8_t marker;
    /**
     * Zero.
     */
    uint32_t reserved;
    /**
     * Payload, without padding.
     */
    const uint8_t *payload;
    /**
     * Its octets.
     */
    size_t payload_len;
} mediaseal_rtp_packet;

/**
 * A mediaseal_rtp_packet with every default.
 */
#define MEDIASEAL_RTP_PACKET_INIT \
    { (uint32_t)sizeof(mediaseal_rtp_packet), 0, 0, 0, 0, 0, NULL, 0 }

/**
 * What became of an RTP packet. Initialize with MEDIASEAL_RTP_CIPHERTEXT_INIT.
 */
typedef struct mediaseal_rtp_ciphertext {
    /**
     * Octets of this struct.
     */
    uint32_t struct_size;
    /**
     * One of MEDIASEAL_RTP_COMPLETE, MEDIASEAL_RTP_WAITING, MEDIASEAL_RTP_DUPLICATE,
     * MEDIASEAL_RTP_OUT_OF_RANGE, MEDIASEAL_RTP_REFUSED. What follows is set for the first of them
     * alone.
     */
    uint32_t progress;
    /**
     * Of what it is: MEDIASEAL_RTP_FRAME or MEDIASEAL_RTP_PACKET.
     */
    uint32_t content;
    /**
     * Timestamp of its last packet.
     */
    uint32_t timestamp;
    /**
     * Sequence number of its last packet.
     */
    uint16_t sequence;
    /**
     * Payload type of all its packets.
     */
    uint8_t payload_type;
    /**
     * Marker bit of its last packet.
     */
    uint8_t marker;
    /**
     * Zero.
     */
    uint32_t reserved;
    /**
     * The ciphertext, to be opened here or elsewhere; it lives until the reassembler's next call.
     */
    uint8_t *ciphertext;
    /**
     * Its octets.
     */
    size_t ciphertext_len;
} mediaseal_rtp_ciphertext;

/**
 * A mediaseal_rtp_ciphertext with every default.
 */
#define MEDIASEAL_RTP_CIPHERTEXT_INIT \
    { (uint32_t)sizeof(mediaseal_rtp_ciphertext), 0, 0, 0, 0, 0, 0, 0, NULL, 0 }

/**
 * Metadata that a frame may have been sealed with.
 */
typedef struct mediaseal_metadata {
    /**
     * The octets; NULL for none.
     */
    const uint8_t *octets;
    /**
     * Their number.
     */
    size_t len;
} mediaseal_metadata;

/**
 * What a frame may be of that the decryptor does not expect: the more is named, the more can be
 * told apart. Initialize with MEDIASEAL_SUSPECTS_INIT.
 */
typedef struct mediaseal_suspects {
    /**
     * Octets of this struct.
     */
    uint32_t struct_size;
    /**
     * Zero.
     */
    uint32_t reserved;
    /**
     * Senders, and what they send; NULL for none.
     */
    const mediaseal_expected *senders;
    /**
     * Their number.
     */
    size_t sender_count;
    /**
     * Other channels; NULL for none.
     */
    const mediaseal_channel *const *channels;
    /**
     * Their number.
     */
    size_t channel_count;
    /**
     * Other metadata; NULL for none. No metadata at all is always tried.
     */
    const mediaseal_metadata *metadata;
    /**
     * Their number.
     */
    size_t metadata_count;
} mediaseal_suspects;

/**
 * A mediaseal_suspects with every default.
 */
#define MEDIASEAL_SUSPECTS_INIT \
    { (uint32_t)sizeof(mediaseal_suspects), 0, NULL, 0, NULL, 0, NULL, 0 }

/**
 * What a frame turned out to be. Initialize with MEDIASEAL_DIAGNOSIS_INIT.
 */
typedef struct mediaseal_diagnosis {
    /**
     * Octets of this struct.
     */
    uint32_t struct_size;
    /**
     * Why it does not open: one of `MEDIASEAL_REASON_...`.
     */
    uint32_t reason;
    /**
     * Any of `MEDIASEAL_DIAGNOSIS_...`.
     */
    uint32_t flags;
    /**
     * The stream that was named.
     */
    uint32_t ssrc;
    /**
     * KID that its header claims.
     */
    uint64_t kid;
    /**
     * CTR that its header claims.
     */
    uint64_t ctr;
    /**
     * Octets before or behind it that are not its own.
     */
    uint64_t octets;
    /**
     * The number, from 0, of the channel or metadata in mediaseal_suspects.
     */
    uint64_t suspect;
    /**
     * For MEDIASEAL_REASON_NOT_ENCRYPTED and MEDIASEAL_REASON_OTHER_CODEC, one of
     * `MEDIASEAL_CODEC_...`.
     */
    uint32_t codec;
    /**
     * With it, one of `MEDIASEAL_NAL_...`.
     */
    uint32_t nal_format;
    /**
     * For MEDIASEAL_REASON_OTHER_SENDER, one of `MEDIASEAL_MEDIA_...`.
     */
    uint32_t media;
    /**
     * For MEDIASEAL_REASON_MALFORMED, how it breaks the format; else MEDIASEAL_OK.
     */
    mediaseal_status status;
    /**
     * Zero.
     */
    uint32_t reserved;
    /**
     * Octets of the sender's name.
     */
    uint32_t sender_len;
    /**
     * Whose key opened it, or would have; zero octets follow the name.
     */
    uint8_t sender[256];
    /**
     * The same in English, for a log or a support engineer; it ends with a zero octet.
     */
    uint8_t text[384];
} mediaseal_diagnosis;

/**
 * A mediaseal_diagnosis with every default.
 */
#define MEDIASEAL_DIAGNOSIS_INIT \
    { (uint32_t)sizeof(mediaseal_diagnosis), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, { 0 }, { 0 } }

/**
 * Something that octets look like. Initialize with MEDIASEAL_LOOK_INIT.
 */
typedef struct mediaseal_look {
    /**
     * Octets of this struct.
     */
    uint32_t struct_size;
    /**
     * One of `MEDIASEAL_LOOK_...`.
     */
    uint32_t kind;
    /**
     * One of `MEDIASEAL_CODEC_...`.
     */
    uint32_t codec;
    /**
     * SSRC of an RTP packet.
     */
    uint32_t ssrc;
    /**
     * KID in the header.
     */
    uint64_t kid;
    /**
     * CTR in the header.
     */
    uint64_t ctr;
    /**
     * What the kind says.
     */
    uint64_t number;
    /**
     * The same in English; it ends with a zero octet.
     */
    uint8_t text[128];
} mediaseal_look;

/**
 * A mediaseal_look with every default.
 */
#define MEDIASEAL_LOOK_INIT \
    { (uint32_t)sizeof(mediaseal_look), 0, 0, 0, 0, 0, 0, { 0 } }

/**
 * What is known of the octets that an application sends. Initialize with
 * MEDIASEAL_PROOF_STATE_INIT.
 */
typedef struct mediaseal_proof_state {
    /**
     * Octets of this struct.
     */
    uint32_t struct_size;
    /**
     * One of `MEDIASEAL_PROOF_...`.
     */
    uint32_t state;
    /**
     * For MEDIASEAL_PROOF_DEGRADED, one of `MEDIASEAL_LEAK_...`.
     */
    uint32_t leak;
    /**
     * Zero.
     */
    uint32_t reserved;
    /**
     * For MEDIASEAL_PROOF_ENCRYPTED, since when, in seconds since 1970.
     */
    uint64_t since;
    /**
     * For MEDIASEAL_PROOF_ENCRYPTED, frames that were observed.
     */
    uint64_t frames;
    /**
     * For MEDIASEAL_LEAK_UNKNOWN_KEY and MEDIASEAL_LEAK_DOES_NOT_OPEN, the KID in the header.
     */
    uint64_t kid;
    /**
     * For MEDIASEAL_LEAK_DOES_NOT_OPEN, the CTR in the header.
     */
    uint64_t ctr;
} mediaseal_proof_state;

/**
 * A mediaseal_proof_state with every default.
 */
#define MEDIASEAL_PROOF_STATE_INIT \
    { (uint32_t)sizeof(mediaseal_proof_state), 0, 0, 0, 0, 0, 0, 0 }

/**
 * The public half of somebody whom a key is sealed to.
 */
typedef struct mediaseal_recipient {
    /**
     * The octets, as mediaseal_identity_recipient wrote them.
     */
    const uint8_t *octets;
    /**
     * Their number.
     */
    size_t len;
} mediaseal_recipient;

/**
 * A recording that begins. Initialize with MEDIASEAL_RECORDING_OPTIONS_INIT.
 */
typedef struct mediaseal_recording_options {
    /**
     * Octets of this struct.
     */
    uint32_t struct_size;
    /**
     * One of `MEDIASEAL_PROFILE_...`.
     */
    uint32_t profile;
    /**
     * Whom the recording's key is sealed to: who opens it later. At least one.
     */
    const mediaseal_recipient *owners;
    /**
     * Their number.
     */
    size_t owner_count;
    /**
     * Where its key may be used; NULL where it is nowhere bound.
     */
    const char *region;
} mediaseal_recording_options;

/**
 * A mediaseal_recording_options with every default.
 */
#define MEDIASEAL_RECORDING_OPTIONS_INIT \
    { (uint32_t)sizeof(mediaseal_recording_options), 0, NULL, 0, NULL }

/**
 * What was cut back after a crash. Initialize with MEDIASEAL_RECOVERED_INIT.
 */
typedef struct mediaseal_recovered {
    /**
     * Octets of this struct.
     */
    uint32_t struct_size;
    /**
     * Zero.
     */
    uint32_t reserved;
    /**
     * Segments that had no end, and end now at their last commit.
     */
    uint64_t closed_segments;
    /**
     * Octets of files that were never committed and are gone now.
     */
    uint64_t discarded;
    /**
     * Segments that records named and nobody began who has the recording's key: somebody else could
     * write its files. They lie below `aside/` now. Only mediaseal_recorder_resume, which has the
     * key, finds any; otherwise 0.
     */
    uint64_t set_aside;
} mediaseal_recovered;

/**
 * A mediaseal_recovered with every default.
 */
#define MEDIASEAL_RECOVERED_INIT \
    { (uint32_t)sizeof(mediaseal_recovered), 0, 0, 0, 0 }

/**
 * A frame to be recorded. Initialize with MEDIASEAL_RECORDED_FRAME_INIT.
 */
typedef struct mediaseal_recorded_frame {
    /**
     * Octets of this struct.
     */
    uint32_t struct_size;
    /**
     * Any of `MEDIASEAL_RECORDED_...`.
     */
    uint32_t flags;
    /**
     * The track, which mediaseal_recorder_add_track named.
     */
    uint32_t track;
    /**
     * Zero.
     */
    uint32_t reserved;
    /**
     * Its time in microseconds, on a clock that all tracks share.
     */
    uint64_t micros;
    /**
     * Who sent it, as far as the recorder knows, 0 to 255 octets.
     */
    const uint8_t *sender;
    /**
     * Their number.
     */
    size_t sender_len;
    /**
     * The frame: its ciphertext as it came, in the profile MEDIASEAL_PROFILE_FRAMES.
     */
    const uint8_t *octets;
    /**
     * Their number.
     */
    size_t len;
    /**
     * What its sender bound to it and did not send with it, `metadata` of mediaseal_frame_info:
     * without the same octets nobody opens such a frame again.
     */
    const uint8_t *metadata;
    /**
     * Their number, 0 to 65,535.
     */
    size_t metadata_len;
} mediaseal_recorded_frame;

/**
 * A mediaseal_recorded_frame with every default.
 */
#define MEDIASEAL_RECORDED_FRAME_INIT \
    { (uint32_t)sizeof(mediaseal_recorded_frame), 0, 0, 0, 0, NULL, 0, NULL, 0, NULL, 0 }

/**
 * What a recorded frame asks for. Initialize with MEDIASEAL_WRITTEN_INIT.
 */
typedef struct mediaseal_written {
    /**
     * Octets of this struct.
     */
    uint32_t struct_size;
    /**
     * 1 if it is the first frame of a session whose key no owner was granted: ask its sender for
     * mediaseal_channel_session_grant now, or nobody will open its frames.
     */
    uint32_t misses_grant;
    /**
     * The KID of that session.
     */
    uint64_t kid;
} mediaseal_written;

/**
 * A mediaseal_written with every default.
 */
#define MEDIASEAL_WRITTEN_INIT \
    { (uint32_t)sizeof(mediaseal_written), 0, 0 }

/**
 * What a recording is at its close. Initialize with MEDIASEAL_RECORDING_CLOSED_INIT.
 */
typedef struct mediaseal_recording_closed {
    /**
     * Octets of this struct.
     */
    uint32_t struct_size;
    /**
     * 1 if there were more sessions than a recorder remembers: then more grants may be missing.
     */
    uint32_t too_many_sessions;
    /**
     * Segments.
     */
    uint64_t segments;
    /**
     * Sessions of which there are frames and no grant: nobody can open them.
     */
    uint64_t missing_grants;
    /**
     * Frames in which no KID could be read: they are no SFrame ciphertext of their track's form.
     */
    uint64_t frames_without_kid;
} mediaseal_recording_closed;

/**
 * A mediaseal_recording_closed with every default.
 */
#define MEDIASEAL_RECORDING_CLOSED_INIT \
    { (uint32_t)sizeof(mediaseal_recording_closed), 0, 0, 0, 0 }

/**
 * What is found in a recording without any key of it. Initialize with
 * MEDIASEAL_RECORDING_FOUND_INIT.
 */
typedef struct mediaseal_recording_found {
    /**
     * Octets of this struct.
     */
    uint32_t struct_size;
    /**
     * One of `MEDIASEAL_RECORDING_...`.
     */
    uint32_t verdict;
    /**
     * Records of its manifest that were believed.
     */
    uint64_t records;
    /**
     * Of these, records that the last signed checkpoint covers.
     */
    uint64_t signed_records;
    /**
     * Segments.
     */
    uint64_t segments;
    /**
     * Frames in them.
     */
    uint64_t frames;
    /**
     * Octets of frames, with their heads.
     */
    uint64_t octets;
    /**
     * For MEDIASEAL_RECORDING_INCOMPLETE, octets of files behind what was committed.
     */
    uint64_t discarded;
    /**
     * For MEDIASEAL_RECORDING_TAMPERED, the part that was found first, in English; zero octets
     * follow it.
     */
    char place[256];
    /**
     * Files below `aside/`, which a recorder that went on set aside: they are no part of the
     * recording, and somebody else could write its files.
     */
    uint64_t set_aside;
} mediaseal_recording_found;

/**
 * A mediaseal_recording_found with every default.
 */
#define MEDIASEAL_RECORDING_FOUND_INIT \
    { (uint32_t)sizeof(mediaseal_recording_found), 0, 0, 0, 0, 0, 0, 0, { 0 }, 0 }

/**
 * How far an export is. Initialize with MEDIASEAL_EXPORT_PROGRESS_INIT.
 */
typedef struct mediaseal_export_progress {
    /**
     * Octets of this struct.
     */
    uint32_t struct_size;
    /**
     * Zero.
     */
    uint32_t reserved;
    /**
     * Frames that were read.
     */
    uint64_t frames;
    /**
     * Frames that there are.
     */
    uint64_t of;
} mediaseal_export_progress;

/**
 * A mediaseal_export_progress with every default.
 */
#define MEDIASEAL_EXPORT_PROGRESS_INIT \
    { (uint32_t)sizeof(mediaseal_export_progress), 0, 0, 0 }

/**
 * Hears how far an export is, every 256 frames; 0 lets it go on, everything else stops it.
 */
typedef uint32_t (*mediaseal_export_callback)(void *user_data,
                                              const mediaseal_export_progress *progress);

/**
 * What an export opens a recording with. Initialize with MEDIASEAL_EXPORT_OPTIONS_INIT.
 */
typedef struct mediaseal_export_options {
    /**
     * Octets of this struct.
     */
    uint32_t struct_size;
    /**
     * Zero.
     */
    uint32_t reserved;
    /**
     * The public half of the recorder's signer, MEDIASEAL_SIGNER_PUBLIC_LEN octets, which gave the
     * owner the recording's key.
     */
    const uint8_t *recorder;
    /**
     * The public halves of the senders' signers, MEDIASEAL_SIGNER_PUBLIC_LEN octets each, one
     * behind the other: whose grants of session keys are believed.
     */
    const uint8_t *senders;
    /**
     * Their number.
     */
    size_t sender_count;
    /**
     * Ciphers for sessions of custom suites; NULL if there are none.
     */
    const mediaseal_cipher *const *ciphers;
    /**
     * Their number.
     */
    size_t cipher_count;
    /**
     * Hears how far it is; NULL if nobody needs to.
     */
    mediaseal_export_callback progress;
    /**
     * What `progress` works on.
     */
    void *progress_user_data;
} mediaseal_export_options;

/**
 * A mediaseal_export_options with every default.
 */
#define MEDIASEAL_EXPORT_OPTIONS_INIT \
    { (uint32_t)sizeof(mediaseal_export_options), 0, NULL, NULL, 0, NULL, 0, 0, NULL }

/**
 * What an export did. Initialize with MEDIASEAL_EXPORT_REPORT_INIT.
 */
typedef struct mediaseal_export_report {
    /**
     * Octets of this struct.
     */
    uint32_t struct_size;
    /**
     * Zero.
     */
    uint32_t reserved;
    /**
     * Files, one for each track and sender, or more where a stream changes.
     */
    uint64_t files;
    /**
     * Frames that are in them.
     */
    uint64_t frames;
    /**
     * Frames that are in none: no key, not authentic, or nothing that a file takes.
     */
    uint64_t frames_left_out;
    /**
     * Places where the recording is damaged: whatever was there is missing.
     */
    uint64_t damaged;
    /**
     * Sessions whose grant did not open: for others, by an unknown signer, or damaged.
     */
    uint64_t grants_refused;
} mediaseal_export_report;

/**
 * A mediaseal_export_report with every default.
 */
#define MEDIASEAL_EXPORT_REPORT_INIT \
    { (uint32_t)sizeof(mediaseal_export_report), 0, 0, 0, 0, 0, 0 }

/**
 * What a player opens a recording with. Initialize with MEDIASEAL_PLAYER_OPTIONS_INIT.
 */
typedef struct mediaseal_player_options {
    /**
     * Octets of this struct.
     */
    uint32_t struct_size;
    /**
     * Zero.
     */
    uint32_t reserved;
    /**
     * The public half of the recorder's signer, MEDIASEAL_SIGNER_PUBLIC_LEN octets, which gave the
     * owner the recording's key.
     */
    const uint8_t *recorder;
    /**
     * The public halves of the senders' signers, MEDIASEAL_SIGNER_PUBLIC_LEN octets each, one
     * behind the other: whose grants of session keys are believed.
     */
    const uint8_t *senders;
    /**
     * Their number.
     */
    size_t sender_count;
    /**
     * Ciphers for sessions of custom suites; NULL if there are none.
     */
    const mediaseal_cipher *const *ciphers;
    /**
     * Their number.
     */
    size_t cipher_count;
} mediaseal_player_options;

/**
 * A mediaseal_player_options with every default.
 */
#define MEDIASEAL_PLAYER_OPTIONS_INIT \
    { (uint32_t)sizeof(mediaseal_player_options), 0, NULL, NULL, 0, NULL, 0 }

/**
 * What a player has before it. Initialize with MEDIASEAL_PLAYER_STATE_INIT.
 */
typedef struct mediaseal_player_state {
    /**
     * Octets of this struct.
     */
    uint32_t struct_size;
    /**
     * 1 if there is something new since the last look.
     */
    uint32_t is_new;
    /**
     * 1 if the recorder closed the recording: nothing more comes than can be read now.
     */
    uint32_t is_closed;
    /**
     * 1 if the list of what was recorded is broken: what came behind is not played.
     */
    uint32_t is_damaged;
    /**
     * Tracks.
     */
    uint64_t tracks;
    /**
     * Sessions whose grant did not open: for others, by an unknown signer, or damaged.
     */
    uint64_t grants_refused;
} mediaseal_player_state;

/**
 * A mediaseal_player_state with every default.
 */
#define MEDIASEAL_PLAYER_STATE_INIT \
    { (uint32_t)sizeof(mediaseal_player_state), 0, 0, 0, 0, 0 }

/**
 * A track of a recording. Initialize with MEDIASEAL_RECORDED_TRACK_INIT.
 */
typedef struct mediaseal_recorded_track {
    /**
     * Octets of this struct.
     */
    uint32_t struct_size;
    /**
     * Its number.
     */
    uint32_t track;
    /**
     * A MEDIASEAL_CODEC_ number; also 7 for AAC, 8 for PCM, and 128 to 255 for what the application
     * says.
     */
    uint32_t codec;
    /**
     * How its NAL units lie, a MEDIASEAL_NAL_ number.
     */
    uint32_t nal_format;
    /**
     * Any of `MEDIASEAL_TRACK_...`: how its frames were recorded. What is played is bare media.
     */
    uint32_t flags;
    /**
     * Zero.
     */
    uint32_t reserved;
    /**
     * Its frames.
     */
    uint64_t frames;
    /**
     * Their octets, with their heads.
     */
    uint64_t octets;
    /**
     * The smallest time of a frame in microseconds; 0 without frames.
     */
    uint64_t first_micros;
    /**
     * The largest time of a frame; 0 without frames.
     */
    uint64_t last_micros;
} mediaseal_recorded_track;

/**
 * A mediaseal_recorded_track with every default.
 */
#define MEDIASEAL_RECORDED_TRACK_INIT \
    { (uint32_t)sizeof(mediaseal_recorded_track), 0, 0, 0, 0, 0, 0, 0, 0, 0 }

/**
 * A frame to be played. Initialize with MEDIASEAL_PLAYED_FRAME_INIT.
 */
typedef struct mediaseal_played_frame {
    /**
     * Octets of this struct.
     */
    uint32_t struct_size;
    /**
     * MEDIASEAL_OK; or why it did not open, and then there are neither octets nor a sender:
     * MEDIASEAL_ERR_MISSING_KEY if its session was not granted so far,
     * MEDIASEAL_ERR_GRANT_DOES_NOT_OPEN, MEDIASEAL_ERR_UNSUPPORTED_SUITE for a cipher that was not
     * handed over, MEDIASEAL_ERR_AUTHENTICATION_FAILED, MEDIASEAL_ERR_DUPLICATE,
     * MEDIASEAL_ERR_TRUNCATED, MEDIASEAL_ERR_CIPHER_FAILED; MEDIASEAL_ERR_NOT_BEGUN if there is no
     * frame.
     */
    mediaseal_status status;
    /**
     * The track.
     */
    uint32_t track;
    /**
     * Any of `MEDIASEAL_RECORDED_...`.
     */
    uint32_t flags;
    /**
     * 1 if the frame is encrypted and names a session. Nobody vouches for that where it did not
     * open.
     */
    uint32_t has_kid;
    /**
     * Zero.
     */
    uint32_t reserved;
    /**
     * The KID of that session.
     */
    uint64_t kid;
    /**
     * Its time in microseconds, on the clock of all tracks.
     */
    uint64_t micros;
    /**
     * Who sent it: in whose name the key was granted that opened it; in the profile
     * MEDIASEAL_PROFILE_MEDIA whom the recorder named.
     */
    const uint8_t *sender;
    /**
     * Their number.
     */
    size_t sender_len;
    /**
     * What the encoder gave.
     */
    const uint8_t *octets;
    /**
     * Their number.
     */
    size_t len;
} mediaseal_played_frame;

/**
 * A mediaseal_played_frame with every default.
 */
#define MEDIASEAL_PLAYED_FRAME_INIT \
    { (uint32_t)sizeof(mediaseal_played_frame), 0, 0, 0, 0, 0, 0, 0, NULL, 0, NULL, 0 }

/**
 * Brings a secret that a provider asks for: one of `MEDIASEAL_SECRET_...` for the provider at
 * `url`, as at most `capacity` octets of UTF-8 into `out`, and their number into `out_len`. The
 * library wipes `out` afterwards. Another status than MEDIASEAL_OK says that there is none. It may
 * be asked later again, from any thread, when a session is opened anew.
 */
typedef mediaseal_status (*mediaseal_secret_callback)(void *user_data,
                                                      uint32_t kind,
                                                      const char *url,
                                                      uint8_t *out,
                                                      size_t capacity,
                                                      size_t *out_len);

/**
 * What a KEK is for, as a provider is told. Initialize with MEDIASEAL_KEK_SPEC_INIT.
 */
typedef struct mediaseal_kek_spec {
    /**
     * Octets of this struct.
     */
    uint32_t struct_size;
    /**
     * The version, counted from 1.
     */
    uint32_t version;
    /**
     * The id.
     */
    const char *id;
    /**
     * Whose keys it wraps.
     */
    const char *tenant;
    /**
     * Where it may be used; empty where it is nowhere bound.
     */
    const char *region;
    /**
     * What for.
     */
    const char *purpose;
} mediaseal_kek_spec;

/**
 * A mediaseal_kek_spec with every default.
 */
#define MEDIASEAL_KEK_SPEC_INIT \
    { (uint32_t)sizeof(mediaseal_kek_spec), 0, NULL, NULL, NULL, NULL }

/**
 * A provider of the application's own. Initialize with MEDIASEAL_PROVIDER_VTABLE_INIT.
 *
 * Every function may run in any thread, several at once, and answers MEDIASEAL_OK or what there is
 * to say: MEDIASEAL_ERR_KEY_NOT_FOUND, MEDIASEAL_ERR_KEY_EXISTS, MEDIASEAL_ERR_KEY_DESTROYED,
 * MEDIASEAL_ERR_PROVIDER_REFUSED for a key whose state it keeps, MEDIASEAL_ERR_WRAPPED_KEY for what
 * does not authenticate, MEDIASEAL_ERR_PROVIDER_ACCESS, MEDIASEAL_ERR_PROVIDER_UNAVAILABLE for what
 * may succeed later, MEDIASEAL_ERR_PROVIDER_UNSUPPORTED, MEDIASEAL_ERR_VAULT_DAMAGED; all else is
 * MEDIASEAL_ERR_PROVIDER_FAILED.
 */
typedef struct mediaseal_provider_vtable {
    /**
     * Octets of this struct.
     */
    uint32_t struct_size;
    /**
     * One of `MEDIASEAL_PROTECTION_...`.
     */
    uint32_t protection;
    /**
     * Any of `MEDIASEAL_PROVIDER_...`.
     */
    uint32_t flags;
    /**
     * Zero.
     */
    uint32_t reserved;
    /**
     * The scheme that wrapped keys name: lower-case letters, digits and `-`, none of the library's
     * own (`file`, `pkcs11`, `awskms`, `keychain`).
     */
    const char *scheme;
    /**
     * This one of its kind, the same after each start; not secret, at most 255 octets.
     */
    const char *id;
    /**
     * Where it is, as policies name regions; NULL where it does not say.
     */
    const char *region;
    /**
     * What the functions work on.
     */
    void *user_data;
    /**
     * Makes a KEK, durably.
     */
    mediaseal_status (*create_kek)(void *user_data, const mediaseal_kek_spec *spec);
    /**
     * Makes the version after that of `current`, which stays usable; may be NULL: then `create_kek`
     * makes it.
     */
    mediaseal_status (*rotate)(void *user_data, const mediaseal_kek_spec *current);
    /**
     * Wraps the MEDIASEAL_DEK_LEN octets of `dek` under a KEK, authenticating `context` with them:
     * at most `capacity` octets to `out`, their number to `out_len`. It keeps no copy of `dek`.
     */
    mediaseal_status (*wrap)(void *user_data,
                             const char *kek_id,
                             uint32_t kek_version,
                             const uint8_t *dek,
                             const uint8_t *context,
                             size_t context_len,
                             uint8_t *out,
                             size_t capacity,
                             size_t *out_len);
    /**
     * Opens what `wrap` made, if it was made for `context`: MEDIASEAL_DEK_LEN octets to `out_dek`,
     * and nothing before they authenticate.
     */
    mediaseal_status (*unwrap)(void *user_data,
                               const char *kek_id,
                               uint32_t kek_version,
                               const uint8_t *wrapped,
                               size_t wrapped_len,
                               const uint8_t *context,
                               size_t context_len,
                               uint8_t *out_dek);
    /**
     * Hears the new state of a KEK and writes MEDIASEAL_ENFORCED_BY_PROVIDER if it refuses by
     * itself what the state forbids; may be NULL for a provider that keeps no states.
     */
    mediaseal_status (*set_state)(void *user_data,
                                  const char *kek_id,
                                  uint32_t kek_version,
                                  uint32_t state,
                                  uint32_t *out_enforcement);
    /**
     * Destroys one version of a KEK for good; for one that is gone already, the same answer once
     * more. If it goes later, when, in microseconds since 1970.
     */
    mediaseal_status (*destroy_kek)(void *user_data,
                                    const char *kek_id,
                                    uint32_t kek_version,
                                    uint64_t *out_gone_unix_micros);
    /**
     * Ends `user_data`; may be NULL.
     */
    mediaseal_destructor destroy;
} mediaseal_provider_vtable;

/**
 * A mediaseal_provider_vtable with every default.
 */
#define MEDIASEAL_PROVIDER_VTABLE_INIT \
    { (uint32_t)sizeof(mediaseal_provider_vtable), 0, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL }

/**
 * What a provider says of itself. Initialize with MEDIASEAL_PROVIDER_INFO_INIT.
 */
typedef struct mediaseal_provider_info {
    /**
     * Octets of this struct.
     */
    uint32_t struct_size;
    /**
     * One of `MEDIASEAL_PROTECTION_...`.
     */
    uint32_t protection;
    /**
     * Any of `MEDIASEAL_PROVIDER_...`.
     */
    uint32_t flags;
    /**
     * Zero.
     */
    uint32_t reserved;
    /**
     * The scheme, which wrapped keys name; zero octets follow it, as the next ones.
     */
    char scheme[256];
    /**
     * This one of its kind, the same after each start.
     */
    char id[256];
    /**
     * Where it is; empty where it does not say.
     */
    char region[256];
} mediaseal_provider_info;

/**
 * A mediaseal_provider_info with every default.
 */
#define MEDIASEAL_PROVIDER_INFO_INIT \
    { (uint32_t)sizeof(mediaseal_provider_info), 0, 0, 0, { 0 }, { 0 }, { 0 } }

/**
 * A keychain of the application's: entries by service and user, each with one secret. Initialize
 * with MEDIASEAL_KEYCHAIN_VTABLE_INIT.
 *
 * Every function may run in any thread, and answers MEDIASEAL_OK, MEDIASEAL_ERR_KEY_NOT_FOUND if
 * there is no such entry, MEDIASEAL_ERR_PROVIDER_UNAVAILABLE if the keychain is locked or away; all
 * else is MEDIASEAL_ERR_PROVIDER_FAILED.
 */
typedef struct mediaseal_keychain_vtable {
    /**
     * Octets of this struct.
     */
    uint32_t struct_size;
    /**
     * Zero.
     */
    uint32_t reserved;
    /**
     * What the functions work on.
     */
    void *user_data;
    /**
     * Writes the secret of an entry, at most `capacity` octets, to `out` and their number to
     * `out_len`. The library wipes `out` afterwards.
     */
    mediaseal_status (*get)(void *user_data,
                            const char *service,
                            const char *user,
                            uint8_t *out,
                            size_t capacity,
                            size_t *out_len);
    /**
     * Keeps a secret, durably, in the entry that is there or a new one. It keeps no other copy of
     * it.
     */
    mediaseal_status (*set)(void *user_data,
                            const char *service,
                            const char *user,
                            const uint8_t *secret,
                            size_t len);
    /**
     * Removes an entry.
     */
    mediaseal_status (*remove)(void *user_data, const char *service, const char *user);
    /**
     * Ends `user_data`; may be NULL.
     */
    mediaseal_destructor destroy;
} mediaseal_keychain_vtable;

/**
 * A mediaseal_keychain_vtable with every default.
 */
#define MEDIASEAL_KEYCHAIN_VTABLE_INIT \
    { (uint32_t)sizeof(mediaseal_keychain_vtable), 0, NULL, NULL, NULL, NULL, NULL }

/**
 * A role of a principal. Roles of key administration, audit and use do not go together.
 */
typedef struct mediaseal_role_of {
    /**
     * The principal.
     */
    const char *principal;
    /**
     * The tenant that it is for; NULL for all.
     */
    const char *tenant;
    /**
     * One of `MEDIASEAL_ROLE_...`.
     */
    uint32_t role;
    /**
     * Zero.
     */
    uint32_t reserved;
} mediaseal_role_of;

/**
 * What else an application knows of an access, or an audit log of an event.
 */
typedef struct mediaseal_attribute {
    /**
     * The name.
     */
    const char *name;
    /**
     * The value.
     */
    const char *value;
} mediaseal_attribute;

/**
 * A question to an authorizer. The texts are lent until it answers.
 */
typedef struct mediaseal_access_request {
    /**
     * Octets of this struct.
     */
    uint32_t struct_size;
    /**
     * One of `MEDIASEAL_ACTION_...`.
     */
    uint32_t action;
    /**
     * Any of `MEDIASEAL_ACCESS_...`.
     */
    uint32_t flags;
    /**
     * The hour of the day in UTC, 0 to 23.
     */
    uint32_t hour;
    /**
     * Who asks.
     */
    const char *principal;
    /**
     * Where he asks from; empty if not known.
     */
    const char *address;
    /**
     * Of what: `kek/ID/VERSION`, `dek/ID`, `record/TABLE/COLUMN`.
     */
    const char *resource;
    /**
     * Whose keys.
     */
    const char *tenant;
    /**
     * Where they may be used.
     */
    const char *region;
    /**
     * What they are for.
     */
    const char *purpose;
    /**
     * What else is known of who asks.
     */
    const mediaseal_attribute *attributes;
    /**
     * Their number.
     */
    size_t attribute_count;
} mediaseal_access_request;

/**
 * A mediaseal_access_request with every default.
 */
#define MEDIASEAL_ACCESS_REQUEST_INIT \
    { (uint32_t)sizeof(mediaseal_access_request), 0, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0 }

/**
 * Lets an action pass by MEDIASEAL_OK; every other status refuses it. Any threads, several at once.
 */
typedef mediaseal_status (*mediaseal_authorize_callback)(void *user_data,
                                                         const mediaseal_access_request *request);

/**
 * Something that happened to a key. It never holds octets of a key. The texts are lent until it is
 * written down.
 */
typedef struct mediaseal_audit_event {
    /**
     * Octets of this struct.
     */
    uint32_t struct_size;
    /**
     * One of `MEDIASEAL_OUTCOME_...`.
     */
    uint32_t outcome;
    /**
     * When, in microseconds since 1970.
     */
    uint64_t unix_micros;
    /**
     * Who did it: the principal, or `system`.
     */
    const char *actor;
    /**
     * What: `kek.create`, `dek.unwrap` and the like.
     */
    const char *action;
    /**
     * To what, as in mediaseal_access_request.
     */
    const char *resource;
    /**
     * Why it was done or refused; may be empty.
     */
    const char *reason;
    /**
     * What else is known: tenant, region, purpose, address, mfa.
     */
    const mediaseal_attribute *attributes;
    /**
     * Their number.
     */
    size_t attribute_count;
} mediaseal_audit_event;

/**
 * A mediaseal_audit_event with every default.
 */
#define MEDIASEAL_AUDIT_EVENT_INIT \
    { (uint32_t)sizeof(mediaseal_audit_event), 0, 0, NULL, NULL, NULL, NULL, NULL, 0 }

/**
 * Writes an event down, durably once it returns MEDIASEAL_OK; with every other status nothing is
 * done that needed the record. Any threads, several at once.
 */
typedef mediaseal_status (*mediaseal_audit_callback)(void *user_data,
                                                     const mediaseal_audit_event *event);

/**
 * Tells the time, in microseconds since 1970-01-01 00:00:00 UTC. Any threads, several at once.
 */
typedef uint64_t (*mediaseal_clock_callback)(void *user_data);

/**
 * What custody is opened with. Initialize with MEDIASEAL_CUSTODY_OPTIONS_INIT.
 *
 * Who decides is said once: by `authorize`, by `roles`, or by MEDIASEAL_CUSTODY_EVERYBODY.
 */
typedef struct mediaseal_custody_options {
    /**
     * Octets of this struct.
     */
    uint32_t struct_size;
    /**
     * Any of `MEDIASEAL_CUSTODY_...`.
     */
    uint32_t flags;
    /**
     * Keys and providers of this region alone: of "eu" that is "eu", and what begins with "eu-".
     * NULL for all.
     */
    const char *pinned_region;
    /**
     * Providers, at least one: the first is where new KEKs are made. Custody keeps them in use,
     * whatever becomes of these objects.
     */
    const mediaseal_provider *const *providers;
    /**
     * Their number.
     */
    size_t provider_count;
    /**
     * Roles, if these decide.
     */
    const mediaseal_role_of *roles;
    /**
     * Their number.
     */
    size_t role_count;
    /**
     * Decides, if the application does.
     */
    mediaseal_authorize_callback authorize;
    /**
     * What `authorize` works on.
     */
    void *authorize_user_data;
    /**
     * Ends it; may be NULL.
     */
    mediaseal_destructor authorize_destroy;
    /**
     * Writes events down; never NULL.
     */
    mediaseal_audit_callback audit;
    /**
     * What `audit` works on.
     */
    void *audit_user_data;
    /**
     * Ends it; may be NULL.
     */
    mediaseal_destructor audit_destroy;
    /**
     * Tells the time, for systems with a clock of their own and for tests; NULL for the system's.
     */
    mediaseal_clock_callback clock;
    /**
     * What `clock` works on.
     */
    void *clock_user_data;
    /**
     * Ends it; may be NULL.
     */
    mediaseal_destructor clock_destroy;
} mediaseal_custody_options;

/**
 * A mediaseal_custody_options with every default.
 */
#define MEDIASEAL_CUSTODY_OPTIONS_INIT \
    { (uint32_t)sizeof(mediaseal_custody_options), 0, NULL, NULL, 0, NULL, 0, 0, NULL, NULL, 0, NULL, NULL, 0, NULL, NULL }

/**
 * What mediaseal_custody_tick did. Initialize with MEDIASEAL_TICK_REPORT_INIT.
 */
typedef struct mediaseal_tick_report {
    /**
     * Octets of this struct.
     */
    uint32_t struct_size;
    /**
     * What failed for the first key that failed, else MEDIASEAL_OK.
     */
    mediaseal_status first_failure;
    /**
     * Changes of state that time asked for.
     */
    uint64_t changed;
    /**
     * Keys whose provider now knows what it did not before.
     */
    uint64_t told;
    /**
     * Keys for which something failed, to be tried again at the next tick.
     */
    uint64_t failed;
} mediaseal_tick_report;

/**
 * A mediaseal_tick_report with every default.
 */
#define MEDIASEAL_TICK_REPORT_INIT \
    { (uint32_t)sizeof(mediaseal_tick_report), 0, 0, 0, 0 }

/**
 * Who asks, as the application found out; custody believes it. Initialize with
 * MEDIASEAL_ACCESS_INIT.
 */
typedef struct mediaseal_access {
    /**
     * Octets of this struct.
     */
    uint32_t struct_size;
    /**
     * Any of `MEDIASEAL_ACCESS_...`.
     */
    uint32_t flags;
    /**
     * The principal, of at most 255 octets.
     */
    const char *principal;
    /**
     * Where he asks from; NULL if not known.
     */
    const char *address;
    /**
     * What else the authorizer shall see; NULL for nothing.
     */
    const mediaseal_attribute *attributes;
    /**
     * Their number.
     */
    size_t attribute_count;
} mediaseal_access;

/**
 * A mediaseal_access with every default.
 */
#define MEDIASEAL_ACCESS_INIT \
    { (uint32_t)sizeof(mediaseal_access), 0, NULL, NULL, NULL, 0 }

/**
 * A KEK to be made, of which there is one for each tenant, region and purpose. Initialize with
 * MEDIASEAL_NEW_KEK_INIT.
 */
typedef struct mediaseal_new_kek {
    /**
     * Octets of this struct.
     */
    uint32_t struct_size;
    /**
     * Any of `MEDIASEAL_NEW_KEK_...`.
     */
    uint32_t flags;
    /**
     * Whose keys it wraps; NULL for nobody's in particular.
     */
    const char *tenant;
    /**
     * Where it may be used; NULL where it is nowhere bound.
     */
    const char *region;
    /**
     * What for, as the application calls it; NULL for no purpose.
     */
    const char *purpose;
    /**
     * When it becomes active, in microseconds since 1970; 0 for now.
     */
    uint64_t activates_unix_micros;
    /**
     * How many seconds each version wraps once it is active; 0 for without end. It goes on to
     * unwrap.
     */
    uint64_t cryptoperiod_seconds;
    /**
     * Scheme of the provider that makes it; NULL, with `provider_id`, for the first one.
     */
    const char *provider_scheme;
    /**
     * Id of that provider.
     */
    const char *provider_id;
} mediaseal_new_kek;

/**
 * A mediaseal_new_kek with every default.
 */
#define MEDIASEAL_NEW_KEK_INIT \
    { (uint32_t)sizeof(mediaseal_new_kek), 0, NULL, NULL, NULL, 0, 0, NULL, NULL }

/**
 * One version of a key encryption key (KEK). Initialize with MEDIASEAL_KEK_INIT.
 */
typedef struct mediaseal_kek {
    /**
     * Octets of this struct.
     */
    uint32_t struct_size;
    /**
     * The version, counted from 1.
     */
    uint32_t version;
    /**
     * The id; zero octets follow it.
     */
    char id[72];
} mediaseal_kek;

/**
 * A mediaseal_kek with every default.
 */
#define MEDIASEAL_KEK_INIT \
    { (uint32_t)sizeof(mediaseal_kek), 0, { 0 } }

/**
 * What is known of one version of a KEK. Initialize with MEDIASEAL_KEK_INFO_INIT.
 */
typedef struct mediaseal_kek_info {
    /**
     * Octets of this struct.
     */
    uint32_t struct_size;
    /**
     * The version, counted from 1.
     */
    uint32_t version;
    /**
     * One of `MEDIASEAL_KEY_STATE_...`.
     */
    uint32_t state;
    /**
     * Any of `MEDIASEAL_KEK_...`.
     */
    uint32_t flags;
    /**
     * When it becomes active by itself, in microseconds since 1970; 0 if it does not.
     */
    uint64_t activates_unix_micros;
    /**
     * When it stops wrapping by itself, in microseconds since 1970; 0 if it does not.
     */
    uint64_t expires_unix_micros;
    /**
     * DEKs of the store that it wraps.
     */
    uint64_t deks;
    /**
     * The id; zero octets follow it, as the next ones.
     */
    char id[72];
    /**
     * Whose keys it wraps.
     */
    char tenant[256];
    /**
     * Where it may be used.
     */
    char region[256];
    /**
     * What for.
     */
    char purpose[256];
    /**
     * Scheme of the provider that holds it.
     */
    char provider_scheme[256];
    /**
     * Id of that provider.
     */
    char provider_id[256];
} mediaseal_kek_info;

/**
 * A mediaseal_kek_info with every default.
 */
#define MEDIASEAL_KEK_INFO_INIT \
    { (uint32_t)sizeof(mediaseal_kek_info), 0, 0, 0, 0, 0, 0, { 0 }, { 0 }, { 0 }, { 0 }, { 0 }, { 0 } }

/**
 * Hears of one version of a KEK, which is lent until it returns.
 */
typedef void (*mediaseal_kek_callback)(void *user_data, const mediaseal_kek_info *kek);

/**
 * What is left of a destroyed key. Initialize with MEDIASEAL_TOMBSTONE_INIT.
 */
typedef struct mediaseal_tombstone {
    /**
     * Octets of this struct.
     */
    uint32_t struct_size;
    /**
     * One of `MEDIASEAL_DESTROY_...`.
     */
    uint32_t mode;
    /**
     * When it was destroyed, in microseconds since 1970.
     */
    uint64_t unix_micros;
    /**
     * When it is gone at its provider, in microseconds since 1970; 0 for a logical destruction, and
     * until the provider has been reached.
     */
    uint64_t gone_unix_micros;
} mediaseal_tombstone;

/**
 * A mediaseal_tombstone with every default.
 */
#define MEDIASEAL_TOMBSTONE_INIT \
    { (uint32_t)sizeof(mediaseal_tombstone), 0, 0, 0 }

/**
 * How far a sweep is. Initialize with MEDIASEAL_SWEEP_PROGRESS_INIT.
 */
typedef struct mediaseal_sweep_progress {
    /**
     * Octets of this struct.
     */
    uint32_t struct_size;
    /**
     * Former versions whose keys were left alone, as policy and caller have it: suspended,
     * compromised or archived ones.
     */
    uint32_t skipped;
    /**
     * DEKs that were under former versions when it began.
     */
    uint64_t total;
    /**
     * Wrapped anew since.
     */
    uint64_t done;
    /**
     * Left as they are, because they failed.
     */
    uint64_t failed;
} mediaseal_sweep_progress;

/**
 * A mediaseal_sweep_progress with every default.
 */
#define MEDIASEAL_SWEEP_PROGRESS_INIT \
    { (uint32_t)sizeof(mediaseal_sweep_progress), 0, 0, 0, 0 }

/**
 * Hears how far a sweep is, after each batch; 0 lets it go on, everything else stops it.
 */
typedef uint32_t (*mediaseal_sweep_callback)(void *user_data,
                                             const mediaseal_sweep_progress *progress);

/**
 * One change of a KEK, as its history keeps it. The texts are lent until the callback returns.
 */
typedef struct mediaseal_kek_change {
    /**
     * Octets of this struct.
     */
    uint32_t struct_size;
    /**
     * One of `MEDIASEAL_CHANGE_...`.
     */
    uint32_t kind;
    /**
     * The state after it: one of `MEDIASEAL_KEY_STATE_...`.
     */
    uint32_t state;
    /**
     * Zero.
     */
    uint32_t reserved;
    /**
     * When, in microseconds since 1970.
     */
    uint64_t unix_micros;
    /**
     * Who did it: the principal, or `system`.
     */
    const char *actor;
    /**
     * Why.
     */
    const char *reason;
} mediaseal_kek_change;

/**
 * A mediaseal_kek_change with every default.
 */
#define MEDIASEAL_KEK_CHANGE_INIT \
    { (uint32_t)sizeof(mediaseal_kek_change), 0, 0, 0, 0, NULL, NULL }

/**
 * Hears of one change of a KEK, which is lent until it returns.
 */
typedef void (*mediaseal_kek_change_callback)(void *user_data,
                                              const mediaseal_kek_change *change);

/**
 * What mediaseal_custody_verify found whole. Initialize with MEDIASEAL_VERIFIED_INIT.
 */
typedef struct mediaseal_verified {
    /**
     * Octets of this struct.
     */
    uint32_t struct_size;
    /**
     * Zero.
     */
    uint32_t reserved;
    /**
     * Versions of KEKs, each with its whole history.
     */
    uint64_t keks;
    /**
     * DEKs.
     */
    uint64_t deks;
    /**
     * Tombstones.
     */
    uint64_t tombstones;
} mediaseal_verified;

/**
 * A mediaseal_verified with every default.
 */
#define MEDIASEAL_VERIFIED_INIT \
    { (uint32_t)sizeof(mediaseal_verified), 0, 0, 0, 0 }

/**
 * What a wrapped key is bound to, beside its KEK. Initialize with MEDIASEAL_WRAP_CONTEXT_INIT.
 */
typedef struct mediaseal_wrap_context {
    /**
     * Octets of this struct.
     */
    uint32_t struct_size;
    /**
     * Zero.
     */
    uint32_t reserved;
    /**
     * What the key is for, as octets of the application: the same when it is unwrapped.
     */
    const uint8_t *purpose;
    /**
     * Their number, at most 65,535.
     */
    size_t purpose_len;
    /**
     * Where the key may be used; NULL where it is nowhere bound.
     */
    const char *region;
} mediaseal_wrap_context;

/**
 * A mediaseal_wrap_context with every default.
 */
#define MEDIASEAL_WRAP_CONTEXT_INIT \
    { (uint32_t)sizeof(mediaseal_wrap_context), 0, NULL, 0, NULL }

/**
 * Where a record stands: it opens nowhere else. Initialize with MEDIASEAL_RECORD_PLACE_INIT.
 */
typedef struct mediaseal_record_place {
    /**
     * Octets of this struct.
     */
    uint32_t struct_size;
    /**
     * Zero.
     */
    uint32_t reserved;
    /**
     * The table.
     */
    const char *table;
    /**
     * The column.
     */
    const char *column;
    /**
     * What identifies the row: its primary key as octets.
     */
    const uint8_t *row_id;
    /**
     * Their number, at most 65,535.
     */
    size_t row_id_len;
} mediaseal_record_place;

/**
 * A mediaseal_record_place with every default.
 */
#define MEDIASEAL_RECORD_PLACE_INIT \
    { (uint32_t)sizeof(mediaseal_record_place), 0, NULL, NULL, NULL, 0 }

/**
 * What a loadable cipher exports under the name `mediaseal_cipher_library_v1`: it returns the
 * vtable of its cipher for MEDIASEAL_ABI_VERSION `abi_version`, or NULL if it does not serve that
 * version. The vtable and what it points to live as long as the library stays loaded.
 */
typedef const mediaseal_cipher_vtable *(*mediaseal_cipher_library)(uint32_t abi_version);

/**
 * Success.
 */
#define MEDIASEAL_OK 0

/**
 * Pass a pointer where this one is NULL.
 */
#define MEDIASEAL_ERR_NULL_POINTER 101

/**
 * Align the pointer as its type asks.
 */
#define MEDIASEAL_ERR_MISALIGNED 102

/**
 * Pass an object of the type that the function is for; this is another type's, or was freed.
 */
#define MEDIASEAL_ERR_BAD_HANDLE 103

/**
 * The object was closed: make a new one.
 */
#define MEDIASEAL_ERR_CLOSED 104

/**
 * Another thread is using this object now: give each thread its own, or take turns.
 */
#define MEDIASEAL_ERR_BUSY 105

/**
 * Do not call the library from a callback of the library: note what to do and do it afterwards.
 */
#define MEDIASEAL_ERR_REENTRANT 106

/**
 * Set struct_size with the struct's _INIT macro; or fields that this version does not know are not
 * zero.
 */
#define MEDIASEAL_ERR_STRUCT_SIZE 107

/**
 * Let input and output be one buffer or lie apart: these overlap in part.
 */
#define MEDIASEAL_ERR_OVERLAP 108

/**
 * Pass a length that a buffer can have: this is over SIZE_MAX / 2, or runs past the end of memory.
 */
#define MEDIASEAL_ERR_LENGTH 109

/**
 * Use a number that this enumeration or set of flags has.
 */
#define MEDIASEAL_ERR_UNKNOWN_VALUE 110

/**
 * Pass text as UTF-8.
 */
#define MEDIASEAL_ERR_NOT_UTF8 111

/**
 * Give a larger buffer; nothing was written and no counter spent.
 */
#define MEDIASEAL_ERR_BUFFER_TOO_SMALL 112

/**
 * Send a shorter payload: the packet would be over its maximum. Nothing was sealed and no counter
 * spent.
 */
#define MEDIASEAL_ERR_PACKET_TOO_LONG 113

/**
 * Keep offset + length inside the buffer.
 */
#define MEDIASEAL_ERR_RANGE_OUTSIDE_BUFFER 114

/**
 * Leave more room in front of the payload: MEDIASEAL_HEADROOM octets are always enough.
 */
#define MEDIASEAL_ERR_HEADROOM 115

/**
 * Leave more room behind the payload: MEDIASEAL_TAILROOM octets are always enough.
 */
#define MEDIASEAL_ERR_TAILROOM 116

/**
 * Split the frame: it is longer than one seal takes.
 */
#define MEDIASEAL_ERR_FRAME_TOO_LONG 117

/**
 * Pass at most MEDIASEAL_METADATA_MAX_LEN octets of metadata.
 */
#define MEDIASEAL_ERR_METADATA_TOO_LONG 118

/**
 * Shorten the sender's name to at most MEDIASEAL_SENDER_ID_MAX_LEN octets.
 */
#define MEDIASEAL_ERR_SENDER_ID_TOO_LONG 119

/**
 * Choose bit widths that leave room for each field of the KID.
 */
#define MEDIASEAL_ERR_KID_LAYOUT 120

/**
 * Use numbers that fit their fields of the KID.
 */
#define MEDIASEAL_ERR_KID_OUT_OF_RANGE 121

/**
 * Use a suite of RFC 9605, or register the custom cipher and pass it.
 */
#define MEDIASEAL_ERR_UNSUPPORTED_SUITE 122

/**
 * Opt in to short tags with MEDIASEAL_CIPHER_ALLOW_SHORT_TAGS, or choose a suite with a longer tag.
 */
#define MEDIASEAL_ERR_SHORT_TAG 123

/**
 * Give a key of MEDIASEAL_KEY_MIN_LEN to MEDIASEAL_KEY_MAX_LEN octets.
 */
#define MEDIASEAL_ERR_KEY_LENGTH 124

/**
 * The text is no key of this form.
 */
#define MEDIASEAL_ERR_KEY_TEXT 125

/**
 * Give a KDF salt of 16 to 64 octets, or none.
 */
#define MEDIASEAL_ERR_KDF_SALT_LENGTH 126

/**
 * Give a passphrase of 1 to 1024 octets.
 */
#define MEDIASEAL_ERR_PASSPHRASE_LENGTH 127

/**
 * Give a PHC string of Argon2id as mediaseal_passphrase_params_generate made it.
 */
#define MEDIASEAL_ERR_PASSPHRASE_PARAMS 128

/**
 * Retire the key of this KID first, or choose another KID.
 */
#define MEDIASEAL_ERR_KID_IN_USE 129

/**
 * Use a fresh base key or another KID: this pair was already held for sending.
 */
#define MEDIASEAL_ERR_KEY_REUSED 130

/**
 * Use one base key and KID in one direction only (RFC 9605 section 4.4.1).
 */
#define MEDIASEAL_ERR_SEND_AND_RECEIVE 131

/**
 * Add the send key first.
 */
#define MEDIASEAL_ERR_UNKNOWN_SEND_KEY 132

/**
 * Add the receive key first.
 */
#define MEDIASEAL_ERR_UNKNOWN_RECEIVE_KEY 133

/**
 * Pass seconds since 1970, and tick a channel with a clock before it seals.
 */
#define MEDIASEAL_ERR_CLOCK_UNSET 134

/**
 * The compact profile needs suite 0x0001 and a KID of 0 to 7.
 */
#define MEDIASEAL_ERR_COMPACT_PROFILE 135

/**
 * Give a packet maximum that holds at least the overhead and one octet.
 */
#define MEDIASEAL_ERR_PACKET_MAXIMUM 136

/**
 * Give a channel id of 1 to 255 octets, an instance of at most 255.
 */
#define MEDIASEAL_ERR_CHANNEL_NAME 137

/**
 * Use the object of the channel that is open.
 */
#define MEDIASEAL_ERR_CHANNEL_OPEN 138

/**
 * Use a key of its own for each channel, or MEDIASEAL_GENERATION_SHARE_KEY.
 */
#define MEDIASEAL_ERR_CHANNEL_KEY_REUSED 139

/**
 * Stage the generation first; it may have been retired.
 */
#define MEDIASEAL_ERR_UNKNOWN_GENERATION 140

/**
 * Ask for a step that is held.
 */
#define MEDIASEAL_ERR_UNKNOWN_STEP 141

/**
 * Use a number that was not used before.
 */
#define MEDIASEAL_ERR_GENERATION_RETIRED 142

/**
 * Retire the generation whose number has the same low 4 bits first.
 */
#define MEDIASEAL_ERR_GENERATION_SLOT_BUSY 143

/**
 * Find out which of two secrets is right: they claim the same generation and step.
 */
#define MEDIASEAL_ERR_GENERATION_CONFLICT 144

/**
 * Wait for the end of grace: the step is too far ahead.
 */
#define MEDIASEAL_ERR_GRACE_OPEN 145

/**
 * Wait for the time at which the generation opens.
 */
#define MEDIASEAL_ERR_NOT_OPEN_YET 146

/**
 * Expect 1 to 16 pairs of sender and media; announce more by mediaseal_channel_expect_session.
 */
#define MEDIASEAL_ERR_EXPECTED_SENDERS 147

/**
 * Give what mediaseal_channel_replay_state returned for this channel and instance.
 */
#define MEDIASEAL_ERR_REPLAY_STATE 148

/**
 * The text is no epoch secret, or was mistyped.
 */
#define MEDIASEAL_ERR_EPOCH_TEXT 149

/**
 * Use a version of mediaseal that reads this format of epoch secrets.
 */
#define MEDIASEAL_ERR_EPOCH_FORMAT 150

/**
 * The octets are no epoch secret.
 */
#define MEDIASEAL_ERR_EPOCH_OCTETS 151

/**
 * Join the channel, instance and clock that the secret was made for, with its cipher.
 */
#define MEDIASEAL_ERR_EPOCH_MISMATCH 152

/**
 * Do not use this cipher: it lacks the property that mediaseal_refusal names.
 */
#define MEDIASEAL_ERR_CIPHER_REFUSED 153

/**
 * The file cannot be loaded, or exports no mediaseal_cipher_library_v1 for this ABI.
 */
#define MEDIASEAL_ERR_CIPHER_LIBRARY 154

/**
 * Ask for an index below the count.
 */
#define MEDIASEAL_ERR_INDEX 155

/**
 * Make the counter store first, or mend the path or mount.
 */
#define MEDIASEAL_ERR_COUNTER_STORE_NOT_THERE 156

/**
 * Open the counter store in place of making it.
 */
#define MEDIASEAL_ERR_COUNTER_STORE_ALREADY_THERE 157

/**
 * Another process, or another object of this process, holds the counter store.
 */
#define MEDIASEAL_ERR_COUNTER_STORE_LOCKED 158

/**
 * This base key and KID are already held through this counter store.
 */
#define MEDIASEAL_ERR_COUNTER_STORE_KEY_IN_USE 159

/**
 * Look at the status of the batch: it ended before this job was begun.
 */
#define MEDIASEAL_ERR_NOT_BEGUN 160

/**
 * Build the library with the feature that this needs, or do without.
 */
#define MEDIASEAL_ERR_NOT_IN_THIS_BUILD 161

/**
 * Set a codec in MEDIASEAL_MODE_FRAME alone: packets have no codec-aware form.
 */
#define MEDIASEAL_ERR_CODEC_OF_PACKETS 162

/**
 * Set the stream's codec, or MEDIASEAL_CODEC_OPAQUE: streams without one are refused here.
 */
#define MEDIASEAL_ERR_NO_CODEC 163

/**
 * Set codecs for at most 1,024 streams, or one for all.
 */
#define MEDIASEAL_ERR_CODEC_STREAMS 164

/**
 * Set the form of NAL units that the encoder gives: the frame has another.
 */
#define MEDIASEAL_ERR_NAL_FORMAT 165

/**
 * Seal this stream as opaque: it has data partitions, or layers above the base.
 */
#define MEDIASEAL_ERR_NAL_TYPE 166

/**
 * Seal this stream as opaque: the header of the first slice cannot be read.
 */
#define MEDIASEAL_ERR_SLICE_HEADER 167

/**
 * Give AV1 frames as a row of OBUs, not in the form of its Annex B.
 */
#define MEDIASEAL_ERR_OBU 168

/**
 * Seal each spatial layer by a call of its own (RFC 9605 section 6.1.3).
 */
#define MEDIASEAL_ERR_SPATIAL_LAYERS 169

/**
 * Use longer lengths before NAL units, or start codes: the carrier does not fit.
 */
#define MEDIASEAL_ERR_CARRIER_TOO_LONG 170

/**
 * Ask for the key of this KID; the frame may be kept and tried again.
 */
#define MEDIASEAL_ERR_MISSING_KEY 201

/**
 * Keep or drop the frame: its key opens at a later tick.
 */
#define MEDIASEAL_ERR_NOT_YET_ACTIVE 202

/**
 * Activate a send key or a generation: nothing can be sealed, and nothing goes in clear.
 */
#define MEDIASEAL_ERR_NO_ACTIVE_KEY 203

/**
 * Bring a fresh send key: this one reached its usage limit for ever.
 */
#define MEDIASEAL_ERR_KEY_EXHAUSTED 204

/**
 * Bring a fresh key: too many frames failed authentication under this one.
 */
#define MEDIASEAL_ERR_INTEGRITY_LIMIT 205

/**
 * Make new keys in this process: it is a fork of the one that added the key.
 */
#define MEDIASEAL_ERR_FORKED 206

/**
 * The other side holds other keys, or answered for another sender: compare safety codes.
 */
#define MEDIASEAL_ERR_KEY_CHECK_FAILED 207

/**
 * Stage with MEDIASEAL_GENERATION_KEEP_ROOT to be able to read the channel key back.
 */
#define MEDIASEAL_ERR_ROOT_NOT_KEPT 208

/**
 * Drop the frame: wrong key, altered octets or other metadata than the sender's.
 */
#define MEDIASEAL_ERR_AUTHENTICATION_FAILED 301

/**
 * Drop the frame: it was opened before. Happens in healthy calls (retransmission).
 */
#define MEDIASEAL_ERR_DUPLICATE 302

/**
 * Drop the frame: it is from before the key was last retired.
 */
#define MEDIASEAL_ERR_REPLAYED 303

/**
 * Drop the frame: it is older than the replay window reaches.
 */
#define MEDIASEAL_ERR_TOO_OLD 304

/**
 * Drop the frame: it ends before its header or its tag does.
 */
#define MEDIASEAL_ERR_TRUNCATED 305

/**
 * Drop the frame: its header is not minimally encoded.
 */
#define MEDIASEAL_ERR_NOT_MINIMAL 306

/**
 * Drop the frame: it is longer than any sender may seal.
 */
#define MEDIASEAL_ERR_TOO_LONG 307

/**
 * Drop the frame: its key was retired.
 */
#define MEDIASEAL_ERR_RETIRED_KEY 308

/**
 * Drop the frame: this side sealed it, a relay sent it back.
 */
#define MEDIASEAL_ERR_REFLECTED 309

/**
 * Drop the frame: its session belongs to an hour long past or far ahead.
 */
#define MEDIASEAL_ERR_STALE_SESSION 310

/**
 * Drop the frame, and see that all members use the channel with a clock or all without.
 */
#define MEDIASEAL_ERR_CLOCK_MISMATCH 311

/**
 * Drop the frame: another decryptor held the replay window of its KID for long.
 */
#define MEDIASEAL_ERR_CONTENDED 312

/**
 * Drop the frame: no part of it carries ciphertext in the form of the codec that is set.
 */
#define MEDIASEAL_ERR_NO_CARRIER 313

/**
 * Drop the frame: two parts of it could carry its ciphertext.
 */
#define MEDIASEAL_ERR_SECOND_CARRIER 314

/**
 * Drop the frame: what carries its ciphertext is not as it was sent, or the sender set another
 * codec.
 */
#define MEDIASEAL_ERR_CARRIER 315

/**
 * Look for the key elsewhere: custody or the provider has no such key, or custody no such provider.
 */
#define MEDIASEAL_ERR_KEY_NOT_FOUND 401

/**
 * Give up what this key wrapped: it was destroyed.
 */
#define MEDIASEAL_ERR_KEY_DESTROYED 402

/**
 * Change the state of the key first, or use another: in this state it does not do that.
 */
#define MEDIASEAL_ERR_KEY_STATE 403

/**
 * Go through the states in between: this state may not follow that one.
 */
#define MEDIASEAL_ERR_KEY_TRANSITION 404

/**
 * Restore the key from the archive first.
 */
#define MEDIASEAL_ERR_KEY_ARCHIVED 405

/**
 * Use another id or version: the provider has that key, or had it before it was destroyed.
 */
#define MEDIASEAL_ERR_KEY_EXISTS 406

/**
 * Use a key and a provider of the pinned region: the policy refuses these, and the refusal is
 * recorded.
 */
#define MEDIASEAL_ERR_REGION_FORBIDDEN 407

/**
 * Ask for the right: the authorizer refused, and the refusal is recorded.
 */
#define MEDIASEAL_ERR_NOT_AUTHORIZED 408

/**
 * Mend the audit log: it could not be written, so nothing was done.
 */
#define MEDIASEAL_ERR_AUDIT 409

/**
 * Go on later by the same call: the progress callback stopped it. What was done is kept.
 */
#define MEDIASEAL_ERR_STOPPED 410

/**
 * Try again: another process holds the store of keys.
 */
#define MEDIASEAL_ERR_VAULT_BUSY 411

/**
 * Make room: the disk is full. What was acknowledged before is there.
 */
#define MEDIASEAL_ERR_DISK_FULL 412

/**
 * Restore the store of keys from a backup: a row or the file is damaged.
 */
#define MEDIASEAL_ERR_VAULT_DAMAGED 413

/**
 * Look at the file of the store of keys: the system or SQLite refuses it.
 */
#define MEDIASEAL_ERR_VAULT_STORE 414

/**
 * Give a name, URL, length or time that there can be, and what is not there already.
 */
#define MEDIASEAL_ERR_VAULT_ARGUMENT 415

/**
 * Change the state of the key at the provider, which by itself refuses this.
 */
#define MEDIASEAL_ERR_PROVIDER_REFUSED 421

/**
 * Bring other credentials: the provider refused the passphrase, PIN or access key, or got none.
 */
#define MEDIASEAL_ERR_PROVIDER_ACCESS 422

/**
 * Try again later: the provider is away, busy, or throttles. Nothing has changed.
 */
#define MEDIASEAL_ERR_PROVIDER_UNAVAILABLE 423

/**
 * Choose another provider or operation: this one cannot do it.
 */
#define MEDIASEAL_ERR_PROVIDER_UNSUPPORTED 424

/**
 * Report it to who makes the provider: it failed in a way of its own, or broke the rules of its
 * vtable.
 */
#define MEDIASEAL_ERR_PROVIDER_FAILED 425

/**
 * Give up this wrapped key or record: it was made for another place or by another key, or was
 * altered.
 */
#define MEDIASEAL_ERR_WRAPPED_KEY 431

/**
 * Give the octets as they were made: these are no wrapped key, or a part is too long for one.
 */
#define MEDIASEAL_ERR_WRAPPED_KEY_FORM 432

/**
 * Give the key text as it was made: it is of another kind, or was mistyped.
 */
#define MEDIASEAL_ERR_GRANT_TEXT 441

/**
 * Ask for another key: these octets are none of their kind.
 */
#define MEDIASEAL_ERR_GRANT_KEY 442

/**
 * Use a version of mediaseal that reads this form of grants.
 */
#define MEDIASEAL_ERR_GRANT_VERSION 443

/**
 * Use one of MEDIASEAL_KEM_...: this key encapsulation mechanism is not known.
 */
#define MEDIASEAL_ERR_GRANT_KEM 444

/**
 * Ask for the grant again: it is cut short, too long or out of range.
 */
#define MEDIASEAL_ERR_GRANT_FORM 445

/**
 * Shorten the context, or give fewer recipients.
 */
#define MEDIASEAL_ERR_GRANT_TOO_LONG 446

/**
 * Ask for a grant of your own: this one is for another key.
 */
#define MEDIASEAL_ERR_GRANT_RECIPIENT 447

/**
 * Do not use it: it is not signed by the signer that was given, for this recipient and context.
 */
#define MEDIASEAL_ERR_GRANT_SIGNATURE 448

/**
 * Do not use it: it is signed, and was not sealed to this key for this context.
 */
#define MEDIASEAL_ERR_GRANT_DOES_NOT_OPEN 449

/**
 * Ask for what is needed: another kind of key is sealed in it.
 */
#define MEDIASEAL_ERR_GRANT_PAYLOAD 450

/**
 * Ask an owner to add you: nothing in it is for this key.
 */
#define MEDIASEAL_ERR_GRANT_NO_STANZA 451

/**
 * Ask for the passphrase again: it is another, or what it sealed was altered.
 */
#define MEDIASEAL_ERR_GRANT_PASSPHRASE 452

/**
 * Look at the folder of the recording, then resume: the system refused a read or a write. What was
 * committed is there.
 */
#define MEDIASEAL_ERR_RECORDING_IO 461

/**
 * Choose another place, or another session: a recording, a file or a grant is there already.
 */
#define MEDIASEAL_ERR_RECORDING_ALREADY_THERE 462

/**
 * Look for the right place: no recording, or no folder, is there.
 */
#define MEDIASEAL_ERR_RECORDING_NOT_THERE 463

/**
 * Name an owner first: nobody could open the recording.
 */
#define MEDIASEAL_ERR_RECORDING_NO_OWNER 464

/**
 * Wait, or end the other: another recorder has the recording open.
 */
#define MEDIASEAL_ERR_RECORDING_BUSY 465

/**
 * Recover the recording: the recorder stopped at an earlier error, and what came after the last
 * commit is lost.
 */
#define MEDIASEAL_ERR_RECORDING_STOPPED 466

/**
 * Begin a new recording: this one is closed.
 */
#define MEDIASEAL_ERR_RECORDING_CLOSED 467

/**
 * Find out who altered it, or which disk fails: a part of the recording is not as it was written.
 * Nothing of it was given out.
 */
#define MEDIASEAL_ERR_RECORDING_DAMAGED 468

/**
 * Bring the right key: the recording was sealed under another one, or its header was altered.
 */
#define MEDIASEAL_ERR_RECORDING_KEY 469

/**
 * Bring the signing key that the recording was begun with.
 */
#define MEDIASEAL_ERR_RECORDING_SIGNER 470

/**
 * Read it with a newer version of mediaseal, or shorten the region: the recording has a number that
 * this one does not know.
 */
#define MEDIASEAL_ERR_RECORDING_VERSION 471

/**
 * Name each track once, from 0 to 65,535, at most 1,024, before its frames.
 */
#define MEDIASEAL_ERR_RECORDING_TRACK 472

/**
 * Report it: the library failed inside. The object is of no use any more; free it and make a new
 * one.
 */
#define MEDIASEAL_ERR_PANIC 901

/**
 * Free the object and make a new one: an earlier call failed inside the library.
 */
#define MEDIASEAL_ERR_POISONED 902

/**
 * Report it: the cipher failed, or made no key. What was written is zeroed, and a seal spent one
 * counter value.
 */
#define MEDIASEAL_ERR_CIPHER_FAILED 903

/**
 * Report it: the operating system gave no random octets.
 */
#define MEDIASEAL_ERR_ENTROPY 904

/**
 * Report it, or choose a lower cost: the system has not the memory that the parameters of a
 * passphrase ask for.
 */
#define MEDIASEAL_ERR_OUT_OF_MEMORY 905

/**
 * Use a fresh key: the counter record cannot be read.
 */
#define MEDIASEAL_ERR_COUNTER_STORE_DAMAGED 911

/**
 * Use a fresh key: the counter store was rolled back or restored.
 */
#define MEDIASEAL_ERR_COUNTER_STORE_ROLLED_BACK 912

/**
 * Report it: the system refused a read or a write of the counter store.
 */
#define MEDIASEAL_ERR_COUNTER_STORE_IO 913

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/* ==== Versions, texts and numbers; keys as octets =================================================================== */

/**
 * Returns the version of the library, such as "0.1.0".
 *
 * The text lives as long as the library. Any thread, also in callbacks. Since 0.1.
 */
const char *mediaseal_version(void);

/**
 * Returns the version of this interface, MEDIASEAL_ABI_VERSION of the header that the library was
 * built with.
 *
 * A program that loads the library at run time compares it with its own and uses no other. Any
 * thread, also in callbacks. Since 0.1.
 */
uint32_t mediaseal_abi_version(void);

/**
 * Returns the reaction that a status asks for, one of `MEDIASEAL_CLASS_...`.
 *
 * A status that this version does not know is in the class of its hundreds, or else
 * MEDIASEAL_CLASS_REPORT_A_BUG. Any thread, also in callbacks. Since 0.1.
 */
uint32_t mediaseal_status_class(mediaseal_status status);

/**
 * Returns the name of a status, such as "MEDIASEAL_ERR_DUPLICATE"; "unknown status" for a number
 * that is none.
 *
 * The text lives as long as the library. Any thread, also in callbacks. Since 0.1.
 */
const char *mediaseal_status_name(mediaseal_status status);

/**
 * Returns one English sentence on a status that begins with the reaction it asks for; "unknown
 * status" for a number that is none.
 *
 * The text lives as long as the library and holds no secret. Any thread, also in callbacks. Since
 * 0.1.
 */
const char *mediaseal_status_text(mediaseal_status status);

/**
 * Writes the value of a constant of this header, by its name, to `out_value`: the function twin of
 * every macro.
 *
 * For bindings and for programs that load the library at run time. Borrows `name`, which ends with
 * a zero octet.
 *
 * Returns MEDIASEAL_OK; MEDIASEAL_ERR_UNKNOWN_VALUE if there is no such constant;
 * MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_MISALIGNED, MEDIASEAL_ERR_NOT_UTF8. Any thread, also in
 * callbacks. Since 0.1.
 */
mediaseal_status mediaseal_constant(const char *name,
                                    int64_t *out_value);

/**
 * Writes the octets that a struct of this header has in this library, by its name such as
 * "mediaseal_frame_info", to `out_size`.
 *
 * For bindings: a struct that they describe has this size at their version. Borrows `name`, which
 * ends with a zero octet.
 *
 * Returns MEDIASEAL_OK; MEDIASEAL_ERR_UNKNOWN_VALUE if there is no such struct;
 * MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_MISALIGNED, MEDIASEAL_ERR_NOT_UTF8. Any thread, also in
 * callbacks. Since 0.1.
 */
mediaseal_status mediaseal_struct_size(const char *name,
                                       size_t *out_size);

/**
 * Writes the tier that computes AES in this process, one of `MEDIASEAL_TIER_...`, to `out_tier`:
 * for all new keys of built-in ciphers, but those with MEDIASEAL_CIPHER_OVER_AWS_LC.
 *
 * The first call of a process, or its first cipher, holds the tiers of the CPU to the portable one,
 * which takes a fraction of a millisecond.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_NULL_POINTER. Any thread, also in callbacks. Since 0.1.
 */
mediaseal_status mediaseal_cpu_tier(uint32_t *out_tier);

/**
 * Writes what became of a tier on this CPU, one of `MEDIASEAL_VERDICT_...`, to `out_verdict`.
 * `tier` is one of `MEDIASEAL_TIER_...`.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_UNKNOWN_VALUE if there is no such tier,
 * MEDIASEAL_ERR_NULL_POINTER. Any thread, also in callbacks. Since 0.1.
 */
mediaseal_status mediaseal_cpu_verdict(uint32_t tier,
                                       uint32_t *out_verdict);

/**
 * Writes one line to be logged, such as "AES: VAES-512", to `out`: the tier, and every tier whose
 * self-test failed.
 *
 * A zero octet stands behind it, which `out_len` does not count; MEDIASEAL_CPU_TEXT_MAX_LEN + 1
 * octets are enough.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_BUFFER_TOO_SMALL, MEDIASEAL_ERR_NULL_POINTER. Any thread,
 * also in callbacks. Since 0.1.
 */
mediaseal_status mediaseal_cpu_text(char *out,
                                    size_t capacity,
                                    size_t *out_len);

/**
 * Zeroes `len` octets in a way that no compiler leaves out.
 *
 * For copies of keys and of plaintext. `octets` may be NULL if `len` is 0.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_LENGTH. Any thread, also in
 * callbacks. Since 0.1.
 */
mediaseal_status mediaseal_wipe(void *octets,
                                size_t len);

/**
 * Makes a key of MEDIASEAL_KEY_LEN octets from the operating system's generator, for a channel or
 * as a base key.
 *
 * Writes to `out` and the length to `out_len`; `capacity` is at least MEDIASEAL_KEY_LEN. The caller
 * wipes it after use.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_BUFFER_TOO_SMALL, MEDIASEAL_ERR_ENTROPY,
 * MEDIASEAL_ERR_NULL_POINTER. Any thread, also in callbacks. Since 0.1.
 */
mediaseal_status mediaseal_key_generate(uint8_t *out,
                                        size_t capacity,
                                        size_t *out_len);

/**
 * Reads a key from hexadecimal digits of either case, in time that depends on their number alone.
 *
 * Borrows `digits`, 32 to 128 of them, which end with a zero octet. Writes 16 to 64 octets to `out`
 * and their number to `out_len`; the caller wipes both after use.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_KEY_TEXT, MEDIASEAL_ERR_KEY_LENGTH,
 * MEDIASEAL_ERR_BUFFER_TOO_SMALL, MEDIASEAL_ERR_NOT_UTF8, MEDIASEAL_ERR_NULL_POINTER. Any thread,
 * also in callbacks. Since 0.1.
 */
mediaseal_status mediaseal_key_from_hex(const char *digits,
                                        uint8_t *out,
                                        size_t capacity,
                                        size_t *out_len);

/**
 * Reads a key from base64 (RFC 4648 section 4, with or without padding), in time that depends on
 * its length alone.
 *
 * Borrows `digits`, which end with a zero octet. Writes 16 to 64 octets to `out` and their number
 * to `out_len`; the caller wipes both after use.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_KEY_TEXT, MEDIASEAL_ERR_KEY_LENGTH,
 * MEDIASEAL_ERR_BUFFER_TOO_SMALL, MEDIASEAL_ERR_NOT_UTF8, MEDIASEAL_ERR_NULL_POINTER. Any thread,
 * also in callbacks. Since 0.1.
 */
mediaseal_status mediaseal_key_from_base64(const char *digits,
                                           uint8_t *out,
                                           size_t capacity,
                                           size_t *out_len);

/**
 * Derives a key of MEDIASEAL_KEY_LEN octets from a passphrase by Argon2id (RFC 9106), with the
 * parameters that mediaseal_passphrase_params_generate made for the channel.
 *
 * Borrows `passphrase`, 1 to 1024 octets of UTF-8, and `params`, which ends with a zero octet.
 * Takes 64 MiB and some 0.2 s by default: not for a media thread. Writes to `out` and the length to
 * `out_len`; the caller wipes passphrase and key after use.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_PASSPHRASE_LENGTH, MEDIASEAL_ERR_PASSPHRASE_PARAMS,
 * MEDIASEAL_ERR_OUT_OF_MEMORY, MEDIASEAL_ERR_BUFFER_TOO_SMALL, MEDIASEAL_ERR_NOT_UTF8,
 * MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_LENGTH. Any thread, also in callbacks. Since 0.1.
 */
mediaseal_status mediaseal_key_from_passphrase(const uint8_t *passphrase,
                                               size_t passphrase_len,
                                               const char *params,
                                               uint8_t *out,
                                               size_t capacity,
                                               size_t *out_len);

/**
 * Makes the cost and the salt of a new passphrase, as the PHC string that travels beside the
 * channel and is no secret.
 *
 * Writes the text and a zero octet to `out`, and its length without that octet to `out_len`;
 * MEDIASEAL_PASSPHRASE_PARAMS_MAX_LEN + 1 octets are enough.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_BUFFER_TOO_SMALL, MEDIASEAL_ERR_ENTROPY,
 * MEDIASEAL_ERR_NULL_POINTER. Any thread, also in callbacks. Since 0.1.
 */
mediaseal_status mediaseal_passphrase_params_generate(char *out,
                                                      size_t capacity,
                                                      size_t *out_len);

/**
 * Writes the KID of a member of an MLS group (RFC 9605 section 5.2) to `out_kid`: context then
 * `sender_bits` bits of sender index then `epoch_bits` bits of epoch.
 *
 * The epoch is taken modulo 2^epoch_bits.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_KID_LAYOUT, MEDIASEAL_ERR_KID_OUT_OF_RANGE,
 * MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_MISALIGNED. Any thread, also in callbacks. Since 0.1.
 */
mediaseal_status mediaseal_kid_mls(uint32_t sender_bits,
                                   uint32_t epoch_bits,
                                   uint64_t context,
                                   uint32_t sender_index,
                                   uint64_t epoch,
                                   uint64_t *out_kid);

/**
 * Writes the KID of a ratcheted sender key (RFC 9605 section 5.1) to `out_kid`: key generation then
 * `step_bits` bits of ratchet step, taken modulo 2^step_bits.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_KID_LAYOUT, MEDIASEAL_ERR_KID_OUT_OF_RANGE,
 * MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_MISALIGNED. Any thread, also in callbacks. Since 0.1.
 */
mediaseal_status mediaseal_kid_ratcheted(uint32_t step_bits,
                                         uint64_t generation,
                                         uint64_t step,
                                         uint64_t *out_kid);

/**
 * Writes which context, sender index and epoch (modulo 2^epoch_bits) an MLS KID names: what
 * mediaseal_kid_mls put together.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_KID_LAYOUT, MEDIASEAL_ERR_NULL_POINTER,
 * MEDIASEAL_ERR_MISALIGNED. Any thread, also in callbacks. Since 0.1.
 */
mediaseal_status mediaseal_kid_mls_split(uint32_t sender_bits,
                                         uint32_t epoch_bits,
                                         uint64_t kid,
                                         uint64_t *out_context,
                                         uint64_t *out_sender_index,
                                         uint64_t *out_epoch);

/**
 * Writes which key generation and ratchet step (modulo 2^step_bits) a KID names: what
 * mediaseal_kid_ratcheted put together.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_KID_LAYOUT, MEDIASEAL_ERR_NULL_POINTER,
 * MEDIASEAL_ERR_MISALIGNED. Any thread, also in callbacks. Since 0.1.
 */
mediaseal_status mediaseal_kid_ratcheted_split(uint32_t step_bits,
                                               uint64_t kid,
                                               uint64_t *out_generation,
                                               uint64_t *out_step);

/**
 * Writes what an epoch secret, as octets, says of itself to `out_epoch`: for a joiner, before
 * mediaseal_channel_join.
 *
 * Borrows `epoch_secret`. What it says is not authenticated before frames open.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_EPOCH_OCTETS, MEDIASEAL_ERR_EPOCH_FORMAT,
 * MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_STRUCT_SIZE. Any thread, also in callbacks. Since 0.1.
 */
mediaseal_status mediaseal_epoch_describe(const uint8_t *epoch_secret,
                                          size_t epoch_secret_len,
                                          mediaseal_epoch *out_epoch);

/**
 * The same for key text, "mediaseal-epoch-1...", which ends with a zero octet.
 *
 * Returns what mediaseal_epoch_describe returns, and MEDIASEAL_ERR_EPOCH_TEXT,
 * MEDIASEAL_ERR_NOT_UTF8. Any thread, also in callbacks. Since 0.1.
 */
mediaseal_status mediaseal_epoch_describe_text(const char *epoch_text,
                                               mediaseal_epoch *out_epoch);

/* ==== Ciphers: built in, from C, from a loaded library ============================================================== */

/**
 * Makes a built-in cipher, one of `MEDIASEAL_SUITE_...`.
 *
 * `flags` is 0, or MEDIASEAL_CIPHER_ALLOW_SHORT_TAGS and MEDIASEAL_CIPHER_OVER_AWS_LC, added where
 * both are meant. Writes a new object to `out_cipher`, which the caller ends with
 * mediaseal_cipher_free; stores and generations keep what they need of it.
 *
 * Over AWS-LC a frame of a session that was never heard costs some allocations and a copy for each
 * expected sender.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_UNSUPPORTED_SUITE, MEDIASEAL_ERR_NOT_IN_THIS_BUILD for
 * MEDIASEAL_CIPHER_OVER_AWS_LC in a library without it, MEDIASEAL_ERR_UNKNOWN_VALUE for other
 * flags, MEDIASEAL_ERR_NULL_POINTER. Any thread. Since 0.1.
 */
mediaseal_status mediaseal_cipher_builtin(uint32_t suite,
                                          uint32_t flags,
                                          mediaseal_cipher **out_cipher);

/**
 * Registers a custom cipher. Runs the conformance check, which takes from milliseconds to about a
 * second with the cipher's speed: once, off the media threads.
 *
 * The check shows plumbing, not strength: that lengths are kept, that what is sealed opens, that
 * key, nonce, AAD and data reach ciphertext and tag. It cannot show that the cipher is
 * confidential, runs in constant time, wipes its keys or has no back door.
 *
 * Copies `vtable`; `known_answers` are borrowed until return. Consumes `user_data`: on success
 * alone. `flags` is 0 or MEDIASEAL_CIPHER_ALLOW_SHORT_TAGS. Writes a new object to `out_cipher`;
 * with MEDIASEAL_ERR_CIPHER_REFUSED the property that does not hold to `out_refusal`, which may be
 * NULL.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_CIPHER_REFUSED, MEDIASEAL_ERR_UNKNOWN_VALUE for an unknown
 * hash, cost or flag, MEDIASEAL_ERR_NULL_POINTER (also for a function that is missing),
 * MEDIASEAL_ERR_STRUCT_SIZE, MEDIASEAL_ERR_LENGTH. Any thread. Since 0.1.
 */
mediaseal_status mediaseal_cipher_register(const mediaseal_cipher_vtable *vtable,
                                           uint32_t flags,
                                           mediaseal_refusal *out_refusal,
                                           mediaseal_cipher **out_cipher);

/**
 * Loads a custom cipher from the shared library at `path`, which exports
 * `mediaseal_cipher_library_v1`, and registers it.
 *
 * The path comes from the application or its command line, never from the contents of a file:
 * loading runs the library's code. It is made absolute first, so nothing is searched for. Borrows
 * `path`, UTF-8 with a zero octet at its end. The library stays loaded as long as a key of the
 * cipher lives. `flags`, `out_refusal` and `out_cipher` as for mediaseal_cipher_register.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_CIPHER_LIBRARY, and what mediaseal_cipher_register returns.
 * Any thread. Since 0.1.
 */
mediaseal_status mediaseal_cipher_load(const char *path,
                                       uint32_t flags,
                                       mediaseal_refusal *out_refusal,
                                       mediaseal_cipher **out_cipher);

/**
 * Writes suite, lengths and limits of a cipher to `out_params`.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER,
 * MEDIASEAL_ERR_STRUCT_SIZE. Any threads at once. Since 0.1.
 */
mediaseal_status mediaseal_cipher_describe(const mediaseal_cipher *cipher,
                                           mediaseal_cipher_params *out_params);

/**
 * Ends the use of a cipher: later calls with it return MEDIASEAL_ERR_CLOSED. Stores and generations
 * that were made with it go on.
 *
 * Returns MEDIASEAL_OK, also if it is closed already; MEDIASEAL_ERR_NULL_POINTER,
 * MEDIASEAL_ERR_BAD_HANDLE. Any thread, at any time. Since 0.1.
 */
mediaseal_status mediaseal_cipher_close(mediaseal_cipher *cipher);

/**
 * Frees a cipher, the last use of it. NULL is accepted. Since 0.1.
 */
void mediaseal_cipher_free(mediaseal_cipher *cipher);

/* ==== Counters that survive a restart =============================================================================== */

/**
 * Makes a new counter store in the folder `path`, which is made too if it is not there, and opens
 * it.
 *
 * Borrows `path`, UTF-8 with a zero octet at its end. Writes a new object to `out_store`, which the
 * caller ends with mediaseal_counter_store_free; the folder stays locked until the last key store
 * that uses it is freed as well. Reads and writes files: not for a media thread.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_COUNTER_STORE_ALREADY_THERE,
 * MEDIASEAL_ERR_COUNTER_STORE_LOCKED, MEDIASEAL_ERR_COUNTER_STORE_IO, MEDIASEAL_ERR_NOT_UTF8,
 * MEDIASEAL_ERR_NULL_POINTER. Any thread. Since 0.1.
 */
mediaseal_status mediaseal_counter_store_create(const char *path,
                                                mediaseal_counter_store **out_store);

/**
 * Opens the counter store that is in the folder `path`. It makes none: a wrong path must not look
 * like a store whose keys are all new.
 *
 * Borrows `path`, UTF-8 with a zero octet at its end. Writes a new object to `out_store`, as
 * mediaseal_counter_store_create does.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_COUNTER_STORE_NOT_THERE, MEDIASEAL_ERR_COUNTER_STORE_LOCKED,
 * MEDIASEAL_ERR_COUNTER_STORE_IO, MEDIASEAL_ERR_NOT_UTF8, MEDIASEAL_ERR_NULL_POINTER. Any thread.
 * Since 0.1.
 */
mediaseal_status mediaseal_counter_store_open(const char *path,
                                              mediaseal_counter_store **out_store);

/**
 * Ends the use of a counter store: later calls with it return MEDIASEAL_ERR_CLOSED. Key stores that
 * use it go on.
 *
 * Returns MEDIASEAL_OK, also if it is closed already; MEDIASEAL_ERR_NULL_POINTER,
 * MEDIASEAL_ERR_BAD_HANDLE. Any thread, at any time. Since 0.1.
 */
mediaseal_status mediaseal_counter_store_close(mediaseal_counter_store *store);

/**
 * Frees a counter store, the last use of it. NULL is accepted. Since 0.1.
 */
void mediaseal_counter_store_free(mediaseal_counter_store *store);

/* ==== Raw keys, as RFC 9605 has them ================================================================================ */

/**
 * Makes an empty store for raw keys of `cipher`.
 *
 * Borrows `cipher`. Writes a new object to `out_store`, which the caller ends with
 * mediaseal_key_store_free.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_SHORT_TAG without opt-in, MEDIASEAL_ERR_ENTROPY,
 * MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Any thread. Since 0.1.
 */
mediaseal_status mediaseal_key_store_new(const mediaseal_cipher *cipher,
                                         mediaseal_key_store **out_store);

/**
 * Adds a key to seal with. It seals nothing before mediaseal_key_store_activate.
 *
 * `origin` is MEDIASEAL_ORIGIN_FRESH_KEY, with `counter_store` NULL, or
 * MEDIASEAL_ORIGIN_COUNTER_STORE. Copies `base_key`, MEDIASEAL_KEY_MIN_LEN to MEDIASEAL_KEY_MAX_LEN
 * octets; the caller wipes his own. With a counter store it writes a file: not for a media thread.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_KID_IN_USE, MEDIASEAL_ERR_KEY_REUSED,
 * MEDIASEAL_ERR_SEND_AND_RECEIVE, MEDIASEAL_ERR_KEY_LENGTH, MEDIASEAL_ERR_UNKNOWN_VALUE for another
 * origin, `MEDIASEAL_ERR_COUNTER_STORE_...`, MEDIASEAL_ERR_CIPHER_FAILED, MEDIASEAL_ERR_CLOSED,
 * MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
 */
mediaseal_status mediaseal_key_store_add_send(const mediaseal_key_store *store,
                                              const uint8_t *base_key,
                                              size_t base_key_len,
                                              uint64_t kid,
                                              uint32_t origin,
                                              const mediaseal_counter_store *counter_store);

/**
 * Adds a key to open with, and names the sender whom the application knows to hold it.
 *
 * `opens_at` is 0 for at once, or the seconds since 1970 from whose tick on it opens. Copies
 * `base_key` and `sender`, which has at most MEDIASEAL_SENDER_ID_MAX_LEN octets and may be empty.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_KID_IN_USE, MEDIASEAL_ERR_SEND_AND_RECEIVE,
 * MEDIASEAL_ERR_KEY_LENGTH, MEDIASEAL_ERR_SENDER_ID_TOO_LONG, MEDIASEAL_ERR_CIPHER_FAILED,
 * MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
 */
mediaseal_status mediaseal_key_store_add_receive(const mediaseal_key_store *store,
                                                 const uint8_t *base_key,
                                                 size_t base_key_len,
                                                 uint64_t kid,
                                                 const uint8_t *sender,
                                                 size_t sender_len,
                                                 uint64_t opens_at);

/**
 * Makes a send key the one that seals, from the next frame of every encryptor on.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_UNKNOWN_SEND_KEY, MEDIASEAL_ERR_CLOSED,
 * MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
 */
mediaseal_status mediaseal_key_store_activate(const mediaseal_key_store *store,
                                              uint64_t kid);

/**
 * Retires a send key. It is wiped when the last encryptor that used it handles its next frame, is
 * refreshed, closed or freed.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_UNKNOWN_SEND_KEY, MEDIASEAL_ERR_CLOSED,
 * MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
 */
mediaseal_status mediaseal_key_store_retire_send(const mediaseal_key_store *store,
                                                 uint64_t kid);

/**
 * Retires a receive key: its frames are MEDIASEAL_ERR_RETIRED_KEY from now on. It is wiped like a
 * send key; how far it had opened is remembered.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_UNKNOWN_RECEIVE_KEY, MEDIASEAL_ERR_CLOSED,
 * MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
 */
mediaseal_status mediaseal_key_store_retire_receive(const mediaseal_key_store *store,
                                                    uint64_t kid);

/**
 * Opens nothing more under a key once 4,096 frames failed authentication under it:
 * MEDIASEAL_ERR_INTEGRITY_LIMIT.
 *
 * Off by default, because so many junk packets would silence a sender until a fresh key comes; for
 * 32-bit tags it may be worth that.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Any threads at once.
 * Since 0.1.
 */
mediaseal_status mediaseal_key_store_refuse_after_failures(const mediaseal_key_store *store);

/**
 * Tells the time, in seconds since 1970, and then the events that wait to the callback, if there is
 * one.
 *
 * Call it at least once a minute, off the media threads: it opens the keys that were waiting for
 * it, and reserves the next counters on disk.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_CLOCK_UNSET under 3600, `MEDIASEAL_ERR_COUNTER_STORE_...` if
 * a reserve cannot be written, MEDIASEAL_ERR_FORKED, MEDIASEAL_ERR_CLOSED,
 * MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
 */
mediaseal_status mediaseal_key_store_tick(const mediaseal_key_store *store,
                                          uint64_t unix_seconds);

/**
 * Takes the oldest event, if there is one: `type` is MEDIASEAL_EVENT_NONE if there is none.
 *
 * The queue has room for 256; MEDIASEAL_EVENT_EVENTS_LOST comes first where any were dropped. A
 * store with a callback tells it at each tick; who polls, sets none.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER,
 * MEDIASEAL_ERR_STRUCT_SIZE. Any threads at once. Since 0.1.
 */
mediaseal_status mediaseal_key_store_poll_event(const mediaseal_key_store *store,
                                                mediaseal_event *out_event);

/**
 * Sets who hears the events of a store: `callback` runs inside of mediaseal_key_store_tick and
 * mediaseal_key_store_deliver_events, in their thread, one event at a time.
 *
 * `callback` NULL unsets it; when this returns, no former callback is running or will run again.
 * `destroy`, which may be NULL, is called exactly once with `user_data`, when the callback is
 * replaced or unset, or the store is closed or freed. Consumes `user_data`.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER (also for `user_data` or
 * `destroy` without `callback`). Any threads at once, not in a callback. Since 0.1.
 */
mediaseal_status mediaseal_key_store_set_event_callback(const mediaseal_key_store *store,
                                                        mediaseal_event_callback callback,
                                                        void *user_data,
                                                        mediaseal_destructor destroy);

/**
 * Tells the events that wait to the callback now.
 *
 * Returns MEDIASEAL_OK, also if there is no callback (the events then stay for
 * mediaseal_key_store_poll_event), MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Any threads at
 * once. Since 0.1.
 */
mediaseal_status mediaseal_key_store_deliver_events(const mediaseal_key_store *store);

/**
 * Ends the use of a store: later calls with it return MEDIASEAL_ERR_CLOSED. Its encryptors and
 * decryptors go on.
 *
 * Returns MEDIASEAL_OK, also if it is closed already; MEDIASEAL_ERR_NULL_POINTER,
 * MEDIASEAL_ERR_BAD_HANDLE. Any thread, at any time. Since 0.1.
 */
mediaseal_status mediaseal_key_store_close(mediaseal_key_store *store);

/**
 * Frees a store, the last use of it. NULL is accepted; its encryptors and decryptors may be freed
 * before or after. Since 0.1.
 */
void mediaseal_key_store_free(mediaseal_key_store *store);

/* ==== The channels of an application ================================================================================ */

/**
 * Makes a store without channels.
 *
 * Writes a new object to `out_store`, which the caller ends with mediaseal_channel_store_free.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_ENTROPY, MEDIASEAL_ERR_NULL_POINTER. Any thread. Since 0.1.
 */
mediaseal_status mediaseal_channel_store_new(mediaseal_channel_store **out_store);

/**
 * Tells the time, in seconds since 1970, to every channel, and then the events that wait to the
 * callback, if there is one.
 *
 * Call it at least once a minute, off the media threads: it opens what waits for its time, ends
 * grace, and prepares the next sessions of encryptors, so that no frame has to.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_CLOCK_UNSET under 3600; MEDIASEAL_ERR_ENTROPY,
 * MEDIASEAL_ERR_FORKED, MEDIASEAL_ERR_CIPHER_FAILED if a next session cannot be made (its encryptor
 * tries again); MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
 */
mediaseal_status mediaseal_channel_store_tick(const mediaseal_channel_store *store,
                                              uint64_t unix_seconds);

/**
 * Makes every encryptor begin a new session with its next frame.
 *
 * Call it when the process image may run twice: after a virtual machine was resumed from a
 * snapshot, or a container from a checkpoint.
 *
 * Returns MEDIASEAL_OK; MEDIASEAL_ERR_ENTROPY, MEDIASEAL_ERR_FORKED, MEDIASEAL_ERR_CIPHER_FAILED if
 * a session cannot be made (its encryptor tries again at its next frame); MEDIASEAL_ERR_CLOSED,
 * MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
 */
mediaseal_status mediaseal_channel_store_renew_sessions(const mediaseal_channel_store *store);

/**
 * Takes the oldest event, if there is one: `type` is MEDIASEAL_EVENT_NONE if there is none.
 *
 * The queue has room for 256; MEDIASEAL_EVENT_EVENTS_LOST comes first where any were dropped. A
 * store with a callback tells it at each tick; who polls, sets none.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER,
 * MEDIASEAL_ERR_STRUCT_SIZE. Any threads at once. Since 0.1.
 */
mediaseal_status mediaseal_channel_store_poll_event(const mediaseal_channel_store *store,
                                                    mediaseal_event *out_event);

/**
 * Sets who hears the events of a store: `callback` runs inside of mediaseal_channel_store_tick and
 * mediaseal_channel_store_deliver_events, in their thread, one event at a time.
 *
 * `callback` NULL unsets it; when this returns, no former callback is running or will run again.
 * `destroy`, which may be NULL, is called exactly once with `user_data`, when the callback is
 * replaced or unset, or the store is closed or freed. Consumes `user_data`.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER (also for `user_data` or
 * `destroy` without `callback`). Any threads at once, not in a callback. Since 0.1.
 */
mediaseal_status mediaseal_channel_store_set_event_callback(const mediaseal_channel_store *store,
                                                            mediaseal_event_callback callback,
                                                            void *user_data,
                                                            mediaseal_destructor destroy);

/**
 * Tells the events that wait to the callback now.
 *
 * Returns MEDIASEAL_OK, also if there is no callback (the events then stay for
 * mediaseal_channel_store_poll_event), MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Any
 * threads at once. Since 0.1.
 */
mediaseal_status mediaseal_channel_store_deliver_events(const mediaseal_channel_store *store);

/**
 * Ends the use of a store: later calls with it return MEDIASEAL_ERR_CLOSED. Its channels,
 * encryptors and decryptors go on; they are ticked no more.
 *
 * Returns MEDIASEAL_OK, also if it is closed already; MEDIASEAL_ERR_NULL_POINTER,
 * MEDIASEAL_ERR_BAD_HANDLE. Any thread, at any time. Since 0.1.
 */
mediaseal_status mediaseal_channel_store_close(mediaseal_channel_store *store);

/**
 * Frees a store, the last use of it. NULL is accepted; its channels may be freed before or after.
 * Since 0.1.
 */
void mediaseal_channel_store_free(mediaseal_channel_store *store);

/* ==== One channel =================================================================================================== */

/**
 * Opens a channel.
 *
 * Copies what `config` holds. Writes a new object to `out_channel`, which the caller ends with
 * mediaseal_channel_free; encryptors and decryptors keep the channel open as well.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_CHANNEL_OPEN, MEDIASEAL_ERR_CHANNEL_NAME,
 * MEDIASEAL_ERR_UNKNOWN_VALUE for other flags, MEDIASEAL_ERR_STRUCT_SIZE, MEDIASEAL_ERR_CLOSED,
 * MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
 */
mediaseal_status mediaseal_channel_open(const mediaseal_channel_store *store,
                                        const mediaseal_channel_config *config,
                                        mediaseal_channel **out_channel);

/**
 * Stages a generation: it opens frames, from `opens_at` on, and does not seal. Stage it on every
 * side, then mediaseal_channel_activate.
 *
 * Copies what `generation` holds; the caller wipes his own copy of the key.
 *
 * Returns MEDIASEAL_OK (also for the same key again), MEDIASEAL_ERR_KEY_LENGTH,
 * MEDIASEAL_ERR_KDF_SALT_LENGTH, MEDIASEAL_ERR_GENERATION_RETIRED,
 * MEDIASEAL_ERR_GENERATION_SLOT_BUSY, MEDIASEAL_ERR_GENERATION_CONFLICT, MEDIASEAL_ERR_UNKNOWN_STEP
 * after an imported replay state, MEDIASEAL_ERR_CHANNEL_KEY_REUSED, MEDIASEAL_ERR_SHORT_TAG,
 * MEDIASEAL_ERR_UNKNOWN_VALUE for other flags, MEDIASEAL_ERR_STRUCT_SIZE, MEDIASEAL_ERR_CLOSED,
 * MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
 */
mediaseal_status mediaseal_channel_stage(const mediaseal_channel *channel,
                                         const mediaseal_generation *generation);

/**
 * Stages a generation from the secret of one of its steps, which a member handed over as octets.
 *
 * Borrows `epoch_secret`; the caller wipes it. `cipher` is NULL for a built-in suite, and the
 * cipher for a custom one.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_EPOCH_OCTETS, MEDIASEAL_ERR_EPOCH_FORMAT,
 * MEDIASEAL_ERR_EPOCH_MISMATCH, MEDIASEAL_ERR_UNSUPPORTED_SUITE, and what mediaseal_channel_stage
 * returns. Any threads at once. Since 0.1.
 */
mediaseal_status mediaseal_channel_join(const mediaseal_channel *channel,
                                        const uint8_t *epoch_secret,
                                        size_t epoch_secret_len,
                                        const mediaseal_cipher *cipher);

/**
 * The same with the secret as key text, "mediaseal-epoch-1...", which ends with a zero octet.
 *
 * Returns what mediaseal_channel_join returns, and MEDIASEAL_ERR_EPOCH_TEXT,
 * MEDIASEAL_ERR_NOT_UTF8. Any threads at once. Since 0.1.
 */
mediaseal_status mediaseal_channel_join_text(const mediaseal_channel *channel,
                                             const char *epoch_text,
                                             const mediaseal_cipher *cipher);

/**
 * Makes a staged generation the one that seals, from the next frame of every encryptor on. The
 * former one still opens, until grace ends.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_UNKNOWN_GENERATION, MEDIASEAL_ERR_NOT_OPEN_YET,
 * MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER; after the change has happened, if a session of
 * it cannot be made (its encryptor tries again at its next frame): MEDIASEAL_ERR_ENTROPY,
 * MEDIASEAL_ERR_FORKED, MEDIASEAL_ERR_CIPHER_FAILED. Any threads at once. Since 0.1.
 */
mediaseal_status mediaseal_channel_activate(const mediaseal_channel *channel,
                                            uint64_t generation);

/**
 * Moves the sending step of a generation ahead, to `step`: who joins at it opens nothing earlier.
 * Absolute, so saying it twice changes nothing.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_UNKNOWN_GENERATION, MEDIASEAL_ERR_GRACE_OPEN,
 * MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER; after the change has happened, if a session of
 * it cannot be made (its encryptor tries again at its next frame): MEDIASEAL_ERR_ENTROPY,
 * MEDIASEAL_ERR_FORKED, MEDIASEAL_ERR_CIPHER_FAILED. Any threads at once. Since 0.1.
 */
mediaseal_status mediaseal_channel_advance_to(const mediaseal_channel *channel,
                                              uint64_t generation,
                                              uint32_t step);

/**
 * Writes the secret of a held step, which a joiner gets over a path that only he can read, to
 * `out`.
 *
 * MEDIASEAL_EPOCH_SECRET_MAX_LEN octets are enough; the caller wipes them after use.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_UNKNOWN_GENERATION, MEDIASEAL_ERR_UNKNOWN_STEP,
 * MEDIASEAL_ERR_BUFFER_TOO_SMALL, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Any threads at
 * once. Since 0.1.
 */
mediaseal_status mediaseal_channel_epoch_secret(const mediaseal_channel *channel,
                                                uint64_t generation,
                                                uint32_t step,
                                                uint8_t *out,
                                                size_t capacity,
                                                size_t *out_len);

/**
 * Writes the same as key text, with a zero octet behind it that `out_len` does not count;
 * MEDIASEAL_EPOCH_TEXT_MAX_LEN + 1 octets are enough.
 *
 * Returns what mediaseal_channel_epoch_secret returns. Any threads at once. Since 0.1.
 */
mediaseal_status mediaseal_channel_epoch_text(const mediaseal_channel *channel,
                                              uint64_t generation,
                                              uint32_t step,
                                              char *out,
                                              size_t capacity,
                                              size_t *out_len);

/**
 * Writes the channel key of a generation that was staged with MEDIASEAL_GENERATION_KEEP_ROOT to
 * `out`; MEDIASEAL_KEY_MAX_LEN octets are enough.
 *
 * The caller wipes it after use.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_ROOT_NOT_KEPT, MEDIASEAL_ERR_BUFFER_TOO_SMALL,
 * MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
 */
mediaseal_status mediaseal_channel_key(const mediaseal_channel *channel,
                                       uint64_t generation,
                                       uint8_t *out,
                                       size_t capacity,
                                       size_t *out_len);

/**
 * Retires a generation at once: it opens and seals nothing more, and its number does not come
 * again.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_UNKNOWN_GENERATION, MEDIASEAL_ERR_CLOSED,
 * MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
 */
mediaseal_status mediaseal_channel_retire(const mediaseal_channel *channel,
                                          uint64_t generation);

/**
 * Ends every grace now: the former generation is retired, and the steps below the sending ones are
 * wiped.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Any threads at once.
 * Since 0.1.
 */
mediaseal_status mediaseal_channel_end_grace(const mediaseal_channel *channel);

/**
 * Writes the generation that seals and its step to `out_generation` and `out_step`.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_NO_ACTIVE_KEY, MEDIASEAL_ERR_CLOSED,
 * MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
 */
mediaseal_status mediaseal_channel_sending(const mediaseal_channel *channel,
                                           uint64_t *out_generation,
                                           uint32_t *out_step);

/**
 * Announces who sends under a KID, as the sender's MEDIASEAL_EVENT_SESSION_STARTED told: decryptors
 * then open it for this sender, whom they need not expect otherwise. Ciphers of MEDIASEAL_COST_SLOW
 * need it.
 *
 * The announcement is not trusted: a frame opens for this sender or not at all. Copies `sender`.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_EXPECTED_SENDERS if 16 others were announced for this KID,
 * MEDIASEAL_ERR_SENDER_ID_TOO_LONG, MEDIASEAL_ERR_UNKNOWN_VALUE for other media,
 * MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
 */
mediaseal_status mediaseal_channel_expect_session(const mediaseal_channel *channel,
                                                  uint64_t kid,
                                                  const uint8_t *sender,
                                                  size_t sender_len,
                                                  uint32_t media);

/**
 * Writes the safety code of the generation that seals to `out`: 12 groups of 5 digits, which
 * members read to each other. Equal codes mean equal keys, suite and clock.
 *
 * A zero octet stands behind it, which `out_len` does not count; MEDIASEAL_SAFETY_CODE_LEN + 1
 * octets are enough.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_NO_ACTIVE_KEY, MEDIASEAL_ERR_BUFFER_TOO_SMALL,
 * MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
 */
mediaseal_status mediaseal_channel_safety_code(const mediaseal_channel *channel,
                                               char *out,
                                               size_t capacity,
                                               size_t *out_len);

/**
 * Answers a key check, over any path and before any media: `sender` is this member's name,
 * `challenge` the MEDIASEAL_KEY_CHECK_LEN octets that the asker chose at random.
 *
 * Writes MEDIASEAL_KEY_CHECK_LEN octets to `out_answer`.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_NO_ACTIVE_KEY, MEDIASEAL_ERR_SENDER_ID_TOO_LONG,
 * MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
 */
mediaseal_status mediaseal_channel_key_check(const mediaseal_channel *channel,
                                             const uint8_t *sender,
                                             size_t sender_len,
                                             const uint8_t *challenge,
                                             uint8_t *out_answer);

/**
 * Compares the answer to a key check with that of `sender` and the same keys, in constant time.
 *
 * Borrows `sender`, and MEDIASEAL_KEY_CHECK_LEN octets each of `challenge` and `answer`.
 *
 * Returns MEDIASEAL_OK if it is that answer, MEDIASEAL_ERR_KEY_CHECK_FAILED if it is another,
 * MEDIASEAL_ERR_NO_ACTIVE_KEY, MEDIASEAL_ERR_SENDER_ID_TOO_LONG, MEDIASEAL_ERR_CLOSED,
 * MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
 */
mediaseal_status mediaseal_channel_verify_key_check(const mediaseal_channel *channel,
                                                    const uint8_t *sender,
                                                    size_t sender_len,
                                                    const uint8_t *challenge,
                                                    const uint8_t *answer);

/**
 * Writes what must outlive the process, so that nothing opened before opens again after a restart,
 * to `out`.
 *
 * It holds no secret; keep it where nobody else can change it. With `out` NULL and `capacity` 0 the
 * octets needed are written to `out_len`; they may grow between two calls.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_BUFFER_TOO_SMALL, MEDIASEAL_ERR_CLOSED,
 * MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
 */
mediaseal_status mediaseal_channel_replay_state(const mediaseal_channel *channel,
                                                uint8_t *out,
                                                size_t capacity,
                                                size_t *out_len);

/**
 * Takes over what mediaseal_channel_replay_state wrote, before generations are staged. Borrows
 * `state`.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_REPLAY_STATE (nothing is taken over), MEDIASEAL_ERR_CLOSED,
 * MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
 */
mediaseal_status mediaseal_channel_import_replay_state(const mediaseal_channel *channel,
                                                       const uint8_t *state,
                                                       size_t state_len);

/**
 * Ends the use of a channel object: later calls with it return MEDIASEAL_ERR_CLOSED. Its encryptors
 * and decryptors go on.
 *
 * Returns MEDIASEAL_OK, also if it is closed already; MEDIASEAL_ERR_NULL_POINTER,
 * MEDIASEAL_ERR_BAD_HANDLE. Any thread, at any time. Since 0.1.
 */
mediaseal_status mediaseal_channel_close(mediaseal_channel *channel);

/**
 * Frees a channel object, the last use of it. NULL is accepted; the store, encryptors and
 * decryptors may be freed before or after. Since 0.1.
 */
void mediaseal_channel_free(mediaseal_channel *channel);

/* ==== Frames in, ciphertexts out ==================================================================================== */

/**
 * Makes an encryptor for the raw keys of `store`.
 *
 * Borrows `config`, or takes the defaults for NULL. Writes a new object to `out_encryptor`, which
 * the caller ends with mediaseal_encryptor_free.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_PACKET_MAXIMUM, MEDIASEAL_ERR_COMPACT_PROFILE,
 * MEDIASEAL_ERR_UNKNOWN_VALUE for another mode or for media or sender with raw keys,
 * MEDIASEAL_ERR_STRUCT_SIZE, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Any threads at once.
 * Since 0.1.
 */
mediaseal_status mediaseal_encryptor_new(const mediaseal_key_store *store,
                                         const mediaseal_encryptor_config *config,
                                         mediaseal_encryptor **out_encryptor);

/**
 * Makes an encryptor for what one sender sends of one kind of media in `channel`.
 *
 * It seals in sessions of its own: as many encryptors as you like, of one sender or several,
 * restarted as often as you like, repeat no nonce. Copies what `config` holds. Writes a new object
 * to `out_encryptor`, which the caller ends with mediaseal_encryptor_free.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_PACKET_MAXIMUM, MEDIASEAL_ERR_COMPACT_PROFILE for that mode,
 * MEDIASEAL_ERR_UNKNOWN_VALUE for another mode or media, MEDIASEAL_ERR_SENDER_ID_TOO_LONG,
 * MEDIASEAL_ERR_STRUCT_SIZE, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Any threads at once.
 * Since 0.1.
 */
mediaseal_status mediaseal_encryptor_new_for_channel(const mediaseal_channel *channel,
                                                     const mediaseal_encryptor_config *config,
                                                     mediaseal_encryptor **out_encryptor);

/**
 * Seals a frame into `out` and writes the octets of the result to `out_len`.
 *
 * Borrows `plaintext` and `info` until return; `info` may be NULL. `out` equals `plaintext`, which
 * is then overwritten, or has no octet in common with it. On success `out` begins with header,
 * ciphertext and tag. If the arguments are refused it is unchanged and no counter is spent; if the
 * cipher fails what was written is zeroed and one counter is spent. Nothing ever goes out in clear.
 * Allocates nothing and takes no lock, but at the first frame of a stream or session and after a
 * change of keys.
 *
 * Returns MEDIASEAL_OK; MEDIASEAL_ERR_BUFFER_TOO_SMALL (see mediaseal_encryptor_bound),
 * MEDIASEAL_ERR_PACKET_TOO_LONG, MEDIASEAL_ERR_FRAME_TOO_LONG, MEDIASEAL_ERR_METADATA_TOO_LONG,
 * MEDIASEAL_ERR_OVERLAP, MEDIASEAL_ERR_CLOCK_UNSET, MEDIASEAL_ERR_COMPACT_PROFILE; of streams with
 * a codec MEDIASEAL_ERR_NO_CODEC, MEDIASEAL_ERR_NAL_FORMAT, MEDIASEAL_ERR_NAL_TYPE,
 * MEDIASEAL_ERR_SLICE_HEADER, MEDIASEAL_ERR_OBU, MEDIASEAL_ERR_SPATIAL_LAYERS,
 * MEDIASEAL_ERR_CARRIER_TOO_LONG; MEDIASEAL_ERR_NO_ACTIVE_KEY, MEDIASEAL_ERR_KEY_EXHAUSTED,
 * MEDIASEAL_ERR_FORKED; MEDIASEAL_ERR_CIPHER_FAILED, MEDIASEAL_ERR_ENTROPY,
 * `MEDIASEAL_ERR_COUNTER_STORE_...`; MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED,
 * MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_STRUCT_SIZE, MEDIASEAL_ERR_LENGTH. Exclusive use of
 * `encryptor`. Since 0.1.
 */
mediaseal_status mediaseal_encryptor_encrypt(mediaseal_encryptor *encryptor,
                                             const mediaseal_frame_info *info,
                                             const uint8_t *plaintext,
                                             size_t plaintext_len,
                                             uint8_t *out,
                                             size_t out_capacity,
                                             size_t *out_len);

/**
 * Seals a frame where it lies: `len` octets at `buffer + offset`, so that nothing is moved.
 *
 * In front of the frame there is room for the header (MEDIASEAL_HEADROOM octets are always enough),
 * behind it for the tag (MEDIASEAL_TAILROOM). On success `out_offset` and `out_len` tell where
 * header, ciphertext and tag lie in `buffer`. A frame of a stream with a codec is moved, if it must
 * be, and needs a buffer of mediaseal_encryptor_bound octets, else MEDIASEAL_ERR_BUFFER_TOO_SMALL.
 * Otherwise as mediaseal_encryptor_encrypt; if the cipher fails, the frame is zeroed.
 *
 * Returns what mediaseal_encryptor_encrypt returns, with MEDIASEAL_ERR_HEADROOM,
 * MEDIASEAL_ERR_TAILROOM and MEDIASEAL_ERR_RANGE_OUTSIDE_BUFFER in place of
 * MEDIASEAL_ERR_BUFFER_TOO_SMALL. Exclusive use of `encryptor`. Since 0.1.
 */
mediaseal_status mediaseal_encryptor_encrypt_in_place(mediaseal_encryptor *encryptor,
                                                      const mediaseal_frame_info *info,
                                                      uint8_t *buffer,
                                                      size_t capacity,
                                                      size_t offset,
                                                      size_t len,
                                                      size_t *out_offset,
                                                      size_t *out_len);

/**
 * Writes the most octets that a frame of `len` octets becomes to `out_bound`: the capacity to give.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER.
 * Exclusive use of `encryptor`. Since 0.1.
 */
mediaseal_status mediaseal_encryptor_bound(mediaseal_encryptor *encryptor,
                                           size_t len,
                                           size_t *out_bound);

/**
 * Writes the exact octets that header and tag add to the next frame to `out_overhead`, if no other
 * encryptor of the store is quicker.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_NO_ACTIVE_KEY, MEDIASEAL_ERR_CLOCK_UNSET,
 * MEDIASEAL_ERR_CIPHER_FAILED, MEDIASEAL_ERR_ENTROPY, MEDIASEAL_ERR_FORKED, MEDIASEAL_ERR_BUSY,
 * MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Exclusive use of `encryptor`. Since 0.1.
 */
mediaseal_status mediaseal_encryptor_next_overhead(mediaseal_encryptor *encryptor,
                                                   size_t *out_overhead);

/**
 * Takes over changes of the keys now, so that a retired key is wiped though no frame comes.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER.
 * Exclusive use of `encryptor`. Since 0.1.
 */
mediaseal_status mediaseal_encryptor_refresh(mediaseal_encryptor *encryptor);

/**
 * Writes why the last refused frame was refused to `out_failure`, in numbers.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER,
 * MEDIASEAL_ERR_STRUCT_SIZE. Exclusive use of `encryptor`. Since 0.1.
 */
mediaseal_status mediaseal_encryptor_last_failure(mediaseal_encryptor *encryptor,
                                                  mediaseal_failure *out_failure);

/**
 * Writes how many streams are counted apart, at most 1,024, to `out_count`.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER.
 * Exclusive use of `encryptor`. Since 0.1.
 */
mediaseal_status mediaseal_encryptor_statistics_count(mediaseal_encryptor *encryptor,
                                                      size_t *out_count);

/**
 * Writes the counters of stream `index`, in the order in which the streams began, to
 * `out_statistics`.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_INDEX, MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED,
 * MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_STRUCT_SIZE. Exclusive use of `encryptor`. Since 0.1.
 */
mediaseal_status mediaseal_encryptor_statistics(mediaseal_encryptor *encryptor,
                                                size_t index,
                                                mediaseal_statistics *out_statistics);

/**
 * Writes the counters over all streams to `out_statistics`.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER,
 * MEDIASEAL_ERR_STRUCT_SIZE. Exclusive use of `encryptor`. Since 0.1.
 */
mediaseal_status mediaseal_encryptor_totals(mediaseal_encryptor *encryptor,
                                            mediaseal_statistics *out_statistics);

/**
 * Ends the use of an encryptor: calls that begin later return MEDIASEAL_ERR_CLOSED, and the first
 * of them, or mediaseal_encryptor_free, wipes what it holds.
 *
 * Returns MEDIASEAL_OK, also if it is closed already; MEDIASEAL_ERR_NULL_POINTER,
 * MEDIASEAL_ERR_BAD_HANDLE. Any thread, at any time. Since 0.1.
 */
mediaseal_status mediaseal_encryptor_close(mediaseal_encryptor *encryptor);

/**
 * Frees an encryptor, the last use of it. NULL is accepted; store and channel may be freed before
 * or after. Since 0.1.
 */
void mediaseal_encryptor_free(mediaseal_encryptor *encryptor);

/* ==== Ciphertexts in, frames out ==================================================================================== */

/**
 * Makes a decryptor for the raw keys of `store`.
 *
 * Borrows `config`, or takes the defaults for NULL. Writes a new object to `out_decryptor`, which
 * the caller ends with mediaseal_decryptor_free.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_UNKNOWN_VALUE for another mode or for expected senders with
 * raw keys, MEDIASEAL_ERR_STRUCT_SIZE, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Any
 * threads at once. Since 0.1.
 */
mediaseal_status mediaseal_decryptor_new(const mediaseal_key_store *store,
                                         const mediaseal_decryptor_config *config,
                                         mediaseal_decryptor **out_decryptor);

/**
 * Makes a decryptor for what the expected pairs of sender and media send in `channel`. More senders
 * are announced by mediaseal_channel_expect_session.
 *
 * Copies what `config` holds. Writes a new object to `out_decryptor`, which the caller ends with
 * mediaseal_decryptor_free.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_EXPECTED_SENDERS, MEDIASEAL_ERR_UNKNOWN_VALUE for another
 * mode or media, MEDIASEAL_ERR_SENDER_ID_TOO_LONG, MEDIASEAL_ERR_STRUCT_SIZE, MEDIASEAL_ERR_CLOSED,
 * MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
 */
mediaseal_status mediaseal_decryptor_new_for_channel(const mediaseal_channel *channel,
                                                     const mediaseal_decryptor_config *config,
                                                     mediaseal_decryptor **out_decryptor);

/**
 * Opens a frame into `out` and writes the octets of the plaintext to `out_len`.
 *
 * Borrows `ciphertext` and `info` until return; `info` may be NULL. `out` equals `ciphertext`,
 * which is then overwritten, or has no octet in common with it. `out_opened` may be NULL; what it
 * says is authenticated. If the frame is refused, `out` is unchanged or zeroed where it was written
 * to, and never holds plaintext; until return `out` may hold what has not been authenticated, and
 * nobody else may read it. If its key is missing or not open yet, or the frame is malformed or
 * truncated, nothing has changed, and it may be tried again. Allocates nothing and takes no lock,
 * but at the first frame of a stream or session and after a change of keys.
 *
 * Returns MEDIASEAL_OK; a `MEDIASEAL_ERR_...` of class MEDIASEAL_CLASS_DROP_THE_PACKET;
 * MEDIASEAL_ERR_MISSING_KEY, MEDIASEAL_ERR_NOT_YET_ACTIVE, MEDIASEAL_ERR_INTEGRITY_LIMIT;
 * MEDIASEAL_ERR_BUFFER_TOO_SMALL (the length of the ciphertext is always enough),
 * MEDIASEAL_ERR_METADATA_TOO_LONG, MEDIASEAL_ERR_NO_CODEC, MEDIASEAL_ERR_OVERLAP;
 * MEDIASEAL_ERR_CIPHER_FAILED; MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED,
 * MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_STRUCT_SIZE, MEDIASEAL_ERR_LENGTH. Exclusive use of
 * `decryptor`. Since 0.1.
 */
mediaseal_status mediaseal_decryptor_decrypt(mediaseal_decryptor *decryptor,
                                             const mediaseal_frame_info *info,
                                             const uint8_t *ciphertext,
                                             size_t ciphertext_len,
                                             uint8_t *out,
                                             size_t out_capacity,
                                             size_t *out_len,
                                             mediaseal_opened *out_opened);

/**
 * Opens a frame where it lies: `len` octets at `buffer + offset`, so that nothing is moved.
 *
 * On success `out_offset` and `out_len` tell where the plaintext lies in `buffer`. If the frame is
 * refused it is unchanged, or its ciphertext is zeroed or spoilt. Otherwise as
 * mediaseal_decryptor_decrypt.
 *
 * Returns what mediaseal_decryptor_decrypt returns, with MEDIASEAL_ERR_RANGE_OUTSIDE_BUFFER in
 * place of MEDIASEAL_ERR_BUFFER_TOO_SMALL. Exclusive use of `decryptor`. Since 0.1.
 */
mediaseal_status mediaseal_decryptor_decrypt_in_place(mediaseal_decryptor *decryptor,
                                                      const mediaseal_frame_info *info,
                                                      uint8_t *buffer,
                                                      size_t capacity,
                                                      size_t offset,
                                                      size_t len,
                                                      size_t *out_offset,
                                                      size_t *out_len,
                                                      mediaseal_opened *out_opened);

/**
 * Takes over changes of the keys now, so that a retired key is wiped though no frame comes.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER.
 * Exclusive use of `decryptor`. Since 0.1.
 */
mediaseal_status mediaseal_decryptor_refresh(mediaseal_decryptor *decryptor);

/**
 * Writes why the last refused frame was refused to `out_failure`: its stream, header and sender,
 * and whether audio is missing that the decoder should conceal.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER,
 * MEDIASEAL_ERR_STRUCT_SIZE. Exclusive use of `decryptor`. Since 0.1.
 */
mediaseal_status mediaseal_decryptor_last_failure(mediaseal_decryptor *decryptor,
                                                  mediaseal_failure *out_failure);

/**
 * Writes to `out_request` a stream whose decoder cannot go on without a key frame: its first frame
 * was none, or frames before this one were refused. Ask its sender for one (RTCP PLI, RFC 4585
 * section 6.3.1), and call again until there is none.
 *
 * Call it after a frame or some times a second; `now_ms` are milliseconds of any clock that does
 * not jump. A stream is named at most every 500 ms, until a key frame of it opens. That is told by
 * the octets of codecs that mediaseal_decryptor_set_codec names and of most others; where nobody
 * can tell it is named once. Streams are those of video: by their codec, or by the media that their
 * sender's session carries. Allocates nothing and takes no lock.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER,
 * MEDIASEAL_ERR_STRUCT_SIZE. Exclusive use of `decryptor`. Since 0.1.
 */
mediaseal_status mediaseal_decryptor_need_key_frame(mediaseal_decryptor *decryptor,
                                                    uint64_t now_ms,
                                                    mediaseal_key_frame_request *out_request);

/**
 * Writes how many streams are counted apart, at most 1,024, to `out_count`.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER.
 * Exclusive use of `decryptor`. Since 0.1.
 */
mediaseal_status mediaseal_decryptor_statistics_count(mediaseal_decryptor *decryptor,
                                                      size_t *out_count);

/**
 * Writes the counters of stream `index`, in the order in which their first authentic frames came,
 * to `out_statistics`.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_INDEX, MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED,
 * MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_STRUCT_SIZE. Exclusive use of `decryptor`. Since 0.1.
 */
mediaseal_status mediaseal_decryptor_statistics(mediaseal_decryptor *decryptor,
                                                size_t index,
                                                mediaseal_statistics *out_statistics);

/**
 * Writes the counters over all senders and streams, refusals that belong to none of them included,
 * to `out_statistics`.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER,
 * MEDIASEAL_ERR_STRUCT_SIZE. Exclusive use of `decryptor`. Since 0.1.
 */
mediaseal_status mediaseal_decryptor_totals(mediaseal_decryptor *decryptor,
                                            mediaseal_statistics *out_statistics);

/**
 * Writes the refusals that belong to no stream to `out_statistics`: no key, no header, or no
 * authentic frame so far. All else in it is 0.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER,
 * MEDIASEAL_ERR_STRUCT_SIZE. Exclusive use of `decryptor`. Since 0.1.
 */
mediaseal_status mediaseal_decryptor_unattributed(mediaseal_decryptor *decryptor,
                                                  mediaseal_statistics *out_statistics);

/**
 * Ends the use of a decryptor: calls that begin later return MEDIASEAL_ERR_CLOSED, and the first of
 * them, or mediaseal_decryptor_free, wipes what it holds.
 *
 * Returns MEDIASEAL_OK, also if it is closed already; MEDIASEAL_ERR_NULL_POINTER,
 * MEDIASEAL_ERR_BAD_HANDLE. Any thread, at any time. Since 0.1.
 */
mediaseal_status mediaseal_decryptor_close(mediaseal_decryptor *decryptor);

/**
 * Frees a decryptor, the last use of it. NULL is accepted; store and channel may be freed before or
 * after. Since 0.1.
 */
void mediaseal_decryptor_free(mediaseal_decryptor *decryptor);

/* ==== Codecs: frames that packetizers and relays can read =========================================================== */

/**
 * Finds a codec by the name of its RTP payload format ("H264", "H265", "VP8", "VP9", "AV1", "opus")
 * or its media type ("video/H264"), in any case, and writes its MEDIASEAL_CODEC_ number to
 * `out_codec`.
 *
 * Borrows `name`, which ends with a zero octet.
 *
 * Returns MEDIASEAL_OK; MEDIASEAL_ERR_UNKNOWN_VALUE for a codec without a codec-aware form: choose
 * MEDIASEAL_CODEC_OPAQUE, or refuse the stream; MEDIASEAL_ERR_NOT_UTF8, MEDIASEAL_ERR_NULL_POINTER.
 * Any thread, also in callbacks. Since 0.1.
 */
mediaseal_status mediaseal_codec_from_name(const char *name,
                                           uint32_t *out_codec);

/**
 * Sets the codec of stream `ssrc`, so that its frames pass those who look into them: packetizers
 * and relays. The other side sets the same; it is authenticated with each frame.
 *
 * `codec` is a MEDIASEAL_CODEC_ number, `nal_format` how the encoder gives NAL units,
 * MEDIASEAL_NAL_ANNEX_B also for codecs that have none. Frames grow by more than MEDIASEAL_HEADROOM
 * and MEDIASEAL_TAILROOM then: mediaseal_encryptor_bound tells by how much at most, and a buffer of
 * so many octets is enough wherever the frame lies in it.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_CODEC_OF_PACKETS, MEDIASEAL_ERR_CODEC_STREAMS,
 * MEDIASEAL_ERR_UNKNOWN_VALUE, MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED,
 * MEDIASEAL_ERR_NULL_POINTER. Exclusive use of `encryptor`. Since 0.1.
 */
mediaseal_status mediaseal_encryptor_set_codec(mediaseal_encryptor *encryptor,
                                               uint32_t ssrc,
                                               uint32_t codec,
                                               uint32_t nal_format);

/**
 * Sets the codec of streams for which none is set: MEDIASEAL_CODEC_OPAQUE at first. With
 * MEDIASEAL_CODEC_REFUSED their frames are refused.
 *
 * Otherwise as mediaseal_encryptor_set_codec.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_CODEC_OF_PACKETS, MEDIASEAL_ERR_UNKNOWN_VALUE,
 * MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Exclusive use of
 * `encryptor`. Since 0.1.
 */
mediaseal_status mediaseal_encryptor_set_default_codec(mediaseal_encryptor *encryptor,
                                                       uint32_t codec,
                                                       uint32_t nal_format);

/**
 * Sets the codec of stream `ssrc`, as its sender did by mediaseal_encryptor_set_codec. A frame
 * whose sender set another is refused.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_CODEC_OF_PACKETS, MEDIASEAL_ERR_CODEC_STREAMS,
 * MEDIASEAL_ERR_UNKNOWN_VALUE, MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED,
 * MEDIASEAL_ERR_NULL_POINTER. Exclusive use of `decryptor`. Since 0.1.
 */
mediaseal_status mediaseal_decryptor_set_codec(mediaseal_decryptor *decryptor,
                                               uint32_t ssrc,
                                               uint32_t codec,
                                               uint32_t nal_format);

/**
 * Sets the codec of streams for which none is set: MEDIASEAL_CODEC_OPAQUE at first. With
 * MEDIASEAL_CODEC_REFUSED their frames are refused.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_CODEC_OF_PACKETS, MEDIASEAL_ERR_UNKNOWN_VALUE,
 * MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Exclusive use of
 * `decryptor`. Since 0.1.
 */
mediaseal_status mediaseal_decryptor_set_default_codec(mediaseal_decryptor *decryptor,
                                                       uint32_t codec,
                                                       uint32_t nal_format);

/* ==== Many frames in one call ======================================================================================= */

/**
 * Seals many frames, of one encryptor or many, in the order of `jobs`.
 *
 * Each job is what mediaseal_encryptor_encrypt does, and ends for itself: `status` and `out_len` of
 * every job are written, whatever happened to the others. Jobs are laid out one behind the other at
 * the distance that `struct_size` of the first tells, and all have the same. A buffer that a job
 * writes belongs to that job alone. If the batch itself is refused, no job is begun: each then has
 * the status MEDIASEAL_ERR_NOT_BEGUN, unless `jobs` is NULL or misaligned or its first
 * `struct_size` impossible.
 *
 * Returns MEDIASEAL_OK if all jobs ended so, else the status of the first that did not;
 * MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_MISALIGNED, MEDIASEAL_ERR_STRUCT_SIZE,
 * MEDIASEAL_ERR_LENGTH, MEDIASEAL_ERR_REENTRANT for the batch itself. Exclusive use of the
 * encryptors and of `jobs`. Since 0.1.
 */
mediaseal_status mediaseal_encrypt_batch(mediaseal_encrypt_job *jobs,
                                         size_t count);

/**
 * Opens many frames, of one decryptor or many, in the order of `jobs`.
 *
 * Each job is what mediaseal_decryptor_decrypt does, and ends for itself: `status` and `out_len` of
 * every job are written, whatever happened to the others. Jobs are laid out one behind the other at
 * the distance that `struct_size` of the first tells, and all have the same. A buffer that a job
 * writes belongs to that job alone. If the batch itself is refused, no job is begun: each then has
 * the status MEDIASEAL_ERR_NOT_BEGUN, unless `jobs` is NULL or misaligned or its first
 * `struct_size` impossible.
 *
 * Returns MEDIASEAL_OK if all jobs ended so, else the status of the first that did not;
 * MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_MISALIGNED, MEDIASEAL_ERR_STRUCT_SIZE,
 * MEDIASEAL_ERR_LENGTH, MEDIASEAL_ERR_REENTRANT for the batch itself. Exclusive use of the
 * decryptors and of `jobs`. Since 0.1.
 */
mediaseal_status mediaseal_decrypt_batch(mediaseal_decrypt_job *jobs,
                                         size_t count);

/* ==== Ciphertexts in RTP payloads =================================================================================== */

/**
 * Writes to `out_count` how many RTP payloads of at most `max_len` octets carry a ciphertext of
 * `ciphertext_len` octets, after draft-ietf-avtcore-rtp-sframe-02.
 *
 * `max_len` includes the descriptor of one octet with which each begins.
 *
 * Returns MEDIASEAL_OK; MEDIASEAL_ERR_PACKET_MAXIMUM if `max_len` is below 2,
 * MEDIASEAL_ERR_NULL_POINTER. Any thread, also in callbacks. Since 0.1.
 */
mediaseal_status mediaseal_rtp_payload_count(size_t ciphertext_len,
                                             size_t max_len,
                                             size_t *out_count);

/**
 * Writes payload number `index`, from 0, of a ciphertext to `payload`, and its octets to
 * `out_payload_len`.
 *
 * Borrows `ciphertext`, what mediaseal_encryptor_encrypt made, of a whole frame (`content`
 * MEDIASEAL_RTP_FRAME) or of one RTP payload of the codec (MEDIASEAL_RTP_PACKET). `payload` has no
 * octet in common with it. The RTP packets have consecutive sequence numbers, the timestamp of the
 * frame, and the marker bit at the last of them where the frame ends.
 *
 * Returns MEDIASEAL_OK; MEDIASEAL_ERR_INDEX behind the last payload; MEDIASEAL_ERR_BUFFER_TOO_SMALL
 * (`max_len` is always enough), MEDIASEAL_ERR_PACKET_MAXIMUM, MEDIASEAL_ERR_UNKNOWN_VALUE,
 * MEDIASEAL_ERR_OVERLAP, MEDIASEAL_ERR_LENGTH, MEDIASEAL_ERR_NULL_POINTER. Any thread, also in
 * callbacks. Since 0.1.
 */
mediaseal_status mediaseal_rtp_payload(const uint8_t *ciphertext,
                                       size_t ciphertext_len,
                                       uint32_t content,
                                       size_t max_len,
                                       size_t index,
                                       uint8_t *payload,
                                       size_t payload_capacity,
                                       size_t *out_payload_len);

/**
 * Makes a reassembler that keeps the last `packets` RTP packets of a stream, whose payloads have at
 * most `max_len` octets.
 *
 * The largest frame must fit, and what may come between its first and its last packet: 512 packets
 * do for a call. It takes twice `packets` times `max_len` octets of memory now, and none later.
 * Writes a new object to `out_reassembler`, which the caller ends with
 * mediaseal_rtp_reassembler_free.
 *
 * Returns MEDIASEAL_OK; MEDIASEAL_ERR_PACKET_MAXIMUM for `packets` below 2 or above 32,768, or
 * `max_len` below 2 or above 65,535; MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
 */
mediaseal_status mediaseal_rtp_reassembler_new(size_t packets,
                                               size_t max_len,
                                               mediaseal_rtp_reassembler **out_reassembler);

/**
 * Takes the payload of an RTP packet, and writes to `out_ciphertext` what became of it.
 *
 * Borrows `packet` and its payload, without RTP padding; packets of padding alone are pushed too,
 * as payloads of no octets, for their numbers count. With progress MEDIASEAL_RTP_COMPLETE
 * `out_ciphertext` lends a ciphertext, which mediaseal_decryptor_decrypt may open where it lies; it
 * lives until the next call with this object. Nothing of it is authenticated before it was opened.
 * Allocates nothing.
 *
 * Returns MEDIASEAL_OK whatever the packet is: what fits nothing is MEDIASEAL_RTP_REFUSED;
 * MEDIASEAL_ERR_UNKNOWN_VALUE for a marker above 1, MEDIASEAL_ERR_OVERLAP if the payload lies in
 * what was lent, MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER,
 * MEDIASEAL_ERR_STRUCT_SIZE, MEDIASEAL_ERR_LENGTH. Exclusive use of `reassembler`. Since 0.1.
 */
mediaseal_status mediaseal_rtp_reassembler_push(mediaseal_rtp_reassembler *reassembler,
                                                const mediaseal_rtp_packet *packet,
                                                mediaseal_rtp_ciphertext *out_ciphertext);

/**
 * Ends the use of a reassembler: calls that begin later return MEDIASEAL_ERR_CLOSED, and the first
 * of them, or mediaseal_rtp_reassembler_free, gives its memory back.
 *
 * Returns MEDIASEAL_OK, also if it is closed already; MEDIASEAL_ERR_NULL_POINTER,
 * MEDIASEAL_ERR_BAD_HANDLE. Any thread, at any time. Since 0.1.
 */
mediaseal_status mediaseal_rtp_reassembler_close(mediaseal_rtp_reassembler *reassembler);

/**
 * Frees a reassembler, the last use of it and of what it lent. NULL is accepted. Since 0.1.
 */
void mediaseal_rtp_reassembler_free(mediaseal_rtp_reassembler *reassembler);

/* ==== Why a frame does not open, and what octets look like ========================================================== */

/**
 * Tells why a frame does not open, or that it does, and writes it to `out_diagnosis`.
 *
 * Borrows `octets`, `info` (NULL for the defaults) and `suspects` (NULL for none) until return.
 * Nothing changes: no counter, no replay window, no session. No plaintext leaves. It takes as long
 * as hundreds of frames for each sender that is expected, and allocates: it is for support, off the
 * media threads.
 *
 * Returns MEDIASEAL_OK whatever the frame is; MEDIASEAL_ERR_UNKNOWN_VALUE,
 * MEDIASEAL_ERR_SENDER_ID_TOO_LONG, MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED,
 * MEDIASEAL_ERR_BAD_HANDLE, MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_STRUCT_SIZE,
 * MEDIASEAL_ERR_LENGTH. Exclusive use of `decryptor`. Since 0.1.
 */
mediaseal_status mediaseal_decryptor_explain(mediaseal_decryptor *decryptor,
                                             const mediaseal_frame_info *info,
                                             const uint8_t *octets,
                                             size_t len,
                                             const mediaseal_suspects *suspects,
                                             mediaseal_diagnosis *out_diagnosis);

/**
 * Writes to `out_look` what octets look like to somebody who has no key: number `index`, from 0, of
 * the answers, the likeliest first.
 *
 * Borrows `octets`. Nothing of it is proof: a ciphertext looks like anything now and then.
 *
 * Returns MEDIASEAL_OK; MEDIASEAL_ERR_INDEX behind the last answer; MEDIASEAL_ERR_NULL_POINTER,
 * MEDIASEAL_ERR_STRUCT_SIZE, MEDIASEAL_ERR_LENGTH. Any thread, also in callbacks. Since 0.1.
 */
mediaseal_status mediaseal_look_at(const uint8_t *octets,
                                   size_t len,
                                   size_t index,
                                   mediaseal_look *out_look);

/* ==== Proof that what leaves is sealed ============================================================================== */

/**
 * Makes a sentinel for what encryptors of a store of raw keys seal.
 *
 * Writes a new object to `out_sentinel`, which the caller ends with mediaseal_sentinel_free.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Any threads at once.
 * Since 0.1.
 */
mediaseal_status mediaseal_sentinel_new(const mediaseal_key_store *store,
                                        mediaseal_sentinel **out_sentinel);

/**
 * Makes a sentinel for what encryptors of a channel seal.
 *
 * Writes a new object to `out_sentinel`, which the caller ends with mediaseal_sentinel_free.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Any threads at once.
 * Since 0.1.
 */
mediaseal_status mediaseal_sentinel_new_for_channel(const mediaseal_channel *channel,
                                                    mediaseal_sentinel **out_sentinel);

/* ==== Codecs: frames that packetizers and relays can read =========================================================== */

/**
 * Sets the codec of stream `ssrc`, as by mediaseal_encryptor_set_codec.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_CODEC_STREAMS, MEDIASEAL_ERR_UNKNOWN_VALUE,
 * MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Exclusive use of
 * `sentinel`. Since 0.1.
 */
mediaseal_status mediaseal_sentinel_set_codec(mediaseal_sentinel *sentinel,
                                              uint32_t ssrc,
                                              uint32_t codec,
                                              uint32_t nal_format);

/* ==== Proof that what leaves is sealed ============================================================================== */

/**
 * Looks at a frame, or at an RTP payload in packet mode, that the application hands to the network:
 * it must be a ciphertext of this store.
 *
 * Borrows `octets` and `info`, which is what the encryptor was given; it may be NULL. Call it where
 * the octets leave, behind all that could go wrong between encryptor and socket. It must have the
 * header of a key of this store and a CTR that the key has given out; the first, about one in 256,
 * and those whose CTR is no new one are copied, one at a time, and opened again by
 * mediaseal_proof_check. Allocates nothing and takes no lock, but at the first frame of a session
 * and after a change of keys.
 *
 * Returns MEDIASEAL_OK whatever the octets are: mediaseal_proof_check tells; MEDIASEAL_ERR_BUSY,
 * MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_STRUCT_SIZE,
 * MEDIASEAL_ERR_LENGTH. Exclusive use of `sentinel`. Since 0.1.
 */
mediaseal_status mediaseal_sentinel_observe_sent(mediaseal_sentinel *sentinel,
                                                 const mediaseal_frame_info *info,
                                                 const uint8_t *octets,
                                                 size_t len);

/**
 * Takes over changes of the keys now, so that a retired key is wiped though nothing is sent.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER.
 * Exclusive use of `sentinel`. Since 0.1.
 */
mediaseal_status mediaseal_sentinel_refresh(mediaseal_sentinel *sentinel);

/**
 * Makes an object by which any thread asks what `sentinel` has seen.
 *
 * Writes a new object to `out_proof`, which the caller ends with mediaseal_proof_free; it may
 * outlive the sentinel.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER.
 * Exclusive use of `sentinel`. Since 0.1.
 */
mediaseal_status mediaseal_sentinel_proof(mediaseal_sentinel *sentinel,
                                          mediaseal_proof **out_proof);

/**
 * Ends the use of a sentinel: calls that begin later return MEDIASEAL_ERR_CLOSED.
 *
 * Returns MEDIASEAL_OK, also if it is closed already; MEDIASEAL_ERR_NULL_POINTER,
 * MEDIASEAL_ERR_BAD_HANDLE. Any thread, at any time. Since 0.1.
 */
mediaseal_status mediaseal_sentinel_close(mediaseal_sentinel *sentinel);

/**
 * Frees a sentinel, the last use of it. NULL is accepted. Since 0.1.
 */
void mediaseal_sentinel_free(mediaseal_sentinel *sentinel);

/**
 * Opens the frame that waits for it, and writes to `out_state` how things stand. `unix_seconds` is
 * the time now, in seconds since 1970.
 *
 * Call it about once a second, off the media threads. MEDIASEAL_PROOF_ENCRYPTED is said once a
 * frame was opened; after a fault once 256 frames in a row were as they should be and one of them
 * was opened. Each change is also an event of the store, MEDIASEAL_EVENT_PROOF_CHANGED.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER,
 * MEDIASEAL_ERR_STRUCT_SIZE. Any threads at once. Since 0.1.
 */
mediaseal_status mediaseal_proof_check(const mediaseal_proof *proof,
                                       uint64_t unix_seconds,
                                       mediaseal_proof_state *out_state);

/**
 * Ends the use of a proof: calls that begin later return MEDIASEAL_ERR_CLOSED.
 *
 * Returns MEDIASEAL_OK, also if it is closed already; MEDIASEAL_ERR_NULL_POINTER,
 * MEDIASEAL_ERR_BAD_HANDLE. Any thread, at any time. Since 0.1.
 */
mediaseal_status mediaseal_proof_close(mediaseal_proof *proof);

/**
 * Frees a proof, the last use of it. NULL is accepted. Since 0.1.
 */
void mediaseal_proof_free(mediaseal_proof *proof);

/* ==== Keys sealed to people and recorders =========================================================================== */

/**
 * Draws a key pair, of one of `MEDIASEAL_KEM_...`.
 *
 * Writes a new object to `out_identity`, which the caller ends with mediaseal_identity_free; the
 * secret is wiped with it.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_GRANT_KEM, MEDIASEAL_ERR_ENTROPY, MEDIASEAL_ERR_NULL_POINTER.
 * Any thread. Since 0.1.
 */
mediaseal_status mediaseal_identity_generate(uint32_t kem,
                                             mediaseal_identity **out_identity);

/**
 * Reads a secret key from its text, "mediaseal-id-1...", which the caller wipes.
 *
 * Borrows `key_text`. Writes a new object to `out_identity`, which the caller ends with
 * mediaseal_identity_free.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_GRANT_TEXT, MEDIASEAL_ERR_GRANT_KEM, MEDIASEAL_ERR_GRANT_KEY,
 * MEDIASEAL_ERR_NOT_UTF8, MEDIASEAL_ERR_NULL_POINTER. Any thread. Since 0.1.
 */
mediaseal_status mediaseal_identity_from_text(const char *key_text,
                                              mediaseal_identity **out_identity);

/**
 * Writes a secret key as text and a zero octet to `out`, which the caller wipes; `out_len` is its
 * length without that.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_BUFFER_TOO_SMALL, MEDIASEAL_ERR_CLOSED,
 * MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
 */
mediaseal_status mediaseal_identity_to_text(const mediaseal_identity *identity,
                                            char *out,
                                            size_t capacity,
                                            size_t *out_len);

/**
 * Writes the public half to `out`, at most MEDIASEAL_RECIPIENT_MAX_LEN octets, and their number to
 * `out_len`: what keys are sealed to.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_BUFFER_TOO_SMALL, MEDIASEAL_ERR_CLOSED,
 * MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
 */
mediaseal_status mediaseal_identity_recipient(const mediaseal_identity *identity,
                                              uint8_t *out,
                                              size_t capacity,
                                              size_t *out_len);

/**
 * Ends the use of an identity and wipes it once no call uses it.
 *
 * Returns MEDIASEAL_OK, also if it is closed already; MEDIASEAL_ERR_NULL_POINTER,
 * MEDIASEAL_ERR_BAD_HANDLE. Any thread, at any time. Since 0.1.
 */
mediaseal_status mediaseal_identity_close(mediaseal_identity *identity);

/**
 * Frees an identity, the last use of it. NULL is accepted. Since 0.1.
 */
void mediaseal_identity_free(mediaseal_identity *identity);

/**
 * Writes the public half of a recipient as text and a zero octet, "mediaseal-pub-1...".
 *
 * Borrows `recipient`.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_GRANT_KEY, MEDIASEAL_ERR_GRANT_KEM,
 * MEDIASEAL_ERR_BUFFER_TOO_SMALL, MEDIASEAL_ERR_NULL_POINTER. Any thread. Since 0.1.
 */
mediaseal_status mediaseal_recipient_to_text(const uint8_t *recipient,
                                             size_t recipient_len,
                                             char *out,
                                             size_t capacity,
                                             size_t *out_len);

/**
 * Reads the public half of a recipient from text, to at most MEDIASEAL_RECIPIENT_MAX_LEN octets.
 *
 * Borrows `key_text`.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_GRANT_TEXT, MEDIASEAL_ERR_GRANT_KEY, MEDIASEAL_ERR_GRANT_KEM,
 * MEDIASEAL_ERR_BUFFER_TOO_SMALL, MEDIASEAL_ERR_NOT_UTF8, MEDIASEAL_ERR_NULL_POINTER. Any thread.
 * Since 0.1.
 */
mediaseal_status mediaseal_recipient_from_text(const char *key_text,
                                               uint8_t *out,
                                               size_t capacity,
                                               size_t *out_len);

/**
 * Draws a signature key pair (Ed25519).
 *
 * Writes a new object to `out_signer`, which the caller ends with mediaseal_signer_free; the secret
 * is wiped with it.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_ENTROPY, MEDIASEAL_ERR_NULL_POINTER. Any thread. Since 0.1.
 */
mediaseal_status mediaseal_signer_generate(mediaseal_signer **out_signer);

/**
 * Reads a secret signature key from its text, "mediaseal-signer-1...", which the caller wipes.
 *
 * Borrows `key_text`. Writes a new object to `out_signer`, which the caller ends with
 * mediaseal_signer_free.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_GRANT_TEXT, MEDIASEAL_ERR_NOT_UTF8,
 * MEDIASEAL_ERR_NULL_POINTER. Any thread. Since 0.1.
 */
mediaseal_status mediaseal_signer_from_text(const char *key_text,
                                            mediaseal_signer **out_signer);

/**
 * Writes a secret signature key as text and a zero octet to `out`, which the caller wipes.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_BUFFER_TOO_SMALL, MEDIASEAL_ERR_CLOSED,
 * MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
 */
mediaseal_status mediaseal_signer_to_text(const mediaseal_signer *signer,
                                          char *out,
                                          size_t capacity,
                                          size_t *out_len);

/**
 * Writes the public half, MEDIASEAL_SIGNER_PUBLIC_LEN octets, to `out_public`.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Any threads at once.
 * Since 0.1.
 */
mediaseal_status mediaseal_signer_public(const mediaseal_signer *signer,
                                         uint8_t *out_public);

/**
 * Ends the use of a signer and wipes it once no call uses it.
 *
 * Returns MEDIASEAL_OK, also if it is closed already; MEDIASEAL_ERR_NULL_POINTER,
 * MEDIASEAL_ERR_BAD_HANDLE. Any thread, at any time. Since 0.1.
 */
mediaseal_status mediaseal_signer_close(mediaseal_signer *signer);

/**
 * Frees a signer, the last use of it. NULL is accepted. Since 0.1.
 */
void mediaseal_signer_free(mediaseal_signer *signer);

/**
 * Seals a data encryption key, MEDIASEAL_DEK_LEN octets, to `recipient`, signed by `signer`. It
 * opens for the same `context` alone, which both sides know.
 *
 * Borrows all inputs. Writes the grant, at most MEDIASEAL_GRANT_MAX_LEN octets, to `out`, and their
 * number to `out_len`.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_GRANT_KEY, MEDIASEAL_ERR_GRANT_KEM,
 * MEDIASEAL_ERR_GRANT_TOO_LONG, MEDIASEAL_ERR_BUFFER_TOO_SMALL, MEDIASEAL_ERR_ENTROPY,
 * MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
 */
mediaseal_status mediaseal_grant_dek(const mediaseal_signer *signer,
                                     const uint8_t *dek,
                                     const uint8_t *recipient,
                                     size_t recipient_len,
                                     const uint8_t *context,
                                     size_t context_len,
                                     uint8_t *out,
                                     size_t capacity,
                                     size_t *out_len);

/**
 * Opens a grant of a data encryption key that `signer` (MEDIASEAL_SIGNER_PUBLIC_LEN octets) signed
 * for `context`.
 *
 * Borrows all inputs. Writes MEDIASEAL_DEK_LEN octets to `out_dek`, which the caller wipes; nothing
 * of it before signature and seal are right.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_GRANT_SIGNATURE, MEDIASEAL_ERR_GRANT_RECIPIENT,
 * MEDIASEAL_ERR_GRANT_DOES_NOT_OPEN, MEDIASEAL_ERR_GRANT_PAYLOAD for another kind of key,
 * MEDIASEAL_ERR_GRANT_FORM, MEDIASEAL_ERR_GRANT_VERSION, MEDIASEAL_ERR_GRANT_KEM,
 * MEDIASEAL_ERR_GRANT_KEY, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Any threads at once.
 * Since 0.1.
 */
mediaseal_status mediaseal_grant_open_dek(const mediaseal_identity *identity,
                                          const uint8_t *grant,
                                          size_t grant_len,
                                          const uint8_t *signer,
                                          const uint8_t *context,
                                          size_t context_len,
                                          uint8_t *out_dek);

/**
 * Invites `recipient`: seals the secret of the step that the channel seals with now to him, signed
 * by `signer`. He opens and seals from that step on; to keep from him what was said before, let all
 * members mediaseal_channel_advance_to first.
 *
 * Borrows all inputs. Writes the invitation, at most MEDIASEAL_GRANT_MAX_LEN octets, to `out`, and
 * their number to `out_len`.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_NO_ACTIVE_KEY, and what mediaseal_grant_dek returns. Any
 * threads at once. Since 0.1.
 */
mediaseal_status mediaseal_channel_invite(const mediaseal_channel *channel,
                                          const uint8_t *recipient,
                                          size_t recipient_len,
                                          const mediaseal_signer *signer,
                                          uint8_t *out,
                                          size_t capacity,
                                          size_t *out_len);

/**
 * Takes an invitation to a channel that is open, from the step on that was sealed. It opens frames
 * now; mediaseal_channel_activate it to seal.
 *
 * Borrows all inputs. `inviter` is the public half of who signed, MEDIASEAL_SIGNER_PUBLIC_LEN
 * octets; `cipher` is NULL for a built-in suite.
 *
 * Returns what mediaseal_grant_open_dek and mediaseal_channel_join return. Any threads at once.
 * Since 0.1.
 */
mediaseal_status mediaseal_channel_accept(const mediaseal_channel *channel,
                                          const uint8_t *invitation,
                                          size_t invitation_len,
                                          const mediaseal_identity *identity,
                                          const uint8_t *inviter,
                                          const mediaseal_cipher *cipher);

/**
 * Joins by an invitation: opens its channel in `store` and stages the generation. The rest is as in
 * mediaseal_channel_accept.
 *
 * Writes a new object to `out_channel`, which the caller ends with mediaseal_channel_free.
 *
 * Returns what mediaseal_channel_accept returns, MEDIASEAL_ERR_CHANNEL_OPEN if the channel is open
 * in this store. Any threads at once. Since 0.1.
 */
mediaseal_status mediaseal_channel_store_join(const mediaseal_channel_store *store,
                                              const uint8_t *invitation,
                                              size_t invitation_len,
                                              const mediaseal_identity *identity,
                                              const uint8_t *inviter,
                                              const mediaseal_cipher *cipher,
                                              mediaseal_channel **out_channel);

/**
 * Seals the base key of session `kid` of this side, which MEDIASEAL_EVENT_SESSION_STARTED told of,
 * to `owners`, signed by `signer`: what a recorder keeps beside frames that it cannot open.
 *
 * Borrows all inputs. Writes the octets to `out`, and their number to `out_len`.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_UNKNOWN_SEND_KEY if the session is not of this side or gone,
 * and what mediaseal_grant_dek returns. Any threads at once. Since 0.1.
 */
mediaseal_status mediaseal_channel_session_grant(const mediaseal_channel *channel,
                                                 uint64_t kid,
                                                 const mediaseal_recipient *owners,
                                                 size_t owner_count,
                                                 const mediaseal_signer *signer,
                                                 uint8_t *out,
                                                 size_t capacity,
                                                 size_t *out_len);

/**
 * Opens a session's key as an owner and adds it to `store`, of the session's suite, for receiving;
 * the key itself is not handed out. `signers` are the public halves of the senders that he knows,
 * MEDIASEAL_SIGNER_PUBLIC_LEN octets each, one behind the other.
 *
 * Borrows all inputs. Writes the KID to `out_kid`.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_GRANT_NO_STANZA, MEDIASEAL_ERR_GRANT_PAYLOAD for a store of
 * another suite, what mediaseal_grant_open_dek returns, and what mediaseal_key_store_add_receive
 * returns. Any threads at once. Since 0.1.
 */
mediaseal_status mediaseal_key_store_receive_session(const mediaseal_key_store *store,
                                                     const uint8_t *session,
                                                     size_t session_len,
                                                     const mediaseal_identity *identity,
                                                     const uint8_t *signers,
                                                     size_t signer_count,
                                                     uint64_t *out_kid);

/**
 * Writes a secret key under a passphrase of 1 to 1024 octets of UTF-8, as text and a zero octet:
 * "mediaseal-locked-id-1...".
 *
 * Borrows `passphrase`, which the caller wipes, and `params`, which
 * mediaseal_passphrase_params_generate made for this key alone. Writes at most
 * MEDIASEAL_LOCKED_KEY_TEXT_MAX_LEN characters and the zero octet; `out_len` is their number
 * without that. Takes the memory and time that `params` say, also to ask for the length.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_PASSPHRASE_LENGTH, MEDIASEAL_ERR_PASSPHRASE_PARAMS,
 * MEDIASEAL_ERR_BUFFER_TOO_SMALL, MEDIASEAL_ERR_OUT_OF_MEMORY, MEDIASEAL_ERR_ENTROPY,
 * MEDIASEAL_ERR_NOT_UTF8, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Any threads at once.
 * Since 0.1.
 */
mediaseal_status mediaseal_identity_lock(const mediaseal_identity *identity,
                                         const uint8_t *passphrase,
                                         size_t passphrase_len,
                                         const char *params,
                                         char *out,
                                         size_t capacity,
                                         size_t *out_len);

/**
 * Reads what mediaseal_identity_lock wrote.
 *
 * Borrows `key_text` and `passphrase`, which the caller wipes. Writes a new object to
 * `out_identity`, which the caller ends with mediaseal_identity_free. Takes the memory and time
 * that the text says.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_GRANT_TEXT, MEDIASEAL_ERR_GRANT_PASSPHRASE for another
 * passphrase, MEDIASEAL_ERR_PASSPHRASE_LENGTH, MEDIASEAL_ERR_GRANT_FORM, MEDIASEAL_ERR_GRANT_KEM,
 * MEDIASEAL_ERR_OUT_OF_MEMORY, MEDIASEAL_ERR_NOT_UTF8, MEDIASEAL_ERR_NULL_POINTER. Any thread.
 * Since 0.1.
 */
mediaseal_status mediaseal_identity_unlock(const char *key_text,
                                           const uint8_t *passphrase,
                                           size_t passphrase_len,
                                           mediaseal_identity **out_identity);

/**
 * Writes a secret signature key under a passphrase, as text and a zero octet:
 * "mediaseal-locked-signer-1...". The rest is as in mediaseal_identity_lock.
 *
 * Borrows `passphrase` and `params`.
 *
 * Returns what mediaseal_identity_lock returns. Any threads at once. Since 0.1.
 */
mediaseal_status mediaseal_signer_lock(const mediaseal_signer *signer,
                                       const uint8_t *passphrase,
                                       size_t passphrase_len,
                                       const char *params,
                                       char *out,
                                       size_t capacity,
                                       size_t *out_len);

/**
 * Reads what mediaseal_signer_lock wrote.
 *
 * Borrows `key_text` and `passphrase`. Writes a new object to `out_signer`, which the caller ends
 * with mediaseal_signer_free.
 *
 * Returns what mediaseal_identity_unlock returns. Any thread. Since 0.1.
 */
mediaseal_status mediaseal_signer_unlock(const char *key_text,
                                         const uint8_t *passphrase,
                                         size_t passphrase_len,
                                         mediaseal_signer **out_signer);

/* ==== Recordings ==================================================================================================== */

/**
 * Begins a recording in `folder`, which is made for this user alone on Unix if it is not there and
 * holds no recording yet.
 *
 * Borrows `folder`; copies what `options` holds; shares `signer`, the recorder's, which signs what
 * was recorded. In the profile MEDIASEAL_PROFILE_FRAMES the recorder needs no key of the call:
 * frames are recorded as they came. Writes a new object to `out_recorder`, which the caller ends
 * with mediaseal_recorder_finish and mediaseal_recorder_free. Time is the system's clock.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_RECORDING_ALREADY_THERE, MEDIASEAL_ERR_RECORDING_NO_OWNER,
 * MEDIASEAL_ERR_RECORDING_BUSY, MEDIASEAL_ERR_RECORDING_VERSION for a region that is too long,
 * MEDIASEAL_ERR_GRANT_KEY, MEDIASEAL_ERR_GRANT_KEM, MEDIASEAL_ERR_UNKNOWN_VALUE,
 * MEDIASEAL_ERR_RECORDING_IO, MEDIASEAL_ERR_DISK_FULL, MEDIASEAL_ERR_ENTROPY, MEDIASEAL_ERR_CLOSED,
 * MEDIASEAL_ERR_NOT_UTF8, MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_STRUCT_SIZE. Any thread. Since
 * 0.1.
 */
mediaseal_status mediaseal_recorder_new(const char *folder,
                                        const mediaseal_recording_options *options,
                                        const mediaseal_signer *signer,
                                        mediaseal_recorder **out_recorder);

/**
 * Goes on with the recording in `folder`, whose recorder is gone: recovers it, and continues in new
 * segments. What no signature covers yet is opened first, all of it, and then signed.
 *
 * Borrows `folder`; `identity` is an owner's; shares `signer`, which the recording was begun with.
 * Tracks that were named are there. Writes a new object to `out_recorder`, as
 * mediaseal_recorder_new does, and what was cut back or set aside to `out_recovered`, which may be
 * NULL.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_RECORDING_CLOSED if it was finished,
 * MEDIASEAL_ERR_RECORDING_SIGNER for another signer, MEDIASEAL_ERR_RECORDING_DAMAGED: nothing was
 * signed then; MEDIASEAL_ERR_GRANT_NO_STANZA for an identity that is no owner's,
 * MEDIASEAL_ERR_GRANT_SIGNATURE, MEDIASEAL_ERR_RECORDING_KEY, MEDIASEAL_ERR_RECORDING_BUSY,
 * MEDIASEAL_ERR_RECORDING_NOT_THERE, MEDIASEAL_ERR_RECORDING_VERSION, MEDIASEAL_ERR_RECORDING_IO,
 * MEDIASEAL_ERR_DISK_FULL, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NOT_UTF8,
 * MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_STRUCT_SIZE. Any thread. Since 0.1.
 */
mediaseal_status mediaseal_recorder_resume(const char *folder,
                                           const mediaseal_identity *identity,
                                           const mediaseal_signer *signer,
                                           mediaseal_recorder **out_recorder,
                                           mediaseal_recovered *out_recovered);

/**
 * Names a track, of 0 to 65,535: what its frames are, by a MEDIASEAL_CODEC_ number and the form of
 * its NAL units, MEDIASEAL_NAL_ANNEX_B also for codecs that have none. `flags` are any of
 * `MEDIASEAL_TRACK_...`.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_RECORDING_TRACK if its number is taken, or 1,024 are,
 * MEDIASEAL_ERR_UNKNOWN_VALUE, MEDIASEAL_ERR_RECORDING_STOPPED, MEDIASEAL_ERR_FORKED,
 * MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Exclusive use of
 * `recorder`. Since 0.1.
 */
mediaseal_status mediaseal_recorder_add_track(mediaseal_recorder *recorder,
                                              uint32_t track,
                                              uint32_t codec,
                                              uint32_t nal_format,
                                              uint32_t flags);

/**
 * Keeps what mediaseal_channel_session_grant made of a session's key for the owners. It may come
 * before the first frame or after the last.
 *
 * Borrows `session`.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_RECORDING_ALREADY_THERE if another one was handed over for
 * this KID, which is kept; MEDIASEAL_ERR_GRANT_FORM, and what mediaseal_recorder_tick returns.
 * Exclusive use of `recorder`. Since 0.1.
 */
mediaseal_status mediaseal_recorder_add_grant(mediaseal_recorder *recorder,
                                              const uint8_t *session,
                                              size_t session_len);

/**
 * Records a frame. It survives a crash once mediaseal_recorder_tick or mediaseal_recorder_flush has
 * committed it.
 *
 * Borrows `frame`. Writes to `out_written`, which may be NULL, whether its session's key is
 * missing.
 *
 * Returns MEDIASEAL_OK; MEDIASEAL_ERR_RECORDING_TRACK, MEDIASEAL_ERR_FRAME_TOO_LONG,
 * MEDIASEAL_ERR_SENDER_ID_TOO_LONG, MEDIASEAL_ERR_UNKNOWN_VALUE: drop the frame; after any other
 * status the recorder has stopped: what mediaseal_recorder_tick returns. Exclusive use of
 * `recorder`. Since 0.1.
 */
mediaseal_status mediaseal_recorder_write_frame(mediaseal_recorder *recorder,
                                                const mediaseal_recorded_frame *frame,
                                                mediaseal_written *out_written);

/**
 * Commits what has waited long enough. Call it at least twice a second, whether frames come or not:
 * then a crash costs at most the last second or 256 KiB.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_RECORDING_IO, MEDIASEAL_ERR_DISK_FULL; after these
 * MEDIASEAL_ERR_RECORDING_STOPPED; MEDIASEAL_ERR_FORKED, MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED,
 * MEDIASEAL_ERR_NULL_POINTER. Exclusive use of `recorder`. Since 0.1.
 */
mediaseal_status mediaseal_recorder_tick(mediaseal_recorder *recorder);

/**
 * Commits everything now: once it returns it survives a crash.
 *
 * Returns what mediaseal_recorder_tick returns. Exclusive use of `recorder`. Since 0.1.
 */
mediaseal_status mediaseal_recorder_flush(mediaseal_recorder *recorder);

/**
 * Closes the recording: ends its segments and signs the whole. The recorder is of no use
 * afterwards, whatever this returns: later calls return MEDIASEAL_ERR_CLOSED.
 *
 * Writes what the recording is to `out_closed`, which may be NULL.
 *
 * Returns what mediaseal_recorder_tick returns. Exclusive use of `recorder`. Since 0.1.
 */
mediaseal_status mediaseal_recorder_finish(mediaseal_recorder *recorder,
                                           mediaseal_recording_closed *out_closed);

/**
 * Ends the use of a recorder. One that was not finished leaves what a crash would: everything that
 * was committed.
 *
 * Returns MEDIASEAL_OK, also if it is closed already; MEDIASEAL_ERR_NULL_POINTER,
 * MEDIASEAL_ERR_BAD_HANDLE. Any thread, at any time. Since 0.1.
 */
mediaseal_status mediaseal_recorder_close(mediaseal_recorder *recorder);

/**
 * Frees a recorder, the last use of it. NULL is accepted. Since 0.1.
 */
void mediaseal_recorder_free(mediaseal_recorder *recorder);

/**
 * Checks hashes, chain and signatures of the recording in `folder`, without any key of it.
 * `recorder` is the public half of the signer that the caller trusts, MEDIASEAL_SIGNER_PUBLIC_LEN
 * octets; NULL if he has none: then it is at best MEDIASEAL_RECORDING_CONSISTENT.
 *
 * Borrows all inputs. Writes what it found to `out_found`. It shows that the files are what the
 * recorder wrote, not that the media open.
 *
 * Returns MEDIASEAL_OK, whatever the verdict; MEDIASEAL_ERR_RECORDING_NOT_THERE,
 * MEDIASEAL_ERR_RECORDING_VERSION, MEDIASEAL_ERR_RECORDING_IO, MEDIASEAL_ERR_GRANT_KEY,
 * MEDIASEAL_ERR_NOT_UTF8, MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_STRUCT_SIZE. Any thread. Since
 * 0.1.
 */
mediaseal_status mediaseal_recording_verify(const char *folder,
                                            const uint8_t *recorder,
                                            mediaseal_recording_found *out_found);

/**
 * Closes the segments of a recording where their last commits are, after a crash of its recorder.
 * It needs no key. On a recording that is whole it does nothing.
 *
 * Borrows `folder`. Writes what was cut back to `out_recovered`, which may be NULL.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_RECORDING_DAMAGED if more is missing than a crash can take:
 * then nothing is changed; MEDIASEAL_ERR_RECORDING_BUSY while a recorder has it,
 * MEDIASEAL_ERR_RECORDING_NOT_THERE, MEDIASEAL_ERR_RECORDING_VERSION, MEDIASEAL_ERR_RECORDING_IO,
 * MEDIASEAL_ERR_DISK_FULL, MEDIASEAL_ERR_NOT_UTF8, MEDIASEAL_ERR_NULL_POINTER,
 * MEDIASEAL_ERR_STRUCT_SIZE. Any thread. Since 0.1.
 */
mediaseal_status mediaseal_recording_recover(const char *folder,
                                             mediaseal_recovered *out_recovered);

/**
 * Writes a file that players play for each track and sender of the recording in `folder` into the
 * folder `to`, which is there: MP4, WebM or Ogg, for this user alone on Unix. Files that are there
 * already are not written over.
 *
 * Borrows all inputs; `identity` is an owner's. Frames of the profile MEDIASEAL_PROFILE_FRAMES are
 * opened by the grants of those senders whose signers `options` names, under built-in suites and
 * the ciphers that it has; what does not open is left out and counted. An export is a plain copy
 * that nobody can verify any more: keep the recording. Writes what it did to `out_report`, which
 * may be NULL; with other statuses than MEDIASEAL_OK files may be there that are incomplete.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_GRANT_NO_STANZA for an identity that is no owner's,
 * MEDIASEAL_ERR_GRANT_SIGNATURE for another recorder's, MEDIASEAL_ERR_RECORDING_KEY,
 * MEDIASEAL_ERR_RECORDING_DAMAGED, MEDIASEAL_ERR_RECORDING_NOT_THERE also without the folder `to`,
 * MEDIASEAL_ERR_RECORDING_ALREADY_THERE for a file, MEDIASEAL_ERR_STOPPED,
 * MEDIASEAL_ERR_RECORDING_IO, MEDIASEAL_ERR_DISK_FULL, MEDIASEAL_ERR_RECORDING_VERSION,
 * MEDIASEAL_ERR_GRANT_KEY, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_UNKNOWN_VALUE, MEDIASEAL_ERR_LENGTH,
 * MEDIASEAL_ERR_NOT_UTF8, MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_STRUCT_SIZE. Any thread. Since
 * 0.1.
 */
mediaseal_status mediaseal_recording_export(const char *folder,
                                            const char *to,
                                            const mediaseal_identity *identity,
                                            const mediaseal_export_options *options,
                                            mediaseal_export_report *out_report);

/* ==== Recordings, frame by frame ==================================================================================== */

/**
 * Opens the recording in `folder`, of either profile, closed or growing, to be played from the
 * first frame of each track on.
 *
 * Borrows `folder`; copies what `options` holds, and shares its ciphers and `identity`, which is an
 * owner's. Frames of the profile MEDIASEAL_PROFILE_FRAMES are opened by the grants of those senders
 * whose signers `options` names, under built-in suites and the ciphers that it has. All that is
 * played is authentic; whether it is all there is what mediaseal_recording_verify says. Writes a
 * new object to `out_player`, which the caller ends with mediaseal_player_free.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_GRANT_NO_STANZA for an identity that is no owner's,
 * MEDIASEAL_ERR_GRANT_SIGNATURE for another recorder's, MEDIASEAL_ERR_RECORDING_KEY,
 * MEDIASEAL_ERR_RECORDING_NOT_THERE, MEDIASEAL_ERR_RECORDING_DAMAGED,
 * MEDIASEAL_ERR_RECORDING_VERSION, MEDIASEAL_ERR_RECORDING_IO, MEDIASEAL_ERR_GRANT_KEY,
 * MEDIASEAL_ERR_GRANT_DOES_NOT_OPEN, MEDIASEAL_ERR_GRANT_PAYLOAD, MEDIASEAL_ERR_CLOSED,
 * MEDIASEAL_ERR_UNKNOWN_VALUE, MEDIASEAL_ERR_LENGTH, MEDIASEAL_ERR_NOT_UTF8,
 * MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_STRUCT_SIZE. Any thread. Since 0.1.
 */
mediaseal_status mediaseal_player_new(const char *folder,
                                      const mediaseal_identity *identity,
                                      const mediaseal_player_options *options,
                                      mediaseal_player **out_player);

/**
 * Reads what was recorded and granted since, and writes what there is to `out_state`. A recording
 * that grows is followed by calling this once in a while, and each track is then read to
 * MEDIASEAL_ERR_INDEX: also the last time, when it is closed. Grants that did not open are not
 * tried again: who becomes an owner later makes another player.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_RECORDING_VERSION for something that a newer library wrote,
 * MEDIASEAL_ERR_RECORDING_NOT_THERE, MEDIASEAL_ERR_RECORDING_IO, MEDIASEAL_ERR_BUSY,
 * MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_STRUCT_SIZE. Exclusive use of
 * `player`. Since 0.1.
 */
mediaseal_status mediaseal_player_refresh(mediaseal_player *player,
                                          mediaseal_player_state *out_state);

/**
 * Writes a track to `out_track`: number `index`, from 0, in the order of their numbers.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_INDEX behind the last track, MEDIASEAL_ERR_BUSY,
 * MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_STRUCT_SIZE. Exclusive use of
 * `player`. Since 0.1.
 */
mediaseal_status mediaseal_player_track(mediaseal_player *player,
                                        size_t index,
                                        mediaseal_recorded_track *out_track);

/**
 * Goes to where a segment of the track begins at or before `micros`, or to the first one; to the
 * end of what is recorded so far if all frames are earlier. Frames before `micros` come first: a
 * decoder needs them, nobody need see them. A segment begins with a key frame where the stream has
 * one at least every five seconds, and is below 13 Mbit/s: if its first frame is none, seek to a
 * microsecond before that. What was opened before opens again.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_RECORDING_TRACK if there is no such track,
 * MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Exclusive use of `player`.
 * Since 0.1.
 */
mediaseal_status mediaseal_player_seek(mediaseal_player *player,
                                       uint32_t track,
                                       uint64_t micros);

/**
 * Writes the next frame of a track to `out_frame`, which lends it: sender and octets live until the
 * next call with this object but mediaseal_player_close, or mediaseal_player_free, and the octets
 * are wiped then. Each track has a place of its own. A frame whose session was not granted so far
 * is passed: seek back once mediaseal_player_refresh found its grant.
 *
 * Returns MEDIASEAL_OK, also for a frame that did not open: `status` of the frame says why;
 * MEDIASEAL_ERR_INDEX at the end of what is recorded so far; MEDIASEAL_ERR_RECORDING_DAMAGED if
 * what comes next is not as it was recorded: the next call goes on behind it;
 * MEDIASEAL_ERR_RECORDING_TRACK if there is no such track, MEDIASEAL_ERR_RECORDING_VERSION,
 * MEDIASEAL_ERR_RECORDING_NOT_THERE, MEDIASEAL_ERR_RECORDING_IO, MEDIASEAL_ERR_BUSY,
 * MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_STRUCT_SIZE. The frame's own
 * `status` is MEDIASEAL_ERR_NOT_BEGUN then. Exclusive use of `player`. Since 0.1.
 */
mediaseal_status mediaseal_player_next_frame(mediaseal_player *player,
                                             uint32_t track,
                                             mediaseal_played_frame *out_frame);

/**
 * Ends the use of a player: calls that begin later return MEDIASEAL_ERR_CLOSED, and the first of
 * them, or mediaseal_player_free, wipes its keys.
 *
 * Returns MEDIASEAL_OK, also if it is closed already; MEDIASEAL_ERR_NULL_POINTER,
 * MEDIASEAL_ERR_BAD_HANDLE. Any thread, at any time. Since 0.1.
 */
mediaseal_status mediaseal_player_close(mediaseal_player *player);

/**
 * Frees a player, the last use of it and of what it lent. NULL is accepted. Since 0.1.
 */
void mediaseal_player_free(mediaseal_player *player);

#if defined(MEDIASEAL_CUSTODY)
/* ==== Who holds key encryption keys (libraries with the feature custody) ============================================ */

/**
 * Makes a store of KEKs in the file `path`, for this user alone on Unix, sealed under a passphrase,
 * and opens it as a provider.
 *
 * Borrows `path`, `region` (where it is; NULL if it does not matter), `passphrase` and `params`,
 * which mediaseal_passphrase_params_generate made; the caller wipes his passphrase. Writes a new
 * object to `out_provider`, which the caller ends with mediaseal_provider_free. It is opened later
 * by mediaseal_provider_open with the URL `file:PATH`.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_VAULT_ARGUMENT if there is a store already,
 * MEDIASEAL_ERR_PASSPHRASE_LENGTH, MEDIASEAL_ERR_PASSPHRASE_PARAMS,
 * MEDIASEAL_ERR_PROVIDER_UNAVAILABLE for a full disk, MEDIASEAL_ERR_OUT_OF_MEMORY,
 * MEDIASEAL_ERR_ENTROPY, MEDIASEAL_ERR_NOT_UTF8, MEDIASEAL_ERR_NULL_POINTER. Any thread. Since 0.1.
 */
mediaseal_status mediaseal_provider_create_file(const char *path,
                                                const char *region,
                                                const uint8_t *passphrase,
                                                size_t passphrase_len,
                                                const char *params,
                                                mediaseal_provider **out_provider);
#endif

#if defined(MEDIASEAL_CUSTODY)
/**
 * Opens the provider that a URL names; it makes none. `file:PATH[?region=REGION]`, and
 * `awskms:REGION...` in a library with the feature `awskms`.
 *
 * Borrows `url`, which holds no secret: `secret` is asked for those; it may be NULL for a provider
 * that needs none. `secret` and `user_data` are consumed, on success alone; `destroy`, which may be
 * NULL, ends `user_data`. Writes a new object to `out_provider`, which the caller ends with
 * mediaseal_provider_free.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_VAULT_ARGUMENT for a URL that cannot be read, of a scheme
 * that this library has not, or that names no store, MEDIASEAL_ERR_PROVIDER_ACCESS for a secret
 * that is missing or wrong, MEDIASEAL_ERR_PROVIDER_UNAVAILABLE, MEDIASEAL_ERR_VAULT_DAMAGED,
 * MEDIASEAL_ERR_NOT_UTF8, MEDIASEAL_ERR_NULL_POINTER. Any thread. Since 0.1.
 */
mediaseal_status mediaseal_provider_open(const char *url,
                                         mediaseal_secret_callback secret,
                                         void *user_data,
                                         mediaseal_destructor destroy,
                                         mediaseal_provider **out_provider);
#endif

#if (defined(MEDIASEAL_CUSTODY) && defined(MEDIASEAL_PKCS11))
/**
 * Opens a token of a PKCS #11 module, `pkcs11:token=...` (RFC 7512), as a provider.
 *
 * `module` is the module's absolute path: a library whose code runs in this process, so it comes
 * from the application and no URL names one. The rest is as in mediaseal_provider_open; `secret` is
 * asked for MEDIASEAL_SECRET_PIN whenever a session is logged in.
 *
 * Returns what mediaseal_provider_open returns, MEDIASEAL_ERR_PROVIDER_UNSUPPORTED for a token
 * without AES-GCM and AES-KW, MEDIASEAL_ERR_PROVIDER_FAILED for a file that is no module. Any
 * thread. Since 0.1.
 */
mediaseal_status mediaseal_provider_open_pkcs11(const char *module,
                                                const char *url,
                                                mediaseal_secret_callback secret,
                                                void *user_data,
                                                mediaseal_destructor destroy,
                                                mediaseal_provider **out_provider);
#endif

#if defined(MEDIASEAL_CUSTODY)
/**
 * Makes a provider of functions of the application, which can be used wherever one of a URL can.
 *
 * Copies `vtable`; consumes its user_data, on success alone. Writes a new object to `out_provider`,
 * which the caller ends with mediaseal_provider_free. What the functions write is looked at: a key
 * that comes back as it went in, nothing at all, or octets outside of the room are
 * MEDIASEAL_ERR_PROVIDER_FAILED, and nothing of it is used.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_NULL_POINTER also for a function that is missing,
 * MEDIASEAL_ERR_VAULT_ARGUMENT for names that there cannot be, MEDIASEAL_ERR_UNKNOWN_VALUE,
 * MEDIASEAL_ERR_STRUCT_SIZE, MEDIASEAL_ERR_NOT_UTF8. Any thread. Since 0.1.
 */
mediaseal_status mediaseal_provider_new(const mediaseal_provider_vtable *vtable,
                                        mediaseal_provider **out_provider);
#endif

#if defined(MEDIASEAL_CUSTODY)
/**
 * Writes what a provider says of itself to `out_info`.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER,
 * MEDIASEAL_ERR_STRUCT_SIZE. Any threads at once. Since 0.1.
 */
mediaseal_status mediaseal_provider_describe(const mediaseal_provider *provider,
                                             mediaseal_provider_info *out_info);
#endif

#if defined(MEDIASEAL_CUSTODY)
/**
 * Changes the passphrase of a `file:` store: all its KEKs are sealed anew under the new one; what
 * they wrapped stays as it is. Copies of the old file still open with the old passphrase, and other
 * objects over the same file are refused until they are opened anew.
 *
 * Borrows the passphrases, which the caller wipes, and `params`, which
 * mediaseal_passphrase_params_generate made anew.
 *
 * Returns MEDIASEAL_OK; MEDIASEAL_ERR_PROVIDER_ACCESS if `old_passphrase` is wrong: nothing is
 * changed then, or with any other status; MEDIASEAL_ERR_PROVIDER_UNSUPPORTED for a provider of
 * another kind, MEDIASEAL_ERR_PASSPHRASE_LENGTH, MEDIASEAL_ERR_PASSPHRASE_PARAMS,
 * MEDIASEAL_ERR_PROVIDER_UNAVAILABLE, MEDIASEAL_ERR_VAULT_DAMAGED, MEDIASEAL_ERR_OUT_OF_MEMORY,
 * MEDIASEAL_ERR_NOT_UTF8, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Any threads at once.
 * Since 0.1.
 */
mediaseal_status mediaseal_provider_change_passphrase(const mediaseal_provider *provider,
                                                      const uint8_t *old_passphrase,
                                                      size_t old_len,
                                                      const uint8_t *new_passphrase,
                                                      size_t new_len,
                                                      const char *params);
#endif

#if defined(MEDIASEAL_CUSTODY)
/**
 * Looks whether the file of a `file:` store is whole, and every KEK in it opens.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_VAULT_DAMAGED, MEDIASEAL_ERR_PROVIDER_UNSUPPORTED for a
 * provider of another kind, MEDIASEAL_ERR_PROVIDER_ACCESS if its passphrase was changed by another
 * object, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
 */
mediaseal_status mediaseal_provider_verify(const mediaseal_provider *provider);
#endif

#if defined(MEDIASEAL_CUSTODY)
/**
 * Ends the use of a provider by this object; custody that was opened with it goes on with it.
 *
 * Returns MEDIASEAL_OK, also if it is closed already; MEDIASEAL_ERR_NULL_POINTER,
 * MEDIASEAL_ERR_BAD_HANDLE. Any thread, at any time. Since 0.1.
 */
mediaseal_status mediaseal_provider_close(mediaseal_provider *provider);
#endif

#if defined(MEDIASEAL_CUSTODY)
/**
 * Frees a provider, the last use of it. NULL is accepted. Since 0.1.
 */
void mediaseal_provider_free(mediaseal_provider *provider);
#endif

#if (defined(MEDIASEAL_CUSTODY) && defined(MEDIASEAL_KEYCHAIN))
/**
 * Makes a provider whose KEKs are in a file and whose master key is in a keychain of the
 * application's: `keychain:PATH?service=NAME&user=NAME[&region=REGION]`.
 *
 * Borrows `url`; copies `keychain` and consumes its user_data, on success alone. Which keychain it
 * asks (Secret Service, macOS Keychain, Windows Credential Manager, one of its own) is the
 * application's choice. Draws the master key, makes the file for this user alone on Unix, and
 * writes a new object to `out_provider`, which the caller ends with mediaseal_provider_free. Later
 * it is opened by mediaseal_provider_open_keychain.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_VAULT_ARGUMENT for a URL that is none, or if entry or file is
 * there already; MEDIASEAL_ERR_PROVIDER_UNAVAILABLE if the keychain is locked or away,
 * MEDIASEAL_ERR_PROVIDER_FAILED if it did not keep the key, MEDIASEAL_ERR_ENTROPY,
 * MEDIASEAL_ERR_NULL_POINTER also for a function that is missing, MEDIASEAL_ERR_UNKNOWN_VALUE,
 * MEDIASEAL_ERR_STRUCT_SIZE, MEDIASEAL_ERR_NOT_UTF8. Any thread. Since 0.1.
 */
mediaseal_status mediaseal_provider_create_keychain(const char *url,
                                                    const mediaseal_keychain_vtable *keychain,
                                                    mediaseal_provider **out_provider);
#endif

#if (defined(MEDIASEAL_CUSTODY) && defined(MEDIASEAL_KEYCHAIN))
/**
 * Opens what mediaseal_provider_create_keychain made.
 *
 * Borrows `url`; copies `keychain` and consumes its user_data, on success alone. Writes a new
 * object to `out_provider`, which the caller ends with mediaseal_provider_free.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_PROVIDER_ACCESS if the keychain has no master key of this
 * name, or another file's; MEDIASEAL_ERR_VAULT_ARGUMENT if there is no file, or it is of another
 * region; MEDIASEAL_ERR_VAULT_DAMAGED, and what mediaseal_provider_create_keychain returns. Any
 * thread. Since 0.1.
 */
mediaseal_status mediaseal_provider_open_keychain(const char *url,
                                                  const mediaseal_keychain_vtable *keychain,
                                                  mediaseal_provider **out_provider);
#endif

#if (defined(MEDIASEAL_CUSTODY) && defined(MEDIASEAL_KEYCHAIN))
/**
 * Takes a new master key for a provider over a keychain: all its KEKs are sealed anew; what they
 * wrapped stays as it is. Cut short at any point, mediaseal_provider_open_keychain opens with the
 * old one or the new.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_PROVIDER_UNSUPPORTED for a provider of another kind,
 * MEDIASEAL_ERR_PROVIDER_UNAVAILABLE, MEDIASEAL_ERR_PROVIDER_ACCESS, MEDIASEAL_ERR_VAULT_DAMAGED,
 * MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
 */
mediaseal_status mediaseal_provider_rotate_master(const mediaseal_provider *provider);
#endif

#if defined(MEDIASEAL_CUSTODY)
/* ==== Keys in custody (libraries with the feature custody) ========================================================== */

/**
 * Makes a store of custody in the file `path`, for this user alone on Unix, and opens it.
 *
 * Borrows `path`; copies what `options` holds, shares its providers, and consumes the user_data of
 * its callbacks, on success alone. Writes a new object to `out_custody`, which the caller ends with
 * mediaseal_custody_free. Time is the system's clock, unless `options` have another.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_VAULT_ARGUMENT if there is a store already, a provider is
 * given twice or not at all, who decides is said not once, or roles do not go together,
 * MEDIASEAL_ERR_NULL_POINTER also without an audit callback, MEDIASEAL_ERR_UNKNOWN_VALUE,
 * MEDIASEAL_ERR_DISK_FULL, MEDIASEAL_ERR_VAULT_STORE, MEDIASEAL_ERR_CLOSED,
 * MEDIASEAL_ERR_STRUCT_SIZE, MEDIASEAL_ERR_NOT_UTF8. Any thread. Since 0.1.
 */
mediaseal_status mediaseal_custody_create(const char *path,
                                          const mediaseal_custody_options *options,
                                          mediaseal_custody **out_custody);
#endif

#if defined(MEDIASEAL_CUSTODY)
/**
 * Opens the store of custody in the file `path`. It makes none: a wrong path must not look like a
 * store without keys.
 *
 * The rest is as in mediaseal_custody_create. A store may be open in several processes; a forked
 * process opens its own.
 *
 * Returns what mediaseal_custody_create returns, MEDIASEAL_ERR_KEY_NOT_FOUND if there is no store,
 * MEDIASEAL_ERR_VAULT_DAMAGED. Any thread. Since 0.1.
 */
mediaseal_status mediaseal_custody_open(const char *path,
                                        const mediaseal_custody_options *options,
                                        mediaseal_custody **out_custody);
#endif

#if defined(MEDIASEAL_CUSTODY)
/**
 * Does what time asks for: activates keys whose time has come, deactivates those whose cryptoperiod
 * is over, and tells providers what they could not be told before. Call it once a minute or so; a
 * key whose period is over wraps nothing even if nobody called.
 *
 * Writes what it did to `out_report`, which may be NULL; what fails for one key is counted there
 * and tried again at the next call.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_VAULT_DAMAGED, MEDIASEAL_ERR_VAULT_STORE,
 * MEDIASEAL_ERR_VAULT_BUSY, MEDIASEAL_ERR_FORKED, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER,
 * MEDIASEAL_ERR_STRUCT_SIZE. Any threads at once. Since 0.1.
 */
mediaseal_status mediaseal_custody_tick(const mediaseal_custody *custody,
                                        mediaseal_tick_report *out_report);
#endif

#if defined(MEDIASEAL_CUSTODY)
/**
 * Writes to `out_count` how many events could not be written down and were not needed to be, such
 * as refusals.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Any threads at once.
 * Since 0.1.
 */
mediaseal_status mediaseal_custody_unrecorded(const mediaseal_custody *custody,
                                              uint64_t *out_count);
#endif

#if defined(MEDIASEAL_CUSTODY)
/**
 * Ends the use of custody: calls that begin later return MEDIASEAL_ERR_CLOSED.
 *
 * Returns MEDIASEAL_OK, also if it is closed already; MEDIASEAL_ERR_NULL_POINTER,
 * MEDIASEAL_ERR_BAD_HANDLE. Any thread, at any time. Since 0.1.
 */
mediaseal_status mediaseal_custody_close(mediaseal_custody *custody);
#endif

#if defined(MEDIASEAL_CUSTODY)
/**
 * Frees custody, the last use of it. NULL is accepted. Since 0.1.
 */
void mediaseal_custody_free(mediaseal_custody *custody);
#endif

#if defined(MEDIASEAL_CUSTODY)
/**
 * Makes a KEK for a tenant, a region and a purpose, of which there is one. If an earlier call for
 * the same was cut short, this one finishes it.
 *
 * Borrows `access` and `new_kek`. Writes its id and version to `out_kek`.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_VAULT_ARGUMENT if there is one of that use or for names that
 * there cannot be, MEDIASEAL_ERR_REGION_FORBIDDEN, MEDIASEAL_ERR_KEY_NOT_FOUND for another provider
 * than custody has, what the provider says (`MEDIASEAL_ERR_PROVIDER_...`), and what every call on
 * behalf of somebody may: MEDIASEAL_ERR_NOT_AUTHORIZED, MEDIASEAL_ERR_AUDIT,
 * MEDIASEAL_ERR_VAULT_BUSY, MEDIASEAL_ERR_DISK_FULL, MEDIASEAL_ERR_VAULT_DAMAGED,
 * MEDIASEAL_ERR_VAULT_STORE, MEDIASEAL_ERR_FORKED, MEDIASEAL_ERR_UNKNOWN_VALUE,
 * MEDIASEAL_ERR_NOT_UTF8, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER,
 * MEDIASEAL_ERR_STRUCT_SIZE. Any threads at once. Since 0.1.
 */
mediaseal_status mediaseal_custody_create_kek(const mediaseal_custody *custody,
                                              const mediaseal_access *access,
                                              const mediaseal_new_kek *new_kek,
                                              mediaseal_kek *out_kek);
#endif

#if defined(MEDIASEAL_CUSTODY)
/**
 * Makes the next version of a KEK, active at once, and deactivates the one before. Keys under that
 * are wrapped anew when they are opened, or by mediaseal_custody_sweep; data is not touched.
 *
 * Borrows `access` and `kek_id`. Writes the new version to `out_kek`.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_KEY_NOT_FOUND, MEDIASEAL_ERR_KEY_STATE in pre-activation,
 * MEDIASEAL_ERR_KEY_DESTROYED, and what mediaseal_custody_create_kek returns. Any threads at once.
 * Since 0.1.
 */
mediaseal_status mediaseal_custody_rotate_kek(const mediaseal_custody *custody,
                                              const mediaseal_access *access,
                                              const char *kek_id,
                                              mediaseal_kek *out_kek);
#endif

#if defined(MEDIASEAL_CUSTODY)
/**
 * Moves a KEK to another provider of custody, which mediaseal_provider_describe names: the next
 * version is made there. The keys under the former ones follow by mediaseal_custody_sweep.
 *
 * Borrows `access` and the texts. Writes the new version to `out_kek`.
 *
 * Returns what mediaseal_custody_rotate_kek returns. Any threads at once. Since 0.1.
 */
mediaseal_status mediaseal_custody_move_kek(const mediaseal_custody *custody,
                                            const mediaseal_access *access,
                                            const char *kek_id,
                                            const char *provider_scheme,
                                            const char *provider_id,
                                            mediaseal_kek *out_kek);
#endif

#if defined(MEDIASEAL_CUSTODY)
/**
 * Tells `hear` of all versions of all KEKs as they are at this moment, the latest version of each
 * first.
 *
 * Borrows `access` and `user_data`. `hear` must not call the library.
 *
 * Returns MEDIASEAL_OK and what mediaseal_custody_create_kek returns for every call. Any threads at
 * once. Since 0.1.
 */
mediaseal_status mediaseal_custody_list_keks(const mediaseal_custody *custody,
                                             const mediaseal_access *access,
                                             mediaseal_kek_callback hear,
                                             void *user_data);
#endif

#if defined(MEDIASEAL_CUSTODY)
/**
 * Writes what is known of one version of a KEK to `out_info`; version 0 stands for the latest.
 *
 * Borrows `access` and `kek_id`.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_KEY_NOT_FOUND, and what mediaseal_custody_create_kek returns
 * for every call. Any threads at once. Since 0.1.
 */
mediaseal_status mediaseal_custody_describe_kek(const mediaseal_custody *custody,
                                                const mediaseal_access *access,
                                                const char *kek_id,
                                                uint32_t version,
                                                mediaseal_kek_info *out_info);
#endif

#if defined(MEDIASEAL_CUSTODY)
/**
 * Gives one version of a KEK another state, for a reason that its history keeps.
 * MEDIASEAL_KEY_STATE_DESTROYED is mediaseal_custody_destroy_kek's.
 *
 * Borrows `access` and the texts. Writes to `out_enforced`, which may be NULL, who enforces the
 * state: one of `MEDIASEAL_ENFORCED_...`.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_KEY_TRANSITION, MEDIASEAL_ERR_KEY_NOT_FOUND,
 * MEDIASEAL_ERR_KEY_DESTROYED, and what mediaseal_custody_create_kek returns. Any threads at once.
 * Since 0.1.
 */
mediaseal_status mediaseal_custody_set_state(const mediaseal_custody *custody,
                                             const mediaseal_access *access,
                                             const char *kek_id,
                                             uint32_t version,
                                             uint32_t state,
                                             const char *reason,
                                             uint32_t *out_enforced);
#endif

#if defined(MEDIASEAL_CUSTODY)
/**
 * Puts a deactivated or compromised version of a KEK into the archive: it opens nothing until
 * mediaseal_custody_restore_kek.
 *
 * Borrows `access` and the texts.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_KEY_STATE in other states, and what
 * mediaseal_custody_set_state returns. Any threads at once. Since 0.1.
 */
mediaseal_status mediaseal_custody_archive_kek(const mediaseal_custody *custody,
                                               const mediaseal_access *access,
                                               const char *kek_id,
                                               uint32_t version,
                                               const char *reason);
#endif

#if defined(MEDIASEAL_CUSTODY)
/**
 * Takes a version of a KEK out of the archive, in the state that it went in with.
 *
 * Borrows `access` and the texts.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_VAULT_ARGUMENT if it is not archived, and what
 * mediaseal_custody_set_state returns. Any threads at once. Since 0.1.
 */
mediaseal_status mediaseal_custody_restore_kek(const mediaseal_custody *custody,
                                               const mediaseal_access *access,
                                               const char *kek_id,
                                               uint32_t version,
                                               const char *reason);
#endif

#if defined(MEDIASEAL_CUSTODY)
/**
 * Destroys one version of a KEK, which is in pre-activation, deactivated or compromised, and leaves
 * a tombstone. `mode` is one of `MEDIASEAL_DESTROY_...`, `survivors` one of
 * `MEDIASEAL_SURVIVORS_...`.
 *
 * Borrows `access` and the texts. Writes what is left to `out_tombstone`, which may be NULL. Where
 * the provider cannot be reached, the key is out of use already and mediaseal_custody_tick asks
 * again. Wrapped keys that are not of the store, such as those of recordings, are the caller's to
 * wrap anew before.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_KEY_TRANSITION in other states, MEDIASEAL_ERR_KEY_STATE if
 * DEKs are left that must not be, MEDIASEAL_ERR_KEY_DESTROYED, and what mediaseal_custody_set_state
 * returns. Any threads at once. Since 0.1.
 */
mediaseal_status mediaseal_custody_destroy_kek(const mediaseal_custody *custody,
                                               const mediaseal_access *access,
                                               const char *kek_id,
                                               uint32_t version,
                                               uint32_t mode,
                                               uint32_t survivors,
                                               const char *reason,
                                               mediaseal_tombstone *out_tombstone);
#endif

#if defined(MEDIASEAL_CUSTODY)
/**
 * Wraps all DEKs of the store that are under former versions of a KEK anew under the current one,
 * `batch` (1 to 10,000) in a transaction. It remembers nothing, and can be stopped, killed and
 * begun again.
 *
 * Borrows `access`, `kek_id` and `user_data`. `hear`, which may be NULL, hears of each batch, may
 * stop it, and must not call the library. Writes how far it came to `out_progress`, which may be
 * NULL; keys that failed are left as they are and counted.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_STOPPED, MEDIASEAL_ERR_KEY_STATE if no version is active, and
 * what mediaseal_custody_rotate_kek returns. Any threads at once. Since 0.1.
 */
mediaseal_status mediaseal_custody_sweep(const mediaseal_custody *custody,
                                         const mediaseal_access *access,
                                         const char *kek_id,
                                         uint32_t batch,
                                         mediaseal_sweep_callback hear,
                                         void *user_data,
                                         mediaseal_sweep_progress *out_progress);
#endif

#if defined(MEDIASEAL_CUSTODY)
/**
 * Tells `hear` of every change of one version of a KEK, the oldest first: its states with their
 * times, who changed them, and why. Each link is checked first.
 *
 * Borrows `access`, `kek_id` and `user_data`. `hear` must not call the library.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_KEY_NOT_FOUND, MEDIASEAL_ERR_VAULT_DAMAGED if a link is
 * missing or altered, or a state was skipped, and what mediaseal_custody_create_kek returns for
 * every call. Any threads at once. Since 0.1.
 */
mediaseal_status mediaseal_custody_history(const mediaseal_custody *custody,
                                           const mediaseal_access *access,
                                           const char *kek_id,
                                           uint32_t version,
                                           mediaseal_kek_change_callback hear,
                                           void *user_data);
#endif

#if defined(MEDIASEAL_CUSTODY)
/**
 * Writes what is left of a destroyed version of a KEK to `out_tombstone`: for one that a provider
 * could not be asked for at once, when it is gone there.
 *
 * Borrows `access` and `kek_id`.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_KEY_NOT_FOUND also for one that is not destroyed, and what
 * mediaseal_custody_create_kek returns for every call. Any threads at once. Since 0.1.
 */
mediaseal_status mediaseal_custody_tombstone(const mediaseal_custody *custody,
                                             const mediaseal_access *access,
                                             const char *kek_id,
                                             uint32_t version,
                                             mediaseal_tombstone *out_tombstone);
#endif

#if defined(MEDIASEAL_CUSTODY)
/**
 * Looks at every page, row and link of the store: digests match, no state was skipped, no version
 * is missing, every destroyed KEK has its tombstone. Opens no key. A DEK whose row is gone without
 * a trace leaves nothing to be missed by.
 *
 * Borrows `access`. Writes how much it found whole to `out_verified`, which may be NULL.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_VAULT_DAMAGED, and what mediaseal_custody_create_kek returns
 * for every call. Any threads at once. Since 0.1.
 */
mediaseal_status mediaseal_custody_verify(const mediaseal_custody *custody,
                                          const mediaseal_access *access,
                                          mediaseal_verified *out_verified);
#endif

#if defined(MEDIASEAL_CUSTODY)
/**
 * Destroys DEKs of one KEK so that no backup brings them back: they are removed, the KEK gets a
 * next version, all other DEKs of the store move to it, and the former versions are destroyed at
 * their provider. Cut short, it is called again with the same ones.
 *
 * Borrows `access`, the texts, `user_data`, and `dek_count` ids at `dek_ids`, MEDIASEAL_DEK_ID_LEN
 * octets each, one behind the other. `hear`, which may be NULL, hears how far the sweep is, may
 * stop it, and must not call the library. Writes how many versions were destroyed to
 * `out_destroyed`, which may be NULL; mediaseal_custody_tombstone says of each when it is gone.
 * Wrapped keys that are not of the store, such as those of recordings, are lost with the former
 * versions unless they were wrapped anew before.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_VAULT_ARGUMENT if there is none, if one is under another KEK,
 * or is destroyed and not known to have been under this one, and MEDIASEAL_ERR_KEY_NOT_FOUND if
 * there is none such, before anything is destroyed; MEDIASEAL_ERR_KEY_STATE if others could not be
 * moved, before a version is destroyed; MEDIASEAL_ERR_STOPPED, and what
 * mediaseal_custody_destroy_kek and mediaseal_custody_sweep return. Any threads at once. Since 0.1.
 */
mediaseal_status mediaseal_custody_shred(const mediaseal_custody *custody,
                                         const mediaseal_access *access,
                                         const char *kek_id,
                                         const uint8_t *dek_ids,
                                         size_t dek_count,
                                         const char *reason,
                                         mediaseal_sweep_callback hear,
                                         void *user_data,
                                         uint32_t *out_destroyed);
#endif

#if defined(MEDIASEAL_CUSTODY)
/**
 * Makes a DEK under the current version of a KEK. It is in the store when this returns, and opened
 * again by mediaseal_custody_open_dek.
 *
 * Borrows `access` and `kek_id`. Writes MEDIASEAL_DEK_ID_LEN octets to `out_dek_id` and
 * MEDIASEAL_DEK_LEN octets to `out_dek`, which the caller wipes by mediaseal_wipe when he needs the
 * key no more.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_KEY_NOT_FOUND, MEDIASEAL_ERR_KEY_STATE if no version of the
 * KEK is active, MEDIASEAL_ERR_REGION_FORBIDDEN, what the provider says, and what
 * mediaseal_custody_create_kek returns for every call. Any threads at once. Since 0.1.
 */
mediaseal_status mediaseal_custody_new_dek(const mediaseal_custody *custody,
                                           const mediaseal_access *access,
                                           const char *kek_id,
                                           uint8_t *out_dek_id,
                                           uint8_t *out_dek);
#endif

#if defined(MEDIASEAL_CUSTODY)
/**
 * Opens a DEK of the store. If its KEK has a newer version it is wrapped anew under that one on the
 * way, unless MEDIASEAL_CUSTODY_NO_LAZY_REWRAP.
 *
 * Borrows `access` and the MEDIASEAL_DEK_ID_LEN octets at `dek_id`. Writes MEDIASEAL_DEK_LEN octets
 * to `out_dek`, which the caller wipes.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_KEY_NOT_FOUND, MEDIASEAL_ERR_KEY_DESTROYED,
 * MEDIASEAL_ERR_KEY_STATE, MEDIASEAL_ERR_KEY_ARCHIVED, and what mediaseal_custody_new_dek returns.
 * Any threads at once. Since 0.1.
 */
mediaseal_status mediaseal_custody_open_dek(const mediaseal_custody *custody,
                                            const mediaseal_access *access,
                                            const uint8_t *dek_id,
                                            uint8_t *out_dek);
#endif

#if defined(MEDIASEAL_CUSTODY)
/**
 * Destroys a DEK of the store: its row is overwritten and a tombstone is left. That is logical: a
 * backup of the store undoes it as long as its KEK is there.
 *
 * Borrows `access`, the MEDIASEAL_DEK_ID_LEN octets at `dek_id`, and `reason`. Writes what is left
 * to `out_tombstone`, which may be NULL.
 *
 * Returns what mediaseal_custody_open_dek returns. Any threads at once. Since 0.1.
 */
mediaseal_status mediaseal_custody_destroy_dek(const mediaseal_custody *custody,
                                               const mediaseal_access *access,
                                               const uint8_t *dek_id,
                                               const char *reason,
                                               mediaseal_tombstone *out_tombstone);
#endif

#if defined(MEDIASEAL_CUSTODY)
/**
 * Wraps a key of the caller's, MEDIASEAL_DEK_LEN octets, for `context` under the current version of
 * a KEK. The store keeps nothing of it.
 *
 * Borrows `access`, `kek_id`, `dek` and `context`. Writes the wrapped key to `out` and its octets
 * to `out_len`; MEDIASEAL_WRAPPED_KEY_MAX_LEN octets of room are always enough. To ask for the
 * length is to wrap once, and is recorded.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_BUFFER_TOO_SMALL, MEDIASEAL_ERR_WRAPPED_KEY_FORM for a
 * context that is too long, and what mediaseal_custody_new_dek returns. Any threads at once. Since
 * 0.1.
 */
mediaseal_status mediaseal_custody_wrap(const mediaseal_custody *custody,
                                        const mediaseal_access *access,
                                        const char *kek_id,
                                        const uint8_t *dek,
                                        const mediaseal_wrap_context *context,
                                        uint8_t *out,
                                        size_t capacity,
                                        size_t *out_len);
#endif

#if defined(MEDIASEAL_CUSTODY)
/**
 * Opens a key that mediaseal_custody_wrap wrapped for `context`.
 *
 * Borrows `access`, `wrapped` and `context`. Writes MEDIASEAL_DEK_LEN octets to `out_dek`, which
 * the caller wipes; nothing of it before it authenticates.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_WRAPPED_KEY for another context or altered octets,
 * MEDIASEAL_ERR_WRAPPED_KEY_FORM, and what mediaseal_custody_open_dek returns. Any threads at once.
 * Since 0.1.
 */
mediaseal_status mediaseal_custody_unwrap(const mediaseal_custody *custody,
                                          const mediaseal_access *access,
                                          const uint8_t *wrapped,
                                          size_t wrapped_len,
                                          const mediaseal_wrap_context *context,
                                          uint8_t *out_dek);
#endif

#if defined(MEDIASEAL_CUSTODY)
/**
 * Wraps a key that mediaseal_custody_wrap wrapped anew under the current version of its KEK,
 * without handing it out.
 *
 * Borrows `access`, `wrapped` and `context`. Writes the wrapped key to `out` and its octets to
 * `out_len`, as mediaseal_custody_wrap does.
 *
 * Returns what mediaseal_custody_wrap and mediaseal_custody_unwrap return. Any threads at once.
 * Since 0.1.
 */
mediaseal_status mediaseal_custody_rewrap(const mediaseal_custody *custody,
                                          const mediaseal_access *access,
                                          const uint8_t *wrapped,
                                          size_t wrapped_len,
                                          const mediaseal_wrap_context *context,
                                          uint8_t *out,
                                          size_t capacity,
                                          size_t *out_len);
#endif

#if defined(MEDIASEAL_CUSTODY)
/**
 * Seals a field of a database for one place, under a DEK of the store: a record has
 * MEDIASEAL_RECORD_OVERHEAD octets more than its plaintext, which has at most
 * MEDIASEAL_RECORD_MAX_LEN.
 *
 * Borrows `access`, `dek_id` (MEDIASEAL_DEK_ID_LEN octets), `place` and `plaintext`. Writes the
 * record to `out`, which lies apart from them, and its octets to `out_len`.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_BUFFER_TOO_SMALL before anything is done,
 * MEDIASEAL_ERR_VAULT_ARGUMENT for one that is too long, and what mediaseal_custody_open_dek
 * returns. Any threads at once. Since 0.1.
 */
mediaseal_status mediaseal_custody_seal_record(const mediaseal_custody *custody,
                                               const mediaseal_access *access,
                                               const uint8_t *dek_id,
                                               const mediaseal_record_place *place,
                                               const uint8_t *plaintext,
                                               size_t len,
                                               uint8_t *out,
                                               size_t capacity,
                                               size_t *out_len);
#endif

#if defined(MEDIASEAL_CUSTODY)
/**
 * Opens a record of one place. Nothing of it leaves before it authenticates.
 *
 * Borrows `access`, `place` and `record`. Writes the plaintext to `out`, which lies apart from
 * them, and its octets to `out_len`: MEDIASEAL_RECORD_OVERHEAD less than the record has. The caller
 * wipes it.
 *
 * Returns MEDIASEAL_OK, MEDIASEAL_ERR_BUFFER_TOO_SMALL before anything is done,
 * MEDIASEAL_ERR_WRAPPED_KEY if it stands in another place than it was sealed for or was altered,
 * MEDIASEAL_ERR_VAULT_ARGUMENT if it is no record, and what mediaseal_custody_open_dek returns. Any
 * threads at once. Since 0.1.
 */
mediaseal_status mediaseal_custody_open_record(const mediaseal_custody *custody,
                                               const mediaseal_access *access,
                                               const mediaseal_record_place *place,
                                               const uint8_t *record,
                                               size_t len,
                                               uint8_t *out,
                                               size_t capacity,
                                               size_t *out_len);
#endif

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* MEDIASEAL_H */
