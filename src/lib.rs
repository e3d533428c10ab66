//! mediaseal encrypts media on the client, between encoder and network, so that no relay, cloud or recorder without the
//! customer's key can read, alter or replay a call.
//!
//! ```text
//!  capture → encoder ──► ChannelEncryptor ──► network ──► ChannelDecryptor ──► decoder
//!                         │  ▲        │                     │  ▲        │
//!         data plane      │  │CTR     │ header,nonce,aad    │  │RecvKey │
//!         (one thread)    ▼  │        ▼                     ▼  │        ▼
//!                       cipher   keys   format            cipher keys   format
//!                                ▲                               ▲
//!         control plane ─────────┴──────── KeyStore ─────────────┘        events out ──► application
//!         (any thread)         add · activate · retire
//!                              stage · advance
//! ```
//!
//! The wire format is SFrame (RFC 9605). Two members of a channel whose key the customer owns:
//!
//! ```
//! use mediaseal::*;
//!
//! # fn main() -> Result<(), Error> {
//! # let unix_seconds = 1_800_000_000;
//! let channel_key = ChannelKey::generate()?; // the customer's; brought to every member by the application
//! let alice = SenderId::new("alice")?;
//!
//! let member = |key: ChannelKey| -> Result<(ChannelStore, Channel), Error> {
//!     let store = ChannelStore::new()?;
//!     let channel = store.channel(ChannelConfig::new("standup")?.with_clock())?;
//!     channel.stage(NewGeneration::new(1, key))?;
//!     store.tick(unix_seconds)?; // and once a second from now on
//!     channel.activate(1)?;
//!     Ok((store, channel))
//! };
//! let (_alices_store, alices) = member(channel_key.duplicate())?;
//! let (_bobs_store, bobs) = member(channel_key)?;
//! assert_eq!(alices.safety_code()?, bobs.safety_code()?);
//!
//! let info = FrameInfo::new(Ssrc::new(1)).metadata(b"codec=opus");
//! let mut encryptor = ChannelEncryptor::for_channel(&alices, alice.clone(), Media::AUDIO, Mode::Frame)?;
//! let sealed = encryptor.encrypt_to_vec(&info, b"an encoded frame")?;
//!
//! let mut decryptor = ChannelDecryptor::for_channel(&bobs, &[(alice, Media::AUDIO)], Mode::Frame)?;
//! assert_eq!(decryptor.decrypt_to_vec(&info, &sealed)?, b"an encoded frame");
//! assert!(matches!(decryptor.decrypt_to_vec(&info, &sealed), Err(Error::Duplicate { .. })));
//! # Ok(())
//! # }
//! ```
//!
//! Applications that bring a key for each sender (MLS, a key server) use [`KeyStore`] with raw keys, as RFC 9605 has them:
//!
//! ```
//! use mediaseal::*;
//!
//! # fn main() -> Result<(), Error> {
//! let (base_key, kid) = (BaseKey::generate()?, KeyId::new(0));
//! let alice = KeyStore::raw(CipherSuite::AES_128_GCM_SHA256_128)?;
//! alice.add_send(base_key.duplicate(), kid, CounterOrigin::FreshKey)?;
//! alice.activate(kid)?;
//! let bob = KeyStore::raw(CipherSuite::AES_128_GCM_SHA256_128)?;
//! bob.add_receive(base_key, kid, SenderId::new("alice")?)?;
//!
//! let sealed = ChannelEncryptor::new(&alice, Mode::Frame)?.encrypt_to_vec(&FrameInfo::default(), b"frame")?;
//! let opened = ChannelDecryptor::new(&bob, Mode::Frame)?.decrypt_to_vec(&FrameInfo::default(), &sealed)?;
//! assert_eq!(opened, b"frame");
//! # Ok(())
//! # }
//! ```
//!
//! # What it does not do
//! It does not bring keys to people, hide who talks to whom, how long and how much, or keep one holder of a key from posing as another
//! holder of the same key. It protects nothing on a device that is itself in an attacker's hands.

pub mod channel;
pub mod cipher;
pub mod error;
pub mod event;
#[cfg(feature = "capi")]
mod ffi;
/// Without the C interface, the names of its statuses alone: bindings to other languages name errors by them.
#[cfg(not(feature = "capi"))]
#[allow(
    dead_code,
    non_camel_case_types,
    unreachable_pub,
    reason = "what only the functions of C use"
)]
mod ffi {
    mod explain;
    mod status;
}
pub mod format;
pub mod frame;
pub mod id;
pub mod keys;
mod os;
#[cfg(feature = "recording")]
pub mod vault;

pub use channel::{
    BatchFrame, ChannelDecryptor, ChannelEncryptor, DecryptJob, Diagnosis, EncryptJob, ErrorCounts,
    Failure, Mode, NeedKeyFrame, Opened, OpenedFrame, Proof, Reason, Sealed, Sentinel,
    StreamStatistics, Suspects, decrypt_batch, encrypt_batch,
};
#[cfg(feature = "test-hooks")]
#[doc(hidden)]
pub use cipher::test_hooks;
pub use cipher::{CheckedCipher, CipherSuite, Cpu, Provider, Tier, cpu};
pub use error::{Class, Error, Malformed, Misuse, StoreFault, Unsupported};
pub use event::{Event, Leak, ProofState};
#[cfg(feature = "capi")]
pub use ffi::LoadError;
pub use format::codec::{Codec, NalFormat, UnknownCodec};
pub use frame::{FrameBuf, FrameInfo};
pub use id::{Counter, Epoch, InvalidId, KeyId, Media, MlsKid, RatchetedKid, SenderId, Ssrc};
pub use keys::{
    BaseKey, Channel, ChannelConfig, ChannelKey, ChannelStore, CounterOrigin, CounterStore,
    EpochSecret, KeyStore, MlsEpochs, MlsMember, NewGeneration, PassphraseParams,
};

// No public function takes a nonce or a counter, so the tests over published vectors are compiled in here.
#[cfg(test)]
#[path = "../tests/in_crate/mod.rs"]
mod in_crate;
