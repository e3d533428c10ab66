//! Several threads over one store: no CTR twice, no frame opened twice.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::collections::HashSet;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use common::{GCM, Pair, info, key_b, store};
use mediaseal::{
    ChannelDecryptor, ChannelEncryptor, CounterOrigin, Error, FrameBuf, KeyId, KeyStore, Mode,
};

const fn is_send<T: Send>() {}
const fn is_send_and_sync<T: Send + Sync>() {}
const _: () = {
    is_send::<ChannelEncryptor>();
    is_send::<ChannelDecryptor>();
    is_send_and_sync::<KeyStore>();
    is_send_and_sync::<mediaseal::CheckedCipher>();
    is_send_and_sync::<mediaseal::BaseKey>();
    is_send_and_sync::<mediaseal::CounterStore>();
    is_send_and_sync::<mediaseal::ChannelStore>();
    is_send_and_sync::<mediaseal::Channel>();
    is_send_and_sync::<mediaseal::ChannelKey>();
    is_send_and_sync::<mediaseal::EpochSecret>();
};

#[test]
fn encryptors_that_share_a_key_never_share_a_counter() {
    const THREADS: u64 = 4;
    const FRAMES: u64 = 100_000;
    let pair = Pair::gcm();
    let taken: Vec<Vec<u64>> = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                scope.spawn(|| {
                    let mut encryptor = ChannelEncryptor::new(&pair.send, Mode::Frame).unwrap();
                    let mut storage = [0; 128];
                    (0..FRAMES)
                        .map(|_| {
                            let mut frame = FrameBuf::new(&mut storage, 17, 40).unwrap();
                            encryptor
                                .encrypt_in_place(&info(), &mut frame)
                                .unwrap()
                                .ctr
                                .value()
                        })
                        .collect()
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    for own in &taken {
        assert!(own.is_sorted_by(|a, b| a < b), "each encryptor goes up");
    }
    let all: HashSet<u64> = taken.into_iter().flatten().collect();
    assert_eq!(all.len() as u64, THREADS * FRAMES, "no CTR twice");
    assert!(
        all.iter().all(|&ctr| ctr < THREADS * FRAMES),
        "and none left out"
    );
}

#[test]
fn decryptors_that_share_a_window_open_each_frame_once() {
    const FRAMES: usize = 20_000;
    let mut pair = Pair::new(GCM, Mode::PACKET_1200, 0);
    let frames: Vec<_> = (0..FRAMES).map(|n| pair.seal(&n.to_string())).collect();
    let opened: Vec<_> = (0..FRAMES).map(|_| AtomicUsize::new(0)).collect();
    let refused = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut decryptor =
                    ChannelDecryptor::new(&pair.receive, Mode::PACKET_1200).unwrap();
                for (frame, opened) in frames.iter().zip(&opened) {
                    match decryptor.decrypt_to_vec(&info(), frame) {
                        Ok(_) => opened.fetch_add(1, Ordering::Relaxed),
                        Err(
                            Error::Duplicate { .. }
                            | Error::TooOld { .. }
                            | Error::Contended { .. },
                        ) => refused.fetch_add(1, Ordering::Relaxed),
                        Err(other) => panic!("{other}"),
                    };
                }
            });
        }
    });
    let twice = opened
        .iter()
        .filter(|count| count.load(Ordering::Relaxed) > 1)
        .count();
    let once = opened
        .iter()
        .filter(|count| count.load(Ordering::Relaxed) == 1)
        .count();
    assert_eq!(twice, 0);
    assert_eq!(once + refused.into_inner(), 4 * FRAMES);
    assert!(once > FRAMES / 2, "{once} of {FRAMES} opened");
}

#[test]
fn a_key_retired_and_added_again_under_a_running_decryptor_opens_no_frame_twice() {
    const FRAMES: usize = 200_000;
    let mut pair = Pair::gcm();
    let frames: Vec<_> = (0..FRAMES).map(|_| pair.seal("f")).collect();
    let opened: Vec<_> = (0..FRAMES).map(|_| AtomicUsize::new(0)).collect();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let kid = KeyId::new(0);
            while !done.load(Ordering::Relaxed) {
                // Now and then, so that there is a key most of the time.
                thread::sleep(std::time::Duration::from_micros(200));
                pair.receive.retire_receive(kid).unwrap();
                pair.receive
                    .add_receive(common::key_a(), kid, common::alice())
                    .unwrap();
            }
        });
        let workers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let mut decryptor = ChannelDecryptor::new(&pair.receive, Mode::Frame).unwrap();
                    let mut out = [0; 1];
                    for (frame, opened) in frames.iter().zip(&opened) {
                        if decryptor.decrypt_into(&info(), frame, &mut out).is_ok() {
                            opened.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                })
            })
            .collect();
        for worker in workers {
            worker.join().unwrap();
        }
        done.store(true, Ordering::Relaxed);
    });
    let twice = opened
        .iter()
        .filter(|count| count.load(Ordering::Relaxed) > 1);
    assert_eq!(twice.count(), 0);
    let once = opened
        .iter()
        .filter(|count| count.load(Ordering::Relaxed) == 1);
    assert!(once.count() > 0);
}

#[test]
fn keys_change_under_running_encryptors_and_decryptors() {
    let pair = Pair::gcm();
    let done = AtomicBool::new(false);
    let ready = Barrier::new(2);
    thread::scope(|scope| {
        let (send, receive, done, ready) = (&pair.send, &pair.receive, &done, &ready);
        let worker = scope.spawn(move || {
            let mut encryptor = ChannelEncryptor::new(send, Mode::Frame).unwrap();
            let mut decryptor = ChannelDecryptor::new(receive, Mode::Frame).unwrap();
            let mut kids = HashSet::new();
            while !done.load(Ordering::Relaxed) {
                let frame = encryptor.encrypt_to_vec(&info(), b"frame").unwrap();
                assert_eq!(decryptor.decrypt_to_vec(&info(), &frame).unwrap(), b"frame");
                if kids.insert(frame[0] >> 4) && kids.len() == 1 {
                    ready.wait();
                }
            }
            kids.len()
        });
        // The keys change under a pair that is at work.
        ready.wait();
        // Receivers first, then the sender: no frame in between is lost.
        for kid in (1..200).map(KeyId::new) {
            let key = mediaseal::BaseKey::generate().unwrap();
            receive
                .add_receive(key.duplicate(), kid, common::alice())
                .unwrap();
            send.add_send(key, kid, CounterOrigin::FreshKey).unwrap();
            send.activate(kid).unwrap();
            thread::yield_now();
        }
        done.store(true, Ordering::Relaxed);
        assert!(worker.join().unwrap() >= 1);
    });
    let last = store(GCM);
    last.add_send(key_b(), KeyId::new(0), CounterOrigin::FreshKey)
        .unwrap();
}

#[test]
fn a_channel_changes_under_running_encryptors_and_no_header_comes_twice() {
    use mediaseal::{ChannelConfig, ChannelKey, ChannelStore, Media, NewGeneration, SenderId};
    const NOW: u64 = 1_800_000_000;
    const FRAMES: usize = 60_000;
    let member = || {
        let store = ChannelStore::new().unwrap();
        let config = ChannelConfig::new("room").unwrap().with_clock();
        let channel = store.channel(config).unwrap();
        let key = ChannelKey::from_slice(&[7; 32]).unwrap();
        channel.stage(NewGeneration::new(1, key)).unwrap();
        store.tick(NOW).unwrap();
        channel.activate(1).unwrap();
        (store, channel)
    };
    let ((sending, send_channel), (receiving, receive_channel)) = (member(), member());
    let done = AtomicBool::new(false);
    let sender = SenderId::new("alice").unwrap();
    let headers: Vec<HashSet<(u64, u64)>> = thread::scope(|scope| {
        let workers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let mut encryptor = ChannelEncryptor::for_channel(
                        &send_channel,
                        sender.clone(),
                        Media::VIDEO,
                        Mode::Frame,
                    )
                    .unwrap();
                    let mut decryptor = ChannelDecryptor::for_channel(
                        &receive_channel,
                        &[(sender.clone(), Media::VIDEO)],
                        Mode::Frame,
                    )
                    .unwrap();
                    let mut storage = [0; 64];
                    let mut headers = HashSet::new();
                    for _ in 0..FRAMES {
                        let mut frame = FrameBuf::new(&mut storage, 17, 8).unwrap();
                        let sealed = encryptor.encrypt_in_place(&info(), &mut frame).unwrap();
                        assert!(headers.insert((sealed.kid.value(), sealed.ctr.value())));
                        // The receiver follows in its own time, and looks ahead as far as the sender goes.
                        decryptor.decrypt_in_place(&info(), &mut frame).unwrap();
                    }
                    headers
                })
            })
            .collect();
        scope.spawn(|| {
            let mut turn: u32 = 0;
            while !done.load(Ordering::Relaxed) {
                turn += 1;
                let now = NOW + u64::from(turn % 7);
                sending.tick(now).unwrap();
                receiving.tick(now).unwrap();
                match turn % 3 {
                    0 => sending.renew_sessions().unwrap(),
                    1 if turn < 6 => send_channel.advance_to(1, turn).unwrap(),
                    _ => thread::yield_now(),
                }
            }
        });
        let headers = workers
            .into_iter()
            .map(|worker| worker.join().unwrap())
            .collect();
        done.store(true, Ordering::Relaxed);
        headers
    });
    assert!(headers[0].is_disjoint(&headers[1]));
}
