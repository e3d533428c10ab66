//! `cargo xtask bench`: mediaseal beside its peers.
//!
//! What is measured, and how it is shown, is in `benches/peers`; here is what has to be there before.

use std::{env::consts, fs, num::NonZeroU32, path::Path};

use crate::{
    command::{Invocation, cargo},
    packages,
    parts::{Campaign, Halt},
    workspace::Workspace,
};

/// What the command line asks for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Request {
    /// Fewer sizes and rounds.
    pub(crate) quick: bool,
    /// The figures of the last run once more.
    pub(crate) again: bool,
    /// Instructions instead of times.
    pub(crate) instructions: bool,
    /// Whether they are written down.
    pub(crate) update: bool,
    /// Key custody instead of packets.
    pub(crate) custody: bool,
    /// The library behind providers `pkcs11:`.
    pub(crate) module: Option<String>,
    /// The tables; empty means all. Of key custody, URLs of providers.
    pub(crate) only: Vec<String>,
}

/// Something of the system that a peer needs.
struct Need {
    /// What is looked for.
    is_there: fn() -> bool,
    /// What brings it on Debian and Ubuntu.
    packages: &'static [&'static str],
    /// Who is missing without it.
    peer: &'static str,
}

const BORING: &str = "BoringSSL";
const SFRAME_OPENSSL: &str = "the crate sframe with OpenSSL";

const NEEDS: [Need; 5] = [
    Need {
        is_there: || {
            ["cmake", "c++"]
                .iter()
                .all(|program| packages::is_on_search_path(program))
                && has_library("libclang")
        },
        packages: &["cmake", "g++", "libclang-dev"],
        peer: BORING,
    },
    Need {
        is_there: || {
            packages::is_on_search_path("pkg-config")
                && Path::new("/usr/include/openssl/evp.h").is_file()
        },
        packages: &["libssl-dev", "pkg-config"],
        peer: SFRAME_OPENSSL,
    },
    Need {
        is_there: || has_library("libcrypto.so.3"),
        packages: &["libssl3"],
        peer: "OpenSSL",
    },
    Need {
        is_there: || has_library("libsrtp2.so.1"),
        packages: &["libsrtp2-1"],
        peer: "libsrtp",
    },
    Need {
        // On other processors there is no such package.
        is_there: || !cfg!(target_arch = "x86_64") || has_library("libIPSec_MB.so.1"),
        packages: &["libipsec-mb1"],
        peer: "ipsec-mb",
    },
];

/// Backends of the crate sframe, which takes one a build.
const SFRAME_BACKENDS: [&str; 3] = ["ring", "rust-crypto", "openssl"];

/// Builds the peers, measures, prints tables and verdicts, and writes `docs/performance.md` after a whole long run.
///
/// # Errors
/// A sentence, if something does not build or run.
pub(crate) fn command(request: &Request) -> Result<bool, String> {
    if request.instructions {
        return crate::instructions::command(request.update);
    }
    let mut campaign = Campaign::new(Workspace::find()?, NonZeroU32::MIN);
    let measured = if request.custody {
        measure_custody(&mut campaign, request)
    } else {
        measure(&mut campaign, request)
    };
    match measured {
        Ok(()) => Ok(true),
        Err(Halt::Failed(reason) | Halt::Skipped(reason)) => Err(reason),
    }
}

/// Runs `examples/custody_bench.rs`, in a folder below `target/`: a disk, which the system's folder for temporary files may not be.
fn measure_custody(campaign: &mut Campaign, request: &Request) -> Result<(), Halt> {
    // The embedded provider needs none of what the others bring.
    let features = if request.only.is_empty() {
        "custody"
    } else {
        "custody,pkcs11,awskms,keychain"
    };
    let root = campaign.workspace.root.clone();
    let folder = campaign.workspace.target.join("bench");
    fs::create_dir_all(&folder)
        .map_err(|error| Halt::Failed(format!("{}: {error}", folder.display())))?;
    cargo(&root)
        .args(["run", "--release", "--example", "custody_bench"])
        .args(["--features", features, "--", "--folder"])
        .args([folder])
        .args(request.quick.then_some("--quick"))
        .args(
            request
                .module
                .iter()
                .flat_map(|path| ["--pkcs11-module", path]),
        )
        .args(&request.only)
        .run(&mut campaign.transcript)?
        .successful()?;
    Ok(())
}

fn measure(campaign: &mut Campaign, request: &Request) -> Result<(), Halt> {
    let root = campaign.workspace.root.clone();
    let target = campaign.workspace.target.join("bench");
    let libraries = target.join("sframe-backends");
    let missing: Vec<_> = NEEDS
        .iter()
        .filter_map(|need| ensure(campaign, need).err())
        .collect();
    for backend in SFRAME_BACKENDS {
        if backend != "openssl" || !missing.contains(&SFRAME_OPENSSL) {
            build_sframe(campaign, &target, &libraries, backend)?;
        }
    }
    let mut build = cargo(&root)
        .env("CARGO_TARGET_DIR", &target)
        .args(["build", "--release"])
        .args(["--manifest-path", "benches/peers/Cargo.toml"]);
    if missing.contains(&BORING) {
        build = build.args(["--no-default-features"]);
    }
    build.run(&mut campaign.transcript)?.successful()?;
    // The page in the checkout is that of a whole long run.
    let docs = if request.quick || !request.only.is_empty() {
        target.join("docs")
    } else {
        root.join("docs")
    };
    let mut run = Invocation::new(target.join("release/mediaseal-bench-peers"), &root)
        .env("BENCH_SFRAME_FOLDER", &libraries)
        .args(request.quick.then_some("--quick"))
        .args(request.again.then_some("--again"))
        .args(["--json"])
        .args([target.join("results.json")]);
    run = run.args(["--docs"]).args([&docs]).args(&request.only);
    run.run(&mut campaign.transcript)?.successful()?;
    let shown = docs.strip_prefix(&root).unwrap_or(&docs);
    println!("written: {}", shown.join("performance.md").display());
    Ok(())
}

/// Sees that a need is met; otherwise says who will be missing.
fn ensure(campaign: &mut Campaign, need: &Need) -> Result<(), &'static str> {
    if (need.is_there)() {
        return Ok(());
    }
    match packages::install(campaign, need.packages, need.peer) {
        Ok(()) => Ok(()),
        Err(Halt::Failed(reason) | Halt::Skipped(reason)) => {
            println!("{} will be missing: {reason}", need.peer);
            Err(need.peer)
        }
    }
}

/// Builds the crate sframe with one backend into a library of its own.
fn build_sframe(
    campaign: &mut Campaign,
    target: &Path,
    libraries: &Path,
    backend: &str,
) -> Result<(), Halt> {
    let root = campaign.workspace.root.clone();
    let target = target.join("sframe");
    cargo(&root)
        .env("CARGO_TARGET_DIR", &target)
        // The system's OpenSSL; otherwise the crate builds one of its own.
        .env("OPENSSL_NO_VENDOR", "1")
        .args(["build", "--release", "--features", backend])
        .args(["--manifest-path", "benches/sframe/Cargo.toml"])
        .run(&mut campaign.transcript)?
        .successful()?;
    let built = format!(
        "{}mediaseal_bench_sframe{}",
        consts::DLL_PREFIX,
        consts::DLL_SUFFIX
    );
    let kept = libraries.join(format!("libsframe-{backend}.so"));
    fs::create_dir_all(libraries)
        .and_then(|()| fs::copy(target.join("release").join(built), &kept))
        .map_err(|error| Halt::Failed(format!("{}: {error}", kept.display())))?;
    Ok(())
}

/// Whether a library whose file name begins so is where the system keeps its libraries.
fn has_library(name: &str) -> bool {
    let multiarch = format!("/usr/lib/{}-linux-gnu", consts::ARCH);
    let llvm = (11..40).map(|version| format!("/usr/lib/llvm-{version}/lib"));
    ["/usr/lib", "/usr/lib64", "/usr/local/lib", &multiarch]
        .map(str::to_owned)
        .into_iter()
        .chain(llvm)
        .filter_map(|folder| fs::read_dir(folder).ok())
        .flatten()
        .flatten()
        .any(|entry| is_library(&entry.file_name().to_string_lossy(), name))
}

/// `libclang` is `libclang.so`, `libclang-14.so.1` and so on, and not `libclang-cpp.so.14`.
fn is_library(file: &str, name: &str) -> bool {
    file.strip_prefix(name).is_some_and(|rest| {
        rest.is_empty()
            || rest.starts_with('.')
            || rest
                .strip_prefix('-')
                .is_some_and(|rest| rest.starts_with(|letter: char| letter.is_ascii_digit()))
    })
}

#[cfg(test)]
mod tests {
    use super::is_library;

    #[test]
    fn a_library_is_known_by_its_name_and_version() {
        for file in ["libclang.so", "libclang-14.so.1", "libclang.so.1"] {
            assert!(is_library(file, "libclang"), "{file}");
        }
        for file in ["libclang-cpp.so.14", "libclangBasic.a"] {
            assert!(!is_library(file, "libclang"), "{file}");
        }
        assert!(is_library("libcrypto.so.3", "libcrypto.so.3"));
    }
}
