//! The structs of the C interface. Each with `struct_size` grows at its end and nowhere else.

use core::ffi::{c_char, c_void};
use core::mem::size_of;

use super::convert::Sized32;
use super::decryptor::mediaseal_decryptor;
use super::encryptor::mediaseal_encryptor;
use super::status::mediaseal_status;

/// What the application knows of a frame besides its octets. Initialize with MEDIASEAL_FRAME_INFO_INIT; NULL in its place means the defaults.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mediaseal_frame_info {
    /// Octets of this struct.
    pub struct_size: u32,
    /// The stream that the frame belongs to. It separates statistics and is not authenticated.
    pub ssrc: u32,
    /// Octets that are authenticated with the frame and not sent with it (RFC 9605 section 4.4.3): both sides pass the same. NULL if there are none.
    pub metadata: *const u8,
    /// Their number, at most MEDIASEAL_METADATA_MAX_LEN.
    pub metadata_len: usize,
}

/// What an opened frame turned out to be: all of it authenticated. Initialize with MEDIASEAL_OPENED_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mediaseal_opened {
    /// Octets of this struct.
    pub struct_size: u32,
    /// MEDIASEAL_HAS_EPOCH, or 0 for raw keys.
    pub flags: u32,
    /// KID of the frame.
    pub kid: u64,
    /// CTR of the frame.
    pub ctr: u64,
    /// Generation of the channel.
    pub generation: u64,
    /// Step of the generation.
    pub step: u32,
    /// What the session carries, one of `MEDIASEAL_MEDIA_…`.
    pub media: u32,
    /// Whose key opened the frame; not ended by a zero octet. It lives until the next call with this decryptor.
    pub sender: *const u8,
    /// Octets of the sender's name.
    pub sender_len: usize,
}

/// Why the last frame of an encryptor or decryptor was refused. Initialize with MEDIASEAL_FAILURE_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mediaseal_failure {
    /// Octets of this struct.
    pub struct_size: u32,
    /// The status that was returned; MEDIASEAL_OK if no frame was refused so far.
    pub status: mediaseal_status,
    /// KID concerned: at a decryptor that of the frame's header, else that of the status, if it has one, else 0.
    pub kid: u64,
    /// CTR that the frame's header claims, else 0.
    pub ctr: u64,
    /// Octets needed, or the most allowed, if the status is about a length, else 0. For MEDIASEAL_ERR_PACKET_TOO_LONG the octets over the maximum.
    pub needed: u64,
    /// Octets given, if the status is about a length, else 0.
    pub available: u64,
    /// The stream of the frame, as `info` named it.
    pub ssrc: u32,
    /// Any of `MEDIASEAL_FAILURE_…`.
    pub flags: u32,
    /// At a decryptor, who sends under the frame's KID, which nothing authenticates: lent until its next call. NULL if nobody is known.
    pub sender: *const u8,
    /// Octets of the sender's name.
    pub sender_len: usize,
}

/// A stream whose decoder waits for a key frame. Initialize with MEDIASEAL_KEY_FRAME_REQUEST_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mediaseal_key_frame_request {
    /// Octets of this struct.
    pub struct_size: u32,
    /// 1 if there is such a stream, else 0, and then all else is 0.
    pub is_needed: u32,
    /// The stream.
    pub ssrc: u32,
    /// Zero.
    pub reserved: u32,
    /// Who is to send it; lent until the next call with the decryptor.
    pub sender: *const u8,
    /// Octets of the sender's name.
    pub sender_len: usize,
}

/// What an encryptor is made for. Initialize with MEDIASEAL_ENCRYPTOR_CONFIG_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mediaseal_encryptor_config {
    /// Octets of this struct.
    pub struct_size: u32,
    /// One of `MEDIASEAL_MODE_…`.
    pub mode: u32,
    /// In the packet modes: most octets of header, ciphertext and tag together; 0 means MEDIASEAL_PACKET_MAX_LEN_DEFAULT.
    pub max_len: usize,
    /// In a channel: what is sent, one of `MEDIASEAL_MEDIA_…`. With raw keys 0.
    pub media: u32,
    /// Zero.
    pub reserved: u32,
    /// In a channel: the sender's name, copied; it may be empty. With raw keys NULL.
    pub sender: *const u8,
    /// Octets of the name, at most MEDIASEAL_SENDER_ID_MAX_LEN.
    pub sender_len: usize,
}

/// A sender and what he sends.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mediaseal_expected {
    /// The sender's name; it may be empty.
    pub sender: *const u8,
    /// Octets of the name, at most MEDIASEAL_SENDER_ID_MAX_LEN.
    pub sender_len: usize,
    /// One of `MEDIASEAL_MEDIA_…`.
    pub media: u32,
    /// Zero.
    pub reserved: u32,
}

/// What a decryptor is made for. Initialize with MEDIASEAL_DECRYPTOR_CONFIG_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mediaseal_decryptor_config {
    /// Octets of this struct.
    pub struct_size: u32,
    /// One of `MEDIASEAL_MODE_…`; it sets how far the replay window reaches back.
    pub mode: u32,
    /// In a channel: who is expected, copied. With raw keys NULL.
    pub expected: *const mediaseal_expected,
    /// Their number: 1 to MEDIASEAL_EXPECTED_MAX in a channel, 0 with raw keys.
    pub expected_count: usize,
}

/// A channel as all its members describe it. Initialize with MEDIASEAL_CHANNEL_CONFIG_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mediaseal_channel_config {
    /// Octets of this struct.
    pub struct_size: u32,
    /// Any of MEDIASEAL_CHANNEL_CLOCK, MEDIASEAL_CHANNEL_REFUSE_AFTER_FAILURES, MEDIASEAL_CHANNEL_NO_GRACE.
    pub flags: u32,
    /// The channel's name, 1 to 255 octets, copied.
    pub id: *const u8,
    /// Octets of the name.
    pub id_len: usize,
    /// The application's name of this call, which never comes again; copied, NULL for none.
    pub instance: *const u8,
    /// Its octets, 0 to 255.
    pub instance_len: usize,
    /// How long the old generation or steps still open after a change, in seconds from the first tick after it; 0 means 10.
    pub grace_seconds: u64,
    /// Sessions heard that are kept; 0 means 65,536.
    pub max_sessions: u64,
}

/// What an epoch secret says of itself: what to join, and with which cipher. Initialize with MEDIASEAL_EPOCH_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mediaseal_epoch {
    /// Octets of this struct.
    pub struct_size: u32,
    /// Suite number: that of the cipher to pass if it is a custom one.
    pub suite: u32,
    /// Generation, the one to activate.
    pub generation: u64,
    /// Step: what was sealed at an earlier one does not open.
    pub step: u32,
    /// Zero.
    pub reserved: u32,
}

/// A generation to be staged. Initialize with MEDIASEAL_GENERATION_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mediaseal_generation {
    /// Octets of this struct.
    pub struct_size: u32,
    /// Any of MEDIASEAL_GENERATION_KEEP_ROOT, MEDIASEAL_GENERATION_SHARE_KEY.
    pub flags: u32,
    /// Its number, never used before in this channel.
    pub number: u64,
    /// The channel key, MEDIASEAL_KEY_MIN_LEN to MEDIASEAL_KEY_MAX_LEN octets, copied; the caller wipes his own.
    pub key: *const u8,
    /// Octets of the key.
    pub key_len: usize,
    /// The salt of the first extraction, 16 to 64 octets that need not be secret; NULL for none.
    pub kdf_salt: *const u8,
    /// Octets of the salt.
    pub kdf_salt_len: usize,
    /// The cipher; NULL for AES-128-GCM.
    pub cipher: *const super::cipher::mediaseal_cipher,
    /// Open no frame before this time, in seconds since 1970; 0 for at once.
    pub opens_at: u64,
}

/// Something that happened to keys or streams. Initialize with MEDIASEAL_EVENT_INIT. Fields that the type does not name are 0.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mediaseal_event {
    /// Octets of this struct.
    pub struct_size: u32,
    /// One of `MEDIASEAL_EVENT_…`.
    pub r#type: u32,
    /// KID concerned.
    pub kid: u64,
    /// CTR concerned.
    pub ctr: u64,
    /// How many.
    pub count: u64,
    /// Generation of a session.
    pub generation: u64,
    /// Step of a session.
    pub step: u32,
    /// Media of a session.
    pub media: u32,
    /// MEDIASEAL_HAS_EPOCH, or 0.
    pub flags: u32,
    /// Octets of the sender's name.
    pub sender_len: u32,
    /// Sender of a session; zero octets follow the name.
    pub sender: [u8; 256],
    /// What a sentinel has seen: one of `MEDIASEAL_PROOF_…`.
    pub proof: u32,
    /// What was wrong: one of `MEDIASEAL_LEAK_…`.
    pub leak: u32,
    /// The stream that fails or opens again.
    pub ssrc: u32,
    /// Why it fails.
    pub status: mediaseal_status,
}

/// Counters of one sender and stream. Initialize with MEDIASEAL_STATISTICS_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mediaseal_statistics {
    /// Octets of this struct.
    pub struct_size: u32,
    /// The stream that the application named; a relay can rename streams, it is not authenticated.
    pub ssrc: u32,
    /// MEDIASEAL_HAS_LAST_KID and MEDIASEAL_HAS_WINDOW_HEAD, as set.
    pub flags: u32,
    /// Octets of the sender's name.
    pub sender_len: u32,
    /// The authenticated sender, zero octets behind the name; empty for raw keys at an encryptor.
    pub sender: [u8; 256],
    /// Frames sealed or opened.
    pub frames: u64,
    /// Octets of payload in them, without header or tag.
    pub octets: u64,
    /// KID of the last frame sealed or opened.
    pub last_kid: u64,
    /// At an encryptor the last CTR sealed; at a decryptor the highest CTR opened under the last KID.
    pub window_head: u64,
    /// Refused: MEDIASEAL_ERR_MISSING_KEY.
    pub missing_key: u64,
    /// Refused: MEDIASEAL_ERR_RETIRED_KEY.
    pub retired_key: u64,
    /// Refused: MEDIASEAL_ERR_NOT_YET_ACTIVE.
    pub not_yet_active: u64,
    /// Refused: MEDIASEAL_ERR_AUTHENTICATION_FAILED.
    pub authentication_failed: u64,
    /// Refused: MEDIASEAL_ERR_DUPLICATE.
    pub duplicate: u64,
    /// Refused: MEDIASEAL_ERR_REPLAYED.
    pub replayed: u64,
    /// Refused: MEDIASEAL_ERR_TOO_OLD.
    pub too_old: u64,
    /// Refused: MEDIASEAL_ERR_NOT_MINIMAL, MEDIASEAL_ERR_TOO_LONG, MEDIASEAL_ERR_NO_CARRIER, MEDIASEAL_ERR_SECOND_CARRIER, MEDIASEAL_ERR_CARRIER.
    pub malformed: u64,
    /// Refused: MEDIASEAL_ERR_TRUNCATED.
    pub truncated: u64,
    /// Refused: MEDIASEAL_ERR_REFLECTED.
    pub reflected: u64,
    /// Refused: MEDIASEAL_ERR_STALE_SESSION.
    pub stale_session: u64,
    /// Refused: MEDIASEAL_ERR_CLOCK_MISMATCH.
    pub clock_mismatch: u64,
    /// Refused: MEDIASEAL_ERR_CONTENDED.
    pub contended: u64,
    /// Refused for any other reason: arguments, exhausted keys, failed ciphers.
    pub other: u64,
}

/// One frame to be sealed by mediaseal_encrypt_batch. Initialize with MEDIASEAL_ENCRYPT_JOB_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mediaseal_encrypt_job {
    /// Octets of this struct.
    pub struct_size: u32,
    /// Written: how this job ended.
    pub status: mediaseal_status,
    /// The encryptor; several jobs may name the same.
    pub encryptor: *mut mediaseal_encryptor,
    /// As for mediaseal_encryptor_encrypt; NULL for the defaults.
    pub info: *const mediaseal_frame_info,
    /// The frame.
    pub plaintext: *const u8,
    /// Its octets.
    pub plaintext_len: usize,
    /// Where header, ciphertext and tag go: equal to `plaintext` or apart from it.
    pub out: *mut u8,
    /// Octets there.
    pub out_capacity: usize,
    /// Written: octets of the result, 0 if the job failed.
    pub out_len: usize,
}

/// One frame to be opened by mediaseal_decrypt_batch. Initialize with MEDIASEAL_DECRYPT_JOB_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mediaseal_decrypt_job {
    /// Octets of this struct.
    pub struct_size: u32,
    /// Written: how this job ended.
    pub status: mediaseal_status,
    /// The decryptor; several jobs may name the same.
    pub decryptor: *mut mediaseal_decryptor,
    /// As for mediaseal_decryptor_decrypt; NULL for the defaults.
    pub info: *const mediaseal_frame_info,
    /// Header, ciphertext and tag.
    pub ciphertext: *const u8,
    /// Their octets.
    pub ciphertext_len: usize,
    /// Where the frame goes: equal to `ciphertext` or apart from it.
    pub out: *mut u8,
    /// Octets there.
    pub out_capacity: usize,
    /// Written: octets of the frame, 0 if the job failed.
    pub out_len: usize,
    /// Written on success if not NULL. Its `sender` lives until the decryptor's next job.
    pub opened: *mut mediaseal_opened,
    /// Written if the frame was refused, if not NULL: whose it was and why. Its `sender` lives until the decryptor's next job.
    pub failure: *mut mediaseal_failure,
}

/// An RTP packet that came. Initialize with MEDIASEAL_RTP_PACKET_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mediaseal_rtp_packet {
    /// Octets of this struct.
    pub struct_size: u32,
    /// Timestamp.
    pub timestamp: u32,
    /// Sequence number.
    pub sequence: u16,
    /// Payload type.
    pub payload_type: u8,
    /// Marker bit: 0 or 1.
    pub marker: u8,
    /// Zero.
    pub reserved: u32,
    /// Payload, without padding.
    pub payload: *const u8,
    /// Its octets.
    pub payload_len: usize,
}

/// What became of an RTP packet. Initialize with MEDIASEAL_RTP_CIPHERTEXT_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mediaseal_rtp_ciphertext {
    /// Octets of this struct.
    pub struct_size: u32,
    /// One of MEDIASEAL_RTP_COMPLETE, MEDIASEAL_RTP_WAITING, MEDIASEAL_RTP_DUPLICATE, MEDIASEAL_RTP_OUT_OF_RANGE, MEDIASEAL_RTP_REFUSED. What follows is set for
    /// the first of them alone.
    pub progress: u32,
    /// Of what it is: MEDIASEAL_RTP_FRAME or MEDIASEAL_RTP_PACKET.
    pub content: u32,
    /// Timestamp of its last packet.
    pub timestamp: u32,
    /// Sequence number of its last packet.
    pub sequence: u16,
    /// Payload type of all its packets.
    pub payload_type: u8,
    /// Marker bit of its last packet.
    pub marker: u8,
    /// Zero.
    pub reserved: u32,
    /// The ciphertext, to be opened here or elsewhere; it lives until the reassembler's next call.
    pub ciphertext: *mut u8,
    /// Its octets.
    pub ciphertext_len: usize,
}

/// Lengths, limits and hash of a cipher. Initialize with MEDIASEAL_CIPHER_PARAMS_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mediaseal_cipher_params {
    /// Octets of this struct.
    pub struct_size: u32,
    /// Suite number.
    pub suite: u32,
    /// Octets of key (Nk).
    pub key_len: u32,
    /// Octets of nonce (Nn).
    pub nonce_len: u32,
    /// Octets of tag (Nt).
    pub tag_len: u32,
    /// One of `MEDIASEAL_HASH_…`.
    pub hash: u32,
    /// One of `MEDIASEAL_COST_…`.
    pub cost: u32,
    /// Zero.
    pub reserved: u32,
    /// Octets of plaintext in one seal.
    pub max_frame_len: u64,
    /// Seals under one key.
    pub max_seals: u64,
    /// Blocks of 16 octets under one key, AAD and one block a frame included.
    pub max_blocks: u64,
    /// Authentication failures under one key after which an event advises a fresh key.
    pub max_open_failures: u64,
}

/// One known answer of a custom cipher, from a published document or an independent implementation.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mediaseal_known_answer {
    /// Key, `key_len` octets of the vtable.
    pub key: *const u8,
    /// Nonce, `nonce_len` octets of the vtable.
    pub nonce: *const u8,
    /// Additional authenticated data.
    pub aad: *const u8,
    /// Octets of it.
    pub aad_len: usize,
    /// Plaintext, at least one octet.
    pub plaintext: *const u8,
    /// Ciphertext, as long as the plaintext.
    pub ciphertext: *const u8,
    /// Octets of either.
    pub data_len: usize,
    /// Tag, `tag_len` octets of the vtable.
    pub tag: *const u8,
}

/// What a custom cipher lacks. Initialize with MEDIASEAL_REFUSAL_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mediaseal_refusal {
    /// Octets of this struct.
    pub struct_size: u32,
    /// Length of the data, number of the bit or index of the case at which it was seen.
    pub at: u32,
    /// Name of the property that does not hold, such as "DataDependsOnNonce"; NULL if none was named. It lives as long as the library.
    pub property: *const c_char,
    /// What should hold, in one sentence; NULL if none was named. It lives as long as the library.
    pub text: *const c_char,
}

/// Hears of events, in the thread that delivers them. `event` is lent until it returns. It must not call the library (MEDIASEAL_ERR_REENTRANT) and lets no
/// exception out.
pub type mediaseal_event_callback =
    Option<unsafe extern "C" fn(user_data: *mut c_void, event: *const mediaseal_event)>;

/// Ends the life of `user_data`: called exactly once, when the library needs it no more. It must not call the library, so objects of the library that `user_data`
/// has are freed elsewhere.
pub type mediaseal_destructor = Option<unsafe extern "C" fn(user_data: *mut c_void)>;

/// Says of structs that they begin with their size.
macro_rules! sized {
    ($($name:ident)*) => {
        $(
            // SAFETY: `repr(C)`, `struct_size` first, and made of numbers, pointers and optional functions, of which zero octets are values.
            unsafe impl Sized32 for $name {
                const FIRST_SIZE: usize = size_of::<Self>();
            }
        )*
    };
}

pub(super) use sized;

// A struct that grows keeps the size that it had first, as a number.
sized! {
    mediaseal_frame_info mediaseal_opened mediaseal_failure mediaseal_encryptor_config mediaseal_decryptor_config
    mediaseal_channel_config mediaseal_generation mediaseal_event mediaseal_statistics mediaseal_encrypt_job mediaseal_decrypt_job
    mediaseal_cipher_params mediaseal_refusal mediaseal_epoch mediaseal_rtp_packet mediaseal_rtp_ciphertext
    mediaseal_key_frame_request
}
