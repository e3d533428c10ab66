//! Who can open a recording: its DEK, once for each of them, in stanzas.
//!
//! ```text
//! envelope = "MSENV\0\0\1" ‖ u16(stanzas) ‖ stanza…        stanza = u8(type) ‖ lp(body)
//!   1 provider   lp(provider) ‖ lp(kek id) ‖ u32(kek version) ‖ u8(algorithm) ‖ lp(region) ‖ SHA-256(context) ‖ lp(octets)
//!   2 HPKE       a grant of the DEK
//!   3 passphrase u8(1) ‖ lp(PHC string) ‖ commitment(32) ‖ nonce(24) ‖ sealed(48)
//! context  = lp(purpose) ‖ lp(kek id) ‖ u32(kek version) ‖ lp(region)
//! ```
//!
//! Each stanza authenticates itself and none another, so owners come and KEKs change without the recording being touched; what no stanza can
//! say is who else there was. Types, versions and KEMs of later versions are kept as they came, and open nothing here.

use super::error::GrantError;
use super::identity::{Identity, Recipient, RecipientId};
use super::octets::{Reader, push_lp};
use super::passphrase::PassphraseStanza;
use super::payload::Payload;
use super::sealed::Grant;
use super::signer::{Signer, SignerPublic};
use crate::keys::PassphraseParams;
use crate::vault::{Dek, KekWrapper, WrapAlgorithm, WrapContext, WrapError, WrappedKey};

const MAGIC: &[u8; 8] = b"MSENV\0\0\x01";
const PROVIDER: u8 = 1;
const HPKE: u8 = 2;
const PASSPHRASE: u8 = 3;

/// One way to the DEK.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stanza {
    /// Wrapped by a provider's KEK.
    Provider(WrappedKey),
    /// Sealed to a recipient.
    Hpke(Grant),
    /// Under a passphrase.
    Passphrase(PassphraseStanza),
    /// Of a later version of mediaseal: kept as it came.
    Unknown {
        /// Its type.
        kind: u8,
        /// Its octets.
        body: Vec<u8>,
    },
}

/// Who can open a DEK.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Envelope {
    stanzas: Vec<Stanza>,
}

impl Envelope {
    /// Most stanzas.
    pub const MAX_STANZAS: usize = 1024;
    /// Most passphrases: each costs a reader as much time and memory as its parameters say, whoever wrote them.
    pub const MAX_PASSPHRASES: usize = 8;
    /// Most octets of an envelope: read no more.
    pub const MAX_LEN: usize = 4 << 20;

    /// Makes one without stanzas, which nobody can open.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            stanzas: Vec::new(),
        }
    }

    /// Returns the stanzas, in the order in which they were added.
    #[must_use]
    pub fn stanzas(&self) -> &[Stanza] {
        &self.stanzas
    }

    /// Returns the ids of those whom the DEK is sealed to by HPKE.
    pub fn recipients(&self) -> impl Iterator<Item = RecipientId> {
        self.grants().map(Grant::recipient)
    }

    /// Adds a provider: its KEK wraps `dek`.
    ///
    /// # Errors
    /// What the provider says; [`GrantError::TooLong`] for one stanza more than [`Self::MAX_STANZAS`].
    pub fn add_provider(
        &mut self,
        dek: &Dek,
        wrapper: &dyn KekWrapper,
        context: &WrapContext,
    ) -> Result<(), GrantError> {
        self.push(Stanza::Provider(wrapper.wrap(dek, context)?))
    }

    /// Adds a recipient, sealed by HPKE and signed by `signer`. If he is in already, his stanza is replaced.
    ///
    /// # Errors
    /// As [`Grant::seal`]; [`GrantError::TooLong`] for one stanza more than [`Self::MAX_STANZAS`].
    pub fn add_recipient(
        &mut self,
        dek: &Dek,
        recipient: &Recipient,
        signer: &Signer,
        context: &WrapContext,
    ) -> Result<(), GrantError> {
        let payload = Payload::Dek(Dek::from_bytes(dek.expose()));
        let grant = Grant::seal(&payload, recipient, signer, &of_grant(recipient, context)?)?;
        self.remove_recipient(&recipient.id());
        self.push(Stanza::Hpke(grant))
    }

    /// Adds a passphrase of 1 to 1024 octets. Takes the memory and time that `params` say; take new ones for each
    /// ([`PassphraseParams::generate`]).
    ///
    /// # Errors
    /// As [`PassphraseStanza::seal`]; [`GrantError::TooLong`] for one more than [`Self::MAX_PASSPHRASES`] or [`Self::MAX_STANZAS`].
    pub fn add_passphrase(
        &mut self,
        dek: &Dek,
        passphrase: &str,
        params: PassphraseParams,
        context: &WrapContext,
    ) -> Result<(), GrantError> {
        let stanza = PassphraseStanza::seal(dek, passphrase, params, context)?;
        self.push(Stanza::Passphrase(stanza))
    }

    /// Removes the stanzas of a recipient, for which nobody needs the DEK, and tells whether there were any. What he opened before, or copied, he keeps.
    pub fn remove_recipient(&mut self, recipient: &RecipientId) -> bool {
        self.remove_if(
            |stanza| matches!(stanza, Stanza::Hpke(grant) if grant.recipient() == *recipient),
        )
    }

    /// Removes the stanzas that `is_gone` names, and tells whether there were any.
    pub fn remove_if(&mut self, is_gone: impl Fn(&Stanza) -> bool) -> bool {
        let before = self.stanzas.len();
        self.stanzas.retain(|stanza| !is_gone(stanza));
        self.stanzas.len() != before
    }

    /// Replaces a provider's stanza by what the provider made of it under another KEK or version: re-wrapping needs no DEK here.
    ///
    /// # Errors
    /// [`GrantError::NoStanza`] if `old` is not in the envelope.
    pub fn replace(&mut self, old: &WrappedKey, new: WrappedKey) -> Result<(), GrantError> {
        let place = self
            .stanzas
            .iter_mut()
            .find(|stanza| matches!(stanza, Stanza::Provider(wrapped) if wrapped == old))
            .ok_or(GrantError::NoStanza)?;
        *place = Stanza::Provider(new);
        Ok(())
    }

    /// Opens the DEK by a provider's KEK: the first stanza that it unwraps.
    ///
    /// # Errors
    /// [`GrantError::NoStanza`] if it is none of the stanzas'; else what the provider said last.
    pub fn open_by_provider(
        &self,
        wrapper: &dyn KekWrapper,
        context: &WrapContext,
    ) -> Result<Dek, GrantError> {
        let mut last = GrantError::NoStanza;
        for stanza in &self.stanzas {
            let Stanza::Provider(wrapped) = stanza else {
                continue;
            };
            match wrapper.unwrap(wrapped, context) {
                Ok(dek) => return Ok(dek),
                // Of several providers each knows its own.
                Err(WrapError::DoesNotAuthenticate) if !matches!(last, GrantError::NoStanza) => {}
                Err(error) => last = error.into(),
            }
        }
        Err(last)
    }

    /// Opens the DEK as a recipient, by a stanza that one of `signers` signed: whom the caller trusts to give keys.
    ///
    /// # Errors
    /// [`GrantError::NoStanza`] if none is for this identity; [`GrantError::Signature`] if none is signed by one of `signers`;
    /// [`GrantError::DoesNotOpen`], [`GrantError::OtherPayload`] if a signed one is not good.
    pub fn open_by_identity(
        &self,
        identity: &Identity,
        signers: &[SignerPublic],
        context: &WrapContext,
    ) -> Result<Dek, GrantError> {
        let context = of_grant(identity.recipient(), context)?;
        match open_one(self.grants(), identity, signers, &context)? {
            Payload::Dek(dek) => Ok(dek),
            _ => Err(GrantError::OtherPayload),
        }
    }

    /// Opens the DEK by a passphrase. Each passphrase stanza costs what its parameters say.
    ///
    /// # Errors
    /// [`GrantError::NoStanza`] if there is no passphrase; [`GrantError::Passphrase`] if it is another; else as [`PassphraseStanza::open`].
    pub fn open_by_passphrase(
        &self,
        passphrase: &str,
        context: &WrapContext,
    ) -> Result<Dek, GrantError> {
        let mut last = GrantError::NoStanza;
        for stanza in &self.stanzas {
            let Stanza::Passphrase(sealed) = stanza else {
                continue;
            };
            match sealed.open(passphrase, context) {
                Err(error) => last = error,
                opened => return opened,
            }
        }
        Err(last)
    }

    /// Returns the octets.
    ///
    /// # Errors
    /// [`GrantError::TooLong`] if a part has over 65,535 octets.
    pub fn to_bytes(&self) -> Result<Vec<u8>, GrantError> {
        let mut out = MAGIC.to_vec();
        let count = u16::try_from(self.stanzas.len()).map_err(|_| GrantError::TooLong)?;
        out.extend_from_slice(&count.to_be_bytes());
        for stanza in &self.stanzas {
            let (kind, body) = match stanza {
                Stanza::Provider(wrapped) => (PROVIDER, wrapped_to_bytes(wrapped)?),
                Stanza::Hpke(grant) => (HPKE, grant.to_bytes()),
                Stanza::Passphrase(sealed) => (PASSPHRASE, sealed.to_bytes()?),
                Stanza::Unknown { kind, body } => (*kind, body.clone()),
            };
            out.push(kind);
            push_lp(&mut out, &body)?;
        }
        if out.len() > Self::MAX_LEN {
            return Err(GrantError::TooLong);
        }
        Ok(out)
    }

    /// Reads the octets.
    ///
    /// # Errors
    /// [`GrantError::UnknownVersion`] for an envelope of another version; [`GrantError::Malformed`] if they are none.
    pub fn from_bytes(octets: &[u8]) -> Result<Self, GrantError> {
        if octets.len() > Self::MAX_LEN {
            return Err(GrantError::Malformed);
        }
        let mut reader = Reader::new(octets);
        let (magic, version) = (reader.take(MAGIC.len() - 1)?, reader.u8()?);
        if magic != &MAGIC[..magic.len()] {
            return Err(GrantError::Malformed);
        }
        if version != MAGIC[magic.len()] {
            return Err(GrantError::UnknownVersion { version });
        }
        let count = usize::from(reader.u16()?);
        if count > Self::MAX_STANZAS {
            return Err(GrantError::Malformed);
        }
        let mut envelope = Self::new();
        for _ in 0..count {
            let kind = reader.u8()?;
            let stanza = stanza(kind, reader.lp()?)?;
            envelope.push(stanza).map_err(|_| GrantError::Malformed)?;
        }
        reader.end()?;
        Ok(envelope)
    }

    pub(super) fn grants(&self) -> impl Iterator<Item = &Grant> {
        self.stanzas.iter().filter_map(|stanza| match stanza {
            Stanza::Hpke(grant) => Some(grant),
            _ => None,
        })
    }

    pub(super) fn push(&mut self, stanza: Stanza) -> Result<(), GrantError> {
        let passphrase = |stanza: &&Stanza| matches!(stanza, Stanza::Passphrase(_));
        let passphrases = self.stanzas.iter().filter(passphrase).count();
        if self.stanzas.len() >= Self::MAX_STANZAS
            || (passphrase(&&stanza) && passphrases >= Self::MAX_PASSPHRASES)
        {
            return Err(GrantError::TooLong);
        }
        self.stanzas.push(stanza);
        Ok(())
    }
}

/// Opens the first of `grants` that is for `identity` and signed by one of `signers`.
pub(super) fn open_one<'a>(
    grants: impl Iterator<Item = &'a Grant>,
    identity: &Identity,
    signers: &[SignerPublic],
    context: &[u8],
) -> Result<Payload, GrantError> {
    let id = identity.recipient().id();
    let mut last = GrantError::NoStanza;
    for grant in grants.filter(|grant| grant.recipient() == id) {
        if matches!(last, GrantError::NoStanza) {
            last = GrantError::Signature;
        }
        for signer in signers {
            match grant.open(identity, signer, context) {
                Err(GrantError::Signature) => {}
                Err(error) => last = error,
                opened => return opened,
            }
        }
    }
    Err(last)
}

/// The context of a recipient's stanza: his id stands for the KEK's, version 0.
fn of_grant(recipient: &Recipient, context: &WrapContext) -> Result<Vec<u8>, GrantError> {
    Ok(context.authenticated(&recipient.id().to_string(), 0)?)
}

fn stanza(kind: u8, body: &[u8]) -> Result<Stanza, GrantError> {
    let unknown = || Stanza::Unknown {
        kind,
        body: body.to_vec(),
    };
    let known = match kind {
        PROVIDER => wrapped_from_bytes(body).map(|wrapped| wrapped.map(Stanza::Provider)),
        HPKE => Grant::from_bytes(body).map(|grant| Some(Stanza::Hpke(grant))),
        PASSPHRASE => PassphraseStanza::from_bytes(body).map(|s| Some(Stanza::Passphrase(s))),
        _ => return Ok(unknown()),
    };
    match known {
        Ok(stanza) => Ok(stanza.unwrap_or_else(unknown)),
        Err(GrantError::UnknownVersion { .. } | GrantError::UnknownKem { .. }) => Ok(unknown()),
        Err(error) => Err(error),
    }
}

fn wrapped_to_bytes(wrapped: &WrappedKey) -> Result<Vec<u8>, GrantError> {
    let mut out = Vec::new();
    push_lp(&mut out, wrapped.provider.as_bytes())?;
    push_lp(&mut out, wrapped.kek_id.as_bytes())?;
    out.extend_from_slice(&wrapped.kek_version.to_be_bytes());
    out.push(wrapped.algorithm as u8);
    push_lp(&mut out, wrapped.region.as_bytes())?;
    out.extend_from_slice(&wrapped.context_hash);
    push_lp(&mut out, &wrapped.octets)?;
    Ok(out)
}

/// Nothing for an algorithm of a later version.
fn wrapped_from_bytes(octets: &[u8]) -> Result<Option<WrappedKey>, GrantError> {
    let mut reader = Reader::new(octets);
    let provider = reader.lp_text()?.to_owned();
    let kek_id = reader.lp_text()?.to_owned();
    let kek_version = reader.u32()?;
    let algorithm = match reader.u8()? {
        1 => WrapAlgorithm::Aes256Gcm,
        2 => WrapAlgorithm::XAes256Gcm,
        3 => WrapAlgorithm::AesKw,
        4 => WrapAlgorithm::Kms,
        5 => WrapAlgorithm::Foreign,
        _ => return Ok(None),
    };
    let region = reader.lp_text()?.to_owned();
    let context_hash = *reader.array()?;
    let octets = reader.lp()?.to_vec();
    reader.end()?;
    Ok(Some(WrappedKey {
        provider,
        kek_id,
        kek_version,
        algorithm,
        region,
        context_hash,
        octets,
    }))
}
