//! Recordings in an object store.

use std::io::ErrorKind;
use std::sync::Arc;

use mediaseal::vault::Dek;
use mediaseal::vault::recording::object::object_store::memory::InMemory;
use mediaseal::vault::recording::object::object_store::{ObjectStore, ObjectStoreExt, path::Path};
use mediaseal::vault::recording::object::{ObjectOptions, ObjectStorage};
use mediaseal::vault::recording::{
    Cobblestone, NewRecording, Pace, Place, Profile, Reader, RecordingError, Storage, Verdict,
    Writer, envelope, recover, replace_envelope, verify,
};

use crate::support::{People, Sent, TestClock, add_tracks, frames, of_track, read_track};

pub(crate) const OFTEN: Pace = Pace {
    micros: 500_000,
    octets: 256 << 10,
    ends_segments: false,
};

/// A storage over a store, as a process has it that was just started.
pub(crate) fn over(store: &Arc<dyn ObjectStore>, options: &ObjectOptions) -> Arc<ObjectStorage> {
    let storage = ObjectStorage::new(Arc::clone(store), "calls/17", options);
    Arc::new(storage.unwrap())
}

pub(crate) fn begin(
    people: &People,
    storage: &Arc<ObjectStorage>,
    clock: &Arc<TestClock>,
) -> Result<(Writer, Dek), RecordingError> {
    let mut new = NewRecording::draw(
        Profile::Media,
        Cobblestone::Aes256,
        "eu",
        Arc::clone(&people.recorder),
        &**clock,
    )?;
    new.add_recipient(people.owner.recipient())?;
    let dek = Dek::from_bytes(new.dek().expose());
    Ok((new.start(storage.clone(), clock.clone())?, dek))
}

pub(crate) fn resume(
    people: &People,
    storage: &Arc<ObjectStorage>,
    dek: &Dek,
    clock: &Arc<TestClock>,
) -> Result<Writer, RecordingError> {
    Writer::resume(
        storage.clone(),
        dek,
        Arc::clone(&people.recorder),
        clock.clone(),
    )
}

/// Insists that a recording is whole and has just these frames.
pub(crate) fn is_whole(people: &People, storage: Arc<ObjectStorage>, dek: &Dek, sent: &[Sent]) {
    let found = verify(&*storage, Some(people.recorder.public())).unwrap();
    assert_eq!(found.verdict, Verdict::Complete);
    let mut reader = Reader::open(storage, dek).unwrap();
    for track in 0..2 {
        let (read, errors) = read_track(&mut reader, track);
        assert!(errors.is_empty(), "{errors:?}");
        assert_eq!(read, of_track(sent, track));
    }
}

/// Records, is followed, crashes, goes on, is closed, read and verified.
pub(crate) fn call(store: &Arc<dyn ObjectStore>, options: &ObjectOptions, count: usize) {
    let (people, clock) = (People::new(), TestClock::new());
    let sent = frames(3, count, 3_000);
    let storage = over(store, options);
    let (mut writer, dek) = begin(&people, &storage, &clock).unwrap();
    add_tracks(&mut writer);
    let other = over(store, options);
    for one in &sent[..count / 2] {
        clock.pass(100_000);
        writer.write_frame(&one.frame()).unwrap();
    }
    writer.flush().unwrap();
    // From another process, while it grows.
    let mut reader = Reader::open(other.clone(), &dek).unwrap();
    for track in 0..2 {
        let (read, errors) = read_track(&mut reader, track);
        assert!(errors.is_empty(), "{errors:?}");
        assert_eq!(read, of_track(&sent[..count / 2], track));
    }
    let found = verify(&*other, Some(people.recorder.public())).unwrap();
    assert!(
        matches!(found.verdict, Verdict::Incomplete { .. }),
        "{:?}",
        found.verdict
    );
    // What nobody committed is gone with the process; its lock is not.
    writer.write_frame(&sent[count / 2].frame()).unwrap();
    std::mem::forget(writer);
    assert!(matches!(
        resume(&people, &other, &dek, &clock),
        Err(RecordingError::Busy)
    ));
    assert!(other.break_lock().unwrap());
    assert!(!other.break_lock().unwrap());
    let mut writer = resume(&people, &other, &dek, &clock).unwrap();
    for one in &sent[count / 2..] {
        clock.pass(100_000);
        writer.write_frame(&one.frame()).unwrap();
        writer.tick().unwrap();
    }
    writer.finish().unwrap();
    is_whole(&people, over(store, options), &dek, &sent);
    // The same storage that wrote it.
    is_whole(&people, other.clone(), &dek, &sent);
    let there = envelope(&*other).unwrap();
    replace_envelope(&*other, &there).unwrap();
    is_whole(&people, over(store, options), &dek, &sent);
    assert!(matches!(
        begin(&people, &other, &clock),
        Err(RecordingError::AlreadyThere)
    ));
}

#[test]
fn a_call_in_memory_by_segments_and_by_seconds() {
    for options in [ObjectOptions::new(), ObjectOptions::new().pace(OFTEN)] {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        call(&store, &options, 400);
    }
}

#[test]
fn a_segment_is_the_unit_of_commits() {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let (people, clock) = (People::new(), TestClock::new());
    let storage = over(&store, &ObjectOptions::new());
    let (mut writer, dek) = begin(&people, &storage, &clock).unwrap();
    add_tracks(&mut writer);
    let sent = frames(3, 600, 3_000);
    for one in &sent {
        clock.pass(50_000);
        writer.write_frame(&one.frame()).unwrap();
        let names = storage.list().unwrap();
        assert!(
            !names.iter().any(|name| name.ends_with(".tail")),
            "{names:?}"
        );
    }
    writer.finish().unwrap();
    is_whole(&people, over(&store, &ObjectOptions::new()), &dek, &sent);
    // Head and one part of each segment; of manifest and checkpoints some more.
    let objects = objects(&store);
    let segments = objects.iter().filter(|name| name.ends_with(".seg")).count();
    assert!(segments >= 6, "{segments}");
    assert!(objects.len() < 5 * segments + 10, "{objects:?}");
}

/// Names of all objects.
pub(crate) fn objects(store: &Arc<dyn ObjectStore>) -> Vec<String> {
    use futures_util::TryStreamExt;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let listed: Vec<_> = runtime.block_on(store.list(None).try_collect()).unwrap();
    listed
        .into_iter()
        .map(|object| object.location.to_string())
        .collect()
}

#[test]
fn one_writer_at_a_time_and_who_was_put_out_is_told() {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let (people, clock) = (People::new(), TestClock::new());
    let named = |owner: &str| over(&store, &ObjectOptions::new().owner(owner).pace(OFTEN));
    let first = named("recorder-1");
    let (mut writer, dek) = begin(&people, &first, &clock).unwrap();
    add_tracks(&mut writer);
    let sent = frames(9, 40, 3_000);
    for one in &sent[..20] {
        writer.write_frame(&one.frame()).unwrap();
    }
    writer.flush().unwrap();
    // Another, or nobody in particular, waits; so does a recovery.
    for other in [named("recorder-2"), named(""), first.clone()] {
        assert!(matches!(
            resume(&people, &other, &dek, &clock),
            Err(RecordingError::Busy)
        ));
        assert!(matches!(recover(&*other), Err(RecordingError::Busy)));
    }
    // The same goes on.
    let again = named("recorder-1");
    let mut next = resume(&people, &again, &dek, &clock).unwrap();
    // The first is told, and what it writes is in no recording.
    writer.write_frame(&sent[30].frame()).unwrap();
    let told = writer.flush();
    assert!(matches!(told, Err(RecordingError::Io { .. })), "{told:?}");
    drop(writer);
    assert!(matches!(
        resume(&people, &named("x"), &dek, &clock),
        Err(RecordingError::Busy)
    ));
    for one in &sent[20..] {
        next.write_frame(&one.frame()).unwrap();
    }
    next.finish().unwrap();
    is_whole(&people, named("anybody"), &dek, &sent);
    assert_eq!(
        ObjectStorage::new(store, "x", &ObjectOptions::new().owner(&"o".repeat(256)))
            .map(|_| ())
            .unwrap_err()
            .kind(),
        ErrorKind::InvalidInput
    );
}

#[test]
fn it_refuses_where_asynchronous_code_runs() {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let storage = over(&store, &ObjectOptions::new());
    storage.create_new("header", b"x").unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let refused = storage.read("header", 0, 1).unwrap_err();
        assert!(refused.to_string().contains("spawn_blocking"), "{refused}");
        // Nor does it panic when it is dropped there.
        drop(over(&store, &ObjectOptions::new()));
    });
    assert_eq!(storage.read("header", 0, 1).unwrap(), b"x");
}

#[test]
fn damage_to_any_object_is_seen() {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let (people, clock) = (People::new(), TestClock::new());
    let options = ObjectOptions::new();
    let storage = over(&store, &options);
    let (mut writer, dek) = begin(&people, &storage, &clock).unwrap();
    add_tracks(&mut writer);
    let sent = frames(3, 120, 2_000);
    for one in &sent {
        clock.pass(100_000);
        writer.write_frame(&one.frame()).unwrap();
    }
    writer.finish().unwrap();
    is_whole(&people, storage, &dek, &sent);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let names = objects(&store);
    assert!(names.len() > 12, "{names:?}");
    let verdict = || verify(&*over(&store, &options), Some(people.recorder.public()));
    for name in names {
        // Envelope and grants authenticate themselves.
        if name.ends_with("files/envelope") {
            continue;
        }
        let path = Path::parse(&name).unwrap();
        let octets =
            runtime.block_on(async { store.get(&path).await.unwrap().bytes().await.unwrap() });
        // Deleted; cut; bent at some places, those of a head among them.
        let mut wrong = vec![None, Some(octets[..octets.len() - 1].to_vec())];
        for at in [0, 8, 20, octets.len() / 2, octets.len() - 1] {
            let mut bent = octets.to_vec();
            // A generation without parts says nothing.
            if name.ends_with("files/header") && (8..24).contains(&at) {
                continue;
            }
            if let Some(octet) = bent.get_mut(at) {
                *octet ^= 1;
                wrong.push(Some(bent));
            }
        }
        for changed in wrong {
            let what = format!("{name}: {:?}", changed.as_ref().map(Vec::len));
            runtime.block_on(async {
                match changed {
                    None => store.delete(&path).await.unwrap(),
                    Some(changed) => drop(store.put(&path, changed.into()).await.unwrap()),
                }
            });
            let found = match verdict() {
                Ok(found) => match found.verdict {
                    Verdict::Tampered { .. } => true,
                    // A checkpoint that is gone or cut is one that was never written.
                    Verdict::Incomplete { .. } => found.signed_records < found.records,
                    _ => false,
                },
                Err(RecordingError::NotThere) => name.ends_with("files/header"),
                Err(RecordingError::Unsupported { .. }) => true,
                Err(error) => panic!("{what}: {error}"),
            };
            assert!(found, "{what}: {:?}", verdict());
            runtime.block_on(async { store.put(&path, octets.clone().into()).await.unwrap() });
        }
    }
    // Another file is seen as well.
    let foreign = Path::parse("calls/17/files/0000000099.seg").unwrap();
    runtime.block_on(async { store.put(&foreign, vec![1; 99].into()).await.unwrap() });
    let name = "0000000099.seg".to_owned();
    let place = Place::Foreign { name };
    assert_eq!(verdict().unwrap().verdict, Verdict::Tampered { place });
}
