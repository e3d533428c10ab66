//! Recordings on the command line: made, verified, tampered with, read, served, cut short by a crash.
#![cfg(test)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use common::{Datagrams, KEY, Link, Member, json, media, mediaseal, seal, speech};
use mediaseal::format::sframe::Header;
use mediaseal::vault::SystemClock;
use mediaseal::vault::grant::{Identity, Kem, Signer, SignerPublic, session_grant};
use mediaseal::vault::recording::{
    Cobblestone, Frame, LocalStorage, NewRecording, Profile, Reader, TrackFormat, envelope, header,
    replace_envelope, wrap_context,
};
use mediaseal::{Codec, Media, SenderId};
use pcap_file::Endianness;
use serde_json::Value;

/// A folder of a test's own, empty.
fn place(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("recordings")
        .join(name);
    if path.exists() {
        fs::remove_dir_all(&path).unwrap();
    }
    fs::create_dir_all(&path).unwrap();
    path
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn complained(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Runs the command, which ends well.
#[track_caller]
fn well(args: &[&str]) -> String {
    let output = mediaseal(args);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{args:?}: {}",
        complained(&output)
    );
    said(&output)
}

/// Octets that look like nothing.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    };
    (0..len).map(|_| next()).collect()
}

/// Records octets, to a new owner's key, and returns the recording.
fn recorded(place: &Path, name: &str, octets: &[u8]) -> String {
    let file = place.join(format!("{name}.file"));
    fs::write(&file, octets).unwrap();
    let dir = text(&place.join(name));
    let output = mediaseal(&["record", &dir, "--file", &text(&file)]);
    assert_eq!(output.status.code(), Some(0), "{}", complained(&output));
    assert!(
        complained(&output).contains("owner.key"),
        "the pair is said"
    );
    dir
}

fn copy(from: &str, to: &Path) -> String {
    if to.exists() {
        fs::remove_dir_all(to).unwrap();
    }
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
    text(to)
}

fn flip(path: &Path, at: usize) {
    let mut octets = fs::read(path).unwrap();
    octets[at] ^= 1;
    fs::write(path, octets).unwrap();
}

/// The last word that verification says, and its exit status.
fn verdict(args: &[&str]) -> (Option<i32>, String) {
    let output = mediaseal(&[&["verify"], args].concat());
    let said = said(&output);
    let last = said.lines().last().unwrap_or_default();
    let word = last.split(':').next().unwrap_or_default().to_owned();
    (output.status.code(), word)
}

fn is(word: &str, status: i32) -> (Option<i32>, String) {
    (Some(status), word.to_owned())
}

#[test]
fn tampering_is_told_from_a_crash_and_from_a_recording_that_is_whole() {
    let place = place("verify");
    let film = noise(9_000_000);
    let dir = recorded(&place, "film", &film);
    let (public, key) = (format!("{dir}.pub"), format!("{dir}.owner.key"));
    let other = place.join("other.pub");
    fs::write(&other, Signer::generate().unwrap().public().to_string()).unwrap();

    assert_eq!(verdict(&[&dir, "--signer", &public]), is("Complete", 0));
    assert_eq!(verdict(&[&dir]), is("Consistent", 0));
    let opened = well(&["verify", &dir, "--signer", &public, "-i", &key]);
    assert!(
        opened.starts_with(&format!(
            "{} frames opened\nComplete: ",
            film.len().div_ceil(16_369)
        )),
        "{opened}"
    );
    let (status, report) = json(&["verify", &dir, "--signer", &public, "-i", &key]);
    assert_eq!(
        (status, &report["verdict"], &report["opened"]),
        (0, &"complete".into(), &550.into())
    );
    assert_eq!(report["signed_records"], report["records"]);
    let another = mediaseal(&["verify", &dir, "--signer", &text(&other)]);
    assert_eq!(another.status.code(), Some(1));
    assert!(
        said(&another).contains("not by who --signer names"),
        "{}",
        said(&another)
    );

    // Every way in which a file may be another, and the place that is named.
    let copied = place.join("copy");
    let (first, second) = ("0000000000.seg", "0000000001.seg");
    type Change = fn(&Path);
    let changes: [(&str, Change); 14] = [
        ("segment 0 is not", |dir| {
            flip(&dir.join("0000000000.seg"), 0);
        }),
        ("segment 0 is not", |dir| {
            flip(&dir.join("0000000000.seg"), 5_000_000);
        }),
        ("segment 1 is not", |dir| {
            let path = dir.join("0000000001.seg");
            let octets = fs::read(&path).unwrap();
            fs::write(path, &octets[..octets.len() - 1]).unwrap();
        }),
        ("segment 1 is not", |dir| {
            let path = dir.join("0000000001.seg");
            let octets = fs::read(&path).unwrap();
            fs::write(path, [&octets[..], &[0]].concat()).unwrap();
        }),
        ("segment 0 is not", |dir| {
            fs::remove_file(dir.join("0000000000.seg")).unwrap();
        }),
        ("segment 0 is not", |dir| {
            fs::rename(dir.join("0000000000.seg"), dir.join("x")).unwrap();
            fs::rename(dir.join("0000000001.seg"), dir.join("0000000000.seg")).unwrap();
            fs::rename(dir.join("x"), dir.join("0000000001.seg")).unwrap();
        }),
        ("file 0000000002.seg does not belong", |dir| {
            fs::copy(dir.join("0000000001.seg"), dir.join("0000000002.seg")).unwrap();
        }),
        ("file note.txt does not belong", |dir| {
            fs::write(dir.join("note.txt"), "x").unwrap();
        }),
        // Its id is in the name that checkpoints are signed by.
        ("checkpoint 0 is not", |dir| flip(&dir.join("header"), 9)),
        ("header is not", |dir| flip(&dir.join("header"), 99)),
        ("manifest", |dir| flip(&dir.join("manifest"), 60)),
        ("manifest", |dir| {
            let octets = fs::read(dir.join("manifest")).unwrap();
            fs::write(dir.join("manifest"), &octets[..octets.len() - 45]).unwrap();
        }),
        ("checkpoint", |dir| flip(&dir.join("checkpoints"), 60)),
        ("file manifest is missing", |dir| {
            fs::remove_file(dir.join("manifest")).unwrap();
        }),
    ];
    for (what, change) in changes {
        let folder = copy(&dir, &copied);
        change(&copied);
        let output = mediaseal(&["verify", &folder, "--signer", &public]);
        let said = said(&output);
        assert_eq!(
            output.status.code(),
            Some(1),
            "{what}: {said}{}",
            complained(&output)
        );
        assert!(
            said.starts_with("Tampered: ") && said.contains(what),
            "{what}: {said}"
        );
        let (status, report) = json(&["verify", &folder, "--signer", &public]);
        assert_eq!(
            (status, &report["verdict"]),
            (1, &"tampered".into()),
            "{what}"
        );
        assert!(said.contains(report["place"].as_str().unwrap()));
    }

    // Cut back to its first checkpoint, which looks as if the recorder had crashed then.
    let folder = copy(&dir, &copied);
    let notes = fs::read_to_string(copied.join("checkpoints")).unwrap();
    let signature = notes.find("\n\u{2014} ").unwrap() + 1;
    let second_note = signature + notes[signature..].find('\n').unwrap() + 1;
    fs::write(copied.join("checkpoints"), &notes[..second_note]).unwrap();
    let signed: usize = notes.lines().nth(1).unwrap().parse().unwrap();
    let manifest = fs::read(copied.join("manifest")).unwrap();
    let mut end = 0;
    for _ in 0..signed {
        let len: [u8; 4] = manifest[end..end + 4].try_into().unwrap();
        end += 4 + usize::try_from(u32::from_be_bytes(len)).unwrap();
    }
    fs::write(copied.join("manifest"), &manifest[..end]).unwrap();
    assert_eq!(
        verdict(&[&folder, "--signer", &public]),
        is("Incomplete", 2)
    );
    let (status, report) = json(&["verify", &folder, "--signer", &public]);
    assert_eq!((status, &report["verdict"]), (2, &"incomplete".into()));
    assert_eq!(report["signed_records"], report["records"]);
    let segment = fs::metadata(Path::new(&dir).join(second)).unwrap().len();
    assert_eq!(
        report["discarded"], segment,
        "{report:#} of {first}, {second}"
    );
}

#[test]
fn what_cannot_be_verified_is_neither_incomplete_nor_tampered_with() {
    let place = place("verify-not");
    let dir = recorded(&place, "film", b"short");
    let key = format!("{dir}.owner.key");
    let nothing = text(&place.join("nothing"));
    let empty = place.join("empty");
    fs::create_dir(&empty).unwrap();
    for args in [
        &[][..],
        &[&dir, "--wrong"],
        &[&dir, "--signer"],
        &[&nothing],
        &[&text(&empty)],
        &[&dir, "--signer", &nothing],
        // A secret key is no public one, and is not repeated.
        &[&dir, "--signer", &key],
        &[&dir, "-i", &format!("{dir}.pub")],
    ] {
        let output = mediaseal(&[&["verify"], args].concat());
        assert_eq!(output.status.code(), Some(3), "{args:?}: {}", said(&output));
        let secret = fs::read_to_string(&key).unwrap();
        assert!(!complained(&output).contains(&secret[..30]));
        assert!(!complained(&output).is_empty());
    }
    let output = mediaseal(&["verify", "--help"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(said(&output).contains("Exit status 3"));
    // Of other commands that is 2.
    assert_eq!(mediaseal(&["cat", &dir, "--wrong"]).status.code(), Some(2));
}

#[test]
fn who_opens_a_recording_is_said_and_nobody_else_does() {
    let place = place("keys");
    let dir = recorded(&place, "film", &noise(40_000));
    let key = format!("{dir}.owner.key");
    let stranger = place.join("stranger.key");
    let other = Identity::generate(Kem::P256).unwrap();
    fs::write(&stranger, format!("# mine\n\n{}\n", &*other.to_text())).unwrap();
    let both = place.join("both.key");
    let keys = [&stranger, Path::new(&key)].map(|path| fs::read_to_string(path).unwrap());
    fs::write(&both, keys.concat()).unwrap();
    let stranger = text(&stranger);

    let output = mediaseal(&["cat", &dir, "-i", &stranger]);
    assert_eq!(output.status.code(), Some(3));
    assert!(output.stdout.is_empty());
    let why = complained(&output);
    let owner = Identity::from_text(fs::read_to_string(&key).unwrap().trim()).unwrap();
    assert!(why.contains(&owner.recipient().id().to_string()), "{why}");
    assert!(
        why.contains(&stranger) && why.contains(&other.recipient().id().to_string()),
        "{why}"
    );
    assert_eq!(
        mediaseal(&["cat", &dir]).status.code(),
        Some(2),
        "without a key"
    );

    for keys in [
        &["-i", &text(&both)][..],
        &["-i", &stranger, "--identity", &key],
    ] {
        let output = mediaseal(&[&["cat", &dir], keys].concat());
        assert_eq!(output.stdout, noise(40_000), "{}", complained(&output));
    }
    // Locked under a passphrase.
    let params: mediaseal::PassphraseParams =
        "$argon2id$v=19$m=8192,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA"
            .parse()
            .unwrap();
    let locked = place.join("locked.key");
    fs::write(&locked, owner.lock("open sesame", params.clone()).unwrap()).unwrap();
    let passphrase = place.join("passphrase");
    let (locked, sesame) = (text(&locked), text(&passphrase));
    let with = ["cat", &dir, "-i", &locked, "--passphrase-file", &sesame];
    fs::write(&passphrase, "open sesam\n").unwrap();
    assert_ne!(mediaseal(&with).status.code(), Some(0));
    fs::write(&passphrase, "open sesame\n").unwrap();
    assert_eq!(mediaseal(&with).stdout, noise(40_000));
    // A passphrase of the recording itself.
    let storage = LocalStorage::open(&dir).unwrap();
    let recording = header(&storage).unwrap();
    let recorder = SignerPublic::from_bytes(recording.signer()).unwrap();
    let context = wrap_context(&recording);
    let mut opened = envelope(&storage).unwrap();
    let dek = opened
        .open_by_identity(&owner, &[recorder], &context)
        .unwrap();
    opened
        .add_passphrase(&dek, "open barley", params, &context)
        .unwrap();
    replace_envelope(&storage, &opened).unwrap();
    let by_passphrase = ["cat", &dir, "--passphrase-file", &sesame];
    assert_eq!(mediaseal(&by_passphrase).status.code(), Some(3));
    fs::write(&passphrase, "open barley\n").unwrap();
    assert_eq!(mediaseal(&by_passphrase).stdout, noise(40_000));
    // Providers are of another build, which is said.
    let built = mediaseal(&["cat", &dir, "--provider", "file:keys.db"]);
    assert!(built.status.code() != Some(0) && built.stdout.is_empty());
    #[cfg(not(feature = "custody"))]
    assert!(complained(&built).contains("--features custody"));
    // Somebody whom the owner gave the key, and who is believed because he is named.
    let sharer = Signer::generate().unwrap();
    opened
        .add_recipient(&dek, other.recipient(), &sharer, &context)
        .unwrap();
    replace_envelope(&storage, &opened).unwrap();
    let shared = mediaseal(&["cat", &dir, "-i", &stranger]);
    assert_eq!(shared.status.code(), Some(3));
    assert!(
        complained(&shared).contains("--shared-by"),
        "{}",
        complained(&shared)
    );
    let sharer_file = place.join("sharer.pub");
    fs::write(&sharer_file, sharer.public().to_string()).unwrap();
    let shared = mediaseal(&[
        "cat",
        &dir,
        "-i",
        &stranger,
        "--shared-by",
        &text(&sharer_file),
    ]);
    assert_eq!(shared.stdout, noise(40_000), "{}", complained(&shared));
    // The key of a recorder who is not this one.
    let signer = place.join("signer.pub");
    fs::write(&signer, Signer::generate().unwrap().public().to_string()).unwrap();
    let output = mediaseal(&["cat", &dir, "-i", &key, "--signer", &text(&signer)]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(3), 0));
    #[cfg(unix)]
    for name in ["owner.key", "signer.key"] {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(format!("{dir}.{name}"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn any_octets_of_a_file_come_back() {
    let place = place("cat");
    // Whole pieces, one octet more and less, and less than one.
    for len in [1, 16_368, 16_369, 16_370, 3 * 16_369, 2_000_001] {
        let file = noise(len);
        let dir = recorded(&place, &format!("film-{len}"), &file);
        let key = format!("{dir}.owner.key");
        let cat = |range: &str| mediaseal(&["cat", &dir, "-i", &key, "--range", range]);
        let all = mediaseal(&["cat", &dir, "-i", &key]).stdout;
        assert!(all == file, "{len}");
        let last = len - 1;
        for (from, to) in [
            (0, 0),
            (last, last),
            (len / 2, last),
            (len / 3, len / 2),
            (0, last),
        ] {
            let output = cat(&format!("{from}-{to}"));
            assert!(
                output.stdout == file[from..=to],
                "{len}: {from}-{to}: {}",
                complained(&output)
            );
        }
        assert!(cat(&format!("{}-", len / 2)).stdout == file[len / 2..]);
        assert!(cat(&format!("0-{}", 2 * len)).stdout == file);
        assert!(cat(&format!("-{}", len / 2 + 1)).stdout == file[len - len / 2 - 1..]);
        assert_eq!(cat(&format!("{len}-")).status.code(), Some(2));
        assert_eq!(cat("0s-1s").status.code(), Some(2), "there are no times");
    }
    // Of damage nothing comes out but what is before it.
    let dir = text(&place.join("film-2000001"));
    let key = format!("{dir}.owner.key");
    flip(
        &Path::new(&dir).join("0000000000.seg"),
        56 + 16_400 * 50 + 7,
    );
    let file = noise(2_000_001);
    let output = mediaseal(&["cat", &dir, "-i", &key]);
    assert_eq!(output.status.code(), Some(3));
    assert!(file.starts_with(&output.stdout) && output.stdout.len() <= 50 * 16_384);
    assert!(
        complained(&output).contains("chunk 50 of segment 0"),
        "{}",
        complained(&output)
    );
    let behind = mediaseal(&["cat", &dir, "-i", &key, "--range", "1000000-1999999"]);
    assert!(
        behind.stdout == file[1_000_000..2_000_000],
        "{}",
        complained(&behind)
    );
    assert_eq!(verdict(&[&dir, "-i", &key]), is("Tampered", 1));
}

/// A recording whose manifest is altered, and one that is cut at a record, as far as its first checkpoint.
#[test]
fn what_is_missing_behind_an_altered_or_cut_manifest_is_said() {
    let place = place("manifest");
    let film = noise(3_000_000);
    let dir = recorded(&place, "film", &film);
    let key = format!("{dir}.owner.key");
    let altered = copy(&dir, &place.join("altered"));
    flip(&place.join("altered/manifest"), 700);
    for range in [&[][..], &["--range", "0-10"], &["--range", "2000000-"]] {
        let output = mediaseal(&[&["cat", &altered, "-i", &key], range].concat());
        assert_eq!(output.status.code(), Some(3), "{range:?}");
        assert!(
            film.starts_with(&output.stdout) && output.stdout.len() < film.len(),
            "what is there is given out"
        );
        assert!(complained_of(
            &output,
            "of the manifest is not as it was written"
        ));
    }
    let served = mediaseal(&["serve", &altered, "-i", &key]);
    assert_eq!((served.status.code(), served.stdout.len()), (Some(3), 0));
    assert!(complained_of(
        &served,
        "of the manifest is not as it was written"
    ));
    let to = text(&place.join("altered-media"));
    let (status, report) = json(&["export", &altered, "-i", &key, "--to", &to]);
    assert_eq!((status, &report["damaged"]), (1, &1.into()), "{report:#}");

    // Speech, of which there are files.
    let mut call = Datagrams::default();
    for (number, frame) in (0_u16..).zip(&speech()[..100]) {
        call.rtp(7, number, u32::from(number) * 960, false, frame);
    }
    let capture = place.join("call.pcap");
    fs::write(&capture, call.pcap(Link::Ethernet, Endianness::Little)).unwrap();
    let dir = text(&place.join("call"));
    well(&[
        "record",
        &dir,
        "--profile",
        "media",
        "--file",
        &text(&capture),
    ]);
    let key = format!("{dir}.owner.key");
    let export = |dir: &str, to: &str| {
        let to = text(&place.join(to));
        json(&["export", dir, "-i", &key, "--to", &to])
    };
    let (status, report) = export(&dir, "whole");
    assert_eq!(
        (status, &report["damaged"], &report["is_closed"]),
        (0, &0.into(), &true.into()),
        "{report:#}"
    );
    // Without its last record, as if the recorder had crashed.
    let cut = copy(&dir, &place.join("cut"));
    let manifest = fs::read(place.join("cut/manifest")).unwrap();
    let (mut end, mut last) = (0, 0);
    while end < manifest.len() {
        let len: [u8; 4] = manifest[end..end + 4].try_into().unwrap();
        last = end;
        end += 4 + usize::try_from(u32::from_be_bytes(len)).unwrap();
    }
    fs::write(place.join("cut/manifest"), &manifest[..last]).unwrap();
    let output = mediaseal(&["cat", &cut, "-i", &key]);
    assert_eq!(output.status.code(), Some(0), "{}", complained(&output));
    assert!(complained_of(&output, "did not close it"));
    let (status, report) = export(&cut, "cut-media");
    assert_eq!(
        (status, &report["damaged"], &report["is_closed"]),
        (1, &0.into(), &false.into()),
        "{report:#}"
    );
}

#[test]
fn frames_of_any_lengths_are_told_from_pieces_of_one() {
    let place = place("lengths");
    let owner = Identity::generate(Kem::X25519).unwrap();
    let key = place.join("owner.key");
    fs::write(&key, &*owner.to_text()).unwrap();
    // As many octets as frames of one length would have, or with the last where it would be, or both.
    for (number, lens) in [
        &[10, 5, 7][..],
        &[10, 8, 12, 7],
        &[10, 12, 8, 7],
        &[10, 10, 10],
        &[16_369, 16_419, 100],
    ]
    .into_iter()
    .enumerate()
    {
        let dir = place.join(number.to_string());
        let signer = Arc::new(Signer::generate().unwrap());
        let (profile, suite) = (Profile::Media, Cobblestone::default());
        let mut new = NewRecording::draw(profile, suite, "", signer, &SystemClock).unwrap();
        new.add_recipient(owner.recipient()).unwrap();
        let storage = Arc::new(LocalStorage::create(&dir).unwrap());
        let mut writer = new.start(storage, Arc::new(SystemClock)).unwrap();
        writer.add_track(0, TrackFormat::of(Codec::Opaque)).unwrap();
        let all = noise(lens.iter().sum());
        let mut rest = &all[..];
        for len in lens {
            let (octets, behind) = rest.split_at(*len);
            rest = behind;
            writer
                .write_frame(&Frame {
                    track: 0,
                    sender: &SenderId::default(),
                    micros: 0,
                    key_frame: false,
                    metadata: &[],
                    octets,
                })
                .unwrap();
        }
        writer.finish().unwrap();
        let (dir, key) = (text(&dir), text(&key));
        let output = mediaseal(&["cat", &dir, "-i", &key]);
        assert!(output.stdout == all, "{lens:?}: {}", complained(&output));
        for at in 0..all.len().min(37) {
            let range = format!("{at}-{}", at + 3);
            let output = mediaseal(&["cat", &dir, "-i", &key, "--range", &range]);
            let end = all.len().min(at + 4);
            assert!(output.stdout == all[at..end], "{lens:?}: {range}");
        }
    }
}

#[test]
fn what_was_set_aside_is_said() {
    let place = place("aside");
    let dir = recorded(&place, "film", &noise(1_000));
    assert!(!well(&["verify", &dir]).contains("aside"));
    let (_, report) = json(&["verify", &dir]);
    assert_eq!(report["set_aside"], 0);
    let aside = Path::new(&dir).join("aside");
    fs::create_dir(&aside).unwrap();
    fs::write(aside.join("0000000001.seg.0123456789abcdef"), "x").unwrap();
    for command in ["verify", "recover"] {
        let said = well(&[command, &dir]);
        assert!(said.contains("set aside: 1 files"), "{said}");
        let (status, report) = json(&[command, &dir]);
        assert_eq!((status, &report["set_aside"]), (0, &1.into()), "{command}");
    }
    let said = well(&["verify", &dir]);
    assert!(said.lines().last().unwrap().starts_with("Consistent: "));
}

/// Captures of which something is not recorded, or nothing is there.
#[test]
fn a_call_that_is_not_all_recorded_is_no_success() {
    let place = place("left-out");
    let record = |name: &str, capture: &[u8]| {
        let file = place.join(format!("{name}.pcap"));
        fs::write(&file, capture).unwrap();
        let dir = text(&place.join(name));
        let (status, report) = json(&["record", &dir, "--file", &text(&file)]);
        let again = text(&place.join(format!("{name}-text")));
        let output = mediaseal(&["record", &again, "--file", &text(&file)]);
        assert_eq!(output.status.code(), Some(status));
        (status, report, said(&output))
    };
    let mut alice = Member::new("standup", KEY, 1).encryptor("alice", Media::VIDEO);
    let sealed = seal(&mut alice, &[noise(4_000), noise(4_000), noise(4_000)]);
    let mut call = Datagrams::default();
    call.others();
    call.stream(1, &sealed);
    // Whoever granted nothing is said, and that alone.
    let (status, report, _) = record("whole", &call.pcap(Link::Ethernet, Endianness::Little));
    let counts = |report: &Value| {
        [
            "frames",
            "frames_incomplete",
            "packets_truncated",
            "datagrams_dropped",
        ]
        .map(|name| report[name].as_u64().unwrap())
    };
    assert_eq!((status, counts(&report)), (1, [3, 0, 0, 0]), "{report:#}");
    assert_eq!(report["missing_grants"].as_array().unwrap().len(), 1);

    // A frame of which a packet is lost; and one of which the capture has a part of a packet alone.
    let mut lost = Datagrams(call.0.clone());
    lost.0.remove(lost.0.len() - 2);
    let (_, report, said) = record("lost", &lost.pcap(Link::Ethernet, Endianness::Little));
    assert_eq!(counts(&report), [2, 1, 0, 0], "{report:#}");
    assert!(said.contains("1 frames are missing"), "{said}");
    assert!(said.contains("4 packets were no RTP"), "{said}");
    let cut = Link::Ethernet.packet(call.0.last().unwrap());
    let mut octets = lost.pcap(Link::Ethernet, Endianness::Little);
    for value in [0_u32, 0, 60, u32::try_from(cut.len()).unwrap()] {
        octets.extend(value.to_le_bytes());
    }
    octets.extend(&cut[..60]);
    let (_, report, said) = record("truncated", &octets);
    assert_eq!(counts(&report), [2, 1, 1, 0], "{report:#}");
    assert!(
        said.contains("1 packets are not all in the capture"),
        "{said}"
    );

    // Media, so that nothing is missing but what is cut.
    let mut speaks = Datagrams::default();
    for (number, frame) in (0_u16..).zip(&speech()[..40]) {
        speaks.rtp(7, number, u32::from(number) * 960, false, frame);
    }
    let file = place.join("speech.pcap");
    let mut octets = speaks.pcap(Link::Raw, Endianness::Little);
    let media = |name: &str, octets: &[u8]| {
        fs::write(&file, octets).unwrap();
        let dir = text(&place.join(name));
        json(&["record", &dir, "--profile", "media", "--file", &text(&file)])
    };
    assert_eq!(media("speech", &octets).0, 0);
    let cut = Link::Raw.packet(&speaks.0[39]);
    for value in [0_u32, 0, 45, u32::try_from(cut.len()).unwrap()] {
        octets.extend(value.to_le_bytes());
    }
    octets.extend(&cut[..45]);
    let (status, report) = media("speech-cut", &octets);
    assert_eq!((status, counts(&report)), (1, [40, 0, 1, 0]), "{report:#}");

    let mut nothing = Datagrams::default();
    nothing.others();
    let (status, report) = media("nothing", &nothing.pcap(Link::Raw, Endianness::Little));
    assert_eq!((status, &report["frames"]), (1, &0.into()), "{report:#}");
    assert_eq!(report["other_datagrams"], 4);
}

#[test]
fn keys_never_lie_in_the_recording() {
    let place = place("nameless");
    let (file, inner) = (place.join("film.file"), place.join("outer/inner"));
    fs::write(&file, noise(1_000)).unwrap();
    fs::create_dir_all(&inner).unwrap();
    let record = |dir: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mediaseal"));
        let command = command.current_dir(&inner).args(["record", dir, "--file"]);
        command.arg(&file).output().unwrap()
    };
    for nameless in [".", "./", "..", "../inner/..", "new/.."] {
        let output = record(nameless);
        assert_eq!(output.status.code(), Some(2), "{nameless}");
    }
    assert_eq!(fs::read_dir(&inner).unwrap().count(), 0, "nothing was made");
    assert_eq!(fs::read_dir(place.join("outer")).unwrap().count(), 1);
    for (name, is) in [
        ("film/", "film"),
        ("./other", "other"),
        ("../inner/x.y", "x.y"),
    ] {
        let output = record(name);
        assert_eq!(output.status.code(), Some(0), "{}", complained(&output));
        assert!(inner.join(format!("{is}.owner.key")).is_file(), "{name}");
        let inside = fs::read_dir(inner.join(is)).unwrap();
        let mut names = inside.map(|entry| entry.unwrap().file_name());
        assert!(names.all(|name| !name.to_string_lossy().ends_with(".key")));
    }
}

/// Runs the command into a pipe that nobody reads.
fn unread(args: &[&str]) -> Option<i32> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mediaseal"));
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let child = command.args(args).stdout(writer).stderr(Stdio::null());
    child.status().unwrap().code()
}

#[test]
fn a_verdict_is_the_same_where_nobody_reads_it() {
    let place = place("unread");
    let dir = recorded(&place, "film", &noise(400_000));
    let (public, key) = (format!("{dir}.pub"), format!("{dir}.owner.key"));
    assert_eq!(unread(&["verify", &dir, "--signer", &public]), Some(0));
    assert_eq!(
        unread(&["cat", &dir, "-i", &key]),
        Some(0),
        "enough was read"
    );
    assert_eq!(unread(&["completions", "bash"]), Some(0));
    // More than waits to be written: it is not known what became of the rest.
    let folders = vec![&*dir; 200];
    assert_eq!(unread(&[&["ls"], &folders[..]].concat()), Some(3));
    let altered = copy(&dir, &place.join("altered"));
    flip(&place.join("altered/0000000000.seg"), 100_000);
    for json in [&[][..], &["--json"]] {
        let verify = ["verify", &altered, "--signer", &public];
        assert_eq!(unread(&[&verify, json].concat()), Some(1));
    }
    fs::remove_file(place.join("altered/0000000000.seg")).unwrap();
    flip(&place.join("altered/manifest"), 200);
    assert_eq!(unread(&["cat", &altered, "-i", &key]), Some(3));
}

#[test]
fn media_of_a_capture_are_recorded_and_any_octets_of_them_come_back() {
    let place = place("capture");
    let frames = speech();
    let mut call = Datagrams::default();
    call.others();
    for (number, frame) in (0_u16..).zip(&frames) {
        call.rtp(0x1234, number, u32::from(number) * 960, false, frame);
    }
    let capture = place.join("call.pcap");
    fs::write(&capture, call.pcap(Link::Ethernet, Endianness::Little)).unwrap();
    let dir = text(&place.join("call"));
    let (status, report) = json(&[
        "record",
        &dir,
        "--file",
        &text(&capture),
        "--profile",
        "media",
        "--sender",
        "0x1234=Zoë",
    ]);
    assert_eq!(
        (status, &report["frames"]),
        (0, &frames.len().into()),
        "{report:#}"
    );
    assert_eq!(report["tracks"][0]["codec"], "opus");
    let key = format!("{dir}.owner.key");
    let whole = frames.concat();
    let cat = |range: &str| mediaseal(&["cat", &dir, "-i", &key, "--range", range]).stdout;
    assert!(cat("0-") == whole);
    let mut at = 0;
    for (number, frame) in frames.iter().enumerate() {
        // Frames and what lies across them.
        if number % 40 == 0 {
            let end = (at + frame.len() + 5).min(whole.len());
            assert!(
                cat(&format!("{at}-{}", end - 1)) == whole[at..end],
                "{number}"
            );
        }
        at += frame.len();
    }
    // The capture has a millisecond between two packets, and four others are in front.
    assert!(cat("100ms-200ms") == frames[100..200].concat());
    assert!(cat("0-50ms") == frames[..50].concat());

    // The same as frames of profile frames: it is no ciphertext, and is left out.
    let dir = text(&place.join("not-ciphertext"));
    let (status, report) = json(&["record", &dir, "--file", &text(&capture)]);
    assert_eq!((status, &report["frames"]), (1, &0.into()));
    assert_eq!(report["frames_left_out"], frames.len());
    assert_eq!(
        verdict(&[&dir, "--signer", &format!("{dir}.pub")]),
        is("Complete", 0)
    );
    let again = mediaseal(&["record", &dir, "--file", &text(&capture)]);
    assert_eq!(
        again.status.code(),
        Some(2),
        "a recording is not written over"
    );
}

/// A recorder that listens, and where.
struct Listening {
    child: Child,
    to: String,
    rest: BufReader<std::process::ChildStderr>,
}

impl Listening {
    #[allow(clippy::zombie_processes, reason = "each test waits for its recorder")]
    fn start(args: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_mediaseal"))
            .args(["record", "--udp", "127.0.0.1:0"])
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut rest = BufReader::new(child.stderr.take().unwrap());
        loop {
            let mut line = String::new();
            assert_ne!(rest.read_line(&mut line).unwrap(), 0, "it did not begin");
            if let Some((_, to)) = line.trim().split_once("recording what comes to ") {
                let to = to.to_owned();
                return Self { child, to, rest };
            }
        }
    }

    fn send(&self, datagrams: &[Vec<u8>], pause: Duration) {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        for datagram in datagrams {
            socket.send_to(datagram, &self.to).unwrap();
            std::thread::sleep(pause);
        }
    }

    /// Interrupts it as Ctrl-C does, and waits; returns exit status, what it said and complained.
    #[cfg(unix)]
    fn interrupt(mut self) -> (Option<i32>, String, String) {
        use std::io::Read;
        interrupt(&self.child);
        let (mut said, mut complained) = (String::new(), String::new());
        self.child
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut said)
            .unwrap();
        self.rest.read_to_string(&mut complained).unwrap();
        (self.child.wait().unwrap().code(), said, complained)
    }
}

#[cfg(unix)]
fn interrupt(child: &Child) {
    let process = rustix::process::Pid::from_child(child);
    rustix::process::kill_process(process, rustix::process::Signal::INT).unwrap();
}

/// Sender, metadata, octets.
type Recorded = (String, Vec<u8>, Vec<u8>);

/// The frames of a recording, by track.
fn frames(dir: &str, key: &str) -> Vec<Vec<Recorded>> {
    let storage = Arc::new(LocalStorage::open(dir).unwrap());
    let identity = Identity::from_text(fs::read_to_string(key).unwrap().trim()).unwrap();
    let header = header(&*storage).unwrap();
    let recorder = SignerPublic::from_bytes(header.signer()).unwrap();
    let dek = envelope(&*storage)
        .unwrap()
        .open_by_identity(&identity, &[recorder], &wrap_context(&header))
        .unwrap();
    let mut reader = Reader::open(storage, &dek).unwrap();
    let tracks: Vec<u16> = reader.tracks().map(|track| track.track).collect();
    let mut all = Vec::new();
    for track in tracks {
        let start = reader.start_of(track).unwrap();
        let frames = reader.frames(start).map(|frame| {
            let frame = frame.unwrap();
            let (metadata, octets) = (frame.metadata.clone(), frame.octets.clone());
            (frame.sender.to_string(), metadata, octets)
        });
        all.push(frames.collect());
    }
    all
}

#[cfg(unix)]
#[test]
fn ciphertext_is_recorded_as_it_came_and_missing_grants_are_said() {
    let place = place("frames");
    let alice = Member::new("standup", KEY, 1);
    let speech = &speech()[..120];
    // Each has his session until the end.
    let mut senders = ["alice", "bob"].map(|name| alice.encryptor(name, Media::AUDIO));
    let [alices, bobs] = &mut senders;
    let sealed = [seal(alices, speech), seal(bobs, speech)];
    let kids: Vec<_> = sealed
        .iter()
        .map(|frames| Header::parse(&frames[0]).unwrap().0.kid())
        .collect();
    let owner = Identity::generate(Kem::X25519).unwrap();
    let (public, key) = (place.join("owner.pub"), place.join("owner.key"));
    fs::write(&public, format!("# the archive\n{}\n", owner.recipient())).unwrap();
    fs::write(&key, &*owner.to_text()).unwrap();
    let signer = Signer::generate().unwrap();
    let grant = session_grant(
        &alice.channel,
        kids[0],
        &[owner.recipient().clone()],
        &signer,
    );
    let grant_file = place.join("alice.grant");
    fs::write(&grant_file, grant.unwrap().to_bytes().unwrap()).unwrap();

    let dir = text(&place.join("call"));
    let recorder = Listening::start(&[
        &dir,
        "--owner",
        &text(&public),
        "--grant",
        &text(&grant_file),
        "--codec",
        "opus",
        "--sender",
        "1=alice",
        "--metadata",
        "ssrc+text:standup",
        "--json",
    ]);
    let mut call = Datagrams::default();
    call.others();
    for (ssrc, frames) in (1..).zip(&sealed) {
        call.stream(ssrc, frames);
    }
    recorder.send(&call.0, Duration::from_micros(300));
    let busy = mediaseal(&["recover", &dir]);
    assert_eq!(busy.status.code(), Some(3), "its recorder is at work");
    std::thread::sleep(Duration::from_millis(300));
    let (status, said, complained) = recorder.interrupt();
    let report: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(status, Some(1), "bob granted nothing: {complained}");
    let missing = format!("{:016x}", kids[1].value());
    assert_eq!(report["missing_grants"], serde_json::json!([missing]));
    assert!(
        complained.contains(&missing),
        "said while it records: {complained}"
    );
    assert!(!complained.contains(&format!("{:016x}", kids[0].value())));
    assert_eq!(report["other_datagrams"], 4);
    assert_eq!(report["tracks"][0]["wire"], "fragments");

    assert_eq!(
        verdict(&[&dir, "--signer", &format!("{dir}.pub")]),
        is("Complete", 0)
    );
    let recorded = frames(&dir, &text(&key));
    for ((recorded, ssrc), (sealed, name)) in recorded
        .iter()
        .zip(1_u32..)
        .zip(sealed.iter().zip(["alice", "ssrc-00000002"]))
    {
        let metadata = [&ssrc.to_be_bytes()[..], b"standup"].concat();
        let expected: Vec<_> = sealed
            .iter()
            .map(|frame| (name.to_owned(), metadata.clone(), frame.clone()))
            .collect();
        assert!(
            *recorded == expected,
            "{name}: {} frames of {}",
            recorded.len(),
            expected.len()
        );
    }
    assert_eq!(recorded.len(), 2);
    // What is not there to be played is not served, and not written as if it were media.
    for command in ["cat", "serve"] {
        let output = mediaseal(&[command, &dir, "-i", &text(&key)]);
        assert_eq!(
            (output.status.code(), output.stdout.len()),
            (Some(3), 0),
            "{command}"
        );
        assert!(complained_of(&output, "mediaseal export"));
    }

    // With a key it is seen who sent, and what nobody can open; without one, the rest.
    let (status, info) = json(&["info", &dir, "-i", &text(&key)]);
    assert_eq!(status, 0);
    assert_eq!(
        info["opened"]["missing_grants"],
        serde_json::json!([missing])
    );
    assert_eq!(info["opened"]["senders"][0]["sender"], "alice");
    assert_eq!(info["opened"]["senders"][0]["frames"], 120);
    let (_, info) = json(&["info", &dir]);
    assert!(info.get("opened").is_none());
    assert_eq!(
        info["grants"],
        serde_json::json!([format!("{:016x}", kids[0].value())])
    );
    assert_eq!(
        (&info["profile"], &info["state"]),
        (&"frames".into(), &"closed".into())
    );
    assert_eq!(info["owners"][0]["id"], owner.recipient().id().to_string());
    assert_eq!(info["tracks"][1]["codec"], "opus");
    assert_eq!(info["segment_list"].as_array().unwrap().len(), 2);
    let people = well(&["info", &dir, "--segments", "-i", &text(&key)]);
    for part in [
        "not granted",
        "sender \"alice\": 120 frames",
        "recipient ",
        "profile frames",
        "ended",
    ] {
        assert!(people.contains(part), "{part}: {people}");
    }
    let (status, list) = json(&["ls", &text(&place)]);
    assert_eq!((status, list.as_array().unwrap().len()), (0, 1));
    assert_eq!(list[0]["state"], "closed");
    assert!(well(&["ls", &dir]).contains(&owner.recipient().id().to_string()[..12]));
}

fn complained_of(output: &Output, what: &str) -> bool {
    complained(output).contains(what)
}

#[cfg(unix)]
#[test]
fn a_recorder_that_is_killed_leaves_what_was_committed() {
    let place = place("killed");
    let alice = Member::new("standup", KEY, 1);
    let speech = speech();
    let sealed = seal(&mut alice.encryptor("alice", Media::AUDIO), &speech[..150]);
    let dir = text(&place.join("call"));
    let mut recorder = Listening::start(&[&dir, "--wire", "fragments"]);
    let mut call = Datagrams::default();
    call.stream(1, &sealed);
    recorder.send(&call.0, Duration::from_millis(10));
    recorder.child.kill().unwrap();
    recorder.child.wait().unwrap();

    let (public, key) = (format!("{dir}.pub"), format!("{dir}.owner.key"));
    assert_eq!(verdict(&[&dir, "--signer", &public]), is("Incomplete", 2));
    assert!(well(&["ls", &dir]).contains("open"));
    let said = well(&["recover", &dir]);
    assert!(
        said.contains("1 segments ended") && said.contains("left: 1 segments"),
        "{said}"
    );
    let (status, report) = json(&["recover", &dir]);
    assert_eq!(
        (status, &report["closed_segments"], &report["discarded"]),
        (0, &0.into(), &0.into())
    );
    let (status, verified) = json(&["verify", &dir, "--signer", &public, "-i", &key]);
    assert_eq!(
        (status, &verified["verdict"], &verified["discarded"]),
        (2, &"incomplete".into(), &0.into())
    );
    let there = frames(&dir, &key).concat();
    assert_eq!(verified["opened"], there.len());
    // It was sent in one and a half seconds and more, of which at most the last may be lost.
    assert!(there.len() >= 30, "{} frames", there.len());
    assert!(
        there
            .iter()
            .map(|(_, _, octets)| octets)
            .eq(&sealed[..there.len()])
    );

    // More than a crash can take is missing: nothing is changed.
    let segment = Path::new(&dir).join("0000000000.seg");
    let tails = || {
        fs::read_dir(&dir)
            .unwrap()
            .map(|entry| entry.unwrap().path())
    };
    fs::remove_file(&segment).unwrap();
    let before = tails().count();
    let output = mediaseal(&["verify", &dir, "--signer", &public]);
    assert_eq!(output.status.code(), Some(1));
    mediaseal(&["recover", &dir]);
    assert_eq!(tails().count(), before);
}

#[cfg(unix)]
#[test]
fn what_ffmpeg_sends_is_recorded_and_plays() {
    let place = place("ffmpeg");
    let dir = text(&place.join("camera"));
    let recorder = Listening::start(&[&dir, "--profile", "media", "--json"]);
    let port = recorder.to.rsplit(':').next().unwrap();
    let sent = Command::new("ffmpeg")
        .args([
            "-nostdin",
            "-loglevel",
            "error",
            "-readrate",
            "8",
            "-t",
            "4",
            "-i",
        ])
        .arg(media("camera-h264.h264"))
        .args(["-c", "copy", "-f", "rtp"])
        .arg(format!("rtp://127.0.0.1:{port}?pkt_size=1200"))
        .stdout(Stdio::null())
        .status()
        .expect("ffmpeg is installed: cargo xtask test sees to it");
    assert!(sent.success());
    std::thread::sleep(Duration::from_millis(300));
    let (status, said, complained) = recorder.interrupt();
    let report: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(status, Some(0), "{complained}{report:#}");
    assert_eq!(report["tracks"][0]["codec"], "h264");
    assert_eq!(report["packets_lost"], 0);
    let (public, key) = (format!("{dir}.pub"), format!("{dir}.owner.key"));
    assert_eq!(
        verdict(&[&dir, "--signer", &public, "-i", &key]),
        is("Complete", 0)
    );
    let video = mediaseal(&["cat", &dir, "-i", &key]).stdout;
    let file = place.join("camera.h264");
    fs::write(&file, video).unwrap();
    let of_original = pictures(&text(&media("camera-h264.h264")), "4");
    let recorded = pictures(&text(&file), "100");
    assert!(
        recorded.len() > 60 && recorded[..] == of_original[..recorded.len()],
        "{} of {}",
        recorded.len(),
        of_original.len()
    );
    assert_eq!(report["frames"], recorded.len());
}

/// A digest of each decoded picture.
fn pictures(input: &str, seconds: &str) -> Vec<String> {
    let output = Command::new("ffmpeg")
        .args(["-nostdin", "-loglevel", "error", "-t", seconds, "-i", input])
        .args(["-f", "framemd5", "-"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", complained(&output));
    let text = said(&output);
    let rows = text.lines().filter(|line| !line.starts_with('#'));
    rows.map(|row| row.rsplit(',').next().unwrap().trim().to_owned())
        .collect()
}

#[cfg(unix)]
#[test]
fn players_seek_in_what_is_served() {
    let place = place("serve");
    // Its index is at the end, so a player has to seek to play it at all.
    let film = place.join("film.mp4");
    let made = Command::new("ffmpeg")
        .args([
            "-nostdin",
            "-loglevel",
            "error",
            "-y",
            "-framerate",
            "30",
            "-i",
        ])
        .arg(media("camera-h264.h264"))
        .args(["-c", "copy"])
        .arg(&film)
        .status()
        .unwrap();
    assert!(made.success());
    let octets = fs::read(&film).unwrap();
    let dir = recorded(&place, "film", &octets);
    let key = format!("{dir}.owner.key");
    let mut server = Command::new(env!("CARGO_BIN_EXE_mediaseal"))
        .args(["serve", &dir, "-i", &key])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut url = String::new();
    BufReader::new(server.stdout.as_mut().unwrap())
        .read_line(&mut url)
        .unwrap();
    let url = url.trim().to_owned();
    assert!(
        url.starts_with("http://127.0.0.1:") && url.ends_with("/track-0.mp4"),
        "{url}"
    );

    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .into();
    let get = |range: &str| {
        let mut answer = agent.get(&url).header("Range", range).call().unwrap();
        let field = |name: &str| {
            let value = answer.headers().get(name);
            value.map_or(String::new(), |value| value.to_str().unwrap().to_owned())
        };
        let fields = (field("content-range"), field("content-type"));
        let body = answer
            .body_mut()
            .with_config()
            .limit(u64::MAX)
            .read_to_vec()
            .unwrap();
        (answer.status().as_u16(), fields, body)
    };
    let len = octets.len();
    for (from, to) in [
        (0, 0),
        (5, 70_000),
        (len - 1, len - 1),
        (16_369, 32_737),
        (0, len - 1),
    ] {
        let (status, (range, kind), body) = get(&format!("bytes={from}-{to}"));
        assert_eq!(
            (status, &*range, &*kind),
            (206, &*format!("bytes {from}-{to}/{len}"), "video/mp4")
        );
        assert!(body == octets[from..=to], "{from}-{to}");
    }
    let (status, (range, _), body) = get("bytes=-1000");
    assert_eq!(
        (status, range),
        (206, format!("bytes {}-{}/{len}", len - 1000, len - 1))
    );
    assert!(body == octets[len - 1000..]);
    let (status, (range, _), body) = get(&format!("bytes={len}-"));
    assert_eq!(
        (status, range, body.len()),
        (416, format!("bytes */{len}"), 0)
    );
    let (status, _, body) = get("bytes=0-1,5-6");
    assert!(status == 200 && body == octets);
    let head = agent.head(&url).call().unwrap();
    assert_eq!(head.headers()["content-length"], len.to_string());
    assert_eq!(head.headers()["accept-ranges"], "bytes");
    assert_eq!(agent.post(&url).send(&b""[..]).unwrap().status(), 405);
    let (front, name) = url.rsplit_once('/').unwrap();
    let guessed = format!(
        "{}{}/{name}",
        &front[..front.len() - 1],
        if front.ends_with('0') { 1 } else { 0 }
    );
    for other in [
        format!("{}/", front.rsplit_once('/').unwrap().0),
        format!("{front}/"),
        guessed,
    ] {
        assert_eq!(agent.get(&other).call().unwrap().status(), 404, "{other}");
    }

    let probed = Command::new("ffprobe")
        .args([
            "-loglevel",
            "error",
            "-show_entries",
            "stream=codec_name,nb_frames",
            "-of",
            "csv=p=0",
            &url,
        ])
        .output()
        .unwrap();
    assert!(
        said(&probed).starts_with("h264,"),
        "{}",
        complained(&probed)
    );
    // From the middle, as who drags the slider.
    let seek = |input: &str| {
        let output = Command::new("ffmpeg")
            .args(["-nostdin", "-loglevel", "error", "-ss", "2", "-i", input])
            .args(["-frames:v", "5", "-f", "framemd5", "-"])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", complained(&output));
        said(&output)
    };
    assert_eq!(seek(&url), seek(&text(&film)));
    interrupt(&server);
    assert_eq!(server.wait().unwrap().code(), Some(0));
}

#[test]
fn every_command_teaches_by_examples() {
    for command in ["verify", "info", "ls", "recover", "cat", "serve", "record"] {
        let help = well(&[command, "--help"]);
        assert!(help.contains("Examples:\n  mediaseal "), "{command}");
        assert!(well(&["man", command]).contains("EXTRA"), "{command}");
    }
}
