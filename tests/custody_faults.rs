//! What goes wrong beneath custody: a full disk, damaged rows and pages, several processes, a fork. Nothing that was acknowledged is lost, and
//! what is refused says why.
#![allow(unsafe_code, reason = "fork and waitpid are unsafe calls")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod custody_support;

use std::fs;
use std::io::{BufRead, BufReader};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use custody_support::{Folder, Kit, PASSPHRASE, Remembering, admin, file_provider};
use mediaseal::vault::custody::{
    Custody, CustodyError, CustodyOptions, DekId, DestroyMode, Everybody, FileProvider, KekRef,
    NewKek, ProviderError, Survivors,
};
use rusqlite::types::Value;

/// Set where this program is a child of its own.
const FOLDER: &str = "MEDIASEAL_TEST_CUSTODY";

fn open(folder: &Path) -> Result<Custody, CustodyError> {
    let provider = Arc::new(FileProvider::open(folder.join("keys.db"), PASSPHRASE)?);
    let audit = Arc::new(Remembering::default());
    let options = CustodyOptions::new(provider, Arc::new(Everybody), audit);
    Custody::open(folder.join("custody.db"), options)
}

fn kek(custody: &Custody) -> KekRef {
    let keks = custody.keks(&admin()).unwrap();
    keks[0].spec.kek.clone()
}

/// A child that makes keys, up to a number or until it is refused, and says each with its octets (they are a test's).
#[test]
fn child_that_makes_keys() {
    let Ok(folder) = std::env::var(FOLDER) else {
        return;
    };
    let custody = open(Path::new(&folder)).unwrap();
    let id = kek(&custody).id;
    for n in 0..5_000 {
        if n % 50 == 49 {
            // Sweeping and rotating are not this test's; another process may do them meanwhile.
            custody.tick().unwrap();
        }
        match custody.new_dek(&admin(), &id) {
            Ok((id, dek)) => println!("made {id} {}", data_encoding::HEXLOWER.encode(dek.expose())),
            Err(error) => {
                println!("refused {error:?}");
                // Reading goes on.
                custody.keks(&admin()).unwrap();
                return;
            }
        }
        if std::env::var_os("MEDIASEAL_TEST_KEYS").is_some() && n == 199 {
            return;
        }
    }
}

fn child(folder: &Path, before: &str, keys: bool) -> Child {
    let mut command = Command::new("sh");
    command
        .arg("-c")
        .arg(format!("{before} exec \"$0\" \"$@\""))
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "child_that_makes_keys", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped());
    if keys {
        command.env("MEDIASEAL_TEST_KEYS", "200");
    }
    command.spawn().unwrap()
}

/// What a child made, and by what it was refused in the end.
fn hear(mut child: Child) -> (Vec<(DekId, String)>, Option<String>) {
    let mut made = Vec::new();
    let mut refused = None;
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        if let Some((_, rest)) = line.split_once("made ") {
            let (id, dek) = rest.split_once(' ').unwrap();
            made.push((id.parse().unwrap(), dek.to_owned()));
        } else if let Some((_, error)) = line.split_once("refused ") {
            refused = Some(error.to_owned());
        }
    }
    assert!(child.wait().unwrap().success());
    (made, refused)
}

fn assert_all_there(custody: &Custody, made: &[(DekId, String)]) {
    for (id, dek) in made {
        let opened = custody.open_dek(&admin(), id).unwrap();
        assert_eq!(data_encoding::HEXLOWER.encode(opened.expose()), *dek);
    }
}

#[test]
#[cfg(unix)]
fn a_full_disk_loses_nothing_that_was_acknowledged() {
    let kit = Kit::new("full");
    kit.custody
        .create_kek(&admin(), &NewKek::new("acme", "", "x"))
        .unwrap();
    // 512 blocks of 512 octets: no file may grow beyond that, whichever it is.
    let limited = child(&kit.folder.0, "trap '' XFSZ; ulimit -f 512;", false);
    let (made, refused) = hear(limited);
    let refused = refused.expect("the child ends by being refused");
    assert!(
        refused.starts_with("DiskFull") || refused.starts_with("Store("),
        "{refused}"
    );
    assert!(made.len() > 20, "{}", made.len());
    assert_all_there(&kit.custody, &made);
    kit.custody.verify(&admin()).unwrap();
    // With room again it goes on.
    let id = kek(&kit.custody).id;
    kit.custody.new_dek(&admin(), &id).unwrap();
    assert_all_there(&open(&kit.folder.0).unwrap(), &made);
}

#[test]
fn several_processes_share_a_store() {
    let kit = Kit::new("several");
    let first = kit
        .custody
        .create_kek(&admin(), &NewKek::new("acme", "", "x"))
        .unwrap();
    let children = [0; 3].map(|_| child(&kit.folder.0, "", true));
    // Meanwhile this one rotates and sweeps.
    let hearing: Vec<_> = children
        .into_iter()
        .map(|child| std::thread::spawn(move || hear(child)))
        .collect();
    for _ in 0..5 {
        kit.custody.rotate_kek(&admin(), &first.id).unwrap();
        kit.custody
            .sweep(&admin(), &first.id, 10, &mut |_| ControlFlow::Continue(()))
            .unwrap();
    }
    let mut all = Vec::new();
    for hearing in hearing {
        let (made, refused) = hearing.join().unwrap();
        // A key whose KEK was rotated between its wrapping and its writing is wrapped once more.
        assert_eq!(refused, None);
        all.extend(made);
    }
    assert_eq!(all.len(), 600);
    assert_all_there(&kit.custody, &all);
    kit.custody
        .sweep(&admin(), &first.id, 1_000, &mut |_| {
            ControlFlow::Continue(())
        })
        .unwrap();
    let verified = kit.custody.verify(&admin()).unwrap();
    assert_eq!(usize::try_from(verified.deks).unwrap(), all.len());
}

/// A store with some of everything in it.
fn furnished(name: &str) -> (Kit, KekRef, Vec<(DekId, Vec<u8>)>) {
    let kit = Kit::new(name);
    let first = kit
        .custody
        .create_kek(&admin(), &NewKek::new("acme", "eu", "x"))
        .unwrap();
    let mut keys: Vec<_> = (0..20)
        .map(|_| {
            let (id, dek) = kit.custody.new_dek(&admin(), &first.id).unwrap();
            (id, dek.expose().to_vec())
        })
        .collect();
    let (gone, _) = keys.pop().unwrap();
    kit.custody.destroy_dek(&admin(), &gone, "erased").unwrap();
    let current = kit.custody.rotate_kek(&admin(), &first.id).unwrap();
    kit.custody
        .sweep(&admin(), &first.id, 100, &mut |_| ControlFlow::Continue(()))
        .unwrap();
    let (mode, survivors) = (DestroyMode::Logical, Survivors::MustBeNone);
    kit.custody
        .destroy_kek(&admin(), &first, mode, survivors, "rotated")
        .unwrap();
    (kit, current, keys)
}

/// Another value of the same type.
fn another(value: &Value) -> Value {
    match value {
        Value::Null => Value::Integer(1),
        Value::Integer(number) => Value::Integer(number + 1),
        Value::Real(number) => Value::Real(number + 1.0),
        Value::Text(text) => Value::Text(format!("{text}x")),
        Value::Blob(octets) => {
            let mut octets = octets.clone();
            match octets.last_mut() {
                Some(last) => *last ^= 1,
                None => octets.push(1),
            }
            Value::Blob(octets)
        }
    }
}

/// A furnished store as whole files without logs, to be copied and damaged.
struct Source {
    folder: Folder,
    keys: Vec<(DekId, Vec<u8>)>,
}

impl Source {
    fn new(name: &str) -> Self {
        let (kit, _, keys) = furnished(name);
        let folder = Folder::new(&format!("{name}-source"));
        for file in ["keys.db", "custody.db"] {
            let into = folder.path(file);
            rusqlite::Connection::open(kit.folder.path(file))
                .unwrap()
                .execute("VACUUM INTO ?", [into.to_str().unwrap()])
                .unwrap();
        }
        Self { folder, keys }
    }

    fn copy(&self, target: &Folder) {
        for file in ["keys.db", "custody.db"] {
            for log in ["-wal", "-shm"] {
                drop(fs::remove_file(target.path(&format!("{file}{log}"))));
            }
            fs::copy(self.folder.path(file), target.path(file)).unwrap();
        }
    }
}

#[test]
fn every_column_of_every_row_is_missed_when_it_changes() {
    let source = Source::new("columns");
    let target = Folder::new("columns-target");
    let whole = rusqlite::Connection::open(source.folder.path("custody.db")).unwrap();
    let texts = |sql: &str| -> Vec<Value> {
        let mut statement = whole.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    };
    let mut tried = 0;
    for (table, key) in [
        ("kek", "version"),
        ("change", "version * 100 + seq"),
        ("dek", "hex(id)"),
        ("tombstone", "key"),
    ] {
        let columns = texts(&format!("SELECT name FROM pragma_table_info('{table}')"));
        let rows = texts(&format!("SELECT {key} FROM {table} LIMIT 4"));
        assert!(!rows.is_empty(), "{table}");
        // Each column of each row, and last the row as a whole.
        for (row, column) in rows.iter().flat_map(|row| {
            columns
                .iter()
                .map(Some)
                .chain([None])
                .map(move |column| (row, column))
        }) {
            source.copy(&target);
            let db = rusqlite::Connection::open(target.path("custody.db")).unwrap();
            let what = match column {
                Some(Value::Text(column)) => {
                    let select = format!("SELECT {column} FROM {table} WHERE {key} = ?");
                    let old: Value = db.query_row(&select, [row], |row| row.get(0)).unwrap();
                    let change = format!("UPDATE {table} SET {column} = ?1 WHERE {key} = ?2");
                    if db.execute(&change, (another(&old), row)).is_err() {
                        // There is a row of that key already.
                        continue;
                    }
                    format!("{table}.{column} {old:?}")
                }
                // Of a data key nothing else in the store knows, nor of its tombstone.
                _ if table == "dek" => continue,
                _ => {
                    let delete = format!("DELETE FROM {table} WHERE {key} = ?");
                    assert_eq!(db.execute(&delete, [row]).unwrap(), 1);
                    format!("{table} {row:?} deleted")
                }
            };
            drop(db);
            let is_tombstone_of_dek = what.starts_with("tombstone Text(\"dek");
            let custody = open(&target.0).unwrap();
            let verified = custody.verify(&admin());
            assert!(
                matches!(verified, Err(CustodyError::Damaged(_))) || is_tombstone_of_dek,
                "{what}: {verified:?}"
            );
            // Nothing opens as another key, whatever else it says.
            for (id, dek) in &source.keys {
                if let Ok(opened) = custody.open_dek(&admin(), id) {
                    assert_eq!(opened.expose().as_slice(), dek, "{what}");
                }
            }
            tried += 1;
        }
    }
    assert!(tried > 100, "{tried}");
    // A link of a history that is gone or another keeps its key from changing again.
    source.copy(&target);
    let db = rusqlite::Connection::open(target.path("custody.db")).unwrap();
    let last = "UPDATE change SET reason = 'another' WHERE version = 2 AND seq = 1";
    assert_eq!(db.execute(last, []).unwrap(), 1);
    let custody = open(&target.0).unwrap();
    custody.verify(&admin()).unwrap_err();
    let history = custody.history(&admin(), &kek(&custody));
    assert!(matches!(history, Err(CustodyError::Damaged(_))));
}

#[test]
fn octets_flipped_anywhere_in_the_files_never_give_another_key() {
    let source = Source::new("flips");
    let target = Folder::new("flips-target");
    let mut seed = 0x5EED_u64;
    let mut refused = 0;
    for name in ["custody.db", "keys.db"] {
        let whole = fs::read(source.folder.path(name)).unwrap();
        for _ in 0..150 {
            source.copy(&target);
            let mut octets = whole.clone();
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let at = usize::try_from(seed >> 33).unwrap() % octets.len();
            octets[at] ^= 1 << (seed >> 61);
            fs::write(target.path(name), &octets).unwrap();
            let custody = match open(&target.0) {
                Ok(custody) => custody,
                Err(
                    CustodyError::Damaged(_)
                    | CustodyError::Store(_)
                    | CustodyError::Provider(
                        ProviderError::Damaged(_)
                        | ProviderError::Denied(_)
                        | ProviderError::Failed(_),
                    ),
                ) => {
                    refused += 1;
                    continue;
                }
                Err(error) => panic!("{name} octet {at}: {error:?}"),
            };
            let is_whole = custody.verify(&admin()).is_ok();
            for (id, dek) in &source.keys {
                match custody.open_dek(&admin(), id) {
                    Ok(opened) => assert_eq!(opened.expose().as_slice(), dek, "{name} {at}"),
                    Err(error) => {
                        refused += 1;
                        // What verify calls whole opens, as far as the store of custody is asked.
                        let is_elsewhere = !is_whole || name == "keys.db";
                        assert!(is_elsewhere, "{name} octet {at}: {error:?}");
                    }
                }
            }
        }
    }
    assert!(refused > 20, "{refused}");
}

#[test]
fn files_that_are_no_store_are_called_so() {
    let folder = Folder::new("rubbish");
    file_provider(&folder.path("keys.db"), "");
    let opened = |octets: &[u8]| {
        fs::write(folder.path("custody.db"), octets).unwrap();
        open(&folder.0).unwrap_err()
    };
    assert!(matches!(opened(b""), CustodyError::Damaged(_)));
    assert!(matches!(opened(&[0xAB; 9_000]), CustodyError::Damaged(_)));
    assert!(matches!(
        opened(b"SQLite format 3\0"),
        CustodyError::Damaged(_)
    ));
    let keys = fs::read(folder.path("keys.db")).unwrap();
    let error = opened(&keys).to_string();
    assert!(error.contains("another kind"), "{error}");
    fs::remove_file(folder.path("custody.db")).unwrap();
    assert!(matches!(open(&folder.0), Err(CustodyError::NotFound(_))));
    fs::create_dir(folder.path("custody.db")).unwrap();
    assert!(matches!(open(&folder.0), Err(CustodyError::Store(_))));
    // Of a version to come.
    let kit = Kit::new("to-come");
    let db = rusqlite::Connection::open(kit.folder.path("custody.db")).unwrap();
    db.pragma_update(None, "user_version", 2).unwrap();
    assert!(matches!(open(&kit.folder.0), Err(CustodyError::Store(_))));
}

#[test]
#[cfg(unix)]
fn a_forked_process_is_refused() {
    use mediaseal::vault::custody::KeyProvider;
    let kit = Kit::new("fork");
    let kek = kit
        .custody
        .create_kek(&admin(), &NewKek::new("acme", "", "x"))
        .unwrap();
    let (id, _) = kit.custody.new_dek(&admin(), &kek.id).unwrap();
    // SAFETY: the child allocates, which glibc allows after a fork of a process with several threads, and leaves by _exit.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0, "fork failed");
    if pid == 0 {
        let forked = |error: Option<CustodyError>| {
            matches!(error, Some(CustodyError::Core(mediaseal::Error::Forked)))
        };
        let is_refused = forked(kit.custody.open_dek(&admin(), &id).err())
            && forked(kit.custody.new_dek(&admin(), &kek.id).err())
            && forked(kit.custody.tick().err())
            && matches!(
                kit.line
                    .far
                    .set_state(&kek, mediaseal::vault::custody::KeyState::Active),
                Err(ProviderError::Core(mediaseal::Error::Forked))
            );
        // SAFETY: leaves the process at once.
        unsafe { libc::_exit(i32::from(!is_refused)) };
    }
    let mut status = -1;
    // SAFETY: `pid` is a child of this process and `status` is writable.
    let waited = unsafe { libc::waitpid(pid, &raw mut status, 0) };
    assert_eq!((waited, status), (pid, 0));
    kit.custody.open_dek(&admin(), &id).unwrap();
}
