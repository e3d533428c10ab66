//! Any octets as an SFrame header.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| mediaseal_fuzz::header(input));
