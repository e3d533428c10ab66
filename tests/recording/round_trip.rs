//! What is recorded is what is read: in order, from any time, at any octet, while it grows, and by whoever was made an owner.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use mediaseal::vault::grant::{Identity, Kem, SessionGrant, SessionKey, Signer, Stanza};
use mediaseal::vault::recording::{
    Cobblestone, Frame, LocalStorage, NewRecording, Place, Profile, Reader, RecordingError,
    Storage, TrackFormat, Verdict, Writer, envelope, grant, granted, header, replace_envelope,
    verify, wrap_context,
};
use mediaseal::vault::{Dek, KekWrapper, SystemClock};
use mediaseal::{
    BaseKey, ChannelDecryptor, ChannelEncryptor, CheckedCipher, CipherSuite, Codec, CounterOrigin,
    FrameInfo, KeyId, KeyStore, Media, Mode, SenderId,
};

use crate::support::{
    Memory, People, Random, Sent, TestClock, add_tracks, frames, noise, of_track, read_track,
    record, size,
};
use crate::vectors::Provider;

#[test]
fn media_come_back_as_they_were_and_anybody_can_see_that_all_is_there() {
    let people = People::new();
    let sent = frames(1, 2_000, 900);
    let storage = Memory::new();
    let dek = record(&people, &storage, &sent);
    let mut reader = Reader::open(storage.clone(), &dek).unwrap();
    assert!(reader.is_closed() && reader.damage().is_none());
    for track in 0..2 {
        let (read, errors) = read_track(&mut reader, track);
        assert!(errors.is_empty(), "{errors:?}");
        assert_eq!(read, of_track(&sent, track));
    }
    let found = verify(&*storage, Some(people.recorder.public())).unwrap();
    assert_eq!(found.verdict, Verdict::Complete);
    assert_eq!(found.frames, 2_000);
    assert_eq!(found.records, found.signed_records);
    assert!(found.segments >= 8, "{}", found.segments);
    let unsigned = verify(&*storage, None).unwrap();
    assert_eq!(unsigned.verdict, Verdict::Consistent);
    let other = Signer::generate().unwrap();
    let found = verify(&*storage, Some(other.public())).unwrap();
    assert_eq!(
        found.verdict,
        Verdict::Tampered {
            place: Place::Checkpoint { index: 0 }
        }
    );
    // No tail is left, and nothing but what the format names.
    for name in storage.list().unwrap() {
        assert!(
            !name.ends_with(".tail") && !name.ends_with(".new"),
            "{name}"
        );
    }
}

#[test]
fn both_aeads_seal() {
    let people = People::new();
    for aead in [Cobblestone::Aes128, Cobblestone::Aes256] {
        let (storage, clock) = (Memory::new(), TestClock::new());
        let (mut writer, dek) = people
            .start_with(aead, Profile::Media, &storage, &clock)
            .unwrap();
        add_tracks(&mut writer);
        let sent = frames(2, 50, 3_000);
        for sent in &sent {
            writer.write_frame(&sent.frame()).unwrap();
        }
        // In a tail as well.
        writer.flush().unwrap();
        let mut reader = Reader::open(storage.clone(), &dek).unwrap();
        assert_eq!(reader.header().aead(), aead);
        assert_eq!(reader.header().region(), "eu");
        assert_eq!(read_track(&mut reader, 0).0, of_track(&sent, 0));
    }
}

#[test]
fn octets_read_at_any_place_equal_those_read_in_order() {
    let people = People::new();
    let storage = Memory::new();
    let dek = record(&people, &storage, &frames(3, 1_500, 2_000));
    let mut reader = Reader::open(storage, &dek).unwrap();
    let mut random = Random(77);
    let reads = size("MEDIASEAL_RANDOM_READS", 200_000);
    for info in reader.tracks().collect::<Vec<_>>() {
        let mut whole = vec![0; usize::try_from(info.octets).unwrap()];
        reader.read_at(info.track, 0, &mut whole).unwrap();
        for _ in 0..reads / 2 {
            let from = random.below(whole.len());
            let len = random.below(200).min(whole.len() - from);
            let mut out = vec![0; len];
            reader.read_at(info.track, from as u64, &mut out).unwrap();
            assert_eq!(out, whole[from..from + len], "{from} + {len}");
        }
        let mut out = [1; 8];
        let behind = info.octets - 7;
        assert!(matches!(
            reader.read_at(info.track, behind, &mut out),
            Err(RecordingError::OutOfRange)
        ));
        assert_eq!(out, [0; 8]);
        assert!(reader.read_at(info.track, u64::MAX, &mut out).is_err());
    }
    println!("random reads: {reads}, all equal");
    assert!(matches!(
        reader.read_at(9, 0, &mut [0]),
        Err(RecordingError::Track { track: 9 })
    ));
}

#[test]
fn any_time_is_found_with_three_chunks() {
    let people = People::new();
    let sent = frames(4, 4_000, 700);
    let storage = Memory::new();
    let dek = record(&people, &storage, &sent);
    let mut reader = Reader::open(storage, &dek).unwrap();
    let track = of_track(&sent, 1);
    for micros in (0..track.last().unwrap().micros).step_by(333_333) {
        let mut cursor = reader.seek(1, micros).unwrap();
        let before = reader.chunks_opened();
        let found = reader.next_frame(&mut cursor).unwrap().unwrap();
        assert!(reader.chunks_opened() - before <= 3);
        let at = track
            .iter()
            .position(|sent| sent.micros == found.micros)
            .unwrap();
        assert_eq!(found.octets, track[at].octets);
        assert_eq!(found.sender, track[at].sender);
        let wanted = track.iter().position(|sent| sent.micros >= micros).unwrap();
        assert!(at <= wanted, "{micros}: {at} is behind {wanted}");
        assert!(micros.saturating_sub(found.micros) <= 1_000_000, "{micros}");
        let mut cursor = reader.seek_segment(1, micros).unwrap();
        let first = reader.next_frame(&mut cursor).unwrap().unwrap();
        assert!(first.micros <= found.micros);
    }
    let mut end = reader.seek(1, u64::MAX).unwrap();
    assert_eq!(reader.next_frame(&mut end).unwrap(), None);
}

#[test]
fn a_recording_is_followed_while_it_grows() {
    let people = People::new();
    let (storage, clock) = (Memory::new(), TestClock::new());
    let (mut writer, dek) = people.start(Profile::Media, &storage, &clock).unwrap();
    add_tracks(&mut writer);
    let mut reader = Reader::open(storage.clone(), &dek).unwrap();
    let sent = frames(5, 3_000, 1_200);
    let mut read = Vec::new();
    let mut cursor = None;
    let mut behind_by_at_most = 0;
    for (index, one) in sent.iter().enumerate() {
        clock.pass(10_000);
        writer.write_frame(&one.frame()).unwrap();
        // Sometimes it looks before it is told that there is more: the tail that it knows is gone then.
        if index % 7 == 0 {
            reader.refresh().unwrap();
        }
        if cursor.is_none() {
            cursor = reader.start_of(0).ok();
        }
        if let Some(cursor) = &mut cursor {
            while let Some(frame) = reader.next_frame(cursor).unwrap() {
                read.push(frame.octets.clone());
            }
        }
        behind_by_at_most = behind_by_at_most.max(index / 2 + 1 - read.len());
    }
    assert!(!reader.is_closed());
    assert!(
        behind_by_at_most <= 50,
        "{behind_by_at_most} frames of 20 ms"
    );
    writer.finish().unwrap();
    assert!(reader.refresh().unwrap());
    assert!(reader.is_closed());
    let mut cursor = cursor.unwrap();
    while let Some(frame) = reader.next_frame(&mut cursor).unwrap() {
        read.push(frame.octets.clone());
    }
    let expected: Vec<Vec<u8>> = of_track(&sent, 0)
        .into_iter()
        .map(|sent| sent.octets)
        .collect();
    assert_eq!(read, expected);
}

#[test]
fn senders_come_back_whoever_they_are_and_wherever_reading_begins() {
    let people = People::new();
    let (storage, clock) = (Memory::new(), TestClock::new());
    let (mut writer, dek) = people.start(Profile::Media, &storage, &clock).unwrap();
    writer.add_track(7, TrackFormat::numbered(200)).unwrap();
    let names = ["", "", "a", "a", "", "", "b", "a", ""];
    let sent: Vec<Sent> = (0..900)
        .map(|index| Sent {
            track: 7,
            sender: SenderId::new(names[index / 13 % names.len()]).unwrap(),
            micros: index as u64 * 40_000,
            key_frame: false,
            metadata: Vec::new(),
            octets: noise(index as u64, index % 97),
        })
        .collect();
    for one in &sent {
        clock.pass(40_000);
        writer.write_frame(&one.frame()).unwrap();
    }
    writer.finish().unwrap();
    let mut reader = Reader::open(storage, &dek).unwrap();
    assert_eq!(read_track(&mut reader, 7).0, sent);
    for micros in (0..900 * 40_000).step_by(70_000) {
        let mut cursor = reader.seek(7, micros).unwrap();
        while let Some(frame) = reader.next_frame(&mut cursor).unwrap() {
            let expected = &sent[usize::try_from(frame.micros / 40_000).unwrap()];
            assert_eq!(frame.sender, expected.sender);
            if frame.micros > micros + 1_000_000 {
                break;
            }
        }
    }
}

#[test]
fn a_folder_on_disk_is_a_recording_for_one_writer_at_a_time() {
    let folder = std::env::temp_dir().join(format!("mediaseal-recording-{}", std::process::id()));
    std::fs::remove_dir_all(&folder).ok();
    let people = People::new();
    let storage: Arc<LocalStorage> = Arc::new(LocalStorage::create(&folder).unwrap());
    let begin = || {
        let mut new = NewRecording::draw(
            Profile::Media,
            Cobblestone::default(),
            "",
            Arc::clone(&people.recorder),
            &SystemClock,
        )
        .unwrap();
        new.add_recipient(people.owner.recipient()).unwrap();
        new
    };
    assert!(matches!(
        Reader::open(storage.clone(), begin().dek()),
        Err(RecordingError::NotThere)
    ));
    let new = begin();
    let dek = Dek::from_bytes(new.dek().expose());
    let mut writer = new.start(storage.clone(), Arc::new(SystemClock)).unwrap();
    assert!(matches!(
        begin().start(storage.clone(), Arc::new(SystemClock)),
        Err(RecordingError::AlreadyThere)
    ));
    let resume = || {
        Writer::resume(
            Arc::new(LocalStorage::open(&folder).unwrap()),
            &dek,
            Arc::clone(&people.recorder),
            Arc::new(SystemClock),
        )
    };
    assert!(matches!(resume(), Err(RecordingError::Busy)));
    add_tracks(&mut writer);
    let sent = frames(6, 400, 3_000);
    for one in &sent[..200] {
        writer.write_frame(&one.frame()).unwrap();
    }
    writer.flush().unwrap();
    drop(writer);
    let found = verify(&*storage, Some(people.recorder.public())).unwrap();
    assert!(
        matches!(found.verdict, Verdict::Incomplete { discarded: 0, .. }),
        "{found:?}"
    );
    let mut writer = resume().unwrap();
    assert_eq!(writer.recovery().unwrap().closed_segments, 2);
    for one in &sent[200..] {
        writer.write_frame(&one.frame()).unwrap();
    }
    writer.finish().unwrap();
    assert!(matches!(resume(), Err(RecordingError::Closed)));
    let found = verify(&*storage, Some(people.recorder.public())).unwrap();
    assert_eq!(found.verdict, Verdict::Complete);
    let mut reader = Reader::open(storage.clone(), &dek).unwrap();
    for track in 0..2 {
        assert_eq!(read_track(&mut reader, track).0, of_track(&sent, track));
    }
    for name in ["../x", "/etc/passwd", "a/b/c", "", "a b", ".."] {
        assert!(storage.create_new(name, b"").is_err(), "{name}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn owners_come_and_go_without_the_recording_being_touched() {
    let people = People::new();
    let (storage, clock) = (Memory::new(), TestClock::new());
    let draw = || {
        NewRecording::draw(
            Profile::Media,
            Cobblestone::default(),
            "eu",
            Arc::clone(&people.recorder),
            &*clock,
        )
        .unwrap()
    };
    assert!(matches!(
        draw().start(storage.clone(), clock.clone()),
        Err(RecordingError::NoOwner)
    ));
    let mut new = draw();
    new.add_recipient(people.owner.recipient()).unwrap();
    let (provider, new_provider) = (Provider::new("old"), Provider::new("new"));
    new.add_provider(&provider).unwrap();
    let mut writer = new.start(storage.clone(), clock).unwrap();
    add_tracks(&mut writer);
    let sent = frames(8, 40, 500);
    for one in &sent[..20] {
        writer.write_frame(&one.frame()).unwrap();
    }
    let context = wrap_context(&header(&*storage).unwrap());
    let signers = [*people.recorder.public()];
    let dek = |owner: &Identity| {
        envelope(&*storage)
            .unwrap()
            .open_by_identity(owner, &signers, &context)
    };
    let opens = |dek: &Dek| Reader::open(storage.clone(), dek).is_ok();
    assert!(opens(&dek(&people.owner).unwrap()));
    assert!(opens(
        &envelope(&*storage)
            .unwrap()
            .open_by_provider(&provider, &context)
            .unwrap()
    ));
    let late = Identity::generate(Kem::XWing).unwrap();
    assert!(dek(&late).is_err());
    let before = storage.files();
    // A new owner needs the DEK from an old one; a new KEK only the provider.
    let mut changed = envelope(&*storage).unwrap();
    changed
        .add_recipient(
            &dek(&people.owner).unwrap(),
            late.recipient(),
            &people.recorder,
            &context,
        )
        .unwrap();
    assert!(changed.remove_recipient(&people.owner.recipient().id()));
    let old = changed
        .stanzas()
        .iter()
        .find_map(|stanza| match stanza {
            Stanza::Provider(wrapped) => Some(wrapped.clone()),
            _ => None,
        })
        .unwrap();
    // What a provider does inside.
    let inside = provider.unwrap(&old, &context).unwrap();
    let rewrapped = new_provider.wrap(&inside, &context).unwrap();
    changed.replace(&old, rewrapped).unwrap();
    replace_envelope(&*storage, &changed).unwrap();
    assert!(opens(&dek(&late).unwrap()));
    assert!(dek(&people.owner).is_err());
    let by_provider = |provider: &Provider| {
        envelope(&*storage)
            .unwrap()
            .open_by_provider(provider, &context)
    };
    assert!(opens(&by_provider(&new_provider).unwrap()));
    assert!(by_provider(&provider).is_err());
    for (name, octets) in storage.files() {
        assert!(
            name == "envelope" || before.get(&name) == Some(&octets),
            "{name}"
        );
    }
    for one in &sent[20..] {
        writer.write_frame(&one.frame()).unwrap();
    }
    writer.finish().unwrap();
    let mut reader = Reader::open(storage.clone(), &dek(&late).unwrap()).unwrap();
    assert_eq!(read_track(&mut reader, 0).0, of_track(&sent, 0));
    assert!(replace_envelope(&*storage, &mediaseal::vault::grant::Envelope::new()).is_err());
    // A key of another recording is told at the header.
    let other = Dek::generate().unwrap();
    assert!(matches!(
        Reader::open(storage, &other),
        Err(RecordingError::WrongKey)
    ));
}

#[test]
fn frames_of_any_cipher_are_kept_as_they_came_and_open_for_owners_by_grant() {
    let people = People::new();
    let ciphers = [
        CheckedCipher::builtin(CipherSuite::AES_256_GCM_SHA512_128).unwrap(),
        CheckedCipher::register(crate::sm4_gcm::Sm4Gcm).unwrap(),
    ];
    for cipher in ciphers {
        let (storage, clock) = (Memory::new(), TestClock::new());
        let (mut writer, dek) = people.start(Profile::Frames, &storage, &clock).unwrap();
        writer.add_track(0, TrackFormat::of(Codec::Opaque)).unwrap();
        writer
            .add_track(1, TrackFormat::codec_aware(Codec::Vp8))
            .unwrap();
        let (base_key, kid) = (BaseKey::generate().unwrap(), KeyId::new(0x1234_5678_9abc));
        let alice = SenderId::new("alice").unwrap();
        let store = KeyStore::raw_with(&cipher).unwrap();
        store
            .add_send(base_key.duplicate(), kid, CounterOrigin::FreshKey)
            .unwrap();
        store.activate(kid).unwrap();
        let mut plain = ChannelEncryptor::new(&store, Mode::Frame).unwrap();
        let mut aware = ChannelEncryptor::new(&store, Mode::Frame).unwrap();
        aware.set_default_codec(Some(Codec::Vp8)).unwrap();
        let mut sealed = Vec::new();
        for index in 0..40_u64 {
            let track = u16::try_from(index % 2).unwrap();
            let mut octets = noise(index, 700);
            octets[0] &= 0xfe;
            let encryptor = if track == 0 { &mut plain } else { &mut aware };
            let metadata = noise(index, 20);
            let info = FrameInfo::default().metadata(&metadata);
            let ciphertext = encryptor.encrypt_to_vec(&info, &octets).unwrap();
            let written = writer
                .write_frame(&Frame {
                    track,
                    sender: &alice,
                    micros: index * 20_000,
                    key_frame: true,
                    metadata: &metadata,
                    octets: &ciphertext,
                })
                .unwrap();
            // It is said once, at the first frame of the session, on whatever track.
            assert_eq!(written.missing_grant, (index == 0).then_some(kid));
            sealed.push((octets, ciphertext));
        }
        assert_eq!(writer.missing_grants().collect::<Vec<_>>(), [kid]);
        let sender = Signer::generate().unwrap();
        let session = SessionKey::raw(cipher.suite(), kid, alice.clone(), Media::VIDEO, base_key);
        let granted_key =
            SessionGrant::seal(session, &[people.owner.recipient().clone()], &sender).unwrap();
        writer.add_grant(&granted_key).unwrap();
        writer.add_grant(&granted_key).unwrap();
        assert_eq!(writer.missing_grants().count(), 0);
        // Of another session nobody ever brings a key.
        let orphan = noise(9, 100);
        writer
            .write_frame(&Frame {
                track: 0,
                sender: &alice,
                micros: 900_000,
                key_frame: false,
                metadata: &[],
                octets: &[&[0x80, 0x77, 1][..], &orphan].concat(),
            })
            .unwrap();
        writer
            .write_frame(&Frame {
                track: 0,
                sender: &alice,
                micros: 920_000,
                key_frame: false,
                metadata: &[],
                octets: &[0xff],
            })
            .unwrap();
        let closed = writer.finish().unwrap();
        assert_eq!(closed.missing_grants.len(), 1);
        assert_eq!(closed.frames_without_kid, 1);
        assert_eq!(granted(&*storage).unwrap(), [kid]);
        let found = verify(&*storage, Some(people.recorder.public())).unwrap();
        assert_eq!(found.verdict, Verdict::Complete);

        // The owner, much later.
        let mut reader = Reader::open(storage.clone(), &dek).unwrap();
        let key = grant(&*storage, kid)
            .unwrap()
            .unwrap()
            .open(&people.owner, &[*sender.public()])
            .unwrap();
        let store = KeyStore::raw_with(&cipher).unwrap();
        key.receive_in(&store).unwrap();
        let mut plain = ChannelDecryptor::new(&store, Mode::Frame).unwrap();
        let mut aware = ChannelDecryptor::new(&store, Mode::Frame).unwrap();
        aware.set_default_codec(Some(Codec::Vp8)).unwrap();
        for track in 0..2_u16 {
            let decryptor = if track == 0 { &mut plain } else { &mut aware };
            let start = reader.start_of(track).unwrap();
            let mut expected = sealed.iter().skip(track.into()).step_by(2);
            for frame in reader.frames(start).take(20) {
                let frame = frame.unwrap();
                let (octets, ciphertext) = expected.next().unwrap();
                assert_eq!(frame.octets, *ciphertext);
                assert_eq!(frame.kid(), Some(kid));
                let info = FrameInfo::default();
                assert!(decryptor.decrypt_to_vec(&info, &frame.octets).is_err());
                let info = info.metadata(&frame.metadata);
                let opened = decryptor.decrypt_to_vec(&info, &frame.octets).unwrap();
                assert_eq!(opened, *octets);
            }
            assert!(expected.next().is_none());
        }
    }
}

#[test]
fn wrong_calls_are_refused_and_cost_nothing() {
    let people = People::new();
    let (storage, clock) = (Memory::new(), TestClock::new());
    let (mut writer, dek) = people.start(Profile::Media, &storage, &clock).unwrap();
    add_tracks(&mut writer);
    assert!(matches!(
        writer.add_track(1, TrackFormat::numbered(0)),
        Err(RecordingError::Track { track: 1 })
    ));
    let alice = SenderId::new("alice").unwrap();
    let frame = |track, octets| Frame {
        track,
        sender: &alice,
        micros: 0,
        key_frame: false,
        metadata: &[],
        octets,
    };
    assert!(matches!(
        writer.write_frame(&frame(5, b"")),
        Err(RecordingError::Track { track: 5 })
    ));
    let long = vec![0; 8 << 20];
    assert!(matches!(
        writer.write_frame(&frame(0, &long)),
        Err(RecordingError::FrameTooLong { .. })
    ));
    let bound = |len| Frame {
        metadata: &long[..len],
        ..frame(0, b"bound")
    };
    assert!(matches!(
        writer.write_frame(&bound(65_536)),
        Err(RecordingError::FrameTooLong { len: 65_541 })
    ));
    writer.write_frame(&bound(65_535)).unwrap();
    // The longest that is taken, an empty one, and no frame at all on track 1.
    let longest = &long[1024..];
    for octets in [longest, b"", longest, b"x"] {
        writer.write_frame(&frame(0, octets)).unwrap();
    }
    writer.finish().unwrap();
    let mut reader = Reader::open(storage.clone(), &dek).unwrap();
    let lens: Vec<usize> = read_track(&mut reader, 0)
        .0
        .iter()
        .map(|sent| sent.octets.len())
        .collect();
    assert_eq!(lens, [5, longest.len(), 0, longest.len(), 1]);
    assert!(read_track(&mut reader, 1).0.is_empty());
    let stranger = People::new();
    assert!(matches!(
        stranger.resume(&storage, &dek, &clock),
        Err(RecordingError::WrongSigner)
    ));
}

/// Takes everything and keeps lengths alone.
#[derive(Default)]
struct Sink(Mutex<BTreeMap<String, u64>>);

impl Storage for Sink {
    fn create_new(&self, name: &str, octets: &[u8]) -> io::Result<()> {
        let mut files = self.0.lock().unwrap();
        // What a disk would hold is not memory of the writer.
        files.insert(name.to_owned(), octets.len() as u64);
        if files.len() > 64 {
            let oldest = files.keys().find(|name| name.ends_with(".seg")).cloned();
            files.remove(&oldest.unwrap());
        }
        Ok(())
    }

    fn append(&self, name: &str, octets: &[u8]) -> io::Result<()> {
        *self.0.lock().unwrap().get_mut(name).unwrap() += octets.len() as u64;
        Ok(())
    }

    fn sync(&self, _: &str) -> io::Result<()> {
        Ok(())
    }

    fn sync_names(&self) -> io::Result<()> {
        Ok(())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut files = self.0.lock().unwrap();
        let len = files.remove(from).unwrap();
        files.insert(to.to_owned(), len);
        Ok(())
    }

    fn read(&self, _: &str, _: u64, _: usize) -> io::Result<Vec<u8>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn len(&self, name: &str) -> io::Result<u64> {
        Ok(self.0.lock().unwrap()[name])
    }

    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.0.lock().unwrap().keys().cloned().collect())
    }

    fn delete(&self, name: &str) -> io::Result<()> {
        self.0.lock().unwrap().remove(name);
        Ok(())
    }

    fn lock(&self) -> io::Result<Box<dyn Send>> {
        Ok(Box::new(()))
    }
}

#[test]
fn a_day_takes_no_more_memory_than_an_hour() {
    let (people, clock, sink) = (People::new(), TestClock::new(), Arc::new(Sink::default()));
    let mut new = NewRecording::draw(
        Profile::Media,
        Cobblestone::default(),
        "",
        Arc::clone(&people.recorder),
        &*clock,
    )
    .unwrap();
    new.add_recipient(people.owner.recipient()).unwrap();
    let mut writer = new.start(sink.clone(), clock.clone()).unwrap();
    add_tracks(&mut writer);
    let sent = frames(41, 10, 400);
    let mut held = Vec::new();
    for _ in 0..24 {
        let hour = allocation_counter::measure(|| {
            for second in 0..3_600 {
                clock.pass(1_000_000);
                writer.write_frame(&sent[second % 10].frame()).unwrap();
                writer.tick().unwrap();
            }
        });
        held.push(hour.bytes_current);
    }
    // What the first hour began it may keep; from then on nothing is added but the tree's few hashes.
    let added: i64 = held[1..].iter().sum();
    assert!(added.abs() <= 64 << 10, "{held:?}");
    let records = sink.len("manifest").unwrap() / 150;
    assert!(records > 86_000, "{records}");
}

#[test]
fn a_recording_at_work_is_never_called_tampered_with() {
    let people = People::new();
    let (storage, clock) = (Memory::new(), TestClock::new());
    let (mut writer, _) = people.start(Profile::Media, &storage, &clock).unwrap();
    add_tracks(&mut writer);
    let sent = frames(42, 600, 300);
    // One look for forty frames at least, whoever is faster.
    let looks = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            for (index, one) in sent.iter().enumerate() {
                while looks.load(Ordering::Relaxed) * 40 < index {
                    std::thread::yield_now();
                }
                clock.pass(100_000);
                writer.write_frame(&one.frame()).unwrap();
                writer.flush().unwrap();
            }
            writer.finish().unwrap();
        });
        while !writing.is_finished() {
            let found = verify(&*storage, Some(people.recorder.public())).unwrap();
            let is_fine = matches!(
                found.verdict,
                Verdict::Incomplete { .. } | Verdict::Complete
            );
            // The writer waits for looks, and would wait for ever for one that panics.
            looks.fetch_add(if is_fine { 1 } else { 1000 }, Ordering::Relaxed);
            assert!(is_fine, "{found:?}");
        }
    });
    let looks = looks.into_inner();
    assert!(looks > 10, "{looks}");
    let found = verify(&*storage, Some(people.recorder.public())).unwrap();
    assert_eq!(found.verdict, Verdict::Complete);
}
