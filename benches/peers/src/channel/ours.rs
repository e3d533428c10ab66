//! mediaseal in Rust, in place.

use std::hint::black_box;

use mediaseal::{
    BaseKey, ChannelDecryptor, ChannelEncryptor, CipherSuite, CounterOrigin, FrameBuf, FrameInfo,
    KeyId, KeyStore, Mode, SenderId,
};

use super::{Channel, KEY};
use crate::aead::places;

/// The key ID of all frames: one octet of header with its counter's first 8 values, as with the crate sframe.
const KID: KeyId = KeyId::new(7);

/// Which calls carry the frames.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Through {
    /// Where they lie.
    InPlace,
    /// From one buffer to another, as C does it.
    Into,
}

/// A stream of mediaseal's.
pub struct Ours {
    encryptor: ChannelEncryptor,
    decryptor: ChannelDecryptor,
    through: Through,
    len: usize,
    payload: Vec<u8>,
    /// Places that take turns, so that no frame lies where the last one was just written.
    storages: Vec<Vec<u8>>,
    turn: usize,
    frames: Vec<(Vec<u8>, usize, usize)>,
}

/// The two ends' key stores.
///
/// # Panics
/// If the library refuses.
#[must_use]
pub fn stores(suite: CipherSuite) -> (KeyStore, KeyStore) {
    let key = || BaseKey::from_slice(&KEY).expect("16 octets are a key");
    let here = KeyStore::raw(suite).expect("the suite is built in");
    here.add_send(key(), KID, CounterOrigin::FreshKey)
        .expect("the key is new");
    here.activate(KID).expect("the key is there");
    let there = KeyStore::raw(suite).expect("the suite is built in");
    let sender = SenderId::new("alice").expect("it is a name");
    there
        .add_receive(key(), KID, sender)
        .expect("the key is new");
    (here, there)
}

impl Ours {
    /// A stream of AES-128-GCM frames in place.
    #[must_use]
    pub fn new(len: usize) -> Self {
        Self::with(CipherSuite::AES_128_GCM_SHA256_128, len, Through::InPlace)
    }

    /// A stream of frames in any suite.
    ///
    /// # Panics
    /// If the library refuses.
    #[must_use]
    pub fn with(suite: CipherSuite, len: usize, through: Through) -> Self {
        let (here, there) = stores(suite);
        Self {
            encryptor: ChannelEncryptor::new(&here, Mode::Frame).expect("the store is ready"),
            decryptor: ChannelDecryptor::new(&there, Mode::Frame).expect("the store is ready"),
            through,
            len,
            payload: vec![7; len],
            storages: vec![vec![7; len + FrameBuf::HEADROOM + FrameBuf::TAILROOM]; places(len)],
            turn: 0,
            frames: Vec::new(),
        }
    }
}

impl Channel for Ours {
    #[inline(always)]
    fn encrypt(&mut self) {
        let info = FrameInfo::default();
        self.turn = (self.turn + 1) & (self.storages.len() - 1);
        let storage = &mut self.storages[self.turn];
        let sealed = match self.through {
            Through::InPlace => FrameBuf::new(black_box(storage), FrameBuf::HEADROOM, self.len)
                .and_then(|mut frame| {
                    self.encryptor
                        .encrypt_in_place(black_box(&info), &mut frame)
                        .map(|_| ())
                }),
            Through::Into => self
                .encryptor
                .encrypt_into(
                    black_box(&info),
                    black_box(&self.payload),
                    black_box(storage),
                )
                .map(|_| ()),
        };
        assert!(sealed.is_ok());
    }

    fn lay_out(&mut self, count: usize) {
        self.frames
            .resize_with(count, || (self.storages[0].clone(), 0, 0));
        for (storage, offset, len) in &mut self.frames {
            let mut frame = FrameBuf::new(storage, FrameBuf::HEADROOM, self.len).expect("it fits");
            self.encryptor
                .encrypt_in_place(&FrameInfo::default(), &mut frame)
                .expect("the key is there");
            (*offset, *len) = (frame.offset(), frame.len());
        }
    }

    #[inline(always)]
    fn decrypt(&mut self, index: usize) -> bool {
        let info = FrameInfo::default();
        let (storage, offset, len) = &mut self.frames[index];
        match self.through {
            Through::InPlace => {
                FrameBuf::new(black_box(storage), *offset, *len).and_then(|mut frame| {
                    self.decryptor
                        .decrypt_in_place(black_box(&info), &mut frame)
                        .map(|_| ())
                })
            }
            Through::Into => self
                .decryptor
                .decrypt_into(
                    black_box(&info),
                    black_box(&storage[*offset..*offset + *len]),
                    black_box(&mut self.storages[0]),
                )
                .map(|_| ()),
        }
        .is_ok()
    }
}
