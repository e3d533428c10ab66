//! The provider `pkcs11:` against SoftHSM, and against SoftHSM behind a module that fails when told.

#![cfg(all(test, unix, feature = "pkcs11"))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "custody/keks.rs"]
mod keks;
#[path = "custody/tokens.rs"]
mod tokens;

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass};
use cryptoki::session::{Session, UserType};
use cryptoki::types::AuthPin;
use keks::{context, kek, spec};
use mediaseal::vault::custody::pkcs11::{Pkcs11Module, Pkcs11Provider, TokenWrapping};
use mediaseal::vault::custody::{
    Destruction, Enforcement, KeyProvider, KeyState, Protection, ProviderError, ProviderMeans,
    ProviderUrl, Rewrap, SecretKind, aes_kw,
};
use mediaseal::vault::{Dek, WrapAlgorithm, WrapContext, WrappedKey};
use sha2::{Digest, Sha256};
use tokens::{Function, PIN, Tokens, open, pin, softhsm, url};
use zeroize::Zeroizing;

const CKR_GENERAL_ERROR: u32 = 0x05;
const CKR_FUNCTION_FAILED: u32 = 0x06;
const CKR_DEVICE_ERROR: u32 = 0x30;
const CKR_DEVICE_MEMORY: u32 = 0x31;
const CKR_DEVICE_REMOVED: u32 = 0x32;
const CKR_SESSION_CLOSED: u32 = 0xB0;
const CKR_SESSION_HANDLE_INVALID: u32 = 0xB3;
const CKR_TOKEN_NOT_PRESENT: u32 = 0xE0;

/// A session of the test's own, beside the provider's.
fn raw_session(label: &str) -> (Pkcs11, Session) {
    let module = Pkcs11::new(softhsm()).unwrap();
    // The provider has done it already, or does not mind.
    module
        .initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))
        .ok();
    let slot = module
        .get_slots_with_token()
        .unwrap()
        .into_iter()
        .find(|slot| module.get_token_info(*slot).unwrap().label() == label)
        .unwrap();
    let session = module.open_rw_session(slot).unwrap();
    session
        .login(UserType::User, Some(&AuthPin::from(PIN)))
        .ok();
    (module, session)
}

/// Wraps, opens, and refuses whatever was not wrapped like that.
fn wraps_and_refuses(provider: &Pkcs11Provider, algorithm: WrapAlgorithm) {
    let (first, second) = (kek("kek-a", 1), kek("kek-a", 2));
    provider.create_kek(&spec(&first)).unwrap();
    assert_eq!(provider.rotate(&spec(&first)).unwrap(), second);
    let dek = provider.new_dek().unwrap();
    let here = context(b"here");
    let wrapped = provider.wrap(&first, &dek, &here).unwrap();
    assert_eq!(
        (wrapped.provider.as_str(), wrapped.algorithm),
        ("pkcs11", algorithm)
    );
    assert_eq!(
        provider.unwrap(&wrapped, &here).unwrap().expose(),
        dek.expose()
    );
    let hidden = wrapped
        .octets
        .windows(8)
        .any(|window| dek.expose().windows(8).any(|part| part == window));
    assert!(!hidden, "a wrapped key shows its key");

    let refused = |wrapped: &WrappedKey, context: &WrapContext| {
        let error = provider.unwrap(wrapped, context).unwrap_err();
        assert!(
            matches!(error, ProviderError::DoesNotAuthenticate),
            "{error:?}"
        );
    };
    refused(&wrapped, &context(b"there"));
    refused(
        &wrapped,
        &WrapContext {
            region: "us".to_owned(),
            ..here.clone()
        },
    );
    // A context hash that was altered to fit must not help.
    let forged = provider.wrap(&first, &dek, &context(b"there")).unwrap();
    refused(
        &WrappedKey {
            context_hash: wrapped.context_hash,
            ..forged
        },
        &here,
    );
    for at in 0..wrapped.octets.len() {
        let mut altered = wrapped.clone();
        altered.octets[at] ^= 0x10;
        refused(&altered, &here);
    }
    for len in [0, 1, wrapped.octets.len() - 1] {
        let mut altered = wrapped.clone();
        altered.octets.truncate(len);
        refused(&altered, &here);
    }
    let mut longer = wrapped.clone();
    longer.octets.extend_from_slice(&[0; 8]);
    refused(&longer, &here);
    let under_second = provider.wrap(&second, &dek, &here).unwrap();
    refused(
        &WrappedKey {
            octets: under_second.octets,
            ..wrapped.clone()
        },
        &here,
    );
    refused(
        &WrappedKey {
            algorithm: WrapAlgorithm::XAes256Gcm,
            ..wrapped.clone()
        },
        &here,
    );

    // After all of that the good one still opens, and goes over to the next version.
    let moved = provider
        .rewrap(
            &second,
            &[Rewrap {
                wrapped: &wrapped,
                context: &here,
            }],
        )
        .remove(0)
        .unwrap();
    assert_eq!(moved.kek_version, 2);
    assert_eq!(
        provider.unwrap(&moved, &here).unwrap().expose(),
        dek.expose()
    );
    assert_eq!(
        provider.set_state(&first, KeyState::Suspended).unwrap(),
        Enforcement::ByCustodyOnly
    );

    assert_eq!(provider.destroy_kek(&first).unwrap(), Destruction::Done);
    assert_eq!(provider.destroy_kek(&first).unwrap(), Destruction::Done);
    let destroyed = |error| {
        assert!(
            matches!(&error, ProviderError::KekDestroyed(kek) if *kek == first),
            "{error:?}"
        );
    };
    destroyed(provider.unwrap(&wrapped, &here).unwrap_err());
    destroyed(provider.wrap(&first, &dek, &here).unwrap_err());
    for taken in [&first, &second] {
        let error = provider.create_kek(&spec(taken)).unwrap_err();
        assert!(matches!(error, ProviderError::KekExists(_)), "{error:?}");
    }
    let nobody = kek("kek-b", 1);
    for error in [
        provider.destroy_kek(&nobody).unwrap_err(),
        provider.wrap(&nobody, &dek, &here).unwrap_err(),
        provider.set_state(&nobody, KeyState::Active).unwrap_err(),
    ] {
        assert!(
            matches!(&error, ProviderError::NoSuchKek(kek) if *kek == nobody),
            "{error:?}"
        );
    }
    for id in ["", "a/b", "k\u{e9}", &"x".repeat(65)] {
        let error = provider.create_kek(&spec(&kek(id, 1))).unwrap_err();
        assert!(matches!(error, ProviderError::Invalid(_)), "{error:?}");
    }
    assert_eq!(
        provider.unwrap(&moved, &here).unwrap().expose(),
        dek.expose()
    );
}

#[test]
fn keys_wrap_by_aes_gcm() {
    Tokens::run("keys_wrap_by_aes_gcm", &["one"], |_| {
        let provider = open(&Pkcs11Module::load(softhsm()).unwrap(), "one").unwrap();
        wraps_and_refuses(&provider, WrapAlgorithm::Aes256Gcm);
        let info = provider.describe();
        assert_eq!(
            (info.scheme.as_str(), info.region.as_str()),
            ("pkcs11", "eu")
        );
        assert!(info.id.starts_with("one ") && !info.exportable);
        // SoftHSM does not claim to be hardware, and so neither do we.
        assert_eq!(info.protection, Protection::Software);
    });
}

#[test]
fn keys_wrap_by_aes_kw_where_the_application_asks_for_it() {
    Tokens::run(
        "keys_wrap_by_aes_kw_where_the_application_asks_for_it",
        &["one"],
        |_| {
            let module = Pkcs11Module::load(softhsm()).unwrap();
            let provider =
                Pkcs11Provider::open(&module, &url("one"), pin, TokenWrapping::KeyWrap).unwrap();
            wraps_and_refuses(&provider, WrapAlgorithm::AesKw);
            // What was wrapped one way opens in a provider that wraps the other way.
            let key = kek("kek-c", 1);
            provider.create_kek(&spec(&key)).unwrap();
            let dek = Dek::generate().unwrap();
            let wrapped = provider.wrap(&key, &dek, &context(b"x")).unwrap();
            let other = open(&module, "one").unwrap();
            assert_eq!(other.wraps_by(), WrapAlgorithm::Aes256Gcm);
            let opened = other.unwrap(&wrapped, &context(b"x")).unwrap();
            assert_eq!(opened.expose(), dek.expose());
            // No secret object of a wrap stays in the session.
            let (_, session) = raw_session("one");
            let left = session.find_objects(&[Attribute::KeyType(KeyType::GENERIC_SECRET)]);
            assert_eq!(left.unwrap(), []);
        },
    );
}

#[test]
fn a_token_without_aes_gcm_does_aes_kw() {
    let name = "a_token_without_aes_gcm_does_aes_kw";
    Tokens::run(name, &["one"], |tokens| {
        if std::env::var_os("MEDIASEAL_HIDE_GCM").is_none() {
            let hidden = [("MEDIASEAL_HIDE_GCM", "1")];
            assert!(tokens.child(name, &hidden).status().unwrap().success());
            return;
        }
        let provider = open(&tokens.faulty(), "one").unwrap();
        wraps_and_refuses(&provider, WrapAlgorithm::AesKw);
    });
}

#[test]
fn keys_are_made_in_the_token_and_cannot_leave_it() {
    Tokens::run(
        "keys_are_made_in_the_token_and_cannot_leave_it",
        &["one"],
        |_| {
            let module = Pkcs11Module::load(softhsm()).unwrap();
            for (wrapping, id) in [(TokenWrapping::Best, "gcm"), (TokenWrapping::KeyWrap, "kw")] {
                let provider = Pkcs11Provider::open(&module, &url("one"), pin, wrapping).unwrap();
                provider.create_kek(&spec(&kek(id, 1))).unwrap();
                let (_, session) = raw_session("one");
                let label = Attribute::Label(format!("mediaseal/{id}/1").into_bytes());
                let keys = session.find_objects(&[label]).unwrap();
                assert_eq!(keys.len(), 1);
                let is_gcm = wrapping == TokenWrapping::Best;
                let wanted = [
                    Attribute::Token(true),
                    Attribute::Private(true),
                    Attribute::Sensitive(true),
                    Attribute::AlwaysSensitive(true),
                    Attribute::Extractable(false),
                    Attribute::NeverExtractable(true),
                    Attribute::Local(true),
                    Attribute::Modifiable(false),
                    Attribute::Encrypt(is_gcm),
                    Attribute::Decrypt(is_gcm),
                    Attribute::Wrap(!is_gcm),
                    Attribute::Unwrap(!is_gcm),
                    Attribute::Derive(false),
                    Attribute::ValueLen(32.into()),
                ];
                let types = wanted.each_ref().map(Attribute::attribute_type);
                assert_eq!(session.get_attributes(keys[0], &types).unwrap(), wanted);
                let value = session.get_attributes(keys[0], &[AttributeType::Value]);
                assert!(
                    !value.is_ok_and(|value| !value.is_empty()),
                    "the key can be read"
                );
            }
        },
    );
}

/// Puts a key of known octets into the token, as an escrow might have.
fn import(session: &Session, label: &str, octets: &[u8; 32], is_gcm: bool, can_leave: bool) {
    session
        .create_object(&[
            Attribute::Class(ObjectClass::SECRET_KEY),
            Attribute::KeyType(KeyType::AES),
            Attribute::Label(label.as_bytes().to_vec()),
            Attribute::Value(octets.to_vec()),
            Attribute::Token(true),
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(can_leave),
            Attribute::Encrypt(is_gcm),
            Attribute::Decrypt(is_gcm),
            Attribute::Wrap(!is_gcm),
            Attribute::Unwrap(!is_gcm),
        ])
        .unwrap();
}

#[test]
fn what_the_token_wraps_is_what_the_standards_say() {
    Tokens::run(
        "what_the_token_wraps_is_what_the_standards_say",
        &["one"],
        |_| {
            let provider = open(&Pkcs11Module::load(softhsm()).unwrap(), "one").unwrap();
            let (_, session) = raw_session("one");
            let octets = [0x5A; 32];
            import(&session, "mediaseal/gcm/1", &octets, true, false);
            import(&session, "mediaseal/kw/1", &octets, false, false);
            import(&session, "mediaseal/loose/1", &octets, true, true);
            let (dek, place) = (Dek::generate().unwrap(), context(b"place"));

            // What others wrapped by the standards under a key of ours opens. That the token wraps like that follows: it opens by the same way
            // what it wrapped, and both constructions have one result for a key, a nonce and a context.
            let by_hand = |id: &str, algorithm, octets: Vec<u8>| WrappedKey {
                provider: "pkcs11".to_owned(),
                kek_id: id.to_owned(),
                kek_version: 1,
                algorithm,
                region: place.region.clone(),
                context_hash: Sha256::digest(place.authenticated(id, 1).unwrap()).into(),
                octets,
            };
            let aad = place.authenticated("gcm", 1).unwrap();
            let sealed = {
                use aes_gcm::aead::{Aead, KeyInit, Payload};
                let nonce = [0x42; 12];
                let payload = Payload {
                    msg: dek.expose(),
                    aad: &aad,
                };
                let cipher = aes_gcm::Aes256Gcm::new(&octets.into());
                let sealed = cipher.encrypt(&nonce.into(), payload).unwrap();
                [&nonce[..], &sealed].concat()
            };
            let wrapped = by_hand("gcm", WrapAlgorithm::Aes256Gcm, sealed);
            let opened = provider.unwrap(&wrapped, &place).unwrap();
            assert_eq!(opened.expose(), dek.expose());

            let aad = place.authenticated("kw", 1).unwrap();
            let bound = [&dek.expose()[..], &Sha256::digest(&aad)].concat();
            let sealed = aes_kw::wrap(&octets, &bound).unwrap();
            let wrapped = by_hand("kw", WrapAlgorithm::AesKw, sealed);
            let opened = provider.unwrap(&wrapped, &place).unwrap();
            assert_eq!(opened.expose(), dek.expose());

            // But nothing new is wrapped under a key that somebody knows.
            for id in ["gcm", "kw"] {
                let error = provider.wrap(&kek(id, 1), &dek, &place).unwrap_err();
                assert!(matches!(error, ProviderError::Refused { .. }), "{error:?}");
            }

            // A key of our name that could leave the token is not used.
            let error = provider.wrap(&kek("loose", 1), &dek, &place).unwrap_err();
            assert!(matches!(error, ProviderError::Refused { .. }), "{error:?}");
            // Two keys of one name, as two processes may make at one moment: each opens what it wrapped.
            provider.create_kek(&spec(&kek("twice", 1))).unwrap();
            let wrapped = provider.wrap(&kek("twice", 1), &dek, &place).unwrap();
            // The other one has no id, so it comes first; it is known, so it wraps nothing.
            import(&session, "mediaseal/twice/1", &octets, true, false);
            let again = provider.wrap(&kek("twice", 1), &dek, &place).unwrap();
            let aad = place.authenticated("twice", 1).unwrap();
            let opened = {
                use aes_gcm::aead::{Aead, KeyInit, Payload};
                let (nonce, sealed) = again.octets.split_first_chunk::<12>().unwrap();
                let payload = Payload {
                    msg: sealed,
                    aad: &aad,
                };
                aes_gcm::Aes256Gcm::new(&octets.into()).decrypt(&(*nonce).into(), payload)
            };
            assert!(opened.is_err(), "wrapped under a known key");
            for wrapped in [&wrapped, &again] {
                let opened = provider.unwrap(wrapped, &place).unwrap();
                assert_eq!(opened.expose(), dek.expose());
            }
            let mut altered = wrapped.clone();
            altered.octets[20] ^= 1;
            let error = provider.unwrap(&altered, &place).unwrap_err();
            assert!(
                matches!(error, ProviderError::DoesNotAuthenticate),
                "{error:?}"
            );
            provider.destroy_kek(&kek("twice", 1)).unwrap();
            let error = provider.unwrap(&wrapped, &place).unwrap_err();
            assert!(matches!(error, ProviderError::KekDestroyed(_)), "{error:?}");
        },
    );
}

#[test]
fn nonces_do_not_repeat() {
    Tokens::run("nonces_do_not_repeat", &["one"], |_| {
        let provider = open(&Pkcs11Module::load(softhsm()).unwrap(), "one").unwrap();
        let key = kek("kek-a", 1);
        provider.create_kek(&spec(&key)).unwrap();
        let dek = Dek::generate().unwrap();
        let mut nonces: Vec<_> = (0..500)
            .map(|_| provider.wrap(&key, &dek, &context(b"x")).unwrap().octets[..12].to_vec())
            .collect();
        nonces.sort_unstable();
        nonces.dedup();
        assert_eq!(nonces.len(), 500);
    });
}

#[test]
fn a_wrong_pin_is_tried_once() {
    Tokens::run("a_wrong_pin_is_tried_once", &["one"], |_| {
        let module = Pkcs11Module::load(softhsm()).unwrap();
        let asked = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&asked);
        let secrets = move |kind: SecretKind, _: &ProviderUrl| {
            assert_eq!(kind, SecretKind::Pin);
            let is_first = count.fetch_add(1, Ordering::Relaxed) == 0;
            let pin = if is_first { "wrong 0000000" } else { PIN };
            Some(Zeroizing::new(pin.to_owned()))
        };
        let provider =
            Pkcs11Provider::open(&module, &url("one"), secrets, TokenWrapping::Best).unwrap();
        let key = kek("kek-a", 1);
        for _ in 0..5 {
            let error = provider.create_kek(&spec(&key)).unwrap_err();
            assert!(matches!(error, ProviderError::Denied(_)), "{error:?}");
            assert!(!error.to_string().contains("0000000"), "{error}");
        }
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        provider.retry_login();
        provider.create_kek(&spec(&key)).unwrap();
        assert_eq!(asked.load(Ordering::Relaxed), 2);
        assert!(!format!("{provider:?}").contains(PIN));

        let silent = |_: SecretKind, _: &ProviderUrl| None;
        let (_, session) = raw_session("one");
        session.logout().unwrap();
        let provider =
            Pkcs11Provider::open(&module, &url("one"), silent, TokenWrapping::Best).unwrap();
        let error = provider.create_kek(&spec(&kek("kek-b", 1))).unwrap_err();
        assert!(matches!(error, ProviderError::Denied(_)), "{error:?}");
    });
}

#[test]
fn lost_sessions_are_opened_again() {
    Tokens::run("lost_sessions_are_opened_again", &["one"], |tokens| {
        let provider = open(&tokens.faulty(), "one").unwrap();
        let key = kek("kek-a", 1);
        provider.create_kek(&spec(&key)).unwrap();
        let (dek, place) = (Dek::generate().unwrap(), context(b"x"));
        let wrapped = provider.wrap(&key, &dek, &place).unwrap();
        let losses = [
            CKR_SESSION_CLOSED,
            CKR_SESSION_HANDLE_INVALID,
            CKR_DEVICE_ERROR,
            CKR_DEVICE_REMOVED,
            CKR_TOKEN_NOT_PRESENT,
        ];
        use Function::{
            Decrypt, DecryptInit, Encrypt, EncryptInit, FindObjectsInit, GenerateKey,
            GetAttributeValue,
        };
        for code in losses {
            for at in [FindObjectsInit, GetAttributeValue, EncryptInit, Encrypt] {
                tokens.fault(at, code, 1);
                provider
                    .wrap(&key, &dek, &place)
                    .unwrap_or_else(|error| panic!("{at:?} {code}: {error}"));
            }
            for at in [FindObjectsInit, GetAttributeValue, DecryptInit, Decrypt] {
                tokens.fault(at, code, 1);
                let opened = provider.unwrap(&wrapped, &place).unwrap();
                assert_eq!(opened.expose(), dek.expose(), "{at:?} {code}");
            }
            tokens.fault(GenerateKey, code, 1);
            provider.create_kek(&spec(&kek("kek-loss", code))).unwrap();
        }
        // By another part of the application: all sessions closed; the token logged out.
        let (module, session) = raw_session("one");
        session.logout().unwrap();
        assert_eq!(
            provider.unwrap(&wrapped, &place).unwrap().expose(),
            dek.expose()
        );
        session.logout().unwrap();
        provider.set_state(&key, KeyState::Active).unwrap();
        session.logout().unwrap();
        let error = provider.create_kek(&spec(&key)).unwrap_err();
        assert!(matches!(error, ProviderError::KekExists(_)), "{error:?}");
        drop(session);
        // PKCS #11 has one state a process: whoever finalizes it takes it from all.
        module.finalize().unwrap();
        let error = provider.unwrap(&wrapped, &place).unwrap_err();
        assert!(matches!(error, ProviderError::Unavailable(_)), "{error:?}");
        raw_session("one");
        assert_eq!(
            provider.unwrap(&wrapped, &place).unwrap().expose(),
            dek.expose()
        );
    });
}

#[test]
fn a_token_that_fails_says_so_and_loses_nothing() {
    Tokens::run(
        "a_token_that_fails_says_so_and_loses_nothing",
        &["one"],
        |tokens| {
            let provider = open(&tokens.faulty(), "one").unwrap();
            let key = kek("kek-a", 1);
            provider.create_kek(&spec(&key)).unwrap();
            let (dek, place) = (Dek::generate().unwrap(), context(b"x"));
            let wrapped = provider.wrap(&key, &dek, &place).unwrap();
            use Function::{
                CreateObject, Decrypt, DestroyObject, Encrypt, FindObjectsInit, GenerateKey,
                GetSlotList, Login, OpenSession,
            };
            let all = [
                FindObjectsInit,
                Encrypt,
                Decrypt,
                GenerateKey,
                GetSlotList,
                OpenSession,
                Login,
                CreateObject,
                DestroyObject,
            ];
            for code in [
                CKR_DEVICE_REMOVED,
                CKR_DEVICE_ERROR,
                CKR_GENERAL_ERROR,
                CKR_FUNCTION_FAILED,
                CKR_DEVICE_MEMORY,
            ] {
                for at in all {
                    tokens.fault(at, code, 1_000_000);
                    let new = kek("kek-b", code * 100 + at as u32);
                    let outcomes = [
                        provider.wrap(&key, &dek, &place).map(drop),
                        provider.unwrap(&wrapped, &place).map(drop),
                        provider.create_kek(&spec(&new)),
                    ];
                    for error in outcomes.into_iter().filter_map(Result::err) {
                        // Never that the key was forged, is gone or never was.
                        assert!(
                            matches!(
                                error,
                                ProviderError::Unavailable(_) | ProviderError::Failed(_)
                            ),
                            "{at:?} {code}: {error:?}"
                        );
                    }
                    tokens.fault(at, 0, 0);
                    assert_eq!(
                        provider.unwrap(&wrapped, &place).unwrap().expose(),
                        dek.expose(),
                        "after {at:?} {code}"
                    );
                }
            }
            // Decryption that fails for good is no forgery, whatever word the module has for it.
            tokens.fault(Decrypt, CKR_GENERAL_ERROR, 1_000_000);
            let error = provider.unwrap(&wrapped, &place).unwrap_err();
            assert!(matches!(error, ProviderError::Unavailable(_)), "{error:?}");
            // A destruction that fails half-way can be asked for again, and until then the key is there.
            tokens.fault(DestroyObject, CKR_FUNCTION_FAILED, 1);
            provider.destroy_kek(&key).unwrap_err();
            assert_eq!(
                provider.unwrap(&wrapped, &place).unwrap().expose(),
                dek.expose()
            );
            assert_eq!(provider.destroy_kek(&key).unwrap(), Destruction::Done);
            let error = provider.unwrap(&wrapped, &place).unwrap_err();
            assert!(matches!(error, ProviderError::KekDestroyed(_)), "{error:?}");
        },
    );
}

#[test]
fn a_token_that_is_taken_away_and_brought_back_loses_nothing() {
    let name = "a_token_that_is_taken_away_and_brought_back_loses_nothing";
    Tokens::run(name, &["one"], |tokens| {
        let module = Pkcs11Module::load(softhsm()).unwrap();
        let provider = open(&module, "one").unwrap();
        let key = kek("kek-a", 1);
        provider.create_kek(&spec(&key)).unwrap();
        let (dek, place) = (Dek::generate().unwrap(), context(b"x"));
        let wrapped = provider.wrap(&key, &dek, &place).unwrap();
        let (here, away) = (tokens.folder.join("tokens"), tokens.folder.join("away"));
        fs::rename(&here, &away).unwrap();
        for error in [
            provider.wrap(&key, &dek, &place).err(),
            provider.unwrap(&wrapped, &place).err(),
            provider.set_state(&key, KeyState::Active).err(),
            provider.create_kek(&spec(&kek("kek-b", 1))).err(),
            provider.destroy_kek(&key).err(),
        ] {
            assert!(
                matches!(error, Some(ProviderError::Unavailable(_))),
                "{error:?}"
            );
        }
        fs::remove_dir_all(&here).ok();
        fs::rename(&away, &here).unwrap();
        // SoftHSM gives up a token for good that it did not find once, until it is started again.
        module.restart().unwrap();
        assert_eq!(
            provider.unwrap(&wrapped, &place).unwrap().expose(),
            dek.expose()
        );
    });
}

#[test]
fn tokens_are_found_by_name_or_not_at_all() {
    Tokens::run(
        "tokens_are_found_by_name_or_not_at_all",
        &["one", "two", "two"],
        |_| {
            let module = Pkcs11Module::load(softhsm()).unwrap();
            let error = open(&module, "two").unwrap_err();
            assert!(matches!(error, ProviderError::Invalid(_)), "{error:?}");
            let error = open(&module, "three").unwrap_err();
            assert!(matches!(error, ProviderError::Unavailable(_)), "{error:?}");
            let slots = Pkcs11::new(softhsm()).unwrap();
            let serials: Vec<_> = slots
                .get_slots_with_token()
                .unwrap()
                .into_iter()
                .map(|slot| slots.get_token_info(slot).unwrap())
                .filter(|token| token.label() == "two")
                .map(|token| token.serial_number().to_owned())
                .collect();
            assert_eq!(serials.len(), 2);
            for serial in serials {
                let url =
                    format!("pkcs11:token=two;serial={serial};manufacturer=SoftHSM%20project");
                let url = url.parse().unwrap();
                let provider =
                    Pkcs11Provider::open(&module, &url, pin, TokenWrapping::Best).unwrap();
                assert_eq!(provider.describe().id, format!("two {serial}"));
            }
            // By its URL, with what stands in no URL.
            let mut means = ProviderMeans::new(Arc::new(pin));
            let error = means.open("pkcs11:token=one").err().unwrap();
            assert!(matches!(error, ProviderError::Invalid(_)), "{error:?}");
            means.pkcs11 = Some(module);
            let provider = means.open("pkcs11:token=one").unwrap();
            provider.create_kek(&spec(&kek("kek-a", 1))).unwrap();
            assert_eq!(
                means.open("awskms:eu-west-1").is_ok(),
                cfg!(feature = "awskms")
            );
            assert!(means.open("unknown:x").is_err());
            for path in ["libsofthsm2.so", "./x.so", ""] {
                let error = Pkcs11Module::load(path).unwrap_err();
                assert!(matches!(error, ProviderError::Invalid(_)), "{error:?}");
            }
            let error = Pkcs11Module::load("/nowhere/x.so").unwrap_err();
            assert!(matches!(error, ProviderError::Failed(_)), "{error:?}");
            let error = Pkcs11Module::load(std::env::current_exe().unwrap()).unwrap_err();
            assert!(matches!(error, ProviderError::Failed(_)), "{error:?}");
        },
    );
}

#[test]
fn processes_and_threads_share_a_token() {
    let name = "processes_and_threads_share_a_token";
    Tokens::run(name, &["one"], |tokens| {
        let provider = open(&Pkcs11Module::load(softhsm()).unwrap(), "one").unwrap();
        let (shared, place) = (kek("kek-shared", 1), context(b"x"));
        let file = tokens.folder.join("wrapped");
        // Both processes make the same keys, and use each that they are told is theirs at once.
        let race = || -> Vec<u8> {
            let made = (1..=20).map(|version| kek("race", version));
            let made = made.filter(|key| provider.create_kek(&spec(key)).is_ok());
            made.flat_map(|key| {
                let wrapped = provider.wrap(&key, &Dek::from_bytes(&[7; 32]), &place);
                let octets = wrapped.unwrap().to_bytes().unwrap();
                [
                    &u32::try_from(octets.len()).unwrap().to_be_bytes()[..],
                    &octets,
                ]
                .concat()
            })
            .collect()
        };
        let wraps_many = || {
            for _ in 0..50 {
                let dek = Dek::generate().unwrap();
                let wrapped = provider.wrap(&shared, &dek, &place).unwrap();
                let opened = provider.unwrap(&wrapped, &place).unwrap();
                assert_eq!(opened.expose(), dek.expose());
            }
        };
        if std::env::var_os("MEDIASEAL_OTHER").is_some() {
            let wrapped = WrappedKey::from_bytes(&fs::read(&file).unwrap()).unwrap();
            let opened = provider.unwrap(&wrapped, &place).unwrap();
            assert_eq!(opened.expose(), &[7; 32]);
            fs::write(file.with_extension("theirs"), race()).unwrap();
            wraps_many();
            return;
        }
        provider.create_kek(&spec(&shared)).unwrap();
        let dek = Dek::from_bytes(&[7; 32]);
        let wrapped = provider.wrap(&shared, &dek, &place).unwrap();
        fs::write(&file, wrapped.to_bytes().unwrap()).unwrap();
        let mut other = tokens
            .child(name, &[("MEDIASEAL_OTHER", "1")])
            .spawn()
            .unwrap();
        let mine = race();
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(wraps_many);
            }
        });
        assert!(other.wait().unwrap().success());
        let theirs = fs::read(file.with_extension("theirs")).unwrap();
        let mut opened = 0;
        for mut rest in [mine.as_slice(), theirs.as_slice()] {
            while let Some((len, after)) = rest.split_first_chunk::<4>() {
                let (octets, after) = after.split_at(u32::from_be_bytes(*len) as usize);
                let wrapped = WrappedKey::from_bytes(octets).unwrap();
                assert_eq!(
                    provider.unwrap(&wrapped, &place).unwrap().expose(),
                    &[7; 32]
                );
                (opened, rest) = (opened + 1, after);
            }
        }
        assert!(opened > 0, "nobody made a key");
    });
}
