//! Send keys. (Receive keys are in `recv_key.rs`: two types without a common trait, so that the wrong one is a compile error.)
//!
//! Where is the nonce made unique? Here, in [`SendKey::take_ctr`].

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::cipher::{CheckedCipher, Limits, PacketKey, Params};
use crate::error::Error;
use crate::event::{Event, EventQueue};
use crate::id::{Counter, KeyId};
use crate::os::ForkGuard;

use super::base_key::BaseKey;
use super::counter_store::{Ceilings, Record};
use super::material::Material;

/// Counter values that a CounterStore reserves ahead, if that is at most 2^-12 of the key's limit.
const CTR_AHEAD: u64 = 1 << 16;
/// Blocks that a CounterStore reserves ahead, if that is at most 2^-12 of the key's limit: 64 MiB.
const BLOCKS_AHEAD: u64 = 1 << 22;
/// Most blocks that an encryptor draws at once.
const MAX_ALLOWANCE: u64 = 1 << 20;

/// Blocks that an encryptor drew from a send key and has not used yet. Dropped, they go back to that key.
#[derive(Default)]
pub(crate) struct Allowance {
    key: Option<Arc<SendKey>>,
    blocks: u64,
}

impl Allowance {
    /// An empty allowance of `key`.
    pub(crate) fn of(key: Arc<SendKey>) -> Self {
        Self {
            key: Some(key),
            blocks: 0,
        }
    }

    #[inline]
    pub(crate) fn key(&self) -> Option<&Arc<SendKey>> {
        self.key.as_ref()
    }

    /// Takes `expected`, which [`SendKey::peek_ctr`] gave, for a frame of `blocks`. False if another encryptor has
    /// taken it: peek again. Once it returns true the value is spent, whatever happens next.
    #[inline]
    pub(crate) fn take_ctr(&mut self, expected: Counter, blocks: u64) -> Result<bool, Error> {
        match &self.key {
            Some(key) => key.take_ctr(expected, blocks, &mut self.blocks),
            None => Err(Error::NoActiveKey),
        }
    }
}

impl Drop for Allowance {
    fn drop(&mut self) {
        if let Some(key) = &self.key {
            key.blocks.fetch_sub(self.blocks, Ordering::Relaxed);
        }
    }
}

/// A key that seals. It owns CTR: values are taken from it, in order, each once in the life of the key.
pub(crate) struct SendKey {
    material: Material,
    fork: ForkGuard,
    /// The next CTR.
    ctr: AtomicU64,
    /// Where CTR ends (exclusive), and where 75 % of its way lie behind it.
    ctr_end: u64,
    ctr_warning: u64,
    /// Up to here (exclusive) CTR values are reserved on disk; 2^64 - 1 for keys without a store.
    ctr_ceiling: AtomicU64,
    /// Blocks drawn as allowances.
    blocks: AtomicU64,
    block_ceiling: AtomicU64,
    record: Option<Mutex<Record>>,
    is_near_limit: AtomicBool,
    near_limit_said: AtomicBool,
    exhausted: AtomicBool,
    exhausted_said: AtomicBool,
    /// Whether the application hears of limits; sessions of a channel are followed by others without its doing.
    is_heard: bool,
    events: Arc<EventQueue>,
}

impl SendKey {
    pub(crate) fn new(
        cipher: &CheckedCipher,
        base_key: &BaseKey,
        kid: KeyId,
        record: Option<Record>,
        events: Arc<EventQueue>,
    ) -> Result<Self, Error> {
        let start = record.as_ref().map_or(
            Ceilings {
                ctr: u64::MAX,
                blocks: u64::MAX,
            },
            Record::ceilings,
        );
        let stored = record.is_some();
        let key = Self {
            material: Material::new(cipher, base_key, kid)?,
            fork: ForkGuard::new(),
            ctr: AtomicU64::new(if stored { start.ctr } else { 0 }),
            ctr_end: cipher.params().limits.max_seals,
            ctr_warning: three_quarters(cipher.params().limits.max_seals),
            ctr_ceiling: AtomicU64::new(start.ctr),
            blocks: AtomicU64::new(if stored { start.blocks } else { 0 }),
            block_ceiling: AtomicU64::new(start.blocks),
            record: record.map(Mutex::new),
            is_near_limit: AtomicBool::new(false),
            near_limit_said: AtomicBool::new(false),
            exhausted: AtomicBool::new(false),
            exhausted_said: AtomicBool::new(false),
            is_heard: true,
            events,
        };
        key.reserve(0)?;
        Ok(key)
    }

    /// Makes the key of a channel's session, whose CTR runs from `ctr` to `ctr_end` (exclusive).
    pub(crate) fn for_session(
        cipher: &CheckedCipher,
        base_key: &BaseKey,
        kid: KeyId,
        ctr: u64,
        ctr_end: u64,
        events: Arc<EventQueue>,
    ) -> Result<Self, Error> {
        let key = Self::new(cipher, base_key, kid, None, events)?;
        let most = cipher.params().limits.max_seals;
        Ok(Self {
            ctr: AtomicU64::new(ctr),
            ctr_end: ctr_end.min(ctr.saturating_add(most)),
            ctr_warning: ctr.saturating_add(three_quarters(most.min(ctr_end - ctr))),
            is_heard: false,
            ..key
        })
    }

    pub(crate) fn is_near_limit(&self) -> bool {
        self.is_near_limit.load(Ordering::Relaxed)
    }

    #[inline]
    pub(crate) fn is_exhausted(&self) -> bool {
        self.exhausted.load(Ordering::Relaxed)
    }

    #[inline]
    pub(crate) fn kid(&self) -> KeyId {
        self.material.kid
    }

    #[inline]
    pub(crate) fn suite(&self) -> u16 {
        self.material.suite
    }

    #[inline]
    pub(crate) fn params(&self) -> &Params {
        &self.material.params
    }

    #[inline]
    pub(crate) fn cipher_key(&self) -> &PacketKey {
        &self.material.cipher_key
    }

    #[inline]
    pub(crate) fn salt(&self) -> &[u8] {
        self.material.salt()
    }

    /// The CTR that the next frame gets if no other encryptor is quicker.
    #[inline]
    pub(crate) fn peek_ctr(&self) -> Counter {
        Counter::new(self.ctr.load(Ordering::Relaxed))
    }

    #[inline]
    fn take_ctr(&self, expected: Counter, blocks: u64, allowance: &mut u64) -> Result<bool, Error> {
        if !self.fork.is_this_process() {
            return Err(Error::Forked);
        }
        let ctr = expected.value();
        let limits = &self.material.params.limits;
        if ctr >= self.ctr_end || self.exhausted.load(Ordering::Relaxed) {
            return Err(self.exhaust());
        }
        if ctr >= self.ctr_ceiling.load(Ordering::Acquire) {
            self.reserve(0)?;
        }
        if *allowance < blocks {
            self.draw(blocks, allowance, limits)?;
        }
        let next = ctr + 1;
        if self
            .ctr
            .compare_exchange(ctr, next, Ordering::Relaxed, Ordering::Relaxed)
            .is_err()
        {
            return Ok(false);
        }
        *allowance -= blocks;
        if next >= self.ctr_warning {
            self.near_limit();
        }
        Ok(true)
    }

    /// Draws at least `blocks` from what the key has left.
    fn draw(&self, blocks: u64, allowance: &mut u64, limits: &Limits) -> Result<(), Error> {
        let wanted = blocks - *allowance;
        let generous = wanted.max((limits.max_blocks >> 12).clamp(1, MAX_ALLOWANCE));
        let mut drawn = self.blocks.load(Ordering::Relaxed);
        loop {
            let left = limits.max_blocks.saturating_sub(drawn);
            if left < wanted {
                return Err(self.exhaust());
            }
            let share = generous.min(left);
            let total = drawn + share;
            if total > self.block_ceiling.load(Ordering::Acquire) {
                self.reserve(share)?;
                // Others may have drawn or given back meanwhile: what was reserved is not for the old number.
                let now = self.blocks.load(Ordering::Relaxed);
                if now != drawn || total > self.block_ceiling.load(Ordering::Acquire) {
                    drawn = now;
                    continue;
                }
            }
            match self.blocks.compare_exchange_weak(
                drawn,
                total,
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => {
                    *allowance += share;
                    if total >= three_quarters(limits.max_blocks) {
                        self.near_limit();
                    }
                    return Ok(());
                }
                Err(now) => drawn = now,
            }
        }
    }

    /// Tops up what the CounterStore has reserved, off the frame path. A frame does it itself if no tick came in time.
    pub(crate) fn tick(&self) -> Result<(), Error> {
        if !self.fork.is_this_process() {
            return Err(Error::Forked);
        }
        self.reserve(0)
    }

    /// Sees that the next CTR and `more_blocks` beyond those drawn are reserved, and most of the usual reserve.
    fn reserve(&self, more_blocks: u64) -> Result<(), Error> {
        let Some(record) = &self.record else {
            return Ok(());
        };
        let mut record = record.lock().unwrap_or_else(PoisonError::into_inner);
        let now = record.ceilings();
        let ctr = self.ctr.load(Ordering::Relaxed);
        let blocks = self
            .blocks
            .load(Ordering::Relaxed)
            .saturating_add(more_blocks);
        let limits = &self.material.params.limits;
        let ctr_ahead = CTR_AHEAD.min((limits.max_seals >> 12).max(1));
        let blocks_ahead = BLOCKS_AHEAD.min((limits.max_blocks >> 12).max(1));
        // Not at every call: a sixteenth of the reserve may be used before it is worth a write.
        let enough = |ceiling: u64, used: u64, ahead: u64| {
            ceiling.saturating_sub(used) >= ahead - ahead / 16
        };
        if enough(now.ctr, ctr, ctr_ahead) && enough(now.blocks, blocks, blocks_ahead) {
            return Ok(());
        }
        let raised = Ceilings {
            ctr: now.ctr.max(ctr.saturating_add(ctr_ahead)),
            blocks: now.blocks.max(blocks.saturating_add(blocks_ahead)),
        };
        record.raise(raised)?;
        self.ctr_ceiling.store(raised.ctr, Ordering::Release);
        self.block_ceiling.store(raised.blocks, Ordering::Release);
        Ok(())
    }

    fn near_limit(&self) {
        self.is_near_limit.store(true, Ordering::Relaxed);
        if self.is_heard && !self.near_limit_said.load(Ordering::Relaxed) {
            let event = Event::KeyNearLimit { kid: self.kid() };
            say_once(&self.near_limit_said, &self.events, event);
        }
    }

    /// Ends the key for ever.
    fn exhaust(&self) -> Error {
        let kid = self.kid();
        self.exhausted.store(true, Ordering::Relaxed);
        if self.is_heard {
            let event = Event::KeyExhausted { kid };
            say_once(&self.exhausted_said, &self.events, event);
        }
        Error::KeyExhausted { kid }
    }

    /// Sets the next CTR. Tests need it to reproduce published vectors and to stand just before a limit.
    #[cfg(test)]
    pub(crate) fn with_counter_for_testing(self, ctr: u64) -> Self {
        self.ctr.store(ctr, Ordering::Relaxed);
        self
    }

    /// Sets the blocks drawn, for the same reason.
    #[cfg(test)]
    pub(crate) fn with_blocks_for_testing(self, blocks: u64) -> Self {
        self.blocks.store(blocks, Ordering::Relaxed);
        self
    }
}

/// Pushes an event unless it was kept before; one that found the queue full is tried again at the next occasion.
fn say_once(said: &AtomicBool, events: &EventQueue, event: Event) {
    if !said.swap(true, Ordering::Relaxed) && !events.push(event) {
        said.store(false, Ordering::Relaxed);
    }
}

/// 75 % of a limit, rounded up.
fn three_quarters(limit: u64) -> u64 {
    limit - limit / 4
}
