//! The subcommands, one file each.

mod audit;
mod bench;
mod cat;
mod completions;
mod doctor;
mod explain;
mod export;
mod info;
mod key;
mod ls;
mod man;
mod record;
mod recover;
mod rewrap;
mod serve;
mod share;
mod shred;
mod verify;

use std::io::Write;

use clap::Subcommand;

use crate::outcome::{Failure, Verdict};

/// What to do.
#[derive(Subcommand)]
pub(crate) enum Command {
    Explain(Box<explain::Arguments>),
    Key(key::Arguments),
    Record(Box<record::Arguments>),
    Ls(ls::Arguments),
    Info(info::Arguments),
    Verify(verify::Arguments),
    Recover(recover::Arguments),
    Cat(cat::Arguments),
    Serve(serve::Arguments),
    Audit(audit::Arguments),
    Bench(bench::Arguments),
    Export(Box<export::Arguments>),
    Share(Box<share::Arguments>),
    Rewrap(Box<rewrap::Arguments>),
    Shred(shred::Arguments),
    Doctor(doctor::Arguments),
    Completions(completions::Arguments),
    Man(man::Arguments),
}

impl Command {
    /// Whether it does nothing but give something out, so that all is well where who reads has enough before the end. Others find something, which their
    /// exit status has to say whoever reads.
    pub(crate) fn only_gives(&self) -> bool {
        match self {
            Self::Cat(_) | Self::Completions(_) | Self::Man(_) => true,
            Self::Audit(arguments) => arguments.only_gives(),
            _ => false,
        }
    }

    /// Does it, and writes what it found to `out`.
    pub(crate) fn run(self, out: &mut dyn Write) -> Result<Verdict, Failure> {
        match self {
            Self::Explain(arguments) => arguments.run(out),
            Self::Key(arguments) => arguments.run(out),
            Self::Record(arguments) => arguments.run(out),
            Self::Ls(arguments) => arguments.run(out),
            Self::Info(arguments) => arguments.run(out),
            Self::Verify(arguments) => arguments.run(out),
            Self::Recover(arguments) => arguments.run(out),
            Self::Cat(arguments) => arguments.run(out),
            Self::Serve(arguments) => arguments.run(out),
            Self::Audit(arguments) => arguments.run(out),
            Self::Bench(arguments) => arguments.run(out),
            Self::Export(arguments) => arguments.run(out),
            Self::Share(arguments) => arguments.run(out),
            Self::Rewrap(arguments) => arguments.run(out),
            Self::Shred(arguments) => arguments.run(out),
            Self::Doctor(arguments) => arguments.run(out),
            Self::Completions(arguments) => arguments.run(out),
            Self::Man(arguments) => arguments.run(out),
        }
    }
}
