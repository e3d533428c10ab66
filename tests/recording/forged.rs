//! What somebody writes who can write the files and has no key: nothing of it is ever signed.

use std::collections::BTreeMap;
use std::sync::Arc;

use mediaseal::vault::Dek;
use mediaseal::vault::recording::{
    LocalStorage, Place, Profile, Reader, RecordingError, Verdict, Writer, envelope, granted,
    recover, replace_envelope, verify,
};
use sha2::{Digest, Sha256};

use crate::support::{
    Memory, People, Sent, TestClock, add_tracks, frames, noise, of_track, read_track,
};

const STATE: usize = 8 + 2 + 8 + 4 + 32 + 32 + 8 + 8 + 4;

/// A recording that a crash cut, with a checkpoint of its first segments and commits behind it.
struct Crashed {
    people: People,
    dek: Dek,
    clock: Arc<TestClock>,
    sent: Vec<Sent>,
    files: BTreeMap<String, Vec<u8>>,
}

impl Crashed {
    fn new() -> Self {
        let (people, storage, clock) = (People::new(), Memory::new(), TestClock::new());
        let (mut writer, dek) = people.start(Profile::Media, &storage, &clock).unwrap();
        add_tracks(&mut writer);
        let sent = frames(41, 120, 2_000);
        for one in &sent {
            clock.pass(100_000);
            writer.write_frame(&one.frame()).unwrap();
        }
        writer.flush().unwrap();
        drop(writer);
        Self {
            people,
            dek,
            clock,
            sent,
            files: storage.files(),
        }
    }

    /// Goes on, closes, and insists that everything is there.
    fn is_finished(&self, storage: &Arc<Memory>) {
        let writer = self.people.resume(storage, &self.dek, &self.clock).unwrap();
        writer.finish().unwrap();
        self.is_whole(storage);
    }

    fn is_whole(&self, storage: &Arc<Memory>) {
        let found = verify(&**storage, Some(self.people.recorder.public())).unwrap();
        assert_eq!(found.verdict, Verdict::Complete);
        let mut reader = Reader::open(storage.clone(), &self.dek).unwrap();
        for track in 0..2 {
            let (read, errors) = read_track(&mut reader, track);
            assert!(errors.is_empty(), "{errors:?}");
            assert_eq!(read, of_track(&self.sent, track));
        }
    }

    /// Insists that nobody signs these files.
    fn is_not_signed(&self, files: BTreeMap<String, Vec<u8>>) {
        let storage = Memory::of(files.clone());
        recover(&*storage).unwrap();
        assert_eq!(storage.files()["checkpoints"], files["checkpoints"]);
        let resumed = self.people.resume(&storage, &self.dek, &self.clock);
        assert!(
            matches!(resumed, Err(RecordingError::Damaged(_))),
            "{resumed:?}"
        );
        assert_eq!(storage.files()["checkpoints"], files["checkpoints"]);
    }
}

fn records(manifest: &[u8]) -> Vec<&[u8]> {
    let mut records = Vec::new();
    let mut rest = manifest;
    while let Some((len, _)) = rest.split_first_chunk() {
        let (record, after) = rest.split_at(4 + u32::from_be_bytes(*len) as usize);
        records.push(record);
        rest = after;
    }
    records
}

/// Adds a record to a manifest that has some.
fn append(manifest: &mut Vec<u8>, number: u8, body: &[u8]) {
    let previous = Sha256::digest(records(manifest).last().unwrap());
    let len = u32::try_from(1 + body.len() + previous.len()).unwrap();
    manifest.extend_from_slice(&len.to_be_bytes());
    manifest.push(number);
    manifest.extend_from_slice(body);
    manifest.extend_from_slice(&previous);
}

/// The body of a commit or end of track 0: `chunks`, and the octets of the file.
fn state(segment: u64, chunks: u64, tail_len: u32, file: &[u8], micros: [u64; 2]) -> Vec<u8> {
    let mut body = segment.to_be_bytes().to_vec();
    body.extend_from_slice(&0_u16.to_be_bytes());
    body.extend_from_slice(&chunks.to_be_bytes());
    body.extend_from_slice(&tail_len.to_be_bytes());
    body.extend_from_slice(&Sha256::digest(file));
    body.extend_from_slice(&[0; 32]);
    body.extend_from_slice(&micros[0].to_be_bytes());
    body.extend_from_slice(&micros[1].to_be_bytes());
    body.extend_from_slice(&1_u32.to_be_bytes());
    assert_eq!(body.len(), STATE);
    body
}

/// Closes what is open as a recovery does, and says that this is all.
fn close(files: &mut BTreeMap<String, Vec<u8>>) {
    let storage = Memory::of(files.clone());
    recover(&*storage).unwrap();
    *files = storage.files();
    let segments = files.keys().filter(|name| name.ends_with(".seg")).count() as u64;
    append(
        files.get_mut("manifest").unwrap(),
        5,
        &segments.to_be_bytes(),
    );
}

#[test]
fn a_recovery_without_the_key_signs_nothing() {
    let crashed = Crashed::new();
    let storage = Memory::of(crashed.files.clone());
    let recovery = recover(&*storage).unwrap();
    assert_eq!(recovery.closed_segments, 2);
    assert_eq!(storage.files()["checkpoints"], crashed.files["checkpoints"]);
    let found = verify(&*storage, Some(crashed.people.recorder.public())).unwrap();
    assert!(found.signed_records > 0 && found.signed_records < found.records);
    crashed.is_finished(&storage);
}

#[test]
fn a_final_record_that_nobody_signed_counts_as_not_written() {
    let crashed = Crashed::new();
    let mut files = crashed.files.clone();
    close(&mut files);
    let storage = Memory::of(files);
    recover(&*storage).unwrap();
    let found = verify(&*storage, Some(crashed.people.recorder.public())).unwrap();
    assert!(matches!(
        found.verdict,
        Verdict::Incomplete { discarded: 0, .. }
    ));
    crashed.is_finished(&storage);
}

#[test]
fn a_crash_between_the_final_record_and_its_checkpoint_is_gone_on_with() {
    let crashed = Crashed::new();
    let storage = Memory::of(crashed.files.clone());
    crashed.is_finished(&storage);
    let mut files = storage.files();
    let notes = files.get_mut("checkpoints").unwrap();
    let name = b"mediaseal/rec/";
    let last = notes.windows(name.len()).rposition(|there| there == name);
    // A note names its key after its text.
    let last = last.unwrap() - 1;
    let begin = notes[..last]
        .windows(name.len())
        .rposition(|there| there == name)
        .unwrap();
    for left in [begin, begin + 40] {
        let mut files = storage.files();
        files.get_mut("checkpoints").unwrap().truncate(left);
        let storage = Memory::of(files);
        crashed.is_finished(&storage);
    }
}

/// What somebody without a key may add: a name for it, records of a segment with this number, and its file.
fn forgeries(closed: &BTreeMap<String, Vec<u8>>, number: u64) -> Vec<(&'static str, Forged)> {
    let first = segment_of(0);
    let old = &closed[&first];
    let all = records(&closed["manifest"]);
    let ended = all.iter().find(|record| record[4] == 3).unwrap();
    // The recorder's own words of its first segment, under another number.
    let mut copied = ended[5..5 + STATE].to_vec();
    assert_eq!(copied[..8], [0; 8]);
    copied[..8].copy_from_slice(&number.to_be_bytes());
    let noisy = noise(7, 56 + 16_400);
    let end = noise(8, 56 + 40 + 16);
    let begun = [&old[..56], &noise(9, 16_400)].concat();
    vec![
        (
            "noise, not ended",
            (2, state(number, 1, 0, &noisy, [5, 5]), noisy.clone()),
        ),
        (
            "noise, ended",
            (3, state(number, 1, 40, &end, [5, 5]), end.clone()),
        ),
        ("a copy of an old one", (3, copied, old.clone())),
        (
            "the front of an old one",
            (2, state(number, 1, 0, &begun, [5, 5]), begun.clone()),
        ),
        (
            "another file than its record says",
            (2, state(number, 1, 0, &end, [5, 5]), noisy),
        ),
    ]
}

type Forged = (u8, Vec<u8>, Vec<u8>);

fn segment_of(number: u64) -> String {
    format!("{number:010}.seg")
}

impl Crashed {
    /// The files when all that is open was closed without the key, and the number of the next segment.
    fn closed(&self) -> (BTreeMap<String, Vec<u8>>, u64) {
        let storage = Memory::of(self.files.clone());
        recover(&*storage).unwrap();
        let files = storage.files();
        let segments = files.keys().filter(|name| name.ends_with(".seg"));
        let next = segments.count() as u64;
        assert!(files.contains_key(&segment_of(next - 1)));
        (files, next)
    }

    /// Insists that a writer who goes on sets aside one segment and nothing else, and closes a recording of all that was committed.
    fn is_finished_without(&self, files: BTreeMap<String, Vec<u8>>, number: u64, what: &str) {
        let file = files[&segment_of(number)].clone();
        let storage = Memory::of(files);
        let writer = self.people.resume(&storage, &self.dek, &self.clock);
        let writer = writer.unwrap_or_else(|error| panic!("{what}, {number}: {error}"));
        assert_eq!(writer.recovery().unwrap().set_aside, 1, "{what}");
        let (aside, octets) = aside_of(&storage.files(), number);
        assert_eq!(octets, file, "{what}");
        assert!(!storage.files().contains_key(&segment_of(number)), "{what}");
        // Not one record of it was signed.
        for record in records(&storage.files()["manifest"]) {
            let names_it = record[4] != 1 && record[5..13] == number.to_be_bytes();
            assert!(!names_it, "{what}");
        }
        writer.finish().unwrap();
        self.is_whole(&storage);
        let found = verify(&*storage, Some(self.people.recorder.public())).unwrap();
        assert_eq!(found.set_aside, 1, "{what}");
        // Whoever has looked into it may take it away.
        let mut files = storage.files();
        files.remove(&aside);
        self.is_whole(&Memory::of(files));
    }
}

/// The file that was set aside.
fn aside_of(files: &BTreeMap<String, Vec<u8>>, number: u64) -> (String, Vec<u8>) {
    let front = format!("aside/{}.", segment_of(number));
    let mut found = files.iter().filter(|(name, _)| name.starts_with(&front));
    let (name, octets) = found.next().unwrap();
    assert_eq!(found.next(), None);
    (name.clone(), octets.clone())
}

#[test]
fn a_segment_that_nobody_began_with_the_key_is_set_aside() {
    let crashed = Crashed::new();
    let (closed, next) = crashed.closed();
    // The next, and the last that a recorder could have come to.
    for number in [next, next + 1, next + 1023] {
        for (what, (kind, body, file)) in forgeries(&closed, number) {
            let mut files = closed.clone();
            append(files.get_mut("manifest").unwrap(), kind, &body);
            files.insert(segment_of(number), file);
            crashed.is_finished_without(files.clone(), number, what);
            if what.starts_with("another") {
                // Without a key it cannot be told from a recorder's that was damaged.
                let storage = Memory::of(files.clone());
                let recovered = recover(&*storage);
                assert!(
                    matches!(recovered, Err(RecordingError::Damaged(Place::Segment { segment })) if segment == number),
                    "{recovered:?}"
                );
                assert_eq!(storage.files(), files, "something was changed");
                continue;
            }
            // After a recovery without the key, and with a last record that nobody signed.
            let storage = Memory::of(files.clone());
            let recovery = recover(&*storage).unwrap();
            assert_eq!(recovery.set_aside, 0);
            assert_eq!(storage.files()["checkpoints"], files["checkpoints"]);
            crashed.is_finished_without(storage.files(), number, what);
            close(&mut files);
            crashed.is_finished_without(files, number, what);
        }
    }
}

#[test]
fn a_number_that_no_recorder_has_come_to_is_set_aside_or_cut_off() {
    let crashed = Crashed::new();
    let (closed, next) = crashed.closed();
    for number in [next + 1024, 1 << 40] {
        for (what, (kind, body, file)) in forgeries(&closed, number) {
            let mut files = closed.clone();
            append(files.get_mut("manifest").unwrap(), kind, &body);
            files.insert(segment_of(number), file.clone());
            // Without a key it is no record, and its file was never committed.
            let storage = Memory::of(files.clone());
            let recovery = recover(&*storage).unwrap();
            assert!(recovery.discarded > file.len() as u64, "{what}");
            assert_eq!(storage.files(), closed, "{what}");
            crashed.is_finished(&storage);
            if number < 10_000_000_000 {
                crashed.is_finished_without(files, number, what);
            }
        }
    }
}

#[test]
fn a_record_that_names_a_segment_of_the_recorder_elsewhere_costs_nothing() {
    let crashed = Crashed::new();
    let found = verify(&*Memory::of(crashed.files.clone()), None).unwrap();
    let signed = usize::try_from(found.signed_records).unwrap();
    let all = records(&crashed.files["manifest"]);
    // The first record of an open segment, which no checkpoint covers, said of another track, or of one that nobody named, just before.
    let known: Vec<&[u8]> = all[..signed]
        .iter()
        .filter(|record| record[4] != 1)
        .map(|record| &record[5..13])
        .collect();
    let place = all[signed..]
        .iter()
        .position(|record| !known.contains(&&record[5..13]));
    let place = signed + place.unwrap();
    for track in [0_u16, 1, 7] {
        let mut body = all[place][5..5 + STATE].to_vec();
        if body[8..10] == track.to_be_bytes() {
            continue;
        }
        body[8..10].copy_from_slice(&track.to_be_bytes());
        let mut files = crashed.files.clone();
        let mut manifest: Vec<u8> = all[..place].concat();
        append(&mut manifest, 2, &body);
        for record in &all[place..] {
            append(&mut manifest, record[4], &record[5..record.len() - 32]);
        }
        files.insert("manifest".to_owned(), manifest);
        let storage = Memory::of(files);
        let writer = crashed
            .people
            .resume(&storage, &crashed.dek, &crashed.clock)
            .unwrap();
        assert_eq!(writer.recovery().unwrap().set_aside, 0);
        writer.finish().unwrap();
        crashed.is_whole(&storage);
    }
}

#[test]
fn what_was_committed_behind_a_forged_segment_stays() {
    let crashed = Crashed::new();
    let (closed, next) = crashed.closed();
    let found = verify(&*Memory::of(crashed.files.clone()), None).unwrap();
    let signed = usize::try_from(found.signed_records).unwrap();
    let all = records(&crashed.files["manifest"]);
    assert!(
        all.len() > signed + 2,
        "{} records, {signed} signed",
        all.len()
    );
    for (what, (kind, mut body, file)) in forgeries(&closed, next) {
        // A track of its own, behind the last checkpoint, and all that follows chained anew.
        body[8..10].copy_from_slice(&7_u16.to_be_bytes());
        for place in [signed, signed + 1, all.len()] {
            let mut files = crashed.files.clone();
            let mut manifest: Vec<u8> = all[..signed].concat();
            for (at, record) in (signed..).zip(&all[signed..]) {
                if at == place {
                    append(&mut manifest, 1, &[0, 7, 0, 0]);
                    append(&mut manifest, kind, &body);
                }
                append(&mut manifest, record[4], &record[5..record.len() - 32]);
            }
            if place == all.len() {
                append(&mut manifest, 1, &[0, 7, 0, 0]);
                append(&mut manifest, kind, &body);
            }
            files.insert("manifest".to_owned(), manifest);
            files.insert(segment_of(next), file.clone());
            crashed.is_finished_without(files, next, what);
        }
    }
}

#[test]
fn a_segment_of_the_recorder_is_never_set_aside() {
    let crashed = Crashed::new();
    let (closed, next) = crashed.closed();
    let found = verify(&*Memory::of(closed.clone()), None).unwrap();
    let unsigned = &records(&closed["manifest"])[usize::try_from(found.signed_records).unwrap()..];
    let number = unsigned
        .iter()
        .filter(|record| record[4] != 1)
        .map(|record| u64::from_be_bytes(record[5..13].try_into().unwrap()))
        .max()
        .unwrap();
    assert_eq!(number, next - 1);
    // Its file gone, cut, or bent behind what the key began: something committed may be lost, and it is for people to say what is to be done.
    let name = segment_of(number);
    let len = closed[&name].len();
    let mut missing = closed.clone();
    missing.remove(&name);
    let mut cut = closed.clone();
    cut.get_mut(&name).unwrap().truncate(len - 1);
    let mut bent = closed.clone();
    bent.get_mut(&name).unwrap()[len - 1] ^= 1;
    for files in [missing, cut, bent] {
        let storage = Memory::of(files.clone());
        let resumed = crashed
            .people
            .resume(&storage, &crashed.dek, &crashed.clock);
        assert!(
            matches!(resumed, Err(RecordingError::Damaged(_))),
            "{resumed:?}"
        );
        assert_eq!(storage.files(), files, "something was changed");
    }
}

#[test]
fn setting_aside_may_be_cut_short_anywhere() {
    let crashed = Crashed::new();
    let (closed, next) = crashed.closed();
    let (_, (kind, body, file)) = forgeries(&closed, next).swap_remove(0);
    let mut files = closed;
    append(files.get_mut("manifest").unwrap(), kind, &body);
    files.insert(segment_of(next), file);
    let mut failed = 0;
    for call in 0.. {
        let storage = Memory::of(files.clone());
        storage.fail_at(Some(call));
        let resumed = crashed
            .people
            .resume(&storage, &crashed.dek, &crashed.clock);
        storage.fail_at(None);
        let is_done = resumed.is_ok();
        drop(resumed);
        crashed.is_finished(&storage);
        if is_done {
            break;
        }
        failed += 1;
    }
    assert!(failed > 20, "{failed}");
}

#[test]
fn in_a_folder_it_lies_apart() {
    let crashed = Crashed::new();
    let (closed, next) = crashed.closed();
    let (_, (kind, body, file)) = forgeries(&closed, next).swap_remove(0);
    let mut files = closed;
    append(files.get_mut("manifest").unwrap(), kind, &body);
    files.insert(segment_of(next), file.clone());
    let folder = std::env::temp_dir().join(format!("mediaseal-aside-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    for (name, octets) in &files {
        std::fs::write(folder.join(name), octets).unwrap();
    }
    let storage = Arc::new(LocalStorage::open(&folder).unwrap());
    let writer = Writer::resume(
        storage.clone(),
        &crashed.dek,
        Arc::clone(&crashed.people.recorder),
        crashed.clock.clone(),
    )
    .unwrap();
    assert_eq!(writer.recovery().unwrap().set_aside, 1);
    writer.finish().unwrap();
    let found = verify(&*storage, Some(crashed.people.recorder.public())).unwrap();
    assert_eq!((found.verdict, found.set_aside), (Verdict::Complete, 1));
    let mut aside = std::fs::read_dir(folder.join("aside")).unwrap();
    let lies = aside.next().unwrap().unwrap().path();
    assert_eq!(std::fs::read(lies).unwrap(), file);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn what_a_record_says_of_its_frames_is_compared_before_it_is_signed() {
    let crashed = Crashed::new();
    let all = records(&crashed.files["manifest"]);
    let last = all.iter().rev().find(|record| record[4] == 2).unwrap();
    // The commit again, with other times and another number of frames: its octets are the recorder's.
    let body = last[5..5 + STATE].to_vec();
    for at in [STATE - 20, STATE - 5, STATE - 1] {
        let mut body = body.clone();
        // Less of the first, more of the last and of the frames.
        body[at] = body[at].wrapping_add(1);
        if at == STATE - 20 {
            body[at..at + 8].fill(0);
        }
        let mut files = crashed.files.clone();
        let manifest = files.get_mut("manifest").unwrap();
        let end = manifest.len() - last.len();
        assert_eq!(manifest[end..], **last);
        manifest.truncate(end);
        append(manifest, 2, &body);
        crashed.is_not_signed(files);
    }
}

#[test]
fn a_segment_number_that_leaves_none_is_no_recorders() {
    let crashed = Crashed::new();
    let storage = Memory::of(crashed.files.clone());
    recover(&*storage).unwrap();
    for number in [u64::MAX, u64::MAX - 1, 1 << 40] {
        let mut files = storage.files();
        let file = noise(7, 56 + 16_400);
        let body = state(number, 1, 0, &file, [5, 5]);
        append(files.get_mut("manifest").unwrap(), 2, &body);
        let storage = Memory::of(files);
        recover(&*storage).unwrap();
        let writer = crashed
            .people
            .resume(&storage, &crashed.dek, &crashed.clock);
        let mut writer = writer.unwrap();
        writer.write_frame(&crashed.sent[0].frame()).unwrap();
        writer.finish().unwrap();
        let found = verify(&*storage, Some(crashed.people.recorder.public())).unwrap();
        assert_eq!(found.verdict, Verdict::Complete);
    }
}

#[test]
fn a_recovery_falls_back_to_no_earlier_commit() {
    let (people, storage, clock) = (People::new(), Memory::new(), TestClock::new());
    let (mut writer, dek) = people.start(Profile::Media, &storage, &clock).unwrap();
    add_tracks(&mut writer);
    let sent = frames(43, 12, 1_000);
    let mut before = BTreeMap::new();
    for half in sent.chunks(6) {
        before = storage.files();
        for one in half {
            writer.write_frame(&one.frame()).unwrap();
        }
        writer.flush().unwrap();
    }
    drop(writer);
    let tails = |files: &BTreeMap<String, Vec<u8>>| -> Vec<String> {
        let names = files.keys().filter(|name| name.ends_with(".tail"));
        names.cloned().collect()
    };
    // The tails of the commit before, in place of those of the last.
    let mut files = storage.files();
    assert_eq!((tails(&before).len(), tails(&files).len()), (2, 2));
    for name in tails(&files) {
        files.remove(&name);
    }
    for name in tails(&before) {
        files.insert(name.clone(), before[&name].clone());
    }
    let earlier = Memory::of(files.clone());
    let recovered = recover(&*earlier);
    assert!(
        matches!(recovered, Err(RecordingError::Damaged(_))),
        "{recovered:?}"
    );
    assert_eq!(earlier.files(), files, "something was changed");
    assert!(people.resume(&earlier, &dek, &clock).is_err());
    // Nor does a record say that a segment ended at an earlier one.
    let mut files = storage.files();
    let manifest = files.get_mut("manifest").unwrap();
    let commits = records(manifest);
    let first = commits.iter().find(|record| record[4] == 2).unwrap();
    let body = first[5..5 + STATE].to_vec();
    append(manifest, 4, &body);
    for name in tails(&before) {
        files.insert(name.clone(), before[&name].clone());
    }
    let storage = Memory::of(files);
    people
        .resume(&storage, &dek, &clock)
        .unwrap()
        .finish()
        .unwrap();
    let mut reader = Reader::open(storage, &dek).unwrap();
    for track in 0..2 {
        assert_eq!(read_track(&mut reader, track).0, of_track(&sent, track));
    }
}

#[test]
fn two_who_replace_the_envelope_at_once_leave_a_whole_one() {
    let crashed = Crashed::new();
    let storage = Memory::of(crashed.files.clone());
    let there = envelope(&*storage).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..500 {
                    // One at a time: the others are told, and try again.
                    while let Err(error) = replace_envelope(&*storage, &there) {
                        assert!(matches!(error, RecordingError::Changing), "{error}");
                    }
                }
            });
        }
    });
    assert_eq!(storage.files(), crashed.files);
    // A recovery leaves alone what one of them is writing.
    let mut files = crashed.files.clone();
    let new = "envelope.0123456789abcdef.new".to_owned();
    files.insert(new.clone(), vec![1, 2]);
    let storage = Memory::of(files);
    recover(&*storage).unwrap();
    assert_eq!(storage.files()[&new], [1, 2]);
    crashed.is_finished(&storage);
    assert_eq!(storage.files()[&new], [1, 2]);
}

#[test]
fn a_kid_is_written_in_one_form_alone() {
    let crashed = Crashed::new();
    let storage = Memory::of(crashed.files.clone());
    crashed.is_finished(&storage);
    for kid in [
        "0123456789ABCDEF",
        "+123456789abcdef",
        "0123456789abcde",
        "00123456789abcdef",
    ] {
        let mut files = storage.files();
        let name = format!("grants/{kid}");
        files.insert(name.clone(), vec![1]);
        let storage = Memory::of(files);
        assert_eq!(granted(&*storage).unwrap(), []);
        let found = verify(&*storage, None).unwrap();
        let place = Place::Foreign { name };
        assert_eq!(found.verdict, Verdict::Tampered { place });
    }
}

#[test]
fn files_of_other_names_are_named_and_never_touched() {
    let crashed = Crashed::new();
    for name in [
        ".seg",
        "9.seg",
        "+000000009.seg",
        "00000000009.seg",
        "99999999999999999999999.seg",
        "0000000009.1.tail",
        "0000000009..tail",
        "grants/.new",
        "grants/ü.new",
        "grants/0123456789ABCDEF.new",
        "envelope.new",
        "envelope.0123456789ABCDEF.new",
        "aside/0000000009.seg",
        "aside/0000000009.seg.0123456789ABCDEF",
        "aside/0000000009.seg.0123456789abcde",
        "aside/manifest.0123456789abcdef",
        "aside/9.seg.0123456789abcdef",
        "aside/manifest.new.0123456789abcdef",
    ] {
        let mut files = crashed.files.clone();
        files.insert(name.to_owned(), vec![1]);
        let storage = Memory::of(files);
        recover(&*storage).unwrap();
        assert_eq!(storage.files()[name], [1], "{name}");
        let found = verify(&*storage, None).unwrap();
        let place = Place::Foreign {
            name: name.to_owned(),
        };
        assert_eq!(found.verdict, Verdict::Tampered { place }, "{name}");
    }
    // Those of a recorder that crashed are taken away.
    for name in [
        "0000000009.seg",
        "0000000009.seg.new",
        "0000000009.000001.tail",
        "manifest.new",
        "grants/0123456789abcdef.new",
    ] {
        let mut files = crashed.files.clone();
        files.insert(name.to_owned(), vec![1]);
        let storage = Memory::of(files);
        recover(&*storage).unwrap();
        assert!(!storage.files().contains_key(name), "{name}");
    }
}
