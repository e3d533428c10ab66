//! What is measured, table by table.

mod back_to_back;
mod channels;
mod codecs;
mod cores;
mod costs;
mod ctr_hmac;
mod isolated;
mod keys;
mod proof;
mod same_tier;
mod streams;
mod through_c;

use crate::{results::Results, rounds::Plan};

pub use codecs::{FRAME, OPAQUE_IN_PLACE, OPAQUE_INTO, codec_aware};
pub use ctr_hmac::BATCH_NAME as CTR_HMAC_BATCH;
pub use proof::{ALONE, OBSERVED};
pub use same_tier::CHILD;
pub use streams::BATCH_NAME as STREAMS_BATCH;

/// One table.
pub struct Section {
    /// Its name on the command line and in the results.
    pub name: &'static str,
    /// Measures it.
    pub run: fn(&mut Results, Plan),
}

/// Every table.
pub const SECTIONS: &[Section] = &[
    Section {
        name: "aead",
        run: back_to_back::run,
    },
    Section {
        name: "isolated",
        run: isolated::run,
    },
    Section {
        name: "same-tier",
        run: same_tier::run,
    },
    Section {
        name: "channel",
        run: channels::run,
    },
    Section {
        name: "codecs",
        run: codecs::run,
    },
    Section {
        name: "proof",
        run: proof::run,
    },
    Section {
        name: "c",
        run: through_c::run,
    },
    Section {
        name: "keys",
        run: keys::run,
    },
    Section {
        name: "streams",
        run: streams::run,
    },
    Section {
        name: "cores",
        run: cores::run,
    },
    Section {
        name: "ctr-hmac",
        run: ctr_hmac::run,
    },
    Section {
        name: "costs",
        run: costs::run,
    },
];

/// What the child process without VAES measures.
pub fn run_child(results: &mut Results, plan: Plan) {
    same_tier::run_here(results, plan);
}

/// Octets of the packets that targets are stated for.
pub const TARGET_SIZES: [usize; 7] = [20, 80, 160, 1200, 1400, 16_384, 131_072];

/// Octets of the packets of the long run.
const ALL_SIZES: [usize; 15] = [
    20, 40, 80, 120, 160, 240, 400, 640, 1000, 1200, 1400, 4096, 16_384, 65_536, 131_072,
];

/// The sizes of a run.
#[must_use]
pub fn sizes(plan: Plan) -> &'static [usize] {
    if plan.quick {
        &TARGET_SIZES
    } else {
        &ALL_SIZES
    }
}
