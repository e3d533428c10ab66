//! Brings a cipher of one's own: SM4-GCM is accepted and encrypts a frame; a cipher that only XORs is
//! refused, with the property that it lacks.
//!
//! Run it with `cargo run --release --example custom_cipher`. To write your own, start from
//! `examples/sm4_gcm/mod.rs`.

mod sm4_gcm;

use mediaseal::cipher::{Cipher, CipherError, CipherKey, Hash, KnownAnswer, Params};
use mediaseal::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let cipher = CheckedCipher::register(sm4_gcm::Sm4Gcm)?;
    println!("SM4-GCM: accepted as suite {}", cipher.suite());
    carry_a_frame(&cipher)?;

    match CheckedCipher::register(Xor) {
        Ok(_) => Err("a cipher that only XORs was accepted".into()),
        Err(refusal) => {
            println!("XOR 0x55: refused for {:?}", refusal.property());
            println!("          {refusal}");
            Ok(())
        }
    }
}

/// Encrypts and decrypts a frame under `cipher`. From here on it is used like a built-in one.
fn carry_a_frame(cipher: &CheckedCipher) -> Result<(), Box<dyn std::error::Error>> {
    let (key, kid) = (BaseKey::generate()?, KeyId::new(0));
    let (sending, receiving) = (KeyStore::raw_with(cipher)?, KeyStore::raw_with(cipher)?);
    receiving.add_receive(key.duplicate(), kid, SenderId::new("alice")?)?;
    sending.add_send(key, kid, CounterOrigin::FreshKey)?;
    sending.activate(kid)?;

    let frame = b"one encoded frame";
    let info = FrameInfo::new(Ssrc::new(1));
    let mut encryptor = ChannelEncryptor::new(&sending, Mode::Frame)?;
    let mut decryptor = ChannelDecryptor::new(&receiving, Mode::Frame)?;
    let encrypted = encryptor.encrypt_to_vec(&info, frame)?;
    if decryptor.decrypt_to_vec(&info, &encrypted)? != frame {
        return Err("the frame came back altered".into());
    }
    let (plain, sealed) = (frame.len(), encrypted.len());
    println!("         a frame of {plain} octets became {sealed} and came back");
    Ok(())
}

/// What must never carry media: each octet XOR 0x55, and a tag that is always the same.
struct Xor;

const XOR_TAG: [u8; 16] = [0x55; 16];

const XOR_ANSWER: KnownAnswer<'static> = KnownAnswer {
    name: "its author's word",
    key: &[0; 16],
    nonce: &[0; 12],
    aad: b"",
    plaintext: b"\x00\x01\x02",
    ciphertext: b"\x55\x54\x57",
    tag: &XOR_TAG,
};

impl Cipher for Xor {
    fn suite(&self) -> CipherSuite {
        CipherSuite::new(0xF0BD)
    }

    fn params(&self) -> Params {
        Params::new(16, 12, 16, Hash::Sha256)
    }

    fn new_key(&self, key: &[u8]) -> Result<Box<dyn CipherKey>, CipherError> {
        match key.len() {
            16 => Ok(Box::new(Self)),
            _ => Err(CipherError::BadKeyLength),
        }
    }

    fn known_answers(&self) -> Vec<KnownAnswer<'_>> {
        vec![XOR_ANSWER]
    }
}

impl CipherKey for Xor {
    fn seal_in_place(
        &self,
        nonce: &[u8],
        _aad: &[u8],
        data: &mut [u8],
        tag: &mut [u8],
    ) -> Result<(), CipherError> {
        if nonce.len() != 12 || tag.len() != 16 {
            return Err(CipherError::BadNonceLength);
        }
        data.iter_mut().for_each(|octet| *octet ^= 0x55);
        tag.copy_from_slice(&XOR_TAG);
        Ok(())
    }

    fn open_in_place(
        &self,
        nonce: &[u8],
        aad: &[u8],
        data: &mut [u8],
        tag: &[u8],
    ) -> Result<(), CipherError> {
        self.seal_in_place(nonce, aad, data, &mut tag.to_vec())
    }
}
