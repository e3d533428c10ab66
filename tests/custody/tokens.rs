//! SoftHSM tokens, a fresh folder of them for each test, each test in a process of its own.
//!
//! SoftHSM finds its tokens by the environment and keeps them for the life of the process, so a test runs itself again as a child
//! whose environment names the folder.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use mediaseal::vault::custody::pkcs11::{Pkcs11Module, Pkcs11Provider, TokenWrapping};
use mediaseal::vault::custody::{ProviderError, ProviderUrl, SecretKind};
use zeroize::Zeroizing;

/// The PIN of every token here.
pub(crate) const PIN: &str = "correct horse 4711";
const SO_PIN: &str = "staple 0815";
/// Says to a child which folder is its own.
const FOLDER: &str = "MEDIASEAL_TEST_TOKENS";

/// Where Debian and others put SoftHSM's module.
const MODULES: [&str; 5] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
];

/// SoftHSM's module.
pub(crate) fn softhsm() -> PathBuf {
    MODULES
        .iter()
        .map(PathBuf::from)
        .find(|path| path.is_file())
        .expect("SoftHSM is there: apt-get install softhsm2")
}

/// The tokens of one test.
pub(crate) struct Tokens {
    pub(crate) folder: PathBuf,
}

impl Tokens {
    /// Runs `scenario` of the test `name` in a process of its own, with fresh tokens of these labels.
    pub(crate) fn run(name: &str, labels: &[&str], scenario: impl FnOnce(&Self)) {
        if let Some(folder) = env::var_os(FOLDER) {
            let folder = PathBuf::from(folder);
            return scenario(&Self { folder });
        }
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("tokens-{name}"));
        if folder.is_dir() {
            fs::remove_dir_all(&folder).unwrap();
        }
        fs::create_dir_all(folder.join("tokens")).unwrap();
        let tokens = Self { folder };
        fs::write(
            tokens.configuration(),
            format!(
                "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n",
                tokens.folder.join("tokens").display()
            ),
        )
        .unwrap();
        for label in labels {
            let made = Command::new("softhsm2-util")
                .env("SOFTHSM2_CONF", tokens.configuration())
                .args(["--init-token", "--free", "--label", label])
                .args(["--pin", PIN, "--so-pin", SO_PIN])
                .output()
                .expect("SoftHSM is there: apt-get install softhsm2");
            assert!(made.status.success(), "{made:?}");
        }
        let ended = tokens.child(name, &[]).status().unwrap();
        assert!(ended.success(), "the child of {name}: {ended}");
        fs::remove_dir_all(&tokens.folder).unwrap();
    }

    /// This test program again, for the test `name` on these tokens.
    pub(crate) fn child(&self, name: &str, environment: &[(&str, &str)]) -> Command {
        let mut child = Command::new(env::current_exe().unwrap());
        child
            .args([name, "--exact", "--nocapture", "--test-threads", "1"])
            .env("SOFTHSM2_CONF", self.configuration())
            .env("MEDIASEAL_REAL_MODULE", softhsm())
            .env("MEDIASEAL_FAULT", self.fault_file())
            .env(FOLDER, &self.folder)
            .envs(environment.iter().copied())
            // Its own count of tests is not to be added to ours; what fails stands on standard error.
            .stdout(Stdio::null());
        child
    }

    fn configuration(&self) -> PathBuf {
        self.folder.join("softhsm2.conf")
    }

    fn fault_file(&self) -> PathBuf {
        self.folder.join("fault")
    }

    /// Lets the module of [`Self::faulty`] return `code` from a function `times` times.
    pub(crate) fn fault(&self, function: Function, code: u32, times: u32) {
        fs::write(
            self.fault_file(),
            format!("{} {code} {times}\n", function as u32),
        )
        .unwrap();
    }

    /// SoftHSM behind a module that fails as it is told.
    pub(crate) fn faulty(&self) -> Pkcs11Module {
        let module = self.folder.join("fault.so");
        let built = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-Wall", "-o"])
            .arg(&module)
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/custody/fault.c"))
            .status()
            .expect("a C compiler is there");
        assert!(built.success());
        Pkcs11Module::load(module).unwrap()
    }
}

/// Functions that can be told to fail, by their place in `CK_FUNCTION_LIST`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Function {
    GetSlotList = 4,
    OpenSession = 12,
    Login = 18,
    CreateObject = 20,
    DestroyObject = 22,
    GetAttributeValue = 24,
    FindObjectsInit = 26,
    EncryptInit = 29,
    Encrypt = 30,
    DecryptInit = 33,
    Decrypt = 34,
    GenerateKey = 58,
}

/// Gives the PIN of tokens, as an application would.
pub(crate) fn pin(kind: SecretKind, _: &ProviderUrl) -> Option<Zeroizing<String>> {
    (kind == SecretKind::Pin).then(|| Zeroizing::new(PIN.to_owned()))
}

/// The token with this label.
pub(crate) fn url(label: &str) -> ProviderUrl {
    format!("pkcs11:token={label}?region=eu").parse().unwrap()
}

/// Opens the token with this label.
pub(crate) fn open(module: &Pkcs11Module, label: &str) -> Result<Pkcs11Provider, ProviderError> {
    Pkcs11Provider::open(module, &url(label), pin, TokenWrapping::Best)
}
