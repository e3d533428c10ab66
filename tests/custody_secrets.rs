//! No secret of custody in any file, text or memory where it does not belong.
//!
//! The parent reads the secrets out of a store by a program text of its own (which also holds the file format to its specification), lets a child work
//! with the store and close it, and looks through the files and through the child's memory.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod custody_support;

use std::fs;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use custody_support::{Kit, PASSPHRASE, Remembering, admin, cheap};
use mediaseal::vault::WrappedKey;
use mediaseal::vault::custody::{
    Custody, CustodyOptions, DekId, Everybody, FileProvider, NewKek, RecordPlace,
};
use xaes_256_gcm::aead::{Aead, KeyInit, Payload};
use xaes_256_gcm::{Nonce, Xaes256Gcm};

/// Set where this program is a child of its own.
const FOLDER: &str = "MEDIASEAL_TEST_CUSTODY";
const PLACE: RecordPlace<'static> = RecordPlace {
    table: "t",
    column: "c",
    row_id: b"1",
};

fn open(folder: &Path, passphrase: &str) -> Custody {
    let provider = FileProvider::open(folder.join("keys.db"), passphrase).unwrap();
    let audit = Arc::new(Remembering::default());
    let options = CustodyOptions::new(Arc::new(provider), Arc::new(Everybody), audit);
    Custody::open(folder.join("custody.db"), options).unwrap()
}

fn lp(parts: &[&[u8]]) -> Vec<u8> {
    let with_length = |part: &&[u8]| {
        let len = u16::try_from(part.len()).unwrap().to_be_bytes();
        [&len[..], part].concat()
    };
    parts.iter().flat_map(with_length).collect()
}

fn open_xaes(key: &[u8], aad: &[u8], sealed: &[u8]) -> Vec<u8> {
    let (nonce, msg) = sealed.split_at(24);
    let nonce = Nonce::try_from(nonce).unwrap();
    Xaes256Gcm::new_from_slice(key)
        .unwrap()
        .decrypt(&nonce, Payload { msg, aad })
        .unwrap()
}

/// The master key and the KEKs of a `file:` store, as docs/formats/custody.md says.
fn keys_of_file(path: &Path, passphrase: &str) -> Vec<Vec<u8>> {
    let db = rusqlite::Connection::open(path).unwrap();
    let (id, region, phc, generation, proof) = db
        .query_row(
            "SELECT id, region, passphrase, generation, proof FROM store",
            [],
            |row| {
                Ok((
                    row.get::<_, Vec<u8>>(0)?,
                    row.get::<_, String>(1)?,
                    row.get::<_, String>(2)?,
                    row.get::<_, i64>(3)?,
                    row.get::<_, Vec<u8>>(4)?,
                ))
            },
        )
        .unwrap();
    let fields: Vec<_> = phc.split('$').collect();
    assert_eq!(
        (fields[1], fields[2], fields[3]),
        ("argon2id", "v=19", "m=8,t=1,p=1")
    );
    let salt = data_encoding::BASE64_NOPAD
        .decode(fields[4].as_bytes())
        .unwrap();
    let params = argon2::Params::new(8, 1, 1, Some(32)).unwrap();
    let mut blocks = vec![argon2::Block::default(); params.block_count()];
    let mut master = vec![0; 32];
    argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params)
        .hash_password_into_with_memory(passphrase.as_bytes(), &salt, &mut master, &mut blocks)
        .unwrap();
    let header = [
        b"mediaseal v1 file store".to_vec(),
        lp(&[
            &id,
            region.as_bytes(),
            phc.as_bytes(),
            &generation.to_be_bytes(),
        ]),
    ]
    .concat();
    assert!(open_xaes(&master, &header, &proof).is_empty());
    let mut keys = vec![master.clone()];
    let mut statement = db
        .prepare("SELECT id, version, tenant, region, purpose, state, sealed FROM kek")
        .unwrap();
    let mut rows = statement.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        let text = |at: usize| row.get::<_, String>(at).unwrap().into_bytes();
        let version: u32 = row.get(1).unwrap();
        let state: u8 = row.get(5).unwrap();
        let sealed: Vec<u8> = row.get(6).unwrap();
        let aad = [
            b"mediaseal v1 file kek".to_vec(),
            lp(&[
                &id,
                &text(0),
                &version.to_be_bytes(),
                &text(2),
                &text(3),
                &text(4),
                &[state],
            ]),
        ]
        .concat();
        keys.push(open_xaes(&master, &aad, &sealed));
    }
    keys
}

/// The DEKs of a store, unwrapped by the KEKs of its provider.
fn deks_of_store(path: &Path, keks: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let db = rusqlite::Connection::open(path).unwrap();
    let mut statement = db.prepare("SELECT id, wrapped FROM dek").unwrap();
    let rows = statement
        .query_map([], |row| {
            Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, Vec<u8>>(1)?))
        })
        .unwrap();
    rows.map(|row| {
        let (id, wrapped) = row.unwrap();
        let wrapped = WrappedKey::from_bytes(&wrapped).unwrap();
        let purpose = [b"mediaseal v1 stored dek".to_vec(), id].concat();
        let aad = [
            lp(&[&purpose, wrapped.kek_id.as_bytes()]),
            wrapped.kek_version.to_be_bytes().to_vec(),
            lp(&[wrapped.region.as_bytes()]),
        ]
        .concat();
        let kek = &keks[usize::try_from(wrapped.kek_version).unwrap() - 1];
        open_xaes(kek, &aad, &wrapped.octets)
    })
    .collect()
}

/// Runs of 16 octets of secrets.
fn patterns(secrets: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let run = |secret: &Vec<u8>| secret.windows(16).map(<[u8]>::to_vec).collect::<Vec<_>>();
    secrets.iter().flat_map(run).collect()
}

fn hits(octets: &[u8], patterns: &[Vec<u8>]) -> usize {
    // By the first two octets first: there are megabytes to go through.
    let mut starts = vec![Vec::new(); 1 << 16];
    for pattern in patterns {
        starts[usize::from(u16::from_be_bytes([pattern[0], pattern[1]]))].push(pattern);
    }
    octets
        .windows(16)
        .filter(|window| {
            starts[usize::from(u16::from_be_bytes([window[0], window[1]]))]
                .iter()
                .any(|pattern| pattern == window)
        })
        .count()
}

/// Every file of a folder, with what stands in it.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.display().to_string(), fs::read(path).unwrap()))
        .collect()
}

/// A child that works with a store, says `open` while it holds a key, closes all, says `closed`, and waits each time.
#[test]
fn child_that_works_and_closes() {
    let Ok(folder) = std::env::var(FOLDER) else {
        return;
    };
    let wait = |word: &str| {
        println!("{word}");
        std::io::stdout().flush().unwrap();
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).unwrap();
    };
    // What another crate asks the system for random octets by, and such, is done once before.
    let custody = open(Path::new(&folder), PASSPHRASE);
    let kek = custody.keks(&admin()).unwrap()[0].spec.kek.id.clone();
    let mut deks = Vec::new();
    for line in fs::read_to_string(Path::new(&folder).join("ids"))
        .unwrap()
        .lines()
    {
        let id: DekId = line.parse().unwrap();
        let record = custody
            .seal_record(&admin(), &id, &PLACE, b"a record of a patient")
            .unwrap();
        drop(custody.open_record(&admin(), &PLACE, &record).unwrap());
        deks.push(custody.open_dek(&admin(), &id).unwrap());
    }
    custody.rotate_kek(&admin(), &kek).unwrap();
    custody
        .sweep(&admin(), &kek, 3, &mut |_| ControlFlow::Continue(()))
        .unwrap();
    wait("open");
    drop(deks);
    drop(custody);
    wait("closed");
}

fn expect(out: &mut impl BufRead, word: &str) {
    let mut line = String::new();
    while out.read_line(&mut line).unwrap() > 0 {
        if line.trim_end().ends_with(word) {
            return;
        }
        line.clear();
    }
    panic!("the child ended before it said {word}");
}

/// How often the patterns stand in what a process may write to.
#[cfg(target_os = "linux")]
fn hits_in_memory(child: &Child, patterns: &[Vec<u8>]) -> usize {
    let maps = fs::read_to_string(format!("/proc/{}/maps", child.id())).unwrap();
    let mut memory = fs::File::open(format!("/proc/{}/mem", child.id())).unwrap();
    let mut found = 0;
    let mut read = 0;
    for line in maps.lines() {
        let mut fields = line.split_whitespace();
        let (range, rights) = (fields.next().unwrap(), fields.next().unwrap());
        if !rights.starts_with("rw") {
            continue;
        }
        let (start, end) = range.split_once('-').unwrap();
        let (start, end) = (
            u64::from_str_radix(start, 16).unwrap(),
            u64::from_str_radix(end, 16).unwrap(),
        );
        let mut octets = vec![0; usize::try_from(end - start).unwrap()];
        memory.seek(SeekFrom::Start(start)).unwrap();
        if memory.read_exact(&mut octets).is_ok() {
            read += octets.len();
            found += hits(&octets, patterns);
        }
    }
    assert!(read > 100_000, "{read}");
    found
}

#[test]
#[cfg(target_os = "linux")]
fn no_secret_in_files_nor_in_memory_after_close() {
    let kit = Kit::new("secrets");
    let kek = kit
        .custody
        .create_kek(&admin(), &NewKek::new("acme", "eu", "x"))
        .unwrap();
    let ids: Vec<_> = (0..10)
        .map(|_| {
            kit.custody
                .new_dek(&admin(), &kek.id)
                .unwrap()
                .0
                .to_string()
        })
        .collect();
    fs::write(kit.folder.path("ids"), ids.join("\n")).unwrap();
    let folder = kit.folder.0.clone();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_that_works_and_closes", "--nocapture"])
        .env(FOLDER, &folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    expect(&mut out, "open");

    let keys = keys_of_file(&folder.join("keys.db"), PASSPHRASE);
    assert_eq!(keys.len(), 3, "a master key, two versions of a KEK");
    let deks = deks_of_store(&folder.join("custody.db"), &keys[1..]);
    for (id, dek) in ids.iter().zip(&deks) {
        // Sorted by id in the table, by time of making here.
        let opened = kit
            .custody
            .open_dek(&admin(), &id.parse().unwrap())
            .unwrap();
        assert!(deks.contains(&opened.expose().to_vec()), "{dek:02x?}");
    }
    let secrets = [keys.clone(), deks.clone(), vec![PASSPHRASE.into()]].concat();
    let written = patterns(&[secrets.clone(), vec![b"a record of a patient".to_vec()]].concat());

    // In the files, with the logs beside them, in each form that a key might have been written in.
    let forms: Vec<_> = secrets
        .iter()
        .flat_map(|secret| {
            [
                data_encoding::HEXLOWER.encode(secret).into_bytes(),
                data_encoding::HEXUPPER.encode(secret).into_bytes(),
                data_encoding::BASE64_NOPAD.encode(secret).into_bytes(),
            ]
        })
        .collect();
    let in_files = [written.clone(), patterns(&forms)].concat();
    let looked_at = files(&folder);
    assert!(looked_at.iter().any(|(name, _)| name.ends_with("-wal")));
    for (name, octets) in looked_at {
        assert_eq!(hits(&octets, &in_files), 0, "{name}");
    }

    // In the child's memory: found while it holds the keys (the search finds), not when it has closed them.
    assert!(hits_in_memory(&child, &patterns(&deks)) >= 10 * 17);
    assert!(hits_in_memory(&child, &patterns(&keys[..1])) >= 17);
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"\n").unwrap();
    expect(&mut out, "closed");
    for (what, secrets) in [
        ("the master key", &keys[..1]),
        ("a KEK", &keys[1..]),
        ("a DEK", &deks[..]),
        ("the passphrase", &[PASSPHRASE.into()]),
        ("a record", &[b"a record of a patient".to_vec()]),
    ] {
        assert_eq!(hits_in_memory(&child, &patterns(secrets)), 0, "{what}");
    }
    stdin.write_all(b"\n").unwrap();
    assert!(child.wait().unwrap().success());
    drop(kit.custody);
    for (name, octets) in files(&folder) {
        assert_eq!(hits(&octets, &in_files), 0, "{name}, closed");
    }
}

#[test]
fn what_is_destroyed_is_overwritten_in_the_file() {
    let kit = Kit::new("overwritten");
    let kek = kit
        .custody
        .create_kek(&admin(), &NewKek::new("acme", "eu", "x"))
        .unwrap();
    let (id, _) = kit.custody.new_dek(&admin(), &kek.id).unwrap();
    let octets = |path: &str, sql: &str| -> Vec<u8> {
        let db = rusqlite::Connection::open(kit.folder.path(path)).unwrap();
        db.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    let wrapped = octets("custody.db", "SELECT wrapped FROM dek");
    let wrapped = WrappedKey::from_bytes(&wrapped).unwrap().octets;
    let sealed = octets("keys.db", "SELECT sealed FROM kek");
    let stands = |octets: &[u8]| {
        let patterns = patterns(&[octets.to_vec()]);
        files(&kit.folder.0)
            .iter()
            .map(|(_, file)| hits(file, &patterns))
            .sum::<usize>()
    };
    assert!(stands(&wrapped) > 0 && stands(&sealed) > 0);
    kit.custody.destroy_dek(&admin(), &id, "erased").unwrap();
    assert_eq!(stands(&wrapped), 0);
    use mediaseal::vault::custody::{DestroyMode, KeyState, Survivors};
    kit.custody
        .set_state(&admin(), &kek, KeyState::Deactivated, "")
        .unwrap();
    let sealed = [sealed, octets("keys.db", "SELECT sealed FROM kek")];
    let (mode, survivors) = (DestroyMode::Effective, Survivors::MustBeNone);
    kit.custody
        .destroy_kek(&admin(), &kek, mode, survivors, "")
        .unwrap();
    assert_eq!(sealed.map(|octets| stands(&octets)), [0, 0]);
}

#[test]
fn no_secret_in_what_is_said() {
    let kit = Kit::new("said");
    let kek = kit
        .custody
        .create_kek(&admin(), &NewKek::new("acme", "eu", "x"))
        .unwrap();
    let (id, dek) = kit.custody.new_dek(&admin(), &kek.id).unwrap();
    let mut said = format!("{:?}{:#?}{dek:?}", kit.custody, kit.custody);
    let record = kit
        .custody
        .seal_record(&admin(), &id, &PLACE, b"a record of a patient")
        .unwrap();
    let elsewhere = RecordPlace {
        column: "d",
        ..PLACE
    };
    said += &format!(
        "{:?}",
        kit.custody.open_record(&admin(), &elsewhere, &record)
    );
    said += &format!(
        "{:?}",
        kit.custody
            .open_record(&admin(), &PLACE, b"a record of a patient")
    );
    said += &format!(
        "{:?}",
        FileProvider::open(kit.folder.path("keys.db"), "not it, said the canary").err()
    );
    said += &format!(
        "{:?}",
        FileProvider::create(kit.folder.path("keys.db"), "", PASSPHRASE, &cheap()).err()
    );
    let url = format!("file:{}?passphrase={PASSPHRASE}", kit.folder.0.display());
    said += &format!(
        "{:?}",
        url.parse::<mediaseal::vault::custody::ProviderUrl>()
    );
    said += &format!("{:?}", kit.audit.events.lock().unwrap());
    assert!(said.len() > 2_000, "{said}");
    let keys = keys_of_file(&kit.folder.path("keys.db"), PASSPHRASE);
    let secrets = [keys, vec![dek.expose().to_vec()]].concat();
    for secret in &secrets {
        for run in secret.windows(6) {
            for form in [
                data_encoding::HEXLOWER.encode(run),
                data_encoding::BASE64_NOPAD.encode(run),
                format!("{run:?}").trim_matches(['[', ']']).to_owned(),
            ] {
                assert!(!said.contains(&form), "{form}");
            }
        }
    }
    for text in ["canary", "a record of a patient"] {
        assert!(!said.contains(text), "{text}");
    }
}
