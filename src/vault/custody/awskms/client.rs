//! Requests to KMS: JSON over HTTPS, signed by Signature Version 4.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use serde_json::Value;
use sha2::{Digest, Sha256};
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use zeroize::{Zeroize, Zeroizing};

use crate::error::Error;
use crate::os::ForkGuard;
use crate::vault::Clock;
use crate::vault::custody::{ProviderError, ProviderUrl, SecretKind, SecretSource, names};

use super::fault::Fault;
use super::{KmsOptions, Wait, invalid};

/// Most octets of an answer.
const MAX_ANSWER: u64 = 64 * 1024;
/// The first wait between attempts, doubled from then on.
const FIRST_WAIT: Duration = Duration::from_millis(100);
/// The longest wait between attempts.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Speaks to one endpoint.
pub(super) struct Client {
    agent: Agent,
    url: ProviderUrl,
    endpoint: String,
    host: String,
    region: String,
    secrets: Box<dyn SecretSource>,
    clock: Arc<dyn Clock>,
    attempts: u32,
    wait: Option<Wait>,
    fork: ForkGuard,
}

impl Client {
    pub(super) fn new(
        url: ProviderUrl,
        region: &str,
        secrets: Box<dyn SecretSource>,
        options: &KmsOptions,
    ) -> Result<Self, ProviderError> {
        let endpoint = match url.value("endpoint") {
            Some(endpoint) => endpoint.strip_suffix('/').unwrap_or(endpoint).to_owned(),
            None if region.starts_with("cn-") => format!("https://kms.{region}.amazonaws.com.cn"),
            None => format!("https://kms.{region}.amazonaws.com"),
        };
        let host = checked_host(&endpoint)?.to_owned();
        let roots = if options.roots.is_empty() {
            RootCerts::WebPki
        } else {
            let roots: Vec<_> = options
                .roots
                .iter()
                .map(|der| Certificate::from_der(der).to_owned())
                .collect();
            RootCerts::new_with_certs(&roots)
        };
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            // No proxy of the environment, and never on to another host: data encryption keys travel here.
            .proxy(None)
            .max_redirects(0)
            .timeout_global(Some(options.timeout))
            .user_agent("mediaseal")
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .build()
            .new_agent();
        Ok(Self {
            agent,
            url,
            endpoint,
            host,
            region: region.to_owned(),
            secrets,
            clock: Arc::clone(&options.clock),
            attempts: options.attempts,
            wait: options.wait.clone(),
            fork: ForkGuard::new(),
        })
    }

    /// Where requests go.
    pub(super) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Asks for something that may be done twice; again, if it did not work and may later. `plaintext` is added to the request as
    /// such, in base64.
    pub(super) fn ask(
        &self,
        action: &str,
        request: &Value,
        plaintext: Option<&str>,
    ) -> Result<Answer, Fault> {
        self.ask_while(action, request, plaintext, Fault::is_passing)
    }

    /// Asks for something that must not be done twice: again only if KMS said that it was not begun.
    pub(super) fn ask_once(&self, action: &str, request: &Value) -> Result<Answer, Fault> {
        self.ask_while(action, request, None, Fault::is_throttled)
    }

    fn ask_while(
        &self,
        action: &str,
        request: &Value,
        plaintext: Option<&str>,
        may_repeat: fn(&Fault) -> bool,
    ) -> Result<Answer, Fault> {
        let body = body(request, plaintext);
        let mut attempt = 1;
        loop {
            let fault = match self.send(action, &body) {
                Ok(answer) => return Ok(answer),
                Err(fault) => fault,
            };
            match &self.wait {
                Some(wait) if attempt < self.attempts && may_repeat(&fault) => {
                    wait(pause(attempt)?);
                    attempt += 1;
                }
                _ => return Err(fault),
            }
        }
    }

    fn send(&self, action: &str, body: &[u8]) -> Result<Answer, Fault> {
        // A forked process has a copy of connections whose nonces would repeat.
        if !self.fork.is_this_process() {
            return Err(ProviderError::from(Error::Forked).into());
        }
        let target = format!("TrentService.{action}");
        let headers = [
            ("host", self.host.as_str()),
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", target.as_str()),
        ];
        // The signer is given the digest alone: it has a way to log what it signs.
        let digest = SignableBody::Precomputed(names::hex(&Sha256::digest(body)));
        let address = format!("{}/", self.endpoint);
        let failed = |_| ProviderError::Failed("KMS: the request cannot be signed".to_owned());
        let signable = SignableRequest::new("POST", address.as_str(), headers.into_iter(), digest)
            .map_err(failed)?;
        let identity = self.identity()?;
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name("kms")
            .time(std::time::UNIX_EPOCH + Duration::from_secs(self.clock.unix_seconds()))
            .settings(SigningSettings::default())
            .build()
            .map_err(|_| ProviderError::Failed("KMS: the request cannot be signed".to_owned()))?
            .into();
        let (instructions, _) = sign(signable, &parameters).map_err(failed)?.into_parts();
        let mut request = self.agent.post(&address);
        for (name, value) in headers.into_iter().filter(|(name, _)| *name != "host") {
            request = request.header(name, value);
        }
        for (name, value) in instructions.headers() {
            request = request.header(name, value);
        }
        let mut response = request
            .send(body)
            .map_err(|error| Fault::NoAnswer(error.to_string()))?;
        let status = response.status().as_u16();
        let mut octets = Zeroizing::new(Vec::with_capacity(4096));
        let read = response
            .body_mut()
            .as_reader()
            .take(MAX_ANSWER + 1)
            .read_to_end(&mut octets);
        if let Err(error) = read {
            return Err(Fault::NoAnswer(error.to_string()));
        }
        if octets.len() as u64 > MAX_ANSWER {
            return Err(Fault::NoAnswer("the answer is longer than any".to_owned()));
        }
        let body = match serde_json::from_slice(&octets) {
            Ok(body) => body,
            // Some actions answer with nothing.
            Err(_) if octets.is_empty() => Value::Object(serde_json::Map::new()),
            Err(_) if status == 200 => {
                return Err(Fault::NoAnswer("the answer is no JSON".to_owned()));
            }
            Err(_) => Value::Null,
        };
        let answer = Answer(body);
        if status == 200 {
            Ok(answer)
        } else {
            Err(Fault::said(status, &answer.0))
        }
    }

    fn identity(&self) -> Result<Identity, ProviderError> {
        let secret = |kind| self.secrets.secret(kind, &self.url);
        let (Some(id), Some(key)) = (
            secret(SecretKind::AccessKeyId),
            secret(SecretKind::SecretAccessKey),
        ) else {
            return Err(ProviderError::Denied(
                "no credentials were given for KMS".to_owned(),
            ));
        };
        // The copies wipe themselves.
        let token = secret(SecretKind::SessionToken).map(|token| token.as_str().to_owned());
        Ok(Credentials::from_keys(id.as_str(), key.as_str(), token).into())
    }
}

/// What KMS answered. Wiped on drop.
pub(super) struct Answer(Value);

impl Answer {
    /// An object within.
    pub(super) fn field(&self, name: &str) -> Result<Field<'_>, ProviderError> {
        self.0.get(name).map(Field).ok_or_else(|| lacks(name))
    }

    pub(super) fn text(&self, name: &str) -> Result<&str, ProviderError> {
        Field(&self.0).text(name)
    }

    pub(super) fn seconds(&self, name: &str) -> Option<u64> {
        Field(&self.0).seconds(name)
    }

    /// A text that is secret, taken out.
    pub(super) fn take_secret(&mut self, name: &str) -> Result<Zeroizing<String>, ProviderError> {
        match self.0.get_mut(name).map(Value::take) {
            Some(Value::String(text)) => Ok(Zeroizing::new(text)),
            _ => Err(lacks(name)),
        }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        if let Some(Value::String(text)) = self.0.get_mut("Plaintext") {
            text.zeroize();
        }
    }
}

/// An object in an answer.
pub(super) struct Field<'a>(&'a Value);

impl<'a> Field<'a> {
    pub(super) fn text(&self, name: &str) -> Result<&'a str, ProviderError> {
        self.0
            .get(name)
            .and_then(Value::as_str)
            .ok_or_else(|| lacks(name))
    }

    /// A time in seconds since 1970, whole ones: KMS writes them with a fraction.
    pub(super) fn seconds(&self, name: &str) -> Option<u64> {
        let number = self.0.get(name)?.as_number()?.to_string();
        number.split('.').next()?.parse().ok()
    }
}

fn lacks(name: &str) -> ProviderError {
    ProviderError::Failed(format!("KMS: the answer lacks {name}"))
}

/// The request as JSON, with the plaintext put in by hand: a JSON value would leave copies of it.
fn body(request: &Value, plaintext: Option<&str>) -> Zeroizing<Vec<u8>> {
    let rest = request.to_string();
    let Some(plaintext) = plaintext else {
        return Zeroizing::new(rest.into_bytes());
    };
    let parts = [
        "{\"Plaintext\":\"",
        plaintext,
        "\",",
        rest.trim_start_matches('{'),
    ];
    let mut body = Zeroizing::new(Vec::with_capacity(
        parts.iter().map(|part| part.len()).sum(),
    ));
    for part in parts {
        body.extend_from_slice(part.as_bytes());
    }
    body
}

/// How long to wait before the attempt after this one: exponential, half of it at random, so that many callers do not come back at once.
fn pause(attempt: u32) -> Result<Duration, ProviderError> {
    let mut random = [0; 1];
    getrandom::fill(&mut random).map_err(|_| Error::EntropyUnavailable)?;
    let whole = FIRST_WAIT
        .saturating_mul(1 << (attempt - 1).min(16))
        .min(LONGEST_WAIT);
    Ok(whole / 2 + whole / 512 * u32::from(random[0]))
}

/// The host, with its port, of an endpoint that keys may be sent to.
fn checked_host(endpoint: &str) -> Result<&str, ProviderError> {
    let refused = || {
        invalid(
            "an endpoint of KMS is https://HOST[:PORT], or http:// for localhost, 127.0.0.1 and [::1]",
        )
    };
    let (scheme, host) = endpoint.split_once("://").ok_or_else(refused)?;
    let (name, port) = match host.rsplit_once(':') {
        // The last colon of an address of version 6 stands within its brackets.
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (host, None),
    };
    let is_port =
        |port: &str| port.parse::<u16>().is_ok_and(|port| port > 0) && !port.starts_with('+');
    let is_local = ["localhost", "127.0.0.1", "[::1]"].contains(&name);
    let is_name = !name.is_empty()
        && name.len() <= 253
        && name
            .bytes()
            .all(|octet| octet.is_ascii_alphanumeric() || b"-.".contains(&octet));
    let is_safe = match scheme {
        "https" => is_name || is_local,
        "http" => is_local,
        _ => false,
    };
    if is_safe && port.is_none_or(is_port) {
        Ok(host)
    } else {
        Err(refused())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::{body, checked_host, pause};

    #[test]
    fn keys_are_sent_to_safe_places_alone() {
        for (endpoint, host) in [
            (
                "https://kms.eu-central-1.amazonaws.com",
                "kms.eu-central-1.amazonaws.com",
            ),
            ("https://10.0.0.1:8443", "10.0.0.1:8443"),
            ("http://127.0.0.1:5000", "127.0.0.1:5000"),
            ("http://localhost", "localhost"),
            ("http://[::1]:1", "[::1]:1"),
            ("https://[::1]", "[::1]"),
        ] {
            assert_eq!(checked_host(endpoint).unwrap(), host);
        }
        for endpoint in [
            "http://kms.eu-central-1.amazonaws.com",
            "http://127.0.0.1.evil.example",
            "http://localhost@evil.example",
            "http://10.0.0.1",
            "https://user@host",
            "https://host/path",
            "https://host?x",
            "https://",
            "https://:1",
            "https://host:",
            "https://host:0",
            "https://host:+1",
            "https://host:65536",
            "ftp://127.0.0.1",
            "127.0.0.1",
            "",
        ] {
            assert!(checked_host(endpoint).is_err(), "{endpoint}");
        }
    }

    #[test]
    fn a_plaintext_becomes_part_of_the_request() {
        let request = body(&json!({ "KeyId": "a\"b" }), Some("AAAA"));
        let read: serde_json::Value = serde_json::from_slice(&request).unwrap();
        assert_eq!(read, json!({ "Plaintext": "AAAA", "KeyId": "a\"b" }));
    }

    #[test]
    fn waits_grow_and_stay_within_bounds() {
        let mut least = Duration::ZERO;
        for attempt in 1..=10 {
            let wait = pause(attempt).unwrap();
            assert!(wait >= least && wait <= Duration::from_secs(5), "{wait:?}");
            least =
                (Duration::from_millis(50) * (1 << (attempt - 1))).min(Duration::from_millis(2500));
            assert!(wait >= least, "{attempt}: {wait:?}");
        }
    }
}
