//! Any octets as the files of a recording.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| mediaseal_fuzz::recordings(input));
