//! Many streams, visited at random: what counts is how much of the cache a stream needs.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use crate::{
    aead::{self, AAD, Aead, Buffer, TAG, Visitor},
    channel::Batch,
    nonces::Nonces,
    results::Results,
    rounds::{Contender, Label, Plan, interleave},
};

/// Octets of a packet.
const OCTETS: usize = 80;
/// Frames a batch.
const BATCH: usize = 64;
/// The name of whole frames by batch call.
pub const BATCH_NAME: &str = "mediaseal frames, batch of 64";

pub(super) fn run(results: &mut Results, plan: Plan) {
    let counts: &[usize] = if plan.quick {
        &[1, 1_000, 100_000]
    } else {
        &[1, 10, 100, 1_000, 10_000, 100_000]
    };
    for &count in counts {
        let mut gather = Gather {
            count,
            contenders: Vec::new(),
        };
        aead::everyone_with_short_keys(&mut gather);
        let mut batch = Batch::<BATCH>::of_sessions(count, OCTETS);
        let mut random = Random(1);
        gather
            .contenders
            .push(Contender::new(BATCH_NAME, move |calls| {
                let batches = (calls as usize).div_ceil(BATCH);
                let took: Duration = (0..batches)
                    .map(|_| batch.seal(|end| random.below(end)))
                    .sum();
                // Of whole batches, the share of so many calls.
                took.mul_f64(f64::from(calls) / (batches * BATCH) as f64)
            }));
        let label = Label {
            bench: "streams",
            op: "seal",
            octets: OCTETS,
            count,
        };
        interleave(results, plan.longer(4), label, gather.contenders);
    }
}

/// Numbers without order (xorshift).
struct Random(u64);

impl Random {
    #[inline(always)]
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((u128::from(self.0) * end as u128) >> 64) as usize
    }
}

struct Gather {
    count: usize,
    contenders: Vec<Contender<'static>>,
}

impl Visitor for Gather {
    fn visit<A: Aead + Send + 'static>(
        &mut self,
        who: &str,
        new: impl Fn(&[u8]) -> A + Clone + Send + 'static,
    ) {
        let streams: Vec<A> = (0..self.count)
            .map(|index| {
                let mut key = [0x3C; 16];
                key[..8].copy_from_slice(&index.to_le_bytes());
                new(&key)
            })
            .collect();
        self.contenders.push(Contender::new(who, visiting(streams)));
    }

    fn absent(&mut self, _: &str, _: &str) {}
}

/// Seals each packet for another stream.
fn visiting<A: Aead>(mut streams: Vec<A>) -> impl FnMut(u32) -> Duration {
    let mut buffer = Buffer::new(OCTETS);
    let mut nonces = Nonces::default();
    let mut tag = [0; TAG];
    let mut random = Random(1);
    move |calls| {
        let data = buffer.octets();
        let began = Instant::now();
        for _ in 0..calls {
            let stream = random.below(streams.len());
            streams[stream].seal(
                nonces.fresh(),
                black_box(&AAD),
                black_box(&mut *data),
                &mut tag,
            );
        }
        black_box(&tag);
        began.elapsed()
    }
}
