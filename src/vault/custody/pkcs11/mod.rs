//! Key encryption keys in a hardware security module, over PKCS #11 (docs/providers.md).
//!
//! ```text
//!   Pkcs11Provider ──► Token: one session, logged in, opened anew when it is lost ──► module of the vendor ──► token
//!                      KEK objects: AES-256, made in the token, sensitive, never extractable
//! ```
//!
//! A KEK is a token object with the label `mediaseal/<id>/<version>`. Where the token has AES-GCM, it does that and nothing else,
//! with the context as AAD and a random nonce of 96 bits; where the token only wraps, it does AES-KW and nothing else, of the
//! data encryption key together with a digest of its context. A key that does both could be made to tell what it wraps.

mod fault;
mod keys;
mod token;
mod uri;

use std::path::Path;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error as Ck, RvError};

use crate::os::ForkGuard;
use crate::vault::custody::{
    Destruction, Enforcement, KekRef, KekSpec, KeyProvider, KeyState, ProviderError, ProviderInfo,
    ProviderUrl, SecretSource,
};
use crate::vault::{Dek, WrapAlgorithm, WrapContext, WrappedKey};

use token::Token;
pub use uri::TokenName;

/// The scheme of the URL, and the name of the provider in wrapped keys.
pub(super) const SCHEME: &str = "pkcs11";

/// A vendor's PKCS #11 module, loaded and initialized. Clones share it.
///
/// It is never finalized: other parts of the application may use the same module, and PKCS #11 has one state a process.
#[derive(Clone, Debug)]
pub struct Pkcs11Module {
    context: Pkcs11,
    fork: ForkOfModule,
}

/// Told apart from the context, so that `Debug` says nothing of it.
#[derive(Clone, Copy)]
struct ForkOfModule(ForkGuard);

impl std::fmt::Debug for ForkOfModule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ForkGuard")
    }
}

impl Pkcs11Module {
    /// Loads the module from `path`, which is absolute and comes from the application's own configuration: a module is code
    /// that runs in this process. No URL, key or file of ours ever names one.
    ///
    /// # Errors
    /// [`ProviderError::Invalid`] if the path is relative (the system would search for it); [`ProviderError::Failed`] if it is no module
    /// or does not start.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, ProviderError> {
        let path = path.as_ref();
        if !path.is_absolute() {
            return Err(ProviderError::Invalid(
                "the path of a PKCS #11 module is absolute".to_owned(),
            ));
        }
        let failed = |error: Ck| ProviderError::Failed(format!("PKCS #11 module: {error}"));
        let context = Pkcs11::new(path).map_err(failed)?;
        match context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
            // Another part of the application uses it: PKCS #11 has one state a process.
            Ok(()) | Err(Ck::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => Ok(Self {
                context,
                fork: ForkOfModule(ForkGuard::new()),
            }),
            Err(error) => Err(failed(error)),
        }
    }

    /// Finalizes the module and initializes it again: some see a token that was away only then. All sessions in this process end, those of other parts of
    /// the application too, which therefore decides when; providers open theirs again at their next call.
    ///
    /// # Errors
    /// [`ProviderError::Unavailable`] if the module does not start again; try later.
    pub fn restart(&self) -> Result<(), ProviderError> {
        let away = |error: Ck| ProviderError::Unavailable(format!("PKCS #11 module: {error}"));
        match self.context.clone().finalize() {
            Ok(()) | Err(Ck::Pkcs11(RvError::CryptokiNotInitialized, _)) => {}
            Err(error) => return Err(away(error)),
        }
        match self
            .context
            .initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))
        {
            Ok(()) | Err(Ck::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => Ok(()),
            Err(error) => Err(away(error)),
        }
    }
}

/// How a token wraps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenWrapping {
    /// AES-GCM where the token has it, else AES-KW.
    #[default]
    Best,
    /// AES-KW although the token may have AES-GCM: for tokens whose policy forbids nonces from outside.
    KeyWrap,
}

/// The provider `pkcs11:`, a token of a [`Pkcs11Module`].
///
/// The session is opened and logged in at first use, and again after it was lost; a call whose session is lost is tried once
/// more. After the token refused a PIN nothing is tried until [`Self::retry_login`], because tokens lock after a few tries.
pub struct Pkcs11Provider {
    token: Token,
    info: ProviderInfo,
    wraps_by: WrapAlgorithm,
}

impl Pkcs11Provider {
    /// Finds the token that `url` names (see [`TokenName`]; `?region=` says where it is, for policies) in the slots of `module`. `secrets` is
    /// asked for [`SecretKind::Pin`](crate::vault::custody::SecretKind::Pin) when a session is logged in; a token with a keypad of its own needs none. It is asked
    /// while the provider is locked, so it must not call the provider.
    ///
    /// # Errors
    /// [`ProviderError::Invalid`] if the URL names no token or several; [`ProviderError::Unavailable`] if the token is not there;
    /// [`ProviderError::Unsupported`] if it has neither AES-GCM nor AES-KW.
    pub fn open(
        module: &Pkcs11Module,
        url: &ProviderUrl,
        secrets: impl SecretSource + 'static,
        wrapping: TokenWrapping,
    ) -> Result<Self, ProviderError> {
        let token = Token::find(module.clone(), url.clone(), Box::new(secrets))?;
        let (wraps_by, protection) = token.mechanism(wrapping)?;
        let info = ProviderInfo {
            scheme: SCHEME.to_owned(),
            id: token.identity(),
            region: url.value("region").unwrap_or_default().to_owned(),
            protection,
            exportable: false,
        };
        Ok(Self {
            token,
            info,
            wraps_by,
        })
    }

    /// Lets the next call ask for the PIN again, after the token refused the last one.
    pub fn retry_login(&self) {
        self.token.retry_login();
    }

    /// By what new keys are wrapped: [`WrapAlgorithm::Aes256Gcm`] or [`WrapAlgorithm::AesKw`].
    #[must_use]
    pub fn wraps_by(&self) -> WrapAlgorithm {
        self.wraps_by
    }
}

impl std::fmt::Debug for Pkcs11Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pkcs11Provider")
            .field("info", &self.info)
            .finish_non_exhaustive()
    }
}

impl KeyProvider for Pkcs11Provider {
    fn describe(&self) -> ProviderInfo {
        self.info.clone()
    }

    fn create_kek(&self, spec: &KekSpec) -> Result<(), ProviderError> {
        keys::create(&self.token, &spec.kek, self.wraps_by)
    }

    fn wrap(
        &self,
        kek: &KekRef,
        dek: &Dek,
        context: &WrapContext,
    ) -> Result<WrappedKey, ProviderError> {
        let authenticated = context.authenticated(&kek.id, kek.version)?;
        let (algorithm, octets) = keys::wrap(&self.token, kek, dek, &authenticated)?;
        let name = (kek.id.as_str(), kek.version);
        Ok(WrappedKey::new(SCHEME, name, algorithm, context, octets)?)
    }

    fn unwrap(&self, wrapped: &WrappedKey, context: &WrapContext) -> Result<Dek, ProviderError> {
        let authenticated = wrapped.is_for(context)?;
        keys::unwrap(&self.token, wrapped, &authenticated)
    }

    /// PKCS #11 knows no such states: [`Enforcement::ByCustodyOnly`].
    fn set_state(&self, kek: &KekRef, _state: KeyState) -> Result<Enforcement, ProviderError> {
        keys::is_there(&self.token, kek)?;
        Ok(Enforcement::ByCustodyOnly)
    }

    /// Destroys the key object. A data object of its name stays as a tombstone, where the token stores such.
    fn destroy_kek(&self, kek: &KekRef) -> Result<Destruction, ProviderError> {
        keys::destroy(&self.token, kek)?;
        Ok(Destruction::Done)
    }
}
