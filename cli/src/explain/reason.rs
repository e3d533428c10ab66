//! The library's reasons: their stable names, and what to do about each.

use mediaseal::Reason;

/// What frames are that were not explained, because so many before them were.
pub(crate) const NOT_EXPLAINED: &str = "not_explained";

/// The name in JSON, for ever.
pub(crate) fn name(reason: &Reason) -> &'static str {
    match reason {
        Reason::Opens => "opens",
        Reason::Empty => "empty",
        Reason::NotEncrypted { .. } => "not_encrypted",
        Reason::EncryptedTwice => "encrypted_twice",
        Reason::Truncated => "truncated",
        Reason::Malformed(_) => "malformed",
        Reason::NoSuchKey => "no_such_key",
        Reason::Retired => "retired",
        Reason::NotYetActive => "not_yet_active",
        Reason::Reflected => "reflected",
        Reason::StaleSession => "stale_session",
        Reason::ClockMismatch => "clock_mismatch",
        Reason::IntegrityLimit => "integrity_limit",
        Reason::Duplicate => "duplicate",
        Reason::TooOld => "too_old",
        Reason::Replayed => "replayed",
        Reason::TrailingOctets {
            is_rtp_padding: true,
            ..
        } => "rtp_padding",
        Reason::TrailingOctets { .. } => "trailing_octets",
        Reason::LeadingOctets { .. } => "leading_octets",
        Reason::OtherCodec { .. } => "other_codec",
        Reason::OtherMetadata { .. } => "other_metadata",
        Reason::OtherSender { .. } => "other_sender",
        Reason::OtherChannel { .. } => "other_channel",
        Reason::Altered => "altered",
        Reason::WrongKey => "wrong_key",
        Reason::CipherFailed => "cipher_failed",
        Reason::NoCodec => "no_codec",
        _ => "other",
    }
}

/// Tells whether a reason was proved by opening the frame, or by its header; the others are what is left when nothing helps.
pub(crate) const fn is_specific(reason: &Reason) -> bool {
    !matches!(
        reason,
        Reason::NoSuchKey
            | Reason::WrongKey
            | Reason::Altered
            | Reason::Malformed(_)
            | Reason::Truncated
    )
}

/// Tells whether a reason was proved by opening a frame, or needs no proof. The others rest on a header or on a mark, which octets that are none of ours have by chance.
pub(crate) fn is_proved(name: &str) -> bool {
    matches!(
        name,
        "opens"
            | "empty"
            | "encrypted_twice"
            | "duplicate"
            | "too_old"
            | "replayed"
            | "rtp_padding"
            | "trailing_octets"
            | "leading_octets"
            | "other_codec"
            | "other_metadata"
            | "other_sender"
            | "other_channel"
            | "cipher_failed"
            | "no_codec"
    )
}

/// What to do about frames that were refused for this reason.
pub(crate) fn advice(name: &str) -> &'static str {
    match name {
        "empty" => {
            "Nothing: padding probes and DTX are empty. Do not hand empty frames to the decryptor if they disturb the counters."
        }
        "not_encrypted" => {
            "Look on the sender's side for what goes around the encryptor: a second encoder, a backup codec, a track that was replaced, a transform that was not attached."
        }
        "encrypted_twice" => {
            "The sender has two encryptors, one behind the other: often a transform that was attached again when a track was replaced. Take one away."
        }
        "truncated" => {
            "Something between sender and receiver cuts frames: look at buffer sizes, at the depacketizer, and at limits of the transport."
        }
        "malformed" => {
            "These octets are no SFrame frame. Compare them with what the encryptor returned; look at the packetizer, and at the codec set on both sides."
        }
        "no_such_key" => {
            "Bring the key of that KID: the low bits say which generation. Or the sender is in another channel; name its key as a further line of a key file to find out."
        }
        "retired" => "The sender missed a change of keys: bring him the new generation.",
        "not_yet_active" => {
            "The sender activated a generation before it opens here: wait for its time, or set the clocks right."
        }
        "reflected" => "A relay sends frames back to their sender: look at its routing.",
        "stale_session" => {
            "Sender and receiver are an hour or more apart: set their clocks, or give the capture's time with --at."
        }
        "clock_mismatch" => {
            "All members use the channel with a clock, or none: compare their configuration, and --clock here."
        }
        "integrity_limit" => "Bring a fresh generation: too many frames failed under this one.",
        "duplicate" => {
            "A few are healthy (retransmission). Many mean that somebody sends recorded frames again, or that the application hands each frame over twice."
        }
        "too_old" => {
            "Frames come later than the replay window reaches: recorded ones that are sent again, or a buffer that holds them back for seconds."
        }
        "replayed" => {
            "Somebody sends recorded frames again: find out who between sender and receiver."
        }
        "rtp_padding" => {
            "Strip RTP padding before the decryptor: its length is the last octet of a packet whose P bit is set (RFC 3550 section 5.1). Whoever cleared that bit left the octets on."
        }
        "trailing_octets" => {
            "Find out who appends octets to frames between encryptor and decryptor: trailers of other products, checksums, lengths that are wrong."
        }
        "leading_octets" => {
            "Hand the payload alone to the decryptor: an RTP header or a descriptor was left in front."
        }
        "other_codec" => "Set the same codec on both sides of the stream (set_codec).",
        "other_metadata" => {
            "Both sides must pass the same metadata with a frame: compare what they take it from; relays rewrite some header fields."
        }
        "other_sender" => {
            "The decryptor expects somebody else here: correct the mapping of streams to senders, or of their media."
        }
        "other_channel" => {
            "The sender uses another channel (or another call of the same name): compare channel id and instance on both sides."
        }
        "altered" => {
            "The key is right and the frame is not what was sealed: something on the way rewrites frames, or its metadata or sender is none that was named (--metadata, --sender)."
        }
        "wrong_key" => {
            "Compare the safety code, and channel id, instance and generation: the two sides have different keys. Or the sender, or his metadata, was not named here (--sender, --metadata)."
        }
        "cipher_failed" => "The cipher itself failed: report it with its version.",
        "frame_cryptor" | "dave" => {
            "The sender uses another product's end-to-end encryption: both sides have to use the same. Nothing of it is opened here."
        }
        "not_recognised" => {
            "If the call uses SRTP, capture before it: from outside, nothing can be told. Codec-aware frames are taken out of the payload formats of H.264, VP8 and Opus alone; for VP9, AV1 and H.265 write frames to files behind the depacketizer. If you know how its packets carry frames, say so with --wire."
        }
        NOT_EXPLAINED => {
            "So many frames fail in so many ways that these were not looked at: filter the capture to one call."
        }
        "no_codec" => "Set a codec for the stream, or do not ask for one.",
        _ => "Compare versions: this tool does not know that reason.",
    }
}

/// Tells whether frames that were refused so are what healthy calls have.
pub(crate) fn is_harmless(name: &str) -> bool {
    matches!(name, "empty" | "opens")
}
