//! The package that `stage` writes, used by projects that know of it only what is installed.

use std::{fs, path::Path};

use crate::{
    command::Invocation,
    elf,
    native::ensure_compilers,
    packages::{self, Program},
    parts::{Campaign, Halt},
    stage::{self, Staged, VERSION},
};

/// What the two projects are built with.
const PROGRAMS: [Program; 4] = [
    Program {
        name: "make",
        package: "make",
    },
    Program {
        name: "pkg-config",
        package: "pkg-config",
    },
    Program {
        name: "cmake",
        package: "cmake",
    },
    Program {
        name: "readelf",
        package: "binutils",
    },
];

/// Versions that a project may ask CMake for, and whether this package will do.
const WANTED: [(&str, bool); 5] = [
    ("0.1", true),
    ("0.0.1...0.9", true),
    ("0.999", false),
    ("1.0", false),
    ("0.999...1.5", false),
];

/// Stages the package, moves it, and has projects find it by pkg-config and by CMake.
///
/// # Errors
/// Failed, if a library shows what it should not, or a project does not find, build or run; skipped, if there is no CMake or pkg-config.
pub(crate) fn run(campaign: &mut Campaign) -> Result<String, Halt> {
    ensure_compilers(campaign, "linking the package")?;
    packages::ensure(campaign, &PROGRAMS, "finding the package")?;
    let folder = campaign.workspace.target.join("packages");
    if folder.is_dir() {
        fs::remove_dir_all(&folder).map_err(|error| failed(&folder, &error))?;
    }
    let staged = stage::stage(campaign, &folder.join("staged"), false)?;
    let symbols = elf::check(campaign, &staged)?;

    // A package may be moved: nothing in it names the place where it was staged.
    let prefix = folder.join("moved");
    fs::rename(folder.join("staged"), &prefix).map_err(|error| failed(&prefix, &error))?;
    let has_cpp = prefix.join("include/mediaseal.hpp").is_file();
    by_pkg_config(campaign, &staged, &prefix, &folder)?;
    let programs = by_cmake(campaign, &staged, &prefix, &folder, has_cpp)?;

    Ok(format!(
        "{symbols}; {} programs, found by pkg-config and CMake; shared library {} KiB stripped",
        programs + 2,
        staged.stripped_size.div_ceil(1024)
    ))
}

/// Builds and runs the Makefile's programs.
fn by_pkg_config(
    campaign: &mut Campaign,
    staged: &Staged,
    prefix: &Path,
    folder: &Path,
) -> Result<(), Halt> {
    let project = campaign.workspace.root.join("tests/packages/pkg-config");
    let out = folder.join("pkg-config");
    fs::create_dir_all(&out).map_err(|error| failed(&out, &error))?;
    Invocation::new("make", &project)
        .env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig"))
        .args([format!("OUT={}", out.display())])
        .run(&mut campaign.transcript)?
        .successful()?;
    for name in ["shared", "static"] {
        program(campaign, staged, &out.join(name))?;
    }
    Ok(())
}

/// Builds and runs CMake's programs and counts them.
fn by_cmake(
    campaign: &mut Campaign,
    staged: &Staged,
    prefix: &Path,
    folder: &Path,
    has_cpp: bool,
) -> Result<usize, Halt> {
    let project = campaign.workspace.root.join("tests/packages/cmake");
    let configure = |build: &Path, version: &str| {
        Invocation::new("cmake", &project)
            .args(["-S", ".", "-B"])
            .args([build])
            .args([format!("-DCMAKE_PREFIX_PATH={}", prefix.display())])
            .args([format!("-DMEDIASEAL_WANTED={version}")])
            .args([format!("-DWITH_CPP={has_cpp}")])
    };
    for (version, will_do) in WANTED {
        let build = folder.join("cmake-versions").join(version);
        let finished = configure(&build, version).run_silently()?;
        let refused = finished
            .stderr
            .contains("compatible with requested version");
        if finished.status.success() != will_do || refused == will_do {
            return Err(Halt::Failed(format!(
                "a project that asks CMake for {version} gets: {}{}",
                finished.status, finished.stderr
            )));
        }
    }
    let build = folder.join("cmake");
    configure(&build, VERSION)
        .run(&mut campaign.transcript)?
        .successful()?;
    Invocation::new("cmake", &project)
        .args(["--build"])
        .args([&build])
        .run(&mut campaign.transcript)?
        .successful()?;
    let names: &[&str] = if has_cpp {
        &["shared", "static", "cpp-shared", "cpp-static"]
    } else {
        &["shared", "static"]
    };
    for name in names {
        program(campaign, staged, &build.join(name))?;
    }
    Ok(names.len())
}

/// Runs a program, and looks at how it was linked and what it says.
fn program(campaign: &mut Campaign, staged: &Staged, program: &Path) -> Result<(), Halt> {
    let is_shared = program.ends_with("shared") || program.ends_with("cpp-shared");
    elf::check_linkage(campaign, program, &staged.soname, is_shared)?;
    let root = campaign.workspace.root.clone();
    let finished = Invocation::new(program, &root)
        .run(&mut campaign.transcript)?
        .successful()?;
    let wanted = format!("mediaseal {VERSION}: frame opened\n");
    if finished.stdout == wanted {
        Ok(())
    } else {
        Err(Halt::Failed(format!(
            "{} prints {:?}",
            program.display(),
            finished.stdout
        )))
    }
}

fn failed(path: &Path, error: &std::io::Error) -> Halt {
    Halt::Failed(format!("{}: {error}", path.display()))
}
