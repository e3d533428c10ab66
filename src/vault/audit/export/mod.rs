//! Records in the forms that other systems take in. They are copies: nobody verifies anything by them.

mod cef;
mod ocsf;
mod syslog;

pub use cef::to_cef;
pub use ocsf::to_ocsf;
pub use syslog::{SyslogOrigin, to_syslog};

/// A text on one line: control characters as escapes, so that no value begins a line of its own.
fn on_one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
    line
}
