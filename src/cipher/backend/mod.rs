//! The block-cipher work behind the suites. Today one tier: the portable one.

pub(super) mod hmac;
pub(super) mod portable;
pub(super) mod sha;
