//! `mediaseal key` over a token of SoftHSM.
#![cfg(all(test, unix, feature = "pkcs11"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

const PIN: &str = "correct horse 4711";

/// Where Debian and others put SoftHSM's module.
const MODULES: [&str; 5] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
];

#[test]
fn a_key_of_a_token_is_made_used_rotated_and_destroyed() {
    let module = MODULES.iter().find(|path| Path::new(path).is_file());
    let module = module.expect("SoftHSM is there: apt-get install softhsm2");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("custody-token");
    if folder.exists() {
        fs::remove_dir_all(&folder).unwrap();
    }
    fs::create_dir_all(folder.join("tokens")).unwrap();
    let write = |name: &str, text: &str| -> PathBuf {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let tokens = folder.join("tokens");
    let configuration = write(
        "softhsm2.conf",
        &format!("directories.tokendir = {}\n", tokens.display()),
    );
    let made = Command::new("softhsm2-util")
        .env("SOFTHSM2_CONF", &configuration)
        .args(["--init-token", "--free", "--label", "hsm-1"])
        .args(["--pin", PIN, "--so-pin", PIN])
        .output()
        .expect("SoftHSM is there: apt-get install softhsm2");
    assert!(made.status.success(), "{made:?}");

    let (pin, wrong) = (write("pin", PIN), write("wrong", "0000"));
    let run = |pin: &Path, args: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_mediaseal"))
            .arg("key")
            .args(args)
            .args([
                "--provider",
                "pkcs11:token=hsm-1?region=eu",
                "--module",
                module,
            ])
            .args(["--without-audit", "--store"])
            .arg(folder.join("custody.db"))
            .arg("--pin-file")
            .arg(pin)
            .env("SOFTHSM2_CONF", &configuration)
            .output()
            .unwrap();
        let all = [&output.stdout[..], &output.stderr].concat();
        assert!(!String::from_utf8_lossy(&all).contains(PIN));
        output
    };
    let well = |args: &[&str]| {
        let output = run(&pin, args);
        let why = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{args:?}: {why}");
        String::from_utf8(output.stdout).unwrap()
    };
    let said = well(&["init"]);
    assert!(said.starts_with("made a store for pkcs11:"), "{said}");
    let create = [
        "create",
        "--tenant",
        "acme",
        "--region",
        "eu",
        "--purpose",
        "calls",
    ];
    let refused = run(&wrong, &create);
    assert_eq!(refused.status.code(), Some(3), "{refused:?}");
    // What was begun with the wrong PIN is finished with the right one.
    let kek = well(&create).trim().to_owned();
    let wrapped = well(&["wrap", &kek, "--for", "a call"]);
    let file = write("wrapped", &wrapped).display().to_string();
    let unwrap = |name: &str| {
        let out = folder.join(name).display().to_string();
        well(&["unwrap", &file, "--for", "a call", "--out", &out]);
        fs::read_to_string(out).unwrap()
    };
    let key = unwrap("before");
    assert_eq!(key.trim().len(), 64);
    well(&["rotate", &kek]);
    assert_eq!(unwrap("after"), key);
    let anew = well(&["rewrap", &file, "--for", "a call"]);
    let said = well(&[
        "destroy",
        &format!("{kek}/1"),
        "--yes",
        "--reason",
        "rotated",
    ]);
    assert!(
        said.contains("its provider has destroyed it") && said.contains("clones of the token"),
        "{said}"
    );
    let again = [
        "unwrap",
        &file,
        "--for",
        "a call",
        "--out",
        "-",
        "--visible-key",
    ];
    assert_eq!(run(&pin, &again).status.code(), Some(3));
    fs::write(&file, anew).unwrap();
    assert_eq!(unwrap("anew"), key);
    let list: Value = serde_json::from_str(&well(&["list", "--json"])).unwrap();
    assert_eq!(list[0]["state"], "active");
    assert_eq!(list[1]["state"], "destroyed");
    fs::remove_dir_all(&folder).unwrap();
}
