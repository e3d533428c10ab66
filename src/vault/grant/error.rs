//! Why a key was not handed over or not taken.

use thiserror::Error as ThisError;

use crate::error::Error;
use crate::vault::WrapError;

/// Why a grant, an envelope or a key of its people was refused. Nothing of what is sealed has left then.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum GrantError {
    /// Give the key text as it was made, of the kind that is asked for: it is of another kind, or was mistyped.
    #[error("this is no key text of this kind, or was mistyped")]
    Text,
    /// Ask for another key: these octets are none of their kind (wrong length, not on the curve, of low order).
    #[error("these octets are no key of their kind")]
    Key,
    /// Use a version of mediaseal that reads this form.
    #[error("version {version} of this form is not known")]
    UnknownVersion {
        /// The version found.
        version: u8,
    },
    /// Use a version of mediaseal that has this key encapsulation mechanism.
    #[error("key encapsulation mechanism {kem:#06x} is not known")]
    UnknownKem {
        /// Its number in IANA's registry "HPKE KEM Identifiers".
        kem: u16,
    },
    /// Ask for the octets again: they are cut short, too many or out of range.
    #[error("these octets are no grant, envelope or session grant")]
    Malformed,
    /// Shorten the context, or give fewer recipients.
    #[error("a part is longer than its length field can say")]
    TooLong,
    /// Ask for a grant of your own: this one is for another key.
    #[error("this grant is for another recipient")]
    OtherRecipient,
    /// Do not use it: it is not signed by the signer that was given, for this recipient and context, or was altered.
    #[error("this grant does not carry the signature of the signer that was given")]
    Signature,
    /// Do not use it: what is sealed does not open, though it is signed; it was not sealed to this key for this context.
    #[error("what is sealed does not open for this key and context")]
    DoesNotOpen,
    /// Ask for what is needed: the octets hold another kind of key.
    #[error("what is sealed is another kind of key")]
    OtherPayload,
    /// Ask an owner to add you: none of the stanzas is for you.
    #[error("the envelope has nothing for this key")]
    NoStanza,
    /// Ask for the passphrase again: it is another, or the stanza was altered or is of another place.
    #[error("the passphrase is another, or what it sealed was altered or is of another place")]
    Passphrase,
    /// See [`WrapError`]: what a provider said.
    #[error(transparent)]
    Wrap(#[from] WrapError),
    /// See [`Error`]: what the library's core said.
    #[error(transparent)]
    Core(#[from] Error),
}
