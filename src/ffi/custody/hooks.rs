//! What an application brings as functions: who decides, who writes down, who has the secrets.

use core::ffi::{c_char, c_void};
use std::ffi::CString;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use zeroize::Zeroizing;

use crate::ffi::boundary::CallbackScope;
use crate::ffi::numbers::{
    MEDIASEAL_ACCESS_ACCEPT_COMPROMISED, MEDIASEAL_ACCESS_MFA, MEDIASEAL_ACTION_CHANGE_STATE,
    MEDIASEAL_ACTION_DESTROY, MEDIASEAL_ACTION_INSPECT, MEDIASEAL_ACTION_MANAGE_KEK,
    MEDIASEAL_ACTION_REWRAP, MEDIASEAL_ACTION_UNWRAP, MEDIASEAL_ACTION_UNWRAP_COMPROMISED,
    MEDIASEAL_ACTION_WRAP, MEDIASEAL_OUTCOME_ALLOWED, MEDIASEAL_OUTCOME_DONE,
    MEDIASEAL_OUTCOME_FAILED, MEDIASEAL_OUTCOME_REFUSED, MEDIASEAL_SECRET_ACCESS_KEY_ID,
    MEDIASEAL_SECRET_MAX_LEN, MEDIASEAL_SECRET_PASSPHRASE, MEDIASEAL_SECRET_PIN,
    MEDIASEAL_SECRET_SECRET_ACCESS_KEY, MEDIASEAL_SECRET_SESSION_TOKEN,
};
use crate::ffi::status::{MEDIASEAL_OK, mediaseal_status};
use crate::ffi::types::mediaseal_destructor;
use crate::ffi::vault_types::{
    mediaseal_access_request, mediaseal_attribute, mediaseal_audit_event,
};
use crate::vault::Clock;
use crate::vault::audit::{AuditError, AuditEvent, AuditSink, Outcome};
use crate::vault::custody::{
    AccessRequest, Action, Authorizer, Denied, ProviderUrl, SecretKind, SecretSource,
};

/// A function of the application and what it works on, which ends with the last owner: once, and not at all before the library took it over.
pub(super) struct Hook<F> {
    pub(super) call: F,
    user_data: *mut c_void,
    destroy: mediaseal_destructor,
    is_owner: AtomicBool,
}

// SAFETY: the header asks that the function and the destructor may run in any thread, several at once; nothing else touches `user_data`.
unsafe impl<F: Send> Send for Hook<F> {}
// SAFETY: as above.
unsafe impl<F: Sync> Sync for Hook<F> {}

impl<F> Hook<F> {
    pub(super) fn new(call: F, user_data: *mut c_void, destroy: mediaseal_destructor) -> Arc<Self> {
        Arc::new(Self {
            call,
            user_data,
            destroy,
            is_owner: AtomicBool::new(false),
        })
    }

    /// From now on `user_data` is the library's.
    pub(super) fn take_over(&self) {
        self.is_owner.store(true, Ordering::Release);
    }

    pub(super) fn user_data(&self) -> *mut c_void {
        self.user_data
    }
}

impl<F> Drop for Hook<F> {
    fn drop(&mut self) {
        if let Some(destroy) = self.destroy
            && self.is_owner.load(Ordering::Acquire)
        {
            let _scope = CallbackScope::enter();
            // SAFETY: the library took `user_data` over, nobody is left who calls, and this runs once.
            unsafe { destroy(self.user_data) };
        }
    }
}

pub(super) type Secret = unsafe extern "C" fn(
    *mut c_void,
    u32,
    *const c_char,
    *mut u8,
    usize,
    *mut usize,
) -> mediaseal_status;
pub(super) type Authorize =
    unsafe extern "C" fn(*mut c_void, *const mediaseal_access_request) -> mediaseal_status;
pub(super) type Audit =
    unsafe extern "C" fn(*mut c_void, *const mediaseal_audit_event) -> mediaseal_status;
pub(super) type Now = unsafe extern "C" fn(*mut c_void) -> u64;

/// Asks the application for secrets; nobody, if it brought no function.
pub(super) struct Secrets(pub(super) Option<Arc<Hook<Secret>>>);

impl SecretSource for Secrets {
    fn secret(&self, kind: SecretKind, url: &ProviderUrl) -> Option<Zeroizing<String>> {
        let hook = self.0.as_ref()?;
        let kind = match kind {
            SecretKind::Passphrase => MEDIASEAL_SECRET_PASSPHRASE,
            SecretKind::Pin => MEDIASEAL_SECRET_PIN,
            SecretKind::AccessKeyId => MEDIASEAL_SECRET_ACCESS_KEY_ID,
            SecretKind::SecretAccessKey => MEDIASEAL_SECRET_SECRET_ACCESS_KEY,
            SecretKind::SessionToken => MEDIASEAL_SECRET_SESSION_TOKEN,
        };
        let url = CString::new(url.to_string()).ok()?;
        let mut room = Zeroizing::new(vec![0_u8; MEDIASEAL_SECRET_MAX_LEN]);
        let mut len = 0;
        let scope = CallbackScope::enter();
        // SAFETY: the function is what the header asks for: it reads `url`, and writes the room within its length, and `len`.
        let status = unsafe {
            (hook.call)(
                hook.user_data(),
                kind,
                url.as_ptr(),
                room.as_mut_ptr(),
                room.len(),
                &raw mut len,
            )
        };
        drop(scope);
        if status != MEDIASEAL_OK {
            return None;
        }
        let secret = room.get(..len)?;
        let secret = core::str::from_utf8(secret).ok()?;
        Some(Zeroizing::new(secret.to_owned()))
    }
}

/// Texts that C reads, and the attributes made of them.
struct Texts {
    texts: Vec<CString>,
    attributes: Vec<(CString, CString)>,
}

impl Texts {
    /// `None` for a text with a zero octet, which no C program could have given.
    fn new<'a>(
        texts: &[&str],
        attributes: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Option<Self> {
        let c = |text: &str| CString::new(text).ok();
        Some(Self {
            texts: texts.iter().map(|text| c(text)).collect::<Option<_>>()?,
            attributes: attributes
                .map(|(name, value)| Some((c(name)?, c(value)?)))
                .collect::<Option<_>>()?,
        })
    }

    fn at(&self, index: usize) -> *const c_char {
        self.texts
            .get(index)
            .map_or(c"".as_ptr(), |text| text.as_ptr())
    }

    fn attributes(&self) -> Vec<mediaseal_attribute> {
        let attributes = self.attributes.iter();
        attributes
            .map(|(name, value)| mediaseal_attribute {
                name: name.as_ptr(),
                value: value.as_ptr(),
            })
            .collect()
    }
}

/// The size of a struct as its first field has it.
pub(super) fn size_of_struct<T>() -> u32 {
    u32::try_from(size_of::<T>()).unwrap_or(0)
}

/// Decides by a function of the application.
pub(super) struct ForeignAuthorizer(pub(super) Arc<Hook<Authorize>>);

impl Authorizer for ForeignAuthorizer {
    fn authorize(&self, request: &AccessRequest<'_>) -> Result<(), Denied> {
        let access = request.access;
        let texts = Texts::new(
            &[
                &access.principal,
                &access.address,
                request.resource,
                request.tenant,
                request.region,
                request.purpose,
            ],
            access
                .attributes
                .iter()
                .map(|(name, value)| (&**name, &**value)),
        )
        .ok_or_else(|| Denied("a name has a zero octet".to_owned()))?;
        let attributes = texts.attributes();
        let mut flags = 0;
        if access.mfa {
            flags |= MEDIASEAL_ACCESS_MFA;
        }
        if access.accept_compromised {
            flags |= MEDIASEAL_ACCESS_ACCEPT_COMPROMISED;
        }
        let question = mediaseal_access_request {
            struct_size: size_of_struct::<mediaseal_access_request>(),
            action: match request.action {
                Action::ManageKek => MEDIASEAL_ACTION_MANAGE_KEK,
                Action::ChangeState => MEDIASEAL_ACTION_CHANGE_STATE,
                Action::Destroy => MEDIASEAL_ACTION_DESTROY,
                Action::Rewrap => MEDIASEAL_ACTION_REWRAP,
                Action::Wrap => MEDIASEAL_ACTION_WRAP,
                Action::Unwrap => MEDIASEAL_ACTION_UNWRAP,
                Action::UnwrapCompromised => MEDIASEAL_ACTION_UNWRAP_COMPROMISED,
                Action::Inspect => MEDIASEAL_ACTION_INSPECT,
            },
            flags,
            hour: request.hour.into(),
            principal: texts.at(0),
            address: texts.at(1),
            resource: texts.at(2),
            tenant: texts.at(3),
            region: texts.at(4),
            purpose: texts.at(5),
            attributes: attributes.as_ptr(),
            attribute_count: attributes.len(),
        };
        let _scope = CallbackScope::enter();
        // SAFETY: the function is what the header asks for, and reads the question until it returns.
        match unsafe { (self.0.call)(self.0.user_data(), &raw const question) } {
            MEDIASEAL_OK => Ok(()),
            status => Err(Denied(format!(
                "the application's authorizer says {status}"
            ))),
        }
    }
}

/// Writes down by a function of the application.
pub(super) struct ForeignAudit(pub(super) Arc<Hook<Audit>>);

impl AuditSink for ForeignAudit {
    fn record(&self, event: &AuditEvent) -> Result<(), AuditError> {
        let texts = Texts::new(
            &[&event.actor, &event.action, &event.resource, &event.reason],
            event
                .attributes
                .iter()
                .map(|(name, value)| (&**name, &**value)),
        )
        .ok_or(AuditError::Invalid("a text has a zero octet"))?;
        let attributes = texts.attributes();
        let told = mediaseal_audit_event {
            struct_size: size_of_struct::<mediaseal_audit_event>(),
            outcome: match event.outcome {
                Outcome::Allowed => MEDIASEAL_OUTCOME_ALLOWED,
                Outcome::Done => MEDIASEAL_OUTCOME_DONE,
                Outcome::Refused => MEDIASEAL_OUTCOME_REFUSED,
                Outcome::Failed => MEDIASEAL_OUTCOME_FAILED,
            },
            unix_micros: event.unix_micros,
            actor: texts.at(0),
            action: texts.at(1),
            resource: texts.at(2),
            reason: texts.at(3),
            attributes: attributes.as_ptr(),
            attribute_count: attributes.len(),
        };
        let _scope = CallbackScope::enter();
        // SAFETY: the function is what the header asks for, and reads the event until it returns.
        match unsafe { (self.0.call)(self.0.user_data(), &raw const told) } {
            MEDIASEAL_OK => Ok(()),
            status => Err(AuditError::Unavailable(format!(
                "the application's function says {status}"
            ))),
        }
    }
}

/// Tells the time by a function of the application.
pub(super) struct ForeignClock(pub(super) Arc<Hook<Now>>);

impl Clock for ForeignClock {
    fn unix_micros(&self) -> u64 {
        let _scope = CallbackScope::enter();
        // SAFETY: the function is what the header asks for.
        unsafe { (self.0.call)(self.0.user_data()) }
    }
}

/// A text in its field, with a zero octet at its end; nothing of one that does not fit.
pub(super) fn field<const N: usize>(text: &str) -> [c_char; N] {
    let mut field = [0; N];
    if text.len() < N {
        for (place, octet) in field.iter_mut().zip(text.bytes()) {
            *place = c_char::from_ne_bytes([octet]);
        }
    }
    field
}
