//! Refusals: their names, and why for people.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use mediaseal::Error;

/// Refusals counted by the name of their error.
pub(crate) type Names = BTreeMap<&'static str, u64>;

/// Why the decryptor refused a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Opened before, less than a second of its stream ago.
    Duplicate,
    /// Opened before, longer ago; or too old for the replay window to know.
    Replay,
    /// Authentication failed: the frame, or where it claims to belong, was altered.
    Altered,
    /// Its key is not there: never given, wiped, or the KID was altered.
    NoKey,
    /// Anything else.
    Other,
}

impl Refusal {
    /// All reasons, in the order in which the report lists them.
    pub(crate) const ALL: [Self; 5] = [
        Self::Duplicate,
        Self::Replay,
        Self::Altered,
        Self::NoKey,
        Self::Other,
    ];

    /// Sorts an error; `is_old` says whether the frame was due long before the newest one.
    pub(crate) fn new(error: &Error, is_old: bool) -> Self {
        match error {
            Error::Duplicate { .. } if is_old => Self::Replay,
            Error::Duplicate { .. } => Self::Duplicate,
            Error::Replayed { .. } | Error::TooOld { .. } => Self::Replay,
            Error::AuthenticationFailed { .. } => Self::Altered,
            Error::MissingKey { .. } | Error::RetiredKey { .. } | Error::NotYetActive { .. } => {
                Self::NoKey
            }
            _ => Self::Other,
        }
    }
}

/// A refusal, and when it happened: at the newest frame that its stream had delivered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refused {
    pub(crate) reason: Refusal,
    /// Name of the error.
    pub(crate) name: &'static str,
    /// Number that the frame claimed.
    pub(crate) frame: usize,
    pub(crate) at: Duration,
}

/// Returns the name of an error that a decryptor gives.
pub(crate) fn name_of(error: &Error) -> &'static str {
    match error {
        Error::AuthenticationFailed { .. } => "AuthenticationFailed",
        Error::ClockMismatch { .. } => "ClockMismatch",
        Error::Contended { .. } => "Contended",
        Error::Duplicate { .. } => "Duplicate",
        Error::Malformed(_) => "Malformed",
        Error::MissingKey { .. } => "MissingKey",
        Error::NotYetActive { .. } => "NotYetActive",
        Error::Reflected { .. } => "Reflected",
        Error::Replayed { .. } => "Replayed",
        Error::RetiredKey { .. } => "RetiredKey",
        Error::StaleSession { .. } => "StaleSession",
        Error::TooOld { .. } => "TooOld",
        Error::Truncated { .. } => "Truncated",
        _ => "other",
    }
}

/// Lists refusals: "Duplicate 3, TooOld 1".
pub(crate) fn listed(names: &Names) -> String {
    let mut list = String::new();
    for (name, count) in names {
        let separator = if list.is_empty() { "" } else { ", " };
        // Writing to a string does not fail.
        write!(list, "{separator}{name} {count}").ok();
    }
    if list.is_empty() { "none".into() } else { list }
}
