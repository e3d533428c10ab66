//! What a crash can leave: every beginning of what the writer did, and of what was not synced any part, lost, torn or in another order.
//!
//! Whatever it is, everything that was committed is there afterwards, nothing else, and no key and nonce seal twice.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use mediaseal::vault::Dek;
use mediaseal::vault::recording::{Profile, Reader, RecordingError, Verdict, recover, verify};

use crate::support::{
    Memory, Op, People, Random, Sent, TestClock, add_tracks, frames, note_salts, of_track,
    read_track, size,
};

/// What becomes of what was not synced.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Lost,
    Kept,
    /// Names as if nothing had happened to them, octets lost; and the other way round.
    NamesKept,
    OctetsKept,
    /// Whatever this number says: for each name and each write apart.
    Random(u64),
}

/// A file as the disk has it.
#[derive(Clone, Default)]
struct Disk {
    /// Octets that are durable, and writes that are not.
    files: Vec<(Vec<u8>, Vec<Vec<u8>>)>,
    /// Names that are durable, and changes that are not.
    names: BTreeMap<String, usize>,
    changes: Vec<Change>,
    /// Names as the process sees them.
    seen: BTreeMap<String, usize>,
}

#[derive(Clone)]
enum Change {
    Make(String, usize),
    Move(String, String, usize),
    Drop(String),
}

impl Disk {
    fn of(files: &BTreeMap<String, Vec<u8>>) -> Self {
        let mut disk = Self::default();
        for (name, octets) in files {
            disk.names.insert(name.clone(), disk.files.len());
            disk.files.push((octets.clone(), Vec::new()));
        }
        disk.seen = disk.names.clone();
        disk
    }

    fn apply(&mut self, op: &Op) {
        match op {
            Op::Create(name, octets) => {
                let file = self.files.len();
                self.files.push((Vec::new(), vec![octets.clone()]));
                self.seen.insert(name.clone(), file);
                self.changes.push(Change::Make(name.clone(), file));
            }
            Op::Append(name, octets) => {
                let file = self.seen[name];
                self.files[file].1.push(octets.clone());
            }
            Op::Sync(name) => {
                let (durable, pending) = &mut self.files[self.seen[name]];
                durable.extend(pending.drain(..).flatten());
            }
            Op::SyncNames => {
                self.changes.clear();
                self.names = self.seen.clone();
            }
            Op::Rename(from, to) => {
                let file = self.seen.remove(from).unwrap();
                self.seen.insert(to.clone(), file);
                self.changes
                    .push(Change::Move(from.clone(), to.clone(), file));
            }
            Op::Delete(name) => {
                self.seen.remove(name);
                self.changes.push(Change::Drop(name.clone()));
            }
        }
    }

    /// The files after a crash.
    fn after(&self, fate: Fate) -> BTreeMap<String, Vec<u8>> {
        let mut random = Random(match fate {
            Fate::Random(seed) => seed.wrapping_mul(0x9e37_79b9) | 1,
            _ => 1,
        });
        let mut names = self.names.clone();
        for change in &self.changes {
            let is_done = match fate {
                Fate::Lost | Fate::OctetsKept => false,
                Fate::Kept | Fate::NamesKept => true,
                Fate::Random(_) => random.below(2) == 0,
            };
            if is_done {
                match change {
                    Change::Make(name, file) => {
                        names.insert(name.clone(), *file);
                    }
                    Change::Move(from, to, file) => {
                        names.remove(from);
                        names.insert(to.clone(), *file);
                    }
                    Change::Drop(name) => {
                        names.remove(name);
                    }
                }
            }
        }
        names
            .into_iter()
            .map(|(name, file)| {
                let (durable, pending) = &self.files[file];
                let mut octets = durable.clone();
                for write in pending {
                    match fate {
                        Fate::Lost | Fate::NamesKept => break,
                        Fate::Kept | Fate::OctetsKept => octets.extend_from_slice(write),
                        Fate::Random(_) => match random.next() % 5 {
                            0 => octets.extend_from_slice(write),
                            // Torn: it ends early, and so does the file.
                            1 => {
                                octets.extend_from_slice(&write[..random.below(write.len() + 1)]);
                                break;
                            }
                            // The length was written, and a part of the octets, from the front or the back.
                            2 => {
                                let part = random.below(write.len() + 1);
                                octets.extend_from_slice(&write[..part]);
                                octets.resize(octets.len() + write.len() - part, 0);
                            }
                            3 => {
                                let part = random.below(write.len() + 1);
                                octets.resize(octets.len() + part, 0);
                                octets.extend_from_slice(&write[part..]);
                            }
                            _ => break,
                        },
                    }
                }
                (name, octets)
            })
            .collect()
    }
}

/// A writer's work, with what was committed when so much of the log was done.
struct Work {
    people: People,
    dek: Dek,
    sent: Vec<Sent>,
    log: Vec<Op>,
    /// Length of the log, frames that are safe from there on.
    safe: Vec<(usize, usize)>,
}

fn work(finishes: bool) -> Work {
    let (people, storage, clock) = (People::new(), Memory::new(), TestClock::new());
    let (mut writer, dek) = people.start(Profile::Media, &storage, &clock).unwrap();
    let mut safe = vec![(storage.log().len(), 0)];
    add_tracks(&mut writer);
    let sent = frames(21, 70, 2_000);
    for (index, one) in sent.iter().enumerate() {
        clock.pass(190_000);
        writer.write_frame(&one.frame()).unwrap();
        if index % 9 == 8 {
            writer.flush().unwrap();
            safe.push((storage.log().len(), index + 1));
        }
        if index % 4 == 0 {
            writer.tick().unwrap();
        }
    }
    if finishes {
        writer.finish().unwrap();
        safe.push((storage.log().len(), sent.len()));
    }
    Work {
        people,
        dek,
        sent,
        log: storage.log(),
        safe,
    }
}

impl Work {
    /// How many frames must be there after so much of the log.
    fn safe_at(&self, done: usize) -> usize {
        self.safe
            .iter()
            .rev()
            .find(|(len, _)| *len <= done)
            .map_or(0, |(_, frames)| *frames)
    }

    /// Insists that what opens is the beginning of what was sent, and at least what was safe. Returns how many frames there are.
    fn check(&self, storage: &Arc<Memory>, safe: usize, what: &str) -> usize {
        let mut reader = Reader::open(storage.clone(), &self.dek).unwrap();
        let mut read_in_all = 0;
        for track in 0..2 {
            let (read, errors) = read_track(&mut reader, track);
            assert!(errors.is_empty(), "{what}: {errors:?}");
            let expected = of_track(&self.sent, track);
            assert_eq!(read, expected[..read.len()], "{what}: wrong octets");
            let safe = of_track(&self.sent[..safe], track).len();
            assert!(
                read.len() >= safe,
                "{what}: {} of {safe} frames",
                read.len()
            );
            read_in_all += read.len();
        }
        read_in_all
    }
}

#[test]
fn every_state_that_a_crash_can_leave_is_recovered() {
    let work = work(true);
    let first = work.safe[0].0;
    let wanted = size("MEDIASEAL_CRASH_STATES", 4_000);
    let random = wanted / (work.log.len() - first);
    let mut fates = vec![Fate::Lost, Fate::Kept, Fate::NamesKept, Fate::OctetsKept];
    fates.extend((0..random.max(2)).map(|seed| Fate::Random(seed as u64)));
    let mut disk = Disk::default();
    for op in &work.log[..first] {
        disk.apply(op);
    }
    let public = Some(work.people.recorder.public());
    let (mut states, mut again) = (0, 0);
    for done in first..=work.log.len() {
        let safe = work.safe_at(done);
        for (index, fate) in fates.iter().enumerate() {
            let what = format!("after {done} operations, {fate:?}");
            let storage = Memory::of(disk.after(*fate));
            states += 1;
            // Before recovery it is no forgery, and what is read is right.
            let found = verify(&*storage, public).unwrap();
            assert!(
                matches!(
                    found.verdict,
                    Verdict::Incomplete { .. } | Verdict::Complete
                ),
                "{what}: {found:?}"
            );
            work.check(&storage, safe, &what);
            recover(&*storage).unwrap_or_else(|error| panic!("{what}: {error}"));
            let found = verify(&*storage, public).unwrap();
            let is_clean = matches!(
                found.verdict,
                Verdict::Incomplete { discarded: 0, .. } | Verdict::Complete
            );
            assert!(is_clean, "{what}: {found:?}");
            let frames = work.check(&storage, safe, &what);
            // A crash in the middle of a recovery, at every place of it.
            if index == done % fates.len() {
                let log = storage.log();
                let mut within = Disk::of(&disk.after(*fate));
                for op in &log {
                    within.apply(op);
                    for fate in [Fate::Lost, Fate::Kept, Fate::Random(done as u64)] {
                        let storage = Memory::of(within.after(fate));
                        recover(&*storage).unwrap();
                        assert_eq!(work.check(&storage, safe, &what), frames, "{what}");
                        again += 1;
                        states += 1;
                    }
                }
            }
        }
        if let Some(op) = work.log.get(done) {
            disk.apply(op);
        }
    }
    assert!(
        states >= wanted && again > 100,
        "{states} states, {again} in recovery"
    );
    println!("crash states: {states}, {again} of them in the middle of a recovery");
}

#[test]
fn no_key_and_nonce_are_used_twice_over_all_recoveries() {
    let work = work(false);
    let mut salts = HashSet::new();
    let mut messages = note_salts(&work.log, &mut salts);
    let mut disk = Disk::default();
    let mut random = Random(5);
    for (done, op) in work.log.iter().enumerate() {
        disk.apply(op);
        if done < work.safe[0].0 || done % 7 != 0 {
            continue;
        }
        // Crash, go on, crash again, go on, and close.
        let mut files = disk.after(Fate::Random(random.next()));
        let mut expected = None;
        for round in 0..3_usize {
            let storage = Memory::of(files);
            let clock = TestClock::new();
            let mut writer = work.people.resume(&storage, &work.dek, &clock).unwrap();
            let before = work.check(&storage, expected.unwrap_or(0), "resumed");
            let tracks: Vec<u16> = writer.tracks().map(|(track, _)| track).collect();
            if tracks.is_empty() {
                add_tracks(&mut writer);
            }
            assert!(tracks.is_empty() || tracks.len() == 2);
            for track in 0..2 {
                let mut reader = Reader::open(storage.clone(), &work.dek).unwrap();
                let have = read_track(&mut reader, track).0.len();
                for one in of_track(&work.sent, track).iter().skip(have).take(4) {
                    writer.write_frame(&one.frame()).unwrap();
                }
            }
            if round == 2 {
                writer.finish().unwrap();
            } else {
                writer.flush().unwrap();
                drop(writer);
            }
            let after = work.check(&storage, 0, "went on");
            assert!(after >= before);
            expected = Some(0);
            messages += note_salts(&storage.log(), &mut salts);
            files = storage.files();
            if round == 2 {
                let found = verify(&*storage, Some(work.people.recorder.public())).unwrap();
                assert_eq!(found.verdict, Verdict::Complete);
            }
        }
    }
    assert_eq!(salts.len(), messages);
    assert!(messages > 300, "{messages}");
    println!("messages under keys of their own: {messages}");
}

/// Records frames until the storage fails, and returns how many were safe then.
fn record_until_it_fails(
    people: &People,
    storage: &Arc<Memory>,
    clock: &Arc<TestClock>,
    sent: &[Sent],
) -> (Option<Dek>, usize, Option<RecordingError>) {
    let (mut writer, dek) = match people.start(Profile::Media, storage, clock) {
        Ok(begun) => begun,
        Err(error) => return (None, 0, Some(error)),
    };
    add_tracks(&mut writer);
    let mut safe = 0;
    for (index, one) in sent.iter().enumerate() {
        clock.pass(100_000);
        let mut done = writer.write_frame(&one.frame()).map(|_| ());
        if done.is_ok() && index % 6 == 5 {
            done = writer.flush();
        }
        if let Err(error) = done {
            // It has stopped for good.
            for _ in 0..2 {
                let again = writer.write_frame(&one.frame());
                assert!(matches!(again, Err(RecordingError::Stopped)));
                assert!(matches!(writer.flush(), Err(RecordingError::Stopped)));
            }
            return (Some(dek), safe, Some(error));
        }
        if index % 6 == 5 {
            safe = index + 1;
        }
    }
    match writer.finish() {
        Ok(_) => (Some(dek), sent.len(), None),
        Err(error) => (Some(dek), safe, Some(error)),
    }
}

/// Insists that a recording whose writer failed goes on, with all that was safe.
fn goes_on(
    people: &People,
    storage: &Arc<Memory>,
    dek: &Dek,
    sent: &[Sent],
    safe: usize,
    what: &str,
) {
    let clock = TestClock::new();
    let public = Some(people.recorder.public());
    match people.resume(storage, dek, &clock) {
        Ok(mut writer) => {
            if writer.tracks().count() == 0 {
                add_tracks(&mut writer);
            }
            writer.write_frame(&sent[0].frame()).unwrap();
            writer.finish().unwrap();
        }
        Err(RecordingError::Closed) => {}
        Err(error) => panic!("{what}: {error}"),
    }
    let found = verify(&**storage, public).unwrap();
    assert_eq!(found.verdict, Verdict::Complete, "{what}");
    let mut reader = Reader::open(storage.clone(), dek).unwrap();
    for track in 0..2 {
        let (read, errors) = read_track(&mut reader, track);
        assert!(errors.is_empty(), "{what}: {errors:?}");
        let expected = of_track(&sent[..safe], track);
        assert!(read.len() >= expected.len(), "{what}");
        assert_eq!(read[..expected.len()], expected, "{what}");
    }
}

#[test]
fn every_call_of_the_storage_may_fail() {
    let people = People::new();
    let sent = frames(22, 60, 3_000);
    let mut failed = 0;
    for call in 0.. {
        let (storage, clock) = (Memory::new(), TestClock::new());
        storage.fail_at(Some(call));
        let (dek, safe, error) = record_until_it_fails(&people, &storage, &clock, &sent);
        storage.fail_at(None);
        let Some(error) = error else {
            break;
        };
        let what = format!("call {call} failed");
        assert!(
            matches!(error, RecordingError::Io { .. }),
            "{what}: {error}"
        );
        failed += 1;
        let Some(dek) = dek else {
            // It never began, and may begin again.
            if !storage.files().contains_key("header") {
                people.start(Profile::Media, &storage, &clock).unwrap();
            }
            continue;
        };
        // The next writer's storage fails too, at each call of its recovery.
        if call % 16 == 0 {
            let files = storage.files();
            for call in 0.. {
                let storage = Memory::of(files.clone());
                storage.fail_at(Some(call));
                let recovered = recover(&*storage);
                storage.fail_at(None);
                goes_on(&people, &storage, &dek, &sent, safe, &what);
                if recovered.is_ok() {
                    break;
                }
            }
        }
        goes_on(&people, &storage, &dek, &sent, safe, &what);
    }
    assert!(failed > 100, "{failed}");
    println!("calls that failed: {failed}");
}

#[test]
fn a_disk_that_is_full_at_any_octet_costs_nothing_that_was_committed() {
    let people = People::new();
    let sent = frames(23, 40, 3_000);
    let whole = Memory::new();
    let (_, _, error) = record_until_it_fails(&people, &whole, &TestClock::new(), &sent);
    assert!(error.is_none());
    let total: usize = whole.files().values().map(Vec::len).sum();
    let mut full = 0;
    for size in 0..1_000 {
        let (storage, clock) = (Memory::new(), TestClock::new());
        let capacity = total * size / 1_000;
        storage.limit(Some(capacity));
        let (dek, safe, error) = record_until_it_fails(&people, &storage, &clock, &sent);
        storage.limit(None);
        let error = error.unwrap_or_else(|| panic!("{capacity} octets are enough"));
        let is_full = matches!(&error, RecordingError::Io { source, .. } if source.kind() == std::io::ErrorKind::StorageFull);
        assert!(is_full, "{error}");
        full += 1;
        if let Some(dek) = dek {
            let what = format!("full at {capacity}");
            goes_on(&people, &storage, &dek, &sent, safe, &what);
        }
    }
    println!("full disks: {full}");
}
