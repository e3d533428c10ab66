//! Handing over: an invitation to a channel, and the key of a session to the owners of a recording.

use core::fmt;

use super::envelope::{Envelope, Stanza, open_one};
use super::error::GrantError;
use super::identity::{Identity, Recipient, RecipientId};
use super::octets::{Reader, push_lp};
use super::payload::{Payload, SessionKey};
use super::sealed::Grant;
use super::signer::{Signer, SignerPublic};
use crate::cipher::CheckedCipher;
use crate::id::KeyId;
use crate::keys::{Channel, ChannelStore};

/// The context of an invitation.
const INVITATION: &[u8] = b"epoch secret";
/// The context of a session's key, before its KID.
const SESSION: &[u8] = b"session";
const SESSION_VERSION: u8 = 1;

/// Invites `recipient`: seals the secret of the step that seals now to him, signed by `signer`. He opens and seals from that step on, nothing earlier: to
/// keep from him what was said before, let all members [`advance_to`](Channel::advance_to) first.
///
/// # Errors
/// [`NoActiveKey`](crate::Error::NoActiveKey) if the channel seals with no generation; as [`Grant::seal`].
pub fn invite(
    channel: &Channel,
    recipient: &Recipient,
    signer: &Signer,
) -> Result<Grant, GrantError> {
    let (generation, step) = channel.sending().ok_or(crate::error::Error::NoActiveKey)?;
    let epoch = channel.epoch_secret(generation, step)?;
    Grant::seal(&Payload::Epoch(epoch), recipient, signer, INVITATION)
}

/// Joins by an invitation that `inviter` signed: opens its channel in `store` and stages the generation, from the step that was sealed on. It opens
/// frames now; [`activate`](Channel::activate) it to seal. A custom cipher is given in `cipher`, as in [`Channel::join`].
///
/// # Errors
/// As [`Grant::open`]; [`GrantError::OtherPayload`] if it is no invitation; [`Misuse::ChannelOpen`](crate::Misuse::ChannelOpen) if the channel is open
/// in this store: [`accept`] by its handle; as [`Channel::join`].
pub fn join(
    store: &ChannelStore,
    invitation: &Grant,
    identity: &Identity,
    inviter: &SignerPublic,
    cipher: Option<&CheckedCipher>,
) -> Result<Channel, GrantError> {
    let Payload::Epoch(epoch) = invitation.open(identity, inviter, INVITATION)? else {
        return Err(GrantError::OtherPayload);
    };
    let channel = store.channel(epoch.config())?;
    channel.join(epoch, cipher)?;
    Ok(channel)
}

/// Takes an invitation to a generation of a channel that is open, such as after others advanced or changed the key.
///
/// # Errors
/// As [`join`].
pub fn accept(
    channel: &Channel,
    invitation: &Grant,
    identity: &Identity,
    inviter: &SignerPublic,
    cipher: Option<&CheckedCipher>,
) -> Result<(), GrantError> {
    let Payload::Epoch(epoch) = invitation.open(identity, inviter, INVITATION)? else {
        return Err(GrantError::OtherPayload);
    };
    Ok(channel.join(epoch, cipher)?)
}

/// The base key of one session, sealed to each owner of a recording: what a recorder keeps beside frames that it cannot open.
///
/// ```text
/// u8(1) ‖ u64(KID) ‖ envelope of HPKE stanzas, their context lp("session") ‖ u64(KID)
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionGrant {
    kid: KeyId,
    envelope: Envelope,
}

/// Seals the base key of a session of this side to `owners`, signed by `signer`: call it when
/// [`SessionStarted`](crate::Event::SessionStarted) tells of `kid`, and hand the octets to the recorder.
///
/// Owners open what this sender sends under this KID; neither they nor the recorder get an epoch secret or a channel key.
///
/// # Errors
/// [`Misuse::UnknownSendKey`](crate::Misuse::UnknownSendKey) if the session is not of the channel's encryptors, or is not among the last 4 of one of them, or its step was
/// wiped after grace; as [`Grant::seal`].
pub fn session_grant(
    channel: &Channel,
    kid: KeyId,
    owners: &[Recipient],
    signer: &Signer,
) -> Result<SessionGrant, GrantError> {
    let held = channel.session_key(kid)?;
    SessionGrant::seal(
        SessionKey {
            suite: held.suite,
            kid,
            sender: held.sender,
            media: held.media,
            generation: held.generation,
            step: held.step,
            period: held.period,
            base_key: held.base_key,
        },
        owners,
        signer,
    )
}

impl SessionGrant {
    /// Seals a session's key to `owners`; see [`session_grant`].
    ///
    /// # Errors
    /// As [`Grant::seal`]; [`GrantError::TooLong`] for more than [`Envelope::MAX_STANZAS`] owners.
    pub fn seal(
        session: SessionKey,
        owners: &[Recipient],
        signer: &Signer,
    ) -> Result<Self, GrantError> {
        let kid = session.kid;
        let context = context(kid)?;
        let payload = Payload::Session(session);
        let mut envelope = Envelope::new();
        for owner in owners {
            let grant = Grant::seal(&payload, owner, signer, &context)?;
            envelope.push(Stanza::Hpke(grant))?;
        }
        Ok(Self { kid, envelope })
    }

    /// Opens it as an owner, if one of `signers` signed it: the senders whom the caller knows.
    ///
    /// # Errors
    /// [`GrantError::NoStanza`] if none is for this identity; [`GrantError::Signature`] if none is signed by one of `signers`;
    /// [`GrantError::OtherPayload`] if what is sealed is no key of this session.
    pub fn open(
        &self,
        identity: &Identity,
        signers: &[SignerPublic],
    ) -> Result<SessionKey, GrantError> {
        let context = context(self.kid)?;
        match open_one(self.envelope.grants(), identity, signers, &context)? {
            Payload::Session(session) if session.kid == self.kid => Ok(session),
            _ => Err(GrantError::OtherPayload),
        }
    }

    /// Seals the session's key to one owner more, signed by `signer`: somebody who opened it shares it. The new owner opens it as one who trusts that signer,
    /// whoever the sender is. If he is in already, his stanza is replaced.
    ///
    /// # Errors
    /// [`GrantError::OtherPayload`] for the key of another session; as [`Grant::seal`]; [`GrantError::TooLong`] for one more than [`Envelope::MAX_STANZAS`].
    pub fn add_owner(
        &mut self,
        session: SessionKey,
        owner: &Recipient,
        signer: &Signer,
    ) -> Result<(), GrantError> {
        if session.kid != self.kid {
            return Err(GrantError::OtherPayload);
        }
        let payload = Payload::Session(session);
        let grant = Grant::seal(&payload, owner, signer, &context(self.kid)?)?;
        self.envelope.remove_recipient(&owner.id());
        self.envelope.push(Stanza::Hpke(grant))
    }

    /// Removes the stanzas of an owner, and tells whether there were any. What he opened before, or copied, he keeps.
    pub fn remove_owner(&mut self, owner: &RecipientId) -> bool {
        self.envelope.remove_recipient(owner)
    }

    /// Returns the KID.
    #[must_use]
    pub const fn kid(&self) -> KeyId {
        self.kid
    }

    /// Returns the stanzas, one an owner.
    #[must_use]
    pub const fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// Returns the octets.
    ///
    /// # Errors
    /// [`GrantError::TooLong`] if there are more than 4 MiB.
    pub fn to_bytes(&self) -> Result<Vec<u8>, GrantError> {
        let mut out = vec![SESSION_VERSION];
        out.extend_from_slice(&self.kid.value().to_be_bytes());
        out.extend_from_slice(&self.envelope.to_bytes()?);
        Ok(out)
    }

    /// Reads the octets.
    ///
    /// # Errors
    /// [`GrantError::UnknownVersion`] for another version; [`GrantError::Malformed`] if they are none.
    pub fn from_bytes(octets: &[u8]) -> Result<Self, GrantError> {
        let mut reader = Reader::new(octets);
        let version = reader.u8()?;
        if version != SESSION_VERSION {
            return Err(GrantError::UnknownVersion { version });
        }
        let kid = KeyId::new(reader.u64()?);
        let envelope = Envelope::from_bytes(reader.rest())?;
        Ok(Self { kid, envelope })
    }
}

impl fmt::Display for SessionGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let owners = self.envelope.stanzas().len();
        write!(f, "session {} for {owners} owners", self.kid)
    }
}

fn context(kid: KeyId) -> Result<Vec<u8>, GrantError> {
    let mut out = Vec::new();
    push_lp(&mut out, SESSION)?;
    out.extend_from_slice(&kid.value().to_be_bytes());
    Ok(out)
}
