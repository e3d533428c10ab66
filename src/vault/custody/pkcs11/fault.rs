//! What an answer of a PKCS #11 module means for who asked.

use cryptoki::error::{Error as Ck, RvError};

use crate::vault::custody::ProviderError;

/// Why something that a token was asked for did not come about.
pub(super) enum Trouble {
    /// The module says so.
    Module(Ck),
    /// We say so.
    Ours(ProviderError),
}

impl From<Ck> for Trouble {
    fn from(error: Ck) -> Self {
        Self::Module(error)
    }
}

impl From<ProviderError> for Trouble {
    fn from(error: ProviderError) -> Self {
        Self::Ours(error)
    }
}

/// Whether the session or the token is gone, so that a new session may help.
pub(super) fn is_loss(error: &Ck) -> bool {
    let Ck::Pkcs11(code, _) = error else {
        return false;
    };
    matches!(
        code,
        RvError::SessionClosed
            | RvError::SessionHandleInvalid
            | RvError::UserNotLoggedIn
            | RvError::DeviceError
            | RvError::DeviceRemoved
            | RvError::TokenNotPresent
            | RvError::TokenNotRecognized
            | RvError::SlotIdInvalid
            | RvError::CryptokiNotInitialized
            // A handle of before the loss, or an operation that the loss left open.
            | RvError::KeyHandleInvalid
            | RvError::ObjectHandleInvalid
            | RvError::WrappingKeyHandleInvalid
            | RvError::UnwrappingKeyHandleInvalid
            | RvError::OperationActive
            | RvError::OperationNotInitialized
    )
}

/// Whether a module says that what came does not authenticate.
pub(super) fn is_forgery(error: &Ck) -> bool {
    /// `CKR_AEAD_DECRYPT_FAILED` of PKCS #11 3.0.
    const AEAD_DECRYPT_FAILED: u64 = 0x35;
    let Ck::Pkcs11(code, _) = error else {
        return false;
    };
    match code {
        RvError::EncryptedDataInvalid
        | RvError::EncryptedDataLenRange
        | RvError::WrappedKeyInvalid
        | RvError::WrappedKeyLenRange => true,
        #[allow(
            clippy::useless_conversion,
            reason = "CK_RV has 32 bits on some systems"
        )]
        RvError::UnknownErrorCode(code) => u64::from(*code) == AEAD_DECRYPT_FAILED,
        _ => false,
    }
}

/// Whether the answer does not tell a forgery from a failure. Some modules have no other word for a wrong tag.
pub(super) fn is_vague(error: &Ck) -> bool {
    matches!(
        error,
        Ck::Pkcs11(
            RvError::GeneralError
                | RvError::FunctionFailed
                | RvError::DataInvalid
                | RvError::ArgumentsBad,
            _
        )
    )
}

/// What the caller is told of `error`.
pub(super) fn told(error: &Ck) -> ProviderError {
    let text = format!("PKCS #11: {error}");
    let Ck::Pkcs11(code, _) = error else {
        return ProviderError::Failed(text);
    };
    match code {
        RvError::PinIncorrect
        | RvError::PinInvalid
        | RvError::PinLenRange
        | RvError::PinExpired
        | RvError::PinLocked
        | RvError::UserPinNotInitialized
        | RvError::UserAnotherAlreadyLoggedIn
        | RvError::UserTypeInvalid
        | RvError::UserTooManyTypes => ProviderError::Denied(text),
        RvError::SessionCount
        | RvError::DeviceMemory
        | RvError::HostMemory
        | RvError::FunctionCanceled
        | RvError::Cancel => ProviderError::Unavailable(text),
        RvError::TokenWriteProtected | RvError::SessionReadOnly => {
            ProviderError::Unsupported("the token is write-protected")
        }
        RvError::MechanismInvalid | RvError::FunctionNotSupported => {
            ProviderError::Unsupported("the token lacks the mechanism or function")
        }
        _ if is_loss(error) => ProviderError::Unavailable(text),
        _ => ProviderError::Failed(text),
    }
}
