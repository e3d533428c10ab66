//! A stream of the call: encoded media, or messages, with a number and a sender.

use mediaseal::Media as Kind;

use crate::media::Media;
use crate::rtp::Session;

/// Those in the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Participant {
    A,
    B,
    /// Joins in the middle, listens, and leaves.
    C,
}

impl Participant {
    /// All, in the order in which everything else lists them.
    pub(crate) const ALL: [Self; 3] = [Self::A, Self::B, Self::C];
    /// Those who send.
    pub(crate) const SENDERS: [Self; 2] = [Self::A, Self::B];

    /// Returns the participant's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::B => "B",
            Self::C => "C",
        }
    }
}

/// One stream; the report knows it by its number, the wire by its SSRC.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) sender: Participant,
    /// From 1, different for all streams of the call.
    pub(crate) number: u32,
    /// What the channel knows it as.
    pub(crate) kind: Kind,
    pub(crate) media: Media,
    pub(crate) rtp: Session,
}

impl Stream {
    /// Returns who listens from the start to the end: the other one of A and B.
    pub(crate) fn listener(&self) -> Participant {
        match self.sender {
            Participant::A => Participant::B,
            Participant::B | Participant::C => Participant::A,
        }
    }

    /// Tells whether it carries messages and not media.
    pub(crate) fn is_data(&self) -> bool {
        self.kind == Kind::DATA
    }

    /// Returns the name of the file that holds what arrived.
    pub(crate) fn file_name(&self) -> String {
        let (sender, media) = (self.sender.name(), &self.media);
        format!(
            "from-{sender}-{}-{}.{}",
            self.number,
            media.name,
            media.extension()
        )
    }
}
