//! Names in custody: their bounds, new ids, and how several are joined to be authenticated.

use std::fmt::Write;

use crate::error::Error;

use super::error::ProviderError;
use super::provider::KekSpec;

/// Most octets of a name.
pub(super) const MAX_NAME: usize = 255;

/// Refuses a name that is too long or has control characters.
pub(super) fn check(what: &str, name: &str) -> Result<(), ProviderError> {
    if name.len() > MAX_NAME || name.chars().any(char::is_control) {
        return Err(ProviderError::Invalid(format!(
            "a {what} has at most {MAX_NAME} octets and no control characters"
        )));
    }
    Ok(())
}

/// Refuses a KEK that there cannot be.
pub(super) fn check_spec(spec: &KekSpec) -> Result<(), ProviderError> {
    let id = &spec.kek.id;
    let is_id = (1..=64).contains(&id.len())
        && id
            .bytes()
            .all(|octet| octet.is_ascii_alphanumeric() || octet == b'-' || octet == b'_');
    if !is_id || spec.kek.version == 0 {
        return Err(ProviderError::Invalid(
            "a key's id has 1 to 64 letters, digits, - and _, its version is at least 1".into(),
        ));
    }
    check("tenant", &spec.tenant)?;
    check("region", &spec.region)?;
    check("purpose", &spec.purpose)
}

/// Octets as lower-case hexadecimal digits.
pub(super) fn hex(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |mut text, octet| {
        write!(text, "{octet:02x}").ok();
        text
    })
}

/// A new id: 16 octets from the operating system.
pub(super) fn new_id() -> Result<[u8; 16], Error> {
    let mut id = [0; 16];
    getrandom::fill(&mut id).map_err(|_| Error::EntropyUnavailable)?;
    Ok(id)
}

/// A label and fields, each with its length in 16 bits before it; fields are names and numbers of ours, checked to be shorter than that.
pub(super) fn joined(label: &str, fields: &[&[u8]]) -> Vec<u8> {
    let mut octets = label.as_bytes().to_vec();
    for field in fields {
        let len = u16::try_from(field.len()).unwrap_or(u16::MAX);
        octets.extend_from_slice(&len.to_be_bytes());
        octets.extend_from_slice(field);
    }
    octets
}
