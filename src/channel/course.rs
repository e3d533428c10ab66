//! How streams fare: when one stops to open and opens again, when its decoder wants a key frame.
//!
//! ```text
//!            5 refusals in a row          a frame opens
//!  opening ──────────────────────► failing ─────────────► opening
//!                StreamFailing               StreamRecovered
//! ```
//!
//! A stream whose frames all open costs one look at a flag. Who is not authenticated makes no entry but in a table of fixed size, and no storm of events.

use arrayvec::ArrayVec;

use super::statistics::Statistics;
use crate::error::{Error, Misuse};
use crate::event::{Event, EventQueue};
use crate::format::codec::{Codec, reads_as};
use crate::id::{Counter, KeyId, Media, SenderId, Ssrc};

/// Refusals in a row after which a stream is said to fail. Fewer are a bad packet or two.
const FAILURES: u32 = 5;
/// So many times a stream's failing is said; later ones at powers of two, so that nobody floods the queue by forging now and then.
const SAID: u32 = 8;
/// Streams that fail and were never heard, each said by itself. Further ones are said together.
const UNHEARD: usize = 32;
/// Milliseconds between two requests for a key frame of one stream.
const BETWEEN_REQUESTS: u64 = 500;

/// Why a decryptor refused a frame, and whose it was.
///
/// Nothing of it is authenticated but what [`error`](Self::error) says was: header and stream are what the frame and the application claim.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// Why, and what to do.
    pub error: Error,
    /// The stream that the application named.
    pub stream: Ssrc,
    /// KID in its header; nothing if no header could be read.
    pub kid: Option<KeyId>,
    /// CTR in its header.
    pub ctr: Option<Counter>,
    /// Who sends under that KID, as the key says; nothing if there is no such key, or no frame of its session has opened yet.
    pub sender: Option<SenderId>,
    /// Whether audio is missing now: let the decoder conceal a frame (Opus: decode with no data) in place of playing a gap. Never for duplicates, nor for frames that were played.
    pub conceal: bool,
}

impl core::fmt::Display for Failure {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "stream {:#010x}", self.stream.value())?;
        if let Some(sender) = &self.sender {
            write!(f, " of {sender}")?;
        }
        if let (Some(kid), Some(ctr)) = (self.kid, self.ctr) {
            write!(f, ", KID {kid}, CTR {ctr}")?;
        }
        write!(f, ": {}", self.error)
    }
}

/// A decoder cannot go on without a key frame: ask this sender for one (RTCP PLI, RFC 4585 section 6.3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NeedKeyFrame {
    /// Who is to send it.
    pub sender: SenderId,
    /// The stream.
    pub stream: Ssrc,
}

/// Whether a stream's decoder waits for a key frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Need {
    #[default]
    Nothing,
    /// It does, and nobody can tell whether one came: ask once.
    Once,
    /// It does until one opens.
    UntilKeyFrame,
}

/// What a stream carries, as far as it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    Unknown,
    Audio,
    Video,
}

impl Kind {
    fn of(codec: Option<Codec>, media: Media) -> Self {
        match (codec, media) {
            (Some(Codec::Opus), _) => Self::Audio,
            (Some(Codec::Opaque) | None, Media::AUDIO | Media::SCREEN_AUDIO) => Self::Audio,
            (Some(Codec::Opaque) | None, Media::VIDEO | Media::SCREEN) => Self::Video,
            (Some(Codec::Opaque) | None, _) => Self::Unknown,
            (Some(_), _) => Self::Video,
        }
    }
}

/// How one stream fares that was heard.
#[derive(Default)]
struct Course {
    /// Frames of it need nothing but to be counted.
    is_calm: bool,
    kind: Kind,
    need: Need,
    /// Refused since one opened.
    refused: u32,
    /// How often it has failed.
    times: u32,
    /// KID and highest CTR before the first of those that were refused.
    before: Option<(KeyId, Counter)>,
    asked_at: Option<u64>,
}

/// How one stream fares of which nothing has opened.
struct Unheard {
    stream: Ssrc,
    refused: u32,
}

/// How the streams of a decryptor fare.
#[derive(Default)]
pub(super) struct Courses {
    /// In the order of the statistics.
    heard: Vec<Course>,
    unheard: ArrayVec<Unheard, UNHEARD>,
    /// Refused of further streams that were never heard.
    beyond: u32,
    /// Streams that wait for a key frame.
    in_need: usize,
    last_failure: Option<Failure>,
}

/// A frame that has opened.
pub(super) struct OpenedFrame<'a> {
    pub(super) sender: &'a SenderId,
    pub(super) stream: Ssrc,
    pub(super) kid: KeyId,
    pub(super) ctr: Counter,
    pub(super) media: Media,
    /// The codec that was set for its stream.
    pub(super) codec: Option<Codec>,
    /// Whether the session numbers its frames from its beginning on.
    pub(super) is_session: bool,
    pub(super) plaintext: &'a [u8],
}

impl Courses {
    pub(super) fn last_failure(&self) -> Option<&Failure> {
        self.last_failure.as_ref()
    }

    /// Tells whether a frame of this stream that opened is nothing new.
    #[inline(always)]
    pub(super) fn is_calm(&self, index: usize) -> bool {
        self.heard.get(index).is_some_and(|course| course.is_calm)
    }

    /// Notes a frame that opened in stream `index` of the statistics, whose course is not calm.
    #[cold]
    #[inline(never)]
    pub(super) fn opened(&mut self, index: usize, frame: &OpenedFrame<'_>, events: &EventQueue) {
        let is_new = index >= self.heard.len();
        if is_new {
            self.heard.resize_with(index + 1, Course::default);
        }
        let course = &mut self.heard[index];
        course.kind = Kind::of(frame.codec, frame.media);
        let mut refused = core::mem::take(&mut course.refused);
        if is_new {
            // What failed until now under this name.
            let place = self
                .unheard
                .iter()
                .position(|unheard| unheard.stream == frame.stream);
            refused = place.map_or(0, |place| self.unheard.swap_remove(place).refused);
            course.times = u32::from(refused >= FAILURES);
        }
        if refused >= FAILURES && is_said(course.times) {
            events.push(Event::StreamRecovered {
                stream: frame.stream,
                sender: frame.sender.clone(),
                kid: frame.kid,
                refused: refused.into(),
            });
        }
        let before = course.before.take();
        let is_next = before.is_some_and(|(kid, ctr)| {
            kid == frame.kid && ctr.value().checked_add(1) == Some(frame.ctr.value())
        });
        // A session's frames are numbered from a multiple of 2^32 on.
        let is_beginning = frame.is_session && frame.ctr.value().trailing_zeros() >= 32;
        let lacks = if is_new {
            !is_beginning
        } else {
            refused > 0 && !is_next
        };
        let was = course.need;
        if course.kind == Kind::Video {
            let codec = frame.codec.or_else(|| reads_as(frame.plaintext));
            course.need = match codec.and_then(|codec| codec.is_key_frame(frame.plaintext)) {
                Some(true) => Need::Nothing,
                // A beginning that is known and is no key frame lacks one as well.
                Some(false) if lacks || is_new => Need::UntilKeyFrame,
                None if lacks && was == Need::Nothing => Need::Once,
                _ => was,
            };
        }
        course.is_calm = course.need == Need::Nothing;
        self.count_need(was, index);
    }

    /// Keeps the number of streams in need.
    fn count_need(&mut self, was: Need, index: usize) {
        let is = self.heard[index].need;
        match (was == Need::Nothing, is == Need::Nothing) {
            (true, false) => self.in_need += 1,
            (false, true) => self.in_need -= 1,
            _ => {}
        }
    }

    /// Notes a frame that was refused. `statistics` has counted it.
    #[cold]
    #[inline(never)]
    pub(super) fn refused(
        &mut self,
        mut failure: Failure,
        codec: Option<Codec>,
        statistics: &Statistics,
        events: &EventQueue,
    ) {
        let index = statistics.stream_of(failure.sender.as_ref(), failure.stream);
        let kind = match index.and_then(|index| self.heard.get(index)) {
            Some(course) => course.kind,
            None => Kind::of(codec, Media::UNSPECIFIED),
        };
        failure.conceal = kind == Kind::Audio && is_missing(&failure.error);
        if is_fault(&failure.error) {
            let (refused, times) = match index {
                Some(index) if index < self.heard.len() => {
                    self.heard_refused(index, &statistics.streams()[index])
                }
                _ => (self.unheard_refused(failure.stream), 1),
            };
            if refused == FAILURES && is_said(times) {
                let known = index.map(|index| statistics.streams()[index].sender.clone());
                events.push(Event::StreamFailing {
                    stream: failure.stream,
                    sender: failure.sender.clone().or(known),
                    kid: failure.kid,
                    reason: failure.error,
                });
            }
        }
        self.last_failure = Some(failure);
    }

    /// Counts a refusal of a stream that was heard: how many in a row, and for which time if that makes it fail.
    fn heard_refused(
        &mut self,
        index: usize,
        counters: &super::statistics::StreamStatistics,
    ) -> (u32, u32) {
        let course = &mut self.heard[index];
        if course.refused == 0 {
            course.before = counters.last_kid.zip(counters.window_head);
        }
        course.is_calm = false;
        course.refused = course.refused.saturating_add(1);
        if course.refused == FAILURES {
            course.times = course.times.saturating_add(1);
        }
        (course.refused, course.times)
    }

    /// Counts a refusal of a stream that was never heard: how many in a row, or of those beyond the table at powers of two as many as make it fail.
    fn unheard_refused(&mut self, stream: Ssrc) -> u32 {
        let known = self
            .unheard
            .iter_mut()
            .find(|unheard| unheard.stream == stream);
        if let Some(unheard) = known {
            unheard.refused = unheard.refused.saturating_add(1);
            return unheard.refused;
        }
        if self
            .unheard
            .try_push(Unheard { stream, refused: 1 })
            .is_ok()
        {
            return 1;
        }
        self.beyond = self.beyond.saturating_add(1);
        if self.beyond >= FAILURES && self.beyond.is_power_of_two() {
            FAILURES
        } else {
            0
        }
    }

    /// The next stream that needs a key frame now, and was not asked for one in the last 500 ms.
    pub(super) fn need_key_frame(
        &mut self,
        now_ms: u64,
        statistics: &Statistics,
    ) -> Option<NeedKeyFrame> {
        if self.in_need == 0 {
            return None;
        }
        let is_due = |course: &Course| {
            let asked_at = course.asked_at;
            course.need != Need::Nothing
                && asked_at.is_none_or(|asked_at| now_ms.abs_diff(asked_at) >= BETWEEN_REQUESTS)
        };
        let index = self.heard.iter().position(is_due)?;
        let course = &mut self.heard[index];
        course.asked_at = Some(now_ms);
        let was = course.need;
        if was == Need::Once {
            course.need = Need::Nothing;
            course.is_calm = course.refused == 0;
        }
        self.count_need(was, index);
        let stream = statistics.streams().get(index)?;
        Some(NeedKeyFrame {
            sender: stream.sender.clone(),
            stream: stream.ssrc,
        })
    }
}

/// Whether the `times`-th time is said.
const fn is_said(times: u32) -> bool {
    times <= SAID || times.is_power_of_two()
}

/// Whether such a refusal means that something is wrong with the stream. Duplicates and late frames come in healthy calls, padding probes are empty, replays have an event of their
/// own, and who calls wrongly hears it.
fn is_fault(error: &Error) -> bool {
    match error {
        Error::Duplicate { .. }
        | Error::TooOld { .. }
        | Error::Replayed { .. }
        | Error::Contended { .. }
        | Error::BufferTooSmall { .. }
        | Error::Truncated { len: 0, .. } => false,
        Error::Misuse(misuse) => matches!(misuse, Misuse::NoCodec),
        _ => true,
    }
}

/// Whether a frame is missing that such a refusal dropped.
fn is_missing(error: &Error) -> bool {
    is_fault(error) || matches!(error, Error::Contended { .. })
}
