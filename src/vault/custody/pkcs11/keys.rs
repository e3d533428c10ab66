//! KEKs as objects of a token: made there, used there, destroyed there.

use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::aead::GcmParams;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use zeroize::{Zeroize, Zeroizing};

use crate::error::Error;
use crate::vault::custody::aes_kw::{self, KeyWrapError};
use crate::vault::custody::{KekRef, ProviderError};
use crate::vault::{Dek, WrapAlgorithm, WrappedKey};

use super::fault::{Trouble, is_forgery, is_loss, is_vague, told};
use super::token::{Login, Token};

/// Octets of a KEK.
const KEK_LEN: usize = 32;
/// Octets of the nonce of AES-GCM, drawn at random for each wrap.
const NONCE_LEN: usize = 12;
/// Octets of a wrapped DEK behind its nonce: ciphertext and tag.
const SEALED_LEN: usize = Dek::LEN + 16;
/// Most keys of one name that are looked at.
const MOST_OF_ONE_NAME: usize = 8;
/// Application of the data objects that are tombstones.
const TOMBSTONE: &str = "mediaseal tombstone";

/// Makes a KEK.
pub(super) fn create(
    token: &Token,
    kek: &KekRef,
    algorithm: WrapAlgorithm,
) -> Result<(), ProviderError> {
    let label = label(kek)?;
    // By this a second try knows the key of the first, whose answer was lost.
    let mut id = [0; 16];
    getrandom::fill(&mut id).map_err(|_| Error::EntropyUnavailable)?;
    token.with_session(|session| {
        let ours = |key| {
            let attributes = session.get_attributes(key, &[AttributeType::Id])?;
            Ok::<_, Trouble>(attributes.contains(&Attribute::Id(id.to_vec())))
        };
        match objects(session, &label)?.as_slice() {
            [] => {}
            [only] if ours(*only)? => {
                return if cannot_leave(session, *only)? {
                    Ok(())
                } else {
                    session.destroy_object(*only)?;
                    Err(ProviderError::Unsupported(LEAKY).into())
                };
            }
            _ => return Err(ProviderError::KekExists(kek.clone()).into()),
        }
        if is_buried(session, &label)? {
            return Err(ProviderError::KekExists(kek.clone()).into());
        }
        let is_gcm = algorithm == WrapAlgorithm::Aes256Gcm;
        let key = session.generate_key(
            &Mechanism::AesKeyGen,
            &[
                Attribute::Class(ObjectClass::SECRET_KEY),
                Attribute::KeyType(KeyType::AES),
                Attribute::ValueLen(KEK_LEN.try_into()?),
                Attribute::Label(label.clone().into_bytes()),
                Attribute::Id(id.to_vec()),
                Attribute::Token(true),
                Attribute::Private(true),
                Attribute::Sensitive(true),
                Attribute::Extractable(false),
                Attribute::Modifiable(false),
                Attribute::Encrypt(is_gcm),
                Attribute::Decrypt(is_gcm),
                Attribute::Wrap(!is_gcm),
                Attribute::Unwrap(!is_gcm),
                Attribute::Sign(false),
                Attribute::Verify(false),
                Attribute::Derive(false),
            ],
        )?;
        if !cannot_leave(session, key)? {
            session.destroy_object(key)?;
            return Err(ProviderError::Unsupported(LEAKY).into());
        }
        // Whoever sees another's key of the same name that comes first takes its own back: nobody wraps under that one. The one that comes first
        // stays, since the other process may wrap under it at this moment; see `find`.
        for other in objects(session, &label)? {
            if other != key && comes_before(session, other, &id) {
                session.destroy_object(key)?;
                return Err(ProviderError::KekExists(kek.clone()).into());
            }
        }
        Ok(())
    })
}

/// Whether `find` takes `key` before one of the id `id`. One that is gone by now does not come before anything.
fn comes_before(session: &Session, key: ObjectHandle, id: &[u8]) -> bool {
    let attributes = session.get_attributes(key, &[AttributeType::Id]);
    attributes.is_ok_and(|attributes| {
        let mut attributes = attributes.iter();
        attributes.any(|attribute| matches!(attribute, Attribute::Id(its) if its.as_slice() < id))
    })
}

const LEAKY: &str = "the token does not keep keys that cannot leave it";

/// Whether the token says of a key that it was made there and never could leave it.
fn cannot_leave(session: &Session, key: ObjectHandle) -> Result<bool, Trouble> {
    let wanted = [
        Attribute::Sensitive(true),
        Attribute::AlwaysSensitive(true),
        Attribute::Extractable(false),
        Attribute::NeverExtractable(true),
        Attribute::Local(true),
    ];
    let types = wanted.each_ref().map(Attribute::attribute_type);
    let is = session.get_attributes(key, &types)?;
    Ok(wanted.iter().all(|wanted| is.contains(wanted)))
}

/// Whether the KEK is there.
pub(super) fn is_there(token: &Token, kek: &KekRef) -> Result<(), ProviderError> {
    let label = label(kek)?;
    token.with_session(|session| find(session, kek, &label).map(drop))
}

/// Destroys a KEK; for one that was destroyed, nothing.
pub(super) fn destroy(token: &Token, kek: &KekRef) -> Result<(), ProviderError> {
    let label = label(kek)?;
    token.with_session(|session| {
        let keys = objects(session, &label)?;
        let is_buried = is_buried(session, &label)?;
        if keys.is_empty() && !is_buried {
            return Err(ProviderError::NoSuchKek(kek.clone()).into());
        }
        // The tombstone first: a key that is gone without one would look as if it had never been. Where the token stores no data objects, the
        // key is destroyed all the same, which matters more.
        if !is_buried
            && let Err(error) = session.create_object(&tombstone(&label))
            && is_loss(&error)
        {
            return Err(error.into());
        }
        for key in keys {
            session.destroy_object(key)?;
        }
        Ok(())
    })
}

/// Wraps `dek` under the KEK, by what the KEK was made for.
pub(super) fn wrap(
    token: &Token,
    kek: &KekRef,
    dek: &Dek,
    context: &[u8],
) -> Result<(WrapAlgorithm, Vec<u8>), ProviderError> {
    let label = label(kek)?;
    token.with_session(|session| {
        for key in find(session, kek, &label)? {
            // Whoever brought a key into the token may know it: it opens what it wrapped, and wraps nothing.
            if !cannot_leave(session, key.object)? {
                continue;
            }
            let octets = match key.algorithm {
                WrapAlgorithm::Aes256Gcm => seal(session, key.object, dek, context)?,
                _ => key_wrap(session, key.object, dek, context)?,
            };
            return Ok((key.algorithm, octets));
        }
        Err(ProviderError::Refused {
            kek: kek.clone(),
            reason: "it was not made in the token".to_owned(),
        }
        .into())
    })
}

/// Opens `wrapped`.
pub(super) fn unwrap(
    token: &Token,
    wrapped: &WrappedKey,
    context: &[u8],
) -> Result<Dek, ProviderError> {
    let kek = KekRef {
        id: wrapped.kek_id.clone(),
        version: wrapped.kek_version,
    };
    let label = label(&kek)?;
    let expected = match wrapped.algorithm {
        WrapAlgorithm::Aes256Gcm => NONCE_LEN + SEALED_LEN,
        WrapAlgorithm::AesKw => aes_kw::WRAPPED_LEN,
        _ => return Err(ProviderError::DoesNotAuthenticate),
    };
    if wrapped.octets.len() != expected {
        return Err(ProviderError::DoesNotAuthenticate);
    }
    token.with_session(|session| {
        let keys = find(session, &kek, &label)?;
        for key in keys.iter().filter(|key| key.algorithm == wrapped.algorithm) {
            match unwrap_under(session, key, &wrapped.octets, context) {
                Err(Trouble::Ours(ProviderError::DoesNotAuthenticate)) => {}
                opened => return opened,
            }
        }
        Err(ProviderError::DoesNotAuthenticate.into())
    })
}

fn unwrap_under(
    session: &Session,
    key: &Key,
    octets: &[u8],
    context: &[u8],
) -> Result<Dek, Trouble> {
    let is_gcm = key.algorithm == WrapAlgorithm::Aes256Gcm;
    let opened = if is_gcm {
        open(session, key.object, octets, context)
    } else {
        key_unwrap(session, key.object, octets, context)
    };
    match opened {
        Err(Trouble::Module(error)) if is_forgery(&error) => {
            Err(ProviderError::DoesNotAuthenticate.into())
        }
        // Then a key that is good must open: if it does not, it is the token that failed.
        Err(Trouble::Module(error)) if is_vague(&error) => {
            let good = Dek::generate().map_err(ProviderError::from)?;
            let is_well = if is_gcm {
                seal(session, key.object, &good, context)
                    .and_then(|sealed| open(session, key.object, &sealed, context))
            } else {
                key_wrap(session, key.object, &good, context)
                    .and_then(|wrapped| key_unwrap(session, key.object, &wrapped, context))
            };
            Err(match is_well {
                Ok(_) => ProviderError::DoesNotAuthenticate,
                Err(_) => ProviderError::Unavailable(told(&error).to_string()),
            }
            .into())
        }
        opened => opened,
    }
}

/// AES-GCM within the token: `nonce(12) ‖ ciphertext(32) ‖ tag(16)`.
fn seal(
    session: &Session,
    key: ObjectHandle,
    dek: &Dek,
    context: &[u8],
) -> Result<Vec<u8>, Trouble> {
    let mut nonce = [0; NONCE_LEN];
    getrandom::fill(&mut nonce).map_err(|_| ProviderError::from(Error::EntropyUnavailable))?;
    let mechanism = Mechanism::AesGcm(GcmParams::new(&mut nonce, context, 128.into())?);
    let sealed = session.encrypt(&mechanism, key, dek.expose())?;
    drop(mechanism);
    // A module that returns what it was given must not pass for one that seals.
    if sealed.len() != SEALED_LEN || sealed.starts_with(dek.expose()) {
        return Err(ProviderError::Failed("the token does not seal by AES-GCM".to_owned()).into());
    }
    // Read back: modules that insist on a nonce of their own write it there.
    Ok([&nonce[..], &sealed].concat())
}

fn open(
    session: &Session,
    key: ObjectHandle,
    octets: &[u8],
    context: &[u8],
) -> Result<Dek, Trouble> {
    let (nonce, sealed) = octets
        .split_first_chunk::<NONCE_LEN>()
        .ok_or(ProviderError::DoesNotAuthenticate)?;
    let mut nonce = *nonce;
    let mechanism = Mechanism::AesGcm(GcmParams::new(&mut nonce, context, 128.into())?);
    let opened = Zeroizing::new(session.decrypt(&mechanism, key, sealed)?);
    let octets: &[u8; Dek::LEN] = opened
        .as_slice()
        .try_into()
        .map_err(|_| ProviderError::DoesNotAuthenticate)?;
    Ok(Dek::from_bytes(octets))
}

/// AES-KW within the token, of the DEK with the digest of its context, which the token takes as a secret key of the session.
fn key_wrap(
    session: &Session,
    key: ObjectHandle,
    dek: &Dek,
    context: &[u8],
) -> Result<Vec<u8>, Trouble> {
    let mut template = [
        Attribute::Value(aes_kw::bind(dek, context).expose().to_vec()),
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::GENERIC_SECRET),
        Attribute::Token(false),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(true),
    ];
    let bound = session.create_object(&template);
    if let Attribute::Value(value) = &mut template[0] {
        value.zeroize();
    }
    let bound = bound?;
    let wrapped = session.wrap_key(&Mechanism::AesKeyWrap, key, bound);
    // The session's object must not outlive this, whatever became of it; the session itself ends it at the latest.
    let gone = session.destroy_object(bound);
    let wrapped = wrapped?;
    gone?;
    if wrapped.len() != aes_kw::WRAPPED_LEN {
        return Err(ProviderError::Failed("the token does not wrap by AES-KW".to_owned()).into());
    }
    Ok(wrapped)
}

fn key_unwrap(
    session: &Session,
    key: ObjectHandle,
    wrapped: &[u8],
    context: &[u8],
) -> Result<Dek, Trouble> {
    let template = [
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::GENERIC_SECRET),
        Attribute::Token(false),
        Attribute::Private(true),
        Attribute::Sensitive(false),
        Attribute::Extractable(true),
    ];
    let bound = session.unwrap_key(&Mechanism::AesKeyWrap, key, wrapped, &template)?;
    let value = session.get_attributes(bound, &[AttributeType::Value]);
    let gone = session.destroy_object(bound);
    let mut octets = Zeroizing::new(Vec::new());
    for attribute in value? {
        if let Attribute::Value(value) = attribute {
            *octets = value;
        }
    }
    gone?;
    aes_kw::unbind(&octets, context).map_err(|error| {
        Trouble::Ours(match error {
            KeyWrapError::DoesNotAuthenticate => ProviderError::DoesNotAuthenticate,
            _ => ProviderError::Failed("the token does not give what it unwrapped".to_owned()),
        })
    })
}

/// The KEK, and by what it wraps. One that could leave the token is refused, whoever made it.
///
/// Labels need not be unique in a token, and two processes that make one KEK at one moment may not see each other. Then the name means
/// both: the first by their ids that was made in the token wraps, and each opens what it wrapped, so that nothing is lost.
fn find(session: &Login, kek: &KekRef, label: &str) -> Result<Vec<Key>, Trouble> {
    let mut keys = Vec::new();
    for object in objects(session, label)?.into_iter().take(MOST_OF_ONE_NAME) {
        keys.push(key(session, kek, object)?);
    }
    if keys.is_empty() {
        return Err(if is_buried(session, label)? {
            ProviderError::KekDestroyed(kek.clone())
        } else {
            ProviderError::NoSuchKek(kek.clone())
        }
        .into());
    }
    keys.sort_by(|one, other| one.id.cmp(&other.id));
    Ok(keys)
}

/// A KEK in a session.
struct Key {
    object: ObjectHandle,
    id: Vec<u8>,
    algorithm: WrapAlgorithm,
}

fn key(session: &Session, kek: &KekRef, object: ObjectHandle) -> Result<Key, Trouble> {
    let is = session.get_attributes(
        object,
        &[
            AttributeType::Sensitive,
            AttributeType::Extractable,
            AttributeType::Encrypt,
            AttributeType::Wrap,
            AttributeType::Id,
        ],
    )?;
    let has = |attribute| is.contains(&attribute);
    let refused = |reason: &str| ProviderError::Refused {
        kek: kek.clone(),
        reason: reason.to_owned(),
    };
    if !has(Attribute::Sensitive(true)) || !has(Attribute::Extractable(false)) {
        return Err(refused("it could leave the token").into());
    }
    let algorithm = match (has(Attribute::Encrypt(true)), has(Attribute::Wrap(true))) {
        (true, false) => WrapAlgorithm::Aes256Gcm,
        (false, true) => WrapAlgorithm::AesKw,
        _ => return Err(refused("it is not for AES-GCM alone or AES-KW alone").into()),
    };
    let id = is.into_iter().find_map(|attribute| match attribute {
        Attribute::Id(id) => Some(id),
        _ => None,
    });
    Ok(Key {
        object,
        id: id.unwrap_or_default(),
        algorithm,
    })
}

/// The keys with this label.
///
/// That there is none is believed only of a session that sees everything.
fn objects(session: &Login, label: &str) -> Result<Vec<ObjectHandle>, Trouble> {
    let found = session.find_objects(&[
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::AES),
        Attribute::Token(true),
        Attribute::Label(label.as_bytes().to_vec()),
    ])?;
    if found.is_empty() {
        session.sees_everything()?;
    }
    Ok(found)
}

/// Whether a tombstone bears this label.
fn is_buried(session: &Session, label: &str) -> Result<bool, Trouble> {
    Ok(!session.find_objects(&tombstone(label))?.is_empty())
}

/// A private object: whoever has no PIN makes none.
fn tombstone(label: &str) -> [Attribute; 5] {
    [
        Attribute::Class(ObjectClass::DATA),
        Attribute::Token(true),
        Attribute::Private(true),
        Attribute::Application(TOMBSTONE.as_bytes().to_vec()),
        Attribute::Label(label.as_bytes().to_vec()),
    ]
}

/// The label of a KEK.
fn label(kek: &KekRef) -> Result<String, ProviderError> {
    let is_id = (1..=64).contains(&kek.id.len())
        && kek
            .id
            .bytes()
            .all(|octet| octet.is_ascii_alphanumeric() || b"-_".contains(&octet));
    if !is_id {
        return Err(ProviderError::Invalid(
            "the id of a key is 1 to 64 letters, digits, - or _".to_owned(),
        ));
    }
    Ok(format!("mediaseal/{}/{}", kek.id, kek.version))
}
