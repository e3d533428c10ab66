//! Why an audit log was not made, opened, verified or proven from.

use std::io;

use thiserror::Error;

use super::sink::AuditError;
use crate::error::Error;
use crate::vault::grant::GrantError;
use crate::vault::transparency::TransparencyError;

/// Why an audit log was not made, opened, verified or proven from. Nothing in it is secret.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AuditLogError {
    /// Give the folder of an audit log, or make one there.
    #[error("there is no audit log in this folder")]
    NotThere,
    /// Open the log that is there, or make one in another folder.
    #[error("there is an audit log in this folder already")]
    AlreadyThere,
    /// Close the log where it is open: another process, or another object of this one, is writing it.
    #[error("the audit log is open elsewhere")]
    Locked,
    /// Name one to sixteen auditors.
    #[error("an audit log has one to sixteen auditors")]
    Auditors,
    /// Give the key pair that the log was made with, or its own verifier key.
    #[error("this is another audit log, or that of another signer")]
    OtherSigner,
    /// Give the identity of one of its auditors.
    #[error("the audit log is sealed to other auditors")]
    NotAnAuditor,
    /// Keep what is there, find out who did it, and begin a new log in another folder: this file is not what the log wrote.
    #[error("the file {0} of the audit log was altered or is damaged")]
    Damaged(&'static str),
    /// Keep what is there, find out who did it, and begin a new log in another folder: this record is not what the log wrote.
    #[error("record {record} of the audit log was altered")]
    Tampered {
        /// The first that is not as it was written, counted from 0.
        record: u64,
    },
    /// Keep what is there and begin a new log in another folder: records are missing at the end, by someone's hand, or because the system
    /// went down and records were not synced ([`Durability::System`](super::Durability::System)).
    #[error("the audit log has {records} records left of {expected}")]
    Cut {
        /// Records that are there.
        records: u64,
        /// Records that there were, at least.
        expected: u64,
    },
    /// Ask for a record and checkpoint that the log has.
    #[error("the audit log has no checkpoint over that record")]
    NoCheckpoint,
    /// See [`AuditError`]: the first record of this opening could not be written.
    #[error(transparent)]
    Record(#[from] AuditError),
    /// Look at disk and permissions: what the system said.
    #[error("the audit log cannot be read or written: {0}")]
    Io(#[from] io::Error),
    /// See [`TransparencyError`].
    #[error(transparent)]
    Transparency(#[from] TransparencyError),
    /// See [`GrantError`]: the first key could not be sealed to an auditor.
    #[error(transparent)]
    Grant(#[from] GrantError),
    /// See [`enum@Error`]: what the library's core said.
    #[error(transparent)]
    Core(#[from] Error),
}
