//! Recordings that another program wrote, and one that it is to read.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit};
use data_encoding::HEXLOWER;
use mediaseal::vault::grant::{SignerPublic, Stanza};
use mediaseal::vault::recording::{
    Cobblestone, LocalStorage, NewRecording, Profile, Reader, Verdict, Writer, envelope, header,
    recover, verify, wrap_context,
};
use mediaseal::vault::{Dek, KekWrapper, WrapAlgorithm, WrapContext, WrapError, WrappedKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::{Memory, People, Sent, TestClock, add_tracks, frames, of_track, read_track};

/// A provider with one KEK of AES-256-GCM.
pub(crate) struct Provider {
    kek_id: String,
    kek: [u8; 32],
}

impl Provider {
    pub(crate) fn new(kek_id: &str) -> Self {
        let mut kek = [0; 32];
        getrandom::fill(&mut kek).unwrap();
        let kek_id = kek_id.to_owned();
        Self { kek_id, kek }
    }

    fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new(&self.kek.into())
    }
}

impl KekWrapper for Provider {
    fn wrap(&self, dek: &Dek, context: &WrapContext) -> Result<WrappedKey, WrapError> {
        let aad = context.authenticated(&self.kek_id, 3)?;
        let mut nonce = [0; 12];
        getrandom::fill(&mut nonce).unwrap();
        let payload = Payload {
            msg: dek.expose(),
            aad: &aad,
        };
        let sealed = self.cipher().encrypt(&nonce.into(), payload).unwrap();
        Ok(WrappedKey {
            provider: "test".to_owned(),
            kek_id: self.kek_id.clone(),
            kek_version: 3,
            algorithm: WrapAlgorithm::Aes256Gcm,
            region: context.region.clone(),
            context_hash: Sha256::digest(&aad).into(),
            octets: [&nonce[..], &sealed].concat(),
        })
    }

    fn unwrap(&self, wrapped: &WrappedKey, context: &WrapContext) -> Result<Dek, WrapError> {
        let aad = context.authenticated(&self.kek_id, 3)?;
        let (nonce, sealed) = wrapped.octets.split_first_chunk::<12>().unwrap();
        let payload = Payload {
            msg: sealed,
            aad: &aad,
        };
        let opened = self.cipher().decrypt(&(*nonce).into(), payload);
        let opened = opened.map_err(|_| WrapError::DoesNotAuthenticate)?;
        Ok(Dek::from_bytes(opened.as_slice().try_into().unwrap()))
    }
}

fn octets(value: &Value) -> Vec<u8> {
    HEXLOWER.decode(value.as_str().unwrap().as_bytes()).unwrap()
}

fn verdict(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Complete => "Complete",
        Verdict::Incomplete { .. } => "Incomplete",
        Verdict::Tampered { .. } => "Tampered",
        _ => "another",
    }
}

#[test]
fn recordings_of_another_program_are_read_and_judged_as_it_says() {
    let text = include_str!("../vectors/recording/recording.json");
    let file: Value = serde_json::from_str(text).unwrap();
    let mut count = 0;
    for case in file["cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let files: BTreeMap<String, Vec<u8>> = case["files"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, content)| (name.clone(), octets(content)))
            .collect();
        let storage = Memory::of(files.clone());
        let provider = Provider {
            kek_id: "kek 1".to_owned(),
            kek: octets(&case["kek"]).try_into().unwrap(),
        };
        let context = wrap_context(&header(&*storage).unwrap());
        let envelope = envelope(&*storage).unwrap();
        assert!(matches!(envelope.stanzas(), [Stanza::Provider(_)]));
        let dek = envelope.open_by_provider(&provider, &context).unwrap();
        assert_eq!(dek.expose()[..], octets(&case["dek"]), "{name}");
        let signer: [u8; 32] = octets(&case["signer"]).try_into().unwrap();
        let signer = SignerPublic::from_bytes(&signer).unwrap();
        let judge = |storage: &Arc<Memory>| {
            let found = verify(&**storage, Some(&signer)).unwrap();
            verdict(&found.verdict)
        };
        assert_eq!(judge(&storage), case["verdict"], "{name}");
        let mut reader = Reader::open(storage.clone(), &dek).unwrap();
        let check_frames = |reader: &mut Reader, name: &str| {
            for track in case["tracks"].as_array().unwrap() {
                let number = u16::try_from(track["track"].as_u64().unwrap()).unwrap();
                let (read, errors) = read_track(reader, number);
                assert!(errors.is_empty(), "{name}: {errors:?}");
                let expected: Vec<Sent> = track["frames"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|frame| Sent {
                        track: number,
                        sender: mediaseal::SenderId::new(octets(&frame["sender"])).unwrap(),
                        micros: frame["micros"].as_u64().unwrap(),
                        key_frame: frame["key_frame"].as_bool().unwrap(),
                        metadata: octets(&frame["metadata"]),
                        octets: octets(&frame["octets"]),
                    })
                    .collect();
                assert_eq!(read, expected, "{name}");
            }
        };
        check_frames(&mut reader, name);
        count += 1;
        for change in case["changes"].as_array().unwrap() {
            let storage = Memory::of(files.clone());
            let number = |value: &Value| usize::try_from(value.as_u64().unwrap()).unwrap();
            storage.change(change["file"].as_str().unwrap(), |octets| {
                match change.get("length") {
                    Some(length) => octets.truncate(number(length)),
                    None => octets[number(&change["at"])] ^= 1,
                }
            });
            assert_eq!(judge(&storage), change["verdict"], "{name}: {change}");
            count += 1;
        }
        // What was cut off is closed without any key.
        if case["verdict"] == "Incomplete" {
            let recovered = recover(&*storage).unwrap();
            assert_eq!(recovered.closed_segments, 1);
            check_frames(&mut Reader::open(storage, &dek).unwrap(), name);
        }
    }
    println!("vectors: mediaseal recording: {count}");
}

/// Writes recordings that `tests/vectors/recording/check.py` opens, which shares no line with the library: `cargo xtask test independent`.
#[test]
fn what_another_program_is_to_read() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("recordings");
    std::fs::remove_dir_all(&folder).ok();
    for (name, aead, crashes) in [
        ("whole", Cobblestone::Aes256, false),
        ("crashed", Cobblestone::Aes256, true),
        ("cobblestone-128", Cobblestone::Aes128, true),
    ] {
        let (people, provider, clock) = (People::new(), Provider::new("kek 1"), TestClock::new());
        let place = folder.join(name);
        let storage = Arc::new(LocalStorage::create(place.join("recording")).unwrap());
        let recorder = Arc::clone(&people.recorder);
        let mut new = NewRecording::draw(Profile::Media, aead, "eu", recorder, &*clock).unwrap();
        new.add_provider(&provider).unwrap();
        let dek = Dek::from_bytes(new.dek().expose());
        let mut writer = new.start(storage.clone(), clock.clone()).unwrap();
        add_tracks(&mut writer);
        let sent = frames(31, 300, 900);
        for (index, one) in sent.iter().enumerate() {
            clock.pass(60_000);
            writer.write_frame(&one.frame()).unwrap();
            if crashes && index % 99 == 98 {
                writer.flush().unwrap();
                drop(writer);
                let recorder = Arc::clone(&people.recorder);
                writer = Writer::resume(storage.clone(), &dek, recorder, clock.clone()).unwrap();
                assert!(writer.recovery().unwrap().closed_segments > 0);
            }
        }
        writer.finish().unwrap();
        let expected: Vec<Value> = (0..2)
            .map(|track| {
                let frames: Vec<Value> = of_track(&sent, track)
                    .iter()
                    .map(|sent| {
                        json!({
                            "sender": HEXLOWER.encode(sent.sender.as_bytes()),
                            "micros": sent.micros,
                            "key_frame": sent.key_frame,
                            "metadata": HEXLOWER.encode(&sent.metadata),
                            "octets": HEXLOWER.encode(&sent.octets),
                        })
                    })
                    .collect();
                json!({ "track": track, "frames": frames })
            })
            .collect();
        std::fs::write(place.join("frames.json"), json!(expected).to_string()).unwrap();
        std::fs::write(place.join("kek"), HEXLOWER.encode(&provider.kek)).unwrap();
        let signer = HEXLOWER.encode(people.recorder.public().as_bytes());
        std::fs::write(place.join("signer"), signer).unwrap();
    }
}
