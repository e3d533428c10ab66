//! What sealing at rest costs beside the bare AEAD, and what a recorder does a second.
//!
//! ```text
//! cargo run --release --manifest-path benches/Cargo.toml --bin recording
//! ```
//!
//! The chunks of both are 16 KiB, from memory that is in the cache, in turn and on one core; the best of many rounds counts.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mediaseal::test_hooks::{Gcm, tiers};
use mediaseal::vault::SystemClock;
use mediaseal::vault::grant::{Identity, Kem, Signer};
use mediaseal::vault::recording::cobblestone::{CHUNK_LEN, Sealer, TAG_LEN};
use mediaseal::vault::recording::{
    Cobblestone, Frame, LocalStorage, NewRecording, Profile, Reader, TrackFormat, verify,
};
use mediaseal::{Codec, SenderId};

const ROUNDS: usize = 400;
const CHUNKS: usize = 64;

fn main() {
    let mebibytes = |octets: usize, took: Duration| octets as f64 / took.as_secs_f64() / 1048576.0;
    for aead in [Cobblestone::Aes128, Cobblestone::Aes256] {
        let key = vec![7; aead.key_len()];
        let gcm = Gcm::new(tiers()[0], &key).expect("a tier that this CPU has");
        let mut buffer = vec![0x5a; CHUNK_LEN];
        buffer.reserve(TAG_LEN);
        let (mut bare, mut sealed) = (Duration::MAX, Duration::MAX);
        for _ in 0..ROUNDS {
            let began = Instant::now();
            for chunk in 0..CHUNKS as u64 {
                let mut nonce = [0; 12];
                nonce[4..].copy_from_slice(&chunk.to_be_bytes());
                let mut tag = [0; TAG_LEN];
                gcm.seal(&nonce, &[], black_box(&mut buffer), &mut tag);
                black_box(tag);
            }
            bare = bare.min(began.elapsed());
            let began = Instant::now();
            // The message's key and its last chunk included.
            let mut sealer = Sealer::new(aead, &key, b"context").expect("a key of its length");
            for _ in 0..CHUNKS {
                sealer
                    .seal_chunk(black_box(&mut buffer))
                    .expect("a whole chunk");
                buffer.truncate(CHUNK_LEN);
            }
            buffer.clear();
            sealer.seal_last(&mut buffer).expect("an empty chunk");
            buffer.resize(CHUNK_LEN, 0x5a);
            sealed = sealed.min(began.elapsed());
        }
        let octets = CHUNKS * CHUNK_LEN;
        println!(
            "{aead:?}: AES-GCM {:.0} MiB/s, chunks sealed {:.0} MiB/s: {:.2} of it",
            mebibytes(octets, bare),
            mebibytes(octets, sealed),
            bare.as_secs_f64() / sealed.as_secs_f64()
        );
    }
    recorder(&mebibytes);
}

/// A recorder on this machine's disk: frames of 4,000 octets, committed every 256 KiB and synced.
fn recorder(mebibytes: &dyn Fn(usize, Duration) -> f64) {
    let folder = std::env::temp_dir().join(format!("mediaseal-bench-{}", std::process::id()));
    let storage = Arc::new(LocalStorage::create(&folder).expect("a folder"));
    let clock = Arc::new(SystemClock);
    let signer = Arc::new(Signer::generate().expect("a signer"));
    let owner = Identity::generate(Kem::X25519).expect("an owner");
    let mut new = NewRecording::draw(
        Profile::Media,
        Cobblestone::default(),
        "",
        Arc::clone(&signer),
        &*clock,
    )
    .expect("a recording");
    new.add_recipient(owner.recipient()).expect("an owner");
    let dek = mediaseal::vault::Dek::from_bytes(new.dek().expose());
    let mut writer = new.start(storage.clone(), clock).expect("a new folder");
    writer
        .add_track(0, TrackFormat::of(Codec::Opaque))
        .expect("a track");
    let sender = SenderId::default();
    let octets = vec![0x33; 4_000];
    let count = 50_000;
    let began = Instant::now();
    for index in 0..count {
        writer
            .write_frame(&Frame {
                track: 0,
                sender: &sender,
                micros: index as u64 * 1_000,
                key_frame: index % 1_000 == 0,
                metadata: &[],
                octets: &octets,
            })
            .expect("room on the disk");
    }
    writer.finish().expect("room on the disk");
    let total = count * octets.len();
    println!(
        "recorded, with syncs: {:.0} MiB/s",
        mebibytes(total, began.elapsed())
    );
    let began = Instant::now();
    verify(&*storage, Some(signer.public())).expect("files");
    println!("verified: {:.0} MiB/s", mebibytes(total, began.elapsed()));
    let began = Instant::now();
    let mut reader = Reader::open(storage, &dek).expect("the key");
    let start = reader.start_of(0).expect("the track");
    assert_eq!(reader.frames(start).filter(Result::is_ok).count(), count);
    println!("read: {:.0} MiB/s", mebibytes(total, began.elapsed()));
    std::fs::remove_dir_all(folder).expect("the folder");
}
