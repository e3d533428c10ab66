//! Who may open a recording, and its sessions, changes; and in the end nobody may.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use mediaseal::vault::SystemClock;
use mediaseal::vault::grant::{GrantError, Identity, Kem, SessionGrant, SessionKey, Signer};
use mediaseal::vault::recording::{
    Cobblestone, LocalStorage, NewRecording, Profile, Reader, RecordingError, Verdict, Writer,
    envelope, grant, granted, header, replace_grant, shred, verify, wrap_context,
};
use mediaseal::{BaseKey, CipherSuite, KeyId, Media, SenderId};

use crate::support::{Memory, People, TestClock, add_tracks, frames};

const KID: KeyId = KeyId::new(0x77);

fn session(base_key: &BaseKey, kid: KeyId) -> SessionKey {
    let suite = CipherSuite::AES_128_GCM_SHA256_128;
    let sender = SenderId::new("alice").unwrap();
    SessionKey::raw(suite, kid, sender, Media::AUDIO, base_key.duplicate())
}

struct Recorded {
    people: People,
    sender: Signer,
    base_key: BaseKey,
    storage: Arc<Memory>,
    writer: Option<Writer>,
}

fn record() -> Recorded {
    let (people, storage, clock) = (People::new(), Memory::new(), TestClock::new());
    let (mut writer, _) = people.start(Profile::Frames, &storage, &clock).unwrap();
    add_tracks(&mut writer);
    let (sender, base_key) = (Signer::generate().unwrap(), BaseKey::generate().unwrap());
    let owners = [people.owner.recipient().clone()];
    let given = SessionGrant::seal(session(&base_key, KID), &owners, &sender).unwrap();
    writer.add_grant(&given).unwrap();
    for one in frames(3, 20, 400) {
        writer.write_frame(&one.frame()).unwrap();
    }
    Recorded {
        people,
        sender,
        base_key,
        storage,
        writer: Some(writer),
    }
}

#[test]
fn a_session_is_shared_by_an_owner_and_taken_back() {
    let mut recorded = record();
    let storage = &*recorded.storage;
    let (owner, late) = (
        &recorded.people.owner,
        Identity::generate(Kem::P256).unwrap(),
    );
    let (sender, shares) = (&recorded.sender, Signer::generate().unwrap());
    let there = || grant(storage, KID).unwrap().unwrap();
    let key = there().open(owner, &[*sender.public()]).unwrap();
    let mut changed = there();
    let other = session(&recorded.base_key, KeyId::new(0x78));
    assert!(matches!(
        changed.add_owner(other, late.recipient(), &shares),
        Err(GrantError::OtherPayload)
    ));
    changed.add_owner(key, late.recipient(), &shares).unwrap();
    recorded.writer.take().unwrap().finish().unwrap();
    replace_grant(storage, &changed).unwrap();

    // Whoever he trusts decides: the sender did not give it to him.
    let opened = |who: &Identity, by: &Signer| there().open(who, &[*by.public()]);
    assert!(matches!(opened(&late, sender), Err(GrantError::Signature)));
    let got = opened(&late, &shares).unwrap();
    assert_eq!((got.kid(), got.sender().as_bytes()), (KID, &b"alice"[..]));
    assert!(opened(owner, sender).is_ok());
    let signer = recorded.people.recorder.public();
    let verdict = || verify(storage, Some(signer)).unwrap().verdict;
    assert_eq!(verdict(), Verdict::Complete);

    let mut changed = there();
    assert!(changed.remove_owner(&late.recipient().id()));
    assert!(!changed.remove_owner(&late.recipient().id()));
    replace_grant(storage, &changed).unwrap();
    assert!(matches!(opened(&late, &shares), Err(GrantError::NoStanza)));
    assert!(opened(owner, sender).is_ok());
    assert!(changed.remove_owner(&owner.recipient().id()));
    assert!(matches!(
        replace_grant(storage, &changed),
        Err(RecordingError::NoOwner)
    ));
    assert!(opened(owner, sender).is_ok());
    assert_eq!(verdict(), Verdict::Complete);
}

#[test]
fn what_is_shredded_nobody_opens_and_anybody_verifies() {
    let mut recorded = record();
    let (storage, people) = (&recorded.storage, &recorded.people);
    let context = wrap_context(&header(&**storage).unwrap());
    let signers = [*people.recorder.public()];
    let dek = || {
        let envelope = envelope(&**storage).unwrap();
        envelope.open_by_identity(&people.owner, &signers, &context)
    };
    assert!(Reader::open(storage.clone(), &dek().unwrap()).is_ok());
    recorded.writer.take().unwrap().finish().unwrap();
    // What a crash left of a change is a way in, too.
    let old = storage.files()["envelope"].clone();
    let left = "envelope.0123456789abcdef.new".to_owned();
    let of_grant = format!("grants/{:016x}.new", KID.value());
    let mut files = storage.files();
    files.insert(left, old.clone());
    files.insert(of_grant, old);
    let storage = Memory::of(files);

    let shredded = shred(&*storage).unwrap();
    assert_eq!((shredded.stanzas.len(), shredded.grants), (1, 1));
    let empty = envelope(&*storage).unwrap();
    assert!(matches!(
        empty.open_by_identity(&people.owner, &signers, &context),
        Err(GrantError::NoStanza)
    ));
    assert_eq!(granted(&*storage).unwrap(), []);
    let names: Vec<String> = storage.files().into_keys().collect();
    assert!(
        names
            .iter()
            .all(|name| !name.ends_with(".new") && !name.starts_with("grants/")),
        "{names:?}"
    );
    let verdict = verify(&*storage, Some(people.recorder.public())).unwrap();
    assert_eq!(verdict.verdict, Verdict::Complete);
    let again = shred(&*storage).unwrap();
    assert_eq!((again.stanzas.len(), again.grants), (0, 0));
    // An envelope that cannot be read may hold keys that somebody can.
    storage.change("envelope", |octets| octets.truncate(9));
    assert_eq!(shred(&*storage).unwrap().stanzas, []);
    assert_eq!(envelope(&*storage).unwrap().stanzas(), []);
    assert!(matches!(
        shred(&*Memory::new()),
        Err(RecordingError::NotThere)
    ));
}

#[test]
fn nothing_is_changed_under_a_recorder_at_work() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sharing");
    if folder.is_dir() {
        fs::remove_dir_all(&folder).unwrap();
    }
    let (people, sender) = (People::new(), Signer::generate().unwrap());
    let storage = Arc::new(LocalStorage::create(&folder).unwrap());
    let (profile, aead) = (Profile::Frames, Cobblestone::default());
    let recorder = Arc::clone(&people.recorder);
    let mut new = NewRecording::draw(profile, aead, "", recorder, &SystemClock).unwrap();
    new.add_recipient(people.owner.recipient()).unwrap();
    let writer = new.start(storage.clone(), Arc::new(SystemClock)).unwrap();
    let owners = [people.owner.recipient().clone()];
    let key = session(&BaseKey::generate().unwrap(), KID);
    let given = SessionGrant::seal(key, &owners, &sender).unwrap();
    let busy = |result| matches!(result, Err(RecordingError::Busy));
    assert!(busy(replace_grant(&*storage, &given)));
    assert!(busy(shred(&*storage).map(drop)));
    assert_eq!(envelope(&*storage).unwrap().stanzas().len(), 1);
    writer.finish().unwrap();
    replace_grant(&*storage, &given).unwrap();
    assert_eq!(shred(&*storage).unwrap().grants, 1);
}
