//! C2SP proofs (c2sp.org/tlog-proof): that a leaf is in a log, with the checkpoint that says so, in one text.

use base64ct::{Base64, Encoding};

use super::checkpoint::Checkpoint;
use super::error::TransparencyError;
use super::merkle::{TreeHash, verify_inclusion};
use super::note::VerifierKey;

/// The first line of a proof.
const VERSION: &str = "c2sp.org/tlog-proof@v1";
/// Hashes that a proof may have: trees have fewer than 2^62 leaves.
const MAX_HASHES: usize = 62;
/// Octets of the longest proof that is read: its own lines, and a checkpoint of 1 MiB.
const MAX_LEN: usize = (1 << 20) + 4096;

/// A proof that stands alone: who has the leaf and the log's verifier key needs nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InclusionProof {
    /// Which leaf, counted from 0.
    pub index: u64,
    /// The hashes from the leaf's sibling up to the root's child.
    pub hashes: Vec<TreeHash>,
    /// The signed note of the checkpoint that it leads to.
    pub checkpoint: String,
}

impl InclusionProof {
    /// The proof as text.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = format!("{VERSION}\nindex {}\n", self.index);
        for hash in &self.hashes {
            text.push_str(&Base64::encode_string(hash));
            text.push('\n');
        }
        text.push('\n');
        text.push_str(&self.checkpoint);
        text
    }

    /// Reads what [`Self::to_text`] writes. Extra data is refused: no proof of this library has any.
    ///
    /// # Errors
    /// [`TransparencyError::Malformed`] if it is no proof, or has more than 62 hashes.
    pub fn from_text(text: &str) -> Result<Self, TransparencyError> {
        const MALFORMED: TransparencyError = TransparencyError::Malformed("proof");
        if text.len() > MAX_LEN {
            return Err(MALFORMED);
        }
        let (own, checkpoint) = text.split_once("\n\n").ok_or(MALFORMED)?;
        let mut lines = own.split('\n');
        let (Some(VERSION), Some(index)) = (lines.next(), lines.next()) else {
            return Err(MALFORMED);
        };
        let index = index.strip_prefix("index ").ok_or(MALFORMED)?;
        let read = Self {
            index: index.parse().map_err(|_| MALFORMED)?,
            hashes: lines
                .take(MAX_HASHES + 1)
                .map(|line| {
                    let mut hash = TreeHash::default();
                    let len = Base64::decode(line, &mut hash).ok()?.len();
                    (len == hash.len()).then_some(hash)
                })
                .collect::<Option<_>>()
                .ok_or(MALFORMED)?,
            checkpoint: checkpoint.to_owned(),
        };
        Checkpoint::read_unverified(read.checkpoint.as_bytes())?;
        if read.hashes.len() > MAX_HASHES || read.to_text() != text {
            return Err(MALFORMED);
        }
        Ok(read)
    }

    /// Verifies that the leaf of hash `leaf` is in the log of `key`; returns the checkpoint that says so.
    ///
    /// # Errors
    /// Those of [`Checkpoint::open`] and [`verify_inclusion`].
    pub fn verify(
        &self,
        leaf: &TreeHash,
        key: &VerifierKey,
    ) -> Result<Checkpoint, TransparencyError> {
        let checkpoint = Checkpoint::open(self.checkpoint.as_bytes(), key)?;
        verify_inclusion(
            self.index,
            checkpoint.size,
            leaf,
            &self.hashes,
            &checkpoint.root,
        )?;
        Ok(checkpoint)
    }
}
