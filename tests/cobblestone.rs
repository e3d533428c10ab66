//! C2SP chunked encryption against Wycheproof's vectors, and its streams and seeks against its whole messages.

#![cfg(feature = "recording")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use data_encoding::HEXLOWER;
use mediaseal::vault::recording::cobblestone::{
    CHUNK_LEN, Cobblestone, CobblestoneError, Layout, Opener, PREAMBLE_LEN, SEALED_CHUNK_LEN,
    Sealer, chunk_offset, open, seal,
};
use serde_json::Value;
use sha2::{Digest, Sha512};

const FILES: [(Cobblestone, &str); 2] = [
    (
        Cobblestone::Aes128,
        include_str!("vectors/c2sp/c2sp_chunked_encryption_aes_128_gcm_test.json"),
    ),
    (
        Cobblestone::Aes256,
        include_str!("vectors/c2sp/c2sp_chunked_encryption_aes_256_gcm_test.json"),
    ),
];

struct Case {
    aead: Cobblestone,
    id: u64,
    key: Vec<u8>,
    context: Vec<u8>,
    message: Vec<u8>,
    /// Length and SHA-512 of what authenticates from the front.
    prefix: Option<(usize, Vec<u8>)>,
    valid: bool,
    flags: Vec<String>,
}

fn cases() -> Vec<Case> {
    let hex = |value: &Value| HEXLOWER.decode(value.as_str().unwrap().as_bytes()).unwrap();
    let mut cases = Vec::new();
    for (aead, text) in FILES {
        let file: Value = serde_json::from_str(text).unwrap();
        for group in file["testGroups"].as_array().unwrap() {
            for test in group["tests"].as_array().unwrap() {
                let packed = hex(&test["ct"]);
                cases.push(Case {
                    aead,
                    id: test["tcId"].as_u64().unwrap(),
                    key: hex(&test["key"]),
                    context: hex(&test["ctx"]),
                    message: miniz_oxide::inflate::decompress_to_vec_zlib(&packed).unwrap(),
                    prefix: test["msgLength"]
                        .as_u64()
                        .map(|len| (usize::try_from(len).unwrap(), hex(&test["msgSha512"]))),
                    valid: test["result"] == "valid",
                    flags: test["flags"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .map(|flag| flag.as_str().unwrap().to_owned())
                        .collect(),
                });
            }
        }
    }
    cases
}

/// Opens chunk by chunk, and returns what authenticated before the error.
fn open_as_a_stream(case: &Case) -> (Vec<u8>, Result<(), CobblestoneError>) {
    let mut plaintext = Vec::new();
    let preamble = &case.message[..case.message.len().min(PREAMBLE_LEN)];
    let opener = match Opener::new(case.aead, &case.key, &case.context, preamble) {
        Ok(opener) => opener,
        Err(error) => return (plaintext, Err(error)),
    };
    let mut ended = false;
    for (index, sealed) in case.message[PREAMBLE_LEN..]
        .chunks(SEALED_CHUNK_LEN)
        .enumerate()
    {
        let mut buffer = sealed.to_vec();
        if let Err(error) = opener.open_chunk(index as u64, &mut buffer) {
            return (plaintext, Err(error));
        }
        ended = buffer.len() < CHUNK_LEN;
        plaintext.extend_from_slice(&buffer);
    }
    let verdict = if ended {
        Ok(())
    } else {
        Err(CobblestoneError::Truncated)
    };
    (plaintext, verdict)
}

#[test]
fn wycheproof() {
    let cases = cases();
    assert_eq!(cases.len(), 70);
    let mut prefixes = 0;
    for case in &cases {
        let name = format!("{:?} tcId {}", case.aead, case.id);
        let whole = open(case.aead, &case.key, &case.context, &case.message);
        assert_eq!(whole.is_ok(), case.valid, "{name}: {:?}", whole.err());
        let (prefix, verdict) = open_as_a_stream(case);
        assert_eq!(verdict.is_ok(), case.valid, "{name}");
        match (&whole, verdict) {
            (Ok(plaintext), _) => assert_eq!(*plaintext, prefix, "{name}"),
            (Err(error), _) => {
                for (flag, expected) in [
                    ("InvalidKeySize", CobblestoneError::KeyLength),
                    ("WrongKey", CobblestoneError::Commitment),
                    ("WrongContext", CobblestoneError::Commitment),
                ] {
                    if case.flags.iter().any(|given| given == flag) {
                        assert_eq!(*error, expected, "{name}");
                    }
                }
            }
        }
        if case.flags.iter().any(|flag| flag == "HeaderFailure") {
            assert!(prefix.is_empty(), "{name}");
        }
        if let Some((len, digest)) = &case.prefix {
            assert_eq!(prefix.len(), *len, "{name}");
            assert_eq!(Sha512::digest(&prefix).as_slice(), digest, "{name}");
            prefixes += 1;
        }
    }
    assert!(prefixes > 30, "{prefixes}");
    println!(
        "vectors: Wycheproof C2SP chunked encryption: {}",
        cases.len()
    );
}

/// Octets that no two positions share by chance.
fn text(len: usize) -> Vec<u8> {
    (0..len)
        .map(|at| (at * 31 + at / 251 + at / 65_537).to_le_bytes()[0])
        .collect()
}

#[test]
fn what_is_sealed_opens_at_every_length_about_a_chunk() {
    for aead in [Cobblestone::Aes128, Cobblestone::Aes256] {
        let key = text(aead.key_len());
        for len in [
            0,
            1,
            15,
            16,
            17,
            CHUNK_LEN - 1,
            CHUNK_LEN,
            CHUNK_LEN + 1,
            2 * CHUNK_LEN,
            50_000,
        ] {
            let message = seal(aead, &key, b"here", &text(len)).unwrap();
            assert_eq!(open(aead, &key, b"here", &message).unwrap(), text(len));
            let layout = Layout::of_message(message.len() as u64).unwrap();
            assert_eq!(layout.plaintext_len(), len as u64);
            let cut = &message[..message.len() - 1];
            assert!(open(aead, &key, b"here", cut).is_err());
            assert_eq!(
                open(aead, &key, b"there", &message),
                Err(CobblestoneError::Commitment)
            );
        }
        let [one, other] = [0; 2].map(|_| seal(aead, &key, b"", b"same").unwrap());
        assert_ne!(one[..24], other[..24], "two messages have two salts");
    }
}

#[test]
fn chunks_open_in_any_order_and_nowhere_else() {
    let (aead, key) = (Cobblestone::Aes256, text(32));
    let plaintext = text(5 * CHUNK_LEN + 7);
    let message = seal(aead, &key, b"", &plaintext).unwrap();
    let opener = Opener::new(aead, &key, b"", &message[..PREAMBLE_LEN]).unwrap();
    let sealed = |chunk: usize| {
        let from = usize::try_from(chunk_offset(chunk as u64)).unwrap();
        message[from..message.len().min(from + SEALED_CHUNK_LEN)].to_vec()
    };
    for chunk in [5, 0, 3, 1, 4, 2] {
        let mut buffer = sealed(chunk);
        opener.open_chunk(chunk as u64, &mut buffer).unwrap();
        let from = chunk * CHUNK_LEN;
        assert_eq!(
            buffer,
            plaintext[from..plaintext.len().min(from + CHUNK_LEN)]
        );
        for other in (0..6).filter(|&other| other != chunk) {
            let mut buffer = sealed(chunk);
            assert_eq!(
                opener.open_chunk(other as u64, &mut buffer),
                Err(CobblestoneError::Authentication {
                    chunk: other as u64
                })
            );
            assert!(buffer.is_empty());
        }
    }
    let mut none = Vec::new();
    assert_eq!(
        opener.open_chunk(0, &mut none),
        Err(CobblestoneError::Truncated)
    );
}

#[test]
fn chunks_of_a_wrong_length_are_refused_before_they_are_sealed() {
    let mut sealer = Sealer::new(Cobblestone::Aes256, &text(32), b"").unwrap();
    for len in [0, CHUNK_LEN - 1, CHUNK_LEN + 1] {
        let mut buffer = text(len);
        assert_eq!(
            sealer.seal_chunk(&mut buffer),
            Err(CobblestoneError::ChunkLength)
        );
        assert_eq!(buffer, text(len));
    }
    assert_eq!(sealer.chunks(), 0);
    assert_eq!(
        sealer.seal_last(&mut text(CHUNK_LEN)),
        Err(CobblestoneError::ChunkLength)
    );
    assert_eq!(
        Sealer::new(Cobblestone::Aes256, &text(16), b"").err(),
        Some(CobblestoneError::KeyLength)
    );
}
