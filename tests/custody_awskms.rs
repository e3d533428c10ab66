//! The provider `awskms:` against moto, and against KMS's documented refusals where moto has none.

#![cfg(all(test, feature = "awskms"))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "custody/keks.rs"]
mod keks;
#[path = "custody/kms_server.rs"]
mod kms_server;
#[path = "custody/moto.rs"]
mod moto;

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit, Mac};
use keks::{context, kek, spec};
use kms_server::{Reply, Request, Server, exception};
use mediaseal::vault::custody::awskms::{KmsOptions, KmsProvider};
use mediaseal::vault::custody::{
    Destruction, Enforcement, KekRef, KeyProvider, KeyState, Protection, ProviderError,
    ProviderUrl, Rewrap, SecretKind,
};
use mediaseal::vault::{Clock, Dek, WrapAlgorithm, WrapContext, WrappedKey};
use moto::Moto;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

const SECRET_KEY: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const TOKEN: &str = "a-session-token-that-nobody-else-sees";

fn secrets(kind: SecretKind, _: &ProviderUrl) -> Option<Zeroizing<String>> {
    let secret = match kind {
        SecretKind::AccessKeyId => "AKIDEXAMPLE",
        SecretKind::SecretAccessKey => SECRET_KEY,
        SecretKind::SessionToken => TOKEN,
        _ => return None,
    };
    Some(Zeroizing::new(secret.to_owned()))
}

fn open(url: &str, options: &KmsOptions) -> Result<KmsProvider, ProviderError> {
    KmsProvider::open(&url.parse()?, secrets, options)
}

/// The provider at a server of this machine.
fn at(server: &Server, options: &KmsOptions) -> KmsProvider {
    let url = format!(
        "awskms:eu-central-1?endpoint=http://127.0.0.1:{}",
        server.port
    );
    open(&url, options).unwrap()
}

/// A key as a KMS might have wrapped it for `context` under `kek`.
fn wrapped(kek: &KekRef, context: &WrapContext) -> WrappedKey {
    let name = (kek.id.as_str(), kek.version);
    WrappedKey::new("awskms", name, WrapAlgorithm::Kms, context, vec![1; 150]).unwrap()
}

#[test]
fn moto_does_what_is_asked() {
    let moto = Moto::start();
    let options = KmsOptions::default()
        .with_timeout(Duration::from_secs(60))
        .with_roots(vec![moto.root.clone()]);
    let url = format!(
        "awskms:eu-central-1?endpoint=https://127.0.0.1:{}&account=123456789012&deletion-days=7",
        moto.port
    );
    let provider = open(&url, &options).unwrap();
    let info = provider.describe();
    assert_eq!(
        (info.scheme.as_str(), info.region.as_str()),
        ("awskms", "eu-central-1")
    );
    assert_eq!(
        (info.protection, info.exportable),
        (Protection::Remote, false)
    );

    let (first, second) = (kek("kek-a", 1), kek("kek-a", 2));
    provider.create_kek(&spec(&first)).unwrap();
    let error = provider.create_kek(&spec(&first)).unwrap_err();
    assert!(matches!(error, ProviderError::KekExists(_)), "{error:?}");
    assert_eq!(provider.rotate(&spec(&first)).unwrap(), second);

    let dek = provider.new_dek().unwrap();
    let here = context(b"here");
    let wrapped = provider.wrap(&first, &dek, &here).unwrap();
    assert_eq!(
        (
            wrapped.provider.as_str(),
            wrapped.algorithm,
            wrapped.kek_version
        ),
        ("awskms", WrapAlgorithm::Kms, 1)
    );
    assert_eq!(
        provider.unwrap(&wrapped, &here).unwrap().expose(),
        dek.expose()
    );

    // KMS itself refuses another context: the hash that stands beside is made to fit.
    let there = provider.wrap(&first, &dek, &context(b"there")).unwrap();
    let forged = WrappedKey {
        context_hash: wrapped.context_hash,
        ..there
    };
    let error = provider.unwrap(&forged, &here).unwrap_err();
    assert!(
        matches!(error, ProviderError::DoesNotAuthenticate),
        "{error:?}"
    );
    let error = provider.unwrap(&wrapped, &context(b"there")).unwrap_err();
    assert!(
        matches!(error, ProviderError::DoesNotAuthenticate),
        "{error:?}"
    );
    // Every 10th octet altered.
    for at in (0..wrapped.octets.len()).step_by(10) {
        let mut altered = wrapped.clone();
        altered.octets[at] ^= 1;
        let error = provider.unwrap(&altered, &here).unwrap_err();
        // The first octets name the key: of one that it does not know KMS says that it gives no access.
        let is_right = match error {
            ProviderError::DoesNotAuthenticate => true,
            ProviderError::Denied(_) => at < 36,
            _ => false,
        };
        assert!(is_right, "{at}: {error:?}");
    }

    // Wrapped anew within KMS, to another version and so another context.
    let rewraps = [
        Rewrap {
            wrapped: &wrapped,
            context: &here,
        },
        Rewrap {
            wrapped: &forged,
            context: &here,
        },
    ];
    let mut moved = provider.rewrap(&second, &rewraps);
    let refused = moved.pop().unwrap().unwrap_err();
    assert!(
        matches!(refused, ProviderError::DoesNotAuthenticate),
        "{refused:?}"
    );
    let moved = moved.pop().unwrap().unwrap();
    assert_eq!(moved.kek_version, 2);
    assert_eq!(
        provider.unwrap(&moved, &here).unwrap().expose(),
        dek.expose()
    );
    assert_eq!(
        provider.unwrap(&wrapped, &here).unwrap().expose(),
        dek.expose()
    );

    for (state, enforcement) in [
        (KeyState::Suspended, Enforcement::ByProvider),
        (KeyState::Active, Enforcement::ByProvider),
        (KeyState::Active, Enforcement::ByProvider),
        (KeyState::Deactivated, Enforcement::ByCustodyOnly),
        (KeyState::Compromised, Enforcement::ByCustodyOnly),
    ] {
        assert_eq!(
            provider.set_state(&first, state).unwrap(),
            enforcement,
            "{state}"
        );
    }
    let scheduled = provider.destroy_kek(&first).unwrap();
    let Destruction::Scheduled { unix_micros } = scheduled else {
        panic!("{scheduled:?}");
    };
    let days = |micros: u64| micros / 1_000_000 / 86_400;
    let now = days(mediaseal::vault::SystemClock.unix_micros());
    assert!(
        (now + 6..=now + 8).contains(&days(unix_micros)),
        "{unix_micros}"
    );
    assert_eq!(provider.destroy_kek(&first).unwrap(), scheduled);
    assert_eq!(
        provider.unwrap(&moved, &here).unwrap().expose(),
        dek.expose()
    );

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

    // Another account's keys are refused; an authority that is not trusted is not spoken to.
    let stranger = url.replace("123456789012", "210987654321");
    let stranger = open(&stranger, &options).unwrap();
    let error = stranger.unwrap(&moved, &here).unwrap_err();
    assert!(matches!(error, ProviderError::Denied(_)), "{error:?}");
    let untrusting = open(&url, &KmsOptions::default()).unwrap();
    let error = untrusting.unwrap(&moved, &here).unwrap_err();
    assert!(matches!(error, ProviderError::Unavailable(_)), "{error:?}");
}

/// Signature Version 4 by its description, to compare with what came.
fn signature(request: &Request, region: &str) -> String {
    let authorization = request.header("authorization").unwrap();
    let part = |name: &str| {
        let (_, rest) = authorization.split_once(name).unwrap();
        rest.split([',', ' ']).next().unwrap()
    };
    let signed = part("SignedHeaders=");
    let headers: String = signed
        .split(';')
        .map(|name| format!("{name}:{}\n", request.header(name).unwrap()))
        .collect();
    let hex = |octets: &[u8]| data_encoding::HEXLOWER.encode(octets);
    let canonical = format!(
        "POST\n/\n\n{headers}\n{signed}\n{}",
        hex(&Sha256::digest(&request.body))
    );
    let time = request.header("x-amz-date").unwrap();
    let scope = format!("{}/{region}/kms/aws4_request", &time[..8]);
    assert_eq!(part("Credential="), format!("AKIDEXAMPLE/{scope}"));
    let text = format!(
        "AWS4-HMAC-SHA256\n{time}\n{scope}\n{}",
        hex(&Sha256::digest(canonical))
    );
    let hmac = |key: &[u8], text: &str| {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().to_vec()
    };
    let key = hmac(format!("AWS4{SECRET_KEY}").as_bytes(), &time[..8]);
    let key = ["kms", "aws4_request"]
        .iter()
        .fold(hmac(&key, region), |key, text| hmac(&key, text));
    assert_eq!(part("Signature="), hex(&hmac(&key, &text)));
    signed.to_owned()
}

/// A clock that stands still.
struct At(u64);

impl Clock for At {
    fn unix_micros(&self) -> u64 {
        self.0 * 1_000_000
    }
}

#[test]
fn requests_are_signed_and_say_what_kms_expects() {
    let server = Server::start(|_, _| {
        Reply::Answer(
            200,
            json!({ "CiphertextBlob": "AQID", "KeyId": "arn:aws:kms:eu-central-1:123456789012:key/x" })
                .to_string(),
        )
    });
    // 2015-08-30 12:36:00 UTC
    let options = KmsOptions::default().with_clock(Arc::new(At(1_440_938_160)));
    let provider = at(&server, &options);
    let (key, place, dek) = (kek("kek-a", 3), context(b"x"), Dek::from_bytes(&[0xA5; 32]));
    let wrapped = provider.wrap(&key, &dek, &place).unwrap();
    assert_eq!(wrapped.octets, [1, 2, 3]);
    let request = server.requests.lock().unwrap().remove(0);
    let signed = signature(&request, "eu-central-1");
    for name in [
        "host",
        "x-amz-date",
        "x-amz-target",
        "x-amz-security-token",
        "content-type",
    ] {
        assert!(
            signed.split(';').any(|header| header == name),
            "{name} is not signed"
        );
    }
    assert_eq!(request.header("x-amz-date"), Some("20150830T123600Z"));
    assert_eq!(request.header("x-amz-target"), Some("TrentService.Encrypt"));
    let digest = Sha256::digest(place.authenticated("kek-a", 3).unwrap());
    assert_eq!(
        request.json(),
        json!({
            "KeyId": "alias/mediaseal/kek-a/3",
            "Plaintext": data_encoding::BASE64.encode(dek.expose()),
            "EncryptionContext": { "mediaseal": data_encoding::HEXLOWER.encode(&digest) },
        })
    );
}

#[test]
fn documented_refusals_become_clear_errors() {
    let (key, place) = (kek("kek-a", 1), context(b"x"));
    let wrapped = wrapped(&key, &place);
    type Check = fn(&ProviderError) -> bool;
    let cases: [(u16, &str, &str, Check); 19] = [
        (
            400,
            "DisabledException",
            "arn:aws:kms:…:key/x is disabled.",
            |error| matches!(error, ProviderError::Refused { reason, .. } if reason.contains("is disabled")),
        ),
        (
            400,
            "KMSInvalidStateException",
            "arn:aws:kms:…:key/x is pending deletion.",
            |error| matches!(error, ProviderError::Refused { reason, .. } if reason.contains("pending deletion")),
        ),
        (
            400,
            "com.amazonaws.kms#NotFoundException",
            "Alias … is not found.",
            |error| matches!(error, ProviderError::NoSuchKek(kek) if kek.id == "kek-a"),
        ),
        (400, "InvalidCiphertextException", "", |error| {
            matches!(error, ProviderError::DoesNotAuthenticate)
        }),
        (400, "IncorrectKeyException", "", |error| {
            matches!(error, ProviderError::DoesNotAuthenticate)
        }),
        (
            400,
            "AccessDeniedException",
            "User: arn is not authorized to perform: kms:Decrypt",
            |error| matches!(error, ProviderError::Denied(why) if why.contains("kms:Decrypt")),
        ),
        (400, "UnrecognizedClientException", TOKEN, |error| {
            matches!(error, ProviderError::Denied(_))
        }),
        (403, "InvalidSignatureException", TOKEN, |error| {
            matches!(error, ProviderError::Denied(_))
        }),
        (400, "ExpiredTokenException", TOKEN, |error| {
            matches!(error, ProviderError::Denied(_))
        }),
        (400, "ThrottlingException", "Rate exceeded", |error| {
            matches!(error, ProviderError::Unavailable(_))
        }),
        (429, "TooManyRequestsException", "", |error| {
            matches!(error, ProviderError::Unavailable(_))
        }),
        (500, "KMSInternalException", "", |error| {
            matches!(error, ProviderError::Unavailable(_))
        }),
        (500, "KeyUnavailableException", "", |error| {
            matches!(error, ProviderError::Unavailable(_))
        }),
        (503, "DependencyTimeoutException", "", |error| {
            matches!(error, ProviderError::Unavailable(_))
        }),
        (502, "", "", |error| {
            matches!(error, ProviderError::Unavailable(_))
        }),
        (400, "ValidationException", "1 validation error", |error| {
            matches!(error, ProviderError::Failed(_))
        }),
        (400, "InvalidKeyUsageException", "", |error| {
            matches!(error, ProviderError::Refused { .. })
        }),
        (404, "", "", |error| {
            matches!(error, ProviderError::Failed(_))
        }),
        (307, "", "", |error| {
            matches!(error, ProviderError::Failed(_))
        }),
    ];
    for (status, name, message, is_right) in cases {
        let server = Server::start(move |_, _| exception(status, name, message));
        let provider = at(&server, &KmsOptions::default());
        let error = provider.unwrap(&wrapped, &place).unwrap_err();
        assert!(is_right(&error), "{status} {name}: {error:?}");
        assert!(
            !format!("{error:?} {error}").contains(TOKEN),
            "{name}: {error}"
        );
        // Without a way to wait nothing is tried again.
        assert_eq!(server.actions(), ["Decrypt"], "{name}");
    }
    // A line break in what the service says forges no line of a log.
    let server =
        Server::start(|_, _| exception(400, "AccessDeniedException", "no\n2026 fatal: x\u{1b}[2J"));
    let error = at(&server, &KmsOptions::default())
        .unwrap(&wrapped, &place)
        .unwrap_err()
        .to_string();
    assert!(!error.contains(char::is_control), "{error:?}");
}

#[test]
fn throttling_and_failures_are_tried_again_within_limits() {
    let (key, place) = (kek("kek-a", 1), context(b"x"));
    let waits = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&waits);
    let options = KmsOptions::default()
        .with_retries(4, Arc::new(move |time| noted.lock().unwrap().push(time)));
    let dek = data_encoding::BASE64.encode(&[9; 32]);
    let good = json!({ "Plaintext": dek, "KeyId": "arn:aws:kms:eu:1:key/x" }).to_string();
    let server = Server::start(move |_, before| match before {
        0 => exception(400, "ThrottlingException", "Rate exceeded"),
        1 => exception(500, "KMSInternalException", ""),
        2 => Reply::Close,
        _ => Reply::Answer(200, good.clone()),
    });
    let opened = at(&server, &options)
        .unwrap(&wrapped(&key, &place), &place)
        .unwrap();
    assert_eq!(opened.expose(), &[9; 32]);
    let waited = waits.lock().unwrap().clone();
    assert_eq!(waited.len(), 3);
    for (time, (least, most)) in waited.iter().zip([(50, 100), (100, 200), (200, 400)]) {
        let bounds = Duration::from_millis(least)..=Duration::from_millis(most);
        assert!(bounds.contains(time), "{waited:?}");
    }

    // It ends, and says why.
    let server = Server::start(|_, _| exception(400, "ThrottlingException", "Rate exceeded"));
    let error = at(&server, &options)
        .unwrap(&wrapped(&key, &place), &place)
        .unwrap_err();
    assert!(
        matches!(&error, ProviderError::Unavailable(why) if why.contains("Throttling")),
        "{error:?}"
    );
    assert_eq!(server.actions().len(), 4);

    // What will not get better is not asked twice.
    let server = Server::start(|_, _| exception(400, "DisabledException", ""));
    at(&server, &options)
        .unwrap(&wrapped(&key, &place), &place)
        .unwrap_err();
    assert_eq!(server.actions().len(), 1);
}

#[test]
fn no_answer_and_bad_answers_are_errors_in_time() {
    let (key, place) = (kek("kek-a", 1), context(b"x"));
    let options = KmsOptions::default().with_timeout(Duration::from_millis(300));
    let refused = |reply: fn() -> Reply| {
        let server = Server::start(move |_, _| reply());
        let provider = at(&server, &options);
        let began = Instant::now();
        let errors = [
            provider
                .unwrap(&wrapped(&key, &place), &place)
                .map(drop)
                .unwrap_err(),
            provider
                .wrap(&key, &Dek::from_bytes(&[7; 32]), &place)
                .map(drop)
                .unwrap_err(),
            provider.destroy_kek(&key).map(drop).unwrap_err(),
            provider.create_kek(&spec(&key)).unwrap_err(),
        ];
        assert!(began.elapsed() < Duration::from_secs(8));
        errors
    };
    let unavailable: [fn() -> Reply; 6] = [
        || Reply::Close,
        || Reply::Hang(Duration::from_secs(5)),
        || Reply::Raw(b"SSH-2.0-x\r\n".to_vec()),
        || Reply::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{}".to_vec()),
        || Reply::Answer(200, "no json".to_owned()),
        || Reply::Answer(200, format!("\"{}\"", "x".repeat(65 * 1024))),
    ];
    for reply in unavailable {
        for error in refused(reply) {
            assert!(matches!(error, ProviderError::Unavailable(_)), "{error:?}");
        }
    }
    let wrong: [fn() -> Reply; 9] = [
        || Reply::Answer(200, String::new()),
        || Reply::Answer(200, "[]".to_owned()),
        || Reply::Answer(200, "null".to_owned()),
        || {
            Reply::Answer(
                200,
                json!({ "Plaintext": 1, "CiphertextBlob": {}, "KeyId": "x" }).to_string(),
            )
        },
        || {
            Reply::Answer(
                200,
                json!({ "Plaintext": "!", "CiphertextBlob": "!", "KeyId": "x" }).to_string(),
            )
        },
        || {
            Reply::Answer(
                200,
                json!({ "Plaintext": "AAAA", "CiphertextBlob": "", "KeyId": "x" }).to_string(),
            )
        },
        // A KMS that does not encrypt.
        || {
            let dek = data_encoding::BASE64.encode(&[7; 32]);
            Reply::Answer(
                200,
                json!({ "CiphertextBlob": dek, "KeyId": "x" }).to_string(),
            )
        },
        || {
            let long = data_encoding::BASE64.encode(&[1; 6145]);
            Reply::Answer(
                200,
                json!({ "Plaintext": long, "CiphertextBlob": long, "KeyId": "x" }).to_string(),
            )
        },
        || Reply::Answer(200, format!("{}1{}", "[".repeat(5000), "]".repeat(5000))),
    ];
    for reply in wrong {
        for error in refused(reply) {
            assert!(
                matches!(
                    error,
                    ProviderError::Failed(_) | ProviderError::Unavailable(_)
                ),
                "{error:?}"
            );
        }
    }
    // Nobody listens.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let url = format!("awskms:eu-central-1?endpoint=http://127.0.0.1:{port}");
    let error = open(&url, &options)
        .unwrap()
        .wrap(&key, &Dek::from_bytes(&[7; 32]), &place)
        .unwrap_err();
    assert!(matches!(error, ProviderError::Unavailable(_)), "{error:?}");
}

#[test]
fn a_redirection_is_not_followed() {
    let asked = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&asked);
    let elsewhere = Server::start(move |_, _| {
        count.fetch_add(1, Ordering::Relaxed);
        Reply::Close
    });
    let port = elsewhere.port;
    let server = Server::start(move |_, _| {
        Reply::Raw(
            format!("HTTP/1.1 307 X\r\nlocation: http://127.0.0.1:{port}/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
                .into_bytes(),
        )
    });
    let (key, place) = (kek("kek-a", 1), context(b"x"));
    at(&server, &KmsOptions::default())
        .wrap(&key, &Dek::generate().unwrap(), &place)
        .unwrap_err();
    assert_eq!(asked.load(Ordering::Relaxed), 0);
}

#[test]
fn a_key_that_gets_no_alias_is_scheduled_for_deletion() {
    let metadata = |id: &str| {
        json!({ "KeyMetadata": {
            "KeyId": id, "Arn": format!("arn:aws:kms:eu-central-1:123456789012:key/{id}"), "KeyState": "Enabled"
        } })
        .to_string()
    };
    let run = |fault: fn() -> Reply, alias_is_there: bool| {
        let asked = AtomicU32::new(0);
        let server = Server::start(move |request: &Request, _| match request.action.as_str() {
            "DescribeKey" if asked.fetch_add(1, Ordering::Relaxed) == 1 && alias_is_there => {
                Reply::Answer(200, metadata("new"))
            }
            "DescribeKey" => exception(400, "NotFoundException", ""),
            "CreateKey" => Reply::Answer(200, metadata("new")),
            "CreateAlias" => fault(),
            "ScheduleKeyDeletion" => {
                assert_eq!(request.json()["KeyId"], Value::from("new"));
                Reply::Answer(200, json!({ "DeletionDate": 1.5e9 }).to_string())
            }
            other => panic!("{other}"),
        });
        let made = at(&server, &KmsOptions::default()).create_kek(&spec(&kek("kek-a", 1)));
        (made, server.actions())
    };
    // Another process was faster.
    let (made, actions) = run(|| exception(400, "AlreadyExistsException", ""), false);
    assert!(matches!(made, Err(ProviderError::KekExists(_))), "{made:?}");
    assert_eq!(actions.last().unwrap(), "ScheduleKeyDeletion");
    // Not allowed to.
    let (made, actions) = run(|| exception(400, "AccessDeniedException", ""), false);
    assert!(matches!(made, Err(ProviderError::Denied(_))), "{made:?}");
    assert_eq!(actions.last().unwrap(), "ScheduleKeyDeletion");
    // The answer was lost, and the alias is there.
    let (made, actions) = run(|| Reply::Close, true);
    assert!(made.is_ok(), "{made:?}");
    assert_eq!(actions.last().unwrap(), "DescribeKey");
}

#[test]
fn urls_of_kms_are_read_strictly() {
    for url in [
        "awskms:",
        "awskms:EU",
        "awskms:eu/../x",
        "awskms:eu.evil.example",
        "awskms:eu?endpoint=http://kms.example",
        "awskms:eu?endpoint=https://user@kms.example",
        "awskms:eu?account=1234",
        "awskms:eu?deletion-days=6",
        "awskms:eu?deletion-days=31",
        "awskms:eu?deletion-days=x",
        "awskms:eu?profile=x",
        "file:eu",
    ] {
        let error = open(url, &KmsOptions::default()).unwrap_err();
        assert!(
            matches!(error, ProviderError::Invalid(_)),
            "{url}: {error:?}"
        );
    }
    let id = |url: &str| open(url, &KmsOptions::default()).unwrap().describe().id;
    assert_eq!(
        id("awskms:eu-west-1"),
        "https://kms.eu-west-1.amazonaws.com"
    );
    assert_eq!(
        id("awskms:cn-north-1"),
        "https://kms.cn-north-1.amazonaws.com.cn"
    );
    assert_eq!(
        id("awskms:eu-west-1?account=123456789012&endpoint=https://kms.example:8443/"),
        "https://kms.example:8443 123456789012"
    );
    // Without credentials nothing is sent.
    let server = Server::start(|_, _| Reply::Close);
    let url = format!("awskms:eu?endpoint=http://localhost:{}", server.port)
        .parse()
        .unwrap();
    let none = |_: SecretKind, _: &ProviderUrl| None;
    let provider = KmsProvider::open(&url, none, &KmsOptions::default()).unwrap();
    let error = provider
        .wrap(&kek("k", 1), &Dek::from_bytes(&[1; 32]), &context(b""))
        .unwrap_err();
    assert!(matches!(error, ProviderError::Denied(_)), "{error:?}");
    assert_eq!(server.actions().len(), 0);
    assert!(!format!("{provider:?} {:?}", KmsOptions::default()).contains(SECRET_KEY));
}
