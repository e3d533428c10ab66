//! The vectors of grants (docs/formats/grants.md), which an independent program sealed, through the public API alone; and grants of ours for
//! that program to open: `cargo xtask test independent`.
#![cfg(feature = "recording")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashMap;
use std::path::Path;

use data_encoding::HEXLOWER;
use mediaseal::vault::grant::{
    Envelope, Grant, GrantError, Identity, Kem, Payload, Recipient, SessionGrant, SessionKey,
    Signer, SignerPublic, Stanza,
};
use mediaseal::vault::{Dek, WrapAlgorithm, WrapContext};
use mediaseal::{BaseKey, CipherSuite, EpochSecret, KeyId, Media, SenderId};
use serde_json::{Value, json};

fn file() -> Value {
    serde_json::from_str(include_str!("vectors/mediaseal/grants.json")).unwrap()
}

fn group<'a>(file: &'a Value, name: &str) -> &'a Vec<Value> {
    file[name].as_array().unwrap()
}

fn text<'a>(case: &'a Value, field: &str) -> &'a str {
    case[field].as_str().unwrap()
}

fn octets(case: &Value, field: &str) -> Vec<u8> {
    HEXLOWER.decode(text(case, field).as_bytes()).unwrap()
}

fn array<const N: usize>(case: &Value, field: &str) -> [u8; N] {
    octets(case, field).try_into().unwrap()
}

fn identities(file: &Value) -> HashMap<String, Identity> {
    let identity = |case: &Value| {
        let kem = Kem::from_id(u16::try_from(case["kem"].as_u64().unwrap()).unwrap()).unwrap();
        let identity = Identity::from_bytes(kem, &array(case, "secret")).unwrap();
        (text(case, "name").to_owned(), identity)
    };
    group(file, "identities").iter().map(identity).collect()
}

fn signers(file: &Value) -> HashMap<String, Signer> {
    let signer = |case: &Value| {
        let signer = Signer::from_bytes(&array(case, "secret"));
        (text(case, "name").to_owned(), signer)
    };
    group(file, "signers").iter().map(signer).collect()
}

/// The payload that the octets of a vector are.
fn payload(octets: &[u8]) -> Payload {
    match octets.split_first().unwrap() {
        (1, epoch) => Payload::Epoch(EpochSecret::from_bytes(epoch).unwrap()),
        (2, session) => Payload::Session(session_key(session)),
        (3, dek) => Payload::Dek(Dek::from_bytes(dek.try_into().unwrap())),
        other => panic!("{other:?}"),
    }
}

/// A raw session key; those of channels cannot be made from outside.
fn session_key(octets: &[u8]) -> SessionKey {
    let number = |at: usize, len: usize| {
        octets[at..at + len]
            .iter()
            .fold(0_u64, |number, octet| number << 8 | u64::from(*octet))
    };
    let sender_len = usize::try_from(number(31, 2)).unwrap();
    let media = u8::try_from(number(10, 1)).unwrap();
    SessionKey::raw(
        CipherSuite::new(u16::try_from(number(0, 2)).unwrap()),
        KeyId::new(number(2, 8)),
        SenderId::new(&octets[33..33 + sender_len]).unwrap(),
        Media::from_value(media).unwrap(),
        BaseKey::from_slice(&octets[33 + sender_len + 2..]).unwrap(),
    )
}

#[track_caller]
fn assert_same(opened: &Payload, octets: &[u8]) {
    match (opened, payload(octets)) {
        (Payload::Epoch(opened), Payload::Epoch(given)) => {
            assert_eq!(opened.to_bytes(), given.to_bytes());
        }
        (Payload::Session(opened), Payload::Session(given)) => {
            assert_eq!(opened.suite(), given.suite());
            assert_eq!(opened.kid(), given.kid());
            assert_eq!(opened.sender(), given.sender());
            assert_eq!(opened.media(), given.media());
            assert_eq!(opened.base_key(), given.base_key());
            let numbers = [
                &opened.generation().to_be_bytes()[..],
                &opened.step().to_be_bytes(),
                &opened.period().to_be_bytes(),
            ];
            assert_eq!(numbers.concat(), octets[12..32]);
        }
        (Payload::Dek(opened), Payload::Dek(given)) => {
            assert_eq!(opened.expose(), given.expose());
        }
        (opened, given) => panic!("{opened:?} is not {given:?}"),
    }
}

#[test]
fn keys_are_written_as_in_the_vectors() {
    let file = file();
    for case in group(&file, "identities") {
        let identity = Identity::from_text(text(case, "text")).unwrap();
        assert_eq!(*identity.to_text(), text(case, "text"));
        assert_eq!(identity.recipient().public_key(), octets(case, "public"));
        assert_eq!(identity.recipient().to_string(), text(case, "public_text"));
        assert_eq!(identity.recipient().id().to_string(), text(case, "id"));
        let recipient: Recipient = text(case, "public_text").parse().unwrap();
        assert_eq!(recipient, *identity.recipient());
        let given = &identities(&file)[text(case, "name")];
        assert_eq!(given.recipient(), &recipient);
    }
    for case in group(&file, "signers") {
        let signer = Signer::from_text(text(case, "text")).unwrap();
        assert_eq!(*signer.to_text(), text(case, "text"));
        assert_eq!(signer.public().as_bytes(), &array(case, "public"));
        let public: SignerPublic = text(case, "public_text").parse().unwrap();
        assert_eq!(&public, signer.public());
    }
}

#[test]
fn grants_that_another_program_sealed_open() {
    let file = file();
    let (identities, signers) = (identities(&file), signers(&file));
    for case in group(&file, "grants") {
        let grant = Grant::from_bytes(&octets(case, "octets")).unwrap();
        assert_eq!(grant.to_bytes(), octets(case, "octets"));
        let identity = &identities[text(case, "identity")];
        let signer = signers[text(case, "signer")].public();
        let opened = grant.open(identity, signer, &octets(case, "context"));
        assert_same(&opened.unwrap(), &octets(case, "payload"));
    }
    println!(
        "vectors: mediaseal grants: {}",
        group(&file, "grants").len()
    );
    assert_eq!(group(&file, "grants").len(), 12);
}

#[test]
fn what_the_vectors_refuse_is_refused_for_their_reason() {
    let file = file();
    let (identities, signers) = (identities(&file), signers(&file));
    for case in group(&file, "refused") {
        let identity = &identities[text(case, "identity")];
        let signer = signers[text(case, "signer")].public();
        let refused = Grant::from_bytes(&octets(case, "octets"))
            .and_then(|grant| grant.open(identity, signer, &octets(case, "context")))
            .unwrap_err();
        let is_opened = !matches!(text(case, "reason"), "malformed" | "version" | "kem");
        let reason = match &refused {
            GrantError::UnknownVersion { .. } => "version",
            GrantError::UnknownKem { .. } => "kem",
            // Of what is sealed, or of the grant itself.
            GrantError::Malformed if is_opened => "payload",
            GrantError::Core(_) => "payload",
            GrantError::Malformed => "malformed",
            GrantError::OtherRecipient => "recipient",
            GrantError::Signature => "signature",
            GrantError::DoesNotOpen => "open",
            other => panic!("{}: {other:?}", text(case, "name")),
        };
        assert_eq!(reason, text(case, "reason"), "{}", text(case, "name"));
    }
    println!(
        "vectors: mediaseal grants refused: {}",
        group(&file, "refused").len()
    );
    assert_eq!(group(&file, "refused").len(), 27);
}

#[test]
fn envelopes_that_another_program_wrote_open() {
    let file = file();
    let (identities, signers) = (identities(&file), signers(&file));
    for case in group(&file, "envelopes") {
        let envelope = Envelope::from_bytes(&octets(case, "octets")).unwrap();
        assert_eq!(envelope.to_bytes().unwrap(), octets(case, "octets"));
        let context = WrapContext {
            purpose: octets(case, "purpose"),
            region: text(case, "region").to_owned(),
        };
        let dek = octets(case, "dek");
        let signer = [*signers[text(case, "signer")].public()];
        for name in group(case, "identities") {
            let identity = &identities[name.as_str().unwrap()];
            let opened = envelope.open_by_identity(identity, &signer, &context);
            assert_eq!(opened.unwrap().expose()[..], dek);
        }
        let words = String::from_utf8(octets(case, "passphrase")).unwrap();
        let opened = envelope.open_by_passphrase(&words, &context).unwrap();
        assert_eq!(opened.expose()[..], dek);
        let Stanza::Provider(wrapped) = &envelope.stanzas()[0] else {
            panic!("the provider's stanza comes first");
        };
        assert_eq!(
            (wrapped.provider.as_str(), wrapped.kek_id.as_str()),
            ("file", "kek 1")
        );
        assert_eq!(
            (wrapped.kek_version, wrapped.algorithm),
            (2, WrapAlgorithm::XAes256Gcm)
        );
        assert_eq!(
            (wrapped.region.as_str(), wrapped.octets.len()),
            ("eu-central-1", 72)
        );
    }
    for case in group(&file, "sessions") {
        let grant = SessionGrant::from_bytes(&octets(case, "octets")).unwrap();
        assert_eq!(grant.to_bytes().unwrap(), octets(case, "octets"));
        for name in group(case, "identities") {
            let identity = &identities[name.as_str().unwrap()];
            let signer = [*signers[text(case, "signer")].public()];
            let session = Payload::Session(grant.open(identity, &signer).unwrap());
            assert_same(&session, &octets(case, "payload"));
        }
    }
}

/// Seals with the keys of the vectors and writes what came out, for `check_grants.py`.
#[test]
fn what_we_seal_is_written_for_another_program() {
    let file = file();
    let (identities, signers) = (identities(&file), signers(&file));
    let signer = &signers["alice"];
    let mut sealed = Vec::new();
    for case in group(&file, "grants") {
        let mut given = octets(case, "payload");
        if given[0] == 2 {
            // Generation, step and period of a raw key.
            given[12..32].fill(0);
        }
        let identity = &identities[text(case, "identity")];
        let context = octets(case, "context");
        let grant = Grant::seal(&payload(&given), identity.recipient(), signer, &context).unwrap();
        sealed.push(json!({
            "name": case["name"], "identity": case["identity"], "signer": "alice",
            "context": case["context"], "payload": HEXLOWER.encode(&given),
            "octets": HEXLOWER.encode(&grant.to_bytes()),
        }));
    }
    let case = &group(&file, "envelopes")[0];
    let context = WrapContext {
        purpose: octets(case, "purpose"),
        region: text(case, "region").to_owned(),
    };
    let dek = Dek::from_bytes(&array(case, "dek"));
    let mut envelope = Envelope::new();
    for name in ["dave", "carol", "bob"] {
        let recipient = identities[name].recipient();
        envelope
            .add_recipient(&dek, recipient, signer, &context)
            .unwrap();
    }
    let params = "$argon2id$v=19$m=256,t=2,p=3$MDEyMzQ1Njc4OWFiY2RlZmdo";
    let words = String::from_utf8(octets(case, "passphrase")).unwrap();
    envelope
        .add_passphrase(&dek, &words, params.parse().unwrap(), &context)
        .unwrap();
    let mut written = case.clone();
    written["octets"] = HEXLOWER.encode(&envelope.to_bytes().unwrap()).into();
    let out = json!({
        "identities": file["identities"], "signers": file["signers"], "grants": sealed,
        "refused": [], "envelopes": [written], "sessions": [],
    });
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sealed-by-mediaseal.json");
    std::fs::write(path, out.to_string()).unwrap();
}
