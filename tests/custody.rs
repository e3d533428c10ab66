//! Key custody: three tiers, states, periods, policy, who may, destruction, moving, records.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod custody_support;

use std::fs;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use custody_support::{Folder, Kit, Line, PASSPHRASE, START, admin, cheap, file_provider};
use mediaseal::vault::audit::Outcome;
use mediaseal::vault::custody::{
    Access, AccessRequest, Action, Activation, Authorizer, Custody, CustodyError, CustodyOptions,
    DekId, Denied, DestroyMode, Destruction, Enforcement, Everybody, FileProvider, KekRef, KekSpec,
    KeyProvider, KeyState, NewKek, Policy, ProviderError, ProviderInfo, ProviderName, ProviderUrl,
    RecordPlace, Role, Roles, SecretKind, Survivors, Told, dek_of_record, open_provider,
};
use mediaseal::vault::{Dek, KekWrapper, WrapContext, WrapError, WrappedKey};
use zeroize::Zeroizing;

const SECOND: u64 = 1_000_000;

fn recordings() -> NewKek {
    NewKek::new("acme", "eu", "recordings")
}

fn go_on(_: &mediaseal::vault::custody::SweepProgress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn place<'a>() -> RecordPlace<'a> {
    RecordPlace {
        table: "patients",
        column: "diagnosis",
        row_id: b"42",
    }
}

#[test]
fn a_key_lives_from_creation_over_rotation_to_destruction() {
    let kit = Kit::new("life");
    let custody = &kit.custody;
    let first = custody.create_kek(&admin(), &recordings()).unwrap();
    assert_eq!(first.version, 1);
    let (id, dek) = custody.new_dek(&admin(), &first.id).unwrap();
    let opened = custody.open_dek(&admin(), &id).unwrap();
    assert_eq!(opened.expose(), dek.expose());

    let second = custody.rotate_kek(&admin(), &first.id).unwrap();
    assert_eq!((&second.id, second.version), (&first.id, 2));
    let state = |kek: &KekRef| {
        let keks = custody.keks(&admin()).unwrap();
        let info = keks.into_iter().find(|info| info.spec.kek == *kek).unwrap();
        (info.state, info.deks)
    };
    assert_eq!(state(&first), (KeyState::Deactivated, 1));
    assert_eq!(state(&second), (KeyState::Active, 0));
    // Opening it moves it.
    let opened = custody.open_dek(&admin(), &id).unwrap();
    assert_eq!(opened.expose(), dek.expose());
    assert_eq!(state(&first).1, 0);
    assert_eq!(state(&second).1, 1);

    let mode = DestroyMode::Effective;
    let tombstone = custody
        .destroy_kek(&admin(), &first, mode, Survivors::MustBeNone, "rotated")
        .unwrap();
    assert_eq!(tombstone.gone_unix_micros, Some(START));
    assert_eq!(
        custody.open_dek(&admin(), &id).unwrap().expose(),
        dek.expose()
    );
    let states: Vec<_> = custody
        .history(&admin(), &first)
        .unwrap()
        .into_iter()
        .map(|change| change.state)
        .collect();
    assert_eq!(
        states,
        [
            KeyState::PreActivation,
            KeyState::Active,
            KeyState::Deactivated,
            KeyState::Destroyed
        ]
    );
    let verified = custody.verify(&admin()).unwrap();
    assert_eq!(
        (verified.keks, verified.deks, verified.tombstones),
        (2, 1, 1)
    );
    // Another handle on the files finds it all.
    let again = Custody::open(kit.folder.path("custody.db"), kit.options()).unwrap();
    assert_eq!(
        again.open_dek(&admin(), &id).unwrap().expose(),
        dek.expose()
    );
}

#[test]
fn there_is_one_kek_of_a_use() {
    let kit = Kit::new("one");
    kit.custody.create_kek(&admin(), &recordings()).unwrap();
    let again = kit.custody.create_kek(&admin(), &recordings());
    assert!(matches!(again, Err(CustodyError::Invalid(_))));
    for (tenant, region, purpose) in [
        ("other", "eu", "recordings"),
        ("acme", "eu-central-1", "recordings"),
        ("acme", "eu", "records"),
    ] {
        let new = NewKek::new(tenant, region, purpose);
        kit.custody.create_kek(&admin(), &new).unwrap();
    }
    let long = NewKek::new(&"x".repeat(256), "eu", "");
    assert!(kit.custody.create_kek(&admin(), &long).is_err());
    assert!(
        kit.custody
            .create_kek(&admin(), &NewKek::new("a\n", "eu", ""))
            .is_err()
    );
}

#[test]
fn a_creation_or_rotation_that_was_cut_short_is_finished() {
    let kit = Kit::new("cut");
    kit.line.is_cut.store(true, Ordering::Relaxed);
    let refused = kit.custody.create_kek(&admin(), &recordings());
    assert!(matches!(
        refused,
        Err(CustodyError::Provider(ProviderError::Unavailable(_)))
    ));
    kit.line.is_cut.store(false, Ordering::Relaxed);
    let kek = kit.custody.create_kek(&admin(), &recordings()).unwrap();
    assert_eq!(kit.custody.keks(&admin()).unwrap().len(), 1);
    let (id, _) = kit.custody.new_dek(&admin(), &kek.id).unwrap();

    kit.line.is_cut.store(true, Ordering::Relaxed);
    assert!(kit.custody.rotate_kek(&admin(), &kek.id).is_err());
    kit.line.is_cut.store(false, Ordering::Relaxed);
    // Meanwhile the former version wraps and unwraps.
    kit.custody.new_dek(&admin(), &kek.id).unwrap();
    kit.custody.open_dek(&admin(), &id).unwrap();
    let report = kit.custody.tick().unwrap();
    assert!(report.failed.is_empty(), "{report:?}");
    let keks = kit.custody.keks(&admin()).unwrap();
    let states: Vec<_> = keks.iter().map(|info| info.state).collect();
    assert_eq!(states, [KeyState::Active, KeyState::Deactivated]);
    assert_eq!(
        kit.custody.rotate_kek(&admin(), &kek.id).unwrap().version,
        3
    );
}

#[test]
fn a_rotation_that_was_given_up_locks_nothing() {
    for mode in [DestroyMode::Logical, DestroyMode::Effective] {
        let kit = Kit::new(&format!("given-up-{mode:?}"));
        let kek = kit.custody.create_kek(&admin(), &recordings()).unwrap();
        let (id, _) = kit.custody.new_dek(&admin(), &kek.id).unwrap();
        kit.line.is_cut.store(true, Ordering::Relaxed);
        assert!(kit.custody.rotate_kek(&admin(), &kek.id).is_err());
        kit.line.is_cut.store(false, Ordering::Relaxed);
        let second = KekRef {
            version: 2,
            ..kek.clone()
        };
        let survivors = Survivors::MustBeNone;
        kit.custody
            .destroy_kek(&admin(), &second, mode, survivors, "given up")
            .unwrap();
        let third = kit.custody.rotate_kek(&admin(), &kek.id).unwrap();
        assert_eq!(third.version, 3);
        kit.custody.open_dek(&admin(), &id).unwrap();
        kit.custody.new_dek(&admin(), &kek.id).unwrap();
    }
}

#[test]
fn a_provider_that_is_away_learns_of_a_state_later() {
    let kit = Kit::new("later");
    let kek = kit.custody.create_kek(&admin(), &recordings()).unwrap();
    let (id, _) = kit.custody.new_dek(&admin(), &kek.id).unwrap();
    kit.line.is_cut.store(true, Ordering::Relaxed);
    let told = kit
        .custody
        .set_state(&admin(), &kek, KeyState::Compromised, "found on a forum")
        .unwrap();
    assert!(matches!(told, Told::Later(ProviderError::Unavailable(_))));
    kit.line.is_cut.store(false, Ordering::Relaxed);
    assert!(matches!(
        kit.custody.open_dek(&admin(), &id),
        Err(CustodyError::StateForbids { .. })
    ));
    assert_eq!(kit.custody.tick().unwrap().told, std::slice::from_ref(&kek));
    assert!(kit.custody.tick().unwrap().told.is_empty());

    // Destruction: out of use at once, gone when the provider is reached.
    kit.line.is_cut.store(true, Ordering::Relaxed);
    let mode = DestroyMode::Effective;
    let tombstone = kit
        .custody
        .destroy_kek(&admin(), &kek, mode, Survivors::AreLost, "forum")
        .unwrap();
    assert_eq!(tombstone.gone_unix_micros, None);
    kit.line.is_cut.store(false, Ordering::Relaxed);
    kit.clock.advance(SECOND);
    assert!(!kit.audit.has("kek.destroy", Outcome::Done));
    assert_eq!(kit.custody.tick().unwrap().told, std::slice::from_ref(&kek));
    assert!(kit.audit.has("kek.destroy", Outcome::Done));
    let tombstone = kit.custody.tombstone(&admin(), &kek).unwrap().unwrap();
    assert_eq!(tombstone.gone_unix_micros, Some(START + SECOND));
    assert!(matches!(
        kit.line.far.set_state(&kek, KeyState::Active),
        Err(ProviderError::KekDestroyed(_))
    ));
}

#[test]
fn compromised_and_suspended_keys_open_only_for_who_says_so() {
    let kit = Kit::new("flag");
    let kek = kit.custody.create_kek(&admin(), &recordings()).unwrap();
    let (id, dek) = kit.custody.new_dek(&admin(), &kek.id).unwrap();
    let set = |state| kit.custody.set_state(&admin(), &kek, state, "test");
    set(KeyState::Suspended).unwrap();
    assert!(matches!(
        kit.custody.open_dek(&admin(), &id),
        Err(CustodyError::StateForbids {
            state: KeyState::Suspended,
            ..
        })
    ));
    let lenient = kit.options();
    let lenient = lenient.with_policy(Policy::default().unwrapping_suspended());
    let lenient = Custody::open(kit.folder.path("custody.db"), lenient).unwrap();
    assert_eq!(
        lenient.open_dek(&admin(), &id).unwrap().expose(),
        dek.expose()
    );
    assert!(kit.custody.new_dek(&admin(), &kek.id).is_err());
    set(KeyState::Active).unwrap();
    kit.custody.open_dek(&admin(), &id).unwrap();
    set(KeyState::Compromised).unwrap();
    assert!(lenient.open_dek(&admin(), &id).is_err());
    assert!(kit.audit.has("dek.open", Outcome::Refused));
    let accepting = admin().accepting_compromised();
    let opened = kit.custody.open_dek(&accepting, &id).unwrap();
    assert_eq!(opened.expose(), dek.expose());
    assert!(kit.audit.has("dek.unwrap-compromised", Outcome::Allowed));
    assert!(kit.custody.new_dek(&accepting, &kek.id).is_err());
}

#[test]
fn a_cryptoperiod_ends_by_itself() {
    let kit = Kit::new("period");
    let new = NewKek {
        activation: Activation::At {
            unix_micros: START + 10 * SECOND,
        },
        cryptoperiod: Some(Duration::from_secs(60)),
        ..recordings()
    };
    let kek = kit.custody.create_kek(&admin(), &new).unwrap();
    assert!(kit.custody.new_dek(&admin(), &kek.id).is_err());
    assert!(kit.custody.tick().unwrap().changed.is_empty());
    kit.clock.advance(10 * SECOND);
    let changed = kit.custody.tick().unwrap().changed;
    assert_eq!(changed, [(kek.clone(), KeyState::Active)]);
    let (id, dek) = kit.custody.new_dek(&admin(), &kek.id).unwrap();
    kit.clock.advance(60 * SECOND - 1);
    kit.custody.new_dek(&admin(), &kek.id).unwrap();
    kit.clock.advance(1);
    // Nobody called tick: it wraps nothing all the same, and opens what it wrapped.
    assert!(matches!(
        kit.custody.new_dek(&admin(), &kek.id),
        Err(CustodyError::StateForbids { .. })
    ));
    assert_eq!(
        kit.custody.open_dek(&admin(), &id).unwrap().expose(),
        dek.expose()
    );
    let history = kit.custody.history(&admin(), &kek).unwrap();
    let last = history.last().unwrap();
    assert_eq!(
        (last.state, last.actor.as_str()),
        (KeyState::Deactivated, "system")
    );
    // The next version has a period of its own.
    kit.custody.rotate_kek(&admin(), &kek.id).unwrap();
    kit.custody.new_dek(&admin(), &kek.id).unwrap();
    kit.clock.advance(60 * SECOND);
    assert_eq!(kit.custody.tick().unwrap().changed.len(), 1);
    assert!(kit.custody.new_dek(&admin(), &kek.id).is_err());
}

#[test]
fn an_archived_key_opens_nothing_until_it_is_restored() {
    let kit = Kit::new("archive");
    let kek = kit.custody.create_kek(&admin(), &recordings()).unwrap();
    let (id, dek) = kit.custody.new_dek(&admin(), &kek.id).unwrap();
    assert!(kit.custody.archive(&admin(), &kek, "early").is_err());
    kit.custody
        .set_state(&admin(), &kek, KeyState::Deactivated, "over")
        .unwrap();
    kit.custody.archive(&admin(), &kek, "seven years").unwrap();
    assert!(kit.custody.archive(&admin(), &kek, "twice").is_err());
    assert!(matches!(
        kit.custody.open_dek(&admin(), &id),
        Err(CustodyError::Archived(_))
    ));
    kit.custody.restore(&admin(), &kek, "a court asks").unwrap();
    assert_eq!(
        kit.custody.open_dek(&admin(), &id).unwrap().expose(),
        dek.expose()
    );
    let archived: Vec<_> = kit
        .custody
        .history(&admin(), &kek)
        .unwrap()
        .iter()
        .filter_map(|change| change.archived)
        .collect();
    assert_eq!(archived, [true, false]);
}

#[test]
fn a_backup_undoes_logical_destruction_and_not_effective_destruction() {
    for (mode, is_undone) in [
        (DestroyMode::Logical, true),
        (DestroyMode::Effective, false),
    ] {
        let kit = Kit::new(&format!("backup-{is_undone}"));
        let kek = kit.custody.create_kek(&admin(), &recordings()).unwrap();
        let (id, dek) = kit.custody.new_dek(&admin(), &kek.id).unwrap();
        kit.custody
            .set_state(&admin(), &kek, KeyState::Deactivated, "over")
            .unwrap();
        // A backup of the store of custody, made by SQLite while it is in use.
        let backup = kit.folder.path("backup.db");
        rusqlite::Connection::open(kit.folder.path("custody.db"))
            .unwrap()
            .execute("VACUUM INTO ?", [backup.to_str().unwrap()])
            .unwrap();
        let destroy = |survivors| {
            kit.custody
                .destroy_kek(&admin(), &kek, mode, survivors, "retention")
        };
        assert!(matches!(
            destroy(Survivors::MustBeNone),
            Err(CustodyError::StateForbids { .. })
        ));
        destroy(Survivors::AreLost).unwrap();
        for refused in [
            kit.custody.open_dek(&admin(), &id).map(drop),
            kit.custody.new_dek(&admin(), &kek.id).map(drop),
            destroy(Survivors::AreLost).map(drop),
            kit.custody.rotate_kek(&admin(), &kek.id).map(drop),
            kit.custody
                .set_state(&admin(), &kek, KeyState::Active, "")
                .map(drop),
        ] {
            assert!(
                matches!(&refused, Err(CustodyError::KeyDestroyed { reason, unix_micros: START, .. }) if reason == "retention"),
                "{refused:?}"
            );
        }
        let restored = Custody::open(&backup, kit.options()).unwrap();
        let opened = restored.open_dek(&admin(), &id);
        if is_undone {
            assert_eq!(opened.unwrap().expose(), dek.expose());
        } else {
            assert!(matches!(
                opened,
                Err(CustodyError::Provider(ProviderError::KekDestroyed(_)))
            ));
        }
    }
}

#[test]
fn shredding_takes_the_victims_and_leaves_the_others() {
    let kit = Kit::new("shred");
    let kek = kit.custody.create_kek(&admin(), &recordings()).unwrap();
    let keys: Vec<_> = (0..30)
        .map(|_| kit.custody.new_dek(&admin(), &kek.id).unwrap())
        .collect();
    let victims: Vec<DekId> = keys[..3].iter().map(|(id, _)| *id).collect();
    let backup = kit.folder.path("backup.db");
    rusqlite::Connection::open(kit.folder.path("custody.db"))
        .unwrap()
        .execute("VACUUM INTO ?", [backup.to_str().unwrap()])
        .unwrap();
    let destroyed = kit
        .custody
        .shred(&admin(), &kek.id, &victims, "erasure request", &mut go_on)
        .unwrap();
    assert_eq!(destroyed.len(), 1);
    for (id, dek) in &keys {
        let opened = kit.custody.open_dek(&admin(), id);
        if victims.contains(id) {
            assert!(matches!(opened, Err(CustodyError::KeyDestroyed { .. })));
        } else {
            assert_eq!(opened.unwrap().expose(), dek.expose());
        }
    }
    // Nor does a backup bring them back.
    let restored = Custody::open(&backup, kit.options()).unwrap();
    for victim in &victims {
        assert!(restored.open_dek(&admin(), victim).is_err());
    }
    // Once more, as after a kill.
    kit.custody
        .shred(&admin(), &kek.id, &victims, "erasure request", &mut go_on)
        .unwrap();
    kit.custody.open_dek(&admin(), &keys[29].0).unwrap();
}

#[test]
fn shredding_ends_versions_that_were_destroyed_logically() {
    let kit = Kit::new("shred-logical");
    let kek = kit.custody.create_kek(&admin(), &recordings()).unwrap();
    let (victim, _) = kit.custody.new_dek(&admin(), &kek.id).unwrap();
    kit.custody.rotate_kek(&admin(), &kek.id).unwrap();
    let backup = kit.folder.path("backup.db");
    rusqlite::Connection::open(kit.folder.path("custody.db"))
        .unwrap()
        .execute("VACUUM INTO ?", [backup.to_str().unwrap()])
        .unwrap();
    let (mode, survivors) = (DestroyMode::Logical, Survivors::AreLost);
    kit.custody
        .destroy_kek(&admin(), &kek, mode, survivors, "over")
        .unwrap();
    let destroyed = kit
        .custody
        .shred(&admin(), &kek.id, &[victim], "erasure request", &mut go_on)
        .unwrap();
    assert!(destroyed.iter().any(|(gone, _)| *gone == kek));
    let tombstone = kit.custody.tombstone(&admin(), &kek).unwrap().unwrap();
    assert_eq!(tombstone.mode, DestroyMode::Effective);
    assert_eq!(tombstone.gone_unix_micros, Some(START));
    assert!(kit.audit.has("kek.destroy", Outcome::Done));
    let restored = Custody::open(&backup, kit.options()).unwrap();
    assert!(restored.open_dek(&admin(), &victim).is_err());
    kit.custody.verify(&admin()).unwrap();
}

#[test]
fn shredding_destroys_no_version_if_one_cannot_go() {
    let kit = Kit::new("shred-stuck");
    let kek = kit.custody.create_kek(&admin(), &recordings()).unwrap();
    kit.custody.new_dek(&admin(), &kek.id).unwrap();
    let second = kit.custody.rotate_kek(&admin(), &kek.id).unwrap();
    let (victim, _) = kit.custody.new_dek(&admin(), &kek.id).unwrap();
    kit.custody
        .set_state(&admin(), &kek, KeyState::Compromised, "forum")
        .unwrap();
    let refused = kit
        .custody
        .shred(&admin(), &kek.id, &[victim], "erasure request", &mut go_on);
    assert!(
        matches!(refused, Err(CustodyError::StateForbids { .. })),
        "{refused:?}"
    );
    let tombstone = kit.custody.tombstone(&admin(), &second).unwrap();
    assert_eq!(tombstone, None);
}

#[test]
fn victims_of_another_kek_are_not_shredded() {
    let kit = Kit::new("shred-other");
    let kek = kit.custody.create_kek(&admin(), &recordings()).unwrap();
    let new = NewKek::new("acme", "eu", "records");
    let other = kit.custody.create_kek(&admin(), &new).unwrap();
    let (ours, _) = kit.custody.new_dek(&admin(), &kek.id).unwrap();
    let (theirs, _) = kit.custody.new_dek(&admin(), &other.id).unwrap();
    let victims = [ours, theirs];
    let refused = kit
        .custody
        .shred(&admin(), &kek.id, &victims, "erasure request", &mut go_on);
    assert!(
        matches!(refused, Err(CustodyError::Invalid(_))),
        "{refused:?}"
    );
    for id in victims {
        kit.custody.open_dek(&admin(), &id).unwrap();
    }
    assert_eq!(kit.custody.keks(&admin()).unwrap().len(), 2);
    // One that is destroyed is still the other's; and nobody's keys are no reason to destroy a version.
    kit.custody.destroy_dek(&admin(), &theirs, "over").unwrap();
    for victims in [&[theirs][..], &[ours, theirs], &[]] {
        let refused = kit
            .custody
            .shred(&admin(), &kek.id, victims, "erasure request", &mut go_on);
        assert!(
            matches!(refused, Err(CustodyError::Invalid(_))),
            "{refused:?}"
        );
    }
    kit.custody.open_dek(&admin(), &ours).unwrap();
    assert_eq!(kit.custody.keks(&admin()).unwrap().len(), 2);
    let verified = kit.custody.verify(&admin()).unwrap();
    assert_eq!((verified.deks, verified.tombstones), (1, 1));
    kit.custody
        .shred(&admin(), &other.id, &[theirs], "over", &mut go_on)
        .unwrap();
}

#[test]
fn keys_move_to_another_provider() {
    let kit = Kit::new("move");
    let other = file_provider(&kit.folder.path("other.db"), "eu-west-1");
    let elsewhere = file_provider(&kit.folder.path("us.db"), "us-east-1");
    let name = |provider: &FileProvider| {
        let info = provider.describe();
        ProviderName {
            scheme: info.scheme,
            id: info.id,
        }
    };
    let options = kit.options();
    let options = options
        .with_provider(other.clone())
        .with_provider(elsewhere.clone());
    let custody = Custody::open(kit.folder.path("custody.db"), options).unwrap();
    let first = custody.create_kek(&admin(), &recordings()).unwrap();
    let keys: Vec<_> = (0..25)
        .map(|_| custody.new_dek(&admin(), &first.id).unwrap())
        .collect();
    // A key of the EU does not go to the US.
    assert!(matches!(
        custody.move_kek(&admin(), &first.id, &name(&elsewhere)),
        Err(CustodyError::RegionForbidden { .. })
    ));
    let second = custody
        .move_kek(&admin(), &first.id, &name(&other))
        .unwrap();
    let report = custody.sweep(&admin(), &first.id, 10, &mut go_on).unwrap();
    assert_eq!((report.progress.done, report.progress.failed), (25, 0));
    let (mode, survivors) = (DestroyMode::Effective, Survivors::MustBeNone);
    custody
        .destroy_kek(&admin(), &first, mode, survivors, "moved")
        .unwrap();
    // The former provider is not needed any more.
    kit.line.is_cut.store(true, Ordering::Relaxed);
    for (id, dek) in &keys {
        assert_eq!(
            custody.open_dek(&admin(), id).unwrap().expose(),
            dek.expose()
        );
    }
    let keks = custody.keks(&admin()).unwrap();
    assert_eq!((&keks[0].spec.kek, keks[0].deks), (&second, 25));
    assert_eq!(keks[0].provider, name(&other));
}

#[test]
fn a_move_to_a_provider_that_is_away_leaves_the_former_one_at_work() {
    let kit = Kit::new("move-away");
    let other = Line::to(file_provider(&kit.folder.path("other.db"), ""));
    let options = kit.options().with_provider(other.clone());
    let custody = Custody::open(kit.folder.path("custody.db"), options).unwrap();
    let first = custody.create_kek(&admin(), &recordings()).unwrap();
    let info = other.describe();
    let to = ProviderName {
        scheme: info.scheme,
        id: info.id,
    };
    other.is_cut.store(true, Ordering::Relaxed);
    assert!(custody.move_kek(&admin(), &first.id, &to).is_err());
    let (id, _) = custody.new_dek(&admin(), &first.id).unwrap();
    custody.open_dek(&admin(), &id).unwrap();
    assert_eq!(custody.tick().unwrap().failed.len(), 1);
    assert_eq!(custody.keks(&admin()).unwrap()[1].deks, 1);
    other.is_cut.store(false, Ordering::Relaxed);
    let second = custody.move_kek(&admin(), &first.id, &to).unwrap();
    assert_eq!(second.version, 2);
    custody.open_dek(&admin(), &id).unwrap();
    assert_eq!(custody.keks(&admin()).unwrap()[0].deks, 1);
}

/// A provider of an application that wraps under another version than it was asked to.
struct Confused(Arc<FileProvider>);

impl KeyProvider for Confused {
    fn describe(&self) -> ProviderInfo {
        self.0.describe()
    }

    fn create_kek(&self, spec: &KekSpec) -> Result<(), ProviderError> {
        self.0.create_kek(spec)
    }

    fn wrap(
        &self,
        kek: &KekRef,
        dek: &Dek,
        context: &WrapContext,
    ) -> Result<WrappedKey, ProviderError> {
        let mut wrapped = self.0.wrap(kek, dek, context)?;
        wrapped.kek_version += 1;
        Ok(wrapped)
    }

    fn unwrap(&self, wrapped: &WrappedKey, context: &WrapContext) -> Result<Dek, ProviderError> {
        self.0.unwrap(wrapped, context)
    }

    fn set_state(&self, kek: &KekRef, state: KeyState) -> Result<Enforcement, ProviderError> {
        self.0.set_state(kek, state)
    }

    fn destroy_kek(&self, kek: &KekRef) -> Result<Destruction, ProviderError> {
        self.0.destroy_kek(kek)
    }
}

#[test]
fn what_a_provider_wraps_otherwise_than_asked_is_not_stored() {
    let kit = Kit::new("confused");
    let confused = Confused(file_provider(&kit.folder.path("other.db"), ""));
    let (everybody, audit) = (Arc::new(Everybody), kit.audit.clone());
    let options = CustodyOptions::new(Arc::new(confused), everybody, audit);
    let custody = Custody::create(kit.folder.path("custody-2.db"), options).unwrap();
    let kek = custody.create_kek(&admin(), &recordings()).unwrap();
    assert!(matches!(
        custody.new_dek(&admin(), &kek.id),
        Err(CustodyError::Provider(ProviderError::Failed(_)))
    ));
    assert_eq!(custody.verify(&admin()).unwrap().deks, 0);
}

#[test]
fn many_keys_are_made_at_once_or_none_is() {
    let kit = Kit::new("many");
    let kek = kit.custody.create_kek(&admin(), &recordings()).unwrap();
    let made = kit.custody.new_deks(&admin(), &kek.id, 300).unwrap();
    assert_eq!(made.len(), 300);
    for (id, dek) in &made {
        let text = id.to_string();
        assert_eq!((&text[12..13], text.parse::<DekId>().unwrap()), ("7", *id));
        let opened = kit.custody.open_dek(&admin(), id).unwrap();
        assert_eq!(opened.expose(), dek.expose());
    }
    assert!(kit.custody.new_deks(&admin(), &kek.id, 10_001).is_err());
    kit.line.is_cut.store(true, Ordering::Relaxed);
    assert!(kit.custody.new_deks(&admin(), &kek.id, 3).is_err());
    assert_eq!(kit.custody.verify(&admin()).unwrap().deks, 300);
    for text in [
        "",
        "g",
        "0123456789abcdef0123456789abcdeg",
        "+123456789abcdef0123456789abcdef",
    ] {
        assert!(text.parse::<DekId>().is_err(), "{text}");
    }
}

#[test]
fn a_sweep_stops_when_told_and_goes_on_where_it_was() {
    let kit = Kit::new("sweep");
    let kek = kit.custody.create_kek(&admin(), &recordings()).unwrap();
    let keys: Vec<_> = (0..95)
        .map(|_| kit.custody.new_dek(&admin(), &kek.id).unwrap())
        .collect();
    kit.custody.rotate_kek(&admin(), &kek.id).unwrap();
    // One row is damaged, one is another's.
    let db = rusqlite::Connection::open(kit.folder.path("custody.db")).unwrap();
    let (damaged, swapped) = (&keys[10].0, &keys[20].0);
    db.execute(
        "UPDATE dek SET wrapped = zeroblob(100) WHERE id = ?",
        [damaged.as_bytes()],
    )
    .unwrap();
    let mut seen = Vec::new();
    let stopped = kit.custody.sweep(&admin(), &kek.id, 10, &mut |progress| {
        seen.push(*progress);
        if seen.len() == 4 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    assert!(matches!(stopped, Err(CustodyError::Stopped)));
    let last = seen.last().unwrap();
    assert_eq!((last.total, last.done + last.failed), (95, 40));
    let report = kit
        .custody
        .sweep(&admin(), &kek.id, 10, &mut go_on)
        .unwrap();
    assert_eq!(report.progress.failed, 1);
    assert_eq!(report.failures[0].0, damaged.to_string());
    assert!(matches!(report.failures[0].1, CustodyError::Damaged(_)));
    for (id, dek) in &keys {
        let opened = kit.custody.open_dek(&admin(), id);
        if id == damaged {
            assert!(matches!(opened, Err(CustodyError::Damaged(_))));
        } else {
            assert_eq!(opened.unwrap().expose(), dek.expose(), "{swapped}");
        }
    }
    let again = kit.custody.sweep(&admin(), &kek.id, 10, &mut go_on);
    let again = again.unwrap().progress;
    assert_eq!((again.total, again.done, again.failed), (1, 0, 1));
    assert!(kit.custody.sweep(&admin(), &kek.id, 0, &mut go_on).is_err());
}

#[test]
fn a_pinned_policy_refuses_what_is_elsewhere_and_records_it() {
    // A provider of elsewhere.
    let kit = Kit::with("pin", "us-east-1", Policy::pin("eu"), Arc::new(Everybody));
    let refused = kit.custody.create_kek(&admin(), &recordings());
    assert!(
        matches!(&refused, Err(CustodyError::RegionForbidden { what: "provider", region, .. }) if region == "us-east-1"),
        "{refused:?}"
    );
    assert!(kit.audit.has("kek.create", Outcome::Refused));
    // A key of elsewhere, made by a custody that was not pinned.
    let kit = Kit::new("pin-key");
    let kek = kit
        .custody
        .create_kek(&admin(), &NewKek::new("acme", "", "recordings"))
        .unwrap();
    let (id, _) = kit.custody.new_dek(&admin(), &kek.id).unwrap();
    let pinned = kit.options().with_policy(Policy::pin("eu"));
    let pinned = Custody::open(kit.folder.path("custody.db"), pinned).unwrap();
    kit.audit.clear();
    let unwraps = kit.line.unwraps.load(Ordering::Relaxed);
    assert!(matches!(
        pinned.open_dek(&admin(), &id),
        Err(CustodyError::RegionForbidden { what: "key", .. })
    ));
    assert_eq!(kit.line.unwraps.load(Ordering::Relaxed), unwraps);
    let events = kit.audit.events.lock().unwrap().clone();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].outcome, Outcome::Refused);
    assert!(events[0].reason.contains("pinned"), "{}", events[0].reason);
    drop(events);
    // A key of the EU is not used for a recording of the US.
    let eu = kit.custody.create_kek(&admin(), &recordings()).unwrap();
    let context = |region: &str| WrapContext {
        purpose: vec![7; 32],
        region: region.to_owned(),
    };
    let dek = Dek::generate().unwrap();
    assert!(
        kit.custody
            .wrap(&admin(), &eu.id, &dek, &context("us"))
            .is_err()
    );
    let mut wrapped = kit
        .custody
        .wrap(&admin(), &eu.id, &dek, &context("eu-west-1"))
        .unwrap();
    // The region is authenticated: calling it another one opens nothing.
    wrapped.region = "eu".to_owned();
    assert!(
        kit.custody
            .unwrap(&admin(), &wrapped, &context("eu"))
            .is_err()
    );
}

#[test]
fn a_pin_covers_the_key_that_wraps_keys_of_the_callers() {
    for (number, region) in ["", "eu"].into_iter().enumerate() {
        let kit = Kit::new(&format!("pin-caller-{number}"));
        let new = NewKek::new("acme", region, "recordings");
        let kek = kit.custody.create_kek(&admin(), &new).unwrap();
        let context = WrapContext {
            purpose: vec![7; 32],
            region: "eu-central-1".to_owned(),
        };
        let dek = Dek::generate().unwrap();
        let wrapped = kit.custody.wrap(&admin(), &kek.id, &dek, &context).unwrap();
        let pinned = kit.options().with_policy(Policy::pin("eu-central-1"));
        let pinned = Custody::open(kit.folder.path("custody.db"), pinned).unwrap();
        for refused in [
            pinned.wrap(&admin(), &kek.id, &dek, &context).map(drop),
            pinned.unwrap(&admin(), &wrapped, &context).map(drop),
            pinned.rewrap(&admin(), &wrapped, &context).map(drop),
        ] {
            assert!(
                matches!(
                    refused,
                    Err(CustodyError::RegionForbidden { what: "key", .. })
                ),
                "{region:?}: {refused:?}"
            );
        }
    }
}

#[test]
fn a_key_of_the_store_does_not_pass_for_one_of_the_callers() {
    let kit = Kit::new("stored-context");
    let kek = kit.custody.create_kek(&admin(), &recordings()).unwrap();
    let (id, dek) = kit.custody.new_dek(&admin(), &kek.id).unwrap();
    let octets: Vec<u8> = rusqlite::Connection::open(kit.folder.path("custody.db"))
        .unwrap()
        .query_row("SELECT wrapped FROM dek", [], |row| row.get(0))
        .unwrap();
    let wrapped = WrappedKey::from_bytes(&octets).unwrap();
    let context = WrapContext {
        purpose: [b"mediaseal v1 stored dek", &id.as_bytes()[..]].concat(),
        region: "eu".to_owned(),
    };
    // The provider would open it.
    let opened = kit.line.far.unwrap(&wrapped, &context).unwrap();
    assert_eq!(opened.expose(), dek.expose());
    for refused in [
        kit.custody.unwrap(&admin(), &wrapped, &context).map(drop),
        kit.custody.rewrap(&admin(), &wrapped, &context).map(drop),
        kit.custody
            .wrap(&admin(), &kek.id, &dek, &context)
            .map(drop),
    ] {
        assert!(
            matches!(refused, Err(CustodyError::Invalid(_))),
            "{refused:?}"
        );
    }
}

/// Lets nobody in before eight, and nobody without a second factor.
struct OfficeHours;

impl Authorizer for OfficeHours {
    fn authorize(&self, request: &AccessRequest<'_>) -> Result<(), Denied> {
        assert_eq!((request.tenant, request.region), ("acme", "eu"));
        if request.action == Action::Unwrap && (request.hour < 9 || !request.access.mfa) {
            return Err(Denied(format!(
                "{} at {} o'clock from {:?}",
                request.access.principal, request.hour, request.access.address
            )));
        }
        Ok(())
    }
}

#[test]
fn the_authorizer_is_asked_before_the_provider_is() {
    let kit = Kit::with("authorizer", "eu", Policy::default(), Arc::new(OfficeHours));
    let kek = kit.custody.create_kek(&admin(), &recordings()).unwrap();
    let (id, _) = kit.custody.new_dek(&admin(), &kek.id).unwrap();
    let eve = Access::of("eve").with_mfa().from_address("203.0.113.7");
    let refused = kit.custody.open_dek(&eve, &id).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "not authorized: eve at 8 o'clock from \"203.0.113.7\""
    );
    assert_eq!(kit.line.unwraps.load(Ordering::Relaxed), 0);
    assert!(kit.audit.has("dek.open", Outcome::Refused));
    kit.clock.advance(3600 * SECOND);
    kit.custody.open_dek(&eve, &id).unwrap();
    assert!(kit.custody.open_dek(&Access::of("eve"), &id).is_err());
}

#[test]
fn roles_keep_duties_apart() {
    let roles = Roles::new()
        .give("ada", Role::KeyAdmin, None)
        .and_then(|roles| roles.give("rec", Role::Recorder, Some("acme")))
        .and_then(|roles| roles.give("vic", Role::Viewer, Some("acme")))
        .and_then(|roles| roles.give("aud", Role::Auditor, None))
        .unwrap();
    for (who, role) in [
        ("ada", Role::Viewer),
        ("ada", Role::Recorder),
        ("ada", Role::Auditor),
        ("rec", Role::KeyAdmin),
        ("vic", Role::Auditor),
        ("aud", Role::KeyAdmin),
    ] {
        assert!(roles.clone().give(who, role, None).is_err(), "{who}");
    }
    let kit = Kit::with("roles", "eu", Policy::default(), Arc::new(roles));
    let custody = &kit.custody;
    let [ada, rec, vic, aud, nobody] = ["ada", "rec", "vic", "aud", "nobody"].map(Access::of);
    let kek = custody.create_kek(&ada, &recordings()).unwrap();
    let other = custody
        .create_kek(&ada, &NewKek::new("other", "eu", "recordings"))
        .unwrap();
    let (id, _) = custody.new_dek(&rec, &kek.id).unwrap();
    let record = custody.seal_record(&rec, &id, &place(), b"text").unwrap();
    assert!(custody.new_dek(&rec, &other.id).is_err(), "another tenant");
    custody.open_dek(&vic, &id).unwrap();
    custody.open_record(&vic, &place(), &record).unwrap();
    for who in [&ada, &rec, &aud, &nobody] {
        assert!(custody.open_dek(who, &id).is_err());
        assert!(custody.open_record(who, &place(), &record).is_err());
    }
    for who in [&ada, &vic, &aud, &nobody] {
        assert!(custody.new_dek(who, &kek.id).is_err());
    }
    for who in [&rec, &vic, &aud, &nobody] {
        assert!(custody.rotate_kek(who, &kek.id).is_err());
        let (mode, survivors) = (DestroyMode::Logical, Survivors::AreLost);
        assert!(custody.destroy_kek(who, &kek, mode, survivors, "").is_err());
        assert!(
            custody
                .set_state(who, &kek, KeyState::Suspended, "")
                .is_err()
        );
        assert!(custody.destroy_dek(who, &id, "").is_err());
    }
    custody.history(&aud, &kek).unwrap();
    custody.verify(&aud).unwrap();
    assert!(custody.history(&vic, &kek).is_err());
}

#[test]
fn without_a_record_nothing_is_done() {
    let kit = Kit::new("audit");
    let kek = kit.custody.create_kek(&admin(), &recordings()).unwrap();
    let (id, _) = kit.custody.new_dek(&admin(), &kek.id).unwrap();
    kit.audit.is_broken.store(true, Ordering::Relaxed);
    let unwraps = kit.line.unwraps.load(Ordering::Relaxed);
    assert!(matches!(
        kit.custody.open_dek(&admin(), &id),
        Err(CustodyError::Audit(_))
    ));
    assert!(kit.custody.new_dek(&admin(), &kek.id).is_err());
    assert!(kit.custody.rotate_kek(&admin(), &kek.id).is_err());
    assert_eq!(kit.line.unwraps.load(Ordering::Relaxed), unwraps);
    let lenient = kit.options();
    let lenient = lenient.with_policy(Policy::default().failing_open_without_audit());
    let lenient = Custody::open(kit.folder.path("custody.db"), lenient).unwrap();
    lenient.open_dek(&admin(), &id).unwrap();
    assert_eq!(lenient.unrecorded(), 1);
}

#[test]
fn what_is_too_long_for_a_record_is_refused() {
    let kit = Kit::new("long");
    let kek = kit
        .custody
        .create_kek(&admin(), &NewKek::new("acme", "", "recordings"))
        .unwrap();
    kit.audit.clear();
    let long = "x".repeat(256);
    let from = Access {
        address: long.clone(),
        ..admin()
    };
    let context = WrapContext {
        purpose: vec![7; 32],
        region: long.clone(),
    };
    let dek = Dek::generate().unwrap();
    for refused in [
        kit.custody.new_dek(&from, &kek.id).map(drop),
        kit.custody.new_dek(&Access::of(long), &kek.id).map(drop),
        kit.custody
            .wrap(&admin(), &kek.id, &dek, &context)
            .map(drop),
    ] {
        assert!(
            matches!(refused, Err(CustodyError::Invalid(_))),
            "{refused:?}"
        );
    }
    assert!(kit.audit.events.lock().unwrap().is_empty());
}

#[test]
fn without_a_record_no_key_becomes_active_by_itself() {
    let kit = Kit::new("activation-audit");
    let new = NewKek {
        activation: Activation::At {
            unix_micros: START + SECOND,
        },
        ..recordings()
    };
    let kek = kit.custody.create_kek(&admin(), &new).unwrap();
    kit.clock.advance(SECOND);
    kit.audit.is_broken.store(true, Ordering::Relaxed);
    let report = kit.custody.tick().unwrap();
    assert!(report.changed.is_empty(), "{report:?}");
    assert_eq!(report.failed.len(), 1);
    kit.audit.is_broken.store(false, Ordering::Relaxed);
    kit.audit.clear();
    let changed = kit.custody.tick().unwrap().changed;
    assert_eq!(changed, [(kek, KeyState::Active)]);
    assert!(kit.audit.has("kek.state", Outcome::Allowed));
    assert!(kit.audit.has("kek.state", Outcome::Done));
}

#[test]
fn a_record_opens_in_its_place_alone_and_survives_rotation_untouched() {
    let kit = Kit::new("records");
    let kek = kit.custody.create_kek(&admin(), &recordings()).unwrap();
    let (id, dek) = kit.custody.new_dek(&admin(), &kek.id).unwrap();
    let text = b"hay fever".as_slice();
    let seal = |place: &RecordPlace<'_>| kit.custody.seal_record(&admin(), &id, place, text);
    let open =
        |place: &RecordPlace<'_>, record: &[u8]| kit.custody.open_record(&admin(), place, record);
    let record = seal(&place()).unwrap();
    assert_eq!(record.len(), text.len() + 59);
    assert_ne!(record, seal(&place()).unwrap());
    assert_eq!(dek_of_record(&record).unwrap(), id);
    assert_eq!(open(&place(), &record).unwrap().as_slice(), text);
    for other in [
        RecordPlace {
            table: "patient",
            ..place()
        },
        RecordPlace {
            column: "name",
            ..place()
        },
        RecordPlace {
            row_id: b"43",
            ..place()
        },
        // The same octets, divided elsewhere.
        RecordPlace {
            table: "patientsd",
            column: "iagnosis",
            ..place()
        },
    ] {
        assert!(matches!(
            open(&other, &record),
            Err(CustodyError::Provider(ProviderError::DoesNotAuthenticate))
        ));
    }
    for at in 0..record.len() {
        let mut altered = record.clone();
        altered[at] ^= 1;
        assert!(open(&place(), &altered).is_err(), "octet {at}");
    }
    for len in 0..record.len() {
        assert!(open(&place(), &record[..len]).is_err(), "{len} octets");
    }
    let empty = kit
        .custody
        .seal_record(&admin(), &id, &place(), b"")
        .unwrap();
    assert!(open(&place(), &empty).unwrap().is_empty());

    kit.custody.rotate_kek(&admin(), &kek.id).unwrap();
    kit.custody
        .sweep(&admin(), &kek.id, 100, &mut go_on)
        .unwrap();
    let (mode, survivors) = (DestroyMode::Effective, Survivors::MustBeNone);
    kit.custody
        .destroy_kek(&admin(), &kek, mode, survivors, "rotated")
        .unwrap();
    assert_eq!(open(&place(), &record).unwrap().as_slice(), text);
    // Another implementation of the cipher opens it: XAES-256-GCM under the DEK.
    use xaes_256_gcm::aead::{Aead, KeyInit, Payload};
    let cipher = xaes_256_gcm::Xaes256Gcm::new(dek.expose().into());
    let aad = b"\0\x08patients\0\x09diagnosis\0\x0242";
    let nonce = xaes_256_gcm::Nonce::try_from(&record[19..43]).unwrap();
    let payload = Payload {
        msg: &record[43..],
        aad,
    };
    assert_eq!(cipher.decrypt(&nonce, payload).unwrap(), text);
}

#[test]
fn nothing_is_sealed_under_a_compromised_key_even_for_who_accepts_it() {
    let kit = Kit::new("seal-compromised");
    let kek = kit.custody.create_kek(&admin(), &recordings()).unwrap();
    let (id, _) = kit.custody.new_dek(&admin(), &kek.id).unwrap();
    let record = kit
        .custody
        .seal_record(&admin(), &id, &place(), b"before")
        .unwrap();
    kit.custody.rotate_kek(&admin(), &kek.id).unwrap();
    kit.custody
        .set_state(&admin(), &kek, KeyState::Compromised, "forum")
        .unwrap();
    let accepting = admin().accepting_compromised();
    let sealed = kit.custody.seal_record(&accepting, &id, &place(), b"after");
    assert!(
        matches!(sealed, Err(CustodyError::StateForbids { .. })),
        "{sealed:?}"
    );
    let opened = kit.custody.open_record(&accepting, &place(), &record);
    assert_eq!(opened.unwrap().as_slice(), b"before");
}

#[test]
fn a_recording_gets_its_kek_as_a_wrapper() {
    let kit = Kit::new("wrapper");
    let kek = kit.custody.create_kek(&admin(), &recordings()).unwrap();
    let wrapper = kit.custody.wrapper(admin(), &kek.id).unwrap();
    let context = WrapContext {
        purpose: vec![1; 32],
        region: "eu".to_owned(),
    };
    let dek = Dek::generate().unwrap();
    let wrapped = wrapper.wrap(&dek, &context).unwrap();
    assert_eq!(
        (wrapped.provider.as_str(), wrapped.kek_version),
        ("file", 1)
    );
    let octets = wrapped.to_bytes().unwrap();
    let read = WrappedKey::from_bytes(&octets).unwrap();
    assert_eq!(
        wrapper.unwrap(&read, &context).unwrap().expose(),
        dek.expose()
    );
    let other = WrapContext {
        purpose: vec![2; 32],
        ..context.clone()
    };
    assert!(matches!(
        wrapper.unwrap(&wrapped, &other),
        Err(WrapError::DoesNotAuthenticate)
    ));
    // Every octet counts.
    for at in 0..octets.len() {
        let mut altered = octets.clone();
        altered[at] ^= 1;
        if let Ok(altered) = WrappedKey::from_bytes(&altered) {
            assert!(wrapper.unwrap(&altered, &context).is_err(), "octet {at}");
        }
    }
    kit.custody.rotate_kek(&admin(), &kek.id).unwrap();
    let rewrapped = kit.custody.rewrap(&admin(), &wrapped, &context).unwrap();
    assert_eq!(rewrapped.kek_version, 2);
    assert_eq!(
        wrapper.unwrap(&rewrapped, &context).unwrap().expose(),
        dek.expose()
    );
    assert_eq!(wrapper.wrap(&dek, &context).unwrap().kek_version, 2);
    // A row's key does not open as a recording's, nor another KEK's.
    let other = kit
        .custody
        .create_kek(&admin(), &NewKek::new("other", "eu", "x"))
        .unwrap();
    let foreign = kit.custody.wrapper(admin(), &other.id).unwrap();
    assert!(foreign.unwrap(&wrapped, &context).is_err());
}

#[test]
fn a_file_store_opens_with_its_passphrase_alone_and_changes_it() {
    let folder = Folder::new("file");
    let path = folder.path("keys.db");
    let provider = FileProvider::create(&path, "eu", PASSPHRASE, &cheap()).unwrap();
    assert!(FileProvider::create(&path, "eu", PASSPHRASE, &cheap()).is_err());
    assert!(matches!(
        FileProvider::open(&path, "wrong"),
        Err(ProviderError::Denied(_))
    ));
    assert!(FileProvider::open(folder.path("none.db"), PASSPHRASE).is_err());
    assert!(!folder.path("none.db").exists());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{mode:o}");
    }
    let kit = {
        let spec = mediaseal::vault::custody::KekSpec {
            kek: KekRef {
                id: "kek-1".into(),
                version: 1,
            },
            tenant: "acme".into(),
            region: "eu".into(),
            purpose: String::new(),
        };
        provider.create_kek(&spec).unwrap();
        spec
    };
    assert!(matches!(
        provider.create_kek(&kit),
        Err(ProviderError::KekExists(_))
    ));
    let context = WrapContext {
        purpose: vec![3; 32],
        region: "eu".into(),
    };
    let dek = Dek::generate().unwrap();
    // Not before it is active; by the provider itself.
    assert!(matches!(
        provider.wrap(&kit.kek, &dek, &context),
        Err(ProviderError::Refused { .. })
    ));
    assert_eq!(
        provider.set_state(&kit.kek, KeyState::Active).unwrap(),
        Enforcement::ByProvider
    );
    let wrapped = provider.wrap(&kit.kek, &dek, &context).unwrap();
    let other_process = FileProvider::open(&path, PASSPHRASE).unwrap();
    other_process.unwrap(&wrapped, &context).unwrap();

    assert!(
        provider
            .change_passphrase("wrong", "new", &cheap())
            .is_err()
    );
    assert!(
        provider
            .change_passphrase(PASSPHRASE, "", &cheap())
            .is_err()
    );
    let params = "$argon2id$v=19$m=16,t=1,p=1$EBESExQVFhcYGRobHB0eHw"
        .parse()
        .unwrap();
    provider
        .change_passphrase(PASSPHRASE, "new", &params)
        .unwrap();
    let unwrapped = provider.unwrap(&wrapped, &context).unwrap();
    assert_eq!(unwrapped.expose(), dek.expose());
    assert!(matches!(
        other_process.unwrap(&wrapped, &context),
        Err(ProviderError::Denied(_))
    ));
    // Nor does it seal anything under a master key that is no more.
    let next = KekSpec {
        kek: KekRef {
            version: 2,
            ..kit.kek.clone()
        },
        ..kit.clone()
    };
    for refused in [
        other_process.create_kek(&next),
        other_process
            .set_state(&kit.kek, KeyState::Suspended)
            .map(drop),
        other_process.verify(),
    ] {
        assert!(
            matches!(refused, Err(ProviderError::Denied(_))),
            "{refused:?}"
        );
    }
    assert!(FileProvider::open(&path, PASSPHRASE).is_err());
    let reopened = FileProvider::open(&path, "new").unwrap();
    assert_eq!(
        reopened.unwrap(&wrapped, &context).unwrap().expose(),
        dek.expose()
    );
    reopened.verify().unwrap();
    // States cannot be written into the file without the passphrase.
    provider.set_state(&kit.kek, KeyState::Compromised).unwrap();
    let db = rusqlite::Connection::open(&path).unwrap();
    db.execute("UPDATE kek SET state = 2", []).unwrap();
    assert!(matches!(
        reopened.wrap(&kit.kek, &dek, &context),
        Err(ProviderError::Damaged(_))
    ));
    assert!(reopened.verify().is_err());
}

#[test]
fn a_url_names_a_provider() {
    let folder = Folder::new("url");
    let path = folder.path("my keys.db");
    FileProvider::create(&path, "eu", PASSPHRASE, &cheap()).unwrap();
    let secrets = |kind: SecretKind, _: &ProviderUrl| {
        (kind == SecretKind::Passphrase).then(|| Zeroizing::new(PASSPHRASE.to_owned()))
    };
    let none = |_: SecretKind, _: &ProviderUrl| None;
    let url = format!("file:{}/my%20keys.db", folder.0.display());
    let provider = open_provider(&url, &secrets).unwrap();
    assert_eq!(provider.describe().region, "eu");
    open_provider(&format!("{url}?region=eu"), &secrets).unwrap();
    for (url, secrets) in [
        (
            format!("{url}?region=us"),
            &secrets as &dyn mediaseal::vault::custody::SecretSource,
        ),
        (format!("{url}?regoin=eu"), &secrets),
        (format!("{url}x"), &secrets),
        (url.clone(), &none),
        ("unknown:x".to_owned(), &secrets),
        ("file:?pin-value=1".to_owned(), &secrets),
    ] {
        assert!(open_provider(&url, secrets).is_err(), "{url}");
    }
}

#[test]
#[cfg(unix)]
fn a_store_in_a_file_that_was_there_empty_is_for_this_user_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new("mode");
    let path = folder.path("keys.db");
    fs::write(&path, b"").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    FileProvider::create(&path, "eu", PASSPHRASE, &cheap()).unwrap();
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}
