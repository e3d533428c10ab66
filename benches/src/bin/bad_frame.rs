//! What a bad frame costs a receiver, beside a good one: `cargo run --release --manifest-path benches/Cargo.toml --bin bad_frame`.
//!
//! The bounds are those of the specification: a known KID at most 2 good frames and a constant, an unheard KID at most 2 µs a candidate sender
//! with SHA-256 and 4 µs with SHA-512. Medians of 31 rounds that take turns.

use std::time::Instant;

use mediaseal::{
    ChannelConfig, ChannelDecryptor, ChannelEncryptor, ChannelKey, ChannelStore, CheckedCipher,
    CipherSuite, Error, FrameInfo, Media, Mode, NewGeneration, SenderId,
};

const ROUNDS: usize = 31;
const FRAMES: usize = 2000;

fn main() -> Result<(), Error> {
    println!(
        "{:<28} {:>6} {:>8} {:>10} {:>7} {:>12} {:>12}",
        "suite",
        "octets",
        "good ns",
        "bad KID ns",
        "ratio",
        "unheard/1 ns",
        "unheard/16 ns a candidate"
    );
    for suite in CipherSuite::BUILTIN {
        for len in [80, 1200] {
            measure(suite, len)?;
        }
    }
    Ok(())
}

fn measure(suite: CipherSuite, len: usize) -> Result<(), Error> {
    let cipher = CheckedCipher::builtin(suite)?.allow_short_tags();
    let key = ChannelKey::generate()?;
    let channel = |store: &ChannelStore| {
        let channel = store.channel(ChannelConfig::new("room")?)?;
        channel.stage(NewGeneration::new(1, key.duplicate()).cipher(&cipher))?;
        channel.activate(1)?;
        Ok::<_, Error>(channel)
    };
    let (here, there) = (ChannelStore::new()?, ChannelStore::new()?);
    let (here, there) = (channel(&here)?, channel(&there)?);
    let alice = SenderId::new("alice")?;
    let mut encryptor =
        ChannelEncryptor::for_channel(&here, alice.clone(), Media::AUDIO, Mode::PACKET_1200)?;
    let payload = vec![7; len - encryptor.next_overhead()?];
    let mut one =
        ChannelDecryptor::for_channel(&there, &[(alice.clone(), Media::AUDIO)], Mode::PACKET_1200)?;
    let crowd: Vec<_> = (0..16u8)
        .map(|n| Ok((SenderId::new([n])?, Media::AUDIO)))
        .collect::<Result<_, Error>>()?;
    let mut many = ChannelDecryptor::for_channel(&there, &crowd, Mode::PACKET_1200)?;

    let info = FrameInfo::default();
    let mut out = vec![0; len];
    let mut times = [const { Vec::new() }; 4];
    let mut session = 1u64 << 40;
    for _ in 0..ROUNDS {
        let frames: Vec<_> = (0..FRAMES)
            .map(|_| encryptor.encrypt_to_vec(&info, &payload))
            .collect::<Result<_, _>>()?;
        let mut forged = frames.clone();
        for frame in &mut forged {
            if let Some(last) = frame.last_mut() {
                *last ^= 1;
            }
        }
        let unheard: Vec<_> = (0..FRAMES)
            .map(|_| {
                session += 1;
                // A KID of 8 octets, CTR 0: generation 1, step 0, a session that nobody began.
                let kid = (1 << 63) | (session << 10) | 0x10;
                let mut frame = vec![0xF0];
                frame.extend_from_slice(&u64::to_be_bytes(kid));
                frame.resize(len, 7);
                frame
            })
            .collect();
        // Forged ones first: afterwards their counters would be duplicates.
        times[1].push(time(&mut one, &forged, &mut out, false));
        times[0].push(time(&mut one, &frames, &mut out, true));
        times[2].push(time(&mut one, &unheard, &mut out, false));
        times[3].push(time(&mut many, &unheard, &mut out, false) / 16);
    }
    let [good, bad, unheard, many] = times.map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2]
    });
    println!(
        "{:<28} {len:>6} {good:>8} {bad:>10} {:>7.2} {unheard:>12} {many:>12}",
        suite.name().unwrap_or_default(),
        bad as f64 / good as f64,
    );
    Ok(())
}

/// Nanoseconds a frame.
fn time(decryptor: &mut ChannelDecryptor, frames: &[Vec<u8>], out: &mut [u8], opens: bool) -> u128 {
    let info = FrameInfo::default();
    let start = Instant::now();
    for frame in frames {
        let opened = decryptor.decrypt_into(&info, frame, out).is_ok();
        assert_eq!(opened, opens);
    }
    start.elapsed().as_nanos() / frames.len() as u128
}
