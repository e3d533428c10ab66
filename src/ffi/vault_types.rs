//! Structs and callbacks of keys at rest. They are part of every header; the functions that take them, of libraries with the feature.

#![cfg_attr(
    not(feature = "custody"),
    allow(dead_code, reason = "callbacks that no function of this library takes")
)]

use core::ffi::{c_char, c_void};

use super::convert::Sized32;
use super::provider_types::mediaseal_provider;
use super::status::mediaseal_status;
use super::types::{mediaseal_destructor, sized};

/// One version of a key encryption key (KEK). Initialize with MEDIASEAL_KEK_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mediaseal_kek {
    /// Octets of this struct.
    pub struct_size: u32,
    /// The version, counted from 1.
    pub version: u32,
    /// The id; zero octets follow it.
    pub id: [c_char; 72],
}

/// A KEK to be made, of which there is one for each tenant, region and purpose. Initialize with MEDIASEAL_NEW_KEK_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mediaseal_new_kek {
    /// Octets of this struct.
    pub struct_size: u32,
    /// Any of `MEDIASEAL_NEW_KEK_…`.
    pub flags: u32,
    /// Whose keys it wraps; NULL for nobody's in particular.
    pub tenant: *const c_char,
    /// Where it may be used; NULL where it is nowhere bound.
    pub region: *const c_char,
    /// What for, as the application calls it; NULL for no purpose.
    pub purpose: *const c_char,
    /// When it becomes active, in microseconds since 1970; 0 for now.
    pub activates_unix_micros: u64,
    /// How many seconds each version wraps once it is active; 0 for without end. It goes on to unwrap.
    pub cryptoperiod_seconds: u64,
    /// Scheme of the provider that makes it; NULL, with `provider_id`, for the first one.
    pub provider_scheme: *const c_char,
    /// Id of that provider.
    pub provider_id: *const c_char,
}

/// What is known of one version of a KEK. Initialize with MEDIASEAL_KEK_INFO_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mediaseal_kek_info {
    /// Octets of this struct.
    pub struct_size: u32,
    /// The version, counted from 1.
    pub version: u32,
    /// One of `MEDIASEAL_KEY_STATE_…`.
    pub state: u32,
    /// Any of `MEDIASEAL_KEK_…`.
    pub flags: u32,
    /// When it becomes active by itself, in microseconds since 1970; 0 if it does not.
    pub activates_unix_micros: u64,
    /// When it stops wrapping by itself, in microseconds since 1970; 0 if it does not.
    pub expires_unix_micros: u64,
    /// DEKs of the store that it wraps.
    pub deks: u64,
    /// The id; zero octets follow it, as the next ones.
    pub id: [c_char; 72],
    /// Whose keys it wraps.
    pub tenant: [c_char; 256],
    /// Where it may be used.
    pub region: [c_char; 256],
    /// What for.
    pub purpose: [c_char; 256],
    /// Scheme of the provider that holds it.
    pub provider_scheme: [c_char; 256],
    /// Id of that provider.
    pub provider_id: [c_char; 256],
}

/// One change of a KEK, as its history keeps it. The texts are lent until the callback returns.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mediaseal_kek_change {
    /// Octets of this struct.
    pub struct_size: u32,
    /// One of `MEDIASEAL_CHANGE_…`.
    pub kind: u32,
    /// The state after it: one of `MEDIASEAL_KEY_STATE_…`.
    pub state: u32,
    /// Zero.
    pub reserved: u32,
    /// When, in microseconds since 1970.
    pub unix_micros: u64,
    /// Who did it: the principal, or `system`.
    pub actor: *const c_char,
    /// Why.
    pub reason: *const c_char,
}

/// What mediaseal_custody_verify found whole. Initialize with MEDIASEAL_VERIFIED_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mediaseal_verified {
    /// Octets of this struct.
    pub struct_size: u32,
    /// Zero.
    pub reserved: u32,
    /// Versions of KEKs, each with its whole history.
    pub keks: u64,
    /// DEKs.
    pub deks: u64,
    /// Tombstones.
    pub tombstones: u64,
}

/// What is left of a destroyed key. Initialize with MEDIASEAL_TOMBSTONE_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mediaseal_tombstone {
    /// Octets of this struct.
    pub struct_size: u32,
    /// One of `MEDIASEAL_DESTROY_…`.
    pub mode: u32,
    /// When it was destroyed, in microseconds since 1970.
    pub unix_micros: u64,
    /// When it is gone at its provider, in microseconds since 1970; 0 for a logical destruction, and until the provider has been reached.
    pub gone_unix_micros: u64,
}

/// What mediaseal_custody_tick did. Initialize with MEDIASEAL_TICK_REPORT_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mediaseal_tick_report {
    /// Octets of this struct.
    pub struct_size: u32,
    /// What failed for the first key that failed, else MEDIASEAL_OK.
    pub first_failure: mediaseal_status,
    /// Changes of state that time asked for.
    pub changed: u64,
    /// Keys whose provider now knows what it did not before.
    pub told: u64,
    /// Keys for which something failed, to be tried again at the next tick.
    pub failed: u64,
}

/// How far a sweep is. Initialize with MEDIASEAL_SWEEP_PROGRESS_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mediaseal_sweep_progress {
    /// Octets of this struct.
    pub struct_size: u32,
    /// Former versions whose keys were left alone, as policy and caller have it: suspended, compromised or archived ones.
    pub skipped: u32,
    /// DEKs that were under former versions when it began.
    pub total: u64,
    /// Wrapped anew since.
    pub done: u64,
    /// Left as they are, because they failed.
    pub failed: u64,
}

/// What else an application knows of an access, or an audit log of an event.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mediaseal_attribute {
    /// The name.
    pub name: *const c_char,
    /// The value.
    pub value: *const c_char,
}

/// Who asks, as the application found out; custody believes it. Initialize with MEDIASEAL_ACCESS_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mediaseal_access {
    /// Octets of this struct.
    pub struct_size: u32,
    /// Any of `MEDIASEAL_ACCESS_…`.
    pub flags: u32,
    /// The principal, of at most 255 octets.
    pub principal: *const c_char,
    /// Where he asks from; NULL if not known.
    pub address: *const c_char,
    /// What else the authorizer shall see; NULL for nothing.
    pub attributes: *const mediaseal_attribute,
    /// Their number.
    pub attribute_count: usize,
}

/// What a wrapped key is bound to, beside its KEK. Initialize with MEDIASEAL_WRAP_CONTEXT_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mediaseal_wrap_context {
    /// Octets of this struct.
    pub struct_size: u32,
    /// Zero.
    pub reserved: u32,
    /// What the key is for, as octets of the application: the same when it is unwrapped.
    pub purpose: *const u8,
    /// Their number, at most 65,535.
    pub purpose_len: usize,
    /// Where the key may be used; NULL where it is nowhere bound.
    pub region: *const c_char,
}

/// Where a record stands: it opens nowhere else. Initialize with MEDIASEAL_RECORD_PLACE_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mediaseal_record_place {
    /// Octets of this struct.
    pub struct_size: u32,
    /// Zero.
    pub reserved: u32,
    /// The table.
    pub table: *const c_char,
    /// The column.
    pub column: *const c_char,
    /// What identifies the row: its primary key as octets.
    pub row_id: *const u8,
    /// Their number, at most 65,535.
    pub row_id_len: usize,
}

/// A question to an authorizer. The texts are lent until it answers.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mediaseal_access_request {
    /// Octets of this struct.
    pub struct_size: u32,
    /// One of `MEDIASEAL_ACTION_…`.
    pub action: u32,
    /// Any of `MEDIASEAL_ACCESS_…`.
    pub flags: u32,
    /// The hour of the day in UTC, 0 to 23.
    pub hour: u32,
    /// Who asks.
    pub principal: *const c_char,
    /// Where he asks from; empty if not known.
    pub address: *const c_char,
    /// Of what: `kek/ID/VERSION`, `dek/ID`, `record/TABLE/COLUMN`.
    pub resource: *const c_char,
    /// Whose keys.
    pub tenant: *const c_char,
    /// Where they may be used.
    pub region: *const c_char,
    /// What they are for.
    pub purpose: *const c_char,
    /// What else is known of who asks.
    pub attributes: *const mediaseal_attribute,
    /// Their number.
    pub attribute_count: usize,
}

/// Something that happened to a key. It never holds octets of a key. The texts are lent until it is written down.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mediaseal_audit_event {
    /// Octets of this struct.
    pub struct_size: u32,
    /// One of `MEDIASEAL_OUTCOME_…`.
    pub outcome: u32,
    /// When, in microseconds since 1970.
    pub unix_micros: u64,
    /// Who did it: the principal, or `system`.
    pub actor: *const c_char,
    /// What: `kek.create`, `dek.unwrap` and the like.
    pub action: *const c_char,
    /// To what, as in mediaseal_access_request.
    pub resource: *const c_char,
    /// Why it was done or refused; may be empty.
    pub reason: *const c_char,
    /// What else is known: tenant, region, purpose, address, mfa.
    pub attributes: *const mediaseal_attribute,
    /// Their number.
    pub attribute_count: usize,
}

/// A role of a principal. Roles of key administration, audit and use do not go together.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mediaseal_role_of {
    /// The principal.
    pub principal: *const c_char,
    /// The tenant that it is for; NULL for all.
    pub tenant: *const c_char,
    /// One of `MEDIASEAL_ROLE_…`.
    pub role: u32,
    /// Zero.
    pub reserved: u32,
}

/// Lets an action pass by MEDIASEAL_OK; every other status refuses it. Any threads, several at once.
pub type mediaseal_authorize_callback = Option<
    unsafe extern "C" fn(
        user_data: *mut c_void,
        request: *const mediaseal_access_request,
    ) -> mediaseal_status,
>;

/// Writes an event down, durably once it returns MEDIASEAL_OK; with every other status nothing is done that needed the record. Any threads, several at once.
pub type mediaseal_audit_callback = Option<
    unsafe extern "C" fn(
        user_data: *mut c_void,
        event: *const mediaseal_audit_event,
    ) -> mediaseal_status,
>;

/// Hears how far a sweep is, after each batch; 0 lets it go on, everything else stops it.
pub type mediaseal_sweep_callback = Option<
    unsafe extern "C" fn(user_data: *mut c_void, progress: *const mediaseal_sweep_progress) -> u32,
>;

/// Hears of one version of a KEK, which is lent until it returns.
pub type mediaseal_kek_callback =
    Option<unsafe extern "C" fn(user_data: *mut c_void, kek: *const mediaseal_kek_info)>;

/// Hears of one change of a KEK, which is lent until it returns.
pub type mediaseal_kek_change_callback =
    Option<unsafe extern "C" fn(user_data: *mut c_void, change: *const mediaseal_kek_change)>;

/// Tells the time, in microseconds since 1970-01-01 00:00:00 UTC. Any threads, several at once.
pub type mediaseal_clock_callback = Option<unsafe extern "C" fn(user_data: *mut c_void) -> u64>;

/// What custody is opened with. Initialize with MEDIASEAL_CUSTODY_OPTIONS_INIT.
///
/// Who decides is said once: by `authorize`, by `roles`, or by MEDIASEAL_CUSTODY_EVERYBODY.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mediaseal_custody_options {
    /// Octets of this struct.
    pub struct_size: u32,
    /// Any of `MEDIASEAL_CUSTODY_…`.
    pub flags: u32,
    /// Keys and providers of this region alone: of "eu" that is "eu", and what begins with "eu-". NULL for all.
    pub pinned_region: *const c_char,
    /// Providers, at least one: the first is where new KEKs are made. Custody keeps them in use, whatever becomes of these objects.
    pub providers: *const *const mediaseal_provider,
    /// Their number.
    pub provider_count: usize,
    /// Roles, if these decide.
    pub roles: *const mediaseal_role_of,
    /// Their number.
    pub role_count: usize,
    /// Decides, if the application does.
    pub authorize: mediaseal_authorize_callback,
    /// What `authorize` works on.
    pub authorize_user_data: *mut c_void,
    /// Ends it; may be NULL.
    pub authorize_destroy: mediaseal_destructor,
    /// Writes events down; never NULL.
    pub audit: mediaseal_audit_callback,
    /// What `audit` works on.
    pub audit_user_data: *mut c_void,
    /// Ends it; may be NULL.
    pub audit_destroy: mediaseal_destructor,
    /// Tells the time, for systems with a clock of their own and for tests; NULL for the system's.
    pub clock: mediaseal_clock_callback,
    /// What `clock` works on.
    pub clock_user_data: *mut c_void,
    /// Ends it; may be NULL.
    pub clock_destroy: mediaseal_destructor,
}

sized! {
    mediaseal_kek mediaseal_new_kek mediaseal_kek_info mediaseal_tombstone mediaseal_tick_report
    mediaseal_sweep_progress mediaseal_access mediaseal_wrap_context mediaseal_record_place mediaseal_access_request mediaseal_audit_event
    mediaseal_custody_options mediaseal_kek_change mediaseal_verified
}
