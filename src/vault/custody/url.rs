//! The one string that names a provider: `file:/path/keys.db?region=eu`, `pkcs11:token=x`, `awskms:…`, `keychain:…`, or an application's.
//!
//! ```text
//! scheme ":" path [ "?" name "=" value *( "&" name "=" value ) ]         percent-encoding as RFC 3986 has it
//! ```
//!
//! Secrets never stand in it (they come by [`SecretSource`]): a URL is logged, shown by `ps`, kept in files.

use std::fmt;
use std::str::FromStr;

use zeroize::Zeroizing;

use super::error::ProviderError;

/// Most octets of a URL.
const MAX_URL: usize = 4_096;
/// Names that a secret might stand under, RFC 7512's among them: refused, whatever the scheme.
const SECRET_NAMES: [&str; 9] = [
    "pin-value",
    "pin-source",
    "pin",
    "password",
    "passphrase",
    "secret",
    "secret-key",
    "token-value",
    "access-key",
];

/// A provider's URL, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderUrl {
    scheme: String,
    path: String,
    query: Vec<(String, String)>,
}

impl ProviderUrl {
    /// The scheme: `file`, `pkcs11`, `awskms`, `keychain`, or an application's.
    #[must_use]
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// What stands between the scheme and `?`, percent-encoded as it came.
    #[must_use]
    pub fn raw_path(&self) -> &str {
        &self.path
    }

    /// The path, decoded.
    ///
    /// # Errors
    /// [`ProviderError::Invalid`] if it is not UTF-8.
    pub fn path(&self) -> Result<String, ProviderError> {
        decoded(&self.path)
    }

    /// The path as RFC 7512 has it: `name=value` between semicolons, decoded. None of the names may stand twice.
    ///
    /// # Errors
    /// [`ProviderError::Invalid`] for anything else.
    pub fn path_attributes(&self) -> Result<Vec<(String, String)>, ProviderError> {
        pairs(&self.path, ';')
    }

    /// The values behind `?`, decoded, in their order.
    #[must_use]
    pub fn query(&self) -> &[(String, String)] {
        &self.query
    }

    /// The value of one name behind `?`.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        let pair = self.query.iter().find(|(known, _)| known == name);
        pair.map(|(_, value)| value.as_str())
    }

    /// Refuses names behind `?` other than these, so that a misspelt one is no silent default.
    ///
    /// # Errors
    /// [`ProviderError::Invalid`] with the name.
    pub fn only(&self, names: &[&str]) -> Result<(), ProviderError> {
        match self
            .query
            .iter()
            .find(|(name, _)| !names.contains(&&**name))
        {
            None => Ok(()),
            Some((name, _)) => Err(ProviderError::Invalid(format!(
                "{name:?} means nothing in a URL of {}",
                self.scheme
            ))),
        }
    }
}

impl FromStr for ProviderUrl {
    type Err = ProviderError;

    fn from_str(url: &str) -> Result<Self, ProviderError> {
        // What is refused is not repeated: somebody may have put a secret in it.
        let refused = |why: &str| ProviderError::Invalid(format!("a provider's URL {why}"));
        if url.len() > MAX_URL {
            return Err(refused("has at most 4,096 octets"));
        }
        if url.chars().any(char::is_control) {
            return Err(refused("has no control characters"));
        }
        let (scheme, rest) = url
            .split_once(':')
            .ok_or_else(|| refused("begins with a scheme and a colon"))?;
        let is_scheme = scheme.starts_with(|first: char| first.is_ascii_lowercase())
            && scheme.len() <= 32
            && scheme
                .bytes()
                .all(|octet| octet.is_ascii_lowercase() || octet.is_ascii_digit() || octet == b'-');
        if !is_scheme {
            return Err(refused(
                "begins with a scheme of 1 to 32 lower-case letters, digits and hyphens",
            ));
        }
        let (path, query) = match rest.split_once('?') {
            Some((path, query)) => (path, pairs(query, '&')?),
            None => (rest, Vec::new()),
        };
        // A path may be a file's, with signs that attributes of RFC 7512 cannot have; then it holds no names.
        let names = path.split(';').filter_map(|part| part.split_once('='));
        if names.into_iter().any(|(name, _)| is_secret(name))
            || query.iter().any(|(name, _)| is_secret(name))
        {
            return Err(refused("holds no secrets: they are asked for"));
        }
        Ok(Self {
            scheme: scheme.to_owned(),
            path: path.to_owned(),
            query,
        })
    }
}

impl fmt::Display for ProviderUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.scheme, self.path)?;
        for (index, (name, value)) in self.query.iter().enumerate() {
            let sign = if index == 0 { '?' } else { '&' };
            write!(f, "{sign}{}={}", encoded(name), encoded(value))?;
        }
        Ok(())
    }
}

fn is_secret(name: &str) -> bool {
    SECRET_NAMES
        .iter()
        .any(|secret| name.eq_ignore_ascii_case(secret))
}

fn pairs(text: &str, between: char) -> Result<Vec<(String, String)>, ProviderError> {
    let mut found: Vec<(String, String)> = Vec::new();
    for pair in text.split(between).filter(|pair| !pair.is_empty()) {
        let (name, value) = pair
            .split_once('=')
            .ok_or_else(|| ProviderError::Invalid("a value in a URL has a name and =".into()))?;
        let (name, value) = (decoded(name)?, decoded(value)?);
        if name.is_empty() || found.iter().any(|(known, _)| *known == name) {
            return Err(ProviderError::Invalid(
                "a name in a URL is empty or stands there twice".into(),
            ));
        }
        found.push((name, value));
    }
    Ok(found)
}

fn decoded(text: &str) -> Result<String, ProviderError> {
    let refused = || ProviderError::Invalid("a URL whose percent-encoding cannot be read".into());
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(octet) = rest.next() {
        if octet != b'%' {
            octets.push(octet);
            continue;
        }
        let mut digit = || {
            let digit = char::from(rest.next()?).to_digit(16)?;
            u8::try_from(digit).ok()
        };
        let (high, low) = digit().zip(digit()).ok_or_else(refused)?;
        octets.push(high << 4 | low);
    }
    let text = String::from_utf8(octets).map_err(|_| refused())?;
    if text.chars().any(char::is_control) {
        return Err(refused());
    }
    Ok(text)
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|octet| match octet {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' | b':' => {
                char::from(octet).to_string()
            }
            _ => format!("%{octet:02X}"),
        })
        .collect()
}

/// What a provider asks its application for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SecretKind {
    /// The passphrase of a `file:` store.
    Passphrase,
    /// The user PIN of a token.
    Pin,
    /// The access key id of a service: a name, but it comes with the secret one.
    AccessKeyId,
    /// The secret access key of a service.
    SecretAccessKey,
    /// The session token of temporary credentials.
    SessionToken,
}

/// Brings secrets that providers ask for. Implemented for closures.
pub trait SecretSource: Send + Sync {
    /// The secret of this kind for the provider at `url`; `None` if there is none.
    fn secret(&self, kind: SecretKind, url: &ProviderUrl) -> Option<Zeroizing<String>>;
}

impl<F> SecretSource for F
where
    F: Fn(SecretKind, &ProviderUrl) -> Option<Zeroizing<String>> + Send + Sync,
{
    fn secret(&self, kind: SecretKind, url: &ProviderUrl) -> Option<Zeroizing<String>> {
        self(kind, url)
    }
}

#[cfg(test)]
mod tests {
    use super::ProviderUrl;

    fn url(text: &str) -> ProviderUrl {
        text.parse().unwrap()
    }

    #[test]
    fn a_url_comes_apart() {
        let file = url("file:/var/lib/a%20b/keys.db?region=eu");
        assert_eq!(
            (file.scheme(), &*file.path().unwrap(), file.value("region")),
            ("file", "/var/lib/a b/keys.db", Some("eu"))
        );
        assert_eq!(url(&file.to_string()), file);
        assert!(file.only(&["region"]).is_ok());
        assert!(file.only(&["endpoint"]).is_err());
        let token = url("pkcs11:token=My%20token;object=kek?module-path=/usr/lib/x.so");
        assert_eq!(
            token.path_attributes().unwrap(),
            [
                ("token".to_owned(), "My token".to_owned()),
                ("object".to_owned(), "kek".to_owned())
            ]
        );
        assert_eq!(token.value("module-path"), Some("/usr/lib/x.so"));
    }

    #[test]
    fn secrets_and_rubbish_are_refused_and_not_repeated() {
        for text in [
            "pkcs11:token=x?pin-value=1234",
            "pkcs11:token=x;pin-value=1234",
            "pkcs11:token=x?PIN-value=1234",
            "pkcs11:token=x?pin%2Dvalue=1234",
            "pkcs11:token=x?pin-source=file:1234",
            "file:/x?passphrase=1234",
            "",
            "1234",
            ":1234",
            "File:1234",
            "file:/x?1234",
            "file:/x?=1234",
            "file:/x?region=1234&region=1234",
            "file:/x?region=%",
            "file:/x?region=%1",
            "file:/x?region=%FF1234",
            "file:/x?region=%00",
            "file:/1234\n",
        ] {
            let error = text.parse::<ProviderUrl>().unwrap_err().to_string();
            assert!(!error.contains("1234"), "{text}: {error}");
        }
        assert!("f:".parse::<ProviderUrl>().is_ok());
        assert!(
            format!("f:{}", "x".repeat(4096))
                .parse::<ProviderUrl>()
                .is_err()
        );
    }
}
