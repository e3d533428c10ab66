//! What became of frames on the way, and whether that is right.

use std::collections::BTreeMap;

/// A frame as a depayloader gave it out.
pub(crate) struct Arrival {
    /// Which one it is by its timestamp.
    pub(crate) frame: usize,
    /// Its octets.
    pub(crate) octets: Vec<u8>,
    /// Whether the depayloader calls it a key frame.
    pub(crate) is_key: bool,
}

/// What became of the frames of a stream.
pub(crate) struct Journey {
    /// Packets of each frame, and how many of them were lost.
    packets: Vec<(usize, usize)>,
    /// Packets that were lost, those that were sent again included.
    pub(crate) lost_packets: usize,
    /// What arrived, in its order.
    pub(crate) arrivals: Vec<Arrival>,
    /// Why an element stopped.
    pub(crate) fault: Option<String>,
}

impl Journey {
    /// So many frames, of which nothing was sent yet.
    pub(crate) fn of(frames: usize) -> Self {
        Self {
            packets: vec![(0, 0); frames],
            lost_packets: 0,
            arrivals: Vec::new(),
            fault: None,
        }
    }

    /// Notes that a packet of `frame` was sent.
    pub(crate) fn sent(&mut self, frame: usize) {
        if let Some((sent, _)) = self.packets.get_mut(frame) {
            *sent += 1;
        }
    }

    /// Notes that a packet of `frame` was lost, for good if it is not sent again.
    pub(crate) fn lost(&mut self, frame: usize, is_sent_again: bool) {
        self.lost_packets += 1;
        if is_sent_again {
            return;
        }
        if let Some((_, lost)) = self.packets.get_mut(frame) {
            *lost += 1;
        }
    }

    /// Whether all packets of `frame` came through.
    fn is_whole(&self, frame: usize) -> bool {
        matches!(self.packets.get(frame), Some(&(1.., 0)))
    }

    /// Which frames were called key frames.
    pub(crate) fn keys(&self) -> BTreeMap<usize, bool> {
        let arrivals = self.arrivals.iter();
        arrivals
            .map(|arrival| (arrival.frame, arrival.is_key))
            .collect()
    }

    /// Opens what arrived, and compares it with the encoder's frames.
    pub(crate) fn judge<E: std::fmt::Display>(
        &self,
        frames: &[Vec<u8>],
        mut open: impl FnMut(&[u8]) -> Result<Vec<u8>, E>,
    ) -> Verdict {
        let mut verdict = Verdict {
            total: frames.len(),
            ..Verdict::default()
        };
        let mut seen = vec![false; frames.len()];
        for arrival in &self.arrivals {
            let number = arrival.frame;
            match open(&arrival.octets) {
                Ok(opened) => {
                    let is_new = seen
                        .get_mut(number)
                        .is_some_and(|seen| !std::mem::replace(seen, true));
                    if is_new && frames.get(number) == Some(&opened) {
                        verdict.exact += 1;
                        verdict.opened.push(opened);
                    } else {
                        verdict
                            .wrong
                            .push(format!("frame {number} opened as another"));
                    }
                }
                Err(error) if self.is_whole(number) => {
                    verdict.wrong.push(format!("frame {number}: {error}"));
                }
                Err(_) => verdict.refused += 1,
            }
        }
        for (number, seen) in seen.iter().enumerate() {
            let is_whole = self.is_whole(number);
            verdict.whole += usize::from(is_whole);
            verdict.withheld += usize::from(is_whole && !seen);
        }
        verdict
    }
}

/// What a receiver got.
#[derive(Default)]
pub(crate) struct Verdict {
    /// Frames that were sent.
    pub(crate) total: usize,
    /// Frames of which no packet was lost.
    pub(crate) whole: usize,
    /// Frames that are bit by bit those of the encoder.
    pub(crate) exact: usize,
    /// Frames that were damaged by loss and refused.
    pub(crate) refused: usize,
    /// Frames that the depayloader kept to itself though no packet of theirs was lost.
    pub(crate) withheld: usize,
    /// What must not be.
    pub(crate) wrong: Vec<String>,
    /// The frames that are exact.
    pub(crate) opened: Vec<Vec<u8>>,
}

#[cfg(test)]
mod tests {
    use super::{Arrival, Journey, Verdict};

    const FRAMES: [&[u8]; 3] = [b"one", b"two", b"three"];

    /// Judges arrivals, of which each "opens" as it is if it begins with a letter. Frame 1 lost one of its two packets.
    fn judge(arrivals: &[(usize, &[u8])]) -> Verdict {
        let mut journey = Journey::of(FRAMES.len());
        for frame in [0, 1, 1, 2] {
            journey.sent(frame);
        }
        journey.lost(1, false);
        for &(frame, octets) in arrivals {
            journey.arrivals.push(Arrival {
                frame,
                octets: octets.to_vec(),
                is_key: false,
            });
        }
        let frames = FRAMES.map(<[u8]>::to_vec);
        journey.judge(&frames, |octets| match octets {
            [b'a'..=b'z', ..] => Ok(octets.to_vec()),
            _ => Err("refused"),
        })
    }

    #[test]
    fn what_is_right_is_counted() {
        let verdict = judge(&[(0, b"one"), (1, b"?wo"), (2, b"three")]);
        assert!(verdict.wrong.is_empty());
        let Verdict {
            total,
            whole,
            exact,
            refused,
            withheld,
            ..
        } = verdict;
        assert_eq!((total, whole, exact, refused, withheld), (3, 2, 2, 1, 0));
        assert_eq!(judge(&[(2, b"three")]).withheld, 1);
    }

    #[test]
    fn what_is_wrong_is_seen() {
        for (what, arrivals) in [
            ("another frame", &[(0, b"two" as &[u8])][..]),
            ("a changed frame", &[(2, b"threes")]),
            ("a frame twice", &[(0, b"one"), (0, b"one")]),
            ("a whole frame that is refused", &[(0, b"?ne")]),
            ("a damaged frame that opens", &[(1, b"tw")]),
            ("a frame that was not sent", &[(3, b"four")]),
        ] {
            assert_eq!(judge(arrivals).wrong.len(), 1, "{what}");
        }
    }
}
