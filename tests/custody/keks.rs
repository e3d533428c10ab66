//! The KEK that the tests of providers ask for, and what its wrapped keys are bound to.

use mediaseal::vault::WrapContext;
use mediaseal::vault::custody::{KekRef, KekSpec};

pub(crate) fn kek(id: &str, version: u32) -> KekRef {
    KekRef {
        id: id.to_owned(),
        version,
    }
}

pub(crate) fn spec(kek: &KekRef) -> KekSpec {
    KekSpec {
        kek: kek.clone(),
        tenant: "acme".to_owned(),
        region: "eu".to_owned(),
        purpose: "recordings".to_owned(),
    }
}

pub(crate) fn context(purpose: &[u8]) -> WrapContext {
    WrapContext {
        purpose: purpose.to_vec(),
        region: "eu".to_owned(),
    }
}
