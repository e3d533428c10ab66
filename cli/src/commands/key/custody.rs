//! The subcommands of `mediaseal key` for keys in custody.

use std::io::Write;

use clap::Subcommand;

use super::{destroy, keks, rotate, wrap};
use crate::outcome::{Failure, Verdict};

#[derive(Subcommand)]
pub(super) enum Action {
    Init(keks::Init),
    Create(keks::Create),
    List(keks::List),
    History(keks::History),
    Rotate(rotate::Rotate),
    State(keks::State),
    Tick(keks::Tick),
    Wrap(wrap::Wrap),
    Rewrap(wrap::Rewrap),
    Unwrap(wrap::Unwrap),
    Destroy(destroy::Destroy),
}

impl Action {
    pub(super) fn run(self, out: &mut dyn Write) -> Result<Verdict, Failure> {
        match self {
            Self::Init(init) => init.run(out),
            Self::Create(create) => create.run(out),
            Self::List(list) => list.run(out),
            Self::History(history) => history.run(out),
            Self::Rotate(rotate) => rotate.run(out),
            Self::State(state) => state.run(out),
            Self::Tick(tick) => tick.run(out),
            Self::Wrap(wrap) => wrap.run(out),
            Self::Rewrap(rewrap) => rewrap.run(out),
            Self::Unwrap(unwrap) => unwrap.run(out),
            Self::Destroy(destroy) => destroy.run(out),
        }
    }
}
