//! Counters that survive restarts: nothing is used twice, whatever happens to the process or the folder.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::collections::HashSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use common::{GCM, info, key_a, key_b, store};
use mediaseal::{
    ChannelEncryptor, CounterOrigin, CounterStore, Error, FrameBuf, KeyId, KeyStore, Mode,
    StoreFault,
};

const KID: KeyId = KeyId::new(3);

/// A folder of this test's own, removed when the test ends.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("mediaseal-{name}-{}", std::process::id()));
        drop(fs::remove_dir_all(&path));
        Self(path)
    }

    fn record(&self) -> PathBuf {
        fs::read_dir(&self.0)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .find(|path| path.extension().is_some_and(|extension| extension == "ctr"))
            .unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

fn sender(folder: &Path) -> Result<(KeyStore, ChannelEncryptor), Error> {
    let counters = match CounterStore::open(folder) {
        Err(Error::CounterStore(StoreFault::NotThere)) => CounterStore::create(folder)?,
        opened => opened?,
    };
    let keys = store(GCM);
    keys.add_send(key_a(), KID, CounterOrigin::Store(&counters))?;
    keys.activate(KID)?;
    let encryptor = ChannelEncryptor::new(&keys, Mode::Frame)?;
    Ok((keys, encryptor))
}

fn next_ctr(encryptor: &mut ChannelEncryptor) -> Result<u64, Error> {
    let mut storage = [0; 64];
    let mut frame = FrameBuf::new(&mut storage, 17, 8)?;
    Ok(encryptor.encrypt_in_place(&info(), &mut frame)?.ctr.value())
}

#[test]
fn a_restart_goes_on_above_all_that_was_reserved() {
    let folder = Folder::new("restart");
    let mut used = HashSet::new();
    let mut last = 0;
    for restart in 0..5u64 {
        let (_keys, mut encryptor) = sender(&folder.0).unwrap();
        for _ in 0..1000 {
            let ctr = next_ctr(&mut encryptor).unwrap();
            assert!(used.insert(ctr), "{ctr} twice");
            last = ctr;
        }
        assert_eq!(
            last,
            restart * 65_536 + 999,
            "a restart skips what was left of 2^16"
        );
    }
}

#[test]
fn frames_reserve_for_themselves_when_no_tick_came() {
    let folder = Folder::new("no-tick");
    let (_keys, mut encryptor) = sender(&folder.0).unwrap();
    for expected in 0..200_000 {
        assert_eq!(next_ctr(&mut encryptor).unwrap(), expected);
    }
    drop((_keys, encryptor));
    let (_keys, mut encryptor) = sender(&folder.0).unwrap();
    assert!(next_ctr(&mut encryptor).unwrap() >= 200_000);
}

#[test]
fn a_tick_keeps_the_reserve_full() {
    let folder = Folder::new("tick");
    let (keys, mut encryptor) = sender(&folder.0).unwrap();
    for minute in 0..20 {
        for _ in 0..10_000 {
            next_ctr(&mut encryptor).unwrap();
        }
        let before = fs::read(folder.record()).unwrap();
        keys.tick(1_000_000 + minute * 60).unwrap();
        assert_ne!(
            fs::read(folder.record()).unwrap(),
            before,
            "minute {minute}: raised ahead"
        );
    }
    let idle = fs::read(folder.record()).unwrap();
    keys.tick(2_000_000).unwrap();
    assert_eq!(
        fs::read(folder.record()).unwrap(),
        idle,
        "nothing used, nothing written"
    );
}

#[test]
fn one_folder_one_store_and_one_key_one_sender() {
    let folder = Folder::new("lock");
    let counters = CounterStore::create(&folder.0).unwrap();
    assert_eq!(
        CounterStore::open(&folder.0).err(),
        Some(StoreFault::Locked.into())
    );
    let (one, two) = (store(GCM), store(GCM));
    one.add_send(key_a(), KID, CounterOrigin::Store(&counters))
        .unwrap();
    let second = two.add_send(key_a(), KID, CounterOrigin::Store(&counters));
    assert_eq!(second, Err(StoreFault::KeyInUse.into()));
    // Other keys and other KIDs have records of their own.
    two.add_send(key_b(), KID, CounterOrigin::Store(&counters))
        .unwrap();
    two.add_send(key_a(), KeyId::new(4), CounterOrigin::Store(&counters))
        .unwrap();
    drop(counters);
    assert!(
        CounterStore::open(&folder.0).is_err(),
        "the send keys still hold the lock"
    );
    drop((one, two));
    CounterStore::open(&folder.0).unwrap();
}

#[test]
fn a_damaged_record_is_refused_and_left_as_it_is() {
    let folder = Folder::new("damaged");
    drop(sender(&folder.0).unwrap());
    let good = fs::read(folder.record()).unwrap();
    for damaged in [
        vec![],
        good[..31].to_vec(),
        [&good[..], &[0]].concat(),
        vec![0; 32],
    ] {
        fs::write(folder.record(), &damaged).unwrap();
        assert_eq!(sender(&folder.0).err(), Some(StoreFault::Damaged.into()));
        assert_eq!(fs::read(folder.record()).unwrap(), damaged);
    }
    fs::write(folder.record(), &good).unwrap();
    sender(&folder.0).unwrap();
}

#[test]
fn a_record_changed_under_an_open_store_stops_the_key() {
    let folder = Folder::new("rolled-back");
    let (keys, mut encryptor) = sender(&folder.0).unwrap();
    let old = fs::read(folder.record()).unwrap();
    for _ in 0..70_000 {
        next_ctr(&mut encryptor).unwrap();
    }
    fs::write(folder.record(), old).unwrap();
    assert_eq!(keys.tick(1_000_000), Err(StoreFault::RolledBack.into()));
    // What is reserved may still be used; then the key stops rather than repeat.
    let stopped = std::iter::repeat_with(|| next_ctr(&mut encryptor))
        .take(70_000)
        .find_map(Result::err);
    assert_eq!(stopped, Some(StoreFault::RolledBack.into()));
    assert_eq!(next_ctr(&mut encryptor), Err(StoreFault::RolledBack.into()));
}

#[test]
fn a_folder_that_cannot_be_made_is_an_error() {
    let folder = Folder::new("no-folder");
    fs::write(&folder.0, b"a file").unwrap();
    let refused = CounterStore::create(folder.0.join("below")).err();
    assert!(
        matches!(refused, Some(Error::CounterStore(StoreFault::Io(_)))),
        "{refused:?}"
    );
    fs::remove_file(&folder.0).unwrap();
}

#[test]
fn a_missing_store_is_not_taken_for_a_new_one() {
    let folder = Folder::new("missing");
    let missing = Some(StoreFault::NotThere.into());
    assert_eq!(CounterStore::open(&folder.0).err(), missing);
    fs::create_dir(&folder.0).unwrap();
    assert_eq!(CounterStore::open(&folder.0).err(), missing, "empty");
    drop(CounterStore::create(folder.0.join("deeper/still")).unwrap());
    let again = CounterStore::create(folder.0.join("deeper/still")).err();
    assert_eq!(again, Some(StoreFault::AlreadyThere.into()));
    CounterStore::open(folder.0.join("deeper/still")).unwrap();
}

/// The rename went through and what came after it failed: no rollback, the key goes on when the disk does.
#[test]
fn a_write_that_failed_half_way_is_taken_up_again() {
    let folder = Folder::new("half-way");
    let (keys, mut encryptor) = sender(&folder.0).unwrap();
    for _ in 0..10_000 {
        next_ctr(&mut encryptor).unwrap();
    }
    // The record beside cannot be written: a folder stands in its place.
    let beside = folder.record().with_extension("new");
    fs::create_dir(&beside).unwrap();
    assert!(matches!(
        keys.tick(1_000_000),
        Err(Error::CounterStore(StoreFault::Io(_)))
    ));
    fs::remove_dir(&beside).unwrap();
    keys.tick(1_000_060).unwrap();
    assert_eq!(next_ctr(&mut encryptor), Ok(10_000));
}

/// A key whose limits are small is not used up by its own reserves.
#[test]
fn reserves_keep_to_a_small_part_of_the_limit() {
    let folder = Folder::new("starts");
    let mut starts = 0;
    while starts < 100 {
        let (_keys, mut encryptor) = sender(&folder.0).unwrap();
        next_ctr(&mut encryptor).unwrap();
        starts += 1;
    }
    let record = fs::read(folder.record()).unwrap();
    let blocks = u64::from_be_bytes(record[16..24].try_into().unwrap());
    assert!(
        blocks <= starts * (2 << 22),
        "{blocks} blocks in {starts} starts"
    );
}

const CHILD: &str = "MEDIASEAL_COUNTER_STORE_CHILD";

/// Not a test of its own: the body of the child that the next test kills.
#[test]
fn child_that_seals_until_it_is_killed() {
    let Some(folder) = std::env::var_os(CHILD) else {
        return;
    };
    let (keys, mut encryptor) = sender(Path::new(&folder)).unwrap();
    for n in 0.. {
        println!("ctr {}", next_ctr(&mut encryptor).unwrap());
        if n % 3000 == 0 {
            keys.tick(1_000_000 + n).unwrap();
        }
    }
}

#[test]
fn a_process_killed_at_any_moment_repeats_no_counter() {
    let folder = Folder::new("killed");
    let mut used = HashSet::new();
    for round in 0..40u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "child_that_seals_until_it_is_killed",
                "--nocapture",
            ])
            .env(CHILD, &folder.0)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // Killed after more and more frames, across writes of the record.
        let until = 1 + round * round * 60;
        let mut seen = 0;
        let mut collect = |line: String| {
            if let Some(ctr) = line
                .strip_prefix("ctr ")
                .and_then(|ctr| ctr.parse::<u64>().ok())
            {
                assert!(used.insert(ctr), "CTR {ctr} was used twice");
                seen += 1;
            }
            seen
        };
        while let Some(Ok(line)) = lines.next() {
            if collect(line) >= until {
                break;
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
        // What the child had written before it died counts as used; a line cut short by the kill may be misread as lower.
        let mut rest: Vec<String> = lines.map_while(Result::ok).collect();
        rest.pop();
        rest.into_iter().for_each(|line| {
            collect(line);
        });
    }
    assert!(used.len() > 100_000, "{}", used.len());
}
