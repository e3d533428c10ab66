//! `mediaseal key` and `mediaseal doctor`.
#![cfg(test)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::path::{Path, PathBuf};

use common::{
    Datagrams, KEY, Link, Member, OTHER_KEY, file, json, mediaseal, seal, speech, stream,
    with_input,
};
use mediaseal::{ChannelConfig, ChannelKey, Media};
use pcap_file::Endianness;
use serde_json::Value;

/// A file that is not there.
fn fresh(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if path.exists() {
        std::fs::remove_file(&path).unwrap();
    }
    path
}

fn text(args: &[&str]) -> (i32, String) {
    let output = mediaseal(args);
    let all = [output.stdout, output.stderr].concat();
    (
        output.status.code().unwrap(),
        String::from_utf8(all).unwrap(),
    )
}

/// The octets of the key in a file that `key new` made.
fn key_of(path: &Path) -> String {
    let line = std::fs::read_to_string(path).unwrap();
    assert_eq!(line.lines().count(), 1);
    line.trim().rsplit_once("key=").unwrap().1.to_owned()
}

#[test]
fn a_new_key_goes_into_a_file_and_nowhere_else() {
    let path = fresh("new.key");
    let name = path.display().to_string();
    let args = [
        "key",
        "new",
        "--channel",
        "Monday's call",
        "--instance",
        "i 1",
        "--clock",
        "--generation",
        "3",
        "--out",
        &name,
    ];
    let (status, said) = text(&args);
    assert_eq!(status, 0, "{said}");
    let key = key_of(&path);
    assert_eq!(key.len(), 64);
    assert!(!said.contains(&key[..8]), "{said}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
    // What the library says of the same key.
    let config = ChannelConfig::new("Monday's call")
        .unwrap()
        .instance("i 1")
        .unwrap()
        .with_clock();
    let expected = Member::with(config, &key, 3).channel.safety_code().unwrap();
    assert_eq!(said, format!("safety code: {expected}\n"));
    assert_eq!(
        text(&["key", "safety-code", &name]).1,
        format!("{expected}  Monday's call, generation 3\n")
    );
    // It is not written over.
    let (status, said) = text(&args);
    assert_eq!((status, key_of(&path)), (3, key), "{said}");

    // And it opens what was sealed with it.
    let other = fresh("second.key");
    let name = other.display().to_string();
    assert_eq!(
        text(&[
            "key",
            "new",
            "--channel",
            "standup",
            "--suite",
            "aes-256-gcm",
            "--out",
            &name
        ])
        .0,
        0
    );
    assert_ne!(key_of(&other), key_of(&path));
    let report = json(&["key", "show", &name]).1;
    assert_eq!(report[0]["suite"], "AES_256_GCM_SHA512_128");
}

#[test]
fn a_new_key_opens_what_it_sealed() {
    let path = fresh("sealed.key");
    let name = path.display().to_string();
    assert_eq!(
        text(&["key", "new", "--channel", "standup", "--out", &name]).0,
        0
    );
    let alice = Member::new("standup", &key_of(&path), 1);
    let mut call = Datagrams::default();
    call.stream(
        1,
        &seal(&mut alice.encryptor("alice", Media::AUDIO), &speech()[..10]),
    );
    let capture = file(
        "new-key.pcap",
        &call.pcap(Link::Ethernet, Endianness::Little),
    )
    .display()
    .to_string();
    let (status, report) = json(&[
        "explain",
        &capture,
        "--key-file",
        &name,
        "--sender",
        "alice",
    ]);
    assert_eq!((status, &stream(&report, 1)["opened"]), (0, &10.into()));
}

#[test]
fn keys_are_shown_only_if_asked_twice() {
    let raw = fresh("raw-new.key");
    let raw_name = raw.display().to_string();
    assert_eq!(
        text(&["key", "new", "--kid", "0x1f", "--out", &raw_name]),
        (0, String::new())
    );
    let epoch = Member::new("lunch", OTHER_KEY, 2)
        .channel
        .epoch_secret(2, 0)
        .unwrap()
        .to_text();
    let lines = format!(
        "# several\nchannel=standup generation=9 key={KEY}\n{}\n",
        epoch.as_str()
    );
    let path = file("show.keys", lines.as_bytes()).display().to_string();
    let (status, said) = text(&["key", "show", &path, &raw_name]);
    assert_eq!(status, 0);
    assert!(said.contains("channel key, channel \"standup\", generation 9, without a clock, AES_128_GCM_SHA256_128\n"), "{said}");
    assert!(
        said.contains("epoch secret, channel \"lunch\", generation 2, step 0, without a clock"),
        "{said}"
    );
    assert!(said.contains("raw base key, KID 0x1f"), "{said}");
    assert!(
        !said.contains("mediaseal-epoch") && !said.contains(&key_of(&raw)[..8]),
        "{said}"
    );
    let (_, report) = json(&["key", "show", &path, &raw_name]);
    let kinds: Vec<_> = report
        .as_array()
        .unwrap()
        .iter()
        .map(|key| key["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["channel", "epoch", "raw"]);
    // The same secret, with and without the root, has one code.
    let code = Member::new("lunch", OTHER_KEY, 2)
        .channel
        .safety_code()
        .unwrap();
    assert_eq!(report[1]["safety_code"], code);
    assert_eq!(report[2]["safety_code"], Value::Null);

    for args in [
        &["key", "show", "--secret", &path][..],
        &["key", "show", "--secret", "--visible-key", "--json", &path],
        &["key", "new", "--channel", "a", "--out", "-"],
        &["key", "new", "--out", "-", "--visible-key"],
        &[
            "key",
            "new",
            "--channel",
            "a\"b",
            "--out",
            "-",
            "--visible-key",
        ],
        &[
            "key",
            "new",
            "--channel",
            "a",
            "--kid",
            "1",
            "--out",
            "-",
            "--visible-key",
        ],
        &["key", "safety-code", &raw_name],
        &["key", "show", "--channel", "a"],
    ] {
        let (status, said) = text(args);
        assert_eq!(status, 2, "{args:?}: {said}");
    }
    // Asked twice: a key of this test's own, because the others must never be seen.
    let own = "5".repeat(64);
    let line = format!("channel=a {own}");
    let output = with_input(
        &["key", "show", "--secret", "--visible-key", "-"],
        line.as_bytes(),
    );
    assert!(String::from_utf8(output.stdout).unwrap().contains(&own));
    let output = mediaseal(&[
        "key",
        "new",
        "--channel",
        "a",
        "--out",
        "-",
        "--visible-key",
    ]);
    let printed = String::from_utf8(output.stdout).unwrap();
    let key = printed.trim().rsplit_once("key=").unwrap().1;
    assert!(ChannelKey::from_hex(key).is_ok());
}

#[test]
fn the_doctor_looks_at_this_machine() {
    let (status, report) = json(&["doctor"]);
    let checks = report["checks"].as_array().unwrap();
    let of = |name: &str| {
        checks
            .iter()
            .find(|check| check["name"] == name)
            .unwrap_or_else(|| panic!("{report:#}"))
    };
    assert_eq!(status, 0, "{report:#}");
    let tier = mediaseal::cpu().tier();
    assert!(of("AES")["what"].as_str().unwrap().starts_with(
        if tier == mediaseal::Tier::Portable {
            "portable"
        } else {
            tier.name()
        }
    ));
    assert_eq!(of("entropy")["state"], "good");
    assert_eq!(of("cipher suites")["what"], "8 of 8 seal and open");
    assert_eq!(of("clock")["state"], "good");
    #[cfg(unix)]
    {
        let locked = of("locked memory")["what"].as_str().unwrap();
        assert!(
            locked.contains("KiB may be locked") || locked.contains("without a limit"),
            "{locked}"
        );
    }
    assert!(text(&["doctor"]).1.contains("cipher suites"));
}

#[cfg(unix)]
#[test]
fn the_doctor_looks_at_key_files() {
    use std::os::unix::fs::PermissionsExt;
    let path = file("doctor.keys", format!("channel=a {KEY}\n").as_bytes());
    let name = path.display().to_string();
    let states = |mode| {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let (status, report) = json(&["doctor", "--key-file", &name]);
        let checks = report["checks"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|check| check["name"].as_str().unwrap().contains("key file"));
        (
            status,
            checks
                .map(|check| check["state"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>(),
        )
    };
    assert_eq!(states(0o600), (0, vec!["good".to_owned()]));
    assert_eq!(
        states(0o644),
        (1, vec!["good".to_owned(), "fault".to_owned()])
    );
    std::fs::write(&path, "channel=a nokey\n").unwrap();
    assert_eq!(states(0o600), (1, vec!["fault".to_owned()]));
    // A limit of the process is what it says.
    let output = std::process::Command::new("sh")
        .args([
            "-c",
            r#"ulimit -l 64; exec "$0" doctor"#,
            env!("CARGO_BIN_EXE_mediaseal"),
        ])
        .output()
        .unwrap();
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .contains("64 KiB may be locked")
    );
}

#[cfg(not(feature = "custody"))]
#[test]
fn a_build_without_custody_says_how_to_get_one() {
    for args in [
        &["key", "list"][..],
        &["key", "rotate", "kek-1", "--provider", "file:keys.db"],
        &["key", "destroy", "--yes", "kek-1/2"],
    ] {
        let (status, said) = text(args);
        assert_eq!(status, 2, "{said}");
        assert!(said.contains("--features custody"), "{said}");
    }
}
