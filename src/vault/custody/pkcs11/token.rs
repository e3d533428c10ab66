//! A token and the one session that a provider has with it.

use std::ops::Deref;
use std::sync::{Mutex, PoisonError};

use cryptoki::context::{Function, Pkcs11};
use cryptoki::error::{Error as Ck, RvError};
use cryptoki::mechanism::MechanismType;
use cryptoki::session::{Session, SessionState, UserType};
use cryptoki::slot::{Slot, TokenInfo};
use cryptoki::types::AuthPin;

use crate::error::Error;
use crate::vault::WrapAlgorithm;
use crate::vault::custody::{Protection, ProviderError, ProviderUrl, SecretKind, SecretSource};

use super::fault::{Trouble, is_loss, told};
use super::uri::TokenName;
use super::{Pkcs11Module, TokenWrapping};

/// A token, found by name once and by name and serial number from then on.
pub(super) struct Token {
    module: Pkcs11Module,
    url: ProviderUrl,
    secrets: Box<dyn SecretSource>,
    name: TokenName,
    label: String,
    serial: String,
    /// One session is enough: modules take turns inside, and the login is the token's.
    connection: Mutex<Connection>,
}

/// The state of the connection.
enum Connection {
    /// No session yet, or it was lost.
    Closed,
    /// A session that is logged in.
    Open(Login),
    /// The token refused the PIN, and why: one more try may lock it.
    PinRefused(String),
}

/// A session that is logged in, if the token wants that.
pub(super) struct Login {
    session: Session,
    context: Pkcs11,
    slot: Slot,
    serial: String,
    is_needed: bool,
}

impl Login {
    /// Makes sure that what this session does not find is not there: that the token itself still answers, and that no other part of
    /// the application has logged it out, which hides private objects.
    pub(super) fn sees_everything(&self) -> Result<(), Trouble> {
        let token = self.context.get_token_info(self.slot).map_err(|error| {
            // Whatever the word for it: there is no token behind the session.
            ProviderError::Unavailable(format!("the token does not answer: {error}"))
        })?;
        if token.serial_number() != self.serial {
            return Err(lost(RvError::TokenNotPresent));
        }
        self.is_ours()
    }

    /// Makes sure that the session is still one with this token and logged in. A module that was finalized and initialized again counts its
    /// handles anew, so that an old one may mean a session with another token.
    fn is_ours(&self) -> Result<(), Trouble> {
        let info = self.session.get_session_info()?;
        if info.slot_id() != self.slot {
            return Err(lost(RvError::SessionHandleInvalid));
        }
        let is_in = matches!(
            info.session_state(),
            SessionState::RwUser | SessionState::RoUser
        );
        if self.is_needed && !is_in {
            return Err(lost(RvError::UserNotLoggedIn));
        }
        Ok(())
    }
}

fn lost(code: RvError) -> Trouble {
    Ck::Pkcs11(code, Function::FindObjects).into()
}

impl Deref for Login {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}

impl Token {
    /// Finds the token that `url` names.
    pub(super) fn find(
        module: Pkcs11Module,
        url: ProviderUrl,
        secrets: Box<dyn SecretSource>,
    ) -> Result<Self, ProviderError> {
        let mut token = Self {
            name: TokenName::from_url(&url)?,
            module,
            url,
            secrets,
            label: String::new(),
            serial: String::new(),
            connection: Mutex::new(Connection::Closed),
        };
        let (_, info) = token.slot(|_| true)?;
        (token.label, token.serial) = (info.label().to_owned(), info.serial_number().to_owned());
        Ok(token)
    }

    /// The token by its label and serial number.
    pub(super) fn identity(&self) -> String {
        format!("{} {}", self.label, self.serial)
    }

    /// By what this token wraps, and what computes there. A module that does not say that it is hardware is taken for software.
    pub(super) fn mechanism(
        &self,
        wrapping: TokenWrapping,
    ) -> Result<(WrapAlgorithm, Protection), ProviderError> {
        let (slot, _) = self.slot(|info| info.serial_number() == self.serial)?;
        let context = &self.module.context;
        let known = context
            .get_mechanism_list(slot)
            .map_err(|error| told(&error))?;
        let info = |mechanism| {
            known
                .contains(&mechanism)
                .then(|| context.get_mechanism_info(slot, mechanism).ok())?
        };
        let is_hardware_slot = context
            .get_slot_info(slot)
            .is_ok_and(|slot| slot.hardware_slot());
        let gcm = info(MechanismType::AES_GCM)
            .filter(|info| wrapping == TokenWrapping::Best && info.encrypt() && info.decrypt())
            .map(|info| (WrapAlgorithm::Aes256Gcm, info));
        let kw = || {
            info(MechanismType::AES_KEY_WRAP)
                .filter(|info| info.wrap() && info.unwrap())
                .map(|info| (WrapAlgorithm::AesKw, info))
        };
        let (algorithm, info) = gcm.or_else(kw).ok_or(ProviderError::Unsupported(
            "the token has neither AES-GCM nor AES-KW",
        ))?;
        let protection = if info.hardware() || is_hardware_slot {
            Protection::Hardware
        } else {
            Protection::Software
        };
        Ok((algorithm, protection))
    }

    /// Lets the PIN be asked for again.
    pub(super) fn retry_login(&self) {
        let mut connection = self
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if matches!(*connection, Connection::PinRefused(_)) {
            *connection = Connection::Closed;
        }
    }

    /// Does `work` in a session that is logged in; once more in a new one, if it was lost meanwhile. So `work` is such that
    /// doing it twice harms nothing.
    pub(super) fn with_session<T>(
        &self,
        work: impl Fn(&Login) -> Result<T, Trouble>,
    ) -> Result<T, ProviderError> {
        if !self.module.fork.0.is_this_process() {
            return Err(Error::Forked.into());
        }
        let mut connection = self
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut is_second_try = false;
        loop {
            let had_session = matches!(*connection, Connection::Open(_));
            let session = self.session(&mut connection)?;
            let lost = match session.is_ours().and_then(|()| work(session)) {
                Ok(done) => return Ok(done),
                Err(Trouble::Ours(error)) => return Err(error),
                Err(Trouble::Module(error)) if is_loss(&error) => error,
                Err(Trouble::Module(error)) => return Err(told(&error)),
            };
            *connection = Connection::Closed;
            // A session that was opened just now was no old one that had been lost.
            if is_second_try || !had_session {
                return Err(told(&lost));
            }
            is_second_try = true;
        }
    }

    /// The session, opened and logged in if there is none.
    fn session<'a>(&self, connection: &'a mut Connection) -> Result<&'a Login, ProviderError> {
        if let Connection::PinRefused(why) = connection {
            return Err(ProviderError::Denied(format!(
                "{why}; no further try until retry_login"
            )));
        }
        if let Connection::Closed = connection {
            match self.open() {
                Ok(session) => *connection = Connection::Open(session),
                Err(error) => {
                    if let Opening::PinRefused(why) = &error {
                        *connection = Connection::PinRefused(why.clone());
                    }
                    return Err(error.into());
                }
            }
        }
        match connection {
            Connection::Open(session) => Ok(session),
            Connection::Closed | Connection::PinRefused(_) => {
                Err(ProviderError::Unavailable("no session".to_owned()))
            }
        }
    }

    fn open(&self) -> Result<Login, Opening> {
        let (slot, info) = self.slot(|info| info.serial_number() == self.serial)?;
        let context = &self.module.context;
        let session = match context.open_rw_session(slot) {
            // Such a token makes and destroys nothing, but wraps.
            Err(Ck::Pkcs11(RvError::TokenWriteProtected, _)) => context.open_ro_session(slot),
            opened => opened,
        }?;
        let login = Login {
            session,
            context: context.clone(),
            slot,
            serial: self.serial.clone(),
            is_needed: info.login_required(),
        };
        if !login.is_needed {
            return Ok(login);
        }
        let pin = self.secrets.secret(SecretKind::Pin, &self.url);
        if pin.is_none() && !info.protected_authentication_path() {
            return Err(ProviderError::Denied("no PIN was given for the token".to_owned()).into());
        }
        // The box wipes itself, and is as long as the PIN, so that nothing is left behind by growing.
        let pin = pin.map(|pin| AuthPin::from(pin.as_str().to_owned()));
        match login.session.login(UserType::User, pin.as_ref()) {
            // Another part of the application did it: the login is the token's.
            Ok(()) | Err(Ck::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(login),
            Err(
                error @ Ck::Pkcs11(
                    RvError::PinIncorrect
                    | RvError::PinInvalid
                    | RvError::PinLenRange
                    | RvError::PinLocked
                    | RvError::PinExpired,
                    _,
                ),
            ) => Err(Opening::PinRefused(format!("PKCS #11: {error}"))),
            Err(error) => Err(error.into()),
        }
    }

    /// The one slot with the token, if it also is as `is_it` says.
    fn slot(&self, is_it: impl Fn(&TokenInfo) -> bool) -> Result<(Slot, TokenInfo), ProviderError> {
        let context = &self.module.context;
        let slots = context
            .get_slots_with_token()
            .map_err(|error| told(&error))?;
        let mut found = slots.into_iter().filter_map(|slot| {
            // A slot whose token cannot be asked is not the one.
            let info = context.get_token_info(slot).ok()?;
            (self.name.fits(slot.id(), &info) && is_it(&info)).then_some((slot, info))
        });
        let first = found.next().ok_or_else(|| {
            ProviderError::Unavailable(format!("no token {} is there", self.name))
        })?;
        if found.next().is_some() {
            return Err(ProviderError::Invalid(format!(
                "several tokens are {}: say which by serial=",
                self.name
            )));
        }
        Ok(first)
    }
}

/// Why no session was opened.
enum Opening {
    /// The token did not like the PIN.
    PinRefused(String),
    /// Anything else.
    Other(ProviderError),
}

impl From<ProviderError> for Opening {
    fn from(error: ProviderError) -> Self {
        Self::Other(error)
    }
}

impl From<Ck> for Opening {
    fn from(error: Ck) -> Self {
        Self::Other(told(&error))
    }
}

impl From<Opening> for ProviderError {
    fn from(error: Opening) -> Self {
        match error {
            Opening::PinRefused(why) => Self::Denied(why),
            Opening::Other(error) => error,
        }
    }
}
