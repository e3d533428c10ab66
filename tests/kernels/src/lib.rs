//! What the tests of the kernels share: tiers, sizes, a generator, other computations of AES and GHASH, and memory between guard pages.
//!
//! `docs/kernels.md` says what each test shows.

pub mod guarded;
#[path = "../../common/reference.rs"]
pub mod reference;
pub mod scale;

use std::ops::Range;
use std::thread;

use mediaseal::test_hooks::{Tier, tiers};

/// The tiers with a kernel that this CPU has.
#[must_use]
pub fn kernels() -> Vec<Tier> {
    tiers()
        .into_iter()
        .filter(|&tier| tier != Tier::Portable)
        .collect()
}

/// Numbers that are the same at each run (SplitMix64).
pub struct Dice(u64);

impl Dice {
    /// A sequence of its own for each `seed` and `index`.
    #[must_use]
    pub fn new(seed: u64, index: u64) -> Self {
        let mut dice = Self(seed ^ index.wrapping_mul(0xD134_2543_DE82_EF95));
        dice.0 = dice.next();
        dice
    }

    /// The next number.
    #[allow(
        clippy::should_implement_trait,
        reason = "it never ends, and an Option would be in the way"
    )]
    #[inline]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut value = self.0;
        value = (value ^ value >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        value = (value ^ value >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        value ^ value >> 31
    }

    /// A number below `end`.
    #[allow(clippy::cast_possible_truncation, reason = "less than `end`")]
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// Fills `octets`.
    pub fn fill(&mut self, octets: &mut [u8]) {
        let mut eights = octets.chunks_exact_mut(8);
        for eight in &mut eights {
            eight.copy_from_slice(&self.next().to_le_bytes());
        }
        let rest = eights.into_remainder();
        rest.copy_from_slice(&self.next().to_le_bytes()[..rest.len()]);
    }

    /// As many octets as asked for.
    #[must_use]
    pub fn octets(&mut self, len: usize) -> Vec<u8> {
        let mut octets = vec![0; len];
        self.fill(&mut octets);
        octets
    }

    /// `N` octets.
    #[must_use]
    pub fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut octets = [0; N];
        self.fill(&mut octets);
        octets
    }
}

/// Runs `work` on shares of `0..count`, a thread for each processor, and adds up what it counts.
///
/// # Panics
/// If a share does.
pub fn in_shares(count: u64, work: impl Fn(Range<u64>) -> u64 + Sync) -> u64 {
    let threads = thread::available_parallelism().map_or(1, |threads| threads.get() as u64);
    // Small shares, so that nobody waits for the slowest.
    let share = count.div_ceil(16 * threads).max(1);
    let next = std::sync::atomic::AtomicU64::new(0);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    let mut sum = 0;
                    loop {
                        let begin = next.fetch_add(share, std::sync::atomic::Ordering::Relaxed);
                        if begin >= count {
                            return sum;
                        }
                        sum += work(begin..count.min(begin + share));
                    }
                })
            })
            .collect();
        let sums = workers.into_iter().map(|worker| match worker.join() {
            Ok(sum) => sum,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        sums.sum()
    })
}

/// Prints which tiers have no kernel on this CPU, so that a report shows what did not run.
pub fn name_missing_tiers() {
    let here = tiers();
    for tier in Tier::ALL {
        if !here.contains(&tier) {
            println!("no {tier} on this CPU");
        }
    }
}
