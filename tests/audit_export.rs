//! Records in the forms of other systems, and no key in any of them.
#![cfg(feature = "recording")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "audit/setup.rs"]
mod setup;

use std::fs;

use data_encoding::{BASE64, BASE64_NOPAD, HEXLOWER, HEXUPPER};
use mediaseal::vault::audit::{
    AuditEvent, AuditRecord, AuditSink, Durability, Outcome, SyslogOrigin, Trust, prove,
    read_records, to_cef, to_ocsf, to_syslog, verify,
};
use mediaseal::vault::audit::{AuditLog, checkpoints};
use serde_json::Value;
use setup::{Folder, auditor, auditors, create, event, key_of, options, signer};

fn record(number: u64, outcome: Outcome) -> AuditRecord {
    AuditRecord {
        number,
        event: AuditEvent {
            unix_micros: 1_709_210_096_123_456,
            actor: "alice \"the\" admin]".into(),
            action: "kek.destroy".into(),
            resource: "kek/tenant|a=b\\c/3".into(),
            outcome,
            reason: "end of retention\nCEF:0|forged|".into(),
            attributes: vec![
                ("region".into(), "eu".into()),
                ("a b=]\"".into(), "Ünïcode".into()),
            ],
        },
    }
}

/// The attributes that class 3004 of OCSF 1.5.0 requires, those that it has at all, and the ids of its activities (schema.ocsf.io, class
/// entity_management without profiles).
const REQUIRED: [&str; 8] = [
    "activity_id",
    "category_uid",
    "class_uid",
    "entity",
    "metadata",
    "severity_id",
    "time",
    "type_uid",
];
const KNOWN: [&str; 37] = [
    "access_list",
    "access_mask",
    "activity_id",
    "activity_name",
    "actor",
    "category_name",
    "category_uid",
    "class_name",
    "class_uid",
    "comment",
    "count",
    "duration",
    "end_time",
    "enrichments",
    "entity",
    "entity_result",
    "http_request",
    "http_response",
    "message",
    "metadata",
    "observables",
    "raw_data",
    "raw_data_size",
    "severity",
    "severity_id",
    "src_endpoint",
    "start_time",
    "status",
    "status_code",
    "status_detail",
    "status_id",
    "time",
    "timezone_offset",
    "type_name",
    "type_uid",
    "unmapped",
    "is_alert",
];

#[test]
fn ocsf_has_what_its_class_requires_and_nothing_else() {
    for (action, activity) in [
        ("kek.create", 1),
        ("dek.unwrap", 2),
        ("dek.wrap", 3),
        ("kek.state", 3),
        ("kek.destroy", 4),
        ("kek.move", 5),
        ("audit.start", 8),
        ("audit.stop", 9),
        ("kek.archive", 99),
    ] {
        for outcome in [
            Outcome::Allowed,
            Outcome::Done,
            Outcome::Refused,
            Outcome::Failed,
        ] {
            let mut record = record(9, outcome);
            record.event.action = action.into();
            let text = to_ocsf(&record, "mediaseal/audit/00");
            assert!(!text.contains('\n'));
            let value: Value = serde_json::from_str(&text).unwrap();
            let fields = value.as_object().unwrap();
            for name in REQUIRED {
                assert!(fields.contains_key(name), "{name}");
            }
            for name in fields.keys() {
                assert!(KNOWN.contains(&name.as_str()), "{name}");
            }
            assert_eq!(value["activity_id"], activity);
            assert_eq!(value["type_uid"], 300_400 + activity);
            assert_eq!(
                (&value["class_uid"], &value["category_uid"]),
                (&3004.into(), &3.into())
            );
            assert_eq!(value["time"], 1_709_210_096_123_u64);
            // Of `metadata`: product and version; of `product`: name or uid; of `entity`: name or uid; of `user`: name or uid.
            assert_eq!(value["metadata"]["version"], "1.5.0");
            assert_eq!(value["metadata"]["product"]["name"], "mediaseal");
            assert_eq!(
                value["metadata"]["original_time"],
                "2024-02-29T12:34:56.123456Z"
            );
            assert_eq!(value["entity"]["uid"], record.event.resource);
            assert_eq!(value["actor"]["user"]["name"], record.event.actor);
            assert_eq!(value["unmapped"]["attributes"]["region"], "eu");
            assert_eq!(value["comment"], record.event.reason);
            let is_failure = matches!(outcome, Outcome::Refused | Outcome::Failed);
            assert_eq!(value["status_id"] == 2, is_failure);
        }
    }
}

/// Id and parameters of an element of structured data.
type Element = (String, Vec<(String, String)>);

/// Reads a message by the grammar of RFC 5424, section 6: header fields, structured data, text.
fn read_syslog(message: &str) -> (Vec<String>, Vec<Element>, String) {
    let mut fields = message.splitn(7, ' ');
    let header: Vec<String> = fields.by_ref().take(6).map(str::to_owned).collect();
    let mut rest = fields.next().unwrap();
    let mut elements = Vec::new();
    while let Some(element) = rest.strip_prefix('[') {
        let name_len = element.find([' ', ']']).unwrap();
        let (id, mut after) = element.split_at(name_len);
        let mut params = Vec::new();
        while let Some(param) = after.strip_prefix(' ') {
            let (name, value) = param.split_once("=\"").unwrap();
            let mut text = String::new();
            let mut chars = value.char_indices();
            let end = loop {
                match chars.next().unwrap() {
                    (_, '\\') => {
                        let escaped = chars.next().unwrap().1;
                        assert!(matches!(escaped, '"' | '\\' | ']'));
                        text.push(escaped);
                    }
                    (at, '"') => break at + 1,
                    (_, c) => {
                        assert_ne!(c, ']');
                        text.push(c);
                    }
                }
            };
            params.push((name.to_owned(), text));
            after = &value[end..];
        }
        elements.push((id.to_owned(), params));
        rest = after.strip_prefix(']').unwrap();
    }
    let text = rest.strip_prefix(" \u{feff}").unwrap().to_owned();
    (header, elements, text)
}

#[test]
fn syslog_is_that_of_the_rfc() {
    let origin = SyslogOrigin {
        host: "recorder 1.example\n<0>".into(),
        application: "a".repeat(60),
        process: String::new(),
        enterprise: 32473,
    };
    for (outcome, priority) in [
        (Outcome::Allowed, 110),
        (Outcome::Done, 110),
        (Outcome::Refused, 108),
        (Outcome::Failed, 107),
    ] {
        let record = record(9, outcome);
        let message = to_syslog(&record, &origin);
        assert!(!message.contains(char::is_control));
        let (header, elements, text) = read_syslog(&message);
        assert_eq!(
            header,
            [
                &format!("<{priority}>1"),
                "2024-02-29T12:34:56.123456Z",
                "recorder1.example<0>",
                &"a".repeat(48),
                "-",
                "kek.destroy"
            ]
        );
        let [(event_id, event), (attributes_id, attributes)] = &elements[..] else {
            panic!("{elements:?}");
        };
        assert_eq!(
            (event_id.as_str(), attributes_id.as_str()),
            ("event@32473", "attributes@32473")
        );
        let value = |name: &str| &event.iter().find(|(other, _)| other == name).unwrap().1;
        assert_eq!(value("n"), "9");
        assert_eq!(*value("actor"), record.event.actor);
        assert_eq!(*value("resource"), record.event.resource);
        assert_eq!(value("outcome"), outcome.name());
        assert_eq!(value("reason"), "end of retention\\nCEF:0|forged|");
        assert_eq!(attributes[0], ("region".into(), "eu".into()));
        assert_eq!(attributes[1], ("ab".into(), "Ünïcode".into()));
        assert!(text.starts_with("alice \"the\" admin] kek.destroy kek/"));
    }
    let bare = to_syslog(&event_record(), &SyslogOrigin::default());
    assert!(bare.starts_with("<110>1 "));
    assert_eq!(read_syslog(&bare).0[2..5], ["-", "mediaseal", "-"]);
}

fn event_record() -> AuditRecord {
    AuditRecord {
        number: 1,
        event: event(1),
    }
}

#[test]
fn cef_escapes_what_it_must() {
    let line = to_cef(&record(9, Outcome::Refused));
    assert!(!line.contains(char::is_control));
    let (header, extension) = line.split_at(line.find("|6|").unwrap() + 3);
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        header,
        format!("CEF:0|mediaseal|mediaseal|{version}|kek.destroy|kek.destroy refused|6|")
    );
    assert_eq!(
        extension,
        "rt=1709210096123 externalId=9 suser=alice \"the\" admin] act=kek.destroy outcome=refused \
         reason=end of retention\\nCEF:0|forged| cs1Label=resource cs1=kek/tenant|a\\=b\\\\c/3 \
         cs2Label=attributes cs2=region\\=eu; a b\\\\\\=]\"\\=Ünïcode"
    );
    // One attribute does not pass for two.
    let with = |attributes: &[(&'static str, &str)]| {
        let mut record = record(2, Outcome::Done);
        let attributes = attributes.iter();
        record.event.attributes = attributes
            .map(|(name, value)| ((*name).into(), (*value).to_owned()))
            .collect();
        to_cef(&record)
    };
    let (one, two) = (with(&[("a", "b; c=d")]), with(&[("a", "b"), ("c", "d")]));
    assert!(two.ends_with("cs2=a\\=b; c\\=d"), "{two}");
    assert!(one.ends_with("cs2=a\\=b\\\\; c\\\\\\=d"), "{one}");
    assert_ne!(with(&[("a", "b\\; c=d")]), one);
    let mut piped = record(1, Outcome::Done);
    piped.event.action = "a|b\\c".into();
    assert!(to_cef(&piped).contains("|a\\|b\\\\c|a\\|b\\\\c done|2|"));
}

/// Every form in which octets of a key could stand in a text.
fn forms(key: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = vec![key.to_vec()];
    for part in [&key[..16], &key[16..]] {
        forms.push(part.to_vec());
        forms.push(HEXLOWER.encode(part).into_bytes());
        forms.push(HEXUPPER.encode(part).into_bytes());
        forms.push(
            format!("{part:?}")
                .trim_matches(['[', ']'])
                .as_bytes()
                .to_vec(),
        );
    }
    for skip in 0..3 {
        forms.push(BASE64_NOPAD.encode(&key[skip..skip + 24]).into_bytes());
        forms.push(BASE64.encode(&key[skip..]).into_bytes());
    }
    forms
}

/// `HMAC`-based expansion by the definition of RFC 5869, to know the keys that must not be found.
fn next_key(key: &[u8; 32]) -> [u8; 32] {
    use hmac::{Hmac, KeyInit, Mac};
    let mut mac = <Hmac<sha2::Sha256> as KeyInit>::new_from_slice(key).unwrap();
    mac.update(b"mediaseal v1 audit\x01");
    mac.finalize().into_bytes().into()
}

#[test]
fn no_key_octet_is_in_any_file_export_or_message() {
    let folder = Folder::new("canary");
    let log = create(&folder);
    let mut printed = format!(
        "{log:?} {:?} {}",
        options(Durability::Synced),
        log.verifier_key()
    );
    // The key that the log's first record leaves behind is k[1]; those after it follow.
    let state = folder.read("state");
    let mut keys = vec![<[u8; 32]>::try_from(&state[16..48]).unwrap()];
    for number in 0..40 {
        log.record(&event(number)).unwrap();
        keys.push(next_key(keys.last().unwrap()));
    }
    // The last of them is the next record's, and stands in `state`, for this user alone.
    let state = folder.read("state");
    assert_eq!(state[16..48], keys[40]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        for name in ["records", "index", "checkpoints", "state", "header"] {
            let mode = fs::metadata(folder.join(name))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }
    let key = log.verifier_key().clone();
    log.checkpoint().unwrap();
    let auditor = auditor();
    let report = verify(&folder, Trust::Auditor(&key_of(&folder), &auditor), &[]);
    printed += &format!(
        "{report:?} {:?}",
        Trust::Auditor(&key_of(&folder), &auditor)
    );
    printed += &format!("{:?}", prove(&folder, 5, None, &key).unwrap());
    printed += &checkpoints(&folder).unwrap().concat();
    read_records(&folder, 0, &mut |record, line| {
        printed += line;
        printed += &to_ocsf(record, "log");
        printed += &to_syslog(record, &SyslogOrigin::default());
        printed += &to_cef(record);
        true
    })
    .unwrap();
    for error in [
        AuditLog::open(&*folder, signer(), options(Durability::System)).unwrap_err(),
        AuditLog::create(&*folder, &auditors(), signer(), options(Durability::System)).unwrap_err(),
    ] {
        printed += &format!("{error} {error:?}");
    }
    let mut octets = printed.into_bytes();
    for entry in fs::read_dir(&*folder).unwrap() {
        let entry = entry.unwrap();
        let mut file = fs::read(entry.path()).unwrap();
        if entry.file_name() == "state" {
            // Its key is the next record's, and none that a record stands under.
            file.drain(16..48);
        }
        octets.extend(file);
    }
    let secrets = keys
        .iter()
        .map(<[u8; 32]>::as_slice)
        .chain([&[3; 32][..], &[4; 32]]);
    for (number, secret) in secrets.enumerate() {
        for form in forms(secret) {
            let found = memchr(&octets, &form);
            assert!(
                !found,
                "secret {number} as {:?}",
                String::from_utf8_lossy(&form)
            );
        }
    }
}

/// Whether `needle` is in `hay`, quickly: by the rows of its first two octets.
fn memchr(hay: &[u8], needle: &[u8]) -> bool {
    let (first, second) = (needle[0], needle[1]);
    hay.windows(2)
        .enumerate()
        .any(|(at, pair)| pair[0] == first && pair[1] == second && hay[at..].starts_with(needle))
}
