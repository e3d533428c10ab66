//! `mediaseal audit` and `mediaseal bench`.
#![cfg(test)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use common::{json, mediaseal, with_input};
use mediaseal::vault::audit::{AuditEvent, AuditLog, AuditLogOptions, AuditSink, Outcome};
use mediaseal::vault::grant::{Identity, Kem, Signer};
use serde_json::Value;

/// Octets of an entry of the index.
const ENTRY: usize = 72;

/// The folder of one test: a log, and the keys that belong to it, in files.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("audit-{name}"));
        if path.exists() {
            fs::remove_dir_all(&path).unwrap();
        }
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }

    fn write(&self, name: &str, octets: impl AsRef<[u8]>) -> String {
        fs::write(self.0.join(name), octets).unwrap();
        self.path(name)
    }

    /// A log of `records` records of an application, made by the library, each checkpoint kept as note-SIZE.
    fn filled(name: &str, records: u64) -> Self {
        let place = Self::new(name);
        let (auditor, signer) = (
            Identity::generate(Kem::X25519).unwrap(),
            Signer::generate().unwrap(),
        );
        place.write("auditor.key", auditor.to_text().as_bytes());
        place.write("writer.pub", signer.public().to_string());
        place.write("writer.key", signer.to_text().as_bytes());
        let auditors = [auditor.recipient().clone()];
        let kept = std::sync::Arc::new(Mutex::new(Vec::new()));
        let keeper = std::sync::Arc::clone(&kept);
        let options = AuditLogOptions {
            on_checkpoint: Some(Box::new(move |note| {
                keeper.lock().unwrap().push(note.to_owned());
            })),
            ..AuditLogOptions::default()
        };
        let log = AuditLog::create(place.0.join("log"), &auditors, signer, options).unwrap();
        place.write("log.vkey", log.verifier_key().to_string());
        for number in 0..records {
            log.record(&event(number)).unwrap();
            if number == records / 2 {
                log.checkpoint().unwrap();
            }
        }
        log.close().unwrap();
        for note in kept.lock().unwrap().iter() {
            let size = note.lines().nth(1).unwrap();
            place.write(&format!("note-{size}"), note);
        }
        place
    }

    /// Exit status, and the last line of standard output.
    fn verify(&self, more: &[&str]) -> (i32, String) {
        let log = self.path("log");
        let output = mediaseal(&[&["audit", "verify", &log], more].concat());
        let said = String::from_utf8(output.stdout).unwrap();
        let last = said.lines().last().unwrap_or_default().to_owned();
        (output.status.code().unwrap(), last)
    }

    /// Verifies the log with a change of one of its files, and puts the file back.
    fn changed(
        &self,
        file: &str,
        change: impl FnOnce(&mut Vec<u8>),
        more: &[&str],
    ) -> (i32, String) {
        let path = self.0.join("log").join(file);
        let before = fs::read(&path).unwrap();
        let mut octets = before.clone();
        change(&mut octets);
        assert_ne!(octets, before, "a change that changes nothing");
        fs::write(&path, octets).unwrap();
        let found = self.verify(more);
        fs::write(&path, before).unwrap();
        found
    }
}

fn event(number: u64) -> AuditEvent {
    AuditEvent {
        unix_micros: 1_800_000_000_000_000 + number,
        actor: "alice".into(),
        action: "dek.unwrap".into(),
        resource: format!("recording/{number}"),
        outcome: Outcome::Done,
        reason: "ticket \u{1b}[31m 1138".into(),
        attributes: vec![("region".into(), "eu".into())],
    }
}

fn text(args: &[&str]) -> (i32, String) {
    let output = mediaseal(args);
    let all = [output.stdout, output.stderr].concat();
    (
        output.status.code().unwrap(),
        String::from_utf8(all).unwrap(),
    )
}

#[test]
fn a_log_is_made_with_keys_of_the_command_s_own() {
    let place = Place::new("new");
    let (auditor, writer, log) = (
        place.path("auditor.key"),
        place.path("writer.key"),
        place.path("log"),
    );
    let (status, public) = text(&["key", "identity", "--kem", "xwing", "--out", &auditor]);
    assert_eq!((status, public.lines().count()), (0, 1), "{public}");
    assert!(public.starts_with("mediaseal-pub-1"));
    let auditor_public = place.write("auditor.pub", &public);
    let pass = place.write("pass", "correct horse battery staple\n");
    let (status, public) = text(&[
        "key",
        "signer",
        "--out",
        &writer,
        "--passphrase-file",
        &pass,
    ]);
    assert_eq!(status, 0, "{public}");
    assert!(public.starts_with("mediaseal-signer-pub-1"));
    let secret = fs::read_to_string(&writer).unwrap();
    assert!(secret.starts_with("mediaseal-locked-signer-1"), "locked");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        for file in [&auditor, &writer] {
            let mode = fs::metadata(file).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }
    // Neither is written over.
    assert_eq!(text(&["key", "signer", "--out", &writer]).0, 3);
    assert_eq!(fs::read_to_string(&writer).unwrap(), secret);

    let new = [
        "audit",
        "new",
        &log,
        "--auditor",
        &auditor_public,
        "--signer-key",
        &writer,
    ];
    let (status, said) = text(&new);
    assert_eq!(status, 2, "it is locked: {said}");
    let (status, key) = text(&[&new[..], &["--passphrase-file", &pass]].concat());
    assert_eq!(status, 0, "{key}");
    let vkey = place.write("log.vkey", &key);
    assert_eq!(
        text(&[&new[..], &["--passphrase-file", &pass]].concat()).0,
        3,
        "there is a log already"
    );
    let (status, last) = place.verify(&["--key", &vkey, "--identity", &auditor]);
    assert_eq!((status, &last[..7]), (0, "Intact:"), "{last}");
}

#[test]
fn the_tail_of_a_log_is_shown_in_three_forms() {
    let place = Place::filled("tail", 300);
    let log = place.path("log");
    let (status, said) = text(&["audit", "tail", &log, "-n", "3"]);
    assert_eq!((status, said.lines().count()), (0, 3), "{said}");
    let numbers: Vec<_> = said.lines().map(|line| &line[..3]).collect();
    assert_eq!(numbers, ["299", "300", "301"]);
    assert!(said.contains("2027-01-15 08:00:00Z alice dek.unwrap recording/299 done: ticket \\u{1b}[31m 1138 [region=eu]"), "{said}");
    // Everything, with more asked for than there is.
    assert_eq!(
        text(&["audit", "tail", &log, "-n", "100000"])
            .1
            .lines()
            .count(),
        302
    );
    assert_eq!(
        text(&["audit", "tail", &log, "-n", "0"]),
        (0, String::new())
    );

    let (_, stored) = text(&["audit", "tail", &log, "-n", "100000", "--json"]);
    assert_eq!(
        stored,
        fs::read_to_string(place.0.join("log/records")).unwrap(),
        "the lines as they are stored"
    );
    let (_, ocsf) = text(&["audit", "tail", &log, "-n", "2", "--ocsf"]);
    let events: Vec<Value> = ocsf
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(events[0]["class_uid"], 3004);
    assert_eq!(events[0]["actor"]["user"]["name"], "alice");
    let name = fs::read_to_string(place.path("log.vkey")).unwrap();
    assert_eq!(
        events[0]["metadata"]["log_name"],
        name.split('+').next().unwrap()
    );
    // A checkpoint that lies about how many records there are hides none.
    let notes = fs::read_to_string(place.0.join("log/checkpoints")).unwrap();
    place.write("log/checkpoints", notes.replace("\n302\n", "\n999\n"));
    assert_eq!(text(&["audit", "tail", &log, "-n", "3"]).1, said);

    let (status, said) = text(&["audit", "tail", &place.path("nowhere")]);
    assert_eq!(status, 3);
    assert!(
        said.contains("there is no audit log in this folder"),
        "{said}"
    );
}

#[test]
fn a_log_is_followed_while_it_is_written() {
    let place = Place::filled("follow", 5);
    let mut child = Command::new(env!("CARGO_BIN_EXE_mediaseal"))
        .args([
            "audit",
            "tail",
            &place.path("log"),
            "-n",
            "1",
            "--follow",
            "--json",
        ])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    let (send, lines) = mpsc::channel();
    let reader = std::thread::spawn(move || {
        for line in stdout.lines() {
            if send.send(line.unwrap()).is_err() {
                return;
            }
        }
    });
    let next = || {
        let line = lines.recv_timeout(Duration::from_secs(60)).unwrap();
        serde_json::from_str::<Value>(&line).unwrap()
    };
    assert_eq!(next()["action"], "audit.stop");
    let signer = fs::read_to_string(place.path("writer.key")).unwrap();
    let signer = Signer::from_text(&signer).unwrap();
    let log = AuditLog::open(place.0.join("log"), signer, AuditLogOptions::default()).unwrap();
    assert_eq!(next()["action"], "audit.start");
    for number in 0..3 {
        log.record(&event(number)).unwrap();
        assert_eq!(next()["resource"], format!("recording/{number}"));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    reader.join().unwrap();
}

#[test]
fn a_whole_log_is_verified_by_who_trusts_what() {
    let place = Place::filled("whole", 20);
    let (vkey, signer) = (place.path("log.vkey"), place.path("writer.pub"));
    let (auditor, held) = (place.path("auditor.key"), place.path("note-22"));
    for (more, word) in [
        (&[][..], "Consistent:"),
        (&["--key", &vkey], "IntactSoFar:"),
        (&["--signer", &signer], "IntactSoFar:"),
        (&["--key", &vkey, "--checkpoint", &held], "Intact:"),
        (&["--key", &vkey, "--identity", &auditor], "Intact:"),
    ] {
        let (status, last) = place.verify(more);
        assert_eq!((status, last.split(' ').next()), (0, Some(word)), "{last}");
    }
    let (status, report) = json(&[
        "audit",
        "verify",
        &place.path("log"),
        "--key",
        &vkey,
        "--identity",
        &auditor,
    ]);
    assert_eq!(status, 0);
    assert_eq!(report["verdict"], "intact");
    assert_eq!(
        (&report["records"], &report["chained"]),
        (&22.into(), &true.into())
    );

    // Keys of others, and none where one is needed, are 3: 2 says that records are missing.
    let other = Place::filled("another", 1);
    for more in [
        &["--key", &other.path("log.vkey")][..],
        &["--signer", &other.path("writer.pub")],
        &["--key", &vkey, "--identity", &other.path("auditor.key")],
        &["--key", &vkey, "--checkpoint", &other.path("note-3")],
        &["--identity", &auditor],
        &["--key", &signer],
        &["--key", &vkey, "--signer", &signer],
        &["--key", &place.path("nowhere")],
        &["--no-such-option"],
    ] {
        assert_eq!(place.verify(more).0, 3, "{more:?}");
    }
    assert_eq!(text(&["audit", "verify", &place.path("nowhere")]).0, 3);
}

#[test]
fn each_kind_of_tampering_is_told_and_its_record_named() {
    let place = Place::filled("tampered", 40);
    let vkey = place.path("log.vkey");
    let signer = ["--key", &vkey];
    let auditor_key = place.path("auditor.key");
    let auditor = ["--key", &vkey, "--identity", &auditor_key];
    let end_of = |octets: &[u8], line: usize| {
        let mut ends = octets
            .iter()
            .enumerate()
            .filter(|(_, octet)| **octet == b'\n');
        ends.nth(line).unwrap().0 + 1
    };
    let told = |found: (i32, String), record: u64| {
        let expected = format!("Tampered: record {record}:");
        assert_eq!(found.0, 1, "{}", found.1);
        assert!(found.1.starts_with(&expected), "{} {expected}", found.1);
    };
    // An octet of a line.
    let flip = |octets: &mut Vec<u8>| {
        let at = end_of(octets, 6) + 90;
        octets[at] ^= 1;
    };
    told(place.changed("records", flip, &signer), 7);
    // A line that is gone from the middle.
    let splice = |octets: &mut Vec<u8>| {
        let (from, to) = (end_of(octets, 11), end_of(octets, 12));
        octets.drain(from..to);
    };
    told(place.changed("records", splice, &signer), 12);
    // The index: where a line ends, what its hash is, and its MAC, which an auditor's key alone tells.
    told(
        place.changed("index", |octets| octets[ENTRY * 9 + 7] ^= 1, &signer),
        9,
    );
    told(
        place.changed("index", |octets| octets[ENTRY * 9 + 8] ^= 1, &signer),
        9,
    );
    let mac = |octets: &mut Vec<u8>| octets[ENTRY * 9 + 40] ^= 1;
    told(place.changed("index", mac, &auditor), 9);
    assert_eq!(
        place.changed("index", mac, &signer).0,
        0,
        "only the auditor can tell"
    );
    // Two records that were exchanged, lines and index together.
    {
        let records = place.0.join("log/records");
        let whole = fs::read(&records).unwrap();
        let (a, b, c) = (end_of(&whole, 19), end_of(&whole, 20), end_of(&whole, 21));
        assert_eq!(b - a, c - b, "lines of one length");
        let swapped = [&whole[..a], &whole[b..c], &whole[a..b], &whole[c..]].concat();
        fs::write(&records, swapped).unwrap();
        let leaves = |octets: &mut Vec<u8>| {
            let (first, second) = (ENTRY * 20 + 8, ENTRY * 21 + 8);
            for at in 0..64 {
                octets.swap(first + at, second + at);
            }
        };
        told(place.changed("index", leaves, &signer), 20);
        fs::write(&records, whole).unwrap();
    }
    // A checkpoint, the header, the key on disk.
    let sign = |octets: &mut Vec<u8>| {
        let at = octets.len() - 20;
        octets[at] = if octets[at] == b'A' { b'B' } else { b'A' };
    };
    let (status, last) = place.changed("checkpoints", sign, &signer);
    assert_eq!(status, 1, "{last}");
    let (status, _) = place.changed("header", |octets| octets[30] ^= 1, &signer);
    assert_ne!(status, 0);
    // Lines that the index does not know.
    let more = |octets: &mut Vec<u8>| {
        let line = octets[..end_of(octets, 0)].to_vec();
        octets.extend_from_slice(&line);
        octets.extend_from_slice(&line);
    };
    told(place.changed("records", more, &signer), 42);
    assert_eq!(place.verify(&auditor).0, 0, "all was put back");
    // Programs are told the same.
    let records = place.0.join("log/records");
    let mut octets = fs::read(&records).unwrap();
    flip(&mut octets);
    fs::write(&records, octets).unwrap();
    let (status, report) = json(&["audit", "verify", &place.path("log"), "--key", &vkey]);
    assert_eq!(status, 1);
    assert_eq!(
        (&report["verdict"], &report["record"], &report["fault"]),
        (&"tampered".into(), &7.into(), &"line".into())
    );
    // What stands before it is shown all the same, and nothing of what comes behind.
    let (status, said) = text(&["audit", "tail", &place.path("log"), "-n", "100"]);
    assert_eq!(status, 3);
    assert!(
        said.contains("record 7 of the audit log was altered"),
        "{said}"
    );
}

#[test]
fn a_log_that_was_cut_is_told_by_a_checkpoint_that_was_kept() {
    let place = Place::filled("cut", 40);
    let vkey = place.path("log.vkey");
    let log = place.0.join("log");
    // Whoever has the machine cuts everything back to the first checkpoint, and takes the key on disk away.
    let size = 22;
    assert!(
        place.0.join("note-22").exists(),
        "the checkpoint in the middle"
    );
    let index = fs::read(log.join("index")).unwrap();
    let end = &index[ENTRY * (size - 1)..][..8];
    let end = usize::try_from(u64::from_be_bytes(end.try_into().unwrap())).unwrap();
    fs::write(log.join("index"), &index[..ENTRY * size]).unwrap();
    let records = fs::read(log.join("records")).unwrap();
    fs::write(log.join("records"), &records[..end]).unwrap();
    let note = fs::read(place.0.join("note-22")).unwrap();
    fs::write(log.join("checkpoints"), note).unwrap();
    let state = fs::read(log.join("state")).unwrap();
    let (status, last) = place.verify(&["--key", &vkey]);
    assert_eq!(status, 2, "the key on disk is of later: {last}");
    fs::remove_file(log.join("state")).unwrap();
    let (status, last) = place.verify(&["--key", &vkey]);
    assert_eq!((status, &last[..12]), (0, "IntactSoFar:"), "nothing tells");
    let kept = place.path("note-42");
    let (status, last) = place.verify(&["--key", &vkey, "--checkpoint", &kept]);
    assert_eq!(
        (status, &last[..]),
        (
            2,
            "Cut: 22 records are left of at least 42; record 22 is the first that is missing"
        )
    );
    let (status, report) = json(&[
        "audit",
        "verify",
        &place.path("log"),
        "--key",
        &vkey,
        "--checkpoint",
        &kept,
    ]);
    assert_eq!((status, &report["verdict"]), (2, &"cut".into()));
    assert_eq!(
        (&report["record"], &report["expected"]),
        (&22.into(), &42.into())
    );
    fs::write(log.join("state"), state).unwrap();
}

#[test]
fn a_record_is_proven_to_who_has_not_the_log() {
    let place = Place::filled("prove", 30);
    let (vkey, log) = (place.path("log.vkey"), place.path("log"));
    let output = mediaseal(&["audit", "prove", &log, "17", "--key", &vkey]);
    assert_eq!(output.status.code(), Some(0));
    let proof = String::from_utf8(output.stdout).unwrap();
    assert!(
        proof.lines().nth(1) == Some("c2sp.org/tlog-proof@v1"),
        "{proof}"
    );
    // The log is not needed.
    let elsewhere = Place::new("proof-elsewhere");
    let file = elsewhere.write("proof", &proof);
    let (status, said) = text(&["audit", "prove", "--check", &file, "--key", &vkey]);
    assert_eq!(status, 0, "{said}");
    assert!(
        said.contains("recording/16")
            && said.contains("\nProven: it is record 17 of mediaseal/audit/"),
        "{said}"
    );
    let by_signer = [
        "audit",
        "prove",
        "--check",
        &file,
        "--signer",
        &place.path("writer.pub"),
    ];
    assert_eq!(text(&by_signer).0, 0);
    let (status, report) = json(&["audit", "prove", "--check", &file, "--key", &vkey]);
    assert_eq!(status, 0);
    assert_eq!(
        (&report["proven"], &report["size"]),
        (&true.into(), &32.into())
    );
    assert_eq!(report["record"]["resource"], "recording/16");
    assert_eq!(report["hashes"], 5);
    // Under an older checkpoint, which there must be.
    let older = ["audit", "prove", &log, "3", "--key", &vkey, "--size"];
    let first = fs::read_to_string(place.0.join("log/checkpoints")).unwrap();
    let size = first.lines().nth(1).unwrap();
    assert_eq!(text(&[&older[..], &[size]].concat()).0, 0);
    assert_eq!(text(&[&older[..], &["5"]].concat()).0, 2);
    assert_eq!(text(&["audit", "prove", &log, "32", "--key", &vkey]).0, 2);

    // Whatever is altered, nothing is proven.
    for at in (0..proof.len()).step_by(7) {
        let mut octets = proof.clone().into_bytes();
        octets[at] = if octets[at] == b'a' { b'b' } else { b'a' };
        if octets == proof.as_bytes() {
            continue;
        }
        let output = with_input(&["audit", "prove", "--check", "-", "--key", &vkey], &octets);
        let status = output.status.code().unwrap();
        assert!(matches!(status, 1..=3), "octet {at}: {status}");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(!said.contains("Proven:"), "octet {at}: {said}");
    }
    let other = Place::filled("prove-another", 1);
    let (status, said) = text(&[
        "audit",
        "prove",
        "--check",
        &file,
        "--key",
        &other.path("log.vkey"),
    ]);
    assert_eq!(status, 1, "{said}");
    assert!(said.starts_with("Not proven:"), "{said}");
    // A log that was altered proves nothing.
    let records = place.0.join("log/records");
    let line = fs::read_to_string(&records)
        .unwrap()
        .replace("recording/16", "recording/61");
    fs::write(&records, line).unwrap();
    let output = mediaseal(&["audit", "prove", &log, "17", "--key", &vkey]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    for args in [
        &["audit", "prove", &log][..],
        &["audit", "prove", &log, "17"],
        &[
            "audit", "prove", &log, "17", "--check", &file, "--key", &vkey,
        ],
        &["audit", "prove"],
    ] {
        assert_eq!(text(args).0, 2, "{args:?}");
    }
}

#[test]
fn the_bench_measures_each_suite_and_says_on_what() {
    let (status, report) = json(&["bench", "--rounds", "3"]);
    assert_eq!(status, 0);
    assert_eq!(report["tier"], mediaseal::cpu().tier().name());
    let cases = report["cases"].as_array().unwrap();
    let count = |operation: &str| {
        let of = cases.iter().filter(|case| case["operation"] == operation);
        of.count()
    };
    assert_eq!((count("encrypt"), count("decrypt")), (24, 24));
    assert_eq!((count("batch_encrypt"), count("batch_decrypt")), (16, 16));
    assert_eq!((count("seal"), count("open")), (2, 2));
    for case in cases {
        let ns = |name: &str| case[name].as_u64().unwrap();
        assert!(
            0 < ns("lowest_ns")
                && ns("lowest_ns") <= ns("median_ns")
                && ns("median_ns") <= ns("highest_ns"),
            "{case}"
        );
    }
    // A key frame takes longer than a packet of speech.
    let of = |octets: u64| {
        let mut found = cases.iter().filter(|case| {
            case["suite"] == "AES_128_GCM_SHA256_128"
                && case["operation"] == "encrypt"
                && case["octets"] == octets
        });
        found.next().unwrap()["median_ns"].as_u64().unwrap()
    };
    assert!(of(80) < of(30_000));
    let (status, said) = text(&["bench", "--rounds", "3"]);
    assert_eq!(status, 0);
    assert!(
        said.contains("AES_256_GCM_SHA512_128") && said.contains("cargo xtask bench"),
        "{said}"
    );
}

/// Every subcommand, down to the last, has an example in its help.
#[test]
fn every_command_teaches_by_example() {
    fn commands(args: &[&str]) -> Vec<String> {
        let output = mediaseal(&[args, &["--help"]].concat());
        assert_eq!(output.status.code(), Some(0), "{args:?}");
        let help = String::from_utf8(output.stdout).unwrap();
        let Some((_, list)) = help.split_once("Commands:\n") else {
            let is_here = help.contains("Example") || help.contains("not in this build");
            assert!(is_here, "{args:?} has no example: {help}");
            return Vec::new();
        };
        let lines = list.lines().take_while(|line| !line.is_empty());
        let names = lines.filter_map(|line| line.split_whitespace().next());
        names
            .filter(|name| *name != "help")
            .map(str::to_owned)
            .collect()
    }
    for group in ["key", "audit"] {
        let found = commands(&[group]);
        assert!(found.len() >= 4, "{found:?}");
        for name in found {
            assert_eq!(commands(&[group, &name]), Vec::<String>::new());
        }
    }
    commands(&["bench"]);
}
