//! `mediaseal key`: keys in files, people's keys, and keys in custody.

#[cfg(feature = "custody")]
mod custody;
#[cfg(feature = "custody")]
mod destroy;
mod files;
#[cfg(feature = "custody")]
mod keks;
mod people;
#[cfg(feature = "custody")]
mod rotate;
#[cfg(not(feature = "custody"))]
mod without_custody;
#[cfg(feature = "custody")]
mod wrap;

use std::io::Write;

use clap::{Args, Subcommand};

use crate::outcome::{Failure, Verdict};

#[cfg(feature = "custody")]
use custody as in_custody;
#[cfg(not(feature = "custody"))]
use without_custody as in_custody;

const EXAMPLES: &str = "\
Examples:
  mediaseal key new --channel standup --out standup.key      a fresh key of generation 1, in a file that only you can read
  mediaseal key safety-code standup.key                      the number that members read to each other
  mediaseal key show standup.key                             what is in a key file; never the keys themselves
  mediaseal key identity --out alice.key > alice.pub         a pair of your own: the public half is for who gives you keys
  mediaseal key signer --out recorder.key > recorder.pub     a pair that signs recordings and audit logs

Keys in custody stand at a provider (a file, an HSM, AWS KMS) and have states; a store beside it says which:
  mediaseal key init --provider file:keys.db --store custody.db --without-audit
  mediaseal key create … --tenant acme --region eu --purpose recordings
  mediaseal key list …
  mediaseal key rotate KEK …                                 docs/custody.md has the whole life of a key

A key file has one key a line: see mediaseal explain --help.";

/// Make keys, look at key files, compare them; keys in custody from their making to their end
#[derive(Args)]
#[command(after_help = EXAMPLES, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    New(files::New),
    Show(files::Show),
    SafetyCode(files::SafetyCode),
    Identity(people::NewIdentity),
    Signer(people::NewSigner),
    #[command(flatten)]
    InCustody(Box<in_custody::Action>),
}

impl Arguments {
    pub(crate) fn run(self, out: &mut dyn Write) -> Result<Verdict, Failure> {
        match self.action {
            Action::New(new) => new.run(out)?,
            Action::Show(show) => show.run(out)?,
            Action::SafetyCode(code) => code.run(out)?,
            Action::Identity(new) => new.run(out)?,
            Action::Signer(new) => new.run(out)?,
            Action::InCustody(action) => return action.run(out),
        }
        Ok(Verdict::Well)
    }
}
