//! No key octet in any text that the library makes: `Debug`, `Display`, errors, events, panics.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fmt::{Debug, Display, Write};

use common::{CANARY_A, GCM, Pair, alice, info, key_a, key_b, store};
use mediaseal::{
    BaseKey, ChannelConfig, ChannelDecryptor, ChannelEncryptor, ChannelKey, ChannelStore,
    CheckedCipher, CipherSuite, Class, Counter, CounterOrigin, EpochSecret, Error, Event, FrameBuf,
    InvalidId, KeyId, Malformed, Media, Misuse, Mode, NewGeneration, PassphraseParams, SenderId,
    Ssrc, StoreFault,
};

#[derive(Default)]
struct Transcript(String);

impl Transcript {
    fn debug(&mut self, value: &dyn Debug) {
        write!(self.0, "{value:?}\n{value:#?}\n").unwrap();
    }

    fn text(&mut self, value: &(impl Debug + Display)) {
        writeln!(self.0, "{value}").unwrap();
        self.debug(value);
    }

    /// Runs of 4 octets of the key, in hexadecimal, base64, decimal lists or raw.
    fn leaks(&self, key: &[u8]) -> Vec<String> {
        let text = &self.0;
        let lower = text.to_lowercase();
        key.windows(4)
            .flat_map(|run| {
                [
                    data_encoding::HEXLOWER.encode(run),
                    format!("{run:02x?}").trim_matches(['[', ']']).to_owned(),
                    format!("{run:?}").trim_matches(['[', ']']).to_owned(),
                ]
            })
            .filter(|form| lower.contains(form))
            .chain(
                key.windows(6)
                    .map(|run| data_encoding::BASE64_NOPAD.encode(run))
                    .filter(|form| text.contains(form)),
            )
            .chain(
                key.windows(4)
                    .filter(|run| text.as_bytes().windows(4).any(|window| window == *run))
                    .map(|run| format!("raw {run:?}")),
            )
            .collect()
    }
}

fn key_octets() -> Vec<u8> {
    data_encoding::HEXLOWER.decode(CANARY_A.as_bytes()).unwrap()
}

#[test]
fn nothing_that_is_printed_holds_a_key() {
    let mut transcript = Transcript::default();
    let mut pair = Pair::new(GCM, Mode::Frame, 3);
    let sealed = pair.seal("frame");
    pair.decryptor.decrypt_to_vec(&info(), &sealed).unwrap();
    transcript.debug(&key_a());
    transcript.debug(&key_a().duplicate());
    transcript.debug(&pair.send);
    transcript.debug(&pair.receive);
    transcript.debug(&pair.encryptor);
    transcript.debug(&pair.decryptor);
    transcript.debug(&pair.encryptor.totals());
    transcript.debug(&pair.decryptor.totals());
    transcript.debug(&CounterOrigin::FreshKey);
    transcript.debug(&CheckedCipher::builtin(GCM).unwrap());
    transcript.debug(&CheckedCipher::builtin(GCM).unwrap().params());
    let mut storage = key_octets();
    transcript.debug(&FrameBuf::new(&mut storage, 0, 32).unwrap());
    for error in every_error() {
        transcript.text(&error);
    }
    // A key where text was expected, and key text with a fault in it.
    let kid = KeyId::new(3);
    for refused in [
        BaseKey::from_hex(&CANARY_A[1..]).err(),
        BaseKey::from_hex(&format!("{CANARY_A}x0")).err(),
        BaseKey::from_slice(&key_octets().repeat(3)).err(),
        pair.send
            .add_send(key_a(), kid, CounterOrigin::FreshKey)
            .err(),
        pair.send.add_receive(key_a(), kid, alice()).err(),
        pair.receive
            .add_send(key_a(), kid, CounterOrigin::FreshKey)
            .err(),
        pair.receive.add_receive(key_b(), kid, alice()).err(),
    ] {
        transcript.text(&refused.unwrap());
    }
    let folder = std::env::temp_dir().join(format!("mediaseal-secrets-{}", std::process::id()));
    let counters = mediaseal::CounterStore::create(&folder).unwrap();
    let persistent = store(GCM);
    persistent
        .add_send(key_a(), kid, CounterOrigin::Store(&counters))
        .unwrap();
    transcript.debug(&counters);
    transcript.debug(&CounterOrigin::Store(&counters));
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        transcript.debug(&path);
        transcript
            .0
            .push_str(&String::from_utf8_lossy(&std::fs::read(&path).unwrap()));
        transcript.debug(&std::fs::read(path).unwrap());
    }
    std::fs::remove_dir_all(&folder).unwrap();

    channel_transcript(&mut transcript);
    assert!(
        transcript.0.len() > 5_000,
        "there was something to look through"
    );
    assert_eq!(transcript.leaks(&key_octets()), Vec::<String>::new());
}

/// What the types of channel keys print, made from the same key.
fn channel_transcript(transcript: &mut Transcript) {
    let store = ChannelStore::new().unwrap();
    let config = ChannelConfig::new("room").unwrap();
    let channel = store.channel(config.clone()).unwrap();
    let key = || ChannelKey::from_hex(CANARY_A).unwrap();
    transcript.debug(&key());
    transcript.debug(&key().with_kdf_salt(&key_octets()).unwrap());
    transcript.debug(&NewGeneration::new(1, key()));
    channel
        .stage(NewGeneration::new(1, key()).keep_root())
        .unwrap();
    channel.activate(1).unwrap();
    let alice = || SenderId::new("alice").unwrap();
    let mut encryptor =
        ChannelEncryptor::for_channel(&channel, alice(), Media::AUDIO, Mode::Frame).unwrap();
    encryptor.encrypt_to_vec(&info(), b"frame").unwrap();
    let expected = [(alice(), Media::AUDIO)];
    let decryptor = ChannelDecryptor::for_channel(&channel, &expected, Mode::Frame).unwrap();
    transcript.debug(&store);
    transcript.debug(&channel);
    transcript.debug(&config);
    transcript.debug(&encryptor);
    transcript.debug(&decryptor);
    transcript.debug(&channel.channel_key(1));
    transcript.debug(&channel.epoch_secret(1, 0).unwrap());
    transcript.debug(&channel.replay_state());
    transcript.text(&store.poll_event().unwrap());
    let mistyped = format!("{CANARY_A}x0");
    for refused in [
        ChannelKey::from_hex(&mistyped).err(),
        ChannelKey::from_base64(&mistyped).err(),
        EpochSecret::from_text(CANARY_A).err(),
        EpochSecret::from_bytes(&key_octets()).err(),
        CANARY_A.parse::<PassphraseParams>().err(),
    ] {
        transcript.text(&refused.unwrap());
    }
}

/// The search finds what it is for.
#[test]
fn a_leak_would_be_seen() {
    let key = key_octets();
    for leak in [
        CANARY_A.to_uppercase(),
        format!("{:?}", &key[5..9]),
        format!("{:02x?}", &key[5..9]),
        data_encoding::BASE64.encode(&key[3..15]),
    ] {
        let transcript = Transcript(format!("text before {leak} and behind"));
        assert!(!transcript.leaks(&key).is_empty(), "{leak:?}");
    }
}

/// Every variant, so that a new one is a decision here too.
fn every_error() -> Vec<Error> {
    let kid = KeyId::new(0x1234);
    // The only way to a counter from outside is a header.
    let ctr: Counter = mediaseal::format::sframe::Header::parse(&[0x05])
        .unwrap()
        .0
        .ctr();
    let mut errors: Vec<Error> = [
        Misuse::UnsupportedSuite { suite: 9 },
        Misuse::ShortTag { tag_len: 4 },
        Misuse::BaseKeyLength { len: 1 },
        Misuse::KeyText,
        Misuse::Id(InvalidId::SenderIdTooLong { len: 256 }),
        Misuse::Id(InvalidId::KidLayout),
        Misuse::Id(InvalidId::KidOutOfRange),
        Misuse::KidInUse { kid },
        Misuse::KeyReused { kid },
        Misuse::SendAndReceive { kid },
        Misuse::UnknownSendKey { kid },
        Misuse::UnknownReceiveKey { kid },
        Misuse::ClockUnset { unix_seconds: 1 },
        Misuse::FrameTooLong { len: 2, max: 1 },
        Misuse::MetadataTooLong { len: 2, max: 1 },
        Misuse::Headroom {
            needed: 2,
            available: 1,
        },
        Misuse::Tailroom {
            needed: 2,
            available: 1,
        },
        Misuse::RangeOutsideStorage,
        Misuse::CompactProfile,
        Misuse::ChannelKeyLength { len: 2 },
        Misuse::KdfSaltLength { len: 2 },
        Misuse::ChannelName { len: 0 },
        Misuse::PassphraseLength { len: 0 },
        Misuse::PassphraseParams,
        Misuse::EpochText,
        Misuse::EpochFormat { format: 9 },
        Misuse::EpochOctets,
        Misuse::EpochMismatch,
        Misuse::ChannelOpen,
        Misuse::ChannelKeyReused,
        Misuse::UnknownGeneration,
        Misuse::UnknownStep,
        Misuse::GenerationRetired,
        Misuse::GenerationSlotBusy,
        Misuse::GenerationConflict,
        Misuse::GraceOpen,
        Misuse::NotOpenYet,
        Misuse::ExpectedSenders { count: 17 },
        Misuse::ReplayState,
        Misuse::PacketMaximum {
            max_len: 1,
            needed: 34,
        },
    ]
    .map(Error::from)
    .to_vec();
    errors.extend([Malformed::NotMinimal, Malformed::TooLong].map(Error::from));
    errors.extend(
        [
            StoreFault::NotThere,
            StoreFault::AlreadyThere,
            StoreFault::Locked,
            StoreFault::KeyInUse,
            StoreFault::Damaged,
            StoreFault::RolledBack,
            StoreFault::Io(std::io::ErrorKind::PermissionDenied),
        ]
        .map(Error::from),
    );
    errors.extend([
        Error::MissingKey { kid },
        Error::RetiredKey { kid },
        Error::NotYetActive { kid },
        Error::Reflected { kid },
        Error::AuthenticationFailed { kid, ctr },
        Error::Duplicate { kid, ctr },
        Error::Replayed { kid, ctr },
        Error::TooOld { kid, ctr },
        Error::StaleSession { kid },
        Error::ClockMismatch { kid },
        Error::Truncated { len: 1, needed: 2 },
        Error::Contended { kid },
        Error::PacketTooLong { by: 3 },
        Error::BufferTooSmall {
            needed: 2,
            available: 1,
        },
        Error::NoActiveKey,
        Error::KeyExhausted { kid },
        Error::IntegrityLimit { kid },
        Error::Forked,
        Error::CipherFailed { suite: 4 },
        Error::OutOfMemory,
        Error::EntropyUnavailable,
    ]);
    errors
}

#[test]
fn every_error_says_something_of_its_own_and_has_a_class() {
    let errors = every_error();
    let texts: std::collections::BTreeSet<_> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(texts.len(), errors.len(), "no two texts are equal");
    for text in &texts {
        assert!(!text.ends_with('.') && text.len() > 10, "{text:?}");
    }
    let count = |class| errors.iter().filter(|error| error.class() == class).count();
    assert_eq!(count(Class::FixTheCall), 46);
    assert_eq!(count(Class::FetchAKey), 6);
    assert_eq!(count(Class::DropThePacket), 12);
    assert_eq!(count(Class::ReportABug), 6);
    let event = Event::Replayed {
        kid: KeyId::new(7),
        ctr: mediaseal::format::sframe::Header::parse(&[5])
            .unwrap()
            .0
            .ctr(),
        count: 4,
    };
    assert_eq!(
        event.to_string(),
        "replayed frame (KID 0x7, CTR 5), 4 so far"
    );
}

#[test]
fn names_print_readably_and_escaped() {
    assert_eq!(
        SenderId::new("alice\n\u{1b}[31m").unwrap().to_string(),
        "alice\\n\\x1b[31m"
    );
    assert_eq!(Ssrc::new(9).to_string(), "9");
    assert_eq!(KeyId::new(255).to_string(), "0xff");
    assert_eq!(
        CipherSuite::AES_128_GCM_SHA256_128.to_string(),
        "AES_128_GCM_SHA256_128"
    );
    assert_eq!(CipherSuite::new(0xF001).to_string(), "0xf001");
}
