//! A batch ends each frame as a call of its own would.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use allocation_counter::measure;
use common::Pair;
use mediaseal::{
    BatchFrame, CipherSuite, DecryptJob, EncryptJob, Error, FrameBuf, FrameInfo, Mode, Ssrc,
    decrypt_batch, encrypt_batch,
};

const HEAD: usize = FrameBuf::HEADROOM;
const TAIL: usize = FrameBuf::TAILROOM;

/// Suites of all kinds in turn, so that frames of lanes and others lie beside each other.
const SUITES: [CipherSuite; 6] = [
    CipherSuite::AES_128_CTR_HMAC_SHA256_80,
    CipherSuite::AES_128_GCM_SHA256_128,
    CipherSuite::AES_256_CTR_HMAC_SHA512_64,
    CipherSuite::AES_128_CTR_HMAC_SHA256_64,
    CipherSuite::AES_256_GCM_SHA512_128,
    CipherSuite::AES_256_CTR_HMAC_SHA512_80,
];

/// Octets of the frame `at` of stream `stream`.
fn plaintext(stream: usize, at: usize) -> Vec<u8> {
    let len = (stream * 131 + at * 977) % 1400;
    (0..len)
        .map(|index| (index * 7 + stream + at).to_le_bytes()[0])
        .collect()
}

fn storage(plaintext: &[u8]) -> Vec<u8> {
    [&[0; HEAD][..], plaintext, &[0; TAIL]].concat()
}

/// Pairs of encryptors and decryptors with the same keys each time, of all kinds of suites.
fn pairs(count: usize) -> Vec<Pair> {
    (0..count)
        .map(|index| Pair::new(SUITES[index % SUITES.len()], Mode::Frame, 9))
        .collect()
}

/// Metadata of every length that a batch treats in a way of its own, longer than fits among them.
fn metadata(stream: usize) -> Vec<u8> {
    vec![5; [0, 3, 100, 300][stream % 4]]
}

#[test]
fn a_batch_gives_the_octets_of_single_calls_and_opens_them() {
    const STREAMS: usize = 50;
    const FRAMES: usize = 3;
    let (mut single, mut batch) = (pairs(STREAMS), pairs(STREAMS));
    let metadata: Vec<Vec<u8>> = (0..STREAMS).map(metadata).collect();
    let info = |stream: usize| {
        FrameInfo::new(Ssrc::new(u32::try_from(stream).unwrap())).metadata(&metadata[stream])
    };

    let mut stored: Vec<Vec<Vec<u8>>> = (0..STREAMS)
        .map(|stream| {
            (0..FRAMES)
                .map(|at| storage(&plaintext(stream, at)))
                .collect()
        })
        .collect();
    let mut frames: Vec<Vec<_>> = stored
        .iter_mut()
        .enumerate()
        .map(|(stream, stored)| {
            stored
                .iter_mut()
                .enumerate()
                .map(|(at, stored)| {
                    let len = plaintext(stream, at).len();
                    BatchFrame::new(info(stream), FrameBuf::new(stored, HEAD, len).unwrap())
                })
                .collect()
        })
        .collect();
    let mut jobs: Vec<_> = batch
        .iter_mut()
        .zip(&mut frames)
        .map(|(pair, frames)| EncryptJob::new(&mut pair.encryptor, frames))
        .collect();
    encrypt_batch(&mut jobs);
    drop(jobs);
    for (stream, (frames, single)) in frames.iter().zip(&mut single).enumerate() {
        for (at, frame) in frames.iter().enumerate() {
            let expected = single
                .encryptor
                .encrypt_to_vec(&info(stream), &plaintext(stream, at))
                .unwrap();
            assert_eq!(
                frame.frame().as_slice(),
                expected,
                "stream {stream}, frame {at}"
            );
            let sealed = frame.result().unwrap().as_ref().unwrap();
            assert_eq!(sealed.len, expected.len());
        }
        assert_eq!(batch[stream].encryptor.totals(), single.encryptor.totals());
    }

    // What was sealed is opened; every seventh frame was altered, and one of each stream comes twice.
    let mut wire: Vec<Vec<Vec<u8>>> = frames
        .iter()
        .map(|frames| {
            let mut wire: Vec<Vec<u8>> = frames
                .iter()
                .map(|frame| frame.frame().as_slice().to_vec())
                .collect();
            wire.push(wire[0].clone());
            wire
        })
        .collect();
    for (number, octets) in wire.iter_mut().flatten().enumerate() {
        if number % 7 == 0 {
            *octets.last_mut().unwrap() ^= 1;
        }
    }
    let expected: Vec<Vec<Result<Vec<u8>, Error>>> = wire
        .iter()
        .zip(&mut single)
        .enumerate()
        .map(|(stream, (wire, pair))| {
            wire.iter()
                .map(|octets| pair.decryptor.decrypt_to_vec(&info(stream), octets))
                .collect()
        })
        .collect();
    let refused = expected.iter().flatten().filter(|one| one.is_err());
    assert!(refused.count() > STREAMS, "forged ones and duplicates");
    let mut received: Vec<Vec<_>> = wire
        .iter_mut()
        .enumerate()
        .map(|(stream, wire)| {
            wire.iter_mut()
                .map(|octets| {
                    let len = octets.len();
                    BatchFrame::new(info(stream), FrameBuf::new(octets, 0, len).unwrap())
                })
                .collect()
        })
        .collect();
    let mut jobs: Vec<_> = batch
        .iter_mut()
        .zip(&mut received)
        .map(|(pair, frames)| DecryptJob::new(&mut pair.decryptor, frames))
        .collect();
    decrypt_batch(&mut jobs);
    drop(jobs);
    for (stream, (received, expected)) in received.iter().zip(&expected).enumerate() {
        for (at, (frame, expected)) in received.iter().zip(expected).enumerate() {
            match (frame.result().unwrap(), expected) {
                (Ok(opened), Ok(plaintext)) => {
                    assert_eq!(
                        frame.frame().as_slice(),
                        plaintext,
                        "stream {stream}, frame {at}"
                    );
                    assert_eq!(opened.len, plaintext.len());
                    assert_eq!(opened.sender, common::alice());
                    assert!(frame.failure().is_none());
                }
                (Err(error), Err(expected)) => {
                    assert_eq!(error, expected, "stream {stream}, frame {at}");
                    let failure = frame.failure().unwrap();
                    assert_eq!(&failure.error, error);
                    assert_eq!(failure.stream, Ssrc::new(u32::try_from(stream).unwrap()));
                    let octets = frame.frame().as_slice();
                    let plaintext = plaintext(stream, at % FRAMES);
                    let is_shown = plaintext.len() > 32
                        && octets.windows(32).any(|part| part == &plaintext[..32]);
                    assert!(!is_shown, "stream {stream}, frame {at}");
                }
                (got, expected) => panic!("stream {stream}, frame {at}: {got:?}, not {expected:?}"),
            }
        }
        assert_eq!(
            batch[stream].decryptor.totals(),
            single[stream].decryptor.totals()
        );
    }
}

#[test]
fn a_refused_frame_of_a_batch_stops_no_other_and_costs_no_counter() {
    let mut pairs = pairs(2);
    let mut cramped = vec![1; 100];
    let mut roomy = vec![1; 200];
    for pair in &mut pairs {
        let mut frames = [
            BatchFrame::new(
                FrameInfo::default(),
                FrameBuf::new(&mut cramped, 0, 50).unwrap(),
            ),
            BatchFrame::new(
                FrameInfo::default(),
                FrameBuf::new(&mut roomy, 20, 50).unwrap(),
            ),
        ];
        encrypt_batch(&mut [EncryptJob::new(&mut pair.encryptor, &mut frames)]);
        assert!(frames[0].result().unwrap().is_err());
        assert_eq!(frames[0].frame().as_slice(), [1; 50]);
        let sealed = frames[1].result().unwrap().as_ref().unwrap();
        assert_eq!(sealed.ctr.value(), 0);
    }
}

#[test]
fn a_batch_allocates_nothing() {
    let mut pairs = pairs(24);
    let mut stored: Vec<Vec<u8>> = (0..pairs.len())
        .map(|stream| storage(&plaintext(stream, 1)))
        .collect();
    for round in 0..3 {
        let mut frames: Vec<[_; 1]> = stored
            .iter_mut()
            .enumerate()
            .map(|(stream, stored)| {
                let len = plaintext(stream, 1).len();
                [BatchFrame::new(
                    FrameInfo::default(),
                    FrameBuf::new(stored, HEAD, len).unwrap(),
                )]
            })
            .collect();
        let (mut encryptors, mut decryptors) = (Vec::new(), Vec::new());
        for pair in &mut pairs {
            encryptors.push(&mut pair.encryptor);
            decryptors.push(&mut pair.decryptor);
        }
        let mut jobs: Vec<_> = encryptors
            .into_iter()
            .zip(&mut frames)
            .map(|(encryptor, frames)| EncryptJob::new(encryptor, frames))
            .collect();
        let sealing = measure(|| encrypt_batch(&mut jobs)).count_total;
        drop(jobs);
        let mut frames: Vec<[_; 1]> = frames
            .into_iter()
            .enumerate()
            .map(|(at, [frame])| {
                let mut frame = frame.into_parts().0;
                if at == 0 {
                    frame.as_mut_slice()[HEAD] ^= 1;
                }
                [BatchFrame::new(FrameInfo::default(), frame)]
            })
            .collect();
        let mut jobs: Vec<_> = decryptors
            .into_iter()
            .zip(&mut frames)
            .map(|(decryptor, frames)| DecryptJob::new(decryptor, frames))
            .collect();
        let opening = measure(|| decrypt_batch(&mut jobs)).count_total;
        drop(jobs);
        for (at, frame) in frames.iter().flatten().enumerate() {
            assert_eq!(frame.result().unwrap().is_ok(), at > 0);
            assert_eq!(frame.failure().is_none(), at > 0);
        }
        // The first frame of a stream is outside of the steady state.
        if round > 0 {
            assert_eq!((sealing, opening), (0, 0), "round {round}");
        }
    }
}
