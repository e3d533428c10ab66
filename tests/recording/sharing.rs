//! Who may open a recording, and its sessions, changes; and in the end nobody may.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{fs, io};

use mediaseal::vault::grant::{GrantError, Identity, Kem, SessionGrant, SessionKey, Signer};
use mediaseal::vault::recording::{
    Cobblestone, LocalStorage, NewRecording, Profile, Reader, RecordingError, Storage, Verdict,
    Writer, break_envelope_lock, change_envelope, change_grant, envelope, grant, granted, header,
    replace_envelope, replace_grant, shred, verify, wrap_context,
};
use mediaseal::vault::{SystemClock, WrapContext};
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
    let mut writer = new.start(storage.clone(), Arc::new(SystemClock)).unwrap();
    let owners = [people.owner.recipient().clone()];
    let key = session(&BaseKey::generate().unwrap(), KID);
    let given = SessionGrant::seal(key, &owners, &sender).unwrap();
    writer.add_grant(&given).unwrap();
    let busy = |result| matches!(result, Err(RecordingError::Busy));
    assert!(busy(replace_grant(&*storage, &given)));
    assert!(busy(shred(&*storage).map(drop)));
    assert_eq!(envelope(&*storage).unwrap().stanzas().len(), 1);
    writer.finish().unwrap();
    replace_grant(&*storage, &given).unwrap();
    let context = wrap_context(&header(&*storage).unwrap());
    interleave(&*storage, &people, &context);
    assert_eq!(shred(&*storage).unwrap().grants, 1);
    // Who read before cannot bring the grant back.
    let gone = |result| matches!(result, Err(RecordingError::Destroyed));
    assert!(gone(replace_grant(&*storage, &given)));
    assert!(gone(
        change_grant(&*storage, KID, |_| Ok(Some(()))).map(drop)
    ));
    assert_eq!(granted(&*storage).unwrap(), []);
}

/// Two who change the envelope, one in the middle of the other: the second is told, and the first one's work stands.
fn interleave(storage: &dyn Storage, people: &People, context: &WrapContext) {
    let signers = [*people.recorder.public()];
    let there = envelope(storage).unwrap();
    let dek = { there.open_by_identity(&people.owner, &signers, context) }.unwrap();
    let late = Identity::generate(Kem::X25519).unwrap();
    let late = late.recipient();
    change_envelope::<_, RecordingError>(storage, |there| {
        there.add_recipient(&dek, late, &people.recorder, context)?;
        let removed = change_envelope::<_, RecordingError>(storage, |there| {
            Ok(there.remove_recipient(&late.id()))
        });
        for refused in [
            removed.map(drop),
            replace_envelope(storage, there),
            shred(storage).map(drop),
        ] {
            assert!(
                matches!(refused, Err(RecordingError::Changing)),
                "{refused:?}"
            );
        }
        Ok(())
    })
    .unwrap();
    let ids = || envelope(storage).unwrap().recipients().collect::<Vec<_>>();
    assert_eq!(ids(), [people.owner.recipient().id(), late.id()]);
    // What fails changes nothing, and leaves no lock.
    let failed = change_envelope::<(), _>(storage, |there| {
        there.remove_recipient(&late.id());
        Err(RecordingError::Closed)
    });
    assert!(matches!(failed, Err(RecordingError::Closed)));
    assert_eq!(ids().len(), 2);
    change_envelope::<_, RecordingError>(storage, |there| Ok(there.remove_recipient(&late.id())))
        .unwrap();
    assert_eq!(ids(), [people.owner.recipient().id()]);
}

#[test]
fn one_changes_who_can_open_it_at_a_time_and_shredding_is_final() {
    let mut recorded = record();
    let (storage, people) = (&*recorded.storage, &recorded.people);
    recorded.writer.take().unwrap().finish().unwrap();
    let context = wrap_context(&header(storage).unwrap());
    interleave(storage, people, &context);
    let stale = envelope(storage).unwrap();
    // A crash left the lock, which this storage does not end by itself.
    storage.create_new("envelope.lock", &[]).unwrap();
    let locked = shred(storage);
    assert!(matches!(locked, Err(RecordingError::Changing)));
    let verdict = || verify(storage, Some(people.recorder.public())).unwrap();
    assert_eq!(verdict().verdict, Verdict::Complete);
    assert!(break_envelope_lock(storage).unwrap());
    assert!(!break_envelope_lock(storage).unwrap());

    // A program that knows no lock puts what it read back in the middle of the shredding.
    let octets = stale.to_bytes().unwrap();
    let back = Back {
        storage,
        octets,
        left: AtomicUsize::new(2),
    };
    assert_eq!(shred(&back).unwrap().stanzas.len(), 1);
    assert_eq!(back.left.load(Ordering::Relaxed), 0);
    assert_eq!(envelope(storage).unwrap().stanzas(), []);
    back.left.store(usize::MAX, Ordering::Relaxed);
    let kept = shred(&back);
    assert!(matches!(kept, Err(RecordingError::Changing)), "{kept:?}");
    shred(storage).unwrap();
    // And whoever does it with a lock is refused.
    let gone = |result| matches!(result, Err(RecordingError::Destroyed));
    assert!(gone(replace_envelope(storage, &stale)));
    assert!(gone(change_envelope(storage, |there| {
        *there = stale;
        Ok(())
    })));
    assert_eq!(envelope(storage).unwrap().stanzas(), []);
}

/// Puts an old envelope back whenever the new one has its name, as often as `left` says.
struct Back<'a> {
    storage: &'a Memory,
    octets: Vec<u8>,
    left: AtomicUsize,
}

impl Storage for Back<'_> {
    fn create_new(&self, name: &str, octets: &[u8]) -> io::Result<()> {
        self.storage.create_new(name, octets)
    }

    fn append(&self, name: &str, octets: &[u8]) -> io::Result<()> {
        self.storage.append(name, octets)
    }

    fn sync(&self, name: &str) -> io::Result<()> {
        self.storage.sync(name)
    }

    fn sync_names(&self) -> io::Result<()> {
        self.storage.sync_names()
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.storage.rename(from, to)?;
        let left = self.left.load(Ordering::Relaxed);
        if to == "envelope" && left > 0 {
            self.left.store(left - 1, Ordering::Relaxed);
            self.storage
                .change(to, |there| there.clone_from(&self.octets));
        }
        Ok(())
    }

    fn read(&self, name: &str, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        self.storage.read(name, offset, len)
    }

    fn len(&self, name: &str) -> io::Result<u64> {
        self.storage.len(name)
    }

    fn list(&self) -> io::Result<Vec<String>> {
        self.storage.list()
    }

    fn delete(&self, name: &str) -> io::Result<()> {
        self.storage.delete(name)
    }

    fn lock(&self) -> io::Result<Box<dyn Send>> {
        self.storage.lock()
    }
}
