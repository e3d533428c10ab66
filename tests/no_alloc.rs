//! In the steady state a frame allocates nothing, whether it is good or bad.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use allocation_counter::measure;
use common::{Pair, info};
use mediaseal::{CipherSuite, FrameBuf, FrameInfo, Mode, Ssrc};

const FRAMES: usize = 10_000;

#[test]
fn ten_thousand_frames_allocate_nothing() {
    for suite in CipherSuite::BUILTIN {
        for metadata in [&b""[..], b"codec=opus", &[7; 200]] {
            let mut pair = Pair::new(suite, Mode::Frame, 77);
            let info = FrameInfo::new(Ssrc::new(5)).metadata(metadata);
            let mut storage = vec![0; 1400];
            let mut copy = vec![0; 1400];
            let mut one_frame = |n: usize| {
                let len = n % 1200;
                let mut frame = FrameBuf::new(&mut storage, 17, len).unwrap();
                pair.encryptor.encrypt_in_place(&info, &mut frame).unwrap();
                // The same frame thrice: opened, duplicate, forged.
                let sealed = frame.as_slice();
                let opened = pair.decryptor.decrypt_into(&info, sealed, &mut copy);
                assert_eq!(opened.unwrap().len, len);
                assert!(
                    pair.decryptor
                        .decrypt_into(&info, sealed, &mut copy)
                        .is_err()
                );
                frame.as_mut_slice()[0] ^= 0x01;
                assert!(pair.decryptor.decrypt_in_place(&info, &mut frame).is_err());
            };
            // A session's first frame is outside the steady state.
            one_frame(0);
            let allocations = measure(|| (0..FRAMES).for_each(&mut one_frame));
            assert_eq!(
                allocations.count_total,
                0,
                "{suite} with {} octets of metadata",
                metadata.len()
            );
        }
    }
}

#[test]
fn an_unknown_sender_allocates_nothing() {
    let mut pair = Pair::gcm();
    let mut octets = [0x7F; 300];
    let mut storage = [0; 300];
    let allocations = measure(|| {
        for n in 0..FRAMES {
            let [high, low, ..] = u32::try_from(n).unwrap().to_le_bytes();
            (octets[0], octets[1], octets[2]) = (0x90 | (high & 0x6F), high, low);
            assert!(
                pair.decryptor
                    .decrypt_into(&info(), &octets[..n % 300], &mut storage)
                    .is_err()
            );
        }
    });
    assert_eq!(allocations.count_total, 0);
}

/// The counter counts: it sees the one allocation of the convenient form.
#[test]
fn the_measurement_sees_an_allocation() {
    let mut pair = Pair::gcm();
    pair.seal("first");
    let allocations = measure(|| drop(pair.seal("second")));
    assert!(allocations.count_total > 0);
}
