//! Key custody: providers, the three tiers of keys, their states and who may use them.
//!
//! ```text
//!   master key (never leaves its provider) ──► KEK: tenant × region × purpose × version ──► DEK: a recording or record
//! ```

mod access;
#[cfg(feature = "pkcs11")]
pub mod aes_kw;
#[cfg(feature = "awskms")]
pub mod awskms;
mod core;
mod database;
mod dek_id;
mod deks;
mod destroy;
mod error;
mod file;
mod keks;
#[cfg(feature = "keychain")]
pub mod keychain;
mod lifecycle;
mod means;
mod names;
mod open;
#[cfg(feature = "pkcs11")]
pub mod pkcs11;
mod policy;
mod provider;
mod records;
mod software;
mod state;
mod store;
mod sweep;
mod url;
mod verify;
mod wrapper;

pub use access::{Access, AccessRequest, Action, Authorizer, Denied, Everybody, Role, Roles};
pub use core::{Custody, CustodyOptions};
pub use dek_id::DekId;
pub use destroy::{DestroyMode, Survivors, Tombstone};
pub use error::{CustodyError, ProviderError};
pub use file::FileProvider;
pub use keks::{Activation, Change, KekInfo, NewKek, ProviderName};
pub use lifecycle::{TickReport, Told};
pub use means::ProviderMeans;
#[cfg(feature = "capi")]
pub(crate) use open::open_file;
pub use open::open_provider;
pub use policy::Policy;
pub use provider::{
    Destruction, Enforcement, KekRef, KekSpec, KeyProvider, Protection, ProviderInfo, Rewrap,
};
pub use records::{RecordPlace, dek_of_record};
pub use state::{KeyState, UnwrapStates};
pub use sweep::{SweepProgress, SweepReport};
pub use url::{ProviderUrl, SecretKind, SecretSource};
pub use verify::Verified;
pub use wrapper::CustodyWrapper;
