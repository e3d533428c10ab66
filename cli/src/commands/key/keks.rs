//! `mediaseal key init`, `create`, `list`, `history`, `state` and `tick`: key encryption keys and their states.

use std::io::Write;
use std::time::Duration;

use clap::{Args, ValueEnum};
use mediaseal::vault::custody::{Activation, KekInfo, KekRef, KeyState, NewKek, Told};
use serde::Serialize;

use crate::custody::{KekName, Opened, Opening, failed};
use crate::outcome::{Failure, Verdict, json};
use crate::outlines::utc;
use crate::table::{Table, plain};

const INIT_EXAMPLES: &str = "\
Examples:
  mediaseal key init --provider 'file:keys.db?region=eu' --store custody.db --without-audit
  mediaseal key init --provider pkcs11:token=hsm-1 --module /usr/lib/softhsm/libsofthsm2.so --pin-file pin \\
      --store custody.db --audit log --audit-signer admin.key

A file: provider is made too if its file is not there; its region is the one in the URL. What protects its keys is the passphrase alone:
take a long one, and keep it elsewhere too. Nobody can bring it back.";

/// Make a store of keys in custody
#[derive(Args)]
#[command(after_help = INIT_EXAMPLES)]
pub(super) struct Init {
    #[command(flatten)]
    opening: Opening,
}

const CREATE_EXAMPLES: &str = "\
Examples:
  mediaseal key create --provider file:keys.db --store custody.db --without-audit --tenant acme --region eu --purpose recordings
  mediaseal key create … --tenant acme --purpose archive-7y --cryptoperiod 365

What shall die together is given a key of its own: a tenant, a region, a retention bucket.";

/// Make a key encryption key: one for a tenant, a region and a purpose
#[derive(Args)]
#[command(after_help = CREATE_EXAMPLES)]
pub(super) struct Create {
    #[command(flatten)]
    opening: Opening,
    /// Whose keys it wraps
    #[arg(long, value_name = "NAME")]
    tenant: String,
    /// Where it may be used; anywhere if not given
    #[arg(
        long,
        value_name = "REGION",
        default_value = "",
        hide_default_value = true
    )]
    region: String,
    /// What it is for
    #[arg(long, value_name = "NAME")]
    purpose: String,
    /// After how many days each version stops wrapping by itself; it goes on to unwrap
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..))]
    cryptoperiod: Option<u32>,
    /// Leave it in pre-activation until mediaseal key state makes it active
    #[arg(long)]
    inactive: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

const LIST_EXAMPLES: &str = "\
Examples:
  mediaseal key list --provider file:keys.db --store custody.db --without-audit
  mediaseal key list … --json | jq '.[] | select(.state == \"active\")'";

/// List the key encryption keys: every version, its state, and how many data keys of the store it wraps
#[derive(Args)]
#[command(after_help = LIST_EXAMPLES)]
pub(super) struct List {
    #[command(flatten)]
    opening: Opening,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

const HISTORY_EXAMPLES: &str = "\
Examples:
  mediaseal key history kek-0f…/2 --provider file:keys.db --store custody.db --without-audit";

/// What happened to a version of a key: each change with time, actor and reason, checked link by link
#[derive(Args)]
#[command(after_help = HISTORY_EXAMPLES)]
pub(super) struct History {
    /// The key: ID/VERSION, or ID if it has one version
    #[arg(value_name = "KEK")]
    kek: KekName,
    #[command(flatten)]
    opening: Opening,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

const STATE_EXAMPLES: &str = "\
Examples:
  mediaseal key state kek-0f…/1 suspended --reason 'ticket 1138' --provider file:keys.db --store custody.db --without-audit
  mediaseal key state kek-0f…/1 compromised --reason 'disk of host 7 was stolen' …

  pre-activation ──► active ◄──► suspended          wraps: active
                       │  └───┬────┘                unwraps: active, deactivated; compromised only if asked for
                       ▼      ▼
                  compromised ◄── deactivated       destroyed: mediaseal key destroy

What takes a key out of use holds at once, even if its provider cannot be reached.";

/// Give a version of a key another state
#[derive(Args)]
#[command(after_help = STATE_EXAMPLES)]
pub(super) struct State {
    /// The key: ID/VERSION, or ID if it has one version
    #[arg(value_name = "KEK")]
    kek: KekName,
    /// The state
    #[arg(value_name = "STATE", value_enum)]
    state: NewState,
    /// Why: its history keeps it
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    opening: Opening,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// States that can be given.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum NewState {
    /// Wraps and unwraps
    Active,
    /// Neither, and may become active again
    Suspended,
    /// Unwraps only, for good
    Deactivated,
    /// May be known to others
    Compromised,
}

const TICK_EXAMPLES: &str = "\
Examples:
  mediaseal key tick --provider file:keys.db --store custody.db --without-audit

An application does this once a minute or so; where none runs, a timer of the system does.";

/// Do what time asks for: activate and deactivate keys whose time has come, tell providers what they missed
#[derive(Args)]
#[command(after_help = TICK_EXAMPLES)]
pub(super) struct Tick {
    #[command(flatten)]
    opening: Opening,
}

/// A version of a KEK as JSON has it: names here are for ever.
#[derive(Serialize)]
struct KekReport {
    kek: String,
    version: u32,
    tenant: String,
    region: String,
    purpose: String,
    provider: String,
    state: String,
    archived: bool,
    activates_unix_micros: Option<u64>,
    expires_unix_micros: Option<u64>,
    data_keys: u64,
}

impl KekReport {
    fn of(info: KekInfo) -> Self {
        Self {
            kek: info.spec.kek.id,
            version: info.spec.kek.version,
            tenant: info.spec.tenant,
            region: info.spec.region,
            purpose: info.spec.purpose,
            provider: format!("{}:{}", info.provider.scheme, info.provider.id),
            state: info.state.to_string(),
            archived: info.archived,
            activates_unix_micros: info.activates_unix_micros,
            expires_unix_micros: info.expires_unix_micros,
            data_keys: info.deks,
        }
    }
}

impl Init {
    pub(super) fn run(&self, out: &mut dyn Write) -> Result<Verdict, Failure> {
        let opened = self.opening.create()?;
        for provider in opened.custody.providers() {
            let region = match &*provider.region {
                "" => "no region".to_owned(),
                region => format!("region {}", plain(region)),
            };
            let id = plain(&provider.id);
            writeln!(out, "made a store for {}:{id}, {region}", provider.scheme)?;
        }
        opened.close();
        Ok(Verdict::Well)
    }
}

impl Create {
    pub(super) fn run(&self, out: &mut dyn Write) -> Result<Verdict, Failure> {
        let opened = self.opening.open()?;
        let day = Duration::from_secs(86_400);
        let new = NewKek {
            activation: if self.inactive {
                Activation::ByHand
            } else {
                Activation::Now
            },
            cryptoperiod: self.cryptoperiod.map(|days| day.saturating_mul(days)),
            ..NewKek::new(&self.tenant, &self.region, &self.purpose)
        };
        let made = opened.custody.create_kek(&opened.access, &new);
        let kek = made.map_err(|error| failed(&error));
        let report = kek.and_then(|kek| info(&opened, &kek).map(|info| (kek, info)));
        opened.close();
        let (kek, info) = report?;
        if self.json {
            json(out, &KekReport::of(info))?;
        } else {
            writeln!(out, "{}", kek.id)?;
        }
        Ok(Verdict::Well)
    }
}

impl List {
    pub(super) fn run(&self, out: &mut dyn Write) -> Result<Verdict, Failure> {
        let opened = self.opening.open()?;
        let keks = opened.custody.keks(&opened.access);
        opened.close();
        let keks = keks.map_err(|error| failed(&error))?;
        let reports: Vec<_> = keks.into_iter().map(KekReport::of).collect();
        if self.json {
            json(out, &reports)?;
            return Ok(Verdict::Well);
        }
        let names = [
            "key",
            "version",
            "tenant",
            "region",
            "purpose",
            "state",
            "data keys",
            "until",
            "provider",
        ];
        let mut table = Table::new(&names);
        for report in reports {
            let archived = if report.archived { ", archived" } else { "" };
            table.row(vec![
                report.kek,
                report.version.to_string(),
                plain(&report.tenant),
                plain(&report.region),
                plain(&report.purpose),
                format!("{}{archived}", report.state),
                report.data_keys.to_string(),
                report.expires_unix_micros.map(utc).unwrap_or_default(),
                plain(&report.provider),
            ]);
        }
        write!(out, "{}", table.text())?;
        Ok(Verdict::Well)
    }
}

/// A change as JSON has it.
#[derive(Serialize)]
struct ChangeReport {
    unix_micros: u64,
    state: String,
    /// archived, restored, or nothing where the state changed.
    archive: Option<&'static str>,
    actor: String,
    reason: String,
}

impl History {
    pub(super) fn run(&self, out: &mut dyn Write) -> Result<Verdict, Failure> {
        let opened = self.opening.open()?;
        let found = opened.version(&self.kek).and_then(|kek| {
            let history = opened.custody.history(&opened.access, &kek);
            history.map_err(|error| failed(&error))
        });
        opened.close();
        let changes = found?.into_iter().map(|change| ChangeReport {
            unix_micros: change.unix_micros,
            state: change.state.to_string(),
            archive: change
                .archived
                .map(|is_in| if is_in { "archived" } else { "restored" }),
            actor: change.actor,
            reason: change.reason,
        });
        let changes: Vec<_> = changes.collect();
        if self.json {
            json(out, &changes)?;
            return Ok(Verdict::Well);
        }
        let mut table = Table::new(&["when", "what", "who", "why"]);
        for change in changes {
            table.row(vec![
                utc(change.unix_micros),
                change.archive.map_or(change.state, str::to_owned),
                plain(&change.actor),
                plain(&change.reason),
            ]);
        }
        write!(out, "{}", table.text())?;
        Ok(Verdict::Well)
    }
}

impl State {
    pub(super) fn run(&self, out: &mut dyn Write) -> Result<Verdict, Failure> {
        let state = match self.state {
            NewState::Active => KeyState::Active,
            NewState::Suspended => KeyState::Suspended,
            NewState::Deactivated => KeyState::Deactivated,
            NewState::Compromised => KeyState::Compromised,
        };
        let opened = self.opening.open()?;
        let done = opened.version(&self.kek).and_then(|kek| {
            let changed = opened
                .custody
                .set_state(&opened.access, &kek, state, &self.reason);
            let told = changed.map_err(|error| failed(&error))?;
            info(&opened, &kek).map(|info| (kek, told, info))
        });
        opened.close();
        let (kek, told, info) = done?;
        if self.json {
            json(out, &KekReport::of(info))?;
        } else {
            writeln!(out, "{kek} is {}", info.state)?;
        }
        if let Told::Later(error) = told {
            // What stands above holds here already; this is for who runs it, and not for what reads the output.
            let why = plain(&error.to_string());
            let later = format!(
                "its provider does not know it yet ({why}): mediaseal key tick tells it later"
            );
            drop(writeln!(std::io::stderr(), "mediaseal: {later}"));
        }
        Ok(Verdict::Well)
    }
}

impl Tick {
    pub(super) fn run(&self, out: &mut dyn Write) -> Result<Verdict, Failure> {
        let opened = self.opening.open()?;
        let report = opened.custody.tick();
        opened.close();
        let report = report.map_err(|error| failed(&error))?;
        for (kek, state) in &report.changed {
            writeln!(out, "{kek}: {state}")?;
        }
        for kek in &report.told {
            writeln!(out, "{kek}: its provider knows now")?;
        }
        for (kek, error) in &report.failed {
            writeln!(out, "{kek}: {}", plain(&error.to_string()))?;
        }
        Ok(if report.failed.is_empty() {
            Verdict::Well
        } else {
            Verdict::Faults
        })
    }
}

/// What is known of one version.
fn info(opened: &Opened, kek: &KekRef) -> Result<KekInfo, Failure> {
    let versions = opened.versions(&kek.id)?;
    let found = versions.into_iter().find(|info| info.spec.kek == *kek);
    found.ok_or_else(|| Failure::Usage(format!("the store has no key {kek}")))
}
