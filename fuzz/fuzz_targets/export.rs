//! Any octets as the frames of a recording that is exported.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| mediaseal_fuzz::export_frames(input));
