//! OCSF 1.5.0 (schema.ocsf.io), class Entity Management (3004) of the category Identity & Access Management (3).

use serde_json::{Map, Value, json};

use crate::vault::audit::record::AuditRecord;
use crate::vault::audit::sink::Outcome;
use crate::vault::audit::time::to_rfc3339;

/// The version of the schema.
const VERSION: &str = "1.5.0";
const CATEGORY: u64 = 3;
const CLASS: u64 = 3004;

/// The activities of the class, each with the actions that it stands for, by their last word.
const ACTIVITIES: [(u64, &str, &[&str]); 8] = [
    (1, "Create", &["create", "new", "generate"]),
    (
        2,
        "Read",
        &[
            "unwrap",
            "unwrap-compromised",
            "open",
            "read",
            "inspect",
            "verify",
            "export",
        ],
    ),
    (
        3,
        "Update",
        &[
            "wrap", "rewrap", "sweep", "rotate", "state", "write", "share",
        ],
    ),
    (4, "Delete", &["destroy", "delete", "shred"]),
    (5, "Move", &["move"]),
    (8, "Enable", &["start"]),
    (9, "Disable", &["stop"]),
    (10, "Activate", &["activate"]),
];

/// A record as an event of OCSF, one line of JSON. `log` says which log it is of, as its checkpoints do.
///
/// What the class has no place for (the action by its own name, the attributes) is in `unmapped`.
#[must_use]
pub fn to_ocsf(record: &AuditRecord, log: &str) -> String {
    let event = &record.event;
    let verb = event.action.rsplit('.').next().unwrap_or_default();
    let (activity, name) = ACTIVITIES
        .iter()
        .find(|(_, _, verbs)| verbs.contains(&verb))
        .map_or((99, &*event.action), |(id, name, _)| (*id, *name));
    let (status, status_name, severity, severity_name) = match event.outcome {
        Outcome::Done => (1, "Success", 1, "Informational"),
        Outcome::Allowed => (99, "allowed", 1, "Informational"),
        Outcome::Refused => (2, "Failure", 3, "Medium"),
        Outcome::Failed => (2, "Failure", 2, "Low"),
    };
    let attributes: Map<String, Value> = event
        .attributes
        .iter()
        .map(|(name, value)| (name.to_string(), value.as_str().into()))
        .collect();
    let mut metadata = json!({
        "version": VERSION,
        "product": {
            "name": "mediaseal",
            "vendor_name": "mediaseal",
            "version": env!("CARGO_PKG_VERSION"),
        },
        "log_name": log,
        "sequence": record.number,
        "uid": format!("{log}#{}", record.number),
        "event_code": event.action,
    });
    if let Some(time) = to_rfc3339(event.unix_micros) {
        metadata["original_time"] = time.into();
    }
    let kind = event.resource.split('/').next().unwrap_or_default();
    let mut ocsf = json!({
        "activity_id": activity,
        "activity_name": name,
        "category_uid": CATEGORY,
        "category_name": "Identity & Access Management",
        "class_uid": CLASS,
        "class_name": "Entity Management",
        "type_uid": CLASS * 100 + activity,
        "time": event.unix_micros / 1000,
        "severity_id": severity,
        "severity": severity_name,
        "status_id": status,
        "status": status_name,
        "actor": { "user": { "name": event.actor } },
        "entity": { "uid": event.resource, "name": event.resource, "type": kind },
        "message": format!("{} {}: {}", event.action, event.resource, event.outcome.name()),
        "metadata": metadata,
        "unmapped": {
            "action": event.action,
            "outcome": event.outcome.name(),
            "attributes": attributes,
        },
    });
    if !event.reason.is_empty() {
        ocsf["comment"] = event.reason.as_str().into();
        ocsf["status_detail"] = event.reason.as_str().into();
    }
    ocsf.to_string()
}
