//! Key custody: providers, the three tiers of keys, their states and who may use them.
//!
//! ```text
//!   master key (never leaves its provider) ──► KEK: tenant × region × purpose × version ──► DEK: a recording or record
//! ```

mod database;
mod error;
mod file;
mod names;
mod provider;
mod software;
mod state;
mod url;

pub use error::{CustodyError, ProviderError};
pub use file::FileProvider;
pub use provider::{
    Destruction, Enforcement, KekRef, KekSpec, KeyProvider, Protection, ProviderInfo, Rewrap,
};
pub use state::{KeyState, UnwrapStates};
pub use url::{ProviderUrl, SecretKind, SecretSource};
