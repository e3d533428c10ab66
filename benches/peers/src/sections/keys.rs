//! Taking a key, and the memory that holds it.

use std::hint::black_box;

use super::through_c;
use crate::{
    aead::{self, Aead, Visitor},
    allocations::octets_of,
    channel::{self, Channel},
    results::Results,
    rounds::{Contender, Label, Plan, add, interleave},
};

pub(super) fn run(results: &mut Results, plan: Plan) {
    let mut gather = Gather {
        contenders: Vec::new(),
        octets: Vec::new(),
    };
    aead::everyone_with_short_keys(&mut gather);
    let label = |bench, op| Label {
        bench,
        op,
        octets: 0,
        count: 1,
    };
    interleave(results, plan, label("keys", "set up"), gather.contenders);
    for (who, octets) in gather.octets {
        add(results, label("memory", "context"), &who, &mut [octets]);
    }
    if let Some(octets) = aead::best_context_len() {
        add(
            results,
            label("memory", "kernel context"),
            channel::OURS,
            &mut [octets as f64],
        );
    }
    let mut streams = Streams(Vec::new());
    channel::everyone(&mut streams);
    for (who, octets) in streams.0 {
        add(
            results,
            label("memory", "stream, both ends"),
            &who,
            &mut [octets],
        );
    }
    if let Some(octets) = octets_of(through_c::sender) {
        add(
            results,
            label("memory", "sender: store and encryptor"),
            channel::OURS,
            &mut [octets],
        );
    }
}

struct Gather {
    contenders: Vec<Contender<'static>>,
    octets: Vec<(String, f64)>,
}

impl Visitor for Gather {
    fn visit<A: Aead + Send + 'static>(
        &mut self,
        who: &str,
        new: impl Fn(&[u8]) -> A + Clone + Send + 'static,
    ) {
        if let Some(octets) = octets_of(|| new(&[0x3C; 16])) {
            self.octets.push((who.to_owned(), octets));
        }
        self.contenders.push(Contender::calling(who, move || {
            black_box(new(black_box(&[0x3C; 16])));
        }));
    }

    fn absent(&mut self, _: &str, _: &str) {}
}

struct Streams(Vec<(String, f64)>);

impl channel::Visitor for Streams {
    fn visit<C: Channel + 'static>(&mut self, who: &str, new: impl Fn(usize) -> C) {
        if let Some(octets) = octets_of(|| new(0)) {
            self.0.push((who.to_owned(), octets));
        }
    }

    fn absent(&mut self, _: &str, _: &str) {}
}
