//! How much a run does: `MEDIASEAL_KERNELS` is `emulated`, `long` or, for every change, nothing.

use std::env;

/// Sizes of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    /// The first random case.
    pub random_first: u64,
    /// Random cases.
    pub random_cases: u64,
    /// The longest text of which every length is tried.
    pub text_max: usize,
    /// Every so many lengths of AAD up to 64.
    pub aad_step: usize,
    /// Every so many alignments.
    pub alignment_step: usize,
    /// Blocks around multiples of 2^8 of which every number is tried.
    pub carry_blocks: usize,
    /// Hash keys, whose powers must span the field.
    pub hash_keys: u64,
    /// Every so many lengths of packets whose products are tried, in blocks.
    pub product_step: usize,
}

const EVERY_CHANGE: Scale = Scale {
    random_first: 0,
    random_cases: 1_000_000,
    text_max: 2048,
    aad_step: 1,
    alignment_step: 1,
    carry_blocks: 24,
    hash_keys: 144,
    product_step: 1,
};

const EMULATED: Scale = Scale {
    random_first: 0,
    random_cases: 100_000,
    text_max: 512,
    aad_step: 7,
    alignment_step: 13,
    carry_blocks: 3,
    hash_keys: 144,
    product_step: 9,
};

/// The sizes that the environment asks for; `MEDIASEAL_KERNEL_CASES` is another number of random cases, and `MEDIASEAL_KERNEL_FIRST` the first of them.
///
/// # Panics
/// If the environment says what nobody understands.
#[must_use]
pub fn scale() -> Scale {
    let mut scale = match env::var("MEDIASEAL_KERNELS").as_deref() {
        Err(_) => EVERY_CHANGE,
        Ok("emulated") => EMULATED,
        Ok("long") => Scale {
            random_cases: 100_000_000,
            ..EVERY_CHANGE
        },
        Ok(unknown) => panic!("MEDIASEAL_KERNELS={unknown}: not understood"),
    };
    for (name, number) in [
        ("MEDIASEAL_KERNEL_FIRST", &mut scale.random_first),
        ("MEDIASEAL_KERNEL_CASES", &mut scale.random_cases),
    ] {
        if let Ok(text) = env::var(name) {
            *number = text
                .parse()
                .unwrap_or_else(|_| panic!("{name}={text}: not a number"));
        }
    }
    scale
}
