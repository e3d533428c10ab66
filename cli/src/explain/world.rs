//! What a receiver would have: channels, keys and decryptors made from key files, and what they say of a frame.
//!
//! Each flow of a capture has a receiver of its own, so that what a relay sends on is not taken for a replay.

use std::collections::HashMap;

use mediaseal::format::looks::{Look, looks};
use mediaseal::format::sframe::Header;
use mediaseal::{
    Channel, ChannelDecryptor, ChannelStore, CheckedCipher, CipherSuite, Codec, Error, FrameInfo,
    KeyId, KeyStore, Media, Mode, Reason, SenderId, Ssrc, Suspects,
};
use zeroize::Zeroizing;

use super::reason;
use crate::keyring::{self, ChannelName, Key};
use crate::table::plain;

/// Pairs of sender and media that one decryptor takes.
const MOST_EXPECTED: usize = 16;
/// Frames of one kind of failure that are explained; the others are taken for the same if all these were.
const EXPLAINED: u64 = 24;
/// Most classes of failures that are told apart by KID.
const MOST_CLASSES: usize = 4_096;
/// The earliest time that a channel takes.
const FIRST_SECOND: u64 = 3_600;

/// Everything from which receivers are made.
pub(crate) struct Keyring {
    pub(crate) keys: Vec<Key>,
    pub(crate) expected: Vec<(SenderId, Media)>,
    pub(crate) suspects: Vec<(SenderId, Media)>,
    /// The channel that frames should be of; the first one if there is none.
    pub(crate) channel: Option<Vec<u8>>,
    pub(crate) cipher: Option<CheckedCipher>,
}

impl Keyring {
    /// Tells whether there is a raw key of this KID, or channels whose KIDs are long.
    pub(crate) fn knows(&self, kid: KeyId) -> bool {
        self.keys
            .iter()
            .any(|key| matches!(key, Key::Raw { kid: known, .. } if *known == kid))
    }

    fn cipher(&self, suite: CipherSuite) -> Result<CheckedCipher, Error> {
        keyring::cipher(suite, self.cipher.as_ref())
    }
}

/// What became of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// There is no key.
    NotTried,
    Opened {
        sender: String,
        /// Generation and step of a channel.
        epoch: Option<(u64, u32)>,
    },
    Refused {
        reason: &'static str,
        text: String,
        /// Whether it was looked at itself, or taken for what many before it were.
        is_explained: bool,
    },
}

/// Frames that fail alike: of one stream, one KID, with one error.
type Class = (u32, Option<u64>, &'static str);
/// How many of a class were explained, and what they were if that was the same for all.
type Explained = (u64, Option<(&'static str, String)>);

/// A receiver.
pub(crate) struct World {
    /// Channels tell their time by their stores.
    stores: Vec<ChannelStore>,
    others: Vec<Channel>,
    other_names: Vec<String>,
    suspects: Vec<(SenderId, Media)>,
    decryptors: Vec<ChannelDecryptor>,
    raw: Vec<KeyId>,
    now: u64,
    /// By stream, KID and error: frames explained, and what they all were.
    explained: HashMap<Class, Explained>,
    plaintext: Zeroizing<Vec<u8>>,
}

impl World {
    /// Makes the receiver; `mode` sets how far replay windows reach.
    ///
    /// # Errors
    /// A sentence about the key that cannot be used.
    pub(crate) fn new(keyring: &Keyring, mode: Mode) -> Result<Self, String> {
        let mut world = Self {
            stores: Vec::new(),
            others: Vec::new(),
            other_names: Vec::new(),
            suspects: keyring.suspects.clone(),
            decryptors: Vec::new(),
            raw: Vec::new(),
            now: 0,
            explained: HashMap::new(),
            plaintext: Zeroizing::new(Vec::new()),
        };
        world.add_channels(keyring, mode)?;
        world.add_raw(keyring, mode)?;
        Ok(world)
    }

    fn add_channels(&mut self, keyring: &Keyring, mode: Mode) -> Result<(), String> {
        let mut names: Vec<ChannelName> = Vec::new();
        for name in keyring.keys.iter().filter_map(Key::channel) {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        // The one that was asked for comes first.
        if let Some(asked) = &keyring.channel {
            names.sort_by_key(|name| name.id != *asked);
        }
        for (at, name) in names.iter().enumerate() {
            let called = String::from_utf8_lossy(&name.id).into_owned();
            let refused = |error: Error| format!("channel {}: {error}", plain(&called));
            let (store, channel) = name.open().map_err(refused)?;
            for key in keyring
                .keys
                .iter()
                .filter(|key| key.channel() == Some(name))
            {
                key.stage(&channel, |suite| keyring.cipher(suite))
                    .map_err(refused)?;
            }
            self.stores.push(store);
            if at == 0 {
                for some in keyring.expected.chunks(MOST_EXPECTED) {
                    let decryptor =
                        ChannelDecryptor::for_channel(&channel, some, mode).map_err(refused)?;
                    self.decryptors.push(decryptor);
                }
            } else {
                self.others.push(channel);
                self.other_names.push(called);
            }
        }
        Ok(())
    }

    fn add_raw(&mut self, keyring: &Keyring, mode: Mode) -> Result<(), String> {
        let mut stores: Vec<(CipherSuite, KeyStore)> = Vec::new();
        for key in &keyring.keys {
            let Key::Raw {
                kid,
                suite,
                sender,
                key,
            } = key
            else {
                continue;
            };
            let refused = |error: Error| format!("raw key {kid}: {error}");
            let store = match stores.iter().find(|(known, _)| known == suite) {
                Some((_, store)) => store.clone(),
                None => {
                    let cipher = keyring.cipher(*suite).map_err(refused)?;
                    let store = KeyStore::raw_with(&cipher).map_err(refused)?;
                    stores.push((*suite, store.clone()));
                    store
                }
            };
            store
                .add_receive(key.duplicate(), *kid, sender.clone())
                .map_err(refused)?;
            self.raw.push(*kid);
        }
        for (_, store) in &stores {
            let decryptor =
                ChannelDecryptor::new(store, mode).map_err(|error| error.to_string())?;
            self.decryptors.push(decryptor);
        }
        Ok(())
    }

    /// Tells the time, in seconds since 1970.
    pub(crate) fn tick(&mut self, now: u64) {
        if now < FIRST_SECOND || now == self.now {
            return;
        }
        self.now = now;
        for store in &self.stores {
            // It cannot fail for channels that only receive.
            store.tick(now).unwrap_or_default();
        }
    }

    /// Sets the codec of a stream.
    ///
    /// # Errors
    /// If there are too many streams, or packets are sealed and not frames.
    pub(crate) fn set_codec(&mut self, stream: u32, codec: Codec) -> Result<(), Error> {
        self.decryptors
            .iter_mut()
            .try_for_each(|decryptor| decryptor.set_codec(Ssrc::new(stream), codec))
    }

    /// Says what becomes of a frame. `other_metadata` is what else its sender may have passed; `budget` is how many frames may still be explained, which takes hundreds of
    /// times as long as opening one.
    pub(crate) fn diagnose(
        &mut self,
        stream: u32,
        octets: &[u8],
        metadata: &[u8],
        other_metadata: &[&[u8]],
        budget: &mut u64,
    ) -> Outcome {
        let info = FrameInfo::new(Ssrc::new(stream)).metadata(metadata);
        if self.decryptors.is_empty() {
            return Outcome::NotTried;
        }
        self.plaintext.resize(octets.len(), 0);
        let mut refused: Option<(Error, usize)> = None;
        for at in 0..self.decryptors.len() {
            match self.decryptors[at].decrypt_into(&info, octets, &mut self.plaintext) {
                Ok(opened) => {
                    let sender = match opened.media {
                        Media::UNSPECIFIED => opened.sender.to_string(),
                        media => format!("{}/{media}", opened.sender),
                    };
                    let (epoch, len) = (opened.epoch, opened.len);
                    return self.opened(at, &info, sender, epoch, len);
                }
                // A decryptor that has a key says more than one that has none.
                Err(error) => {
                    let says_more = refused
                        .is_none_or(|(before, _)| matches!(before, Error::MissingKey { .. }));
                    if says_more {
                        refused = Some((error, at));
                    }
                }
            }
        }
        let Some((error, at)) = refused else {
            return Outcome::NotTried;
        };
        // Octets that are no frame of ours name a new KID each time.
        let is_known =
            !matches!(error, Error::MissingKey { .. }) && self.explained.len() < MOST_CLASSES;
        let header = Header::parse(octets).ok().filter(|_| is_known);
        let kid = header.map(|(header, _)| header.kid().value());
        let class = (stream, kid, error.status_name());
        if let Some((count, Some((reason, text)))) = self.explained.get(&class)
            && *count >= EXPLAINED
        {
            return Outcome::Refused {
                reason,
                text: text.clone(),
                is_explained: false,
            };
        }
        let Some(left) = budget.checked_sub(1) else {
            return Outcome::Refused {
                reason: reason::NOT_EXPLAINED,
                text: error.to_string(),
                is_explained: false,
            };
        };
        *budget = left;
        let (reason, text) = self.explain(at, &info, octets, other_metadata);
        let (count, all) = self
            .explained
            .entry(class)
            .or_insert_with(|| (0, Some((reason, text.clone()))));
        *count += 1;
        if all.as_ref().is_none_or(|(same, _)| *same != reason) {
            *all = None;
        }
        Outcome::Refused {
            reason,
            text,
            is_explained: true,
        }
    }

    /// It opened. Does what came out open again?
    fn opened(
        &mut self,
        at: usize,
        info: &FrameInfo<'_>,
        sender: String,
        epoch: Option<(u64, u32)>,
        len: usize,
    ) -> Outcome {
        let inner = self.plaintext.get(..len).unwrap_or_default();
        let is_sealed = looks(inner).first().is_some_and(|look| match look {
            Look::CodecAware { .. } => true,
            Look::Sframe { kid, .. } => kid.value() > u64::from(u16::MAX) || self.raw.contains(kid),
            _ => false,
        });
        if is_sealed {
            let again = self.decryptors[at]
                .explain(info, inner, &Suspects::new())
                .reason;
            if matches!(again, Reason::Opens | Reason::Duplicate | Reason::TooOld) {
                return Outcome::Refused {
                    reason: reason::name(&Reason::EncryptedTwice),
                    text: Reason::EncryptedTwice.to_string(),
                    is_explained: true,
                };
            }
        }
        Outcome::Opened { sender, epoch }
    }

    /// The reason that says most, of those that the decryptors give; `likeliest` is the one that came furthest.
    fn explain(
        &mut self,
        likeliest: usize,
        info: &FrameInfo<'_>,
        octets: &[u8],
        metadata: &[&[u8]],
    ) -> (&'static str, String) {
        let suspects = Suspects::new()
            .senders(&self.suspects)
            .channels(&self.others)
            .metadata(metadata);
        let first = self.decryptors[likeliest]
            .explain(info, octets, &suspects)
            .reason;
        let mut reason = first;
        if !reason::is_specific(&reason) {
            let rest = self
                .decryptors
                .iter_mut()
                .enumerate()
                .filter(|(at, _)| *at != likeliest);
            for (_, decryptor) in rest {
                let other = decryptor.explain(info, octets, &suspects).reason;
                if reason::is_specific(&other) {
                    reason = other;
                    break;
                }
            }
        }
        let text = match &reason {
            Reason::OtherChannel { suspect } => {
                let name = self.other_names.get(*suspect).map_or("", String::as_str);
                format!("it is of channel \"{}\"", plain(name))
            }
            Reason::OtherMetadata { suspect: Some(at) } => {
                format!(
                    "its sender passed other metadata: the {} suspected",
                    ordinal(*at)
                )
            }
            reason => reason.to_string(),
        };
        (reason::name(&reason), text)
    }
}

fn ordinal(at: usize) -> String {
    match at {
        0 => "first".to_owned(),
        1 => "second".to_owned(),
        2 => "third".to_owned(),
        _ => format!("{}th", at + 1),
    }
}
