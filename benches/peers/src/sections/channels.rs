//! Whole frames, and in the same rounds the bare kernel, for what the channel adds.

use std::time::Duration;

use super::back_to_back;
use crate::{
    aead,
    channel::{self, Channel, Visitor, decrypting, encrypting},
    results::Results,
    rounds::{Contender, Label, Plan, interleave},
};

const SIZES: [usize; 5] = [20, 80, 160, 1200, 16_384];

pub(super) fn run(results: &mut Results, plan: Plan) {
    for octets in SIZES {
        for (op, bare) in [("encrypt", "seal"), ("decrypt", "open")] {
            let mut gather = Gather {
                octets,
                op,
                results,
                contenders: Vec::new(),
            };
            channel::everyone(&mut gather);
            let mut contenders = gather.contenders;
            let mut kernel = back_to_back::Gather::new(16, octets, bare);
            let best = aead::best_kernel();
            aead::one_kernel(&mut kernel, best);
            contenders.append(&mut kernel.contenders);
            let label = Label {
                bench: "channel",
                op,
                octets,
                count: 1,
            };
            let rounds = interleave(results, plan.at_least(41), label, contenders);
            let label = Label {
                bench: "added by channel",
                ..label
            };
            rounds.add_difference(results, label, channel::OURS, &best.name());
        }
    }
}

struct Gather<'a> {
    octets: usize,
    op: &'static str,
    results: &'a mut Results,
    contenders: Vec<Contender<'static>>,
}

impl Visitor for Gather<'_> {
    fn visit<C: Channel + 'static>(&mut self, who: &str, new: impl Fn(usize) -> C) {
        let channel = new(self.octets);
        let run: Box<dyn FnMut(u32) -> Duration> = if self.op == "encrypt" {
            Box::new(encrypting(channel))
        } else {
            Box::new(decrypting(channel))
        };
        self.contenders.push(Contender::new(who, run));
    }

    fn absent(&mut self, who: &str, why: &str) {
        self.results.is_absent(who, why);
    }
}
