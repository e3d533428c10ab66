//! A channel against a model of it: random calls, frames delivered late, twice and never, and each answer foretold.
//!
//! 10^6 steps; `MEDIASEAL_MODEL_STEPS` sets another number.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::collections::{HashMap, HashSet};

use mediaseal::{
    Channel, ChannelConfig, ChannelDecryptor, ChannelEncryptor, ChannelKey, ChannelStore, Error,
    FrameInfo, Media, Misuse, Mode, NewGeneration, SenderId,
};

use common::Dice;

const MEMBERS: usize = 3;
const NOW: u64 = 1_800_000_000;
const GRACE: u64 = 10;
const WINDOW: u64 = 1024;

/// What a call answers, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Answer {
    Ok,
    Reflected,
    Missing,
    Retired,
    NotYet,
    Stale,
    AuthenticationFailed,
    Duplicate,
    Replayed,
    TooOld,
    GenerationRetired,
    UnknownGeneration,
    NotOpenYet,
    SlotBusy,
    Conflict,
    GraceOpen,
    NoActiveKey,
    UnknownStep,
}

impl Answer {
    fn of<T>(result: &Result<T, Error>) -> Self {
        match result {
            Ok(_) => Self::Ok,
            Err(Error::Reflected { .. }) => Self::Reflected,
            Err(Error::MissingKey { .. }) => Self::Missing,
            Err(Error::RetiredKey { .. }) => Self::Retired,
            Err(Error::NotYetActive { .. }) => Self::NotYet,
            Err(Error::StaleSession { .. }) => Self::Stale,
            Err(Error::AuthenticationFailed { .. }) => Self::AuthenticationFailed,
            Err(Error::Duplicate { .. }) => Self::Duplicate,
            Err(Error::TooOld { .. }) => Self::TooOld,
            Err(Error::Replayed { .. }) => Self::Replayed,
            Err(Error::Misuse(Misuse::GenerationRetired)) => Self::GenerationRetired,
            Err(Error::NoActiveKey) => Self::NoActiveKey,
            Err(Error::Misuse(Misuse::UnknownGeneration)) => Self::UnknownGeneration,
            Err(Error::Misuse(Misuse::NotOpenYet)) => Self::NotOpenYet,
            Err(Error::Misuse(Misuse::GenerationSlotBusy)) => Self::SlotBusy,
            Err(Error::Misuse(Misuse::GenerationConflict)) => Self::Conflict,
            Err(Error::Misuse(Misuse::GraceOpen)) => Self::GraceOpen,
            Err(Error::Misuse(Misuse::UnknownStep)) => Self::UnknownStep,
            Err(other) => panic!("{other}"),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Staged,
    Active,
    Grace,
}

/// A generation as the specification has it.
struct Generation {
    number: u64,
    /// Which of two channel keys it was staged with.
    key: u8,
    phase: Phase,
    opens_at: u64,
    base: u32,
    send: u32,
    head: u32,
    seen: u32,
    steps_in_grace: bool,
    grace_ends: Option<u64>,
}

/// What was opened of a session.
#[derive(Default)]
struct Window {
    floor: Option<u64>,
    opened: HashSet<u64>,
    start: u64,
    head: u64,
}

/// A member as the specification has him.
struct Model {
    now: u64,
    generations: Vec<Generation>,
    last_retired: Option<u64>,
    retired: HashSet<u64>,
    /// KIDs sealed under, with generation and step.
    own: HashMap<u64, (u64, u32)>,
    heard: HashMap<u64, Heard>,
    /// Of sessions whose hour is over: the highest CTR, generation and step.
    floors: HashMap<u64, (u64, u64, u32)>,
}

/// A session that was heard.
struct Heard {
    window: Window,
    generation: u64,
    step: u32,
    period: u64,
}

/// A frame on the network.
struct Frame {
    octets: Vec<u8>,
    kid: u64,
    ctr: u64,
    generation: u64,
    key: u8,
    step: u32,
    period: u64,
}

impl Model {
    fn find(&mut self, number: u64) -> Option<&mut Generation> {
        self.generations
            .iter_mut()
            .find(|held| held.number == number)
    }

    fn forget(&mut self, dropped: Option<u64>) {
        let generations = &self.generations;
        let is_held = |number: u64, step: u32| {
            Some(number) != dropped
                && generations
                    .iter()
                    .any(|held| held.number == number && held.base <= step)
        };
        self.heard
            .retain(|_, heard| is_held(heard.generation, heard.step));
        self.own.retain(|_, (number, step)| is_held(*number, *step));
        self.floors
            .retain(|_, (_, number, step)| is_held(*number, *step));
    }

    fn drop_generation(&mut self, number: u64) {
        self.generations.retain(|held| held.number != number);
        self.last_retired = Some(number & 15);
        self.retired.insert(number);
        self.forget(Some(number));
    }

    fn tick(&mut self, now: u64) {
        self.now = now;
        for held in &mut self.generations {
            if held.opens_at <= now {
                // For good, though the clock go back.
                held.opens_at = 0;
            }
            held.head = held.head.max(held.seen.min(held.base + 7));
            let in_grace = held.phase == Phase::Grace || held.steps_in_grace;
            if in_grace {
                held.grace_ends = Some(held.grace_ends.unwrap_or(u64::MAX).min(now + GRACE));
            }
        }
        self.end_grace(|ends| ends.is_some_and(|ends| ends <= now));
        // Sessions of hours that no KID can name any more leave their floors.
        let floors = &mut self.floors;
        self.heard.retain(|kid, heard| {
            let is_current = heard.period.abs_diff(now / 3600) <= 1;
            if !is_current {
                floors.insert(*kid, (heard.window.head, heard.generation, heard.step));
            }
            is_current
        });
    }

    fn end_grace(&mut self, is_over: impl Fn(Option<u64>) -> bool) {
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
                held.base = held.send;
                held.steps_in_grace = false;
            }
        }
        self.forget(None);
    }

    fn stage(&mut self, number: u64, key: u8, opens_at: u64, step: u32) -> Answer {
        if let Some(held) = self.find(number) {
            return if held.key == key {
                Answer::Ok
            } else {
                Answer::Conflict
            };
        }
        if self.retired.contains(&number) {
            return Answer::GenerationRetired;
        }
        if self
            .generations
            .iter()
            .any(|held| held.number & 15 == number & 15)
        {
            return Answer::SlotBusy;
        }
        self.generations.push(Generation {
            number,
            key,
            phase: Phase::Staged,
            opens_at: if opens_at <= self.now { 0 } else { opens_at },
            base: step,
            send: step,
            head: step,
            seen: 0,
            steps_in_grace: false,
            grace_ends: None,
        });
        Answer::Ok
    }

    fn activate(&mut self, number: u64) -> Answer {
        let now = self.now;
        let Some(held) = self.find(number) else {
            return Answer::UnknownGeneration;
        };
        if held.phase == Phase::Active {
            return Answer::Ok;
        }
        if held.opens_at > now {
            return Answer::NotOpenYet;
        }
        for held in &mut self.generations {
            if held.phase == Phase::Active {
                held.phase = Phase::Grace;
                held.grace_ends = None;
            }
        }
        self.find(number).unwrap().phase = Phase::Active;
        Answer::Ok
    }

    fn advance(&mut self, number: u64, step: u32) -> Answer {
        let Some(held) = self.find(number) else {
            return Answer::UnknownGeneration;
        };
        if step <= held.send {
            return Answer::Ok;
        }
        if step.max(held.head) - held.base > 7 {
            return Answer::GraceOpen;
        }
        held.send = step;
        held.head = held.head.max(step);
        held.steps_in_grace = true;
        if held.phase != Phase::Grace {
            held.grace_ends = None;
        }
        Answer::Ok
    }

    fn deliver(&mut self, frame: &Frame) -> Answer {
        let now = self.now;
        if let Some(heard) = self.heard.get_mut(&frame.kid) {
            let answer = heard.window.judge(frame.ctr);
            if answer == Answer::Ok {
                heard.window.open(frame.ctr);
            }
            return answer;
        }
        if self.own.contains_key(&frame.kid) {
            return Answer::Reflected;
        }
        let bits = (frame.kid >> 4) & 15;
        let retired = self.last_retired == Some(bits);
        let Some(held) = self
            .generations
            .iter_mut()
            .find(|held| held.number & 15 == bits)
        else {
            return if retired {
                Answer::Retired
            } else {
                Answer::Missing
            };
        };
        if held.opens_at > now {
            return Answer::NotYet;
        }
        let lowest = i64::from(held.head) - 7;
        let named = (lowest..lowest + 16)
            .find(|step| step.rem_euclid(16) == i64::from(frame.step & 15))
            .unwrap();
        if named < i64::from(held.base) {
            return Answer::Retired;
        }
        let period = now / 3600;
        let named_period = match (frame.period & 3).wrapping_sub(period) & 3 {
            0 => period,
            1 => period + 1,
            3 => period - 1,
            _ => return Answer::Stale,
        };
        let is_right = held.number == frame.generation
            && held.key == frame.key
            && named == i64::from(frame.step)
            && named_period == frame.period;
        if !is_right {
            return Answer::AuthenticationFailed;
        }
        let floor = self.floors.get(&frame.kid).map(|(floor, ..)| *floor);
        if floor.is_some_and(|floor| frame.ctr <= floor) {
            return Answer::Replayed;
        }
        self.floors.remove(&frame.kid);
        held.seen = held.seen.max(frame.step);
        let mut window = Window {
            floor,
            ..Window::default()
        };
        window.open(frame.ctr);
        let heard = Heard {
            window,
            generation: frame.generation,
            step: frame.step,
            period: frame.period,
        };
        self.heard.insert(frame.kid, heard);
        Answer::Ok
    }
}

impl Window {
    fn judge(&self, ctr: u64) -> Answer {
        if self.floor.is_some_and(|floor| ctr <= floor) {
            Answer::Replayed
        } else if ctr > self.head {
            Answer::Ok
        } else if ctr < self.start || self.head - ctr >= WINDOW {
            Answer::TooOld
        } else if self.opened.contains(&ctr) {
            Answer::Duplicate
        } else {
            Answer::Ok
        }
    }

    fn open(&mut self, ctr: u64) {
        if self.opened.is_empty() {
            self.start = ctr.saturating_sub(64);
        }
        self.opened.insert(ctr);
        self.head = self.head.max(ctr);
    }
}

/// A member: what is tested, and the model of it.
struct Member {
    store: ChannelStore,
    channel: Channel,
    encryptor: ChannelEncryptor,
    decryptor: ChannelDecryptor,
    model: Model,
}

fn name(member: usize) -> SenderId {
    SenderId::new(format!("member {member}")).unwrap()
}

impl Member {
    fn new(number: usize) -> Self {
        let store = ChannelStore::new().unwrap();
        let config = ChannelConfig::new("room")
            .unwrap()
            .with_clock()
            .grace_seconds(GRACE);
        let channel = store.channel(config).unwrap();
        store.tick(NOW).unwrap();
        let expected: Vec<_> = (0..MEMBERS)
            .map(|member| (name(member), Media::VIDEO))
            .collect();
        Self {
            encryptor: ChannelEncryptor::for_channel(
                &channel,
                name(number),
                Media::VIDEO,
                Mode::Frame,
            )
            .unwrap(),
            decryptor: ChannelDecryptor::for_channel(&channel, &expected, Mode::Frame).unwrap(),
            store,
            channel,
            model: Model {
                now: NOW,
                generations: Vec::new(),
                last_retired: None,
                retired: HashSet::new(),
                own: HashMap::new(),
                heard: HashMap::new(),
                floors: HashMap::new(),
            },
        }
    }

    fn stage(&mut self, number: u64, key: u8, opens_at: u64) -> (Answer, Answer) {
        let secret = ChannelKey::from_slice(&[key; 32]).unwrap();
        let new = NewGeneration::new(number, secret).opens_at(opens_at);
        let expected = self.model.stage(number, key, opens_at, 0);
        (Answer::of(&self.channel.stage(new)), expected)
    }

    /// Seals a frame and puts it on the network.
    fn seal(&mut self, network: &mut Vec<Frame>) -> (Answer, Answer) {
        let result = self
            .encryptor
            .encrypt_to_vec(&FrameInfo::default(), b"frame");
        let active = self
            .model
            .generations
            .iter()
            .find(|held| held.phase == Phase::Active);
        let (Some(active), Ok(octets)) = (active, &result) else {
            let expected = match active {
                Some(_) => Answer::Ok,
                None => Answer::NoActiveKey,
            };
            return (Answer::of(&result), expected);
        };
        let (header, _) = mediaseal::format::sframe::Header::parse(octets).unwrap();
        let (kid, period) = (header.kid().value(), self.model.now / 3600);
        let named = (kid & 15, (kid >> 4) & 15, (kid >> 8) & 3);
        let expected = (u64::from(active.send & 15), active.number & 15, period & 3);
        assert_eq!(named, expected, "step, generation and period in the KID");
        self.model.own.insert(kid, (active.number, active.send));
        network.push(Frame {
            kid,
            ctr: header.ctr().value(),
            generation: active.number,
            key: active.key,
            step: active.send,
            period,
            octets: octets.clone(),
        });
        (Answer::Ok, Answer::Ok)
    }
}

#[test]
fn every_answer_is_the_models() {
    let steps: u64 =
        std::env::var("MEDIASEAL_MODEL_STEPS").map_or(1_000_000, |steps| steps.parse().unwrap());
    let mut dice = Dice(42);
    let mut members: Vec<Member> = (0..MEMBERS).map(Member::new).collect();
    let mut network: Vec<Frame> = Vec::new();
    let mut clock = NOW;
    let mut answers: HashMap<(&str, Answer), u64> = HashMap::new();
    for step in 0..steps {
        let who = dice.index(MEMBERS);
        // Retired numbers do not come again, so they go up with the steps.
        let newest = 1 + step / 1_500;
        // Mostly the newest generations, now and then an old one or one to come.
        let far = if dice.roll(40) == 0 { 16 } else { 0 };
        let generation = newest + 2 + far - dice.roll(5).min(newest + 1);
        let member = &mut members[who];
        let (call, (answer, expected)) = match dice.roll(1000) {
            0..300 => ("seal", member.seal(&mut network)),
            300..900 if !network.is_empty() => {
                // The last frames mostly, and some from long ago.
                let reach = if dice.roll(10) == 0 { 4000 } else { 40 };
                let back = dice.index(network.len().min(reach));
                let frame = &network[network.len() - 1 - back];
                let expected = member.model.deliver(frame);
                let result = member
                    .decryptor
                    .decrypt_to_vec(&FrameInfo::default(), &frame.octets);
                ("deliver", (Answer::of(&result), expected))
            }
            900..940 => {
                clock += match dice.roll(100) {
                    0 => dice.roll(6000),
                    _ => dice.roll(3),
                };
                // Members' clocks agree to some minutes, and go back now and then.
                let back = if dice.roll(200) == 0 { 9000 } else { 100 };
                let now = clock + 20 * who as u64 - dice.roll(2) * dice.roll(back);
                member.model.tick(now);
                ("tick", (Answer::of(&member.store.tick(now)), Answer::Ok))
            }
            940..960 => {
                let key = if dice.roll(60) == 0 { 2 } else { 1 };
                let opens_at = match dice.roll(6) {
                    0 => member.model.now + dice.roll(20),
                    _ => 0,
                };
                ("stage", member.stage(generation, key, opens_at))
            }
            960..972 => {
                let expected = member.model.activate(generation);
                let result = member.channel.activate(generation);
                ("activate", (Answer::of(&result), expected))
            }
            972..985 => {
                let to = match member.model.find(generation) {
                    Some(held) => held.send + u32::try_from(dice.roll(4)).unwrap(),
                    None => 1,
                };
                let expected = member.model.advance(generation, to);
                let result = member.channel.advance_to(generation, to);
                ("advance", (Answer::of(&result), expected))
            }
            985..987 => {
                // One that is held, if there is one, most times.
                let held = &member.model.generations;
                let generation = match dice.roll(8) {
                    0 => generation,
                    _ if held.is_empty() => generation,
                    _ => held[dice.index(held.len())].number,
                };
                let expected = match member.model.find(generation) {
                    Some(_) => {
                        member.model.drop_generation(generation);
                        Answer::Ok
                    }
                    None => Answer::UnknownGeneration,
                };
                let result = member.channel.retire(generation);
                ("retire", (Answer::of(&result), expected))
            }
            987..988 => {
                member.model.end_grace(|_| true);
                member.channel.end_grace();
                ("end grace", (Answer::Ok, Answer::Ok))
            }
            988..990 => {
                let result = member.store.renew_sessions();
                ("renew", (Answer::of(&result), Answer::Ok))
            }
            990..1000 => {
                // A member hands what he has to another.
                let from = dice.index(MEMBERS);
                let giver = &mut members[from];
                let held = giver
                    .model
                    .find(generation)
                    .map(|held| (held.base, held.head, held.key));
                let at = held.map_or(0, |(base, head, _)| {
                    base + u32::try_from(dice.roll(u64::from(head - base) + 2)).unwrap()
                });
                let secret = giver.channel.epoch_secret(generation, at);
                let expected = match held {
                    None => Answer::UnknownGeneration,
                    Some((_, head, _)) if at > head => Answer::UnknownStep,
                    Some(_) => Answer::Ok,
                };
                assert_eq!(Answer::of(&secret), expected, "step {step}: hand over");
                let (Ok(secret), Some((_, _, key))) = (secret, held) else {
                    *answers.entry(("hand over", expected)).or_default() += 1;
                    continue;
                };
                let member = &mut members[who];
                let expected = member.model.stage(generation, key, 0, at);
                let result = member.channel.join(secret, None);
                ("join", (Answer::of(&result), expected))
            }
            _ => continue,
        };
        assert_eq!(answer, expected, "step {step}: {call} by member {who}");
        *answers.entry((call, answer)).or_default() += 1;
    }
    // The walk went everywhere.
    for answer in [
        Answer::Ok,
        Answer::Reflected,
        Answer::Missing,
        Answer::Retired,
        Answer::NotYet,
        Answer::Stale,
        Answer::AuthenticationFailed,
        Answer::Duplicate,
        Answer::Replayed,
        Answer::TooOld,
        Answer::GenerationRetired,
        Answer::SlotBusy,
        Answer::Conflict,
        Answer::GraceOpen,
        Answer::NoActiveKey,
        Answer::UnknownGeneration,
        Answer::NotOpenYet,
        Answer::UnknownStep,
    ] {
        let seen: u64 = answers
            .iter()
            .filter(|((_, seen), _)| *seen == answer)
            .map(|(_, count)| count)
            .sum();
        assert!(seen > 0, "{answer:?} was never met: {answers:?}");
    }
    let delivered = answers.get(&("deliver", Answer::Ok)).copied().unwrap_or(0);
    assert!(delivered > steps / 30, "{answers:?}");
}
