//! The `mediaseal` command: one file a subcommand in `commands/`, each with its arguments, its help and its work.
//!
//! ```text
//!  arguments ──► commands::* ──► what it found ──► text, or JSON with --json ──► stdout
//!                    │                                                       exit status 0 well, 1 faults
//!                    └──► it could not ──► stderr, exit status 2 usage, 3 unreadable (verify: 3 both, 2 says Incomplete)
//! ```
//!
//! It uses the library's public interface alone, and no output holds a secret that was not asked for.

mod commands;
#[cfg(feature = "custody")]
mod custody;
mod explain;
mod http;
mod input;
mod key_files;
mod keyring;
mod media;
mod outcome;
mod outlines;
mod progress;
mod provider;
mod recorder;
mod recordings;
mod sessions;
mod sharing;
mod suites;
mod table;

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use clap::Parser;

use outcome::Failure;

/// Client-side media encryption: record calls and open recordings, keep keys, see why frames do not open.
#[derive(Parser)]
#[command(
    name = "mediaseal",
    version,
    arg_required_else_help = true,
    subcommand_required = true
)]
struct Cli {
    #[command(subcommand)]
    command: commands::Command,
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Nobody is left to tell if this fails.
            drop(error.print());
            let status = if error.use_stderr() { usage() } else { 0 };
            return ExitCode::from(status);
        }
    };
    let mut out = BufWriter::new(io::stdout().lock());
    let only_gives = cli.command.only_gives();
    let ended = cli.command.run(&mut out);
    let flushed = out.flush().map_err(Failure::from);
    let ended = ended.and_then(|verdict| match flushed {
        // Nobody reads what was found, and it was found all the same.
        Err(failure) if failure.is_broken_pipe() => Ok(verdict),
        flushed => flushed.map(|()| verdict),
    });
    let status = match ended {
        Ok(verdict) => verdict.status(),
        // Who reads has enough.
        Err(failure) if only_gives && failure.is_broken_pipe() => 0,
        Err(failure) => {
            // Nobody is left to tell if this fails too.
            drop(writeln!(io::stderr(), "mediaseal: {failure}"));
            failure.status()
        }
    };
    ExitCode::from(status)
}

/// The exit status of a command line that is not good. Of commands that verify 2 says that something is incomplete.
fn usage() -> u8 {
    let mut arguments = std::env::args_os().skip(1);
    let command = arguments.next().unwrap_or_default();
    let action = arguments.next().unwrap_or_default();
    if command == "verify" || (command == "audit" && action == "verify") {
        3
    } else {
        2
    }
}
