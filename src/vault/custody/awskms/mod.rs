//! Key encryption keys in AWS KMS, or in what speaks its protocol (docs/providers.md).
//!
//! A KEK is a symmetric KMS key behind the alias `alias/mediaseal/<id>/<version>`. Data encryption keys go there to be wrapped and come
//! back when unwrapped, over TLS; the encryption context is `{"mediaseal": hex(SHA-256(context))}`, so the trail that AWS
//! keeps shows which context was used and not what it says.

mod client;
mod fault;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64ct::{Base64, Encoding};
use serde_json::{Map, Value, json};
use zeroize::{Zeroize, Zeroizing};

use crate::vault::custody::{
    Destruction, Enforcement, KekRef, KekSpec, KeyProvider, KeyState, Protection, ProviderError,
    ProviderInfo, ProviderUrl, Rewrap, SecretSource, names,
};
use crate::vault::{Clock, Dek, SystemClock, WrapAlgorithm, WrapContext, WrappedKey};

use client::Client;
use fault::Fault;

/// The scheme of the URL, and the name of the provider in wrapped keys.
pub(super) const SCHEME: &str = "awskms";

/// Most octets of a ciphertext, by the documentation of KMS.
const MAX_CIPHERTEXT: usize = 6_144;
/// Days that KMS waits before it deletes a key, where the URL does not say.
const DELETION_DAYS: u32 = 30;

/// Waits as long as it is told, before a request is made again.
pub type Wait = Arc<dyn Fn(Duration) + Send + Sync>;

/// How requests are made.
#[derive(Clone)]
pub struct KmsOptions {
    clock: Arc<dyn Clock>,
    timeout: Duration,
    attempts: u32,
    wait: Option<Wait>,
    roots: Vec<Vec<u8>>,
}

impl Default for KmsOptions {
    /// The system's clock, 10 s a request, one attempt, the roots of the web.
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            timeout: Duration::from_secs(10),
            attempts: 1,
            wait: None,
            roots: Vec::new(),
        }
    }
}

impl KmsOptions {
    /// The clock that dates signatures.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// How long one request may take, from looking up the name to the end of the answer.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Makes requests up to `attempts` times (at most 10) when KMS throttles, fails or does not answer, and waits in between by `wait`:
    /// 100 ms, doubled each time up to 5 s, less a random part. This library never sleeps by itself; without this a request is made once.
    #[must_use]
    pub fn with_retries(mut self, attempts: u32, wait: Wait) -> Self {
        self.attempts = attempts.clamp(1, 10);
        self.wait = Some(wait);
        self
    }

    /// Trusts these certificates (DER) as roots, instead of those of the web: for endpoints of an own authority.
    #[must_use]
    pub fn with_roots(mut self, roots: Vec<Vec<u8>>) -> Self {
        self.roots = roots;
        self
    }
}

impl fmt::Debug for KmsOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KmsOptions")
            .field("timeout", &self.timeout)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

/// The provider `awskms:`.
///
/// ```text
/// awskms:REGION[?endpoint=https://HOST[:PORT]&account=123456789012&deletion-days=7]
/// ```
///
/// `account` makes it refuse answers about keys of other accounts. The endpoint is `https`; `http` is taken for the machine itself alone
/// (`localhost`, `127.0.0.1`, `[::1]`), because data encryption keys travel through it.
pub struct KmsProvider {
    client: Client,
    info: ProviderInfo,
    account: Option<String>,
    deletion_days: u32,
}

impl KmsProvider {
    /// Reads the URL; KMS is asked at the first use. `secrets` is asked at each request for
    /// [`SecretKind::AccessKeyId`](crate::vault::custody::SecretKind::AccessKeyId), `SecretAccessKey` and `SessionToken`, so
    /// that temporary credentials can be replaced.
    ///
    /// # Errors
    /// [`ProviderError::Invalid`] for a URL that is none of KMS.
    pub fn open(
        url: &ProviderUrl,
        secrets: impl SecretSource + 'static,
        options: &KmsOptions,
    ) -> Result<Self, ProviderError> {
        if url.scheme() != SCHEME {
            return Err(invalid("a URL of AWS KMS begins with \"awskms:\""));
        }
        url.only(&["endpoint", "account", "deletion-days"])?;
        let region = url.path()?;
        let is_region = (1..=32).contains(&region.len())
            && region
                .bytes()
                .all(|octet| octet.is_ascii_lowercase() || octet.is_ascii_digit() || octet == b'-');
        if !is_region {
            return Err(invalid(
                "a URL of AWS KMS names a region: awskms:eu-central-1",
            ));
        }
        let account = url.value("account").map(str::to_owned);
        if account
            .as_deref()
            .is_some_and(|account| !is_account(account))
        {
            return Err(invalid("an account of AWS has 12 digits"));
        }
        let deletion_days = match url.value("deletion-days").map(str::parse) {
            None => DELETION_DAYS,
            Some(Ok(days @ 7..=30)) => days,
            Some(_) => return Err(invalid("KMS deletes a key after 7 to 30 days")),
        };
        let client = Client::new(url.clone(), &region, Box::new(secrets), options)?;
        let id = match &account {
            Some(account) => format!("{} {account}", client.endpoint()),
            None => client.endpoint().to_owned(),
        };
        names::check("endpoint", &id)?;
        Ok(Self {
            client,
            info: ProviderInfo {
                scheme: SCHEME.to_owned(),
                id,
                region,
                protection: Protection::Remote,
                exportable: false,
            },
            account,
            deletion_days,
        })
    }

    /// Asks KMS about a KEK: its key id there, its state, and when it will be deleted.
    fn look_up(&self, kek: &KekRef) -> Result<KmsKey, ProviderError> {
        let answer = self
            .client
            .ask("DescribeKey", &json!({ "KeyId": alias(kek)? }), None)
            .map_err(|fault| fault.told(kek))?;
        let metadata = answer.field("KeyMetadata")?;
        self.check_account(metadata.text("Arn")?)?;
        Ok(KmsKey {
            id: metadata.text("KeyId")?.to_owned(),
            state: metadata.text("KeyState")?.to_owned(),
            deletion: metadata.seconds("DeletionDate"),
        })
    }

    /// Refuses a key of another account than the URL names.
    fn check_account(&self, arn: &str) -> Result<(), ProviderError> {
        // arn:aws:kms:region:account:key/id
        match &self.account {
            Some(account) if arn.split(':').nth(4) != Some(account) => Err(ProviderError::Denied(
                "the key is not of the account that the URL names".to_owned(),
            )),
            _ => Ok(()),
        }
    }

    fn delete(&self, id: &str, days: u32) -> Result<client::Answer, Fault> {
        let request = json!({ "KeyId": id, "PendingWindowInDays": days });
        self.client.ask("ScheduleKeyDeletion", &request, None)
    }

    fn wrapped(
        &self,
        kek: &KekRef,
        context: &WrapContext,
        answer: &client::Answer,
        field: &str,
    ) -> Result<WrappedKey, ProviderError> {
        self.check_account(answer.text("KeyId")?)?;
        let octets = Base64::decode_vec(answer.text(field)?)
            .ok()
            .filter(|octets| (1..=MAX_CIPHERTEXT).contains(&octets.len()))
            .ok_or_else(|| ProviderError::Failed("KMS: no ciphertext came".to_owned()))?;
        let name = (kek.id.as_str(), kek.version);
        Ok(WrappedKey::new(
            SCHEME,
            name,
            WrapAlgorithm::Kms,
            context,
            octets,
        )?)
    }

    fn rewrap_one(&self, to: &KekRef, key: &Rewrap<'_>) -> Result<WrappedKey, ProviderError> {
        let from = kek_of(key.wrapped);
        let source = key.wrapped.is_for(key.context)?;
        let destination = key.context.authenticated(&to.id, to.version)?;
        let request = json!({
            "CiphertextBlob": ciphertext(key.wrapped)?,
            "SourceKeyId": alias(&from)?,
            "SourceEncryptionContext": encryption_context(&source),
            "DestinationKeyId": alias(to)?,
            "DestinationEncryptionContext": encryption_context(&destination),
        });
        let answer = self
            .client
            .ask("ReEncrypt", &request, None)
            .map_err(|fault| fault.told_of_two(&from, to))?;
        self.wrapped(to, key.context, &answer, "CiphertextBlob")
    }
}

/// What KMS says of a key.
struct KmsKey {
    id: String,
    state: String,
    deletion: Option<u64>,
}

impl fmt::Debug for KmsProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KmsProvider")
            .field("info", &self.info)
            .finish_non_exhaustive()
    }
}

impl KeyProvider for KmsProvider {
    fn describe(&self) -> ProviderInfo {
        self.info.clone()
    }

    /// Makes a KMS key and its alias. A key that was made and got no alias is scheduled for deletion; where even that fails it is left
    /// behind unused, with the KEK's name as its description.
    fn create_kek(&self, spec: &KekSpec) -> Result<(), ProviderError> {
        names::check_spec(spec)?;
        let (kek, alias) = (&spec.kek, alias(&spec.kek)?);
        match self.look_up(kek) {
            Err(ProviderError::NoSuchKek(_)) => {}
            Ok(_) => return Err(ProviderError::KekExists(kek.clone())),
            Err(error) => return Err(error),
        }
        let made = self
            .client
            .ask_once("CreateKey", &json!({ "Description": alias }))
            .map_err(|fault| fault.told(kek))?;
        let metadata = made.field("KeyMetadata")?;
        let id = metadata.text("KeyId")?;
        let named = self.check_account(metadata.text("Arn")?).and_then(|()| {
            let request = json!({ "AliasName": alias, "TargetKeyId": id });
            self.client
                .ask("CreateAlias", &request, None)
                .map_err(|fault| fault.told(kek))
        });
        if let Err(error) = named {
            // An alias may be there all the same, if it was the answer that got lost.
            return match (self.look_up(kek), error) {
                (Ok(key), _) if key.id == id => Ok(()),
                (_, error) => {
                    self.delete(id, 7).ok();
                    Err(error)
                }
            };
        }
        Ok(())
    }

    fn wrap(
        &self,
        kek: &KekRef,
        dek: &Dek,
        context: &WrapContext,
    ) -> Result<WrappedKey, ProviderError> {
        let authenticated = context.authenticated(&kek.id, kek.version)?;
        let request = json!({
            "KeyId": alias(kek)?,
            "EncryptionContext": encryption_context(&authenticated),
        });
        let plaintext = Zeroizing::new(Base64::encode_string(dek.expose()));
        let answer = self
            .client
            .ask("Encrypt", &request, Some(&plaintext))
            .map_err(|fault| fault.told(kek))?;
        let wrapped = self.wrapped(kek, context, &answer, "CiphertextBlob")?;
        // A service that returns what it was given must not pass for one that encrypts.
        if wrapped
            .octets
            .windows(Dek::LEN)
            .any(|window| window == dek.expose())
        {
            return Err(ProviderError::Failed("KMS does not encrypt".to_owned()));
        }
        Ok(wrapped)
    }

    fn unwrap(&self, wrapped: &WrappedKey, context: &WrapContext) -> Result<Dek, ProviderError> {
        let kek = kek_of(wrapped);
        let authenticated = wrapped.is_for(context)?;
        let request = json!({
            "CiphertextBlob": ciphertext(wrapped)?,
            // Named, so that the ciphertext cannot choose the key.
            "KeyId": alias(&kek)?,
            "EncryptionContext": encryption_context(&authenticated),
        });
        let mut answer = self
            .client
            .ask("Decrypt", &request, None)
            .map_err(|fault| fault.told(&kek))?;
        let plaintext = answer.take_secret("Plaintext")?;
        self.check_account(answer.text("KeyId")?)?;
        let mut octets = [0; Dek::LEN];
        let opened = Base64::decode(plaintext.as_bytes(), &mut octets)
            .is_ok_and(|opened| opened.len() == Dek::LEN);
        let dek = Dek::from_bytes(&octets);
        octets.zeroize();
        if opened {
            Ok(dek)
        } else {
            Err(ProviderError::Failed(
                "KMS: no key of 32 octets came".to_owned(),
            ))
        }
    }

    /// Each by `ReEncrypt`: no data encryption key leaves KMS.
    fn rewrap(&self, to: &KekRef, keys: &[Rewrap<'_>]) -> Vec<Result<WrappedKey, ProviderError>> {
        keys.iter().map(|key| self.rewrap_one(to, key)).collect()
    }

    /// Suspended and pre-active keys are disabled at KMS, which then refuses both ways ([`Enforcement::ByProvider`]); active ones are enabled.
    /// For deactivated and compromised keys KMS has no state: they stay enabled to unwrap, and custody refuses the rest.
    fn set_state(&self, kek: &KekRef, state: KeyState) -> Result<Enforcement, ProviderError> {
        let (action, enforcement) = match state {
            KeyState::PreActivation | KeyState::Suspended => {
                ("DisableKey", Enforcement::ByProvider)
            }
            KeyState::Active => ("EnableKey", Enforcement::ByProvider),
            KeyState::Destroyed => {
                return Err(ProviderError::Unsupported("destruction as a mere state"));
            }
            _ => ("EnableKey", Enforcement::ByCustodyOnly),
        };
        let key = self.look_up(kek)?;
        self.client
            .ask(action, &json!({ "KeyId": key.id }), None)
            .map_err(|fault| fault.told(kek))?;
        Ok(enforcement)
    }

    /// Schedules the key's deletion. KMS deletes no sooner than after 7 days, and until then the deletion can be cancelled there.
    fn destroy_kek(&self, kek: &KekRef) -> Result<Destruction, ProviderError> {
        let key = self.look_up(kek)?;
        let deletion = if key.state.starts_with("Pending") && key.deletion.is_some() {
            key.deletion
        } else {
            self.delete(&key.id, self.deletion_days)
                .map_err(|fault| fault.told(kek))?
                .seconds("DeletionDate")
        };
        let seconds = deletion
            .ok_or_else(|| ProviderError::Failed("KMS: no time of deletion came".to_owned()))?;
        Ok(Destruction::Scheduled {
            unix_micros: seconds.saturating_mul(1_000_000),
        })
    }
}

fn invalid(why: &str) -> ProviderError {
    ProviderError::Invalid(why.to_owned())
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|octet| octet.is_ascii_digit())
}

/// The alias of a KEK, whose id is checked: what is in it goes into a request.
fn alias(kek: &KekRef) -> Result<String, ProviderError> {
    let is_id = (1..=64).contains(&kek.id.len())
        && kek
            .id
            .bytes()
            .all(|octet| octet.is_ascii_alphanumeric() || b"-_".contains(&octet));
    if is_id {
        Ok(format!("alias/mediaseal/{}/{}", kek.id, kek.version))
    } else {
        Err(invalid(
            "the id of a key is 1 to 64 letters, digits, - or _",
        ))
    }
}

fn kek_of(wrapped: &WrappedKey) -> KekRef {
    KekRef {
        id: wrapped.kek_id.clone(),
        version: wrapped.kek_version,
    }
}

fn ciphertext(wrapped: &WrappedKey) -> Result<String, ProviderError> {
    let is_ours = wrapped.algorithm == WrapAlgorithm::Kms
        && (1..=MAX_CIPHERTEXT).contains(&wrapped.octets.len());
    is_ours
        .then(|| Base64::encode_string(&wrapped.octets))
        .ok_or(ProviderError::DoesNotAuthenticate)
}

/// What KMS authenticates: the digest of our context, because KMS writes encryption contexts into logs.
fn encryption_context(authenticated: &[u8]) -> Value {
    use sha2::{Digest, Sha256};
    let digest = names::hex(&Sha256::digest(authenticated));
    Value::Object(Map::from_iter([(
        "mediaseal".to_owned(),
        Value::String(digest),
    )]))
}
