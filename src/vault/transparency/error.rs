//! Why a proof, note or checkpoint is not believed.

use thiserror::Error;

/// Why a tree, proof, note or checkpoint was refused. None of them holds anything secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TransparencyError {
    /// Ask for a leaf or a size that the tree has.
    #[error("leaf or size {asked} is not in a tree of {size} leaves")]
    OutOfRange {
        /// What was asked for.
        asked: u64,
        /// Leaves of the tree.
        size: u64,
    },
    /// Give the prover every leaf, in order, before it is asked for its proof.
    #[error("the proof needs leaves up to {needed}, and {given} were given")]
    LeavesMissing {
        /// Leaves that it needs.
        needed: u64,
        /// Leaves that it got.
        given: u64,
    },
    /// Do not believe it: the hashes do not lead from the leaf, or from the smaller root, to the root.
    #[error("the proof does not lead to the root")]
    NotProven,
    /// Do not believe it: a key that is known signed something else, or the note was altered.
    #[error("the signature of a known key does not verify")]
    BadSignature,
    /// Do not believe it, or look for the right verifier key: no key that is known signed it.
    #[error("none of the known keys signed it")]
    NotSigned,
    /// Do not believe it: it is the checkpoint of another log.
    #[error("it belongs to another log")]
    OtherOrigin,
    /// Choose a name without spaces, `+` and control characters, of 1 to 255 octets.
    #[error("a key name has 1 to 255 octets and no space, + or control character")]
    InvalidName,
    /// Do not read on: the octets are no verifier key, note, checkpoint, proof or state of a tree. Says what is wrong.
    #[error("malformed: {0}")]
    Malformed(&'static str),
}
