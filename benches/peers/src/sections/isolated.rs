//! AES-GCM, one packet at a time: each call waits for what was before and is waited for, with warm and with cold caches.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use crate::{
    aead::{self, AAD, Aead, Buffer, TAG, Visitor},
    nonces::Nonces,
    results::Results,
    rounds::{Contender, Label, Plan, interleave},
};

const SIZES: [usize; 4] = [20, 80, 160, 1200];
/// More than a second-level cache.
const OTHER_WORK: usize = 4 << 20;

pub(super) fn run(results: &mut Results, plan: Plan) {
    for bench in ["isolated", "cold"] {
        for octets in SIZES {
            for op in ["seal", "open"] {
                let mut gather = Gather {
                    octets,
                    seals: op == "seal",
                    is_cold: bench == "cold",
                    contenders: Vec::new(),
                };
                aead::everyone(&mut gather);
                // Of cold calls there are fewer, since the other work takes long.
                let plan = if gather.is_cold { plan.longer(4) } else { plan };
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

struct Gather {
    octets: usize,
    seals: bool,
    is_cold: bool,
    contenders: Vec<Contender<'static>>,
}

impl Visitor for Gather {
    fn visit<A: Aead + Send + 'static>(
        &mut self,
        who: &str,
        new: impl Fn(&[u8]) -> A + Clone + Send + 'static,
    ) {
        let run = one_by_one(new(&[0x3C; 16]), self.octets, self.seals, self.is_cold);
        self.contenders.push(Contender::new(who, run));
    }

    fn absent(&mut self, _: &str, _: &str) {}
}

/// What single calls take, times their number.
fn one_by_one<A: Aead>(
    mut aead: A,
    octets: usize,
    seals: bool,
    is_cold: bool,
) -> impl FnMut(u32) -> Duration {
    let mut other_work = vec![1u8; if is_cold { OTHER_WORK } else { 0 }];
    let mut buffer = Buffer::new(octets + TAG);
    let mut nonces = Nonces::default();
    let mut pristine = vec![0; octets + TAG];
    let nonce = *nonces.fresh();
    let (data, tag) = pristine.split_at_mut(octets);
    aead.seal(
        &nonce,
        &AAD,
        data,
        tag.first_chunk_mut().expect("the tag's octets"),
    );
    let mut empty = clock_alone();
    let mut times = Vec::new();
    move |calls| {
        // What takes a turn's time is the other work: the number of calls follows from the calls' own time.
        let calls_now = if is_cold { calls.clamp(1, 16) } else { calls };
        times.clear();
        for _ in 0..calls_now {
            let frame = buffer.octets();
            frame.copy_from_slice(&pristine);
            for place in other_work.iter_mut().step_by(64) {
                *place = place.wrapping_add(1);
            }
            black_box(&mut other_work);
            let began = Ticks::now();
            let genuine = if seals {
                let (data, tag) = frame.split_at_mut(octets);
                aead.seal(
                    nonces.fresh(),
                    black_box(&AAD),
                    black_box(data),
                    tag.first_chunk_mut().expect("the tag's octets"),
                );
                true
            } else {
                aead.open(black_box(&nonce), black_box(&AAD), black_box(&mut *frame))
            };
            let took = Ticks::now().since(began);
            assert!(genuine);
            times.push(took);
        }
        empty = empty.min(clock_alone());
        nanoseconds((undisturbed(&mut times) - empty).max(0.0)) * calls
    }
}

/// The mean of the faster nine tenths: what was interrupted is left out. The clock of some processors has steps as long as a packet,
/// so that a median would be one step or the next.
fn undisturbed(times: &mut [u64]) -> f64 {
    times.sort_unstable();
    let kept = &times[..(times.len() * 9).div_ceil(10)];
    kept.iter().sum::<u64>() as f64 / kept.len() as f64
}

/// What reading the clock takes by itself, in ticks.
fn clock_alone() -> f64 {
    let mut times: Vec<u64> = (0..1001)
        .map(|_| {
            let began = Ticks::now();
            Ticks::now().since(began)
        })
        .collect();
    undisturbed(&mut times)
}

/// A reading of the clock that all work before it precedes, and all work after it follows.
#[derive(Clone, Copy)]
struct Ticks(u64);

impl Ticks {
    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    fn now() -> Self {
        use std::arch::x86_64::{_mm_lfence, _rdtsc};
        // SAFETY: every x86-64 has both; neither touches memory.
        unsafe {
            _mm_lfence();
            let ticks = _rdtsc();
            _mm_lfence();
            Self(ticks)
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    #[inline(always)]
    fn now() -> Self {
        static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
        Self(START.get_or_init(Instant::now).elapsed().as_nanos() as u64)
    }

    #[inline(always)]
    fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Ticks as a time.
fn nanoseconds(ticks: f64) -> Duration {
    static A_TICK: std::sync::OnceLock<f64> = std::sync::OnceLock::new();
    let a_tick = A_TICK.get_or_init(|| {
        let (began, ticks) = (Instant::now(), Ticks::now());
        while began.elapsed() < Duration::from_millis(20) {}
        began.elapsed().as_secs_f64() / Ticks::now().since(ticks) as f64
    });
    Duration::from_secs_f64(a_tick * ticks)
}
