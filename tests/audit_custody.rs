//! Custody over a real audit log: what it did is there, in order, and what cannot be written down is not done.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod custody_support;

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use custody_support::{Folder, Line, START, SetClock, admin, file_provider};
use mediaseal::vault::audit::{
    AuditLog, AuditLogOptions, Durability, Outcome, Trust, Verdict, read_records, verify,
};
use mediaseal::vault::custody::{
    Access, Custody, CustodyError, CustodyOptions, Everybody, KeyState, NewKek, Policy,
};
use mediaseal::vault::grant::{Identity, Kem, Signer};

#[test]
fn custody_writes_an_audit_log_and_does_nothing_that_it_cannot_write_down() {
    let folder = Folder::new("audited");
    let (signer, auditor) = (
        Signer::generate().unwrap(),
        Identity::generate(Kem::P256).unwrap(),
    );
    let clock = Arc::new(SetClock(AtomicU64::new(START)));
    let options = AuditLogOptions {
        durability: Durability::Synced,
        clock: clock.clone(),
        on_checkpoint: None,
    };
    let auditors = [auditor.recipient().clone()];
    let log = AuditLog::create(folder.path("audit"), &auditors, signer, options).unwrap();
    let key = log.verifier_key().clone();
    let log = Arc::new(log);
    let line = Line::to(file_provider(&folder.path("keys.db"), "eu"));
    let options = CustodyOptions::new(line.clone(), Arc::new(Everybody), log.clone())
        .with_policy(Policy::pin("eu"))
        .with_clock(clock.clone());
    let custody = Custody::create(folder.path("custody.db"), options).unwrap();

    let new = NewKek::new("acme", "eu", "recordings");
    let kek = custody.create_kek(&admin(), &new).unwrap();
    let (id, dek) = custody.new_dek(&admin(), &kek.id).unwrap();
    custody.open_dek(&Access::of("alice"), &id).unwrap();
    let abroad = NewKek::new("acme", "us", "recordings");
    assert!(custody.create_kek(&Access::of("mallory"), &abroad).is_err());

    // A caller whose address is longer than a record could hold gets nothing, and is not written down either.
    let unwraps = line.unwraps.load(Ordering::Relaxed);
    let mut large = Access::of("eve");
    large.address = "x".repeat(70_000);
    assert!(matches!(
        custody.open_dek(&large, &id),
        Err(CustodyError::Invalid(_))
    ));
    assert_eq!(
        line.unwraps.load(Ordering::Relaxed),
        unwraps,
        "nobody was asked"
    );
    custody.open_dek(&Access::of("alice"), &id).unwrap();
    custody
        .set_state(&admin(), &kek, KeyState::Compromised, "found on a laptop")
        .unwrap();
    assert!(custody.open_dek(&Access::of("alice"), &id).is_err());
    drop(custody);
    Arc::into_inner(log).unwrap().close().unwrap();

    let trust = Trust::Auditor(&key, &auditor);
    let report = verify(&folder.path("audit"), trust, &[]).unwrap();
    assert_eq!((report.verdict, report.unfinished), (Verdict::Intact, 0));
    let mut seen = Vec::new();
    read_records(&folder.path("audit"), 0, &mut |record, _| {
        let event = &record.event;
        seen.push((event.actor.clone(), event.action.to_string(), event.outcome));
        true
    })
    .unwrap();
    let has = |actor: &str, action: &str, outcome: Outcome| {
        let row = (actor.to_owned(), action.to_owned(), outcome);
        seen.iter().filter(|other| **other == row).count()
    };
    println!("{seen:#?}");
    assert_eq!(has("admin", "kek.create", Outcome::Allowed), 1);
    assert_eq!(has("alice", "dek.open", Outcome::Allowed), 3);
    assert_eq!(has("alice", "dek.open", Outcome::Refused), 1);
    assert_eq!(has("mallory", "kek.create", Outcome::Refused), 1);
    assert!(has("admin", "kek.state", Outcome::Allowed) >= 1);
    assert!(seen.iter().all(|(actor, ..)| actor != "eve"));

    for entry in fs::read_dir(folder.path("audit")).unwrap() {
        let octets = fs::read(entry.unwrap().path()).unwrap();
        let hex = data_encoding::HEXLOWER.encode(&dek.expose()[..16]);
        assert!(!octets.windows(16).any(|part| part == &dek.expose()[..16]));
        assert!(!octets.windows(32).any(|part| part == hex.as_bytes()));
    }
}
