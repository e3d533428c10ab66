//! Why a frame was refused, in numbers.

use super::status::{Fault, MEDIASEAL_OK};
use super::types::mediaseal_failure;
use crate::error::{Error, Misuse};
use crate::id::{Counter, KeyId};

/// Why a frame was refused: by the library, or at the boundary before it came there.
#[derive(Clone, Copy)]
pub(super) enum Refused {
    Error(Error),
    Fault(Fault),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Refused> for Fault {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Error(error) => error.into(),
            Refused::Fault(fault) => fault,
        }
    }
}

impl mediaseal_failure {
    /// A refusal in numbers.
    pub(super) fn of(refused: Option<&Refused>) -> Self {
        let error = match refused {
            Some(Refused::Error(error)) => Some(error),
            _ => None,
        };
        let kid = error.and_then(kid_of).map_or(0, KeyId::value);
        let ctr = match error {
            Some(
                Error::AuthenticationFailed { ctr, .. }
                | Error::Duplicate { ctr, .. }
                | Error::Replayed { ctr, .. }
                | Error::TooOld { ctr, .. },
            ) => Counter::value(*ctr),
            _ => 0,
        };
        let (needed, available) = error.map_or((0, 0), lengths_of);
        Self {
            struct_size: 0,
            status: refused.map_or(MEDIASEAL_OK, |refused| Fault::from(*refused).0),
            kid,
            ctr,
            needed: needed as u64,
            available: available as u64,
        }
    }
}

fn kid_of(error: &Error) -> Option<KeyId> {
    match *error {
        Error::MissingKey { kid }
        | Error::RetiredKey { kid }
        | Error::NotYetActive { kid }
        | Error::Reflected { kid }
        | Error::AuthenticationFailed { kid, .. }
        | Error::Duplicate { kid, .. }
        | Error::Replayed { kid, .. }
        | Error::TooOld { kid, .. }
        | Error::StaleSession { kid }
        | Error::ClockMismatch { kid }
        | Error::Contended { kid }
        | Error::KeyExhausted { kid }
        | Error::IntegrityLimit { kid } => Some(kid),
        _ => None,
    }
}

/// Octets needed or allowed, and octets given.
fn lengths_of(error: &Error) -> (usize, usize) {
    match *error {
        Error::Truncated { len, needed } => (needed, len),
        Error::PacketTooLong { by } => (by, 0),
        Error::BufferTooSmall { needed, available }
        | Error::Misuse(
            Misuse::Headroom { needed, available } | Misuse::Tailroom { needed, available },
        ) => (needed, available),
        Error::Misuse(Misuse::FrameTooLong { len, max } | Misuse::MetadataTooLong { len, max }) => {
            (max, len)
        }
        _ => (0, 0),
    }
}
