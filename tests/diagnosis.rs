//! Why a frame does not open: each fault is named, in each mode and with each kind of cipher.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(test)]

#[path = "../examples/sm4_gcm/mod.rs"]
mod sm4_gcm;

use std::cell::Cell;

use mediaseal::cipher::{Cipher, CipherError, CipherKey, CostClass, KnownAnswer, Params};
use mediaseal::format::looks::{Look, looks};
use mediaseal::{
    BaseKey, Channel, ChannelConfig, ChannelDecryptor, ChannelEncryptor, ChannelKey, ChannelStore,
    CheckedCipher, CipherSuite, Codec, CounterOrigin, Diagnosis, FrameInfo, KeyId, KeyStore, Media,
    Mode, NalFormat, NewGeneration, Reason, SenderId, Ssrc, Suspects,
};
use sm4_gcm::Sm4Gcm;

const NOW: u64 = 1_800_000_000;
const STREAM: Ssrc = Ssrc::new(7);
const H264: Codec = Codec::H264(NalFormat::AnnexB);

/// How frames are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Frame,
    Packet,
    CodecAware,
}

impl Form {
    const ALL: [Self; 3] = [Self::Frame, Self::Packet, Self::CodecAware];

    fn mode(self) -> Mode {
        match self {
            Self::Packet => Mode::PACKET_1200,
            Self::Frame | Self::CodecAware => Mode::Frame,
        }
    }
}

/// Alice sends to Bob.
struct World {
    form: Form,
    cipher: CheckedCipher,
    alice: Channel,
    bob: Channel,
    stores: [ChannelStore; 2],
    encryptor: ChannelEncryptor,
    decryptor: ChannelDecryptor,
}

fn key(octet: u8) -> ChannelKey {
    ChannelKey::from_slice(&[octet; 32]).unwrap()
}

fn member(cipher: &CheckedCipher, id: &str, octet: u8) -> (ChannelStore, Channel) {
    let store = ChannelStore::new().unwrap();
    let config = ChannelConfig::new(id).unwrap().grace_seconds(10);
    let channel = store.channel(config).unwrap();
    channel
        .stage(NewGeneration::new(1, key(octet)).cipher(cipher))
        .unwrap();
    channel.activate(1).unwrap();
    store.tick(NOW).unwrap();
    (store, channel)
}

fn alice() -> SenderId {
    SenderId::new("alice").unwrap()
}

fn encryptor(channel: &Channel, sender: &str, media: Media, form: Form) -> ChannelEncryptor {
    let sender = SenderId::new(sender).unwrap();
    let mut made = ChannelEncryptor::for_channel(channel, sender, media, form.mode()).unwrap();
    if form == Form::CodecAware {
        made.set_codec(STREAM, H264).unwrap();
    }
    made
}

fn decryptor(channel: &Channel, form: Form) -> ChannelDecryptor {
    let expected = [(alice(), Media::VIDEO)];
    let mut made = ChannelDecryptor::for_channel(channel, &expected, form.mode()).unwrap();
    if form == Form::CodecAware {
        made.set_codec(STREAM, H264).unwrap();
    }
    made
}

/// A key frame of H.264, of which the last octets are no zeros.
fn frame() -> Vec<u8> {
    let mut frame = vec![
        0, 0, 0, 1, 0x67, 0x42, 0xC0, 0x1F, 0, 0, 0, 1, 0x68, 0xCE, 0x3C, 0x80, 0, 0, 0, 1, 0x65,
        0x88, 0x84,
    ];
    frame.extend((0..300).map(|n: u16| n.to_le_bytes()[0] | 0x11));
    frame
}

fn info() -> FrameInfo<'static> {
    FrameInfo::new(STREAM).metadata(b"call 17")
}

impl World {
    fn new(form: Form, cipher: &CheckedCipher) -> Self {
        let (alices, alice) = member(cipher, "room", 1);
        let (bobs, bob) = member(cipher, "room", 1);
        Self {
            form,
            cipher: cipher.clone(),
            encryptor: encryptor(&alice, "alice", Media::VIDEO, form),
            decryptor: decryptor(&bob, form),
            alice,
            bob,
            stores: [alices, bobs],
        }
    }

    fn seal(&mut self) -> Vec<u8> {
        self.encryptor.encrypt_to_vec(&info(), &frame()).unwrap()
    }

    /// Bob opens a frame, so that the session is known.
    fn hear(&mut self) {
        let sealed = self.seal();
        self.decryptor.decrypt_to_vec(&info(), &sealed).unwrap();
    }

    fn explain(&mut self, octets: &[u8]) -> Diagnosis {
        self.decryptor.explain(&info(), octets, &Suspects::new())
    }

    fn explain_with(&mut self, octets: &[u8], suspects: &Suspects<'_>) -> Diagnosis {
        self.decryptor.explain(&info(), octets, suspects)
    }
}

/// A fault: what is done, and whether the reason that comes out is right. Nothing where the form has no such fault.
type Fault = fn(&mut World) -> Option<(Diagnosis, fn(&Reason) -> bool)>;

macro_rules! expect {
    ($diagnosis:expr, $pattern:pat $(if $guard:expr)?) => {
        Some(($diagnosis, |reason| matches!(reason, $pattern $(if $guard)?)))
    };
}

const FAULTS: &[(&str, Fault)] = &[
    ("no fault", |world| {
        let sealed = world.seal();
        expect!(world.explain(&sealed), Reason::Opens)
    }),
    ("wrong key", |world| {
        let (_store, other) = member(&world.cipher, "room", 2);
        world.decryptor = decryptor(&other, world.form);
        let sealed = world.seal();
        expect!(world.explain(&sealed), Reason::WrongKey)
    }),
    ("no such key", |world| {
        let key = key(3);
        world
            .alice
            .stage(NewGeneration::new(2, key).cipher(&world.cipher))
            .unwrap();
        world.alice.activate(2).unwrap();
        let sealed = world.seal();
        expect!(world.explain(&sealed), Reason::NoSuchKey)
    }),
    ("retired", |world| {
        world.hear();
        let sealed = world.seal();
        world
            .bob
            .stage(NewGeneration::new(2, key(3)).cipher(&world.cipher))
            .unwrap();
        world.bob.activate(2).unwrap();
        world.bob.retire(1).unwrap();
        expect!(world.explain(&sealed), Reason::Retired)
    }),
    ("not yet active", |world| {
        for channel in [&world.alice, &world.bob] {
            let new = NewGeneration::new(2, key(3)).cipher(&world.cipher);
            // Bob waits for its time.
            let new = if std::ptr::eq(channel, &world.bob) {
                new.opens_at(NOW + 100)
            } else {
                new
            };
            channel.stage(new).unwrap();
        }
        world.alice.activate(2).unwrap();
        let sealed = world.seal();
        expect!(world.explain(&sealed), Reason::NotYetActive)
    }),
    ("duplicate", |world| {
        let sealed = world.seal();
        world.decryptor.decrypt_to_vec(&info(), &sealed).unwrap();
        expect!(world.explain(&sealed), Reason::Duplicate)
    }),
    ("too old", |world| {
        world.hear();
        let sealed = world.seal();
        for _ in 0..9000 {
            world.seal();
        }
        world.hear();
        expect!(world.explain(&sealed), Reason::TooOld)
    }),
    ("truncated", |world| {
        world.hear();
        let sealed = world.seal();
        // Within the tag that a short frame has, and for H.264 at any place.
        let short = world
            .encryptor
            .encrypt_to_vec(
                &info(),
                if world.form == Form::CodecAware {
                    &[]
                } else {
                    b""
                },
            )
            .unwrap();
        let cut = match world.form {
            Form::CodecAware => &sealed[..sealed.len() - 5],
            Form::Frame | Form::Packet => &short[..short.len() - 5],
        };
        expect!(world.explain(cut), Reason::Truncated)
    }),
    ("trailing octets", |world| {
        let mut sealed = world.seal();
        sealed.extend([9, 8, 7, 6, 9]);
        expect!(
            world.explain(&sealed),
            Reason::TrailingOctets {
                len: 5,
                is_rtp_padding: false
            }
        )
    }),
    ("RTP padding", |world| {
        world.hear();
        let mut sealed = world.seal();
        sealed.extend([0, 0, 0, 0, 0, 0, 7]);
        expect!(
            world.explain(&sealed),
            Reason::TrailingOctets {
                is_rtp_padding: true,
                ..
            }
        )
    }),
    ("RTP header", |world| {
        let header = [0x80, 96, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3];
        let octets = [&header[..], &world.seal()].concat();
        let diagnosis = world.explain(&octets);
        // NAL units are found wherever they begin.
        match world.form {
            Form::CodecAware => expect!(diagnosis, Reason::Opens),
            Form::Frame | Form::Packet => expect!(diagnosis, Reason::LeadingOctets { len: 12 }),
        }
    }),
    ("RTP descriptor", |world| {
        let octets = [&[0xC0][..], &world.seal()].concat();
        let diagnosis = world.explain(&octets);
        match world.form {
            Form::CodecAware => expect!(diagnosis, Reason::Opens),
            Form::Frame | Form::Packet => expect!(diagnosis, Reason::LeadingOctets { len: 1 }),
        }
    }),
    ("other sender", |world| {
        let mut carols = encryptor(&world.alice, "carol", Media::VIDEO, world.form);
        let sealed = carols.encrypt_to_vec(&info(), &frame()).unwrap();
        let senders = ["bob", "carol"].map(|name| (SenderId::new(name).unwrap(), Media::VIDEO));
        let diagnosis = world.explain_with(&sealed, &Suspects::new().senders(&senders));
        expect!(diagnosis, Reason::OtherSender { sender, media: Media::VIDEO } if sender.as_bytes() == b"carol")
    }),
    ("other media", |world| {
        let mut screen = encryptor(&world.alice, "alice", Media::SCREEN, world.form);
        let sealed = screen.encrypt_to_vec(&info(), &frame()).unwrap();
        let senders = [Media::AUDIO, Media::SCREEN].map(|media| (alice(), media));
        let diagnosis = world.explain_with(&sealed, &Suspects::new().senders(&senders));
        expect!(
            diagnosis,
            Reason::OtherSender {
                media: Media::SCREEN,
                ..
            }
        )
    }),
    ("other channel", |world| {
        let (_store, other) = member(&world.cipher, "another room", 1);
        let mut sealing = encryptor(&other, "alice", Media::VIDEO, world.form);
        let sealed = sealing.encrypt_to_vec(&info(), &frame()).unwrap();
        // Bob is a member there too.
        let channels = ["a third", "another room"].map(|id| member(&world.cipher, id, 1).1);
        let diagnosis = world.explain_with(&sealed, &Suspects::new().channels(&channels));
        expect!(diagnosis, Reason::OtherChannel { suspect: 1 })
    }),
    ("no metadata", |world| {
        let sealed = world
            .encryptor
            .encrypt_to_vec(&FrameInfo::new(STREAM), &frame())
            .unwrap();
        expect!(
            world.explain(&sealed),
            Reason::OtherMetadata { suspect: None }
        )
    }),
    ("other metadata", |world| {
        let sealed = world
            .encryptor
            .encrypt_to_vec(&info().metadata(b"call 18"), &frame())
            .unwrap();
        let metadata = [&b"call 16"[..], b"call 18"];
        let diagnosis = world.explain_with(&sealed, &Suspects::new().metadata(&metadata));
        expect!(diagnosis, Reason::OtherMetadata { suspect: Some(1) })
    }),
    ("other codec", |world| match world.form {
        Form::Packet => None,
        Form::Frame => {
            world.encryptor.set_codec(STREAM, H264).unwrap();
            let sealed = world.seal();
            expect!(
                world.explain(&sealed),
                Reason::OtherCodec { sender: Some(H264) }
            )
        }
        Form::CodecAware => {
            world.encryptor.set_codec(STREAM, Codec::Opaque).unwrap();
            let sealed = world.seal();
            expect!(world.explain(&sealed), Reason::OtherCodec { sender: None })
        }
    }),
    ("other NAL format", |world| match world.form {
        Form::Frame | Form::Packet => None,
        Form::CodecAware => {
            let lengths = Codec::H264(NalFormat::Length4);
            world.decryptor.set_codec(STREAM, lengths).unwrap();
            let sealed = world.seal();
            expect!(
                world.explain(&sealed),
                Reason::OtherCodec { sender: Some(H264) }
            )
        }
    }),
    ("altered", |world| {
        world.hear();
        let mut sealed = world.seal();
        // Inside of the ciphertext; 0x55 makes no start code there.
        let middle = sealed.len() - 40;
        sealed[middle] ^= if sealed[middle] == 0x55 {
            0x0F
        } else {
            sealed[middle] ^ 0x55
        };
        expect!(world.explain(&sealed), Reason::Altered)
    }),
    ("not encrypted", |world| {
        world.hear();
        let diagnosis = world.explain(&frame());
        expect!(diagnosis, Reason::NotEncrypted { codec: H264 })
    }),
    ("encrypted twice", |world| {
        let once = world.seal();
        let twice = world.encryptor.encrypt_to_vec(&info(), &once).unwrap();
        expect!(world.explain(&twice), Reason::EncryptedTwice)
    }),
    ("reflected", |world| {
        let sealed = world.seal();
        world.decryptor = decryptor(&world.alice, world.form);
        expect!(world.explain(&sealed), Reason::Reflected)
    }),
    ("empty", |world| expect!(world.explain(&[]), Reason::Empty)),
    ("cipher fails", |world| {
        if world.cipher.suite().value() < 0xF000 {
            return None;
        }
        world.hear();
        let sealed = world.seal();
        FAILS.set(true);
        expect!(world.explain(&sealed), Reason::CipherFailed)
    }),
];

thread_local! {
    /// Whether the custom cipher fails in this thread from now on.
    static FAILS: Cell<bool> = const { Cell::new(false) };
}

/// SM4-GCM as a cipher that is fast enough to try senders who were not announced; it fails when it is told to.
struct Custom;

struct CustomKey(Box<dyn CipherKey>);

impl Cipher for Custom {
    fn suite(&self) -> CipherSuite {
        Sm4Gcm.suite()
    }

    fn params(&self) -> Params {
        Sm4Gcm.params().cost(CostClass::Fast)
    }

    fn new_key(&self, key: &[u8]) -> Result<Box<dyn CipherKey>, CipherError> {
        Ok(Box::new(CustomKey(Sm4Gcm.new_key(key)?)))
    }

    fn known_answers(&self) -> Vec<KnownAnswer<'_>> {
        static SM4: Sm4Gcm = Sm4Gcm;
        SM4.known_answers()
    }
}

impl CipherKey for CustomKey {
    fn seal_in_place(
        &self,
        nonce: &[u8],
        aad: &[u8],
        data: &mut [u8],
        tag: &mut [u8],
    ) -> Result<(), CipherError> {
        self.0.seal_in_place(nonce, aad, data, tag)
    }

    fn open_in_place(
        &self,
        nonce: &[u8],
        aad: &[u8],
        data: &mut [u8],
        tag: &[u8],
    ) -> Result<(), CipherError> {
        if FAILS.get() {
            data.fill(0);
            return Err(CipherError::Failed);
        }
        self.0.open_in_place(nonce, aad, data, tag)
    }
}

/// Every fault in every form, with a built-in cipher and a custom one.
#[test]
fn diagnosis_matrix() {
    let builtin = CheckedCipher::builtin(CipherSuite::AES_128_GCM_SHA256_128).unwrap();
    let custom = CheckedCipher::register(Custom).unwrap();
    let (mut cells, mut right) = (0, 0);
    for form in Form::ALL {
        for cipher in [&builtin, &custom] {
            for (name, fault) in FAULTS {
                let mut world = World::new(form, cipher);
                let Some((diagnosis, is_right)) = fault(&mut world) else {
                    continue;
                };
                FAILS.set(false);
                cells += 1;
                if is_right(&diagnosis.reason) {
                    right += 1;
                } else {
                    let suite = cipher.suite();
                    println!("{name}, {form:?}, {suite:?}: named {:?}", diagnosis.reason);
                }
                assert_eq!(diagnosis.stream, STREAM);
            }
        }
    }
    println!("diagnosis: {right} of {cells} faults named rightly");
    assert_eq!(right, cells);
    assert!(cells >= 100, "{cells} cells");
}

#[test]
fn explaining_changes_nothing() {
    let cipher = CheckedCipher::builtin(CipherSuite::AES_128_GCM_SHA256_128).unwrap();
    for form in Form::ALL {
        let mut world = World::new(form, &cipher);
        let first = world.seal();
        let mut altered = first.clone();
        let middle = altered.len() - 40;
        altered[middle] ^= 0x55;
        for _ in 0..100 {
            world.explain(&first);
            world.explain(&altered);
            world.explain(&frame());
        }
        assert_eq!(world.decryptor.totals().errors.total(), 0);
        assert_eq!(world.stores[1].poll_event(), None);
        // It opens once, as if nobody had looked.
        assert!(world.decryptor.decrypt_to_vec(&info(), &first).is_ok());
        assert!(world.decryptor.decrypt_to_vec(&info(), &first).is_err());
    }
}

#[test]
fn raw_keys_are_explained_too() {
    let base = |octet| BaseKey::from_slice(&[octet; 32]).unwrap();
    let suite = CipherSuite::AES_256_GCM_SHA512_128;
    let [sending, receiving] = [(); 2].map(|()| KeyStore::raw(suite).unwrap());
    let add = |kid, octet| {
        let kid = KeyId::new(kid);
        sending
            .add_send(base(octet), kid, CounterOrigin::FreshKey)
            .unwrap();
        sending.activate(kid).unwrap();
    };
    receiving
        .add_receive(base(1), KeyId::new(1), alice())
        .unwrap();
    receiving
        .add_receive(base(9), KeyId::new(2), alice())
        .unwrap();
    let mut decryptor = ChannelDecryptor::new(&receiving, Mode::Frame).unwrap();
    let mut explain = |octets: &[u8]| {
        let diagnosis = decryptor.explain(&info(), octets, &Suspects::new());
        (
            diagnosis.reason,
            diagnosis.sender,
            diagnosis.header.map(|(kid, _)| kid.value()),
        )
    };
    add(1, 1);
    let mut encryptor = ChannelEncryptor::new(&sending, Mode::Frame).unwrap();
    let mut seal = || encryptor.encrypt_to_vec(&info(), b"frame").unwrap();
    assert_eq!(explain(&seal()), (Reason::Opens, Some(alice()), Some(1)));
    add(2, 2);
    assert_eq!(explain(&seal()), (Reason::WrongKey, None, Some(2)));
    add(3, 3);
    assert_eq!(explain(&seal()), (Reason::NoSuchKey, None, Some(3)));
}

#[test]
fn octets_without_a_key_look_like_what_they_are() {
    let world_frame = frame();
    let trailer = [&[0x55; 40][..], &[1; 12], &[12, 3]].concat();
    let footer = [&[0x55; 40][..], &[7; 8], &[9, 12, 0xFA, 0xFA]].concat();
    let padded = [&[0x55; 40][..], &[0, 0, 0, 4]].concat();
    let packet = [&[0x80, 111, 0, 1, 0, 0, 0, 2, 0, 0, 0, 9][..], &[0xF0; 40]].concat();
    for (octets, expected) in [
        (&[][..], Look::Empty),
        (&world_frame, Look::Plaintext { codec: H264 }),
        (&trailer, Look::FrameCryptor { key_index: 3 }),
        (&footer, Look::Dave { footer_len: 12 }),
        (&padded, Look::RtpPadding { len: 4 }),
        (
            &packet,
            Look::RtpPacket {
                payload_type: 111,
                ssrc: 9,
                payload: 12,
            },
        ),
    ] {
        let found = looks(octets);
        assert!(found.contains(&expected), "{octets:02x?}: {found:?}");
        assert_eq!(found.first(), Some(&expected), "{octets:02x?}: {found:?}");
    }
    // Our own, sealed under the long KID of a session.
    let cipher = CheckedCipher::builtin(CipherSuite::AES_128_GCM_SHA256_128).unwrap();
    let mut opaque = World::new(Form::Frame, &cipher);
    assert!(matches!(looks(&opaque.seal())[0], Look::Sframe { .. }));
    let mut aware = World::new(Form::CodecAware, &cipher);
    assert!(matches!(
        looks(&aware.seal())[0],
        Look::CodecAware { codec: H264, .. }
    ));
}
