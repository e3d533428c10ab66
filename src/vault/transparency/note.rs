//! C2SP signed notes (c2sp.org/signed-note) with Ed25519: text, a blank line, and a line for each signature.

use std::fmt;
use std::str::FromStr;

use base64ct::{Base64, Encoding};
use sha2::{Digest, Sha256};

use super::error::TransparencyError;
use crate::vault::grant::{Signer, SignerPublic};

/// Octets of the longest note that is read or written.
const MAX_NOTE: usize = 1 << 20;
/// Most signatures of a note that is read. The specification asks for 16.
const MAX_SIGNATURES: usize = 64;
/// Octets of the longest name of a key.
const MAX_NAME: usize = 255;
/// The signature type of Ed25519.
const ED25519: u8 = 1;
/// What each line with a signature begins with.
const DASH: &str = "\u{2014} ";

/// The name and public key of who signs notes: what a verifier is given, by a way that he trusts.
///
/// Its text is `name+hash+base64` as in the specification, read by [`str::parse`] and written by [`fmt::Display`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    id: [u8; 4],
    key: SignerPublic,
}

impl VerifierKey {
    /// Names a public key. The same key under another name is another one.
    ///
    /// # Errors
    /// [`TransparencyError::InvalidName`] if the name is empty, longer than 255 octets, or has spaces, `+` or control characters.
    pub fn new(name: &str, key: &SignerPublic) -> Result<Self, TransparencyError> {
        if !is_name(name) {
            return Err(TransparencyError::InvalidName);
        }
        Ok(Self {
            name: name.to_owned(),
            id: key_id(name, key),
            key: *key,
        })
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The public key.
    #[must_use]
    pub const fn key(&self) -> &SignerPublic {
        &self.key
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut octets = [ED25519; 33];
        octets[1..].copy_from_slice(self.key.as_bytes());
        let id = u32::from_be_bytes(self.id);
        let key = Base64::encode_string(&octets);
        write!(f, "{}+{id:08x}+{key}", self.name)
    }
}

impl FromStr for VerifierKey {
    type Err = TransparencyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const MALFORMED: TransparencyError = TransparencyError::Malformed("verifier key");
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(_), Some(base64)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(MALFORMED);
        };
        let mut octets = [0; 33];
        match Base64::decode(base64, &mut octets) {
            Ok([ED25519, key @ ..]) => {
                let key = <&[u8; 32]>::try_from(key).map_err(|_| MALFORMED)?;
                let key = SignerPublic::from_bytes(key).map_err(|_| MALFORMED)?;
                let read = Self::new(name, &key)?;
                // Its one text: the id included, which follows from the rest.
                (read.to_string() == text).then_some(read).ok_or(MALFORMED)
            }
            _ => Err(MALFORMED),
        }
    }
}

/// Signs `text` under `name`: the whole note.
///
/// # Errors
/// [`TransparencyError::InvalidName`] for a name that no key may have; [`TransparencyError::Malformed`] if the text does not end in a newline, has
/// other control characters or over 1 MiB.
pub fn sign_note(text: &str, name: &str, key: &Signer) -> Result<String, TransparencyError> {
    let public = VerifierKey::new(name, key.public())?;
    if !is_text(text) || !text.ends_with('\n') {
        return Err(TransparencyError::Malformed("text of a note"));
    }
    let mut octets = [0; 68];
    octets[..4].copy_from_slice(&public.id);
    octets[4..].copy_from_slice(&key.sign(text.as_bytes()));
    let note = format!("{text}\n{DASH}{name} {}\n", Base64::encode_string(&octets));
    if note.len() > MAX_NOTE {
        return Err(TransparencyError::Malformed("text of a note"));
    }
    Ok(note)
}

/// A note as it was read. Its text is not to be had before a signature is verified.
#[derive(Clone, Debug)]
pub struct SignedNote<'a> {
    text: &'a str,
    signatures: Vec<(&'a str, Vec<u8>)>,
}

impl<'a> SignedNote<'a> {
    /// Reads a note: at most 1 MiB and 64 signatures.
    ///
    /// # Errors
    /// [`TransparencyError::Malformed`] for whatever the specification does not allow.
    pub fn parse(note: &'a [u8]) -> Result<Self, TransparencyError> {
        const MALFORMED: TransparencyError = TransparencyError::Malformed("signed note");
        if note.len() > MAX_NOTE {
            return Err(MALFORMED);
        }
        let note = std::str::from_utf8(note).map_err(|_| MALFORMED)?;
        // The last blank line is what parts them: the text may have others.
        let end = note.rfind("\n\n").ok_or(MALFORMED)? + 1;
        let (text, lines) = (&note[..end], &note[end + 1..]);
        let lines = lines.strip_suffix('\n').ok_or(MALFORMED)?;
        if !is_text(note) || lines.split('\n').count() > MAX_SIGNATURES {
            return Err(MALFORMED);
        }
        let signatures = lines
            .split('\n')
            .map(signature)
            .collect::<Option<_>>()
            .ok_or(MALFORMED)?;
        Ok(Self { text, signatures })
    }

    /// Gives the text out, its final newline included, if a key of `known` signed it. Signatures of keys that are not known do not matter.
    ///
    /// # Errors
    /// [`TransparencyError::BadSignature`] if the signature of a known key does not verify, whatever others do;
    /// [`TransparencyError::NotSigned`] if there is none of a known key.
    pub fn verify(&self, known: &[&VerifierKey]) -> Result<&'a str, TransparencyError> {
        let mut is_signed = false;
        for (name, octets) in &self.signatures {
            let Some((id, signature)) = octets.split_first_chunk() else {
                continue;
            };
            for key in known
                .iter()
                .filter(|key| key.name == *name && key.id == *id)
            {
                <&[u8; 64]>::try_from(signature)
                    .ok()
                    .and_then(|signature| key.key.verify(self.text.as_bytes(), signature).ok())
                    .ok_or(TransparencyError::BadSignature)?;
                is_signed = true;
            }
        }
        is_signed
            .then_some(self.text)
            .ok_or(TransparencyError::NotSigned)
    }

    /// The text, for who says so when nobody vouches for it.
    pub(crate) fn unverified_text(&self) -> &'a str {
        self.text
    }
}

/// Reads a line with a signature: who signed, and key id and signature.
fn signature(line: &str) -> Option<(&str, Vec<u8>)> {
    let (name, base64) = line.strip_prefix(DASH)?.split_once(' ')?;
    let octets = Base64::decode_vec(base64).ok()?;
    (is_name(name) && octets.len() > 4).then_some((name, octets))
}

fn key_id(name: &str, key: &SignerPublic) -> [u8; 4] {
    let hash = Sha256::new_with_prefix(name)
        .chain_update([b'\n', ED25519])
        .chain_update(key.as_bytes())
        .finalize();
    [hash[0], hash[1], hash[2], hash[3]]
}

fn is_name(name: &str) -> bool {
    (1..=MAX_NAME).contains(&name.len())
        && !name.contains(|c: char| c == '+' || c.is_whitespace() || c < ' ')
}

fn is_text(text: &str) -> bool {
    !text.contains(|c: char| c < ' ' && c != '\n')
}
