//! What somebody writes who can write the files and has no key: nothing of it is ever signed.

use std::collections::BTreeMap;
use std::sync::Arc;

use mediaseal::vault::Dek;
use mediaseal::vault::recording::{
    Place, Profile, Reader, RecordingError, Verdict, envelope, granted, recover, replace_envelope,
    verify,
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

#[test]
fn a_segment_that_does_not_open_under_the_key_is_not_signed() {
    let crashed = Crashed::new();
    let last = crashed.files.keys().filter(|name| name.ends_with(".seg"));
    let number = last.count() as u64;
    // A recorder's commit as it is, so that the track has no open segment.
    let storage = Memory::of(crashed.files.clone());
    recover(&*storage).unwrap();
    let closed = storage.files();
    let file = noise(7, 56 + 16_400);
    let end = noise(8, 56 + 40 + 16);
    for (number_of_record, chunks, tail_len, file) in [(2, 1, 0, &file), (3, 1, 40, &end)] {
        let mut files = closed.clone();
        let body = state(number, chunks, tail_len, file, [5, 5]);
        append(files.get_mut("manifest").unwrap(), number_of_record, &body);
        files.insert(format!("{number:010}.seg"), file.clone());
        crashed.is_not_signed(files.clone());
        close(&mut files);
        crashed.is_not_signed(files);
    }
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
                    replace_envelope(&*storage, &there).unwrap();
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
