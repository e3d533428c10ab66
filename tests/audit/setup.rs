//! A log to test with.
#![allow(dead_code, reason = "each test uses its part")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use mediaseal::vault::Clock;
use mediaseal::vault::audit::{
    AuditEvent, AuditLog, AuditLogOptions, AuditSink, Durability, Outcome,
};
use mediaseal::vault::grant::{Identity, Kem, Recipient, Signer};
use mediaseal::vault::transparency::VerifierKey;

pub(crate) const NOW: u64 = 1_800_000_000_000_000;

/// A folder of a test's own, removed when the test ends.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("mediaseal-audit-{name}-{}", std::process::id()));
        drop(fs::remove_dir_all(&path));
        Self(path)
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.0.join(name)).unwrap()
    }

    pub(crate) fn write(&self, name: &str, octets: &[u8]) {
        fs::write(self.0.join(name), octets).unwrap();
    }
}

impl std::ops::Deref for Folder {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// A clock that is set.
#[derive(Default)]
pub(crate) struct SetClock(AtomicU64);

impl SetClock {
    pub(crate) fn set(&self, micros: u64) {
        self.0.store(micros, Ordering::SeqCst);
    }
}

impl Clock for SetClock {
    fn unix_micros(&self) -> u64 {
        NOW + self.0.load(Ordering::SeqCst)
    }
}

pub(crate) fn signer() -> Signer {
    Signer::from_bytes(&[3; 32])
}

/// The verifier key of the log in a folder, as its user would have kept it.
pub(crate) fn key_of(folder: &Path) -> VerifierKey {
    let header = fs::read(folder.join("header")).unwrap();
    let id = data_encoding::HEXLOWER.encode(&header[8..24]);
    VerifierKey::new(&format!("mediaseal/audit/{id}"), signer().public()).unwrap()
}

pub(crate) fn auditor() -> Identity {
    Identity::from_bytes(Kem::X25519, &[4; 32]).unwrap()
}

pub(crate) fn auditors() -> Vec<Recipient> {
    vec![auditor().recipient().clone()]
}

pub(crate) fn options(durability: Durability) -> AuditLogOptions {
    AuditLogOptions {
        durability,
        clock: Arc::new(SetClock::default()),
        on_checkpoint: None,
    }
}

pub(crate) fn create(folder: &Path) -> AuditLog {
    AuditLog::create(folder, &auditors(), signer(), options(Durability::System)).unwrap()
}

pub(crate) fn open(folder: &Path) -> AuditLog {
    AuditLog::open(folder, signer(), options(Durability::System)).unwrap()
}

pub(crate) fn event(number: u64) -> AuditEvent {
    AuditEvent {
        unix_micros: NOW + number,
        actor: "alice".into(),
        action: "dek.unwrap".into(),
        resource: format!("dek/{number}"),
        outcome: if number.is_multiple_of(7) {
            Outcome::Refused
        } else {
            Outcome::Done
        },
        reason: String::new(),
        attributes: vec![("region".into(), "eu".into())],
    }
}

/// A log of `size` records with a checkpoint at each of `checkpoints` and one at the end, closed.
pub(crate) fn filled(folder: &Path, size: u64, checkpoints: &[u64]) {
    let log = create(folder);
    while log.size() < size - 1 {
        log.record(&event(log.size())).unwrap();
        if checkpoints.contains(&log.size()) {
            log.checkpoint().unwrap();
        }
    }
    log.close().unwrap();
    println!("a log of {size} records");
}
