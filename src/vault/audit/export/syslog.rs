//! Syslog, RFC 5424.

use super::on_one_line;
use crate::vault::audit::record::AuditRecord;
use crate::vault::audit::sink::Outcome;
use crate::vault::audit::time::to_rfc3339;

/// The facility "log audit".
const FACILITY: u8 = 13;

/// Who sends messages to syslog. Characters that a field cannot have are left out, and what is too long is cut; what is empty then is `-`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyslogOrigin {
    /// The host's name.
    pub host: String,
    /// The application's name.
    pub application: String,
    /// The process's id, as a text.
    pub process: String,
    /// The private enterprise number that names the structured data are under: the application's own, from IANA. 32473 is the one for examples (RFC 5612).
    pub enterprise: u32,
}

impl Default for SyslogOrigin {
    /// An unknown host, the application `mediaseal`, the enterprise of examples.
    fn default() -> Self {
        Self {
            host: String::new(),
            application: "mediaseal".to_owned(),
            process: String::new(),
            enterprise: 32473,
        }
    }
}

/// A record as one message of syslog, without a frame or newline.
///
/// All fields are structured data: `event@…` with number, actor, action, resource, outcome and reason, and `attributes@…`. Control characters in values
/// are written as escapes, so that no value begins a line of its own.
#[must_use]
pub fn to_syslog(record: &AuditRecord, origin: &SyslogOrigin) -> String {
    let event = &record.event;
    let severity = match event.outcome {
        Outcome::Allowed | Outcome::Done => 6,
        Outcome::Refused => 4,
        Outcome::Failed => 3,
    };
    let priority = FACILITY * 8 + severity;
    let time = to_rfc3339(event.unix_micros).unwrap_or_else(|| "-".to_owned());
    let (host, application) = (field(&origin.host, 255), field(&origin.application, 48));
    let (process, action) = (field(&origin.process, 128), field(&event.action, 32));
    let number = record.number.to_string();
    let mut message = format!("<{priority}>1 {time} {host} {application} {process} {action} ");
    let enterprise = origin.enterprise;
    push_element(
        &mut message,
        &format!("event@{enterprise}"),
        [
            ("n", number.as_str()),
            ("actor", &event.actor),
            ("action", &event.action),
            ("resource", &event.resource),
            ("outcome", event.outcome.name()),
            ("reason", &event.reason),
        ],
    );
    if !event.attributes.is_empty() {
        let attributes = event.attributes.iter();
        push_element(
            &mut message,
            &format!("attributes@{enterprise}"),
            attributes.map(|(name, value)| (&**name, value.as_str())),
        );
    }
    // The mark says that the text is UTF-8.
    message.push_str(" \u{feff}");
    message.push_str(&on_one_line(&format!(
        "{} {} {}: {}",
        event.actor,
        event.action,
        event.resource,
        event.outcome.name()
    )));
    message
}

/// A field of the header: visible ASCII, or `-`.
fn field(text: &str, max: usize) -> String {
    let field: String = text
        .chars()
        .filter(char::is_ascii_graphic)
        .take(max)
        .collect();
    if field.is_empty() {
        "-".to_owned()
    } else {
        field
    }
}

fn push_element<'a>(
    message: &mut String,
    id: &str,
    params: impl IntoIterator<Item = (&'a str, &'a str)>,
) {
    message.push('[');
    message.push_str(id);
    for (name, value) in params {
        let is_allowed = |c: &char| c.is_ascii_graphic() && !matches!(c, '=' | ']' | '"');
        let name: String = name.chars().filter(is_allowed).take(32).collect();
        message.push(' ');
        message.push_str(if name.is_empty() { "_" } else { &name });
        message.push_str("=\"");
        for c in on_one_line(value).chars() {
            if matches!(c, '"' | '\\' | ']') {
                message.push('\\');
            }
            message.push(c);
        }
        message.push('"');
    }
    message.push(']');
}
