//! Any octets as grants, envelopes and key text, and genuine grants that were changed.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| mediaseal_fuzz::grants(input));
