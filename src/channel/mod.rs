//! The stage of the media pipeline: where keys, format and cipher meet for one frame.
//!
//! ```text
//!            ChannelEncryptor                              ChannelDecryptor
//!  frame ──► check arguments                     octets ──► parse header
//!            take CTR from the send key                     find the receive key by KID
//!            header, nonce, AAD                             look at the replay window
//!            seal in place                                  header, nonce, AAD
//!            count                                          open in place
//!        ──► header ‖ ciphertext ‖ tag                      look again and mark the window
//!                                                           count
//!                                                       ──► frame and its authenticated sender
//! ```
//!
//! Nothing leaves before the tag is right, and a frame that fails changes nothing but counters.

pub(crate) mod batch;
mod carried;
mod carrying;
mod codecs;
mod course;
mod decryptor;
mod encryptor;
mod explain;
mod proof;
mod receive_keys;
mod send_keys;
mod statistics;

pub use batch::{BatchFrame, DecryptJob, EncryptJob, OpenedFrame, decrypt_batch, encrypt_batch};
pub use course::{Failure, NeedKeyFrame};
pub use decryptor::{ChannelDecryptor, Opened};
pub use encryptor::{ChannelEncryptor, Sealed};
pub use explain::{Diagnosis, Reason, Suspects};
pub use proof::{Proof, Sentinel};
pub use statistics::{ErrorCounts, StreamStatistics};

use crate::keys::replay::{FRAME_WINDOW, PACKET_WINDOW};

/// Most octets of metadata.
const MAX_METADATA_LEN: usize = 65_535;
/// Octets of scratch that are there before the first frame with metadata.
const SCRATCH_LEN: usize = 256;

/// What one call of an encryptor or decryptor is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mode {
    /// Whole encoded frames, to be packetized afterwards. The replay window reaches back 1,024 frames.
    Frame,
    /// Payloads of one packet each, with a hard maximum: a longer result is refused, and the error says by how many
    /// octets. The replay window reaches back 8,192 packets.
    Packet {
        /// Most octets of header, ciphertext and tag together.
        max_len: usize,
    },
    /// Packets with the least overhead: suite 0x0001 and a KID of 0 to 7, at most 14 octets until CTR 2^24.
    CompactPacket {
        /// Most octets of header, ciphertext and tag together.
        max_len: usize,
    },
}

impl Mode {
    /// Packets of at most 1200 octets, which pass through any path of the Internet whole.
    pub const PACKET_1200: Self = Self::Packet { max_len: 1200 };
    /// The same with the least overhead.
    pub const COMPACT_1200: Self = Self::CompactPacket { max_len: 1200 };

    #[inline]
    const fn max_len(self) -> Option<usize> {
        match self {
            Self::Frame => None,
            Self::Packet { max_len } | Self::CompactPacket { max_len } => Some(max_len),
        }
    }

    #[inline]
    const fn window(self) -> u64 {
        match self {
            Self::Frame => FRAME_WINDOW,
            Self::Packet { .. } | Self::CompactPacket { .. } => PACKET_WINDOW,
        }
    }
}

// It looks at a decryptor's key, which nothing outside can.
#[cfg(test)]
#[path = "../../tests/in_crate/stack.rs"]
mod stack;
