//! Structs and callbacks of those who hold key encryption keys. They are part of every header; the functions that take them, of libraries with the feature.

#![cfg_attr(
    not(feature = "custody"),
    allow(dead_code, reason = "callbacks that no function of this library takes")
)]

use core::ffi::{c_char, c_void};

use super::convert::Sized32;
use super::status::mediaseal_status;
use super::types::{mediaseal_destructor, sized};

/// What a KEK is for, as a provider is told. Initialize with MEDIASEAL_KEK_SPEC_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mediaseal_kek_spec {
    /// Octets of this struct.
    pub struct_size: u32,
    /// The version, counted from 1.
    pub version: u32,
    /// The id.
    pub id: *const c_char,
    /// Whose keys it wraps.
    pub tenant: *const c_char,
    /// Where it may be used; empty where it is nowhere bound.
    pub region: *const c_char,
    /// What for.
    pub purpose: *const c_char,
}

/// What a provider says of itself. Initialize with MEDIASEAL_PROVIDER_INFO_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mediaseal_provider_info {
    /// Octets of this struct.
    pub struct_size: u32,
    /// One of `MEDIASEAL_PROTECTION_…`.
    pub protection: u32,
    /// Any of `MEDIASEAL_PROVIDER_…`.
    pub flags: u32,
    /// Zero.
    pub reserved: u32,
    /// The scheme, which wrapped keys name; zero octets follow it, as the next ones.
    pub scheme: [c_char; 256],
    /// This one of its kind, the same after each start.
    pub id: [c_char; 256],
    /// Where it is; empty where it does not say.
    pub region: [c_char; 256],
}

/// Brings a secret that a provider asks for: one of `MEDIASEAL_SECRET_…` for the provider at `url`, as at most `capacity` octets of UTF-8 into `out`, and their number into
/// `out_len`. The library wipes `out` afterwards. Another status than MEDIASEAL_OK says that there is none. It may be asked later again, from any thread, when a session is opened anew.
pub type mediaseal_secret_callback = Option<
    unsafe extern "C" fn(
        user_data: *mut c_void,
        kind: u32,
        url: *const c_char,
        out: *mut u8,
        capacity: usize,
        out_len: *mut usize,
    ) -> mediaseal_status,
>;

/// A provider of the application's own. Initialize with MEDIASEAL_PROVIDER_VTABLE_INIT.
///
/// Every function may run in any thread, several at once, and answers MEDIASEAL_OK or what there is to say: MEDIASEAL_ERR_KEY_NOT_FOUND, MEDIASEAL_ERR_KEY_EXISTS,
/// MEDIASEAL_ERR_KEY_DESTROYED, MEDIASEAL_ERR_PROVIDER_REFUSED for a key whose state it keeps, MEDIASEAL_ERR_WRAPPED_KEY for what does not authenticate, MEDIASEAL_ERR_PROVIDER_ACCESS,
/// MEDIASEAL_ERR_PROVIDER_UNAVAILABLE for what may succeed later, MEDIASEAL_ERR_PROVIDER_UNSUPPORTED, MEDIASEAL_ERR_VAULT_DAMAGED; all else is MEDIASEAL_ERR_PROVIDER_FAILED.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mediaseal_provider_vtable {
    /// Octets of this struct.
    pub struct_size: u32,
    /// One of `MEDIASEAL_PROTECTION_…`.
    pub protection: u32,
    /// Any of `MEDIASEAL_PROVIDER_…`.
    pub flags: u32,
    /// Zero.
    pub reserved: u32,
    /// The scheme that wrapped keys name: lower-case letters, digits and `-`, none of the library's own (`file`, `pkcs11`, `awskms`, `keychain`).
    pub scheme: *const c_char,
    /// This one of its kind, the same after each start; not secret, at most 255 octets.
    pub id: *const c_char,
    /// Where it is, as policies name regions; NULL where it does not say.
    pub region: *const c_char,
    /// What the functions work on.
    pub user_data: *mut c_void,
    /// Makes a KEK, durably.
    pub create_kek: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            spec: *const mediaseal_kek_spec,
        ) -> mediaseal_status,
    >,
    /// Makes the version after that of `current`, which stays usable; may be NULL: then `create_kek` makes it.
    pub rotate: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            current: *const mediaseal_kek_spec,
        ) -> mediaseal_status,
    >,
    /// Wraps the MEDIASEAL_DEK_LEN octets of `dek` under a KEK, authenticating `context` with them: at most `capacity` octets to `out`, their number to `out_len`. It keeps no copy of `dek`.
    pub wrap: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            kek_id: *const c_char,
            kek_version: u32,
            dek: *const u8,
            context: *const u8,
            context_len: usize,
            out: *mut u8,
            capacity: usize,
            out_len: *mut usize,
        ) -> mediaseal_status,
    >,
    /// Opens what `wrap` made, if it was made for `context`: MEDIASEAL_DEK_LEN octets to `out_dek`, and nothing before they authenticate.
    pub unwrap: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            kek_id: *const c_char,
            kek_version: u32,
            wrapped: *const u8,
            wrapped_len: usize,
            context: *const u8,
            context_len: usize,
            out_dek: *mut u8,
        ) -> mediaseal_status,
    >,
    /// Hears the new state of a KEK and writes MEDIASEAL_ENFORCED_BY_PROVIDER if it refuses by itself what the state forbids; may be NULL for a provider that keeps no states.
    pub set_state: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            kek_id: *const c_char,
            kek_version: u32,
            state: u32,
            out_enforcement: *mut u32,
        ) -> mediaseal_status,
    >,
    /// Destroys one version of a KEK for good; for one that is gone already, the same answer once more. If it goes later, when, in microseconds since 1970.
    pub destroy_kek: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            kek_id: *const c_char,
            kek_version: u32,
            out_gone_unix_micros: *mut u64,
        ) -> mediaseal_status,
    >,
    /// Ends `user_data`; may be NULL.
    pub destroy: mediaseal_destructor,
}

/// A keychain of the application's: entries by service and user, each with one secret. Initialize with MEDIASEAL_KEYCHAIN_VTABLE_INIT.
///
/// Every function may run in any thread, and answers MEDIASEAL_OK, MEDIASEAL_ERR_KEY_NOT_FOUND if there is no such entry, MEDIASEAL_ERR_PROVIDER_UNAVAILABLE if the keychain is locked or away; all else is
/// MEDIASEAL_ERR_PROVIDER_FAILED.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mediaseal_keychain_vtable {
    /// Octets of this struct.
    pub struct_size: u32,
    /// Zero.
    pub reserved: u32,
    /// What the functions work on.
    pub user_data: *mut c_void,
    /// Writes the secret of an entry, at most `capacity` octets, to `out` and their number to `out_len`. The library wipes `out` afterwards.
    pub get: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            service: *const c_char,
            user: *const c_char,
            out: *mut u8,
            capacity: usize,
            out_len: *mut usize,
        ) -> mediaseal_status,
    >,
    /// Keeps a secret, durably, in the entry that is there or a new one. It keeps no other copy of it.
    pub set: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            service: *const c_char,
            user: *const c_char,
            secret: *const u8,
            len: usize,
        ) -> mediaseal_status,
    >,
    /// Removes an entry.
    pub remove: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            service: *const c_char,
            user: *const c_char,
        ) -> mediaseal_status,
    >,
    /// Ends `user_data`; may be NULL.
    pub destroy: mediaseal_destructor,
}

/// Holds KEKs and uses them: a file, a module, a service, or functions of the application.
pub struct mediaseal_provider {
    _opaque: (),
}

sized! {
    mediaseal_kek_spec mediaseal_provider_info mediaseal_provider_vtable mediaseal_keychain_vtable
}
