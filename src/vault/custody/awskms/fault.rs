//! What KMS answers when it does not do it, and what the caller is told.

use crate::vault::custody::{KekRef, ProviderError};

/// Most characters of a message of the service that are repeated.
const MAX_MESSAGE: usize = 256;

/// Why a request brought nothing.
#[derive(Debug)]
pub(super) enum Fault {
    /// KMS says so: the name of its exception, and what it says beside.
    Said {
        status: u16,
        exception: String,
        message: String,
    },
    /// No answer came that can be believed.
    NoAnswer(String),
    /// Not asked at all.
    Ours(ProviderError),
}

impl From<ProviderError> for Fault {
    fn from(error: ProviderError) -> Self {
        Self::Ours(error)
    }
}

impl Fault {
    /// What KMS said, from the body of its answer. What cannot be read says nothing.
    pub(super) fn said(status: u16, body: &serde_json::Value) -> Self {
        let text = |name: &str| body.get(name).and_then(serde_json::Value::as_str);
        // "com.amazonaws.kms#DisabledException", or without what is before '#'; a colon and a URL may follow.
        let exception = text("__type").unwrap_or_default();
        let exception = exception.rsplit('#').next().unwrap_or_default();
        let exception = exception.split(':').next().unwrap_or_default();
        Self::Said {
            status,
            exception: printable(exception),
            message: printable(
                text("message")
                    .or_else(|| text("Message"))
                    .unwrap_or_default(),
            ),
        }
    }

    /// Whether the same request may succeed later.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::NoAnswer(_) => true,
            Self::Ours(_) => false,
            Self::Said {
                status, exception, ..
            } => *status >= 500 || *status == 429 || is_throttling(exception),
        }
    }

    /// Whether the request was turned away before it was carried out.
    pub(super) fn is_throttled(&self) -> bool {
        matches!(self, Self::Said { status, exception, .. } if *status == 429 || is_throttling(exception))
    }

    /// What the caller is told, who asked about `kek`.
    pub(super) fn told(self, kek: &KekRef) -> ProviderError {
        self.told_of_two(kek, kek)
    }

    /// The same, where two keys were named: KMS does not always say which one it means, so the message stands beside.
    pub(super) fn told_of_two(self, from: &KekRef, to: &KekRef) -> ProviderError {
        let is_passing = self.is_passing();
        let (status, exception, message) = match self {
            Self::Ours(error) => return error,
            Self::NoAnswer(why) => return ProviderError::Unavailable(format!("KMS: {why}")),
            Self::Said {
                status,
                exception,
                message,
            } => (status, exception, message),
        };
        let said = format!("KMS: {exception} ({status})");
        if is_passing {
            return ProviderError::Unavailable(said);
        }
        // The aliases are in the message; where both are, or none, the destination is named.
        let of_source = names(&message, from) && !names(&message, to);
        let kek = if of_source { from } else { to }.clone();
        match exception.as_str() {
            "NotFoundException" => ProviderError::NoSuchKek(kek),
            "AlreadyExistsException" => ProviderError::KekExists(kek),
            "InvalidCiphertextException" | "IncorrectKeyException" => {
                ProviderError::DoesNotAuthenticate
            }
            "DisabledException" | "KMSInvalidStateException" | "InvalidKeyUsageException" => {
                let reason = format!("{exception}: {message}");
                ProviderError::Refused { kek, reason }
            }
            "AccessDeniedException" | "AccessDenied" | "NotAuthorized" | "OptInRequired" => {
                ProviderError::Denied(format!("{said}: {message}"))
            }
            // What is said of signatures quotes the request, session token included: it is not repeated.
            "UnrecognizedClientException"
            | "InvalidClientTokenId"
            | "InvalidSignatureException"
            | "SignatureDoesNotMatch"
            | "IncompleteSignature"
            | "IncompleteSignatureException"
            | "MissingAuthenticationToken"
            | "MissingAuthenticationTokenException"
            | "ExpiredTokenException"
            | "ExpiredToken"
            | "RequestExpired"
            | "RequestTimeTooSkewed" => ProviderError::Denied(format!(
                "{said}: the credentials, or the clock, are not accepted"
            )),
            "LimitExceededException" => ProviderError::Unavailable(said),
            _ => ProviderError::Failed(said),
        }
    }
}

/// Whether `message` has the alias of `kek` in it, and not that of version 12 for that of version 1.
fn names(message: &str, kek: &KekRef) -> bool {
    let alias = format!("mediaseal/{}/{}", kek.id, kek.version);
    message
        .match_indices(&alias)
        .filter_map(|(at, alias)| message.get(at + alias.len()..))
        .any(|rest| !rest.starts_with(|next: char| next.is_ascii_digit()))
}

fn is_throttling(exception: &str) -> bool {
    matches!(
        exception,
        "ThrottlingException"
            | "Throttling"
            | "ThrottledException"
            | "RequestThrottled"
            | "RequestThrottledException"
            | "RequestLimitExceeded"
            | "TooManyRequestsException"
            | "SlowDown"
    )
}

/// `text` without control characters, so that it cannot forge lines of a log, and not longer than is good for one.
fn printable(text: &str) -> String {
    text.chars()
        .filter(|character| !character.is_control())
        .take(MAX_MESSAGE)
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Fault;
    use crate::vault::custody::{KekRef, ProviderError};

    #[test]
    fn of_two_keys_the_one_that_is_missing_is_named() {
        let kek = |version| KekRef {
            id: "kek-a".to_owned(),
            version,
        };
        for (missing, from, to) in [(1, 1, 12), (12, 1, 12), (1, 12, 1), (12, 12, 1)] {
            let message =
                format!("Alias arn:aws:kms:x:1:alias/mediaseal/kek-a/{missing} is not found.");
            let body = json!({ "__type": "NotFoundException", "message": message });
            let told = Fault::said(400, &body).told_of_two(&kek(from), &kek(to));
            assert!(
                matches!(&told, ProviderError::NoSuchKek(named) if *named == kek(missing)),
                "{missing} {from} {to}: {told:?}"
            );
        }
    }
}
