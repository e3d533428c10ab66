//! `mediaseal completions`.

use std::io::Write;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::outcome::{Failure, Verdict};

/// Print the completions of a shell, such as: mediaseal completions bash > /etc/bash_completion.d/mediaseal
#[derive(Args)]
pub(crate) struct Arguments {
    /// Which shell
    shell: Shell,
}

impl Arguments {
    pub(crate) fn run(&self, out: &mut dyn Write) -> Result<Verdict, Failure> {
        // Made first, because the generator cannot say that writing failed.
        let mut text = Vec::new();
        clap_complete::generate(
            self.shell,
            &mut crate::Cli::command(),
            "mediaseal",
            &mut text,
        );
        out.write_all(&text)?;
        Ok(Verdict::Well)
    }
}
