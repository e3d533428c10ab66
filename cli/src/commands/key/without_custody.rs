//! What `mediaseal key` says of keys in custody where it was built without them.

use std::ffi::OsString;
use std::io::Write;

use clap::{Args, Subcommand};

use crate::outcome::{Failure, Verdict};

#[derive(Subcommand)]
pub(super) enum Action {
    /// Make a store of keys in custody (not in this build)
    Init(Whatever),
    /// Make a key encryption key (not in this build)
    Create(Whatever),
    /// List the key encryption keys (not in this build)
    List(Whatever),
    /// What happened to a key encryption key (not in this build)
    History(Whatever),
    /// Make the next version of a key and wrap what is under the former ones anew (not in this build)
    Rotate(Whatever),
    /// Give a key another state (not in this build)
    State(Whatever),
    /// Do what time asks for (not in this build)
    Tick(Whatever),
    /// Wrap a data key (not in this build)
    Wrap(Whatever),
    /// Wrap a wrapped key anew (not in this build)
    Rewrap(Whatever),
    /// Open a wrapped key (not in this build)
    Unwrap(Whatever),
    /// Destroy a version of a key (not in this build)
    Destroy(Whatever),
}

/// What another build would understand.
#[derive(Args)]
pub(super) struct Whatever {
    #[arg(hide = true, trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<OsString>,
}

impl Action {
    pub(super) fn run(self, _: &mut dyn Write) -> Result<Verdict, Failure> {
        let (Self::Init(given)
        | Self::Create(given)
        | Self::List(given)
        | Self::History(given)
        | Self::Rotate(given)
        | Self::State(given)
        | Self::Tick(given)
        | Self::Wrap(given)
        | Self::Rewrap(given)
        | Self::Unwrap(given)
        | Self::Destroy(given)) = self;
        // Whatever was given is not looked at, and no reason to say anything else.
        drop(given.rest);
        let what = "this mediaseal was built without custody, which takes a C compiler: \
                    cargo build --release --package mediaseal-cli --features custody (and pkcs11, awskms for such providers)";
        Err(Failure::Usage(what.to_owned()))
    }
}
