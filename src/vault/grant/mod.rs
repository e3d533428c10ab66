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
//! `docs/formats/grants.md` specifies all of it. A member invites another, who joins:
//!
//! ```
//! use mediaseal::vault::grant::{Grant, GrantError, Identity, Kem, Signer, invite, join};
//! use mediaseal::{ChannelConfig, ChannelKey, ChannelStore, NewGeneration};
//!
//! # fn main() -> Result<(), GrantError> {
//! # let alices_store = ChannelStore::new()?;
//! # let channel = alices_store.channel(ChannelConfig::new("standup")?)?;
//! # channel.stage(NewGeneration::new(1, ChannelKey::generate()?))?;
//! # channel.activate(1)?;
//! // Each makes his keys once, and learns the other's public ones by a way that he trusts.
//! let bob = Identity::generate(Kem::X25519)?;
//! let alice_signs = Signer::generate()?;
//!
//! channel.advance_to(1, 1)?; // all members: bob is to open nothing of before
//! let invitation = invite(&channel, bob.recipient(), &alice_signs)?.to_string(); // over any path
//!
//! let bobs_store = ChannelStore::new()?;
//! let invitation: Grant = invitation.parse()?;
//! let bobs = join(&bobs_store, &invitation, &bob, alice_signs.public(), None)?;
//! bobs.activate(1)?;
//! assert_eq!(bobs.safety_code()?, channel.safety_code()?);
//! # Ok(())
//! # }
//! ```

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
pub(in crate::vault) mod text;

pub use envelope::{Envelope, Stanza};
pub use error::GrantError;
pub use handing::{SessionGrant, accept, invite, join, session_grant};
pub use identity::{Identity, Recipient, RecipientId};
pub use kem::Kem;
pub use passphrase::PassphraseStanza;
pub use payload::{Payload, SessionKey};
pub use sealed::Grant;
pub use signer::{Signer, SignerPublic};
