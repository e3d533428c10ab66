//! Opens recorded ciphertext with the keys that its senders granted. This file alone of the vault knows the channel.

use std::collections::{BTreeMap, BTreeSet};

use zeroize::Zeroizing;

use super::report::Reason;
use crate::channel::{ChannelDecryptor, Mode};
use crate::cipher::{CheckedCipher, CipherSuite};
use crate::error::{Error, Misuse};
use crate::format::codec::Codec;
use crate::frame::FrameInfo;
use crate::id::{KeyId, SenderId, Ssrc};
use crate::keys::KeyStore;
use crate::vault::grant::{GrantError, Identity, SessionKey, SignerPublic};
use crate::vault::recording::{Reader, RecordedFrame, RecordingError, TrackFormat, grant, granted};

/// What opens the frames of a recording of the profile [`Frames`](crate::vault::recording::Profile::Frames): the sessions' keys, and the ciphers that they are for.
#[derive(Debug, Default)]
pub struct SessionKeys {
    ciphers: Vec<CheckedCipher>,
    keys: BTreeMap<KeyId, SessionKey>,
    refused: Vec<(KeyId, GrantError)>,
}

impl SessionKeys {
    /// Begins with no key and the built-in suites.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a custom cipher, for the sessions of its suite.
    pub fn add_cipher(&mut self, cipher: CheckedCipher) {
        self.ciphers.retain(|there| there.suite() != cipher.suite());
        self.ciphers.push(cipher);
    }

    /// Takes a key that the caller has. It replaces one of the same KID.
    pub fn add(&mut self, key: SessionKey) {
        if let Ok(place) = self.refusal(key.kid()) {
            self.refused.remove(place);
        }
        self.keys.insert(key.kid(), key);
    }

    /// Opens the recording's grants as `identity`, of those senders whose `signers` the caller knows. Grants that do not open are kept in mind, said by
    /// [`refused`](Self::refused) until another identity opens them, and the frames of their sessions left out. Returns how many opened.
    ///
    /// # Errors
    /// What the storage says.
    pub fn open_grants(
        &mut self,
        reader: &Reader,
        identity: &Identity,
        signers: &[SignerPublic],
    ) -> Result<usize, RecordingError> {
        self.open_some(reader, identity, signers, |_, _| true)
    }

    /// The same of sessions that nothing is known of so far. A recorder at work replaces no grant.
    #[cfg(feature = "capi")]
    pub(in crate::vault::recording) fn open_new_grants(
        &mut self,
        reader: &Reader,
        identity: &Identity,
        signers: &[SignerPublic],
    ) -> Result<usize, RecordingError> {
        self.open_some(reader, identity, signers, |there, kid| {
            !there.keys.contains_key(&kid) && there.refusal(kid).is_err()
        })
    }

    fn open_some(
        &mut self,
        reader: &Reader,
        identity: &Identity,
        signers: &[SignerPublic],
        is_wanted: impl Fn(&Self, KeyId) -> bool,
    ) -> Result<usize, RecordingError> {
        let storage = &*reader.storage;
        let mut opened = 0;
        for kid in granted(storage)? {
            if !is_wanted(self, kid) {
                continue;
            }
            let key = match grant(storage, kid) {
                Ok(Some(grant)) => grant.open(identity, signers),
                Ok(None) => continue,
                Err(RecordingError::Grant(error)) => Err(error),
                Err(error) => return Err(error),
            };
            match (key, self.refusal(kid)) {
                (Ok(key), _) => {
                    self.add(key);
                    opened += 1;
                }
                // What another identity opened stays open.
                (Err(_), Err(_)) if self.keys.contains_key(&kid) => {}
                (Err(error), Ok(place)) => self.refused[place].1 = error,
                (Err(error), Err(place)) => self.refused.insert(place, (kid, error)),
            }
        }
        Ok(opened)
    }

    /// Grants that did not open, and why, by KID.
    #[must_use]
    pub fn refused(&self) -> &[(KeyId, GrantError)] {
        &self.refused
    }

    /// Where the refusal of a grant is, or would be.
    fn refusal(&self, kid: KeyId) -> Result<usize, usize> {
        self.refused.binary_search_by_key(&kid, |(kid, _)| *kid)
    }

    fn cipher(&self, suite: CipherSuite) -> Result<CheckedCipher, Error> {
        match self.ciphers.iter().find(|cipher| cipher.suite() == suite) {
            Some(cipher) => Ok(cipher.clone()),
            None => CheckedCipher::builtin(suite),
        }
    }
}

/// A frame that was opened.
pub(in crate::vault::recording) struct Opened {
    pub(in crate::vault::recording) octets: Zeroizing<Vec<u8>>,
    /// Whose key opened it; nothing for a recording that has none.
    pub(in crate::vault::recording) sender: SenderId,
}

/// Opens the frames of one track. Each track has replay windows of its own: they are read one after the other, and sessions may be on several.
pub(in crate::vault::recording) struct TrackOpener {
    codec: Option<Codec>,
    suites: Vec<(CipherSuite, Result<SuiteOpener, Error>)>,
}

/// Opens frames of one suite.
struct SuiteOpener {
    store: KeyStore,
    /// The sessions whose keys the store has: each comes with its first frame.
    kids: BTreeSet<KeyId>,
    decryptor: ChannelDecryptor,
}

impl TrackOpener {
    /// Prepares for a track's frames: codec-aware ciphertext, or bare.
    pub(in crate::vault::recording) fn new(format: TrackFormat) -> Self {
        Self {
            codec: format.codec().filter(|_| format.is_codec_aware()),
            suites: Vec::new(),
        }
    }

    /// Opens a frame with the key of its session. A session's key is the one that it had at the first frame.
    pub(in crate::vault::recording) fn open(
        &mut self,
        keys: &SessionKeys,
        frame: &RecordedFrame,
    ) -> Result<Opened, Reason> {
        let kid = frame.kid().ok_or(Reason::Malformed)?;
        let key = keys.keys.get(&kid).ok_or_else(|| match keys.refusal(kid) {
            Ok(_) => Reason::GrantRefused,
            Err(_) => Reason::NoGrant,
        })?;
        let decryptor = self.decryptor(keys, key).map_err(|error| match error {
            Error::Misuse(Misuse::UnsupportedSuite { .. } | Misuse::NotInThisBuild) => {
                Reason::UnknownSuite
            }
            _ => Reason::CipherFailed,
        })?;
        let info = FrameInfo::new(Ssrc::new(frame.track.into())).metadata(&frame.metadata);
        let octets =
            decryptor
                .decrypt_to_vec(&info, &frame.octets)
                .map_err(|error| match error {
                    Error::Duplicate { .. } | Error::Replayed { .. } | Error::TooOld { .. } => {
                        Reason::Duplicate
                    }
                    Error::AuthenticationFailed { .. } => Reason::NotAuthentic,
                    Error::Malformed(_) | Error::Truncated { .. } => Reason::Malformed,
                    _ => Reason::CipherFailed,
                })?;
        Ok(Opened {
            octets: Zeroizing::new(octets),
            sender: key.sender().clone(),
        })
    }

    /// The decryptor for a session, with its key.
    fn decryptor(
        &mut self,
        keys: &SessionKeys,
        key: &SessionKey,
    ) -> Result<&mut ChannelDecryptor, Error> {
        let suite = key.suite();
        let place = match self.suites.iter().position(|(there, _)| *there == suite) {
            Some(place) => place,
            None => {
                let made = self.make(keys, suite);
                self.suites.push((suite, made));
                self.suites.len() - 1
            }
        };
        let opener = match self.suites.get_mut(place) {
            Some((_, Ok(opener))) => opener,
            Some((_, Err(error))) => return Err(*error),
            None => return Err(Misuse::NotInThisBuild.into()),
        };
        let kid = key.kid();
        if !opener.kids.contains(&kid) {
            let (base_key, sender) = (key.base_key().duplicate(), key.sender().clone());
            opener.store.add_receive(base_key, kid, sender)?;
            opener.kids.insert(kid);
        }
        Ok(&mut opener.decryptor)
    }

    fn make(&self, keys: &SessionKeys, suite: CipherSuite) -> Result<SuiteOpener, Error> {
        let store = KeyStore::raw_with(&keys.cipher(suite)?)?;
        let mut decryptor = ChannelDecryptor::new(&store, Mode::Frame)?;
        if let Some(codec) = self.codec {
            decryptor.set_default_codec(Some(codec))?;
        }
        Ok(SuiteOpener {
            store,
            kids: BTreeSet::new(),
            decryptor,
        })
    }
}
