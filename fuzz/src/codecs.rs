//! Any octets as the frame of any codec, out and back, and as what a packetizer gave back.

use mediaseal::format::looks::{Look, looks};
use mediaseal::{
    BaseKey, ChannelDecryptor, ChannelEncryptor, CipherSuite, Codec, CounterOrigin, Error,
    FrameBuf, FrameInfo, KeyId, KeyStore, Mode, NalFormat, Reason, SenderId, Suspects,
};

const KEY: [u8; 16] = [0x33; 16];
/// Octets of a frame that is explained.
const MOST_EXPLAINED: usize = 100;
const FORMATS: [NalFormat; 4] = [
    NalFormat::AnnexB,
    NalFormat::Length1,
    NalFormat::Length2,
    NalFormat::Length4,
];

fn codec(number: u8) -> Codec {
    let format = FORMATS[usize::from(number >> 4 & 3)];
    match number & 7 {
        0 => Codec::H264(format),
        1 => Codec::H265(format),
        2 => Codec::Vp8,
        3 => Codec::Vp9,
        4 => Codec::Av1,
        _ => Codec::Opus,
    }
}

fn sides(codec: Codec) -> Result<(ChannelEncryptor, ChannelDecryptor), Error> {
    let suite = CipherSuite::AES_128_GCM_SHA256_128;
    let (here, there) = (KeyStore::raw(suite)?, KeyStore::raw(suite)?);
    let kid = KeyId::new(9);
    here.add_send(BaseKey::from_slice(&KEY)?, kid, CounterOrigin::FreshKey)?;
    here.activate(kid)?;
    there.add_receive(BaseKey::from_slice(&KEY)?, kid, SenderId::new("alice")?)?;
    let mut encryptor = ChannelEncryptor::new(&here, Mode::Frame)?;
    let mut decryptor = ChannelDecryptor::new(&there, Mode::Frame)?;
    encryptor.set_default_codec(Some(codec))?;
    decryptor.set_default_codec(Some(codec))?;
    Ok((encryptor, decryptor))
}

/// Takes `input` for the frame of the codec that its first octet names.
///
/// # Panics
/// If what was sealed does not come out bit by bit, or something else does.
pub fn codecs(input: &[u8]) {
    let Some((&number, frame)) = input.split_first() else {
        return;
    };
    let info = FrameInfo::default();
    let (mut encryptor, mut decryptor) = sides(codec(number)).expect("all of it is allowed");
    let mut storage = vec![0xEE; encryptor.encrypted_len_bound(frame.len())];

    // Nobody sealed this.
    let garbage = decryptor.decrypt_into(&info, frame, &mut storage);
    assert!(garbage.is_err(), "garbage was opened");
    let mut copy = frame.to_vec();
    let mut buffer = FrameBuf::new(&mut copy, 0, frame.len()).expect("it is the whole");
    let garbage = decryptor.decrypt_in_place(&info, &mut buffer);
    assert!(garbage.is_err(), "garbage was opened");

    // Whatever it is called, it is not said to open. Each of its lengths is tried: long ones would take all the time there is.
    let is_empty = looks(frame).contains(&Look::Empty);
    assert_eq!(is_empty, frame.is_empty());
    if frame.len() <= MOST_EXPLAINED {
        let diagnosis = decryptor.explain(&info, frame, &Suspects::new());
        assert_ne!(diagnosis.reason, Reason::Opens, "garbage opens");
    }

    let Ok(len) = encryptor.encrypt_into(&info, frame, &mut storage) else {
        let opaque = encryptor.set_default_codec(Some(Codec::Opaque));
        let again = encryptor.encrypt_to_vec(&info, frame);
        assert!(opaque.is_ok() && again.is_ok(), "only its form was refused");
        return;
    };
    let mut changed = storage[..len].to_vec();
    changed[len / 2] ^= 1;
    if let Ok(opened) = decryptor.decrypt_to_vec(&info, &changed) {
        assert_eq!(opened, frame, "a change of the hint does no harm");
        return;
    }
    let mut opened = vec![0; frame.len()];
    let told = decryptor.decrypt_into(&info, &storage[..len], &mut opened);
    assert_eq!(told.expect("it is genuine").len, frame.len());
    assert_eq!(opened, frame);

    storage[..frame.len()].copy_from_slice(frame);
    let mut buffer = FrameBuf::new(&mut storage, 0, frame.len()).expect("it fits");
    encryptor
        .encrypt_in_place(&info, &mut buffer)
        .expect("as before");
    decryptor
        .decrypt_in_place(&info, &mut buffer)
        .expect("it is genuine");
    assert_eq!(buffer.as_slice(), frame);
}
