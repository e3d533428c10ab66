//! Fixed against random inputs, timed: Welch's t-test on what is left after cropping, as in "dude, is my code constant time?" (Reparaz, Balasch, Verbauwhede 2017).

use std::arch::x86_64::{__cpuid, __rdtscp, _mm_lfence, _rdtsc};
use std::hint::black_box;

use mediaseal_kernel_tests::{Dice, kernels};

use crate::subject::{LENGTHS, Packet, Work, stops_early};

/// Timings of a kind of call.
const ROUNDS: usize = 400_000;
/// Packets that stand ready, of each class as many.
const READY: usize = 1024;
/// At this |t| a difference is beyond doubt; 4.5 is where one begins to doubt.
const BEYOND_DOUBT: f64 = 10.0;
/// Which shares of the slowest timings are left out: interrupts.
const KEPT: [f64; 4] = [1.0, 0.9, 0.7, 0.5];

/// Cycles of one call.
#[inline(never)]
fn cycles(call: &mut dyn FnMut()) -> u64 {
    // SAFETY: instructions that every x86-64 has.
    let begin = unsafe { _rdtsc() };
    // SAFETY: as above.
    unsafe { _mm_lfence() };
    call();
    let mut processor = 0;
    // SAFETY: as above.
    unsafe { __rdtscp(&raw mut processor) }.wrapping_sub(begin)
}

/// |t| of the two classes, the largest over the croppings.
#[allow(clippy::cast_precision_loss, reason = "statistics")]
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an index"
)]
fn largest_t(timings: &[(bool, u64)]) -> f64 {
    let mut sorted: Vec<_> = timings.iter().map(|(_, cycles)| *cycles).collect();
    sorted.sort_unstable();
    let t_below = |most: u64| {
        let moments = |class: bool| {
            let (mut count, mut mean, mut squares) = (0.0, 0.0, 0.0);
            for &(of, cycles) in timings {
                if of == class && cycles <= most {
                    count += 1.0;
                    let delta = cycles as f64 - mean;
                    mean += delta / count;
                    squares += delta * (cycles as f64 - mean);
                }
            }
            (count, mean, squares / (count - 1.0))
        };
        let (fixed, random) = (moments(false), moments(true));
        let error = (fixed.2 / fixed.0 + random.2 / random.0).sqrt();
        if error > 0.0 {
            (fixed.1 - random.1).abs() / error
        } else {
            0.0
        }
    };
    KEPT.iter()
        .map(|kept| t_below(sorted[((sorted.len() - 1) as f64 * kept) as usize]))
        .fold(0.0, f64::max)
}

/// |t| of one kind of call.
fn t_of(tier: mediaseal::test_hooks::Tier, lengths: (usize, usize), work: Work) -> f64 {
    let mut dice = Dice::new(14, 15);
    let fixed = Packet::draw(tier, 16, lengths, work, &mut dice);
    let ready: Vec<_> = (0..2 * READY)
        .map(|index| {
            let random = Packet::draw(tier, 16, lengths, work, &mut dice);
            if index % 2 == 0 {
                fixed.clone()
            } else {
                random
            }
        })
        .collect();
    // Both classes are worked on at the same addresses, for those cost time too.
    let mut place = fixed.clone();
    let mut timings = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let index = dice.below(ready.len());
        place.clone_from(&ready[index]);
        let (gcm, ctr) = (place.gcm(), place.ctr());
        let Packet {
            key,
            nonce,
            aad,
            text,
            tag,
            ..
        } = &mut place;
        let taken = match work {
            Work::Seal => {
                let mut warm = text.clone();
                gcm.seal(nonce, aad, &mut warm, tag);
                cycles(&mut || gcm.seal(nonce, aad, text, tag))
            }
            Work::Open | Work::Refuse => {
                let mut warm = text.clone();
                black_box(gcm.open(nonce, aad, &mut warm, tag));
                cycles(&mut || {
                    black_box(gcm.open(nonce, aad, text, tag));
                })
            }
            Work::Keystream => {
                let mut warm = text.clone();
                ctr.apply_keystream(nonce, &mut warm);
                cycles(&mut || ctr.apply_keystream(nonce, text))
            }
            Work::NewKey => cycles(&mut || {
                black_box(mediaseal::test_hooks::Gcm::new(tier, key));
            }),
        };
        timings.push((index % 2 == 1, taken));
    }
    largest_t(&timings)
}

/// A comparison that stops early must be told apart.
fn positive_control() -> f64 {
    let mut dice = Dice::new(16, 17);
    let secret: [u8; 64] = dice.array();
    let timings: Vec<_> = (0..ROUNDS / 4)
        .map(|_| {
            let is_random = dice.below(2) == 1;
            let other = if is_random { dice.array() } else { secret };
            let taken = cycles(&mut || {
                black_box(stops_early(&secret, &other));
            });
            (is_random, taken)
        })
        .collect();
    largest_t(&timings)
}

/// What the processor calls itself.
fn processor() -> String {
    let mut name = Vec::new();
    for leaf in 0x8000_0002..=0x8000_0004_u32 {
        let answer = __cpuid(leaf);
        for register in [answer.eax, answer.ebx, answer.ecx, answer.edx] {
            name.extend(register.to_le_bytes());
        }
    }
    let name = String::from_utf8_lossy(&name);
    name.trim_matches(['\0', ' ']).to_owned()
}

pub(crate) fn run() -> Result<String, String> {
    println!("processor: {}", processor());
    let control = positive_control();
    println!("positive control (a comparison that stops early): |t| = {control:.1}");
    if control < BEYOND_DOUBT {
        return Err("the positive control is not noticed".to_owned());
    }
    let mut most: f64 = 0.0;
    for tier in kernels() {
        for work in Work::ALL {
            for lengths in LENGTHS {
                // Noise does not come back: the least of up to three runs counts.
                let mut t = t_of(tier, lengths, work);
                for _ in 0..2 {
                    if t >= 4.5 {
                        t = t.min(t_of(tier, lengths, work));
                    }
                }
                println!("{tier}: {work:?} of {lengths:?}: |t| = {t:.1}");
                most = most.max(t);
            }
        }
    }
    if most >= BEYOND_DOUBT {
        return Err(format!("|t| of {most:.1}: times differ"));
    }
    Ok(format!(
        "largest |t| {most:.1} of {ROUNDS} timings each, positive control {control:.1}"
    ))
}
