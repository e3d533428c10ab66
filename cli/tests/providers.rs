//! Recordings whose key a provider's key encryption key wraps: the command is built with providers.
#![cfg(test)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use common::mediaseal;
use mediaseal::vault::custody::{FileProvider, KekRef, KekSpec, KeyProvider, KeyState};
use mediaseal::vault::grant::Signer;
use mediaseal::vault::recording::{
    Cobblestone, Frame, LocalStorage, NewRecording, Profile, TrackFormat,
};
use mediaseal::vault::{Dek, KekWrapper, SystemClock, WrapContext, WrapError, WrappedKey};
use mediaseal::{Codec, SenderId};

struct Kek<'a>(&'a FileProvider, KekRef);

impl KekWrapper for Kek<'_> {
    fn wrap(&self, dek: &Dek, context: &WrapContext) -> Result<WrappedKey, WrapError> {
        let wrapped = self.0.wrap(&self.1, dek, context);
        wrapped.map_err(|error| WrapError::Provider(Box::new(error)))
    }

    fn unwrap(&self, wrapped: &WrappedKey, context: &WrapContext) -> Result<Dek, WrapError> {
        let dek = self.0.unwrap(wrapped, context);
        dek.map_err(|error| WrapError::Provider(Box::new(error)))
    }
}

#[test]
fn a_providers_key_opens_what_it_wraps_as_long_as_its_state_allows() {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("providers");
    if place.exists() {
        fs::remove_dir_all(&place).unwrap();
    }
    fs::create_dir_all(&place).unwrap();
    let params = "$argon2id$v=19$m=8192,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA"
        .parse()
        .unwrap();
    let store = place.join("keys.db");
    let provider = FileProvider::create(&store, "", "open sesame", &params).unwrap();
    let kek = KekRef {
        id: "kek-recordings".to_owned(),
        version: 1,
    };
    provider
        .create_kek(&KekSpec {
            kek: kek.clone(),
            tenant: String::new(),
            region: String::new(),
            purpose: "recordings".to_owned(),
        })
        .unwrap();
    provider.set_state(&kek, KeyState::Active).unwrap();

    let dir = place.join("call");
    let signer = Arc::new(Signer::generate().unwrap());
    let mut new = NewRecording::draw(
        Profile::Media,
        Cobblestone::default(),
        "",
        signer,
        &SystemClock,
    )
    .unwrap();
    new.add_provider(&Kek(&provider, kek.clone())).unwrap();
    let storage = Arc::new(LocalStorage::create(&dir).unwrap());
    let mut writer = new.start(storage, Arc::new(SystemClock)).unwrap();
    writer.add_track(0, TrackFormat::of(Codec::Opus)).unwrap();
    writer
        .write_frame(&Frame {
            track: 0,
            sender: &SenderId::new("alice").unwrap(),
            micros: 1,
            key_frame: true,
            octets: b"a frame",
        })
        .unwrap();
    writer.finish().unwrap();

    let url = format!("file:{}", store.display());
    let passphrase = place.join("passphrase");
    let (dir, file) = (dir.display().to_string(), passphrase.display().to_string());
    let open = |more: &[&str]| {
        let args = ["cat", &dir, "--provider", &url, "--passphrase-file", &file];
        let output = mediaseal(&[&args, more].concat());
        let complained = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), output.stdout, complained)
    };
    fs::write(&passphrase, "open sesame\n").unwrap();
    for more in [&[][..], &["--kek", "kek-recordings"]] {
        assert_eq!(open(more), (Some(0), b"a frame".to_vec(), String::new()));
    }
    let (status, said, why) = open(&["--kek", "kek-others"]);
    assert_eq!((status, said.len()), (Some(3), 0));
    assert!(
        why.contains("not wrapped by kek-others")
            && why.contains("kek-recordings version 1 of a provider file:"),
        "{why}"
    );
    // Its provider says so, which keeps states by itself.
    provider.set_state(&kek, KeyState::Suspended).unwrap();
    let (status, said, why) = open(&[]);
    assert_eq!((status, said.len()), (Some(3), 0), "{why}");
    fs::write(&passphrase, "open sesam\n").unwrap();
    let (status, said, why) = open(&[]);
    assert_eq!((status, said.len()), (Some(2), 0), "{why}");
    assert!(!why.contains("sesam"));
}
