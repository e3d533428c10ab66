//! Who holds key encryption keys: by URL, by module, by functions of the application.

use core::ffi::{c_char, c_void};
use core::ptr::null_mut;
use std::sync::Arc;

use super::foreign_provider::ForeignProvider;
use super::hooks::{Hook, Secrets, field};
use super::text_or_empty;
use crate::ffi::boundary::enter;
use crate::ffi::convert::{Out, SizedOut, sized, text};
use crate::ffi::handle::{Object, close_shared, free_shared, new_shared, shared};
use crate::ffi::locked::{params_of, passphrase};
use crate::ffi::numbers::{
    MEDIASEAL_PROTECTION_HARDWARE, MEDIASEAL_PROTECTION_REMOTE, MEDIASEAL_PROTECTION_SOFTWARE,
    MEDIASEAL_PROVIDER_EXPORTABLE,
};
use crate::ffi::provider_types::{
    mediaseal_provider, mediaseal_provider_info, mediaseal_provider_vtable,
    mediaseal_secret_callback,
};
use crate::ffi::status::{Fault, MEDIASEAL_ERR_PROVIDER_UNSUPPORTED, mediaseal_status};
use crate::ffi::types::mediaseal_destructor;
#[cfg(feature = "keychain")]
use crate::vault::custody::keychain::KeychainProvider;
use crate::vault::custody::{
    FileProvider, KeyProvider, Protection, ProviderError, ProviderInfo, open_file, open_provider,
};

/// A provider, shared with the custody that uses it.
#[derive(Clone)]
pub(in crate::ffi) struct Held {
    pub(super) provider: Arc<dyn KeyProvider>,
    pub(super) own: Own,
}

/// Providers that can do more than every provider.
#[derive(Clone)]
pub(super) enum Own {
    File(Arc<FileProvider>),
    #[cfg(feature = "keychain")]
    Keychain(Arc<KeychainProvider>),
    Other,
}

impl Held {
    fn file(provider: FileProvider) -> Self {
        let file = Arc::new(provider);
        Self {
            provider: Arc::<FileProvider>::clone(&file),
            own: Own::File(file),
        }
    }

    #[cfg(feature = "keychain")]
    pub(super) fn keychain(provider: KeychainProvider) -> Self {
        let keychain = Arc::new(provider);
        Self {
            provider: Arc::<KeychainProvider>::clone(&keychain),
            own: Own::Keychain(keychain),
        }
    }

    fn other(provider: Arc<dyn KeyProvider>) -> Self {
        Self {
            provider,
            own: Own::Other,
        }
    }
}

impl Object for mediaseal_provider {
    type Value = Held;
    const TAG: u32 = 0x6d73_000b;
}

/// Makes a store of KEKs in the file `path`, for this user alone on Unix, sealed under a passphrase, and opens it as a provider.
///
/// Borrows `path`, `region` (where it is; NULL if it does not matter), `passphrase` and `params`, which mediaseal_passphrase_params_generate made; the caller wipes his passphrase. Writes a new
/// object to `out_provider`, which the caller ends with mediaseal_provider_free. It is opened later by mediaseal_provider_open with the URL `file:PATH`.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_VAULT_ARGUMENT if there is a store already, MEDIASEAL_ERR_PASSPHRASE_LENGTH, MEDIASEAL_ERR_PASSPHRASE_PARAMS, MEDIASEAL_ERR_PROVIDER_UNAVAILABLE
/// for a full disk, MEDIASEAL_ERR_OUT_OF_MEMORY, MEDIASEAL_ERR_ENTROPY, MEDIASEAL_ERR_NOT_UTF8, MEDIASEAL_ERR_NULL_POINTER. Any thread. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_provider_create_file(
    path: *const c_char,
    region: *const c_char,
    passphrase: *const u8,
    passphrase_len: usize,
    params: *const c_char,
    out_provider: *mut *mut mediaseal_provider,
) -> mediaseal_status {
    let out = Out::new(out_provider, null_mut());
    enter(|| {
        let out = out?;
        let (path, region) = (text(path)?, text_or_empty(region)?);
        let passphrase = self::passphrase(passphrase, passphrase_len)?;
        let provider = FileProvider::create(path, region, passphrase, &params_of(params)?)?;
        out.write(new_shared(Held::file(provider)));
        Ok(())
    })
}

/// Opens the provider that a URL names; it makes none. `file:PATH[?region=REGION]`, and `awskms:REGION…` in a library with the feature `awskms`.
///
/// Borrows `url`, which holds no secret: `secret` is asked for those; it may be NULL for a provider that needs none. `secret` and `user_data` are consumed, on success alone; `destroy`, which may be
/// NULL, ends `user_data`. Writes a new object to `out_provider`, which the caller ends with mediaseal_provider_free.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_VAULT_ARGUMENT for a URL that cannot be read, of a scheme that this library has not, or that names no store, MEDIASEAL_ERR_PROVIDER_ACCESS for a secret
/// that is missing or wrong, MEDIASEAL_ERR_PROVIDER_UNAVAILABLE, MEDIASEAL_ERR_VAULT_DAMAGED, MEDIASEAL_ERR_NOT_UTF8, MEDIASEAL_ERR_NULL_POINTER. Any thread. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_provider_open(
    url: *const c_char,
    secret: mediaseal_secret_callback,
    user_data: *mut c_void,
    destroy: mediaseal_destructor,
    out_provider: *mut *mut mediaseal_provider,
) -> mediaseal_status {
    let out = Out::new(out_provider, null_mut());
    enter(|| {
        let out = out?;
        let url = text(url)?;
        let hook = secret.map(|call| Hook::new(call, user_data, destroy));
        let provider = open(url, Secrets(hook.clone()))?;
        if let Some(hook) = hook {
            hook.take_over();
        }
        out.write(new_shared(provider));
        Ok(())
    })
}

fn open(url: &str, secrets: Secrets) -> Result<Held, ProviderError> {
    if url.starts_with("file:") {
        return Ok(Held::file(open_file(&url.parse()?, &secrets)?));
    }
    #[cfg(feature = "awskms")]
    if url.starts_with("awskms:") {
        use crate::vault::custody::awskms::{KmsOptions, KmsProvider};
        let provider = KmsProvider::open(&url.parse()?, secrets, &KmsOptions::default())?;
        return Ok(Held::other(Arc::new(provider)));
    }
    open_provider(url, &secrets).map(Held::other)
}

/// Opens a token of a PKCS #11 module, `pkcs11:token=…` (RFC 7512), as a provider.
///
/// `module` is the module's absolute path: a library whose code runs in this process, so it comes from the application and no URL names one. The rest is as in mediaseal_provider_open; `secret` is asked for
/// MEDIASEAL_SECRET_PIN whenever a session is logged in.
///
/// Returns what mediaseal_provider_open returns, MEDIASEAL_ERR_PROVIDER_UNSUPPORTED for a token without AES-GCM and AES-KW, MEDIASEAL_ERR_PROVIDER_FAILED for a file that is no module. Any thread. Since 0.1.
#[cfg(feature = "pkcs11")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_provider_open_pkcs11(
    module: *const c_char,
    url: *const c_char,
    secret: mediaseal_secret_callback,
    user_data: *mut c_void,
    destroy: mediaseal_destructor,
    out_provider: *mut *mut mediaseal_provider,
) -> mediaseal_status {
    use crate::vault::custody::pkcs11::{Pkcs11Module, Pkcs11Provider, TokenWrapping};
    let out = Out::new(out_provider, null_mut());
    enter(|| {
        let out = out?;
        let (module, url) = (text(module)?, text(url)?);
        let url = url
            .parse()
            .map_err(|error: ProviderError| Fault::from(error))?;
        let hook = secret.map(|call| Hook::new(call, user_data, destroy));
        let module = Pkcs11Module::load(module)?;
        let secrets = Secrets(hook.clone());
        let provider = Pkcs11Provider::open(&module, &url, secrets, TokenWrapping::Best)?;
        if let Some(hook) = hook {
            hook.take_over();
        }
        out.write(new_shared(Held::other(Arc::new(provider))));
        Ok(())
    })
}

/// Makes a provider of functions of the application, which can be used wherever one of a URL can.
///
/// Copies `vtable`; consumes its user_data, on success alone. Writes a new object to `out_provider`, which the caller ends with mediaseal_provider_free. What the functions write is looked at: a key that comes
/// back as it went in, nothing at all, or octets outside of the room are MEDIASEAL_ERR_PROVIDER_FAILED, and nothing of it is used.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_NULL_POINTER also for a function that is missing, MEDIASEAL_ERR_VAULT_ARGUMENT for names that there cannot be, MEDIASEAL_ERR_UNKNOWN_VALUE, MEDIASEAL_ERR_STRUCT_SIZE,
/// MEDIASEAL_ERR_NOT_UTF8. Any thread. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_provider_new(
    vtable: *const mediaseal_provider_vtable,
    out_provider: *mut *mut mediaseal_provider,
) -> mediaseal_status {
    let out = Out::new(out_provider, null_mut());
    enter(|| {
        let out = out?;
        let provider = ForeignProvider::new(&sized(vtable)?)?;
        provider.hook.take_over();
        out.write(new_shared(Held::other(Arc::new(provider))));
        Ok(())
    })
}

/// Writes what a provider says of itself to `out_info`.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_STRUCT_SIZE. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_provider_describe(
    provider: *const mediaseal_provider,
    out_info: *mut mediaseal_provider_info,
) -> mediaseal_status {
    let out = SizedOut::new(out_info);
    shared(provider, |provider| {
        out?.write(&mediaseal_provider_info::of(&provider.provider.describe()));
        Ok(())
    })
}

/// Changes the passphrase of a `file:` store: all its KEKs are sealed anew under the new one; what they wrapped stays as it is. Copies of the old file still open with the old passphrase, and other objects over
/// the same file are refused until they are opened anew.
///
/// Borrows the passphrases, which the caller wipes, and `params`, which mediaseal_passphrase_params_generate made anew.
///
/// Returns MEDIASEAL_OK; MEDIASEAL_ERR_PROVIDER_ACCESS if `old_passphrase` is wrong: nothing is changed then, or with any other status; MEDIASEAL_ERR_PROVIDER_UNSUPPORTED for a provider of another kind,
/// MEDIASEAL_ERR_PASSPHRASE_LENGTH, MEDIASEAL_ERR_PASSPHRASE_PARAMS, MEDIASEAL_ERR_PROVIDER_UNAVAILABLE, MEDIASEAL_ERR_VAULT_DAMAGED, MEDIASEAL_ERR_OUT_OF_MEMORY, MEDIASEAL_ERR_NOT_UTF8, MEDIASEAL_ERR_CLOSED,
/// MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_provider_change_passphrase(
    provider: *const mediaseal_provider,
    old_passphrase: *const u8,
    old_len: usize,
    new_passphrase: *const u8,
    new_len: usize,
    params: *const c_char,
) -> mediaseal_status {
    shared(provider, |held| {
        let Own::File(file) = &held.own else {
            return Err(Fault(MEDIASEAL_ERR_PROVIDER_UNSUPPORTED));
        };
        let old = passphrase(old_passphrase, old_len)?;
        let new = passphrase(new_passphrase, new_len)?;
        Ok(file.change_passphrase(old, new, &params_of(params)?)?)
    })
}

/// Looks whether the file of a `file:` store is whole, and every KEK in it opens.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_VAULT_DAMAGED, MEDIASEAL_ERR_PROVIDER_UNSUPPORTED for a provider of another kind, MEDIASEAL_ERR_PROVIDER_ACCESS if its passphrase was changed by another object, MEDIASEAL_ERR_CLOSED,
/// MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_provider_verify(
    provider: *const mediaseal_provider,
) -> mediaseal_status {
    shared(provider, |held| match &held.own {
        Own::File(file) => Ok(file.verify()?),
        _ => Err(Fault(MEDIASEAL_ERR_PROVIDER_UNSUPPORTED)),
    })
}

/// Ends the use of a provider by this object; custody that was opened with it goes on with it.
///
/// Returns MEDIASEAL_OK, also if it is closed already; MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_BAD_HANDLE. Any thread, at any time. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_provider_close(
    provider: *mut mediaseal_provider,
) -> mediaseal_status {
    close_shared(provider)
}

/// Frees a provider, the last use of it. NULL is accepted. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_provider_free(provider: *mut mediaseal_provider) {
    free_shared(provider);
}

impl mediaseal_provider_info {
    fn of(info: &ProviderInfo) -> Self {
        Self {
            struct_size: 0,
            protection: match info.protection {
                Protection::Software => MEDIASEAL_PROTECTION_SOFTWARE,
                Protection::Hardware => MEDIASEAL_PROTECTION_HARDWARE,
                Protection::Remote => MEDIASEAL_PROTECTION_REMOTE,
            },
            flags: if info.exportable {
                MEDIASEAL_PROVIDER_EXPORTABLE
            } else {
                0
            },
            reserved: 0,
            scheme: field(&info.scheme),
            id: field(&info.id),
            region: field(&info.region),
        }
    }
}
