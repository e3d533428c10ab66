//! Rubbish of every length into a decryptor with keys loaded: no panic, nothing opens, nothing changes but counters.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{Pair, alice, info, key_a, key_b};
use mediaseal::{CipherSuite, Error, FrameBuf, KeyId, Mode};

/// A fast generator that is the same at each run; its quality does not matter here.
struct Rubbish(u64);

impl Rubbish {
    fn octet(&mut self) -> u8 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.to_le_bytes()[3]
    }

    fn fill(&mut self, octets: &mut [u8]) {
        octets.fill_with(|| self.octet());
    }
}

/// All that a frame could change, as far as it can be seen from outside.
fn state(pair: &Pair) -> (Vec<(u64, u64, Option<u64>)>, String) {
    let rows = pair
        .decryptor
        .statistics()
        .map(|row| {
            (
                row.frames,
                row.octets,
                row.window_head.map(mediaseal::Counter::value),
            )
        })
        .collect();
    (rows, format!("{:?}", pair.receive))
}

#[test]
fn rubbish_of_every_length_changes_nothing() {
    for suite in [
        CipherSuite::AES_128_GCM_SHA256_128,
        CipherSuite::AES_128_CTR_HMAC_SHA256_80,
        CipherSuite::AES_256_CTR_HMAC_SHA512_64,
    ] {
        let mut pair = Pair::new(suite, Mode::Frame, 0);
        pair.receive
            .add_receive_at(key_b(), KeyId::new(1), alice(), u64::MAX)
            .unwrap();
        pair.receive
            .add_receive(key_b(), KeyId::new(2), alice())
            .unwrap();
        pair.receive.retire_receive(KeyId::new(2)).unwrap();
        let frames: Vec<_> = (0..4000)
            .map(|n| pair.seal(&format!("frame {n}")))
            .collect();
        pair.decryptor.decrypt_to_vec(&info(), &frames[0]).unwrap();
        let before = state(&pair);

        let mut rubbish = Rubbish(0x9E37_79B9_7F4A_7C15);
        let mut tried = 0;
        for len in 0..=2048 {
            let mut octets = vec![0; len];
            // Every kind of header that this store has something to say about, and any other.
            for first in [
                None,
                Some(0x00),
                Some(0x07),
                Some(0x08),
                Some(0x0F),
                Some(0x10),
                Some(0x20),
                Some(0x2B),
                Some(0xFF),
            ] {
                rubbish.fill(&mut octets);
                if let (Some(first), Some(octet)) = (first, octets.first_mut()) {
                    *octet = first;
                }
                let mut out = vec![0xEE; len];
                assert!(
                    pair.decryptor
                        .decrypt_into(&info(), &octets, &mut out)
                        .is_err()
                );
                assert!(out.iter().all(|&octet| octet == 0xEE || octet == 0));
                let mut frame = FrameBuf::new(&mut octets, 0, len).unwrap();
                assert!(
                    pair.decryptor
                        .decrypt_in_place(&info(), &mut frame)
                        .is_err()
                );
                assert_eq!(frame.len(), len);
                tried += 2;
            }
        }
        assert_eq!(state(&pair), before);
        assert_eq!(pair.decryptor.totals().errors.total(), tried);
        // The window did not move for any CTR that rubbish claimed.
        for (n, frame) in frames.iter().enumerate().skip(1) {
            let opened = pair.decryptor.decrypt_to_vec(&info(), frame);
            assert_eq!(opened, Ok(format!("frame {n}").into_bytes()));
        }
    }
}

#[test]
fn a_good_frame_with_another_header_is_refused() {
    let mut pair = Pair::gcm();
    pair.receive
        .add_receive(key_b(), KeyId::new(1), alice())
        .unwrap();
    let sealed = pair.seal("frame");
    // KID 1 has another key, CTR 1 another nonce, a longer header another AAD.
    for header in [&[0x10][..], &[0x01], &[0x08, 0x09], &[0x18, 0xFF]] {
        let moved = [header, &sealed[1..]].concat();
        let refused = pair.decryptor.decrypt_to_vec(&info(), &moved);
        assert!(
            matches!(refused, Err(Error::AuthenticationFailed { .. })),
            "{header:02x?}"
        );
    }
    for cut in 1..sealed.len() {
        assert!(
            pair.decryptor
                .decrypt_to_vec(&info(), &sealed[..cut])
                .is_err()
        );
        assert!(
            pair.decryptor
                .decrypt_to_vec(&info(), &sealed[cut..])
                .is_err()
        );
    }
    let longer = [&sealed[..], &[0]].concat();
    assert!(pair.decryptor.decrypt_to_vec(&info(), &longer).is_err());
    assert_eq!(
        pair.decryptor.decrypt_to_vec(&info(), &sealed).unwrap(),
        b"frame"
    );
    assert_ne!(key_a(), key_b());
}
