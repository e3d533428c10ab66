//! Recordings whose key a provider's key encryption key wraps: the command is built with providers.
#![cfg(test)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use common::mediaseal;
use mediaseal::vault::SystemClock;
use mediaseal::vault::audit::{AuditError, AuditEvent, AuditLog, AuditLogOptions, CallbackSink};
use mediaseal::vault::custody::{
    Access, Custody, CustodyOptions, Everybody, FileProvider, KeyState, NewKek,
};
use mediaseal::vault::grant::{Identity, Kem, Signer};
use mediaseal::vault::recording::{
    Cobblestone, Frame, LocalStorage, NewRecording, Profile, TrackFormat,
};
use mediaseal::{Codec, PassphraseParams, SenderId};

#[test]
fn a_providers_key_opens_what_it_wraps_as_long_as_its_state_allows() {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("providers");
    if place.exists() {
        fs::remove_dir_all(&place).unwrap();
    }
    fs::create_dir_all(&place).unwrap();
    let params: PassphraseParams = "$argon2id$v=19$m=8192,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA"
        .parse()
        .unwrap();
    let keys = place.join("keys.db");
    let provider = FileProvider::create(&keys, "", "open sesame", &params).unwrap();
    let silent = CallbackSink::new(|_: &AuditEvent| Ok::<(), AuditError>(()));
    let options = CustodyOptions::new(Arc::new(provider), Arc::new(Everybody), Arc::new(silent));
    let store = place.join("custody.db");
    let custody = Custody::create(&store, options).unwrap();
    let admin = Access::of("admin");
    let new = NewKek::new("", "", "recordings");
    let kek = custody.create_kek(&admin, &new).unwrap();

    let dir = place.join("call");
    let signer = Arc::new(Signer::generate().unwrap());
    let mut new = NewRecording::draw(
        Profile::Media,
        Cobblestone::default(),
        "",
        signer,
        &SystemClock,
    )
    .unwrap();
    new.add_provider(&custody.wrapper(admin.clone(), &kek.id).unwrap())
        .unwrap();
    let storage = Arc::new(LocalStorage::create(&dir).unwrap());
    let mut writer = new.start(storage, Arc::new(SystemClock)).unwrap();
    writer.add_track(0, TrackFormat::of(Codec::Opus)).unwrap();
    writer
        .write_frame(&Frame {
            track: 0,
            sender: &SenderId::new("alice").unwrap(),
            micros: 1,
            key_frame: true,
            metadata: &[],
            octets: b"a frame",
        })
        .unwrap();
    writer.finish().unwrap();

    let log = place.join("audit");
    let signer = Signer::generate().unwrap();
    let auditor = Identity::generate(Kem::X25519).unwrap();
    let audit_signer = place.join("audit.signer");
    fs::write(&audit_signer, &*signer.to_text()).unwrap();
    let options = AuditLogOptions::default();
    AuditLog::create(&log, &[auditor.recipient().clone()], signer, options)
        .unwrap()
        .close()
        .unwrap();

    let text = |path: &Path| path.display().to_string();
    let url = format!("file:{}", keys.display());
    let passphrase = place.join("passphrase");
    let (dir, file) = (text(&dir), text(&passphrase));
    let open = |more: &[&str]| {
        let args = ["cat", &dir, "--provider", &url, "--passphrase-file", &file];
        let output = mediaseal(&[&args, more].concat());
        let complained = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), output.stdout, complained)
    };
    let (store, log, audit_signer) = (text(&store), text(&log), text(&audit_signer));
    let store = ["--store", &store];
    let audited = [
        &store[..],
        &["--audit", &log, "--audit-signer", &audit_signer],
    ]
    .concat();
    let unaudited = [&store[..], &["--without-audit"]].concat();
    let uses_of = |what: &str| {
        let names = fs::read_dir(&log)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let texts =
            names.map(|path| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned());
        texts.map(|text| text.matches(what).count()).sum::<usize>()
    };
    let uses = || uses_of("dek.unwrap");
    fs::write(&passphrase, "open sesame\n").unwrap();
    // Nobody is spared to say that no store, or no log, is asked.
    for more in [&[][..], &store] {
        let (status, said, why) = open(more);
        assert_eq!((status, said.len()), (Some(2), 0));
        assert!(why.contains("--without-"), "{why}");
    }
    let frame = || (Some(0), b"a frame".to_vec(), String::new());
    assert_eq!(open(&["--without-store"]), frame());
    assert_eq!(open(&unaudited), frame());
    assert_eq!(uses(), 0);
    assert_eq!(open(&audited), frame());
    assert_eq!(uses(), 1);
    let named = [&unaudited[..], &["--kek", &kek.id]].concat();
    assert_eq!(open(&named), frame());
    let (status, said, why) = open(&[&unaudited[..], &["--kek", "kek-others"]].concat());
    assert_eq!((status, said.len()), (Some(3), 0));
    let is_for = format!("{} version 1 of a provider file:", kek.id);
    assert!(
        why.contains("not wrapped by kek-others") && why.contains(&is_for),
        "{why}"
    );
    // A locked key of the audit log has its own passphrase.
    let secret = Signer::from_text(fs::read_to_string(&audit_signer).unwrap().trim()).unwrap();
    let locked = secret.lock("open barley", params.clone()).unwrap();
    fs::write(&audit_signer, locked).unwrap();
    let (status, said, why) = open(&audited);
    assert_eq!((status, said.len()), (Some(2), 0), "{why}");
    assert!(why.contains("--audit-passphrase-file unlocks it"), "{why}");
    let barley = place.join("barley");
    fs::write(&barley, "open barley\n").unwrap();
    let barley = text(&barley);
    let audited = [&audited[..], &["--audit-passphrase-file", &barley]].concat();
    assert_eq!(open(&audited), frame());

    // A key is wrapped anew as it is opened: the store is asked, the log has it, and the version is the current one.
    let envelope = || fs::read(Path::new(&dir).join("envelope")).unwrap();
    let rewrap = |version: &str, more: &[&str]| {
        let args = ["rewrap", &dir, "--to-version", version];
        let provider = ["--provider", &url, "--passphrase-file", &file];
        let output = mediaseal(&[&args, &provider, more].concat());
        let complained = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), complained)
    };
    let before = envelope();
    for more in [&[][..], &store] {
        let (status, why) = rewrap("1", more);
        assert!(status == Some(2) && why.contains("--without-"), "{why}");
    }
    let second = custody.rotate_kek(&admin, &kek.id).unwrap();
    for (version, more) in [("1", &audited), ("3", &audited), ("1", &unaudited)] {
        let (status, why) = rewrap(version, more);
        assert_eq!(status, Some(3), "{why}");
        assert!(why.contains("version 2 is the current one"), "{why}");
    }
    let elsewhere = [&audited[..], &["--to-kek", "kek-others"]].concat();
    assert_eq!(rewrap("2", &elsewhere).0, Some(3));
    assert_eq!((envelope(), uses_of("dek.rewrap")), (before.clone(), 0));
    let suspended = custody.set_state(&admin, &kek, KeyState::Compromised, "a copy was found");
    suspended.unwrap();
    let (status, why) = rewrap("2", &audited);
    assert!(status == Some(3) && why.contains("compromised"), "{why}");
    assert_eq!(envelope(), before);
    let refused = uses_of("dek.rewrap");
    assert!(refused > 0, "the refusal is written down");
    // The store knows that the key is compromised, whatever its provider would do.
    for more in [&audited, &unaudited] {
        let (status, said, why) = open(more);
        assert_eq!((status, said.len()), (Some(3), 0), "{why}");
        assert!(why.contains("compromised"), "{why}");
    }
    assert!(uses() > 1, "the refusal is written down too");
    // By the provider alone, as said in so many words; then by the store, under what is not compromised.
    assert_eq!(rewrap("2", &["--without-store"]).0, Some(0));
    assert_eq!(uses_of("dek.rewrap"), refused);
    assert_eq!(open(&audited), frame());
    custody.rotate_kek(&admin, &second.id).unwrap();
    let (status, why) = rewrap("3", &audited);
    assert_eq!(status, Some(0), "{why}");
    assert!(uses_of("dek.rewrap") > refused);
    assert_eq!(open(&audited), frame());
    fs::write(&passphrase, "open sesam\n").unwrap();
    let (status, said, why) = open(&unaudited);
    assert_eq!((status, said.len()), (Some(2), 0), "{why}");
    assert!(!why.contains("sesam"));
}
