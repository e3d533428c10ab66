//! Where what happens to keys and recordings is written down: the trait, and what is written.

use std::borrow::Cow;

use thiserror::Error;

/// How an action ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// It was allowed, and is done next: written before the deed, so that no deed goes without.
    Allowed,
    /// It was done.
    Done,
    /// A policy, a state or the authorizer refused it.
    Refused,
    /// It was tried and failed.
    Failed,
}

impl Outcome {
    /// The word that stands in records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// Something that happened to a key or a recording. It never holds octets of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEvent {
    /// When, in microseconds since 1970, by the clock of who says it.
    pub unix_micros: u64,
    /// Who did it: the principal as the application names him, or `system`.
    pub actor: String,
    /// What: `kek.create`, `dek.unwrap`, `recording.open` and the like.
    pub action: Cow<'static, str>,
    /// To what: `kek/ID/VERSION`, `dek/ID`, `recording/ID`, `provider/SCHEME/ID`.
    pub resource: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it was done or refused; may be empty.
    pub reason: String,
    /// What else is known, as names with values: region, tenant, state, address.
    pub attributes: Vec<(Cow<'static, str>, String)>,
}

/// Why an event was not written down.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AuditError {
    /// Mend the log (disk, permissions, room), then do again what it kept from being done.
    #[error("the audit log cannot be written: {0}")]
    Unavailable(String),
    /// Fix the event: a field is longer than a record can hold.
    #[error("the event is too large to be written down")]
    TooLarge,
    /// Fix the event: what is said is wrong with it.
    #[error("the event cannot be written down: {0}")]
    Invalid(&'static str),
}

/// Writes events down.
pub trait AuditSink: Send + Sync {
    /// Writes `event` down; once it returns, the event is as durable as the sink makes its records.
    ///
    /// # Errors
    /// [`AuditError`] if it was not. Who calls decides what then: custody with `fail_closed` does not act without a record.
    fn record(&self, event: &AuditEvent) -> Result<(), AuditError>;
}
