//! Channel keys: generations, steps, time, senders, each refusal by its name.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use aes_gcm::KeyInit;
use aes_gcm::aead::AeadInOut;
use mediaseal::cipher::{Cipher, CipherError, CipherKey, Hash, KnownAnswer, Limits, Params};
use mediaseal::{
    Channel, ChannelConfig, ChannelDecryptor, ChannelEncryptor, ChannelKey, ChannelStore,
    CheckedCipher, CipherSuite, Error, Event, FrameInfo, KeyId, Media, Misuse, Mode, NewGeneration,
    SenderId, Ssrc,
};

const HOUR: u64 = 3600;
const NOW: u64 = 1_800_000_000;

fn info() -> FrameInfo<'static> {
    FrameInfo::new(Ssrc::new(1))
}

fn key(octet: u8) -> ChannelKey {
    ChannelKey::from_slice(&[octet; 32]).unwrap()
}

fn name(text: &str) -> SenderId {
    SenderId::new(text).unwrap()
}

/// One member's side of a channel.
struct Member {
    store: ChannelStore,
    channel: Channel,
}

impl Member {
    fn new(config: ChannelConfig) -> Self {
        let store = ChannelStore::new().unwrap();
        let channel = store.channel(config).unwrap();
        Self { store, channel }
    }

    fn with_clock() -> Self {
        let member = Self::new(config().with_clock());
        member.store.tick(NOW).unwrap();
        member
    }

    fn stage(&self, generation: u64, octet: u8) {
        self.channel
            .stage(NewGeneration::new(generation, key(octet)))
            .unwrap();
    }

    fn start(&self, generation: u64, octet: u8) {
        self.stage(generation, octet);
        self.channel.activate(generation).unwrap();
    }

    fn encryptor(&self, sender: &str) -> ChannelEncryptor {
        ChannelEncryptor::for_channel(&self.channel, name(sender), Media::AUDIO, Mode::Frame)
            .unwrap()
    }

    fn decryptor(&self, senders: &[&str]) -> ChannelDecryptor {
        let expected: Vec<_> = senders
            .iter()
            .map(|sender| (name(sender), Media::AUDIO))
            .collect();
        ChannelDecryptor::for_channel(&self.channel, &expected, Mode::Frame).unwrap()
    }
}

fn config() -> ChannelConfig {
    ChannelConfig::new("room").unwrap()
}

/// Two members with generation 1 active.
fn pair(make: fn() -> Member) -> (Member, Member) {
    let members = (make(), make());
    members.0.start(1, 7);
    members.1.start(1, 7);
    members
}

fn without_clock() -> Member {
    Member::new(config())
}

#[test]
fn members_of_a_channel_hear_each_other() {
    for make in [without_clock, Member::with_clock] {
        let (alice, bob) = pair(make);
        let (mut from_alice, mut from_bob) = (alice.encryptor("alice"), bob.encryptor("bob"));
        let (mut to_alice, mut to_bob) = (alice.decryptor(&["bob"]), bob.decryptor(&["alice"]));
        for n in 0..200u8 {
            let frame = from_alice.encrypt_to_vec(&info(), &[n; 90]).unwrap();
            assert_eq!(to_bob.decrypt_to_vec(&info(), &frame).unwrap(), [n; 90]);
            let again = to_bob.decrypt_to_vec(&info(), &frame);
            assert!(matches!(again, Err(Error::Duplicate { .. })), "{again:?}");
            let back = from_bob.encrypt_to_vec(&info(), &[n; 9]).unwrap();
            let mut out = [0; 9];
            let opened = to_alice.decrypt_into(&info(), &back, &mut out).unwrap();
            assert_eq!(opened.sender, &name("bob"));
            assert_eq!((opened.media, opened.epoch), (Media::AUDIO, Some((1, 0))));
            let reflected = to_alice.decrypt_to_vec(&info(), &frame);
            assert!(
                matches!(reflected, Err(Error::Reflected { .. })),
                "{reflected:?}"
            );
        }
        assert_eq!(to_alice.totals().errors.reflected, 200);
        assert_eq!(to_bob.totals().errors.duplicate, 200);
    }
}

#[test]
fn every_encryptor_has_a_session_of_its_own_and_says_so() {
    let (alice, bob) = pair(Member::with_clock);
    let mut to_bob = bob.decryptor(&["alice"]);
    let mut kids = std::collections::HashSet::new();
    for _ in 0..50 {
        let mut encryptor = alice.encryptor("alice");
        let frame = encryptor.encrypt_to_vec(&info(), b"frame").unwrap();
        let mut out = [0; 5];
        kids.insert(to_bob.decrypt_into(&info(), &frame, &mut out).unwrap().kid);
        let started = alice.store.poll_event();
        assert!(
            matches!(&started, Some(Event::SessionStarted { kid, sender, media: Media::AUDIO, generation: 1, step: 0 })
                if kids.contains(kid) && *sender == name("alice")),
            "{started:?}"
        );
    }
    assert_eq!(kids.len(), 50);
}

#[test]
fn only_expected_senders_and_media_open() {
    let (alice, bob) = pair(without_clock);
    let frame = |sender, media| {
        ChannelEncryptor::for_channel(&alice.channel, name(sender), media, Mode::Frame)
            .unwrap()
            .encrypt_to_vec(&info(), b"frame")
            .unwrap()
    };
    let mut decryptor = bob.decryptor(&["alice"]);
    for (sender, media) in [
        ("mallory", Media::AUDIO),
        ("alice", Media::VIDEO),
        ("", Media::AUDIO),
    ] {
        let refused = decryptor.decrypt_to_vec(&info(), &frame(sender, media));
        assert!(
            matches!(refused, Err(Error::AuthenticationFailed { .. })),
            "{sender} {media}"
        );
    }
    assert!(
        decryptor
            .decrypt_to_vec(&info(), &frame("alice", Media::AUDIO))
            .is_ok()
    );

    // Announced by the sender's own event, over the application's path.
    let mut encryptor =
        ChannelEncryptor::for_channel(&alice.channel, name("dave"), Media::SCREEN, Mode::Frame)
            .unwrap();
    let frame = encryptor.encrypt_to_vec(&info(), b"frame").unwrap();
    assert!(decryptor.decrypt_to_vec(&info(), &frame).is_err());
    while let Some(event) = alice.store.poll_event() {
        if let Event::SessionStarted {
            kid, sender, media, ..
        } = event
        {
            bob.channel.expect_session(kid, sender, media).unwrap();
        }
    }
    let mut out = [0; 5];
    let opened = decryptor.decrypt_into(&info(), &frame, &mut out).unwrap();
    assert_eq!(
        (opened.sender, opened.media),
        (&name("dave"), Media::SCREEN)
    );

    for count in [0, 17] {
        let expected = vec![(name("x"), Media::AUDIO); count];
        let refused = ChannelDecryptor::for_channel(&bob.channel, &expected, Mode::Frame).err();
        assert_eq!(refused, Some(Misuse::ExpectedSenders { count }.into()));
    }
}

#[test]
fn a_key_for_one_sender_and_channel_opens_nothing_elsewhere() {
    // Every pair of (channel id, instance, generation, clock, key, sender, media): one opens, all others refuse.
    let mut sides = Vec::new();
    for (id, instance, generation, clock, octet) in [
        ("room", "", 1, false, 7),
        ("room2", "", 1, false, 7),
        ("room", "1", 1, false, 7),
        ("roo", "m", 1, false, 7),
        ("room", "", 17, false, 7),
        ("room", "", 1, true, 7),
        ("room", "", 1, false, 8),
    ] {
        for (sender, media) in [
            ("a", Media::AUDIO),
            ("b", Media::AUDIO),
            ("a", Media::VIDEO),
            ("", Media::AUDIO),
        ] {
            let config = ChannelConfig::new(id).unwrap().instance(instance).unwrap();
            let member = Member::new(if clock { config.with_clock() } else { config });
            member.store.tick(NOW).unwrap();
            member.start(generation, octet);
            let encryptor =
                ChannelEncryptor::for_channel(&member.channel, name(sender), media, Mode::Frame)
                    .unwrap();
            sides.push((member, encryptor, name(sender), media));
        }
    }
    let frames: Vec<_> = sides
        .iter_mut()
        .map(|(_, encryptor, ..)| encryptor.encrypt_to_vec(&info(), b"frame").unwrap())
        .collect();
    let mut opened = 0;
    for (sealed_by, frame) in frames.iter().enumerate() {
        for (tried_by, (member, _, sender, media)) in sides.iter().enumerate() {
            // The sender's own store would call it reflected: a twin stands in.
            let twin = Member::new(ChannelConfig::clone(&twin_config(member)));
            twin.store.tick(NOW).unwrap();
            let (generation, step) = member.channel.sending().unwrap();
            let secret = member.channel.epoch_secret(generation, step).unwrap();
            twin.channel.join(secret, None).unwrap();
            let expected = [(sender.clone(), *media)];
            let mut decryptor =
                ChannelDecryptor::for_channel(&twin.channel, &expected, Mode::Frame).unwrap();
            let result = decryptor.decrypt_to_vec(&info(), frame);
            assert_eq!(
                result.is_ok(),
                sealed_by == tried_by,
                "{sealed_by} by {tried_by}: {result:?}"
            );
            opened += u32::from(result.is_ok());
        }
    }
    assert_eq!(opened, 28);
}

/// The configuration of a member, read back from the secret that it hands to a joiner.
fn twin_config(member: &Member) -> ChannelConfig {
    let (generation, step) = member.channel.sending().unwrap();
    let octets = member
        .channel
        .epoch_secret(generation, step)
        .unwrap()
        .to_bytes();
    let clock = octets[3] == 1;
    let id_len = usize::from(octets[5]);
    let id = &octets[6..6 + id_len];
    let instance_len = usize::from(octets[6 + id_len + 1]);
    let instance = &octets[8 + id_len..8 + id_len + instance_len];
    let config = ChannelConfig::new(id).unwrap().instance(instance).unwrap();
    if clock { config.with_clock() } else { config }
}

#[test]
fn a_join_advances_and_the_joiner_opens_nothing_earlier() {
    let (alice, bob) = pair(Member::with_clock);
    let (mut encryptor, mut to_bob) = (alice.encryptor("alice"), bob.decryptor(&["alice"]));
    let before = encryptor.encrypt_to_vec(&info(), b"before").unwrap();
    let late = encryptor.encrypt_to_vec(&info(), b"late").unwrap();
    to_bob.decrypt_to_vec(&info(), &before).unwrap();

    alice.channel.advance_to(1, 1).unwrap();
    let text = alice.channel.epoch_secret(1, 1).unwrap().to_text();
    let carol = Member::with_clock();
    let secret = mediaseal::EpochSecret::from_text(&text).unwrap();
    carol.channel.join(secret, None).unwrap();
    carol.channel.activate(1).unwrap();
    assert_eq!(carol.channel.sending(), Some((1, 1)));

    let after = encryptor.encrypt_to_vec(&info(), b"after").unwrap();
    let mut to_carol = carol.decryptor(&["alice"]);
    assert_eq!(to_carol.decrypt_to_vec(&info(), &after).unwrap(), b"after");
    let refused = to_carol.decrypt_to_vec(&info(), &before);
    assert!(
        matches!(refused, Err(Error::RetiredKey { .. })),
        "{refused:?}"
    );
    // Bob was not told, and follows by looking ahead; what came late still opens.
    assert_eq!(to_bob.decrypt_to_vec(&info(), &after).unwrap(), b"after");
    assert_eq!(to_bob.decrypt_to_vec(&info(), &late).unwrap(), b"late");
    assert_eq!(
        bob.channel.sending(),
        Some((1, 0)),
        "a frame moves no sending step"
    );

    for _ in 0..2 {
        bob.channel.advance_to(1, 1).unwrap();
        assert_eq!(bob.channel.sending(), Some((1, 1)), "idempotent");
    }
    // Grace ends 10 seconds later; then nothing of step 0 opens.
    let another_late = alice.encryptor("alice");
    drop(another_late);
    bob.store.tick(NOW).unwrap();
    bob.store.tick(NOW + 9).unwrap();
    let still = to_bob.decrypt_to_vec(&info(), &before);
    assert!(matches!(still, Err(Error::Duplicate { .. })), "{still:?}");
    bob.store.tick(NOW + 10).unwrap();
    let gone = to_bob.decrypt_to_vec(&info(), &before);
    assert!(matches!(gone, Err(Error::RetiredKey { .. })), "{gone:?}");
}

#[test]
fn a_leave_takes_a_fresh_generation_that_the_leaver_does_not_get() {
    let (alice, bob) = pair(Member::with_clock);
    let mallory = Member::with_clock();
    mallory.start(1, 7);
    let (mut encryptor, mut to_bob) = (alice.encryptor("alice"), bob.decryptor(&["alice"]));
    let mut to_mallory = mallory.decryptor(&["alice"]);
    let old = encryptor.encrypt_to_vec(&info(), b"old").unwrap();
    let late = encryptor.encrypt_to_vec(&info(), b"late").unwrap();
    to_mallory.decrypt_to_vec(&info(), &old).unwrap();

    bob.stage(2, 9);
    alice.stage(2, 9);
    alice.channel.activate(2).unwrap();
    let new = encryptor.encrypt_to_vec(&info(), b"new").unwrap();
    assert_eq!(
        to_bob.decrypt_to_vec(&info(), &new).unwrap(),
        b"new",
        "staged opens"
    );
    let refused = to_mallory.decrypt_to_vec(&info(), &new);
    assert!(
        matches!(refused, Err(Error::MissingKey { .. })),
        "{refused:?}"
    );
    assert_eq!(
        to_bob.decrypt_to_vec(&info(), &old).unwrap(),
        b"old",
        "grace"
    );

    bob.channel.activate(2).unwrap();
    bob.store.tick(NOW + 60).unwrap();
    let in_grace = to_bob.decrypt_to_vec(&info(), &old);
    assert!(
        matches!(in_grace, Err(Error::Duplicate { .. })),
        "counted from the tick: {in_grace:?}"
    );
    bob.store.tick(NOW + 70).unwrap();
    let gone = to_bob.decrypt_to_vec(&info(), &late);
    assert!(matches!(gone, Err(Error::RetiredKey { .. })), "{gone:?}");
    assert_eq!(
        bob.channel.retire(1),
        Err(Misuse::UnknownGeneration.into()),
        "ended by the tick"
    );
}

#[test]
fn without_a_clock_grace_ends_by_hand_alone() {
    let (alice, bob) = pair(without_clock);
    let (mut encryptor, mut to_bob) = (alice.encryptor("alice"), bob.decryptor(&["alice"]));
    let old: Vec<_> = (0..3u8)
        .map(|n| encryptor.encrypt_to_vec(&info(), &[n]).unwrap())
        .collect();
    bob.start(2, 9);
    bob.store.tick(NOW).unwrap();
    bob.store.tick(NOW + HOUR).unwrap();
    assert!(to_bob.decrypt_to_vec(&info(), &old[0]).is_ok());
    bob.channel.retire(1).unwrap();
    assert!(matches!(
        to_bob.decrypt_to_vec(&info(), &old[1]),
        Err(Error::RetiredKey { .. })
    ));

    bob.channel.advance_to(2, 1).unwrap();
    assert!(bob.channel.epoch_secret(2, 0).is_ok());
    bob.channel.end_grace();
    assert_eq!(
        bob.channel.epoch_secret(2, 0).err(),
        Some(Misuse::UnknownStep.into())
    );
}

#[test]
fn generations_and_steps_are_refused_by_name() {
    let member = Member::with_clock();
    let channel = &member.channel;
    assert_eq!(channel.activate(1), Err(Misuse::UnknownGeneration.into()));
    assert_eq!(
        channel.advance_to(1, 1),
        Err(Misuse::UnknownGeneration.into())
    );
    assert_eq!(channel.safety_code(), Err(Error::NoActiveKey));
    member.start(1, 7);
    member.stage(1, 7); // the same again changes nothing
    let conflict = channel.stage(NewGeneration::new(1, key(8)));
    assert_eq!(conflict, Err(Misuse::GenerationConflict.into()));
    let busy = channel.stage(NewGeneration::new(17, key(8)));
    assert_eq!(busy, Err(Misuse::GenerationSlotBusy.into()));

    channel.advance_to(1, 7).unwrap();
    assert_eq!(channel.advance_to(1, 8), Err(Misuse::GraceOpen.into()));
    member.store.tick(NOW).unwrap();
    member.store.tick(NOW + 10).unwrap();
    channel.advance_to(1, 14).unwrap();
    assert_eq!(
        channel.epoch_secret(1, 6).err(),
        Some(Misuse::UnknownStep.into())
    );
    assert_eq!(
        channel.epoch_secret(1, 15).err(),
        Some(Misuse::UnknownStep.into())
    );

    channel
        .stage(NewGeneration::new(2, key(9)).opens_at(NOW + 60))
        .unwrap();
    assert_eq!(channel.activate(2), Err(Misuse::NotOpenYet.into()));
    let other = Member::with_clock();
    other.start(2, 9);
    let frame = other
        .encryptor("bob")
        .encrypt_to_vec(&info(), b"x")
        .unwrap();
    let mut decryptor = member.decryptor(&["bob"]);
    let early = decryptor.decrypt_to_vec(&info(), &frame);
    assert!(
        matches!(early, Err(Error::NotYetActive { .. })),
        "{early:?}"
    );
    member.store.tick(NOW + 60).unwrap();
    assert!(decryptor.decrypt_to_vec(&info(), &frame).is_ok());

    let epoch = other.channel.epoch_secret(2, 0).unwrap();
    let elsewhere = Member::new(ChannelConfig::new("elsewhere").unwrap().with_clock());
    assert_eq!(
        elsewhere.channel.join(epoch, None),
        Err(Misuse::EpochMismatch.into())
    );
}

#[test]
fn one_channel_key_is_for_one_channel() {
    let store = ChannelStore::new().unwrap();
    let one = store.channel(ChannelConfig::new("one").unwrap()).unwrap();
    let two = store.channel(ChannelConfig::new("two").unwrap()).unwrap();
    one.stage(NewGeneration::new(1, key(7))).unwrap();
    one.stage(NewGeneration::new(2, key(7))).unwrap();
    let reused = two.stage(NewGeneration::new(1, key(7)));
    assert_eq!(reused, Err(Misuse::ChannelKeyReused.into()));
    two.stage(NewGeneration::new(1, key(7)).share_key())
        .unwrap();
    let again = store.channel(ChannelConfig::new("one").unwrap()).err();
    assert_eq!(again, Some(Misuse::ChannelOpen.into()));
}

#[test]
fn periods_roll_over_without_a_lost_frame() {
    let (alice, bob) = pair(Member::with_clock);
    let (mut encryptor, mut to_bob) = (alice.encryptor("alice"), bob.decryptor(&["alice"]));
    let mut kids = std::collections::HashSet::new();
    let mut frames = Vec::new();
    for minute in 0..300 {
        // The two clocks differ by 50 seconds.
        alice.store.tick(NOW + minute * 60).unwrap();
        bob.store.tick(NOW + 50 + minute * 60).unwrap();
        for _ in 0..20 {
            let frame = encryptor.encrypt_to_vec(&info(), b"frame").unwrap();
            let mut out = [0; 5];
            kids.insert(to_bob.decrypt_into(&info(), &frame, &mut out).unwrap().kid);
            frames.push((minute, frame));
        }
    }
    assert_eq!(kids.len(), 5, "a session an hour");
    // What is two periods old is stale, to a receiver that forgot it too.
    let fresh = Member::with_clock();
    fresh.start(1, 7);
    fresh.store.tick(NOW + 299 * 60).unwrap();
    let mut forgetful = fresh.decryptor(&["alice"]);
    for (minute, frame) in &frames {
        let age = (NOW + 299 * 60) / HOUR - (NOW + minute * 60) / HOUR;
        let opened = forgetful.decrypt_to_vec(&info(), frame);
        match age {
            0 | 1 => assert!(
                opened.is_ok() || matches!(opened, Err(Error::TooOld { .. })),
                "{opened:?}"
            ),
            2 => assert!(
                matches!(opened, Err(Error::StaleSession { .. })),
                "{opened:?}"
            ),
            _ => assert!(opened.is_err(), "{age} periods: {opened:?}"),
        }
    }
}

#[test]
fn a_clock_where_none_is_agreed_is_a_mismatch() {
    let (with, without) = (Member::with_clock(), without_clock());
    with.start(1, 7);
    without.start(1, 7);
    let mut decryptor = without.decryptor(&["alice"]);
    let mut mismatches = 0;
    for hour in 0..4 {
        with.store.tick(NOW + hour * HOUR).unwrap();
        let frame = with
            .encryptor("alice")
            .encrypt_to_vec(&info(), b"x")
            .unwrap();
        match decryptor.decrypt_to_vec(&info(), &frame) {
            Err(Error::ClockMismatch { .. }) => mismatches += 1,
            refused => assert!(
                matches!(refused, Err(Error::AuthenticationFailed { .. })),
                "{refused:?}"
            ),
        }
    }
    assert_eq!(mismatches, 3);
    let unset = Member::new(config().with_clock());
    unset.start(1, 7);
    let refused = unset.encryptor("alice").encrypt_to_vec(&info(), b"x");
    assert_eq!(refused, Err(Misuse::ClockUnset { unix_seconds: 0 }.into()));
    assert_eq!(
        unset.store.tick(3599),
        Err(Misuse::ClockUnset { unix_seconds: 3599 }.into())
    );
}

#[test]
fn renewed_sessions_have_new_kids() {
    let (alice, bob) = pair(without_clock);
    let (mut encryptor, mut to_bob) = (alice.encryptor("alice"), bob.decryptor(&["alice"]));
    let mut kid = |encryptor: &mut ChannelEncryptor| -> KeyId {
        let frame = encryptor.encrypt_to_vec(&info(), b"x").unwrap();
        to_bob.decrypt_into(&info(), &frame, &mut [0]).unwrap().kid
    };
    let first = kid(&mut encryptor);
    assert_eq!(kid(&mut encryptor), first);
    alice.store.renew_sessions().unwrap();
    let second = kid(&mut encryptor);
    assert_ne!(second, first);
    assert_eq!(kid(&mut encryptor), second);
}

#[test]
fn whole_old_sessions_replay_as_promised_and_no_further() {
    let (alice, bob) = pair(without_clock);
    let mut frames = Vec::new();
    for session in 0..4u8 {
        let mut encryptor = alice.encryptor("alice");
        frames.push(
            (0..50u8)
                .map(|n| encryptor.encrypt_to_vec(&info(), &[session, n]).unwrap())
                .collect::<Vec<_>>(),
        );
    }
    let mut to_bob = bob.decryptor(&["alice"]);
    for frame in frames.iter().flatten() {
        to_bob.decrypt_to_vec(&info(), frame).unwrap();
    }
    let expect = |decryptor: &mut ChannelDecryptor,
                  what: &str,
                  is_expected: fn(&Result<Vec<u8>, Error>) -> bool| {
        for frame in frames.iter().flatten() {
            let result = decryptor.decrypt_to_vec(&info(), frame);
            assert!(is_expected(&result), "{what}: {result:?}");
        }
    };
    expect(&mut to_bob, "again", |r| {
        matches!(r, Err(Error::Duplicate { .. }))
    });
    let mut another = bob.decryptor(&["alice"]);
    expect(&mut another, "into another decryptor", |r| {
        matches!(r, Err(Error::Duplicate { .. }))
    });

    let state = bob.channel.replay_state();
    let restarted = without_clock();
    restarted.start(1, 7);
    restarted.channel.import_replay_state(&state).unwrap();
    let mut with_state = restarted.decryptor(&["alice"]);
    expect(&mut with_state, "after a restart with state", |r| {
        matches!(r, Err(Error::Replayed { .. }))
    });
    assert!(matches!(
        restarted.store.poll_event(),
        Some(Event::Replayed { count: 1, .. })
    ));

    let forgetful = without_clock();
    forgetful.start(1, 7);
    let mut without_state = forgetful.decryptor(&["alice"]);
    expect(
        &mut without_state,
        "after a restart without state: once",
        Result::is_ok,
    );
    expect(&mut without_state, "and only once", |r| {
        matches!(r, Err(Error::Duplicate { .. }))
    });

    for cut in 0..state.len() {
        let refused = forgetful.channel.import_replay_state(&state[..cut]);
        let whole_records = cut >= 16 && (cut - 16).is_multiple_of(29);
        assert_eq!(refused.is_ok(), whole_records, "{cut}");
    }
}

#[test]
fn evicted_sessions_leave_floors_and_lost_floors_are_said() {
    let small = Member::new(config().max_sessions(4));
    let (alice, _) = pair(without_clock);
    small.start(1, 7);
    let mut decryptor = small.decryptor(&["alice"]);
    let frames: Vec<_> = (0..9u8)
        .map(|n| {
            let mut encryptor = alice.encryptor("alice");
            let first = encryptor.encrypt_to_vec(&info(), &[n]).unwrap();
            (first, encryptor.encrypt_to_vec(&info(), &[n, n]).unwrap())
        })
        .collect();
    for (n, (first, _)) in frames.iter().enumerate() {
        decryptor.decrypt_to_vec(&info(), first).unwrap();
        let lost = std::iter::from_fn(|| small.store.poll_event())
            .filter(|event| *event == Event::ReplayHistoryLost)
            .count();
        assert_eq!(
            lost,
            usize::from(n == 8),
            "4 sessions and 4 floors are kept"
        );
    }
    for (n, (first, second)) in frames.iter().enumerate().skip(1).take(4) {
        let again = decryptor.decrypt_to_vec(&info(), first);
        assert!(
            matches!(again, Err(Error::Replayed { .. })),
            "{n}: {again:?}"
        );
        assert!(
            decryptor.decrypt_to_vec(&info(), second).is_ok(),
            "{n} goes on"
        );
    }
}

#[test]
fn a_safety_code_is_the_same_for_the_same_keys_alone() {
    let (alice, bob) = pair(without_clock);
    let code = alice.channel.safety_code().unwrap();
    assert_eq!(code.len(), 12 * 5 + 11);
    assert!(
        code.split(' ')
            .all(|group| group.len() == 5 && group.bytes().all(|d| d.is_ascii_digit()))
    );
    assert_eq!(bob.channel.safety_code().unwrap(), code);
    let clock = Member::with_clock();
    clock.start(1, 7);
    assert_ne!(clock.channel.safety_code().unwrap(), code);
    alice.channel.advance_to(1, 1).unwrap();
    assert_ne!(alice.channel.safety_code().unwrap(), code);

    let challenge = [9; 16];
    let answer = bob.channel.key_check(&name("bob"), &challenge).unwrap();
    assert_eq!(
        alice
            .channel
            .verify_key_check(&name("bob"), &challenge, &answer),
        Ok(false),
        "another step"
    );
    bob.channel.advance_to(1, 1).unwrap();
    let answer = bob.channel.key_check(&name("bob"), &challenge).unwrap();
    assert_eq!(
        alice
            .channel
            .verify_key_check(&name("bob"), &challenge, &answer),
        Ok(true)
    );
    assert_eq!(
        alice
            .channel
            .verify_key_check(&name("bo"), &challenge, &answer),
        Ok(false)
    );
    assert_eq!(
        alice
            .channel
            .verify_key_check(&name("bob"), &[8; 16], &answer),
        Ok(false)
    );
}

#[test]
fn key_text_is_read_in_each_form_and_refused_with_a_reason() {
    let raw = [0xA5; 32];
    let key = ChannelKey::from_slice(&raw).unwrap();
    let hex = data_encoding::HEXLOWER.encode(&raw);
    let base64 = data_encoding::BASE64.encode(&raw);
    assert_eq!(ChannelKey::from_hex(&hex).unwrap(), key);
    assert_eq!(ChannelKey::from_hex(&hex.to_uppercase()).unwrap(), key);
    assert_eq!(ChannelKey::from_base64(&base64).unwrap(), key);
    assert_eq!(
        ChannelKey::from_base64(base64.trim_end_matches('=')).unwrap(),
        key
    );
    for len in 16..=64 {
        let raw = vec![3; len];
        let read = ChannelKey::from_base64(&data_encoding::BASE64.encode(&raw)).unwrap();
        assert_eq!(read, ChannelKey::from_slice(&raw).unwrap());
    }
    let text = Some(Misuse::KeyText.into());
    for bad in [
        &base64[1..],
        &base64.replace('p', "-"),
        &format!("{base64}="),
        &format!("{} ", &base64[..43]),
    ] {
        assert_eq!(ChannelKey::from_base64(bad).err(), text, "{bad}");
    }
    assert_eq!(
        ChannelKey::from_hex("0g").err(),
        Some(Misuse::ChannelKeyLength { len: 1 }.into())
    );
    for len in [0, 15, 65] {
        let refused = ChannelKey::from_slice(&vec![1; len]).err();
        assert_eq!(refused, Some(Misuse::ChannelKeyLength { len }.into()));
    }
    for len in [1, 15, 65] {
        let refused = ChannelKey::from_slice(&raw)
            .unwrap()
            .with_kdf_salt(&vec![1; len])
            .err();
        assert_eq!(refused, Some(Misuse::KdfSaltLength { len }.into()));
    }
}

/// A cipher that counts its keys, and may limit their seals: AES-GCM in all else.
#[derive(Default)]
struct Counted(std::sync::Arc<std::sync::atomic::AtomicUsize>, Option<u64>);

struct CountedKey(
    aes_gcm::Aes128Gcm,
    std::sync::Arc<std::sync::atomic::AtomicUsize>,
);

impl Drop for CountedKey {
    fn drop(&mut self) {
        self.1.fetch_sub(1, std::sync::atomic::Ordering::Relaxed);
    }
}

impl Cipher for Counted {
    fn suite(&self) -> CipherSuite {
        CipherSuite::new(0xF00C)
    }
    fn params(&self) -> Params {
        let seals = self.1.unwrap_or(Limits::DEFAULT.max_seals);
        Params::new(16, 12, 16, Hash::Sha256).limits(Limits::DEFAULT.max_seals(seals))
    }
    fn new_key(&self, key: &[u8]) -> Result<Box<dyn CipherKey>, CipherError> {
        let key = aes_gcm::Aes128Gcm::new_from_slice(key).map_err(|_| CipherError::BadKeyLength)?;
        self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Ok(Box::new(CountedKey(key, std::sync::Arc::clone(&self.0))))
    }
    fn known_answers(&self) -> Vec<KnownAnswer<'_>> {
        // Test case 2 of McGrew and Viega's GCM specification.
        vec![KnownAnswer {
            name: "GCM test case 2",
            key: &[0; 16],
            nonce: &[0; 12],
            aad: &[],
            plaintext: &[0; 16],
            ciphertext: &[
                0x03, 0x88, 0xda, 0xce, 0x60, 0xb6, 0xa3, 0x92, 0xf3, 0x28, 0xc2, 0xb9, 0x71, 0xb2,
                0xfe, 0x78,
            ],
            tag: &[
                0xab, 0x6e, 0x47, 0xd4, 0x2c, 0xec, 0x13, 0xbd, 0xf5, 0x3a, 0x67, 0xb2, 0x12, 0x57,
                0xbd, 0xdf,
            ],
        }]
    }
}

impl CipherKey for CountedKey {
    fn seal_in_place(
        &self,
        nonce: &[u8],
        aad: &[u8],
        data: &mut [u8],
        tag: &mut [u8],
    ) -> Result<(), CipherError> {
        let nonce = nonce.try_into().map_err(|_| CipherError::BadNonceLength)?;
        if tag.len() != 16 {
            return Err(CipherError::BadTagLength);
        }
        let computed = self
            .0
            .encrypt_inout_detached(nonce, aad, data.into())
            .map_err(|_| CipherError::TooLong)?;
        tag.copy_from_slice(&computed);
        Ok(())
    }
    fn open_in_place(
        &self,
        nonce: &[u8],
        aad: &[u8],
        data: &mut [u8],
        tag: &[u8],
    ) -> Result<(), CipherError> {
        let opened = nonce
            .try_into()
            .map_err(|_| CipherError::BadNonceLength)
            .and_then(|nonce| {
                let tag = tag.try_into().map_err(|_| CipherError::BadTagLength)?;
                self.0
                    .decrypt_inout_detached(nonce, aad, (&mut *data).into(), tag)
                    .map_err(|_| CipherError::AuthenticationFailed)
            });
        opened.inspect_err(|_| data.fill(0))
    }
}

#[test]
fn keys_of_a_retired_generation_are_dropped_by_the_next_frame() {
    let alive = std::sync::Arc::default();
    let cipher = CheckedCipher::register(Counted(std::sync::Arc::clone(&alive), None)).unwrap();
    let count = || alive.load(std::sync::atomic::Ordering::Relaxed);
    assert_eq!(count(), 0, "the check keeps none");
    let (alice, bob) = (Member::with_clock(), Member::with_clock());
    for member in [&alice, &bob] {
        let new = NewGeneration::new(1, key(7)).cipher(&cipher);
        member.channel.stage(new).unwrap();
        member.channel.activate(1).unwrap();
    }
    let (mut encryptor, mut decryptor) = (alice.encryptor("alice"), bob.decryptor(&["alice"]));
    let frame = encryptor.encrypt_to_vec(&info(), b"frame").unwrap();
    decryptor.decrypt_to_vec(&info(), &frame).unwrap();
    assert_eq!(count(), 2, "one to seal, one to open");
    alice.channel.retire(1).unwrap();
    bob.channel.retire(1).unwrap();
    assert_eq!(
        encryptor.encrypt_to_vec(&info(), b"frame"),
        Err(Error::NoActiveKey)
    );
    assert!(decryptor.decrypt_to_vec(&info(), &frame).is_err());
    assert_eq!(count(), 0);
    let again = alice.channel.stage(NewGeneration::new(1, key(7)));
    assert_eq!(again, Err(Misuse::GenerationRetired.into()));
}

#[test]
fn grace_ends_though_the_clock_was_ahead_and_was_set_right() {
    let member = Member::with_clock();
    member.start(1, 7);
    let year = 365 * 24 * HOUR;
    member.store.tick(NOW + year).unwrap();
    member.start(2, 8);
    member.store.tick(NOW + year).unwrap();
    member.store.tick(NOW).unwrap();
    assert!(member.channel.epoch_secret(1, 0).is_ok(), "in grace");
    member.store.tick(NOW + 10).unwrap();
    let gone = member.channel.epoch_secret(1, 0).err();
    assert_eq!(gone, Some(Misuse::UnknownGeneration.into()));
}

#[test]
fn messages_of_a_data_channel_use_the_same_engine() {
    let (alice, bob) = pair(Member::with_clock);
    let mut encryptor = ChannelEncryptor::for_channel(
        &alice.channel,
        name("alice"),
        Media::DATA,
        Mode::PACKET_1200,
    )
    .unwrap();
    let expected = [(name("alice"), Media::DATA)];
    let mut decryptor =
        ChannelDecryptor::for_channel(&bob.channel, &expected, Mode::PACKET_1200).unwrap();
    for text in ["", "hello", &"long ".repeat(200)] {
        let label = info().metadata(b"chat");
        let message = encryptor.encrypt_to_vec(&label, text.as_bytes()).unwrap();
        let mut out = vec![0; text.len()];
        let opened = decryptor.decrypt_into(&label, &message, &mut out).unwrap();
        assert_eq!(opened.media, Media::DATA);
        assert_eq!(out, text.as_bytes());
    }
    let refused = encryptor.encrypt_to_vec(&info(), &[0; 1200]);
    assert!(matches!(refused, Err(Error::PacketTooLong { .. })));
}

/// The KIDs of the sessions that began, by the events.
fn started(member: &Member) -> Vec<KeyId> {
    std::iter::from_fn(|| member.store.poll_event())
        .filter_map(|event| match event {
            Event::SessionStarted { kid, .. } => Some(kid),
            _ => None,
        })
        .collect()
}

#[test]
fn a_tick_has_the_next_session_ready_before_a_frame_needs_it() {
    let (alice, bob) = pair(Member::with_clock);
    let (mut encryptor, mut to_bob) = (alice.encryptor("alice"), bob.decryptor(&["alice"]));
    let mut kid = |encryptor: &mut ChannelEncryptor| {
        let frame = encryptor.encrypt_to_vec(&info(), b"x").unwrap();
        to_bob.decrypt_into(&info(), &frame, &mut [0]).unwrap().kid
    };
    let first = kid(&mut encryptor);
    assert_eq!(started(&alice), [first]);
    type Change = fn(&Member);
    let changes: [Change; 4] = [
        |alice| alice.store.tick(NOW + HOUR).unwrap(),
        |alice| alice.channel.advance_to(1, 1).unwrap(),
        |alice| alice.start(2, 9),
        |alice| alice.store.renew_sessions().unwrap(),
    ];
    bob.stage(2, 9);
    bob.store.tick(NOW + HOUR).unwrap();
    for change in changes {
        change(&alice);
        let prepared = started(&alice);
        assert_eq!(prepared.len(), 1, "made by the call");
        assert_eq!(kid(&mut encryptor), prepared[0], "and used by the frame");
        assert_eq!(started(&alice), []);
    }
    alice.store.tick(NOW + HOUR + 60).unwrap();
    assert_eq!(started(&alice), [], "nothing to prepare");
}

#[test]
fn a_session_that_ends_is_followed_without_a_lost_frame() {
    for ticks in [false, true] {
        let limited = Counted(std::sync::Arc::default(), Some(100));
        let cipher = CheckedCipher::register(limited).unwrap();
        let (alice, bob) = (Member::with_clock(), Member::with_clock());
        for member in [&alice, &bob] {
            let new = NewGeneration::new(1, key(7)).cipher(&cipher);
            member.channel.stage(new).unwrap();
            member.channel.activate(1).unwrap();
        }
        let (mut encryptor, mut to_bob) = (alice.encryptor("alice"), bob.decryptor(&["alice"]));
        let mut kids = Vec::new();
        for n in 0..1000u64 {
            if ticks && n % 10 == 9 {
                alice.store.tick(NOW + n).unwrap();
            }
            let frame = encryptor.encrypt_to_vec(&info(), b"x").unwrap();
            kids.push(to_bob.decrypt_into(&info(), &frame, &mut [0]).unwrap().kid);
        }
        let runs: Vec<usize> = kids.chunk_by(|a, b| a == b).map(<[_]>::len).collect();
        let longest = runs.iter().copied().max().unwrap();
        assert_eq!(
            runs.len(),
            kids.iter().collect::<std::collections::HashSet<_>>().len()
        );
        // At 75 % of the limit a tick prepares the next one; without ticks the frame that meets the limit does.
        assert_eq!(longest < 90, ticks, "{runs:?}");
        assert_eq!(longest == 100, !ticks, "{runs:?}");
    }
}

#[test]
fn refusing_after_too_many_failures_is_a_policy() {
    for refuses in [false, true] {
        let policy = if refuses {
            config().refuse_after_failures()
        } else {
            config()
        };
        let (alice, bob) = (without_clock(), Member::new(policy));
        alice.start(1, 7);
        bob.start(1, 7);
        let (mut encryptor, mut to_bob) = (alice.encryptor("alice"), bob.decryptor(&["alice"]));
        let frames: Vec<_> = (0..3u8)
            .map(|n| encryptor.encrypt_to_vec(&info(), &[n]).unwrap())
            .collect();
        to_bob.decrypt_to_vec(&info(), &frames[0]).unwrap();
        // Half of them under the KID that was heard, half under others.
        for n in 0..4096u64 {
            let mut junk = frames[1].clone();
            junk[12] ^= 0xFF;
            if n % 2 == 0 {
                junk[1] ^= 0x11;
            }
            let refused = to_bob.decrypt_to_vec(&info(), &junk);
            assert!(
                matches!(refused, Err(Error::AuthenticationFailed { .. })),
                "{n}: {refused:?}"
            );
        }
        let advice = std::iter::from_fn(|| bob.store.poll_event()).filter(|event| {
            matches!(
                event,
                Event::ManyAuthenticationFailures { failures: 4096, .. }
            )
        });
        assert_eq!(advice.count(), 1);
        let result = to_bob.decrypt_to_vec(&info(), &frames[1]);
        if refuses {
            assert!(
                matches!(result, Err(Error::IntegrityLimit { .. })),
                "{result:?}"
            );
            let unheard = alice
                .encryptor("alice")
                .encrypt_to_vec(&info(), b"x")
                .unwrap();
            let result = to_bob.decrypt_to_vec(&info(), &unheard);
            assert!(
                matches!(result, Err(Error::IntegrityLimit { .. })),
                "{result:?}"
            );
        } else {
            assert_eq!(result.unwrap(), [1]);
        }
    }
}

#[test]
fn a_restart_opens_no_step_and_no_generation_that_was_over() {
    let (alice, bob) = pair(without_clock);
    let mut encryptor = alice.encryptor("alice");
    let early = encryptor.encrypt_to_vec(&info(), b"step 0").unwrap();
    bob.decryptor(&["alice"])
        .decrypt_to_vec(&info(), &early)
        .unwrap();
    bob.channel.advance_to(1, 1).unwrap();
    bob.channel.end_grace();
    bob.stage(2, 9);
    bob.channel.retire(2).unwrap();
    let state = bob.channel.replay_state();

    let restarted = without_clock();
    restarted.channel.import_replay_state(&state).unwrap();
    assert_eq!(
        restarted.channel.replay_state(),
        state,
        "also before anything is staged"
    );
    restarted.start(1, 7);
    assert_eq!(
        restarted.channel.sending(),
        Some((1, 1)),
        "not below what still opened"
    );
    let replayed = restarted
        .decryptor(&["alice"])
        .decrypt_to_vec(&info(), &early);
    assert!(
        matches!(replayed, Err(Error::RetiredKey { .. })),
        "{replayed:?}"
    );
    let retired = restarted.channel.stage(NewGeneration::new(2, key(9)));
    assert_eq!(retired, Err(Misuse::GenerationRetired.into()));
    // Nor for who joins from the secret of an earlier step.
    let joined = without_clock();
    joined.channel.import_replay_state(&state).unwrap();
    let step_0 = alice.channel.epoch_secret(1, 0).unwrap();
    joined.channel.join(step_0, None).unwrap();
    joined.channel.activate(1).unwrap();
    assert_eq!(joined.channel.sending(), Some((1, 1)));
    let replayed = joined.decryptor(&["alice"]).decrypt_to_vec(&info(), &early);
    assert!(
        matches!(replayed, Err(Error::RetiredKey { .. })),
        "{replayed:?}"
    );
    alice.channel.advance_to(1, 1).unwrap();
    let now = encryptor.encrypt_to_vec(&info(), b"step 1").unwrap();
    let opened = restarted
        .decryptor(&["alice"])
        .decrypt_to_vec(&info(), &now);
    assert_eq!(opened.unwrap(), b"step 1");
}

#[test]
fn a_session_that_returns_costs_no_other_its_floor() {
    let small = Member::new(config().max_sessions(2));
    let (alice, _) = pair(without_clock);
    small.start(1, 7);
    let mut decryptor = small.decryptor(&["alice"]);
    let sessions: Vec<Vec<Vec<u8>>> = (0..4u8)
        .map(|n| {
            let mut encryptor = alice.encryptor("alice");
            (0..2u8)
                .map(|m| encryptor.encrypt_to_vec(&info(), &[n, m]).unwrap())
                .collect()
        })
        .collect();
    for session in &sessions {
        decryptor.decrypt_to_vec(&info(), &session[0]).unwrap();
    }
    // Sessions 2 and 3 are kept, 0 and 1 have floors: full. Session 1 comes back, and 2 takes its place among the floors.
    decryptor.decrypt_to_vec(&info(), &sessions[1][1]).unwrap();
    for session in [0, 2] {
        let replayed = decryptor.decrypt_to_vec(&info(), &sessions[session][0]);
        assert!(
            matches!(replayed, Err(Error::Replayed { .. })),
            "{session}: {replayed:?}"
        );
    }
    let lost = std::iter::from_fn(|| small.store.poll_event())
        .any(|event| event == Event::ReplayHistoryLost);
    assert!(!lost);
}

#[test]
fn a_secret_of_a_held_generation_is_known_at_any_step() {
    let (ahead, behind) = pair(without_clock);
    for step in 1..=30 {
        ahead.channel.advance_to(1, step).unwrap();
        ahead.channel.end_grace();
    }
    let later = ahead.channel.epoch_secret(1, 30).unwrap();
    behind.channel.join(later, None).unwrap();
    assert_eq!(
        behind.channel.sending(),
        Some((1, 0)),
        "and changes nothing"
    );
    let earlier = behind.channel.epoch_secret(1, 0).unwrap();
    ahead.channel.join(earlier, None).unwrap();
    let stranger = without_clock();
    stranger.start(1, 8);
    for step in [0, 30] {
        while stranger.channel.sending().unwrap().1 < step {
            let next = stranger.channel.sending().unwrap().1 + 1;
            stranger.channel.advance_to(1, next).unwrap();
            stranger.channel.end_grace();
        }
        for member in [&ahead, &behind] {
            let other = stranger.channel.epoch_secret(1, step).unwrap();
            let refused = member.channel.join(other, None);
            assert_eq!(
                refused,
                Err(Misuse::GenerationConflict.into()),
                "step {step}"
            );
        }
    }
}
