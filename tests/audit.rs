//! The audit log as its users meet it: written, gone on with, verified, proven from.
#![cfg(feature = "recording")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "audit/setup.rs"]
mod setup;

use std::sync::{Arc, Mutex};
use std::time::Instant;

use mediaseal::vault::audit::{
    AllSinks, AuditError, AuditEvent, AuditLog, AuditLogError, AuditLogOptions, AuditRecord,
    AuditSink, CallbackSink, Durability, Outcome, Recovered, Trust, Verdict, checkpoints, prove,
    prove_consistency, read_records, verify,
};
use mediaseal::vault::grant::{Identity, Kem, Signer};
use mediaseal::vault::transparency::{Checkpoint, VerifierKey, verify_consistency};
use setup::{
    Folder, NOW, SetClock, auditor, auditors, create, event, key_of, open, options, signer,
};

#[test]
fn what_is_recorded_is_read_verified_and_proven() {
    let folder = Folder::new("life");
    let log = create(&folder);
    let key = log.verifier_key().clone();
    for number in 0..600 {
        log.record(&event(number)).unwrap();
    }
    // The log's own first record is number 0.
    assert_eq!(log.size(), 601);
    let last = log.close().unwrap();
    assert_eq!(Checkpoint::open(last.as_bytes(), &key).unwrap().size, 602);

    for trust in [
        Trust::Signer(&key_of(&folder)),
        Trust::Auditor(&key_of(&folder), &auditor()),
    ] {
        let report = verify(&folder, trust, &[&last]).unwrap();
        assert_eq!(report.verdict, Verdict::Intact);
        assert_eq!(
            (report.records, report.covered, report.unfinished),
            (602, 602, 0)
        );
        assert_eq!(report.is_chained, matches!(trust, Trust::Auditor(..)));
    }
    let report = verify(&folder, Trust::Nothing, &[]).unwrap();
    assert_eq!(report.verdict, Verdict::Consistent);

    let mut read = Vec::new();
    read_records(&folder, 0, &mut |record, line| {
        assert_eq!(record.to_line().unwrap(), line);
        read.push(record.event.clone());
        true
    })
    .unwrap();
    assert_eq!(read.len(), 602);
    assert_eq!(read[0].action, "audit.start");
    assert_eq!(read[601].action, "audit.stop");
    for number in 0..600 {
        let at = usize::try_from(number).unwrap() + 1;
        assert_eq!(read[at], event(number));
    }

    let notes = checkpoints(&folder).unwrap();
    let sizes: Vec<u64> = notes
        .iter()
        .map(|note| Checkpoint::open(note.as_bytes(), &key).unwrap().size)
        .collect();
    assert_eq!(sizes, [256, 512, 602]);
    for number in [0, 1, 255, 256, 300, 511, 512, 601] {
        let proven = prove(&folder, number, None, &key).unwrap();
        let (record, checkpoint) = proven.verify(&key).unwrap();
        assert_eq!((record.number, checkpoint.size), (number, 602));
    }
    let proven = prove(&folder, 255, Some(256), &key).unwrap();
    assert_eq!(proven.proof.hashes.len(), 8);
    assert_eq!(proven.verify(&key).unwrap().1.size, 256);
    let no_checkpoint = |result: Result<_, AuditLogError>| {
        assert!(matches!(result, Err(AuditLogError::NoCheckpoint)));
    };
    no_checkpoint(prove(&folder, 256, Some(256), &key));
    no_checkpoint(prove(&folder, 602, None, &key));
    no_checkpoint(prove(&folder, 0, Some(255), &key));
    // Another record does not pass for it.
    let mut other = proven.clone();
    other.line = prove(&folder, 254, None, &key).unwrap().line;
    assert!(matches!(
        other.verify(&key),
        Err(AuditLogError::Transparency(_))
    ));

    let [first, .., third] =
        [0, 1, 2].map(|at: usize| Checkpoint::open(notes[at].as_bytes(), &key).unwrap());
    let proof = prove_consistency(&folder, 256, 602).unwrap();
    verify_consistency(256, 602, &proof, &first.root, &third.root).unwrap();
}

#[test]
fn a_log_is_gone_on_with() {
    let folder = Folder::new("reopened");
    drop(create(&folder));
    for round in 1..=5 {
        let log = open(&folder);
        assert_eq!(log.recovered(), Recovered::default());
        for number in 0..100 {
            log.record(&event(number)).unwrap();
        }
        assert_eq!(log.size(), 1 + round * 101);
        drop(log);
    }
    let report = verify(&folder, Trust::Auditor(&key_of(&folder), &auditor()), &[]).unwrap();
    assert_eq!(report.verdict, Verdict::Intact);
    assert_eq!((report.records, report.covered), (506, 256));
}

#[test]
fn one_object_at_a_time_and_its_own_signer() {
    let folder = Folder::new("locked");
    assert!(matches!(
        AuditLog::open(&*folder, signer(), AuditLogOptions::default()),
        Err(AuditLogError::NotThere)
    ));
    assert!(matches!(
        verify(&folder, Trust::Nothing, &[]),
        Err(AuditLogError::NotThere)
    ));
    let none = AuditLog::create(&*folder, &[], signer(), AuditLogOptions::default());
    assert!(matches!(none, Err(AuditLogError::Auditors)));
    let many = vec![auditors().remove(0); 17];
    let many = AuditLog::create(&*folder, &many, signer(), AuditLogOptions::default());
    assert!(matches!(many, Err(AuditLogError::Auditors)));
    let log = AuditLog::create(&*folder, &auditors(), signer(), AuditLogOptions::default());
    let log = log.unwrap();
    assert!(matches!(
        AuditLog::open(&*folder, signer(), AuditLogOptions::default()),
        Err(AuditLogError::Locked)
    ));
    drop(log);
    assert!(matches!(
        AuditLog::create(&*folder, &auditors(), signer(), AuditLogOptions::default()),
        Err(AuditLogError::AlreadyThere)
    ));
    let stranger = Signer::from_bytes(&[8; 32]);
    let stranger_key = VerifierKey::new(key_of(&folder).name(), stranger.public()).unwrap();
    let other_log = VerifierKey::new("mediaseal/audit/00", signer().public()).unwrap();
    assert!(matches!(
        verify(&folder, Trust::Signer(&other_log), &[]),
        Err(AuditLogError::OtherSigner)
    ));
    assert!(matches!(
        verify(&folder, Trust::Signer(&stranger_key), &[]),
        Err(AuditLogError::OtherSigner)
    ));
    assert!(matches!(
        AuditLog::open(&*folder, stranger, AuditLogOptions::default()),
        Err(AuditLogError::OtherSigner)
    ));
    let other = Identity::from_bytes(Kem::X25519, &[5; 32]).unwrap();
    assert!(matches!(
        verify(&folder, Trust::Auditor(&key_of(&folder), &other), &[]),
        Err(AuditLogError::NotAnAuditor)
    ));
}

#[test]
fn every_kem_and_every_auditor_opens_the_chain() {
    let folder = Folder::new("auditors");
    let identities =
        [Kem::X25519, Kem::P256, Kem::XWing].map(|kem| Identity::generate(kem).unwrap());
    let recipients = identities
        .each_ref()
        .map(|identity| identity.recipient().clone());
    let log = AuditLog::create(&*folder, &recipients, signer(), AuditLogOptions::default());
    let log = log.unwrap();
    log.record(&event(1)).unwrap();
    log.close().unwrap();
    for identity in &identities {
        let report = verify(&folder, Trust::Auditor(&key_of(&folder), identity), &[]).unwrap();
        assert_eq!((report.verdict, report.records), (Verdict::Intact, 3));
    }
}

#[test]
fn checkpoints_come_after_256_records_or_60_seconds() {
    let folder = Folder::new("due");
    let clock = Arc::new(SetClock::default());
    let told = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&told);
    let options = AuditLogOptions {
        durability: Durability::System,
        clock: Arc::<SetClock>::clone(&clock),
        on_checkpoint: Some(Box::new(move |note| {
            heard.lock().unwrap().push(note.to_owned());
        })),
    };
    let log = AuditLog::create(&*folder, &auditors(), signer(), options).unwrap();
    let sizes = || {
        let notes = told.lock().unwrap();
        let size = |note: &String| Checkpoint::read_unverified(note.as_bytes()).unwrap().size;
        notes.iter().map(size).collect::<Vec<u64>>()
    };
    clock.set(59_999_999);
    log.tick().unwrap();
    assert!(sizes().is_empty());
    clock.set(60_000_000);
    log.tick().unwrap();
    assert_eq!(sizes(), [1]);
    clock.set(200_000_000);
    log.tick().unwrap();
    assert_eq!(sizes(), [1], "nothing is new");
    log.record(&event(0)).unwrap();
    log.record(&event(1)).unwrap();
    assert_eq!(sizes(), [1, 2], "the next record finds it due");
    // Set back by an hour: no reason to wait.
    clock.set(0);
    log.tick().unwrap();
    assert_eq!(sizes(), [1, 2, 3]);
    for number in 0..512 {
        log.record(&event(number)).unwrap();
    }
    log.tick().unwrap();
    assert_eq!(sizes(), [1, 2, 3, 259, 515]);
    assert_eq!(checkpoints(&folder).unwrap(), *told.lock().unwrap());
}

#[test]
fn events_of_any_text_stand_on_one_line_each() {
    let folder = Folder::new("texts");
    let log = create(&folder);
    let ugly: String = (0..0x180)
        .filter_map(char::from_u32)
        .chain("\u{2028}💥\"\\".chars())
        .collect();
    let ugly = AuditEvent {
        unix_micros: 253_402_300_799_999_999,
        actor: ugly.clone(),
        action: ugly.clone().into(),
        resource: ugly.clone(),
        outcome: Outcome::Failed,
        reason: ugly.clone(),
        attributes: vec![(ugly.clone().into(), ugly), ("".into(), String::new())],
    };
    log.record(&ugly).unwrap();
    let line_of = |event: &AuditEvent| {
        let record = AuditRecord {
            number: 0,
            event: event.clone(),
        };
        record.to_line()
    };
    let line = line_of(&ugly).unwrap();
    assert!(!line.contains(|c: char| c < ' '));
    // Any reader of JSON reads the same.
    let value: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(value["actor"], ugly.actor.as_str());
    assert_eq!(
        value["attributes"][ugly.actor.as_str()],
        ugly.actor.as_str()
    );

    let mut large = event(0);
    let room = 65_535
        - line_of(&AuditEvent {
            reason: String::new(),
            ..event(0)
        })
        .unwrap()
        .len();
    large.reason = "x".repeat(room - 10);
    log.record(&large).unwrap();
    large.reason = "x".repeat(room + 10);
    assert!(matches!(log.record(&large), Err(AuditError::TooLarge)));
    large.reason = "\u{1}".repeat(20_000);
    assert!(matches!(log.record(&large), Err(AuditError::TooLarge)));
    let mut twice = event(0);
    twice.attributes.push(twice.attributes[0].clone());
    assert!(matches!(log.record(&twice), Err(AuditError::Invalid(_))));
    let late = AuditEvent {
        unix_micros: u64::MAX,
        ..event(0)
    };
    assert!(matches!(log.record(&late), Err(AuditError::Invalid(_))));

    log.record(&event(5)).unwrap();
    log.close().unwrap();
    let mut actions = 0;
    read_records(&folder, 1, &mut |record, _| {
        if record.number == 1 {
            assert_eq!(record.event, ugly);
        }
        actions += 1;
        true
    })
    .unwrap();
    assert_eq!(actions, 4, "what was refused left nothing");
    let report = verify(&folder, Trust::Auditor(&key_of(&folder), &auditor()), &[]).unwrap();
    assert_eq!((report.verdict, report.records), (Verdict::Intact, 5));
}

#[test]
fn a_line_has_one_form() {
    let record = AuditRecord {
        number: 7,
        event: event(7),
    };
    let line = record.to_line().unwrap();
    assert_eq!(AuditRecord::from_line(line.as_bytes()).unwrap(), record);
    for (from, to) in [
        ("\"v\":1", "\"v\":2"),
        ("\"v\":1", "\"v\":1.0"),
        ("\"n\":7", "\"n\":07"),
        ("\"n\":7", "\"n\":7,\"n\":7"),
        ("\"n\":7", "\"n\": 7"),
        ("alice", "\\u0061lice"),
        ("refused", "unheard of"),
        ("\"region\":\"eu\"", "\"region\":\"eu\",\"region\":\"eu\""),
        ("\"region\":\"eu\"", "\"region\":1"),
        ("}}", "},\"x\":1}"),
        ("}}", "}} "),
        ("}}", "}"),
    ] {
        let changed = line.replacen(from, to, 1);
        assert_ne!(changed, line, "{from}");
        assert!(
            AuditRecord::from_line(changed.as_bytes()).is_err(),
            "{changed}"
        );
    }
    let deep = "[".repeat(60_000);
    assert!(AuditRecord::from_line(deep.as_bytes()).is_err());
}

#[test]
fn several_sinks_all_get_it_and_one_failure_is_told() {
    let heard = Arc::new(Mutex::new(0));
    let counting = |heard: &Arc<Mutex<u32>>| {
        let heard = Arc::clone(heard);
        Arc::new(CallbackSink::new(move |_: &AuditEvent| {
            *heard.lock().unwrap() += 1;
            Ok(())
        }))
    };
    let failing = CallbackSink::new(|_: &AuditEvent| Err(AuditError::Unavailable("full".into())));
    let all = AllSinks::new(vec![counting(&heard), Arc::new(failing), counting(&heard)]);
    assert!(matches!(
        all.record(&event(0)),
        Err(AuditError::Unavailable(_))
    ));
    assert_eq!(*heard.lock().unwrap(), 2);
    let all = AllSinks::new(vec![counting(&heard), counting(&heard)]);
    all.record(&event(0)).unwrap();
    assert_eq!(*heard.lock().unwrap(), 4);
    // Nobody wrote it down.
    assert!(AllSinks::new(Vec::new()).record(&event(0)).is_err());
}

#[test]
fn threads_share_a_log() {
    let folder = Folder::new("threads");
    let log = create(&folder);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..200).for_each(|number| log.record(&event(number)).unwrap()));
        }
    });
    log.close().unwrap();
    let report = verify(&folder, Trust::Auditor(&key_of(&folder), &auditor()), &[]).unwrap();
    assert_eq!((report.verdict, report.records), (Verdict::Intact, 802));
}

#[test]
fn a_log_is_verified_and_read_while_it_is_written() {
    let folder = Folder::new("live");
    let log = create(&folder);
    let (key, auditor) = (log.verifier_key().clone(), auditor());
    std::thread::scope(|scope| {
        let writer =
            scope.spawn(|| (0..30_000).for_each(|number| log.record(&event(number)).unwrap()));
        let (mut before, mut rounds) = (0, 0);
        while !writer.is_finished() {
            let report = verify(&folder, Trust::Auditor(&key, &auditor), &[]).unwrap();
            assert_eq!(report.verdict, Verdict::Intact, "{report:?}");
            assert!(report.records >= before);
            before = report.records;
            read_records(&folder, before.saturating_sub(10), &mut |_, _| true).unwrap();
            rounds += 1;
        }
        println!("verified {rounds} times");
    });
}

/// The log that `tests/vectors/mediaseal/check_audit.py`, an independent program, verifies too.
#[test]
fn the_log_of_the_vectors_is_verified_and_gone_on_with() {
    let source =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/mediaseal/audit");
    let keys = std::fs::read_to_string(source.join("keys.json")).unwrap();
    let keys: serde_json::Value = serde_json::from_str(&keys).unwrap();
    let folder = Folder::new("vectors");
    std::fs::create_dir(&*folder).unwrap();
    for name in ["header", "records", "index", "checkpoints", "state"] {
        std::fs::copy(source.join(name), folder.join(name)).unwrap();
    }
    folder.write("lock", b"");
    let report = verify(&folder, Trust::Auditor(&key_of(&folder), &auditor()), &[]).unwrap();
    assert_eq!(
        (report.verdict, report.records, report.covered),
        (Verdict::Intact, 40, 40)
    );
    let key = keys["verifier_key"].as_str().unwrap().parse().unwrap();
    for number in 0..40 {
        prove(&folder, number, None, &key).unwrap();
    }
    let last = checkpoints(&folder).unwrap().pop().unwrap();
    let root = Checkpoint::open(last.as_bytes(), &key).unwrap().root;
    assert_eq!(
        data_encoding::HEXLOWER.encode(&root),
        keys["root"].as_str().unwrap()
    );
    let log = open(&folder);
    assert_eq!((log.size(), log.recovered()), (41, Recovered::default()));
    assert_eq!(*log.verifier_key(), key);
    println!("vectors: mediaseal audit log: 40");
}

/// A figure, not a bound: it is printed.
#[test]
fn what_a_record_costs() {
    let folder = Folder::new("cost");
    let log = AuditLog::create(&*folder, &auditors(), signer(), options(Durability::System));
    let log = log.unwrap();
    let mut nanos: Vec<u128> = (0..20_000)
        .map(|number| {
            let event = event(number);
            let start = Instant::now();
            log.record(&event).unwrap();
            start.elapsed().as_nanos()
        })
        .collect();
    nanos.sort_unstable();
    println!(
        "append: median {} ns, p99 {} ns, at most {} ns",
        nanos[nanos.len() / 2],
        nanos[nanos.len() * 99 / 100],
        nanos[nanos.len() - 1]
    );
    assert_eq!(log.size(), 20_001);
    assert!(event(0).unix_micros >= NOW);
}
