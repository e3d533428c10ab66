//! Garbage, changed frames and genuine frames, in any order, into a decryptor with keys.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| mediaseal_fuzz::decryptor(input));
