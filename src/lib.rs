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
//! ```
//!
//! The wire format is SFrame (RFC 9605). The least program:
//!
//! ```
//! use mediaseal::*;
//!
//! # fn main() -> Result<(), Error> {
//! let base_key = BaseKey::generate()?; // the customer's; brought to both sides by the application
//! let kid = KeyId::new(0);
//!
//! let alice = KeyStore::raw(CipherSuite::AES_128_GCM_SHA256_128)?;
//! alice.add_send(base_key.duplicate(), kid, CounterOrigin::FreshKey)?;
//! alice.activate(kid)?;
//! let bob = KeyStore::raw(CipherSuite::AES_128_GCM_SHA256_128)?;
//! bob.add_receive(base_key, kid, SenderId::new("alice")?)?;
//!
//! let info = FrameInfo::new(Ssrc::new(1)).metadata(b"codec=opus");
//! let mut encryptor = ChannelEncryptor::new(&alice, Mode::Frame)?;
//! let sealed = encryptor.encrypt_to_vec(&info, b"an encoded frame")?;
//!
//! let mut decryptor = ChannelDecryptor::new(&bob, Mode::Frame)?;
//! assert_eq!(decryptor.decrypt_to_vec(&info, &sealed)?, b"an encoded frame");
//! assert!(matches!(decryptor.decrypt_to_vec(&info, &sealed), Err(Error::Duplicate { .. })));
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
pub mod format;
pub mod frame;
pub mod id;
pub mod keys;
mod os;

pub use channel::{
    ChannelDecryptor, ChannelEncryptor, ErrorCounts, Mode, Opened, Sealed, StreamStatistics,
};
pub use cipher::{CheckedCipher, CipherSuite};
pub use error::{Class, Error, Malformed, Misuse, StoreFault};
pub use event::Event;
pub use frame::{FrameBuf, FrameInfo};
pub use id::{Counter, Epoch, InvalidId, KeyId, Media, MlsKid, RatchetedKid, SenderId, Ssrc};
pub use keys::{
    BaseKey, Channel, ChannelConfig, ChannelKey, ChannelStore, CounterOrigin, CounterStore,
    EpochSecret, KeyStore, NewGeneration, PassphraseParams,
};

// No public function takes a nonce or a counter, so the tests over published vectors are compiled in here.
#[cfg(test)]
#[path = "../tests/in_crate/mod.rs"]
mod in_crate;
