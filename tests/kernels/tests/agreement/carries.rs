//! Where the counter carries out of its last octet, and there out of the one before.
//!
//! A kernel counts in the last octet alone and takes a slower way once it would carry: for GCM, which begins at 1, near multiples of 2^8 blocks.

use mediaseal::test_hooks::{Bare, Ctr, Gcm, Tier};
use mediaseal_kernel_tests::{Dice, in_shares, kernels, name_missing_tiers, scale::scale};

use crate::report;

/// Multiples of 2^8 blocks at which lengths are tried: the first few, and where the second octet carries as well.
const MULTIPLES: [usize; 12] = [1, 2, 3, 4, 5, 8, 16, 17, 128, 255, 256, 257];
/// A nonce that a carry out of the counter would change.
const NONCE: [u8; 12] = [0xFF; 12];
const AAD: [u8; 20] = [7; 20];

/// Lengths whose last block lies around each multiple, at every phase of vectors and passes, cut short in each second.
fn lengths() -> Vec<usize> {
    let around = scale().carry_blocks;
    MULTIPLES
        .iter()
        .flat_map(|multiple| 256 * multiple - around..=256 * multiple + around)
        .map(|blocks| 16 * blocks - if blocks % 2 == 0 { 0 } else { 1 + blocks % 15 })
        .collect()
}

#[test]
fn counters_carry_as_in_the_portable_tier() {
    name_missing_tiers();
    let mut dice = Dice::new(3, 4);
    let lengths = lengths();
    let text = dice.octets(lengths.iter().copied().max().unwrap());
    let (short, long): ([u8; 16], [u8; 32]) = (dice.array(), dice.array());
    for key in [&short[..], &long] {
        let portable = Gcm::new(Tier::Portable, key).unwrap();
        let mut from_0 = text.clone();
        Ctr::new(Tier::Portable, key)
            .unwrap()
            .apply_keystream(&NONCE, &mut from_0);
        for tier in kernels() {
            let count = in_shares(lengths.len() as u64, |indices| {
                let gcm = Gcm::new(tier, key).unwrap();
                let ctr = Ctr::new(tier, key).unwrap();
                let mut count = 0;
                for index in indices {
                    let len = lengths[usize::try_from(index).unwrap()];
                    let text = &text[..len];
                    let (mut expected, mut expected_tag) = (text.to_vec(), [0; 16]);
                    portable.seal(&NONCE, &AAD, &mut expected, &mut expected_tag);
                    let (mut data, mut tag) = (text.to_vec(), [0; 16]);
                    gcm.seal(&NONCE, &AAD, &mut data, &mut tag);
                    assert!(
                        data == expected && tag == expected_tag,
                        "{tier}: {len} sealed"
                    );
                    let is_opened = gcm.open(&NONCE, &AAD, &mut data, &tag);
                    assert!(is_opened && data == text, "{tier}: {len} opened");
                    ctr.apply_keystream(&NONCE, &mut data);
                    assert!(data == from_0[..len], "{tier}: {len} from 0");
                    data.copy_from_slice(text);
                    match key.len() {
                        16 => Bare::new_128(tier, &short)
                            .unwrap()
                            .undo_open(&NONCE, &mut data),
                        _ => Bare::new_256(tier, &long)
                            .unwrap()
                            .undo_open(&NONCE, &mut data),
                    }
                    assert!(data == expected, "{tier}: {len} from 2");
                    count += 1;
                }
                count
            });
            let around = 2 * scale().carry_blocks as u64 + 1;
            report(
                "counter carries",
                tier,
                count,
                MULTIPLES.len() as u64 * around,
            );
        }
    }
}
