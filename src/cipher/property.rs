//! The properties that make a cipher acceptable, by name.

use std::fmt;

/// A property that [`conformance`](super::check::conformance) looks at. Its text says what must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Property {
    /// A custom suite number is 0xF000 to 0xFFFF.
    #[error("a custom cipher has a suite number of 0xF000 to 0xFFFF")]
    SuiteIsPrivate,
    /// Key of 1 to 128, nonce of 8 to 32, tag of 4 to 32 octets, limits of 1 to the defaults.
    #[error("lengths and limits lie in the accepted ranges")]
    ParamsInRange,
    /// At least one known answer is given, with the stated lengths.
    #[error("at least one known answer is given, with the lengths of the parameters")]
    HasKnownAnswer,
    /// Sealing gives the known ciphertext and tag, and opening gives the plaintext back.
    #[error("the known answer is reproduced, both ways")]
    KnownAnswer,
    /// Keys, nonces and tags of other lengths are refused with an error.
    #[error("keys, nonces and tags of a wrong length are refused")]
    RefusesWrongLengths,
    /// What is sealed opens to the same octets.
    #[error("what is sealed opens to the same octets")]
    RoundTrip,
    /// Another nonce gives another ciphertext.
    #[error("the ciphertext depends on the nonce (this cipher ignores it or a part of it)")]
    DataDependsOnNonce,
    /// Another key gives another ciphertext.
    #[error("the ciphertext depends on the key")]
    DataDependsOnKey,
    /// Equal plaintext blocks give different ciphertext blocks.
    #[error("equal plaintext blocks give different ciphertext blocks")]
    NoRepeatedBlocks,
    /// Another key gives another tag.
    #[error("the tag depends on the key")]
    TagDependsOnKey,
    /// Another nonce gives another tag.
    #[error("the tag depends on the nonce")]
    TagDependsOnNonce,
    /// Other AAD gives another tag.
    #[error("the tag depends on the AAD")]
    TagDependsOnAad,
    /// Other data gives another tag.
    #[error("the tag depends on the data")]
    TagDependsOnData,
    /// Octets cannot move between AAD and data unnoticed.
    #[error("the tag tells AAD from data")]
    TagSeparatesAadFromData,
    /// A tag with any bit flipped is refused.
    #[error("every bit of the tag counts")]
    EveryTagBit,
    /// Data with a bit flipped is refused.
    #[error("altered data is refused")]
    AlteredData,
    /// AAD with a bit flipped is refused.
    #[error("altered AAD is refused")]
    AlteredAad,
    /// Data is all zero after a refused opening.
    #[error("data is wiped when opening fails")]
    WipedOnFailure,
    /// The result does not depend on where in memory the data lies.
    #[error("the result does not depend on the place of the data in memory")]
    InPlaceAnywhere,
    /// Nothing is written outside data and tag.
    #[error("nothing is written outside data and tag")]
    WritesInsideOnly,
    /// Two keys from the same octets give the same result, again and again.
    #[error("the same inputs give the same result")]
    Deterministic,
    /// Two threads that use one key at once get the same result.
    #[error("two threads that share a key get the same result")]
    SameOnTwoThreads,
}

impl Property {
    /// Every property.
    #[cfg(all(test, feature = "capi"))]
    pub(crate) const ALL: [Self; 22] = [
        Self::SuiteIsPrivate,
        Self::ParamsInRange,
        Self::HasKnownAnswer,
        Self::KnownAnswer,
        Self::RefusesWrongLengths,
        Self::RoundTrip,
        Self::DataDependsOnNonce,
        Self::DataDependsOnKey,
        Self::NoRepeatedBlocks,
        Self::TagDependsOnKey,
        Self::TagDependsOnNonce,
        Self::TagDependsOnAad,
        Self::TagDependsOnData,
        Self::TagSeparatesAadFromData,
        Self::EveryTagBit,
        Self::AlteredData,
        Self::AlteredAad,
        Self::WipedOnFailure,
        Self::InPlaceAnywhere,
        Self::WritesInsideOnly,
        Self::Deterministic,
        Self::SameOnTwoThreads,
    ];
}

/// Why a cipher was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    property: Property,
    at: usize,
}

impl Refusal {
    pub(super) const fn new(property: Property, at: usize) -> Self {
        Self { property, at }
    }

    /// Returns the property that does not hold.
    #[must_use]
    pub const fn property(&self) -> Property {
        self.property
    }

    /// Returns the length of the data, the number of the bit or the index of the case at which it was seen.
    #[must_use]
    pub const fn at(&self) -> usize {
        self.at
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "cipher refused, does not hold ({:?}, at {}): {}",
            self.property, self.at, self.property
        )
    }
}

impl std::error::Error for Refusal {}
