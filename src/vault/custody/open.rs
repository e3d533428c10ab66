//! A URL becomes a provider, here and nowhere else.

use std::sync::Arc;

use super::error::ProviderError;
use super::file::{self, FileProvider};
use super::provider::KeyProvider;
use super::url::{ProviderUrl, SecretKind, SecretSource};

/// Opens the provider that `url` names. It makes none; secrets that it needs come from `secrets`.
///
/// | URL | feature |
/// |---|---|
/// | `file:PATH[?region=REGION]` | `custody` |
///
/// A `file:` store has its region from [`FileProvider::create`]; a URL that names another one is refused. An application's own provider needs no
/// URL: it is given to [`CustodyOptions`](super::CustodyOptions) as it is.
///
/// # Errors
/// [`ProviderError::Invalid`] for a URL that cannot be read, or a scheme that is not known here; [`ProviderError::Denied`] if a secret is missing or
/// wrong; else what the provider says.
pub fn open_provider(
    url: &str,
    secrets: &dyn SecretSource,
) -> Result<Arc<dyn KeyProvider>, ProviderError> {
    let url: ProviderUrl = url.parse()?;
    match url.scheme() {
        file::SCHEME => Ok(Arc::new(open_file(&url, secrets)?)),
        other => Err(ProviderError::Invalid(format!(
            "no provider of this build has the scheme {other}"
        ))),
    }
}

/// Opens the store that a URL of the scheme `file` names.
pub(crate) fn open_file(
    url: &ProviderUrl,
    secrets: &dyn SecretSource,
) -> Result<FileProvider, ProviderError> {
    url.only(&["region"])?;
    let passphrase = secrets
        .secret(SecretKind::Passphrase, url)
        .ok_or_else(|| ProviderError::Denied("no passphrase was given".into()))?;
    let provider = FileProvider::open(url.path()?, &passphrase)?;
    let region = provider.describe().region;
    if url.value("region").is_some_and(|named| named != region) {
        return Err(ProviderError::Invalid(format!(
            "the store is of region {region:?}, not of the one in its URL"
        )));
    }
    Ok(provider)
}
