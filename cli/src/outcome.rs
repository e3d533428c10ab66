//! How a command ends: its exit status. And what it says beside.

use std::fmt;
use std::io::{self, Write};

use serde::Serialize;

use crate::table::plain;

/// A command did its work. What did it find?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Exit status 0: all is well.
    Well,
    /// Exit status 1: it found faults.
    Faults,
    /// Exit status 2: what was to be verified is not whole, and nothing of what is there is wrong.
    Incomplete,
}

/// A command could not do its work.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Exit status 2: the command line, or a key file, is not good.
    Usage(String),
    /// Exit status 3: an input cannot be read.
    Unreadable(String),
    /// Exit status 3: it cannot be written. 0 if who reads has enough, of commands that do nothing but give something out
    /// (`commands::Command::only_gives`).
    Output(io::Error),
}

impl Verdict {
    /// Returns the exit status.
    pub(crate) const fn status(self) -> u8 {
        match self {
            Self::Well => 0,
            Self::Faults => 1,
            Self::Incomplete => 2,
        }
    }
}

impl Failure {
    /// Returns the exit status.
    pub(crate) const fn status(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::Unreadable(_) | Self::Output(_) => 3,
        }
    }

    /// Whether nobody reads the output any more.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(what) | Self::Unreadable(what) => f.write_str(what),
            Self::Output(error) => write!(f, "the output cannot be written: {error}"),
        }
    }
}

impl From<io::Error> for Failure {
    /// Commands read their inputs with a sentence of their own; what is left is the output.
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

/// Says something on standard error, and goes on if nobody hears it.
pub(crate) fn note(what: &str) {
    drop(writeln!(io::stderr(), "mediaseal: {}", plain(what)));
}

/// Writes what was found as JSON.
pub(crate) fn json(out: &mut dyn Write, found: &impl Serialize) -> Result<(), Failure> {
    serde_json::to_writer_pretty(&mut *out, found)
        .map_err(|error| Failure::Output(error.into()))?;
    writeln!(out)?;
    Ok(())
}
