//! A dropped key leaves nothing: neither round keys nor powers of H, looked for by value.

use std::mem::{MaybeUninit, size_of};

use mediaseal::test_hooks::{Bare, BareCtr};
use mediaseal_kernel_tests::{
    Dice, kernels, name_missing_tiers,
    reference::{hash_key, kept, multiply, round_keys},
};

use crate::report;

/// Powers of H that a context keeps.
const POWERS: usize = 12;

/// The octets of `value`, before and after its drop.
fn before_and_after_drop<T>(value: T) -> (Vec<u8>, Vec<u8>) {
    let mut place = Box::new(MaybeUninit::<T>::zeroed());
    place.write(value);
    let octets = |place: &MaybeUninit<T>| -> Vec<u8> {
        let first = place.as_ptr().cast::<u8>();
        (0..size_of::<T>())
            // SAFETY: an octet of the box, which was zeroed; volatile, so that it is read after the drop too.
            .map(|at| unsafe { first.wrapping_add(at).read_volatile() })
            .collect()
    };
    let before = octets(&place);
    // SAFETY: written above, and not used again.
    unsafe { place.assume_init_drop() };
    (before, octets(&place))
}

/// How many of `secrets` stand in `octets`.
fn found(secrets: &[[u8; 16]], octets: &[u8]) -> usize {
    let stands = |secret: &&[u8; 16]| octets.windows(16).any(|window| window == *secret);
    secrets.iter().filter(stands).count()
}

/// Round keys, and powers of H with their D.
fn secrets(key: &[u8]) -> (Vec<[u8; 16]>, Vec<[u8; 16]>) {
    let h = hash_key(key);
    let powers = std::iter::successors(Some(h), |&power| Some(multiply(power, h)));
    (
        round_keys(key),
        powers.take(POWERS).flat_map(kept).collect(),
    )
}

/// Asserts that `value` holds all of `secrets`, and after its drop zeros.
#[track_caller]
fn is_wiped<T>(value: T, secrets: &[[u8; 16]]) -> u64 {
    let (before, after) = before_and_after_drop(value);
    assert_eq!(found(secrets, &before), secrets.len(), "before the drop");
    assert_eq!(found(secrets, &after), 0, "after the drop");
    // Behind them stands which kernel it is for, and padding.
    let left = after[..16 * secrets.len()]
        .iter()
        .filter(|octet| **octet != 0);
    assert_eq!(left.count(), 0, "octets that are not zero");
    secrets.len() as u64
}

#[test]
fn a_dropped_key_leaves_no_round_key_and_no_power() {
    name_missing_tiers();
    for tier in kernels() {
        let mut dice = Dice::new(8, 9);
        let mut count = 0;
        for _ in 0..100 {
            let (short, long): ([u8; 16], [u8; 32]) = (dice.array(), dice.array());
            let (keys, powers) = secrets(&short);
            let all = [&keys[..], &powers].concat();
            count += is_wiped(Bare::new_128(tier, &short).unwrap(), &all);
            count += is_wiped(BareCtr::new_128(tier, &short).unwrap(), &keys);
            let (keys, powers) = secrets(&long);
            let all = [&keys[..], &powers].concat();
            count += is_wiped(Bare::new_256(tier, &long).unwrap(), &all);
            count += is_wiped(BareCtr::new_256(tier, &long).unwrap(), &keys);
        }
        // 11 + 15 round keys twice, 12 powers and their D twice.
        report("wiped secrets", tier, count, 100 * (2 * 26 + 2 * 24));
    }
}
