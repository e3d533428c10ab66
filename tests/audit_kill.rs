//! A writer that is killed, or has no room: what was acknowledged is there, and no key serves twice.
#![cfg(all(feature = "recording", unix))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "audit/setup.rs"]
mod setup;

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use mediaseal::vault::audit::{
    AuditError, AuditLog, AuditSink, Durability, Recovered, Trust, Verdict, verify,
};
use setup::{Folder, auditor, auditors, event, key_of, open, options, signer};

const KILLS: u64 = 200;
const ENTRY: usize = 72;

/// Not a test of its own: the body of the children, told by the environment what to do.
#[test]
fn child_that_records_until_it_is_killed() {
    let Ok(folder) = std::env::var("MEDIASEAL_AUDIT_FOLDER") else {
        return;
    };
    let durability = match std::env::var("MEDIASEAL_AUDIT_SYNCED").is_ok() {
        true => Durability::Synced,
        false => Durability::System,
    };
    let folder = Path::new(&folder);
    let log = if folder.join("header").exists() {
        AuditLog::open(folder, signer(), options(durability)).unwrap()
    } else {
        AuditLog::create(folder, &auditors(), signer(), options(durability)).unwrap()
    };
    let mut out = std::io::stdout().lock();
    loop {
        writeln!(out, "\nstands: {}", log.size()).unwrap();
        out.flush().unwrap();
        if let Err(error) = log.record(&event(log.size())) {
            assert!(matches!(error, AuditError::Unavailable(_)), "{error}");
            // It says so again, and has lost nothing.
            let again = log.record(&event(log.size()));
            assert!(again.is_err() || log.size() > 0);
            writeln!(out, "\nfull: {}", log.size()).unwrap();
            return;
        }
    }
}

fn child(folder: &Path, program: &mut Command, is_synced: bool) -> Child {
    if is_synced {
        program.env("MEDIASEAL_AUDIT_SYNCED", "1");
    }
    program
        .env("MEDIASEAL_AUDIT_FOLDER", folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

fn this_test() -> Vec<String> {
    let program = std::env::current_exe().unwrap();
    vec![
        program.to_str().unwrap().to_owned(),
        "child_that_records_until_it_is_killed".to_owned(),
        "--exact".to_owned(),
        "--nocapture".to_owned(),
    ]
}

/// The last number that the child said before it ended.
fn last_said(child: &mut Child, word: &str) -> Option<u64> {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let said: Vec<String> = lines.map_while(Result::ok).collect();
    let said = said.iter().filter_map(|line| line.strip_prefix(word));
    said.filter_map(|number| number.trim().parse().ok())
        .next_back()
}

/// MACs of the entries, and how many records the key on disk has left behind.
fn macs_and_step(folder: &Folder) -> (Vec<Vec<u8>>, u64) {
    let index = folder.read("index");
    let macs = index.chunks_exact(ENTRY).map(|entry| entry[40..].to_vec());
    let state = folder.read("state");
    (
        macs.collect(),
        u64::from_be_bytes(state[8..16].try_into().unwrap()),
    )
}

#[test]
fn a_writer_killed_at_any_moment_loses_no_record_and_uses_no_key_twice() {
    let auditor = auditor();
    let (mut cut, mut caught_up, mut records) = (0, 0, 0);
    for round in 0..KILLS / 20 {
        let folder = Folder::new(&format!("killed-{round}"));
        let mut seen: HashMap<usize, Vec<u8>> = HashMap::new();
        for kill in 0..20 {
            let command = this_test();
            let mut program = Command::new(&command[0]);
            program.args(&command[1..]);
            let mut child = child(&folder, &mut program, round % 2 == 0);
            std::thread::sleep(Duration::from_micros(4_000 + kill * 731 % 9_000));
            child.kill().unwrap();
            let stands = last_said(&mut child, "stands: ").unwrap_or(0);
            child.wait().unwrap();
            if !folder.join("header").exists() {
                continue;
            }
            // As the kill left it: no key of a record that was acknowledged, one record at most whose key is there.
            let (macs, step) = macs_and_step(&folder);
            let made = macs
                .iter()
                .filter(|mac| mac.iter().any(|octet| *octet != 0));
            assert!(step >= stands, "key {step} of {stands} records");
            assert!(made.count() as u64 <= step + 1);
            for (number, mac) in macs.into_iter().enumerate() {
                if mac.iter().any(|octet| *octet != 0) {
                    assert_eq!(seen.entry(number).or_insert_with(|| mac.clone()), &mac);
                }
            }
            let report = verify(&folder, Trust::Auditor(&key_of(&folder), &auditor), &[]);
            let report = report.unwrap();
            assert_eq!(report.verdict, Verdict::Intact, "{report:?}");
            assert!(report.records >= stands);
            // Gone on with: what was cut was nobody's.
            let log = open(&folder);
            let Recovered {
                cut_octets,
                caught_up: more,
                ..
            } = log.recovered();
            cut += u64::from(cut_octets > 0);
            caught_up += more;
            assert_eq!(log.size(), report.records + 1, "{report:?}");
            drop(log);
            let report = verify(&folder, Trust::Auditor(&key_of(&folder), &auditor), &[]);
            let report = report.unwrap();
            assert_eq!((report.verdict, report.unfinished), (Verdict::Intact, 0));
            records = report.records.max(records);
        }
    }
    println!("{KILLS} kills: {cut} cut, {caught_up} caught up, up to {records} records in a log");
    assert!(records > 20, "the children did record");
}

#[test]
fn a_writer_without_room_loses_nothing_and_says_so() {
    let auditor = auditor();
    let mut full = 0;
    // Limits in blocks of 512 octets, from none at all for the first record to some hundred records.
    for blocks in (1..=60).chain([100, 200]) {
        let folder = Folder::new(&format!("full-{blocks}"));
        drop(AuditLog::create(
            &*folder,
            &auditors(),
            signer(),
            options(Durability::System),
        ));
        let mut program = Command::new("sh");
        // With the signal ignored, a write beyond the limit is an error, as on a disk that is full.
        program.args([
            "-c",
            &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\""),
            "sh",
        ]);
        program.args(this_test());
        let mut child = child(&folder, &mut program, blocks % 2 == 0);
        let said = last_said(&mut child, "full: ");
        let status = child.wait().unwrap();
        let Some(stands) = said else {
            // Not even the record of its opening had room.
            assert!(
                !status.success() && blocks <= 2,
                "{blocks} blocks: {status}"
            );
            continue;
        };
        full += 1;
        let log = open(&folder);
        assert_eq!(log.size(), stands + 1, "{blocks} blocks");
        log.record(&event(0)).unwrap();
        drop(log);
        let report = verify(&folder, Trust::Auditor(&key_of(&folder), &auditor), &[]);
        let report = report.unwrap();
        assert_eq!(
            (report.verdict, report.records),
            (Verdict::Intact, stands + 2)
        );
    }
    println!("{full} logs without room");
    assert!(full >= 55);
}
