//! A grant: one key, sealed to one recipient and signed by who gives it.
//!
//! ```text
//! grant     = u8(1) ‖ u16(KEM) ‖ recipient id(32) ‖ enc ‖ lp(ct) ‖ signature(64)
//! enc, ct   = HPKE base mode to the recipient key, HKDF-SHA256, AES-256-GCM, of u8(kind) ‖ payload; AAD empty,
//!             info = "mediaseal v1 hpke grant" ‖ lp(signer key) ‖ lp(context)
//! signature = Ed25519 over "mediaseal v1 grant" ‖ lp(u16(KEM) ‖ recipient key) ‖ lp(enc) ‖ lp(ct) ‖ lp(context)
//! ```
//!
//! The signer's key is part of `info`, so that nobody takes another's grant and signs it as his own.

use core::fmt;

use zeroize::Zeroizing;

use super::error::GrantError;
use super::identity::{Identity, Recipient, RecipientId};
use super::kem::{Kem, TAG_LEN};
use super::octets::{Reader, push_lp};
use super::payload::Payload;
use super::signer::{Signer, SignerPublic};
use super::text::{self, Kind};
use crate::keys::schedule::{GRANT, GRANT_TEXT, HPKE_GRANT};

const VERSION: u8 = 1;
/// The longest payload is an epoch secret of 562 octets behind its kind.
const MAX_CIPHERTEXT: usize = 1024;
/// HPKE's key schedule takes no `info` near 65,536 octets.
const MAX_CONTEXT: usize = 65_000;
const TEXT: Kind = Kind {
    prefix: "mediaseal-grant-1",
    label: GRANT_TEXT,
    max_len: Grant::MAX_LEN,
};

/// One key, sealed to one recipient and signed by who gives it. It holds no secret in clear and goes over any path.
#[derive(Clone, PartialEq, Eq)]
pub struct Grant {
    kem: Kem,
    recipient: RecipientId,
    enc: Vec<u8>,
    ciphertext: Vec<u8>,
    signature: [u8; Signer::SIGNATURE_LEN],
}

impl Grant {
    /// Most octets of a grant.
    pub const MAX_LEN: usize = 1 + 2 + 32 + 1120 + 2 + MAX_CIPHERTEXT + Signer::SIGNATURE_LEN;

    /// Seals `payload` to `recipient`, signed by `signer`. It opens for the same `context` alone, which both sides know and which is not part of the grant.
    ///
    /// # Errors
    /// [`GrantError::TooLong`] for a context of more than 65,000 octets; [`Error::EntropyUnavailable`](crate::Error::EntropyUnavailable) if the
    /// system has no random octets.
    pub fn seal(
        payload: &Payload,
        recipient: &Recipient,
        signer: &Signer,
        context: &[u8],
    ) -> Result<Self, GrantError> {
        Self::seal_octets(&payload.to_bytes()?, recipient, signer, context)
    }

    fn seal_octets(
        payload: &Zeroizing<Vec<u8>>,
        recipient: &Recipient,
        signer: &Signer,
        context: &[u8],
    ) -> Result<Self, GrantError> {
        let info = info(signer.public(), context)?;
        let (enc, ciphertext) = recipient.seal(&info, payload)?;
        let signature = signer.sign(&signed(recipient, &enc, &ciphertext, context)?);
        Ok(Self {
            kem: recipient.kem(),
            recipient: recipient.id(),
            enc,
            ciphertext,
            signature,
        })
    }

    /// Sees, without opening it, that this grant is `recipient`'s and was signed by `signer` for `context`.
    ///
    /// # Errors
    /// [`GrantError::OtherRecipient`] if it is for another; [`GrantError::Signature`] if it is not so signed.
    pub fn verify(
        &self,
        recipient: &Recipient,
        signer: &SignerPublic,
        context: &[u8],
    ) -> Result<(), GrantError> {
        if self.kem != recipient.kem() || self.recipient != recipient.id() {
            return Err(GrantError::OtherRecipient);
        }
        let message = signed(recipient, &self.enc, &self.ciphertext, context)?;
        signer.verify(&message, &self.signature)
    }

    /// Opens the grant. The signature is verified first, under the key of the signer whom the caller trusts.
    ///
    /// # Errors
    /// As [`verify`](Self::verify); [`GrantError::DoesNotOpen`] if it was signed and yet does not open.
    pub fn open(
        &self,
        identity: &Identity,
        signer: &SignerPublic,
        context: &[u8],
    ) -> Result<Payload, GrantError> {
        self.verify(identity.recipient(), signer, context)?;
        let info = info(signer, context)?;
        let payload = identity.open(&self.enc, &info, &self.ciphertext)?;
        Payload::from_bytes(&payload)
    }

    /// Returns for whom it is.
    #[must_use]
    pub const fn recipient(&self) -> RecipientId {
        self.recipient
    }

    /// Returns the key encapsulation mechanism.
    #[must_use]
    pub const fn kem(&self) -> Kem {
        self.kem
    }

    /// Returns the octets (docs/formats/grants.md).
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(Self::MAX_LEN);
        out.push(VERSION);
        out.extend_from_slice(&self.kem.id().to_be_bytes());
        out.extend_from_slice(self.recipient.as_bytes());
        out.extend_from_slice(&self.enc);
        let len = u16::try_from(self.ciphertext.len()).unwrap_or(u16::MAX);
        out.extend_from_slice(&len.to_be_bytes());
        out.extend_from_slice(&self.ciphertext);
        out.extend_from_slice(&self.signature);
        out
    }

    /// Reads the octets.
    ///
    /// # Errors
    /// [`GrantError::UnknownVersion`], [`GrantError::UnknownKem`] for what this version of mediaseal does not know; [`GrantError::Malformed`] if they
    /// are cut short, too many or out of range.
    pub fn from_bytes(octets: &[u8]) -> Result<Self, GrantError> {
        let mut reader = Reader::new(octets);
        let version = reader.u8()?;
        if version != VERSION {
            return Err(GrantError::UnknownVersion { version });
        }
        let kem = Kem::from_id(reader.u16()?)?;
        let recipient = RecipientId::from_bytes(*reader.array()?);
        let enc = reader.take(kem.enc_len())?.to_vec();
        let ciphertext = reader.lp()?;
        if !(TAG_LEN + 1..=MAX_CIPHERTEXT).contains(&ciphertext.len()) {
            return Err(GrantError::Malformed);
        }
        let signature = *reader.array()?;
        reader.end()?;
        Ok(Self {
            kem,
            recipient,
            enc,
            ciphertext: ciphertext.to_vec(),
            signature,
        })
    }
}

/// As text it is "mediaseal-grant-1" and base32 of the octets and a checksum.
impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text::encode(&TEXT, &self.to_bytes()))
    }
}

impl core::str::FromStr for Grant {
    type Err = GrantError;

    fn from_str(text: &str) -> Result<Self, GrantError> {
        Self::from_bytes(&text::decode(&TEXT, text)?)
    }
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grant")
            .field("kem", &self.kem)
            .field("recipient", &self.recipient)
            .finish_non_exhaustive()
    }
}

/// What HPKE binds: the label, who signs, and what for.
fn info(signer: &SignerPublic, context: &[u8]) -> Result<Vec<u8>, GrantError> {
    if context.len() > MAX_CONTEXT {
        return Err(GrantError::TooLong);
    }
    let mut out = HPKE_GRANT.as_bytes().to_vec();
    push_lp(&mut out, signer.as_bytes())?;
    push_lp(&mut out, context)?;
    Ok(out)
}

/// What is signed.
fn signed(
    recipient: &Recipient,
    enc: &[u8],
    ciphertext: &[u8],
    context: &[u8],
) -> Result<Vec<u8>, GrantError> {
    let mut out = GRANT.as_bytes().to_vec();
    for part in [&recipient.to_bytes(), enc, ciphertext, context] {
        push_lp(&mut out, part)?;
    }
    Ok(out)
}
