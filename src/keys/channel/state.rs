//! What a channel knows: generations, what was heard and sent, who seals.

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::sync::{Arc, Weak};

use super::config::ChannelConfig;
use super::generation::{Generation, Phase, StepSecret, next_step};
use super::receive::Heard;
use super::session::{Sender, Target};
use super::view::{ChannelView, GenerationView, PERIOD_SECONDS};
use crate::cipher::CheckedCipher;
use crate::error::{Error, Misuse};
use crate::id::KeyId;

/// KIDs of sessions that this side sent, remembered so that their frames are known when they come back.
const MAX_OWN: usize = 65_536;
/// Steps that are derived one after another to reach one that is wanted.
const MAX_WALK: u32 = 1 << 16;

/// All that a channel knows, behind its lock.
pub(super) struct State {
    pub(super) generations: Vec<Generation>,
    pub(super) last_retired: Option<u64>,
    /// Numbers that were retired: staged again, a generation would open again what it had opened.
    pub(super) retired: BTreeSet<u64>,
    /// The lowest steps that opened before a restart.
    pub(super) imported_bases: BTreeMap<u64, u32>,
    pub(super) now: Option<u64>,
    pub(super) renewal: u64,
    pub(super) heard: Heard,
    pub(super) own: Arc<HashSet<KeyId>>,
    pub(super) own_order: VecDeque<(KeyId, u64, u32)>,
    pub(super) senders: Vec<Weak<Sender>>,
    pub(super) view: Arc<ChannelView>,
}

/// What a tick can change that frames must see.
#[derive(PartialEq, Eq)]
pub(super) struct Outline {
    period: Option<u64>,
    /// Number, phase, whether it opens, and base, sending step and head.
    generations: Vec<(u64, Phase, bool, [u32; 3])>,
}

impl State {
    /// A channel without generations.
    pub(super) fn new(config: &ChannelConfig) -> Self {
        Self {
            generations: Vec::new(),
            last_retired: None,
            retired: BTreeSet::new(),
            imported_bases: BTreeMap::new(),
            now: None,
            renewal: 0,
            heard: Heard::new(config.max_sessions),
            own: Arc::default(),
            own_order: VecDeque::new(),
            senders: Vec::new(),
            view: Arc::new(ChannelView {
                clock: config.clock,
                ..ChannelView::default()
            }),
        }
    }

    pub(super) fn generation(&self, number: u64) -> Result<&Generation, Error> {
        self.generations
            .iter()
            .find(|held| held.number == number)
            .ok_or_else(|| Misuse::UnknownGeneration.into())
    }

    pub(super) fn generation_mut(&mut self, number: u64) -> Result<&mut Generation, Error> {
        self.generations
            .iter_mut()
            .find(|held| held.number == number)
            .ok_or_else(|| Misuse::UnknownGeneration.into())
    }

    pub(super) fn active(&self) -> Option<&Generation> {
        self.generations
            .iter()
            .find(|held| held.phase == Phase::Active)
    }

    /// What a session is made for now.
    pub(super) fn target(&self) -> Result<Target, Error> {
        let active = self.active().ok_or(Error::NoActiveKey)?;
        Ok(Target {
            generation: active.number,
            step: active.send,
            period: self.view.period()?,
            renewal: self.renewal,
        })
    }

    /// Remembers a KID that this side sends under. Tells whether another was forgotten for it.
    pub(super) fn remember_own(&mut self, kid: KeyId, generation: u64, step: u32) -> bool {
        let own = Arc::make_mut(&mut self.own);
        if own.insert(kid) {
            self.own_order.push_back((kid, generation, step));
        }
        own.len() > MAX_OWN
            && self
                .own_order
                .pop_front()
                .is_some_and(|(oldest, ..)| own.remove(&oldest))
    }

    /// Forgets what was heard and sent in steps that are gone, and in a generation that is `dropped` now. What was imported for a generation
    /// that is not staged yet stays.
    pub(super) fn forget_gone_steps(&mut self, dropped: Option<u64>) {
        let generations = &self.generations;
        let is_held = |number: u64, step: u32| {
            dropped != Some(number)
                && generations
                    .iter()
                    .find(|held| held.number == number)
                    .is_none_or(|held| held.base <= step)
        };
        self.heard.retain(is_held);
        if self
            .own_order
            .iter()
            .any(|(_, number, step)| !is_held(*number, *step))
        {
            let own = Arc::make_mut(&mut self.own);
            self.own_order.retain(|(kid, number, step)| {
                let held = is_held(*number, *step);
                if !held {
                    own.remove(kid);
                }
                held
            });
        }
    }

    pub(super) fn view(&self, version: u64, config: &ChannelConfig) -> ChannelView {
        ChannelView {
            version,
            clock: config.clock,
            refuses_after_failures: config.refuses_after_failures,
            now: self.now,
            generations: self
                .generations
                .iter()
                .map(|held| GenerationView {
                    number: held.number,
                    cipher: held.cipher.clone(),
                    is_open: held.is_open(),
                    base: held.base,
                    head: held.head,
                    secrets: held.secrets.values().map(Arc::clone).collect(),
                    seen: Arc::clone(&held.seen),
                })
                .collect(),
            last_retired: self.last_retired,
            own: Arc::clone(&self.own),
        }
    }

    /// Sees that a generation that is held has the same secret at `step` or later.
    pub(super) fn check_same(
        &self,
        number: u64,
        cipher: &CheckedCipher,
        step: u32,
        secret: StepSecret,
    ) -> Result<(), Error> {
        let held = self.generation(number)?;
        let (top, highest) = held
            .secrets
            .last_key_value()
            .ok_or(Misuse::UnknownGeneration)?;
        // Two holders of one generation hold other steps of it: the lower secret is walked up to the higher.
        let is_same = if step > *top {
            walk(&highest.secret, *top, step)?.is_some_and(|walked| walked == secret)
        } else {
            let at = step.max(held.base);
            let walked = walk(&secret, step, at)?.unwrap_or(secret);
            held.step(at).is_some_and(|held| held.secret == walked)
        };
        if is_same && held.cipher.suite() == cipher.suite() {
            Ok(())
        } else {
            Err(Misuse::GenerationConflict.into())
        }
    }

    /// The lowest steps that open, where they are not 0; also of generations that were imported and are not staged yet.
    pub(super) fn bases(&self) -> BTreeMap<u64, u32> {
        let mut bases = self.imported_bases.clone();
        for held in &self.generations {
            if held.base > 0 {
                bases.insert(held.number, held.base);
            }
        }
        bases
    }

    /// What frames can tell of the state.
    pub(super) fn outline(&self) -> Outline {
        let held = self.generations.iter().map(|held| {
            let steps = [held.base, held.send, held.head];
            (held.number, held.phase, held.is_open(), steps)
        });
        Outline {
            period: self.now.map(|now| now / PERIOD_SECONDS),
            generations: held.collect(),
        }
    }

    /// Walks from a step up to the lowest that still opened before a restart, so that earlier ones do not open again.
    pub(super) fn above_imported_base(
        &self,
        number: u64,
        step: u32,
        secret: StepSecret,
    ) -> Result<(u32, StepSecret), Error> {
        let base = self.imported_bases.get(&number).copied().unwrap_or(0);
        let at = step.max(base);
        Ok((at, walk(&secret, step, at)?.unwrap_or(secret)))
    }

    pub(super) fn check_slot(&self, number: u64) -> Result<(), Error> {
        if self.retired.contains(&number) {
            return Err(Misuse::GenerationRetired.into());
        }
        if self
            .generations
            .iter()
            .any(|held| held.number & 15 == number & 15)
        {
            return Err(Misuse::GenerationSlotBusy.into());
        }
        Ok(())
    }

    /// Ends the graces whose end `is_over`.
    pub(super) fn end_grace(&mut self, is_over: impl Fn(Option<u64>) -> bool) {
        let over: Vec<u64> = self
            .generations
            .iter()
            .filter(|held| held.phase == Phase::Grace && is_over(held.grace_ends))
            .map(|held| held.number)
            .collect();
        for number in over {
            self.drop_generation(number);
        }
        for held in &mut self.generations {
            if held.steps_in_grace && is_over(held.grace_ends) {
                held.drop_steps_below_send();
            }
        }
        self.forget_gone_steps(None);
    }

    pub(super) fn drop_generation(&mut self, number: u64) {
        self.generations.retain(|held| held.number != number);
        self.last_retired = Some(number & 15);
        self.retired.insert(number);
        self.imported_bases.remove(&number);
        for sender in self.senders.iter().filter_map(Weak::upgrade) {
            sender.sessions().forget(number);
        }
        self.forget_gone_steps(Some(number));
    }
}

/// Derives the secret of step `to` from that of `from`; nothing where they are the same step. Refuses a way of more than 2^16 steps.
fn walk(secret: &StepSecret, from: u32, to: u32) -> Result<Option<StepSecret>, Error> {
    if to.saturating_sub(from) > MAX_WALK {
        return Err(Misuse::UnknownStep.into());
    }
    let mut walked = None;
    for step in (from..to).map(|step| step + 1) {
        walked = Some(next_step(walked.as_ref().unwrap_or(secret), step));
    }
    Ok(walked)
}
