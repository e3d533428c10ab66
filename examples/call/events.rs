//! What became of those who joined, left and restarted, and of what the relay sent again: a line each, and what is wrong with it.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use mediaseal::KeyId;

use crate::member::Member;
use crate::receiver::{Receipt, Tried};
use crate::refusal::{Names, listed};
use crate::report::Row;
use crate::script::{
    Act, DELIVERS, DELIVERS_AGAIN, JOINS, LEAVES, REFLECTS, REPLAYS, RESTARTS, STREAM,
};
use crate::stream::Participant;
use crate::wire::Wire;

/// A line of the report.
pub(crate) struct Event {
    pub(crate) at: Duration,
    pub(crate) title: &'static str,
    pub(crate) what: String,
    pub(crate) faults: Vec<String>,
}

/// What the lines are made of.
pub(crate) struct Story<'a> {
    pub(crate) members: &'a [Member; 3],
    pub(crate) receipts: &'a [Receipt],
    pub(crate) rows: &'a [Row<'a>],
    pub(crate) rows_to_c: &'a [Row<'a>],
    /// When the last turn of the call began: a short call does not get to everything.
    pub(crate) last_turn: Duration,
    pub(crate) wire: Wire,
}

impl Story<'_> {
    /// Tells all of it, in order.
    pub(crate) fn tell(&self) -> Vec<Event> {
        let events = [
            self.reflected(),
            self.joined(),
            self.restarted(),
            self.replayed(),
            self.left(),
        ];
        let happened = events
            .into_iter()
            .filter(|event| event.at <= self.last_turn);
        happened.collect()
    }

    /// Tells whether so many frames follow that chance cannot have taken them all.
    fn goes_on_after(&self, at: Duration) -> bool {
        self.last_turn >= at + Duration::from_secs(1)
    }

    fn tried(&self, who: Participant, act: Act) -> &Tried {
        &self.receipts[who as usize].acts[act as usize]
    }

    fn reflected(&self) -> Event {
        let tried = self.tried(Participant::A, Act::Reflect);
        let mut event = Event::new(REFLECTS, "reflected");
        event.what = format!(
            "{} {} sent back to A: {}",
            tried.frames,
            self.wire.units(),
            listed(&tried.refused)
        );
        event.must(tried.frames > 0, "no frame came back to A");
        let as_reflected = tried.refused.get("Reflected") == Some(&tried.frames);
        event.must(
            as_reflected,
            "a frame that came back to A was not refused as Reflected",
        );
        event
    }

    fn joined(&self) -> Event {
        let past = self.tried(Participant::C, Act::ShowThePast);
        let epochs = &self.receipts[Participant::C as usize].epochs;
        let opened = epochs.get(&(1, 1)).copied().unwrap_or(0);
        let mut event = Event::new(JOINS, "joined");
        let units = self.wire.units();
        event.what = format!(
            "C, by the key text of step 1: {opened} {units} opened; {} {units} from before sent to C: {}",
            past.frames,
            listed(&past.refused)
        );
        event.must(opened > 0 || !self.goes_on_after(JOINS), "C opened nothing");
        event.must(past.frames > 0, "no frame from before came to C");
        event.must(past.opened == 0, "C opened frames from before");
        let of_step_1 = epochs.keys().all(|epoch| *epoch == (1, 1));
        event.must(
            of_step_1,
            "C opened frames of other steps or generations than its own",
        );
        event
    }

    fn restarted(&self) -> Event {
        let mut event = Event::new(RESTARTS, "restarted");
        let restarts = |row: &&Row<'_>| row.stream.number == STREAM;
        let Some(row) = self.rows.iter().find(restarts) else {
            return event;
        };
        let sessions = &row.sent.sessions;
        let after = row
            .stream
            .media
            .frames
            .iter()
            .position(|frame| frame.due >= RESTARTS)
            .unwrap_or(sessions.len());
        let arrived = |frame: &&Option<Vec<u8>>| frame.is_some();
        let opened = row
            .received
            .frames
            .iter()
            .skip(after)
            .filter(arrived)
            .count();
        let kid = |at: usize| sessions.get(at).copied();
        let is_new = |kid: KeyId| !sessions.iter().take(after).any(|before| *before == kid);

        let all = || self.rows.iter().flat_map(|row| &row.sent.sealed);
        let different: HashSet<_> = all().collect();
        let of_all: HashSet<_> = all().map(|(kid, _)| kid).collect();
        event.what = format!(
            "A's {}, in a new session: B opened {opened} frames more; no KID and CTR came twice in {} {} of {} sessions",
            row.stream.media.name,
            different.len(),
            self.wire.units(),
            of_all.len()
        );
        let is_over = after == sessions.len();
        event.must(
            is_over || opened > 0 || !self.goes_on_after(RESTARTS),
            "B opened nothing of A's restarted sender",
        );
        event.must(
            is_over || kid(after).is_some_and(is_new),
            "A's restarted sender went on in an old session",
        );
        event.must(different.len() == all().count(), "a nonce was repeated");
        event
    }

    fn replayed(&self) -> Event {
        let tried = self.tried(Participant::B, Act::Replay);
        let mut event = Event::new(REPLAYS, "replayed session");
        event.what = format!(
            "{} {} of A from before its restart sent to B again: {}",
            tried.frames,
            self.wire.units(),
            listed(&tried.refused)
        );
        event.must(tried.frames > 0, "no frame came to B again");
        event.must(tried.opened == 0, "B opened frames of a replayed session");
        event
    }

    fn left(&self) -> Event {
        let mut event = Event::new(LEAVES, "left");
        let mut refused = Names::new();
        for row in self.rows_to_c {
            let sender = &self.members[row.stream.sender as usize];
            for frame in &row.received.refused {
                let session = row.sent.sessions.get(frame.frame);
                let epoch = session.and_then(|kid| sender.epoch_of(*kid));
                if epoch.is_some_and(|(generation, _)| generation == 2) {
                    *refused.entry(frame.name).or_default() += 1;
                }
            }
        }
        let units = self.wire.units();
        event.what = format!(
            "C, without the key of generation 2: {} {units} under it sent to C: {}",
            refused.values().sum::<u64>(),
            listed(&refused)
        );
        event.must(
            !refused.is_empty() || !self.goes_on_after(LEAVES),
            "no frame of generation 2 came to C",
        );
        let opened: &BTreeMap<_, _> = &self.receipts[Participant::C as usize].epochs;
        let of_generation_2 = opened.keys().any(|(generation, _)| *generation == 2);
        event.must(!of_generation_2, "C opened frames of generation 2");
        if self.last_turn >= DELIVERS {
            let late = self.tried(Participant::B, Act::DeliverLate);
            event.what += &format!(
                "; B opened {} of {} {units} that came late",
                late.opened, late.frames
            );
            event.must(late.opened == late.frames, "B lost frames within grace");
        }
        if self.last_turn >= DELIVERS_AGAIN {
            let late = self.tried(Participant::B, Act::DeliverTooLate);
            event.what += &format!("; after grace {}", listed(&late.refused));
            let as_retired = late.refused.get("RetiredKey").copied().unwrap_or(0) == late.frames;
            event.must(
                as_retired,
                "B did not refuse frames after grace as RetiredKey",
            );
        }
        event
    }
}

impl Event {
    fn new(at: Duration, title: &'static str) -> Self {
        Self {
            at,
            title,
            what: String::new(),
            faults: Vec::new(),
        }
    }

    fn must(&mut self, holds: bool, fault: &str) {
        if !holds {
            self.faults.push(format!("{}: {fault}", self.title));
        }
    }
}
