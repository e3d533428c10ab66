//! What is thrown.

use mediaseal::{Class, Error, InvalidId};
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

#[wasm_bindgen(raw_module = "./error.js")]
extern "C" {
    /// The class of `js/error.js`.
    pub type MediasealError;

    #[wasm_bindgen(constructor)]
    fn new(code: &str, status_class: &str, message: &str) -> MediasealError;
}

/// The result of what may throw.
pub(crate) type Outcome<T> = Result<T, MediasealError>;

impl From<Error> for MediasealError {
    fn from(error: Error) -> Self {
        Self::new(
            error.status_name(),
            class_name(error.class()),
            &error.to_string(),
        )
    }
}

impl From<InvalidId> for MediasealError {
    fn from(invalid: InvalidId) -> Self {
        Error::from(invalid).into()
    }
}

impl MediasealError {
    /// A value that its parameter does not know.
    pub(crate) fn unknown_value(message: &str) -> Self {
        Self::new(
            "MEDIASEAL_ERR_UNKNOWN_VALUE",
            class_name(Class::FixTheCall),
            message,
        )
    }
}

/// An error that is not one of the core's.
pub(crate) fn named(code: &str, class: Class, message: &str) -> JsValue {
    MediasealError::new(code, class_name(class), message).into()
}

/// What a class is called in JavaScript.
const fn class_name(class: Class) -> &'static str {
    match class {
        Class::FixTheCall => "fix-the-call",
        Class::FetchAKey => "fetch-a-key",
        Class::DropThePacket => "drop-the-packet",
        Class::ReportABug => "report-a-bug",
    }
}
