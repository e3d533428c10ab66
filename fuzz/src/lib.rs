//! What the fuzz targets do with their input.
//!
//! `tests/fuzz_corpus.rs` compiles this file too, and replays the seeds of `corpus/` in
//! every run of the tests. A target panics if a promise of mediaseal does not hold.

mod c_boundary;
mod codecs;
#[cfg(feature = "custody")]
mod custody;
#[cfg(feature = "recording")]
mod export;
#[cfg(feature = "recording")]
mod grants;
#[cfg(feature = "recording")]
mod recordings;
#[cfg(feature = "recording")]
mod records;
mod rtp;

use std::sync::OnceLock;

pub use c_boundary::c_boundary;
pub use codecs::codecs;
#[cfg(feature = "custody")]
pub use custody::custody;
#[cfg(feature = "recording")]
pub use export::export_frames;
#[cfg(feature = "recording")]
pub use grants::grants;
#[cfg(feature = "recording")]
pub use recordings::recordings;
#[cfg(feature = "recording")]
pub use records::records;
pub use rtp::rtp;

use mediaseal::{
    BaseKey, ChannelConfig, ChannelDecryptor, ChannelEncryptor, ChannelKey, ChannelStore,
    CheckedCipher, CipherSuite, Class, CounterOrigin, EpochSecret, Error, FrameBuf, FrameInfo,
    KeyId, KeyStore, Mode, PassphraseParams, SenderId, Ssrc, format::sframe::Header,
};

/// Reads `input` as the beginning of a frame: whatever parses is what `encode` writes.
pub fn header(input: &[u8]) {
    match Header::parse(input) {
        Ok((header, len)) => {
            let mut encoded = [0; Header::MAX_LEN];
            assert_eq!(header.encode(&mut encoded), len);
            assert_eq!(header.encoded_len(), len);
            assert_eq!(encoded[..len], input[..len]);
        }
        Err(error) => {
            assert_eq!(error.class(), Class::DropThePacket, "{error}");
            if let Error::Truncated { len, needed } = error {
                assert_eq!(len, input.len());
                assert!(needed > len && needed <= Header::MAX_LEN);
            }
        }
    }
}

/// Suites under test. Those with tags of 32 bits are left out: in some billion tries one
/// forgery would be found, and be no fault.
const SUITES: [CipherSuite; 6] = [
    CipherSuite::AES_128_CTR_HMAC_SHA256_80,
    CipherSuite::AES_128_CTR_HMAC_SHA256_64,
    CipherSuite::AES_128_GCM_SHA256_128,
    CipherSuite::AES_256_GCM_SHA512_128,
    CipherSuite::AES_256_CTR_HMAC_SHA512_80,
    CipherSuite::AES_256_CTR_HMAC_SHA512_64,
];

/// KIDs that the decryptor has a key for: the shortest and the longest in a header.
const KIDS: [KeyId; 2] = [KeyId::new(0), KeyId::new(u64::MAX)];

/// What the genuine frames say, under each KID in turn.
const PLAINTEXTS: [&[u8]; 3] = [b"", b"sixteen octets..", &[0xab; 50]];

/// Metadata of the genuine frames.
const METADATA: &[u8] = b"track=1";

/// Metadata of no genuine frame.
const OTHER_METADATA: &[u8] = b"track=2";

/// A genuine frame.
struct Genuine {
    sealed: Vec<u8>,
    plaintext: &'static [u8],
}

/// The genuine frames of one suite, sealed once in the life of the process.
fn genuine(suite: usize) -> &'static [Genuine] {
    static FRAMES: [OnceLock<Vec<Genuine>>; SUITES.len()] =
        [const { OnceLock::new() }; SUITES.len()];
    FRAMES[suite].get_or_init(|| {
        let mut frames = Vec::new();
        for (kid, number) in KIDS.into_iter().zip(1..) {
            let sender = store_of(SUITES[suite]);
            sender
                .add_send(base_key(number), kid, CounterOrigin::FreshKey)
                .and_then(|()| sender.activate(kid))
                .expect("a new key");
            let mut encryptor = ChannelEncryptor::new(&sender, Mode::Frame).expect("an encryptor");
            for plaintext in PLAINTEXTS {
                let sealed = encryptor
                    .encrypt_to_vec(&info(METADATA), plaintext)
                    .expect("a fresh key seals");
                frames.push(Genuine { sealed, plaintext });
            }
        }
        frames
    })
}

fn store_of(suite: CipherSuite) -> KeyStore {
    CheckedCipher::builtin(suite)
        .and_then(|cipher| KeyStore::raw_with(&cipher))
        .expect("a built-in suite")
}

/// The base key number `number`.
fn base_key(number: u8) -> BaseKey {
    BaseKey::from_slice(&[number; 32]).expect("32 octets")
}

fn info(metadata: &[u8]) -> FrameInfo<'_> {
    FrameInfo::new(Ssrc::new(7)).metadata(metadata)
}

/// Takes orders from the input, one octet after another; zeros when it has ended.
struct Orders<'a>(&'a [u8]);

impl<'a> Orders<'a> {
    fn octet(&mut self) -> u8 {
        self.0.split_off_first().copied().unwrap_or(0)
    }

    /// A number below `end`, which is at most 256.
    fn below(&mut self, end: usize) -> usize {
        usize::from(self.octet()) % end
    }

    /// Up to 255 octets.
    fn octets(&mut self) -> &'a [u8] {
        let len = usize::from(self.octet()).min(self.0.len());
        let (octets, rest) = self.0.split_at(len);
        self.0 = rest;
        octets
    }
}

/// A decryptor, and what it must say of each frame.
struct Receiver {
    decryptor: ChannelDecryptor,
    genuine: &'static [Genuine],
    /// Which of the genuine frames were opened.
    opened: Vec<bool>,
    frames: u64,
    octets: u64,
    refused: u64,
}

impl Receiver {
    fn new(suite: usize, mode: Mode) -> Self {
        let store = store_of(SUITES[suite]);
        for (kid, number) in KIDS.into_iter().zip(1..) {
            store
                .add_receive(base_key(number), kid, SenderId::default())
                .expect("a new key");
        }
        let genuine = genuine(suite);
        Self {
            decryptor: ChannelDecryptor::new(&store, mode).expect("a decryptor"),
            genuine,
            opened: vec![false; genuine.len()],
            frames: 0,
            octets: 0,
            refused: 0,
        }
    }

    /// Hands over one frame: it opens if it is genuine and new, and else is refused.
    fn take(&mut self, frame: &[u8], metadata: &[u8], in_place: bool) {
        let known = (metadata == METADATA)
            .then(|| self.genuine.iter().position(|known| known.sealed == frame))
            .flatten();
        let result = if in_place {
            self.open_in_place(frame, metadata)
        } else {
            self.open_into(frame, metadata)
        };
        match (known, result) {
            (Some(index), Ok(plaintext)) if !self.opened[index] => {
                assert_eq!(plaintext, self.genuine[index].plaintext);
                self.opened[index] = true;
                self.frames += 1;
                self.octets += plaintext.len() as u64;
            }
            (Some(index), Err(Error::Duplicate { .. })) if self.opened[index] => self.refused += 1,
            (None, Err(error)) => {
                assert!(
                    matches!(error.class(), Class::DropThePacket | Class::FetchAKey),
                    "{error}"
                );
                self.refused += 1;
            }
            (known, result) => panic!("genuine frame {known:?} came out as {result:?}"),
        }
        self.check_statistics();
    }

    /// Opens into another buffer, which must not show anything of a refused frame.
    fn open_into(&mut self, frame: &[u8], metadata: &[u8]) -> Result<Vec<u8>, Error> {
        let mut out = vec![0x5a; frame.len()];
        let result = self
            .decryptor
            .decrypt_into(&info(metadata), frame, &mut out)
            .map(|opened| opened.len);
        match result {
            Ok(len) => {
                assert!(out[len..].iter().all(|octet| *octet == 0x5a));
                out.truncate(len);
                Ok(out)
            }
            Err(error) => {
                assert!(out.iter().all(|octet| matches!(octet, 0 | 0x5a)));
                Err(error)
            }
        }
    }

    /// Opens where the frame lies, amid octets that are nobody's business.
    fn open_in_place(&mut self, frame: &[u8], metadata: &[u8]) -> Result<Vec<u8>, Error> {
        let mut storage = [&[0x5a; 3], frame, &[0x5a; 3]].concat();
        let around = |storage: &[u8]| {
            let (front, rest) = storage.split_at(3);
            [front, &rest[frame.len()..]].concat()
        };
        let mut buf = FrameBuf::new(&mut storage, 3, frame.len()).expect("inside");
        let result = self
            .decryptor
            .decrypt_in_place(&info(metadata), &mut buf)
            .map(|opened| opened.len);
        let left = buf.as_slice().to_vec();
        assert_eq!(around(&storage), [0x5a; 6]);
        match result {
            Ok(len) => assert_eq!(left.len(), len),
            Err(_) => {
                assert_eq!(left.len(), frame.len());
                let is_wiped_or_as_before = |(now, before): (&u8, &u8)| *now == 0 || now == before;
                assert!(left.iter().zip(frame).all(is_wiped_or_as_before));
            }
        }
        result.map(|_| left)
    }

    /// Compares the decryptor's counts with ours, and the parts with the totals.
    fn check_statistics(&self) {
        let totals = self.decryptor.totals();
        assert_eq!(totals.frames, self.frames);
        assert_eq!(totals.octets, self.octets);
        assert_eq!(totals.errors.total(), self.refused);
        let (mut frames, mut refused) = (0, self.decryptor.unattributed().total());
        for stream in self.decryptor.statistics() {
            frames += stream.frames;
            refused += stream.errors.total();
        }
        assert_eq!((frames, refused), (self.frames, self.refused));
    }
}

/// Follows the orders in `input`, and sees that in the end every genuine frame has opened once.
pub fn decryptor(input: &[u8]) {
    let mut orders = Orders(input);
    let suite = orders.below(SUITES.len());
    let mode = [Mode::Frame, Mode::PACKET_1200][orders.below(2)];
    let mut receiver = Receiver::new(suite, mode);
    while !orders.0.is_empty() {
        let order = orders.octet();
        let in_place = order & 0x80 != 0;
        let metadata = if order & 0x40 == 0 {
            METADATA
        } else {
            OTHER_METADATA
        };
        let frame = match order % 4 {
            0 => orders.octets().to_vec(),
            1 => receiver.genuine[orders.below(receiver.genuine.len())]
                .sealed
                .clone(),
            2 => changed(&receiver, &mut orders),
            _ => spliced(&receiver, &mut orders),
        };
        receiver.take(&frame, metadata, in_place);
    }
    // Whatever came before: what was not opened still opens, and nothing opens twice.
    for in_place in [false, true] {
        for frame in receiver.genuine {
            receiver.take(&frame.sealed, METADATA, in_place);
        }
    }
    assert!(receiver.opened.iter().all(|opened| *opened));
    assert_eq!(receiver.frames, receiver.genuine.len() as u64);
}

/// A genuine frame with some octets changed, and perhaps cut or lengthened.
fn changed(receiver: &Receiver, orders: &mut Orders<'_>) -> Vec<u8> {
    let mut frame = receiver.genuine[orders.below(receiver.genuine.len())]
        .sealed
        .clone();
    for _ in 0..orders.below(4) {
        let at = orders.below(frame.len().min(256));
        frame[at] ^= orders.octet();
    }
    match orders.below(4) {
        0 => frame.truncate(orders.below(256)),
        1 => frame.extend_from_slice(orders.octets()),
        2 => frame
            .splice(0..0, orders.octets().iter().copied())
            .for_each(drop),
        _ => {}
    }
    frame
}

/// The front of one genuine frame and the back of another.
fn spliced(receiver: &Receiver, orders: &mut Orders<'_>) -> Vec<u8> {
    let mut half = || &receiver.genuine[orders.below(receiver.genuine.len())].sealed;
    let (front, back) = (half(), half());
    let (front_at, back_at) = (orders.below(256), orders.below(256));
    [
        &front[..front_at.min(front.len())],
        &back[back_at.min(back.len())..],
    ]
    .concat()
}

/// Any octets as what an application may be handed: epoch secrets, key text, passphrase parameters, replay states. Whatever is read is written back as
/// it came.
///
/// # Panics
/// If it is not, or if a reader panics.
pub fn keys(input: &[u8]) {
    if let Ok(epoch) = EpochSecret::from_bytes(input) {
        assert_eq!(&epoch.to_bytes()[..], input);
        let text = epoch.to_text();
        let again = EpochSecret::from_text(&text).expect("its own text");
        assert_eq!(again.to_bytes(), epoch.to_bytes());
    }
    let store = ChannelStore::new().expect("random octets");
    let config = ChannelConfig::new("room").expect("a name");
    let channel = store.channel(config).expect("the only one");
    if channel.import_replay_state(input).is_ok() {
        let state = channel.replay_state();
        channel.import_replay_state(&state).expect("its own state");
        assert_eq!(channel.replay_state(), state);
    }
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    if let Ok(epoch) = EpochSecret::from_text(text) {
        assert_eq!(*epoch.to_text(), text);
    }
    if let Ok(params) = text.parse::<PassphraseParams>() {
        assert_eq!(params.to_string(), text);
    }
    if let (Ok(hex), Ok(base64)) = (ChannelKey::from_hex(text), ChannelKey::from_base64(text)) {
        assert_ne!(hex, base64, "hexadecimal digits are base64 of more octets");
    }
    BaseKey::from_hex(text).map(drop).unwrap_or_default();
}
