//! System packages that a part needs, installed where that is possible and allowed.

use std::{env, fs};

use crate::{
    command::Invocation,
    parts::{Campaign, Halt},
};

/// A program, and the Debian package that brings it.
pub(crate) struct Program {
    /// Its name on the search path.
    pub(crate) name: &'static str,
    /// The package's name on Debian and Ubuntu.
    pub(crate) package: &'static str,
}

/// How this user may install packages.
enum Installer {
    /// As root.
    Root,
    /// By `sudo`, which asks for no password.
    Sudo,
}

/// Makes sure that `programs` can be run, for the part that `purpose` describes.
///
/// # Errors
/// Skipped, naming the programs, if this machine or user has no way to install them;
/// failed, if installing them went wrong.
pub(crate) fn ensure(
    campaign: &mut Campaign,
    programs: &[Program],
    purpose: &str,
) -> Result<(), Halt> {
    let missing: Vec<_> = programs
        .iter()
        .filter(|program| !is_on_search_path(program.name))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<_> = missing.iter().map(|program| program.name).collect();
    let mut packages: Vec<_> = missing.iter().map(|program| program.package).collect();
    packages.dedup();
    install(
        campaign,
        &packages,
        &format!("{purpose} needs {}", names.join(" and ")),
    )?;
    match programs
        .iter()
        .find(|program| !is_on_search_path(program.name))
    {
        None => Ok(()),
        Some(program) => Err(Halt::Failed(format!(
            "package {} was installed but brought no {}",
            program.package, program.name
        ))),
    }
}

/// Installs the Debian `packages`, because of `need`.
///
/// # Errors
/// Skipped, telling the need and what to install by hand, if this machine or user has
/// no way to install them; failed, if installing them went wrong.
pub(crate) fn install(campaign: &mut Campaign, packages: &[&str], need: &str) -> Result<(), Halt> {
    let skipped = |why: &str| {
        let packages = packages.join(" ");
        Halt::Skipped(format!("{need}, and {why}; install by hand: {packages}"))
    };
    if !is_debian_like() {
        return Err(skipped("this system is neither Debian nor Ubuntu"));
    }
    let installer = installer(campaign)
        .ok_or_else(|| skipped("this user may not install (not root, no sudo without password)"))?;
    let apt_get = |command: &str| {
        let root = &campaign.workspace.root;
        let invocation = match installer {
            Installer::Root => Invocation::new("apt-get", root),
            Installer::Sudo => Invocation::new("sudo", root).args(["-n", "apt-get"]),
        };
        invocation
            .env("DEBIAN_FRONTEND", "noninteractive")
            .args(["--quiet=2", "--yes", command])
    };
    let update = apt_get("update");
    let install = apt_get("install")
        .args(["--no-install-recommends"])
        .args(packages);
    update.run(&mut campaign.transcript)?.successful()?;
    install.run(&mut campaign.transcript)?.successful()?;
    Ok(())
}

/// How this user may install packages, if at all.
fn installer(campaign: &Campaign) -> Option<Installer> {
    let succeeds = |invocation: Invocation| invocation.run_silently().ok()?.successful().ok();
    let root = &campaign.workspace.root;
    if succeeds(Invocation::new("id", root).args(["-u"]))?
        .stdout
        .trim()
        == "0"
    {
        return Some(Installer::Root);
    }
    succeeds(Invocation::new("sudo", root).args(["-n", "true"])).map(|_| Installer::Sudo)
}

/// Whether a folder of the search path holds `program`.
pub(crate) fn is_on_search_path(program: &str) -> bool {
    env::var_os("PATH")
        .is_some_and(|path| env::split_paths(&path).any(|folder| folder.join(program).is_file()))
}

/// Whether `/etc/os-release` names Debian, Ubuntu or something made from them.
fn is_debian_like() -> bool {
    fs::read_to_string("/etc/os-release").is_ok_and(|release| names_debian(&release))
}

/// Whether the text of an os-release file names Debian or Ubuntu.
fn names_debian(release: &str) -> bool {
    release
        .lines()
        .filter_map(|line| {
            line.strip_prefix("ID=")
                .or_else(|| line.strip_prefix("ID_LIKE="))
        })
        .flat_map(|ids| ids.trim_matches('"').split_whitespace())
        .any(|id| id == "debian" || id == "ubuntu")
}

#[cfg(test)]
mod tests {
    use super::{is_on_search_path, names_debian};

    #[test]
    fn derivatives_of_debian_are_recognised() {
        assert!(names_debian("NAME=x\nID=debian\n"));
        assert!(names_debian("ID=mint\nID_LIKE=\"ubuntu debian\"\n"));
        assert!(!names_debian("ID=fedora\nVARIANT_ID=debian\n"));
    }

    #[test]
    fn programs_are_looked_up_on_the_search_path() {
        assert!(is_on_search_path("cargo"));
        assert!(!is_on_search_path("no-program-has-this-name"));
    }
}
