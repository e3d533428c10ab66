//! The audit log.

mod sink;

pub use sink::{AuditError, AuditEvent, AuditSink, Outcome};
