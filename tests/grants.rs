//! Keys sealed to people and recorders, through the public API alone.
#![cfg(feature = "recording")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Mutex;

use mediaseal::vault::grant::{
    Envelope, Grant, GrantError, Identity, Kem, Payload, Recipient, SessionGrant, SessionKey,
    Signer, SignerPublic, Stanza, accept, invite, join, session_grant,
};
use mediaseal::vault::{Dek, KekWrapper, WrapAlgorithm, WrapContext, WrapError, WrappedKey};
use mediaseal::{
    BaseKey, Channel, ChannelConfig, ChannelDecryptor, ChannelEncryptor, ChannelKey, ChannelStore,
    CipherSuite, Error, Event, FrameInfo, KeyId, KeyStore, Media, Misuse, Mode, NewGeneration,
    PassphraseParams, SenderId,
};

const NOW: u64 = 1_800_000_000;

fn dek() -> Dek {
    Dek::from_bytes(&[0x42; 32])
}

fn opened_dek(payload: &Payload) -> [u8; 32] {
    match payload {
        Payload::Dek(dek) => *dek.expose(),
        other => panic!("{other:?}"),
    }
}

/// Cheap enough for a test: 64 KiB.
fn cheap() -> PassphraseParams {
    let text = PassphraseParams::generate().unwrap().to_string();
    text.replace("m=65536,t=3,p=4", "m=64,t=1,p=1")
        .parse()
        .unwrap()
}

fn context() -> WrapContext {
    WrapContext {
        purpose: vec![7; 32],
        region: "eu-central-1".to_owned(),
    }
}

#[test]
fn a_grant_opens_for_its_recipient_signer_and_context_alone() {
    for kem in Kem::ALL {
        let (bob, eve) = (
            Identity::generate(kem).unwrap(),
            Identity::generate(kem).unwrap(),
        );
        let (alice, mallory) = (Signer::generate().unwrap(), Signer::generate().unwrap());
        let payload = Payload::Dek(dek());
        let grant = Grant::seal(&payload, bob.recipient(), &alice, b"context").unwrap();
        let octets = grant.to_bytes();
        let read = Grant::from_bytes(&octets).unwrap();
        assert_eq!(read, grant);
        assert_eq!(grant.to_string().parse::<Grant>().unwrap(), grant);
        assert_eq!(read.recipient(), bob.recipient().id());
        assert_eq!(read.kem(), kem);
        let opened = read.open(&bob, alice.public(), b"context").unwrap();
        assert_eq!(opened_dek(&opened), [0x42; 32]);
        read.verify(bob.recipient(), alice.public(), b"context")
            .unwrap();
        let refused = |identity, signer: &Signer, context: &[u8]| {
            read.open(identity, signer.public(), context).unwrap_err()
        };
        assert!(matches!(
            refused(&eve, &alice, b"context"),
            GrantError::OtherRecipient
        ));
        assert!(matches!(
            refused(&bob, &mallory, b"context"),
            GrantError::Signature
        ));
        assert!(matches!(
            refused(&bob, &alice, b"contexT"),
            GrantError::Signature
        ));
        assert!(matches!(refused(&bob, &alice, b""), GrantError::Signature));
        // Nobody but the recipient can tell two grants of one key from those of two.
        let again = Grant::seal(&payload, bob.recipient(), &alice, b"context").unwrap();
        assert_ne!(again.to_bytes(), octets);
    }
}

#[test]
fn every_changed_octet_and_every_length_is_refused() {
    let alice = Signer::generate().unwrap();
    for kem in Kem::ALL {
        let bob = Identity::generate(kem).unwrap();
        let octets = Grant::seal(&Payload::Dek(dek()), bob.recipient(), &alice, b"c")
            .unwrap()
            .to_bytes();
        for at in 0..octets.len() {
            let mut changed = octets.clone();
            changed[at] ^= 0x01;
            let refused = Grant::from_bytes(&changed)
                .and_then(|grant| grant.open(&bob, alice.public(), b"c"))
                .unwrap_err();
            let expected = match at {
                0 => matches!(refused, GrantError::UnknownVersion { version: 0 }),
                1..=2 => matches!(refused, GrantError::UnknownKem { .. }),
                3..35 => matches!(refused, GrantError::OtherRecipient),
                _ => matches!(refused, GrantError::Signature | GrantError::Malformed),
            };
            assert!(expected, "{kem:?}, octet {at}: {refused:?}");
        }
        for len in 0..octets.len() {
            assert!(Grant::from_bytes(&octets[..len]).is_err(), "{len}");
        }
        assert!(matches!(
            Grant::from_bytes(&[&octets[..], &[0]].concat()),
            Err(GrantError::Malformed)
        ));
    }
}

#[test]
fn who_signs_another_s_grant_anew_gains_nothing() {
    let (alice, mallory) = (Signer::generate().unwrap(), Signer::generate().unwrap());
    let bob = Identity::generate(Kem::X25519).unwrap();
    let octets = Grant::seal(&Payload::Dek(dek()), bob.recipient(), &alice, b"c")
        .unwrap()
        .to_bytes();
    // Mallory replaces the signature by his own, of the same message.
    let (body, _) = octets.split_at(octets.len() - 64);
    let (enc, sealed) = (&body[35..67], &body[69..]);
    let lp = |octets: &[u8]| {
        let len = u16::try_from(octets.len()).unwrap().to_be_bytes();
        [&len[..], octets].concat()
    };
    let recipient = bob.recipient().to_bytes();
    let message: Vec<u8> = [&b"mediaseal v1 grant"[..]]
        .into_iter()
        .map(<[u8]>::to_vec)
        .chain([&recipient, enc, sealed, b"c"].map(lp))
        .flatten()
        .collect();
    let forged = [body, &mallory.sign(&message)].concat();
    let forged = Grant::from_bytes(&forged).unwrap();
    forged
        .verify(bob.recipient(), mallory.public(), b"c")
        .unwrap();
    assert!(matches!(
        forged.open(&bob, mallory.public(), b"c"),
        Err(GrantError::DoesNotOpen)
    ));
    // The message is right: with Alice's signature it opens.
    let again = [body, &alice.sign(&message)].concat();
    let again = Grant::from_bytes(&again).unwrap();
    assert!(again.open(&bob, alice.public(), b"c").is_ok());
}

#[test]
fn key_text_is_read_strictly() {
    let signer = Signer::generate().unwrap();
    for kem in Kem::ALL {
        let identity = Identity::generate(kem).unwrap();
        let text = identity.to_text();
        assert!(text.starts_with("mediaseal-id-1"));
        let again = Identity::from_text(&text).unwrap();
        assert_eq!(again.recipient(), identity.recipient());
        assert_eq!(*again.to_text(), *text);
        let public = identity.recipient().to_string();
        assert!(public.starts_with("mediaseal-pub-1"));
        assert_eq!(public.parse::<Recipient>().unwrap(), *identity.recipient());
        for text in [
            text.as_str(),
            &public,
            &signer.to_text(),
            &signer.public().to_string(),
        ] {
            assert!(text.is_ascii());
            let parses = |text: &str| {
                u8::from(Identity::from_text(text).is_ok())
                    + u8::from(text.parse::<Recipient>().is_ok())
                    + u8::from(Signer::from_text(text).is_ok())
                    + u8::from(text.parse::<SignerPublic>().is_ok())
                    + u8::from(text.parse::<Grant>().is_ok())
            };
            assert_eq!(parses(text), 1, "one kind reads it");
            for at in (0..text.len()).step_by(1 + text.len() / 97) {
                let mut changed = text.to_owned().into_bytes();
                changed[at] = if changed[at] == b'a' { b'b' } else { b'a' };
                let changed = String::from_utf8(changed).unwrap();
                assert_eq!(parses(&changed), 0, "{at}");
                assert_eq!(parses(&text[..at]), 0);
            }
            assert_eq!(parses(&text.to_uppercase()), 0);
            for stray in [" ", "\n", "=", "a", "1"] {
                assert_eq!(parses(&format!("{text}{stray}")), 0);
                assert_eq!(parses(&format!("{stray}{text}")), 0);
            }
        }
    }
    let again = Signer::from_text(&signer.to_text()).unwrap();
    assert_eq!(again.public(), signer.public());
    assert_eq!(again.sign(b"m"), signer.sign(b"m"));
    let public: SignerPublic = signer.public().to_string().parse().unwrap();
    public.verify(b"m", &signer.sign(b"m")).unwrap();
    assert!(matches!(
        public.verify(b"n", &signer.sign(b"m")),
        Err(GrantError::Signature)
    ));
}

#[test]
fn locked_keys_open_by_their_passphrase_alone() {
    for kem in Kem::ALL {
        assert_eq!(kem.to_string().parse::<Kem>().unwrap(), kem);
        let identity = Identity::generate(kem).unwrap();
        let locked = identity.lock("correct horse", cheap()).unwrap();
        assert!(locked.starts_with("mediaseal-locked-id-1"));
        let again = Identity::unlock(&locked, "correct horse").unwrap();
        assert_eq!(*again.to_text(), *identity.to_text());
        for wrong in ["correct hors", "Correct horse", " "] {
            assert!(matches!(
                Identity::unlock(&locked, wrong),
                Err(GrantError::Passphrase)
            ));
        }
        assert!(matches!(
            Identity::unlock(&locked, ""),
            Err(GrantError::Core(Error::Misuse(Misuse::PassphraseLength {
                len: 0
            })))
        ));
        for at in (0..locked.len()).step_by(5) {
            let mut changed = locked.clone().into_bytes();
            changed[at] = if changed[at] == b'a' { b'b' } else { b'a' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(matches!(
                Identity::unlock(&changed, "correct horse"),
                Err(GrantError::Text)
            ));
        }
    }
    assert!("rsa".parse::<Kem>().is_err());
    let signer = Signer::generate().unwrap();
    let locked = signer.lock("battery", cheap()).unwrap();
    let again = Signer::unlock(&locked, "battery").unwrap();
    assert_eq!(again.public(), signer.public());
    assert!(Signer::unlock(&locked, "staple").is_err());
    assert!(Identity::unlock(&locked, "battery").is_err());
    // The longest salt and costs fit the text.
    let salt = data_encoding::BASE64_NOPAD.encode(&[0xab; 64]);
    let params = format!("$argon2id$v=19$m=1024,t=16,p=16${salt}");
    let locked = signer.lock("battery", params.parse().unwrap()).unwrap();
    assert!(Signer::unlock(&locked, "battery").is_ok());
}

#[test]
fn what_is_no_key_is_refused() {
    // Zero and the order of P-256 are no secret keys; a point off the curve is no public one.
    let order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    let order: [u8; 32] = data_encoding::HEXLOWER
        .decode(order.as_bytes())
        .unwrap()
        .try_into()
        .unwrap();
    for octets in [[0; 32], order, [0xff; 32]] {
        assert!(matches!(
            Identity::from_bytes(Kem::P256, &octets),
            Err(GrantError::Key)
        ));
    }
    let p256 = Identity::generate(Kem::P256).unwrap();
    let mut off = p256.recipient().public_key().to_vec();
    off[64] ^= 1;
    // The compressed form is another way to write the same key, and no second one is taken.
    let compressed = [&[2 + (off[64] & 1)], &off[1..33]].concat();
    for octets in [&off[..], &compressed, &[0], &[]] {
        assert!(Recipient::from_public_key(Kem::P256, octets).is_err());
    }
    for kem in Kem::ALL {
        let key = Identity::generate(kem).unwrap().recipient().clone();
        let longer = [key.public_key(), &[0]].concat();
        assert!(Recipient::from_public_key(kem, &longer).is_err());
        assert!(Recipient::from_public_key(kem, &longer[1..longer.len() - 1]).is_err());
    }
    // An ML-KEM key with a coefficient at or above the prime (FIPS 203 section 7.2).
    let mut x_wing = Identity::generate(Kem::XWing)
        .unwrap()
        .recipient()
        .public_key()
        .to_vec();
    x_wing[..3].fill(0xff);
    assert!(Recipient::from_public_key(Kem::XWing, &x_wing).is_err());
    // The neutral element, under which anybody can sign, and no point at all.
    let mut neutral = [0; 32];
    neutral[0] = 1;
    for octets in [neutral, [0; 32], [0xff; 32]] {
        assert!(matches!(
            SignerPublic::from_bytes(&octets),
            Err(GrantError::Key)
        ));
    }
}

/// A KEK in memory. `docs/formats/custody.md` has what real providers do; here the DEK is masked, and all that matters is that the context is looked at.
struct Masking {
    kek_id: &'static str,
    version: u32,
    asked: Mutex<u32>,
}

impl Masking {
    fn new(kek_id: &'static str, version: u32) -> Self {
        Self {
            kek_id,
            version,
            asked: Mutex::new(0),
        }
    }
}

impl KekWrapper for Masking {
    fn wrap(&self, dek: &Dek, context: &WrapContext) -> Result<WrappedKey, WrapError> {
        let bound = context.authenticated(self.kek_id, self.version)?;
        let masked = dek.expose().map(|octet| octet ^ 0x5a);
        Ok(WrappedKey {
            provider: "test".to_owned(),
            kek_id: self.kek_id.to_owned(),
            kek_version: self.version,
            algorithm: WrapAlgorithm::Foreign,
            region: context.region.clone(),
            context_hash: [9; 32],
            octets: [&masked[..], &bound].concat(),
        })
    }

    fn unwrap(&self, wrapped: &WrappedKey, context: &WrapContext) -> Result<Dek, WrapError> {
        *self.asked.lock().unwrap() += 1;
        let bound = context.authenticated(self.kek_id, self.version)?;
        match wrapped.octets.split_first_chunk::<32>() {
            Some((masked, rest)) if wrapped.kek_id == self.kek_id && rest == bound => {
                Ok(Dek::from_bytes(&masked.map(|octet| octet ^ 0x5a)))
            }
            _ => Err(WrapError::DoesNotAuthenticate),
        }
    }
}

#[test]
fn an_envelope_opens_by_each_of_its_ways() {
    let recorder = Signer::generate().unwrap();
    let owners: Vec<_> = Kem::ALL.map(|kem| Identity::generate(kem).unwrap()).into();
    let (kek, other_kek) = (Masking::new("kek-1", 3), Masking::new("kek-2", 1));
    let (context, dek) = (context(), dek());
    let mut envelope = Envelope::new();
    envelope.add_provider(&dek, &other_kek, &context).unwrap();
    envelope.add_provider(&dek, &kek, &context).unwrap();
    for owner in &owners {
        envelope
            .add_recipient(&dek, owner.recipient(), &recorder, &context)
            .unwrap();
    }
    envelope
        .add_passphrase(&dek, "correct horse", cheap(), &context)
        .unwrap();
    let octets = envelope.to_bytes().unwrap();
    let envelope = Envelope::from_bytes(&octets).unwrap();
    assert_eq!(envelope.to_bytes().unwrap(), octets);
    assert_eq!(envelope.stanzas().len(), 6);
    assert_eq!(envelope.recipients().count(), 3);

    let elsewhere = WrapContext {
        region: "us-east-1".to_owned(),
        ..context.clone()
    };
    let signers = [*recorder.public()];
    for owner in &owners {
        let opened = envelope.open_by_identity(owner, &signers, &context);
        assert_eq!(opened.unwrap().expose(), dek.expose());
        assert!(matches!(
            envelope.open_by_identity(owner, &signers, &elsewhere),
            Err(GrantError::Signature)
        ));
        assert!(matches!(
            envelope.open_by_identity(owner, &[], &context),
            Err(GrantError::Signature)
        ));
        let others = [*Signer::generate().unwrap().public()];
        assert!(matches!(
            envelope.open_by_identity(owner, &others, &context),
            Err(GrantError::Signature)
        ));
    }
    let stranger = Identity::generate(Kem::X25519).unwrap();
    assert!(matches!(
        envelope.open_by_identity(&stranger, &signers, &context),
        Err(GrantError::NoStanza)
    ));
    for kek in [&kek, &other_kek] {
        let opened = envelope.open_by_provider(kek, &context).unwrap();
        assert_eq!(opened.expose(), dek.expose());
        assert!(matches!(
            envelope.open_by_provider(kek, &elsewhere),
            Err(GrantError::Wrap(WrapError::DoesNotAuthenticate))
        ));
    }
    let opened = envelope.open_by_passphrase("correct horse", &context);
    assert_eq!(opened.unwrap().expose(), dek.expose());
    assert!(matches!(
        envelope.open_by_passphrase("correct hors", &context),
        Err(GrantError::Passphrase)
    ));
    assert!(matches!(
        envelope.open_by_passphrase("correct horse", &elsewhere),
        Err(GrantError::Passphrase)
    ));
    assert!(matches!(
        Envelope::new().open_by_passphrase("correct horse", &context),
        Err(GrantError::NoStanza)
    ));
}

#[test]
fn people_come_and_go_and_keks_change() {
    let recorder = Signer::generate().unwrap();
    let (bob, carol) = (
        Identity::generate(Kem::X25519).unwrap(),
        Identity::generate(Kem::XWing).unwrap(),
    );
    let (old, new) = (Masking::new("kek", 1), Masking::new("kek", 2));
    let (context, dek) = (context(), dek());
    let mut envelope = Envelope::new();
    let wrapped = old.wrap(&dek, &context).unwrap();
    envelope.add_provider(&dek, &old, &context).unwrap();
    for owner in [&bob, &carol, &bob] {
        envelope
            .add_recipient(&dek, owner.recipient(), &recorder, &context)
            .unwrap();
    }
    assert_eq!(envelope.stanzas().len(), 3, "bob is in once");
    // Neither of these needs the DEK.
    assert!(envelope.remove_recipient(&bob.recipient().id()));
    assert!(!envelope.remove_recipient(&bob.recipient().id()));
    let rewrapped = new.wrap(&dek, &context).unwrap();
    envelope.replace(&wrapped, rewrapped.clone()).unwrap();
    assert!(matches!(
        envelope.replace(&wrapped, rewrapped),
        Err(GrantError::NoStanza)
    ));
    let signers = [*recorder.public()];
    assert!(matches!(
        envelope.open_by_identity(&bob, &signers, &context),
        Err(GrantError::NoStanza)
    ));
    assert!(
        envelope
            .open_by_identity(&carol, &signers, &context)
            .is_ok()
    );
    assert!(envelope.open_by_provider(&new, &context).is_ok());
    assert!(envelope.open_by_provider(&old, &context).is_err());
    // Carol lets dave in, and signs for him.
    let dave = Identity::generate(Kem::P256).unwrap();
    let carol_signs = Signer::generate().unwrap();
    let opened = envelope
        .open_by_identity(&carol, &signers, &context)
        .unwrap();
    envelope
        .add_recipient(&opened, dave.recipient(), &carol_signs, &context)
        .unwrap();
    let trusted = [*recorder.public(), *carol_signs.public()];
    assert!(envelope.open_by_identity(&dave, &trusted, &context).is_ok());
    assert!(
        envelope
            .open_by_identity(&dave, &signers, &context)
            .is_err()
    );
}

#[test]
fn stanzas_of_later_versions_are_kept_and_open_nothing() {
    let (bob, recorder) = (
        Identity::generate(Kem::X25519).unwrap(),
        Signer::generate().unwrap(),
    );
    let mut envelope = Envelope::new();
    envelope
        .add_recipient(&dek(), bob.recipient(), &recorder, &context())
        .unwrap();
    let mut octets = envelope.to_bytes().unwrap();
    // Types 9 and 200, a grant of version 2, one of KEM 0x0051, and a passphrase of version 7.
    octets[9] = 6;
    for stanza in [
        &[9, 0, 2, 1, 2][..],
        &[200, 0, 0],
        &[2, 0, 2, 2, 0],
        &[2, 0, 4, 1, 0, 0x51, 0],
        &[3, 0, 1, 7],
    ] {
        octets.extend_from_slice(stanza);
    }
    let read = Envelope::from_bytes(&octets).unwrap();
    let unknown = |stanza: &&Stanza| matches!(stanza, Stanza::Unknown { .. });
    assert_eq!(read.stanzas().iter().filter(unknown).count(), 5);
    assert_eq!(read.to_bytes().unwrap(), octets);
    let signers = [*recorder.public()];
    assert!(read.open_by_identity(&bob, &signers, &context()).is_ok());
    // The envelope's own version is another matter.
    let mut later = octets.clone();
    later[7] = 2;
    assert!(matches!(
        Envelope::from_bytes(&later),
        Err(GrantError::UnknownVersion { version: 2 })
    ));
    for len in 0..octets.len() {
        assert!(Envelope::from_bytes(&octets[..len]).is_err(), "{len}");
    }
    octets.push(0);
    assert!(Envelope::from_bytes(&octets).is_err());
    // More stanzas than may be, and no octets for them.
    assert!(Envelope::from_bytes(b"MSENV\0\0\x01\xff\xff").is_err());
}

#[test]
fn envelopes_have_bounds() {
    let mut envelope = Envelope::new();
    for _ in 0..8 {
        envelope
            .add_passphrase(&dek(), "words", cheap(), &context())
            .unwrap();
    }
    let ninth = envelope.add_passphrase(&dek(), "words", cheap(), &context());
    assert!(matches!(ninth, Err(GrantError::TooLong)));
    // Nine of them from elsewhere, which might each ask for 1 GiB.
    let octets = envelope.to_bytes().unwrap();
    assert!(Envelope::from_bytes(&octets).is_ok());
    let (head, stanzas) = octets.split_at(10);
    let one = &stanzas[..stanzas.len() / 8];
    let nine = [&head[..8], &[0, 9], stanzas, one].concat();
    assert!(matches!(
        Envelope::from_bytes(&nine),
        Err(GrantError::Malformed)
    ));
    let kek = Masking::new("kek", 1);
    for _ in 8..Envelope::MAX_STANZAS {
        envelope.add_provider(&dek(), &kek, &context()).unwrap();
    }
    let over = envelope.add_provider(&dek(), &kek, &context());
    assert!(matches!(over, Err(GrantError::TooLong)));
    let octets = envelope.to_bytes().unwrap();
    assert_eq!(Envelope::from_bytes(&octets).unwrap(), envelope);
}

#[test]
fn changed_envelopes_open_nothing() {
    let (bob, recorder) = (
        Identity::generate(Kem::X25519).unwrap(),
        Signer::generate().unwrap(),
    );
    let mut envelope = Envelope::new();
    envelope
        .add_recipient(&dek(), bob.recipient(), &recorder, &context())
        .unwrap();
    envelope
        .add_passphrase(&dek(), "words", cheap(), &context())
        .unwrap();
    let octets = envelope.to_bytes().unwrap();
    let signers = [*recorder.public()];
    let passphrase_at = octets.windows(9).position(|w| w == b"$argon2id").unwrap() - 6;
    for at in 0..octets.len() {
        let mut changed = octets.clone();
        changed[at] ^= 0x04;
        let Ok(envelope) = Envelope::from_bytes(&changed) else {
            continue;
        };
        if at < passphrase_at {
            assert!(
                envelope
                    .open_by_identity(&bob, &signers, &context())
                    .is_err(),
                "{at}"
            );
        } else {
            // Costs stay small: a digit of `m`, `t` or `p` may change, within the bounds of the reader.
            let opened = envelope.open_by_passphrase("words", &context());
            assert!(opened.is_err(), "{at}");
        }
    }
}

/// A member of a channel with clock.
fn member(key: &ChannelKey) -> (ChannelStore, Channel) {
    let store = ChannelStore::new().unwrap();
    let config = ChannelConfig::new("room").unwrap();
    let config = config.instance("call 7").unwrap().with_clock();
    let channel = store.channel(config).unwrap();
    channel
        .stage(NewGeneration::new(4, key.duplicate()))
        .unwrap();
    store.tick(NOW).unwrap();
    channel.activate(4).unwrap();
    (store, channel)
}

fn alice() -> SenderId {
    SenderId::new("alice").unwrap()
}

#[test]
fn an_invitation_brings_a_member_from_its_step_on() {
    let key = ChannelKey::generate().unwrap();
    let (_store, host) = member(&key);
    let (host_signs, mallory) = (Signer::generate().unwrap(), Signer::generate().unwrap());
    let mut encryptor =
        ChannelEncryptor::for_channel(&host, alice(), Media::AUDIO, Mode::Frame).unwrap();
    let before = encryptor
        .encrypt_to_vec(&FrameInfo::default(), b"before")
        .unwrap();
    for (kem, step) in Kem::ALL.into_iter().zip(1..) {
        host.advance_to(4, step).unwrap();
        let bob = Identity::generate(kem).unwrap();
        let invitation = invite(&host, bob.recipient(), &host_signs).unwrap();
        let invitation: Grant = invitation.to_string().parse().unwrap();
        let store = ChannelStore::new().unwrap();
        store.tick(NOW).unwrap();
        let refused = join(&store, &invitation, &bob, mallory.public(), None);
        assert!(matches!(refused, Err(GrantError::Signature)));
        let channel = join(&store, &invitation, &bob, host_signs.public(), None).unwrap();
        store.tick(NOW).unwrap();
        channel.activate(4).unwrap();
        assert_eq!(channel.safety_code().unwrap(), host.safety_code().unwrap());
        let mut decryptor =
            ChannelDecryptor::for_channel(&channel, &[(alice(), Media::AUDIO)], Mode::Frame)
                .unwrap();
        let now = encryptor
            .encrypt_to_vec(&FrameInfo::default(), b"now")
            .unwrap();
        let opened = decryptor.decrypt_to_vec(&FrameInfo::default(), &now);
        assert_eq!(opened.unwrap(), b"now");
        let refused = decryptor.decrypt_to_vec(&FrameInfo::default(), &before);
        assert!(
            matches!(refused, Err(Error::RetiredKey { .. })),
            "{refused:?}"
        );
        // The channel is open: the next invitation goes to its handle.
        assert!(matches!(
            join(&store, &invitation, &bob, host_signs.public(), None),
            Err(GrantError::Core(Error::Misuse(Misuse::ChannelOpen)))
        ));
        accept(&channel, &invitation, &bob, host_signs.public(), None).unwrap();
        let other = store
            .channel(ChannelConfig::new("other room").unwrap())
            .unwrap();
        assert!(matches!(
            accept(&other, &invitation, &bob, host_signs.public(), None),
            Err(GrantError::Core(Error::Misuse(Misuse::EpochMismatch)))
        ));
    }
    let store = ChannelStore::new().unwrap();
    let idle = store.channel(ChannelConfig::new("idle").unwrap()).unwrap();
    let bob = Identity::generate(Kem::X25519).unwrap();
    assert!(matches!(
        invite(&idle, bob.recipient(), &host_signs),
        Err(GrantError::Core(Error::NoActiveKey))
    ));
}

/// The sessions that have begun since the last call, with what they carry.
fn sessions(store: &ChannelStore) -> Vec<(KeyId, Media)> {
    std::iter::from_fn(|| store.poll_event())
        .filter_map(|event| match event {
            Event::SessionStarted { kid, media, .. } => Some((kid, media)),
            _ => None,
        })
        .collect()
}

#[test]
fn owners_open_what_the_recorder_cannot() {
    let (store, channel) = member(&ChannelKey::generate().unwrap());
    let sender_signs = Signer::generate().unwrap();
    let owners: Vec<_> = Kem::ALL.map(|kem| Identity::generate(kem).unwrap()).into();
    let public: Vec<Recipient> = owners
        .iter()
        .map(|owner| owner.recipient().clone())
        .collect();
    let mut audio =
        ChannelEncryptor::for_channel(&channel, alice(), Media::AUDIO, Mode::Frame).unwrap();
    let mut video =
        ChannelEncryptor::for_channel(&channel, alice(), Media::VIDEO, Mode::Frame).unwrap();
    let info = FrameInfo::default();
    // What the recorder has: frames as they came, and octets of grants.
    let mut frames = Vec::new();
    let mut grants = Vec::new();
    for hour in 0..3_u64 {
        store.tick(NOW + 3600 * hour).unwrap();
        for frame in 0..5 {
            let text = format!("{hour} {frame}");
            frames.push((
                Media::AUDIO,
                text.clone(),
                audio.encrypt_to_vec(&info, text.as_bytes()).unwrap(),
            ));
            frames.push((
                Media::VIDEO,
                text.clone(),
                video.encrypt_to_vec(&info, text.as_bytes()).unwrap(),
            ));
        }
        for (kid, _) in sessions(&store) {
            let grant = session_grant(&channel, kid, &public, &sender_signs).unwrap();
            assert_eq!(grant.kid(), kid);
            grants.push(grant.to_bytes().unwrap());
        }
    }
    assert_eq!(grants.len(), 6, "one a session");
    for owner in &owners {
        let keys = KeyStore::raw(CipherSuite::AES_128_GCM_SHA256_128).unwrap();
        for octets in &grants {
            let grant = SessionGrant::from_bytes(octets).unwrap();
            let session = grant.open(owner, &[*sender_signs.public()]).unwrap();
            assert_eq!(session.kid(), grant.kid());
            assert_eq!(*session.sender(), alice());
            assert_eq!((session.generation(), session.step()), (4, 0));
            assert!((0..3).any(|hour| session.period() == NOW / 3600 + hour));
            session.receive_in(&keys).unwrap();
            assert!(matches!(
                grant.open(owner, &[*Signer::generate().unwrap().public()]),
                Err(GrantError::Signature)
            ));
        }
        let mut decryptor = ChannelDecryptor::new(&keys, Mode::Frame).unwrap();
        for (_, text, sealed) in &frames {
            let opened = decryptor.decrypt_to_vec(&info, sealed).unwrap();
            assert_eq!(opened, text.as_bytes());
        }
        // Nothing that was not granted: another session of the same sender.
        let mut screen =
            ChannelEncryptor::for_channel(&channel, alice(), Media::SCREEN, Mode::Frame).unwrap();
        let sealed = screen.encrypt_to_vec(&info, b"secret").unwrap();
        assert!(matches!(
            decryptor.decrypt_to_vec(&info, &sealed),
            Err(Error::MissingKey { .. })
        ));
    }
    let stranger = Identity::generate(Kem::X25519).unwrap();
    let grant = SessionGrant::from_bytes(&grants[0]).unwrap();
    assert!(matches!(
        grant.open(&stranger, &[*sender_signs.public()]),
        Err(GrantError::NoStanza)
    ));
    // A grant under another KID's name does not pass for it.
    let mut renamed = grants[0].clone();
    renamed[8] ^= 1;
    let renamed = SessionGrant::from_bytes(&renamed).unwrap();
    assert!(matches!(
        renamed.open(&owners[0], &[*sender_signs.public()]),
        Err(GrantError::Signature)
    ));
    assert!(matches!(
        session_grant(&channel, KeyId::new(1), &public, &sender_signs),
        Err(GrantError::Core(Error::Misuse(
            Misuse::UnknownSendKey { .. }
        )))
    ));
    for len in 0..grants[0].len() {
        assert!(SessionGrant::from_bytes(&grants[0][..len]).is_err());
    }
}

#[test]
fn a_session_that_has_just_ended_can_be_granted() {
    let (store, channel) = member(&ChannelKey::generate().unwrap());
    let signer = Signer::generate().unwrap();
    let bob = Identity::generate(Kem::X25519).unwrap();
    let owners = [bob.recipient().clone()];
    let mut encryptor =
        ChannelEncryptor::for_channel(&channel, alice(), Media::AUDIO, Mode::Frame).unwrap();
    let mut sealed = Vec::new();
    for step in 0..6 {
        channel.advance_to(4, step).unwrap();
        let frame = encryptor
            .encrypt_to_vec(&FrameInfo::default(), b"frame")
            .unwrap();
        sealed.push(frame);
    }
    let kids: Vec<_> = sessions(&store).into_iter().map(|(kid, _)| kid).collect();
    assert_eq!(kids.len(), 6);
    let unknown = |grant| {
        matches!(
            grant,
            Err(GrantError::Core(Error::Misuse(
                Misuse::UnknownSendKey { .. }
            )))
        )
    };
    let grant = |kid| session_grant(&channel, kid, &owners, &signer);
    assert!(unknown(grant(kids[0])), "4 before the one that seals");
    let keys = KeyStore::raw(CipherSuite::AES_128_GCM_SHA256_128).unwrap();
    for kid in &kids[1..] {
        let session = grant(*kid).unwrap().open(&bob, &[*signer.public()]);
        session.unwrap().receive_in(&keys).unwrap();
    }
    let mut decryptor = ChannelDecryptor::new(&keys, Mode::Frame).unwrap();
    for frame in &sealed[1..] {
        let opened = decryptor.decrypt_to_vec(&FrameInfo::default(), frame);
        assert_eq!(opened.unwrap(), b"frame");
    }
    // After grace the secrets of the steps below are gone, and so is what could be granted.
    channel.end_grace();
    assert!(unknown(grant(kids[3])));
    assert!(grant(kids[5]).is_ok());
}

#[test]
fn raw_keys_are_handed_over_likewise() {
    let (bob, signer) = (
        Identity::generate(Kem::P256).unwrap(),
        Signer::generate().unwrap(),
    );
    let suite = CipherSuite::AES_256_GCM_SHA512_128;
    let base_key = BaseKey::from_slice(&[9; 64]).unwrap();
    let session = SessionKey::raw(
        suite,
        KeyId::new(3),
        alice(),
        Media::DATA,
        base_key.duplicate(),
    );
    let grant = SessionGrant::seal(session, &[bob.recipient().clone()], &signer).unwrap();
    let opened = grant.open(&bob, &[*signer.public()]).unwrap();
    assert_eq!(*opened.base_key(), base_key);
    assert_eq!((opened.suite(), opened.media()), (suite, Media::DATA));
    let other = KeyStore::raw(CipherSuite::AES_128_GCM_SHA256_128).unwrap();
    assert!(matches!(
        opened.receive_in(&other),
        Err(GrantError::OtherPayload)
    ));
}

#[test]
fn one_kind_of_key_does_not_pass_for_another() {
    let (bob, signer) = (
        Identity::generate(Kem::X25519).unwrap(),
        Signer::generate().unwrap(),
    );
    // A DEK, signed for the context of an invitation.
    let grant = Grant::seal(
        &Payload::Dek(dek()),
        bob.recipient(),
        &signer,
        b"epoch secret",
    )
    .unwrap();
    let store = ChannelStore::new().unwrap();
    assert!(matches!(
        join(&store, &grant, &bob, signer.public(), None),
        Err(GrantError::OtherPayload)
    ));
}

#[test]
fn contexts_have_a_longest_one() {
    let (bob, signer) = (
        Identity::generate(Kem::X25519).unwrap(),
        Signer::generate().unwrap(),
    );
    let seal =
        |context: &[u8]| Grant::seal(&Payload::Dek(dek()), bob.recipient(), &signer, context);
    let longest = vec![1; 65_000];
    let grant = seal(&longest).unwrap();
    assert!(grant.open(&bob, signer.public(), &longest).is_ok());
    for len in [65_001, 65_535, 65_536, 100_000] {
        let context = vec![1; len];
        assert!(matches!(seal(&context), Err(GrantError::TooLong)));
        let opened = grant.open(&bob, signer.public(), &context);
        assert!(matches!(
            opened,
            Err(GrantError::TooLong | GrantError::Signature)
        ));
    }
}

#[test]
fn no_secret_is_printed() {
    let bob = Identity::from_bytes(Kem::X25519, &[0x68; 32]).unwrap();
    let signer = Signer::from_bytes(&[0x68; 32]);
    let base_key = BaseKey::from_slice(&[0x68; 32]).unwrap();
    let session = SessionKey::raw(
        CipherSuite::AES_128_GCM_SHA256_128,
        KeyId::new(3),
        alice(),
        Media::AUDIO,
        base_key,
    );
    let payload = Payload::Dek(Dek::from_bytes(&[0x68; 32]));
    let grant = Grant::seal(&payload, bob.recipient(), &signer, b"").unwrap();
    let said = format!("{bob:?} {signer:?} {session:?} {payload:?} {grant:?}");
    for form in ["68686868", "104, 104", "0x68", "hhhh", "aGhoaGho"] {
        assert!(!said.contains(form), "{form} in {said}");
    }
}
