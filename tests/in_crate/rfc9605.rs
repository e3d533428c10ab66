//! RFC 9605 Appendix C and the working group's vectors for suites 6 to 8; see
//! `tests/vectors/README.md`. A case is named by its suite and the field that it checks.

use std::sync::{Arc, Mutex};

use serde_json::Value;

use super::{ciphers as ciphers_of, hex, with_flip};
use crate::{
    channel::{ChannelDecryptor, ChannelEncryptor, Mode},
    cipher::{
        CheckedCipher, CipherError, CipherKey, CipherSuite, CustomKey, PacketKey, builtin,
        kdf::{self, MAX_HASH_LEN},
    },
    error::{Error, Malformed},
    format::sframe::{self, FrameContext, Header},
    frame::FrameInfo,
    id::{Counter, KeyId, SenderId, Ssrc},
    keys::{
        BaseKey, CounterOrigin, KeyStore,
        schedule::{SFRAME_KEY, SFRAME_SALT, SframeSecrets},
    },
};

/// `test-vectors.json` as published.
const RFC: &str = include_str!("../vectors/rfc9605.json");

/// `test-vectors-aes256.json` as published.
const AES_256: &str = include_str!("../vectors/aes256-ctr-hmac.json");

/// The list `name` of the published `file`.
fn published(file: &str, name: &str) -> Vec<Value> {
    let file: Value = serde_json::from_str(file).unwrap();
    file[name].as_array().unwrap().clone()
}

/// The vectors for whole frames, all suites.
fn frames() -> Vec<Value> {
    let mut frames = published(RFC, "sframe");
    frames.extend(published(AES_256, "sframe_aes_256_ctr_hmac"));
    frames
}

/// The vectors for AES-CTR with HMAC alone, all suites.
fn ciphers() -> Vec<Value> {
    let mut ciphers = published(RFC, "aes_ctr_hmac");
    ciphers.extend(published(RFC, "aes_256_ctr_hmac"));
    ciphers
}

/// The one of `vectors` that is for `suite`.
fn vector_of(vectors: &[Value], suite: CipherSuite) -> &Value {
    let mut of_suite = vectors
        .iter()
        .filter(|vector| vector["cipher_suite"] == suite.value());
    let vector = of_suite.next().unwrap();
    assert!(of_suite.next().is_none(), "one vector a suite");
    vector
}

/// The octets of a field.
fn octets(vector: &Value, field: &str) -> Vec<u8> {
    hex(vector[field].as_str().unwrap())
}

/// The number in a field.
fn number(vector: &Value, field: &str) -> u64 {
    vector[field].as_u64().unwrap()
}

/// Asserts that the published lists hold what the cases below are made for.
#[test]
fn every_published_vector_has_its_cases() {
    let suites = |vectors: &[Value]| -> Vec<u64> {
        vectors
            .iter()
            .map(|vector| number(vector, "cipher_suite"))
            .collect()
    };
    assert_eq!(suites(&frames()), [1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(suites(&ciphers()), [1, 2, 3, 6, 7, 8]);
    println!("vectors: SFrame frames: {}", frames().len());
    println!("vectors: SFrame AES-CTR-HMAC: {}", ciphers().len());
}

mod header {
    use super::{Counter, Error, Header, KeyId, Malformed, RFC, Value, number, octets, published};

    /// The published headers, as many as there must be.
    fn headers() -> Vec<Value> {
        let headers = published(RFC, "header");
        assert_eq!(headers.len(), 289);
        headers
    }

    #[test]
    fn encoded_is_what_encode_writes() {
        for vector in headers() {
            let (kid, ctr) = (number(&vector, "kid"), number(&vector, "ctr"));
            let header = Header::new(KeyId::new(kid), Counter::new(ctr));
            let mut out = [0xff; Header::MAX_LEN];
            let len = header.encode(&mut out);
            assert_eq!(
                out[..len],
                octets(&vector, "encoded"),
                "KID {kid}, CTR {ctr}"
            );
            assert_eq!(header.encoded_len(), len, "KID {kid}, CTR {ctr}");
        }
        println!("vectors: SFrame headers: {}", headers().len());
    }

    #[test]
    fn kid_and_ctr_are_what_parse_reads() {
        for vector in headers() {
            let encoded = octets(&vector, "encoded");
            let mut frame = encoded.clone();
            frame.extend_from_slice(b"the ciphertext");
            let (header, len) = Header::parse(&frame).unwrap();
            assert_eq!(header.kid().value(), number(&vector, "kid"), "{vector}");
            assert_eq!(header.ctr().value(), number(&vector, "ctr"), "{vector}");
            assert_eq!(len, encoded.len(), "{vector}");
        }
    }

    #[test]
    fn fail_cut_short() {
        for vector in headers() {
            let encoded = octets(&vector, "encoded");
            for len in 0..encoded.len() {
                let needed = if len == 0 { 1 } else { encoded.len() };
                assert_eq!(
                    Header::parse(&encoded[..len]),
                    Err(Error::Truncated { len, needed }),
                    "{vector}"
                );
            }
        }
    }

    /// The ways to write a field: its nibble and octets, the shortest first.
    fn spellings(value: u64) -> Vec<(u8, Vec<u8>)> {
        let mut spellings = Vec::new();
        if value < 8 {
            spellings.push((u8::try_from(value).unwrap(), Vec::new()));
        }
        let octets = value.to_be_bytes();
        let shortest = octets.len() - (value.leading_zeros() / 8).min(7) as usize;
        for len in shortest..=8 {
            let nibble = 8 | u8::try_from(len - 1).unwrap();
            spellings.push((nibble, octets[8 - len..].to_vec()));
        }
        spellings
    }

    #[test]
    fn fail_longer_than_needed() {
        let mut refused = 0;
        for vector in headers() {
            let (kid, ctr) = (number(&vector, "kid"), number(&vector, "ctr"));
            for (kid_at, (kid_nibble, kid_octets)) in spellings(kid).into_iter().enumerate() {
                for (ctr_at, (ctr_nibble, ctr_octets)) in spellings(ctr).into_iter().enumerate() {
                    let config = kid_nibble << 4 | ctr_nibble;
                    let header = [&[config], &*kid_octets, &*ctr_octets].concat();
                    if (kid_at, ctr_at) == (0, 0) {
                        assert_eq!(header, octets(&vector, "encoded"));
                    } else {
                        assert_eq!(
                            Header::parse(&header),
                            Err(Error::Malformed(Malformed::NotMinimal)),
                            "{header:02x?}"
                        );
                        refused += 1;
                    }
                }
            }
        }
        assert!(refused > 289, "{refused}");
        println!("vectors: SFrame headers, not minimal (refused): {refused}");
    }
}

/// Nonce and AAD of one call.
type Note = (Vec<u8>, Vec<u8>);

/// Notes the nonce and the AAD that it is given.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Option<Note>>>);

impl Notes {
    /// What was noted.
    fn take(&self) -> Note {
        self.0.lock().unwrap().take().unwrap()
    }
}

impl CipherKey for Notes {
    fn seal_in_place(
        &self,
        nonce: &[u8],
        aad: &[u8],
        _: &mut [u8],
        _: &mut [u8],
    ) -> Result<(), CipherError> {
        *self.0.lock().unwrap() = Some((nonce.to_vec(), aad.to_vec()));
        Ok(())
    }

    fn open_in_place(
        &self,
        nonce: &[u8],
        aad: &[u8],
        data: &mut [u8],
        tag: &[u8],
    ) -> Result<(), CipherError> {
        let mut tag = tag.to_vec();
        self.seal_in_place(nonce, aad, data, &mut tag)
    }
}

/// The cases of one suite's vector for whole frames.
struct FrameCase {
    suite: CipherSuite,
    cipher: CheckedCipher,
    vector: Value,
}

impl FrameCase {
    fn new(cipher: CheckedCipher) -> Self {
        let suite = cipher.suite();
        Self {
            suite,
            cipher,
            vector: vector_of(&frames(), suite).clone(),
        }
    }

    fn octets(&self, field: &str) -> Vec<u8> {
        octets(&self.vector, field)
    }

    fn kid(&self) -> KeyId {
        KeyId::new(number(&self.vector, "kid"))
    }

    fn ctr(&self) -> Counter {
        Counter::new(number(&self.vector, "ctr"))
    }

    fn header(&self) -> Vec<u8> {
        let mut out = [0; Header::MAX_LEN];
        let len = Header::new(self.kid(), self.ctr()).encode(&mut out);
        out[..len].to_vec()
    }

    /// The label that `schedule` begins with `label`.
    fn label(&self, label: &str) -> Vec<u8> {
        let kid = self.kid().value().to_be_bytes();
        let suite = self.suite.value().to_be_bytes();
        [label.as_bytes(), &kid, &suite].concat()
    }

    /// What HKDF makes of the published secret and `label`.
    fn expand(&self, label: &[u8], len: usize) -> Vec<u8> {
        let params = builtin(self.suite).unwrap().params();
        let mut okm = vec![0; len];
        assert!(kdf::expand(
            params.hash,
            &self.octets("sframe_secret"),
            &[label],
            &mut okm
        ));
        okm
    }

    /// What the key schedule makes of the published base key: key and salt.
    fn derive(&self) -> (Vec<u8>, Vec<u8>) {
        let params = builtin(self.suite).unwrap().params();
        let mut secrets = SframeSecrets::new();
        secrets.derive(&self.octets("base_key"), self.kid(), self.suite, &params);
        (secrets.key().to_vec(), secrets.salt().to_vec())
    }

    /// Nonce and AAD as the format gives them to the cipher, on both ways.
    fn nonce_and_aad(&self) -> (Vec<u8>, Vec<u8>) {
        let (notes, salt) = (Notes::default(), self.octets("sframe_salt"));
        let metadata = self.octets("metadata");
        let (mut sealing, mut opening) = (Vec::new(), Vec::new());
        let key = PacketKey::Custom(CustomKey::new(Box::new(notes.clone())));
        let frame = |scratch| FrameContext {
            key: &key,
            salt: &salt,
            ctr: self.ctr(),
            metadata: &metadata,
            scratch,
        };
        let header = Header::new(self.kid(), self.ctr()).encoded();
        sframe::seal(frame(&mut sealing), &header, &mut [], &mut [0; 4]).unwrap();
        let sealed = notes.take();
        sframe::open(frame(&mut opening), &self.header(), &mut [], &[0; 4]).unwrap();
        assert_eq!(sealed, notes.take(), "both ways use the same");
        sealed
    }

    /// Header, ciphertext and tag as the format seals them.
    fn seal(&self) -> Vec<u8> {
        let key = PacketKey::new(&self.cipher, &self.octets("sframe_key")).unwrap();
        let header = Header::new(self.kid(), self.ctr()).encoded();
        let mut data = self.octets("pt");
        let mut tag = vec![0; self.cipher.params().tag_len];
        let frame = FrameContext {
            key: &key,
            salt: &self.octets("sframe_salt"),
            ctr: self.ctr(),
            metadata: &self.octets("metadata"),
            scratch: &mut Vec::new(),
        };
        sframe::seal(frame, &header, &mut data, &mut tag).unwrap();
        [&header.octets()[..header.len()], &data, &tag].concat()
    }

    /// A store for this suite.
    fn store(&self) -> KeyStore {
        KeyStore::raw_with(&self.cipher.clone().allow_short_tags()).unwrap()
    }

    /// The published base key, as applications give it.
    fn base_key(&self) -> BaseKey {
        BaseKey::from_slice(&self.octets("base_key")).unwrap()
    }

    /// A decryptor that holds the published base key.
    fn decryptor(&self) -> ChannelDecryptor {
        let store = self.store();
        let sender = SenderId::new("the working group").unwrap();
        store
            .add_receive(self.base_key(), self.kid(), sender)
            .unwrap();
        ChannelDecryptor::new(&store, Mode::Frame).unwrap()
    }

    /// What an encryptor makes of the published plaintext when its counter has come so far.
    fn encrypt(&self) -> Vec<u8> {
        let store = self.store();
        store
            .add_send(self.base_key(), self.kid(), CounterOrigin::FreshKey)
            .unwrap();
        store.activate(self.kid()).unwrap();
        let mut encryptor = ChannelEncryptor::new(&store, Mode::Frame).unwrap();
        let metadata = self.octets("metadata");
        let info = FrameInfo::new(Ssrc::new(1)).metadata(&metadata);
        let mut out = [0; 64];
        for _ in 0..self.ctr().value() {
            encryptor.encrypt_into(&info, b"", &mut out).unwrap();
        }
        encryptor.encrypt_to_vec(&info, &self.octets("pt")).unwrap()
    }

    /// Asserts that every change of one bit in frame or metadata is refused, and that the
    /// genuine frame still opens after that, once.
    fn refuse_changes(&self) {
        let mut decryptor = self.decryptor();
        let (frame, metadata) = (self.octets("ct"), self.octets("metadata"));
        let info = FrameInfo::new(Ssrc::new(1)).metadata(&metadata);
        for at in 0..frame.len() {
            for bit in 0..8 {
                let mut changed = frame.clone();
                changed[at] ^= 1 << bit;
                let opened = decryptor.decrypt_to_vec(&info, &changed);
                assert!(opened.is_err(), "bit {bit} of octet {at}");
            }
            let cut = decryptor.decrypt_to_vec(&info, &frame[..at]);
            assert!(cut.is_err(), "cut to {at} octets");
        }
        for at in 0..metadata.len() {
            let changed = with_flip(&metadata, at);
            let info = FrameInfo::new(Ssrc::new(1)).metadata(&changed);
            let opened = decryptor.decrypt_to_vec(&info, &frame);
            assert!(opened.is_err(), "octet {at} of the metadata");
        }
        let opened = decryptor.decrypt_to_vec(&info, &frame).unwrap();
        assert_eq!(opened, self.octets("pt"));
        assert_eq!(
            decryptor.decrypt_to_vec(&info, &frame),
            Err(Error::Duplicate {
                kid: self.kid(),
                ctr: self.ctr()
            })
        );
    }
}

/// Makes the cases of whole frames for suites.
macro_rules! frame_cases {
    ($($name:ident = $suite:ident;)*) => {$(
        mod $name {
            use super::{CipherSuite, FrameCase, MAX_HASH_LEN, SFRAME_KEY, SFRAME_SALT};

            /// One for each provider.
            fn cases() -> impl Iterator<Item = FrameCase> {
                super::ciphers_of(CipherSuite::$suite).map(FrameCase::new)
            }

            fn case() -> FrameCase {
                cases().next().unwrap()
            }

            #[test]
            fn sframe_key_label() {
                assert_eq!(case().label(SFRAME_KEY), case().octets("sframe_key_label"));
            }

            #[test]
            fn sframe_salt_label() {
                assert_eq!(case().label(SFRAME_SALT), case().octets("sframe_salt_label"));
            }

            #[test]
            fn sframe_secret() {
                let hash = super::builtin(CipherSuite::$suite).unwrap().params().hash;
                let mut secret = [0; MAX_HASH_LEN];
                super::kdf::extract(hash, b"", &case().octets("base_key"), &mut secret);
                assert_eq!(secret[..hash.output_len()], case().octets("sframe_secret"));
            }

            #[test]
            fn sframe_key() {
                let (case, expected) = (case(), case().octets("sframe_key"));
                let label = case.octets("sframe_key_label");
                assert_eq!(case.expand(&label, expected.len()), expected);
                assert_eq!(case.derive().0, expected);
            }

            #[test]
            fn sframe_salt() {
                let (case, expected) = (case(), case().octets("sframe_salt"));
                let label = case.octets("sframe_salt_label");
                assert_eq!(case.expand(&label, expected.len()), expected);
                assert_eq!(case.derive().1, expected);
            }

            #[test]
            fn nonce() {
                assert_eq!(case().nonce_and_aad().0, case().octets("nonce"));
            }

            #[test]
            fn aad() {
                assert_eq!(case().nonce_and_aad().1, case().octets("aad"));
            }

            #[test]
            fn ct_as_sealed() {
                for case in cases() {
                    assert_eq!(case.seal(), case.octets("ct"));
                }
            }

            #[test]
            fn ct_as_encrypted_by_the_channel() {
                for case in cases() {
                    assert_eq!(case.encrypt(), case.octets("ct"));
                }
            }

            #[test]
            fn fail_ct_and_metadata_with_a_bit_changed() {
                for case in cases() {
                    case.refuse_changes();
                }
            }
        }
    )*};
}

frame_cases! {
    suite_1_aes_128_ctr_hmac_sha256_80 = AES_128_CTR_HMAC_SHA256_80;
    suite_2_aes_128_ctr_hmac_sha256_64 = AES_128_CTR_HMAC_SHA256_64;
    suite_3_aes_128_ctr_hmac_sha256_32 = AES_128_CTR_HMAC_SHA256_32;
    suite_4_aes_128_gcm_sha256_128 = AES_128_GCM_SHA256_128;
    suite_5_aes_256_gcm_sha512_128 = AES_256_GCM_SHA512_128;
    suite_6_aes_256_ctr_hmac_sha512_80 = AES_256_CTR_HMAC_SHA512_80;
    suite_7_aes_256_ctr_hmac_sha512_64 = AES_256_CTR_HMAC_SHA512_64;
    suite_8_aes_256_ctr_hmac_sha512_32 = AES_256_CTR_HMAC_SHA512_32;
}

/// The cases of one suite's vector for the cipher alone.
struct CipherCase {
    key: Box<dyn CipherKey>,
    vector: Value,
    tag_len: usize,
}

impl CipherCase {
    fn new(cipher: &CheckedCipher) -> Self {
        let vector = vector_of(&ciphers(), cipher.suite()).clone();
        // The cipher splits the key as the vector has it in two fields.
        let split = [octets(&vector, "enc_key"), octets(&vector, "auth_key")].concat();
        assert_eq!(split, octets(&vector, "key"));
        Self {
            key: cipher.cipher().new_key(&split).unwrap(),
            tag_len: cipher.params().tag_len,
            vector,
        }
    }

    fn octets(&self, field: &str) -> Vec<u8> {
        octets(&self.vector, field)
    }

    fn seal(&self) -> Vec<u8> {
        let (mut data, mut tag) = (self.octets("pt"), vec![0; self.tag_len]);
        self.key
            .seal_in_place(
                &self.octets("nonce"),
                &self.octets("aad"),
                &mut data,
                &mut tag,
            )
            .unwrap();
        [data, tag].concat()
    }

    /// Opens `ct`, ciphertext and tag, and returns what is in the buffer afterwards.
    fn open(&self, nonce: &[u8], aad: &[u8], ct: &[u8]) -> (Result<(), CipherError>, Vec<u8>) {
        let (data, tag) = ct.split_at(ct.len() - self.tag_len);
        let mut data = data.to_vec();
        (self.key.open_in_place(nonce, aad, &mut data, tag), data)
    }

    fn refuse_changes(&self) {
        let [nonce, aad, ct] = ["nonce", "aad", "ct"].map(|field| self.octets(field));
        let refused = (
            Err(CipherError::AuthenticationFailed),
            vec![0; ct.len() - self.tag_len],
        );
        for at in 0..nonce.len() {
            assert_eq!(self.open(&with_flip(&nonce, at), &aad, &ct), refused);
        }
        for at in 0..aad.len() {
            assert_eq!(self.open(&nonce, &with_flip(&aad, at), &ct), refused);
        }
        for at in 0..ct.len() {
            assert_eq!(self.open(&nonce, &aad, &with_flip(&ct, at)), refused);
        }
    }
}

/// Makes the cases of the cipher alone for suites.
macro_rules! cipher_cases {
    ($($name:ident = $suite:ident;)*) => {
        mod aes_ctr_hmac {$(
            mod $name {
                use super::super::{CipherCase, CipherSuite};

                /// One for each provider.
                fn cases() -> impl Iterator<Item = CipherCase> {
                    super::super::ciphers_of(CipherSuite::$suite).map(|cipher| CipherCase::new(&cipher))
                }

                #[test]
                fn ct_as_sealed() {
                    for case in cases() {
                        assert_eq!(case.seal(), case.octets("ct"));
                    }
                }

                #[test]
                fn pt_as_opened() {
                    for case in cases() {
                        let [nonce, aad, ct] = ["nonce", "aad", "ct"].map(|field| case.octets(field));
                        assert_eq!(case.open(&nonce, &aad, &ct), (Ok(()), case.octets("pt")));
                    }
                }

                #[test]
                fn fail_nonce_aad_and_ct_with_a_bit_changed() {
                    for case in cases() {
                        case.refuse_changes();
                    }
                }
            }
        )*}
    };
}

cipher_cases! {
    suite_1_tag_of_80_bits = AES_128_CTR_HMAC_SHA256_80;
    suite_2_tag_of_64_bits = AES_128_CTR_HMAC_SHA256_64;
    suite_3_tag_of_32_bits = AES_128_CTR_HMAC_SHA256_32;
    suite_6_tag_of_80_bits = AES_256_CTR_HMAC_SHA512_80;
    suite_7_tag_of_64_bits = AES_256_CTR_HMAC_SHA512_64;
    suite_8_tag_of_32_bits = AES_256_CTR_HMAC_SHA512_32;
}
