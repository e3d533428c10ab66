//! The Secret Service as a store of keyring-core, by libsecret's own tool; a session with a keyring of its own; a store that fails.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use std::any::Any;
use std::env;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};

use keyring_core::api::{Credential, CredentialApi, CredentialStore, CredentialStoreApi};
use keyring_core::{Entry, Error, Result};

/// Says to a child that it is inside of the session.
const INSIDE: &str = "MEDIASEAL_TEST_SESSION";

/// Runs `scenario` of the test `name` in a D-Bus session in which gnome-keyring serves secrets, unlocked, below the folder that `folder`
/// makes.
pub(crate) fn in_session(
    name: &str,
    folder: impl FnOnce() -> PathBuf,
    scenario: impl FnOnce(&Path),
) {
    if let Some(folder) = env::var_os(INSIDE) {
        return scenario(Path::new(&folder));
    }
    let folder = folder();
    let data = folder.join("data");
    std::fs::create_dir_all(data.join("keyrings")).unwrap();
    std::fs::DirBuilder::new()
        .mode(0o700)
        .create(folder.join("run"))
        .unwrap();
    // As at a login: the first makes the keyring and unlocks it by the password, the second lets it serve secrets.
    let script = "printf %s session | gnome-keyring-daemon --daemonize --login >/dev/null \
                  && gnome-keyring-daemon --start --components=secrets >/dev/null \
                  && \"$0\" \"$1\" --exact --nocapture --test-threads 1";
    let ended = Command::new("dbus-run-session")
        .args(["--", "sh", "-c", script])
        .arg(env::current_exe().unwrap())
        .arg(name)
        .env(INSIDE, &folder)
        .env("HOME", &folder)
        .env("XDG_DATA_HOME", data)
        .env("XDG_RUNTIME_DIR", folder.join("run"))
        .env_remove("DISPLAY")
        // Its own count of tests is not to be added to ours; what fails stands on standard error.
        .stdout(Stdio::null())
        .status()
        .expect("D-Bus is there: apt-get install dbus gnome-keyring libsecret-tools");
    assert!(ended.success(), "the session of {name}: {ended}");
}

/// The Secret Service.
#[derive(Debug)]
pub(crate) struct SecretTool;

impl SecretTool {
    /// Locks the keyring.
    pub(crate) fn lock() {
        let locked = Command::new("dbus-send")
            .args([
                "--session",
                "--print-reply",
                "--dest=org.freedesktop.secrets",
            ])
            .args([
                "/org/freedesktop/secrets",
                "org.freedesktop.Secret.Service.Lock",
            ])
            .arg("array:objpath:/org/freedesktop/secrets/collection/login")
            .output()
            .unwrap();
        assert!(locked.status.success(), "{locked:?}");
    }
}

impl CredentialStoreApi for SecretTool {
    fn vendor(&self) -> String {
        "libsecret".to_owned()
    }

    fn id(&self) -> String {
        "secret-tool".to_owned()
    }

    fn build(
        &self,
        service: &str,
        user: &str,
        _: Option<&std::collections::HashMap<&str, &str>>,
    ) -> Result<Entry> {
        Ok(Entry::new_with_credential(Arc::new(Item {
            service: service.to_owned(),
            user: user.to_owned(),
        })))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// One item.
#[derive(Debug)]
struct Item {
    service: String,
    user: String,
}

impl Item {
    fn run(&self, arguments: &[&str], input: &[u8]) -> Result<Output> {
        let mut child = Command::new("timeout")
            // A locked keyring asks on a screen, and there is none.
            .args(["5", "secret-tool"])
            .args(arguments)
            .args(["service", &self.service, "username", &self.user])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| Error::PlatformFailure(Box::new(error)))?;
        child.stdin.take().unwrap().write_all(input).ok();
        let output = child.wait_with_output().unwrap();
        let message = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        if output.status.success() || (output.status.code() == Some(1) && message.is_empty()) {
            Ok(output)
        } else {
            let message = format!("{}: {message}", output.status);
            Err(Error::NoStorageAccess(Box::new(std::io::Error::other(
                message,
            ))))
        }
    }

    /// Whether the keyring with the item is locked: looking it up then finds nothing.
    fn is_locked(&self) -> Result<bool> {
        let found = self.run(&["search"], &[])?;
        Ok(!found.stdout.is_empty()
            && !String::from_utf8_lossy(&found.stdout).contains("\nsecret = "))
    }
}

impl CredentialApi for Item {
    fn set_secret(&self, secret: &[u8]) -> Result<()> {
        self.run(&["store", "--label", "mediaseal"], secret)
            .map(drop)
    }

    fn get_secret(&self) -> Result<Vec<u8>> {
        let found = self.run(&["lookup"], &[])?;
        if !found.stdout.is_empty() {
            Ok(found.stdout)
        } else if self.is_locked()? {
            Err(Error::NoStorageAccess(Box::new(std::io::Error::other(
                "locked",
            ))))
        } else {
            Err(Error::NoEntry)
        }
    }

    fn delete_credential(&self) -> Result<()> {
        self.run(&["clear"], &[]).map(drop)
    }

    fn get_credential(&self) -> Result<Option<Arc<Credential>>> {
        Ok(None)
    }

    fn get_specifiers(&self) -> Option<(String, String)> {
        Some((self.service.clone(), self.user.clone()))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// Another store, which fails from the n-th use of an entry on.
pub(crate) struct Failing {
    inner: Arc<CredentialStore>,
    plan: Arc<Mutex<Option<(String, u32)>>>,
    meanwhile: Arc<Mutex<Option<Meanwhile>>>,
}

/// What somebody else does while we are at work.
pub(crate) type Meanwhile = Box<dyn FnOnce() + Send>;

impl Failing {
    pub(crate) fn new(inner: Arc<CredentialStore>) -> Self {
        Self {
            inner,
            plan: Arc::default(),
            meanwhile: Arc::default(),
        }
    }

    /// Somebody else does this, once, right after an entry was read.
    pub(crate) fn meanwhile(&self, work: Meanwhile) {
        *self.meanwhile.lock().unwrap() = Some(work);
    }

    /// Fails at the use of the entry of `user` after so many more, and everywhere from then on: the process was killed.
    pub(crate) fn fail(&self, user: &str, after: u32) {
        *self.plan.lock().unwrap() = Some((user.to_owned(), after));
    }

    pub(crate) fn mend(&self) {
        *self.plan.lock().unwrap() = None;
    }
}

impl CredentialStoreApi for Failing {
    fn vendor(&self) -> String {
        self.inner.vendor()
    }

    fn id(&self) -> String {
        self.inner.id()
    }

    fn build(
        &self,
        service: &str,
        user: &str,
        modifiers: Option<&std::collections::HashMap<&str, &str>>,
    ) -> Result<Entry> {
        Ok(Entry::new_with_credential(Arc::new(FailingEntry {
            inner: self.inner.build(service, user, modifiers)?,
            user: user.to_owned(),
            plan: Arc::clone(&self.plan),
            meanwhile: Arc::clone(&self.meanwhile),
        })))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

struct FailingEntry {
    inner: Entry,
    user: String,
    plan: Arc<Mutex<Option<(String, u32)>>>,
    meanwhile: Arc<Mutex<Option<Meanwhile>>>,
}

impl FailingEntry {
    fn used(&self) -> Result<()> {
        let mut plan = self.plan.lock().unwrap();
        match &mut *plan {
            Some((user, after)) if user.is_empty() || *user == self.user => {
                if *after == 0 {
                    user.clear();
                    return Err(Error::NoStorageAccess(Box::new(std::io::Error::other(
                        "killed",
                    ))));
                }
                *after -= 1;
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

impl CredentialApi for FailingEntry {
    fn set_secret(&self, secret: &[u8]) -> Result<()> {
        self.used()?;
        self.inner.set_secret(secret)
    }

    fn get_secret(&self) -> Result<Vec<u8>> {
        self.used()?;
        let secret = self.inner.get_secret();
        let meanwhile = self.meanwhile.lock().unwrap().take();
        if let Some(meanwhile) = meanwhile {
            meanwhile();
        }
        secret
    }

    fn delete_credential(&self) -> Result<()> {
        self.used()?;
        self.inner.delete_credential()
    }

    fn get_credential(&self) -> Result<Option<Arc<Credential>>> {
        Ok(None)
    }

    fn get_specifiers(&self) -> Option<(String, String)> {
        self.inner.get_specifiers()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
