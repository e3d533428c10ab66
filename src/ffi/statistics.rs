//! Counters as structs.

use super::convert::SizedOut;
use super::events::name;
use super::numbers::{MEDIASEAL_HAS_LAST_KID, MEDIASEAL_HAS_WINDOW_HEAD};
use super::status::{Fault, MEDIASEAL_ERR_INDEX, Outcome};
use super::types::mediaseal_statistics;
use crate::channel::{ErrorCounts, StreamStatistics};
use crate::id::{Counter, KeyId};

impl mediaseal_statistics {
    /// The same counters, as C has them.
    pub(super) fn of(stream: &StreamStatistics) -> Self {
        let (sender, sender_len) = name(&stream.sender);
        let flag = |is_set, flag| if is_set { flag } else { 0 };
        Self {
            ssrc: stream.ssrc.value(),
            flags: flag(stream.last_kid.is_some(), MEDIASEAL_HAS_LAST_KID)
                | flag(stream.window_head.is_some(), MEDIASEAL_HAS_WINDOW_HEAD),
            sender_len,
            sender,
            frames: stream.frames,
            octets: stream.octets,
            last_kid: stream.last_kid.map_or(0, KeyId::value),
            window_head: stream.window_head.map_or(0, Counter::value),
            ..Self::of_errors(&stream.errors)
        }
    }

    /// Refusals alone.
    pub(super) fn of_errors(errors: &ErrorCounts) -> Self {
        Self {
            struct_size: 0,
            ssrc: 0,
            flags: 0,
            sender_len: 0,
            sender: [0; 256],
            frames: 0,
            octets: 0,
            last_kid: 0,
            window_head: 0,
            missing_key: errors.missing_key,
            retired_key: errors.retired_key,
            not_yet_active: errors.not_yet_active,
            authentication_failed: errors.authentication_failed,
            duplicate: errors.duplicate,
            replayed: errors.replayed,
            too_old: errors.too_old,
            malformed: errors.malformed,
            truncated: errors.truncated,
            reflected: errors.reflected,
            stale_session: errors.stale_session,
            clock_mismatch: errors.clock_mismatch,
            contended: errors.contended,
            other: errors.other,
        }
    }
}

/// Writes the counters of one stream.
pub(super) fn stream<'a>(
    mut streams: impl Iterator<Item = &'a StreamStatistics>,
    index: usize,
    out: *mut mediaseal_statistics,
) -> Outcome {
    let out = SizedOut::new(out)?;
    let stream = streams.nth(index).ok_or(Fault(MEDIASEAL_ERR_INDEX))?;
    out.write(&mediaseal_statistics::of(stream));
    Ok(())
}

/// Writes the counters over all streams.
pub(super) fn totals(totals: &StreamStatistics, out: *mut mediaseal_statistics) -> Outcome {
    SizedOut::new(out)?.write(&mediaseal_statistics::of(totals));
    Ok(())
}
