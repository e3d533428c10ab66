//! The vectors of channel keys (docs/formats/keys.md), which an independent program wrote, through the public API alone.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use data_encoding::HEXLOWER;
use mediaseal::{
    Channel, ChannelConfig, ChannelDecryptor, ChannelEncryptor, ChannelKey, ChannelStore,
    CheckedCipher, CipherSuite, EpochSecret, Error, FrameInfo, Media, Misuse, Mode, NewGeneration,
    PassphraseParams, SenderId, Ssrc,
};
use serde_json::Value;

const HOUR: u64 = 3600;

fn file(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn group<'a>(file: &'a Value, name: &str) -> &'a Vec<Value> {
    file[name].as_array().unwrap()
}

fn text<'a>(case: &'a Value, field: &str) -> &'a str {
    case[field].as_str().unwrap()
}

fn octets(case: &Value, field: &str) -> Vec<u8> {
    HEXLOWER.decode(text(case, field).as_bytes()).unwrap()
}

fn long(case: &Value, field: &str) -> u64 {
    u64::from_str_radix(text(case, field), 16).unwrap()
}

fn number(case: &Value, field: &str) -> u64 {
    case[field].as_u64().unwrap()
}

fn suite(case: &Value) -> CipherSuite {
    CipherSuite::new(u16::try_from(number(case, "suite")).unwrap())
}

fn media(value: u64) -> Media {
    let value = u8::try_from(value).unwrap();
    [
        Media::UNSPECIFIED,
        Media::AUDIO,
        Media::VIDEO,
        Media::DATA,
        Media::SCREEN,
        Media::SCREEN_AUDIO,
    ]
    .into_iter()
    .chain(Media::application(value))
    .find(|media| media.value() == value)
    .unwrap()
}

/// A channel, and the store that keeps its time.
struct Side {
    store: ChannelStore,
    channel: Channel,
}

impl Side {
    fn new(config: ChannelConfig) -> Self {
        let store = ChannelStore::new().unwrap();
        let channel = store.channel(config).unwrap();
        Self { store, channel }
    }

    /// One that holds a secret as a joiner does.
    fn joined(secret: &[u8], suite: u16, clock: bool, generation: u64, step: u32) -> Self {
        let config = ChannelConfig::new("room").unwrap();
        let side = Self::new(if clock { config.with_clock() } else { config });
        let mut epoch = vec![1];
        epoch.extend(suite.to_be_bytes());
        epoch.push(u8::from(clock));
        epoch.extend(b"\0\x04room\0\0");
        epoch.extend(generation.to_be_bytes());
        epoch.extend(step.to_be_bytes());
        epoch.extend(secret);
        let epoch = EpochSecret::from_bytes(&epoch).unwrap();
        side.channel.join(epoch, None).unwrap();
        side.channel.activate(generation).unwrap();
        side
    }

    fn decryptor(&self, sender: &[u8], media: Media) -> ChannelDecryptor {
        let expected = [(SenderId::new(sender).unwrap(), media)];
        ChannelDecryptor::for_channel(&self.channel, &expected, Mode::Frame).unwrap()
    }

    /// A frame of "alice" as the channel seals it now.
    fn frame(&self) -> Vec<u8> {
        ChannelEncryptor::for_channel(
            &self.channel,
            SenderId::new("alice").unwrap(),
            Media::AUDIO,
            Mode::Frame,
        )
        .unwrap()
        .encrypt_to_vec(&FrameInfo::default(), b"frame")
        .unwrap()
    }

    /// The secret of a step, from what a joiner would get.
    fn secret(&self, generation: u64, step: u32) -> Vec<u8> {
        let epoch = self.channel.epoch_secret(generation, step).unwrap();
        let octets = epoch.to_bytes();
        octets[octets.len() - 32..].to_vec()
    }
}

#[test]
fn schedule() {
    let file = file(include_str!("vectors/mediaseal/channel-schedule.json"));
    let channel_key = |case: &Value| {
        let key = ChannelKey::from_slice(&octets(case, "channel_key"))?;
        match octets(case, "kdf_salt") {
            salt if salt.is_empty() => Ok(key),
            salt => key.with_kdf_salt(&salt),
        }
    };
    let config = |case: &Value| {
        ChannelConfig::new(octets(case, "channel_id"))?.instance(octets(case, "instance"))
    };
    for case in group(&file, "cases") {
        let name = text(case, "name");
        let generation = long(case, "generation");
        let side = |suite: CipherSuite, clock: bool| {
            let config = config(case).unwrap();
            let side = Side::new(if clock { config.with_clock() } else { config });
            let new = NewGeneration::new(generation, channel_key(case).unwrap());
            let cipher = CheckedCipher::builtin(suite).unwrap().allow_short_tags();
            side.channel.stage(new.cipher(&cipher)).unwrap();
            side.channel.activate(generation).unwrap();
            side
        };
        let secrets = group(case, "secrets");
        let walk = side(CipherSuite::AES_128_GCM_SHA256_128, false);
        for (step, secret) in (0..).zip(secrets) {
            walk.channel.advance_to(generation, step).unwrap();
            walk.channel.end_grace();
            let expected = secret.as_str().unwrap();
            let found = HEXLOWER.encode(&walk.secret(generation, step));
            assert_eq!(found, expected, "{name}: secret of step {step}");
        }
        for confirm in group(case, "confirms") {
            // Safety codes of a suite that is not built in are those of a custom cipher, which other tests have.
            if suite(confirm).is_private() {
                continue;
            }
            let step = u32::try_from(number(confirm, "step")).unwrap();
            let side = side(suite(confirm), number(confirm, "clock") == 1);
            for step in 0..=step {
                side.channel.advance_to(generation, step).unwrap();
                side.channel.end_grace();
            }
            let code = side.channel.safety_code().unwrap();
            assert_eq!(code, text(confirm, "safety_code"), "{name}: {confirm}");
        }
    }
    for case in group(&file, "refused") {
        let refused = match text(case, "reason") {
            "channel_key" | "kdf_salt" => channel_key(case).err(),
            _ => config(case).err(),
        };
        let is_named = match (text(case, "reason"), refused) {
            ("channel_key", Some(Error::Misuse(Misuse::ChannelKeyLength { .. })))
            | ("kdf_salt", Some(Error::Misuse(Misuse::KdfSaltLength { .. })))
            | ("channel_id" | "instance", Some(Error::Misuse(Misuse::ChannelName { .. }))) => true,
            (_, _) => false,
        };
        assert!(is_named, "{}: {refused:?}", text(case, "name"));
    }
    let count = group(&file, "cases").len() + group(&file, "refused").len();
    assert!(count >= 19);
    println!("vectors: mediaseal channel schedule: {count}");
}

#[test]
fn frames_of_sessions() {
    let file = file(include_str!("vectors/mediaseal/channel-sessions.json"));
    let mut count = 0;
    for case in group(&file, "cases") {
        let period = long(case, "period");
        for suite_case in group(case, "suites") {
            let step = u32::try_from(number(case, "step")).unwrap();
            let side = Side::joined(
                &octets(case, "secret"),
                suite(suite_case).value(),
                period > 0,
                long(case, "generation"),
                step,
            );
            if period > 0 {
                // Periods at the end of the number range are out of reach of seconds.
                let Some(now) = period.checked_mul(HOUR) else {
                    continue;
                };
                side.store.tick(now).unwrap();
            }
            let mut decryptor =
                side.decryptor(&octets(case, "sender_id"), media(number(case, "media")));
            for frame in group(suite_case, "frames") {
                let metadata = octets(frame, "metadata");
                let info = FrameInfo::new(Ssrc::new(1)).metadata(&metadata);
                let sealed = octets(frame, "frame");
                let mut out = vec![0; sealed.len()];
                let opened = decryptor
                    .decrypt_into(&info, &sealed, &mut out)
                    .unwrap_or_else(|error| panic!("{}: {error}", text(case, "name")));
                assert_eq!(opened.kid.value(), long(case, "kid"));
                assert_eq!(opened.ctr.value(), long(frame, "ctr"));
                let len = opened.len;
                assert_eq!(out[..len], octets(frame, "plaintext"));
                count += 1;
            }
        }
    }
    assert!(count >= 80, "{count}");
    println!("vectors: mediaseal session frames: {count}");
}

#[test]
fn openings() {
    let file = file(include_str!("vectors/mediaseal/channel-sessions.json"));
    let mut skipped = 0;
    for case in group(&file, "openings") {
        let name = text(case, "name");
        let frame = octets(case, "frame");
        let kid = mediaseal::format::sframe::Header::parse(&frame)
            .map_or(0, |(header, _)| header.kid().value());
        let period = long(case, "period");
        // A receiver never takes a session for one of a period that its KID does not name.
        if name.ends_with("period") && (kid >> 8) & 3 != period & 3 {
            skipped += 1;
            continue;
        }
        let side = Side::joined(
            &octets(case, "secret"),
            suite(case).value(),
            period > 0,
            (kid >> 4) & 15,
            u32::try_from(kid & 15).unwrap(),
        );
        if period > 0 {
            side.store.tick(period * HOUR).unwrap();
        }
        let metadata = octets(case, "metadata");
        let info = FrameInfo::new(Ssrc::new(1)).metadata(&metadata);
        let mut decryptor =
            side.decryptor(&octets(case, "sender_id"), media(number(case, "media")));
        let result = decryptor.decrypt_to_vec(&info, &frame);
        let is_right = match (case["reason"].as_str(), &result) {
            (None, Ok(plaintext)) => *plaintext == octets(case, "plaintext"),
            // A frame whose KID was altered may name another hour as well.
            (
                Some("AuthenticationFailed"),
                Err(Error::AuthenticationFailed { .. } | Error::StaleSession { .. }),
            )
            | (Some("Truncated"), Err(Error::Truncated { .. }))
            | (Some("Malformed"), Err(Error::Malformed(_))) => true,
            (_, _) => false,
        };
        assert!(is_right, "{name}: {result:?}");
    }
    let count = group(&file, "openings").len() - skipped;
    assert!(count >= 76, "{skipped} skipped");
    println!("vectors: mediaseal openings: {count}");
}

/// A frame that names a KID and cannot be authentic.
fn forged(kid: u64) -> Vec<u8> {
    let mut frame = vec![0xFF];
    // The highest bit is set, so that the header is minimal: it is the session's.
    frame.extend((kid | 1 << 63).to_be_bytes());
    frame.extend([1, 0, 0, 0, 0, 0, 0, 0]);
    frame.extend([0x5A; 40]);
    frame
}

#[test]
fn periods() {
    let file = file(include_str!("vectors/mediaseal/channel-sessions.json"));
    let (mut opened, mut refusals) = (0, 0);
    for case in group(&file, "periods") {
        let name = text(case, "name");
        let (clock, now) = (number(case, "clock") == 1, long(case, "now"));
        let Some(seconds) = now.checked_mul(HOUR).filter(|_| !clock || now > 0) else {
            continue;
        };
        let receiver = Side::joined(&[7; 32], 4, clock, 1, 2);
        if clock {
            receiver.store.tick(seconds).unwrap();
        }
        let mut decryptor = receiver.decryptor(b"alice", Media::AUDIO);
        if let Some(reason) = case["reason"].as_str() {
            // The generation and step of this test's channel, the other bits of the case.
            let kid = (long(case, "kid") & !0xFF) | 0x12;
            let refused = decryptor.decrypt_to_vec(&FrameInfo::default(), &forged(kid));
            let is_named = match refused {
                Err(Error::StaleSession { .. }) => reason == "StaleSession",
                Err(Error::ClockMismatch { .. }) => reason == "ClockMismatch",
                _ => false,
            };
            assert!(is_named, "{name}: {refused:?}");
            refusals += 1;
            continue;
        }
        let period = long(case, "period");
        let sender = Side::joined(&[7; 32], 4, clock, 1, 2);
        if clock {
            // No sender with a clock is in period 0.
            let Some(seconds) = period.checked_mul(HOUR).filter(|&seconds| seconds > 0) else {
                continue;
            };
            sender.store.tick(seconds).unwrap();
        }
        let result = decryptor.decrypt_to_vec(&FrameInfo::default(), &sender.frame());
        assert!(result.is_ok(), "{name}: {result:?}");
        opened += 1;
    }
    assert!(opened >= 10 && refusals >= 6, "{opened} and {refusals}");
    println!("vectors: mediaseal periods: {}", opened + refusals);
}

#[test]
fn steps() {
    let file = file(include_str!("vectors/mediaseal/channel-sessions.json"));
    for case in group(&file, "steps") {
        let name = text(case, "name");
        let step_of = |field| u32::try_from(number(case, field)).unwrap();
        let (base, head) = (step_of("base"), step_of("head"));
        let receiver = Side::joined(&[7; 32], 4, false, 1, base);
        receiver.channel.advance_to(1, head).unwrap();
        let mut decryptor = receiver.decryptor(b"alice", Media::AUDIO);
        if case["reason"].as_str() == Some("RetiredKey") {
            let kid = (long(case, "kid") & !0xFF & !0x300) | 0x10 | (long(case, "kid") & 15);
            let refused = decryptor.decrypt_to_vec(&FrameInfo::default(), &forged(kid));
            assert!(
                matches!(refused, Err(Error::RetiredKey { .. })),
                "{name}: {refused:?}"
            );
            continue;
        }
        let step = step_of("step");
        let sender = Side::joined(&[7; 32], 4, false, 1, base);
        let mut at = base;
        while at < step {
            at += (step - at).min(7);
            sender.channel.advance_to(1, at).unwrap();
            sender.channel.end_grace();
        }
        let mut out = [0; 5];
        let opened = decryptor
            .decrypt_into(&FrameInfo::default(), &sender.frame(), &mut out)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(opened.epoch, Some((1, step)), "{name}");
    }
    let count = group(&file, "steps").len();
    assert!(count >= 160);
    println!("vectors: mediaseal steps: {count}");
}

#[test]
fn epoch_secrets() {
    let file = file(include_str!("vectors/mediaseal/epoch-secret.json"));
    for case in group(&file, "cases") {
        let name = text(case, "name");
        let from_octets = EpochSecret::from_bytes(&octets(case, "octets")).unwrap();
        let from_text = EpochSecret::from_text(text(case, "text")).unwrap();
        for epoch in [from_octets, from_text] {
            assert_eq!(*epoch.to_bytes(), octets(case, "octets"), "{name}");
            assert_eq!(*epoch.to_text(), text(case, "text"), "{name}");
            assert_eq!(epoch.suite(), suite(case), "{name}");
            assert_eq!(epoch.generation(), long(case, "generation"), "{name}");
            assert_eq!(u64::from(epoch.step()), number(case, "step"), "{name}");
        }
    }
    for case in group(&file, "refused") {
        let reason = text(case, "reason");
        let refused = match case["text"].as_str() {
            Some(text) => EpochSecret::from_text(text),
            None => EpochSecret::from_bytes(&octets(case, "octets")),
        }
        .err();
        let is_named = match refused {
            Some(Error::Misuse(Misuse::EpochText)) => {
                matches!(reason, "prefix" | "base32" | "checksum")
            }
            Some(Error::Misuse(Misuse::EpochFormat { .. })) => reason == "version",
            Some(Error::Misuse(Misuse::EpochOctets)) => {
                !matches!(reason, "prefix" | "base32" | "checksum" | "version")
            }
            _ => false,
        };
        assert!(is_named, "{}: {reason}: {refused:?}", text(case, "name"));
    }
    let count = group(&file, "cases").len() + group(&file, "refused").len();
    assert!(count >= 46);
    println!("vectors: mediaseal epoch secrets: {count}");
}

#[test]
fn key_checks() {
    let file = file(include_str!("vectors/mediaseal/key-check.json"));
    let mut count = 0;
    for case in group(&file, "cases").iter().chain(group(&file, "refused")) {
        // Challenges and answers of another length do not compile.
        let (Ok(challenge), Ok(answer)) = (
            <[u8; 16]>::try_from(octets(case, "challenge")),
            <[u8; 16]>::try_from(octets(case, "answer")),
        ) else {
            continue;
        };
        let clock = number(case, "clock") == 1;
        let side = Side::joined(&octets(case, "secret"), suite(case).value(), clock, 1, 0);
        let sender = SenderId::new(octets(case, "sender_id")).unwrap();
        let verified = side.channel.verify_key_check(&sender, &challenge, &answer);
        assert_eq!(
            verified,
            Ok(case["reason"].is_null()),
            "{}",
            text(case, "name")
        );
        count += 1;
    }
    assert!(count >= 12, "{count}");
    println!("vectors: mediaseal key checks: {count}");
}

#[test]
fn passphrases() {
    let file = file(include_str!("vectors/mediaseal/passphrase.json"));
    for case in group(&file, "cases") {
        let params: PassphraseParams = text(case, "phc").parse().unwrap();
        assert_eq!(params.to_string(), text(case, "phc"));
        let passphrase = String::from_utf8(octets(case, "passphrase")).unwrap();
        let key = ChannelKey::from_passphrase(&passphrase, &params).unwrap();
        let expected = ChannelKey::from_slice(&octets(case, "channel_key")).unwrap();
        assert_eq!(key, expected, "{}", text(case, "name"));
    }
    for case in group(&file, "refused") {
        let (name, reason) = (text(case, "name"), text(case, "reason"));
        let params = text(case, "phc").parse::<PassphraseParams>();
        if reason != "passphrase" {
            assert_eq!(
                params.err(),
                Some(Misuse::PassphraseParams.into()),
                "{name}: {reason}"
            );
            continue;
        }
        let passphrase = String::from_utf8(octets(case, "passphrase")).unwrap();
        let refused = ChannelKey::from_passphrase(&passphrase, &params.unwrap()).err();
        let len = passphrase.len();
        assert_eq!(
            refused,
            Some(Misuse::PassphraseLength { len }.into()),
            "{name}"
        );
    }
    let count = group(&file, "cases").len() + group(&file, "refused").len();
    assert!(count >= 42);
    println!("vectors: mediaseal passphrases: {count}");
}
