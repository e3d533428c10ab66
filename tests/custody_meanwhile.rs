//! What another process does to a key while this one is at work on it: the stricter state holds.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod custody_support;

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use custody_support::{Kit, Meanwhile, admin};
use mediaseal::vault::custody::{
    AccessRequest, Authorizer, Custody, CustodyError, CustodyOptions, Denied, DestroyMode, KekRef,
    KeyProvider, KeyState, NewKek, Policy, RecordPlace, Survivors, SweepProgress,
};
use mediaseal::vault::{Dek, WrapContext};

fn recordings() -> NewKek {
    NewKek::new("acme", "eu", "recordings")
}

fn place<'a>() -> RecordPlace<'a> {
    RecordPlace {
        table: "patients",
        column: "diagnosis",
        row_id: b"42",
    }
}

/// Allows everything; something happens elsewhere, once, while it is asked.
#[derive(Default)]
struct Slow(Mutex<Option<Meanwhile>>);

impl Authorizer for Slow {
    fn authorize(&self, _: &AccessRequest<'_>) -> Result<(), Denied> {
        let meanwhile = self.0.lock().unwrap().take();
        if let Some(meanwhile) = meanwhile {
            meanwhile();
        }
        Ok(())
    }
}

fn slow(name: &str) -> (Kit, Arc<Slow>) {
    let slow = Arc::new(Slow::default());
    let kit = Kit::with(name, "eu-central-1", Policy::default(), slow.clone());
    (kit, slow)
}

/// A second handle on the store: another process.
fn other(kit: &Kit) -> Custody {
    let options: CustodyOptions = kit.options();
    let path: &Path = &kit.folder.path("custody.db");
    Custody::open(path, options).unwrap()
}

type Change = fn(&Custody, &KekRef);

/// Takes a key to `state` by the states that lead there.
fn set(custody: &Custody, kek: &KekRef, state: KeyState) {
    custody
        .set_state(&admin(), kek, state, "meanwhile")
        .unwrap();
}

fn destroy(custody: &Custody, kek: &KekRef) {
    set(custody, kek, KeyState::Deactivated);
    let mode = DestroyMode::Logical;
    custody
        .destroy_kek(&admin(), kek, mode, Survivors::AreLost, "meanwhile")
        .unwrap();
}

const CHANGES: [Change; 4] = [
    |custody, kek| set(custody, kek, KeyState::Suspended),
    |custody, kek| set(custody, kek, KeyState::Compromised),
    |custody, kek| {
        set(custody, kek, KeyState::Deactivated);
        custody.archive(&admin(), kek, "meanwhile").unwrap();
    },
    destroy,
];

fn is_refused<T>(result: Result<T, CustodyError>) -> bool {
    matches!(
        result,
        Err(CustodyError::StateForbids { .. }
            | CustodyError::Archived(_)
            | CustodyError::KeyDestroyed { .. }
            | CustodyError::NoSuchTransition { .. })
    )
}

#[test]
fn a_kek_that_is_taken_out_of_use_meanwhile_opens_nothing() {
    for (number, change) in CHANGES.into_iter().enumerate() {
        for at_provider in [false, true] {
            let (kit, slow) = slow(&format!("meanwhile-kek-{number}-{at_provider}"));
            let kek = kit.custody.create_kek(&admin(), &recordings()).unwrap();
            let (id, _) = kit.custody.new_dek(&admin(), &kek.id).unwrap();
            let other = other(&kit);
            let meanwhile: Meanwhile = Box::new(move || change(&other, &kek));
            let when = if at_provider {
                &kit.line.meanwhile
            } else {
                &slow.0
            };
            *when.lock().unwrap() = Some(meanwhile);
            // Who accepts compromised keys was not asked as such: the key was not one then.
            let accepting = admin().accepting_compromised();
            let opened = kit.custody.open_dek(&accepting, &id);
            assert!(is_refused(opened), "{number} {at_provider}");
        }
    }
}

#[test]
fn a_rotation_does_not_finish_one_that_others_began_behind_its_back() {
    let (kit, slow) = slow("rotated-meanwhile");
    let kek = kit.custody.create_kek(&admin(), &recordings()).unwrap();
    let (other, line, id) = (other(&kit), kit.line.clone(), kek.id.clone());
    *slow.0.lock().unwrap() = Some(Box::new(move || {
        for version in 2..4 {
            assert_eq!(other.rotate_kek(&admin(), &id).unwrap().version, version);
        }
        line.is_cut.store(true, Ordering::Relaxed);
        assert!(other.rotate_kek(&admin(), &id).is_err());
        line.is_cut.store(false, Ordering::Relaxed);
    }));
    // It knows of version 1 alone, of which the fourth is not the next.
    let rotated = kit.custody.rotate_kek(&admin(), &kek.id);
    assert!(matches!(rotated, Err(CustodyError::Busy)), "{rotated:?}");
    let rotated = kit.custody.rotate_kek(&admin(), &kek.id).unwrap();
    assert_eq!(rotated.version, 4);
    let (id, dek) = kit.custody.new_dek(&admin(), &kek.id).unwrap();
    let opened = kit.custody.open_dek(&admin(), &id).unwrap();
    assert_eq!(opened.expose(), dek.expose());
}

#[test]
fn a_new_version_that_is_suspended_meanwhile_is_not_taken_into_use() {
    for is_suspended in [false, true] {
        let kit = Kit::new(&format!("new-version-meanwhile-{is_suspended}"));
        let first = kit.custody.create_kek(&admin(), &recordings()).unwrap();
        let second = KekRef {
            version: 2,
            ..first.clone()
        };
        let (other, same) = (other(&kit), second.clone());
        *kit.line.before_told.lock().unwrap() = Some(Box::new(move || {
            // The other one finishes what was begun.
            other.tick().unwrap();
            if is_suspended {
                set(&other, &same, KeyState::Suspended);
            }
        }));
        let rotated = kit.custody.rotate_kek(&admin(), &first.id);
        let keks = kit.custody.keks(&admin()).unwrap();
        let state = keks
            .iter()
            .find(|kek| kek.spec.kek == second)
            .map(|kek| kek.state);
        let context = WrapContext {
            purpose: vec![7; 32],
            region: "eu-central-1".to_owned(),
        };
        let wrapped = kit
            .line
            .far
            .wrap(&second, &Dek::generate().unwrap(), &context);
        if is_suspended {
            assert!(is_refused(rotated));
            assert_eq!(state, Some(KeyState::Suspended));
            // The provider had heard that it is active.
            assert!(wrapped.is_err());
        } else {
            assert_eq!(rotated.unwrap(), second);
            assert_eq!(state, Some(KeyState::Active));
            wrapped.unwrap();
        }
    }
}

#[test]
fn a_dek_that_is_destroyed_meanwhile_neither_opens_nor_seals() {
    let (kit, slow) = slow("meanwhile-dek");
    let kek = kit.custody.create_kek(&admin(), &recordings()).unwrap();
    type Use = fn(&Kit, &mediaseal::vault::custody::DekId, &[u8]) -> Result<(), CustodyError>;
    let uses: [Use; 3] = [
        |kit, id, _| kit.custody.open_dek(&admin(), id).map(drop),
        |kit, id, _| {
            let sealed = kit.custody.seal_record(&admin(), id, &place(), b"new");
            sealed.map(drop)
        },
        |kit, _, record| {
            let opened = kit.custody.open_record(&admin(), &place(), record);
            opened.map(drop)
        },
    ];
    for (number, work) in uses.into_iter().enumerate() {
        for at_provider in [false, true] {
            let (id, _) = kit.custody.new_dek(&admin(), &kek.id).unwrap();
            let record = kit
                .custody
                .seal_record(&admin(), &id, &place(), b"before")
                .unwrap();
            let other = other(&kit);
            let meanwhile: Meanwhile = Box::new(move || {
                other.destroy_dek(&admin(), &id, "meanwhile").unwrap();
            });
            let when = if at_provider {
                &kit.line.meanwhile
            } else {
                &slow.0
            };
            *when.lock().unwrap() = Some(meanwhile);
            let done = work(&kit, &id, &record);
            assert!(
                matches!(done, Err(CustodyError::KeyDestroyed { .. })),
                "{number} {at_provider}: {done:?}"
            );
        }
    }
}

#[test]
fn a_key_is_not_called_gone_while_a_reader_keeps_it_in_the_file() {
    let kit = Kit::new("meanwhile-reader");
    let kek = kit.custody.create_kek(&admin(), &recordings()).unwrap();
    set(&kit.custody, &kek, KeyState::Deactivated);
    let file = kit.folder.path("keys.db");
    let reader = rusqlite::Connection::open(&file).unwrap();
    let sealed: Vec<u8> = reader
        .query_row("SELECT sealed FROM kek", [], |row| row.get(0))
        .unwrap();
    reader
        .execute_batch("PRAGMA wal_checkpoint(TRUNCATE); BEGIN; SELECT * FROM kek;")
        .unwrap();
    let is_in_file = || {
        let octets = std::fs::read(&file).unwrap();
        octets.windows(sealed.len()).any(|window| window == sealed)
    };
    let mode = DestroyMode::Effective;
    let tombstone = kit
        .custody
        .destroy_kek(&admin(), &kek, mode, Survivors::MustBeNone, "over")
        .unwrap();
    assert!(is_in_file());
    assert_eq!(tombstone.gone_unix_micros, None);
    drop(reader);
    assert_eq!(kit.custody.tick().unwrap().told, std::slice::from_ref(&kek));
    assert!(!is_in_file());
    let tombstone = kit.custody.tombstone(&admin(), &kek).unwrap().unwrap();
    assert!(tombstone.gone_unix_micros.is_some());
}

#[test]
fn a_version_that_is_taken_out_of_use_during_a_sweep_is_left_alone() {
    for (number, change) in [
        |custody: &Custody, kek: &KekRef| set(custody, kek, KeyState::Compromised),
        |custody: &Custody, kek: &KekRef| custody.archive(&admin(), kek, "meanwhile").unwrap(),
    ]
    .into_iter()
    .enumerate()
    {
        let kit = Kit::new(&format!("meanwhile-sweep-{number}"));
        let kek = kit.custody.create_kek(&admin(), &recordings()).unwrap();
        kit.custody.new_deks(&admin(), &kek.id, 5).unwrap();
        kit.custody.rotate_kek(&admin(), &kek.id).unwrap();
        let (other, former) = (other(&kit), kek.clone());
        *kit.line.meanwhile.lock().unwrap() = Some(Box::new(move || change(&other, &former)));
        let accepting = admin().accepting_compromised();
        let mut go_on = |_: &SweepProgress| ControlFlow::Continue(());
        let report = kit
            .custody
            .sweep(&accepting, &kek.id, 2, &mut go_on)
            .unwrap();
        assert_eq!(report.skipped, [kek]);
        assert_eq!((report.progress.total, report.progress.done), (5, 2));
    }
}

#[test]
fn a_provider_that_was_told_an_older_state_last_is_told_the_newer_one() {
    let kit = Kit::new("meanwhile-told");
    let kek = kit.custody.create_kek(&admin(), &recordings()).unwrap();
    let (other, same) = (other(&kit), kek.clone());
    *kit.line.before_told.lock().unwrap() =
        Some(Box::new(move || set(&other, &same, KeyState::Active)));
    // It is active again before the provider hears that it is suspended.
    set(&kit.custody, &kek, KeyState::Suspended);
    assert_eq!(kit.custody.tick().unwrap().told, std::slice::from_ref(&kek));
    kit.custody.new_dek(&admin(), &kek.id).unwrap();
}
