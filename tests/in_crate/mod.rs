//! Tests that are compiled inside the crate: published vectors name nonces and counters,
//! and no public function takes either.
//!
//! Each corpus reports its size in a line `vectors: <corpus>: <count>` and insists on it,
//! so that it cannot shrink unseen.

mod channel_versions;
mod limits;
mod replay_model;
mod rfc9605;
mod wycheproof;

use data_encoding::HEXLOWER_PERMISSIVE;

/// The octets that `text` writes in hexadecimal.
#[track_caller]
fn hex(text: &str) -> Vec<u8> {
    HEXLOWER_PERMISSIVE.decode(text.as_bytes()).unwrap()
}

/// `text` with an octet changed at `at`, in its lowest bit.
fn with_flip(octets: &[u8], at: usize) -> Vec<u8> {
    let mut flipped = octets.to_vec();
    flipped[at] ^= 1;
    flipped
}

#[test]
fn the_built_in_suites_conform() {
    for suite in crate::CipherSuite::BUILTIN {
        let cipher = crate::cipher::builtin(suite).unwrap();
        let result = crate::cipher::check::conformance(cipher.as_ref());
        assert_eq!(result, Ok(()), "{suite}");
    }
}
