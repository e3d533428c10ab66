//! Building for other systems and processors, and running what was built.
//!
//! The toolchain is Debian's: rustup's has the standard library of this machine alone, and Debian's brings its source.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    c_tests,
    cargo_test::Tally,
    command::Invocation,
    packages,
    parts::{Campaign, Halt},
};

/// The packages of Debian's toolchain.
const TOOLCHAIN: [&str; 3] = ["rustc-web", "cargo-web", "rust-web-src"];

/// Where Debian's toolchain lies; a rustup that comes earlier on the search path does not count.
const CARGO: &str = "/usr/bin/cargo";
const RUSTC: &str = "/usr/bin/rustc";
const SEARCH_PATH: &str = "/usr/bin:/bin";

/// What a static library of ours needs on Linux.
const SYSTEM_LIBRARIES: [&str; 6] = ["-ldl", "-lgcc_s", "-lutil", "-lrt", "-lpthread", "-lm"];

/// How programs for a target run on this machine.
pub(crate) enum Runner {
    /// By an emulator of the processor, which finds the target's C library in the folder.
    Emulator(&'static str, &'static str),
    /// As they are, with the loader of the target's C library.
    Loader(&'static str),
}

/// A Linux on another processor.
pub(crate) struct Target {
    /// Rust's name for it.
    pub(crate) triple: &'static str,
    /// Its C compiler, which also links.
    pub(crate) compiler: &'static str,
    /// What Debian calls compiler, C library and emulator.
    pub(crate) packages: &'static [&'static str],
    /// How its programs run here.
    pub(crate) runner: Runner,
}

/// Which tests are run.
pub(crate) struct Selection {
    /// The integration tests; those of the crate itself always run.
    pub(crate) tests: &'static [&'static str],
    /// Tests that an emulator cannot run.
    pub(crate) not_emulated: &'static [&'static str],
}

/// Makes sure that the Debian packages of `targets` are there.
///
/// # Errors
/// Skipped, if they cannot be installed here.
pub(crate) fn ensure(campaign: &mut Campaign, packages: &[&str], need: &str) -> Result<(), Halt> {
    let mut wanted = TOOLCHAIN.to_vec();
    wanted.extend(packages);
    let is_installed = |package: &&str| {
        Invocation::new("dpkg-query", &campaign.workspace.root)
            .args(["--show", "--showformat=${db:Status-Status}", package])
            .run_silently()
            .is_ok_and(|finished| finished.stdout == "installed")
    };
    wanted.retain(|package| !is_installed(package));
    if wanted.is_empty() {
        return Ok(());
    }
    // Other releases than Debian 12 may not have them.
    packages::install(campaign, &wanted, need).map_err(|halt| match halt {
        Halt::Failed(reason) | Halt::Skipped(reason) => Halt::Skipped(reason),
    })
}

/// The arguments by which cargo takes the library's package.
const LIBRARY: [&str; 2] = ["--package", "mediaseal"];

/// Debian's cargo with `command`, for `targets`, building the standard library as well.
pub(crate) fn cargo(campaign: &Campaign, command: &str, triples: &[&str]) -> Invocation {
    cargo_of(campaign, command, triples, LIBRARY)
}

/// The same for the package that `package` says.
fn cargo_of(
    campaign: &Campaign,
    command: &str,
    triples: &[&str],
    package: [&str; 2],
) -> Invocation {
    let mut invocation = debian(campaign)
        .args([command, "-Zbuild-std", "--release"])
        .args(package);
    for triple in triples {
        invocation = invocation.args(["--target", triple]);
    }
    invocation
}

/// Debian's cargo that builds for `triple`, a WebAssembly without unwinding, by `linker`.
pub(crate) fn cargo_for_wasm(campaign: &Campaign, triple: &str, linker: &str) -> Invocation {
    debian(campaign)
        .env(&variable(triple, "LINKER"), linker)
        .args(["build", "-Zbuild-std=std,panic_abort", "--release"])
        .args(["--target", triple])
}

/// Debian's cargo, without a command.
fn debian(campaign: &Campaign) -> Invocation {
    Invocation::new(CARGO, &campaign.workspace.root)
        .env("PATH", SEARCH_PATH)
        .env("RUSTC", RUSTC)
        // The standard library is built from source, which stable cargo does for those who ask in this way.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_DIR", output(campaign))
        // The same code as the release profile makes, without line tables, which take a third of the time.
        .env("CARGO_PROFILE_RELEASE_DEBUG", "0")
}

/// The folder that Debian's cargo builds in, apart from that of the main toolchain.
pub(crate) fn output(campaign: &Campaign) -> PathBuf {
    campaign.workspace.target.join("cross")
}

/// The variable by which cargo learns `what` of a target.
pub(crate) fn variable(triple: &str, what: &str) -> String {
    let triple = triple.to_uppercase().replace('-', "_");
    format!("CARGO_TARGET_{triple}_{what}")
}

/// `cargo` with the linkers and runners of `targets`, for the package that `package` says.
pub(crate) fn cargo_for(
    campaign: &Campaign,
    command: &str,
    targets: &[&Target],
    package: [&str; 2],
) -> Invocation {
    let triples: Vec<_> = targets.iter().map(|target| target.triple).collect();
    targets.iter().fold(
        cargo_of(campaign, command, &triples, package),
        |invocation, target| {
            match target.runner {
                Runner::Emulator(emulator, libraries) => invocation.env(
                    &variable(target.triple, "RUNNER"),
                    format!("{emulator} -L {libraries}"),
                ),
                Runner::Loader(_) => {
                    let arguments = target.link_arguments();
                    let flags: Vec<_> = arguments
                        .iter()
                        .map(|argument| format!("-Clink-arg={argument}"))
                        .collect();
                    invocation.env(&variable(target.triple, "RUSTFLAGS"), flags.join(" "))
                }
            }
            .env(&variable(target.triple, "LINKER"), target.compiler)
        },
    )
}

/// Builds the libraries and the tests for all of `targets` at once, which uses the processor better.
///
/// # Errors
/// Failed, if something does not build.
pub(crate) fn build(
    campaign: &mut Campaign,
    targets: &[&Target],
    selection: &Selection,
) -> Result<(), Halt> {
    selection
        .named(cargo_for(campaign, "test", targets, LIBRARY))
        .args(["--no-run"])
        .run(&mut campaign.transcript)?
        .successful()?;
    Ok(())
}

/// Runs the tests of `selection` and the C programs, and says how many there were.
///
/// # Errors
/// Failed, naming the tests.
pub(crate) fn run(
    campaign: &mut Campaign,
    target: &Target,
    selection: &Selection,
) -> Result<String, Halt> {
    let mut test = selection
        .named(cargo_for(campaign, "test", &[target], LIBRARY))
        .args(["--no-fail-fast", "--"]);
    if matches!(target.runner, Runner::Emulator(..)) {
        for name in selection.not_emulated {
            test = test.args(["--skip", name]);
        }
    }
    let finished = test.run(&mut campaign.transcript)?;
    let mut tally = Tally::default();
    tally.read(&finished.stdout);
    if !tally.failures.is_empty() {
        let failures = tally.failures.join(", ");
        return Err(Halt::Failed(format!("{}: {failures}", target.triple)));
    }
    finished.successful()?;
    if tally.passed == 0 || tally.failed > 0 || tally.ignored > 0 {
        return Err(Halt::Failed(format!(
            "{}: {} tests passed, {} failed, {} are ignored",
            target.triple, tally.passed, tally.failed, tally.ignored
        )));
    }
    let programs = c_programs(campaign, target)?;
    Ok(format!(
        "{}: {} tests, {programs} C programs",
        target.triple, tally.passed
    ))
}

/// Compiles every C program for `target`, runs it, and counts.
fn c_programs(campaign: &mut Campaign, target: &Target) -> Result<usize, Halt> {
    let root = campaign.workspace.root.clone();
    let folder = output(campaign).join(target.triple).join("c");
    let failed = |error| Halt::Failed(format!("{}: {error}", folder.display()));
    if folder.is_dir() {
        fs::remove_dir_all(&folder).map_err(failed)?;
    }
    fs::create_dir_all(&folder).map_err(failed)?;

    let package = compile(
        campaign,
        target,
        &root.join("tests/packages/frame.c"),
        &folder,
    )?;
    target
        .program(&package, &folder)
        .run(&mut campaign.transcript)?
        .successful()?;
    let tests = c_tests::all(&root)?;
    for (test, source) in &tests {
        let program = compile(campaign, target, source, &folder)?;
        let program = target.program(&program, &folder);
        test.run(campaign, program, test.elsewhere, &folder.join("store"))?;
    }
    Ok(tests.len() + 1)
}

/// Compiles a C program to `folder`.
fn compile(
    campaign: &mut Campaign,
    target: &Target,
    source: &Path,
    folder: &Path,
) -> Result<PathBuf, Halt> {
    let root = campaign.workspace.root.clone();
    let program = folder.join(source.file_stem().unwrap_or_default());
    // Where the tests' build leaves the library that it links to.
    let archive = output(campaign)
        .join(target.triple)
        .join("release/deps/libmediaseal.a");
    Invocation::new(target.compiler, &root)
        .args(["-std=c11", "-D_POSIX_C_SOURCE=200809L", "-O1", "-g"])
        .args(["-Wall", "-Wextra", "-Wpedantic", "-Werror"])
        .args(["-I", "include", "-o"])
        .args([program.as_path(), source, archive.as_path()])
        .args(SYSTEM_LIBRARIES)
        .args(target.link_arguments())
        .run(&mut campaign.transcript)?
        .successful()?;
    Ok(program)
}

impl Selection {
    /// `cargo` with the names of these tests.
    fn named(&self, cargo: Invocation) -> Invocation {
        self.tests
            .iter()
            .fold(cargo.args(["--lib"]), |cargo, test| {
                cargo.args(["--test", test])
            })
    }
}

impl Target {
    /// What the linker is told, so that a program starts on this machine.
    fn link_arguments(&self) -> Vec<String> {
        match self.runner {
            Runner::Emulator(..) => Vec::new(),
            Runner::Loader(loader) => {
                let libraries = Path::new(loader).parent().unwrap_or(Path::new("/"));
                vec![
                    format!("-Wl,--dynamic-linker={loader}"),
                    format!("-Wl,-rpath,{}", libraries.display()),
                ]
            }
        }
    }

    /// `program`, to be run in `folder`.
    fn program(&self, program: &Path, folder: &Path) -> Invocation {
        match self.runner {
            Runner::Emulator(emulator, libraries) => Invocation::new(emulator, folder)
                .args(["-L", libraries])
                .args([program]),
            Runner::Loader(_) => Invocation::new(program, folder),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::variable;

    #[test]
    fn a_target_is_spelled_as_cargo_reads_it() {
        assert_eq!(
            variable("armv7-unknown-linux-gnueabihf", "LINKER"),
            "CARGO_TARGET_ARMV7_UNKNOWN_LINUX_GNUEABIHF_LINKER"
        );
    }
}
