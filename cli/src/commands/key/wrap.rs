//! `mediaseal key wrap`, `rewrap` and `unwrap`: data keys that are kept elsewhere, as text that is no secret.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use data_encoding::HEXLOWER;
use mediaseal::vault::{Dek, WrapContext, WrappedKey};
use zeroize::Zeroizing;

use crate::custody::{KekName, Opening, failed};
use crate::input;
use crate::key_files::write_new;
use crate::keyring::{self, Defaults, Key};
use crate::outcome::{Failure, Verdict};
use crate::table::plain;

const WRAP_EXAMPLES: &str = "\
Examples:
  mediaseal key wrap kek-0f… --for 'backup of 2026' --provider file:keys.db --store custody.db --without-audit > backup.wrapped
  mediaseal key wrap kek-0f… --for 'standup' --key standup.key …        the channel key in a key file

Without --key a fresh key of 32 octets is wrapped, and shown to nobody: mediaseal key unwrap brings it out.
What is printed (mediaseal-wrapped-1…) is no secret. It opens by this key, for this purpose and region, and for nothing else.";

/// Wrap a data key under the current version of a key encryption key
#[derive(Args)]
#[command(after_help = WRAP_EXAMPLES)]
pub(super) struct Wrap {
    /// The key encryption key, by its id
    #[arg(value_name = "KEK")]
    kek: KekName,
    /// What the data key is for: whoever opens it must say the same
    #[arg(long = "for", value_name = "TEXT")]
    purpose: String,
    /// Where the data key may be used [default: the region of the key encryption key]
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// Wrap the one key of 32 octets in this key file; - is standard input
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    #[command(flatten)]
    opening: Opening,
}

const REWRAP_EXAMPLES: &str = "\
Examples:
  mediaseal key rewrap backup.wrapped --for 'backup of 2026' --provider file:keys.db --store custody.db --without-audit > new.wrapped";

/// Wrap a wrapped key anew under the current version of its key encryption key, without showing it
#[derive(Args)]
#[command(after_help = REWRAP_EXAMPLES)]
pub(super) struct Rewrap {
    #[command(flatten)]
    wrapped: Wrapped,
}

const UNWRAP_EXAMPLES: &str = "\
Examples:
  mediaseal key unwrap backup.wrapped --for 'backup of 2026' --out backup.key --provider file:keys.db --store custody.db --without-audit
  mediaseal key unwrap … --out - --visible-key                           prints the key: asked for twice";

/// Open a wrapped key, into a file that only you can read
#[derive(Args)]
#[command(after_help = UNWRAP_EXAMPLES)]
pub(super) struct Unwrap {
    #[command(flatten)]
    wrapped: Wrapped,
    /// Where to write it: a file that is not there yet; - is standard output, and wants --visible-key too
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Allow to print the key
    #[arg(long)]
    visible_key: bool,
    /// Open it although its key encryption key is compromised; the audit log says so
    #[arg(long)]
    accept_compromised: bool,
}

/// A wrapped key, and what it is for.
#[derive(Args)]
struct Wrapped {
    /// The file with the wrapped key (mediaseal-wrapped-1…); - is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What it is for, as it was said when it was wrapped
    #[arg(long = "for", value_name = "TEXT")]
    purpose: String,
    #[command(flatten)]
    opening: Opening,
}

impl Wrap {
    pub(super) fn run(&self, out: &mut dyn Write) -> Result<Verdict, Failure> {
        if self.kek.version.is_some() {
            let what = "keys are wrapped under the current version: say the id alone";
            return Err(Failure::Usage(what.to_owned()));
        }
        let dek = match &self.key {
            Some(path) => key_in(path)?,
            None => Dek::generate().map_err(|error| Failure::Unreadable(error.to_string()))?,
        };
        let opened = self.opening.open()?;
        let wrapped = opened.versions(&self.kek.id).and_then(|versions| {
            let own = versions.into_iter().next().map(|info| info.spec.region);
            let context = WrapContext {
                purpose: self.purpose.as_bytes().to_vec(),
                region: self.region.clone().or(own).unwrap_or_default(),
            };
            let id = &self.kek.id;
            let wrapped = opened.custody.wrap(&opened.access, id, &dek, &context);
            wrapped.map_err(|error| failed(&error))
        });
        opened.close();
        print(out, &wrapped?)
    }
}

impl Rewrap {
    pub(super) fn run(&self, out: &mut dyn Write) -> Result<Verdict, Failure> {
        let (old, context) = self.wrapped.read()?;
        let opened = self.wrapped.opening.open()?;
        let wrapped = opened.custody.rewrap(&opened.access, &old, &context);
        opened.close();
        print(out, &wrapped.map_err(|error| failed(&error))?)
    }
}

impl Unwrap {
    pub(super) fn run(&self, out: &mut dyn Write) -> Result<Verdict, Failure> {
        let is_printed = self.out.as_os_str() == "-";
        if is_printed && !self.visible_key {
            let what =
                "to print a key wants --visible-key too; or name a file that is not there yet";
            return Err(Failure::Usage(what.to_owned()));
        }
        if !is_printed && self.out.exists() {
            return Err(input::unreadable(&self.out, &"it is there already"));
        }
        let (wrapped, context) = self.wrapped.read()?;
        let opened = self.wrapped.opening.open()?;
        let access = if self.accept_compromised {
            opened.access.clone().accepting_compromised()
        } else {
            opened.access.clone()
        };
        let dek = opened.custody.unwrap(&access, &wrapped, &context);
        opened.close();
        let dek = dek.map_err(|error| failed(&error))?;
        // All room at once, so that no copy stays behind.
        let mut line = Zeroizing::new(vec![b'\n'; 2 * Dek::LEN + 1]);
        HEXLOWER.encode_mut(dek.expose(), &mut line[..2 * Dek::LEN]);
        if is_printed {
            out.write_all(&line)?;
        } else {
            write_new(&self.out, &[&line], true)?;
        }
        Ok(Verdict::Well)
    }
}

impl Wrapped {
    /// Reads the wrapped key. Its region stands in it, and is authenticated when it is opened.
    fn read(&self) -> Result<(WrappedKey, WrapContext), Failure> {
        let text = input::read_key_file(&self.file)?;
        let name = plain(&self.file.display().to_string());
        let wrapped = WrappedKey::from_text(text.trim()).map_err(|_| {
            Failure::Usage(format!(
                "{name}: this is no wrapped key (mediaseal-wrapped-1…)"
            ))
        })?;
        let context = WrapContext {
            purpose: self.purpose.as_bytes().to_vec(),
            region: wrapped.region.clone(),
        };
        Ok((wrapped, context))
    }
}

fn print(out: &mut dyn Write, wrapped: &WrappedKey) -> Result<Verdict, Failure> {
    let text = wrapped
        .to_text()
        .map_err(|error| Failure::Unreadable(error.to_string()))?;
    writeln!(out, "{text}")?;
    Ok(Verdict::Well)
}

/// The one key in a key file, if it has 32 octets.
fn key_in(path: &Path) -> Result<Dek, Failure> {
    let text = input::read_key_file(path)?;
    let name = path.display().to_string();
    // A line may be a key alone: what channel it would be of does not matter here.
    let defaults = Defaults {
        channel: Some("any".to_owned()),
        generation: 1,
        ..Defaults::default()
    };
    let keys = keyring::parse(&name, &text, &defaults).map_err(Failure::Usage)?;
    let [Key::Channel { key, .. }] = &keys[..] else {
        let what =
            format!("{name}: one key is wrapped at a time, a channel key or its digits alone");
        return Err(Failure::Usage(what));
    };
    let octets = key.to_bytes();
    let dek = <&[u8; Dek::LEN]>::try_from(&octets[..]).map(Dek::from_bytes);
    dek.map_err(|_| {
        Failure::Usage(format!(
            "{name}: a data key has 32 octets, and this has not"
        ))
    })
}
