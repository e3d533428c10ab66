//! Opening keys in custody: the provider that a URL names, the store beside it, the audit log, and secrets that stand in no argument.

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use clap::Args;
use mediaseal::PassphraseParams;
use mediaseal::vault::audit::{
    AuditError, AuditEvent, AuditLog, AuditLogOptions, AuditSink, CallbackSink,
};
use mediaseal::vault::custody::{
    Access, Custody, CustodyError, CustodyOptions, Everybody, FileProvider, KekInfo, KekRef,
    KeyProvider, ProviderError, ProviderMeans, ProviderUrl, SecretKind, SecretSource,
};
use zeroize::Zeroizing;

use crate::input;
use crate::key_files;
use crate::outcome::Failure;
use crate::table::plain;

/// Where keys in custody are.
#[derive(Args)]
#[command(next_help_heading = "Custody")]
pub(crate) struct Opening {
    /// Who holds the keys: file:PATH, pkcs11:token=LABEL, awskms:REGION. AWS credentials are read where AWS's own tools have them in the environment
    #[arg(long, value_name = "URL")]
    provider: String,
    /// The store of custody: states, histories, wrapped keys
    #[arg(long, value_name = "FILE")]
    store: PathBuf,
    #[command(flatten)]
    secret: SecretFrom,
    /// The PKCS #11 module of a pkcs11: provider, by its absolute path; its code then runs here
    #[arg(long, value_name = "FILE")]
    module: Option<PathBuf>,
    /// Who does it, as the audit log will have it [default: this user's number]
    #[arg(long = "as", value_name = "NAME")]
    principal: Option<String>,
    /// The audit log that each action is written to before it is done
    #[arg(
        long,
        value_name = "FOLDER",
        requires = "audit_signer",
        required_unless_present = "without_audit"
    )]
    audit: Option<PathBuf>,
    /// The secret key that signs the audit log
    #[arg(long, value_name = "FILE", requires = "audit")]
    audit_signer: Option<PathBuf>,
    /// The passphrase of a locked --audit-signer: the first line of this file
    #[arg(long, value_name = "FILE", requires = "audit_signer")]
    audit_passphrase_file: Option<PathBuf>,
    /// Write nothing down
    #[arg(long, conflicts_with = "audit")]
    without_audit: bool,
}

/// Where the passphrase of a file, or the PIN of a token, comes from. If from neither, it is asked for at the terminal.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct SecretFrom {
    /// The passphrase, or a token's PIN: the first line of this file
    #[arg(long, visible_alias = "pin-file", value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// The passphrase, or a token's PIN: the value of the environment variable of this name
    #[arg(
        long,
        visible_alias = "pin-env",
        value_name = "NAME",
        conflicts_with = "passphrase_file"
    )]
    passphrase_env: Option<String>,
}

/// Custody that was opened, and on whose behalf.
pub(crate) struct Opened {
    pub(crate) custody: Custody,
    pub(crate) access: Access,
    log: Log,
}

/// The audit log that each action is written to before it is done, if one was named.
pub(crate) struct Log(Option<Arc<AuditLog>>);

/// A KEK as arguments name it: its id, and perhaps /VERSION.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KekName {
    pub(crate) id: String,
    pub(crate) version: Option<u32>,
}

impl Opening {
    /// Opens the store, which is there.
    pub(crate) fn open(&self) -> Result<Opened, Failure> {
        let provider = self.provider()?;
        self.opened(provider, |options| Custody::open(&self.store, options))
    }

    /// Makes the store, and the file of a `file:` provider if it is not there.
    pub(crate) fn create(&self) -> Result<Opened, Failure> {
        self.create_file()?;
        let provider = self.provider()?;
        self.opened(provider, |options| Custody::create(&self.store, options))
    }

    fn opened(
        &self,
        provider: Arc<dyn KeyProvider>,
        open: impl FnOnce(CustodyOptions) -> Result<Custody, CustodyError>,
    ) -> Result<Opened, Failure> {
        let passphrase = self.audit_passphrase_file.as_deref();
        let log = match (&self.audit, &self.audit_signer) {
            (Some(folder), Some(signer)) => Log::open(folder, signer, passphrase)?,
            // Asked for by --without-audit, in so many words.
            _ => Log::none(),
        };
        // Whoever has the provider's secret can do all of it by other means too: roles are an application's.
        let options = CustodyOptions::new(provider, Arc::new(Everybody), log.sink());
        let custody = open(options).map_err(|error| failed(&error))?;
        let access = Access::of(self.principal.clone().unwrap_or_else(user));
        Ok(Opened {
            custody,
            access,
            log,
        })
    }

    fn provider(&self) -> Result<Arc<dyn KeyProvider>, Failure> {
        let given = self.secret.given()?;
        let means = means(Arc::new(Secrets(given)), self.module.as_deref())?;
        means.open(&self.provider).map_err(|error| match error {
            ProviderError::Denied(why) if !self.secret.is_given() => {
                Failure::Unreadable(format!(
                    "the provider gives no access: {why} (--passphrase-file, --passphrase-env, or a terminal to ask at)"
                ))
            }
            ProviderError::Invalid(why) => Failure::Usage(format!("--provider: {why}")),
            error => Failure::Unreadable(error.to_string()),
        })
    }

    /// Makes the file of a `file:` provider if there is none. Other providers are made by their own tools.
    fn create_file(&self) -> Result<(), Failure> {
        let invalid = |error: ProviderError| Failure::Usage(format!("--provider: {error}"));
        let url: ProviderUrl = self.provider.parse().map_err(invalid)?;
        if url.scheme() != "file" {
            return Ok(());
        }
        url.only(&["region"]).map_err(invalid)?;
        let path = PathBuf::from(url.path().map_err(invalid)?);
        if path.exists() {
            return Ok(());
        }
        let passphrase = match self.secret.given()? {
            Some(passphrase) => passphrase,
            None => new_passphrase(&path)?,
        };
        let params =
            PassphraseParams::generate().map_err(|error| Failure::Unreadable(error.to_string()))?;
        let region = url.value("region").unwrap_or_default();
        FileProvider::create(&path, region, &passphrase, &params)
            .map_err(|error| input::unreadable(&path, &error))?;
        Ok(())
    }
}

impl Opened {
    /// Closes the audit log, so that its last records have a checkpoint; says so on standard error if it cannot be, since what was done is done.
    pub(crate) fn close(self) {
        let Self { custody, log, .. } = self;
        drop(custody);
        if let Err(error) = log.close() {
            // Nobody is left to tell if this fails too.
            drop(writeln!(io::stderr(), "mediaseal: {error}"));
        }
    }

    /// The version that a name means: the one it says, or the only one there is.
    pub(crate) fn version(&self, name: &KekName) -> Result<KekRef, Failure> {
        let versions = self.versions(&name.id)?;
        match name.version {
            Some(version) => Ok(KekRef {
                id: name.id.clone(),
                version,
            }),
            None => match &versions[..] {
                [only] => Ok(only.spec.kek.clone()),
                _ => {
                    let all: Vec<_> = versions
                        .iter()
                        .map(|info| {
                            format!("{}/{} ({})", name.id, info.spec.kek.version, info.state)
                        })
                        .collect();
                    Err(Failure::Usage(format!(
                        "it has several versions, say which: {}",
                        all.join(", ")
                    )))
                }
            },
        }
    }

    /// All versions of a key, the latest first. There is one at least.
    pub(crate) fn versions(&self, id: &str) -> Result<Vec<KekInfo>, Failure> {
        let all = self
            .custody
            .keks(&self.access)
            .map_err(|error| failed(&error))?;
        let found: Vec<_> = all
            .into_iter()
            .filter(|info| info.spec.kek.id == id)
            .collect();
        if found.is_empty() {
            return Err(Failure::Usage(format!(
                "the store has no key {}: mediaseal key list says which it has",
                plain(id)
            )));
        }
        Ok(found)
    }
}

impl Log {
    /// Opens the log in `folder`, which the key in the file `signer` signs.
    pub(crate) fn open(
        folder: &Path,
        signer: &Path,
        passphrase_file: Option<&Path>,
    ) -> Result<Self, Failure> {
        let passphrase = passphrase_file.map(key_files::passphrase).transpose()?;
        let passphrase = passphrase.as_ref().map(|text| text.as_str());
        let signer = key_files::signer(signer, passphrase).map_err(|failure| match failure {
            // --passphrase-file is the provider's here.
            Failure::Usage(what) => {
                Failure::Usage(what.replace("--passphrase-file", "--audit-passphrase-file"))
            }
            other => other,
        })?;
        let log = AuditLog::open(folder, signer, AuditLogOptions::default())
            .map_err(|error| input::unreadable(folder, &error))?;
        Ok(Self(Some(Arc::new(log))))
    }

    /// Writes nothing down.
    pub(crate) const fn none() -> Self {
        Self(None)
    }

    /// What custody writes to.
    pub(crate) fn sink(&self) -> Arc<dyn AuditSink> {
        match &self.0 {
            Some(log) => Arc::<AuditLog>::clone(log),
            None => Arc::new(CallbackSink::new(|_: &AuditEvent| Ok::<(), AuditError>(()))),
        }
    }

    /// Closes it, so that its last records have a checkpoint. Custody is dropped before.
    pub(crate) fn close(self) -> Result<(), AuditError> {
        self.0
            .and_then(Arc::into_inner)
            .map_or(Ok(()), |log| log.close().map(drop))
    }
}

/// What providers are opened with: the secrets, and the module of a token.
pub(crate) fn means(
    secrets: Arc<dyn SecretSource>,
    module: Option<&Path>,
) -> Result<ProviderMeans, Failure> {
    #[allow(unused_mut, reason = "features change it")]
    let mut means = ProviderMeans::new(secrets);
    #[cfg(feature = "pkcs11")]
    if let Some(path) = module {
        use mediaseal::vault::custody::pkcs11::Pkcs11Module;
        let module = Pkcs11Module::load(path).map_err(|error| input::unreadable(path, &error))?;
        means.pkcs11 = Some(module);
    }
    #[cfg(not(feature = "pkcs11"))]
    if module.is_some() {
        let what = "--module: this mediaseal was built without --features pkcs11";
        return Err(Failure::Usage(what.to_owned()));
    }
    #[cfg(feature = "awskms")]
    {
        let wait = |time| std::thread::sleep(time);
        means.kms = means.kms.with_retries(5, Arc::new(wait));
    }
    Ok(means)
}

impl SecretFrom {
    fn is_given(&self) -> bool {
        self.passphrase_file.is_some() || self.passphrase_env.is_some()
    }

    /// The secret, if it was said where it comes from.
    pub(crate) fn given(&self) -> Result<Option<Zeroizing<String>>, Failure> {
        if let Some(path) = &self.passphrase_file {
            return key_files::passphrase(path).map(Some);
        }
        let Some(name) = &self.passphrase_env else {
            return Ok(None);
        };
        match std::env::var(name).map(Zeroizing::new) {
            Ok(value) if !value.is_empty() => Ok(Some(value)),
            _ => Err(Failure::Usage(format!(
                "--passphrase-env: the environment has no text under the name {}",
                plain(name)
            ))),
        }
    }
}

/// What was given, or is asked for at the terminal when a provider wants it.
struct Secrets(Option<Zeroizing<String>>);

impl SecretSource for Secrets {
    fn secret(&self, kind: SecretKind, url: &ProviderUrl) -> Option<Zeroizing<String>> {
        let what = match kind {
            SecretKind::Passphrase => "Passphrase",
            SecretKind::Pin => "PIN",
            other => return of_aws(other),
        };
        match &self.0 {
            Some(given) => Some(given.clone()),
            None => ask(&format!("{what} of {}: ", plain(&url.to_string()))),
        }
    }
}

/// The credentials of AWS, where its own tools read them too.
pub(crate) fn of_aws(kind: SecretKind) -> Option<Zeroizing<String>> {
    let name = match kind {
        SecretKind::AccessKeyId => "AWS_ACCESS_KEY_ID",
        SecretKind::SecretAccessKey => "AWS_SECRET_ACCESS_KEY",
        SecretKind::SessionToken => "AWS_SESSION_TOKEN",
        _ => return None,
    };
    std::env::var(name).ok().map(Zeroizing::new)
}

/// Asks at the terminal, without echo. None where there is no terminal.
fn ask(prompt: &str) -> Option<Zeroizing<String>> {
    rpassword::prompt_password(prompt).ok().map(Zeroizing::new)
}

/// Asks for a new passphrase, twice: a slip of the finger would lock the keys away for good.
fn new_passphrase(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let name = plain(&path.display().to_string());
    let asked = ask(&format!("New passphrase of {name}: ")).zip(ask("Once more: "));
    let (first, second) = asked.ok_or_else(|| {
        let what = "there is no terminal to ask for a passphrase at: --passphrase-file or --passphrase-env";
        Failure::Usage(what.to_owned())
    })?;
    if first != second {
        let what = "the two passphrases are not the same; nothing was made";
        return Err(Failure::Usage(what.to_owned()));
    }
    Ok(first)
}

/// Goes on only if whoever asked means it: --yes, or the word typed at a terminal.
pub(crate) fn confirm(is_yes: bool, word: &str, what: &str) -> Result<(), Failure> {
    if is_yes {
        return Ok(());
    }
    let mut stderr = io::stderr();
    if !io::stdin().is_terminal() {
        return Err(Failure::Usage(format!(
            "{what} There is no terminal to ask at: --yes says that you mean it"
        )));
    }
    write!(stderr, "{what}\nType {word} to go on: ")?;
    stderr.flush()?;
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    if line.trim() == word {
        Ok(())
    } else {
        Err(Failure::Usage(
            "that is another; nothing was done".to_owned(),
        ))
    }
}

/// How custody's errors end the command: with 2 if something else must be asked for, with 3 if it could not be done.
pub(crate) fn failed(error: &CustodyError) -> Failure {
    let what = plain(&error.to_string());
    match error {
        CustodyError::NoSuchTransition { from, .. } => {
            let followers: Vec<_> = from.followers().iter().map(ToString::to_string).collect();
            let next = if followers.is_empty() {
                "nothing more".to_owned()
            } else {
                followers.join(", ")
            };
            Failure::Usage(format!("{what}; it may become {next}"))
        }
        CustodyError::NotFound(_)
        | CustodyError::StateForbids { .. }
        | CustodyError::Archived(_)
        | CustodyError::RegionForbidden { .. }
        | CustodyError::Invalid(_) => Failure::Usage(what),
        _ => Failure::Unreadable(what),
    }
}

/// This user, as the system tells users apart: nobody can be misled by a name in the environment.
pub(crate) fn user() -> String {
    #[cfg(unix)]
    return format!("uid {}", rustix::process::getuid().as_raw());
    #[cfg(not(unix))]
    return "operator".to_owned();
}

impl FromStr for KekName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (id, version) = match text.split_once('/') {
            None => (text, None),
            Some((id, version)) => {
                let version = version.parse().ok().filter(|version| *version > 0);
                let what = "behind / comes the number of a version, from 1";
                (id, Some(version.ok_or(what)?))
            }
        };
        let is_id = (1..=64).contains(&id.len())
            && id
                .bytes()
                .all(|octet| octet.is_ascii_alphanumeric() || octet == b'-' || octet == b'_');
        if !is_id {
            return Err("a key is named ID or ID/VERSION, as mediaseal key list shows them".into());
        }
        Ok(Self {
            id: id.to_owned(),
            version,
        })
    }
}

impl fmt::Display for KekName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.version {
            Some(version) => write!(f, "{}/{version}", self.id),
            None => f.write_str(&self.id),
        }
    }
}
