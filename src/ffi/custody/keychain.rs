//! A keychain of the application's: where the master key of a `keychain:` provider is.

use core::any::Any;
use core::ffi::{c_char, c_void};
use core::fmt;
use core::ptr::null_mut;
use std::collections::HashMap;
use std::ffi::CString;
use std::sync::Arc;

use keyring_core::api::{Credential, CredentialApi, CredentialStore, CredentialStoreApi};
use keyring_core::{Entry, Error as Keyring};
use zeroize::Zeroizing;

use super::hooks::Hook;
use super::provider::{Held, Own};
use crate::ffi::boundary::{CallbackScope, enter};
use crate::ffi::convert::{Out, sized, text};
use crate::ffi::handle::{new_shared, shared};
use crate::ffi::numbers::MEDIASEAL_SECRET_MAX_LEN;
use crate::ffi::provider_types::{mediaseal_keychain_vtable, mediaseal_provider};
use crate::ffi::status::{
    Fault, MEDIASEAL_ERR_KEY_NOT_FOUND, MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_PROVIDER_ACCESS,
    MEDIASEAL_ERR_PROVIDER_UNAVAILABLE, MEDIASEAL_ERR_PROVIDER_UNSUPPORTED,
    MEDIASEAL_ERR_UNKNOWN_VALUE, MEDIASEAL_OK, Outcome, mediaseal_status,
};
use crate::vault::custody::keychain::KeychainProvider;
use crate::vault::custody::{ProviderError, ProviderUrl};

type Get = unsafe extern "C" fn(
    *mut c_void,
    *const c_char,
    *const c_char,
    *mut u8,
    usize,
    *mut usize,
) -> mediaseal_status;
type Set = unsafe extern "C" fn(
    *mut c_void,
    *const c_char,
    *const c_char,
    *const u8,
    usize,
) -> mediaseal_status;
type Remove = unsafe extern "C" fn(*mut c_void, *const c_char, *const c_char) -> mediaseal_status;

/// The functions of a vtable.
struct Functions {
    get: Get,
    set: Set,
    remove: Remove,
}

/// A keychain of functions.
struct ForeignKeychain(Arc<Hook<Functions>>);

/// One entry of it.
struct ForeignEntry {
    hook: Arc<Hook<Functions>>,
    service: CString,
    user: CString,
}

/// What a function answered. Its texts would be of the application; there are none.
fn read(status: mediaseal_status) -> keyring_core::Result<()> {
    let said = || format!("the application's keychain says {status}").into();
    Err(match status {
        MEDIASEAL_OK => return Ok(()),
        MEDIASEAL_ERR_KEY_NOT_FOUND => Keyring::NoEntry,
        MEDIASEAL_ERR_PROVIDER_ACCESS | MEDIASEAL_ERR_PROVIDER_UNAVAILABLE => {
            Keyring::NoStorageAccess(said())
        }
        status => Keyring::NotSupportedByStore(format!("the application's keychain says {status}")),
    })
}

impl CredentialApi for ForeignEntry {
    fn set_secret(&self, secret: &[u8]) -> keyring_core::Result<()> {
        let scope = CallbackScope::enter();
        // SAFETY: the function is what the header asks for: it reads the texts and the secret until it returns.
        let status = unsafe {
            (self.hook.call.set)(
                self.hook.user_data(),
                self.service.as_ptr(),
                self.user.as_ptr(),
                secret.as_ptr(),
                secret.len(),
            )
        };
        drop(scope);
        read(status)
    }

    fn get_secret(&self) -> keyring_core::Result<Vec<u8>> {
        let mut room = Zeroizing::new(vec![0_u8; MEDIASEAL_SECRET_MAX_LEN]);
        let mut len = 0;
        let scope = CallbackScope::enter();
        // SAFETY: the function is what the header asks for: it reads the texts, and writes the room within its length, and `len`.
        let status = unsafe {
            (self.hook.call.get)(
                self.hook.user_data(),
                self.service.as_ptr(),
                self.user.as_ptr(),
                room.as_mut_ptr(),
                room.len(),
                &raw mut len,
            )
        };
        drop(scope);
        read(status)?;
        let secret = room.get(..len).ok_or_else(|| {
            Keyring::NotSupportedByStore("the application's keychain wrote too much".to_owned())
        })?;
        // The provider wipes it.
        Ok(secret.to_vec())
    }

    fn delete_credential(&self) -> keyring_core::Result<()> {
        let scope = CallbackScope::enter();
        // SAFETY: the function is what the header asks for: it reads the texts until it returns.
        let status = unsafe {
            (self.hook.call.remove)(
                self.hook.user_data(),
                self.service.as_ptr(),
                self.user.as_ptr(),
            )
        };
        drop(scope);
        read(status)
    }

    fn get_credential(&self) -> keyring_core::Result<Option<Arc<Credential>>> {
        Ok(None)
    }

    fn get_specifiers(&self) -> Option<(String, String)> {
        let text = |text: &CString| text.to_str().ok().map(str::to_owned);
        Some((text(&self.service)?, text(&self.user)?))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn debug_fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForeignEntry").finish_non_exhaustive()
    }
}

impl CredentialStoreApi for ForeignKeychain {
    fn vendor(&self) -> String {
        "application".to_owned()
    }

    fn id(&self) -> String {
        "mediaseal_keychain_vtable".to_owned()
    }

    fn build(
        &self,
        service: &str,
        user: &str,
        _modifiers: Option<&HashMap<&str, &str>>,
    ) -> keyring_core::Result<Entry> {
        let c = |text: &str| {
            let zero = |_| Keyring::Invalid("name".to_owned(), "a zero octet".to_owned());
            CString::new(text).map_err(zero)
        };
        Ok(Entry::new_with_credential(Arc::new(ForeignEntry {
            hook: Arc::clone(&self.0),
            service: c(service)?,
            user: c(user)?,
        })))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn debug_fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForeignKeychain").finish_non_exhaustive()
    }
}

/// Makes a provider over a keychain of functions, and takes the functions over if that went well.
fn begin(
    url: *const c_char,
    keychain: *const mediaseal_keychain_vtable,
    out: &Out<*mut mediaseal_provider>,
    begin: impl FnOnce(Arc<CredentialStore>, &ProviderUrl) -> Result<KeychainProvider, ProviderError>,
) -> Outcome {
    let url: ProviderUrl = text(url)?.parse()?;
    let vtable = sized(keychain)?;
    if vtable.reserved != 0 {
        return Err(Fault(MEDIASEAL_ERR_UNKNOWN_VALUE));
    }
    let missing = Fault(MEDIASEAL_ERR_NULL_POINTER);
    let functions = Functions {
        get: vtable.get.ok_or(missing)?,
        set: vtable.set.ok_or(missing)?,
        remove: vtable.remove.ok_or(missing)?,
    };
    let hook = Hook::new(functions, vtable.user_data, vtable.destroy);
    let keychain = Arc::new(ForeignKeychain(Arc::clone(&hook)));
    let provider = begin(keychain, &url)?;
    hook.take_over();
    out.write(new_shared(Held::keychain(provider)));
    Ok(())
}

/// Makes a provider whose KEKs are in a file and whose master key is in a keychain of the application's: `keychain:PATH?service=NAME&user=NAME[&region=REGION]`.
///
/// Borrows `url`; copies `keychain` and consumes its user_data, on success alone. Which keychain it asks (Secret Service, macOS Keychain, Windows Credential Manager, one of its own) is the application's choice. Draws
/// the master key, makes the file for this user alone on Unix, and writes a new object to `out_provider`, which the caller ends with mediaseal_provider_free. Later it is opened by mediaseal_provider_open_keychain.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_VAULT_ARGUMENT for a URL that is none, or if entry or file is there already; MEDIASEAL_ERR_PROVIDER_UNAVAILABLE if the keychain is locked or away,
/// MEDIASEAL_ERR_PROVIDER_FAILED if it did not keep the key, MEDIASEAL_ERR_ENTROPY, MEDIASEAL_ERR_NULL_POINTER also for a function that is missing, MEDIASEAL_ERR_UNKNOWN_VALUE, MEDIASEAL_ERR_STRUCT_SIZE,
/// MEDIASEAL_ERR_NOT_UTF8. Any thread. Since 0.1.
#[cfg(feature = "keychain")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_provider_create_keychain(
    url: *const c_char,
    keychain: *const mediaseal_keychain_vtable,
    out_provider: *mut *mut mediaseal_provider,
) -> mediaseal_status {
    let out = Out::new(out_provider, null_mut());
    enter(|| begin(url, keychain, &out?, KeychainProvider::create))
}

/// Opens what mediaseal_provider_create_keychain made.
///
/// Borrows `url`; copies `keychain` and consumes its user_data, on success alone. Writes a new object to `out_provider`, which the caller ends with mediaseal_provider_free.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_PROVIDER_ACCESS if the keychain has no master key of this name, or another file's; MEDIASEAL_ERR_VAULT_ARGUMENT if there is no file, or it is of another region;
/// MEDIASEAL_ERR_VAULT_DAMAGED, and what mediaseal_provider_create_keychain returns. Any thread. Since 0.1.
#[cfg(feature = "keychain")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_provider_open_keychain(
    url: *const c_char,
    keychain: *const mediaseal_keychain_vtable,
    out_provider: *mut *mut mediaseal_provider,
) -> mediaseal_status {
    let out = Out::new(out_provider, null_mut());
    enter(|| begin(url, keychain, &out?, KeychainProvider::open))
}

/// Takes a new master key for a provider over a keychain: all its KEKs are sealed anew; what they wrapped stays as it is. Cut short at any point, mediaseal_provider_open_keychain opens with the old one or the new.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_PROVIDER_UNSUPPORTED for a provider of another kind, MEDIASEAL_ERR_PROVIDER_UNAVAILABLE, MEDIASEAL_ERR_PROVIDER_ACCESS, MEDIASEAL_ERR_VAULT_DAMAGED, MEDIASEAL_ERR_CLOSED,
/// MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
#[cfg(feature = "keychain")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_provider_rotate_master(
    provider: *const mediaseal_provider,
) -> mediaseal_status {
    shared(provider, |held| match &held.own {
        Own::Keychain(provider) => Ok(provider.rotate_master()?),
        _ => Err(Fault(MEDIASEAL_ERR_PROVIDER_UNSUPPORTED)),
    })
}
