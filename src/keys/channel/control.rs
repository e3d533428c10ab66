//! What the application does with a channel: generations, steps, time, checks.

use std::sync::{Arc, MutexGuard, PoisonError, Weak};

use subtle::ConstantTimeEq;

use super::config::NewGeneration;
use super::epoch::EpochSecret;
use super::generation::{
    Generation, MAX_BEHIND, Phase, StepSecret, check_key, confirm, first_step, key_check,
    safety_code,
};
use super::receive::{self, Kind};
use super::state::State;
use super::view::PERIOD_SECONDS;
use super::{Channel, MAX_ANNOUNCED, MAX_EXPECTED, lock};
use crate::cipher::{CheckedCipher, CipherSuite};
use crate::error::{Error, Misuse};
use crate::event::Event;
use crate::id::{KeyId, Media, SenderId};
use crate::keys::channel::ChannelKey;
use crate::keys::schedule::{KEY_MARK, fingerprint};
use crate::keys::secret::{Secret, with_wiped_stack};

impl Channel {
    /// Stages a generation: it opens frames, from `opens_at` on, and does not seal. Stage it on every side, then
    /// [`activate`](Self::activate).
    ///
    /// # Errors
    /// [`Misuse::GenerationRetired`] if it was held and retired; [`Misuse::GenerationSlotBusy`] if a held generation has the same low 4 bits;
    /// [`Misuse::GenerationConflict`] if this generation is held
    /// with another key (the same key again changes nothing); [`Misuse::ChannelKeyReused`] if the key is staged under another channel id of this
    /// store; [`Misuse::ShortTag`], [`Misuse::UnsupportedSuite`] for the cipher.
    pub fn stage(&self, new: NewGeneration) -> Result<(), Error> {
        let cipher = new.cipher?;
        cipher.check_tag_policy()?;
        let config = &self.inner.config;
        let secret = first_step(&new.key, &config.id, &config.instance, new.number);
        let mut state = self.lock();
        if state.generation(new.number).is_ok() {
            return state.check_same(new.number, &cipher, 0, secret);
        }
        state.check_slot(new.number)?;
        self.check_reuse(&new.key, new.is_shared)?;
        let (step, secret) = state.above_imported_base(new.number, 0, secret)?;
        let mut generation = Generation::new(new.number, cipher, step, secret, new.opens_at);
        generation.root = new.keeps_root.then_some(new.key);
        generation.open_for_good(state.now);
        state.generations.push(generation);
        self.publish(state);
        Ok(())
    }

    /// Stages a generation from the secret of one of its steps, which a member handed over: base, sending step and head are that step. A custom
    /// cipher is given in `cipher`; built-in suites are found by their number.
    ///
    /// # Errors
    /// [`Misuse::EpochMismatch`] if the secret is of another channel, instance or clock, or another suite than `cipher`; the others as
    /// [`stage`](Self::stage).
    pub fn join(&self, epoch: EpochSecret, cipher: Option<&CheckedCipher>) -> Result<(), Error> {
        let config = &self.inner.config;
        let cipher = match cipher {
            Some(cipher) => cipher.clone(),
            None => CheckedCipher::builtin(epoch.suite)?,
        };
        let is_ours = epoch.channel_id == config.id
            && epoch.instance == config.instance
            && epoch.clock == config.clock
            && epoch.suite == cipher.suite();
        if !is_ours {
            return Err(Misuse::EpochMismatch.into());
        }
        cipher.check_tag_policy()?;
        let mut state = self.lock();
        if state.generation(epoch.generation).is_ok() {
            return state.check_same(epoch.generation, &cipher, epoch.step, epoch.secret);
        }
        state.check_slot(epoch.generation)?;
        let (step, secret) =
            state.above_imported_base(epoch.generation, epoch.step, epoch.secret)?;
        let generation = Generation::new(epoch.generation, cipher, step, secret, None);
        state.generations.push(generation);
        self.publish(state);
        Ok(())
    }

    /// Makes a generation the one that seals, from the next frame of every encryptor on. The former one is in grace: it opens until grace ends,
    /// or until [`retire`](Self::retire) where the channel has no clock.
    ///
    /// # Errors
    /// [`Misuse::UnknownGeneration`] if it is not held; [`Misuse::NotOpenYet`] before its `opens_at`; [`Error::EntropyUnavailable`] if a session
    /// cannot be made (encryptors try again).
    pub fn activate(&self, generation: u64) -> Result<(), Error> {
        let mut state = self.lock();
        let next = state.generation(generation)?;
        if next.phase == Phase::Active {
            return Ok(());
        }
        if !next.is_open() {
            return Err(Misuse::NotOpenYet.into());
        }
        for held in &mut state.generations {
            if held.phase == Phase::Active {
                held.phase = Phase::Grace;
                held.grace_ends = None;
            }
        }
        state.generation_mut(generation)?.phase = Phase::Active;
        self.prepare_and_publish(state)
    }

    /// Seals at step `step` of a generation from now on, which must be held. Absolute and idempotent: every member calls it with the same number, in
    /// any order and as often as it likes; a step at or below the sending one changes nothing. Steps below still open until grace ends.
    ///
    /// # Errors
    /// [`Misuse::UnknownGeneration`] if the generation is not held; [`Misuse::GraceOpen`] if the step is more than 7 above the lowest that still
    /// opens: wait for the end of grace, or [`end_grace`](Self::end_grace).
    pub fn advance_to(&self, generation: u64, step: u32) -> Result<(), Error> {
        let mut state = self.lock();
        let held = state.generation_mut(generation)?;
        if step <= held.send {
            return Ok(());
        }
        if step.max(held.head) - held.base > MAX_BEHIND {
            return Err(Misuse::GraceOpen.into());
        }
        held.send = step;
        held.head = held.head.max(step);
        held.look_ahead();
        held.steps_in_grace = true;
        if held.phase != Phase::Grace {
            held.grace_ends = None;
        }
        self.prepare_and_publish(state)
    }

    /// Returns the secret of a step, for a joiner. Advance first: who gets step s opens s and later, never earlier.
    ///
    /// # Errors
    /// [`Misuse::UnknownGeneration`] if the generation is not held; [`Misuse::UnknownStep`] if the step is below the lowest held or above head.
    pub fn epoch_secret(&self, generation: u64, step: u32) -> Result<EpochSecret, Error> {
        let state = self.lock();
        let held = state.generation(generation)?;
        let from = held
            .step(step)
            .filter(|_| step <= held.head)
            .ok_or(Misuse::UnknownStep)?;
        let mut secret = Secret::zeroed();
        secret.expose_mut().copy_from_slice(from.secret.expose());
        let config = &self.inner.config;
        Ok(EpochSecret {
            suite: held.cipher.suite(),
            clock: config.clock,
            channel_id: config.id.clone(),
            instance: config.instance.clone(),
            generation,
            step,
            secret,
        })
    }

    /// Returns a copy of a generation's channel key, if [`NewGeneration::keep_root`] was said.
    #[must_use]
    pub fn channel_key(&self, generation: u64) -> Option<ChannelKey> {
        let state = self.lock();
        let held = state.generation(generation).ok()?;
        held.root.as_ref().map(ChannelKey::duplicate)
    }

    /// Retires a generation at once: it opens and seals nothing more, its secrets are wiped when encryptors and decryptors take their next frame.
    ///
    /// # Errors
    /// [`Misuse::UnknownGeneration`] if it is not held.
    pub fn retire(&self, generation: u64) -> Result<(), Error> {
        let mut state = self.lock();
        state.generation(generation)?;
        state.drop_generation(generation);
        self.publish(state);
        Ok(())
    }

    /// Ends every grace now: the former generation is retired, and the steps below the sending ones are wiped.
    pub fn end_grace(&self) {
        let mut state = self.lock();
        state.end_grace(|_| true);
        self.publish(state);
    }

    /// Returns the generation that seals and its step.
    #[must_use]
    pub fn sending(&self) -> Option<(u64, u32)> {
        let state = self.lock();
        state.active().map(|active| (active.number, active.send))
    }

    /// Announces who sends under a KID, as the sender's [`Event::SessionStarted`] told: decryptors then open it for this sender, whom they need not
    /// expect otherwise. Ciphers of cost class slow need it.
    ///
    /// The announcement is not trusted: a frame opens for this sender or not at all.
    ///
    /// # Errors
    /// [`Misuse::ExpectedSenders`] if 16 others were announced for this KID: it is a KID that somebody claims for everybody.
    pub fn expect_session(&self, kid: KeyId, sender: SenderId, media: Media) -> Result<(), Error> {
        let mut announced = self
            .inner
            .announced
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let senders = announced.senders.entry(kid).or_default();
        if senders.contains(&(sender.clone(), media)) {
            return Ok(());
        }
        let count = senders.len() + 1;
        if count > MAX_EXPECTED {
            return Err(Misuse::ExpectedSenders { count }.into());
        }
        senders.push((sender, media));
        if count == 1 {
            announced.order.push_back(kid);
        }
        if announced.order.len() > MAX_ANNOUNCED
            && let Some(oldest) = announced.order.pop_front()
        {
            announced.senders.remove(&oldest);
        }
        Ok(())
    }

    /// Returns the safety code of the generation that seals, at its sending step: 12 groups of 5 digits, which members read to each other. Equal codes mean equal
    /// keys, suite and clock.
    ///
    /// # Errors
    /// [`Error::NoActiveKey`] if no generation is active.
    pub fn safety_code(&self) -> Result<String, Error> {
        Ok(safety_code(&self.derive_from_sending(confirm)?))
    }

    /// Answers a key check, over any path and before any media: `sender` is this member's name, `challenge` 16 octets that the asker chose.
    ///
    /// # Errors
    /// [`Error::NoActiveKey`] if no generation is active.
    pub fn key_check(&self, sender: &SenderId, challenge: &[u8; 16]) -> Result<[u8; 16], Error> {
        Ok(key_check(
            &self.derive_from_sending(check_key)?,
            sender,
            challenge,
        ))
    }

    /// Tells whether the answer to a key check is that of `sender` with the same keys, in constant time.
    ///
    /// # Errors
    /// [`Error::NoActiveKey`] if no generation is active.
    pub fn verify_key_check(
        &self,
        sender: &SenderId,
        challenge: &[u8; 16],
        answer: &[u8; 16],
    ) -> Result<bool, Error> {
        Ok(self.key_check(sender, challenge)?.ct_eq(answer).into())
    }

    /// Returns what must outlive the process so that nothing opened before opens again after a restart: for each session heard the highest CTR, the KIDs that this side
    /// sent under, the lowest steps that still open, and the generations that were retired. It holds no secret; keep it where nobody else can change it.
    #[must_use]
    pub fn replay_state(&self) -> Vec<u8> {
        let config = &self.inner.config;
        let mut out = receive::export_header(&config.id, &config.instance);
        let state = self.lock();
        for generation in &state.retired {
            receive::record(&mut out, *generation, 0, KeyId::new(0), Kind::Retired);
        }
        for (generation, base) in state.bases() {
            receive::record(&mut out, generation, base, KeyId::new(0), Kind::Base);
        }
        for (kid, generation, step) in &state.own_order {
            receive::record(&mut out, *generation, *step, *kid, Kind::Own);
        }
        state.heard.export(&mut out);
        out
    }

    /// Takes over what [`replay_state`](Self::replay_state) returned, before generations are staged. Frames of sessions in it open above their highest CTR alone.
    ///
    /// # Errors
    /// [`Misuse::ReplayState`] if it is none, or of another channel or instance; nothing is taken over then.
    pub fn import_replay_state(&self, octets: &[u8]) -> Result<(), Error> {
        let config = &self.inner.config;
        let mut state = self.lock();
        let imported = receive::import(octets, &config.id, &config.instance, &mut state.heard)?;
        let mut lost = imported.lost;
        for (kid, generation, step) in imported.own {
            lost |= state.remember_own(kid, generation, step);
        }
        for (generation, base) in imported.bases {
            let known = state.imported_bases.entry(generation).or_default();
            *known = base.max(*known);
        }
        state.retired.extend(imported.retired);
        if lost {
            self.events().push(Event::ReplayHistoryLost);
        }
        self.publish(state);
        Ok(())
    }

    pub(super) fn tick(&self, unix_seconds: u64) -> Result<(), Error> {
        let mut state = self.lock();
        let before = state.outline();
        state.now = Some(unix_seconds);
        let grace_ends = unix_seconds.saturating_add(self.inner.config.grace_seconds);
        for held in &mut state.generations {
            held.open_for_good(Some(unix_seconds));
            held.raise_head();
            // Grace is counted from the first tick after the change: the tick before may be long past.
            let is_in_grace = held.phase == Phase::Grace || held.steps_in_grace;
            if is_in_grace {
                // Never longer than that, also if the clock was ahead and was set right.
                held.grace_ends = Some(
                    held.grace_ends
                        .map_or(grace_ends, |end| end.min(grace_ends)),
                );
            }
        }
        if self.inner.config.clock {
            state.end_grace(|ends| ends.is_some_and(|ends| ends <= unix_seconds));
            let period = unix_seconds / PERIOD_SECONDS;
            if state
                .heard
                .retire_periods(|heard| heard.abs_diff(period) <= 1)
            {
                self.events().push(Event::ReplayHistoryLost);
            }
        }
        // Most ticks change nothing that a frame must see: no encryptor or decryptor then takes the lock.
        let is_changed = state.outline() != before;
        self.prepare(state, is_changed)
    }

    pub(super) fn renew_sessions(&self) -> Result<(), Error> {
        let mut state = self.lock();
        state.renewal += 1;
        self.prepare_and_publish(state)
    }

    /// Publishes a change, with the sessions that follow from it.
    fn prepare_and_publish(&self, state: MutexGuard<'_, State>) -> Result<(), Error> {
        self.prepare(state, true)
    }

    /// Makes the next session of every encryptor that will need one, so that no frame has to wait for it. Publishes if one was made or something
    /// else `is_changed`.
    fn prepare(&self, mut state: MutexGuard<'_, State>, is_changed: bool) -> Result<(), Error> {
        // Periods are read from the view.
        let fresh = state.view(state.view.version, &self.inner.config);
        state.view = Arc::new(fresh);
        state.senders.retain(|sender| sender.strong_count() > 0);
        let mut first_fault = Ok(());
        let mut is_changed = is_changed;
        if let Ok(target) = state.target() {
            let senders: Vec<_> = state.senders.iter().filter_map(Weak::upgrade).collect();
            for sender in senders {
                let mut sessions = sender.sessions();
                let is_served = |session: &Option<(super::Target, Arc<super::SendKey>)>| {
                    session
                        .as_ref()
                        .is_some_and(|(served, key)| *served == target && !key.is_near_limit())
                };
                if is_served(&sessions.current) || is_served(&sessions.next) {
                    continue;
                }
                match self.start(&mut state, &sender, target) {
                    Ok(key) => {
                        sessions.next = Some((target, key));
                        is_changed = true;
                    }
                    Err(fault) => first_fault = first_fault.and(Err(fault)),
                }
            }
        }
        if is_changed {
            self.publish(state);
        }
        first_fault
    }

    /// Derives something from the secret of the step that seals.
    fn derive_from_sending(
        &self,
        derive: fn(&StepSecret, CipherSuite, bool) -> StepSecret,
    ) -> Result<StepSecret, Error> {
        let state = self.lock();
        let active = state.active().ok_or(Error::NoActiveKey)?;
        let step = active.step(active.send).ok_or(Error::NoActiveKey)?;
        let (suite, clock) = (active.cipher.suite(), self.inner.config.clock);
        Ok(with_wiped_stack(|| derive(&step.secret, suite, clock)))
    }

    /// Refuses a channel key that is staged under another id of this store.
    fn check_reuse(&self, key: &ChannelKey, is_shared: bool) -> Result<(), Error> {
        let store = &self.inner.store;
        let mark = fingerprint(
            KEY_MARK,
            store.salt.expose(),
            key.octets.expose(),
            KeyId::new(0),
        );
        let mut keys = lock(&store.keys);
        let id = &self.inner.config.id;
        let first = keys.entry(mark).or_insert_with(|| id.clone());
        if first == id || is_shared {
            Ok(())
        } else {
            Err(Misuse::ChannelKeyReused.into())
        }
    }
}
