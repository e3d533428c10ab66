//! Work of a fixed amount, for `cargo xtask test instructions`, which counts its instructions under valgrind.
//!
//! Between [`count_begins`] and [`count_ends`] lies one case: [`PACKETS`] packets. The name of each is printed, in their order.

use std::hint::black_box;

use mediaseal::{
    BaseKey, ChannelDecryptor, ChannelEncryptor, CipherSuite, CounterOrigin, Error, FrameBuf,
    FrameInfo, KeyId, KeyStore, Mode, SenderId,
    test_hooks::{Gcm, Tier, tiers},
};

/// Packets of a case; `xtask/src/instructions.rs` divides by it.
const PACKETS: usize = 200;
const SIZES: [usize; 4] = [20, 80, 160, 1200];
const AAD: [u8; 12] = [0xA5; 12];
/// Octets of a frame.
const FRAME: usize = 80;

/// Where the counters are set to zero.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn count_begins() {
    black_box("begins");
}

/// Where they are written down. It must not be the same code as above, or the compiler makes one function of the two.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn count_ends() {
    black_box("ends");
}

fn main() -> Result<(), Error> {
    for tier in tiers() {
        // Valgrind does not know VAES, and so nobody finds it there.
        if matches!(tier, Tier::AesNi | Tier::Portable) {
            for octets in SIZES {
                kernel(tier, octets);
            }
        }
    }
    channel()
}

fn kernel(tier: Tier, octets: usize) {
    let Some(gcm) = Gcm::new(tier, &[0x42; 16]) else {
        return;
    };
    let nonce = [7; 12];
    let mut packets = vec![(vec![0; octets], [0; 16]); PACKETS];
    count_begins();
    for (data, tag) in &mut packets {
        gcm.seal(black_box(&nonce), black_box(&AAD), black_box(data), tag);
    }
    count_ends();
    println!("{tier} seal {octets}");
    count_begins();
    let mut genuine = true;
    for (data, tag) in &mut packets {
        genuine &= gcm.open(black_box(&nonce), black_box(&AAD), black_box(data), tag);
    }
    count_ends();
    assert!(genuine);
    println!("{tier} open {octets}");
}

fn channel() -> Result<(), Error> {
    let kid = KeyId::new(7);
    let here = KeyStore::raw(CipherSuite::AES_128_GCM_SHA256_128)?;
    here.add_send(
        BaseKey::from_slice(&[0x42; 16])?,
        kid,
        CounterOrigin::FreshKey,
    )?;
    here.activate(kid)?;
    let there = KeyStore::raw(CipherSuite::AES_128_GCM_SHA256_128)?;
    there.add_receive(
        BaseKey::from_slice(&[0x42; 16])?,
        kid,
        SenderId::new("alice")?,
    )?;
    let mut encryptor = ChannelEncryptor::new(&here, Mode::Frame)?;
    let mut decryptor = ChannelDecryptor::new(&there, Mode::Frame)?;
    let info = FrameInfo::default();
    let mut storage = vec![vec![0; FrameBuf::HEADROOM + FRAME + FrameBuf::TAILROOM]; PACKETS + 1];
    let mut frames = storage
        .iter_mut()
        .map(|storage| FrameBuf::new(storage, FrameBuf::HEADROOM, FRAME))
        .collect::<Result<Vec<_>, _>>()?;
    // The first frame of a stream does what no other does.
    if let Some(first) = frames.first_mut() {
        encryptor.encrypt_in_place(&info, first)?;
        decryptor.decrypt_in_place(&info, first)?;
    }
    let mut failed = None;
    count_begins();
    for frame in frames.iter_mut().skip(1) {
        if let Err(error) = encryptor.encrypt_in_place(black_box(&info), black_box(frame)) {
            failed = Some(error);
        }
    }
    count_ends();
    println!("channel encrypt {FRAME}");
    count_begins();
    for frame in frames.iter_mut().skip(1) {
        if let Err(error) = decryptor.decrypt_in_place(black_box(&info), black_box(frame)) {
            failed = Some(error);
        }
    }
    count_ends();
    println!("channel decrypt {FRAME}");
    failed.map_or(Ok(()), Err)
}
