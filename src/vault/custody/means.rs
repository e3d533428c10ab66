//! Providers that need more than a URL and secrets.

use std::fmt;
use std::sync::Arc;

use super::error::ProviderError;
use super::open::open_provider;
use super::provider::KeyProvider;
#[cfg(any(feature = "pkcs11", feature = "awskms"))]
use super::url::SecretKind;
use super::url::{ProviderUrl, SecretSource};

/// What providers need that stands in no URL: secrets, and the application's own configuration.
///
/// A PKCS #11 module is code that runs in this process, and which keychain is asked is the application's choice; neither comes from a string that
/// may stand in a file.
#[derive(Clone)]
#[non_exhaustive]
pub struct ProviderMeans {
    /// Brings secrets.
    pub secrets: Arc<dyn SecretSource>,
    /// The module behind `pkcs11:`.
    #[cfg(feature = "pkcs11")]
    pub pkcs11: Option<super::pkcs11::Pkcs11Module>,
    /// How tokens wrap.
    #[cfg(feature = "pkcs11")]
    pub token_wrapping: super::pkcs11::TokenWrapping,
    /// How requests of `awskms:` are made.
    #[cfg(feature = "awskms")]
    pub kms: super::awskms::KmsOptions,
    /// The keychain behind `keychain:`.
    #[cfg(feature = "keychain")]
    pub keychain: Option<Arc<keyring_core::api::CredentialStore>>,
}

impl ProviderMeans {
    /// Secrets, and nothing else yet.
    #[must_use]
    pub fn new(secrets: Arc<dyn SecretSource>) -> Self {
        Self {
            secrets,
            #[cfg(feature = "pkcs11")]
            pkcs11: None,
            #[cfg(feature = "pkcs11")]
            token_wrapping: super::pkcs11::TokenWrapping::default(),
            #[cfg(feature = "awskms")]
            kms: super::awskms::KmsOptions::default(),
            #[cfg(feature = "keychain")]
            keychain: None,
        }
    }

    /// Opens the provider that `url` names. It makes none.
    ///
    /// | URL | feature | needs |
    /// |---|---|---|
    /// | `file:PATH[?region=REGION]` | `custody` | |
    /// | `pkcs11:token=LABEL[;serial=…][?region=REGION]` | `pkcs11` | a module |
    /// | `awskms:REGION[?endpoint=URL&account=DIGITS&deletion-days=DAYS]` | `awskms` | |
    /// | `keychain:PATH?service=NAME&user=NAME[&region=REGION]` | `keychain` | a keychain |
    ///
    /// # Errors
    /// As [`open_provider`]; [`ProviderError::Invalid`] too if what the scheme needs is not given.
    pub fn open(&self, url: &str) -> Result<Arc<dyn KeyProvider>, ProviderError> {
        let parsed: ProviderUrl = url.parse()?;
        match parsed.scheme() {
            #[cfg(feature = "pkcs11")]
            super::pkcs11::SCHEME => {
                let module = self.pkcs11.as_ref().ok_or_else(|| {
                    let why = "pkcs11: needs a module, which the application loads";
                    ProviderError::Invalid(why.to_owned())
                })?;
                let wrapping = self.token_wrapping;
                let secrets = self.own_secrets();
                let provider =
                    super::pkcs11::Pkcs11Provider::open(module, &parsed, secrets, wrapping)?;
                Ok(Arc::new(provider))
            }
            #[cfg(feature = "awskms")]
            super::awskms::SCHEME => {
                let secrets = self.own_secrets();
                let provider = super::awskms::KmsProvider::open(&parsed, secrets, &self.kms)?;
                Ok(Arc::new(provider))
            }
            #[cfg(feature = "keychain")]
            super::keychain::SCHEME => {
                let keychain = self.keychain.clone().ok_or_else(|| {
                    let why = "keychain: needs a store, which the application chooses";
                    ProviderError::Invalid(why.to_owned())
                })?;
                let provider = super::keychain::KeychainProvider::open(keychain, &parsed)?;
                Ok(Arc::new(provider))
            }
            _ => open_provider(url, &*self.secrets),
        }
    }

    #[cfg(any(feature = "pkcs11", feature = "awskms"))]
    fn own_secrets(&self) -> impl SecretSource + use<> {
        let secrets = Arc::clone(&self.secrets);
        move |kind: SecretKind, url: &ProviderUrl| secrets.secret(kind, url)
    }
}

impl fmt::Debug for ProviderMeans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderMeans").finish_non_exhaustive()
    }
}
