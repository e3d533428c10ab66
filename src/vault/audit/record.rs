//! A record: one line of JSON, written once.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::files::{HEADER, hex};
use super::sink::{AuditError, AuditEvent, Outcome};
use super::time::{from_rfc3339, to_rfc3339};

/// Octets of the longest line, its newline not counted.
pub(super) const MAX_LINE: usize = 65_535;

/// An event as it stands in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRecord {
    /// Its number in the log, counted from 0.
    pub number: u64,
    /// What happened.
    pub event: AuditEvent,
}

impl AuditRecord {
    /// Reads a line, without its newline. It must be, to the octet, what the log writes for such an event.
    ///
    /// # Errors
    /// [`AuditError::Invalid`] if it is not.
    pub fn from_line(line: &[u8]) -> Result<Self, AuditError> {
        const INVALID: AuditError = AuditError::Invalid("this line is no record");
        if line.len() > MAX_LINE {
            return Err(INVALID);
        }
        let record = serde_json::from_slice(line)
            .ok()
            .and_then(|value| Self::from_value(&value))
            .ok_or(INVALID)?;
        if record.to_line()?.as_bytes() == line {
            Ok(record)
        } else {
            Err(INVALID)
        }
    }

    fn from_value(value: &Value) -> Option<Self> {
        let text = |name: &str| value.get(name)?.as_str();
        let owned = |name: &str| text(name).map(str::to_owned);
        let attributes: &Map<String, Value> = value.get("attributes")?.as_object()?;
        Some(Self {
            number: value.get("n")?.as_u64()?,
            event: AuditEvent {
                unix_micros: from_rfc3339(text("time")?)?,
                actor: owned("actor")?,
                action: Cow::Owned(owned("action")?),
                resource: owned("resource")?,
                outcome: outcome(text("outcome")?)?,
                reason: owned("reason")?,
                attributes: attributes
                    .iter()
                    .map(|(name, value)| {
                        Some((Cow::Owned(name.clone()), value.as_str()?.to_owned()))
                    })
                    .collect::<Option<_>>()?,
            },
        })
    }

    /// Writes the line, without its newline.
    ///
    /// # Errors
    /// [`AuditError::TooLarge`] if it has over 65,535 octets; [`AuditError::Invalid`] if the event names an attribute twice, or is of the year 10000
    /// or later.
    pub fn to_line(&self) -> Result<String, AuditError> {
        line(self.number, &self.event)
    }
}

/// Whether `line` begins as record `number` does.
pub(super) fn is_numbered(line: &[u8], number: u64) -> bool {
    line.starts_with(beginning(number).as_bytes())
}

fn beginning(number: u64) -> String {
    format!("{{\"v\":1,\"n\":{number},\"time\":\"")
}

/// Whether `line` is a record that repeats the hash of the header, as a log's first does.
pub(super) fn is_bound_to(line: &[u8], header: &[u8; 32]) -> bool {
    AuditRecord::from_line(line).is_ok_and(|record| {
        let mut attributes = record.event.attributes.iter();
        attributes.any(|(name, value)| name == HEADER && *value == hex(header))
    })
}

/// Writes the line of `event` as record `number`, without its newline.
pub(super) fn line(number: u64, event: &AuditEvent) -> Result<String, AuditError> {
    let time = to_rfc3339(event.unix_micros)
        .ok_or(AuditError::Invalid("its time is beyond the year 9999"))?;
    // Not one octet is kept of what is too long.
    let texts = [&event.actor, &event.resource, &event.reason];
    let attributes = event
        .attributes
        .iter()
        .map(|(name, value)| name.len().saturating_add(value.len()));
    let least = texts
        .iter()
        .map(|text| text.len())
        .chain(attributes)
        .fold(event.action.len(), usize::saturating_add);
    if least > MAX_LINE {
        return Err(AuditError::TooLarge);
    }
    let mut line = beginning(number);
    line.push_str(&time);
    line.push('"');
    for (name, value) in [
        ("actor", event.actor.as_str()),
        ("action", &event.action),
        ("resource", &event.resource),
        ("outcome", event.outcome.name()),
        ("reason", &event.reason),
    ] {
        line.push(',');
        push_pair(&mut line, name, value);
    }
    line.push_str(",\"attributes\":{");
    for (at, (name, value)) in event.attributes.iter().enumerate() {
        if event.attributes[..at]
            .iter()
            .any(|(other, _)| other == name)
        {
            return Err(AuditError::Invalid("it names an attribute twice"));
        }
        if at > 0 {
            line.push(',');
        }
        push_pair(&mut line, name, value);
    }
    line.push_str("}}");
    if line.len() > MAX_LINE {
        return Err(AuditError::TooLarge);
    }
    Ok(line)
}

fn push_pair(line: &mut String, name: &str, value: &str) {
    push_string(line, name);
    line.push(':');
    push_string(line, value);
}

/// Appends a JSON string: `"`, `\` and control characters escaped, all else as it is (RFC 8259, section 7).
fn push_string(line: &mut String, text: &str) {
    line.push('"');
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c < ' ' || c == '"' || c == '\\') {
        line.push_str(&rest[..at]);
        let c = rest.as_bytes()[at];
        match c {
            b'"' | b'\\' => line.extend(['\\', char::from(c)]),
            b'\n' => line.push_str("\\n"),
            b'\r' => line.push_str("\\r"),
            b'\t' => line.push_str("\\t"),
            _ => line.push_str(&format!("\\u{c:04x}")),
        }
        rest = &rest[at + 1..];
    }
    line.push_str(rest);
    line.push('"');
}

/// The outcome of this name.
fn outcome(name: &str) -> Option<Outcome> {
    [
        Outcome::Allowed,
        Outcome::Done,
        Outcome::Refused,
        Outcome::Failed,
    ]
    .into_iter()
    .find(|outcome| outcome.name() == name)
}
