//! Receiving: the sessions that were heard, and how far each had opened.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::index::SessionIndex;
use crate::error::{Error, Misuse};
use crate::id::{Counter, KeyId};
use crate::keys::recv_key::RecvKey;

const MAGIC: &[u8; 8] = b"MSRPL\0\0\x01";

/// How far a session had opened that is not held any more: nothing at or below opens again for the life of its step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Floor {
    generation: u64,
    step: u32,
    highest: Counter,
}

/// The sessions heard, in the order in which they began, and the floors of those that had to make room.
pub(super) struct Heard {
    keys: HashMap<SessionIndex, Arc<RecvKey>>,
    order: VecDeque<SessionIndex>,
    floors: HashMap<KeyId, Floor>,
    floor_order: VecDeque<KeyId>,
    capacity: usize,
    replays: u64,
}

impl Heard {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            keys: HashMap::new(),
            order: VecDeque::new(),
            floors: HashMap::new(),
            floor_order: VecDeque::new(),
            capacity,
            replays: 0,
        }
    }

    pub(super) fn get(&self, index: &SessionIndex) -> Option<&Arc<RecvKey>> {
        self.keys.get(index)
    }

    pub(super) fn floor(&self, kid: KeyId) -> Option<Counter> {
        self.floors.get(&kid).map(|floor| floor.highest)
    }

    /// Counts an authentic frame at or below a floor, and returns how many there were.
    pub(super) fn count_replay(&mut self) -> u64 {
        self.replays = self.replays.saturating_add(1);
        self.replays
    }

    /// Keeps a session that has authenticated, with its floor in its key; the oldest makes room. Tells whether a floor was lost.
    pub(super) fn insert(&mut self, index: SessionIndex, key: Arc<RecvKey>) -> bool {
        if self.floors.remove(&index.kid).is_some() {
            self.floor_order.retain(|kid| *kid != index.kid);
        }
        let mut lost = false;
        if self.keys.len() >= self.capacity
            && let Some(oldest) = self.order.pop_front()
            && let Some(evicted) = self.keys.remove(&oldest)
            && let Some(highest) = evicted.window().close()
        {
            lost = self.insert_floor(oldest.kid, oldest.generation, oldest.step, highest);
        }
        self.order.push_back(index.clone());
        self.keys.insert(index, key);
        lost
    }

    fn insert_floor(&mut self, kid: KeyId, generation: u64, step: u32, highest: Counter) -> bool {
        let before = self.floors.get(&kid).map(|floor| floor.highest);
        let floor = Floor {
            generation,
            step,
            highest: highest.max(before.unwrap_or(highest)),
        };
        if self.floors.insert(kid, floor).is_some() {
            self.floor_order.retain(|other| *other != kid);
        }
        self.floor_order.push_back(kid);
        self.floors.len() > self.capacity
            && self
                .floor_order
                .pop_front()
                .is_some_and(|oldest| self.floors.remove(&oldest).is_some())
    }

    /// Forgets the sessions and floors of steps that are not held any more.
    pub(super) fn retain(&mut self, is_held: impl Fn(u64, u32) -> bool) {
        self.keys.retain(|index, key| {
            let held = is_held(index.generation, index.step);
            if !held {
                key.window().close();
            }
            held
        });
        let keys = &self.keys;
        self.order.retain(|index| keys.contains_key(index));
        self.floors
            .retain(|_, floor| is_held(floor.generation, floor.step));
        let floors = &self.floors;
        self.floor_order.retain(|kid| floors.contains_key(kid));
    }

    /// Makes floors of the sessions of periods that frames cannot name any more. Tells whether a floor was lost.
    pub(super) fn retire_periods(&mut self, is_current: impl Fn(u64) -> bool) -> bool {
        let over: Vec<SessionIndex> = self
            .order
            .iter()
            .filter(|index| !is_current(index.period))
            .cloned()
            .collect();
        let mut lost = false;
        for index in &over {
            if let Some(highest) = self.keys.remove(index).and_then(|key| key.window().close()) {
                lost |= self.insert_floor(index.kid, index.generation, index.step, highest);
            }
        }
        if !over.is_empty() {
            let keys = &self.keys;
            self.order.retain(|index| keys.contains_key(index));
        }
        lost
    }

    /// Every session and floor as a record, in the order of their age: floors first.
    pub(super) fn export(&self, out: &mut Vec<u8>) {
        for kid in &self.floor_order {
            if let Some(floor) = self.floors.get(kid) {
                record(
                    out,
                    floor.generation,
                    floor.step,
                    *kid,
                    Kind::Heard(floor.highest),
                );
            }
        }
        for index in &self.order {
            if let Some(highest) = self.keys.get(index).and_then(|key| key.window().head()) {
                record(
                    out,
                    index.generation,
                    index.step,
                    index.kid,
                    Kind::Heard(highest),
                );
            }
        }
    }
}

/// Begins a replay state.
pub(super) fn export_header(channel_id: &[u8], instance: &[u8]) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    for name in [channel_id, instance] {
        out.extend_from_slice(&super::epoch::lp_len(name));
        out.extend_from_slice(name);
    }
    out
}

/// What a record of a replay state is of.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// A session, and how far it had opened.
    Heard(Counter),
    /// A KID of this side's own.
    Own,
    /// The lowest step of a generation that still opened.
    Base,
    /// A generation that was retired.
    Retired,
}

/// Writes u64(g) ‖ u32(s) ‖ u64(KID) ‖ u8(kind: 0 heard, 1 own, 2 base, 3 retired) ‖ u64(highest CTR of a session heard, else 0).
pub(super) fn record(out: &mut Vec<u8>, generation: u64, step: u32, kid: KeyId, kind: Kind) {
    out.extend_from_slice(&generation.to_be_bytes());
    out.extend_from_slice(&step.to_be_bytes());
    out.extend_from_slice(&kid.value().to_be_bytes());
    let (number, highest) = match kind {
        Kind::Heard(highest) => (0, highest.value()),
        Kind::Own => (1, 0),
        Kind::Base => (2, 0),
        Kind::Retired => (3, 0),
    };
    out.push(number);
    out.extend_from_slice(&highest.to_be_bytes());
}

const RECORD_LEN: usize = 8 + 4 + 8 + 1 + 8;

/// What a replay state says besides the sessions heard.
#[derive(Default)]
pub(super) struct Imported {
    pub(super) own: Vec<(KeyId, u64, u32)>,
    pub(super) bases: Vec<(u64, u32)>,
    pub(super) retired: Vec<u64>,
    /// Whether floors were lost for want of room.
    pub(super) lost: bool,
}

/// Reads a replay state, its sessions into `heard`. All of it is checked before any of it counts.
pub(super) fn import(
    octets: &[u8],
    channel_id: &[u8],
    instance: &[u8],
    heard: &mut Heard,
) -> Result<Imported, Error> {
    let refused = || Error::from(Misuse::ReplayState);
    let header = export_header(channel_id, instance);
    let records = octets.strip_prefix(&header[..]).ok_or_else(refused)?;
    let records = records.chunks_exact(RECORD_LEN);
    if !records.remainder().is_empty() || records.clone().any(|record| record[20] > 3) {
        return Err(refused());
    }
    let mut imported = Imported::default();
    for record in records {
        let number = |at: usize| {
            record[at..at + 8]
                .iter()
                .fold(0, |number, &octet| (number << 8) | u64::from(octet))
        };
        let (generation, kid) = (number(0), KeyId::new(number(12)));
        let step = u32::try_from(number(8) >> 32).unwrap_or(u32::MAX);
        match record[20] {
            0 => {
                let highest = Counter::new(number(21));
                imported.lost |= heard.insert_floor(kid, generation, step, highest);
            }
            1 => imported.own.push((kid, generation, step)),
            2 => imported.bases.push((generation, step)),
            _ => imported.retired.push(generation),
        }
    }
    Ok(imported)
}
