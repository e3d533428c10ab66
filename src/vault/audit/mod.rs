//! The audit log: what happened to keys and recordings, written so that nobody changes it unseen.
//!
//! ```text
//!                      ┌─► line of JSON ─► RFC 6962 leaf ─► tree ─► checkpoint, signed     anybody with the log's public key
//!  AuditEvent ─► record│                       │
//!                      └────────────► MAC under k[i] ◄── k[i-1] ◄── … ◄── k[0]             the auditor, to whom k[0] is sealed
//!                                     k[i] is erased then
//! ```
//!
//! Whoever takes over the machine finds the signing key and k[n] of the next record: he can sign a history of his own, but not compute a
//! MAC of any record before. `docs/audit.md` is for users, `docs/formats/audit.md` specifies the files.

mod chain;
mod error;
mod export;
mod files;
mod log;
mod prove;
mod record;
mod recover;
mod sink;
mod sinks;
mod time;
mod verify;

pub use error::AuditLogError;
pub use export::{SyslogOrigin, to_cef, to_ocsf, to_syslog};
pub use log::{AuditLog, AuditLogOptions, Durability, OnCheckpoint};
pub use prove::{ProvenRecord, checkpoints, prove, prove_consistency, read_records};
pub use record::AuditRecord;
pub use recover::Recovered;
pub use sink::{AuditError, AuditEvent, AuditSink, Outcome};
pub use sinks::{AllSinks, CallbackSink};
pub use verify::{Fault, Report, Trust, Verdict, verify};
