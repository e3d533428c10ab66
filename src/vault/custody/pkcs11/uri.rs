//! Which token a URL names: the path attributes of RFC 7512 that tell tokens and slots apart, read strictly.

use std::fmt;

use cryptoki::slot::TokenInfo;

use crate::vault::custody::{ProviderError, ProviderUrl};

/// The token that a URL of the scheme `pkcs11` names (RFC 7512).
///
/// `token`, `manufacturer`, `model`, `serial` and `slot-id` may stand in it, each once, at least one of `token` and `serial`
/// among them; all that stand there must fit. Everything else is refused instead of passed over: a misspelt name must not
/// widen what fits, `object`, `id` and `type` name no token, and `module-path`, `module-name`, `pin-value` and `pin-source`
/// are for the application's configuration and not for a string that comes out of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenName {
    label: Option<String>,
    manufacturer: Option<String>,
    model: Option<String>,
    serial: Option<String>,
    slot_id: Option<u64>,
}

impl TokenName {
    /// Reads the token's name from the path of `url`.
    ///
    /// # Errors
    /// [`ProviderError::Invalid`] with the attribute that does not belong there, or that is too long for any token.
    pub fn from_url(url: &ProviderUrl) -> Result<Self, ProviderError> {
        if url.scheme() != "pkcs11" {
            return Err(invalid("a URL of PKCS #11 begins with \"pkcs11:\""));
        }
        if let Some(name) = ["module-path", "module-name"]
            .into_iter()
            .find(|name| url.value(name).is_some())
        {
            return Err(ProviderError::Invalid(format!(
                "{name} in a URL: which module is loaded, the application's configuration says"
            )));
        }
        url.only(&["region"])?;
        if !url.raw_path().bytes().all(is_allowed) {
            return Err(invalid(
                "a URL of PKCS #11 has octets in it that RFC 7512 wants percent-encoded",
            ));
        }
        if url.raw_path().starts_with(';')
            || url.raw_path().ends_with(';')
            || url.raw_path().contains(";;")
        {
            return Err(invalid("a URL of PKCS #11 has an empty attribute"));
        }
        let mut name = Self::default();
        for (attribute, value) in url.path_attributes()? {
            // What a token says of itself is that long (CK_TOKEN_INFO): what is longer fits none.
            let (place, most) = match attribute.as_str() {
                "token" => (&mut name.label, 32),
                "manufacturer" => (&mut name.manufacturer, 32),
                "model" => (&mut name.model, 16),
                "serial" => (&mut name.serial, 16),
                "slot-id" => {
                    name.slot_id = Some(slot_id(&value)?);
                    continue;
                }
                _ => {
                    return Err(ProviderError::Invalid(format!(
                        "{attribute:?} in a URL of PKCS #11: a token is named by token, manufacturer, model, serial and slot-id"
                    )));
                }
            };
            if value.is_empty() || value.len() > most {
                return Err(ProviderError::Invalid(format!(
                    "{attribute} in a URL of PKCS #11 has 1 to {most} octets"
                )));
            }
            *place = Some(value);
        }
        if name.label.is_none() && name.serial.is_none() {
            return Err(invalid(
                "a URL of PKCS #11 names its token by token= or serial=",
            ));
        }
        Ok(name)
    }

    /// Whether `token`, in the slot `slot_id`, has this name.
    pub(super) fn fits(&self, slot_id: u64, token: &TokenInfo) -> bool {
        let fits = |wanted: &Option<String>, value: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted == value)
        };
        fits(&self.label, token.label())
            && fits(&self.manufacturer, token.manufacturer_id())
            && fits(&self.model, token.model())
            && fits(&self.serial, token.serial_number())
            && self.slot_id.is_none_or(|wanted| wanted == slot_id)
    }
}

impl fmt::Display for TokenName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slot_id = self.slot_id.map(|id| id.to_string());
        let attributes = [
            ("token", &self.label),
            ("manufacturer", &self.manufacturer),
            ("model", &self.model),
            ("serial", &self.serial),
            ("slot-id", &slot_id),
        ];
        let mut before = "pkcs11:";
        for (attribute, value) in attributes {
            if let Some(value) = value {
                write!(f, "{before}{attribute}={}", encoded(value))?;
                before = ";";
            }
        }
        Ok(())
    }
}

fn invalid(why: &str) -> ProviderError {
    ProviderError::Invalid(why.to_owned())
}

/// A decimal number without sign, space or leading zeros.
fn slot_id(text: &str) -> Result<u64, ProviderError> {
    let is_number =
        text.bytes().all(|octet| octet.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse()
        .ok()
        .filter(|_| is_number)
        .ok_or_else(|| invalid("slot-id in a URL of PKCS #11 is a decimal number"))
}

/// Whether RFC 7512 lets an octet stand in a path: `pk11-pchar`, the separators, and `%`.
fn is_allowed(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"-._~:[]@!$'()*+,=&;%".contains(&octet)
}

/// `value`, percent-encoded.
fn encoded(value: &str) -> String {
    value
        .bytes()
        .map(|octet| {
            if octet.is_ascii_alphanumeric() || b"-._~".contains(&octet) {
                char::from(octet).to_string()
            } else {
                format!("%{octet:02X}")
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    use super::TokenName;
    use crate::vault::custody::{ProviderError, ProviderUrl};

    fn read(url: &str) -> Result<TokenName, ProviderError> {
        TokenName::from_url(&url.parse::<ProviderUrl>()?)
    }

    #[test]
    fn tokens_are_named_as_in_rfc_7512() {
        let name = read("pkcs11:token=The%20Software%20PKCS%2311%20Softtoken;manufacturer=Snake%20Oil,%20Inc.;serial=0123;model=1.0")
            .unwrap();
        assert_eq!(
            name.label.as_deref(),
            Some("The Software PKCS#11 Softtoken")
        );
        assert_eq!(name.manufacturer.as_deref(), Some("Snake Oil, Inc."));
        assert_eq!(name.serial.as_deref(), Some("0123"));
        assert_eq!(
            read("pkcs11:serial=a;slot-id=327?region=eu")
                .unwrap()
                .slot_id,
            Some(327)
        );
        // The order of attributes says nothing.
        assert_eq!(
            read("pkcs11:serial=1;token=2").unwrap(),
            read("pkcs11:token=2;serial=1").unwrap()
        );
    }

    #[test]
    fn what_would_widen_or_load_or_tell_is_refused() {
        for url in [
            "pkcs11:",
            "pkcs11:slot-id=1",
            "pkcs11:manufacturer=x",
            "file:token=x",
            "pkcs11:token",
            "pkcs11:token=",
            "pkcs11:token=x;",
            "pkcs11:;token=x",
            "pkcs11:token=x;;serial=1",
            "pkcs11:token=x;token=y",
            "pkcs11:Token=x",
            "pkcs11:token=x;object=y",
            "pkcs11:token=x;id=%01",
            "pkcs11:token=x;type=secret-key",
            "pkcs11:token=x;x-vendor=1",
            "pkcs11:token=x y",
            "pkcs11:token=x/y",
            "pkcs11:token=x#y",
            "pkcs11:token=\u{e9}",
            "pkcs11:token=%",
            "pkcs11:token=%0",
            "pkcs11:token=%zz",
            "pkcs11:token=%ff",
            "pkcs11:token=x%00",
            "pkcs11:token=123456789012345678901234567890123",
            "pkcs11:serial=12345678901234567",
            "pkcs11:token=x;slot-id=",
            "pkcs11:token=x;slot-id=+1",
            "pkcs11:token=x;slot-id=01",
            "pkcs11:token=x;slot-id=0x1",
            "pkcs11:token=x;slot-id=99999999999999999999",
            "pkcs11:token=x?module-path=/tmp/evil.so",
            "pkcs11:token=x?module-name=evil",
            "pkcs11:token=x;module-path=/tmp/evil.so",
            "pkcs11:token=x?pin-value=1234",
            "pkcs11:token=x?pin-source=file:/etc/pin",
            "pkcs11:token=x?regoin=eu",
        ] {
            let error = read(url).unwrap_err();
            assert!(matches!(error, ProviderError::Invalid(_)), "{url}: {error}");
            assert!(
                !error.to_string().contains("1234") && !error.to_string().contains("evil"),
                "{url}: {error}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(path in any::<String>()) {
            if let Ok(name) = read(&format!("pkcs11:{path}")) {
                prop_assert_eq!(read(&name.to_string()).unwrap(), name);
            }
        }

        #[test]
        fn what_is_almost_a_url_is_read_or_refused(
            path in "((token|serial|model|manufacturer|slot-id|object|pin-value)(=|==|%3D)?([a-z0-9%;=&? ]|%2[0-9A-F]){0,6}[;?]?){0,5}",
        ) {
            if let Ok(name) = read(&format!("pkcs11:{path}")) {
                prop_assert_eq!(read(&name.to_string()).unwrap(), name);
            }
        }

        #[test]
        fn any_label_survives_its_encoding(label in "[^\\p{Cc}]{1,8}", serial in "[!-~]{1,16}") {
            let name = TokenName { label: Some(label), serial: Some(serial), ..TokenName::default() };
            prop_assert!(name.label.as_ref().is_some_and(|label| label.len() > 32) || read(&name.to_string()).as_ref().ok() == Some(&name));
        }
    }
}
