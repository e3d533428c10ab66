//! Under valgrind's memcheck: key, AAD and text are marked undefined, and memcheck reports whatever branches or addresses on them.

use std::arch::asm;
use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};

use mediaseal::test_hooks::{Bare, Ctr, Gcm, Tier, tiers};
use mediaseal_kernel_tests::Dice;

use crate::subject::{Packet, Work, looks_up, stops_early};

/// Lengths of AAD and text around every block, vector and pass.
const TEXTS: [usize; 16] = [
    0, 1, 3, 7, 15, 16, 17, 31, 64, 100, 128, 129, 145, 200, 1200, 4200,
];
const AADS: [usize; 8] = [0, 1, 5, 12, 16, 17, 40, 250];

// The requests of valgrind.h and memcheck.h.
const RUNNING_ON_VALGRIND: usize = 0x1001;
const COUNT_ERRORS: usize = 0x1201;
const MAKE_MEM_UNDEFINED: usize = 0x4D43_0001;
const MAKE_MEM_DEFINED: usize = 0x4D43_0002;

/// Asks valgrind; without valgrind the answer is 0.
fn request(request: usize, first: usize, second: usize) -> usize {
    let arguments: [usize; 6] = [request, first, second, 0, 0, 0];
    let answer: usize;
    // SAFETY: instructions without effect, which valgrind recognises; it writes rdx alone.
    unsafe {
        asm!(
            "rol rdi, 3",
            "rol rdi, 13",
            "rol rdi, 61",
            "rol rdi, 51",
            "xchg rbx, rbx",
            in("rax") &raw const arguments,
            inout("rdx") 0_usize => answer,
            out("rdi") _,
        );
    }
    answer
}

/// Reports of the branch by which the portable tier accepts or refuses.
static ACCEPTED: AtomicUsize = AtomicUsize::new(0);

fn hide(octets: &mut [u8]) {
    request(
        MAKE_MEM_UNDEFINED,
        octets.as_mut_ptr() as usize,
        octets.len(),
    );
}

/// By a mutable borrow, so that the compiler reads the octets again.
fn show<T>(values: &mut [T]) {
    request(
        MAKE_MEM_DEFINED,
        values.as_ptr() as usize,
        size_of_val(values),
    );
}

fn errors() -> usize {
    request(COUNT_ERRORS, 0, 0)
}

/// Seals, and opens with the right tag and a wrong one, all on undefined octets.
fn packet_of_kernel<const RK: usize>(key: &Bare<RK>, packet: &mut Packet) {
    let Packet {
        nonce,
        aad,
        text,
        tag,
        ..
    } = packet;
    hide(aad);
    hide(text);
    *tag = key.seal(nonce, aad, text);
    for wrong in [0, 1] {
        tag[15] ^= wrong;
        let mut is_opened = key.open(nonce, aad, text, tag);
        // Whether a packet is accepted is for all to see.
        show(std::slice::from_mut(&mut is_opened));
        assert_eq!(black_box(is_opened), wrong == 0);
        key.undo_open(nonce, text);
    }
}

/// The same with the portable tier, whose library branches on accepting by itself, and whose caller does so again.
fn packet_of_portable(key: &Gcm, packet: &mut Packet) {
    let Packet {
        nonce,
        aad,
        text,
        tag,
        ..
    } = packet;
    hide(aad);
    hide(text);
    key.seal(nonce, aad, text, tag);
    for wrong in [0, 1] {
        tag[15] ^= wrong;
        let before = errors();
        let is_opened = key.open(nonce, aad, text, tag);
        let reported = errors() - before;
        assert_eq!(is_opened, wrong == 0);
        assert!(
            (1..=2).contains(&reported),
            "{reported} reports of the branch on accepting"
        );
        ACCEPTED.fetch_add(reported, Ordering::Relaxed);
        hide(text);
    }
}

/// All of one key: schedules it, seals, opens and adds key streams.
fn call(packet: &mut Packet) {
    let tier = packet.tier;
    let mut key = packet.key.clone();
    hide(&mut key);
    match (tier, key.len()) {
        (Tier::Portable, _) => packet_of_portable(&Gcm::new(tier, &key).expect("a key"), packet),
        (_, 16) => {
            let key = key[..].try_into().expect("16 octets");
            packet_of_kernel(&Bare::new_128(tier, key).expect("a tier"), packet);
        }
        _ => {
            let key = key[..].try_into().expect("32 octets");
            packet_of_kernel(&Bare::new_256(tier, key).expect("a tier"), packet);
        }
    }
    Ctr::new(tier, &key)
        .expect("a key")
        .apply_keystream(&packet.nonce, &mut packet.text);
    for octets in [&mut packet.aad, &mut packet.text, &mut key] {
        show(octets);
    }
    show(&mut packet.tag);
}

/// Reports that the branches and addresses of what is not constant-time cause.
fn positive_control() -> Result<(), String> {
    let mut secret = [3; 32];
    hide(&mut secret);
    let mut reports = [0; 2];
    let before = errors();
    let mut is_equal = stops_early(&secret, &[3; 32]);
    show(std::slice::from_mut(&mut is_equal));
    black_box(is_equal);
    reports[0] = errors() - before;
    let before = errors();
    let mut found = looks_up(&[1; 256], &secret);
    show(std::slice::from_mut(&mut found));
    black_box(found);
    reports[1] = errors() - before;
    show(&mut secret);
    if reports.iter().all(|&reports| reports > 0) {
        Ok(())
    } else {
        Err(format!(
            "positive control: reports of a branch and an address: {reports:?}"
        ))
    }
}

pub(crate) fn run() -> Result<String, String> {
    if request(RUNNING_ON_VALGRIND, 0, 0) == 0 {
        return Err("this is to be run by valgrind".to_owned());
    }
    positive_control()?;
    println!(
        "that was the positive control; from here on nothing may be reported but the portable tier's branch on accepting"
    );
    let mut watched = Vec::new();
    for tier in tiers() {
        let mut dice = Dice::new(12, 13);
        let (before, accepted) = (errors(), ACCEPTED.load(Ordering::Relaxed));
        let mut calls = 0;
        for key_len in [16, 32] {
            for (text, aad) in TEXTS
                .into_iter()
                .map(|text| (text, 12))
                .chain(AADS.into_iter().map(|aad| (80, aad)))
            {
                let lengths = (aad, text);
                call(&mut Packet::draw(
                    tier,
                    key_len,
                    lengths,
                    Work::Seal,
                    &mut dice,
                ));
                calls += 1;
            }
        }
        let expected = ACCEPTED.load(Ordering::Relaxed) - accepted;
        let reported = errors() - before - expected;
        if reported > 0 {
            return Err(format!(
                "{tier}: {reported} branches or addresses depend on secrets"
            ));
        }
        println!("vectors: memcheck on undefined key and data, {tier}: {calls}");
        watched.push(tier.name());
    }
    Ok(format!(
        "{}: no report; the positive control is reported",
        watched.join(", ")
    ))
}
