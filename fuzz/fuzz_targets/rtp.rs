//! Any RTP payloads, and any ciphertext in such.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| mediaseal_fuzz::rtp(input));
