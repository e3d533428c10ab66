//! ArcSight's Common Event Format, version 0 of the format.

use super::on_one_line;
use crate::vault::audit::record::AuditRecord;
use crate::vault::audit::sink::Outcome;

/// A record as one line of CEF, without newline, for a file or as the text of a syslog message.
///
/// `rt` is the time in milliseconds, `externalId` the record's number, `suser` the actor, `act` the action, `cs1` the resource and `cs2` the attributes, as
/// `name=value; name=value` with `\` before `\`, `;` and `=` within a name or value. Around that is CEF's own escaping, as of any text.
#[must_use]
pub fn to_cef(record: &AuditRecord) -> String {
    let event = &record.event;
    let severity = match event.outcome {
        Outcome::Allowed | Outcome::Done => 2,
        Outcome::Failed => 5,
        Outcome::Refused => 6,
    };
    let action = escaped(&event.action, '|');
    let mut line = format!(
        "CEF:0|mediaseal|mediaseal|{}|{action}|{action} {}|{severity}|",
        env!("CARGO_PKG_VERSION"),
        event.outcome.name(),
    );
    let time = (event.unix_micros / 1000).to_string();
    let number = record.number.to_string();
    let attributes: Vec<String> = event
        .attributes
        .iter()
        .map(|(name, value)| format!("{}={}", part(name), part(value)))
        .collect();
    let attributes = attributes.join("; ");
    let fields = [
        ("rt", time.as_str()),
        ("externalId", &number),
        ("suser", &event.actor),
        ("act", &event.action),
        ("outcome", event.outcome.name()),
        ("reason", &event.reason),
        ("cs1Label", "resource"),
        ("cs1", &event.resource),
        ("cs2Label", "attributes"),
        ("cs2", &attributes),
    ];
    let texts: Vec<String> = fields
        .into_iter()
        .map(|(name, value)| format!("{name}={}", escaped(value, '=')))
        .collect();
    line.push_str(&texts.join(" "));
    line
}

/// A name or value of an attribute, so that it ends where it ends.
fn part(text: &str) -> String {
    let mut part = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | ';' | '=') {
            part.push('\\');
        }
        part.push(c);
    }
    part
}

/// A value on one line, with `\` before itself and before `special`.
fn escaped(value: &str, special: char) -> String {
    let mut text = String::with_capacity(value.len());
    // Before the escapes of control characters, whose own \ is to be read as it is.
    for part in value.split_inclusive(['\\', special]) {
        match part.char_indices().next_back() {
            Some((at, c)) if c == '\\' || c == special => {
                text.push_str(&on_one_line(&part[..at]));
                text.push('\\');
                text.push(c);
            }
            _ => text.push_str(&on_one_line(part)),
        }
    }
    text
}
