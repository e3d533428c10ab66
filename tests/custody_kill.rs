//! Killed at random points: what was acknowledged is there, no state was skipped, and the store goes on.
//!
//! This program is its own child: children make, rotate, move, sweep, suspend and destroy keys of one store, one or two of them at a time, and say
//! what they were told is done. The parent kills them (SIGKILL, on Unix) and holds the store to what they said. The last line is
//! `custody: N kills, M keys and changes acknowledged, 0 lost`. `--kills N` for another number than 500, `--seed N` to see the same again.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod custody_support;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use custody_support::{Folder, admin, cheap};
use mediaseal::vault::audit::{AuditError, AuditEvent, AuditSink};
use mediaseal::vault::custody::{
    Custody, CustodyError, CustodyOptions, DekId, DestroyMode, Everybody, FileProvider, KekRef,
    KeyProvider, KeyState, NewKek, Policy, ProviderError, ProviderName, Survivors,
};
use sha2::{Digest, Sha256};

/// The two passphrases that the first provider changes between.
const PASSPHRASES: [&str; 2] = ["the one", "the other"];
/// Lives of one store before the next begins.
const LIVES: u64 = 25;

struct Nowhere;

impl AuditSink for Nowhere {
    fn record(&self, _: &AuditEvent) -> Result<(), AuditError> {
        Ok(())
    }
}

/// xorshift64*: the same from the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % end
    }
}

fn first_provider(folder: &Path) -> FileProvider {
    let path = folder.join("keys-0.db");
    // Another life may change the passphrase between the two tries; it does not always do so.
    for _ in 0..20 {
        for passphrase in PASSPHRASES {
            match FileProvider::open(&path, passphrase) {
                Ok(provider) => return provider,
                Err(ProviderError::Denied(_)) => {}
                Err(error) => panic!("{}: {error}", path.display()),
            }
        }
    }
    panic!("no passphrase opens {}", path.display())
}

fn providers(folder: &Path) -> [Arc<FileProvider>; 2] {
    let second = FileProvider::open(folder.join("keys-1.db"), PASSPHRASES[0]).unwrap();
    [Arc::new(first_provider(folder)), Arc::new(second)]
}

fn options(providers: &[Arc<FileProvider>; 2], policy: Policy) -> CustodyOptions {
    CustodyOptions::new(providers[0].clone(), Arc::new(Everybody), Arc::new(Nowhere))
        .with_provider(providers[1].clone())
        .with_policy(policy)
}

fn make(folder: &Path) {
    for (index, passphrase) in [PASSPHRASES[0]; 2].iter().enumerate() {
        let path = folder.join(format!("keys-{index}.db"));
        FileProvider::create(path, "", passphrase, &cheap()).unwrap();
    }
    let providers = providers(folder);
    let options = options(&providers, Policy::default());
    let custody = Custody::create(folder.join("custody.db"), options).unwrap();
    custody
        .create_kek(&admin(), &NewKek::new("acme", "", "main"))
        .unwrap();
}

/// Says that something was acknowledged.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

/// What two processes in one store may tell each other by refusing.
fn is_expected(error: &CustodyError) -> bool {
    matches!(
        error,
        CustodyError::Busy
            | CustodyError::StateForbids { .. }
            | CustodyError::NoSuchTransition { .. }
            | CustodyError::KeyDestroyed { .. }
            | CustodyError::Invalid(_)
            | CustodyError::Provider(
                ProviderError::Unavailable(_)
                    | ProviderError::Refused { .. }
                    | ProviderError::KekDestroyed(_)
            )
    )
}

fn child(folder: &Path, seed: u64) {
    let mut providers = providers(folder);
    let mut custody = Custody::open(
        folder.join("custody.db"),
        options(&providers, Policy::default()),
    )
    .unwrap();
    let mut dice = Dice(seed);
    let kek = custody.keks(&admin()).unwrap();
    let main = kek
        .iter()
        .find(|info| info.spec.purpose == "main")
        .unwrap()
        .spec
        .kek
        .id
        .clone();
    let mut mine: Vec<DekId> = Vec::new();
    say("ready");
    loop {
        match work(&custody, &providers, &mut dice, &main, &mut mine) {
            Ok(()) => {}
            // The other process changed the passphrase.
            Err(CustodyError::Provider(ProviderError::Denied(_))) => {
                providers = self::providers(folder);
                custody = Custody::open(
                    folder.join("custody.db"),
                    options(&providers, Policy::default()),
                )
                .unwrap();
            }
            Err(error) if is_expected(&error) => {}
            Err(error) => say(&format!("error {error:?}")),
        }
    }
}

fn work(
    custody: &Custody,
    providers: &[Arc<FileProvider>; 2],
    dice: &mut Dice,
    main: &str,
    mine: &mut Vec<DekId>,
) -> Result<(), CustodyError> {
    let who = admin();
    match dice.below(20) {
        0..=8 => {
            let (id, dek) = custody.new_dek(&who, main)?;
            let digest = Sha256::digest(dek.expose());
            say(&format!(
                "dek {id} {}",
                data_encoding::HEXLOWER.encode(&digest)
            ));
            mine.push(id);
        }
        9 => {
            let kek = custody.rotate_kek(&who, main)?;
            say(&format!(
                "state {} {} {}",
                kek.id,
                kek.version,
                KeyState::Active as u8
            ));
        }
        10 => {
            let to = providers[usize::try_from(dice.below(2)).unwrap()].describe();
            let to = ProviderName {
                scheme: to.scheme,
                id: to.id,
            };
            let kek = custody.move_kek(&who, main, &to)?;
            say(&format!(
                "state {} {} {}",
                kek.id,
                kek.version,
                KeyState::Active as u8
            ));
        }
        11 | 12 => {
            custody.sweep(&who, main, 7, &mut |_| ControlFlow::Continue(()))?;
        }
        13 => {
            // What no key is under any more is destroyed, at its provider too.
            for info in custody.keks(&who)? {
                if info.state == KeyState::Deactivated && info.deks == 0 {
                    let (mode, survivors) = (DestroyMode::Effective, Survivors::MustBeNone);
                    let kek = &info.spec.kek;
                    custody.destroy_kek(&who, kek, mode, survivors, "empty")?;
                    say(&format!("state {} {} 6", kek.id, kek.version));
                }
            }
        }
        14 => {
            if let Some(id) = mine.pop() {
                say(&format!("destroying {id}"));
                custody.destroy_dek(&who, &id, "erased")?;
                say(&format!("destroyed {id}"));
            }
        }
        15 => {
            let keks = custody.keks(&who)?;
            let active = keks.iter().find(|info| info.state == KeyState::Active);
            if let Some(info) = active {
                let kek = &info.spec.kek;
                for state in [KeyState::Suspended, KeyState::Active] {
                    custody.set_state(&who, kek, state, "drill")?;
                    let number = state as u8;
                    say(&format!("state {} {} {number}", kek.id, kek.version));
                }
            }
        }
        16 => {
            let (old, new) = match dice.below(2) {
                0 => (PASSPHRASES[0], PASSPHRASES[1]),
                _ => (PASSPHRASES[1], PASSPHRASES[0]),
            };
            match providers[0].change_passphrase(old, new, &cheap()) {
                Ok(()) | Err(ProviderError::Denied(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        17 => {
            custody.tick()?;
        }
        _ => {
            if let Some(id) = mine.last() {
                custody.open_dek(&who, id)?;
            }
        }
    }
    Ok(())
}

/// What children said of one store.
#[derive(Default)]
struct Said {
    deks: BTreeMap<String, String>,
    destroying: BTreeSet<String>,
    destroyed: BTreeSet<String>,
    states: Vec<(KekRef, u8)>,
}

impl Said {
    fn hear(&mut self, line: &str) {
        let words: Vec<_> = line.split(' ').collect();
        match words.as_slice() {
            ["ready"] => {}
            ["dek", id, digest] => drop(self.deks.insert((*id).into(), (*digest).into())),
            ["destroying", id] => drop(self.destroying.insert((*id).into())),
            ["destroyed", id] => drop(self.destroyed.insert((*id).into())),
            ["state", id, version, state] => {
                let kek = KekRef {
                    id: (*id).into(),
                    version: version.parse().unwrap(),
                };
                self.states.push((kek, state.parse().unwrap()));
            }
            _ => panic!("a child says: {line}"),
        }
    }

    /// Holds the store to what was said.
    fn hold(&self, folder: &Path) {
        let providers = providers(folder);
        let policy = Policy::default()
            .without_lazy_rewrap()
            .unwrapping_suspended();
        let options = options(&providers, policy);
        let custody = Custody::open(folder.join("custody.db"), options).unwrap();
        let report = custody.tick().unwrap();
        assert!(report.failed.is_empty(), "{report:?}");
        custody.verify(&admin()).unwrap();
        for provider in &providers {
            provider.verify().unwrap();
        }
        for (id, digest) in &self.deks {
            let opened = custody.open_dek(&admin(), &id.parse().unwrap());
            match opened {
                Ok(dek) => {
                    assert!(!self.destroyed.contains(id), "{id} was destroyed and opens");
                    let found = data_encoding::HEXLOWER.encode(&Sha256::digest(dek.expose()));
                    assert_eq!(found, *digest, "{id} opens as another key");
                }
                Err(CustodyError::KeyDestroyed { .. }) if self.destroying.contains(id) => {}
                Err(error) => panic!("{id} was acknowledged and is lost: {error:?}"),
            }
        }
        for (kek, state) in &self.states {
            let history = custody.history(&admin(), kek).unwrap();
            let is_there = history.iter().any(|change| change.state as u8 == *state);
            assert!(
                is_there,
                "{kek}: state {state} was acknowledged: {history:?}"
            );
        }
    }
}

fn spawn(folder: &Path, seed: u64) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .arg("--child")
        .arg(folder)
        .arg("--seed")
        .arg(seed.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// One life: one or two children, killed after a while. Their whole lines.
fn live(folder: &Path, dice: &mut Dice) -> Vec<String> {
    let count = 1 + dice.below(2);
    let after = Duration::from_micros(dice.below(120_000));
    let children: Vec<_> = (0..count)
        .map(|_| spawn(folder, dice.below(u64::from(u32::MAX)) + 1))
        .collect();
    thread::scope(|scope| {
        let lives: Vec<_> = children
            .into_iter()
            .map(|mut child| {
                scope.spawn(move || {
                    let mut out = BufReader::new(child.stdout.take().unwrap());
                    let mut line = String::new();
                    out.read_line(&mut line).unwrap();
                    assert_eq!(line, "ready\n");
                    let mut lines = Vec::new();
                    thread::scope(|inner| {
                        let reader = inner.spawn(move || {
                            let mut lines = Vec::new();
                            let mut line = String::new();
                            while out.read_line(&mut line).unwrap() > 0 {
                                // A line that was cut off was not said.
                                if line.ends_with('\n') {
                                    lines.push(line.trim_end().to_owned());
                                }
                                line.clear();
                            }
                            lines
                        });
                        thread::sleep(after);
                        child.kill().unwrap();
                        child.wait().unwrap();
                        lines = reader.join().unwrap();
                    });
                    lines
                })
            })
            .collect();
        lives
            .into_iter()
            .flat_map(|life| life.join().unwrap())
            .collect()
    })
}

fn main() -> ExitCode {
    let (mut kills, mut seed) = (500, 0x5EED);
    let mut folder = None;
    let mut arguments = lexopt::Parser::from_env();
    while let Ok(Some(argument)) = arguments.next() {
        // What a test runner says besides is not for this program.
        match argument {
            lexopt::Arg::Long("kills") => {
                kills = arguments
                    .value()
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .parse()
                    .unwrap();
            }
            lexopt::Arg::Long("seed") => {
                seed = arguments
                    .value()
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .parse()
                    .unwrap();
            }
            lexopt::Arg::Long("child") => folder = Some(arguments.value().unwrap()),
            _ => {}
        }
    }
    if let Some(folder) = folder {
        child(Path::new(&folder), seed);
        return ExitCode::SUCCESS;
    }
    let mut dice = Dice(seed);
    let (mut done, mut acknowledged) = (0, 0);
    while done < kills {
        let folder = Folder::new("custody-kill");
        make(&folder.0);
        let mut said = Said::default();
        for _ in 0..LIVES.min(kills - done) {
            for line in live(&folder.0, &mut dice) {
                said.hear(&line);
            }
            done += 1;
            said.hold(&folder.0);
        }
        acknowledged += said.deks.len() + said.states.len();
        eprintln!("custody: {done} of {kills} kills, {acknowledged} keys and changes acknowledged");
    }
    println!("custody: {done} kills, {acknowledged} keys and changes acknowledged, 0 lost");
    ExitCode::SUCCESS
}
