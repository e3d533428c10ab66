//! Why a frame does not open, in words that tell what to do.
//!
//! ```text
//!  frame ──► as it is ──► opens? then why was it refused: duplicate, too old, replayed
//!              │ does not
//!              ▼
//!            without what stands before or behind it ──► as of another codec ──► with other metadata ──► as of another sender ──► of another channel
//!              │ nothing opens
//!              ▼
//!            has its key ever opened anything? then the frame was altered, else the key is another
//! ```
//!
//! It is for support, not for the path of a frame: it tries up to some hundred times, and allocates. Nothing that a decryptor knows changes, and no plaintext leaves.

mod attempt;

use std::fmt;

use attempt::{Attempt, attempt};
use zeroize::Zeroizing;

use super::decryptor::ChannelDecryptor;
use super::receive_keys::ReceiveKeys;
use crate::error::{Error, Malformed};
use crate::format::codec::{Codec, NalFormat, front_of_damaged, locate, reads_as};
use crate::format::looks::{Look, MAX_PLAIN_KID, looks};
use crate::format::sframe::Header;
use crate::frame::FrameInfo;
use crate::id::{Counter, KeyId, Media, SenderId, Ssrc};
use crate::keys::channel::Channel;
use crate::keys::replay::Verdict;

/// What a frame may be of that the decryptor does not expect: the more is named here, the more can be told apart.
#[derive(Clone, Copy, Debug, Default)]
pub struct Suspects<'a> {
    senders: &'a [(SenderId, Media)],
    channels: &'a [Channel],
    metadata: &'a [&'a [u8]],
}

impl<'a> Suspects<'a> {
    /// Names nobody.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Names senders, and what they send.
    #[must_use]
    pub const fn senders(self, senders: &'a [(SenderId, Media)]) -> Self {
        Self { senders, ..self }
    }

    /// Names other channels.
    #[must_use]
    pub const fn channels(self, channels: &'a [Channel]) -> Self {
        Self { channels, ..self }
    }

    /// Names other metadata than the frame's own; none at all is always tried.
    #[must_use]
    pub const fn metadata(self, metadata: &'a [&'a [u8]]) -> Self {
        Self { metadata, ..self }
    }
}

/// Why a frame does not open.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// It opens.
    Opens,
    /// It has no octets.
    Empty,
    /// It is a frame of a codec, in clear. Look for what goes around the sender's encryptor.
    NotEncrypted {
        /// The codec.
        codec: Codec,
    },
    /// It opens, and what comes out opens again: two encryptors seal it, one behind the other.
    EncryptedTwice,
    /// It ends before its tag does.
    Truncated,
    /// It cannot be read: see [`Malformed`].
    Malformed(Malformed),
    /// No key is known for its KID. Fetch it; or the sender uses another channel or suite.
    NoSuchKey,
    /// Its key was retired: the sender missed a change.
    Retired,
    /// Its key opens at a later tick.
    NotYetActive,
    /// This side sealed it: a relay sends frames back to their sender.
    Reflected,
    /// Its session is of another hour: a clock is wrong, or it is very old.
    StaleSession,
    /// One side uses the channel with a clock and the other without.
    ClockMismatch,
    /// So many frames failed under this key that, by the policy chosen, it opens nothing more.
    IntegrityLimit,
    /// It was opened before; retransmission does that.
    Duplicate,
    /// It is older than the replay window reaches.
    TooOld,
    /// It is from before its key was last retired.
    Replayed,
    /// Octets stand behind it that are not its own; without them it opens.
    TrailingOctets {
        /// How many.
        len: usize,
        /// Whether they are RTP padding, whose last octet is their number (RFC 3550 section 5.1).
        is_rtp_padding: bool,
    },
    /// Octets stand before it that are not its own, such as an RTP header; without them it opens.
    LeadingOctets {
        /// How many.
        len: usize,
    },
    /// The sender set another codec for this stream, or none.
    OtherCodec {
        /// What the sender set; nothing for opaque.
        sender: Option<Codec>,
    },
    /// The sender passed other metadata.
    OtherMetadata {
        /// The number of the metadata in [`Suspects`]; nothing if the sender passed none.
        suspect: Option<usize>,
    },
    /// It is of another sender, or of other media, than this decryptor expects.
    OtherSender {
        /// The sender.
        sender: SenderId,
        /// The media.
        media: Media,
    },
    /// It is of another channel.
    OtherChannel {
        /// The number of the channel in [`Suspects`].
        suspect: usize,
    },
    /// The key has opened others and not this one: it was altered, or sealed with metadata or as a sender that nobody suspects.
    Altered,
    /// Nothing was ever opened with this key, and this does not open either: the two sides have different keys.
    WrongKey,
    /// The cipher failed, which is no verdict on the frame. Report it with the cipher's version.
    CipherFailed,
    /// The decryptor demands a codec for the stream, and none is set.
    NoCodec,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Opens => write!(f, "it opens"),
            Self::Empty => write!(f, "it is empty: a padding probe, or DTX"),
            Self::NotEncrypted { codec } => write!(f, "it is not encrypted: {codec} in clear"),
            Self::EncryptedTwice => write!(f, "it is encrypted twice"),
            Self::Truncated => write!(f, "it is cut off"),
            Self::Malformed(malformed) => write!(f, "it cannot be read: {malformed}"),
            Self::NoSuchKey => write!(f, "no key is known for its KID"),
            Self::Retired => write!(f, "its key was retired"),
            Self::NotYetActive => write!(f, "its key is not active yet"),
            Self::Reflected => write!(f, "this side sealed it: it came back"),
            Self::StaleSession => write!(f, "its session is of another hour"),
            Self::ClockMismatch => write!(f, "one side has a clock and the other none"),
            Self::IntegrityLimit => write!(f, "too many frames failed under its key"),
            Self::Duplicate => write!(f, "it was opened before"),
            Self::TooOld => write!(f, "it is older than the replay window"),
            Self::Replayed => write!(f, "it is from before its key was last retired"),
            Self::TrailingOctets {
                len,
                is_rtp_padding: true,
            } => write!(f, "{len} octets of RTP padding were left on"),
            Self::TrailingOctets { len, .. } => write!(f, "{len} octets too many at its end"),
            Self::LeadingOctets { len } => write!(f, "{len} octets too many at its beginning"),
            Self::OtherCodec { sender: None } => write!(f, "its sender set no codec"),
            Self::OtherCodec {
                sender: Some(codec),
            } => write!(f, "its sender set codec {codec}"),
            Self::OtherMetadata { suspect: None } => write!(f, "its sender passed no metadata"),
            Self::OtherMetadata { suspect: Some(at) } => {
                write!(f, "its sender passed other metadata (suspect {at})")
            }
            Self::OtherSender { sender, media } => write!(f, "it is of {sender}, {media}"),
            Self::OtherChannel { suspect } => {
                write!(f, "it is of another channel (suspect {suspect})")
            }
            Self::Altered => write!(f, "it was altered on its way"),
            Self::WrongKey => write!(f, "the two sides have different keys"),
            Self::CipherFailed => write!(f, "the cipher failed"),
            Self::NoCodec => write!(f, "no codec is set for its stream"),
        }
    }
}

/// What a frame turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Diagnosis {
    /// Why it does not open.
    pub reason: Reason,
    /// KID and CTR that its header claims.
    pub header: Option<(KeyId, Counter)>,
    /// The stream that was named.
    pub stream: Ssrc,
    /// Whose key opened it, or would have; nothing is authenticated of it unless the reason says that it opens.
    pub sender: Option<SenderId>,
    /// What its octets look like, the likeliest first.
    pub looks: Vec<Look>,
}

/// Most octets behind a frame that are tried without: RTP padding has no more.
const MOST_TRAILING: usize = 255;

impl ChannelDecryptor {
    /// Tells why a frame does not open, or that it does. `suspects` names what else it may be of.
    ///
    /// Nothing changes: no counter, no replay window, no session. No plaintext leaves. It takes as long as hundreds of frames for each sender that is expected, and allocates: it is for support,
    /// off the media threads.
    pub fn explain(
        &mut self,
        info: &FrameInfo<'_>,
        octets: &[u8],
        suspects: &Suspects<'_>,
    ) -> Diagnosis {
        self.refresh();
        let codec = self.codecs.of(info.ssrc());
        let mut search = Search {
            keys: &mut self.keys,
            metadata: info.metadata_octets(),
            suspects,
            header: None,
            sender: None,
            window: self.mode.window(),
        };
        let reason = match codec {
            _ if octets.is_empty() => Reason::Empty,
            Ok(codec) => search.reason(codec, octets),
            Err(_) => Reason::NoCodec,
        };
        Diagnosis {
            header: search.header.map(|header| (header.kid(), header.ctr())),
            sender: search.sender,
            reason,
            stream: info.ssrc(),
            looks: looks(octets),
        }
    }
}

/// The search for a reason.
struct Search<'a> {
    keys: &'a mut ReceiveKeys,
    metadata: &'a [u8],
    suspects: &'a Suspects<'a>,
    header: Option<Header>,
    sender: Option<SenderId>,
    window: u64,
}

impl Search<'_> {
    fn reason(&mut self, codec: Option<Codec>, octets: &[u8]) -> Reason {
        let own = self.try_as(codec, octets, self.metadata);
        let refused = match own {
            Ok(Attempt::Opened {
                verdict,
                sender,
                plaintext,
                header,
            }) => {
                self.header = Some(header);
                self.sender = Some(sender);
                return match verdict {
                    Some(Verdict::Duplicate) => Reason::Duplicate,
                    Some(Verdict::TooOld) => Reason::TooOld,
                    Some(Verdict::Replayed) => Reason::Replayed,
                    _ if self.opens(codec, &plaintext) => Reason::EncryptedTwice,
                    _ => Reason::Opens,
                };
            }
            Ok(refused) => Ok(refused),
            Err(malformed) => Err(malformed),
        };
        if let Ok(attempt) = &refused {
            self.header = attempt.header();
        }
        self.other_extent(codec, octets)
            .or_else(|| self.other_codec(codec, octets))
            .or_else(|| self.other_metadata(codec, octets))
            .or_else(|| self.other_sender(codec, octets))
            .or_else(|| self.other_channel(codec, octets))
            .unwrap_or_else(|| self.verdict(codec, octets, refused))
    }

    /// Tries octets as a frame of a stream with this codec.
    fn try_as(
        &mut self,
        codec: Option<Codec>,
        octets: &[u8],
        metadata: &[u8],
    ) -> Result<Attempt, Malformed> {
        try_with(self.keys, codec, octets, metadata, &[], self.window)
    }

    fn opens(&mut self, codec: Option<Codec>, octets: &[u8]) -> bool {
        matches!(
            self.try_as(codec, octets, self.metadata),
            Ok(Attempt::Opened { .. })
        )
    }

    /// Without what stands behind or before it.
    fn other_extent(&mut self, codec: Option<Codec>, octets: &[u8]) -> Option<Reason> {
        let padding = looks(octets).iter().find_map(|look| match look {
            Look::RtpPadding { len } => Some(usize::from(*len)),
            _ => None,
        });
        let most = MOST_TRAILING.min(octets.len() - 1);
        let mut without = |len: usize| {
            let (front, behind) = octets.split_at(octets.len() - len);
            self.opens(codec, front).then(|| Reason::TrailingOctets {
                len,
                is_rtp_padding: behind.last().is_some_and(|last| usize::from(*last) == len),
            })
        };
        // Of zeros a NAL unit takes its share: the padding's own number comes first.
        let padding = padding.filter(|len| *len <= most).and_then(&mut without);
        if let Some(reason) = padding.or_else(|| (1..=most).find_map(without)) {
            return Some(reason);
        }
        // A descriptor, an RTP header, both.
        let header = looks(octets).iter().find_map(|look| match look {
            Look::RtpPacket { payload, .. } => Some(*payload),
            _ => None,
        });
        let begins = header.map_or([1, 1, 1], |header| [1, header, header + 1]);
        let len = begins.into_iter().find(|len| {
            octets
                .get(*len..)
                .is_some_and(|rest| !rest.is_empty() && self.opens(codec, rest))
        })?;
        Some(Reason::LeadingOctets { len })
    }

    fn other_codec(&mut self, codec: Option<Codec>, octets: &[u8]) -> Option<Reason> {
        const FORMATS: [NalFormat; 4] = [
            NalFormat::AnnexB,
            NalFormat::Length4,
            NalFormat::Length2,
            NalFormat::Length1,
        ];
        let h26x = FORMATS.map(|format| [Codec::H264(format), Codec::H265(format)]);
        let others = [Codec::Vp8, Codec::Vp9, Codec::Av1, Codec::Opus];
        let all = h26x.into_iter().flatten().chain(others).map(Some);
        let mut all = all.chain([None]).filter(|other| *other != codec);
        let sender = all.find(|other| self.opens(*other, octets))?;
        Some(Reason::OtherCodec { sender })
    }

    fn other_metadata(&mut self, codec: Option<Codec>, octets: &[u8]) -> Option<Reason> {
        let opens_with = |search: &mut Self, metadata| {
            matches!(
                search.try_as(codec, octets, metadata),
                Ok(Attempt::Opened { .. })
            )
        };
        if !self.metadata.is_empty() && opens_with(self, &[]) {
            return Some(Reason::OtherMetadata { suspect: None });
        }
        let suspects = self.suspects.metadata;
        let suspect = suspects
            .iter()
            .position(|metadata| opens_with(self, metadata))?;
        Some(Reason::OtherMetadata {
            suspect: Some(suspect),
        })
    }

    fn other_sender(&mut self, codec: Option<Codec>, octets: &[u8]) -> Option<Reason> {
        let senders = self.suspects.senders;
        let tried = try_with(
            self.keys,
            codec,
            octets,
            self.metadata,
            senders,
            self.window,
        );
        let Ok(Attempt::Opened { sender, .. }) = tried else {
            return None;
        };
        let (sender, media) = senders.iter().find(|(suspect, media)| {
            let alone = [(suspect.clone(), *media)];
            let tried = try_with(self.keys, codec, octets, self.metadata, &alone, self.window);
            *suspect == sender && matches!(tried, Ok(Attempt::Opened { .. }))
        })?;
        Some(Reason::OtherSender {
            sender: sender.clone(),
            media: *media,
        })
    }

    fn other_channel(&mut self, codec: Option<Codec>, octets: &[u8]) -> Option<Reason> {
        let senders = self.keys.expected_with(self.suspects.senders);
        let suspect = self.suspects.channels.iter().position(|channel| {
            senders
                .chunks(crate::keys::channel::MAX_EXPECTED)
                .any(|some| {
                    ReceiveKeys::channel(channel, some).is_ok_and(|mut keys| {
                        let tried =
                            try_with(&mut keys, codec, octets, self.metadata, &[], self.window);
                        matches!(tried, Ok(Attempt::Opened { .. }))
                    })
                })
        })?;
        Some(Reason::OtherChannel { suspect })
    }

    /// Tells whether a frame that holds no whole ciphertext begins as one of a session that there is a key for.
    fn begins_as_sealed(&self, codec: Codec, octets: &[u8]) -> bool {
        let mut front = [0; Header::MAX_LEN];
        let len = front_of_damaged(codec, octets, &mut front).unwrap_or(0);
        Header::parse(&front[..len]).is_ok_and(|(header, _)| {
            let is_long = header.kid().value() > MAX_PLAIN_KID;
            is_long && self.keys.find(header.kid(), &mut None).is_ok()
        })
    }

    /// Nothing opens: why was it refused in the first place?
    fn verdict(
        &self,
        codec: Option<Codec>,
        octets: &[u8],
        refused: Result<Attempt, Malformed>,
    ) -> Reason {
        let in_clear = || {
            let look = looks(octets).into_iter().next();
            let is_plain = matches!(look, Some(Look::Plaintext { .. }));
            let codec = reads_as(octets).filter(|_| is_plain);
            codec.map(|codec| Reason::NotEncrypted { codec })
        };
        match refused {
            Err(_) if codec.is_some_and(|codec| self.begins_as_sealed(codec, octets)) => {
                Reason::Truncated
            }
            Err(malformed) => in_clear().unwrap_or(Reason::Malformed(malformed)),
            Ok(Attempt::Refused { was_heard, .. }) => in_clear().unwrap_or(if was_heard {
                Reason::Altered
            } else {
                Reason::WrongKey
            }),
            Ok(Attempt::CipherFailed { .. }) => Reason::CipherFailed,
            Ok(Attempt::NoKey { error, .. }) => match error {
                Error::RetiredKey { .. } => Reason::Retired,
                Error::NotYetActive { .. } => Reason::NotYetActive,
                Error::Reflected { .. } => Reason::Reflected,
                Error::StaleSession { .. } => in_clear().unwrap_or(Reason::StaleSession),
                Error::ClockMismatch { .. } => in_clear().unwrap_or(Reason::ClockMismatch),
                Error::IntegrityLimit { .. } => Reason::IntegrityLimit,
                Error::Malformed(malformed) => in_clear().unwrap_or(Reason::Malformed(malformed)),
                Error::Truncated { .. } => in_clear().unwrap_or(Reason::Truncated),
                _ => in_clear().unwrap_or(Reason::NoSuchKey),
            },
            Ok(Attempt::Opened { .. }) => Reason::Opens,
        }
    }
}

/// Tries octets as a frame of a stream with this codec, for the senders that `keys` expects or, if any are named, for others.
fn try_with(
    keys: &mut ReceiveKeys,
    codec: Option<Codec>,
    octets: &[u8],
    metadata: &[u8],
    senders: &[(SenderId, Media)],
    window: u64,
) -> Result<Attempt, Malformed> {
    let Some(codec) = codec else {
        return Ok(attempt(keys, octets, metadata, senders, window));
    };
    let located = locate(codec, octets)?;
    // What opened once is tried again, to see whether it is sealed twice.
    let mut ciphertext = Zeroizing::new(vec![0; located.len()]);
    located.copy(octets, 0, &mut ciphertext);
    let joined = [&codec.metadata()[..], metadata].concat();
    Ok(attempt(keys, &ciphertext, &joined, senders, window))
}
