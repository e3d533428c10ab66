//! What anybody can check without a key: RFC 6962 trees, C2SP signed notes and checkpoints.
//!
//! ```text
//!  records ──► leaf hashes ──► Tree ──► root ──► Checkpoint ──► signed note      who writes
//!                 │                                                │
//!                 ▼                                                ▼
//!              Prover ──► hashes ──────────────────────────► verify_inclusion,    who checks
//!                                                            verify_consistency
//! ```
//!
//! Recordings and the audit log share this; it knows of neither, and does no I/O.

mod checkpoint;
mod error;
mod merkle;
mod note;
mod proof;

pub use checkpoint::{Checkpoint, split_checkpoints};
pub use error::TransparencyError;
pub use merkle::{
    Prover, Tree, TreeHash, empty_root, leaf_hash, verify_consistency, verify_inclusion,
};
pub use note::{SignedNote, VerifierKey, sign_note};
pub use proof::InclusionProof;
