//! Any octets as URLs of providers, wrapped keys, and changes of what custody stores.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| mediaseal_fuzz::custody(input));
