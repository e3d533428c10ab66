//! The life of keys in an HSM: generate → wrap → use → rotate → move to another HSM → archive → destroy.
//!
//! ```text
//! cargo run --release --features custody,pkcs11 --example custody [path of SoftHSM's module]
//! ```
//!
//! It works on two tokens of SoftHSM, made fresh in a folder of its own and removed at the end; nothing is installed. With a real HSM the module's path and
//! the tokens' names are others, and nothing else.

use std::env;
use std::error::Error;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Arc;

use mediaseal::vault::audit::{AuditError, AuditEvent, AuditSink};
use mediaseal::vault::custody::pkcs11::{Pkcs11Module, Pkcs11Provider, TokenWrapping};
use mediaseal::vault::custody::{
    Access, Custody, CustodyError, CustodyOptions, DestroyMode, KekRef, KeyProvider, KeyState,
    NewKek, Policy, ProviderName, ProviderUrl, RecordPlace, Role, Roles, SecretKind, Survivors,
};
use zeroize::Zeroizing;

/// Where SoftHSM's module usually lies.
const MODULES: [&str; 6] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
];

const PIN: &str = "a PIN for this example alone";
/// Says to the second start of the program which folder its tokens are in.
const FOLDER: &str = "MEDIASEAL_EXAMPLE_TOKENS";

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("custody: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<ExitCode, Box<dyn Error>> {
    let given = env::args_os().nth(1).map(PathBuf::from);
    let module = given
        .into_iter()
        .chain(MODULES.iter().map(PathBuf::from))
        .find(|path| path.is_file())
        .ok_or("SoftHSM is not there. On Debian and Ubuntu: apt-get install softhsm2; then, if need be, give the path of libsofthsm2.so as argument")?;
    if let Some(folder) = env::var_os(FOLDER) {
        let steps = live(&module, Path::new(&folder))?;
        println!("custody: {steps} steps ok");
        return Ok(ExitCode::SUCCESS);
    }
    // SoftHSM finds its tokens by the environment, so the program starts itself with one of its own.
    let folder = env::temp_dir().join(format!("mediaseal-custody-{}", std::process::id()));
    let ended = with_tokens(&module, &folder);
    fs::remove_dir_all(&folder)?;
    ended
}

/// Makes two tokens and runs the program again.
fn with_tokens(module: &Path, folder: &Path) -> Result<ExitCode, Box<dyn Error>> {
    let tokens = folder.join("tokens");
    fs::create_dir_all(&tokens)?;
    let configuration = folder.join("softhsm2.conf");
    let text = format!("directories.tokendir = {}\n", tokens.display());
    fs::write(&configuration, text)?;
    for label in ["old-hsm", "new-hsm"] {
        let made = Command::new("softhsm2-util")
            .env("SOFTHSM2_CONF", &configuration)
            .args(["--init-token", "--free", "--label", label])
            .args(["--pin", PIN, "--so-pin", PIN])
            .output()
            .map_err(|error| format!("softhsm2-util (Debian's package softhsm2): {error}"))?;
        if !made.status.success() {
            return Err(String::from_utf8_lossy(&made.stderr).into());
        }
    }
    let ended = Command::new(env::current_exe()?)
        .arg(module)
        .env("SOFTHSM2_CONF", &configuration)
        .env(FOLDER, folder)
        .status()?;
    Ok(if ended.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Shows events as they are recorded. An application writes them to an audit log.
struct Shown;

impl AuditSink for Shown {
    fn record(&self, event: &AuditEvent) -> Result<(), AuditError> {
        eprintln!(
            "    audit: {} {} {} {}",
            event.actor,
            event.action,
            event.resource,
            event.outcome.name()
        );
        Ok(())
    }
}

/// Counts and shows steps.
#[derive(Default)]
struct Steps(u32);

impl Steps {
    fn done(&mut self, what: &str) {
        self.0 += 1;
        eprintln!("{:2}. {what}", self.0);
    }
}

fn open_token(module: &Pkcs11Module, label: &str) -> Result<Arc<Pkcs11Provider>, Box<dyn Error>> {
    // The application asks its user, or its own vault.
    let pin = |kind: SecretKind, _: &ProviderUrl| {
        (kind == SecretKind::Pin).then(|| Zeroizing::new(PIN.to_owned()))
    };
    let url = format!("pkcs11:token={label}?region=eu").parse()?;
    let provider = Pkcs11Provider::open(module, &url, pin, TokenWrapping::Best)?;
    Ok(Arc::new(provider))
}

fn name(provider: &dyn KeyProvider) -> ProviderName {
    let info = provider.describe();
    ProviderName {
        scheme: info.scheme,
        id: info.id,
    }
}

fn ensure(holds: bool, what: &str) -> Result<(), Box<dyn Error>> {
    if holds { Ok(()) } else { Err(what.into()) }
}

fn live(module: &Path, folder: &Path) -> Result<u32, Box<dyn Error>> {
    let mut steps = Steps::default();
    let module = Pkcs11Module::load(module)?;
    let (old, new) = (
        open_token(&module, "old-hsm")?,
        open_token(&module, "new-hsm")?,
    );
    let (old_name, new_name) = (name(&*old), name(&*new));
    steps.done(&format!(
        "two tokens: {:?} and {:?}",
        old_name.id, new_name.id
    ));

    let roles = Roles::new()
        .give("kim", Role::KeyAdmin, None)?
        .give("rec", Role::Recorder, Some("acme"))?
        .give("vic", Role::Viewer, Some("acme"))?;
    let options = CustodyOptions::new(old, Arc::new(roles), Arc::new(Shown))
        .with_provider(new)
        .with_policy(Policy::pin("eu").without_lazy_rewrap());
    let custody = Custody::create(folder.join("custody.db"), options)?;
    let (kim, rec, vic) = (Access::of("kim"), Access::of("rec"), Access::of("vic"));

    let first = custody.create_kek(&kim, &NewKek::new("acme", "eu", "recordings"))?;
    steps.done(&format!(
        "generated in the old token, and never out of it: {first}"
    ));

    let mut deks = Vec::new();
    for _ in 0..20 {
        deks.push(custody.new_dek(&rec, &first.id)?);
    }
    steps.done("wrapped: 20 data keys");
    let all_open = || -> Result<(), Box<dyn Error>> {
        for (id, dek) in &deks {
            let opened = custody.open_dek(&vic, id)?;
            ensure(
                opened.expose() == dek.expose(),
                "a data key came back as another",
            )?;
        }
        Ok(())
    };
    all_open()?;
    steps.done("unwrapped: the same 20 data keys");

    let place = RecordPlace {
        table: "calls",
        column: "notes",
        row_id: b"4711",
    };
    let record = custody.seal_record(&rec, &deks[0].0, &place, b"patient is well")?;
    let opened = custody.open_record(&vic, &place, &record)?;
    ensure(
        *opened == b"patient is well",
        "a record came back as another",
    )?;
    let elsewhere = RecordPlace {
        row_id: b"4712",
        ..place
    };
    ensure(
        custody.open_record(&vic, &elsewhere, &record).is_err(),
        "a record opened elsewhere",
    )?;
    steps.done("used: a database field is sealed, and opens in its own place alone");

    ensure(
        matches!(
            custody.rotate_kek(&vic, &first.id),
            Err(CustodyError::NotAuthorized(_))
        ),
        "a viewer rotated a key",
    )?;
    steps.done("refused: a viewer does not rotate keys");

    let mut progress = |progress: &mediaseal::vault::custody::SweepProgress| {
        eprintln!("    {} of {} wrapped anew", progress.done, progress.total);
        ControlFlow::Continue(())
    };
    let second = custody.rotate_kek(&kim, &first.id)?;
    let report = custody.sweep(&kim, &first.id, 10, &mut progress)?;
    ensure(
        (report.progress.done, report.progress.failed) == (20, 0),
        "not all keys were swept",
    )?;
    all_open()?;
    steps.done(&format!(
        "rotated: {second} wraps from now on, and no recording was touched"
    ));

    let third = custody.move_kek(&kim, &first.id, &new_name)?;
    let report = custody.sweep(&kim, &first.id, 10, &mut progress)?;
    ensure(
        (report.progress.done, report.progress.failed) == (20, 0),
        "not all keys were moved",
    )?;
    all_open()?;
    let holder = custody
        .keks(&kim)?
        .into_iter()
        .find(|info| info.spec.kek == third)
        .map(|info| info.provider);
    ensure(holder == Some(new_name), "the key is not in the new token")?;
    steps.done(&format!("moved to the new token: {third}"));

    custody.archive(&kim, &second, "kept seven years")?;
    let state = |kek: &KekRef| -> Result<Option<(KeyState, bool)>, CustodyError> {
        let keks = custody.keks(&kim)?;
        let info = keks.into_iter().find(|info| info.spec.kek == *kek);
        Ok(info.map(|info| (info.state, info.archived)))
    };
    ensure(
        state(&second)? == Some((KeyState::Deactivated, true)),
        "the key is not archived",
    )?;
    steps.done(&format!("archived: {second}"));

    for kek in [&first, &second] {
        if *kek == second {
            custody.restore(&kim, kek, "to be destroyed")?;
        }
        let tombstone = custody.destroy_kek(
            &kim,
            kek,
            DestroyMode::Effective,
            Survivors::MustBeNone,
            "moved",
        )?;
        ensure(
            tombstone.gone_unix_micros.is_some(),
            "the old token did not destroy the key",
        )?;
        steps.done(&format!("destroyed in the old token: {kek}"));
    }
    all_open()?;
    steps.done("the data keys open by the new token");

    custody.set_state(&kim, &third, KeyState::Deactivated, "retention is over")?;
    custody.destroy_kek(
        &kim,
        &third,
        DestroyMode::Effective,
        Survivors::AreLost,
        "retention is over",
    )?;
    for (id, _) in &deks {
        ensure(
            matches!(
                custody.open_dek(&vic, id),
                Err(CustodyError::KeyDestroyed { .. })
            ),
            "a data key opened after its key was destroyed",
        )?;
    }
    steps.done(&format!(
        "destroyed: {third}, and with it all that it wrapped"
    ));
    Ok(steps.0)
}
