//! One KEK of custody in the hands of a recording.

use crate::vault::wrapped::{Dek, KekWrapper, WrapContext, WrapError, WrappedKey};

use super::access::Access;
use super::core::Custody;
use super::error::CustodyError;

/// A KEK as recordings use it, on behalf of one principal: each call goes through policy, authorizer, audit and the key's state.
#[derive(Clone, Debug)]
pub struct CustodyWrapper {
    custody: Custody,
    access: Access,
    kek_id: String,
}

impl Custody {
    /// The KEK `kek_id` for `access`: it wraps under the version that is current then, and unwraps what any version of it wrapped.
    ///
    /// # Errors
    /// [`CustodyError::NotFound`] if there is no such KEK.
    pub fn wrapper(&self, access: Access, kek_id: &str) -> Result<CustodyWrapper, CustodyError> {
        self.inner.latest(kek_id)?;
        Ok(CustodyWrapper {
            custody: self.clone(),
            access,
            kek_id: kek_id.to_owned(),
        })
    }
}

impl KekWrapper for CustodyWrapper {
    fn wrap(&self, dek: &Dek, context: &WrapContext) -> Result<WrappedKey, WrapError> {
        let wrapped = self.custody.wrap(&self.access, &self.kek_id, dek, context);
        Ok(wrapped?)
    }

    fn unwrap(&self, wrapped: &WrappedKey, context: &WrapContext) -> Result<Dek, WrapError> {
        if wrapped.kek_id != self.kek_id {
            return Err(WrapError::DoesNotAuthenticate);
        }
        Ok(self.custody.unwrap(&self.access, wrapped, context)?)
    }
}
