//! Why a frame was refused, in numbers.

use core::ptr::null;

use super::numbers::{MEDIASEAL_FAILURE_CONCEAL, MEDIASEAL_FAILURE_HAS_HEADER};
use super::status::{Fault, MEDIASEAL_OK};
use super::types::mediaseal_failure;
use crate::channel::Failure;
use crate::error::{Error, Misuse};
use crate::id::{Counter, KeyId, SenderId};

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
            ssrc: 0,
            flags: 0,
            sender: null(),
            sender_len: 0,
        }
    }

    /// The same of a frame that a decryptor refused, with what it knows of the frame.
    pub(super) fn of_frame(refused: Option<&Refused>, failure: Option<&Failure>) -> Self {
        let told = Self::of(refused);
        // What was refused at the boundary never came to the decryptor.
        let (Some(Refused::Error(error)), Some(failure)) = (refused, failure) else {
            return told;
        };
        if failure.error != *error {
            return told;
        }
        let flag = |is_set, flag| if is_set { flag } else { 0 };
        let sender = failure.sender.as_ref().map(SenderId::as_bytes);
        Self {
            kid: failure.kid.map_or(told.kid, KeyId::value),
            ctr: failure.ctr.map_or(told.ctr, Counter::value),
            ssrc: failure.stream.value(),
            flags: flag(failure.kid.is_some(), MEDIASEAL_FAILURE_HAS_HEADER)
                | flag(failure.conceal, MEDIASEAL_FAILURE_CONCEAL),
            sender: sender.map_or(null(), <[u8]>::as_ptr),
            sender_len: sender.map_or(0, <[u8]>::len),
            ..told
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
