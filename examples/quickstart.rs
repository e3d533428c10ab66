//! The smallest program: one frame is encrypted and decrypted. `cargo run --release --example quickstart`
use mediaseal::*;

fn main() -> Result<(), Error> {
    let (key, kid, info) = (BaseKey::generate()?, KeyId::new(0), FrameInfo::default());
    let alice = KeyStore::raw(CipherSuite::AES_128_GCM_SHA256_128)?;
    alice.add_send(key.duplicate(), kid, CounterOrigin::FreshKey)?;
    alice.activate(kid)?;
    let bob = KeyStore::raw(CipherSuite::AES_128_GCM_SHA256_128)?;
    bob.add_receive(key, kid, SenderId::new("alice")?)?;

    let frame = b"one encoded frame, as the encoder made it";
    let sealed = ChannelEncryptor::new(&alice, Mode::Frame)?.encrypt_to_vec(&info, frame)?;
    let mut decryptor = ChannelDecryptor::new(&bob, Mode::Frame)?;
    assert_eq!(decryptor.decrypt_to_vec(&info, &sealed)?, frame);
    println!("{} octets became {}", frame.len(), sealed.len());
    let again = decryptor.decrypt_to_vec(&info, &sealed);
    println!("a second time: {again:?}");
    Ok(())
}
