//! How requests get to an object store: over ureq, as those to a KMS, on the thread that asked, so that the library needs no threads of its own.

use std::fmt;
use std::io::Read;
use std::time::Duration;

use async_trait::async_trait;
use http_body_util::BodyExt;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse,
    HttpResponseBody, HttpService,
};
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::error::Error;
use crate::os::ForkGuard;

/// Most octets of an answer; what is asked for is far below.
const MAX_ANSWER: u64 = 64 << 20;
/// How long a request may take, unless the caller says otherwise.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Carries the requests of `object_store` over HTTPS: give it to `AmazonS3Builder::with_http_connector`.
///
/// Requests are made on the thread that calls the storage. They go to the endpoint alone: no proxy of the environment is asked, and no redirect followed. Of
/// `ClientOptions` nothing is heeded; what there is to choose is chosen here.
#[derive(Clone)]
pub struct Transport {
    roots: Vec<Vec<u8>>,
    timeout: Duration,
    allows_http: bool,
}

impl Transport {
    /// HTTPS under the authorities that browsers trust, at most 30 s a request.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            roots: Vec::new(),
            timeout: TIMEOUT,
            allows_http: false,
        }
    }

    /// Trusts this authority (X.509, DER) in the place of those that browsers trust. May be called again for more.
    #[must_use]
    pub fn trust(mut self, der: &[u8]) -> Self {
        self.roots.push(der.to_vec());
        self
    }

    /// How long a request may take, its answer included.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Allows endpoints without TLS: what is recorded is sealed, but session tokens, names and sizes are not.
    #[must_use]
    pub const fn allow_http(mut self) -> Self {
        self.allows_http = true;
        self
    }
}

impl Default for Transport {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport")
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

impl HttpConnector for Transport {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        let roots = if self.roots.is_empty() {
            RootCerts::WebPki
        } else {
            let roots = self.roots.iter();
            let roots: Vec<_> = roots
                .map(|der| Certificate::from_der(der).to_owned())
                .collect();
            RootCerts::new_with_certs(&roots)
        };
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .https_only(!self.allows_http)
            .proxy(None)
            .max_redirects(0)
            .timeout_global(Some(self.timeout))
            .user_agent("mediaseal")
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .build()
            .new_agent();
        let fork = ForkGuard::new();
        Ok(HttpClient::new(Client { agent, fork }))
    }
}

struct Client {
    agent: Agent,
    fork: ForkGuard,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

#[async_trait]
impl HttpService for Client {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        // A forked process has a copy of connections whose nonces would repeat.
        if !self.fork.is_this_process() {
            return Err(HttpError::new(HttpErrorKind::Unknown, Error::Forked));
        }
        let (parts, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        let method = parts.method.clone();
        let answer = if body.is_empty() && method != http::Method::PUT {
            self.agent.run(http::Request::from_parts(parts, ()))
        } else {
            self.agent.run(http::Request::from_parts(parts, &body[..]))
        };
        let (parts, body) = answer.map_err(failed)?.into_parts();
        let mut octets = Vec::new();
        let read = body
            .into_reader()
            .take(MAX_ANSWER + 1)
            .read_to_end(&mut octets);
        read.map_err(|error| HttpError::new(HttpErrorKind::Interrupted, error))?;
        if octets.len() as u64 > MAX_ANSWER {
            let error = std::io::Error::other("the answer is longer than any");
            return Err(HttpError::new(HttpErrorKind::Decode, error));
        }
        let body = HttpResponseBody::from(octets);
        Ok(HttpResponse::from_parts(parts, body))
    }
}

/// What kind of failure it is: after some the request was never sent, and may be sent again.
fn failed(error: ureq::Error) -> HttpError {
    let kind = match &error {
        ureq::Error::HostNotFound | ureq::Error::ConnectionFailed => HttpErrorKind::Connect,
        ureq::Error::Timeout(_) => HttpErrorKind::Timeout,
        ureq::Error::Io(_) | ureq::Error::Protocol(_) => HttpErrorKind::Interrupted,
        _ => HttpErrorKind::Unknown,
    };
    HttpError::new(kind, error)
}
