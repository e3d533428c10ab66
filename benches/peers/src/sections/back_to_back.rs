//! AES-GCM, packet after packet.

use std::time::Duration;

use super::sizes;
use crate::{
    aead::{self, Aead, Visitor, opening, sealing},
    results::Results,
    rounds::{Contender, Label, Plan, interleave},
};

/// The tables' names, with the octets of their keys.
const SUITES: [(&str, usize); 2] = [("aead", 16), ("aead-256", 32)];
/// Octets of the packets under longer keys.
const SIZES_256: [usize; 3] = [80, 1200, 16_384];

pub(super) fn run(results: &mut Results, plan: Plan) {
    for (bench, key_len) in SUITES {
        let sizes = if key_len == 16 {
            sizes(plan)
        } else {
            &SIZES_256
        };
        for &octets in sizes {
            for op in ["seal", "open"] {
                let mut gather = Gather::new(key_len, octets, op);
                aead::everyone(&mut gather);
                gather.every_other_kernel();
                let label = Label {
                    bench,
                    op,
                    octets,
                    count: 1,
                };
                interleave(results, plan, label, gather.contenders);
            }
        }
    }
}

/// Makes contenders of implementations.
pub(super) struct Gather {
    key_len: usize,
    octets: usize,
    op: &'static str,
    /// Those met so far.
    pub(super) contenders: Vec<Contender<'static>>,
}

impl Gather {
    /// Contenders that `seal` or `open` packets of `octets` octets.
    pub(super) fn new(key_len: usize, octets: usize, op: &'static str) -> Self {
        Self {
            key_len,
            octets,
            op,
            contenders: Vec::new(),
        }
    }

    /// Adds our kernels below the best.
    fn every_other_kernel(&mut self) {
        for kernel in aead::kernels().into_iter().skip(1) {
            aead::one_kernel(self, kernel);
        }
    }
}

impl Visitor for Gather {
    fn visit<A: Aead + Send + 'static>(
        &mut self,
        who: &str,
        new: impl Fn(&[u8]) -> A + Clone + Send + 'static,
    ) {
        let aead = new(&vec![0x3C; self.key_len]);
        let run: Box<dyn FnMut(u32) -> Duration> = if self.op == "seal" {
            Box::new(sealing(aead, self.octets))
        } else {
            Box::new(opening(aead, self.octets))
        };
        self.contenders.push(Contender::new(who, run));
    }

    fn absent(&mut self, _: &str, _: &str) {}
}
