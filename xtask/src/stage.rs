//! `cargo xtask stage PREFIX`: the library as an installed package, for C and C++.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use crate::{
    command::{Finished, Invocation, cargo},
    elf,
    parts::{Campaign, Halt},
    workspace::{Workspace, files_below},
};

/// The build that is staged: smaller than that of the tests, and slower to make.
/// Panics unwind all the same, because they become statuses.
const SETTINGS: [(&str, &str); 2] = [
    ("CARGO_PROFILE_RELEASE_LTO", "fat"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "1"),
];

/// The version of the package, which this program shares with the library: it is the workspace's.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

const PKG_CONFIG: &str = include_str!("../packaging/mediaseal.pc.in");
const CMAKE: &str = include_str!("../packaging/mediaseal-config.cmake.in");
const CMAKE_VERSION: &str = include_str!("../packaging/mediaseal-config-version.cmake.in");

/// What was staged.
pub(crate) struct Staged {
    /// Every file and link, relative to the prefix, in the order of their paths.
    pub(crate) files: Vec<PathBuf>,
    /// `include/`, which programs are compiled with.
    pub(crate) include: PathBuf,
    /// The static library.
    pub(crate) archive: PathBuf,
    /// The shared library itself, not one of the links to it.
    pub(crate) shared: PathBuf,
    /// The name that the shared library gives itself.
    pub(crate) soname: String,
    /// Octets of the shared library without what only debuggers read.
    pub(crate) stripped_size: u64,
}

/// Stages into `prefix`, for a person at a terminal.
///
/// # Errors
/// A sentence, if something cannot be built or written.
pub(crate) fn command(prefix: &Path, strip: bool) -> Result<bool, String> {
    let prefix =
        std::path::absolute(prefix).map_err(|error| format!("{}: {error}", prefix.display()))?;
    let mut campaign = Campaign::new(Workspace::find()?, crate::FUZZ_SECONDS);
    let staged = match stage(&mut campaign, &prefix, strip) {
        Ok(staged) => staged,
        Err(Halt::Failed(reason) | Halt::Skipped(reason)) => return Err(reason),
    };
    for file in &staged.files {
        println!("{}", prefix.join(file).display());
    }
    println!(
        "stage: mediaseal {} in {}: {} files, shared library {} KiB stripped",
        VERSION,
        prefix.display(),
        staged.files.len(),
        staged.stripped_size.div_ceil(1024)
    );
    Ok(true)
}

/// Builds the package and writes it below `prefix`.
///
/// The libraries keep their line tables, as `make install` leaves them: distributions split debug information off themselves. With `strip` they lose them.
///
/// # Errors
/// Failed, if something cannot be built or written; skipped, on a system whose shared libraries have no soname.
pub(crate) fn stage(campaign: &mut Campaign, prefix: &Path, strip: bool) -> Result<Staged, Halt> {
    if !cfg!(any(target_os = "linux", target_os = "freebsd")) {
        return Err(Halt::Skipped(
            "stage names shared libraries as ELF systems do; elsewhere `cargo cinstall` stages"
                .to_owned(),
        ));
    }
    eprintln!("stage: building the libraries");
    let built = build(campaign)?;
    let shared_file = format!("libmediaseal.so.{VERSION}");
    let shared_name = &built.soname;

    eprintln!("stage: writing below {}", prefix.display());
    let mut tree = Tree {
        prefix,
        files: Vec::new(),
    };
    let root = campaign.workspace.root.clone();
    tree.copy(&root.join("include/mediaseal.h"), "include/mediaseal.h")?;
    for (header, place) in cpp_headers(&root.join("bindings/cpp"))? {
        tree.copy(&header, &place)?;
    }
    let archive = tree.copy(&built.archive, "lib/libmediaseal.a")?;
    let shared = tree.copy(&built.shared, &format!("lib/{shared_file}"))?;
    tree.link(&shared_file, &format!("lib/{shared_name}"))?;
    tree.link(&shared_file, "lib/libmediaseal.so")?;
    let fill = |template: &str| built.fill(template, &shared_file);
    tree.write("lib/pkgconfig/mediaseal.pc", &fill(PKG_CONFIG))?;
    for (name, template) in [("config", CMAKE), ("config-version", CMAKE_VERSION)] {
        let place = format!("lib/cmake/mediaseal/mediaseal-{name}.cmake");
        tree.write(&place, &fill(template))?;
    }

    let stripped = campaign.workspace.target.join("stage/stripped.so");
    let strip_to = |campaign: &mut Campaign, option: &str, from: &Path, to: &Path| {
        let arguments = [
            option.as_ref(),
            "-o".as_ref(),
            to.as_os_str(),
            from.as_os_str(),
        ];
        Invocation::new("strip", &root)
            .args(arguments)
            .run(&mut campaign.transcript)
            .and_then(Finished::successful)
    };
    strip_to(campaign, "--strip-unneeded", &shared, &stripped)?;
    if strip {
        tree.copy(&stripped, &format!("lib/{shared_file}"))?;
        strip_to(campaign, "--strip-debug", &built.archive, &archive)?;
    }
    let mut files = tree.files;
    files.sort();
    files.dedup();
    Ok(Staged {
        files,
        include: prefix.join("include"),
        archive,
        shared,
        soname: built.soname,
        stripped_size: fs::metadata(&stripped)
            .map_err(|error| failed(&stripped, &error))?
            .len(),
    })
}

/// The libraries as cargo leaves them, and what it says of them.
struct Built {
    archive: PathBuf,
    shared: PathBuf,
    soname: String,
    system_libraries: Vec<String>,
}

impl Built {
    fn fill(&self, template: &str, shared_file: &str) -> String {
        let names: Vec<_> = self
            .system_libraries
            .iter()
            .map(|library| library.trim_start_matches("-l"))
            .collect();
        let pointer_octets = size_of::<usize>().to_string();
        [
            ("@VERSION@", VERSION),
            ("@MAJOR@", env!("CARGO_PKG_VERSION_MAJOR")),
            ("@POINTER_OCTETS@", &pointer_octets),
            ("@SHARED_FILE@", shared_file),
            ("@SONAME@", &self.soname),
            ("@SYSTEM_LIBRARIES@", &self.system_libraries.join(" ")),
            ("@SYSTEM_LIBRARIES_CMAKE@", &names.join(";")),
        ]
        .iter()
        .fold(template.to_owned(), |text, (name, value)| {
            text.replace(name, value)
        })
    }
}

/// Builds both libraries in a folder of their own.
fn build(campaign: &mut Campaign) -> Result<Built, Halt> {
    let root = campaign.workspace.root.clone();
    let target = campaign.workspace.target.join("stage");
    let invocation = SETTINGS
        .iter()
        .fold(cargo(&root), |cargo, (name, value)| cargo.env(name, value));
    // Cargo does no link-time optimization while it also makes an rlib, so the types are named.
    let finished = invocation
        .env("CARGO_TARGET_DIR", &target)
        .env("CARGO_TERM_COLOR", "never")
        .env("CARGO_ENCODED_RUSTFLAGS", without_paths(&root))
        .args(["rustc", "--release", "--package", "mediaseal", "--lib"])
        .args(["--crate-type", "cdylib,staticlib"])
        .args(["--", "--print", "native-static-libs"])
        .run(&mut campaign.transcript)?
        .successful()?;
    let system_libraries = native_static_libs(&finished.stderr)
        .ok_or_else(|| Halt::Failed("rustc names no native-static-libs".to_owned()))?;
    let output = target.join("release");
    let shared = output.join("libmediaseal.so");
    Ok(Built {
        archive: output.join("libmediaseal.a"),
        soname: elf::soname(&root, &shared)?,
        shared,
        system_libraries,
    })
}

/// Flags by which texts of panics name sources without the places where this machine has them, separated as cargo asks.
fn without_paths(root: &Path) -> String {
    let cargo = env::var_os("CARGO_HOME").map_or_else(
        || Path::new(&env::var_os("HOME").unwrap_or_default()).join(".cargo"),
        PathBuf::from,
    );
    [(root, "mediaseal"), (&cargo.join("registry/src"), "crates")]
        .map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display()))
        .join("\u{1f}")
}

/// The libraries that rustc's note names, each once.
fn native_static_libs(output: &str) -> Option<Vec<String>> {
    let line = output
        .lines()
        .find_map(|line| line.strip_prefix("note: native-static-libs: "))?;
    let mut libraries: Vec<String> = Vec::new();
    for library in line.split_whitespace() {
        // The compiler links the C library by itself, behind all others.
        if library != "-lc" && libraries.iter().all(|seen| seen != library) {
            libraries.push(library.to_owned());
        }
    }
    Some(libraries)
}

/// The headers for C++ that are in the checkout, and where they go: the main one beside `mediaseal.h`, the adapters a folder below it.
fn cpp_headers(folder: &Path) -> Result<Vec<(PathBuf, String)>, Halt> {
    let mut headers = Vec::new();
    for (from, to) in [
        (folder.to_owned(), "include"),
        (folder.join("mediaseal"), "include/mediaseal"),
    ] {
        if !from.is_dir() {
            continue;
        }
        for file in files_below(&from)? {
            let is_header = file.extension().is_some_and(|extension| extension == "hpp");
            let name = file.file_name().and_then(|name| name.to_str());
            if let Some(name) = name.filter(|_| is_header && file.parent() == Some(&from)) {
                headers.push((file.clone(), format!("{to}/{name}")));
            }
        }
    }
    Ok(headers)
}

/// The tree below a prefix while it is written.
struct Tree<'a> {
    prefix: &'a Path,
    files: Vec<PathBuf>,
}

impl Tree<'_> {
    /// Makes room for the file at `place` and returns where it goes.
    fn place(&mut self, place: &str) -> Result<PathBuf, Halt> {
        let file = self.prefix.join(place);
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
        }
        // Programs that run from the old file keep it: it is unlinked, not written over.
        if file.symlink_metadata().is_ok() {
            fs::remove_file(&file).map_err(|error| failed(&file, &error))?;
        }
        self.files.push(PathBuf::from(place));
        Ok(file)
    }

    fn copy(&mut self, from: &Path, place: &str) -> Result<PathBuf, Halt> {
        let file = self.place(place)?;
        fs::copy(from, &file).map_err(|error| {
            Halt::Failed(format!("{} to {}: {error}", from.display(), file.display()))
        })?;
        Ok(file)
    }

    fn write(&mut self, place: &str, text: &str) -> Result<(), Halt> {
        let file = self.place(place)?;
        fs::write(&file, text).map_err(|error| failed(&file, &error))
    }

    #[cfg(unix)]
    fn link(&mut self, to: &str, place: &str) -> Result<(), Halt> {
        let file = self.place(place)?;
        std::os::unix::fs::symlink(to, &file).map_err(|error| failed(&file, &error))
    }

    #[cfg(not(unix))]
    fn link(&mut self, to: &str, _place: &str) -> Result<(), Halt> {
        Err(Halt::Failed(format!("no link to {to} on this system")))
    }
}

fn failed(path: &Path, error: &std::io::Error) -> Halt {
    Halt::Failed(format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::{Built, CMAKE, CMAKE_VERSION, PKG_CONFIG, native_static_libs};

    #[test]
    fn the_libraries_of_the_system_are_named_once_and_in_order() {
        let output = "   Compiling mediaseal\n\
                      note: native-static-libs: -ldl -lgcc_s -lm -ldl -lc\n";
        let libraries = native_static_libs(output).unwrap();
        assert_eq!(libraries, ["-ldl", "-lgcc_s", "-lm"]);
        assert!(native_static_libs("note: nothing\n").is_none());
    }

    #[test]
    fn no_template_keeps_a_blank() {
        let built = Built {
            archive: "a".into(),
            shared: "so".into(),
            soname: "libmediaseal.so.1".to_owned(),
            system_libraries: vec!["-lm".to_owned(), "-ldl".to_owned()],
        };
        for template in [PKG_CONFIG, CMAKE, CMAKE_VERSION] {
            let filled = built.fill(template, "libmediaseal.so.1.2.3");
            assert!(!filled.contains('@'), "{filled}");
        }
        let pc = built.fill(PKG_CONFIG, "");
        assert!(pc.contains("Libs.private: -lm -ldl\n"), "{pc}");
        let cmake = built.fill(CMAKE, "");
        assert!(
            cmake.contains("INTERFACE_LINK_LIBRARIES \"m;dl\""),
            "{cmake}"
        );
    }
}
