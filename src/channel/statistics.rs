//! What an encryptor or decryptor has done, by sender and stream.

use crate::cipher::prefetch;
use crate::error::Error;
use crate::id::{Counter, KeyId, SenderId, Ssrc};

/// Streams that are counted apart; frames of further ones count in the totals alone.
const MAX_STREAMS: usize = 1024;

/// Refusals, each class apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErrorCounts {
    /// [`Error::MissingKey`].
    pub missing_key: u64,
    /// [`Error::RetiredKey`].
    pub retired_key: u64,
    /// [`Error::NotYetActive`].
    pub not_yet_active: u64,
    /// [`Error::AuthenticationFailed`].
    pub authentication_failed: u64,
    /// [`Error::Duplicate`].
    pub duplicate: u64,
    /// [`Error::Replayed`].
    pub replayed: u64,
    /// [`Error::TooOld`].
    pub too_old: u64,
    /// [`Error::Malformed`].
    pub malformed: u64,
    /// [`Error::Truncated`].
    pub truncated: u64,
    /// [`Error::Reflected`].
    pub reflected: u64,
    /// [`Error::StaleSession`].
    pub stale_session: u64,
    /// [`Error::ClockMismatch`].
    pub clock_mismatch: u64,
    /// [`Error::Contended`].
    pub contended: u64,
    /// Every other error: refused arguments, exhausted keys, failed ciphers.
    pub other: u64,
}

impl ErrorCounts {
    fn count(&mut self, error: &Error) {
        let field = match error {
            Error::MissingKey { .. } => &mut self.missing_key,
            Error::RetiredKey { .. } => &mut self.retired_key,
            Error::NotYetActive { .. } => &mut self.not_yet_active,
            Error::AuthenticationFailed { .. } => &mut self.authentication_failed,
            Error::Duplicate { .. } => &mut self.duplicate,
            Error::Replayed { .. } => &mut self.replayed,
            Error::TooOld { .. } => &mut self.too_old,
            Error::Malformed(_) => &mut self.malformed,
            Error::Truncated { .. } => &mut self.truncated,
            Error::Reflected { .. } => &mut self.reflected,
            Error::StaleSession { .. } => &mut self.stale_session,
            Error::ClockMismatch { .. } => &mut self.clock_mismatch,
            Error::Contended { .. } => &mut self.contended,
            _ => &mut self.other,
        };
        *field = field.saturating_add(1);
    }

    /// Returns the number of all refusals.
    #[must_use]
    pub fn total(&self) -> u64 {
        [
            self.missing_key,
            self.retired_key,
            self.not_yet_active,
            self.authentication_failed,
            self.duplicate,
            self.replayed,
            self.too_old,
            self.malformed,
            self.truncated,
            self.reflected,
            self.stale_session,
            self.clock_mismatch,
            self.contended,
            self.other,
        ]
        .into_iter()
        .fold(0, u64::saturating_add)
    }
}

/// Counters of one sender and stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StreamStatistics {
    /// The authenticated sender; empty at an encryptor.
    pub sender: SenderId,
    /// The stream that the application named. A relay can rename streams, it is not authenticated.
    pub ssrc: Ssrc,
    /// Frames sealed or opened.
    pub frames: u64,
    /// Octets of payload in them, without header or tag.
    pub octets: u64,
    /// Refusals whose KID belongs to this sender.
    pub errors: ErrorCounts,
    /// KID of the last frame sealed or opened.
    pub last_kid: Option<KeyId>,
    /// At an encryptor the last CTR sealed; at a decryptor the highest CTR that was opened under the last KID.
    pub window_head: Option<Counter>,
}

/// The table of streams and the totals over all of them.
#[derive(Default)]
pub(super) struct Statistics {
    streams: Vec<StreamStatistics>,
    /// Indices into `streams`, ordered by stream and sender: a relay that renames streams causes no long search.
    order: Vec<usize>,
    /// Where the last frame was counted: the next is likely of the same stream.
    last: usize,
    totals: StreamStatistics,
    unattributed: ErrorCounts,
}

impl Statistics {
    pub(super) fn streams(&self) -> &[StreamStatistics] {
        &self.streams
    }

    pub(super) const fn totals(&self) -> &StreamStatistics {
        &self.totals
    }

    pub(super) const fn unattributed(&self) -> &ErrorCounts {
        &self.unattributed
    }

    /// Counts a frame that was sealed, or opened and authenticated, and tells the index of its stream if that is counted apart.
    #[inline]
    pub(super) fn count_frame(
        &mut self,
        sender: &SenderId,
        ssrc: Ssrc,
        octets: usize,
        kid: KeyId,
        head: Option<Counter>,
    ) -> Option<usize> {
        let count = |counters: &mut StreamStatistics| {
            counters.frames = counters.frames.saturating_add(1);
            counters.octets = counters.octets.saturating_add(octets as u64);
            counters.last_kid = Some(kid);
            counters.window_head = head;
        };
        count(&mut self.totals);
        let index = match self.find(sender, ssrc) {
            Ok(index) => Some(index),
            Err(place) => (self.streams.len() < MAX_STREAMS).then(|| {
                self.order.insert(place, self.streams.len());
                self.streams.push(StreamStatistics {
                    sender: sender.clone(),
                    ssrc,
                    ..StreamStatistics::default()
                });
                self.streams.len() - 1
            }),
        };
        if let Some(index) = index {
            self.last = index;
            count(&mut self.streams[index]);
        }
        index
    }

    /// The index of the stream of this sender, or of the first of that name if nobody knows the sender.
    pub(super) fn stream_of(&self, sender: Option<&SenderId>, ssrc: Ssrc) -> Option<usize> {
        if let Some(sender) = sender {
            return self.find(sender, ssrc).ok();
        }
        if self
            .streams
            .get(self.last)
            .is_some_and(|stream| stream.ssrc == ssrc)
        {
            return Some(self.last);
        }
        let place = self
            .order
            .partition_point(|&index| self.streams[index].ssrc < ssrc);
        let index = *self.order.get(place)?;
        (self.streams[index].ssrc == ssrc).then_some(index)
    }

    /// Asks the cache for the counters of the stream that was last.
    pub(super) fn prefetch(&self) {
        if let Some(stream) = self.streams.get(self.last) {
            prefetch(stream);
        }
    }

    /// Counts a refusal: with its stream if that has had an authentic frame. Nobody unauthenticated makes an entry.
    pub(super) fn count_error(&mut self, sender: Option<&SenderId>, ssrc: Ssrc, error: &Error) {
        self.totals.errors.count(error);
        match sender.and_then(|sender| self.find(sender, ssrc).ok()) {
            Some(index) => self.streams[index].errors.count(error),
            None => self.unattributed.count(error),
        }
    }

    /// The index of a stream, or where it would stand in the order.
    #[inline]
    fn find(&self, sender: &SenderId, ssrc: Ssrc) -> Result<usize, usize> {
        let is = |stream: &StreamStatistics| stream.ssrc == ssrc && stream.sender == *sender;
        if self.streams.get(self.last).is_some_and(is) {
            return Ok(self.last);
        }
        self.order
            .binary_search_by(|&index| {
                let stream = &self.streams[index];
                (stream.ssrc, &stream.sender).cmp(&(ssrc, sender))
            })
            .map(|place| self.order[place])
    }
}
