//! The subcommands, one file each.

mod completions;
mod doctor;
mod explain;
mod key;
mod man;
mod verify;

use std::io::Write;

use clap::Subcommand;

use crate::outcome::{Failure, Verdict};

/// What to do.
#[derive(Subcommand)]
pub(crate) enum Command {
    Explain(Box<explain::Arguments>),
    Key(key::Arguments),
    Verify(verify::Arguments),
    Doctor(doctor::Arguments),
    Completions(completions::Arguments),
    Man(man::Arguments),
}

impl Command {
    /// Does it, and writes what it found to `out`.
    pub(crate) fn run(self, out: &mut dyn Write) -> Result<Verdict, Failure> {
        match self {
            Self::Explain(arguments) => arguments.run(out),
            Self::Key(arguments) => arguments.run(out),
            Self::Verify(arguments) => arguments.run(out),
            Self::Doctor(arguments) => arguments.run(out),
            Self::Completions(arguments) => arguments.run(out),
            Self::Man(arguments) => arguments.run(out),
        }
    }
}
