//! mediaseal beside the libraries that it is compared with: what is measured, and how it is shown.

pub mod aead;
pub mod allocations;
pub mod channel;
pub mod ctr_hmac;
pub mod loaded;
pub mod nonces;
pub mod report;
pub mod results;
pub mod rounds;
pub mod sections;
