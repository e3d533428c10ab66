//! The subcommands, one file each.

mod completions;
mod explain;
mod man;

use std::io::Write;

use clap::Subcommand;

use crate::outcome::{Failure, Verdict};

/// What to do.
#[derive(Subcommand)]
pub(crate) enum Command {
    Explain(Box<explain::Arguments>),
    Completions(completions::Arguments),
    Man(man::Arguments),
}

impl Command {
    /// Does it, and writes what it found to `out`.
    pub(crate) fn run(self, out: &mut dyn Write) -> Result<Verdict, Failure> {
        match self {
            Self::Explain(arguments) => arguments.run(out),
            Self::Completions(arguments) => arguments.run(out),
            Self::Man(arguments) => arguments.run(out),
        }
    }
}
