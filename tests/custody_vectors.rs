//! Vectors of docs/formats/custody.md, which another program wrote (tests/vectors/mediaseal/generate_custody.py): the stores, wrapped keys, records.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod custody_support;

use std::sync::Arc;

use custody_support::{Folder, Remembering, admin, cheap};
use mediaseal::vault::custody::{
    Custody, CustodyError, CustodyOptions, Everybody, FileProvider, KeyProvider, KeyState,
    ProviderError, RecordPlace, dek_of_record,
};
use mediaseal::vault::{WrapContext, WrapError, WrappedKey};
use rusqlite::params;
use serde_json::Value;

fn vectors() -> Value {
    serde_json::from_str(include_str!("vectors/mediaseal/custody.json")).unwrap()
}

fn hex(value: &Value) -> Vec<u8> {
    data_encoding::HEXLOWER
        .decode(value.as_str().unwrap().as_bytes())
        .unwrap()
}

fn cases<'a>(vectors: &'a Value, group: &str) -> &'a [Value] {
    vectors[group].as_array().unwrap()
}

/// A `file:` store whose rows are those of the vectors.
fn provider(folder: &Folder, vectors: &Value) -> FileProvider {
    let path = folder.path("keys.db");
    FileProvider::create(&path, "", "another", &cheap()).unwrap();
    let (file, kek) = (&vectors["file"], &vectors["kek"]);
    let db = rusqlite::Connection::open(&path).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    db.execute(
        "UPDATE store SET id = ?, region = ?, passphrase = ?, generation = ?, proof = ?",
        params![
            hex(&file["id"]),
            text(&file["region"]),
            text(&file["phc"]),
            file["generation"].as_i64(),
            hex(&file["proof"]),
        ],
    )
    .unwrap();
    for row in cases(file, "keks") {
        db.execute(
            "INSERT INTO kek VALUES (?, ?, ?, ?, ?, ?, ?)",
            params![
                text(&kek["id"]),
                row["version"].as_i64(),
                text(&kek["tenant"]),
                text(&kek["region"]),
                text(&kek["purpose"]),
                row["state"].as_i64(),
                hex(&row["sealed"]),
            ],
        )
        .unwrap();
    }
    drop(db);
    FileProvider::open(&path, file["passphrase"].as_str().unwrap()).unwrap()
}

fn context(case: &Value) -> WrapContext {
    WrapContext {
        purpose: hex(&case["purpose"]),
        region: case["region"].as_str().unwrap().to_owned(),
    }
}

#[test]
fn wrapped_keys_of_another_program_open() {
    let vectors = vectors();
    let folder = Folder::new("vectors-wrapped");
    let provider = provider(&folder, &vectors);
    provider.verify().unwrap();
    assert_eq!(
        provider.describe().id,
        vectors["file"]["id"].as_str().unwrap()
    );
    for case in cases(&vectors, "wrapped") {
        let octets = hex(&case["wrapped"]);
        let wrapped = WrappedKey::from_bytes(&octets).unwrap();
        assert_eq!(wrapped.to_bytes().unwrap(), octets);
        assert_eq!(i64::from(wrapped.kek_version), case["version"]);
        let authenticated = wrapped.is_for(&context(case)).unwrap();
        assert_eq!(authenticated, hex(&case["context"]), "{}", case["name"]);
        let dek = provider.unwrap(&wrapped, &context(case)).unwrap();
        assert_eq!(dek.expose().to_vec(), hex(&case["dek"]), "{}", case["name"]);
    }
    let case = &cases(&vectors, "wrapped")[0];
    for refused in cases(&vectors, "refused") {
        let read = WrappedKey::from_bytes(&hex(&refused["wrapped"]));
        let said = match read {
            Err(WrapError::Malformed { .. }) => "Malformed",
            Err(error) => panic!("{error:?}"),
            Ok(wrapped) => match provider.unwrap(&wrapped, &context(case)) {
                Err(ProviderError::DoesNotAuthenticate) => "DoesNotAuthenticate",
                other => panic!("{}: {other:?}", refused["name"]),
            },
        };
        assert_eq!(said, refused["reason"], "{}", refused["name"]);
    }
    let count = cases(&vectors, "wrapped").len() + cases(&vectors, "refused").len();
    println!("vectors: mediaseal wrapped keys: {count}");
}

#[test]
fn a_store_and_records_of_another_program_open() {
    let vectors = vectors();
    let folder = Folder::new("vectors-store");
    let provider = provider(&folder, &vectors);
    let provider_id = provider.describe().id;
    let path = folder.path("custody.db");
    let audit = Arc::new(Remembering::default());
    let options = CustodyOptions::new(Arc::new(provider), Arc::new(Everybody), audit);
    drop(Custody::create(&path, options.clone()).unwrap());
    let db = rusqlite::Connection::open(&path).unwrap();
    let kek = &vectors["kek"];
    let id = kek["id"].as_str().unwrap();
    let stored = &vectors["custody"];
    for row in cases(stored, "keks") {
        let changes = cases(row, "changes");
        for change in changes {
            let fields = change.as_array().unwrap();
            db.execute(
                "INSERT INTO change VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                params![
                    id,
                    row["version"].as_i64(),
                    fields[0].as_i64(),
                    fields[1].as_i64(),
                    fields[2].as_i64(),
                    fields[3].as_i64(),
                    fields[4].as_str(),
                    fields[5].as_str(),
                    hex(&fields[6]),
                ],
            )
            .unwrap();
        }
        db.execute(
            "INSERT INTO kek VALUES (?, ?, ?, ?, ?, 'file', ?, ?8, ?8, 0, NULL, NULL, NULL, ?7, ?9, ?10)",
            params![
                id,
                row["version"].as_i64(),
                kek["tenant"].as_str(),
                kek["region"].as_str(),
                kek["purpose"].as_str(),
                provider_id,
                i64::try_from(changes.len()).unwrap(),
                row["state"].as_i64(),
                hex(&changes.last().unwrap()[6]),
                hex(&row["digest"]),
            ],
        )
        .unwrap();
    }
    let case = &cases(&vectors, "wrapped")[2];
    db.execute(
        "INSERT INTO dek VALUES (?, ?, ?, ?, ?)",
        params![
            hex(&stored["dek_id"]),
            id,
            case["version"].as_i64(),
            hex(&case["wrapped"]),
            hex(&stored["dek_digest"]),
        ],
    )
    .unwrap();
    drop(db);

    let custody = Custody::open(&path, options).unwrap();
    let verified = custody.verify(&admin()).unwrap();
    assert_eq!((verified.keks, verified.deks), (2, 1));
    let dek_id = stored["dek_id"].as_str().unwrap().parse().unwrap();
    let dek = custody.open_dek(&admin(), &dek_id).unwrap();
    assert_eq!(dek.expose().to_vec(), hex(&case["dek"]));
    let keks = custody.keks(&admin()).unwrap();
    let states: Vec<_> = keks.iter().map(|info| info.state).collect();
    assert_eq!(states, [KeyState::Active, KeyState::Deactivated]);

    let open = |case: &Value| {
        let row_id = hex(&case["row_id"]);
        let place = RecordPlace {
            table: case["table"].as_str().unwrap(),
            column: case["column"].as_str().unwrap(),
            row_id: &row_id,
        };
        custody.open_record(&admin(), &place, &hex(&case["record"]))
    };
    for case in cases(&vectors, "records") {
        assert_eq!(dek_of_record(&hex(&case["record"])).unwrap(), dek_id);
        let plaintext = open(case).unwrap();
        assert_eq!(*plaintext, hex(&case["plaintext"]), "{}", case["name"]);
    }
    for case in cases(&vectors, "refused_records") {
        let refused = open(case);
        let is_clear = matches!(
            refused,
            Err(CustodyError::Invalid(_)
                | CustodyError::Provider(ProviderError::DoesNotAuthenticate))
        );
        assert!(is_clear, "{}: {refused:?}", case["name"]);
    }
    let count = cases(&vectors, "records").len() + cases(&vectors, "refused_records").len();
    println!("vectors: mediaseal sealed records: {count}");
}
