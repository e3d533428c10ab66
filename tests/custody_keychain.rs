//! The provider `keychain:` over keyring-core's mock store, and over gnome-keyring in a D-Bus session of its own.

#![cfg(all(test, unix, feature = "keychain"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

#[path = "custody/secret_service.rs"]
mod secret_service;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use keyring_core::api::CredentialStore;
use keyring_core::{Error as Keyring, mock};
use mediaseal::vault::custody::keychain::KeychainProvider;
use mediaseal::vault::custody::{
    Destruction, FileProvider, KekRef, KekSpec, KeyProvider, KeyState, Protection, ProviderError,
    ProviderUrl, Rewrap,
};
use mediaseal::vault::{Dek, WrapContext, WrappedKey};
use secret_service::{SecretTool, in_session};

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("keychain-{name}"));
    if folder.is_dir() {
        fs::remove_dir_all(&folder).unwrap();
    }
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn url(folder: &Path) -> ProviderUrl {
    format!(
        "keychain:{}?service=mediaseal-test&user=alice&region=eu",
        folder.join("keys.db").display()
    )
    .parse()
    .unwrap()
}

fn context(purpose: &[u8]) -> WrapContext {
    WrapContext {
        purpose: purpose.to_vec(),
        region: "eu".to_owned(),
    }
}

fn spec(id: &str) -> KekSpec {
    KekSpec {
        kek: KekRef {
            id: id.to_owned(),
            version: 1,
        },
        tenant: "acme".to_owned(),
        region: "eu".to_owned(),
        purpose: "recordings".to_owned(),
    }
}

/// What the keychain holds for our entry.
fn held(keychain: &CredentialStore, user: &str) -> Option<String> {
    match keychain
        .build("mediaseal-test", user, None)
        .unwrap()
        .get_secret()
    {
        Ok(secret) => Some(String::from_utf8(secret).unwrap()),
        Err(Keyring::NoEntry) => None,
        Err(error) => panic!("{error}"),
    }
}

/// The life of keys over any keychain.
fn keys_live(keychain: &Arc<CredentialStore>, folder: &Path) {
    let url = url(folder);
    let error = KeychainProvider::open(Arc::clone(keychain), &url).unwrap_err();
    assert!(matches!(error, ProviderError::Denied(_)), "{error:?}");
    let provider = KeychainProvider::create(Arc::clone(keychain), &url).unwrap();
    let info = provider.describe();
    assert_eq!(
        (info.scheme.as_str(), info.region.as_str()),
        ("keychain", "eu")
    );
    assert_eq!(info.protection, Protection::Software);
    let error = KeychainProvider::create(Arc::clone(keychain), &url).unwrap_err();
    assert!(matches!(error, ProviderError::Invalid(_)), "{error:?}");

    let key = spec("kek-a");
    provider.create_kek(&key).unwrap();
    provider.set_state(&key.kek, KeyState::Active).unwrap();
    let (dek, place) = (Dek::generate().unwrap(), context(b"x"));
    let wrapped = provider.wrap(&key.kek, &dek, &place).unwrap();
    assert_eq!(wrapped.provider, "keychain");
    let error = provider.unwrap(&wrapped, &context(b"y")).unwrap_err();
    assert!(
        matches!(error, ProviderError::DoesNotAuthenticate),
        "{error:?}"
    );
    let of_file = WrappedKey {
        provider: "file".to_owned(),
        ..wrapped.clone()
    };
    let error = provider.unwrap(&of_file, &place).unwrap_err();
    assert!(
        matches!(error, ProviderError::DoesNotAuthenticate),
        "{error:?}"
    );
    let second = provider.rotate(&key).unwrap();
    provider.set_state(&second, KeyState::Active).unwrap();
    let both = [&of_file, &wrapped].map(|wrapped| Rewrap {
        wrapped,
        context: &place,
    });
    let mut rewrapped = provider.rewrap(&second, &both);
    let moved = rewrapped.pop().unwrap().unwrap();
    assert_eq!(
        (moved.provider.as_str(), moved.kek_version),
        ("keychain", 2)
    );
    assert!(rewrapped.pop().unwrap().is_err());

    // The master key changes, the keys stay; whoever had the file open opens it anew.
    let before = held(&**keychain, "alice").unwrap();
    let other = KeychainProvider::open(Arc::clone(keychain), &url).unwrap();
    provider.rotate_master().unwrap();
    let after = held(&**keychain, "alice").unwrap();
    assert_ne!(before, after);
    assert_eq!(held(&**keychain, "alice (next)"), None);
    let error = other.unwrap(&wrapped, &place).unwrap_err();
    assert!(matches!(error, ProviderError::Denied(_)), "{error:?}");
    drop((provider, other));
    let provider = KeychainProvider::open(Arc::clone(keychain), &url).unwrap();
    for wrapped in [&wrapped, &moved] {
        assert_eq!(
            provider.unwrap(wrapped, &place).unwrap().expose(),
            dek.expose()
        );
    }
    assert!(!format!("{provider:?}").contains(&after));
    // Neither master key is in the files.
    for end in ["", "-wal", "-shm"] {
        let Ok(octets) = fs::read(folder.join(format!("keys.db{end}"))) else {
            assert!(!end.is_empty(), "the store is not there");
            continue;
        };
        for master in [&before, &after] {
            let digits = master.rsplit(':').next().unwrap().as_bytes();
            assert!(!octets.windows(digits.len()).any(|window| window == digits));
        }
    }
    // Who has the keychain's text opens the file without the keychain: that is its escrow.
    FileProvider::open(folder.join("keys.db"), &after).unwrap();
    assert!(FileProvider::open(folder.join("keys.db"), &before).is_err());

    provider.set_state(&key.kek, KeyState::Deactivated).unwrap();
    assert_eq!(provider.destroy_kek(&key.kek).unwrap(), Destruction::Done);
    let error = provider.unwrap(&wrapped, &place).unwrap_err();
    assert!(matches!(error, ProviderError::KekDestroyed(_)), "{error:?}");
    assert_eq!(
        provider.unwrap(&moved, &place).unwrap().expose(),
        dek.expose()
    );

    // Without its entry, or with another's, the file opens for nobody.
    let entry = keychain.build("mediaseal-test", "alice", None).unwrap();
    for other in [
        "hunter2",
        "mediaseal-master-1:",
        "mediaseal-master-1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    ] {
        entry.set_secret(other.as_bytes()).unwrap();
        let error = KeychainProvider::open(Arc::clone(keychain), &url).unwrap_err();
        assert!(
            matches!(error, ProviderError::Denied(_) | ProviderError::Damaged(_)),
            "{error:?}"
        );
        assert!(!error.to_string().contains("hunter2"));
    }
    entry.delete_credential().unwrap();
    let error = KeychainProvider::open(Arc::clone(keychain), &url).unwrap_err();
    assert!(matches!(error, ProviderError::Denied(_)), "{error:?}");
    // A file that is there is not made over, and its new master key does not stay behind.
    let error = KeychainProvider::create(Arc::clone(keychain), &url).unwrap_err();
    assert!(matches!(error, ProviderError::Invalid(_)), "{error:?}");
    assert_eq!(held(&**keychain, "alice"), None);
    entry.set_secret(after.as_bytes()).unwrap();
    KeychainProvider::open(Arc::clone(keychain), &url).unwrap();
}

#[test]
fn keys_live_over_the_mock_store() {
    let keychain: Arc<CredentialStore> = mock::Store::new().unwrap();
    keys_live(&keychain, &folder("mock"));
}

#[test]
fn keys_live_over_gnome_keyring() {
    in_session(
        "keys_live_over_gnome_keyring",
        || folder("gnome"),
        |folder| {
            let keychain: Arc<CredentialStore> = Arc::new(SecretTool);
            keys_live(&keychain, folder);
        },
    );
}

#[test]
fn a_locked_keychain_is_said_to_be() {
    in_session(
        "a_locked_keychain_is_said_to_be",
        || folder("locked"),
        |folder| {
            let keychain: Arc<CredentialStore> = Arc::new(SecretTool);
            let provider = KeychainProvider::create(Arc::clone(&keychain), &url(folder)).unwrap();
            let key = spec("kek-a");
            provider.create_kek(&key).unwrap();
            provider.set_state(&key.kek, KeyState::Active).unwrap();
            let (dek, place) = (Dek::generate().unwrap(), context(b"x"));
            let wrapped = provider.wrap(&key.kek, &dek, &place).unwrap();
            SecretTool::lock();
            let error = provider.rotate_master().unwrap_err();
            assert!(matches!(error, ProviderError::Unavailable(_)), "{error:?}");
            let error = KeychainProvider::open(Arc::clone(&keychain), &url(folder)).unwrap_err();
            assert!(matches!(error, ProviderError::Unavailable(_)), "{error:?}");
            // What is open stays open: the master key is in memory.
            assert_eq!(
                provider.unwrap(&wrapped, &place).unwrap().expose(),
                dek.expose()
            );
        },
    );
}

#[test]
fn a_rotation_that_is_interrupted_anywhere_loses_nothing() {
    for (step, (user, fails_at)) in [
        ("alice", 0),
        ("alice (next)", 0),
        ("alice (next)", 1),
        ("alice", 1),
        ("alice", 2),
        ("alice (next)", 2),
    ]
    .into_iter()
    .enumerate()
    {
        let folder = folder(&format!("interrupted-{step}"));
        let keychain = Arc::new(secret_service::Failing::new(mock::Store::new().unwrap()));
        let store: Arc<CredentialStore> = Arc::clone(&keychain) as Arc<CredentialStore>;
        let provider = KeychainProvider::create(Arc::clone(&store), &url(&folder)).unwrap();
        let key = spec("kek-a");
        provider.create_kek(&key).unwrap();
        provider.set_state(&key.kek, KeyState::Active).unwrap();
        let (dek, place) = (Dek::generate().unwrap(), context(b"x"));
        let wrapped = provider.wrap(&key.kek, &dek, &place).unwrap();
        keychain.fail(user, fails_at);
        let error = provider.rotate_master().unwrap_err();
        assert!(
            matches!(error, ProviderError::Unavailable(_)),
            "{step}: {error:?}"
        );
        drop(provider);
        keychain.mend();
        for _ in 0..2 {
            let provider = KeychainProvider::open(Arc::clone(&store), &url(&folder)).unwrap();
            assert_eq!(
                provider.unwrap(&wrapped, &place).unwrap().expose(),
                dek.expose(),
                "{step}"
            );
        }
        // And it can be done again.
        let provider = KeychainProvider::open(Arc::clone(&store), &url(&folder)).unwrap();
        provider.rotate_master().unwrap();
        assert_eq!(held(&*store, "alice (next)"), None);
        let provider = KeychainProvider::open(store, &url(&folder)).unwrap();
        assert_eq!(
            provider.unwrap(&wrapped, &place).unwrap().expose(),
            dek.expose(),
            "{step}"
        );
    }
}

#[test]
fn a_rotation_that_is_tried_again_without_opening_anew_loses_nothing() {
    let folder = folder("again");
    let keychain = Arc::new(secret_service::Failing::new(mock::Store::new().unwrap()));
    let store: Arc<CredentialStore> = Arc::clone(&keychain) as Arc<CredentialStore>;
    let provider = KeychainProvider::create(Arc::clone(&store), &url(&folder)).unwrap();
    let key = spec("kek-a");
    provider.create_kek(&key).unwrap();
    provider.set_state(&key.kek, KeyState::Active).unwrap();
    let (dek, place) = (Dek::generate().unwrap(), context(b"x"));
    let wrapped = provider.wrap(&key.kek, &dek, &place).unwrap();
    // The file is sealed anew, and the keychain fails then.
    keychain.fail("alice", 1);
    provider.rotate_master().unwrap_err();
    keychain.mend();
    let next = held(&*store, "alice (next)").unwrap();
    let error = provider.rotate_master().unwrap_err();
    assert!(matches!(error, ProviderError::Denied(_)), "{error:?}");
    assert_eq!(held(&*store, "alice (next)"), Some(next));
    drop(provider);
    let provider = KeychainProvider::open(Arc::clone(&store), &url(&folder)).unwrap();
    let opened = provider.unwrap(&wrapped, &place).unwrap();
    assert_eq!(opened.expose(), dek.expose());
    provider.rotate_master().unwrap();
}

#[test]
fn of_two_that_create_at_once_the_first_keeps_its_master_key() {
    let folder = folder("at-once");
    let keychain = Arc::new(secret_service::Failing::new(mock::Store::new().unwrap()));
    let store: Arc<CredentialStore> = Arc::clone(&keychain) as Arc<CredentialStore>;
    let first = (Arc::clone(&store), url(&folder));
    keychain.meanwhile(Box::new(move || {
        let provider = KeychainProvider::create(first.0, &first.1).unwrap();
        provider.create_kek(&spec("kek-a")).unwrap();
    }));
    let error = KeychainProvider::create(Arc::clone(&store), &url(&folder)).unwrap_err();
    assert!(matches!(error, ProviderError::Invalid(_)), "{error:?}");
    let provider = KeychainProvider::open(Arc::clone(&store), &url(&folder)).unwrap();
    let kek = spec("kek-a").kek;
    provider.set_state(&kek, KeyState::Active).unwrap();
}

#[test]
fn a_keychain_that_fails_late_leaves_neither_file_nor_entry() {
    let folder = folder("late");
    let keychain = Arc::new(secret_service::Failing::new(mock::Store::new().unwrap()));
    let store: Arc<CredentialStore> = Arc::clone(&keychain) as Arc<CredentialStore>;
    // It is read before and after the file is made, and does not take the master key then.
    keychain.fail("alice", 2);
    let error = KeychainProvider::create(Arc::clone(&store), &url(&folder)).unwrap_err();
    assert!(matches!(error, ProviderError::Unavailable(_)), "{error:?}");
    keychain.mend();
    assert!(!folder.join("keys.db").exists());
    assert_eq!(held(&*store, "alice"), None);
    KeychainProvider::create(store, &url(&folder)).unwrap();
}

#[test]
fn errors_of_keychains_tell_no_secret() {
    let folder = folder("errors");
    let keychain: Arc<CredentialStore> = mock::Store::new().unwrap();
    KeychainProvider::create(Arc::clone(&keychain), &url(&folder)).unwrap();
    let boxed = || Box::new(std::io::Error::other("away"));
    let secret = || b"canary-4711".to_vec();
    type Check = fn(&ProviderError) -> bool;
    let cases: [(Keyring, Check); 6] = [
        (Keyring::NoStorageAccess(boxed()), |error| {
            matches!(error, ProviderError::Unavailable(_))
        }),
        (Keyring::PlatformFailure(boxed()), |error| {
            matches!(error, ProviderError::Unavailable(_))
        }),
        (Keyring::BadEncoding(secret()), |error| {
            matches!(error, ProviderError::Damaged(_))
        }),
        (
            Keyring::BadDataFormat(secret(), Box::new(std::io::Error::other("canary-4711"))),
            |error| matches!(error, ProviderError::Damaged(_)),
        ),
        (Keyring::Ambiguous(Vec::new()), |error| {
            matches!(error, ProviderError::Damaged(_))
        }),
        (
            Keyring::NotSupportedByStore("canary-4711".to_owned()),
            |error| matches!(error, ProviderError::Failed(_)),
        ),
    ];
    for (fault, is_right) in cases {
        let entry = keychain.build("mediaseal-test", "alice", None).unwrap();
        let cred: &mock::Cred = entry.as_any().downcast_ref().unwrap();
        cred.set_error(fault);
        let error = KeychainProvider::open(Arc::clone(&keychain), &url(&folder)).unwrap_err();
        assert!(is_right(&error), "{error:?}");
        assert!(
            !format!("{error} {error:?}").contains("canary"),
            "{error:?}"
        );
    }
    KeychainProvider::open(keychain, &url(&folder)).unwrap();
}

#[test]
fn urls_of_keychains_are_read_strictly() {
    for url in [
        "keychain:",
        "keychain:/x",
        "keychain:/x?service=a",
        "keychain:/x?user=a",
        "keychain:/x?service=&user=a",
        "keychain:?service=a&user=a",
        "keychain:/x?service=a&user=a&store=b",
        "file:/x?service=a&user=a",
    ] {
        let keychain: Arc<CredentialStore> = mock::Store::new().unwrap();
        let error = KeychainProvider::create(keychain, &url.parse().unwrap()).unwrap_err();
        assert!(
            matches!(error, ProviderError::Invalid(_)),
            "{url}: {error:?}"
        );
    }
    let folder = folder("region");
    let keychain: Arc<CredentialStore> = mock::Store::new().unwrap();
    KeychainProvider::create(Arc::clone(&keychain), &url(&folder)).unwrap();
    let elsewhere = url(&folder).to_string().replace("region=eu", "region=us");
    let error = KeychainProvider::open(keychain, &elsewhere.parse().unwrap()).unwrap_err();
    assert!(matches!(error, ProviderError::Invalid(_)), "{error:?}");
}
