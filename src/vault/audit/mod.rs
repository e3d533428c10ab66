//! The audit log: what happened to keys and recordings, written so that nobody changes it unseen.
//!
//! ```text
//!                      ┌─► line of JSON ─► RFC 6962 leaf ─► tree ─► checkpoint, signed     anybody with the log's public key
//!  AuditEvent ─► record│                       │
//!                      └────────────► MAC under k[i] ◄── k[i-1] ◄── … ◄── k[0]             the auditor, to whom k[0] is sealed
//!                                     k[i] is erased then
//! ```
//!
//! Whoever takes over the machine finds the signing key and k\[n\] of the next record: he can sign a history of his own, but not compute a
//! MAC of any record before. `docs/audit.md` is for users, `docs/formats/audit.md` specifies the files.
//!
//! ```
//! use mediaseal::vault::audit::{
//!     AuditEvent, AuditLog, AuditLogOptions, AuditSink, Outcome, Trust, Verdict, prove, verify,
//! };
//! use mediaseal::vault::grant::{Identity, Kem, Signer};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = std::env::temp_dir().join(format!("mediaseal-audit-doc-{}", std::process::id()));
//! let auditor = Identity::generate(Kem::X25519)?; // stays with the auditor
//! let signer = Signer::generate()?;
//! let auditors = [auditor.recipient().clone()];
//! let log = AuditLog::create(&folder, &auditors, signer, AuditLogOptions::default())?;
//! log.record(&AuditEvent {
//!     unix_micros: 1_800_000_000_000_000,
//!     actor: "alice".into(),
//!     action: "dek.unwrap".into(),
//!     resource: "recording/42".into(),
//!     outcome: Outcome::Done,
//!     reason: "ticket 1138".into(),
//!     attributes: vec![("region".into(), "eu".into())],
//! })?;
//! let key = log.verifier_key().clone();
//! let kept_elsewhere = log.close()?;
//!
//! let report = verify(&folder, Trust::Auditor(&key, &auditor), &[&kept_elsewhere])?;
//! assert_eq!(report.verdict, Verdict::Intact);
//! let proven = prove(&folder, 1, None, &key)?;
//! assert_eq!(proven.verify(&key)?.0.event.actor, "alice");
//! # std::fs::remove_dir_all(&folder)?;
//! # Ok(())
//! # }
//! ```

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
