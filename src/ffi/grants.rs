//! Keys sealed to people and recorders: key pairs, grants, invitations.

use core::ffi::c_char;
use core::ptr::null_mut;
use std::sync::Arc;

use super::boundary::enter;
use super::channel::mediaseal_channel;
use super::channel_store::mediaseal_channel_store;
use super::cipher::mediaseal_cipher;
use super::convert::{OctetsOut, Out, array, items, octets, octets_mut, text};
use super::handle::{Object, close_shared, free_shared, new_shared, share_of, shared};
use super::key_store::mediaseal_key_store;
use super::numbers::MEDIASEAL_DEK_LEN;
use super::recording_types::mediaseal_recipient;
use super::status::{
    Fault, MEDIASEAL_ERR_GRANT_KEM, MEDIASEAL_ERR_GRANT_PAYLOAD, MEDIASEAL_ERR_LENGTH, Outcome,
    mediaseal_status,
};
use crate::id::KeyId;
use crate::vault::Dek;
use crate::vault::grant::{
    Grant, Identity, Kem, Payload, Recipient, SessionGrant, Signer, SignerPublic, accept, invite,
    join, session_grant,
};

/// The secret half of a key pair: opens what was sealed to its public one.
pub struct mediaseal_identity {
    _opaque: (),
}

impl Object for mediaseal_identity {
    type Value = Arc<Identity>;
    const TAG: u32 = 0x6d73_000d;
}

/// The secret half of a signature key pair: says who gives a key.
pub struct mediaseal_signer {
    _opaque: (),
}

impl Object for mediaseal_signer {
    type Value = Arc<Signer>;
    const TAG: u32 = 0x6d73_000e;
}

/// A recipient from his public octets.
pub(super) fn recipient_of(recipient: *const u8, len: usize) -> Result<Recipient, Fault> {
    Ok(Recipient::from_bytes(octets(recipient, len)?)?)
}

/// Who signed, from his public octets.
pub(super) fn signer_of(signer: *const u8) -> Result<SignerPublic, Fault> {
    Ok(SignerPublic::from_bytes(array(signer)?)?)
}

/// Draws a key pair, of one of `MEDIASEAL_KEM_…`.
///
/// Writes a new object to `out_identity`, which the caller ends with mediaseal_identity_free; the secret is wiped with it.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_GRANT_KEM, MEDIASEAL_ERR_ENTROPY, MEDIASEAL_ERR_NULL_POINTER. Any thread. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_identity_generate(
    kem: u32,
    out_identity: *mut *mut mediaseal_identity,
) -> mediaseal_status {
    let out = Out::new(out_identity, null_mut());
    enter(|| {
        let out = out?;
        let kem = u16::try_from(kem).map_err(|_| Fault(MEDIASEAL_ERR_GRANT_KEM))?;
        let identity = Identity::generate(Kem::from_id(kem)?)?;
        out.write(new_shared(Arc::new(identity)));
        Ok(())
    })
}

/// Reads a secret key from its text, "mediaseal-id-1…", which the caller wipes.
///
/// Borrows `key_text`. Writes a new object to `out_identity`, which the caller ends with mediaseal_identity_free.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_GRANT_TEXT, MEDIASEAL_ERR_GRANT_KEM, MEDIASEAL_ERR_GRANT_KEY, MEDIASEAL_ERR_NOT_UTF8, MEDIASEAL_ERR_NULL_POINTER. Any thread. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_identity_from_text(
    key_text: *const c_char,
    out_identity: *mut *mut mediaseal_identity,
) -> mediaseal_status {
    let out = Out::new(out_identity, null_mut());
    enter(|| {
        let out = out?;
        let identity = Identity::from_text(text(key_text)?)?;
        out.write(new_shared(Arc::new(identity)));
        Ok(())
    })
}

/// Writes a secret key as text and a zero octet to `out`, which the caller wipes; `out_len` is its length without that.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_BUFFER_TOO_SMALL, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_identity_to_text(
    identity: *const mediaseal_identity,
    out: *mut c_char,
    capacity: usize,
    out_len: *mut usize,
) -> mediaseal_status {
    let out = OctetsOut::new(out.cast(), capacity, out_len);
    shared(identity, |identity| {
        out?.write_text(identity.to_text().as_str())
    })
}

/// Writes the public half to `out`, at most MEDIASEAL_RECIPIENT_MAX_LEN octets, and their number to `out_len`: what keys are sealed to.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_BUFFER_TOO_SMALL, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_identity_recipient(
    identity: *const mediaseal_identity,
    out: *mut u8,
    capacity: usize,
    out_len: *mut usize,
) -> mediaseal_status {
    let out = OctetsOut::new(out, capacity, out_len);
    shared(identity, |identity| {
        out?.write(&identity.recipient().to_bytes())
    })
}

/// Ends the use of an identity and wipes it once no call uses it.
///
/// Returns MEDIASEAL_OK, also if it is closed already; MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_BAD_HANDLE. Any thread, at any time. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_identity_close(
    identity: *mut mediaseal_identity,
) -> mediaseal_status {
    close_shared(identity)
}

/// Frees an identity, the last use of it. NULL is accepted. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_identity_free(identity: *mut mediaseal_identity) {
    free_shared(identity);
}

/// Writes the public half of a recipient as text and a zero octet, "mediaseal-pub-1…".
///
/// Borrows `recipient`.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_GRANT_KEY, MEDIASEAL_ERR_GRANT_KEM, MEDIASEAL_ERR_BUFFER_TOO_SMALL, MEDIASEAL_ERR_NULL_POINTER. Any thread. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_recipient_to_text(
    recipient: *const u8,
    recipient_len: usize,
    out: *mut c_char,
    capacity: usize,
    out_len: *mut usize,
) -> mediaseal_status {
    let out = OctetsOut::new(out.cast(), capacity, out_len);
    enter(|| out?.write_text(&recipient_of(recipient, recipient_len)?.to_string()))
}

/// Reads the public half of a recipient from text, to at most MEDIASEAL_RECIPIENT_MAX_LEN octets.
///
/// Borrows `key_text`.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_GRANT_TEXT, MEDIASEAL_ERR_GRANT_KEY, MEDIASEAL_ERR_GRANT_KEM, MEDIASEAL_ERR_BUFFER_TOO_SMALL, MEDIASEAL_ERR_NOT_UTF8, MEDIASEAL_ERR_NULL_POINTER. Any thread. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_recipient_from_text(
    key_text: *const c_char,
    out: *mut u8,
    capacity: usize,
    out_len: *mut usize,
) -> mediaseal_status {
    let out = OctetsOut::new(out, capacity, out_len);
    enter(|| {
        let recipient: Recipient = text(key_text)?.parse()?;
        out?.write(&recipient.to_bytes())
    })
}

/// Draws a signature key pair (Ed25519).
///
/// Writes a new object to `out_signer`, which the caller ends with mediaseal_signer_free; the secret is wiped with it.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_ENTROPY, MEDIASEAL_ERR_NULL_POINTER. Any thread. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_signer_generate(
    out_signer: *mut *mut mediaseal_signer,
) -> mediaseal_status {
    let out = Out::new(out_signer, null_mut());
    enter(|| {
        let out = out?;
        out.write(new_shared(Arc::new(Signer::generate()?)));
        Ok(())
    })
}

/// Reads a secret signature key from its text, "mediaseal-signer-1…", which the caller wipes.
///
/// Borrows `key_text`. Writes a new object to `out_signer`, which the caller ends with mediaseal_signer_free.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_GRANT_TEXT, MEDIASEAL_ERR_NOT_UTF8, MEDIASEAL_ERR_NULL_POINTER. Any thread. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_signer_from_text(
    key_text: *const c_char,
    out_signer: *mut *mut mediaseal_signer,
) -> mediaseal_status {
    let out = Out::new(out_signer, null_mut());
    enter(|| {
        let out = out?;
        let signer = Signer::from_text(text(key_text)?)?;
        out.write(new_shared(Arc::new(signer)));
        Ok(())
    })
}

/// Writes a secret signature key as text and a zero octet to `out`, which the caller wipes.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_BUFFER_TOO_SMALL, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_signer_to_text(
    signer: *const mediaseal_signer,
    out: *mut c_char,
    capacity: usize,
    out_len: *mut usize,
) -> mediaseal_status {
    let out = OctetsOut::new(out.cast(), capacity, out_len);
    shared(signer, |signer| out?.write_text(signer.to_text().as_str()))
}

/// Writes the public half, MEDIASEAL_SIGNER_PUBLIC_LEN octets, to `out_public`.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_signer_public(
    signer: *const mediaseal_signer,
    out_public: *mut u8,
) -> mediaseal_status {
    let out = Out::new(out_public.cast::<[u8; SignerPublic::LEN]>(), [0; 32]);
    shared(signer, |signer| {
        out?.write(*signer.public().as_bytes());
        Ok(())
    })
}

/// Ends the use of a signer and wipes it once no call uses it.
///
/// Returns MEDIASEAL_OK, also if it is closed already; MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_BAD_HANDLE. Any thread, at any time. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_signer_close(signer: *mut mediaseal_signer) -> mediaseal_status {
    close_shared(signer)
}

/// Frees a signer, the last use of it. NULL is accepted. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_signer_free(signer: *mut mediaseal_signer) {
    free_shared(signer);
}

/// Seals a data encryption key, MEDIASEAL_DEK_LEN octets, to `recipient`, signed by `signer`. It opens for the same `context` alone, which both sides know.
///
/// Borrows all inputs. Writes the grant, at most MEDIASEAL_GRANT_MAX_LEN octets, to `out`, and their number to `out_len`.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_GRANT_KEY, MEDIASEAL_ERR_GRANT_KEM, MEDIASEAL_ERR_GRANT_TOO_LONG, MEDIASEAL_ERR_BUFFER_TOO_SMALL, MEDIASEAL_ERR_ENTROPY, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER.
/// Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_grant_dek(
    signer: *const mediaseal_signer,
    dek: *const u8,
    recipient: *const u8,
    recipient_len: usize,
    context: *const u8,
    context_len: usize,
    out: *mut u8,
    capacity: usize,
    out_len: *mut usize,
) -> mediaseal_status {
    let out = OctetsOut::new(out, capacity, out_len);
    shared(signer, |signer| {
        let out = out?;
        let payload = Payload::Dek(Dek::from_bytes(array(dek)?));
        let recipient = recipient_of(recipient, recipient_len)?;
        let context = octets(context, context_len)?;
        let grant = Grant::seal(&payload, &recipient, signer, context)?;
        out.write(&grant.to_bytes())
    })
}

/// Opens a grant of a data encryption key that `signer` (MEDIASEAL_SIGNER_PUBLIC_LEN octets) signed for `context`.
///
/// Borrows all inputs. Writes MEDIASEAL_DEK_LEN octets to `out_dek`, which the caller wipes; nothing of it before signature and seal are right.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_GRANT_SIGNATURE, MEDIASEAL_ERR_GRANT_RECIPIENT, MEDIASEAL_ERR_GRANT_DOES_NOT_OPEN, MEDIASEAL_ERR_GRANT_PAYLOAD for another kind of key, MEDIASEAL_ERR_GRANT_FORM, MEDIASEAL_ERR_GRANT_VERSION,
/// MEDIASEAL_ERR_GRANT_KEM, MEDIASEAL_ERR_GRANT_KEY, MEDIASEAL_ERR_CLOSED, MEDIASEAL_ERR_NULL_POINTER. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_grant_open_dek(
    identity: *const mediaseal_identity,
    grant: *const u8,
    grant_len: usize,
    signer: *const u8,
    context: *const u8,
    context_len: usize,
    out_dek: *mut u8,
) -> mediaseal_status {
    let cleared = octets_mut(out_dek, MEDIASEAL_DEK_LEN).map(|room| room.fill(0));
    shared(identity, |identity| {
        cleared?;
        let grant = Grant::from_bytes(octets(grant, grant_len)?)?;
        let context = octets(context, context_len)?;
        let opened = grant.open(identity, &signer_of(signer)?, context)?;
        let Payload::Dek(dek) = opened else {
            return Err(Fault(MEDIASEAL_ERR_GRANT_PAYLOAD));
        };
        octets_mut(out_dek, MEDIASEAL_DEK_LEN)?.copy_from_slice(dek.expose());
        Ok(())
    })
}

/// Invites `recipient`: seals the secret of the step that the channel seals with now to him, signed by `signer`. He opens and seals from that step on; to keep from him what was said before, let all members
/// mediaseal_channel_advance_to first.
///
/// Borrows all inputs. Writes the invitation, at most MEDIASEAL_GRANT_MAX_LEN octets, to `out`, and their number to `out_len`.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_NO_ACTIVE_KEY, and what mediaseal_grant_dek returns. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_channel_invite(
    channel: *const mediaseal_channel,
    recipient: *const u8,
    recipient_len: usize,
    signer: *const mediaseal_signer,
    out: *mut u8,
    capacity: usize,
    out_len: *mut usize,
) -> mediaseal_status {
    let out = OctetsOut::new(out, capacity, out_len);
    shared(channel, |channel| {
        let out = out?;
        let recipient = recipient_of(recipient, recipient_len)?;
        let signer = share_of(signer)?;
        let grant = invite(channel, &recipient, &signer)?;
        out.write(&grant.to_bytes())
    })
}

/// Takes an invitation to a channel that is open, from the step on that was sealed. It opens frames now; mediaseal_channel_activate it to seal.
///
/// Borrows all inputs. `inviter` is the public half of who signed, MEDIASEAL_SIGNER_PUBLIC_LEN octets; `cipher` is NULL for a built-in suite.
///
/// Returns what mediaseal_grant_open_dek and mediaseal_channel_join return. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_channel_accept(
    channel: *const mediaseal_channel,
    invitation: *const u8,
    invitation_len: usize,
    identity: *const mediaseal_identity,
    inviter: *const u8,
    cipher: *const mediaseal_cipher,
) -> mediaseal_status {
    shared(channel, |channel| {
        let invitation = Grant::from_bytes(octets(invitation, invitation_len)?)?;
        let identity = share_of(identity)?;
        let cipher = (!cipher.is_null()).then(|| share_of(cipher)).transpose()?;
        let inviter = signer_of(inviter)?;
        Ok(accept(
            channel,
            &invitation,
            &identity,
            &inviter,
            cipher.as_ref(),
        )?)
    })
}

/// Joins by an invitation: opens its channel in `store` and stages the generation. The rest is as in mediaseal_channel_accept.
///
/// Writes a new object to `out_channel`, which the caller ends with mediaseal_channel_free.
///
/// Returns what mediaseal_channel_accept returns, MEDIASEAL_ERR_CHANNEL_OPEN if the channel is open in this store. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_channel_store_join(
    store: *const mediaseal_channel_store,
    invitation: *const u8,
    invitation_len: usize,
    identity: *const mediaseal_identity,
    inviter: *const u8,
    cipher: *const mediaseal_cipher,
    out_channel: *mut *mut mediaseal_channel,
) -> mediaseal_status {
    let out = Out::new(out_channel, null_mut());
    shared(store, |channels| {
        let out = out?;
        let invitation = Grant::from_bytes(octets(invitation, invitation_len)?)?;
        let identity = share_of(identity)?;
        let cipher = (!cipher.is_null()).then(|| share_of(cipher)).transpose()?;
        let (store, inviter) = (&channels.store, signer_of(inviter)?);
        let channel = join(store, &invitation, &identity, &inviter, cipher.as_ref())?;
        out.write(new_shared(channel));
        Ok(())
    })
}

/// Seals the base key of session `kid` of this side, which MEDIASEAL_EVENT_SESSION_STARTED told of, to `owners`, signed by `signer`: what a recorder keeps beside frames that it cannot open.
///
/// Borrows all inputs. Writes the octets to `out`, and their number to `out_len`.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_UNKNOWN_SEND_KEY if the session is not of this side or gone, and what mediaseal_grant_dek returns. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_channel_session_grant(
    channel: *const mediaseal_channel,
    kid: u64,
    owners: *const mediaseal_recipient,
    owner_count: usize,
    signer: *const mediaseal_signer,
    out: *mut u8,
    capacity: usize,
    out_len: *mut usize,
) -> mediaseal_status {
    let out = OctetsOut::new(out, capacity, out_len);
    shared(channel, |channel| {
        let out = out?;
        let owners = items(owners, owner_count)?
            .iter()
            .map(|owner| recipient_of(owner.octets, owner.len))
            .collect::<Result<Vec<_>, Fault>>()?;
        let signer = share_of(signer)?;
        let granted = session_grant(channel, KeyId::new(kid), &owners, &signer)?;
        out.write(&granted.to_bytes()?)
    })
}

/// Opens a session's key as an owner and adds it to `store`, of the session's suite, for receiving; the key itself is not handed out. `signers` are the public halves of the senders that he knows, MEDIASEAL_SIGNER_PUBLIC_LEN
/// octets each, one behind the other.
///
/// Borrows all inputs. Writes the KID to `out_kid`.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_GRANT_NO_STANZA, MEDIASEAL_ERR_GRANT_PAYLOAD for a store of another suite, what mediaseal_grant_open_dek returns, and what mediaseal_key_store_add_receive returns. Any threads at once. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_key_store_receive_session(
    store: *const mediaseal_key_store,
    session: *const u8,
    session_len: usize,
    identity: *const mediaseal_identity,
    signers: *const u8,
    signer_count: usize,
    out_kid: *mut u64,
) -> mediaseal_status {
    let out = Out::new(out_kid, 0);
    shared(store, |keys| {
        let out = out?;
        let session = SessionGrant::from_bytes(octets(session, session_len)?)?;
        let identity = share_of(identity)?;
        let len = signer_count
            .checked_mul(SignerPublic::LEN)
            .ok_or(Fault(MEDIASEAL_ERR_LENGTH))?;
        let signers = octets(signers, len)?
            .chunks_exact(SignerPublic::LEN)
            .map(|signer| signer_of(signer.as_ptr()))
            .collect::<Result<Vec<_>, Fault>>()?;
        let key = session.open(&identity, &signers)?;
        let added: Outcome = key.receive_in(&keys.store).map_err(Fault::from);
        added?;
        out.write(session.kid().value());
        Ok(())
    })
}
