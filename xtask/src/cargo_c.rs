//! `cargo xtask verify cargo-c`: what cargo-c installs is what `cargo xtask stage` does.

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
};

use crate::{
    command::cargo,
    elf,
    native::ensure_compilers,
    packages::{self, Program},
    parts::{Campaign, Halt},
    stage::{self, Staged},
    workspace::files_below,
};

/// The version that understands the cargo of this toolchain. There is no ready-built one; building it takes a quarter of an hour.
const VERSION: &str = "0.10.24";

/// What cargo-c is built with.
const PROGRAMS: [Program; 1] = [Program {
    name: "pkg-config",
    package: "pkg-config",
}];

/// Installs by cargo-c and by `stage`, and compares files, pkg-config fields, sonames and symbols.
///
/// # Errors
/// Failed, naming what differs; skipped, if cargo-c cannot be built here.
pub(crate) fn run(campaign: &mut Campaign) -> Result<String, Halt> {
    ensure_compilers(campaign, "cargo-c")?;
    packages::ensure(campaign, &PROGRAMS, "cargo-c")?;
    let programs = cargo_c(campaign)?;
    let folder = campaign.workspace.target.join("cargo-c");
    let destination = folder.join("installed");
    if destination.is_dir() {
        fs::remove_dir_all(&destination).map_err(|error| failed(&destination, &error))?;
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths(std::iter::once(programs).chain(env::split_paths(&path)))
        .map_err(|error| Halt::Failed(format!("the search path cannot be extended: {error}")))?;
    let root = campaign.workspace.root.clone();
    cargo(&root)
        .env("PATH", path)
        .env("CARGO_TARGET_DIR", &folder)
        .args(["cinstall", "--release", "--package", "mediaseal"])
        .args(["--prefix", "/usr", "--libdir", "lib", "--destdir"])
        .args([&destination])
        .run(&mut campaign.transcript)?
        .successful()?;
    let installed = destination.join("usr");
    let prefix = folder.join("staged");
    if prefix.is_dir() {
        fs::remove_dir_all(&prefix).map_err(|error| failed(&prefix, &error))?;
    }
    let staged = stage::stage(campaign, &prefix, false)?;

    // cargo-c knows no CMake.
    let wanted: BTreeSet<_> = staged
        .files
        .iter()
        .filter(|file| !file.starts_with("lib/cmake"))
        .cloned()
        .collect();
    let found: BTreeSet<_> = files_below(&installed)?
        .iter()
        .filter_map(|file| Some(file.strip_prefix(&installed).ok()?.to_owned()))
        .collect();
    if found != wanted {
        return Err(Halt::Failed(format!(
            "cargo-c installs {found:?}, stage writes {wanted:?}"
        )));
    }
    for header in wanted.iter().filter(|file| file.starts_with("include")) {
        if text(&installed.join(header))? != text(&prefix.join(header))? {
            return Err(Halt::Failed(format!("{} differs", header.display())));
        }
    }
    let config = "lib/pkgconfig/mediaseal.pc";
    let (theirs, ours) = (text(&installed.join(config))?, text(&prefix.join(config))?);
    if fields(&theirs) != fields(&ours) {
        return Err(Halt::Failed(format!(
            "{config} differs; cargo-c's:\n{theirs}\nstage's:\n{ours}"
        )));
    }
    let shared = installed.join("lib/libmediaseal.so");
    let soname = elf::soname(&root, &shared)?;
    if soname != staged.soname {
        return Err(Halt::Failed(format!(
            "cargo-c's soname is {soname}, that of stage {}",
            staged.soname
        )));
    }
    let note = elf::check(
        campaign,
        &Staged {
            files: Vec::new(),
            include: installed.join("include"),
            archive: installed.join("lib/libmediaseal.a"),
            shared,
            soname,
            stripped_size: 0,
        },
    )?;
    Ok(format!(
        "{} files as stage writes them, {note}",
        wanted.len()
    ))
}

/// The folder of cargo-c's programs, which are built first if they are not there.
fn cargo_c(campaign: &mut Campaign) -> Result<PathBuf, Halt> {
    let home = campaign.workspace.target.join("xtask-tools/cargo-c");
    let programs = home.join("bin");
    if programs.join("cargo-cinstall").is_file() {
        return Ok(programs);
    }
    if !Path::new("/usr/include/openssl/ssl.h").is_file() {
        packages::install(campaign, &["libssl-dev"], "cargo-c needs OpenSSL")?;
    }
    let root = campaign.workspace.root.clone();
    cargo(&root)
        .env("CARGO_TARGET_DIR", home.join("target"))
        .args([
            "install",
            "cargo-c",
            "--version",
            VERSION,
            "--locked",
            "--root",
        ])
        .args([&home])
        .run(&mut campaign.transcript)?
        .successful()?;
    let build = home.join("target");
    fs::remove_dir_all(&build).map_err(|error| failed(&build, &error))?;
    Ok(programs)
}

/// The fields of a pkg-config file with their words; libraries are a set, and the C library is everywhere.
fn fields(config: &str) -> BTreeSet<(String, BTreeSet<String>)> {
    config
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(": "))
        .map(|(field, words)| {
            let words = words.split_whitespace().filter(|word| *word != "-lc");
            (field.to_owned(), words.map(str::to_owned).collect())
        })
        .collect()
}

fn text(file: &Path) -> Result<String, Halt> {
    fs::read_to_string(file).map_err(|error| failed(file, &error))
}

fn failed(path: &Path, error: &std::io::Error) -> Halt {
    Halt::Failed(format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::fields;

    #[test]
    fn fields_are_equal_whatever_the_order_of_libraries() {
        let theirs = "prefix=/usr\n\nName: x\nLibs.private: -ldl -lm -ldl -lc\n";
        let ours = "# made\nName: x\nLibs.private: -lm -ldl\n";
        assert_eq!(fields(theirs), fields(ours));
        assert_ne!(fields(theirs), fields("Name: x\nLibs.private: -lm\n"));
    }
}
