//! How fast key custody is: wraps a second by provider, and re-wrapping a million DEKs in the embedded store.
//!
//! `custody_bench [--quick] [--deks N] [--folder FOLDER] [--pkcs11-module LIBRARY] [URL]...` measures a `file:` store of its own in FOLDER (the system's for temporary files by default) and
//! the providers of the URLs, whose secrets it takes from MEDIASEAL_PASSPHRASE, MEDIASEAL_PIN, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and
//! AWS_SESSION_TOKEN. A KEK that it makes at a provider is destroyed at the end. Progress goes to stderr, figures to stdout.

use std::env;
use std::error::Error;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mediaseal::PassphraseParams;
use mediaseal::vault::WrapContext;
use mediaseal::vault::audit::{AuditError, AuditEvent, AuditSink};
use mediaseal::vault::custody::{
    Access, Custody, CustodyOptions, Everybody, FileProvider, KekRef, KekSpec, KeyProvider,
    KeyState, NewKek, ProviderMeans, ProviderUrl, SecretKind,
};
use zeroize::Zeroizing;

/// Keys of one transaction.
const BATCH: u32 = 5_000;

struct Request {
    deks: u64,
    per_figure: Duration,
    folder: PathBuf,
    /// The library behind `pkcs11:`.
    module: Option<PathBuf>,
    urls: Vec<String>,
}

/// A log that is not what is measured.
struct Nowhere;

impl AuditSink for Nowhere {
    fn record(&self, _: &AuditEvent) -> Result<(), AuditError> {
        Ok(())
    }
}

fn main() -> ExitCode {
    match request().and_then(|request| measure(&request)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("custody_bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn request() -> Result<Request, Box<dyn Error>> {
    let mut request = Request {
        deks: 1_000_000,
        per_figure: Duration::from_secs(2),
        folder: env::temp_dir(),
        module: None,
        urls: Vec::new(),
    };
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            lexopt::Arg::Long("quick") => {
                (request.deks, request.per_figure) = (50_000, Duration::from_millis(300));
            }
            lexopt::Arg::Long("deks") => {
                let number = arguments.value()?;
                request.deks = number.to_str().ok_or("a number")?.parse()?;
            }
            lexopt::Arg::Long("folder") => request.folder = arguments.value()?.into(),
            lexopt::Arg::Long("pkcs11-module") => {
                request.module = Some(arguments.value()?.into());
            }
            lexopt::Arg::Value(url) => {
                request.urls.push(url.to_str().ok_or("a URL")?.to_owned());
            }
            _ => return Err(argument.unexpected().into()),
        }
    }
    Ok(request)
}

fn measure(request: &Request) -> Result<(), Box<dyn Error>> {
    let folder = request
        .folder
        .join(format!("mediaseal-custody-bench-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let measured = measure_in(&folder, request);
    fs::remove_dir_all(&folder)?;
    measured
}

fn measure_in(folder: &Path, request: &Request) -> Result<(), Box<dyn Error>> {
    let params = PassphraseParams::generate()?;
    let path = folder.join("keys.db");
    FileProvider::create(&path, "", "a passphrase for a benchmark", &params)?;
    let began = Instant::now();
    let file: Arc<dyn KeyProvider> =
        Arc::new(FileProvider::open(&path, "a passphrase for a benchmark")?);
    println!(
        "{:<44}{:>10} ms",
        "file: opened (Argon2id, 64 MiB)",
        began.elapsed().as_millis()
    );
    wraps(&file, request.per_figure)?;
    let means = means(request)?;
    for url in &request.urls {
        wraps(&means.open(url)?, request.per_figure)?;
    }
    store(folder, &file, request)
}

/// What the providers of the URLs are opened with.
fn means(request: &Request) -> Result<ProviderMeans, Box<dyn Error>> {
    #[allow(unused_mut, reason = "without the feature nothing is added")]
    let mut means = ProviderMeans::new(Arc::new(secret));
    if let Some(library) = &request.module {
        #[cfg(feature = "pkcs11")]
        {
            means.pkcs11 = Some(mediaseal::vault::custody::pkcs11::Pkcs11Module::load(
                library,
            )?);
        }
        #[cfg(not(feature = "pkcs11"))]
        return Err(format!("{} needs the feature pkcs11", library.display()).into());
    }
    Ok(means)
}

fn secret(kind: SecretKind, _: &ProviderUrl) -> Option<Zeroizing<String>> {
    let name = match kind {
        SecretKind::Passphrase => "MEDIASEAL_PASSPHRASE",
        SecretKind::Pin => "MEDIASEAL_PIN",
        SecretKind::AccessKeyId => "AWS_ACCESS_KEY_ID",
        SecretKind::SecretAccessKey => "AWS_SECRET_ACCESS_KEY",
        SecretKind::SessionToken => "AWS_SESSION_TOKEN",
        _ => return None,
    };
    env::var(name).ok().map(Zeroizing::new)
}

/// Calls `work` for a while; how many times a second.
fn rate<E>(per_figure: Duration, mut work: impl FnMut() -> Result<(), E>) -> Result<f64, E> {
    let began = Instant::now();
    let mut calls = 0_u32;
    while began.elapsed() < per_figure {
        work()?;
        calls += 1;
    }
    Ok(f64::from(calls) / began.elapsed().as_secs_f64())
}

fn show(what: &str, rate: f64) {
    println!("{what:<44}{rate:>10.0} /s");
}

/// Wraps and unwraps of a provider, as it is.
fn wraps(provider: &Arc<dyn KeyProvider>, per_figure: Duration) -> Result<(), Box<dyn Error>> {
    let info = provider.describe();
    let kek = KekRef {
        id: format!("bench-{}", std::process::id()),
        version: 1,
    };
    let spec = KekSpec {
        kek: kek.clone(),
        tenant: String::new(),
        region: String::new(),
        purpose: "benchmark".to_owned(),
    };
    provider.create_kek(&spec)?;
    provider.set_state(&kek, KeyState::Active)?;
    let context = WrapContext {
        purpose: vec![0; 32],
        region: String::new(),
    };
    let dek = provider.new_dek()?;
    let wrapping = rate(per_figure, || provider.wrap(&kek, &dek, &context).map(drop))?;
    let wrapped = provider.wrap(&kek, &dek, &context)?;
    let unwrapping = rate(per_figure, || provider.unwrap(&wrapped, &context).map(drop))?;
    provider.set_state(&kek, KeyState::Deactivated)?;
    provider.destroy_kek(&kek)?;
    show(&format!("{}: wrap", info.scheme), wrapping);
    show(&format!("{}: unwrap", info.scheme), unwrapping);
    Ok(())
}

/// The embedded store: keys made and opened one by one, and a sweep over many.
fn store(
    folder: &Path,
    file: &Arc<dyn KeyProvider>,
    request: &Request,
) -> Result<(), Box<dyn Error>> {
    let options = CustodyOptions::new(Arc::clone(file), Arc::new(Everybody), Arc::new(Nowhere));
    let custody = Custody::create(folder.join("custody.db"), options)?;
    let who = Access::of("bench");
    let kek = custody.create_kek(&who, &NewKek::new("bench", "", "bench"))?;
    let made = rate(request.per_figure, || {
        custody.new_dek(&who, &kek.id).map(drop)
    })?;
    show("store: DEK made, synced to disk", made);
    let (id, _) = custody.new_dek(&who, &kek.id)?;
    let opened = rate(request.per_figure, || custody.open_dek(&who, &id).map(drop))?;
    show("store: DEK opened", opened);

    let began = Instant::now();
    let mut left = request.deks;
    while left > 0 {
        let count = u32::try_from(left).unwrap_or(BATCH).min(BATCH);
        custody.new_deks(&who, &kek.id, count)?;
        left -= u64::from(count);
        progress("DEKs made", request.deks - left, request.deks);
    }
    eprintln!();
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "{:<44}{seconds:>10.1} s",
        format!("store: {} DEKs made", request.deks)
    );
    custody.rotate_kek(&who, &kek.id)?;
    let began = Instant::now();
    let report = custody.sweep(&who, &kek.id, BATCH, &mut |swept| {
        progress("DEKs re-wrapped", swept.done, swept.total);
        ControlFlow::Continue(())
    })?;
    eprintln!();
    let seconds = began.elapsed().as_secs_f64();
    let done = report.progress.done;
    if report.progress.failed > 0 || done < request.deks {
        return Err(format!("{} of {} DEKs were re-wrapped", done, report.progress.total).into());
    }
    println!("custody: {done} DEKs re-wrapped in {seconds:.1} s");
    Ok(())
}

fn progress(what: &str, done: u64, total: u64) {
    let tenths = usize::try_from(done * 40 / total.max(1))
        .unwrap_or(0)
        .min(40);
    let bar = "#".repeat(tenths);
    eprint!("\r{what} [{bar:<40}] {done} of {total}");
}
