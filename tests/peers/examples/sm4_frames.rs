//! The other side of `examples/c/custom_cipher.c`: seals and opens files of frames with SM4-GCM from Rust, so that each
//! can show that it opens what the other seals.
//!
//! A frame in a file is its length in 4 octets, the first the highest, and then header, ciphertext and tag. Plaintexts
//! and metadata are made up the same on both sides.

#[path = "../../../examples/sm4_gcm/mod.rs"]
mod sm4_gcm;

use std::{env, error::Error as StdError, fs};

use mediaseal::{
    BaseKey, ChannelDecryptor, ChannelEncryptor, CheckedCipher, CounterOrigin, Error, FrameInfo,
    KeyId, KeyStore, Mode, SenderId, Ssrc,
};

const USAGE: &str =
    "usage: sm4_frames --key HEX (--seal | --open) FILE; a key seals one file, once";

const KID: u64 = 0x1234;

/// Octets of the plaintexts.
const LENGTHS: [usize; 12] = [
    0, 1, 15, 16, 17, 80, 160, 1_000, 1_200, 4_096, 20_000, 100_000,
];

/// Plaintext `number` and its metadata, which every second frame has.
fn frame(number: usize) -> (Vec<u8>, Vec<u8>) {
    let low = |value: usize| value.to_le_bytes()[0];
    let plaintext = (0..LENGTHS[number])
        .map(|at| low(31 * number + 7 * at + (at >> 8)))
        .collect();
    let metadata = match number % 2 {
        0 => Vec::new(),
        _ => vec![low(0x60 + number); 20],
    };
    (plaintext, metadata)
}

/// A store that holds nothing yet.
fn store() -> Result<KeyStore, Box<dyn StdError>> {
    Ok(KeyStore::raw_with(&CheckedCipher::register(
        sm4_gcm::Sm4Gcm,
    )?)?)
}

fn seal(key: BaseKey) -> Result<Vec<u8>, Box<dyn StdError>> {
    let store = store()?;
    store.add_send(key, KeyId::new(KID), CounterOrigin::FreshKey)?;
    store.activate(KeyId::new(KID))?;
    let mut encryptor = ChannelEncryptor::new(&store, Mode::Frame)?;
    let mut file = Vec::new();
    for number in 0..LENGTHS.len() {
        let (plaintext, metadata) = frame(number);
        let info = FrameInfo::new(Ssrc::new(1)).metadata(&metadata);
        let sealed = encryptor.encrypt_to_vec(&info, &plaintext)?;
        file.extend_from_slice(&u32::try_from(sealed.len())?.to_be_bytes());
        file.extend_from_slice(&sealed);
    }
    Ok(file)
}

/// Opens every frame, and before it the same with one bit altered.
fn open(key: BaseKey, file: &[u8]) -> Result<(), Box<dyn StdError>> {
    let store = store()?;
    store.add_receive(key, KeyId::new(KID), SenderId::new("peer")?)?;
    let mut decryptor = ChannelDecryptor::new(&store, Mode::Frame)?;
    let mut rest = file;
    for number in 0..LENGTHS.len() {
        let (plaintext, metadata) = frame(number);
        let info = FrameInfo::new(Ssrc::new(1)).metadata(&metadata);
        let (len, behind) = rest.split_first_chunk().ok_or("the file ends too early")?;
        let (sealed, behind) = behind
            .split_at_checked(usize::try_from(u32::from_be_bytes(*len))?)
            .ok_or("the file ends too early")?;
        rest = behind;

        let mut altered = sealed.to_vec();
        *altered.last_mut().ok_or("an empty frame")? ^= 1;
        match decryptor.decrypt_to_vec(&info, &altered) {
            Err(Error::AuthenticationFailed { .. }) => {}
            other => return Err(format!("frame {number}, altered: {other:?}").into()),
        }
        if decryptor.decrypt_to_vec(&info, sealed)? != plaintext {
            return Err(format!("frame {number} came out altered").into());
        }
    }
    if rest.is_empty() {
        Ok(())
    } else {
        Err("the file goes on behind its last frame".into())
    }
}

fn main() -> Result<(), Box<dyn StdError>> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [option, key, mode, path] = arguments.as_slice() else {
        return Err(USAGE.into());
    };
    let count = LENGTHS.len();
    match (option.as_str(), mode.as_str()) {
        ("--key", "--seal") => {
            fs::write(path, seal(BaseKey::from_hex(key)?)?)?;
            println!("sm4_frames: {count} frames sealed");
        }
        ("--key", "--open") => {
            open(BaseKey::from_hex(key)?, &fs::read(path)?)?;
            println!("sm4_frames: {count} frames bit-exact, each refused with one bit altered");
        }
        _ => return Err(USAGE.into()),
    }
    Ok(())
}
