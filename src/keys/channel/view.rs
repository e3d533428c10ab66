//! What the data plane sees of a channel: immutable, replaced whole.

use std::collections::HashSet;
use std::sync::Arc;

use super::generation::{LOOK_AHEAD, MAX_BEHIND, Step};
use super::index::Seen;
use crate::cipher::CheckedCipher;
use crate::error::{Error, Misuse};
use crate::id::KeyId;

/// Seconds of a period.
pub(super) const PERIOD_SECONDS: u64 = 3600;

/// A channel at one moment.
#[derive(Default)]
pub(crate) struct ChannelView {
    pub(crate) version: u64,
    pub(super) clock: bool,
    /// Whether a generation with too many failures opens nothing more.
    pub(crate) refuses_after_failures: bool,
    pub(super) now: Option<u64>,
    pub(super) generations: Vec<GenerationView>,
    /// The low 4 bits of the generation that was retired last.
    pub(super) last_retired: Option<u64>,
    pub(super) own: Arc<HashSet<KeyId>>,
}

/// A generation at one moment.
pub(super) struct GenerationView {
    pub(super) number: u64,
    pub(super) cipher: CheckedCipher,
    pub(super) is_open: bool,
    pub(super) base: u32,
    pub(super) head: u32,
    /// Of the steps base to head + 8, in their order.
    pub(super) secrets: Vec<Arc<Step>>,
    pub(super) seen: Arc<Seen>,
}

/// What the bits of a KID name here: all that is needed to derive a session's keys.
pub(crate) struct Place<'a> {
    pub(crate) cipher: &'a CheckedCipher,
    pub(crate) generation: u64,
    pub(crate) step: u32,
    pub(crate) period: u64,
    pub(crate) secrets: &'a Step,
    pub(crate) seen: &'a Arc<Seen>,
}

impl ChannelView {
    /// The current period: ⌊now / 3600 s⌋, or 0 without a clock.
    pub(super) fn period(&self) -> Result<u64, Error> {
        if !self.clock {
            return Ok(0);
        }
        let now = self.now.ok_or(Misuse::ClockUnset { unix_seconds: 0 })?;
        Ok(now / PERIOD_SECONDS)
    }

    /// Tells whether this store seals or sealed under a KID.
    pub(crate) fn is_own(&self, kid: KeyId) -> bool {
        self.own.contains(&kid)
    }

    /// Tells whether frames of a step open. `seen` is by what a generation is told from another of its number.
    pub(crate) fn opens(&self, generation: u64, step: u32, seen: &Arc<Seen>) -> bool {
        self.generations.iter().any(|held| {
            held.number == generation
                && Arc::ptr_eq(&held.seen, seen)
                && held.is_open
                && held.base <= step
                && step <= held.top()
        })
    }

    /// Finds what a KID names, or says why nothing opens it.
    pub(crate) fn place(&self, kid: KeyId) -> Result<Place<'_>, Error> {
        let bits = kid.value();
        let generation_bits = (bits >> 4) & 15;
        let Some(held) = self
            .generations
            .iter()
            .find(|held| held.number & 15 == generation_bits)
        else {
            return Err(if self.last_retired == Some(generation_bits) {
                Error::RetiredKey { kid }
            } else {
                Error::MissingKey { kid }
            });
        };
        if !held.is_open {
            return Err(Error::NotYetActive { kid });
        }
        let (step, secrets) = held.step(bits & 15).ok_or(Error::RetiredKey { kid })?;
        let period = self.period_of(kid)?;
        Ok(Place {
            cipher: &held.cipher,
            generation: held.number,
            step,
            period,
            secrets,
            seen: &held.seen,
        })
    }

    /// The period nearest to now that a KID's two bits can mean.
    fn period_of(&self, kid: KeyId) -> Result<u64, Error> {
        let bits = (kid.value() >> 8) & 3;
        if !self.clock {
            return if bits == 0 {
                Ok(0)
            } else {
                Err(Error::ClockMismatch { kid })
            };
        }
        let now = self.period()?;
        match bits.wrapping_sub(now) & 3 {
            0 => Ok(now),
            1 => Ok(now.saturating_add(1)),
            3 => Ok(now.saturating_sub(1)),
            _ => Err(Error::StaleSession { kid }),
        }
    }
}

impl GenerationView {
    fn top(&self) -> u32 {
        self.head.saturating_add(LOOK_AHEAD)
    }

    /// The one step in head − 7 … head + 8 whose low 4 bits these are, if it is not below base.
    fn step(&self, bits: u64) -> Option<(u32, &Step)> {
        let lowest = i64::from(self.head) - i64::from(MAX_BEHIND);
        let offset = (i64::try_from(bits).ok()? - lowest).rem_euclid(16);
        let step = u32::try_from(lowest + offset).ok()?;
        let place = usize::try_from(step.checked_sub(self.base)?).ok()?;
        Some((step, self.secrets.get(place)?))
    }
}
