//! Sealed recordings.
