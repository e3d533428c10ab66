//! `mediaseal man`.

use std::io::Write;

use clap::{Args, CommandFactory};

use crate::outcome::{Failure, Verdict};

/// Print the manual page of the command, or of one of its commands: mediaseal man explain | man -l -
#[derive(Args)]
pub(crate) struct Arguments {
    /// The command, such as explain; without it the page that lists them
    command: Option<String>,
}

impl Arguments {
    pub(crate) fn run(&self, out: &mut dyn Write) -> Result<Verdict, Failure> {
        let mut all = crate::Cli::command();
        all.build();
        let page = match &self.command {
            None => all,
            Some(name) => all
                .find_subcommand(name)
                .cloned()
                .ok_or_else(|| Failure::Usage(format!("there is no command {name}")))?,
        };
        clap_mangen::Man::new(page).render(out)?;
        Ok(Verdict::Well)
    }
}
