//! Sinks beside the log: the application's own, and several at once.

use std::fmt;
use std::sync::Arc;

use super::sink::{AuditError, AuditEvent, AuditSink};

/// Gives each event to a function of the application.
pub struct CallbackSink<F>(F);

impl<F: Fn(&AuditEvent) -> Result<(), AuditError> + Send + Sync> CallbackSink<F> {
    /// Makes a sink of `function`. It may be called by several threads at once.
    pub const fn new(function: F) -> Self {
        Self(function)
    }
}

impl<F: Fn(&AuditEvent) -> Result<(), AuditError> + Send + Sync> AuditSink for CallbackSink<F> {
    fn record(&self, event: &AuditEvent) -> Result<(), AuditError> {
        (self.0)(event)
    }
}

impl<F> fmt::Debug for CallbackSink<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CallbackSink")
    }
}

/// Gives each event to several sinks, in order: to all of them, even if one fails.
pub struct AllSinks(Vec<Arc<dyn AuditSink>>);

impl AllSinks {
    /// Makes one sink of several.
    #[must_use]
    pub fn new(sinks: Vec<Arc<dyn AuditSink>>) -> Self {
        Self(sinks)
    }
}

impl AuditSink for AllSinks {
    /// # Errors
    /// What the first said that failed. No sinks at all are [`AuditError::Unavailable`]: nothing was written down.
    fn record(&self, event: &AuditEvent) -> Result<(), AuditError> {
        let nobody = || AuditError::Unavailable("there is no sink".to_owned());
        self.0
            .iter()
            .map(|sink| sink.record(event))
            .reduce(Result::and)
            .unwrap_or_else(|| Err(nobody()))
    }
}

impl fmt::Debug for AllSinks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AllSinks({})", self.0.len())
    }
}
