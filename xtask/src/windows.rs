//! The DLL, built by MinGW and run under Wine.

use std::{fs, path::Path};

use crate::{
    command::Invocation,
    cross,
    parts::{Campaign, Halt},
    stage::VERSION,
};

const TRIPLE: &str = "x86_64-pc-windows-gnu";
const COMPILER: &str = "x86_64-w64-mingw32-gcc";
const PACKAGES: [&str; 3] = ["gcc-mingw-w64-x86-64", "wine", "wine64"];

/// The random numbers of Windows 10, which the Wine of Debian 12 lacks, made from those of older systems. It stands in for the system, in this test alone.
const BCRYPTPRIMITIVES: &str = "\
#include <windows.h>
BOOLEAN NTAPI SystemFunction036(PVOID octets, ULONG len);
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE octets, SIZE_T len) { return SystemFunction036(octets, (ULONG)len); }
";

/// Builds the DLL and a C program, runs the program under Wine, and looks at the DLL's exports by their number.
///
/// # Errors
/// Failed, if something does not build or run; skipped, if there is no Wine.
pub(crate) fn run(campaign: &mut Campaign) -> Result<String, Halt> {
    cross::ensure(campaign, &PACKAGES, "Windows needs MinGW and Wine")?;
    cross::cargo(campaign, "build", &[TRIPLE])
        .env(&cross::variable(TRIPLE, "LINKER"), COMPILER)
        .args(["--lib"])
        .run(&mut campaign.transcript)?
        .successful()?;
    let root = campaign.workspace.root.clone();
    let built = cross::output(campaign).join(TRIPLE).join("release");
    let folder = built.join("c");
    let failed =
        |path: &Path, error: std::io::Error| Halt::Failed(format!("{}: {error}", path.display()));
    fs::create_dir_all(&folder).map_err(|error| failed(&folder, error))?;
    // Windows finds libraries beside the program.
    let library = folder.join("mediaseal.dll");
    fs::copy(built.join("mediaseal.dll"), &library).map_err(|error| failed(&library, error))?;
    let stub = folder.join("bcryptprimitives.c");
    fs::write(&stub, BCRYPTPRIMITIVES).map_err(|error| failed(&stub, error))?;
    Invocation::new(COMPILER, &root)
        .args(["-shared", "-o"])
        .args([&folder.join("bcryptprimitives.dll"), &stub])
        .args(["-ladvapi32"])
        .run(&mut campaign.transcript)?
        .successful()?;
    let program = folder.join("frame.exe");
    Invocation::new(COMPILER, &root)
        .args(["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror"])
        .args(["-I", "include", "tests/packages/frame.c", "-o"])
        .args([&program, &built.join("libmediaseal.dll.a")])
        .run(&mut campaign.transcript)?
        .successful()?;
    let finished = Invocation::new("wine", &folder)
        .env("WINEPREFIX", folder.join("wine"))
        .env("WINEDEBUG", "-all")
        // A DLL of ours goes before Wine's of the same name.
        .env("WINEDLLOVERRIDES", "bcryptprimitives=n;mscoree,mshtml=")
        .args([&program])
        .run(&mut campaign.transcript)?
        .successful()?;
    let said = finished.stdout.trim_end();
    if said == format!("mediaseal {VERSION}: frame opened") {
        Ok(format!("{TRIPLE}: the DLL under Wine, by a C program"))
    } else {
        Err(Halt::Failed(format!(
            "under Wine the program prints {said:?}"
        )))
    }
}
