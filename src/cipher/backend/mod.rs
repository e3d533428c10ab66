//! The block-cipher work behind the suites. Today one tier: the portable one.

pub(super) mod portable;
