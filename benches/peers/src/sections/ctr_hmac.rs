//! AES-CTR with HMAC: one frame after another, and batches.

use std::time::{Duration, Instant};

use super::through_c::{Batch, CTR_HMAC};
use mediaseal::CipherSuite;

use crate::{
    channel::{self, OURS, Ours, Through, encrypting},
    ctr_hmac::{self, CtrHmac, Visitor, sealing},
    results::Results,
    rounds::{Contender, Label, Plan, interleave},
};

const SIZES: [usize; 3] = [80, 160, 1200];
/// Frames a batch, each of another stream.
const BATCH: usize = 16;
/// The name of whole frames by batch call.
pub const BATCH_NAME: &str = "mediaseal frames, batch of 16";
/// The same through C.
const BATCH_IN_C: &str = "mediaseal frames, batch of 16 in C";

pub(super) fn run(results: &mut Results, plan: Plan) {
    ctr_hmac::everyone(&mut ctr_hmac::Prove::new(results));
    for octets in SIZES {
        let mut gather = Gather {
            octets,
            contenders: Vec::new(),
        };
        ctr_hmac::everyone(&mut gather);
        // Whole frames: with header, counter and all else that the peers' bare ciphers do not have.
        let suite = CipherSuite::AES_128_CTR_HMAC_SHA256_80;
        let ours = encrypting(Ours::with(suite, octets, Through::InPlace));
        gather.contenders.insert(0, Contender::new(OURS, ours));
        let mut batch = channel::Batch::<BATCH>::of_raw_keys(suite, octets);
        gather
            .contenders
            .push(Contender::new(BATCH_NAME, move |calls| {
                let batches = (calls as usize).div_ceil(BATCH);
                let took: Duration = (0..batches).map(|_| batch.seal(|_| 0)).sum();
                took.mul_f64(f64::from(calls) / (batches * BATCH) as f64)
            }));
        let mut batch = Batch::new(CTR_HMAC, BATCH, octets);
        gather
            .contenders
            .push(Contender::new(BATCH_IN_C, move |calls| {
                let batches = (calls as usize).div_ceil(BATCH);
                let began = Instant::now();
                for _ in 0..batches {
                    batch.seal();
                }
                began
                    .elapsed()
                    .mul_f64(f64::from(calls) / (batches * BATCH) as f64)
            }));
        let label = Label {
            bench: "ctr-hmac",
            op: "seal",
            octets,
            count: 1,
        };
        interleave(results, plan, label, gather.contenders);
    }
}

struct Gather {
    octets: usize,
    contenders: Vec<Contender<'static>>,
}

impl Visitor for Gather {
    fn visit<C: CtrHmac + 'static>(&mut self, who: &str, cipher: C) {
        self.contenders
            .push(Contender::new(who, sealing(cipher, self.octets)));
    }

    fn absent(&mut self, _: &str, _: &str) {}
}
