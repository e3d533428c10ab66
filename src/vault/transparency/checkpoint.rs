//! C2SP checkpoints (c2sp.org/tlog-checkpoint): the size and root of a log's tree, as the text of a signed note.

use base64ct::{Base64, Encoding};

use super::error::TransparencyError;
use super::merkle::{Tree, TreeHash};
use super::note::{SignedNote, VerifierKey, sign_note};
use crate::vault::grant::Signer;

/// Lines of a checkpoint with one signature: origin, size, root, none, signature.
const LINES: usize = 5;

/// What a log says of itself at one size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log it is: the name of its key as well.
    pub origin: String,
    /// Leaves of its tree.
    pub size: u64,
    /// The root of its tree.
    pub root: TreeHash,
}

impl Checkpoint {
    /// Of a tree as it is now.
    #[must_use]
    pub fn of(origin: &str, tree: &Tree) -> Self {
        Self {
            origin: origin.to_owned(),
            size: tree.size(),
            root: tree.root(),
        }
    }

    /// The text that is signed: three lines.
    #[must_use]
    pub fn to_text(&self) -> String {
        let root = Base64::encode_string(&self.root);
        format!("{}\n{}\n{root}\n", self.origin, self.size)
    }

    /// Signs it under its origin: the signed note.
    ///
    /// # Errors
    /// [`TransparencyError::InvalidName`] for an origin that is no name of a key.
    pub fn sign(&self, key: &Signer) -> Result<String, TransparencyError> {
        sign_note(&self.to_text(), &self.origin, key)
    }

    /// Reads a signed note, and believes it if `key` signed it and its origin is the name of that key.
    ///
    /// # Errors
    /// [`TransparencyError::Malformed`], [`TransparencyError::NotSigned`] or [`TransparencyError::BadSignature`] as of a note;
    /// [`TransparencyError::OtherOrigin`] if it is of another log.
    pub fn open(note: &[u8], key: &VerifierKey) -> Result<Self, TransparencyError> {
        let read = Self::from_text(SignedNote::parse(note)?.verify(&[key])?)?;
        if read.origin == key.name() {
            Ok(read)
        } else {
            Err(TransparencyError::OtherOrigin)
        }
    }

    /// Reads a signed note **without looking at its signatures**: for who has no key, and says so.
    ///
    /// # Errors
    /// [`TransparencyError::Malformed`] if it is none.
    pub fn read_unverified(note: &[u8]) -> Result<Self, TransparencyError> {
        Self::from_text(SignedNote::parse(note)?.unverified_text())
    }

    /// Reads the text of a checkpoint. Extension lines are refused: no log of this library has any.
    ///
    /// # Errors
    /// [`TransparencyError::Malformed`] if it is not what [`Self::to_text`] would write.
    pub fn from_text(text: &str) -> Result<Self, TransparencyError> {
        const MALFORMED: TransparencyError = TransparencyError::Malformed("checkpoint");
        let mut lines = text.splitn(4, '\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next())
        else {
            return Err(MALFORMED);
        };
        let mut hash = TreeHash::default();
        let len = Base64::decode(root, &mut hash)
            .map_err(|_| MALFORMED)?
            .len();
        let read = Self {
            origin: origin.to_owned(),
            size: size.parse().map_err(|_| MALFORMED)?,
            root: hash,
        };
        // Its one text: no sign or zero before the size, canonical base64, nothing after.
        if origin.is_empty() || len != hash.len() || read.to_text() != text {
            return Err(MALFORMED);
        }
        Ok(read)
    }
}

/// Parts a file of checkpoints, each with one signature, one after another: the notes, and what is left of one that was not written to its end.
#[must_use]
pub fn split_checkpoints(file: &[u8]) -> (Vec<&[u8]>, &[u8]) {
    let mut notes = Vec::new();
    let mut rest = file;
    loop {
        let end = rest
            .iter()
            .enumerate()
            .filter(|(_, octet)| **octet == b'\n')
            .nth(LINES - 1);
        let Some((end, _)) = end else {
            return (notes, rest);
        };
        let (note, after) = rest.split_at(end + 1);
        notes.push(note);
        rest = after;
    }
}
