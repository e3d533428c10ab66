//! Does the relay see media? It knows each run of 16 octets of each encoded frame, and looks for them.

use std::io;
use std::net::UdpSocket;
use std::ops::Range;
use std::time::Duration;

use crate::impairments::noise;
use crate::relay;
use crate::rtp::MAX_DATAGRAM;

/// How long the check waits for a datagram.
const PATIENCE: Duration = Duration::from_secs(1);
/// Octets of a run. No run of 16 octets of a ciphertext meets one of the media by chance.
const RUN: usize = 16;
/// A slot of the table without a run.
const FREE: u32 = u32::MAX;

/// All runs of 16 octets that stand in the encoded frames of a call: a hash table of places in the media,
/// so that an hour of it still fits into memory.
pub(crate) struct Watch {
    media: Vec<u8>,
    /// A power of two of places where a run begins, found by linear probing; at most half are taken.
    slots: Vec<u32>,
    known: usize,
    too_short: usize,
    shown: usize,
}

impl Watch {
    /// Learns the frames, each but for the runs that lie within its parts that are shown by design. Shorter ones than 16 octets cannot be
    /// told from chance and are left out.
    ///
    /// # Errors
    /// If all frames together have 4 GiB or more.
    pub(crate) fn new<'a>(
        frames: impl Iterator<Item = (&'a [u8], Vec<Range<usize>>)> + Clone,
    ) -> Result<Self, std::num::TryFromIntError> {
        let octets: usize = frames.clone().map(|(frame, _)| frame.len()).sum();
        let slots = (2 * octets).next_power_of_two();
        let mut watch = Self {
            media: Vec::with_capacity(octets),
            slots: vec![FREE; slots],
            known: 0,
            too_short: 0,
            shown: 0,
        };
        for (frame, shown) in frames {
            watch.too_short += usize::from(frame.len() < RUN);
            let start = watch.media.len();
            watch.media.extend_from_slice(frame);
            for place in start..(start + frame.len()).saturating_sub(RUN - 1) {
                let run = place - start..place - start + RUN;
                if shown
                    .iter()
                    .any(|part| part.start <= run.start && run.end <= part.end)
                {
                    watch.shown += 1;
                    continue;
                }
                let slot = watch.slot_of(&watch.media[place..place + RUN]);
                if watch.slots[slot] == FREE {
                    watch.slots[slot] = u32::try_from(place)?;
                    watch.known += 1;
                }
            }
        }
        Ok(watch)
    }

    /// Returns how many octets of a datagram belong to a known run.
    pub(crate) fn octets_seen(&self, datagram: &[u8]) -> usize {
        let mut seen = 0;
        let mut counted_to = 0;
        for (start, run) in datagram.windows(RUN).enumerate() {
            if self.slots[self.slot_of(run)] != FREE {
                seen += start + RUN - counted_to.max(start);
                counted_to = start + RUN;
            }
        }
        seen
    }

    /// Returns how many different runs are known.
    pub(crate) fn len(&self) -> usize {
        self.known
    }

    /// Returns how many runs were left out because they are shown by design.
    pub(crate) fn shown(&self) -> usize {
        self.shown
    }

    /// Returns how many frames were too short to learn.
    pub(crate) fn too_short(&self) -> usize {
        self.too_short
    }

    /// Returns the slot that holds `run`, or the free one where it belongs.
    fn slot_of(&self, run: &[u8]) -> usize {
        let last = self.slots.len() - 1;
        let mut slot = hash(run) & last;
        loop {
            let place = self.slots[slot];
            let held = usize::try_from(place)
                .ok()
                .and_then(|place| self.media.get(place..place + RUN));
            if place == FREE || held == Some(run) {
                return slot;
            }
            slot = (slot + 1) & last;
        }
    }
}

/// Mixes the two halves of a run.
fn hash(run: &[u8]) -> usize {
    let half = |octets: Option<&[u8; 8]>| octets.map_or(0, |octets| u64::from_ne_bytes(*octets));
    let (front, back) = (half(run.first_chunk()), half(run.last_chunk()));
    let mixed = (front ^ back.rotate_left(29)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ back).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    usize::try_from(mixed >> 32).unwrap_or(0)
}

/// Shows that the relay's look-out works: sends `frame` once as it is and once covered with noise,
/// through real sockets. Returns the octets looked at.
///
/// # Errors
/// If the frame as it is is not seen completely, or anything of the covered one is.
pub(crate) fn check(watch: &Watch, frame: &[u8]) -> io::Result<usize> {
    let (from, to) = (
        UdpSocket::bind("127.0.0.1:0")?,
        UdpSocket::bind("127.0.0.1:0")?,
    );
    to.set_read_timeout(Some(PATIENCE))?;
    let piece = &frame[..frame.len().min(MAX_DATAGRAM)];
    let covered: Vec<u8> = piece
        .iter()
        .zip(noise())
        .map(|(octet, noise)| octet ^ noise)
        .collect();

    for (sent, expected) in [(piece, piece.len()), (&covered, 0)] {
        from.send_to(sent, to.local_addr()?)?;
        let mut datagram = [0; MAX_DATAGRAM];
        let len = relay::read(&to, &mut datagram)?.map_or(0, |(len, _)| len);
        let seen = watch.octets_seen(&datagram[..len]);
        if seen != expected || len != sent.len() {
            let what =
                format!("the relay's look-out saw {seen} octets of media where {expected} are");
            return Err(io::Error::other(what));
        }
    }
    Ok(piece.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    type Outcome = Result<(), std::num::TryFromIntError>;

    fn frame() -> Vec<u8> {
        (0..200).collect()
    }

    fn watch<'a>(
        frames: impl Iterator<Item = &'a [u8]> + Clone,
    ) -> Result<Watch, std::num::TryFromIntError> {
        Watch::new(frames.map(|frame| (frame, Vec::new())))
    }

    #[test]
    fn what_is_shown_by_design_is_not_learned() -> Outcome {
        let watch = Watch::new([(&frame()[..], vec![10..40, 100..120])].into_iter())?;
        assert_eq!((watch.len(), watch.shown()), (165, 20));
        assert_eq!(watch.octets_seen(&frame()[10..40]), 0);
        assert_eq!(watch.octets_seen(&frame()[100..120]), 0);
        assert_eq!(watch.octets_seen(&frame()[10..41]), 16);
        assert_eq!(watch.octets_seen(&frame()[9..40]), 16);
        Ok(())
    }

    #[test]
    fn each_octet_is_counted_once() -> Outcome {
        let watch = watch([&frame()[..]].into_iter())?;
        assert_eq!(watch.len(), 185);
        assert_eq!(watch.octets_seen(&frame()), 200);
        assert_eq!(watch.octets_seen(&frame()[50..66]), 16);
        assert_eq!(watch.octets_seen(&frame()[50..65]), 0);
        let apart = [&frame()[..20], b"--", &frame()[100..150]].concat();
        assert_eq!(watch.octets_seen(&apart), 70);
        Ok(())
    }

    #[test]
    fn other_octets_are_not_seen() -> Outcome {
        let watch = watch([&frame()[..], b"too short"].into_iter())?;
        let other: Vec<u8> = frame().iter().map(|octet| octet ^ 1).collect();
        assert_eq!(watch.octets_seen(&other), 0);
        assert_eq!(watch.octets_seen(b"too short"), 0);
        assert_eq!(watch.too_short(), 1);
        Ok(())
    }

    #[test]
    fn a_run_does_not_reach_over_two_frames() -> Outcome {
        let watch = watch(frame().chunks(100))?;
        assert_eq!(watch.len(), 170);
        assert_eq!(watch.octets_seen(&frame()[92..108]), 0);
        Ok(())
    }

    #[test]
    fn repeated_runs_are_known_once() -> Outcome {
        let watch = watch([&[0; 5000][..], &[0; 5000]].into_iter())?;
        assert_eq!(watch.len(), 1);
        assert_eq!(watch.octets_seen(&[0; 100]), 100);
        Ok(())
    }
}
