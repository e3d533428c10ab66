//! What the tests of custody share: a folder, a clock that is set, an audit sink that remembers, a provider that can be away.
#![allow(dead_code, reason = "each test file uses a part")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use mediaseal::PassphraseParams;
use mediaseal::vault::audit::{AuditError, AuditEvent, AuditSink, Outcome};
use mediaseal::vault::custody::{
    Access, Authorizer, Custody, CustodyOptions, Destruction, Enforcement, Everybody, FileProvider,
    KekRef, KekSpec, KeyProvider, KeyState, Policy, ProviderError, ProviderInfo,
};
use mediaseal::vault::{Clock, Dek, WrapContext, WrappedKey};

pub(crate) const PASSPHRASE: &str = "correct horse battery staple, said the canary";
/// 2027-01-15 08:00:00 UTC.
pub(crate) const START: u64 = 1_800_000_000_000_000;

/// A folder of a test's own, removed when the test ends.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("mediaseal-{name}-{}", std::process::id()));
        drop(fs::remove_dir_all(&path));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// The cheapest parameters that there are: the price of a passphrase is not what is tested here.
pub(crate) fn cheap() -> PassphraseParams {
    "$argon2id$v=19$m=8,t=1,p=1$AAECAwQFBgcICQoLDA0ODw"
        .parse()
        .unwrap()
}

pub(crate) fn file_provider(path: &Path, region: &str) -> Arc<FileProvider> {
    Arc::new(if path.exists() {
        FileProvider::open(path, PASSPHRASE).unwrap()
    } else {
        FileProvider::create(path, region, PASSPHRASE, &cheap()).unwrap()
    })
}

/// A clock that stands until it is set.
pub(crate) struct SetClock(pub(crate) AtomicU64);

impl SetClock {
    pub(crate) fn advance(&self, micros: u64) {
        self.0.fetch_add(micros, Ordering::Relaxed);
    }
}

impl Clock for SetClock {
    fn unix_micros(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Remembers what is recorded, and fails when told.
#[derive(Default)]
pub(crate) struct Remembering {
    pub(crate) events: Mutex<Vec<AuditEvent>>,
    pub(crate) is_broken: AtomicBool,
}

impl Remembering {
    pub(crate) fn has(&self, action: &str, outcome: Outcome) -> bool {
        let events = self.events.lock().unwrap();
        events
            .iter()
            .any(|event| event.action == action && event.outcome == outcome)
    }

    pub(crate) fn clear(&self) {
        self.events.lock().unwrap().clear();
    }
}

impl AuditSink for Remembering {
    fn record(&self, event: &AuditEvent) -> Result<(), AuditError> {
        if self.is_broken.load(Ordering::Relaxed) {
            return Err(AuditError::Unavailable("told to fail".into()));
        }
        self.events.lock().unwrap().push(event.clone());
        Ok(())
    }
}

/// A real provider behind a line that can be cut.
pub(crate) struct Line {
    pub(crate) far: Arc<FileProvider>,
    pub(crate) is_cut: AtomicBool,
    pub(crate) unwraps: AtomicUsize,
    /// What happens elsewhere, once, while a key is unwrapped.
    pub(crate) meanwhile: Mutex<Option<Meanwhile>>,
    /// The same, while it is told a state.
    pub(crate) before_told: Mutex<Option<Meanwhile>>,
}

/// Something that happens while somebody else is at work.
pub(crate) type Meanwhile = Box<dyn FnOnce() + Send>;

impl Line {
    pub(crate) fn to(far: Arc<FileProvider>) -> Arc<Self> {
        Arc::new(Self {
            far,
            is_cut: AtomicBool::new(false),
            unwraps: AtomicUsize::new(0),
            meanwhile: Mutex::new(None),
            before_told: Mutex::new(None),
        })
    }

    fn far(&self) -> Result<&FileProvider, ProviderError> {
        if self.is_cut.load(Ordering::Relaxed) {
            return Err(ProviderError::Unavailable("the line is cut".into()));
        }
        Ok(&self.far)
    }
}

impl KeyProvider for Line {
    fn describe(&self) -> ProviderInfo {
        self.far.describe()
    }

    fn create_kek(&self, spec: &KekSpec) -> Result<(), ProviderError> {
        self.far()?.create_kek(spec)
    }

    fn wrap(
        &self,
        kek: &KekRef,
        dek: &Dek,
        context: &WrapContext,
    ) -> Result<WrappedKey, ProviderError> {
        self.far()?.wrap(kek, dek, context)
    }

    fn unwrap(&self, wrapped: &WrappedKey, context: &WrapContext) -> Result<Dek, ProviderError> {
        self.unwraps.fetch_add(1, Ordering::Relaxed);
        let meanwhile = self.meanwhile.lock().unwrap().take();
        if let Some(meanwhile) = meanwhile {
            meanwhile();
        }
        self.far()?.unwrap(wrapped, context)
    }

    fn set_state(&self, kek: &KekRef, state: KeyState) -> Result<Enforcement, ProviderError> {
        let meanwhile = self.before_told.lock().unwrap().take();
        if let Some(meanwhile) = meanwhile {
            meanwhile();
        }
        self.far()?.set_state(kek, state)
    }

    fn destroy_kek(&self, kek: &KekRef) -> Result<Destruction, ProviderError> {
        self.far()?.destroy_kek(kek)
    }
}

/// A store of custody over a file provider, with all that a test looks at.
pub(crate) struct Kit {
    pub(crate) folder: Folder,
    pub(crate) line: Arc<Line>,
    pub(crate) audit: Arc<Remembering>,
    pub(crate) clock: Arc<SetClock>,
    pub(crate) custody: Custody,
}

impl Kit {
    pub(crate) fn new(name: &str) -> Self {
        Self::with(name, "eu-central-1", Policy::default(), Arc::new(Everybody))
    }

    pub(crate) fn with(
        name: &str,
        region: &str,
        policy: Policy,
        authorizer: Arc<dyn Authorizer>,
    ) -> Self {
        let folder = Folder::new(name);
        let line = Line::to(file_provider(&folder.path("keys.db"), region));
        let audit = Arc::new(Remembering::default());
        let clock = Arc::new(SetClock(AtomicU64::new(START)));
        let options = CustodyOptions::new(line.clone(), authorizer, audit.clone())
            .with_policy(policy)
            .with_clock(clock.clone());
        let custody = Custody::create(folder.path("custody.db"), options).unwrap();
        Self {
            folder,
            line,
            audit,
            clock,
            custody,
        }
    }

    /// Options for a second handle on the same files.
    pub(crate) fn options(&self) -> CustodyOptions {
        CustodyOptions::new(self.line.clone(), Arc::new(Everybody), self.audit.clone())
            .with_clock(self.clock.clone())
    }
}

pub(crate) fn admin() -> Access {
    Access::of("admin")
}
