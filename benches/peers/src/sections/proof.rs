//! What it costs to look at what leaves: encryptors with a sentinel beside them, and without.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use mediaseal::{ChannelEncryptor, CipherSuite, FrameBuf, FrameInfo, Mode, Sentinel};

use crate::{
    aead::places,
    channel::stores,
    results::Results,
    rounds::{Contender, Label, Plan, interleave},
};

/// Encryptors alone.
pub const ALONE: &str = "encryptor";
/// With a sentinel that sees each frame.
pub const OBSERVED: &str = "encryptor and sentinel";

const SIZES: [usize; 3] = [80, 1200, 30_000];

pub(super) fn run(results: &mut Results, plan: Plan) {
    for octets in SIZES {
        let label = Label {
            bench: "proof",
            op: "encrypt",
            octets,
            count: 1,
        };
        let contenders = vec![
            contender(ALONE, octets, false),
            contender(OBSERVED, octets, true),
        ];
        interleave(results, plan.at_least(101), label, contenders);
    }
}

fn contender(name: &str, octets: usize, is_observed: bool) -> Contender<'static> {
    let (here, _) = stores(CipherSuite::AES_128_GCM_SHA256_128);
    let mut encryptor = ChannelEncryptor::new(&here, Mode::Frame).expect("the store is ready");
    let mut sentinel = Sentinel::new(&here);
    let proof = sentinel.proof();
    let mut storages =
        vec![vec![7; octets + FrameBuf::HEADROOM + FrameBuf::TAILROOM]; places(octets)];
    let mut turn = 0;
    let mut one = move || {
        let info = FrameInfo::default();
        turn = (turn + 1) & (storages.len() - 1);
        let storage = black_box(&mut storages[turn]);
        let mut frame = FrameBuf::new(storage, FrameBuf::HEADROOM, octets).expect("it fits");
        encryptor
            .encrypt_in_place(black_box(&info), &mut frame)
            .expect("the key is there");
        if is_observed {
            sentinel.observe_sent(black_box(&info), frame.as_slice());
        }
    };
    Contender::new(name, move |calls| -> Duration {
        // The application polls some times a second, off the media thread.
        let state = proof.check(1);
        assert!(
            !matches!(state, mediaseal::ProofState::Degraded { .. }),
            "{state}"
        );
        let began = Instant::now();
        for _ in 0..calls {
            one();
        }
        began.elapsed()
    })
}
