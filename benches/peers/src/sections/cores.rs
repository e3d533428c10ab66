//! One core and two, each with a stream of its own.

use std::{sync::Barrier, thread, time::Duration};

use crate::{
    aead::{self, Aead, Visitor, sealing},
    channel::{self, Ours, encrypting},
    results::Results,
    rounds::{Contender, Label, Plan, cpus, interleave, pin},
};

const SIZES: [usize; 2] = [80, 1200];

pub(super) fn run(results: &mut Results, plan: Plan) {
    let cpus = cpus();
    if cpus.len() < 2 {
        results.is_absent("two cores", "this machine lends one");
    }
    for octets in SIZES {
        for count in [1, 2] {
            let Some(cpus) = cpus.get(..count) else {
                continue;
            };
            let mut gather = Gather {
                octets,
                cpus,
                contenders: Vec::new(),
            };
            aead::everyone(&mut gather);
            let mut contenders = gather.contenders;
            let streams = cpus.iter().map(|_| encrypting(Ours::new(octets))).collect();
            contenders.push(Contender::new(
                channel::OURS,
                side_by_side(streams, cpus.to_vec()),
            ));
            let label = Label {
                bench: "cores",
                op: "seal",
                octets,
                count,
            };
            // Starting the threads must not count for much.
            interleave(results, plan.longer(8), label, contenders);
        }
    }
    pin(cpus[0]);
}

struct Gather<'a> {
    octets: usize,
    cpus: &'a [usize],
    contenders: Vec<Contender<'static>>,
}

impl Visitor for Gather<'_> {
    fn visit<A: Aead + Send + 'static>(
        &mut self,
        who: &str,
        new: impl Fn(&[u8]) -> A + Clone + Send + 'static,
    ) {
        let streams = self
            .cpus
            .iter()
            .map(|_| sealing(new(&[0x3C; 16]), self.octets))
            .collect();
        self.contenders.push(Contender::new(
            who,
            side_by_side(streams, self.cpus.to_vec()),
        ));
    }

    fn absent(&mut self, _: &str, _: &str) {}
}

/// Runs each stream on its own core, all at once; the time is that of the slowest, shared among them.
fn side_by_side<F: FnMut(u32) -> Duration + Send>(
    mut streams: Vec<F>,
    cpus: Vec<usize>,
) -> impl FnMut(u32) -> Duration {
    move |calls| {
        let count = streams.len();
        let barrier = Barrier::new(count);
        let slowest = thread::scope(|scope| {
            let threads: Vec<_> = streams
                .iter_mut()
                .zip(&cpus)
                .map(|(stream, cpu)| {
                    let barrier = &barrier;
                    scope.spawn(move || {
                        pin(*cpu);
                        barrier.wait();
                        stream(calls)
                    })
                })
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().expect("it does not panic"))
                .max()
        });
        slowest.unwrap_or_default() / count as u32
    }
}
