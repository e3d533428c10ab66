//! What `Storage` says of each of its operations, over every storage.

use std::io::ErrorKind;
use std::sync::Arc;

use mediaseal::vault::recording::object::object_store::memory::InMemory;
use mediaseal::vault::recording::object::{ObjectOptions, ObjectStorage};
use mediaseal::vault::recording::{LocalStorage, Storage};

use crate::support::{Memory, Random, noise};

fn kind<T: std::fmt::Debug>(result: std::io::Result<T>) -> ErrorKind {
    result.unwrap_err().kind()
}

/// Holds a storage that has no files to its contract.
pub(crate) fn conforms(storage: &dyn Storage) {
    assert_eq!(storage.list().unwrap(), Vec::<String>::new());
    for name in ["0000000001.seg", "grants/0123456789abcdef"] {
        assert_eq!(kind(storage.len(name)), ErrorKind::NotFound);
        assert_eq!(kind(storage.read(name, 0, 9)), ErrorKind::NotFound);
        assert_eq!(kind(storage.append(name, b"x")), ErrorKind::NotFound);
        assert_eq!(kind(storage.delete(name)), ErrorKind::NotFound);
        storage.create_new(name, b"abc").unwrap();
        assert_eq!(
            kind(storage.create_new(name, b"other")),
            ErrorKind::AlreadyExists
        );
        assert_eq!(storage.len(name).unwrap(), 3);
        storage.append(name, b"").unwrap();
        storage.append(name, b"defg").unwrap();
        assert_eq!(storage.len(name).unwrap(), 7);
        assert_eq!(storage.read(name, 0, 99).unwrap(), b"abcdefg");
        storage.sync(name).unwrap();
        storage.append(name, b"hi").unwrap();
        storage.sync(name).unwrap();
        storage.sync(name).unwrap();
        for from in 0..10 {
            for len in 0..11 {
                let expected = &b"abcdefghi"[from.min(9)..(from + len).min(9)];
                assert_eq!(storage.read(name, from as u64, len).unwrap(), expected);
            }
        }
        assert_eq!(storage.read(name, 1 << 40, 5).unwrap(), b"");
    }
    storage.create_new("empty", b"").unwrap();
    assert_eq!(storage.len("empty").unwrap(), 0);
    assert_eq!(storage.read("empty", 0, 5).unwrap(), b"");
    storage.sync_names().unwrap();
    let mut names = storage.list().unwrap();
    names.sort_unstable();
    assert_eq!(
        names,
        ["0000000001.seg", "empty", "grants/0123456789abcdef"]
    );
    // A name goes on to what it is given to, and takes the place of what was there.
    storage.create_new("manifest.new", b"123").unwrap();
    storage.append("manifest.new", b"45").unwrap();
    storage.sync("manifest.new").unwrap();
    storage.rename("manifest.new", "0000000001.seg").unwrap();
    assert_eq!(kind(storage.len("manifest.new")), ErrorKind::NotFound);
    assert_eq!(storage.read("0000000001.seg", 0, 99).unwrap(), b"12345");
    storage.append("0000000001.seg", b"6").unwrap();
    storage.sync("0000000001.seg").unwrap();
    assert_eq!(storage.read("0000000001.seg", 3, 99).unwrap(), b"456");
    assert_eq!(
        kind(storage.rename("manifest.new", "empty")),
        ErrorKind::NotFound
    );
    storage
        .rename("0000000001.seg", "aside/0000000001.seg.0123456789abcdef")
        .unwrap();
    let moved = storage.read("aside/0000000001.seg.0123456789abcdef", 0, 99);
    assert_eq!(moved.unwrap(), b"123456");
    // The name is free again.
    storage.create_new("0000000001.seg", b"new").unwrap();
    assert_eq!(storage.read("0000000001.seg", 0, 99).unwrap(), b"new");
    storage.delete("empty").unwrap();
    assert_eq!(kind(storage.len("empty")), ErrorKind::NotFound);
    storage.create_new("empty", b"not now").unwrap();
    assert_eq!(storage.len("empty").unwrap(), 7);
    // One writer.
    let lock = storage.lock().unwrap();
    assert_eq!(
        storage.lock().err().map(|error| error.kind()),
        Some(ErrorKind::WouldBlock)
    );
    assert_eq!(storage.read("empty", 0, 99).unwrap(), b"not now");
    drop(lock);
    drop(storage.lock().unwrap());
    for name in storage.list().unwrap() {
        // A folder has the lock for a file.
        if name != "lock" {
            storage.delete(&name).unwrap();
        }
    }
}

/// Files that grow in many steps, read at many places.
pub(crate) fn grows(storage: &dyn Storage, steps: usize) {
    let mut random = Random(77);
    let lock = storage.lock().unwrap();
    let mut expected = noise(1, 100);
    storage.create_new("manifest", &expected).unwrap();
    for step in 0..steps {
        let more = noise(
            step as u64,
            1 + random.below(400) * usize::from(step % 9 != 0),
        );
        storage.append("manifest", &more).unwrap();
        storage.sync("manifest").unwrap();
        expected.extend_from_slice(&more);
        if step % 16 == 0 {
            let from = random.below(expected.len());
            let len = random.below(3_000);
            let end = (from + len).min(expected.len());
            let read = storage.read("manifest", from as u64, len).unwrap();
            assert_eq!(read, expected[from..end], "step {step}");
        }
    }
    let large = noise(5, 3 << 20);
    for piece in large.chunks(700_000) {
        storage.append("manifest", piece).unwrap();
    }
    storage.sync("manifest").unwrap();
    expected.extend_from_slice(&large);
    drop(lock);
    assert_eq!(storage.len("manifest").unwrap(), expected.len() as u64);
    let mut read = Vec::new();
    while read.len() < expected.len() {
        let piece = storage
            .read("manifest", read.len() as u64, 256 << 10)
            .unwrap();
        assert!(!piece.is_empty());
        read.extend_from_slice(&piece);
    }
    assert!(read == expected);
    storage.delete("manifest").unwrap();
}

#[test]
fn memory_conforms() {
    // Its lock keeps nobody out: it is for tests of one writer.
    let storage = Memory::new();
    storage.create_new("header", b"x").unwrap();
    storage.delete("header").unwrap();
    grows(&*storage, 300);
}

#[test]
fn a_folder_conforms() {
    let folder = std::env::temp_dir().join(format!("mediaseal-conforms-{}", std::process::id()));
    let storage = LocalStorage::create(&folder).unwrap();
    conforms(&storage);
    grows(&storage, 100);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn an_object_store_in_memory_conforms() {
    for prefix in ["", "calls/eu/17"] {
        let storage = ObjectStorage::new(Arc::new(InMemory::new()), prefix, &ObjectOptions::new());
        let storage = storage.unwrap();
        conforms(&storage);
        grows(&storage, 300);
    }
}

#[test]
fn names_lead_nowhere_else() {
    let store = Arc::new(InMemory::new());
    let storage = ObjectStorage::new(store, "calls", &ObjectOptions::new()).unwrap();
    for name in [
        "", "..", "../lock", "a/../b", "a/b/c", "/a", "a//b", "a b", "a%2f..", "ä",
    ] {
        assert_eq!(
            kind(storage.create_new(name, b"")),
            ErrorKind::InvalidInput,
            "{name}"
        );
        assert_eq!(
            kind(storage.read(name, 0, 1)),
            ErrorKind::InvalidInput,
            "{name}"
        );
        assert_eq!(kind(storage.len(name)), ErrorKind::InvalidInput, "{name}");
        assert_eq!(
            kind(storage.delete(name)),
            ErrorKind::InvalidInput,
            "{name}"
        );
        assert_eq!(
            kind(storage.rename(name, "b")),
            ErrorKind::InvalidInput,
            "{name}"
        );
    }
    for prefix in ["a//b", "../x", "a/./b"] {
        let storage = ObjectStorage::new(Arc::new(InMemory::new()), prefix, &ObjectOptions::new());
        assert_eq!(
            storage.map(|_| ()).unwrap_err().kind(),
            ErrorKind::InvalidInput
        );
    }
}
