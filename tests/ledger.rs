//! No (key, nonce) twice: ten million encryptions under one channel key and one sender's name, by several threads, through restarts, forks, rollovers of
//! the hour, renewed sessions, advances, and a clock that is set back. Everything that could repeat does: the key, the channel, the sender,
//! the media, the generation.
//!
//! A session's key follows from its KID (all else being equal), and the nonce from CTR, so (KID, CTR) stands for (key, nonce).
//! Prints `ledger: N encryptions, 0 repeats`.
#![allow(unsafe_code, reason = "fork and waitpid are unsafe calls")]
#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a test fails by panicking"
)]

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use mediaseal::{
    ChannelConfig, ChannelEncryptor, ChannelKey, ChannelStore, Error, FrameBuf, FrameInfo, Media,
    Mode, NewGeneration, SenderId,
};

const THREADS: u64 = 2;
const LIVES: u64 = 25;
const FRAMES: u64 = 200_000;
const FORKED_FRAMES: usize = 2_000;
const NOW: u64 = 1_800_000_000;

/// (KID, CTR) of a frame.
type Entry = (u64, u64);

fn main() -> ExitCode {
    // With a clock and a name every session begins at CTR 0; without, at a random multiple of 2^32.
    let cases = [("alice", true), ("alice", false), ("", true)];
    let clock = AtomicU64::new(NOW);
    let mut entries: Vec<Entry> = Vec::new();
    for (sender, has_clock) in cases {
        let lives: Vec<Vec<Entry>> = thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS)
                .map(|thread| {
                    let clock = &clock;
                    scope.spawn(move || -> Vec<Entry> {
                        (0..LIVES)
                            .flat_map(|life| one_life(sender, has_clock, thread, life, clock))
                            .collect()
                    })
                })
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        entries.extend(lives.into_iter().flatten());
    }
    for life in 0..8 {
        entries.extend(forked_life(life));
    }

    let count = entries.len();
    assert!(count >= 10_000_000, "{count} encryptions");
    entries.sort_unstable();
    let repeats = entries.windows(2).filter(|pair| pair[0] == pair[1]).count();
    let sessions = entries.chunk_by(|one, other| one.0 == other.0).count();
    assert!(sessions > 500, "{sessions} sessions");
    // The search finds a repeat where there is one.
    entries.push(entries[count / 2]);
    entries.sort_unstable();
    assert!(entries.windows(2).any(|pair| pair[0] == pair[1]));

    println!("ledger: {count} encryptions, {repeats} repeats");
    if repeats == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// A process from start to end, as far as the library sees it: the same key, channel and sender each time.
fn start(sender: &str, has_clock: bool, now: u64) -> (ChannelStore, ChannelEncryptor) {
    let store = ChannelStore::new().unwrap();
    let config = ChannelConfig::new("room").unwrap();
    let config = if has_clock {
        config.with_clock()
    } else {
        config
    };
    let channel = store.channel(config).unwrap();
    let key = ChannelKey::from_slice(&[0x5A; 32]).unwrap();
    channel.stage(NewGeneration::new(1, key)).unwrap();
    store.tick(now).unwrap();
    channel.activate(1).unwrap();
    let sender = SenderId::new(sender).unwrap();
    let encryptor =
        ChannelEncryptor::for_channel(&channel, sender, Media::AUDIO, Mode::Frame).unwrap();
    (store, encryptor)
}

fn seal(encryptor: &mut ChannelEncryptor) -> Result<Entry, Error> {
    let mut storage = [0; 52];
    let mut frame = FrameBuf::new(&mut storage, 17, 1)?;
    let sealed = encryptor.encrypt_in_place(&FrameInfo::default(), &mut frame)?;
    Ok((sealed.kid.value(), sealed.ctr.value()))
}

fn one_life(
    sender: &str,
    has_clock: bool,
    thread: u64,
    life: u64,
    clock: &AtomicU64,
) -> Vec<Entry> {
    let (store, mut encryptor) = start(sender, has_clock, clock.load(Ordering::Relaxed));
    let mut entries = Vec::new();
    let frames = if sender.is_empty() {
        FRAMES
    } else {
        FRAMES / 2
    };
    for frame in 0..frames {
        // Hours pass, and now and then the clock goes back over ones that were used.
        if frame % 20_000 == 19_999 {
            let now = match (life + frame / 20_000 + thread) % 5 {
                0 => NOW,
                1 => clock.fetch_sub(3600, Ordering::Relaxed),
                _ => clock.fetch_add(1800, Ordering::Relaxed),
            };
            store.tick(now).unwrap();
        }
        if frame % 50_000 == 49_999 {
            store.renew_sessions().unwrap();
        }
        entries.push(seal(&mut encryptor).unwrap());
    }
    entries
}

/// A life in the middle of which the process forks, and both go on.
fn forked_life(life: u64) -> Vec<Entry> {
    let (store, mut encryptor) = start("alice", life.is_multiple_of(2), NOW);
    let mut entries: Vec<Entry> = (0..FORKED_FRAMES)
        .map(|_| seal(&mut encryptor).unwrap())
        .collect();
    let path = std::env::temp_dir().join(format!("mediaseal-ledger-{}", std::process::id()));
    #[cfg(unix)]
    {
        // SAFETY: no other thread runs now, so the child may do what it likes, and it leaves by _exit.
        let pid = unsafe { libc::fork() };
        assert!(pid >= 0, "fork failed");
        if pid == 0 {
            let held = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                // What was inherited is refused, until the sessions are renewed.
                assert_eq!(seal(&mut encryptor), Err(Error::Forked));
                store.renew_sessions().unwrap();
                let octets: Vec<u8> = (0..FORKED_FRAMES)
                    .map(|_| seal(&mut encryptor).unwrap())
                    .flat_map(|(kid, ctr)| [kid.to_be_bytes(), ctr.to_be_bytes()])
                    .flatten()
                    .collect();
                std::fs::write(&path, octets).unwrap();
            }));
            // SAFETY: leaves the process at once.
            unsafe { libc::_exit(i32::from(held.is_err())) };
        }
        let mut status = -1;
        // SAFETY: `pid` is a child of this process and `status` is writable.
        assert_eq!(unsafe { libc::waitpid(pid, &mut status, 0) }, pid);
        assert_eq!(status, 0, "the child failed");
        let octets = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let (records, rest) = octets.as_chunks::<16>();
        assert!(rest.is_empty() && records.len() == FORKED_FRAMES);
        entries.extend(records.iter().map(|record| {
            let number = |at: usize| u64::from_be_bytes(record[at..at + 8].try_into().unwrap());
            (number(0), number(8))
        }));
    }
    store.tick(NOW + 60).unwrap();
    entries.extend((0..FORKED_FRAMES).map(|_| seal(&mut encryptor).unwrap()));
    entries
}
