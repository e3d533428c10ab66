//! Nothing: the tests against other implementations are in `tests/`.
//!
//! They are a package of their own so that who builds mediaseal does not build its peers.
