//! A master key in the keychain of the system, KEKs in a file under it (docs/providers.md).
//!
//! ```text
//!  keychain: master key (256 random bits) ──► store as of `file:` ──► KEKs, sealed, with their states and tombstones
//! ```
//!
//! Which keychain, the application says, by a store of the crate `keyring-core`: the Secret Service, the macOS Keychain, the Windows Credential
//! Manager. It holds one short text; all else is in the file, which is worth nothing without it.

use std::sync::Arc;
use std::{fmt, fs};

use base64ct::{Base64Unpadded, Encoding};
use keyring_core::api::CredentialStore;
use keyring_core::{Entry, Error as Keyring};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

use crate::error::Error;
use crate::keys::PassphraseParams;
use crate::keys::secret::Secret;
use crate::vault::{Dek, WrapContext, WrappedKey};

use super::{
    Destruction, Enforcement, FileProvider, KekRef, KekSpec, KeyProvider, KeyState, ProviderError,
    ProviderInfo, ProviderUrl, Rewrap, file,
};

/// The scheme of the URL, and the name of the provider in wrapped keys.
pub(super) const SCHEME: &str = "keychain";

/// In front of a master key in the keychain, so that another program's secret is not taken for one.
const MASTER: &str = "mediaseal-master-1:";
/// Characters of a master key in the keychain.
const MASTER_LEN: usize = MASTER.len() + 43;

/// The provider `keychain:`.
///
/// ```text
/// keychain:/path/keys.db?service=SERVICE&user=USER[&region=REGION]
/// ```
///
/// `service` and `user` name the entry of the keychain. The store's region is given when it is made, and must be the one in the URL afterwards.
pub struct KeychainProvider {
    file: FileProvider,
    keychain: Arc<CredentialStore>,
    place: Place,
}

/// Where the master key and the file are.
#[derive(Clone, Debug)]
struct Place {
    path: String,
    service: String,
    user: String,
    region: String,
}

impl KeychainProvider {
    /// Draws a master key, makes the file and puts the master key into the keychain. Cut short in between, it leaves a file that opens for nobody
    /// and has no keys: it can be removed.
    ///
    /// # Errors
    /// [`ProviderError::Invalid`] for a URL that is none, or if the entry or the file is there already; both then stay as they are.
    /// [`ProviderError::Unavailable`] if the keychain is locked or away.
    pub fn create(
        keychain: Arc<CredentialStore>,
        url: &ProviderUrl,
    ) -> Result<Self, ProviderError> {
        let place = Place::of(url)?;
        let entry = place.entry(&*keychain, "")?;
        is_free(&entry)?;
        let master = new_master()?;
        // The file first: of several that make one at the same time, one gets past here, and no other touches its entry.
        let file = FileProvider::create(&place.path, &place.region, &master, &cheap()?)?;
        if let Err(error) = keep_first(&entry, &master) {
            // Nothing is sealed in it.
            drop(file);
            fs::remove_file(&place.path).ok();
            return Err(error);
        }
        Ok(Self {
            file,
            keychain,
            place,
        })
    }

    /// Opens the file by the master key in the keychain.
    ///
    /// # Errors
    /// [`ProviderError::Denied`] if the keychain has no master key of this name, or another file's;
    /// [`ProviderError::Unavailable`] if it is locked or away; [`ProviderError::Invalid`] if there is no file, or it is of another region.
    pub fn open(keychain: Arc<CredentialStore>, url: &ProviderUrl) -> Result<Self, ProviderError> {
        let place = Place::of(url)?;
        let entry = place.entry(&*keychain, "")?;
        let master = load(&entry)?.ok_or_else(|| {
            ProviderError::Denied("the keychain has no master key of this name".to_owned())
        })?;
        let file = match FileProvider::open(&place.path, &master) {
            Err(ProviderError::Denied(why)) => {
                finish_rotation(&*keychain, &place, &entry)?.ok_or(ProviderError::Denied(why))?
            }
            opened => opened?,
        };
        let region = file.describe().region;
        if url.value("region").is_some_and(|named| named != region) {
            return Err(ProviderError::Invalid(format!(
                "the store is of region {region:?}, not of the one in its URL"
            )));
        }
        Ok(Self {
            file,
            keychain,
            place,
        })
    }

    /// Takes a new master key: all KEKs are sealed anew, O(KEKs); what they wrapped stays as it is. Interrupted at any point, the next
    /// [`Self::open`] opens with the old or the new one.
    ///
    /// # Errors
    /// [`ProviderError::Unavailable`] if the keychain is locked or away; the old master key then still holds, or the next open finishes it.
    pub fn rotate_master(&self) -> Result<(), ProviderError> {
        let entry = self.place.entry(&*self.keychain, "")?;
        let next = self.place.entry(&*self.keychain, NEXT)?;
        let old = load(&entry)?.ok_or_else(|| {
            ProviderError::Denied("the keychain has no master key of this name".to_owned())
        })?;
        let new = new_master()?;
        // Into the keychain first: no file is sealed under a key that is nowhere kept. But only while the file is under the old one: else what
        // stands there as the next one is, after a rotation that was cut short, the only key that opens it.
        self.file
            .change_passphrase_after(&old, &new, &cheap()?, || keep(&next, &new))?;
        keep(&entry, &new)?;
        next.delete_credential().map_err(told)?;
        Ok(())
    }
}

/// What the user of the entry for a master key ends in that is about to be taken.
const NEXT: &str = " (next)";

/// Opens a file whose rotation was interrupted after it was sealed anew.
fn finish_rotation(
    keychain: &CredentialStore,
    place: &Place,
    entry: &Entry,
) -> Result<Option<FileProvider>, ProviderError> {
    let next = place.entry(keychain, NEXT)?;
    let Some(master) = load(&next)? else {
        return Ok(None);
    };
    let file = FileProvider::open(&place.path, &master)?;
    keep(entry, &master)?;
    next.delete_credential().map_err(told)?;
    Ok(Some(file))
}

impl Place {
    fn of(url: &ProviderUrl) -> Result<Self, ProviderError> {
        if url.scheme() != SCHEME {
            return Err(ProviderError::Invalid(
                "a URL of a keychain begins with \"keychain:\"".to_owned(),
            ));
        }
        url.only(&["service", "user", "region"])?;
        let named = |name: &str| {
            let value = url.value(name).unwrap_or_default();
            if (1..=200).contains(&value.len()) {
                Ok(value.to_owned())
            } else {
                Err(ProviderError::Invalid(format!(
                    "a URL of a keychain has {name}= with 1 to 200 octets"
                )))
            }
        };
        let path = url.path()?;
        if path.is_empty() {
            return Err(ProviderError::Invalid(
                "a URL of a keychain names the file of its keys".to_owned(),
            ));
        }
        Ok(Self {
            path,
            service: named("service")?,
            user: named("user")?,
            region: url.value("region").unwrap_or_default().to_owned(),
        })
    }

    fn entry(&self, keychain: &CredentialStore, suffix: &str) -> Result<Entry, ProviderError> {
        let user = format!("{}{suffix}", self.user);
        keychain.build(&self.service, &user, None).map_err(told)
    }
}

/// A new master key, as text.
fn new_master() -> Result<Zeroizing<String>, ProviderError> {
    let mut octets = Secret::<32>::zeroed();
    getrandom::fill(octets.expose_mut()).map_err(|_| Error::EntropyUnavailable)?;
    let digits = Zeroizing::new(Base64Unpadded::encode_string(octets.expose()));
    let mut text = Zeroizing::new(String::with_capacity(MASTER_LEN));
    text.push_str(MASTER);
    text.push_str(&digits);
    Ok(text)
}

/// The master key of an entry, if it has one.
fn load(entry: &Entry) -> Result<Option<Zeroizing<String>>, ProviderError> {
    let octets = match entry.get_secret() {
        Ok(octets) => octets,
        Err(Keyring::NoEntry) => return Ok(None),
        Err(error) => return Err(told(error)),
    };
    let text = String::from_utf8(octets)
        .map(Zeroizing::new)
        .map_err(|error| {
            error.into_bytes().zeroize();
            not_ours()
        })?;
    if text.len() == MASTER_LEN && text.starts_with(MASTER) {
        Ok(Some(text))
    } else {
        Err(not_ours())
    }
}

fn not_ours() -> ProviderError {
    ProviderError::Damaged("the keychain's entry is no master key of ours".to_owned())
}

/// Puts a master key into the keychain and makes sure that it is there: what is sealed under it depends on that.
fn keep(entry: &Entry, master: &str) -> Result<(), ProviderError> {
    entry.set_secret(master.as_bytes()).map_err(told)?;
    match load(entry)? {
        Some(kept) if bool::from(kept.as_bytes().ct_eq(master.as_bytes())) => Ok(()),
        _ => Err(ProviderError::Failed(
            "the keychain did not keep the master key".to_owned(),
        )),
    }
}

/// Refuses an entry that has a master key.
fn is_free(entry: &Entry) -> Result<(), ProviderError> {
    match load(entry)? {
        None => Ok(()),
        Some(_) => Err(ProviderError::Invalid(
            "the keychain has a master key of this name already".to_owned(),
        )),
    }
}

/// [`keep`], in an entry that still has none. What it may have put there goes again if it fails.
fn keep_first(entry: &Entry, master: &str) -> Result<(), ProviderError> {
    is_free(entry)?;
    keep(entry, master).inspect_err(|_| {
        let is_ours =
            |kept: Zeroizing<String>| bool::from(kept.as_bytes().ct_eq(master.as_bytes()));
        if load(entry).is_ok_and(|kept| kept.is_some_and(is_ours)) {
            entry.delete_credential().ok();
        }
    })
}

/// Argon2id at its least: it stands there because the file's form has it, and 256 random bits need no stretching.
fn cheap() -> Result<PassphraseParams, ProviderError> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|_| Error::EntropyUnavailable)?;
    let salt = Base64Unpadded::encode_string(&salt);
    Ok(format!("$argon2id$v=19$m=8,t=1,p=1${salt}").parse()?)
}

/// What the caller is told of a keychain's error. Some carry the secret, or print what may hold it: those are not repeated.
fn told(error: Keyring) -> ProviderError {
    match error {
        Keyring::NoEntry => ProviderError::Denied("the keychain has no such entry".to_owned()),
        Keyring::NoStorageAccess(error) => {
            ProviderError::Unavailable(format!("the keychain gives no access: {error}"))
        }
        Keyring::PlatformFailure(error) => {
            ProviderError::Unavailable(format!("the keychain failed: {error}"))
        }
        Keyring::BadEncoding(mut secret) | Keyring::BadDataFormat(mut secret, _) => {
            secret.zeroize();
            not_ours()
        }
        Keyring::Ambiguous(_) => {
            ProviderError::Damaged("the keychain has several entries of this name".to_owned())
        }
        Keyring::TooLong(what, most) => ProviderError::Invalid(format!(
            "the keychain takes at most {most} octets of {what}"
        )),
        Keyring::Invalid(what, _) => {
            ProviderError::Invalid(format!("the keychain does not take this {what}"))
        }
        _ => ProviderError::Failed("the keychain cannot do this".to_owned()),
    }
}

impl fmt::Debug for KeychainProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeychainProvider")
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

/// The same key, as the file's provider knows it.
fn of_file(wrapped: &WrappedKey) -> Result<WrappedKey, ProviderError> {
    if wrapped.provider != SCHEME {
        return Err(ProviderError::DoesNotAuthenticate);
    }
    Ok(WrappedKey {
        provider: file::SCHEME.to_owned(),
        ..wrapped.clone()
    })
}

fn of_keychain(wrapped: WrappedKey) -> WrappedKey {
    WrappedKey {
        provider: SCHEME.to_owned(),
        ..wrapped
    }
}

impl KeyProvider for KeychainProvider {
    fn describe(&self) -> ProviderInfo {
        ProviderInfo {
            scheme: SCHEME.to_owned(),
            ..self.file.describe()
        }
    }

    fn create_kek(&self, spec: &KekSpec) -> Result<(), ProviderError> {
        self.file.create_kek(spec)
    }

    fn wrap(
        &self,
        kek: &KekRef,
        dek: &Dek,
        context: &WrapContext,
    ) -> Result<WrappedKey, ProviderError> {
        self.file.wrap(kek, dek, context).map(of_keychain)
    }

    fn unwrap(&self, wrapped: &WrappedKey, context: &WrapContext) -> Result<Dek, ProviderError> {
        self.file.unwrap(&of_file(wrapped)?, context)
    }

    fn rewrap(&self, to: &KekRef, keys: &[Rewrap<'_>]) -> Vec<Result<WrappedKey, ProviderError>> {
        let wrapped: Vec<_> = keys.iter().map(|key| of_file(key.wrapped)).collect();
        let known = keys.iter().zip(&wrapped).filter_map(|(key, wrapped)| {
            let wrapped = wrapped.as_ref().ok()?;
            Some(Rewrap { wrapped, ..*key })
        });
        let known: Vec<_> = known.collect();
        let mut done = self.file.rewrap(to, &known).into_iter();
        wrapped
            .iter()
            .map(|wrapped| match wrapped {
                Ok(_) => done
                    .next()
                    .unwrap_or(Err(ProviderError::DoesNotAuthenticate))
                    .map(of_keychain),
                Err(_) => Err(ProviderError::DoesNotAuthenticate),
            })
            .collect()
    }

    fn set_state(&self, kek: &KekRef, state: KeyState) -> Result<Enforcement, ProviderError> {
        self.file.set_state(kek, state)
    }

    fn destroy_kek(&self, kek: &KekRef) -> Result<Destruction, ProviderError> {
        self.file.destroy_kek(kek)
    }
}
