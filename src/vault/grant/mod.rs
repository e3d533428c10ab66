//! Keys sealed to people and recorders: HPKE (RFC 9180) with a signature of who gives them.
//!
//! ```text
//!  Identity (secret) ──► Recipient (public)      whom a key is sealed to: X25519, P-256, X-Wing
//!  Signer   (secret) ──► SignerPublic            who gives it: Ed25519
//!
//!  epoch secret ── invite ─────────► Grant ────────── join ─────► a member more
//!  session's base key ── session_grant ─► SessionGrant ── open ─► an owner opens what the recorder cannot
//!  DEK ── add_recipient ───────────► Envelope ─── open_by_… ────► a recording
//! ```
//!
//! `docs/formats/grants.md` specifies all of it.

mod envelope;
mod error;
mod handing;
mod identity;
pub(crate) mod kem;
mod locked;
mod octets;
mod passphrase;
mod payload;
mod sealed;
mod signer;
mod text;

pub use envelope::{Envelope, Stanza};
pub use error::GrantError;
pub use handing::{SessionGrant, accept, invite, join, session_grant};
pub use identity::{Identity, Recipient, RecipientId};
pub use kem::Kem;
pub use passphrase::PassphraseStanza;
pub use payload::{Payload, SessionKey};
pub use sealed::Grant;
pub use signer::{Signer, SignerPublic};
