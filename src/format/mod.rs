//! Octets on the wire: header, nonce, AAD. Stateless; keys are never looked up here.

pub mod codec;
pub mod looks;
pub mod rtp;
pub mod sframe;
