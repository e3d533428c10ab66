//! `mediaseal key destroy`: the end of a version of a key, and what it does not reach.

use std::io::Write;

use clap::{Args, ValueEnum};
use mediaseal::vault::custody::{DestroyMode, KekInfo, Survivors, Tombstone};
use serde::Serialize;

use crate::custody::{KekName, Opening, confirm, failed};
use crate::outcome::{Failure, Verdict, json};
use crate::outlines::utc;
use crate::table::plain;

const EXAMPLES: &str = "\
Examples:
  mediaseal key rotate kek-0f… …                                          first: what shall live moves to the next version
  mediaseal key destroy kek-0f…/1 --reason 'retention is over' --provider file:keys.db --store custody.db --without-audit
  mediaseal key destroy kek-0f…/2 --lose-data-keys --yes --reason …       all that is under it is lost: that is the purpose

  effective   the provider destroys the key: what it alone wrapped is gone for good, backups of the store included
  logical     the store says that it is destroyed: a backup of the store undoes it

Only a key in pre-activation, deactivated or compromised is destroyed: mediaseal key state KEK deactivated comes before.

Exit status: 0 destroyed, 1 destroyed here, and its provider could not be reached, 2 usage, 3 it could not be done.";

/// Destroy a version of a key, for good
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Destroy {
    /// The key: ID/VERSION, or ID if it has one version
    #[arg(value_name = "KEK")]
    kek: KekName,
    /// Why: its tombstone keeps it
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// How
    #[arg(long, value_enum, default_value_t = Mode::Effective)]
    mode: Mode,
    /// Destroy it although it wraps data keys of the store, which are lost with it
    #[arg(long)]
    lose_data_keys: bool,
    /// Do it without asking at the terminal
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    opening: Opening,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Mode {
    /// Its provider destroys it
    Effective,
    /// The store calls it destroyed
    Logical,
}

/// What is left of a key, as JSON has it.
#[derive(Serialize)]
struct Report {
    kek: String,
    version: u32,
    mode: &'static str,
    unix_micros: u64,
    /// When it is gone at its provider; none where that is not known yet, or it was not asked.
    gone_unix_micros: Option<u64>,
    /// Data keys of the store that are lost with it.
    lost_data_keys: u64,
    actor: String,
    reason: String,
    out_of_reach: Vec<String>,
}

impl Destroy {
    pub(super) fn run(&self, out: &mut dyn Write) -> Result<Verdict, Failure> {
        let opened = self.opening.open()?;
        let done = opened.version(&self.kek).and_then(|kek| {
            let versions = opened.versions(&kek.id)?;
            let found = versions.into_iter().find(|info| info.spec.kek == kek);
            let info =
                found.ok_or_else(|| Failure::Usage(format!("the store has no key {kek}")))?;
            let word = format!("{}/{}", kek.id, kek.version);
            confirm(self.yes, &word, &self.question(&info))?;
            let mode = match self.mode {
                Mode::Effective => DestroyMode::Effective,
                Mode::Logical => DestroyMode::Logical,
            };
            let survivors = if self.lose_data_keys {
                Survivors::AreLost
            } else {
                Survivors::MustBeNone
            };
            let access = &opened.access;
            let buried = opened
                .custody
                .destroy_kek(access, &kek, mode, survivors, &self.reason);
            let tombstone = buried.map_err(|error| failed(&error))?;
            Ok((info, tombstone))
        });
        opened.close();
        let (info, tombstone) = done?;
        let report = self.report(&info, tombstone);
        if self.json {
            json(out, &report)?;
        } else {
            report.write_text(out)?;
        }
        let is_left = tombstone_is_open(&report);
        Ok(if is_left {
            Verdict::Faults
        } else {
            Verdict::Well
        })
    }

    fn question(&self, info: &KekInfo) -> String {
        let spec = &info.spec;
        let what = match self.mode {
            Mode::Effective => {
                "Its provider destroys it, and nobody brings it or what it alone wraps back."
            }
            Mode::Logical => "The store calls it destroyed.",
        };
        format!(
            "Key {} (tenant {}, region {}, purpose {}) is {} and wraps {} data keys of the store. {what}",
            spec.kek,
            quoted(&spec.tenant),
            quoted(&spec.region),
            quoted(&spec.purpose),
            info.state,
            info.deks
        )
    }

    fn report(&self, info: &KekInfo, tombstone: Tombstone) -> Report {
        Report {
            kek: info.spec.kek.id.clone(),
            version: info.spec.kek.version,
            mode: match tombstone.mode {
                DestroyMode::Effective => "effective",
                DestroyMode::Logical => "logical",
            },
            unix_micros: tombstone.unix_micros,
            gone_unix_micros: tombstone.gone_unix_micros,
            lost_data_keys: info.deks,
            actor: tombstone.actor,
            reason: tombstone.reason,
            out_of_reach: out_of_reach(tombstone.mode, &info.provider.scheme),
        }
    }
}

impl Report {
    fn write_text(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let (kek, version) = (&self.kek, self.version);
        match (self.mode, self.gone_unix_micros) {
            ("logical", _) => writeln!(
                out,
                "{kek} version {version} is destroyed logically: the store opens nothing with it any more, its provider still has it"
            )?,
            (_, Some(gone)) if gone > self.unix_micros.saturating_add(60_000_000) => writeln!(
                out,
                "{kek} version {version} is destroyed: its provider keeps it unusable until {}, and then it is gone",
                utc(gone)
            )?,
            (_, Some(_)) => writeln!(
                out,
                "{kek} version {version} is destroyed effectively: its provider has destroyed it"
            )?,
            (_, None) => writeln!(
                out,
                "{kek} version {version} is destroyed here, but its provider could not be reached and still has it: mediaseal key tick asks again"
            )?,
        }
        if self.lost_data_keys > 0 {
            writeln!(out, "lost with it: {} data keys", self.lost_data_keys)?;
        }
        writeln!(out, "out of reach of this command:")?;
        for what in &self.out_of_reach {
            writeln!(out, "  - {what}")?;
        }
        Ok(())
    }
}

/// Whether the provider was to destroy the key and does not know it yet.
fn tombstone_is_open(report: &Report) -> bool {
    report.mode == "effective" && report.gone_unix_micros.is_none()
}

/// What a destruction does not reach.
fn out_of_reach(mode: DestroyMode, scheme: &str) -> Vec<String> {
    let mut left = Vec::new();
    if mode == DestroyMode::Logical {
        left.push("the key itself at its provider; a backup of the store makes it usable again");
    }
    left.push(match scheme {
        "file" => "backups of the provider's own file: with its passphrase they have the key",
        "pkcs11" => "backups and clones of the token, if its vendor or operator made any",
        "awskms" => "replicas of the key in other regions, if it was made with any",
        _ => "copies that the provider itself may have",
    });
    left.push("data keys that were opened before, and what was deciphered with them");
    left.push(match mode {
        DestroyMode::Effective => {
            "wrapped keys outside of the store (envelopes of recordings): where this key alone wraps them they open no more"
        }
        DestroyMode::Logical => {
            "wrapped keys outside of the store (envelopes of recordings): who has the provider's secret still opens them"
        }
    });
    left.into_iter().map(str::to_owned).collect()
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", plain(text))
}
