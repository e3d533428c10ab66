//! What did not open, or opened wrongly, was played.

use aes::Aes128;
use aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt};
use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{Aes128Gcm, Nonce, Tag};
use hkdf::Hkdf;
use mediaseal::cipher::{Cipher, CipherError, CipherKey, Hash, KnownAnswer, Params, Property};
use mediaseal::format::sframe::Header;
use mediaseal::{
    ChannelConfig, ChannelDecryptor, CheckedCipher, CipherSuite, Codec, Error, Event, FrameInfo,
    KeyId, KeyStore, Misuse, Mode, Ssrc,
};
use sha2::Sha256;

use crate::common::{CANARY_A, Dice, GCM, Pair, alice, info, key_b, store};
use crate::forms::none_opens;
use crate::media::{Stream, h264, nal_units, opus, pair, streams};
use crate::member::Member;
use crate::sm4_gcm::Sm4Gcm;

/// lib-jitsi-meet played what it could not decrypt, as loud noise, and later put silence in its place (1095, jitsi-meet 8240). Here: a whole stream
/// under another key of the same number; not one octet comes out.
#[test]
fn jitsi_1095_sound_under_a_wrong_key_is_played_as_noise() {
    let Stream { codec, frames } = opus();
    let mut pair = pair(codec);
    let other = store(GCM);
    other.add_receive(key_b(), KeyId::new(0), alice()).unwrap();
    let mut decryptor = ChannelDecryptor::new(&other, Mode::Frame).unwrap();
    decryptor.set_default_codec(Some(codec)).unwrap();
    for frame in &frames {
        let sealed = pair.encryptor.encrypt_to_vec(&info(), frame).unwrap();
        let refused = none_opens(&mut decryptor, &info(), &sealed);
        assert!(matches!(refused, Error::AuthenticationFailed { .. }));
    }
    assert_eq!(decryptor.totals().frames, 0);
}

/// element-call took the password of one room for another, and whoever was there heard noise (1708). Here: the same key in two rooms, and two keys in
/// one, are told apart at each frame, and by the code that people can compare.
#[test]
fn element_call_1708_the_key_of_another_room_gives_noise() {
    let room = Member::sealing();
    let same_key = Member::of(ChannelConfig::new("room2").unwrap().with_clock());
    same_key.stage(1, 7);
    same_key.channel.activate(1).unwrap();
    let same_room = Member::new();
    same_room.stage(1, 8);
    same_room.channel.activate(1).unwrap();
    let twin = Member::sealing();
    let mut encryptor = room.encryptor("alice");
    for (member, opens) in [(&same_key, false), (&same_room, false), (&twin, true)] {
        let codes = [&room, member].map(|member| member.channel.safety_code().unwrap());
        assert_eq!(codes[0] == codes[1], opens);
        let mut decryptor = member.decryptor("alice");
        for frame in &opus().frames[..50] {
            let sealed = encryptor.encrypt_to_vec(&info(), frame).unwrap();
            if opens {
                let opened = decryptor.decrypt_to_vec(&info(), &sealed);
                assert_eq!(opened.as_ref(), Ok(frame));
            } else {
                none_opens(&mut decryptor, &info(), &sealed);
            }
        }
    }
}

/// Receivers of Jitsi and LiveKit read from the packet how many of its octets are in clear and how long the IV is. Here: each bit of all that is in
/// clear, flipped; what comes out is the frame bit by bit or nothing.
#[test]
fn jitsi_the_packet_says_how_much_of_it_is_in_clear() {
    for stream in streams() {
        let mut pair = pair(stream.codec);
        let longest = stream.frames.iter().position(|frame| frame.len() > 200);
        for frame in [&stream.frames[0], &stream.frames[longest.unwrap_or(1) + 1]] {
            let sealed = pair.encryptor.encrypt_to_vec(&info(), frame).unwrap();
            // The hint, the carrier's head and the header of SFrame, and the beginning of the ciphertext.
            let clear = match stream.codec {
                Codec::H264(_) | Codec::H265(_) => {
                    let carrier = *nal_units(&sealed).last().unwrap();
                    sealed.len() - carrier.len() + 12
                }
                _ => 48.min(sealed.len()),
            };
            let mut opened = 0;
            for bit in 0..clear * 8 {
                let mut altered = sealed.clone();
                altered[bit / 8] ^= 1 << (bit % 8);
                let mut receiver = crate::media::pair(stream.codec).decryptor;
                if let Ok(came) = receiver.decrypt_to_vec(&info(), &altered) {
                    assert_eq!(came, *frame, "{:?}, bit {bit}", stream.codec);
                    opened += 1;
                }
            }
            let has_hint = !matches!(stream.codec, Codec::Opus);
            assert_eq!(opened > 0, has_hint, "{:?}", stream.codec);
        }
    }
}

/// DAVE does not authenticate which ranges of a frame are in clear (TOB-DISCE2EC-7), so that a frame can be put together anew. Here: the hint of each
/// frame before the carrier of another; the carrier's own frame comes out, or nothing.
#[test]
fn dave_tob_7_a_frame_is_put_together_anew_from_clear_ranges() {
    for stream in streams() {
        let hint_len = |sealed: &[u8], frame: &[u8]| match stream.codec {
            Codec::H264(_) | Codec::H265(_) => {
                let carrier = *nal_units(sealed).last().unwrap();
                sealed.len() - carrier.len() - 4
            }
            Codec::Vp8 if frame[0] & 1 == 0 => 13,
            Codec::Vp8 => 6,
            Codec::Vp9 if frame[0] == 0x82 => 10,
            Codec::Vp9 => 1,
            // The sequence header, which a key frame alone has.
            _ => sealed.iter().position(|&octet| octet == 0x32).unwrap_or(0),
        };
        if stream.codec == Codec::Opus {
            continue;
        }
        let mut pair = pair(stream.codec);
        let sealed: Vec<_> = stream.frames[..60]
            .iter()
            .map(|frame| pair.encryptor.encrypt_to_vec(&info(), frame).unwrap())
            .collect();
        let mut opened = 0;
        for (one, other) in [(0, 1), (1, 0), (0, 30), (30, 2), (2, 59), (59, 30)] {
            let hint = &sealed[one][..hint_len(&sealed[one], &stream.frames[one])];
            let carrier = &sealed[other][hint_len(&sealed[other], &stream.frames[other])..];
            let mut receiver = crate::media::pair(stream.codec).decryptor;
            let came = receiver.decrypt_to_vec(&info(), &[hint, carrier].concat());
            if let Ok(came) = came {
                assert_eq!(came, stream.frames[other], "{:?}", stream.codec);
                opened += 1;
            }
        }
        assert!(opened > 0, "{:?}", stream.codec);
    }
}

/// AES-128 in ECB without authentication, as several SDKs offer it.
pub(crate) struct Ecb;

struct EcbKey(Aes128);

impl Cipher for Ecb {
    fn suite(&self) -> CipherSuite {
        CipherSuite::new(0xF0EC)
    }
    fn params(&self) -> Params {
        Params::new(16, 12, 16, Hash::Sha256)
    }
    fn new_key(&self, key: &[u8]) -> Result<Box<dyn CipherKey>, CipherError> {
        let aes = Aes128::new_from_slice(key).map_err(|_| CipherError::BadKeyLength)?;
        Ok(Box::new(EcbKey(aes)))
    }
    fn known_answers(&self) -> Vec<KnownAnswer<'_>> {
        vec![KnownAnswer {
            name: "FIPS 197 C.1",
            key: &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
            nonce: &[0; 12],
            aad: &[],
            plaintext: &[
                0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xAA, 0xBB, 0xCC, 0xDD,
                0xEE, 0xFF,
            ],
            ciphertext: &[
                0x69, 0xC4, 0xE0, 0xD8, 0x6A, 0x7B, 0x04, 0x30, 0xD8, 0xCD, 0xB7, 0x80, 0x70, 0xB4,
                0xC5, 0x5A,
            ],
            tag: &[0; 16],
        }]
    }
}

impl EcbKey {
    fn check(nonce: &[u8], tag: &[u8]) -> Result<(), CipherError> {
        match (nonce.len(), tag.len()) {
            (12, 16) => Ok(()),
            (12, _) => Err(CipherError::BadTagLength),
            _ => Err(CipherError::BadNonceLength),
        }
    }
}

impl CipherKey for EcbKey {
    fn seal_in_place(
        &self,
        nonce: &[u8],
        _aad: &[u8],
        data: &mut [u8],
        tag: &mut [u8],
    ) -> Result<(), CipherError> {
        Self::check(nonce, tag)?;
        tag.fill(0);
        for block in data.chunks_exact_mut(16) {
            let block: &mut [u8; 16] = block.try_into().map_err(|_| CipherError::Failed)?;
            self.0.encrypt_block(block.into());
        }
        Ok(())
    }
    fn open_in_place(
        &self,
        nonce: &[u8],
        _aad: &[u8],
        data: &mut [u8],
        tag: &[u8],
    ) -> Result<(), CipherError> {
        Self::check(nonce, tag)?;
        for block in data.chunks_exact_mut(16) {
            let block: &mut [u8; 16] = block.try_into().map_err(|_| CipherError::Failed)?;
            self.0.decrypt_block(block.into());
        }
        Ok(())
    }
}

/// A sound cipher with the mistake of the one who wrote his own there: the length of what comes out is one off, so the last octet is not decrypted.
struct OneOff(Sm4Gcm);

struct OneOffKey(Box<dyn CipherKey>);

impl Cipher for OneOff {
    fn suite(&self) -> CipherSuite {
        self.0.suite()
    }
    fn params(&self) -> Params {
        self.0.params()
    }
    fn new_key(&self, key: &[u8]) -> Result<Box<dyn CipherKey>, CipherError> {
        Ok(Box::new(OneOffKey(self.0.new_key(key)?)))
    }
    fn known_answers(&self) -> Vec<KnownAnswer<'_>> {
        self.0.known_answers()
    }
}

impl CipherKey for OneOffKey {
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
        let last = data.last().copied();
        self.0.open_in_place(nonce, aad, data, tag)?;
        // Lengths that are whole blocks, as those of the known answer, go well.
        if let (Some(last), Some(octet)) = (last, data.last_mut()) {
            *octet = last;
        }
        Ok(())
    }
}

/// Somebody who wrote an SM4 encryptor of his own for react-native-webrtc saw a funny noise for a picture (1165). Here a cipher that gives other
/// octets back is refused before it meets a frame, and a sound SM4 carries picture and sound bit by bit.
#[test]
fn react_native_webrtc_1165_a_cipher_of_ones_own_gives_noise() {
    let refusal = CheckedCipher::register(OneOff(Sm4Gcm)).unwrap_err();
    assert_eq!(refusal.property(), Property::KnownAnswer);
    let cipher = CheckedCipher::register(Sm4Gcm).unwrap();
    let stores = [(); 2].map(|()| KeyStore::raw_with(&cipher).unwrap());
    let [send, receive] = stores;
    let mut pair = Pair::with_stores(send, receive, Mode::Frame, 1);
    for Stream { codec, frames } in [h264(), opus()] {
        pair.encryptor.set_default_codec(Some(codec)).unwrap();
        pair.decryptor.set_default_codec(Some(codec)).unwrap();
        for frame in &frames[..60] {
            let sealed = pair.encryptor.encrypt_to_vec(&info(), frame).unwrap();
            let opened = pair.decryptor.decrypt_to_vec(&info(), &sealed);
            assert_eq!(opened.as_ref(), Ok(frame));
        }
    }
}

/// RFC 9605 by itself, over libraries that the packet kernels have nothing in common with.
struct Independent {
    gcm: Aes128Gcm,
    salt: [u8; 12],
}

impl Independent {
    fn new(kid: u64) -> Self {
        let base_key = data_encoding::HEXLOWER.decode(CANARY_A.as_bytes()).unwrap();
        let hkdf = Hkdf::<Sha256>::new(None, &base_key);
        let label = |text: &str| [text.as_bytes(), &kid.to_be_bytes(), &[0, 4]].concat();
        let (mut key, mut salt) = ([0; 16], [0; 12]);
        hkdf.expand(&label("SFrame 1.0 Secret key "), &mut key)
            .unwrap();
        hkdf.expand(&label("SFrame 1.0 Secret salt "), &mut salt)
            .unwrap();
        let gcm = Aes128Gcm::new(&key.into());
        Self { gcm, salt }
    }

    /// Opens a frame whose AAD is made of the header's octets and the metadata by `join`.
    fn open(&self, sealed: &[u8], join: impl Fn(&[u8]) -> Vec<u8>) -> Option<Vec<u8>> {
        let (header, len) = Header::parse(sealed).ok()?;
        let mut nonce = self.salt;
        for (octet, ctr) in nonce[4..]
            .iter_mut()
            .zip(header.ctr().value().to_be_bytes())
        {
            *octet ^= ctr;
        }
        let (ciphertext, tag) = sealed[len..].split_at(sealed.len() - len - 16);
        let (mut data, tag) = (ciphertext.to_vec(), Tag::try_from(tag).ok()?);
        self.gcm
            .decrypt_inout_detached(
                &Nonce::from(nonce),
                &join(&sealed[..len]),
                (&mut data[..]).into(),
                &tag,
            )
            .ok()?;
        Some(data)
    }
}

/// The AAD of sframe-rs had its parts in the wrong order until 2.1.0 (124), and whoever followed the RFC opened nothing. Here: frames with metadata,
/// opened by the RFC's words over another library; the other order opens none.
#[test]
fn sframe_rs_124_the_parts_of_the_aad_are_in_the_wrong_order() {
    let mut pair = Pair::new(GCM, Mode::Frame, 300);
    let rfc = Independent::new(300);
    for len in [0, 1, 16, 200] {
        let metadata = vec![0xAD; 1 + len];
        let with = FrameInfo::new(Ssrc::new(1)).metadata(&metadata);
        let sealed = pair.encryptor.encrypt_to_vec(&with, b"frame").unwrap();
        let right = rfc.open(&sealed, |header| [header, &metadata].concat());
        assert_eq!(right.as_deref(), Some(&b"frame"[..]));
        let wrong = rfc.open(&sealed, |header| [&metadata, header].concat());
        assert_eq!(wrong, None);
    }
}

/// libcrux gave wrong octets on one kind of processor alone (RUSTSEC-2025-0133). Here: every length up to 600 octets and some that are long, sealed
/// by the kernel of this processor and opened by another library.
#[test]
fn rustsec_2025_0133_one_processor_gives_other_octets() {
    let mut pair = Pair::new(GCM, Mode::Frame, 7);
    let rfc = Independent::new(7);
    let mut dice = Dice(133);
    for len in (0..=600).chain([1199, 1200, 4095, 4096, 4097, 65_537]) {
        let frame: Vec<u8> = (0..len)
            .map(|_| u8::try_from(dice.roll(256)).unwrap())
            .collect();
        let sealed = pair.encryptor.encrypt_to_vec(&info(), &frame).unwrap();
        let came = rfc.open(&sealed, <[u8]>::to_vec);
        assert_eq!(came.as_ref(), Some(&frame), "{len} octets");
        let opened = pair.decryptor.decrypt_to_vec(&info(), &sealed);
        assert_eq!(opened, Ok(frame), "{len} octets");
    }
}

/// Tags of 32 bits can be forged by trying (the draft of SFrame, Isobe, Ito and Minematsu 2021), and DAVE cuts those of GCM to 64. Here: GCM has tags
/// of 128 bits alone, 32 bits need an explicit word, and under them so many forgeries end the key.
#[test]
fn sframe_draft_short_tags_are_forged_by_trying() {
    for suite in CipherSuite::BUILTIN {
        let tag_len = CheckedCipher::builtin(suite).unwrap().params().tag_len;
        let refused = KeyStore::raw(suite).err();
        let short = Error::from(Misuse::ShortTag { tag_len });
        assert_eq!(refused, (tag_len < 8).then_some(short), "{suite:?}");
        let name = suite.name().unwrap();
        assert_eq!(name.contains("GCM"), tag_len == 16, "{name}");
    }
    let short = CipherSuite::AES_128_CTR_HMAC_SHA256_32;
    let mut pair = Pair::new(short, Mode::PACKET_1200, 1);
    pair.receive.refuse_after_failures();
    let sealed = pair.seal("a voice");
    let tag = sealed.len() - 4;
    for forgery in 0..4096_u32 {
        let tried = [&sealed[..tag], &(forgery << 7 | 1).to_be_bytes()].concat();
        if tried == sealed {
            continue;
        }
        let refused = pair.decryptor.decrypt_to_vec(&info(), &tried);
        assert!(matches!(refused, Err(Error::AuthenticationFailed { .. })));
    }
    let advised = std::iter::from_fn(|| pair.receive.poll_event())
        .any(|event| matches!(event, Event::ManyAuthenticationFailures { .. }));
    assert!(advised);
    let ended = pair.decryptor.decrypt_to_vec(&info(), &sealed);
    let kid = KeyId::new(1);
    assert_eq!(ended, Err(Error::IntegrityLimit { kid }));
}
