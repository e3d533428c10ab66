//! One try at a ciphertext, of which nothing remains.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::channel::receive_keys::{FoundKey, ReceiveKeys, SealedFrame, try_open};
use crate::cipher::{CheckedCipher, CipherError};
use crate::error::{Error, Malformed};
use crate::format::sframe::{self, Header};
use crate::id::{Media, SenderId};
use crate::keys::channel::session_base_key;
use crate::keys::replay::Verdict;
use crate::keys::schedule::SframeSecrets;
use crate::keys::secret::{Secret, with_wiped_stack};

/// What became of a try.
pub(super) enum Attempt {
    Opened {
        header: Header,
        sender: SenderId,
        plaintext: Zeroizing<Vec<u8>>,
        /// What the replay window says; nothing of a session that was not heard.
        verdict: Option<Verdict>,
    },
    /// There is a key, and the tag is not right under it.
    Refused {
        header: Header,
        /// Whether the key, or another of its generation, has opened frames.
        was_heard: bool,
    },
    CipherFailed {
        header: Header,
    },
    NoKey {
        header: Option<Header>,
        error: Error,
    },
}

impl Attempt {
    pub(super) const fn header(&self) -> Option<Header> {
        match self {
            Self::Opened { header, .. }
            | Self::Refused { header, .. }
            | Self::CipherFailed { header } => Some(*header),
            Self::NoKey { header, .. } => *header,
        }
    }
}

/// Tries a ciphertext with its key. Of a session that was not heard, for the senders that are expected or announced or, if any are named, for those.
pub(super) fn attempt(
    keys: &mut ReceiveKeys,
    octets: &[u8],
    metadata: &[u8],
    senders: &[(SenderId, Media)],
    window: u64,
) -> Attempt {
    // What is derived of a session that was not heard is wiped, wherever it was moved about.
    with_wiped_stack(|| attempt_here(keys, octets, metadata, senders, window))
}

fn attempt_here(
    keys: &mut ReceiveKeys,
    octets: &[u8],
    metadata: &[u8],
    senders: &[(SenderId, Media)],
    window: u64,
) -> Attempt {
    let (header, header_len) = match Header::parse(octets) {
        Ok(parsed) => parsed,
        Err(error) => {
            return Attempt::NoKey {
                header: None,
                error,
            };
        }
    };
    let no_key = |error| Attempt::NoKey {
        header: Some(header),
        error,
    };
    let found = match keys.find(header.kid(), &mut None) {
        Ok(found) => found,
        Err(error) => return no_key(error),
    };
    let needed = header_len + found.tag_len;
    let Some(plaintext_len) = octets.len().checked_sub(needed) else {
        let len = octets.len();
        return no_key(Error::Truncated { len, needed });
    };
    if plaintext_len > found.max_frame_len {
        return no_key(Malformed::TooLong.into());
    }
    let (header_octets, rest) = octets.split_at(header_len);
    let (ciphertext, tag) = rest.split_at(plaintext_len);
    let frame = SealedFrame {
        header,
        header_octets,
        metadata,
        tag,
    };
    let mut plaintext = Zeroizing::new(ciphertext.to_vec());
    let mut scratch = Vec::new();
    match found.key {
        FoundKey::Known(key) => {
            let context = frame.context(key.cipher_key(), key.salt(), &mut scratch);
            match sframe::open(context, header_octets, &mut plaintext, tag) {
                Ok(()) => Attempt::Opened {
                    header,
                    sender: key.sender().clone(),
                    plaintext,
                    verdict: Some(key.window().look(header.ctr(), window)),
                },
                Err(CipherError::AuthenticationFailed) => Attempt::Refused {
                    header,
                    was_heard: key.window().head().is_some(),
                },
                Err(_) => Attempt::CipherFailed { header },
            }
        }
        FoundKey::Unheard => {
            let ReceiveKeys::Channel(keys) = keys else {
                let kid = header.kid();
                return no_key(Error::MissingKey { kid });
            };
            let mut candidates = Vec::new();
            if senders.is_empty() {
                keys.candidates_of(header.kid(), &mut candidates);
            } else {
                candidates.extend_from_slice(senders);
            }
            let view = Arc::clone(keys.view());
            let place = match view.place(header.kid()) {
                Ok(place) => place,
                Err(error) => return no_key(error),
            };
            let derive = |sender: &SenderId, media, secrets: &mut SframeSecrets| {
                let mut base_key = Secret::<32>::zeroed();
                let octets = base_key.expose_mut();
                session_base_key(
                    place.secrets,
                    sender,
                    media,
                    place.period,
                    header.kid(),
                    octets,
                );
                derive(place.cipher, octets, header, secrets);
            };
            let mut secrets = SframeSecrets::new();
            let mut failed = false;
            for (sender, media) in &candidates {
                derive(sender, *media, &mut secrets);
                let tried = try_open(place.cipher, &secrets, &frame, &mut plaintext, &mut scratch);
                secrets.wipe();
                match tried {
                    Ok(Some(_)) => {
                        return Attempt::Opened {
                            header,
                            sender: sender.clone(),
                            plaintext,
                            verdict: None,
                        };
                    }
                    Ok(None) => {}
                    Err(_) => failed = true,
                }
            }
            if failed {
                return Attempt::CipherFailed { header };
            }
            Attempt::Refused {
                header,
                was_heard: keys.has_heard(place.generation),
            }
        }
    }
}

fn derive(cipher: &CheckedCipher, base_key: &[u8], header: Header, secrets: &mut SframeSecrets) {
    secrets.derive(base_key, header.kid(), cipher.suite(), &cipher.params());
}
