//! A stream of the call: encoded media with a number and a sender.

use crate::media::Media;

/// The two ends of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Participant {
    A,
    B,
}

impl Participant {
    /// Both, in the order in which everything else lists them.
    pub(crate) const BOTH: [Self; 2] = [Self::A, Self::B];

    /// Returns the participant's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::B => "B",
        }
    }

    /// Returns who receives what this participant sends.
    pub(crate) fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

/// One stream; both ends and the report know it by its number, which is also its SSRC.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) sender: Participant,
    /// From 1, different for all streams of the call.
    pub(crate) number: u32,
    pub(crate) media: Media,
}

impl Stream {
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
