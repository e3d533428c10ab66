//! Sealed recordings.

pub mod cobblestone;
