//! Custody of keys, and its providers, for C. Nothing here is on a frame's way.

mod foreign_provider;
mod hooks;
pub(super) mod inspect;
pub(super) mod keks;
#[cfg(feature = "keychain")]
pub(super) mod keychain;
pub(super) mod keys;
pub(super) mod provider;
pub(super) mod store;

use core::ffi::c_char;

use super::convert::{items, sized, text};
use super::numbers::{MEDIASEAL_ACCESS_ACCEPT_COMPROMISED, MEDIASEAL_ACCESS_MFA};
use super::status::{Fault, MEDIASEAL_ERR_UNKNOWN_VALUE};
use super::vault_types::{mediaseal_access, mediaseal_attribute, mediaseal_kek};
use crate::vault::custody::{Access, KekRef};

/// A text, where NULL stands for an empty one.
fn text_or_empty<'a>(pointer: *const c_char) -> Result<&'a str, Fault> {
    if pointer.is_null() {
        Ok("")
    } else {
        text(pointer)
    }
}

/// Who asks.
fn access_of(access: *const mediaseal_access) -> Result<Access, Fault> {
    let given = sized(access)?;
    let known = MEDIASEAL_ACCESS_MFA | MEDIASEAL_ACCESS_ACCEPT_COMPROMISED;
    if given.flags & !known != 0 {
        return Err(Fault(MEDIASEAL_ERR_UNKNOWN_VALUE));
    }
    let mut access = Access::of(text(given.principal)?);
    access.mfa = given.flags & MEDIASEAL_ACCESS_MFA != 0;
    access.accept_compromised = given.flags & MEDIASEAL_ACCESS_ACCEPT_COMPROMISED != 0;
    access.address = text_or_empty(given.address)?.to_owned();
    let attributes: &[mediaseal_attribute] = items(given.attributes, given.attribute_count)?;
    for attribute in attributes {
        let (name, value) = (text(attribute.name)?, text(attribute.value)?);
        access.attributes.insert(name.to_owned(), value.to_owned());
    }
    Ok(access)
}

/// One version of a KEK.
fn kek_of(id: *const c_char, version: u32) -> Result<KekRef, Fault> {
    Ok(KekRef {
        id: text(id)?.to_owned(),
        version,
    })
}

impl mediaseal_kek {
    fn of(kek: &KekRef) -> Self {
        Self {
            struct_size: 0,
            version: kek.version,
            id: hooks::field(&kek.id),
        }
    }
}
