//! `mediaseal key` over a provider: the life of a key, from the store that it is made in to its tombstone.
#![cfg(all(test, feature = "custody"))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use mediaseal::vault::audit::{AuditError, AuditEvent, CallbackSink};
use mediaseal::vault::custody::{
    Access, Custody, CustodyOptions, DekId, Everybody, FileProvider, KeyProvider, ProviderName,
};
use serde_json::Value;

const PASSPHRASE: &str = "correct horse battery staple 4711";
/// The octets of a key of these tests' own.
const OWN: &str = "00112233445566778899aabbccddeefffedcba9876543210f0e1d2c3b4a59687";

/// The folder of one test, and what each of its commands is given.
struct Place {
    folder: PathBuf,
    provider: String,
    more: Vec<String>,
    environment: Vec<(String, String)>,
}

impl Place {
    fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("custody-{name}"));
        if folder.exists() {
            fs::remove_dir_all(&folder).unwrap();
        }
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("pass"), format!("{PASSPHRASE}\n")).unwrap();
        // What is tried here is not how long Argon2 takes.
        let cost = "$argon2id$v=19$m=64,t=1,p=1$c2l4dGVlbiBvY3RldHMuLg"
            .parse()
            .unwrap();
        FileProvider::create(folder.join("keys.db"), "eu", PASSPHRASE, &cost).unwrap();
        let provider = format!("file:{}?region=eu", folder.join("keys.db").display());
        let mut place = Self {
            folder,
            provider,
            more: Vec::new(),
            environment: Vec::new(),
        };
        let pass = place.path("pass");
        place.more = ["--passphrase-file", &pass, "--without-audit"]
            .map(str::to_owned)
            .to_vec();
        place
    }

    fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    fn write(&self, name: &str, text: &str) -> String {
        fs::write(self.folder.join(name), text).unwrap();
        self.path(name)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mediaseal"));
        command
            .arg("key")
            .args(args)
            .args(["--provider", &self.provider, "--store"])
            .arg(self.folder.join("custody.db"))
            .args(&self.more)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(std::process::Stdio::null());
        command
    }

    /// Runs `mediaseal key …`. No output has the passphrase, or the octets of the key of these tests.
    fn output(&self, args: &[&str]) -> Output {
        let output = self.command(args).output().unwrap();
        let all = [&output.stdout[..], &output.stderr].concat();
        let all = String::from_utf8_lossy(&all);
        assert!(!all.contains(PASSPHRASE), "{args:?} shows the passphrase");
        if !args.contains(&"--visible-key") {
            assert!(!all.contains(&OWN[..16]), "{args:?} shows a key");
        }
        output
    }

    /// Exit status, and both outputs.
    fn text(&self, args: &[&str]) -> (i32, String) {
        let output = self.output(args);
        let all = [output.stdout, output.stderr].concat();
        (
            output.status.code().unwrap(),
            String::from_utf8(all).unwrap(),
        )
    }

    #[track_caller]
    fn well(&self, args: &[&str]) -> String {
        let output = self.output(args);
        let why = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{args:?}: {why}");
        String::from_utf8(output.stdout).unwrap()
    }

    #[track_caller]
    fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.well(&[args, &["--json"]].concat())).unwrap()
    }

    fn create(&self) -> String {
        let create = [
            "create",
            "--tenant",
            "acme",
            "--region",
            "eu",
            "--purpose",
            "recordings",
        ];
        self.well(&create).trim().to_owned()
    }

    /// States of the versions of a key, the latest first.
    fn states(&self, kek: &str) -> Vec<(u64, String, u64)> {
        let all = self.json(&["list"]);
        let all = all
            .as_array()
            .unwrap()
            .iter()
            .filter(|row| row["kek"] == kek);
        all.map(|row| {
            (
                row["version"].as_u64().unwrap(),
                row["state"].as_str().unwrap().to_owned(),
                row["data_keys"].as_u64().unwrap(),
            )
        })
        .collect()
    }

    /// The same store, as an application has it.
    fn custody(&self) -> (Custody, Access) {
        let provider = FileProvider::open(self.folder.join("keys.db"), PASSPHRASE).unwrap();
        let provider: Arc<dyn KeyProvider> = Arc::new(provider);
        let nowhere = CallbackSink::new(|_: &AuditEvent| Ok::<(), AuditError>(()));
        let options = CustodyOptions::new(provider, Arc::new(Everybody), Arc::new(nowhere));
        let custody = Custody::open(self.folder.join("custody.db"), options).unwrap();
        (custody, Access::of("app"))
    }
}

fn state(version: u64, state: &str, data_keys: u64) -> (u64, String, u64) {
    (version, state.to_owned(), data_keys)
}

#[test]
fn stores_are_made_only_where_that_is_asked_for() {
    let place = Place::new("init");
    fs::remove_file(place.folder.join("keys.db")).unwrap();
    // Nothing is made by the way.
    let (status, said) = place.text(&["list"]);
    assert_eq!(status, 2, "{said}");
    assert!(!place.folder.join("custody.db").exists() && !place.folder.join("keys.db").exists());
    let said = place.well(&["init"]);
    assert!(
        said.starts_with("made a store for file:") && said.ends_with("region eu\n"),
        "{said}"
    );
    assert_ne!(place.text(&["init"]).0, 0, "it is there");
    // What protects the keys in the file is worth its time.
    let keys = fs::read(place.folder.join("keys.db")).unwrap();
    let cost = b"$argon2id$v=19$m=65536,t=3,p=4$";
    assert!(keys.windows(cost.len()).any(|octets| octets == cost) || wal_has(&place, cost));
    let kek = place.create();
    assert_eq!(place.states(&kek), [state(1, "active", 0)]);
}

/// Whether the log beside the file of keys has these octets.
fn wal_has(place: &Place, text: &[u8]) -> bool {
    let log = fs::read(place.folder.join("keys.db-wal")).unwrap_or_default();
    log.windows(text.len()).any(|octets| octets == text)
}

#[test]
fn a_key_goes_from_its_making_to_its_tombstone() {
    let place = Place::new("life");
    place.well(&["init"]);
    let kek = place.create();
    assert!(kek.starts_with("kek-"));
    let (status, said) = place.text(&[
        "create",
        "--tenant",
        "acme",
        "--region",
        "eu",
        "--purpose",
        "recordings",
    ]);
    assert_eq!(status, 2, "there is one: {said}");
    let (status, said) = place.text(&[
        "create",
        "--tenant",
        "acme",
        "--region",
        "us",
        "--purpose",
        "x",
    ]);
    assert_eq!(status, 2, "the provider is elsewhere: {said}");
    assert_eq!(place.states(&kek), [state(1, "active", 0)]);
    let table = place.well(&["list"]);
    assert!(
        table.contains("acme") && table.contains("recordings") && table.contains("active"),
        "{table}"
    );

    // An application makes data keys in the same store.
    let (custody, app) = place.custody();
    let deks: Vec<(DekId, _)> = custody.new_deks(&app, &kek, 2_500).unwrap();
    let all_open = || {
        for (id, dek) in &deks[2_490..] {
            let (custody, app) = place.custody();
            assert_eq!(custody.open_dek(&app, id).unwrap().expose(), dek.expose());
        }
    };
    let report = place.json(&["rotate", &kek, "--no-sweep"]);
    assert_eq!(
        (&report["version"], &report["rewrapped"]),
        (&2.into(), &0.into())
    );
    assert_eq!(
        place.states(&kek),
        [state(2, "active", 0), state(1, "deactivated", 2_500)]
    );
    let report = place.json(&["rotate", &kek, "--sweep-only", "--batch", "400"]);
    assert_eq!(
        (&report["version"], &report["rewrapped"]),
        (&Value::Null, &2_500.into())
    );
    // It goes on where it was, and there is nothing left.
    assert_eq!(
        place.json(&["rotate", &kek, "--sweep-only"])["rewrapped"],
        0
    );
    let said = place.well(&["rotate", &kek]);
    assert_eq!(
        said,
        format!("version 3 of {kek} wraps from now on\n2500 data keys wrapped anew\n")
    );
    all_open();

    // States, and what may not follow what.
    let (first, third) = (format!("{kek}/1"), format!("{kek}/3"));
    let (status, said) = place.text(&["state", &kek, "suspended", "--reason", "r"]);
    assert_eq!(status, 2);
    assert!(
        said.contains(&format!(
            "{kek}/3 (active), {kek}/2 (deactivated), {kek}/1 (deactivated)"
        )),
        "{said}"
    );
    let (status, said) = place.text(&["state", &first, "active", "--reason", "r"]);
    assert_eq!(status, 2);
    assert!(
        said.contains(
            "is deactivated and may not become active; it may become compromised, destroyed"
        ),
        "{said}"
    );
    place.well(&["state", &third, "suspended", "--reason", "ticket 7"]);
    assert_eq!(
        place.json(&["state", &third, "active", "--reason", "ticket 8"])["state"],
        "active"
    );
    let history = place.json(&["history", &third]);
    let reasons: Vec<_> = history
        .as_array()
        .unwrap()
        .iter()
        .map(|change| change["reason"].as_str().unwrap())
        .collect();
    assert_eq!(reasons[reasons.len() - 2..], ["ticket 7", "ticket 8"]);

    // The end. Without a terminal nobody can be asked.
    let destroy = ["destroy", &first, "--reason", "retention is over"];
    let (status, said) = place.text(&destroy);
    assert_eq!(status, 2);
    assert!(said.contains("--yes says that you mean it"), "{said}");
    let (status, said) = place.text(&["destroy", &third, "--yes", "--reason", "r"]);
    assert_eq!(status, 2);
    assert!(
        said.contains("is active and may not become destroyed"),
        "{said}"
    );
    let said = place.well(&[&destroy[..], &["--yes"]].concat());
    assert!(said.starts_with(&format!("{kek} version 1 is destroyed effectively: its provider has destroyed it\nout of reach of this command:\n  - backups of the provider's own file")), "{said}");
    let second = format!("{kek}/2");
    let report = place.json(&[
        "destroy", &second, "--yes", "--mode", "logical", "--reason", "r",
    ]);
    assert_eq!(
        (&report["mode"], &report["gone_unix_micros"]),
        (&"logical".into(), &Value::Null)
    );
    assert!(
        report["out_of_reach"][0]
            .as_str()
            .unwrap()
            .contains("a backup of the store makes it usable again")
    );
    all_open();
    // With data keys under it, only if they are to be lost.
    place.well(&["state", &third, "deactivated", "--reason", "the end"]);
    let (status, said) = place.text(&["destroy", &third, "--yes", "--reason", "r"]);
    assert_eq!(status, 2, "{said}");
    let report = place.json(&[
        "destroy",
        &third,
        "--yes",
        "--lose-data-keys",
        "--reason",
        "r",
    ]);
    assert_eq!(report["lost_data_keys"], 2_500);
    let (custody, app) = place.custody();
    assert!(custody.open_dek(&app, &deks[0].0).is_err());
    assert_eq!(
        place.states(&kek),
        [
            state(3, "destroyed", 2_500),
            state(2, "destroyed", 0),
            state(1, "destroyed", 0)
        ]
    );
    assert_eq!(place.well(&["tick"]), "");
}

#[test]
fn data_keys_are_wrapped_and_come_out_only_if_asked_twice() {
    let place = Place::new("wrap");
    place.well(&["init"]);
    let kek = place.create();
    let own = place.write("own.key", &format!("# of a backup\n{OWN}\n"));
    let text = place.well(&["wrap", &kek, "--for", "backup", "--key", &own]);
    assert!(
        text.starts_with("mediaseal-wrapped-1") && text.lines().count() == 1,
        "{text}"
    );
    let wrapped = place.write("own.wrapped", &text);
    let out = place.path("out.key");
    let unwrap = ["unwrap", &wrapped, "--for", "backup", "--out"];
    assert_eq!(
        place.text(&[&unwrap[..], &["-"]].concat()).0,
        2,
        "asked once"
    );
    assert_eq!(place.well(&[&unwrap[..], &[&out]].concat()), "");
    assert_eq!(fs::read_to_string(&out).unwrap(), format!("{OWN}\n"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(&out).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    assert_eq!(
        place.text(&[&unwrap[..], &[&out]].concat()).0,
        3,
        "it is there"
    );
    let printed = place.well(&[&unwrap[..], &["-", "--visible-key"]].concat());
    assert_eq!(printed, format!("{OWN}\n"));

    // For another purpose, altered, or cut it does not open.
    let (status, said) = place.text(&[
        "unwrap",
        &wrapped,
        "--for",
        "backups",
        "--out",
        &place.path("no"),
    ]);
    assert_eq!(status, 3);
    assert!(said.contains("not wrapped for this place"), "{said}");
    for cut in [text.len() / 2, text.len() - 2] {
        let file = place.write("cut.wrapped", &text[..cut]);
        assert_eq!(
            place
                .text(&[
                    "unwrap",
                    &file,
                    "--for",
                    "backup",
                    "--out",
                    &place.path("no")
                ])
                .0,
            2
        );
    }
    assert!(!place.folder.join("no").exists());

    // A fresh one is shown to nobody, and each is another.
    let fresh = |name: &str| {
        let text = place.well(&["wrap", &kek, "--for", "backup"]);
        let file = place.write(name, &text);
        let out = place.path(&format!("{name}.key"));
        place.well(&["unwrap", &file, "--for", "backup", "--out", &out]);
        let key = fs::read_to_string(out).unwrap();
        assert_eq!(key.trim().len(), 64);
        key
    };
    assert_ne!(fresh("one"), fresh("two"));
    // After a rotation it still opens, and is wrapped anew without being shown.
    place.well(&["rotate", &kek]);
    let anew = place.well(&["rewrap", &wrapped, "--for", "backup"]);
    assert_ne!(anew, text);
    let anew = place.write("anew.wrapped", &anew);
    let first = format!("{kek}/1");
    place.well(&["state", &first, "compromised", "--reason", "r"]);
    let (status, said) = place.text(&[&unwrap[..], &[&place.path("no")]].concat());
    assert_eq!(status, 2);
    assert!(
        said.contains("is compromised and does not unwrap"),
        "{said}"
    );
    place.well(
        &[
            &unwrap[..],
            &[&place.path("all-the-same"), "--accept-compromised"],
        ]
        .concat(),
    );
    place.well(&["destroy", &first, "--yes", "--reason", "r"]);
    let (status, said) = place.text(&[&unwrap[..], &[&place.path("no")]].concat());
    assert_eq!(status, 3);
    assert!(said.contains("was destroyed"), "{said}");
    let out = place.path("anew.key");
    place.well(&["unwrap", &anew, "--for", "backup", "--out", &out]);
    assert_eq!(fs::read_to_string(out).unwrap(), format!("{OWN}\n"));
    // Not what is no data key.
    let short = place.write("short.key", "kid=1 key=000102030405060708090a0b0c0d0e0f\n");
    let two = place.write("two.key", &format!("{OWN}\n{OWN}\n"));
    for file in [short, two, place.path("nowhere")] {
        let (status, _) = place.text(&["wrap", &kek, "--for", "x", "--key", &file]);
        assert!(matches!(status, 2 | 3), "{file}");
    }
}

#[test]
fn what_is_done_is_written_down_first() {
    let mut place = Place::new("audited");
    let (auditor, writer) = (place.path("auditor.key"), place.path("writer.key"));
    let run = |args: &[&str]| {
        let output = common::mediaseal(args);
        assert_eq!(output.status.code(), Some(0), "{args:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let public = place.write("auditor.pub", &run(&["key", "identity", "--out", &auditor]));
    let lock = place.write("lock", "of the writer's own\n");
    run(&[
        "key",
        "signer",
        "--out",
        &writer,
        "--passphrase-file",
        &lock,
    ]);
    let log = place.path("log");
    let vkey = run(&[
        "audit",
        "new",
        &log,
        "--auditor",
        &public,
        "--signer-key",
        &writer,
        "--passphrase-file",
        &lock,
    ]);
    let vkey = place.write("log.vkey", &vkey);
    // An audit log, or that there shall be none, is said in so many words.
    let pass = place.path("pass");
    place.more = ["--passphrase-file", &pass].map(str::to_owned).to_vec();
    assert_eq!(place.text(&["init"]).0, 2);
    place
        .more
        .extend(["--audit", &log, "--audit-signer", &writer, "--as", "kim"].map(str::to_owned));
    let (status, said) = place.text(&["init"]);
    assert_eq!(status, 2);
    assert!(
        said.contains("--audit-passphrase-file unlocks it"),
        "{said}"
    );
    place
        .more
        .extend(["--audit-passphrase-file", &lock].map(str::to_owned));
    place.well(&["init"]);
    let kek = place.create();
    let wrapped = place.well(&["wrap", &kek, "--for", "backup"]);
    let wrapped = place.write("wrapped", &wrapped);
    let refused = place.text(&["state", &kek, "active", "--reason", "r"]).0;
    assert_eq!(refused, 2);
    place.well(&["state", &kek, "compromised", "--reason", "stolen"]);
    place.well(&[
        "unwrap",
        &wrapped,
        "--for",
        "backup",
        "--out",
        &place.path("k"),
        "--accept-compromised",
    ]);

    let lines = run(&["audit", "tail", &log, "-n", "1000", "--json"]);
    let seen: Vec<(String, String, String)> = lines
        .lines()
        .map(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            let field = |name: &str| line[name].as_str().unwrap().to_owned();
            (field("actor"), field("action"), field("outcome"))
        })
        .collect();
    for (action, outcome) in [
        ("kek.create", "allowed"),
        ("dek.wrap", "allowed"),
        ("kek.state", "refused"),
        ("kek.state", "done"),
        ("dek.unwrap-compromised", "allowed"),
    ] {
        let event = ("kim".to_owned(), action.to_owned(), outcome.to_owned());
        assert!(seen.contains(&event), "{event:?} in {seen:?}");
    }
    let verified = run(&[
        "audit",
        "verify",
        &log,
        "--key",
        &vkey,
        "--identity",
        &auditor,
    ]);
    assert!(
        verified.lines().last().unwrap().starts_with("Intact:"),
        "{verified}"
    );
    // While another process writes the log, nothing is done.
    let signer = fs::read_to_string(&writer).unwrap();
    let signer = signer.trim();
    let signer = mediaseal::vault::grant::Signer::unlock(signer, "of the writer's own").unwrap();
    let held = mediaseal::vault::audit::AuditLog::open(&log, signer, Default::default()).unwrap();
    let (status, said) = place.text(&["rotate", &kek]);
    assert_eq!(status, 3);
    assert!(said.contains("open elsewhere"), "{said}");
    held.close().unwrap();
}

#[test]
fn a_rotation_whose_sweep_fails_says_that_there_is_a_new_version() {
    let mut place = Place::new("half-rotated");
    place.well(&["init"]);
    let kek = place.create();
    let (custody, app) = place.custody();
    custody.new_dek(&app, &kek).unwrap();
    drop(custody);
    // The next version is at a provider that cannot open what the first wrapped.
    let cost = "$argon2id$v=19$m=64,t=1,p=1$c2l4dGVlbiBvY3RldHMuLg"
        .parse()
        .unwrap();
    let path = place.folder.join("other.db");
    let other = FileProvider::create(&path, "eu", PASSPHRASE, &cost).unwrap();
    let info = other.describe();
    let first = FileProvider::open(place.folder.join("keys.db"), PASSPHRASE).unwrap();
    let silent = CallbackSink::new(|_: &AuditEvent| Ok::<(), AuditError>(()));
    let options = CustodyOptions::new(Arc::new(first), Arc::new(Everybody), Arc::new(silent));
    let options = options.with_provider(Arc::new(other));
    let custody = Custody::open(place.folder.join("custody.db"), options).unwrap();
    let to = ProviderName {
        scheme: info.scheme,
        id: info.id,
    };
    custody.move_kek(&app, &kek, &to).unwrap();
    drop(custody);
    place.provider = format!("file:{}?region=eu", path.display());
    let (status, said) = place.text(&["rotate", &kek]);
    assert_eq!(status, 1, "{said}");
    assert!(
        said.contains("version 3") && said.contains("--sweep-only goes on"),
        "{said}"
    );
    assert_eq!(place.states(&kek)[0].0, 3);
    // Without a new version nothing was done.
    let (status, said) = place.text(&["rotate", &kek, "--sweep-only"]);
    assert_eq!(status, 2, "{said}");
    assert_eq!(place.states(&kek)[0].0, 3);
}

#[test]
fn secrets_come_from_a_file_the_environment_or_a_terminal() {
    let mut place = Place::new("secrets");
    place.well(&["init"]);
    place.environment = vec![("SEAL_PASS".to_owned(), PASSPHRASE.to_owned())];
    place.more = ["--passphrase-env", "SEAL_PASS", "--without-audit"]
        .map(str::to_owned)
        .to_vec();
    place.well(&["list"]);
    place.environment.clear();
    let (status, said) = place.text(&["list"]);
    assert_eq!(status, 2);
    assert!(said.contains("SEAL_PASS"), "{said}");
    let wrong = place.write("wrong", "not this one\n");
    place.more = ["--passphrase-file", &wrong, "--without-audit"]
        .map(str::to_owned)
        .to_vec();
    let (status, said) = place.text(&["list"]);
    assert_eq!(status, 3, "{said}");
    assert!(!said.contains("not this one"), "{said}");
    // A secret has no place in a URL.
    let provider = place.provider.clone();
    place.provider = format!("{provider}&passphrase=hunter2");
    let (status, said) = place.text(&["list"]);
    assert_eq!(status, 2);
    assert!(!said.contains("hunter2"), "{said}");
    place.provider = "ftp:somewhere".to_owned();
    assert_eq!(place.text(&["list"]).0, 2);
}

/// A terminal of its own, by util-linux's script.
#[cfg(target_os = "linux")]
#[test]
fn a_terminal_is_asked_without_echo_and_for_the_word() {
    use std::io::{Read, Write};
    use std::process::Stdio;
    use std::time::Duration;

    let mut place = Place::new("terminal");
    place.well(&["init"]);
    let kek = place.create();
    let only = format!("{kek}/1");
    place.well(&["state", &kek, "deactivated", "--reason", "r"]);
    place.more = vec!["--without-audit".to_owned()];
    let typed = |args: &[&str], answers: &[(&str, &str)]| {
        let command = place.command(args);
        let quoted = |part: &std::ffi::OsStr| format!("'{}'", part.to_str().unwrap());
        let line: Vec<_> = std::iter::once(command.get_program())
            .chain(command.get_args())
            .map(quoted)
            .collect();
        let mut child = Command::new("script")
            .args(["-qec", &line.join(" "), "/dev/null"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        let mut said = Vec::new();
        let mut octet = [0];
        for (prompt, answer) in answers {
            while !said.ends_with(prompt.as_bytes()) {
                assert_eq!(
                    stdout.read(&mut octet).unwrap(),
                    1,
                    "{}",
                    String::from_utf8_lossy(&said)
                );
                said.push(octet[0]);
            }
            // The prompt is written before the echo is turned off.
            std::thread::sleep(Duration::from_millis(700));
            writeln!(stdin, "{answer}").unwrap();
        }
        stdout.read_to_end(&mut said).unwrap();
        drop(stdin);
        let status = child.wait().unwrap().code().unwrap();
        let said = String::from_utf8(said).unwrap();
        assert!(!said.contains(PASSPHRASE), "echoed: {said}");
        (status, said)
    };
    let asked = "keys.db?region=eu: ";
    let destroy = ["destroy", &only, "--reason", "r"];
    let (status, said) = typed(&destroy, &[(asked, PASSPHRASE), ("to go on: ", "yes")]);
    assert_eq!(status, 2, "{said}");
    assert_eq!(place_states(&place, &kek), "deactivated");
    let (status, said) = typed(&destroy, &[(asked, PASSPHRASE), ("to go on: ", &only)]);
    assert_eq!(status, 0, "{said}");
    assert_eq!(place_states(&place, &kek), "destroyed");
}

#[cfg(target_os = "linux")]
fn place_states(place: &Place, kek: &str) -> String {
    let (custody, app) = place.custody();
    let keks = custody.keks(&app).unwrap();
    let found = keks.iter().find(|info| info.spec.kek.id == kek).unwrap();
    found.state.to_string()
}
