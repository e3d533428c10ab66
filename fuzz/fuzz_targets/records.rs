//! Any octets as what stands in a log: trees, keys, notes, checkpoints, proofs, records.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| mediaseal_fuzz::records(input));
