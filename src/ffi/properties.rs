//! The properties of custom ciphers, as C texts.

use core::ffi::CStr;

use crate::cipher::Property;

/// The name of a property, and what should hold.
pub(super) const fn explain(property: Property) -> (&'static CStr, &'static CStr) {
    match property {
        Property::SuiteIsPrivate => (
            c"SuiteIsPrivate",
            c"a custom cipher has a suite number of 0xF000 to 0xFFFF",
        ),
        Property::ParamsInRange => (
            c"ParamsInRange",
            c"lengths and limits lie in the accepted ranges",
        ),
        Property::HasKnownAnswer => (
            c"HasKnownAnswer",
            c"at least one known answer is given, with the lengths of the parameters",
        ),
        Property::KnownAnswer => (c"KnownAnswer", c"the known answer is reproduced, both ways"),
        Property::RefusesWrongLengths => (
            c"RefusesWrongLengths",
            c"keys, nonces and tags of a wrong length are refused",
        ),
        Property::RoundTrip => (c"RoundTrip", c"what is sealed opens to the same octets"),
        Property::DataDependsOnNonce => (
            c"DataDependsOnNonce",
            c"the ciphertext depends on the nonce (this cipher ignores it or a part of it)",
        ),
        Property::DataDependsOnKey => (c"DataDependsOnKey", c"the ciphertext depends on the key"),
        Property::NoRepeatedBlocks => (
            c"NoRepeatedBlocks",
            c"equal plaintext blocks give different ciphertext blocks",
        ),
        Property::TagDependsOnKey => (c"TagDependsOnKey", c"the tag depends on the key"),
        Property::TagDependsOnNonce => (c"TagDependsOnNonce", c"the tag depends on the nonce"),
        Property::TagDependsOnAad => (c"TagDependsOnAad", c"the tag depends on the AAD"),
        Property::TagDependsOnData => (c"TagDependsOnData", c"the tag depends on the data"),
        Property::TagSeparatesAadFromData => {
            (c"TagSeparatesAadFromData", c"the tag tells AAD from data")
        }
        Property::EveryTagBit => (c"EveryTagBit", c"every bit of the tag counts"),
        Property::AlteredData => (c"AlteredData", c"altered data is refused"),
        Property::AlteredAad => (c"AlteredAad", c"altered AAD is refused"),
        Property::WipedOnFailure => (c"WipedOnFailure", c"data is wiped when opening fails"),
        Property::InPlaceAnywhere => (
            c"InPlaceAnywhere",
            c"the result does not depend on the place of the data in memory",
        ),
        Property::WritesInsideOnly => (
            c"WritesInsideOnly",
            c"nothing is written outside data and tag",
        ),
        Property::Deterministic => (c"Deterministic", c"the same inputs give the same result"),
        Property::SameOnTwoThreads => (
            c"SameOnTwoThreads",
            c"two threads that share a key get the same result",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::explain;
    use crate::cipher::Property;

    #[test]
    fn c_hears_what_rust_hears() {
        for property in Property::ALL {
            let (name, text) = explain(property);
            assert_eq!(name.to_str(), Ok(&*format!("{property:?}")));
            assert_eq!(text.to_str(), Ok(&*property.to_string()));
        }
    }
}
