//! `mediaseal export`, `share`, `rewrap` and `shred` on recordings of ciphertext.
#![cfg(test)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use common::{KEY, Member, json, mediaseal, seal, speech, with_input};
use mediaseal::vault::SystemClock;
use mediaseal::vault::grant::{Identity, Kem, Signer, session_grant};
use mediaseal::vault::recording::{
    Cobblestone, Frame, LocalStorage, NewRecording, Profile, TrackFormat,
};
use mediaseal::{Codec, Event, Media, SenderId};
use serde_json::Value;

/// Frames of each sender.
const FRAMES: usize = 60;

/// A folder with a recording `call` of Alva (track 0) and Bo (track 1), and the keys of its people.
struct Place(PathBuf);

impl Place {
    fn path(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }

    fn write(&self, name: &str, line: &str) {
        fs::write(self.0.join(name), format!("{line}\n")).unwrap();
    }

    /// Runs the command; arguments that begin with @ are files here.
    fn run(&self, args: &[&str]) -> (i32, String, String) {
        let args: Vec<String> = args.iter().map(|arg| self.argument(arg)).collect();
        let output = mediaseal(&args.iter().map(String::as_str).collect::<Vec<_>>());
        let text = |octets| String::from_utf8(octets).unwrap();
        let status = output.status.code().unwrap();
        (status, text(output.stdout), text(output.stderr))
    }

    fn json(&self, args: &[&str]) -> (i32, Value) {
        let args: Vec<String> = args.iter().map(|arg| self.argument(arg)).collect();
        json(&args.iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn argument(&self, arg: &str) -> String {
        arg.strip_prefix('@')
            .map_or(arg.to_owned(), |name| self.path(name))
    }

    /// Exports as somebody, into a folder that is new each time. Returns the exit status and the Opus packets of each file.
    fn export(&self, who: &str, more: &[&str]) -> (i32, Vec<Vec<Vec<u8>>>) {
        let out = self.0.join("out");
        if out.is_dir() {
            fs::remove_dir_all(&out).unwrap();
        }
        let args = ["export", "@call", "-i", who, "--to", "@out"];
        let (status, ..) = self.run(&[&args[..], more].concat());
        let files = ["Alva.0.ogg", "Bo.1.ogg"].map(|name| out.join(name));
        let there = files.iter().filter(|file| file.is_file());
        (status, there.map(|file| packets(file)).collect())
    }

    fn is_complete(&self) -> bool {
        let (status, said, _) = self.run(&["verify", "@call", "--signer", "@call.pub"]);
        status == 0 && said.contains("Complete")
    }
}

/// The packets of an Ogg file behind its two headers.
fn packets(file: &Path) -> Vec<Vec<u8>> {
    let mut reader = ogg::PacketReader::new(fs::File::open(file).unwrap());
    let mut packets = Vec::new();
    while let Some(packet) = reader.read_packet().unwrap() {
        packets.push(packet.data);
    }
    packets.split_off(2)
}

/// What both said: the same, here.
fn sent() -> Vec<Vec<Vec<u8>>> {
    let frames = speech()[..FRAMES].to_vec();
    vec![frames.clone(), frames]
}

fn recorded(name: &str) -> Place {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if folder.is_dir() {
        fs::remove_dir_all(&folder).unwrap();
    }
    fs::create_dir(&folder).unwrap();
    let place = Place(folder);
    let people = ["owner", "alice"].map(|name| {
        let person = Identity::generate(Kem::X25519).unwrap();
        place.write(&format!("{name}.key"), &person.to_text());
        place.write(&format!("{name}.pub"), &person.recipient().to_string());
        person
    });
    let owner = people[0].recipient().clone();
    let recorder = Arc::new(Signer::generate().unwrap());
    place.write("call.pub", &recorder.public().to_string());
    let (profile, aead) = (Profile::Frames, Cobblestone::default());
    let mut new = NewRecording::draw(profile, aead, "", recorder, &SystemClock).unwrap();
    new.add_recipient(&owner).unwrap();
    let storage = Arc::new(LocalStorage::create(place.0.join("call")).unwrap());
    let mut writer = new.start(storage, Arc::new(SystemClock)).unwrap();
    let mut senders = String::new();
    for (track, name) in (0..).zip(["Alva", "Bo"]) {
        let member = Member::new("standup", KEY, 1);
        let mut encryptor = member.encryptor(name, Media::AUDIO);
        let sealed = seal(&mut encryptor, &speech()[..FRAMES]);
        let signer = Signer::generate().unwrap();
        senders.push_str(&format!("# {name}\n{}\n", signer.public()));
        while let Some(event) = member.store.poll_event() {
            if let Event::SessionStarted { kid, .. } = event {
                let owners = std::slice::from_ref(&owner);
                let grant = session_grant(&member.channel, kid, owners, &signer).unwrap();
                writer.add_grant(&grant).unwrap();
            }
        }
        let format = TrackFormat::of(Codec::Opus);
        writer.add_track(track, format).unwrap();
        let sender = SenderId::new(name).unwrap();
        for (octets, number) in sealed.iter().zip(0..) {
            let frame = Frame {
                track,
                sender: &sender,
                micros: number * 20_000,
                key_frame: true,
                metadata: &[],
                octets,
            };
            assert_eq!(writer.write_frame(&frame).unwrap().missing_grant, None);
        }
    }
    place.write("call.senders", &senders);
    assert_eq!(writer.finish().unwrap().missing_grants, []);
    place
}

#[test]
fn who_is_shared_with_opens_it_and_who_is_removed_does_not() {
    let place = recorded("owners-shared");
    let shared_by = ["--shared-by", "@owner.signer.pub"];
    assert_eq!(place.export("@owner.key", &[]), (0, sent()));
    assert_eq!(place.export("@alice.key", &[]), (3, vec![]));

    let share = ["share", "@call", "-i", "@owner.key", "--with", "@alice.pub"];
    let (status, report) = place.json(&share);
    assert_eq!((status, &report["sessions"]), (0, &Value::from(2)));
    assert_eq!(report["sessions_not_shared"], Value::Array(vec![]));
    // Alice trusts the recorder, and nobody else before she says so.
    assert_eq!(place.export("@alice.key", &[]), (3, vec![]));
    assert_eq!(place.export("@alice.key", &shared_by), (0, sent()));
    assert_eq!(place.export("@owner.key", &[]), (0, sent()));
    assert!(place.is_complete());

    // Identities that can be read only once; and a public half that was not written.
    let secret = fs::read(place.0.join("owner.key")).unwrap();
    let (call, piped) = (place.path("call"), place.path("piped"));
    let output = with_input(&["export", &call, "-i", "-", "--to", &piped], &secret);
    let why = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{why}");
    let public = place.0.join("owner.signer.pub");
    let before = fs::read(&public).unwrap();
    fs::remove_file(&public).unwrap();
    assert_eq!(place.run(&share).0, 0);
    assert_eq!(fs::read(&public).unwrap(), before);

    // Shared with whom it was given: by the recorder, for one, and he need not trust himself.
    let envelope = fs::read(place.0.join("call/envelope")).unwrap();
    let again = [&share[..], &["--with", "@owner.pub"]].concat();
    let (status, report) = place.json(&again);
    assert_eq!((status, &report["with"]), (0, &Value::Array(vec![])));
    assert_eq!(report["already"].as_array().unwrap().len(), 2);
    assert_eq!(fs::read(place.0.join("call/envelope")).unwrap(), envelope);

    let (status, said, _) = place.run(&["rewrap", "@call", "--remove", "@alice.pub"]);
    assert!(status == 0 && said.contains("1 removed"), "{said}");
    assert_eq!(place.export("@alice.key", &shared_by), (3, vec![]));
    assert_eq!(place.export("@owner.key", &[]), (0, sent()));
    for who in ["@alice.pub", "@owner.pub"] {
        let (status, _, why) = place.run(&["rewrap", "@call", "--remove", who]);
        assert_eq!(status, 2, "{why}");
    }
    assert_eq!(place.export("@owner.key", &[]), (0, sent()));

    let replace = ["rewrap", "@call", "--remove", "@owner.pub"];
    let replace = [&replace[..], &["--with", "@alice.pub", "-i", "@owner.key"]].concat();
    assert_eq!(place.run(&replace).0, 0);
    assert_eq!(place.export("@owner.key", &[]), (3, vec![]));
    assert_eq!(place.export("@alice.key", &shared_by), (0, sent()));
    assert!(place.is_complete());
}

#[test]
fn who_opens_no_session_shares_none() {
    let place = recorded("owners-unknown");
    fs::rename(
        place.0.join("call.senders"),
        place.0.join("call.senders.not"),
    )
    .unwrap();
    let share = ["share", "@call", "-i", "@owner.key", "--with", "@alice.pub"];
    let (status, report) = place.json(&share);
    assert_eq!((status, &report["sessions"]), (1, &Value::from(0)));
    assert_eq!(report["sessions_not_shared"].as_array().unwrap().len(), 2);
    // Alice opens the recording, and no session: who alone can open those stays.
    let senders = fs::read(place.0.join("call.senders.not")).unwrap();
    let remove = ["rewrap", "@call", "--remove", "@owner.pub"];
    let replace = [&remove[..], &["--with", "@alice.pub", "-i", "@owner.key"]].concat();
    let (status, report) = place.json(&replace);
    assert_eq!((status, &report["removed"]), (1, &Value::from(0)));
    let (status, said, _) = place.run(&replace);
    assert!(status == 1 && said.contains("nobody was removed"), "{said}");
    let (status, _, why) = place.run(&remove);
    assert!(status == 2 && why.contains("--leave-sessions"), "{why}");
    let both = [&replace[..], &["--with", "@owner.pub"]].concat();
    assert_eq!(place.run(&both).0, 2);
    fs::write(place.0.join("call.senders"), senders).unwrap();
    assert_eq!(place.export("@owner.key", &[]), (0, sent()));
    fs::remove_file(place.0.join("call.senders")).unwrap();
    // A key of its own kind at each place.
    for (option, file) in [
        ("--sender-signer", "@owner.key"),
        ("--sender-signer", "@owner.pub"),
        ("--with", "@owner.key"),
        ("--signing-key", "@owner.key"),
    ] {
        let (status, said, why) = place.run(&[&share[..], &[option, file]].concat());
        assert_eq!((status, &said[..]), (2, ""), "{option} {file}");
        assert!(
            !why.contains("mediaseal-id-1") || why.contains('…'),
            "{why}"
        );
    }
    let (status, report) = place.json(&[&remove[..], &["--leave-sessions"]].concat());
    assert_eq!((status, &report["sessions_of_removed"]), (1, &2.into()));
    assert_eq!(place.export("@owner.key", &[]).0, 3);
}

#[test]
fn what_is_shredded_nobody_opens() {
    let place = recorded("owners-shredded");
    let folder = place.path("call");
    for answer in ["", "\n", "yes\n", "cal\n", "call-17\n"] {
        let output = with_input(&["shred", &folder], answer.as_bytes());
        assert_eq!(output.status.code(), Some(2), "{answer:?}");
    }
    assert_eq!(place.export("@owner.key", &[]), (0, sent()));
    let copy = fs::read(place.0.join("call/envelope")).unwrap();
    let output = with_input(&["shred", &folder], b"call\n");
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(
        said.contains("2 sessions") && said.contains("backups"),
        "{said}"
    );
    assert_eq!(place.export("@owner.key", &[]), (3, vec![]));
    assert!(place.is_complete());
    let (status, report) = place.json(&["shred", "@call", "--yes"]);
    assert_eq!((status, &report["owners"]), (0, &Value::Array(vec![])));
    assert_eq!(report["destruction"], "logical");
    // As it says: a copy of the envelope opens the recording still, and no session of it.
    fs::write(place.0.join("call/envelope"), copy).unwrap();
    assert_eq!(place.export("@owner.key", &[]), (1, vec![]));
    assert_eq!(place.run(&["shred", "@owner.key", "--yes"]).0, 3);
}

#[test]
fn exports_say_what_is_not_in_them() {
    let place = recorded("owners-export");
    let export = ["export", "@call", "-i", "@owner.key", "--to", "@all"];
    let (status, report) = place.json(&export);
    let senders_from = report["senders_from"].as_str().unwrap();
    assert!(status == 0 && senders_from.ends_with("call.senders"));
    let names: Vec<_> = { report["files"].as_array().unwrap().iter() }
        .map(|file| (&file["sender"], &file["codec"], &file["frames"]))
        .collect();
    let (alva, bo, opus) = (Value::from("Alva"), Value::from("Bo"), Value::from("opus"));
    let frames = Value::from(FRAMES);
    assert_eq!(names, [(&alva, &opus, &frames), (&bo, &opus, &frames)]);
    assert!(
        report["notice"]
            .as_str()
            .unwrap()
            .contains("nobody can verify")
    );
    // Nothing is replaced, and nothing half done stays.
    let before = fs::read(place.0.join("all/Alva.0.ogg")).unwrap();
    fs::remove_file(place.0.join("all/Bo.1.ogg")).unwrap();
    assert_eq!(place.run(&export).0, 2);
    assert_eq!(fs::read(place.0.join("all/Alva.0.ogg")).unwrap(), before);
    assert_eq!(fs::read_dir(place.0.join("all")).unwrap().count(), 1);

    // Under common encryption, with the keys in one file and nowhere else.
    let cenc = [
        "export",
        "@call",
        "-i",
        "@owner.key",
        "--to",
        "@cenc",
        "--cenc",
    ];
    assert_eq!(place.run(&cenc).0, 2);
    let (status, said, why) = place.run(&[&cenc[..], &["--clearkey-to", "@keys.json"]].concat());
    let licence = fs::read(place.0.join("keys.json")).unwrap();
    let licence: Value = serde_json::from_slice(&licence).unwrap();
    let keys = licence["keys"].as_array().unwrap();
    assert_eq!(
        (status, keys.len(), &licence["type"]),
        (0, 2, &"temporary".into())
    );
    for key in keys {
        let key = key["k"].as_str().unwrap();
        assert!(key.len() == 22 && !said.contains(key) && !why.contains(key));
    }
    assert!(place.0.join("cenc/Bo.1.mp4").is_file());

    // Of a sender whom the caller does not believe.
    let lines = fs::read_to_string(place.0.join("call.senders")).unwrap();
    place.write("bo.pub", lines.trim().lines().last().unwrap());
    let of_bo = [&export[..5], &["@bo", "--sender-signer", "@bo.pub"]].concat();
    let (status, report) = place.json(&of_bo);
    assert_eq!((status, &report["senders_from"]), (1, &Value::Null));
    let left = &report["left_out"][0];
    assert_eq!(
        (&left["reason"], &left["frames"]),
        (&"grant-refused".into(), &frames)
    );
    assert_eq!(packets(&place.0.join("bo/Bo.1.ogg")), sent()[1]);
    // Without an identity, or anybody who is believed, there is nothing.
    fs::remove_file(place.0.join("call.senders")).unwrap();
    assert_eq!(place.export("@owner.key", &[]), (1, vec![]));
    place.write("call.senders", lines.trim());

    // A grant that is gone, and octets that are another's.
    let mut grants = fs::read_dir(place.0.join("call/grants")).unwrap();
    fs::remove_file(grants.next().unwrap().unwrap().path()).unwrap();
    let (status, report) = place.json(&[&export[..5], &["@less"]].concat());
    assert_eq!(
        (status, &report["left_out"][0]["reason"]),
        (1, &"no-grant".into())
    );
    assert_eq!(report["files"].as_array().unwrap().len(), 1);
    let segment = place.0.join("call/0000000000.seg");
    let mut octets = fs::read(&segment).unwrap();
    octets[100] ^= 1;
    fs::write(&segment, octets).unwrap();
    let (status, report) = place.json(&[&export[..5], &["@damaged"]].concat());
    assert!(
        status == 1 && report["damaged"].as_u64() > Some(0),
        "{report:#}"
    );
}

/// In builds with the feature alone there are providers of key encryption keys.
#[cfg(feature = "custody")]
mod with_custody {
    use mediaseal::vault::custody::{FileProvider, KekRef, KekSpec, KeyProvider, KeyState};
    use mediaseal::vault::{Dek, KekWrapper, WrapContext, WrapError, WrappedKey};

    use super::*;

    struct Kek(FileProvider, KekRef);

    impl KekWrapper for Kek {
        fn wrap(&self, dek: &Dek, context: &WrapContext) -> Result<WrappedKey, WrapError> {
            let wrapped = self.0.wrap(&self.1, dek, context);
            wrapped.map_err(|error| WrapError::Provider(error.into()))
        }

        fn unwrap(&self, wrapped: &WrappedKey, context: &WrapContext) -> Result<Dek, WrapError> {
            let dek = self.0.unwrap(wrapped, context);
            dek.map_err(|error| WrapError::Provider(error.into()))
        }
    }

    #[test]
    fn a_recording_follows_the_rotation_of_its_key_encryption_key() {
        // Beside, for the keys of its people.
        let place = recorded("owners-rotated");
        place.write("pass", "correct horse battery staple");
        let path = place.0.join("keks.db");
        let params = mediaseal::PassphraseParams::generate().unwrap();
        let keks =
            FileProvider::create(&path, "", "correct horse battery staple", &params).unwrap();
        let first = KekSpec {
            kek: KekRef {
                id: "archive".to_owned(),
                version: 1,
            },
            tenant: String::new(),
            region: String::new(),
            purpose: "recordings".to_owned(),
        };
        keks.create_kek(&first).unwrap();
        keks.set_state(&first.kek, KeyState::Active).unwrap();
        let second = keks.rotate(&first).unwrap();
        let kek = Kek(keks, first.kek.clone());

        fs::remove_dir_all(place.0.join("call")).unwrap();
        let recorder = Arc::new(Signer::generate().unwrap());
        place.write("call.pub", &recorder.public().to_string());
        let (profile, aead) = (Profile::Media, Cobblestone::default());
        let mut new = NewRecording::draw(profile, aead, "", recorder, &SystemClock).unwrap();
        new.add_provider(&kek).unwrap();
        let storage = Arc::new(LocalStorage::create(place.0.join("call")).unwrap());
        new.start(storage, Arc::new(SystemClock))
            .unwrap()
            .finish()
            .unwrap();

        let url = format!("file:{}", path.display());
        let alone = ["--provider", &url, "--passphrase-file", "@pass"];
        let provider = [&alone[..], &["--without-store"]].concat();
        let run = |args: &[&str]| place.run(&[args, &provider[..]].concat());
        let opens = || run(&["verify", "@call", "--signer", "@call.pub"]).0 == 0;
        assert!(opens());
        let rewrap = ["rewrap", "@call", "--to-version", "2"];
        // Nobody is spared to say that no store is asked.
        assert_eq!(place.run(&[&rewrap[..], &alone].concat()).0, 2);
        // The second version is not active yet; without a provider there is nothing to wrap with.
        assert_eq!(run(&rewrap).0, 3);
        assert_eq!(place.run(&rewrap).0, 2);
        kek.0.set_state(&second, KeyState::Active).unwrap();
        kek.0.set_state(&first.kek, KeyState::Deactivated).unwrap();
        let (status, said, why) = run(&rewrap);
        assert!(status == 0 && said.contains("1 wrapped"), "{said}{why}");
        kek.0.destroy_kek(&first.kek).unwrap();
        assert!(opens() && place.is_complete());
        // What is wrapped by a key encryption key alone dies with that, wherever copies are.
        let copy = fs::read(place.0.join("call/envelope")).unwrap();
        let (status, report) = place.json(&["shred", "@call", "--yes"]);
        assert_eq!((status, &report["keks_alone"]), (0, &true.into()));
        assert!(!opens() && place.is_complete());
        // Who wraps it is said while it is still known, and no more is promised than can be known.
        fs::write(place.0.join("call/envelope"), copy).unwrap();
        let (status, said, why) = place.run(&["shred", "@call", "--yes"]);
        assert_eq!(status, 0);
        assert!(why.contains("wrapped by archive version 2"), "{why}");
        let if_never = "if its envelope never named anybody else, nor another version";
        assert!(said.contains(if_never), "{said}");
    }
}
