//! Any octets as grants, envelopes and key text, and genuine grants that were changed.

use std::sync::OnceLock;

use mediaseal::vault::Dek;
use mediaseal::vault::WrapContext;
use mediaseal::vault::grant::{
    Envelope, Grant, Identity, Kem, Payload, Recipient, SessionGrant, Signer, SignerPublic,
};

const CONTEXT: &[u8] = b"context";

/// A recipient, and a grant of his.
struct Genuine {
    identity: Identity,
    octets: Vec<u8>,
}

/// Who signs the genuine grants.
fn signer() -> Signer {
    Signer::from_bytes(&[7; Signer::LEN])
}

/// A genuine grant of each KEM, sealed once in the life of the process.
fn genuine() -> &'static [Genuine] {
    static GRANTS: OnceLock<Vec<Genuine>> = OnceLock::new();
    GRANTS.get_or_init(|| {
        let sealed = Kem::ALL.map(|kem| {
            let identity = Identity::from_bytes(kem, &[9; Identity::LEN]).expect("in range");
            let payload = Payload::Dek(Dek::from_bytes(&[5; Dek::LEN]));
            let grant = Grant::seal(&payload, identity.recipient(), &signer(), CONTEXT);
            let octets = grant.expect("random octets").to_bytes();
            Genuine { identity, octets }
        });
        sealed.into()
    })
}

/// Reads `input` as all that a grant can come as, and changes genuine ones by it.
///
/// # Panics
/// If what is read is not written back as it came, or opens what nobody sealed.
pub fn grants(input: &[u8]) {
    let signer = signer();
    if let Ok(grant) = Grant::from_bytes(input) {
        assert_eq!(grant.to_bytes(), input);
        assert_eq!(grant.to_string().parse::<Grant>().expect("its own"), grant);
        for genuine in genuine() {
            let opened = grant.open(&genuine.identity, signer.public(), CONTEXT);
            assert!(opened.is_err() || genuine.octets == input);
        }
    }
    if let Ok(envelope) = Envelope::from_bytes(input) {
        assert_eq!(envelope.to_bytes().expect("it was read"), input);
        let context = WrapContext {
            purpose: Vec::new(),
            region: String::new(),
        };
        for genuine in genuine() {
            let signers = [*signer.public()];
            let opened = envelope.open_by_identity(&genuine.identity, &signers, &context);
            assert!(opened.is_err());
        }
    }
    if let Ok(grant) = SessionGrant::from_bytes(input) {
        assert_eq!(grant.to_bytes().expect("it was read"), input);
    }
    if let Ok(recipient) = Recipient::from_bytes(input) {
        assert_eq!(recipient.to_bytes(), input);
    }
    if let Ok(text) = std::str::from_utf8(input) {
        as_text(text);
    }
    changed(input);
}

/// Key text: what is read is written as it came.
fn as_text(text: &str) {
    if let Ok(identity) = Identity::from_text(text) {
        assert_eq!(*identity.to_text(), text);
    }
    if let Ok(recipient) = text.parse::<Recipient>() {
        assert_eq!(recipient.to_string(), text);
    }
    if let Ok(signer) = Signer::from_text(text) {
        assert_eq!(*signer.to_text(), text);
    }
    if let Ok(public) = text.parse::<SignerPublic>() {
        assert_eq!(public.to_string(), text);
    }
    if let Ok(grant) = text.parse::<Grant>() {
        assert_eq!(grant.to_string(), text);
    }
}

/// Takes `input` for a KEM, and then places and what is XORed there; nothing but the genuine grant opens.
fn changed(input: &[u8]) {
    let Some((&kem, changes)) = input.split_first() else {
        return;
    };
    let genuine = &genuine()[usize::from(kem) % genuine().len()];
    let mut octets = genuine.octets.clone();
    for change in changes.chunks_exact(3).take(8) {
        let at = usize::from(u16::from_be_bytes([change[0], change[1]])) % octets.len();
        octets[at] ^= change[2];
    }
    let opened = Grant::from_bytes(&octets)
        .and_then(|grant| grant.open(&genuine.identity, signer().public(), CONTEXT));
    match opened {
        Ok(Payload::Dek(dek)) => {
            assert_eq!(octets, genuine.octets, "a changed grant opened");
            assert_eq!(dek.expose(), &[5; Dek::LEN]);
        }
        Ok(other) => panic!("{other:?} was not sealed"),
        Err(error) => assert_ne!(octets, genuine.octets, "{error}"),
    }
}
