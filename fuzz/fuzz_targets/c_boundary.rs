//! Calls of the C interface with buffers that lie and overlap in every way.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| mediaseal_fuzz::c_boundary(input));
