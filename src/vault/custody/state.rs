//! The life of a key as NIST SP 800-57 part 1 (revision 5, section 7) has it: one table of what may follow what.
//!
//! ```text
//!  pre-activation ──► active ◄──► suspended
//!     │  │              │ │          │ │
//!     │  │              │ └────┬─────┘ │
//!     │  │              │      ▼       │
//!     │  │              │  deactivated ──────┐
//!     │  │              ▼      ▼       ▼     │
//!     │  └───────────►    compromised        │
//!     ▼                        ▼             ▼
//!              destroyed (a tombstone is left)
//! ```

use std::fmt;

/// The state of a key encryption key. The numbers are those of the store, for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
#[non_exhaustive]
pub enum KeyState {
    /// Made, not used yet.
    PreActivation = 1,
    /// Wraps and unwraps.
    Active = 2,
    /// Wraps nothing; unwraps if the policy lets suspended keys. May become active again.
    Suspended = 3,
    /// Wraps nothing more, unwraps what it wrapped.
    Deactivated = 4,
    /// May be known to others: unwraps only for who says so, and the audit log says so too.
    Compromised = 5,
    /// Gone. A tombstone is left.
    Destroyed = 6,
}

impl KeyState {
    /// All states, in the order of their numbers.
    pub const ALL: [Self; 6] = [
        Self::PreActivation,
        Self::Active,
        Self::Suspended,
        Self::Deactivated,
        Self::Compromised,
        Self::Destroyed,
    ];

    /// The states that may follow this one: the one table of them, which every change goes through.
    #[must_use]
    pub const fn followers(self) -> &'static [Self] {
        match self {
            Self::PreActivation => &[Self::Active, Self::Compromised, Self::Destroyed],
            Self::Active => &[Self::Suspended, Self::Deactivated, Self::Compromised],
            Self::Suspended => &[Self::Active, Self::Deactivated, Self::Compromised],
            Self::Deactivated => &[Self::Compromised, Self::Destroyed],
            Self::Compromised => &[Self::Destroyed],
            Self::Destroyed => &[],
        }
    }

    /// Whether a key of this state may take the state `next`.
    #[must_use]
    pub fn may_become(self, next: Self) -> bool {
        self.followers().contains(&next)
    }

    /// Whether a key of this state may wrap.
    #[must_use]
    pub const fn may_wrap(self) -> bool {
        matches!(self, Self::Active)
    }

    /// Whether a key of this state may unwrap, for who accepts the states that `allowed` says.
    #[must_use]
    pub const fn may_unwrap(self, allowed: UnwrapStates) -> bool {
        match self {
            Self::Active | Self::Deactivated => true,
            Self::Suspended => allowed.suspended,
            Self::Compromised => allowed.compromised,
            Self::PreActivation | Self::Destroyed => false,
        }
    }

    /// The state of a number of the store.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|state| *state as u8 == number)
    }
}

impl fmt::Display for KeyState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PreActivation => "pre-activation",
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Deactivated => "deactivated",
            Self::Compromised => "compromised",
            Self::Destroyed => "destroyed",
        })
    }
}

/// Keys of which further states unwrap, beside active and deactivated ones. By default of none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UnwrapStates {
    /// Suspended keys unwrap: the policy's choice.
    pub suspended: bool,
    /// Compromised keys unwrap: the caller's choice, call by call, and audited.
    pub compromised: bool,
}

#[cfg(test)]
mod tests {
    use super::{KeyState, UnwrapStates};

    #[test]
    fn numbers_lead_back_to_their_states() {
        for number in 0..=u8::MAX {
            let state = KeyState::from_number(number);
            assert_eq!(state.is_some(), (1..=6).contains(&number), "{number}");
            assert!(state.is_none_or(|state| state as u8 == number));
        }
    }

    #[test]
    fn who_wraps_and_who_unwraps() {
        let all = UnwrapStates {
            suspended: true,
            compromised: true,
        };
        for state in KeyState::ALL {
            let plain = state.may_unwrap(UnwrapStates::default());
            assert_eq!(state.may_wrap(), state == KeyState::Active);
            assert_eq!(
                plain,
                matches!(state, KeyState::Active | KeyState::Deactivated)
            );
            assert_eq!(
                state.may_unwrap(all),
                !matches!(state, KeyState::PreActivation | KeyState::Destroyed)
            );
        }
    }
}
