//! Keys of MLS epochs (RFC 9605 section 5.2), through the public API alone. Over a real MLS library: `examples/mls`.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use mediaseal::{
    BaseKey, ChannelDecryptor, ChannelEncryptor, CipherSuite, CounterOrigin, Epoch, Error,
    FrameInfo, InvalidId, KeyId, KeyStore, Misuse, MlsEpochs, MlsKid, MlsMember, Mode, SenderId,
};

const GCM: CipherSuite = CipherSuite::AES_128_GCM_SHA256_128;

/// A member: his leaf index, keys, and both directions.
struct Member {
    index: u32,
    keys: MlsEpochs,
    encryptor: ChannelEncryptor,
    decryptor: ChannelDecryptor,
}

impl Member {
    fn new(index: u32, past: usize) -> Self {
        let store = KeyStore::raw(GCM).unwrap();
        Self {
            index,
            keys: MlsEpochs::new(&store, layout(), past).unwrap(),
            encryptor: ChannelEncryptor::new(&store, Mode::Frame).unwrap(),
            decryptor: ChannelDecryptor::new(&store, Mode::Frame).unwrap(),
        }
    }

    fn enter(&mut self, epoch: u64, members: &[MlsMember]) {
        let origin = CounterOrigin::FreshKey;
        self.keys
            .set_epoch(
                Epoch::new(epoch),
                secret(epoch),
                self.index,
                origin,
                members,
            )
            .unwrap();
    }

    fn seal(&mut self, frame: &[u8]) -> Vec<u8> {
        self.encryptor
            .encrypt_to_vec(&FrameInfo::default(), frame)
            .unwrap()
    }

    fn open(&mut self, sealed: &[u8]) -> Result<Vec<u8>, Error> {
        self.decryptor.decrypt_to_vec(&FrameInfo::default(), sealed)
    }
}

/// 2 bits of index, 2 of epoch.
fn layout() -> MlsKid {
    MlsKid::new(2, 2).unwrap()
}

/// The exporter's secret of an epoch, the same for all members.
fn secret(epoch: u64) -> BaseKey {
    let octet = u8::try_from(epoch).unwrap();
    BaseKey::from_slice(&[octet ^ 0xa5; 16]).unwrap()
}

fn members(indexes: &[u32]) -> Vec<MlsMember> {
    let member = |index: &u32| (*index, SenderId::new(format!("leaf {index}")).unwrap());
    indexes.iter().map(member).collect()
}

#[test]
fn kids_are_those_of_section_5_2() {
    let mut alice = Member::new(2, 1);
    alice.enter(7, &members(&[0, 2]));
    let sealed = alice.seal(b"frame");
    // Index 2 in 2 bits above epoch 7 mod 4: KID 0b1011, an octet behind the first (section 4.3).
    assert_eq!(sealed[..2], [0b1000_0000, 0b1011]);
    // A peer that has the base key and that KID, and knows nothing of MLS.
    let peer = KeyStore::raw(GCM).unwrap();
    let sender = SenderId::new("alice").unwrap();
    peer.add_receive(secret(7), KeyId::new(0b1011), sender)
        .unwrap();
    let mut decryptor = ChannelDecryptor::new(&peer, Mode::Frame).unwrap();
    let opened = decryptor.decrypt_to_vec(&FrameInfo::default(), &sealed);
    assert_eq!(opened.unwrap(), b"frame");
}

#[test]
fn members_come_and_go_and_late_frames_open() {
    let (mut a, mut b, mut c) = (Member::new(0, 1), Member::new(1, 1), Member::new(2, 1));
    for member in [&mut a, &mut b] {
        member.enter(1, &members(&[0, 1]));
    }
    let late = a.seal(b"late");
    let first = a.seal(b"first");
    assert_eq!(b.open(&first).unwrap(), b"first");
    for member in [&mut a, &mut b, &mut c] {
        member.enter(2, &members(&[0, 1, 2]));
    }
    // The epoch before still opens, for those who had it.
    assert_eq!(b.open(&late).unwrap(), b"late");
    assert!(matches!(c.open(&late), Err(Error::MissingKey { .. })));
    let from_c = c.seal(b"hello");
    assert_eq!(a.open(&from_c).unwrap(), b"hello");
    assert_eq!(b.open(&from_c).unwrap(), b"hello");
    assert!(matches!(b.open(&from_c), Err(Error::Duplicate { .. })));
    // c leaves: two epochs on, nothing of epoch 2 opens, and c opens nothing.
    let of_epoch_2 = c.seal(b"still here");
    for epoch in [3, 4] {
        for member in [&mut a, &mut b] {
            member.enter(epoch, &members(&[0, 1]));
        }
    }
    assert!(matches!(a.open(&of_epoch_2), Err(Error::RetiredKey { .. })));
    let without_c = a.seal(b"without c");
    assert_eq!(b.open(&without_c).unwrap(), b"without c");
    assert!(matches!(c.open(&without_c), Err(Error::MissingKey { .. })));
    // One's own frame, sent back by a relay.
    assert!(matches!(a.open(&without_c), Err(Error::Reflected { .. })));
}

#[test]
fn epochs_roll_over_their_bits() {
    let (mut a, mut b) = (Member::new(0, 3), Member::new(1, 3));
    for epoch in 1..=11 {
        for member in [&mut a, &mut b] {
            member.enter(epoch, &members(&[0, 1]));
        }
        let sealed = a.seal(&epoch.to_be_bytes());
        assert_eq!(b.open(&sealed).unwrap(), epoch.to_be_bytes());
    }
    // Epoch 11, and then one with the same low bits: 2^E further on.
    let last = a.seal(b"of epoch 11");
    for member in [&mut a, &mut b] {
        member.enter(15, &members(&[0, 1]));
    }
    assert!(matches!(
        b.open(&last),
        Err(Error::AuthenticationFailed { .. })
    ));
    let sealed = a.seal(b"of epoch 15");
    assert_eq!(b.open(&sealed).unwrap(), b"of epoch 15");
}

#[test]
fn grace_ends_and_leaving_ends_all() {
    let (mut a, mut b) = (Member::new(0, 2), Member::new(1, 2));
    for member in [&mut a, &mut b] {
        member.enter(1, &members(&[0, 1]));
    }
    let late = a.seal(b"late");
    for member in [&mut a, &mut b] {
        member.enter(2, &members(&[0, 1]));
    }
    b.keys.end_grace();
    assert!(matches!(b.open(&late), Err(Error::RetiredKey { .. })));
    let sealed = a.seal(b"now");
    b.keys.leave();
    assert!(matches!(b.open(&sealed), Err(Error::RetiredKey { .. })));
    let refused = b.encryptor.encrypt_to_vec(&FrameInfo::default(), b"x");
    assert!(matches!(refused, Err(Error::NoActiveKey)));
    assert_eq!(b.keys.epoch(), None);
}

#[test]
fn what_is_wrong_is_refused_and_changes_nothing() {
    let mut a = Member::new(0, 1);
    let mut b = Member::new(1, 1);
    for member in [&mut a, &mut b] {
        member.enter(5, &members(&[0, 1]));
    }
    let mut enter = |epoch: u64, key: BaseKey, own: u32, indexes: &[u32]| {
        let epoch = Epoch::new(epoch);
        let origin = CounterOrigin::FreshKey;
        a.keys.set_epoch(epoch, key, own, origin, &members(indexes))
    };
    for epoch in [5, 4] {
        assert_eq!(
            enter(epoch, secret(9), 0, &[1]),
            Err(Misuse::GenerationRetired.into())
        );
    }
    let long = BaseKey::from_slice(&[1; 32]).unwrap();
    assert_eq!(
        enter(6, long, 0, &[1]),
        Err(Misuse::BaseKeyLength { len: 32 }.into())
    );
    let outside = Err(InvalidId::KidOutOfRange.into());
    assert_eq!(enter(6, secret(6), 4, &[1]), outside);
    assert_eq!(enter(6, secret(6), 0, &[1, 4]), outside);
    assert!(matches!(
        enter(6, secret(6), 0, &[1, 1]),
        Err(Error::Misuse(Misuse::KidInUse { .. }))
    ));
    // The exporter's secret of an epoch that was: nothing new would be sealed under it. Epoch 9 has the bits of epoch 5.
    assert!(matches!(
        enter(9, secret(5), 0, &[1]),
        Err(Error::Misuse(
            Misuse::KeyReused { .. } | Misuse::SendAndReceive { .. }
        ))
    ));
    let mut a = Member::new(0, 1);
    a.enter(5, &members(&[0, 1]));
    let sealed = a.seal(b"as before");
    assert_eq!(b.open(&sealed).unwrap(), b"as before");
    a.enter(6, &members(&[0, 1]));
}

#[test]
fn layouts_must_tell_the_epochs_apart() {
    let store = KeyStore::raw(GCM).unwrap();
    assert!(MlsEpochs::new(&store, layout(), 3).is_ok());
    assert!(matches!(
        MlsEpochs::new(&store, layout(), 4),
        Err(Error::Misuse(Misuse::Id(InvalidId::KidLayout)))
    ));
    let keys = MlsEpochs::new(&store, layout(), 1).unwrap();
    assert_eq!(keys.base_key_len(), 16);
    assert!(keys.with_context(u64::MAX).is_err());
    // Nk of these suites is 96 octets, which no base key has.
    let store = KeyStore::raw(CipherSuite::AES_256_CTR_HMAC_SHA512_80).unwrap();
    assert!(MlsEpochs::new(&store, layout(), 1).is_err());
    let store = KeyStore::raw(CipherSuite::AES_128_CTR_HMAC_SHA256_80).unwrap();
    let keys = MlsEpochs::new(&store, layout(), 1).unwrap();
    assert_eq!(keys.base_key_len(), 48);
}

#[test]
fn an_epoch_follows_one_whose_key_the_application_retired() {
    let mut b = Member::new(1, 1);
    b.enter(1, &members(&[0, 1]));
    let store = KeyStore::raw(GCM).unwrap();
    let mut a = Member {
        index: 0,
        keys: MlsEpochs::new(&store, layout(), 1).unwrap(),
        encryptor: ChannelEncryptor::new(&store, Mode::Frame).unwrap(),
        decryptor: ChannelDecryptor::new(&store, Mode::Frame).unwrap(),
    };
    a.enter(1, &members(&[0, 1]));
    // Index 0 in epoch 1.
    store.retire_send(KeyId::new(0b0001)).unwrap();
    for epoch in [2, 3] {
        for member in [&mut a, &mut b] {
            member.enter(epoch, &members(&[0, 1]));
        }
        let sealed = a.seal(b"goes on");
        assert_eq!(b.open(&sealed).unwrap(), b"goes on");
    }
    a.keys.leave();
    let refused = a.encryptor.encrypt_to_vec(&FrameInfo::default(), b"x");
    assert!(matches!(refused, Err(Error::NoActiveKey)));
}
