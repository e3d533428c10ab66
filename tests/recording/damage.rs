//! Whatever is changed, cut, swapped or added is seen, and costs no more than the chunk that it touches.

use std::collections::BTreeMap;
use std::sync::Arc;

use mediaseal::vault::Dek;
use mediaseal::vault::recording::{
    Place, Profile, Reader, RecordingError, Verdict, cobblestone, envelope, header, recover,
    verify, wrap_context,
};

use crate::support::{
    Memory, People, Random, Sent, TestClock, add_tracks, frames, noise, of_track, read_track,
    record, size,
};

type Files = BTreeMap<String, Vec<u8>>;

/// A closed recording of some length, and what it takes to judge what became of it.
struct Whole {
    people: People,
    dek: Dek,
    sent: Vec<Sent>,
    files: Files,
}

impl Whole {
    fn new(seed: u64, count: usize, len: usize) -> Self {
        let (people, storage) = (People::new(), Memory::new());
        let sent = frames(seed, count, len);
        let dek = record(&people, &storage, &sent);
        let files = storage.files();
        Self {
            people,
            dek,
            sent,
            files,
        }
    }

    fn verdict(&self, storage: &Arc<Memory>) -> Result<Verdict, RecordingError> {
        verify(&**storage, Some(self.people.recorder.public())).map(|found| found.verdict)
    }

    /// Insists that a change is seen, by who verifies without a key or, of what is for owners alone, by an owner who opens it.
    fn assert_seen(&self, storage: &Arc<Memory>, name: &str, what: &str) {
        if name.starts_with("envelope") {
            let opened = envelope(&**storage).and_then(|envelope| {
                let signers = [*self.people.recorder.public()];
                let context = wrap_context(&header(&**storage)?);
                Ok(envelope.open_by_identity(&self.people.owner, &signers, &context)?)
            });
            assert!(opened.is_err(), "{what} was not seen");
        } else {
            let verdict = self.verdict(storage);
            assert!(
                !matches!(verdict, Ok(Verdict::Complete | Verdict::Consistent)),
                "{what} was not seen: {verdict:?}"
            );
        }
    }

    /// Reads what there is: nothing that comes is wrong, and what is missing of the frames is returned.
    fn missing(&self, storage: &Arc<Memory>, what: &str) -> usize {
        let Ok(mut reader) = Reader::open(storage.clone(), &self.dek) else {
            return self.sent.len();
        };
        let mut missing = 0;
        for track in 0..2 {
            let (read, _) = read_track(&mut reader, track);
            let expected = of_track(&self.sent, track);
            let mut left = expected.iter();
            for one in &read {
                // In order, and each as it was.
                assert!(
                    left.any(|sent| sent == one),
                    "{what}: a frame that was never sent"
                );
            }
            missing += expected.len() - read.len();
        }
        missing
    }
}

#[test]
fn every_octet_that_is_changed_is_seen_and_costs_its_chunk() {
    let wanted = size("MEDIASEAL_FLIP_OCTETS", 64 << 10);
    let whole = Whole::new(11, wanted / 595, 600);
    let total: usize = whole.files.values().map(Vec::len).sum();
    assert!(total > wanted, "{total}");
    let in_chunk = cobblestone::CHUNK_LEN / 300 + 2;
    for (name, octets) in &whole.files {
        let storage = Memory::of(whole.files.clone());
        for at in 0..octets.len() {
            let what = format!("octet {at} of {name}");
            storage.change(name, |octets| octets[at] ^= 1 << (at % 8));
            whole.assert_seen(&storage, name, &what);
            if name.ends_with(".seg") && at >= cobblestone::PREAMBLE_LEN && at % 5 == 0 {
                let missing = whole.missing(&storage, &what);
                assert!(
                    (1..=in_chunk).contains(&missing),
                    "{what}: {missing} frames"
                );
            } else if at % 53 == 0 {
                whole.missing(&storage, &what);
            }
            storage.change(name, |octets| octets[at] ^= 1 << (at % 8));
        }
        assert_eq!(whole.verdict(&storage).unwrap(), Verdict::Complete);
    }
    println!("changed octets: {total}, all seen");
}

#[test]
fn octets_outside_of_a_damaged_chunk_are_all_to_be_had() {
    let whole = Whole::new(12, 150, 1_500);
    let chunk_len = cobblestone::CHUNK_LEN as u64;
    let storage = Memory::of(whole.files.clone());
    let mut reader = Reader::open(storage.clone(), &whole.dek).unwrap();
    let octets = reader.tracks().next().unwrap().octets;
    let mut expected = vec![0; usize::try_from(octets).unwrap()];
    reader.read_at(0, 0, &mut expected).unwrap();
    // The first segment is of track 0.
    let first = &whole.files["0000000000.seg"];
    let layout = cobblestone::Layout::of_message(first.len() as u64).unwrap();
    assert!(layout.full_chunks >= 2);
    for damaged in 0..=layout.full_chunks {
        let at = usize::try_from(cobblestone::chunk_offset(damaged)).unwrap() + 5;
        storage.change("0000000000.seg", |octets| octets[at] ^= 0x80);
        let mut reader = Reader::open(storage.clone(), &whole.dek).unwrap();
        for from in (0..octets - 1).step_by(512) {
            let len = 512.min(octets - from);
            let mut out = vec![1; usize::try_from(len).unwrap()];
            let read = reader.read_at(0, from, &mut out);
            let in_damaged = from / chunk_len == damaged && from < layout.plaintext_len();
            if in_damaged {
                let place = Place::Chunk {
                    segment: 0,
                    chunk: damaged,
                };
                assert!(matches!(read, Err(RecordingError::Damaged(found)) if found == place));
                assert!(
                    out.iter().all(|octet| *octet == 0),
                    "something was given out"
                );
            } else {
                read.unwrap();
                let from = usize::try_from(from).unwrap();
                assert_eq!(out, expected[from..from + out.len()]);
            }
        }
        storage.change("0000000000.seg", |octets| octets[at] ^= 0x80);
    }
}

#[test]
fn every_length_to_which_a_file_is_cut_or_grown_is_seen() {
    let whole = Whole::new(13, 300, 1_000);
    let total: usize = whole.files.values().map(Vec::len).sum();
    assert!(total > 300 << 10, "{total}");
    let last = whole
        .files
        .keys()
        .filter(|name| name.ends_with(".seg"))
        .max();
    for (name, octets) in &whole.files {
        // All lengths where each is a case of its own; of the other segments some.
        let step = if name.ends_with(".seg") && Some(name) != last {
            997
        } else {
            1
        };
        let storage = Memory::of(whole.files.clone());
        for len in (0..octets.len()).rev().step_by(step) {
            let what = format!("{name} cut to {len}");
            storage.change(name, |octets| octets.truncate(len));
            whole.assert_seen(&storage, name, &what);
            if len % 499 == 0 {
                whole.missing(&storage, &what);
            }
        }
        for more in [1, 16, 150, 16_400] {
            let storage = Memory::of(whole.files.clone());
            storage.change(name, |octets| octets.resize(octets.len() + more, 0));
            whole.assert_seen(&storage, name, &format!("{name} grown by {more}"));
            let storage = Memory::of(whole.files.clone());
            storage.change(name, |octets| {
                octets.extend_from_within(octets.len() - more.min(octets.len())..);
            });
            whole.assert_seen(&storage, name, &format!("{name} with its end twice"));
        }
        let storage = Memory::of(whole.files.clone());
        let mut without = whole.files.clone();
        without.remove(name);
        drop(storage);
        let storage = Memory::of(without);
        let verdict = whole.verdict(&storage);
        if !name.starts_with("envelope") {
            assert!(
                !matches!(verdict, Ok(Verdict::Complete)),
                "{name} is missing: {verdict:?}"
            );
        }
    }
}

#[test]
fn swapped_spliced_and_foreign_parts_are_seen() {
    let whole = Whole::new(14, 900, 400);
    let other = Whole::new(15, 900, 400);
    let segments: Vec<&String> = whole
        .files
        .keys()
        .filter(|name| name.ends_with(".seg"))
        .collect();
    assert!(segments.len() >= 4);
    let mut changed = 0;
    let mut check = |files: Files, what: &str| {
        changed += 1;
        let storage = Memory::of(files);
        let verdict = whole.verdict(&storage).unwrap();
        assert!(
            matches!(verdict, Verdict::Tampered { .. }),
            "{what}: {verdict:?}"
        );
        whole.missing(&storage, what);
    };
    for (index, one) in segments.iter().enumerate() {
        for another in &segments[index + 1..] {
            let mut files = whole.files.clone();
            let (a, b) = (files[*one].clone(), files[*another].clone());
            files.insert((*one).clone(), b);
            files.insert((*another).clone(), a.clone());
            check(files, "swapped segments");
            let mut files = whole.files.clone();
            files.insert((*another).clone(), a);
            check(files, "a segment twice");
        }
        let mut files = whole.files.clone();
        files.insert((*one).clone(), other.files[*one].clone());
        check(files, "a segment of another recording");
        let mut files = whole.files.clone();
        let foreign = &other.files[*one];
        let own = files.get_mut(*one).unwrap();
        let half = own.len().min(foreign.len()) / 2;
        own[half..].fill(0);
        own.truncate(half);
        own.extend_from_slice(&foreign[half..]);
        check(files, "spliced segments");
    }
    let extra = whole.files[segments[0]].clone();
    for name in [
        "0000009999.seg",
        "0000000000.000000.tail",
        "notes.txt",
        "grants/x",
        "0000000000.seg.new",
    ] {
        let mut files = whole.files.clone();
        files.insert(name.to_owned(), extra.clone());
        check(files, name);
    }
    for name in ["header", "manifest", "checkpoints"] {
        let mut files = whole.files.clone();
        files.insert(name.to_owned(), other.files[name].clone());
        check(files, name);
    }
    // All of the signed files of another recording, under our segments.
    let mut files = whole.files.clone();
    for name in ["header", "manifest", "checkpoints", "envelope"] {
        files.insert(name.to_owned(), other.files[name].clone());
    }
    check(files, "everything but segments");
    // Records in another order, left out and twice.
    let records = records(&whole.files["manifest"]);
    for index in 1..records.len() - 1 {
        let mut swapped = records.clone();
        swapped.swap(index, index + 1);
        let mut without = records.clone();
        without.remove(index);
        let mut twice = records.clone();
        twice.insert(index, records[index].clone());
        for (changed, what) in [
            (swapped, "swapped"),
            (without, "left out"),
            (twice, "twice"),
        ] {
            let mut files = whole.files.clone();
            files.insert("manifest".to_owned(), changed.concat());
            check(files, &format!("record {index} {what}"));
        }
    }
    assert!(changed > 100, "{changed}");
}

fn records(manifest: &[u8]) -> Vec<Vec<u8>> {
    let mut records = Vec::new();
    let mut rest = manifest;
    while let Some((len, _)) = rest.split_first_chunk() {
        let len = 4 + u32::from_be_bytes(*len) as usize;
        records.push(rest[..len].to_vec());
        rest = &rest[len..];
    }
    records
}

#[test]
fn recovery_takes_nothing_away_from_what_was_signed() {
    let whole = Whole::new(16, 300, 800);
    let manifest = &whole.files["manifest"];
    for at in (0..manifest.len()).step_by(41) {
        for cut in [true, false] {
            let mut files = whole.files.clone();
            let manifest = files.get_mut("manifest").unwrap();
            if cut {
                manifest.truncate(at);
            } else {
                manifest[at] ^= 4;
            }
            let storage = Memory::of(files.clone());
            let recovered = recover(&*storage);
            assert!(
                matches!(
                    recovered,
                    Err(RecordingError::Damaged(_) | RecordingError::Unsupported { .. })
                ),
                "{at}: {recovered:?}"
            );
            assert_eq!(storage.files(), files, "something was changed");
        }
    }
    // On what is whole it does nothing.
    let storage = Memory::of(whole.files.clone());
    let recovered = recover(&*storage).unwrap();
    assert_eq!((recovered.closed_segments, recovered.discarded), (0, 0));
    assert_eq!(storage.files(), whole.files);
}

#[test]
fn a_recovery_does_not_believe_a_segment_that_its_commit_does_not_match() {
    let (people, storage, clock) = (People::new(), Memory::new(), TestClock::new());
    let (mut writer, dek) = people.start(Profile::Media, &storage, &clock).unwrap();
    add_tracks(&mut writer);
    for one in &frames(17, 60, 1_000) {
        writer.write_frame(&one.frame()).unwrap();
    }
    writer.flush().unwrap();
    drop(writer);
    let files = storage.files();
    for name in files
        .keys()
        .filter(|name| name.contains(".seg") || name.contains(".tail"))
    {
        let mut files = files.clone();
        files.get_mut(name).unwrap()[60] ^= 1;
        let storage = Memory::of(files.clone());
        let recovered = recover(&*storage);
        assert!(
            matches!(recovered, Err(RecordingError::Damaged(_))),
            "{name}: {recovered:?}"
        );
        assert_eq!(storage.files(), files, "something was changed");
        assert!(people.resume(&storage, &dek, &clock).is_err());
    }
}

#[test]
fn whatever_lies_there_is_refused_or_read_and_nothing_panics() {
    let whole = Whole::new(18, 60, 700);
    let names: Vec<&String> = whole.files.keys().collect();
    let mut random = Random(99);
    for round in 0..3_000 {
        let mut files = whole.files.clone();
        for _ in 0..=random.below(3) {
            let name = names[random.below(names.len())];
            let octets = files.get_mut(name).unwrap();
            let at = random.below(octets.len() + 1);
            match random.below(4) {
                0 => octets.truncate(at),
                1 => {
                    let more = noise(round, random.below(40));
                    octets.splice(at..at, more);
                }
                2 => {
                    let end = octets.len().min(at + random.below(9));
                    octets[at..end].fill([0, 0xff][random.below(2)]);
                }
                _ => {
                    octets.drain(at..octets.len().min(at + 1 + random.below(60)));
                }
            }
        }
        if files == whole.files {
            continue;
        }
        let storage = Memory::of(files);
        let verdict = whole.verdict(&storage);
        let is_whole = matches!(verdict, Ok(Verdict::Complete));
        // The envelope is for its owners to judge.
        let envelope_alone = storage
            .files()
            .iter()
            .all(|(name, octets)| name == "envelope" || whole.files[name] == *octets);
        assert_eq!(is_whole, envelope_alone, "{verdict:?}");
        whole.missing(&storage, "random changes");
        recover(&*storage).ok();
        whole.missing(&storage, "random changes, recovered");
        envelope(&*storage).ok();
    }
}
