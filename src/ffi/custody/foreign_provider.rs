//! A provider made of C functions: a vtable as a [`KeyProvider`], watched at every call.

use core::ffi::{c_char, c_void};
use std::ffi::CString;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::hooks::{Hook, size_of_struct};
use crate::ffi::boundary::CallbackScope;
use crate::ffi::convert::text;
use crate::ffi::numbers::{
    MEDIASEAL_ENFORCED_BY_CUSTODY, MEDIASEAL_ENFORCED_BY_PROVIDER, MEDIASEAL_PROTECTION_HARDWARE,
    MEDIASEAL_PROTECTION_REMOTE, MEDIASEAL_PROTECTION_SOFTWARE, MEDIASEAL_PROVIDER_EXPORTABLE,
};
use crate::ffi::provider_types::{mediaseal_kek_spec, mediaseal_provider_vtable};
use crate::ffi::status::{
    Fault, MEDIASEAL_ERR_KEY_DESTROYED, MEDIASEAL_ERR_KEY_EXISTS, MEDIASEAL_ERR_KEY_NOT_FOUND,
    MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_PROVIDER_ACCESS, MEDIASEAL_ERR_PROVIDER_REFUSED,
    MEDIASEAL_ERR_PROVIDER_UNAVAILABLE, MEDIASEAL_ERR_PROVIDER_UNSUPPORTED,
    MEDIASEAL_ERR_UNKNOWN_VALUE, MEDIASEAL_ERR_VAULT_ARGUMENT, MEDIASEAL_ERR_VAULT_DAMAGED,
    MEDIASEAL_ERR_WRAPPED_KEY, MEDIASEAL_OK, mediaseal_status,
};
use crate::vault::custody::{
    Destruction, Enforcement, KekRef, KekSpec, KeyProvider, KeyState, Protection, ProviderError,
    ProviderInfo,
};
use crate::vault::{Dek, WrapAlgorithm, WrapContext, WrappedKey};

type Create = unsafe extern "C" fn(*mut c_void, *const mediaseal_kek_spec) -> mediaseal_status;
type Wrap = unsafe extern "C" fn(
    *mut c_void,
    *const c_char,
    u32,
    *const u8,
    *const u8,
    usize,
    *mut u8,
    usize,
    *mut usize,
) -> mediaseal_status;
type Unwrap = unsafe extern "C" fn(
    *mut c_void,
    *const c_char,
    u32,
    *const u8,
    usize,
    *const u8,
    usize,
    *mut u8,
) -> mediaseal_status;
type SetState =
    unsafe extern "C" fn(*mut c_void, *const c_char, u32, u32, *mut u32) -> mediaseal_status;
type Destroy = unsafe extern "C" fn(*mut c_void, *const c_char, u32, *mut u64) -> mediaseal_status;

/// Schemes that are the library's own.
const OWN_SCHEMES: [&str; 4] = ["file", "pkcs11", "awskms", "keychain"];
/// Most octets of a scheme.
const MAX_SCHEME: usize = 32;
/// Most octets of a name.
const MAX_NAME: usize = 255;
/// Most octets that a wrapper may make of a key.
const MAX_WRAPPED: usize = 8_192;
/// In front of and behind what a function writes, and in it before it does.
const GUARD: u8 = 0xA5;
const GUARD_LEN: usize = 16;

/// The functions of a vtable.
pub(super) struct Functions {
    create_kek: Create,
    rotate: Option<Create>,
    wrap: Wrap,
    unwrap: Unwrap,
    set_state: Option<SetState>,
    destroy_kek: Destroy,
}

/// A provider of the application's.
pub(super) struct ForeignProvider {
    info: ProviderInfo,
    pub(super) hook: Arc<Hook<Functions>>,
}

impl ForeignProvider {
    /// Takes over a vtable, if nothing is missing in it.
    pub(super) fn new(vtable: &mediaseal_provider_vtable) -> Result<Self, Fault> {
        let missing = Fault(MEDIASEAL_ERR_NULL_POINTER);
        if vtable.flags & !MEDIASEAL_PROVIDER_EXPORTABLE != 0 || vtable.reserved != 0 {
            return Err(Fault(MEDIASEAL_ERR_UNKNOWN_VALUE));
        }
        let protection = match vtable.protection {
            MEDIASEAL_PROTECTION_SOFTWARE => Protection::Software,
            MEDIASEAL_PROTECTION_HARDWARE => Protection::Hardware,
            MEDIASEAL_PROTECTION_REMOTE => Protection::Remote,
            _ => return Err(Fault(MEDIASEAL_ERR_UNKNOWN_VALUE)),
        };
        let (scheme, id) = (text(vtable.scheme)?, text(vtable.id)?);
        let region = super::text_or_empty(vtable.region)?;
        let is_scheme = (1..=MAX_SCHEME).contains(&scheme.len())
            && scheme.starts_with(|first: char| first.is_ascii_lowercase())
            && scheme
                .bytes()
                .all(|o| o.is_ascii_lowercase() || o.is_ascii_digit() || o == b'-')
            && !OWN_SCHEMES.contains(&scheme);
        let is_name = |name: &str| name.len() <= MAX_NAME && !name.chars().any(char::is_control);
        if !is_scheme || id.is_empty() || !is_name(id) || !is_name(region) {
            return Err(Fault(MEDIASEAL_ERR_VAULT_ARGUMENT));
        }
        let functions = Functions {
            create_kek: vtable.create_kek.ok_or(missing)?,
            rotate: vtable.rotate,
            wrap: vtable.wrap.ok_or(missing)?,
            unwrap: vtable.unwrap.ok_or(missing)?,
            set_state: vtable.set_state,
            destroy_kek: vtable.destroy_kek.ok_or(missing)?,
        };
        Ok(Self {
            info: ProviderInfo {
                scheme: scheme.to_owned(),
                id: id.to_owned(),
                region: region.to_owned(),
                protection,
                exportable: vtable.flags & MEDIASEAL_PROVIDER_EXPORTABLE != 0,
            },
            hook: Hook::new(functions, vtable.user_data, vtable.destroy),
        })
    }

    /// Calls a function that is told a KEK's use.
    fn tell(&self, function: Create, spec: &KekSpec) -> Result<(), ProviderError> {
        let texts = [&spec.kek.id, &spec.tenant, &spec.region, &spec.purpose];
        let [id, tenant, region, purpose] = texts.map(|text| CString::new(text.as_str()));
        let zero = |_| ProviderError::Invalid("a name has a zero octet".to_owned());
        let (id, tenant) = (id.map_err(zero)?, tenant.map_err(zero)?);
        let (region, purpose) = (region.map_err(zero)?, purpose.map_err(zero)?);
        let told = mediaseal_kek_spec {
            struct_size: size_of_struct::<mediaseal_kek_spec>(),
            version: spec.kek.version,
            id: id.as_ptr(),
            tenant: tenant.as_ptr(),
            region: region.as_ptr(),
            purpose: purpose.as_ptr(),
        };
        let scope = CallbackScope::enter();
        // SAFETY: the function is what the header asks for, and reads `told` until it returns.
        let status = unsafe { function(self.hook.user_data(), &raw const told) };
        drop(scope);
        read(status, &spec.kek)
    }
}

/// What a function answered about a KEK.
fn read(status: mediaseal_status, kek: &KekRef) -> Result<(), ProviderError> {
    let said = "the application's provider says so";
    Err(match status {
        MEDIASEAL_OK => return Ok(()),
        MEDIASEAL_ERR_KEY_NOT_FOUND => ProviderError::NoSuchKek(kek.clone()),
        MEDIASEAL_ERR_KEY_EXISTS => ProviderError::KekExists(kek.clone()),
        MEDIASEAL_ERR_KEY_DESTROYED => ProviderError::KekDestroyed(kek.clone()),
        MEDIASEAL_ERR_PROVIDER_REFUSED => ProviderError::Refused {
            kek: kek.clone(),
            reason: said.to_owned(),
        },
        MEDIASEAL_ERR_WRAPPED_KEY => ProviderError::DoesNotAuthenticate,
        MEDIASEAL_ERR_PROVIDER_ACCESS => ProviderError::Denied(said.to_owned()),
        MEDIASEAL_ERR_PROVIDER_UNAVAILABLE => ProviderError::Unavailable(said.to_owned()),
        MEDIASEAL_ERR_PROVIDER_UNSUPPORTED => ProviderError::Unsupported(said),
        MEDIASEAL_ERR_VAULT_DAMAGED => ProviderError::Damaged(said.to_owned()),
        status => ProviderError::Failed(format!("the application's provider says {status}")),
    })
}

fn broke(rule: &str) -> ProviderError {
    ProviderError::Failed(format!("the application's provider {rule}"))
}

fn id_of(kek_id: &str) -> Result<CString, ProviderError> {
    CString::new(kek_id).map_err(|_| ProviderError::Invalid("an id has a zero octet".to_owned()))
}

impl KeyProvider for ForeignProvider {
    fn describe(&self) -> ProviderInfo {
        self.info.clone()
    }

    fn create_kek(&self, spec: &KekSpec) -> Result<(), ProviderError> {
        self.tell(self.hook.call.create_kek, spec)
    }

    fn rotate(&self, current: &KekSpec) -> Result<KekRef, ProviderError> {
        let version = current.kek.version.checked_add(1);
        let kek = KekRef {
            id: current.kek.id.clone(),
            version: version.ok_or(ProviderError::Unsupported("2^32 versions of a key"))?,
        };
        match self.hook.call.rotate {
            Some(rotate) => self.tell(rotate, current)?,
            None => self.create_kek(&KekSpec {
                kek: kek.clone(),
                ..current.clone()
            })?,
        }
        Ok(kek)
    }

    fn wrap(
        &self,
        kek: &KekRef,
        dek: &Dek,
        context: &WrapContext,
    ) -> Result<WrappedKey, ProviderError> {
        let authenticated = context.authenticated(&kek.id, kek.version)?;
        let id = id_of(&kek.id)?;
        // A provider that writes its key here in clear must not leave it in memory that is given back.
        let mut room = Zeroizing::new(vec![GUARD; GUARD_LEN + MAX_WRAPPED + GUARD_LEN]);
        let mut len = 0;
        let scope = CallbackScope::enter();
        // SAFETY: the function is what the header asks for: it reads id, key and context, and writes the room within its length, and `len`.
        let status = unsafe {
            (self.hook.call.wrap)(
                self.hook.user_data(),
                id.as_ptr(),
                kek.version,
                dek.expose().as_ptr(),
                authenticated.as_ptr(),
                authenticated.len(),
                room.as_mut_ptr().wrapping_add(GUARD_LEN),
                MAX_WRAPPED,
                &raw mut len,
            )
        };
        drop(scope);
        read(status, kek)?;
        let (before, rest) = room.split_at(GUARD_LEN);
        let (wrapped, behind) = rest.split_at(MAX_WRAPPED);
        let is_intact = before.iter().chain(behind).all(|octet| *octet == GUARD);
        let wrapped = wrapped.get(..len).filter(|_| is_intact);
        let wrapped = wrapped.ok_or_else(|| broke("wrote outside of its room"))?;
        // A key that leaves as it came would be stored in clear.
        if wrapped.len() < Dek::LEN || wrapped.windows(Dek::LEN).any(|part| part == dek.expose()) {
            return Err(broke("wrapped nothing"));
        }
        Ok(WrappedKey::new(
            &self.info.scheme,
            (&kek.id, kek.version),
            WrapAlgorithm::Foreign,
            context,
            wrapped.to_vec(),
        )?)
    }

    fn unwrap(&self, wrapped: &WrappedKey, context: &WrapContext) -> Result<Dek, ProviderError> {
        let authenticated = wrapped.is_for(context)?;
        if wrapped.algorithm != WrapAlgorithm::Foreign || wrapped.provider != self.info.scheme {
            return Err(ProviderError::DoesNotAuthenticate);
        }
        let kek = KekRef {
            id: wrapped.kek_id.clone(),
            version: wrapped.kek_version,
        };
        let id = id_of(&kek.id)?;
        let mut room = Zeroizing::new([GUARD; GUARD_LEN + Dek::LEN + GUARD_LEN]);
        let scope = CallbackScope::enter();
        // SAFETY: the function is what the header asks for: it reads id, octets and context, and writes the octets of a key.
        let status = unsafe {
            (self.hook.call.unwrap)(
                self.hook.user_data(),
                id.as_ptr(),
                kek.version,
                wrapped.octets.as_ptr(),
                wrapped.octets.len(),
                authenticated.as_ptr(),
                authenticated.len(),
                room.as_mut_ptr().wrapping_add(GUARD_LEN),
            )
        };
        drop(scope);
        read(status, &kek)?;
        let (before, rest) = room.split_at(GUARD_LEN);
        let is_intact = |guard: &[u8]| guard.iter().all(|octet| *octet == GUARD);
        match rest.split_first_chunk::<{ Dek::LEN }>() {
            Some((key, behind)) if is_intact(before) && is_intact(behind) => {
                // One that says it worked and wrote nothing must not be taken at its word.
                if is_intact(key) || key.iter().all(|octet| *octet == 0) {
                    return Err(broke("opened nothing"));
                }
                Ok(Dek::from_bytes(key))
            }
            _ => Err(broke("wrote outside of its room")),
        }
    }

    fn set_state(&self, kek: &KekRef, state: KeyState) -> Result<Enforcement, ProviderError> {
        let Some(set_state) = self.hook.call.set_state else {
            return Ok(Enforcement::ByCustodyOnly);
        };
        let id = id_of(&kek.id)?;
        let mut enforcement = MEDIASEAL_ENFORCED_BY_CUSTODY;
        let scope = CallbackScope::enter();
        // SAFETY: the function is what the header asks for: it reads the id and writes one number.
        let status = unsafe {
            set_state(
                self.hook.user_data(),
                id.as_ptr(),
                kek.version,
                state as u32,
                &raw mut enforcement,
            )
        };
        drop(scope);
        read(status, kek)?;
        Ok(match enforcement {
            MEDIASEAL_ENFORCED_BY_PROVIDER => Enforcement::ByProvider,
            _ => Enforcement::ByCustodyOnly,
        })
    }

    fn destroy_kek(&self, kek: &KekRef) -> Result<Destruction, ProviderError> {
        let id = id_of(&kek.id)?;
        let mut unix_micros = 0;
        let scope = CallbackScope::enter();
        // SAFETY: the function is what the header asks for: it reads the id and writes one number.
        let status = unsafe {
            (self.hook.call.destroy_kek)(
                self.hook.user_data(),
                id.as_ptr(),
                kek.version,
                &raw mut unix_micros,
            )
        };
        drop(scope);
        read(status, kek)?;
        Ok(match unix_micros {
            0 => Destruction::Done,
            unix_micros => Destruction::Scheduled { unix_micros },
        })
    }
}
