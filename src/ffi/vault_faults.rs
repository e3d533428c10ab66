//! Which error of keys at rest becomes which status. What is said in words stays behind: a status is all that C gets, the audit log has the rest.

use std::io::{self, ErrorKind};

use super::status::{
    Fault, MEDIASEAL_ERR_DISK_FULL, MEDIASEAL_ERR_FRAME_TOO_LONG,
    MEDIASEAL_ERR_GRANT_DOES_NOT_OPEN, MEDIASEAL_ERR_GRANT_FORM, MEDIASEAL_ERR_GRANT_KEM,
    MEDIASEAL_ERR_GRANT_KEY, MEDIASEAL_ERR_GRANT_NO_STANZA, MEDIASEAL_ERR_GRANT_PASSPHRASE,
    MEDIASEAL_ERR_GRANT_PAYLOAD, MEDIASEAL_ERR_GRANT_RECIPIENT, MEDIASEAL_ERR_GRANT_SIGNATURE,
    MEDIASEAL_ERR_GRANT_TEXT, MEDIASEAL_ERR_GRANT_TOO_LONG, MEDIASEAL_ERR_GRANT_VERSION,
    MEDIASEAL_ERR_INDEX, MEDIASEAL_ERR_PROVIDER_FAILED, MEDIASEAL_ERR_RECORDING_ALREADY_THERE,
    MEDIASEAL_ERR_RECORDING_BUSY, MEDIASEAL_ERR_RECORDING_CLOSED, MEDIASEAL_ERR_RECORDING_DAMAGED,
    MEDIASEAL_ERR_RECORDING_IO, MEDIASEAL_ERR_RECORDING_KEY, MEDIASEAL_ERR_RECORDING_NO_OWNER,
    MEDIASEAL_ERR_RECORDING_NOT_THERE, MEDIASEAL_ERR_RECORDING_SIGNER,
    MEDIASEAL_ERR_RECORDING_STOPPED, MEDIASEAL_ERR_RECORDING_TRACK,
    MEDIASEAL_ERR_RECORDING_VERSION, MEDIASEAL_ERR_STOPPED, MEDIASEAL_ERR_WRAPPED_KEY,
    MEDIASEAL_ERR_WRAPPED_KEY_FORM, status_of,
};
#[cfg(feature = "custody")]
use super::status::{
    MEDIASEAL_ERR_AUDIT, MEDIASEAL_ERR_KEY_ARCHIVED, MEDIASEAL_ERR_KEY_DESTROYED,
    MEDIASEAL_ERR_KEY_EXISTS, MEDIASEAL_ERR_KEY_NOT_FOUND, MEDIASEAL_ERR_KEY_STATE,
    MEDIASEAL_ERR_KEY_TRANSITION, MEDIASEAL_ERR_NOT_AUTHORIZED, MEDIASEAL_ERR_PROVIDER_ACCESS,
    MEDIASEAL_ERR_PROVIDER_REFUSED, MEDIASEAL_ERR_PROVIDER_UNAVAILABLE,
    MEDIASEAL_ERR_PROVIDER_UNSUPPORTED, MEDIASEAL_ERR_REGION_FORBIDDEN,
    MEDIASEAL_ERR_VAULT_ARGUMENT, MEDIASEAL_ERR_VAULT_BUSY, MEDIASEAL_ERR_VAULT_DAMAGED,
    MEDIASEAL_ERR_VAULT_STORE,
};
use crate::vault::WrapError;
#[cfg(feature = "custody")]
use crate::vault::custody::{CustodyError, ProviderError};
use crate::vault::grant::GrantError;
use crate::vault::recording::RecordingError;
use crate::vault::recording::export::ExportError;

impl From<WrapError> for Fault {
    fn from(error: WrapError) -> Self {
        Self(match error {
            WrapError::TooLong | WrapError::Malformed { .. } => MEDIASEAL_ERR_WRAPPED_KEY_FORM,
            WrapError::DoesNotAuthenticate => MEDIASEAL_ERR_WRAPPED_KEY,
            WrapError::Provider(_) => MEDIASEAL_ERR_PROVIDER_FAILED,
            WrapError::Core(error) => status_of(&error),
        })
    }
}

impl From<GrantError> for Fault {
    fn from(error: GrantError) -> Self {
        Self(match error {
            GrantError::Text => MEDIASEAL_ERR_GRANT_TEXT,
            GrantError::Key => MEDIASEAL_ERR_GRANT_KEY,
            GrantError::UnknownVersion { .. } => MEDIASEAL_ERR_GRANT_VERSION,
            GrantError::UnknownKem { .. } => MEDIASEAL_ERR_GRANT_KEM,
            GrantError::Malformed => MEDIASEAL_ERR_GRANT_FORM,
            GrantError::TooLong => MEDIASEAL_ERR_GRANT_TOO_LONG,
            GrantError::OtherRecipient => MEDIASEAL_ERR_GRANT_RECIPIENT,
            GrantError::Signature => MEDIASEAL_ERR_GRANT_SIGNATURE,
            GrantError::DoesNotOpen => MEDIASEAL_ERR_GRANT_DOES_NOT_OPEN,
            GrantError::OtherPayload => MEDIASEAL_ERR_GRANT_PAYLOAD,
            GrantError::NoStanza => MEDIASEAL_ERR_GRANT_NO_STANZA,
            GrantError::Passphrase => MEDIASEAL_ERR_GRANT_PASSPHRASE,
            GrantError::Wrap(error) => return error.into(),
            GrantError::Core(error) => status_of(&error),
        })
    }
}

/// What a system says of a file or folder of a recording.
pub(super) fn of_io(error: &io::Error) -> Fault {
    Fault(match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => MEDIASEAL_ERR_DISK_FULL,
        ErrorKind::AlreadyExists => MEDIASEAL_ERR_RECORDING_ALREADY_THERE,
        ErrorKind::NotFound => MEDIASEAL_ERR_RECORDING_NOT_THERE,
        _ => MEDIASEAL_ERR_RECORDING_IO,
    })
}

impl From<RecordingError> for Fault {
    fn from(error: RecordingError) -> Self {
        Self(match error {
            RecordingError::Io { source, .. } => return of_io(&source),
            RecordingError::AlreadyThere => MEDIASEAL_ERR_RECORDING_ALREADY_THERE,
            RecordingError::NotThere => MEDIASEAL_ERR_RECORDING_NOT_THERE,
            RecordingError::NoOwner | RecordingError::Destroyed => MEDIASEAL_ERR_RECORDING_NO_OWNER,
            RecordingError::Busy | RecordingError::Changing => MEDIASEAL_ERR_RECORDING_BUSY,
            RecordingError::Stopped => MEDIASEAL_ERR_RECORDING_STOPPED,
            RecordingError::Closed => MEDIASEAL_ERR_RECORDING_CLOSED,
            RecordingError::Damaged(_)
            | RecordingError::Cobblestone(_)
            | RecordingError::Transparency(_) => MEDIASEAL_ERR_RECORDING_DAMAGED,
            RecordingError::WrongKey => MEDIASEAL_ERR_RECORDING_KEY,
            RecordingError::WrongSigner => MEDIASEAL_ERR_RECORDING_SIGNER,
            RecordingError::Unsupported { .. } => MEDIASEAL_ERR_RECORDING_VERSION,
            RecordingError::Track { .. } => MEDIASEAL_ERR_RECORDING_TRACK,
            RecordingError::FrameTooLong { .. } => MEDIASEAL_ERR_FRAME_TOO_LONG,
            RecordingError::OutOfRange => MEDIASEAL_ERR_INDEX,
            RecordingError::Grant(error) => return error.into(),
            RecordingError::Core(error) => status_of(&error),
        })
    }
}

impl From<ExportError> for Fault {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::Recording(error) => error.into(),
            ExportError::File { source, .. } => of_io(&source),
            ExportError::Stopped => Self(MEDIASEAL_ERR_STOPPED),
            ExportError::Core(error) => Self(status_of(&error)),
        }
    }
}

#[cfg(feature = "custody")]
impl From<ProviderError> for Fault {
    fn from(error: ProviderError) -> Self {
        Self::from(&error)
    }
}

#[cfg(feature = "custody")]
impl From<&ProviderError> for Fault {
    fn from(error: &ProviderError) -> Self {
        Self(match error {
            ProviderError::NoSuchKek(_) => MEDIASEAL_ERR_KEY_NOT_FOUND,
            ProviderError::KekExists(_) => MEDIASEAL_ERR_KEY_EXISTS,
            ProviderError::KekDestroyed(_) => MEDIASEAL_ERR_KEY_DESTROYED,
            ProviderError::Refused { .. } => MEDIASEAL_ERR_PROVIDER_REFUSED,
            ProviderError::DoesNotAuthenticate => MEDIASEAL_ERR_WRAPPED_KEY,
            ProviderError::Denied(_) => MEDIASEAL_ERR_PROVIDER_ACCESS,
            ProviderError::Unavailable(_) => MEDIASEAL_ERR_PROVIDER_UNAVAILABLE,
            ProviderError::Unsupported(_) => MEDIASEAL_ERR_PROVIDER_UNSUPPORTED,
            ProviderError::Damaged(_) => MEDIASEAL_ERR_VAULT_DAMAGED,
            ProviderError::Invalid(_) => MEDIASEAL_ERR_VAULT_ARGUMENT,
            ProviderError::Failed(_) => MEDIASEAL_ERR_PROVIDER_FAILED,
            ProviderError::Core(error) => status_of(error),
        })
    }
}

#[cfg(feature = "custody")]
impl From<CustodyError> for Fault {
    fn from(error: CustodyError) -> Self {
        Self::from(&error)
    }
}

#[cfg(feature = "custody")]
impl From<&CustodyError> for Fault {
    fn from(error: &CustodyError) -> Self {
        Self(match error {
            CustodyError::NotFound(_) => MEDIASEAL_ERR_KEY_NOT_FOUND,
            CustodyError::KeyDestroyed { .. } => MEDIASEAL_ERR_KEY_DESTROYED,
            CustodyError::StateForbids { .. } => MEDIASEAL_ERR_KEY_STATE,
            CustodyError::NoSuchTransition { .. } => MEDIASEAL_ERR_KEY_TRANSITION,
            CustodyError::Archived(_) => MEDIASEAL_ERR_KEY_ARCHIVED,
            CustodyError::RegionForbidden { .. } => MEDIASEAL_ERR_REGION_FORBIDDEN,
            CustodyError::NotAuthorized(_) => MEDIASEAL_ERR_NOT_AUTHORIZED,
            CustodyError::Audit(_) => MEDIASEAL_ERR_AUDIT,
            CustodyError::Provider(error) => return error.into(),
            CustodyError::Busy => MEDIASEAL_ERR_VAULT_BUSY,
            CustodyError::DiskFull => MEDIASEAL_ERR_DISK_FULL,
            CustodyError::Damaged(_) => MEDIASEAL_ERR_VAULT_DAMAGED,
            CustodyError::Store(_) => MEDIASEAL_ERR_VAULT_STORE,
            CustodyError::Invalid(_) => MEDIASEAL_ERR_VAULT_ARGUMENT,
            CustodyError::Stopped => MEDIASEAL_ERR_STOPPED,
            CustodyError::Core(error) => status_of(error),
        })
    }
}
