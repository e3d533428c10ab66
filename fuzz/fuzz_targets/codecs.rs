//! Any octets as the frame of any codec.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| mediaseal_fuzz::codecs(input));
