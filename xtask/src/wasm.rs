//! Builds `bindings/wasm`: the WebAssembly module and the JavaScript around it.

use std::path::{Path, PathBuf};

use crate::{
    command::{Invocation, cargo},
    cross,
    parts::{Campaign, Halt},
};

/// The workspace of the binding, which is not that of the library.
pub(crate) const MANIFEST: &str = "bindings/wasm/Cargo.toml";

const TRIPLE: &str = "wasm32-unknown-unknown";

/// What Debian's compiler lacks for the target.
const LINKER: &str = "wasm-ld-22";
const LINKER_PACKAGE: &str = "lld-22";

/// Builds the module and writes the package into `folder`.
///
/// # Errors
/// Failed, if something does not build; skipped, if there is no toolchain for the target and none can be installed.
pub(crate) fn package(campaign: &mut Campaign, folder: &Path) -> Result<(), Halt> {
    let module = module(campaign)?;
    tool(campaign, "run")
        .args(["--quiet", "--package", "mediaseal-wasm-package", "--"])
        .args([module.as_path(), folder])
        .run(&mut campaign.transcript)?
        .successful()?;
    Ok(())
}

/// Runs clippy over the binding and the tool that writes its package.
///
/// # Errors
/// Failed, if there is something to say.
pub(crate) fn lint(campaign: &mut Campaign) -> Result<(), Halt> {
    tool(campaign, "clippy")
        .args(["--workspace", "--all-targets", "--", "-D", "warnings"])
        .run(&mut campaign.transcript)?
        .successful()?;
    Ok(())
}

/// Builds the module by the user's own toolchain if it has the target, else by Debian's.
fn module(campaign: &mut Campaign) -> Result<PathBuf, Halt> {
    let (build, output) = if has_target(campaign) {
        let output = campaign.workspace.target.join("wasm");
        let build = cargo(&campaign.workspace.root)
            .env("CARGO_TARGET_DIR", &output)
            .args(["build", "--release", "--target", TRIPLE]);
        (build, output)
    } else {
        cross::ensure(campaign, &[LINKER_PACKAGE], "WebAssembly needs a toolchain")?;
        let build = cross::cargo_for_wasm(campaign, TRIPLE, LINKER);
        (build, cross::output(campaign))
    };
    build
        .args(["--manifest-path", MANIFEST])
        .args(["--package", "mediaseal-wasm"])
        .run(&mut campaign.transcript)?
        .successful()?;
    Ok(output.join(TRIPLE).join("release/mediaseal_wasm.wasm"))
}

/// Whether the compiler on the search path has a standard library for the target.
fn has_target(campaign: &Campaign) -> bool {
    Invocation::new("rustc", &campaign.workspace.root)
        .args(["--print", "target-libdir", "--target", TRIPLE])
        .run_silently()
        .is_ok_and(|finished| Path::new(finished.stdout.trim()).is_dir())
}

/// `cargo` for what runs on this machine. It is built without optimization: that takes longer than it saves.
fn tool(campaign: &Campaign, command: &str) -> Invocation {
    cargo(&campaign.workspace.root)
        .env("CARGO_TARGET_DIR", campaign.workspace.target.join("wasm"))
        .args([command, "--manifest-path", MANIFEST])
}
