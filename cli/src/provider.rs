//! Key encryption keys of providers: in the builds that have them, and refused in others.

use std::path::PathBuf;

use clap::Args;

/// A provider of key encryption keys. Without the feature `custody` it is refused, and said why.
#[derive(Args)]
pub(crate) struct Provider {
    /// The provider that wrapped the key: file:PATH, pkcs11:token=LABEL, awskms:REGION (needs a build with --features custody, pkcs11, awskms)
    #[arg(long = "provider", value_name = "URL")]
    pub(crate) url: Option<String>,
    /// The key encryption key, as `mediaseal info` names it; without it each of the provider's is tried
    #[arg(long, value_name = "ID", requires = "url")]
    pub(crate) kek: Option<String>,
    /// The PKCS #11 module of a pkcs11: provider, whose code then runs here
    #[arg(long, value_name = "FILE", requires = "url")]
    pub(crate) module: Option<PathBuf>,
    /// The store of custody: whether the key's state allows it is asked there
    #[arg(long, value_name = "FILE", requires = "url")]
    pub(crate) store: Option<PathBuf>,
    /// Ask no store whether the key may be used, but the provider alone
    #[arg(long, requires = "url", conflicts_with = "store")]
    pub(crate) without_store: bool,
    /// The audit log to which it is written first that the key is used
    #[arg(long, value_name = "FOLDER", requires_all = ["store", "audit_signer"])]
    pub(crate) audit: Option<PathBuf>,
    /// The secret key that signs the audit log
    #[arg(long, value_name = "FILE", requires = "audit")]
    pub(crate) audit_signer: Option<PathBuf>,
    /// The passphrase of a locked --audit-signer: the first line of this file
    #[arg(long, value_name = "FILE", requires = "audit_signer")]
    pub(crate) audit_passphrase_file: Option<PathBuf>,
    /// Write nothing down
    #[arg(long, requires = "store", conflicts_with = "audit")]
    pub(crate) without_audit: bool,
}

#[cfg(not(feature = "custody"))]
mod without_custody {
    use mediaseal::vault::{Dek, WrapContext, WrappedKey};
    use zeroize::Zeroizing;

    use super::Provider;
    use crate::outcome::Failure;

    /// There is none in this build.
    pub(crate) enum Kek {}

    impl Provider {
        pub(crate) fn unwrap(
            &self,
            _: Option<&Zeroizing<String>>,
            _: &[WrappedKey],
            _: &WrapContext,
        ) -> Result<Result<Dek, String>, Failure> {
            self.open(None).map(|kek| match kek {})
        }

        pub(crate) fn open(&self, _: Option<&Zeroizing<String>>) -> Result<Kek, Failure> {
            let what = "this mediaseal was built without providers: build it with --features custody (and pkcs11, awskms for those)";
            Err(Failure::Usage(what.to_owned()))
        }
    }
}

#[cfg(feature = "custody")]
mod with_custody {
    use std::sync::Arc;

    use mediaseal::vault::custody::{
        Access, Custody, CustodyOptions, Everybody, KekRef, KeyProvider, KeyState, ProviderUrl,
        Rewrap, SecretKind, SecretSource,
    };
    use mediaseal::vault::{Dek, WrapContext, WrappedKey};
    use zeroize::Zeroizing;

    use super::Provider;
    use crate::custody::{Log, means, of_aws, user};
    use crate::input;
    use crate::outcome::Failure;

    /// A provider, and the one of its key encryption keys that was named.
    pub(crate) struct Kek {
        pub(crate) provider: Arc<dyn KeyProvider>,
        id: Option<String>,
    }

    /// The passphrase or PIN that was given; nobody is asked for one.
    struct Given(Option<Zeroizing<String>>);

    impl SecretSource for Given {
        fn secret(&self, kind: SecretKind, _: &ProviderUrl) -> Option<Zeroizing<String>> {
            match kind {
                SecretKind::Passphrase | SecretKind::Pin => self.0.clone(),
                other => of_aws(other),
            }
        }
    }

    impl Provider {
        /// Opens the provider that was named, to which a custody store is to be asked for what it alone knows.
        pub(crate) fn open(&self, passphrase: Option<&Zeroizing<String>>) -> Result<Kek, Failure> {
            let url = self.url.as_deref().unwrap_or_default();
            let means = means(Arc::new(Given(passphrase.cloned())), self.module.as_deref())?;
            let provider = means
                .open(url)
                .map_err(|error| Failure::Usage(format!("--provider: {error}")))?;
            Ok(Kek {
                provider,
                id: self.kek.clone(),
            })
        }
    }

    impl Kek {
        /// Whether a wrapped key is this provider's, and of the key encryption key that was named.
        pub(crate) fn is_of(&self, wrapped: &WrappedKey) -> bool {
            wrapped.provider == self.provider.describe().scheme
                && self.id.as_ref().is_none_or(|id| *id == wrapped.kek_id)
        }

        /// Why none was unwrapped, if none is the provider's.
        fn not_of(&self) -> String {
            match &self.id {
                Some(id) => format!("it is not wrapped by {id} of this provider"),
                None => "it is not wrapped by a key of this provider".to_owned(),
            }
        }
    }

    /// A provider, and the store of custody and the audit log that are asked first.
    pub(crate) struct Asked {
        pub(crate) kek: Kek,
        custody: Option<(Custody, Access)>,
        log: Log,
    }

    impl Asked {
        fn unwrap(&self, wrapped: &WrappedKey, context: &WrapContext) -> Result<Dek, String> {
            match &self.custody {
                Some((custody, access)) => {
                    let dek = custody.unwrap(access, wrapped, context);
                    dek.map_err(|error| error.to_string())
                }
                None => {
                    let dek = self.kek.provider.unwrap(wrapped, context);
                    dek.map_err(|error| error.to_string())
                }
            }
        }

        /// Wraps a key anew. Where a store is asked, that is under the current version of the same key encryption key, and `to` has to be that.
        pub(crate) fn rewrap(
            &self,
            to: &KekRef,
            wrapped: &WrappedKey,
            context: &WrapContext,
        ) -> Result<WrappedKey, String> {
            let Some((custody, access)) = &self.custody else {
                let key = Rewrap { wrapped, context };
                return match self.kek.provider.rewrap(to, &[key]).pop() {
                    Some(new) => new.map_err(|error| error.to_string()),
                    None => Err("it says nothing".to_owned()),
                };
            };
            if to.id != wrapped.kek_id {
                return Err("the store moves no key to another key encryption key".to_owned());
            }
            let keks = custody.keks(access).map_err(|error| error.to_string())?;
            let active = keks.iter().filter(|kek| kek.state == KeyState::Active);
            let active = active
                .map(|kek| &kek.spec.kek)
                .filter(|kek| kek.id == to.id);
            let current = active.max_by_key(|kek| kek.version);
            if current != Some(to) {
                return Err(current.map_or_else(
                    || "no version of it is active in the store".to_owned(),
                    |current| {
                        format!(
                            "version {} is the current one in the store",
                            current.version
                        )
                    },
                ));
            }
            let new = custody
                .rewrap(access, wrapped, context)
                .map_err(|error| error.to_string())?;
            if new.kek_version != to.version {
                return Err(format!(
                    "version {} is the current one by now",
                    new.kek_version
                ));
            }
            Ok(new)
        }

        /// Closes the audit log, so that its last records have a checkpoint.
        pub(crate) fn close(self) -> Result<(), Failure> {
            drop(self.custody);
            let closed = self.log.close();
            closed.map_err(|error| Failure::Unreadable(format!("the audit log: {error}")))
        }
    }

    impl Provider {
        /// Opens the provider, and what is asked before its keys are used: the store of custody and the audit log, or nobody if it was said so.
        pub(crate) fn ask(&self, passphrase: Option<&Zeroizing<String>>) -> Result<Asked, Failure> {
            if self.store.is_none() && !self.without_store {
                let what = "--provider: --store names the store of custody, which knows whether the key may be used; --without-store asks none";
                return Err(Failure::Usage(what.to_owned()));
            }
            let kek = self.open(passphrase)?;
            let Some(store) = &self.store else {
                return Ok(Asked {
                    kek,
                    custody: None,
                    log: Log::none(),
                });
            };
            let log = self.audit_log()?;
            // Whoever has the provider's secret can do it by other means too: roles are an application's.
            let options =
                CustodyOptions::new(Arc::clone(&kek.provider), Arc::new(Everybody), log.sink());
            let custody =
                Custody::open(store, options).map_err(|error| input::unreadable(store, &error))?;
            Ok(Asked {
                kek,
                custody: Some((custody, Access::of(user()))),
                log,
            })
        }

        /// Unwraps the first key that the provider can, if the store of custody lets it be used, and after the audit log has it.
        pub(crate) fn unwrap(
            &self,
            passphrase: Option<&Zeroizing<String>>,
            wrapped: &[WrappedKey],
            context: &WrapContext,
        ) -> Result<Result<Dek, String>, Failure> {
            let asked = self.ask(passphrase)?;
            let mut of_it = wrapped.iter().filter(|wrapped| asked.kek.is_of(wrapped));
            let found = first(&asked.kek, &mut of_it, |wrapped| {
                asked.unwrap(wrapped, context)
            });
            asked.close()?;
            Ok(found)
        }

        fn audit_log(&self) -> Result<Log, Failure> {
            let passphrase = self.audit_passphrase_file.as_deref();
            match (&self.audit, &self.audit_signer) {
                (Some(folder), Some(signer)) => Log::open(folder, signer, passphrase),
                _ if self.without_audit => Ok(Log::none()),
                _ => {
                    let what = "--store: --audit and --audit-signer name the audit log that the use of the key is written to; --without-audit writes nothing";
                    Err(Failure::Usage(what.to_owned()))
                }
            }
        }
    }

    /// The first key that comes out, or why the last did not.
    fn first(
        kek: &Kek,
        wrapped: &mut dyn Iterator<Item = &WrappedKey>,
        unwrap: impl Fn(&WrappedKey) -> Result<Dek, String>,
    ) -> Result<Dek, String> {
        let mut why = kek.not_of();
        for wrapped in wrapped {
            match unwrap(wrapped) {
                Ok(dek) => return Ok(dek),
                Err(error) => why = error,
            }
        }
        Err(why)
    }
}
