//! The library as C programs link it, and the compilers that build them.

use std::path::{Path, PathBuf};

use crate::{
    command::{Invocation, cargo},
    packages::{self, Program},
    parts::{Campaign, Halt},
};

/// What a C program is built against.
pub(crate) struct Native {
    /// The folder of `mediaseal.h`.
    pub(crate) include: PathBuf,
    /// `libmediaseal.a`.
    pub(crate) archive: PathBuf,
}

/// What Rust's standard library needs of the system, behind `libmediaseal.a`.
pub(crate) const SYSTEM_LIBRARIES: [&str; 4] = ["-lpthread", "-ldl", "-lm", "-lgcc_s"];

/// A C compiler and a C++ compiler.
pub(crate) const COMPILERS: [Program; 2] = [
    Program {
        name: "gcc",
        package: "gcc",
    },
    Program {
        name: "g++",
        package: "g++",
    },
];

/// Builds the library for this machine.
///
/// # Errors
/// Failed, if it does not build.
pub(crate) fn build(campaign: &mut Campaign) -> Result<Native, Halt> {
    let root = campaign.workspace.root.clone();
    // A folder of its own: the tests build the library with other features of its dependencies, and the two would build each other anew for ever.
    let target = campaign.workspace.target.join("native");
    cargo(&root)
        .env("CARGO_TARGET_DIR", &target)
        .args(["build", "--release", "--package", "mediaseal", "--lib"])
        .run(&mut campaign.transcript)?
        .successful()?;
    Ok(Native {
        include: root.join("include"),
        archive: target.join("release/libmediaseal.a"),
    })
}

/// Makes sure that there are compilers for C and C++.
///
/// # Errors
/// Skipped, if there are none and none can be installed.
pub(crate) fn ensure_compilers(campaign: &mut Campaign, purpose: &str) -> Result<(), Halt> {
    packages::ensure(campaign, &COMPILERS, purpose)
}

/// The clang that the sanitizers are run with.
pub(crate) const CLANG: &str = "clang-22";

/// Makes sure that there is clang with its sanitizers.
///
/// # Errors
/// Skipped, if there is none and none can be installed.
pub(crate) fn ensure_clang(campaign: &mut Campaign, purpose: &str) -> Result<(), Halt> {
    if packages::is_on_search_path(CLANG) {
        return Ok(());
    }
    packages::install(
        campaign,
        &["clang-22", "libclang-rt-22-dev"],
        &format!("{purpose} needs clang with its sanitizers"),
    )
}

/// Compiles `sources` to the program `out`, with warnings as errors, and links it to the static library.
///
/// # Errors
/// Failed, if the compiler complains.
pub(crate) fn compile(
    campaign: &mut Campaign,
    native: &Native,
    compiler: &str,
    flags: &[&str],
    sources: &[&Path],
    out: &Path,
) -> Result<(), Halt> {
    if let Some(folder) = out.parent() {
        std::fs::create_dir_all(folder)
            .map_err(|error| Halt::Failed(format!("{}: {error}", folder.display())))?;
    }
    let root = campaign.workspace.root.clone();
    Invocation::new(compiler, &root)
        .args(["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-g"])
        .args(flags)
        .args(["-I"])
        .args([&native.include])
        .args(sources)
        .args(["-o"])
        .args([out])
        .args([&native.archive])
        .args(SYSTEM_LIBRARIES)
        .run(&mut campaign.transcript)?
        .successful()?;
    Ok(())
}
