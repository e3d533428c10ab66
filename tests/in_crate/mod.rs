//! Tests that are compiled inside the crate: published vectors name nonces and counters,
//! and no public function takes either.
//!
//! Each corpus reports its size in a line `vectors: <corpus>: <count>` and insists on it,
//! so that it cannot shrink unseen.

#[cfg(feature = "aws-lc")]
mod aws_lc;
mod channel_versions;
#[cfg(feature = "recording")]
mod hpke;
mod limits;
mod replay_model;
mod rfc9605;
mod wycheproof;

use data_encoding::HEXLOWER_PERMISSIVE;

use crate::{CheckedCipher, CipherSuite, Provider};

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

/// A built-in suite as each provider of this build computes it.
fn ciphers(suite: CipherSuite) -> impl Iterator<Item = CheckedCipher> {
    let providers: &[Provider] = if cfg!(feature = "aws-lc") {
        &[Provider::Mediaseal, Provider::AwsLc]
    } else {
        &[Provider::Mediaseal]
    };
    providers
        .iter()
        .map(move |&provider| CheckedCipher::builtin_over(suite, provider).unwrap())
}

#[test]
fn the_built_in_suites_conform() {
    for cipher in CipherSuite::BUILTIN.into_iter().flat_map(ciphers) {
        let result = crate::cipher::check::conformance(cipher.cipher().as_ref());
        assert_eq!(result, Ok(()), "{cipher:?}");
    }
}

#[test]
fn a_provider_that_is_not_in_this_build_is_refused() {
    for suite in CipherSuite::BUILTIN {
        let cipher = CheckedCipher::builtin_over(suite, Provider::AwsLc);
        if cfg!(feature = "aws-lc") {
            assert_eq!(cipher.unwrap().provider(), Some(Provider::AwsLc));
        } else {
            assert_eq!(cipher.err(), Some(crate::Misuse::NotInThisBuild.into()));
        }
        let own = CheckedCipher::builtin(suite).unwrap();
        assert_eq!(own.provider(), Some(Provider::Mediaseal));
    }
}
