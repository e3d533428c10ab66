//! A log that was altered: whatever is done to it is detected, and the first record that is not as it was is named.
#![cfg(feature = "recording")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "audit/setup.rs"]
mod setup;

use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use hmac::{Hmac, KeyInit, Mac};
use mediaseal::vault::Dek;
use mediaseal::vault::audit::{
    AuditLog, AuditLogError, AuditRecord, Durability, Fault, Report, Trust, Verdict, checkpoints,
    prove, verify,
};
use mediaseal::vault::grant::{Grant, Identity, Payload, Signer};
use mediaseal::vault::transparency::{Checkpoint, Tree, VerifierKey, leaf_hash};
use setup::{Folder, auditor, filled, key_of, options, signer};
use sha2::{Digest, Sha256};

const ENTRY: usize = 72;

/// A log that is altered again and again.
struct Log {
    folder: Folder,
    signer: Signer,
    auditor: Identity,
    key: VerifierKey,
    /// Lines, newlines included.
    lines: Vec<Vec<u8>>,
    index: Vec<u8>,
}

impl Log {
    fn new(name: &str, size: u64, checkpoints: &[u64]) -> Self {
        let folder = Folder::new(name);
        filled(&folder, size, checkpoints);
        let lines = folder.read("records");
        Self {
            lines: lines
                .split_inclusive(|octet| *octet == b'\n')
                .map(<[u8]>::to_vec)
                .collect(),
            index: folder.read("index"),
            key: key_of(&folder),
            folder,
            signer: signer(),
            auditor: auditor(),
        }
    }

    fn by_auditor(&self, held: &[&str]) -> Result<Report, AuditLogError> {
        verify(&self.folder, Trust::Auditor(&self.key, &self.auditor), held)
    }

    fn by_signer(&self, held: &[&str]) -> Result<Report, AuditLogError> {
        verify(&self.folder, Trust::Signer(&self.key), held)
    }

    /// The record that octet `at` of `records` belongs to.
    fn record_of(&self, at: usize) -> u64 {
        let ends = self.lines.iter().scan(0, |end, line| {
            *end += line.len();
            Some(*end)
        });
        ends.take_while(|end| *end <= at).count() as u64
    }

    /// Writes lines and their entries, as somebody would who wants them to agree.
    fn write(&self, lines: &[(Vec<u8>, usize)]) {
        let records: Vec<u8> = lines.iter().flat_map(|(line, _)| line.clone()).collect();
        let mut index = Vec::new();
        let mut end = 0;
        for (line, from) in lines {
            end += line.len() as u64;
            index.extend_from_slice(&end.to_be_bytes());
            index.extend_from_slice(&leaf_hash(&[&line[..line.len() - 1]]));
            index.extend_from_slice(&self.index[from * ENTRY + 40..(from + 1) * ENTRY]);
        }
        self.folder.write("records", &records);
        self.folder.write("index", &index);
    }

    fn numbered(&self) -> Vec<(Vec<u8>, usize)> {
        self.lines.iter().cloned().zip(0..).collect()
    }
}

/// The record that a report names, if it finds fault.
fn named(report: &Report) -> Option<u64> {
    match report.verdict {
        Verdict::Tampered { record, .. } => Some(record),
        Verdict::Cut { records, .. } => Some(records),
        _ => None,
    }
}

/// Changes octet `at` of a file by `bits`.
fn flip(path: &Path, at: usize, octet: u8) {
    let mut file = fs::OpenOptions::new().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(at as u64)).unwrap();
    file.write_all(&[octet]).unwrap();
}

/// Flips every octet of `name` in turn, one bit of it, and gives what an auditor says to `judge`.
fn flip_each(log: &Log, name: &str, judge: impl Fn(usize, Result<Report, AuditLogError>)) -> usize {
    let octets = log.folder.read(name);
    let path = log.folder.join(name);
    for (at, octet) in octets.iter().enumerate() {
        flip(&path, at, octet ^ 1 << (at % 8));
        let is_mac = name == "index" && at % ENTRY >= 40;
        if ["records", "index"].contains(&name) && !is_mac && at % 16 != 0 {
            // Who trusts nothing finds all of these, so that the others do.
            judge(at, verify(&log.folder, Trust::Nothing, &[]));
        } else {
            judge(at, log.by_auditor(&[]));
        }
        flip(&path, at, *octet);
    }
    assert_eq!(log.by_auditor(&[]).unwrap().verdict, Verdict::Intact);
    octets.len()
}

#[test]
fn every_octet_of_the_records_is_watched() {
    let log = Log::new("flip-records", 150, &[]);
    let count = flip_each(&log, "records", |at, found| {
        let report = found.unwrap();
        assert_eq!(
            named(&report),
            Some(log.record_of(at)),
            "octet {at}: {report:?}"
        );
    });
    println!("{count} octets of records");
}

#[test]
fn every_octet_of_the_index_is_watched() {
    let log = Log::new("flip-index", 150, &[]);
    let count = flip_each(&log, "index", |at, found| {
        let report = found.unwrap();
        assert_eq!(
            named(&report),
            Some((at / ENTRY) as u64),
            "octet {at}: {report:?}"
        );
    });
    println!("{count} octets of the index");
}

#[test]
fn every_octet_of_the_other_files_is_watched() {
    let log = Log::new("flip-others", 80, &[20, 50]);
    let notes: Vec<usize> = checkpoints(&log.folder)
        .unwrap()
        .iter()
        .map(String::len)
        .collect();
    let octets = log.folder.read("checkpoints");
    let last = notes[0] + notes[1];
    flip_each(&log, "checkpoints", |at, found| {
        let report = found.unwrap();
        if at >= last && octets[at] == b'\n' {
            // With a newline less it is a note that was not written to its end.
            assert!(report.unfinished > 0 && report.covered == 50, "{report:?}");
        } else if at < notes[0] {
            assert_eq!(named(&report), Some(0), "octet {at}: {report:?}");
        } else {
            assert!(
                matches!(named(&report), Some(20 | 50)),
                "octet {at}: {report:?}"
            );
        }
    });
    flip_each(&log, "header", |at, found| {
        assert!(
            found.is_err() || found.is_ok_and(|report| named(&report) == Some(0)),
            "octet {at}"
        );
    });
    flip_each(&log, "state", |at, found| {
        assert!(
            matches!(found, Err(AuditLogError::Damaged("state"))),
            "octet {at}"
        );
    });
}

#[test]
fn whoever_has_the_signers_public_key_alone_names_the_record_too() {
    let log = Log::new("flip-signer", 150, &[64, 130]);
    let octets = log.folder.read("records");
    for at in (0..octets.len()).step_by(7) {
        flip(&log.folder.join("records"), at, octets[at] ^ 2);
        let report = log.by_signer(&[]).unwrap();
        assert_eq!(
            named(&report),
            Some(log.record_of(at)),
            "octet {at}: {report:?}"
        );
        let nobody = verify(&log.folder, Trust::Nothing, &[]).unwrap();
        assert_eq!(named(&nobody), Some(log.record_of(at)));
        flip(&log.folder.join("records"), at, octets[at]);
    }
}

/// Alters the rows of the log in every place; each time the record at the place is named, by who has the auditor's key and by who has the signer's.
fn rows(name: &str, alter: impl Fn(&mut Vec<(Vec<u8>, usize)>, usize)) {
    let log = Log::new(name, 120, &[40, 80]);
    for at in 0..log.lines.len() {
        let mut rows = log.numbered();
        alter(&mut rows, at);
        if rows == log.numbered() {
            continue;
        }
        // In both files, so that they agree.
        log.write(&rows);
        for report in [log.by_auditor(&[]).unwrap(), log.by_signer(&[]).unwrap()] {
            assert_eq!(named(&report), Some(at as u64), "{report:?}");
        }
        // In the records alone.
        log.folder.write("index", &log.index);
        let report = log.by_auditor(&[]).unwrap();
        assert_eq!(named(&report), Some(at as u64), "{report:?}");
    }
    log.write(&log.numbered());
    assert_eq!(log.by_auditor(&[]).unwrap().verdict, Verdict::Intact);
}

#[test]
fn a_record_that_was_deleted_is_missed() {
    rows("delete", |rows, at| drop(rows.remove(at)));
}

#[test]
fn records_in_each_others_place_are_found() {
    rows("swap", |rows, at| {
        if at + 1 < rows.len() {
            rows.swap(at, at + 1);
        }
    });
}

#[test]
fn a_record_that_was_doubled_is_found_at_its_copy() {
    let log = Log::new("double", 120, &[40, 80]);
    for at in 0..log.lines.len() {
        let mut rows = log.numbered();
        rows.insert(at + 1, rows[at].clone());
        log.write(&rows);
        for report in [log.by_auditor(&[]).unwrap(), log.by_signer(&[]).unwrap()] {
            assert_eq!(named(&report), Some(at as u64 + 1), "{report:?}");
        }
        log.folder.write("index", &log.index);
        let report = log.by_auditor(&[]).unwrap();
        if at == 119 {
            // A whole line without entry is what a writer leaves that is killed: it does not count, and opening cuts it.
            assert_eq!((report.verdict, report.records), (Verdict::Intact, 120));
            assert_eq!(report.unfinished, log.lines[119].len() as u64);
        } else {
            assert_eq!(named(&report), Some(at as u64 + 1), "{report:?}");
        }
    }
}

#[test]
fn every_truncation_is_detected() {
    let log = Log::new("truncate", 70, &[30, 60]);
    let held = checkpoints(&log.folder).unwrap();
    let held: Vec<&str> = held.iter().map(String::as_str).collect();
    for (name, unit) in [("records", None), ("index", Some(ENTRY))] {
        let octets = log.folder.read(name);
        let file = fs::OpenOptions::new()
            .write(true)
            .open(log.folder.join(name));
        let file = file.unwrap();
        for len in (0..octets.len()).rev() {
            file.set_len(len as u64).unwrap();
            let report = if len % 16 == 0 {
                log.by_auditor(&[]).unwrap()
            } else {
                verify(&log.folder, Trust::Nothing, &[]).unwrap()
            };
            let left = unit.map_or_else(|| log.record_of(len), |unit| (len / unit) as u64);
            assert_eq!(
                named(&report),
                Some(left),
                "{name} cut to {len}: {report:?}"
            );
        }
        log.folder.write(name, &octets);
    }
    // Checkpoints: it is said that fewer are covered, and that part of one is left.
    let octets = log.folder.read("checkpoints");
    for len in 0..octets.len() {
        log.folder.write("checkpoints", &octets[..len]);
        let report = log.by_auditor(&[]).unwrap();
        assert_eq!((report.verdict, report.records), (Verdict::Intact, 70));
        assert!(report.covered < 70, "cut to {len}: {report:?}");
        let is_between = [0, held[0].len(), held[0].len() + held[1].len()].contains(&len);
        assert_eq!(report.unfinished == 0, is_between, "cut to {len}");
    }
    log.folder.write("checkpoints", &octets);
    for name in ["records", "index", "checkpoints", "header"] {
        let octets = log.folder.read(name);
        fs::remove_file(log.folder.join(name)).unwrap();
        assert!(log.by_auditor(&[]).is_err(), "{name}");
        log.folder.write(name, &octets);
    }
    assert_eq!(log.by_auditor(&held).unwrap().verdict, Verdict::Intact);
}

#[test]
fn a_cut_tail_is_told_by_a_checkpoint_held_elsewhere_and_by_the_key_on_disk() {
    let log = Log::new("cut", 100, &[30, 60]);
    let held = checkpoints(&log.folder).unwrap();
    let state = log.folder.read("state");
    let key = log.key.clone();
    log.write(&log.numbered());
    log.folder.write("state", &state);
    for size in [1, 29, 30, 31, 59, 60, 61, 98, 99] {
        let mut rows = log.numbered();
        rows.truncate(size);
        log.write(&rows);
        let mut tree = Tree::new();
        for line in &log.lines[..size] {
            tree.push(&leaf_hash(&[&line[..line.len() - 1]]));
        }
        let note = Checkpoint::of(key.name(), &tree).sign(&log.signer).unwrap();
        log.folder.write("checkpoints", note.as_bytes());
        let cut = Verdict::Cut {
            records: size as u64,
            expected: 100,
        };
        // The key on disk has gone on, and nobody can turn it back.
        assert_eq!(log.by_auditor(&[]).unwrap().verdict, cut);
        assert_eq!(log.by_signer(&[]).unwrap().verdict, cut);
        assert!(matches!(
            AuditLog::open(&*log.folder, signer(), options(Durability::System)),
            Err(AuditLogError::Cut { expected: 100, .. })
        ));
        // Without it a checkpoint tells that was kept elsewhere, and nothing else can.
        fs::remove_file(log.folder.join("state")).unwrap();
        assert_eq!(log.by_signer(&[&held[2]]).unwrap().verdict, cut);
        // An auditor needs the key to know the end, and so says that he does not know it.
        let report = log.by_auditor(&[]).unwrap();
        assert_eq!(report.verdict, Verdict::IntactSoFar);
        assert!(!report.is_end_known && report.is_chained);
        assert_eq!(log.by_auditor(&[&held[2]]).unwrap().verdict, cut);
        let by_second = log.by_signer(&[&held[1]]).unwrap().verdict;
        if size < 60 {
            assert_eq!(
                by_second,
                Verdict::Cut {
                    records: size as u64,
                    expected: 60
                }
            );
        } else if size == 60 {
            assert_eq!(by_second, Verdict::Intact);
        } else {
            assert_eq!(by_second, Verdict::IntactSoFar);
        }
        assert_eq!(log.by_signer(&[]).unwrap().verdict, Verdict::IntactSoFar);
        log.folder.write("state", &state);
    }
}

#[test]
fn who_took_over_the_machine_rewrites_nothing_that_an_auditor_believes() {
    let log = Log::new("rewrite", 100, &[30, 60]);
    let held = checkpoints(&log.folder).unwrap();
    let (state, header) = (log.folder.read("state"), log.folder.read("header"));
    for at in [1_usize, 29, 30, 70, 99] {
        let mut rows = log.numbered();
        let line = rows[at].0.clone();
        let mut record = AuditRecord::from_line(&line[..line.len() - 1]).unwrap();
        record.event.actor = "mallory".into();
        rows[at].0 = record.to_line().unwrap().into_bytes();
        rows[at].0.push(b'\n');
        log.write(&log.numbered());
        sign_as(&log, &rows);
        // The signing key is the intruder's too: to who trusts it alone all is well.
        assert_eq!(log.by_signer(&[]).unwrap().verdict, Verdict::IntactSoFar);
        let tampered = |record, fault| Verdict::Tampered { record, fault };
        assert_eq!(
            log.by_auditor(&[]).unwrap().verdict,
            tampered(at as u64, Fault::Mac)
        );
        // A checkpoint that was kept names the run that it covers.
        let report = log.by_signer(&[&held[0], &held[1]]).unwrap();
        let expected = match at {
            0..30 => tampered(0, Fault::Root { until: 30 }),
            30..60 => tampered(30, Fault::Root { until: 60 }),
            _ => Verdict::IntactSoFar,
        };
        assert_eq!(report.verdict, expected);
    }
    // A key of another log on disk is no key of this chain.
    let other = Folder::new("rewrite-other");
    filled(&other, 100, &[]);
    sign_as(&log, &log.numbered());
    log.folder.write("state", &other.read("state"));
    assert_eq!(
        log.by_auditor(&[]).unwrap().verdict,
        Verdict::Tampered {
            record: 100,
            fault: Fault::State
        }
    );
    // Another log altogether, sealed to the same auditor by the same signer, is consistent: a checkpoint of the first tells.
    log.folder.write("state", &state);
    log.folder.write("header", &other.read("header"));
    assert!(log.by_auditor(&[]).is_err() || named(&log.by_auditor(&[]).unwrap()) == Some(0));
    log.folder.write("header", &header);
    let foreign = verify(&other, Trust::Signer(&key_of(&other)), &[&held[0]]);
    assert!(matches!(foreign, Err(AuditLogError::Transparency(_))));
}

/// As [`sign`], with the log's name from a proof: the log itself is not opened.
fn sign_as(log: &Log, rows: &[(Vec<u8>, usize)]) {
    let notes = checkpoints(&log.folder).unwrap();
    let origin = Checkpoint::read_unverified(notes[0].as_bytes())
        .unwrap()
        .origin;
    log.write(rows);
    let mut tree = Tree::new();
    for (line, _) in rows {
        tree.push(&leaf_hash(&[&line[..line.len() - 1]]));
    }
    let note = Checkpoint::of(&origin, &tree).sign(&log.signer).unwrap();
    log.folder.write("checkpoints", note.as_bytes());
}

fn hmac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).unwrap();
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

#[test]
fn who_has_the_signing_key_seals_no_other_chain_under_the_id_of_a_log() {
    let log = Log::new("reseal", 40, &[20]);
    // The same id, time, signer and auditor, and a key of his own.
    let old = log.folder.read("header");
    let mut key = [9; 32];
    let context = [b"mediaseal v1 sealed audit", &old[8..32]].concat();
    let first = Payload::Dek(Dek::from_bytes(&key));
    let grant = Grant::seal(&first, log.auditor.recipient(), &log.signer, &context).unwrap();
    let grant = grant.to_bytes();
    let mut header = old[..65].to_vec();
    assert_eq!(header[64], 1, "auditors");
    header.extend_from_slice(&u16::try_from(grant.len()).unwrap().to_be_bytes());
    header.extend_from_slice(&grant);
    log.folder.write("header", &header);
    // All records again, under that chain.
    let hash = |octets: &[u8]| data_encoding::HEXLOWER.encode(&Sha256::digest(octets));
    let mut rows = log.numbered();
    for (line, _) in &mut rows {
        let text = String::from_utf8(line.clone()).unwrap();
        let text = text.replace(&hash(&old), &hash(&header));
        *line = text.replace("alice", "mallory").into_bytes();
    }
    sign_as(&log, &rows);
    let mut index = log.folder.read("index");
    for (number, entry) in index.chunks_exact_mut(ENTRY).enumerate() {
        let mac = hmac(&key, &[&(number as u64).to_be_bytes(), &entry[8..40]]);
        entry[40..].copy_from_slice(&mac);
        key = hmac(&key, &[b"mediaseal v1 audit\x01"]);
    }
    log.folder.write("index", &index);
    let mut state = b"MSAUS\0\0\x01".to_vec();
    state.extend_from_slice(&40_u64.to_be_bytes());
    state.extend_from_slice(&key);
    state.extend_from_slice(&Sha256::digest(&state));
    log.folder.write("state", &state);
    // Nobody else can tell; an auditor can.
    assert_eq!(named(&log.by_signer(&[]).unwrap()), None);
    assert!(matches!(
        log.by_auditor(&[]),
        Err(AuditLogError::Damaged("header"))
    ));
}

#[test]
fn missing_checkpoints_are_missed() {
    let log = Log::new("unsigned", 700, &[]);
    let notes = checkpoints(&log.folder).unwrap();
    assert_eq!(notes.len(), 3);
    for missing in 0..3 {
        let mut left = notes.clone();
        left.remove(missing);
        log.folder.write("checkpoints", left.concat().as_bytes());
        let report = log.by_auditor(&[]).unwrap();
        let expected = match missing {
            0 => Some(0),
            1 => Some(256),
            // So few records may be without one.
            _ => None,
        };
        assert_eq!(named(&report), expected, "{report:?}");
    }
    log.folder.write("checkpoints", b"");
    assert_eq!(named(&log.by_auditor(&[]).unwrap()), Some(0));
    // Nothing is proven from records that nobody signed.
    let key = open_key(&notes);
    assert!(matches!(
        prove(&log.folder, 0, None, &key),
        Err(AuditLogError::NoCheckpoint)
    ));
}

fn open_key(notes: &[String]) -> VerifierKey {
    let origin = Checkpoint::read_unverified(notes[0].as_bytes())
        .unwrap()
        .origin;
    VerifierKey::new(&origin, signer().public()).unwrap()
}

#[test]
fn nothing_is_proven_from_a_log_that_was_altered() {
    let log = Log::new("unproven", 100, &[50]);
    let key = open_key(&checkpoints(&log.folder).unwrap());
    prove(&log.folder, 10, None, &key).unwrap();
    for (name, at) in [("index", 10 * ENTRY + 20), ("index", 60 * ENTRY + 20)] {
        let octets = log.folder.read(name);
        flip(&log.folder.join(name), at, octets[at] ^ 1);
        assert!(matches!(
            prove(&log.folder, 10, None, &key),
            Err(AuditLogError::Tampered { record: 10 })
        ));
        flip(&log.folder.join(name), at, octets[at]);
    }
    let at = log.lines[..10].iter().map(Vec::len).sum::<usize>() + 30;
    let octets = log.folder.read("records");
    flip(&log.folder.join("records"), at, octets[at] ^ 1);
    assert!(prove(&log.folder, 10, None, &key).is_err());
    prove(&log.folder, 11, None, &key).unwrap();
}

#[test]
fn a_log_that_lost_its_header_is_not_wiped() {
    let log = Log::new("headless", 20, &[]);
    fs::remove_file(log.folder.join("header")).unwrap();
    let names = ["records", "index", "checkpoints"];
    let octets = names.map(|name| log.folder.read(name));
    for kept in 0..3 {
        for (name, octets) in names.iter().zip(&octets) {
            let is_kept = *name == names[kept];
            log.folder.write(name, if is_kept { octets } else { &[] });
        }
        let made = AuditLog::create(
            &*log.folder,
            &setup::auditors(),
            signer(),
            options(Durability::System),
        );
        assert!(matches!(made, Err(AuditLogError::AlreadyThere)), "{kept}");
        assert_eq!(log.folder.read(names[kept]), octets[kept]);
    }
    // What a beginning leaves that was cut short has nothing in them.
    names.iter().for_each(|name| log.folder.write(name, &[]));
    AuditLog::create(
        &*log.folder,
        &setup::auditors(),
        signer(),
        options(Durability::System),
    )
    .unwrap();
}

#[test]
fn an_altered_log_is_not_gone_on_with() {
    let log = Log::new("refused", 100, &[50]);
    let opened = || AuditLog::open(&*log.folder, signer(), options(Durability::System));
    for (name, at) in [
        ("checkpoints", 300),
        ("state", 20),
        ("state", 60),
        ("index", 20),
        ("header", 90),
    ] {
        let octets = log.folder.read(name);
        flip(&log.folder.join(name), at, octets[at] ^ 1);
        assert!(opened().is_err(), "{name}");
        assert_eq!(
            log.folder.read("records").len(),
            log.lines.concat().len(),
            "nothing is lost"
        );
        log.folder.write(name, &octets);
    }
    // More at the end than a writer can have begun.
    let records = log.folder.read("records");
    log.folder
        .write("records", &[records.as_slice(), &[b'x'; 65_537]].concat());
    assert!(matches!(opened(), Err(AuditLogError::Damaged("records"))));
    let two = [&records[..], &log.lines[5], &log.lines[6]].concat();
    log.folder.write("records", &two);
    assert_eq!(
        log.by_auditor(&[]).unwrap().verdict,
        Verdict::Tampered {
            record: 100,
            fault: Fault::Unindexed
        }
    );
    log.folder.write("records", &records);
    // So of the others: what is more than one that a writer had begun is not cut.
    for (name, more, fault) in [
        ("index", 2 * ENTRY, Fault::Mac),
        ("checkpoints", 1024, Fault::Checkpoint),
    ] {
        let octets = log.folder.read(name);
        log.folder
            .write(name, &[octets.as_slice(), &vec![0; more]].concat());
        assert!(matches!(opened(), Err(AuditLogError::Damaged(damaged)) if damaged == name));
        assert_eq!(log.folder.read(name).len(), octets.len() + more);
        let verdict = log.by_auditor(&[]).unwrap().verdict;
        assert_eq!(verdict, Verdict::Tampered { record: 100, fault });
        log.folder.write(name, &octets);
    }
    drop(opened().unwrap());
}
