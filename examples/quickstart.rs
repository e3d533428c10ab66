//! The smallest program: one frame is encrypted, sent nowhere, decrypted and compared.
//!
//! Run it with `cargo run --release --example quickstart`.

use mediaseal::{BaseKey, ChannelDecryptor, ChannelEncryptor, CipherSuite, CounterOrigin};
use mediaseal::{FrameInfo, KeyId, KeyStore, Mode, SenderId, Ssrc};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (key, kid) = (BaseKey::generate()?, KeyId::new(0));
    let info = FrameInfo::new(Ssrc::new(1));
    let frame = b"one encoded frame, as the encoder made it";

    let receiving = KeyStore::raw(CipherSuite::AES_128_GCM_SHA256_128)?;
    receiving.add_receive(key.duplicate(), kid, SenderId::new("alice")?)?;
    let sending = KeyStore::raw(CipherSuite::AES_128_GCM_SHA256_128)?;
    sending.add_send(key, kid, CounterOrigin::FreshKey)?;
    sending.activate(kid)?;

    let mut encryptor = ChannelEncryptor::new(&sending, Mode::Frame)?;
    let mut decryptor = ChannelDecryptor::new(&receiving, Mode::Frame)?;
    let encrypted = encryptor.encrypt_to_vec(&info, frame)?;
    let decrypted = decryptor.decrypt_to_vec(&info, &encrypted)?;

    assert_eq!(decrypted, frame);
    let (plain, sealed) = (frame.len(), encrypted.len());
    println!("{plain} octets became {sealed}, and the frame came back bit by bit");
    println!(
        "a second time: {:?}",
        decryptor.decrypt_to_vec(&info, &encrypted)
    );
    Ok(())
}
