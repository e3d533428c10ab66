//! Recordings are played frame by frame, each opened with the key that its sender granted.

use std::sync::Arc;

use mediaseal::vault::recording::export::{Reason, SessionKeys};
use mediaseal::vault::recording::{
    Frame, PlayedFrame, Player, Profile, Reader, RecordingError, TrackFormat, Writer,
};
use mediaseal::{CheckedCipher, CipherSuite, Codec, FrameInfo, SenderId};

use crate::sender::Sender;
use crate::sm4_gcm::Sm4Gcm;
use crate::support::{Memory, People, TestClock, frames, noise, of_track, record};

const SUITE: CipherSuite = CipherSuite::AES_256_GCM_SHA512_128;

fn player_of(storage: &Arc<Memory>, dek: &mediaseal::vault::Dek) -> Player {
    let reader = Reader::open(Arc::<Memory>::clone(storage), dek).unwrap();
    Player::new(reader, SessionKeys::new())
}

/// A picture of VP8, a key frame each thirtieth.
fn picture(number: u64) -> Vec<u8> {
    let mut octets = noise(number, 200);
    octets[0] = octets[0] & 0xfe | u8::from(!number.is_multiple_of(30));
    octets
}

/// Records frames `numbers` of a sender, each bound to its number, 33 ms apart.
fn send(
    writer: &mut Writer,
    clock: &TestClock,
    track: u16,
    sender: &mut Sender,
    numbers: std::ops::Range<u64>,
) {
    // The recorder is told a name that is not the sender's.
    let name = SenderId::new("somebody").unwrap();
    for number in numbers {
        let metadata = number.to_be_bytes();
        let info = FrameInfo::default().metadata(&metadata);
        let sealed = sender.encryptor.encrypt_to_vec(&info, &picture(number));
        clock.pass(33_000);
        writer
            .write_frame(&Frame {
                track,
                sender: &name,
                micros: number * 33_000,
                key_frame: number.is_multiple_of(30),
                metadata: &metadata,
                octets: &sealed.unwrap(),
            })
            .unwrap();
    }
}

fn rest(player: &mut Player, track: u16) -> Vec<PlayedFrame> {
    std::iter::from_fn(|| player.next_frame(track).unwrap()).collect()
}

#[track_caller]
fn assert_played(played: &[PlayedFrame], sender: &Sender, mut numbers: std::ops::Range<u64>) {
    for frame in played {
        let number = numbers.next().unwrap();
        assert_eq!(frame.octets.as_ref().unwrap()[..], picture(number));
        assert_eq!(
            (&frame.sender, frame.micros, frame.key_frame),
            (&sender.id, number * 33_000, number.is_multiple_of(30))
        );
    }
    assert_eq!(numbers.next(), None);
}

#[test]
fn media_are_played_as_they_were_recorded() {
    let (people, storage) = (People::new(), Memory::new());
    let sent = frames(9, 300, 900);
    let dek = record(&people, &storage, &sent);
    let mut player = player_of(&storage, &dek);
    for track in [0, 1] {
        let played = rest(&mut player, track);
        let sent = of_track(&sent, track);
        assert_eq!(played.len(), sent.len());
        for (played, sent) in played.iter().zip(sent) {
            assert_eq!(played.octets.as_ref().unwrap()[..], sent.octets);
            assert_eq!((&played.sender, played.micros), (&sent.sender, sent.micros));
        }
    }
    assert!(matches!(
        player.next_frame(2),
        Err(RecordingError::Track { track: 2 })
    ));
    assert!(matches!(
        player.seek(2, 0),
        Err(RecordingError::Track { track: 2 })
    ));
}

#[test]
fn encrypted_frames_are_opened_from_any_time_on_and_again() {
    let (people, storage, clock) = (People::new(), Memory::new(), TestClock::new());
    let cipher = CheckedCipher::builtin(SUITE).unwrap();
    let (mut writer, dek) = people.start(Profile::Frames, &storage, &clock).unwrap();
    let mut alice = Sender::new(&people, &cipher, 1, "alice");
    alice.encryptor.set_default_codec(Some(Codec::Vp8)).unwrap();
    writer
        .add_track(7, TrackFormat::codec_aware(Codec::Vp8))
        .unwrap();
    writer.add_grant(&alice.grant).unwrap();
    send(&mut writer, &clock, 7, &mut alice, 0..600);
    writer.finish().unwrap();

    let mut player = player_of(&storage, &dek);
    let signers = [*alice.signer.public()];
    assert_eq!(player.open_grants(&people.owner, &signers).unwrap(), 1);
    assert_played(&rest(&mut player, 7), &alice, 0..600);
    assert!(player.next_frame(7).unwrap().is_none());
    for number in [0, 599, 333, 30, 29, 31, 450] {
        player.seek(7, number * 33_000).unwrap();
        let played = rest(&mut player, 7);
        let first = played[0].micros / 33_000;
        assert!(
            first <= number && first.is_multiple_of(30),
            "{first} for {number}"
        );
        assert!(number - first < 300, "{first} for {number}");
        assert_played(&played, &alice, first..600);
    }
    player.seek(7, 600 * 33_000).unwrap();
    assert!(player.next_frame(7).unwrap().is_none());

    // Step by step to the front: a segment before another is found by a time before that one's first frame.
    let mut firsts = vec![599 * 33_000_u64];
    while let Some(before) = firsts.last().unwrap().checked_sub(1) {
        player.seek(7, before).unwrap();
        let first = player.next_frame(7).unwrap().unwrap();
        assert_eq!(first.kid.map(mediaseal::KeyId::value), Some(1));
        firsts.push(first.micros);
    }
    assert!(
        firsts.len() > 2 && firsts.iter().rev().is_sorted(),
        "{firsts:?}"
    );
}

#[test]
fn what_comes_after_the_end_is_played_from_there() {
    let (people, storage, clock) = (People::new(), Memory::new(), TestClock::new());
    let cipher = CheckedCipher::builtin(SUITE).unwrap();
    let (mut writer, dek) = people.start(Profile::Frames, &storage, &clock).unwrap();
    let mut alice = Sender::new(&people, &cipher, 1, "alice");
    let mut bob = Sender::new(&people, &cipher, 2, "bob");
    for track in [0, 1] {
        writer
            .add_track(track, TrackFormat::of(Codec::Vp8))
            .unwrap();
    }
    writer.add_grant(&alice.grant).unwrap();
    let signers = [&alice, &bob].map(|sender| *sender.signer.public());
    send(&mut writer, &clock, 0, &mut alice, 0..10);
    send(&mut writer, &clock, 1, &mut bob, 0..10);
    writer.flush().unwrap();
    let mut player = player_of(&storage, &dek);
    player.open_grants(&people.owner, &signers).unwrap();
    player.seek(0, u64::MAX).unwrap();
    assert!(player.next_frame(0).unwrap().is_none());
    assert!(!player.refresh().unwrap());

    // What it knows of is overtaken twice: it reads on by itself, and still tells what is new.
    writer.add_grant(&bob.grant).unwrap();
    for numbers in [10..12, 12..14] {
        send(&mut writer, &clock, 0, &mut alice, numbers.clone());
        send(&mut writer, &clock, 1, &mut bob, numbers);
        writer.flush().unwrap();
    }
    let first = player.next_frame(1).unwrap().unwrap();
    assert_eq!(first.octets.unwrap_err(), Reason::NoGrant);
    assert_eq!(first.kid.map(mediaseal::KeyId::value), Some(2));
    writer.finish().unwrap();
    assert!(player.refresh().unwrap());
    assert!(!player.refresh().unwrap());
    assert_eq!(player.open_grants(&people.owner, &signers).unwrap(), 2);
    assert_played(&rest(&mut player, 0), &alice, 10..14);
    assert_played(&rest(&mut player, 1), &bob, 1..14);
    player.seek(1, 0).unwrap();
    assert_played(&rest(&mut player, 1), &bob, 0..14);
}

#[test]
fn a_frame_is_played_once_on_each_of_its_tracks() {
    let (people, storage, clock) = (People::new(), Memory::new(), TestClock::new());
    let cipher = CheckedCipher::builtin(SUITE).unwrap();
    let (mut writer, dek) = people.start(Profile::Frames, &storage, &clock).unwrap();
    let mut alice = Sender::new(&people, &cipher, 1, "alice");
    writer.add_grant(&alice.grant).unwrap();
    let info = FrameInfo::default();
    let sealed = alice.encryptor.encrypt_to_vec(&info, &picture(0)).unwrap();
    let later = alice.encryptor.encrypt_to_vec(&info, &picture(1)).unwrap();
    let write = |writer: &mut Writer, track, octets: &[u8]| {
        let frame = Frame {
            track,
            sender: &alice.id,
            micros: 0,
            key_frame: true,
            metadata: &[],
            octets,
        };
        writer.write_frame(&frame).unwrap();
    };
    for track in [0, 1] {
        writer
            .add_track(track, TrackFormat::of(Codec::Vp8))
            .unwrap();
        write(&mut writer, track, &sealed);
    }
    writer.flush().unwrap();
    let signers = [*alice.signer.public()];
    let mut player = player_of(&storage, &dek);
    player.open_grants(&people.owner, &signers).unwrap();
    for track in [0, 1] {
        let played = player.next_frame(track).unwrap().unwrap();
        assert_eq!(played.octets.unwrap()[..], picture(0));
    }
    // It comes again behind a look for what is new: windows stand.
    write(&mut writer, 0, &sealed);
    write(&mut writer, 0, &later);
    writer.flush().unwrap();
    assert!(player.refresh().unwrap());
    player.open_grants(&people.owner, &signers).unwrap();
    let again = player.next_frame(0).unwrap().unwrap();
    assert_eq!(again.octets.unwrap_err(), Reason::Duplicate);
    let later = player.next_frame(0).unwrap().unwrap();
    assert_eq!(later.octets.unwrap()[..], picture(1));
}

#[test]
fn a_call_is_followed_and_grants_may_come_late() {
    let (people, storage, clock) = (People::new(), Memory::new(), TestClock::new());
    let sm4 = CheckedCipher::register(Sm4Gcm).unwrap();
    let builtin = CheckedCipher::builtin(SUITE).unwrap();
    let (mut writer, dek) = people.start(Profile::Frames, &storage, &clock).unwrap();
    let mut alice = Sender::new(&people, &builtin, 1, "alice");
    let mut carol = Sender::new(&people, &sm4, 2, "carol");
    for track in [0, 1] {
        writer
            .add_track(track, TrackFormat::of(Codec::Vp8))
            .unwrap();
    }
    let signers = [&alice, &carol].map(|sender| *sender.signer.public());
    let mut player = player_of(&storage, &dek);
    assert!(matches!(
        player.next_frame(0),
        Err(RecordingError::Track { .. })
    ));
    send(&mut writer, &clock, 0, &mut alice, 0..50);
    writer.flush().unwrap();
    assert!(player.refresh().unwrap());
    let played = rest(&mut player, 0);
    assert_eq!(played.len(), 50);
    for frame in &played {
        // Nobody vouches for who sent what did not open.
        assert_eq!(frame.octets.as_ref().unwrap_err(), &Reason::NoGrant);
        assert_eq!(frame.sender, SenderId::default());
    }
    assert!(!format!("{:?}", played[0]).contains("somebody"));

    writer.add_grant(&alice.grant).unwrap();
    send(&mut writer, &clock, 0, &mut alice, 50..70);
    writer.flush().unwrap();
    assert!(player.refresh().unwrap());
    assert_eq!(player.open_grants(&people.owner, &signers[1..]).unwrap(), 0);
    assert_eq!(player.keys().refused().len(), 1);
    let refused = player.next_frame(0).unwrap().unwrap();
    assert_eq!(refused.octets.unwrap_err(), Reason::GrantRefused);
    assert_eq!(player.open_grants(&people.owner, &signers).unwrap(), 1);
    assert!(player.keys().refused().is_empty());
    assert_played(&rest(&mut player, 0), &alice, 51..70);
    player.seek(0, 0).unwrap();
    assert_played(&rest(&mut player, 0), &alice, 0..70);
    // Who opens nothing takes nothing away that another identity opened.
    let stranger = People::new().owner;
    assert_eq!(player.open_grants(&stranger, &signers).unwrap(), 0);
    assert!(player.keys().refused().is_empty());

    // A cipher of the application's, which a player has or has not.
    writer.add_grant(&carol.grant).unwrap();
    send(&mut writer, &clock, 1, &mut carol, 0..40);
    writer.finish().unwrap();
    assert!(player.refresh().unwrap() && player.reader().is_closed());
    assert_eq!(player.open_grants(&people.owner, &signers).unwrap(), 2);
    let unknown = player.next_frame(1).unwrap().unwrap();
    assert_eq!(unknown.octets.unwrap_err(), Reason::UnknownSuite);
    let mut keys = SessionKeys::new();
    keys.add_cipher(sm4);
    let reader = Reader::open(Arc::<Memory>::clone(&storage), &dek).unwrap();
    let mut player = Player::new(reader, keys);
    assert_eq!(player.open_grants(&people.owner, &signers).unwrap(), 2);
    assert_played(&rest(&mut player, 1), &carol, 0..40);
    assert_played(&rest(&mut player, 0), &alice, 0..70);
}

#[test]
fn what_is_altered_is_not_played_and_what_is_behind_it_is() {
    let (people, storage, clock) = (People::new(), Memory::new(), TestClock::new());
    let cipher = CheckedCipher::builtin(SUITE).unwrap();
    let (mut writer, dek) = people.start(Profile::Frames, &storage, &clock).unwrap();
    let mut alice = Sender::new(&people, &cipher, 1, "alice");
    writer.add_track(0, TrackFormat::of(Codec::Vp8)).unwrap();
    writer.add_grant(&alice.grant).unwrap();
    send(&mut writer, &clock, 0, &mut alice, 0..600);
    writer.finish().unwrap();
    storage.change("0000000000.seg", |octets| {
        let middle = octets.len() / 2;
        octets[middle] ^= 1;
    });
    let mut player = player_of(&storage, &dek);
    let signers = [*alice.signer.public()];
    player.open_grants(&people.owner, &signers).unwrap();
    let (mut numbers, mut damaged) = (Vec::new(), 0);
    loop {
        match player.next_frame(0) {
            Ok(Some(frame)) => {
                let number = frame.micros / 33_000;
                assert_eq!(frame.octets.unwrap()[..], picture(number));
                numbers.push(number);
            }
            Ok(None) => break,
            Err(RecordingError::Damaged(_)) => damaged += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(
        (damaged, numbers.first(), numbers.last()),
        (1, Some(&0), Some(&599))
    );
    assert!(numbers.is_sorted() && numbers.len() < 600 && numbers.len() > 400);
}
