//! Keys: the customer's, and raw ones as RFC 9605 has them.

use base64ct::{Base64, Encoding};
use js_sys::{JsString, Uint8Array};
use mediaseal::{CipherSuite, CounterOrigin, KeyId, SenderId};
use wasm_bindgen::prelude::wasm_bindgen;
use zeroize::{Zeroize, Zeroizing};

use crate::error::Outcome;

/// A channel key: 16 to 64 uniformly random octets that the customer owns, from which every sender's keys of one generation derive.
#[wasm_bindgen]
pub struct ChannelKey(pub(crate) mediaseal::ChannelKey);

#[wasm_bindgen]
impl ChannelKey {
    /// Makes a key of 32 octets from the browser's generator.
    ///
    /// # Errors
    /// `MEDIASEAL_ERR_ENTROPY` if there is none.
    pub fn generate() -> Outcome<Self> {
        Ok(Self(mediaseal::ChannelKey::generate()?))
    }

    /// Copies a key from its octets. Wipe yours.
    ///
    /// # Errors
    /// `MEDIASEAL_ERR_KEY_LENGTH` unless there are 16 to 64.
    #[wasm_bindgen(js_name = fromBytes)]
    pub fn from_bytes(mut octets: Vec<u8>) -> Outcome<Self> {
        let key = mediaseal::ChannelKey::from_slice(&octets);
        octets.zeroize();
        Ok(Self(key?))
    }

    /// Reads a key from hexadecimal digits.
    ///
    /// # Errors
    /// `MEDIASEAL_ERR_KEY_TEXT`, `MEDIASEAL_ERR_KEY_LENGTH`.
    #[wasm_bindgen(js_name = fromHex)]
    pub fn from_hex(text: String) -> Outcome<Self> {
        let text = Zeroizing::new(text);
        Ok(Self(mediaseal::ChannelKey::from_hex(&text)?))
    }

    /// Reads a key from base64 (RFC 4648 section 4, with or without padding).
    ///
    /// # Errors
    /// `MEDIASEAL_ERR_KEY_TEXT`, `MEDIASEAL_ERR_KEY_LENGTH`.
    #[wasm_bindgen(js_name = fromBase64)]
    pub fn from_base64(text: String) -> Outcome<Self> {
        let text = Zeroizing::new(text);
        Ok(Self(mediaseal::ChannelKey::from_base64(&text)?))
    }

    /// Returns the octets. Wipe them when they have gone where they belong.
    #[must_use]
    #[wasm_bindgen(js_name = toBytes)]
    pub fn to_bytes(&self) -> Uint8Array {
        Uint8Array::from(&self.0.to_bytes()[..])
    }

    /// Returns the key as base64. JavaScript cannot wipe text: prefer `toBytes`.
    #[must_use]
    #[wasm_bindgen(js_name = toBase64)]
    pub fn to_base64(&self) -> JsString {
        JsString::from(Zeroizing::new(Base64::encode_string(&self.0.to_bytes())).as_str())
    }
}

/// A base key of RFC 9605: 16 to 64 uniformly random octets for one sender.
#[wasm_bindgen]
pub struct BaseKey(mediaseal::BaseKey);

#[wasm_bindgen]
impl BaseKey {
    /// Makes a key of 32 octets from the browser's generator.
    ///
    /// # Errors
    /// `MEDIASEAL_ERR_ENTROPY` if there is none.
    pub fn generate() -> Outcome<Self> {
        Ok(Self(mediaseal::BaseKey::generate()?))
    }

    /// Copies a key from its octets. Wipe yours.
    ///
    /// # Errors
    /// `MEDIASEAL_ERR_KEY_LENGTH` unless there are 16 to 64.
    #[wasm_bindgen(js_name = fromBytes)]
    pub fn from_bytes(mut octets: Vec<u8>) -> Outcome<Self> {
        let key = mediaseal::BaseKey::from_slice(&octets);
        octets.zeroize();
        Ok(Self(key?))
    }

    /// Reads a key from hexadecimal digits.
    ///
    /// # Errors
    /// `MEDIASEAL_ERR_KEY_TEXT`, `MEDIASEAL_ERR_KEY_LENGTH`.
    #[wasm_bindgen(js_name = fromHex)]
    pub fn from_hex(text: String) -> Outcome<Self> {
        let text = Zeroizing::new(text);
        Ok(Self(mediaseal::BaseKey::from_hex(&text)?))
    }
}

/// Raw keys as RFC 9605 has them, for applications that bring a key for each sender (MLS, a key server).
#[wasm_bindgen]
pub struct KeyStore(pub(crate) mediaseal::KeyStore);

#[wasm_bindgen]
impl KeyStore {
    /// Makes a store for one cipher suite, by its number in the IANA registry; 4, AES-128-GCM, by default.
    ///
    /// # Errors
    /// `MEDIASEAL_ERR_UNSUPPORTED_SUITE`, `MEDIASEAL_ERR_SHORT_TAG`, `MEDIASEAL_ERR_ENTROPY`.
    #[wasm_bindgen(constructor)]
    pub fn new(suite: Option<u16>) -> Outcome<Self> {
        Ok(Self(mediaseal::KeyStore::raw(self::suite(suite))?))
    }

    /// Adds a key to seal with. It must be fresh: a page that comes back has forgotten how far it had counted, so bring a new key, or a new KID,
    /// each time; else nonces repeat. Channel keys have no such care.
    ///
    /// # Errors
    /// `MEDIASEAL_ERR_KID_IN_USE`, `MEDIASEAL_ERR_KEY_REUSED`, `MEDIASEAL_ERR_SEND_AND_RECEIVE`.
    #[wasm_bindgen(js_name = addFreshSend)]
    pub fn add_fresh_send(&self, key: &BaseKey, kid: u64) -> Outcome<()> {
        let origin = CounterOrigin::FreshKey;
        Ok(self
            .0
            .add_send(key.0.duplicate(), KeyId::new(kid), origin)?)
    }

    /// Makes a send key the one that seals.
    ///
    /// # Errors
    /// `MEDIASEAL_ERR_UNKNOWN_SEND_KEY`.
    pub fn activate(&self, kid: u64) -> Outcome<()> {
        Ok(self.0.activate(KeyId::new(kid))?)
    }

    /// Adds a key to open with, and names the sender whom the application knows to hold it.
    ///
    /// # Errors
    /// `MEDIASEAL_ERR_KID_IN_USE`, `MEDIASEAL_ERR_SEND_AND_RECEIVE`, `MEDIASEAL_ERR_SENDER_ID_TOO_LONG`.
    #[wasm_bindgen(js_name = addReceive)]
    pub fn add_receive(&self, key: &BaseKey, kid: u64, sender: &str) -> Outcome<()> {
        let sender = SenderId::new(sender)?;
        Ok(self
            .0
            .add_receive(key.0.duplicate(), KeyId::new(kid), sender)?)
    }

    /// Retires a send key.
    ///
    /// # Errors
    /// `MEDIASEAL_ERR_UNKNOWN_SEND_KEY`.
    #[wasm_bindgen(js_name = retireSend)]
    pub fn retire_send(&self, kid: u64) -> Outcome<()> {
        Ok(self.0.retire_send(KeyId::new(kid))?)
    }

    /// Retires a receive key.
    ///
    /// # Errors
    /// `MEDIASEAL_ERR_UNKNOWN_RECEIVE_KEY`.
    #[wasm_bindgen(js_name = retireReceive)]
    pub fn retire_receive(&self, kid: u64) -> Outcome<()> {
        Ok(self.0.retire_receive(KeyId::new(kid))?)
    }
}

/// The suite of this number; AES-128-GCM without one.
pub(crate) fn suite(number: Option<u16>) -> CipherSuite {
    number.map_or(CipherSuite::AES_128_GCM_SHA256_128, CipherSuite::new)
}
